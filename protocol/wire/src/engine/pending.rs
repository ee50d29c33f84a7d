//! Whose turn it is to send: streams take turns, frame by frame, so that small calls overtake large messages.
//!
//! ```text
//!            wake                 take_turn                 nothing left
//!   Idle ───────────▶ Ready ───────────────────▶ (sends) ──────────────▶ Idle
//!                       ▲                           │ ▲
//!                       │   wake (stream credit)    │ └─ more left: behind the others
//!                       ├────────────── Stream ◀────┤
//!                       │ wake_all (connection)     │ out of credit
//!                       └────────── Connection ◀────┘
//! ```
//!
//! Knows slots of streams, not what they send.

use std::collections::VecDeque;

/// Where a stream stands; each stream holds its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    /// Has nothing to send.
    #[default]
    Idle,
    /// Waits for its turn.
    Ready,
    /// Out of its own credit.
    Stream,
    /// Waits for the connection's credit.
    Connection,
}

/// The streams that want to send, in order.
#[derive(Debug, Default)]
pub struct Turns {
    ready: VecDeque<usize>,
    waiting: Vec<usize>,
}

impl Turns {
    /// The stream has something new to send. One that waits for credit goes on waiting.
    pub fn offer(&mut self, slot: usize, turn: &mut Turn) {
        if *turn == Turn::Idle {
            self.wake(slot, turn);
        }
    }

    /// The stream may try again, whatever it waited for: it has credit, or something that needs none.
    pub fn wake(&mut self, slot: usize, turn: &mut Turn) {
        match *turn {
            Turn::Ready => return,
            Turn::Connection => self.waiting.retain(|waiting| *waiting != slot),
            Turn::Idle | Turn::Stream => {}
        }
        *turn = Turn::Ready;
        self.ready.push_back(slot);
    }

    /// The streams that waited for the connection's credit; make each [`Turn::Idle`] and offer it again.
    pub fn take_waiting(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.waiting)
    }

    /// Whose turn it is. The caller puts it back by [`Self::put_back`], or leaves it out.
    pub fn take_turn(&mut self) -> Option<usize> {
        self.ready.pop_front()
    }

    /// What became of the stream that had its turn.
    pub fn put_back(&mut self, slot: usize, turn: &mut Turn, now: Turn) {
        *turn = now;
        match now {
            Turn::Ready => self.ready.push_back(slot),
            Turn::Connection => self.waiting.push(slot),
            Turn::Idle | Turn::Stream => {}
        }
    }

    /// The stream is gone.
    pub fn remove(&mut self, slot: usize, turn: Turn) {
        match turn {
            Turn::Ready => self.ready.retain(|ready| *ready != slot),
            Turn::Connection => self.waiting.retain(|waiting| *waiting != slot),
            Turn::Idle | Turn::Stream => {}
        }
    }

    /// Whether nobody is ready.
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_take_turns_and_wait_for_credit() {
        let mut turns = Turns::default();
        let mut states = [Turn::Idle; 3];
        for (slot, turn) in states.iter_mut().enumerate() {
            turns.offer(slot, turn);
            turns.offer(slot, turn);
        }
        assert_eq!(turns.take_turn(), Some(0));
        turns.put_back(0, &mut states[0], Turn::Ready);
        assert_eq!(turns.take_turn(), Some(1));
        turns.put_back(1, &mut states[1], Turn::Connection);
        assert_eq!(turns.take_turn(), Some(2));
        turns.put_back(2, &mut states[2], Turn::Stream);
        assert_eq!(turns.take_turn(), Some(0));
        turns.put_back(0, &mut states[0], Turn::Idle);
        assert_eq!(turns.take_turn(), None);

        turns.offer(2, &mut states[2]);
        assert!(turns.is_empty(), "more data does not help a stream without credit");
        turns.wake(2, &mut states[2]);
        turns.wake(1, &mut states[1]);
        assert_eq!((turns.take_turn(), turns.take_turn(), turns.take_turn()), (Some(2), Some(1), None));
        assert!(turns.take_waiting().is_empty());
    }
}
