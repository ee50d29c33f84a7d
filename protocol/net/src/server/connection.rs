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
use crate::driver::{Attention, Driver, Ear, Inbox, Incoming, Reception, Request, Role, Slot};
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

    fn request(&mut self, now: Time, request: Request) -> Reception {
        let Request { call, head, message, packed, end } = request;
        let never_begun = |status| Reception::Over { slot: None, message: None, status: Box::new(status) };
        let one_way = head.one_way;
        if head.timeout.is_some_and(|timeout| timeout.is_zero()) {
            return never_begun(Status::unprocessed(Code::DEADLINE_EXCEEDED, "its time was over when it arrived"));
        }
        let route = match self.shared.routes.find(&head.method) {
            Ok(route) => route,
            Err(status) => return never_begun(status),
        };
        let slot = Arc::new(Slot::new(call, self.shared.options.limits.max_queued, Attention::Steps));
        let message = message.map(if packed { Incoming::Packed } else { Incoming::Message });
        let came = [message, end.then_some(Incoming::HalfClosed)];
        slot.begin(came.into_iter().flatten().map(|incoming| (now, incoming)));
        let encoding = head.encoding;
        let cx = Cx::new(Arc::clone(&self.info), &route.method, head, now, &slot, &self.inbox);
        let deadline = cx.deadline;
        let received = Received { slot: &slot, inbox: &self.inbox, encoding, max_message: self.max_message };
        let begun = Begun {
            slot: Arc::clone(&slot),
            types: Arc::clone(&route.types),
            codec: encoding.codec,
            // Whoever types `add [1, 2]` wants to read 3.
            bare: self.info.dialect == "plain",
        };
        let handler = match start(route, cx, received) {
            Ok(handler) => handler,
            Err(returned) => {
                let (message, status) = begun.end(returned);
                return Reception::Over { slot: Some(slot), message, status };
            }
        };
        let completion = Completion { begun, inbox: Arc::clone(&self.inbox), open: true };
        let work = wait_for(handler, deadline, completion);
        if one_way {
            self.shared.keep(work, &self.runtime);
            return Reception::Alone;
        }
        self.tasks.insert(call, AbortOnDropHandle::new(self.runtime.spawn(work)));
        Reception::Goes(slot)
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

/// Makes a handler's future and polls it once, without a waker: its next poll is by the task that it becomes, which then is the
/// one to be woken. Most need no second one, and then nothing was wrapped around them. `Err`: it has returned already.
fn start(route: &Route, cx: Cx, received: Received<'_>) -> Result<Handling, Returned> {
    // What a panic leaves half-done is the handler's own; nothing of ours is shared with it.
    let started = catch_unwind(AssertUnwindSafe(|| {
        let mut handler = handle(route, cx, received);
        match handler.poll_unpin(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => Err(answer),
            Poll::Pending => Ok(handler),
        }
    }));
    match started {
        Ok(Ok(handler)) => Ok(handler),
        Ok(Err(answer)) => Err(Ok(answer)),
        Err(panic) => Err(Err(panic)),
    }
}

/// Where a call's messages come from and go to, and what they are in.
struct Received<'a> {
    slot: &'a Arc<Slot>,
    inbox: &'a Arc<Inbox>,
    encoding: Encoding,
    max_message: usize,
}

/// A handler's future.
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
    (route.handler)(cx, inbound, outbound)
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
            Some(returned) => completion.end(returned),
            None => completion.end(Ok(Err(Status::new(Code::DEADLINE_EXCEEDED, "the handler did not end in time")))),
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

/// What a call's end needs of its beginning.
struct Begun {
    slot: Arc<Slot>,
    types: Arc<Types>,
    codec: Codec,
    /// The answer goes as people write it by hand.
    bare: bool,
}

impl Begun {
    /// What is sent last: a message, if there is one, and a status with its trailers.
    fn end(&self, returned: Returned) -> (Option<Bytes>, Box<Status>) {
        let answer = match returned {
            Ok(answer) if self.bare => answer.map(|reply| reply.map(|reply| bare_reply(&self.types, reply))),
            Ok(answer) => answer,
            Err(panic) => Err(Status::new(Code::INTERNAL, format!("the handler panicked: {}", words(&*panic)))),
        };
        let (reply, mut status) = match answer {
            Ok(reply) => (reply, Status::ok()),
            Err(status) => (None, status),
        };
        let trailers = self.slot.take_trailers();
        if !trailers.is_empty() {
            status.trailers = trailers;
        }
        (reply.map(|reply| self.encode(reply)), Box::new(status))
    }

    fn encode(&self, reply: Reply) -> Bytes {
        match reply {
            Reply::Value(value) => self.types.encode(self.codec, &value),
            Reply::Bytes(bytes) => bytes,
        }
    }
}

/// The end of a call whose handler had to wait, exactly once: dropped before, it says so.
struct Completion {
    begun: Begun,
    inbox: Arc<Inbox>,
    /// Not said yet.
    open: bool,
}

impl Completion {
    fn end(mut self, returned: Returned) {
        self.finish(returned);
    }

    fn finish(&mut self, returned: Returned) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        let (message, status) = self.begun.end(returned);
        let slot = &self.begun.slot;
        let call = slot.call();
        // Together, so that a unary answer can be one frame.
        let message = message.map(|message| Input::Message { call, message, end: false });
        let listing = slot.give(message.into_iter().chain([Input::Finish { call, status }]));
        self.inbox.list(slot, listing);
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        self.finish(Ok(Err(Status::new(Code::CANCELLED, "the handler was dropped"))));
    }
}
