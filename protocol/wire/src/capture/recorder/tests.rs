//! Chunks in, frames out. The traffic is the plain dialect's, because it can be read here.

use proptest::prelude::*;

use super::*;
use crate::Code;

const ID: ConnectionId = ConnectionId(7);

struct Recording {
    recorder: Recorder,
    store: Store,
    clock: u64,
}

impl Recording {
    fn open(side: Side, dialect: Option<&'static str>) -> Self {
        let mut recording = Self { recorder: Recorder::default(), store: Store::new(1 << 20), clock: 0 };
        recording.feed(TapEvent::Opened(ConnectionFacts {
            side,
            local: "127.0.0.1:1".into(),
            peer: "127.0.0.1:2".into(),
            transport: "tcp",
            dialect,
            instance: None,
        }));
        recording
    }

    fn feed(&mut self, what: TapEvent) {
        self.clock += 1;
        let chunk = TapChunk { connection: ID, at: Time::from_millis(self.clock), what };
        self.recorder.cut(chunk).append(&mut self.store, true);
    }

    fn sent(&mut self, text: &str) {
        self.feed(TapEvent::Sent(Bytes::copy_from_slice(text.as_bytes())));
    }

    fn received(&mut self, text: &str) {
        self.feed(TapEvent::Received(Bytes::copy_from_slice(text.as_bytes())));
    }

    fn lines(&self) -> Vec<String> {
        self.store
            .since(FrameId(0))
            .map(|frame| {
                format!(
                    "{} {}ms {} {} {} {} {:?} {:?}",
                    if frame.sent { "↑" } else { "↓" },
                    frame.at.0 / 1_000_000,
                    frame.dialect.unwrap_or("-"),
                    frame.kind,
                    frame.stream,
                    frame.method.as_deref().unwrap_or("-"),
                    frame.code.map(Code::name),
                    String::from_utf8_lossy(&frame.bytes),
                )
            })
            .collect()
    }
}

#[test]
fn frames_of_a_call_carry_its_method_in_both_directions() {
    let mut recording = Recording::open(Side::Client, Some("plain"));
    recording.sent("{\"method\":\"shop.Orders/Place\"}\n{\"method\":\"add\"}\n");
    recording.received("{\"result\":1}\n{\"err");
    recording.received("or\":{\"code\":\"NOT_FOUND\"}}\n");
    recording.feed(TapEvent::Closed("reset by peer".into()));
    insta::assert_snapshot!(recording.lines().join("\n"), @r#"
    ↑ 2ms plain request 1 shop.Orders/Place None "{\"method\":\"shop.Orders/Place\"}"
    ↑ 2ms plain request 2 add None "\n{\"method\":\"add\"}"
    ↓ 3ms plain answer 1 shop.Orders/Place Some("OK") "{\"result\":1}"
    ↓ 4ms plain error 2 add Some("NOT_FOUND") "\n{\"error\":{\"code\":\"NOT_FOUND\"}}"
    ↑ 5ms plain space 0 - None "\n"
    ↓ 5ms plain space 0 - None "\n"
    "#);
    let connection = recording.store.connection(ID).unwrap();
    assert_eq!(connection.closed, Some((Time::from_millis(5), "reset by peer".into())));
}

#[test]
fn a_server_recognizes_its_clients() {
    let mut recording = Recording::open(Side::Server, None);
    recording.received(" {\"method\":");
    assert_eq!(recording.lines().len(), 0, "not decided yet");
    assert_eq!(recording.store.connection(ID).unwrap().facts.dialect, None);
    recording.received("\"add\"}");
    recording.sent("{\"result\":3}");
    assert_eq!(recording.store.connection(ID).unwrap().facts.dialect, Some("plain"));
    insta::assert_snapshot!(recording.lines().join("\n"), @r#"
    ↓ 3ms plain request 1 add None " {\"method\":\"add\"}"
    ↑ 4ms plain answer 1 add Some("OK") "{\"result\":3}"
    "#);
    assert_eq!(recording.store.since(FrameId(0)).next().unwrap().toward(), Toward::Server);
}

#[test]
fn what_nobody_recognizes_is_shown_as_it_came() {
    let mut recording = Recording::open(Side::Server, None);
    recording.received("SSH-2.0-OpenSSH_9.2\r\n");
    recording.sent("what?");
    insta::assert_snapshot!(recording.lines().join("\n"), @r#"
    ↓ 2ms - ? 0 - None "SSH-2.0-OpenSSH_9.2\r\n"
    ↑ 3ms - ? 0 - None "what?"
    "#);

    // Decided only by the end.
    let mut recording = Recording::open(Side::Server, None);
    recording.received("{\"meth");
    recording.feed(TapEvent::Closed(String::new()));
    insta::assert_snapshot!(recording.lines().join("\n"), @r#"↓ 2ms - ? 0 - None "{\"meth""#);

    // A hole in the beginning.
    let mut recording = Recording::open(Side::Server, None);
    recording.received("{\"meth");
    recording.feed(TapEvent::Lost { sent: false, bytes: 9 });
    recording.received("\"}");
    assert_eq!(recording.lines().len(), 2);
    assert_eq!(recording.store.lost_bytes(), 9);
}

#[test]
fn a_connection_that_never_shows_what_it_is_is_not_held_for_ever() {
    let mut recording = Recording::open(Side::Server, None);
    for _ in 0..100_000 {
        recording.received(" ");
    }
    let (State::Unknown | State::Known(_)) = &recording.recorder.connections[&ID].state else {
        panic!("still holding");
    };
}

#[test]
fn a_gap_leaves_later_frames_readable() {
    let mut recording = Recording::open(Side::Client, Some("plain"));
    recording.sent("{\"method\":\"a\"}\n{\"meth");
    recording.feed(TapEvent::Lost { sent: true, bytes: 5 });
    recording.sent("b\"}\n{\"method\":\"c\"}\n");
    insta::assert_snapshot!(recording.lines().join("\n"), @r#"
    ↑ 2ms plain request 1 a None "{\"method\":\"a\"}"
    ↑ 4ms plain request 2 - None "\n{\"meth"
    ↑ 4ms plain ? 0 - None "b\"}\n"
    ↑ 4ms plain request 0 c None "{\"method\":\"c\"}"
    "#);
}

#[test]
fn names_are_kept_once_and_short() {
    let mut names = HashSet::new();
    assert_eq!(shared(&mut names, &"é".repeat(1000)).len(), MAX_NAME);
    assert!(Arc::ptr_eq(&shared(&mut names, "a"), &shared(&mut names, "a")));
}

#[test]
fn frames_that_are_not_kept_do_not_confuse_later_ones() {
    let mut recording = Recording::open(Side::Client, Some("plain"));
    let bytes = Bytes::from_static(b"{\"method\":\"a\"}\n");
    let chunk = TapChunk { connection: ID, at: Time::ZERO, what: TapEvent::Sent(bytes) };
    assert!(!recording.recorder.cut(chunk).append(&mut recording.store, false));
    recording.received("{\"result\":1}\n");
    assert_eq!(recording.lines(), ["↓ 2ms plain answer 1 a Some(\"OK\") \"{\\\"result\\\":1}\""]);
}

proptest! {
    /// However the bytes of both directions come, the frames of each are the same.
    #[test]
    fn any_split_gives_the_same_frames(cuts in proptest::collection::vec((any::<bool>(), 1_usize..40), 0..40)) {
        let up = "{\"method\":\"a\"}\n{\"method\":\"b\",\"args\":[\"}\"]}\n{\"method\":\"c\"}oops\n";
        let down = "{\"result\":1}\n{\"error\":{\"code\":\"INTERNAL\"}}\n{\"result\":3}\n";
        let run = |cuts: &[(bool, usize)]| {
            let mut recording = Recording::open(Side::Server, None);
            let (mut up, mut down) = (up, down);
            for (sent, len) in cuts.iter().copied().chain([(false, 1000), (true, 1000)]) {
                let text = if sent { &mut down } else { &mut up };
                let (piece, rest) = text.split_at(len.min(text.len()));
                *text = rest;
                if sent { recording.sent(piece) } else { recording.received(piece) }
            }
            recording.feed(TapEvent::Closed(String::new()));
            let mut frames: Vec<_> = recording
                .store
                .since(FrameId(0))
                .map(|frame| (frame.sent, frame.stream, frame.kind, frame.bytes.to_vec()))
                .collect();
            frames.sort_by_key(|frame| frame.0);
            frames
        };
        prop_assert_eq!(run(&cuts), run(&[]));
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_none_is_missing(
        pieces in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 1..60)), 0..10),
        dialect in prop_oneof![Just(None), Just(Some("plain")), Just(Some("unheard of"))],
    ) {
        let mut recording = Recording::open(Side::Client, dialect);
        for (sent, bytes) in &pieces {
            let bytes = Bytes::copy_from_slice(bytes);
            recording.feed(if *sent { TapEvent::Sent(bytes) } else { TapEvent::Received(bytes) });
        }
        recording.feed(TapEvent::Closed(String::new()));
        for side in [true, false] {
            let given: Vec<u8> =
                pieces.iter().filter(|piece| piece.0 == side).flat_map(|piece| piece.1.clone()).collect();
            let seen: Vec<u8> = recording
                .store
                .since(FrameId(0))
                .filter(|frame| frame.sent == side)
                .flat_map(|frame| frame.bytes.to_vec())
                .collect();
            prop_assert_eq!(seen, given);
        }
    }
}
