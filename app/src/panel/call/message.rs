//! The message of the request in its editor, what is wrong with it, and the metadata below.

use std::ops::Range;

use egui::{Role, Sense, Ui, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::check::Verdict;
use super::subject::Subject;
use super::view::View;
use super::{figures, metadata, prepared};
use crate::command::Command;
use crate::panel::Cx;
use crate::theme::{font, icon, size};
use crate::widget::json::editor::{EDIT_LIMIT, Editor};
use crate::widget::json::text::text_view;
use crate::widget::pane::{self, Line};
use crate::widget::{button, edge, mark, text};
use crate::words::tell;

/// Below this height of the editor the metadata block is left to its own sub-tab.
const EDITOR_LEAST: f32 = 120.0;

pub(super) fn ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View) {
    let many = subject.shape.client_streams();
    if many {
        prepared::ui(ui, cx, subject, view);
        prepared::editor_head_ui(ui, cx, view);
    }
    let rect = ui.available_rect_before_wrap();
    let block = metadata::block_height(subject, view);
    let with_block = !many && rect.height() - size::PANE_FOOTER - block >= EDITOR_LEAST;
    let (_, rest, foot) = pane::cut(rect, 0.0, size::PANE_FOOTER);
    let (_, body, below) = pane::cut(rest, 0.0, if with_block { block } else { 0.0 });
    let place = pane::inside(ui, body, "editor", |ui| editor_ui(ui, view));
    if with_block {
        pane::inside(ui, below, "metadata block", |ui| metadata::block_ui(ui, cx, subject, view));
    }
    pane::bar_at(ui, foot, Line::Above, |ui| foot_ui(ui, cx, subject, view, place));
}

/// Gives line and column of the caret, if there is one.
fn editor_ui(ui: &mut Ui, view: &mut View) -> Option<(usize, usize)> {
    let id = ui.make_persistent_id(("message", view.generation));
    let name = t!("call.message.editor");
    let error = view.check.mistakes().first().map(|mistake| mistake.range.clone());
    let message = view.draft.messages.get_mut(view.selected)?;
    if message.text.len() > EDIT_LIMIT {
        text_view(ui, id, &name, &message.text, view.generation, &mut view.large);
        return None;
    }
    let output = Editor::new(id, &name, &mut message.text).error(error).show(ui, &mut view.editor);
    view.touched |= output.response.changed();
    view.editor.cursor().map(|_| (output.line, output.column))
}

/// Valid or why not, the type and the size; the place of the caret.
fn foot_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View, place: Option<(usize, usize)>) {
    let t = cx.tokens;
    ui.spacing_mut().item_spacing.x = size::GAP;
    let mut go_to = None;
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        if let Some((line, column)) = place {
            text::label(ui, t!("call.message.place", line = line, column = column), font::small(), t.low);
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
                let facts = if of.is_empty() || cx.narrow { bytes } else { format!("{of} · {bytes}") };
                text::line(ui, &facts, font::small(), t.low, 20.0);
            }
            Verdict::Unchecked => {
                text::label(ui, t!("call.message.unchecked"), font::small(), t.low);
            }
            Verdict::Wrong(mistakes) => go_to = mistakes_ui(ui, cx, mistakes),
        });
    });
    if let Some(range) = go_to {
        view.editor.go_to(range);
    }
}

/// ✕, the first mistake and how many more; a click goes there.
fn mistakes_ui(ui: &mut Ui, cx: &Cx, mistakes: &[super::check::Mistake]) -> Option<Range<usize>> {
    let t = cx.tokens;
    let first = mistakes.first()?;
    let mut words = tell(&first.message);
    if mistakes.len() > 1 {
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
    if !first.rule.is_empty() {
        text::line(ui, &tell(&first.rule), font::small(), t.low, 20.0);
    }
    let clicked = response.clicked();
    response.on_hover_text(t!("call.message.go_to"));
    clicked.then(|| first.range.clone())
}
