//! A message that was taken apart against its schema: what the form is a view of.

use std::borrow::Cow;
use std::sync::Arc;

use callscope_wire::Limits;
use callscope_wire::schema::{Field, Schema, TypeKind, TypeRef};
use callscope_wire::value::edit::{Change, Source};
use callscope_wire::value::outline::{Bounds, Entry, Kind, Label, Outline};
use callscope_wire::value::{path, scan};

/// Values of a message that a form shows; what is larger is read and written as JSON.
const MAX_ENTRIES: usize = 200_000;
/// An entry that is in nothing.
const NONE: u32 = u32::MAX;

/// A text that is JSON, its values, and the record type it should be.
#[derive(Clone, Debug)]
pub(in crate::panel::call) struct Read {
    pub source: String,
    pub outline: Outline,
    parents: Vec<u32>,
    pub schema: Arc<Schema>,
    /// Index of the type of the whole.
    pub def: u32,
    /// Nothing is written yet: `source` is what the first edit begins with.
    pub blank: bool,
}

/// A type by its place in the schema: that of a field, or of what its list or map holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TypeAt {
    /// Index of the record type.
    pub def: u32,
    /// Index of its field.
    pub field: u32,
    /// Lists and maps that are taken off.
    pub peel: u8,
}

impl TypeAt {
    pub fn peeled(self) -> Self {
        Self { peel: self.peel.saturating_add(1), ..self }
    }

    pub fn field(self, schema: &Schema) -> Option<&Field> {
        fields(schema, self.def).get(self.field as usize)
    }

    pub fn type_ref(self, schema: &Schema) -> Option<&TypeRef> {
        let mut at = &self.field(schema)?.type_ref;
        for _ in 0..self.peel {
            at = match at {
                TypeRef::List(item) | TypeRef::Map(item) => item,
                _ => return None,
            };
        }
        Some(at)
    }
}

/// Fields of the record type with this index; none of any other type.
pub(super) fn fields(schema: &Schema, def: u32) -> &[Field] {
    match schema.types.get(def as usize).map(|def| &def.kind) {
        Some(TypeKind::Record(fields)) => fields,
        _ => &[],
    }
}

/// The index of the type with this name.
pub(super) fn def_index(schema: &Schema, name: &str) -> Option<u32> {
    schema.types.iter().position(|def| def.name == name).map(|index| index as u32)
}

impl Read {
    /// Takes `source` apart, which must be JSON. `None` where no form can be made of it: its type is no record, or
    /// there is too much.
    pub fn new(source: String, schema: Arc<Schema>, of: &TypeRef) -> Option<Self> {
        let TypeRef::Named(name) = of else { return None };
        let def = def_index(&schema, name).filter(|def| is_record(&schema, *def))?;
        let blank = source.trim().is_empty();
        let source = if blank { "{}".to_owned() } else { source };
        let bounds = Bounds { depth: Limits::default().max_depth, entries: MAX_ENTRIES };
        let outline = Outline::of(source.as_bytes(), bounds);
        let parents = parents(&outline);
        outline.problems.is_empty().then_some(Self { source, outline, parents, schema, def, blank })
    }

    pub fn entry(&self, index: u32) -> Option<&Entry> {
        self.outline.entries.get(index as usize)
    }

    pub fn kind(&self, index: u32) -> Option<Kind> {
        self.entry(index).map(|entry| entry.kind)
    }

    pub fn parent(&self, index: u32) -> Option<u32> {
        self.parents.get(index as usize).copied().filter(|parent| *parent != NONE)
    }

    pub fn children(&self, of: u32) -> impl Iterator<Item = u32> {
        self.outline.children(Some(of as usize)).map(|index| index as u32)
    }

    /// What a member is called.
    pub fn name(&self, index: u32) -> &str {
        match self.entry(index).map(|entry| &entry.label) {
            Some(Label::Name(name)) => name,
            _ => "",
        }
    }

    /// A value as it stands in the text.
    pub fn raw(&self, index: u32) -> &str {
        self.entry(index).and_then(|entry| self.source.get(entry.span.range())).unwrap_or_default()
    }

    /// A value as people read it: texts without quotes and escapes.
    pub fn shown(&self, index: u32) -> Cow<'_, str> {
        let raw = self.raw(index);
        match self.kind(index) {
            Some(Kind::Text) => scan::unquote(raw.as_bytes()).text,
            _ => raw.into(),
        }
    }

    /// The edits that can be made to it.
    pub fn edit(&self) -> Source<'_> {
        Source::new(&self.source, &self.outline)
    }

    /// The JSON pointer of a value.
    pub fn pointer(&self, index: u32) -> String {
        let mut steps = Vec::new();
        let mut at = Some(index);
        while let Some(index) = at {
            steps.push(index);
            at = self.parent(index);
        }
        let mut pointer = String::new();
        for index in steps.into_iter().rev() {
            match self.entry(index).map(|entry| &entry.label) {
                Some(Label::Name(name)) => path::push_member(&mut pointer, name),
                Some(Label::Index(item)) => path::push_item(&mut pointer, *item),
                _ => {}
            }
        }
        pointer
    }

    /// The value at a JSON pointer.
    pub fn find(&self, pointer: &str) -> Option<u32> {
        let mut at = 0;
        for step in path::steps(pointer) {
            at = self.children(at).find(|index| match self.entry(*index).map(|entry| &entry.label) {
                Some(Label::Name(name)) => *name == step,
                Some(Label::Index(item)) => step.parse() == Ok(*item),
                _ => false,
            })?;
        }
        self.entry(at).map(|_| at)
    }

    /// The innermost value at a byte; a caret just behind one is still in it.
    pub fn at(&self, offset: usize) -> Option<u32> {
        let mut found = None;
        let mut level = None;
        loop {
            let mut inner = None;
            for index in self.outline.children(level) {
                let Some(span) = self.outline.entries.get(index).map(Entry::full_span) else { break };
                if span.has(offset) || (span.end == offset && inner.is_none()) {
                    inner = Some(index);
                } else if span.start > offset {
                    break;
                }
            }
            let Some(index) = inner else { return found };
            found = Some(index as u32);
            level = Some(index);
        }
    }

    /// A scalar was changed in the text: the same is done here, without taking all of it apart again.
    pub fn patch(&mut self, index: u32, change: &Change) {
        let kind = match change.text.bytes().next() {
            Some(b'"') => Kind::Text,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') => Kind::Null,
            _ => Kind::Number,
        };
        if change.apply(&mut self.source) {
            self.outline.resize(index as usize, change.text.len(), kind);
        }
    }
}

pub(super) fn is_record(schema: &Schema, def: u32) -> bool {
    matches!(schema.types.get(def as usize).map(|def| &def.kind), Some(TypeKind::Record(_)))
}

fn parents(outline: &Outline) -> Vec<u32> {
    let mut open: Vec<(u32, usize)> = Vec::new();
    outline
        .entries
        .iter()
        .enumerate()
        .map(|(index, entry)| {
            while open.last().is_some_and(|(_, end)| *end <= index) {
                open.pop();
            }
            let parent = open.last().map_or(NONE, |(parent, _)| *parent);
            open.push((index as u32, entry.end));
            parent
        })
        .collect()
}
