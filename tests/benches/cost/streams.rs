//! Streams on one connection, one after the other, 64 at once: what they needed is there again for the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use callscope_net::client::channel::{Channel, ConnectOptions, ExchangeEvent};
use callscope_net::server::{Router, Server, ServerOptions};
use callscope_wire::CallHead;
use tokio::task::JoinSet;

use crate::{Before, Cost};

/// Messages of each.
const MESSAGES: usize = 8;

pub async fn run(count: usize) -> Cost {
    let mut router = Router::new();
    router.server_stream_bytes("bench.Bytes/Stream", async |_cx, message, mut outbound| {
        for _ in 0..MESSAGES {
            outbound.send_bytes(message.clone()).await?;
        }
        Ok(())
    });
    let server = Server::bind(ServerOptions::default(), router).await.expect("a port");
    let endpoint = server.address().parse().expect("an address");
    let (channel, _) = Channel::connect(&endpoint, &ConnectOptions::default()).await.expect("a connection");
    stream(&channel).await;
    let before = Before::now();
    let left = Arc::new(AtomicUsize::new(count));
    let mut tasks = JoinSet::new();
    for _ in 0..count.min(64) {
        let (channel, left) = (channel.clone(), Arc::clone(&left));
        tasks.spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                stream(&channel).await;
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    before.cost(count)
}

async fn stream(channel: &Channel) {
    let head = CallHead { method: "bench.Bytes/Stream".to_owned(), ..CallHead::default() };
    let mut exchange = channel.open(head, Some(Bytes::from_static(&[7; 32])), true);
    let mut came = 0;
    loop {
        match exchange.next().await.1 {
            ExchangeEvent::Message(_) => came += 1,
            ExchangeEvent::End(status) => {
                assert!(status.code.is_ok() && came == MESSAGES, "{came} messages, {status:?}");
                return;
            }
            _ => {}
        }
    }
}
