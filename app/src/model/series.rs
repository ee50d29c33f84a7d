//! Points and states over time, drawn only from recorded events.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use callscope_wire::capture::Flow;
use callscope_wire::policy::BreakerState;
use callscope_wire::{Code, FlowId, Time};

/// Points kept: an hour of 200 calls a second would be 720,000; ten minutes are drawn well.
const POINTS: usize = 200_000;

/// Everything that the plots draw.
#[derive(Debug, Default)]
pub struct Series {
    /// Finished calls, in the order in which they ended.
    pub points: VecDeque<Point>,
    /// Points that had to go.
    pub dropped: u64,
    /// Breakers by service and instance.
    pub breakers: BTreeMap<(String, String), BreakerTrack>,
    /// Counts every change.
    pub revision: u64,
}

/// One finished call.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The call behind it.
    pub flow: FlowId,
    /// When it ended.
    pub at: Time,
    /// From asking to the end.
    pub latency: Duration,
    /// How it ended.
    pub code: Code,
    /// The target as given: `registry:///orders`.
    pub target: std::sync::Arc<str>,
    /// The method.
    pub method: std::sync::Arc<str>,
    /// The instance that answered last; empty when there was none.
    pub instance: std::sync::Arc<str>,
    /// Attempts made.
    pub attempts: u8,
}

/// A breaker over time.
#[derive(Clone, Debug, Default)]
pub struct BreakerTrack {
    /// Changes of state: from when on, which. Oldest first.
    pub changes: Vec<(Time, BreakerState)>,
    /// As it is now.
    pub now: BreakerNow,
}

/// A breaker as it is now; see `callscope_net::observer::BreakerView` for the fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BreakerNow {
    /// Its state.
    pub state: BreakerState,
    /// Since when.
    pub since: Time,
    /// Until when it rejects.
    pub until: Option<Time>,
    /// Outcomes, oldest first; `true` = failed.
    pub window: Vec<bool>,
    /// Size of the window when it is full.
    pub window_size: u32,
    /// Failures, percent; `None`: too few calls yet.
    pub failure_rate: Option<f64>,
    /// Opens at this, percent.
    pub threshold: f64,
    /// Permits not given out yet, of how many.
    pub permits: (u32, u32),
    /// Calls rejected since it opened last.
    pub rejected: u64,
    /// How often it opened.
    pub opened: u64,
    /// The last failure.
    pub last_failure: Option<(Time, String)>,
}

impl Series {
    /// Takes a finished call in.
    pub fn finished(&mut self, flow: &Flow) {
        let (Some(at), Some(status)) = (flow.ended, flow.status.as_ref()) else { return };
        let last = flow.attempts.iter().rev().find(|attempt| !attempt.instance.is_empty());
        self.points.push_back(Point {
            flow: flow.id,
            at,
            latency: at.since(flow.started),
            code: status.code,
            target: flow.target.as_str().into(),
            method: flow.method.as_str().into(),
            instance: last.map_or("", |attempt| attempt.instance.as_str()).into(),
            attempts: flow.attempts.len().try_into().unwrap_or(u8::MAX),
        });
        if self.points.len() > POINTS {
            self.points.pop_front();
            self.dropped += 1;
        }
        self.revision += 1;
    }

    /// Takes a breaker's new view in.
    pub fn breaker(&mut self, at: Time, service: &str, instance: &str, now: BreakerNow) {
        let track = self.breakers.entry((service.to_owned(), instance.to_owned())).or_default();
        if track.changes.last().is_none_or(|(_, state)| *state != now.state) {
            track.changes.push((at, now.state));
        }
        track.now = now;
        self.revision += 1;
    }
}
