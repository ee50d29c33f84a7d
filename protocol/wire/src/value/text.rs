//! Messages as people type them: text → value with clear errors, value → text, and which bytes of the
//! text are which value.

use crate::value::outline::{Bounds, Kind, Label, Outline};
use crate::value::scan::Tokens;
use crate::value::{Value, path};
use crate::{Limits, Say, Sentence, Span, Words, say};

/// Values of a text that are looked at one by one. What lies beyond is still parsed, with plainer errors.
const MAX_ENTRIES: usize = 200_000;

/// Why a text is no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.say())]
pub struct TextError {
    /// Byte offset of the mistake.
    pub offset: usize,
    /// Its line, counted from 1.
    pub line: usize,
    /// Its column in characters, counted from 1.
    pub column: usize,
    /// What is wrong and what to write instead.
    pub message: Words,
}

impl Say for TextError {
    fn say(&self) -> Words {
        let Self { line, column, message, .. } = self;
        say!(
            "json.at",
            "line %{line}, column %{column}: %{what}",
            line = *line,
            column = *column,
            what = message.clone()
        )
        .into()
    }
}

/// Reads a message.
///
/// Stricter than JSON where JSON would lose something silently: a member that is there twice, and a whole
/// number of more than 64 bits, are errors.
pub fn parse(text: &str) -> Result<Value, TextError> {
    let outline = outline(text);
    // Where taking apart stopped is no mistake: what lies behind is the parser's to judge.
    let stopped = usize::from(outline.entries.len() > MAX_ENTRIES);
    let mistakes = outline.problems.len().saturating_sub(stopped);
    if let Some(problem) = outline.problems.iter().take(mistakes).next() {
        return Err(error_at(text, problem.span.start, problem.message.clone()));
    }
    if let Some((span, message)) = silent_loss(text, &outline) {
        return Err(error_at(text, span.start, message.into()));
    }
    serde_json::from_str(text).map_err(|error| {
        let line_start = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
        let message = error.to_string();
        let clause = match message.split(" at line ").next().unwrap_or_default() {
            "number out of range" => say!("json.number_range", "number out of range").into(),
            other => Words::from(other),
        };
        error_at(text, line_start + error.column().saturating_sub(1), clause)
    })
}

/// A message as text: two spaces a level, members in their order.
pub fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

/// Which bytes of a text are which value, for as much of it as can be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpanMap {
    outline: Outline,
}

impl SpanMap {
    /// Reads a text, which may be broken.
    pub fn of(text: &str) -> Self {
        Self { outline: outline(text) }
    }

    /// Bytes of the value at a JSON pointer, without its name.
    pub fn value(&self, pointer: &str) -> Option<Span> {
        let index = self.find(pointer)?;
        self.outline.entries.get(index).map(|entry| entry.span)
    }

    /// Bytes of the name of the member at a JSON pointer, quotes included. `None` for items and the whole.
    pub fn name(&self, pointer: &str) -> Option<Span> {
        let index = self.find(pointer)?;
        self.outline.entries.get(index)?.name
    }

    /// The JSON pointer of the innermost value at a byte, its name included; a caret just behind a value is still in
    /// it. `None` outside of everything.
    pub fn pointer_at(&self, offset: usize) -> Option<String> {
        let mut pointer = None;
        let mut level = None;
        loop {
            let mut found = None;
            for index in self.outline.children(level) {
                let Some(entry) = self.outline.entries.get(index) else { continue };
                let span = entry.full_span();
                // Of two values that touch, the one that begins here.
                if span.has(offset) || (span.end == offset && found.is_none()) {
                    found = Some((index, entry));
                } else if span.start > offset {
                    break;
                }
            }
            let Some((index, entry)) = found else { return pointer };
            pointer = Some(match (&pointer, &entry.label) {
                (Some(outer), Label::Name(name)) => path::member(outer, name),
                (Some(outer), Label::Index(index)) => path::item(outer, *index),
                (_, _) => String::new(),
            });
            level = Some(index);
        }
    }

    fn find(&self, pointer: &str) -> Option<usize> {
        let mut at = self.outline.children(None).next()?;
        for step in path::steps(pointer) {
            at = self.outline.children(Some(at)).find(|index| {
                match self.outline.entries.get(*index).map(|entry| &entry.label) {
                    Some(Label::Name(name)) => *name == step,
                    Some(Label::Index(index)) => step.parse() == Ok(*index),
                    _ => false,
                }
            })?;
        }
        Some(at)
    }
}

fn outline(text: &str) -> Outline {
    Outline::of(text.as_bytes(), Bounds { depth: Limits::default().max_depth, entries: MAX_ENTRIES })
}

/// The first thing that a JSON parser would take without a word and not keep.
fn silent_loss(text: &str, outline: &Outline) -> Option<(Span, Sentence)> {
    outline.entries.iter().enumerate().find_map(|(index, entry)| match entry.kind {
        Kind::Number => {
            let digits = text.get(entry.span.range())?;
            let whole = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            let lost = whole && digits.parse::<i64>().is_err() && digits.parse::<u64>().is_err();
            lost.then(|| {
                let what = say!(
                    "json.number_large",
                    "a whole number of more than 64 bits: write it in double quotes to keep its digits"
                );
                (entry.span, what)
            })
        }
        Kind::Object => {
            let mut names = std::collections::HashSet::new();
            outline.children(Some(index)).filter_map(|child| outline.entries.get(child)).find_map(|child| {
                let Label::Name(name) = &child.label else { return None };
                let message = || say!("json.twice", "the member \"%{name}\" is here twice: remove one", name = name);
                (!names.insert(name)).then(|| (child.full_span(), message()))
            })
        }
        _ => None,
    })
}

fn error_at(text: &str, offset: usize, message: Words) -> TextError {
    // A mistake at the end is shown behind the last thing that is there, not behind blank lines.
    let mut offset = offset.min(text.len());
    if text.get(offset..).is_some_and(|rest| Tokens::new(rest.as_bytes()).next().is_none()) {
        offset = text.trim_end().len();
    }
    let offset = text.floor_char_boundary(offset);
    let before = text.get(..offset).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    TextError {
        offset,
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        message,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_pretty_reads_back_the_same() {
        let text = r#"{"b": [1, -2.5e3, 18446744073709551615], "a": "王\n", "c": {}, "d": null}"#;
        let value = parse(text).unwrap();
        assert_eq!(value.as_object().unwrap().keys().collect::<Vec<_>>(), ["b", "a", "c", "d"]);
        assert_eq!(parse(&pretty(&value)).unwrap(), value);
        assert_eq!(pretty(&serde_json::json!({"a": [1]})), "{\n  \"a\": [\n    1\n  ]\n}");
    }

    #[test]
    fn errors_say_where_and_what_to_do() {
        let error = parse("{\n  \"名\": \"x\" \"qty\": 2\n}").unwrap_err();
        assert_eq!(error.to_string(), "line 2, column 12: a comma is missing before this");
        assert_eq!(&"{\n  \"名\": \"x\" \"qty\": 2\n}"[error.offset..=error.offset], "\"");
        let error = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(error(""), "line 1, column 1: there is no value");
        assert_eq!(error("{\"a\":\n\n\n"), "line 1, column 6: a value is missing after the colon");
        assert_eq!(error("{\"a\": 1, \"a\": 2}"), "line 1, column 10: the member \"a\" is here twice: remove one");
        assert_eq!(
            error("[12345678901234567890123]"),
            "line 1, column 2: a whole number of more than 64 bits: write it in double quotes to keep its digits"
        );
        assert_eq!(error("[1e999]"), "line 1, column 6: number out of range");
        assert_eq!(error(&"[".repeat(10_000)), "line 1, column 129: nested deeper than 128 levels: not taken apart");
    }

    #[test]
    fn a_text_too_long_to_look_at_is_still_parsed() {
        let text = format!("[{}1]", "1,".repeat(MAX_ENTRIES));
        assert_eq!(parse(&text).unwrap().as_array().unwrap().len(), MAX_ENTRIES + 1);
        assert!(parse(&text.replace("1]", "x]")).is_err());
    }

    #[test]
    fn pointers_and_bytes_lead_to_each_other() {
        let text = r#"{"id": "o-1", "lines": [{"a/b": 7}, {}]}"#;
        let map = SpanMap::of(text);
        let value = |pointer: &str| &text[map.value(pointer).unwrap().range()];
        assert_eq!(value(""), text);
        assert_eq!(value("/id"), "\"o-1\"");
        assert_eq!(value("/lines/0/a~1b"), "7");
        assert_eq!(value("/lines/1"), "{}");
        assert_eq!(map.value("/lines/2"), None);
        assert_eq!(&text[map.name("/lines").unwrap().range()], "\"lines\"");
        assert_eq!(map.name("/lines/0"), None);

        let at = |needle: &str| map.pointer_at(text.find(needle).unwrap());
        assert_eq!(at("id").as_deref(), Some("/id"));
        assert_eq!(at("-1").as_deref(), Some("/id"));
        assert_eq!(at("7").as_deref(), Some("/lines/0/a~1b"));
        assert_eq!(at("}, ").as_deref(), Some("/lines/0/a~1b"), "a caret behind the 7");
        assert_eq!(at("{}").as_deref(), Some("/lines/1"));
        assert_eq!(map.pointer_at(0).as_deref(), Some(""));
        assert_eq!(map.pointer_at(text.len() + 1), None);
    }

    #[test]
    fn a_broken_text_is_mapped_as_far_as_it_can_be_read() {
        let text = r#"{"id": "o-1", "lines": [1, "#;
        let map = SpanMap::of(text);
        assert_eq!(map.value("/id"), Some(Span::new(7, 12)));
        assert_eq!(map.value("/lines/0"), Some(Span::new(24, 25)));
    }

    proptest! {
        #[test]
        fn agrees_with_the_parser_on_what_is_json(text in r#"[\[\]{}:,"\\a1-9tu \n.]{0,40}"#) {
            if parse(&text).is_ok() {
                prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
            } else if let Ok(value) = serde_json::from_str::<Value>(&text) {
                // Only what JSON would lose silently is refused beyond JSON.
                let message = parse(&text).unwrap_err().message.to_string();
                prop_assert!(message.contains("twice") || message.contains("64 bits"), "{value} {message}");
            }
        }
    }
}
