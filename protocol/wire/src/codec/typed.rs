//! What a schema says of a value while it is written: which texts stand for bytes.

use crate::schema::{Field, Schema, TypeKind, TypeRef};

/// A value's type, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub struct Typed<'a> {
    schema: Option<&'a Schema>,
    type_ref: &'a TypeRef,
}

/// What an object's members are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fields<'a> {
    /// Nobody knows.
    Unknown,
    /// A record's.
    Record(&'a Schema, &'a [Field]),
    /// All of this type.
    Map(Typed<'a>),
}

impl<'a> Typed<'a> {
    /// Nobody knows what it is.
    pub const UNKNOWN: Typed<'static> = Typed { schema: None, type_ref: &TypeRef::Any };

    /// A type of this schema.
    pub const fn new(schema: &'a Schema, type_ref: &'a TypeRef) -> Self {
        Self { schema: Some(schema), type_ref }
    }

    /// Whether its text stands for bytes.
    pub(super) fn is_bytes(self) -> bool {
        matches!(self.type_ref, TypeRef::Bytes)
    }

    /// What an array's items are.
    pub(super) fn item(self) -> Self {
        match self.type_ref {
            TypeRef::List(item) => Self { type_ref: item, ..self },
            _ => Typed::UNKNOWN,
        }
    }

    /// What an object's members are.
    pub(super) fn fields(self) -> Fields<'a> {
        match (self.type_ref, self.schema) {
            (TypeRef::Map(member), _) => Fields::Map(Self { type_ref: member, ..self }),
            (TypeRef::Named(name), Some(schema)) => match schema.type_def(name).map(|def| &def.kind) {
                Some(TypeKind::Record(fields)) => Fields::Record(schema, fields),
                Some(TypeKind::Enum(_)) | None => Fields::Unknown,
            },
            _ => Fields::Unknown,
        }
    }
}

impl<'a> Fields<'a> {
    pub(super) fn member(self, name: &str) -> Typed<'a> {
        match self {
            Self::Unknown => Typed::UNKNOWN,
            Self::Map(member) => member,
            Self::Record(schema, fields) => match fields.iter().find(|field| field.name == name) {
                Some(field) => Typed::new(schema, &field.type_ref),
                None => Typed::UNKNOWN,
            },
        }
    }
}
