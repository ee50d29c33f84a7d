//! What the engine tells the window, and the queue between the two.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callscope_net::observer::{BreakerView, Observer, Snapshot, SourceView};
use callscope_wire::capture::{Count, FlowEvent};
use callscope_wire::schema::Schema;
use callscope_wire::{FlowId, Instance, Time, Words};

use crate::model::log::Level;
use crate::model::messages::{Counted, Keep, Message, Ring};
use crate::model::tabs::TabId;

/// One thing that happened.
#[derive(Debug)]
pub enum Notice {
    /// Something happened to a call.
    Flow(FlowId, Time, FlowEvent),
    /// So many messages of a call were sent and received.
    Counted(FlowId, Counted),
    /// Messages of a call, as far as they are kept.
    Messages(FlowId, Ring),
    /// A breaker changed.
    Breaker(Time, Box<BreakerView>),
    /// Discovery has a new picture of a service.
    Discovered(Time, Snapshot),
    /// A source is not reachable, or is again (`None`).
    Source {
        /// Its address.
        address: String,
        /// Why not.
        lost: Option<Words>,
    },
    /// What a target offers.
    Schema {
        /// The target.
        target: String,
        /// The answer, or why there is none.
        schema: Result<Arc<Schema>, Words>,
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
    Log(Level, Words),
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
    /// Where in `notices` the counts and the messages of a call are gathered: however many come, they are one notice each.
    counted: HashMap<FlowId, usize>,
    messages: HashMap<FlowId, usize>,
    /// Ends of calls whose messages are still being handed over.
    held: HashMap<FlowId, Option<(Time, FlowEvent)>>,
    /// How many messages of a call to gather, where it is not the usual number.
    keeps: HashMap<FlowId, Keep>,
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

    /// Gathers more or fewer messages of a call from now on. The usual number costs nothing to remember.
    pub fn keep(&self, flow: FlowId, keep: Keep) {
        let mut waiting = self.lock();
        if keep == Keep::default() {
            waiting.keeps.remove(&flow)
        } else {
            waiting.keeps.insert(flow, keep)
        };
    }

    /// Adds a notice and wakes the window, once.
    pub fn push(&self, notice: Notice) {
        {
            let mut waiting = self.lock();
            let renewal = waiting.is_renewal(&notice);
            match notice {
                // Any number of these say the same.
                Notice::Frames => waiting.frames = true,
                other => waiting.notices.push_back(other),
            }
            if renewal && !self.inner.leases_shown.load(Ordering::Relaxed) {
                return;
            }
        }
        self.wake();
    }

    /// Adds a message of a call. Beyond what the call keeps, the oldest that nobody took go, and are counted: a window that
    /// is not painted for minutes under a heavy stream holds nobody up and does not grow.
    pub fn message(&self, flow: FlowId, message: Message) {
        {
            let mut waiting = self.lock();
            let waiting = &mut *waiting;
            let keep = waiting.keeps.get(&flow).copied().unwrap_or_default();
            let at = *waiting.messages.entry(flow).or_insert_with(|| {
                waiting.notices.push_back(Notice::Messages(flow, Ring::default()));
                waiting.notices.len() - 1
            });
            if let Some(Notice::Messages(_, ring)) = waiting.notices.get_mut(at) {
                ring.push(message, keep);
            }
        }
        self.wake();
    }

    /// Holds back the end of a call until what this returns is dropped: its messages come another way, and whoever looks at a
    /// call that is over shall see all of them.
    pub fn hold_end(&self, flow: FlowId) -> EndHeld {
        self.lock().held.insert(flow, None);
        EndHeld { notices: self.clone(), flow }
    }

    fn count(&self, flow: FlowId, at: Time, sent: Count, received: Count) {
        {
            let mut waiting = self.lock();
            let waiting = &mut *waiting;
            let place = *waiting.counted.entry(flow).or_insert_with(|| {
                waiting.notices.push_back(Notice::Counted(flow, Counted::default()));
                waiting.notices.len() - 1
            });
            if let Some(Notice::Counted(_, counted)) = waiting.notices.get_mut(place) {
                counted.sent += sent;
                counted.received += received;
                counted.last = at;
            }
        }
        self.wake();
    }

    fn wake(&self) {
        if !self.inner.awake.swap(true, Ordering::AcqRel) {
            (self.inner.wake)();
        }
    }

    /// Takes everything out.
    pub fn take(&self) -> VecDeque<Notice> {
        self.inner.awake.store(false, Ordering::Release);
        let mut waiting = self.lock();
        let mut notices = std::mem::take(&mut waiting.notices);
        waiting.counted.clear();
        waiting.messages.clear();
        if std::mem::take(&mut waiting.frames) {
            notices.push_back(Notice::Frames);
        }
        notices
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.inner.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a call waits; see [`Notices::hold_end`].
pub struct EndHeld {
    notices: Notices,
    flow: FlowId,
}

impl Drop for EndHeld {
    fn drop(&mut self) {
        let held = self.notices.lock().held.remove(&self.flow);
        if let Some(Some((at, event))) = held {
            self.notices.push(Notice::Flow(self.flow, at, event));
        }
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
            let before = self.notices.len();
            self.notices.retain(|waiting| !same_service(waiting));
            if self.notices.len() != before {
                // Others moved up.
                self.counted.clear();
                self.messages.clear();
            }
        } else {
            self.pictures.insert(key, bare);
        }
        same
    }
}

impl Observer for Notices {
    fn flow(&self, flow: FlowId, at: Time, event: FlowEvent) {
        match event {
            FlowEvent::Sent { bytes } => self.count(flow, at, Count::one(bytes), Count::default()),
            FlowEvent::Received { bytes } => self.count(flow, at, Count::default(), Count::one(bytes)),
            event @ FlowEvent::Ended { .. } => {
                if let Some(held) = self.lock().held.get_mut(&flow) {
                    *held = Some((at, event));
                    return;
                }
                self.push(Notice::Flow(flow, at, event));
            }
            event => self.push(Notice::Flow(flow, at, event)),
        }
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
    fn the_end_of_a_call_comes_behind_its_messages() {
        let notices = Notices::new(Arc::new(|| {}));
        let ended = || FlowEvent::Ended { status: callscope_wire::Status::ok() };
        let held = notices.hold_end(FlowId(1));
        notices.flow(FlowId(1), Time(2), ended());
        notices.flow(FlowId(2), Time(2), ended());
        notices.message(FlowId(1), Message::new(Time(1), false, bytes::Bytes::from_static(b"1")));
        drop(held);
        let order: Vec<(u64, bool)> = (notices.take().into_iter())
            .filter_map(|notice| match notice {
                Notice::Flow(flow, ..) => Some((flow.0, true)),
                Notice::Messages(flow, _) => Some((flow.0, false)),
                _ => None,
            })
            .collect();
        assert_eq!(order, [(2, true), (1, false), (1, true)]);
        drop(notices.hold_end(FlowId(3)));
        notices.flow(FlowId(3), Time(3), ended());
        assert_eq!(notices.take().len(), 1, "an end that comes later waits for nobody");
    }

    #[test]
    fn one_wake_for_any_number_of_notices_until_they_are_taken() {
        let wakes = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&wakes);
        let notices = Notices::new(Arc::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        }));
        for _ in 0..100 {
            notices.push(Notice::Frames);
            notices.push(Notice::Log(Level::Info, Words::default()));
        }
        assert_eq!(wakes.load(Ordering::Relaxed), 1);
        let taken = notices.take();
        assert_eq!(taken.len(), 101, "100 log lines, and one word about frames");
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
        assert_eq!((woken(), notices.take().len()), (1, 1), "a new instance");
        for time in 2..100 {
            notices.discovered(Time(time), picture(9_000 + time, 100));
        }
        assert_eq!(woken(), 1, "renewals alone");
        notices.discovered(Time(100), picture(9_000, 50));
        assert_eq!(woken(), 2, "another weight");
        assert_eq!(notices.take().len(), 2, "the last renewal and the change: not a hundred pictures");
        notices.show_leases(true);
        notices.discovered(Time(101), picture(10_000, 50));
        assert_eq!(woken(), 3, "a renewal that can be seen");
    }

    #[test]
    fn any_number_of_messages_is_one_notice_and_bounded() {
        let notices = Notices::new(Arc::new(|| {}));
        let flow = FlowId(7);
        notices.push(Notice::Log(Level::Info, Words::default()));
        notices.keep(FlowId(8), Keep::Count);
        for at in 1..=30_000 {
            for flow in [flow, FlowId(8)] {
                notices.flow(flow, Time(at), FlowEvent::Received { bytes: 3 });
                notices.message(flow, Message::new(Time(at), false, bytes::Bytes::from_static(b"[1]")));
            }
        }
        let (mut counts, mut rings) = (Vec::new(), Vec::new());
        for notice in notices.take() {
            match notice {
                Notice::Counted(flow, counted) => counts.push((flow.0, counted.received.messages, counted.last)),
                Notice::Messages(flow, ring) => rings.push((flow.0, ring.len(), ring.dropped())),
                _ => {}
            }
        }
        assert_eq!(counts, [(7, 30_000, Time(30_000)), (8, 30_000, Time(30_000))]);
        assert_eq!(rings, [(7, 10_000, 20_000), (8, 1, 29_999)]);
        notices.message(flow, Message::new(Time(1), true, bytes::Bytes::new()));
        assert!(matches!(notices.take().pop_front(), Some(Notice::Messages(_, ring)) if ring.len() == 1));
    }
}
