use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn of(text: &str) -> Landmarks {
    Landmarks::of(text.as_bytes(), |_| true)
}

fn shown(text: &str, part: &Part) -> String {
    let name = part.name.map(|name| text[name.range()].to_owned() + ":").unwrap_or_default();
    name + &text[part.span.range()]
}

/// Many records, with one long text and one long list among them.
fn large() -> String {
    let mut records: Vec<Value> = (0..2_000).map(|n| json!({ "id": n, "city": "上海", "tags": ["a", "b"] })).collect();
    records[700]["text"] = json!("x\"y\\".repeat(5_000));
    records[900]["list"] = json!((0..5_000).collect::<Vec<_>>());
    json!({ "head": { "n": 1 }, "records": records, "empty": {}, "tail": null }).to_string()
}

#[test]
fn small_texts_need_no_marks() {
    let text = r#" {"a": [1, {"b": "x,}"}, []], "c" : null} "#;
    let marks = of(text);
    assert_eq!((marks.problem(), marks.nodes.len(), marks.seen()), (None, 0, text.len()));
    let root = marks.root(text.as_bytes()).unwrap();
    let parts: Vec<Part> = marks.parts(text.as_bytes(), &root, 0).collect();
    let found: Vec<String> = parts.iter().map(|part| shown(text, part)).collect();
    assert_eq!(found, [r#""a":[1, {"b": "x,}"}, []]"#, r#""c":null"#]);
    let inner: Vec<String> = marks.parts(text.as_bytes(), &parts[0], 1).map(|part| shown(text, &part)).collect();
    assert_eq!(inner, [r#"{"b": "x,}"}"#, "[]"]);
    assert_eq!(marks.count(text.as_bytes(), &parts[0]), 3);
}

#[test]
fn every_part_of_a_large_text_is_found_from_its_marks() {
    let text = large();
    let (bytes, marks) = (text.as_bytes(), of(&text));
    let value: Value = serde_json::from_str(&text).unwrap();
    let root = marks.root(bytes).unwrap();
    assert_eq!(marks.count(bytes, &root), 4);
    let records = marks.parts(bytes, &root, 1).next().unwrap();
    assert_eq!(marks.count(bytes, &records), 2_000);
    for number in [0, 1, 63, 64, 699, 700, 701, 899, 900, 901, 1_998, 1_999] {
        let part = marks.parts(bytes, &records, number).next().unwrap();
        let found: Value = serde_json::from_slice(&bytes[part.span.range()]).unwrap();
        assert_eq!(found, value["records"][number], "record {number}");
    }
    assert_eq!(marks.parts(bytes, &records, 2_000).count(), 0);
    assert!(marks.memory() * 50 < text.len(), "{} bytes for {}", marks.memory(), text.len());
}

#[test]
fn an_offset_leads_to_its_value() {
    let text = large();
    let (bytes, marks) = (text.as_bytes(), of(&text));
    let offset = text.find("\"id\":1234").unwrap() + 6;
    let path = marks.path_to(bytes, offset);
    let numbers: Vec<usize> = path.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [1, 1234, 0]);
    assert_eq!(shown(&text, &path[2].1), "\"id\":1234");
    assert_eq!(marks.path_to(bytes, 0).len(), 0, "the whole");
}

#[test]
fn lines_are_those_of_the_whole_text_laid_out() {
    let text = large();
    let marks = of(&text);
    let value: Value = serde_json::from_str(&text).unwrap();
    let pretty = format!("{value:#}");
    let expected: Vec<&str> = pretty.lines().collect();
    assert_eq!(marks.line_count(), expected.len() as u64);
    for from in [0, 1, 5, 100, 4_321, 9_000, expected.len() - 5] {
        let lines = marks.lines(text.as_bytes(), from as u64, 40);
        assert!(!lines.is_empty());
        for (line, expected) in lines.iter().zip(&expected[from..]) {
            let cut = line.text.trim_end_matches(',').trim_end_matches('…');
            assert!(expected.starts_with(cut), "{} is not {expected}", line.text);
        }
    }
    assert_eq!(marks.lines(text.as_bytes(), expected.len() as u64, 9), []);
    for line in [0_u64, 7, 2_500, 8_000] {
        let start = marks.lines(text.as_bytes(), line, 1)[0].span.start;
        assert_eq!(marks.line_of(text.as_bytes(), start), line);
    }
}

#[test]
fn one_long_text_is_one_line() {
    let text = format!("\"{}\"", "上".repeat(1_000_000));
    let marks = of(&text);
    let root = marks.root(text.as_bytes()).unwrap();
    assert_eq!((root.kind, root.span.range(), marks.problem()), (Kind::Text, 0..text.len(), None));
    let lines = marks.lines(text.as_bytes(), 0, 10);
    assert_eq!((lines.len(), marks.line_count()), (1, 1));
    assert!(lines[0].text.len() < 5_000 && lines[0].text.ends_with("上…"));
}

#[test]
fn what_is_broken_is_told_and_the_rest_can_be_walked_through() {
    for (text, at, what, parts) in [
        ("[1, 2", 5, Broken::Ends, 2),
        ("[1, 2}", 5, Broken::Unexpected, 2),
        ("[1, 2] 3", 7, Broken::Unexpected, 2),
        ("[1 2]", 3, Broken::Unexpected, 1),
        ("{\"a\" 1}", 5, Broken::Unexpected, 1),
        ("{\"a\": \"b", 8, Broken::Ends, 1),
        ("", 0, Broken::Ends, 0),
    ] {
        let marks = of(text);
        assert_eq!(marks.problem(), Some(Problem { at, what }), "{text}");
        let root = marks.root(text.as_bytes());
        assert_eq!(root.map_or(0, |root| marks.parts(text.as_bytes(), &root, 0).count()), parts, "{text}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(of(&deep).problem().map(|problem| problem.what), Some(Broken::TooDeep));
}

#[test]
fn the_beginning_of_a_text_can_be_walked_through_before_the_rest_is_read() {
    let text = large();
    let start = &text.as_bytes()[..20_000];
    let marks = Landmarks::of(start, |_| true);
    let root = marks.root(start).unwrap();
    let records = marks.parts(start, &root, 1).next().unwrap();
    assert!(marks.count(start, &records) > 300);
    let first = marks.parts(start, &records, 300).next().unwrap();
    assert!(shown(&text, &first).starts_with(r#"{"id":300,"#));
    assert!(marks.lines(start, 0, 1_000).len() == 1_000);
}

proptest! {
    /// Whatever the bytes, nothing panics, and every walk ends.
    #[test]
    fn any_bytes_can_be_walked_through(text in r#"[\[\]{}:,"\\a1 \n]{0,60}"#, offset in 0_usize..60) {
        let bytes = text.as_bytes();
        let marks = Landmarks::of(bytes, |_| true);
        if let Some(root) = marks.root(bytes) {
            prop_assert!(marks.parts(bytes, &root, 0).count() <= text.len());
        }
        prop_assert!(marks.path_to(bytes, offset).len() <= text.len());
        prop_assert!(marks.lines(bytes, 0, 1_000).len() <= text.len() + 1);
        marks.line_of(bytes, offset);
        let strict = serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
        prop_assert!(!strict || marks.problem().is_none(), "{:?}", marks.problem());
    }
}
