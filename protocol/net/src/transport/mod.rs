//! What carries bytes, each a file, each a row in [`ALL`]. The only place that opens sockets.
//!
//! A transport makes a stream to an endpoint and says how long each step took; `Listener` takes
//! them in. Neither knows what is said on them.

use std::fmt;
use std::io;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::address::{Endpoint, TransportKind};
use crate::clock;
use crate::error::{ConnectError, Failure, Step};
use callscope_wire::Time;

mod memory;
mod rewind;
mod subject;
mod tcp;
mod tls;

pub(crate) use rewind::Rewind;
pub use tls::{ClientCa, ClientCertificates, Identity, ServerTls, TlsOptions, TlsSetupError};

/// Every transport, in the order in which pickers list them.
pub static ALL: &[&dyn Transport] = &[&tcp::Tcp, &tls::Tls, &memory::Memory];

/// One way to carry bytes.
pub trait Transport: Send + Sync + fmt::Debug {
    /// Which one.
    fn kind(&self) -> TransportKind;

    /// What stands behind the dialect's name in an address: `tls` of `native+tls://`; empty for TCP.
    fn suffix(&self) -> &'static str;

    /// A stream to the endpoint. Waits a bounded time for each step; dropping the future gives up.
    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        tls: &'a TlsOptions,
    ) -> BoxFuture<'a, Result<Connected, ConnectError>>;
}

/// A stream of bytes both ways.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A stream, whatever carries it.
pub type BoxStream = Box<dyn Stream>;

/// A stream that stands.
pub struct Connected {
    /// Reads and writes plaintext.
    pub stream: BoxStream,
    /// Our end, as text.
    pub local: String,
    /// The other end.
    pub peer: String,
    /// How long each step took.
    pub took: Vec<(Step, Duration)>,
}

/// The transport of this kind.
pub(crate) fn of(kind: TransportKind) -> Option<&'static dyn Transport> {
    ALL.iter().copied().find(|transport| transport.kind() == kind)
}

/// Takes connections in.
pub(crate) enum Listener {
    Tcp(tokio::net::TcpListener),
    Memory(memory::Listener),
}

/// A connection that came in.
pub(crate) struct Accepted {
    pub(crate) stream: BoxStream,
    pub(crate) local: String,
    pub(crate) peer: String,
    pub(crate) transport: TransportKind,
}

impl Listener {
    /// Listens on `HOST:PORT`, port 0 for a free one, or on `memory://NAME`.
    pub(crate) async fn bind(listen: &str) -> io::Result<Self> {
        match listen.strip_prefix("memory://") {
            Some(name) => memory::Listener::bind(name).map(Self::Memory),
            None => tokio::net::TcpListener::bind(listen).await.map(Self::Tcp),
        }
    }

    /// The next connection.
    pub(crate) async fn accept(&mut self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => tcp::accept(listener).await,
            Self::Memory(listener) => listener.accept().await,
        }
    }

    /// `127.0.0.1:7001`, or the name in memory.
    pub(crate) fn local(&self) -> io::Result<String> {
        match self {
            Self::Tcp(listener) => Ok(listener.local_addr()?.to_string()),
            Self::Memory(listener) => Ok(listener.name().to_owned()),
        }
    }

    pub(crate) const fn kind(&self) -> TransportKind {
        match self {
            Self::Tcp(_) => TransportKind::Tcp,
            Self::Memory(_) => TransportKind::Memory,
        }
    }
}

/// The steps of making one connection and their times.
struct Steps<'a> {
    endpoint: &'a Endpoint,
    since: Time,
    took: Vec<(Step, Duration)>,
}

impl<'a> Steps<'a> {
    fn start(endpoint: &'a Endpoint) -> Self {
        Self { endpoint, since: clock::now(), took: Vec::with_capacity(3) }
    }

    /// A step is over.
    fn done(&mut self, step: Step) {
        let now = clock::now();
        self.took.push((step, now - self.since));
        self.since = now;
    }

    /// It is over, and with it the whole attempt.
    fn failed(mut self, step: Step, failure: Failure) -> ConnectError {
        self.done(step);
        ConnectError { address: self.endpoint.to_string(), step, took: self.took, failure }
    }
}

/// What an error on a connection that stands, but has not come through its handshake, means.
pub(crate) fn explain(error: &io::Error) -> Failure {
    // With TLS 1.3 a server that refuses our certificate says so when we believe that we are done.
    tls::inside(error).map_or_else(|| failure(error), |found| tls::explain(found, ""))
}

/// What an I/O error of a connection in the making means.
fn failure(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Failure::Refused,
        io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => Failure::HungUp,
        _ => Failure::Network(error.to_string().into()),
    }
}
