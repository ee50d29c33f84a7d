//! Bytes as hex and ASCII: rows of 16, colored spans, a selection by byte range, painted only where seen.
//!
//! It knows bytes and ranges, not what a field is. Selecting a span's tree row is the caller's.

use std::fmt::Write as _;
use std::ops::Range;

use egui::{
    Color32, CornerRadius, EventFilter, Id, Key, Modifiers, Painter, Pos2, Rect, Response, Role, Sense, Stroke,
    StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use super::scroll::{Extent, Scroll};
use super::{text, vtable};
use crate::theme::{Tokens, font, mix, size, tokens};

const CELL: f32 = 20.0;
/// After the eighth byte.
const MIDDLE_GAP: f32 = 8.0;
const OFFSET_LEFT: f32 = 12.0;
const ASCII_GAP: f32 = 12.0;
/// Column numbers.
const HEADER: f32 = 24.0;

/// A colored range of bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct HexSpan {
    pub range: Range<usize>,
    pub color: Color32,
    pub selected: bool,
    /// Framing rather than content: fainter.
    pub header: bool,
}

/// What the view remembers between frames.
#[derive(Debug, Clone, Default)]
pub struct HexState {
    scroll: Scroll,
    cursor: Option<usize>,
    anchor: usize,
    reveal: Option<Range<usize>>,
}

impl HexState {
    /// The selected bytes, by pointer or keys.
    pub fn selection(&self) -> Option<Range<usize>> {
        let cursor = self.cursor?;
        Some(cursor.min(self.anchor)..cursor.max(self.anchor) + 1)
    }

    /// Selects bytes from elsewhere and brings the first one into view.
    pub fn select(&mut self, range: Option<Range<usize>>) {
        match range {
            Some(range) if range.start < range.end => {
                self.anchor = range.start;
                self.cursor = Some(range.end - 1);
                self.reveal = Some(range);
            }
            _ => self.cursor = None,
        }
    }

    /// Brings a byte into view without selecting it.
    pub fn reveal(&mut self, byte: usize) {
        self.reveal = Some(byte..byte + 1);
    }
}

#[derive(Debug)]
pub struct HexOutput {
    pub response: Response,
    pub hovered: Option<usize>,
    /// Clicked without dragging.
    pub clicked: Option<usize>,
    /// By pointer or keys, in this frame.
    pub selection_changed: bool,
}

#[derive(Debug)]
#[must_use = "call show()"]
pub struct Hex<'a> {
    id: Id,
    name: &'a str,
    bytes: &'a [u8],
    spans: &'a [HexSpan],
    marks: &'a [usize],
    first_offset: u64,
}

impl<'a> Hex<'a> {
    /// `name` is what screen readers and tests call the view.
    pub fn new(id: Id, name: &'a str, bytes: &'a [u8], spans: &'a [HexSpan]) -> Self {
        Self { id, name, bytes, spans, marks: &[], first_offset: 0 }
    }

    /// What the offset column calls the first byte.
    pub fn first_offset(mut self, offset: u64) -> Self {
        self.first_offset = offset;
        self
    }

    /// Bytes, in order, before which something new begins: a bar stands there.
    pub fn marks(mut self, marks: &'a [usize]) -> Self {
        self.marks = marks;
        self
    }

    /// Fills the available space.
    pub fn show(self, ui: &mut Ui, state: &mut HexState) -> HexOutput {
        let (_, rect) = ui.allocate_space(ui.available_size());
        let t = tokens(ui);
        let grid = Grid::new(ui.painter(), rect, self.first_offset + self.bytes.len() as u64);
        let view = Rect::from_min_max(pos2(rect.left(), rect.top() + HEADER), rect.max);
        let extent = Extent { rows: self.bytes.len().div_ceil(grid.per_row) as u64, row_height: size::CODE_ROW, view };
        let response = ui.interact(view, self.id, Sense::click_and_drag());
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Grid, ui.is_enabled(), self.name);
            info.current_text_value = state.selection().map(|range| self.as_hex(range));
            info
        });
        let before = state.selection();
        if state.cursor.is_some_and(|cursor| cursor.max(state.anchor) >= self.bytes.len()) {
            state.cursor = None;
        }
        if let Some(range) = state.reveal.take() {
            let row = |byte: usize| (byte / grid.per_row) as u64;
            let (first, last) = (row(range.start), row(range.end - 1));
            let visible = state.scroll.visible(&extent);
            if !visible.contains(&first) || !visible.contains(&last) {
                state.scroll.center(first, &extent);
            }
            state.scroll.reveal(last, &extent);
            state.scroll.reveal(first, &extent);
        }
        state.scroll.bar(ui, self.id.with("bar"), &extent, &[]);
        state.scroll.wheel(ui, &extent);
        state.scroll.clamp(&extent);

        let byte_at = |at: Pos2, near: bool, scroll: &Scroll| {
            let row = scroll.row_at(at.y, &extent)?;
            let column = grid.column_at(at.x, near)?;
            let byte = row as usize * grid.per_row + column;
            (byte < self.bytes.len()).then_some(byte)
        };
        let mut clicked = None;
        if let Some(at) = response.interact_pointer_pos() {
            if response.is_pointer_button_down_on() && ui.input(|input| input.pointer.any_pressed()) {
                response.request_focus();
                let shift = ui.input(|input| input.modifiers.shift);
                let byte = byte_at(at, false, &state.scroll);
                if !shift || state.cursor.is_none() {
                    state.anchor = byte.unwrap_or_default();
                }
                state.cursor = byte;
            } else if response.dragged() && state.cursor.is_some() {
                if let Some(byte) = byte_at(at, true, &state.scroll) {
                    state.cursor = Some(byte);
                }
                let beyond = (at.y - view.bottom()).max(0.0) - (view.top() - at.y).max(0.0);
                if beyond != 0.0 {
                    state.scroll.by(beyond.clamp(-20.0, 20.0), &extent);
                    ui.request_repaint();
                }
            }
            if response.clicked() {
                clicked = byte_at(at, false, &state.scroll);
            }
        }
        if response.has_focus() {
            self.keys(ui, state, &grid, &extent);
        }
        let hovered = ui
            .input(|input| input.pointer.hover_pos())
            .filter(|_| response.contains_pointer())
            .and_then(|at| byte_at(at, false, &state.scroll));
        self.paint(ui, state, &grid, &extent, hovered, t);
        if response.has_focus() {
            vtable::focus_line(ui.painter(), view, t);
        }
        HexOutput { selection_changed: state.selection() != before, response, hovered, clicked }
    }

    fn keys(&self, ui: &Ui, state: &mut HexState, grid: &Grid, extent: &Extent) {
        ui.memory_mut(|memory| {
            let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
            memory.set_focus_lock_filter(self.id, filter);
        });
        let Some(last) = self.bytes.len().checked_sub(1) else {
            return;
        };
        let per_row = grid.per_row;
        let page = Scroll::page(extent) as usize * per_row;
        let mut moved = None;
        let mut extend = false;
        ui.input_mut(|input| {
            let cursor = state.cursor.unwrap_or_default();
            for (key, to) in [
                (Key::ArrowLeft, cursor.saturating_sub(1)),
                (Key::ArrowRight, cursor + 1),
                (Key::ArrowUp, cursor.checked_sub(per_row).unwrap_or(cursor)),
                (Key::ArrowDown, cursor + per_row),
                (Key::PageUp, cursor.saturating_sub(page)),
                (Key::PageDown, cursor + page),
                (Key::Home, 0),
                (Key::End, last),
            ] {
                // Shift first: a pattern without modifiers also matches the key with Shift.
                for modifiers in [Modifiers::SHIFT, Modifiers::NONE] {
                    if input.consume_key(modifiers, key) {
                        moved = Some(to.min(last));
                        extend = modifiers.shift;
                    }
                }
            }
        });
        if let Some(to) = moved {
            if !extend || state.cursor.is_none() {
                state.anchor = to;
            }
            state.cursor = Some(to);
            state.scroll.reveal((to / per_row) as u64, extent);
        }
        let copy = ui.input(|input| input.events.iter().any(|event| matches!(event, egui::Event::Copy)));
        if copy && let Some(range) = state.selection() {
            ui.copy_text(self.as_hex(range));
        }
    }

    fn as_hex(&self, range: Range<usize>) -> String {
        let mut out = String::new();
        for byte in self.bytes.get(range).unwrap_or_default() {
            if !out.is_empty() {
                out.push(' ');
            }
            // Writing to a string cannot fail.
            _ = write!(out, "{byte:02x}");
        }
        out
    }

    fn paint(&self, ui: &Ui, state: &HexState, grid: &Grid, extent: &Extent, hovered: Option<usize>, t: &Tokens) {
        let painter = ui.painter();
        for column in 0..grid.per_row {
            let at = pos2(grid.cell_x(column) + CELL / 2.0, extent.view.top() - HEADER / 2.0);
            text::center(painter, at, format!("{column:X}"), font::code_tiny(), t.low);
        }
        let painter = ui.painter().with_clip_rect(extent.view.intersect(ui.clip_rect()));
        let rows = state.scroll.visible(extent);
        let seen = rows.start as usize * grid.per_row..rows.end as usize * grid.per_row;
        let spans: Vec<&HexSpan> =
            self.spans.iter().filter(|span| span.range.start < seen.end && span.range.end > seen.start).collect();
        let selection = state.selection();
        for row in rows {
            let at = state.scroll.rect_of(row, extent);
            let first = row as usize * grid.per_row;
            let bytes = self.bytes.get(first..(first + grid.per_row).min(self.bytes.len())).unwrap_or_default();
            let here = first..first + bytes.len();
            // Selected spans last, so that their outline lies over their neighbors.
            for selected in [false, true] {
                for span in spans.iter().filter(|span| span.selected == selected) {
                    paint_span(&painter, grid, at, &here, span, t);
                }
            }
            if let Some(selection) = &selection {
                paint_selection(&painter, grid, at, &here, selection, t);
            }
            let marks = self.marks.get(self.marks.partition_point(|mark| *mark < here.start)..).unwrap_or_default();
            for mark in marks.iter().take_while(|mark| here.contains(mark)) {
                let column = *mark - first;
                for rect in [grid.hex_rect(at, &(column..column + 1)), grid.ascii_rect(at, &(column..column + 1))] {
                    let bar = Rect::from_x_y_ranges(rect.left() - 1.0..=rect.left() + 1.0, at.y_range());
                    painter.rect_filled(bar, 0, t.accent);
                }
            }
            if let Some(byte) = hovered.filter(|byte| here.contains(byte)) {
                let one = byte - first..byte - first + 1;
                for rect in [grid.hex_rect(at, &one), grid.ascii_rect(at, &one)] {
                    let stroke = Stroke::new(1.0, t.low);
                    painter.rect_stroke(rect, size::BADGE_RADIUS, stroke, StrokeKind::Inside);
                }
            }
            let offset = format!("{:0w$x}", self.first_offset + first as u64, w = grid.digits);
            let left = pos2(at.left() + OFFSET_LEFT, at.center().y);
            text::left(&painter, left, offset, font::code_small(), t.low);
            paint_bytes(&painter, grid, at, bytes, t);
        }
    }
}

fn paint_bytes(painter: &Painter, grid: &Grid, row: Rect, bytes: &[u8], t: &Tokens) {
    let mut ascii = egui::text::LayoutJob::default();
    for (column, byte) in bytes.iter().enumerate() {
        let at = pos2(grid.cell_x(column) + CELL / 2.0, row.center().y);
        let color = if *byte == 0 { t.low } else { mix(t.mid, t.hi, 0.5) };
        text::center(painter, at, format!("{byte:02x}"), font::code_small(), color);
        let printable = byte.is_ascii_graphic() || *byte == b' ';
        let (glyph, color) = if printable { (char::from(*byte), t.mid) } else { ('·', t.low) };
        let format = egui::TextFormat::simple(font::code_small(), color);
        ascii.append(glyph.encode_utf8(&mut [0; 4]), 0.0, format);
    }
    let line = painter.layout_job(ascii);
    text::galley_left(painter, pos2(grid.ascii_x, row.center().y), line, t.mid);
}

fn paint_span(painter: &Painter, grid: &Grid, row: Rect, here: &Range<usize>, span: &HexSpan, t: &Tokens) {
    let Some((columns, corners)) = part_of(here, &span.range) else {
        return;
    };
    let ground = match (span.selected, span.header) {
        (true, _) => t.over(span.color, 0.42, 0.30),
        (false, true) => t.over(span.color, 0.10, 0.10),
        (false, false) => t.over(span.color, 0.20, 0.13),
    };
    for rect in [grid.hex_rect(row, &columns), grid.ascii_rect(row, &columns)] {
        painter.rect_filled(rect, corners, ground);
        if span.selected {
            let stroke = Stroke::new(1.5, span.color);
            painter.rect_stroke(rect, corners, stroke, StrokeKind::Inside);
        }
    }
    if !span.selected && !span.header {
        let rect = grid.hex_rect(row, &columns);
        let line = Rect::from_min_max(pos2(rect.left(), rect.bottom() - 2.0), rect.max);
        let bottom = CornerRadius { nw: 0, ne: 0, ..corners };
        painter.rect_filled(line, bottom, mix(ground, span.color, 0.70));
    }
}

fn paint_selection(
    painter: &Painter,
    grid: &Grid,
    row: Rect,
    here: &Range<usize>,
    selection: &Range<usize>,
    t: &Tokens,
) {
    let Some((columns, corners)) = part_of(here, selection) else {
        return;
    };
    for rect in [grid.hex_rect(row, &columns), grid.ascii_rect(row, &columns)] {
        painter.rect_stroke(rect, corners, Stroke::new(1.5, t.accent), StrokeKind::Inside);
    }
}

/// The columns of a row that a range covers, rounded where the range itself begins and ends.
fn part_of(row: &Range<usize>, range: &Range<usize>) -> Option<(Range<usize>, CornerRadius)> {
    let (start, end) = (range.start.max(row.start), range.end.min(row.end));
    if start >= end {
        return None;
    }
    let radius = |round: bool| if round { size::BADGE_RADIUS } else { 0 };
    let (first, last) = (radius(start == range.start), radius(end == range.end));
    let corners = CornerRadius { nw: first, sw: first, ne: last, se: last };
    Some((start - row.start..end - row.start, corners))
}

/// Where columns lie.
struct Grid {
    per_row: usize,
    /// Of the offset column.
    digits: usize,
    hex_x: f32,
    ascii_x: f32,
    advance: f32,
}

impl Grid {
    /// 16 to a row; 8 where the pane is too narrow for that.
    fn new(painter: &Painter, rect: Rect, end_offset: u64) -> Self {
        let ten = text::width(painter, "0000000000", font::code_small());
        let advance = ten / 10.0;
        // Wider offsets stand closer to their bytes, so that sixteen of these still fit beside them.
        let (digits, gap, end) = match end_offset {
            0..=0x1_0000 => (4, 14.0, 12.0),
            0x1_0001..=0x100_0000 => (6, 8.0, 6.0),
            _ => (8, 8.0, 6.0),
        };
        let hex_x = (rect.left() + OFFSET_LEFT + advance * digits as f32 + gap).round();
        let ascii_at = |per_row: f32| hex_x + per_row * CELL + MIDDLE_GAP + ASCII_GAP;
        let fits = ascii_at(16.0) + 16.0 * advance + end <= rect.right();
        let per_row = if fits { 16 } else { 8 };
        Self { per_row, digits, hex_x, ascii_x: ascii_at(per_row as f32), advance }
    }

    fn cell_x(&self, column: usize) -> f32 {
        let gap = if column >= 8 { MIDDLE_GAP } else { 0.0 };
        self.hex_x + column as f32 * CELL + gap
    }

    fn hex_rect(&self, row: Rect, columns: &Range<usize>) -> Rect {
        Rect::from_min_max(
            pos2(self.cell_x(columns.start), row.top() + 1.0),
            pos2(self.cell_x(columns.end.saturating_sub(1)) + CELL, row.bottom() - 1.0),
        )
    }

    fn ascii_rect(&self, row: Rect, columns: &Range<usize>) -> Rect {
        Rect::from_min_size(
            pos2(self.ascii_x + columns.start as f32 * self.advance, row.top() + 1.0),
            vec2(columns.len() as f32 * self.advance, row.height() - 2.0),
        )
    }

    /// `near` also takes places between and beside the columns, for dragging.
    fn column_at(&self, x: f32, near: bool) -> Option<usize> {
        let last = self.per_row - 1;
        let hex_end = self.cell_x(last) + CELL;
        if x >= self.ascii_x - ASCII_GAP / 2.0 {
            let column = ((x - self.ascii_x) / self.advance).floor();
            let inside = column >= 0.0 && column <= last as f32;
            return (inside || near).then(|| (column.max(0.0) as usize).min(last));
        }
        if x < self.hex_x {
            return near.then_some(0);
        }
        if x >= hex_end {
            return near.then_some(last);
        }
        (0..self.per_row).find(|column| {
            let left = self.cell_x(*column);
            // The gap in the middle belongs to the byte before it.
            x >= left && x < left + CELL + if *column == 7 { MIDDLE_GAP } else { 0.0 }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{HexState, part_of};

    #[test]
    fn a_range_is_rounded_only_at_its_own_ends() {
        let (columns, corners) = part_of(&(16..32), &(10..20)).unwrap();
        assert_eq!(columns, 0..4);
        assert_eq!((corners.nw, corners.ne), (0, 3));
        assert!(part_of(&(16..32), &(32..40)).is_none());
    }

    #[test]
    fn a_selection_reads_the_same_in_both_directions() {
        let mut state = HexState::default();
        assert_eq!(state.selection(), None);
        state.select(Some(4..9));
        assert_eq!(state.selection(), Some(4..9));
        (state.anchor, state.cursor) = (8, Some(4));
        assert_eq!(state.selection(), Some(4..9));
        state.select(Some(3..3));
        assert_eq!(state.selection(), None);
    }
}
