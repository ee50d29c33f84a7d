//! jsonrpsee over a WebSocket: one method, one subscription.

use std::sync::Arc;

use jsonrpsee::core::client::{ClientT as _, SubscriptionClientT as _};
use jsonrpsee::core::to_json_raw_value;
use jsonrpsee::rpc_params;
use jsonrpsee::server::{RpcModule, Server, ServerConfig, ServerHandle};
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::ws_client::{WsClient, WsClientBuilder};

use crate::contender::{Caller, text};

/// Calls at once.
const CALLS: usize = 1024;
/// A subscription whose client is slower than that is ended by it.
const MESSAGES: usize = 1 << 20;

#[derive(Clone)]
pub struct Jsonrpsee {
    client: Arc<WsClient>,
    _server: ServerHandle,
}

pub async fn start() -> Jsonrpsee {
    let config = ServerConfig::builder().ws_only().set_message_buffer_capacity(CALLS as u32).build();
    let server = Server::builder().set_config(config).build("127.0.0.1:0").await.expect("a port");
    let at = server.local_addr().expect("an address");
    let mut module = RpcModule::new(());
    module
        .register_method("echo", |params, (), _| Ok::<_, ErrorObjectOwned>(params.one::<String>()?))
        .expect("a new name");
    module
        .register_subscription("stream", "message", "stop", async |params, pending, _, _| {
            let messages: u64 = params.one().expect("a number");
            let sink = pending.accept().await.expect("a subscriber");
            let message = to_json_raw_value(&text(32)).expect("JSON");
            for _ in 0..messages {
                if sink.send(message.clone()).await.is_err() {
                    break;
                }
            }
        })
        .expect("a new name");
    let server = server.start(module);
    let client = WsClientBuilder::default()
        .max_concurrent_requests(CALLS)
        .max_buffer_capacity_per_subscription(MESSAGES)
        .build(format!("ws://{at}"))
        .await
        .expect("a connection");
    Jsonrpsee { client: Arc::new(client), _server: server }
}

impl Caller for Jsonrpsee {
    type Payload = Arc<str>;

    fn payload(&self, len: usize) -> Arc<str> {
        text(len).into()
    }

    async fn echo(&self, payload: Arc<str>) -> usize {
        let back: String = self.client.request("echo", rpc_params![&*payload]).await.expect("an answer");
        back.len()
    }

    async fn stream(&self, messages: u64) -> Option<u64> {
        let mut subscription =
            self.client.subscribe::<String, _>("stream", rpc_params![messages], "stop").await.expect("a subscription");
        for came in 0..messages {
            if subscription.next().await.is_none() {
                return Some(came);
            }
        }
        Some(messages)
    }
}
