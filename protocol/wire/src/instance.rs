//! An instance: an address that serves a service, as a registry lists it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What discovery last heard of an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Takes calls.
    #[default]
    Healthy,
    /// Takes calls, not gladly.
    Degraded,
    /// Takes none.
    Down,
    /// Nothing is known.
    Unknown,
}

/// An address serving a service. The JSON form is what the registry's methods carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Unique within its service; chosen by whoever registers it.
    pub id: String,
    /// The service it serves, as a registry names it: `orders`.
    pub service: String,
    /// Where: an address as `product` writes it, such as `native://127.0.0.1:7001`.
    pub address: String,
    /// What discovery last heard.
    #[serde(default)]
    pub health: Health,
    /// Share of calls relative to the others; 100 is normal.
    #[serde(default = "normal_weight")]
    pub weight: u32,
    /// Free words.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Free pairs.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Its lease, where the source has leases.
    #[serde(default)]
    pub lease: Option<Lease>,
}

/// How long a registration lives without a sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// From renewal to expiry, milliseconds.
    pub ttl_ms: u64,
    /// From the moment the message was made to expiry, milliseconds.
    pub left_ms: u64,
}

const fn normal_weight() -> u32 {
    100
}
