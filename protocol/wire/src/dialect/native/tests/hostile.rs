//! Peers that break the rules: each gets a clear answer, and nothing grows without bound.

use proptest::prelude::*;

use super::*;
use crate::dialect::Toward;
use crate::testing::{any_split, cut as cut_all};

const NONE: Flags = Flags::NONE;

/// What a server that has running calls on 1 (open) and 3 (half-closed), and a finished one on 5, says to this.
fn offend_server(bytes: &[u8]) -> Option<Fault> {
    let mut server = Lone::new(Side::Server, Limits::default());
    server.feed(&raw(Kind::REQUEST, NONE, 1, &method(b"a.B/C"), b"")).unwrap();
    server.feed(&request(3, b"1")).unwrap();
    server.feed(&request(5, b"1")).unwrap();
    server.input(finish(5, Status::ok()));
    server.sent();
    server.events();
    let offset = server.fed;
    let fault = server.feed(bytes).err()?;
    assert_eq!(fault.offset, offset, "{fault}");
    assert_eq!(frames(&server.sent()), ["GOAWAY - 0"]);
    assert_eq!(server.events().iter().filter(|event| matches!(event, Event::Cancelled { .. })).count(), 2);
    Some(fault)
}

/// What a client that has running calls on 1 and 3, and a finished one on 5, says to this.
fn offend_client(bytes: &[u8]) -> Option<Fault> {
    let mut client = Lone::new(Side::Client, Limits::default());
    for call in 1..=3 {
        client.input(unary(call, "1"));
    }
    client.sent();
    client.feed(&raw(Kind::STATUS, NONE, 5, b"", &[0, 0, 0])).unwrap();
    client.events();
    let fault = client.feed(bytes).err()?;
    assert_eq!(frames(&client.sent()), ["GOAWAY - 0"]);
    let mut endings = endings(&client.events());
    endings.sort_unstable();
    assert_eq!(endings, [(1, fault.code, false), (2, fault.code, false)]);
    Some(fault)
}

#[test]
fn every_broken_rule_has_its_answer() {
    let end = Flags::END;
    let msg = Flags::MSG;
    let more = Flags::MORE;
    let both = end.with(msg);
    let meta = method(b"a.B/C");
    let to_server: Vec<(Vec<u8>, &str)> = vec![
        (raw(Kind::PING, NONE, 0, b"", b"short"), "PING with a body of 5 bytes instead of 8"),
        (raw(Kind::PING, NONE, 1, b"", &[0; 8]), "PING on stream 1"),
        (raw(Kind::WINDOW, NONE, 0, b"", b""), "WINDOW with a body of 0 bytes instead of 4"),
        (raw(Kind::WINDOW, NONE, 7, b"", &[0; 4]), "WINDOW on stream 7, which was never opened"),
        (raw(Kind::GOAWAY, NONE, 0, b"", &[0; 5]), "GOAWAY with a body of 5 bytes instead of at least 6"),
        (raw(Kind::AUTH, NONE, 0, b"", b""), "AUTH, but no mechanism was agreed"),
        (raw(Kind(0x7f), NONE, 0, b"", b""), "a frame of unknown type 0x7f without IGN"),
        (raw(Kind::REQUEST, both, 0, &meta, b"1"), "REQUEST on stream 0"),
        (request(2, b"1"), "REQUEST on stream 2 behind 5: numbers are odd and rise up to 2^31-1"),
        (request(5, b"1"), "REQUEST on stream 5 behind 5: numbers are odd and rise up to 2^31-1"),
        (request(0x8000_0001, b"1"), "REQUEST on stream 2147483649 behind 5: numbers are odd and rise up to 2^31-1"),
        (raw(Kind::REQUEST, msg.with(Flags::ONEWAY), 7, &meta, b"1"), "REQUEST with ONEWAY and without END"),
        (raw(Kind::REQUEST, both.with(more), 7, &meta, b"1"), "REQUEST with both MORE and END"),
        (raw(Kind::DATA, both.with(more), 1, b"", b"1"), "DATA with both MORE and END"),
        (raw(Kind::DATA, more, 1, b"", b""), "DATA with MORE and without MSG"),
        (raw(Kind::DATA, NONE, 1, b"", b"1"), "DATA with a body and without MSG"),
        (raw(Kind::DATA, msg.with(Flags::COMP), 1, b"", b"1"), "DATA with COMP, but no compression was agreed"),
        (raw(Kind::DATA, msg, 3, b"", b"1"), "DATA on stream 3 behind its END"),
        (
            raw(Kind::DATA, msg, 1, &[9, 2, 0, 0], b"1"),
            "DATA: priority at metadata offset 2 has 2 bytes, which is not its size",
        ),
        (
            raw(Kind::CANCEL, NONE, 1, &[1], &[0, 1]),
            "CANCEL: metadata breaks off: needs 1 more bytes at offset 1, has 0",
        ),
        (raw(Kind::DATA, msg, 7, b"", b"1"), "DATA on stream 7, which was never opened"),
        (raw(Kind::DATA, msg, 2, b"", b"1"), "DATA on stream 2, which was never opened"),
        (raw(Kind::CANCEL, NONE, 7, b"", &[0, 1]), "CANCEL on stream 7, which was never opened"),
        (raw(Kind::CANCEL, NONE, 1, b"", &[1]), "CANCEL with a body of 1 bytes instead of 2"),
        (raw(Kind::STATUS, NONE, 1, b"", &[0; 3]), "a client sends no STATUS"),
        (raw(Kind::HEADERS, NONE, 1, b"", b""), "a client sends no HEADERS"),
    ];
    for (bytes, what) in to_server {
        let fault = offend_server(&bytes).unwrap_or_else(|| panic!("nothing is wrong with {what}"));
        assert_eq!((fault.code, fault.what.to_string().as_str()), (Code::PROTOCOL_ERROR, what));
    }
    let to_client: Vec<(Vec<u8>, &str)> = vec![
        (request(7, b"1"), "a server sends no REQUEST"),
        (raw(Kind::CANCEL, NONE, 1, b"", &[0, 1]), "a server sends no CANCEL"),
        (raw(Kind::DATA, both, 9, b"", b"1"), "DATA on stream 9, which was never opened"),
        (raw(Kind::STATUS, NONE, 7, b"", &[0; 3]), "STATUS on stream 7, which was never opened"),
        (raw(Kind::STATUS, NONE, 1, b"", &[0; 2]), "STATUS with a body of 2 bytes instead of at least 3"),
        (raw(Kind::HEADERS, NONE, 1, b"", b"1"), "HEADERS with a body of 1 bytes instead of 0"),
        (raw(Kind::STATUS, NONE, 1, &[2, 1, 0xff], &[0; 3]), "STATUS: message at metadata offset 2 is not utf-8"),
        (raw(Kind::DATA, both, 1, &[255, 9], b"1"), "DATA: metadata breaks off: needs 9 more bytes at offset 2, has 0"),
        (
            [raw(Kind::HEADERS, NONE, 1, b"", b""), raw(Kind::HEADERS, NONE, 1, b"", b"")].concat(),
            "HEADERS twice, or behind DATA",
        ),
        (
            [raw(Kind::DATA, msg, 1, b"", b"1"), raw(Kind::HEADERS, NONE, 1, b"", b"")].concat(),
            "HEADERS twice, or behind DATA",
        ),
        (
            [raw(Kind::DATA, msg.with(more), 1, b"", b"1"), raw(Kind::DATA, end, 1, b"", b"")].concat(),
            "DATA without MSG inside a message in parts",
        ),
    ];
    for (bytes, what) in to_client {
        let fault = offend_client(&bytes).unwrap_or_else(|| panic!("nothing is wrong with {what}"));
        assert_eq!((fault.code, fault.what.to_string().as_str()), (Code::PROTOCOL_ERROR, what));
    }
}

#[test]
fn what_is_allowed_is_allowed() {
    for bytes in [
        raw(Kind(0x20), Flags::IGN, 0, b"anything", b"at all"),
        raw(Kind(0x7f), Flags::IGN, 99, b"", b""),
        raw(Kind::DATA, Flags::MSG, 5, b"", b"on a call that is over"),
        raw(Kind::CANCEL, NONE, 5, b"", &[0, 9]),
        raw(Kind::WINDOW, NONE, 5, b"", &[0; 4]),
        raw(Kind::PING, Flags::ACK, 0, b"", b"unasked!"),
        raw(Kind::DATA, NONE, 1, b"", b""),
        request(0x7fff_ffff, b"1"),
    ] {
        assert_eq!(offend_server(&bytes), None);
    }
    for bytes in [
        raw(Kind::DATA, Flags::MSG.with(Flags::END), 5, b"", b"1"),
        raw(Kind::STATUS, NONE, 5, b"", &[0; 3]),
        raw(Kind::STATUS, NONE, 1, &[200, 1, 0], &[0x12, 0x34, 0xff, 1, 2, 3]),
        raw(Kind::HEADERS, Flags::END, 1, b"", b""),
    ] {
        assert_eq!(offend_client(&bytes), None);
    }
}

#[test]
fn a_length_of_four_gibibytes_is_refused_at_its_header() {
    let mut server = Lone::new(Side::Server, Limits::default());
    let fault = server.feed(&[0xff, 0xff, 0xff, 0xff, 0x10, 0x40, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]).unwrap_err();
    assert_eq!(fault.code, Code::FRAME_TOO_LARGE);
    assert_eq!(fault.to_string(), "frame body length 4,294,967,295 passes the limit of 65,536 (offset 24)");
}

#[test]
fn a_flood_of_pings_is_calmed() {
    let mut server = Lone::new(Side::Server, Limits::default());
    let ping = raw(Kind::PING, NONE, 0, b"", &[1; 8]);
    server.feed(&ping).unwrap();
    server.feed(&ping).unwrap();
    assert_eq!(server.feed(&ping).unwrap_err().code, Code::ENHANCE_YOUR_CALM);
    assert_eq!(frames(&server.sent()), ["GOAWAY - 0"]);
}

#[test]
fn rapid_resets_are_calmed_and_hold_no_more_calls_than_allowed() {
    let limits = Limits { max_streams: 100, ..Limits::default() };
    let mut server = Lone::new(Side::Server, limits.clone());
    let mut running = 0;
    let mut fault = None;
    for call in 0..1000 {
        let reset = [request(2 * call + 1, b"1"), raw(Kind::CANCEL, NONE, 2 * call + 1, b"", &[0, 1])].concat();
        fault = server.feed(&reset).err();
        running += server.events().iter().filter(|event| matches!(event, Event::Request { .. })).count();
        if fault.is_some() {
            assert_eq!(call, 200);
            break;
        }
    }
    assert_eq!(fault.unwrap().what, "more than 200 calls cancelled within a second");
    assert_eq!(running, 100, "cancelled handlers that have not ended count");

    // At a pace that a person could have, it goes on for ever.
    let mut server = Lone::new(Side::Server, limits);
    for call in 0..2000_u32 {
        server.now = server.now + Duration::from_millis(6);
        let stream = 2 * call + 1;
        server.feed(&[request(stream, b"1"), raw(Kind::CANCEL, NONE, stream, b"", &[0, 1])].concat()).unwrap();
        server.input(finish(u64::from(stream), Status::ok()));
        assert_eq!(server.events().len(), 2);
        server.sent();
    }
}

#[test]
fn a_peer_that_asks_and_does_not_read_is_bounded() {
    let mut server = Lone::new(Side::Server, Limits { max_streams: 16, ..Limits::default() });
    let fault = (0..100_000).find_map(|call| server.feed(&request(2 * call + 1, b"")).err()).unwrap();
    assert_eq!(fault.code, Code::ENHANCE_YOUR_CALM);
    assert!(fault.offset < 400_000, "{fault}");
}

#[test]
fn any_split_gives_the_same_events() {
    let mut bytes = [PREFACE.to_vec(), raw(Kind::HELLO, NONE, 0, b"", &[11, 1, b'x'])].concat();
    bytes.extend(request(1, br#"{"a":1}"#));
    bytes.extend(raw(Kind::REQUEST, Flags::MSG.with(Flags::MORE), 3, &method(b"a.B/D"), b"[1,"));
    bytes.extend(raw(Kind(0x21), Flags::IGN, 0, b"", b"??"));
    bytes.extend(raw(Kind::DATA, Flags::MSG.with(Flags::END), 3, b"", b"2]"));
    bytes.extend(raw(Kind::CANCEL, NONE, 1, b"", &[0, 2]));
    bytes.extend(raw(Kind::GOAWAY, NONE, 0, b"", &[0, 0, 0, 0, 0, 0, b'b', b'y', b'e']));
    let run = |chunks: &[&[u8]]| {
        let mut server = Lone::raw(Side::Server, Limits::default());
        for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
            server.feed(chunk).unwrap();
        }
        (server.events(), server.sent())
    };
    let whole = run(&[&bytes]);
    assert_eq!(whole.0.len(), 7);
    let cuts = cut_all(Native.cutter(Toward::Server), &[&bytes]);
    any_split(&bytes, |chunks| {
        assert_eq!(run(chunks), whole);
        assert_eq!(cut_all(Native.cutter(Toward::Server), chunks), cuts);
    });
}

/// Bytes with a chance to get somewhere: frames with odd fields, and noise.
fn nonsense() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![prop::sample::select(vec![1_u8, 2, 3, 4, 5, 0x10, 0x11, 0x12, 0x13, 0x14]), any::<u8>()];
    let stream = prop_oneof![0..6_u32, any::<u32>()];
    let meta = prop_oneof![Just(method(b"a.B/C")), Just(Vec::new()), prop::collection::vec(any::<u8>(), 0..20),];
    let body = prop::collection::vec(any::<u8>(), 0..24);
    let frame = (kind, any::<u8>(), stream, meta, body)
        .prop_map(|(kind, flags, stream, meta, body)| raw(Kind(kind), Flags(flags & !8), stream, &meta, &body));
    let piece = prop_oneof![8 => frame, 1 => prop::collection::vec(any::<u8>(), 0..40)];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in nonsense(), handshake in any::<bool>(), at in any::<prop::sample::Index>()) {
        let at = at.index(bytes.len() + 1);
        for side in [Side::Client, Side::Server] {
            let mut lone = if handshake { Lone::new(side, Limits::default()) } else { Lone::raw(side, Limits::default()) };
            if side == Side::Client {
                lone.input(unary(1, "1"));
                lone.input(streaming(2));
                lone.sent();
            }
            let mut faults = 0;
            for part in [&bytes[..at], &bytes[at..]] {
                faults += usize::from(lone.feed(part).is_err());
                lone.sent();
            }
            let over = lone.engine.input(lone.now, Input::Eof).is_err();
            let events = lone.events();
            prop_assert!(faults + usize::from(over) <= 1);
            if side == Side::Client {
                prop_assert_eq!(endings(&events).len(), 2, "{:?}", events);
            }
        }
        for toward in [Toward::Client, Toward::Server] {
            let start = if handshake { PREFACE.to_vec() } else { Vec::new() };
            let mut cutter = Native.cutter(toward);
            let mut cuts = Vec::new();
            cutter.feed(start.clone().into(), &mut cuts);
            cutter.feed(Bytes::copy_from_slice(&bytes[..at]), &mut cuts);
            cutter.feed(Bytes::copy_from_slice(&bytes[at..]), &mut cuts);
            cutter.finish(&mut cuts);
            // Lenient, and complete: no byte is lost or made up.
            let all: Vec<u8> = cuts.iter().flat_map(|cut| cut.bytes.to_vec()).collect();
            prop_assert_eq!(all, [start, bytes.clone()].concat());
            for cut in cuts {
                let dissection = Native.dissect(toward, &cut.bytes);
                check_spans(&dissection.tree, crate::Span::new(0, cut.bytes.len()))?;
            }
            Native.dissect(toward, &bytes);
        }
    }
}

fn check_spans(nodes: &[crate::inspect::Node], within: crate::Span) -> Result<(), TestCaseError> {
    for node in nodes {
        prop_assert!(within.contains(node.span), "{} {:?} is outside of {:?}", node.name, node.span, within);
        check_spans(&node.children, node.span)?;
    }
    Ok(())
}
