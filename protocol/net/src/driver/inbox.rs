//! What waits to be given to an engine: commands of callers and handlers, taken by the driver in batches.
//!
//! Bounded without a channel's waiting, because each kind bounds itself: calls to open by [`MAX_OPENS`] (more are
//! refused), messages by the bytes that their slot lets wait (senders wait), and of the rest each call has one.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use bytes::Bytes;
use callscope_wire::engine::Input;
use callscope_wire::{CallHead, CallId};

use super::Slot;

/// Calls that may wait for the driver to look. It looks within microseconds, so more than this is a runaway loop.
const MAX_OPENS: usize = 4096;

/// Bytes whose credit waits for the driver to wake for another reason. A quarter of the smallest window (64 KiB): with the
/// quarter that an engine may hold back it is half of one, so nobody stalls. Above most answers, so that a unary call needs no wake-up of its own for it.
const LAZY_CREDIT: usize = 16 << 10;

/// What a message costs beyond its bytes, about a frame's header.
const MESSAGE_COST: usize = 16;

/// Something for the driver to do.
pub(crate) enum Command {
    /// Client: open a call; its events go to the slot.
    Open(Box<Open>),
    /// Give this to the engine.
    Input(Input),
}

/// A call to open.
pub(crate) struct Open {
    pub(crate) slot: Arc<Slot>,
    pub(crate) head: CallHead,
    pub(crate) message: Option<Bytes>,
    pub(crate) end: bool,
}

/// Why a call cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The connection is closed.
    Closed,
    /// [`MAX_OPENS`] wait already.
    Full,
}

/// One connection's inbox.
#[derive(Default)]
pub(crate) struct Inbox(Mutex<State>);

#[derive(Default)]
struct State {
    commands: Vec<Command>,
    opens: usize,
    consumed: Vec<(CallId, usize)>,
    consumed_bytes: usize,
    /// The driver's, while it sleeps.
    driver: Option<Waker>,
    closed: bool,
}

impl Inbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn open(&self, open: Open) -> Result<(), Refused> {
        let mut state = self.state();
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.opens >= MAX_OPENS {
            return Err(Refused::Full);
        }
        state.opens += 1;
        state.commands.push(Command::Open(Box::new(open)));
        state.wake();
        Ok(())
    }

    /// For the engine, in this order and nothing in between. Lost when the connection is closed: it has nobody to go to.
    pub(crate) fn give(&self, inputs: impl IntoIterator<Item = Input>) {
        let mut state = self.state();
        if !state.closed {
            state.commands.extend(inputs.into_iter().map(Command::Input));
            state.wake();
        }
    }

    /// Bytes of messages that the application took. Does not wake the driver for little.
    pub(crate) fn consumed(&self, call: CallId, bytes: usize) {
        let mut state = self.state();
        if state.closed {
            return;
        }
        match state.consumed.last_mut() {
            Some((last, sum)) if *last == call => *sum += bytes,
            _ => state.consumed.push((call, bytes)),
        }
        // Empty messages have their price, too.
        state.consumed_bytes += bytes + MESSAGE_COST;
        if state.consumed_bytes >= LAZY_CREDIT {
            state.wake();
        }
    }

    /// Driver: takes everything into two empty lists.
    pub(super) fn take(&self, commands: &mut Vec<Command>, consumed: &mut Vec<(CallId, usize)>) {
        let mut state = self.state();
        mem::swap(&mut state.commands, commands);
        mem::swap(&mut state.consumed, consumed);
        state.opens = 0;
        state.consumed_bytes = 0;
    }

    /// Driver: goes to sleep, unless something waits (`false`).
    pub(super) fn park(&self, waker: &Waker) -> bool {
        let mut state = self.state();
        if !state.commands.is_empty() || state.consumed_bytes >= LAZY_CREDIT {
            return false;
        }
        match &mut state.driver {
            Some(driver) => driver.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        true
    }

    /// Driver: takes what is left; nothing more comes in.
    pub(super) fn close(&self) -> Vec<Command> {
        let mut state = self.state();
        state.closed = true;
        state.consumed.clear();
        mem::take(&mut state.commands)
    }
}

impl State {
    fn wake(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }
}
