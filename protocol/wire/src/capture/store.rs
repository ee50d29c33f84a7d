//! The frames seen so far, in memory, bounded: oldest out first, and counted.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use super::{ConnectionFacts, MessagePart};
use crate::dialect::Toward;
use crate::engine::Side;
use crate::{Code, ConnectionId, Encoding, FrameId, Time};

/// One recorded frame: what a list needs without decoding it again.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its id.
    pub id: FrameId,
    /// When its last byte was seen.
    pub at: Time,
    /// Its connection.
    pub connection: ConnectionId,
    /// The call's number on the wire; 0 = the connection's own business.
    pub stream: u64,
    /// Whether this side wrote it.
    pub sent: bool,
    /// Which side of the connection we are.
    pub side: Side,
    /// Dialect; `None` while nobody recognized the connection.
    pub dialect: Option<&'static str>,
    /// Kind in the dialect's own words.
    pub kind: &'static str,
    /// Method of the call that it belongs to, where known.
    pub method: Option<Arc<str>>,
    /// Outcome, on a frame that ends a call.
    pub code: Option<Code>,
    /// Part of it could not be understood.
    pub odd: bool,
    /// What of it is a message, or a part of one.
    pub message: Option<MessagePart>,
    /// What the messages of its call are in, where known.
    pub encoding: Encoding,
    /// Its bytes.
    pub bytes: FrameBytes,
}

/// A frame's bytes: in memory now; the seam for sessions on disk.
pub type FrameBytes = Bytes;

impl Frame {
    /// Which way it went, seen from the client.
    pub fn toward(&self) -> Toward {
        if self.sent == (self.side == Side::Client) { Toward::Server } else { Toward::Client }
    }

    fn cost(&self) -> usize {
        size_of::<Self>() + self.bytes.len()
    }
}

/// A connection as recorded.
#[derive(Clone, Debug)]
pub struct Connection {
    /// What was known when it was made; the dialect is filled in once it was recognized.
    pub facts: ConnectionFacts,
    /// When it was made.
    pub opened: Time,
    /// When it was closed, and why (empty: cleanly).
    pub closed: Option<(Time, String)>,
}

/// Frames by id, bounded by memory.
#[derive(Debug)]
pub struct Store {
    frames: VecDeque<Frame>,
    /// Id of `frames[0]`, or of the next frame when there is none.
    first: u64,
    bytes: usize,
    limit: usize,
    dropped: u64,
    lost_bytes: u64,
    connections: BTreeMap<ConnectionId, Connection>,
    /// Connections that are closed, in the order in which they were.
    closed: VecDeque<ConnectionId>,
}

/// Closed connections that are remembered. Their frames outlive them, and are shown without what this knows.
const MAX_CLOSED: usize = 10_000;

impl Store {
    /// Keeps at most about `limit` bytes of frames and their records.
    pub fn new(limit: usize) -> Self {
        Self {
            frames: VecDeque::new(),
            first: 1,
            bytes: 0,
            limit,
            dropped: 0,
            lost_bytes: 0,
            connections: BTreeMap::new(),
            closed: VecDeque::new(),
        }
    }

    /// Appends a frame, gives it its id, and lets the oldest go if there is no room.
    pub fn push(&mut self, mut frame: Frame) -> FrameId {
        let id = FrameId(self.first + self.frames.len() as u64);
        frame.id = id;
        self.bytes += frame.cost();
        self.frames.push_back(frame);
        self.make_room();
        id
    }

    fn make_room(&mut self) {
        while self.bytes > self.limit && self.frames.len() > 1 {
            if let Some(oldest) = self.frames.pop_front() {
                self.bytes -= oldest.cost();
                self.first += 1;
                self.dropped += 1;
            }
        }
    }

    /// The frame with this id, if it is still here.
    pub fn get(&self, id: FrameId) -> Option<&Frame> {
        let index = id.0.checked_sub(self.first)?;
        self.frames.get(usize::try_from(index).ok()?)
    }

    /// Frames with ids from `from` on, oldest first.
    pub fn since(&self, from: FrameId) -> impl DoubleEndedIterator<Item = &Frame> + ExactSizeIterator {
        let skip = usize::try_from(from.0.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.frames.range(skip.min(self.frames.len())..)
    }

    /// Id of the oldest frame that is still here, or of the next to come.
    pub const fn first_id(&self) -> FrameId {
        FrameId(self.first)
    }

    /// Id that the next frame gets.
    pub fn next_id(&self) -> FrameId {
        FrameId(self.first + self.frames.len() as u64)
    }

    /// Frames here.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Bytes that the frames here take, records included.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Frames that had to go to make room.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Bytes that never got here because the tap's queue was full.
    pub const fn lost_bytes(&self) -> u64 {
        self.lost_bytes
    }

    /// Changes how much is kept, at once.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
        self.make_room();
    }

    /// Forgets all frames; ids go on counting.
    pub fn clear(&mut self) {
        self.first += self.frames.len() as u64;
        self.frames.clear();
        self.bytes = 0;
        self.connections.retain(|_, connection| connection.closed.is_none());
        self.closed.clear();
    }

    /// A connection as recorded.
    pub fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        self.connections.get(&id)
    }

    /// All connections, oldest first.
    pub fn connections(&self) -> impl Iterator<Item = (ConnectionId, &Connection)> {
        self.connections.iter().map(|(id, connection)| (*id, connection))
    }

    pub(super) fn open(&mut self, id: ConnectionId, facts: ConnectionFacts, at: Time) {
        self.connections.insert(id, Connection { facts, opened: at, closed: None });
    }

    pub(super) fn close(&mut self, id: ConnectionId, at: Time, reason: String) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.closed = Some((at, reason));
            self.closed.push_back(id);
        }
        if self.closed.len() > MAX_CLOSED
            && let Some(oldest) = self.closed.pop_front()
        {
            self.connections.remove(&oldest);
        }
    }

    pub(super) fn recognize(&mut self, id: ConnectionId, dialect: &'static str) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.facts.dialect = Some(dialect);
        }
    }

    pub(super) fn lose(&mut self, bytes: u64) {
        self.lost_bytes += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &'static str) -> Frame {
        Frame {
            id: FrameId::default(),
            at: Time::ZERO,
            connection: ConnectionId(1),
            stream: 1,
            sent: true,
            side: Side::Client,
            dialect: None,
            kind: "DATA",
            method: None,
            code: None,
            odd: false,
            message: None,
            encoding: Encoding::default(),
            bytes: Bytes::from_static(text.as_bytes()),
        }
    }

    #[test]
    fn the_oldest_go_and_ids_go_on() {
        let cost = frame("12345").cost();
        let mut store = Store::new(cost * 3);
        let ids: Vec<_> = (0..5).map(|_| store.push(frame("12345")).0).collect();
        assert_eq!(ids, [1, 2, 3, 4, 5]);
        assert_eq!((store.len(), store.dropped(), store.bytes()), (3, 2, cost * 3));
        assert_eq!((store.first_id(), store.next_id()), (FrameId(3), FrameId(6)));
        assert!(store.get(FrameId(2)).is_none());
        assert_eq!(store.get(FrameId(4)).unwrap().id, FrameId(4));
        assert_eq!(store.since(FrameId(5)).map(|frame| frame.id.0).collect::<Vec<_>>(), [5]);
        assert_eq!(store.since(FrameId(0)).len(), 3);

        store.set_limit(cost);
        assert_eq!((store.len(), store.dropped()), (1, 4));
        store.clear();
        assert!(store.is_empty());
        assert_eq!(store.push(frame("1")), FrameId(6));
    }

    #[test]
    fn closed_connections_are_forgotten_in_the_end() {
        let mut store = Store::new(1000);
        let facts = ConnectionFacts {
            side: Side::Client,
            local: String::new(),
            peer: String::new(),
            transport: "memory",
            dialect: None,
            instance: None,
        };
        store.open(ConnectionId(0), facts.clone(), Time::ZERO);
        for id in 1..=MAX_CLOSED as u64 + 5 {
            store.open(ConnectionId(id), facts.clone(), Time::ZERO);
            store.close(ConnectionId(id), Time::ZERO, String::new());
        }
        assert_eq!(store.connections().count(), MAX_CLOSED + 1);
        assert!(store.connection(ConnectionId(0)).is_some(), "it is open");
        assert!(store.connection(ConnectionId(5)).is_none());
    }
}
