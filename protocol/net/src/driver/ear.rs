//! The receiving end of a call, for its owner: takes what came in out of the slot in batches, and gives credit back.

use std::task::{Context, Poll, ready};

use callscope_wire::Time;

use super::inbox::MESSAGE_COST;
use super::slot::{Arrivals, Incoming, credit};
use super::{Inbox, Slot};

/// Bytes of messages taken that the driver is not told of yet. Small enough that a thousand calls whose owners went away to
/// do something else hold back a quarter of a connection's window; large enough that small messages share the trip.
const UNTOLD: usize = 1 << 10;

/// Hears what comes in for one call.
pub(crate) struct Ear {
    arrivals: Arrivals,
    /// Bytes of messages taken and not told of; each counts for its header, too.
    untold: usize,
    untold_cost: usize,
}

impl Ear {
    pub(crate) const fn new() -> Self {
        Self { arrivals: Arrivals::new(), untold: 0, untold_cost: 0 }
    }

    /// The next thing that came in. A call that is over and empty stays pending: an `End` was the last.
    pub(crate) fn poll_next(&mut self, cx: &Context<'_>, slot: &Slot, inbox: &Inbox) -> Poll<(Time, Incoming)> {
        loop {
            if let Some(next) = self.arrivals.pop_front() {
                if let Incoming::Message(message) | Incoming::Packed(message) = &next.1 {
                    self.took(message.len(), slot, inbox);
                }
                return Poll::Ready(next);
            }
            // Whoever waits has nothing left to take.
            self.tell(slot, inbox);
            ready!(slot.poll_arrivals(cx, &mut self.arrivals));
        }
    }

    fn took(&mut self, len: usize, slot: &Slot, inbox: &Inbox) {
        // A call that is over has no credit to give.
        if matches!(self.arrivals.back(), Some((_, Incoming::End(_)))) {
            return;
        }
        self.untold += len;
        self.untold_cost += len + MESSAGE_COST;
        if self.untold_cost >= UNTOLD {
            self.tell(slot, inbox);
        }
    }

    fn tell(&mut self, slot: &Slot, inbox: &Inbox) {
        if self.untold_cost > 0 {
            inbox.consumed(slot.call(), self.untold, self.untold_cost);
            (self.untold, self.untold_cost) = (0, 0);
        }
    }

    /// Nobody will listen any more: what was not taken is given back.
    pub(crate) fn abandon(&mut self, slot: &Slot, inbox: &Inbox) {
        let untaken = [slot.abandon(), credit(self.arrivals.drain(..))];
        for bytes in untaken.into_iter().flatten() {
            self.untold += bytes;
            self.untold_cost += bytes + MESSAGE_COST;
        }
        self.tell(slot, inbox);
    }
}
