//! A choice of 2–5 exclusive words that fit side by side.

use egui::{Rect, Response, Role, Sense, Ui, WidgetInfo, vec2};

use super::{edge, text};
use crate::theme::{font, mix, size, tokens};

const PADDING: f32 = 10.0;
const INSET: f32 = 2.0;

/// `changed` on the response says that another word was chosen. `name` names the group.
pub fn segmented(ui: &mut Ui, name: &str, words: &[&str], selected: &mut usize) -> Response {
    with_height(ui, name, words, selected, size::CONTROL)
}

/// 24 high, for a row of tabs or a header.
pub fn segmented_small(ui: &mut Ui, name: &str, words: &[&str], selected: &mut usize) -> Response {
    with_height(ui, name, words, selected, 24.0)
}

fn with_height(ui: &mut Ui, name: &str, words: &[&str], selected: &mut usize, height: f32) -> Response {
    let widths: Vec<f32> =
        words.iter().map(|word| (text::width(ui.painter(), *word, font::label()) + 2.0 * PADDING).round()).collect();
    let total = widths.iter().sum::<f32>() + 2.0 * INSET;
    let (rect, mut response) = ui.allocate_exact_size(vec2(total, height), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::RadioGroup, ui.is_enabled(), name));
    let t = tokens(ui);
    let visible = ui.is_rect_visible(rect);
    if visible {
        edge::frame(ui.painter(), rect, size::CONTROL_RADIUS, t.field, t.line);
    }
    let mut x = rect.left() + INSET;
    for (index, (word, width)) in words.iter().zip(widths).enumerate() {
        let thumb = Rect::from_min_size(egui::pos2(x, rect.top() + INSET), vec2(width, height - 2.0 * INSET));
        x += width;
        let part = ui.interact(thumb, response.id.with(index), Sense::click());
        if part.clicked() && *selected != index {
            *selected = index;
            response.mark_changed();
        }
        let chosen = *selected == index;
        part.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), chosen, *word));
        if !visible {
            continue;
        }
        let color = match (ui.is_enabled(), chosen || part.hovered()) {
            (false, _) => t.dis,
            (true, true) => t.hi,
            (true, false) => t.low,
        };
        if chosen {
            let border = mix(t.select, t.accent, 0.75);
            edge::frame(ui.painter(), thumb, size::ROW_RADIUS, t.select, border);
        }
        text::center(ui.painter(), thumb.center(), *word, font::label(), color);
        if part.has_focus() {
            edge::focus_ring(ui.painter(), thumb, size::ROW_RADIUS, t);
        }
    }
    response
}
