//! YAML text to values and back. Values are JSON's, with keys in the order of the file.
//!
//! The writer is our own (the schema's sample style: block outside, one line for what is small), and a caller checks
//! what it wrote by reading it again: a wrong quote can never cost data.

use std::fmt::Write as _;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Lines up to this stay in one piece, as `{ sku: A1, qty: 2 }`.
const INLINE: usize = 76;

/// Where and why a text could not be read.
#[derive(Debug)]
pub(super) struct Fault {
    pub line: u64,
    pub column: u64,
    pub message: String,
}

/// Reads one document.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    let options = serde_saphyr::options! {
        // `no` and `on` are words; only true and false are truth values.
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let message = error.without_snippet().to_string();
        let (line, column) = error.location().map_or((1, 1), |at| (at.line().max(1), at.column().max(1)));
        Fault { line, column, message: shorten(&message) }
    })
}

/// Only the first line, without the place, which we say ourselves.
fn shorten(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let line = line.split(" at line ").next().unwrap_or(line);
    line.trim_start_matches("error: ").trim().to_owned()
}

/// A whole document: a block mapping.
pub(super) fn document(map: &Map<String, Value>) -> String {
    map.iter().map(|(key, value)| entry(key, value)).collect()
}

/// One `key: value` of the outermost mapping, with its line feed.
pub(super) fn entry(key: &str, value: &Value) -> String {
    let mut out = String::new();
    push_entry(&mut out, key, value, 0);
    out
}

fn push_entry(out: &mut String, key: &str, value: &Value, indent: usize) {
    pad(out, indent);
    out.push_str(&scalar_text(key));
    out.push(':');
    match value {
        Value::Object(map) if !map.is_empty() && inline(value).is_none_or(|line| too_long(&line, indent, key)) => {
            out.push('\n');
            for (key, value) in map {
                push_entry(out, key, value, indent + 2);
            }
        }
        Value::Array(items) if !items.is_empty() && !is_flat(items, indent, key) => {
            out.push('\n');
            for item in items {
                push_item(out, item, indent + 2);
            }
        }
        other => push_value(out, other, indent),
    }
}

/// Lists of scalars in one line; lists of mappings below one another.
fn is_flat(items: &[Value], indent: usize, key: &str) -> bool {
    items.iter().all(|item| !item.is_object() && !item.is_array())
        && inline_list(items).is_some_and(|line| !too_long(&line, indent, key))
}

fn too_long(line: &str, indent: usize, key: &str) -> bool {
    indent + key.chars().count() + 2 + line.chars().count() > INLINE
}

fn push_item(out: &mut String, item: &Value, indent: usize) {
    pad(out, indent);
    out.push('-');
    let one_line = inline(item).filter(|line| !too_long(line, indent, ""));
    match item {
        Value::Object(map) if !map.is_empty() && one_line.is_none() => {
            let start = out.len();
            for (key, value) in map {
                push_entry(out, key, value, indent + 2);
            }
            // The first key stands behind the dash: its padding becomes a space.
            let end = (start + indent + 2).min(out.len());
            out.replace_range(start..end, " ");
        }
        Value::Array(items) if !items.is_empty() && one_line.is_none() => {
            out.push('\n');
            for item in items {
                push_item(out, item, indent + 2);
            }
        }
        other => push_value(out, other, indent),
    }
}

/// The rest of a line after `key:` or `-`.
fn push_value(out: &mut String, value: &Value, indent: usize) {
    if let Value::String(text) = value
        && text.contains('\n')
        && fits_block(text)
    {
        let chomp = if text.ends_with("\n\n") {
            "+"
        } else if text.ends_with('\n') {
            ""
        } else {
            "-"
        };
        out.push_str(" |");
        out.push_str(chomp);
        out.push('\n');
        let body = text.strip_suffix('\n').unwrap_or(text);
        for line in body.split('\n') {
            if !line.is_empty() {
                pad(out, indent + 2);
                out.push_str(line);
            }
            out.push('\n');
        }
        return;
    }
    out.push(' ');
    out.push_str(&inline(value).unwrap_or_else(|| value.to_string()));
    out.push('\n');
}

/// One line of flow style; `None` for a string that needs several lines.
fn inline(value: &Value) -> Option<String> {
    Some(match value {
        Value::String(text) if text.contains('\n') && fits_block(text) => return None,
        Value::String(text) => scalar_text(text),
        Value::Array(items) => inline_list(items)?,
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let mut out = String::from("{ ");
            for (index, (key, value)) in map.iter().enumerate() {
                let comma = if index == 0 { "" } else { ", " };
                let _infallible = write!(out, "{comma}{}: {}", scalar_text(key), inline(value)?);
            }
            out + " }"
        }
        other => other.to_string(),
    })
}

fn inline_list(items: &[Value]) -> Option<String> {
    let items: Option<Vec<String>> = items.iter().map(inline).collect();
    Some(format!("[{}]", items?.join(", ")))
}

/// Plain where nothing can be misread, else in JSON's quotes, which YAML shares.
fn scalar_text(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { Value::String(text.to_owned()).to_string() }
}

fn is_plain(text: &str) -> bool {
    // `800ms`: what begins with a digit is plain only as a span of time.
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    if digits.len() < text.len() && !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) {
        return matches!(text.get(digits.len()..), Some("us" | "ms" | "s" | "m" | "h"));
    }
    let starts = text.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_' || c == '/');
    let safe = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '+' | ' ' | '(' | ')');
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"];
    starts
        && text.chars().all(safe)
        && !text.ends_with(' ')
        && !reserved.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether a literal block says exactly this text: no control characters, and the first line does not begin with the
/// space from which the reader would guess the indentation.
fn fits_block(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\n')
        && !text.starts_with([' ', '\n'])
        && !text.contains(['\u{feff}', '\u{85}', '\u{2028}', '\u{2029}'])
        && !text.split('\n').any(|line| !line.is_empty() && line.trim().is_empty())
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

#[cfg(test)]
mod tests {
    use super::{document, parse};
    use serde_json::{Map, Value, json};

    fn round_trip(value: &Value) -> String {
        let text = document(value.as_object().unwrap());
        let back: Value = parse(&text).unwrap_or_else(|fault| panic!("{fault:?}\n{text}"));
        assert_eq!(&back, value, "{text}");
        text
    }

    #[test]
    fn small_things_stay_in_one_line_and_large_ones_do_not() {
        let text = round_trip(&json!({
            "name": "Place order",
            "target": "registry:///orders",
            "messages": [
                { "json": { "sku": "A1", "qty": 2 } },
                { "after": "250ms", "json": {
                    "customer_id": "c-48213", "currency": "EUR",
                    "items": [{ "sku": "A1-204", "qty": 2, "unit_price": 1890 }], "note": null,
                } },
            ],
            "docs": "Two lines.\nThe second.",
        }));
        assert_eq!(
            text,
            r#"name: Place order
target: "registry:///orders"
messages:
  - { json: { sku: A1, qty: 2 } }
  - after: 250ms
    json:
      customer_id: c-48213
      currency: EUR
      items:
        - { sku: A1-204, qty: 2, unit_price: 1890 }
      note: null
docs: |-
  Two lines.
  The second.
"#
        );
    }

    #[test]
    fn strings_that_look_like_something_else_come_back_as_strings() {
        for text in [
            "",
            " ",
            "true",
            "No",
            "null",
            "~",
            "12",
            "1e3",
            "0x1f",
            "-",
            "- a",
            "a: b",
            "a #b",
            "#a",
            "{a}",
            "[",
            "\"",
            "'",
            "&a",
            "*a",
            "!a",
            "%a",
            "@a",
            "`a",
            "|",
            ">",
            "a\nb",
            "a\n",
            "a\n\n",
            "\na",
            " a\nb",
            "a\n b",
            "a\t\nb",
            "a\r\nb",
            "王小明",
            "\u{feff}x",
            "\u{85}",
            "\u{2028}",
            "😀",
            "2026-11-22",
            "12:30:45",
            "=",
            "<<",
            "a\n  \nb",
            "a \nb",
            "---",
            "...",
        ] {
            round_trip(&json!({ "key": text, "list": [text, { "inner": text }], "deep": { "er": [[text]] } }));
            let mut map = Map::new();
            map.insert(text.to_owned(), json!(1));
            round_trip(&Value::Object(map));
        }
    }

    #[test]
    fn numbers_and_empty_things_survive() {
        round_trip(&json!({
            "a": [], "b": {}, "c": [[], {}], "d": -1, "e": 1.5, "f": u64::MAX, "g": i64::MIN, "h": 1e300, "i": 0.1, "j": 1e-7,
            "long": (0..40).collect::<Vec<_>>(), "nested": [[1, [2, [3]]], { "x": [{ "y": [] }] }],
        }));
    }

    #[test]
    fn faults_name_line_and_column() {
        let fault = parse::<Value>("a: 1\nb: [1, 2\nc: 3\n").unwrap_err();
        assert!(fault.line >= 2 && fault.column >= 1, "{fault:?}");
        let fault = parse::<Value>("a: 1\na: 2\n").unwrap_err();
        assert_eq!(fault.line, 2, "{fault:?}");
    }
}
