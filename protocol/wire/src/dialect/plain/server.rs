//! The side that answers.
//!
//! ```text
//!        ┌──────┐  one answer given, nothing behind its call   ┌──────┐  all answered, all sent
//!  ────▶ │ Open │ ───────────────────────────────────────────▶ │ Last │ ────────────────────────▶ Closed
//!        └──────┘  end of input, bytes that are no JSON,       └──────┘
//!                  shutdown
//! ```
//!
//! The owner of a closed engine flushes, shuts down its writing side, and reads and discards for at most a second:
//! unread bytes would reset the answer away.

use std::collections::VecDeque;

use bytes::Bytes;

use super::message::{read_request, write_error, write_result};
use super::values::Values;
use crate::engine::{Accepted, Agreement, CancelReason, Closed, Engine, Event, Input};
use crate::{CallHead, CallId, Code, Codec, Compression, Fault, Limits, Status, Time};

/// Calls of one connection that wait for their answers; more are not read. Who wants more opens a connection.
const MAX_WAITING: usize = 64;

/// A server's engine.
#[derive(Debug)]
pub struct Server {
    limits: Limits,
    values: Values,
    phase: Phase,
    /// Calls in the order in which they came, from the oldest that is not answered.
    calls: VecDeque<Call>,
    /// Message bytes of `calls`.
    waiting_bytes: usize,
    last_stream: u64,
    events: VecDeque<Event>,
    out: VecDeque<Bytes>,
    out_bytes: usize,
}

#[derive(Debug)]
enum Phase {
    /// Reads calls.
    Open,
    /// Reads no more; what was read is answered. With why, if something was wrong.
    Last(Option<Fault>),
    /// Everything was said.
    Closed(Closed),
}

#[derive(Debug)]
struct Call {
    id: CallId,
    method: String,
    bytes: usize,
    answer: Answer,
}

#[derive(Debug)]
enum Answer {
    /// The handler runs.
    Nothing,
    /// Its message; whether it is the only one is not known.
    Message(Bytes),
    /// To be sent when its turn comes.
    Ready(Vec<u8>),
}

impl Server {
    /// Waits for calls.
    pub fn new(limits: Limits) -> Self {
        let agreement = Agreement {
            max_streams: MAX_WAITING as u32,
            max_message: limits.max_message,
            codecs: vec![Codec::Json],
            compressions: vec![Compression::None],
            ..Agreement::default()
        };
        Self {
            values: Values::new(&limits),
            limits,
            phase: Phase::Open,
            calls: VecDeque::new(),
            waiting_bytes: 0,
            last_stream: 0,
            events: [Event::Ready(agreement)].into(),
            out: VecDeque::new(),
            out_bytes: 0,
        }
    }

    fn read(&mut self) {
        while self.takes_calls() {
            match self.values.next() {
                None => return,
                Some(Ok(value)) => self.request(&value),
                Some(Err(fault)) => self.broken(fault),
            }
        }
    }

    /// Whether another call may be read: enough answers and enough bytes wait already otherwise.
    fn takes_calls(&self) -> bool {
        matches!(self.phase, Phase::Open)
            && self.calls.len() < MAX_WAITING
            && self.waiting_bytes < self.limits.max_reassembly
            && self.out_bytes < self.limits.max_queued
    }

    fn request(&mut self, value: &Bytes) {
        self.last_stream += 1;
        let id = CallId(self.last_stream);
        self.waiting_bytes += value.len();
        let (method, answer) = match read_request(value) {
            Err(status) => (String::new(), Answer::Ready(write_error(&status))),
            Ok(request) => {
                let head = CallHead { method: request.method.clone(), ..CallHead::default() };
                self.events.push_back(Event::Request {
                    call: id,
                    stream: self.last_stream,
                    head: Box::new(head),
                    message: Some(request.message),
                    packed: false,
                    end: true,
                });
                (request.method, Answer::Nothing)
            }
        };
        self.calls.push_back(Call { id, method, bytes: value.len(), answer });
    }

    /// What comes next cannot be told any more: it is answered like a call, and is the last.
    fn broken(&mut self, fault: Fault) {
        self.last_stream += 1;
        let status = Status::new(fault.code, fault.to_string());
        let answer = Answer::Ready(write_error(&status));
        self.calls.push_back(Call { id: CallId(self.last_stream), method: String::new(), bytes: 0, answer });
        self.phase = Phase::Last(Some(fault));
    }

    fn message(&mut self, id: CallId, message: Bytes) {
        let Some(call) = self.calls.iter_mut().find(|call| call.id == id) else { return };
        call.answer = match call.answer {
            Answer::Nothing => Answer::Message(message),
            // There is no place for a second one. Better an error than the first as if it were all.
            Answer::Message(_) => {
                self.events.push_back(Event::Cancelled { call: id, reason: CancelReason::User });
                let message = format!(
                    "{} streams its answer, and the plain dialect carries only one message: use another dialect",
                    call.method
                );
                Answer::Ready(write_error(&Status::new(Code::UNIMPLEMENTED, message)))
            }
            Answer::Ready(_) => return,
        };
    }

    fn finish(&mut self, id: CallId, status: &Status) {
        let Some(call) = self.calls.iter_mut().find(|call| call.id == id) else { return };
        call.answer = match (&call.answer, status.code.is_ok()) {
            (Answer::Ready(_), _) => return,
            (Answer::Message(message), true) => Answer::Ready(write_result(message)),
            (Answer::Nothing, true) => Answer::Ready(write_result(b"")),
            (_, false) => Answer::Ready(write_error(status)),
        };
    }

    /// Sends the answers whose turn it is, and reads on where that made room.
    fn answer(&mut self) {
        loop {
            self.read();
            let Some(Call { answer: Answer::Ready(_), .. }) = self.calls.front() else { break };
            let Some(Call { bytes, answer: Answer::Ready(mut line), .. }) = self.calls.pop_front() else { break };
            self.waiting_bytes -= bytes;
            if self.values.more_than_one() {
                line.push(b'\n');
            } else if matches!(self.phase, Phase::Open) {
                self.phase = Phase::Last(None);
            }
            self.out_bytes += line.len();
            self.out.push_back(line.into());
        }
        if let Phase::Last(fault) = &mut self.phase
            && self.calls.is_empty()
            && self.out.is_empty()
        {
            let fault = fault.take();
            self.phase = Phase::Closed(fault.map_or(Closed::Clean, Closed::Fault));
        }
    }

    fn eof(&mut self) {
        self.read();
        if !matches!(self.phase, Phase::Open) {
            return;
        }
        if self.values.is_inside() {
            let what = "the connection ended inside a JSON value: a bracket or a quote is missing";
            self.broken(Fault::peer(Code::INVALID_ARGUMENT, self.values.offset(), what));
        } else {
            self.phase = Phase::Last(None);
        }
    }
}

impl Engine for Server {
    fn input(&mut self, _now: Time, input: Input) -> Result<Accepted, Fault> {
        match input {
            Input::Bytes(bytes) if matches!(self.phase, Phase::Open) => self.values.push(bytes),
            Input::Eof => self.eof(),
            Input::Message { call, message, .. } => self.message(call, message),
            Input::Finish { call, status } => self.finish(call, &status),
            Input::Shutdown if matches!(self.phase, Phase::Open) => self.phase = Phase::Last(None),
            // Response metadata has no place here; windows and pings neither; the rest is a client's.
            _ => {}
        }
        self.answer();
        Ok(Accepted::Open)
    }

    fn poll_transmit(&mut self, _now: Time, budget: usize, out: &mut Vec<Bytes>) -> usize {
        let mut sent = 0;
        while sent < budget
            && let Some(line) = self.out.pop_front()
        {
            sent += line.len();
            out.push(line);
        }
        if sent > 0 {
            self.out_bytes -= sent;
            self.answer();
        }
        sent
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn wake_at(&self) -> Option<Time> {
        None
    }

    fn closed(&self) -> Option<&Closed> {
        match &self.phase {
            Phase::Closed(closed) => Some(closed),
            Phase::Open | Phase::Last(_) => None,
        }
    }

    fn ready_for_call(&self) -> bool {
        false
    }

    fn wants_read(&self) -> bool {
        // Once no call is read any more, bytes are discarded as they come.
        self.takes_calls() || !matches!(self.phase, Phase::Open)
    }
}
