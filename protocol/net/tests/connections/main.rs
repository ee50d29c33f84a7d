//! Channels and servers over every transport: shapes, ends, limits, and peers that do not behave.
//!
//! Time is virtual wherever something is waited for (`start_paused`, over memory): a test that says a minute takes none.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod bursts;
mod connecting;
mod ends;
mod hostile;
mod mutual;
mod plain;
mod shapes;
mod support;
