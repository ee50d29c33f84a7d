//! What the metadata ids mean: a call's head, a status, pairs (`protocol/README.md`, "Metadata").

use std::time::Duration;

use bytes::{BufMut, BytesMut};

use crate::buf::{ReadError, Reader, put_varint};
use crate::call::CallHead;
use crate::engine::CancelReason;
use crate::frame::tlv::{self, Tlv, Tlvs};
use crate::{Code, Codec, Compression, Metadata, SpanId, Status, Trace, TraceId, Value};

/// The ids of the text.
pub(super) mod id {
    pub const METHOD: u8 = 1;
    pub const MESSAGE: u8 = 2;
    pub const TIMEOUT_US: u8 = 3;
    pub const TRACE: u8 = 4;
    pub const TRACESTATE: u8 = 5;
    pub const CODEC: u8 = 6;
    pub const ATTEMPT: u8 = 7;
    pub const IDEMPOTENCY_KEY: u8 = 8;
    pub const PRIORITY: u8 = 9;
    pub const AUTH_TOKEN: u8 = 10;
    pub const RETRY_PUSHBACK_MS: u8 = 11;
    pub const REDIRECT: u8 = 12;
    pub const LOAD_REPORT: u8 = 13;
    pub const DETAIL: u8 = 14;
    pub const SENT_AT: u8 = 15;
    pub const COMPRESSION: u8 = 16;
    pub const PAIR: u8 = 255;

    /// The name in the text.
    pub const fn name(id: u8) -> Option<&'static str> {
        Some(match id {
            METHOD => "method",
            MESSAGE => "message",
            TIMEOUT_US => "timeout_us",
            TRACE => "trace",
            TRACESTATE => "tracestate",
            CODEC => "codec",
            ATTEMPT => "attempt",
            IDEMPOTENCY_KEY => "idempotency_key",
            PRIORITY => "priority",
            AUTH_TOKEN => "auth_token",
            RETRY_PUSHBACK_MS => "retry_pushback_ms",
            REDIRECT => "redirect",
            LOAD_REPORT => "load_report",
            DETAIL => "detail",
            SENT_AT => "sent_at",
            COMPRESSION => "compression",
            PAIR => "pair",
            _ => return None,
        })
    }
}

/// STATUS's bit 0: no handler saw the call.
pub(super) const NOT_PROCESSED: u8 = 1;

/// Why metadata cannot be read. Offsets count from the start of the metadata.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MetaError {
    #[error("metadata breaks off: {0}")]
    Tlv(#[from] ReadError),
    #[error("{name} at metadata offset {offset} has {len} bytes, which is not its size")]
    Size { name: &'static str, offset: usize, len: usize },
    #[error("{name} at metadata offset {offset} is not utf-8")]
    Text { name: &'static str, offset: usize },
    #[error("a pair at metadata offset {offset} has no key")]
    Key { offset: usize },
    #[error("there is no method")]
    NoMethod,
}

/// What a REQUEST's metadata says. Whether codec and compression are any that we know, and were agreed, is not asked here.
#[derive(Debug, Default)]
pub(super) struct RequestMeta {
    pub head: CallHead,
    pub codec: u8,
    pub compression: u8,
}

fn name_of(tlv: &Tlv<'_>) -> &'static str {
    id::name(tlv.id).unwrap_or("entry")
}

fn size<const N: usize>(tlv: &Tlv<'_>) -> Result<[u8; N], MetaError> {
    let wrong = |_| MetaError::Size { name: name_of(tlv), offset: tlv.value_span.start, len: tlv.value.len() };
    <[u8; N]>::try_from(tlv.value).map_err(wrong)
}

fn text<'a>(tlv: &Tlv<'a>) -> Result<&'a str, MetaError> {
    let wrong = |error: std::str::Utf8Error| MetaError::Text {
        name: name_of(tlv),
        offset: tlv.value_span.start + error.valid_up_to(),
    };
    std::str::from_utf8(tlv.value).map_err(wrong)
}

fn number(tlv: &Tlv<'_>) -> Result<u64, MetaError> {
    let mut reader = Reader::new(tlv.value);
    let wrong = MetaError::Size { name: name_of(tlv), offset: tlv.value_span.start, len: tlv.value.len() };
    let number = reader.varint().map_err(|_| wrong.clone())?;
    if reader.is_empty() { Ok(number) } else { Err(wrong) }
}

/// Splits a pair's value into key and value.
pub(super) fn split_pair<'a>(tlv: &Tlv<'a>) -> Result<(&'a str, &'a [u8]), MetaError> {
    let offset = tlv.value_span.start;
    let mut reader = Reader::new(tlv.value);
    let len = reader.varint()?;
    let key = reader.take(usize::try_from(len).unwrap_or(usize::MAX))?;
    let key = std::str::from_utf8(key).map_err(|_| MetaError::Text { name: "pair", offset })?;
    if key.is_empty() { Err(MetaError::Key { offset }) } else { Ok((key, reader.rest())) }
}

/// Whether an entry that nobody here has a use for has its form all the same; unknown ones have any.
fn check(tlv: &Tlv<'_>) -> Result<(), MetaError> {
    match tlv.id {
        id::METHOD | id::MESSAGE | id::TRACESTATE | id::REDIRECT | id::DETAIL => text(tlv).map(drop),
        id::CODEC | id::ATTEMPT | id::PRIORITY | id::COMPRESSION => size::<1>(tlv).map(drop),
        id::RETRY_PUSHBACK_MS => size::<4>(tlv).map(drop),
        id::SENT_AT => size::<8>(tlv).map(drop),
        id::TRACE => size::<25>(tlv).map(drop),
        id::TIMEOUT_US => number(tlv).map(drop),
        id::PAIR => split_pair(tlv).map(drop),
        _ => Ok(()),
    }
}

/// Whether metadata can be read at all.
pub(super) fn check_all(meta: &[u8]) -> Result<(), MetaError> {
    Tlvs::new(meta).try_for_each(|tlv| check(&tlv?))
}

/// Appends a REQUEST's metadata. `timeout`: what is left now.
pub(super) fn put_request(out: &mut BytesMut, head: &CallHead, timeout: Option<Duration>) {
    tlv::put(out, id::METHOD, head.method.as_bytes());
    if let Some(timeout) = timeout {
        tlv::put_number(out, id::TIMEOUT_US, u64::try_from(timeout.as_micros()).unwrap_or(u64::MAX));
    }
    if let Some(trace) = &head.trace {
        let mut bytes = [0_u8; 25];
        let mut rest = bytes.as_mut_slice();
        rest.put_slice(&trace.trace_id.0);
        rest.put_slice(&trace.span_id.0);
        rest.put_u8(trace.flags);
        tlv::put(out, id::TRACE, &bytes);
        if !trace.state.is_empty() {
            tlv::put(out, id::TRACESTATE, trace.state.as_bytes());
        }
    }
    if head.encoding.codec != Codec::Json {
        tlv::put(out, id::CODEC, &[head.encoding.codec.id()]);
    }
    if head.attempt != 0 {
        tlv::put(out, id::ATTEMPT, &[head.attempt]);
    }
    if head.encoding.compression != Compression::None {
        tlv::put(out, id::COMPRESSION, &[head.encoding.compression.id()]);
    }
    put_pairs(out, &head.metadata);
}

/// Reads a REQUEST's metadata.
pub(super) fn read_request(meta: &[u8]) -> Result<RequestMeta, MetaError> {
    let mut request = RequestMeta { codec: 1, ..RequestMeta::default() };
    let mut named = false;
    let mut state = "";
    for tlv in Tlvs::new(meta) {
        let tlv = tlv?;
        let head = &mut request.head;
        match tlv.id {
            id::METHOD => {
                named = true;
                text(&tlv)?.clone_into(&mut head.method);
            }
            id::TIMEOUT_US => head.timeout = Some(Duration::from_micros(number(&tlv)?)),
            id::TRACE => head.trace = trace(&tlv)?,
            id::TRACESTATE => state = text(&tlv)?,
            id::CODEC => [request.codec] = size(&tlv)?,
            id::ATTEMPT => [head.attempt] = size(&tlv)?,
            id::COMPRESSION => [request.compression] = size(&tlv)?,
            id::PAIR => {
                let (key, value) = split_pair(&tlv)?;
                head.metadata.push(key, value);
            }
            _ => check(&tlv)?,
        }
    }
    // Without a trace its state says nothing.
    if let Some(trace) = &mut request.head.trace {
        state.clone_into(&mut trace.state);
    }
    if named { Ok(request) } else { Err(MetaError::NoMethod) }
}

/// Ids of zeros mean none (W3C Trace Context, 3.2.2): such a trace is passed over.
fn trace(tlv: &Tlv<'_>) -> Result<Option<Trace>, MetaError> {
    let bytes: [u8; 25] = size(tlv)?;
    let (mut trace_id, mut span_id) = ([0; 16], [0; 8]);
    let (trace, rest) = bytes.split_at(16);
    let (span, flags) = rest.split_at(8);
    trace_id.copy_from_slice(trace);
    span_id.copy_from_slice(span);
    let flags = flags.first().copied().unwrap_or_default();
    let ids = TraceId::new(trace_id).zip(SpanId::new(span_id));
    Ok(ids.map(|(trace_id, span_id)| Trace { trace_id, span_id, flags, state: String::new() }))
}

/// Appends metadata as pairs.
pub(super) fn put_pairs(out: &mut BytesMut, metadata: &Metadata) {
    for (key, value) in metadata.iter() {
        let mut klen = [0_u8; 10];
        let mut rest = klen.as_mut_slice();
        put_varint(&mut rest, key.len() as u64);
        let left = rest.len();
        let klen = klen.get(..10 - left).unwrap_or_default();
        out.put_u8(id::PAIR);
        put_varint(out, (klen.len() + key.len() + value.len()) as u64);
        out.put_slice(klen);
        out.put_slice(key.as_bytes());
        out.put_slice(value);
    }
}

/// Reads the pairs and passes over everything else.
pub(super) fn read_pairs(meta: &[u8]) -> Result<Metadata, MetaError> {
    let mut metadata = Metadata::new();
    for tlv in Tlvs::new(meta) {
        let tlv = tlv?;
        if tlv.id == id::PAIR {
            let (key, value) = split_pair(&tlv)?;
            metadata.push(key, value);
        } else {
            check(&tlv)?;
        }
    }
    Ok(metadata)
}

/// STATUS's body.
pub(super) fn status_body(status: &Status) -> [u8; 3] {
    let [high, low] = status.code.0.to_be_bytes();
    [high, low, if status.not_processed { NOT_PROCESSED } else { 0 }]
}

/// Appends a STATUS's metadata.
pub(super) fn put_status(out: &mut BytesMut, status: &Status) {
    if !status.message.is_empty() {
        tlv::put(out, id::MESSAGE, status.message.as_bytes());
    }
    if let Some(pushback) = status.pushback_ms {
        tlv::put(out, id::RETRY_PUSHBACK_MS, &pushback.to_be_bytes());
    }
    if let Some(redirect) = &status.redirect {
        tlv::put(out, id::REDIRECT, redirect.as_bytes());
    }
    for detail in &status.details {
        tlv::put(out, id::DETAIL, detail.to_string().as_bytes());
    }
    put_pairs(out, &status.trailers);
}

/// Reads a STATUS: its metadata, and code and flags out of its body.
pub(super) fn read_status(meta: &[u8], code: Code, flags: u8) -> Result<Status, MetaError> {
    let mut status = Status { code, not_processed: flags & NOT_PROCESSED != 0, ..Status::default() };
    for tlv in Tlvs::new(meta) {
        let tlv = tlv?;
        match tlv.id {
            id::MESSAGE => text(&tlv)?.clone_into(&mut status.message),
            id::RETRY_PUSHBACK_MS => status.pushback_ms = Some(i32::from_be_bytes(size(&tlv)?)),
            id::REDIRECT => status.redirect = Some(text(&tlv)?.to_owned()),
            id::DETAIL => {
                // A detail that is not JSON after all is kept as the text it is.
                let text = text(&tlv)?;
                status.details.push(serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)));
            }
            id::PAIR => {
                let (key, value) = split_pair(&tlv)?;
                status.trailers.push(key, value);
            }
            _ => check(&tlv)?,
        }
    }
    Ok(status)
}

impl CancelReason {
    /// The number in CANCEL.
    pub(super) const fn number(self) -> u16 {
        match self {
            Self::User => 1,
            Self::Deadline => 2,
            Self::Superseded => 3,
            Self::GoingAway => 4,
        }
    }

    /// How the call ends at the client.
    pub(super) const fn code(self) -> Code {
        match self {
            Self::Deadline => Code::DEADLINE_EXCEEDED,
            Self::User | Self::Superseded | Self::GoingAway => Code::CANCELLED,
        }
    }

    /// Its name in the text.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Deadline => "deadline",
            Self::Superseded => "superseded",
            Self::GoingAway => "going away",
        }
    }

    /// Out of CANCEL; a number that nobody named is somebody's wish.
    pub(super) const fn from_number(number: u16) -> Self {
        match number {
            2 => Self::Deadline,
            3 => Self::Superseded,
            4 => Self::GoingAway,
            _ => Self::User,
        }
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;
    use serde_json::json;

    use super::*;
    use crate::Encoding;

    #[test]
    fn a_head_comes_back_as_it_went() {
        let head = CallHead {
            method: "demo.Grüße/Sag".into(),
            metadata: [("a", b"1".to_vec()), ("a", b"".to_vec()), ("b-bin", vec![0, 255])].into_iter().collect(),
            timeout: Some(Duration::from_millis(800)),
            attempt: 2,
            one_way: false,
            trace: Trace::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "a=1,b=2").ok(),
            encoding: Encoding { codec: Codec::Cbor, compression: Compression::Zstd },
        };
        let mut out = BytesMut::new();
        put_request(&mut out, &head, head.timeout);
        let read = read_request(&out).unwrap();
        assert_eq!((read.codec, read.compression), (3, 2));
        // Whether they were agreed is for the server to say.
        assert_eq!(CallHead { encoding: head.encoding, ..read.head }, head);
    }

    #[test]
    fn a_trace_of_zeros_is_none_and_a_state_without_a_trace_says_nothing() {
        let head = |meta: &[u8]| read_request(meta).unwrap().head.trace;
        assert_eq!(head(&hex!("010161 0503613d31")), None);
        let mut zeros = hex!("010161 0419").to_vec();
        zeros.extend([0; 25]);
        assert_eq!(head(&zeros), None);
        // The state may come first.
        let mut trace = hex!("010161 0503613d31 0419").to_vec();
        trace.extend([7; 25]);
        let read = head(&trace).unwrap();
        assert_eq!(
            (read.traceparent().as_str(), read.state.as_str()),
            ("00-07070707070707070707070707070707-0707070707070707-07", "a=1")
        );
    }

    #[test]
    fn a_status_comes_back_as_it_went() {
        let status = Status {
            code: Code::REDIRECT,
            message: "gone to the other one".into(),
            said: None,
            details: vec![json!({"reason": "moved"}), json!(7)],
            not_processed: true,
            cut_off: false,
            pushback_ms: Some(-1),
            redirect: Some("native://127.0.0.1:7002".into()),
            trailers: [("cost", "3")].into_iter().collect(),
        };
        let mut out = BytesMut::new();
        put_status(&mut out, &status);
        let [high, low, flags] = status_body(&status);
        assert_eq!(read_status(&out, Code(u16::from_be_bytes([high, low])), flags), Ok(status));
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        for (meta, message) in [
            (hex!("0102ff41").as_slice(), "method at metadata offset 2 is not utf-8"),
            (&hex!("0302ffff"), "timeout_us at metadata offset 2 has 2 bytes, which is not its size"),
            (&hex!("07020101"), "attempt at metadata offset 2 has 2 bytes, which is not its size"),
            (&hex!("09020101"), "priority at metadata offset 2 has 2 bytes, which is not its size"),
            (&hex!("0501ff"), "tracestate at metadata offset 2 is not utf-8"),
            (&hex!("0b0100"), "retry_pushback_ms at metadata offset 2 has 1 bytes, which is not its size"),
            (&hex!("0105ff"), "metadata breaks off: needs 5 more bytes at offset 2, has 1"),
            (&hex!("ff020041"), "a pair at metadata offset 2 has no key"),
            (&hex!("0700"), "attempt at metadata offset 2 has 0 bytes, which is not its size"),
            (&[], "there is no method"),
        ] {
            assert_eq!(read_request(meta).unwrap_err().to_string(), message);
        }
        assert!(read_request(&hex!("010161 630171")).is_ok(), "unknown ids are skipped");
    }
}
