//! Large texts, read-only: lines of 20 in colors, cut and painted only where seen, whatever the size.

use std::sync::Arc;

use egui::{EventFilter, Id, Key, Modifiers, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2};

use super::highlight;
use crate::theme::{font, size, tokens};
use crate::widget::scroll::{Extent, Scroll};
use crate::widget::{text, vtable};

/// A line of minified JSON may be the whole text; nobody reads it to the right of this many characters.
const LONGEST_LINE: usize = 2_000;
const GUTTER: f32 = 56.0;

/// What the view remembers between frames.
#[derive(Debug, Clone, Default)]
pub struct TextState {
    scroll: Scroll,
    lines: Option<(u64, Arc<[u32]>)>,
}

/// `version` must change when `source` does: lines are found once per version. Fills the available space.
pub fn text_view(ui: &mut Ui, id: Id, name: &str, source: &str, version: u64, state: &mut TextState) -> Response {
    let (_, rect) = ui.allocate_space(ui.available_size());
    let t = tokens(ui);
    let starts = match &state.lines {
        Some((known, starts)) if *known == version => Arc::clone(starts),
        _ => {
            let starts = line_starts(source);
            state.scroll = Scroll::default();
            state.lines = Some((version, Arc::clone(&starts)));
            starts
        }
    };
    let view = Rect::from_min_max(pos2(rect.left(), rect.top() + 4.0), rect.max);
    let extent = Extent { rows: starts.len() as u64, row_height: size::CODE_ROW, view };
    let response = ui.interact(view, id, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Document, ui.is_enabled(), name));
    if response.clicked() {
        response.request_focus();
    }
    state.scroll.bar(ui, id.with("bar"), &extent, &[]);
    state.scroll.wheel(ui, &extent);
    if response.has_focus() {
        keys(ui, id, state, &extent);
    }
    state.scroll.clamp(&extent);
    let painter = ui.painter().with_clip_rect(view.intersect(ui.clip_rect()));
    for row in state.scroll.visible(&extent) {
        let at = state.scroll.rect_of(row, &extent);
        let y = at.center().y;
        let number = (row + 1).to_string();
        let end = pos2(at.left() + GUTTER - 12.0, y + font::CODE_SMALL_LIFT);
        text::right(&painter, end, number, font::code_tiny(), t.low);
        let line = line(source, &starts, row as usize);
        let galley = painter.layout_job(highlight::job(line, &font::code_small(), t));
        text::galley_left(&painter, pos2(at.left() + GUTTER, y), galley, t.punct);
    }
    if response.has_focus() {
        vtable::focus_line(&painter, view, t);
    }
    response
}

fn keys(ui: &Ui, id: Id, state: &mut TextState, extent: &Extent) {
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
        state.scroll = Scroll::default();
    } else if end {
        state.scroll.to_end(extent);
    } else if by != 0.0 {
        state.scroll.by(by, extent);
    }
}

fn line_starts(source: &str) -> Arc<[u32]> {
    let after_breaks = source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1);
    std::iter::once(0).chain(after_breaks).collect()
}

/// Without its line break, and not longer than anyone reads.
fn line<'a>(source: &'a str, starts: &[u32], row: usize) -> &'a str {
    let start = starts.get(row).map_or(source.len(), |start| *start as usize);
    let end = starts.get(row + 1).map_or(source.len(), |next| (*next as usize).saturating_sub(1));
    let line = source.get(start..end).unwrap_or_default().trim_end_matches('\r');
    match line.char_indices().nth(LONGEST_LINE) {
        Some((cut, _)) => line.get(..cut).unwrap_or_default(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_LINE, line, line_starts};

    #[test]
    fn lines_come_without_their_breaks() {
        let source = "{\r\n  1\n}";
        let starts = line_starts(source);
        let lines: Vec<_> = (0..starts.len()).map(|row| line(source, &starts, row)).collect();
        assert_eq!(lines, ["{", "  1", "}"]);
        assert_eq!(line_starts("").len(), 1);
    }

    #[test]
    fn a_line_of_a_megabyte_is_cut() {
        let source = "上".repeat(400_000);
        let starts = line_starts(&source);
        assert_eq!(line(&source, &starts, 0).chars().count(), LONGEST_LINE);
    }
}
