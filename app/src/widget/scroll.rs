//! Scrolling over any number of rows of one height, exact to the point.
//!
//! A position is a row (`u64`) and points below its top. One `f32` for all would stop moving smoothly above half a
//! million rows. Shared by the table, the bytes and the JSON views; knows rows only by number.

use std::ops::Range;

use egui::{Color32, Id, Rect, Response, Sense, Ui, pos2};

use crate::theme::{mix, tokens};

const BAR: f32 = 12.0;
const THUMB_MIN: f64 = 24.0;

/// The top of what is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Scroll {
    row: u64,
    /// Points of `row` hidden above the view; in `0..row_height`.
    offset: f32,
}

/// What is scrolled: `rows` of `row_height`, seen through `view`.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    pub rows: u64,
    pub row_height: f32,
    pub view: Rect,
}

/// A colored line beside the scrollbar, at a share of all rows.
#[derive(Debug, Clone, Copy)]
pub struct Tick {
    pub at: f32,
    pub color: Color32,
}

impl Scroll {
    /// Moves by points, down for positive ones.
    pub fn by(&mut self, points: f32, extent: &Extent) {
        let at = self.offset + points;
        let whole = (at / extent.row_height).floor();
        self.offset = at - whole * extent.row_height;
        if whole >= 0.0 {
            self.row = self.row.saturating_add(whole as u64);
        } else {
            let up = -whole as u64;
            if up > self.row {
                *self = Self::default();
            } else {
                self.row -= up;
            }
        }
        self.clamp(extent);
    }

    pub fn to_end(&mut self, extent: &Extent) {
        *self = Self::end(extent);
    }

    /// After rows have come or gone, or the view has changed.
    pub fn clamp(&mut self, extent: &Extent) {
        let end = Self::end(extent);
        if (self.row, self.offset) > (end.row, end.offset) {
            *self = end;
        }
    }

    /// Moves as little as possible so that `row` is wholly in view.
    pub fn reveal(&mut self, row: u64, extent: &Extent) {
        if row < self.row || (row == self.row && self.offset > 0.0) {
            *self = Self { row, offset: 0.0 };
        } else {
            let upto = Extent { rows: row.saturating_add(1), ..*extent };
            let lowest = Self::end(&upto);
            if (lowest.row, lowest.offset) > (self.row, self.offset) {
                *self = lowest;
            }
        }
        self.clamp(extent);
    }

    /// Puts `row` at a third of the view: for jumps from elsewhere.
    pub fn center(&mut self, row: u64, extent: &Extent) {
        *self = Self { row, offset: 0.0 };
        self.by(-extent.view.height() / 3.0, extent);
    }

    /// Rows went away at the front.
    pub fn shift(&mut self, rows: u64) {
        match self.row.checked_sub(rows) {
            Some(row) => self.row = row,
            None => *self = Self::default(),
        }
    }

    /// Rows of which at least a part is in view.
    pub fn visible(&self, extent: &Extent) -> Range<u64> {
        let count = ((extent.view.height() + self.offset) / extent.row_height).ceil();
        self.row..self.row.saturating_add(count.max(0.0) as u64).min(extent.rows)
    }

    /// The place of a row, in view or not far from it.
    pub fn rect_of(&self, row: u64, extent: &Extent) -> Rect {
        let steps = row.cast_signed() - self.row.cast_signed();
        let top = (extent.view.top() + steps as f32 * extent.row_height - self.offset).round();
        Rect::from_min_max(pos2(extent.view.left(), top), pos2(extent.view.right(), top + extent.row_height))
    }

    /// The row under a height of the screen.
    pub fn row_at(&self, y: f32, extent: &Extent) -> Option<u64> {
        if !extent.view.y_range().contains(y) {
            return None;
        }
        let steps = ((y - extent.view.top() + self.offset) / extent.row_height).floor();
        let row = self.row.saturating_add(steps.max(0.0) as u64);
        (row < extent.rows).then_some(row)
    }

    /// How many whole rows a page has.
    pub fn page(extent: &Extent) -> u64 {
        ((extent.view.height() / extent.row_height).floor() as u64).saturating_sub(1).max(1)
    }

    pub fn row(&self) -> u64 {
        self.row
    }

    /// Moves by the wheel when the pointer is over the view; true when there was something to move.
    pub fn wheel(&mut self, ui: &Ui, extent: &Extent) -> bool {
        if !ui.rect_contains_pointer(extent.view) {
            return false;
        }
        let delta = ui.input(|input| input.smooth_scroll_delta().y);
        if delta == 0.0 {
            return false;
        }
        self.by(-delta, extent);
        true
    }

    /// Paints and handles the bar at the right edge of the view; true while it is dragged or was clicked.
    pub fn bar(&mut self, ui: &Ui, id: Id, extent: &Extent, ticks: &[Tick]) -> bool {
        let t = tokens(ui);
        let view = extent.view;
        let painter = ui.painter();
        for tick in ticks {
            let y = view.top() + view.height() * tick.at.clamp(0.0, 1.0);
            let line =
                Rect::from_min_max(pos2(view.right() - 5.0, y.floor()), pos2(view.right() - 1.0, y.floor() + 1.0));
            painter.rect_filled(line, 0, tick.color);
        }
        let shown = f64::from(view.height() / extent.row_height);
        let beyond = extent.rows as f64 - shown;
        if beyond <= 0.0 || view.height() < THUMB_MIN as f32 * 1.5 {
            return false;
        }
        let track = Rect::from_min_max(pos2(view.right() - BAR, view.top()), view.right_bottom());
        let height = f64::from(track.height());
        let length = (height * shown / extent.rows as f64).max(THUMB_MIN);
        let run = height - length;
        // Not focusable: the list itself is the Tab stop and has the keys.
        let response = ui.interact(track, id, Sense::CLICK | Sense::DRAG);
        let moved = self.drag(&response, track, run, length, beyond, extent);
        let share = self.position(extent) / beyond;
        let top = f64::from(track.top()) + run * share.clamp(0.0, 1.0);
        let wide = response.contains_pointer() || response.dragged();
        let width = if wide { 8.0 } else { 4.0 };
        let thumb = Rect::from_min_max(
            pos2(view.right() - 1.0 - width, top as f32 + 1.0),
            pos2(view.right() - 1.0, (top + length) as f32 - 1.0),
        );
        let color = if response.dragged() { t.low } else { mix(t.line2, t.low, if wide { 0.7 } else { 0.35 }) };
        painter.rect_filled(thumb, width / 2.0, color);
        moved
    }

    fn drag(&mut self, response: &Response, track: Rect, run: f64, length: f64, beyond: f64, extent: &Extent) -> bool {
        if run <= 0.0 {
            return false;
        }
        if response.dragged() {
            let delta = f64::from(response.drag_delta().y) / run * beyond;
            self.set_position(self.position(extent) + delta, extent);
            return true;
        }
        if response.clicked()
            && let Some(at) = response.interact_pointer_pos()
        {
            let share = (f64::from(at.y - track.top()) - length / 2.0) / run;
            self.set_position(share * beyond, extent);
            return true;
        }
        false
    }

    /// In rows, as exact as a thumb can be.
    fn position(&self, extent: &Extent) -> f64 {
        self.row as f64 + f64::from(self.offset / extent.row_height)
    }

    fn set_position(&mut self, rows: f64, extent: &Extent) {
        let rows = rows.max(0.0);
        self.row = rows.floor() as u64;
        self.offset = (rows.fract() as f32) * extent.row_height;
        self.clamp(extent);
    }

    fn end(extent: &Extent) -> Self {
        let full = (extent.view.height() / extent.row_height).floor().max(0.0);
        let rest = extent.view.height() - full * extent.row_height;
        let full = full as u64;
        if rest > 0.01 {
            match extent.rows.checked_sub(full + 1) {
                Some(row) => Self { row, offset: extent.row_height - rest },
                None => Self::default(),
            }
        } else {
            Self { row: extent.rows.saturating_sub(full), offset: 0.0 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Extent, Scroll};
    use egui::{Rect, pos2};

    fn extent(rows: u64) -> Extent {
        Extent { rows, row_height: 24.0, view: Rect::from_min_max(pos2(0.0, 100.0), pos2(500.0, 350.0)) }
    }

    #[test]
    fn one_point_moves_one_point_at_ten_billion_rows() {
        let extent = extent(10_000_000_000);
        let mut scroll = Scroll::default();
        scroll.reveal(9_000_000_000, &extent);
        let before = scroll.rect_of(9_000_000_000, &extent).top();
        scroll.by(1.0, &extent);
        assert!((before - scroll.rect_of(9_000_000_000, &extent).top() - 1.0).abs() < 0.01);
    }

    #[test]
    fn the_end_shows_the_last_row_at_the_bottom() {
        for rows in [11, 12, 1000, 10_000_000_000] {
            let extent = extent(rows);
            let mut scroll = Scroll::default();
            scroll.by(f32::MAX / 4.0, &extent);
            scroll.to_end(&extent);
            let last = scroll.rect_of(rows - 1, &extent);
            assert!((last.bottom() - extent.view.bottom()).abs() < 1.0, "{rows}");
            let at_end = scroll;
            scroll.by(50.0, &extent);
            assert_eq!(scroll, at_end);
        }
    }

    #[test]
    fn few_rows_stay_at_the_top() {
        let extent = extent(3);
        let mut scroll = Scroll::default();
        scroll.by(500.0, &extent);
        assert_eq!(scroll, Scroll::default());
        scroll.to_end(&extent);
        assert_eq!(scroll.visible(&extent), 0..3);
    }

    #[test]
    fn revealing_moves_as_little_as_possible() {
        let extent = extent(1000);
        let mut scroll = Scroll::default();
        scroll.reveal(5, &extent);
        assert_eq!(scroll, Scroll::default());
        scroll.reveal(500, &extent);
        assert!((scroll.rect_of(500, &extent).bottom() - 350.0).abs() < 1.0);
        scroll.reveal(400, &extent);
        assert!((scroll.rect_of(400, &extent).top() - 100.0).abs() < 0.01);
    }

    #[test]
    fn rows_leaving_at_the_front_keep_the_view_still() {
        let extent = extent(1000);
        let mut scroll = Scroll::default();
        scroll.by(24.0 * 300.0 + 7.0, &extent);
        let before = scroll.rect_of(305, &extent);
        scroll.shift(100);
        assert_eq!(scroll.rect_of(205, &extent), before);
        scroll.shift(1000);
        assert_eq!(scroll, Scroll::default());
    }

    #[test]
    fn a_height_finds_its_row() {
        let extent = extent(1000);
        let mut scroll = Scroll::default();
        scroll.by(12.0, &extent);
        assert_eq!(scroll.row_at(100.0, &extent), Some(0));
        assert_eq!(scroll.row_at(113.0, &extent), Some(1));
        assert_eq!(scroll.row_at(90.0, &extent), None);
    }
}
