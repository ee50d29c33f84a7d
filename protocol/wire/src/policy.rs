//! Settings of the policies between a call and its answer, in the field's words with the field's defaults.
//!
//! Plain data: the state machines that follow them live in `callscope-net`'s `resilience` and
//! `balance`. In files the names are `snake_case`, and what is not set is inherited.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Code, Time};

/// The policies of one call after inheritance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Retry; `None`: never, except what was provably not processed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Bound on the extra load of retries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_budget: Option<RetryBudget>,
    /// Circuit breaker, one per service and instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<Breaker>,
    /// What becomes of a call that is sent on; `None`: followed, as often as [`Redirect`] says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Redirect>,
    /// How an instance is picked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<Balance>,
}

/// gRFC A6: the delay before retry n is `min(initial·multiplier^(n-1), max) × random(0.8, 1.2)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// The original included; above 1; values above 5 act as 5.
    pub max_attempts: u8,
    /// Before the first retry.
    #[serde(with = "duration_text")]
    pub initial_backoff: Duration,
    /// Never wait longer than this (before jitter).
    #[serde(with = "duration_text")]
    pub max_backoff: Duration,
    /// Growth from one retry to the next.
    pub backoff_multiplier: f64,
    /// What is worth another try.
    #[serde(with = "code_names")]
    pub retryable_status_codes: Vec<Code>,
}

impl Default for Retry {
    /// The example of gRFC A6: 4 attempts, 0.1 s, 1 s, ×2, UNAVAILABLE.
    fn default() -> Self {
        Self {
            max_attempts: 4,
            initial_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(1),
            backoff_multiplier: 2.0,
            retryable_status_codes: vec![Code::UNAVAILABLE],
        }
    }
}

/// Finagle's: each call deposits, each retry withdraws 1/percent; deposits expire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryBudget {
    /// Retries may add this share to the load, percent.
    pub percent: f64,
    /// Always allowed, per second.
    pub min_per_second: f64,
    /// How long a deposit counts.
    #[serde(with = "duration_text")]
    pub ttl: Duration,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { percent: 20.0, min_per_second: 10.0, ttl: Duration::from_secs(10) }
    }
}

/// resilience4j's count-based circuit breaker, with its defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Breaker {
    /// Outcomes in the window.
    pub sliding_window_size: u32,
    /// No rate is computed below this many.
    pub minimum_number_of_calls: u32,
    /// At or above this share of failures it opens, percent.
    pub failure_rate_threshold: f64,
    /// How long it stays open.
    #[serde(with = "duration_text")]
    pub wait_duration_in_open_state: Duration,
    /// Calls let through while half open.
    pub permitted_number_of_calls_in_half_open_state: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            sliding_window_size: 100,
            minimum_number_of_calls: 100,
            failure_rate_threshold: 50.0,
            wait_duration_in_open_state: Duration::from_mins(1),
            permitted_number_of_calls_in_half_open_state: 10,
        }
    }
}

/// A call is sent on at most this often, whatever the policy says. Browsers allow twenty for people who wait anyway; between
/// services five are more than anybody means, and soon the deadline is over.
pub const MOST_HOPS: u8 = 5;

/// Following REDIRECT: the same call, with the same messages, where the server says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Redirect {
    /// Whether it is followed at all.
    pub follow: bool,
    /// How often in a row; values above 5 act as 5.
    pub max_hops: u8,
}

impl Redirect {
    /// Hops that are really made.
    pub fn most_hops(&self) -> u8 {
        self.max_hops.min(MOST_HOPS)
    }
}

impl Default for Redirect {
    fn default() -> Self {
        Self { follow: true, max_hops: MOST_HOPS }
    }
}

/// The states of a breaker, with resilience4j's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BreakerState {
    /// Calls pass and are counted.
    #[default]
    Closed,
    /// Calls are rejected until the wait is over.
    Open,
    /// A few calls pass, to see.
    HalfOpen,
}

impl BreakerState {
    /// `CLOSED`, `OPEN`, `HALF_OPEN`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Open => "OPEN",
            Self::HalfOpen => "HALF_OPEN",
        }
    }
}

/// A breaker as it can be seen from outside, for whoever draws it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BreakerView {
    /// Service as the target names it: `orders`.
    pub service: String,
    /// Instance id.
    pub instance: String,
    /// Its state.
    pub state: BreakerState,
    /// When it came into this state.
    pub since: Time,
    /// When an open breaker may let a call through again.
    pub until: Option<Time>,
    /// Outcomes in the window, oldest first: `true` = failed.
    pub window: Vec<bool>,
    /// Size of the window when it is full.
    pub window_size: u32,
    /// Failures in the window, percent; `None` below the minimum number of calls.
    pub failure_rate: Option<f64>,
    /// At or above this it opens, percent.
    pub threshold: f64,
    /// Half open: permits not given out yet.
    pub permits_left: u32,
    /// Half open: permits in all.
    pub permits: u32,
    /// Calls it rejected since it opened last.
    pub rejected: u64,
    /// How often it opened so far.
    pub opened: u64,
    /// The last failure it counted.
    pub last_failure: Option<(Time, String)>,
}

/// How an instance is picked for an attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// In turn.
    RoundRobin,
    /// Of two picked at random, the one with fewer calls in flight.
    #[default]
    P2c,
}

impl Balance {
    /// Every way there is, for pickers.
    pub const ALL: &'static [Self] = &[Self::RoundRobin, Self::P2c];

    /// The name in files and on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RoundRobin => "round_robin",
            Self::P2c => "p2c",
        }
    }
}

/// Durations as people write them: `800ms`, `2s`, `1m`, `250us`.
pub mod duration_text {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Shortest exact form with one unit.
    pub fn format(duration: Duration) -> String {
        let micros = duration.as_micros();
        match micros {
            0 => "0s".to_owned(),
            m if m % 60_000_000 == 0 => format!("{}m", m / 60_000_000),
            m if m % 1_000_000 == 0 => format!("{}s", m / 1_000_000),
            m if m % 1_000 == 0 => format!("{}ms", m / 1_000),
            m => format!("{m}us"),
        }
    }

    /// A number and a unit: `us`, `µs`, `ms`, `s`, `m`, `h`; fractions allowed. The error says what was wrong.
    pub fn parse(text: &str) -> Result<Duration, String> {
        let text = text.trim();
        let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let number: f64 = number
            .parse()
            .map_err(|_| format!("`{text}` is not a duration: write a number and a unit, such as 800ms"))?;
        let seconds = match unit.trim() {
            "us" | "µs" => number / 1e6,
            "ms" => number / 1e3,
            "s" => number,
            "m" => number * 60.0,
            "h" => number * 3600.0,
            "" => return Err(format!("`{text}` has no unit: write us, ms, s, m or h behind the number")),
            other => return Err(format!("`{other}` is no unit of time: write us, ms, s, m or h")),
        };
        Duration::try_from_secs_f64(seconds).map_err(|_| format!("`{text}` is longer than any call can take"))
    }

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format(*duration))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

mod code_names {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use crate::Code;

    pub fn serialize<S: Serializer>(codes: &[Code], serializer: S) -> Result<S::Ok, S::Error> {
        codes.iter().map(|code| code.name()).collect::<Vec<_>>().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Code>, D::Error> {
        Vec::<String>::deserialize(deserializer)?
            .iter()
            .map(|name| Code::by_name(name).ok_or_else(|| D::Error::custom(format!("`{name}` is no status code"))))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::duration_text::{format, parse};
    use std::time::Duration;

    #[test]
    fn durations_read_as_they_are_written() {
        for text in ["800ms", "2s", "1m", "250us", "0s"] {
            assert_eq!(format(parse(text).unwrap()), text);
        }
        assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1500)));
        for wrong in ["", "ms", "12", "3 weeks", "1e999s", "99999999999999999999999999s"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
