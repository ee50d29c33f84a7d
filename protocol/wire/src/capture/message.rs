//! A message put together from its frames, and where in which frame each of its bytes is.
//!
//! ```text
//!  frames of a stream, one direction   │DATA ▒▒▒▒│ │DATA ▒▒▒▒│ … │DATA ▒▒│      ▒ = part of the message
//!                                            └──────┐  │      ┌──────┘
//!  message, as on the wire                    ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒
//! ```
//!
//! Frames of other streams lie in between, and the oldest parts may be gone already: a message says whether its
//! beginning and its end are here. What the bytes mean is told elsewhere (`inspect::content`).

use std::cmp::Ordering;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::{Frame, Store};
use crate::inspect::Part;
use crate::{Compression, ConnectionId, Encoding, FrameId, Span, Time};

/// Taps of different connections come a little out of order.
const DISORDER: Duration = Duration::from_secs(1);

/// One message among everything that was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageKey {
    /// The connection.
    pub connection: ConnectionId,
    /// The call's number on it.
    pub stream: u64,
    /// Whether this side of the connection wrote it.
    pub sent: bool,
    /// Its place among the messages of its stream that went the same way, from 0.
    pub number: u32,
}

/// Which bytes of a recorded frame are a message, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessagePart {
    /// The message's place in its stream and direction, from 0; `None` where bytes were lost before it.
    pub number: Option<u32>,
    /// Its first byte is in this frame.
    pub begins: bool,
    /// Its last byte is in this frame.
    pub ends: bool,
    /// It is compressed as a whole.
    pub compressed: bool,
    // A frame's record is kept a million times: eight bytes are enough.
    start: u32,
    len: u32,
}

/// A message, as far as its frames are here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its frames in order.
    pub parts: Vec<PartAt>,
    /// Its bytes as on the wire.
    pub bytes: Bytes,
    /// Its place in its stream and direction, from 0.
    pub number: Option<u32>,
    /// Its first byte is here.
    pub begins: bool,
    /// Its last byte is here.
    pub ends: bool,
    /// It is compressed as a whole: its bytes say nothing alone.
    pub compressed: bool,
    /// What it is in; the compression counts only if it is compressed.
    pub encoding: Encoding,
}

/// A frame's part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartAt {
    /// The frame.
    pub frame: FrameId,
    /// The part in the frame's bytes.
    pub in_frame: Span,
    /// Its first byte in the message's bytes.
    pub at: usize,
}

/// The parts of a message, not joined yet: made under the store's lock, to be joined without it.
#[derive(Clone, Debug)]
pub struct Pieces {
    pieces: Vec<(FrameId, MessagePart, Bytes)>,
    encoding: Encoding,
}

impl MessagePart {
    pub(super) fn new(number: Option<u32>, begins: bool, part: Part) -> Option<Self> {
        let start = u32::try_from(part.span.start).ok()?;
        let len = u32::try_from(part.span.len()).ok()?;
        Some(Self { number, begins, ends: !part.more, compressed: part.compressed, start, len })
    }

    /// Its bytes in the frame.
    pub const fn span(&self) -> Span {
        Span::at(self.start as usize, self.len as usize)
    }
}

impl PartAt {
    /// The part in the message's bytes.
    pub const fn in_message(&self) -> Span {
        Span::at(self.at, self.in_frame.len())
    }
}

impl Message {
    /// Where bytes of the message are: each frame that has some of them, and which of its bytes they are.
    pub fn in_frames(&self, span: Span) -> impl Iterator<Item = (FrameId, Span)> {
        let first = self.parts.partition_point(|part| part.in_message().end <= span.start);
        let parts = self.parts.get(first..).unwrap_or_default();
        parts.iter().take_while(move |part| part.at < span.end).map(move |part| {
            let here = part.in_message();
            let (start, end) = (span.start.max(here.start), span.end.min(here.end));
            (part.frame, Span::new(start, end).shifted_back(part.at).shifted(part.in_frame.start))
        })
    }

    /// The place in the message of a byte of a frame; `None` for framing.
    pub fn of_frame(&self, frame: FrameId, offset: usize) -> Option<usize> {
        let part = self.part(frame)?;
        part.in_frame.has(offset).then(|| offset - part.in_frame.start + part.at)
    }

    /// What a frame has of the message.
    pub fn part(&self, frame: FrameId) -> Option<&PartAt> {
        self.parts.iter().find(|part| part.frame == frame)
    }

    /// What its bytes are compressed by.
    pub fn compression(&self) -> Compression {
        if self.compressed { self.encoding.compression } else { Compression::None }
    }

    /// Whether all of it is here.
    pub const fn is_whole(&self) -> bool {
        self.begins && self.ends
    }
}

impl Pieces {
    /// Bytes of all parts.
    pub fn len(&self) -> usize {
        self.pieces.iter().map(|(_, part, _)| part.len as usize).sum()
    }

    /// Whether there is no byte in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The message. Bytes are copied only where there is more than one part.
    pub fn join(self) -> Message {
        let mut parts = Vec::with_capacity(self.pieces.len());
        let mut at = 0;
        for (frame, part, _) in &self.pieces {
            parts.push(PartAt { frame: *frame, in_frame: part.span(), at });
            at += part.len as usize;
        }
        let bytes = match self.pieces.as_slice() {
            [(_, part, bytes)] => slice(bytes, part.span()),
            several => {
                let mut joined = BytesMut::with_capacity(at);
                for (_, part, bytes) in several {
                    joined.extend_from_slice(bytes.get(part.span().range()).unwrap_or_default());
                }
                joined.freeze()
            }
        };
        let first = self.pieces.first().map(|(_, part, _)| part);
        let last = self.pieces.last().map(|(_, part, _)| part);
        Message {
            parts,
            bytes,
            number: first.and_then(|part| part.number),
            begins: first.is_some_and(|part| part.begins),
            ends: last.is_some_and(|part| part.ends),
            compressed: first.is_some_and(|part| part.compressed),
            encoding: self.encoding,
        }
    }
}

fn slice(bytes: &Bytes, span: Span) -> Bytes {
    if span.end <= bytes.len() { bytes.slice(span.range()) } else { Bytes::new() }
}

impl Frame {
    /// The message that it has a part of, if one can tell which.
    pub fn message_key(&self) -> Option<MessageKey> {
        let number = self.message?.number?;
        Some(MessageKey { connection: self.connection, stream: self.stream, sent: self.sent, number })
    }
}

impl Store {
    /// The message that a frame has a part of: all of its parts that are here.
    pub fn pieces_of(&self, frame: FrameId) -> Option<Pieces> {
        let here = self.get(frame)?;
        let part = here.message?;
        let same = |other: &&Frame| {
            other.connection == here.connection && other.stream == here.stream && other.sent == here.sent
        };
        let piece = |other: &Frame| other.message.map(|part| (other.id, part, other.bytes.clone()));
        let mut pieces = Vec::new();
        if !part.begins {
            let mut before = self.before(frame).filter(same).filter_map(piece);
            // Behind the end of the message before, or where counting is off, nothing belongs to this one.
            while let Some(piece) = before.next().filter(|(_, other, _)| !other.ends && other.number == part.number) {
                let begins = piece.1.begins;
                pieces.push(piece);
                if begins {
                    break;
                }
            }
            pieces.reverse();
        }
        pieces.extend(piece(here));
        if !part.ends {
            let mut after = self.since(FrameId(frame.0 + 1)).filter(same).filter_map(piece);
            while let Some(piece) = after.next().filter(|(_, other, _)| !other.begins && other.number == part.number) {
                let ends = piece.1.ends;
                pieces.push(piece);
                if ends {
                    break;
                }
            }
        }
        Some(Pieces { pieces, encoding: here.encoding })
    }

    /// A frame with a part of this message, looked for around `near` first.
    pub fn find_message(&self, key: &MessageKey, near: Time) -> Option<FrameId> {
        let oldest = self.since(self.first_id()).next()?;
        if self.dropped() > 0 && near + DISORDER < oldest.at {
            return None;
        }
        let middle = self.first_at(near);
        let mut before = self.before(middle);
        let mut after = self.since(middle);
        loop {
            let (earlier, later) = (before.next(), after.next());
            if earlier.is_none() && later.is_none() {
                return None;
            }
            let found = earlier.into_iter().chain(later).find(|frame| frame.message_key().as_ref() == Some(key));
            if let Some(found) = found {
                return Some(found.id);
            }
        }
    }

    /// Frames before this one, the latest first.
    fn before(&self, frame: FrameId) -> impl Iterator<Item = &Frame> {
        let first = self.first_id().0;
        (first..frame.0).rev().map_while(|id| self.get(FrameId(id)))
    }

    /// About the first frame that was seen at `at` or later.
    fn first_at(&self, at: Time) -> FrameId {
        let (mut low, mut high) = (self.first_id().0, self.next_id().0);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(FrameId(middle)).map(|frame| frame.at.cmp(&at)) {
                Some(Ordering::Less) => low = middle + 1,
                _ => high = middle,
            }
        }
        FrameId(low)
    }
}

#[cfg(test)]
mod tests;
