//! A field of a policy on the screen: its label and box, and the menus of those that are picked.

use callscope_wire::{Code, Codec, Compression};
use egui::{Align, Frame, Layout, Painter, Pos2, Rect, Role, ScrollArea, Sense, TextEdit, Ui, UiBuilder, WidgetInfo};
use egui::{pos2, vec2};

use super::values::{Field, Kind, apply, is_here, own, typed_key};
use crate::panel::Cx;
use crate::panel::call::bar::{balance_items, balance_meaning};
use crate::panel::call::subject::Subject;
use crate::panel::call::view::View;
use crate::theme::{font, icon, mix, size};
use crate::widget::{composing, edge, menu, text};

/// The fields of a policy broken into lines, each with its x.
pub(super) fn lines(painter: &Painter, kind: Kind, width: f32) -> Vec<Vec<(Field, f32)>> {
    let mut lines = vec![Vec::new()];
    let mut x = 0.0;
    for field in kind.fields() {
        let needs = text::width(painter, field.label(), font::code_small()) + 8.0 + field.width();
        if x > 0.0 && x + needs > width {
            lines.push(Vec::new());
            x = 0.0;
        }
        if let Some(line) = lines.last_mut() {
            line.push((*field, x));
        }
        x += needs + 16.0;
    }
    lines
}

/// Label and box, the middle of their left end at `at`.
pub(super) fn field_ui(
    ui: &mut Ui,
    cx: &Cx,
    subject: &Subject<'_>,
    view: &mut View,
    field: Field,
    at: Pos2,
    active: bool,
) {
    let t = cx.tokens;
    let painter = ui.painter().clone();
    let label_color = if active { t.hi } else { t.dis };
    let x = text::left(&painter, at, field.label(), font::code_small(), label_color) + 8.0;
    let place = Rect::from_min_size(pos2(x, at.y - size::CONTROL / 2.0), vec2(field.width(), size::CONTROL));
    let here = is_here(field, subject, &view.draft);
    let key = typed_key(field);
    let shown_policy = if active { &subject.policy } else { &subject.tab.inherited.policy };
    let deadline = view.draft.deadline.or(subject.tab.inherited.deadline);
    let encoding = subject.tab.inherited.effective(&view.draft).encoding();
    let value = field.written(deadline, shown_policy, encoding);
    let border = if here && active { mix(t.line2, t.accent, 0.9) } else { t.line2 };
    edge::frame(&painter, place, size::CONTROL_RADIUS, if active { t.field } else { t.island }, border);
    if here && active {
        let tick = Rect::from_min_size(pos2(place.left(), place.center().y - 6.0), vec2(2.0, 12.0));
        painter.rect_filled(tick, 0, t.accent);
    }
    let color = match (active, here) {
        (false, _) => t.dis,
        (true, true) => t.hi,
        (true, false) => t.low,
    };
    let id = ui.make_persistent_id(field.key());
    let inner = place.shrink2(vec2(9.0, 0.0));
    if !active {
        text::left_elided(&painter, inner.left_center(), value, font::code_small(), color, inner.width());
        let label = ui.interact(place, id, Sense::hover());
        label.widget_info(|| WidgetInfo::labeled(Role::Label, false, field.key()));
        label.on_hover_text(field.key());
        return;
    }
    if matches!(field, Field::Codes | Field::Balancing | Field::Codec | Field::Compression) {
        text::left_elided(
            &painter,
            inner.left_center(),
            value.as_str(),
            font::code_small(),
            color,
            inner.width() - 18.0,
        );
        let caret = pos2(place.right() - 14.0, place.center().y);
        text::glyph(&painter, caret, icon::CARET_DOWN, font::icon(10.0), t.low);
        let select = ui.interact(place, id, Sense::click());
        select.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::ComboBox, true, field.key());
            info.current_text_value = Some(value.clone());
            info
        });
        if select.has_focus() {
            edge::focus_ring(&painter, place, size::CONTROL_RADIUS, t);
        }
        match field {
            Field::Codes => {
                menu::float_below(&select, 232.0, |ui| codes_ui(ui, subject, view));
            }
            Field::Codec => {
                menu::below(&select, |ui| {
                    picks_ui(ui, Codec::ALL, encoding.codec, Codec::name, &mut view.draft.codec, &mut view.touched);
                });
            }
            Field::Compression => {
                let (now, chosen) = (encoding.compression, &mut view.draft.compression);
                menu::below(&select, |ui| {
                    picks_ui(ui, Compression::ALL, now, Compression::name, chosen, &mut view.touched);
                });
            }
            _ => {
                menu::below(&select, |ui| balance_items(ui, subject, view));
                let meaning = balance_meaning(subject.policy.balance.unwrap_or_default());
                text::left(&painter, pos2(place.right() + 12.0, at.y), meaning.as_ref(), font::small(), t.low);
            }
        }
        return;
    }
    let mut typed = view.typed.get(&key).cloned().unwrap_or(value);
    let color = if view.typed.contains_key(&key) { t.hi } else { color };
    let response = box_ui(ui, inner, id, field.key(), &mut typed, color);
    if response.changed() {
        if let Ok(edited) = apply(field, &typed, subject, &view.draft) {
            view.draft = edited;
            view.touched = true;
        }
        view.typed.insert(key.clone(), typed);
    }
    let problem = view.typed.get(&key).and_then(|typed| apply(field, typed, subject, &view.draft).err());
    if problem.is_some() {
        edge::ring(&painter, place, size::CONTROL_RADIUS, t.err, t);
    } else if response.has_focus() {
        edge::focus_ring(&painter, place, size::CONTROL_RADIUS, t);
    } else {
        view.typed.remove(&key);
    }
    response.on_hover_text(field.key());
}

fn box_ui(
    ui: &mut Ui,
    rect: Rect,
    id: egui::Id,
    name: &str,
    typed: &mut String,
    color: egui::Color32,
) -> egui::Response {
    let around = ui.interact(rect, id.with("around"), Sense::CLICK);
    if around.clicked() {
        ui.memory_mut(|memory| memory.request_focus(id));
    }
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center)));
    child.shrink_clip_rect(rect);
    let edit = composing::edit(&mut child, id, typed, |ui, typed| {
        TextEdit::singleline(typed)
            .id(id)
            .frame(Frame::NONE)
            .margin(0.0)
            .align(egui::Align2::LEFT_CENTER)
            .min_size(rect.size())
            .font(font::code_small())
            .text_color(color)
            .desired_width(rect.width())
            .show(ui)
    });
    edit.response.response.accessible_name(name)
}

/// One of a few names as entries of a menu; ✓ at the one in force.
fn picks_ui<T: Copy + PartialEq, const N: usize>(
    ui: &mut Ui,
    all: [T; N],
    now: T,
    name: fn(T) -> &'static str,
    chosen: &mut Option<T>,
    touched: &mut bool,
) {
    for one in all {
        if menu::Item::new(name(one)).mono().checked(one == now).show(ui).clicked() && one != now {
            *chosen = Some(one);
            *touched = true;
        }
    }
}

/// The status codes that are worth another try, to be ticked.
fn codes_ui(ui: &mut Ui, subject: &Subject<'_>, view: &mut View) {
    ScrollArea::vertical().max_height(10.0 * size::MENU_ROW).show(ui, |ui| {
        let codes = subject.policy.retry.clone().unwrap_or_default().retryable_status_codes;
        for code in Code::ALL.iter().filter(|code| !code.is_ok()) {
            let chosen = codes.contains(code);
            if menu::Item::new(&code.to_string()).mono().checked(chosen).show(ui).clicked() {
                own(Kind::Retry, subject, &mut view.draft);
                let Some(retry) = &mut view.draft.policy.retry else { return };
                if chosen {
                    retry.retryable_status_codes.retain(|kept| kept != code);
                } else {
                    retry.retryable_status_codes.push(*code);
                    retry.retryable_status_codes.sort_unstable();
                }
                view.touched = true;
            }
        }
    });
}
