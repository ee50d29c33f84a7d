//! Recorded bytes, cut and explained.

use super::*;
use crate::dialect::Toward;
use crate::inspect::{Cut, Dissection, Node};
use crate::testing::cut as cut_all;

fn kinds(cuts: &[Cut]) -> Vec<&'static str> {
    cuts.iter().map(|cut| cut.kind).collect()
}

/// A whole conversation as both directions of a recording.
fn recording() -> [Vec<u8>; 2] {
    let mut pair = Pair::new(&Native, &Limits::default());
    let head = CallHead { attempt: 1, timeout: Some(Duration::from_millis(800)), ..head("shop.Orders/Place") };
    let message = Some(Bytes::from_static(br#"{"sku":"A1","qty":2}"#));
    pair.client(Input::Call { call: CallId(1), head: Box::new(head), message, end: true });
    pair.run();
    pair.server(Input::Headers { call: CallId(1), metadata: [("served-by", "orders-2")].into_iter().collect() });
    pair.server(message_of(1, r#"{"id":"o-7","lines":[{"sku":"A1"}]}"#));
    pair.server(finish(1, Status::ok()));
    pair.client(unary(2, "1"));
    pair.client(streaming(3));
    pair.client(Input::Ping);
    pair.run();
    pair.server(finish(3, Status { pushback_ms: Some(250), ..Status::unprocessed(Code::OVERLOADED, "busy") }));
    pair.client(cancel(3, CancelReason::Deadline));
    pair.server(Input::Shutdown);
    pair.run();
    [pair.client.sent.to_vec(), pair.server.sent.to_vec()]
}

fn message_of(call: u64, text: &str) -> Input {
    message(call, text.to_owned())
}

fn dissected(toward: Toward, bytes: &[u8]) -> Vec<(Cut, Dissection)> {
    let explain = |cut: Cut| {
        let dissection = Native.dissect(toward, &cut.bytes);
        (cut, dissection)
    };
    cut_all(Native.cutter(toward), &[bytes]).into_iter().map(explain).collect()
}

#[test]
fn a_recording_reads_like_the_conversation() {
    let [up, down] = recording();
    let line = |(cut, dissection): &(Cut, Dissection)| {
        assert!(!cut.odd && dissection.diagnostics.is_empty(), "{cut:?} {dissection:?}");
        let code = cut.code.map(|code| format!(" [{}]", code.0)).unwrap_or_default();
        format!("{} {} {}{code}", cut.kind, cut.stream, dissection.summary)
    };
    let up: Vec<String> = dissected(Toward::Server, &up).iter().map(line).collect();
    assert_eq!(
        up,
        [
            "PREFACE 0 speaks version 1",
            &format!("HELLO 0 {}", crate::dialect::native::AGENT),
            "REQUEST 1 Place · attempt 2",
            "PING 0 ",
            "REQUEST 3 Say",
            "REQUEST 5 Talk",
            "CANCEL 5 deadline [4]",
        ]
    );
    let down: Vec<String> = dissected(Toward::Client, &down).iter().map(line).collect();
    assert_eq!(
        down,
        [
            "PREFACE 0 version 1",
            &format!("HELLO 0 {}", crate::dialect::native::AGENT),
            "HEADERS 1 served-by: \"orders-2\"",
            r#"DATA 1 {"id":"o-7","lines":[{"sku":"A1"}]} [0]"#,
            "PONG 0 ",
            "GOAWAY 0 shutting down",
            "STATUS 3 OVERLOADED · busy · not processed [32]",
        ]
    );
}

fn outline(nodes: &[Node], depth: usize, out: &mut String) {
    for node in nodes {
        let span = node.span;
        let line =
            format!("{}{} {} ({}) {}..{}", "  ".repeat(depth), node.name, node.value, node.note, span.start, span.end);
        out.push_str(line.trim_end());
        out.push('\n');
        outline(&node.children, depth + 1, out);
    }
}

#[test]
fn every_field_has_its_bytes() {
    let [up, down] = recording();
    let mut out = String::new();
    for (bytes, toward, kinds) in [
        (up, Toward::Server, ["PREFACE", "REQUEST", "CANCEL"].as_slice()),
        (down, Toward::Client, &["STATUS", "GOAWAY"]),
    ] {
        for (cut, dissection) in dissected(toward, &bytes) {
            if kinds.contains(&cut.kind)
                && matches!(cut.stream, 0 | 1 | 3 | 5)
                && cut.method.as_deref() != Some("demo.Echo/Say")
                && cut.method.as_deref() != Some("demo.Echo/Talk")
            {
                outline(&dissection.tree, 0, &mut out);
            }
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn oddities_are_shown_where_they_are() {
    let mut bytes = raw(Kind::DATA, Flags::MSG.with(Flags::CK), 2, b"", b"{\"a\":");
    bytes[12] = 1;
    let dissection = Native.dissect(Toward::Client, &bytes);
    let found: Vec<_> = dissection.diagnostics.iter().map(|odd| (odd.span.start, odd.message.to_string())).collect();
    let check = crc32c::crc32c_append(crc32c::crc32c(&bytes[..12]), &bytes[16..]);
    let mismatch = format!("the checksum is {check:08x}, the frame says 01000000");
    assert_eq!(found, [(12, mismatch), (8, "an even number; calls have odd ones".to_owned())]);
    assert_eq!(dissection.summary, "5 B");

    let part = raw(Kind::DATA, Flags::MSG.with(Flags::MORE), 1, b"", b"{\"a\":");
    let dissection = Native.dissect(Toward::Client, &part);
    assert_eq!((dissection.summary.as_str(), dissection.diagnostics.len()), ("part · 5 B", 0));
    assert_eq!(dissection.tree[1].note, "5 B, a part; goes on in the next DATA");

    let window = raw(Kind::WINDOW, NONE, 0, b"", &65_535_u32.to_be_bytes());
    assert_eq!(Native.dissect(Toward::Client, &window).summary, "+65,535");
    let half = &request(1, b"{}")[..20];
    assert_eq!(Native.dissect(Toward::Server, half).diagnostics[0].message, "20 of 25 bytes are here");
}

const NONE: Flags = Flags::NONE;

#[test]
fn a_gap_within_a_frame_costs_that_frame_only() {
    let [one, two, three] = [1, 3, 5].map(|stream| request(stream, br#"{"a":1}"#));
    let mut cutter = Native.cutter(Toward::Server);
    let mut out = Vec::new();
    cutter.feed([&PREFACE[..], &one[..20]].concat().into(), &mut out);
    cutter.gap(4);
    cutter.feed([&one[24..], &two, &three].concat().into(), &mut out);
    cutter.finish(&mut out);
    assert_eq!(kinds(&out), ["PREFACE", "REQUEST", "?", "REQUEST", "REQUEST"]);
    assert_eq!(out.iter().map(|cut| cut.odd).collect::<Vec<_>>(), [false, true, true, false, false]);
    assert_eq!(out[3].stream, 3);
}

#[test]
fn a_gap_past_a_boundary_waits_for_a_chunk_that_begins_with_a_frame() {
    let [one, two, three] = [1, 3, 5].map(|stream| request(stream, br#"{"a":1}"#));
    let mut cutter = Native.cutter(Toward::Server);
    let mut out = Vec::new();
    cutter.feed([&PREFACE[..], &one].concat().into(), &mut out);
    cutter.gap(1000);
    cutter.feed(Bytes::copy_from_slice(&two[7..]), &mut out);
    cutter.feed(Bytes::from(three), &mut out);
    assert_eq!(kinds(&out), ["PREFACE", "REQUEST", "?", "REQUEST"]);
    assert_eq!((out[2].odd, out[3].odd, out[3].stream), (true, false, 5));
}

#[test]
fn what_is_no_native_bytes_comes_out_in_pieces() {
    let cuts = cut_all(Native.cutter(Toward::Client), &[&b"HTTP/1.1 200 OK\r\n\r\n".repeat(500)]);
    assert!(cuts.iter().all(|cut| cut.kind == "?" && cut.odd && cut.bytes.len() <= 4096));
    assert_eq!(cuts.iter().map(|cut| cut.bytes.len()).sum::<usize>(), 9500);
}

#[test]
fn frames_are_slices_of_their_chunk() {
    let chunk = Bytes::from([PREFACE.to_vec(), request(1, b"{}")].concat());
    let place = chunk.as_ptr();
    let mut out = Vec::new();
    Native.cutter(Toward::Server).feed(chunk, &mut out);
    assert_eq!(out[1].bytes.as_ptr(), place.wrapping_add(8));
    assert_eq!(out[1].method.as_deref(), Some("a.B/C"));
}

#[test]
fn what_a_hostile_peer_says_at_length_is_explained_briefly() {
    let entry = [200, 0];
    let hello = raw(Kind::HELLO, Flags::NONE, 0, b"", &entry.repeat(500_000));
    let request = raw(Kind::REQUEST, Flags::NONE, 1, &entry.repeat(30_000), b"");
    let goaway = raw(Kind::GOAWAY, Flags::NONE, 0, b"", &[b"\0\0\0\0\0\x40".to_vec(), vec![b'x'; 1 << 20]].concat());
    let codecs = raw(Kind::HELLO, Flags::NONE, 0, b"", &[vec![7, 0x80, 0x80, 0x40], vec![9; 1 << 20]].concat());
    for frame in [hello, request, goaway, codecs] {
        let Dissection { summary, tree, .. } = Native.dissect(Toward::Server, &frame);
        assert!(summary.chars().count() <= 201, "{}", summary.len());
        let mut todo: Vec<&Node> = tree.iter().collect();
        let mut count = 0;
        while let Some(node) = todo.pop() {
            count += 1;
            assert!(node.value.len() < 3_000, "{}", node.name);
            todo.extend(&node.children);
        }
        assert!(count < 5_000, "{count}");
    }
}

#[test]
fn binary_messages_have_their_fields_and_compressed_ones_their_sizes() {
    let value = serde_json::json!({"sku": "A1", "qty": 200});
    for codec in [Codec::Msgpack, Codec::Cbor] {
        let mut meta = method(b"a.B/C");
        tlv::put(&mut meta, 6, &[codec.id()]);
        let body = codec.encode(&value, crate::codec::Typed::UNKNOWN);
        let frame = raw(Kind::REQUEST, Flags::MSG.with(Flags::END), 1, &meta, &body);
        let Dissection { tree, diagnostics, .. } = Native.dissect(Toward::Server, &frame);
        assert_eq!(diagnostics, []);
        assert_eq!(tree[1].children[1].note, format!("u8, {codec}"));
        let qty = &tree[2].children[1];
        assert_eq!((qty.name.as_str(), qty.value.as_str()), ("qty", "200"));
        let before = frame.len() - body.len();
        assert_eq!(frame[qty.span.range()], body[qty.span.start - before..qty.span.end - before]);

        // DATA does not say what it is in; who recorded the REQUEST knows.
        let data = raw(Kind::DATA, Flags::MSG, 1, b"", &body);
        let encoding = Encoding { codec, ..Encoding::default() };
        let known = Native.dissect_in(Toward::Client, &data, encoding);
        assert_eq!((known.summary.as_str(), known.tree[1].children.len()), (r#"{"sku": "A1", "qty": 200}"#, 2));
        assert_eq!(Native.dissect(Toward::Client, &data).tree[1].kind, crate::inspect::NodeKind::Raw);
    }
    let lines: Vec<_> = (0..100).map(|_| value.clone()).collect();
    let message = serde_json::to_vec(&lines).unwrap();
    let packed = Compression::Zstd.pack(&message).unwrap();
    let encoding = Encoding { compression: Compression::Zstd, ..Encoding::default() };
    let data = raw(Kind::DATA, Flags::MSG.with(Flags::COMP), 1, b"", &packed);
    let Dissection { summary, tree, diagnostics } = Native.dissect_in(Toward::Client, &data, encoding);
    assert_eq!(diagnostics, []);
    assert!(summary.starts_with(r#"[{"sku": "A1", "qty": 200}"#), "{summary}");
    let expected = format!("{0} B, zstd, {0} → {1} B, {2:.1} : 1", packed.len(), "2,301", 2301.0 / packed.len() as f64);
    assert_eq!((tree[1].note.as_str(), tree[1].span.len()), (expected.as_str(), packed.len()));
    let half = raw(Kind::DATA, Flags::MSG.with(Flags::COMP), 1, b"", &packed[..9]);
    assert!(Native.dissect_in(Toward::Client, &half, encoding).tree[1].note.contains("cannot be decompressed"));
}
