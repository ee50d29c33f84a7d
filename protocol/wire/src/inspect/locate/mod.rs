//! Where in a message the value of a pointer lies, and of which value a byte is. One pass, nothing kept: a message may
//! be as large as it likes. (Who asks again and again of one small text takes
//! [`SpanMap`](crate::value::text::SpanMap).)
//!
//! ```text
//!  bytes ──▶ json::Walk, binary::Walk ──▶ values with their labels and bytes ──▶ find, pointer_at, leaves
//! ```
//!
//! Meant for whole messages; of anything else it finds what can be found.

mod binary;
mod json;

use std::borrow::Cow;

use crate::Span;
use crate::codec::Codec;
use crate::value::path;

/// Levels that are looked into.
const MAX_DEPTH: usize = 1_000;

/// A value's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The value alone.
    pub value: Span,
    /// With the name that its object gives it.
    pub named: Span,
}

/// The value at a JSON pointer. Of members with the same name the last counts, as it does for whoever decodes.
pub fn find(codec: Codec, bytes: &[u8], pointer: &str) -> Option<Place> {
    let steps: Vec<_> = path::steps(pointer).collect();
    let mut walk = walk(codec, bytes);
    let mut found = None;
    // Containers that the pointer leads through and that are open: each stands for a step that is taken.
    let mut taken = 0;
    while let Some(seen) = walk.next() {
        let Seen::Value { label, name, span, container } = seen else {
            match usize::checked_sub(taken, 1) {
                Some(outside) if outside > 0 => taken = outside,
                _ => return found,
            }
            continue;
        };
        let here = taken == 0 || steps.get(taken - 1).is_some_and(|step| is(walk.as_ref(), label, step));
        if here {
            // A later member of the same name replaces what was found before.
            found = None;
        }
        if here && taken == steps.len() {
            let value = Span::new(span.start, if container { walk.pass_over() } else { span.end });
            let start = name.map_or(value.start, |name| name.start);
            found = Some(Place { value, named: Span::new(start, value.end) });
            if !walk.in_any_map() {
                return found;
            }
        } else if here && container {
            taken += 1;
        } else if container {
            walk.pass_over();
        }
    }
    found
}

/// The pointer of the innermost value that has this byte: its own bytes, and the name that its object gives it. What
/// is between two values belongs to the one that both are in.
pub fn pointer_at(codec: Codec, bytes: &[u8], offset: usize) -> Option<String> {
    let mut walk = walk(codec, bytes);
    let mut labels = Vec::new();
    while let Some(seen) = walk.next() {
        match seen {
            Seen::Value { label, name, span, container } => {
                if offset < name.map_or(span.start, |name| name.start) {
                    break;
                }
                labels.push(label);
                if offset < span.end {
                    break;
                }
                if !container {
                    labels.pop();
                }
            }
            Seen::End(span) if offset < span.end => break,
            Seen::End(_) => {
                labels.pop();
            }
        }
        if labels.is_empty() {
            return None;
        }
    }
    let found = !labels.is_empty() && offset < bytes.len();
    found.then(|| {
        labels.iter().fold(String::new(), |pointer, label| match label {
            Label::Top => pointer,
            Label::Name(span) => path::member(&pointer, &walk.name(*span)),
            Label::Index(index) => path::item(&pointer, *index),
        })
    })
}

/// The innermost values of a message in order, each with its name's bytes, and the place of the outermost member or
/// item that it is in: what bytes are colored by. At most `most`.
pub fn leaves(codec: Codec, bytes: &[u8], most: usize) -> Vec<(Span, usize)> {
    let mut walk = walk(codec, bytes);
    let mut out = Vec::new();
    let mut outermost = 0;
    while let Some(seen) = walk.next() {
        let Seen::Value { name, span, container, .. } = seen else { continue };
        if walk.depth() == 1 + usize::from(container) {
            outermost += 1;
        }
        let place = usize::saturating_sub(outermost, 1);
        let named = Span::new(name.map_or(span.start, |name| name.start), span.end);
        match (container, name) {
            (false, _) => out.push((named, place)),
            // The name of a container is nobody else's.
            (true, Some(name)) => out.push((name, place)),
            (true, None) => {}
        }
        if out.len() >= most {
            break;
        }
    }
    out
}

/// What a container calls a value.
#[derive(Clone, Copy, Debug)]
enum Label {
    /// It is in none.
    Top,
    /// Bytes of its name.
    Name(Span),
    Index(usize),
}

enum Seen {
    /// A value; of a container those bytes that come before what it holds.
    Value { label: Label, name: Option<Span>, span: Span, container: bool },
    /// The last bytes of a container, if there are any of its own.
    End(Span),
}

/// The values of a message in order, containers before what they hold and again behind it.
trait Walk {
    /// What comes next; `None` at the end, and where nothing more can be read.
    fn next(&mut self) -> Option<Seen>;

    /// Goes on behind the container that has just begun; gives its end.
    fn pass_over(&mut self) -> usize;

    /// What bytes that are a name say.
    fn name(&self, span: Span) -> Cow<'_, str>;

    /// Containers around what comes next.
    fn depth(&self) -> usize;

    /// Whether one of them has names, of which one may come twice.
    fn in_any_map(&self) -> bool;
}

fn walk(codec: Codec, bytes: &[u8]) -> Box<dyn Walk + '_> {
    match codec.items(bytes) {
        None => Box::new(json::Walk::new(bytes)),
        Some(items) => Box::new(binary::Walk::new(codec, bytes, items)),
    }
}

fn is(walk: &dyn Walk, label: Label, step: &str) -> bool {
    match label {
        Label::Top => false,
        Label::Name(span) => walk.name(span) == step,
        Label::Index(index) => step.parse() == Ok(index),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Value;
    use crate::codec::Typed;

    fn found<'a>(text: &'a str, pointer: &str) -> Option<(&'a str, &'a str)> {
        let place = find(Codec::Json, text.as_bytes(), pointer)?;
        Some((text.get(place.value.range())?, text.get(place.named.range())?))
    }

    #[test]
    fn a_pointer_finds_its_value_with_and_without_its_name() {
        let text = r#" {"a/b": [1, {"x": "é"}], "n" : null, "lines":[[],[7]]} "#;
        assert_eq!(found(text, "/a~1b/1/x"), Some(("\"é\"", "\"x\": \"é\"")));
        assert_eq!(found(text, "/a~1b"), Some((r#"[1, {"x": "é"}]"#, r#""a/b": [1, {"x": "é"}]"#)));
        assert_eq!(found(text, "/n"), Some(("null", "\"n\" : null")));
        assert_eq!(found(text, "/lines/1/0"), Some(("7", "7")));
        assert_eq!(found(text, "").unwrap().0, text.trim());
        for nothing in ["/x", "/n/0", "/lines/2", "/lines/x", "/a~1b/1/x/y"] {
            assert_eq!(found(text, nothing), None, "{nothing}");
        }
    }

    #[test]
    fn of_members_with_one_name_the_last_counts() {
        assert_eq!(found(r#"{"a":{"b":1},"a":{"b":2}}"#, "/a/b"), Some(("2", "\"b\":2")));
        assert_eq!(found(r#"{"a":{"b":1},"a":3}"#, "/a/b"), None, "as in the decoded value");
    }

    #[test]
    fn a_byte_belongs_to_the_innermost_value() {
        let text = r#"{"id": 7, "of":[ {"x":1},2]}"#;
        let at = |part: &str| pointer_at(Codec::Json, text.as_bytes(), text.find(part).unwrap());
        assert_eq!(at("\"id\"").as_deref(), Some("/id"));
        assert_eq!(at(": 7").as_deref(), Some("/id"), "its colon");
        assert_eq!(at("7").as_deref(), Some("/id"));
        assert_eq!(at(", ").as_deref(), Some(""));
        assert_eq!(at("\"of\"").as_deref(), Some("/of"));
        assert_eq!(at("[").as_deref(), Some("/of"));
        assert_eq!(at(" {").as_deref(), Some("/of"));
        assert_eq!(at("1}").as_deref(), Some("/of/0/x"));
        assert_eq!(at("},2").as_deref(), Some("/of/0"));
        assert_eq!(at("2]").as_deref(), Some("/of/1"));
        assert_eq!(at("]}").as_deref(), Some("/of"));
        assert_eq!(pointer_at(Codec::Json, text.as_bytes(), text.len() - 1).as_deref(), Some(""));
        assert_eq!(pointer_at(Codec::Json, text.as_bytes(), text.len()), None);
        assert_eq!(pointer_at(Codec::Json, b"  17 ", 3).as_deref(), Some(""));
        assert_eq!(pointer_at(Codec::Json, b"  17 ", 0), None);
    }

    #[test]
    fn leaves_know_their_outermost_member() {
        let text = r#"{"id":7,"of":[{"x":1},2],"e":[]}"#;
        let leaves: Vec<_> = leaves(Codec::Json, text.as_bytes(), 100)
            .into_iter()
            .map(|(span, place)| (&text[span.range()], place))
            .collect();
        assert_eq!(leaves, [("\"id\":7", 0), ("\"of\"", 1), ("\"x\":1", 1), ("2", 1), ("\"e\"", 2)]);
    }

    #[test]
    fn cbor_without_lengths_and_with_tags() {
        // {_ "a": 1(7), "b": [_ "x", (_ "y" "z")]}
        let bytes = b"\xbf\x61a\xc1\x07\x61b\x9f\x61x\x7f\x61y\x61z\xff\xff\xff";
        let value = |pointer: &str| find(Codec::Cbor, bytes, pointer).map(|place| (place.named.start, place.value));
        assert_eq!(value("/a"), Some((1, Span::new(3, 5))));
        assert_eq!(value("/b"), Some((5, Span::new(7, 17))));
        assert_eq!(value("/b/1"), Some((10, Span::new(10, 16))));
        assert_eq!(pointer_at(Codec::Cbor, bytes, 16).as_deref(), Some("/b"), "its break");
        assert_eq!(pointer_at(Codec::Cbor, bytes, 17).as_deref(), Some(""));
        assert_eq!(pointer_at(Codec::Cbor, bytes, 18), None);
    }

    /// Any JSON value, not too large.
    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec(("[a-c/~\"\\\\é]{0,3}", inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn pointers(value: &Value, pointer: String, out: &mut Vec<(String, Value)>) {
        out.push((pointer.clone(), value.clone()));
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    pointers(item, path::item(&pointer, index), out);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    pointers(member, path::member(&pointer, name), out);
                }
            }
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn every_value_is_found_and_finds_back(value in any_value(), pretty in any::<bool>()) {
            let text = if pretty { format!("{value:#}") } else { value.to_string() };
            let mut all = Vec::new();
            pointers(&value, String::new(), &mut all);
            for (pointer, part) in all {
                let place = find(Codec::Json, text.as_bytes(), &pointer).unwrap();
                let read: Value = serde_json::from_slice(&text.as_bytes()[place.value.range()]).unwrap();
                prop_assert_eq!(read, part);
                // The first byte of a container is its own; so is a scalar's.
                prop_assert_eq!(pointer_at(Codec::Json, text.as_bytes(), place.value.start), Some(pointer.clone()));
                prop_assert_eq!(pointer_at(Codec::Json, text.as_bytes(), place.named.start), Some(pointer.clone()));
                prop_assert_eq!(pointer_at(Codec::Json, text.as_bytes(), place.value.end - 1), Some(pointer));
            }
        }

        #[test]
        fn every_value_of_a_binary_message_is_found_and_finds_back(value in any_value(), cbor in any::<bool>()) {
            let codec = if cbor { Codec::Cbor } else { Codec::Msgpack };
            let bytes = codec.encode(&value, Typed::UNKNOWN);
            let mut all = Vec::new();
            pointers(&value, String::new(), &mut all);
            for (pointer, part) in all {
                let place = find(codec, &bytes, &pointer).unwrap();
                prop_assert_eq!(codec.decode(&bytes[place.value.range()]).unwrap(), part);
                prop_assert_eq!(pointer_at(codec, &bytes, place.value.start), Some(pointer.clone()));
                prop_assert_eq!(pointer_at(codec, &bytes, place.named.start), Some(pointer));
            }
        }

        #[test]
        fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), pointer in "(/[a0-2]){0,3}", at in 0..70_usize) {
            for codec in Codec::ALL {
                find(codec, &bytes, &pointer);
                pointer_at(codec, &bytes, at);
                leaves(codec, &bytes, 10);
            }
        }

        #[test]
        fn nearly_json_never_panics(text in r#"[\[\]{}:,"\\a1-9tu \n.]{0,60}"#, pointer in "(/[a0-2]){0,3}", at in 0..70_usize) {
            find(Codec::Json, text.as_bytes(), &pointer);
            pointer_at(Codec::Json, text.as_bytes(), at);
            leaves(Codec::Json, text.as_bytes(), 10);
        }
    }
}
