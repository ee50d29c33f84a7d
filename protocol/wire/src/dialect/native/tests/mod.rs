//! The rules of `protocol/README.md`, each held by a test.

mod calls;
mod encoding;
mod flow;
mod goodbye;
mod handshake;
mod hostile;
mod inspect;
mod life;
mod readme;
mod referee;
mod rules;

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::Native;
use crate::dialect::Dialect;
use crate::engine::{CancelReason, Engine, Event, Input, Side};
use crate::frame::native::{Bounds, Encoder, Flags, Frame, Kind, MAGIC, Splitter};
use crate::frame::tlv;
use crate::testing::Pair;
use crate::{CallHead, CallId, Code, Codec, Compression, Encoding, Fault, Limits, Metadata, Status, Time};

/// Two engines with the handshake behind them and its events taken.
fn ready(limits: &Limits) -> Pair {
    shaken(Pair::new(&Native, limits))
}

fn shaken(mut pair: Pair) -> Pair {
    pair.run();
    assert!(matches!(pair.client.take_events().as_slice(), [Event::Ready(_)]));
    assert!(matches!(pair.server.take_events().as_slice(), [Event::Ready(_)]));
    pair.client.sent.clear();
    pair.server.sent.clear();
    pair
}

fn head(method: &str) -> CallHead {
    CallHead { method: method.to_owned(), ..CallHead::default() }
}

fn unary(call: u64, message: impl Into<Bytes>) -> Input {
    Input::Call { call: CallId(call), head: Box::new(head("demo.Echo/Say")), message: Some(message.into()), end: true }
}

fn streaming(call: u64) -> Input {
    Input::Call { call: CallId(call), head: Box::new(head("demo.Echo/Talk")), message: None, end: false }
}

fn message(call: u64, message: impl Into<Bytes>) -> Input {
    Input::Message { call: CallId(call), message: message.into(), end: false }
}

fn finish(call: u64, status: Status) -> Input {
    Input::Finish { call: CallId(call), status: Box::new(status) }
}

fn consumed(call: u64, bytes: usize) -> Input {
    Input::Consumed { call: CallId(call), bytes }
}

fn cancel(call: u64, reason: CancelReason) -> Input {
    Input::Cancel { call: CallId(call), reason }
}

fn opened(call: u64, stream: u64) -> Event {
    Event::Opened { call: CallId(call), stream }
}

fn ended(call: u64, status: Status) -> Event {
    Event::End { call: CallId(call), status: Box::new(status) }
}

fn received(call: u64, message: impl Into<Bytes>) -> Event {
    Event::Message { call: CallId(call), message: message.into() }
}

fn cancelled(call: u64, reason: CancelReason) -> Event {
    Event::Cancelled { call: CallId(call), reason }
}

/// Exactly so many events.
fn array<const N: usize>(events: Vec<Event>) -> [Event; N] {
    events.try_into().unwrap()
}

/// How the calls that ended did: call, code, not processed.
fn endings(events: &[Event]) -> Vec<(u64, Code, bool)> {
    let ending = |event: &Event| match event {
        Event::End { call, status } => Some((call.0, status.code, status.not_processed)),
        _ => None,
    };
    events.iter().filter_map(ending).collect()
}

/// The frames in these bytes; a preface in front is passed over.
fn cut(bytes: &[u8]) -> Vec<Frame> {
    let bytes = if bytes.starts_with(&MAGIC) { &bytes[8..] } else { bytes };
    let mut splitter = Splitter::default();
    splitter.feed(Bytes::copy_from_slice(bytes));
    std::iter::from_fn(|| splitter.next_frame(Bounds { body: 16 << 20, meta: 65_535 }).unwrap()).collect()
}

/// Type, flags and stream of each frame in these bytes.
fn frames(bytes: &[u8]) -> Vec<String> {
    let describe = |frame: Frame| {
        let header = frame.header;
        format!("{} {} {}", header.kind.name().unwrap_or("?"), header.flags.names(), header.stream)
    };
    cut(bytes).into_iter().map(describe).collect()
}

/// A frame without a checksum.
fn raw(kind: Kind, flags: Flags, stream: u32, meta: &[u8], body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::default();
    let put = |buf: &mut BytesMut| buf.extend_from_slice(meta);
    encoder.frame(&mut out, (kind, flags, stream), 65_535, put, &Bytes::copy_from_slice(body)).unwrap();
    encoder.flush(&mut out);
    out.concat()
}

fn method(name: &[u8]) -> Vec<u8> {
    let mut meta = Vec::new();
    tlv::put(&mut meta, 1, name);
    meta
}

/// A unary REQUEST as a peer of few words sends it.
fn request(stream: u32, body: &[u8]) -> Vec<u8> {
    raw(Kind::REQUEST, Flags::MSG.with(Flags::END), stream, &method(b"a.B/C"), body)
}

const PREFACE: [u8; 8] = [0x89, b'R', b'P', b'C', 1, 1, 0, 0];

/// One engine whose peer is the test. Nothing is agreed but defaults: the peer's HELLO is empty, so there are no checksums.
struct Lone {
    engine: Box<dyn Engine>,
    now: Time,
    /// Bytes that the peer has sent.
    fed: u64,
}

impl Lone {
    fn raw(side: Side, limits: Limits) -> Self {
        let now = Time::from_millis(1000);
        let engine = match side {
            Side::Client => Native.client(limits, false, now),
            Side::Server => Native.server(limits, false, now),
        };
        Self { engine, now, fed: 0 }
    }

    /// With the handshake behind it.
    fn new(side: Side, limits: Limits) -> Self {
        let mut lone = Self::raw(side, limits);
        lone.feed(&[PREFACE.to_vec(), raw(Kind::HELLO, Flags::NONE, 0, b"", b"")].concat()).unwrap();
        assert!(matches!(lone.events().as_slice(), [Event::Ready(_)]));
        lone.sent();
        lone
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.fed += bytes.len() as u64;
        self.engine.input(self.now, Input::Bytes(Bytes::copy_from_slice(bytes))).map(|_| ())
    }

    fn input(&mut self, input: Input) {
        self.engine.input(self.now, input).map(|_| ()).unwrap();
    }

    fn sent(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        while self.engine.poll_transmit(self.now, 1 << 20, &mut out) > 0 {}
        out.concat()
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.engine.poll_event()).collect()
    }

    /// Waits until the engine's next timer and lets it fire.
    fn fire(&mut self) -> Result<(), Fault> {
        self.now = self.engine.wake_at().expect("nothing to wait for");
        self.engine.input(self.now, Input::Timer).map(|_| ())
    }
}
