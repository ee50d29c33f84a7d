//! Received bytes cut into JSON values, strictly: the first byte that cannot be JSON is the peer's fault.

use bytes::{Buf as _, Bytes, BytesMut};

use crate::value::extent::{Extent, Scanner};
use crate::value::scan::is_space;
use crate::{Code, Fault, Limits};

/// Cuts one direction of a live connection.
#[derive(Debug)]
pub(super) struct Values {
    scanner: Scanner,
    /// The value so far, if it lies in more than one chunk.
    partial: BytesMut,
    /// Received and not looked at.
    rest: Bytes,
    /// Of the next byte of `rest`, in all that was received.
    offset: u64,
    /// Values so far.
    complete: u64,
    /// One follows the last of them.
    line_feed: bool,
    max_message: usize,
    max_depth: usize,
}

impl Values {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            scanner: Scanner::new(limits.max_depth),
            partial: BytesMut::new(),
            rest: Bytes::new(),
            offset: 0,
            complete: 0,
            line_feed: false,
            max_message: limits.max_message,
            max_depth: limits.max_depth,
        }
    }

    /// More bytes, in order.
    pub(super) fn push(&mut self, bytes: Bytes) {
        if self.rest.is_empty() {
            self.rest = bytes;
        } else {
            // Rare: somebody reads on although told not to.
            self.rest = [self.rest.as_ref(), bytes.as_ref()].concat().into();
        }
    }

    /// The next value, without copying where it lies in one chunk.
    pub(super) fn next(&mut self) -> Option<Result<Bytes, Fault>> {
        self.skip_space();
        let start = self.offset - self.partial.len() as u64;
        if self.rest.is_empty() {
            return None;
        }
        let (len, ends) = match self.scanner.feed(&self.rest) {
            Extent::More => (self.rest.len(), false),
            Extent::Ends(len) => (len, true),
            Extent::Broken(mistake) => {
                let offset = start + mistake.offset;
                return Some(Err(Fault::peer(Code::INVALID_ARGUMENT, offset, mistake.what)));
            }
        };
        if self.partial.len() + len > self.max_message {
            let offset = start + self.max_message as u64;
            let what = format!("a message is larger than {} bytes", self.max_message);
            return Some(Err(Fault::peer(Code::RESOURCE_EXHAUSTED, offset, what)));
        }
        self.offset += len as u64;
        let piece = self.rest.split_to(len);
        let value = if self.partial.is_empty() && ends {
            piece
        } else {
            self.partial.extend_from_slice(&piece);
            if !ends {
                return None;
            }
            self.partial.split().freeze()
        };
        self.scanner = Scanner::new(self.max_depth);
        self.complete += 1;
        self.line_feed = false;
        if let Err(error) = std::str::from_utf8(&value) {
            let offset = start + error.valid_up_to() as u64;
            return Some(Err(Fault::peer(Code::INVALID_ARGUMENT, offset, "a string is not UTF-8")));
        }
        Some(Ok(value))
    }

    /// Whether more than the first value is there: a line feed behind it, or another value's first byte.
    pub(super) fn more_than_one(&mut self) -> bool {
        self.skip_space();
        self.line_feed || self.complete > 1 || (self.complete == 1 && (self.is_inside() || !self.rest.is_empty()))
    }

    /// Whether the last value has a line feed behind it, as far as `next` has looked.
    pub(super) fn has_line_feed(&self) -> bool {
        self.line_feed
    }

    /// Whether a value has begun and not ended.
    pub(super) fn is_inside(&self) -> bool {
        !self.scanner.is_fresh()
    }

    /// Offset behind the value that `next` gave last, as long as nothing was asked since.
    pub(super) fn read_to(&self) -> u64 {
        self.offset
    }

    /// Bytes received so far.
    pub(super) fn offset(&self) -> u64 {
        self.offset + self.rest.len() as u64
    }

    fn skip_space(&mut self) {
        if self.is_inside() {
            return;
        }
        let space = self.rest.iter().take_while(|byte| is_space(**byte)).count();
        self.line_feed |= self.complete > 0 && self.rest.iter().take(space).any(|byte| *byte == b'\n');
        self.rest.advance(space);
        self.offset += space as u64;
    }
}
