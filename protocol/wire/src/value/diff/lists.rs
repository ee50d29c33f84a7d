//! Which item of one list is which of the other.
//!
//! Items that are records with an id are the same when their ids are. Others are the same when they say the same; those
//! between two such are paired in order, if they are of one kind. Items that occur once on each side are the anchors
//! (a patience diff): the longest run of them in the same order stays, the rest has moved. Only what lies between two
//! anchors needs a table, and a table has a bound.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{At, Differ, Kind, Pair, fingerprint};
use crate::Value;

/// Cells of all tables of one diff.
pub(super) const CELLS: usize = 4_000_000;
/// Members by which records are told apart, the best first. Others qualify by their ending.
const IDS: [&str; 5] = ["id", "key", "uuid", "name", "sku"];
const ID_ENDINGS: [&str; 3] = ["_id", "Id", "ID"];

/// Indices left and right.
type Match = (usize, usize);

impl Differ {
    pub(super) fn items(&mut self, left: &[Value], right: &[Value]) -> Vec<Pair> {
        let keyed = keys(left, right);
        let aligned = if let Some((left, right)) = &keyed {
            self.align(left, right)
        } else {
            let said = |items: &[Value]| items.iter().map(fingerprint).collect::<Vec<u64>>();
            self.align(&said(left), &said(right))
        };
        let mut parts = Vec::with_capacity(left.len().max(right.len()));
        let (mut i, mut j) = (0, 0);
        let end = (left.len(), right.len());
        for (next_left, next_right) in aligned.stay.iter().copied().chain([end]) {
            let gap = Gap {
                left: (i..next_left).filter(|at| !aligned.moved_left.contains_key(at)).collect(),
                right: (j..next_right).filter(|at| !aligned.moved_right.contains_key(at)).collect(),
                came: (j..next_right).filter_map(|at| Some((*aligned.moved_right.get(&at)?, at))).collect(),
            };
            self.close(&gap, left, right, keyed.is_none(), &mut parts);
            if (next_left, next_right) != end {
                parts.extend(self.both(next_left, next_right, left, right));
            }
            (i, j) = (next_left + 1, next_right + 1);
        }
        parts
    }

    fn both(&mut self, i: usize, j: usize, left: &[Value], right: &[Value]) -> Option<Pair> {
        let (one, other) = (left.get(i)?, right.get(j)?);
        Some(self.pair(item(Some(i), Some(j)), one, other))
    }

    fn moved(&mut self, i: usize, j: usize, left: &[Value], right: &[Value]) -> Pair {
        let mut pair = self.both(i, j, left, right).unwrap_or_else(|| Pair::leaf(item(Some(i), Some(j)), Kind::Same));
        pair.moved = true;
        pair.counts.moved += 1;
        pair
    }

    /// What lies between two items that stayed: pairs of one kind in order, then what only the left has, then what only
    /// the right has; what moved stands where it is now.
    fn close(&mut self, gap: &Gap, left: &[Value], right: &[Value], pair_up: bool, parts: &mut Vec<Pair>) {
        let alike = |(i, j): &(&usize, &usize)| {
            pair_up && left.get(**i).zip(right.get(**j)).is_some_and(|(one, other)| alike(one, other))
        };
        let pairs: Vec<Match> = gap.left.iter().zip(&gap.right).take_while(alike).map(|(i, j)| (*i, *j)).collect();
        // By their place on the right; what has none comes behind the pairs.
        let mut placed: Vec<(Option<usize>, Pair)> = Vec::new();
        for (i, j) in &pairs {
            placed.extend(self.both(*i, *j, left, right).map(|pair| (Some(*j), pair)));
        }
        let last = pairs.last().map(|(_, j)| *j);
        for i in gap.left.iter().skip(pairs.len()) {
            placed.push((last, Pair::leaf(item(Some(*i), None), Kind::LeftOnly)));
        }
        for j in gap.right.iter().skip(pairs.len()) {
            placed.push((Some(*j), Pair::leaf(item(None, Some(*j)), Kind::RightOnly)));
        }
        for (i, j) in &gap.came {
            placed.push((Some(*j), self.moved(*i, *j, left, right)));
        }
        placed.sort_by_key(|(at, _)| *at);
        parts.extend(placed.into_iter().map(|(_, pair)| pair));
    }

    /// Ties are decided alike whichever side is asked first.
    fn align(&mut self, left: &[u64], right: &[u64]) -> Aligned {
        if left <= right {
            return self.align_ordered(left, right);
        }
        let Aligned { stay, moved_left, moved_right } = self.align_ordered(right, left);
        let stay = stay.into_iter().map(|(right, left)| (left, right)).collect();
        Aligned { stay, moved_left: moved_right, moved_right: moved_left }
    }

    fn align_ordered(&mut self, left: &[u64], right: &[u64]) -> Aligned {
        let start = left.iter().zip(right).take_while(|(a, b)| a == b).count();
        let most = left.len().min(right.len()) - start;
        let end = left.iter().rev().zip(right.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
        let (left_end, right_end) = (left.len() - end, right.len() - end);

        let once = |tokens: &[u64]| {
            let mut seen: HashMap<u64, Option<usize>> = HashMap::new();
            for (at, token) in tokens.iter().enumerate() {
                seen.entry(*token).and_modify(|place| *place = None).or_insert(Some(at));
            }
            seen
        };
        let (mid_left, mid_right) =
            (left.get(start..left_end).unwrap_or_default(), right.get(start..right_end).unwrap_or_default());
        let unique_right = once(mid_right);
        let unique_left = once(mid_left);
        let anchors: Vec<Match> = mid_left
            .iter()
            .enumerate()
            .filter(|(_, token)| unique_left.get(token).copied().flatten().is_some())
            .filter_map(|(i, token)| Some((start + i, start + unique_right.get(token).copied().flatten()?)))
            .collect();
        let stays = increasing(&anchors);

        let mut aligned = Aligned::default();
        let mut fixed = stays.iter().copied().peekable();
        for anchor in &anchors {
            if fixed.next_if_eq(anchor).is_none() {
                aligned.moved_left.insert(anchor.0, anchor.1);
                aligned.moved_right.insert(anchor.1, anchor.0);
            }
        }
        aligned.stay.extend((0..start).map(|at| (at, at)));
        let (mut i, mut j) = (start, start);
        for (next_left, next_right) in stays.iter().copied().chain([(left_end, right_end)]) {
            let lefts: Vec<usize> = (i..next_left).filter(|at| !aligned.moved_left.contains_key(at)).collect();
            let rights: Vec<usize> = (j..next_right).filter(|at| !aligned.moved_right.contains_key(at)).collect();
            self.table(&lefts, &rights, left, right, &mut aligned.stay);
            if next_left < left_end {
                aligned.stay.push((next_left, next_right));
            }
            (i, j) = (next_left + 1, next_right + 1);
        }
        aligned.stay.extend((0..end).map(|at| (left_end + at, right_end + at)));
        aligned
    }

    /// The longest common subsequence between two anchors, by the textbook's table while the bound allows it.
    fn table(&mut self, lefts: &[usize], rights: &[usize], left: &[u64], right: &[u64], out: &mut Vec<Match>) {
        let token = |tokens: &[u64], at: &usize| tokens.get(*at).copied();
        let known: std::collections::HashSet<Option<u64>> = rights.iter().map(|at| token(right, at)).collect();
        if lefts.iter().all(|at| !known.contains(&token(left, at))) {
            return;
        }
        let cells = (lefts.len() + 1) * (rights.len() + 1);
        if cells > self.cells {
            self.by_place += 1;
            return;
        }
        self.cells -= cells;
        let width = rights.len() + 1;
        let mut table = vec![0_u32; cells];
        let same = |a: &usize, b: &usize| token(left, a) == token(right, b);
        let read = |table: &[u32], row: usize, column: usize| table.get(row * width + column).copied().unwrap_or(0);
        for (row, a) in lefts.iter().enumerate().rev() {
            for (column, b) in rights.iter().enumerate().rev() {
                let longest = if same(a, b) {
                    read(&table, row + 1, column + 1) + 1
                } else {
                    read(&table, row + 1, column).max(read(&table, row, column + 1))
                };
                if let Some(cell) = table.get_mut(row * width + column) {
                    *cell = longest;
                }
            }
        }
        let (mut row, mut column) = (0, 0);
        while let (Some(a), Some(b)) = (lefts.get(row), rights.get(column)) {
            if same(a, b) {
                out.push((*a, *b));
                row += 1;
                column += 1;
            } else if read(&table, row + 1, column) >= read(&table, row, column + 1) {
                row += 1;
            } else {
                column += 1;
            }
        }
    }
}

/// Between two items that stayed.
struct Gap {
    left: Vec<usize>,
    right: Vec<usize>,
    /// What moved here.
    came: Vec<Match>,
}

#[derive(Default)]
struct Aligned {
    /// In the same order on both sides.
    stay: Vec<Match>,
    /// In another: left → right and back.
    moved_left: HashMap<usize, usize>,
    moved_right: HashMap<usize, usize>,
}

fn item(left: Option<usize>, right: Option<usize>) -> At {
    At::Item(left.map(|at| at as u32), right.map(|at| at as u32))
}

/// Whether two items that say different things may be one that was changed.
fn alike(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let shared = left.keys().filter(|name| right.contains_key(*name)).count();
            shared * 2 >= left.len().max(right.len())
        }
        (Value::Array(_), Value::Array(_)) => true,
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => false,
        _ => true,
    }
}

/// The longest run of matches whose right sides go up, too; they come ordered by their left sides.
fn increasing(matches: &[Match]) -> Vec<Match> {
    // For every length the match that ends such a run with the smallest right side; and what comes before each match.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(matches.len());
    let right_of = |at: usize| matches.get(at).map_or(0, |one| one.1);
    for (at, (_, right)) in matches.iter().enumerate() {
        let length = ends.partition_point(|end| right_of(*end) < *right);
        before.push(length.checked_sub(1).and_then(|shorter| ends.get(shorter).copied()));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut run = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        run.extend(matches.get(at).copied());
        next = before.get(at).copied().flatten();
    }
    run.reverse();
    run
}

/// The ids of all items, if all are records that one member tells apart and the two lists are about the same things.
fn keys(left: &[Value], right: &[Value]) -> Option<(Vec<u64>, Vec<u64>)> {
    let first = left.first()?.as_object()?;
    let by_ending = first.keys().filter(|name| ID_ENDINGS.iter().any(|ending| name.ends_with(ending)));
    let candidates = IDS.into_iter().chain(by_ending.map(String::as_str));
    candidates.filter(|name| first.contains_key(*name)).find_map(|name| {
        let (left, right) = (ids(left, name)?, ids(right, name)?);
        let known: std::collections::HashSet<u64> = left.iter().copied().collect();
        let shared = right.iter().filter(|id| known.contains(id)).count();
        (shared > 0 && shared * 2 >= left.len().min(right.len())).then_some((left, right))
    })
}

/// What this member says in every item; `None` when one has none or two say the same.
fn ids(items: &[Value], name: &str) -> Option<Vec<u64>> {
    let mut seen = std::collections::HashSet::with_capacity(items.len());
    let id = |item: &Value| {
        let mut hasher = DefaultHasher::new();
        match item.get(name)? {
            Value::String(text) => text.hash(&mut hasher),
            Value::Number(number) => super::canonical(number).hash(&mut hasher),
            _ => return None,
        }
        Some(hasher.finish())
    };
    items.iter().map(|item| id(item).filter(|id| seen.insert(*id))).collect()
}
