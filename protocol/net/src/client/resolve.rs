//! Address → instances. Direct addresses are their own instance; services of a registry are watched
//! from the first call on, so that later calls ask nobody.
//!
//! Registries are other people's servers: the number of watches is bounded and can be seen, and a
//! service is not watched by itself while everything of its registry is.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use callscope_wire::{Code, Instance, Status, say};
use tokio::runtime::Handle;

use crate::address::{Address, AddressError, HostPort};
use crate::client::channel::ConnectOptions;
use crate::discovery::fixed::Fixed;
use crate::discovery::registry::FromRegistry;
use crate::discovery::{Source, Watcher};
use crate::observer::Observer;

/// Watches of single services; beyond this the one that was asked for longest ago ends.
pub(crate) const MOST_WATCHES: usize = 64;

/// What a target means.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// What breakers and budgets are kept under: the address without the instance.
    pub(crate) key: String,
    /// The service as the address names it: `orders`.
    pub(crate) service: String,
    /// Only this instance.
    pub(crate) only: Option<String>,
    from: From,
}

#[derive(Clone, Debug)]
enum From {
    Fixed(Arc<[Instance]>),
    Registry(HostPort),
}

impl Target {
    /// The registry that knows its instances.
    pub(crate) const fn registry(&self) -> Option<&HostPort> {
        match &self.from {
            From::Fixed(_) => None,
            From::Registry(at) => Some(at),
        }
    }
}

/// Turns addresses into instances.
pub(crate) struct Resolver {
    runtime: Handle,
    connect: ConnectOptions,
    observer: Arc<dyn Observer>,
    own: Option<String>,
    watches: Mutex<Watches>,
}

#[derive(Default)]
struct Watches {
    /// Watches of single services, with the order in which they were last asked for.
    services: HashMap<(HostPort, String), (Arc<Watcher>, u64)>,
    asked: u64,
    /// Watches of whole registries, owned by their [`Watching`].
    whole: Vec<(HostPort, Weak<Watcher>)>,
}

/// A watch of everything that a registry lists. Dropping it ends the watch, on the wire too.
pub struct Watching(Arc<Watcher>);

impl Watching {
    /// The registry, as an address without a service.
    pub fn source(&self) -> &str {
        self.0.label()
    }
}

impl fmt::Debug for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watching").field(&self.source()).finish()
    }
}

impl Resolver {
    pub(crate) fn new(
        runtime: Handle,
        connect: ConnectOptions,
        observer: Arc<dyn Observer>,
        own: Option<String>,
    ) -> Self {
        Self { runtime, connect, observer, own, watches: Mutex::default() }
    }

    /// What an address means here.
    pub(crate) fn target(&self, address: &Address) -> Result<Target, AddressError> {
        match address {
            Address::Direct(endpoint) => {
                let fixed = Fixed::new(endpoint);
                let instances = fixed.fixed().unwrap_or_default();
                Ok(Target {
                    key: fixed.label(),
                    service: fixed.service().to_owned(),
                    only: None,
                    from: From::Fixed(Arc::from(instances)),
                })
            }
            Address::Registry { at, service, instance } => {
                let at = self.registry(at.as_ref())?;
                Ok(Target {
                    key: format!("registry://{at}/{service}"),
                    service: service.clone(),
                    only: instance.clone(),
                    from: From::Registry(at),
                })
            }
        }
    }

    /// The instances of a target. Waits only if its source has never answered. Dropping the future
    /// leaves the watch to the calls that follow.
    pub(crate) async fn resolve(&self, target: &Target) -> Result<Arc<[Instance]>, Status> {
        let at = match &target.from {
            From::Fixed(instances) => return Ok(Arc::clone(instances)),
            From::Registry(at) => at,
        };
        let view = self.watcher(at, &target.service).settled().await;
        view.instances(&target.service).ok_or_else(|| {
            let why = view.error.unwrap_or_else(|| say!("source.silent", "it does not answer").into());
            let what = say!(
                "source.registry_away",
                "the registry at %{address} cannot be asked: %{why}",
                address = at.to_string(),
                why = why
            );
            Status::unprocessed(Code::UNAVAILABLE, what)
        })
    }

    /// The instances of a target, as far as is known without waiting.
    pub(crate) fn known(&self, target: &Target) -> Option<Arc<[Instance]>> {
        let at = match &target.from {
            From::Fixed(instances) => return Some(Arc::clone(instances)),
            From::Registry(at) => at,
        };
        let watches = self.watches();
        let watcher = watches.whole(at).or_else(|| {
            let (watcher, _) = watches.services.get(&(at.clone(), target.service.clone()))?;
            Some(Arc::clone(watcher))
        })?;
        watcher.view().instances(&target.service)
    }

    pub(crate) fn watch_all(&self, at: Option<HostPort>) -> Result<Watching, AddressError> {
        let at = self.registry(at.as_ref())?;
        let mut watches = self.watches();
        if let Some(watcher) = watches.whole(&at) {
            return Ok(Watching(watcher));
        }
        let source = FromRegistry::all(at.clone(), self.connect.clone());
        let watcher = Arc::new(Watcher::start(&self.runtime, Arc::new(source), None, Arc::clone(&self.observer)));
        watches.whole.retain(|(_, watcher)| watcher.strong_count() > 0);
        watches.whole.push((at, Arc::downgrade(&watcher)));
        Ok(Watching(watcher))
    }

    pub(crate) fn watch_count(&self) -> usize {
        let watches = self.watches();
        watches.services.len() + watches.whole.iter().filter(|(_, watcher)| watcher.strong_count() > 0).count()
    }

    fn watcher(&self, at: &HostPort, service: &str) -> Arc<Watcher> {
        let mut watches = self.watches();
        if let Some(watcher) = watches.whole(at) {
            return watcher;
        }
        watches.asked += 1;
        let asked = watches.asked;
        let key = (at.clone(), service.to_owned());
        if let Some((watcher, last)) = watches.services.get_mut(&key) {
            *last = asked;
            return Arc::clone(watcher);
        }
        if watches.services.len() >= MOST_WATCHES {
            let oldest = watches.services.iter().min_by_key(|(_, (_, last))| *last).map(|(key, _)| key.clone());
            oldest.and_then(|oldest| watches.services.remove(&oldest));
        }
        let source = FromRegistry::service(at.clone(), service.to_owned(), self.connect.clone());
        let only = Some(service.to_owned());
        let watcher = Arc::new(Watcher::start(&self.runtime, Arc::new(source), only, Arc::clone(&self.observer)));
        watches.services.insert(key, (Arc::clone(&watcher), asked));
        watcher
    }

    fn registry(&self, at: Option<&HostPort>) -> Result<HostPort, AddressError> {
        match (at, &self.own) {
            (Some(at), _) => Ok(at.clone()),
            (None, Some(own)) => own.parse(),
            (None, None) => Err(AddressError {
                text: "registry:///".to_owned(),
                offset: "registry://".len(),
                what: say!(
                    "address.no_own_registry",
                    "this process has no registry of its own; write registry://HOST:PORT/SERVICE"
                )
                .into(),
            }),
        }
    }

    fn watches(&self) -> MutexGuard<'_, Watches> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watches {
    fn whole(&self, at: &HostPort) -> Option<Arc<Watcher>> {
        self.whole.iter().find(|(known, _)| known == at).and_then(|(_, watcher)| watcher.upgrade())
    }
}
