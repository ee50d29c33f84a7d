//! What the window asks of the engine, as data.

use std::time::Duration;

use bytes::Bytes;
use callscope_net::transport::TlsOptions;
use callscope_wire::policy::Policy;
use callscope_wire::{Encoding, FlowId, Limits, Metadata, Shape};

use crate::model::tabs::TabId;

/// One wish.
#[derive(Clone, Debug)]
pub enum Job {
    /// Make a call.
    Call {
        /// Its id, chosen by the window.
        flow: FlowId,
        /// What to send, and where.
        spec: Box<CallSpec>,
    },
    /// Send a message of an open stream.
    Message {
        /// The stream.
        flow: FlowId,
        /// One message, encoded.
        bytes: Bytes,
    },
    /// Half-close an open stream.
    HalfClose(FlowId),
    /// Cancel a call; reaches the wire.
    Cancel(FlowId),
    /// Make the same call this often per second until stopped. A tab repeats one call at a time.
    Repeat {
        /// Whose call.
        tab: TabId,
        /// What to send, and where.
        spec: Box<CallSpec>,
        /// Calls per second.
        rate: f64,
    },
    /// Stop repeating; what is in flight is cancelled.
    StopRepeat(TabId),
    /// Ask a target what it offers.
    Describe {
        /// The target.
        target: String,
        /// What a call to it brings to TLS.
        tls: Option<TlsOptions>,
    },
    /// Watch a registry or a direct address.
    AddSource(String),
    /// Stop watching it.
    RemoveSource(String),
    /// Accept this on connections that are made from now on.
    Limits(Box<Limits>),
}

/// A call to make.
#[derive(Clone, Debug, PartialEq)]
pub struct CallSpec {
    /// Address.
    pub target: String,
    /// `package.Service/Method`.
    pub method: String,
    /// How many messages go each way.
    pub shape: Shape,
    /// Metadata.
    pub metadata: Metadata,
    /// Over all attempts.
    pub deadline: Option<Duration>,
    /// Policies after inheritance.
    pub policy: Policy,
    /// What messages travel in.
    pub encoding: Encoding,
    /// For `+tls` addresses; `None`: the system's CAs, and no certificate of ours.
    pub tls: Option<TlsOptions>,
    /// Messages sent at once.
    pub messages: Vec<Bytes>,
    /// Half-close behind them.
    pub end: bool,
}
