//! Calls of every shape between a client and a server.

use serde_json::json;

use super::*;
use crate::Trace;

#[test]
fn a_unary_call_is_two_frames() {
    let mut pair = ready(&Limits::default());
    let metadata: Metadata = [("tenant", "acme"), ("tenant", "二")].into_iter().collect();
    let head = CallHead {
        method: "demo.Echo/Say".into(),
        metadata: metadata.clone(),
        timeout: Some(Duration::from_millis(800)),
        attempt: 1,
        trace: Trace::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "a=1").ok(),
        one_way: false,
        encoding: Encoding::default(),
    };
    let call = CallId(9);
    let message = Some(Bytes::from_static(b"{}"));
    pair.client(Input::Call { call, head: Box::new(head.clone()), message: message.clone(), end: true });
    pair.run();
    assert_eq!(pair.client.take_events(), [opened(9, 1)]);
    let there = CallId(1);
    let arrived = Event::Request { call: there, stream: 1, head: Box::new(head), message, packed: false, end: true };
    assert_eq!(pair.server.take_events(), [arrived]);

    pair.server(Input::Message { call: there, message: "[1]".into(), end: false });
    let status = Status { trailers: metadata, ..Status::ok() };
    pair.server(finish(1, status.clone()));
    pair.run();
    assert_eq!(pair.client.take_events(), [received(9, "[1]"), ended(9, status)]);
    assert_eq!(pair.server.take_events(), []);
    assert_eq!(frames(&pair.client.sent), ["REQUEST END|CK|MSG 1"]);
    assert_eq!(frames(&pair.server.sent), ["DATA END|CK|MSG 1"]);
}

#[test]
fn an_error_carries_everything_that_a_status_has() {
    let mut pair = ready(&Limits::default());
    pair.client(unary(1, "1"));
    pair.run();
    let status = Status {
        code: Code::REDIRECT,
        message: "moved".into(),
        said: None,
        details: vec![json!({"to": "orders-2"}), json!([1, 2])],
        not_processed: true,
        cut_off: false,
        pushback_ms: Some(250),
        redirect: Some("native://127.0.0.1:7002".into()),
        trailers: [("cost", "3")].into_iter().collect(),
    };
    pair.server(finish(1, status.clone()));
    pair.run();
    assert_eq!(pair.client.take_events(), [opened(1, 1), ended(1, status)]);
}

#[test]
fn ok_without_a_message_is_a_status() {
    let mut pair = ready(&Limits::default());
    pair.client(unary(1, "1"));
    pair.run();
    pair.server(finish(1, Status::ok()));
    pair.run();
    assert_eq!(pair.client.take_events(), [opened(1, 1), ended(1, Status::ok())]);
    assert_eq!(frames(&pair.server.sent), ["STATUS CK 1"]);
}

#[test]
fn an_empty_message_is_not_no_message() {
    let mut pair = ready(&Limits::default());
    pair.client(unary(1, ""));
    pair.client(streaming(2));
    pair.run();
    let messages: Vec<_> = (pair.server.take_events().into_iter())
        .map(|event| match event {
            Event::Request { message, end, .. } => (message, end),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(messages, [(Some(Bytes::new()), true), (None, false)]);
}

#[test]
fn a_server_streams_behind_its_headers() {
    let mut pair = ready(&Limits::default());
    pair.client(unary(1, "3"));
    pair.run();
    let metadata: Metadata = [("served-by", "orders-2")].into_iter().collect();
    pair.server(Input::Headers { call: CallId(1), metadata: metadata.clone() });
    for text in ["2", "3", "5"] {
        pair.server(message(1, text));
    }
    pair.run();
    pair.server(finish(1, Status::ok()));
    pair.run();
    let headers = Event::Headers { call: CallId(1), metadata };
    let events = pair.client.take_events();
    let messages = ["2", "3", "5"].map(|text| received(1, text));
    assert_eq!(events[1], headers);
    assert_eq!(events[2..5], messages);
    assert_eq!(events[5..], [ended(1, Status::ok())]);
    let sent = ["HEADERS CK 1", "DATA CK|MSG 1", "DATA CK|MSG 1", "DATA CK|MSG 1", "STATUS CK 1"];
    assert_eq!(frames(&pair.server.sent), sent);
}

#[test]
fn a_client_streams_and_half_closes() {
    let mut pair = ready(&Limits::default());
    pair.client(streaming(1));
    pair.client(message(1, "1"));
    pair.client(message(1, "2"));
    pair.client(Input::HalfClose { call: CallId(1) });
    pair.run();
    let events = pair.server.take_events();
    assert!(matches!(&events[0], Event::Request { message: None, end: false, .. }));
    assert_eq!(events[1..], [received(1, "1"), received(1, "2"), Event::HalfClosed { call: CallId(1) }]);
    // Whoever has sent much may hear the answer's metadata all the same.
    let metadata: Metadata = [("served-by", "orders-2")].into_iter().collect();
    pair.server(Input::Headers { call: CallId(1), metadata: metadata.clone() });
    pair.run();
    assert_eq!(pair.client.take_events(), [opened(1, 1), Event::Headers { call: CallId(1), metadata }]);
    // The half-close was there in time to ride on the last message.
    assert_eq!(frames(&pair.client.sent), ["REQUEST CK 1", "DATA CK|MSG 1", "DATA END|CK|MSG 1"]);

    pair.client.sent.clear();
    pair.client(streaming(2));
    pair.run();
    pair.client(Input::HalfClose { call: CallId(2) });
    pair.run();
    assert_eq!(frames(&pair.client.sent), ["REQUEST CK 3", "DATA END|CK 3"]);
    assert_eq!(pair.server.take_events()[1..], [Event::HalfClosed { call: CallId(3) }]);
}

#[test]
fn both_sides_talk_at_once_and_the_server_has_the_last_word() {
    let mut pair = ready(&Limits::default());
    pair.client(streaming(1));
    pair.run();
    for turn in 0..5 {
        pair.client(message(1, format!("{turn}")));
        pair.server(message(1, format!("{}", turn * 10)));
        pair.run();
    }
    pair.server(finish(1, Status::new(Code::ABORTED, "enough")));
    pair.client(message(1, "crosses the end"));
    pair.run();
    let replies = pair.client.take_events();
    assert_eq!(replies.len(), 7);
    assert_eq!(replies[6], ended(1, Status::new(Code::ABORTED, "enough")));
    assert_eq!(pair.server.take_events().len(), 6, "what crossed the end was discarded");
    pair.client(message(1, "too late"));
    pair.run();
    assert_eq!((pair.client.take_events(), pair.server.take_events()), (vec![], vec![]));
    assert!(pair.client.fault.is_none() && pair.server.fault.is_none());
}

#[test]
fn one_way_calls_end_when_they_have_left_and_nothing_comes_back() {
    let mut pair = ready(&Limits::default());
    let call = CallId(1);
    let head = Box::new(CallHead { method: "demo.Log/Write".into(), one_way: true, ..CallHead::default() });
    pair.client(Input::Call { call, head: head.clone(), message: Some("1".into()), end: true });
    pair.run();
    assert_eq!(pair.client.take_events(), [opened(1, 1), ended(1, Status::ok())]);
    let [Event::Request { head: there, end: true, .. }] = array(pair.server.take_events()) else { panic!() };
    assert!(there.one_way);
    pair.server(message(1, "an answer that nobody waits for"));
    pair.server(consumed(1, 1));
    pair.server(finish(1, Status::new(Code::INTERNAL, "neither for this")));
    pair.run();
    assert_eq!(frames(&pair.client.sent), ["REQUEST END|CK|MSG|ONEWAY 1"]);
    assert!(pair.server.sent.is_empty());

    let message = Some(Bytes::from(vec![b'1'; 65_537]));
    pair.client(Input::Call { call: CallId(2), head, message, end: true });
    pair.run();
    assert_eq!(endings(&pair.client.take_events()), [(2, Code::FRAME_TOO_LARGE, true)]);
}

#[test]
fn cancel_overtakes_what_is_queued_and_ends_the_call_at_once() {
    let mut pair = ready(&Limits::default());
    pair.client(streaming(1));
    pair.client(message(1, vec![b'a'; 300_000]));
    pair.transmit(Side::Client, 1);
    pair.client(cancel(1, CancelReason::Deadline));
    pair.run();
    let events = pair.client.take_events();
    assert_eq!(endings(&events), [(1, Code::DEADLINE_EXCEEDED, false)]);
    assert_eq!(pair.server.take_events()[1..], [cancelled(1, CancelReason::Deadline)]);
    assert_eq!(frames(&pair.client.sent), ["REQUEST CK 1", "CANCEL CK 1"]);
    pair.server(message(1, "nobody hears this"));
    pair.server(finish(1, Status::ok()));
    pair.run();
    assert!(pair.server.sent.is_empty());
    assert_eq!(pair.client.take_events(), []);
}

#[test]
fn a_call_that_never_left_is_not_processed() {
    let mut pair = ready(&Limits::default());
    pair.client(unary(1, "1"));
    pair.client(cancel(1, CancelReason::User));
    pair.run();
    assert_eq!(endings(&pair.client.take_events()), [(1, Code::CANCELLED, true)]);
    assert!(pair.client.sent.is_empty());
    // Its number was never used.
    pair.client(unary(2, "1"));
    pair.run();
    assert_eq!(pair.client.take_events(), [opened(2, 1)]);
}

#[test]
fn an_answer_that_crosses_the_cancel_is_ignored() {
    let mut pair = shaken(Pair::new(&Native, &Limits::default()).with_latency(Duration::from_millis(10)));
    pair.client(unary(1, "1"));
    pair.run();
    pair.client(cancel(1, CancelReason::Superseded));
    pair.server(message(1, "2"));
    pair.server(finish(1, Status::new(Code::INTERNAL, "")));
    pair.run();
    assert_eq!(endings(&pair.client.take_events()), [(1, Code::CANCELLED, false)]);
    assert_eq!(pair.server.take_events().len(), 1, "the handler was done: nothing to cancel");
    assert!(pair.client.fault.is_none() && pair.server.fault.is_none());
}

#[test]
fn the_deadline_on_the_wire_is_what_is_left_of_it() {
    let mut pair = ready(&Limits::default());
    let head = CallHead { timeout: Some(Duration::from_millis(800)), ..CallHead::default() };
    pair.client(Input::Call { call: CallId(1), head: Box::new(head), message: None, end: true });
    pair.now = pair.now + Duration::from_millis(300);
    pair.run();
    let [Event::Request { head, .. }] = array(pair.server.take_events()) else { panic!() };
    assert_eq!(head.timeout, Some(Duration::from_millis(500)));
}

#[test]
fn calls_above_the_limit_are_refused_unprocessed() {
    let limits = Limits { max_streams: 16, ..Limits::default() };
    let mut pair = ready(&limits);
    for call in 0..16 {
        assert!(pair.client.engine.ready_for_call());
        pair.client(unary(call, "1"));
    }
    assert!(!pair.client.engine.ready_for_call());
    pair.client(unary(16, "1"));
    pair.run();
    assert_eq!(endings(&pair.client.take_events()), [(16, Code::REFUSED, true)]);

    // Cancelled calls make room at the client, but not at the server before their handlers have ended.
    for call in 0..16 {
        pair.client(cancel(call, CancelReason::User));
    }
    pair.client(unary(17, "1"));
    pair.run();
    pair.client.take_events();
    assert_eq!(pair.server.take_events().len(), 32, "16 requests, 16 cancels");
    pair.client(unary(18, "1"));
    pair.run();
    assert_eq!(endings(&pair.client.take_events()), [(18, Code::REFUSED, true)]);
    for stream in 0..16 {
        pair.server(finish(2 * stream + 1, Status::ok()));
    }
    pair.client(unary(19, "1"));
    pair.run();
    assert!(matches!(pair.server.take_events().as_slice(), [Event::Request { .. }]));
}

#[test]
fn messages_above_the_limit_end_their_call_only() {
    let limits = Limits { max_message: 100_000, ..Limits::default() };
    let mut pair = ready(&limits);
    let large = || Bytes::from(vec![b'1'; 100_001]);
    pair.client(unary(1, large()));
    pair.client(streaming(2));
    pair.client(streaming(3));
    pair.client(streaming(4));
    pair.run();
    assert_eq!(endings(&pair.client.take_events()), [(1, Code::RESOURCE_EXHAUSTED, true)]);
    assert_eq!(pair.server.take_events().len(), 3);
    pair.client(message(2, large()));
    pair.server(message(3, large()));
    pair.run();
    assert_eq!(
        endings(&pair.client.take_events()),
        [(2, Code::RESOURCE_EXHAUSTED, false), (3, Code::RESOURCE_EXHAUSTED, false)].map(|ending| ending)
    );
    let events = pair.server.take_events();
    assert!(
        events.contains(&cancelled(3, CancelReason::GoingAway)) && events.contains(&cancelled(1, CancelReason::User))
    );
    pair.client(message(4, "1"));
    pair.run();
    assert_eq!(pair.server.take_events(), [received(5, "1")]);
}

#[test]
fn metadata_above_the_limit_is_not_sent() {
    let mut pair = ready(&Limits::default());
    let metadata: Metadata = [("a", vec![b'x'; 17_000])].into_iter().collect();
    let head = Box::new(CallHead { method: "a.B/C".into(), metadata: metadata.clone(), ..CallHead::default() });
    pair.client(Input::Call { call: CallId(1), head, message: None, end: true });
    pair.client(unary(2, "1"));
    pair.run();
    let events = pair.client.take_events();
    assert_eq!(endings(&events), [(1, Code::RESOURCE_EXHAUSTED, true)]);
    pair.server.take_events();
    pair.server(Input::Headers { call: CallId(1), metadata: metadata.clone() });
    pair.server(finish(1, Status { message: "why".into(), trailers: metadata, ..Status::new(Code::NOT_FOUND, "why") }));
    pair.run();
    assert_eq!(pair.client.take_events(), [ended(2, Status::new(Code::NOT_FOUND, "why"))]);
    assert_eq!(pair.server.take_events().iter().filter(|event| matches!(event, Event::Diagnostic(_))).count(), 2);
}

#[test]
fn requests_that_cannot_be_read_end_with_invalid_argument() {
    let mut server = Lone::new(Side::Server, Limits::default());
    let end = Flags::MSG.with(Flags::END);
    server.feed(&raw(Kind::REQUEST, end, 1, &method(b"caf\xff"), b"1")).unwrap();
    server.feed(&raw(Kind::REQUEST, end, 3, b"", b"1")).unwrap();
    let mut meta = method(b"a.B/C");
    tlv::put(&mut meta, 6, &[3]);
    server.feed(&raw(Kind::REQUEST, end, 5, &meta, b"1")).unwrap();
    server.feed(&request(7, b"1")).unwrap();
    assert!(matches!(server.events().as_slice(), [Event::Request { stream: 7, .. }]), "the others go on");
    let statuses: Vec<_> = (cut(&server.sent()).iter())
        .map(|frame| {
            super::super::meta::read_status(frame.meta(), Code(u16::from(frame.body()[1])), frame.body()[2]).unwrap()
        })
        .map(|status| (status.code, status.not_processed, status.message))
        .collect();
    assert_eq!(
        statuses,
        [
            (Code::INVALID_ARGUMENT, true, "method at metadata offset 5 is not utf-8 (frame at offset 24)".to_owned()),
            (Code::INVALID_ARGUMENT, true, "there is no method (frame at offset 47)".to_owned()),
            (Code::UNIMPLEMENTED, true, "codec 3 (cbor) was not agreed, only json".to_owned()),
        ]
    );
}
