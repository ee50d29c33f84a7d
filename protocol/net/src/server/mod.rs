//! The embedded server: one listener for every dialect, TLS or not, and handlers behind a router.
//!
//! ```text
//!  listener ──▶ greet (TLS? dialect?) ──▶ driver ◀──▶ engine
//!                                           │ requests
//!                                           ▼
//!                                        router ──▶ handler (Cx, Inbound, Outbound)
//! ```
//!
//! Every server also has [`introspection`]. Knows no policy and no registry; those are services like any other.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use callscope_wire::Limits;
use callscope_wire::engine::Input;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::address::TransportKind;
use crate::driver::Inbox;
use crate::tap::Tap;
use crate::transport::{Accepted, Listener};

mod call;
mod connection;
mod greet;
pub mod introspection;
mod refuse;
mod router;

pub use crate::transport::{ClientCa, ClientCertificates, ServerTls, TlsSetupError};
pub use call::{ConnectionInfo, Cx, Inbound, Outbound, decode};
pub use router::Router;

use router::Routes;

/// One-way calls that run at once, over all connections. Nothing tells their clients to slow down.
const MAX_ONE_WAY: usize = 1024;

/// Between two attempts to accept when the process has no descriptors left: from, to.
const ACCEPT_BACKOFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// Where to listen, and what to accept there.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// `HOST:PORT`, port 0 for a free one, or `memory://NAME`.
    pub listen: String,
    /// Accept TLS on the same port, too.
    pub tls: Option<ServerTls>,
    /// Where the bytes are recorded.
    pub tap: Tap,
    /// What is accepted from clients.
    pub limits: Limits,
    /// This server's instance id.
    pub instance: Option<String>,
    /// This server's name for itself.
    pub agent: String,
    /// Connections at once; more are closed as they come.
    pub max_connections: usize,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            tls: None,
            tap: Tap::none(),
            limits: Limits::default(),
            instance: None,
            agent: concat!("callscope/", env!("CARGO_PKG_VERSION")).to_owned(),
            max_connections: 1024,
        }
    }
}

/// A server that listens. Dropping it ends everything at once; [`Server::shutdown`] does it gently.
pub struct Server {
    local: String,
    kind: TransportKind,
    stop: oneshot::Sender<Duration>,
    task: AbortOnDropHandle<()>,
}

/// What all connections of a server share.
struct Shared {
    options: ServerOptions,
    routes: Routes,
    /// Set when the server shuts down.
    draining: CancellationToken,
    /// The way to every connection, to say that the server shuts down.
    inboxes: Mutex<HashMap<u64, Arc<Inbox>>>,
    one_way: Mutex<JoinSet<()>>,
}

impl Server {
    /// Listens, and serves from now on. Needs a tokio runtime around it.
    pub async fn bind(options: ServerOptions, mut router: Router) -> io::Result<Self> {
        let listener = Listener::bind(&options.listen).await?;
        let (local, kind) = (listener.local()?, listener.kind());
        introspection::add_to(&mut router);
        let shared = Arc::new(Shared {
            options,
            routes: router.finish(),
            draining: CancellationToken::new(),
            inboxes: Mutex::default(),
            one_way: Mutex::default(),
        });
        let (stop, stopped) = oneshot::channel();
        let task = AbortOnDropHandle::new(Handle::current().spawn(listen(listener, shared, stopped)));
        Ok(Self { local, kind, stop, task })
    }

    /// `127.0.0.1:7001`; in memory the name.
    pub fn local_addr(&self) -> &str {
        &self.local
    }

    /// Its address for native clients without TLS.
    pub fn address(&self) -> String {
        match self.kind {
            TransportKind::Memory => format!("native+memory://{}", self.local),
            TransportKind::Tcp | TransportKind::Tls => format!("native://{}", self.local),
        }
    }

    /// Takes no new connections and no new calls, waits at most `grace` for those that run, then ends them.
    /// Dropping the future ends them at once.
    pub async fn shutdown(self, grace: Duration) {
        let Self { stop, task, .. } = self;
        // Either fails only when the task is gone already.
        let _unsent = stop.send(grace);
        let _ended = task.await;
    }
}

async fn listen(mut listener: Listener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<Duration>) {
    let mut connections = JoinSet::new();
    let mut last = 0;
    let grace = loop {
        tokio::select! {
            grace = &mut stopped => break grace.unwrap_or_default(),
            Some(_) = connections.join_next() => {}
            accepted = accept(&mut listener) => {
                if connections.len() >= shared.options.max_connections {
                    tracing::warn!(peer = accepted.peer, "too many connections: one is closed");
                    continue;
                }
                last += 1;
                let door = Door { shared: Arc::clone(&shared), number: last };
                let inbox = door.open();
                let serving = connection::serve(Arc::clone(&shared), accepted, inbox);
                connections.spawn(async move {
                    serving.await;
                    drop(door);
                });
            }
        }
    };
    drop(listener);
    shared.draining.cancel();
    let inboxes: Vec<_> = shared.inboxes().values().cloned().collect();
    for inbox in inboxes {
        inbox.give(Input::Shutdown);
    }
    let mut one_way = std::mem::take(&mut *shared.one_way.lock().unwrap_or_else(PoisonError::into_inner));
    let draining = async {
        while connections.join_next().await.is_some() {}
        while one_way.join_next().await.is_some() {}
    };
    if timeout(grace, draining).await.is_err() {
        tracing::debug!(connections = connections.len(), "the time to drain is over");
    }
}

/// The next connection. Waits when there can be none now (no descriptors left) instead of asking again at once.
async fn accept(listener: &mut Listener) -> Accepted {
    let (mut delay, max_delay) = ACCEPT_BACKOFF;
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // Somebody was gone before we looked: no reason to wait.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                sleep(delay).await;
                delay = (delay * 2).min(max_delay);
            }
        }
    }
}

/// A connection's entry among the inboxes, as long as it lives.
struct Door {
    shared: Arc<Shared>,
    number: u64,
}

impl Door {
    fn open(&self) -> Arc<Inbox> {
        let inbox = Arc::new(Inbox::default());
        self.shared.inboxes().insert(self.number, Arc::clone(&inbox));
        inbox
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shared.inboxes().remove(&self.number);
    }
}

impl Shared {
    fn inboxes(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Arc<Inbox>>> {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
