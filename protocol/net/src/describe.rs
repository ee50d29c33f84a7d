//! Shorthand for declaring services in code: methods, types, fields with docs and examples.
//!
//! Fields are numbered by their place. Knows nothing but the schema model.

use callscope_wire::schema::{EnumValue, Field, Method, Rule, Service, TypeDef, TypeKind, TypeRef};
use callscope_wire::{Shape, Value};

/// A service. `docs`: one paragraph.
pub(crate) fn service(name: &str, docs: &str, methods: Vec<Method>) -> Service {
    Service { name: name.to_owned(), docs: docs.to_owned(), methods }
}

/// A method between two named types.
pub(crate) fn method(name: &str, shape: Shape, request: &str, response: &str, docs: &str) -> Method {
    Method {
        name: name.to_owned(),
        shape,
        request: named(request),
        response: named(response),
        docs: docs.to_owned(),
        idempotent: false,
    }
}

/// The same, for a method that may be sent twice without harm.
pub(crate) fn idempotent(method: Method) -> Method {
    Method { idempotent: true, ..method }
}

/// A record with these fields, numbered from 1.
pub(crate) fn record(name: &str, docs: &str, fields: Vec<Field>) -> TypeDef {
    let numbered = fields.into_iter().zip(1..).map(|(field, number)| Field { number, ..field }).collect();
    TypeDef { name: name.to_owned(), docs: docs.to_owned(), kind: TypeKind::Record(numbered) }
}

/// An enum; values as name and docs, numbered from 0.
pub(crate) fn choice(name: &str, docs: &str, values: &[(&str, &str)]) -> TypeDef {
    let values = values
        .iter()
        .zip(0..)
        .map(|((name, docs), number)| EnumValue { name: (*name).to_owned(), number, docs: (*docs).to_owned() })
        .collect();
    TypeDef { name: name.to_owned(), docs: docs.to_owned(), kind: TypeKind::Enum(values) }
}

/// A field that must be there. `null` as an example: none.
pub(crate) fn field(name: &str, type_ref: TypeRef, docs: &str, example: Value) -> Field {
    let example = Some(example).filter(|example| !example.is_null());
    Field { name: name.to_owned(), type_ref, docs: docs.to_owned(), example, ..Field::default() }
}

/// A field that may be left out.
pub(crate) fn optional(name: &str, type_ref: TypeRef, docs: &str, example: Value) -> Field {
    Field { optional: true, ..field(name, type_ref, docs, example) }
}

/// The same field, whose value must keep to this.
pub(crate) fn ruled(field: Field, rule: Rule) -> Field {
    Field { rule, ..field }
}

/// Fields of which at most one is set.
pub(crate) fn one_of(group: &str, fields: impl IntoIterator<Item = Field>) -> impl Iterator<Item = Field> {
    fields.into_iter().map(move |field| Field { oneof: group.to_owned(), ..field })
}

/// A named type, where it is used.
pub(crate) fn named(name: &str) -> TypeRef {
    TypeRef::Named(name.to_owned())
}

/// Any number of a named type, where it is used.
pub(crate) fn list(name: &str) -> TypeRef {
    TypeRef::List(Box::new(named(name)))
}
