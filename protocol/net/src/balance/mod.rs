//! Which instance gets the next attempt.
//!
//! Pure: randomness is an argument. A balancer sees weights and loads, never addresses, dialects or
//! transports, and chooses among the candidates that it is given: whoever asks has left out the
//! instances that are down, that this call has tried, or whose breaker does not permit. To add one:
//! its file, its row in [`ALL`], its variant in `callscope_wire::policy::Balance`.

pub mod p2c;
pub mod round_robin;

use callscope_wire::policy::Balance;

/// An instance that may be picked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its share relative to the others; 0: only if there is no other.
    pub weight: u32,
    /// Calls of this client that it has not answered yet.
    pub in_flight: usize,
}

/// A way to pick. Keeps what it must remember between picks; one for each service.
pub trait Balancer: Send {
    /// The place of the pick in `candidates`; `None` only if there is none. `random` is uniform in 0..1, twice.
    fn pick(&mut self, candidates: &[Candidate<'_>], random: [f64; 2]) -> Option<usize>;
}

/// A row of [`ALL`].
#[derive(Debug)]
pub struct BalanceKind {
    /// Name of its file and in settings.
    pub name: &'static str,
    /// As settings have it.
    pub balance: Balance,
    /// What it does, a few words.
    pub docs: &'static str,
    /// Makes one.
    pub make: fn() -> Box<dyn Balancer>,
}

/// Every way to pick.
pub const ALL: &[BalanceKind] = &[
    BalanceKind {
        name: "round_robin",
        balance: Balance::RoundRobin,
        docs: "in turn, by weight",
        make: || Box::<round_robin::RoundRobin>::default(),
    },
    BalanceKind {
        name: "p2c",
        balance: Balance::P2c,
        docs: "least load of two picked at random",
        make: || Box::new(p2c::P2c),
    },
];

/// A balancer of this kind.
pub fn make(balance: Balance) -> Box<dyn Balancer> {
    match ALL.iter().find(|kind| kind.balance == balance) {
        Some(kind) => (kind.make)(),
        None => Box::new(p2c::P2c),
    }
}

/// Weights with the rule for 0 applied: if all are 0, all are equal.
fn effective_weight(candidates: &[Candidate<'_>], candidate: &Candidate<'_>) -> u32 {
    if candidates.iter().all(|candidate| candidate.weight == 0) { 1 } else { candidate.weight }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_table_holds_every_setting() {
        let rows: Vec<_> = ALL.iter().map(|kind| (kind.name, kind.balance)).collect();
        let settings: Vec<_> = Balance::ALL.iter().map(|balance| (balance.name(), *balance)).collect();
        assert_eq!(rows, settings);
    }

    proptest! {
        #[test]
        fn a_pick_is_always_a_candidate(
            weights in prop::collection::vec((0_u32..3, 0_usize..5), 0..6),
            random in (0.0_f64..1.0, 0.0_f64..1.0),
        ) {
            let ids: Vec<String> = (0..weights.len()).map(|n| format!("i-{n}")).collect();
            let candidates: Vec<_> = ids
                .iter()
                .zip(&weights)
                .map(|(id, (weight, in_flight))| Candidate { id, weight: *weight, in_flight: *in_flight })
                .collect();
            for kind in ALL {
                let pick = (kind.make)().pick(&candidates, [random.0, random.1]);
                prop_assert_eq!(pick.is_none(), candidates.is_empty());
                if let Some(pick) = pick {
                    let someone_weighs = candidates.iter().any(|candidate| candidate.weight > 0);
                    prop_assert!(candidates[pick].weight > 0 || !someone_weighs, "{} picks weight 0", kind.name);
                }
            }
        }
    }
}
