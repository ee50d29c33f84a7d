//! What was seen: frames off the tap, and calls as flows of events. Knows no concrete dialect.
//!
//! ```text
//!  TapChunk ──▶ Recorder ── cuts frames ──▶ Batch ──▶ Store (bounded by memory, oldest out first) ──▶ Filter
//!  FlowEvent ─▶ Flow ── attempts, timings, outcome, which streams carried it
//! ```
//!
//! The store is the seam for sessions on disk: everything above it asks for frames by id.

pub mod event;
pub mod filter;
pub mod flow;
pub mod message;
pub mod recorder;
pub mod store;
mod streams;
pub mod verdict;

pub use event::{FlowEvent, Segment};
pub use filter::{Filter, FilterError};
pub use flow::{Attempt, Count, Flow};
pub use message::{Message, MessageKey, MessagePart};
pub use recorder::{Batch, Recorder};
pub use store::{Frame, FrameBytes, Store};
pub use verdict::verdict;

use bytes::Bytes;

use crate::engine::Side;
use crate::{ConnectionId, Time};

/// What a tap saw on one connection, on the plaintext side of TLS.
#[derive(Clone, Debug)]
pub struct TapChunk {
    /// The connection.
    pub connection: ConnectionId,
    /// When.
    pub at: Time,
    /// What.
    pub what: TapEvent,
}

/// What a tap saw.
#[derive(Clone, Debug)]
pub enum TapEvent {
    /// A connection was made; comes before its bytes.
    Opened(ConnectionFacts),
    /// This side wrote bytes.
    Sent(Bytes),
    /// This side read bytes.
    Received(Bytes),
    /// The queue was full: so many bytes of this direction are missing here.
    Lost {
        /// Whether this side wrote them.
        sent: bool,
        /// How many.
        bytes: u64,
    },
    /// It is closed, and why, in plain words; empty for a clean end.
    Closed(String),
}

/// What is known of a connection when it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionFacts {
    /// Which side of it we are.
    pub side: Side,
    /// Our end, as text: `127.0.0.1:51844`.
    pub local: String,
    /// The other end.
    pub peer: String,
    /// `tcp`, `tls`, `memory`.
    pub transport: &'static str,
    /// The dialect, where it is known beforehand (clients); servers sniff.
    pub dialect: Option<&'static str>,
    /// Instance id at the other end, where a client knows it.
    pub instance: Option<String>,
}
