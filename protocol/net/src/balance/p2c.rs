//! The power of two choices: of two picked at random by weight, the one with fewer calls in flight
//! for its weight. Nearly as good as asking all, and no herd runs after the one that looks idle.
//!
//! Remembers nothing: the load comes with the candidates.

use super::{Balancer, Candidate, effective_weight};

/// See the module.
#[derive(Debug)]
pub struct P2c;

impl Balancer for P2c {
    fn pick(&mut self, candidates: &[Candidate<'_>], random: [f64; 2]) -> Option<usize> {
        let [first, second] = random;
        let one = by_weight(candidates, None, first)?;
        let Some(other) = by_weight(candidates, Some(one), second) else { return Some(one) };
        Some(if load(candidates, other) < load(candidates, one) { other } else { one })
    }
}

/// The candidate, other than `except`, in which the `random` share of the sum of weights falls.
fn by_weight(candidates: &[Candidate<'_>], except: Option<usize>, random: f64) -> Option<usize> {
    let open = || {
        candidates
            .iter()
            .enumerate()
            .filter(move |(place, _)| Some(*place) != except)
            .map(|(place, candidate)| (place, f64::from(effective_weight(candidates, candidate))))
            .filter(|(_, weight)| *weight > 0.0)
    };
    let mut left = open().map(|(_, weight)| weight).sum::<f64>() * random.clamp(0.0, 1.0);
    let mut last = None;
    for (place, weight) in open() {
        last = Some(place);
        if left < weight {
            break;
        }
        left -= weight;
    }
    last
}

/// Calls in flight, this one included, for the weight.
fn load(candidates: &[Candidate<'_>], place: usize) -> f64 {
    candidates.get(place).map_or(f64::INFINITY, |candidate| {
        (candidate.in_flight as f64 + 1.0) / f64::from(effective_weight(candidates, candidate))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(candidates: &[(u32, usize)], random: [f64; 2]) -> Option<usize> {
        let candidates: Vec<_> = candidates
            .iter()
            .map(|(weight, in_flight)| Candidate { id: "", weight: *weight, in_flight: *in_flight })
            .collect();
        P2c.pick(&candidates, random)
    }

    #[test]
    fn the_less_loaded_of_two_is_picked() {
        // 0.0 takes the first; 0.0 of those left takes the next.
        assert_eq!(pick(&[(100, 3), (100, 1), (100, 0)], [0.0, 0.0]), Some(1));
        assert_eq!(pick(&[(100, 3), (100, 1), (100, 0)], [0.0, 0.99]), Some(2));
        assert_eq!(pick(&[(100, 1), (100, 3), (100, 9)], [0.0, 0.99]), Some(0));
        assert_eq!(pick(&[(100, 0), (100, 0)], [0.99, 0.5]), Some(1), "a tie stays with the first choice");
        assert_eq!(pick(&[(100, 7)], [0.5, 0.5]), Some(0));
        assert_eq!(pick(&[], [0.5, 0.5]), None);
    }

    #[test]
    fn weight_counts_in_the_choice_and_in_the_load() {
        // A tenth of the weight owns a tenth of the line.
        assert_eq!(pick(&[(90, 0), (10, 0), (0, 0)], [0.89, 0.0]), Some(0));
        assert_eq!(pick(&[(90, 0), (10, 0), (0, 0)], [0.91, 0.0]), Some(0), "one call weighs more on the small one");
        assert_eq!(pick(&[(90, 20), (10, 0), (0, 0)], [0.1, 0.0]), Some(1));
    }
}
