//! The real server against clients that do not behave. Each gets its answer and its end; the process keeps serving
//! the others, and neither its memory nor its descriptors grow.

#![cfg(target_os = "linux")] // Memory and descriptors are read from /proc.

mod servers;
mod wire;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use callscope_tests::program::{Served, binary};
use serde_json::{Value, json};

use wire::*;

/// What hostile clients may cost the process at any time.
const MAX_GROWTH_KIB: u64 = 64 << 10;

/// Longer than the server lets a connection linger that is over.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server, a client of it that behaves, and what the process was like before the others came.
struct Besieged {
    server: Served,
    citizen: Raw,
    memory: u64,
    descriptors: usize,
}

impl Besieged {
    fn start() -> Self {
        Self::of(Served::start(&["--steady"]))
    }

    fn of(server: Served) -> Self {
        let mut citizen = Raw::greeted(&server.addr);
        // What is allocated once is allocated now.
        for number in 0..100 {
            citizen.add(number, 1);
        }
        for _ in 0..4 {
            assert_eq!(plain(&server.addr, br#"{"method": "add", "args": [1, 2]}"#)["result"], 3);
        }
        let mut besieged = Self { server, citizen, memory: 0, descriptors: 0 };
        besieged.descriptors = besieged.descriptors();
        besieged.memory = besieged.memory();
        besieged
    }

    fn addr(&self) -> &str {
        &self.server.addr
    }

    /// The others are served, on old connections and new ones, and the process has not grown.
    fn goes_on(&mut self, during: &str) {
        self.citizen.add(20, 22);
        Raw::greeted(&self.server.addr).add(1, 1);
        let answer = plain(&self.server.addr, br#"{"method": "add", "args": [1, 2]}"#);
        assert_eq!(answer["result"], 3, "{during}: {answer}");
        self.is_bounded(during);
    }

    fn is_bounded(&self, during: &str) {
        let growth = self.memory().saturating_sub(self.memory);
        assert!(growth < MAX_GROWTH_KIB, "{during}: the process has grown by {growth} KiB");
    }

    /// Everything that the hostile client held is given back.
    fn recovers(&mut self, from: &str) {
        self.goes_on(from);
        let start = Instant::now();
        // One more than before may be a plain connection that is just closing.
        while self.descriptors() > self.descriptors {
            let (now, before) = (self.descriptors(), self.descriptors);
            assert!(start.elapsed() < PATIENCE, "{from}: {now} descriptors are open, {before} were before");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Resident memory, KiB.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.server.pid())).unwrap().count()
    }
}

/// What the server answers to these bytes, which are a plain call or look like one.
fn plain(addr: &str, bytes: &[u8]) -> Value {
    let mut raw = Raw::connect(addr);
    // A server that has read enough closes while we still send.
    raw.send_if_it_lasts(bytes);
    let answer = raw.rest();
    serde_json::from_slice(&answer).unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&answer)))
}

/// Bytes behind a good handshake, which end the connection: a name, the bytes, the goodbye's code and words of its reason.
type Fatal = (&'static str, fn() -> Vec<u8>, u16, &'static [&'static str]);

/// Our preface and empty HELLO are 24 bytes: what follows begins there.
const FATAL: &[Fatal] = &[
    ("garbage", || vec![0xff; 64], 66, &["frame body length 4,294,901,760 passes the limit of 65,536", "offset 24"]),
    ("text", || b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), 66, &["frame body length", "offset 24"]),
    ("a length of 4 GiB", || header(u32::MAX, DATA, MSG, 0, 1), 66, &["4,294,967,295", "65,536", "offset 24"]),
    ("a message of 1 GiB", || header(1 << 30, REQUEST, MSG, 0, 1), 66, &["1,073,741,824", "offset 24"]),
    ("metadata of 64 KiB", || header(65_535, REQUEST, MSG, 65_535, 1), 66, &["metadata length 65,535", "16,384"]),
    (
        "a wrong checksum",
        || {
            let mut bytes = frame(PING, CK, 0, &[], b"12345678");
            bytes[12..16].copy_from_slice(&[1, 2, 3, 4]);
            bytes
        },
        67,
        &["checksum", "01020304", "offset 24"],
    ),
    ("an unknown type", || frame(0x2a, 0, 0, &[], b""), 64, &["unknown type 0x2a without IGN", "offset 24"]),
    ("metadata beyond its frame", || header(3, DATA, MSG, 4, 1), 64, &["frame length 3", "metadata length 4"]),
    ("DATA of no call", || frame(DATA, MSG, 7, &[], b"{}"), 64, &["DATA on stream 7, which was never opened"]),
    ("an even number", || request(2, "demo.Calculator/Add", b"{}"), 64, &["REQUEST on stream 2", "odd"]),
    (
        "a number that falls",
        || {
            let (five, three) = (request(5, "demo.Calculator/Add", b"{}"), request(3, "demo.Calculator/Add", b"{}"));
            [five, three].concat()
        },
        64,
        &["REQUEST on stream 3 behind 5", "offset 63"],
    ),
    ("a second HELLO", || frame(HELLO, 0, 0, &[], &[]), 64, &["a second HELLO", "offset 24"]),
    ("an answer", || frame(STATUS, 0, 1, &[], &[0, 5, 0]), 64, &["a client sends no STATUS"]),
    ("a window that overflows", || frame(WINDOW, 0, 0, &[], &[0xff; 4]), 65, &["a credit of 4294967295", "4194304"]),
    ("a credit of nothing", || frame(WINDOW, 0, 0, &[], &[0; 4]), 65, &["a credit of 0", "offset 24"]),
    (
        "more than a call's window",
        || {
            let mut bytes = frame(REQUEST, MSG, 1, &method(b"demo.Ticker/Watch"), br#"{"interval_ms":60000}"#);
            for _ in 0..17 {
                bytes.extend(frame(DATA, MSG, 1, &[], &vec![b' '; 65_536]));
            }
            bytes
        },
        65,
        &["DATA on stream 1", "the stream", "bytes spent of a window with"],
    ),
    ("a ping of 7 bytes", || frame(PING, 0, 0, &[], b"1234567"), 64, &["PING with a body of 7 bytes instead of 8"]),
    ("a flood of pings", || frame(PING, 0, 0, &[], b"pingping").repeat(10_000), 70, &["PING", "10 s"]),
    (
        "a rapid reset",
        || {
            let calls = (0..20_000).map(|call| call * 2 + 1);
            calls
                .flat_map(|call| {
                    [request(call, "demo.Ticker/Watch", b"{}"), frame(CANCEL, 0, call, &[], &[0, 1])].concat()
                })
                .collect()
        },
        70,
        &["more than 2048 calls cancelled within a second"],
    ),
];

#[test]
fn what_breaks_the_protocol_is_answered_with_a_goodbye_and_a_reason() {
    let mut besieged = Besieged::start();
    for (name, bytes, code, words) in FATAL {
        let mut raw = Raw::greeted(besieged.addr());
        // The server may have said goodbye before it took all of it.
        raw.send_if_it_lasts(&bytes());
        let (found, reason) = raw.goodbye();
        assert_eq!(found, *code, "{name}: {reason}");
        for word in *words {
            assert!(reason.contains(word), "{name}: {word:?} is missing: {reason}");
        }
        assert!(reason.contains("(offset "), "{name}: {reason}");
        besieged.goes_on(name);
    }
    besieged.recovers("breaking the protocol");
}

#[test]
fn a_version_that_nobody_speaks_is_answered_with_the_one_that_is() {
    let mut besieged = Besieged::start();
    let mut raw = Raw::connect(besieged.addr());
    raw.send(&[0x89, b'R', b'P', b'C', 2, 7, 0, 0]);
    let (code, reason) = raw.goodbye();
    assert_eq!(code, 68);
    assert_eq!(reason, "this server speaks version 1, the client 2 to 7 (offset 4)");
    besieged.recovers("another version");
}

#[test]
fn half_a_handshake_and_silence_ends_in_time() {
    let mut besieged = Besieged::start();
    let hello = frame(HELLO, 0, 0, &[], &[0; 8]);
    let halves: [(&[u8], &str); 3] = [
        (&PREFACE[..5], "no preface within 5s"),
        (&PREFACE, "no HELLO within 5s"),
        (&[&PREFACE, &hello[..20]].concat(), "no HELLO within 5s"),
    ];
    // All at once: each takes its five seconds.
    let mut waiting: Vec<_> = halves
        .iter()
        .map(|(half, words)| {
            let mut raw = Raw::connect(besieged.addr());
            raw.send(half);
            (raw, *words)
        })
        .collect();
    besieged.goes_on("half a handshake");
    for (raw, words) in &mut waiting {
        if words.contains("HELLO") {
            raw.skip_preface();
        }
        let (code, reason) = raw.goodbye();
        assert!(code == 69 && reason.contains(*words), "{code}: {reason}");
    }
    besieged.recovers("half a handshake");
}

/// Bytes that are no dialect's: their name, themselves, what the answer begins with and holds.
type Stranger = (&'static str, &'static [u8], &'static [u8], &'static [&'static str]);

#[test]
fn strangers_are_told_what_is_spoken_here_in_words_that_they_can_read() {
    let mut besieged = Besieged::start();
    let strangers: &[Stranger] = &[
        (
            "garbage",
            b"\xff\xfe\xfd\xfc\x00",
            b"\0\0\0",
            &["no dialect starts with these bytes: [ff, fe, fd, fc, 00]", "offset 0"],
        ),
        ("nearly native", b"\x89RPX\x01\x01\0\0", b"\0\0\0", &["expected the preface 89 52 50 43", "offset 0"]),
        (
            "HTTP/1",
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\n",
            &["native, plain", "offset 0"],
        ),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n", &["native, plain"]),
        ("SSH", b"SSH-2.0-OpenSSH_9.9\r\n", b"{\"error\":", &["PROTOCOL_ERROR", "no dialect starts", "offset 0"]),
        ("JSON-RPC", br#"{"jsonrpc": "2.0", "id": 1, "method": "add"}"#, b"{\"error\":", &["no dialect starts"]),
    ];
    for (name, bytes, begins, words) in strangers {
        let mut raw = Raw::connect(besieged.addr());
        raw.send(bytes);
        let answer = raw.rest();
        let text = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with(begins), "{name}: {text:?}");
        for word in *words {
            assert!(text.contains(word), "{name}: {word:?} is missing: {text:?}");
        }
        besieged.goes_on(name);
    }
    let mut tls = Raw::connect(besieged.addr());
    tls.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc");
    assert_eq!(tls.rest(), b"", "a client with TLS would take any word for an attack");
    besieged.recovers("strangers");
}

/// A call that cannot be read: its name, metadata, message, then the status's code, whether it is not processed, and a word of it.
type Unreadable<'a> = (&'a str, Vec<u8>, &'a [u8], u16, bool, &'a str);

#[test]
fn a_call_that_cannot_be_read_ends_alone() {
    let mut besieged = Besieged::start();
    let nested = [b"[".repeat(10_000), b"]".repeat(10_000)].concat();
    let nested = [b"{\"a\":", nested.as_slice(), b"}"].concat();
    let add = method(b"demo.Calculator/Add");
    let mut raw = Raw::greeted(besieged.addr());
    let cases: [Unreadable; 6] = [
        ("invalid UTF-8 in the method", method(b"demo.\xff\xfe/Add"), b"{}", 3, true, "utf-8"),
        ("metadata cut short", add[..9].to_vec(), b"{}", 3, true, "offset"),
        ("no method", Vec::new(), b"{}", 3, true, "method"),
        ("JSON nested 10,000 deep", add.clone(), &nested, 3, false, "deep"),
        ("JSON cut short", add.clone(), b"{\"a\": 1, \"b\":", 3, false, "JSON"),
        ("a message that is not utf-8", add, b"{\"a\": \"\xff\"}", 3, false, "JSON"),
    ];
    for (stream, (name, meta, message, code, not_processed, word)) in (1..).step_by(2).zip(cases) {
        raw.send(&frame(REQUEST, END | MSG, stream, &meta, message));
        let (found, unprocessed, words) = raw.frame_of(STATUS).status();
        assert_eq!((found, unprocessed), (code, not_processed), "{name}: {words}");
        assert!(words.contains(word), "{name}: {word:?} is missing: {words:?}");
        besieged.goes_on(name);
    }
    raw.last = 99;
    raw.add(1, 1);
    // A message in parts above the limit: 5 MiB, with the credit that the server gives for parts.
    let part = vec![b' '; 60_000];
    raw.send(&frame(REQUEST, MSG | MORE, 103, &method(b"demo.Calculator/Sum"), &part));
    let mut left = 1_048_576 - 60_016;
    let (code, _, words) = loop {
        while left >= 60_016 {
            raw.send(&frame(DATA, MSG | MORE, 103, &[], &part));
            left -= 60_016;
        }
        let frame = raw.frame().unwrap();
        match frame.kind {
            WINDOW if frame.stream == 103 => left += u32::from_be_bytes(frame.body.try_into().unwrap()),
            WINDOW => {}
            _ => break frame.status(),
        }
    };
    assert!(code == 8 && words.contains("passes the limit of 4194304"), "{code}: {words}");
    raw.last = 103;
    raw.add(2, 2);
    drop(raw);
    besieged.recovers("calls that cannot be read");
}

#[test]
fn plain_callers_are_told_where_their_json_ends_to_make_sense() {
    let mut besieged = Besieged::start();
    let nested = |depth| [br#"{"method": "add", "args": "#.to_vec(), b"[".repeat(depth)].concat();
    let long = [br#"{"method": "add", "args": [""#.to_vec(), vec![b'x'; 16 << 20]].concat();
    let cases: [(&str, Vec<u8>, &str, &[&str]); 7] = [
        ("no JSON", b"{\"method\": @".to_vec(), "INVALID_ARGUMENT", &["offset 11"]),
        ("nested 10,000 deep", nested(10_000), "INVALID_ARGUMENT", &["128", "offset 153"]),
        ("nested 2,000,000 deep", nested(2_000_000), "INVALID_ARGUMENT", &["128", "offset 153"]),
        ("a message of 16 MiB", long, "RESOURCE_EXHAUSTED", &["4194304"]),
        ("invalid UTF-8 in the method", b"{\"method\": \"add\xff\"}".to_vec(), "INVALID_ARGUMENT", &["utf-8"]),
        ("no method", b"{\"methud\": \"add\"}".to_vec(), "INVALID_ARGUMENT", &["method"]),
        ("a number for a method", b"{\"method\": 1}".to_vec(), "INVALID_ARGUMENT", &["method"]),
    ];
    for (name, bytes, code, words) in cases {
        let answer = plain(besieged.addr(), &bytes);
        assert_eq!(answer["error"]["code"], code, "{name}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap().to_lowercase();
        for word in words {
            assert!(message.contains(word), "{name}: {word:?} is missing: {message}");
        }
        besieged.goes_on(name);
    }
    besieged.recovers("plain callers");
}

#[test]
fn who_asks_for_much_and_takes_little_costs_little() {
    let mut besieged = Besieged::start();
    let mut slow = Raw::greeted(besieged.addr());
    // Five hundred downloads of a megabyte each.
    for call in 0..500 {
        slow.send(&request(call * 2 + 1, "demo.Files/Download", br#"{"name": "noise.bin"}"#));
    }
    let mut never = Raw::greeted(besieged.addr());
    never.send(&request(1, "demo.Ticker/Watch", br#"{"interval_ms": 1}"#));
    // A byte a second, for five seconds.
    for second in 0..5 {
        slow.stream.read_exact(&mut [0]).unwrap();
        std::thread::sleep(Duration::from_secs(1));
        besieged.goes_on(&format!("second {second} of a slow reader"));
    }
    drop((slow, never));
    besieged.recovers("slow readers");
}

#[test]
fn who_vanishes_in_the_middle_of_everything_leaves_nothing_behind() {
    let mut besieged = Besieged::start();
    for round in 0..50 {
        let mut raw = Raw::greeted(besieged.addr());
        raw.send(&request(1, "demo.Ticker/Watch", br#"{"interval_ms": 1}"#));
        raw.send(&frame(REQUEST, MSG, 3, &method(b"demo.Calculator/Sum"), br#"{"value": 1}"#));
        raw.send(&frame(DATA, MSG | MORE, 3, &[], br#"{"value":"#));
        raw.frame_of(DATA);
        // Bytes that are here and not read make it a reset instead of an end.
        let mut peeked = [0; 1];
        while raw.stream.peek(&mut peeked).unwrap() == 0 {}
        if round % 2 == 0 {
            raw.stream.shutdown(Shutdown::Write).unwrap();
        }
        drop(raw);
    }
    besieged.recovers("vanishing");
}

#[test]
fn small_messages_that_nobody_takes_do_not_hold_large_buffers() {
    let mut besieged = Besieged::start();
    let mut raw = Raw::greeted(besieged.addr());
    // The ticker takes one message and never looks at another. Between two of them there is a frame that is skipped.
    raw.send(&frame(REQUEST, MSG, 1, &method(b"demo.Ticker/Watch"), br#"{"interval_ms": 60000}"#));
    let padding = frame(0x7f, IGN, 0, &[], &vec![0; 65_500]);
    let chunk = [frame(DATA, MSG, 1, &[], b"1"), padding].concat();
    for _ in 0..4_000 {
        raw.send(&chunk);
    }
    besieged.goes_on("small messages");
    drop(raw);
    besieged.recovers("small messages");
}

#[test]
fn what_is_refused_in_a_flood_does_not_pile_up() {
    let mut besieged = Besieged::start();
    let mut raw = Raw::greeted(besieged.addr());
    let one_way = |call: u32| frame(REQUEST, END | MSG | ONEWAY, call, &method(b"demo.Ticker/Watch"), b"{}");
    // A thousand that run, and half a million for which there is no room; nothing ever comes back.
    for batch in 0..500 {
        let calls: Vec<u8> = (0..1_000).flat_map(|call| one_way((batch * 1_000 + call) * 2 + 1)).collect();
        assert!(raw.send_if_it_lasts(&calls), "the server hung up: {:?}", raw.goodbye());
        if batch % 100 == 0 {
            besieged.goes_on("one-way calls");
        }
    }
    besieged.goes_on("one-way calls");
    drop(raw);
    // Answers to pings that nobody asked for, and frames to be skipped.
    let mut raw = Raw::greeted(besieged.addr());
    let odd = [frame(PING, ACK, 0, &[], b"12345678"), frame(0x7f, IGN, 0, &[], b"")].concat().repeat(10_000);
    for _ in 0..20 {
        raw.send(&odd);
    }
    raw.add(1, 2);
    drop(raw);
    besieged.recovers("floods");
}

#[test]
fn idle_connections_above_the_limit_are_closed_and_the_others_are_served() {
    let mut besieged = Besieged::start();
    let limit = soft_limit_of_descriptors();
    let count = 2_000.min(limit.saturating_sub(100));
    let idle: Vec<_> = (0..count).filter_map(|_| TcpStream::connect(besieged.addr()).ok()).collect();
    besieged.citizen.add(1, 1);
    besieged.is_bounded("idle connections");
    if count > 1_100 {
        let closed = idle.iter().rev().take(500).filter(|stream| is_closed(stream)).count();
        assert_eq!(closed, 500, "the last of {count} were let in");
    }
    drop(idle);
    // Their places are free again.
    let start = Instant::now();
    while besieged.descriptors() > besieged.descriptors {
        assert!(start.elapsed() < PATIENCE, "{} descriptors are open", besieged.descriptors());
        std::thread::sleep(Duration::from_millis(20));
    }
    besieged.recovers("idle connections");
}

/// Whether the server ends it before anything was said.
fn is_closed(mut stream: &TcpStream) -> bool {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    match stream.read(&mut [0]) {
        Ok(len) => len == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

#[test]
fn a_server_without_descriptors_goes_on_when_it_has_some_again() {
    let mut command = Command::new("sh");
    let script = r#"ulimit -n 100; exec "$0" serve --listen 127.0.0.1:0 --steady"#;
    command.args(["-c", script]).arg(binary());
    let mut besieged = Besieged::of(Served::of(command));
    // The kernel accepts for it what it cannot take itself.
    let idle: Vec<_> = (0..120).map(|_| TcpStream::connect(besieged.addr()).unwrap()).collect();
    let start = Instant::now();
    while besieged.descriptors() < 95 {
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    }
    besieged.citizen.add(1, 1);
    drop(idle);
    besieged.recovers("the want of descriptors");
}

/// What this process may open.
fn soft_limit_of_descriptors() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap_or(usize::MAX)
}

#[test]
fn everything_at_once_does_not_matter_to_the_others() {
    let mut besieged = Besieged::start();
    let addr = besieged.addr().to_owned();
    let attackers: Vec<_> = FATAL
        .iter()
        .map(|(_, bytes, ..)| {
            let addr = addr.clone();
            std::thread::spawn(move || {
                for _ in 0..10 {
                    let mut raw = Raw::greeted(&addr);
                    raw.send_if_it_lasts(&bytes());
                    drop(raw.stream.flush());
                    // Half of them do not wait for the answer.
                    if bytes().len() % 2 == 0 {
                        raw.goodbye();
                    }
                }
            })
        })
        .collect();
    while attackers.iter().any(|attacker| !attacker.is_finished()) {
        besieged.citizen.add(2, 3);
        besieged.is_bounded("everything at once");
    }
    for attacker in attackers {
        attacker.join().unwrap();
    }
    assert_eq!(plain(&addr, br#"{"method": "add", "kwargs": {"a": 4, "b": 5}}"#), json!({ "result": 9 }));
    besieged.recovers("everything at once");
}
