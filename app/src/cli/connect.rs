//! What `call`, `list` and `describe` share: how to get to a server.

use std::path::PathBuf;
use std::sync::Arc;

use callscope_net::address::Address;
use callscope_net::client::{Client, ClientOptions};
use callscope_net::demo::{World, WorldOptions};
use callscope_net::observer::{FlowIds, Observer};
use callscope_net::transport::{Identity, TlsOptions};
use callscope_wire::{Limits, Metadata};
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

    /// Accept messages up to this: 64M, 512K, 1000000 (bytes)
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "64M")]
    max_message: usize,
}

/// The largest message that the protocol has a number for.
const LARGEST: usize = i32::MAX as usize;

/// Bytes as people write them: `64M`, `64MiB`, `512k`, `1000000`. Units are powers of 1024.
pub(super) fn size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = text.get(digits.len()..).unwrap_or_default().trim().to_ascii_lowercase();
    let shift = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        _ => return Err(format!("`{unit}` is no unit of size; write 512K, 64M or 1G")),
    };
    let number: usize = digits.parse().map_err(|_| format!("`{text}` is no size; write 512K, 64M or 1G"))?;
    match number.checked_mul(1 << shift) {
        Some(bytes @ 16_384..=LARGEST) => Ok(bytes),
        _ => Err("it must be 16K to 2047M".to_owned()),
    }
}

/// Says what is wrong with an address before anything is tried; `registry://HOST:PORT` alone is one here.
pub(super) fn check(address: &str) -> Result<(), Failure> {
    match address.parse::<Address>() {
        Err(error) if super::list::whole_registry(address).is_none() => Err(print::input(&error.to_string())),
        _ => Ok(()),
    }
}

/// The world that `registry:///service` means: one of this process's own, for as long as the command runs.
pub(super) async fn own_world(
    address: &str,
    observer: Arc<dyn Observer>,
    flows: FlowIds,
) -> Result<Option<World>, Failure> {
    let Ok(Address::Registry { at: None, .. }) = address.parse() else { return Ok(None) };
    let options = WorldOptions { observer, flows, churn: false, ..WorldOptions::default() };
    World::start(options).await.map(Some).map_err(|error| print::input(&print::chain(&error)))
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
    pub(super) fn client(&self, observer: Arc<dyn Observer>, world: Option<&World>) -> Result<Client, Failure> {
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
        let limits = Limits::default().with_max_message(self.max_message);
        let own_registry = world.map(World::registry_addr);
        Ok(Client::new(ClientOptions { observer, tls, limits, own_registry, ..ClientOptions::default() }))
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in
            [("64M", 64 << 20), ("64MiB", 64 << 20), ("512k", 512 << 10), ("1 gb", 1 << 30), ("20000", 20_000)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "M", "1T", "-1", "2G", "16", "1.5M"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
