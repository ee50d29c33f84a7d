//! Connections that stand, both ends in this process, each after one call.

use bytes::Bytes;
use callscope_net::client::channel::{Channel, ConnectOptions};
use callscope_net::server::{Router, Server, ServerOptions};
use callscope_wire::CallHead;

use crate::{Before, Cost};

pub async fn run(listen: &str, count: usize) -> Cost {
    let mut router = Router::new();
    router.unary_bytes("bench.Bytes/Echo", async |_cx, message| Ok(message));
    let options = ServerOptions { listen: listen.to_owned(), max_connections: 20_000, ..ServerOptions::default() };
    let server = Server::bind(options, router).await.expect("a port");
    let endpoint = server.address().parse().expect("an address");
    let options = ConnectOptions::default();
    // What the first one brings along (threads, tables) is not a connection's.
    let first = Channel::connect(&endpoint, &options).await.expect("a connection").0;
    echo(&first).await;
    let mut channels = Vec::with_capacity(count);
    let before = Before::now();
    for _ in 0..count {
        let (channel, _) = Channel::connect(&endpoint, &options).await.expect("a connection");
        echo(&channel).await;
        channels.push(channel);
    }
    before.cost(count)
}

async fn echo(channel: &Channel) {
    let head = CallHead { method: "bench.Bytes/Echo".to_owned(), ..CallHead::default() };
    channel.unary(head, Bytes::from_static(&[7; 32])).await.expect("an answer");
}
