//! Which values of a large text are open, and which row shows which: counted by container, never listed.
//!
//! Knows landmarks and part numbers. A million items are one number here.

use std::collections::BTreeMap;

use callscope_wire::value::landmarks::{Landmarks, Part};
use callscope_wire::value::outline::Kind;
use callscope_wire::value::{path, scan};

/// Levels that are open at first.
const OPEN_DEPTH: usize = 2;
/// Unless their neighbors are more than fit a screen.
const OPEN_AMONG: usize = 100;

/// Part numbers from the top.
pub(super) type Way = Vec<usize>;

/// An open container.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    part: Part,
    parts: usize,
    below: BTreeMap<usize, Opened>,
    /// Rows of all that is in it and open.
    rows: u64,
}

/// What a row shows.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub way: Way,
    pub part: Part,
    /// Of a container: how many parts it has.
    pub parts: Option<usize>,
    pub open: bool,
}

impl Opened {
    /// The whole with what is open at first; `None`: it is no container.
    pub fn at_first(marks: &Landmarks, bytes: &[u8]) -> Option<Self> {
        let root = marks.root(bytes).filter(is_container)?;
        let mut top = Self::of(marks, bytes, root);
        top.open_below(marks, bytes, OPEN_DEPTH);
        Some(top)
    }

    /// The same containers open, as they are known by now.
    pub fn again(&self, marks: &Landmarks, bytes: &[u8]) -> Option<Self> {
        let root = marks.root(bytes).filter(is_container)?;
        Some(self.copy(marks, bytes, root))
    }

    fn copy(&self, marks: &Landmarks, bytes: &[u8], part: Part) -> Self {
        let mut copy = Self::of(marks, bytes, part);
        for (number, below) in &self.below {
            if let Some(part) = marks.parts(bytes, &part, *number).next().filter(is_container) {
                copy.below.insert(*number, below.copy(marks, bytes, part));
            }
        }
        copy.count();
        copy
    }

    fn of(marks: &Landmarks, bytes: &[u8], part: Part) -> Self {
        let parts = marks.count(bytes, &part);
        Self { part, parts, below: BTreeMap::new(), rows: parts as u64 }
    }

    fn open_below(&mut self, marks: &Landmarks, bytes: &[u8], levels: usize) {
        if levels == 0 || self.parts > OPEN_AMONG {
            return;
        }
        for (number, part) in marks.parts(bytes, &self.part, 0).enumerate() {
            if is_container(&part) {
                let mut below = Self::of(marks, bytes, part);
                if below.parts > 0 {
                    below.open_below(marks, bytes, levels - 1);
                    self.below.insert(number, below);
                }
            }
        }
        self.count();
    }

    fn count(&mut self) {
        self.rows = self.parts as u64 + self.below.values().map(|below| below.rows).sum::<u64>();
    }

    /// Rows of all that is open.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// The way to a row.
    pub fn way_to(&self, mut row: u64) -> Way {
        let mut way = Vec::new();
        let mut at = self;
        loop {
            let mut before = 0_u64;
            let mut inside = None;
            for (number, below) in &at.below {
                let own = *number as u64 + before;
                if row <= own {
                    break;
                }
                if row <= own + below.rows {
                    inside = Some((*number, below, row - own - 1));
                    break;
                }
                before += below.rows;
            }
            let Some((number, below, rest)) = inside else {
                way.push((row - before) as usize);
                return way;
            };
            way.push(number);
            at = below;
            row = rest;
        }
    }

    /// The row that shows what is at the end of a way, if all above it is open.
    pub fn row_of(&self, way: &[usize]) -> Option<u64> {
        let (number, rest) = way.split_first()?;
        let before: u64 = self.below.range(..number).map(|(_, below)| below.rows).sum();
        let own = *number as u64 + before;
        if rest.is_empty() { Some(own) } else { Some(own + 1 + self.below.get(number)?.row_of(rest)?) }
    }

    /// So many rows from this one on.
    pub fn window(&self, marks: &Landmarks, bytes: &[u8], from: u64, count: usize) -> Vec<Row> {
        let end = self.rows.min(from + count as u64);
        (from..end).filter_map(|row| self.show(marks, bytes, self.way_to(row))).collect()
    }

    /// What there is at the end of a way.
    pub fn show(&self, marks: &Landmarks, bytes: &[u8], way: Way) -> Option<Row> {
        let (last, above) = way.split_last()?;
        let mut at = self;
        for number in above {
            at = at.below.get(number)?;
        }
        let part = marks.parts(bytes, &at.part, *last).next()?;
        let parts = is_container(&part).then(|| marks.count(bytes, &part));
        let open = at.below.contains_key(last);
        Some(Row { way, part, parts, open })
    }

    /// Opens or closes what is at the end of a way.
    pub fn set(&mut self, marks: &Landmarks, bytes: &[u8], way: &[usize], open: bool) {
        let Some((number, rest)) = way.split_first() else { return };
        if rest.is_empty() && !open {
            self.below.remove(number);
        } else if !self.below.contains_key(number)
            && let Some(part) = marks.parts(bytes, &self.part, *number).next().filter(is_container)
        {
            let below = Self::of(marks, bytes, part);
            if below.parts > 0 {
                self.below.insert(*number, below);
            }
        }
        if let Some(below) = self.below.get_mut(number).filter(|_| !rest.is_empty()) {
            below.set(marks, bytes, rest, open);
        }
        self.count();
    }
}

/// What is at the end of a way, whether the way is open or not.
pub(super) fn part_at(marks: &Landmarks, bytes: &[u8], way: &[usize]) -> Option<Part> {
    way.iter().try_fold(marks.root(bytes)?, |at, number| marks.parts(bytes, &at, *number).next())
}

/// The JSON pointer of a way.
pub(super) fn pointer(marks: &Landmarks, bytes: &[u8], way: &[usize]) -> String {
    let mut pointer = String::new();
    let Some(mut at) = marks.root(bytes) else { return pointer };
    for number in way {
        let Some(part) = marks.parts(bytes, &at, *number).next() else { break };
        pointer = match part.name {
            Some(name) => path::member(&pointer, &scan::unquote(bytes.get(name.range()).unwrap_or_default()).text),
            None => path::item(&pointer, *number),
        };
        at = part;
    }
    pointer
}

pub(super) fn is_container(part: &Part) -> bool {
    matches!(part.kind, Kind::Object | Kind::Array)
}

#[cfg(test)]
mod tests {
    use super::{Opened, part_at, pointer};
    use callscope_wire::value::landmarks::Landmarks;

    fn pointers(top: &Opened, marks: &Landmarks, text: &str) -> Vec<String> {
        let rows = top.window(marks, text.as_bytes(), 0, 1_000);
        rows.iter().map(|row| pointer(marks, text.as_bytes(), &row.way)).collect()
    }

    #[test]
    fn rows_and_ways_are_each_others_inverse() {
        let text = r#"{"a":{"b":[1,2],"c":{}},"d":[[3]],"e":4}"#;
        let marks = Landmarks::of(text.as_bytes(), |_| true);
        let mut top = Opened::at_first(&marks, text.as_bytes()).unwrap();
        assert_eq!(
            pointers(&top, &marks, text),
            ["/a", "/a/b", "/a/b/0", "/a/b/1", "/a/c", "/d", "/d/0", "/d/0/0", "/e"]
        );
        for row in 0..top.rows() {
            let way = top.way_to(row);
            assert_eq!(top.row_of(&way), Some(row));
            assert!(part_at(&marks, text.as_bytes(), &way).is_some());
        }
        top.set(&marks, text.as_bytes(), &[0], false);
        assert_eq!(pointers(&top, &marks, text), ["/a", "/d", "/d/0", "/d/0/0", "/e"]);
        assert_eq!(top.row_of(&[0, 0]), None);
        top.set(&marks, text.as_bytes(), &[0, 0], true);
        assert_eq!(pointers(&top, &marks, text)[..4], ["/a", "/a/b", "/a/b/0", "/a/b/1"]);
    }

    #[test]
    fn items_of_a_long_list_are_closed_and_one_can_be_opened() {
        let text = format!(r#"{{"items":[{}]}}"#, vec![r#"{"id":7,"x":[1]}"#; 50_000].join(","));
        let marks = Landmarks::of(text.as_bytes(), |_| true);
        let mut top = Opened::at_first(&marks, text.as_bytes()).unwrap();
        assert_eq!(top.rows(), 50_001);
        top.set(&marks, text.as_bytes(), &[0, 49_000], true);
        assert_eq!(top.rows(), 50_003);
        let rows = top.window(&marks, text.as_bytes(), 49_001, 3);
        let found: Vec<_> = rows.iter().map(|row| pointer(&marks, text.as_bytes(), &row.way)).collect();
        assert_eq!(found, ["/items/49000", "/items/49000/id", "/items/49000/x"]);
    }
}
