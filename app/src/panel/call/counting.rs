//! A stream in numbers: how many of its messages to keep, how fast they come, and what there is to see when none but the
//! last is kept.

use callscope_wire::Time;
use callscope_wire::capture::Count;
use egui::{Rect, Ui, pos2, vec2};
use rust_i18n::t;

use super::figures;
use super::subject::Subject;
use crate::command::Command;
use crate::model::flows::Record;
use crate::model::messages::Keep;
use crate::panel::Cx;
use crate::theme::{font, size};
use crate::widget::select::Select;
use crate::widget::{button, chip, text};

/// Faster than anybody reads, and than a list is worth its work: counting alone is offered.
const FAST: u64 = 2_000;
/// What one figure takes.
const FIGURE: f32 = 132.0;
const BARS: f32 = 48.0;

/// How many messages of this call are kept; and, when they come very fast, the offer to only count them.
pub(super) fn keep_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, record: &Record) {
    let tab = subject.tab.id;
    let words = Keep::ALL.map(|keep| match keep {
        Keep::All => t!("keep.all"),
        Keep::Recent => t!("keep.recent"),
        Keep::Few => t!("keep.few"),
        Keep::Count => t!("keep.count"),
    });
    let words: Vec<&str> = words.iter().map(std::convert::AsRef::as_ref).collect();
    let mut chosen = Keep::ALL.iter().position(|keep| *keep == record.keep).unwrap_or(0);
    let changed = Select::new(&t!("keep.name"), &words).frameless().show(ui, &mut chosen).changed();
    if changed && let Some(keep) = Keep::ALL.get(chosen) {
        cx.push(Command::Keep(tab, *keep));
    }
    if record.keep != Keep::Count && record.flow.ended.is_none() {
        let rate = record.rate.per_second(record.flow.started, cx.now()).messages;
        if rate >= FAST && button::link(ui, &t!("keep.offer", rate = chip::grouped(rate))).clicked() {
            cx.push(Command::Keep(tab, Keep::Count));
        }
    }
}

/// In place of the list: what is known of all messages.
pub(super) fn ui(ui: &mut Ui, cx: &Cx, record: &Record) {
    let now = record.flow.ended.unwrap_or(cx.now());
    let flow = &record.flow;
    let rate = if flow.ended.is_some() {
        mean(flow.received, flow.duration(now).as_secs_f64())
    } else {
        record.rate.per_second(flow.started, now)
    };
    let size = flow.received.bytes.checked_div(flow.received.messages).unwrap_or(0);
    let per_second = |value: String| t!("keep.per_second", value = value).into_owned();
    let rates = [per_second(chip::grouped(rate.messages)), per_second(figures::bytes(rate.bytes))];
    let [messages_rate, bytes_rate] = rates;
    let figures = [
        (t!("keep.received"), chip::grouped(flow.received.messages)),
        (t!("keep.rate"), messages_rate),
        (t!("keep.throughput"), bytes_rate),
        (t!("keep.bytes"), figures::bytes(flow.received.bytes)),
        (t!("keep.mean_size"), figures::bytes(size)),
        (t!("keep.sent"), chip::grouped(flow.sent.messages)),
    ];
    let rect = ui.available_rect_before_wrap().shrink2(vec2(size::PANE_PADDING, 8.0));
    let across = ((rect.width() / FIGURE) as usize).max(1);
    for (index, (name, value)) in figures.iter().enumerate() {
        let at = pos2(rect.left() + (index % across) as f32 * FIGURE, rect.top() + (index / across) as f32 * 44.0);
        let place = Rect::from_min_size(at, vec2(FIGURE - 8.0, 40.0));
        if place.bottom() > rect.bottom() {
            break;
        }
        text::left(ui.painter(), pos2(at.x, at.y + 8.0), name.as_ref(), font::small(), cx.tokens.low);
        text::left(ui.painter(), pos2(at.x, at.y + 28.0), value.as_str(), font::title(), cx.tokens.hi);
        let id = ui.make_persistent_id(("figure", index));
        let node = ui.interact(place, id, egui::Sense::hover());
        node.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("{name}: {value}")));
    }
    let below = rect.top() + figures.len().div_ceil(across) as f32 * 44.0 + 8.0;
    let bars = Rect::from_min_max(pos2(rect.left(), below), pos2(rect.right(), (below + BARS).min(rect.bottom())));
    if bars.height() >= 24.0 {
        bars_ui(ui, cx, record, now, bars);
    }
}

fn mean(count: Count, seconds: f64) -> Count {
    let share = |all: u64| (all as f64 / seconds.max(0.001)).round() as u64;
    Count { messages: share(count.messages), bytes: share(count.bytes) }
}

/// Messages in each second of the last minute.
fn bars_ui(ui: &Ui, cx: &Cx, record: &Record, now: Time, rect: Rect) {
    let t = cx.tokens;
    let seconds: Vec<Count> = record.rate.minute(now).collect();
    let most = seconds.iter().map(|count| count.messages).max().unwrap_or(0).max(1);
    let words = t!("keep.minute", most = chip::grouped(most));
    let words = text::right(ui.painter(), pos2(rect.right(), rect.top() + 8.0), words.as_ref(), font::small(), t.low);
    let step = ((words - 12.0 - rect.left()) / seconds.len().max(1) as f32).clamp(2.0, 8.0).floor();
    for (index, count) in seconds.iter().enumerate() {
        let height = (count.messages as f32 / most as f32 * rect.height()).ceil();
        let left = rect.left() + index as f32 * step;
        let bar =
            Rect::from_min_max(pos2(left, rect.bottom() - height.max(1.0)), pos2(left + step - 1.0, rect.bottom()));
        ui.painter().rect_filled(bar, 0, if count.messages == 0 { t.line2 } else { t.recv });
    }
}
