//! The checkbox: 16, filled with a bold ✓ when on.

use egui::{Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::{edge, text};
use crate::theme::{font, icon, mix, size, tokens};

const BOX: f32 = 16.0;

/// Without a text beside it; `name` is for screen readers.
pub fn checkbox(ui: &mut Ui, on: &mut bool, name: &str) -> Response {
    show(ui, on, name, false, false)
}

/// With `words` beside it as its name.
pub fn checkbox_with_text(ui: &mut Ui, on: &mut bool, words: &str) -> Response {
    show(ui, on, words, true, false)
}

/// On, and not to be changed here: an inherited value.
pub fn checkbox_locked(ui: &mut Ui, name: &str) -> Response {
    show(ui, &mut true, name, false, true)
}

fn show(ui: &mut Ui, on: &mut bool, words: &str, with_text: bool, locked: bool) -> Response {
    let line = with_text.then(|| text::galley(ui.painter(), words, font::label_regular()));
    let width = BOX + line.as_ref().map_or(0.0, |line| 8.0 + line.size().x);
    let enabled = ui.is_enabled() && !locked;
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let (rect, mut response) = ui.allocate_exact_size(vec2(width, size::ROW), sense);
    if response.clicked() {
        *on = !*on;
        response.mark_changed();
    }
    let checked = *on;
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, enabled, checked, words));
    if ui.is_rect_visible(rect) {
        let t = tokens(ui);
        let painter = ui.painter();
        let square = Rect::from_min_size(pos2(rect.left(), rect.center().y - BOX / 2.0), vec2(BOX, BOX));
        if checked {
            let fill = if enabled { t.fill } else { mix(t.island, t.fill, 0.45) };
            painter.rect_filled(square, size::ROW_RADIUS, fill);
            let face = font::icon_bold(11.0);
            text::glyph(painter, square.center(), icon::CHECK, face, t.on_fill);
        } else {
            let strength = if response.hovered() { 0.9 } else { 0.6 };
            let border = if enabled { mix(t.line2, t.low, strength) } else { t.line2 };
            edge::frame(painter, square, size::ROW_RADIUS, t.field, border);
        }
        if let Some(line) = line {
            let color = if ui.is_enabled() { t.hi } else { t.dis };
            text::galley_left(painter, pos2(square.right() + 8.0, rect.center().y), line, color);
        }
        if response.has_focus() {
            edge::focus_ring(painter, square, size::ROW_RADIUS, t);
        }
    }
    response
}
