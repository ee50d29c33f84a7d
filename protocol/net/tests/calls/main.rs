//! Calls through the whole client on loopback: retry, breaker, deadline, cancellation, registry, demo world.
//!
//! Each test makes its own servers on free ports, and waits for events, never for time to pass.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod breaker;
mod cancel;
mod encoding;
mod large;
mod redirect;
mod registry;
mod retry;
mod support;
mod trace;
mod world;
