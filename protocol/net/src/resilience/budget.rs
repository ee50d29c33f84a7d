//! Retry budget: a bound on the load that retries add, so that they do not make an outage worse
//! (Finagle's `RetryBudget`, tower's `TpsBudget`).
//!
//! A leaky bucket. Every call deposits 1, every retry withdraws 1/percent; deposits and withdrawals
//! leak away after `ttl`; beneath them lies a reserve of `min_per_second · ttl` retries, so that rare
//! calls may be retried too. Pure: time is an argument. One per service.

use std::time::Duration;

use callscope_wire::Time;
use callscope_wire::policy::RetryBudget;

/// Finagle's granularity: the window is this many slots, and a slot leaks away as a whole.
const SLOTS: usize = 10;

/// Tokens of one call. Finagle's scale, so that fractions of a percent count.
const DEPOSIT: i64 = 1000;

/// A service's budget.
#[derive(Debug)]
pub struct Budget {
    settings: RetryBudget,
    /// What a retry costs, in tokens.
    cost: i64,
    /// Tokens that are always there.
    reserve: i64,
    /// Deposits less withdrawals, by slot of the window.
    slots: [i64; SLOTS],
    /// The slot that `now` was last in, counted from the epoch.
    newest: u64,
}

/// A budget as it can be seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetView {
    /// Retries that could be made right now.
    pub left: u64,
    /// Retries that could be made if none had been made within the ttl.
    pub reserve: u64,
}

impl Budget {
    /// Full reserve, no deposits.
    pub fn new(settings: RetryBudget) -> Self {
        let (cost, reserve) = tokens(&settings);
        Self { settings, cost, reserve, slots: [0; SLOTS], newest: 0 }
    }

    /// Follows other settings from now on; deposits stay.
    pub fn configure(&mut self, settings: &RetryBudget) {
        if self.settings != *settings {
            (self.cost, self.reserve) = tokens(settings);
            self.settings = settings.clone();
        }
    }

    /// A call was made (not a retry).
    pub fn deposit(&mut self, now: Time) {
        if let Some(slot) = self.slot(now) {
            *slot = slot.saturating_add(DEPOSIT);
        }
    }

    /// Whether a retry may be made; if so it is taken.
    pub fn withdraw(&mut self, now: Time) -> bool {
        let cost = self.cost;
        if self.balance(now) < cost {
            return false;
        }
        if let Some(slot) = self.slot(now) {
            *slot = slot.saturating_sub(cost);
        }
        true
    }

    /// What it looks like now.
    pub fn view(&mut self, now: Time) -> BudgetView {
        let retries = |tokens: i64| u64::try_from(tokens / self.cost).unwrap_or(0);
        let reserve = retries(self.reserve);
        let (balance, cost) = (self.balance(now), self.cost);
        BudgetView { left: u64::try_from(balance / cost).unwrap_or(0), reserve }
    }

    fn balance(&mut self, now: Time) -> i64 {
        self.leak(now);
        self.slots.iter().fold(self.reserve, |sum, slot| sum.saturating_add(*slot))
    }

    fn slot(&mut self, now: Time) -> Option<&mut i64> {
        self.leak(now);
        self.slots.get_mut((self.newest % SLOTS as u64) as usize)
    }

    /// Empties the slots that the window has moved past.
    fn leak(&mut self, now: Time) {
        let width = (self.settings.ttl.as_nanos() / SLOTS as u128).clamp(1, u64::MAX.into()) as u64;
        let current = now.0 / width;
        let passed = current.saturating_sub(self.newest).min(SLOTS as u64);
        for step in 1..=passed {
            let index = ((self.newest + step) % SLOTS as u64) as usize;
            if let Some(slot) = self.slots.get_mut(index) {
                *slot = 0;
            }
        }
        // More than a window away, the slots between were all emptied above.
        if passed == SLOTS as u64 {
            self.slots = [0; SLOTS];
        }
        self.newest = self.newest.max(current);
    }
}

/// Cost of a retry and the reserve, in tokens.
fn tokens(settings: &RetryBudget) -> (i64, i64) {
    let share = settings.percent / 100.0;
    // Finagle: at 0 % deposits are worth nothing; here a retry then costs more than a window can hold.
    let cost = if share > 0.0 { (DEPOSIT as f64 / share).clamp(1.0, 1e15) as i64 } else { 1_000_000_000_000_000 };
    let retries = (settings.min_per_second.max(0.0) * ttl_seconds(settings.ttl)).min(1e6);
    (cost, (retries * cost as f64) as i64)
}

fn ttl_seconds(ttl: Duration) -> f64 {
    ttl.as_secs_f64().max(0.001)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn budget(percent: f64, min_per_second: f64) -> Budget {
        Budget::new(RetryBudget { percent, min_per_second, ttl: Duration::from_secs(10) })
    }

    fn take_all(budget: &mut Budget, now: Time) -> usize {
        (0..100_000).take_while(|_| budget.withdraw(now)).count()
    }

    #[test]
    fn a_fifth_of_the_calls_may_be_tried_again() {
        let mut budget = budget(20.0, 0.0);
        let now = Time::from_millis(5);
        assert_eq!(take_all(&mut budget, now), 0);
        (0..100).for_each(|_| budget.deposit(now));
        assert_eq!(take_all(&mut budget, now), 20);
    }

    #[test]
    fn the_reserve_is_always_there_and_comes_back_after_the_ttl() {
        let mut budget = budget(20.0, 10.0);
        assert_eq!(budget.view(Time::ZERO), BudgetView { left: 100, reserve: 100 });
        assert_eq!(take_all(&mut budget, Time::ZERO), 100);
        assert_eq!(take_all(&mut budget, Time::from_millis(8_999)), 0);
        assert_eq!(take_all(&mut budget, Time::from_millis(10_000)), 100);
    }

    #[test]
    fn deposits_leak_away() {
        let mut budget = budget(50.0, 0.0);
        (0..10).for_each(|_| budget.deposit(Time::from_millis(100)));
        assert_eq!(budget.view(Time::from_millis(9_999)).left, 5);
        assert_eq!(budget.view(Time::from_millis(10_000)).left, 0);
        budget.deposit(Time::from_millis(500_000));
        budget.deposit(Time::from_millis(500_001));
        assert_eq!(take_all(&mut budget, Time::from_millis(500_001)), 1);
    }

    #[test]
    fn other_settings_count_from_now_on() {
        let mut budget = budget(20.0, 0.0);
        (0..10).for_each(|_| budget.deposit(Time::ZERO));
        assert_eq!(budget.view(Time::ZERO).left, 2);
        budget.configure(&RetryBudget { percent: 100.0, min_per_second: 0.0, ttl: Duration::from_secs(10) });
        assert_eq!(take_all(&mut budget, Time::ZERO), 10);
    }

    #[test]
    fn nothing_is_allowed_at_zero_percent_without_a_floor() {
        let mut budget = budget(0.0, 0.0);
        (0..1000).for_each(|_| budget.deposit(Time::ZERO));
        assert!(!budget.withdraw(Time::ZERO));
    }

    proptest! {
        /// Within any window: retries ≤ percent · calls + reserve.
        #[test]
        fn the_bound_is_never_passed(
            percent in 1.0_f64..200.0, floor in 0.0_f64..20.0,
            steps in prop::collection::vec((0_u64..1_500, any::<bool>()), 1..400),
        ) {
            let mut budget = budget(percent, floor);
            let (mut now, mut history) = (0_u64, Vec::new());
            for (pause, call) in steps {
                now += pause;
                let at = Time::from_millis(now);
                if call {
                    budget.deposit(at);
                    history.push((now, true));
                } else if budget.withdraw(at) {
                    history.push((now, false));
                    // Slots of a second: what counts now began at most nine full slots ago.
                    let from = (now / 1000).saturating_sub(9) * 1000;
                    let recent = |kind| history.iter().filter(|(at, call)| *at >= from && *call == kind).count() as f64;
                    let bound = recent(true) * percent / 100.0 + floor * 10.0;
                    prop_assert!(recent(false) <= bound * 1.001 + 1e-6, "{} > {bound}", recent(false));
                }
            }
        }
    }
}
