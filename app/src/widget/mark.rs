//! Status marks and other small painted signs. Painted, not glyphs: the same pixels in every font.
//!
//! Each status has its own shape, so that color is never the only sign.

use std::f32::consts::TAU;

use egui::epaint::{PathShape, PathStroke};
use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

use crate::theme::{Tokens, reduce_motion};

/// The usual size of a mark in a row.
pub const SIZE: f32 = 8.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// ● it went well: 0 OK, CLOSED, healthy.
    Ok,
    /// ▲ the caller's fault, degraded.
    Warn,
    /// ◆ capacity or time ran out.
    Cap,
    /// ✕ the server or the transport failed; OPEN, down.
    Err,
    /// ○ canceled, unknown, not connected.
    Idle,
    /// ◐ half open, partly healthy.
    Half,
    /// A turning ring.
    Running,
    /// ➜ sent elsewhere: a redirect.
    Info,
}

impl Mark {
    pub fn color(self, t: &Tokens) -> Color32 {
        match self {
            Self::Ok => t.ok,
            Self::Warn | Self::Half => t.warn,
            Self::Cap => t.cap,
            Self::Err => t.err,
            Self::Idle => t.idle,
            Self::Running => t.accent,
            Self::Info => t.sent,
        }
    }
}

/// Paints `mark` into a box of `size` around `center`.
pub fn paint(painter: &Painter, center: Pos2, size: f32, mark: Mark, t: &Tokens) {
    paint_colored(painter, center, size, mark, mark.color(t), t);
}

/// As [`paint`], in a color of the caller's: marks on a fill, or in disabled rows.
pub fn paint_colored(painter: &Painter, center: Pos2, size: f32, mark: Mark, color: Color32, t: &Tokens) {
    let r = size / 2.0;
    match mark {
        Mark::Ok => {
            painter.circle_filled(center, r * 0.9, color);
        }
        Mark::Warn => {
            let (w, h) = (r * 1.2, r * 1.05);
            painter.add(Shape::convex_polygon(
                vec![center + vec2(0.0, -h), center + vec2(w, h * 0.9), center + vec2(-w, h * 0.9)],
                color,
                Stroke::NONE,
            ));
        }
        Mark::Cap => diamond(painter, center, r * 1.25, color),
        Mark::Err => cross(painter, center, r * 0.9, color, (size / 5.0).max(1.25)),
        Mark::Idle => {
            painter.circle_stroke(center, r * 0.95, Stroke::new(1.5, color));
        }
        Mark::Half => {
            painter.circle_stroke(center, r * 1.05, Stroke::new(1.25, color));
            let left: Vec<Pos2> = (0..=12)
                .map(|i| {
                    let angle = TAU * (0.25 + 0.5 * i as f32 / 12.0);
                    center + r * 1.05 * vec2(angle.cos(), angle.sin())
                })
                .collect();
            painter.add(Shape::convex_polygon(left, color, Stroke::NONE));
        }
        Mark::Running => running(painter, center, r * 1.2, color, t),
        Mark::Info => {
            let stroke = Stroke::new((size / 5.5).max(1.25), color);
            let tip = center + vec2(r, 0.0);
            painter.line_segment([center - vec2(r, 0.0), tip], stroke);
            painter.line_segment([tip, tip + vec2(-r * 0.8, -r * 0.75)], stroke);
            painter.line_segment([tip, tip + vec2(-r * 0.8, r * 0.75)], stroke);
        }
    }
}

/// The marker of a series: ● ◆ ▲ ■ ▼ + by index, wrapping around.
pub fn series(painter: &Painter, center: Pos2, radius: f32, index: usize, t: &Tokens) {
    let color = t.series(index);
    match index % t.series.len() {
        0 => {
            painter.circle_filled(center, radius, color);
        }
        1 => diamond(painter, center, radius * 1.3, color),
        2 => triangle(painter, center, radius * 1.15, color, -1.0),
        3 => {
            painter.rect_filled(Rect::from_center_size(center, vec2(radius * 1.75, radius * 1.75)), 0, color);
        }
        4 => triangle(painter, center, radius * 1.15, color, 1.0),
        _ => {
            let stroke = Stroke::new((radius * 0.55).max(1.5), color);
            painter.line_segment([center - vec2(radius, 0.0), center + vec2(radius, 0.0)], stroke);
            painter.line_segment([center - vec2(0.0, radius), center + vec2(0.0, radius)], stroke);
        }
    }
}

/// A ✕ of two strokes.
pub fn cross(painter: &Painter, center: Pos2, radius: f32, color: Color32, width: f32) {
    let stroke = Stroke::new(width, color);
    for (x, y) in [(1.0, 1.0), (1.0, -1.0)] {
        let arm = radius * vec2(x, y);
        painter.line_segment([center - arm, center + arm], stroke);
    }
}

/// A ✓ of two strokes.
pub fn check(painter: &Painter, center: Pos2, size: f32, color: Color32, width: f32) {
    let r = size / 2.0;
    painter.add(Shape::line(
        vec![center + vec2(-r * 0.85, 0.05 * r), center + vec2(-r * 0.25, r * 0.6), center + vec2(r * 0.85, -r * 0.6)],
        PathStroke::new(width, color),
    ));
}

/// Three dots of the middle size of text: `·` between facts, as a painted 2.5 pt dot.
pub fn dot(painter: &Painter, center: Pos2, color: Color32) {
    painter.circle_filled(center, 1.25, color);
}

/// A ring with a share `fraction` of it in `color`, clockwise from the top, the rest in `track`.
pub fn ring(painter: &Painter, center: Pos2, radius: f32, fraction: f32, color: Color32, track: Color32) {
    let width = if radius >= 12.0 { 3.0 } else { 1.75 };
    painter.circle_stroke(center, radius, Stroke::new(width, track));
    arc(painter, center, radius, 0.0, fraction, Stroke::new(width, color));
}

/// A lease running out: a ring of 9; below 10 % it turns `err`.
pub fn lease(painter: &Painter, center: Pos2, fraction: f32, t: &Tokens) {
    ring(painter, center, 4.0, fraction, lease_color(fraction, t.mid, t), t.line2);
}

/// The color of a lease and its seconds: `calm` until the last tenth.
pub fn lease_color(fraction: f32, calm: Color32, t: &Tokens) -> Color32 {
    if fraction < 0.10 { t.err } else { calm }
}

/// 45° lines 6 apart, clipped to `rect`. The caller paints the ground.
pub fn hatch(painter: &Painter, rect: Rect, color: Color32) {
    let clipped = painter.with_clip_rect(painter.clip_rect().intersect(rect));
    if !clipped.clip_rect().is_positive() {
        return;
    }
    let stroke = Stroke::new(1.0, color);
    let visible = clipped.clip_rect();
    // Lines are those of x + y = multiples of 6, so that the pattern does not swim when the rect is cut.
    let first = ((visible.min.x + rect.min.y) / 6.0).floor() as i64;
    let last = ((visible.max.x + rect.max.y) / 6.0).ceil() as i64;
    for k in first..=last {
        let sum = k as f32 * 6.0;
        clipped.line_segment([pos2(sum - rect.min.y, rect.min.y), pos2(sum - rect.max.y, rect.max.y)], stroke);
    }
}

/// A dashed line of `width`; horizontal and vertical ones are filled on whole pixels.
pub fn dashed(painter: &Painter, from: Pos2, to: Pos2, stroke: Stroke, dash: f32, gap: f32) {
    let horizontal = (from.y - to.y).abs() < 0.1;
    let vertical = (from.x - to.x).abs() < 0.1;
    if !horizontal && !vertical {
        painter.extend(Shape::dashed_line(&[from, to], stroke, dash, gap));
        return;
    }
    let length = from.distance(to);
    let step = dash + gap;
    if step < 0.5 {
        return;
    }
    let mut at = 0.0;
    while at < length {
        let end = (at + dash).min(length);
        let rect = if horizontal {
            let (x, y) = (from.x.min(to.x), from.y.round());
            Rect::from_min_max(pos2(x + at, y), pos2(x + end, y + stroke.width))
        } else {
            let (x, y) = (from.x.round(), from.y.min(to.y));
            Rect::from_min_max(pos2(x, y + at), pos2(x + stroke.width, y + end))
        };
        painter.rect_filled(rect, 0, stroke.color);
        at += step;
    }
}

fn diamond(painter: &Painter, center: Pos2, r: f32, color: Color32) {
    painter.add(Shape::convex_polygon(
        vec![center + vec2(0.0, -r), center + vec2(r, 0.0), center + vec2(0.0, r), center + vec2(-r, 0.0)],
        color,
        Stroke::NONE,
    ));
}

/// `direction` −1 points up, 1 down.
fn triangle(painter: &Painter, center: Pos2, r: f32, color: Color32, direction: f32) {
    painter.add(Shape::convex_polygon(
        vec![
            center + vec2(0.0, direction * r),
            center + vec2(r, -direction * r * 0.85),
            center + vec2(-r, -direction * r * 0.85),
        ],
        color,
        Stroke::NONE,
    ));
}

/// Turns once a second, ten steps of it; with reduced motion a quarter per second.
fn running(painter: &Painter, center: Pos2, radius: f32, color: Color32, t: &Tokens) {
    painter.circle_stroke(center, radius, Stroke::new(1.75, t.line2));
    let ctx = painter.ctx();
    let time = ctx.input(|input| input.time);
    let (start, wait) = if reduce_motion(ctx) {
        ((time.floor() * 0.25).fract(), 1.0)
    } else {
        (((time * 10.0).floor() / 10.0).fract(), 0.1)
    };
    arc(painter, center, radius, start as f32, 0.3, Stroke::new(1.75, color));
    // Only while it can be seen, or a hidden tab would keep the window awake.
    if painter.clip_rect().contains(center) {
        ctx.request_repaint_after_secs(wait);
    }
}

/// `start` and `fraction` are shares of the circle, clockwise from the top.
fn arc(painter: &Painter, center: Pos2, radius: f32, start: f32, fraction: f32, stroke: Stroke) {
    let fraction = fraction.clamp(0.0, 1.0);
    if fraction <= 0.0 {
        return;
    }
    let steps = ((radius * 4.0 * fraction).ceil() as usize).clamp(6, 96);
    let points: Vec<Pos2> = (0..=steps)
        .map(|i| {
            let angle = TAU * (start + fraction * i as f32 / steps as f32 - 0.25);
            center + radius * vec2(angle.cos(), angle.sin())
        })
        .collect();
    painter.add(PathShape::line(points, stroke));
}
