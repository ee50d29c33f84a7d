//! The engine of a driver, and a count of everything that was done to it.
//!
//! Nobody can change an engine's mind without touching it here, so a driver that finds the count where it was knows that
//! every question that it asked meanwhile would be answered the same again.

use bytes::Bytes;
use callscope_wire::engine::{Accepted, Closed, Engine, Event, Input};
use callscope_wire::{Fault, Time};

pub(super) struct Machine {
    engine: Box<dyn Engine>,
    touched: u64,
}

impl Machine {
    pub(super) const fn new(engine: Box<dyn Engine>) -> Self {
        Self { engine, touched: 0 }
    }

    /// How often something was done to it.
    pub(super) const fn touched(&self) -> u64 {
        self.touched
    }

    pub(super) fn input(&mut self, now: Time, input: Input) -> Result<Accepted, Fault> {
        self.touched += 1;
        self.engine.input(now, input)
    }

    pub(super) fn poll_transmit(&mut self, now: Time, budget: usize, out: &mut Vec<Bytes>) -> usize {
        let sent = self.engine.poll_transmit(now, budget, out);
        self.touched += u64::from(sent > 0);
        sent
    }

    pub(super) fn poll_event(&mut self) -> Option<Event> {
        let event = self.engine.poll_event();
        self.touched += u64::from(event.is_some());
        event
    }

    pub(super) fn wake_at(&self) -> Option<Time> {
        self.engine.wake_at()
    }

    pub(super) fn closed(&self) -> Option<&Closed> {
        self.engine.closed()
    }

    pub(super) fn ready_for_call(&self) -> bool {
        self.engine.ready_for_call()
    }

    pub(super) fn wants_read(&self) -> bool {
        self.engine.wants_read()
    }
}
