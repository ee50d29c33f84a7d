//! The bridge to the engine: jobs in, notices out. No egui in here; it is given a callback that wakes the window.
//!
//! ```text
//!  UI thread ── try_send(Job) ──▶ dispatcher task ── one task per call ──▶ callscope-net
//!  UI thread ◀─ take() Notice ── Notices ◀── observer, calls, discovery
//!                                Store   ◀── capture thread ◀── taps
//! ```
//!
//! Nothing here waits for the UI thread, and the UI thread waits for nothing here: a full queue of jobs
//! answers [`Busy`].

mod capture;
mod dispatch;
pub mod job;
pub mod notice;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use callscope_net::observer::FlowIds;
use callscope_net::tap::Tap;
use callscope_wire::capture::Store;
use callscope_wire::{FlowId, Time};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

pub use job::{CallSpec, Job};
pub use notice::{Notice, Notices, Wake};

/// Jobs that wait for the dispatcher at most; more come from nobody's hands.
const JOBS: usize = 1024;
/// Tapped chunks that wait for the capture thread; beyond it they are dropped and counted.
const TAPPED: usize = 65_536;

/// What the backend starts with.
#[derive(Clone, Debug)]
pub struct BackendOptions {
    /// Start the embedded registry with the demo world.
    pub world: bool,
    /// Instances of the demo world join and leave now and then.
    pub churn: bool,
}

/// The engine behind a window.
pub struct Backend {
    // Field order is drop order: the queue closes first, then the runtime goes and its tasks with it.
    jobs: mpsc::Sender<Job>,
    notices: Notices,
    flows: FlowIds,
    recording: Arc<AtomicBool>,
    runtime: Runtime,
}

/// Too many jobs wait; nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine is busy: {JOBS} jobs wait already")]
pub struct Busy;

impl Backend {
    /// Starts runtime, capture thread and, if wanted, the demo world. `wake` is called when there are notices.
    pub fn start(options: &BackendOptions, store: Arc<Mutex<Store>>, wake: Wake) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("callscope-engine")
            .enable_all()
            .build()?;
        let notices = Notices::new(wake);
        let (tap, tapped) = Tap::new(TAPPED);
        let recording = Arc::new(AtomicBool::new(true));
        capture::start(tapped, store, notices.clone(), Arc::clone(&recording))?;
        let (jobs, queue) = mpsc::channel(JOBS);
        let flows = FlowIds::default();
        let dispatcher = dispatch::Dispatcher::new(queue, notices.clone(), flows.clone(), tap);
        // The one task that owns all others; it ends with the runtime.
        runtime.spawn(dispatcher.run(options.clone()));
        Ok(Self { jobs, notices, flows, recording, runtime })
    }

    /// Hands a job over.
    pub fn send(&self, job: Job) -> Result<(), Busy> {
        self.jobs.try_send(job).map_err(|_| Busy)
    }

    /// What happened since the last time.
    pub fn take(&self) -> VecDeque<Notice> {
        self.notices.take()
    }

    /// Whether lease rings are on screen, so that a renewal is worth a repaint.
    pub fn show_leases(&self, shown: bool) {
        self.notices.show_leases(shown);
    }

    /// A handle for whoever has something to tell the window.
    pub fn notices(&self) -> Notices {
        self.notices.clone()
    }

    /// An id for a new call.
    pub fn next_flow(&self) -> FlowId {
        self.flows.next()
    }

    /// Records what taps see, or not.
    pub fn record(&self, on: bool) {
        self.recording.store(on, Ordering::Relaxed);
    }

    /// The engine's clock.
    pub fn now(&self) -> Time {
        callscope_net::clock::now()
    }

    /// What the wall clock showed at a time.
    pub fn wall(&self, time: Time) -> SystemTime {
        callscope_net::clock::wall(time)
    }

    /// Lets promises run on the engine's threads.
    pub fn enter(&self) -> tokio::runtime::EnterGuard<'_> {
        self.runtime.enter()
    }
}
