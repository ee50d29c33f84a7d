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
