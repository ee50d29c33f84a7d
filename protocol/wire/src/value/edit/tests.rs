use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::value::outline::{Bounds, Label};
use crate::value::text;

const BOUNDS: Bounds = Bounds { depth: 128, entries: 10_000 };

const PLACE: &str = r#"{
  "customer_id": "c-1",
  "items": [
    { "sku": "A1", "qty": 2 },
    { "sku": "K7", "qty": 1e0 }
  ],
  "ship_to": {
    "city": "上海"
  },
  "labels": {}
}"#;

/// The entry at a pointer.
fn at(outline: &Outline, pointer: &str) -> usize {
    let mut found = 0;
    for step in crate::value::path::steps(pointer) {
        found = outline
            .children(Some(found))
            .find(|index| match &outline.entries[*index].label {
                Label::Name(name) => *name == step,
                Label::Index(index) => step == index.to_string(),
                Label::Top => false,
            })
            .unwrap();
    }
    found
}

fn changed(source: &str, change: impl FnOnce(Source<'_>, &dyn Fn(&str) -> usize) -> Option<Change>) -> String {
    let outline = Outline::of(source.as_bytes(), BOUNDS);
    assert_eq!(outline.problems, []);
    let mut text = source.to_owned();
    let change = change(Source::new(source, &outline), &|pointer| at(&outline, pointer)).unwrap();
    assert!(change.apply(&mut text));
    text::parse(&text).unwrap();
    text
}

#[test]
fn a_value_is_set_and_nothing_else_is_touched() {
    let text = changed(PLACE, |source, at| source.set(at("/items/1/qty"), "3e2"));
    assert_eq!(text, PLACE.replace("1e0", "3e2"));
    let text =
        changed(PLACE, |source, at| source.replace(Some(0), at("/ship_to"), &json!({"city": "北京", "zip": []})));
    assert_eq!(text, PLACE.replace("\"city\": \"上海\"\n", "\"city\": \"北京\",\n    \"zip\": []\n"));
}

#[test]
fn what_is_added_looks_like_its_neighbors() {
    let text = changed(PLACE, |source, at| {
        source.insert_item(at("/items"), Some(at("/items/1")), &json!({"sku": "", "qty": 0}))
    });
    assert_eq!(text, PLACE.replace("1e0 }", "1e0 },\n    { \"sku\": \"\", \"qty\": 0 }"));

    let text =
        changed(PLACE, |source, at| source.insert_member(at("/items/0"), Some(at("/items/0/qty")), "note", &json!("")));
    assert_eq!(text, PLACE.replace("\"qty\": 2 }", "\"qty\": 2, \"note\": \"\" }"));

    let text =
        changed(PLACE, |source, at| source.insert_member(0, Some(at("/customer_id")), "pay", &json!({"days": [1]})));
    let pay = "\"c-1\",\n  \"pay\": {\n    \"days\": [\n      1\n    ]\n  },";
    assert_eq!(text, PLACE.replace("\"c-1\",", pay));

    let text = changed(PLACE, |source, at| source.insert_member(at("/ship_to"), None, "name", &json!("王")));
    assert_eq!(text, PLACE.replace("\"city\"", "\"name\": \"王\",\n    \"city\""));

    let text = changed(PLACE, |source, at| source.insert_member(at("/labels"), None, "key", &json!("")));
    assert_eq!(text, PLACE.replace("{}", "{\n    \"key\": \"\"\n  }"));
}

#[test]
fn the_layout_of_the_text_is_the_layout_of_what_comes() {
    let add = |source: &str| {
        changed(source, |source, _| source.insert_member(0, source.first_child(), "b", &json!({"c": [1, 2]})))
    };
    assert_eq!(add(r#"{"a":1}"#), r#"{"a":1,"b":{"c":[1,2]}}"#);
    assert_eq!(add(r#"{"a": 1}"#), r#"{"a": 1, "b": {"c": [1, 2]}}"#);
    assert_eq!(add(r#"{ "a": 1 }"#), r#"{ "a": 1, "b": { "c": [1, 2] } }"#);
    assert_eq!(
        add("{\n\t\"a\" : 1\n}"),
        "{\n\t\"a\" : 1,\n\t\"b\" : {\n\t\t\"c\" : [\n\t\t\t1,\n\t\t\t2\n\t\t]\n\t}\n}"
    );
    assert_eq!(add("{\r\n    \"a\": 1\r\n}").matches("\r\n").count(), 8);
    assert_eq!(add("{}"), "{\n  \"b\": {\n    \"c\": [\n      1,\n      2\n    ]\n  }\n}");
    let item = |source: &str| changed(source, |source, at| source.insert_item(at("/l"), None, &json!(7)));
    assert_eq!(item(r#"{"l":[]}"#), r#"{"l":[7]}"#);
    assert_eq!(item(r#"{ "l": [8] }"#), r#"{ "l": [7, 8] }"#);
}

#[test]
fn what_goes_takes_its_comma_along() {
    let gone = |pointer: &str| {
        changed(PLACE, |source, at| {
            let entry = at(pointer);
            source.remove(source.parent(entry)?, entry)
        })
    };
    assert_eq!(gone("/customer_id"), PLACE.replace("\"customer_id\": \"c-1\",\n  ", ""));
    assert_eq!(gone("/labels"), PLACE.replace(",\n  \"labels\": {}", ""));
    assert_eq!(gone("/ship_to/city"), PLACE.replace("\n    \"city\": \"上海\"\n  ", ""));
    assert_eq!(gone("/items/0"), PLACE.replace("{ \"sku\": \"A1\", \"qty\": 2 },\n    ", ""));
}

#[test]
fn members_are_renamed_and_exchanged_in_their_place() {
    let text = changed(PLACE, |source, at| source.rename(at("/ship_to/city"), "a\"b"));
    assert_eq!(text, PLACE.replace("\"city\"", "\"a\\\"b\""));
    let text = changed(PLACE, |source, at| source.exchange(0, at("/ship_to"), "pick_up", &json!({"at": 9})));
    let old = "\"ship_to\": {\n    \"city\": \"上海\"\n  }";
    assert_eq!(text, PLACE.replace(old, "\"pick_up\": {\n    \"at\": 9\n  }"));
}

#[test]
fn items_change_places_and_the_space_between_them_stays() {
    let text = changed("[1,  2,\n 3 , 4]", |source, _| source.move_item(0, 0, 2));
    assert_eq!(text, "[2,  3,\n 1 , 4]");
    let text = changed("[1,  2,\n 3 , 4]", |source, _| source.move_item(0, 3, 0));
    assert_eq!(text, "[4,  1,\n 2 , 3]");
    let outline = Outline::of(b"[1, 2]", BOUNDS);
    assert_eq!(Source::new("[1, 2]", &outline).move_item(0, 0, 2), None);
}

#[test]
fn numbers_are_kept_as_typed_or_not_at_all() {
    for good in ["0", "-0", "1e3", "2.50", "18446744073709551615", "-9223372036854775808"] {
        assert_eq!(number(good), Some(good));
    }
    for bad in ["", "-", "1.", "01", "1e999", "12345678901234567890123", " 1", "0x1", "NaN", "true", "\"1\""] {
        assert_eq!(number(bad), None, "{bad}");
    }
}

impl Source<'_> {
    fn first_child(&self) -> Option<usize> {
        self.outline.children(Some(0)).next()
    }
}

/// Anything JSON can say, not too large.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z\"\\\\\n王]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-d/~]{1,2}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The same value with other white space between its tokens.
fn spaced(value: &Value, spaces: &[u8]) -> String {
    let text = value.to_string();
    let mut out = String::new();
    let mut spaces = spaces.iter().cycle();
    for (_, span) in crate::value::scan::Tokens::new(text.as_bytes()) {
        out.push_str(["", " ", "\n  ", "\n\t"][usize::from(*spaces.next().unwrap_or(&0) % 4)]);
        out.push_str(&text[span.range()]);
    }
    out
}

/// What is done to an entry.
#[derive(Clone, Debug)]
enum Act {
    Replace(Value),
    Remove,
    Add(Value),
    Move(usize, usize),
    Exchange(Value),
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        values().prop_map(Act::Replace),
        Just(Act::Remove),
        values().prop_map(Act::Add),
        (0..4_usize, 0..4_usize).prop_map(|(from, to)| Act::Move(from, to)),
        values().prop_map(Act::Exchange),
    ]
}

/// The pointer of an entry.
fn pointer(source: &Source<'_>, entry: usize) -> String {
    let Some(parent) = source.parent(entry) else { return String::new() };
    let outer = pointer(source, parent);
    match &source.outline.entries[entry].label {
        Label::Name(name) => crate::value::path::member(&outer, name),
        Label::Index(index) => crate::value::path::item(&outer, *index),
        Label::Top => outer,
    }
}

/// Does `act` to the model and gives the change that should do the same to the text.
fn act_on(source: Source<'_>, model: &mut Value, entry: usize, act: &Act) -> Option<Change> {
    let here = pointer(&source, entry);
    let parent = source.parent(entry);
    match act {
        Act::Replace(value) => {
            *model.pointer_mut(&here)? = value.clone();
            source.replace(parent, entry, value)
        }
        Act::Remove => {
            let parent = parent?;
            match model.pointer_mut(&pointer(&source, parent))? {
                Value::Object(members) => {
                    let Label::Name(name) = &source.outline.entries[entry].label else { return None };
                    members.shift_remove(name);
                }
                Value::Array(items) => {
                    let Label::Index(index) = source.outline.entries[entry].label else { return None };
                    items.remove(index);
                }
                _ => return None,
            }
            source.remove(parent, entry)
        }
        Act::Add(value) => match model.pointer_mut(&here)? {
            Value::Object(members) if !members.contains_key("new") => {
                members.insert("new".into(), value.clone());
                source.insert_member(entry, source.outline.children(Some(entry)).last(), "new", value)
            }
            Value::Array(items) => {
                items.insert(0, value.clone());
                source.insert_item(entry, None, value)
            }
            _ => None,
        },
        Act::Move(from, to) => {
            let Value::Array(items) = model.pointer_mut(&here)? else { return None };
            if from.max(to) >= &items.len() || from == to {
                assert_eq!(source.move_item(entry, *from, *to), None);
                return None;
            }
            let item = items.remove(*from);
            items.insert(*to, item);
            source.move_item(entry, *from, *to)
        }
        Act::Exchange(value) => {
            let Value::Object(members) = model.pointer_mut(&pointer(&source, parent?))? else { return None };
            let Label::Name(name) = &source.outline.entries[entry].label else { return None };
            if members.contains_key("other") {
                return None;
            }
            let renamed = |(key, old): (String, Value)| {
                if key == *name { ("other".to_owned(), value.clone()) } else { (key, old) }
            };
            *members = std::mem::take(members).into_iter().map(renamed).collect();
            source.exchange(parent?, entry, "other", value)
        }
    }
}

proptest! {
    /// Any acts in a row keep the text JSON, equal to the model, and every byte outside of the change as it was.
    #[test]
    fn a_text_says_what_was_done_to_it(
        value in values(),
        spaces in prop::collection::vec(any::<u8>(), 1..20),
        acts in prop::collection::vec((any::<prop::sample::Index>(), acts()), 1..8),
    ) {
        let mut text = spaced(&value, &spaces);
        let mut model = value;
        for (place, act) in acts {
            let outline = Outline::of(text.as_bytes(), BOUNDS);
            prop_assert_eq!(&outline.problems, &[]);
            let entry = place.index(outline.entries.len());
            let mut after = model.clone();
            let source = Source::new(&text, &outline);
            let Some(change) = act_on(source, &mut after, entry, &act) else { continue };
            let before = text.clone();
            prop_assert!(change.apply(&mut text));
            prop_assert_eq!(&before[..change.span.start], &text[..change.span.start]);
            prop_assert_eq!(&before[change.span.end..], &text[change.span.start + change.text.len()..]);
            let read = text::parse(&text);
            prop_assert_eq!(read.as_ref(), Ok(&after), "{:?} {:?}\n{}\n{}", act, change, before, text);
            model = after;
        }
    }

    /// A scalar typed anew needs no second look at the whole text.
    #[test]
    fn a_resized_outline_is_that_of_the_changed_text(value in values(), place in any::<prop::sample::Index>(), typed in "[a-z]{0,6}") {
        let mut text = format!("{value:#}");
        let mut outline = Outline::of(text.as_bytes(), BOUNDS);
        let entry = place.index(outline.entries.len());
        let raw = quoted(&typed);
        if outline.entries[entry].end == entry + 1 && !matches!(outline.entries[entry].kind, Kind::Object | Kind::Array) {
            let change = Source::new(&text, &outline).set(entry, &raw).unwrap();
            prop_assert!(change.apply(&mut text));
            outline.resize(entry, raw.len(), Kind::Text);
            prop_assert_eq!(outline, Outline::of(text.as_bytes(), BOUNDS));
        }
    }
}
