//! A registry as its clients see it: one native connection, and its methods as functions.
//!
//! Every question has a time limit, so that a registry that hangs is noticed. No retries: whoever
//! asks knows best when to ask again.

use std::time::Duration;

use bytes::Bytes;
use callscope_wire::{CallHead, Code, Instance, Say, Status, Words, say};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::{
    KeepAliveResponse, LeaseRequest, ListRequest, ListResponse, RegisterRequest, RegisterResponse, SERVICE, WatchEvent,
    WatchRequest,
};
use crate::address::{Endpoint, HostPort, TransportKind};
use crate::client::channel::{Channel, ConnectOptions, Exchange, ExchangeEvent};
use crate::error::ConnectError;

/// A registry answers from memory: whatever takes longer is broken.
const PATIENCE: Duration = Duration::from_secs(5);

/// A watch that has heard nothing for so long makes sure that its registry is still there: a machine that vanished says
/// nothing, and nothing is what a quiet registry says.
const SILENCE: Duration = Duration::from_secs(30);

/// A registry that could not be asked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", self.say())]
#[non_exhaustive]
pub enum RemoteError {
    /// No connection.
    Connect(ConnectError),
    /// It answered with an error, or the connection broke.
    Status(Box<Status>),
    /// It answered something else.
    Answer(String),
}

impl Say for RemoteError {
    fn say(&self) -> Words {
        match self {
            Self::Connect(error) => error.failure.say(),
            Self::Status(status) => status.say(),
            Self::Answer(why) => {
                say!("source.unreadable", "the registry's answer cannot be read: %{why}", why = why).into()
            }
        }
    }
}

impl RemoteError {
    /// Whether the lease in question has ended.
    pub fn is_lease_gone(&self) -> bool {
        matches!(self, Self::Status(status) if status.code == Code::NOT_FOUND)
    }
}

/// A connection to a registry.
pub struct Remote {
    channel: Channel,
}

/// A running `Watch`. Dropping it ends the watch, on the wire too.
pub struct Watch {
    exchange: Exchange,
    channel: Channel,
}

impl Remote {
    /// Connects. Dropping the future gives up.
    pub async fn connect(at: &HostPort, options: &ConnectOptions) -> Result<Self, RemoteError> {
        let endpoint =
            Endpoint { dialect: "native", transport: TransportKind::Tcp, host: at.host.clone(), port: at.port };
        let options = ConnectOptions { instance: Some("registry".to_owned()), ..options.clone() };
        let (channel, _) = Channel::connect(&endpoint, &options).await.map_err(RemoteError::Connect)?;
        Ok(Self { channel })
    }

    /// Adds an instance; returns its lease.
    pub async fn register(&self, instance: &Instance, ttl: Duration) -> Result<String, RemoteError> {
        let request = RegisterRequest { instance: instance.clone(), ttl_ms: ttl.as_millis() as u64 };
        let response: RegisterResponse = self.ask("Register", &request).await?;
        Ok(response.lease_id)
    }

    /// Renews a lease; returns how long it is.
    pub async fn keep_alive(&self, lease_id: &str) -> Result<Duration, RemoteError> {
        let request = LeaseRequest { lease_id: lease_id.to_owned() };
        let response: KeepAliveResponse = self.ask("KeepAlive", &request).await?;
        Ok(Duration::from_millis(response.ttl_ms))
    }

    /// Ends a lease.
    pub async fn deregister(&self, lease_id: &str) -> Result<(), RemoteError> {
        let request = LeaseRequest { lease_id: lease_id.to_owned() };
        self.ask::<serde_json::Map<String, serde_json::Value>>("Deregister", &request).await.map(drop)
    }

    /// The instances of a service, or all.
    pub async fn list(&self, service: Option<&str>) -> Result<Vec<Instance>, RemoteError> {
        let response: ListResponse = self.ask("List", &ListRequest { service: service.map(str::to_owned) }).await?;
        Ok(response.instances)
    }

    /// Starts to watch a service, or all; `renewals`: also signs of life.
    pub fn watch(&self, service: Option<&str>, renewals: bool) -> Result<Watch, RemoteError> {
        let request = WatchRequest { service: service.map(str::to_owned), renewals };
        let exchange = self.channel.open(head("Watch", None), Some(encode(&request)?), true);
        Ok(Watch { exchange, channel: self.channel.clone() })
    }

    async fn ask<A: DeserializeOwned>(&self, method: &str, request: &impl Serialize) -> Result<A, RemoteError> {
        let mut exchange = self.channel.open(head(method, Some(PATIENCE)), Some(encode(request)?), true);
        let asked = async {
            let mut answer = None;
            loop {
                match exchange.next().await.1 {
                    ExchangeEvent::Message(message) => answer = Some(message),
                    ExchangeEvent::End(status) if status.code.is_ok() => return Ok(answer.unwrap_or_default()),
                    ExchangeEvent::End(status) => return Err(RemoteError::Status(Box::new(status))),
                    ExchangeEvent::Opened { .. } | ExchangeEvent::Written | ExchangeEvent::Headers(_) => {}
                }
            }
        };
        let answer = timeout(PATIENCE, asked).await.map_err(|_| {
            let message = say!("source.no_answer", "no answer for %{seconds} s", seconds = PATIENCE.as_secs());
            RemoteError::Status(Box::new(Status::new(Code::DEADLINE_EXCEEDED, message)))
        })??;
        read(&answer)
    }
}

impl Watch {
    /// The next message. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<WatchEvent, RemoteError> {
        loop {
            let Ok((_, event)) = timeout(SILENCE, self.exchange.next()).await else {
                self.channel.ping();
                continue;
            };
            match event {
                ExchangeEvent::Message(message) => return read(&message),
                ExchangeEvent::End(status) => return Err(RemoteError::Status(Box::new(status))),
                ExchangeEvent::Opened { .. } | ExchangeEvent::Written | ExchangeEvent::Headers(_) => {}
            }
        }
    }
}

fn head(method: &str, timeout: Option<Duration>) -> CallHead {
    CallHead { method: format!("{SERVICE}/{method}"), timeout, ..CallHead::default() }
}

fn encode(message: &impl Serialize) -> Result<Bytes, RemoteError> {
    serde_json::to_vec(message).map(Bytes::from).map_err(|error| RemoteError::Answer(error.to_string()))
}

fn read<A: DeserializeOwned>(message: &Bytes) -> Result<A, RemoteError> {
    serde_json::from_slice(message).map_err(|error| RemoteError::Answer(error.to_string()))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt as _, copy, sink};

    use super::*;
    use crate::transport::Listener;

    #[tokio::test(start_paused = true)]
    async fn a_registry_that_vanished_is_noticed() {
        let mut listener = Listener::bind("memory://vanishes").await.unwrap();
        let vanished = async {
            let mut stream = listener.accept().await.unwrap().stream;
            // A preface and an empty HELLO; from then on it takes everything and says nothing.
            stream.write_all(b"\x89RPC\x01\x01\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0").await.unwrap();
            copy(&mut stream, &mut sink()).await
        };
        let watching = async {
            let endpoint: Endpoint = "native+memory://vanishes".parse().unwrap();
            let (channel, _) = Channel::connect(&endpoint, &ConnectOptions::default()).await.unwrap();
            let mut watch = Remote { channel }.watch(None, false).unwrap();
            watch.next().await.unwrap_err()
        };
        let (error, _) = tokio::join!(watching, vanished);
        let error = error.to_string();
        assert!(error.starts_with("14 UNAVAILABLE: the peer did not answer a ping within 20s"), "{error}");
    }
}
