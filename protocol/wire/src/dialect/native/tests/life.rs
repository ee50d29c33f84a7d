//! Random lives of a connection: calls of every shape, in any order, with everything that can go wrong between them.

use proptest::prelude::*;

use super::referee::Referee;
use super::*;
use crate::testing::Moment;

/// What happens next in a random life of a connection.
#[derive(Clone, Debug)]
enum Act {
    Call { len: usize, end: bool, one_way: bool, encoding: Encoding },
    Say(usize, usize),
    HalfClose(usize),
    Cancel(usize),
    Headers(usize),
    Reply(usize, usize),
    Finish(usize, bool),
    Transmit(bool, usize),
    Deliver(bool),
    Run,
    Wait(u64),
    Consume(bool),
    Ping(bool),
    Shutdown(bool),
    Disconnect,
    Damage(bool, prop::sample::Index),
}

fn act() -> impl Strategy<Value = Act> {
    let len = || prop_oneof![4 => 0..100_usize, 2 => 0..40_000_usize, 1 => 0..300_000_usize];
    prop_oneof![
        8 => (len(), any::<bool>(), prop::bool::weighted(0.1), encoding())
            .prop_map(|(len, end, one_way, encoding)| Act::Call { len, end, one_way, encoding }),
        4 => (0..20_usize, len()).prop_map(|(call, len)| Act::Say(call, len)),
        2 => (0..20_usize).prop_map(Act::HalfClose),
        2 => (0..20_usize).prop_map(Act::Cancel),
        2 => (0..20_usize).prop_map(Act::Headers),
        6 => (0..20_usize, len()).prop_map(|(call, len)| Act::Reply(call, len)),
        5 => (0..20_usize, any::<bool>()).prop_map(|(call, ok)| Act::Finish(call, ok)),
        6 => (any::<bool>(), 1..70_000_usize).prop_map(|(client, budget)| Act::Transmit(client, budget)),
        6 => any::<bool>().prop_map(Act::Deliver),
        3 => Just(Act::Run),
        1 => (0..3000_u64).prop_map(Act::Wait),
        5 => any::<bool>().prop_map(Act::Consume),
        1 => any::<bool>().prop_map(Act::Ping),
        1 => any::<bool>().prop_map(Act::Shutdown),
    ]
}

fn encoding() -> impl Strategy<Value = Encoding> {
    let (codec, compression) = (prop::sample::select(&Codec::ALL), prop::sample::select(&Compression::ALL));
    prop_oneof![
        Just(Encoding::default()),
        (codec, compression).prop_map(|(codec, compression)| Encoding { codec, compression }),
    ]
}

fn fault() -> impl Strategy<Value = Act> {
    prop_oneof![
        Just(Act::Disconnect),
        Just(Act::Run),
        any::<bool>().prop_map(Act::Shutdown),
        (any::<bool>(), any::<prop::sample::Index>()).prop_map(|(client, at)| Act::Damage(client, at)),
    ]
}

/// Both ends of a random life, with what their owners know.
struct Life {
    pair: Pair,
    calls: u64,
    ends: Vec<u32>,
    /// Server's calls that it has not finished.
    open: Vec<u64>,
    /// Message bytes that were not taken: by side, call.
    untaken: [Vec<(u64, usize)>; 2],
}

impl Life {
    fn new(pair: Pair) -> Self {
        Self { pair, calls: 0, ends: Vec::new(), open: Vec::new(), untaken: Default::default() }
    }

    fn act(&mut self, act: Act) {
        let pick = |list: &[u64], at: usize| (!list.is_empty()).then(|| list[at % list.len()]);
        let some = |calls: u64, at: usize| if calls == 0 { 0 } else { at as u64 % calls };
        match act {
            Act::Call { len, end, one_way, encoding } => {
                let head = Box::new(CallHead { one_way, encoding, ..head("a.B/C") });
                let message = (len > 0).then(|| Bytes::from(vec![b'x'; len]));
                self.pair.client(Input::Call { call: CallId(self.calls), head, message, end });
                self.calls += 1;
                self.ends.push(0);
            }
            Act::Say(call, len) => self.pair.client(message(some(self.calls, call), vec![b'x'; len])),
            Act::HalfClose(call) => self.pair.client(Input::HalfClose { call: CallId(some(self.calls, call)) }),
            Act::Cancel(call) => self.pair.client(cancel(some(self.calls, call), CancelReason::User)),
            Act::Headers(call) => {
                if let Some(call) = pick(&self.open, call) {
                    let metadata = [("served-by", "me")].into_iter().collect();
                    self.pair.server(Input::Headers { call: CallId(call), metadata });
                }
            }
            Act::Reply(call, len) => {
                if let Some(call) = pick(&self.open, call) {
                    self.pair.server(message(call, vec![b'x'; len]));
                }
            }
            Act::Finish(call, ok) => {
                if let Some(call) = pick(&self.open, call) {
                    self.open.retain(|open| *open != call);
                    let code = if ok { Code::OK } else { Code::ABORTED };
                    self.pair.server(finish(call, Status::new(code, "")));
                }
            }
            Act::Transmit(client, budget) => {
                self.pair.transmit(side(client), budget);
            }
            Act::Deliver(client) => {
                self.pair.deliver(side(client));
            }
            Act::Run => self.pair.run(),
            Act::Wait(ms) => self.pair.wait(Duration::from_millis(ms)),
            Act::Consume(client) => {
                for (call, len) in std::mem::take(&mut self.untaken[usize::from(client)]) {
                    self.pair.input(side(client), consumed(call, len));
                }
            }
            Act::Ping(client) => self.pair.input(side(client), Input::Ping),
            Act::Shutdown(client) => self.pair.input(side(client), Input::Shutdown),
            Act::Disconnect => self.pair.disconnect(),
            Act::Damage(client, at) => {
                self.pair.damage(side(client), |bytes| {
                    let at = at.index(bytes.len());
                    bytes[at] ^= 0x55;
                });
            }
        }
        self.listen();
    }

    fn listen(&mut self) {
        for event in self.pair.client.take_events() {
            match event {
                Event::End { call, .. } => self.ends[usize::try_from(call.0).unwrap()] += 1,
                Event::Message { call, message } | Event::Packed { call, message } => {
                    self.untaken[1].push((call.0, message.len()));
                }
                _ => {}
            }
        }
        for event in self.pair.server.take_events() {
            match event {
                Event::Request { call, message, .. } => {
                    self.open.push(call.0);
                    self.untaken[0].extend(message.map(|message| (call.0, message.len())));
                }
                Event::Message { call, message } | Event::Packed { call, message } => {
                    self.untaken[0].push((call.0, message.len()));
                }
                _ => {}
            }
        }
    }

    /// Takes everything and finishes everything until nothing moves.
    fn wind_up(&mut self) {
        for _ in 0..200 {
            self.act(Act::Consume(true));
            self.act(Act::Consume(false));
            self.act(Act::Run);
            if self.untaken.iter().all(Vec::is_empty) {
                break;
            }
        }
        while !self.open.is_empty() {
            self.act(Act::Finish(0, true));
        }
        for _ in 0..200 {
            self.act(Act::Consume(true));
            self.act(Act::Run);
        }
    }
}

fn side(client: bool) -> Side {
    if client { Side::Client } else { Side::Server }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_call_ends_exactly_once_and_windows_always_come_back(
        acts in prop::collection::vec(act(), 1..80),
        faults in prop_oneof![3 => Just(Vec::new()), 2 => prop::collection::vec(fault(), 1..3)],
        more in prop::collection::vec(act(), 0..20),
        chunks in any::<u64>(),
    ) {
        let limits = Limits {
            stream_window: 64 << 10,
            connection_window: 128 << 10,
            max_streams: 16,
            max_frame: 16 << 10,
            ..Limits::default()
        };
        let mut life = Life::new(Pair::new(&Native, &limits).chunked(chunks));
        let faulty = !faults.is_empty();
        for act in acts.into_iter().chain(faults).chain(more) {
            life.act(act);
        }
        life.wind_up();
        if faulty {
            // A damaged length may have swallowed what came behind it: then only the end of the connection ends the calls.
            life.act(Act::Disconnect);
            life.act(Act::Run);
        }
        let faults = (&life.pair.client.fault, &life.pair.server.fault);
        prop_assert!(faulty || faults == (&None, &None), "{faults:?}");
        prop_assert!(life.ends.iter().all(|ends| *ends == 1), "{:?}", life.ends);
        if !life.pair.client.engine.ready_for_call() {
            return Ok(());
        }
        // Nothing of the windows was lost on the way: a message as large as both still gets through, both ways.
        life.act(Act::Call { len: 200_000, end: true, one_way: false, encoding: Encoding::default() });
        life.act(Act::Run);
        prop_assert_eq!(life.untaken[0].iter().map(|(_, len)| *len).collect::<Vec<_>>(), [200_000]);
        life.act(Act::Reply(0, 200_000));
        life.act(Act::Run);
        life.act(Act::Finish(0, true));
        life.wind_up();
        prop_assert!(life.ends.iter().all(|ends| *ends == 1), "{:?}", life.ends);
    }
}

/// Limits of one side, from below the floors to above the defaults.
fn limits() -> impl Strategy<Value = Limits> {
    let window = || 1_u32..300_000;
    (1_usize..200_000, 20_000_usize..500_000, 1_usize..65_535, 1_u32..40, window(), window()).prop_map(
        |(max_frame, max_message, max_metadata, max_streams, stream_window, connection_window)| Limits {
            max_frame,
            max_message,
            max_metadata,
            max_streams,
            stream_window,
            connection_window,
            ..Limits::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Whatever the two owners do and whatever the two sides have agreed on: no frame breaks a rule of the page.
    #[test]
    fn nothing_that_is_sent_breaks_a_rule(
        own in limits(),
        peer in limits(),
        acts in prop::collection::vec(act(), 1..100),
        latency in prop_oneof![Just(0_u64), 1..50_u64],
        chunks in any::<u64>(),
    ) {
        let now = Time::from_millis(1000);
        let (referee, eye) = Referee::watching();
        let pair = Pair::of(Native.client(own, false, now), Native.server(peer, false, now), now);
        let latency = Duration::from_millis(latency);
        let mut life = Life::new(pair.chunked(chunks).with_latency(latency).watched(eye));
        for act in acts {
            life.act(act);
        }
        life.wind_up();
        let referee = referee.lock().unwrap();
        prop_assert_eq!(&referee.offense, &None);
        prop_assert!((&life.pair.client.fault, &life.pair.server.fault) == (&None, &None));
        if life.pair.client.engine.ready_for_call() {
            prop_assert_eq!(referee.settled(), Ok(()));
        }
    }
}

/// A frame with a right checksum.
fn checked(kind: Kind, flags: Flags, stream: u32, meta: &[u8], body: &[u8]) -> Vec<u8> {
    let mut frame = raw(kind, flags.with(Flags::CK), stream, meta, body);
    let check = crc32c::crc32c_append(crc32c::crc32c(&frame[..12]), &frame[16..]);
    frame[12..16].copy_from_slice(&check.to_be_bytes());
    frame
}

#[test]
fn the_referee_sees_what_is_wrong() {
    let hello = || [PREFACE.to_vec(), checked(Kind::HELLO, Flags::NONE, 0, b"", b"")].concat();
    let (meta, msg, end) = (method(b"a.B/C"), Flags::MSG, Flags::END);
    let call = |stream| checked(Kind::REQUEST, msg, stream, &meta, b"1");
    let data = |flags, body: &[u8]| checked(Kind::DATA, flags, 1, b"", body);
    let status = checked(Kind::STATUS, Flags::NONE, 1, b"", &[0; 3]);
    let ping = checked(Kind::PING, Flags::NONE, 0, b"", &[0; 8]);
    let credit = |credit: u32| checked(Kind::WINDOW, Flags::NONE, 1, b"", &credit.to_be_bytes());
    let cancel = checked(Kind::CANCEL, Flags::NONE, 1, b"", &[0, 1]);
    let headers = checked(Kind::HEADERS, Flags::NONE, 1, b"", b"");
    let mut damaged = call(1);
    damaged[12] ^= 1;
    // What the client sends, what the server then sends, and what is wrong with the last of it.
    let cases = [
        (vec![raw(Kind::REQUEST, msg, 1, &meta, b"1")], vec![], "no checksum where both offer them"),
        (vec![damaged], vec![], "has a wrong checksum"),
        (vec![hello().split_off(8)], vec![], "a second HELLO"),
        (vec![checked(Kind::REQUEST, msg.with(Flags::MORE).with(end), 1, &meta, b"1")], vec![], "MORE with END"),
        (vec![checked(Kind::REQUEST, Flags::MORE, 1, &meta, b"")], vec![], "MORE without MSG"),
        (vec![checked(Kind::REQUEST, Flags::NONE, 1, &meta, b"1")], vec![], "a body without MSG"),
        (vec![call(2)], vec![], "an even number"),
        (vec![call(3), call(1)], vec![], "a number that does not rise"),
        (vec![checked(Kind::REQUEST, msg, 1, b"", b"1")], vec![], "no method"),
        (vec![checked(Kind::REQUEST, msg, 1, &[2, 0], b"1")], vec![], "metadata 2 does not belong here"),
        (vec![checked(Kind::REQUEST, msg, 1, &[1, 9], b"1")], vec![], "metadata that cannot be read"),
        (vec![checked(Kind::REQUEST, msg.with(Flags::ONEWAY), 1, &meta, b"1")], vec![], "ONEWAY without END"),
        (vec![checked(Kind::REQUEST, msg, 1, &meta, &[0; 20_000])], vec![], "a body of 20000"),
        (vec![checked(Kind::PING, end, 0, b"", &[0; 8])], vec![], "a flag without a meaning"),
        (vec![checked(Kind::PING, Flags::NONE, 3, b"", &[0; 8])], vec![], "on the wrong stream"),
        (vec![status.clone()], vec![], "from the wrong side"),
        (vec![data(msg, b"1")], vec![], "on a call that is not there"),
        (vec![checked(Kind(0x21), Flags::IGN, 0, b"", b"")], vec![], "is not of this version"),
        (vec![ping.clone(), ping.clone()], vec![], "more than one ping in 10 s"),
        (vec![checked(Kind::PING, Flags::ACK, 0, b"", &[0; 8])], vec![], "an answer to no ping"),
        (vec![call(1), data(end.with(msg), b"1"), data(msg, b"1")], vec![], "behind its END"),
        (vec![call(1), data(msg.with(Flags::MORE), b"1"), data(end, b"")], vec![], "inside a message in parts"),
        (vec![call(1), data(Flags::NONE, b"")], vec![], "nothing in it"),
        (vec![call(1), cancel.clone(), data(msg, b"1")], vec![], "behind CANCEL"),
        (vec![call(1), cancel.clone(), cancel.clone()], vec![], "CANCEL twice"),
        (vec![call(1), credit(1)], vec![], "more than came"),
        (
            (0..7).map(|at| checked(Kind::REQUEST, msg, 2 * at + 1, &meta, &[0; 10_000])).collect(),
            vec![],
            "credit too many",
        ),
        ((0..17).map(|at| call(2 * at + 1)).collect(), vec![], "16 calls are open already"),
        (vec![call(1)], vec![headers.clone(), headers.clone()], "HEADERS twice"),
        (vec![call(1)], vec![data(msg, b"1"), headers], "HEADERS twice, or behind DATA"),
        (vec![call(1)], vec![status.clone(), data(msg, b"1")], "behind its END"),
        (vec![call(1)], vec![status.clone(), status.clone()], "behind the end of the call"),
        (vec![call(1), cancel], vec![status.clone()], "an answer to CANCEL"),
        (
            vec![checked(Kind::REQUEST, msg.with(Flags::ONEWAY).with(end), 1, &meta, b"1")],
            vec![status],
            "to a one-way call",
        ),
        (vec![call(1)], vec![credit(0)], "credit of nothing"),
        (vec![call(1)], vec![credit(18)], "1 more than came"),
        (vec![call(1), data(end, b"")], vec![credit(1)], "credit to a stream whose sender has ended it"),
        (vec![call(1)], vec![checked(Kind::GOAWAY, Flags::NONE, 0, b"", &[0, 0, 0, 3, 0, 0])], "last_stream 3 above 1"),
    ];
    for (client, server, what) in cases {
        let (referee, mut eye) = Referee::watching();
        let now = Time::from_millis(1000);
        let mut say = |side, other, bytes: &[u8]| {
            eye(Moment::Sent(side, bytes, now));
            eye(Moment::Arrived(other, bytes.len()));
        };
        say(Side::Client, Side::Server, &hello());
        for frame in client {
            assert_eq!(referee.lock().unwrap().offense, None, "ahead of {what}");
            say(Side::Client, Side::Server, &frame);
        }
        if !server.is_empty() {
            say(Side::Server, Side::Client, &hello());
            eye(Moment::Drained(Side::Server));
        }
        for frame in server {
            assert_eq!(referee.lock().unwrap().offense, None, "ahead of {what}");
            eye(Moment::Sent(Side::Server, &frame, now));
            eye(Moment::Arrived(Side::Client, frame.len()));
        }
        let offense = referee.lock().unwrap().offense.clone();
        assert!(offense.as_ref().is_some_and(|offense| offense.contains(what)), "{what}: {offense:?}");
    }
}
