//! How connections end, and what becomes of their calls.

use super::*;
use crate::Blame;
use crate::engine::Closed;

#[test]
fn a_server_that_shuts_down_finishes_what_runs() {
    let mut pair = shaken(Pair::new(&Native, &Limits::default()).with_latency(Duration::from_millis(5)));
    pair.client(unary(1, "1"));
    pair.run();
    pair.server(Input::Shutdown);
    pair.step();
    // This one is on its way when the goodbye is.
    pair.client(unary(2, "1"));
    pair.run();
    let events = pair.client.take_events();
    assert!(events.contains(&Event::GoAway { code: Code::OK, reason: "shutting down".into() }));
    assert_eq!(endings(&events), [(2, Code::UNAVAILABLE, true)]);
    assert!(!pair.client.engine.ready_for_call());
    pair.client(unary(3, "1"));
    assert_eq!(pair.server.take_events().len(), 1, "the second request was never seen");
    pair.server(message(1, "2"));
    pair.server(finish(1, Status::ok()));
    pair.run();
    assert_eq!(endings(&pair.client.take_events()), [(3, Code::UNAVAILABLE, true), (1, Code::OK, false)]);
    assert!(pair.is_clean());
}

#[test]
fn a_client_that_shuts_down_waits_for_its_answers() {
    let mut pair = ready(&Limits::default());
    pair.client(unary(1, "1"));
    pair.client(Input::Shutdown);
    pair.run();
    assert!(!pair.client.engine.ready_for_call());
    assert_eq!(pair.client.engine.closed(), None);
    pair.server(finish(1, Status::ok()));
    pair.run();
    assert_eq!(endings(&pair.client.take_events()), [(1, Code::OK, false)]);
    assert!(pair.is_clean());
}

#[test]
fn an_idle_connection_ends_cleanly() {
    let mut pair = ready(&Limits::default());
    pair.disconnect();
    pair.run();
    assert!(pair.is_clean());
    assert!(pair.client.take_events().is_empty() && pair.server.take_events().is_empty());
}

#[test]
fn a_broken_connection_ends_every_call_once() {
    let mut pair = ready(&Limits::default());
    for call in 1..=3 {
        pair.client(unary(call, "1"));
    }
    pair.run();
    pair.server(finish(3, Status::ok()));
    pair.run();
    pair.client(unary(4, "never leaves"));
    pair.server.take_events();
    pair.disconnect();
    while pair.deliver(Side::Client) {}
    while pair.deliver(Side::Server) {}
    let mut endings = endings(&pair.client.take_events());
    endings.sort_unstable();
    assert_eq!(
        endings,
        [
            (1, Code::UNAVAILABLE, false),
            (2, Code::OK, false),
            (3, Code::UNAVAILABLE, false),
            (4, Code::UNAVAILABLE, true),
        ]
    );
    let fault = pair.client.fault.clone().unwrap();
    assert_eq!(
        (fault.blame, fault.what.to_string().as_str()),
        (Blame::Between, "the connection ended with 3 calls open")
    );
    let mut cancels = pair.server.take_events();
    cancels.sort_by_key(|event| format!("{event:?}"));
    assert_eq!(cancels, [1, 5].map(|call| cancelled(call, CancelReason::GoingAway)));
    // A dead engine takes nothing, and still answers each call.
    pair.client(unary(9, "1"));
    pair.client(Input::Bytes("garbage".into()));
    pair.client(Input::Timer);
    assert_eq!(
        super::endings(&pair.client.engine.poll_event().into_iter().collect::<Vec<_>>()),
        [(9, Code::UNAVAILABLE, true)]
    );
}

#[test]
fn half_a_frame_says_so() {
    let mut server = Lone::new(Side::Server, Limits::default());
    server.feed(&request(1, b"1")[..20]).unwrap();
    let fault = server.engine.input(server.now, Input::Eof).unwrap_err();
    assert_eq!(fault.to_string(), "the connection ended 20 bytes into a frame (offset 44)");
}

#[test]
fn a_goodbye_with_a_code_ends_everything_with_that_code() {
    let mut client = Lone::new(Side::Client, Limits::default());
    for call in 1..=3 {
        client.input(unary(call, "1"));
    }
    client.sent();
    client.input(unary(4, "1"));
    client.events();
    let goaway = [&3_u32.to_be_bytes()[..], &70_u16.to_be_bytes(), b"calm down"].concat();
    let fault = client.feed(&raw(Kind::GOAWAY, Flags::NONE, 0, b"", &goaway)).unwrap_err();
    assert_eq!((fault.blame, fault.code), (Blame::Us, Code::ENHANCE_YOUR_CALM));
    let events = client.events();
    assert_eq!(events[0], Event::GoAway { code: Code::ENHANCE_YOUR_CALM, reason: "calm down".into() });
    let mut endings = endings(&events);
    endings.sort_unstable();
    let code = Code::ENHANCE_YOUR_CALM;
    assert_eq!(endings, [(1, code, false), (2, code, false), (3, code, true), (4, code, true)]);
}

#[test]
fn a_fault_is_explained_to_the_peer() {
    let mut pair = ready(&Limits::default());
    pair.client(unary(1, "1"));
    pair.run();
    pair.server(message(1, "22222"));
    pair.transmit(Side::Server, 1);
    assert!(pair.damage(Side::Client, |bytes| bytes[18] ^= 1));
    pair.run();
    let fault = pair.client.fault.clone().unwrap();
    assert_eq!((fault.blame, fault.code), (Blame::Peer, Code::CHECKSUM_MISMATCH));
    assert_eq!(endings(&pair.client.take_events()), [(1, Code::CHECKSUM_MISMATCH, false)]);
    let fault = pair.server.fault.clone().unwrap();
    assert_eq!((fault.blame, fault.code), (Blame::Us, Code::CHECKSUM_MISMATCH));
    assert!(fault.what.to_string().contains("frame with checksum "), "{fault}");
    assert!(pair.server.take_events().contains(&cancelled(1, CancelReason::GoingAway)));
}

#[test]
fn a_peer_that_takes_nothing_is_dropped() {
    let mut server = Lone::new(Side::Server, Limits::default());
    server.feed(&request(1, b"1")).unwrap();
    server.input(message(1, "2"));
    let since = server.now;
    let fault = server.fire().unwrap_err();
    assert_eq!(server.now.since(since), Duration::from_secs(20));
    assert_eq!((fault.blame, fault.what.to_string().as_str()), (Blame::Between, "the peer took no bytes for 20s"));
    assert!(server.sent().is_empty(), "nobody would read a goodbye");
    assert!(matches!(server.engine.closed(), Some(Closed::Fault(_))));

    // One that reads slowly is not.
    let mut server = Lone::new(Side::Server, Limits::default());
    server.feed(&request(1, b"1")).unwrap();
    for _ in 0..20 {
        server.input(message(1, "2"));
    }
    for _ in 0..20 {
        server.now = server.now + Duration::from_secs(15);
        server.input(Input::Timer);
        server.engine.poll_transmit(server.now, 1, &mut Vec::new());
    }
    assert_eq!(server.engine.wake_at(), None);
}

#[test]
fn pings_measure_the_way_and_are_not_overdone() {
    let mut pair = shaken(Pair::new(&Native, &Limits::default()).with_latency(Duration::from_millis(30)));
    for _ in 0..100 {
        pair.client(Input::Ping);
        pair.server(Input::Ping);
        pair.wait(Duration::from_secs(1));
    }
    let pongs = pair.client.take_events();
    assert_eq!(pongs.len(), 10);
    assert!(pongs.iter().all(|event| *event == Event::Pong { rtt: Duration::from_millis(60) }), "{pongs:?}");
    assert_eq!(pair.server.take_events().len(), 10);

    let mut client = Lone::new(Side::Client, Limits::default());
    client.input(Input::Ping);
    client.sent();
    let fault = client.fire().unwrap_err();
    assert_eq!(fault.what, "the peer did not answer a ping within 20s");
}
