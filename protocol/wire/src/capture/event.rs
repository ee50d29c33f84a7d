//! What happens to a call, as its client saw it. The window draws nothing that is not one of these.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::policy::BreakerState;
use crate::{ConnectionId, Metadata, Shape, SpanId, Status, TraceSpan, Words};

/// A part of a call's time, in the order in which they come. Names as in the timeline's legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// Address → instances.
    Resolve,
    /// Instances → one that its breaker permits.
    Pick,
    /// Transport connection.
    Connect,
    /// TLS handshake.
    Tls,
    /// Dialect's handshake.
    Handshake,
    /// Request handed to the connection → written.
    Send,
    /// Written → first frame of the answer.
    Wait,
    /// First → last frame of the answer.
    Receive,
}

impl Segment {
    /// Its name on screen and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Pick => "pick",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Handshake => "handshake",
            Self::Send => "send",
            Self::Wait => "wait",
            Self::Receive => "receive",
        }
    }
}

/// Something that happened to a call. Each comes with the time at which it happened.
#[derive(Clone, Debug, PartialEq)]
pub enum FlowEvent {
    /// The user asked for it.
    Started {
        /// As given: `registry:///orders`.
        target: String,
        /// `package.Service/Method`.
        method: String,
        /// How many messages go each way.
        shape: Shape,
        /// Over all attempts.
        deadline: Option<Duration>,
        /// Where it stands among other calls; `None`: what is spoken there has no place for it.
        trace: Option<TraceSpan>,
        /// The instance whose handler makes the call; `None`: the user.
        caller: Option<String>,
    },
    /// The address was resolved.
    Resolved {
        /// Instances known.
        instances: usize,
        /// How long that took.
        took: Duration,
    },
    /// An attempt begins: an instance was picked.
    AttemptStarted {
        /// Counted from 1.
        attempt: u8,
        /// Its id.
        instance: String,
        /// Its address.
        address: String,
        /// State of its breaker at the pick; `None`: no breaker.
        breaker: Option<BreakerState>,
        /// Its own span, which its server knows it by; `None`: it has no place in the request.
        span: Option<SpanId>,
    },
    /// A part of an attempt's time, once it is over; the event's time is its end.
    Segment {
        /// The attempt, 0 for the call's own (resolve).
        attempt: u8,
        /// Which part.
        segment: Segment,
        /// How long it took.
        took: Duration,
    },
    /// The attempt's frames carry this number on this connection.
    Wire {
        /// The attempt.
        attempt: u8,
        /// The connection.
        connection: ConnectionId,
        /// The number.
        stream: u64,
    },
    /// A message left.
    Sent {
        /// Bytes as encoded.
        bytes: usize,
    },
    /// Response metadata arrived ahead of the messages.
    Headers {
        /// Response metadata.
        metadata: Metadata,
    },
    /// A message arrived.
    Received {
        /// Bytes as encoded.
        bytes: usize,
    },
    /// An attempt is over.
    AttemptEnded {
        /// The attempt.
        attempt: u8,
        /// How.
        status: Status,
    },
    /// The next attempt waits this long.
    Backoff {
        /// Before this attempt.
        attempt: u8,
        /// How long.
        delay: Duration,
        /// Why it is tried again, or what said how long, in plain words.
        reason: Words,
    },
    /// The call goes on elsewhere, because the last attempt's server said so.
    Redirected {
        /// The attempt that goes there.
        attempt: u8,
        /// The instance that sent it on.
        from: String,
        /// Where to, as an address.
        to: String,
    },
    /// An attempt goes without what shows who the caller is: it goes to somebody that the called address does not know.
    Withheld {
        /// The attempt.
        attempt: u8,
        /// What was left out: names of metadata, `client certificate`.
        names: Vec<String>,
    },
    /// The call was sent on and did not go there, and why, in plain words.
    RedirectRefused {
        /// Why.
        reason: Words,
    },
    /// A retry was wanted and not allowed, and why, in plain words.
    RetryRefused {
        /// Why.
        reason: Words,
    },
    /// The call is over. Exactly one.
    Ended {
        /// How.
        status: Status,
    },
}
