//! What a driver and the owner of one call share: a light queue towards the owner, and when it may send.
//!
//! Not bounded by itself: a dialect's windows (or its refusal to read) bound what may arrive before it is taken.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use callscope_wire::engine::Accepted;
use callscope_wire::{CallId, Metadata, Status, Time};

use crate::error::SendError;

/// What comes in for a call.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// Client: the call's number on the wire.
    Opened(u64),
    /// Client: the request's first bytes are written and flushed.
    Written,
    /// Client: response metadata.
    Headers(Metadata),
    /// A message.
    Message(Bytes),
    /// Server: the client sends nothing more.
    HalfClosed,
    /// Client: it is over.
    End(Box<Status>),
}

/// One call.
pub(crate) struct Slot {
    call: CallId,
    /// Bytes given and not yet taken by the engine above which senders wait.
    max_waiting: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    incoming: VecDeque<(Time, Incoming)>,
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// Bytes in the inbox.
    waiting: usize,
    /// The engine wants no more until it says so.
    blocked: bool,
    /// Nothing that is sent now goes anywhere.
    over: bool,
    /// Nobody reads any more.
    abandoned: bool,
}

impl Slot {
    pub(crate) fn new(call: CallId, max_waiting: usize) -> Self {
        Self { call, max_waiting, state: Mutex::default() }
    }

    pub(crate) const fn call(&self) -> CallId {
        self.call
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Owner: the next thing that came in. A slot that is over and empty stays pending: an `End` was the last.
    pub(crate) fn poll_next(&self, cx: &Context<'_>) -> Poll<(Time, Incoming)> {
        let mut state = self.state();
        if let Some(next) = state.incoming.pop_front() {
            return Poll::Ready(next);
        }
        set(&mut state.reader, cx.waker());
        Poll::Pending
    }

    /// Owner: waits until `len` more bytes may be sent, and counts them.
    pub(crate) fn poll_send(&self, cx: &Context<'_>, len: usize) -> Poll<Result<(), SendError>> {
        let mut state = self.state();
        if state.over {
            return Poll::Ready(Err(SendError));
        }
        if state.blocked || state.waiting >= self.max_waiting {
            set(&mut state.writer, cx.waker());
            return Poll::Pending;
        }
        state.waiting += len;
        Poll::Ready(Ok(()))
    }

    /// Owner: nobody will look again. Returns the bytes of messages that nobody took; `None`: there is no message.
    pub(crate) fn abandon(&self) -> Option<usize> {
        let mut state = self.state();
        state.abandoned = true;
        state.incoming.drain(..).filter_map(|(_, incoming)| incoming.credit()).reduce(|sum, bytes| sum + bytes)
    }

    /// Driver: something came in. `Err`: nobody wants it.
    pub(crate) fn push(&self, at: Time, incoming: Incoming) -> Result<Option<Waker>, Incoming> {
        let mut state = self.state();
        if state.abandoned {
            return Err(incoming);
        }
        // The number on the wire is worth no wake-up: `Written` follows at once.
        let quiet = matches!(incoming, Incoming::Opened(_));
        state.incoming.push_back((at, incoming));
        Ok(if quiet { None } else { state.reader.take() })
    }

    /// Driver: the engine has taken a message.
    pub(super) fn applied(&self, len: usize, accepted: Accepted) -> Option<Waker> {
        let mut state = self.state();
        state.waiting = state.waiting.saturating_sub(len);
        state.blocked = accepted == Accepted::Blocked;
        if state.blocked || state.waiting >= self.max_waiting { None } else { state.writer.take() }
    }

    /// Driver: the engine takes messages again.
    pub(super) fn writable(&self) -> Option<Waker> {
        let mut state = self.state();
        state.blocked = false;
        state.writer.take()
    }

    /// Driver: the call is over, so that nobody waits to send.
    pub(super) fn cut(&self) -> Option<Waker> {
        let mut state = self.state();
        state.over = true;
        state.writer.take()
    }

    /// Over before it began, or with the connection; wakes whoever waits.
    pub(crate) fn end(&self, at: Time, status: Status) {
        let wakers = [self.cut(), self.push(at, Incoming::End(Box::new(status))).ok().flatten()];
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

impl Incoming {
    /// Bytes whose credit is to be given back; `None`: it has none. An empty message has some.
    pub(super) const fn credit(&self) -> Option<usize> {
        match self {
            Self::Message(message) => Some(message.len()),
            _ => None,
        }
    }
}

fn set(place: &mut Option<Waker>, waker: &Waker) {
    match place {
        Some(old) => old.clone_from(waker),
        None => *place = Some(waker.clone()),
    }
}
