//! Decoders of what lies on the wire: frames, HELLO, metadata; what is recorded, cut and taken apart.

use bytes::Bytes;

use super::formats::within;
use super::{choose, pieces};
use crate::capture::{ConnectionFacts, Recorder, Store, TapChunk, TapEvent};
use crate::dialect::{self, Dialect, Toward, native, plain};
use crate::engine::Side;
use crate::frame::native::{Bounds, Splitter};
use crate::inspect::Cut;
use crate::{Codec, Compression, ConnectionId, Encoding, Span, Time};

/// Split or not: the same frames, and the same fault at the same offset.
pub(super) fn frames(bytes: &[u8]) {
    let (choice, stream) = choose(bytes);
    let read = |pieces: Vec<&[u8]>| {
        let mut splitter = Splitter::default();
        let mut frames = Vec::new();
        for piece in pieces {
            splitter.feed(Bytes::copy_from_slice(piece));
            loop {
                match splitter.next_frame(Bounds { body: 1 << 16, meta: 1 << 12 }) {
                    Ok(Some(frame)) => frames.push((frame.at, frame.header, frame.body().to_vec())),
                    Ok(None) => break,
                    Err(fault) => return (frames, Some(fault)),
                }
            }
        }
        (frames, None)
    };
    assert_eq!(read(vec![stream]), read(pieces(choice, stream)));
}

pub(super) fn hello(bytes: &[u8]) {
    native::fuzzing::hello(bytes);
}

pub(super) fn metadata(bytes: &[u8]) {
    native::fuzzing::metadata(bytes);
}

pub(super) fn cutter(bytes: &[u8]) {
    cut(&native::Native, bytes);
}

pub(super) fn plain_cutter(bytes: &[u8]) {
    cut(&plain::Plain, bytes);
}

/// No byte is lost, whatever the pieces. Bytes that are missing in between are no reason to lose others.
fn cut(dialect: &dyn Dialect, bytes: &[u8]) {
    let (way, rest) = choose(bytes);
    let (choice, stream) = choose(rest);
    let toward = if way & 1 == 0 { Toward::Server } else { Toward::Client };
    let mut cutter = dialect.cutter(toward);
    let mut cuts: Vec<Cut> = Vec::new();
    for (index, piece) in pieces(choice, stream).into_iter().enumerate() {
        if index == 3 && way & 2 != 0 {
            cutter.gap(u64::from(way));
        }
        cutter.feed(Bytes::copy_from_slice(piece), &mut cuts);
    }
    cutter.finish(&mut cuts);
    let whole: Vec<u8> = cuts.iter().flat_map(|cut| cut.bytes.to_vec()).collect();
    assert!(whole == stream, "{} bytes of {} came out", whole.len(), stream.len());
    for cut in &cuts {
        if let Some(part) = cut.message {
            assert!(part.span.end <= cut.bytes.len());
        }
    }
}

pub(super) fn dissect(bytes: &[u8]) {
    taken_apart(&native::Native, bytes);
}

pub(super) fn plain_dissect(bytes: &[u8]) {
    taken_apart(&plain::Plain, bytes);
}

fn taken_apart(dialect: &dyn Dialect, bytes: &[u8]) {
    let (choice, frame) = choose(bytes);
    let encoding = Encoding {
        codec: Codec::by_id(choice & 3).unwrap_or_default(),
        compression: Compression::by_id(choice >> 2 & 3).unwrap_or_default(),
    };
    for toward in [Toward::Server, Toward::Client] {
        let dissection = dialect.dissect_in(toward, frame, encoding);
        within(&dissection.tree, Span::new(0, frame.len()));
        for odd in &dissection.diagnostics {
            assert!(odd.span.end <= frame.len(), "{odd:?}");
        }
    }
}

pub(super) fn sniff(bytes: &[u8]) {
    drop(dialect::sniff(bytes));
    for dialect in dialect::ALL {
        dialect.sniff(bytes);
    }
}

/// What a tap saw of a connection, both ways in turns, through recorder and store to messages.
pub(super) fn recording(bytes: &[u8]) {
    let connection = ConnectionId(1);
    let (choice, stream) = choose(bytes);
    let facts = ConnectionFacts {
        side: if choice & 1 == 0 { Side::Client } else { Side::Server },
        local: String::new(),
        peer: String::new(),
        transport: "tcp",
        dialect: (choice & 2 != 0).then_some("native"),
        instance: None,
    };
    let mut recorder = Recorder::default();
    let mut store = Store::new(1 << 20);
    let mut see = |what| {
        recorder.cut(TapChunk { connection, at: Time::ZERO, what }).append(&mut store, true);
    };
    see(TapEvent::Opened(facts));
    // A line of 0xff changes the direction, one of 0xfe loses bytes.
    let mut sent = true;
    for piece in stream.split(|byte| *byte == 0xff) {
        if piece.first() == Some(&0xfe) {
            see(TapEvent::Lost { sent, bytes: piece.len() as u64 });
        } else {
            let bytes = Bytes::copy_from_slice(piece);
            see(if sent { TapEvent::Sent(bytes) } else { TapEvent::Received(bytes) });
        }
        sent = !sent;
    }
    see(TapEvent::Closed(String::new()));
    let ids: Vec<_> = store.since(store.first_id()).map(|frame| frame.id).collect();
    for id in ids {
        if let Some(pieces) = store.pieces_of(id) {
            let len = pieces.len();
            assert_eq!(pieces.join().bytes.len(), len);
        }
    }
}
