//! Calls as recorded: events applied to flows, and the messages of each. Bounded, oldest out first.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use callscope_wire::capture::{Flow, FlowEvent};
use callscope_wire::{FlowId, Time, Value};

/// Flows kept; beyond it the oldest that are over go.
const FLOWS: usize = 20_000;
/// Messages kept for one flow; beyond it the oldest go, and are counted.
const MESSAGES: usize = 10_000;
/// Message bytes kept for one flow.
const MESSAGE_BYTES: usize = 64 << 20;

/// All calls of this run.
#[derive(Debug, Default)]
pub struct Flows {
    records: BTreeMap<FlowId, Record>,
    /// The last id given out.
    last: u64,
    /// Calls of the user that run now; those that they cause elsewhere are not counted.
    pub running: usize,
}

/// One call and its messages.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// What happened.
    pub flow: Flow,
    /// Its messages, oldest first.
    pub messages: VecDeque<Message>,
    /// Messages that had to go: the first one here has this index.
    pub dropped: u64,
    /// Bytes of the messages here.
    bytes: usize,
    /// One plain sentence about it, once it is over; empty when there is nothing to say.
    pub verdict: String,
}

/// One message as it was sent or received.
#[derive(Clone, Debug)]
pub struct Message {
    /// When.
    pub at: Time,
    /// Sent by us.
    pub sent: bool,
    /// As encoded.
    pub bytes: Bytes,
    /// Decoded off the UI thread; `Err` says why it could not be.
    pub value: Result<Arc<Value>, String>,
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
        let record = self.records.entry(id).or_insert_with(|| Record { flow: Flow::new(id), ..Record::default() });
        if started {
            self.running += 1;
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
                self.records.remove(&oldest);
            }
        }
    }

    /// Adds a message to a call.
    pub fn message(&mut self, id: FlowId, message: Message) {
        let Some(record) = self.records.get_mut(&id) else { return };
        record.bytes += message.bytes.len();
        record.messages.push_back(message);
        while record.messages.len() > 1 && (record.messages.len() > MESSAGES || record.bytes > MESSAGE_BYTES) {
            if let Some(oldest) = record.messages.pop_front() {
                record.bytes -= oldest.bytes.len();
                record.dropped += 1;
            }
        }
    }
}
