//! The native stack: our server on one side; on the other a channel, which is what the peers' clients are, or the whole
//! client: resolver, balancer, breaker, retry, budget, deadline, a task and two queues for each call.

use std::sync::Arc;

use bytes::Bytes;
use callscope_net::client::channel::{Channel, ConnectOptions, ExchangeEvent};
use callscope_net::client::{CallOptions, Client, ClientOptions, Incoming};
use callscope_net::server::{Router, Server, ServerOptions};
use callscope_wire::policy::Policy;
use callscope_wire::{CallHead, Limits, Shape};
use serde_json::json;

use crate::contender::{Caller, bytes, text};

/// Handlers that take and give bytes as they lie, as the bare echo's.
pub const BYTES: &str = "bench.Bytes/Echo";
/// Handlers that take and give JSON values.
pub const VALUES: &str = "bench.Values/Echo";
const STREAM: &str = "bench.Bytes/Stream";

pub fn limits() -> Limits {
    // As wide as the peers': 1 MiB messages and more, and what JSON makes of them.
    Limits { max_message: 8 << 20, ..Limits::default() }
}

pub async fn serve(options: ServerOptions) -> Server {
    let mut router = Router::new();
    router.unary_bytes(BYTES, async |_cx, message| Ok(message));
    router.unary(VALUES, async |_cx, message| Ok(message));
    router.server_stream_bytes(STREAM, async |_cx, message, mut outbound| {
        let messages = message.first_chunk().map_or(0, |count| u64::from_be_bytes(*count));
        let item = bytes(32);
        for _ in 0..messages {
            outbound.send_bytes(item.clone()).await?;
        }
        Ok(())
    });
    Server::bind(ServerOptions { limits: limits(), ..options }, router).await.expect("a port")
}

#[derive(Clone)]
pub struct OverChannel {
    method: &'static str,
    channel: Channel,
    _server: Arc<Server>,
}

pub async fn channel(method: &'static str) -> OverChannel {
    let server = serve(ServerOptions::default()).await;
    channel_to(server, method, ConnectOptions { limits: limits(), ..ConnectOptions::default() }).await
}

pub async fn channel_to(server: Server, method: &'static str, options: ConnectOptions) -> OverChannel {
    let endpoint = server.address().parse().expect("an address");
    let (channel, _) = Channel::connect(&endpoint, &options).await.expect("a connection");
    OverChannel { method, channel, _server: Arc::new(server) }
}

impl Caller for OverChannel {
    type Payload = Bytes;

    fn payload(&self, len: usize) -> Bytes {
        if self.method == VALUES { json!({ "text": text(len) }).to_string().into() } else { bytes(len) }
    }

    async fn echo(&self, payload: Bytes) -> usize {
        let head = CallHead { method: self.method.to_owned(), ..CallHead::default() };
        self.channel.unary(head, payload).await.expect("an answer").message.len()
    }

    async fn stream(&self, messages: u64) -> Option<u64> {
        if self.method == VALUES {
            return None;
        }
        let head = CallHead { method: STREAM.to_owned(), ..CallHead::default() };
        let count = Bytes::copy_from_slice(&messages.to_be_bytes());
        let mut exchange = self.channel.open(head, Some(count), true);
        let mut came = 0;
        loop {
            match exchange.next().await.1 {
                ExchangeEvent::Message(_) => came += 1,
                ExchangeEvent::End(status) => {
                    assert!(status.code.is_ok(), "{status}");
                    return Some(came);
                }
                _ => {}
            }
        }
    }
}

#[derive(Clone)]
pub struct OverClient {
    client: Client,
    target: Arc<str>,
    policy: Arc<Policy>,
    _server: Arc<Server>,
}

pub async fn client() -> OverClient {
    let server = serve(ServerOptions::default()).await;
    let client = Client::new(ClientOptions { limits: limits(), ..ClientOptions::default() });
    OverClient { client, target: server.address().into(), policy: Arc::default(), _server: Arc::new(server) }
}

impl OverClient {
    fn options(&self, method: &str, shape: Shape) -> CallOptions {
        CallOptions {
            target: self.target.to_string(),
            method: method.to_owned(),
            shape,
            policy: (*self.policy).clone(),
            ..CallOptions::default()
        }
    }
}

impl Caller for OverClient {
    type Payload = Bytes;

    fn payload(&self, len: usize) -> Bytes {
        bytes(len)
    }

    async fn echo(&self, payload: Bytes) -> usize {
        let mut call = self.client.start(self.options(BYTES, Shape::Unary));
        call.send(payload).await.expect("the call runs");
        let mut len = 0;
        while let Some(incoming) = call.next().await {
            match incoming {
                Incoming::Message(message) => len = message.len(),
                Incoming::End(status) => assert!(status.code.is_ok(), "{status}"),
                Incoming::Headers(_) => {}
            }
        }
        len
    }

    async fn stream(&self, messages: u64) -> Option<u64> {
        let mut call = self.client.start(self.options(STREAM, Shape::ServerStream));
        call.send(Bytes::copy_from_slice(&messages.to_be_bytes())).await.expect("the call runs");
        let mut came = 0;
        while let Some(incoming) = call.next().await {
            match incoming {
                Incoming::Message(_) => came += 1,
                Incoming::End(status) => assert!(status.code.is_ok(), "{status}"),
                Incoming::Headers(_) => {}
            }
        }
        Some(came)
    }
}
