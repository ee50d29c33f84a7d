//! A dashed box: the place of something that is not there.

use egui::{Color32, Painter, Rect, Shape, Stroke, pos2};

/// Dashes of 4 with gaps of 3, on whole pixels.
pub fn frame(painter: &Painter, rect: Rect, color: Color32) {
    let rect = rect.shrink(0.5);
    let corners =
        [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), pos2(rect.left(), rect.top())];
    painter.extend(Shape::dashed_line(&corners, Stroke::new(1.0, color), 4.0, 3.0));
}
