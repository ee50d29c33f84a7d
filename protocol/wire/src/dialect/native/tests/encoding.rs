//! Codecs and compressions: what is agreed, what is sent, and what is said where it is not as it should be.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::codec::Typed;

const BIG: usize = 3000;

fn encoding(codec: Codec, compression: Compression) -> Encoding {
    Encoding { codec, compression }
}

fn call_in(call: u64, encoding: Encoding, message: impl Into<Bytes>, end: bool) -> Input {
    let head = Box::new(CallHead { encoding, ..head("a.B/C") });
    Input::Call { call: CallId(call), head, message: Some(message.into()), end }
}

fn big(codec: Codec) -> Bytes {
    let lines: Vec<_> = (0..BIG / 20).map(|n| json!({"sku": "A1", "qty": n})).collect();
    codec.encode(&json!({ "lines": lines }), Typed::UNKNOWN).into()
}

/// A peer that has said what it speaks.
fn peer(side: Side, codecs: &[u8], compressions: &[u8]) -> Lone {
    let mut hello = Vec::new();
    tlv::put(&mut hello, 7, codecs);
    tlv::put(&mut hello, 8, compressions);
    let mut lone = Lone::raw(side, Limits::default());
    lone.feed(&[PREFACE.to_vec(), raw(Kind::HELLO, Flags::NONE, 0, b"", &hello)].concat()).unwrap();
    lone.events();
    lone.sent();
    lone
}

#[test]
fn all_that_we_speak_is_agreed_between_two_of_us() {
    let mut pair = Pair::new(&Native, &Limits::default());
    pair.run();
    let [Event::Ready(here)] = array(pair.server.take_events()) else { panic!() };
    assert_eq!((here.codecs, here.compressions), (Codec::ALL.to_vec(), Compression::ALL.to_vec()));
    let mut some = Lone::raw(Side::Client, Limits::default());
    some.feed(&PREFACE).unwrap();
    some.feed(&raw(Kind::HELLO, Flags::NONE, 0, b"", &[7, 2, 3, 9, 8, 1, 1])).unwrap();
    let [Event::Ready(agreement)] = array(some.events()) else { panic!() };
    assert_eq!(agreement.codecs, [Codec::Json, Codec::Cbor], "json whether it was said or not");
    assert_eq!(agreement.compressions, [Compression::None, Compression::Lz4]);
}

#[test]
fn messages_are_compressed_where_it_is_worth_it_and_come_out_as_they_went_in() {
    for compression in [Compression::Lz4, Compression::Zstd] {
        let mut pair = ready(&Limits::default());
        let encoding = encoding(Codec::Msgpack, compression);
        pair.client(call_in(1, encoding, big(Codec::Msgpack), false));
        pair.client(message(1, "short"));
        pair.client(Input::HalfClose { call: CallId(1) });
        pair.run();
        assert_eq!(frames(&pair.client.sent), ["REQUEST COMP|CK|MSG 1", "DATA END|CK|MSG 1"]);
        let [
            Event::Request { head, message: Some(packed), packed: true, .. },
            Event::Message { .. },
            Event::HalfClosed { .. },
        ] = array(pair.server.take_events())
        else {
            panic!()
        };
        assert_eq!(head.encoding, encoding);
        assert!(packed.len() < BIG / 2);
        assert_eq!(compression.unpack(&packed, 4 << 20).unwrap(), big(Codec::Msgpack));

        pair.server(message(1, big(Codec::Msgpack)));
        pair.server(message(1, "short"));
        pair.server(finish(1, Status::ok()));
        pair.run();
        assert_eq!(frames(&pair.server.sent), ["DATA COMP|CK|MSG 1", "DATA END|CK|MSG 1"]);
        let [_, Event::Packed { call: CallId(1), message: packed }, Event::Message { .. }, Event::End { .. }] =
            array(pair.client.take_events())
        else {
            panic!()
        };
        assert_eq!(compression.unpack(&packed, 4 << 20).unwrap(), big(Codec::Msgpack));
    }
}

#[test]
fn a_compressed_message_in_parts_has_comp_on_each() {
    let limits = Limits { max_frame: 16 << 10, ..Limits::default() };
    let mut pair = ready(&limits);
    let mut seed = 1_u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as u8
    };
    let noise: Vec<u8> = (0..60_000).flat_map(|_| [random(), b' ']).collect();
    pair.client(call_in(1, encoding(Codec::Json, Compression::Zstd), noise.clone(), true));
    pair.run();
    let sent = frames(&pair.client.sent);
    assert!(sent.len() > 3, "{sent:?}");
    let (last, parts) = sent.split_last().unwrap();
    assert_eq!(last, "DATA END|COMP|CK|MSG 1");
    assert!(parts.iter().all(|part| part.contains("MORE|COMP|CK|MSG")), "{parts:?}");
    let [Event::Request { .. }, Event::Packed { message, .. }, Event::HalfClosed { .. }] =
        array(pair.server.take_events())
    else {
        panic!()
    };
    assert_eq!(Compression::Zstd.unpack(&message, 1 << 20).unwrap(), noise);
}

#[test]
fn what_was_not_agreed_is_not_sent_and_says_so() {
    for (codecs, compressions, wish, what) in [
        (
            &[1, 2][..],
            &[0][..],
            encoding(Codec::Cbor, Compression::None),
            "codec 3 (cbor) was not agreed, only json, msgpack",
        ),
        (
            &[1],
            &[0, 1],
            encoding(Codec::Json, Compression::Zstd),
            "compression 2 (zstd) was not agreed, only none, lz4",
        ),
    ] {
        // Before HELLO it waits: nobody knows yet.
        let mut early = Lone::raw(Side::Client, Limits::default());
        early.input(call_in(1, wish, "1", true));
        assert_eq!(frames(&early.sent()), ["HELLO CK 0"]);
        let mut hello = Vec::new();
        tlv::put(&mut hello, 7, codecs);
        tlv::put(&mut hello, 8, compressions);
        early.feed(&[PREFACE.to_vec(), raw(Kind::HELLO, Flags::NONE, 0, b"", &hello)].concat()).unwrap();
        assert!(early.sent().is_empty());
        let [Event::Ready(_), Event::End { status, .. }] = array(early.events()) else { panic!() };
        assert_eq!((status.code, status.not_processed, status.message.as_str()), (Code::UNIMPLEMENTED, true, what));

        let mut server = peer(Side::Server, codecs, compressions);
        let mut meta = method(b"a.B/C");
        tlv::put(&mut meta, 6, &[wish.codec.id()]);
        tlv::put(&mut meta, 16, &[wish.compression.id()]);
        server.feed(&raw(Kind::REQUEST, Flags::MSG.with(Flags::END), 1, &meta, b"1")).unwrap();
        assert!(server.events().is_empty());
        assert_eq!(cut(&server.sent())[0].body(), [0, 12, 1]);
    }
}

#[test]
fn comp_where_it_has_no_place_ends_the_connection() {
    let comp = Flags::MSG.with(Flags::COMP);
    let named = |compression: u8| {
        let mut meta = method(b"a.B/C");
        tlv::put(&mut meta, 16, &[compression]);
        meta
    };
    for (request, data, what) in [
        (raw(Kind::REQUEST, comp, 1, &named(0), b"1"), vec![], "COMP on a call whose REQUEST names no compression"),
        (
            raw(Kind::REQUEST, Flags::MSG, 1, &named(0), b"1"),
            raw(Kind::DATA, comp, 1, b"", b"1"),
            "COMP on a call whose REQUEST names no compression",
        ),
        (
            raw(Kind::REQUEST, comp.with(Flags::MORE), 1, &named(1), b"1"),
            raw(Kind::DATA, Flags::MSG, 1, b"", b"1"),
            "a part with another COMP than the first part of its message",
        ),
    ] {
        let mut server = peer(Side::Server, &[1], &[0, 1]);
        let fault = server.feed(&[request, data].concat()).unwrap_err();
        assert_eq!((fault.code, fault.what.to_string()), (Code::PROTOCOL_ERROR, what.to_owned()));
    }
    let mut none = peer(Side::Server, &[1], &[0]);
    let fault = none.feed(&raw(Kind::REQUEST, comp, 1, &named(0), b"1")).unwrap_err();
    assert_eq!(fault.what.to_string(), "REQUEST with COMP, but no compression was agreed");
}

/// A bomb waits as what it is on the wire: gigabytes are kilobytes until somebody takes one.
#[test]
fn a_bomb_costs_nothing_until_it_is_taken() {
    let mut server = peer(Side::Server, &[1], &[0, 2]);
    let bomb = Compression::Zstd.pack(&vec![b' '; 64 << 20]).unwrap();
    assert!(bomb.len() < 8000);
    let mut meta = method(b"a.B/C");
    tlv::put(&mut meta, 16, &[2]);
    server.feed(&raw(Kind::REQUEST, Flags::NONE, 1, &meta, b"")).unwrap();
    let mut waiting = 0;
    let count = 700_000 / bomb.len();
    for _ in 0..count {
        server.feed(&raw(Kind::DATA, Flags::MSG.with(Flags::COMP), 1, b"", &bomb)).unwrap();
        for event in server.events() {
            if let Event::Packed { message, .. } = event {
                waiting += message.len();
            }
        }
    }
    assert_eq!(waiting, count * bomb.len());
    // It is credited as what it was on the wire.
    server.input(consumed(1, waiting));
    let credit: u32 =
        cut(&server.sent()).iter().map(|frame| u32::from_be_bytes(frame.body().try_into().unwrap())).max().unwrap();
    assert_eq!(credit as usize, waiting + 16 * (count + 1), "and the REQUEST's");
    assert!(Compression::Zstd.unpack(&bomb, 4 << 20).is_err());
}

proptest! {
    /// Whatever the size, the limits and the splits: every message arrives as it was.
    #[test]
    fn messages_survive_compression_and_fragments(
        sizes in prop::collection::vec(0_usize..60_000, 1..6), noise in 1_u32..200, zstd: bool, chunks in any::<u64>(),
    ) {
        let limits = Limits { max_frame: 16 << 10, ..Limits::default() };
        let mut pair = shaken(Pair::new(&Native, &limits).chunked(chunks));
        let compression = if zstd { Compression::Zstd } else { Compression::Lz4 };
        let messages: Vec<Vec<u8>> = sizes
            .iter()
            .map(|len| (0..*len as u32).map(|n| (n.wrapping_mul(n) / noise) as u8).collect())
            .collect();
        pair.client(Input::Call {
            call: CallId(1),
            head: Box::new(CallHead { encoding: encoding(Codec::Json, compression), ..head("a.B/C") }),
            message: None,
            end: false,
        });
        let mut arrived = Vec::new();
        for sent in &messages {
            pair.client(message(1, sent.clone()));
            pair.run();
            for event in pair.server.take_events() {
                let (len, message) = match event {
                    Event::Message { message, .. } => (message.len(), message),
                    Event::Packed { message, .. } => (message.len(), compression.unpack(&message, 60_000).unwrap()),
                    _ => continue,
                };
                arrived.push(message.to_vec());
                pair.server(consumed(1, len));
            }
        }
        prop_assert_eq!(arrived, messages);
        prop_assert!(pair.client.fault.is_none() && pair.server.fault.is_none());
    }
}
