//! Tapped bytes become frames: recognizes each connection's dialect once, cuts both directions, and remembers
//! which call a stream is.
//!
//! ```text
//!                        dialect known beforehand, or sniffed
//!  Opened ──▶ Undecided ─────────────────────────────────────▶ Known ── cuts ──▶ frames
//!                 │ nobody's, lost bytes, too much held
//!                 └──────────────────────────────────────────▶ Unknown ────────▶ frames of kind `?`
//! ```
//!
//! Works on chunks and gives batches, so that whoever shares the store locks it for a moment only. Bytes are not
//! copied where a frame lies in one chunk.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;

use super::streams::Streams;
use super::{ConnectionFacts, Frame, Store, TapChunk, TapEvent};
use crate::dialect::{self, Dialect, Toward};
use crate::engine::Side;
use crate::inspect::{Cut, Cutter};
use crate::{ConnectionId, FrameId, Time};

/// Bytes held of a connection, both directions, until its dialect is known.
const MAX_HELD: usize = 128 << 10;

/// Method names kept once for all frames; and how long one may be, as they are the peer's to choose.
const MAX_NAMES: usize = 4 << 10;
const MAX_NAME: usize = 256;

/// Makes frames of what taps saw.
#[derive(Default)]
pub struct Recorder {
    connections: HashMap<ConnectionId, Tracked>,
    names: HashSet<Arc<str>>,
    /// Kept for its memory.
    cuts: Vec<Cut>,
}

/// What chunks amounted to, to be put into a store.
#[derive(Debug, Default)]
pub struct Batch(Vec<Record>);

#[derive(Debug)]
enum Record {
    Opened(ConnectionId, Time, ConnectionFacts),
    Recognized(ConnectionId, &'static str),
    Frame(Frame),
    Lost(u64),
    Closed(ConnectionId, Time, String),
}

impl Batch {
    /// Appends what came later.
    pub fn extend(&mut self, later: Self) {
        if self.0.is_empty() {
            *self = later;
        } else {
            self.0.extend(later.0);
        }
    }

    /// Puts everything into the store; frames only if they are to be kept. Whether the store has changed.
    pub fn append(self, store: &mut Store, keep_frames: bool) -> bool {
        let mut changed = false;
        for record in self.0 {
            match record {
                Record::Frame(_) if !keep_frames => continue,
                Record::Frame(frame) => {
                    store.push(frame);
                }
                Record::Opened(id, at, facts) => store.open(id, facts, at),
                Record::Recognized(id, dialect) => store.recognize(id, dialect),
                Record::Lost(bytes) => store.lose(bytes),
                Record::Closed(id, at, reason) => store.close(id, at, reason),
            }
            changed = true;
        }
        changed
    }
}

/// A connection that is open.
struct Tracked {
    side: Side,
    state: State,
    streams: Streams,
}

enum State {
    Undecided(Held),
    Known(Box<Known>),
    Unknown,
}

struct Known {
    dialect: &'static dyn Dialect,
    toward_server: Box<dyn Cutter>,
    toward_client: Box<dyn Cutter>,
}

/// What was seen before anybody recognized it.
#[derive(Default)]
struct Held {
    pieces: Vec<(Time, Piece)>,
    /// The client's bytes in one, to sniff at.
    first: Vec<u8>,
    bytes: usize,
}

/// Something in one direction.
struct Piece {
    sent: bool,
    what: What,
}

enum What {
    Bytes(Bytes),
    Lost(u64),
}

impl Recorder {
    /// What one chunk amounts to. Chunks of a connection come in order.
    pub fn cut(&mut self, chunk: TapChunk) -> Batch {
        let mut batch = Batch::default();
        let TapChunk { connection, at, what } = chunk;
        match what {
            TapEvent::Opened(facts) => {
                let known = facts.dialect.and_then(dialect::by_name);
                let state = known.map_or_else(|| State::Undecided(Held::default()), State::known);
                let tracked = Tracked { side: facts.side, state, streams: Streams::default() };
                self.connections.insert(connection, tracked);
                batch.0.push(Record::Opened(connection, at, facts));
            }
            TapEvent::Sent(bytes) => {
                self.piece(connection, at, Piece { sent: true, what: What::Bytes(bytes) }, &mut batch);
            }
            TapEvent::Received(bytes) => {
                self.piece(connection, at, Piece { sent: false, what: What::Bytes(bytes) }, &mut batch);
            }
            TapEvent::Lost { sent, bytes } => {
                batch.0.push(Record::Lost(bytes));
                self.piece(connection, at, Piece { sent, what: What::Lost(bytes) }, &mut batch);
            }
            TapEvent::Closed(reason) => {
                self.finish(connection, at, &mut batch);
                batch.0.push(Record::Closed(connection, at, reason));
            }
        }
        batch
    }

    fn piece(&mut self, id: ConnectionId, at: Time, piece: Piece, batch: &mut Batch) {
        // A tap announces its connection; what does not come from one is shown all the same.
        let tracked = self.connections.entry(id).or_insert_with(|| Tracked {
            side: Side::Client,
            state: State::Unknown,
            streams: Streams::default(),
        });
        let State::Undecided(held) = &mut tracked.state else {
            return self.apply(id, at, piece, batch);
        };
        held.push(at, piece, tracked.side);
        match held.verdict() {
            Ok(None) => {}
            Ok(Some(dialect)) => {
                batch.0.push(Record::Recognized(id, dialect.name()));
                self.decide(id, State::known(dialect), batch);
            }
            Err(Nobodys) => self.decide(id, State::Unknown, batch),
        }
    }

    /// What was held goes the way of what comes, each piece with its own time.
    fn decide(&mut self, id: ConnectionId, state: State, batch: &mut Batch) {
        let Some(tracked) = self.connections.get_mut(&id) else { return };
        let State::Undecided(held) = &mut tracked.state else { return };
        let pieces = std::mem::take(&mut held.pieces);
        tracked.state = state;
        for (at, piece) in pieces {
            self.apply(id, at, piece, batch);
        }
    }

    fn apply(&mut self, id: ConnectionId, at: Time, piece: Piece, batch: &mut Batch) {
        let Some(tracked) = self.connections.get_mut(&id) else { return };
        let mut cuts = std::mem::take(&mut self.cuts);
        let dialect = match (&mut tracked.state, piece.what) {
            (State::Known(known), What::Bytes(bytes)) => {
                known.cutter(toward(piece.sent, tracked.side)).feed(bytes, &mut cuts);
                Some(known.dialect.name())
            }
            (State::Known(known), What::Lost(bytes)) => {
                known.cutter(toward(piece.sent, tracked.side)).gap(bytes);
                tracked.streams.lose(piece.sent);
                None
            }
            (_, What::Bytes(bytes)) => {
                cuts.push(Cut {
                    bytes,
                    kind: "?",
                    stream: 0,
                    method: None,
                    code: None,
                    odd: true,
                    message: None,
                    encoding: None,
                });
                None
            }
            (_, What::Lost(_)) => None,
        };
        for cut in cuts.drain(..) {
            let frame = tracked.frame(id, at, piece.sent, dialect, cut, &mut self.names);
            batch.0.push(Record::Frame(frame));
        }
        self.cuts = cuts;
    }

    fn finish(&mut self, id: ConnectionId, at: Time, batch: &mut Batch) {
        self.decide(id, State::Unknown, batch);
        let Some(mut tracked) = self.connections.remove(&id) else { return };
        for sent in [true, false] {
            let State::Known(known) = &mut tracked.state else { return };
            let mut cuts = Vec::new();
            known.cutter(toward(sent, tracked.side)).finish(&mut cuts);
            let dialect = Some(known.dialect.name());
            for cut in cuts {
                let frame = tracked.frame(id, at, sent, dialect, cut, &mut self.names);
                batch.0.push(Record::Frame(frame));
            }
        }
    }
}

impl Tracked {
    fn frame(
        &mut self,
        connection: ConnectionId,
        at: Time,
        sent: bool,
        dialect: Option<&'static str>,
        cut: Cut,
        names: &mut HashSet<Arc<str>>,
    ) -> Frame {
        if cut.odd && cut.stream == 0 && cut.message.is_none() {
            // Bytes that fit no frame may have been parts of messages.
            self.streams.lose(sent);
        }
        let method = match cut.method {
            Some(name) => {
                let name = shared(names, &name);
                self.streams.begin(cut.stream, &name, cut.encoding.unwrap_or_default());
                Some(name)
            }
            None => self.streams.method(cut.stream),
        };
        let message = cut.message.and_then(|part| self.streams.part(cut.stream, sent, part));
        if cut.code.is_some() {
            self.streams.end(cut.stream);
        }
        Frame {
            // The store numbers it.
            id: FrameId::default(),
            at,
            connection,
            stream: cut.stream,
            sent,
            side: self.side,
            dialect,
            kind: cut.kind,
            method,
            code: cut.code,
            odd: cut.odd,
            message,
            encoding: self.streams.encoding(cut.stream),
            bytes: cut.bytes,
        }
    }
}

impl State {
    fn known(dialect: &'static dyn Dialect) -> Self {
        Self::Known(Box::new(Known {
            dialect,
            toward_server: dialect.cutter(Toward::Server),
            toward_client: dialect.cutter(Toward::Client),
        }))
    }
}

impl Known {
    fn cutter(&mut self, toward: Toward) -> &mut dyn Cutter {
        match toward {
            Toward::Server => self.toward_server.as_mut(),
            Toward::Client => self.toward_client.as_mut(),
        }
    }
}

/// No dialect starts like this, or it cannot be told any more.
struct Nobodys;

impl Held {
    fn push(&mut self, at: Time, piece: Piece, side: Side) {
        match &piece.what {
            What::Bytes(bytes) => {
                self.bytes += bytes.len();
                if toward(piece.sent, side) == Toward::Server {
                    self.first.extend_from_slice(bytes);
                }
            }
            // With a hole in it the beginning is none.
            What::Lost(_) if toward(piece.sent, side) == Toward::Server => self.bytes = usize::MAX,
            What::Lost(_) => {}
        }
        self.pieces.push((at, piece));
    }

    fn verdict(&self) -> Result<Option<&'static dyn Dialect>, Nobodys> {
        if self.bytes == usize::MAX {
            return Err(Nobodys);
        }
        match dialect::sniff(&self.first) {
            Ok(None) if self.bytes > MAX_HELD || self.pieces.len() > MAX_HELD / 16 => Err(Nobodys),
            Ok(verdict) => Ok(verdict),
            Err(_) => Err(Nobodys),
        }
    }
}

const fn toward(sent: bool, side: Side) -> Toward {
    match (sent, side) {
        (true, Side::Client) | (false, Side::Server) => Toward::Server,
        (false, Side::Client) | (true, Side::Server) => Toward::Client,
    }
}

/// The name as all frames share it.
fn shared(names: &mut HashSet<Arc<str>>, name: &str) -> Arc<str> {
    let name = name.get(..name.floor_char_boundary(MAX_NAME)).unwrap_or(name);
    if let Some(known) = names.get(name) {
        return Arc::clone(known);
    }
    let name: Arc<str> = name.into();
    if names.len() < MAX_NAMES {
        names.insert(Arc::clone(&name));
    }
    name
}

#[cfg(test)]
mod tests;
