//! The program and the stack against real sockets, files and clients.

mod cli;
mod plain;
