use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::{ConnectionId, FrameId, Time};

fn frame() -> Frame {
    Frame {
        id: FrameId(1),
        at: Time::ZERO,
        connection: ConnectionId(3),
        stream: 5,
        sent: false,
        side: Side::Client,
        dialect: Some("native"),
        kind: "STATUS",
        method: Some("shop.Orders/Place".into()),
        code: Some(Code::UNAVAILABLE),
        odd: false,
        message: None,
        encoding: crate::Encoding::default(),
        bytes: Bytes::from_static(&[0; 120]),
    }
}

fn passes(filter: &str, frame: &Frame) -> bool {
    let facts = ConnectionFacts {
        side: Side::Client,
        local: String::new(),
        peer: String::new(),
        transport: "tcp",
        dialect: Some("native"),
        instance: Some("orders-2".into()),
    };
    Filter::parse(filter).expect(filter).matches(frame, Some(&facts))
}

#[test]
fn filters_say_which_frames() {
    let yes = [
        "",
        "  ",
        r#"method == "shop.Orders/*" && (status != OK || bytes > 100)"#,
        "method == shop.Orders/Place",
        "method != shop.Orders/Get",
        "method ~ ORDERS",
        "kind == status",
        "kind == STAT*",
        "dialect==native",
        "status == 14",
        "status == unavailable",
        "status >= 14 && status < 15",
        "bytes <= 120",
        "bytes < 1_000",
        "stream == 5 && connection == 3",
        "direction == received",
        "direction != sent",
        "side == client",
        "instance == orders-2",
        "instance ~ orders",
        "place",
        "\"Orders/Pl\"",
        "orders status",
        "NATIVE !get",
        "!(!(place))",
        "get || place && status == 14",
        "(get || place) && status == 14",
        "Status == 14",
        "data ~ 0x0000",
        "data ~ \"0x00 00 00\"",
        "data ~ \"\u{0}\"",
        "place && !(data ~ K7)",
    ];
    for filter in yes {
        assert!(passes(filter, &frame()), "{filter}");
    }
    let no = [
        "status == OK",
        "method == shop.orders/place",
        "method ~ Get",
        "kind == STATUSES",
        "bytes > 120",
        "direction == sent",
        "side == server",
        "instance == orders",
        "orders get",
        "!place",
        "get || place && status == 0",
    ];
    for filter in no {
        assert!(!passes(filter, &frame()), "{filter}");
    }
}

#[test]
fn what_a_frame_does_not_have_passes_no_comparison() {
    let data = Frame { code: None, method: None, dialect: None, kind: "?", ..frame() };
    for filter in ["status == OK", "status != OK", "method != a", "dialect == native", "status < 100"] {
        assert!(!passes(filter, &data), "{filter}");
    }
    assert!(passes("!(status == OK)", &data));
    assert!(passes("kind == ?", &data));
    assert!(!Filter::parse("instance != a").unwrap().matches(&frame(), None));
}

#[test]
fn only_a_filter_for_instances_needs_the_connection() {
    assert!(Filter::parse("a && !(b || instance == x)").unwrap().needs_connection());
    assert!(!Filter::parse("a && !(b || side == client)").unwrap().needs_connection());
}

#[test]
fn errors_say_where_and_what_to_write() {
    let cases = [
        (
            "latency > 5",
            "there is no field \"latency\"; fields are method, kind, dialect, status, bytes, stream, connection, direction, side, instance, data (at character 1)",
        ),
        (
            "a && methd == x",
            "there is no field \"methd\"; did you mean \"method\"?; fields are method, kind, dialect, status, bytes, stream, connection, direction, side, instance, data (at character 6)",
        ),
        ("status = OK", "`=` alone compares nothing: write `==` (at character 8)"),
        ("a & b", "`&` alone joins nothing: write `&&` (at character 3)"),
        (
            "status == NOTFOUND",
            "there is no status \"NOTFOUND\"; did you mean \"NOT_FOUND\"?; a status is a name such as UNAVAILABLE, or a number (at character 11)",
        ),
        ("status ~ OK", "status is a number: compare it with ==, !=, <, <=, > or >= (at character 8)"),
        ("bytes > many", "bytes is compared with a whole number, not \"many\" (at character 9)"),
        ("method > a", "method is text: compare it with ==, != or ~ (contains) (at character 8)"),
        ("data == K7", "data is bytes: search them with ~ (contains) (at character 6)"),
        ("data ~ 0x1", "behind 0x come pairs of hex digits, such as 0x0a1f (at character 8)"),
        ("direction == up", "direction is sent or received, not \"up\" (at character 14)"),
        ("side > client", "side is one of two: compare it with == or != (at character 6)"),
        ("(a || b", "this `(` is never closed: add `)` (at character 1)"),
        ("a) b", "this `)` closes nothing: remove it (at character 2)"),
        ("a && ", "something to compare is missing, such as `status != OK` (at character 5)"),
        ("|| a", "something to compare is missing before this (at character 1)"),
        ("()", "something to compare is missing before this `)` (at character 2)"),
        ("== a", "the field to compare is missing before this (at character 1)"),
        ("method ==", "a value for method is missing (at character 10)"),
        ("method == && a", "a value for method is missing before this (at character 11)"),
        ("method == \"a", "this quote is never closed: add `\"` (at character 11)"),
    ];
    for (text, message) in cases {
        assert_eq!(Filter::parse(text).unwrap_err().to_string(), message, "{text}");
    }
    assert!(Filter::parse(&"(".repeat(100_000)).is_err());
    assert!(Filter::parse(&"!".repeat(100_000)).is_err());
}

proptest! {
    #[test]
    fn any_text_gives_a_filter_or_an_error_within_it(text in r#"([a-z" !()=<>~&|*]|status|OK|==|\PC){0,20}"#) {
        match Filter::parse(&text) {
            Ok(filter) => { filter.matches(&frame(), None); }
            Err(error) => {
                prop_assert!(error.offset <= text.len());
                prop_assert!(text.is_char_boundary(error.offset));
            }
        }
    }
}
