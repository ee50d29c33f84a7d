//! TCP, without Nagle's delay: a frame that is written is meant to go.

use std::io;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{Accepted, Connected, Steps, TlsOptions, Transport, failure};
use crate::address::{Endpoint, TransportKind};
use crate::error::{ConnectError, Failure, Step};

/// For a name, and for each of its addresses. A host that is up answers within milliseconds; the kernel alone would
/// try for two minutes.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Tcp;

impl Transport for Tcp {
    fn kind(&self) -> TransportKind {
        TransportKind::Tcp
    }

    fn suffix(&self) -> &'static str {
        ""
    }

    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        _: &'a TlsOptions,
    ) -> BoxFuture<'a, Result<Connected, ConnectError>> {
        async move {
            let (stream, steps) = dial(Steps::start(endpoint)).await?;
            let (local, peer) = ends(&stream);
            Ok(Connected { stream: Box::new(stream), local, peer, took: steps.took })
        }
        .boxed()
    }
}

/// Resolves the name and tries its addresses in order.
pub(super) async fn dial(mut steps: Steps<'_>) -> Result<(TcpStream, Steps<'_>), ConnectError> {
    let Endpoint { host, port, .. } = steps.endpoint;
    let addresses: Vec<_> = match timeout(STEP_TIMEOUT, tokio::net::lookup_host((host.as_str(), *port))).await {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(_)) => Vec::new(),
        Err(_) => return Err(steps.failed(Step::Resolve, Failure::TimedOut { after: STEP_TIMEOUT })),
    };
    if addresses.is_empty() {
        let host = host.clone();
        return Err(steps.failed(Step::Resolve, Failure::NameNotFound { host }));
    }
    steps.done(Step::Resolve);
    let mut why = Failure::Refused;
    for address in addresses {
        match timeout(STEP_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                no_delay(&stream);
                steps.done(Step::Connect);
                return Ok((stream, steps));
            }
            Ok(Err(error)) => why = failure(&error),
            Err(_) => why = Failure::TimedOut { after: STEP_TIMEOUT },
        }
    }
    Err(steps.failed(Step::Connect, why))
}

pub(super) async fn accept(listener: &TcpListener) -> io::Result<Accepted> {
    let (stream, peer) = listener.accept().await?;
    no_delay(&stream);
    let local = stream.local_addr().map(|address| address.to_string()).unwrap_or_default();
    Ok(Accepted { stream: Box::new(stream), local, peer: peer.to_string(), transport: TransportKind::Tcp })
}

/// Both ends as text; a socket that was reset meanwhile has none, and says so when it is read.
pub(super) fn ends(stream: &TcpStream) -> (String, String) {
    let text = |address: io::Result<std::net::SocketAddr>| address.map(|at| at.to_string()).unwrap_or_default();
    (text(stream.local_addr()), text(stream.peer_addr()))
}

fn no_delay(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY not set: answers may be delayed");
    }
}
