//! The tree: rows of 24, one widget, keys as in the small tree.

use std::ops::Range;

use callscope_wire::Span;
use callscope_wire::value::landmarks::Part;
use callscope_wire::value::outline::Kind;
use callscope_wire::value::scan::unquote;
use egui::{EventFilter, Id, Key, Modifiers, Painter, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2};
use serde_json::Value;

use super::super::flat;
use super::Source;
use super::rows::{self, Opened, Row, Way};
use crate::theme::{Tokens, font, size, tokens};
use crate::widget::json::tree::{Fact, Labels};
use crate::widget::row::{self, Caret};
use crate::widget::scroll::{Extent, Scroll};
use crate::widget::{text, vtable};

/// Bytes of a text that its row shows at most.
const LONGEST_TEXT: usize = 600;
/// A container below this is shown by its beginning when it is closed; a larger one by how much is in it.
const PREVIEWED: usize = 2 << 10;

/// What the tree remembers between frames.
#[derive(Clone, Debug, Default)]
pub struct LargeTree {
    scroll: Scroll,
    selected: Option<Way>,
    reveal: bool,
    open: Option<Opened>,
    revision: Option<u64>,
    /// The rows that were painted last, and which they are.
    painted: Option<(Range<u64>, Vec<Row>)>,
}

/// What was done in this frame.
pub struct LargeTreeOutput {
    pub response: Response,
}

impl LargeTree {
    /// The pointer and the bytes of what is selected.
    pub fn selected(&self, source: Source<'_>) -> Option<(String, Part)> {
        let way = self.selected.as_ref()?;
        let part = rows::part_at(source.marks, source.bytes, way)?;
        Some((rows::pointer(source.marks, source.bytes, way), part))
    }

    /// Selects what is at an offset, opens what hides it, and brings it into view.
    pub fn go_to(&mut self, source: Source<'_>, offset: usize) {
        self.refresh(source);
        let path = source.marks.path_to(source.bytes, offset);
        let way: Way = path.iter().map(|(number, _)| *number).collect();
        if way.is_empty() {
            return;
        }
        if let (Some(open), Some((_, above))) = (&mut self.open, way.split_last())
            && !above.is_empty()
        {
            open.set(source.marks, source.bytes, above, true);
        }
        self.selected = Some(way);
        self.reveal = true;
        self.painted = None;
    }

    fn refresh(&mut self, source: Source<'_>) {
        if self.revision == Some(source.revision) {
            return;
        }
        self.revision = Some(source.revision);
        self.painted = None;
        self.open = match self.open.take() {
            Some(open) => open.again(source.marks, source.bytes),
            None => Opened::at_first(source.marks, source.bytes),
        };
    }

    /// Fills the available space. `name` is what screen readers and tests call it.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        id: Id,
        name: &str,
        source: Source<'_>,
        labels: &Labels<'_>,
        fact: Fact<'_>,
    ) -> LargeTreeOutput {
        let (_, view) = ui.allocate_space(ui.available_size());
        let t = tokens(ui);
        self.refresh(source);
        let count = self.open.as_ref().map_or(1, Opened::rows);
        let mut extent = Extent { rows: count, row_height: size::ROW, view };
        let response = ui.interact(view, id, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Tree, ui.is_enabled(), name));
        if std::mem::take(&mut self.reveal)
            && let Some(row) = self.selected_row()
        {
            self.scroll.center(row, &extent);
        }
        self.scroll.bar(ui, id.with("bar"), &extent, &[]);
        self.scroll.wheel(ui, &extent);
        self.scroll.clamp(&extent);
        if response.clicked() || response.secondary_clicked() {
            response.request_focus();
            let at = response.interact_pointer_pos();
            if let Some(at) = at
                && let Some(row) = self.scroll.row_at(at.y, &extent)
            {
                self.click(source, row, at.x - view.left(), response.double_clicked());
            }
        }
        if response.has_focus() {
            self.keys(ui, id, source, &extent);
        }
        extent.rows = self.open.as_ref().map_or(1, Opened::rows);
        self.scroll.clamp(&extent);
        let hovered = ui
            .input(|input| input.pointer.hover_pos())
            .filter(|_| response.contains_pointer())
            .and_then(|at| self.scroll.row_at(at.y, &extent));
        let painter = ui.painter().with_clip_rect(view.intersect(ui.clip_rect()));
        let visible = self.scroll.visible(&extent);
        self.read(source, visible.clone());
        for (index, row) in visible.zip(self.painted.iter().flat_map(|(_, rows)| rows)) {
            let at = self.scroll.rect_of(index, &extent);
            let selected = self.selected.as_ref() == Some(&row.way);
            let ground = at.shrink2(egui::vec2(4.0, 0.0));
            if selected {
                painter.rect_filled(ground, size::ROW_RADIUS, t.select);
            } else if hovered == Some(index) {
                painter.rect_filled(ground, size::ROW_RADIUS, t.hover);
            }
            let pointer = rows::pointer(source.marks, source.bytes, &row.way);
            let shown = paint_row(&painter, at, row, source.bytes, labels, fact(&pointer), t);
            let node = ui.interact(at.intersect(view), id.with(("row", &row.way)), Sense::hover());
            node.widget_info(|| WidgetInfo::selected(Role::TreeItem, true, selected, shown.as_str()));
        }
        if response.has_focus() {
            vtable::focus_line(&painter, view, t);
        }
        LargeTreeOutput { response }
    }

    /// The rows to paint: read again only when they are others.
    fn read(&mut self, source: Source<'_>, visible: Range<u64>) {
        if self.painted.as_ref().is_some_and(|(range, _)| *range == visible) {
            return;
        }
        let count = (visible.end - visible.start) as usize;
        let rows = if let Some(open) = &self.open {
            open.window(source.marks, source.bytes, visible.start, count)
        } else {
            let root = source.marks.root(source.bytes);
            root.map(|part| Row { way: Way::new(), part, parts: None, open: false }).into_iter().collect()
        };
        self.painted = Some((visible, rows));
    }

    fn selected_row(&self) -> Option<u64> {
        self.open.as_ref()?.row_of(self.selected.as_ref()?)
    }

    fn select_row(&mut self, row: u64, extent: &Extent) {
        if let Some(open) = &self.open {
            self.selected = Some(open.way_to(row.min(extent.rows.saturating_sub(1))));
            self.scroll.reveal(row, extent);
        } else {
            self.selected = Some(Way::new());
        }
    }

    fn click(&mut self, source: Source<'_>, row: u64, x: f32, double: bool) {
        let Some(open) = &self.open else {
            self.selected = Some(Way::new());
            return;
        };
        let way = open.way_to(row);
        let Some(shown) = open.show(source.marks, source.bytes, way.clone()) else { return };
        let on_caret = (x - row::caret_x(0.0, way.len() - 1)).abs() <= 10.0;
        let foldable = shown.parts.is_some_and(|parts| parts > 0);
        if foldable && (on_caret || double) {
            self.toggle(source, &way, !shown.open);
        }
        if !on_caret || !foldable {
            self.selected = Some(way);
        }
    }

    fn toggle(&mut self, source: Source<'_>, way: &[usize], open: bool) {
        if let Some(top) = &mut self.open {
            top.set(source.marks, source.bytes, way, open);
            self.painted = None;
        }
    }

    fn keys(&mut self, ui: &Ui, id: Id, source: Source<'_>, extent: &Extent) {
        ui.memory_mut(|memory| {
            let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
            memory.set_focus_lock_filter(id, filter);
        });
        let keys = [
            Key::ArrowDown,
            Key::ArrowUp,
            Key::ArrowRight,
            Key::ArrowLeft,
            Key::PageDown,
            Key::PageUp,
            Key::Home,
            Key::End,
            Key::Enter,
        ];
        let pressed: Vec<Key> =
            ui.input_mut(|input| keys.into_iter().filter(|key| input.consume_key(Modifiers::NONE, *key)).collect());
        let Some(last) = extent.rows.checked_sub(1).filter(|_| !pressed.is_empty()) else { return };
        let page = Scroll::page(extent);
        for key in pressed {
            let current = self.selected_row();
            let at = current.unwrap_or_default();
            let shown = self.open.as_ref().and_then(|open| open.show(source.marks, source.bytes, open.way_to(at)));
            let (foldable, is_open) =
                shown.as_ref().map_or((false, false), |row| (row.parts.is_some_and(|parts| parts > 0), row.open));
            let way = shown.map(|row| row.way).unwrap_or_default();
            let to = match key {
                Key::ArrowDown => current.map_or(0, |at| at + 1),
                Key::ArrowUp => at.saturating_sub(1),
                Key::PageDown => at + page,
                Key::PageUp => at.saturating_sub(page),
                Key::Home => 0,
                Key::End => last,
                Key::ArrowRight if foldable && is_open => at + 1,
                Key::ArrowRight | Key::Enter if foldable => return self.toggle(source, &way, !is_open),
                Key::ArrowLeft if foldable && is_open => return self.toggle(source, &way, false),
                Key::ArrowLeft => {
                    let above = way.split_last().map(|(_, above)| above).filter(|above| !above.is_empty());
                    above.and_then(|above| self.open.as_ref()?.row_of(above)).unwrap_or(at)
                }
                _ => at,
            };
            self.select_row(to.min(last), extent);
        }
    }
}

/// Paints a row and says what it says.
fn paint_row(
    painter: &Painter,
    rect: Rect,
    row: &Row,
    bytes: &[u8],
    labels: &Labels<'_>,
    fact: Option<String>,
    t: &Tokens,
) -> String {
    let y = rect.center().y;
    let depth = row.way.len().saturating_sub(1);
    row::guides(painter, rect, depth, t);
    let caret = match row.parts {
        None | Some(0) => Caret::None,
        Some(_) if row.open => Caret::Open,
        Some(_) => Caret::Closed,
    };
    let caret_x = row::caret_x(rect.left(), depth);
    row::paint_caret(painter, pos2(caret_x, y), caret, t);
    let mut right = rect.right() - size::ROW_RIGHT;
    if let Some(fact) = fact {
        let line = text::elided(painter, fact, font::small(), (rect.width() * 0.45).max(60.0));
        right = text::galley_right(painter, pos2(right, y), line, t.low) - 12.0;
    }
    let name = match (row.part.name, row.way.last()) {
        (Some(name), _) => unquote(cut(bytes, name)).text.into_owned(),
        (None, Some(number)) => number.to_string(),
        (None, None) => String::new(),
    };
    let mut x = caret_x + 11.0;
    if !name.is_empty() {
        x = text::left_elided(painter, pos2(x, y), name.as_str(), font::code_small(), t.key, right - x) + 12.0;
    }
    let (words, mono, color) = words(row, bytes, labels, t);
    let face = if mono { font::code_small() } else { font::small() };
    text::left_elided(painter, pos2(x, y), words.as_str(), face, color, right - x);
    format!("{name}: {words}")
}

/// The value of a row in a line; whether it is code.
fn words(row: &Row, bytes: &[u8], labels: &Labels<'_>, t: &Tokens) -> (String, bool, egui::Color32) {
    let span = row.part.span;
    let how_many = |parts: usize| match row.part.kind {
        Kind::Object => (labels.fields)(parts),
        _ => (labels.items)(parts),
    };
    match (row.parts, row.part.kind) {
        (Some(0), Kind::Object) => ("{}".to_owned(), true, t.low),
        (Some(0), _) => ("[]".to_owned(), true, t.low),
        (Some(parts), _) if row.open => (how_many(parts), false, t.low),
        (Some(parts), kind) => {
            let small = (span.len() <= PREVIEWED)
                .then(|| serde_json::from_slice::<Value>(bytes.get(span.range()).unwrap_or_default()).ok());
            match small.flatten() {
                Some(value) => (flat::preview(&value), true, t.low),
                None if kind == Kind::Object => (format!("{{…}}  {}", how_many(parts)), true, t.low),
                None => (format!("[…]  {}", how_many(parts)), true, t.low),
            }
        }
        (None, Kind::Text) => {
            let text = unquote(cut(bytes, span)).text;
            let whole = span.len() <= LONGEST_TEXT;
            let text = if whole { &text } else { text.trim_end_matches('\u{fffd}') };
            let quoted = Value::from(text).to_string();
            (if whole { quoted } else { format!("{quoted}…") }, true, t.str)
        }
        (None, kind) => {
            let color = match kind {
                Kind::Number => t.num,
                Kind::Bool | Kind::Null => t.lit,
                _ => t.err,
            };
            (String::from_utf8_lossy(cut(bytes, span)).into_owned(), true, color)
        }
    }
}

/// As much of it as a row has room for.
fn cut(bytes: &[u8], span: Span) -> &[u8] {
    bytes.get(span.start..span.end.min(span.start + LONGEST_TEXT)).unwrap_or_default()
}
