//! The messages of a stream as a table that sticks to its end, and the selected one below it.

use std::time::Duration;

use egui::{Rect, Ui, pos2};
use rust_i18n::t;

use super::subject::Subject;
use super::view::View;
use super::{answer, counting, figures, summary};
use crate::model::flows::{Message, Record};
use crate::model::messages::Keep;
use crate::panel::Cx;
use crate::theme::{font, icon, size};
use crate::widget::mark::{self, Mark};
use crate::widget::pane::{self, Line};
use crate::widget::splitter;
use crate::widget::vtable::{Column, RowPainter, VTable};
use crate::widget::{button, chip, edge, text};

/// Rows whose distances make the median.
const MEDIAN_OF: usize = 1_000;
/// A distance of so many medians is marked.
const LATE: u32 = 10;
const TABLE_LEAST: f32 = 120.0;
const MESSAGE_LEAST: f32 = 100.0;

pub(super) fn ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View, record: &Record) {
    let rect = ui.available_rect_before_wrap();
    // Rows went away at the front: what is selected stays selected.
    view.table.shift(record.messages.dropped().saturating_sub(view.dropped));
    view.dropped = record.messages.dropped();
    let least = TABLE_LEAST.min(rect.height());
    let most = (rect.height() - MESSAGE_LEAST).max(least);
    let height = (rect.height() * view.stream_share).clamp(least, most).round();
    let (upper, lower, _) = pane::cut(rect, height, 0.0);
    let (_, table, foot) = pane::cut(upper, 0.0, size::PILL_FOOTER);
    pane::inside(ui, table, "messages", |ui| match record.keep {
        Keep::Count => counting::ui(ui, cx, record),
        _ => table_ui(ui, cx, subject, view, record),
    });
    pane::bar_at(ui, foot, Line::Above, |ui| foot_ui(ui, cx, subject, view, record));
    edge::hline(ui.painter(), rect.x_range(), lower.top() - 1.0, cx.tokens.line);

    let shown = view.table.selected().filter(|_| record.keep != Keep::Count).or_else(|| {
        // Following without a selection shows what came last.
        view.table.is_following().then(|| (record.messages.len() as u64).checked_sub(1))?
    });
    let message = shown.and_then(|row| Some((row, record.messages.get(usize::try_from(row).ok()?)?)));
    if let Some((row, message)) = message {
        let (head, rest, _) = pane::cut(lower, size::TABLE_HEADER, 0.0);
        let number = record.messages.dropped() + row;
        pane::bar_at(ui, head, Line::None, |ui| head_ui(ui, cx, subject, record, message, number));
        pane::inside(ui, rest, "message", |ui| answer::ui(ui, cx, subject, view, message, number));
    }
    let line = Rect::from_x_y_ranges(rect.x_range(), lower.top() - 1.0..=lower.top() - 1.0);
    let id = ui.make_persistent_id("stream split");
    let by = splitter::splitter(ui, id, line, splitter::Line::Horizontal, &t!("shell.splitter"));
    view.stream_share = (view.stream_share + by / rect.height().max(1.0)).clamp(0.2, 0.85);
}

fn table_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, view: &mut View, record: &Record) {
    let t = cx.tokens;
    let (summary, bytes) = (t!("call.stream.summary"), t!("call.stream.bytes"));
    let columns = [
        Column::right("#", 60.0),
        Column::left("", 28.0),
        Column::right("+Δt", 84.0),
        Column::right(&bytes, 68.0),
        Column::flex(&summary, 80.0),
    ];
    let median = median(record);
    let kind_of = |sent| answer::type_of(subject, sent).map_or_else(String::new, callscope_wire::schema::TypeRef::bare);
    let (sent_kind, received_kind) = (kind_of(true), kind_of(false));
    let message = |row: u64| record.messages.get(usize::try_from(row).ok()?);
    let name = |row: u64| {
        let Some(message) = message(row) else { return String::new() };
        let way = if message.sent { t!("call.stream.sent") } else { t!("call.stream.received") };
        format!("{way} {}: {}", record.messages.dropped() + row + 1, summary::of(&message.bytes))
    };
    let id = ui.make_persistent_id("messages");
    let title = t!("call.request.messages");
    VTable::new(id, &title, &columns, record.messages.len() as u64).header(28.0).row_name(&name).show(
        ui,
        &mut view.table,
        |cells: &mut RowPainter<'_>, row| {
            let Some(one) = message(row) else { return };
            cells.text(0, chip::grouped(record.messages.dropped() + row + 1), font::code_tiny(), t.low);
            let (arrow, color) = if one.sent { (icon::ARROW_UP, t.sent) } else { (icon::ARROW_DOWN, t.recv) };
            text::glyph(cells.painter, cells.cell(1).center(), arrow, font::icon_bold(12.0), color);
            let before = row.checked_sub(1).and_then(message);
            let since = one.at.since(before.map_or(record.flow.started, |before| before.at));
            let late = before.is_some() && median.is_some_and(|median| since > median * LATE);
            let tone = if late { t.cap } else { t.mid };
            let words = figures::duration(since);
            if late {
                let width = text::width(cells.painter, words.as_str(), font::code_small());
                let at = pos2(cells.cell(2).right() - width - 9.0, cells.rect.center().y);
                mark::paint(cells.painter, at, mark::SIZE, Mark::Cap, t);
            }
            cells.mono(2, words, tone);
            cells.mono(3, one.bytes.len().to_string(), t.low);
            let kind = if one.sent { &sent_kind } else { &received_kind };
            cells.kind_and_summary(4, kind, &summary::of(&one.bytes));
        },
    );
}

/// Where one stopped, and the way back to the end.
fn foot_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View, record: &Record) {
    let rows = record.messages.len() as u64;
    let kept = t!("call.stream.kept", count = chip::grouped(rows), bytes = figures::bytes(record.flow.received.bytes));
    let mut words = match view.table.selected().filter(|_| !view.table.is_following()) {
        Some(row) => {
            format!(
                "{} · {kept}",
                t!("call.stream.stopped", number = chip::grouped(record.messages.dropped() + row + 1))
            )
        }
        None => kept.into_owned(),
    };
    if record.messages.dropped() > 0 && record.keep != Keep::Count {
        words = format!("{words} · {}", t!("call.stream.dropped", count = chip::grouped(record.messages.dropped())));
    }
    let unseen = view.table.unseen(rows);
    pane::right(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        counting::keep_ui(ui, cx, subject, record);
        if record.keep == Keep::Count {
            // Nothing to scroll in.
        } else if unseen > 0 {
            let words = t!("call.stream.new", count = chip::grouped(unseen));
            // Send message is the filled button while the stream is open.
            let filled = !subject.streams();
            if button::pill(ui, icon::ARROW_LINE_DOWN, &words, filled).clicked() {
                view.table.select(None);
                view.table.follow(true);
            }
        } else if !view.table.is_following() && button::link(ui, &t!("call.stream.end")).clicked() {
            view.table.select(None);
            view.table.follow(true);
        }
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            text::line(ui, &words, font::small(), cx.tokens.low, 20.0);
        });
    });
}

fn head_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, record: &Record, message: &Message, number: u64) {
    ui.spacing_mut().item_spacing.x = 8.0;
    let title = t!("call.stream.message", number = chip::grouped(number + 1));
    text::label(ui, title, font::card_title(), cx.tokens.hi);
    let at = figures::duration(message.at.since(record.flow.started));
    let when =
        if message.sent { t!("call.stream.sent_at", time = at) } else { t!("call.stream.received_at", time = at) };
    let kind = answer::type_of(subject, message.sent).map(callscope_wire::schema::TypeRef::bare);
    let words = kind.map_or_else(|| when.clone().into_owned(), |kind| format!("{kind} · {when}"));
    text::line(ui, &words, font::small(), cx.tokens.low, 20.0);
}

/// The middle one of the last distances between messages.
fn median(record: &Record) -> Option<Duration> {
    let start = record.messages.len().saturating_sub(MEDIAN_OF);
    let last = record.messages.range(start..);
    let mut gaps: Vec<Duration> = last.clone().zip(last.skip(1)).map(|(a, b)| b.at.since(a.at)).collect();
    if gaps.len() < 5 {
        return None;
    }
    let middle = gaps.len() / 2;
    let (_, median, _) = gaps.select_nth_unstable(middle);
    Some(*median)
}
