//! The list of frames: one row each, decoded only when seen.

use callscope_wire::capture::Frame;
use callscope_wire::{FlowId, FrameId, dialect};
use egui::{Id, Ui, pos2};
use rust_i18n::t;

use super::assembled::Assembled;
use super::{TrafficPanel, size_words};
use crate::command::{ACTS, Act, Command, View};
use crate::model::link;
use crate::panel::{Cx, severity_mark};
use crate::theme::{Tokens, font, icon, size};
use crate::widget::chip::{self, grouped};
use crate::widget::vtable::{Column, RowPainter, VTable};
use crate::widget::{button, empty, mark, menu, pane, text};

/// Summaries kept; a screenful is about forty.
const SUMMARIES: usize = 2_048;
/// Below this width number, dialect and size go.
const FEW_COLUMNS: f32 = 400.0;

/// Columns by what they show; the table may leave some out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cell {
    Number,
    Time,
    Way,
    Wire,
    Summary,
    Outcome,
    Bytes,
}

const ALL: &[Cell] = &[Cell::Number, Cell::Time, Cell::Way, Cell::Wire, Cell::Summary, Cell::Outcome, Cell::Bytes];
const FEW: &[Cell] = &[Cell::Time, Cell::Way, Cell::Summary, Cell::Outcome];

impl TrafficPanel {
    /// The list with its footer, or what to do when there is nothing in it.
    pub fn list_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let (recorded, dropped) = {
            let store = cx.model.traffic.store();
            (store.len(), store.dropped())
        };
        if recorded == 0 && dropped == 0 {
            empty_ui(ui, cx);
            return;
        }
        self.rows_ui(ui, cx);
    }

    pub(super) fn rows_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let (_, middle, footer) = pane::cut(ui.max_rect(), 0.0, size::PILL_FOOTER);
        pane::inside(ui, middle, "rows", |ui| {
            if self.index.rows().is_empty() {
                self.nothing_listed_ui(ui, cx);
            } else {
                self.table_ui(ui, cx);
            }
        });
        self.footer_ui(ui, cx, footer);
    }

    fn table_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let t = cx.tokens;
        let cells = if ui.available_width() < FEW_COLUMNS { FEW } else { ALL };
        let (time, wire, summary, bytes) =
            (t!("traffic.time"), t!("traffic.wire"), t!("traffic.summary"), t!("traffic.bytes"));
        let (number_width, time_width) = self.widths(cx);
        let columns: Vec<Column<'_>> = cells
            .iter()
            .map(|cell| match cell {
                Cell::Number => Column::right("#", number_width),
                Cell::Time => Column::right(&time, time_width),
                Cell::Way => Column::left("", 24.0),
                Cell::Wire => Column::left(&wire, 60.0),
                Cell::Summary => Column::flex(&summary, 80.0),
                Cell::Outcome => Column::left("", 46.0),
                Cell::Bytes => Column::right(&bytes, 56.0),
            })
            .collect();
        if self.summaries.len() > SUMMARIES {
            self.summaries.clear();
        }
        let index = &self.index;
        let traffic = &cx.model.traffic;
        let frame_of = |row: u64| index.id(row).and_then(|id| traffic.store().get(id).cloned());
        let stream = self.detail.as_ref().map(|detail| (detail.frame.connection, detail.frame.stream));
        let related = |row: u64| {
            // Stream 0 is the connection's own business, not a call's.
            stream.is_some_and(|(connection, stream)| {
                stream != 0
                    && frame_of(row).is_some_and(|frame| frame.connection == connection && frame.stream == stream)
            })
        };
        let row_name = |row: u64| frame_of(row).map(|frame| format!("{} {}", frame.id, frame.kind)).unwrap_or_default();
        let zero = self.reference.or(index.origin());
        let summaries = &mut self.summaries;
        let desk = &self.desk;
        let name = t!("traffic.list");
        let id = Id::unique(("frames", self.docked.is_some()));
        let output = VTable::new(id, &name, &columns, index.rows().len() as u64)
            .ticks(&self.ticks)
            .related(&related)
            .row_name(&row_name)
            .show(ui, &mut self.table, |row, number| {
                let Some(frame) = frame_of(number) else { return };
                let summary = summaries.entry(frame.id).or_insert_with(|| summarize(&frame));
                paint_part(row, desk.here(), frame.id, t);
                let after = zero.map(|zero| frame.at.0 as f64 / 1e6 - zero.0 as f64 / 1e6);
                for (column, cell) in cells.iter().enumerate() {
                    paint_cell(row, column, *cell, &frame, summary, after, t);
                }
            });
        if output.selection_changed {
            self.selected = self.table.selected().and_then(|row| self.index.id(row));
            let same = |id: FrameId| self.desk.here().is_some_and(|here| here.message.part(id).is_some());
            if !self.selected.is_some_and(same) {
                self.desk.clear_choice();
            }
            self.refresh_detail(cx);
            ui.ctx().request_repaint();
        }
        let selected = self.detail.as_ref().map(|detail| detail.frame.clone());
        if output.activated.is_some()
            && let Some(frame) = &selected
            && let Some(flow) = link::flow_of(cx.model, frame)
        {
            cx.push(Command::ShowFlow(flow));
        }
        if let Some(frame) = selected {
            menu::context(&output.response, |ui| self.row_menu(ui, cx, &frame));
        }
    }

    /// Numbers and times as wide as the last ones need, in whole digits, so that they do not move with each frame.
    fn widths(&self, cx: &Cx<'_>) -> (f32, f32) {
        const DIGIT: f32 = 7.2;
        let Some(last) = self.index.rows().back() else { return (48.0, 64.0) };
        let zero = self.reference.or(self.index.origin()).unwrap_or_default();
        let at = cx.model.traffic.store().get(*last).map_or(zero, |frame| frame.at);
        let time = time_words(at.0 as f64 / 1e6 - zero.0 as f64 / 1e6);
        let width = |characters: usize| (DIGIT * characters as f32 + 14.0).ceil();
        (width(grouped(last.0).len().max(3)), width(time.chars().count().max(7)))
    }

    fn row_menu(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, frame: &Frame) {
        let flow = link::flow_of(cx.model, frame);
        if menu::item(ui, Some(icon::CROSSHAIR), &t!("traffic.follow_this"), "", flow.is_some()).clicked() {
            cx.push(Command::FollowFlow(flow));
        }
        if menu::item(ui, Some(icon::ARROW_BEND_UP_RIGHT), &t!("traffic.show_call"), "", flow.is_some()).clicked()
            && let Some(flow) = flow
        {
            cx.push(Command::ShowFlow(flow));
        }
        menu::separator(ui);
        if menu::item(ui, Some(icon::CLOCK), &t!("traffic.time_from_here"), "", true).clicked() {
            self.reference = Some(frame.at);
        }
        if self.reference.is_some()
            && menu::item(ui, Some(icon::CLOCK_COUNTER_CLOCKWISE), &t!("traffic.time_from_first"), "", true).clicked()
        {
            self.reference = None;
        }
        menu::separator(ui);
        if menu::item(ui, Some(icon::COPY), &t!("traffic.copy_frame"), "", true).clicked() {
            cx.push(Command::Copy(super::card::hex(&frame.bytes)));
        }
    }

    /// Frames there are, but none is listed.
    fn nothing_listed_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let t = cx.tokens;
        let rect = ui.max_rect();
        let center = rect.center();
        let following = cx.model.traffic.follow.is_some() && self.docked.is_none();
        let words = if following && !self.filter.is_active() {
            t!("traffic.call_without_frames")
        } else {
            t!("traffic.nothing_matches", count = grouped(self.index.total() as u64))
        };
        text::center(ui.painter(), center - egui::vec2(0.0, 14.0), words, font::body(), t.mid);
        let place = egui::Rect::from_center_size(center + egui::vec2(0.0, 14.0), egui::vec2(160.0, 24.0));
        let builder = egui::UiBuilder::new()
            .max_rect(place)
            .layout(egui::Layout::centered_and_justified(egui::Direction::LeftToRight));
        let mut child = ui.new_child(builder);
        if button::link(&mut child, &t!("traffic.show_all")).clicked() {
            self.filter.clear();
            if following {
                cx.push(Command::FollowFlow(None));
            }
        }
    }

    fn footer_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, rect: egui::Rect) {
        let t = cx.tokens;
        let rows = self.index.rows().len();
        let unseen = if self.table.is_following() { 0 } else { self.index.after(self.seen_until) };
        let (dropped, lost, bytes) = {
            let store = cx.model.traffic.store();
            (store.dropped(), store.lost_bytes(), store.bytes() as u64)
        };
        pane::bar_at(ui, rect, pane::Line::Above, |ui| {
            ui.spacing_mut().item_spacing.x = size::GAP;
            let held = (!self.table.is_following()).then_some(self.selected).flatten();
            match held {
                Some(frame) => pane::note(ui, &t!("traffic.stopped_at", frame = grouped(frame.0))),
                None if self.docked.is_some() || self.index.is_narrowed() => {
                    pane::note(ui, &t!("traffic.frames", count = grouped(rows as u64)))
                }
                None => {
                    let size = size_words(bytes);
                    pane::note(ui, &t!("traffic.frames_size", count = grouped(rows as u64), size = size))
                }
            };
            pane::right(ui, |ui| {
                ui.spacing_mut().item_spacing.x = size::GAP;
                if unseen > 0 {
                    let words = t!("traffic.new_frames", count = grouped(unseen as u64));
                    if button::pill(ui, icon::ARROW_LINE_DOWN, &words, self.docked.is_none()).clicked() {
                        self.table.follow(true);
                    }
                } else if !self.table.is_following()
                    && rows > 0
                    && button::link(ui, &t!("traffic.follow_end")).clicked()
                {
                    self.table.follow(true);
                }
                if self.docked.is_some() {
                    if button::link(ui, &t!("traffic.show_in_traffic")).clicked() {
                        cx.push(Command::FollowFlow(self.docked));
                        cx.push(Command::Show(View::Traffic));
                    }
                    return;
                }
                if lost > 0 {
                    let words = t!("traffic.lost", size = size_words(lost));
                    text::label(ui, words, font::small(), t.cap).on_hover_text(t!("traffic.lost_tip"));
                }
                if dropped > 0 {
                    let words = t!("traffic.dropped", count = grouped(dropped));
                    text::label(ui, words, font::small(), t.cap).on_hover_text(t!("traffic.dropped_tip"));
                }
            });
        });
    }
}

/// Frames with parts of the message that is being looked at have a bar; those with the chosen value are selected, too.
fn paint_part(row: &RowPainter<'_>, here: Option<&Assembled>, frame: FrameId, t: &Tokens) {
    let Some(here) = here.filter(|here| here.message.parts.len() > 1 && here.message.part(frame).is_some()) else {
        return;
    };
    if !row.selected && here.chosen_in(frame).is_some() {
        row.painter.rect_filled(row.rect.shrink2(egui::vec2(4.0, 0.0)), size::ROW_RADIUS, t.select);
    }
    let bar = egui::Rect::from_center_size(pos2(row.rect.left() + 5.0, row.rect.center().y), egui::vec2(2.0, 16.0));
    row.painter.rect_filled(bar, 1, t.accent);
}

fn paint_cell(
    row: &RowPainter<'_>,
    column: usize,
    cell: Cell,
    frame: &Frame,
    summary: &str,
    after: Option<f64>,
    t: &Tokens,
) {
    match cell {
        Cell::Number => row.mono(column, grouped(frame.id.0), if row.selected { t.mid } else { t.low }),
        Cell::Time => row.mono(column, after.map(time_words).unwrap_or_default(), t.mid),
        Cell::Way => {
            let (glyph, color) = if frame.sent { (icon::ARROW_UP, t.sent) } else { (icon::ARROW_DOWN, t.recv) };
            let center = pos2(row.cell(column).center().x, row.rect.center().y);
            text::glyph(row.painter, center, glyph, font::icon_bold(12.0), color);
        }
        Cell::Wire => {
            let name = frame.dialect.unwrap_or("?");
            chip::badge(row.painter, row.cell(column).left_center(), name, stripe(name, t), t);
        }
        Cell::Summary => row.kind_and_summary(column, frame.kind, summary),
        Cell::Outcome => {
            let cell = row.cell(column);
            if let Some(code) = frame.code {
                let kind = severity_mark(code.severity());
                let y = cell.center().y;
                mark::paint(row.painter, pos2(cell.left() + 5.0, y), mark::SIZE, kind, t);
                text::left(
                    row.painter,
                    pos2(cell.left() + 14.0, y),
                    code.0.to_string(),
                    font::code_small(),
                    kind.color(t),
                );
            } else if frame.odd {
                mark::paint(row.painter, pos2(cell.left() + 5.0, cell.center().y), mark::SIZE, mark::Mark::Warn, t);
            }
        }
        Cell::Bytes => row.mono(column, grouped(frame.bytes.len() as u64), t.low),
    }
}

/// The color of a dialect's badge: by its place among all dialects, the header's gray for what nobody knows.
fn stripe(name: &str, t: &Tokens) -> egui::Color32 {
    let place = dialect::ALL.iter().position(|dialect| dialect.name() == name);
    // Native is violet, as in every legend.
    place.map_or(t.series(5), |place| t.series((place + 2) % 5))
}

fn summarize(frame: &Frame) -> String {
    let Some(dialect) = frame.dialect.and_then(dialect::by_name) else {
        return t!("traffic.unknown_bytes").into_owned();
    };
    let mut summary = dialect.dissect_in(frame.toward(), &frame.bytes, frame.encoding).summary;
    // Frames after the first carry their call's method, but do not say it.
    if let Some(method) = &frame.method {
        let short = method.rsplit('/').next().unwrap_or(method);
        if !summary.contains(short) {
            if !summary.is_empty() {
                summary.push_str(" · ");
            }
            summary.push_str(short);
        }
    }
    summary
}

/// Milliseconds to the microsecond; whole seconds' worth of digits when they get many.
fn time_words(millis: f64) -> String {
    if millis.abs() < 100_000.0 { format!("{millis:.3}") } else { format!("{:.2} s", millis / 1e3) }
}

fn empty_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let recording = cx.model.traffic.recording;
    let (headline, sentence) = if recording {
        (t!("traffic.empty.headline"), t!("traffic.empty.sentence"))
    } else {
        (t!("traffic.off.headline"), t!("traffic.off.sentence"))
    };
    let (title, note) = if recording {
        (t!("traffic.empty.card"), t!("traffic.empty.card_note"))
    } else {
        (t!("traffic.off.card"), t!("traffic.off.card_note"))
    };
    let glyph = if recording { icon::TREE_STRUCTURE } else { icon::RECORD };
    let send = ACTS.iter().find(|info| info.act == Act::Send);
    let keys = send.map(|info| cx.model.settings.shortcuts.get(info.id).map_or(info.keys, String::as_str));
    let name = t!("act.send");
    let shortcuts: Vec<(&str, &str)> =
        keys.filter(|keys| !keys.is_empty()).map(|keys| (&*name, keys)).into_iter().collect();
    let shown = empty::Empty {
        headline: &headline,
        sentence: &sentence,
        cards: &[empty::Card { icon: glyph, title: &title, note: &note }],
        shortcuts: &shortcuts,
        tip: "",
    };
    if shown.show(ui).is_some() {
        cx.push(if recording { Command::Show(View::Services) } else { Command::Record(true) });
    }
}

/// A dock without frames says why.
pub(super) fn dock_empty_ui(ui: &mut Ui, cx: &Cx<'_>, flow: Option<FlowId>) {
    let record = flow.and_then(|flow| cx.model.flows.get(flow));
    let words = match record {
        None => t!("traffic.dock_no_call"),
        Some(record) if record.flow.attempts.iter().all(|attempt| attempt.wire.is_none()) => {
            t!("traffic.dock_not_sent")
        }
        Some(_) if !cx.model.traffic.recording => t!("traffic.dock_off"),
        Some(_) => t!("traffic.call_without_frames"),
    };
    text::center(ui.painter(), ui.max_rect().center(), words, font::body(), cx.tokens.mid);
}
