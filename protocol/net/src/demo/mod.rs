//! The demo world: a registry and a handful of services on loopback, alive but quiet.
//!
//! ```text
//!  World ── front: registry + every service, one port (what `serve` prints)
//!    ├───── calculator-1 greeter-1 ticker-1 chat-1 everything-1 files-1   each on a port of its own,
//!    ├───── orders-1 steady · orders-2 slow · orders-3 bursty       each with a lease
//!    │        └── shop.Orders/Place calls inventory-1, inventory-2 and payments-1 (errands)
//!    └───── orders-4, greeter-2 come and go (churn)
//! ```
//!
//! It makes no calls by itself, only on behalf of those that are made to it; leases are renewed, of course. Whoever
//! kills an instance sees it disappear when its lease ends. Start reading at [`World::start`].

mod base64;
mod bulk;
mod bursts;
mod calculator;
mod chat;
mod churn;
mod errands;
mod everything;
mod files;
mod greeter;
mod inventory;
mod moment;
mod order_book;
mod order_schema;
mod orders;
mod payments;
mod ticker;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use callscope_wire::{Health, Instance, Limits};
use tokio_util::task::AbortOnDropHandle;

use self::errands::Errands;
use self::orders::{Manner, Orders};
use crate::address::{AddressError, HostPort};
use crate::client::channel::ConnectOptions;
use crate::observer::{FlowIds, Observer, Quiet};
use crate::registry::{RegisterOptions, Registration, RegistryService};
use crate::server::{Router, Server, ServerOptions, ServerTls};
use crate::tap::Tap;

/// The front's instance id.
const FRONT: &str = "world";

/// For calls that run when an instance leaves politely.
const GRACE: Duration = Duration::from_secs(1);

/// How to make a world.
#[derive(Clone)]
pub struct WorldOptions {
    /// Where the front listens: `HOST:PORT`, port 0 for a free one. The instances listen on the same host.
    pub listen: String,
    /// Where the instances' connections report their bytes, those to each other as well. The front, which is the
    /// registry, reports none.
    pub tap: Tap,
    /// Who is told of the calls that instances make to one another.
    pub observer: Arc<dyn Observer>,
    /// Ids for these calls, shared with whoever else reports to that observer.
    pub flows: FlowIds,
    /// The front also accepts TLS.
    pub tls: Option<ServerTls>,
    /// Decides when instances fail, come and go.
    pub seed: u64,
    /// Whether instances come and go.
    pub churn: bool,
    /// Length of the instances' leases.
    pub ttl: Duration,
    /// What the front and the instances accept.
    pub limits: Limits,
}

impl Default for WorldOptions {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            tap: Tap::none(),
            observer: Arc::new(Quiet),
            flows: FlowIds::default(),
            tls: None,
            seed: 1,
            churn: true,
            ttl: Duration::from_secs(10),
            limits: Limits::default(),
        }
    }
}

/// A world that could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// Nobody may listen there.
    #[error("cannot listen on {listen}")]
    Listen {
        /// As asked for.
        listen: String,
        /// Why.
        source: io::Error,
    },
    /// The place to listen is no address.
    #[error(transparent)]
    Address(#[from] AddressError),
}

/// A running world. Dropping it ends everything at once; [`World::stop`] says goodbye.
pub struct World {
    inner: Arc<Inner>,
    front: Server,
    registry: RegistryService,
    /// Instances that come and go.
    _churn: Vec<AbortOnDropHandle<()>>,
}

/// What the world shares with what comes and goes in it.
struct Inner {
    host: String,
    registry: HostPort,
    orders: Orders,
    options: WorldOptions,
    running: Mutex<BTreeMap<String, Running>>,
}

struct Running {
    server: Server,
    registration: Registration,
}

/// A kind of instance: id, service, tags, and what it answers.
struct Kind {
    id: &'static str,
    service: &'static str,
    tags: &'static [&'static str],
    weight: u32,
    add_to: fn(&mut Router, &Inner),
}

/// Those that are always there.
const RESIDENTS: &[Kind] = &[
    Kind { id: "calculator-1", service: "calculator", tags: &[], weight: 100, add_to: |r, _| calculator::add_to(r) },
    Kind { id: "chat-1", service: "chat", tags: &[], weight: 100, add_to: |r, _| chat::add_to(r) },
    Kind { id: "everything-1", service: "everything", tags: &[], weight: 100, add_to: |r, _| everything::add_to(r) },
    Kind { id: "files-1", service: "files", tags: &[], weight: 100, add_to: |r, _| files::add_to(r) },
    Kind { id: "greeter-1", service: "greeter", tags: &[], weight: 100, add_to: |r, _| greeter::add_to(r) },
    Kind {
        id: "inventory-1",
        service: "inventory",
        tags: &["steady"],
        weight: 100,
        add_to: |r, _| inventory::add_to(r, inventory::Manner::Steady),
    },
    Kind {
        id: "inventory-2",
        service: "inventory",
        tags: &["busy"],
        weight: 100,
        add_to: |r, _| inventory::add_to(r, inventory::Manner::Busy),
    },
    Kind {
        id: "orders-1",
        service: "orders",
        tags: &["steady"],
        weight: 100,
        add_to: |r, world| world.add_orders(r, "orders-1", Manner::Steady),
    },
    Kind {
        id: "orders-2",
        service: "orders",
        tags: &["slow"],
        weight: 80,
        add_to: |r, world| world.add_orders(r, "orders-2", Manner::Slow),
    },
    Kind {
        id: "orders-3",
        service: "orders",
        tags: &["bursty"],
        weight: 100,
        add_to: |r, world| world.add_orders(r, "orders-3", Manner::Bursty),
    },
    Kind { id: "payments-1", service: "payments", tags: &[], weight: 100, add_to: |r, _| payments::add_to(r) },
    Kind { id: "ticker-1", service: "ticker", tags: &[], weight: 100, add_to: |r, _| ticker::add_to(r) },
];

/// Those that come and go.
const GUESTS: &[Kind] = &[
    Kind { id: "greeter-2", service: "greeter", tags: &["guest"], weight: 100, add_to: |r, _| greeter::add_to(r) },
    Kind {
        id: "orders-4",
        service: "orders",
        tags: &["steady", "guest"],
        weight: 60,
        add_to: |r, world| world.add_orders(r, "orders-4", Manner::Steady),
    },
];

impl World {
    /// Starts everything, and returns when every instance is registered. Needs a tokio runtime around it.
    pub async fn start(options: WorldOptions) -> Result<Self, WorldError> {
        let registry = RegistryService::new();
        let orders = orders::orders(options.seed);
        let mut router = Router::new();
        registry.add_to(&mut router);
        calculator::add_to(&mut router);
        chat::add_to(&mut router);
        everything::add_to(&mut router);
        files::add_to(&mut router);
        greeter::add_to(&mut router);
        inventory::add_to(&mut router, inventory::Manner::Steady);
        let errands = Errands::new(options.flows.clone());
        orders::add_to(&mut router, &orders, &errands, Manner::Steady, options.seed);
        payments::add_to(&mut router);
        ticker::add_to(&mut router);
        // Not tapped: the registry's trickle of renewals would bury the calls that somebody is looking for.
        let front = ServerOptions {
            listen: options.listen.clone(),
            tls: options.tls.clone(),
            instance: Some(FRONT.to_owned()),
            limits: options.limits.clone(),
            ..ServerOptions::default()
        };
        let front = bind(front, router).await?;
        let HostPort { host, port } = front.local_addr().parse()?;
        // A world that listens everywhere is reached by its own instances on loopback.
        let near = match host.as_str() {
            "0.0.0.0" => "127.0.0.1".to_owned(),
            "::" => "::1".to_owned(),
            _ => host,
        };
        let inner = Arc::new(Inner {
            host: near.clone(),
            registry: HostPort { host: near, port },
            orders,
            options,
            running: Mutex::default(),
        });
        errands.open(FRONT, inner.registry.to_string(), inner.options.tap.clone(), &inner.options.observer);
        for kind in RESIDENTS {
            inner.join(kind).await?;
        }
        inner.all_registered().await;
        let churn = if inner.options.churn { churn::start(&inner) } else { Vec::new() };
        Ok(Self { inner, front, registry, _churn: churn })
    }

    /// `HOST:PORT` of the registry, where every demo service answers, too.
    pub fn registry_addr(&self) -> String {
        self.inner.registry.to_string()
    }

    /// Where the front listens, as it is bound.
    pub fn local_addr(&self) -> &str {
        self.front.local_addr()
    }

    /// What is registered now.
    pub fn instances(&self) -> Vec<Instance> {
        self.registry.instances()
    }

    /// Ends an instance as a crash does: its connections break, and its lease runs out. Whether there was one.
    pub fn kill(&self, instance: &str) -> bool {
        self.inner.running().remove(instance).is_some()
    }

    /// Ends everything politely. Dropping the future ends it at once.
    pub async fn stop(self) {
        let Self { inner, front, registry, _churn: churn } = self;
        drop(churn);
        let running = std::mem::take(&mut *inner.running());
        futures_util::future::join_all(running.into_values().map(Running::leave)).await;
        // First, so that whoever watches is told, and keeps nobody waiting.
        drop(registry);
        front.shutdown(GRACE).await;
    }
}

impl Inner {
    fn running(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add_orders(&self, router: &mut Router, instance: &str, manner: Manner) {
        let errands = Errands::new(self.options.flows.clone());
        errands.open(instance, self.registry.to_string(), self.options.tap.clone(), &self.options.observer);
        orders::add_to(router, &self.orders, &errands, manner, self.options.seed);
    }

    /// Starts an instance and registers it.
    async fn join(&self, kind: &Kind) -> Result<(), WorldError> {
        let mut router = Router::new();
        (kind.add_to)(&mut router, self);
        let options = ServerOptions {
            listen: HostPort { host: self.host.clone(), port: 0 }.to_string(),
            tap: self.options.tap.clone(),
            instance: Some(kind.id.to_owned()),
            limits: self.options.limits.clone(),
            ..ServerOptions::default()
        };
        let server = bind(options, router).await?;
        let instance = Instance {
            id: kind.id.to_owned(),
            service: kind.service.to_owned(),
            address: server.address(),
            health: Health::Healthy,
            weight: kind.weight,
            tags: kind.tags.iter().map(|tag| (*tag).to_owned()).collect(),
            metadata: BTreeMap::from([("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]),
            lease: None,
        };
        let registration = Registration::start(RegisterOptions {
            at: self.registry.clone(),
            instance,
            ttl: self.options.ttl,
            connect: ConnectOptions::default(),
        });
        self.running().insert(kind.id.to_owned(), Running { server, registration });
        Ok(())
    }

    async fn all_registered(&self) {
        let waits: Vec<_> = self.running().values().map(|running| running.registration.watch()).collect();
        futures_util::future::join_all(waits.into_iter().map(crate::registry::Registered::wait)).await;
    }
}

impl Running {
    /// Deregisters, lets calls end, and goes.
    async fn leave(self) {
        self.registration.stop().await;
        self.server.shutdown(GRACE).await;
    }
}

async fn bind(options: ServerOptions, router: Router) -> Result<Server, WorldError> {
    let listen = options.listen.clone();
    Server::bind(options, router).await.map_err(|source| WorldError::Listen { listen, source })
}
