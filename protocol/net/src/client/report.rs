//! Tells the observer what happens to one call, and that it ended exactly once, whatever happens:
//! a call whose task is dropped in the middle has ended, too.

use std::sync::Arc;

use bytes::Bytes;
use callscope_wire::capture::FlowEvent;
use callscope_wire::{Code, FlowId, Status, Time, say};

use crate::clock;
use crate::observer::Observer;
use crate::resilience::Deadline;

/// One call's line to the observer.
pub(crate) struct Reporter {
    observer: Arc<dyn Observer>,
    flow: FlowId,
    deadline: Deadline,
    /// The attempt that runs.
    attempt: Option<u8>,
    ended: bool,
}

impl Reporter {
    pub(crate) const fn new(observer: Arc<dyn Observer>, flow: FlowId, deadline: Deadline) -> Self {
        Self { observer, flow, deadline, attempt: None, ended: false }
    }

    pub(crate) fn tell(&mut self, at: Time, event: FlowEvent) {
        match &event {
            FlowEvent::AttemptStarted { attempt, .. } => self.attempt = Some(*attempt),
            FlowEvent::AttemptEnded { .. } => self.attempt = None,
            FlowEvent::Ended { .. } => self.ended = true,
            _ => {}
        }
        // Flow 0 is a question of our own, which nobody asked to see.
        if self.flow != FlowId(0) {
            self.observer.flow(self.flow, at, event);
        }
    }

    /// A message left, in so many bytes.
    pub(crate) fn sent(&mut self, at: Time, message: &Bytes, bytes: usize) {
        self.message(at, true, message);
        self.tell(at, FlowEvent::Sent { bytes });
    }

    /// A message arrived, in so many bytes.
    pub(crate) fn received(&mut self, at: Time, message: &Bytes, bytes: usize) {
        self.message(at, false, message);
        self.tell(at, FlowEvent::Received { bytes });
    }

    fn message(&self, at: Time, sent: bool, message: &Bytes) {
        if self.flow != FlowId(0) {
            self.observer.message(self.flow, at, sent, message);
        }
    }

    pub(crate) fn end(&mut self, status: &Status) {
        let at = clock::now();
        if let Some(attempt) = self.attempt {
            self.tell(at, FlowEvent::AttemptEnded { attempt, status: status.clone() });
        }
        if !self.ended {
            self.tell(at, FlowEvent::Ended { status: status.clone() });
        }
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        if !self.ended {
            let status = if self.deadline.passed(clock::now()) {
                self.deadline.exceeded("the call was dropped")
            } else {
                Status::new(Code::CANCELLED, say!("calling.dropped", "the call was dropped"))
            };
            self.end(&status);
        }
    }
}
