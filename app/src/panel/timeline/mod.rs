//! The waterfall of the active tab's call: where its time went, attempt by attempt.
//!
//! ```text
//!  Flows ──▶ lanes::Chart (bars in ms) ──▶ axis::Axis (points) ──▶ paint
//!                        └── a call made elsewhere is selected ──▶ detail: its messages
//! ```
//!
//! It draws recorded events only, and must not know how they came about. Start reading at [`lanes`].

mod axis;
mod detail;
mod lanes;
mod paint;

use std::collections::HashSet;
use std::time::Duration;

use callscope_wire::FlowId;
use egui::{
    Align, EventFilter, Key, Layout, Modifiers, Rect, Response, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2,
};
use rust_i18n::t;

use self::axis::Axis;
use self::detail::Detail;
use self::lanes::{Chart, Lane, LaneKey, LaneKind};
use self::paint::Painting;
use crate::command::Command;
use crate::model::Model;
use crate::model::flows::Record;
use crate::model::tabs::TabId;
use crate::panel::Cx;
use crate::panel::call::figures;
use crate::panel::call::subject::shown_call;
use crate::theme::{font, icon, reduce_motion, size};
use crate::widget::{button, edge, pane, text};
use crate::words::tell;

const AXIS_ROW: f32 = 28.0;
const LEGEND: f32 = 36.0;
const LABELS: f32 = 208.0;
const LABELS_NARROW: f32 = 128.0;
/// The same with calls across services: names are longer, and indented.
const TREE_LABELS: f32 = 304.0;
const TREE_LABELS_NARROW: f32 = 192.0;
/// The messages of the selected call, where the pane has room for them beside the lanes.
const DETAIL: f32 = 320.0;
const DETAIL_FROM: f32 = 900.0;
const RIGHT: f32 = 24.0;
/// A running call grows this often.
const STEP: Duration = Duration::from_millis(100);
const STEP_REDUCED: Duration = Duration::from_secs(1);

/// The timeline in the bottom dock.
#[derive(Default)]
pub struct Timeline {
    /// The attempt or call that was clicked.
    selected: Option<LaneKey>,
    /// Attempts and calls whose tree is folded.
    folded: HashSet<LaneKey>,
    detail: Detail,
    /// The call that was shown last.
    settled: Option<FlowId>,
    tab: Option<TabId>,
    /// The frame in which [`Self::head_ui`] said the verdict, so that it is not said twice.
    head_frame: Option<u64>,
}

impl Timeline {
    /// The verdict, for the right end of the dock's head. Without it [`Self::ui`] shows a head of its own.
    pub fn head_ui(&mut self, ui: &mut Ui, cx: &mut Cx) {
        self.head_frame = Some(ui.ctx().cumulative_frame_nr());
        if cx.narrow {
            return;
        }
        let record = self.record(cx.model).0.filter(|record| !record.verdict.is_empty());
        let Some(record) = record else { return };
        verdict_ui(ui, cx, &tell(&record.verdict));
    }

    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx) {
        let (record, unsettled) = self.record(cx.model);
        if let Some(wait) = unsettled {
            ui.ctx().request_repaint_after(wait);
        }
        let Some(record) = record else {
            nothing_ui(ui, cx);
            return;
        };
        let mut rect = ui.available_rect_before_wrap();
        let said = self.head_frame == Some(ui.ctx().cumulative_frame_nr());
        if !said && !cx.narrow && !record.verdict.is_empty() {
            let (head, rest, _) = pane::cut(rect, size::TABLE_HEADER, 0.0);
            pane::bar_at(ui, head, pane::Line::Below, |ui| {
                pane::right(ui, |ui| verdict_ui(ui, cx, &tell(&record.verdict)));
            });
            rect = rest;
        }
        let chart = Chart::new(&record.flow, &cx.model.flows, &|key| self.folded.contains(&key), cx.now());
        rect = self.detail_ui(ui, cx, record.flow.id, rect);
        let (top, body, foot) = pane::cut(rect, AXIS_ROW, if cx.narrow { 0.0 } else { LEGEND });
        let labels = match (chart.is_tree, cx.narrow) {
            (true, false) => TREE_LABELS,
            (true, true) => TREE_LABELS_NARROW,
            (false, false) => LABELS,
            (false, true) => LABELS_NARROW,
        };
        let right = (rect.right() - RIGHT).max(rect.left() + labels + 40.0);
        let axis = Axis { left: rect.left() + labels, right, span: chart.span() };
        let shape = record.flow.shape;
        let ticked = shape.client_streams() || shape.server_streams();
        let painting = Painting {
            painter: ui.painter().with_clip_rect(rect),
            tokens: cx.tokens,
            axis,
            ticked,
            is_tree: chart.is_tree,
        };

        painting.grid(&chart, top, body);
        pane::inside(ui, body, "lanes", |ui| {
            ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                for lane in &chart.lanes {
                    self.lane_ui(ui, cx, record, &chart, lane, &painting);
                }
                if chart.left_out > 0 {
                    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::ROW));
                    let words = t!("timeline.left_out", count = chart.left_out);
                    let at = pos2(rect.left() + size::PANE_PADDING, rect.center().y);
                    text::left(ui.painter(), at, words.as_ref(), font::small(), cx.tokens.low);
                }
            });
        });
        painting.deadline(&chart, top, body);
        if !cx.narrow {
            edge::hline(ui.painter(), foot.x_range(), foot.top(), cx.tokens.line);
            self.foot_ui(ui, cx, &chart, foot, &painting);
        }
        if chart.running {
            let step = if reduce_motion(ui.ctx()) { STEP_REDUCED } else { STEP };
            ui.ctx().request_repaint_after(step);
        }
    }

    /// The call that the active tab shows, and when to look again if it has just begun.
    fn record<'a>(&mut self, model: &'a Model) -> (Option<&'a Record>, Option<Duration>) {
        let Some(tab) = model.tabs.active() else { return (None, None) };
        if self.tab != Some(tab.id) {
            self.tab = Some(tab.id);
            self.settled = None;
        }
        shown_call(model, tab, &mut self.settled)
    }

    fn lane_ui(&mut self, ui: &mut Ui, cx: &Cx, record: &Record, chart: &Chart, lane: &Lane, painting: &Painting<'_>) {
        let height = if cx.narrow { 24.0 } else { size::LANE };
        let (_, rect) = ui.allocate_space(vec2(ui.available_width(), height));
        let key = lane.key();
        let is_wait = matches!(lane.kind, LaneKind::Backoff { .. });
        let clickable = matches!(lane.kind, LaneKind::Attempt { .. } | LaneKind::Made { .. });
        let id = ui.make_persistent_id(("lane", key, is_wait));
        let response = ui.interact(rect, id, if clickable { Sense::click() } else { Sense::hover() });
        let selected = clickable && self.selected == Some(key);
        let name = lane_name(lane);
        response.widget_info(|| {
            let role = match (clickable, chart.is_tree) {
                (false, _) => Role::Label,
                (true, false) => Role::ListItem,
                (true, true) => Role::TreeItem,
            };
            WidgetInfo::selected(role, true, selected, &name)
        });
        let on_caret = painting.caret(rect, lane).zip(response.interact_pointer_pos());
        let on_caret = on_caret.is_some_and(|(caret, at)| caret.contains(at));
        if (response.clicked() && on_caret) || folded_by_key(ui, &response, lane.open) {
            if !self.folded.remove(&key) {
                self.folded.insert(key);
            }
        } else if response.clicked() {
            self.selected = if selected { None } else { Some(key) };
        }
        if ui.is_rect_visible(rect) {
            let painting = painting.clipped(ui.clip_rect());
            painting.label(rect, lane, selected, &response, cx.narrow);
            painting.bars(rect, lane, chart);
            let last = record.flow.attempts.last().map(|last| (record.flow.id, last.number));
            if matches!(lane.kind, LaneKind::Attempt { .. }) && Some(key) == last {
                painting.messages(rect, record, lane);
                painting.time_left(rect, lane, chart);
            }
        }
        readout_ui(&response, lane, painting.axis);
    }

    fn foot_ui(&self, ui: &mut Ui, cx: &mut Cx, chart: &Chart, rect: Rect, painting: &Painting<'_>) {
        let total = t!("timeline.total", time = figures::duration(ms(chart.total)));
        let y = rect.center().y;
        let left = rect.left() + size::PANE_PADDING;
        let end = text::left(ui.painter(), pos2(left, y), total.as_ref(), font::small_medium(), cx.tokens.hi);
        let label = ui.interact(
            Rect::from_x_y_ranges(left..=end, rect.y_range()),
            ui.make_persistent_id("total"),
            Sense::hover(),
        );
        label.widget_info(|| WidgetInfo::labeled(Role::Label, true, total.as_ref()));
        let legend_right = painting.legend(rect, chart);
        let rest = Rect::from_min_max(pos2(legend_right + 24.0, rect.top()), rect.max);
        let Some(lane) = self.selected_lane(chart) else { return };
        if rest.width() < 200.0 {
            return;
        }
        let flow = lane.flow;
        pane::bar_at(ui, rest, pane::Line::None, |ui| {
            pane::right(ui, |ui| {
                if button::link(ui, &t!("timeline.show_in_traffic")).clicked() {
                    cx.push(Command::FollowFlow(Some(flow)));
                }
                text::line(ui, &attempt_facts(lane), font::small(), cx.tokens.low, 20.0);
            });
        });
    }

    fn selected_lane<'a>(&self, chart: &'a Chart) -> Option<&'a Lane> {
        let wanted = self.selected?;
        chart.lanes.iter().find(|lane| lane.key() == wanted && !matches!(lane.kind, LaneKind::Backoff { .. }))
    }

    /// Messages of the selected call beside the lanes, if it is not the tab's own; gives what is left for the lanes.
    fn detail_ui(&mut self, ui: &mut Ui, cx: &Cx, root: FlowId, rect: Rect) -> Rect {
        let elsewhere = self.selected.map(|(flow, _)| flow).filter(|flow| *flow != root);
        let Some(record) = elsewhere.and_then(|flow| cx.model.flows.get(flow)) else { return rect };
        if cx.narrow || rect.width() < DETAIL_FROM {
            return rect;
        }
        let split = rect.right() - DETAIL;
        let beside = rect.with_min_x(split);
        pane::inside(ui, beside, "detail", |ui| self.detail.ui(ui, cx, record, beside));
        rect.with_max_x(split)
    }
}

/// ← folds the focused lane, → unfolds it.
fn folded_by_key(ui: &Ui, response: &Response, open: Option<bool>) -> bool {
    let Some(open) = open.filter(|_| response.has_focus()) else { return false };
    ui.memory_mut(|memory| {
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        memory.set_focus_lock_filter(response.id, filter);
    });
    let key = if open { Key::ArrowLeft } else { Key::ArrowRight };
    ui.input_mut(|input| input.consume_key(Modifiers::NONE, key))
}

fn nothing_ui(ui: &mut Ui, cx: &Cx) {
    let rect = ui.available_rect_before_wrap();
    pane::inside(ui, rect, "no call yet", |ui| {
        ui.with_layout(Layout::centered_and_justified(egui::Direction::TopDown), |ui| {
            text::label(ui, t!("timeline.nothing"), font::label_regular(), cx.tokens.low);
        });
    });
}

/// ⚡ and the sentence, in a ui that fills from the right.
fn verdict_ui(ui: &mut Ui, cx: &Cx, verdict: &str) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let sentence = text::elided(ui.painter(), verdict, font::label_regular(), ui.available_width() - 24.0);
        let (rect, response) = ui.allocate_exact_size(vec2(sentence.size().x + 20.0, 20.0), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, verdict));
        let y = rect.center().y;
        let spark = pos2(rect.left() + 7.0, y);
        text::glyph(ui.painter(), spark, icon::LIGHTNING, font::icon(size::ICON_SMALL), cx.tokens.warn);
        text::galley_left(ui.painter(), pos2(rect.left() + 20.0, y), sentence, cx.tokens.hi);
        response.on_hover_text(verdict);
    });
}

/// Which part is under the pointer, how long it was and when.
fn readout_ui(response: &Response, lane: &Lane, axis: Axis) {
    let Some(pointer) = response.hover_pos() else { return };
    if pointer.x < axis.left {
        return;
    }
    // A part of a few microseconds is drawn two points wide.
    let reach = axis.ms(axis.left + 2.0);
    let at = axis.ms(pointer.x);
    let bar = lane.bars.iter().rev().find(|bar| bar.from <= at && at <= bar.to.max(bar.from + reach));
    let words = match (bar, &lane.kind) {
        (Some(bar), LaneKind::Backoff { reason, .. }) if !reason.is_empty() => {
            format!("{}\n{}", part_words(bar.part.name(), bar.length(), bar.from, bar.to), tell(reason))
        }
        (Some(bar), _) => part_words(bar.part.name(), bar.length(), bar.from, bar.to),
        (None, _) => t!("timeline.at", time = figures::duration(ms(at))).into_owned(),
    };
    response.clone().on_hover_text_at_pointer(words);
}

fn part_words(name: &str, length: f64, from: f64, to: f64) -> String {
    let (length, from, to) = (figures::duration(ms(length)), figures::duration(ms(from)), figures::duration(ms(to)));
    t!("timeline.part", name = name, length = length, from = from, to = to).into_owned()
}

/// What a screen reader says of a lane.
fn lane_name(lane: &Lane) -> String {
    let length = figures::duration(ms(lane.to - lane.from));
    match &lane.kind {
        LaneKind::Call => t!("timeline.call_lane", time = length).into_owned(),
        LaneKind::Backoff { .. } => t!("timeline.backoff_lane", time = length).into_owned(),
        LaneKind::Made { method, instance, caller, outcome, .. } => {
            let outcome =
                outcome.as_ref().map_or_else(|| t!("timeline.running").into_owned(), |(code, _)| code.to_string());
            let (caller, instance) = (caller.as_str(), instance.as_str());
            t!(
                "timeline.made_lane",
                method = method,
                instance = instance,
                caller = caller,
                outcome = outcome,
                time = length
            )
            .into_owned()
        }
        LaneKind::Attempt { number, instance, outcome, .. } => {
            let outcome =
                outcome.as_ref().map_or_else(|| t!("timeline.running").into_owned(), |(code, _)| code.to_string());
            t!("timeline.attempt_lane", number = number, instance = instance, outcome = outcome, time = length)
                .into_owned()
        }
    }
}

fn attempt_facts(lane: &Lane) -> String {
    let mut facts = Vec::new();
    match &lane.kind {
        LaneKind::Attempt { number, address, breaker, .. } => {
            facts.push(t!("timeline.attempt", number = number).into_owned());
            facts.push(address.clone());
            facts.extend(breaker.map(|breaker| t!("timeline.breaker_was", state = breaker.name()).into_owned()));
        }
        LaneKind::Made { address, caller, .. } => {
            facts.push(t!("timeline.made_by", caller = caller).into_owned());
            facts.push(address.clone());
        }
        LaneKind::Call | LaneKind::Backoff { .. } => return String::new(),
    }
    facts.push(figures::duration(ms(lane.to - lane.from)));
    facts.retain(|fact| !fact.is_empty());
    facts.join(" · ")
}

/// Milliseconds of a chart as a duration.
pub(super) fn ms(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis.max(0.0) / 1e3).unwrap_or_default()
}

#[cfg(test)]
mod tests;
