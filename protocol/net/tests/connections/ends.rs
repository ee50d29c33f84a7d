//! How calls end: cancelled, out of time, drained, and never twice or not at all.

use std::sync::atomic::Ordering;
use std::time::Duration;

use callscope_net::client::channel::{Channel, ConnectOptions, ExchangeEvent};
use callscope_net::error::Failure;
use callscope_net::server::ServerOptions;
use callscope_wire::engine::{CancelReason, Closed};
use callscope_wire::{CallHead, Code, Limits};
use serde_json::json;

use crate::support::{collect, everywhere, head, memory, message, open, settled, unary, world, world_with};

#[tokio::test]
async fn dropping_a_call_drops_its_handler() {
    for (mut world, endpoint, options) in everywhere().await {
        let (channel, _) = Channel::connect(&endpoint, &options).await.unwrap();
        let exchange = open(&channel, "test.Odd/Sleep", &json!({}));
        assert_eq!(world.heard().await, "started");
        drop(exchange);
        assert_eq!(world.heard().await, "dropped");

        open(&channel, "test.Odd/Sleep", &json!({})).cancel(CancelReason::Superseded);
        let mut flood = open(&channel, "test.Odd/Flood", &json!({}));
        while !matches!(flood.next().await.1, ExchangeEvent::Message(_)) {}
        drop(flood);
        // Whatever the order in which they were heard of: nothing is left, and the connection goes on.
        assert_eq!(unary(&channel, "test.Odd/Echo", &json!(1)).await, Ok(json!(1)));
        assert_eq!(channel.in_flight(), 0);
    }
}

#[tokio::test]
async fn a_connection_that_vanishes_drops_its_handlers_and_ends_its_calls() {
    for (mut world, endpoint, options) in everywhere().await {
        let (channel, _) = Channel::connect(&endpoint, &options).await.unwrap();
        let exchange = open(&channel, "test.Odd/Sleep", &json!({}));
        assert_eq!(world.heard().await, "started");
        drop(channel);
        // The exchange keeps it open.
        drop(exchange);
        assert_eq!(world.heard().await, "dropped");

        let (channel, _) = Channel::connect(&endpoint, &options).await.unwrap();
        let exchange = open(&channel, "test.Odd/Sleep", &json!({}));
        assert_eq!(world.heard().await, "started");
        drop(world.server);
        let (_, status) = collect(exchange).await;
        assert_eq!((status.code, status.not_processed), (Code::UNAVAILABLE, false), "{status}");
        assert!(matches!(channel.closed().await, Closed::Fault(_)));
        assert!(!channel.is_usable());
        let late = unary(&channel, "test.Odd/Echo", &json!(1)).await.unwrap_err();
        assert_eq!((late.code, late.not_processed), (Code::UNAVAILABLE, true));
    }
}

#[tokio::test(start_paused = true)]
async fn the_server_itself_reports_a_deadline() {
    let mut world = world(memory()).await;
    let channel = world.channel().await;
    let call = CallHead { timeout: Some(Duration::from_millis(300)), ..head("test.Odd/Sleep") };
    let (_, status) = collect(channel.open(call, Some(message(&json!({}))), true)).await;
    assert_eq!((status.code, status.not_processed), (Code::DEADLINE_EXCEEDED, false), "{status}");
    assert_eq!((world.heard().await, world.heard().await), ("started".to_owned(), "dropped".to_owned()));

    let call = CallHead { timeout: Some(Duration::ZERO), ..head("test.Odd/Sleep") };
    let (_, status) = collect(channel.open(call, Some(message(&json!({}))), true)).await;
    assert_eq!((status.code, status.not_processed), (Code::DEADLINE_EXCEEDED, true), "{status}");
    assert!(world.said.try_recv().is_err(), "the handler saw a call whose time was over");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_holds_the_writer_and_nobody_else() {
    let mut world = world(memory()).await;
    let channel = world.channel().await;
    let mut flood = open(&channel, "test.Odd/Flood", &json!({}));
    assert_eq!(world.heard().await, "started");
    settled().await;
    let held = world.watch.flooded.load(Ordering::Relaxed);
    // A window on the client, and what may be queued on the server, in its engine and before it.
    let limits = Limits::default();
    let bound = u64::from(limits.stream_window) + 2 * limits.max_queued as u64 + (64 << 10);
    assert!(held <= bound, "{held} bytes are held for a reader that takes none, more than {bound}");
    assert_eq!(unary(&channel, "test.Odd/Echo", &json!("others go on")).await, Ok(json!("others go on")));

    // Taking gives room again.
    let mut taken = 0;
    while taken < 4 * bound {
        if let ExchangeEvent::Message(message) = flood.next().await.1 {
            taken += message.len() as u64;
        }
    }
    settled().await;
    assert!(world.watch.flooded.load(Ordering::Relaxed) > held);
    drop(flood);
    assert_eq!(world.heard().await, "dropped");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_nothing_holds_the_sender() {
    let world = world(memory()).await;
    let channel = world.channel().await;
    // It answers without reading, and waits for somebody to read that.
    let mut exchange = channel.open(head("test.Odd/Flood"), Some(message(&json!({}))), false);
    let piece = message(&json!("x".repeat(32 << 10)));
    let mut sent = 0;
    let sending = async {
        while exchange.send(piece.clone(), false).await.is_ok() {
            sent += piece.len();
        }
    };
    // Nothing moves any more long before this is over.
    assert!(tokio::time::timeout(Duration::from_secs(1), sending).await.is_err());
    assert!(sent <= 2 << 20, "{sent} bytes are held for a handler that takes none");
    assert_eq!(unary(&channel, "test.Odd/Echo", &json!(1)).await, Ok(json!(1)));
}

#[tokio::test(start_paused = true)]
async fn draining_loses_no_call_that_was_accepted() {
    let mut world = world(memory()).await;
    let channel = world.channel().await;
    let endpoint = world.endpoint();
    let idle = world.channel().await;
    let calls: Vec<_> = (0..50).map(|number| open(&channel, "test.Odd/Gate", &json!(number))).collect();
    for _ in 0..50 {
        assert_eq!(world.heard().await, "started");
    }
    let gate = world.watch.gate.clone();
    let client = async move {
        // By now it has said that it is going.
        settled().await;
        assert!(!channel.is_usable());
        let late = unary(&channel, "test.Odd/Echo", &json!(1)).await.unwrap_err();
        assert_eq!((late.code, late.not_processed), (Code::UNAVAILABLE, true), "{late}");
        let refused = Channel::connect(&endpoint, &ConnectOptions::default()).await.unwrap_err();
        assert_eq!(refused.failure, Failure::Refused);
        assert_eq!(idle.closed().await, Closed::Clean);

        gate.add_permits(50);
        for (number, call) in calls.into_iter().enumerate() {
            let (messages, status) = collect(call).await;
            assert_eq!((messages, status.code), (vec![json!(number)], Code::OK));
        }
        assert_eq!(channel.closed().await, Closed::Clean);
    };
    tokio::join!(world.server.shutdown(Duration::from_hours(1)), client);
}

#[tokio::test(start_paused = true)]
async fn when_the_grace_is_over_calls_are_ended() {
    let mut world = world(memory()).await;
    let channel = world.channel().await;
    let sleeping = open(&channel, "test.Odd/Sleep", &json!({}));
    assert_eq!(world.heard().await, "started");
    world.server.shutdown(Duration::from_secs(10)).await;
    let (_, status) = collect(sleeping).await;
    assert_eq!((status.code, status.not_processed), (Code::UNAVAILABLE, false), "{status}");
    assert_eq!(world.said.recv().await.as_deref(), Some("dropped"));
}

#[tokio::test]
async fn the_limit_of_streams_is_kept_and_told() {
    let limits = Limits { max_streams: 16, ..Limits::default() };
    let mut world = world_with(ServerOptions { listen: memory(), limits, ..ServerOptions::default() }).await;
    let channel = world.channel().await;
    let waiting: Vec<_> = (0..16).map(|number| open(&channel, "test.Odd/Gate", &json!(number))).collect();
    for _ in 0..16 {
        assert_eq!(world.heard().await, "started");
    }
    assert!(!channel.is_usable());
    let refused = unary(&channel, "test.Odd/Echo", &json!(1)).await.unwrap_err();
    assert_eq!((refused.code, refused.not_processed), (Code::REFUSED, true), "{refused}");
    world.watch.gate.add_permits(16);
    for call in waiting {
        assert_eq!(collect(call).await.1.code, Code::OK);
    }
    assert_eq!(unary(&channel, "test.Odd/Echo", &json!(1)).await, Ok(json!(1)));
}

#[tokio::test]
async fn a_message_above_the_limit_ends_its_call_only() {
    let limits = Limits { max_message: 128 << 10, ..Limits::default() };
    let world = world_with(ServerOptions { listen: memory(), limits, ..ServerOptions::default() }).await;
    let channel = world.channel().await;
    let large = json!("x".repeat(200 << 10));
    let refused = unary(&channel, "test.Odd/Echo", &large).await.unwrap_err();
    assert_eq!((refused.code, refused.not_processed), (Code::RESOURCE_EXHAUSTED, true), "{refused}");
    let flood = open(&channel, "test.Odd/Flood", &json!({ "size": 200 << 10 }));
    let (_, status) = collect(flood).await;
    assert_eq!(status.code, Code::RESOURCE_EXHAUSTED, "{status}");
    assert_eq!(unary(&channel, "test.Odd/Echo", &json!(1)).await, Ok(json!(1)));
}

#[tokio::test]
async fn a_deadline_beyond_the_end_of_time_is_none() {
    let world = world(memory()).await;
    let channel = world.channel().await;
    for timeout in [Duration::MAX, Duration::from_micros(u64::MAX)] {
        let call = CallHead { timeout: Some(timeout), ..head("test.Odd/Gate") };
        let exchange = channel.open(call, Some(message(&json!("x"))), true);
        world.watch.gate.add_permits(1);
        assert_eq!(collect(exchange).await.0, [json!("x")]);
    }
}
