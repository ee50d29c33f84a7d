//! When an instance is unwell: calm for a while, then failing nearly always, and so on, the same for the same seed.
//!
//! ```text
//!  calm 6 s ─▶ burst 8–12 s ─▶ calm 14–20 s ─▶ burst …
//! ```
//!
//! Long enough that a breaker with a window of 20 opens at a few calls per second, short enough that it is
//! seen to close again within a minute. Pure: time and chance are arguments.

use std::time::Duration;

/// Shares of calls that fail.
const CALM: f64 = 0.01;
const BURST: f64 = 0.9;

/// From the start to the first burst.
const FIRST_CALM: Duration = Duration::from_secs(6);

/// An instance's health over time.
#[derive(Debug)]
pub(super) struct Bursts {
    random: fastrand::Rng,
    in_burst: bool,
    /// Since the start.
    until: Duration,
}

impl Bursts {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), in_burst: false, until: FIRST_CALM }
    }

    /// Whether a call fails that comes `elapsed` after the start; `chance` is uniform in 0..1.
    pub(super) fn fails(&mut self, elapsed: Duration, chance: f64) -> bool {
        while elapsed >= self.until {
            self.in_burst = !self.in_burst;
            let (shortest, longest) = if self.in_burst { (8_000, 12_000) } else { (14_000, 20_000) };
            self.until += Duration::from_millis(self.random.u64(shortest..=longest));
        }
        chance < if self.in_burst { BURST } else { CALM }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_minute_has_a_burst_and_a_calm_that_a_breaker_can_see() {
        for seed in 0..20 {
            let mut bursts = Bursts::new(seed);
            let mut chance = fastrand::Rng::with_seed(seed);
            // Five calls a second for ten minutes, failures counted per four seconds (a window of 20).
            let failures: Vec<usize> = (0..150)
                .map(|window| {
                    (0..20)
                        .filter(|n| bursts.fails(Duration::from_millis(window * 4000 + n * 200), chance.f64()))
                        .count()
                })
                .collect();
            for minute in failures.chunks(15) {
                assert!(minute.iter().any(|failed| *failed >= 12), "no burst with seed {seed}: {minute:?}");
                assert!(minute.iter().any(|failed| *failed <= 2), "no calm with seed {seed}: {minute:?}");
            }
        }
    }
}
