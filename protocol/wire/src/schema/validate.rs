//! Does a message fit its type: what is wrong, where, and which rule says so.
//!
//! The rules are canonical protobuf JSON's, which every source of schemas is mapped to: 64-bit
//! numbers may be strings, bytes are base64, an enum is a name or its number, `null` is "not set". A text that is
//! one variable, `{{name}}`, may stand anywhere: what it will be is not known here.

use crate::schema::closest::hint;
use crate::schema::rule::Breach;
use crate::schema::{EnumValue, Field, Schema, TypeKind, TypeRef};
use crate::value::variable::is_variable;
use crate::value::{Value, path};
use crate::{Sentence, Words, say};

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
    pub message: Words,
    /// The rule it breaks: `qty: uint32`.
    pub rule: Words,
    /// Which part of it is wrong.
    pub part: Part,
}

/// Which part of a value a problem is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The value itself.
    Value,
    /// The name of the member that it is.
    Name,
    /// A member of this name, which it lacks.
    Missing(String),
}

impl Schema {
    /// What is wrong with a message of this type, in the message's order. Types that the schema lacks are not checked.
    pub fn validate(&self, value: &Value, of: &TypeRef) -> Vec<Problem> {
        let mut check = Check { schema: self, problems: Vec::new(), field: None, at: String::new(), depth: 0 };
        check.value(value, of);
        check.problems
    }
}

struct Check<'a> {
    schema: &'a Schema,
    problems: Vec<Problem>,
    /// The field around.
    field: Option<&'a Field>,
    /// Pointer of the value that is looked at. One text for all: a message has more values than problems.
    at: String,
    depth: usize,
}

impl<'a> Check<'a> {
    fn value(&mut self, value: &Value, of: &'a TypeRef) {
        let enough = self.depth > MAX_DEPTH || self.problems.len() >= MAX_PROBLEMS;
        if enough || value.as_str().is_some_and(is_variable) {
            return;
        }
        match of {
            TypeRef::Any => {}
            TypeRef::Bool => {
                if !value.is_boolean() {
                    self.wrong(say!("validate.bool", "`true` or `false`"), value);
                }
            }
            TypeRef::Int32 => self.whole(value, i32::MIN.into(), i32::MAX.into()),
            TypeRef::Uint32 => self.whole(value, 0, u32::MAX.into()),
            TypeRef::Int64 => self.whole(value, i64::MIN.into(), i64::MAX.into()),
            TypeRef::Uint64 => self.whole(value, 0, u64::MAX.into()),
            TypeRef::Float => self.float(value, f64::from(f32::MAX)),
            TypeRef::Double => self.float(value, f64::MAX),
            TypeRef::String => {
                if !value.is_string() {
                    self.wrong(say!("validate.text", "text in double quotes"), value);
                }
            }
            TypeRef::Bytes => match value.as_str() {
                None => self.wrong(say!("validate.bytes", "bytes as base64 text"), value),
                Some(text) => {
                    if let Some(message) = base64_problem(text) {
                        self.problem(message);
                    }
                }
            },
            TypeRef::List(item) => match value.as_array() {
                None => self.wrong(say!("validate.list", "a list `[…]`"), value),
                Some(items) => {
                    for (index, value) in items.iter().enumerate() {
                        let outer = self.enter(|at| path::push_item(at, index));
                        self.value(value, item);
                        self.leave(outer);
                    }
                }
            },
            TypeRef::Map(item) => match value.as_object() {
                None => self.wrong(say!("validate.map", "a map `{…}`"), value),
                Some(members) => {
                    for (name, value) in members {
                        let outer = self.enter(|at| path::push_member(at, name));
                        self.value(value, item);
                        self.leave(outer);
                    }
                }
            },
            TypeRef::Named(name) => {
                let schema = self.schema;
                match schema.type_def(name).map(|def| &def.kind) {
                    None => {}
                    Some(TypeKind::Record(fields)) => self.record(value, name, fields),
                    Some(TypeKind::Enum(values)) => self.enumeration(value, name, values),
                }
            }
        }
    }

    fn enter(&mut self, push: impl FnOnce(&mut String)) -> usize {
        let outer = self.at.len();
        push(&mut self.at);
        self.depth += 1;
        outer
    }

    fn leave(&mut self, outer: usize) {
        self.at.truncate(outer);
        self.depth -= 1;
    }

    fn record(&mut self, value: &Value, type_name: &str, fields: &'a [Field]) {
        let Some(members) = value.as_object() else {
            return self.wrong(say!("validate.record", "a %{name} `{…}`", name = bare(type_name)), value);
        };
        let around = self.field;
        let mut groups: Vec<&str> = Vec::new();
        for (name, value) in members {
            let outer = self.enter(|at| path::push_member(at, name));
            match fields.iter().find(|field| field.name == *name) {
                None => self.unknown(name, type_name, fields),
                Some(field) => self.member(value, field, fields, &mut groups),
            }
            self.leave(outer);
        }
        for field in fields {
            if !field.may_be_left_out() && !members.contains_key(&field.name) {
                let message = say!("validate.missing", "the field \"%{name}\" is missing", name = &field.name);
                self.put(Part::Missing(field.name.clone()), message, field_rule(field));
            }
        }
        self.field = around;
    }

    fn unknown(&mut self, name: &str, type_name: &str, fields: &[Field]) {
        let rule = say!("validate.fields", "fields of %{name}: %{fields}", name = type_name, fields = names(fields));
        let candidates = fields.iter().map(|field| field.name.as_str());
        let hint = hint(name, candidates);
        let message = say!("validate.no_field", "there is no field \"%{name}\"%{hint}", name = name, hint = hint);
        self.put(Part::Name, message, rule);
    }

    fn member(&mut self, value: &Value, field: &'a Field, fields: &'a [Field], groups: &mut Vec<&'a str>) {
        if value.is_null() && field.may_be_left_out() {
            return;
        }
        if !field.oneof.is_empty() {
            if groups.contains(&field.oneof.as_str()) {
                let others = fields.iter().filter(|other| other.oneof == field.oneof).map(|other| other.name.as_str());
                let rule = format!("{}: {}", field.oneof, others.collect::<Vec<_>>().join(" | "));
                let message =
                    say!("validate.one_of", "only one field of \"%{group}\" may be set", group = &field.oneof);
                return self.put(Part::Name, message, rule);
            }
            groups.push(&field.oneof);
        }
        self.field = Some(field);
        let before = self.problems.len();
        self.value(value, &field.type_ref);
        // Of a value that is no number it helps nobody to hear that it is too small.
        if self.problems.len() == before {
            self.bounds(value, field);
        }
    }

    fn bounds(&mut self, value: &Value, field: &Field) {
        if field.rule.is_empty() || value.as_str().is_some_and(is_variable) {
            return;
        }
        let bytes = (field.type_ref == TypeRef::Bytes).then(|| value.as_str().map_or(0, base64_bytes));
        let message = match field.rule.breach(value, bytes) {
            None => return,
            Some(Breach::Below(least)) => say!("validate.least", "must be at least %{least}", least = &least),
            Some(Breach::Above(most)) => say!("validate.most", "must be at most %{most}", most = &most),
            Some(Breach::Short(length, min)) => say!(
                "validate.short",
                "has a length of %{length}; must have at least %{min}",
                length = length,
                min = min
            ),
            Some(Breach::Long(length, max)) => {
                say!("validate.long", "has a length of %{length}; must have at most %{max}", length = length, max = max)
            }
        };
        self.put(Part::Value, message, field.rule.written(&field.name));
    }

    fn enumeration(&mut self, value: &Value, type_name: &str, values: &[EnumValue]) {
        match value {
            Value::String(name) if values.iter().any(|value| value.name == *name) => {}
            Value::String(name) => {
                let candidates = values.iter().map(|value| value.name.as_str());
                self.problem(say!(
                    "validate.no_name",
                    "%{type} has no value \"%{name}\"%{hint}",
                    type = bare(type_name),
                    name = name,
                    hint = hint(name, candidates)
                ));
            }
            Value::Number(number) => {
                if !values.iter().any(|value| number.as_i64() == Some(value.number.into())) {
                    self.problem(say!(
                        "validate.no_number",
                        "%{type} has no value with the number %{number}",
                        type = bare(type_name),
                        number = number
                    ));
                }
            }
            _ => self.wrong(say!("validate.enum", "a name out of %{type}", type = bare(type_name)), value),
        }
    }

    fn whole(&mut self, value: &Value, least: i128, most: i128) {
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
            Some(number) => self.problem(out_of_range(number.into(), least.into(), most.into())),
            None if wide => {
                self.wrong(say!("validate.whole_wide", "a whole number (in double quotes or not)"), value);
            }
            None => self.wrong(say!("validate.whole", "a whole number"), value),
        }
    }

    fn float(&mut self, value: &Value, most: f64) {
        let special = |text: &str| matches!(text, "NaN" | "Infinity" | "-Infinity");
        match value.as_f64() {
            Some(number) if number.abs() > most => {
                let bound = |bound: f64| Words::from(format!("{bound:e}"));
                self.problem(out_of_range(bound(number), bound(-most), bound(most)));
            }
            Some(_) => {}
            None if value.as_str().is_some_and(special) => {}
            None => self.wrong(say!("validate.number", "a number"), value),
        }
    }

    fn wrong(&mut self, expected: Sentence, found: &Value) {
        let found: Words = match found {
            Value::Null => "`null`".into(),
            Value::Bool(value) => format!("`{value}`").into(),
            Value::Number(number) => say!("validate.found_number", "the number %{number}", number = number).into(),
            Value::String(text) if text.chars().count() <= 20 => {
                say!("validate.found_text", "the text \"%{text}\"", text = text).into()
            }
            Value::String(_) => say!("validate.found_long_text", "text").into(),
            Value::Array(_) => say!("validate.found_list", "a list").into(),
            Value::Object(_) => say!("validate.found_object", "an object").into(),
        };
        let message =
            say!("validate.expected", "%{expected} is expected here, not %{found}", expected = expected, found = found);
        self.problem(message);
    }

    /// Something is wrong with the value itself, by the type of the field around.
    fn problem(&mut self, message: Sentence) {
        let rule = self.field.map(field_rule).unwrap_or_default();
        self.put(Part::Value, message, rule);
    }

    fn put(&mut self, part: Part, message: Sentence, rule: impl Into<Words>) {
        if self.problems.len() < MAX_PROBLEMS {
            let (message, rule) = (message.into(), rule.into());
            self.problems.push(Problem { path: self.at.clone(), message, rule, part });
        }
    }
}

fn field_rule(field: &Field) -> String {
    format!("{}{}: {}", field.name, if field.optional { "?" } else { "" }, field.type_ref)
}

fn out_of_range(number: Words, least: Words, most: Words) -> Sentence {
    say!(
        "validate.range",
        "%{number} is out of range: %{least} to %{most}",
        number = number,
        least = least,
        most = most
    )
}

fn names(fields: &[Field]) -> Words {
    if fields.is_empty() {
        return say!("validate.no_fields", "none").into();
    }
    fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", ").into()
}

/// The last part of a full name, as people say it.
fn bare(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// How many bytes a base64 text stands for.
fn base64_bytes(text: &str) -> usize {
    text.trim_end_matches('=').len() * 3 / 4
}

/// Standard or URL-safe alphabet, padded or not, as protobuf's JSON accepts.
fn base64_problem(text: &str) -> Option<Sentence> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    if let Some(char) = digits.chars().find(|char| !(char.is_ascii_alphanumeric() || "+/-_".contains(*char))) {
        return Some(say!(
            "validate.base64_digit",
            "`%{char}` is no base64 digit: bytes are written as base64",
            char = char
        ));
    }
    let length = digits.len() % 4;
    (length == 1 || padding > 2 || (padding > 0 && !(length + padding).is_multiple_of(4))).then(|| {
        say!(
            "validate.base64_length",
            "%{count} base64 digits with %{padding} `=` are not whole bytes",
            count = digits.len(),
            padding = padding
        )
    })
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

    fn of_payment(value: Value) -> Vec<String> {
        let found = shop().validate(&value, &TypeRef::Named("shop.Payment".into()));
        found.into_iter().map(|problem| format!("{} | {} | {}", problem.path, problem.message, problem.rule)).collect()
    }

    #[test]
    fn rules_and_groups_are_checked() {
        assert_eq!(of_payment(json!({"amount": "1000000", "card": "4711", "invoice": null})), Vec::<String>::new());
        let found = of_payment(json!({"amount": 0, "currency": "EURO", "card": "4711", "invoice": {"days": 30}}));
        insta::assert_snapshot!(found.join("\n"), @r#"
        /amount | must be at least 1 | 1 ≤ amount ≤ 1000000
        /currency | has a length of 4; must have at most 3 | 3 ≤ #currency ≤ 3
        /invoice | only one field of "method" may be set | method: card | invoice
        "#);
        // A number that is none is one problem, not two.
        assert_eq!(of_payment(json!({"amount": "x"})).len(), 1);
    }

    #[test]
    fn a_variable_may_stand_anywhere() {
        let found = problems(json!({
            "sku": "{{sku}}", "qty": "{{ qty }}", "priority": "{{p}}", "lines": "{{lines}}", "labels": {}, "signature": "{{s}}"
        }));
        assert_eq!(found, Vec::<String>::new());
        assert_eq!(of_payment(json!({"amount": "{{a}}", "currency": "{{c}}"})), Vec::<String>::new());
        assert_eq!(of_payment(json!({"amount": "{{a}} EUR"})).len(), 1);
    }

    #[test]
    fn a_float_has_the_range_of_its_width() {
        let of = |value: Value, type_ref: TypeRef| shop().validate(&value, &type_ref).len();
        assert_eq!([of(json!(3.4e38), TypeRef::Float), of(json!(3.5e38), TypeRef::Float)], [0, 1]);
        assert_eq!([of(json!(3.5e38), TypeRef::Double), of(json!("NaN"), TypeRef::Float)], [0, 0]);
    }

    #[test]
    fn a_problem_says_which_part_of_a_value_it_is_about() {
        let found = shop().validate(&json!({"amont": 1}), &TypeRef::Named("shop.Payment".into()));
        let parts: Vec<_> = found.into_iter().map(|problem| problem.part).collect();
        assert_eq!(parts, [Part::Name, Part::Missing("amount".into())]);
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
