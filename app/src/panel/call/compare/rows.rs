//! The open rows of a comparison as a flat list, and which ones are open. Pure data; made once per change.
//!
//! A row knows its place by the steps above it; the values are looked up when it is painted.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use callscope_wire::Value;
use callscope_wire::value::diff::{At, Counts, Kind, Pair};

use crate::model::compare::{Comparison, Part, Section};

/// More equal neighbors than this are one row until somebody opens it.
const EQUAL: usize = 24;
/// So many of them stay on either side.
const AROUND: usize = 3;
/// More members than this keep what is equal closed.
const OPEN_CHILDREN: usize = 50;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// A part of the two calls.
    Part(Part),
    /// A value.
    Value(At, Kind),
    /// So many equal neighbors, left out.
    Equal(usize),
}

#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Index of the row this one is in.
    pub parent: Option<u32>,
    /// Index of its section.
    pub section: usize,
    pub what: What,
    pub moved: bool,
    pub depth: usize,
    /// `None`: nothing to fold.
    pub open: Option<bool>,
    pub counts: Counts,
    /// The same for the same value as long as the comparison is of the same method.
    pub key: u64,
}

impl Row {
    /// Whether to stop here on the way from difference to difference.
    pub fn differs(&self) -> bool {
        match self.what {
            What::Part(_) => self.open == Some(false) && self.counts.all() > 0,
            What::Value(_, Kind::Inside) => self.moved || (self.open == Some(false) && self.counts.all() > 0),
            What::Value(_, Kind::Same | Kind::Written) => self.moved,
            What::Value(..) => true,
            What::Equal(_) => false,
        }
    }
}

/// Which rows were opened and closed.
#[derive(Debug, Clone, Default)]
pub(super) struct Folds(HashMap<u64, bool>);

impl Folds {
    pub fn toggle(&mut self, row: &Row) {
        if let Some(open) = row.open {
            self.0.insert(row.key, !open);
        }
    }

    fn is_open(&self, key: u64, at_first: bool) -> bool {
        self.0.get(&key).copied().unwrap_or(at_first)
    }
}

/// What is shown of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    Everything,
    Differences,
}

/// All rows that are not inside a closed one.
pub(super) fn flatten(comparison: &Comparison, folds: &Folds, show: Show) -> Vec<Row> {
    let mut rows = Vec::new();
    let several = comparison.sections.len() > 1;
    for (index, section) in comparison.sections.iter().enumerate() {
        let counts = section.diff.root.counts;
        if show == Show::Differences && counts.all() == 0 {
            continue;
        }
        let mut walk = Walk { rows: &mut rows, folds, show, section: index };
        let key = hash(0, &(section.part as u8));
        let first = section.part == Part::Answer || counts.all() > 0;
        let open = !several || folds.is_open(key, first);
        let mut parent = None;
        if several {
            parent = Some(walk.rows.len() as u32);
            let what = What::Part(section.part);
            walk.rows.push(Row {
                parent: None,
                section: index,
                what,
                moved: false,
                depth: 0,
                open: Some(open),
                counts,
                key,
            });
        }
        if open {
            let values = (section.left.as_deref(), section.right.as_deref());
            walk.root(&section.diff.root, values, parent, key, usize::from(several));
        }
    }
    rows
}

type Both<'a> = (Option<&'a Value>, Option<&'a Value>);

struct Walk<'a> {
    rows: &'a mut Vec<Row>,
    folds: &'a Folds,
    show: Show,
    section: usize,
}

impl Walk<'_> {
    /// A value that has parts stands for itself by them.
    fn root(&mut self, pair: &Pair, values: Both<'_>, parent: Option<u32>, key: u64, depth: usize) {
        match pair.kind {
            Kind::Inside => self.parts(pair, values, parent, key, depth),
            Kind::Changed | Kind::Written => self.pair(pair, values, parent, key, depth),
            kind => {
                if children(kind, values) == 0 {
                    self.pair(pair, values, parent, key, depth);
                } else {
                    self.plain_parts(kind, values, parent, key, depth);
                }
            }
        }
    }

    fn pair(&mut self, pair: &Pair, values: Both<'_>, parent: Option<u32>, above: u64, depth: usize) {
        let key = key_of(above, &pair.at);
        if pair.kind != Kind::Inside {
            self.plain(&pair.at, pair.kind, pair.moved, pair.counts, values, parent, key, depth);
            return;
        }
        let open = self.folds.is_open(key, pair.counts.all() > 0);
        let index = self.rows.len() as u32;
        self.rows.push(Row {
            parent,
            section: self.section,
            what: What::Value(pair.at.clone(), pair.kind),
            moved: pair.moved,
            depth,
            open: Some(open),
            counts: pair.counts,
            key,
        });
        if open {
            self.parts(pair, values, Some(index), key, depth + 1);
        }
    }

    /// Parts of a container that differs, long runs of equal ones left out.
    fn parts(&mut self, of: &Pair, values: Both<'_>, parent: Option<u32>, key: u64, depth: usize) {
        let equal = |part: &Pair| part.counts.all() == 0;
        let mut rest = of.parts.as_slice();
        while let Some(first) = rest.first() {
            if !equal(first) {
                self.pair(first, child(values, &first.at), parent, key, depth);
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            let run = rest.iter().take_while(|part| equal(part)).count();
            let (run, behind) = rest.split_at(run);
            rest = behind;
            let around = if self.show == Show::Differences { 0 } else { AROUND };
            let most = if self.show == Show::Differences { 0 } else { EQUAL };
            if run.len() <= most {
                for part in run {
                    self.pair(part, child(values, &part.at), parent, key, depth);
                }
                continue;
            }
            let end = run.len() - around;
            let hidden = run.get(around..end).unwrap_or_default();
            for part in run.iter().take(around) {
                self.pair(part, child(values, &part.at), parent, key, depth);
            }
            let place = hidden.first().map_or(0, |part| key_of(key, &part.at));
            let gap = hash(place, &"equal");
            let open = self.folds.is_open(gap, false);
            let what = What::Equal(hidden.len());
            let counts = Counts::default();
            self.rows.push(Row {
                parent,
                section: self.section,
                what,
                moved: false,
                depth,
                open: Some(open),
                counts,
                key: gap,
            });
            if open {
                for part in hidden {
                    self.pair(part, child(values, &part.at), parent, key, depth);
                }
            }
            for part in run.iter().skip(end) {
                self.pair(part, child(values, &part.at), parent, key, depth);
            }
        }
    }

    /// A value whose sides are alike, or of which there is one side only: its parts are those of the value.
    #[expect(clippy::too_many_arguments, reason = "what a row is made of")]
    fn plain(
        &mut self,
        at: &At,
        kind: Kind,
        moved: bool,
        counts: Counts,
        values: Both<'_>,
        parent: Option<u32>,
        key: u64,
        depth: usize,
    ) {
        let count = children(kind, values);
        let at_first =
            kind == Kind::Same && depth < 2 && count <= OPEN_CHILDREN && !moved && self.show == Show::Everything;
        let open = (count > 0).then(|| self.folds.is_open(key, at_first));
        let index = self.rows.len() as u32;
        let what = What::Value(at.clone(), kind);
        self.rows.push(Row { parent, section: self.section, what, moved, depth, open, counts, key });
        if open == Some(true) {
            self.plain_parts(kind, values, Some(index), key, depth + 1);
        }
    }

    fn plain_parts(&mut self, kind: Kind, values: Both<'_>, parent: Option<u32>, key: u64, depth: usize) {
        // What is only on one side is one difference; its parts are no further ones.
        let none = Counts::default();
        match values.0.or(values.1) {
            Some(Value::Object(members)) => {
                for name in members.keys() {
                    let at = At::Member(name.as_str().into());
                    let place = key_of(key, &at);
                    self.plain(&at, kind, false, none, child(values, &at), parent, place, depth);
                }
            }
            Some(Value::Array(items)) => {
                for index in 0..items.len() as u32 {
                    let at = At::Item(values.0.map(|_| index), values.1.map(|_| index));
                    let place = key_of(key, &at);
                    self.plain(&at, kind, false, none, child(values, &at), parent, place, depth);
                }
            }
            _ => {}
        }
    }
}

/// How many parts there are to unfold; those of a value that became another are not aligned.
fn children(kind: Kind, values: Both<'_>) -> usize {
    match (kind, values.0.or(values.1)) {
        (Kind::Changed, _) => 0,
        (_, Some(Value::Object(members))) => members.len(),
        (_, Some(Value::Array(items))) => items.len(),
        _ => 0,
    }
}

fn child<'a>(values: Both<'a>, at: &At) -> Both<'a> {
    match at {
        At::Whole => values,
        At::Member(name) => {
            (values.0.and_then(|value| value.get(&**name)), values.1.and_then(|value| value.get(&**name)))
        }
        At::Item(left, right) => (
            values.0.zip(*left).and_then(|(value, at)| value.get(at as usize)),
            values.1.zip(*right).and_then(|(value, at)| value.get(at as usize)),
        ),
    }
}

fn hash(above: u64, step: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    (above, step).hash(&mut hasher);
    hasher.finish()
}

fn key_of(above: u64, at: &At) -> u64 {
    match at {
        At::Whole => above,
        At::Member(name) => hash(above, name),
        At::Item(left, right) => hash(above, &(left, right)),
    }
}

/// The values of a row.
pub(super) fn values<'a>(sections: &'a [Section], rows: &[Row], index: usize) -> Both<'a> {
    let mut steps = Vec::new();
    let mut next = rows.get(index);
    let section = next.and_then(|row| sections.get(row.section));
    while let Some(row) = next {
        if let What::Value(at, _) = &row.what {
            steps.push(at);
        }
        next = row.parent.and_then(|parent| rows.get(parent as usize));
    }
    let Some(section) = section else { return (None, None) };
    let whole = (section.left.as_deref(), section.right.as_deref());
    steps.into_iter().rev().fold(whole, |values, at| child(values, at))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use callscope_wire::FlowId;
    use callscope_wire::value::diff::{Bounds, Diff};
    use serde_json::json;

    use super::*;
    use crate::model::compare::Facts;

    fn comparison(left: Value, right: Value) -> Comparison {
        let diff = Diff::of(&left, &right, Bounds::default());
        let counts = diff.root.counts;
        let (left, right) = (Some(Arc::new(left)), Some(Arc::new(right)));
        let section = Section { part: Part::Answer, left, right, diff, left_out: 0, cut: false };
        let of = (FlowId(1), FlowId(2));
        Comparison { of, left: Facts::default(), right: Facts::default(), sections: vec![section], counts }
    }

    fn shown(comparison: &Comparison, folds: &Folds, show: Show) -> Vec<String> {
        let rows = flatten(comparison, folds, show);
        let word = |index: usize, row: &Row| match &row.what {
            What::Equal(count) => format!("{count} equal"),
            What::Part(_) => "part".to_owned(),
            What::Value(at, _) => {
                let (left, right) = values(&comparison.sections, &rows, index);
                let name = match at {
                    At::Member(name) => name.to_string(),
                    At::Item(left, right) => format!("{left:?}{right:?}").replace("Some", "").replace("None", "-"),
                    At::Whole => String::new(),
                };
                let value = |value: Option<&Value>| value.map_or("·".to_owned(), ToString::to_string);
                let scalar = row.open.is_none();
                if scalar { format!("{name} {} {}", value(left), value(right)) } else { name }
            }
        };
        rows.iter().enumerate().map(|(index, row)| word(index, row)).collect()
    }

    #[test]
    fn both_sides_are_found_on_every_row() {
        let found = comparison(
            json!({"id": 1, "lines": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": 1}], "old": {"x": 1}}),
            json!({"id": 1, "lines": [{"sku": "b", "qty": 2}, {"sku": "a", "qty": 1}]}),
        );
        assert_eq!(
            shown(&found, &Folds::default(), Show::Everything),
            ["id 1 1", "lines", "(1)(0)", "sku \"b\" \"b\"", "qty 1 2", "(0)(1)", "old"]
        );
        assert_eq!(
            shown(&found, &Folds::default(), Show::Differences),
            ["1 equal", "lines", "(1)(0)", "1 equal", "qty 1 2", "(0)(1)", "old"]
        );
        let mut folds = Folds::default();
        let rows = flatten(&found, &folds, Show::Everything);
        folds.toggle(rows.last().unwrap());
        assert_eq!(shown(&found, &folds, Show::Everything).last().unwrap(), "x 1 ·");
    }

    #[test]
    fn long_runs_of_equal_items_are_one_row_until_opened() {
        let numbers = |last: u32| Value::from((0..100).map(|n| if n == 60 { last } else { n }).collect::<Vec<u32>>());
        let found = comparison(numbers(7_000), numbers(8_000));
        let rows = shown(&found, &Folds::default(), Show::Everything);
        assert_eq!(rows.len(), 3 + 1 + 3 + 1 + 3 + 1 + 3);
        assert_eq!((rows[3].as_str(), rows[7].as_str()), ("54 equal", "(60)(60) 7000 8000"));
        let mut folds = Folds::default();
        folds.toggle(&flatten(&found, &folds, Show::Everything)[3]);
        assert_eq!(shown(&found, &folds, Show::Everything).len(), 15 + 54);
        assert_eq!(shown(&found, &Folds::default(), Show::Differences).len(), 3);
    }
}
