//! Preface, HELLO, and what may be sent before.

use hex_literal::hex;

use super::*;
use crate::dialect::native::server::Server;
use crate::engine::{Agreement, Closed};
use crate::testing::Play;

#[test]
fn both_sides_learn_of_each_other() {
    let now = Time::ZERO;
    let mut client = Native.client(Limits { max_streams: 40, ..Limits::default() }, false, now);
    let mut server = Native.server(Limits { max_streams: 30, ..Limits::default() }, false, now);
    client.introduce("here");
    server.introduce("orders-2");
    let mut pair = Pair::of(client, server, now).chunked(7);
    pair.run();
    let [Event::Ready(there)] = array(pair.client.take_events()) else { panic!() };
    let [Event::Ready(here)] = array(pair.server.take_events()) else { panic!() };
    assert_eq!((there.version.as_str(), there.max_streams, there.instance.as_deref()), ("1", 30, Some("orders-2")));
    assert_eq!((here.version.as_str(), here.max_streams, here.instance.as_deref()), ("1", 30, Some("here")));
    assert!(here.agent.starts_with("callscope/"));
}

#[test]
fn a_whole_life_of_a_server_in_bytes() {
    let server = |now| Box::new(Server::new(Limits::default(), true, "me", now)) as Box<dyn Engine>;
    let agreement = Agreement {
        version: "1".into(),
        agent: "you".into(),
        instance: None,
        max_streams: 1024,
        max_message: 4 << 20,
        codecs: vec![Codec::Json],
        compressions: vec![Compression::None],
    };
    let request = Event::Request {
        call: CallId(1),
        stream: 1,
        head: Box::new(head("a.B/C")),
        message: Some("[1]".into()),
        packed: false,
        end: true,
    };
    Play::new(server)
        .recv_split(hex!("89525043 01010000  00000005 01000000 00000000 00000000  0b03 796f75"))
        .expect_event(Event::Ready(agreement))
        .expect_send(hex!(
            "89525043 01010000  0000003a 01000000 00000000 00000000
             010400010000 020400400000 030400004000 040400000400 050400100000 060400400000
             0703010203 0803000102 0900 0a0400000000 0b026d65"
        ))
        .recv_split(hex!("0000000a 10410007 00000001 00000000  0105 612e422f43  5b315d"))
        .expect_event(request)
        .input(|| message(1, "2"))
        .expect_send(hex!("00000001 11400000 00000001 00000000  32"))
        .input(|| finish(1, Status::ok()))
        .expect_send(hex!("00000003 12000000 00000001 00000000  0000 00"))
        .input(|| Input::Shutdown)
        .expect_send(hex!("00000013 04000000 00000000 00000000  00000001 0000 7368757474696e6720646f776e"))
        .run();
}

#[test]
fn requests_before_hello_keep_to_the_floors() {
    let mut client = Lone::raw(Side::Client, Limits::default());
    for call in 0..16 {
        assert!(client.engine.ready_for_call());
        client.input(unary(call, vec![b'1'; 10_000]));
    }
    assert!(!client.engine.ready_for_call());
    let early = cut(&client.sent());
    // 65,536 bytes of credit are six times 10,016 and a part of the seventh; no frame is above 16,384.
    let spent: usize = early[1..].iter().map(Frame::cost).sum();
    assert!(spent <= 65_536, "{spent}");
    assert!(early.iter().all(|frame| frame.body().len() <= 16_384));
    client.feed(&[PREFACE.to_vec(), raw(Kind::HELLO, Flags::NONE, 0, b"", b"")].concat()).unwrap();
    let late = cut(&client.sent());
    let requests = early.iter().chain(&late).filter(|frame| frame.header.kind == Kind::REQUEST);
    let streams: Vec<u32> = requests.map(|frame| frame.header.stream).collect();
    assert_eq!(streams, (0..16).map(|call| 2 * call + 1).collect::<Vec<_>>(), "numbers rise");
    assert!(client.engine.ready_for_call());
}

#[test]
fn a_large_one_way_call_waits_for_the_limits() {
    let mut client = Lone::raw(Side::Client, Limits::default());
    let head = Box::new(CallHead { method: "a.B/C".into(), one_way: true, ..CallHead::default() });
    client.input(Input::Call { call: CallId(1), head, message: Some(vec![b'1'; 60_000].into()), end: true });
    assert_eq!(frames(&client.sent()), ["HELLO CK 0"]);
    client.feed(&[PREFACE.to_vec(), raw(Kind::HELLO, Flags::NONE, 0, b"", b"")].concat()).unwrap();
    assert_eq!(frames(&client.sent()), ["REQUEST END|MSG|ONEWAY 1"]);
    assert_eq!(client.events().len(), 3, "ready, opened, ended");
}

#[test]
fn a_one_way_call_is_one_frame_however_large_frames_may_be() {
    let mut pair = ready(&Limits { max_frame: 1 << 20, ..Limits::default() });
    let head = Box::new(CallHead { method: "a.B/C".into(), one_way: true, ..CallHead::default() });
    let message = Bytes::from(vec![b'1'; 200_000]);
    pair.client(Input::Call { call: CallId(1), head, message: Some(message.clone()), end: true });
    pair.run();
    let [Event::Request { message: arrived, end: true, .. }] = array(pair.server.take_events()) else { panic!() };
    assert_eq!(arrived, Some(message));
}

#[test]
fn a_hello_without_a_preface_is_refused() {
    let mut client = Lone::raw(Side::Client, Limits::default());
    let fault = client.feed(&raw(Kind::HELLO, Flags::NONE, 0, b"", b"")).unwrap_err();
    assert_eq!(fault.to_string(), "expected the preface 89 52 50 43, found HELLO (offset 0)");
}

#[test]
fn checksums_are_off_under_tls_and_where_the_peer_offers_none() {
    let now = Time::ZERO;
    let (client, server) = (Native.client(Limits::default(), true, now), Native.server(Limits::default(), true, now));
    let mut pair = Pair::of(client, server, now);
    pair.client(unary(1, "1"));
    pair.run();
    assert_eq!(frames(&pair.client.sent), ["HELLO - 0", "REQUEST END|MSG 1"]);
    assert_eq!(frames(&pair.server.sent), ["HELLO - 0"]);

    let mut client = Lone::raw(Side::Client, Limits::default());
    client.input(unary(1, "1"));
    assert_eq!(frames(&client.sent()), ["HELLO CK 0", "REQUEST END|CK|MSG 1"]);
    client.feed(&[PREFACE.to_vec(), raw(Kind::HELLO, Flags::NONE, 0, b"", b"")].concat()).unwrap();
    client.input(unary(2, "1"));
    assert_eq!(frames(&client.sent()), ["REQUEST END|MSG 3"]);
}

#[test]
fn a_frame_without_the_agreed_checksum_is_refused() {
    let mut pair = ready(&Limits::default());
    let fault = pair.server.engine.input(pair.now, Input::Bytes(request(1, b"1").into())).unwrap_err();
    assert_eq!(fault.code, Code::PROTOCOL_ERROR);
    assert!(fault.what.to_string().contains("REQUEST without the checksum that was agreed"), "{fault}");
}

#[test]
fn a_client_hears_why_its_version_is_refused() {
    let mut server = Lone::raw(Side::Server, Limits::default());
    let fault = server.feed(b"\x89RPC\x02\x05\0\0").unwrap_err();
    assert_eq!(fault.to_string(), "this server speaks version 1, the client 2 to 5 (offset 4)");
    let mut client = Lone::raw(Side::Client, Limits::default());
    client.input(unary(1, "1"));
    client.sent();
    let fault = client.feed(&server.sent()).unwrap_err();
    assert_eq!(fault.code, Code::VERSION_MISMATCH);
    let events = client.events();
    assert_eq!(endings(&events), [(1, Code::VERSION_MISMATCH, true)]);
    assert!(client.sent().is_empty(), "there is nobody to say goodbye to");
    assert!(matches!(client.engine.closed(), Some(Closed::Fault(_))));
}

#[test]
fn other_protocols_are_recognised_as_such() {
    let mut client = Lone::raw(Side::Client, Limits::default());
    let fault = client.feed(b"HTTP/1.1 400 Bad Request\r\n").unwrap_err();
    assert_eq!(
        fault.to_string(),
        "expected the preface 89 52 50 43, found 48 54 54 50 2f 31 2e 31 20 34 30 30 20 42 61 64 (offset 0)"
    );
    let mut server = Lone::raw(Side::Server, Limits::default());
    server.feed(b"\x89PNG\r\n").unwrap();
    assert_eq!(server.feed(b"\x1a\n").unwrap_err().code, Code::PROTOCOL_ERROR);
}

#[test]
fn hello_comes_first_and_once() {
    let mut server = Lone::raw(Side::Server, Limits::default());
    let fault = server.feed(&[PREFACE.to_vec(), request(1, b"1")].concat()).unwrap_err();
    assert_eq!(fault.to_string(), "expected HELLO, found REQUEST (offset 8)");
    let mut server = Lone::new(Side::Server, Limits::default());
    let fault = server.feed(&raw(Kind::HELLO, Flags::NONE, 0, b"", b"")).unwrap_err();
    assert_eq!(fault.to_string(), "a second HELLO (offset 24)");
    assert_eq!(frames(&server.sent()), ["GOAWAY - 0"]);
}

#[test]
fn a_handshake_that_does_not_come_ends_the_connection() {
    for side in [Side::Client, Side::Server] {
        let mut lone = Lone::raw(side, Limits::default());
        lone.sent();
        if side == Side::Client {
            lone.input(unary(1, "1"));
            lone.sent();
        }
        let fault = lone.fire().unwrap_err();
        assert_eq!(lone.now, Time::from_millis(6000));
        assert_eq!((fault.code, fault.what.to_string().as_str()), (Code::HANDSHAKE_TIMEOUT, "no preface within 5s"));
        assert_eq!(
            frames(&lone.sent()),
            ["GOAWAY - 0"].map(|goaway| { if side == Side::Client { "GOAWAY CK 0" } else { goaway } })
        );
        assert!(lone.engine.closed().is_some());
        assert_eq!(lone.engine.wake_at(), None);
        let endings = endings(&lone.events());
        assert!(side == Side::Server || endings == [(1, Code::HANDSHAKE_TIMEOUT, false)], "{endings:?}");
    }
}
