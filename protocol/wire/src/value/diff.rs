//! What differs between two values: an aligned tree of pairs, for people to look at side by side.
//!
//! ```text
//!  left, right ── Pair ─┬─ Same            nothing differs in it; it has no parts
//!                       ├─ Inside ── parts  a container on both sides, with differences inside
//!                       ├─ Changed          another value
//!                       ├─ Written          the same number, written differently: 1 and 1.0
//!                       └─ LeftOnly, RightOnly
//! ```
//!
//! Members are paired by name, items of lists by what they are (see [`lists`]). The work is linear in the size of both
//! values up to [`Bounds`]; beyond them containers are compared as a whole, and [`Diff::rough`] says how often. The
//! diff holds no values: whoever shows it has them, and finds them by [`At`].

mod lists;

#[cfg(test)]
mod tests;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::path;
use crate::Value;

/// Where comparing stops.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Values that are paired; what is beyond is compared as a whole.
    pub pairs: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { pairs: 200_000 }
    }
}

/// What differs between two values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    /// The two values as wholes.
    pub root: Pair,
    /// Containers that differ and were compared as a whole only: the bound was reached.
    pub rough: u32,
    /// Lists too different to be aligned: their items were paired by place.
    pub by_place: u32,
}

/// A value on the left, one on the right, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// What its container calls it.
    pub at: At,
    /// What differs.
    pub kind: Kind,
    /// An item that stands elsewhere among its neighbors on the right.
    pub moved: bool,
    /// Differences in it, itself included.
    pub counts: Counts,
    /// What is inside, in the order in which to show it; only of [`Kind::Inside`].
    pub parts: Vec<Pair>,
}

/// What a container calls a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// It is in no container.
    Whole,
    /// Member of an object.
    Member(Box<str>),
    /// Item of a list: its index left and right. At least one of them is there.
    Item(Option<u32>, Option<u32>),
}

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Same,
    /// The same number, written differently.
    Written,
    /// Another value.
    Changed,
    /// Not on the right.
    LeftOnly,
    /// Not on the left.
    RightOnly,
    /// Containers on both sides; see the parts.
    Inside,
}

/// How many differences of which kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Other values.
    pub changed: u32,
    /// Only on the left.
    pub left_only: u32,
    /// Only on the right.
    pub right_only: u32,
    /// Items that stand elsewhere.
    pub moved: u32,
    /// Numbers that are written differently; no difference of what is said.
    pub written: u32,
}

impl Counts {
    /// Differences of what is said.
    pub const fn all(&self) -> u32 {
        self.changed + self.left_only + self.right_only + self.moved
    }

    /// Takes others in.
    pub const fn add(&mut self, other: &Self) {
        self.changed += other.changed;
        self.left_only += other.left_only;
        self.right_only += other.right_only;
        self.moved += other.moved;
        self.written += other.written;
    }
}

/// One difference, for lists of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Change<'a> {
    /// Pointer of the value on the left; `None`: it is not there.
    pub left: Option<String>,
    /// The same on the right.
    pub right: Option<String>,
    /// What differs.
    pub pair: &'a Pair,
}

impl Diff {
    /// Compares two values. The other way round the same differs, with its sides exchanged.
    pub fn of(left: &Value, right: &Value, bounds: Bounds) -> Self {
        let mut differ = Differ { pairs: bounds.pairs, rough: 0, by_place: 0, cells: lists::CELLS };
        let root = differ.pair(At::Whole, left, right);
        Self { root, rough: differ.rough, by_place: differ.by_place }
    }

    /// The same for values of which one may not be there; `None` when neither is.
    pub fn between(left: Option<&Value>, right: Option<&Value>, bounds: Bounds) -> Option<Self> {
        let only = |kind| Self { root: Pair::leaf(At::Whole, kind), rough: 0, by_place: 0 };
        match (left, right) {
            (Some(left), Some(right)) => Some(Self::of(left, right, bounds)),
            (Some(_), None) => Some(only(Kind::LeftOnly)),
            (None, Some(_)) => Some(only(Kind::RightOnly)),
            (None, None) => None,
        }
    }

    /// Whether both say the same.
    pub const fn is_same(&self) -> bool {
        self.root.counts.all() == 0
    }

    /// Every difference, in the order in which to show them.
    pub fn changes(&self) -> Vec<Change<'_>> {
        let mut out = Vec::new();
        collect(&self.root, Some(""), Some(""), &mut out);
        out
    }
}

fn collect<'a>(pair: &'a Pair, left: Option<&str>, right: Option<&str>, out: &mut Vec<Change<'a>>) {
    let below = |of: Option<&str>, index: Option<u32>| match &pair.at {
        At::Whole => of.map(str::to_owned),
        At::Member(name) => of.map(|of| path::member(of, name)),
        At::Item(..) => of.zip(index).map(|(of, index)| path::item(of, index as usize)),
    };
    let (at_left, at_right) = match pair.at {
        At::Item(left, right) => (left, right),
        _ => (None, None),
    };
    let left = below(left, at_left).filter(|_| pair.kind != Kind::RightOnly);
    let right = below(right, at_right).filter(|_| pair.kind != Kind::LeftOnly);
    if pair.moved || !matches!(pair.kind, Kind::Same | Kind::Inside) {
        out.push(Change { left: left.clone(), right: right.clone(), pair });
    }
    for part in &pair.parts {
        collect(part, left.as_deref(), right.as_deref(), out);
    }
}

impl Pair {
    fn leaf(at: At, kind: Kind) -> Self {
        let one = |is: bool| u32::from(is);
        let counts = Counts {
            changed: one(kind == Kind::Changed),
            left_only: one(kind == Kind::LeftOnly),
            right_only: one(kind == Kind::RightOnly),
            moved: 0,
            written: one(kind == Kind::Written),
        };
        Self { at, kind, moved: false, counts, parts: Vec::new() }
    }

    fn container(at: At, parts: Vec<Self>) -> Self {
        let mut counts = Counts::default();
        for part in &parts {
            counts.add(&part.counts);
        }
        if counts == Counts::default() {
            return Self::leaf(at, Kind::Same);
        }
        Self { at, kind: Kind::Inside, moved: false, counts, parts }
    }
}

struct Differ {
    /// Pairs that may still be made.
    pairs: usize,
    rough: u32,
    by_place: u32,
    /// Cells that tables of longest common subsequences may still have.
    cells: usize,
}

impl Differ {
    /// Recursion is bounded: no parser of ours takes values deeper than 128 levels.
    fn pair(&mut self, at: At, left: &Value, right: &Value) -> Pair {
        let enough = self.pairs > 0;
        self.pairs = self.pairs.saturating_sub(1);
        match (left, right) {
            (Value::Object(_), Value::Object(_)) | (Value::Array(_), Value::Array(_)) if !enough => {
                let same = left == right;
                self.rough += u32::from(!same);
                Pair::leaf(at, if same { Kind::Same } else { Kind::Changed })
            }
            (Value::Object(left), Value::Object(right)) => {
                let parts = self.members(left, right);
                Pair::container(at, parts)
            }
            (Value::Array(left), Value::Array(right)) => {
                let parts = self.items(left, right);
                Pair::container(at, parts)
            }
            _ if left == right => Pair::leaf(at, Kind::Same),
            (Value::Number(a), Value::Number(b)) if canonical(a) == canonical(b) => Pair::leaf(at, Kind::Written),
            _ => Pair::leaf(at, Kind::Changed),
        }
    }

    /// In the order of the left side; what only the right has stands behind what it follows there.
    fn members(&mut self, left: &Members, right: &Members) -> Vec<Pair> {
        let order: std::collections::HashMap<&str, usize> =
            right.keys().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        let mut parts = Vec::with_capacity(left.len().max(right.len()));
        let mut news = right.keys().enumerate().filter(|(_, name)| !left.contains_key(*name)).peekable();
        let new = |name: &str| Pair::leaf(At::Member(name.into()), Kind::RightOnly);
        for (name, value) in left {
            let Some(other) = right.get(name) else {
                parts.push(Pair::leaf(At::Member(name.as_str().into()), Kind::LeftOnly));
                continue;
            };
            let here = order.get(name.as_str()).copied().unwrap_or_default();
            while let Some((_, name)) = news.next_if(|(at, _)| *at < here) {
                parts.push(new(name));
            }
            parts.push(self.pair(At::Member(name.as_str().into()), value, other));
        }
        parts.extend(news.map(|(_, name)| new(name)));
        parts
    }
}

type Members = serde_json::Map<String, Value>;

/// What a number says, however it is written.
#[derive(Hash, PartialEq)]
enum Canonical {
    Whole(i128),
    Bits(u64),
}

fn canonical(number: &serde_json::Number) -> Canonical {
    /// Below it every whole double is exactly an `i128`.
    const EXACT: f64 = 1e37;
    if let Some(whole) = number.as_i64() {
        return Canonical::Whole(whole.into());
    }
    if let Some(whole) = number.as_u64() {
        return Canonical::Whole(whole.into());
    }
    let number = number.as_f64().unwrap_or(f64::NAN);
    if number.fract() == 0.0 && number.abs() < EXACT {
        return Canonical::Whole(number as i128);
    }
    Canonical::Bits(number.to_bits())
}

/// Equal for values that say the same: the order of members and how numbers are written do not count. Good for finding
/// answers that agree; what it takes for equal is still to be compared.
pub fn fingerprint(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    match value {
        Value::Null => 0_u8.hash(&mut hasher),
        Value::Bool(is) => (1_u8, is).hash(&mut hasher),
        Value::Number(number) => (2_u8, canonical(number)).hash(&mut hasher),
        Value::String(text) => (3_u8, text).hash(&mut hasher),
        Value::Array(items) => {
            (4_u8, items.len()).hash(&mut hasher);
            for item in items {
                fingerprint(item).hash(&mut hasher);
            }
        }
        Value::Object(members) => {
            let mut sum = 0_u64;
            for (name, value) in members {
                let mut one = DefaultHasher::new();
                (name, fingerprint(value)).hash(&mut one);
                sum = sum.wrapping_add(one.finish());
            }
            (5_u8, members.len(), sum).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// The parts of two texts that differ, by bytes: what is between their common beginning and their common end. Never
/// inside a character.
pub fn different_part(left: &str, right: &str) -> (Range<usize>, Range<usize>) {
    let same = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
        pairs.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
    };
    let start = same(&mut left.chars().zip(right.chars()));
    let (left_rest, right_rest) = (left.get(start..).unwrap_or_default(), right.get(start..).unwrap_or_default());
    let end = same(&mut left_rest.chars().rev().zip(right_rest.chars().rev()));
    (start..left.len() - end, start..right.len() - end)
}
