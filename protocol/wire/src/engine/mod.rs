//! The contract of a dialect's machine: one side of one connection, without sockets or clocks.
//!
//! ```text
//!             input(now, …)                      poll_transmit(budget), poll_event()
//!  bytes, eof ─────────────▶ ┌───────────────┐ ──────────▶ bytes to send
//!  call, item, half-close ─▶ │    Engine     │ ──────────▶ events: request, message, end, goaway, diagnostic
//!  cancel, consumed, timer ▶ │  one side of  │ ──────────▶ wake me at (`wake_at`)
//!  shutdown ───────────────▶ │ one connection│ ──────────▶ close, with a reason (`closed`)
//!                            └───────────────┘
//! ```
//!
//! After every input, drain what it made: bytes within a budget, then events. Input never blocks,
//! never panics, and never allocates more than `Limits` allow. `Err(Fault)` means: drain once more
//! (a goodbye may be queued), then close.
//!
//! Parts that multiplexed dialects share: [`pending`] (whose turn it is), [`flow`] (windows), [`stream`] (messages out of
//! parts), [`keepalive`] (pings).
//!
//! Only `net::driver` (live), `wire::testing` (virtual time) and `wire::inspect` (recorded bytes) drive engines.

pub mod flow;
pub mod keepalive;
pub mod pending;
pub mod stream;

use bytes::Bytes;

use crate::{CallHead, CallId, Code, Codec, Compression, Fault, Metadata, Status, Time};

/// Which side of the connection an engine plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Opens calls.
    Client,
    /// Answers them.
    Server,
}

/// What a dialect travels in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// A byte stream: TCP, TLS, memory.
    Stream,
}

/// Everything that can happen to an engine.
#[derive(Debug)]
pub enum Input {
    /// Bytes from the peer, in order. Messages are cut out of them without copying where they lie whole.
    Bytes(Bytes),
    /// The peer will send nothing more.
    Eof,
    /// Client: open a call. `message` is the first message if there is one by now; `end`: nothing follows it. Messages are in the codec of
    /// `head` and not compressed, here and below: the engine does that where it is worth it.
    Call {
        /// Chosen by the caller, never used twice on one connection.
        call: CallId,
        /// Method, metadata, deadline.
        head: Box<CallHead>,
        /// First message, encoded.
        message: Option<Bytes>,
        /// Half-close at once.
        end: bool,
    },
    /// Either side: one more message of a call. A server's unary answer is one `Message`, then `Finish`.
    Message {
        /// The call.
        call: CallId,
        /// One message, encoded.
        message: Bytes,
        /// Client: half-close behind it. Servers say `Finish` instead.
        end: bool,
    },
    /// Client: nothing more will be sent.
    HalfClose {
        /// The call.
        call: CallId,
    },
    /// Client: give up. Reaches the wire at once, ahead of queued messages.
    Cancel {
        /// The call.
        call: CallId,
        /// Why.
        reason: CancelReason,
    },
    /// Server: response metadata ahead of the first message.
    Headers {
        /// The call.
        call: CallId,
        /// Response metadata.
        metadata: Metadata,
    },
    /// Server: the call is over, with a status (and its trailers).
    Finish {
        /// The call.
        call: CallId,
        /// How it ended.
        status: Box<Status>,
    },
    /// Either side: the application has taken this many bytes of messages of the call; their credit goes back.
    Consumed {
        /// The call.
        call: CallId,
        /// Message bytes taken.
        bytes: usize,
    },
    /// Measure a round trip. Answered by `Event::Pong`.
    Ping,
    /// Stop gracefully: say goodbye, take no new calls, finish what runs.
    Shutdown,
    /// The time that `wake_at` asked for has come.
    Timer,
}

/// Why a client gave up; the native protocol's numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CancelReason {
    /// Somebody pressed the button or dropped the handle.
    #[default]
    User,
    /// Its time was over.
    Deadline,
    /// Another attempt won.
    Superseded,
    /// The client is shutting down.
    GoingAway,
}

/// What an engine thinks of an accepted input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Accepted {
    /// Go on.
    Open,
    /// Queued, but more than `Limits::max_queued` waits for this call: send no more until `Event::Writable`.
    Blocked,
}

/// What an engine tells its owner.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The handshake is done; what the two agreed on.
    Ready(Agreement),
    /// Client: the call has this number on the wire, so that recorded frames can be told apart.
    Opened {
        /// The call.
        call: CallId,
        /// Its number on the wire.
        stream: u64,
    },
    /// Server: a call arrives.
    Request {
        /// Assigned by the engine.
        call: CallId,
        /// Its number on the wire.
        stream: u64,
        /// Method, metadata, deadline.
        head: Box<CallHead>,
        /// First message, if it came with it.
        message: Option<Bytes>,
        /// The message is compressed, see [`Event::Packed`].
        packed: bool,
        /// Nothing follows.
        end: bool,
    },
    /// Client: response metadata ahead of the first message.
    Headers {
        /// The call.
        call: CallId,
        /// Response metadata.
        metadata: Metadata,
    },
    /// One message from the peer. Give its size back with `Input::Consumed` once it was taken.
    Message {
        /// The call.
        call: CallId,
        /// One message, encoded.
        message: Bytes,
    },
    /// The same, as it was compressed by what the call's head says. Whoever takes it decompresses it, so that a bomb waits
    /// as the few bytes that it is, and costs nobody but its taker. `Input::Consumed` counts these bytes.
    Packed {
        /// The call.
        call: CallId,
        /// One message, encoded and compressed.
        message: Bytes,
    },
    /// Server: the client will send nothing more.
    HalfClosed {
        /// The call.
        call: CallId,
    },
    /// Server: the client gave up, or the connection did. The handler's answer goes nowhere.
    Cancelled {
        /// The call.
        call: CallId,
        /// Why.
        reason: CancelReason,
    },
    /// Client: the call is over. Exactly one for every call that was accepted, whatever happens.
    End {
        /// The call.
        call: CallId,
        /// How it ended.
        status: Box<Status>,
    },
    /// A blocked call may send again.
    Writable {
        /// The call.
        call: CallId,
    },
    /// The peer is going away: open no new calls here. Those above its last accepted one end as not processed.
    GoAway {
        /// Why.
        code: Code,
        /// Its own words.
        reason: String,
    },
    /// A ping came back.
    Pong {
        /// Round trip.
        rtt: std::time::Duration,
    },
    /// Odd, but not deadly: shown, not acted on.
    Diagnostic(String),
}

/// What the handshake settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Protocol version, as the dialect writes it.
    pub version: String,
    /// The peer's name for itself.
    pub agent: String,
    /// The peer's instance id, if it said one.
    pub instance: Option<String>,
    /// Calls it takes at once.
    pub max_streams: u32,
    /// Bytes of one message, decompressed.
    pub max_message: usize,
    /// What messages may be in.
    pub codecs: Vec<Codec>,
    /// How they may be compressed.
    pub compressions: Vec<Compression>,
}

/// Why a connection is closed, once it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Both sides had said what they had to say.
    Clean,
    /// Something was wrong.
    Fault(Fault),
}

/// One side of one connection.
pub trait Engine: Send {
    /// Tells the engine its owner's instance id, which the handshake passes on where the dialect has a place for it.
    /// Before the first input.
    fn introduce(&mut self, _instance: &str) {}

    /// Something happened. `Err`: drain once more, then close; the engine takes nothing further.
    fn input(&mut self, now: Time, input: Input) -> Result<Accepted, Fault>;

    /// Appends at most about `budget` bytes to send (whole frames; the last may pass the budget) and
    /// returns how many. Zero means: nothing to send.
    fn poll_transmit(&mut self, now: Time, budget: usize, out: &mut Vec<Bytes>) -> usize;

    /// The next event, oldest first.
    fn poll_event(&mut self) -> Option<Event>;

    /// When to call with `Input::Timer`, if nothing else happens before.
    fn wake_at(&self) -> Option<Time>;

    /// Whether it is over: everything sent, nothing more to come. The owner flushes what it polled, shuts down its
    /// writing side, reads and discards for at most a second, and closes: unread bytes would reset the last words away.
    fn closed(&self) -> Option<&Closed>;

    /// Whether it can take a new call now (client: handshake not failed, stream limit not reached, no goodbye).
    fn ready_for_call(&self) -> bool;

    /// Whether it wants to be read from. `false` pushes back on a dialect without stream windows.
    fn wants_read(&self) -> bool {
        true
    }
}
