//! The other way round: `callscope call` against servers that do not behave. It ends within its deadline, with the exit
//! status that says whose fault it is, and in words that say what was found where.

use std::net::{Shutdown, TcpListener};
use std::time::{Duration, Instant};

use callscope_tests::program::{Served, callscope, stderr};

use super::wire::*;

/// Far above any deadline here; what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that does this with every connection; its address. It lives as long as the test's process.
fn serve(behave: fn(Raw)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A panic of it is a client that hung up early, which the client's own output tells better.
            std::thread::spawn(move || behave(Raw::new(stream)));
        }
    });
    addr
}

/// Through the handshake, without checksums.
fn greet(raw: &mut Raw) {
    raw.skip_preface();
    assert_eq!(raw.frame().unwrap().kind, HELLO);
    raw.send(&PREFACE);
    raw.send(&frame(HELLO, 0, 0, &[], &[]));
}

/// Answers every request with these bytes, and stays until the client has gone.
fn answer(mut raw: Raw, bytes: &[u8]) {
    greet(&mut raw);
    raw.frame_of(REQUEST);
    raw.send_if_it_lasts(bytes);
    linger(raw);
}

/// Closes its direction, and reads until the client has closed its own.
fn close(mut raw: Raw) {
    raw.stream.shutdown(Shutdown::Write).unwrap();
    raw.rest();
}

/// Says nothing more, and reads until the client has gone.
fn linger(mut raw: Raw) {
    raw.rest();
}

fn goaway(code: u8, reason: &str) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[], &[&[0, 0, 0, 0, 0, code], reason.as_bytes()].concat())
}

/// A server: its name, how it is called, what it does, the exit status, and words on stderr.
type Server = (&'static str, &'static str, fn(Raw), i32, &'static [&'static str]);

const SERVERS: &[Server] = &[
    ("closes at once", "native", drop, 3, &["UNAVAILABLE", "during the handshake"]),
    (
        "closes behind the preface",
        "native",
        |mut raw| {
            raw.skip_preface();
            raw.send(&PREFACE);
            close(raw);
        },
        3,
        &["the connection ended before its handshake was done", "offset 8"],
    ),
    (
        "garbage",
        "native",
        |mut raw| {
            raw.send(&[0xff; 64]);
            linger(raw);
        },
        3,
        &["the peer speaks something else, not native", "ff ff ff ff"],
    ),
    (
        "HTTP",
        "native",
        |mut raw| {
            raw.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            close(raw);
        },
        3,
        &["the peer speaks HTTP/1, not native", "48 54 54 50"],
    ),
    (
        "TLS",
        "native",
        |mut raw| {
            raw.send(b"\x15\x03\x01\x00\x02\x02\x46");
            close(raw);
        },
        3,
        &["the server speaks TLS; use native+tls://"],
    ),
    (
        "no TLS",
        "native+tls",
        |mut raw| {
            raw.send(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            close(raw);
        },
        3,
        &["the server does not speak TLS here", "without +tls"],
    ),
    ("hangs up on TLS", "native+tls", drop, 3, &["hung up on TLS", "without +tls"]),
    (
        "another version",
        "native",
        |mut raw| {
            raw.send(&[0x89, b'R', b'P', b'C', 9, 9, 0, 0]);
            linger(raw);
        },
        3,
        &["the server chose version 9, this client speaks version 1", "offset 4"],
    ),
    (
        "refuses the version",
        "native",
        |mut raw| {
            raw.send(&goaway(68, "this server speaks version 2, the client 1 to 1"));
            close(raw);
        },
        3,
        &["this server speaks version 2, the client 1 to 1"],
    ),
    (
        "HELLO that cannot be read",
        "native",
        |mut raw| {
            raw.send(&[&PREFACE[..], &frame(HELLO, 0, 0, &[], &[1, 3, 0, 0, 1])].concat());
            linger(raw);
        },
        3,
        &["offset 8"],
    ),
    ("never says a word", "native", linger, 1, &["DEADLINE_EXCEEDED", "deadline of 1 s"]),
    ("never answers", "native", |raw| answer(raw, &[]), 1, &["DEADLINE_EXCEEDED", "deadline of 1 s"]),
    (
        "half a frame and the end",
        "native",
        |mut raw| {
            greet(&mut raw);
            raw.frame_of(REQUEST);
            raw.send(&frame(DATA, END | MSG, 1, &[], b"{\"sum\": 3}")[..20]);
            close(raw);
        },
        3,
        &["the connection ended 20 bytes into a frame", "offset 44", "The connection to"],
    ),
    (
        "the end instead of an answer",
        "native",
        |mut raw| {
            greet(&mut raw);
            raw.frame_of(REQUEST);
            close(raw);
        },
        3,
        &["the connection ended with 1 calls open", "offset 24"],
    ),
    (
        "vanishes",
        "native",
        |mut raw| {
            greet(&mut raw);
            // Bytes that are here and not read make it a reset.
            while raw.stream.peek(&mut [0]).unwrap() == 0 {}
        },
        3,
        &["reset"],
    ),
    (
        "a wrong checksum",
        "native",
        |raw| {
            let mut bytes = frame(DATA, END | MSG | CK, 1, &[], b"{\"sum\": 3}");
            bytes[12..16].copy_from_slice(&[1, 2, 3, 4]);
            answer(raw, &bytes);
        },
        3,
        &["CHECKSUM_MISMATCH", "says 01020304", "offset 24"],
    ),
    (
        "a length of 4 GiB",
        "native",
        |raw| answer(raw, &header(u32::MAX, DATA, MSG, 0, 1)),
        3,
        &["FRAME_TOO_LARGE", "4,294,967,295", "65,536", "offset 24"],
    ),
    (
        "an answer to a call that nobody made",
        "native",
        |raw| answer(raw, &frame(DATA, END | MSG, 99, &[], b"{}")),
        3,
        &["PROTOCOL_ERROR", "DATA on stream 99, which was never opened", "offset 24"],
    ),
    (
        "an even number",
        "native",
        |raw| answer(raw, &frame(STATUS, 0, 2, &[], &[0, 0, 0])),
        3,
        &["stream 2", "offset 24"],
    ),
    (
        "an answer on the connection's own stream",
        "native",
        |raw| answer(raw, &frame(DATA, END | MSG, 0, &[], b"{}")),
        3,
        &["DATA on stream 0", "offset 24"],
    ),
    (
        "a request",
        "native",
        |raw| answer(raw, &request(1, "demo.Calculator/Add", b"{}")),
        3,
        &["a server sends no REQUEST"],
    ),
    (
        "a STATUS cut short",
        "native",
        |raw| answer(raw, &frame(STATUS, 0, 1, &[], &[0])),
        3,
        &["STATUS with a body of 1 bytes instead of at least 3"],
    ),
    (
        "a credit of nothing",
        "native",
        |raw| answer(raw, &frame(WINDOW, 0, 0, &[], &[0; 4])),
        3,
        &["FLOW_CONTROL_ERROR", "a credit of 0"],
    ),
    (
        "a message above the limit",
        "native",
        |raw| endless(raw),
        1,
        &["RESOURCE_EXHAUSTED", "passes the limit of 4194304"],
    ),
    ("a goodbye", "native", |raw| answer(raw, &goaway(0, "gone fishing")), 3, &["going away", "gone fishing"]),
    (
        "a goodbye with a reason",
        "native",
        |raw| answer(raw, &goaway(70, "calm down")),
        3,
        &["ENHANCE_YOUR_CALM", "calm down"],
    ),
    ("a code that nobody named", "native", |raw| answer(raw, &frame(STATUS, 0, 1, &[], &[3, 231, 0])), 1, &["999"]),
    (
        "a message that is no JSON",
        "native",
        |raw| answer(raw, &frame(DATA, END | MSG, 1, &[], b"{\"sum\": ")),
        1,
        &["not JSON"],
    ),
    (
        "JSON nested 10,000 deep",
        "native",
        |raw| {
            let nested = [b"[".repeat(10_000), b"]".repeat(10_000)].concat();
            answer(raw, &frame(DATA, END | MSG, 1, &[], &nested));
        },
        1,
        &["not JSON", "column 128"],
    ),
    ("closes at once", "plain", drop, 3, &["UNAVAILABLE"]),
    ("never answers", "plain", linger, 1, &["DEADLINE_EXCEEDED", "deadline of 1 s"]),
    (
        "garbage",
        "plain",
        |mut raw| {
            raw.send(&[0xff; 64]);
            close(raw);
        },
        3,
        &["offset 0"],
    ),
    (
        "half an answer",
        "plain",
        |mut raw| {
            raw.send(b"{\"result\": {\"su");
            close(raw);
        },
        3,
        &["the server closed the connection inside its answer", "offset 15"],
    ),
    (
        "neither result nor error",
        "plain",
        |mut raw| {
            raw.send(b"{\"answer\": 3}");
            close(raw);
        },
        3,
        &["PROTOCOL_ERROR", "offset 0"],
    ),
    (
        "JSON nested 10,000 deep",
        "plain",
        |mut raw| {
            raw.send(&[&b"{\"result\": "[..], &b"[".repeat(10_000)].concat());
            close(raw);
        },
        3,
        &["128", "offset"],
    ),
];

/// Parts of a message that never ends, with as much credit as the client gives.
fn endless(mut raw: Raw) {
    greet(&mut raw);
    raw.frame_of(REQUEST);
    let part = frame(DATA, MSG | MORE, 1, &[], &vec![b' '; 60_000]);
    let mut left = 1_048_576_u32;
    loop {
        while left >= 60_016 {
            if !raw.send_if_it_lasts(&part) {
                return;
            }
            left -= 60_016;
        }
        match raw.frame() {
            Some(frame) if frame.kind == WINDOW && frame.stream == 1 => {
                left += u32::from_be_bytes(frame.body.try_into().unwrap());
            }
            Some(frame) if frame.kind == CANCEL => return linger(raw),
            Some(_) => {}
            None => return,
        }
    }
}

#[test]
fn a_call_to_a_server_that_misbehaves_ends_in_plain_words() {
    let mut wrong = Vec::new();
    for (name, scheme, behave, status, words) in SERVERS {
        let address = format!("{scheme}://{}", serve(*behave));
        let start = Instant::now();
        let output = callscope(&["call", &address, "demo.Calculator/Add", "-d", "{}", "--deadline", "1s"]);
        let (said, took) = (stderr(&output), start.elapsed());
        assert!(took < PATIENCE, "{name}: took {took:?}");
        let missing: Vec<_> = words.iter().filter(|word| !said.contains(**word)).collect();
        if output.status.code() != Some(*status) || !missing.is_empty() || said.contains("panicked") {
            let found = output.status.code();
            wrong.push(format!("{scheme}, {name}: exit status {found:?} of {status}, {missing:?} missing:\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn without_a_deadline_a_server_that_says_nothing_is_given_up_all_the_same() {
    let start = Instant::now();
    let output = callscope(&["call", &format!("native://{}", serve(linger)), "demo.Calculator/Add"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("no preface within 5s"), "{}", stderr(&output));
    assert!(start.elapsed() < PATIENCE);
}

#[test]
fn list_and_describe_say_the_same_in_one_line() {
    let addr = serve(|mut raw| {
        raw.send(b"SSH-2.0-OpenSSH_9.9\r\n");
        close(raw);
    });
    for arguments in [&["list"][..], &["describe"]] {
        let address = format!("native://{addr}");
        let mut arguments = [arguments, &[address.as_str()]].concat();
        if arguments[0] == "describe" {
            arguments.push("demo.Calculator");
        }
        let output = callscope(&arguments);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("the peer speaks SSH, not native") && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn a_real_server_without_tls_and_a_client_with_it_understand_each_other() {
    let server = Served::start(&["--steady"]);
    let output = callscope(&["call", &server.at("native+tls"), "demo.Calculator/Add", "--deadline", "5s"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("without +tls"), "{}", stderr(&output));
}
