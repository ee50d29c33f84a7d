//! What the engine tells the window, and the queue between the two.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callscope_net::observer::{BreakerView, Observer, Snapshot, SourceView};
use callscope_wire::capture::FlowEvent;
use callscope_wire::schema::Schema;
use callscope_wire::{FlowId, Time};

use crate::model::flows::Message;
use crate::model::log::Level;
use crate::model::tabs::TabId;

/// Notices that wait for the window at most. A window that is not painted for minutes under a heavy stream
/// loses messages from its list then, counted; what happened to calls is never lost.
const WAITING: usize = 200_000;

/// One thing that happened.
#[derive(Debug)]
pub enum Notice {
    /// Something happened to a call.
    Flow(FlowId, Time, FlowEvent),
    /// A message was sent or received.
    Message(FlowId, Message),
    /// A breaker changed.
    Breaker(Time, Box<BreakerView>),
    /// Discovery has a new picture of a service.
    Discovered(Time, Snapshot),
    /// A source is not reachable, or is again (`None`).
    Source {
        /// Its address.
        address: String,
        /// Why not.
        lost: Option<String>,
    },
    /// What a target offers.
    Schema {
        /// The target.
        target: String,
        /// The answer, or why there is none.
        schema: Result<Arc<Schema>, String>,
    },
    /// A repeated call was made.
    Repeated {
        /// Whose call.
        tab: TabId,
        /// Its id.
        flow: FlowId,
    },
    /// The embedded world is up: the address of its registry, as a source.
    World(String),
    /// Frames were recorded; the store has them.
    Frames,
    /// Something for the log.
    Log(Level, String),
}

/// Called when there is something to look at. Must be cheap: it runs on engine threads.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// The queue of notices. One wake for any number of notices until they are taken.
#[derive(Clone)]
pub struct Notices {
    inner: Arc<Inner>,
}

struct Inner {
    waiting: Mutex<Waiting>,
    awake: AtomicBool,
    wake: Wake,
}

#[derive(Default)]
struct Waiting {
    notices: VecDeque<Notice>,
    dropped: u64,
    frames: bool,
}

impl Notices {
    /// An empty queue that calls `wake` when the first notice comes in.
    pub fn new(wake: Wake) -> Self {
        Self { inner: Arc::new(Inner { waiting: Mutex::default(), awake: AtomicBool::new(false), wake }) }
    }

    /// Adds a notice and wakes the window, once.
    pub fn push(&self, notice: Notice) {
        {
            let mut waiting = self.lock();
            match notice {
                // Any number of these say the same.
                Notice::Frames => waiting.frames = true,
                Notice::Message(..) if waiting.notices.len() >= WAITING => waiting.dropped += 1,
                other => waiting.notices.push_back(other),
            }
        }
        if !self.inner.awake.swap(true, Ordering::AcqRel) {
            (self.inner.wake)();
        }
    }

    /// Takes everything out, and how many messages had to be dropped since the last time.
    pub fn take(&self) -> (VecDeque<Notice>, u64) {
        self.inner.awake.store(false, Ordering::Release);
        let mut waiting = self.lock();
        let mut notices = std::mem::take(&mut waiting.notices);
        if std::mem::take(&mut waiting.frames) {
            notices.push_back(Notice::Frames);
        }
        (notices, std::mem::take(&mut waiting.dropped))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.inner.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Notices {
    fn flow(&self, flow: FlowId, at: Time, event: FlowEvent) {
        self.push(Notice::Flow(flow, at, event));
    }

    fn breaker(&self, at: Time, view: BreakerView) {
        self.push(Notice::Breaker(at, Box::new(view)));
    }

    fn discovered(&self, at: Time, snapshot: Snapshot) {
        self.push(Notice::Discovered(at, snapshot));
    }

    fn source(&self, _at: Time, view: SourceView) {
        // Watches of single services are the client's own business.
        if view.service.is_none() {
            self.push(Notice::Source { address: view.source, lost: view.error });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn one_wake_for_any_number_of_notices_until_they_are_taken() {
        let wakes = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&wakes);
        let notices = Notices::new(Arc::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        }));
        for _ in 0..100 {
            notices.push(Notice::Frames);
            notices.push(Notice::Log(Level::Info, String::new()));
        }
        assert_eq!(wakes.load(Ordering::Relaxed), 1);
        let (taken, dropped) = notices.take();
        assert_eq!((taken.len(), dropped), (101, 0), "100 log lines, and one word about frames");
        notices.push(Notice::Frames);
        assert_eq!(wakes.load(Ordering::Relaxed), 2);
    }
}
