//! In turn, by weight: nginx's smooth weighted round robin, which spreads a heavy instance's turns
//! evenly instead of giving them in a row.
//!
//! At every pick each candidate gains its weight; the richest is picked and pays the sum of all
//! weights. Knows nothing of load.

use std::collections::HashMap;

use super::{Balancer, Candidate, effective_weight};

/// Remembers how much each instance has gained, by id, so that instances may come and go.
#[derive(Debug, Default)]
pub struct RoundRobin {
    gained: HashMap<String, i64>,
}

impl Balancer for RoundRobin {
    fn pick(&mut self, candidates: &[Candidate<'_>], _random: [f64; 2]) -> Option<usize> {
        // Instances come and go for as long as the client lives: forget those long gone.
        if self.gained.len() > candidates.len().saturating_mul(4).max(64) {
            self.gained.retain(|id, _| candidates.iter().any(|candidate| candidate.id == id));
        }
        let mut sum = 0;
        let mut best: Option<(usize, i64)> = None;
        for (place, candidate) in candidates.iter().enumerate() {
            let weight = i64::from(effective_weight(candidates, candidate));
            if weight == 0 {
                continue;
            }
            sum += weight;
            let gained = match self.gained.get_mut(candidate.id) {
                Some(gained) => gained,
                None => self.gained.entry(candidate.id.to_owned()).or_default(),
            };
            *gained += weight;
            if best.is_none_or(|(_, most)| *gained > most) {
                best = Some((place, *gained));
            }
        }
        let (place, _) = best?;
        let picked = candidates.get(place)?;
        if let Some(gained) = self.gained.get_mut(picked.id) {
            *gained -= sum;
        }
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picks(weights: &[(&str, u32)], n: usize) -> String {
        let candidates: Vec<_> =
            weights.iter().map(|(id, weight)| Candidate { id, weight: *weight, in_flight: 0 }).collect();
        let mut balancer = RoundRobin::default();
        (0..n).map(|_| candidates[balancer.pick(&candidates, [0.0; 2]).unwrap()].id).collect()
    }

    #[test]
    fn turns_follow_the_weights_smoothly() {
        assert_eq!(picks(&[("a", 100), ("b", 100), ("c", 100)], 6), "abcabc");
        assert_eq!(picks(&[("a", 5), ("b", 1), ("c", 1)], 7), "aabacaa");
        assert_eq!(picks(&[("a", 0), ("b", 1)], 3), "bbb");
        assert_eq!(picks(&[("a", 0), ("b", 0)], 4), "abab");
    }

    #[test]
    fn an_instance_may_leave_and_come_back() {
        let a = Candidate { id: "a", weight: 1, in_flight: 0 };
        let b = Candidate { id: "b", ..a };
        let mut balancer = RoundRobin::default();
        assert_eq!(balancer.pick(&[a, b], [0.0; 2]), Some(0));
        assert_eq!(balancer.pick(&[a], [0.0; 2]), Some(0));
        assert_eq!(balancer.pick(&[a, b], [0.0; 2]), Some(1));
    }
}
