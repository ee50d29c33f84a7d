//! What an engine made and the transport has not taken yet: written vectored, flushed once.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::AsyncWrite as _;

use crate::tap::ConnectionTap;
use crate::transport::BoxStream;

/// Pieces of one write. A frame is a header and a body, so this is a good batch, and it fits on the stack.
const SLICES: usize = 64;

#[derive(Default)]
pub(super) struct Outgoing {
    pieces: VecDeque<Bytes>,
    bytes: usize,
    unflushed: bool,
}

/// How much is left to do. Between two additions it only falls, so it differs whenever something was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    bytes: usize,
    unflushed: bool,
}

impl Outgoing {
    pub(super) const fn left(&self) -> Left {
        Left { bytes: self.bytes, unflushed: self.unflushed }
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether everything is written and flushed.
    pub(super) const fn is_done(&self) -> bool {
        self.bytes == 0 && !self.unflushed
    }

    pub(super) fn extend(&mut self, pieces: impl IntoIterator<Item = Bytes>) {
        for piece in pieces {
            if !piece.is_empty() {
                self.bytes += piece.len();
                self.pieces.push_back(piece);
            }
        }
    }

    /// Nothing of it will ever be written.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// One write and, behind the last piece, the flush. Returns the bytes written: 0 after a flush that had to wait.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut BoxStream,
        tap: &mut ConnectionTap,
    ) -> Poll<io::Result<usize>> {
        if self.pieces.is_empty() {
            ready!(Pin::new(stream).poll_flush(cx))?;
            self.unflushed = false;
            return Poll::Ready(Ok(0));
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let mut used = 0;
        for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
            *slice = IoSlice::new(piece);
            used += 1;
        }
        let written = ready!(Pin::new(&mut *stream).poll_write_vectored(cx, slices.get(..used).unwrap_or_default()))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.unflushed = true;
        self.taken(written, tap);
        // At once: an answer read in between would come before the news that its request was written, or end the call
        // that it is for. One that has to wait is asked again with the next turn.
        if self.pieces.is_empty()
            && let Poll::Ready(flushed) = Pin::new(stream).poll_flush(cx)
        {
            flushed?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(written))
    }

    /// The transport has taken this many bytes: one chunk for the tap, whatever pieces they were.
    fn taken(&mut self, written: usize, tap: &mut ConnectionTap) {
        self.bytes = self.bytes.saturating_sub(written);
        let whole = self.pieces.front().is_some_and(|front| front.len() >= written);
        let mut seen = if tap.is_on() && !whole { BytesMut::with_capacity(written) } else { BytesMut::new() };
        let mut left = written;
        while left > 0
            && let Some(front) = self.pieces.front_mut()
        {
            let len = left.min(front.len());
            let piece = if len == front.len() { std::mem::take(front) } else { front.split_to(len) };
            left -= len;
            if !front.has_remaining() {
                self.pieces.pop_front();
            }
            if whole {
                tap.sent(&piece);
            } else if tap.is_on() {
                seen.extend_from_slice(&piece);
            }
        }
        if !seen.is_empty() {
            tap.sent(&seen.freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use callscope_wire::capture::{ConnectionFacts, TapEvent};
    use callscope_wire::engine::Side;
    use tokio::io::{AsyncReadExt as _, duplex};

    use super::*;
    use crate::tap::Tap;

    #[tokio::test]
    async fn partial_writes_lose_nothing_and_are_tapped_as_they_went() {
        let (tap, chunks) = Tap::new(64);
        let mut tap = tap.open(ConnectionFacts {
            side: Side::Client,
            local: String::new(),
            peer: String::new(),
            transport: "memory",
            dialect: None,
            instance: None,
        });
        let (ours, mut theirs) = duplex(5);
        let mut stream: BoxStream = Box::new(ours);
        let mut outgoing = Outgoing::default();
        outgoing.extend([&b"ab"[..], b"", b"cdefgh", b"i"].map(Bytes::from_static));
        assert_eq!(outgoing.bytes(), 9);
        let writing = async {
            while !outgoing.is_done() {
                std::future::poll_fn(|cx| outgoing.poll_write(cx, &mut stream, &mut tap)).await.unwrap();
            }
            drop(stream);
        };
        let mut read = Vec::new();
        let (read_result, ()) = tokio::join!(theirs.read_to_end(&mut read), writing);
        assert_eq!(read_result.unwrap(), 9);
        assert_eq!(read, b"abcdefghi");
        let seen: Vec<u8> = chunks
            .try_iter()
            .filter_map(|chunk| if let TapEvent::Sent(bytes) = chunk.what { Some(bytes) } else { None })
            .flatten()
            .collect();
        assert_eq!(seen, b"abcdefghi");
    }
}
