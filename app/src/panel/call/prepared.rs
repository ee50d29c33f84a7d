//! The prepared messages of a client stream: what was sent, what is next, what waits; and the head of the editor
//! below, which moves, removes and times the selected one.

use callscope_wire::policy::duration_text;
use egui::{Align, Layout, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::acts::Phase;
use super::figures;
use super::subject::Subject;
use super::view::View;
use crate::command::Command;
use crate::model::draft::PreparedMessage;
use crate::panel::Cx;
use crate::theme::{font, icon, size};
use crate::widget::field::Field;
use crate::widget::pane::{self, Line};
use crate::widget::{button, row, text};

/// Rows shown before the list scrolls.
const MOST_ROWS: usize = 8;
/// Characters of a message that its row shows.
const PREVIEW: usize = 200;

/// How far a stream came with its messages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Sent,
    Next,
    Waiting,
}

/// Head and list; takes as much height as it has rows, up to [`MOST_ROWS`].
pub(super) fn ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View) {
    let tab = subject.tab;
    let count = view.draft.messages.len();
    let sent = tab.running.as_ref().map_or(0, |running| running.sent);
    pane::bar(ui, size::TABLE_HEADER, Line::None, |ui| {
        ui.spacing_mut().item_spacing.x = size::GAP;
        text::label(ui, t!("call.prepared.title"), font::card_title(), cx.tokens.hi);
        let note = if tab.running.is_some() {
            t!("call.prepared.progress", sent = sent, count = count)
        } else {
            t!("call.prepared.count", count = count)
        };
        text::label(ui, note, font::small(), cx.tokens.low);
        pane::right(ui, |ui| {
            if button::icon_button(ui, icon::PLUS, size::ICON_SMALL, &t!("call.prepared.add")).clicked() {
                let copy = view.draft.messages.get(view.selected).map(|message| message.text.clone());
                view.draft.messages.push(PreparedMessage { text: copy.unwrap_or_default(), after: None });
                view.touched = true;
                view.select(view.draft.messages.len() - 1);
            }
            if Phase::of(tab) == Phase::Open
                && sent < count
                && button::link(ui, &t!("call.prepared.send_all")).clicked()
            {
                for index in sent..count {
                    cx.push(Command::SendMessage(tab.id, index));
                }
            }
        });
    });
    let height = count.clamp(1, MOST_ROWS) as f32 * size::ROW + 8.0;
    let (_, list) = ui.allocate_space(vec2(ui.available_width(), height));
    crate::widget::edge::hline(ui.painter(), list.x_range(), list.bottom() - 1.0, cx.tokens.line);
    pane::inside(ui, list.with_max_y(list.bottom() - 5.0), "prepared", |ui| {
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for index in 0..count {
                row_ui(ui, cx, subject, view, index);
            }
        });
    });
}

fn row_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, view: &mut View, index: usize) {
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::ROW));
    if !ui.is_rect_visible(rect) {
        return;
    }
    let Some(message) = view.draft.messages.get(index) else { return };
    let t = cx.tokens;
    let running = subject.tab.running.as_ref();
    let progress = match running {
        Some(running) if index < running.sent => Progress::Sent,
        Some(running) if index == running.sent => Progress::Next,
        _ => Progress::Waiting,
    };
    let (glyph, face, tone, fact) = match progress {
        Progress::Sent => (icon::CHECK, font::icon_bold(13.0), t.ok, sent_words(subject, index)),
        Progress::Next => (icon::CARET_RIGHT, font::icon(11.0), t.accent, t!("call.prepared.next").into_owned()),
        Progress::Waiting => (icon::DOTS_SIX_VERTICAL, font::icon(13.0), t.low, after_words(message)),
    };
    let preview = one_line(&message.text);
    let name = t!("call.prepared.row", number = index + 1, text = preview, fact = fact);
    let id = ui.make_persistent_id(("prepared", index));
    let response = ui.interact(rect, id, Sense::click());
    let selected = view.selected == index;
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, selected, name.as_ref()));
    let painter = ui.painter().clone();
    row::ground(&painter, rect, selected, &response, t);
    let y = rect.center().y;
    text::glyph(&painter, pos2(rect.left() + 20.0, y), glyph, face, tone);
    let number_at = pos2(rect.left() + 44.0, y);
    text::right(&painter, number_at, (index + 1).to_string(), font::code_tiny(), t.low);
    let fact_color = if progress == Progress::Next { t.accent } else { t.low };
    let right = text::right(&painter, pos2(rect.right() - 12.0, y), fact, font::small(), fact_color);
    let left = rect.left() + 56.0;
    let ink = if progress == Progress::Sent { t.mid } else { t.hi };
    text::left_elided(&painter, pos2(left, y), preview, font::code_small(), ink, right - left - 12.0);
    if response.clicked() {
        view.select(index);
    }
}

/// "sent at 4 ms", counted from the start of the call.
fn sent_words(subject: &Subject<'_>, index: usize) -> String {
    let at = subject.record.and_then(|record| {
        let message = record.messages.iter().filter(|message| message.sent).nth(index)?;
        Some(message.at.since(record.flow.started))
    });
    at.map_or_else(|| t!("call.prepared.sent"), |at| t!("call.prepared.sent_at", time = figures::duration(at)))
        .into_owned()
}

fn after_words(message: &PreparedMessage) -> String {
    message
        .after
        .map_or_else(String::new, |after| t!("call.prepared.after", time = figures::setting(after)).into_owned())
}

/// A message without its line breaks, its start only.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(PREVIEW.min(text.len()));
    let mut space = false;
    for letter in text.trim_start().chars() {
        if letter.is_whitespace() {
            space = true;
            continue;
        }
        if std::mem::take(&mut space) {
            line.push(' ');
        }
        line.push(letter);
        if line.len() >= PREVIEW {
            line.push('…');
            break;
        }
    }
    line
}

/// Over the editor: which message it is, when it goes by itself, and what can be done with it.
pub(super) fn editor_head_ui(ui: &mut Ui, cx: &Cx, view: &mut View) {
    pane::bar(ui, size::FORM_ROW, Line::None, |ui| {
        ui.spacing_mut().item_spacing.x = size::GAP;
        let index = view.selected;
        let last = view.draft.messages.len().saturating_sub(1);
        text::label(ui, t!("call.prepared.message", number = index + 1), font::card_title(), cx.tokens.hi);
        after_ui(ui, cx, view);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            let tool = |ui: &mut Ui, glyph, name: &str, enabled: bool| {
                ui.add_enabled_ui(enabled, |ui| button::icon_button(ui, glyph, size::ICON_SMALL, name).clicked()).inner
            };
            if tool(ui, icon::X, &t!("call.prepared.remove"), last > 0) {
                view.draft.messages.remove(index);
                view.touched = true;
                view.generation += 1;
                view.select(index.min(view.draft.messages.len().saturating_sub(1)));
                view.reload_editor();
            }
            for (glyph, name, to) in [
                (icon::ARROW_DOWN, t!("call.prepared.down"), (index < last).then_some(index + 1)),
                (icon::ARROW_UP, t!("call.prepared.up"), index.checked_sub(1)),
            ] {
                if tool(ui, glyph, &name, to.is_some())
                    && let Some(to) = to
                {
                    view.draft.messages.swap(index, to);
                    view.touched = true;
                    view.select(to);
                }
            }
        });
    });
}

/// The pause before the message goes by itself; empty: by hand.
fn after_ui(ui: &mut Ui, cx: &Cx, view: &mut View) {
    let index = view.selected;
    let Some(message) = view.draft.messages.get_mut(index) else { return };
    let key = format!("after {index}");
    let mut typed =
        view.typed.get(&key).cloned().unwrap_or_else(|| message.after.map(duration_text::format).unwrap_or_default());
    let parsed = if typed.trim().is_empty() { Ok(None) } else { duration_text::parse(&typed).map(Some) };
    text::label(ui, t!("call.prepared.after_label"), font::label_regular(), cx.tokens.low);
    let name = t!("call.prepared.after_name");
    let hint = t!("call.prepared.by_hand");
    let field = Field::new(&name, &mut typed)
        .hint(&hint)
        .font(font::code_small())
        .height(24.0)
        .width(88.0)
        .error(parsed.is_err())
        .id(ui.make_persistent_id(("after", view.generation)))
        .show(ui);
    if let Err(problem) = &parsed {
        field.clone().on_hover_text(problem);
    }
    if field.changed() {
        let parsed = if typed.trim().is_empty() { Ok(None) } else { duration_text::parse(&typed).map(Some) };
        if let Ok(after) = parsed {
            message.after = after;
            view.touched = true;
        }
        view.typed.insert(key, typed);
    } else if !field.has_focus() && parsed.is_ok() {
        view.typed.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_message_of_many_lines_is_shown_in_one() {
        assert_eq!(one_line("{\n  \"text\": \"你好\",\n  \"n\": 1\n}\n"), "{ \"text\": \"你好\", \"n\": 1 }");
        assert!(one_line(&"x".repeat(10_000)).ends_with('…'));
    }
}
