//! Messages out of frames, however they were cut, mixed and lost.

use std::collections::{BTreeMap, HashSet, VecDeque};

use proptest::prelude::*;

use super::*;
use crate::Codec;
use crate::capture::{ConnectionFacts, Recorder, TapChunk, TapEvent};
use crate::codec::Typed;
use crate::engine::Side;
use crate::frame::native::{Encoder, Flags, Kind};
use crate::inspect::content::Content;

/// A native connection as its tap sees it, its frames made by hand.
struct Wire {
    recorder: Recorder,
    store: Store,
    connection: u64,
    clock: u64,
    /// Of calls that begin.
    encoding: Encoding,
}

impl Wire {
    fn new(side: Side) -> Self {
        let facts = ConnectionFacts {
            side,
            local: "127.0.0.1:1".into(),
            peer: "127.0.0.1:2".into(),
            transport: "tcp",
            dialect: Some("native"),
            instance: None,
        };
        let mut wire = Self {
            recorder: Recorder::default(),
            store: Store::new(64 << 20),
            connection: 1,
            clock: 0,
            encoding: Encoding::default(),
        };
        wire.tap(TapEvent::Opened(facts));
        wire
    }

    fn tap(&mut self, what: TapEvent) {
        self.clock += 1;
        let chunk = TapChunk { connection: ConnectionId(self.connection), at: Time::from_millis(self.clock), what };
        self.recorder.cut(chunk).append(&mut self.store, true);
    }

    fn frame(&mut self, sent: bool, kind: Kind, flags: Flags, stream: u32, body: &[u8]) {
        let bytes = encoded(kind, flags, stream, body, self.encoding);
        self.tap(if sent { TapEvent::Sent(bytes) } else { TapEvent::Received(bytes) });
    }

    fn message(&self, stream: u64, sent: bool, number: u32) -> Option<Message> {
        let key = MessageKey { connection: ConnectionId(1), stream, sent, number };
        let frame = self.store.find_message(&key, Time::from_millis(self.clock / 2))?;
        Some(self.store.pieces_of(frame)?.join())
    }
}

fn encoded(kind: Kind, flags: Flags, stream: u32, body: &[u8], encoding: Encoding) -> Bytes {
    let mut encoder = Encoder::default();
    encoder.checksums = true;
    let mut out = Vec::new();
    let meta = |buf: &mut BytesMut| {
        if kind == Kind::REQUEST {
            buf.extend_from_slice(b"\x01\x03a/B");
            buf.extend_from_slice(&[6, 1, encoding.codec.id(), 16, 1, encoding.compression.id()]);
        }
    };
    encoder.frame(&mut out, (kind, flags, stream), 1 << 14, meta, &Bytes::copy_from_slice(body)).unwrap();
    encoder.flush(&mut out);
    out.concat().into()
}

const MSG: Flags = Flags::MSG;

#[test]
fn parts_of_two_streams_are_told_apart_and_counted() {
    let mut wire = Wire::new(Side::Client);
    wire.frame(true, Kind::REQUEST, MSG.with(Flags::MORE), 1, b"{\"a\":");
    wire.frame(true, Kind::REQUEST, MSG, 3, b"[3]");
    wire.frame(true, Kind::DATA, MSG, 1, b"1}");
    wire.frame(true, Kind::DATA, MSG.with(Flags::END), 1, b"second");
    wire.frame(false, Kind::DATA, MSG.with(Flags::MORE), 1, b"answ");
    wire.frame(false, Kind::DATA, MSG.with(Flags::END), 3, b"three");
    wire.frame(false, Kind::DATA, MSG.with(Flags::END), 1, b"er");
    let first = wire.message(1, true, 0).unwrap();
    assert_eq!((&*first.bytes, first.parts.len(), first.is_whole()), (&b"{\"a\":1}"[..], 2, true));
    assert_eq!(wire.message(1, true, 1).unwrap().bytes, "second");
    assert_eq!(wire.message(3, true, 0).unwrap().bytes, "[3]");
    assert_eq!(wire.message(3, false, 0).unwrap().bytes, "three");
    let answer = wire.message(1, false, 0).unwrap();
    assert_eq!(answer.bytes, "answer");
    // `we` lies across both: two bytes of the first frame, behind its header, and so on.
    let placed: Vec<_> = answer.in_frames(Span::new(3, 5)).collect();
    assert_eq!(placed, [(FrameId(5), Span::new(19, 20)), (FrameId(7), Span::new(16, 17))]);
    assert_eq!(answer.of_frame(FrameId(7), 17), Some(5));
    assert_eq!(answer.of_frame(FrameId(7), 15), None, "that is the header");
    assert!(wire.message(1, false, 1).is_none());
}

#[test]
fn what_is_gone_is_said() {
    let mut wire = Wire::new(Side::Client);
    wire.frame(true, Kind::REQUEST, MSG, 1, b"{}");
    for part in ["one", "two", "three"] {
        wire.frame(false, Kind::DATA, MSG.with(Flags::MORE), 1, part.as_bytes());
    }
    let unfinished = wire.message(1, false, 0).unwrap();
    assert_eq!((&*unfinished.bytes, unfinished.begins, unfinished.ends), (&b"onetwothree"[..], true, false));
    // Room for the last two frames only.
    let two = wire.store.since(FrameId(3)).map(|frame| size_of::<Frame>() + frame.bytes.len()).sum();
    wire.store.set_limit(two);
    let rest = wire.message(1, false, 0).unwrap();
    assert_eq!((&*rest.bytes, rest.begins, rest.parts.len()), (&b"twothree"[..], false, 2));
    assert_eq!(wire.message(1, true, 0), None);
}

#[test]
fn behind_lost_bytes_nothing_is_counted_and_nothing_wrongly_joined() {
    let mut wire = Wire::new(Side::Client);
    wire.frame(true, Kind::REQUEST, MSG, 1, b"{}");
    wire.frame(false, Kind::DATA, MSG.with(Flags::MORE), 1, b"first");
    wire.tap(TapEvent::Lost { sent: false, bytes: 20 });
    wire.frame(false, Kind::DATA, MSG.with(Flags::MORE), 1, b"of what");
    wire.frame(false, Kind::DATA, MSG, 1, b"?");
    wire.frame(false, Kind::DATA, MSG, 1, b"whole");
    let of = |frame| {
        let message = wire.store.pieces_of(FrameId(frame)).unwrap().join();
        (String::from_utf8_lossy(&message.bytes).into_owned(), message.number, message.begins, message.ends)
    };
    assert_eq!(of(2), ("first".into(), Some(0), true, false));
    assert_eq!(of(4), ("of what?".into(), None, false, true));
    assert_eq!(of(5), ("whole".into(), None, true, true));
    // The other direction and later calls are as before.
    wire.frame(true, Kind::REQUEST, MSG, 3, b"[]");
    wire.frame(false, Kind::DATA, MSG.with(Flags::END), 3, b"[1]");
    assert_eq!(wire.message(3, false, 0).unwrap().bytes, "[1]");
}

#[test]
fn the_plain_dialects_messages_lie_in_their_requests_and_answers() {
    let facts = ConnectionFacts {
        side: Side::Server,
        local: String::new(),
        peer: String::new(),
        transport: "tls",
        dialect: None,
        instance: None,
    };
    let mut wire = Wire::new(Side::Client);
    wire.connection = 2;
    wire.tap(TapEvent::Opened(facts));
    let requests = [
        (r#"{"method":"add","args":[1,2],"kwargs":{}}"#, "[1,2]"),
        (r#"{"method":"a","args":[],"kwargs":{"k":7}}"#, r#"{"k":7}"#),
        (r#"{"args":[1],"method":"a","kwargs":{"k":7}}"#, r#"{"args":[1],"method":"a","kwargs":{"k":7}}"#),
        (r#"{"method":"a","args":[],"kwargs":{}}"#, "{}"),
    ];
    for (stream, (request, message)) in (1..).zip(requests) {
        wire.tap(TapEvent::Received(Bytes::from(format!("{request}\n"))));
        wire.tap(TapEvent::Sent(Bytes::from_static(b"{\"result\": {\"sum\":3}}\n")));
        let message_of = |sent| {
            let key = MessageKey { connection: ConnectionId(2), stream, sent, number: 0 };
            wire.store.pieces_of(wire.store.find_message(&key, Time::ZERO).unwrap()).unwrap().join()
        };
        assert_eq!(message_of(false).bytes, message);
        assert_eq!(message_of(true).bytes, "{\"sum\":3}");
    }
}

/// A stream and whether this side writes.
type Lane = (u32, bool);
/// A part of a message, and its flags.
type Waiting = (Flags, Vec<u8>);

/// One message on its way: its stream, direction, value, and where it is cut.
fn any_message() -> impl Strategy<Value = (u32, bool, crate::Value, Vec<usize>)> {
    let value = prop::collection::vec(("[a-d]{1,3}", any::<i32>()), 0..40)
        .prop_map(|members| serde_json::json!({"items": members, "note": "x".repeat(1200), "end": true}));
    (0..3_u32, any::<bool>(), value, prop::collection::vec(0..4_000_usize, 0..6))
        .prop_map(|(stream, sent, value, cuts)| (2 * stream + 1, sent, value, cuts))
}

proptest! {
    #[test]
    fn any_cut_and_any_mixture_gives_the_messages_and_their_bytes(
        messages in prop::collection::vec(any_message(), 1..10),
        turns in prop::collection::vec(any::<prop::sample::Index>(), 80),
        server in any::<bool>(),
        codec in 0..3_usize,
        compression in 0..3_usize,
    ) {
        let mut wire = Wire::new(if server { Side::Server } else { Side::Client });
        wire.encoding = Encoding { codec: Codec::ALL[codec], compression: Compression::ALL[compression] };
        let Encoding { codec, compression } = wire.encoding;
        for stream in [1, 3, 5] {
            wire.frame(!server, Kind::REQUEST, Flags::NONE, stream, b"");
        }
        // Frames of each stream and direction in order; which of them goes next is chance.
        let mut lanes: BTreeMap<Lane, VecDeque<Waiting>> = BTreeMap::new();
        let mut packed = Vec::new();
        for (stream, sent, value, cuts) in &messages {
            let plain = Bytes::from(codec.encode(value, Typed::UNKNOWN));
            let small = compression.pack(&plain);
            let flags = MSG.with_if(small.is_some(), Flags::COMP);
            let bytes = small.unwrap_or(plain);
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let parts: Vec<_> = cuts.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec()).collect();
            let last = parts.len() - 1;
            let parts = parts.into_iter().enumerate();
            lanes.entry((*stream, *sent)).or_default()
                .extend(parts.map(|(index, part)| (flags.with_if(index < last, Flags::MORE), part)));
            packed.push(bytes);
        }
        let mut turns = turns.iter().cycle();
        while !lanes.is_empty() {
            let lane = *lanes.keys().nth(turns.next().unwrap().index(lanes.len())).unwrap();
            match lanes.get_mut(&lane).unwrap().pop_front() {
                Some((flags, body)) => wire.frame(lane.1, Kind::DATA, flags, lane.0, &body),
                None => { lanes.remove(&lane); }
            }
        }

        let mut counts = BTreeMap::new();
        let mut seen = HashSet::new();
        for ((stream, sent, value, _), bytes) in messages.iter().zip(&packed) {
            let number = counts.entry((*stream, *sent)).or_insert(0);
            let message = wire.message(u64::from(*stream), *sent, *number).unwrap();
            *number += 1;
            prop_assert!(message.is_whole());
            prop_assert_eq!(&message.bytes, bytes);
            // Every byte of it has its place in a frame, and no other byte has the same.
            for at in 0..bytes.len() {
                let places: Vec<_> = message.in_frames(Span::at(at, 1)).collect();
                prop_assert_eq!(places.len(), 1);
                let (frame, span) = places[0];
                prop_assert!(seen.insert((frame, span.start)));
                prop_assert_eq!(message.of_frame(frame, span.start), Some(at));
            }
            let content = Content::read(message.encoding.codec, message.compression(), &message.bytes, 1 << 20).unwrap();
            prop_assert_eq!(&content.value, &Some(Ok(std::sync::Arc::new(value.clone()))));
            // The bytes of every value are its encoding, wherever it was cut.
            let items = value["items"].as_array().unwrap();
            for pointer in (0..items.len()).map(|index| format!("/items/{index}/1")).chain(["/end".to_owned()]) {
                let place = content.find(&pointer).unwrap();
                let expected = codec.encode(value.pointer(&pointer).unwrap(), Typed::UNKNOWN);
                prop_assert_eq!(&content.bytes[place.value.range()], &expected[..]);
                if message.compressed {
                    continue;
                }
                let mut bytes = Vec::new();
                for (frame, span) in message.in_frames(place.value) {
                    bytes.extend_from_slice(&wire.store.get(frame).unwrap().bytes[span.range()]);
                }
                prop_assert_eq!(bytes, expected);
            }
        }
    }
}
