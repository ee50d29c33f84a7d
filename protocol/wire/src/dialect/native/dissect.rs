//! One recorded frame explained: every field with its bytes, every oddity with its place. Lenient throughout.

use bytes::Bytes;

use super::cutter::checksum;
use super::hello;
use super::meta::{self, NOT_PROCESSED};
use crate::buf::Reader;
use crate::dialect::Toward;
use crate::engine::CancelReason;
use crate::frame::native::{Flags, HEADER_LEN, Header, Kind, MAGIC, PREFACE_LEN, grouped};
use crate::frame::tlv::{Tlv, Tlvs};
use crate::inspect::{Diagnostic, Dissection, Node, NodeKind, message};
use crate::{Code, Codec, Compression, Encoding, Span, Words};

/// Characters of a message in a summary.
const FIRST_WORDS: usize = 60;

/// Characters of a whole summary, which is a row of a list, and of one text in the tree.
const MAX_SUMMARY: usize = 200;
const MAX_TEXT: usize = 2_000;

/// Entries of a HELLO or of metadata that are taken apart. What is recorded may be larger than what a live connection takes:
/// a HELLO of 16 MiB would make eight million.
const MAX_ENTRIES: usize = 1_000;

/// What a compressed message may come to here: four times what a peer takes unless told otherwise.
const MAX_UNPACKED: usize = 16 << 20;

const TOO_MANY: &str = "more than 1,000 entries: the others are not taken apart";

struct Dissector<'a> {
    frame: &'a [u8],
    header: Header,
    meta: Span,
    body: Span,
    /// What its message is in. A REQUEST knows better.
    encoding: Encoding,
    out: Dissection,
}

pub(super) fn dissect(toward: Toward, frame: &[u8], encoding: Encoding) -> Dissection {
    if frame.starts_with(&MAGIC) && frame.len() == PREFACE_LEN {
        return preface(toward, frame);
    }
    let Some(header) = Header::decode(frame) else { return unknown(frame, "fewer bytes than a frame header") };
    if header.body_len().is_none() || header.frame_len() < frame.len() {
        return unknown(frame, "no frame begins here");
    }
    let meta_end = (HEADER_LEN + usize::from(header.meta_len)).min(frame.len());
    let mut dissector = Dissector {
        frame,
        header,
        meta: Span::new(HEADER_LEN, meta_end),
        body: Span::new(meta_end, frame.len()),
        encoding,
        out: Dissection::default(),
    };
    dissector.header();
    dissector.body();
    dissector.out.summary = shortened(dissector.out.summary, MAX_SUMMARY);
    dissector.out
}

fn preface(toward: Toward, bytes: &[u8]) -> Dissection {
    let byte = |at: usize| bytes.get(at).copied().unwrap_or_default();
    let (min, max) = (byte(4), byte(5));
    let number =
        |name: &str, value: u8, at| Node::leaf(name, value.to_string(), NodeKind::Number, "u8", Span::at(at, 1));
    let flags = u16::from_be_bytes([byte(6), byte(7)]);
    let fields = vec![
        Node::leaf("magic", "89 52 50 43", NodeKind::Raw, "0x89 RPC", Span::at(0, 4)),
        number("ver_min", min, 4),
        number("ver_max", max, 5),
        Node::leaf("flags", format!("0x{flags:04x}"), NodeKind::Number, "u16", Span::at(6, 2)),
    ];
    let summary = match toward {
        Toward::Server if min == max => format!("speaks version {min}"),
        Toward::Server => format!("speaks versions {min} to {max}"),
        Toward::Client => format!("version {min}"),
    };
    let mut diagnostics = Vec::new();
    if min > max || (toward == Toward::Client && min != max) {
        let message = format!("versions {min} to {max} are no choice");
        diagnostics.push(Diagnostic { span: Span::at(4, 2), message: message.into() });
    }
    Dissection { summary, tree: vec![Node::group("preface", "8 B", Span::new(0, bytes.len()), fields)], diagnostics }
}

fn unknown(bytes: &[u8], why: &str) -> Dissection {
    let span = Span::new(0, bytes.len());
    Dissection {
        summary: format!("{} bytes that fit no frame", grouped(bytes.len() as u64)),
        tree: vec![raw("bytes", bytes, span)],
        diagnostics: vec![Diagnostic { span, message: why.into() }],
    }
}

fn raw(name: &str, bytes: &[u8], span: Span) -> Node {
    let shown = bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    let value = if bytes.len() > 16 { format!("{shown} …") } else { shown };
    Node::leaf(name, value, NodeKind::Raw, format!("{} B", grouped(bytes.len() as u64)), span)
}

fn text_or_raw(name: &str, note: &str, bytes: &[u8], span: Span) -> Node {
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            let shown: String = text.chars().take(MAX_TEXT).collect();
            let elided = if shown.len() < text.len() { "…" } else { "" };
            Node::leaf(name, format!("\"{}{elided}\"", shown.escape_debug()), NodeKind::Text, note, span)
        }
        Err(_) => raw(name, bytes, span),
    }
}

fn shortened(mut text: String, max: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(max) {
        text.truncate(end);
        text.push('…');
    }
    text
}

fn number_of(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

impl Dissector<'_> {
    fn odd(&mut self, span: Span, message: impl Into<Words>) {
        self.out.diagnostics.push(Diagnostic { span, message: message.into() });
    }

    fn bytes(&self, span: Span) -> &[u8] {
        self.frame.get(span.range()).unwrap_or_default()
    }

    fn header(&mut self) {
        let Header { len, kind, flags, meta_len, stream, check } = self.header;
        let name = kind.name().unwrap_or("unknown");
        let leaf = |name: &str, value: String, kind, note: &str, start, len| {
            Node::leaf(name, value, kind, note, Span::at(start, len))
        };
        let verdict = match checksum(&self.header, self.frame) {
            _ if self.header.frame_len() != self.frame.len() => "u32, not verified",
            Some(expected) if expected == check => "u32, ok",
            Some(expected) => {
                self.odd(Span::at(12, 4), format!("the checksum is {expected:08x}, the frame says {check:08x}"));
                "u32, mismatch"
            }
            None if check != 0 => {
                self.odd(Span::at(12, 4), "a checksum without the flag CK");
                "u32, unused"
            }
            None => "u32, unused",
        };
        let set = flags.names();
        let fields = vec![
            leaf("len", grouped(u64::from(len)), NodeKind::Number, "u32", 0, 4),
            leaf("type", name.to_owned(), NodeKind::Literal, &format!("u8, 0x{:02x}", kind.0), 4, 1),
            leaf("flags", set, NodeKind::Literal, &format!("u8, 0x{:02x}", flags.0), 5, 1),
            leaf("meta_len", meta_len.to_string(), NodeKind::Number, "u16", 6, 2),
            leaf("stream_id", stream.to_string(), NodeKind::Number, "u32", 8, 4),
            leaf("check", format!("{check:08x}"), NodeKind::Number, verdict, 12, 4),
        ];
        self.out.tree.push(Node::group(format!("native {name}"), "16 B", Span::new(0, HEADER_LEN), fields));
        if self.header.frame_len() > self.frame.len() {
            let message = format!("{} of {} bytes are here", self.frame.len(), self.header.frame_len());
            self.odd(Span::new(0, self.frame.len()), message);
        }
        if kind.name().is_none() && !flags.has(Flags::IGN) {
            self.odd(Span::at(4, 1), format!("type 0x{:02x} is unknown and does not carry IGN", kind.0));
        }
        if kind.name().is_some() && kind != Kind::WINDOW && kind.is_call() != (stream != 0) {
            self.odd(Span::at(8, 4), format!("{name} on stream {stream}"));
        }
        if stream != 0 && stream.is_multiple_of(2) {
            self.odd(Span::at(8, 4), "an even number; calls have odd ones");
        }
    }

    fn body(&mut self) {
        match self.header.kind {
            Kind::HELLO => self.hello(),
            Kind::REQUEST => self.request(),
            Kind::DATA => {
                self.metadata();
                self.message();
            }
            Kind::STATUS => self.status(),
            Kind::HEADERS => {
                self.metadata();
                self.rest(self.body);
                self.out.summary = self.out.tree.get(1).map(first_pair).unwrap_or_default();
            }
            Kind::CANCEL => {
                let reason = self.number("reason", "u16", 0, 2);
                self.out.summary = match reason {
                    Some(number @ 1..=4) => CancelReason::from_number(number as u16).name().to_owned(),
                    Some(number) => format!("reason {number}"),
                    None => String::new(),
                };
                self.name_last(self.out.summary.clone());
            }
            Kind::WINDOW => {
                let credit = self.number("credit", "u32", 0, 4);
                self.out.summary = credit.map(|credit| format!("+{}", grouped(credit))).unwrap_or_default();
                if credit == Some(0) {
                    self.odd(self.body, "a credit of 0 is an error");
                }
            }
            Kind::PING => {
                let body = self.bytes(self.body);
                let node = raw("opaque", body, self.body);
                if body.len() != 8 {
                    self.odd(self.body, "a ping has 8 bytes");
                }
                self.out.tree.push(node);
            }
            Kind::GOAWAY => self.goaway(),
            _ => {
                self.metadata();
                self.rest(self.body);
            }
        }
    }

    /// A number at an offset of the body; odd if the body ends before it.
    fn number(&mut self, name: &str, note: &str, offset: usize, len: usize) -> Option<u64> {
        let span = Span::at(self.body.start + offset, len);
        let number = self.frame.get(span.range()).and_then(number_of);
        match number {
            Some(number) => self.out.tree.push(Node::leaf(name, grouped(number), NodeKind::Number, note, span)),
            None => self.odd(self.body, format!("the body ends before its {name}")),
        }
        number
    }

    /// Puts a name behind the number that was shown last.
    fn name_last(&mut self, name: String) {
        if let Some(last) = self.out.tree.last_mut()
            && !name.is_empty()
        {
            last.note = format!("{}, {name}", last.note);
        }
    }

    fn rest(&mut self, span: Span) {
        if !span.is_empty() {
            let node = raw("body", self.bytes(span), span);
            self.out.tree.push(node);
        }
    }

    fn hello(&mut self) {
        let mut fields = Vec::new();
        let mut agent = String::new();
        let mut instance = String::new();
        let body = self.frame.get(self.body.range()).unwrap_or_default();
        let base = self.body.start;
        for tlv in Tlvs::new(body) {
            if fields.len() == MAX_ENTRIES {
                self.odd(self.body, TOO_MANY);
                break;
            }
            match tlv {
                Ok(tlv) => {
                    let text = || String::from_utf8_lossy(tlv.value).into_owned();
                    match tlv.id {
                        hello::id::AGENT => agent = text(),
                        hello::id::INSTANCE => instance = text(),
                        _ => {}
                    }
                    let value = hello_value(&tlv, tlv.value_span.shifted(base));
                    fields.push(entry(hello::id::name(tlv.id), &tlv, base, value));
                }
                Err(error) => self.odd(self.body, error.to_string()),
            }
        }
        let note = format!("{} entries", fields.len());
        self.out.tree.push(Node::group("hello", note, self.body, fields));
        let words = [agent, instance];
        self.out.summary = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" · ");
    }

    fn request(&mut self) {
        self.metadata();
        let meta = self.frame.get(self.meta.range()).unwrap_or_default();
        let mut method = String::new();
        let mut attempt = 0;
        for tlv in Tlvs::new(meta).flatten() {
            match tlv.id {
                meta::id::METHOD => method = String::from_utf8_lossy(tlv.value).into_owned(),
                meta::id::ATTEMPT => attempt = tlv.value.first().copied().unwrap_or_default(),
                _ => {}
            }
        }
        self.encoding = encoding_of(meta);
        self.message();
        let mut summary = method.rsplit('/').next().unwrap_or_default().to_owned();
        if attempt > 0 {
            summary.extend([" · attempt ", &(u16::from(attempt) + 1).to_string()]);
        }
        if self.header.flags.has(Flags::ONEWAY) {
            summary.push_str(" · one-way");
        }
        self.out.summary = summary;
    }

    fn metadata(&mut self) {
        if self.meta.is_empty() {
            return;
        }
        let mut fields = Vec::new();
        let base = self.meta.start;
        let meta = self.frame.get(self.meta.range()).unwrap_or_default();
        for tlv in Tlvs::new(meta) {
            if fields.len() == MAX_ENTRIES {
                self.odd(self.meta, TOO_MANY);
                break;
            }
            match tlv {
                Ok(tlv) => {
                    let span = tlv.value_span.shifted(base);
                    let (value, complaint) = meta_value(&tlv, span);
                    if let Some(complaint) = complaint {
                        self.odd(span, complaint);
                    }
                    fields.push(entry(meta::id::name(tlv.id), &tlv, base, value));
                }
                Err(error) => self.odd(self.meta, format!("metadata breaks off: {error}")),
            }
        }
        let note = format!("{} entries", fields.len());
        self.out.tree.push(Node::group("metadata", note, self.meta, fields));
    }

    /// The message in the body, as JSON where it is whole.
    fn message(&mut self) {
        let flags = self.header.flags;
        let body = self.frame.get(self.body.range()).unwrap_or_default();
        if !flags.has(Flags::MSG) {
            self.out.summary = if flags.has(Flags::END) { "end".to_owned() } else { String::new() };
            if !body.is_empty() {
                self.odd(self.body, "a body without MSG");
                self.rest(self.body);
            }
            return;
        }
        let here = self.header.frame_len() == self.frame.len();
        if flags.has(Flags::MORE) || !here {
            let mut node = raw("message", body, self.body);
            let compressed = if flags.has(Flags::COMP) { "compressed, " } else { "" };
            node.note = format!("{}, {compressed}a part; goes on in the next DATA", node.note);
            self.out.summary = format!("part · {} B", grouped(body.len() as u64));
            self.out.tree.push(node);
            return;
        }
        if flags.has(Flags::COMP) {
            self.compressed(&Bytes::copy_from_slice(body));
            return;
        }
        let codec = self.encoding.codec;
        if is_whole(codec, body) {
            let (nodes, diagnostics) = message::nodes(codec, "message", body, self.body.start);
            self.out.summary =
                if codec == Codec::Json { first_words(body) } else { message::line(&nodes, FIRST_WORDS) };
            self.out.tree.extend(nodes);
            self.out.diagnostics.extend(diagnostics);
        } else {
            let mut node = raw("message", body, self.body);
            let name = if codec == Codec::Json { "JSON" } else { codec.name() };
            // One frame does not tell which of the two it is.
            node.note = format!("{}, no {name} by itself: the last part of a message, or broken", node.note);
            self.out.summary =
                if body.is_empty() { "empty message".to_owned() } else { format!("{} B", grouped(body.len() as u64)) };
            self.out.tree.push(node);
        }
    }

    /// A compressed message: its bytes stay as they are on the wire, and what they come to is said beside them.
    fn compressed(&mut self, body: &Bytes) {
        let Encoding { codec, compression } = self.encoding;
        let opened = message::open(codec, compression, body, MAX_UNPACKED);
        let mut node = raw("message", body, self.body);
        let words = if let Some(unpacked) = &opened.unpacked {
            let message = opened.tree.get(1..).unwrap_or_default();
            self.out.summary = message::line(message, FIRST_WORDS);
            unpacked.describe()
        } else {
            self.out.summary = format!("{} B", grouped(body.len() as u64));
            "compressed; cannot be decompressed by itself: the last part of a message, or broken".to_owned()
        };
        node.note = format!("{}, {words}", node.note);
        self.out.tree.push(node);
    }

    fn status(&mut self) {
        let code = self.number("code", "u16", 0, 2).map(|code| Code(code as u16));
        if let Some(code) = code {
            self.name_last(code.name().to_owned());
        }
        let flags = self.frame.get(self.body.start + 2).copied();
        match flags {
            Some(flags) => {
                let value = if flags & NOT_PROCESSED != 0 { "NOT_PROCESSED" } else { "-" };
                let span = Span::at(self.body.start + 2, 1);
                let note = format!("u8, 0x{flags:02x}");
                self.out.tree.push(Node::leaf("flags", value, NodeKind::Literal, note, span));
            }
            None => self.odd(self.body, "the body ends before its flags"),
        }
        self.metadata();
        let meta = self.frame.get(self.meta.range()).unwrap_or_default();
        let message = Tlvs::new(meta).flatten().find(|tlv| tlv.id == meta::id::MESSAGE);
        let mut words = vec![code.unwrap_or_default().name().to_owned()];
        words.extend(message.map(|tlv| String::from_utf8_lossy(tlv.value).into_owned()));
        if flags.is_some_and(|flags| flags & NOT_PROCESSED != 0) {
            words.push("not processed".to_owned());
        }
        self.out.summary = words.join(" · ");
    }

    fn goaway(&mut self) {
        self.number("last_stream", "u32", 0, 4);
        let code = self.number("code", "u16", 4, 2);
        if let Some(code) = code {
            self.name_last(Code(code as u16).name().to_owned());
        }
        let span = Span::new((self.body.start + 6).min(self.body.end), self.body.end);
        let node = text_or_raw("reason", "utf-8", self.bytes(span), span);
        self.out.summary = String::from_utf8_lossy(self.bytes(span)).into_owned();
        self.out.tree.push(node);
    }
}

/// What a REQUEST's metadata says of its messages; what it does not say or nobody knows has its default.
pub(super) fn encoding_of(meta: &[u8]) -> Encoding {
    let mut encoding = Encoding::default();
    for tlv in Tlvs::new(meta).flatten() {
        match (tlv.id, tlv.value) {
            (meta::id::CODEC, [id]) => encoding.codec = Codec::by_id(*id).unwrap_or_default(),
            (meta::id::COMPRESSION, [id]) => encoding.compression = Compression::by_id(*id).unwrap_or_default(),
            _ => {}
        }
    }
    encoding
}

/// Whether these bytes are a message by themselves.
fn is_whole(codec: Codec, body: &[u8]) -> bool {
    match codec {
        Codec::Json => serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok(),
        codec => codec.decode(body).is_ok(),
    }
}

/// `name: value` of the first pair in a metadata group.
fn first_pair(metadata: &Node) -> String {
    metadata.children.first().map(|pair| format!("{}: {}", pair.name, pair.value)).unwrap_or_default()
}

/// The start of a message as text, on one line.
fn first_words(body: &[u8]) -> String {
    // Four bytes make a character at most.
    let start = body.get(..body.len().min(4 * FIRST_WORDS)).unwrap_or_default();
    let text = String::from_utf8_lossy(start);
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(FIRST_WORDS).collect();
    if short.len() < line.len() || start.len() < body.len() { format!("{short}…") } else { short }
}

/// An entry with its id, its length and its value as fields.
fn entry(name: Option<&str>, tlv: &Tlv<'_>, base: usize, mut value: Node) -> Node {
    let mut name = name.map_or_else(|| format!("id {}", tlv.id), str::to_owned);
    if !value.name.is_empty() {
        name.clone_from(&value.name);
    }
    let shown = value.value.clone();
    let kind = value.kind;
    let note = value.note.clone();
    "value".clone_into(&mut value.name);
    let span = tlv.span.shifted(base);
    let length = Span::new(span.start + 1, tlv.value_span.start + base);
    let mut children = vec![
        Node::leaf("id", tlv.id.to_string(), NodeKind::Number, "u8", Span::at(span.start, 1)),
        Node::leaf("length", tlv.value.len().to_string(), NodeKind::Number, "varint", length),
    ];
    if value.children.is_empty() {
        children.push(value);
    } else {
        children.append(&mut value.children);
    }
    Node { name, value: shown, kind, note, span, children }
}

fn hello_value(tlv: &Tlv<'_>, span: Span) -> Node {
    let list = |names: &[(u8, &str)]| {
        let words = tlv.value.iter().take(16).map(|byte| {
            names
                .iter()
                .find(|(number, _)| number == byte)
                .map_or_else(|| byte.to_string(), |(_, name)| (*name).to_owned())
        });
        let value = words.collect::<Vec<_>>().join(", ");
        Node::leaf("", if value.is_empty() { "-".to_owned() } else { value }, NodeKind::Literal, "u8 each", span)
    };
    match tlv.id {
        hello::id::CODECS => list(&Codec::ALL.map(|codec| (codec.id(), codec.name()))),
        hello::id::COMPRESSIONS => list(&Compression::ALL.map(|one| (one.id(), one.name()))),
        hello::id::AUTH => list(&[(1, "bearer"), (2, "SCRAM-SHA-256")]),
        hello::id::FEATURES => {
            let features = number_of(tlv.value).unwrap_or_default();
            let names = if features & u64::from(hello::CHECKSUMS) != 0 { "checksums" } else { "-" };
            Node::leaf("", names, NodeKind::Literal, format!("u32, 0x{features:x}"), span)
        }
        hello::id::AGENT | hello::id::INSTANCE => text_or_raw("", "utf-8", tlv.value, span),
        id if hello::id::name(id).is_some() => match number_of(tlv.value) {
            Some(number) => Node::leaf("", grouped(number), NodeKind::Number, "u32", span),
            None => raw("", tlv.value, span),
        },
        _ => raw("", tlv.value, span),
    }
}

/// A metadata value as a node without a name (pairs name themselves), and what is wrong with it.
fn meta_value(tlv: &Tlv<'_>, span: Span) -> (Node, Option<String>) {
    let number = |note: &str| match number_of(tlv.value) {
        Some(number) => Node::leaf("", grouped(number), NodeKind::Number, note, span),
        None => raw("", tlv.value, span),
    };
    let sized = |node: Node, size: usize| {
        let complaint = (tlv.value.len() != size).then(|| format!("{} bytes instead of {size}", tlv.value.len()));
        (node, complaint)
    };
    match tlv.id {
        meta::id::METHOD | meta::id::MESSAGE | meta::id::REDIRECT | meta::id::TRACESTATE | meta::id::DETAIL => {
            let complaint = std::str::from_utf8(tlv.value).is_err().then(|| "not utf-8".to_owned());
            (text_or_raw("", "utf-8", tlv.value, span), complaint)
        }
        meta::id::TIMEOUT_US => {
            let mut reader = Reader::new(tlv.value);
            match reader.varint() {
                Ok(micros) if reader.is_empty() => {
                    (Node::leaf("", grouped(micros), NodeKind::Number, "varint, µs", span), None)
                }
                _ => (raw("", tlv.value, span), Some("not a varint".to_owned())),
            }
        }
        meta::id::TRACE => (trace_node(tlv.value, span), None),
        meta::id::CODEC => sized(named(tlv.value, Codec::by_id, Codec::name, span), 1),
        meta::id::COMPRESSION => sized(named(tlv.value, Compression::by_id, Compression::name, span), 1),
        meta::id::ATTEMPT | meta::id::PRIORITY => sized(number("u8"), 1),
        meta::id::RETRY_PUSHBACK_MS => {
            let value = <[u8; 4]>::try_from(tlv.value).map(i32::from_be_bytes);
            match value {
                Ok(pushback) => (Node::leaf("", pushback.to_string(), NodeKind::Number, "i32, ms", span), None),
                Err(_) => sized(raw("", tlv.value, span), 4),
            }
        }
        meta::id::SENT_AT => sized(number("u64, µs since 1970"), 8),
        meta::id::PAIR => match meta::split_pair(tlv) {
            Ok((key, value)) => (pair_node(key, value, span), None),
            Err(error) => (raw("", tlv.value, span), Some(error.to_string())),
        },
        _ => (raw("", tlv.value, span), None),
    }
}

/// A number that stands for a name.
fn named<T>(value: &[u8], by_id: fn(u8) -> Option<T>, name: fn(T) -> &'static str, span: Span) -> Node {
    match value {
        [id] => {
            let note = by_id(*id).map_or_else(|| "u8".to_owned(), |known| format!("u8, {}", name(known)));
            Node::leaf("", id.to_string(), NodeKind::Number, note, span)
        }
        other => raw("", other, span),
    }
}

fn trace_node(value: &[u8], span: Span) -> Node {
    let hex = |range: std::ops::Range<usize>| {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
        let bytes = value.get(range).unwrap_or_default().iter();
        bytes.flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect::<String>()
    };
    let mut node = raw("", value, span);
    if value.len() == 25 {
        node.value = hex(0..16);
        "trace id, parent span id, flags".clone_into(&mut node.note);
        node.children = vec![
            Node::leaf("trace_id", hex(0..16), NodeKind::Raw, "16 B", Span::at(span.start, 16)),
            Node::leaf("span_id", hex(16..24), NodeKind::Raw, "8 B", Span::at(span.start + 16, 8)),
            Node::leaf("flags", hex(24..25), NodeKind::Number, "u8", Span::at(span.start + 24, 1)),
        ];
    }
    node
}

fn pair_node(key: &str, value: &[u8], span: Span) -> Node {
    let value_span = Span::new(span.end - value.len(), span.end);
    let key_span = Span::new(value_span.start - key.len(), value_span.start);
    let mut node = text_or_raw(key, "pair", value, span);
    node.children = vec![
        Node::leaf("klen", key.len().to_string(), NodeKind::Number, "varint", Span::new(span.start, key_span.start)),
        Node::leaf("key", key, NodeKind::Text, "utf-8", key_span),
        text_or_raw("value", "", value, value_span),
    ];
    node
}
