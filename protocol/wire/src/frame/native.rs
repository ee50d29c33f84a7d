//! The native protocol's frames: a 16-byte header, metadata, body (`protocol/README.md`, "Frames").
//!
//! ```text
//!  0      4     5      6         8           12          16
//!  | len  |type |flags | meta_len| stream_id | check     | meta (meta_len) | body (len - meta_len) |
//! ```
//!
//! [`Splitter`] cuts received bytes into frames without copying where they lie whole in one chunk, and
//! [`Encoder`] makes bytes to send. What a frame does to a call is the engine's matter.

use bytes::{Buf as _, BufMut, Bytes, BytesMut};

use crate::buf::Reader;
use crate::{Code, Fault};

/// First four bytes of a preface.
pub const MAGIC: [u8; 4] = [0x89, b'R', b'P', b'C'];
/// Bytes of a preface.
pub const PREFACE_LEN: usize = 8;
/// Bytes of a frame header.
pub const HEADER_LEN: usize = 16;
/// What a REQUEST or DATA spends of both windows beside its body, so that empty frames are not free.
pub const FRAME_COST: usize = 16;
/// Bodies from this size on are sent from where they lie; smaller ones are copied behind their header.
const SEPARATE_BODY: usize = 4 << 10;

/// Room that is made for bytes of a frame before they come.
const MAX_AHEAD: usize = 64 << 10;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind(pub u8);

impl Kind {
    /// Limits, lists, features, names.
    pub const HELLO: Self = Self(0x01);
    /// Reserved for authentication.
    pub const AUTH: Self = Self(0x02);
    /// Eight bytes to echo.
    pub const PING: Self = Self(0x03);
    /// No more calls.
    pub const GOAWAY: Self = Self(0x04);
    /// Credit.
    pub const WINDOW: Self = Self(0x05);
    /// Opens a call.
    pub const REQUEST: Self = Self(0x10);
    /// A message or a part of one.
    pub const DATA: Self = Self(0x11);
    /// Ends a call.
    pub const STATUS: Self = Self(0x12);
    /// The client gave up.
    pub const CANCEL: Self = Self(0x13);
    /// Early response metadata.
    pub const HEADERS: Self = Self(0x14);

    /// The name in the text; `None` for a type that version 1 does not know.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::HELLO => "HELLO",
            Self::AUTH => "AUTH",
            Self::PING => "PING",
            Self::GOAWAY => "GOAWAY",
            Self::WINDOW => "WINDOW",
            Self::REQUEST => "REQUEST",
            Self::DATA => "DATA",
            Self::STATUS => "STATUS",
            Self::CANCEL => "CANCEL",
            Self::HEADERS => "HEADERS",
            _ => return None,
        })
    }

    /// Whether it belongs to a call rather than to the connection.
    pub const fn is_call(self) -> bool {
        matches!(self, Self::REQUEST | Self::DATA | Self::STATUS | Self::CANCEL | Self::HEADERS)
    }
}

/// A frame's flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u8);

impl Flags {
    /// None.
    pub const NONE: Self = Self(0);
    /// The sender half-closes.
    pub const END: Self = Self(0x01);
    /// The message goes on in the next frame.
    pub const MORE: Self = Self(0x02);
    /// The message is compressed.
    pub const COMP: Self = Self(0x04);
    /// `check` holds a checksum.
    pub const CK: Self = Self(0x08);
    /// This answers a PING.
    pub const ACK: Self = Self(0x10);
    /// May be skipped.
    pub const IGN: Self = Self(0x20);
    /// The body is, or continues, a message.
    pub const MSG: Self = Self(0x40);
    /// Nothing comes back.
    pub const ONEWAY: Self = Self(0x80);

    /// Every flag with its name, lowest bit first.
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::END, "END"),
        (Self::MORE, "MORE"),
        (Self::COMP, "COMP"),
        (Self::CK, "CK"),
        (Self::ACK, "ACK"),
        (Self::IGN, "IGN"),
        (Self::MSG, "MSG"),
        (Self::ONEWAY, "ONEWAY"),
    ];

    /// Whether all of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// With `other`, too.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// With `other` if `condition` holds.
    #[must_use]
    pub const fn with_if(self, condition: bool, other: Self) -> Self {
        if condition { self.with(other) } else { self }
    }

    /// Names of the flags that are set, joined by `|`; `-` if none is.
    pub fn names(self) -> String {
        let names: Vec<_> = Self::ALL.iter().filter(|(flag, _)| self.has(*flag)).map(|(_, name)| *name).collect();
        if names.is_empty() { "-".to_owned() } else { names.join("|") }
    }
}

/// A frame's first sixteen bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes behind the header.
    pub len: u32,
    /// What it is.
    pub kind: Kind,
    /// Flags.
    pub flags: Flags,
    /// How many of `len` are metadata.
    pub meta_len: u16,
    /// The call; 0 = the connection.
    pub stream: u32,
    /// CRC32C with flag CK, else 0.
    pub check: u32,
}

impl Header {
    /// Out of its bytes; `None` if there are fewer than sixteen.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        Some(Self {
            len: reader.u32().ok()?,
            kind: Kind(reader.u8().ok()?),
            flags: Flags(reader.u8().ok()?),
            meta_len: reader.u16().ok()?,
            stream: reader.u32().ok()?,
            check: reader.u32().ok()?,
        })
    }

    /// Its first twelve bytes, which the checksum covers.
    pub fn encode_unchecked(&self) -> [u8; 12] {
        let mut out = [0; 12];
        let mut rest = out.as_mut_slice();
        rest.put_u32(self.len);
        rest.put_u8(self.kind.0);
        rest.put_u8(self.flags.0);
        rest.put_u16(self.meta_len);
        rest.put_u32(self.stream);
        out
    }

    /// Bytes of the whole frame.
    pub const fn frame_len(&self) -> usize {
        HEADER_LEN.saturating_add(self.len as usize)
    }

    /// Bytes of the body; `None` if the metadata alone would pass the frame's end.
    pub const fn body_len(&self) -> Option<usize> {
        (self.len as usize).checked_sub(self.meta_len as usize)
    }
}

/// The largest frame that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Body bytes.
    pub body: usize,
    /// Metadata bytes.
    pub meta: usize,
}

/// A received frame. Its bytes are a slice of the chunk in which they came.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its header.
    pub header: Header,
    /// Offset of its header in the received bytes of the connection.
    pub at: u64,
    payload: Bytes,
}

impl Frame {
    /// Metadata.
    pub fn meta(&self) -> &[u8] {
        self.payload.get(..usize::from(self.header.meta_len)).unwrap_or_default()
    }

    /// Body, without copying.
    pub fn into_body(mut self) -> Bytes {
        self.payload.advance(usize::from(self.header.meta_len).min(self.payload.len()));
        self.payload
    }

    /// Body, to look at.
    pub fn body(&self) -> &[u8] {
        self.payload.get(usize::from(self.header.meta_len)..).unwrap_or_default()
    }

    /// Bytes that it spends of both windows.
    pub fn cost(&self) -> usize {
        self.body().len().saturating_add(FRAME_COST)
    }

    /// Offset of the body in the received bytes of the connection.
    pub fn body_at(&self) -> u64 {
        self.at + HEADER_LEN as u64 + u64::from(self.header.meta_len)
    }

    /// Whether a flag is set.
    pub const fn has(&self, flag: Flags) -> bool {
        self.header.flags.has(flag)
    }
}

/// Cuts one direction of a connection into a preface and frames, strictly.
///
/// `held` is the start of a frame that began in an earlier chunk; `chunk` is what is left of the latest one.
/// Only frames that lie across chunks are copied, and `held` grows with what arrives, never with what a header announces.
#[derive(Debug, Default)]
pub struct Splitter {
    held: BytesMut,
    chunk: Bytes,
    at: u64,
}

impl Splitter {
    /// More received bytes. Call [`Self::next_frame`] until it gives nothing.
    pub fn feed(&mut self, bytes: Bytes) {
        if self.chunk.is_empty() {
            self.chunk = bytes;
        } else {
            self.held.extend_from_slice(&self.chunk);
            self.chunk = bytes;
        }
    }

    /// Offset in the received bytes of what comes next.
    pub const fn offset(&self) -> u64 {
        self.at
    }

    /// Bytes received and not cut yet.
    pub fn left(&self) -> usize {
        self.held.len() + self.chunk.len()
    }

    /// The first byte not cut yet.
    pub fn peek(&self) -> Option<u8> {
        self.held.first().or_else(|| self.chunk.first()).copied()
    }

    /// At most the next sixteen bytes, to say what was found.
    pub fn peek_some(&self) -> Vec<u8> {
        self.held.iter().chain(self.chunk.iter()).copied().take(HEADER_LEN).collect()
    }

    /// The preface, once it is whole.
    pub fn next_preface(&mut self) -> Option<[u8; PREFACE_LEN]> {
        let bytes = self.take(PREFACE_LEN)?;
        let mut preface = [0; PREFACE_LEN];
        preface.copy_from_slice(&bytes);
        Some(preface)
    }

    /// The next frame, once it is whole. Lengths are checked as soon as the header is there, the checksum before anything else is looked at.
    pub fn next_frame(&mut self, bounds: Bounds) -> Result<Option<Frame>, Fault> {
        let Some(header) = self.peek_header() else { return Ok(None) };
        let at = self.at;
        check_bounds(&header, bounds, at)?;
        let Some(mut bytes) = self.take(header.frame_len()) else { return Ok(None) };
        if header.flags.has(Flags::CK) {
            let (head, payload) = (bytes.get(..12).unwrap_or_default(), bytes.get(HEADER_LEN..).unwrap_or_default());
            let found = crc32c::crc32c_append(crc32c::crc32c(head), payload);
            if found != header.check {
                let what = format!("frame with checksum {found:08x} says {:08x}", header.check);
                return Err(Fault::peer(Code::CHECKSUM_MISMATCH, at, what));
            }
        }
        // Cheaper than splitting: nobody shares what is passed over.
        bytes.advance(HEADER_LEN.min(bytes.len()));
        Ok(Some(Frame { header, at, payload: bytes }))
    }

    fn peek_header(&mut self) -> Option<Header> {
        if self.held.is_empty() {
            return Header::decode(&self.chunk);
        }
        self.hold(HEADER_LEN);
        Header::decode(&self.held)
    }

    /// Moves bytes from `chunk` until `held` has `len` of them, or all there are.
    fn hold(&mut self, len: usize) {
        let missing = len.saturating_sub(self.held.len());
        // Room for the rest of a usual frame at once; a larger one has to come before it gets any.
        self.held.reserve(missing.min(MAX_AHEAD));
        let missing = missing.min(self.chunk.len());
        let part = self.chunk.split_to(missing);
        self.held.extend_from_slice(&part);
    }

    fn take(&mut self, len: usize) -> Option<Bytes> {
        let bytes = if self.held.is_empty() {
            (self.chunk.len() >= len).then(|| self.chunk.split_to(len))?
        } else {
            self.hold(len);
            (self.held.len() >= len).then(|| self.held.split_to(len).freeze())?
        };
        self.at += len as u64;
        Some(bytes)
    }
}

fn check_bounds(header: &Header, bounds: Bounds, at: u64) -> Result<(), Fault> {
    let Some(body) = header.body_len() else {
        let what = format!("frame length {} is below its metadata length {}", header.len, header.meta_len);
        return Err(Fault::peer(Code::PROTOCOL_ERROR, at, what));
    };
    let too_large = |what: &str, len: usize, limit: usize| {
        Fault::peer(
            Code::FRAME_TOO_LARGE,
            at,
            format!("{what} length {} passes the limit of {}", grouped(len as u64), grouped(limit as u64)),
        )
    };
    if body > bounds.body {
        return Err(too_large("frame body", body, bounds.body));
    }
    if usize::from(header.meta_len) > bounds.meta {
        return Err(too_large("metadata", usize::from(header.meta_len), bounds.meta));
    }
    Ok(())
}

/// Digits in groups of three, for people.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Makes frames to send. Small ones share a buffer; large bodies stay where they are.
#[derive(Debug, Default)]
pub struct Encoder {
    buf: BytesMut,
    /// Whether frames carry checksums.
    pub checksums: bool,
}

impl Encoder {
    /// Appends bytes that are no frame: the preface.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buf.extend_from_slice(bytes);
    }

    /// Appends a frame and returns its length. `meta` appends the metadata; if that passes `max_meta`
    /// nothing is sent and its length is the error.
    pub fn frame(
        &mut self,
        out: &mut Vec<Bytes>,
        (kind, flags, stream): (Kind, Flags, u32),
        max_meta: usize,
        meta: impl FnOnce(&mut BytesMut),
        body: &Bytes,
    ) -> Result<usize, usize> {
        let start = self.buf.len();
        self.buf.extend_from_slice(&[0; HEADER_LEN]);
        meta(&mut self.buf);
        let meta_len = self.buf.len() - start - HEADER_LEN;
        if meta_len > max_meta || meta_len > usize::from(u16::MAX) {
            self.buf.truncate(start);
            return Err(meta_len);
        }
        let len = meta_len + body.len();
        let header = Header {
            len: len as u32,
            kind,
            flags: flags.with_if(self.checksums, Flags::CK),
            meta_len: meta_len as u16,
            stream,
            check: 0,
        };
        let separate = body.len() >= SEPARATE_BODY;
        if !separate {
            self.buf.extend_from_slice(body);
        }
        let head = header.encode_unchecked();
        let mut check = 0;
        if self.checksums {
            check = crc32c::crc32c(&head);
            check = crc32c::crc32c_append(check, self.buf.get(start + HEADER_LEN..).unwrap_or_default());
            if separate {
                check = crc32c::crc32c_append(check, body);
            }
        }
        if let Some(mut place) = self.buf.get_mut(start..start + HEADER_LEN) {
            place.put_slice(&head);
            place.put_u32(check);
        }
        if separate {
            self.flush(out);
            out.push(body.clone());
        }
        Ok(HEADER_LEN + len)
    }

    /// Hands over what was appended so far.
    pub fn flush(&mut self, out: &mut Vec<Bytes>) {
        if !self.buf.is_empty() {
            out.push(self.buf.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Bounds = Bounds { body: 65_536, meta: 16_384 };

    fn encode(kind: Kind, flags: Flags, stream: u32, meta: &[u8], body: &[u8], checksums: bool) -> Vec<u8> {
        let mut encoder = Encoder { checksums, ..Encoder::default() };
        let mut out = Vec::new();
        let body = Bytes::copy_from_slice(body);
        encoder.frame(&mut out, (kind, flags, stream), 65_535, |buf| buf.extend_from_slice(meta), &body).unwrap();
        encoder.flush(&mut out);
        out.concat()
    }

    #[test]
    fn a_frame_has_the_bytes_of_the_text() {
        let bytes = encode(Kind::DATA, Flags::END.with(Flags::MSG), 1, b"", br#"{"sum":3}"#, true);
        assert_eq!(bytes, hex!("00000009 11490000 00000001 e110809e 7b2273756d223a337d"));
        assert_eq!(Flags(0x49).names(), "END|CK|MSG");
    }

    #[test]
    fn a_whole_frame_is_not_copied() {
        let bytes = Bytes::from(encode(Kind::DATA, Flags::MSG, 1, b"", b"hello", true));
        let place = bytes.as_ptr();
        let mut splitter = Splitter::default();
        splitter.feed(bytes);
        let body = splitter.next_frame(BOUNDS).unwrap().unwrap().into_body();
        assert_eq!(body.as_ptr(), place.wrapping_add(HEADER_LEN));
    }

    #[test]
    fn lengths_are_refused_before_their_bytes_arrive() {
        for (header, code, what) in [
            (
                hex!("ffffffff 11400000 00000001 00000000"),
                Code::FRAME_TOO_LARGE,
                "frame body length 4,294,967,295 passes the limit of 65,536 (offset 0)",
            ),
            (
                hex!("00010001 11400000 00000001 00000000"),
                Code::FRAME_TOO_LARGE,
                "frame body length 65,537 passes the limit of 65,536 (offset 0)",
            ),
            (
                hex!("00004001 11404001 00000001 00000000"),
                Code::FRAME_TOO_LARGE,
                "metadata length 16,385 passes the limit of 16,384 (offset 0)",
            ),
            (
                hex!("00000001 11400002 00000001 00000000"),
                Code::PROTOCOL_ERROR,
                "frame length 1 is below its metadata length 2 (offset 0)",
            ),
        ] {
            let mut splitter = Splitter::default();
            splitter.feed(Bytes::copy_from_slice(&header));
            let fault = splitter.next_frame(BOUNDS).unwrap_err();
            assert_eq!((fault.code, fault.to_string().as_str()), (code, what));
        }
    }

    #[test]
    fn a_wrong_checksum_is_found() {
        let mut bytes = encode(Kind::DATA, Flags::MSG, 1, b"", b"hello", true);
        *bytes.last_mut().unwrap() ^= 1;
        let mut splitter = Splitter::default();
        splitter.feed(bytes.into());
        assert_eq!(splitter.next_frame(BOUNDS).unwrap_err().code, Code::CHECKSUM_MISMATCH);
    }

    #[test]
    fn metadata_that_is_too_long_is_not_sent() {
        let mut encoder = Encoder::default();
        let mut out = Vec::new();
        encoder.raw(b"before");
        let head = (Kind::REQUEST, Flags::NONE, 1);
        assert_eq!(encoder.frame(&mut out, head, 9, |buf| buf.extend_from_slice(&[0; 10]), &Bytes::new()), Err(10));
        encoder.flush(&mut out);
        assert_eq!(out, [Bytes::from_static(b"before")]);
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_frames(
            frames in prop::collection::vec((any::<u8>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..20), prop::collection::vec(any::<u8>(), 0..6000), any::<bool>()), 1..5),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let mut bytes = Vec::new();
            for (kind, stream, meta, body, check) in &frames {
                bytes.extend(encode(Kind(*kind), Flags::MSG, *stream, meta, body, *check));
            }
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut splitter = Splitter::default();
            let mut found = Vec::new();
            for pair in cuts.windows(2) {
                splitter.feed(Bytes::copy_from_slice(&bytes[pair[0]..pair[1]]));
                while let Some(frame) = splitter.next_frame(BOUNDS).unwrap() {
                    found.push((frame.header.kind.0, frame.header.stream, frame.meta().to_vec(), frame.body().to_vec(), frame.has(Flags::CK)));
                }
            }
            prop_assert_eq!(found, frames);
            prop_assert_eq!(splitter.left(), 0);
        }
    }
}
