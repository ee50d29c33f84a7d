//! One multiplexed connection to one endpoint, and the calls on it.
//!
//! Knows no policy: no pool, no retry, no deadline but those of connecting. A [`Channel`] is what the client above
//! keeps in its pool; an [`Exchange`] is one attempt.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use callscope_wire::capture::ConnectionFacts;
use callscope_wire::compression::UnpackError;
use callscope_wire::engine::{Agreement, CancelReason, Closed, Input, Side};
use callscope_wire::say::Sentence;
use callscope_wire::{
    CallHead, CallId, Code, Compression, ConnectionId, Encoding, Limits, Metadata, Status, Time, dialect, say,
};
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::address::{Endpoint, TransportKind};
use crate::clock;
use crate::driver::{Attention, Driver, Ear, Inbox, Incoming, Open, Refused, Role, Slot, Traces};
use crate::error::{ConnectError, Failure, SendError, Step};
use crate::tap::Tap;
use crate::transport::{self, Connected};

pub use crate::transport::{Identity, TlsOptions};

/// How to connect, and what to accept there.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// What we accept from the server.
    pub limits: Limits,
    /// Where the bytes are recorded.
    pub tap: Tap,
    /// Trust and identity, for endpoints with TLS.
    pub tls: TlsOptions,
    /// Instance id at the other end, for the recording.
    pub instance: Option<String>,
}

/// What making a connection took, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectReport {
    /// Its number, as in the recording.
    pub connection: ConnectionId,
    /// Name resolution; `None` where there is none.
    pub resolve: Option<Duration>,
    /// Transport connection.
    pub connect: Duration,
    /// TLS handshake.
    pub tls: Option<Duration>,
    /// The dialect's handshake.
    pub handshake: Duration,
    /// Our end.
    pub local: String,
    /// The other end.
    pub peer: String,
    /// What the handshake settled.
    pub agreement: Agreement,
}

/// A connection that stands. Clones are the same connection.
///
/// Dropping the last clone and the last [`Exchange`] closes it at once, without a goodbye; [`Channel::shutdown`] says one.
#[derive(Clone)]
pub struct Channel(Arc<Connection>);

struct Connection {
    shared: Arc<Shared>,
    id: ConnectionId,
    max_queued: usize,
    agreement: Agreement,
    next_call: AtomicU64,
    closed: watch::Receiver<Option<Closed>>,
    /// Ends the driver when the last handle is gone.
    _driver: AbortOnDropHandle<Closed>,
}

/// What the driver's side of a channel and its handles share.
struct Shared {
    inbox: Arc<Inbox>,
    in_flight: AtomicUsize,
    max_streams: AtomicU32,
    takes_calls: AtomicBool,
}

/// One call on one connection. Dropped before its end it is cancelled, on the wire too.
pub struct Exchange {
    slot: Arc<Slot>,
    ear: Ear,
    channel: Channel,
    compression: Compression,
    ended: Option<(Time, Status)>,
    half_closed: bool,
}

/// What a call with one message each way came back with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Response metadata ahead of the message.
    pub headers: Metadata,
    /// The message.
    pub message: Bytes,
    /// Metadata that came with the status.
    pub trailers: Metadata,
}

/// What happens to a call on its connection, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum ExchangeEvent {
    /// Its frames carry this number.
    Opened {
        /// The number.
        stream: u64,
    },
    /// The request is written and flushed, as far as the peer's windows let it.
    Written,
    /// Response metadata ahead of the messages.
    Headers(Metadata),
    /// One message.
    Message(Bytes),
    /// It is over. The last event; asked again, `next` says it again.
    End(Status),
}

/// What [`Exchange::advance`] does at the same time.
#[derive(Debug, Default)]
pub struct Both {
    /// Send this message.
    pub message: Option<Bytes>,
    /// Nothing follows it.
    pub end: bool,
    /// Take what comes in.
    pub listen: bool,
}

impl Channel {
    /// Connects and waits for the handshake, each step for a bounded time. Dropping the future gives up and closes.
    pub async fn connect(endpoint: &Endpoint, options: &ConnectOptions) -> Result<(Self, ConnectReport), ConnectError> {
        let not_supported = |step| ConnectError {
            address: endpoint.to_string(),
            step,
            took: Vec::new(),
            failure: Failure::Network(say!("connect.not_built_in", "this build does not have it").into()),
        };
        let transport = transport::of(endpoint.transport).ok_or_else(|| not_supported(Step::Connect))?;
        let dialect = dialect::by_name(endpoint.dialect).ok_or_else(|| not_supported(Step::Handshake))?;

        let Connected { stream, local, peer, mut took } = transport.connect(endpoint, &options.tls).await?;
        let started = clock::now();
        let tap = options.tap.open(ConnectionFacts {
            side: Side::Client,
            local: local.clone(),
            peer: peer.clone(),
            transport: endpoint.transport.name(),
            dialect: Some(endpoint.dialect),
            instance: options.instance.clone(),
        });
        let id = tap.id();
        let engine = dialect.client(options.limits.clone(), endpoint.transport == TransportKind::Tls, started);
        let shared = Arc::new(Shared {
            inbox: Arc::default(),
            in_flight: AtomicUsize::new(0),
            max_streams: AtomicU32::new(u32::MAX),
            takes_calls: AtomicBool::new(false),
        });
        let (ready, is_ready) = oneshot::channel();
        let (close, closed) = watch::channel(None);
        let role = Client { shared: Arc::clone(&shared), handshake: Some(ready), closed: close };
        let inbox = Arc::clone(&shared.inbox);
        let driver = Driver::new(role, engine, stream, tap, inbox, options.limits.stalled_timeout);
        let driver = AbortOnDropHandle::new(Handle::current().spawn(driver.run(Bytes::new())));

        // The engine has a timeout of its own and says goodbye then; this is for one that does not.
        let patience = options.limits.handshake_timeout + Duration::from_secs(1);
        let failure = match timeout(patience, is_ready).await {
            Ok(Ok(Ok(agreement))) => {
                let lap = |wanted| took.iter().find(|(step, _)| *step == wanted).map(|(_, took)| *took);
                let report = ConnectReport {
                    connection: id,
                    resolve: lap(Step::Resolve),
                    connect: lap(Step::Connect).unwrap_or_default(),
                    tls: lap(Step::Tls),
                    handshake: clock::now() - started,
                    local,
                    peer,
                    agreement,
                };
                let connection = Connection {
                    shared,
                    id,
                    max_queued: options.limits.max_queued,
                    agreement: report.agreement.clone(),
                    next_call: AtomicU64::new(1),
                    closed,
                    _driver: driver,
                };
                return Ok((Self(Arc::new(connection)), report));
            }
            Ok(Ok(Err(gone))) => explain(endpoint, gone),
            Ok(Err(_)) => Failure::HungUp,
            Err(_) => Failure::TimedOut { after: patience },
        };
        took.push((Step::Handshake, clock::now() - started));
        Err(ConnectError { address: endpoint.to_string(), step: Step::Handshake, took, failure })
    }

    /// Opens a call: `message` is its first one if there is one, `end` says that nothing follows it. Never waits; on a
    /// connection that is closed or overrun the exchange is over at once, as not processed.
    pub fn open(&self, head: CallHead, message: Option<Bytes>, end: bool) -> Exchange {
        self.open_with(Attention::Steps, head, message, end)
    }

    /// A call with one message there and one back. The cheapest way to make one: its caller is woken once. Dropping the
    /// future cancels the call, on the wire too.
    pub async fn unary(&self, head: CallHead, message: Bytes) -> Result<Answer, Status> {
        let mut exchange = self.open_with(Attention::End, head, Some(message), true);
        let mut answer = Answer::default();
        let mut found = None;
        loop {
            match exchange.next().await.1 {
                ExchangeEvent::Headers(metadata) => answer.headers = metadata,
                ExchangeEvent::Message(message) => found = Some(message),
                ExchangeEvent::End(status) if status.code.is_ok() => {
                    answer.trailers = status.trailers;
                    break;
                }
                ExchangeEvent::End(status) => return Err(status),
                ExchangeEvent::Opened { .. } | ExchangeEvent::Written => {}
            }
        }
        answer.message = found.ok_or_else(|| {
            Status::new(Code::INTERNAL, say!("calling.no_answer", "the server ended the call without an answer"))
        })?;
        Ok(answer)
    }

    fn open_with(&self, attention: Attention, head: CallHead, message: Option<Bytes>, end: bool) -> Exchange {
        let connection = &*self.0;
        let compression = head.encoding.compression;
        let call = CallId(connection.next_call.fetch_add(1, Ordering::Relaxed));
        let slot = Arc::new(Slot::new(call, connection.max_queued, attention));
        connection.shared.in_flight.fetch_add(1, Ordering::Relaxed);
        if let Err(refused) =
            connection.shared.inbox.open(Open { slot: Arc::clone(&slot), head: Box::new(head), message, end })
        {
            connection.shared.in_flight.fetch_sub(1, Ordering::Relaxed);
            let status = match refused {
                Refused::Closed => {
                    Status::unprocessed(Code::UNAVAILABLE, say!("calling.closed", "the connection is closed"))
                }
                Refused::Full => Status::unprocessed(
                    Code::OVERLOADED,
                    say!("calling.too_many", "too many calls wait on this connection"),
                ),
            };
            slot.end(clock::now(), status);
        }
        Exchange { slot, ear: Ear::new(), channel: self.clone(), compression, ended: None, half_closed: end }
    }

    /// Why calls cannot be in this encoding here, if they cannot.
    pub fn refuses(&self, encoding: Encoding) -> Option<Sentence> {
        let Agreement { codecs, compressions, .. } = &self.0.agreement;
        let (wanted, known): (_, Vec<&str>) = if !codecs.contains(&encoding.codec) {
            (encoding.codec.name(), codecs.iter().map(|codec| codec.name()).collect())
        } else if !compressions.contains(&encoding.compression) {
            (encoding.compression.name(), compressions.iter().map(|compression| compression.name()).collect())
        } else {
            return None;
        };
        let known = known.join(", ");
        Some(say!(
            "encoding.refused",
            "the server does not speak %{wanted}; the two of you share %{known}",
            wanted = wanted,
            known = known
        ))
    }

    /// Whether it takes one more call now.
    pub fn is_usable(&self) -> bool {
        let shared = &self.0.shared;
        shared.takes_calls.load(Ordering::Relaxed)
            && self.in_flight() < shared.max_streams.load(Ordering::Relaxed) as usize
    }

    /// Calls that run.
    pub fn in_flight(&self) -> usize {
        self.0.shared.in_flight.load(Ordering::Relaxed)
    }

    /// Says goodbye: no new calls, those that run may end. Then it closes.
    pub fn shutdown(&self) {
        self.0.shared.takes_calls.store(false, Ordering::Relaxed);
        self.0.shared.inbox.give(Input::Shutdown);
    }

    /// Makes sure that the peer is still there, where the dialect can: one that does not answer in time loses the connection.
    pub fn ping(&self) {
        self.0.shared.inbox.give(Input::Ping);
    }

    /// Its number, as in the recording.
    pub fn connection(&self) -> ConnectionId {
        self.0.id
    }

    /// Waits until it is closed, and says why.
    pub async fn closed(&self) -> Closed {
        let mut closed = self.0.closed.clone();
        // The sender is gone without a word only when the runtime is.
        closed.wait_for(Option::is_some).await.ok().and_then(|closed| closed.clone()).unwrap_or(Closed::Clean)
    }
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").field("connection", &self.0.id.0).field("in_flight", &self.in_flight()).finish()
    }
}

impl Exchange {
    /// Sends one more message; `end`: nothing follows. Waits while the peer or the network is slower than we are.
    /// Dropping the future sends nothing.
    pub async fn send(&mut self, message: Bytes, end: bool) -> Result<(), SendError> {
        if self.half_closed {
            return Err(SendError);
        }
        let mut message = Some(message);
        let listing = poll_fn(|cx| self.slot.poll_send(cx, &mut message, end)).await?;
        self.half_closed = end;
        self.inbox().list(&self.slot, listing);
        Ok(())
    }

    /// Nothing more will be sent.
    pub fn half_close(&mut self) {
        if !self.half_closed {
            self.half_closed = true;
            self.give(Input::HalfClose { call: self.slot.call() });
        }
    }

    /// Gives the call up; the peer is told why.
    pub fn cancel(mut self, reason: CancelReason) {
        self.give_up(reason);
    }

    /// Sends and listens at the same time, as `both` says, since a peer may have to be heard before it listens.
    /// `None`: the message was sent, and is gone from `both`. Dropping the future loses nothing.
    pub async fn advance(&mut self, both: &mut Both) -> Option<(Time, ExchangeEvent)> {
        poll_fn(|cx| {
            if both.listen
                && let Poll::Ready(event) = self.poll_event(cx)
            {
                return Poll::Ready(Some(event));
            }
            if both.message.is_none() || self.half_closed {
                return Poll::Pending;
            }
            match self.slot.poll_send(cx, &mut both.message, both.end) {
                Poll::Ready(Ok(listing)) => {
                    self.half_closed = both.end;
                    self.inbox().list(&self.slot, listing);
                    Poll::Ready(None)
                }
                // It is over: the end is what is heard next.
                Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// The next thing that happens, and when it happened. Taking a message gives its credit back.
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> (Time, ExchangeEvent) {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    fn poll_event(&mut self, cx: &Context<'_>) -> Poll<(Time, ExchangeEvent)> {
        if let Some((at, status)) = &self.ended {
            return Poll::Ready((*at, ExchangeEvent::End(status.clone())));
        }
        loop {
            let (at, incoming) = ready!(self.ear.poll_next(cx, &self.slot, &self.channel.0.shared.inbox));
            let event = match incoming {
                Incoming::Opened(stream) => ExchangeEvent::Opened { stream },
                Incoming::Written => ExchangeEvent::Written,
                Incoming::Headers(metadata) => ExchangeEvent::Headers(metadata),
                Incoming::Message(message) => ExchangeEvent::Message(message),
                Incoming::Packed(packed) => {
                    match self.compression.unpack(&packed, self.channel.0.agreement.max_message) {
                        Ok(message) => ExchangeEvent::Message(message),
                        Err(error) => {
                            let status = unpack_status(self.compression, &error, Code::INTERNAL);
                            self.give_up(CancelReason::User);
                            self.ended = Some((at, status.clone()));
                            ExchangeEvent::End(status)
                        }
                    }
                }
                Incoming::End(status) => {
                    self.ended = Some((at, (*status).clone()));
                    ExchangeEvent::End(*status)
                }
                // Only servers see the other side half-close.
                Incoming::HalfClosed => continue,
            };
            return Poll::Ready((at, event));
        }
    }

    fn give(&self, input: Input) {
        let listing = self.slot.give([input]);
        self.inbox().list(&self.slot, listing);
    }

    fn inbox(&self) -> &Inbox {
        &self.channel.0.shared.inbox
    }

    fn give_up(&mut self, reason: CancelReason) {
        if self.ended.is_none() {
            self.ended =
                Some((clock::now(), Status::new(Code::CANCELLED, say!("calling.given_up", "given up by this side"))));
            let call = self.slot.call();
            self.ear.abandon(&self.slot, &self.channel.0.shared.inbox);
            self.give(Input::Cancel { call, reason });
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.give_up(CancelReason::User);
    }
}

/// How a call ends whose message cannot be decompressed. `broken`: the code of one that was not made as it should be.
pub(crate) fn unpack_status(compression: Compression, error: &UnpackError, broken: Code) -> Status {
    let code = if matches!(error, UnpackError::TooLong { .. }) { Code::RESOURCE_EXHAUSTED } else { broken };
    let (name, error) = (compression.name(), error.to_string());
    let what =
        say!("encoding.unpack", "a message cannot be decompressed (%{name}): %{error}", name = name, error = error);
    Status::new(code, what)
}

/// The end of a connection before its handshake was done, and the first bytes that the peer sent.
struct Gone {
    closed: Closed,
    first: Vec<u8>,
    /// What the transport said, if it failed.
    failure: Option<Failure>,
}

/// The client's side of a driver.
struct Client {
    shared: Arc<Shared>,
    handshake: Option<oneshot::Sender<Result<Agreement, Gone>>>,
    closed: watch::Sender<Option<Closed>>,
}

impl Role for Client {
    fn ready(&mut self, agreement: Agreement) {
        if agreement.max_streams > 0 {
            self.shared.max_streams.store(agreement.max_streams, Ordering::Relaxed);
        }
        self.shared.takes_calls.store(true, Ordering::Relaxed);
        if let Some(handshake) = self.handshake.take() {
            // Nobody waits: connecting was given up, and this task is about to be aborted.
            let _unsent = handshake.send(Ok(agreement));
        }
    }

    fn ended(&mut self) {
        self.shared.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    fn capacity(&mut self, takes_calls: bool) {
        if self.handshake.is_none() {
            self.shared.takes_calls.store(takes_calls, Ordering::Relaxed);
        }
    }

    fn closed(&mut self, closed: &Closed, traces: Traces<'_>) {
        if let Some(handshake) = self.handshake.take() {
            let Traces { first, error } = traces;
            let (closed, first, failure) = (closed.clone(), first.to_vec(), error.map(transport::explain));
            let _unsent = handshake.send(Err(Gone { closed, first, failure }));
        }
        self.closed.send_replace(Some(closed.clone()));
    }
}

/// Why a handshake failed, as far as its first bytes show.
fn explain(endpoint: &Endpoint, Gone { closed, first, failure }: Gone) -> Failure {
    if matches!(first.as_slice(), [0x15 | 0x16, 3, ..]) && endpoint.transport != TransportKind::Tls {
        return Failure::ServerIsTls(endpoint.dialect);
    }
    let wrong_from_the_start = matches!(&closed, Closed::Fault(fault) if fault.offset == 0 && !first.is_empty());
    if wrong_from_the_start || first.starts_with(b"HTTP") || first.starts_with(b"SSH-") {
        return Failure::OtherProtocol { dialect: endpoint.dialect, first };
    }
    match (failure, closed) {
        (Some(failure), _) => failure,
        (None, Closed::Fault(fault)) if !first.is_empty() || fault.code == Code::HANDSHAKE_TIMEOUT => {
            Failure::Fault(fault)
        }
        (None, _) => Failure::HungUp,
    }
}
