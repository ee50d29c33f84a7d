//! The virtual table: any number of rows of 24, painted only where seen, by one callback per row.
//!
//! It keeps a selection, follows the tail until someone takes hold of it, and knows rows only by number: which record
//! row 7 is, and what its cells say, is the caller's.

use std::ops::Range;

use egui::{
    Align, Color32, CursorIcon, EventFilter, FontId, Id, Key, Modifiers, Painter, Rangef, Rect, Response, Role, Sense,
    Ui, WidgetInfo, pos2, vec2,
};

use super::scroll::{Extent, Scroll, Tick};
use super::{edge, text};
use crate::theme::{Tokens, font, mix, size, tokens};

/// On each side of a cell.
const CELL_PADDING: f32 = 6.0;
const NARROWEST: f32 = 24.0;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Width {
    Fixed(f32),
    /// Shares what is left; never below this.
    Flex(f32),
}

#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    pub name: &'a str,
    pub width: Width,
    pub align: Align,
}

impl<'a> Column<'a> {
    pub fn left(name: &'a str, width: f32) -> Self {
        Self { name, width: Width::Fixed(width), align: Align::Min }
    }

    pub fn right(name: &'a str, width: f32) -> Self {
        Self { align: Align::Max, ..Self::left(name, width) }
    }

    pub fn flex(name: &'a str, least: f32) -> Self {
        Self { width: Width::Flex(least), ..Self::left(name, least) }
    }
}

/// What a table remembers between frames.
#[derive(Debug, Clone, Default)]
pub struct TableState {
    scroll: Scroll,
    selected: Option<u64>,
    follow: bool,
    /// Rows there were when following ended.
    rows_at_stop: u64,
    reveal: Option<u64>,
    /// Widths that were dragged, by column.
    widths: Vec<Option<f32>>,
}

impl TableState {
    /// Sticks to the end until someone takes hold of it.
    pub fn following() -> Self {
        Self { follow: true, ..Self::default() }
    }

    pub fn selected(&self) -> Option<u64> {
        self.selected
    }

    /// Selects a row from elsewhere and brings it into view.
    pub fn select(&mut self, row: Option<u64>) {
        if self.selected != row {
            self.selected = row;
            self.reveal = row;
        }
        if row.is_some() {
            self.follow = false;
        }
    }

    pub fn is_following(&self) -> bool {
        self.follow
    }

    pub fn follow(&mut self, follow: bool) {
        self.follow = follow;
    }

    /// Rows that came since following ended.
    pub fn unseen(&self, rows: u64) -> u64 {
        if self.follow { 0 } else { rows.saturating_sub(self.rows_at_stop) }
    }

    /// `rows` went away at the front: what is seen and selected stays.
    pub fn shift(&mut self, rows: u64) {
        self.scroll.shift(rows);
        self.selected = self.selected.and_then(|row| row.checked_sub(rows));
        self.rows_at_stop = self.rows_at_stop.saturating_sub(rows);
    }

    fn stop_following(&mut self, rows: u64) {
        if self.follow {
            self.follow = false;
            self.rows_at_stop = rows;
        }
    }
}

/// Paints one row. Cells are addressed by column index.
pub struct RowPainter<'a> {
    pub painter: &'a Painter,
    pub tokens: &'static Tokens,
    pub rect: Rect,
    pub selected: bool,
    pub hovered: bool,
    cells: &'a [Rangef],
    aligns: &'a [Align],
}

impl RowPainter<'_> {
    /// The inside of a cell; empty for a column that is not there.
    pub fn cell(&self, column: usize) -> Rect {
        let x = self.cells.get(column).copied().unwrap_or(Rangef::NOTHING);
        if x.max < x.min {
            return Rect::from_min_size(self.rect.min, vec2(0.0, 0.0));
        }
        Rect::from_x_y_ranges(x, self.rect.y_range())
    }

    /// One elided line, aligned as its column is.
    pub fn text(&self, column: usize, words: impl Into<String>, font: FontId, color: Color32) {
        let cell = self.cell(column);
        if cell.width() < 4.0 {
            return;
        }
        let line = text::elided(self.painter, words, font, cell.width());
        if self.aligns.get(column) == Some(&Align::Max) {
            text::galley_right(self.painter, cell.right_center(), line, color);
        } else {
            text::galley_left(self.painter, cell.left_center(), line, color);
        }
    }

    /// A number or a time, in the mono of tables.
    pub fn mono(&self, column: usize, words: impl Into<String>, color: Color32) {
        self.text(column, words, font::code_small(), color);
    }

    /// The sort of thing in Medium, then what it says: `CALL  Place`.
    pub fn kind_and_summary(&self, column: usize, kind: &str, summary: &str) {
        let cell = self.cell(column);
        let t = self.tokens;
        let x = text::left_elided(self.painter, cell.left_center(), kind, font::label(), t.mid, cell.width());
        let gap = if kind.is_empty() { 0.0 } else { 8.0 };
        let at = pos2(x + gap, cell.center().y);
        text::left_elided(self.painter, at, summary, font::label_regular(), t.hi, cell.right() - at.x);
    }
}

#[must_use = "call show()"]
pub struct VTable<'a> {
    id: Id,
    name: &'a str,
    columns: &'a [Column<'a>],
    rows: u64,
    header: f32,
    row_height: f32,
    ticks: &'a [Tick],
    related: Option<&'a dyn Fn(u64) -> bool>,
    row_name: Option<&'a dyn Fn(u64) -> String>,
}

/// What happened in the table.
#[derive(Debug)]
pub struct TableOutput {
    pub response: Response,
    /// By pointer or key, in this frame.
    pub selection_changed: bool,
    /// Double click, or Enter on the selection.
    pub activated: Option<u64>,
    pub hovered: Option<u64>,
    /// Clicked with the other button.
    pub context: Option<u64>,
    pub visible: Range<u64>,
}

impl<'a> VTable<'a> {
    /// `name` is what screen readers and tests call the table.
    pub fn new(id: Id, name: &'a str, columns: &'a [Column<'a>], rows: u64) -> Self {
        Self {
            id,
            name,
            columns,
            rows,
            header: size::TABLE_HEADER,
            row_height: size::ROW,
            ticks: &[],
            related: None,
            row_name: None,
        }
    }

    /// 0 for none.
    pub fn header(mut self, height: f32) -> Self {
        self.header = height;
        self
    }

    pub fn ticks(mut self, ticks: &'a [Tick]) -> Self {
        self.ticks = ticks;
        self
    }

    /// Rows of the same stream as the selected one get a faint ground.
    pub fn related(mut self, related: &'a dyn Fn(u64) -> bool) -> Self {
        self.related = Some(related);
        self
    }

    /// What a row is called; asked only for rows in view, and only when someone listens.
    pub fn row_name(mut self, name: &'a dyn Fn(u64) -> String) -> Self {
        self.row_name = Some(name);
        self
    }

    /// Fills the available space.
    pub fn show(
        self,
        ui: &mut Ui,
        state: &mut TableState,
        mut paint_row: impl FnMut(&mut RowPainter<'_>, u64),
    ) -> TableOutput {
        let (_, rect) = ui.allocate_space(ui.available_size());
        let t = tokens(ui);
        let header_rect = Rect::from_min_size(rect.min, vec2(rect.width(), self.header));
        let view = Rect::from_min_max(header_rect.left_bottom(), rect.max);
        let cells = self.layout(rect, state);
        if self.header > 0.0 {
            self.header_ui(ui, header_rect, &cells, state);
        }
        let extent = Extent { rows: self.rows, row_height: self.row_height, view };
        let response = ui.interact(view, self.id, Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Grid, ui.is_enabled(), self.name));
        let before = state.selected;
        if state.selected.is_some_and(|row| row >= self.rows) {
            state.selected = None;
        }
        if let Some(row) = state.reveal.take() {
            let visible = state.scroll.visible(&extent);
            if !visible.contains(&row) {
                state.scroll.center(row, &extent);
            }
            state.scroll.reveal(row, &extent);
        }
        // The bar first: a drag on it is not a click on the row below.
        if state.scroll.bar(ui, self.id.with("bar"), &extent, self.ticks) || state.scroll.wheel(ui, &extent) {
            state.stop_following(self.rows);
        }
        let pointer = response.interact_pointer_pos();
        let under = pointer.and_then(|at| state.scroll.row_at(at.y, &extent));
        let mut activated = None;
        let mut context = None;
        if response.clicked() || response.secondary_clicked() {
            response.request_focus();
            if under.is_some() {
                state.selected = under;
                state.stop_following(self.rows);
            }
            context = under.filter(|_| response.secondary_clicked());
        }
        if response.double_clicked() {
            activated = under;
        }
        if response.has_focus() && self.keys(ui, state, &extent) {
            activated = state.selected;
        }
        if state.follow {
            state.scroll.to_end(&extent);
        } else {
            state.scroll.clamp(&extent);
        }
        let visible = state.scroll.visible(&extent);
        let hovered = ui
            .input(|input| input.pointer.hover_pos())
            .filter(|_| response.contains_pointer())
            .and_then(|at| state.scroll.row_at(at.y, &extent));
        let aligns: Vec<Align> = self.columns.iter().map(|column| column.align).collect();
        let painter = ui.painter().with_clip_rect(view.intersect(ui.clip_rect()));
        for row in visible.clone() {
            let rect = state.scroll.rect_of(row, &extent);
            let selected = state.selected == Some(row);
            let is_hovered = hovered == Some(row);
            let related = !selected && self.related.is_some_and(|related| related(row));
            row_ground(&painter, rect, selected, is_hovered, related, t);
            let mut one = RowPainter {
                painter: &painter,
                tokens: t,
                rect,
                selected,
                hovered: is_hovered,
                cells: &cells,
                aligns: &aligns,
            };
            paint_row(&mut one, row);
            if let Some(name) = self.row_name {
                // No sense of its own, so that the table keeps the pointer; a name to be found by.
                let place = rect.intersect(view);
                let node = ui.interact(place, self.id.with(("row", row)), Sense::hover());
                node.widget_info(|| WidgetInfo::selected(Role::Row, true, selected, name(row)));
            }
        }
        if response.has_focus() {
            focus_line(&painter, view, t);
        }
        TableOutput { selection_changed: state.selected != before, response, activated, hovered, context, visible }
    }

    /// True when Enter was pressed.
    fn keys(&self, ui: &Ui, state: &mut TableState, extent: &Extent) -> bool {
        ui.memory_mut(|memory| {
            let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
            memory.set_focus_lock_filter(self.id, filter);
        });
        let Some(last) = self.rows.checked_sub(1) else {
            return false;
        };
        let page = Scroll::page(extent);
        let mut to = None;
        let mut end = false;
        let mut enter = false;
        ui.input_mut(|input| {
            let mut pressed = |key| input.count_and_consume_key(Modifiers::NONE, key) as u64;
            let down = pressed(Key::ArrowDown);
            let up = pressed(Key::ArrowUp);
            let page_down = pressed(Key::PageDown) * page;
            let page_up = pressed(Key::PageUp) * page;
            if down + page_down > 0 {
                to = Some(state.selected.map_or(0, |row| row.saturating_add(down + page_down)));
            }
            if up + page_up > 0 {
                to = Some(state.selected.map_or(last, |row| row.saturating_sub(up + page_up)));
            }
            if pressed(Key::Home) > 0 {
                to = Some(0);
            }
            end = pressed(Key::End) > 0;
            enter = pressed(Key::Enter) > 0;
        });
        if end {
            state.selected = Some(last);
            state.follow = true;
        } else if let Some(row) = to {
            let row = row.min(last);
            state.stop_following(self.rows);
            state.selected = Some(row);
            state.scroll.reveal(row, extent);
        }
        enter
    }

    /// The insides of the cells of every row.
    fn layout(&self, rect: Rect, state: &TableState) -> Vec<Rangef> {
        let edge_padding = size::ROW_RIGHT - CELL_PADDING;
        let inner = rect.x_range().shrink(edge_padding);
        let fixed = |index: usize, column: &Column<'_>| match column.width {
            Width::Fixed(width) => state.widths.get(index).copied().flatten().unwrap_or(width),
            Width::Flex(_) => 0.0,
        };
        let used: f32 = self.columns.iter().enumerate().map(|(index, column)| fixed(index, column)).sum();
        let flexes = self.columns.iter().filter(|column| matches!(column.width, Width::Flex(_))).count().max(1) as f32;
        let share = (inner.span() - used).max(0.0) / flexes;
        let mut x = inner.min;
        self.columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let width = match column.width {
                    Width::Fixed(_) => fixed(index, column),
                    Width::Flex(least) => share.max(least),
                }
                .round();
                let cell = Rangef::new(x, x + width);
                x += width;
                cell.shrink(CELL_PADDING)
            })
            .collect()
    }

    fn header_ui(&self, ui: &Ui, rect: Rect, cells: &[Rangef], state: &mut TableState) {
        let t = tokens(ui);
        let painter = ui.painter();
        edge::hline(painter, rect.x_range(), rect.bottom() - 1.0, t.line);
        for (index, (column, x)) in self.columns.iter().zip(cells).enumerate() {
            let at = Rect::from_x_y_ranges(*x, rect.y_range());
            let line = text::elided(painter, column.name, font::label_regular(), at.width());
            if column.align == Align::Max {
                text::galley_right(painter, at.right_center(), line, t.low);
            } else {
                text::galley_left(painter, at.left_center(), line, t.low);
            }
            self.resize_ui(ui, index, x.max + CELL_PADDING, rect, cells, state);
        }
    }

    /// The boundary right of a column moves that column when it is fixed, else the next one.
    fn resize_ui(&self, ui: &Ui, index: usize, x: f32, header: Rect, cells: &[Rangef], state: &mut TableState) {
        let is_fixed =
            |index: usize| self.columns.get(index).is_some_and(|column| matches!(column.width, Width::Fixed(_)));
        let (column, sign) = if index + 1 >= self.columns.len() {
            return;
        } else if is_fixed(index) {
            (index, 1.0)
        } else if is_fixed(index + 1) {
            (index + 1, -1.0)
        } else {
            return;
        };
        let strip = Rect::from_center_size(pos2(x, header.center().y), vec2(6.0, header.height()));
        let handle = ui
            .interact(strip, self.id.with(("edge", index)), Sense::DRAG)
            .on_hover_and_drag_cursor(CursorIcon::ResizeHorizontal);
        if handle.hovered() || handle.dragged() {
            let t = tokens(ui);
            edge::vline(ui.painter(), x, header.y_range().shrink(8.0), t.accent);
        }
        if handle.dragged()
            && let Some(cell) = cells.get(column)
        {
            let width = cell.span() + 2.0 * CELL_PADDING + sign * handle.drag_delta().x;
            if state.widths.len() < self.columns.len() {
                state.widths.resize(self.columns.len(), None);
            }
            if let Some(own) = state.widths.get_mut(column) {
                *own = Some(width.max(NARROWEST));
            }
        }
    }
}

fn row_ground(painter: &Painter, rect: Rect, selected: bool, hovered: bool, related: bool, t: &Tokens) {
    if selected || hovered {
        let color = if selected { t.select } else { t.hover };
        painter.rect_filled(rect.shrink2(vec2(4.0, 0.0)), size::ROW_RADIUS, color);
    } else if related {
        painter.rect_filled(rect.shrink2(vec2(1.0, 0.0)), 0, mix(t.island, t.hover, 0.35));
    }
}

/// Keyboard focus of a whole list: a line at its left, because a ring around half a window shouts.
pub fn focus_line(painter: &Painter, view: Rect, t: &Tokens) {
    let line = Rect::from_min_size(view.min, vec2(2.0, view.height()));
    painter.rect_filled(line, 1, t.accent);
}
