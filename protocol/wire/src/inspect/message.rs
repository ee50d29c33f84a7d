//! A whole message as it travelled, out of one frame or many: decompressed and taken apart. Lenient: never an error.

use bytes::Bytes;

use super::{Diagnostic, Node, NodeKind, binary, json};
use crate::Span;
use crate::codec::Codec;
use crate::compression::Compression;
use crate::frame::native::grouped;

/// A message opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opened {
    /// The message: decompressed, or as it came. Spans below count in these bytes.
    pub bytes: Bytes,
    /// Its fields, the message itself at the top.
    pub tree: Vec<Node>,
    /// What is odd, where.
    pub diagnostics: Vec<Diagnostic>,
    /// What decompressing came to, if it was compressed and could be decompressed.
    pub unpacked: Option<Unpacked>,
}

/// What decompressing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// By what.
    pub compression: Compression,
    /// Bytes on the wire.
    pub packed: usize,
    /// Bytes of the message.
    pub len: usize,
}

impl Unpacked {
    /// `lz4, 1,024 → 12,000 B, 11.7 : 1`.
    pub fn describe(&self) -> String {
        let ratio = self.len as f64 / self.packed.max(1) as f64;
        let [packed, len] = [self.packed, self.len].map(|bytes| grouped(bytes as u64));
        format!("{}, {packed} → {len} B, {ratio:.1} : 1", self.compression)
    }
}

/// Opens the message that these bytes are, its parts put together in order. `compression` is that of the call if
/// the frames carry COMP, else `None`; `limit`: what it may grow to.
///
/// A message that cannot be decompressed is one raw node of the bytes as they came.
pub fn open(codec: Codec, compression: Compression, bytes: &Bytes, limit: usize) -> Opened {
    if compression == Compression::None {
        let (tree, diagnostics) = nodes(codec, "message", bytes, 0);
        return Opened { bytes: bytes.clone(), tree, diagnostics, unpacked: None };
    }
    match compression.unpack(bytes, limit) {
        Ok(message) => {
            let unpacked = Unpacked { compression, packed: bytes.len(), len: message.len() };
            let (mut tree, diagnostics) = nodes(codec, "message", &message, 0);
            // No byte of the message is its: where one lies, the message's own fields are found.
            let note = unpacked.describe();
            tree.insert(0, Node::leaf("compression", compression.name(), NodeKind::Literal, note, Span::at(0, 0)));
            Opened { bytes: message, tree, diagnostics, unpacked: Some(unpacked) }
        }
        Err(error) => {
            let span = Span::new(0, bytes.len());
            let note = format!("{} B, {compression}", grouped(bytes.len() as u64));
            let tree = vec![Node::leaf("message", "", NodeKind::Raw, note, span)];
            let message = format!("{compression} cannot be decompressed: {error}");
            Opened {
                bytes: bytes.clone(),
                tree,
                diagnostics: vec![Diagnostic { span, message: message.into() }],
                unpacked: None,
            }
        }
    }
}

/// A message that is not compressed as nodes: the top one is called `name`, and spans count from `base`.
pub fn nodes(codec: Codec, name: &str, bytes: &[u8], base: usize) -> (Vec<Node>, Vec<Diagnostic>) {
    match codec.items(bytes) {
        None => json::nodes(name, bytes, base),
        Some(items) => binary::nodes(name, items, base),
    }
}

/// A message's tree in one line of at most `max` characters, elided with `…`, written like JSON whatever its codec.
pub fn line(tree: &[Node], max: usize) -> String {
    let mut line = String::new();
    for node in tree {
        write(node, None, max, &mut line);
    }
    match line.char_indices().nth(max) {
        Some(_) => line.chars().take(max.saturating_sub(1)).chain(['…']).collect(),
        None => line,
    }
}

/// Recursion is as deep as the tree, which is bounded; it stops once there is enough.
fn write(node: &Node, name: Option<&str>, max: usize, line: &mut String) {
    // A character takes at most four bytes.
    if line.len() > max.saturating_mul(4) {
        return;
    }
    if let Some(name) = name {
        line.extend(["\"", name, "\": "]);
    }
    if node.kind != NodeKind::Group {
        line.push_str(&node.value);
        return;
    }
    // A map's members have names of their own, an array's items the array's.
    let item = format!("{}[", node.name);
    let map = !node.children.first().is_none_or(|child| child.name.starts_with(&item));
    let (open, close) = if map { ('{', '}') } else { ('[', ']') };
    line.push(open);
    for (index, child) in node.children.iter().enumerate() {
        if index > 0 {
            line.push_str(", ");
        }
        write(child, map.then_some(child.name.as_str()), max, line);
    }
    line.push(close);
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use hex_literal::hex;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::codec::Typed;

    fn draw(nodes: &[Node], depth: usize, out: &mut String) {
        for node in nodes {
            let indent = "  ".repeat(depth);
            writeln!(out, "{indent}{} {} {} {}..{}", node.name, node.value, node.note, node.span.start, node.span.end)
                .unwrap();
            draw(&node.children, depth + 1, out);
        }
    }

    fn drawn(codec: Codec, bytes: &[u8], base: usize) -> String {
        let (nodes, diagnostics) = nodes(codec, "Order", bytes, base);
        let mut out = String::new();
        draw(&nodes, 0, &mut out);
        for diagnostic in diagnostics {
            writeln!(out, "! {}..{} {}", diagnostic.span.start, diagnostic.span.end, diagnostic.message).unwrap();
        }
        out
    }

    #[test]
    fn every_field_has_its_bytes_whatever_the_codec() {
        let value =
            json!({"id": "o-1", "lines": [{"qty": 200}], "name": "王\n", "paid": true, "note": null, "at": -1.5});
        insta::assert_snapshot!(drawn(Codec::Msgpack, &Codec::Msgpack.encode(&value, Typed::UNKNOWN), 16), @r#"
        Order  fixmap 16..72
          id "o-1" fixstr 17..24
          lines  fixarray 24..38
            lines[0]  fixmap 31..38
              qty 200 uint8 32..38
          name "王\n" fixstr 38..48
          paid true bool 48..54
          note null nil 54..60
          at -1.5 float64 60..72
        "#);
        insta::assert_snapshot!(drawn(Codec::Cbor, &Codec::Cbor.encode(&value, Typed::UNKNOWN), 0), @r#"
        Order  map 0..56
          id "o-1" text 1..8
          lines  array 8..22
            lines[0]  map 15..22
              qty 200 uint 16..22
          name "王\n" text 22..32
          paid true bool 32..38
          note null null 38..44
          at -1.5 float64 44..56
        "#);
        let line = line(&nodes(Codec::Cbor, "message", &Codec::Cbor.encode(&value, Typed::UNKNOWN), 0).0, 60);
        assert_eq!(line, r#"{"id": "o-1", "lines": [{"qty": 200}], "name": "王\n", "paid…"#);
    }

    #[test]
    fn what_breaks_off_keeps_what_can_be_read() {
        insta::assert_snapshot!(drawn(Codec::Msgpack, &hex!("83 a16107 a162 92 01 ca0000"), 0), @r#"
        Order  fixmap 0..9
          a 7 fixint 1..4
          b  fixarray 4..9
            b[0] 1 fixint 7..8
            b[1]  missing 8..9
        ! 9..9 needs 4 more bytes at offset 9, has 2
        "#);
        insta::assert_snapshot!(drawn(Codec::Msgpack, &hex!("82 0107 a162 c403 0102ff 99"), 0), @r#"
        Order  fixmap 0..10
          1 7 fixint 1..3
          b 01 02 ff bin8, 3 B 3..10
        rest  1 B 10..11
        ! 1..2 a key that is no text
        ! 10..11 1 bytes follow the message
        "#);
        insta::assert_snapshot!(drawn(Codec::Cbor, &hex!("bf 6161 c1 1a514b67b0 6162 7f 6163 6164 ff 6163 ff ff"), 0), @r#"
        Order  map 0..21
          a 1363896240 tag 1, uint 1..9
          b  text in pieces 9..17
            b[0] "c" text 12..14
            b[1] "d" text 14..16
          c  break 17..20
        ! 19..20 a break where a value is expected
        "#);
        insta::assert_snapshot!(drawn(Codec::Cbor, b"", 3), @r#"
        Order  empty 3..3
        "#);
    }

    #[test]
    fn a_hundred_thousand_levels_are_a_few_nodes_and_a_diagnostic() {
        for (codec, level) in [(Codec::Msgpack, 0x91), (Codec::Cbor, 0x81), (Codec::Cbor, 0x9f)] {
            let (nodes, diagnostics) = nodes(codec, "m", &vec![level; 100_000], 0);
            let (mut level, mut depth) = (&nodes, 0);
            while let Some(node) = level.first() {
                (level, depth) = (&node.children, depth + 1);
            }
            assert_eq!(depth, 130);
            assert_eq!(diagnostics[0].message, "nested deeper than 128 levels: not taken apart");
        }
        let many = [&hex!("dd00010000")[..], &vec![1; 65_536]].concat();
        let (nodes, diagnostics) = nodes(Codec::Msgpack, "m", &many, 0);
        assert_eq!(nodes[0].children.len(), 20_000);
        assert_eq!(diagnostics[0].message, "more than 20000 values: the rest is not taken apart");
    }

    #[test]
    fn a_compressed_message_is_explained_in_its_own_bytes() {
        let lines: Vec<_> = (0..100).map(|n| json!({"sku": format!("A{n}"), "qty": n})).collect();
        let message = Codec::Msgpack.encode(&json!({ "lines": lines }), Typed::UNKNOWN);
        for compression in [Compression::Lz4, Compression::Zstd] {
            let packed = compression.pack(&message).unwrap();
            let opened = open(Codec::Msgpack, compression, &packed, 1 << 20);
            assert_eq!(opened.bytes, message);
            assert_eq!(opened.tree[1].children[0].children[7].children[0].value, "\"A7\"");
            let span = opened.tree[1].children[0].children[7].children[0].span;
            assert_eq!(&opened.bytes[span.range()], b"\xa3sku\xa2A7");
            let unpacked = opened.unpacked.unwrap();
            assert_eq!((unpacked.packed, unpacked.len), (packed.len(), message.len()));
            let ratio = message.len() as f64 / packed.len() as f64;
            let expected = format!("{compression}, {} → 1,400 B, {ratio:.1} : 1", packed.len());
            assert_eq!(opened.tree[0].note, expected);

            let broken = open(Codec::Msgpack, compression, &packed.slice(..50), 1 << 20);
            assert_eq!(broken.bytes.len(), 50);
            assert_eq!(broken.diagnostics.len(), 1, "{:?}", broken.diagnostics);
            let bomb = open(Codec::Msgpack, compression, &packed, 1000);
            let message = format!("{compression} cannot be decompressed: it is longer than 1000 bytes decompressed");
            assert_eq!(bomb.diagnostics[0].message, message);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic_and_children_lie_within(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            for codec in Codec::ALL {
                let (nodes, _) = nodes(codec, "m", &bytes, 5);
                line(&nodes, 20);
                let mut todo: Vec<&Node> = nodes.iter().collect();
                while let Some(node) = todo.pop() {
                    prop_assert!(node.span.end <= bytes.len() + 5);
                    for child in &node.children {
                        prop_assert!(node.span.contains(child.span), "{node:?}");
                        todo.push(child);
                    }
                }
            }
        }
    }
}
