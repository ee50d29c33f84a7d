//! Two engines, joined in virtual time.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::dialect::Dialect;
use crate::engine::{Accepted, Closed, Engine, Event, Input, Side};
use crate::{Fault, Limits, Time};

/// Bytes handed over by one `poll_transmit`.
const BUDGET: usize = 64 << 10;

/// One side.
pub struct End {
    /// Its engine.
    pub engine: Box<dyn Engine>,
    /// What it said, oldest first. Take what was looked at.
    pub events: VecDeque<Event>,
    /// What it died of.
    pub fault: Option<Fault>,
    /// What it thought of the latest input.
    pub accepted: Accepted,
    /// Everything it sent.
    pub sent: BytesMut,
    /// Its bytes on their way: when they arrive. `None` = end of stream.
    flight: VecDeque<(Time, Option<Bytes>)>,
    /// It closed its direction.
    ended: bool,
}

impl End {
    fn new(engine: Box<dyn Engine>) -> Self {
        Self {
            engine,
            events: VecDeque::new(),
            fault: None,
            accepted: Accepted::Open,
            sent: BytesMut::new(),
            flight: VecDeque::new(),
            ended: false,
        }
    }

    /// Takes all events so far.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.events.drain(..).collect()
    }
}

/// A client's and a server's engine with a wire between them. Nothing moves but by [`Pair::run`] and [`Pair::wait`].
pub struct Pair {
    /// The client's end.
    pub client: End,
    /// The server's end.
    pub server: End,
    /// The time for both.
    pub now: Time,
    /// How long bytes travel.
    pub latency: Duration,
    /// Seed of the chunk sizes in which bytes arrive; 0: as they were sent.
    chunks: u64,
    /// Sees every byte on the wire.
    watch: Option<Watch>,
}

/// Looks at the wire while a [`Pair`] lives.
pub type Watch = Box<dyn FnMut(Moment<'_>)>;

/// What a [`Watch`] sees, in the order in which it happens.
#[derive(Debug)]
pub enum Moment<'a> {
    /// This side put these bytes onto the wire.
    Sent(Side, &'a [u8], Time),
    /// So many further bytes have arrived at this side, which has dealt with them.
    Arrived(Side, usize),
    /// This side has nothing left to send.
    Drained(Side),
}

impl Pair {
    /// Both with the same limits, over plain TCP.
    pub fn new(dialect: &dyn Dialect, limits: &Limits) -> Self {
        let now = Time::from_millis(1000);
        Self::of(dialect.client(limits.clone(), false, now), dialect.server(limits.clone(), false, now), now)
    }

    /// Of these engines.
    pub fn of(client: Box<dyn Engine>, server: Box<dyn Engine>, now: Time) -> Self {
        Self {
            client: End::new(client),
            server: End::new(server),
            now,
            latency: Duration::ZERO,
            chunks: 0,
            watch: None,
        }
    }

    /// With an eye on the wire.
    #[must_use]
    pub fn watched(mut self, watch: Watch) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Bytes arrive in chunks of sizes that follow from `seed`.
    #[must_use]
    pub fn chunked(mut self, seed: u64) -> Self {
        self.chunks = seed | 1;
        self
    }

    /// Bytes travel for so long.
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// One side.
    pub fn end(&mut self, side: Side) -> &mut End {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// Gives an input to one side. Nothing is sent before [`Self::run`].
    pub fn input(&mut self, side: Side, input: Input) {
        let now = self.now;
        let end = self.end(side);
        match end.engine.input(now, input) {
            Ok(accepted) => end.accepted = accepted,
            Err(fault) => end.fault = Some(fault),
        }
    }

    /// To the client.
    pub fn client(&mut self, input: Input) {
        self.input(Side::Client, input);
    }

    /// To the server.
    pub fn server(&mut self, input: Input) {
        self.input(Side::Server, input);
    }

    /// Moves what one side wants to send onto the wire, at most `budget` bytes or a frame more.
    pub fn transmit(&mut self, side: Side, budget: usize) -> usize {
        let (now, latency) = (self.now, self.latency);
        let mut seed = self.chunks;
        let end = self.end(side);
        let mut out = Vec::new();
        let sent = end.engine.poll_transmit(now, budget, &mut out);
        end.events.extend(std::iter::from_fn(|| end.engine.poll_event()));
        let mut bytes = BytesMut::new();
        for part in out {
            bytes.extend_from_slice(&part);
        }
        end.sent.extend_from_slice(&bytes);
        let mut bytes = bytes.freeze();
        if let (false, Some(watch)) = (end.ended, &mut self.watch) {
            watch(if bytes.is_empty() { Moment::Drained(side) } else { Moment::Sent(side, &bytes, now) });
        }
        let end = match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        if !end.ended {
            while !bytes.is_empty() {
                let len = if seed == 0 { bytes.len() } else { next_chunk(&mut seed).min(bytes.len()) };
                end.flight.push_back((now + latency, Some(bytes.split_to(len))));
            }
            if end.engine.closed().is_some() {
                end.ended = true;
                end.flight.push_back((now + latency, None));
            }
        }
        self.chunks = seed;
        sent
    }

    /// Delivers what has arrived at one side; whether there was anything.
    pub fn deliver(&mut self, side: Side) -> bool {
        let now = self.now;
        let from = match side {
            Side::Client => &mut self.server,
            Side::Server => &mut self.client,
        };
        let Some((_, bytes)) = from.flight.pop_front_if(|(at, _)| *at <= now) else { return false };
        let len = bytes.as_ref().map_or(0, Bytes::len);
        self.input(side, bytes.map_or(Input::Eof, Input::Bytes));
        if let Some(watch) = &mut self.watch {
            watch(Moment::Arrived(side, len));
        }
        let end = self.end(side);
        end.events.extend(std::iter::from_fn(|| end.engine.poll_event()));
        true
    }

    /// Sends and delivers until nothing moves at this time.
    pub fn step(&mut self) {
        loop {
            let mut moved = false;
            for side in [Side::Client, Side::Server] {
                moved |= self.transmit(side, BUDGET) > 0;
                moved |= self.deliver(side);
            }
            if !moved {
                return;
            }
        }
    }

    /// Lets everything that is on its way arrive, answers to it included. No timer fires.
    pub fn run(&mut self) {
        self.step();
        while let Some(at) = self.next_arrival() {
            self.now = self.now.max(at);
            self.step();
        }
    }

    /// Time goes by: bytes arrive and timers fire, each at its time.
    pub fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        self.step();
        loop {
            let timers = [self.client.engine.wake_at(), self.server.engine.wake_at()];
            let next = timers.into_iter().flatten().chain(self.next_arrival()).min();
            let Some(next) = next.filter(|at| *at <= end) else { break };
            self.now = self.now.max(next);
            for (side, timer) in [Side::Client, Side::Server].into_iter().zip(timers) {
                if timer.is_some_and(|at| at <= self.now) {
                    self.input(side, Input::Timer);
                }
            }
            self.step();
        }
        self.now = end;
    }

    fn next_arrival(&self) -> Option<Time> {
        [&self.client, &self.server].into_iter().filter_map(|end| end.flight.front().map(|(at, _)| *at)).min()
    }

    /// The wire is cut: what is on its way is lost, and both sides see the end of the stream.
    pub fn disconnect(&mut self) {
        let now = self.now;
        for end in [&mut self.client, &mut self.server] {
            let arrived = end.ended && end.flight.iter().all(|(_, bytes)| bytes.is_some());
            end.flight.clear();
            end.ended = true;
            if !arrived {
                end.flight.push_back((now, None));
            }
        }
    }

    /// Damages the bytes on their way to one side; whether there were any.
    pub fn damage(&mut self, to: Side, change: impl FnOnce(&mut [u8])) -> bool {
        let from = match to {
            Side::Client => &mut self.server,
            Side::Server => &mut self.client,
        };
        let Some((_, Some(bytes))) = from.flight.back_mut() else { return false };
        let mut changed = BytesMut::from(bytes.as_ref());
        change(&mut changed);
        *bytes = changed.freeze();
        true
    }

    /// Whether both sides are done, and cleanly.
    pub fn is_clean(&self) -> bool {
        [&self.client, &self.server].into_iter().all(|end| end.engine.closed() == Some(&Closed::Clean))
    }
}

/// Mostly small, sometimes large (xorshift: enough to move boundaries about).
fn next_chunk(seed: &mut u64) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    let size = (*seed >> 8) as usize;
    if seed.is_multiple_of(4) { size % 20_000 + 1 } else { size % 40 + 1 }
}
