//! One timer for everything a driver waits for.

use std::pin::Pin;
use std::task::{Context, Poll};

use callscope_wire::Time;
use tokio::time::{Sleep, sleep_until};

use crate::clock;

/// Goes off no earlier than it is wanted.
pub(super) struct Alarm {
    sleep: Pin<Box<Sleep>>,
    armed: Option<Time>,
}

impl Alarm {
    pub(super) fn new() -> Self {
        // Set to its first time when it is first wanted; only then does it cost the runtime anything.
        Self { sleep: Box::pin(sleep_until(clock::instant(Time::ZERO))), armed: None }
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
