//! The status line over an answer: how the call ended or how long it runs, and on what.

use callscope_wire::capture::Flow;
use egui::{Sense, Ui, pos2, vec2};
use rust_i18n::t;

use super::subject::Subject;
use super::{compare, figures};
use crate::command::Command;
use crate::model::flows::Record;
use crate::panel::Cx;
use crate::theme::{font, size};
use crate::widget::mark::{self, Mark};
use crate::widget::pane::{self, Line};
use crate::widget::{button, chip, text};

/// Longer than this, and a running call offers to be cancelled right here.
const CANCEL_AFTER_MS: u128 = 1_000;

/// Room of the button with what to compare with.
const COMPARE: f32 = 32.0;

/// Room of the dot between two facts.
const DOT: f32 = 19.0;

pub(super) fn ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, record: &Record) {
    let flow = &record.flow;
    pane::bar(ui, size::STATUS_LINE, Line::Below, |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let took = figures::duration(flow.duration(cx.now()));
        match &flow.status {
            Some(status) => chip::status_chip(ui, figures::mark_of(status.code), &status.code.to_string()),
            None if subject.streams() => chip::status_chip(ui, Mark::Running, &t!("call.status.streaming")),
            None => chip::status_chip(ui, Mark::Running, &t!("call.status.running")),
        };
        ui.add_space(12.0);
        value_ui(ui, cx, &took);
        if subject.streams() {
            counts_ui(ui, cx, flow);
        } else if flow.status.is_some() {
            dot_ui(ui, cx);
            value_ui(ui, cx, &figures::bytes(flow.received.bytes));
        }
        attempt_ui(ui, cx, subject, flow);
        // What stands at the right end comes first: facts take what is left.
        let end = if flow.ended.is_some() { COMPARE } else { 0.0 };
        if !cx.narrow {
            instance_ui(ui, cx, subject, flow, end);
        }
        let waited = flow.duration(cx.now()).as_millis() >= CANCEL_AFTER_MS;
        pane::right(ui, |ui| {
            if flow.ended.is_some() && ui.available_width() >= COMPARE {
                compare::menu_button(ui, cx, subject);
            } else if flow.ended.is_none()
                && waited
                && !subject.streams()
                && button::link(ui, &t!("call.acts.cancel")).clicked()
            {
                cx.push(Command::Cancel(subject.tab.id));
            }
        });
    });
}

/// Messages each way, and how fast they come.
fn counts_ui(ui: &mut Ui, cx: &Cx, flow: &Flow) {
    let t = cx.tokens;
    for (arrow, color, count) in [("↑", t.sent, flow.sent.messages), ("↓", t.recv, flow.received.messages)] {
        ui.add_space(12.0);
        text::label(ui, arrow, font::card_title(), color);
        ui.add_space(2.0);
        value_ui(ui, cx, &chip::grouped(count));
    }
    let seconds = flow.duration(cx.now()).as_secs_f64();
    if seconds >= 1.0 && flow.received.messages > 1 && !cx.narrow {
        ui.add_space(12.0);
        let rate = flow.received.messages as f64 / seconds;
        value_ui(ui, cx, &t!("call.status.rate", rate = figures::digits(rate)));
    }
}

fn attempt_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, flow: &Flow) {
    let made = flow.attempts.len();
    let most = subject.policy.retry.as_ref().map_or(1, |retry| usize::from(retry.max_attempts.clamp(1, 5)));
    if made == 0 || (most < 2 && made < 2) || subject.streams() {
        return;
    }
    dot_ui(ui, cx);
    key_ui(ui, cx, &t!("call.status.attempt"));
    value_ui(ui, cx, &format!("{made}/{}", most.max(made)));
}

/// `end`: room that is needed behind it.
fn instance_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, flow: &Flow, end: f32) {
    let Some(attempt) = flow.attempts.iter().rev().find(|attempt| !attempt.instance.is_empty()) else { return };
    let width = |words: &str| text::width(ui.painter(), words, font::label());
    if ui.available_width() - end < width(&attempt.instance) + DOT {
        return;
    }
    dot_ui(ui, cx);
    value_ui(ui, cx, &attempt.instance);
    let Some(state) = subject.breaker_of(&attempt.instance).or(attempt.breaker) else { return };
    let key = t!("call.status.breaker");
    let needs = DOT + text::width(ui.painter(), format!("{key} {}", state.name()), font::label()) + 20.0;
    if ui.available_width() - end < needs {
        return;
    }
    dot_ui(ui, cx);
    key_ui(ui, cx, &key);
    let kind = figures::mark_of_breaker(state);
    let (rect, _) = ui.allocate_exact_size(vec2(12.0, 20.0), Sense::hover());
    mark::paint(ui.painter(), pos2(rect.left() + 4.0, rect.center().y), mark::SIZE, kind, cx.tokens);
    text::label(ui, state.name(), font::label(), kind.color(cx.tokens));
}

fn value_ui(ui: &mut Ui, cx: &Cx, words: &str) {
    text::label(ui, words, font::label(), cx.tokens.hi);
}

fn key_ui(ui: &mut Ui, cx: &Cx, words: &str) {
    text::label(ui, words, font::label_regular(), cx.tokens.low);
    ui.add_space(4.0);
}

fn dot_ui(ui: &mut Ui, cx: &Cx) {
    let (rect, _) = ui.allocate_exact_size(vec2(DOT, 20.0), Sense::hover());
    mark::dot(ui.painter(), rect.center(), cx.tokens.low);
}
