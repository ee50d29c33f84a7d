//! `callscope serve`: the demo services and a registry, on one port, until Ctrl+C or SIGTERM.

use std::path::PathBuf;

use callscope_net::demo::{World, WorldOptions};
use callscope_net::server::ServerTls;
use callscope_wire::Limits;
use clap::Args;

use super::{Failure, Outcome, print};

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  callscope serve --listen 127.0.0.1:7000")]
pub(super) struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    listen: String,

    /// Accept TLS on the same port, too, with a development certificate; its CA (PEM) is written to this file
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,

    /// Instances stay: none joins or leaves by itself
    #[arg(long)]
    steady: bool,

    /// Accept and send messages up to this: 64M, 512K, 1000000 (bytes)
    #[arg(long, value_name = "SIZE", value_parser = super::connect::size, default_value = "4M")]
    max_message: usize,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let tls = match &arguments.tls_ca {
        None => None,
        Some(path) => {
            let tls = ServerTls::development().map_err(|error| print::input(&error.to_string()))?;
            std::fs::write(path, tls.ca_pem())
                .map_err(|error| print::input(&format!("{}: {error}", path.display())))?;
            Some(tls)
        }
    };
    let limits = Limits::default().with_max_message(arguments.max_message);
    let options =
        WorldOptions { listen: arguments.listen, tls, churn: !arguments.steady, limits, ..WorldOptions::default() };
    let world = World::start(options).await.map_err(|error| {
        print::error(&print::chain(&error));
        Failure::Input
    })?;
    print::out(&format!("listening on {}", world.local_addr()));
    let signal = asked_to_end().await;
    world.stop().await;
    signal.map_err(|error| {
        print::error(&format!("Ctrl+C cannot be listened for: {error}"));
        Failure::Input
    })
}

/// Ctrl+C, or SIGTERM, which is how service managers and scripts ask.
async fn asked_to_end() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            signal = tokio::signal::ctrl_c() => signal,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
