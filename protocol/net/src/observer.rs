//! What clients report while they work, so that a window can draw it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use callscope_wire::capture::FlowEvent;
pub use callscope_wire::policy::BreakerView;
use callscope_wire::{FlowId, Instance, Time, Words};

/// Listens to clients and discovery. Called from tokio tasks: must return at once.
pub trait Observer: Send + Sync + 'static {
    /// Something happened to a call.
    fn flow(&self, flow: FlowId, at: Time, event: FlowEvent);

    /// A message of a call left (`sent`) or arrived: JSON, whatever it travelled in. For whoever has no hand on the call itself.
    fn message(&self, _flow: FlowId, _at: Time, _sent: bool, _message: &Bytes) {}

    /// A breaker changed its state, or counted an outcome.
    fn breaker(&self, at: Time, view: BreakerView);

    /// Discovery has a new picture of a service.
    fn discovered(&self, at: Time, snapshot: Snapshot);

    /// A watched source answered, or went away.
    fn source(&self, _at: Time, _view: SourceView) {}
}

/// Hands out the ids of calls. Whoever reports to one observer shares one of these: two calls under one id would be
/// drawn as one.
#[derive(Clone, Debug, Default)]
pub struct FlowIds(Arc<AtomicU64>);

impl FlowIds {
    /// A new id, counted from 1.
    pub fn next(&self) -> FlowId {
        FlowId(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// Nobody listens.
#[derive(Debug)]
pub struct Quiet;

impl Observer for Quiet {
    fn flow(&self, _: FlowId, _: Time, _: FlowEvent) {}
    fn breaker(&self, _: Time, _: BreakerView) {}
    fn discovered(&self, _: Time, _: Snapshot) {}
}

/// A service as discovery sees it now.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Where it comes from, as an address without the service: `registry://127.0.0.1:7000`.
    pub source: String,
    /// Service name in the source.
    pub service: String,
    /// Its instances, in the order of the source. Empty: the service is gone.
    pub instances: Vec<Instance>,
}

/// A watched source of instances, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceView {
    /// As an address without the service: `registry://127.0.0.1:7000`.
    pub source: String,
    /// The service that is watched; `None`: all of them.
    pub service: Option<String>,
    /// Instances that it told of and that are kept, over all services.
    pub instances: usize,
    /// Instances that found no room: the picture is not whole.
    pub left_out: usize,
    /// Why it is away, in plain words; the last good picture stays.
    pub error: Option<Words>,
}
