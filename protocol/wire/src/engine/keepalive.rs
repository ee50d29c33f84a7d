//! Pings: our own, at most one at a time and never too often, and the peer's, counted.
//!
//! Knows times and eight bytes, not frames.

use std::time::Duration;

use crate::Time;

/// How long a peer must wait between two pings; sooner is a strike.
pub const PING_INTERVAL: Duration = Duration::from_secs(10);
/// Ours are further apart, so that jitter on the way never makes a strike.
const OWN_INTERVAL: Duration = Duration::from_secs(11);
/// Strikes that end the connection.
const MAX_STRIKES: u8 = 2;

/// Our own pings.
#[derive(Debug)]
pub struct Keepalive {
    timeout: Duration,
    wanted: bool,
    next_token: u64,
    outstanding: Option<(u64, Time)>,
    not_before: Time,
}

impl Keepalive {
    /// A ping that is not answered for `timeout` means that the connection is dead.
    pub const fn new(timeout: Duration) -> Self {
        Self { timeout, wanted: false, next_token: 1, outstanding: None, not_before: Time::ZERO }
    }

    /// Somebody wants to know the round trip. Wishes that come too often wait, and become one ping.
    pub const fn want(&mut self) {
        self.wanted = true;
    }

    /// The ping to send now, if one is due.
    pub fn due(&mut self, now: Time) -> Option<[u8; 8]> {
        if !self.wanted || self.outstanding.is_some() || now < self.not_before {
            return None;
        }
        let token = self.next_token;
        self.next_token += 1;
        self.wanted = false;
        self.outstanding = Some((token, now));
        self.not_before = now + OWN_INTERVAL;
        Some(token.to_be_bytes())
    }

    /// An answer came: its round trip, if it answers the ping that is out.
    pub fn answered(&mut self, now: Time, bytes: [u8; 8]) -> Option<Duration> {
        let (token, sent) = self.outstanding?;
        (token.to_be_bytes() == bytes).then(|| {
            self.outstanding = None;
            now.since(sent)
        })
    }

    /// Whether a ping has been out for too long.
    pub fn is_dead(&self, now: Time) -> bool {
        self.outstanding.is_some_and(|(_, sent)| now >= sent + self.timeout)
    }

    /// When to look again.
    pub fn wake_at(&self) -> Option<Time> {
        match self.outstanding {
            Some((_, sent)) => Some(sent + self.timeout),
            None => self.wanted.then_some(self.not_before),
        }
    }
}

/// The peer's pings.
#[derive(Debug, Default)]
pub struct Strikes {
    last: Option<Time>,
    count: u8,
}

impl Strikes {
    /// A ping came. `false`: one too many.
    pub fn ping(&mut self, now: Time) -> bool {
        let in_time = self.last.is_none_or(|last| now.since(last) >= PING_INTERVAL);
        self.last = Some(now);
        self.count = if in_time { 0 } else { self.count + 1 };
        self.count < MAX_STRIKES
    }
}

/// How often something happened within a second.
#[derive(Debug, Default)]
pub struct Rate {
    since: Time,
    count: u32,
}

impl Rate {
    /// It happened again; how often by now in this second.
    pub fn count(&mut self, now: Time) -> u32 {
        if self.count == 0 || now.since(self.since) >= Duration::from_secs(1) {
            self.since = now;
            self.count = 0;
        }
        self.count += 1;
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Time {
        Time::from_millis(seconds * 1000)
    }

    #[test]
    fn wishes_for_pings_never_make_a_strike() {
        let mut ours = Keepalive::new(Duration::from_secs(20));
        let mut theirs = Strikes::default();
        for second in 0..100 {
            ours.want();
            if let Some(token) = ours.due(at(second)) {
                assert!(theirs.ping(at(second)));
                assert_eq!(ours.answered(Time(at(second).0 + 5), token), Some(Duration::from_nanos(5)));
            }
        }
        assert_eq!(ours.wake_at(), None);
        ours.want();
        assert_eq!(ours.wake_at(), Some(at(110)), "ten pings were sent, the next waits");
    }

    #[test]
    fn two_pings_too_soon_are_too_many_unless_one_in_time_comes_between() {
        let mut theirs = Strikes::default();
        let allowed: Vec<_> = [0, 1, 11, 12, 22, 23, 24].into_iter().map(|second| theirs.ping(at(second))).collect();
        assert_eq!(allowed, [true, true, true, true, true, true, false]);
    }

    #[test]
    fn a_ping_without_an_answer_is_noticed() {
        let mut ours = Keepalive::new(Duration::from_secs(20));
        ours.want();
        let token = ours.due(at(1)).unwrap();
        assert_eq!(ours.answered(at(2), [9; 8]), None);
        assert_eq!(ours.wake_at(), Some(at(21)));
        assert!(!ours.is_dead(at(20)));
        assert!(ours.is_dead(at(21)));
        assert!(ours.answered(at(22), token).is_some());
        assert!(!ours.is_dead(at(60)));
    }
}
