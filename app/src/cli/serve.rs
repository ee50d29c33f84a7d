//! `callscope serve`: the demo services and a registry, on one port, until Ctrl+C or SIGTERM.

use std::path::PathBuf;

use callscope_net::demo::{World, WorldOptions};
use callscope_net::server::{ClientCa, ClientCertificates, ServerTls};
use callscope_net::transport::Identity;
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

    /// Accept TLS with this certificate (PEM) instead of a development one
    #[arg(long, value_name = "FILE", requires = "tls_key", conflicts_with = "tls_ca")]
    tls_cert: Option<PathBuf>,

    /// Its key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Over TLS clients must show a certificate signed by this CA (PEM)
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,

    /// Clients without a certificate are served, too
    #[arg(long, requires = "client_ca")]
    client_cert_optional: bool,

    /// Instances stay: none joins or leaves by itself
    #[arg(long)]
    steady: bool,

    /// Accept and send messages up to this: 64M, 512K, 1000000 (bytes)
    #[arg(long, value_name = "SIZE", value_parser = super::connect::size, default_value = "4M")]
    max_message: usize,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let tls = tls(&arguments)?;
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

/// What the front needs to speak TLS; `None`: it does not.
fn tls(arguments: &Arguments) -> Result<Option<ServerTls>, Failure> {
    let wrong = |error: &dyn std::error::Error| print::input(&print::chain(error));
    let clients = arguments.client_ca.clone().map(|ca| {
        let optional = arguments.client_cert_optional;
        ClientCa { ca, wanted: if optional { ClientCertificates::Optional } else { ClientCertificates::Required } }
    });
    if let Some((cert, key)) = arguments.tls_cert.clone().zip(arguments.tls_key.clone()) {
        let tls = ServerTls::from_files(&Identity { cert, key }, clients.as_ref()).map_err(|error| wrong(&error))?;
        return Ok(Some(tls));
    }
    let Some(path) = &arguments.tls_ca else {
        return match clients {
            None => Ok(None),
            Some(_) => Err(print::input("--client-ca is for TLS: name --tls-cert and --tls-key, or --tls-ca, too")),
        };
    };
    let tls = ServerTls::development_for(clients.as_ref()).map_err(|error| wrong(&error))?;
    std::fs::write(path, tls.ca_pem()).map_err(|error| print::input(&format!("{}: {error}", path.display())))?;
    Ok(Some(tls))
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
