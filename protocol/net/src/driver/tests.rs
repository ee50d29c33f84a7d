//! No wake-up is lost, whatever stage of a pass makes work for whatever other.

use callscope_wire::capture::ConnectionFacts;
use callscope_wire::engine::{Accepted, Side};
use proptest::prelude::*;
use tokio::io::{DuplexStream, duplex};

use super::*;
use crate::tap::Tap;

/// Something that only one stage of the driver can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chore {
    /// Take bytes to send, more than the transport takes at once.
    Transmit,
    /// Take an event.
    Event,
    /// Read. Before that nothing is wanted from the peer.
    Read,
    /// Come back later.
    Timer,
    /// Come back at once.
    Now,
    /// Hear what an owner gives when it is told to.
    Command,
}

const CHORES: [Chore; 6] = [Chore::Transmit, Chore::Event, Chore::Read, Chore::Timer, Chore::Now, Chore::Command];

/// Wants one chore after the other: the next is there as soon as the last is done, and not before. It is over when nothing
/// is left.
struct Scripted {
    chores: std::vec::IntoIter<Chore>,
    now: Option<Chore>,
    since: Time,
    owner: Arc<Inbox>,
    closed: Option<Closed>,
}

impl Scripted {
    fn new(chores: Vec<Chore>, owner: Arc<Inbox>) -> Self {
        let mut engine = Self { chores: chores.into_iter(), now: None, since: clock::now(), owner, closed: None };
        engine.next();
        engine
    }

    fn done(&mut self, chore: Chore) -> bool {
        let done = self.now == Some(chore);
        if done {
            self.next();
        }
        done
    }

    fn next(&mut self) {
        self.now = self.chores.next();
        if self.now == Some(Chore::Command) {
            self.owner.give(Input::Ping);
        }
        if self.now.is_none() {
            self.closed = Some(Closed::Clean);
        }
    }
}

impl Engine for Scripted {
    fn input(&mut self, now: Time, input: Input) -> Result<Accepted, Fault> {
        self.since = now;
        match input {
            Input::Bytes(_) => assert!(self.done(Chore::Read), "read although nothing was wanted"),
            Input::Timer => assert!(self.done(Chore::Timer) || self.done(Chore::Now), "rung without a reason"),
            Input::Ping => assert!(self.done(Chore::Command)),
            _ => {}
        }
        Ok(Accepted::Open)
    }

    fn poll_transmit(&mut self, now: Time, _: usize, out: &mut Vec<Bytes>) -> usize {
        self.since = now;
        if !self.done(Chore::Transmit) {
            return 0;
        }
        out.push(Bytes::from_static(b"bytes"));
        5
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.done(Chore::Event).then(|| Event::Diagnostic(String::new()))
    }

    fn wake_at(&self) -> Option<Time> {
        match self.now? {
            Chore::Timer => Some(self.since + Duration::from_millis(3)),
            Chore::Now => Some(self.since),
            _ => None,
        }
    }

    fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    fn ready_for_call(&self) -> bool {
        false
    }

    fn wants_read(&self) -> bool {
        self.now == Some(Chore::Read)
    }
}

struct Nobody;

impl Role for Nobody {}

/// Sends and takes bytes for ever.
async fn peer(stream: DuplexStream) {
    let (mut reading, mut writing) = tokio::io::split(stream);
    let mut taken = Vec::new();
    let writes = async { while writing.write_all(b"x").await.is_ok() {} };
    tokio::select! {
        _ = reading.read_to_end(&mut taken) => {}
        () = writes => {}
    }
}

/// Whether it comes to its end. The clock stands still and jumps only when nobody has anything to do: a driver that sleeps
/// although there is something is found out at once.
fn comes_to_its_end(chores: Vec<Chore>, pipe: usize) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let inbox = Arc::new(Inbox::default());
        let engine = Box::new(Scripted::new(chores, Arc::clone(&inbox)));
        let (ours, theirs) = duplex(pipe);
        let facts = ConnectionFacts {
            side: Side::Client,
            local: String::new(),
            peer: String::new(),
            transport: "memory",
            dialect: None,
            instance: None,
        };
        let tap = Tap::none().open(facts);
        let driver = Driver::new(Nobody, engine, Box::new(ours), tap, inbox, Duration::from_secs(20));
        let both = async { tokio::join!(driver.run(Bytes::new()), peer(theirs)).0 };
        // Below the time after which a stalled peer would be noticed: that would be an end, too.
        timeout(Duration::from_secs(10), both).await == Ok(Closed::Clean)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]
    #[test]
    fn whatever_makes_work_for_whatever_gets_done(
        chores in prop::collection::vec(prop::sample::select(&CHORES[..]), 0..40),
        pipe in prop::sample::select(&[1_usize, 3, 64][..]),
    ) {
        prop_assert!(comes_to_its_end(chores, pipe));
    }
}

#[test]
fn every_stage_may_make_work_for_every_other() {
    for first in CHORES {
        for second in CHORES {
            assert!(comes_to_its_end(vec![first, second], 1), "{first:?} makes {second:?}");
        }
    }
}
