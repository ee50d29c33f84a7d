//! Every shape of call over every transport, and what travels beside the messages.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use callscope_net::address::TransportKind;
use callscope_net::client::channel::{Channel, ConnectOptions, ExchangeEvent};
use callscope_net::server::ServerOptions;
use callscope_net::tap::Tap;
use callscope_wire::capture::{TapChunk, TapEvent};
use callscope_wire::engine::Closed;
use callscope_wire::schema::Schema;
use callscope_wire::{CallHead, Code, Metadata, Shape};
use serde_json::json;

use crate::support::{collect, everywhere, head, memory, message, open, unary, world, world_with};

#[tokio::test]
async fn every_shape_works_over_every_transport() {
    for (mut world, endpoint, options) in everywhere().await {
        let (channel, report) = Channel::connect(&endpoint, &options).await.unwrap();
        assert_eq!(report.tls.is_some(), endpoint.transport == TransportKind::Tls);
        assert_eq!(report.agreement.version, "1", "{endpoint}");

        assert_eq!(unary(&channel, "test.Calc/Add", &json!({ "a": 1, "b": 2 })).await, Ok(json!(3)));

        let (messages, status) = collect(open(&channel, "test.Calc/Count", &json!({ "to": 1000 }))).await;
        assert_eq!((messages.len(), messages.last(), status.code), (1000, Some(&json!(999)), Code::OK));

        let mut sum = channel.open(head("test.Calc/Sum"), None, false);
        for number in 1..=100 {
            sum.send(message(&json!(number)), number == 100).await.unwrap();
        }
        assert_eq!(collect(sum).await.0, [json!(5050)]);

        let mut double = channel.open(head("test.Calc/Double"), Some(message(&json!(1))), false);
        double.send(message(&json!(2)), false).await.unwrap();
        double.half_close();
        assert!(double.send(message(&json!(3)), false).await.is_err());
        let (messages, status) = collect(double).await;
        assert_eq!((messages.as_slice(), status.code), ([json!(2), json!(4)].as_slice(), Code::OK));

        let note = CallHead { one_way: true, ..head("test.Calc/Note") };
        let (messages, status) = collect(channel.open(note, Some(message(&json!("x"))), true)).await;
        assert_eq!((messages.len(), status.code), (0, Code::OK));
        // Whoever hangs up right behind a one-way call has made it all the same.
        drop(channel);
        assert_eq!(world.heard().await, "noted \"x\"");
    }
}

#[tokio::test]
async fn metadata_headers_trailers_and_statuses_arrive_in_order() {
    let world = world(memory()).await;
    let channel = world.channel().await;
    let metadata: Metadata = [("tenant", "blue"), ("tenant", "red")].into_iter().collect();
    let call = CallHead { metadata: metadata.clone(), ..head("test.Calc/Add") };
    let mut exchange = channel.open(call, Some(message(&json!({ "a": 20, "b": 22 }))), true);
    let mut kinds = Vec::new();
    let status = loop {
        match exchange.next().await.1 {
            ExchangeEvent::Opened { stream } => kinds.push(format!("opened {stream}")),
            ExchangeEvent::Written => kinds.push("written".to_owned()),
            ExchangeEvent::Headers(headers) => kinds.push(format!("headers {:?}", headers.get_text("seen"))),
            ExchangeEvent::Message(message) => kinds.push(String::from_utf8(message.to_vec()).unwrap()),
            ExchangeEvent::End(status) => break status,
        }
    };
    assert_eq!(kinds, ["opened 1", "written", "headers Some(\"yes\")", "42"]);
    assert_eq!(status.trailers, metadata);
    // The end stays the end.
    assert_eq!(exchange.next().await.1, ExchangeEvent::End(status));

    let status = unary(&channel, "test.Odd/Fail", &json!({})).await.unwrap_err();
    assert_eq!((status.code, status.message.as_str(), status.pushback_ms), (Code::NOT_FOUND, "no such order", Some(7)));
    assert_eq!(status.trailers.get_text("reason"), Some("told"));
}

#[tokio::test]
async fn wrong_methods_and_messages_are_told_apart_with_words() {
    let world = world(memory()).await;
    let channel = world.channel().await;
    for (method, request, code, words) in [
        ("test.Calc/Ad", "{}", Code::UNIMPLEMENTED, "has no method `Ad`; it has Add, Count"),
        ("test.Cal/Add", "{}", Code::UNIMPLEMENTED, "no service `test.Cal` here; there are test.Calc"),
        ("test.Calc/Add", "{\"a\": 1,", Code::INVALID_ARGUMENT, "no JSON: EOF"),
        ("test.Calc/Add", "{\"a\": 1}", Code::INVALID_ARGUMENT, "missing field `b`"),
        ("test.Calc/Add", "[1, 2, 3]", Code::INVALID_ARGUMENT, "a, b"),
        ("test.Odd/Panic", "{}", Code::INTERNAL, "panicked: on purpose"),
    ] {
        let exchange = channel.open(head(method), Some(request.into()), true);
        let (_, status) = collect(exchange).await;
        assert_eq!(status.code, code, "{status}");
        assert!(status.message.contains(words), "{status}");
    }
    let deep = "[".repeat(10_000);
    for (request, words) in
        [(deep.as_bytes().to_vec(), "nested too deep: more than 127 levels"), (b"\"\xff\"".to_vec(), "unicode")]
    {
        let (_, status) = collect(channel.open(head("test.Odd/Echo"), Some(request.into()), true)).await;
        assert_eq!(status.code, Code::INVALID_ARGUMENT);
        assert!(status.message.contains(words), "{status}");
    }
    // By position and by bare name, too.
    let exchange = channel.open(head("add"), Some("[40, 2]".into()), true);
    assert_eq!(collect(exchange).await.0, [json!(42)]);
}

#[tokio::test]
async fn a_thousand_calls_share_one_connection() {
    for (_world, endpoint, options) in everywhere().await {
        let (channel, _) = Channel::connect(&endpoint, &options).await.unwrap();
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..1000_i64 {
            let channel = channel.clone();
            calls.spawn(async move {
                let answer = unary(&channel, "test.Calc/Add", &json!({ "a": number, "b": 1 })).await;
                assert_eq!(answer, Ok(json!(number + 1)));
            });
        }
        for result in calls.join_all().await {
            let () = result;
        }
        assert_eq!(channel.in_flight(), 0);
        assert!(channel.is_usable());
    }
}

#[tokio::test]
async fn large_messages_go_through_whole_beside_small_ones() {
    for (_world, endpoint, options) in everywhere().await {
        let (channel, _) = Channel::connect(&endpoint, &options).await.unwrap();
        let large = json!("é".repeat(1 << 20));
        let small = json!(1);
        let large_call = unary(&channel, "test.Odd/Echo", &large);
        let small_call = unary(&channel, "test.Odd/Echo", &small);
        let (large_answer, small_answer) = tokio::join!(large_call, small_call);
        assert_eq!((large_answer, small_answer), (Ok(large), Ok(small)), "{endpoint}");
    }
}

#[tokio::test]
async fn every_server_describes_itself_and_its_client() {
    let world = world_with(ServerOptions { instance: Some("calc-1".to_owned()), ..ServerOptions::default() }).await;
    let (channel, report) = Channel::connect(&world.endpoint(), &ConnectOptions::default()).await.unwrap();
    assert_eq!(report.agreement.instance.as_deref(), Some("calc-1"));

    let described = unary(&channel, "callscope.Introspection/Describe", &json!({})).await.unwrap();
    let schema: Schema = serde_json::from_value(described).unwrap();
    let (service, add) = schema.method("test.Calc/Add").unwrap();
    assert_eq!((service.docs.as_str(), add.docs.as_str(), add.shape), ("Counts.", "Adds.", Shape::Unary));
    assert_eq!(schema.method("test.Calc/Double").unwrap().1.shape, Shape::Bidi);
    assert!(schema.type_def("test.Pair").is_some());
    assert!(schema.method("callscope.Introspection/WhoAmI").is_some());

    let who = unary(&channel, "callscope.Introspection/WhoAmI", &json!({})).await.unwrap();
    assert_eq!(
        who,
        json!({
            "peer": report.local, "local": report.peer, "instance": "calc-1",
            "agent": concat!("callscope/", env!("CARGO_PKG_VERSION")), "dialect": "native", "transport": "tcp",
            "certificate": null,
        })
    );
}

#[tokio::test]
async fn both_taps_see_the_same_plaintext_once() {
    for (old, mut endpoint, mut options) in everywhere().await {
        // The same server again, tapped.
        drop(old);
        let (server_tap, server_chunks) = Tap::new(1 << 10);
        let (client_tap, client_chunks) = Tap::new(1 << 10);
        let tls = (endpoint.transport == TransportKind::Tls)
            .then(|| callscope_net::server::ServerTls::development().unwrap());
        options.tls.ca_pem = tls.as_ref().map(|tls| tls.ca_pem().to_owned());
        options.tap = client_tap;
        let listen = if endpoint.transport == TransportKind::Memory { memory() } else { "127.0.0.1:0".to_owned() };
        let world = world_with(ServerOptions { listen, tls, tap: server_tap, ..ServerOptions::default() }).await;
        endpoint = callscope_net::address::Endpoint { transport: endpoint.transport, ..world.endpoint() };

        let (channel, report) = Channel::connect(&endpoint, &options).await.unwrap();
        let (messages, _) = collect(open(&channel, "test.Calc/Count", &json!({ "to": 300 }))).await;
        assert_eq!(messages.len(), 300);
        channel.shutdown();
        assert_eq!(channel.closed().await, Closed::Clean);
        world.server.shutdown(Duration::from_secs(5)).await;

        let (client, server) = (Seen::all(&client_chunks).await, Seen::all(&server_chunks).await);
        assert_eq!(client.order.first().map(String::as_str), Some("opened"));
        assert_eq!(client.order.last().map(String::as_str), Some("closed "), "{endpoint}");
        assert_eq!(server.order.last().map(String::as_str), Some("closed "), "{endpoint}");
        assert_eq!(client.connections, [report.connection.0]);
        assert!(client.sent.starts_with(b"\x89RPC"));
        assert_eq!((client.sent, client.received), (server.received, server.sent), "{endpoint}");
    }
}

/// What a tap has seen.
#[derive(Default)]
struct Seen {
    order: Vec<String>,
    connections: Vec<u64>,
    sent: Vec<u8>,
    received: Vec<u8>,
}

impl Seen {
    /// Up to the end of the connection, which a task reports when it has listened out.
    async fn all(chunks: &Receiver<TapChunk>) -> Self {
        let mut seen = Self::default();
        while !seen.order.last().is_some_and(|last| last.starts_with("closed")) {
            seen.add(chunks.try_iter());
            tokio::task::yield_now().await;
        }
        seen
    }

    fn add(&mut self, chunks: impl Iterator<Item = TapChunk>) {
        let seen = self;
        for chunk in chunks {
            if !seen.connections.contains(&chunk.connection.0) {
                seen.connections.push(chunk.connection.0);
            }
            seen.order.push(match chunk.what {
                TapEvent::Opened(_) => "opened".to_owned(),
                TapEvent::Closed(reason) => format!("closed {reason}"),
                TapEvent::Lost { .. } => "lost".to_owned(),
                TapEvent::Sent(bytes) => {
                    seen.sent.extend_from_slice(&bytes);
                    "sent".to_owned()
                }
                TapEvent::Received(bytes) => {
                    seen.received.extend_from_slice(&bytes);
                    "received".to_owned()
                }
            });
        }
    }
}

#[tokio::test]
async fn a_method_that_takes_one_message_waits_for_no_more_and_for_no_less() {
    let world = world(memory()).await;
    let channel = world.channel().await;
    // Answered without the client's end, and with a message too many behind it.
    let mut exchange = channel.open(head("test.Calc/Add"), Some(message(&json!({ "a": 1, "b": 2 }))), false);
    let _over_or_not = exchange.send(message(&json!({ "a": 100, "b": 100 })), false).await;
    let (messages, status) = collect(exchange).await;
    assert_eq!((messages, status.code), (vec![json!(3)], Code::OK), "{status}");
    // The end without a message, and an empty message.
    for first in [None, Some("".into())] {
        let (_, status) = collect(channel.open(head("test.Calc/Add"), first, true)).await;
        assert_eq!((status.code, status.not_processed), (Code::INVALID_ARGUMENT, false), "{status}");
    }
}
