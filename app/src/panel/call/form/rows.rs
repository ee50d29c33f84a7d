//! The rows of a form: a record's fields in the order of its type, what they hold, and what the type does not know.
//!
//! Pure data, made anew when the message has another shape; typing in a field changes no row.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use callscope_wire::schema::{TypeKind, TypeRef};
use callscope_wire::value::outline::Kind;
use callscope_wire::value::path;

use super::read::{Read, TypeAt, def_index, fields, is_record};

/// A list of records with more items than this begins with them folded.
const OPEN_ITEMS: usize = 20;
/// Levels that begin unfolded.
const OPEN_DEPTH: u16 = 6;

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// From its place in the message: what is folded is remembered by it.
    pub key: u64,
    /// The same, but that entries of maps count by their order: their controls keep the focus while a key is typed.
    pub id: u64,
    pub depth: u16,
    pub what: What,
    pub place: Place,
    /// Its value in the text.
    pub entry: Option<u32>,
    /// The container that its value is in, or would be.
    pub parent: u32,
    pub at: TypeAt,
    /// Stands one level above its record: the record's name comes before its own.
    pub prefixed: bool,
}

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Text or a number, in a field.
    Field,
    Flag,
    /// An enum, by the index of its type.
    Choice(u32),
    Bytes,
    /// Any JSON: its type says nothing of it, or it is not what its type says.
    Raw,
    /// A member that the type does not have.
    Unknown,
    /// Not there.
    Unset,
    /// `null`.
    Null,
    Record {
        open: bool,
        set: u32,
        unset: u32,
    },
    List {
        open: bool,
        count: u32,
    },
    Map {
        open: bool,
        count: u32,
    },
    /// A group of which one field is set: its index, if one is.
    Oneof(Option<u32>),
    /// A record whose fields stand in one line: the index of its type.
    Line(u32),
    /// Adds to the list or map `entry`.
    Add,
}

/// What a row is to its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Member,
    Item {
        index: u32,
        last: bool,
    },
    /// Of a map.
    Entry,
}

impl Row {
    /// Whether it has rows below it, and they are shown.
    pub fn open(&self) -> Option<bool> {
        match self.what {
            What::Record { open, .. } | What::List { open, .. } | What::Map { open, .. } => Some(open),
            _ => None,
        }
    }
}

/// What the rows depend on beside the message.
pub(super) struct View<'a> {
    /// Folded or not, by the key of the row, where somebody chose.
    pub folds: &'a HashMap<u64, bool>,
    /// Whether a record of this type, at this depth, fits into one line.
    pub fits: &'a dyn Fn(u32, u16) -> bool,
}

/// All rows.
pub(super) fn rows(read: &Read, view: &View<'_>) -> Vec<Row> {
    let mut builder =
        Builder { read, view, defs: HashMap::new(), rows: Vec::new(), path: String::new(), ids: String::new() };
    builder.record(read.def, 0, 0, false);
    builder.rows
}

pub(super) fn key_of(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

struct Builder<'a> {
    read: &'a Read,
    view: &'a View<'a>,
    defs: HashMap<&'a str, Option<u32>>,
    rows: Vec<Row>,
    path: String,
    ids: String,
}

impl<'a> Builder<'a> {
    fn def(&mut self, name: &'a str) -> Option<u32> {
        let schema = &self.read.schema;
        *self.defs.entry(name).or_insert_with(|| def_index(schema, name))
    }

    fn record(&mut self, def: u32, entry: u32, depth: u16, prefixed: bool) {
        let read = self.read;
        let all = fields(&read.schema, def);
        let mut members: Vec<(u32, bool)> = read.children(entry).map(|child| (child, false)).collect();
        let mut groups: Vec<&str> = Vec::new();
        for (index, field) in all.iter().enumerate() {
            let at = TypeAt { def, field: index as u32, peel: 0 };
            if field.oneof.is_empty() {
                let child = take(read, &mut members, &field.name);
                self.member(at, &field.name, child, entry, depth, prefixed);
                continue;
            }
            if groups.contains(&field.oneof.as_str()) {
                continue;
            }
            groups.push(&field.oneof);
            self.group(at, entry, depth, &mut members);
        }
        let at = TypeAt { def, field: u32::MAX, peel: 0 };
        for (child, _) in members.into_iter().filter(|(_, taken)| !taken) {
            let name = read.name(child);
            self.inside(
                |at| path::push_member(at, name),
                |this| {
                    this.push(What::Unknown, Place::Member, Some(child), entry, at, depth);
                },
            );
        }
    }

    /// The choice of a group, and the chosen field one level deeper. More than one is wrong, and shown.
    fn group(&mut self, first: TypeAt, entry: u32, depth: u16, members: &mut [(u32, bool)]) {
        let read = self.read;
        let all = fields(&read.schema, first.def);
        let Some(group) = first.field(&read.schema).map(|field| field.oneof.as_str()) else { return };
        let mut set: Vec<(TypeAt, u32)> = Vec::new();
        for (index, field) in all.iter().enumerate().filter(|(_, field)| field.oneof == group) {
            if let Some(child) = take(read, members, &field.name) {
                set.push((TypeAt { field: index as u32, ..first }, child));
            }
        }
        let chosen = set.iter().find(|(_, child)| read.kind(*child) != Some(Kind::Null)).map(|(at, _)| at.field);
        self.inside(
            |at| at.extend(["?", group]),
            |this| {
                this.push(What::Oneof(chosen), Place::Member, None, entry, first, depth);
            },
        );
        for (at, child) in set {
            let Some(field) = at.field(&read.schema) else { continue };
            let record = match &field.type_ref {
                TypeRef::Named(name) if read.kind(child) == Some(Kind::Object) => self.def(name),
                _ => None,
            };
            match record.filter(|def| is_record(&read.schema, *def)) {
                Some(def) => {
                    self.inside(
                        |at| path::push_member(at, &field.name),
                        |this| this.record(def, child, depth + 1, true),
                    );
                }
                None => self.member(at, &field.name, Some(child), entry, depth + 1, false),
            }
        }
    }

    fn member(&mut self, at: TypeAt, name: &str, child: Option<u32>, parent: u32, depth: u16, prefixed: bool) {
        self.inside(
            |path| path::push_member(path, name),
            |this| {
                let own = this.rows.len();
                this.value(at, Place::Member, child, parent, depth);
                if let Some(row) = this.rows.get_mut(own) {
                    row.prefixed = prefixed;
                }
            },
        );
    }

    fn value(&mut self, at: TypeAt, place: Place, entry: Option<u32>, parent: u32, depth: u16) {
        let read = self.read;
        let Some(entry) = entry else { return self.push(What::Unset, place, None, parent, at, depth) };
        let kind = read.kind(entry).unwrap_or(Kind::Raw);
        let Some(of) = at.type_ref(&read.schema) else { return };
        let def = if let TypeRef::Named(name) = of { self.def(name) } else { None };
        match of {
            TypeRef::List(_) if kind == Kind::Array => self.list(at, place, entry, parent, depth),
            TypeRef::Map(_) if kind == Kind::Object => self.map(at, place, entry, parent, depth),
            TypeRef::Named(_) if kind == Kind::Object && def.is_some_and(|def| is_record(&read.schema, def)) => {
                self.nested(def.unwrap_or_default(), at, place, entry, parent, depth);
            }
            _ => self.push(scalar(read, of, def, kind), place, Some(entry), parent, at, depth),
        }
    }

    fn nested(&mut self, def: u32, at: TypeAt, place: Place, entry: u32, parent: u32, depth: u16) {
        let read = self.read;
        let item = matches!(place, Place::Item { .. });
        // A line has no place for a caret, so it does not fold; nor is there more to see in it.
        if item && (self.view.fits)(def, depth) && self.only_scalars(def, entry) {
            return self.push(What::Line(def), place, Some(entry), parent, at, depth);
        }
        let many = item && read.entry(parent).is_some_and(|list| list.end - parent as usize > OPEN_ITEMS * 8);
        let open = self.open(depth < OPEN_DEPTH && !many);
        let set = read.children(entry).count() as u32;
        let all = fields(&read.schema, def);
        let unset =
            all.iter().filter(|field| !read.children(entry).any(|child| read.name(child) == field.name)).count();
        self.push(What::Record { open, set, unset: unset as u32 }, place, Some(entry), parent, at, depth);
        if open {
            self.record(def, entry, depth + 1, false);
        }
    }

    /// Whether every member is a scalar that the type has: what a line has fields for.
    fn only_scalars(&self, def: u32, entry: u32) -> bool {
        let read = self.read;
        let all = fields(&read.schema, def);
        read.children(entry).all(|child| {
            !matches!(read.kind(child), Some(Kind::Object | Kind::Array | Kind::Raw) | None)
                && all.iter().any(|field| field.name == read.name(child))
        })
    }

    fn list(&mut self, at: TypeAt, place: Place, entry: u32, parent: u32, depth: u16) {
        let items: Vec<u32> = self.read.children(entry).collect();
        let open = self.open(depth < OPEN_DEPTH);
        self.push(What::List { open, count: items.len() as u32 }, place, Some(entry), parent, at, depth);
        if !open {
            return;
        }
        let last = items.len().saturating_sub(1);
        for (index, child) in items.into_iter().enumerate() {
            let place = Place::Item { index: index as u32, last: index == last };
            self.inside(
                |path| path::push_item(path, index),
                |this| {
                    this.value(at.peeled(), place, Some(child), entry, depth + 1);
                },
            );
        }
        self.add(at, entry, parent, depth + 1);
    }

    fn map(&mut self, at: TypeAt, place: Place, entry: u32, parent: u32, depth: u16) {
        let read = self.read;
        let open = self.open(depth < OPEN_DEPTH);
        let count = read.children(entry).count() as u32;
        self.push(What::Map { open, count }, place, Some(entry), parent, at, depth);
        if !open {
            return;
        }
        for (order, child) in read.children(entry).enumerate() {
            let name = read.name(child);
            let (outer, outer_ids) = (self.path.len(), self.ids.len());
            path::push_member(&mut self.path, name);
            path::push_item(&mut self.ids, order);
            self.value(at.peeled(), Place::Entry, Some(child), entry, depth + 1);
            self.path.truncate(outer);
            self.ids.truncate(outer_ids);
        }
        self.add(at, entry, parent, depth + 1);
    }

    fn add(&mut self, at: TypeAt, entry: u32, parent: u32, depth: u16) {
        self.inside(
            |path| path.push('+'),
            |this| {
                this.push(What::Add, Place::Member, Some(entry), parent, at, depth);
            },
        );
    }

    fn open(&self, otherwise: bool) -> bool {
        self.view.folds.get(&key_of(&self.path)).copied().unwrap_or(otherwise)
    }

    fn inside(&mut self, push: impl Fn(&mut String), then: impl FnOnce(&mut Self)) {
        let (outer, outer_ids) = (self.path.len(), self.ids.len());
        push(&mut self.path);
        push(&mut self.ids);
        then(self);
        self.path.truncate(outer);
        self.ids.truncate(outer_ids);
    }

    fn push(&mut self, what: What, place: Place, entry: Option<u32>, parent: u32, at: TypeAt, depth: u16) {
        let (key, id) = (key_of(&self.path), key_of(&self.ids));
        self.rows.push(Row { key, id, depth, what, place, entry, parent, at, prefixed: false });
    }
}

/// What shows a value that has no rows below it. `def` is the index of the type that `of` names.
pub(super) fn scalar(read: &Read, of: &TypeRef, def: Option<u32>, kind: Kind) -> What {
    let is_scalar = matches!(kind, Kind::Text | Kind::Number | Kind::Bool);
    match of {
        _ if kind == Kind::Null => What::Null,
        TypeRef::Bool if kind == Kind::Bool => What::Flag,
        TypeRef::Bytes if kind == Kind::Text => What::Bytes,
        TypeRef::Named(_) if is_scalar && def.is_some_and(|def| is_enum(read, def)) => {
            What::Choice(def.unwrap_or_default())
        }
        TypeRef::Any | TypeRef::List(_) | TypeRef::Map(_) | TypeRef::Named(_) => What::Raw,
        _ if is_scalar => What::Field,
        _ => What::Raw,
    }
}

/// Takes the member of this name out of those that are left.
fn take(read: &Read, members: &mut [(u32, bool)], name: &str) -> Option<u32> {
    let found = members.iter_mut().find(|(child, taken)| !taken && read.name(*child) == name)?;
    found.1 = true;
    Some(found.0)
}

fn is_enum(read: &Read, def: u32) -> bool {
    matches!(read.schema.types.get(def as usize).map(|def| &def.kind), Some(TypeKind::Enum(_)))
}
