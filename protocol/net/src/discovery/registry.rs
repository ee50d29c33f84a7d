//! A Callscope registry as a source: one `Watch` over the native protocol.

use callscope_wire::{Instance, Say};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Feed, Source, SourceError, SourceKind, Update};
use crate::address::HostPort;
use crate::client::channel::ConnectOptions;
use crate::registry::{Remote, RemoteError, Watch, WatchEvent};

/// Its row in the table.
pub const KIND: SourceKind = SourceKind {
    name: "registry",
    form: "registry://[HOST:PORT]/service[@instance]",
    docs: "instances with leases, pushed by a Callscope registry",
};

/// Services of a registry.
#[derive(Clone, Debug)]
pub struct FromRegistry {
    at: HostPort,
    service: Option<String>,
    connect: ConnectOptions,
}

impl FromRegistry {
    /// One service.
    pub const fn service(at: HostPort, service: String, connect: ConnectOptions) -> Self {
        Self { at, service: Some(service), connect }
    }

    /// Everything it lists, with every renewal of a lease, for who draws them.
    pub const fn all(at: HostPort, connect: ConnectOptions) -> Self {
        Self { at, service: None, connect }
    }
}

impl Source for FromRegistry {
    fn label(&self) -> String {
        format!("registry://{}", self.at)
    }

    fn subscribe(&self) -> BoxFuture<'_, Result<Box<dyn Feed>, SourceError>> {
        async {
            let remote = Remote::connect(&self.at, &self.connect).await.map_err(away)?;
            let watch = remote.watch(self.service.as_deref(), self.service.is_none()).map_err(away)?;
            let feed: Box<dyn Feed> = Box::new(Watched(watch));
            Ok(feed)
        }
        .boxed()
    }
}

struct Watched(Watch);

impl Feed for Watched {
    fn next(&mut self) -> BoxFuture<'_, Result<Update, SourceError>> {
        async {
            Ok(match self.0.next().await.map_err(away)? {
                WatchEvent::Snapshot { instances, .. } => Update::Snapshot(instances),
                WatchEvent::Put { instance, .. } => Update::Put(instance),
                WatchEvent::Delete { instance: Instance { service, id, .. }, .. } => Update::Gone { service, id },
            })
        }
        .boxed()
    }
}

fn away(error: RemoteError) -> SourceError {
    SourceError(error.say())
}
