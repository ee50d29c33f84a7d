//! The beginning of a text as a value: for texts of which nobody wants all at once.

use super::outline::{Bounds, Kind, Label, Outline};
use crate::Value;

/// Levels taken apart, as many as the parser of whole texts takes.
const DEPTH: usize = 128;

/// The first `entries` values of a text in their containers, and whether that is all of it. What is no JSON is left out.
pub fn beginning(bytes: &[u8], entries: usize) -> (Value, bool) {
    let outline = Outline::of(bytes, Bounds { depth: DEPTH, entries });
    let mut whole = outline.problems.is_empty();
    let value = outline.children(None).next().and_then(|index| part(&outline, bytes, index, &mut whole));
    (value.unwrap_or_default(), whole)
}

/// Recursion is bounded by the depth of the outline.
fn part(outline: &Outline, bytes: &[u8], index: usize, whole: &mut bool) -> Option<Value> {
    let entry = outline.entries.get(index)?;
    let mut parts = |of: usize| -> Vec<(usize, Value)> {
        outline.children(Some(of)).filter_map(|child| Some((child, part(outline, bytes, child, whole)?))).collect()
    };
    match entry.kind {
        Kind::Object => {
            let name = |child: usize| match outline.entries.get(child).map(|entry| &entry.label) {
                Some(Label::Name(name)) => name.clone(),
                _ => String::new(),
            };
            Some(Value::Object(parts(index).into_iter().map(|(child, value)| (name(child), value)).collect()))
        }
        Kind::Array => Some(Value::Array(parts(index).into_iter().map(|(_, value)| value).collect())),
        Kind::Raw => {
            *whole = false;
            None
        }
        _ => serde_json::from_slice(bytes.get(entry.span.range())?).ok(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::beginning;

    #[test]
    fn a_text_is_cut_after_so_many_values() {
        let text = br#"{"a": [1, {"b": "x"}, 3], "c": null}"#;
        let all = json!({"a": [1, {"b": "x"}, 3], "c": null});
        assert_eq!(beginning(text, 100), (all, true));
        assert_eq!(beginning(text, 4), (json!({"a": [1, {}]}), false));
        assert_eq!(beginning(br#"{"a": [1, 2"#, 100), (json!({"a": [1, 2]}), false));
        assert!(!beginning(b"", 100).1);
    }
}
