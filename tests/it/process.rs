//! The process around `serve`: how it begins, and how it ends when it is asked to.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use callscope_tests::program::{Served, binary, callscope, stderr, stdout};
use serde_json::Value;

struct Server {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    addr: String,
}

impl Server {
    /// `serve` whose whole output is read.
    fn start() -> Self {
        let mut child = Command::new(binary())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let addr = line.trim_end().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, out, addr }
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits for its end: the exit status, the rest of stdout, stderr.
    fn end(mut self) -> (Option<i32>, String, String) {
        let (mut rest, mut errors) = (String::new(), String::new());
        self.out.read_to_string(&mut rest).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (self.child.wait().unwrap().code(), rest, errors)
    }
}

/// A call of the ticker that has had its first tick.
struct Ticking {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Ticking {
    fn start(addr: &str, request: &str) -> Self {
        let mut child = Command::new(binary())
            .args(["call", &format!("native://{addr}"), "demo.Ticker/Watch", "-d", request, "-o", "jsonl"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert!(line.contains("sequence"), "{line:?}");
        Self { child, out }
    }

    /// The exit status and the lines behind the first tick.
    fn end(mut self) -> (Option<i32>, Vec<Value>) {
        let lines = self.out.by_ref().lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
        (self.child.wait().unwrap().code(), lines)
    }
}

#[test]
fn a_signal_lets_calls_finish_and_ends_with_0() {
    for signal in ["-TERM", "-INT"] {
        let server = Server::start();
        let ticking = Ticking::start(&server.addr, r#"{"interval_ms": 50, "limit": 8}"#);
        server.signal(signal);
        let (status, lines) = ticking.end();
        assert_eq!(lines.len(), 8, "seven more ticks and the summary: {lines:?}");
        assert_eq!((status, lines[7]["status"]["name"].as_str()), (Some(0), Some("OK")), "{signal}");
        let addr = server.addr.clone();
        assert_eq!(server.end(), (Some(0), String::new(), String::new()), "{signal}");
        let refused = callscope(&["list", &format!("native://{addr}")]);
        assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
    }
}

#[test]
fn a_call_that_does_not_end_does_not_keep_it() {
    let server = Server::start();
    let ticking = Ticking::start(&server.addr, r#"{"interval_ms": 50}"#);
    server.signal("-TERM");
    assert_eq!(server.end(), (Some(0), String::new(), String::new()));
    let (status, lines) = ticking.end();
    let last = lines.last().unwrap();
    assert_eq!(last["status"]["name"], "UNAVAILABLE", "{last}");
    assert_eq!(status, Some(3), "the connection broke: {last}");
}

#[test]
fn a_port_that_is_taken_is_said_in_plain_words() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let output = callscope(&["serve", "--listen", &listen]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stdout(&output), "");
    let said = stderr(&output);
    assert!(said.contains(&format!("cannot listen on {listen}: Address already in use")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn what_is_no_place_to_listen_is_said_in_plain_words() {
    for listen in ["127.0.0.1", "127.0.0.1:99999", "nowhere.invalid:0", ""] {
        let output = callscope(&["serve", "--listen", listen]);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""), "{listen}");
        let said = stderr(&output);
        assert!(said.starts_with("error: ") && said.contains(listen), "{listen}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn two_servers_know_nothing_of_each_other() {
    let (one, other) = (Served::start(&[]), Served::start(&[]));
    assert_ne!(one.addr, other.addr);
    drop(one);
    let listed = callscope(&["list", &other.at("native")]);
    assert!(listed.status.success(), "{}", stderr(&listed));
}
