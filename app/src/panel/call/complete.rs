//! The list of methods under the method field: those of the schema that contain what is typed.

use callscope_wire::Shape;
use egui::{Key, Modifiers, Popup, PopupCloseBehavior, Rect, Response, Role, ScrollArea, Sense, Ui, WidgetInfo};
use egui::{pos2, vec2};
use rust_i18n::t;

use super::subject::Subject;
use super::view::View;
use crate::panel::Cx;
use crate::theme::{font, size};
use crate::widget::text;

const ROWS_SHOWN: f32 = 10.0;

/// Full names of the methods that fit what is typed. A name that is complete already narrows nothing.
fn matching(subject: &Subject<'_>, typed: &str) -> Vec<(String, Shape)> {
    let Some(schema) = &subject.tab.schema else { return Vec::new() };
    let all = schema.services.iter().flat_map(|service| {
        service.methods.iter().map(move |method| (format!("{}/{}", service.name, method.name), method.shape))
    });
    let wanted = typed.trim().to_lowercase();
    let complete = schema.method(typed.trim()).is_some();
    all.filter(|(name, _)| complete || name.to_lowercase().contains(&wanted)).collect()
}

/// Takes arrows, Enter and Escape while the list is open; gives the method that Enter picked.
pub(super) fn keys(ui: &Ui, field: egui::Id, subject: &Subject<'_>, view: &mut View) -> Option<String> {
    let focused = ui.memory(|memory| memory.has_focus(field));
    if focused && ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Space)) {
        view.completing = Some(0);
    }
    let at = view.completing.filter(|_| focused)?;
    let found = matching(subject, &view.draft.method);
    let last = found.len().checked_sub(1)?;
    let (down, up, enter, escape) = ui.input_mut(|input| {
        (
            input.consume_key(Modifiers::NONE, Key::ArrowDown),
            input.consume_key(Modifiers::NONE, Key::ArrowUp),
            input.consume_key(Modifiers::NONE, Key::Enter),
            input.consume_key(Modifiers::NONE, Key::Escape),
        )
    });
    if escape {
        view.completing = None;
        return None;
    }
    let at = if down { at + 1 } else { at.saturating_sub(usize::from(up)) }.min(last);
    view.completing = Some(at);
    if enter { found.into_iter().nth(at).map(|(name, _)| name) } else { None }
}

/// The open list; gives the method that was clicked.
pub(super) fn list_ui(
    ui: &Ui,
    cx: &Cx,
    field: &Response,
    anchor: Rect,
    subject: &Subject<'_>,
    view: &View,
) -> Option<String> {
    // The click that picks a row is the click that takes the focus away.
    let open = view.completing.filter(|_| field.has_focus() || field.lost_focus())?;
    let found = matching(subject, &view.draft.method);
    if found.is_empty() {
        return None;
    }
    let t = cx.tokens;
    let mut picked = None;
    Popup::new(field.id.with("methods"), ui.ctx().clone(), anchor, ui.layer_id())
        .open(true)
        .close_behavior(PopupCloseBehavior::IgnoreClicks)
        .gap(4.0)
        .width(anchor.width().max(280.0))
        .show(|ui| {
            ui.set_width(anchor.width().max(280.0) - 8.0);
            ui.spacing_mut().item_spacing.y = 0.0;
            ScrollArea::vertical().max_height(ROWS_SHOWN * size::MENU_ROW).show(ui, |ui| {
                for (index, (name, shape)) in found.iter().enumerate() {
                    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::MENU_ROW));
                    let id = ui.make_persistent_id(("method", name));
                    let row = ui.interact(rect, id, Sense::CLICK);
                    let marked = index == open;
                    row.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, marked, name));
                    if marked || row.hovered() {
                        ui.painter().rect_filled(rect, size::ROW_RADIUS, t.select);
                    }
                    if marked && !ui.clip_rect().contains_rect(rect) {
                        row.scroll_to_me(None);
                    }
                    let y = rect.center().y;
                    let words = shape_words(*shape);
                    let right = text::right(ui.painter(), pos2(rect.right() - 8.0, y), words, font::small(), t.low);
                    let room = right - rect.left() - 16.0;
                    text::left_elided(ui.painter(), pos2(rect.left() + 8.0, y), name, font::code_small(), t.hi, room);
                    if row.clicked() {
                        picked = Some(name.clone());
                    }
                }
            });
        });
    picked
}

/// `server stream`.
pub(super) fn shape_words(shape: Shape) -> std::borrow::Cow<'static, str> {
    match shape {
        Shape::Unary => t!("call.shape.unary"),
        Shape::ServerStream => t!("call.shape.server_stream"),
        Shape::ClientStream => t!("call.shape.client_stream"),
        Shape::Bidi => t!("call.shape.bidi"),
        Shape::OneWay => t!("call.shape.one_way"),
    }
}
