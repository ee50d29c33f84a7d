//! A playbook for one engine.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use crate::engine::{Engine, Event, Input};
use crate::{CallHead, CallId, Code, Fault, Time};

/// Steps for one engine, in order. [`Self::run`] plays them again for every split of the bytes given to [`Self::recv_split`].
pub struct Play {
    engine: Box<dyn Fn(Time) -> Box<dyn Engine>>,
    steps: Vec<Step>,
}

enum Step {
    Input(Box<dyn Fn() -> Input>),
    Receive { bytes: Vec<u8>, split: bool },
    Wait(Duration),
    ExpectSend(Vec<u8>),
    ExpectEvent(Event),
    ExpectFault(Code),
}

impl Play {
    /// For the engine that `engine` makes, such as `|now| Native.client(Limits::default(), true, now)`.
    pub fn new(engine: impl Fn(Time) -> Box<dyn Engine> + 'static) -> Self {
        Self { engine: Box::new(engine), steps: Vec::new() }
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Any input.
    #[must_use]
    pub fn input(self, input: impl Fn() -> Input + 'static) -> Self {
        self.step(Step::Input(Box::new(input)))
    }

    /// A unary call, half-closed at once.
    #[must_use]
    pub fn call(self, call: u64, method: &str, message: &str) -> Self {
        let (method, message) = (method.to_owned(), message.to_owned());
        self.input(move || Input::Call {
            call: CallId(call),
            head: Box::new(CallHead { method: method.clone(), ..CallHead::default() }),
            message: Some(message.clone().into()),
            end: true,
        })
    }

    /// These bytes arrive in one piece.
    #[must_use]
    pub fn recv(self, bytes: impl AsRef<[u8]>) -> Self {
        self.step(Step::Receive { bytes: bytes.as_ref().to_vec(), split: false })
    }

    /// These bytes arrive, in one piece and split at every point.
    #[must_use]
    pub fn recv_split(self, bytes: impl AsRef<[u8]>) -> Self {
        self.step(Step::Receive { bytes: bytes.as_ref().to_vec(), split: true })
    }

    /// Time goes by; the engine is woken where it asked for it.
    #[must_use]
    pub fn wait(self, time: Duration) -> Self {
        self.step(Step::Wait(time))
    }

    /// By now it has sent exactly these bytes since the last time that was looked at.
    #[must_use]
    pub fn expect_send(self, bytes: impl AsRef<[u8]>) -> Self {
        self.step(Step::ExpectSend(bytes.as_ref().to_vec()))
    }

    /// The next event is this.
    #[must_use]
    pub fn expect_event(self, event: Event) -> Self {
        self.step(Step::ExpectEvent(event))
    }

    /// It has died of a fault with this code.
    #[must_use]
    pub fn expect_fault(self, code: Code) -> Self {
        self.step(Step::ExpectFault(code))
    }

    /// Plays the steps; panics where an expectation fails, or an event is left that nobody expected.
    pub fn run(self) {
        let splits = self.steps.iter().map(|step| match step {
            Step::Receive { bytes, split: true } => bytes.len(),
            _ => 0,
        });
        for at in 0..=splits.max().unwrap_or_default() {
            Stage::new((self.engine)(Time::ZERO)).play(&self.steps, at);
        }
    }
}

struct Stage {
    engine: Box<dyn Engine>,
    now: Time,
    sent: Vec<u8>,
    events: VecDeque<Event>,
    fault: Option<Fault>,
}

impl Stage {
    fn new(engine: Box<dyn Engine>) -> Self {
        Self { engine, now: Time::ZERO, sent: Vec::new(), events: VecDeque::new(), fault: None }
    }

    fn play(mut self, steps: &[Step], split: usize) {
        for (number, step) in steps.iter().enumerate() {
            match step {
                Step::Input(input) => self.input(input()),
                Step::Receive { bytes, split: wanted } => {
                    let at = if *wanted { split.min(bytes.len()) } else { 0 };
                    let (first, second) = bytes.split_at(at);
                    for part in [first, second] {
                        if !part.is_empty() {
                            self.input(Input::Bytes(Bytes::copy_from_slice(part)));
                        }
                    }
                }
                Step::Wait(time) => self.wait(*time),
                Step::ExpectSend(bytes) => {
                    let sent = std::mem::take(&mut self.sent);
                    let differs = format!("sent {sent:02x?}, expected {bytes:02x?}");
                    assert!(sent == *bytes, "step {number}, split at {split}: {differs}");
                }
                Step::ExpectEvent(event) => {
                    assert_eq!(self.events.pop_front().as_ref(), Some(event), "step {number}, split at {split}");
                }
                Step::ExpectFault(code) => {
                    let found = self.fault.as_ref().map(|fault| fault.code);
                    assert_eq!(found, Some(*code), "step {number}, split at {split}: {:?}", self.fault);
                }
            }
        }
        assert_eq!(self.events, [], "split at {split}: events that nobody expected");
    }

    fn input(&mut self, input: Input) {
        if let Err(fault) = self.engine.input(self.now, input) {
            self.fault = Some(fault);
        }
        let mut out = Vec::new();
        while self.engine.poll_transmit(self.now, 64 << 10, &mut out) > 0 {}
        self.sent.extend(out.concat());
        self.events.extend(std::iter::from_fn(|| self.engine.poll_event()));
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.engine.wake_at().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.input(Input::Timer);
        }
        self.now = end;
    }
}
