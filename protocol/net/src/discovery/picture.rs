//! What a source has told so far, as instances by service.
//!
//! Pure. It keeps the order of the source, and is emptied by nothing but the source's own word.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use callscope_wire::Instance;

use super::Update;

/// Registries are other people's servers, and may be large: what is above this is counted, not kept.
pub const MOST_INSTANCES: usize = 10_000;

/// A service's instances.
#[derive(Debug, Default)]
struct Listed {
    /// In the order of the source.
    instances: Vec<Instance>,
    /// Place of each by its id: a registry that tells of ten thousand, one by one, must not cost their square.
    places: HashMap<String, usize>,
}

/// Instances by service.
#[derive(Debug, Default)]
pub struct Picture {
    services: BTreeMap<String, Listed>,
    len: usize,
    left_out: usize,
}

impl Picture {
    /// Takes in what the source tells, and names the services that look different now.
    pub fn apply(&mut self, update: Update) -> BTreeSet<String> {
        match update {
            Update::Snapshot(instances) => {
                let before = std::mem::take(&mut self.services);
                (self.len, self.left_out) = (0, 0);
                for instance in instances {
                    self.put(instance);
                }
                let names = before.keys().chain(self.services.keys());
                let differs = |name: &&String| {
                    let (before, now) = (before.get(*name), self.services.get(*name));
                    before.map(|listed| &listed.instances) != now.map(|listed| &listed.instances)
                };
                names.filter(differs).cloned().collect()
            }
            Update::Put(instance) => {
                let service = instance.service.clone();
                if self.put(instance) { BTreeSet::from([service]) } else { BTreeSet::new() }
            }
            Update::Gone { service, id } => {
                let Some(listed) = self.services.get_mut(&service) else { return BTreeSet::new() };
                if !listed.remove(&id) {
                    return BTreeSet::new();
                }
                self.len -= 1;
                if listed.instances.is_empty() {
                    self.services.remove(&service);
                }
                BTreeSet::from([service])
            }
        }
    }

    /// A service's instances, in the order of the source.
    pub fn instances(&self, service: &str) -> &[Instance] {
        self.services.get(service).map_or(&[], |listed| listed.instances.as_slice())
    }

    /// Names of the services that have instances.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    /// Instances of all services.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Instances that found no room.
    pub const fn left_out(&self) -> usize {
        self.left_out
    }

    /// Whether something changed.
    fn put(&mut self, instance: Instance) -> bool {
        let known = self.services.get_mut(&instance.service);
        if let Some(known) = known.and_then(|listed| listed.get_mut(&instance.id)) {
            // A renewed lease looks the same every time, and yet it is as long as new from now on.
            let changed = *known != instance || instance.lease.is_some();
            *known = instance;
            return changed;
        }
        if self.len >= MOST_INSTANCES {
            self.left_out += 1;
            return false;
        }
        self.len += 1;
        let listed = self.services.entry(instance.service.clone()).or_default();
        listed.places.insert(instance.id.clone(), listed.instances.len());
        listed.instances.push(instance);
        true
    }
}

impl Listed {
    fn get_mut(&mut self, id: &str) -> Option<&mut Instance> {
        self.instances.get_mut(*self.places.get(id)?)
    }

    /// Whether it was there.
    fn remove(&mut self, id: &str) -> bool {
        let Some(place) = self.places.remove(id) else { return false };
        self.instances.remove(place);
        for behind in self.places.values_mut().filter(|other| **other > place) {
            *behind -= 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn instance(service: &str, id: &str, weight: u32) -> Instance {
        serde_json::from_value(
            serde_json::json!({ "service": service, "id": id, "address": "native://h:1", "weight": weight }),
        )
        .unwrap()
    }

    fn changed(picture: &mut Picture, update: Update) -> Vec<String> {
        picture.apply(update).into_iter().collect()
    }

    #[test]
    fn it_names_what_looks_different() {
        let mut picture = Picture::default();
        let (a1, a2, b1) = (instance("a", "1", 100), instance("a", "2", 100), instance("b", "1", 100));
        assert_eq!(changed(&mut picture, Update::Snapshot(vec![a2.clone(), a1.clone(), b1.clone()])), ["a", "b"]);
        assert_eq!(picture.instances("a"), [a2.clone(), a1.clone()], "in the order of the source");
        assert!(changed(&mut picture, Update::Put(a1.clone())).is_empty());
        assert_eq!(changed(&mut picture, Update::Put(instance("a", "1", 50))), ["a"]);
        assert_eq!(changed(&mut picture, Update::Gone { service: "b".into(), id: "1".into() }), ["b"]);
        assert!(changed(&mut picture, Update::Gone { service: "b".into(), id: "1".into() }).is_empty());
        assert_eq!(picture.services().collect::<Vec<_>>(), ["a"]);
        // After a break the source tells everything again: only the differences show.
        assert_eq!(changed(&mut picture, Update::Snapshot(vec![a2, instance("a", "1", 50), b1])), ["b"]);
        assert_eq!(changed(&mut picture, Update::Snapshot(Vec::new())), ["a", "b"]);
        assert!(picture.is_empty());
    }

    #[test]
    fn a_huge_registry_is_cut_off() {
        let mut picture = Picture::default();
        picture.apply(Update::Snapshot((0..MOST_INSTANCES + 3).map(|n| instance("s", &n.to_string(), 1)).collect()));
        assert_eq!((picture.len(), picture.left_out()), (MOST_INSTANCES, 3));
    }

    proptest! {
        #[test]
        fn its_length_is_that_of_its_parts(steps in prop::collection::vec((any::<bool>(), 0_u8..3, 0_u8..4), 0..80)) {
            let mut picture = Picture::default();
            for (put, service, id) in steps {
                let (service, id) = (service.to_string(), id.to_string());
                picture.apply(if put { Update::Put(instance(&service, &id, 1)) } else { Update::Gone { service, id } });
                let names: Vec<_> = picture.services().map(str::to_owned).collect();
                prop_assert_eq!(picture.len(), names.iter().map(|name| picture.instances(name).len()).sum::<usize>());
            }
        }
    }
}
