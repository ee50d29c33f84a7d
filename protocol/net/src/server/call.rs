//! A call as its handler sees it: what is known of it, messages in, messages out.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use callscope_wire::engine::Input;
use callscope_wire::{CallHead, Code, ConnectionId, Metadata, Status, Time, Trace, Value};
use serde::de::DeserializeOwned;

use super::router::Types;
use crate::driver::{Ear, Inbox, Incoming, Slot};

/// What a handler knows of its call.
///
/// When the client gives up, or its time is over, the handler's future is dropped where it waits: what must be
/// undone then belongs into a value with a `Drop`.
#[derive(Clone)]
pub struct Cx {
    /// The connection that it came in on.
    pub connection: Arc<ConnectionInfo>,
    /// Full name of the method: `package.Service/Method`.
    pub method: String,
    /// The client's metadata.
    pub metadata: Metadata,
    /// When the client's patience ends, and the handler with it.
    pub deadline: Option<Time>,
    /// Earlier attempts of the same call.
    pub attempt: u8,
    /// Its place among other calls: what a handler calls on its behalf takes this along.
    pub trace: Option<Trace>,
    pub(super) slot: Arc<Slot>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) trailers: Arc<Mutex<Metadata>>,
}

/// A connection as its server knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// Its number, as in the recording.
    pub id: ConnectionId,
    /// The client's address, as we see it.
    pub peer: String,
    /// Our own.
    pub local: String,
    /// `tcp`, `tls`, `memory`.
    pub transport: &'static str,
    /// What is spoken on it.
    pub dialect: &'static str,
    /// The server's instance id, if it has one.
    pub instance: Option<String>,
    /// The server's name for itself.
    pub agent: String,
}

impl Cx {
    pub(super) fn new(
        connection: Arc<ConnectionInfo>,
        method: &str,
        head: CallHead,
        now: Time,
        slot: &Arc<Slot>,
        inbox: &Arc<Inbox>,
    ) -> Self {
        Self {
            connection,
            method: method.to_owned(),
            metadata: head.metadata,
            deadline: head.timeout.map(|timeout| now + timeout),
            attempt: head.attempt,
            trace: head.trace,
            slot: Arc::clone(slot),
            inbox: Arc::clone(inbox),
            trailers: Arc::default(),
        }
    }

    /// Sends response metadata now, ahead of the first message.
    pub fn set_headers(&self, metadata: Metadata) {
        let listing = self.slot.give([Input::Headers { call: self.slot.call(), metadata }]);
        self.inbox.list(&self.slot, listing);
    }

    /// What goes with the status, whatever it will be.
    pub fn set_trailers(&self, metadata: Metadata) {
        *self.trailers.lock().unwrap_or_else(PoisonError::into_inner) = metadata;
    }
}

/// The client's messages.
pub struct Inbound {
    pub(super) slot: Arc<Slot>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) ear: Ear,
    pub(super) types: Arc<Types>,
    pub(super) ended: bool,
}

impl Inbound {
    /// The next message; `None`: the client sends no more. One that is no JSON is an `INVALID_ARGUMENT` to return.
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Option<Value>, Status> {
        self.next_bytes().await.map(|message| self.types.decode(&message)).transpose()
    }

    /// The next message as it lies on the wire; `None`: the client sends no more. Dropping the future loses nothing.
    pub async fn next_bytes(&mut self) -> Option<Bytes> {
        while !self.ended {
            match poll_fn(|cx| self.ear.poll_next(cx, &self.slot, &self.inbox)).await.1 {
                Incoming::Message(message) => return Some(message),
                Incoming::HalfClosed | Incoming::End(_) => self.ended = true,
                // What only clients are told.
                Incoming::Opened(_) | Incoming::Written | Incoming::Headers(_) => {}
            }
        }
        None
    }

    /// The only message of a method that takes one.
    pub(super) async fn one(&mut self) -> Result<Value, Status> {
        let message = self.one_bytes().await?;
        self.types.decode(&message)
    }

    /// The same, as it lies on the wire.
    pub(super) async fn one_bytes(&mut self) -> Result<Bytes, Status> {
        let message = self.next_bytes().await;
        message.ok_or_else(|| Status::new(Code::INVALID_ARGUMENT, "the request has no message"))
    }
}

/// Messages to the client.
pub struct Outbound {
    pub(super) slot: Arc<Slot>,
    pub(super) inbox: Arc<Inbox>,
}

impl Outbound {
    /// Sends a message. Waits while the client or the network is slower than we are. `CANCELLED` when nobody is there
    /// any more: return it. Dropping the future sends nothing.
    pub async fn send(&mut self, message: Value) -> Result<(), Status> {
        let encoded = encode(&message)?;
        // While it waits its value need not.
        drop(message);
        self.send_json(encoded).await
    }

    /// As [`Outbound::send`], for a message that is JSON text already: large ones need no value then, small ones no time.
    pub async fn send_json(&mut self, message: Bytes) -> Result<(), Status> {
        self.send_bytes(message).await
    }

    /// As [`Outbound::send`], for a message as it is to lie on the wire.
    pub async fn send_bytes(&mut self, message: Bytes) -> Result<(), Status> {
        let mut message = Some(message);
        let listing = poll_fn(|cx| self.slot.poll_send(cx, &mut message, false))
            .await
            .map_err(|_| Status::new(Code::CANCELLED, "the client is gone"))?;
        self.inbox.list(&self.slot, listing);
        Ok(())
    }
}

/// A message as the struct that a handler works with; `INVALID_ARGUMENT` says what does not fit.
pub fn decode<T: DeserializeOwned>(message: Value) -> Result<T, Status> {
    serde_json::from_value(message).map_err(|error| Status::new(Code::INVALID_ARGUMENT, error.to_string()))
}

pub(super) fn encode(message: &Value) -> Result<Bytes, Status> {
    serde_json::to_vec(message)
        .map(Bytes::from)
        .map_err(|error| Status::new(Code::INTERNAL, format!("the answer is no JSON: {error}")))
}
