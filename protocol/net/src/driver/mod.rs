//! The task of one connection: moves bytes between a transport and an engine, and events between the engine and
//! the owners of calls.
//!
//! ```text
//!  Exchange, handlers ── commands ──▶ Inbox ──▶ ┌────────┐ ◀── bytes ── transport ── tap
//!                     ◀── incoming ── Slot  ◀── │ engine │ ──▶ bytes ─▶ transport ── tap
//!                                               └────────┘ ◀── alarm
//! ```
//!
//! One pass: commands, one read, the alarm, the bytes and events of it all, one write. Passes go on until one has changed
//! nothing: then every stage of it has looked at the same [`Footing`], and each has either found nothing to do or left
//! its waker where something will come from. So no wake-up is lost, and no stage has to say whether it moved
//! something. A task that moved 256 KiB or 512 events lets others run first. Reading and writing never wait for one another: a
//! peer that does not read does not keep us from reading, unless the engine says so (`wants_read`).
//!
//! Knows no dialect and no socket. Whatever happens, every call that was opened ends exactly once.
//! Start reading at [`Driver::turn`].

use std::collections::HashMap;
use std::future::poll_fn;
use std::hash::BuildHasherDefault;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use callscope_wire::engine::stream::NumberHasher;
use callscope_wire::engine::{Agreement, Closed, Engine, Event, Input};
use callscope_wire::{Blame, CallHead, CallId, Code, Fault, Say, Status, Time, Words, say};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::clock;
use crate::tap::ConnectionTap;
use crate::transport::BoxStream;

mod alarm;
mod ear;
mod inbox;
mod machine;
mod outgoing;
mod slot;
#[cfg(test)]
mod tests;

pub(crate) use ear::Ear;
pub(crate) use inbox::{Inbox, Open, Refused};
pub(crate) use slot::{Attention, Incoming, Slot};

use alarm::Alarm;
use inbox::{Command, Taken};
use machine::Machine;
use outgoing::Outgoing;
use slot::Arrivals;

/// Bytes of one read: from, to. A buffer that was filled wholly is followed by one of twice the size, so that large
/// messages are slices of it and small connections stay small.
const READ: (usize, usize) = (16 << 10, 256 << 10);

/// A message smaller than this part of the buffer that it came in is copied out of it: one that nobody takes would keep all of
/// it alive, and windows count the bytes of messages, not of buffers.
const COPIED: usize = 16;

/// Messages up to this many bytes are copied into a buffer that they share, of this many: one allocation for dozens, and one that
/// is kept for long keeps no more than that alive.
const SMALL: usize = 128;
const SHARED: usize = 4 << 10;

/// With less room than this a new buffer is begun (or the old one taken back, if nobody holds slices of it).
const MIN_READ: usize = 4 << 10;

/// Bytes and events of one turn of duty, after which other tasks run.
const MAX_BYTES: usize = 256 << 10;
const MAX_EVENTS: usize = 512;

/// For the last words: time to write ours, and to read theirs when they no longer read.
const GOODBYE: Duration = Duration::from_secs(1);

/// What the two sides of a connection do differently. The defaults are for the side that it does not concern.
pub(crate) trait Role: Send + 'static {
    /// The handshake is done.
    fn ready(&mut self, _: Agreement) {}

    /// Server: a call arrives.
    fn request(&mut self, _: Time, _: Request) -> Reception {
        Reception::Alone
    }

    /// Server: the client gave the call up.
    fn cancelled(&mut self, _: CallId) {}

    /// Server: the handler has ended.
    fn finished(&mut self, _: CallId) {}

    /// Client: a call has ended.
    fn ended(&mut self) {}

    /// Client: whether the engine takes calls.
    fn capacity(&mut self, _: bool) {}

    /// It is over, and why.
    fn closed(&mut self, _: &Closed, _: Traces<'_>) {}
}

/// What a connection that is over leaves behind, for those who ask why.
pub(crate) struct Traces<'a> {
    /// The first bytes that the peer ever sent, at most sixteen.
    pub(crate) first: &'a [u8],
    /// What the transport said, if it failed.
    pub(crate) error: Option<&'a io::Error>,
}

/// A call as it arrives at a server.
pub(crate) struct Request {
    pub(crate) call: CallId,
    pub(crate) head: CallHead,
    pub(crate) message: Option<Bytes>,
    /// The message is compressed.
    pub(crate) packed: bool,
    pub(crate) end: bool,
}

/// What becomes of a call that arrived.
pub(crate) enum Reception {
    /// It goes on, and its messages go there.
    Goes(Arc<Slot>),
    /// It goes on, and nobody here has more to do with it.
    Alone,
    /// It is over: what it sent, if anything, is in the slot; then comes this message, then this status.
    Over { slot: Option<Arc<Slot>>, message: Option<Bytes>, status: Box<Status> },
}

/// A connection's engine, transport and calls.
pub(crate) struct Driver<R> {
    role: R,
    engine: Machine,
    stream: BoxStream,
    tap: ConnectionTap,
    inbox: Arc<Inbox>,
    calls: HashMap<CallId, Arc<Slot>, BuildHasherDefault<NumberHasher>>,
    reading: Reading,
    outgoing: Outgoing,
    standing: Standing,
    stalled_timeout: Duration,
    /// What the transport said when it failed.
    error: Option<io::Error>,
    alarm: Alarm,
    /// Calls that are opened and not flushed, of those that want to know.
    unwritten: Vec<CallId>,
    /// What came in for the call that events speak of, until one speaks of another.
    batch: Option<(CallId, Arrivals)>,
    // Kept between turns for their memory.
    taken: Taken,
    inputs: Vec<Input>,
    pieces: Vec<Bytes>,
    wakers: Vec<Waker>,
    arrivals: Arrivals,
    /// Room for the next small messages.
    small: BytesMut,
}

/// What one stage of a pass changes and another goes by, beside the engine and the bytes that are to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    /// The transport may have more bytes.
    readable: bool,
    /// The engine may have more events than one turn took; until they are taken nothing more is read. Otherwise frames of
    /// 16 bytes would pile up events faster than they are taken.
    has_events: bool,
    /// Since when the peer has taken nothing of what waits for it.
    stalled_since: Option<Time>,
    /// Since when writing fails: what the peer said before it stopped listening is still read.
    broken: Option<Time>,
}

/// All that the stages of a pass go by. What is new to one of them is a difference here.
#[derive(PartialEq, Eq)]
struct Footing {
    engine: u64,
    outgoing: outgoing::Left,
    standing: Standing,
}

struct Reading {
    buffer: BytesMut,
    /// Bytes of the next buffer.
    size: usize,
    offset: u64,
    first: Vec<u8>,
}

/// What a turn of duty has used up.
#[derive(Default)]
struct Spent {
    bytes: usize,
    events: usize,
}

impl<R: Role> Driver<R> {
    pub(crate) fn new(
        role: R,
        engine: Box<dyn Engine>,
        stream: BoxStream,
        tap: ConnectionTap,
        inbox: Arc<Inbox>,
        stalled_timeout: Duration,
    ) -> Self {
        Self {
            role,
            engine: Machine::new(engine),
            stream,
            tap,
            inbox,
            calls: HashMap::default(),
            reading: Reading { buffer: BytesMut::new(), size: READ.0, offset: 0, first: Vec::new() },
            outgoing: Outgoing::default(),
            standing: Standing { readable: true, has_events: false, stalled_since: None, broken: None },
            stalled_timeout,
            error: None,
            alarm: Alarm::new(),
            unwritten: Vec::new(),
            batch: None,
            taken: Taken::default(),
            inputs: Vec::new(),
            pieces: Vec::new(),
            wakers: Vec::new(),
            arrivals: Arrivals::new(),
            small: BytesMut::new(),
        }
    }

    /// Runs until the connection is closed. `first`: bytes that were read already, to see what they are.
    /// Dropping it closes the transport at once; calls that run then end with their owner.
    pub(crate) async fn run(mut self, first: Bytes) -> Closed {
        let started = if first.is_empty() { Ok(()) } else { self.received(clock::now(), first) };
        let closed = match started {
            Ok(()) => poll_fn(|cx| self.turn(cx).unwrap_or_else(|fault| Poll::Ready(Closed::Fault(fault)))).await,
            Err(fault) => Closed::Fault(fault),
        };
        self.tap.closing(match &closed {
            Closed::Clean => String::new(),
            Closed::Fault(fault) => fault.to_string(),
        });
        self.end_calls(&closed);
        let heard = self.say_goodbye().await;
        self.role.closed(&closed, Traces { first: &self.reading.first, error: self.error.as_ref() });
        if heard {
            self.listen_out().await;
        }
        closed
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Result<Poll<Closed>, Fault> {
        let mut spent = Spent::default();
        loop {
            let before = self.footing();
            let now = clock::now();
            self.take_commands(now)?;
            self.read(cx, now, &mut spent)?;
            self.ring(cx, now, &mut spent)?;
            self.fill(now);
            self.take_events(now, &mut spent)?;
            self.write(cx, now, &mut spent)?;
            self.role.capacity(self.engine.ready_for_call());
            if self.outgoing.is_done()
                && let Some(closed) = self.engine.closed()
            {
                return Ok(Poll::Ready(closed.clone()));
            }
            let rests = self.footing() == before;
            if rests && self.inbox.park(cx.waker()) {
                return Ok(Poll::Pending);
            }
            if !rests && (spent.bytes >= MAX_BYTES || spent.events >= MAX_EVENTS) {
                cx.waker().wake_by_ref();
                return Ok(Poll::Pending);
            }
        }
    }

    fn footing(&self) -> Footing {
        Footing { engine: self.engine.touched(), outgoing: self.outgoing.left(), standing: self.standing }
    }

    fn take_commands(&mut self, now: Time) -> Result<(), Fault> {
        self.inbox.take(&mut self.taken);
        for (call, bytes) in self.taken.consumed.drain(..) {
            let _accepted = self.engine.input(now, Input::Consumed { call, bytes })?;
        }
        // Not drained: what a fault leaves behind is ended with the connection.
        while let Some(command) = self.taken.commands.pop_front() {
            self.apply(now, command)?;
        }
        let mut listed = std::mem::take(&mut self.taken.listed);
        for slot in listed.drain(..) {
            self.hear(now, &slot)?;
        }
        self.taken.listed = listed;
        Ok(())
    }

    fn apply(&mut self, now: Time, command: Command) -> Result<(), Fault> {
        match command {
            Command::Open(open) => {
                let Open { slot, head, message, end } = open;
                let call = slot.call();
                self.calls.insert(call, Arc::clone(&slot));
                let accepted = self.engine.input(now, Input::Call { call, head, message, end })?;
                self.wakers.extend(slot.applied(accepted));
            }
            Command::Input(input) => {
                if let Input::Finish { call, .. } = &input {
                    self.role.finished(*call);
                }
                let _accepted = self.engine.input(now, input)?;
            }
        }
        Ok(())
    }

    /// Gives the engine what the owner of a call has to say.
    fn hear(&mut self, now: Time, slot: &Slot) -> Result<(), Fault> {
        let mut inputs = std::mem::take(&mut self.inputs);
        let goes_on = slot.take(&mut inputs);
        let mut last = None;
        for input in inputs.drain(..) {
            match &input {
                // A call that is over meanwhile: its sender knows by now.
                Input::Message { .. } if !goes_on => continue,
                Input::Finish { call, .. } => {
                    self.calls.remove(call);
                    self.wakers.extend(slot.cut());
                    self.role.finished(*call);
                }
                _ => {}
            }
            last = Some(self.engine.input(now, input)?);
        }
        self.inputs = inputs;
        if let Some(accepted) = last {
            self.wakers.extend(slot.applied(accepted));
        }
        Ok(())
    }

    fn read(&mut self, cx: &mut Context<'_>, now: Time, spent: &mut Spent) -> Result<(), Fault> {
        if !self.standing.readable || self.standing.has_events || !self.engine.wants_read() {
            return Ok(());
        }
        let buffer = &mut self.reading.buffer;
        if buffer.capacity() - buffer.len() < MIN_READ {
            buffer.reserve(self.reading.size);
        }
        match pin!(self.stream.read_buf(buffer)).poll(cx) {
            Poll::Pending => {}
            Poll::Ready(Ok(len)) if len > 0 => {
                spent.bytes += len;
                let reading = &mut self.reading;
                if reading.buffer.len() == reading.buffer.capacity() {
                    reading.size = (reading.size * 2).min(READ.1);
                }
                let bytes = reading.buffer.split().freeze();
                self.received(now, bytes)?;
            }
            Poll::Ready(Err(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                self.standing.readable = false;
                let fault = self.network_fault(words(&error));
                self.error = Some(error);
                // It knows best which calls cannot have been processed; what it thinks of the rest is in `fault`.
                let _fault = self.engine.input(now, Input::Eof);
                return Err(fault);
            }
            // TLS calls it unexpected when the goodbye on its own level is missing. Ours has one of its own.
            Poll::Ready(_) => {
                self.standing.readable = false;
                let _accepted = self.engine.input(now, Input::Eof)?;
            }
        }
        Ok(())
    }

    fn received(&mut self, now: Time, bytes: Bytes) -> Result<(), Fault> {
        self.tap.received(&bytes);
        self.reading.offset += bytes.len() as u64;
        let missing = 16_usize.saturating_sub(self.reading.first.len());
        self.reading.first.extend(bytes.iter().take(missing));
        let _accepted = self.engine.input(now, Input::Bytes(bytes))?;
        Ok(())
    }

    fn ring(&mut self, cx: &mut Context<'_>, now: Time, spent: &mut Spent) -> Result<(), Fault> {
        let stalled = self.standing.stalled_since.map(|since| since + self.stalled_timeout);
        let broken = self.standing.broken.map(|since| since + GOODBYE);
        let engine = self.engine.wake_at();
        // What is due already is not worth a timer.
        let wanted = [engine, stalled, broken].into_iter().flatten().min();
        let due = match wanted {
            Some(wanted) if wanted <= now => now,
            wanted => match self.alarm.poll(cx, wanted) {
                Some(due) => due,
                None => return Ok(()),
            },
        };
        if stalled.is_some_and(|at| at <= due) {
            let waited = self.stalled_timeout.as_secs();
            return Err(self.network_fault(say!(
                "calling.took_nothing",
                "the peer took none of our bytes for %{seconds} s",
                seconds = waited
            )));
        }
        if broken.is_some_and(|at| at <= due) {
            return Err(self.broken_fault());
        }
        if engine.is_some_and(|at| at <= due) {
            let _accepted = self.engine.input(due, Input::Timer)?;
        }
        spent.events += 1;
        Ok(())
    }

    fn take_events(&mut self, now: Time, spent: &mut Spent) -> Result<(), Fault> {
        let before = spent.events;
        let mut result = Ok(());
        while spent.events < before + MAX_EVENTS
            && result.is_ok()
            && let Some(event) = self.engine.poll_event()
        {
            spent.events += 1;
            result = self.event(now, event);
        }
        self.standing.has_events = spent.events >= before + MAX_EVENTS;
        let result = result.and_then(|()| self.deliver(now));
        // All at once, and only now: whoever is woken finds everything that this turn brought.
        self.wakers.drain(..).for_each(Waker::wake);
        result
    }

    fn event(&mut self, now: Time, event: Event) -> Result<(), Fault> {
        match event {
            Event::Opened { call, stream } => {
                // A call that wants its answer alone does not want to know.
                if self.calls.get(&call).is_some_and(|slot| slot.attention() == Attention::Steps) {
                    self.unwritten.push(call);
                    self.push(now, call, Incoming::Opened(stream))?;
                }
                Ok(())
            }
            Event::Headers { call, metadata } => self.push(now, call, Incoming::Headers(metadata)),
            Event::Message { call, message } => {
                let message = self.own(message);
                self.push(now, call, Incoming::Message(message))
            }
            Event::Packed { call, message } => {
                let message = self.own(message);
                self.push(now, call, Incoming::Packed(message))
            }
            Event::HalfClosed { call } => self.push(now, call, Incoming::HalfClosed),
            Event::Writable { call } => {
                self.wakers.extend(self.calls.get(&call).and_then(|slot| slot.writable()));
                Ok(())
            }
            Event::End { call, mut status } => {
                // The engine saw an end; the transport knows more of it.
                if status.cut_off && self.error.is_some() {
                    status.set_message(self.broken_fault().say());
                }
                self.push(now, call, Incoming::End(status))?;
                self.deliver(now)?;
                if self.calls.remove(&call).is_some() {
                    self.role.ended();
                }
                Ok(())
            }
            Event::Cancelled { call, .. } => {
                self.deliver(now)?;
                if let Some(slot) = self.calls.remove(&call) {
                    self.wakers.extend(slot.cut());
                }
                self.role.cancelled(call);
                Ok(())
            }
            Event::Request { call, head, message, packed, end, .. } => {
                let message = message.map(|message| self.own(message));
                match self.role.request(now, Request { call, head: *head, message, packed, end }) {
                    Reception::Goes(slot) => drop(self.calls.insert(call, slot)),
                    Reception::Alone => {}
                    Reception::Over { slot, message, status } => {
                        if let Some(slot) = slot {
                            self.hear(now, &slot)?;
                        }
                        // Together, so that a unary answer can be one frame.
                        if let Some(message) = message {
                            let _accepted = self.engine.input(now, Input::Message { call, message, end: false })?;
                        }
                        let _accepted = self.engine.input(now, Input::Finish { call, status })?;
                    }
                }
                Ok(())
            }
            Event::Ready(agreement) => {
                self.role.ready(agreement);
                Ok(())
            }
            // The engine takes no more calls from now on, which is all that it means here.
            Event::GoAway { code, reason } => {
                tracing::debug!(connection = self.tap.id().0, %code, reason, "the peer is going away");
                Ok(())
            }
            Event::Diagnostic(what) => {
                tracing::debug!(connection = self.tap.id().0, what, "odd");
                Ok(())
            }
            Event::Pong { .. } => Ok(()),
        }
    }

    /// A message that keeps no more alive than it needs.
    fn own(&mut self, message: Bytes) -> Bytes {
        if message.len() >= self.reading.size / COPIED {
            return message;
        }
        if message.len() > SMALL {
            return Bytes::copy_from_slice(&message);
        }
        if self.small.capacity() < message.len() {
            self.small = BytesMut::with_capacity(SHARED);
        }
        self.small.extend_from_slice(&message);
        self.small.split().freeze()
    }

    /// Something for the owner of a call.
    fn push(&mut self, now: Time, call: CallId, incoming: Incoming) -> Result<(), Fault> {
        if self.batch.as_ref().is_none_or(|(of, _)| *of != call) {
            self.deliver(now)?;
            self.batch = Some((call, std::mem::take(&mut self.arrivals)));
        }
        if let Some((_, arrivals)) = &mut self.batch {
            arrivals.push_back((now, incoming));
        }
        Ok(())
    }

    /// Hands over what came in for a call. What nobody wants is credited at once.
    fn deliver(&mut self, now: Time) -> Result<(), Fault> {
        let Some((call, mut arrivals)) = self.batch.take() else { return Ok(()) };
        let refused = match self.calls.get(&call) {
            Some(slot) => {
                let delivery = slot.deliver(&mut arrivals);
                self.wakers.extend(delivery.reader);
                self.wakers.extend(delivery.writer);
                delivery.refused
            }
            None => slot::credit(arrivals.drain(..)),
        };
        self.arrivals = arrivals;
        if let Some(bytes) = refused {
            let _accepted = self.engine.input(now, Input::Consumed { call, bytes })?;
        }
        Ok(())
    }

    /// Takes what the engine has to send. What the transport does not take stays there: it knows to whom to say Blocked.
    fn fill(&mut self, now: Time) {
        while self.standing.broken.is_none() && self.outgoing.bytes() < MAX_BYTES {
            if self.engine.poll_transmit(now, MAX_BYTES - self.outgoing.bytes(), &mut self.pieces) == 0 {
                break;
            }
            self.outgoing.extend(self.pieces.drain(..));
        }
    }

    fn write(&mut self, cx: &mut Context<'_>, now: Time, spent: &mut Spent) -> Result<(), Fault> {
        if self.standing.broken.is_some() {
            return if self.standing.readable { Ok(()) } else { Err(self.broken_fault()) };
        }
        if self.outgoing.is_done() {
            return Ok(());
        }
        match self.outgoing.poll_write(cx, &mut self.stream, &mut self.tap) {
            Poll::Pending => {
                self.standing.stalled_since.get_or_insert(now);
                return Ok(());
            }
            Poll::Ready(Ok(written)) => {
                spent.bytes += written;
                self.standing.stalled_since = None;
            }
            Poll::Ready(Err(error)) => {
                self.outgoing.clear();
                self.standing.stalled_since = None;
                self.standing.broken = Some(now);
                self.error = Some(error);
            }
        }
        if self.outgoing.is_done() && !self.unwritten.is_empty() {
            for call in std::mem::take(&mut self.unwritten) {
                self.push(now, call, Incoming::Written)?;
            }
            self.deliver(now)?;
            self.wakers.drain(..).for_each(Waker::wake);
        }
        Ok(())
    }

    fn network_fault(&self, what: impl Into<Words>) -> Fault {
        Fault { blame: Blame::Between, code: Code::UNAVAILABLE, offset: self.reading.offset, what: what.into() }
    }

    fn broken_fault(&self) -> Fault {
        self.network_fault(self.error.as_ref().map(words).unwrap_or_default())
    }

    /// Every call ends: those that the engine ended, those that it did not, and those that never reached it.
    fn end_calls(&mut self, closed: &Closed) {
        let now = clock::now();
        while let Some(event) = self.engine.poll_event() {
            // No handler starts now. And the engine takes nothing further, so what it thinks of credit does not matter.
            if !matches!(event, Event::Request { .. }) {
                let _fault = self.event(now, event);
            }
        }
        let _fault = self.deliver(now);
        self.wakers.drain(..).for_each(Waker::wake);
        let status = match closed {
            Closed::Clean => {
                let message = say!("calling.closed_during", "the connection was closed before the call was over");
                Status::cut_off(Code::UNAVAILABLE, message)
            }
            Closed::Fault(fault) => Status::cut_off(fault.code, fault.to_string()),
        };
        for (_, slot) in self.calls.drain() {
            slot.end(now, status.clone());
            self.role.ended();
        }
        let waiting = self.inbox.close();
        for command in self.taken.commands.drain(..).chain(waiting) {
            if let Command::Open(open) = command {
                let message = say!("calling.closed_before", "the connection was closed before the call was sent");
                let status = Status { not_processed: true, ..Status::cut_off(Code::UNAVAILABLE, message) };
                open.slot.end(now, status);
                self.role.ended();
            }
        }
        self.role.capacity(false);
    }

    /// Writes the last words and closes our direction; whether the peer may have heard them.
    async fn say_goodbye(&mut self) -> bool {
        if self.standing.broken.is_some() {
            return false;
        }
        let writing = async {
            loop {
                while self.engine.poll_transmit(clock::now(), MAX_BYTES, &mut self.pieces) > 0 {}
                self.outgoing.extend(self.pieces.drain(..));
                if self.outgoing.is_done() {
                    break;
                }
                poll_fn(|cx| self.outgoing.poll_write(cx, &mut self.stream, &mut self.tap)).await?;
            }
            self.stream.shutdown().await
        };
        matches!(timeout(GOODBYE, writing).await, Ok(Ok(())))
    }

    /// Waits for the peer to close its direction: closing ours with bytes unread would reset our last words away.
    async fn listen_out(&mut self) {
        if !self.standing.readable {
            return;
        }
        let reading = async {
            loop {
                self.reading.buffer.reserve(MIN_READ);
                match self.stream.read_buf(&mut self.reading.buffer).await {
                    Ok(len) if len > 0 => self.tap.received(&self.reading.buffer.split().freeze()),
                    _ => break,
                }
            }
        };
        if timeout(GOODBYE, reading).await.is_err() {
            tracing::trace!(connection = self.tap.id().0, "the peer does not close");
        }
    }
}

/// A transport's error in words that need no manual.
fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => "the peer reset the connection".to_owned(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::WriteZero => "the peer takes no more bytes".to_owned(),
        _ => error.to_string(),
    }
}
