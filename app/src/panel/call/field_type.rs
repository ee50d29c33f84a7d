//! What the schema says of a place in a message: `string = 1`, `repeated Line = 5`, `Address = 6`.

use callscope_wire::schema::{Schema, TypeKind, TypeRef};
use callscope_wire::value::path;

/// The words for the value at a JSON pointer of a message of type `of`; `None` where the schema says nothing.
pub(super) fn fact(schema: &Schema, of: &TypeRef, pointer: &str) -> Option<String> {
    let mut at = of;
    let mut words = None;
    for step in path::steps(pointer) {
        match at {
            TypeRef::Named(name) => {
                let TypeKind::Record(fields) = &schema.type_def(name)?.kind else { return None };
                let field = fields.iter().find(|field| field.name == step)?;
                at = &field.type_ref;
                words = Some(format!("{} = {}", written(at), field.number));
            }
            // Items and entries have no number; scalars of a list repeat its line, so only records say their name.
            TypeRef::List(item) | TypeRef::Map(item) => {
                at = item;
                words = None;
            }
            _ => return None,
        }
    }
    words
}

/// A type where it is used: `repeated Line`.
pub(super) fn written(of: &TypeRef) -> String {
    match of {
        TypeRef::List(item) => format!("repeated {}", item.bare()),
        other => other.bare(),
    }
}

/// A pointer as people write it: `items[0].sku`; empty for the whole message.
pub(in crate::panel) fn readable(pointer: &str) -> String {
    let mut out = String::new();
    for step in path::steps(pointer) {
        if step.chars().all(|letter| letter.is_ascii_digit()) && !step.is_empty() {
            out.extend(["[", &step, "]"]);
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(&step);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{fact, readable};
    use crate::panel::call::fixture;
    use callscope_wire::schema::TypeRef;

    #[test]
    fn a_place_in_a_message_has_the_type_and_number_of_its_field() {
        let schema = fixture::schema();
        let fact = |pointer: &str| fact(&schema, &TypeRef::Named("shop.Order".into()), pointer);
        assert_eq!(fact("/id").as_deref(), Some("string = 1"));
        assert_eq!(fact("/lines").as_deref(), Some("repeated Line = 4"));
        assert_eq!(fact("/lines/0"), None);
        assert_eq!(fact("/lines/0/qty").as_deref(), Some("uint32 = 2"));
        assert_eq!(fact("/nothing"), None);
    }

    #[test]
    fn a_pointer_is_written_as_a_path() {
        assert_eq!(readable("/lines/0/sku"), "lines[0].sku");
        assert_eq!(readable(""), "");
    }
}
