//! `callscope serve`: the demo services and a registry, on one port, until Ctrl+C.

use std::net::SocketAddr;
use std::time::Duration;

use callscope_net::demo::{Service, ServeOptions};
use clap::Args;

use super::{Failure, Outcome, print};

/// Calls that run at Ctrl+C may take this long to end.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  callscope serve --listen 127.0.0.1:7000")]
pub(super) struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Listen with TLS, too, on the same port, and write the development CA (PEM) to this file
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<std::path::PathBuf>,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    todo_serve(arguments).await
}
