//! The task that carries out jobs and owns what comes of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use callscope_net::client::{CallOptions, CallSender, Client, ClientOptions, Incoming, Watching};
use callscope_net::demo::{World, WorldOptions};
use callscope_net::observer::{BreakerView, FlowIds, Observer, Snapshot};
use callscope_net::tap::Tap;
use callscope_wire::capture::FlowEvent;
use callscope_wire::{Code, FlowId, Health, Instance, Limits, Metadata, Say, Time, say};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::BackendOptions;
use super::job::{CallSpec, Job};
use super::notice::{Notice, Notices};
use crate::model::log::Level;
use crate::model::messages::Message;
use crate::model::tabs::TabId;

/// Messages by hand that wait for a stream whose peer reads slowly; beyond it the window is told.
const MESSAGES: usize = 64;
/// Repeated calls in flight at once: a slow server slows the repetition down instead of piling calls up.
const IN_FLIGHT: usize = 64;
/// How long calls in flight may take to end by themselves when repeating stops.
const LAST: Duration = Duration::from_secs(1);

/// The largest message of the embedded world: as large as its largest answer.
const WORLD_MESSAGE: usize = 520 << 20;

/// What is done to a running call from outside.
enum Act {
    Message(Bytes),
    HalfClose,
    Cancel,
}

/// A source that is watched.
enum Watched {
    Registry { _watching: Watching },
    Direct,
}

/// Owns the client, the world and every running call.
pub(super) struct Dispatcher {
    jobs: mpsc::Receiver<Job>,
    notices: Notices,
    flows: FlowIds,
    tap: Tap,
    running: HashMap<FlowId, mpsc::Sender<Act>>,
    /// Dropping one ends the repetition.
    repeating: HashMap<TabId, oneshot::Sender<()>>,
    /// Registries are watched by the client, direct addresses are asked once; dropping ends either.
    watching: HashMap<String, Watched>,
    tasks: JoinSet<Option<FlowId>>,
}

impl Dispatcher {
    pub(super) fn new(jobs: mpsc::Receiver<Job>, notices: Notices, flows: FlowIds, tap: Tap) -> Self {
        Self {
            jobs,
            notices,
            flows,
            tap,
            running: HashMap::new(),
            repeating: HashMap::new(),
            watching: HashMap::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Runs until the window is gone. Dropping it ends every call and the world.
    pub(super) async fn run(mut self, options: BackendOptions) {
        let world = if options.world { self.start_world(&options).await } else { None };
        let client = Client::new(ClientOptions {
            tap: self.tap.clone(),
            observer: Arc::new(self.notices.clone()),
            own_registry: world.as_ref().map(World::registry_addr),
            ..ClientOptions::default()
        });
        if let Some(world) = &world {
            let address = format!("registry://{}", world.registry_addr());
            self.notices.push(Notice::World(address.clone()));
            self.watch(&client, address);
        }
        loop {
            tokio::select! {
                job = self.jobs.recv() => match job {
                    Some(job) => self.carry_out(&client, job),
                    None => break,
                },
                Some(ended) = self.tasks.join_next(), if !self.tasks.is_empty() => match ended {
                    Ok(Some(flow)) => {
                        self.running.remove(&flow);
                    }
                    Err(error) if error.is_panic() => {
                        let text =
                            say!("engine.panicked", "a task of the engine panicked: %{why}", why = error.to_string());
                        self.notices.push(Notice::Log(Level::Error, text.into()));
                    }
                    // Ends of tasks that are no calls, and of aborted ones.
                    Ok(None) | Err(_) => {}
                },
            }
        }
        self.tasks.shutdown().await;
        if let Some(world) = world {
            world.stop().await;
        }
    }

    async fn start_world(&self, options: &BackendOptions) -> Option<World> {
        // The servers are tapped as well: the traffic view can show their side of our calls.
        // They send whatever the window is ready to take: its own setting is the one that counts.
        let limits = Limits::default().with_max_message(WORLD_MESSAGE);
        let options = WorldOptions {
            tap: self.tap.clone(),
            observer: Arc::new(Elsewhere(self.notices.clone())),
            flows: self.flows.clone(),
            churn: options.churn,
            limits,
            ..WorldOptions::default()
        };
        match World::start(options).await {
            Ok(world) => Some(world),
            Err(error) => {
                let text =
                    say!("engine.no_world", "the embedded world could not start: %{why}", why = error.to_string());
                self.notices.push(Notice::Log(Level::Error, text.into()));
                None
            }
        }
    }

    fn carry_out(&mut self, client: &Client, job: Job) {
        match job {
            Job::Call { flow, spec } => {
                let (acts, from_outside) = mpsc::channel(MESSAGES);
                self.running.insert(flow, acts);
                let (client, notices) = (client.clone(), self.notices.clone());
                self.tasks.spawn(async move {
                    make_call(&client, flow, *spec, from_outside, &notices).await;
                    Some(flow)
                });
            }
            Job::Message { flow, bytes } => self.act(flow, Act::Message(bytes)),
            Job::HalfClose(flow) => self.act(flow, Act::HalfClose),
            Job::Cancel(flow) => self.act(flow, Act::Cancel),
            Job::Repeat { tab, spec, rate } => {
                // What was repeated before in this tab ends with its sender.
                let (going_on, over) = oneshot::channel();
                let task = repeat(client.clone(), tab, *spec, rate, self.flows.clone(), self.notices.clone(), over);
                self.tasks.spawn(async move {
                    task.await;
                    None
                });
                self.repeating.insert(tab, going_on);
            }
            Job::StopRepeat(tab) => {
                // Its task sees that its sender is gone.
                self.repeating.remove(&tab);
            }
            Job::Describe { target, tls } => {
                let (client, notices) = (client.clone(), self.notices.clone());
                self.tasks.spawn(async move {
                    let schema = client
                        .describe_over(&target, &Metadata::new(), tls)
                        .await
                        .map(Arc::new)
                        .map_err(|status| status.say());
                    notices.push(Notice::Schema { target, schema });
                    None
                });
            }
            Job::AddSource(address) => self.watch(client, address),
            Job::RemoveSource(address) => {
                self.watching.remove(&address);
            }
            Job::Limits(limits) => client.set_limits(&limits),
        }
    }

    fn act(&self, flow: FlowId, act: Act) {
        // A call that is over has no use for it; its end is on its way to the window.
        let Some(acts) = self.running.get(&flow) else { return };
        if let Err(mpsc::error::TrySendError::Full(_)) = acts.try_send(act) {
            let text = say!(
                "engine.slow_peer",
                "%{count} messages wait already because the peer reads slowly; this one was not taken",
                count = MESSAGES
            );
            self.notices.push(Notice::Log(Level::Warn, text.into()));
        }
    }

    fn watch(&mut self, client: &Client, address: String) {
        if let Some(registry) = address.strip_prefix("registry://") {
            match client.watch(registry.trim_end_matches('/')) {
                Ok(watching) => {
                    self.watching.insert(address, Watched::Registry { _watching: watching });
                }
                Err(error) => self.notices.push(Notice::Source { address, lost: Some(error.say()) }),
            }
            return;
        }
        self.watching.insert(address.clone(), Watched::Direct);
        let (client, notices) = (client.clone(), self.notices.clone());
        self.tasks.spawn(async move {
            ask_directly(&client, address, &notices).await;
            None
        });
    }
}

/// Listens to calls that others make, whose messages pass through nobody's hands here.
struct Elsewhere(Notices);

impl Observer for Elsewhere {
    fn flow(&self, flow: FlowId, at: Time, event: FlowEvent) {
        self.0.flow(flow, at, event);
    }

    fn message(&self, flow: FlowId, _at: Time, sent: bool, bytes: &Bytes) {
        self.0.message(flow, message(sent, bytes.clone()));
    }

    fn breaker(&self, _: Time, _: BreakerView) {}
    fn discovered(&self, _: Time, _: Snapshot) {}
}

/// A direct address is a source of its own: one service, one instance, named after the address.
async fn ask_directly(client: &Client, address: String, notices: &Notices) {
    let schema = client.describe(&address, &Metadata::new()).await;
    let health = match &schema {
        Ok(_) => Health::Healthy,
        Err(status) if status.code == Code::UNAVAILABLE => Health::Down,
        // Many a server describes nothing and answers calls all the same.
        Err(_) => Health::Unknown,
    };
    let name = address.rsplit("//").next().unwrap_or(&address).to_owned();
    let instance = Instance {
        id: name.clone(),
        service: name.clone(),
        address: address.clone(),
        health,
        weight: 100,
        tags: Vec::new(),
        metadata: std::collections::BTreeMap::new(),
        lease: None,
    };
    let now = callscope_net::clock::now();
    notices
        .push(Notice::Discovered(now, Snapshot { source: address.clone(), service: name, instances: vec![instance] }));
    let lost = schema.as_ref().err().map(Say::say);
    notices.push(Notice::Source { address: address.clone(), lost });
    notices.push(Notice::Schema { target: address, schema: schema.map(Arc::new).map_err(|status| status.say()) });
}

/// One call from start to end. Dropped (the window closes, repeating stops): the call is cancelled on the wire.
async fn make_call(client: &Client, flow: FlowId, spec: CallSpec, mut acts: mpsc::Receiver<Act>, notices: &Notices) {
    let CallSpec { target, method, shape, metadata, deadline, policy, encoding, tls, messages, end } = spec;
    let options = CallOptions {
        flow,
        target,
        method,
        shape,
        metadata,
        deadline,
        policy,
        encoding,
        tls,
        ..CallOptions::default()
    };
    let _end_held = notices.hold_end(flow);
    let mut call = client.start(options);
    let mut sender = call.take_sender();
    // Resolves when somebody cancels. Sending may wait for a slow peer while answers go on arriving.
    let sending = async {
        for message in messages {
            send(sender.as_ref(), flow, message, notices).await;
        }
        if end {
            sender = None;
        }
        loop {
            match acts.recv().await {
                Some(Act::Message(message)) => send(sender.as_ref(), flow, message, notices).await,
                Some(Act::HalfClose) => sender = None,
                Some(Act::Cancel) => return,
                None => std::future::pending().await,
            }
        }
    };
    tokio::pin!(sending);
    let mut cancelled = false;
    loop {
        tokio::select! {
            // What was sent is told ahead of what came back for it, and ahead of the end.
            biased;
            () = &mut sending, if !cancelled => {
                // The end still comes, and what arrived before it.
                cancelled = true;
                call.cancel();
            }
            incoming = call.next() => match incoming {
                Some(Incoming::Message(bytes)) => notices.message(flow, message(false, bytes)),
                Some(Incoming::Headers(_)) => {}
                Some(Incoming::End(_)) | None => return,
            },
        }
    }
}

async fn send(sender: Option<&CallSender>, flow: FlowId, bytes: Bytes, notices: &Notices) {
    let Some(sender) = sender else { return };
    // A call that is over says so itself; what it did not take is not listed as sent.
    if sender.send(bytes.clone()).await.is_ok() {
        notices.message(flow, message(true, bytes));
    }
}

fn message(sent: bool, bytes: Bytes) -> Message {
    Message::new(callscope_net::clock::now(), sent, bytes)
}

/// Makes the same call again and again, at an even pace, until the sender of `over` is gone.
///
/// What is in flight then may still end by itself for [`LAST`]: the last outcome of a tab is the server's, not ours.
/// Dropping it cancels all of it at once.
async fn repeat(
    client: Client,
    tab: TabId,
    spec: CallSpec,
    rate: f64,
    flows: FlowIds,
    notices: Notices,
    mut over: oneshot::Receiver<()>,
) {
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
    // After a pause (a laptop that slept) it goes on at its pace and does not catch up.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut calls = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut over => break,
            _ = ticks.tick() => {}
        }
        while calls.try_join_next().is_some() {}
        if calls.len() >= IN_FLIGHT {
            continue;
        }
        let flow = flows.next();
        notices.push(Notice::Repeated { tab, flow });
        let (client, spec, notices) = (client.clone(), spec.clone(), notices.clone());
        calls.spawn(async move {
            let (_keep, acts) = mpsc::channel(1);
            make_call(&client, flow, spec, acts, &notices).await;
        });
    }
    let ended = async { while calls.join_next().await.is_some() {} };
    // Whoever does not end is cancelled on the wire as the set is dropped.
    tokio::time::timeout(LAST, ended).await.ok();
}
