//! What both sides of a native connection share: handshake, the connection's own frames, windows, goodbye, time.
//!
//! ```text
//!  Preface ──preface──▶ Hello ──HELLO──▶ Open ──goodbye, all calls over──▶ Over
//!     └────────────────────┴──── fault, end of stream ────┴──────────────────┘
//! ```
//!
//! `client.rs` and `server.rs` add what a call frame means to them; `transmit.rs` makes the bytes. Must not know sockets or tasks.

use std::collections::VecDeque;

use serde_json::json;

use super::hello::{Agreed, Hello, Numbers, VERSION};
use super::stream::{Piece, Queues, Stream};
use crate::engine::flow::{ReceiveWindow, SendWindow};
use crate::engine::keepalive::{Keepalive, Strikes};
use crate::engine::pending::{Turn, Turns};
use crate::engine::stream::{Index, Intake, Table, TooMuch};
use crate::engine::{Accepted, Closed, Event, Side};
use crate::frame::native::{Encoder, MAGIC, PREFACE_LEN, Splitter};
use crate::{Blame, CallId, Code, Fault, Limits, Sentence, Status, Time, say};

/// The highest number of a call.
pub(super) const MAX_STREAM: u32 = i32::MAX as u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The peer's preface is not here.
    Preface,
    /// Its HELLO is not here.
    Hello,
    /// Calls.
    Open,
    /// Nothing more is taken in; what is queued may still be drained.
    Over,
}

/// Calls that may queue as much as a call may before each has to do with less: 4 MiB a connection, which a thousand
/// calls with a slow peer would make 256.
const FULL_QUEUES: usize = 16;

/// What a call may queue however many there are. One message more always fits.
const MIN_QUEUED: usize = 4 << 10;

/// Streams that are over and whose queues are kept for the next ones.
const SPARE: usize = 64;

/// A frame that goes ahead of all calls' data.
#[derive(Debug)]
pub(super) enum Control {
    Preface,
    Hello,
    Ping([u8; 8]),
    Pong([u8; 8]),
    Window { stream: u32, credit: u32 },
    Goaway { last: u32, code: Code, reason: String },
    Cancel { stream: u32, reason: u16 },
    Status { stream: u32, status: Box<Status> },
}

/// The peer's goodbye.
#[derive(Clone, Debug)]
pub(super) struct Farewell {
    /// Client: calls above it were not processed.
    pub last: u32,
    pub code: Code,
    pub reason: String,
}

pub(super) struct Connection {
    pub side: Side,
    pub limits: Limits,
    pub stage: Stage,
    pub ours: Hello,
    /// What binds both; before the handshake is done, what every peer accepts.
    pub numbers: Numbers,
    pub agreed: Option<Agreed>,
    pub splitter: Splitter,
    pub encoder: Encoder,
    pub control: VecDeque<Control>,
    /// Bytes in `control` that answer the peer.
    pub answers: usize,
    pub events: VecDeque<Event>,
    pub send: SendWindow,
    pub intake: Intake,
    pub streams: Table<Stream>,
    spare: Vec<Queues>,
    pub by_number: Index,
    /// Client: slots by the owner's name. A server names a call by its number.
    pub by_call: Index,
    pub turns: Turns,
    /// The highest number used on the wire.
    pub highest: u32,
    /// We take no new calls.
    pub goodbye: bool,
    /// We said so, and named this stream as the last one.
    pub goodbye_said: Option<u32>,
    pub farewell: Option<Farewell>,
    pub keepalive: Keepalive,
    pub strikes: Strikes,
    pub handshake_by: Option<Time>,
    /// Something has waited to be sent since then without anyone asking for it.
    pub waiting_since: Option<Time>,
    fault: Option<Fault>,
    closed: Option<Closed>,
}

impl Connection {
    pub fn new(side: Side, limits: Limits, secure: bool, agent: &str, now: Time) -> Self {
        let ours = Hello::ours(&limits, secure, agent);
        let numbers = Numbers { max_message: ours.numbers.max_message, ..Numbers::FLOOR };
        let mut connection = Self {
            side,
            stage: Stage::Preface,
            numbers,
            agreed: None,
            splitter: Splitter::default(),
            encoder: Encoder::default(),
            control: VecDeque::new(),
            answers: 0,
            events: VecDeque::new(),
            send: SendWindow::new(numbers.connection_window),
            intake: Intake {
                window: ReceiveWindow::new(numbers.connection_window, limits.max_reassembly),
                held: 0,
                max_message: numbers.max_message as usize,
                max_held: limits.max_reassembly,
            },
            streams: Table::default(),
            spare: Vec::new(),
            by_number: Index::default(),
            by_call: Index::default(),
            turns: Turns::default(),
            highest: 0,
            goodbye: false,
            goodbye_said: None,
            farewell: None,
            keepalive: Keepalive::new(limits.stalled_timeout),
            strikes: Strikes::default(),
            handshake_by: Some(now + limits.handshake_timeout),
            waiting_since: None,
            fault: None,
            closed: None,
            limits,
            ours,
        };
        if side == Side::Client {
            connection.encoder.checksums = connection.ours.features & super::hello::CHECKSUMS != 0;
            connection.control.extend([Control::Preface, Control::Hello]);
            connection.waiting_since = Some(now);
        }
        connection
    }

    pub fn introduce(&mut self, instance: &str) {
        self.ours.instance = Some(instance.to_owned());
    }

    /// The slot of a call that is not over.
    pub fn slot(&self, call: CallId) -> Option<usize> {
        match self.side {
            Side::Client => self.by_call.get(&call.0).copied(),
            Side::Server => self.by_number.get(&call.0).copied(),
        }
    }

    /// Queues a piece of the stream in this slot.
    pub fn push(&mut self, slot: usize, piece: Piece) {
        if let Some(stream) = self.streams.get_mut(slot) {
            if let Piece::Message(message, _) | Piece::Request { message: Some(message), .. } = &piece {
                stream.queued += message.len();
            }
            stream.outbox.push_back(piece);
            self.turns.offer(slot, &mut stream.turn);
        }
    }

    /// What each call may have queued.
    pub fn max_queued(&self) -> usize {
        let most = self.limits.max_queued;
        let share = most.saturating_mul(FULL_QUEUES) / self.streams.len().max(1);
        share.max(MIN_QUEUED).min(most)
    }

    /// Whether the owner should wait with more of this call.
    pub fn accepted(&mut self, slot: usize) -> Accepted {
        // Mostly little is queued, and what a call may queue need not be worked out.
        if self.streams.get(slot).is_none_or(|stream| stream.queued <= MIN_QUEUED) {
            return Accepted::Open;
        }
        let most = self.max_queued();
        match self.streams.get_mut(slot) {
            Some(stream) if stream.queued > most => {
                stream.blocked = true;
                Accepted::Blocked
            }
            _ => Accepted::Open,
        }
    }

    /// The connection has credit, or larger limits: whoever waited for that may try again.
    pub fn wake_all(&mut self) {
        for slot in self.turns.take_waiting() {
            if let Some(stream) = self.streams.get_mut(slot) {
                stream.turn = Turn::Idle;
                self.turns.offer(slot, &mut stream.turn);
            }
        }
        // The handshake may have given streams more credit, too.
        if self.agreed.is_none() {
            for (slot, stream) in self.streams.iter_mut() {
                if stream.turn == Turn::Stream {
                    self.turns.wake(slot, &mut stream.turn);
                }
            }
        }
    }

    /// A stream with nothing in it yet.
    pub fn stream(&mut self, call: CallId, id: u32) -> Stream {
        Stream::new(call, id, &self.numbers, self.spare.pop().unwrap_or_default())
    }

    /// Forgets a stream; what it held of the connection goes back. Gives its owner's name of it, and whether nothing comes back.
    pub fn remove(&mut self, slot: usize) -> Option<(CallId, bool)> {
        let mut stream = self.streams.remove(slot)?;
        stream.inbox.discard(&mut self.intake);
        self.turns.remove(slot, stream.turn);
        self.by_number.remove(&u64::from(stream.id));
        self.by_call.remove(&stream.call.0);
        let gone = (stream.call, stream.one_way);
        if self.spare.len() < SPARE {
            self.spare.extend(Queues::of(stream));
        }
        Some(gone)
    }

    pub fn has_to_send(&self) -> bool {
        !self.control.is_empty() || !self.turns.is_empty()
    }

    /// How a call ends of a message that is too long. Says whose limit it is, so that people know where to raise it; the
    /// details say the same to programs.
    pub fn too_long(&self, error: TooMuch) -> Status {
        let ours = self.numbers.max_message == self.ours.numbers.max_message;
        let set_by = match (self.side, ours) {
            (Side::Client, true) | (Side::Server, false) => "client",
            (Side::Server, true) | (Side::Client, false) => "server",
        };
        let (message, detail) = match error {
            TooMuch::Message { len, limit } => (
                format!("{error}, which the {set_by} set"),
                json!({ "limit": "max_message", "limit_bytes": limit, "message_bytes": len, "set_by": set_by }),
            ),
            TooMuch::Reassembly { held, limit } => {
                (error.to_string(), json!({ "limit": "incomplete_messages", "limit_bytes": limit, "held_bytes": held }))
            }
        };
        Status { details: vec![detail], ..Status::new(Code::RESOURCE_EXHAUSTED, message) }
    }

    // ---- time

    pub fn ping(&mut self, now: Time) {
        self.keepalive.want();
        self.send_ping(now);
    }

    fn send_ping(&mut self, now: Time) {
        if self.stage == Stage::Open
            && let Some(token) = self.keepalive.due(now)
        {
            self.control.push_back(Control::Ping(token));
        }
    }

    pub fn tick(&mut self, now: Time) -> Result<(), Fault> {
        let at = self.splitter.offset();
        let late = |code, what: Sentence| Err(Fault { blame: Blame::Between, code, offset: at, what: what.into() });
        if self.handshake_by.is_some_and(|by| now >= by) {
            let missing = if self.stage == Stage::Preface { "preface" } else { "HELLO" };
            let within = format!("{:?}", self.limits.handshake_timeout);
            let what = say!("native.no_handshake", "no %{what} within %{time}", what = missing, time = within);
            return late(Code::HANDSHAKE_TIMEOUT, what);
        }
        if self.waiting_since.is_some_and(|since| now >= since + self.limits.stalled_timeout) {
            let time = format!("{:?}", self.limits.stalled_timeout);
            return late(Code::UNAVAILABLE, say!("native.stalled", "the peer took no bytes for %{time}", time = time));
        }
        if self.keepalive.is_dead(now) {
            let time = format!("{:?}", self.limits.stalled_timeout);
            let what = say!("native.no_pong", "the peer did not answer a ping within %{time}", time = time);
            return late(Code::UNAVAILABLE, what);
        }
        self.send_ping(now);
        Ok(())
    }

    pub fn wake_at(&self) -> Option<Time> {
        if self.stage == Stage::Over {
            return None;
        }
        let stalled = self.waiting_since.map(|since| since + self.limits.stalled_timeout);
        let ping = if self.stage == Stage::Open { self.keepalive.wake_at() } else { None };
        [self.handshake_by, stalled, ping].into_iter().flatten().min()
    }

    // ---- the end

    /// Ends every input: credit that gathered goes out, the stall clock starts, a finished goodbye closes.
    pub fn settle(&mut self, now: Time) {
        if self.stage == Stage::Over {
            return;
        }
        if let Some(credit) = self.intake.window.credit() {
            self.control.push_back(Control::Window { stream: 0, credit });
        }
        if self.goodbye && self.goodbye_said.is_none() {
            self.queue_goodbye();
        }
        if !self.has_to_send() {
            self.waiting_since = None;
        } else if self.waiting_since.is_none() {
            self.waiting_since = Some(now);
        }
        let parting = self.goodbye_said.is_some() || (self.farewell.is_some() && !self.goodbye);
        if parting && self.control.is_empty() && self.streams.iter().all(|(_, stream)| stream.forgotten) {
            self.stage = Stage::Over;
            self.closed = Some(Closed::Clean);
        }
    }

    /// The peer's end of stream, seen by a connection that has nothing open and had its handshake, or was saying goodbye.
    pub fn close_clean(&mut self) {
        self.stage = Stage::Over;
        self.control.clear();
        self.closed = Some(Closed::Clean);
    }

    /// Why an end of stream is too early, if it is.
    pub fn untimely_end(&self) -> Option<Fault> {
        // A one-way call that still runs owes the client nothing.
        let open = self.streams.iter().filter(|(_, stream)| !stream.forgotten && !stream.one_way).count();
        let left = self.splitter.left();
        let what = if left > 0 {
            say!("native.ended_in_frame", "the connection ended %{bytes} bytes into a frame", bytes = left)
        } else if self.stage != Stage::Open && self.farewell.is_none() {
            say!("native.ended_early", "the connection ended before its handshake was done")
        } else if open > 0 {
            say!("native.ended_open", "the connection ended with %{count} calls open", count = open)
        } else {
            return None;
        };
        let offset = self.splitter.offset() + left as u64;
        Some(Fault { blame: Blame::Between, code: Code::UNAVAILABLE, offset, what: what.into() })
    }

    /// Dies of a fault: forgets all streams, queues a goodbye where the peer may still hear it.
    pub fn die(&mut self, fault: &Fault, goodbye: bool) {
        self.stage = Stage::Over;
        self.turns = Turns::default();
        self.by_number.clear();
        self.by_call.clear();
        self.streams = Table::default();
        // What the peer needs to understand a goodbye stays: our preface and HELLO.
        self.control.retain(|control| matches!(control, Control::Preface | Control::Hello));
        if goodbye {
            let last = self.last_accepted();
            self.control.push_back(Control::Goaway { last, code: fault.code, reason: fault.to_string() });
        } else {
            self.control.clear();
        }
        self.fault = Some(fault.clone());
        self.note_drained();
    }

    /// A dead connection is closed once its goodbye was drained.
    pub fn note_drained(&mut self) {
        if self.control.is_empty()
            && let Some(fault) = self.fault.take()
        {
            self.closed = Some(Closed::Fault(fault));
        }
    }

    pub const fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// Says goodbye once; calls that run go on.
    pub fn say_goodbye(&mut self) {
        self.goodbye = true;
    }

    /// What a GOAWAY names.
    fn last_accepted(&self) -> u32 {
        match self.side {
            Side::Client => 0,
            Side::Server => self.goodbye_said.unwrap_or(self.highest),
        }
    }

    /// A client's goodbye does not overtake requests that were accepted before it: the server could be gone when they arrive.
    fn queue_goodbye(&mut self) {
        let waiting = |(_, stream): (usize, &Stream)| stream.id == 0;
        let too_soon = match self.side {
            Side::Client => self.streams.iter().any(waiting),
            // Nothing may come before its preface and HELLO.
            Side::Server => self.stage != Stage::Open,
        };
        if too_soon {
            return;
        }
        let last = self.last_accepted();
        self.goodbye_said = Some(last);
        self.control.push_back(Control::Goaway { last, code: Code::OK, reason: "shutting down".into() });
    }

    /// Bytes of our preface.
    pub const fn preface() -> [u8; PREFACE_LEN] {
        let [a, b, c, d] = MAGIC;
        [a, b, c, d, VERSION, VERSION, 0, 0]
    }
}
