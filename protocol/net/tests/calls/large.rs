//! Large messages and fast streams from end to end: what is agreed, what becomes of more, who is told to raise what.

use callscope_net::client::{CallOptions, Client, ClientOptions, Incoming};
use callscope_net::demo::{World, WorldOptions};
use callscope_wire::{Code, Limits, Shape, Status};
use serde_json::json;

const MIB: usize = 1 << 20;

async fn visit(server: usize, client: usize) -> (World, Client) {
    let limits = Limits::default().with_max_message(server);
    let world = World::start(WorldOptions { churn: false, limits, ..WorldOptions::default() }).await.unwrap();
    let limits = Limits::default().with_max_message(client);
    let own_registry = Some(world.registry_addr());
    (world, Client::new(ClientOptions { own_registry, limits, ..ClientOptions::default() }))
}

/// Bytes of an answer of about this many megabytes.
async fn generate(client: &Client, target: &str, megabytes: f64) -> Result<usize, Status> {
    let options = CallOptions {
        target: target.to_owned(),
        method: "demo.Files/Generate".to_owned(),
        shape: Shape::Unary,
        ..CallOptions::default()
    };
    let mut call = client.start(options);
    call.send(json!({ "size_mb": megabytes, "kind": "TEXT" }).to_string().into()).await.unwrap();
    call.done_sending();
    let mut len = 0;
    while let Some(incoming) = call.next().await {
        match incoming {
            Incoming::Message(message) => len += message.len(),
            Incoming::Headers(_) => {}
            Incoming::End(status) if status.code.is_ok() => break,
            Incoming::End(status) => return Err(status),
        }
    }
    Ok(len)
}

#[tokio::test]
async fn an_answer_may_be_as_large_as_both_sides_accept() {
    let (_world, client) = visit(64 * MIB, 32 * MIB).await;
    // More than a connection holds of incomplete messages unless it accepts larger ones.
    let len = generate(&client, "registry:///files", 20.0).await.unwrap();
    assert!((20_000_000..20_001_000).contains(&len), "{len}");

    let refused = generate(&client, "registry:///files", 40.0).await.unwrap_err();
    assert_eq!(refused.code, Code::RESOURCE_EXHAUSTED, "{refused}");
    assert!(refused.message.ends_with("passes the limit of 33554432, which the client set"), "{refused}");
    let detail = refused.details.first().unwrap();
    assert_eq!(
        (&detail["limit"], &detail["limit_bytes"], &detail["set_by"]),
        (&json!("max_message"), &json!(32 * MIB), &json!("client"))
    );

    client.set_limits(&Limits::default().with_max_message(128 * MIB));
    assert!(generate(&client, "registry:///files", 40.0).await.is_ok(), "a new connection has agreed on more");
    let refused = generate(&client, "registry:///files", 70.0).await.unwrap_err();
    assert!(refused.message.ends_with("passes the limit of 67108864, which the server set"), "{refused}");
}

#[tokio::test]
async fn the_plain_dialect_keeps_to_the_clients_limit() {
    let (world, client) = visit(4 * MIB, 8 * MIB).await;
    let target = format!("plain://{}", world.registry_addr());
    assert!(generate(&client, &target, 6.0).await.is_ok());
    let refused = generate(&client, &target, 9.0).await.unwrap_err();
    assert!(refused.message.contains("a message is larger than 8388608 bytes"), "{refused}");
}

#[tokio::test]
async fn a_ticker_as_fast_as_it_can_loses_nothing() {
    let (_world, client) = visit(4 * MIB, 4 * MIB).await;
    let ticks = async |request: serde_json::Value| {
        let mut call = client.start(CallOptions {
            target: "registry:///ticker".to_owned(),
            method: "demo.Ticker/Watch".to_owned(),
            shape: Shape::ServerStream,
            ..CallOptions::default()
        });
        call.send(request.to_string().into()).await.unwrap();
        call.done_sending();
        let mut sequences = Vec::new();
        loop {
            match call.next().await.unwrap() {
                Incoming::Message(tick) => {
                    let tick: serde_json::Value = serde_json::from_slice(&tick).unwrap();
                    sequences.push(tick["sequence"].as_u64().unwrap());
                }
                Incoming::Headers(_) => {}
                Incoming::End(status) => return (sequences, status),
            }
        }
    };
    for rate in [0, 100_000] {
        let (sequences, status) = ticks(json!({ "per_second": rate, "limit": 20_000 })).await;
        assert_eq!(status.code, Code::OK, "{status}");
        assert!(sequences.into_iter().eq(1..=20_000));
    }
    let (_, status) = ticks(json!({ "per_second": 2_000_000 })).await;
    assert!(status.message.contains("at most 1000000"), "{status}");
    let (_, status) = ticks(json!({ "per_second": 5, "interval_ms": 5 })).await;
    assert_eq!(status.code, Code::INVALID_ARGUMENT, "{status}");
}
