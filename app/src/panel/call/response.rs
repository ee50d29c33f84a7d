//! The response side: status line, sub-tabs, and what each shows in each state of the call.

use callscope_wire::{Shape, Status};
use egui::{Align, Frame, Layout, Margin, ScrollArea, Ui, UiBuilder, vec2};
use rust_i18n::t;

use super::subject::Subject;
use super::view::{ResponseTab, View};
use super::{answer, attempts, empty, figures, metadata, status, stream};
use crate::command::Command;
use crate::model::flows::Record;
use crate::model::settings::Settings;
use crate::panel::Cx;
use crate::theme::{font, size};
use crate::widget::json::tree::{Labels, Tree};
use crate::widget::mark::{self, Mark};
use crate::widget::subtabs::{SubTab, subtabs};
use crate::widget::{button, chip, pane, segmented, text};
use crate::words::tell;

/// The largest limit that the protocol has a number for.
const MOST_MIB: u32 = 2_047;
/// Room of the Tree / Text switch.
const SWITCH: f32 = 112.0;

pub(super) fn ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View) {
    let Some(record) = subject.record else {
        // Asked for a moment ago: the first that is heard of it comes with the next frames.
        if subject.tab.running.is_none() {
            empty::ui(ui, cx, subject);
        }
        return;
    };
    tabs_ui(ui, cx, record, view);
    status::ui(ui, cx, subject, record);
    let rest = ui.available_rect_before_wrap();
    pane::inside(ui, rest, "response body", |ui| match view.response_tab {
        ResponseTab::Message => message_ui(ui, cx, subject, view, record),
        ResponseTab::Metadata => {
            let nothing = if record.flow.ended.is_none() {
                t!("call.response.no_headers_yet")
            } else {
                t!("call.response.no_headers")
            };
            metadata::read_ui(ui, cx, record.flow.headers.as_ref(), &nothing);
        }
        ResponseTab::Trailers => {
            let trailers = record.flow.status.as_ref().map(|status| &status.trailers);
            let nothing =
                if trailers.is_none() { t!("call.response.no_trailers_yet") } else { t!("call.response.no_trailers") };
            metadata::read_ui(ui, cx, trailers, &nothing);
        }
        ResponseTab::Attempts => attempts::ui(ui, cx, subject, view),
    });
}

fn tabs_ui(ui: &mut Ui, cx: &Cx, record: &Record, view: &mut View) {
    let flow = &record.flow;
    let many = is_stream(flow.shape);
    let count = |count: u64| if count == 0 { String::new() } else { chip::grouped(count) };
    let messages = if many { flow.sent.messages + flow.received.messages } else { flow.received.messages };
    let message = if many { t!("call.request.messages") } else { t!("call.request.message") };
    let (metadata, trailers, attempts) =
        (t!("call.response.metadata"), t!("call.response.trailers"), t!("call.response.attempts"));
    let trailing = match &flow.status {
        Some(status) => count(status.trailers.len() as u64),
        None => "–".to_owned(),
    };
    let tabs = [
        SubTab::new(&message).count(count(messages)),
        SubTab::new(&metadata).count(count(flow.headers.as_ref().map_or(0, |headers| headers.len() as u64))),
        SubTab::new(&trailers).count(trailing),
        SubTab::new(&attempts).count(count(flow.attempts.len() as u64)),
    ];
    let mut selected = ResponseTab::ALL.iter().position(|tab| *tab == view.response_tab).unwrap_or_default();
    let readable = view.response_tab == ResponseTab::Message && !record.messages.is_empty();
    let reserve = if readable && !cx.narrow { SWITCH } else { 0.0 };
    let output = subtabs(ui, &tabs, &mut selected, reserve, &t!("call.more_tabs"));
    view.response_tab = ResponseTab::ALL.get(selected).copied().unwrap_or_default();
    if !readable || output.rest.width() < SWITCH {
        return;
    }
    let mut child = ui.new_child(UiBuilder::new().max_rect(output.rest).layout(Layout::right_to_left(Align::Center)));
    let (tree, as_text) = (t!("call.answer.as_tree"), t!("call.answer.as_text"));
    let mut chosen = usize::from(view.as_text);
    segmented::segmented_small(&mut child, &t!("call.answer.view"), &[&tree, &as_text], &mut chosen);
    view.as_text = chosen == 1;
}

pub(super) fn is_stream(shape: Shape) -> bool {
    shape.client_streams() || shape.server_streams()
}

fn message_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View, record: &Record) {
    if is_stream(record.flow.shape) {
        if let Some(status) = failed(record) {
            let height = (ui.available_height() * 0.4).min(132.0);
            let (top, rest, _) = pane::cut(ui.available_rect_before_wrap(), height, 0.0);
            pane::inside(ui, top, "failure", |ui| failure_ui(ui, cx, record, status));
            pane::inside(ui, rest, "stream", |ui| stream::ui(ui, cx, subject, view, record));
        } else {
            stream::ui(ui, cx, subject, view, record);
        }
        return;
    }
    let answered = record.messages.iter().enumerate().rev().find(|(_, message)| !message.sent);
    match (answered, failed(record)) {
        (Some((index, message)), _) => {
            answer::ui(ui, cx, subject, view, message, record.messages.dropped() + index as u64);
        }
        (None, Some(status)) => failure_ui(ui, cx, record, status),
        (None, None) if record.flow.ended.is_none() => waiting_ui(ui, cx, subject, record),
        (None, None) => {
            let words = if record.flow.shape == Shape::OneWay {
                t!("call.response.one_way")
            } else {
                t!("call.response.nothing")
            };
            centered(ui, |ui| {
                text::label(ui, words, font::body(), cx.tokens.low);
            });
        }
    }
}

fn failed(record: &Record) -> Option<&Status> {
    record.flow.status.as_ref().filter(|status| !status.code.is_ok())
}

/// A call that has no answer yet: for how long, and the way out.
fn waiting_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, record: &Record) {
    let elapsed = figures::duration(record.flow.duration(cx.now()));
    let cancelling = subject.tab.running.as_ref().is_some_and(|running| running.cancelling);
    centered(ui, |ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(24.0, 24.0), egui::Sense::hover());
        mark::paint(ui.painter(), rect.center(), 20.0, Mark::Running, cx.tokens);
        let words =
            if cancelling { t!("call.response.cancelling") } else { t!("call.response.waiting", time = elapsed) };
        text::label(ui, words, font::body(), cx.tokens.mid);
        if button::normal(ui, None, &t!("call.acts.cancel"), !cancelling).clicked() {
            cx.push(Command::Cancel(subject.tab.id));
        }
    });
}

fn centered(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let rect = ui.available_rect_before_wrap();
    let middle = rect.center().y - rect.height() * 0.08;
    let place = rect.with_min_y((middle - 44.0).max(rect.top()));
    let mut child = ui.new_child(UiBuilder::new().max_rect(place).layout(Layout::top_down(Align::Center)));
    child.spacing_mut().item_spacing.y = 12.0;
    add(&mut child);
}

/// Why it failed: the verdict in a sentence, what the other side said, its details.
fn failure_ui(ui: &mut Ui, cx: &mut Cx, record: &Record, status: &Status) {
    let t = cx.tokens;
    ScrollArea::vertical().id_salt("failure").auto_shrink([false, false]).show(ui, |ui| {
        Frame::new().inner_margin(Margin::symmetric(12, 16)).show(ui, |ui| {
            ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
            let message = tell(&status.words());
            let verdict = match tell(&record.verdict) {
                verdict if !verdict.is_empty() => verdict,
                _ if message.is_empty() => status.code.name().to_owned(),
                _ => message.clone(),
            };
            ui.horizontal_top(|ui| {
                let (rect, _) = ui.allocate_exact_size(vec2(20.0, 20.0), egui::Sense::hover());
                mark::paint(ui.painter(), rect.center(), 10.0, figures::mark_of(status.code), t);
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 6.0;
                    text::label(ui, &verdict, font::title(), t.hi);
                    // The verdict mostly quotes it; saying it twice helps nobody.
                    if !verdict.contains(&message) {
                        text::label(ui, &message, font::label_regular(), t.mid);
                    }
                    for fact in facts(record, status) {
                        text::label(ui, fact, font::small(), t.low);
                    }
                    over_limit_ui(ui, cx, status);
                    if button::link(ui, &t!("call.answer.show_in_traffic")).clicked() {
                        cx.push(Command::FollowFlow(Some(record.flow.id)));
                    }
                });
            });
            if !status.details.is_empty() {
                ui.add_space(8.0);
                text::label(ui, t!("call.response.details"), font::card_title(), t.hi);
            }
            for (index, detail) in status.details.iter().enumerate() {
                let version = record.flow.id.0 ^ (index as u64).rotate_left(32);
                details_ui(ui, index, detail, version);
            }
        });
    });
}

fn details_ui(ui: &mut Ui, index: usize, detail: &callscope_wire::Value, version: u64) {
    let fields = |count: usize| t!("call.answer.fields", count = count).into_owned();
    let items = |count: usize| t!("call.answer.items", count = count).into_owned();
    let rows = detail.as_object().map_or(1, serde_json::Map::len).clamp(1, 8) as f32;
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), rows * size::ROW));
    let id = ui.make_persistent_id(("detail", index));
    pane::inside(ui, rect, "detail", |ui| {
        // Folds of details are not worth keeping over a restart of the tab: egui's own memory will do.
        let mut state =
            ui.data_mut(|data| data.get_temp::<crate::widget::json::tree::TreeState>(id)).unwrap_or_default();
        let name = t!("call.response.details");
        Tree::new(id, &name, detail, version, Labels { fields: &fields, items: &items }).show(ui, &mut state);
        ui.data_mut(|data| data.insert_temp(id, state));
    });
}

/// A message was larger than what a side accepts: whose limit it is, and the way to raise it where it is ours.
fn over_limit_ui(ui: &mut Ui, cx: &mut Cx, status: &Status) {
    let of_messages = |detail: &&callscope_wire::Value| detail.get("limit").is_some_and(|limit| limit == "max_message");
    let Some(detail) = status.details.iter().find(of_messages) else { return };
    if detail.get("set_by").is_some_and(|side| side == "server") {
        text::label(ui, t!("large.limit_of_server"), font::small(), cx.tokens.low);
        return;
    }
    let now = cx.model.settings.max_message_mib;
    text::label(ui, t!("large.limit_of_ours", size = now), font::small(), cx.tokens.low);
    let wanted = detail.get("message_bytes").and_then(callscope_wire::Value::as_u64).unwrap_or(0).div_ceil(1 << 20);
    let wanted = u32::try_from(wanted.max(u64::from(now) + 1)).unwrap_or(u32::MAX).checked_next_power_of_two();
    let wanted = wanted.unwrap_or(MOST_MIB).min(MOST_MIB);
    if wanted > now && button::link(ui, &t!("large.raise", size = wanted)).clicked() {
        let settings = Settings { max_message_mib: wanted, ..cx.model.settings.clone() };
        cx.push(Command::Settings(Box::new(settings)));
    }
}

/// What else is known of a failure, a line each.
fn facts(record: &Record, status: &Status) -> Vec<String> {
    let mut facts = Vec::new();
    if status.not_processed {
        facts.push(t!("call.response.not_processed").into_owned());
    }
    if let Some(pushback) = status.pushback_ms {
        facts.push(if pushback < 0 {
            t!("call.response.do_not_retry").into_owned()
        } else {
            t!("call.response.retry_in", time = format!("{pushback} ms")).into_owned()
        });
    }
    if let Some(redirect) = &status.redirect {
        facts.push(t!("call.response.redirect", address = redirect).into_owned());
    }
    if let Some(reason) = &record.flow.retry_refused {
        facts.push(t!("call.attempts.refused", reason = tell(reason)).into_owned());
    }
    facts
}
