//! The registry as a service on the router: one shared [`Registry`], a timer that ends leases, and
//! watchers to whom every change is pushed.
//!
//! Changes go through a bounded ring. A watcher that falls behind it does not hold anybody up and does not
//! lose anything either: it is told everything there is, anew.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use callscope_wire::{Code, Instance, Status, Value};
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;

use super::state::{Event, LeaseGone, Reason, RegisterError, Registry};
use super::{
    KeepAliveResponse, LeaseRequest, ListRequest, ListResponse, RegisterRequest, RegisterResponse, SERVICE, WatchEvent,
    WatchRequest, schema,
};
use crate::clock;
use crate::server::{Outbound, Router, decode};

/// Changes that a watcher may be behind before it is told everything anew.
const RING: usize = 256;

/// A registry that answers calls. Dropping it ends all watches and stops the timer: leases no longer end by themselves.
pub struct RegistryService {
    shared: Arc<Shared>,
    _closing: DropGuard,
    _timer: AbortOnDropHandle<()>,
}

struct Shared {
    registry: Mutex<Registry>,
    events: broadcast::Sender<Arc<Event>>,
    /// The next lease may end earlier than the timer thinks.
    sooner: Notify,
    /// Ends watches, which keep this alive and would never see `events` closed.
    closing: CancellationToken,
}

impl RegistryService {
    /// An empty registry. Needs a tokio runtime around it.
    pub fn new() -> Self {
        let shared = Arc::new(Shared {
            registry: Mutex::new(Registry::new(fastrand::u32(..))),
            events: broadcast::channel(RING).0,
            sooner: Notify::new(),
            closing: CancellationToken::new(),
        });
        let timer = Handle::current().spawn(end_leases(Arc::clone(&shared)));
        let closing = shared.closing.clone().drop_guard();
        Self { shared, _closing: closing, _timer: AbortOnDropHandle::new(timer) }
    }

    /// Adds its methods to a router.
    pub fn add_to(&self, router: &mut Router) {
        let (service, types) = schema::service();
        router.service(service, types);
        let method = |name: &str| format!("{SERVICE}/{name}");

        let shared = Arc::clone(&self.shared);
        router.unary(&method("Register"), move |_, request| std::future::ready(shared.register(request)));
        let shared = Arc::clone(&self.shared);
        router.unary(&method("KeepAlive"), move |_, request| std::future::ready(shared.keep_alive(request)));
        let shared = Arc::clone(&self.shared);
        router.unary(&method("Deregister"), move |_, request| std::future::ready(shared.deregister(request)));
        let shared = Arc::clone(&self.shared);
        router.unary(&method("List"), move |_, request| std::future::ready(shared.list(request)));
        let shared = Arc::clone(&self.shared);
        router
            .server_stream(&method("Watch"), move |_, request, outbound| watch(Arc::clone(&shared), request, outbound));
    }

    /// What it lists now, without asking over the wire.
    pub fn instances(&self) -> Vec<Instance> {
        self.shared.registry().list(clock::now(), None)
    }
}

impl Default for RegistryService {
    fn default() -> Self {
        Self::new()
    }
}

impl Shared {
    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called under the registry's lock, so that everybody hears of changes in their order.
    fn publish(&self, event: Event) {
        // An error says that nobody watches.
        let _watchers = self.events.send(Arc::new(event));
    }

    fn register(&self, request: Value) -> Result<Value, Status> {
        let RegisterRequest { instance, ttl_ms } = decode(request)?;
        let lease_id = {
            let mut registry = self.registry();
            let (lease_id, event) = registry
                .register(clock::now(), instance, Duration::from_millis(ttl_ms))
                .map_err(|error| refusal(&error))?;
            self.publish(event);
            lease_id
        };
        self.sooner.notify_one();
        answer(&RegisterResponse { lease_id, ttl_ms })
    }

    fn keep_alive(&self, request: Value) -> Result<Value, Status> {
        let LeaseRequest { lease_id } = decode(request)?;
        let mut registry = self.registry();
        let (ttl, event) = registry.keep_alive(clock::now(), &lease_id).map_err(gone)?;
        self.publish(event);
        answer(&KeepAliveResponse { ttl_ms: ttl.as_millis() as u64 })
    }

    fn deregister(&self, request: Value) -> Result<Value, Status> {
        let LeaseRequest { lease_id } = decode(request)?;
        let mut registry = self.registry();
        let event = registry.deregister(clock::now(), &lease_id).map_err(gone)?;
        self.publish(event);
        Ok(Value::Object(serde_json::Map::new()))
    }

    fn list(&self, request: Value) -> Result<Value, Status> {
        let ListRequest { service } = decode(request)?;
        let registry = self.registry();
        let instances = registry.list(clock::now(), service.as_deref());
        answer(&ListResponse { instances, revision: registry.revision() })
    }

    /// Everything there is, and what happens from exactly then on.
    fn snapshot(&self, service: Option<&str>) -> (WatchEvent, broadcast::Receiver<Arc<Event>>) {
        let registry = self.registry();
        let instances = registry.list(clock::now(), service);
        (WatchEvent::Snapshot { revision: registry.revision(), instances }, self.events.subscribe())
    }
}

async fn watch(shared: Arc<Shared>, request: Value, mut outbound: Outbound) -> Result<(), Status> {
    let WatchRequest { service, renewals } = decode(request)?;
    let (snapshot, mut events) = shared.snapshot(service.as_deref());
    outbound.send(answer(&snapshot)?).await?;
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = shared.closing.cancelled() => Err(RecvError::Closed),
        };
        let event = match event {
            Ok(event) => event,
            Err(RecvError::Lagged(missed)) => {
                tracing::debug!(missed, "a watcher is slow and is told everything anew");
                let (snapshot, anew) = shared.snapshot(service.as_deref());
                events = anew;
                outbound.send(answer(&snapshot)?).await?;
                continue;
            }
            Err(RecvError::Closed) => return Err(Status::new(Code::UNAVAILABLE, "the registry is shutting down")),
        };
        let wanted = service.as_ref().is_none_or(|service| event.instance.service == *service)
            && (renewals || event.reason != Reason::Renewed);
        if wanted {
            outbound.send(answer(&WatchEvent::from(Event::clone(&event)))?).await?;
        }
    }
}

/// Ends leases when their time comes.
async fn end_leases(shared: Arc<Shared>) {
    loop {
        let next = {
            let mut registry = shared.registry();
            for event in registry.expire(clock::now()) {
                shared.publish(event);
            }
            registry.next_expiry()
        };
        // Renewed leases only end later: then this wakes once for nothing.
        match next {
            Some(next) => {
                tokio::select! {
                    () = tokio::time::sleep_until(clock::instant(next)) => {}
                    () = shared.sooner.notified() => {}
                }
            }
            None => shared.sooner.notified().await,
        }
    }
}

fn refusal(error: &RegisterError) -> Status {
    let code = if *error == RegisterError::Full { Code::RESOURCE_EXHAUSTED } else { Code::INVALID_ARGUMENT };
    Status::new(code, error.to_string())
}

fn gone(error: LeaseGone) -> Status {
    Status::new(Code::NOT_FOUND, error.to_string())
}

fn answer(message: &impl Serialize) -> Result<Value, Status> {
    serde_json::to_value(message).map_err(|error| Status::new(Code::INTERNAL, error.to_string()))
}
