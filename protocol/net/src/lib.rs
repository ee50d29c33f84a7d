//! Sockets, time and tasks around the engines of `callscope-wire`: clients, servers, discovery, resilience.
//!
//! ```text
//!  client ─ resilience ─ balance ─ discovery      server ─ router ─ introspection
//!                └────────── driver ──────────┘       registry, demo: services on the router
//!                    tap ◀──┘  │
//!                              ▼
//!                          transport  tcp tls memory
//! ```
//!
//! Only `transport` opens sockets, only `clock` reads the clock, only `driver` drives engines.
//! `discovery`, `balance` and `resilience` know addresses and outcomes, not dialects or transports.
//! Start reading at [`client`], the life of a call, then `driver`.

pub mod address;
pub mod clock;
pub mod error;
#[doc(hidden)]
pub mod fuzzing;
pub mod observer;
pub mod tap;

pub mod transport;

mod describe;
mod driver;

pub mod balance;
pub mod discovery;
pub mod resilience;

pub mod client;
pub mod server;

pub mod demo;
pub mod registry;
