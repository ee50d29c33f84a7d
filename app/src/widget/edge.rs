//! Hairlines, control frames and the focus ring, on whole pixels.

use egui::{Color32, CornerRadius, Painter, Rangef, Rect, Stroke, StrokeKind, pos2};

use crate::theme::{Tokens, size};

/// A 1 pt horizontal line whose top is at `y`.
pub fn hline(painter: &Painter, x: impl Into<Rangef>, y: f32, color: Color32) {
    let x = x.into();
    // A filled rect is crisp; a line segment is blurred over half a point.
    let rect = Rect::from_min_max(pos2(x.min, y.round()), pos2(x.max, y.round() + 1.0));
    painter.rect_filled(rect, 0, color);
}

/// A 1 pt vertical line whose left is at `x`.
pub fn vline(painter: &Painter, x: f32, y: impl Into<Rangef>, color: Color32) {
    let y = y.into();
    let rect = Rect::from_min_max(pos2(x.round(), y.min), pos2(x.round() + 1.0, y.max));
    painter.rect_filled(rect, 0, color);
}

/// A filled box with a border inside it.
pub fn frame(painter: &Painter, rect: Rect, radius: impl Into<CornerRadius>, fill: Color32, border: Color32) {
    painter.rect(rect, radius, fill, Stroke::new(size::HAIRLINE, border), StrokeKind::Inside);
}

/// Keyboard focus: 1 pt of the accent inside, 2 pt of its halo outside.
pub fn focus_ring(painter: &Painter, rect: Rect, radius: u8, t: &Tokens) {
    ring(painter, rect, radius, t.accent, t);
}

/// The focus ring in another color: a field in error wears it in `err`.
pub fn ring(painter: &Painter, rect: Rect, radius: u8, color: Color32, t: &Tokens) {
    painter.rect_stroke(rect, CornerRadius::same(radius), Stroke::new(size::HAIRLINE, color), StrokeKind::Inside);
    painter.rect_stroke(rect, CornerRadius::same(radius), Stroke::new(2.0, t.halo(color)), StrokeKind::Outside);
}
