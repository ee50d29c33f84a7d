//! Where instances come from.
//!
//! ```text
//!  Source ── subscribe ──▶ Feed ── updates ──▶ Picture ──▶ Watcher's view ──▶ calls, observer
//!             ▲                     │ broken
//!             └── jittered back-off ┘    the last good picture stays
//! ```
//!
//! A source gives a snapshot and then changes. It is never asked twice for what it pushes, and an
//! error never empties a picture: only the source's own word does. Knows addresses, not dialects or
//! transports. To add a source: its file, its row in [`ALL`].

pub mod fixed;
pub mod registry;

mod picture;
mod watcher;

use std::fmt;

use callscope_wire::{Instance, Words};
use futures_util::future::BoxFuture;

pub use picture::Picture;
pub use watcher::{View, Watcher};

/// Something that knows instances.
pub trait Source: fmt::Debug + Send + Sync + 'static {
    /// An address without the service: `registry://127.0.0.1:7000`.
    fn label(&self) -> String;

    /// The instances of a source that never changes, which needs no watch.
    fn fixed(&self) -> Option<Vec<Instance>> {
        None
    }

    /// Starts to listen. The first update is a snapshot.
    fn subscribe(&self) -> BoxFuture<'_, Result<Box<dyn Feed>, SourceError>>;
}

/// Changes as a source tells them. Dropping it ends the subscription, on the wire too.
pub trait Feed: Send {
    /// The next change; after an error the subscription is over. Dropping the future loses nothing.
    fn next(&mut self) -> BoxFuture<'_, Result<Update, SourceError>>;
}

/// What a source tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// Everything there is; what is missing here is gone.
    Snapshot(Vec<Instance>),
    /// An instance came, or changed.
    Put(Instance),
    /// An instance is gone.
    Gone {
        /// Its service.
        service: String,
        /// Its id.
        id: String,
    },
}

/// A source cannot be asked, or stopped telling. In plain words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub Words);

/// A row of [`ALL`].
#[derive(Debug)]
pub struct SourceKind {
    /// Name of its file.
    pub name: &'static str,
    /// Its addresses, as people write them.
    pub form: &'static str,
    /// What it is, a few words.
    pub docs: &'static str,
}

/// Every kind of source.
pub const ALL: &[SourceKind] = &[fixed::KIND, registry::KIND];
