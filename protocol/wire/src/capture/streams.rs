//! What a recorder remembers of a connection's streams: whose call each is, and how many messages went each way.
//!
//! Messages are counted where frames are cut, because there every frame passes, also those that are not kept.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::MessagePart;
use crate::Encoding;
use crate::inspect::Part;

/// Streams of one connection that are remembered while they run. Beyond it the oldest are forgotten.
const MAX_STREAMS: usize = 8 << 10;

/// Streams that are over and still remembered: frames that crossed the end belong to the call, too.
const MAX_ENDED: usize = 256;

/// The streams of one connection.
#[derive(Default)]
pub(super) struct Streams {
    /// Numbers rise, so the first is the oldest.
    running: BTreeMap<u64, Stream>,
    ended: VecDeque<u64>,
}

#[derive(Default)]
struct Stream {
    method: Option<Arc<str>>,
    encoding: Encoding,
    sent: Progress,
    received: Progress,
}

/// How far the messages of one direction are.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// The message that comes next or has begun; `None`: nobody knows how many there were before.
    number: Option<u32>,
    place: Place,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    Between,
    Inside,
    /// Bytes are missing before, or the beginning was not seen.
    #[default]
    Unknown,
}

impl Streams {
    /// A call opens a stream: from here on its messages are counted.
    pub(super) fn begin(&mut self, stream: u64, method: &Arc<str>, encoding: Encoding) {
        if stream == 0 {
            return;
        }
        let counted = Progress { number: Some(0), place: Place::Between };
        let begun = Stream { method: Some(Arc::clone(method)), encoding, sent: counted, received: counted };
        self.running.insert(stream, begun);
        self.make_room();
    }

    /// The method that a stream calls, where it is known.
    pub(super) fn method(&self, stream: u64) -> Option<Arc<str>> {
        self.running.get(&stream)?.method.clone()
    }

    /// What the messages of a stream are in, where it is known.
    pub(super) fn encoding(&self, stream: u64) -> Encoding {
        self.running.get(&stream).map(|stream| stream.encoding).unwrap_or_default()
    }

    /// Counts a message, or a part of one.
    pub(super) fn part(&mut self, stream: u64, sent: bool, part: Part) -> Option<MessagePart> {
        if stream == 0 {
            return None;
        }
        let known = self.running.entry(stream).or_default();
        let progress = if sent { &mut known.sent } else { &mut known.received };
        let counted = MessagePart::new(progress.number, progress.place == Place::Between, part);
        progress.place = if part.more && progress.place != Place::Unknown {
            Place::Inside
        } else if part.more {
            Place::Unknown
        } else {
            progress.number = progress.number.and_then(|number| number.checked_add(1));
            Place::Between
        };
        self.make_room();
        counted
    }

    /// Bytes of this direction are missing here: whatever runs may have lost some.
    pub(super) fn lose(&mut self, sent: bool) {
        for stream in self.running.values_mut() {
            let progress = if sent { &mut stream.sent } else { &mut stream.received };
            *progress = Progress::default();
        }
    }

    /// The call of a stream is over.
    pub(super) fn end(&mut self, stream: u64) {
        self.ended.push_back(stream);
        if self.ended.len() > MAX_ENDED
            && let Some(oldest) = self.ended.pop_front()
        {
            self.running.remove(&oldest);
        }
    }

    fn make_room(&mut self) {
        if self.running.len() > MAX_STREAMS {
            self.running.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_remembered_as_long_as_needed_and_no_longer() {
        let mut streams = Streams::default();
        let name: Arc<str> = "m".into();
        streams.begin(1, &name, Encoding::default());
        for stream in 2..100_000 {
            streams.begin(stream, &name, Encoding::default());
            streams.end(stream);
            assert!(streams.method(stream).is_some(), "frames may cross the end");
        }
        assert!(streams.method(1).is_some(), "a long stream outlives many short ones");
        assert!(streams.running.len() <= MAX_ENDED + 1);
        for stream in 200_000..300_000 {
            streams.begin(stream, &name, Encoding::default());
        }
        assert_eq!(streams.running.len(), MAX_STREAMS);
        for stream in 400_000..500_000 {
            assert!(streams.part(stream, true, Part::default()).is_some(), "whose beginning nobody saw");
        }
        assert_eq!(streams.running.len(), MAX_STREAMS);
    }
}
