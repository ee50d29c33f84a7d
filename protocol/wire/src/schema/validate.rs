//! Does a message fit its type: what is wrong, where, and which rule says so.
//!
//! The rules are canonical protobuf JSON's, which every source of schemas is mapped to: 64-bit
//! numbers may be strings, bytes are base64, an enum is a name or its number, `null` is "not set".

use crate::schema::closest::hint;
use crate::schema::{EnumValue, Field, Schema, TypeKind, TypeRef};
use crate::value::{Value, path};

/// Problems reported for one message; who has this many knows.
const MAX_PROBLEMS: usize = 100;

/// Levels that are looked at; what a parser lets through is not deeper.
const MAX_DEPTH: usize = 128;

/// Something in a message that its type does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// JSON pointer of the value, or of the object that misses one.
    pub path: String,
    /// What is wrong and what to do: `there is no field "qyt"; did you mean "qty"?`
    pub message: String,
    /// The rule it breaks: `qty: uint32`.
    pub rule: String,
}

impl Schema {
    /// What is wrong with a message of this type, in the message's order. Types that the schema lacks are not checked.
    pub fn validate(&self, value: &Value, of: &TypeRef) -> Vec<Problem> {
        let mut check = Check { schema: self, problems: Vec::new(), rule: String::new() };
        check.value(value, of, "", 0);
        check.problems
    }
}

struct Check<'a> {
    schema: &'a Schema,
    problems: Vec<Problem>,
    /// Of the field around.
    rule: String,
}

impl Check<'_> {
    fn value(&mut self, value: &Value, of: &TypeRef, at: &str, depth: usize) {
        if depth > MAX_DEPTH || self.problems.len() >= MAX_PROBLEMS {
            return;
        }
        match of {
            TypeRef::Any => {}
            TypeRef::Bool => {
                if !value.is_boolean() {
                    self.wrong(at, "`true` or `false`", value);
                }
            }
            TypeRef::Int32 => self.whole(value, at, i32::MIN.into(), i32::MAX.into()),
            TypeRef::Uint32 => self.whole(value, at, 0, u32::MAX.into()),
            TypeRef::Int64 => self.whole(value, at, i64::MIN.into(), i64::MAX.into()),
            TypeRef::Uint64 => self.whole(value, at, 0, u64::MAX.into()),
            TypeRef::Double => self.double(value, at),
            TypeRef::String => {
                if !value.is_string() {
                    self.wrong(at, "text in double quotes", value);
                }
            }
            TypeRef::Bytes => match value.as_str() {
                None => self.wrong(at, "bytes as base64 text", value),
                Some(text) => {
                    if let Some(message) = base64_problem(text) {
                        self.problem(at, message);
                    }
                }
            },
            TypeRef::List(item) => match value.as_array() {
                None => self.wrong(at, "a list `[…]`", value),
                Some(items) => {
                    for (index, value) in items.iter().enumerate() {
                        self.value(value, item, &path::item(at, index), depth + 1);
                    }
                }
            },
            TypeRef::Map(item) => match value.as_object() {
                None => self.wrong(at, "a map `{…}`", value),
                Some(members) => {
                    for (name, value) in members {
                        self.value(value, item, &path::member(at, name), depth + 1);
                    }
                }
            },
            TypeRef::Named(name) => {
                let schema = self.schema;
                match schema.type_def(name).map(|def| &def.kind) {
                    None => {}
                    Some(TypeKind::Record(fields)) => self.record(value, name, fields, at, depth),
                    Some(TypeKind::Enum(values)) => self.enumeration(value, name, values, at),
                }
            }
        }
    }

    fn record(&mut self, value: &Value, type_name: &str, fields: &[Field], at: &str, depth: usize) {
        let Some(members) = value.as_object() else {
            return self.wrong(at, &format!("a {} `{{…}}`", bare(type_name)), value);
        };
        let outer = std::mem::take(&mut self.rule);
        for (name, value) in members {
            let Some(field) = fields.iter().find(|field| field.name == *name) else {
                self.rule = format!("fields of {type_name}: {}", names(fields));
                let candidates = fields.iter().map(|field| field.name.as_str());
                let message = format!("there is no field \"{name}\"{}", hint(name, candidates));
                self.problem(&path::member(at, name), message);
                continue;
            };
            if value.is_null() && field.optional {
                continue;
            }
            self.rule = field_rule(field);
            self.value(value, &field.type_ref, &path::member(at, name), depth + 1);
        }
        for field in fields {
            if !field.optional && !members.contains_key(&field.name) {
                self.rule = field_rule(field);
                self.problem(at, format!("the field \"{}\" is missing", field.name));
            }
        }
        self.rule = outer;
    }

    fn enumeration(&mut self, value: &Value, type_name: &str, values: &[EnumValue], at: &str) {
        match value {
            Value::String(name) if values.iter().any(|value| value.name == *name) => {}
            Value::String(name) => {
                let candidates = values.iter().map(|value| value.name.as_str());
                let message = format!("{} has no value \"{name}\"{}", bare(type_name), hint(name, candidates));
                self.problem(at, message);
            }
            Value::Number(number) => {
                if !values.iter().any(|value| number.as_i64() == Some(value.number.into())) {
                    self.problem(at, format!("{} has no value with the number {number}", bare(type_name)));
                }
            }
            _ => self.wrong(at, &format!("a name out of {}", bare(type_name)), value),
        }
    }

    fn whole(&mut self, value: &Value, at: &str, least: i128, most: i128) {
        let wide = most > i128::from(u32::MAX);
        let number = match value {
            Value::Number(number) => {
                let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
                // `2.0` is a whole number, as JSON has only one kind.
                let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15);
                whole.or_else(|| float.map(|float| float as i128))
            }
            Value::String(text) if wide => text.parse().ok(),
            _ => None,
        };
        match number {
            Some(number) if (least..=most).contains(&number) => {}
            Some(number) => self.problem(at, format!("{number} is out of range: {least} to {most}")),
            None if wide => self.wrong(at, "a whole number (in double quotes or not)", value),
            None => self.wrong(at, "a whole number", value),
        }
    }

    fn double(&mut self, value: &Value, at: &str) {
        let special = |text: &str| matches!(text, "NaN" | "Infinity" | "-Infinity");
        if !value.is_number() && !value.as_str().is_some_and(special) {
            self.wrong(at, "a number", value);
        }
    }

    fn wrong(&mut self, at: &str, expected: &str, found: &Value) {
        let found = match found {
            Value::Null => "`null`".to_owned(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Number(number) => format!("the number {number}"),
            Value::String(text) if text.chars().count() <= 20 => format!("the text \"{text}\""),
            Value::String(_) => "text".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        };
        self.problem(at, format!("{expected} is expected here, not {found}"));
    }

    fn problem(&mut self, at: &str, message: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem { path: at.to_owned(), message, rule: self.rule.clone() });
        }
    }
}

fn field_rule(field: &Field) -> String {
    format!("{}{}: {}", field.name, if field.optional { "?" } else { "" }, field.type_ref)
}

fn names(fields: &[Field]) -> String {
    if fields.is_empty() {
        return "none".to_owned();
    }
    fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The last part of a full name, as people say it.
fn bare(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Standard or URL-safe alphabet, padded or not, as protobuf's JSON accepts.
fn base64_problem(text: &str) -> Option<String> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    if let Some(char) = digits.chars().find(|char| !(char.is_ascii_alphanumeric() || "+/-_".contains(*char))) {
        return Some(format!("`{char}` is no base64 digit: bytes are written as base64"));
    }
    let length = digits.len() % 4;
    (length == 1 || padding > 2 || (padding > 0 && !(length + padding).is_multiple_of(4)))
        .then(|| format!("{} base64 digits with {padding} `=` are not whole bytes", digits.len()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::sample::shop;

    fn problems(value: Value) -> Vec<String> {
        let found = shop().validate(&value, &TypeRef::Named("shop.PlaceRequest".into()));
        found.into_iter().map(|problem| format!("{} | {} | {}", problem.path, problem.message, problem.rule)).collect()
    }

    #[test]
    fn a_message_that_fits_has_no_problems() {
        let found = problems(json!({
            "sku": "A1", "qty": 2.0, "priority": 2, "lines": [{"sku": "x", "price": "NaN"}], "labels": {"a/b": "c"},
            "note": null, "signature": "3q2-7w", "total": "-9223372036854775808"
        }));
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn every_problem_says_where_what_and_why() {
        let found = problems(json!({
            "skuu": "A1", "qty": -1, "priority": "URGNT", "lines": [{"sku": 1, "price": "much"}, 7],
            "labels": {"a/b": true}, "signature": "%", "total": "x"
        }));
        insta::assert_snapshot!(found.join("\n"), @r#"
        /skuu | there is no field "skuu"; did you mean "sku"? | fields of shop.PlaceRequest: sku, qty, priority, lines, labels, note, signature, total
        /qty | -1 is out of range: 0 to 4294967295 | qty: uint32
        /priority | Priority has no value "URGNT"; did you mean "URGENT"? | priority: shop.Priority
        /lines/0/sku | text in double quotes is expected here, not the number 1 | sku: string
        /lines/0/price | a number is expected here, not the text "much" | price: double
        /lines/1 | a Line `{…}` is expected here, not the number 7 | lines: list<shop.Line>
        /labels/a~1b | text in double quotes is expected here, not `true` | labels: map<string, string>
        /signature | `%` is no base64 digit: bytes are written as base64 | signature?: bytes
        /total | a whole number (in double quotes or not) is expected here, not the text "x" | total?: int64
         | the field "sku" is missing | sku: string
        "#);
    }

    #[test]
    fn a_flood_of_problems_ends() {
        let value = json!({"lines": vec![1; 10_000]});
        assert_eq!(problems(value).len(), MAX_PROBLEMS);
    }

    #[test]
    fn base64_is_checked_by_alphabet_and_length() {
        for good in ["", "3q2+7w==", "3q2-7w", "AAAA", "AAA=", "AAA"] {
            assert_eq!(base64_problem(good), None, "{good}");
        }
        assert_eq!(base64_problem("A A").unwrap(), "` ` is no base64 digit: bytes are written as base64");
        assert_eq!(base64_problem("AAAAA").unwrap(), "5 base64 digits with 0 `=` are not whole bytes");
        assert_eq!(base64_problem("AAA==").unwrap(), "3 base64 digits with 2 `=` are not whole bytes");
    }
}
