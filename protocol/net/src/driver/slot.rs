//! What a driver and the owner of one call share: a light queue each way, and when the owner may send.
//!
//! ```text
//!  owner ── outgoing ──▶ driver      the owner lists the slot in the inbox when it was empty
//!  owner ◀── incoming ── driver      the driver wakes the owner, once for all that a turn brought
//! ```
//!
//! Outgoing messages are bounded by their bytes. What comes in is not bounded by itself: a dialect's windows (or its refusal to
//! read) bound what may arrive before it is taken.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use callscope_wire::engine::{Accepted, Input};
use callscope_wire::{CallId, Metadata, Status, Time};

use super::inbox::MESSAGE_COST;
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
    /// A message that is compressed: whoever takes it decompresses it. Its credit is that of these bytes.
    Packed(Bytes),
    /// Server: the client sends nothing more.
    HalfClosed,
    /// Client: it is over.
    End(Box<Status>),
}

/// What came in, and when.
pub(crate) type Arrivals = VecDeque<(Time, Incoming)>;

/// What the owner of a call wants to be woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attention {
    /// Everything that happens.
    Steps,
    /// The end. Of what is before it only messages and metadata are kept. A wake-up costs more than all else of a
    /// small call, so one that is asked for its answer alone gets one instead of three.
    End,
}

/// Things that a call which waits for its end may have had come in before its owner has to be woken all the same: more
/// than one message, and its window could fill up.
const UNHEARD: usize = 2;

/// One call.
pub(crate) struct Slot {
    call: CallId,
    attention: Attention,
    /// Bytes given and not yet taken by the engine above which senders wait.
    max_waiting: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    incoming: Arrivals,
    reader: Option<Waker>,
    /// For the engine, in this order.
    outgoing: Vec<Input>,
    writer: Option<Waker>,
    /// Bytes of messages in `outgoing`.
    waiting: usize,
    /// The driver knows that there is something in `outgoing`, or is about to look.
    listed: bool,
    /// The engine wants no more until it says so.
    blocked: bool,
    /// Nothing that is sent now goes anywhere.
    over: bool,
    /// Nobody reads any more.
    abandoned: bool,
    /// Server: what goes with the status, whatever it will be.
    trailers: Metadata,
}

/// What a delivery came to.
#[derive(Default)]
pub(super) struct Delivery {
    /// To be woken.
    pub(super) reader: Option<Waker>,
    /// To be woken, too.
    pub(super) writer: Option<Waker>,
    /// Nobody wants it: the credit of its messages.
    pub(super) refused: Option<usize>,
}

/// Whether the slot is to be listed in the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Listing {
    /// It is there.
    Known,
    /// The driver has to be told.
    Needed,
}

impl Slot {
    pub(crate) fn new(call: CallId, max_waiting: usize, attention: Attention) -> Self {
        Self { call, attention, max_waiting, state: Mutex::default() }
    }

    pub(crate) const fn call(&self) -> CallId {
        self.call
    }

    pub(super) const fn attention(&self) -> Attention {
        self.attention
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Owner: everything that came in, into an empty list. A slot that is over and empty stays pending: an `End` was the last.
    pub(crate) fn poll_arrivals(&self, cx: &Context<'_>, arrivals: &mut Arrivals) -> Poll<()> {
        let mut state = self.state();
        if state.incoming.is_empty() {
            set(&mut state.reader, cx.waker());
            return Poll::Pending;
        }
        mem::swap(&mut state.incoming, arrivals);
        Poll::Ready(())
    }

    /// Owner: sends `message` once there is room, and takes it from there. `end`: nothing follows.
    pub(crate) fn poll_send(
        &self,
        cx: &Context<'_>,
        message: &mut Option<Bytes>,
        end: bool,
    ) -> Poll<Result<Listing, SendError>> {
        let mut state = self.state();
        if state.over {
            return Poll::Ready(Err(SendError));
        }
        if state.blocked || state.waiting >= self.max_waiting {
            set(&mut state.writer, cx.waker());
            return Poll::Pending;
        }
        let Some(message) = message.take() else { return Poll::Ready(Ok(Listing::Known)) };
        state.waiting += message.len() + MESSAGE_COST;
        Poll::Ready(Ok(state.give([Input::Message { call: self.call, message, end }])))
    }

    /// Owner: for the engine, behind what is there.
    pub(crate) fn give(&self, inputs: impl IntoIterator<Item = Input>) -> Listing {
        self.state().give(inputs)
    }

    /// Server's owner: what goes with the status.
    pub(crate) fn set_trailers(&self, trailers: Metadata) {
        self.state().trailers = trailers;
    }

    /// Server's owner: takes what goes with the status.
    pub(crate) fn take_trailers(&self) -> Metadata {
        mem::take(&mut self.state().trailers)
    }

    /// Owner: nobody will look again. Returns the bytes of messages that nobody took; `None`: there is no message.
    pub(crate) fn abandon(&self) -> Option<usize> {
        let mut state = self.state();
        state.abandoned = true;
        credit(state.incoming.drain(..))
    }

    /// Driver: things came in; takes them from there. An end among them is the end: nothing that is sent now goes anywhere.
    pub(super) fn deliver(&self, arrivals: &mut Arrivals) -> Delivery {
        let mut state = self.state();
        let ends = matches!(arrivals.back(), Some((_, Incoming::End(_))));
        state.over |= ends;
        let writer = if ends { state.writer.take() } else { None };
        if state.abandoned {
            return Delivery { reader: None, writer, refused: credit(arrivals.drain(..)) };
        }
        let quiet = match self.attention {
            Attention::End => !ends && state.incoming.len() + arrivals.len() <= UNHEARD,
            // The number on the wire is worth no wake-up: `Written` follows at once.
            Attention::Steps => arrivals.iter().all(|(_, incoming)| matches!(incoming, Incoming::Opened(_))),
        };
        if state.incoming.is_empty() {
            mem::swap(&mut state.incoming, arrivals);
        } else {
            state.incoming.append(arrivals);
        }
        Delivery { reader: if quiet { None } else { state.reader.take() }, writer, refused: None }
    }

    /// Driver: takes what is for the engine, into an empty list. Whether messages in it still go anywhere.
    pub(super) fn take(&self, inputs: &mut Vec<Input>) -> bool {
        let mut state = self.state();
        state.listed = false;
        state.waiting = 0;
        mem::swap(&mut state.outgoing, inputs);
        !state.over
    }

    /// Owner, before anybody else knows of it: what came with the call.
    pub(crate) fn begin(&self, arrivals: impl IntoIterator<Item = (Time, Incoming)>) {
        self.state().incoming.extend(arrivals);
    }

    /// Driver: the engine has taken what was [taken](Self::take).
    pub(super) fn applied(&self, accepted: Accepted) -> Option<Waker> {
        let mut state = self.state();
        state.blocked = accepted == Accepted::Blocked;
        if state.blocked { None } else { state.writer.take() }
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
        let delivery = self.deliver(&mut Arrivals::from([(at, Incoming::End(Box::new(status)))]));
        [delivery.reader, delivery.writer].into_iter().flatten().for_each(Waker::wake);
    }
}

impl State {
    fn give(&mut self, inputs: impl IntoIterator<Item = Input>) -> Listing {
        self.outgoing.extend(inputs);
        if mem::replace(&mut self.listed, true) { Listing::Known } else { Listing::Needed }
    }
}

/// Bytes whose credit is to be given back; `None`: nothing there has any. An empty message has some.
pub(super) fn credit(arrivals: impl Iterator<Item = (Time, Incoming)>) -> Option<usize> {
    let messages = arrivals.filter_map(|(_, incoming)| match incoming {
        Incoming::Message(message) | Incoming::Packed(message) => Some(message.len()),
        _ => None,
    });
    messages.reduce(|sum, bytes| sum + bytes)
}

fn set(place: &mut Option<Waker>, waker: &Waker) {
    match place {
        Some(old) => old.clone_from(waker),
        None => *place = Some(waker.clone()),
    }
}
