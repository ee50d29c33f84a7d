//! The RPC protocols we speak, each a folder, each a row in [`ALL`].
//!
//! A dialect names itself, recognises its first bytes, makes engines for both sides, and cuts and
//! dissects recorded bytes for people. Dialects never use one another.

use std::fmt;

use crate::engine::{Carrier, Engine};
use crate::inspect::{Cutter, Dissection};
use crate::{Encoding, Limits, Time};

pub mod native;
pub mod plain;

/// What a dialect thinks of the first bytes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniff {
    /// Mine.
    Yes,
    /// Not mine.
    No,
    /// A proper prefix of mine: show me more.
    More,
}

/// Which way bytes went, seen from the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Toward {
    /// Client → server.
    Server,
    /// Server → client.
    Client,
}

/// One RPC protocol.
pub trait Dialect: Send + Sync + fmt::Debug {
    /// Scheme of its addresses and name on screen: `native`.
    fn name(&self) -> &'static str;

    /// What it travels in.
    fn carriers(&self) -> &'static [Carrier];

    /// Whether its requests have a place for a trace context.
    fn carries_trace(&self) -> bool {
        false
    }

    /// Whether a connection's first bytes, client → server, are this dialect's.
    fn sniff(&self, first: &[u8]) -> Sniff;

    /// A client's engine. `secure`: TLS below (checksums are then off).
    fn client(&self, limits: Limits, secure: bool, now: Time) -> Box<dyn Engine>;

    /// A server's engine.
    fn server(&self, limits: Limits, secure: bool, now: Time) -> Box<dyn Engine>;

    /// Cuts one direction of a recorded connection into frames, leniently.
    fn cutter(&self, toward: Toward) -> Box<dyn Cutter>;

    /// Explains one frame, leniently: never an error, odd things become diagnostics.
    fn dissect(&self, toward: Toward, frame: &[u8]) -> Dissection;

    /// The same, of a frame that does not say what the messages of its call are in.
    fn dissect_in(&self, toward: Toward, frame: &[u8], _encoding: Encoding) -> Dissection {
        self.dissect(toward, frame)
    }
}

/// Every dialect, in the order in which a listener sniffs.
pub static ALL: &[&dyn Dialect] = &[&native::Native, &plain::Plain];

/// The dialect with this name.
pub fn by_name(name: &str) -> Option<&'static dyn Dialect> {
    ALL.iter().copied().find(|dialect| dialect.name() == name)
}

/// The dialect that these first bytes belong to. `Ok(None)`: more bytes are needed. `Err`: nobody's.
pub fn sniff(first: &[u8]) -> Result<Option<&'static dyn Dialect>, UnknownDialect> {
    let mut undecided = false;
    for dialect in ALL {
        match dialect.sniff(first) {
            // An earlier dialect that still hopes comes first.
            Sniff::Yes if !undecided => return Ok(Some(*dialect)),
            Sniff::Yes | Sniff::No => {}
            Sniff::More => undecided = true,
        }
    }
    if undecided { Ok(None) } else { Err(UnknownDialect { first: first.iter().copied().take(16).collect() }) }
}

/// The first bytes of a connection are no dialect's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no dialect starts with these bytes: {first:02x?}")]
pub struct UnknownDialect {
    /// At most sixteen of them.
    pub first: Vec<u8>,
}
