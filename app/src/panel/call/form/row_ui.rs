//! One row of the form: name, control, type, and what can be done with the row.

use std::collections::HashMap;

use callscope_wire::schema::{Field, TypeKind, TypeRef};
use egui::{EventFilter, Key, Modifiers, Rect, Response, Role, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::act::Act;
use super::layout::{Cell, Columns, ITEM_BUTTONS, PROBLEM, Problems};
use super::read::{Read, fields};
use super::rows::{Place, Row, What};
use super::{Focus, State, control_id, readable};
use crate::panel::call::check::Mistake;
use crate::panel::call::field_type;
use crate::theme::{Tokens, font, icon, mix, size};
use crate::widget::field::Field as TextField;
use crate::widget::row::{Caret, caret_x, guides, paint_caret};
use crate::widget::segmented::segmented;
use crate::widget::select::Select;
use crate::widget::{button, dashed, edge, mark, text};
use crate::words::tell;

/// What rows are painted with, and what they say back.
pub(super) struct Draw<'a> {
    pub t: &'static Tokens,
    pub read: &'a Read,
    pub mistakes: &'a [Mistake],
    pub problems: &'a Problems,
    pub cells: &'a HashMap<u32, Option<Vec<Cell>>>,
    pub columns: Columns,
    pub state: &'a mut State,
    pub acts: &'a mut Vec<Act>,
    /// The value to be filled from a file.
    pub load: &'a mut Option<u32>,
}

impl Draw<'_> {
    pub fn row_ui(&mut self, ui: &mut Ui, row: &Row, rect: Rect) {
        let t = self.t;
        let (line, below) = match self.problems.of(self.read, row) {
            Some(problem) => (rect.with_max_y(rect.bottom() - PROBLEM), Some(problem)),
            None => (rect, None),
        };
        let pointed = self.state.pointed.is_some() && self.state.pointed == row.entry && row.what != What::Add;
        if pointed {
            let sheet = Rect::from_x_y_ranges(rect.left() + 4.0..=rect.right() + 8.0, line.y_range());
            ui.painter().rect_filled(sheet, size::ROW_RADIUS, mix(t.island, t.hover, 0.55));
        }
        guides(ui.painter(), rect, usize::from(row.depth), t);
        match row.what {
            What::Add => return self.add_ui(ui, row, line),
            What::Oneof(chosen) => return self.group_ui(ui, row, line, chosen),
            _ => {}
        }
        let left = match row.place {
            Place::Member => self.name_ui(ui, row, line),
            Place::Item { index, last } => self.item_ui(ui, row, line, index, last),
            Place::Entry => self.key_ui(ui, row, line),
        };
        let mut problem_x = left;
        match row.what {
            What::Record { .. } | What::List { .. } | What::Map { .. } => self.head_ui(ui, row, line, left),
            What::Line(def) => problem_x = self.line_ui(ui, row, line, def, below.and_then(|(entry, _)| entry)),
            What::Unset | What::Null => self.unset_ui(ui, row, line, left),
            _ => self.single_ui(ui, row, line, left, below.is_some()),
        }
        if let Some((_, index)) = below {
            self.problem_ui(ui, index, pos2(problem_x, line.bottom() + 6.0));
        }
    }

    /// ✕, what is wrong, and the rule it breaks.
    fn problem_ui(&self, ui: &Ui, index: usize, at: egui::Pos2) {
        let t = self.t;
        let Some(mistake) = self.mistakes.get(index) else { return };
        mark::cross(ui.painter(), pos2(at.x + 5.0, at.y), 3.5, t.err, 1.5);
        let room = self.columns.right - at.x - 16.0;
        let (message, rule) = (tell(&mistake.message), tell(&mistake.rule));
        let message = message.as_str();
        let x = text::left_elided(ui.painter(), pos2(at.x + 16.0, at.y), message, font::small_medium(), t.err, room);
        let rest = self.columns.right - x - 12.0;
        text::left_elided(ui.painter(), pos2(x + 12.0, at.y), rule.as_str(), font::small(), t.low, rest);
        let id = control_id(ui, index as u64, "problem");
        let place = Rect::from_min_max(pos2(at.x, at.y - 8.0), pos2(self.columns.right, at.y + 8.0));
        let response = ui.interact(place, id, Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, message));
        response.on_hover_text(format!("{message}\n{rule}"));
    }

    /// The name of a field; of one with rows below, with a caret that folds them. Gives where the control begins.
    fn name_ui(&self, ui: &Ui, row: &Row, line: Rect) -> f32 {
        let t = self.t;
        let x = self.columns.name(row.depth);
        let color = match row.what {
            What::Unset | What::Unknown => t.low,
            _ => t.key,
        };
        let name = self.name(row);
        let room = self.columns.control - x - size::GAP;
        let galley = text::elided(ui.painter(), name.as_str(), font::code_small(), room);
        let elided = galley.elided;
        // A head paints its name itself, over the ground that it has under the pointer.
        if row.open().is_none() {
            text::galley_left(ui.painter(), pos2(x, line.center().y), galley, color);
        }
        let docs = self.field(row).map_or("", |field| field.docs.as_str());
        if row.open().is_none() && (elided || !docs.is_empty()) {
            let place = Rect::from_min_max(pos2(x, line.top()), pos2(self.columns.control - 4.0, line.bottom()));
            let hover = ui.interact(place, control_id(ui, row.id, "name"), Sense::hover());
            hover.on_hover_text(if elided { format!("{name}\n{docs}") } else { docs.to_owned() });
        }
        if self.columns.facts {
            let room = self.columns.right - self.columns.end - size::GAP;
            let facts = self.facts(row, ui.painter(), room);
            text::galley_right(ui.painter(), pos2(self.columns.right, line.center().y), facts, t.low);
        }
        self.columns.control
    }

    fn name(&self, row: &Row) -> String {
        let own = match self.field(row) {
            Some(field) => field.name.as_str(),
            None => row.entry.map(|entry| self.read.name(entry)).unwrap_or_default(),
        };
        if row.prefixed { format!("{}.{own}", self.read.name(row.parent)) } else { own.to_owned() }
    }

    fn field(&self, row: &Row) -> Option<&Field> {
        row.at.field(&self.read.schema).filter(|_| row.at.peel == 0)
    }

    /// `optional string = 4`; without the first word where there is no room for it.
    fn facts(&self, row: &Row, painter: &egui::Painter, room: f32) -> std::sync::Arc<egui::Galley> {
        let Some(field) = self.field(row) else {
            return text::elided(painter, t!("call.form.unknown"), font::small(), room);
        };
        let is_enum = matches!(&field.type_ref, TypeRef::Named(name)
            if matches!(self.read.schema.type_def(name).map(|def| &def.kind), Some(TypeKind::Enum(_))));
        let kind = if is_enum { "enum " } else { "" };
        let plain = format!("{kind}{} = {}", field_type::written(&field.type_ref), field.number);
        let whole = text::galley(painter, format!("optional {plain}"), font::small());
        if field.optional && whole.size().x <= room { whole } else { text::elided(painter, plain, font::small(), room) }
    }

    /// What screen readers and tests call a value.
    pub fn path(&self, row: &Row) -> String {
        if let Some(entry) = row.entry {
            return readable(self.read, entry);
        }
        let parent = readable(self.read, row.parent);
        let name = self.field(row).map(|field| field.name.as_str()).unwrap_or_default();
        if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
    }

    /// Grip and number of an item, and at the right its ↑ ↓ ×. Gives where its control begins.
    fn item_ui(&mut self, ui: &mut Ui, row: &Row, line: Rect, index: u32, last: bool) -> f32 {
        let t = self.t;
        let (x, y) = (self.columns.name(row.depth), line.center().y);
        let path = self.path(row);
        let place = Rect::from_center_size(pos2(x + 2.0, y), vec2(18.0, size::CONTROL));
        let grip = ui.interact(place, control_id(ui, row.id, "grip"), Sense::DRAG);
        let carried = self.state.carried == Some((row.parent, index));
        let tone = if grip.hovered() || carried { t.hi } else { t.low };
        text::glyph(ui.painter(), place.center(), icon::DOTS_SIX_VERTICAL, font::icon(size::ICON), tone);
        if grip.hovered() {
            ui.ctx().set_cursor_icon(egui::CursorIcon::Grab);
        }
        if grip.drag_started() {
            self.state.carried = Some((row.parent, index));
        }
        let number = index.to_string();
        text::left(ui.painter(), pos2(x + 16.0, y), number, font::code_small(), if carried { t.dis } else { t.key });
        let right = self.columns.right;
        let entry = row.entry.unwrap_or_default();
        for (center, glyph, name, to) in [
            (right - 66.0, icon::ARROW_UP, t!("call.form.up", path = path), index.checked_sub(1)),
            (right - 40.0, icon::ARROW_DOWN, t!("call.form.down", path = path), (!last).then_some(index + 1)),
        ] {
            let clicked = icon_button(ui, pos2(center, y), glyph, &name, row.id, to.is_some());
            if let Some(to) = to.filter(|_| clicked) {
                self.acts.push(Act::Move { list: row.parent, from: index, to });
            }
        }
        let name = t!("call.form.remove", path = path);
        if icon_button(ui, pos2(right - 12.0, y), icon::X, &name, row.id, true) {
            self.acts.push(Act::Remove { parent: row.parent, entry });
        }
        self.columns.item(row.depth)
    }

    /// The key of an entry in a field. One that is there already is not written.
    fn key_ui(&mut self, ui: &mut Ui, row: &Row, line: Rect) -> f32 {
        let (entry, x) = (row.entry.unwrap_or_default(), self.columns.name(row.depth));
        let path = self.path(row);
        let rect =
            Rect::from_min_max(pos2(x - 8.0, line.top() + 4.0), pos2(self.columns.control - 16.0, line.bottom() - 4.0));
        let key = row.id ^ 1;
        let mut typed = self.state.typed.get(&key).cloned().unwrap_or_else(|| self.read.name(entry).to_owned());
        let taken =
            |name: &str| self.read.children(row.parent).any(|other| other != entry && self.read.name(other) == name);
        let twice = taken(&typed);
        let id = control_id(ui, row.id, "key");
        let name = t!("call.form.key", path = path);
        let field = TextField::new(&name, &mut typed).mono().error(twice);
        let response = inside(ui, rect, |ui, rect| field.show_at(ui, rect, id));
        self.note_focus(row, &response, line, ui);
        if twice {
            response.clone().on_hover_text(t!("call.form.key_twice"));
        }
        if response.changed() {
            if taken(&typed) {
                self.state.typed.insert(key, typed);
            } else {
                self.state.typed.remove(&key);
                self.acts.push(Act::Rename { entry, name: typed });
            }
        }
        let y = line.center().y;
        text::center(ui.painter(), pos2(self.columns.control - 8.0, y), ":", font::code_small(), self.t.punct);
        let name = t!("call.form.remove", path = path);
        if icon_button(ui, pos2(self.columns.right - 12.0, y), icon::X, &name, row.id, true) {
            self.acts.push(Act::Remove { parent: row.parent, entry });
        }
        self.columns.control
    }

    /// Where the control of a row ends: before its buttons and its type.
    fn end(&self, row: &Row) -> f32 {
        match row.place {
            Place::Member | Place::Entry if self.columns.facts => self.columns.end,
            Place::Member => self.columns.right,
            Place::Item { .. } if self.columns.facts => self.columns.end.min(self.columns.right - ITEM_BUTTONS),
            Place::Item { .. } => self.columns.right - ITEM_BUTTONS,
            Place::Entry => self.columns.right - 32.0,
        }
    }

    /// × of a field that may be left out, at the end of its control. Gives where the control ends.
    fn clear_ui(&mut self, ui: &mut Ui, row: &Row, line: Rect) -> f32 {
        let end = self.end(row);
        let may_go = row.place == Place::Member
            && (row.what == What::Unknown
                || row.what == What::Null
                || self.field(row).is_some_and(|field| field.optional && field.oneof.is_empty()));
        let Some(entry) = row.entry.filter(|_| may_go) else { return end };
        let name = t!("call.form.clear", path = self.path(row));
        if icon_button(ui, pos2(end - 12.0, line.center().y), icon::X, &name, row.id, true) {
            self.acts.push(Act::Remove { parent: row.parent, entry });
        }
        end - 28.0
    }

    fn head_ui(&mut self, ui: &mut Ui, row: &Row, line: Rect, left: f32) {
        let t = self.t;
        let open = row.open().unwrap_or_default();
        let words = match row.what {
            What::Record { set, unset: 0, .. } => count(set, "call.form.field"),
            What::Record { set, unset, .. } => t!("call.form.fields_unset", set = set, unset = unset).into_owned(),
            What::List { count: items, .. } => count(items, "call.form.item"),
            What::Map { count: entries, .. } => count(entries, "call.form.entry"),
            _ => String::new(),
        };
        let path = self.path(row);
        let from = if matches!(row.place, Place::Member) { line.left() + 4.0 } else { left - 20.0 };
        let end = self.clear_ui(ui, row, line);
        let to = if matches!(row.place, Place::Member) { end - 4.0 } else { self.end(row) };
        let from = if row.place == Place::Entry { self.columns.control } else { from };
        let place = Rect::from_min_max(pos2(from, line.top() + 4.0), pos2(to.max(from), line.bottom() - 4.0));
        let response = ui.interact(place, control_id(ui, row.id, "head"), Sense::click());
        response
            .widget_info(|| WidgetInfo::selected(Role::TreeItem, ui.is_enabled(), open, format!("{path}: {words}")));
        self.take_focus(row, &response);
        self.note_focus(row, &response, line, ui);
        if response.clicked() || toggled_by_key(ui, &response, open) {
            self.state.folds.insert(row.key, !open);
            self.state.dirty = true;
        }
        let painter = ui.painter();
        if response.hovered() || response.has_focus() {
            painter.rect_filled(place, size::ROW_RADIUS, mix(t.island, t.hover, 0.55));
        }
        if response.has_focus() {
            edge::focus_ring(painter, place, size::ROW_RADIUS, t);
        }
        let y = line.center().y;
        let caret = if open { Caret::Open } else { Caret::Closed };
        let caret_at = match row.place {
            Place::Member => {
                let room = self.columns.control - self.columns.name(row.depth) - size::GAP;
                let at = pos2(self.columns.name(row.depth), y);
                text::left_elided(painter, at, self.name(row), font::code_small(), t.key, room);
                caret_x(line.left(), usize::from(row.depth))
            }
            Place::Item { .. } => left - 10.0,
            Place::Entry => left + 8.0,
        };
        paint_caret(painter, pos2(caret_at, y), caret, t);
        let at = if row.place == Place::Entry { left + 20.0 } else { left + 4.0 };
        let x = text::left_elided(painter, pos2(at, y), words, font::label_regular(), t.mid, to - at);
        let hidden = row.entry.filter(|_| !open).map_or(0, |entry| self.problems.inside(entry));
        if hidden > 0 {
            mark::cross(painter, pos2(x + 14.0, y), 2.75, t.err, 1.25);
            text::left(painter, pos2(x + 20.0, y), hidden.to_string(), font::small_medium(), t.err);
        }
    }

    /// A dashed box where a value would be, and the way to set it.
    fn unset_ui(&mut self, ui: &mut Ui, row: &Row, line: Rect, left: f32) {
        let t = self.t;
        let end = self.clear_ui(ui, row, line);
        let rect = Rect::from_min_max(pos2(left, line.top() + 4.0), pos2(end.max(left + 40.0), line.bottom() - 4.0));
        let missing = self.field(row).is_some_and(|field| self.problems.is_missing(row.parent, &field.name));
        let field = self.field(row);
        let words = match (row.what, field.and_then(|field| field.default.as_ref())) {
            (What::Null, _) => t!("call.form.null").into_owned(),
            _ if missing => t!("call.form.missing").into_owned(),
            (_, Some(default)) => t!("call.form.unset_default", value = default.to_string()).into_owned(),
            _ => t!("call.form.unset").into_owned(),
        };
        dashed::frame(ui.painter(), rect, if missing { t.err } else { t.line2 });
        let name = t!("call.form.set", path = self.path(row));
        let id = control_id(ui, row.id, "set");
        let set = text::galley(ui.painter(), t!("call.form.set_link"), font::small_medium());
        let place =
            Rect::from_min_max(pos2(rect.right() - set.size().x - 16.0, rect.top() + 2.0), rect.max - vec2(4.0, 2.0));
        let response = ui.interact(place, id, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name.as_ref()));
        self.take_focus(row, &response);
        self.note_focus(row, &response, line, ui);
        let y = rect.center().y;
        let room = place.left() - rect.left() - 14.0;
        text::left_elided(ui.painter(), pos2(rect.left() + 10.0, y), words, font::small(), t.low, room);
        let color = if ui.is_enabled() { t.accent } else { t.dis };
        text::galley_right(ui.painter(), pos2(rect.right() - 10.0, y), set, color);
        if response.has_focus() {
            edge::focus_ring(ui.painter(), place, size::ROW_RADIUS, t);
        }
        if response.clicked() {
            self.set(row);
        }
    }

    fn set(&mut self, row: &Row) {
        match row.entry {
            None => self.acts.push(Act::Set { parent: row.parent, at: row.at }),
            Some(entry) => {
                let schema = &self.read.schema;
                let value = match (self.field(row), row.at.type_ref(schema)) {
                    (Some(field), _) => schema.example_of_field(field),
                    (None, Some(of)) => schema.example(of),
                    _ => return,
                };
                self.acts.push(Act::Replace { entry, value });
            }
        }
    }

    fn add_ui(&mut self, ui: &mut Ui, row: &Row, line: Rect) {
        let t = self.t;
        let Some(container) = row.entry else { return };
        let map = matches!(row.at.type_ref(&self.read.schema), Some(TypeRef::Map(_)));
        let words = if map { t!("call.form.add_entry") } else { t!("call.form.add_item") };
        let (x, y) = (self.columns.name(row.depth), line.center().y);
        let galley = text::galley(ui.painter(), words.as_ref(), font::label());
        let place = Rect::from_min_max(pos2(x - 6.0, y - 12.0), pos2(x + 24.0 + galley.size().x, y + 12.0));
        let response = ui.interact(place, control_id(ui, row.id, "add"), Sense::click());
        let name = t!("call.form.add", what = words, path = readable(self.read, container));
        response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name.as_ref()));
        self.note_focus(row, &response, line, ui);
        let color = if ui.is_enabled() { t.accent } else { t.dis };
        if response.hovered() {
            ui.painter().rect_filled(place, size::ROW_RADIUS, t.hover);
        }
        text::glyph(ui.painter(), pos2(x + 4.0, y), icon::PLUS, font::icon(size::ICON_SMALL), color);
        text::galley_left(ui.painter(), pos2(x + 18.0, y), galley, color);
        if response.has_focus() {
            edge::focus_ring(ui.painter(), place, size::ROW_RADIUS, t);
        }
        if response.clicked() {
            self.acts.push(Act::Add { container, at: row.at });
        }
    }

    /// Which field of a group is set.
    fn group_ui(&mut self, ui: &mut Ui, row: &Row, line: Rect, chosen: Option<u32>) {
        let t = self.t;
        let all = fields(&self.read.schema, row.at.def);
        let Some(group) = row.at.field(&self.read.schema).map(|field| field.oneof.as_str()) else { return };
        let y = line.center().y;
        let x = self.columns.name(row.depth);
        text::left_elided(ui.painter(), pos2(x, y), group, font::code_small(), t.key, self.columns.control - x - 8.0);
        if self.columns.facts {
            text::right(ui.painter(), pos2(self.columns.right, y), "oneof", font::small(), t.low);
        }
        let members: Vec<(u32, &str)> = (0..)
            .zip(all)
            .filter(|(_, field)| field.oneof == group)
            .map(|(index, field)| (index, field.name.as_str()))
            .collect();
        let none = t!("call.form.none");
        let words: Vec<&str> = members.iter().map(|(_, name)| *name).chain([none.as_ref()]).collect();
        let before = members.iter().position(|(index, _)| Some(*index) == chosen).unwrap_or(members.len());
        let mut selected = before;
        let rect =
            Rect::from_min_max(pos2(self.columns.control, line.top() + 4.0), pos2(self.end(row), line.bottom() - 4.0));
        let natural: f32 = words.iter().map(|word| text::width(ui.painter(), *word, font::label()) + 20.0).sum();
        let name = self.path_of_group(row, group);
        inside(ui, rect, |ui, rect| {
            ui.push_id(row.id, |ui| {
                if words.len() <= 5 && natural + 4.0 <= rect.width() {
                    segmented(ui, &name, &words, &mut selected);
                } else {
                    let width = (natural / words.len() as f32 * 2.0).clamp(120.0, rect.width());
                    Select::new(&name, &words).mono().width(width).show(ui, &mut selected);
                }
            });
        });
        if selected != before {
            let to = members.get(selected).map(|(index, _)| *index);
            self.acts.push(Act::Choose { parent: row.parent, first: row.at, to });
        }
    }

    fn path_of_group(&self, row: &Row, group: &str) -> String {
        let parent = readable(self.read, row.parent);
        if parent.is_empty() { group.to_owned() } else { format!("{parent}.{group}") }
    }

    /// The fields of an item in one line. Gives where its problem is shown.
    fn line_ui(&mut self, ui: &mut Ui, row: &Row, line: Rect, def: u32, wrong: Option<u32>) -> f32 {
        let t = self.t;
        let Some(entry) = row.entry else { return line.left() };
        let cells = self.cells.get(&def).and_then(Option::as_ref).map(Vec::as_slice).unwrap_or_default();
        let from = self.columns.item(row.depth);
        let mut problem_x = from;
        for cell in cells {
            let at = super::TypeAt { def, field: cell.field, peel: 0 };
            let Some(field) = at.field(&self.read.schema) else { continue };
            let child = self.read.children(entry).find(|child| self.read.name(*child) == field.name);
            let y = line.center().y;
            let tone = if child.is_some() { t.key } else { t.low };
            text::left(ui.painter(), pos2(from + cell.name, y), field.name.as_str(), font::code_small(), tone);
            let left = from + cell.control;
            let rect = Rect::from_min_max(pos2(left, line.top() + 4.0), pos2(left + cell.width, line.bottom() - 4.0));
            let what = child.map_or(What::Unset, |child| super::control_ui::what(self.read, at, child));
            let own = Row {
                id: row.id.rotate_left(7) ^ u64::from(cell.field + 1),
                what,
                place: Place::Member,
                entry: child,
                parent: entry,
                at,
                ..row.clone()
            };
            if self.state.focus_next == Some(row.id) && cell.field == 0 {
                self.state.focus_next = Some(own.id);
            }
            if child.is_some() && child == wrong {
                problem_x = left;
            }
            match what {
                What::Unset | What::Null => self.small_unset_ui(ui, &own, rect, line),
                _ => self.control_ui(ui, &own, rect, line, child.is_some() && child == wrong, true),
            }
        }
        problem_x
    }

    /// The dashed box of a field in a line: all of it sets the field.
    fn small_unset_ui(&mut self, ui: &mut Ui, row: &Row, rect: Rect, line: Rect) {
        let t = self.t;
        let response = ui.interact(rect, control_id(ui, row.id, "set"), Sense::click());
        let name = t!("call.form.set", path = self.path(row));
        response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name.as_ref()));
        self.take_focus(row, &response);
        self.note_focus(row, &response, line, ui);
        dashed::frame(ui.painter(), rect, if response.hovered() { t.low } else { t.line2 });
        let at = pos2(rect.left() + 8.0, rect.center().y);
        let words = if row.what == What::Null { t!("call.form.null_short") } else { t!("call.form.unset_short") };
        text::left_elided(ui.painter(), at, words, font::small(), t.low, rect.width() - 12.0);
        if response.has_focus() {
            edge::focus_ring(ui.painter(), rect, size::CONTROL_RADIUS, t);
        }
        if response.clicked() {
            self.set(row);
        }
    }

    fn single_ui(&mut self, ui: &mut Ui, row: &Row, line: Rect, left: f32, wrong: bool) {
        let end = self.clear_ui(ui, row, line);
        let rect = Rect::from_min_max(pos2(left, line.top() + 4.0), pos2(end.max(left + 40.0), line.bottom() - 4.0));
        self.control_ui(ui, row, rect, line, wrong, false);
    }

    /// Gives a control the focus that was meant for it.
    pub fn take_focus(&mut self, row: &Row, response: &Response) {
        let by_id = self.state.focus_next.is_some_and(|next| next == row.id || next == row.key && row.entry.is_some());
        let by_entry = self.state.focus_entry.is_some() && self.state.focus_entry == row.entry;
        let by_record = self.state.focus_in == Some(row.parent);
        if by_id && row.open() == Some(true) && matches!(row.what, What::Record { .. }) {
            // Into the record that has just come, not onto its name.
            self.state.focus_next = None;
            self.state.focus_in = row.entry;
        } else if by_id || by_entry || by_record {
            self.state.focus_in = None;
            self.state.focus_next = None;
            self.state.focus_entry = None;
            response.request_focus();
        }
    }

    /// Remembers which field has the focus, and keeps it in sight.
    pub fn note_focus(&mut self, row: &Row, response: &Response, line: Rect, ui: &Ui) {
        if response.gained_focus() {
            ui.scroll_to_rect(line.expand2(vec2(0.0, 8.0)), None);
        }
        if response.has_focus() {
            self.state.focused = true;
            self.state.focus = Some(Focus { id: row.id, entry: row.entry, at: row.at });
        }
    }
}

/// A child ui of exactly this place.
pub(super) fn inside<R>(ui: &mut Ui, rect: Rect, add: impl FnOnce(&mut Ui, Rect) -> R) -> R {
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
    add(&mut child, rect)
}

fn icon_button(ui: &mut Ui, center: egui::Pos2, glyph: char, name: &str, id: u64, enabled: bool) -> bool {
    let id = control_id(ui, id, &glyph.to_string());
    // At a place of its own; the scope must take none.
    ui.add_enabled_ui(enabled, |ui| button::icon_button_at(ui, center, glyph, size::ICON_SMALL, name, id))
        .inner
        .clicked()
}

/// "1 item", "2 items".
fn count(count: u32, key: &str) -> String {
    match (key, count) {
        ("call.form.field", 1) => t!("call.form.one_field"),
        ("call.form.field", _) => t!("call.form.fields", count = count),
        ("call.form.item", 1) => t!("call.form.one_item"),
        ("call.form.item", _) => t!("call.form.items", count = count),
        (_, 1) => t!("call.form.one_entry"),
        _ => t!("call.form.entries", count = count),
    }
    .into_owned()
}

/// Enter and Space click; ← folds and → unfolds.
fn toggled_by_key(ui: &Ui, response: &Response, open: bool) -> bool {
    if !response.has_focus() {
        return false;
    }
    ui.memory_mut(|memory| {
        memory.set_focus_lock_filter(response.id, EventFilter { horizontal_arrows: true, ..EventFilter::default() });
    });
    let key = if open { Key::ArrowLeft } else { Key::ArrowRight };
    ui.input_mut(|input| input.consume_key(Modifiers::NONE, key))
}
