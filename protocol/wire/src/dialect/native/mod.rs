//! The native protocol, version 1: framed, multiplexed, with every shape of call (`protocol/README.md` is normative).
//!
//! ```text
//!  client.rs   server.rs     what a call frame means to each side
//!       └──┬──────┘
//!     connection.rs          handshake, the connection's own frames, goodbye, time
//!  receive.rs transmit.rs    bytes in; who sends what next
//!     stream.rs              one call
//!     hello.rs meta.rs       what the ids in HELLO and metadata mean
//!  cutter.rs dissect.rs      recorded bytes, for people
//! ```
//!
//! Must not know sockets, tasks, or any other dialect. Start at `connection.rs`.

mod client;
mod connection;
mod cutter;
mod dissect;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod fuzzing;
mod hello;
mod meta;
mod receive;
mod server;
mod stream;
mod transmit;

#[cfg(test)]
mod tests;

use crate::dialect::{Dialect, Sniff, Toward};
use crate::engine::{Carrier, Engine};
use crate::frame::native::MAGIC;
use crate::inspect::{Cutter, Dissection};
use crate::{Encoding, Limits, Time};

/// What we call ourselves in HELLO.
const AGENT: &str = concat!("callscope/", env!("CARGO_PKG_VERSION"));

/// The row in `dialect::ALL`.
#[derive(Debug)]
pub struct Native;

impl Dialect for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn carriers(&self) -> &'static [Carrier] {
        &[Carrier::Stream]
    }

    fn carries_trace(&self) -> bool {
        true
    }

    /// The first byte decides, since no other dialect starts with it: what is wrong behind it the engine can say better.
    fn sniff(&self, first: &[u8]) -> Sniff {
        match first.first() {
            None => Sniff::More,
            Some(byte) if *byte == MAGIC[0] => Sniff::Yes,
            Some(_) => Sniff::No,
        }
    }

    fn client(&self, limits: Limits, secure: bool, now: Time) -> Box<dyn Engine> {
        Box::new(client::Client::new(limits, secure, AGENT, now))
    }

    fn server(&self, limits: Limits, secure: bool, now: Time) -> Box<dyn Engine> {
        Box::new(server::Server::new(limits, secure, AGENT, now))
    }

    fn cutter(&self, toward: Toward) -> Box<dyn Cutter> {
        Box::new(cutter::NativeCutter::new(toward))
    }

    fn dissect(&self, toward: Toward, frame: &[u8]) -> Dissection {
        dissect::dissect(toward, frame, Encoding::default())
    }

    fn dissect_in(&self, toward: Toward, frame: &[u8], encoding: Encoding) -> Dissection {
        dissect::dissect(toward, frame, encoding)
    }
}
