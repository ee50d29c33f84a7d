//! Calls from here: resolve, pick, connect, send, and try again, with every step reported.
//!
//! ```text
//!  Client ── start ──▶ Call ◀──▶ resilience::stack ──▶ pick (service) ──▶ pool ──▶ channel ──▶ the wire
//!                                       │ FlowEvents          ▲
//!                                       ▼                     │ instances
//!                                    Observer            discovery watchers
//! ```
//!
//! A [`Client`] is cheap to clone and shares connections, breakers, budgets and watches among its
//! clones. A [`Call`] owns its task: dropping it cancels the call, on the wire too. Start reading at
//! [`Client::start`], then `resilience::stack`.

pub mod channel;

mod attempt;
mod call;
mod pool;
mod pools;
mod report;
mod resolve;
mod service;
mod trace;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use callscope_wire::policy::Policy;
use callscope_wire::schema::Schema;
use callscope_wire::{Code, Encoding, FlowId, Limits, Metadata, Shape, Status, Trace, Value, say};
use tokio::runtime::Handle;

pub(crate) use attempt::{Attempt, Ending, Outbox};
pub use call::{Call, CallOver, CallSender, Incoming};
pub(crate) use call::{Interrupt, Patience};
pub(crate) use pool::Connected;
pub(crate) use pools::{Pools, Ways};
pub(crate) use report::Reporter;
pub use resolve::Watching;
pub(crate) use resolve::{Resolver, Target};
pub(crate) use service::{Lease, Pick, Picked, ServiceState, Services};
pub use trace::TraceIds;
pub(crate) use trace::{Rooted, root};

use crate::address::{Address, AddressError, HostPort};
use crate::client::channel::ConnectOptions;
use crate::clock;
use crate::observer::{BreakerView, Observer, Quiet};
use crate::resilience::{BudgetView, stack};
use crate::tap::Tap;
use crate::transport::TlsOptions;

/// The method that tells what a server serves.
pub const DESCRIBE: &str = "callscope.Introspection/Describe";

/// A question nobody set a deadline for must not hang for ever.
const PATIENCE: Duration = Duration::from_secs(10);

/// What all calls of a client share.
#[derive(Clone)]
pub struct ClientOptions {
    /// Where connections report their bytes.
    pub tap: Tap,
    /// Also tap the connections over which registries push. Off: their steady trickle of renewals
    /// would bury the calls that somebody is looking for.
    pub tap_discovery: bool,
    /// Who is told of every step.
    pub observer: Arc<dyn Observer>,
    /// For `+tls` addresses.
    pub tls: TlsOptions,
    /// What this side accepts on a connection.
    pub limits: Limits,
    /// `HOST:PORT` of the registry that `registry:///service` means.
    pub own_registry: Option<String>,
    /// Where trace and span ids come from.
    pub trace_ids: TraceIds,
    /// The instance whose handlers make these calls, as observers are told; `None`: the user.
    pub caller: Option<String>,
}

impl Default for ClientOptions {
    /// Nobody listens, nobody records, no registry.
    fn default() -> Self {
        Self {
            tap: Tap::none(),
            tap_discovery: false,
            observer: Arc::new(Quiet),
            tls: TlsOptions::default(),
            limits: Limits::default(),
            own_registry: None,
            trace_ids: TraceIds::default(),
            caller: None,
        }
    }
}

/// One call, as it is asked for.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    /// Under which id the observer hears of it; 0: it is not told.
    pub flow: FlowId,
    /// An address: `registry:///orders`.
    pub target: String,
    /// `package.Service/Method`.
    pub method: String,
    /// How many messages go each way.
    pub shape: Shape,
    /// For the handler.
    pub metadata: Metadata,
    /// Over all attempts and the waits between them; `None`: as long as it takes.
    pub deadline: Option<Duration>,
    /// Retry, budget, breaker, balance.
    pub policy: Policy,
    /// What messages travel in. The caller gives and takes JSON all the same. A server that does not speak it ends
    /// the call with UNIMPLEMENTED: a wish is not replaced by something else.
    pub encoding: Encoding,
    /// For `+tls` addresses; `None`: what the client brings.
    pub tls: Option<TlsOptions>,
    /// The call on whose behalf this one is made; `None`: the user's, the root of a trace of its own.
    pub trace: Option<Trace>,
}

/// Makes calls. Clones share everything.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

/// What the calls of a client share.
pub(crate) struct Shared {
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) runtime: Handle,
    pub(crate) pools: Pools,
    pub(crate) services: Services,
    pub(crate) resolver: Resolver,
    pub(crate) trace_ids: TraceIds,
    pub(crate) caller: Option<String>,
}

impl Client {
    /// A client on the current tokio runtime.
    pub fn new(options: ClientOptions) -> Self {
        let runtime = Handle::current();
        let connect =
            |tap| ConnectOptions { limits: options.limits.clone(), tap, tls: options.tls.clone(), instance: None };
        let discovery = connect(if options.tap_discovery { options.tap.clone() } else { Tap::none() });
        let pools = Pools::new(runtime.clone(), connect(options.tap.clone()));
        Self(Arc::new(Shared {
            observer: Arc::clone(&options.observer),
            pools,
            services: Services::new(Arc::clone(&options.observer)),
            resolver: Resolver::new(runtime.clone(), discovery, options.observer, options.own_registry),
            runtime,
            trace_ids: options.trace_ids,
            caller: options.caller,
        }))
    }

    /// Starts a call and returns at once. Everything that happens to it goes to the observer.
    /// Dropping the [`Call`] cancels it, on the wire too.
    pub fn start(&self, options: CallOptions) -> Call {
        Call::start(&self.0.runtime, |requests, replies, patience| {
            stack::run(Arc::clone(&self.0), options, requests, replies, patience)
        })
    }

    /// One message there, one back.
    pub async fn unary(&self, options: CallOptions, request: &Value) -> Result<Value, Status> {
        let encoded = serde_json::to_vec(request).map_err(|error| {
            Status::new(
                Code::INVALID_ARGUMENT,
                say!("calling.request_unencodable", "the request cannot be encoded: %{why}", why = error.to_string()),
            )
        })?;
        let mut call = self.start(CallOptions { shape: Shape::Unary, ..options });
        // A call that is over already says how it ended below.
        let sent = call.send(Bytes::from(encoded)).await;
        call.done_sending();
        let mut answer = None;
        while let Some(incoming) = call.next().await {
            match incoming {
                Incoming::Headers(_) => {}
                Incoming::Message(message) => answer = Some(message),
                Incoming::End(status) if !status.code.is_ok() => return Err(status),
                Incoming::End(_) => break,
            }
        }
        let answer = answer.ok_or_else(|| {
            let what = if sent.is_ok() {
                say!("calling.no_answer", "the server ended the call without an answer")
            } else {
                say!("calling.cut_off", "the call was cut off")
            };
            Status::new(Code::INTERNAL, what)
        })?;
        serde_json::from_slice(&answer).map_err(|error| {
            Status::new(
                Code::INTERNAL,
                say!("calling.answer_no_json", "the answer is not JSON: %{why}", why = error.to_string()),
            )
        })
    }

    /// Changes what is accepted on a connection. Calls that run go on as they were begun.
    pub fn set_limits(&self, limits: &Limits) {
        self.0.pools.set_limits(limits);
    }

    /// What the target serves, by its own word; a server may want to see the metadata of calls here, too.
    /// The observer is not told of the question.
    pub async fn describe(&self, target: &str, metadata: &Metadata) -> Result<Schema, Status> {
        self.describe_over(target, metadata, None).await
    }

    /// The same, with what a call brings to TLS.
    pub async fn describe_over(
        &self,
        target: &str,
        metadata: &Metadata,
        tls: Option<TlsOptions>,
    ) -> Result<Schema, Status> {
        let options = CallOptions {
            target: target.to_owned(),
            method: DESCRIBE.to_owned(),
            metadata: metadata.clone(),
            deadline: Some(PATIENCE),
            tls,
            ..CallOptions::default()
        };
        let answer = self.unary(options, &serde_json::json!({})).await?;
        serde_json::from_value(answer).map_err(|error| {
            Status::new(
                Code::INTERNAL,
                say!("calling.description", "the description cannot be read: %{why}", why = error.to_string()),
            )
        })
    }

    /// Watches everything that a registry lists until the handle is dropped: pictures go to
    /// [`Observer::discovered`]. `registry` is `HOST:PORT`; empty: the own one.
    pub fn watch(&self, registry: &str) -> Result<Watching, AddressError> {
        let at = if registry.is_empty() { None } else { Some(registry.parse::<HostPort>()?) };
        self.0.resolver.watch_all(at)
    }

    /// Watches that registries serve to this client now.
    pub fn watches(&self) -> usize {
        self.0.resolver.watch_count()
    }

    /// Instances that a target resolves to right now, as far as is known without asking.
    pub fn known_instances(&self, target: &str) -> Option<usize> {
        let target = self.0.resolver.target(&target.parse::<Address>().ok()?).ok()?;
        self.0.resolver.known(&target).map(|instances| instances.len())
    }

    /// Every breaker that has counted something.
    pub fn breakers(&self) -> Vec<BreakerView> {
        self.0.services.breakers()
    }

    /// The retry budget of a target's service, once a call with a budget was made there.
    pub fn budget(&self, target: &str) -> Option<BudgetView> {
        let target = self.0.resolver.target(&target.parse::<Address>().ok()?).ok()?;
        self.0.services.get(&target.key, &target.service).budget_view(clock::now())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("watches", &self.watches()).finish_non_exhaustive()
    }
}
