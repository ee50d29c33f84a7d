//! Fields given by their place instead of their name: `[1, 2]` for `{"a": 1, "b": 2}`.

use serde_json::Map;

use crate::Value;
use crate::schema::{Field, Schema, TypeKind, TypeRef};

/// Why values by place are no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// More values than fields.
    #[error("{given} values are given, and {type_name} has {fields} fields: {names}")]
    TooMany {
        /// The message's type.
        type_name: String,
        /// Values.
        given: usize,
        /// Fields.
        fields: usize,
        /// Their names in order.
        names: String,
    },
    /// A field by place and by name.
    #[error("\"{name}\" is given twice, by place and by name")]
    Twice {
        /// The field.
        name: String,
    },
}

impl Schema {
    /// The same message with all fields by name: the items of an array, and the members named `0`, `1`, …, belong to
    /// the fields of the record `of` in their order. Anything else, and messages of other types, stay as they are.
    pub fn by_name(&self, value: Value, of: &TypeRef) -> Result<Value, PlaceError> {
        let TypeRef::Named(type_name) = of else { return Ok(value) };
        let Some(TypeKind::Record(fields)) = self.type_def(type_name).map(|def| &def.kind) else { return Ok(value) };
        let members: Vec<(Option<usize>, String, Value)> = match value {
            Value::Array(items) => {
                items.into_iter().enumerate().map(|(place, value)| (Some(place), String::new(), value)).collect()
            }
            Value::Object(members) => {
                members.into_iter().map(|(name, value)| (place(&name, fields), name, value)).collect()
            }
            other => return Ok(other),
        };
        let mut out = Map::new();
        for (place, name, value) in members {
            let name = match place {
                None => name,
                Some(place) => {
                    fields.get(place).map(|field| field.name.clone()).ok_or_else(|| PlaceError::TooMany {
                        type_name: type_name.clone(),
                        given: place + 1,
                        fields: fields.len(),
                        names: fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", "),
                    })?
                }
            };
            if out.contains_key(&name) {
                return Err(PlaceError::Twice { name });
            }
            out.insert(name, value);
        }
        Ok(Value::Object(out))
    }
}

/// The place that a member's name stands for, unless a field is really called that.
fn place(name: &str, fields: &[Field]) -> Option<usize> {
    let digits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    (digits && fields.iter().all(|field| field.name != name)).then(|| name.parse().ok())?
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::sample::shop;

    #[test]
    fn places_become_names() {
        let line = TypeRef::Named("shop.Line".into());
        let by_name = |value: Value| shop().by_name(value, &line).map_err(|error| error.to_string());
        assert_eq!(by_name(json!(["A1", 2.5])), Ok(json!({"sku": "A1", "price": 2.5})));
        assert_eq!(by_name(json!({"0": "A1", "price": 2.5})), Ok(json!({"sku": "A1", "price": 2.5})));
        assert_eq!(by_name(json!({"sku": "A1", "color": 1})), Ok(json!({"sku": "A1", "color": 1})));
        assert_eq!(by_name(json!([])), Ok(json!({})));
        assert_eq!(
            by_name(json!([1, 2, 3])),
            Err("3 values are given, and shop.Line has 2 fields: sku, price".to_owned())
        );
        assert_eq!(
            by_name(json!({"0": "A1", "sku": "A2"})),
            Err("\"sku\" is given twice, by place and by name".to_owned())
        );
        assert_eq!(shop().by_name(json!([1]), &TypeRef::Any), Ok(json!([1])));
    }
}
