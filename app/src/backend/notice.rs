//! What the engine tells the window, and the queue between the two.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callscope_net::observer::{BreakerView, Observer, Snapshot, SourceView};
use callscope_wire::capture::FlowEvent;
use callscope_wire::schema::Schema;
use callscope_wire::{FlowId, Instance, Time};

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
    /// Lease rings are on screen: their renewal is something to look at.
    leases_shown: AtomicBool,
    wake: Wake,
}

#[derive(Default)]
struct Waiting {
    notices: VecDeque<Notice>,
    dropped: u64,
    frames: bool,
    /// The last picture of each service, by source and name, without its leases.
    pictures: HashMap<(String, String), Vec<Instance>>,
}

impl Notices {
    /// An empty queue that calls `wake` when the first notice comes in.
    pub fn new(wake: Wake) -> Self {
        Self {
            inner: Arc::new(Inner {
                waiting: Mutex::default(),
                awake: AtomicBool::new(false),
                leases_shown: AtomicBool::new(false),
                wake,
            }),
        }
    }

    /// Whether lease rings are on screen. While they are not, a renewal waits for the next time the window wakes:
    /// a registry of quiet instances must not keep an idle window painting.
    pub fn show_leases(&self, shown: bool) {
        self.inner.leases_shown.store(shown, Ordering::Relaxed);
    }

    /// Adds a notice and wakes the window, once.
    pub fn push(&self, notice: Notice) {
        {
            let mut waiting = self.lock();
            let renewal = waiting.is_renewal(&notice);
            match notice {
                // Any number of these say the same.
                Notice::Frames => waiting.frames = true,
                Notice::Message(..) if waiting.notices.len() >= WAITING => waiting.dropped += 1,
                other => waiting.notices.push_back(other),
            }
            if renewal && !self.inner.leases_shown.load(Ordering::Relaxed) {
                return;
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

impl Waiting {
    /// Whether a picture differs from the last one by its leases only. Such a picture also replaces one of the same
    /// service that nobody has taken yet, so that a sleeping window gathers no heap of them.
    fn is_renewal(&mut self, notice: &Notice) -> bool {
        let Notice::Discovered(_, snapshot) = notice else { return false };
        let bare = snapshot.instances.iter().map(|instance| Instance { lease: None, ..instance.clone() }).collect();
        let key = (snapshot.source.clone(), snapshot.service.clone());
        let same = self.pictures.get(&key) == Some(&bare);
        if same {
            let same_service = |waiting: &Notice| matches!(waiting, Notice::Discovered(_, old) if old.source == key.0 && old.service == key.1);
            self.notices.retain(|waiting| !same_service(waiting));
        } else {
            self.pictures.insert(key, bare);
        }
        same
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

    #[test]
    fn renewals_wake_the_window_only_while_leases_are_on_screen() {
        let wakes = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&wakes);
        let notices = Notices::new(Arc::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        }));
        let picture = |left_ms: u64, weight: u32| {
            let instance = serde_json::json!({
                "id": "a-1", "service": "a", "address": "native://h:1", "weight": weight,
                "lease": { "ttl_ms": 10_000, "left_ms": left_ms },
            });
            Snapshot {
                source: "registry://h:0".to_owned(),
                service: "a".to_owned(),
                instances: vec![serde_json::from_value(instance).unwrap()],
            }
        };
        let woken = || wakes.load(Ordering::Relaxed);
        notices.discovered(Time(1), picture(10_000, 100));
        assert_eq!((woken(), notices.take().0.len()), (1, 1), "a new instance");
        for time in 2..100 {
            notices.discovered(Time(time), picture(9_000 + time, 100));
        }
        assert_eq!(woken(), 1, "renewals alone");
        notices.discovered(Time(100), picture(9_000, 50));
        assert_eq!(woken(), 2, "another weight");
        assert_eq!(notices.take().0.len(), 2, "the last renewal and the change: not a hundred pictures");
        notices.show_leases(true);
        notices.discovered(Time(101), picture(10_000, 50));
        assert_eq!(woken(), 3, "a renewal that can be seen");
    }
}
