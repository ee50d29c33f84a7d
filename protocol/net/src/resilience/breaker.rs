//! Circuit breaker: stops calling an instance that fails, and finds out whether it is well again
//! (resilience4j's, with a count window).
//!
//! ```text
//!             failure rate ≥ threshold, once the minimum of calls is in
//!   Closed ───────────────────────────────────────────────▶ Open ◀──────────────┐
//!     ▲                                                      │                  │
//!     │                         wait is over, next permission│                  │
//!     │   all permits' results are in, rate < threshold      ▼                  │
//!     └────────────────────────────────────────────────── HalfOpen ─────────────┘
//!                                                                 rate ≥ threshold
//! ```
//!
//! Half open, exactly as many calls pass as there are permits; a call that is cancelled gives its
//! permit back. The result of a call that began in another state is ignored. Nothing happens by
//! itself: the first call after the wait makes the move. Pure: time is an argument, addresses are
//! unknown here. One per service and instance.

use std::collections::VecDeque;

use callscope_wire::policy::{Breaker, BreakerState};
use callscope_wire::{Code, Status, Time};

use super::retry::Reach;

/// The breaker of one instance.
#[derive(Debug)]
pub struct CircuitBreaker {
    settings: Breaker,
    phase: Phase,
    /// When it came into this phase.
    since: Time,
    /// Counts phases, so that a late result can be told from one of this phase.
    era: u64,
    /// Outcomes while closed; afterwards those that opened it, for people to see.
    window: Window,
    rejected: u64,
    opened: u64,
    last_failure: Option<(Time, String)>,
}

#[derive(Debug)]
enum Phase {
    Closed,
    Open { until: Time },
    HalfOpen { permits_left: u32, results: Window },
}

/// The right to make one call. Give it back by [`CircuitBreaker::record`] or [`CircuitBreaker::release`].
#[derive(Debug)]
#[must_use = "a permit that is not given back is lost to a half-open breaker"]
pub struct Permit {
    era: u64,
}

/// What a breaker makes of a call's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The instance did its work, even if the caller was wrong.
    Success,
    /// It did not.
    Failure,
    /// Says nothing about the instance: the permit goes back.
    Ignored,
}

impl CircuitBreaker {
    /// Closed, nothing counted.
    pub fn new(settings: Breaker, now: Time) -> Self {
        let window = Window::new(settings.sliding_window_size);
        Self { settings, phase: Phase::Closed, since: now, era: 0, window, rejected: 0, opened: 0, last_failure: None }
    }

    /// Follows other settings from now on. Outcomes stay as far as the window holds them; an open breaker
    /// stays open until the time it said.
    pub fn configure(&mut self, settings: &Breaker) {
        if self.settings != *settings {
            self.window.resize(settings.sliding_window_size);
            self.settings = settings.clone();
        }
    }

    /// Whether [`Self::acquire`] would give a permit now.
    pub fn permits(&self, now: Time) -> bool {
        match &self.phase {
            Phase::Closed => true,
            Phase::Open { until } => now >= *until,
            Phase::HalfOpen { permits_left, .. } => *permits_left > 0,
        }
    }

    /// Asks to make a call. The first one after the wait half-opens the breaker.
    pub fn acquire(&mut self, now: Time) -> Option<Permit> {
        if let Phase::Open { until } = self.phase
            && now >= until
        {
            let permits = self.settings.permitted_number_of_calls_in_half_open_state.max(1);
            self.enter(now, Phase::HalfOpen { permits_left: permits, results: Window::new(permits) });
        }
        match &mut self.phase {
            Phase::Closed => Some(Permit { era: self.era }),
            Phase::HalfOpen { permits_left, .. } if *permits_left > 0 => {
                *permits_left -= 1;
                Some(Permit { era: self.era })
            }
            Phase::Open { .. } | Phase::HalfOpen { .. } => None,
        }
    }

    /// A call passed this instance by because of the breaker.
    pub fn count_rejected(&mut self) {
        self.rejected += 1;
    }

    /// A call with a permit is over. `why` is kept for people if it failed.
    pub fn record(&mut self, now: Time, permit: Permit, failed: bool, why: impl FnOnce() -> String) {
        if permit.era != self.era {
            return;
        }
        if failed {
            self.last_failure = Some((now, why()));
        }
        match &mut self.phase {
            Phase::Closed => {
                self.window.push(failed);
                let minimum = self.settings.minimum_number_of_calls.min(self.settings.sliding_window_size).max(1);
                if self.window.len() >= minimum && self.window.rate() >= self.settings.failure_rate_threshold {
                    self.open(now);
                }
            }
            Phase::HalfOpen { results, .. } => {
                results.push(failed);
                if results.is_full() {
                    if results.rate() >= self.settings.failure_rate_threshold {
                        self.open(now);
                    } else {
                        self.window = Window::new(self.settings.sliding_window_size);
                        self.enter(now, Phase::Closed);
                    }
                }
            }
            // No permit of this era exists: none is given while open.
            Phase::Open { .. } => {}
        }
    }

    /// A call with a permit said nothing about the instance: it was cancelled, or never got there.
    pub fn release(&mut self, permit: Permit) {
        if permit.era == self.era
            && let Phase::HalfOpen { permits_left, .. } = &mut self.phase
        {
            *permits_left += 1;
        }
    }

    /// Its state. An open one whose wait is over is still open: nobody has asked yet.
    pub const fn state(&self) -> BreakerState {
        match self.phase {
            Phase::Closed => BreakerState::Closed,
            Phase::Open { .. } => BreakerState::Open,
            Phase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// When an open one lets a call through again.
    pub const fn until(&self) -> Option<Time> {
        match self.phase {
            Phase::Open { until } => Some(until),
            Phase::Closed | Phase::HalfOpen { .. } => None,
        }
    }

    /// What people see of it.
    pub fn view(&self, service: &str, instance: &str) -> crate::observer::BreakerView {
        let minimum = self.settings.minimum_number_of_calls.min(self.settings.sliding_window_size).max(1);
        crate::observer::BreakerView {
            service: service.to_owned(),
            instance: instance.to_owned(),
            state: self.state(),
            since: self.since,
            until: self.until(),
            window: self.window.outcomes.iter().copied().collect(),
            window_size: self.window.size,
            failure_rate: (self.window.len() >= minimum).then(|| self.window.rate()),
            threshold: self.settings.failure_rate_threshold,
            permits_left: match self.phase {
                Phase::HalfOpen { permits_left, .. } => permits_left,
                Phase::Closed | Phase::Open { .. } => 0,
            },
            permits: match &self.phase {
                Phase::HalfOpen { results, .. } => results.size,
                Phase::Closed | Phase::Open { .. } => self.settings.permitted_number_of_calls_in_half_open_state.max(1),
            },
            rejected: self.rejected,
            opened: self.opened,
            last_failure: self.last_failure.clone(),
        }
    }

    fn open(&mut self, now: Time) {
        self.opened += 1;
        self.rejected = 0;
        self.enter(now, Phase::Open { until: now + self.settings.wait_duration_in_open_state });
    }

    fn enter(&mut self, now: Time, phase: Phase) {
        self.phase = phase;
        self.since = now;
        self.era += 1;
    }
}

/// What the end of an attempt says about its instance.
pub fn evidence(status: &Status, reach: Reach) -> Evidence {
    match (status.code, reach) {
        (Code::OK, _) => Evidence::Success,
        // The caller gave up, or the connection broke under a request that had not left: no evidence.
        (Code::CANCELLED, _) | (_, Reach::NeverLeft) => Evidence::Ignored,
        // A server that says goodbye properly is not ill.
        (Code::UNAVAILABLE, Reach::Sent) if status.not_processed => Evidence::Ignored,
        (
            Code::UNKNOWN
            | Code::DEADLINE_EXCEEDED
            | Code::RESOURCE_EXHAUSTED
            | Code::INTERNAL
            | Code::UNAVAILABLE
            | Code::DATA_LOSS
            | Code::OVERLOADED
            | Code::REFUSED,
            _,
        ) => Evidence::Failure,
        (code, _) if code.0 >= Code::PROTOCOL_ERROR.0 => Evidence::Failure,
        // What is left is the caller's fault, or a limit on the caller: the instance did its work.
        _ => Evidence::Success,
    }
}

/// The last outcomes, and how many of them failed.
#[derive(Debug)]
struct Window {
    outcomes: VecDeque<bool>,
    failed: u32,
    size: u32,
}

impl Window {
    fn new(size: u32) -> Self {
        // Bounded: a settings file must not make every breaker hold a gigabyte.
        Self { outcomes: VecDeque::new(), failed: 0, size: size.clamp(1, 100_000) }
    }

    fn push(&mut self, failed: bool) {
        if self.is_full() {
            self.evict();
        }
        self.outcomes.push_back(failed);
        self.failed += u32::from(failed);
    }

    fn resize(&mut self, size: u32) {
        self.size = Self::new(size).size;
        while self.len() > self.size {
            self.evict();
        }
    }

    fn evict(&mut self) {
        if let Some(oldest) = self.outcomes.pop_front() {
            self.failed -= u32::from(oldest);
        }
    }

    fn len(&self) -> u32 {
        self.outcomes.len() as u32
    }

    fn is_full(&self) -> bool {
        self.len() >= self.size
    }

    /// Percent.
    fn rate(&self) -> f64 {
        if self.outcomes.is_empty() { 0.0 } else { f64::from(self.failed) * 100.0 / f64::from(self.len()) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn settings() -> Breaker {
        Breaker {
            sliding_window_size: 4,
            minimum_number_of_calls: 4,
            failure_rate_threshold: 50.0,
            wait_duration_in_open_state: Duration::from_secs(5),
            permitted_number_of_calls_in_half_open_state: 2,
        }
    }

    /// Runs a script: `+` a success, `-` a failure, `x` a cancelled call, `?` a call that must be rejected,
    /// `>` one second passes. Returns the state after each step.
    fn run(settings: Breaker, script: &str) -> String {
        let mut now = Time::ZERO;
        let mut breaker = CircuitBreaker::new(settings, now);
        script
            .chars()
            .map(|step| {
                match step {
                    '>' => now = now + Duration::from_secs(1),
                    '?' => assert!(breaker.acquire(now).is_none(), "`{script}` lets a call through"),
                    call => {
                        let permit = breaker.acquire(now).unwrap_or_else(|| panic!("`{script}` rejects `{call}`"));
                        match call {
                            'x' => breaker.release(permit),
                            call => breaker.record(now, permit, call == '-', String::new),
                        }
                    }
                }
                match breaker.state() {
                    BreakerState::Closed => 'C',
                    BreakerState::Open => 'O',
                    BreakerState::HalfOpen => 'H',
                }
            })
            .collect()
    }

    /// resilience4j's transitions, as its `CircuitBreakerStateMachineTest` walks through them.
    #[test]
    fn transitions_are_those_of_resilience4j() {
        for (script, states) in [
            // Below the minimum nothing is computed; at the threshold, not above it, it opens.
            ("---", "CCC"),
            ("--++", "CCCO"),
            ("-+++", "CCCC"),
            ("----", "CCCO"),
            // The oldest outcome leaves the window.
            ("-+++-+", "CCCCCC"),
            ("-++++--", "CCCCCCO"),
            // Open: rejected until the wait is over; then the first call makes the move.
            ("----?", "CCCOO"),
            ("---->>>>?>", "CCCOOOOOOO"),
            ("---->>>>>+", "CCCOOOOOOH"),
            // Half open: all results in, below the threshold closes with a fresh window.
            ("---->>>>>++", "CCCOOOOOOHC"),
            ("---->>>>>++---", "CCCOOOOOOHCCCC"),
            // At the threshold it opens again and waits anew.
            ("---->>>>>+-?", "CCCOOOOOOHOO"),
            ("---->>>>>-->>>>?>+", "CCCOOOOOOHOOOOOOOH"),
            // A cancelled call is no result, and its permit comes back.
            ("---->>>>>xxxx++", "CCCOOOOOOHHHHHC"),
            ("xxxx---x-", "CCCCCCCCO"),
        ] {
            assert_eq!(run(settings(), script), states, "{script}");
        }
    }

    #[test]
    fn the_minimum_is_never_larger_than_the_window() {
        let small = Breaker { sliding_window_size: 2, minimum_number_of_calls: 100, ..settings() };
        assert_eq!(run(small, "--"), "CO");
    }

    #[test]
    fn half_open_gives_exactly_its_permits() {
        let mut breaker = CircuitBreaker::new(settings(), Time::ZERO);
        for _ in 0..4 {
            let permit = breaker.acquire(Time::ZERO).unwrap();
            breaker.record(Time::ZERO, permit, true, || "14 UNAVAILABLE".to_owned());
        }
        let later = Time::from_millis(5_000);
        assert!(breaker.permits(later));
        let first = breaker.acquire(later).unwrap();
        let _second = breaker.acquire(later).unwrap();
        assert!(!breaker.permits(later));
        breaker.count_rejected();
        let view = breaker.view("orders", "orders-3");
        assert_eq!((view.permits_left, view.permits, view.rejected, view.opened), (0, 2, 1, 1));
        assert_eq!(view.window, [true; 4], "the window that opened it stays to be seen");
        assert_eq!(view.last_failure, Some((Time::ZERO, "14 UNAVAILABLE".to_owned())));
        breaker.release(first);
        assert!(breaker.permits(later));
    }

    #[test]
    fn late_results_of_another_state_are_ignored() {
        let mut breaker = CircuitBreaker::new(settings(), Time::ZERO);
        let late: Vec<_> = (0..3).filter_map(|_| breaker.acquire(Time::ZERO)).collect();
        for _ in 0..4 {
            let permit = breaker.acquire(Time::ZERO).unwrap();
            breaker.record(Time::ZERO, permit, true, String::new);
        }
        let later = Time::from_millis(5_000);
        let probe = breaker.acquire(later).unwrap();
        for (n, permit) in late.into_iter().enumerate() {
            if n == 0 { breaker.release(permit) } else { breaker.record(later, permit, true, String::new) }
        }
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        assert_eq!(breaker.view("s", "i").permits_left, 1);
        breaker.record(later, probe, false, String::new);
        let probe = breaker.acquire(later).unwrap();
        breaker.record(later, probe, false, String::new);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn another_window_keeps_the_newest_outcomes() {
        let mut breaker = CircuitBreaker::new(Breaker { sliding_window_size: 8, ..settings() }, Time::ZERO);
        for failed in [true, false, false, false] {
            let permit = breaker.acquire(Time::ZERO).unwrap();
            breaker.record(Time::ZERO, permit, failed, String::new);
        }
        breaker.configure(&Breaker { sliding_window_size: 3, ..settings() });
        assert_eq!(breaker.view("s", "i").window, [false; 3]);
        assert_eq!(breaker.view("s", "i").failure_rate, Some(0.0));
    }

    #[test]
    fn the_callers_fault_is_not_the_instances() {
        use Evidence::{Failure, Ignored, Success};
        for (code, not_processed, reach, expected) in [
            (Code::OK, false, Reach::Sent, Success),
            (Code::INVALID_ARGUMENT, false, Reach::Sent, Success),
            (Code::NOT_FOUND, false, Reach::Sent, Success),
            (Code::RATE_LIMITED, false, Reach::Sent, Success),
            (Code::CANCELLED, false, Reach::Sent, Ignored),
            (Code::UNAVAILABLE, false, Reach::Sent, Failure),
            (Code::UNAVAILABLE, true, Reach::Sent, Ignored),
            (Code::UNAVAILABLE, true, Reach::NeverLeft, Ignored),
            (Code::UNAVAILABLE, true, Reach::NotConnected, Failure),
            (Code::OVERLOADED, true, Reach::Sent, Failure),
            (Code::DEADLINE_EXCEEDED, false, Reach::Sent, Failure),
            (Code::CHECKSUM_MISMATCH, false, Reach::Sent, Failure),
        ] {
            let status = Status { not_processed, ..Status::new(code, "") };
            assert_eq!(evidence(&status, reach), expected, "{code} {reach:?}");
        }
    }

    proptest! {
        /// Whatever happens in whatever order: permits out + permits left = permits while half open, and
        /// the count of failures is that of the window.
        #[test]
        fn permits_are_conserved(steps in prop::collection::vec((0_u8..6, 0_usize..8), 1..300)) {
            let mut breaker = CircuitBreaker::new(settings(), Time::ZERO);
            let mut now = Time::ZERO;
            let mut out: Vec<Permit> = Vec::new();
            for (step, which) in steps {
                match step {
                    0 => now = now + Duration::from_secs(2),
                    1 | 2 => out.extend(breaker.acquire(now)),
                    _ if out.is_empty() => {}
                    3 => breaker.release(out.swap_remove(which % out.len())),
                    failed => {
                        let permit = out.swap_remove(which % out.len());
                        breaker.record(now, permit, failed == 4, String::new);
                    }
                }
                let current = out.iter().filter(|permit| permit.era == breaker.era).count() as u32;
                if let Phase::HalfOpen { permits_left, results } = &breaker.phase {
                    prop_assert_eq!(permits_left + current + results.len(), 2);
                }
                let failed = breaker.window.outcomes.iter().filter(|failed| **failed).count() as u32;
                prop_assert_eq!(breaker.window.failed, failed);
                prop_assert!(breaker.window.len() <= 4);
            }
        }
    }
}
