//! Retry: whether a failed attempt is worth another, and how long to wait before it (gRFC A6).
//!
//! ```text
//!  outcome ──▶ committed? ──▶ not processed? ──▶ pushback? ──▶ policy ──▶ Again { delay, how } | Stop(why)
//!               no retry       transparent        its wish      back-off with jitter
//! ```
//!
//! Pure: jitter is an argument, and nothing here waits. It knows neither addresses nor connections.
//! The budget and the deadline are asked by whoever follows the decision.

use std::time::Duration;

use callscope_wire::policy::Retry;
use callscope_wire::{Sentence, Status, say};

/// Attempts above this many are not made, whatever the policy says (gRFC A6).
pub const MOST_ATTEMPTS: u8 = 5;

/// Bytes of request kept for sending again; a longer request commits its call to the instance that has it.
pub const REPLAY_BUFFER: usize = 256 << 10;

/// How far the request of a failed attempt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// No connection could be made.
    NotConnected,
    /// A connection was there, but it broke before the request was written.
    NeverLeft,
    /// The request was written; the server may have seen it.
    Sent,
}

/// How an attempt ended, as far as retry is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// Its status.
    pub status: &'a Status,
    /// How far the request came.
    pub reach: Reach,
    /// A frame of the answer arrived: what was seen cannot be taken back.
    pub answered: bool,
    /// The whole request is still here to be sent again.
    pub replayable: bool,
    /// The request is one message. Streams are sent again only if they were not processed.
    pub one_message: bool,
    /// Instances that this call has not tried yet and could.
    pub untried: usize,
}

/// What to do after a failed attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Try again after `delay`.
    Again {
        /// How long to wait.
        delay: Duration,
        /// It takes a token of the budget and one of the attempts. Transparent retries take neither.
        counted: bool,
        /// Why, in plain words.
        reason: Sentence,
    },
    /// Leave it at this status.
    Stop {
        /// Why a retry that was wanted is not made; `None`: none was wanted.
        refused: Option<Sentence>,
    },
}

/// Where a call stands in its policy.
#[derive(Debug)]
pub struct RetryState {
    policy: Option<Retry>,
    /// Attempts that count, the first included.
    attempts: u8,
    /// Retries since the start or since the server last said how long to wait.
    step: u32,
    /// Connections that broke under the request so far.
    races: u32,
    /// The one transparent retry of a request that reached the server's library.
    library_used: bool,
}

impl RetryState {
    /// Before the first attempt. Without a policy only what was provably not processed is sent again.
    pub fn new(policy: Option<Retry>) -> Self {
        Self { policy, attempts: 1, step: 0, races: 0, library_used: false }
    }

    /// Attempts before the one that runs, as the server is told.
    pub const fn previous_attempts(&self) -> u8 {
        self.attempts.saturating_sub(1)
    }

    /// Attempts that the policy allows.
    pub fn most_attempts(&self) -> u8 {
        self.policy.as_ref().map_or(1, |policy| policy.max_attempts.clamp(1, MOST_ATTEMPTS))
    }

    /// Decides after an attempt that did not end in OK. `jitter` is uniform in 0..1.
    pub fn decide(&mut self, outcome: Outcome<'_>, jitter: f64) -> Decision {
        let status = outcome.status;
        if outcome.answered {
            let wanted = self.retryable(status) && outcome.one_message;
            return stop(
                wanted.then(|| {
                    say!("retry.committed", "the answer had begun, so the call is committed to this instance")
                }),
            );
        }
        let transparent = status.not_processed || outcome.reach == Reach::NeverLeft;
        if !outcome.replayable {
            let wanted = transparent || self.retryable(status);
            return stop(wanted.then(|| {
                say!(
                    "retry.too_large",
                    "the request is larger than the replay buffer of %{bytes} bytes",
                    bytes = REPLAY_BUFFER
                )
            }));
        }
        if let Some(pushback) = status.pushback_ms
            && pushback < 0
        {
            let wanted = transparent || self.retryable(status);
            return stop(wanted.then(|| say!("retry.asked_not", "the server asked not to be called again")));
        }
        if transparent && let Some(decision) = self.transparent(outcome, jitter) {
            return decision;
        }
        if !self.retryable(status) {
            return stop(None);
        }
        if !outcome.one_message && !status.not_processed {
            return stop(Some(say!("retry.stream", "a stream is sent again only if it was not processed")));
        }
        let most = self.most_attempts();
        if self.attempts >= most {
            return stop(Some(say!("retry.used_up", "all %{count} attempts are used up", count = most)));
        }
        self.attempts = self.attempts.saturating_add(1);
        if let Some(delay) = pushback_of(status) {
            // The server's word replaces the back-off, which starts anew behind it.
            self.step = 0;
            let reason =
                say!("retry.asked_to_wait", "the server asked to wait %{ms} ms", ms = delay.as_millis().to_string());
            return Decision::Again { delay, counted: true, reason };
        }
        let delay = self.backoff(jitter);
        self.step = self.step.saturating_add(1);
        Decision::Again {
            delay,
            counted: true,
            reason: say!("retry.worth_it", "%{code} is worth another try", code = status.code.name()),
        }
    }

    /// Retries that are free because no handler saw the request; `None`: the policy decides.
    fn transparent(&mut self, outcome: Outcome<'_>, jitter: f64) -> Option<Decision> {
        let again = |delay, reason| Some(Decision::Again { delay, counted: false, reason });
        match outcome.reach {
            // Connecting to the same closed port again at once would be a tight loop: only instances
            // that were not tried are worth it. After them the failure follows the policy, as a
            // balancer's TRANSIENT_FAILURE does.
            Reach::NotConnected if outcome.untried > 0 => {
                let reason = say!("retry.elsewhere", "no connection could be made; another instance is there");
                again(Duration::ZERO, reason)
            }
            Reach::NotConnected => None,
            Reach::NeverLeft => {
                // Without end until the deadline; from the second time on with a growing pause, since a
                // server that accepts and drops every connection would otherwise be hammered.
                let delay = match self.races {
                    0 => Duration::ZERO,
                    n => jittered(Duration::from_millis(25).saturating_mul(1 << n.min(6)), jitter),
                };
                self.races = self.races.saturating_add(1);
                again(delay, say!("retry.unsent", "the connection broke before the request was sent"))
            }
            Reach::Sent if self.library_used => None,
            Reach::Sent => {
                self.library_used = true;
                let reason = say!("retry.unprocessed", "the server did not process it");
                again(pushback_of(outcome.status).unwrap_or_default(), reason)
            }
        }
    }

    fn retryable(&self, status: &Status) -> bool {
        self.policy.as_ref().is_some_and(|policy| policy.retryable_status_codes.contains(&status.code))
    }

    /// `min(initial·multiplier^(n-1), max) × random(0.8, 1.2)` for retry n.
    fn backoff(&self, jitter: f64) -> Duration {
        let Some(policy) = &self.policy else { return Duration::ZERO };
        let grown =
            policy.initial_backoff.as_secs_f64() * policy.backoff_multiplier.max(0.0).powf(f64::from(self.step));
        let most = policy.max_backoff.as_secs_f64();
        let base = if grown.is_finite() { grown.min(most) } else { most };
        jittered(Duration::try_from_secs_f64(base).unwrap_or(policy.max_backoff), jitter)
    }
}

/// gRPC's connection back-off: 1 s, ×1.6, up to 120 s, jitter 0.2.
pub fn connect_backoff(failures: u32, jitter: f64) -> Duration {
    let seconds = 1.6_f64.powf(f64::from(failures.saturating_sub(1).min(20))).min(120.0);
    jittered(Duration::from_secs_f64(seconds), jitter)
}

/// `duration × random(0.8, 1.2)` for a `jitter` uniform in 0..1.
pub fn jittered(duration: Duration, jitter: f64) -> Duration {
    let factor = 0.8 + 0.4 * if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.5 };
    Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(duration)
}

fn pushback_of(status: &Status) -> Option<Duration> {
    status.pushback_ms.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis)
}

const fn stop(refused: Option<Sentence>) -> Decision {
    Decision::Stop { refused }
}

#[cfg(test)]
mod tests {
    use callscope_wire::Code;
    use proptest::prelude::*;

    use super::*;

    const MIDDLE: f64 = 0.5;

    fn failed(status: &Status) -> Outcome<'_> {
        Outcome { status, reach: Reach::Sent, answered: false, replayable: true, one_message: true, untried: 0 }
    }

    fn delays(policy: Retry, statuses: &[Status]) -> Vec<Option<u64>> {
        let mut state = RetryState::new(Some(policy));
        statuses
            .iter()
            .map(|status| match state.decide(failed(status), MIDDLE) {
                Decision::Again { delay, .. } => Some(delay.as_millis() as u64),
                Decision::Stop { .. } => None,
            })
            .collect()
    }

    fn unavailable() -> Status {
        Status::new(Code::UNAVAILABLE, "")
    }

    fn pushback(ms: i32) -> Status {
        Status { pushback_ms: Some(ms), ..unavailable() }
    }

    #[test]
    fn back_off_grows_to_its_bound_and_attempts_run_out() {
        let policy = Retry { max_attempts: 5, max_backoff: Duration::from_millis(300), ..Retry::default() };
        let five = vec![unavailable(); 5];
        assert_eq!(delays(policy.clone(), &five), [Some(100), Some(200), Some(300), Some(300), None]);
        assert_eq!(delays(Retry { max_attempts: 9, ..policy.clone() }, &five)[4], None, "above 5 acts as 5");
        assert_eq!(delays(Retry { max_attempts: 1, ..policy }, &five)[0], None);
    }

    #[test]
    fn the_server_says_how_long_to_wait() {
        let policy = || Retry { max_attempts: 5, ..Retry::default() };
        let wish = [unavailable(), unavailable(), pushback(7), unavailable()];
        assert_eq!(delays(policy(), &wish), [Some(100), Some(200), Some(7), Some(100)], "back-off starts anew");
        assert_eq!(delays(policy(), &[pushback(0)]), [Some(0)]);
        let mut state = RetryState::new(Some(policy()));
        let refused = Some(say!("retry.asked_not", "the server asked not to be called again"));
        assert_eq!(state.decide(failed(&pushback(-1)), MIDDLE), Decision::Stop { refused });
    }

    #[test]
    fn only_what_the_policy_names_is_tried_again() {
        for code in [Code::INVALID_ARGUMENT, Code::DEADLINE_EXCEEDED, Code::CANCELLED] {
            let mut state = RetryState::new(Some(Retry::default()));
            let status = Status::new(code, "");
            assert_eq!(state.decide(failed(&status), MIDDLE), Decision::Stop { refused: None }, "{code}");
        }
        let mut off = RetryState::new(None);
        assert_eq!(off.decide(failed(&unavailable()), MIDDLE), Decision::Stop { refused: None });
    }

    #[test]
    fn not_processed_is_sent_again_once_and_for_free() {
        let status = Status::unprocessed(Code::UNAVAILABLE, "going away");
        let mut state = RetryState::new(None);
        assert!(matches!(
            state.decide(failed(&status), MIDDLE),
            Decision::Again { delay: Duration::ZERO, counted: false, .. }
        ));
        assert_eq!(state.previous_attempts(), 0);
        assert_eq!(state.decide(failed(&status), MIDDLE), Decision::Stop { refused: None });
    }

    #[test]
    fn what_never_left_is_sent_until_it_leaves() {
        let status = Status::unprocessed(Code::UNAVAILABLE, "connection lost");
        let mut state = RetryState::new(None);
        for n in 0..50 {
            let decision = state.decide(Outcome { reach: Reach::NeverLeft, ..failed(&status) }, MIDDLE);
            let Decision::Again { delay, counted: false, .. } = decision else { panic!("{decision:?}") };
            assert_eq!(delay.is_zero(), n == 0);
        }
    }

    #[test]
    fn a_closed_port_is_left_for_the_instances_not_tried() {
        let status = Status::unprocessed(Code::UNAVAILABLE, "connection refused");
        let mut state = RetryState::new(None);
        let refused = |untried| Outcome { reach: Reach::NotConnected, untried, ..failed(&status) };
        assert!(matches!(state.decide(refused(2), MIDDLE), Decision::Again { counted: false, .. }));
        assert_eq!(state.decide(refused(0), MIDDLE), Decision::Stop { refused: None });
    }

    #[test]
    fn commitment_says_why_nothing_more_is_tried() {
        let status = unavailable();
        let refused = |outcome| match RetryState::new(Some(Retry::default())).decide(outcome, MIDDLE) {
            Decision::Stop { refused } => refused.map(|why| why.to_string()).unwrap_or_default(),
            again @ Decision::Again { .. } => panic!("{again:?}"),
        };
        assert!(refused(Outcome { answered: true, ..failed(&status) }).contains("committed"));
        assert!(refused(Outcome { replayable: false, ..failed(&status) }).contains("262144 bytes"));
        assert!(refused(Outcome { one_message: false, ..failed(&status) }).contains("stream"));
    }

    #[test]
    fn connecting_backs_off_as_grpc_does() {
        let at = |failures| connect_backoff(failures, MIDDLE).as_millis();
        assert_eq!([at(1), at(2), at(3)], [1000, 1600, 2560]);
        assert_eq!(at(60), 120_000);
    }

    proptest! {
        #[test]
        fn delays_stay_within_the_jitter_of_the_bound(
            attempts in 0_u8..9, initial in 0_u64..10_000, most in 0_u64..10_000,
            multiplier in 0.0_f64..100.0, jitter in 0.0_f64..1.0, tries in 1_usize..12,
        ) {
            let policy = Retry {
                max_attempts: attempts,
                initial_backoff: Duration::from_millis(initial),
                max_backoff: Duration::from_millis(most),
                backoff_multiplier: multiplier,
                ..Retry::default()
            };
            let mut state = RetryState::new(Some(policy));
            let status = unavailable();
            let mut made = 1;
            for _ in 0..tries {
                if let Decision::Again { delay, .. } = state.decide(failed(&status), jitter) {
                    made += 1;
                    prop_assert!(delay <= Duration::from_millis(most).mul_f64(1.200_001));
                }
            }
            prop_assert!(made <= MOST_ATTEMPTS);
        }
    }
}
