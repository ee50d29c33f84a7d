//! The text of a message and its value in the file, and when the one can stand for the other.
//!
//! Files hold messages as values, so that they read well and differ line by line. An editor holds text. Text becomes a
//! value only when that loses nothing: no JSON, or a number with more digits than a value keeps, stays text.

use serde_json::Value;

/// Lines of an object or list up to this stay in one piece.
const INLINE: usize = 72;

/// The value of a text, if it says exactly the same.
pub(super) fn value(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    let mut written = Tokens(value.to_string());
    let mut typed = Tokens(text.to_owned());
    loop {
        match (typed.next(), written.next()) {
            (None, None) => return Some(value),
            (Some(typed), Some(written)) if same(&typed, &written) => {}
            _ => return None,
        }
    }
}

/// Pretty JSON: what is small in one line, the rest indented by two.
pub(super) fn text(value: &Value) -> String {
    let mut out = String::new();
    push(&mut out, value, 0);
    out
}

fn push(out: &mut String, value: &Value, indent: usize) {
    // The outermost braces always open up: that is where the editor's cursor goes.
    if indent > 0
        && let Some(line) = inline(value)
        && indent + line.chars().count() <= INLINE
    {
        out.push_str(&line);
        return;
    }
    let break_line = |out: &mut String, indent: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('{');
            for (index, (key, value)) in map.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                break_line(out, indent + 2);
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push_str(": ");
                push(out, value, indent + 2);
            }
            break_line(out, indent);
            out.push('}');
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                break_line(out, indent + 2);
                push(out, item, indent + 2);
            }
            break_line(out, indent);
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// One line, for containers of scalars only; deeper ones are easier to read broken up.
fn inline(value: &Value) -> Option<String> {
    let scalar = |value: &Value| match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            let all = map.values().all(scalar);
            let parts = map.iter().map(|(key, value)| format!("{}: {value}", Value::from(key.as_str())));
            all.then(|| format!("{{ {} }}", parts.collect::<Vec<_>>().join(", ")))
        }
        Value::Array(items) if !items.is_empty() => {
            let parts = items.iter().map(Value::to_string);
            items.iter().all(scalar).then(|| format!("[{}]", parts.collect::<Vec<_>>().join(", ")))
        }
        other => Some(other.to_string()),
    }
}

/// The tokens of valid JSON, from the front.
struct Tokens(String);

impl Iterator for Tokens {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let rest = self.0.trim_start();
        let first = rest.chars().next()?;
        let len = match first {
            '"' => {
                let mut escaped = false;
                let end = rest.char_indices().skip(1).find(|(_, c)| {
                    let ends = *c == '"' && !escaped;
                    escaped = *c == '\\' && !escaped;
                    ends
                });
                end.map_or(rest.len(), |(at, _)| at + 1)
            }
            c if c.is_ascii_alphanumeric() || c == '-' => {
                rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'))).unwrap_or(rest.len())
            }
            c => c.len_utf8(),
        };
        let (token, rest) = rest.split_at(len);
        let token = token.to_owned();
        self.0 = rest.to_owned();
        Some(token)
    }
}

fn same(typed: &str, written: &str) -> bool {
    if typed == written {
        return true;
    }
    if typed.starts_with('"') {
        let decode = |token: &str| serde_json::from_str::<String>(token).ok();
        return decode(typed) == decode(written);
    }
    // `1.50` and `1.5` are one number; 17 digits are what a double keeps apart.
    let digits = typed.chars().take_while(|c| !matches!(c, 'e' | 'E')).filter(char::is_ascii_digit).count();
    let number = |token: &str| token.parse::<f64>().ok();
    typed.contains(['.', 'e', 'E']) && digits <= 17 && number(typed).is_some() && number(typed) == number(written)
}

#[cfg(test)]
mod tests {
    use super::{text, value};
    use serde_json::json;

    #[test]
    fn text_becomes_a_value_only_when_nothing_is_lost() {
        for good in
            ["{}", " [1, 2.50, 1e3] ", r#"{"a":"\u4f60 \"x\" \\"}"#, "null", r#""{{uuid}}""#, "18446744073709551615"]
        {
            assert!(value(good).is_some(), "{good}");
        }
        for kept in [
            "",
            "{",
            "{ \"a\": {{n}} }",
            "// note",
            "123456789012345678901234567890",
            r#"{"a":1,"a":2}"#,
            "0.1234567890123456789012",
        ] {
            assert_eq!(value(kept), None, "{kept}");
        }
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        assert_eq!(value(&deep), None);
    }

    #[test]
    fn values_are_laid_out_to_be_read() {
        let shown = text(
            &json!({ "customer_id": "c-48213", "items": [{ "sku": "A1", "qty": 2 }], "ship_to": { "city": "上海" }, "none": [] }),
        );
        assert_eq!(
            shown,
            "{\n  \"customer_id\": \"c-48213\",\n  \"items\": [\n    { \"sku\": \"A1\", \"qty\": 2 }\n  ],\n  \"ship_to\": { \"city\": \"上海\" },\n  \"none\": []\n}"
        );
        assert_eq!(text(&json!({})), "{}");
        assert_eq!(text(&json!(null)), "null");
        assert_eq!(
            value(&shown),
            Some(
                json!({ "customer_id": "c-48213", "items": [{ "sku": "A1", "qty": 2 }], "ship_to": { "city": "上海" }, "none": [] })
            )
        );
    }
}
