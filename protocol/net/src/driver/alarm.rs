//! One timer for everything a driver waits for.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use callscope_wire::Time;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::clock;

/// Goes off no earlier than it is wanted.
pub(super) struct Alarm {
    sleep: Pin<Box<Sleep>>,
    armed: Option<Time>,
}

impl Alarm {
    pub(super) fn new() -> Self {
        // Not in the timer's wheel before it is polled for the first time.
        Self { sleep: Box::pin(sleep_until(Instant::now() + Duration::from_hours(1))), armed: None }
    }

    /// The time it is when `wanted` has come. Later wishes do not move an armed timer: it goes off early and is set
    /// again, which costs less than moving it at every frame.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, wanted: Option<Time>) -> Option<Time> {
        let wanted = wanted?;
        loop {
            if self.armed.is_none_or(|armed| armed > wanted) {
                self.sleep.as_mut().reset(clock::instant(wanted));
                self.armed = Some(wanted);
            }
            match self.sleep.as_mut().poll(cx) {
                Poll::Pending => return None,
                // The clocks behind timers and `now` may differ by a little: never go off and say it is too early.
                Poll::Ready(()) if self.armed.take() == Some(wanted) => return Some(clock::now().max(wanted)),
                Poll::Ready(()) => {}
            }
        }
    }
}
