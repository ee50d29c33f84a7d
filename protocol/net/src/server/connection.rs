//! One connection of a server: from its first byte over its calls to its end.
//!
//! A handler runs at once, in the connection's own task, and becomes a task only when it has to wait. It ends in
//! exactly one `Finish`, whatever happens to it: it returns, panics, runs out of time, or is dropped.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use callscope_wire::capture::ConnectionFacts;
use callscope_wire::engine::{Agreement, Input, Side};
use callscope_wire::{CallId, Code, Codec, Encoding, Status, Time};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::time::timeout_at;
use tokio_util::task::AbortOnDropHandle;

use super::call::{ConnectionInfo, Cx, Inbound, Outbound};
use super::greet::{Greeted, Stranger, greet};
use super::refuse::refuse;
use super::router::{Answer, Reply, Route, Types};
use super::{MAX_ONE_WAY, Shared};
use crate::address::TransportKind;
use crate::clock;
use crate::driver::{Attention, Driver, Ear, Inbox, Incoming, Request, Role, Slot};
use crate::transport::Accepted;

/// Serves a connection until it is closed. Dropping it closes the connection and drops the handlers of its calls.
pub(super) async fn serve(shared: Arc<Shared>, accepted: Accepted, inbox: Arc<Inbox>) {
    let (local, peer) = (accepted.local.clone(), accepted.peer.clone());
    let limits = &shared.options.limits;
    let greeted = greet(accepted, shared.options.tls.as_ref(), limits.max_message, &shared.draining).await;
    let Greeted { mut stream, transport, certificate, first, dialect } = match greeted {
        Ok(greeted) => greeted,
        Err(error) => {
            // Nothing was ever seen of it in plaintext.
            tracing::debug!(peer, %error, "TLS failed");
            return;
        }
    };
    let mut tap = shared.options.tap.open(ConnectionFacts {
        side: Side::Server,
        local: local.clone(),
        peer: peer.clone(),
        transport: transport.name(),
        dialect: dialect.as_ref().ok().map(|dialect| dialect.name()),
        instance: shared.options.instance.clone(),
    });
    let dialect = match dialect {
        Ok(dialect) => dialect,
        Err(stranger) => {
            let first = first.freeze();
            if !first.is_empty() {
                tap.received(&first);
            }
            let reason = match stranger {
                Stranger::Silent(reason) => reason,
                Stranger::Wrong(fault) => {
                    refuse(&mut stream, &mut tap, &first, &fault).await;
                    fault.to_string()
                }
            };
            tracing::debug!(connection = tap.id().0, peer, reason, "not served");
            tap.closed(reason);
            return;
        }
    };
    let info = ConnectionInfo {
        id: tap.id(),
        peer,
        local,
        transport: transport.name(),
        dialect: dialect.name(),
        certificate,
        instance: shared.options.instance.clone(),
        agent: shared.options.agent.clone(),
    };
    let mut engine = dialect.server(limits.clone(), transport == TransportKind::Tls, clock::now());
    if let Some(instance) = &shared.options.instance {
        engine.introduce(instance);
    }
    let stalled_timeout = limits.stalled_timeout;
    let role = Handlers {
        info: Arc::new(info),
        inbox: Arc::clone(&inbox),
        shared: Arc::clone(&shared),
        tasks: HashMap::new(),
        runtime: Handle::current(),
        max_message: limits.max_message,
    };
    let _closed = Driver::new(role, engine, stream, tap, inbox, stalled_timeout).run(first.freeze()).await;
}

/// The server's side of a driver.
struct Handlers {
    info: Arc<ConnectionInfo>,
    inbox: Arc<Inbox>,
    shared: Arc<Shared>,
    /// Those that did not end at once. The engine's stream limit bounds them.
    tasks: HashMap<CallId, AbortOnDropHandle<()>>,
    runtime: Handle,
    /// Bytes of one message, decompressed, as the handshake settled.
    max_message: usize,
}

impl Role for Handlers {
    fn ready(&mut self, agreement: Agreement) {
        self.max_message = agreement.max_message;
    }

    fn request(&mut self, now: Time, request: Request) -> Option<Arc<Slot>> {
        let Request { call, head, message, packed, end } = request;
        let one_way = head.one_way;
        let mut completion = Completion { call, inbox: Arc::clone(&self.inbox), begun: None, open: true };
        if head.timeout.is_some_and(|timeout| timeout.is_zero()) {
            completion.end(Err(Status::unprocessed(Code::DEADLINE_EXCEEDED, "its time was over when it arrived")));
            return None;
        }
        let route = match self.shared.routes.find(&head.method) {
            Ok(route) => route,
            Err(status) => {
                completion.end(Err(status));
                return None;
            }
        };
        let slot = Arc::new(Slot::new(call, self.shared.options.limits.max_queued, Attention::Steps));
        let message = message.map(if packed { Incoming::Packed } else { Incoming::Message });
        let came = [message, end.then_some(Incoming::HalfClosed)];
        slot.begin(came.into_iter().flatten().map(|incoming| (now, incoming)));
        let encoding = head.encoding;
        let cx = Cx::new(Arc::clone(&self.info), &route.method, head, now, &slot, &self.inbox);
        let deadline = cx.deadline;
        let received = Received { slot: &slot, inbox: &self.inbox, encoding, max_message: self.max_message };
        completion.begun = Some(Begun {
            slot: Arc::clone(&slot),
            types: Arc::clone(&route.types),
            codec: encoding.codec,
            // Whoever types `add [1, 2]` wants to read 3.
            bare: self.info.dialect == "plain",
        });
        let mut handler = handle(route, cx, received);
        if let Poll::Ready(ended) = poll_once(&mut handler) {
            completion.returned(ended);
            return Some(slot);
        }
        let work = wait_for(handler, deadline, completion);
        if one_way {
            self.shared.keep(work, &self.runtime);
            return None;
        }
        self.tasks.insert(call, AbortOnDropHandle::new(self.runtime.spawn(work)));
        Some(slot)
    }

    fn cancelled(&mut self, call: CallId) {
        // Dropping the future makes its `Finish`.
        if let Some(task) = self.tasks.get(&call) {
            task.abort();
        }
    }

    fn finished(&mut self, call: CallId) {
        self.tasks.remove(&call);
    }
}

impl Shared {
    /// One-way calls run on when their connection is gone: their client may have hung up right behind them.
    fn keep(&self, work: BoxFuture<'static, ()>, runtime: &Handle) {
        let mut one_way = self.one_way.lock().unwrap_or_else(PoisonError::into_inner);
        while one_way.try_join_next().is_some() {}
        if one_way.len() >= MAX_ONE_WAY {
            tracing::warn!("more than {MAX_ONE_WAY} one-way calls run: one is dropped");
            return;
        }
        one_way.spawn_on(work, runtime);
    }
}

/// A handler's future, and what it came to: an answer, or a panic.
type Handling = BoxFuture<'static, Answer>;
type Returned = std::thread::Result<Answer>;

/// Whether it has ended already, without a waker: its next poll is by the task that it becomes, which then is the one to be woken.
fn poll_once(handler: &mut Handling) -> Poll<Returned> {
    let mut cx = Context::from_waker(Waker::noop());
    // What a panic leaves half-done is the handler's own; nothing of ours is shared with it.
    match catch_unwind(AssertUnwindSafe(|| handler.poll_unpin(&mut cx))) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    }
}

/// Where a call's messages come from and go to, and what they are in.
struct Received<'a> {
    slot: &'a Arc<Slot>,
    inbox: &'a Arc<Inbox>,
    encoding: Encoding,
    max_message: usize,
}

/// A handler's future. Making it may panic, too, so it is made when it is polled first.
fn handle(route: &Route, cx: Cx, received: Received<'_>) -> Handling {
    let Received { slot, inbox, encoding, max_message } = received;
    let types = &route.types;
    let inbound = Inbound {
        slot: Arc::clone(slot),
        inbox: Arc::clone(inbox),
        ear: Ear::new(),
        types: Arc::clone(types),
        encoding,
        max_message,
        ended: false,
    };
    let outbound =
        Outbound { slot: Arc::clone(slot), inbox: Arc::clone(inbox), types: Arc::clone(types), codec: encoding.codec };
    let handler = Arc::clone(&route.handler);
    async move { handler(cx, inbound, outbound).await }.boxed()
}

/// A handler that has to wait, with everything around it: its deadline, its panics, its end.
fn wait_for(handler: Handling, deadline: Option<Time>, completion: Completion) -> BoxFuture<'static, ()> {
    async move {
        let work = AssertUnwindSafe(handler).catch_unwind();
        let ended = match deadline {
            Some(deadline) => timeout_at(clock::instant(deadline), work).await.ok(),
            None => Some(work.await),
        };
        match ended {
            Some(returned) => completion.returned(returned),
            None => completion.end(Err(Status::new(Code::DEADLINE_EXCEEDED, "the handler did not end in time"))),
        }
    }
    .boxed()
}

fn bare_reply(types: &Types, reply: Reply) -> Reply {
    match reply {
        Reply::Value(value) => Reply::Value(types.bare(value)),
        Reply::Bytes(bytes) => Reply::Bytes(bytes),
    }
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words")
}

/// The end of a call, exactly once: dropped before, it says so.
struct Completion {
    call: CallId,
    inbox: Arc<Inbox>,
    /// Once a handler has it.
    begun: Option<Begun>,
    /// Not said yet.
    open: bool,
}

/// What a call's end needs of its beginning.
struct Begun {
    slot: Arc<Slot>,
    types: Arc<Types>,
    codec: Codec,
    /// The answer goes as people write it by hand.
    bare: bool,
}

impl Begun {
    fn encode(&self, reply: Reply) -> Bytes {
        match reply {
            Reply::Value(value) => self.types.encode(self.codec, &value),
            Reply::Bytes(bytes) => bytes,
        }
    }
}

impl Completion {
    /// The handler has returned, or panicked.
    fn returned(self, returned: Returned) {
        let answer = match (returned, &self.begun) {
            (Ok(answer), Some(begun)) if begun.bare => {
                answer.map(|reply| reply.map(|reply| bare_reply(&begun.types, reply)))
            }
            (Ok(answer), _) => answer,
            (Err(panic), _) => Err(Status::new(Code::INTERNAL, format!("the handler panicked: {}", words(&*panic)))),
        };
        self.end(answer);
    }

    fn end(mut self, answer: Answer) {
        self.finish(answer);
    }

    fn finish(&mut self, answer: Answer) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        let call = self.call;
        let (reply, mut status) = match answer {
            Ok(reply) => (reply, Status::ok()),
            Err(status) => (None, status),
        };
        let Some(begun) = &self.begun else {
            self.inbox.give(Input::Finish { call, status: Box::new(status) });
            return;
        };
        let trailers = begun.slot.take_trailers();
        if !trailers.is_empty() {
            status.trailers = trailers;
        }
        // Together, so that a unary answer can be one frame.
        let message = reply.map(|reply| Input::Message { call, message: begun.encode(reply), end: false });
        let listing = begun.slot.give(message.into_iter().chain([Input::Finish { call, status: Box::new(status) }]));
        self.inbox.list(&begun.slot, listing);
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        self.finish(Err(Status::new(Code::CANCELLED, "the handler was dropped")));
    }
}
