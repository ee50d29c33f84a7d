//! The registry's memory: who serves what, for how long, and what changed.
//!
//! ```text
//!  register ──▶ instance with a lease ──keep_alive──▶ lease anew
//!                      │ deregister                     │ expire: nobody renewed it in time
//!                      ▼                                ▼
//!                    gone                             gone
//! ```
//!
//! Every change has a revision and is an [`Event`]. Pure: time is an argument; it knows no socket
//! and no watcher.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use callscope_wire::instance::Lease;
use callscope_wire::{Instance, Time};
use serde::{Deserialize, Serialize};

/// A registry that anybody may write into must not grow without end.
pub const MOST_INSTANCES: usize = 10_000;

/// All instances as JSON, bytes. Lists and snapshots are one message, and 4 MiB is what everybody takes.
pub const MOST_LISTED: usize = (4 << 20) - (64 << 10);

/// What a lease adds to an instance as JSON, at most.
const LEASE_BYTES: usize = 64;

/// Names, tags and metadata of one instance, bytes.
pub const MOST_BYTES: usize = 16 << 10;

/// Below this a lease would be lost to ordinary delays.
pub const SHORTEST_TTL: Duration = Duration::from_millis(100);

/// Above this a dead instance would stay for longer than anybody looks.
pub const LONGEST_TTL: Duration = Duration::from_hours(24);

/// Instances by service and id, each with its lease.
#[derive(Debug)]
pub struct Registry {
    /// Makes lease ids of another life of the registry unknown here.
    nonce: u32,
    leases_given: u64,
    revision: u64,
    entries: BTreeMap<(String, String), Entry>,
    by_lease: HashMap<String, (String, String)>,
    by_expiry: BTreeSet<(Time, String)>,
    /// What all entries take in a list.
    listed: usize,
}

#[derive(Debug)]
struct Entry {
    /// Without its lease, which is made anew for whoever asks.
    instance: Instance,
    lease: String,
    ttl: Duration,
    expires: Time,
    /// Bytes that it takes in a list.
    listed: usize,
}

/// Why an instance came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It registered, or registered again with other facts.
    Registered,
    /// It showed a sign of life.
    Renewed,
    /// It said goodbye.
    Deregistered,
    /// Its lease ended without a sign of life.
    Expired,
}

/// A change.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Counts changes; rises by one from event to event.
    pub revision: u64,
    /// Why.
    pub reason: Reason,
    /// The instance as it is, or as it was last.
    pub instance: Instance,
}

impl Event {
    /// Whether the instance is no longer there.
    pub const fn is_gone(&self) -> bool {
        matches!(self.reason, Reason::Deregistered | Reason::Expired)
    }
}

/// A registration that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// A name that could not be written in an address.
    #[error("{field} is {found:?}, but it must be 1 to 200 characters without blanks, `/`, `@` or `#`")]
    Name {
        /// Which member.
        field: &'static str,
        /// What it held.
        found: String,
    },
    /// No address.
    #[error("address is empty; write native://HOST:PORT")]
    NoAddress,
    /// The lease is too short or too long.
    #[error("ttl_ms is {found}, but it must be {} to {}", SHORTEST_TTL.as_millis(), LONGEST_TTL.as_millis())]
    Ttl {
        /// Milliseconds asked for.
        found: u128,
    },
    /// Too many facts.
    #[error("the instance has {found} bytes of facts, the limit is {MOST_BYTES}")]
    TooLarge {
        /// Bytes.
        found: usize,
    },
    /// Too many instances, or too large ones.
    #[error("the registry is full: it takes {MOST_INSTANCES} instances, {MOST_LISTED} bytes as JSON")]
    Full,
}

/// No such lease: it ended, or it is another registry's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such lease; it has ended, so register again")]
pub struct LeaseGone;

impl Registry {
    /// Empty. `nonce` should be random, so that a lease given before a restart is not mistaken for a new one.
    pub fn new(nonce: u32) -> Self {
        Self {
            nonce,
            leases_given: 0,
            revision: 0,
            entries: BTreeMap::new(),
            by_lease: HashMap::new(),
            by_expiry: BTreeSet::new(),
            listed: 0,
        }
    }

    /// Adds an instance, or replaces the one with the same service and id, whose lease ends.
    /// Returns the lease's id and the change.
    pub fn register(
        &mut self,
        now: Time,
        mut instance: Instance,
        ttl: Duration,
    ) -> Result<(String, Event), RegisterError> {
        check(&instance, ttl)?;
        let key = (instance.service.clone(), instance.id.clone());
        instance.lease = None;
        let json = serde_json::to_vec(&instance).map_or(usize::MAX, |json| json.len());
        let listed = json.saturating_add(LEASE_BYTES);
        let replaced = self.entries.get(&key);
        let others = self.listed - replaced.map_or(0, |entry| entry.listed);
        if others.saturating_add(listed) > MOST_LISTED || (replaced.is_none() && self.entries.len() >= MOST_INSTANCES) {
            return Err(RegisterError::Full);
        }
        self.remove(&key);
        self.listed += listed;
        self.leases_given += 1;
        let lease = format!("{:08x}-{}", self.nonce, self.leases_given);
        let expires = now + ttl;
        self.by_lease.insert(lease.clone(), key.clone());
        self.by_expiry.insert((expires, lease.clone()));
        let entry = Entry { instance, lease: lease.clone(), ttl, expires, listed };
        let event = self.event(Reason::Registered, entry.at(now));
        self.entries.insert(key, entry);
        Ok((lease, event))
    }

    /// A sign of life: the lease starts anew. Returns its length and the change.
    pub fn keep_alive(&mut self, now: Time, lease: &str) -> Result<(Duration, Event), LeaseGone> {
        let entry = self.by_lease.get(lease).and_then(|key| self.entries.get_mut(key)).ok_or(LeaseGone)?;
        // Expiry may not have been swept yet; the lease has ended all the same.
        if entry.expires <= now {
            return Err(LeaseGone);
        }
        self.by_expiry.remove(&(entry.expires, lease.to_owned()));
        entry.expires = now + entry.ttl;
        self.by_expiry.insert((entry.expires, lease.to_owned()));
        let (ttl, instance) = (entry.ttl, entry.at(now));
        Ok((ttl, self.event(Reason::Renewed, instance)))
    }

    /// A goodbye.
    pub fn deregister(&mut self, now: Time, lease: &str) -> Result<Event, LeaseGone> {
        let key = self.by_lease.get(lease).cloned().ok_or(LeaseGone)?;
        let entry = self.remove(&key).ok_or(LeaseGone)?;
        Ok(self.event(Reason::Deregistered, entry.at(now)))
    }

    /// Ends the leases whose time has come.
    pub fn expire(&mut self, now: Time) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some((expires, lease)) = self.by_expiry.first()
            && *expires <= now
        {
            let Some(key) = self.by_lease.get(lease).cloned() else { break };
            let Some(entry) = self.remove(&key) else { break };
            events.push(self.event(Reason::Expired, entry.at(now)));
        }
        events
    }

    /// When the next lease ends.
    pub fn next_expiry(&self) -> Option<Time> {
        self.by_expiry.first().map(|(expires, _)| *expires)
    }

    /// The instances of a service, or all, in the order of service and id, with what is left of their leases.
    pub fn list(&self, now: Time, service: Option<&str>) -> Vec<Instance> {
        self.entries
            .values()
            .filter(|entry| service.is_none_or(|service| entry.instance.service == service))
            .map(|entry| entry.at(now))
            .collect()
    }

    /// Changes so far.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    fn event(&mut self, reason: Reason, instance: Instance) -> Event {
        self.revision += 1;
        Event { revision: self.revision, reason, instance }
    }

    fn remove(&mut self, key: &(String, String)) -> Option<Entry> {
        let entry = self.entries.remove(key)?;
        self.listed -= entry.listed;
        self.by_lease.remove(&entry.lease);
        self.by_expiry.remove(&(entry.expires, entry.lease.clone()));
        Some(entry)
    }
}

impl Entry {
    fn at(&self, now: Time) -> Instance {
        let ttl_ms = self.ttl.as_millis() as u64;
        let left_ms = self.expires.since(now).as_millis() as u64;
        Instance { lease: Some(Lease { ttl_ms, left_ms }), ..self.instance.clone() }
    }
}

fn check(instance: &Instance, ttl: Duration) -> Result<(), RegisterError> {
    for (field, name) in [("service", &instance.service), ("id", &instance.id)] {
        let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '@' | '#');
        if name.is_empty() || name.chars().count() > 200 || name.contains(odd) {
            let found = name.chars().take(40).collect();
            return Err(RegisterError::Name { field, found });
        }
    }
    if instance.address.trim().is_empty() {
        return Err(RegisterError::NoAddress);
    }
    if !(SHORTEST_TTL..=LONGEST_TTL).contains(&ttl) {
        return Err(RegisterError::Ttl { found: ttl.as_millis() });
    }
    let found = instance.address.len()
        + instance.tags.iter().map(String::len).sum::<usize>()
        + instance.metadata.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
    if found > MOST_BYTES { Err(RegisterError::TooLarge { found }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TTL: Duration = Duration::from_secs(10);

    fn instance(id: &str) -> Instance {
        serde_json::from_value(serde_json::json!({ "id": id, "service": "orders", "address": "native://127.0.0.1:1" }))
            .unwrap()
    }

    fn ids(registry: &Registry, now: Time) -> Vec<String> {
        registry.list(now, Some("orders")).into_iter().map(|instance| instance.id).collect()
    }

    #[test]
    fn a_lease_that_is_kept_alive_lives_and_one_that_is_not_ends() {
        let mut registry = Registry::new(7);
        let at = Time::from_millis;
        let (one, event) = registry.register(at(0), instance("orders-1"), TTL).unwrap();
        assert_eq!((event.revision, event.reason), (1, Reason::Registered));
        registry.register(at(0), instance("orders-2"), TTL).unwrap();
        assert_eq!(ids(&registry, at(0)), ["orders-1", "orders-2"]);

        let (ttl, event) = registry.keep_alive(at(6_000), &one).unwrap();
        assert_eq!((ttl, event.reason), (TTL, Reason::Renewed));
        assert_eq!(registry.next_expiry(), Some(at(10_000)));
        assert!(registry.expire(at(9_999)).is_empty());
        let gone = registry.expire(at(10_000));
        assert_eq!(
            gone.iter().map(|e| (e.revision, e.reason, e.instance.id.as_str())).collect::<Vec<_>>(),
            [(4, Reason::Expired, "orders-2")]
        );
        assert_eq!(ids(&registry, at(10_000)), ["orders-1"]);
        assert_eq!(registry.list(at(10_000), None)[0].lease, Some(Lease { ttl_ms: 10_000, left_ms: 6_000 }));
        assert_eq!(registry.expire(at(16_000)).len(), 1);
        assert_eq!(registry.keep_alive(at(16_000), &one), Err(LeaseGone));
        assert_eq!(registry.next_expiry(), None);
    }

    #[test]
    fn a_lease_has_ended_even_before_anybody_sweeps() {
        let mut registry = Registry::new(7);
        let (lease, _) = registry.register(Time::ZERO, instance("orders-1"), TTL).unwrap();
        assert_eq!(registry.keep_alive(Time::from_millis(10_000), &lease), Err(LeaseGone));
    }

    #[test]
    fn registering_again_replaces_and_voids_the_old_lease() {
        let mut registry = Registry::new(7);
        let (old, _) = registry.register(Time::ZERO, instance("orders-1"), TTL).unwrap();
        let moved = Instance { address: "native://127.0.0.1:2".to_owned(), ..instance("orders-1") };
        let (new, _) = registry.register(Time::ZERO, moved, TTL).unwrap();
        assert_ne!(old, new);
        assert_eq!(registry.deregister(Time::ZERO, &old), Err(LeaseGone));
        assert_eq!(registry.list(Time::ZERO, None)[0].address, "native://127.0.0.1:2");
        assert_eq!(registry.deregister(Time::ZERO, &new).unwrap().reason, Reason::Deregistered);
        assert!(registry.list(Time::ZERO, None).is_empty());
    }

    #[test]
    fn a_restarted_registry_does_not_know_old_leases() {
        let (lease, _) = Registry::new(1).register(Time::ZERO, instance("orders-1"), TTL).unwrap();
        let mut restarted = Registry::new(2);
        restarted.register(Time::ZERO, instance("orders-1"), TTL).unwrap();
        assert_eq!(restarted.keep_alive(Time::ZERO, &lease), Err(LeaseGone));
    }

    #[test]
    fn what_no_address_could_name_is_refused() {
        let refuse = |instance, ttl| Registry::new(0).register(Time::ZERO, instance, ttl).unwrap_err().to_string();
        for id in ["", "a b", "a/b", "a@b", "a\n"] {
            assert!(refuse(instance(id), TTL).starts_with("id is "), "{id:?}");
        }
        assert!(refuse(Instance { service: String::new(), ..instance("a") }, TTL).starts_with("service is \"\""));
        assert!(refuse(Instance { address: " ".to_owned(), ..instance("a") }, TTL).contains("address is empty"));
        assert!(refuse(instance("a"), Duration::from_millis(5)).contains("ttl_ms is 5"));
        let large = Instance { tags: vec!["x".repeat(20_000)], ..instance("a") };
        assert!(refuse(large, TTL).contains("bytes of facts"));
    }

    #[test]
    fn what_is_listed_fits_one_message() {
        let mut registry = Registry::new(7);
        // Tags that are escaped take more room as JSON than as text.
        let large = |id: usize| Instance { tags: vec!["\u{1}".repeat(10_000)], ..instance(&format!("i-{id}")) };
        let mut registered = 0;
        let error = loop {
            match registry.register(Time::ZERO, large(registered), LONGEST_TTL) {
                Ok(_) => registered += 1,
                Err(error) => break error,
            }
        };
        assert_eq!((error, registered), (RegisterError::Full, 68));
        assert!(serde_json::to_vec(&registry.list(Time::ZERO, None)).unwrap().len() < MOST_LISTED);
        // Replacing one takes no more room, and leaving makes some.
        let (lease, _) = registry.register(Time::ZERO, large(0), TTL).unwrap();
        registry.deregister(Time::ZERO, &lease).unwrap();
        registry.register(Time::ZERO, large(99), TTL).unwrap();
    }

    proptest! {
        /// Following the events gives the same picture as listing, and no index keeps what is gone.
        #[test]
        fn events_tell_the_whole_story(steps in prop::collection::vec((0_u8..5, 0_usize..4), 1..200)) {
            let mut registry = Registry::new(3);
            let (mut now, mut leases) = (Time::ZERO, vec![String::new(); 4]);
            let mut picture = BTreeSet::new();
            let mut revision = 0;
            for (step, which) in steps {
                let lease = leases[which].clone();
                let events = match step {
                    0 => {
                        let (lease, event) = registry.register(now, instance(&format!("i-{which}")), TTL).unwrap();
                        leases[which] = lease;
                        vec![event]
                    }
                    1 => registry.keep_alive(now, &lease).map(|(_, event)| event).into_iter().collect(),
                    2 => registry.deregister(now, &lease).into_iter().collect(),
                    _ => {
                        now = now + Duration::from_secs(3);
                        registry.expire(now)
                    }
                };
                for event in events {
                    revision += 1;
                    prop_assert_eq!(event.revision, revision);
                    if event.is_gone() {
                        prop_assert!(picture.remove(&event.instance.id));
                    } else {
                        picture.insert(event.instance.id.clone());
                    }
                }
                prop_assert_eq!(ids(&registry, now), picture.iter().cloned().collect::<Vec<_>>());
                prop_assert_eq!(registry.by_lease.len(), registry.entries.len());
                prop_assert_eq!(registry.listed == 0, registry.entries.is_empty());
                prop_assert_eq!(registry.by_expiry.len(), registry.entries.len());
            }
        }
    }
}
