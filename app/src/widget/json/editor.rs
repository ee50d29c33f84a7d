//! The JSON editor: egui's text edit with a gutter, the current line, guides, colors, and a wave under an error.
//!
//! It knows text and byte ranges. Whether the text is valid is decided elsewhere, while typing.

use std::ops::Range;
use std::sync::Arc;

use egui::text::{CCursor, CCursorRange, CharIndex};
use egui::{
    Event, Frame, Galley, Id, Key, Modifiers, Painter, Pos2, Rect, Response, ScrollArea, Shape, Stroke, TextBuffer,
    TextEdit, Ui, UiBuilder, pos2, vec2,
};

use super::highlight;
use super::tokens::{Kind, tokenize};
use crate::theme::{Tokens, font, mix, size, tokens};
use crate::widget::{composing, edge, text};

/// Above this many bytes the text is plain: cutting and shaping it anew on each keystroke would be felt.
pub const HIGHLIGHT_LIMIT: usize = 200_000;
/// Above this many bytes editing itself would be felt: show it with [`super::text`] instead.
pub const EDIT_LIMIT: usize = 2_000_000;

const TOP: f32 = 8.0;

/// What the editor remembers between frames.
#[derive(Debug, Clone, Default)]
pub struct EditorState {
    laid_out: Option<LaidOut>,
    go_to: Option<Range<usize>>,
    cursor: Option<usize>,
    marked: Option<usize>,
    /// The mark was set and not yet scrolled to.
    reveal: bool,
    /// Of the text edit, while it is shown.
    id: Option<Id>,
}

impl EditorState {
    /// Selects a byte range from elsewhere and scrolls to it in the next frame.
    pub fn go_to(&mut self, range: Range<usize>) {
        self.go_to = Some(range);
    }

    /// Makes the line of a byte the current one while the caret is elsewhere, and scrolls to it.
    pub fn mark(&mut self, byte: usize) {
        self.reveal |= self.marked != Some(byte);
        self.marked = Some(byte);
    }

    /// The byte of the line that is marked.
    #[cfg(test)]
    pub fn marked(&self) -> Option<usize> {
        self.marked
    }

    /// Whether the focus is in this editor, `id` being who has it.
    pub fn is(&self, id: Id) -> bool {
        self.id == Some(id)
    }

    /// The byte the caret is before.
    pub fn cursor(&self) -> Option<usize> {
        self.cursor
    }
}

#[derive(Debug)]
pub struct EditorOutput {
    /// That of the text edit: `changed`, `has_focus`.
    pub response: Response,
    /// From 1; of the caret.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

#[must_use = "call show()"]
pub struct Editor<'a> {
    id: Id,
    name: &'a str,
    text: &'a mut String,
    errors: &'a [Range<usize>],
    read_only: bool,
}

impl<'a> Editor<'a> {
    /// `name` is what screen readers and tests call the editor.
    pub fn new(id: Id, name: &'a str, text: &'a mut String) -> Self {
        Self { id, name, text, errors: &[], read_only: false }
    }

    /// The bytes that are wrong.
    pub fn errors(mut self, errors: &'a [Range<usize>]) -> Self {
        self.errors = errors;
        self
    }

    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Fills the available space.
    pub fn show(self, ui: &mut Ui, state: &mut EditorState) -> EditorOutput {
        if !self.read_only && take_large_paste(ui, self.id, self.text) {
            // Too large to be laid out even once: the caller shows it in another way.
            let mut response = ui.allocate_response(ui.available_size(), egui::Sense::hover());
            response.mark_changed();
            return EditorOutput { response, line: 1, column: 1 };
        }
        ScrollArea::vertical().id_salt(self.id).auto_shrink(false).show(ui, |ui| self.contents(ui, state)).inner
    }

    fn contents(self, ui: &mut Ui, state: &mut EditorState) -> EditorOutput {
        let t = tokens(ui);
        let space = ui.available_rect_before_wrap();
        let least = (ui.clip_rect().height() - 2.0 * TOP).max(size::CODE_ROW);
        let background = ui.painter().add(Shape::Noop);
        let guides = ui.painter().add(Shape::Noop);
        if let Some(range) = state.go_to.take() {
            place_cursor(ui, self.id, self.text, &range);
        }
        if !self.read_only && ui.memory(|memory| memory.has_focus(self.id)) {
            indent_new_lines(ui, self.text, state.cursor);
        }
        let place = Rect::from_min_max(
            pos2(space.left() + size::GUTTER + 12.0, space.top() + TOP),
            pos2(space.right() - 8.0, f32::INFINITY),
        );
        let mut child = ui.new_child(UiBuilder::new().max_rect(place));
        let cache = &mut state.laid_out;
        let mut layouter = |ui: &Ui, buffer: &dyn TextBuffer, width: f32| lay_out(cache, ui, buffer.as_str(), width);
        let mut show = |ui: &mut Ui, buffer: &mut dyn TextBuffer| {
            TextEdit::multiline(buffer)
                .id(self.id)
                .frame(Frame::NONE)
                .margin(0.0)
                .font(font::code())
                .desired_width(f32::INFINITY)
                .min_size(vec2(0.0, least))
                .layouter(&mut layouter)
                .show(ui)
        };
        let shown = if self.read_only {
            show(&mut child, &mut self.text.as_str())
        } else {
            composing::edit(&mut child, self.id, self.text, |ui, text| show(ui, text))
        };
        let response = shown.response.response.accessible_name(self.name);
        let bottom = response.rect.bottom() + TOP;
        ui.advance_cursor_after_rect(Rect::from_min_max(
            space.min,
            pos2(space.right(), bottom.max(space.top() + least)),
        ));

        let cursor = shown.cursor_range.map(|range| range.primary);
        // What is seen: with what is being composed, which is not in the text yet.
        let source = shown.galley.text();
        if let Some(cursor) = cursor {
            state.cursor = Some(byte_of(source, cursor.index.0));
        }
        let at = state.cursor.unwrap_or_default().min(source.len());
        let (line, column) = line_and_column(source, at);
        state.id = Some(self.id);
        let page = Page { galley: &shown.galley, origin: shown.galley_pos, left: space.left(), right: space.right() };
        if response.has_focus() {
            state.marked = None;
        }
        let marked = state.marked.map(|at| CCursor::new(CharIndex(char_of(self.text, at))));
        let current = cursor.filter(|_| response.has_focus()).or(marked);
        let current = current.map(|cursor| shown.galley.pos_from_cursor(cursor));
        if let Some(caret) = current.filter(|_| std::mem::take(&mut state.reveal)) {
            let rect = caret.translate(page.origin.to_vec2()).expand2(vec2(0.0, 3.0 * size::CODE_ROW));
            ui.scroll_to_rect(rect, None);
        }
        let painter = ui.painter();
        if let Some(caret) = current {
            let y = page.origin.y + caret.center().y - size::CODE_ROW / 2.0;
            let row = Rect::from_min_size(pos2(page.left, y.round()), vec2(page.right - page.left, size::CODE_ROW));
            let color = mix(t.island, t.hover, 0.55);
            painter.set(background, Shape::rect_filled(row, 0, color));
        }
        painter.set(guides, Shape::Vec(vec![page.guides(painter, t), page.variables(painter, t)]));
        let current_line = match state.marked {
            Some(marked) => Some(line_and_column(self.text, marked).0),
            None => response.has_focus().then_some(line),
        };
        page.numbers(painter, current_line, t);
        page.waves(painter, self.text, self.errors, t);
        EditorOutput { response, line, column }
    }
}

/// A galley of ours, and what it was made from. Hashing the text is cheaper than hashing a job of sections.
#[derive(Debug, Clone)]
struct LaidOut {
    key: (u64, u32, bool, u32),
    /// Lives in egui's own cache. When egui drops that (a new font atlas), this is another one, and ours is stale.
    sentinel: Arc<Galley>,
    galley: Arc<Galley>,
}

fn lay_out(cache: &mut Option<LaidOut>, ui: &Ui, source: &str, width: f32) -> Arc<Galley> {
    let t = tokens(ui);
    let key = (egui::util::hash(source), width.to_bits(), t.dark, ui.pixels_per_point().to_bits());
    let sentinel = text::galley(ui.painter(), "{}", font::code());
    if let Some(laid_out) = cache
        && laid_out.key == key
        && Arc::ptr_eq(&laid_out.sentinel, &sentinel)
    {
        return Arc::clone(&laid_out.galley);
    }
    let mut job = if source.len() <= HIGHLIGHT_LIMIT {
        highlight::job(source, &font::code(), t)
    } else {
        highlight::plain(source, &font::code(), t.hi)
    };
    job.wrap.max_width = width;
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    *cache = Some(LaidOut { key, sentinel, galley: Arc::clone(&galley) });
    galley
}

/// Where the text lies on the screen.
struct Page<'a> {
    galley: &'a Galley,
    origin: Pos2,
    left: f32,
    right: f32,
}

impl Page<'_> {
    fn is_visible(&self, painter: &Painter, row_top: f32) -> bool {
        let y = self.origin.y + row_top;
        painter.clip_rect().y_range().expand(size::CODE_ROW).contains(y)
    }

    /// One number per line, at the first of its rows.
    fn numbers(&self, painter: &Painter, current: Option<usize>, t: &Tokens) {
        let mut line = 1;
        let mut begins = true;
        for row in &self.galley.rows {
            if begins && self.is_visible(painter, row.pos.y) {
                let color = if current == Some(line) { t.hi } else { t.low };
                let y = self.origin.y + row.rect().center().y + font::CODE_SMALL_LIFT;
                let end = pos2(self.left + size::GUTTER - 4.0, y);
                text::right(painter, end, line.to_string(), font::code_tiny(), color);
            }
            begins = row.ends_with_newline;
            line += usize::from(begins);
        }
    }

    /// A line at each level of two columns that a row is indented by.
    fn guides(&self, painter: &Painter, t: &Tokens) -> Shape {
        let mut lines = Vec::new();
        for row in &self.galley.rows {
            if !self.is_visible(painter, row.pos.y) {
                continue;
            }
            let glyphs = &row.row.glyphs;
            let indent = glyphs.iter().take_while(|glyph| glyph.chr == ' ').count();
            if indent == glyphs.len() {
                continue;
            }
            for level in 0..indent / 2 {
                let Some(glyph) = glyphs.get(level * 2) else { break };
                let x = (self.origin.x + row.pos.x + glyph.pos.x).round();
                let y = self.origin.y + row.rect().center().y - size::CODE_ROW / 2.0;
                let line = Rect::from_min_size(pos2(x, y.round()), vec2(1.0, size::CODE_ROW));
                lines.push(Shape::rect_filled(line, 0, t.line));
            }
        }
        Shape::Vec(lines)
    }

    /// The ground of each `{{name}}`. Painted here, because that of a text format is as high as two rows.
    fn variables(&self, painter: &Painter, t: &Tokens) -> Shape {
        let mut grounds = Vec::new();
        let color = t.over(t.var, 0.14, 0.08);
        for row in &self.galley.rows {
            if !self.is_visible(painter, row.pos.y) {
                continue;
            }
            let glyphs = &row.row.glyphs;
            let words: String = glyphs.iter().map(|glyph| glyph.chr).collect();
            for token in tokenize(&words).into_iter().filter(|token| token.kind == Kind::Var) {
                let (first, last) = (char_of(&words, token.range.start), char_of(&words, token.range.end));
                let ends = glyphs.get(first).zip(glyphs.get(last.saturating_sub(1)));
                let Some((first, last)) = ends else { continue };
                let left = self.origin.x + row.pos.x;
                let y = self.origin.y + row.rect().center().y;
                let ground = Rect::from_min_max(
                    pos2((left + first.pos.x - 1.0).floor(), (y - 9.0).round()),
                    pos2((left + last.max_x() + 1.0).ceil(), (y + 9.0).round()),
                );
                grounds.push(Shape::rect_filled(ground, size::BADGE_RADIUS, color));
            }
        }
        Shape::Vec(grounds)
    }

    /// Characters are counted once from the first error to the last, however long the text is.
    fn waves(&self, painter: &Painter, source: &str, errors: &[Range<usize>], t: &Tokens) {
        let mut errors: Vec<&Range<usize>> = errors.iter().collect();
        errors.sort_by_key(|range| range.start);
        let (mut byte, mut chars) = (0, 0);
        for range in errors {
            let start = source.floor_char_boundary(range.start).max(byte);
            let end = source.floor_char_boundary(range.end).max(start);
            let count = |from, to| source.get(from..to).unwrap_or_default().chars().count();
            chars += count(byte, start);
            byte = start;
            self.wave(painter, chars, chars + count(start, end), t);
        }
    }

    fn wave(&self, painter: &Painter, from: usize, to: usize, t: &Tokens) {
        let cursor = |at: usize| self.galley.pos_from_cursor(CCursor::new(CharIndex(at)));
        let (start, end) = (cursor(from), cursor(to));
        let same_row = (start.center().y - end.center().y).abs() < 1.0;
        let left = self.origin.x + start.left();
        // At the end of a line or of the text there is nothing to underline: a stub of one character.
        let right = if same_row && end.left() > start.left() + 4.0 { self.origin.x + end.left() } else { left + 12.0 };
        let y = self.origin.y + start.center().y + 8.0;
        let steps = ((right - left) / 3.0).ceil().max(2.0) as usize;
        let points: Vec<Pos2> = (0..=steps)
            .map(|step| {
                let up = if step % 2 == 0 { 1.0 } else { -1.0 };
                pos2((left + step as f32 * 3.0).min(right), y + up)
            })
            .collect();
        painter.add(Shape::line(points, Stroke::new(1.25, t.err)));
        // And in the gutter, for a long text that shows only the beginning of the line.
        let dot = pos2(self.left + 8.0, self.origin.y + start.center().y);
        crate::widget::mark::cross(painter, dot, 3.0, t.err, 1.5);
        edge::vline(painter, self.left, y - 18.0..=y + 2.0, t.err);
    }
}

/// Puts in what is pasted, if the text becomes too large to be edited by it.
fn take_large_paste(ui: &Ui, id: Id, source: &mut String) -> bool {
    if !ui.memory(|memory| memory.has_focus(id)) {
        return false;
    }
    let pasted = ui.input_mut(|input| {
        let large = |event: &Event| matches!(event, Event::Paste(text) if source.len() + text.len() > EDIT_LIMIT);
        let at = input.events.iter().position(large)?;
        match input.events.remove(at) {
            Event::Paste(text) => Some(text),
            _ => None,
        }
    });
    let Some(pasted) = pasted else { return false };
    let selected = TextEdit::load_state(ui, id).and_then(|edit| edit.cursor.char_range());
    let (from, to) = selected.map_or((source.len(), source.len()), |range| {
        let [a, b] = [range.primary, range.secondary].map(|cursor| byte_of(source, cursor.index.0));
        (a.min(b), a.max(b))
    });
    source.replace_range(from..to, &pasted);
    true
}

/// Enter keeps the indentation, and deepens it after an opening bracket.
fn indent_new_lines(ui: &Ui, source: &str, cursor: Option<usize>) {
    let before = source.get(..cursor.unwrap_or_default()).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let indent = line.len() - line.trim_start_matches(' ').len();
    let deeper = before.trim_end().ends_with(['{', '[']);
    let indent = indent + if deeper { 2 } else { 0 };
    if indent == 0 {
        return;
    }
    ui.input_mut(|input| {
        for event in &mut input.events {
            let enter = matches!(event, Event::Key { key: Key::Enter, pressed: true, modifiers: Modifiers::NONE, .. });
            if enter {
                *event = Event::Paste(format!("\n{}", " ".repeat(indent)));
            }
        }
    });
}

fn place_cursor(ui: &Ui, id: Id, source: &str, range: &Range<usize>) {
    let mut edit = TextEdit::load_state(ui, id).unwrap_or_default();
    let cursor = |byte| CCursor::new(CharIndex(char_of(source, byte)));
    let selected = CCursorRange::two(cursor(range.start), cursor(range.end));
    edit.cursor.set_char_range(Some(selected));
    TextEdit::store_state(ui, id, edit);
    ui.memory_mut(|memory| memory.request_focus(id));
}

fn char_of(source: &str, byte: usize) -> usize {
    let mut byte = byte.min(source.len());
    while !source.is_char_boundary(byte) {
        byte -= 1;
    }
    source.get(..byte).unwrap_or_default().chars().count()
}

fn byte_of(source: &str, char_index: usize) -> usize {
    source.char_indices().nth(char_index).map_or(source.len(), |(byte, _)| byte)
}

/// From 1.
fn line_and_column(source: &str, byte: usize) -> (usize, usize) {
    let before = source.get(..byte).unwrap_or_default();
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::{byte_of, char_of, line_and_column};

    #[test]
    fn places_count_characters_not_bytes() {
        let source = "{\n  \"city\": \"上海\"\n}";
        let byte = source.find('海').unwrap();
        assert_eq!(line_and_column(source, byte), (2, 13));
        assert_eq!(byte_of(source, char_of(source, byte)), byte);
        assert_eq!(char_of(source, byte + 1), char_of(source, byte));
        assert_eq!(byte_of(source, 1000), source.len());
    }
}
