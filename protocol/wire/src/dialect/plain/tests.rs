//! Both engines against bytes, against each other, and what the inspector makes of those bytes.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::engine::{Accepted, CancelReason, Closed, Event, Input};
use crate::{CallHead, CallId, Code, Status};

mod cut;

const NOW: Time = Time::ZERO;

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// What a plain engine is given it takes, or answers with what is wrong.
fn give(engine: &mut dyn Engine, input: Input) {
    assert_eq!(engine.input(NOW, input), Ok(Accepted::Open));
}

fn sent(engine: &mut dyn Engine) -> String {
    let mut out = Vec::new();
    while engine.poll_transmit(NOW, 1, &mut out) > 0 {}
    String::from_utf8(out.concat()).unwrap()
}

fn events(engine: &mut dyn Engine) -> Vec<Event> {
    std::iter::from_fn(|| engine.poll_event()).filter(|event| !matches!(event, Event::Ready(_))).collect()
}

/// A server whose handlers answer at once: `echo` with its message, `fail` with an error, `stream` with two
/// messages, `wait` never. Fed in the given pieces; returns everything it says.
struct Echo {
    server: Server,
    said: String,
    seen: Vec<String>,
}

impl Echo {
    fn new() -> Self {
        Self { server: Server::new(Limits::default()), said: String::new(), seen: Vec::new() }
    }

    fn feed(&mut self, input: Input) {
        give(&mut self.server, input);
        while let Some(event) = self.server.poll_event() {
            match event {
                Event::Request { call, head, message, end, .. } => {
                    assert!(end);
                    let message = message.unwrap();
                    self.seen.push(format!("{} {}", head.method, String::from_utf8_lossy(&message)));
                    let mut input = |input| give(&mut self.server, input);
                    match head.method.as_str() {
                        "fail" => {
                            let status = Box::new(Status::new(Code::INVALID_ARGUMENT, "division by \"zero\""));
                            input(Input::Finish { call, status });
                        }
                        "empty" => input(Input::Finish { call, status: Box::new(Status::ok()) }),
                        "stream" => {
                            for text in ["1", "2", "3"] {
                                input(Input::Message { call, message: bytes(text), end: false });
                            }
                            input(Input::Finish { call, status: Box::new(Status::ok()) });
                        }
                        "wait" => {}
                        _ => {
                            input(Input::Message { call, message, end: false });
                            input(Input::Finish { call, status: Box::new(Status::ok()) });
                        }
                    }
                }
                Event::Cancelled { call, .. } => self.seen.push(format!("cancelled {call}")),
                _ => {}
            }
        }
        self.said.push_str(&sent(&mut self.server));
    }

    fn closed(&self) -> Option<String> {
        self.server.closed().map(|closed| match closed {
            Closed::Clean => "clean".to_owned(),
            Closed::Fault(fault) => format!("{} {fault}", fault.code.name()),
        })
    }
}

fn answer_to(text: &str) -> (String, Option<String>) {
    let mut echo = Echo::new();
    echo.feed(Input::Bytes(bytes(text)));
    let closed = echo.closed();
    (echo.said, closed)
}

#[test]
fn one_object_without_a_terminator_is_answered_and_the_connection_ends() {
    let (said, closed) = answer_to(r#"{"method": "echo", "args": [1, 2], "kwargs": {}}"#);
    assert_eq!(said, r#"{"result":[1, 2]}"#);
    assert_eq!(closed.as_deref(), Some("clean"));
}

#[test]
fn a_line_feed_or_a_second_value_keeps_the_connection() {
    let (said, closed) = answer_to("{\"method\":\"echo\",\"args\":[1]}\n");
    assert_eq!((said.as_str(), closed), ("{\"result\":[1]}\n", None));

    let (said, closed) = answer_to(r#"{"method":"echo","args":[1]}{"method":"fail"} {"method":"empty"}"#);
    assert_eq!(
        said,
        "{\"result\":[1]}\n{\"error\":{\"code\":\"INVALID_ARGUMENT\",\"message\":\"division by \\\"zero\\\"\"}}\n{\"result\":null}\n"
    );
    assert_eq!(closed, None);

    let mut echo = Echo::new();
    echo.feed(Input::Bytes(bytes("{\"method\":\"echo\",\"args\":[1]}\r\n")));
    echo.feed(Input::Bytes(bytes("{\"method\":\"echo\",\"args\":[2]}")));
    echo.feed(Input::Eof);
    assert_eq!(echo.said, "{\"result\":[1]}\n{\"result\":[2]}\n");
    assert_eq!(echo.closed().as_deref(), Some("clean"));
}

#[test]
fn answers_come_in_the_order_of_their_calls() {
    let mut server = Server::new(Limits::default());
    let text = "{\"method\":\"a\"}\n{\"method\":\"b\"}\n{\"nonsense\":1}\n";
    give(&mut server, Input::Bytes(bytes(text)));
    assert_eq!(events(&mut server).len(), 2);
    let finish = |call| Input::Finish { call: CallId(call), status: Box::new(Status::ok()) };
    give(&mut server, Input::Message { call: CallId(2), message: bytes("\"b\""), end: false });
    give(&mut server, finish(2));
    assert_eq!(sent(&mut server), "");
    give(&mut server, finish(1));
    assert_eq!(
        sent(&mut server),
        "{\"result\":null}\n{\"result\":\"b\"}\n{\"error\":{\"code\":\"INVALID_ARGUMENT\",\"message\":\"the request has no \\\"method\\\"\"}}\n"
    );
}

#[test]
fn a_call_says_what_it_means_or_is_told_what_is_missing() {
    let mut echo = Echo::new();
    for line in [
        r#"{"method":"m"}"#,
        r#"{"method":"m","args":null,"kwargs":null}"#,
        r#"{"method":"m","args":[],"kwargs":{"a":1}}"#,
        r#"{"kwargs":{"b":3},"args":[1,[2]],"method":"m\u00e9"}"#,
    ] {
        echo.feed(Input::Bytes(bytes(&format!("{line}\n"))));
    }
    assert_eq!(echo.seen, ["m {}", "m {}", "m {\"a\":1}", "mé {\"0\":1,\"1\":[2],\"b\":3}"]);

    for (line, message) in [
        ("[1]", r#"a request is an object: {\"method\": \"add\", \"args\": [1, 2]}"#),
        ("{}", r#"the request has no \"method\""#),
        (r#"{"method":7}"#, r#"\"method\" is a name in double quotes, not a number"#),
        (r#"{"method":"m","args":{}}"#, r#"\"args\" is an array, not an object"#),
        (r#"{"method":"m","kwargs":[]}"#, r#"\"kwargs\" is an object, not an array"#),
    ] {
        let (said, closed) = answer_to(&format!("{line}\n"));
        assert_eq!(said, format!("{{\"error\":{{\"code\":\"INVALID_ARGUMENT\",\"message\":\"{message}\"}}}}\n"));
        assert_eq!(closed, None, "a wrong request is no broken connection");
    }
}

#[test]
fn what_is_no_json_is_answered_with_its_offset_and_the_connection_ends() {
    let (said, closed) = answer_to(r#"  {"method": add}"#);
    let message = "expected a value, found `a` (offset 13)";
    assert_eq!(said, format!(r#"{{"error":{{"code":"INVALID_ARGUMENT","message":"{message}"}}}}"#));
    assert_eq!(closed.unwrap(), format!("INVALID_ARGUMENT {message}"));

    let deep = format!("{{\"method\":\"m\",\"args\":{}", "[".repeat(10_000));
    let (said, closed) = answer_to(&deep);
    assert!(said.contains("JSON nested deeper than 128 levels (offset 148)"), "{said}");
    assert!(closed.is_some());

    let (said, _) = answer_to("{\"method\":\"echo\",\"args\":[1]}\n{\"method\":\"wait\"}oops");
    assert_eq!(said, "{\"result\":[1]}\n", "the error waits for the call in front of it");

    let mut echo = Echo::new();
    echo.feed(Input::Bytes(Bytes::from_static(b"{\"method\":\"\xff\"}")));
    assert!(echo.said.contains("a string is not UTF-8 (offset 11)"), "{}", echo.said);

    let mut echo = Echo::new();
    echo.feed(Input::Bytes(bytes("{\"method\":\"echo\"")));
    echo.feed(Input::Eof);
    assert!(echo.said.contains("the connection ended inside a JSON value"), "{}", echo.said);
}

#[test]
fn a_message_without_end_is_refused_at_the_limit() {
    let mut echo = Echo::new();
    echo.feed(Input::Bytes(bytes("{\"method\":\"echo\",\"args\":[\"")));
    let chunk = bytes(&"x".repeat(64 << 10));
    for _ in 0..100 {
        echo.feed(Input::Bytes(chunk.clone()));
    }
    assert!(echo.said.contains("a message is larger than 4194304 bytes (offset 4194304)"), "{}", echo.said);
    assert!(echo.closed().unwrap().starts_with("RESOURCE_EXHAUSTED"));
}

#[test]
fn calls_without_answers_stop_the_reading() {
    let mut echo = Echo::new();
    assert!(echo.server.wants_read());
    echo.feed(Input::Bytes(bytes(&"{\"method\":\"wait\"}\n".repeat(100))));
    assert_eq!(echo.seen.len(), 64);
    assert!(!echo.server.wants_read());
    for call in 1..=100 {
        echo.feed(Input::Finish { call: CallId(call), status: Box::new(Status::ok()) });
    }
    assert_eq!(echo.said.lines().count(), 100);
    assert!(echo.server.wants_read());
}

#[test]
fn a_stream_of_answers_is_an_honest_error() {
    let mut echo = Echo::new();
    echo.feed(Input::Bytes(bytes("{\"method\":\"stream\"}\n{\"method\":\"echo\"}\n")));
    assert_eq!(
        echo.said,
        "{\"error\":{\"code\":\"UNIMPLEMENTED\",\"message\":\"stream streams its answer, and the plain dialect carries only one message: use another dialect\"}}\n{\"result\":{}}\n"
    );
    assert_eq!(echo.seen, ["stream {}", "echo {}", "cancelled 1"]);
}

#[test]
fn a_server_that_shuts_down_answers_what_runs() {
    let mut echo = Echo::new();
    echo.feed(Input::Bytes(bytes("{\"method\":\"wait\"}\n")));
    echo.feed(Input::Shutdown);
    echo.feed(Input::Bytes(bytes("{\"method\":\"echo\"}\n")));
    assert_eq!((echo.said.as_str(), echo.closed()), ("", None));
    echo.feed(Input::Finish { call: CallId(1), status: Box::new(Status::ok()) });
    assert_eq!(echo.said, "{\"result\":null}\n");
    assert_eq!(echo.closed().as_deref(), Some("clean"));
}

#[test]
fn whatever_a_handler_says_stays_one_line_of_json() {
    for (message, line) in [
        ("{\n  \"a b\": [1,\r\n 2]\n}\n", "{\"result\":{\"a b\":[1,2]}}\n"),
        (" 7 ", "{\"result\":7}\n"),
        ("", "{\"result\":null}\n"),
    ] {
        let mut server = Server::new(Limits::default());
        give(&mut server, Input::Bytes(bytes("{\"method\":\"m\"}\n")));
        let call = CallId(1);
        give(&mut server, Input::Message { call, message: bytes(message), end: false });
        give(&mut server, Input::Finish { call, status: Box::new(Status::ok()) });
        assert_eq!(sent(&mut server), line);
    }
    let mut server = Server::new(Limits::default());
    give(&mut server, Input::Bytes(bytes("{\"method\":\"m\"}\n")));
    give(&mut server, Input::Message { call: CallId(1), message: bytes("{oops"), end: false });
    give(&mut server, Input::Finish { call: CallId(1), status: Box::new(Status::ok()) });
    assert!(
        sent(&mut server)
            .starts_with("{\"error\":{\"code\":\"INTERNAL\",\"message\":\"the handler's message is not JSON")
    );
}

fn call(client: &mut Client, id: u64, method: &str, message: &str) {
    let head = Box::new(CallHead { method: method.into(), ..CallHead::default() });
    give(client, Input::Call { call: CallId(id), head, message: Some(bytes(message)), end: true });
}

#[test]
fn a_client_writes_arguments_by_place_or_by_name() {
    let mut client = Client::new(Limits::default(), Keep::Open);
    call(&mut client, 1, "add", "[1,\n 2]");
    assert_eq!(sent(&mut client), "{\"method\":\"add\",\"args\":[1,2],\"kwargs\":{}}\n");
    assert_eq!(events(&mut client), [Event::Opened { call: CallId(1), stream: 1 }]);
    assert!(!client.ready_for_call(), "one at a time");

    give(&mut client, Input::Bytes(bytes(" {\"result\": 3")));
    assert_eq!(events(&mut client), []);
    give(&mut client, Input::Bytes(bytes("}\n")));
    assert_eq!(
        events(&mut client),
        [
            Event::Message { call: CallId(1), message: bytes("3") },
            Event::End { call: CallId(1), status: Box::new(Status::ok()) }
        ]
    );
    assert!(client.ready_for_call());
    call(&mut client, 2, "add", "{\"a\": 1}");
    assert_eq!(sent(&mut client), "{\"method\":\"add\",\"args\":[],\"kwargs\":{\"a\": 1}}\n");

    let mut client = Client::new(Limits::default(), Keep::One);
    call(&mut client, 1, "m", "null");
    assert_eq!(sent(&mut client), "{\"method\":\"m\",\"args\":[],\"kwargs\":{}}");
    give(&mut client, Input::Bytes(bytes("{\"result\":null}")));
    assert_eq!(client.closed(), Some(&Closed::Clean));
    assert!(!client.ready_for_call());
}

#[test]
fn a_server_that_does_not_keep_the_connection_gets_no_second_call() {
    let mut client = Client::new(Limits::default(), Keep::Open);
    call(&mut client, 1, "m", "{}");
    sent(&mut client);
    give(&mut client, Input::Bytes(bytes("{\"result\":1}")));
    assert_eq!(end_of(&mut client), Status::ok());
    assert!(!client.ready_for_call());
    give(&mut client, Input::Bytes(bytes("\n")));
    assert!(client.ready_for_call(), "it does, the line feed came later");
    call(&mut client, 2, "m", "{}");
    sent(&mut client);
    give(&mut client, Input::Bytes(bytes("{\"result\":2}")));
    assert!(!client.ready_for_call());
    give(&mut client, Input::Eof);
    assert_eq!(client.closed(), Some(&Closed::Clean));
}

fn end_of(client: &mut Client) -> Status {
    match events(client).pop() {
        Some(Event::End { status, .. }) => *status,
        other => panic!("{other:?}"),
    }
}

#[test]
fn errors_are_read_however_a_server_writes_them() {
    for (error, code, message) in [
        (r#"{"code":"NOT_FOUND","message":"no such order"}"#, Code::NOT_FOUND, "no such order"),
        (r#"{"code":14,"message":"later"}"#, Code::UNAVAILABLE, "later"),
        (r#"{"code":99}"#, Code(99), ""),
        (r#"{"code":"ZeroDivisionError","message":"x"}"#, Code::UNKNOWN, "ZeroDivisionError: x"),
        (r#"{"code":-32601,"message":"x"}"#, Code::UNKNOWN, "-32601: x"),
        (r#"{"code":0,"message":"x"}"#, Code::UNKNOWN, "0: x"),
        (r#""boom""#, Code::UNKNOWN, "boom"),
        (r#"{"message":{"a":1}}"#, Code::UNKNOWN, r#"{"a":1}"#),
    ] {
        let mut client = Client::new(Limits::default(), Keep::Open);
        call(&mut client, 1, "m", "{}");
        sent(&mut client);
        give(&mut client, Input::Bytes(bytes(&format!("{{\"error\":{error}}}\n"))));
        assert_eq!(end_of(&mut client), Status::new(code, message));
        assert!(client.ready_for_call());
    }
}

#[test]
fn what_the_dialect_cannot_carry_is_refused_before_it_is_sent() {
    let mut client = Client::new(Limits::default(), Keep::Open);
    let head = CallHead { method: "m".into(), one_way: true, ..CallHead::default() };
    let input = Input::Call { call: CallId(1), head: Box::new(head), message: Some(bytes("{}")), end: true };
    give(&mut client, input);
    assert_eq!(end_of(&mut client).code, Code::UNIMPLEMENTED);

    let head = Box::new(CallHead { method: "m".into(), ..CallHead::default() });
    give(&mut client, Input::Call { call: CallId(2), head, message: Some(bytes("{}")), end: false });
    give(&mut client, Input::Message { call: CallId(2), message: bytes("{}"), end: false });
    let status = end_of(&mut client);
    assert_eq!((status.code, status.not_processed), (Code::UNIMPLEMENTED, true));

    call(&mut client, 3, "m", "7");
    assert_eq!(end_of(&mut client).message, "the message is an object or an array, not a number");
    call(&mut client, 4, "m", "{\"a\":1}}");
    assert_eq!(end_of(&mut client).message, "the message is not JSON: trailing characters at line 1 column 8");
    assert_eq!(sent(&mut client), "");
    assert!(client.ready_for_call());
}

#[test]
fn giving_up_closes_the_connection_once_the_call_was_sent() {
    let mut client = Client::new(Limits::default(), Keep::Open);
    call(&mut client, 1, "m", "{}");
    let cancel = |call| Input::Cancel { call: CallId(call), reason: CancelReason::Deadline };
    give(&mut client, cancel(1));
    assert_eq!(end_of(&mut client).code, Code::DEADLINE_EXCEEDED);
    assert_eq!((sent(&mut client).as_str(), client.closed()), ("", None));

    call(&mut client, 2, "m", "{}");
    sent(&mut client);
    give(&mut client, cancel(2));
    assert_eq!(client.closed(), Some(&Closed::Clean));
}

#[test]
fn a_connection_that_ends_early_ends_the_call() {
    let mut client = Client::new(Limits::default(), Keep::Open);
    call(&mut client, 1, "m", "{}");
    sent(&mut client);
    give(&mut client, Input::Bytes(bytes("{\"resu")));
    give(&mut client, Input::Eof);
    assert_eq!(
        end_of(&mut client),
        Status::cut_off(Code::UNAVAILABLE, "the server closed the connection inside its answer (offset 6)")
    );
    assert!(matches!(client.closed(), Some(Closed::Fault(_))));

    let mut client = Client::new(Limits::default(), Keep::Open);
    give(&mut client, Input::Eof);
    assert_eq!(client.closed(), Some(&Closed::Clean));
}

#[test]
fn a_wrong_answer_is_the_servers_fault() {
    for (answer, what) in [
        ("<html>", "expected `{`, found `<` (offset 0)"),
        ("\n{\"ok\":1}", "an answer has a \"result\" or an \"error\", this has neither (offset 1)"),
        ("[]", "an answer is an object, not an array (offset 0)"),
        ("{\"result\":1}\n{\"result\":2}", "an answer that nobody asked for (offset 13)"),
    ] {
        let mut client = Client::new(Limits::default(), Keep::Open);
        call(&mut client, 1, "m", "{}");
        sent(&mut client);
        let fault = client.input(NOW, Input::Bytes(bytes(answer))).unwrap_err();
        assert_eq!(fault.to_string(), what);
        assert_eq!(fault.code, Code::PROTOCOL_ERROR);
        let ends = events(&mut client).into_iter().filter(|event| matches!(event, Event::End { .. })).count();
        assert_eq!(ends, 1);
    }
}

#[test]
fn first_bytes_tell_plain_from_its_neighbors() {
    for (text, expected) in [
        ("", Sniff::More),
        (" \r\n", Sniff::More),
        ("{", Sniff::More),
        (r#"{"method":"add","args":["#, Sniff::More),
        (r#"{"method":"add"}"#, Sniff::Yes),
        (r#"{"method":"add","args":[{"jsonrpc":"2.0"}]}"#, Sniff::Yes),
        (r#"{"a":"jsonrpc"}"#, Sniff::Yes),
        ("{method", Sniff::Yes),
        (r#"{"jsonrpc":"#, Sniff::No),
        (r#" {"id":1,"jsonrpc":"2.0"}"#, Sniff::No),
        (r#"[{"jsonrpc":"2.0"}]"#, Sniff::No),
        ("[1,", Sniff::No),
        ("[ 1 ,", Sniff::No),
        ("[1", Sniff::More),
        ("[12,", Sniff::More),
        ("[\"add\"]", Sniff::Yes),
        ("GET / HTTP/1.1", Sniff::No),
        ("\u{89}RPC", Sniff::No),
    ] {
        assert_eq!(Plain.sniff(text.as_bytes()), expected, "{text}");
    }
    let long = format!("{{\"method\":\"{}", "x".repeat(MAX_SNIFF));
    assert_eq!(Plain.sniff(long.as_bytes()), Sniff::Yes, "a long message is not held back");
}

fn request() -> impl Strategy<Value = String> {
    let method = prop_oneof![Just("echo"), Just("fail"), Just("empty"), Just("stream")];
    let args = prop_oneof![
        Just(""),
        Just(r#","args":[1,{"a":"}\"]"}]"#),
        Just(r#","kwargs":{"k":[]}"#),
        Just(r#","args":7"#),
        Just(r#", "x" : tru"#)
    ];
    let behind = prop_oneof![Just("\n"), Just(""), Just(" \r\n ")];
    (method, args, behind).prop_map(|(method, args, behind)| format!("{{\"method\":\"{method}\"{args}}}{behind}"))
}

fn pieces<'a>(text: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
    cuts.extend([0, text.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).filter(|piece| !piece.is_empty()).collect()
}

proptest! {
    /// Persistent traffic: wherever it is split, the same answers.
    #[test]
    fn any_split_gives_the_same_answers(
        calls in proptest::collection::vec(request(), 1..5),
        cuts in proptest::collection::vec(any::<usize>(), 0..6),
    ) {
        // A line feed behind the first call arrives with it: later would be too late for a server that answers at once.
        let first = format!("{{\"method\":\"wait\"}}\n{}", calls.concat());
        let run = |pieces: &[&[u8]]| {
            let mut echo = Echo::new();
            for piece in pieces {
                echo.feed(Input::Bytes(Bytes::copy_from_slice(piece)));
            }
            echo.feed(Input::Finish { call: CallId(1), status: Box::new(Status::ok()) });
            echo.feed(Input::Eof);
            let closed = echo.closed();
            // Handlers that were cancelled learn it between others; when, depends on the split.
            echo.seen.retain(|seen| !seen.starts_with("cancelled"));
            (echo.said, echo.seen, closed)
        };
        let whole = run(&[first.as_bytes()]);
        prop_assert!(whole.2.is_some());
        prop_assert_eq!(run(&pieces(first.as_bytes(), &cuts)), whole);
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        junk in proptest::collection::vec(any::<u8>(), 0..200),
        nearly in r#"[\[\]{}:,"\\a1-9tu \n.]{0,60}"#,
    ) {
        for text in [junk.as_slice(), nearly.as_bytes()] {
            Plain.sniff(text);
            Echo::new().feed(Input::Bytes(Bytes::copy_from_slice(text)));
            let mut client = Client::new(Limits::default(), Keep::Open);
            call(&mut client, 1, "m", "{}");
            sent(&mut client);
            drop(client.input(NOW, Input::Bytes(Bytes::copy_from_slice(text))));
            drop(client.input(NOW, Input::Eof));
            prop_assert_eq!(events(&mut client).into_iter().filter(|e| matches!(e, Event::End { .. })).count(), 1);
        }
    }
}
