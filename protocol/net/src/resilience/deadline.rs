//! Deadline: one bound over all attempts and the waits between them, as gRPC, Envoy and brpc have it.
//!
//! Pure: `now` is an argument. It knows no attempt and no connection.

use std::time::Duration;

use callscope_wire::{Code, Status, Time, Words, say};

/// A call's deadline; `None` inside: as long as it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    whole: Option<Duration>,
    at: Option<Time>,
}

impl Deadline {
    /// A deadline that starts to run now.
    pub fn starting(now: Time, whole: Option<Duration>) -> Self {
        Self { whole, at: whole.map(|whole| now + whole) }
    }

    /// When it is over.
    pub const fn at(self) -> Option<Time> {
        self.at
    }

    /// What is left, to be told to the server; `None`: no bound.
    pub fn left(self, now: Time) -> Option<Duration> {
        self.at.map(|at| at.since(now))
    }

    /// Whether it is over.
    pub fn passed(self, now: Time) -> bool {
        self.at.is_some_and(|at| now >= at)
    }

    /// Whether there is something left after waiting that long.
    pub fn outlasts(self, now: Time, wait: Duration) -> bool {
        self.at.is_none_or(|at| now + wait < at)
    }

    /// The status of a call whose time was over while it was `doing` something, such as `waiting for orders-2`.
    pub fn exceeded(self, doing: impl Into<Words>) -> Status {
        let whole = self.whole.map(callscope_wire::policy::duration_text::format).unwrap_or_default();
        let what = say!(
            "calling.deadline_passed",
            "the deadline of %{deadline} passed while %{doing}",
            deadline = whole,
            doing = doing
        );
        Status::new(Code::DEADLINE_EXCEEDED, what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_covers_everything_from_the_start() {
        let deadline = Deadline::starting(Time::from_millis(100), Some(Duration::from_millis(50)));
        assert_eq!(deadline.left(Time::from_millis(120)), Some(Duration::from_millis(30)));
        assert_eq!(deadline.left(Time::from_millis(200)), Some(Duration::ZERO));
        assert!(!deadline.passed(Time::from_millis(149)) && deadline.passed(Time::from_millis(150)));
        assert!(deadline.outlasts(Time::from_millis(100), Duration::from_millis(49)));
        assert!(!deadline.outlasts(Time::from_millis(100), Duration::from_millis(50)));
        assert_eq!(deadline.exceeded("waiting").message, "the deadline of 50ms passed while waiting");
    }

    #[test]
    fn without_one_nothing_ever_passes() {
        let deadline = Deadline::starting(Time::ZERO, None);
        assert!(!deadline.passed(Time(u64::MAX)));
        assert!(deadline.outlasts(Time(u64::MAX), Duration::MAX));
        assert_eq!(deadline.left(Time::ZERO), None);
    }
}
