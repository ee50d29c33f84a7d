//! A pipe inside this process, under a name in a process-wide table: for tests, and worlds without sockets.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc;

use super::{Accepted, Connected, Steps, TlsOptions, Transport};
use crate::address::{Endpoint, TransportKind};
use crate::error::{ConnectError, Failure, Step};

/// Bytes on their way in one direction, about a socket's buffer.
const PIPE: usize = 64 << 10;

/// Connections not accepted yet. When full, connecting waits.
const BACKLOG: usize = 64;

#[derive(Debug)]
pub(super) struct Memory;

/// The other end of a pipe, and the name of who opened it.
type Knock = (DuplexStream, String);

static LISTENERS: Mutex<BTreeMap<String, mpsc::Sender<Knock>>> = Mutex::new(BTreeMap::new());

fn listeners() -> MutexGuard<'static, BTreeMap<String, mpsc::Sender<Knock>>> {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Transport for Memory {
    fn kind(&self) -> TransportKind {
        TransportKind::Memory
    }

    fn suffix(&self) -> &'static str {
        "memory"
    }

    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        _: &'a TlsOptions,
    ) -> BoxFuture<'a, Result<Connected, ConnectError>> {
        async move {
            static LAST: AtomicU64 = AtomicU64::new(0);
            let mut steps = Steps::start(endpoint);
            let Some(listener) = listeners().get(&endpoint.host).cloned() else {
                return Err(steps.failed(Step::Connect, Failure::Refused));
            };
            let local = format!("memory:{}", LAST.fetch_add(1, Ordering::Relaxed) + 1);
            let (ours, theirs) = duplex(PIPE);
            if listener.send((theirs, local.clone())).await.is_err() {
                return Err(steps.failed(Step::Connect, Failure::Refused));
            }
            steps.done(Step::Connect);
            let peer = format!("memory:{}", endpoint.host);
            Ok(Connected { stream: Box::new(ours), local, peer, took: steps.took })
        }
        .boxed()
    }
}

/// A name in the table. Dropping it frees the name and refuses whoever waits.
pub(crate) struct Listener {
    name: String,
    knocks: mpsc::Receiver<Knock>,
}

impl Listener {
    pub(super) fn bind(name: &str) -> io::Result<Self> {
        let mut listeners = listeners();
        if listeners.contains_key(name) {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, format!("memory://{name} is taken")));
        }
        let (sender, knocks) = mpsc::channel(BACKLOG);
        listeners.insert(name.to_owned(), sender);
        Ok(Self { name: name.to_owned(), knocks })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) async fn accept(&mut self) -> io::Result<Accepted> {
        let (stream, peer) = self.knocks.recv().await.ok_or(io::ErrorKind::NotConnected)?;
        let local = format!("memory:{}", self.name);
        Ok(Accepted { stream: Box::new(stream), local, peer, transport: TransportKind::Memory })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        listeners().remove(&self.name);
    }
}
