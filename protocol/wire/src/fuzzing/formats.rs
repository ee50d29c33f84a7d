//! Decoders of texts and messages.

use super::{choose, pieces};
use crate::codec::{Codec, Typed};
use crate::compression::Compression;
use crate::inspect::{Node, json as tree, locate, message};
use crate::schema::{Schema, TypeRef};
use crate::value::extent::{Extent, Scanner};
use crate::value::outline::{Bounds, Outline};
use crate::value::scan::{self, Tokens};
use crate::value::text;
use crate::{Span, Value};

const LIMIT: usize = 1 << 20;

pub(super) fn msgpack(bytes: &[u8]) {
    binary(Codec::Msgpack, bytes);
}

pub(super) fn cbor(bytes: &[u8]) {
    binary(Codec::Cbor, bytes);
}

fn binary(codec: Codec, bytes: &[u8]) {
    let read = codec.decode(bytes);
    if let Ok(value) = &read {
        let written = codec.encode(value, Typed::UNKNOWN);
        assert_eq!(codec.decode(&written).ok().as_ref(), Some(value), "what was read comes back");
        let json = Codec::Json.encode(value, Typed::UNKNOWN);
        let again = Codec::Json.decode(&json).ok();
        assert!(again.as_ref() == Some(value) || has_fractions(value), "and so it does as JSON");
    }
    let (nodes, _) = message::nodes(codec, "message", bytes, 0);
    within(&nodes, Span::new(0, bytes.len()));
    message::line(&nodes, 60);
    places(codec, bytes);
}

/// Whether it holds floating-point numbers: their parser may be off by the last bit, so that they do not always come back.
fn has_fractions(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_fractions),
        Value::Object(members) => members.values().any(has_fractions),
        _ => false,
    }
}

pub(super) fn lz4(bytes: &[u8]) {
    compressed(Compression::Lz4, bytes);
}

pub(super) fn zstd(bytes: &[u8]) {
    compressed(Compression::Zstd, bytes);
}

fn compressed(compression: Compression, bytes: &[u8]) {
    if let Ok(message) = compression.unpack(bytes, LIMIT) {
        assert!(message.len() <= LIMIT);
        if let Some(packed) = compression.pack(&message) {
            assert_eq!(compression.unpack(&packed, message.len()).ok().as_ref(), Some(&message));
        }
        let opened = message::open(Codec::Json, compression, &bytes.to_vec().into(), LIMIT);
        within(&opened.tree, Span::new(0, opened.bytes.len()));
    }
}

pub(super) fn json(bytes: &[u8]) {
    let bounds = Bounds { depth: 128, entries: 2000 };
    for (_, span) in Tokens::new(bytes) {
        assert!(span.end <= bytes.len());
    }
    let outline = Outline::of(bytes, bounds);
    for entry in &outline.entries {
        assert!(entry.full_span().end <= bytes.len());
        scan::unquote(bytes.get(entry.span.range()).unwrap_or_default());
    }
    let (nodes, _) = tree::nodes("message", bytes, 0);
    within(&nodes, Span::new(0, bytes.len()));
    tree::summary(bytes, 60);
    scan::members(bytes).for_each(drop);
    scan::items(bytes).for_each(drop);
    places(Codec::Json, bytes);
    if let Ok(value) = Codec::Json.decode(bytes) {
        assert!(outline.problems.is_empty(), "what is JSON has no problems: {:?}", outline.problems);
        let compact: Option<Value> = serde_json::from_slice(&scan::compact(bytes)).ok();
        assert_eq!(compact.as_ref(), Some(&value), "without white space it is the same");
        let laid_out = text::parse(&text::pretty(&value)).ok();
        assert!(laid_out.as_ref() == Some(&value) || has_fractions(&value), "and laid out");
    }
}

/// What is found lies within, and a byte in the middle belongs to something or to nothing.
fn places(codec: Codec, bytes: &[u8]) {
    for (span, _) in locate::leaves(codec, bytes, 2000) {
        assert!(span.end <= bytes.len());
    }
    if let Some(pointer) = locate::pointer_at(codec, bytes, bytes.len() / 2) {
        locate::find(codec, bytes, &pointer);
    }
}

/// Wherever the text is split, its end is at the same place, and where the parser sees it.
pub(super) fn extent(bytes: &[u8]) {
    let (choice, text) = choose(bytes);
    let whole = Scanner::new(128).feed(text);
    let mut scanner = Scanner::new(128);
    let mut before = 0;
    let mut split = Extent::More;
    for piece in pieces(choice, text) {
        split = match scanner.feed(piece) {
            Extent::Ends(end) => Extent::Ends(before + end),
            other => other,
        };
        before += piece.len();
        if split != Extent::More {
            break;
        }
    }
    assert_eq!(whole, split);
    if let Extent::Ends(end) = whole {
        let value = text.get(..end).unwrap_or_default();
        // Its strings may still be no utf-8, or halves of surrogates; its numbers too large.
        if let (true, Err(error)) = (std::str::from_utf8(value).is_ok(), serde_json::from_slice::<Value>(value)) {
            assert!(!error.is_eof(), "the end was not the end: {error}");
        }
    }
}

pub(super) fn filter(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match crate::capture::Filter::parse(&text) {
        Ok(filter) => {
            let _needs = filter.needs_connection();
        }
        Err(error) => drop(error.to_string()),
    }
}

pub(super) fn schema(bytes: &[u8]) {
    let Ok(schema) = serde_json::from_slice::<Schema>(bytes) else { return };
    let mut names: Vec<TypeRef> = schema.types.iter().take(20).map(|def| TypeRef::Named(def.name.clone())).collect();
    for service in schema.services.iter().take(20) {
        drop(schema.describe(&service.name));
        for method in service.methods.iter().take(20) {
            names.extend([method.request.clone(), method.response.clone()]);
            drop(schema.describe(&format!("{}/{}", service.name, method.name)));
        }
    }
    for name in &names {
        let example = schema.example(name);
        schema.validate(&example, name);
        schema.validate(&serde_json::json!([{"a": [1]}]), name);
        drop(schema.by_name(serde_json::json!([1, "a", null]), name));
        for codec in Codec::ALL {
            codec.encode(&example, Typed::new(&schema, name));
        }
    }
}

/// All fields lie within the field that they are in. Checked without recursion: trees may be deep.
pub(super) fn within(nodes: &[Node], span: Span) {
    let mut todo: Vec<(&Node, Span)> = nodes.iter().map(|node| (node, span)).collect();
    while let Some((node, outer)) = todo.pop() {
        assert!(outer.contains(node.span), "{} {:?} is not within {outer:?}", node.name, node.span);
        todo.extend(node.children.iter().map(|child| (child, node.span)));
    }
}
