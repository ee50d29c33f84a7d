//! The tap: a copy of every byte of a connection, on the plaintext side of TLS, for whoever records.
//!
//! ```text
//!  driver ── sent, received ──▶ bounded queue ──▶ a capture thread
//!                 full: dropped, counted, reported as `Lost` before the next chunk that fits
//! ```
//!
//! Never slows a call: it does not wait, and without a listener it is a branch. Knows no dialect.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use callscope_wire::capture::{ConnectionFacts, TapChunk, TapEvent};
use callscope_wire::{ConnectionId, Time};

use crate::clock;

/// Below this a chunk is copied: a slice would keep the whole read buffer that it came in alive.
const COPIED: usize = 4 << 10;

/// Ends and beginnings of connections that may wait for room. A listener that is so far behind is gone.
const MAX_LATE: usize = 4096;

/// Where connections report what they carry. Clones report to the same place.
#[derive(Clone, Debug, Default)]
pub struct Tap(Option<Arc<Queue>>);

#[derive(Debug)]
struct Queue {
    chunks: SyncSender<TapChunk>,
    /// Ends, beginnings and losses that found the queue full: they come before whatever is sent next.
    late: Mutex<VecDeque<TapChunk>>,
    has_late: AtomicBool,
    /// Nobody listens any more.
    deaf: AtomicBool,
}

/// One connection's end of a tap.
#[derive(Debug)]
pub struct ConnectionTap {
    id: ConnectionId,
    queue: Option<Arc<Queue>>,
    lost_sent: u64,
    lost_received: u64,
    /// What a drop says.
    reason: String,
}

impl Tap {
    /// Nobody records.
    pub const fn none() -> Self {
        Self(None)
    }

    /// A tap and its other end, which holds up to `capacity` chunks.
    pub fn new(capacity: usize) -> (Self, Receiver<TapChunk>) {
        let (chunks, receiver) = sync_channel(capacity);
        let queue =
            Queue { chunks, late: Mutex::default(), has_late: AtomicBool::new(false), deaf: AtomicBool::new(false) };
        (Self(Some(Arc::new(queue))), receiver)
    }

    /// A connection is there. It gets the next number of this process, recorded or not.
    pub fn open(&self, facts: ConnectionFacts) -> ConnectionTap {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let id = ConnectionId(LAST.fetch_add(1, Ordering::Relaxed) + 1);
        let reason = "dropped by this side".to_owned();
        let tap = ConnectionTap { id, queue: self.0.clone(), lost_sent: 0, lost_received: 0, reason };
        if let Some(queue) = &tap.queue {
            queue.send_surely(TapChunk { connection: id, at: clock::now(), what: TapEvent::Opened(facts) });
        }
        tap
    }
}

impl ConnectionTap {
    /// The connection's number.
    pub const fn id(&self) -> ConnectionId {
        self.id
    }

    /// Whether anybody listens: what costs something to prepare need not be.
    pub fn is_on(&self) -> bool {
        self.queue.is_some()
    }

    /// This side wrote bytes.
    pub fn sent(&mut self, bytes: &Bytes) {
        if self.queue.is_some() {
            self.chunk(true, bytes);
        }
    }

    /// This side read bytes.
    pub fn received(&mut self, bytes: &Bytes) {
        if self.queue.is_some() {
            self.chunk(false, bytes);
        }
    }

    /// Why it is being closed; empty for a clean end. Dropping the tap reports it.
    pub fn closing(&mut self, reason: impl Into<String>) {
        self.reason = reason.into();
    }

    /// It is closed, and why.
    pub fn closed(mut self, reason: impl Into<String>) {
        self.closing(reason);
    }

    fn chunk(&mut self, sent: bool, bytes: &Bytes) {
        let Some(queue) = &self.queue else { return };
        if queue.deaf.load(Ordering::Relaxed) {
            self.queue = None;
            return;
        }
        let at = clock::now();
        let lost = if sent { &mut self.lost_sent } else { &mut self.lost_received };
        if *lost > 0 && queue.send(self.id, at, TapEvent::Lost { sent, bytes: *lost }) {
            *lost = 0;
        }
        let len = bytes.len() as u64;
        let copy = if bytes.len() <= COPIED { Bytes::copy_from_slice(bytes) } else { bytes.clone() };
        let what = if sent { TapEvent::Sent(copy) } else { TapEvent::Received(copy) };
        if *lost > 0 || !queue.send(self.id, at, what) {
            *lost += len;
        }
    }
}

impl Drop for ConnectionTap {
    /// A connection whose task was ended from outside is closed, too.
    fn drop(&mut self) {
        let Some(queue) = self.queue.take() else { return };
        let at = clock::now();
        for (sent, bytes) in [(true, self.lost_sent), (false, self.lost_received)] {
            if bytes > 0 {
                queue.send_surely(TapChunk { connection: self.id, at, what: TapEvent::Lost { sent, bytes } });
            }
        }
        let reason = std::mem::take(&mut self.reason);
        queue.send_surely(TapChunk { connection: self.id, at, what: TapEvent::Closed(reason) });
    }
}

impl Queue {
    /// Whether there was room.
    fn send(&self, connection: ConnectionId, at: Time, what: TapEvent) -> bool {
        self.send_late() && self.try_send(TapChunk { connection, at, what }).is_ok()
    }

    /// Now, or before whatever is sent next.
    fn send_surely(&self, chunk: TapChunk) {
        let chunk = if self.send_late() {
            match self.try_send(chunk) {
                Ok(()) => return,
                Err(chunk) => chunk,
            }
        } else {
            chunk
        };
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        if late.len() < MAX_LATE {
            late.push_back(chunk);
            self.has_late.store(true, Ordering::Release);
        }
    }

    /// Sends what waits; whether nothing waits any more.
    fn send_late(&self) -> bool {
        if !self.has_late.load(Ordering::Acquire) {
            return true;
        }
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(chunk) = late.pop_front() {
            if let Err(chunk) = self.try_send(chunk) {
                late.push_front(chunk);
                return false;
            }
        }
        self.has_late.store(false, Ordering::Release);
        true
    }

    #[expect(clippy::result_large_err, reason = "a chunk that finds no room comes back to be kept or counted")]
    fn try_send(&self, chunk: TapChunk) -> Result<(), TapChunk> {
        match self.chunks.try_send(chunk) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(chunk)) => Err(chunk),
            Err(TrySendError::Disconnected(_)) => {
                self.deaf.store(true, Ordering::Relaxed);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use callscope_wire::engine::Side;

    use super::*;

    fn facts() -> ConnectionFacts {
        ConnectionFacts {
            side: Side::Client,
            local: "a".to_owned(),
            peer: "b".to_owned(),
            transport: "memory",
            dialect: None,
            instance: None,
        }
    }

    fn shown(receiver: &Receiver<TapChunk>) -> Vec<String> {
        receiver
            .try_iter()
            .map(|chunk| match chunk.what {
                TapEvent::Opened(_) => "opened".to_owned(),
                TapEvent::Sent(bytes) => format!("sent {}", bytes.len()),
                TapEvent::Received(bytes) => format!("received {}", bytes.len()),
                TapEvent::Lost { sent, bytes } => format!("lost {sent} {bytes}"),
                TapEvent::Closed(reason) => format!("closed {reason}"),
            })
            .collect()
    }

    #[test]
    fn what_finds_no_room_is_counted_and_reported_before_the_next_chunk() {
        let (tap, receiver) = Tap::new(2);
        let mut connection = tap.open(facts());
        let bytes = Bytes::from_static(b"12345");
        connection.sent(&bytes);
        connection.sent(&bytes);
        connection.received(&bytes);
        connection.sent(&bytes);
        assert_eq!(shown(&receiver), ["opened", "sent 5"]);
        connection.sent(&bytes);
        assert_eq!(shown(&receiver), ["lost true 10", "sent 5"]);
        connection.sent(&bytes);
        connection.sent(&bytes);
        // The end of a connection is not lost, however full the queue is.
        let id = connection.id();
        connection.closed("");
        assert_eq!(shown(&receiver), ["sent 5", "sent 5"]);
        let other = tap.open(facts());
        assert!(other.id() > id);
        assert_eq!(shown(&receiver), ["lost false 5", "closed "]);
        drop(other);
        assert_eq!(shown(&receiver), ["opened", "closed dropped by this side"]);
    }

    #[test]
    fn numbers_are_counted_without_a_listener_too() {
        let first = Tap::none().open(facts());
        let (tap, receiver) = Tap::new(1);
        drop(receiver);
        let mut second = tap.open(facts());
        assert!(second.id() > first.id());
        second.sent(&Bytes::from_static(b"nobody listens"));
        assert!(!second.is_on());
    }
}
