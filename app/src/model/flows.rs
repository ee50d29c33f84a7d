//! Calls as recorded: events applied to flows, and the messages of each. Bounded, oldest out first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use callscope_wire::capture::{Flow, FlowEvent};
use callscope_wire::{FlowId, SpanId, Time, Words};

use super::messages::{Counted, Keep, Rate, Ring};

pub use super::messages::Message;

/// Flows kept; beyond it the oldest that are over go.
const FLOWS: usize = 20_000;
/// Message bytes kept for all flows together; beyond it the messages of the oldest that are over go. What the figures say stays.
const MESSAGE_BYTES: usize = 512 << 20;

/// All calls of this run.
#[derive(Debug, Default)]
pub struct Flows {
    records: BTreeMap<FlowId, Record>,
    /// The last id given out.
    last: u64,
    /// Calls by the span that they were made from: the trees of calls across services.
    made: HashMap<SpanId, Vec<FlowId>>,
    /// Calls of the user that run now; those that they cause elsewhere are not counted.
    pub running: usize,
    /// Those that hold messages, and bytes of all of these.
    holding: BTreeSet<FlowId>,
    bytes: usize,
    /// How many messages to keep of calls that nothing was heard of yet.
    keeps: BTreeMap<FlowId, Keep>,
    /// The latest of the calls that had to go. Ids rise, and the oldest go first.
    let_go: Option<FlowId>,
}

/// One call and its messages.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// What happened.
    pub flow: Flow,
    /// Its messages, oldest first, as far as they are kept.
    pub messages: Ring,
    /// How many of them are.
    pub keep: Keep,
    /// Messages a second, of a stream.
    pub rate: Rate,
    /// One plain sentence about it, once it is over; empty when there is nothing to say.
    pub verdict: Words,
}

impl Flows {
    /// A new id.
    pub fn next_id(&mut self) -> FlowId {
        self.last += 1;
        FlowId(self.last)
    }

    /// The call with this id, if it is still here.
    pub fn get(&self, id: FlowId) -> Option<&Record> {
        self.records.get(&id)
    }

    /// All calls, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (FlowId, &Record)> {
        self.records.iter().map(|(id, record)| (*id, record))
    }

    /// Calls here.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Takes an event in.
    pub fn apply(&mut self, id: FlowId, at: Time, event: FlowEvent) {
        let made_by_us = |caller: &Option<String>| caller.is_none();
        let started = matches!(&event, FlowEvent::Started { caller, .. } if made_by_us(caller));
        let ended = matches!(event, FlowEvent::Ended { .. });
        let keeps = &mut self.keeps;
        let record = self.records.entry(id).or_insert_with(|| begin(id, keeps));
        if started {
            self.running += 1;
        }
        if let FlowEvent::Started { trace: Some(trace), .. } = &event
            && let Some(parent) = trace.parent
        {
            self.made.entry(parent).or_default().push(id);
        }
        record.flow.apply(at, event);
        if ended {
            if made_by_us(&record.flow.caller) {
                self.running = self.running.saturating_sub(1);
            }
            record.verdict = callscope_wire::capture::verdict(&record.flow);
            while self.records.len() > FLOWS {
                let Some(oldest) = self.records.iter().find(|(_, record)| record.flow.ended.is_some()) else { break };
                let oldest = *oldest.0;
                self.forget(oldest);
            }
        }
    }

    /// Calls that an attempt with this span made, in the order in which they began.
    pub fn made_from(&self, span: SpanId) -> impl Iterator<Item = &Record> {
        self.made.get(&span).into_iter().flatten().filter_map(|id| self.records.get(id))
    }

    fn forget(&mut self, id: FlowId) {
        let Some(record) = self.records.remove(&id) else { return };
        self.let_go = self.let_go.max(Some(id));
        self.bytes -= record.messages.bytes();
        self.holding.remove(&id);
        let Some(parent) = record.flow.trace.and_then(|trace| trace.parent) else { return };
        if let Some(siblings) = self.made.get_mut(&parent) {
            siblings.retain(|sibling| *sibling != id);
            if siblings.is_empty() {
                self.made.remove(&parent);
            }
        }
    }

    /// What is sent may be heard of before the call itself is. What was let go stays gone.
    fn hear_of(&mut self, id: FlowId) {
        if self.let_go.is_none_or(|latest| id > latest) {
            let keeps = &mut self.keeps;
            self.records.entry(id).or_insert_with(|| begin(id, keeps));
        }
    }

    /// Adds a message to a call.
    pub fn message(&mut self, id: FlowId, message: Message) {
        let mut ring = Ring::default();
        ring.push(message, Keep::All);
        self.take(id, ring);
    }

    /// Adds messages to a call.
    pub fn take(&mut self, id: FlowId, messages: Ring) {
        self.hear_of(id);
        let Some(record) = self.records.get_mut(&id) else { return };
        self.bytes -= record.messages.bytes();
        record.messages.append(messages, record.keep);
        self.bytes += record.messages.bytes();
        self.holding.insert(id);
        while self.bytes > MESSAGE_BYTES {
            let mut others = self.holding.iter().copied().filter(|held| *held != id);
            let over = |held: &FlowId| self.records.get(held).is_none_or(|record| record.flow.ended.is_some());
            let Some(oldest) = others.clone().find(over).or_else(|| others.next()) else { break };
            self.holding.remove(&oldest);
            if let Some(record) = self.records.get_mut(&oldest) {
                self.bytes -= record.messages.bytes();
                record.messages.clear();
            }
        }
    }

    /// Counts messages of a call.
    pub fn counted(&mut self, id: FlowId, counted: Counted) {
        self.hear_of(id);
        let Some(record) = self.records.get_mut(&id) else { return };
        record.flow.sent += counted.sent;
        record.flow.received += counted.received;
        if record.flow.shape.client_streams() || record.flow.shape.server_streams() {
            record.rate.add(counted.last, counted.sent);
            record.rate.add(counted.last, counted.received);
        }
    }

    /// Keeps more or fewer messages of a call from now on.
    pub fn keep(&mut self, id: FlowId, keep: Keep) {
        let Some(record) = self.records.get_mut(&id) else {
            if keep != Keep::default() {
                self.keeps.insert(id, keep);
            }
            return;
        };
        record.keep = keep;
        self.bytes -= record.messages.bytes();
        record.messages.trim(keep);
        self.bytes += record.messages.bytes();
    }
}

/// A call that is heard of for the first time.
fn begin(id: FlowId, keeps: &mut BTreeMap<FlowId, Keep>) -> Record {
    Record { flow: Flow::new(id), keep: keeps.remove(&id).unwrap_or_default(), ..Record::default() }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use callscope_wire::Status;

    use super::*;

    #[test]
    fn all_calls_together_hold_a_bounded_number_of_bytes() {
        let mut flows = Flows::default();
        let large = Bytes::from(vec![b'x'; 100 << 20]);
        for id in 1..=8 {
            let id = FlowId(id);
            flows.apply(
                id,
                Time(1),
                FlowEvent::Started {
                    target: String::new(),
                    method: String::new(),
                    shape: callscope_wire::Shape::Unary,
                    deadline: None,
                    caller: None,
                    trace: None,
                },
            );
            // The first one goes on.
            if id != FlowId(1) {
                flows.apply(id, Time(2), FlowEvent::Ended { status: Status::ok() });
            }
            flows.message(id, Message::new(Time(3), false, large.clone()));
        }
        let held: Vec<u64> =
            flows.iter().filter(|(_, record)| !record.messages.is_empty()).map(|(id, _)| id.0).collect();
        assert_eq!(held, [1, 5, 6, 7, 8], "the oldest that are over lost theirs");
        assert_eq!(flows.get(FlowId(2)).map(|record| record.messages.dropped()), Some(1));
        assert!(flows.bytes <= MESSAGE_BYTES);
    }

    #[test]
    fn what_is_heard_of_a_call_before_its_start_is_kept() {
        let mut flows = Flows::default();
        for id in [2, 1] {
            flows.message(FlowId(id), Message::new(Time(1), true, Bytes::from_static(b"1")));
        }
        assert_eq!(flows.iter().map(|(_, record)| record.messages.len()).collect::<Vec<_>>(), [1, 1]);
        flows.forget(FlowId(1));
        flows.message(FlowId(1), Message::new(Time(2), false, Bytes::from_static(b"2")));
        assert_eq!(flows.len(), 1, "what was let go stays gone");
    }
}
