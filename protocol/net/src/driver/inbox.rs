//! What waits to be given to an engine: calls to open, calls that have something to say, and credit; taken by the driver in
//! batches.
//!
//! Bounded without a channel's waiting, because each kind bounds itself: calls to open by [`MAX_OPENS`] (more are
//! refused), calls that are open are listed once each (what they send waits in their slot), and of the rest each call has one.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use bytes::Bytes;
use callscope_wire::engine::Input;
use callscope_wire::{CallHead, CallId};

use super::Slot;
use super::slot::Listing;

/// Calls that may wait for the driver to look. It looks within microseconds, so more than this is a runaway loop.
const MAX_OPENS: usize = 4096;

/// Bytes whose credit waits for the driver to wake for another reason. A quarter of the smallest window (64 KiB): with the
/// quarter that an engine may hold back it is half of one, so nobody stalls. Above most answers, so that a unary call needs no wake-up of its own for it.
const LAZY_CREDIT: usize = 16 << 10;

/// What a message costs beyond its bytes, about a frame's header. Empty messages have their price, too.
pub(super) const MESSAGE_COST: usize = 16;

/// Something for the driver to do.
pub(crate) enum Command {
    /// Client: open a call; its events go to the slot.
    Open(Open),
    /// Give this to the engine.
    Input(Input),
}

/// A call to open.
pub(crate) struct Open {
    pub(crate) slot: Arc<Slot>,
    pub(crate) head: Box<CallHead>,
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

/// What a driver takes at once. Kept between turns for its memory.
#[derive(Default)]
pub(super) struct Taken {
    /// In order.
    pub(super) commands: VecDeque<Command>,
    /// Calls with something for the engine in their slots.
    pub(super) listed: Vec<Arc<Slot>>,
    /// Bytes of messages that were taken, by call.
    pub(super) consumed: Vec<(CallId, usize)>,
}

/// One connection's inbox.
#[derive(Default)]
pub(crate) struct Inbox(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: Taken,
    opens: usize,
    consumed_bytes: usize,
    /// The driver's.
    driver: Option<Waker>,
    /// The driver has to be woken. One that is awake takes everything before it sleeps.
    asleep: bool,
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
        state.waiting.commands.push_back(Command::Open(open));
        state.wake();
        Ok(())
    }

    /// For the engine. Lost when the connection is closed: it has nobody to go to.
    pub(crate) fn give(&self, input: Input) {
        let mut state = self.state();
        if !state.closed {
            state.waiting.commands.push_back(Command::Input(input));
            state.wake();
        }
    }

    /// A slot has got something for the engine.
    pub(crate) fn list(&self, slot: &Arc<Slot>, listing: Listing) {
        if listing == Listing::Needed {
            let mut state = self.state();
            if !state.closed {
                state.waiting.listed.push(Arc::clone(slot));
                state.wake();
            }
        }
    }

    /// Bytes of messages that the application took, and what they cost with their headers. Does not wake the driver for little.
    pub(super) fn consumed(&self, call: CallId, bytes: usize, cost: usize) {
        let mut state = self.state();
        if state.closed {
            return;
        }
        match state.waiting.consumed.last_mut() {
            Some((last, sum)) if *last == call => *sum += bytes,
            _ => state.waiting.consumed.push((call, bytes)),
        }
        state.consumed_bytes += cost;
        if state.consumed_bytes >= LAZY_CREDIT {
            state.wake();
        }
    }

    /// Driver: takes everything into empty lists.
    pub(super) fn take(&self, taken: &mut Taken) {
        let mut state = self.state();
        mem::swap(&mut state.waiting, taken);
        state.opens = 0;
        state.consumed_bytes = 0;
        state.asleep = false;
    }

    /// Driver: goes to sleep, unless something waits (`false`).
    pub(super) fn park(&self, waker: &Waker) -> bool {
        let mut state = self.state();
        let waiting = &state.waiting;
        if !waiting.commands.is_empty() || !waiting.listed.is_empty() || state.consumed_bytes >= LAZY_CREDIT {
            return false;
        }
        match &mut state.driver {
            Some(driver) => driver.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        state.asleep = true;
        true
    }

    /// Driver: takes what is left; nothing more comes in.
    pub(super) fn close(&self) -> VecDeque<Command> {
        let mut state = self.state();
        state.closed = true;
        mem::take(&mut state.waiting).commands
    }
}

impl State {
    fn wake(&mut self) {
        if mem::take(&mut self.asleep)
            && let Some(driver) = &self.driver
        {
            driver.wake_by_ref();
        }
    }
}
