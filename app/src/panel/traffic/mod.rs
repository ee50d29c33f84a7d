//! Frames off the tap: a list, the fields of the selected frame, its bytes. Selecting in one selects in the others.
//!
//! ```text
//!  store ──▶ index (which frames) ──▶ list ──▶ detail (one frame taken apart) ──▶ tree ◀──▶ bytes
//!              ▲ filter, followed call             └─▶ desk (its whole message) ──▶ values ◀──▶ bytes ◀──▶ answer
//! ```
//!
//! Work on all frames is done in `logic`, once per frame that comes; painting decodes only what is seen.
//! It must not know any dialect: what frames and fields mean comes from `inspect`.

mod assembled;
mod bytes;
mod card;
mod detail;
mod filter;
mod index;
mod lane;
mod list;
mod message;
mod strip;
#[cfg(test)]
mod tests;
mod toolbar;
mod tree;

use std::collections::{HashMap, HashSet};

use callscope_wire::inspect::content::Content;
use callscope_wire::{ConnectionId, FlowId, FrameId, Time};
use egui::{Context, Rect, Ui, pos2};

use self::assembled::{Assembled, Desk};
use self::detail::{Detail, StreamFrame};
use self::filter::FilterText;
use self::index::{Index, Rule};
use super::Cx;
use crate::command::Command;
use crate::model::link::{self, ChosenIn};
use crate::widget::edge;
use crate::widget::hex::HexState;
use crate::widget::pane;
use crate::widget::scroll::Tick;
use crate::widget::vtable::TableState;

/// Ids to both sides of the selected frame in which its stream is looked for.
const STREAM_REACH: u64 = 20_000;
/// Frames of a stream that are drawn.
const STREAM_FRAMES: usize = 400;

/// What is shown as bytes, and as the tree of their values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum BytesView {
    /// The selected frame, header and all.
    #[default]
    Frame,
    /// The message that it has a part of, as on the wire.
    Message,
    /// That message, decompressed.
    Decompressed,
}

/// The traffic view, or the frames of one call in the dock.
pub struct TrafficPanel {
    index: Index,
    filter: FilterText,
    table: TableState,
    /// The selected frame, by its id: rows move, ids do not.
    selected: Option<FrameId>,
    /// The newest frame when following ended: what came after is unseen.
    seen_until: FrameId,
    /// Zero of the time column, when the user chose one.
    reference: Option<Time>,
    ticks: Vec<Tick>,
    summaries: HashMap<FrameId, String>,
    detail: Option<Detail>,
    /// Fields that are shut, by their names: the same in the next frame.
    folded: HashSet<String>,
    fields: TableState,
    hex: HexState,
    as_text: bool,
    /// What the bytes are of, as far as the selected frame has that.
    view: BytesView,
    /// The message of the selected frame.
    desk: Desk,
    /// The call's message that it is, as of this version of it and so many calls.
    owner_asked: (u64, usize, usize),
    /// A value was chosen here, and is not told yet.
    chosen_here: bool,
    /// The last choice that was heard of.
    link: u64,
    /// The last wish that was heard.
    wish: u64,
    /// The call of the dock.
    docked: Option<FlowId>,
}

impl Default for TrafficPanel {
    fn default() -> Self {
        Self {
            index: Index::default(),
            filter: FilterText::default(),
            table: TableState::following(),
            selected: None,
            seen_until: FrameId::default(),
            reference: None,
            ticks: Vec::new(),
            summaries: HashMap::new(),
            detail: None,
            folded: HashSet::new(),
            fields: TableState::default(),
            hex: HexState::default(),
            as_text: false,
            view: BytesView::default(),
            desk: Desk::default(),
            owner_asked: (0, 0, 0),
            chosen_here: false,
            link: 0,
            wish: 0,
            docked: None,
        }
    }
}

impl TrafficPanel {
    /// Takes in new frames and wishes of the traffic view.
    pub fn logic(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        let traffic = &cx.model.traffic;
        let rule = Rule {
            server_side: cx.model.settings.show_server_side,
            streams: traffic.follow.map(|flow| streams_of(cx, flow)),
            filter: self.filter.rule(),
        };
        self.update(cx, rule);
        if self.wish != traffic.follow_revision {
            self.wish = traffic.follow_revision;
            if let Some(frame) = traffic.selected {
                self.desk.clear_choice();
                self.select(cx, frame);
            }
        }
        let link = &cx.model.link;
        if std::mem::replace(&mut self.link, link.revision) != link.revision
            && link.asked
            && link.chosen_in == ChosenIn::Answer
            && let Some(place) = &link.place
        {
            self.desk.await_value(place.pointer.clone());
        }
        self.desk_logic(ctx, cx);
    }

    /// Takes in new frames of one call, for the dock.
    pub fn dock_logic(&mut self, ctx: &Context, cx: &mut Cx<'_>, flow: Option<FlowId>) {
        if self.docked != flow {
            let folded = std::mem::take(&mut self.folded);
            *self = Self { docked: flow, folded, view: self.view, as_text: self.as_text, ..Self::default() };
        }
        let streams = flow.map(|flow| streams_of(cx, flow)).unwrap_or_default();
        let rule = Rule { server_side: false, streams: Some(streams), filter: String::new() };
        self.update(cx, rule);
        // What is chosen in the answer beside it is shown here at once.
        let link = &cx.model.link;
        let followed = link.place.as_ref().filter(|place| Some(place.message.flow) == flow);
        if std::mem::replace(&mut self.link, link.revision) != link.revision
            && link.chosen_in == ChosenIn::Answer
            && let Some(place) = followed
            && let Some(frame) = link::frame_of(cx.model, &place.message)
        {
            let here = self.desk.here().is_some_and(|here| here.message.part(frame).is_some());
            if !here {
                self.select(cx, frame);
            }
            self.desk.await_value(place.pointer.clone());
        }
        // Three columns with two of them empty would waste the dock.
        if self.selected.is_none()
            && let Some(first) = self.index.id(0)
        {
            self.select(cx, first);
            self.table.follow(true);
        }
        self.desk_logic(ctx, cx);
    }

    /// Puts the message of the selected frame together, and shows of the frame what is chosen of the message.
    fn desk_logic(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        let frame = self.detail.as_ref().map(|detail| detail.frame.clone());
        let before = self.desk.here().map(|here| (here.version, here.chosen.clone()));
        let leads_to = self.desk.update(ctx, &cx.model.traffic.store(), frame.as_ref());
        if let Some(here) = self.desk.here()
            && let Some(frame) = &frame
            && here.owner.is_none()
        {
            let asked = (here.version, cx.model.flows.len(), cx.model.flows.running);
            if std::mem::replace(&mut self.owner_asked, asked) != asked {
                let owner = link::message_of(cx.model, frame);
                if let Some(here) = self.desk.here_mut() {
                    here.owner = owner;
                }
            }
        }
        if let Some(frame) = leads_to {
            if self.selected != Some(frame) {
                self.select(cx, frame);
                let frame = self.detail.as_ref().map(|detail| detail.frame.clone());
                self.desk.update(ctx, &cx.model.traffic.store(), frame.as_ref());
            }
            self.show_chosen();
        }
        let after = self.desk.here().map(|here| (here.version, here.chosen.clone()));
        if after != before {
            // What is shown was painted before this was known.
            ctx.request_repaint();
        }
        if self.chosen_here && !self.desk.is_busy() {
            self.chosen_here = false;
            let place = self.desk.here().and_then(Assembled::link);
            if let Some(place) = place.filter(|_| self.docked.is_some()) {
                cx.push(Command::ChooseValue(Box::new(place), ChosenIn::Bytes));
            }
        }
    }

    /// The bytes of the chosen value in the selected frame become the selected ones, their field the selected field.
    fn show_chosen(&mut self) {
        let Some(detail) = &mut self.detail else { return };
        let span = self.desk.here().and_then(|here| here.chosen_in(detail.frame.id));
        let Some(span) = span.filter(|span| !span.is_empty()) else { return };
        detail.select_at(span.start, &mut self.folded);
        self.fields.select(detail.selected_row());
        self.hex.select(Some(span.range()));
    }

    /// Something was selected in the frame, at a byte of it or as a field: the value that it is becomes the chosen one.
    fn choose_in_frame(&mut self, ctx: &Context, byte: Option<usize>) {
        let Some(detail) = &self.detail else { return };
        let at = byte.or_else(|| detail.selected_node().map(|node| node.span.start));
        let offset = self.desk.here().and_then(|here| here.message.of_frame(detail.frame.id, at?));
        match offset {
            Some(offset) if self.desk.here().is_some_and(|here| !here.message.compressed) => {
                self.choose_byte(ctx, offset);
            }
            _ => self.desk.clear_choice(),
        }
    }

    /// A byte of the message's content was chosen.
    fn choose_byte(&mut self, ctx: &Context, offset: usize) {
        self.desk.choose_at(ctx, offset);
        self.chosen_here = true;
        ctx.request_repaint();
    }

    /// A value was chosen in the message's tree.
    fn choose_value(&mut self, ctx: &Context, pointer: String) {
        self.desk.choose(ctx, pointer, true);
        self.chosen_here = true;
        ctx.request_repaint();
    }

    /// What is shown: what was asked for, if the selected frame has it.
    fn shown_view(&self) -> BytesView {
        match (self.view, self.desk.here()) {
            (BytesView::Frame, _) | (_, None) => BytesView::Frame,
            (BytesView::Decompressed, Some(here)) if here.message.compressed => BytesView::Decompressed,
            _ => BytesView::Message,
        }
    }

    fn content(&self) -> Option<&Content> {
        self.desk.here()?.content.as_deref().ok()
    }

    /// Puts the cursor into the filter.
    pub fn focus_filter(&mut self) {
        self.filter.wants_focus = true;
    }

    fn update(&mut self, cx: &Cx<'_>, rule: Rule) {
        let following = self.table.is_following();
        {
            let store = cx.model.traffic.store();
            let filter = &self.filter;
            let change = self.index.update(&store, &rule, &|frame| filter.keeps(&store, frame));
            if change.rebuilt {
                self.table.select(self.selected.and_then(|id| self.index.row(id)));
                self.table.follow(following);
            } else if change.shifted > 0 {
                self.table.shift(change.shifted);
            }
            if change.any {
                let color = cx.tokens.err;
                self.ticks = self.index.failures().map(|at| Tick { at, color }).collect();
            }
            if store.is_empty() {
                self.reference = None;
            }
        }
        if following && let Some(last) = self.index.rows().back() {
            self.seen_until = *last;
        }
        self.refresh_detail(cx);
    }

    /// Selects a frame and brings it into view; one that the list leaves out is still shown beside it.
    fn select(&mut self, cx: &Cx<'_>, frame: FrameId) {
        self.selected = Some(frame);
        self.table.select(self.index.row(frame));
        self.refresh_detail(cx);
    }

    /// Takes the selected frame apart when it is another one, and looks for its stream when frames came.
    fn refresh_detail(&mut self, cx: &Cx<'_>) {
        let shown = self.detail.as_ref().map(|detail| detail.frame.id);
        if shown != self.selected {
            let frame = self.selected.and_then(|id| cx.model.traffic.store().get(id).cloned());
            // A frame that is gone stays as it was taken apart; one that was never there leaves nothing.
            self.detail = frame.map(|frame| Detail::new(frame, &self.folded));
            self.fields = TableState::default();
            self.hex = HexState::default();
        }
        let Some(detail) = &mut self.detail else { return };
        let store = cx.model.traffic.store();
        if detail.stream_until == store.next_id() {
            return;
        }
        detail.stream_until = store.next_id();
        let id = detail.frame.id.0;
        let (connection, stream) = (detail.frame.connection, detail.frame.stream);
        let last = id.saturating_add(STREAM_REACH);
        detail.stream = store
            .since(FrameId(id.saturating_sub(STREAM_REACH)))
            .take_while(|frame| frame.id.0 <= last)
            .filter(|frame| frame.connection == connection && frame.stream == stream)
            .take(STREAM_FRAMES)
            .map(|frame| StreamFrame { id: frame.id, at: frame.at, sent: frame.sent, bytes: frame.bytes.len() })
            .collect();
    }

    /// A field was selected in the tree, or a byte of it in the bytes.
    fn select_field(&mut self, path: Option<Vec<usize>>, show_bytes: bool) {
        let Some(detail) = &mut self.detail else { return };
        detail.selected = path;
        if show_bytes && let Some(node) = detail.selected_node() {
            self.hex.select(Some(node.span.range()).filter(|range| !range.is_empty()));
        }
        self.fields.select(detail.selected_row());
    }

    fn select_byte(&mut self, offset: usize) {
        let Some(detail) = &mut self.detail else { return };
        detail.select_at(offset, &mut self.folded);
        let path = detail.selected.clone();
        self.select_field(path, false);
    }

    /// List, fields and bytes of one call side by side.
    pub fn dock_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, flow: Option<FlowId>) {
        // Asked for without `dock_logic`, as when the dock has just changed.
        if self.docked != flow {
            let ctx = ui.ctx().clone();
            self.dock_logic(&ctx, cx, flow);
        }
        if self.index.rows().is_empty() {
            list::dock_empty_ui(ui, cx, flow);
            return;
        }
        let rect = ui.max_rect();
        let wide = rect.width() >= 900.0;
        let first = (rect.width() * if wide { 0.38 } else { 0.5 }).round();
        let second = if wide { (rect.width() * 0.26).round() } else { rect.width() - first };
        let column = |left: f32, width: f32| {
            let left = rect.left() + left;
            Rect::from_min_max(pos2(left, rect.top()), pos2((left + width).min(rect.right()), rect.bottom()))
        };
        pane::inside(ui, column(0.0, first), "dock list", |ui| self.rows_ui(ui, cx));
        edge::vline(ui.painter(), rect.left() + first, rect.y_range(), cx.tokens.line);
        pane::inside(ui, column(first + 1.0, second - 1.0), "dock tree", |ui| self.tree_ui(ui, cx));
        if wide {
            edge::vline(ui.painter(), rect.left() + first + second, rect.y_range(), cx.tokens.line);
            let rest = column(first + second + 1.0, rect.width());
            pane::inside(ui, rest, "dock bytes", |ui| self.bytes_ui(ui, cx));
        }
    }
}

/// Where the frames of a call are.
fn streams_of(cx: &Cx<'_>, flow: FlowId) -> Vec<(ConnectionId, u64)> {
    let attempts = cx.model.flows.get(flow).map(|record| record.flow.attempts.as_slice()).unwrap_or_default();
    attempts.iter().filter_map(|attempt| attempt.wire).collect()
}

/// Bytes as people read them: `140 B`, `3.2 kB`, `1.4 MB`.
fn size_words(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
