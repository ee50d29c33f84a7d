//! A message to start from: what the editor is filled with, and what `describe` shows.

use serde_json::Map;

use crate::Value;
use crate::schema::{Field, Schema, TypeKind, TypeRef};

/// Values that an example may have. Schemas come from peers: ten types that have ten fields of the next are short
/// to write and endless to spell out.
const MAX_VALUES: usize = 500;

/// Levels of an example.
const MAX_DEPTH: usize = 16;

impl Schema {
    /// A message of this type.
    ///
    /// A field's own example wins; an optional field without one is left out; a list or map has one element.
    /// Where a type holds itself, lists and maps end empty and required fields end as `null`.
    pub fn example(&self, of: &TypeRef) -> Value {
        Example { schema: self, inside: Vec::new(), left: MAX_VALUES }.value(of)
    }

    /// What a field holds when it is set without saying to what.
    pub fn example_of_field(&self, field: &Field) -> Value {
        Example { schema: self, inside: Vec::new(), left: MAX_VALUES }.field(field)
    }
}

struct Example<'a> {
    schema: &'a Schema,
    /// Names of the records around.
    inside: Vec<&'a str>,
    left: usize,
}

impl<'a> Example<'a> {
    fn value(&mut self, of: &'a TypeRef) -> Value {
        self.left = self.left.saturating_sub(1);
        match of {
            TypeRef::Any => Value::Null,
            TypeRef::Bool => Value::Bool(false),
            TypeRef::Int32 | TypeRef::Uint32 | TypeRef::Int64 | TypeRef::Uint64 => Value::from(0),
            TypeRef::Float | TypeRef::Double => Value::from(0.0),
            TypeRef::String | TypeRef::Bytes => Value::from(""),
            TypeRef::List(item) if self.ends_at(item) => Value::Array(Vec::new()),
            TypeRef::List(item) => Value::Array(vec![self.value(item)]),
            TypeRef::Map(item) if self.ends_at(item) => Value::Object(Map::new()),
            TypeRef::Map(item) => Value::Object([("key".to_owned(), self.value(item))].into_iter().collect()),
            TypeRef::Named(_) if self.ends_at(of) => Value::Null,
            TypeRef::Named(name) => self.named(name),
        }
    }

    fn named(&mut self, name: &'a str) -> Value {
        let schema = self.schema;
        let Some(def) = schema.type_def(name) else { return Value::Object(Map::new()) };
        match &def.kind {
            // A first value that says nothing is there for the sake of protobuf's zero.
            TypeKind::Enum(values) => values
                .iter()
                .find(|value| !value.name.ends_with("UNSPECIFIED"))
                .or(values.first())
                .map_or(Value::Null, |value| Value::from(value.name.as_str())),
            TypeKind::Record(fields) => {
                self.inside.push(name);
                let mut object = Map::new();
                // Of a group only the first field that has an example is set.
                let mut groups: Vec<&str> = Vec::new();
                for field in fields {
                    if self.left == 0 {
                        break;
                    }
                    if groups.contains(&field.oneof.as_str()) || (field.may_be_left_out() && field.example.is_none()) {
                        continue;
                    }
                    if !field.oneof.is_empty() {
                        groups.push(&field.oneof);
                    }
                    let value = self.field(field);
                    object.insert(field.name.clone(), value);
                }
                self.inside.pop();
                Value::Object(object)
            }
        }
    }

    /// A field's own example, else the nearest to nothing that its rule allows.
    fn field(&mut self, field: &'a Field) -> Value {
        if let Some(example) = field.example.as_ref().or(field.default.as_ref()) {
            return example.clone();
        }
        match (&field.type_ref, self.value(&field.type_ref)) {
            (_, Value::Number(_)) if !field.rule.is_empty() => Value::Number(field.rule.nearest_to_zero()),
            (TypeRef::String, Value::String(_)) => {
                Value::from("x".repeat(field.rule.min_length.unwrap_or(0).min(64) as usize))
            }
            (_, other) => other,
        }
    }

    /// Whether spelling this out would never end.
    fn ends_at(&self, of: &TypeRef) -> bool {
        match of {
            TypeRef::Named(name) => {
                self.left == 0 || self.inside.len() >= MAX_DEPTH || self.inside.contains(&name.as_str())
            }
            TypeRef::List(item) | TypeRef::Map(item) => self.ends_at(item),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::TypeDef;
    use crate::schema::sample::shop;

    #[test]
    fn an_example_shows_the_shape_and_validates() {
        let schema = shop();
        let place = TypeRef::Named("shop.PlaceRequest".into());
        let example = schema.example(&place);
        assert_eq!(
            example,
            json!({"sku": "A1", "qty": 0, "priority": "NORMAL", "lines": [{"sku": "A1", "price": 0.0}], "labels": {"key": ""}})
        );
        assert_eq!(schema.validate(&example, &place), []);
    }

    #[test]
    fn rules_defaults_and_groups_are_kept_to() {
        let schema = shop();
        let payment = TypeRef::Named("shop.Payment".into());
        let example = schema.example(&payment);
        assert_eq!(example, json!({"amount": 1, "invoice": {"days": 30}}));
        assert_eq!(schema.validate(&example, &payment), []);
        let Some(TypeKind::Record(fields)) = schema.type_def("shop.Payment").map(|def| &def.kind) else { panic!() };
        assert_eq!(schema.example_of_field(&fields[1]), json!("EUR"));
    }

    #[test]
    fn types_that_hold_themselves_end() {
        let node = TypeDef {
            name: "Node".into(),
            docs: String::new(),
            kind: TypeKind::Record(vec![
                Field { name: "next".into(), type_ref: TypeRef::Named("Node".into()), ..Field::default() },
                Field {
                    name: "children".into(),
                    type_ref: TypeRef::List(Box::new(TypeRef::Named("Node".into()))),
                    ..Field::default()
                },
            ]),
        };
        let schema = Schema { types: vec![node], ..Schema::default() };
        assert_eq!(schema.example(&TypeRef::Named("Node".into())), json!({"next": null, "children": []}));
    }

    #[test]
    fn a_schema_that_explodes_stays_small() {
        let types = (0..12)
            .map(|level| TypeDef {
                name: format!("T{level}"),
                docs: String::new(),
                kind: TypeKind::Record(
                    (0..10)
                        .map(|field| Field {
                            name: format!("f{field}"),
                            type_ref: TypeRef::Named(format!("T{}", level + 1)),
                            ..Field::default()
                        })
                        .collect(),
                ),
            })
            .collect();
        let schema = Schema { types, ..Schema::default() };
        assert!(schema.example(&TypeRef::Named("T0".into())).to_string().len() < 20_000);
    }
}
