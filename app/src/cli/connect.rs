//! What `call`, `list` and `describe` share: how to get to a server.

use std::path::PathBuf;
use std::sync::Arc;

use callscope_net::address::Address;
use callscope_net::client::{Client, ClientOptions};
use callscope_net::observer::Observer;
use callscope_net::transport::{Identity, TlsOptions};
use callscope_wire::Metadata;
use clap::Args;

use super::{Failure, print};

/// Options of a connection.
#[derive(Args, Debug)]
pub(super) struct Connection {
    /// Metadata, may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,

    /// Trust this CA (PEM) instead of the system's
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// Client certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// Key of the client certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// Expect this name in the server's certificate
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
}

/// Says what is wrong with an address before anything is tried; `registry://HOST:PORT` alone is one here.
pub(super) fn check(address: &str) -> Result<(), Failure> {
    match address.parse::<Address>() {
        Err(error) if super::list::whole_registry(address).is_none() => Err(print::input(&error.to_string())),
        _ => Ok(()),
    }
}

impl Connection {
    /// Metadata of `-H`.
    pub(super) fn metadata(&self) -> Result<Metadata, Failure> {
        let mut metadata = Metadata::new();
        for header in &self.headers {
            let Some((name, value)) = header.split_once(':') else {
                return Err(print::input(&format!("-H {header:?}: write `name: value`")));
            };
            metadata.push(name.trim(), value.trim());
        }
        Ok(metadata)
    }

    /// A client with these options.
    pub(super) fn client(&self, observer: Arc<dyn Observer>) -> Result<Client, Failure> {
        for path in [&self.ca, &self.cert, &self.key].into_iter().flatten() {
            if let Err(error) = std::fs::metadata(path) {
                return Err(print::input(&format!("{}: {error}", path.display())));
            }
        }
        let identity = self.cert.clone().zip(self.key.clone()).map(|(cert, key)| Identity { cert, key });
        let tls = TlsOptions {
            ca: self.ca.iter().cloned().collect(),
            identity,
            server_name: self.server_name.clone(),
            ..TlsOptions::default()
        };
        Ok(Client::new(ClientOptions { observer, tls, ..ClientOptions::default() }))
    }
}
