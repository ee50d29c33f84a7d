//! One message to read: as a tree with its types, or as text; and the footer that says where in it one is.

use callscope_wire::Value;
use callscope_wire::schema::TypeRef;
use callscope_wire::value::text as json_text;
use egui::{Align, Layout, ScrollArea, Ui};
use rust_i18n::t;

use super::subject::Subject;
use super::view::View;
use super::{field_type, large, link};
use crate::command::Command;
use crate::model::messages::{Message, Undecoded};
use crate::panel::Cx;
use crate::theme::{font, icon, size};
use crate::widget::button;
use crate::widget::json::text::text_view;
use crate::widget::json::tree::{Labels, Tree};
use crate::widget::pane::{self, Line};
use crate::widget::{menu, text};

/// The message and its footer. `number` tells one message of a call from another.
pub(super) fn ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View, message: &Message, number: u64) {
    let (_, body, foot) = pane::cut(ui.available_rect_before_wrap(), 0.0, size::PANE_FOOTER);
    let version = version(message, number);
    pane::inside(ui, body, "answer", |ui| match message.value() {
        Err(Undecoded::Broken(problem)) => undecoded_ui(ui, cx, message, problem),
        Err(Undecoded::Large) => large::ui(ui, cx, subject, view, message, version),
        Ok(value) if view.as_text => text_ui(ui, view, || json_text::pretty(value), version),
        Ok(value) => tree_ui(ui, cx, subject, view, message, value, version),
    });
    pane::bar_at(ui, foot, Line::Above, |ui| foot_ui(ui, cx, subject, view, message, number));
}

/// Messages do not change once they are there.
fn version(message: &Message, number: u64) -> u64 {
    message.at.0 ^ number.rotate_left(48) ^ message.bytes.len() as u64
}

/// The type of a message that went this way.
pub(super) fn type_of<'a>(subject: &Subject<'a>, sent: bool) -> Option<&'a TypeRef> {
    let record = subject.record?;
    let schema = subject.tab.schema.as_ref()?;
    let (_, method) = schema.method(&record.flow.method)?;
    Some(if sent { &method.request } else { &method.response })
}

fn tree_ui(
    ui: &mut Ui,
    cx: &mut Cx,
    subject: &Subject<'_>,
    view: &mut View,
    message: &Message,
    value: &Value,
    version: u64,
) {
    let fields = |count: usize| match count {
        1 => t!("call.answer.one_field").into_owned(),
        _ => t!("call.answer.fields", count = count).into_owned(),
    };
    let items = |count: usize| match count {
        1 => t!("call.answer.one_item").into_owned(),
        _ => t!("call.answer.items", count = count).into_owned(),
    };
    let of = type_of(subject, message.sent);
    let fact = |pointer: &str| field_type::fact(subject.tab.schema.as_deref()?, of?, pointer);
    ui.add_space(4.0);
    let labels = Labels { fields: &fields, items: &items };
    let name = t!("call.answer.tree");
    let id = ui.make_persistent_id("tree");
    let output = Tree::new(id, &name, value, version, labels).fact(&fact).show(ui, &mut view.tree);
    if output.selection_changed
        && let Some(pointer) = view.tree.selected()
    {
        link::tell(cx, subject, message, pointer);
    }
    if let Some(pointer) = &output.activated {
        link::show_in_traffic(cx, subject, message, pointer);
    }
    menu::context(&output.response, |ui| {
        let Some(pointer) = view.tree.selected() else { return };
        copy_items(ui, cx, value, pointer);
        menu::separator(ui);
        let words = t!("call.answer.show_in_traffic");
        if menu::item(ui, Some(icon::ARROWS_DOWN_UP), &words, "", true).clicked() {
            link::show_in_traffic(cx, subject, message, pointer);
        }
    });
}

fn copy_items(ui: &mut Ui, cx: &mut Cx, value: &Value, pointer: &str) {
    let Some(part) = value.pointer(pointer) else { return };
    if menu::item(ui, Some(icon::COPY), &t!("call.answer.copy_value"), "", true).clicked() {
        cx.push(Command::Copy(plain(part)));
    }
    if menu::item(ui, None, &t!("call.answer.copy_path"), "", true).clicked() {
        cx.push(Command::Copy(field_type::readable(pointer)));
    }
}

/// A string without quotes, anything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| json_text::pretty(value), str::to_owned)
}

fn text_ui(ui: &mut Ui, view: &mut View, written: impl FnOnce() -> String, version: u64) {
    let stale = view.pretty.as_ref().is_none_or(|(known, _)| *known != version);
    if stale {
        view.pretty = Some((version, written()));
    }
    let Some((_, pretty)) = &view.pretty else { return };
    let id = ui.make_persistent_id("text");
    text_view(ui, id, &t!("call.answer.text"), pretty, version, &mut view.text);
}

/// Bytes that are no message: why, and how they begin.
fn undecoded_ui(ui: &mut Ui, cx: &Cx, message: &Message, problem: &str) {
    let t = cx.tokens;
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        egui::Frame::new().inner_margin(12.0).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            text::label(ui, t!("call.answer.undecoded"), font::title(), t.err);
            text::label(ui, problem, font::label_regular(), t.mid);
            let start = message.bytes.get(..message.bytes.len().min(512)).unwrap_or_default();
            let hex: Vec<String> = start
                .chunks(16)
                .map(|row| row.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "))
                .collect();
            text::label(ui, hex.join("\n"), font::code_small(), t.mid);
        });
    });
}

fn foot_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View, message: &Message, number: u64) {
    let t = cx.tokens;
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        if let Some(record) = subject.record
            && button::link(ui, &t!("call.answer.show_in_traffic")).clicked()
        {
            let selected =
                if message.is_large() { large::selected(view) } else { view.tree.selected().map(str::to_owned) };
            match selected.filter(|_| !view.as_text) {
                Some(pointer) => link::show_in_traffic(cx, subject, message, &pointer),
                None => cx.push(Command::FollowFlow(Some(record.flow.id))),
            }
        }
        if let Some(record) = subject.record
            && button::link(ui, &t!("large.save")).clicked()
        {
            cx.push(Command::SaveMessage(record.flow.id, number));
        }
        if message.is_large() {
            return large::foot_ui(ui, cx, subject, view, type_of(subject, message.sent));
        }
        let selected = view.tree.selected().filter(|_| !view.as_text);
        let part = message.value().ok().and_then(|value| value.pointer(selected?));
        let shown = selected.zip(part);
        match shown {
            Some((pointer, part)) => {
                if button::link(ui, &t!("call.answer.copy_path")).clicked() {
                    cx.push(Command::Copy(field_type::readable(pointer)));
                }
                if button::link(ui, &t!("call.answer.copy_value")).clicked() {
                    cx.push(Command::Copy(plain(part)));
                }
            }
            None => {
                if let Ok(value) = message.value()
                    && button::link(ui, &t!("call.answer.copy")).clicked()
                {
                    cx.push(Command::Copy(json_text::pretty(value)));
                }
            }
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let of = type_of(subject, message.sent);
            let words = if let Some((pointer, _)) = shown {
                let schema = subject.tab.schema.as_deref();
                let fact = schema.zip(of).and_then(|(schema, of)| field_type::fact(schema, of, pointer));
                let path = field_type::readable(pointer);
                fact.map_or(path.clone(), |fact| format!("{path} · {fact}"))
            } else {
                let bytes = super::figures::bytes(message.bytes.len() as u64);
                of.map_or(bytes.clone(), |of| format!("{} · {bytes}", super::check::type_name(of)))
            };
            text::line(ui, &words, font::small(), t.low, 20.0);
        });
    });
}
