//! The messages of a call: how many are kept, and what is known of those that are not.
//!
//! A ring with bounds in messages and bytes. The same ring gathers on the engine's side what the window has not taken yet,
//! so that neither side can grow, whatever the rate. Messages are decoded when somebody looks at them, not when they arrive.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use callscope_wire::capture::Count;
use callscope_wire::{Time, Value};

/// Above this many bytes a message is taken apart off the UI thread: decoding it would be felt.
pub const LARGE: usize = 256 << 10;

/// One message as it was sent or received.
#[derive(Clone, Debug)]
pub struct Message {
    /// When.
    pub at: Time,
    /// Sent by us.
    pub sent: bool,
    /// As encoded.
    pub bytes: Bytes,
    decoded: OnceLock<Result<Arc<Value>, String>>,
}

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecoded<'a> {
    /// It is larger than [`LARGE`].
    Large,
    /// It is no JSON, and why.
    Broken(&'a str),
}

impl Message {
    /// Not decoded yet.
    pub fn new(at: Time, sent: bool, bytes: Bytes) -> Self {
        Self { at, sent, bytes, decoded: OnceLock::new() }
    }

    /// Whether it is too large to be decoded on the UI thread.
    pub fn is_large(&self) -> bool {
        self.bytes.len() > LARGE
    }

    /// Its value, decoded at the first look and kept.
    pub fn value(&self) -> Result<&Arc<Value>, Undecoded<'_>> {
        if self.is_large() {
            return Err(Undecoded::Large);
        }
        let decoded = self.decoded.get_or_init(|| self.decode().map(Arc::new));
        decoded.as_ref().map_err(|why| Undecoded::Broken(why))
    }

    /// Decodes a message of any size; not on the UI thread.
    pub fn decode(&self) -> Result<Value, String> {
        serde_json::from_slice(&self.bytes).map_err(|error| error.to_string())
    }
}

/// How many messages of a call are kept. Counts, rates and bytes are always of all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// As many as memory has room for.
    All,
    /// The newest 10,000.
    #[default]
    Recent,
    /// The newest 1,000.
    Few,
    /// None but the last one.
    Count,
}

impl Keep {
    /// All of them, from most to least.
    pub const ALL: [Self; 4] = [Self::All, Self::Recent, Self::Few, Self::Count];

    /// Messages kept at most.
    pub const fn messages(self) -> usize {
        match self {
            // A row costs about a hundred bytes beside the message: this many are a hundred megabytes.
            Self::All => 1_000_000,
            Self::Recent => 10_000,
            Self::Few => 1_000,
            Self::Count => 1,
        }
    }

    /// Bytes of them kept at most; one message is kept whatever its size.
    pub const fn bytes(self) -> usize {
        match self {
            Self::All => 256 << 20,
            Self::Recent | Self::Few | Self::Count => 64 << 20,
        }
    }
}

/// Messages, oldest first, within the bounds of a [`Keep`].
#[derive(Clone, Debug, Default)]
pub struct Ring {
    messages: VecDeque<Message>,
    bytes: usize,
    dropped: u64,
}

impl Ring {
    /// Adds one; the oldest go where there is no room.
    pub fn push(&mut self, message: Message, keep: Keep) {
        self.bytes += message.bytes.len();
        self.messages.push_back(message);
        self.trim(keep);
    }

    /// Adds what was gathered elsewhere.
    pub fn append(&mut self, mut newer: Self, keep: Keep) {
        if newer.dropped > 0 {
            // What is here is older than what was let go there.
            self.clear();
        }
        self.dropped += newer.dropped;
        self.bytes += newer.bytes;
        self.messages.append(&mut newer.messages);
        self.trim(keep);
    }

    /// Lets the oldest go until the bounds are kept.
    pub fn trim(&mut self, keep: Keep) {
        while self.messages.len() > 1 && (self.messages.len() > keep.messages() || self.bytes > keep.bytes()) {
            if let Some(oldest) = self.messages.pop_front() {
                self.bytes -= oldest.bytes.len();
                self.dropped += 1;
            }
        }
    }

    /// Lets all go.
    pub fn clear(&mut self) {
        self.dropped += self.messages.len() as u64;
        self.bytes = 0;
        self.messages = VecDeque::new();
    }

    /// Messages that had to go: the first one here has this index.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Bytes of the messages here.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl std::ops::Deref for Ring {
    type Target = VecDeque<Message>;

    fn deref(&self) -> &VecDeque<Message> {
        &self.messages
    }
}

/// What came in since the window looked last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Messages and bytes that left.
    pub sent: Count,
    /// Messages and bytes that arrived.
    pub received: Count,
    /// When the last of them did.
    pub last: Time,
}

/// Seconds that a [`Rate`] remembers.
const SECONDS: usize = 60;

/// Messages and bytes of the last minute, second by second.
#[derive(Clone, Debug, Default)]
pub struct Rate {
    /// Second since the epoch of times, and what came in it. Seconds without anything are not here.
    seconds: VecDeque<(u64, Count)>,
}

impl Rate {
    /// Takes in what came.
    pub fn add(&mut self, at: Time, count: Count) {
        let second = second_of(at);
        match self.seconds.back_mut() {
            Some((last, sum)) if *last >= second => {
                sum.messages += count.messages;
                sum.bytes += count.bytes;
            }
            _ => self.seconds.push_back((second, count)),
        }
        while self.seconds.front().is_some_and(|(first, _)| *first + (SECONDS as u64) <= second) {
            self.seconds.pop_front();
        }
    }

    /// Per second, as of the last whole one; of a call that has run for less than two seconds, of the time since its start.
    pub fn per_second(&self, started: Time, now: Time) -> Count {
        let running = now.since(started);
        if running < Duration::from_secs(2) {
            let seconds = running.as_secs_f64().max(0.05);
            let sum = self.seconds.iter().fold(Count::default(), |sum, (_, count)| Count {
                messages: sum.messages + count.messages,
                bytes: sum.bytes + count.bytes,
            });
            let share = |all: u64| (all as f64 / seconds).round() as u64;
            return Count { messages: share(sum.messages), bytes: share(sum.bytes) };
        }
        self.of_second(second_of(now).saturating_sub(1))
    }

    /// The last minute up to the last whole second, oldest first.
    pub fn minute(&self, now: Time) -> impl Iterator<Item = Count> {
        let end = second_of(now);
        (end.saturating_sub(SECONDS as u64)..end).map(|second| self.of_second(second))
    }

    fn of_second(&self, second: u64) -> Count {
        let found = self.seconds.binary_search_by_key(&second, |(second, _)| *second);
        found.ok().and_then(|at| self.seconds.get(at)).map(|(_, count)| *count).unwrap_or_default()
    }
}

const fn second_of(time: Time) -> u64 {
    time.0 / 1_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(size: usize) -> Message {
        Message::new(Time(1), false, Bytes::from(vec![b' '; size]))
    }

    #[test]
    fn a_ring_keeps_the_newest_and_counts_what_went() {
        let mut ring = Ring::default();
        for _ in 0..1_500 {
            ring.push(message(10), Keep::Few);
        }
        assert_eq!((ring.len(), ring.dropped(), ring.bytes()), (1_000, 500, 10_000));
        ring.trim(Keep::Count);
        assert_eq!((ring.len(), ring.dropped(), ring.bytes()), (1, 1_499, 10));
    }

    #[test]
    fn the_only_message_stays_whatever_its_size() {
        let mut ring = Ring::default();
        ring.push(message(Keep::Recent.bytes() + 1), Keep::Recent);
        assert_eq!((ring.len(), ring.dropped()), (1, 0));
        ring.push(message(1), Keep::Recent);
        assert_eq!((ring.len(), ring.dropped(), ring.bytes()), (1, 1, 1), "the older one had to go");
    }

    #[test]
    fn numbers_stay_right_when_both_sides_let_go() {
        let mut ring = Ring::default();
        for _ in 0..10 {
            ring.push(message(1), Keep::Few);
        }
        let mut newer = Ring::default();
        for _ in 0..1_200 {
            newer.push(message(1), Keep::Few);
        }
        ring.append(newer, Keep::Few);
        assert_eq!((ring.len(), ring.dropped()), (1_000, 210));
    }

    #[test]
    fn a_rate_is_that_of_the_last_whole_second() {
        let mut rate = Rate::default();
        let count = |messages| Count { messages, bytes: messages * 10 };
        let at = |seconds: f64| Time((seconds * 1e9) as u64);
        rate.add(at(0.2), count(50));
        assert_eq!(rate.per_second(at(0.0), at(0.5)), count(100), "half a second is not a whole one");
        for tenth in 0..100 {
            rate.add(at(f64::from(tenth) / 10.0), count(7));
        }
        assert_eq!(rate.per_second(at(0.0), at(10.05)), count(70));
        assert_eq!(rate.per_second(at(0.0), at(13.0)), count(0), "it stands still");
        assert_eq!(rate.minute(at(10.0)).last(), Some(count(70)));
        rate.add(at(100.0), count(1));
        assert_eq!(rate.minute(at(101.0)).map(|count| count.messages).sum::<u64>(), 1);
    }

    #[test]
    fn messages_are_decoded_when_looked_at() {
        let good = Message::new(Time(1), false, Bytes::from_static(b"{\"a\":1}"));
        assert_eq!(good.value().map(|value| value["a"].clone()), Ok(Value::from(1)));
        let broken = Message::new(Time(1), false, Bytes::from_static(b"{\"a\""));
        assert!(matches!(broken.value(), Err(Undecoded::Broken(why)) if why.contains("EOF")));
        assert_eq!(message(LARGE + 1).value(), Err(Undecoded::Large));
    }
}
