//! The same as text: laid out two spaces a level, lines of 20 in colors, read where they are seen.

use std::ops::Range;

use callscope_wire::value::landmarks::Line;
use egui::{EventFilter, Id, Key, Modifiers, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2};

use super::super::highlight;
use super::Source;
use crate::theme::{font, size, tokens};
use crate::widget::scroll::{Extent, Scroll};
use crate::widget::{text, vtable};

/// Characters of a line that are shaped.
const LONGEST_LINE: usize = 2_000;

/// What the view remembers between frames.
#[derive(Clone, Debug, Default)]
pub struct LargeText {
    scroll: Scroll,
    /// The line that was gone to last.
    marked: Option<u64>,
    reveal: bool,
    revision: Option<u64>,
    painted: Option<(Range<u64>, Vec<Line>)>,
}

impl LargeText {
    /// Brings what is at an offset into view, and marks its line.
    pub fn go_to(&mut self, source: Source<'_>, offset: usize) {
        self.marked = Some(source.marks.line_of(source.bytes, offset));
        self.reveal = true;
    }

    /// Fills the available space. `name` is what screen readers and tests call it.
    pub fn show(&mut self, ui: &mut Ui, id: Id, name: &str, source: Source<'_>) -> Response {
        let (_, rect) = ui.allocate_space(ui.available_size());
        let t = tokens(ui);
        if self.revision != Some(source.revision) {
            self.revision = Some(source.revision);
            self.painted = None;
        }
        let view = Rect::from_min_max(pos2(rect.left(), rect.top() + 4.0), rect.max);
        let extent = Extent { rows: source.marks.line_count(), row_height: size::CODE_ROW, view };
        let response = ui.interact(view, id, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Document, ui.is_enabled(), name));
        if response.clicked() {
            response.request_focus();
        }
        if std::mem::take(&mut self.reveal)
            && let Some(line) = self.marked
        {
            self.scroll.center(line, &extent);
        }
        self.scroll.bar(ui, id.with("bar"), &extent, &[]);
        self.scroll.wheel(ui, &extent);
        if response.has_focus() {
            self.keys(ui, id, &extent);
        }
        self.scroll.clamp(&extent);
        let visible = self.scroll.visible(&extent);
        if self.painted.as_ref().is_none_or(|(range, _)| *range != visible) {
            let count = (visible.end - visible.start) as usize;
            let lines = source.marks.lines(source.bytes, visible.start, count);
            self.painted = Some((visible.clone(), lines));
        }
        let painter = ui.painter().with_clip_rect(view.intersect(ui.clip_rect()));
        // As wide as the last number needs.
        let digits = extent.rows.max(1).ilog10() as f32 + 1.0;
        let gutter = (digits * 7.0 + 28.0).max(56.0);
        for (number, line) in visible.zip(self.painted.iter().flat_map(|(_, lines)| lines)) {
            let at = self.scroll.rect_of(number, &extent);
            let y = at.center().y;
            if self.marked == Some(number) {
                painter.rect_filled(at, 0, t.select);
            }
            let end = pos2(at.left() + gutter - 12.0, y + font::CODE_SMALL_LIFT);
            text::right(&painter, end, (number + 1).to_string(), font::code_tiny(), t.low);
            let shown = match line.text.char_indices().nth(LONGEST_LINE) {
                Some((cut, _)) => line.text.get(..cut).unwrap_or_default(),
                None => &line.text,
            };
            let galley = painter.layout_job(highlight::job(shown, &font::code_small(), t));
            text::galley_left(&painter, pos2(at.left() + gutter, y), galley, t.punct);
        }
        if response.has_focus() {
            vtable::focus_line(&painter, view, t);
        }
        response
    }

    fn keys(&mut self, ui: &Ui, id: Id, extent: &Extent) {
        ui.memory_mut(|memory| {
            let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
            memory.set_focus_lock_filter(id, filter);
        });
        let page = Scroll::page(extent) as f32 * extent.row_height;
        let mut by = 0.0;
        let (mut home, mut end) = (false, false);
        ui.input_mut(|input| {
            let mut pressed = |key| input.count_and_consume_key(Modifiers::NONE, key) as f32;
            by += (pressed(Key::ArrowDown) - pressed(Key::ArrowUp)) * extent.row_height;
            by += (pressed(Key::PageDown) - pressed(Key::PageUp)) * page;
            home = pressed(Key::Home) > 0.0;
            end = pressed(Key::End) > 0.0;
        });
        if home {
            self.scroll = Scroll::default();
        } else if end {
            self.scroll.to_end(extent);
        } else if by != 0.0 {
            self.scroll.by(by, extent);
        }
    }
}
