//! What discovery found: sources, their services, instances and schemas, and what changed when.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use callscope_wire::schema::Schema;
use callscope_wire::{Health, Instance, Time, Words};

/// Changes kept in the history.
const HISTORY: usize = 200;

/// All sources, in the order in which they were added; the embedded registry first.
#[derive(Debug, Default)]
pub struct Services {
    /// The sources.
    pub sources: Vec<Source>,
    /// What changed, newest last; bounded.
    pub history: VecDeque<Change>,
    /// Counts every change, so that panels know when to rebuild their rows.
    pub revision: u64,
}

/// Where instances come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// As an address without a service: `registry://127.0.0.1:7000`, or a direct address `native://127.0.0.1:7001`.
    pub address: String,
    /// What it is.
    pub kind: SourceKind,
    /// Whether it answers.
    pub state: SourceState,
    /// Its services by name.
    pub services: Vec<Service>,
}

/// What kind of source it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// This process's own registry with the demo world.
    Embedded,
    /// Somebody's registry of our kind.
    Registry,
    /// One address, asked for its services.
    Direct,
}

/// Whether a source answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceState {
    /// Asked, no answer yet.
    Connecting,
    /// Up to date.
    Live,
    /// Not reachable; what is shown is the last that was heard. Why, in plain words.
    Lost(Words),
}

/// A service of a source.
#[derive(Clone, Debug)]
pub struct Service {
    /// Name in the source: `orders`.
    pub name: String,
    /// Address to call it by: `registry:///orders`.
    pub target: String,
    /// Its instances.
    pub instances: Vec<Listed>,
    /// What it offers.
    pub schema: SchemaState,
}

/// An instance as listed, and when it was heard of.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The instance as the source sent it; `lease.left_ms` counts from `heard`.
    pub instance: Instance,
    /// When this was heard.
    pub heard: Time,
}

impl Listed {
    /// Share of the lease that is left (1 = just renewed), and seconds left.
    pub fn lease_left(&self, now: Time) -> Option<(f32, f32)> {
        let lease = self.instance.lease?;
        let passed = now.since(self.heard).as_secs_f32() * 1000.0;
        let left = (lease.left_ms as f32 - passed).max(0.0);
        Some(((left / (lease.ttl_ms.max(1) as f32)).clamp(0.0, 1.0), left / 1000.0))
    }
}

/// What is known of a service's methods.
#[derive(Clone, Debug, Default)]
pub enum SchemaState {
    /// Nobody asked yet.
    #[default]
    Unknown,
    /// Asked.
    Loading,
    /// Known.
    Ready(Arc<Schema>),
    /// Asked in vain, and why.
    Failed(Words),
}

impl SchemaState {
    /// The schema, if it is known.
    pub fn ready(&self) -> Option<&Arc<Schema>> {
        if let Self::Ready(schema) = self { Some(schema) } else { None }
    }
}

impl Service {
    /// Instances that take calls, and all.
    pub fn healthy(&self) -> (usize, usize) {
        let healthy = self
            .instances
            .iter()
            .filter(|listed| matches!(listed.instance.health, Health::Healthy | Health::Degraded))
            .count();
        (healthy, self.instances.len())
    }
}

/// A change of what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Time,
    /// Service.
    pub service: String,
    /// Instance id.
    pub instance: String,
    /// What.
    pub what: ChangeKind,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It joined.
    Joined,
    /// It left, or its lease ended.
    Left,
    /// Its health is another.
    Health(Health),
    /// Its weight, tags, address or metadata are others.
    Altered,
}

impl Services {
    /// The service that a call's target names, in any source.
    pub fn by_target(&self, target: &str) -> Option<&Service> {
        // `registry:///orders@orders-1` is `registry:///orders`, narrowed.
        let base = target.split('@').next().unwrap_or(target);
        self.sources.iter().flat_map(|source| &source.services).find(|service| service.target == base)
    }

    /// The source with this address.
    pub fn source_mut(&mut self, address: &str) -> Option<&mut Source> {
        self.sources.iter_mut().find(|source| source.address == address)
    }

    /// Takes a new picture of a service in, and notes what changed.
    pub fn apply(&mut self, at: Time, source: &str, service: &str, target: &str, instances: Vec<Instance>) {
        let Some(source) = self.sources.iter_mut().find(|known| known.address == source) else { return };
        source.state = SourceState::Live;
        let index = source.services.iter().position(|known| known.name == service);
        let before: Vec<Instance> = index
            .and_then(|index| source.services.get(index))
            .map(|known| known.instances.iter().map(|listed| listed.instance.clone()).collect())
            .unwrap_or_default();
        let changes = diff(at, service, &before, &instances);
        let listed: Vec<Listed> = instances.into_iter().map(|instance| Listed { instance, heard: at }).collect();
        if let Some(known) = index.and_then(|index| source.services.get_mut(index)) {
            known.instances = listed;
        } else {
            source.services.push(Service {
                name: service.to_owned(),
                target: target.to_owned(),
                instances: listed,
                schema: SchemaState::Unknown,
            });
            source.services.sort_by(|a, b| a.name.cmp(&b.name));
        }
        self.history.extend(changes);
        while self.history.len() > HISTORY {
            self.history.pop_front();
        }
        self.revision += 1;
    }
}

/// Schemes that a source can have.
const SCHEMES: [&str; 4] = ["registry", "native", "native+tls", "plain"];

/// Why a text is no address of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressFault {
    /// Nothing was typed.
    Empty,
    /// A scheme that no source has.
    Scheme(String),
    /// No host.
    Host,
    /// No port, or none of 1 to 65535.
    Port,
    /// Listed already.
    Known,
}

/// The address that a person meant: `127.0.0.1:7001` is `native://127.0.0.1:7001`. Only the form is checked, whether
/// somebody answers there shows later.
pub fn check_source(text: &str, known: &[&str]) -> Result<String, AddressFault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AddressFault::Empty);
    }
    let (scheme, place) = text.split_once("://").unwrap_or(("native", text));
    let place = place.trim_end_matches('/');
    if !SCHEMES.contains(&scheme) {
        return Err(AddressFault::Scheme(scheme.to_owned()));
    }
    let (host, port) = place.rsplit_once(':').unwrap_or((place, ""));
    if host.is_empty() || host.contains(['/', '@', ' ', '?', '#']) {
        return Err(AddressFault::Host);
    }
    if !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Err(AddressFault::Port);
    }
    let address = format!("{scheme}://{place}");
    if known.contains(&address.as_str()) { Err(AddressFault::Known) } else { Ok(address) }
}

fn diff(at: Time, service: &str, before: &[Instance], after: &[Instance]) -> Vec<Change> {
    let change =
        |instance: &Instance, what| Change { at, service: service.to_owned(), instance: instance.id.clone(), what };
    // By id: ten thousand instances renew their leases all the time.
    let old_ids: HashMap<&str, &Instance> = before.iter().map(|old| (old.id.as_str(), old)).collect();
    let new_ids: HashSet<&str> = after.iter().map(|new| new.id.as_str()).collect();
    let mut changes = Vec::new();
    for new in after {
        match old_ids.get(new.id.as_str()) {
            None => changes.push(change(new, ChangeKind::Joined)),
            Some(old) if old.health != new.health => changes.push(change(new, ChangeKind::Health(new.health))),
            Some(old) => {
                // The lease counts down and is renewed all the time; that is no change.
                let altered = (&old.address, old.weight, &old.tags, &old.metadata)
                    != (&new.address, new.weight, &new.tags, &new.metadata);
                if altered {
                    changes.push(change(new, ChangeKind::Altered));
                }
            }
        }
    }
    for old in before {
        if !new_ids.contains(old.id.as_str()) {
            changes.push(change(old, ChangeKind::Left));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::{AddressFault, check_source};

    #[test]
    fn addresses_are_checked_by_their_form() {
        for (typed, meant) in [
            ("127.0.0.1:7001", "native://127.0.0.1:7001"),
            (" registry://host:7000/ ", "registry://host:7000"),
            ("plain://[::1]:9", "plain://[::1]:9"),
            ("native+tls://api.example.com:443", "native+tls://api.example.com:443"),
        ] {
            assert_eq!(check_source(typed, &[]).as_deref(), Ok(meant));
        }
        for (typed, fault) in [
            ("", AddressFault::Empty),
            ("http://host:80", AddressFault::Scheme("http".into())),
            ("registry://", AddressFault::Host),
            ("host", AddressFault::Port),
            ("native://host:0", AddressFault::Port),
            ("native://host:70000", AddressFault::Port),
            ("native://:7001", AddressFault::Host),
            ("native://h/x:7001", AddressFault::Host),
            ("a:1", AddressFault::Known),
        ] {
            assert_eq!(check_source(typed, &["native://a:1"]), Err(fault), "{typed}");
        }
    }
}
