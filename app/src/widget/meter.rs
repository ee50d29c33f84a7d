//! A bar of 4 that says how much of a limit is used, with a tick where the limit is.

use egui::{Color32, Painter, Rect, pos2, vec2};

use crate::theme::{Tokens, size};

/// Fills `fraction` of the middle 4 points of `rect`; `threshold` puts a 2x12 tick at its share of the width.
pub fn meter(painter: &Painter, rect: Rect, fraction: f32, color: Color32, threshold: Option<f32>, t: &Tokens) {
    let bar = Rect::from_center_size(rect.center(), vec2(rect.width(), size::METER));
    painter.rect_filled(bar, size::BAR_RADIUS, t.line2);
    let width = bar.width() * fraction.clamp(0.0, 1.0);
    if width >= 1.0 {
        let used = Rect::from_min_size(bar.min, vec2(width, bar.height()));
        painter.rect_filled(used, size::BAR_RADIUS, color);
    }
    if let Some(threshold) = threshold {
        let x = bar.left() + bar.width() * threshold.clamp(0.0, 1.0);
        let tick = Rect::from_center_size(pos2(x.round(), bar.center().y), vec2(2.0, 12.0));
        painter.rect_filled(tick, 0, t.hi);
    }
}
