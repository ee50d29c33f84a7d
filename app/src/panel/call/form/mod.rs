//! The message as a form: fields made from the schema, over the same text as the editor.
//!
//! ```text
//!  text ──▶ check ──▶ Read (values with their bytes) ──▶ rows ──▶ row_ui, control_ui
//!   ▲                                                                   │
//!   └───────────────── one Change of bytes ◀── Act ◀────────────────────┘
//! ```
//!
//! The text is the truth. A field that is typed into changes the bytes of its own value and nothing else; what the
//! form does not know it leaves alone. While the text is no JSON the form shows the last one that was, and waits.
//! It must not know how a call is made. Start reading at [`Form::ui`].

mod act;
mod bytes;
pub(super) mod card;
mod control_ui;
mod layout;
pub(in crate::panel::call) mod read;
mod row_ui;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use callscope_wire::schema::TypeRef;
use egui::{Id, Rect, ScrollArea, Ui, pos2, vec2};
use rust_i18n::t;

use self::act::Act;
use self::layout::{Cell, Columns, Problems};
use self::read::{Read, TypeAt};
use self::row_ui::Draw;
use self::rows::{Row, What};
use super::check::{Check, Mistake, Verdict};
use super::field_type;
use crate::panel::Cx;
use crate::theme::{Tokens, font, mix, size};
use crate::widget::{button, edge, mark, pane, text};
use crate::words::tell;

/// Rows painted beyond the edges, so that Tab finds the next field before it is seen.
const BEYOND: f32 = 2.0 * size::FORM_ROW;
/// A bar above the rows, for what the form waits for.
const BANNER: f32 = 32.0;

/// The field that has, or had last, the focus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Focus {
    id: u64,
    /// Its value.
    entry: Option<u32>,
    at: TypeAt,
}

/// What the form remembers between frames.
#[derive(Default)]
pub(super) struct Form {
    read: Option<Read>,
    /// Hash of the text that `read` is of.
    key: u64,
    rows: Vec<Row>,
    tops: Vec<f32>,
    problems: Problems,
    /// The verdict that `problems` are of.
    checked: u64,
    /// The columns that the rows were made for.
    columns: Option<Columns>,
    cells: HashMap<u32, Option<Vec<Cell>>>,
    state: State,
}

/// What its controls remember.
#[derive(Default)]
struct State {
    folds: HashMap<u64, bool>,
    /// How bytes are shown, by row.
    modes: HashMap<u64, bytes::Mode>,
    /// What was typed and is not in the text, because it is no value: by control.
    typed: HashMap<u64, String>,
    /// Rows must be made anew.
    dirty: bool,
    /// The control that gets the focus when it is there.
    focus_next: Option<u64>,
    /// Likewise, by its value.
    focus_entry: Option<u32>,
    /// Likewise, the first field of this record.
    focus_in: Option<u32>,
    focus: Option<Focus>,
    /// Something in the form has the focus now.
    focused: bool,
    /// The value that the caret of the editor is in.
    pointed: Option<u32>,
    /// Scroll to this value.
    reveal: Option<u32>,
    /// Likewise, at this byte of the text that comes next.
    reveal_byte: Option<usize>,
    /// An item that is carried: its list and its place.
    carried: Option<(u32, u32)>,
}

/// What came of one frame.
#[derive(Default)]
pub(super) struct Output {
    /// The text was changed.
    pub changed: bool,
    /// Bytes of the value whose field just got the focus.
    pub moved_to: Option<Range<usize>>,
    /// Fill the value at this JSON pointer from a file.
    pub load: Option<String>,
    /// Go to this place in the JSON.
    pub show_json: Option<Range<usize>>,
}

impl Form {
    /// Another message: nothing of the old one is remembered but what was folded.
    pub fn reload(&mut self) {
        let folds = std::mem::take(&mut self.state.folds);
        *self = Self { state: State { folds, dirty: true, ..State::default() }, ..Self::default() };
    }

    /// Whether a field of it has the focus.
    pub fn has_focus(&self) -> bool {
        self.state.focused
    }

    /// The caret of the editor went to a byte: the row of its value is marked and scrolled to.
    pub fn point(&mut self, offset: usize) {
        let Some(entry) = self.read.as_ref().and_then(|read| read.at(offset)) else { return };
        if self.state.pointed != Some(entry) {
            self.state.pointed = Some(entry);
            self.state.reveal = Some(entry);
            self.unfold(entry);
        }
    }

    /// The value that the caret of the editor is in.
    #[cfg(test)]
    pub fn pointed(&self) -> Option<String> {
        Some(self.read.as_ref()?.pointer(self.state.pointed?))
    }

    /// Something changed at a byte of the text: its row comes into sight.
    pub fn reveal_byte(&mut self, offset: usize) {
        self.state.reveal_byte = Some(offset);
    }

    /// Puts the cursor into the field of a value, unfolding what hides it.
    pub fn go_to(&mut self, pointer: &str, missing: Option<&str>) {
        let Some(read) = &self.read else { return };
        let Some(entry) = read.find(pointer) else { return };
        self.state.reveal = Some(entry);
        match missing {
            Some(name) => {
                self.state.focus_next = Some(rows::key_of(&callscope_wire::value::path::member(pointer, name)));
                self.state.dirty |= self.state.folds.insert(rows::key_of(pointer), true) != Some(true);
            }
            None => self.state.focus_entry = Some(entry),
        }
        self.unfold(entry);
    }

    fn unfold(&mut self, entry: u32) {
        let Some(read) = &self.read else { return };
        let mut outer = read.parent(entry);
        while let Some(container) = outer {
            let key = rows::key_of(&read.pointer(container));
            self.state.dirty |= self.state.folds.insert(key, true) != Some(true);
            outer = read.parent(container);
        }
    }

    /// Fields of the message that are set and not, for the footer.
    pub fn counts(&self) -> Option<(usize, usize)> {
        let read = self.read.as_ref()?;
        let set = read.children(0).count();
        let unset = self.rows.iter().filter(|row| row.depth == 0 && row.what == What::Unset).count();
        Some((set, unset))
    }

    /// Takes in what the check found out. Whether the form is of the text that is there now.
    fn sync(&mut self, check: &mut Check, source: &str) -> bool {
        if check.formless {
            self.read = None;
        }
        if let Some(read) = check.read.take() {
            let key = egui::util::hash(if read.blank { "" } else { read.source.as_str() });
            let same = self.key == key
                && self.read.as_ref().is_some_and(|own| Arc::ptr_eq(&own.schema, &read.schema) && own.def == read.def);
            if !same {
                self.read = Some(read);
                self.key = key;
                self.state.dirty = true;
            }
        }
        if self.checked != check.revision || self.state.dirty {
            self.checked = check.revision;
            if let Some(read) = &self.read {
                self.problems = Problems::new(read, check.mistakes());
            }
            self.tops.clear();
        }
        if self.read.is_some()
            && let Some(offset) = self.state.reveal_byte.take()
        {
            self.state.reveal = self.read.as_ref().and_then(|read| read.at(offset));
        }
        let now = egui::util::hash(if source.trim().is_empty() { "" } else { source });
        self.read.is_some() && check.broken().is_none() && self.key == now
    }

    /// Fills the available space with the form over `source`.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx, check: &mut Check, source: &mut String) -> Output {
        let mut output = Output::default();
        let live = self.sync(check, source);
        let rect = ui.available_rect_before_wrap();
        let waits = !live && check.broken().is_some();
        let (head, rest, _) = pane::cut(rect, if waits { BANNER } else { 0.0 }, 0.0);
        if waits {
            pane::inside(ui, head, "form waits", |ui| banner_ui(ui, cx, check, &mut output));
        }
        let Some(read) = self.read.take() else {
            if !waits {
                pane::inside(ui, rest, "no form", |ui| nothing_ui(ui, cx, check));
            }
            return output;
        };
        self.lay_out(ui, &read, rest);
        let mut acts = Vec::new();
        let mut load = None;
        pane::inside(ui, rest, "form", |ui| {
            if waits {
                ui.disable();
            }
            self.rows_ui(ui, cx, &read, check.mistakes(), &mut acts, &mut load, &mut output);
        });
        output.load = load.map(|entry| read.pointer(entry));
        self.read = Some(read);
        // Two edits in one frame: the second would be of a text that is not there any more.
        if let Some(act) = acts.into_iter().next().filter(|_| live) {
            output.changed = self.carry_out(&act, source);
        }
        output
    }

    fn lay_out(&mut self, ui: &Ui, read: &Read, rect: Rect) {
        let columns = Columns::new(rect);
        if self.columns != Some(columns) {
            self.columns = Some(columns);
            self.cells.clear();
            self.state.dirty = true;
        }
        if std::mem::take(&mut self.state.dirty) {
            let room = |depth: u16| columns.right - columns.item(depth) - layout::ITEM_BUTTONS;
            let (painter, known) = (ui.painter(), std::cell::RefCell::new(std::mem::take(&mut self.cells)));
            let fits = |def: u32, depth: u16| {
                let mut known = known.borrow_mut();
                let cells = known.entry(def).or_insert_with(|| layout::cells(painter, &read.schema, def, room(1)));
                // Deeper down there is less room than on the first level.
                let last = cells.as_ref().and_then(|cells| cells.last());
                last.is_some_and(|cell| cell.control + cell.width <= room(depth))
            };
            self.rows = rows::rows(read, &rows::View { folds: &self.state.folds, fits: &fits });
            self.cells = known.into_inner();
            self.tops.clear();
        }
        if self.tops.len() != self.rows.len() + 1 {
            let problems = &self.problems;
            self.tops = layout::tops(&self.rows, |row| {
                layout::height(row) + if problems.of(read, row).is_some() { layout::PROBLEM } else { 0.0 }
            });
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one frame's inputs and outputs, named by what they are")]
    fn rows_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx,
        read: &Read,
        mistakes: &[Mistake],
        acts: &mut Vec<Act>,
        load: &mut Option<u32>,
        output: &mut Output,
    ) {
        let Some(columns) = self.columns else { return };
        let total = self.tops.last().copied().unwrap_or_default() + size::GAP;
        let before = self.state.focus;
        let was_focused = std::mem::take(&mut self.state.focused);
        let reveal = self.state.reveal.take().and_then(|entry| self.row_of(read, entry));
        let Self { rows, tops, problems, cells, state, .. } = self;
        ScrollArea::vertical().id_salt("form rows").auto_shrink(false).show_viewport(ui, |ui, seen| {
            ui.set_height(total.max(seen.height()));
            let top = ui.min_rect().top();
            let first = tops.partition_point(|at| *at < seen.top() - BEYOND).saturating_sub(1);
            let mut draw = Draw { read, mistakes, problems, cells, columns, state, acts, load, t: cx.tokens };
            for (row, (from, to)) in rows.iter().zip(tops.iter().zip(tops.iter().skip(1))).skip(first) {
                if *from > seen.bottom() + BEYOND {
                    break;
                }
                let place = Rect::from_x_y_ranges(columns.left..=columns.right, top + from + 4.0..=top + to + 4.0);
                draw.row_ui(ui, row, place);
            }
            if let Some(index) = reveal
                && let (Some(from), Some(to)) = (tops.get(index), tops.get(index + 1))
            {
                let place = Rect::from_x_y_ranges(columns.left..=columns.right, top + from..=top + to);
                // Not when it is in sight: nothing should jump under the eyes of who types.
                if *from < seen.top() || *to > seen.bottom() {
                    ui.scroll_to_rect(place, Some(egui::Align::Center));
                }
            }
            carry(ui, draw.state, draw.acts, rows, tops, top, columns, cx.tokens);
        });
        if state.focused && (state.focus != before || !was_focused) {
            state.pointed = None;
            let entry = state.focus.and_then(|focus| focus.entry);
            output.moved_to = entry.and_then(|entry| read.entry(entry)).map(|entry| entry.span.range());
        }
    }

    /// The row that shows a value, or what it is in.
    fn row_of(&self, read: &Read, entry: u32) -> Option<usize> {
        let mut at = Some(entry);
        while let Some(entry) = at {
            let found = self.rows.iter().position(|row| row.entry == Some(entry) && row.what != What::Add);
            if found.is_some() {
                return found;
            }
            at = read.parent(entry);
        }
        None
    }

    fn carry_out(&mut self, act: &Act, source: &mut String) -> bool {
        let Some(read) = &mut self.read else { return false };
        let Some(change) = act.change(read) else { return false };
        if read.blank {
            source.clone_from(&read.source);
        }
        if !change.apply(source) {
            return false;
        }
        match act.typed() {
            Some(entry) if !read.blank => {
                let was_null = read.raw(entry) == "null";
                read.patch(entry, &change);
                self.key = egui::util::hash(source.as_str());
                self.state.dirty |= was_null;
            }
            _ => {
                self.state.focus_on(act, read);
                // At once, though a large text takes some milliseconds: what is typed next must find its field.
                let of = read.schema.types.get(read.def as usize).map(|def| TypeRef::Named(def.name.clone()));
                let again = of.and_then(|of| Read::new(source.clone(), Arc::clone(&read.schema), &of));
                if let Some(again) = again {
                    self.key = egui::util::hash(source.as_str());
                    self.read = Some(again);
                    self.state.dirty = true;
                }
            }
        }
        true
    }

    /// The docs, rule and default of the field that has the focus.
    pub fn card_ui(&self, ui: &mut Ui, cx: &Cx, rect: Rect) -> bool {
        self.read.as_ref().is_some_and(|read| card::ui(ui, cx, read, self.state.focus, rect))
    }
}

impl State {
    /// What was added is what one wants to type into next.
    fn focus_on(&mut self, act: &Act, read: &Read) {
        use callscope_wire::value::path;
        let schema = &read.schema;
        self.focus_next = match act {
            Act::Set { parent, at } => at.field(schema).map(|field| path::member(&read.pointer(*parent), &field.name)),
            Act::Add { container, .. } => {
                Some(path::item(&read.pointer(*container), read.children(*container).count()))
            }
            Act::Choose { parent, first, to: Some(to) } => {
                let chosen = TypeAt { field: *to, ..*first };
                chosen.field(schema).map(|field| path::member(&read.pointer(*parent), &field.name))
            }
            _ => None,
        }
        .map(|path| rows::key_of(&path));
    }
}

/// A grip that is dragged: the place where the item would go, and on release the move.
#[expect(clippy::too_many_arguments, reason = "one frame's inputs and outputs, named by what they are")]
fn carry(
    ui: &Ui,
    state: &mut State,
    acts: &mut Vec<Act>,
    rows: &[Row],
    tops: &[f32],
    top: f32,
    columns: Columns,
    t: &Tokens,
) {
    let Some((list, from)) = state.carried else { return };
    let released = !ui.input(|input| input.pointer.any_down());
    let Some(pointer) = ui.input(|input| input.pointer.interact_pos().or(input.pointer.latest_pos())) else { return };
    let y = pointer.y - top - 4.0;
    // Tops of the items, and the end of the last one: where the row that adds begins.
    let items =
        rows.iter().zip(tops).filter(|(row, _)| row.parent == list && matches!(row.place, rows::Place::Item { .. }));
    let starts: Vec<f32> = items.map(|(_, top)| *top).collect();
    let add = rows.iter().zip(tops).find(|(row, _)| row.what == What::Add && row.entry == Some(list));
    let Some((_, end)) = add else { return };
    let bounds: Vec<f32> = starts.iter().copied().chain([*end]).collect();
    let slot = bounds.windows(2).take_while(|pair| pair.iter().sum::<f32>() / 2.0 < y).count();
    if let Some(line) = bounds.get(slot) {
        let line_y = (top + line + 4.0).round();
        let left = columns.name(1);
        let mark = Rect::from_min_max(pos2(left, line_y - 1.0), pos2(columns.right, line_y + 1.0));
        ui.painter().rect_filled(mark, 0, t.accent);
        ui.painter().circle_stroke(pos2(left, line_y), 3.0, egui::Stroke::new(2.0, t.accent));
    }
    if released {
        state.carried = None;
        let to = if slot as u32 > from { slot as u32 - 1 } else { slot as u32 };
        if to != from {
            acts.push(Act::Move { list, from, to });
        }
    }
}

/// Why the rows below cannot be typed into, and the way to what is wrong.
fn banner_ui(ui: &mut Ui, cx: &Cx, check: &Check, output: &mut Output) {
    let t = cx.tokens;
    let Some(mistake) = check.broken() else { return };
    let rect = ui.available_rect_before_wrap();
    ui.painter().rect_filled(rect, 0, mix(t.island, t.err, 0.08));
    edge::hline(ui.painter(), rect.x_range(), rect.bottom() - 1.0, t.line);
    pane::bar_at(ui, rect, pane::Line::None, |ui| {
        ui.spacing_mut().item_spacing.x = size::GAP;
        let (at, _) = ui.allocate_exact_size(vec2(12.0, 20.0), egui::Sense::hover());
        mark::cross(ui.painter(), at.center(), 3.5, t.err, 1.5);
        pane::right(ui, |ui| {
            if button::link(ui, &t!("call.form.go_to_json")).clicked() {
                output.show_json = Some(mistake.range.clone());
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let words = t!("call.form.waits", why = tell(&mistake.message));
                text::line(ui, &words, font::small_medium(), t.err, 20.0);
            });
        });
    });
}

/// There is no form of this message, and why.
fn nothing_ui(ui: &mut Ui, cx: &Cx, check: &Check) {
    let unchecked = check.verdict == Verdict::Unchecked;
    let words = if unchecked { t!("call.form.too_large") } else { t!("call.form.no_type") };
    ui.add_space(24.0);
    ui.vertical_centered(|ui| text::label(ui, words, font::label_regular(), cx.tokens.low));
}

/// A place in a message as people write it.
fn readable(read: &Read, entry: u32) -> String {
    field_type::readable(&read.pointer(entry))
}

/// The id of a control, from what it is about.
fn control_id(ui: &Ui, id: u64, part: &str) -> Id {
    ui.make_persistent_id((id, part))
}
