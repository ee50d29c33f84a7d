//! One listener, named by its address: nothing to discover, nothing to watch.

use callscope_wire::{Health, Instance};
use futures_util::FutureExt as _;
use futures_util::future::{self, BoxFuture};

use super::{Feed, Source, SourceError, SourceKind, Update};
use crate::address::Endpoint;

/// Its row in the table.
pub const KIND: SourceKind =
    SourceKind { name: "fixed", form: "native://HOST:PORT", docs: "one listener, named by its address" };

/// The source of a direct address.
#[derive(Clone, Debug)]
pub struct Fixed {
    instance: Instance,
}

impl Fixed {
    /// The one instance is named by its host and port, as is its service.
    pub fn new(endpoint: &Endpoint) -> Self {
        let address = endpoint.to_string();
        let name = address.split_once("://").map_or(address.as_str(), |(_, rest)| rest).to_owned();
        let instance = Instance {
            id: name.clone(),
            service: name,
            address,
            health: Health::Unknown,
            weight: 100,
            tags: Vec::new(),
            metadata: std::collections::BTreeMap::new(),
            lease: None,
        };
        Self { instance }
    }

    /// The name of the service that it stands for.
    pub fn service(&self) -> &str {
        &self.instance.service
    }
}

impl Source for Fixed {
    fn label(&self) -> String {
        self.instance.address.clone()
    }

    fn fixed(&self) -> Option<Vec<Instance>> {
        Some(vec![self.instance.clone()])
    }

    fn subscribe(&self) -> BoxFuture<'_, Result<Box<dyn Feed>, SourceError>> {
        let feed: Box<dyn Feed> = Box::new(Once(Some(self.instance.clone())));
        future::ready(Ok(feed)).boxed()
    }
}

/// One snapshot, then nothing ever.
struct Once(Option<Instance>);

impl Feed for Once {
    fn next(&mut self) -> BoxFuture<'_, Result<Update, SourceError>> {
        match self.0.take() {
            Some(instance) => future::ready(Ok(Update::Snapshot(vec![instance]))).boxed(),
            None => future::pending().boxed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direct_address_is_its_own_instance() {
        let fixed = Fixed::new(&"native+tls://example.org:443".parse().unwrap());
        assert_eq!(fixed.service(), "example.org:443");
        assert_eq!(fixed.fixed().unwrap()[0].address, "native+tls://example.org:443");
    }
}
