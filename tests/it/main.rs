//! The program and the stack against real sockets, files and clients.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests may panic, and so may their hands"
)]

mod cli;
mod corpus;
mod hostile;
mod native_client;
mod plain;
mod process;
mod registry;
