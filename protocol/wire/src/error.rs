//! What is wrong with a connection: who is to blame, where, and what was found.

use std::fmt;

use crate::status::Code;
use crate::{Say, Words, say};

/// Who has to change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The other side broke the protocol.
    Peer,
    /// This side did, or its caller asked for what cannot be.
    Us,
    /// Neither: the network, or time.
    Between,
}

impl fmt::Display for Blame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Peer => "the peer",
            Self::Us => "this side",
            Self::Between => "the network",
        })
    }
}

/// The end of a connection that did not go as it should.
///
/// After an engine returned one: drain it once more (a goodbye may be queued), then close.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.say())]
pub struct Fault {
    /// Who is to blame.
    pub blame: Blame,
    /// The code that the goodbye and the calls that die of it carry.
    pub code: Code,
    /// Offset in the received bytes of the connection at which it was noticed.
    pub offset: u64,
    /// What was expected and what was found, one lower-case clause.
    pub what: Words,
}

impl Fault {
    /// A fault of the peer at `offset` of the bytes it sent.
    pub fn peer(code: Code, offset: u64, what: impl Into<Words>) -> Self {
        Self { blame: Blame::Peer, code, offset, what: what.into() }
    }
}

impl Say for Fault {
    fn say(&self) -> Words {
        say!("fault.at", "%{what} (offset %{offset})", what = self.what.clone(), offset = self.offset).into()
    }
}
