//! A call as its handler sees it: what is known of it, messages in, messages out.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use callscope_wire::engine::Input;
use callscope_wire::{CallHead, Code, Codec, ConnectionId, Encoding, Metadata, Status, Time, Trace, Value};
use serde::de::DeserializeOwned;

use super::router::Types;
use crate::client::channel::unpack_status;
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
    /// What its messages are in, for handlers that take them as bytes.
    pub codec: Codec,
    /// Its place among other calls: what a handler calls on its behalf takes this along.
    pub trace: Option<Trace>,
    pub(super) slot: Arc<Slot>,
    pub(super) inbox: Arc<Inbox>,
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
    /// Whom the client's certificate is for, if it showed one: `CN=orders-client, O=Shop`.
    pub certificate: Option<String>,
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
            // Mostly they are the same.
            method: if head.method == method { head.method } else { method.to_owned() },
            metadata: head.metadata,
            deadline: head.timeout.map(|timeout| now + timeout),
            attempt: head.attempt,
            codec: head.encoding.codec,
            trace: head.trace,
            slot: Arc::clone(slot),
            inbox: Arc::clone(inbox),
        }
    }

    /// Sends response metadata now, ahead of the first message.
    pub fn set_headers(&self, metadata: Metadata) {
        let listing = self.slot.give([Input::Headers { call: self.slot.call(), metadata }]);
        self.inbox.list(&self.slot, listing);
    }

    /// What goes with the status, whatever it will be.
    pub fn set_trailers(&self, metadata: Metadata) {
        self.slot.set_trailers(metadata);
    }
}

/// The client's messages.
pub struct Inbound {
    pub(super) slot: Arc<Slot>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) ear: Ear,
    pub(super) types: Arc<Types>,
    pub(super) encoding: Encoding,
    /// Bytes of one message, decompressed.
    pub(super) max_message: usize,
    pub(super) ended: bool,
}

impl Inbound {
    /// The next message; `None`: the client sends no more. One that is no JSON is an `INVALID_ARGUMENT` to return.
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Option<Value>, Status> {
        let message = self.next_bytes().await?;
        message.map(|message| self.types.decode(self.encoding.codec, &message)).transpose()
    }

    /// The next message in the call's codec; `None`: the client sends no more. One that cannot be decompressed is a status
    /// to return. Dropping the future loses nothing.
    pub async fn next_bytes(&mut self) -> Result<Option<Bytes>, Status> {
        while !self.ended {
            match poll_fn(|cx| self.ear.poll_next(cx, &self.slot, &self.inbox)).await.1 {
                Incoming::Message(message) => return Ok(Some(message)),
                Incoming::Packed(packed) => {
                    let compression = self.encoding.compression;
                    let message = compression.unpack(&packed, self.max_message);
                    let message = message.map_err(|error| unpack_status(compression, &error, Code::INVALID_ARGUMENT));
                    return message.map(Some);
                }
                Incoming::HalfClosed | Incoming::End(_) => self.ended = true,
                // What only clients are told.
                Incoming::Opened(_) | Incoming::Written | Incoming::Headers(_) => {}
            }
        }
        Ok(None)
    }

    /// The only message of a method that takes one.
    pub(super) async fn one(&mut self) -> Result<Value, Status> {
        let message = self.one_bytes().await?;
        self.types.decode(self.encoding.codec, &message)
    }

    /// The same, in the call's codec.
    pub(super) async fn one_bytes(&mut self) -> Result<Bytes, Status> {
        let message = self.next_bytes().await?;
        message.ok_or_else(|| Status::new(Code::INVALID_ARGUMENT, "the request has no message"))
    }
}

/// Messages to the client.
pub struct Outbound {
    pub(super) slot: Arc<Slot>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) types: Arc<Types>,
    pub(super) codec: Codec,
}

impl Outbound {
    /// Sends a message. Waits while the client or the network is slower than we are. `CANCELLED` when nobody is there
    /// any more: return it. Dropping the future sends nothing.
    pub async fn send(&mut self, message: Value) -> Result<(), Status> {
        let encoded = self.types.encode(self.codec, &message);
        // While it waits its value need not.
        drop(message);
        self.send_bytes(encoded).await
    }

    /// As [`Outbound::send`], for a message that is JSON text already: large ones need no value then, small ones no time,
    /// unless the call is in another codec.
    pub async fn send_json(&mut self, message: Bytes) -> Result<(), Status> {
        if self.codec == Codec::Json {
            return self.send_bytes(message).await;
        }
        match Codec::Json.decode(&message) {
            Ok(value) => self.send(value).await,
            Err(error) => Err(Status::new(Code::INTERNAL, format!("the answer is no JSON: {error}"))),
        }
    }

    /// As [`Outbound::send`], for a message in the call's codec.
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
