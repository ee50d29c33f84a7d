//! A recorded call as lanes of bars: what the waterfall draws, in milliseconds since the call was asked for.
//!
//! Pure: a flow in, lanes out. It knows nothing of pixels.

use callscope_wire::capture::{Attempt, Flow, Segment};
use callscope_wire::policy::BreakerState;
use callscope_wire::{Code, Time, Words};

/// One call, ready to be drawn.
#[derive(Debug, PartialEq)]
pub struct Chart {
    pub lanes: Vec<Lane>,
    /// Length so far, milliseconds.
    pub total: f64,
    /// The deadline, milliseconds after the start.
    pub deadline: Option<f64>,
    pub running: bool,
}

#[derive(Debug, PartialEq)]
pub struct Lane {
    pub kind: LaneKind,
    pub bars: Vec<Bar>,
    /// First and last moment of the lane.
    pub from: f64,
    pub to: f64,
}

#[derive(Debug, PartialEq)]
pub enum LaneKind {
    /// What belongs to no attempt: resolving, the first pick, and the whole length as a line.
    Call,
    Attempt {
        number: u8,
        instance: String,
        address: String,
        breaker: Option<BreakerState>,
        /// How it ended; `None` while it runs.
        outcome: Option<(Code, Words)>,
    },
    /// The wait before an attempt, and why.
    Backoff { attempt: u8, reason: Words },
}

/// A part of a lane's time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    pub part: Part,
    pub from: f64,
    pub to: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Segment(Segment),
    Backoff,
    /// Runs now; which part it is will be known when it is over.
    Open,
}

impl Part {
    /// Its name in the legend.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Segment(Segment::Tls) => "TLS",
            Self::Segment(segment) => segment.name(),
            Self::Backoff => "back-off",
            Self::Open => "running",
        }
    }
}

impl Bar {
    pub fn length(self) -> f64 {
        self.to - self.from
    }
}

impl Chart {
    /// The lanes of `flow` as they stand at `now`.
    pub fn new(flow: &Flow, now: Time) -> Self {
        let ms = |at: Time| at.since(flow.started).as_secs_f64() * 1e3;
        let end = ms(flow.ended.unwrap_or(now));
        let mut call = Lane { kind: LaneKind::Call, bars: Vec::new(), from: 0.0, to: end };
        if let Some(took) = flow.resolve {
            let part = Part::Segment(Segment::Resolve);
            call.bars.push(Bar { part, from: 0.0, to: took.as_secs_f64() * 1e3 });
        }
        let mut lanes = Vec::with_capacity(2 * flow.attempts.len() + 1);
        for (index, attempt) in flow.attempts.iter().enumerate() {
            if let Some((delay, reason)) = &attempt.backoff {
                let delay = delay.as_secs_f64() * 1e3;
                // A cancelled call may end in the middle of a wait.
                let to = ms(attempt.started).min(end);
                let from = (ms(attempt.started) - delay).clamp(0.0, to);
                lanes.push(Lane {
                    kind: LaneKind::Backoff { attempt: attempt.number, reason: reason.clone() },
                    bars: vec![Bar { part: Part::Backoff, from, to }],
                    from,
                    to,
                });
            }
            // Announced by its back-off only: it has no instance yet.
            if attempt.instance.is_empty() && attempt.segments.is_empty() && attempt.status.is_none() {
                continue;
            }
            lanes.push(attempt_lane(attempt, index == 0, &mut call, end, ms));
        }
        lanes.insert(0, call);
        Self {
            lanes,
            total: end,
            deadline: flow.deadline.map(|deadline| deadline.as_secs_f64() * 1e3),
            running: flow.ended.is_none(),
        }
    }

    /// Where the axis ends: behind the call, and behind the deadline if that is not far off.
    pub fn span(&self) -> f64 {
        let call = self.total.max(0.05);
        match self.deadline {
            Some(deadline) if deadline <= call * 3.0 => (deadline * 1.1).max(call * 1.15),
            _ => call * 1.4,
        }
    }
}

fn attempt_lane(attempt: &Attempt, first: bool, call: &mut Lane, end: f64, ms: impl Fn(Time) -> f64) -> Lane {
    let mut bars = Vec::with_capacity(attempt.segments.len() + 1);
    let mut from = ms(attempt.started);
    let mut last = from;
    for (segment, begun, ended) in &attempt.segments {
        let bar = Bar { part: Part::Segment(*segment), from: ms(*begun), to: ms(*ended) };
        // The first pick is what the call as a whole waited for.
        if first && *segment == Segment::Pick {
            call.bars.push(bar);
            continue;
        }
        from = from.min(bar.from);
        last = last.max(bar.to);
        bars.push(bar);
    }
    let to = attempt.ended.map_or(end, ms).max(last);
    if attempt.ended.is_none() && to > last {
        bars.push(Bar { part: Part::Open, from: last, to });
    }
    Lane {
        kind: LaneKind::Attempt {
            number: attempt.number,
            instance: attempt.instance.clone(),
            address: attempt.address.clone(),
            breaker: attempt.breaker,
            outcome: attempt.status.as_ref().map(|status| (status.code, status.words())),
        },
        bars,
        from,
        to,
    }
}

#[cfg(test)]
mod tests {
    use super::{Chart, LaneKind, Part};
    use crate::panel::timeline::tests::retried;
    use callscope_wire::capture::Segment;
    use callscope_wire::{Code, Time};

    #[test]
    fn a_retried_call_has_a_lane_for_each_attempt_and_each_wait() {
        let chart = Chart::new(&retried(), Time::from_millis(5_000));
        let kinds: Vec<String> = chart
            .lanes
            .iter()
            .map(|lane| match &lane.kind {
                LaneKind::Call => "call".to_owned(),
                LaneKind::Attempt { number, instance, outcome, .. } => {
                    format!("{number} {instance} {:?}", outcome.as_ref().map(|(code, _)| code.0))
                }
                LaneKind::Backoff { reason, .. } => format!("wait: {reason}"),
            })
            .collect();
        assert_eq!(kinds, ["call", "1 orders-4 Some(14)", "wait: UNAVAILABLE is retried", "2 orders-2 Some(0)"]);
        assert!((chart.total - 12.8).abs() < 1e-6);
        assert_eq!(chart.deadline, Some(20.0));
        assert!(!chart.running);
        // Resolving and the first pick lie on the call's own lane.
        let parts: Vec<Part> = chart.lanes[0].bars.iter().map(|bar| bar.part).collect();
        assert_eq!(parts, [Part::Segment(Segment::Resolve), Part::Segment(Segment::Pick)]);
        let wait = &chart.lanes[2].bars[0];
        assert_eq!(wait.part, Part::Backoff);
        assert!((wait.from - 6.3).abs() < 1e-6 && (wait.to - 8.4).abs() < 1e-6, "{wait:?}");
        assert!(chart.span() > 20.0);
    }

    #[test]
    fn a_running_attempt_is_open_until_now() {
        let mut flow = retried();
        flow.ended = None;
        flow.status = None;
        let last = flow.attempts.last_mut().unwrap();
        last.ended = None;
        last.status = None;
        last.segments.truncate(2);
        let chart = Chart::new(&flow, Time(flow.started.0 + 30_000_000));
        assert!(chart.running);
        let lane = chart.lanes.last().unwrap();
        let open = lane.bars.last().unwrap();
        assert_eq!((open.part, open.to), (Part::Open, 30.0));
        assert!(matches!(&lane.kind, LaneKind::Attempt { outcome: None, .. }));
    }

    #[test]
    fn a_deadline_far_off_does_not_squeeze_the_call() {
        let mut flow = retried();
        flow.deadline = Some(std::time::Duration::from_secs(5));
        let chart = Chart::new(&flow, Time::ZERO);
        assert!(chart.span() < 20.0);
        assert_eq!(flow.status.map(|status| status.code), Some(Code::OK));
    }
}
