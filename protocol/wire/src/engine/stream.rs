//! What engines of multiplexed dialects keep per stream: a table that finds streams by number, and an inbox that
//! puts messages together and knows whose credit is whose.
//!
//! Knows message bytes and costs, not frames.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use bytes::{Bytes, BytesMut};

use super::flow::ReceiveWindow;

/// Spreads numbers that a peer or a counter chose. Not keyed: both are sequences here, and the tables are bounded by the stream limit.
#[derive(Debug, Default)]
pub struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // 2⁶⁴ / golden ratio: neighbors land far apart, and the high bits (which the table uses) depend on all low ones.
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }
}

/// Slots by number.
pub type Index = HashMap<u64, usize, BuildHasherDefault<NumberHasher>>;

/// Things in slots that keep their place; free slots are used again.
#[derive(Debug)]
pub struct Table<T> {
    slots: Vec<Option<T>>,
    free: Vec<usize>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> Table<T> {
    /// Puts it somewhere and says where.
    pub fn insert(&mut self, thing: T) -> usize {
        if let Some(slot) = self.free.pop()
            && let Some(place) = self.slots.get_mut(slot)
        {
            *place = Some(thing);
            return slot;
        }
        self.slots.push(Some(thing));
        self.slots.len() - 1
    }

    /// What is there.
    pub fn get(&self, slot: usize) -> Option<&T> {
        self.slots.get(slot)?.as_ref()
    }

    /// What is there, to change.
    pub fn get_mut(&mut self, slot: usize) -> Option<&mut T> {
        self.slots.get_mut(slot)?.as_mut()
    }

    /// Takes it out.
    pub fn remove(&mut self, slot: usize) -> Option<T> {
        let thing = self.slots.get_mut(slot)?.take()?;
        self.free.push(slot);
        Some(thing)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.slots.iter().enumerate().filter_map(|(slot, thing)| Some((slot, thing.as_ref()?)))
    }

    /// All, to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (usize, &mut T)> {
        self.slots.iter_mut().enumerate().filter_map(|(slot, thing)| Some((slot, thing.as_mut()?)))
    }

    /// Takes out everything.
    pub fn drain(&mut self) -> impl Iterator<Item = T> {
        self.free.clear();
        std::mem::take(&mut self.slots).into_iter().flatten()
    }
}

/// What is received of one stream.
#[derive(Debug)]
pub struct Inbox {
    /// The stream's window.
    pub window: ReceiveWindow,
    parts: BytesMut,
    parts_cost: usize,
    in_parts: bool,
    /// Complete messages that the application has not taken: length, cost.
    untaken: VecDeque<(usize, usize)>,
}

/// Why a message is not taken in; the call ends, the connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    /// It is too long.
    #[error("a message of {len} bytes or more passes the limit of {limit}")]
    Message {
        /// What has come so far.
        len: usize,
        /// The limit.
        limit: usize,
    },
    /// All incomplete messages together are too long.
    #[error("incomplete messages of {held} bytes on one connection pass the limit of {limit}")]
    Reassembly {
        /// What there would be.
        held: usize,
        /// The limit.
        limit: usize,
    },
}

/// What the streams of a connection share on the receiving side.
#[derive(Debug)]
pub struct Intake {
    /// The connection's window.
    pub window: ReceiveWindow,
    /// Bytes of incomplete messages, over all streams.
    pub held: usize,
    /// Bytes of one message.
    pub max_message: usize,
    /// Bytes of incomplete messages.
    pub max_held: usize,
}

impl Inbox {
    /// Nothing yet.
    pub fn new(window: ReceiveWindow) -> Self {
        Self { window, parts: BytesMut::new(), parts_cost: 0, in_parts: false, untaken: VecDeque::new() }
    }

    /// As [`Self::new`], with the memory of one that is over.
    pub fn with_queue(window: ReceiveWindow, untaken: VecDeque<(usize, usize)>) -> Self {
        Self { untaken, ..Self::new(window) }
    }

    /// Its queue, empty, for the next one.
    pub fn into_queue(mut self) -> VecDeque<(usize, usize)> {
        self.untaken.clear();
        self.untaken
    }

    /// Whether the first part of a message is here and the last is not.
    pub const fn in_parts(&self) -> bool {
        self.in_parts
    }

    /// Takes in a message, or a part of one, that both windows have room for; gives the message once it is complete.
    /// After an error the inbox is to be [discarded](Self::discard).
    pub fn take_in(
        &mut self,
        body: Bytes,
        more: bool,
        cost: usize,
        intake: &mut Intake,
    ) -> Result<Option<Bytes>, TooMuch> {
        let len = self.parts.len() + body.len();
        if len > intake.max_message {
            return Err(TooMuch::Message { len, limit: intake.max_message });
        }
        if !more && !self.in_parts {
            self.untaken.push_back((len, cost));
            return Ok(Some(body));
        }
        let held = intake.held + body.len();
        if more && held > intake.max_held {
            return Err(TooMuch::Reassembly { held, limit: intake.max_held });
        }
        self.parts.extend_from_slice(&body);
        intake.held = held;
        if more {
            self.in_parts = true;
            self.parts_cost += cost;
            self.window.lend(cost);
            intake.window.lend(cost);
            return Ok(None);
        }
        intake.held -= len;
        self.window.complete(self.parts_cost);
        intake.window.complete(self.parts_cost);
        self.untaken.push_back((len, self.parts_cost + cost));
        self.in_parts = false;
        self.parts_cost = 0;
        Ok(Some(std::mem::take(&mut self.parts).freeze()))
    }

    /// The application has taken `bytes` of messages: releases those that it has wholly.
    pub fn consumed(&mut self, mut bytes: usize, intake: &mut Intake) {
        while let Some((len, cost)) = self.untaken.front_mut() {
            if *len > bytes {
                *len -= bytes;
                return;
            }
            bytes -= *len;
            self.window.release(*cost);
            intake.window.release(*cost);
            self.untaken.pop_front();
        }
    }

    /// The stream is over: everything that it holds of the connection goes back.
    pub fn discard(&mut self, intake: &mut Intake) {
        intake.held -= self.parts.len();
        intake.window.release(self.untaken.drain(..).map(|(_, cost)| cost).sum());
        self.parts = BytesMut::new();
        self.parts_cost = 0;
        self.in_parts = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intake() -> Intake {
        Intake { window: ReceiveWindow::new(1000, 0), held: 0, max_message: 300, max_held: 400 }
    }

    fn inbox() -> Inbox {
        Inbox::new(ReceiveWindow::new(100, 0))
    }

    fn part(len: usize) -> Bytes {
        Bytes::from(vec![7; len])
    }

    #[test]
    fn parts_become_a_message_and_bounds_hold() {
        let mut intake = intake();
        let (mut one, mut two) = (inbox(), inbox());
        assert_eq!(one.take_in(part(200), true, 216, &mut intake), Ok(None));
        assert_eq!(one.take_in(part(101), false, 117, &mut intake), Err(TooMuch::Message { len: 301, limit: 300 }));
        assert_eq!(two.take_in(part(201), true, 217, &mut intake), Err(TooMuch::Reassembly { held: 401, limit: 400 }));
        assert_eq!(one.take_in(part(100), false, 116, &mut intake), Ok(Some(part(300))));
        assert_eq!(intake.held, 0);
        assert_eq!(two.take_in(part(201), true, 217, &mut intake), Ok(None));
        two.discard(&mut intake);
        assert_eq!(intake.held, 0);
    }

    #[test]
    fn credit_goes_back_with_the_messages_taken() {
        let mut intake = intake();
        let mut inbox = inbox();
        for len in [30, 0, 20] {
            inbox.window.spend(len + 16).unwrap();
            inbox.take_in(part(len), false, len + 16, &mut intake).unwrap();
        }
        inbox.consumed(29, &mut intake);
        assert_eq!(inbox.window.credit(), None);
        inbox.consumed(1, &mut intake);
        assert_eq!(inbox.window.credit(), Some(62), "the message of 30 bytes and the empty one behind it");
    }

    #[test]
    fn slots_are_used_again() {
        let mut table = Table::default();
        let (a, b) = (table.insert('a'), table.insert('b'));
        assert_eq!(table.remove(a), Some('a'));
        assert_eq!(table.remove(a), None);
        assert_eq!(table.insert('c'), a);
        assert_eq!((table.get(a), table.get(b), table.len()), (Some(&'c'), Some(&'b'), 2));
        assert_eq!(table.drain().collect::<String>(), "cb");
        assert_eq!((table.len(), table.insert('d')), (0, 0));
    }
}
