//! Small signs in rows and bars: state chips, dialect badges, key caps, counts.

use egui::{Color32, Painter, Pos2, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::mark::{self, Mark};
use super::{edge, text};
use crate::theme::{Tokens, font, icon, size, tokens};

/// The outcome of a call in a status line: 24, tinted, with ✓ or the mark of the outcome.
pub fn status_chip(ui: &mut Ui, mark: Mark, text: &str) -> Response {
    let words = text::galley(ui.painter(), text, font::card_title());
    let width = (8.0 + 14.0 + 6.0 + words.size().x + 8.0).round();
    let (rect, response) = ui.allocate_exact_size(vec2(width, size::STATUS_CHIP), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    if ui.is_rect_visible(rect) {
        let t = tokens(ui);
        let color = mark.color(t);
        let painter = ui.painter();
        let ground = if mark == Mark::Running { t.select } else { t.tint(color) };
        painter.rect_filled(rect, size::CONTROL_RADIUS, ground);
        let at = pos2(rect.left() + 15.0, rect.center().y);
        if mark == Mark::Ok {
            text::glyph(painter, at, icon::CHECK, font::icon_bold(14.0), color);
        } else {
            mark::paint(painter, at, 10.0, mark, t);
        }
        text::galley_left(painter, pos2(rect.left() + 28.0, rect.center().y), words, color);
    }
    response
}

/// A state in a word: 20, tinted.
pub fn chip(ui: &mut Ui, text: &str, color: Color32) -> Response {
    let width = chip_width(ui.painter(), text);
    let (rect, response) = ui.allocate_exact_size(vec2(width, size::CHIP), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    if ui.is_rect_visible(rect) {
        paint_chip(ui.painter(), rect.left_center(), text, color, tokens(ui));
    }
    response
}

pub fn chip_width(painter: &Painter, text: &str) -> f32 {
    (text::width(painter, text, font::small_medium()) + 12.0).round()
}

/// Paints a chip with its left middle at `pos`; gives its rect.
pub fn paint_chip(painter: &Painter, pos: Pos2, text: &str, color: Color32, t: &Tokens) -> Rect {
    let rect = Rect::from_min_size(
        pos2(pos.x, (pos.y - size::CHIP / 2.0).round()),
        vec2(chip_width(painter, text), size::CHIP),
    );
    painter.rect_filled(rect, size::ROW_RADIUS, t.tint(color));
    text::center(painter, rect.center(), text, font::small_medium(), color);
    rect
}

/// The dialect of a frame: 48x16, neutral, with a stripe in its series color.
pub fn badge(painter: &Painter, left_center: Pos2, text: &str, stripe: Color32, t: &Tokens) -> Rect {
    let rect = Rect::from_min_size(
        pos2(left_center.x, (left_center.y - size::BADGE / 2.0).round()),
        vec2(size::BADGE_WIDTH, size::BADGE),
    );
    painter.rect_filled(rect, size::BADGE_RADIUS, t.hover);
    let corners = egui::CornerRadius { nw: size::BADGE_RADIUS, sw: size::BADGE_RADIUS, ..egui::CornerRadius::ZERO };
    painter.rect_filled(Rect::from_min_size(rect.min, vec2(3.0, rect.height())), corners, stripe);
    text::left_elided(
        painter,
        pos2(rect.left() + 7.0, rect.center().y),
        text,
        font::badge(),
        t.mid,
        rect.width() - 9.0,
    );
    rect
}

/// The caps of a shortcut such as `Ctrl+Shift+K` as a widget.
pub fn key_caps(ui: &mut Ui, shortcut: &str) -> Response {
    let width = key_caps_width(ui.painter(), shortcut);
    let (rect, response) = ui.allocate_exact_size(vec2(width, size::KEY_CAP), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, shortcut));
    if ui.is_rect_visible(rect) {
        paint_key_caps(ui.painter(), rect.right_center(), shortcut, tokens(ui));
    }
    response
}

pub fn key_caps_width(painter: &Painter, shortcut: &str) -> f32 {
    let caps = keys(shortcut);
    let widths: f32 = caps.iter().map(|key| cap_width(painter, key)).sum();
    widths + 4.0 * caps.len().saturating_sub(1) as f32
}

/// Paints the caps so that they end at the right middle `pos`; gives the x of their left end.
pub fn paint_key_caps(painter: &Painter, pos: Pos2, shortcut: &str, t: &Tokens) -> f32 {
    let mut right = pos.x;
    for key in keys(shortcut).into_iter().rev() {
        let width = cap_width(painter, key);
        let rect =
            Rect::from_min_size(pos2(right - width, (pos.y - size::KEY_CAP / 2.0).round()), vec2(width, size::KEY_CAP));
        edge::frame(painter, rect, size::ROW_RADIUS, t.raised, t.line2);
        text::center(painter, rect.center(), key, font::small_medium(), t.mid);
        right -= width + 4.0;
    }
    right + 4.0
}

/// A count beside a name.
pub fn count(ui: &mut Ui, count: u64) -> Response {
    text::label(ui, grouped(count), font::small(), tokens(ui).low)
}

/// `1204118` as `1,204,118`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn cap_width(painter: &Painter, key: &str) -> f32 {
    (text::width(painter, key, font::small_medium()) + 10.0).round().max(18.0)
}

/// The `+` that joins keys is not the key `+`, which may only come last.
fn keys(shortcut: &str) -> Vec<&str> {
    match shortcut.strip_suffix("++") {
        Some(modifiers) => modifiers.split('+').chain(["+"]).collect(),
        None if shortcut == "+" => vec![shortcut],
        None => shortcut.split('+').filter(|key| !key.is_empty()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{grouped, keys};

    #[test]
    fn a_shortcut_is_cut_at_its_joints() {
        assert_eq!(keys("Ctrl+Shift+K"), ["Ctrl", "Shift", "K"]);
        assert_eq!(keys("Ctrl++"), ["Ctrl", "+"]);
        assert_eq!(keys("+"), ["+"]);
        assert_eq!(keys("F2"), ["F2"]);
    }

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(214), "214");
        assert_eq!(grouped(1_204_118), "1,204,118");
    }
}
