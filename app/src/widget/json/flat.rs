//! The open rows of a JSON value as a flat list, and which ones are open.
//!
//! Pure data, so that a view of a megabyte costs nothing between changes.

use std::collections::HashMap;

use serde_json::Value;

/// Levels that are open at first.
const OPEN_DEPTH: u16 = 2;
/// Unless there is more in one than fits a screen.
const OPEN_CHILDREN: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Scalar,
    /// With its number of items.
    Array(usize),
    /// With its number of fields.
    Object(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A value that is not in anything: the whole text is a number or a string.
    Whole,
    Field(Box<str>),
    Item(u32),
}

#[derive(Debug, Clone)]
pub(super) struct FlatRow {
    /// Index of the row this one is in.
    pub parent: Option<u32>,
    pub step: Step,
    pub depth: u16,
    pub shape: Shape,
    pub open: bool,
}

impl FlatRow {
    pub fn name(&self) -> String {
        match &self.step {
            Step::Whole => String::new(),
            Step::Field(name) => name.to_string(),
            Step::Item(index) => index.to_string(),
        }
    }
}

/// Which rows were opened and closed, by JSON pointer.
#[derive(Debug, Clone, Default)]
pub(super) struct Folds {
    all: Option<bool>,
    touched: HashMap<String, bool>,
}

impl Folds {
    pub fn set(&mut self, pointer: String, open: bool) {
        self.touched.insert(pointer, open);
    }

    pub fn all(&mut self, open: bool) {
        self.all = Some(open);
        self.touched.clear();
    }

    /// Opens everything above `pointer`.
    pub fn open_to(&mut self, pointer: &str) {
        for (at, _) in pointer.match_indices('/').skip(1) {
            let above = pointer.get(..at).unwrap_or_default();
            self.touched.insert(above.to_owned(), true);
        }
    }

    fn is_open(&self, pointer: &str, depth: u16, children: usize) -> bool {
        let at_first = depth < OPEN_DEPTH && children <= OPEN_CHILDREN;
        self.touched.get(pointer).copied().unwrap_or(self.all.unwrap_or(at_first))
    }
}

/// All rows that are not inside a closed one. The root itself has no row when it has parts.
pub(super) fn flatten(value: &Value, folds: &Folds) -> Vec<FlatRow> {
    let mut rows = Vec::new();
    let mut pointer = String::new();
    if shape(value) == Shape::Scalar {
        push(value, Step::Whole, None, 0, &mut pointer, folds, &mut rows);
    } else {
        children(value, None, 0, &mut pointer, folds, &mut rows);
    }
    rows
}

fn children(
    value: &Value,
    parent: Option<u32>,
    depth: u16,
    pointer: &mut String,
    folds: &Folds,
    rows: &mut Vec<FlatRow>,
) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let step = Step::Field(name.as_str().into());
                push(field, step, parent, depth, pointer, folds, rows);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let step = Step::Item(index as u32);
                push(item, step, parent, depth, pointer, folds, rows);
            }
        }
        _ => {}
    }
}

/// Recursion is bounded: `serde_json` refuses texts deeper than 128.
fn push(
    value: &Value,
    step: Step,
    parent: Option<u32>,
    depth: u16,
    pointer: &mut String,
    folds: &Folds,
    rows: &mut Vec<FlatRow>,
) {
    let above = pointer.len();
    append_step(pointer, &step);
    let shape = shape(value);
    let open = match shape {
        Shape::Scalar => false,
        Shape::Array(count) | Shape::Object(count) => folds.is_open(pointer, depth, count),
    };
    let index = rows.len() as u32;
    rows.push(FlatRow { parent, step, depth, shape, open });
    if open {
        children(value, Some(index), depth + 1, pointer, folds, rows);
    }
    pointer.truncate(above);
}

fn append_step(pointer: &mut String, step: &Step) {
    match step {
        Step::Whole => {}
        Step::Item(index) => {
            pointer.push('/');
            pointer.push_str(&index.to_string());
        }
        Step::Field(name) => {
            pointer.push('/');
            for character in name.chars() {
                match character {
                    '~' => pointer.push_str("~0"),
                    '/' => pointer.push_str("~1"),
                    other => pointer.push(other),
                }
            }
        }
    }
}

/// The JSON pointer of a row.
pub(super) fn pointer(rows: &[FlatRow], index: usize) -> String {
    let mut chain = Vec::new();
    let mut at = rows.get(index);
    while let Some(row) = at {
        chain.push(&row.step);
        at = row.parent.and_then(|parent| rows.get(parent as usize));
    }
    let mut pointer = String::new();
    for step in chain.into_iter().rev() {
        append_step(&mut pointer, step);
    }
    pointer
}

/// The beginning of a folded value: `{ sku: "K7-011", qty: 1, … }`.
pub(super) fn preview(value: &Value) -> String {
    const ENOUGH: usize = 48;
    let mut out = String::new();
    match value {
        Value::Object(fields) if fields.is_empty() => out.push_str("{}"),
        Value::Array(items) if items.is_empty() => out.push_str("[]"),
        Value::Object(fields) => {
            out.push_str("{ ");
            for (index, (name, field)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                if out.len() > ENOUGH {
                    out.push('…');
                    break;
                }
                out.push_str(name);
                out.push_str(": ");
                out.push_str(&inner(field));
            }
            out.push_str(" }");
        }
        Value::Array(items) => {
            out.push_str("[ ");
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                if out.len() > ENOUGH {
                    out.push('…');
                    break;
                }
                out.push_str(&inner(item));
            }
            out.push_str(" ]");
        }
        scalar => out = inner(scalar),
    }
    out
}

fn inner(value: &Value) -> String {
    match value {
        Value::Object(_) => "{…}".to_owned(),
        Value::Array(_) => "[…]".to_owned(),
        Value::String(string) if string.chars().nth(24).is_some() => {
            let start: String = string.chars().take(24).collect();
            format!("{}…", Value::from(start))
        }
        scalar => scalar.to_string(),
    }
}

fn shape(value: &Value) -> Shape {
    match value {
        Value::Array(items) if !items.is_empty() => Shape::Array(items.len()),
        Value::Object(fields) if !fields.is_empty() => Shape::Object(fields.len()),
        // An empty one has nothing to unfold.
        _ => Shape::Scalar,
    }
}

#[cfg(test)]
mod tests {
    use super::{Folds, flatten, pointer, preview};
    use serde_json::json;

    fn pointers(value: &serde_json::Value, folds: &Folds) -> Vec<String> {
        let rows = flatten(value, folds);
        (0..rows.len()).map(|index| pointer(&rows, index)).collect()
    }

    #[test]
    fn two_levels_are_open_at_first() {
        let value = json!({"order": {"lines": [{"sku": "a"}], "id": 7}});
        assert_eq!(pointers(&value, &Folds::default()), ["/order", "/order/lines", "/order/lines/0", "/order/id"]);
    }

    #[test]
    fn folding_follows_the_pointer_and_opens_to_a_deep_one() {
        let value = json!({"a": {"b": {"c": {"d": 1}}}});
        let mut folds = Folds::default();
        folds.all(false);
        assert_eq!(pointers(&value, &folds), ["/a"]);
        folds.open_to("/a/b/c");
        assert_eq!(pointers(&value, &folds), ["/a", "/a/b", "/a/b/c"]);
        folds.set("/a".to_owned(), false);
        assert_eq!(pointers(&value, &folds), ["/a"]);
    }

    #[test]
    fn names_with_slashes_and_tildes_resolve() {
        let value = json!({"a/b": {"~": 1}});
        for pointer in pointers(&value, &Folds::default()) {
            assert!(value.pointer(&pointer).is_some(), "{pointer}");
        }
    }

    #[test]
    fn a_scalar_is_one_row_without_a_name() {
        assert_eq!(pointers(&json!(3), &Folds::default()), [""]);
        assert_eq!(pointers(&json!({}), &Folds::default()), [""]);
    }

    #[test]
    fn previews_are_short() {
        let value = json!({"sku": "K7-011", "tags": [1, 2], "note": "a".repeat(1000), "z": 1, "y": 2});
        let shown = preview(&value);
        assert!(shown.starts_with("{ sku: \"K7-011\", tags: […], note: "), "{shown}");
        assert!(shown.ends_with("… }"), "{shown}");
        assert!(shown.chars().count() < 100, "{shown}");
        assert_eq!(preview(&json!([])), "[]");
    }
}
