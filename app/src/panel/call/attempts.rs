//! Every try of a call: instance, address, how it went; the waits between them, and what was left of the deadline.

use callscope_wire::capture::{Attempt, Flow};
use egui::{Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::figures;
use super::subject::Subject;
use super::view::View;
use crate::panel::Cx;
use crate::theme::{font, mix, size};
use crate::widget::mark::{self, Mark};
use crate::widget::{chip, edge, meter, row, text};
use crate::words::tell;

const ROW: f32 = 48.0;
const LEFT: f32 = 32.0;

pub(super) fn ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, view: &mut View) {
    let Some(record) = subject.record else { return };
    let flow = &record.flow;
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.add_space(8.0);
        for attempt in &flow.attempts {
            if let Some((delay, reason)) = &attempt.backoff {
                backoff_ui(ui, cx, &figures::duration(*delay), &tell(reason));
            }
            if let Some((from, to)) = &attempt.redirected {
                note_ui(ui, cx, &t!("call.attempts.sent_on", from = from, to = to));
            }
            if !attempt.withheld.is_empty() {
                note_ui(ui, cx, &t!("call.attempts.withheld", names = attempt.withheld.join(", ")));
            }
            if !attempt.instance.is_empty() || attempt.status.is_some() {
                attempt_ui(ui, cx, view, flow, attempt);
            }
        }
        if let Some(reason) = &flow.retry_refused {
            note_ui(ui, cx, &t!("call.attempts.refused", reason = tell(reason)));
        }
        if let Some(reason) = &flow.redirect_refused {
            note_ui(ui, cx, &t!("call.attempts.stays", reason = tell(reason)));
        }
        if flow.attempts.is_empty() {
            note_ui(ui, cx, &t!("call.attempts.none"));
        }
        deadline_ui(ui, cx, flow);
        not_tried_ui(ui, cx, subject, flow);
    });
}

fn attempt_ui(ui: &mut Ui, cx: &Cx, view: &mut View, flow: &Flow, attempt: &Attempt) {
    let t = cx.tokens;
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), ROW));
    let id = ui.make_persistent_id(("attempt", flow.id, attempt.number));
    let response = ui.interact(rect, id, Sense::click());
    let took = attempt.ended.unwrap_or(cx.now()).since(attempt.started);
    let outcome = attempt
        .status
        .as_ref()
        .map_or_else(|| t!("call.status.running").into_owned(), |status| status.code.to_string());
    let selected = view.attempt == Some(attempt.number);
    let name = t!("call.attempts.row", number = attempt.number, instance = attempt.instance, outcome = outcome);
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, selected, name.as_ref()));
    if response.clicked() {
        view.attempt = if selected { None } else { Some(attempt.number) };
    }
    let painter = ui.painter();
    row::ground(painter, rect, selected, &response, t);
    let kind = attempt.status.as_ref().map_or(Mark::Running, |status| figures::mark_of(status.code));
    let (upper, lower) = (rect.top() + 16.0, rect.top() + 34.0);
    mark::paint(painter, pos2(rect.left() + 16.0, upper), mark::SIZE, kind, t);
    let title = t!("call.attempts.attempt", number = attempt.number);
    let mut x = text::left(painter, pos2(rect.left() + LEFT, upper), title.as_ref(), font::card_title(), t.hi) + 8.0;
    let end = rect.right() - size::ROW_RIGHT;
    let took_left = text::right(painter, pos2(end, upper), figures::duration(took), font::code_small(), t.hi);
    x = text::left_elided(painter, pos2(x, upper), &attempt.instance, font::code_small(), t.mid, took_left - x - 12.0);
    let address = attempt.address.as_str();
    let address_at = pos2(x + 10.0, upper + font::CODE_SMALL_LIFT);
    text::left_elided(painter, address_at, address, font::code_tiny(), t.low, took_left - address_at.x - 12.0);
    let at = t!("call.attempts.at", time = figures::duration(attempt.started.since(flow.started)));
    let mut right = text::right(painter, pos2(end, lower), at.as_ref(), font::small(), t.low) - 12.0;
    if let Some(state) = attempt.breaker {
        let kind = figures::mark_of_breaker(state);
        right = text::right(painter, pos2(right, lower), state.name(), font::small(), kind.color(t)) - 8.0;
        mark::paint(painter, pos2(right - 2.0, lower), 7.0, kind, t);
        right -= 12.0;
    }
    let words_at = pos2(rect.left() + LEFT, lower);
    let x = text::left(painter, words_at, outcome.as_str(), font::small_medium(), kind.color(t)) + 8.0;
    if let Some(status) = attempt.status.as_ref().filter(|status| !status.message.is_empty()) {
        text::left_elided(painter, pos2(x, lower), tell(&status.words()), font::small(), t.low, right - x);
    }
    if selected {
        segments_ui(ui, cx, flow, attempt);
    }
}

/// The parts of an attempt's time, one line each.
fn segments_ui(ui: &mut Ui, cx: &Cx, flow: &Flow, attempt: &Attempt) {
    let t = cx.tokens;
    let whole = attempt.ended.unwrap_or(cx.now()).since(attempt.started).as_secs_f64().max(1e-9);
    for (segment, from, to) in &attempt.segments {
        let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::ROW));
        let y = rect.center().y;
        let left = rect.left() + LEFT;
        text::left(ui.painter(), pos2(left, y), segment.name(), font::label_regular(), t.mid);
        let track = Rect::from_min_size(pos2(left + 88.0, y - 4.0), vec2(96.0, 8.0));
        ui.painter().rect_filled(track.shrink2(vec2(0.0, 3.0)), 1, t.line2);
        let share = |at: callscope_wire::Time| (at.since(attempt.started).as_secs_f64() / whole) as f32;
        let begin = track.left() + track.width() * share(*from).clamp(0.0, 1.0);
        let end = (track.left() + track.width() * share(*to).clamp(0.0, 1.0)).max(begin + 2.0);
        let bar = Rect::from_min_max(pos2(begin, track.top()), pos2(end, track.bottom()));
        ui.painter().rect_filled(bar, size::BAR_RADIUS, mix(t.island, t.accent, 0.8));
        let end = pos2(rect.right() - size::ROW_RIGHT, y);
        let words = figures::duration(to.since(*from));
        text::right(ui.painter(), end, words, font::code_small(), t.mid);
        let at = t!("call.attempts.at", time = figures::duration(from.since(flow.started)));
        text::left(ui.painter(), pos2(track.right() + 12.0, y), at.as_ref(), font::small(), t.low);
    }
}

fn backoff_ui(ui: &mut Ui, cx: &Cx, delay: &str, reason: &str) {
    let t = cx.tokens;
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), 28.0));
    let y = rect.center().y;
    let hatch = Rect::from_min_size(pos2(rect.left() + LEFT, y - 4.0), vec2(72.0, 8.0));
    mark::hatch(ui.painter(), hatch, mix(t.island, t.idle, 0.6));
    let mut words = t!("call.attempts.backoff", time = delay).into_owned();
    if !reason.is_empty() {
        words = format!("{words} · {reason}");
    }
    let at = pos2(hatch.right() + 8.0, y);
    text::left_elided(ui.painter(), at, words.as_str(), font::small(), t.low, rect.right() - at.x - 12.0);
    let label = ui.interact(rect, ui.make_persistent_id(("back-off", delay, reason)), Sense::hover());
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
}

fn note_ui(ui: &mut Ui, cx: &Cx, words: &str) {
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), 28.0));
    let at = pos2(rect.left() + LEFT, rect.center().y);
    text::left_elided(ui.painter(), at, words, font::small(), cx.tokens.low, rect.right() - at.x - 12.0);
    let label = ui.interact(rect, ui.make_persistent_id(words), Sense::hover());
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    label.on_hover_text(words);
}

/// A section with a title and a fact at the right; gives its y for what follows below.
fn section(ui: &mut Ui, cx: &Cx, title: &str, fact: &str) {
    let t = cx.tokens;
    ui.add_space(12.0);
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::TABLE_HEADER));
    edge::hline(ui.painter(), rect.x_range(), rect.top(), t.line);
    let y = rect.center().y + 4.0;
    text::left(ui.painter(), pos2(rect.left() + 16.0, y), title, font::card_title(), t.hi);
    text::right(ui.painter(), pos2(rect.right() - size::ROW_RIGHT, y), fact, font::label(), t.hi);
    let label = ui.interact(rect, ui.make_persistent_id(("section", title)), Sense::hover());
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{title}: {fact}")));
}

fn deadline_ui(ui: &mut Ui, cx: &Cx, flow: &Flow) {
    let Some(deadline) = flow.deadline else { return };
    let t = cx.tokens;
    let used = flow.duration(cx.now());
    let left = deadline.saturating_sub(used);
    let fact =
        t!("call.attempts.left", left = figures::duration(left), deadline = figures::setting(deadline)).into_owned();
    section(ui, cx, &t!("call.attempts.deadline"), &fact);
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), 16.0));
    let share = (used.as_secs_f64() / deadline.as_secs_f64().max(1e-9)) as f32;
    let color = if share >= 1.0 { t.err } else { t.cap };
    meter::meter(ui.painter(), rect.shrink2(vec2(16.0, 0.0)), share, color, None, t);
}

/// Instances that no attempt went to, with the state that kept them out, if one did.
fn not_tried_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, flow: &Flow) {
    let t = cx.tokens;
    let failed = flow.status.as_ref().is_some_and(|status| !status.code.is_ok());
    let Some(service) = subject.service.filter(|_| failed) else { return };
    let missing: Vec<_> = service
        .instances
        .iter()
        .filter(|listed| !flow.attempts.iter().any(|attempt| attempt.instance == listed.instance.id))
        .collect();
    if missing.is_empty() {
        return;
    }
    section(ui, cx, &t!("call.attempts.not_tried"), &chip::grouped(missing.len() as u64));
    for listed in missing {
        let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::ROW));
        let y = rect.center().y;
        let id = &listed.instance.id;
        let state = subject.breaker_of(id);
        let kind = state.map_or_else(|| figures::mark_of_health(listed.instance.health), figures::mark_of_breaker);
        mark::paint(ui.painter(), pos2(rect.left() + 16.0, y), mark::SIZE, kind, t);
        text::left(ui.painter(), pos2(rect.left() + LEFT, y), id, font::code_small(), t.mid);
        if let Some(state) = state {
            let end = pos2(rect.right() - size::ROW_RIGHT, y);
            text::right(ui.painter(), end, state.name(), font::small_medium(), kind.color(t));
        }
    }
}
