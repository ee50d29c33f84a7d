//! The only place that reads the clock.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use callscope_wire::Time;

/// The process's epoch: the first time anybody asked, on both clocks.
fn epoch() -> (Instant, SystemTime) {
    static EPOCH: OnceLock<(Instant, SystemTime)> = OnceLock::new();
    *EPOCH.get_or_init(|| (Instant::now(), SystemTime::now()))
}

/// Now, in nanoseconds since the process's epoch. Monotonic.
pub fn now() -> Time {
    let (epoch, _) = epoch();
    // The same clock as `Instant`'s, except in tests that pause tokio's.
    Time::ZERO + tokio::time::Instant::now().into_std().saturating_duration_since(epoch)
}

/// The instant that tokio's timers take for a time.
pub fn instant(time: Time) -> tokio::time::Instant {
    tokio::time::Instant::from_std(epoch().0 + Duration::from_nanos(time.0))
}

/// What the wall clock showed at that time, for people.
pub fn wall(time: Time) -> SystemTime {
    epoch().1 + Duration::from_nanos(time.0)
}
