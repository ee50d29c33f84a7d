//! The message of the request in its editor or its form, what is wrong with it, and the metadata below.

use std::ops::Range;

use callscope_wire::schema::validate::Part;
use callscope_wire::value::indent::indented;
use egui::{Key, Modifiers, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::check::{Mistake, Verdict};
use super::form::card;
use super::subject::Subject;
use super::view::{RequestTab, View};
use super::{field_type, figures, metadata, prepared};
use crate::command::Command;
use crate::model::settings::MessageView;
use crate::panel::Cx;
use crate::theme::{font, icon, size};
use crate::widget::json::editor::{EDIT_LIMIT, Editor};
use crate::widget::json::text::text_view;
use crate::widget::pane::{self, Line};
use crate::widget::segmented::segmented_small;
use crate::widget::subtabs::{SubTab, subtabs};
use crate::widget::{button, edge, mark, text};
use crate::words::tell;

/// Below this height of the editor the metadata block is left to its own sub-tab.
const EDITOR_LEAST: f32 = 120.0;
/// Below this height the form has no card below it.
const CARD_LEAST: f32 = 460.0;
/// How a message is written, in the order of the switch.
const VIEWS: [MessageView; 3] = [MessageView::Form, MessageView::Json, MessageView::Both];

pub(super) fn ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View) {
    undo_ui(ui, view);
    let many = subject.shape.client_streams();
    if many {
        prepared::ui(ui, cx, subject, view);
        prepared::editor_head_ui(ui, cx, view);
    }
    let rect = ui.available_rect_before_wrap();
    let as_json = view.written_as(cx.model.settings.message_view) == MessageView::Json;
    let block = metadata::block_height(subject, view);
    // A form needs the height; the metadata has a sub-tab of its own.
    let with_block = !many && as_json && rect.height() - size::PANE_FOOTER - block >= EDITOR_LEAST;
    let (_, rest, foot) = pane::cut(rect, 0.0, size::PANE_FOOTER);
    let (_, body, below) = pane::cut(rest, 0.0, if with_block { block } else { 0.0 });
    let place = pane::inside(ui, body, "editor", |ui| {
        if as_json {
            return editor_ui(ui, view);
        }
        form_ui(ui, cx, subject, view);
        None
    });
    if with_block {
        pane::inside(ui, below, "metadata block", |ui| metadata::block_ui(ui, cx, subject, view));
    }
    pane::bar_at(ui, foot, Line::Above, |ui| foot_ui(ui, cx, subject, view, place));
}

/// Room of the switch at the end of the sub-tabs.
pub(super) fn switch_width(ui: &Ui) -> f32 {
    let words = [t!("call.message.as_form"), t!("call.message.as_json"), t!("call.message.as_both")];
    words.iter().map(|word| text::width(ui.painter(), word.as_ref(), font::label()).round() + 20.0).sum::<f32>() + 12.0
}

/// Form, JSON, or both.
pub(super) fn switch_ui(ui: &mut Ui, cx: &mut Cx, view: &mut View) {
    let words = [t!("call.message.as_form"), t!("call.message.as_json"), t!("call.message.as_both")];
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let before = view.written_as(cx.model.settings.message_view);
    let mut selected = VIEWS.iter().position(|other| *other == before).unwrap_or_default();
    let response = segmented_small(ui, &t!("call.message.view"), &words, &mut selected);
    if let Some(chosen) = VIEWS.get(selected).copied().filter(|_| response.changed()) {
        view.written_as = Some(chosen);
        view.answer_in_front = false;
        let mut settings = cx.model.settings.clone();
        settings.message_view = chosen;
        cx.push(Command::Settings(Box::new(settings)));
    }
}

/// Whether the form stands on the left and its JSON, or the answer, on the right.
pub(super) fn beside(cx: &Cx, view: &View) -> bool {
    view.request_tab == RequestTab::Message && view.written_as(cx.model.settings.message_view) == MessageView::Both
}

/// Over the right half: the JSON of the form, or the answer to it.
pub(super) fn beside_head_ui(ui: &mut Ui, subject: &Subject<'_>, view: &mut View) {
    let (json, answer) = (t!("call.message.as_json"), t!("call.message.answer"));
    let tabs = [SubTab::new(&json), SubTab::new(&answer).dot(subject.record.is_some())];
    let mut selected = usize::from(view.answer_in_front);
    subtabs(ui, &tabs, &mut selected, 0.0, &t!("call.more_tabs"));
    view.answer_in_front = selected == 1;
}

/// The text of the form on the left, what its field means, and that they are in step.
pub(super) fn json_ui(ui: &mut Ui, cx: &Cx, view: &mut View) {
    let rect = ui.available_rect_before_wrap();
    let card = if rect.height() >= CARD_LEAST - 2.0 * size::FORM_ROW { card::HEIGHT } else { 0.0 };
    let (_, rest, foot) = pane::cut(rect, 0.0, size::PANE_FOOTER);
    let (_, body, card) = pane::cut(rest, 0.0, card);
    let before = view.editor.cursor();
    let place = pane::inside(ui, body, "beside", |ui| editor_ui(ui, view));
    if let Some(at) = view.editor.cursor().filter(|_| view.editor.cursor() != before) {
        view.form.point(at);
    }
    if card.height() > 0.0 && view.form.card_ui(ui, cx, card) {
        view.request_tab = RequestTab::Docs;
    }
    pane::bar_at(ui, foot, Line::Above, |ui| {
        let t = cx.tokens;
        let words = if view.check.broken().is_some() { t!("call.form.out_of_step") } else { t!("call.form.in_step") };
        text::label(ui, words, font::small(), t.low);
        pane::right(ui, |ui| {
            ui.spacing_mut().item_spacing.x = size::GAP;
            if let Some((line, column)) = place {
                text::label(ui, t!("call.message.place", line = line, column = column), font::small(), t.low);
            }
            format_ui(ui, view);
        });
    });
}

/// Lays the text out anew, every value as it is spelled. Not of what is no JSON.
fn format_ui(ui: &mut Ui, view: &mut View) {
    let is_json =
        matches!(view.check.verdict, Verdict::Valid { .. } | Verdict::Wrong(_)) && view.check.broken().is_none();
    if !is_json || !button::link(ui, &t!("call.message.format")).clicked() {
        return;
    }
    let Some(message) = view.draft.messages.get_mut(view.selected) else { return };
    let laid_out = indented(&message.text);
    if laid_out != message.text {
        message.text = laid_out;
        view.touched = true;
    }
}

/// Ctrl+Z and its opposite, wherever in the message the focus is: form and editor have one text and one history.
fn undo_ui(ui: &Ui, view: &mut View) {
    view.note_history(ui.input(|input| input.time));
    let editor = ui.memory(egui::Memory::focused).is_some_and(|id| view.editor.is(id));
    let nowhere = ui.memory(|memory| memory.focused().is_none());
    if !(editor || nowhere || view.form.has_focus()) {
        return;
    }
    let (undo, redo) = ui.input_mut(|input| {
        // The longer one first: Ctrl+Z would match Ctrl+Shift+Z, too.
        let redo = input.consume_key(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z)
            | input.consume_key(Modifiers::COMMAND, Key::Y);
        (input.consume_key(Modifiers::COMMAND, Key::Z), redo)
    });
    let Some(message) = view.draft.messages.get_mut(view.selected) else { return };
    let range = if undo {
        view.history.undo(&mut message.text)
    } else if redo {
        view.history.redo(&mut message.text)
    } else {
        None
    };
    let Some(range) = range else { return };
    view.touched = true;
    view.form.reveal_byte(range.start);
    if editor {
        view.editor.go_to(range.end..range.end);
    } else {
        view.editor.mark(range.start);
    }
}

/// The form, and below it the card of its field where the JSON is not beside it.
fn form_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View) {
    let rect = ui.available_rect_before_wrap();
    let alone = !beside(cx, view);
    let card = if alone && rect.height() >= CARD_LEAST { card::HEIGHT } else { 0.0 };
    let (_, body, card) = pane::cut(rect, 0.0, card);
    let Some(message) = view.draft.messages.get_mut(view.selected) else { return };
    let (form, check, source) = (&mut view.form, &mut view.check, &mut message.text);
    let output = pane::inside(ui, body, "message form", |ui| form.ui(ui, cx, check, source));
    view.touched |= output.changed;
    if let Some(range) = output.moved_to {
        view.editor.mark(range.start);
    }
    if let Some(pointer) = output.load {
        cx.push(Command::LoadBytes { tab: subject.tab.id, message: view.selected, pointer });
    }
    if let Some(range) = output.show_json {
        if alone {
            view.written_as = Some(MessageView::Json);
        }
        view.answer_in_front = false;
        view.editor.go_to(range);
    }
    if card.height() > 0.0 {
        edge::hline(ui.painter(), card.x_range(), card.top(), cx.tokens.line);
        if view.form.card_ui(ui, cx, card) {
            view.request_tab = RequestTab::Docs;
        }
    }
}

/// Gives line and column of the caret, if there is one.
fn editor_ui(ui: &mut Ui, view: &mut View) -> Option<(usize, usize)> {
    let id = ui.make_persistent_id(("message", view.generation));
    let name = t!("call.message.editor");
    let errors: Vec<Range<usize>> = view.check.mistakes().iter().map(|mistake| mistake.range.clone()).collect();
    let message = view.draft.messages.get_mut(view.selected)?;
    if message.text.len() > EDIT_LIMIT {
        text_view(ui, id, &name, &message.text, view.generation, &mut view.large);
        return None;
    }
    let output = Editor::new(id, &name, &mut message.text).errors(&errors).show(ui, &mut view.editor);
    view.touched |= output.response.changed();
    view.editor.cursor().map(|_| (output.line, output.column))
}

/// Valid or why not, the type and the size; the place of the caret.
fn foot_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View, place: Option<(usize, usize)>) {
    let t = cx.tokens;
    ui.spacing_mut().item_spacing.x = size::GAP;
    let form = view.written_as(cx.model.settings.message_view) != MessageView::Json;
    let mut go_to = None;
    let mut clear = false;
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        if let Some((line, column)) = place {
            text::label(ui, t!("call.message.place", line = line, column = column), font::small(), t.low);
        }
        if !form && !cx.narrow {
            format_ui(ui, view);
        }
        if let (true, false, Some((set, unset))) = (form, cx.narrow, view.form.counts()) {
            let of = subject.tab.method().map(|method| super::check::type_name(&method.request)).unwrap_or_default();
            text::label(ui, t!("call.form.counts", of = of, set = set, unset = unset), font::small(), t.low);
        }
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| match &view.check.verdict {
            Verdict::Empty => {
                text::label(ui, t!("call.message.empty"), font::small(), t.low);
                if subject.tab.method().is_some() && button::link(ui, &t!("call.message.fill")).clicked() {
                    cx.push(Command::FillExample(subject.tab.id, view.selected));
                }
            }
            Verdict::Valid { of, bytes } => {
                let (at, _) = ui.allocate_exact_size(vec2(14.0, 20.0), Sense::hover());
                text::glyph(ui.painter(), at.center(), icon::CHECK, font::icon_bold(13.0), t.ok);
                text::label(ui, t!("call.message.valid"), font::small_medium(), t.hi);
                let bytes = figures::bytes(*bytes as u64);
                let facts = if of.is_empty() || cx.narrow || form { bytes } else { format!("{of} · {bytes}") };
                text::line(ui, &facts, font::small(), t.low, 20.0);
            }
            Verdict::Unchecked => {
                text::label(ui, t!("call.message.unchecked"), font::small(), t.low);
                clear |= button::link(ui, &t!("large.clear")).clicked();
            }
            Verdict::Wrong(mistakes) => go_to = mistakes_ui(ui, cx, mistakes, form),
        });
    });
    if clear && let Some(message) = view.draft.messages.get_mut(view.selected) {
        message.text.clear();
        view.touched = true;
        view.reload_editor();
    }
    let Some(mistake) = go_to else { return };
    match &mistake.part {
        Some(part) if form => {
            let missing = if let Part::Missing(name) = part { Some(name.as_str()) } else { None };
            view.form.go_to(&mistake.path, missing);
        }
        _ => view.editor.go_to(mistake.range),
    }
}

/// ✕, the first mistake and how many more; a click goes there. A form names the field: its words stand under it.
fn mistakes_ui(ui: &mut Ui, cx: &Cx, mistakes: &[Mistake], form: bool) -> Option<Mistake> {
    let t = cx.tokens;
    let first = mistakes.first()?;
    let mut words = tell(&first.message);
    if form && first.part.is_some() {
        let missing = if let Some(Part::Missing(name)) = &first.part { name.as_str() } else { "" };
        let path = field_type::readable(&callscope_wire::value::path::member(&first.path, missing));
        let path = path.trim_end_matches('.');
        words = match mistakes.len() {
            1 => t!("call.form.one_problem", path = path).into_owned(),
            count => t!("call.form.problems", count = count, path = path).into_owned(),
        };
    } else if mistakes.len() > 1 {
        words = format!("{words} {}", t!("call.message.and_more", count = mistakes.len() - 1));
    }
    let width = ui.available_width();
    let line = text::elided(ui.painter(), words.as_str(), font::small_medium(), width - 18.0);
    let used = line.size().x + 18.0;
    let (rect, response) = ui.allocate_exact_size(vec2(used, 20.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
    let y = rect.center().y;
    mark::cross(ui.painter(), pos2(rect.left() + 5.0, y), 3.5, t.err, 1.5);
    text::galley_left(ui.painter(), pos2(rect.left() + 16.0, y), line, t.err);
    if response.has_focus() {
        edge::focus_ring(ui.painter(), rect.expand2(vec2(3.0, 0.0)), size::ROW_RADIUS, t);
    }
    if !first.rule.is_empty() && !form {
        text::line(ui, &tell(&first.rule), font::small(), t.low, 20.0);
    }
    let clicked = response.clicked();
    response.on_hover_text(t!("call.message.go_to"));
    clicked.then(|| first.clone())
}
