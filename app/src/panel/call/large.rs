//! A message too large to be decoded: its beginning at once, the rest when it was walked through; tree or text, find, copy.

use std::sync::Arc;

use callscope_wire::schema::TypeRef;
use callscope_wire::value::landmarks::Part;
use callscope_wire::value::outline::Kind;
use callscope_wire::value::scan::unquote;
use callscope_wire::{Time, Value};
use egui::{Align, Key, Layout, Modifiers, Ui, vec2};
use rust_i18n::t;

use super::subject::Subject;
use super::view::View;
use super::{answer, field_type, figures};
use crate::command::Command;
use crate::model::document::{Document, Search, Wake};
use crate::model::messages::Message;
use crate::panel::Cx;
use crate::theme::{font, icon, size};
use crate::widget::field::Field;
use crate::widget::json::large::{LargeText, LargeTree, Source};
use crate::widget::json::tree::Labels;
use crate::widget::pane::{self, Line};
use crate::widget::{button, chip, meter, text};

/// What is not done by then says how far it is, and may be stopped later.
const SHOW_PROGRESS: std::time::Duration = std::time::Duration::from_millis(100);
const OFFER_STOP: std::time::Duration = std::time::Duration::from_secs(1);
const PROGRESS_STEP: std::time::Duration = std::time::Duration::from_millis(100);
/// What fits a clipboard without being felt; more is for a file.
const COPIED: usize = 4 << 20;
/// Laid out anew when it is copied; more is copied as it came.
const LAID_OUT: usize = 256 << 10;

/// The large message that is shown, and where in it one is.
pub(super) struct Viewer {
    version: u64,
    opened: Time,
    document: Document,
    tree: LargeTree,
    text: LargeText,
    find: Find,
}

#[derive(Default)]
struct Find {
    open: bool,
    /// The field wants the focus.
    focus: bool,
    text: String,
    search: Option<Search>,
    /// The place that is shown, and whether it is to be gone to.
    at: usize,
    go: bool,
}

impl Viewer {
    fn open(ui: &Ui, message: &Message, version: u64, now: Time) -> Self {
        Self {
            version,
            opened: now,
            document: Document::open(message.bytes.clone(), wake(ui)),
            tree: LargeTree::default(),
            text: LargeText::default(),
            find: Find::default(),
        }
    }

    fn source(&self) -> Source<'_> {
        source(&self.document, self.version)
    }
}

fn source(document: &Document, version: u64) -> Source<'_> {
    let (marks, bytes) = document.marks();
    Source { marks, bytes, revision: version ^ document.revision() << 63 }
}

fn wake(ui: &Ui) -> Wake {
    let ctx = ui.ctx().clone();
    Arc::new(move || ctx.request_repaint())
}

/// The body. What the footer needs to know stays in the view.
pub(super) fn ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View, message: &Message, version: u64) {
    if view.viewer.as_ref().is_none_or(|viewer| viewer.version != version) {
        view.viewer = Some(Viewer::open(ui, message, version, cx.now()));
    }
    let Some(viewer) = &mut view.viewer else { return };
    let rect = ui.available_rect_before_wrap();
    let here = ui.rect_contains_pointer(rect) || viewer.find.open;
    if here && ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::F)) {
        viewer.find.open = true;
        viewer.find.focus = true;
    }
    let find = if viewer.find.open { size::PANE_HEADER } else { 0.0 };
    let (top, rest, _) = pane::cut(rect, find, 0.0);
    if viewer.find.open {
        pane::bar_at(ui, top, Line::Below, |ui| find_ui(ui, cx, viewer));
    }
    let running = viewer.document.progress().filter(|_| cx.now().since(viewer.opened) >= SHOW_PROGRESS);
    let note = note(viewer, running);
    let (state, body, _) = pane::cut(rest, if note.is_some() { size::PANE_FOOTER } else { 0.0 }, 0.0);
    if let Some(note) = note {
        pane::bar_at(ui, state, Line::Below, |ui| state_ui(ui, cx, viewer, running, &note));
    }
    if viewer.document.progress().is_some() {
        ui.ctx().request_repaint_after(PROGRESS_STEP);
    }
    follow_find(viewer, view.as_text);
    if let Some(offset) = view.go_to.filter(|offset| *offset < viewer.source().bytes.len()) {
        view.go_to = None;
        let Viewer { document, tree, version, .. } = viewer;
        tree.go_to(source(document, *version), offset);
    }
    pane::inside(ui, body, "large", |ui| {
        ui.add_space(4.0);
        let source = source(&viewer.document, viewer.version);
        if view.as_text {
            let id = ui.make_persistent_id("large text");
            viewer.text.show(ui, id, &t!("call.answer.text"), source);
            return;
        }
        let count = |one: &str, many: &str, count: usize| match count {
            1 => t!(one).into_owned(),
            _ => t!(many, count = chip::grouped(count as u64)).into_owned(),
        };
        let fields = |n: usize| count("call.answer.one_field", "call.answer.fields", n);
        let items = |n: usize| count("call.answer.one_item", "call.answer.items", n);
        let of = answer::type_of(subject, message.sent);
        let fact = |pointer: &str| field_type::fact(subject.tab.schema.as_deref()?, of?, pointer);
        let labels = Labels { fields: &fields, items: &items };
        let id = ui.make_persistent_id("large tree");
        viewer.tree.show(ui, id, &t!("call.answer.tree"), source, &labels, &fact);
    });
}

/// What is to be said over the message: how far the walk is, or why it ended early.
fn note(viewer: &Viewer, running: Option<f32>) -> Option<String> {
    if let Some(done) = running {
        return Some(t!("large.reading", percent = format!("{:.0}", done * 100.0)).into_owned());
    }
    if viewer.document.is_stopped() {
        let seen = figures::bytes(viewer.document.marks().1.len() as u64);
        return Some(t!("large.stopped", bytes = seen).into_owned());
    }
    let (marks, _) = viewer.document.marks();
    let problem = marks.problem().filter(|_| viewer.document.progress().is_none())?;
    Some(t!("large.broken", at = chip::grouped(problem.at as u64)).into_owned())
}

fn state_ui(ui: &mut Ui, cx: &Cx, viewer: &Viewer, running: Option<f32>, note: &str) {
    ui.spacing_mut().item_spacing.x = 12.0;
    if let Some(done) = running {
        let (rect, _) = ui.allocate_exact_size(vec2(120.0, 20.0), egui::Sense::hover());
        meter::meter(ui.painter(), rect, done, cx.tokens.accent, None, cx.tokens);
    }
    let ink =
        if viewer.document.marks().0.problem().is_some() && running.is_none() { cx.tokens.err } else { cx.tokens.mid };
    text::line(ui, note, font::small(), ink, 20.0);
    let late = cx.now().since(viewer.opened) >= OFFER_STOP;
    if running.is_some() && late && button::link(ui, &t!("large.stop")).clicked() {
        viewer.document.stop();
    }
}

fn find_ui(ui: &mut Ui, cx: &Cx, viewer: &mut Viewer) {
    let Viewer { document, find, .. } = viewer;
    ui.spacing_mut().item_spacing.x = 4.0;
    let id = ui.make_persistent_id("find in message");
    let width = (ui.available_width() - 220.0).clamp(120.0, 360.0);
    let (_, rect) = ui.allocate_space(vec2(width, size::CONTROL));
    let (name, hint) = (t!("large.find"), t!("large.find_hint"));
    let response = Field::new(&name, &mut find.text).hint(&hint).icon(icon::MAGNIFYING_GLASS).show_at(ui, rect, id);
    if std::mem::take(&mut find.focus) {
        response.request_focus();
    }
    if find.search.as_ref().map_or("", |search| &search.text) != find.text {
        find.search = (!find.text.is_empty()).then(|| document.search(&find.text, wake(ui)));
        find.at = 0;
        find.go = true;
    }
    let known = find.search.as_ref().and_then(Search::hits).map_or(0, |hits| hits.places.len());
    let (enter, back) = ui.input(|input| (input.key_pressed(Key::Enter), input.modifiers.shift));
    if response.lost_focus() && enter {
        response.request_focus();
        find.step(!back, known);
    }
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
        find.open = false;
    }
    if button::icon_button(ui, icon::ARROW_UP, 13.0, &t!("large.previous")).clicked() {
        find.step(false, known);
    }
    if button::icon_button(ui, icon::ARROW_DOWN, 13.0, &t!("large.next")).clicked() {
        find.step(true, known);
    }
    let words = match &find.search {
        None => String::new(),
        Some(search) => match search.hits() {
            None => t!("large.searching").into_owned(),
            Some(hits) if hits.count == 0 => t!("large.not_found").into_owned(),
            Some(hits) => {
                let (at, count) = (chip::grouped(find.at as u64 + 1), chip::grouped(hits.count));
                t!("large.found", at = at, count = count).into_owned()
            }
        },
    };
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if button::icon_button(ui, icon::X, size::ICON_SMALL, &t!("large.close_find")).clicked() {
            find.open = false;
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add_space(4.0);
            text::line(ui, &words, font::small(), cx.tokens.mid, 20.0);
        });
    });
}

impl Find {
    fn step(&mut self, forward: bool, known: usize) {
        if known > 0 {
            self.at = if forward { self.at + 1 } else { self.at + known - 1 } % known;
            self.go = true;
        }
    }
}

/// Goes to the place that was found, once it is known and walked through.
fn follow_find(viewer: &mut Viewer, as_text: bool) {
    let Viewer { document, find, tree, text, version, .. } = viewer;
    let place = find.search.as_ref().and_then(Search::hits).and_then(|hits| hits.places.get(find.at)).copied();
    let source = source(document, *version);
    let Some(place) = place.filter(|place| find.go && (*place as usize) < source.bytes.len()) else { return };
    find.go = false;
    if as_text { text.go_to(source, place as usize) } else { tree.go_to(source, place as usize) }
}

/// The pointer of what is selected in the tree.
pub(super) fn selected(view: &View) -> Option<String> {
    let viewer = view.viewer.as_ref()?;
    viewer.tree.selected(viewer.source()).map(|(pointer, _)| pointer)
}

/// The footer: what is selected, and what can be done with it.
pub(super) fn foot_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View, of: Option<&TypeRef>) {
    let as_text = view.as_text;
    let Some(viewer) = &mut view.viewer else { return };
    let source = viewer.source();
    let selected = viewer.tree.selected(source).filter(|_| !as_text);
    if let Some((pointer, part)) = &selected {
        if button::link(ui, &t!("call.answer.copy_path")).clicked() {
            cx.push(Command::Copy(field_type::readable(pointer)));
        }
        if part.span.len() <= COPIED && button::link(ui, &t!("call.answer.copy_value")).clicked() {
            cx.push(Command::Copy(plain(source.bytes, part)));
        }
    }
    let find = button::link(ui, &t!("large.find_link")).clicked();
    let size = figures::bytes(viewer.document.bytes().len() as u64);
    let words = match &selected {
        Some((pointer, part)) => {
            let schema = subject.tab.schema.as_deref();
            let fact = schema.zip(of).and_then(|(schema, of)| field_type::fact(schema, of, pointer));
            let size = figures::bytes(part.span.len() as u64);
            let path = field_type::readable(pointer);
            fact.map_or_else(|| format!("{path} · {size}"), |fact| format!("{path} · {fact} · {size}"))
        }
        None => of.map_or_else(|| size.clone(), |of| format!("{} · {size}", super::check::type_name(of))),
    };
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        text::line(ui, &words, font::small(), cx.tokens.low, 20.0);
    });
    if find {
        viewer.find.open = true;
        viewer.find.focus = true;
    }
}

/// A string without quotes, anything else as JSON, laid out where that is not felt.
fn plain(bytes: &[u8], part: &Part) -> String {
    let own = bytes.get(part.span.range()).unwrap_or_default();
    if part.kind == Kind::Text {
        return unquote(own).text.into_owned();
    }
    let laid_out = (own.len() <= LAID_OUT).then(|| serde_json::from_slice::<Value>(own).ok()).flatten();
    laid_out.map_or_else(|| String::from_utf8_lossy(own).into_owned(), |value| format!("{value:#}"))
}
