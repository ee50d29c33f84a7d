//! Where things stand in the form: the columns of a row, the tops of all rows, the fields of a line.

use std::collections::HashMap;

use callscope_wire::schema::{Schema, TypeKind, TypeRef};
use egui::{Painter, Rect};

use super::read::{def_index, fields};
use super::rows::{Row, What};
use crate::panel::call::check::Mistake;
use crate::theme::{font, size};
use crate::widget::text;

use super::read::Read;
use callscope_wire::schema::validate::Part;

/// Rows that add something.
const ADD_ROW: f32 = 32.0;
/// What a problem adds to its row.
pub(super) const PROBLEM: f32 = 24.0;
/// ↑ ↓ × of an item.
pub(super) const ITEM_BUTTONS: f32 = 88.0;
/// Below this width types are left to the card.
const WITH_FACTS: f32 = 560.0;
const FACTS: f32 = 144.0;

/// The columns of a pane of some width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Columns {
    pub left: f32,
    pub right: f32,
    /// Where controls begin.
    pub control: f32,
    /// Where controls end.
    pub end: f32,
    /// Types stand at the right end.
    pub facts: bool,
}

impl Columns {
    pub fn new(rect: Rect) -> Self {
        let (left, width) = (rect.left(), rect.width());
        let right = rect.right() - size::PANE_PADDING;
        let facts = width >= WITH_FACTS;
        let control = if facts { 232.0_f32.min(width * 0.36) } else { (width * 0.34).max(96.0) };
        let end = if facts { right - FACTS } else { right };
        Self { left, right, control: left + control.round(), end: end.round(), facts }
    }

    pub fn name(&self, depth: u16) -> f32 {
        self.left + 26.0 + size::INDENT * f32::from(depth)
    }

    /// Where the fields of an item begin: behind its grip and its number.
    pub fn item(&self, depth: u16) -> f32 {
        self.name(depth) + 44.0
    }
}

/// What is wrong, by the place where it is shown.
#[derive(Debug, Default)]
pub(super) struct Problems {
    /// By value: index of the mistake.
    at: HashMap<u32, usize>,
    /// By the record and the field that it lacks.
    missing: HashMap<(u32, String), usize>,
    /// How many are inside of a container.
    inside: HashMap<u32, u32>,
    /// The first one that is directly inside.
    child: HashMap<u32, (u32, usize)>,
}

impl Problems {
    pub fn new(read: &Read, mistakes: &[Mistake]) -> Self {
        let mut problems = Self::default();
        for (index, mistake) in mistakes.iter().enumerate() {
            let Some(entry) = read.find(&mistake.path) else { continue };
            let mut outer = Some(entry);
            if let Some(Part::Missing(name)) = &mistake.part {
                problems.missing.insert((entry, name.clone()), index);
            } else {
                problems.at.entry(entry).or_insert(index);
                outer = read.parent(entry);
                if let Some(parent) = outer {
                    problems.child.entry(parent).or_insert((entry, index));
                }
            }
            while let Some(container) = outer {
                *problems.inside.entry(container).or_default() += 1;
                outer = read.parent(container);
            }
        }
        problems
    }

    /// The mistake shown under a row, and the value that it is about.
    pub fn of(&self, read: &Read, row: &Row) -> Option<(Option<u32>, usize)> {
        match (row.what, row.entry) {
            (What::Add | What::Oneof(_), _) => None,
            (_, None) => {
                let name = row.at.field(&read.schema).map(|field| field.name.clone())?;
                self.missing.get(&(row.parent, name)).map(|index| (None, *index))
            }
            (What::Line(_), Some(entry)) => {
                let child = self.child.get(&entry).map(|(child, index)| (Some(*child), *index));
                child.or_else(|| self.at(entry).map(|index| (None, index))).or_else(|| {
                    let lacks = self.missing.iter().find(|((record, _), _)| *record == entry);
                    lacks.map(|(_, index)| (None, *index))
                })
            }
            (_, Some(entry)) => self.at(entry).map(|index| (Some(entry), index)),
        }
    }

    pub fn at(&self, entry: u32) -> Option<usize> {
        self.at.get(&entry).copied()
    }

    /// How many problems a folded container hides.
    pub fn inside(&self, entry: u32) -> u32 {
        self.inside.get(&entry).copied().unwrap_or_default()
    }

    pub fn is_missing(&self, record: u32, name: &str) -> bool {
        self.missing.contains_key(&(record, name.to_owned()))
    }
}

/// Tops of all rows, from 0; one more than there are rows.
pub(super) fn tops(rows: &[Row], height: impl Fn(&Row) -> f32) -> Vec<f32> {
    let mut top = 0.0;
    let mut tops = Vec::with_capacity(rows.len() + 1);
    for row in rows {
        tops.push(top);
        top += height(row);
    }
    tops.push(top);
    tops
}

/// Without the problem below it.
pub(super) fn height(row: &Row) -> f32 {
    if row.what == What::Add { ADD_ROW } else { size::FORM_ROW }
}

/// One field of a line, from where the fields of the line begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    /// Index of the field.
    pub field: u32,
    pub name: f32,
    pub control: f32,
    pub width: f32,
}

/// The fields of a record in one line of `room` points; `None`: they do not fit, or are no scalars.
pub(super) fn cells(painter: &Painter, schema: &Schema, def: u32, room: f32) -> Option<Vec<Cell>> {
    let all = fields(schema, def);
    if all.is_empty() || all.len() > 8 {
        return None;
    }
    // First with room to read, then with just enough.
    [1.0_f32, 0.72].into_iter().find_map(|scale| {
        let mut x = 0.0;
        let mut cells = Vec::with_capacity(all.len());
        for (index, field) in all.iter().enumerate() {
            let natural = match &field.type_ref {
                _ if !field.oneof.is_empty() => return None,
                TypeRef::Bool => 24.0 / scale,
                TypeRef::String => 152.0,
                TypeRef::Named(name) => {
                    let def = def_index(schema, name).and_then(|def| schema.types.get(def as usize))?;
                    if !matches!(def.kind, TypeKind::Enum(_)) {
                        return None;
                    }
                    136.0
                }
                TypeRef::Any | TypeRef::Bytes | TypeRef::List(_) | TypeRef::Map(_) => return None,
                _ => 112.0,
            };
            let name = text::width(painter, field.name.as_str(), font::code_small()).ceil();
            let width = (natural * scale).round();
            cells.push(Cell { field: index as u32, name: x, control: x + name + 8.0, width });
            x += name + 8.0 + width + 16.0;
        }
        (x - 16.0 <= room).then_some(cells)
    })
}
