//! What a call is, whatever the dialect: a shape, a method, metadata, a deadline.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Encoding, Metadata, Trace};

/// How many messages go each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// One each way.
    #[default]
    Unary,
    /// One up, any number down.
    ServerStream,
    /// Any number up, one down.
    ClientStream,
    /// Any number both ways.
    Bidi,
    /// One up, nothing down, not even a status.
    OneWay,
}

impl Shape {
    /// Whether the client may send more than one message.
    pub const fn client_streams(self) -> bool {
        matches!(self, Self::ClientStream | Self::Bidi)
    }

    /// Whether the server may send more than one message.
    pub const fn server_streams(self) -> bool {
        matches!(self, Self::ServerStream | Self::Bidi)
    }
}

/// What opens a call, on either side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallHead {
    /// `package.Service/Method`; other dialects use their own names.
    pub method: String,
    /// Metadata for the handler.
    pub metadata: Metadata,
    /// Time left, relative so that clock skew is harmless. `None`: as long as it takes.
    pub timeout: Option<Duration>,
    /// Earlier attempts of the same call: 0 for the first.
    pub attempt: u8,
    /// No frame ever comes back.
    pub one_way: bool,
    /// W3C trace context: trace id, the sender's span, flags, state.
    pub trace: Option<Trace>,
    /// What its messages are in, both ways.
    pub encoding: Encoding,
}
