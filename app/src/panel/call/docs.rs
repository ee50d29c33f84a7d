//! What the method does and takes, as its schema says, and the notes of this call.

use egui::{Frame, Margin, ScrollArea, TextEdit, Ui};
use rust_i18n::t;

use super::complete::shape_words;
use super::subject::Subject;
use super::view::View;
use crate::panel::Cx;
use crate::theme::{font, size};
use crate::widget::{composing, edge, text};

pub(super) fn ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, view: &mut View) {
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        Frame::new().inner_margin(Margin::same(size::PANE_PADDING as i8)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            method_ui(ui, cx, subject);
            ui.add_space(8.0);
            text::label(ui, t!("call.docs.notes"), font::card_title(), cx.tokens.hi);
            notes_ui(ui, cx, view);
        });
    });
}

fn method_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>) {
    let t = cx.tokens;
    let found = subject.tab.schema.as_ref().and_then(|schema| {
        let (service, method) = schema.method(&subject.tab.draft.method)?;
        let name = format!("{}/{}", service.name, method.name);
        Some((service, method, schema.describe(&name).unwrap_or_default()))
    });
    let Some((service, method, described)) = found else {
        text::label(ui, t!("call.docs.unknown"), font::label_regular(), t.low);
        return;
    };
    ui.horizontal(|ui| {
        text::label(ui, &method.name, font::title(), t.hi);
        text::label(ui, shape_words(method.shape), font::small(), t.low);
        if method.idempotent {
            text::label(ui, t!("call.docs.idempotent"), font::small(), t.low);
        }
    });
    for words in [&method.docs, &service.docs] {
        if !words.is_empty() {
            text::label(ui, words, font::body(), t.mid);
        }
    }
    let card = Frame::new().fill(t.field).corner_radius(size::CONTROL_RADIUS).inner_margin(Margin::same(10));
    card.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.add(egui::Label::new(egui::RichText::new(described).font(font::code_small()).color(t.mid)).selectable(true));
    });
}

fn notes_ui(ui: &mut Ui, cx: &Cx, view: &mut View) {
    let t = cx.tokens;
    let hint = t!("call.docs.notes_hint");
    let id = ui.make_persistent_id(("notes", view.generation));
    let output = composing::edit(ui, id, &mut view.draft.docs, |ui, docs| {
        TextEdit::multiline(docs)
            .id(id)
            .frame(Frame::new().fill(t.field).corner_radius(size::CONTROL_RADIUS).inner_margin(Margin::same(8)))
            .font(font::body())
            .text_color(t.hi)
            .hint_text(egui::RichText::new(hint.as_ref()).font(font::body()).color(t.low))
            .desired_width(ui.available_width())
            .desired_rows(4)
            .show(ui)
    });
    let response = output.response.response.accessible_name(t!("call.docs.notes"));
    let border = egui::Stroke::new(size::HAIRLINE, t.line2);
    ui.painter().rect_stroke(response.rect, size::CONTROL_RADIUS, border, egui::StrokeKind::Inside);
    if response.has_focus() {
        edge::focus_ring(ui.painter(), response.rect, size::CONTROL_RADIUS, t);
    }
    view.touched |= response.changed();
}
