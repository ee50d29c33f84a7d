//! A JSON value as a foldable tree: a flat list of the open rows, made once per change, painted only where seen.
//!
//! Rows are addressed by JSON pointer (RFC 6901). It knows values, not schemas: types and field numbers at the right
//! end come from the caller's callback.

use std::sync::Arc;

use egui::{Color32, EventFilter, Id, Key, Modifiers, Painter, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2};
use serde_json::Value;

use super::flat::{self, FlatRow, Shape};
use crate::theme::{Tokens, font, size, tokens};
use crate::widget::row::{self, Caret};
use crate::widget::scroll::{Extent, Scroll};
use crate::widget::{text, vtable};

/// Longer strings are cut before they are shaped.
const LONGEST_STRING: usize = 400;

/// What the tree remembers between frames.
#[derive(Debug, Clone, Default)]
pub struct TreeState {
    scroll: Scroll,
    selected: Option<String>,
    reveal: bool,
    folds: flat::Folds,
    flat: Option<(u64, Arc<[FlatRow]>)>,
}

impl TreeState {
    /// JSON pointer of the selected row.
    pub fn selected(&self) -> Option<&str> {
        self.selected.as_deref()
    }

    /// Selects from elsewhere: opens what hides the row and brings it into view.
    pub fn select(&mut self, pointer: Option<&str>) {
        if self.selected.as_deref() == pointer {
            return;
        }
        self.selected = pointer.map(str::to_owned);
        if let Some(pointer) = pointer {
            self.folds.open_to(pointer);
            self.flat = None;
            self.reveal = true;
        }
    }

    pub fn expand_all(&mut self) {
        self.folds.all(true);
        self.flat = None;
    }

    pub fn collapse_all(&mut self) {
        self.folds.all(false);
        self.flat = None;
    }

    fn toggle(&mut self, row: &FlatRow, pointer: String) {
        self.folds.set(pointer, !row.open);
        self.flat = None;
    }
}

/// What stands at the right end of the row of a JSON pointer.
pub type Fact<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The words for how large a folded thing is: `6 fields`, `2 items`.
pub struct Labels<'a> {
    pub fields: &'a dyn Fn(usize) -> String,
    pub items: &'a dyn Fn(usize) -> String,
}

#[derive(Debug)]
pub struct TreeOutput {
    pub response: Response,
    /// By pointer or key, in this frame.
    pub selection_changed: bool,
    /// JSON pointer of the row that was clicked with the other button.
    pub context: Option<String>,
    /// JSON pointer of the row without anything inside that was double-clicked, or entered.
    pub activated: Option<String>,
}

#[must_use = "call show()"]
pub struct Tree<'a> {
    id: Id,
    name: &'a str,
    value: &'a Value,
    version: u64,
    labels: Labels<'a>,
    fact: Option<Fact<'a>>,
    stripe: Option<&'a dyn Fn(&str) -> Color32>,
}

impl<'a> Tree<'a> {
    /// `version` must change when `value` does. `name` is what screen readers and tests call the tree.
    pub fn new(id: Id, name: &'a str, value: &'a Value, version: u64, labels: Labels<'a>) -> Self {
        Self { id, name, value, version, labels, fact: None, stripe: None }
    }

    /// What stands at the right end of the row of a JSON pointer: a type, a field number.
    pub fn fact(mut self, fact: Fact<'a>) -> Self {
        self.fact = Some(fact);
        self
    }

    /// A stripe before each value that has nothing inside, in the color of its bytes elsewhere.
    pub fn stripe(mut self, stripe: &'a dyn Fn(&str) -> Color32) -> Self {
        self.stripe = Some(stripe);
        self
    }

    /// Fills the available space.
    pub fn show(self, ui: &mut Ui, state: &mut TreeState) -> TreeOutput {
        let (_, view) = ui.allocate_space(ui.available_size());
        let t = tokens(ui);
        let mut rows = self.rows(state);
        let mut extent = Extent { rows: rows.len() as u64, row_height: size::ROW, view };
        let response = ui.interact(view, self.id, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Tree, ui.is_enabled(), self.name));
        let before = state.selected.clone();
        if std::mem::take(&mut state.reveal)
            && let Some(at) = selected_row(&rows, state)
        {
            if !state.scroll.visible(&extent).contains(&(at as u64)) {
                state.scroll.center(at as u64, &extent);
            }
            state.scroll.reveal(at as u64, &extent);
        }
        state.scroll.bar(ui, self.id.with("bar"), &extent, &[]);
        state.scroll.wheel(ui, &extent);
        state.scroll.clamp(&extent);
        let mut context = None;
        let mut activated = None;
        if response.clicked() || response.secondary_clicked() {
            response.request_focus();
            let hit =
                response.interact_pointer_pos().and_then(|at| Some((at, state.scroll.row_at(at.y, &extent)? as usize)));
            if let Some((at, index)) = hit
                && let Some(one) = rows.get(index)
            {
                let pointer = flat::pointer(&rows, index);
                let caret = row::caret_x(view.left(), one.depth as usize);
                let on_caret = (at.x - caret).abs() <= 10.0;
                let foldable = one.shape != Shape::Scalar;
                if foldable && (on_caret || response.double_clicked()) {
                    state.toggle(one, pointer.clone());
                } else if response.double_clicked() {
                    activated = Some(pointer.clone());
                }
                if response.secondary_clicked() {
                    context = Some(pointer.clone());
                }
                if !on_caret || !foldable {
                    state.selected = Some(pointer);
                }
            }
        }
        if response.has_focus() {
            activated = self.keys(ui, state, &rows, &extent).or(activated);
        }
        if state.flat.is_none() {
            rows = self.rows(state);
            extent.rows = rows.len() as u64;
            state.scroll.clamp(&extent);
        }
        let hovered = ui
            .input(|input| input.pointer.hover_pos())
            .filter(|_| response.contains_pointer())
            .and_then(|at| state.scroll.row_at(at.y, &extent));
        let painter = ui.painter().with_clip_rect(view.intersect(ui.clip_rect()));
        for index in state.scroll.visible(&extent) {
            let Some(one) = rows.get(index as usize) else { continue };
            let at = state.scroll.rect_of(index, &extent);
            let pointer = flat::pointer(&rows, index as usize);
            let selected = state.selected.as_deref() == Some(pointer.as_str());
            let ground = at.shrink2(egui::vec2(4.0, 0.0));
            if selected {
                painter.rect_filled(ground, size::ROW_RADIUS, t.select);
            } else if hovered == Some(index) {
                painter.rect_filled(ground, size::ROW_RADIUS, t.hover);
            }
            let Some(value) = self.value.pointer(&pointer) else { continue };
            self.paint_row(&painter, at, one, value, &pointer, t);
            let node = ui.interact(at.intersect(view), self.id.with(("row", &pointer)), Sense::hover());
            node.widget_info(|| {
                let name = format!("{}: {}", one.name(), short(value));
                WidgetInfo::selected(Role::TreeItem, true, selected, name)
            });
        }
        if response.has_focus() {
            vtable::focus_line(&painter, view, t);
        }
        TreeOutput { selection_changed: state.selected != before, response, context, activated }
    }

    fn rows(&self, state: &mut TreeState) -> Arc<[FlatRow]> {
        if let Some((version, rows)) = &state.flat
            && *version == self.version
        {
            return Arc::clone(rows);
        }
        let rows: Arc<[FlatRow]> = flat::flatten(self.value, &state.folds).into();
        state.flat = Some((self.version, Arc::clone(&rows)));
        rows
    }

    /// Gives what Enter was pressed on, where that has nothing to unfold.
    fn keys(&self, ui: &Ui, state: &mut TreeState, rows: &[FlatRow], extent: &Extent) -> Option<String> {
        ui.memory_mut(|memory| {
            let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
            memory.set_focus_lock_filter(self.id, filter);
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
        let copy = ui.input(|input| input.events.iter().any(|event| matches!(event, egui::Event::Copy)));
        if copy && let Some(value) = state.selected().and_then(|at| self.value.pointer(at)) {
            ui.copy_text(match value {
                Value::String(string) => string.clone(),
                other => format!("{other:#}"),
            });
        }
        let last = rows.len().checked_sub(1).filter(|_| !pressed.is_empty())?;
        let page = Scroll::page(extent) as usize;
        for key in pressed {
            let current = selected_row(rows, state);
            let at = current.unwrap_or_default();
            let one = rows.get(at)?;
            let to = match key {
                Key::ArrowDown => current.map_or(0, |at| at + 1),
                Key::ArrowUp => at.saturating_sub(1),
                Key::PageDown => at + page,
                Key::PageUp => at.saturating_sub(page),
                Key::Home => 0,
                Key::End => last,
                Key::ArrowRight if one.shape != Shape::Scalar && one.open => at + 1,
                Key::ArrowRight | Key::Enter if one.shape != Shape::Scalar => {
                    state.toggle(one, flat::pointer(rows, at));
                    return None;
                }
                Key::ArrowLeft if one.shape != Shape::Scalar && one.open => {
                    state.toggle(one, flat::pointer(rows, at));
                    return None;
                }
                Key::Enter if current.is_some() => return Some(flat::pointer(rows, at)),
                Key::ArrowLeft => one.parent.map_or(at, |parent| parent as usize),
                _ => at,
            }
            .min(last);
            state.selected = Some(flat::pointer(rows, to));
            state.scroll.reveal(to as u64, extent);
        }
        None
    }

    fn paint_row(&self, painter: &Painter, rect: Rect, one: &FlatRow, value: &Value, pointer: &str, t: &Tokens) {
        let y = rect.center().y;
        let depth = one.depth as usize;
        row::guides(painter, rect, depth, t);
        let caret = match (one.shape, one.open) {
            (Shape::Scalar, _) => Caret::None,
            (_, true) => Caret::Open,
            (_, false) => Caret::Closed,
        };
        let caret_x = row::caret_x(rect.left(), depth);
        row::paint_caret(painter, pos2(caret_x, y), caret, t);
        let mut right = rect.right() - size::ROW_RIGHT;
        if let Some(fact) = self.fact.and_then(|fact| fact(pointer)) {
            let room = (rect.width() * 0.45).max(60.0);
            let line = text::elided(painter, fact, font::small(), room);
            right = text::galley_right(painter, pos2(right, y), line, t.low) - 12.0;
        }
        let face = font::code_small;
        let mut left = caret_x + 11.0;
        if let Some(stripe) = self.stripe.filter(|_| one.shape == Shape::Scalar) {
            let place = Rect::from_center_size(pos2(caret_x + 6.0, y), egui::vec2(3.0, 12.0));
            painter.rect_filled(place, 1, stripe(pointer));
            left = caret_x + 16.0;
        }
        let name = one.name();
        let mut x = left;
        if !name.is_empty() {
            x = text::left_elided(painter, pos2(x, y), name, face(), t.key, right - x) + 12.0;
        }
        let (words, face, color) = match (value, one.shape) {
            (_, Shape::Object(count)) if one.open => ((self.labels.fields)(count), font::small(), t.low),
            (_, Shape::Array(count)) if one.open => ((self.labels.items)(count), font::small(), t.low),
            (Value::String(_), _) => (short(value), face(), t.str),
            (Value::Number(_), _) => (short(value), face(), t.num),
            (Value::Bool(_) | Value::Null, _) => (short(value), face(), t.lit),
            _ => (flat::preview(value), face(), t.low),
        };
        text::left_elided(painter, pos2(x, y), words, face, color, right - x);
    }
}

fn selected_row(rows: &[FlatRow], state: &TreeState) -> Option<usize> {
    let selected = state.selected.as_deref()?;
    (0..rows.len()).find(|index| flat::pointer(rows, *index) == selected)
}

/// A scalar on one line; the beginning of what is not.
pub fn short(value: &Value) -> String {
    match value {
        Value::String(string) => match string.char_indices().nth(LONGEST_STRING) {
            Some((cut, _)) => {
                let start = string.get(..cut).unwrap_or_default();
                format!("{}…", Value::from(start))
            }
            None => value.to_string(),
        },
        Value::Array(_) | Value::Object(_) => flat::preview(value),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}
