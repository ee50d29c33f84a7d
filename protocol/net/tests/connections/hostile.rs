//! Clients that do not behave: each gets its end with a reason, within a bounded time, and the others go on.

use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use bytes::Bytes;
use callscope_net::clock;
use callscope_net::server::{ServerOptions, ServerTls};
use callscope_net::tap::Tap;
use callscope_net::transport::BoxStream;
use callscope_wire::capture::{TapChunk, TapEvent};
use callscope_wire::engine::{Engine, Event, Input};
use callscope_wire::{CallId, Limits, dialect};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::plain::raw;
use crate::support::{World, head, memory, message, settled, unary, world_with};

/// A server in memory whose tap is listened to.
async fn tapped() -> (World, Receiver<TapChunk>) {
    let (tap, chunks) = Tap::new(1 << 12);
    (world_with(ServerOptions { listen: memory(), tap, ..ServerOptions::default() }).await, chunks)
}

/// Why connections were closed, as the tap was told.
fn reasons(chunks: &Receiver<TapChunk>) -> Vec<String> {
    let closed = |chunk: TapChunk| if let TapEvent::Closed(reason) = chunk.what { Some(reason) } else { None };
    chunks.try_iter().filter_map(closed).collect()
}

/// Everything that comes until the server hangs up; then this side does, too.
async fn read_all(mut stream: BoxStream) -> Vec<u8> {
    let mut answer = Vec::new();
    // A reset ends it as well.
    let _end = stream.read_to_end(&mut answer).await;
    drop(stream);
    settled().await;
    answer
}

async fn others_go_on(world: &World) {
    assert_eq!(unary(&world.channel().await, "test.Odd/Echo", &json!(1)).await, Ok(json!(1)));
}

/// A client without a driver, which reads only when it is told to.
struct Puppet {
    engine: Box<dyn Engine>,
    stream: BoxStream,
}

impl Puppet {
    /// Past the handshake.
    async fn new(world: &World) -> Self {
        let native = dialect::by_name("native").unwrap();
        let engine = native.client(Limits::default(), false, clock::now());
        let mut puppet = Self { engine, stream: raw(world).await };
        puppet.write().await;
        loop {
            let mut bytes = bytes::BytesMut::new();
            puppet.stream.read_buf(&mut bytes).await.unwrap();
            let _accepted = puppet.engine.input(clock::now(), Input::Bytes(bytes.freeze())).unwrap();
            if std::iter::from_fn(|| puppet.engine.poll_event()).any(|event| matches!(event, Event::Ready(_))) {
                return puppet;
            }
        }
    }

    async fn call(&mut self, method: &str, request: Bytes) {
        let call = Input::Call { call: CallId(1), head: Box::new(head(method)), message: Some(request), end: true };
        let _accepted = self.engine.input(clock::now(), call).unwrap();
        self.write().await;
    }

    async fn write(&mut self) {
        let mut pieces = Vec::new();
        self.engine.poll_transmit(clock::now(), usize::MAX, &mut pieces);
        for piece in pieces {
            self.stream.write_all(&piece).await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_dialect_are_recorded_and_answered() {
    let (world, chunks) = tapped().await;
    for garbage in [&b"\xff\xfe\xfd garbage"[..], b"SSH-2.0-OpenSSH_9.9\r\n", &[0; 64]] {
        let mut stream = raw(&world).await;
        stream.write_all(garbage).await.unwrap();
        let answer = read_all(stream).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.contains("no dialect starts with these bytes: ["), "{answer:?}");
        let seen: Vec<TapChunk> = chunks.try_iter().collect();
        assert!(seen.iter().any(|chunk| matches!(&chunk.what, TapEvent::Received(bytes) if bytes == garbage)));
        let Some(TapEvent::Closed(reason)) = seen.last().map(|chunk| &chunk.what) else { panic!("not closed") };
        assert!(reason.starts_with("no dialect starts with these bytes: ["), "{reason}");
    }
    let mut stream = raw(&world).await;
    stream.write_all(b"\x16\x03\x01\x02\x00\x01").await.unwrap();
    assert_eq!(read_all(stream).await, b"");
    assert_eq!(reasons(&chunks), ["the client speaks TLS, but this server has no certificate"]);
    others_go_on(&world).await;
}

#[tokio::test(start_paused = true)]
async fn garbage_behind_a_good_beginning_is_answered_with_a_goodbye() {
    let (world, chunks) = tapped().await;
    let mut puppet = Puppet::new(&world).await;
    puppet.stream.write_all(&[0xff; 64]).await.unwrap();
    let answer = read_all(puppet.stream).await;
    assert_eq!(answer.get(4), Some(&0x04), "not a GOAWAY: {answer:02x?}");
    let reasons = reasons(&chunks);
    assert!(reasons.len() == 1 && reasons.iter().all(|reason| reason.contains("offset")), "{reasons:?}");
    others_go_on(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_of_a_gigabyte_is_refused_before_it_comes() {
    let (world, chunks) = tapped().await;
    let mut puppet = Puppet::new(&world).await;
    // A REQUEST on stream 1 whose length says 1 GiB.
    let header = [0x40, 0, 0, 0, 0x10, 0x40, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    puppet.stream.write_all(&header).await.unwrap();
    let answer = read_all(puppet.stream).await;
    assert_eq!(answer.get(4), Some(&0x04), "not a GOAWAY: {answer:02x?}");
    let reasons = reasons(&chunks);
    assert!(reasons.iter().all(|reason| reason.contains("1073741824") || reason.contains("limit")), "{reasons:?}");
    others_go_on(&world).await;
}

#[tokio::test(start_paused = true)]
async fn half_of_anything_and_silence_is_waited_for_a_bounded_time() {
    let (world, chunks) = tapped().await;
    for (half, least, most) in [
        (&b""[..], 60, 61),
        // A preface without an end; the engine's handshake timeout.
        (b"\x89RPC", 5, 7),
        // A preface, and half a HELLO.
        (b"\x89RPC\x01\x01\x00\x00\x00\x00\x00\x20\x01", 5, 7),
        // JSON that somebody types.
        (b"{\"method\": ", 60, 61),
    ] {
        let mut stream = raw(&world).await;
        let start = tokio::time::Instant::now();
        stream.write_all(half).await.unwrap();
        read_all(stream).await;
        let waited = start.elapsed().as_secs();
        assert!((least..=most).contains(&waited), "{half:?} was waited for {waited} s");
        let reasons = reasons(&chunks);
        assert!(matches!(reasons.as_slice(), [reason] if !reason.is_empty()), "{half:?}: {reasons:?}");
    }
    others_go_on(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_tls_handshake_that_stops_is_waited_for_a_bounded_time() {
    let tls = Some(ServerTls::development().unwrap());
    let world = world_with(ServerOptions { listen: memory(), tls, ..ServerOptions::default() }).await;
    let mut stream = raw(&world).await;
    let start = tokio::time::Instant::now();
    stream.write_all(b"\x16\x03\x01\x02\x00\x01").await.unwrap();
    assert_eq!(read_all(stream).await, b"");
    assert_eq!(start.elapsed().as_secs(), 5);
    others_go_on(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_one_byte_a_second_costs_a_bounded_amount() {
    let (mut world, _chunks) = tapped().await;
    let mut puppet = Puppet::new(&world).await;
    puppet.call("test.Odd/Flood", message(&json!({}))).await;
    assert_eq!(world.heard().await, "started");
    for _ in 0..120 {
        puppet.stream.read_u8().await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let held = world.watch.flooded.load(Ordering::Relaxed);
    assert!(held <= 2 << 20, "{held} bytes are held for it");
    others_go_on(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_dropped() {
    let (mut world, chunks) = tapped().await;
    let mut puppet = Puppet::new(&world).await;
    puppet.call("test.Odd/Flood", message(&json!({}))).await;
    assert_eq!(world.heard().await, "started");
    let start = tokio::time::Instant::now();
    assert_eq!(world.heard().await, "dropped");
    assert!((20..=23).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    tokio::time::sleep(Duration::from_secs(5)).await;
    let reasons = reasons(&chunks);
    assert!(reasons.iter().all(|reason| reason.contains("took no")), "{reasons:?}");
    assert_eq!(reasons.len(), 1);
    others_go_on(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_vanishes_takes_its_handlers_along() {
    let (mut world, chunks) = tapped().await;
    let mut puppet = Puppet::new(&world).await;
    puppet.call("test.Odd/Flood", message(&json!({}))).await;
    assert_eq!(world.heard().await, "started");
    drop(puppet);
    assert_eq!(world.heard().await, "dropped");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(reasons(&chunks).len(), 1);
    others_go_on(&world).await;
}

#[tokio::test(start_paused = true)]
async fn connections_above_the_limit_are_closed_as_they_come() {
    let options = ServerOptions { listen: memory(), max_connections: 2, ..ServerOptions::default() };
    let world = world_with(options).await;
    let (first, second) = (raw(&world).await, raw(&world).await);
    let third = raw(&world).await;
    assert_eq!(read_all(third).await, b"");
    drop((first, second));
    settled().await;
    others_go_on(&world).await;
}
