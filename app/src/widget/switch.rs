//! The switch, only for "this rule or policy is active". Size, side and tick of the knob say it without color.

use egui::{Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::{edge, mark};
use crate::theme::{mix, tokens};

/// `name` is for screen readers.
pub fn switch(ui: &mut Ui, on: &mut bool, name: &str) -> Response {
    let enabled = ui.is_enabled();
    let (rect, mut response) = ui.allocate_exact_size(vec2(28.0, 16.0), Sense::click());
    if response.clicked() {
        *on = !*on;
        response.mark_changed();
    }
    let active = *on;
    response.widget_info(|| WidgetInfo::selected(Role::Switch, enabled, active, name));
    if ui.is_rect_visible(rect) {
        let t = tokens(ui);
        let painter = ui.painter();
        if active {
            let fill = if enabled { t.fill } else { mix(t.island, t.fill, 0.45) };
            painter.rect_filled(rect, 8, fill);
            let knob = pos2(rect.right() - 8.0, rect.center().y);
            painter.circle_filled(knob, 6.0, t.on_fill);
            mark::check(painter, knob, 7.0, fill, 1.5);
        } else {
            edge::frame(painter, rect, 8, t.field, mix(t.line2, t.low, 0.6));
            painter.circle_filled(pos2(rect.left() + 8.0, rect.center().y), 4.0, t.low);
        }
        if response.has_focus() {
            edge::focus_ring(painter, rect, 8, t);
        }
    }
    response
}
