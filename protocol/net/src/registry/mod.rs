//! The embedded registry: who serves what, with leases, pushed to whoever watches.
//!
//! ```text
//!  Registration ── Register, KeepAlive ──▶ service ──▶ Registry (pure) ──▶ events ──▶ watchers
//!  Remote       ── List, Watch ──────────▶                  ▲
//!                                       expiry by timer ────┘
//! ```
//!
//! A service on the router like any other, over any dialect; this file has the shapes of its
//! messages. A lease that nobody renews ends, and the instance is gone for everybody who watches.
//! Start reading at [`Registry`].

mod registration;
mod remote;
mod schema;
mod service;
mod state;

use callscope_wire::Instance;
use serde::{Deserialize, Serialize};

pub use registration::{RegisterOptions, Registered, Registration};
pub use remote::{Remote, RemoteError, Watch};
pub use service::RegistryService;
pub use state::{Event, LeaseGone, Reason, RegisterError, Registry};

/// Its name.
pub const SERVICE: &str = "callscope.Registry";

/// Of `callscope.Registry/Register`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegisterRequest {
    /// The instance's own members.
    #[serde(flatten)]
    pub instance: Instance,
    /// How long it lives without a sign of life, milliseconds.
    pub ttl_ms: u64,
}

/// Of `callscope.Registry/Register`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterResponse {
    /// Names the lease from now on.
    pub lease_id: String,
    /// As asked for, milliseconds.
    pub ttl_ms: u64,
}

/// Of `KeepAlive` and `Deregister`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRequest {
    /// As `Register` gave it.
    pub lease_id: String,
}

/// Of `callscope.Registry/KeepAlive`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepAliveResponse {
    /// The lease ends this many milliseconds from now.
    pub ttl_ms: u64,
}

/// Of `callscope.Registry/List`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRequest {
    /// Only this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// Of `callscope.Registry/List`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListResponse {
    /// In the order of service and id.
    pub instances: Vec<Instance>,
    /// Changes so far.
    pub revision: u64,
}

/// Of `callscope.Registry/Watch`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchRequest {
    /// Only this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Also tell of renewed leases: much traffic, and news only for who draws them.
    #[serde(default)]
    pub renewals: bool,
}

/// A message of `callscope.Registry/Watch`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WatchEvent {
    /// Everything there is: the first message, and whenever the watcher was too slow for the changes.
    Snapshot {
        /// Changes so far.
        revision: u64,
        /// In the order of service and id.
        instances: Vec<Instance>,
    },
    /// An instance came, changed, or showed a sign of life.
    Put {
        /// The change's number.
        revision: u64,
        /// `registered` or `renewed`.
        reason: Reason,
        /// As it is now.
        instance: Instance,
    },
    /// An instance is gone.
    Delete {
        /// The change's number.
        revision: u64,
        /// `deregistered` or `expired`.
        reason: Reason,
        /// As it was last.
        instance: Instance,
    },
}

impl From<Event> for WatchEvent {
    fn from(event: Event) -> Self {
        let gone = event.is_gone();
        let Event { revision, reason, instance } = event;
        if gone { Self::Delete { revision, reason, instance } } else { Self::Put { revision, reason, instance } }
    }
}
