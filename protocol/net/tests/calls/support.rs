//! An observer that remembers, and a registry with instances whose handlers a test writes.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use callscope_net::client::channel::ConnectOptions;
use callscope_net::client::{CallOptions, Client, ClientOptions};
use callscope_net::observer::{BreakerView, Observer, Snapshot, SourceView};
use callscope_net::registry::{RegisterOptions, Registration, RegistryService};
use callscope_net::server::{Router, Server, ServerOptions};
use callscope_wire::capture::{Flow, FlowEvent};
use callscope_wire::policy::{Balance, BreakerState, Policy, Retry};
use callscope_wire::{Code, FlowId, Instance, Status, Time, Value};
use tokio::sync::watch;

/// Everything that the client told.
#[derive(Debug, Default)]
pub struct Told {
    pub events: Vec<(FlowId, Time, FlowEvent)>,
    pub breakers: Vec<BreakerView>,
    pub snapshots: Vec<Snapshot>,
    pub sources: Vec<SourceView>,
}

/// Remembers everything, and wakes whoever waits for it.
#[derive(Debug)]
pub struct Seen {
    told: Mutex<Told>,
    news: watch::Sender<u64>,
}

impl Seen {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { told: Mutex::default(), news: watch::channel(0).0 })
    }

    pub fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap()
    }

    fn tell(&self, add: impl FnOnce(&mut Told)) {
        add(&mut self.told());
        self.news.send_modify(|count| *count += 1);
    }

    /// Waits until what was told answers the question.
    pub async fn until<T>(&self, question: impl Fn(&Told) -> Option<T>) -> T {
        let mut news = self.news.subscribe();
        loop {
            if let Some(answer) = question(&self.told()) {
                return answer;
            }
            news.changed().await.unwrap();
        }
    }

    /// A call as it was told.
    pub fn flow(&self, id: FlowId) -> Flow {
        let mut flow = Flow::new(id);
        for (of, at, event) in &self.told().events {
            if *of == id {
                flow.apply(*at, event.clone());
            }
        }
        flow
    }

    /// Waits for a call's end.
    pub async fn ended(&self, id: FlowId) -> Flow {
        self.until(|told| told.events.iter().any(|(of, _, e)| *of == id && is_end(e)).then_some(())).await;
        self.flow(id)
    }

    /// How often it ended.
    pub fn ends(&self, id: FlowId) -> usize {
        self.told().events.iter().filter(|(of, _, event)| *of == id && is_end(event)).count()
    }

    /// States that a breaker went through.
    pub fn states(&self, instance: &str) -> Vec<BreakerState> {
        let told = self.told();
        let mut states: Vec<_> =
            told.breakers.iter().filter(|view| view.instance == instance).map(|view| view.state).collect();
        states.dedup();
        states
    }
}

fn is_end(event: &FlowEvent) -> bool {
    matches!(event, FlowEvent::Ended { .. })
}

impl Observer for Seen {
    fn flow(&self, flow: FlowId, at: Time, event: FlowEvent) {
        self.tell(|told| told.events.push((flow, at, event)));
    }
    fn breaker(&self, _: Time, view: BreakerView) {
        self.tell(|told| told.breakers.push(view));
    }
    fn discovered(&self, _: Time, snapshot: Snapshot) {
        self.tell(|told| told.snapshots.push(snapshot));
    }
    fn source(&self, _: Time, view: SourceView) {
        self.tell(|told| told.sources.push(view));
    }
}

/// A registry, instances, and a client that knows them.
pub struct Lab {
    pub client: Client,
    pub seen: Arc<Seen>,
    pub registry: String,
    pub instances: HashMap<String, (Option<Server>, Registration)>,
    _service: RegistryService,
    _server: Server,
    flows: AtomicU64,
}

impl Lab {
    pub async fn new() -> Self {
        let service = RegistryService::new();
        let mut router = Router::new();
        service.add_to(&mut router);
        let server = Server::bind(ServerOptions::default(), router).await.unwrap();
        let seen = Seen::new();
        let registry = server.local_addr().to_owned();
        let client = Client::new(ClientOptions {
            observer: Arc::clone(&seen) as Arc<dyn Observer>,
            own_registry: Some(registry.clone()),
            ..ClientOptions::default()
        });
        let flows = AtomicU64::new(1);
        Self { client, seen, registry, instances: HashMap::new(), _service: service, _server: server, flows }
    }

    /// Starts an instance of `orders` and registers it.
    pub async fn instance(&mut self, id: &str, fill: impl FnOnce(&mut Router)) {
        let mut router = Router::new();
        fill(&mut router);
        let options = ServerOptions { instance: Some(id.to_owned()), ..ServerOptions::default() };
        let server = Server::bind(options, router).await.unwrap();
        let address = server.address();
        self.register(id, &address, Some(server), Duration::from_mins(1)).await;
    }

    /// Starts an instance whose only method is `t.T/Do`.
    pub async fn answers<F, Fut>(&mut self, id: &str, handler: F)
    where
        F: Fn(Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Value, Status>> + Send + 'static,
    {
        self.instance(id, |router| {
            router.unary("t.T/Do", move |_, request| handler(request));
        })
        .await;
    }

    pub async fn register(&mut self, id: &str, address: &str, server: Option<Server>, ttl: Duration) {
        let registration = Registration::start(RegisterOptions {
            at: self.registry.parse().unwrap(),
            instance: instance(id, address),
            ttl,
            connect: ConnectOptions::default(),
        });
        registration.watch().wait().await;
        self.instances.insert(id.to_owned(), (server, registration));
    }

    /// A call of `t.T/Do` on `orders`, under the next flow id.
    pub fn options(&self, policy: Policy) -> CallOptions {
        CallOptions {
            flow: FlowId(self.flows.fetch_add(1, Ordering::Relaxed)),
            target: "registry:///orders".to_owned(),
            method: "t.T/Do".to_owned(),
            policy,
            ..CallOptions::default()
        }
    }

    /// Makes the call, and returns its answer and what was told of it.
    pub async fn call(&self, options: CallOptions) -> (Result<Value, Status>, Flow) {
        let id = options.flow;
        let answer = self.client.unary(options, &serde_json::json!({})).await;
        assert_eq!(self.seen.ends(id), 1);
        (answer, self.seen.flow(id))
    }
}

pub fn instance(id: &str, address: &str) -> Instance {
    serde_json::from_value(serde_json::json!({ "id": id, "service": "orders", "address": address })).unwrap()
}

/// Instances in turn, in the order of their ids.
pub fn in_turn() -> Policy {
    Policy { balance: Some(Balance::RoundRobin), ..Policy::default() }
}

/// Three attempts, a millisecond apart.
pub fn with_retry() -> Policy {
    let retry = Retry { max_attempts: 3, initial_backoff: Duration::from_millis(1), ..Retry::default() };
    Policy { retry: Some(retry), ..in_turn() }
}

pub fn unavailable() -> Status {
    Status::new(Code::UNAVAILABLE, "the database is away")
}

/// Instance and outcome of each attempt.
pub fn attempts(flow: &Flow) -> Vec<(&str, &str)> {
    flow.attempts
        .iter()
        .map(|attempt| (attempt.instance.as_str(), attempt.status.as_ref().map_or("-", |status| status.code.name())))
        .collect()
}

/// A port that nobody listens on.
pub async fn closed_port() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("native://{}", listener.local_addr().unwrap())
}
