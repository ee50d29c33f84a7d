//! Parts, turns, windows.

use super::*;
use crate::engine::Accepted;

fn blob(len: usize) -> Bytes {
    Bytes::from(vec![b'x'; len])
}

#[test]
fn small_calls_overtake_large_messages() {
    let mut pair = ready(&Limits::default());
    pair.client(unary(1, blob(500_000)));
    pair.client(unary(2, blob(10)));
    pair.run();
    let sent = frames(&pair.client.sent);
    assert_eq!(sent[..3], ["REQUEST MORE|CK|MSG 1", "REQUEST END|CK|MSG 3", "DATA MORE|CK|MSG 1"]);
    assert_eq!(sent.last().map(String::as_str), Some("DATA END|CK|MSG 1"));
    let events = pair.server.take_events();
    assert!(matches!(&events[0], Event::Request { stream: 1, message: None, end: false, .. }));
    assert!(matches!(&events[1], Event::Request { stream: 3, message: Some(_), end: true, .. }));
    assert_eq!(events[2..], [received(1, blob(500_000)), Event::HalfClosed { call: CallId(1) }]);
}

#[test]
fn a_message_larger_than_both_windows_arrives() {
    let limits =
        Limits { stream_window: 64 << 10, connection_window: 64 << 10, max_frame: 16 << 10, ..Limits::default() };
    let mut pair = ready(&limits);
    pair.client(unary(1, blob(1_000_000)));
    pair.run();
    assert_eq!(pair.server.take_events()[1..], [received(1, blob(1_000_000)), Event::HalfClosed { call: CallId(1) }]);
    pair.server(message(1, blob(900_000)));
    pair.server(finish(1, Status::ok()));
    pair.run();
    let events = pair.client.take_events();
    // Both were told to wait and to go on between the first event and these.
    assert!(events.contains(&Event::Writable { call: CallId(1) }));
    assert_eq!(events[events.len() - 2..], [received(1, blob(900_000)), ended(1, Status::ok())]);
}

#[test]
fn a_stream_waits_for_its_application_and_others_do_not() {
    let mut pair = ready(&Limits::default());
    pair.client(unary(1, "1"));
    pair.client(unary(2, "1"));
    pair.run();
    for _ in 0..300 {
        pair.server(message(1, blob(10_000)));
    }
    pair.server(message(3, "quick"));
    pair.run();
    let events = pair.client.take_events();
    let arrived = |events: &[Event], call| {
        events
            .iter()
            .filter(|event| matches!(event, Event::Message { call: CallId(found), .. } if *found == call))
            .count()
    };
    // (1 MiB) / (10,000 + 16)
    assert_eq!((arrived(&events, 1), arrived(&events, 2)), (104, 1));
    pair.client(consumed(1, 104 * 10_000));
    pair.run();
    assert_eq!(arrived(&pair.client.take_events(), 1), 104);
    // A quarter of the window must gather before credit goes back.
    pair.client(consumed(1, 26 * 10_000));
    pair.run();
    assert_eq!(arrived(&pair.client.take_events(), 1), 0);
    pair.client(consumed(1, 10_000));
    pair.run();
    assert_eq!(arrived(&pair.client.take_events(), 1), 27);
}

#[test]
fn the_connections_window_holds_back_all_and_status_passes() {
    let limits = Limits { stream_window: 64 << 10, connection_window: 64 << 10, ..Limits::default() };
    let mut pair = ready(&limits);
    for call in 1..=3 {
        pair.client(unary(call, "1"));
    }
    pair.run();
    pair.client.take_events();
    pair.server(message(1, blob(60_000)));
    pair.server(message(3, blob(60_000)));
    pair.server(finish(5, Status::new(Code::NOT_FOUND, "")));
    pair.run();
    assert_eq!(pair.client.take_events(), [received(1, blob(60_000)), ended(3, Status::new(Code::NOT_FOUND, ""))]);
    pair.client(consumed(1, 60_000));
    pair.run();
    assert_eq!(pair.client.take_events(), [received(2, blob(60_000))]);
}

#[test]
fn a_cancelled_call_gives_everything_back() {
    let limits = Limits { stream_window: 64 << 10, connection_window: 64 << 10, ..Limits::default() };
    let mut pair = ready(&limits);
    // Each time the window is filled by messages that nobody takes, and the call is cancelled.
    for call in 1..=20 {
        pair.client(unary(call, "1"));
        pair.run();
        let there = 2 * call - 1;
        pair.server(message(there, blob(40_000)));
        pair.server(message(there, blob(40_000)));
        pair.run();
        let events = pair.client.take_events();
        assert_eq!(events[1], received(call, blob(40_000)), "call {call}");
        pair.client(cancel(call, CancelReason::User));
        pair.run();
        pair.server(finish(there, Status::ok()));
        pair.client.take_events();
    }
    // The other way: parts that the server holds when the cancel comes, and messages that its handler never takes.
    for call in 21..=40 {
        let there = 2 * call - 1;
        pair.client(streaming(call));
        pair.client(message(call, blob(20_000)));
        pair.client(message(call, blob(200_000)));
        pair.run();
        assert!(pair.server.take_events().contains(&received(there, blob(20_000))), "call {call}");
        pair.client(cancel(call, CancelReason::User));
        pair.run();
        pair.server(finish(there, Status::ok()));
    }
}

#[test]
fn incomplete_messages_are_bounded_over_the_connection() {
    let limits = Limits { max_reassembly: 1 << 20, ..Limits::default() };
    let mut server = Lone::new(Side::Server, limits);
    let part = vec![b'x'; 60_000];
    let more = Flags::MSG.with(Flags::MORE);
    for stream in 0..18 {
        server.feed(&raw(Kind::REQUEST, more, 2 * stream + 1, &method(b"a.B/C"), &part)).unwrap();
    }
    let refused: Vec<_> = (server.events().into_iter())
        .filter_map(|event| match event {
            Event::Request { stream, .. } => Some(stream),
            _ => None,
        })
        .collect();
    assert_eq!(refused.len(), 17, "1 MiB holds 17 parts of 60,000 bytes");
    let sent = frames(&server.sent());
    assert_eq!(sent.iter().filter(|frame| *frame == "STATUS - 35").count(), 1);
    // What is over makes room again.
    server.feed(&raw(Kind::CANCEL, Flags::NONE, 1, b"", &[0, 1])).unwrap();
    server.feed(&raw(Kind::REQUEST, more, 37, &method(b"a.B/C"), &part)).unwrap();
    assert_eq!(server.events().len(), 2, "a cancel and a request");
}

#[test]
fn complete_messages_that_nobody_takes_hold_back_their_stream() {
    let mut pair = ready(&Limits::default());
    pair.client(streaming(1));
    for _ in 0..10 {
        pair.client(message(1, blob(4_000_000)));
    }
    pair.run();
    let messages = |pair: &mut Pair| {
        pair.server.take_events().iter().filter(|event| matches!(event, Event::Message { .. })).count()
    };
    // One message may pass the window of 1 MiB; the next one is held back until it was taken.
    assert_eq!(messages(&mut pair), 1);
    for _ in 0..9 {
        pair.server(consumed(1, 4_000_000));
        pair.run();
        assert_eq!(messages(&mut pair), 1);
    }
}

#[test]
fn an_owner_that_queues_too_much_is_told_to_wait() {
    let limits = Limits { stream_window: 64 << 10, ..Limits::default() };
    let mut pair = ready(&limits);
    pair.client(streaming(1));
    pair.run();
    pair.client.take_events();
    pair.client(message(1, blob(200_000)));
    assert_eq!(pair.client.accepted, Accepted::Open);
    pair.client(message(1, blob(200_000)));
    assert_eq!(pair.client.accepted, Accepted::Blocked);
    pair.run();
    assert_eq!(pair.client.take_events(), [], "the second message waits until the first was taken");
    pair.server(consumed(1, 200_000));
    pair.run();
    let writable = Event::Writable { call: CallId(1) };
    assert_eq!(pair.client.take_events().iter().filter(|event| **event == writable).count(), 1);
}

#[test]
fn who_spends_what_it_does_not_have_is_dismissed() {
    let mut server = Lone::new(Side::Server, Limits::default());
    let body = vec![b'x'; 65_536];
    server.feed(&raw(Kind::REQUEST, Flags::NONE, 1, &method(b"a.B/C"), b"")).unwrap();
    let data = raw(Kind::DATA, Flags::MSG, 1, b"", &body);
    let fault = (0..17).find_map(|_| server.feed(&data).err()).unwrap();
    assert_eq!(fault.code, Code::FLOW_CONTROL_ERROR);
    assert!(
        fault.what.to_string().contains("DATA on stream 1: of the stream, 65552 bytes spent of a window with "),
        "{fault}"
    );
    assert_eq!(frames(&server.sent()), ["GOAWAY - 0"]);

    // Calls are cheap to open and not free: 4 MiB hold 64 requests that nobody takes.
    let mut server = Lone::new(Side::Server, Limits::default());
    let fault = (0..70).find_map(|call| server.feed(&request(2 * call + 1, &body)).err()).unwrap();
    assert!(fault.what.to_string().contains("of the connection"), "{fault}");
    assert_eq!(server.events().iter().filter(|event| matches!(event, Event::Request { .. })).count(), 63);
}

#[test]
fn credit_of_nothing_or_above_the_window_is_refused() {
    for (stream, credit) in [(0, 0_u32), (0, 1), (0, u32::MAX), (1, 0), (1, u32::MAX)] {
        let mut server = Lone::new(Side::Server, Limits::default());
        server.feed(&request(1, b"1")).unwrap();
        let fault = server.feed(&raw(Kind::WINDOW, Flags::NONE, stream, b"", &credit.to_be_bytes())).unwrap_err();
        assert_eq!(fault.code, Code::FLOW_CONTROL_ERROR, "{fault}");
    }
    // On a stream that is over nobody looks.
    let mut server = Lone::new(Side::Server, Limits::default());
    server.feed(&request(1, b"1")).unwrap();
    server.input(finish(1, Status::ok()));
    server.sent();
    server.feed(&raw(Kind::WINDOW, Flags::NONE, 1, b"", &[0; 4])).unwrap();
}
