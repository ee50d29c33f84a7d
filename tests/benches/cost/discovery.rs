//! Instances of one service, registered one after the other while a client watches; it knows them all in the end.

use std::sync::Arc;

use callscope_net::client::channel::ConnectOptions;
use callscope_net::client::{Client, ClientOptions};
use callscope_net::observer::{BreakerView, Observer, Snapshot};
use callscope_net::registry::{RegistryService, Remote};
use callscope_net::server::{Router, Server, ServerOptions};
use callscope_wire::capture::FlowEvent;
use callscope_wire::{FlowId, Instance, Time};
use tokio::sync::watch;

use crate::{Before, Cost};

/// Counts what the client sees.
struct Counting(watch::Sender<usize>);

impl Observer for Counting {
    fn flow(&self, _: FlowId, _: Time, _: FlowEvent) {}
    fn breaker(&self, _: Time, _: BreakerView) {}
    fn discovered(&self, _: Time, snapshot: Snapshot) {
        self.0.send_replace(snapshot.instances.len());
    }
}

pub async fn run(count: usize) -> Cost {
    let mut router = Router::new();
    RegistryService::new().add_to(&mut router);
    let server = Server::bind(ServerOptions::default(), router).await.expect("a port");
    let at = server.local_addr().parse().expect("an address");
    let remote = Remote::connect(&at, &ConnectOptions::default()).await.expect("the registry");
    let (seen, mut count_seen) = watch::channel(0);
    let client = Client::new(ClientOptions { observer: Arc::new(Counting(seen)), ..ClientOptions::default() });
    let _watching = client.watch(server.local_addr()).expect("an address");
    let before = Before::now();
    for number in 0..count {
        remote.register(&instance(number), std::time::Duration::from_mins(10)).await.expect("a lease");
    }
    count_seen.wait_for(|seen| *seen >= count).await.expect("the client watches");
    before.cost(count)
}

fn instance(number: usize) -> Instance {
    serde_json::from_value(serde_json::json!({
        "id": format!("orders-{number}"),
        "service": "orders",
        "address": format!("native://10.0.{}.{}:7000", number / 250, number % 250),
        "weight": 100,
        "tags": ["zone-a"],
    }))
    .expect("an instance")
}
