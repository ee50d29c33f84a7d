//! Points and states over time, drawn only from recorded events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use callscope_wire::capture::Flow;
use callscope_wire::policy::{BreakerState, BreakerView};
use callscope_wire::{Code, FlowId, Time};

use super::points::Points;

/// Points kept: an hour of 200 calls a second would be 720,000; ten minutes are drawn well.
const POINTS: usize = 200_000;

/// Points are in order up to this.
const ORDER_SLACK_NANOS: u64 = 1_000_000_000;

/// Everything that the plots draw. A clone is cheap: it shares the points.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// Finished calls, in the order in which they ended.
    pub points: Points,
    /// Points that had to go.
    pub dropped: u64,
    /// Breakers by service and instance.
    pub breakers: BTreeMap<(String, String), BreakerTrack>,
    /// Counts every change.
    pub revision: u64,
    /// Every target there were calls to.
    pub targets: BTreeSet<Arc<str>>,
    /// Every name once: points share them, and comparing two is comparing pointers.
    names: BTreeSet<Arc<str>>,
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
    pub target: Arc<str>,
    /// The method.
    pub method: Arc<str>,
    /// The instance that answered last; empty when there was none.
    pub instance: Arc<str>,
    /// Attempts made.
    pub attempts: u8,
    /// Attempts before the last one that reached an instance: which, and whether they failed.
    pub earlier: Box<[(Arc<str>, bool)]>,
}

/// A breaker over time.
#[derive(Clone, Debug, Default)]
pub struct BreakerTrack {
    /// Changes of state: from when on, which. Oldest first.
    pub changes: Vec<(Time, BreakerState)>,
    /// As it is now.
    pub now: BreakerView,
}

impl Series {
    /// Takes a finished call in.
    pub fn finished(&mut self, flow: &Flow) {
        let (Some(at), Some(status)) = (flow.ended, flow.status.as_ref()) else { return };
        let last = flow.attempts.iter().rev().find(|attempt| !attempt.instance.is_empty());
        let target = self.name(&flow.target);
        self.targets.insert(Arc::clone(&target));
        let method = self.name(&flow.method);
        let instance = self.name(last.map_or("", |attempt| attempt.instance.as_str()));
        let number = last.map_or(0, |attempt| attempt.number);
        let earlier = flow
            .attempts
            .iter()
            .filter(|attempt| attempt.number < number && !attempt.instance.is_empty())
            .map(|attempt| {
                let failed = attempt.status.as_ref().is_some_and(|status| !status.code.is_ok());
                (self.name(&attempt.instance), failed)
            })
            .collect();
        self.points.push_back(Point {
            earlier,
            flow: flow.id,
            at,
            latency: at.since(flow.started),
            code: status.code,
            target,
            method,
            instance,
            attempts: flow.attempts.len().try_into().unwrap_or(u8::MAX),
        });
        if self.points.len() > POINTS {
            self.points.pop_front();
            self.dropped += 1;
        }
        self.revision += 1;
    }

    /// Finished calls that ended at `from` or later, with their numbers (counted over all points ever, so that one
    /// stays valid when older points go).
    pub fn since(&self, from: Time) -> impl Iterator<Item = (u64, &Point)> {
        // Ends are reported by several tasks, so neighbors may be swapped; what is older than the slack is not.
        let early = Time(from.0.saturating_sub(ORDER_SLACK_NANOS));
        let first = self.points.partition_point(|point| point.at < early);
        let number = self.dropped + first as u64;
        (number..).zip(self.points.since(first)).filter(move |(_, point)| point.at >= from)
    }

    /// The finished call with this number, if it is still here.
    pub fn point(&self, number: u64) -> Option<&Point> {
        self.points.get(usize::try_from(number.checked_sub(self.dropped)?).ok()?)
    }

    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let new: Arc<str> = name.into();
        self.names.insert(Arc::clone(&new));
        new
    }

    /// Takes a breaker's new view in.
    pub fn breaker(&mut self, at: Time, now: BreakerView) {
        let track = self.breakers.entry((now.service.clone(), now.instance.clone())).or_default();
        if track.changes.last().is_none_or(|(_, state)| *state != now.state) {
            track.changes.push((at, now.state));
        }
        track.now = now;
        self.revision += 1;
    }
}
