//! Which frames are listed: ids in order, kept up as frames come and go. It never decodes.

use std::collections::{BTreeMap, VecDeque};

use callscope_wire::capture::{Frame, Store};
use callscope_wire::engine::Side;
use callscope_wire::{ConnectionId, FrameId, Time};

/// Ticks beside the scrollbar at most.
const TICKS: usize = 160;

/// What is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rule {
    /// Our server's side of what our own client says is listed, too.
    pub server_side: bool,
    /// Only these streams of these connections.
    pub streams: Option<Vec<(ConnectionId, u64)>>,
    /// Text of the filter; the frames are asked through the function that [`Index::update`] gets.
    pub filter: String,
}

/// What changed by an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// Rows that went at the front.
    pub shifted: u64,
    /// Rows were made anew: none of the old numbers holds.
    pub rebuilt: bool,
    /// Anything changed.
    pub any: bool,
}

/// The ids of the listed frames, oldest first.
#[derive(Debug, Default)]
pub(super) struct Index {
    rule: Rule,
    /// All but the hidden server's side.
    base: VecDeque<FrameId>,
    /// Of these, the ones that streams and filter let through; `None`: all.
    narrowed: Option<VecDeque<FrameId>>,
    /// Listed frames that say of a failure, for the ticks.
    failures: VecDeque<FrameId>,
    /// The next id to look at.
    next: FrameId,
    /// Time of the first frame ever listed: zero of the time column.
    origin: Option<Time>,
    /// Server connections whose other end is our own client.
    own: BTreeMap<ConnectionId, bool>,
    connections: usize,
}

impl Index {
    /// Takes in what came and went since the last time. `keep` says whether a frame passes the filter.
    pub fn update(&mut self, store: &Store, rule: &Rule, keep: &dyn Fn(&Frame) -> bool) -> Change {
        let mut change = Change::default();
        let nothing_new = self.next == store.next_id();
        let reclassified = !nothing_new && self.classify(store);
        if *rule != self.rule || (reclassified && !rule.server_side) {
            *self = Self {
                rule: rule.clone(),
                narrowed: (rule.streams.is_some() || !rule.filter.is_empty()).then(VecDeque::new),
                origin: self.origin,
                own: std::mem::take(&mut self.own),
                connections: self.connections,
                ..Self::default()
            };
            change.rebuilt = true;
        }
        let first = store.first_id();
        drop_before(&mut self.failures, first);
        change.shifted = drop_before(&mut self.base, first);
        if let Some(narrowed) = &mut self.narrowed {
            change.shifted = drop_before(narrowed, first);
        }
        let before = self.next;
        for frame in store.since(self.next) {
            self.next = FrameId(frame.id.0 + 1);
            if !rule.server_side && frame.side == Side::Server && self.own.get(&frame.connection) == Some(&true) {
                continue;
            }
            self.origin.get_or_insert(frame.at);
            self.base.push_back(frame.id);
            if let Some(narrowed) = &mut self.narrowed {
                let in_streams =
                    rule.streams.as_ref().is_none_or(|streams| streams.contains(&(frame.connection, frame.stream)));
                if !in_streams || !keep(frame) {
                    continue;
                }
                narrowed.push_back(frame.id);
            }
            if frame.odd || frame.code.is_some_and(|code| !code.is_ok()) {
                self.failures.push_back(frame.id);
            }
        }
        self.next = self.next.max(first);
        change.any = change.rebuilt || change.shifted > 0 || self.next != before;
        if store.is_empty() {
            self.origin = None;
        }
        change
    }

    /// The listed frames.
    pub fn rows(&self) -> &VecDeque<FrameId> {
        self.narrowed.as_ref().unwrap_or(&self.base)
    }

    /// Frames before streams and filter.
    pub fn total(&self) -> usize {
        self.base.len()
    }

    /// Whether streams or a filter narrow the list.
    pub fn is_narrowed(&self) -> bool {
        self.narrowed.is_some()
    }

    /// Zero of the time column.
    pub fn origin(&self) -> Option<Time> {
        self.origin
    }

    /// The frame in a row.
    pub fn id(&self, row: u64) -> Option<FrameId> {
        self.rows().get(usize::try_from(row).ok()?).copied()
    }

    /// The row of a frame.
    pub fn row(&self, id: FrameId) -> Option<u64> {
        self.rows().binary_search(&id).ok().map(|row| row as u64)
    }

    /// Rows after this frame.
    pub fn after(&self, id: FrameId) -> usize {
        let rows = self.rows();
        rows.len() - rows.partition_point(|row| *row <= id)
    }

    /// Where failures lie, as shares of all rows.
    pub fn failures(&self) -> impl Iterator<Item = f32> {
        let rows = self.rows().len().max(1) as f32;
        let stride = self.failures.len().div_ceil(TICKS).max(1);
        self.failures.iter().step_by(stride).filter_map(move |id| Some((self.row(*id)? as f32 + 0.5) / rows))
    }

    /// Finds out which server connections are the other end of our own clients. True when one was thought foreign
    /// before: the two ends of a connection are announced one after the other.
    fn classify(&mut self, store: &Store) -> bool {
        let count = store.connections().count();
        if count == self.connections {
            return false;
        }
        self.connections = count;
        let clients: std::collections::HashSet<(&str, &str)> = store
            .connections()
            .filter(|(_, connection)| connection.facts.side == Side::Client)
            .map(|(_, connection)| (connection.facts.local.as_str(), connection.facts.peer.as_str()))
            .collect();
        let mut corrected = false;
        let mut own = BTreeMap::new();
        for (id, connection) in store.connections() {
            if connection.facts.side == Side::Server {
                let is_own = clients.contains(&(connection.facts.peer.as_str(), connection.facts.local.as_str()));
                corrected |= is_own && self.own.get(&id) == Some(&false);
                own.insert(id, is_own);
            }
        }
        self.own = own;
        corrected
    }
}

/// Drops ids before `first`; how many.
fn drop_before(ids: &mut VecDeque<FrameId>, first: FrameId) -> u64 {
    let gone = ids.partition_point(|id| *id < first);
    ids.drain(..gone);
    gone as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::traffic::tests::{frame, open};

    fn sided(connection: u64, side: Side, code: Option<u16>) -> Frame {
        let code = code.map(callscope_wire::Code);
        Frame { connection: ConnectionId(connection), side, code, ..frame(b"0123") }
    }

    fn ids(index: &Index) -> Vec<u64> {
        index.rows().iter().map(|id| id.0).collect()
    }

    #[test]
    fn the_other_end_of_our_own_connection_is_hidden_even_if_it_is_told_first() {
        let mut store = Store::new(1 << 20);
        open(&mut store, 2, Side::Server, "127.0.0.1:80", "127.0.0.1:5000");
        store.push(sided(2, Side::Server, None));
        let mut index = Index::default();
        index.update(&store, &Rule::default(), &|_| true);
        assert_eq!(ids(&index), [1], "a stranger called our server");
        open(&mut store, 1, Side::Client, "127.0.0.1:5000", "127.0.0.1:80");
        store.push(sided(1, Side::Client, None));
        assert!(index.update(&store, &Rule::default(), &|_| true).rebuilt);
        assert_eq!(ids(&index), [2], "it was our own client");
        let both = Rule { server_side: true, ..Rule::default() };
        index.update(&store, &both, &|_| true);
        assert_eq!(ids(&index), [1, 2]);
    }

    #[test]
    fn rows_that_go_are_counted_and_the_rest_keep_their_ids() {
        let mut store = Store::new(1 << 20);
        for n in 0..10 {
            store.push(sided(1, Side::Client, (n % 2 == 0).then_some(14)));
        }
        let odd = Rule { filter: "x".to_owned(), ..Rule::default() };
        let mut index = Index::default();
        index.update(&store, &odd, &|frame| frame.id.0 % 2 == 1);
        assert_eq!((ids(&index), index.total()), (vec![1, 3, 5, 7, 9], 10));
        assert_eq!(index.failures().count(), 5);
        assert_eq!((index.row(FrameId(5)), index.row(FrameId(6)), index.after(FrameId(6))), (Some(2), None, 2));
        store.set_limit(600);
        store.push(sided(1, Side::Client, None));
        let change = index.update(&store, &odd, &|frame| frame.id.0 % 2 == 1);
        let first = store.first_id().0;
        assert!(first > 1 && change.shifted == first / 2, "{first} {change:?}");
        assert!(ids(&index).iter().all(|id| *id >= first));
        store.clear();
        index.update(&store, &odd, &|_| true);
        assert!(index.rows().is_empty() && index.origin().is_none());
    }
}
