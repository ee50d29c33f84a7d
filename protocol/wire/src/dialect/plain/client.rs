//! The side that calls. One call at a time: the dialect has no way to give one up but to close the
//! connection, and that should not hurt another.
//!
//! ```text
//!           Call                  end of its message            bytes polled            answer
//!  (none) ────────▶ Held(message) ─────────────────▶ Queued ─────────────────▶ Sent ─────────────▶ (none)
//!                      │ Cancel: nothing was said      │ Cancel: likewise        │ Cancel, end of input
//!                      ▼                               ▼                         ▼
//!                    (none)                          (none)                    Closed
//! ```

use std::collections::VecDeque;

use bytes::Bytes;

use super::message::{Answer, read_answer, write_request};
use super::values::Values;
use crate::engine::{Accepted, Agreement, CancelReason, Closed, Engine, Event, Input};
use crate::{CallHead, CallId, Code, Codec, Compression, Fault, Limits, Status, Time};

/// What becomes of the connection behind an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is kept for the next call: a line feed behind each call asks the server to, and one behind its answer says
    /// that it does.
    Open,
    /// It serves one call, as in a script of twenty lines.
    One,
}

/// A client's engine.
#[derive(Debug)]
pub struct Client {
    keep: Keep,
    values: Values,
    call: Option<Call>,
    /// Calls sent so far.
    streams: u64,
    /// No further call is taken.
    last: bool,
    closed: Option<Closed>,
    events: VecDeque<Event>,
}

#[derive(Debug)]
struct Call {
    id: CallId,
    method: String,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The message, if it came; whether another one follows is not known.
    Held(Option<Bytes>),
    /// Written, not polled.
    Queued(Bytes),
    /// Waits for its answer.
    Sent,
}

impl Client {
    /// A client on a new connection.
    pub fn new(limits: Limits, keep: Keep) -> Self {
        let agreement = Agreement {
            max_streams: 1,
            max_message: limits.max_message,
            codecs: vec![Codec::Json],
            compressions: vec![Compression::None],
            ..Agreement::default()
        };
        Self {
            keep,
            values: Values::new(&limits),
            call: None,
            streams: 0,
            last: false,
            closed: None,
            events: [Event::Ready(agreement)].into(),
        }
    }

    fn open(&mut self, id: CallId, head: CallHead, message: Option<Bytes>, end: bool) {
        let refusal = if !self.ready_for_call() {
            Some(Status::unprocessed(Code::UNAVAILABLE, "the connection is busy or going away"))
        } else if head.one_way {
            let message = "the plain dialect has no one-way calls: use another dialect";
            Some(Status::unprocessed(Code::UNIMPLEMENTED, message))
        } else {
            None
        };
        if let Some(status) = refusal {
            self.events.push_back(Event::End { call: id, status: Box::new(status) });
            return;
        }
        if !head.metadata.is_empty() {
            let what = format!("the plain dialect carries no metadata: {} pairs are not sent", head.metadata.len());
            self.events.push_back(Event::Diagnostic(what));
        }
        self.call = Some(Call { id, method: head.method, state: State::Held(message) });
        if end {
            self.send();
        }
    }

    fn message(&mut self, id: CallId, message: Bytes, end: bool) {
        let Some(Call { state: State::Held(held), .. }) = self.call.as_mut().filter(|call| call.id == id) else {
            return;
        };
        if held.replace(message).is_some() {
            let message = "the plain dialect carries one message: use another dialect to stream";
            return self.end(Status::unprocessed(Code::UNIMPLEMENTED, message));
        }
        if end {
            self.send();
        }
    }

    /// The call's message is complete.
    fn send(&mut self) {
        let Some(call) = &mut self.call else { return };
        let State::Held(message) = &call.state else { return };
        match write_request(&call.method, message.as_deref().unwrap_or_default()) {
            Err(status) => self.end(status),
            Ok(mut line) => {
                if self.keep == Keep::Open {
                    line.push(b'\n');
                }
                call.state = State::Queued(line.into());
                self.streams += 1;
                self.events.push_back(Event::Opened { call: call.id, stream: self.streams });
            }
        }
    }

    fn cancel(&mut self, reason: CancelReason) {
        let status = match reason {
            CancelReason::Deadline => Status::new(Code::DEADLINE_EXCEEDED, "the deadline passed before an answer came"),
            CancelReason::User | CancelReason::Superseded => Status::new(Code::CANCELLED, "cancelled by the caller"),
            CancelReason::GoingAway => Status::new(Code::CANCELLED, "cancelled: the client is shutting down"),
        };
        match self.call.as_ref().map(|call| &call.state) {
            None => return,
            Some(State::Held(_)) => {}
            Some(State::Queued(_)) => self.streams -= 1,
            // An answer would belong to nobody: closing is the only way to say so.
            Some(State::Sent) => self.closed = Some(Closed::Clean),
        }
        self.end(status);
    }

    fn receive(&mut self, bytes: Bytes) -> Result<(), Fault> {
        self.values.push(bytes);
        loop {
            let fault = match self.values.next() {
                None => return Ok(()),
                Some(Err(fault)) => Fault { code: Code::PROTOCOL_ERROR, ..fault },
                Some(Ok(value)) => match (&self.call, read_answer(&value)) {
                    (Some(Call { id, state: State::Sent, .. }), Ok(answer)) => {
                        let status = match answer {
                            Answer::Result(message) => {
                                self.events.push_back(Event::Message { call: *id, message });
                                Status::ok()
                            }
                            Answer::Error(status) => status,
                        };
                        self.end(status);
                        if self.keep == Keep::One {
                            self.closed = Some(Closed::Clean);
                        }
                        continue;
                    }
                    (Some(Call { state: State::Sent, .. }), Err(what)) => self.fault(value.len(), what),
                    _ => self.fault(value.len(), "an answer that nobody asked for".into()),
                },
            };
            self.end(Status::cut_off(fault.code, fault.to_string()));
            return Err(fault);
        }
    }

    /// A fault of the value that was just read.
    fn fault(&self, len: usize, what: String) -> Fault {
        Fault::peer(Code::PROTOCOL_ERROR, self.values.read_to().saturating_sub(len as u64), what)
    }

    fn eof(&mut self) {
        let broken = match self.call.as_ref().map(|call| &call.state) {
            None => None,
            Some(State::Sent) if self.values.is_inside() => Some("the server closed the connection inside its answer"),
            Some(State::Sent) => Some("the server closed the connection before it answered"),
            Some(State::Held(_) | State::Queued(_)) => {
                let message = "the server closed the connection before the call was sent";
                self.end(Status { not_processed: true, ..Status::cut_off(Code::UNAVAILABLE, message) });
                None
            }
        };
        self.closed = Some(match broken {
            None => Closed::Clean,
            Some(what) => {
                let fault = Fault::peer(Code::UNAVAILABLE, self.values.offset(), what);
                self.end(Status::cut_off(fault.code, fault.to_string()));
                Closed::Fault(fault)
            }
        });
    }

    fn end(&mut self, status: Status) {
        if let Some(call) = self.call.take() {
            self.events.push_back(Event::End { call: call.id, status: Box::new(status) });
        }
        if self.last && self.closed.is_none() {
            self.closed = Some(Closed::Clean);
        }
    }
}

impl Engine for Client {
    fn input(&mut self, _now: Time, input: Input) -> Result<Accepted, Fault> {
        let current = |call: CallId| self.call.as_ref().is_some_and(|current| current.id == call);
        match input {
            Input::Bytes(bytes) if self.closed.is_none() => self.receive(bytes)?,
            Input::Eof if self.closed.is_none() => self.eof(),
            Input::Call { call, head, message, end } => self.open(call, *head, message, end),
            Input::Message { call, message, end } => self.message(call, message, end),
            Input::HalfClose { call } if current(call) => self.send(),
            Input::Cancel { call, reason } if current(call) => self.cancel(reason),
            Input::Ping => self.events.push_back(Event::Diagnostic("the plain dialect has no ping".into())),
            Input::Shutdown => {
                self.last = true;
                if self.call.is_none() && self.closed.is_none() {
                    self.closed = Some(Closed::Clean);
                }
            }
            // There are no windows; the rest is a server's.
            _ => {}
        }
        Ok(Accepted::Open)
    }

    fn poll_transmit(&mut self, _now: Time, _budget: usize, out: &mut Vec<Bytes>) -> usize {
        let Some(Call { state: state @ State::Queued(_), .. }) = &mut self.call else { return 0 };
        let State::Queued(line) = std::mem::replace(state, State::Sent) else { return 0 };
        let len = line.len();
        out.push(line);
        len
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn wake_at(&self) -> Option<Time> {
        None
    }

    fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    fn ready_for_call(&self) -> bool {
        // An answer without a line feed behind it is the last one: its server closes, and would not see another call.
        let kept = self.streams == 0 || (self.keep == Keep::Open && self.values.has_line_feed());
        self.call.is_none() && self.closed.is_none() && !self.last && kept
    }
}
