//! The hex examples of `protocol/README.md` are what the engines send and understand.

use super::*;
use crate::dialect::native::{client::Client, server::Server};

const README: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md"));

/// The bytes of every example of this sort.
fn examples(sort: &str) -> Vec<Vec<u8>> {
    let fence = format!("```hex {sort}\n");
    let blocks = README.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap());
    let digits = |block: &str| block.chars().filter(char::is_ascii_hexdigit).collect::<String>();
    let bytes =
        |hex: String| (0..hex.len()).step_by(2).map(move |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
    blocks.map(|block| bytes(digits(block)).collect()).collect()
}

#[test]
fn the_server_of_the_conversation_is_ours() {
    let mut server = Server::new(Limits::default(), false, "callscope/0.1.0", Time::ZERO);
    server.introduce("calculator-1");
    let mut server = Lone { engine: Box::new(server), now: Time::ZERO, fed: 0 };
    server.feed(&examples("client")[0]).unwrap();
    let [Event::Ready(agreement), Event::Request { call, head, message, end: true, .. }] = array(server.events())
    else {
        panic!()
    };
    assert_eq!(agreement.agent, "example");
    assert_eq!((head.method.as_str(), head.timeout), ("demo.Calculator/Add", Some(Duration::from_millis(800))));
    assert_eq!(message, Some(Bytes::from_static(br#"{"a":1,"b":2}"#)));
    server.input(Input::Message { call, message: r#"{"sum":3}"#.into(), end: false });
    server.input(finish(1, Status::ok()));
    assert_eq!(server.sent(), examples("server")[0]);
}

#[test]
fn our_client_understands_the_conversation() {
    let client = Client::new(Limits::default(), false, "x", Time::ZERO);
    let mut client = Lone { engine: Box::new(client), now: Time::ZERO, fed: 0 };
    let head = CallHead {
        method: "demo.Calculator/Add".into(),
        timeout: Some(Duration::from_millis(800)),
        ..CallHead::default()
    };
    let message = Some(Bytes::from_static(br#"{"a":1,"b":2}"#));
    client.input(Input::Call { call: CallId(1), head: Box::new(head), message, end: true });
    // Its HELLO says more than the example's, the REQUEST behind it is the same.
    let sent = client.sent();
    let example = &examples("client")[0];
    assert_eq!(sent[..8], example[..8]);
    assert_eq!(sent[sent.len() - 55..], example[example.len() - 55..]);
    client.feed(&examples("server")[0]).unwrap();
    let events = client.events();
    assert_eq!(events[0], opened(1, 1));
    let Event::Ready(agreement) = &events[1] else { panic!() };
    assert_eq!(agreement.agent, "callscope/0.1.0");
    assert_eq!(agreement.instance.as_deref(), Some("calculator-1"));
    assert_eq!(events[2..], [received(1, r#"{"sum":3}"#), ended(1, Status::ok())]);
}

#[test]
fn every_example_frame_is_whole_and_has_the_right_checksum() {
    let all = [examples("frame"), examples("frames")].concat();
    let described: Vec<String> = all.iter().flat_map(|bytes| frames(bytes)).collect();
    assert_eq!(
        described,
        [
            "STATUS CK 3",
            "STATUS CK 5",
            "REQUEST END|CK|MSG|ONEWAY 11",
            "DATA MORE|CK|MSG 7",
            "DATA END|CK|MSG 7",
            "REQUEST CK 13",
            "DATA END|CK 13",
            "HEADERS CK 9",
            "DATA END|CK 13",
            "REQUEST END|CK|MSG 15",
            "DATA END|CK|MSG 15",
            "REQUEST END|COMP|CK|MSG 17",
            "DATA END|COMP|CK|MSG 19",
            "CANCEL CK 7",
            "WINDOW CK 0",
            "PING CK 0",
            "PING CK|ACK 0",
            "GOAWAY CK 0",
        ]
    );
    let total: usize = all.iter().map(Vec::len).sum();
    let cut: usize = all.iter().flat_map(|bytes| cut(bytes)).map(|frame| frame.header.frame_len()).sum();
    assert_eq!(cut, total);
    // None of them is odd to the inspector, either.
    for bytes in &all {
        for cut in crate::testing::cut(Native.cutter(crate::dialect::Toward::Client), &[bytes]) {
            let dissection = Native.dissect(crate::dialect::Toward::Client, &cut.bytes);
            assert!(!cut.odd && dissection.diagnostics.is_empty(), "{dissection:?}");
        }
    }
}

#[test]
fn the_examples_of_codecs_and_compressions_are_what_the_text_says() {
    let frames: Vec<Frame> = examples("frames").iter().flat_map(|bytes| cut(bytes)).collect();
    let body = |kind: Kind, stream: u32| {
        let frame = frames.iter().find(|frame| frame.header.kind == kind && frame.header.stream == stream);
        Bytes::copy_from_slice(frame.unwrap().body())
    };
    let decoded = |codec: Codec, kind, stream| codec.decode(&body(kind, stream)).unwrap().to_string();
    assert_eq!(decoded(Codec::Msgpack, Kind::REQUEST, 15), r#"{"a":1,"b":2}"#);
    assert_eq!(decoded(Codec::Cbor, Kind::DATA, 15), r#"{"sum":3}"#);
    let message = format!("{{\"text\":\"{}!\"}}", "na".repeat(506));
    let lz4 = Compression::Lz4.unpack(&body(Kind::REQUEST, 17), 1024).unwrap();
    let zstd = Compression::Zstd.unpack(&body(Kind::DATA, 19), 1024).unwrap();
    assert_eq!(String::from_utf8(lz4.to_vec()).unwrap(), message);
    assert_eq!((zstd, message.len()), (lz4, 1024));

    // And a server takes them for it.
    let mut server = Lone::raw(Side::Server, Limits::default());
    server.feed(&examples("client")[0][..8]).unwrap();
    server.feed(&raw(Kind::HELLO, Flags::NONE, 0, b"", &[7, 2, 2, 3, 8, 2, 1, 2])).unwrap();
    for stream in [15, 17] {
        let frame = examples("frames").iter().flat_map(|bytes| split(bytes)).find(|bytes| {
            bytes[4] == Kind::REQUEST.0 && u32::from_be_bytes(bytes[8..12].try_into().unwrap()) == stream
        });
        server.feed(&frame.unwrap()).unwrap();
    }
    let [
        Event::Ready(_),
        Event::Request { head: msgpack, packed: false, .. },
        Event::Request { head: lz4, packed: true, .. },
    ] = array(server.events())
    else {
        panic!()
    };
    assert_eq!(msgpack.encoding, Encoding { codec: Codec::Msgpack, compression: Compression::None });
    assert_eq!(lz4.encoding, Encoding { codec: Codec::Json, compression: Compression::Lz4 });
}

/// The bytes of each frame.
fn split(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while let Some(len) = bytes.first_chunk::<4>() {
        let (frame, rest) = bytes.split_at(16 + u32::from_be_bytes(*len) as usize);
        frames.push(frame.to_vec());
        bytes = rest;
    }
    frames
}

#[test]
fn our_server_says_the_goodbye_of_the_text() {
    let mut server = Lone::raw(Side::Server, Limits::default());
    assert_eq!(server.feed(b"\x89RPC\x02\x02\0\0").unwrap_err().code, Code::VERSION_MISMATCH);
    assert_eq!(server.sent(), examples("goaway")[0]);
}

#[test]
fn codes_and_ids_are_those_of_the_text() {
    for code in Code::ALL {
        assert!(README.contains(&format!("{} {}", code.0, code.name())), "{code}");
    }
    for id in 0..=255_u8 {
        if let Some(name) = super::super::meta::id::name(id) {
            assert!(README.contains(&format!("| {id} | {name} |")), "{id} {name}");
        }
        if let Some(name) = super::super::hello::id::name(id) {
            assert!(README.contains(&format!("| {id} | {name} |")), "{id} {name}");
        }
        if let Some(name) = Kind(id).name() {
            assert!(README.contains(&format!("| 0x{id:02x} | {name} |")), "{id} {name}");
        }
    }
    for (flag, name) in Flags::ALL {
        assert!(README.contains(&format!("| 0x{:02x} | {name} |", flag.0)), "{name}");
    }
}
