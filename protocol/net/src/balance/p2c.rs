//! The power of two choices: of two picked at random by weight, the one with fewer calls in flight.
//! Nearly as good as asking all, and no herd runs after the one that looks idle.
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

/// Calls in flight. Not divided by the weight, which has had its say in the choice of the two: an instance with a
/// little less weight would otherwise lose every tie, and an idle service is nothing but ties.
fn load(candidates: &[Candidate<'_>], place: usize) -> usize {
    candidates.get(place).map_or(usize::MAX, |candidate| candidate.in_flight)
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
    fn weight_decides_who_is_among_the_two() {
        // A tenth of the weight owns a tenth of the line.
        assert_eq!(pick(&[(90, 0), (10, 0), (0, 0)], [0.89, 0.0]), Some(0));
        assert_eq!(pick(&[(90, 0), (10, 0), (0, 0)], [0.91, 0.0]), Some(1), "a tie stays with the first choice");
        assert_eq!(pick(&[(90, 0), (10, 1), (0, 0)], [0.91, 0.0]), Some(0));
        assert_eq!(pick(&[(90, 9), (10, 9), (0, 0)], [0.5, 0.5]), Some(0), "weight 0 is for when there is no other");
    }

    #[test]
    fn an_idle_service_is_shared_by_weight() {
        let mut random = fastrand::Rng::with_seed(5);
        let mut picks = [0_u32; 3];
        for _ in 0..28_000 {
            picks[pick(&[(100, 0), (80, 0), (100, 0)], [random.f64(), random.f64()]).unwrap()] += 1;
        }
        for (found, wanted) in picks.into_iter().zip([10_000, 8_000, 10_000]) {
            assert!(found.abs_diff(wanted) < 500, "{picks:?}");
        }
    }
}
