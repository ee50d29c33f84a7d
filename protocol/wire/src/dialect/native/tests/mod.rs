//! The rules of `protocol/README.md`, each held by a test.

mod calls;

use std::time::Duration;

use bytes::Bytes;

use super::{Native, client::Client, server::Server};
use crate::engine::{CancelReason, Event, Input, Side};
use crate::testing::Pair;
use crate::{CallHead, CallId, Code, Limits, Metadata, Status, Time};

/// Two engines with the handshake behind them and its events taken.
fn ready(limits: &Limits) -> Pair {
    let mut pair = Pair::new(&Native, limits);
    pair.run();
    assert!(matches!(pair.client.take_events().as_slice(), [Event::Ready(_)]));
    assert!(matches!(pair.server.take_events().as_slice(), [Event::Ready(_)]));
    pair
}

fn head(method: &str) -> Box<CallHead> {
    Box::new(CallHead { method: method.to_owned(), ..CallHead::default() })
}

fn unary(call: u64, message: impl Into<Bytes>) -> Input {
    Input::Call { call: CallId(call), head: head("demo.Echo/Say"), message: Some(message.into()), end: true }
}

fn streaming(call: u64) -> Input {
    Input::Call { call: CallId(call), head: head("demo.Echo/Talk"), message: None, end: false }
}

fn message(call: u64, message: impl Into<Bytes>) -> Input {
    Input::Message { call: CallId(call), message: message.into(), end: false }
}

fn finish(call: u64, status: Status) -> Input {
    Input::Finish { call: CallId(call), status: Box::new(status) }
}

fn ended(call: u64, status: Status) -> Event {
    Event::End { call: CallId(call), status: Box::new(status) }
}

fn received(call: u64, message: impl Into<Bytes>) -> Event {
    Event::Message { call: CallId(call), message: message.into() }
}

/// Type, flags and stream of each frame in these bytes.
fn frames(bytes: &[u8]) -> Vec<String> {
    let bytes = if bytes.starts_with(&crate::frame::native::MAGIC) { &bytes[8..] } else { bytes };
    let mut splitter = crate::frame::native::Splitter::default();
    splitter.feed(Bytes::copy_from_slice(bytes));
    let bounds = crate::frame::native::Bounds { body: 16 << 20, meta: 65_535 };
    std::iter::from_fn(|| splitter.next_frame(bounds).unwrap())
        .map(|frame| {
            let header = frame.header;
            format!("{} {} {}", header.kind.name().unwrap_or("?"), header.flags.names(), header.stream)
        })
        .collect()
}
