//! A recorded call, and the calls that it caused elsewhere, as lanes of bars: what the waterfall draws, in milliseconds
//! since the call was asked for.
//!
//! ```text
//!  whole call
//!  attempt 1 on orders-1
//!  ├─ Inventory/Reserve on inventory-2     made by attempt 1; its own attempts below it where it had several
//!  └─ Payments/Charge on payments-1
//!  back-off
//!  attempt 2 on orders-2
//! ```
//!
//! Pure: flows in, lanes out. It knows nothing of pixels.

use callscope_wire::capture::{Attempt, Flow, Segment};
use callscope_wire::policy::BreakerState;
use callscope_wire::{Code, FlowId, Status, Time, Words};

use crate::model::flows::{Flows, Record};

/// A call that calls a thousand others is read elsewhere; what is left out is counted.
const MOST_LANES: usize = 400;
/// Deeper trees are not indented further.
const DEEPEST: u8 = 12;

/// One call, ready to be drawn.
#[derive(Debug, PartialEq)]
pub struct Chart {
    pub lanes: Vec<Lane>,
    /// Length so far, milliseconds.
    pub total: f64,
    /// The deadline, milliseconds after the start.
    pub deadline: Option<f64>,
    pub running: bool,
    /// Calls across services are shown: there is something to fold.
    pub is_tree: bool,
    /// Lanes that found no room.
    pub left_out: usize,
}

/// What names a lane over time: the call, and the attempt of it; 0 for the call itself.
pub type LaneKey = (FlowId, u8);

#[derive(Debug, PartialEq)]
pub struct Lane {
    pub kind: LaneKind,
    /// The call that it belongs to.
    pub flow: FlowId,
    /// Levels below the call of the tab.
    pub depth: u8,
    /// Whether what lies below it is shown; `None`: nothing does.
    pub open: Option<bool>,
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
    /// A call that the attempt above it made elsewhere.
    Made {
        /// `package.Service/Method`.
        method: String,
        /// Who was asked last; empty when nobody was found.
        instance: String,
        address: String,
        /// Who asked.
        caller: String,
        /// How it ended; `None` while it runs.
        outcome: Option<(Code, Words)>,
        /// Its attempts have lanes of their own, and it has a line from end to end.
        several: bool,
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

impl Lane {
    /// What names it over time. Waits are named by the attempt behind them.
    pub const fn key(&self) -> LaneKey {
        match &self.kind {
            LaneKind::Call | LaneKind::Made { .. } => (self.flow, 0),
            LaneKind::Attempt { number, .. } => (self.flow, *number),
            LaneKind::Backoff { attempt, .. } => (self.flow, *attempt),
        }
    }

    /// How a call or an attempt ended.
    pub const fn outcome(&self) -> Option<&(Code, Words)> {
        match &self.kind {
            LaneKind::Attempt { outcome, .. } | LaneKind::Made { outcome, .. } => outcome.as_ref(),
            LaneKind::Call | LaneKind::Backoff { .. } => None,
        }
    }
}

impl Chart {
    /// The lanes of `flow` as they stand at `now`, and of the calls that `flows` knows it to have caused. What is in
    /// `folded` hides what lies below it.
    pub fn new(flow: &Flow, flows: &Flows, folded: &dyn Fn(LaneKey) -> bool, now: Time) -> Self {
        let mut drawing = Drawing { flows, folded, now, origin: flow.started, lanes: Vec::new(), left_out: 0 };
        drawing.call(flow, 0);
        let Drawing { lanes, left_out, .. } = drawing;
        Self {
            is_tree: lanes.iter().any(|lane| lane.open.is_some()),
            left_out,
            total: flow.ended.unwrap_or(now).since(flow.started).as_secs_f64() * 1e3,
            deadline: flow.deadline.map(|deadline| deadline.as_secs_f64() * 1e3),
            running: flow.ended.is_none(),
            lanes,
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

/// Lanes in the making.
struct Drawing<'a> {
    flows: &'a Flows,
    folded: &'a dyn Fn(LaneKey) -> bool,
    now: Time,
    origin: Time,
    lanes: Vec<Lane>,
    left_out: usize,
}

impl Drawing<'_> {
    fn ms(&self, at: Time) -> f64 {
        at.since(self.origin).as_secs_f64() * 1e3
    }

    fn push(&mut self, lane: Lane) {
        if self.lanes.len() < MOST_LANES { self.lanes.push(lane) } else { self.left_out += 1 }
    }

    /// A call with everything below it. The attempts of the tab's own call always have lanes; elsewhere only where
    /// there are several, for a single one is the call.
    fn call(&mut self, flow: &Flow, depth: u8) {
        let root = depth == 0;
        let (started, end) = (self.ms(flow.started), self.ms(flow.ended.unwrap_or(self.now)));
        let mut own = Vec::new();
        if let Some(took) = flow.resolve {
            let to = started + took.as_secs_f64() * 1e3;
            own.push(Bar { part: Part::Segment(Segment::Resolve), from: started, to });
        }
        // Announced by their back-off only, some have no instance yet.
        let begun = |attempt: &&Attempt| {
            !attempt.instance.is_empty() || !attempt.segments.is_empty() || attempt.status.is_some()
        };
        let several = root || flow.attempts.iter().filter(begun).count() > 1;
        let caused = |attempt: &Attempt| attempt.span.is_some_and(|span| self.flows.made_from(span).next().is_some());
        let key = (flow.id, 0);
        let open = (!root && (several || flow.attempts.iter().any(caused))).then(|| !(self.folded)(key));
        let place = self.lanes.len();
        let kind = if root { LaneKind::Call } else { made(flow, several) };
        self.push(Lane { kind, flow: flow.id, depth, open, bars: Vec::new(), from: started, to: end });
        let below = depth.saturating_add(u8::from(!root)).min(DEEPEST);
        let shown = open != Some(false);
        for (index, attempt) in flow.attempts.iter().enumerate() {
            if shown && several {
                self.backoff(flow, attempt, below, end);
            }
            if !begun(&attempt) {
                continue;
            }
            let mut lane = self.attempt(flow, attempt, below, end);
            // The first pick is what the call as a whole waited for.
            if index == 0
                && several
                && let Some(first) = lane.bars.first().filter(|bar| bar.part == Part::Segment(Segment::Pick)).copied()
            {
                own.push(first);
                lane.bars.remove(0);
                lane.from = lane.bars.first().map_or(lane.from, |bar| bar.from);
            }
            let children: Vec<&Record> = attempt.span.iter().flat_map(|span| self.flows.made_from(*span)).collect();
            let mut unfolded = shown;
            if several {
                lane.open = (!children.is_empty()).then(|| !(self.folded)(lane.key()));
                unfolded &= lane.open != Some(false);
                if shown {
                    self.push(lane);
                }
            } else {
                own.extend(lane.bars);
            }
            if unfolded {
                let depth = if several { below.saturating_add(1) } else { below };
                for child in children {
                    self.call(&child.flow, depth.clamp(1, DEEPEST));
                }
            }
        }
        if let Some(lane) = self.lanes.get_mut(place) {
            lane.bars = own;
        }
    }

    fn backoff(&mut self, flow: &Flow, attempt: &Attempt, depth: u8, end: f64) {
        let Some((delay, reason)) = &attempt.backoff else { return };
        let delay = delay.as_secs_f64() * 1e3;
        // A cancelled call may end in the middle of a wait.
        let to = self.ms(attempt.started).min(end);
        let from = (self.ms(attempt.started) - delay).clamp(0.0, to);
        self.push(Lane {
            kind: LaneKind::Backoff { attempt: attempt.number, reason: reason.clone() },
            flow: flow.id,
            depth,
            open: None,
            bars: vec![Bar { part: Part::Backoff, from, to }],
            from,
            to,
        });
    }

    fn attempt(&self, flow: &Flow, attempt: &Attempt, depth: u8, end: f64) -> Lane {
        let mut bars = Vec::with_capacity(attempt.segments.len() + 1);
        let mut from = self.ms(attempt.started);
        let mut last = from;
        for (segment, begun, ended) in &attempt.segments {
            let bar = Bar { part: Part::Segment(*segment), from: self.ms(*begun), to: self.ms(*ended) };
            from = from.min(bar.from);
            last = last.max(bar.to);
            bars.push(bar);
        }
        let to = attempt.ended.map_or(end, |ended| self.ms(ended)).max(last);
        if attempt.ended.is_none() && to > last {
            bars.push(Bar { part: Part::Open, from: last, to });
        }
        let kind = LaneKind::Attempt {
            number: attempt.number,
            instance: attempt.instance.clone(),
            address: attempt.address.clone(),
            breaker: attempt.breaker,
            outcome: attempt.status.as_ref().map(|status| (status.code, behind(status))),
        };
        Lane { kind, flow: flow.id, depth, open: None, bars, from, to }
    }
}

/// What stands behind a code: where a call was sent on to, else the server's own words.
fn behind(status: &Status) -> Words {
    match &status.redirect {
        Some(to) => format!("→ {to}").into(),
        None => status.words(),
    }
}

/// A call made elsewhere. What it is named after is its last attempt.
fn made(flow: &Flow, several: bool) -> LaneKind {
    let last = flow.attempts.iter().rev().find(|attempt| !attempt.instance.is_empty());
    LaneKind::Made {
        method: flow.method.clone(),
        instance: last.map(|attempt| attempt.instance.clone()).unwrap_or_default(),
        address: last.map_or_else(|| flow.target.clone(), |attempt| attempt.address.clone()),
        caller: flow.caller.clone().unwrap_or_default(),
        outcome: flow.status.as_ref().map(|status| (status.code, behind(status))),
        several,
    }
}

#[cfg(test)]
mod tests {
    use super::{Chart, LaneKind, Part};
    use crate::model::flows::Flows;
    use crate::panel::call::fixture;
    use crate::panel::timeline::tests::{declined, retried};
    use callscope_wire::capture::{Flow, Segment};
    use callscope_wire::{Code, Time};

    fn draw(flow: &Flow, now: Time) -> Chart {
        Chart::new(flow, &Flows::default(), &|_| false, now)
    }

    #[test]
    fn a_retried_call_has_a_lane_for_each_attempt_and_each_wait() {
        let chart = draw(&retried(), Time::from_millis(5_000));
        let kinds: Vec<String> = chart
            .lanes
            .iter()
            .map(|lane| match &lane.kind {
                LaneKind::Call => "call".to_owned(),
                LaneKind::Attempt { number, instance, outcome, .. } => {
                    format!("{number} {instance} {:?}", outcome.as_ref().map(|(code, _)| code.0))
                }
                LaneKind::Backoff { reason, .. } => format!("wait: {reason}"),
                LaneKind::Made { .. } => "made".to_owned(),
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
        let chart = draw(&flow, Time(flow.started.0 + 30_000_000));
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
        let chart = draw(&flow, Time::ZERO);
        assert!(chart.span() < 20.0);
        assert_eq!(flow.status.map(|status| status.code), Some(Code::OK));
    }

    /// Depth and words of each lane.
    fn tree(chart: &Chart) -> Vec<(u8, String)> {
        let words = |kind: &LaneKind| match kind {
            LaneKind::Call => "call".to_owned(),
            LaneKind::Attempt { number, instance, .. } => format!("{number} {instance}"),
            LaneKind::Backoff { .. } => "wait".to_owned(),
            LaneKind::Made { method, instance, outcome, .. } => {
                format!("{method} on {instance}: {}", outcome.as_ref().map_or(0, |(code, _)| code.0))
            }
        };
        chart.lanes.iter().map(|lane| (lane.depth, words(&lane.kind))).collect()
    }

    #[test]
    fn calls_made_elsewhere_stand_below_the_attempt_that_made_them() {
        let mut model = fixture::world();
        let tab = fixture::tab(&mut model, fixture::place_draft());
        let root = declined(&mut model, tab);
        let flow = &model.flows.get(root).unwrap().flow;
        let chart = Chart::new(flow, &model.flows, &|_| false, Time::ZERO);
        let expected = [
            (0, "call"),
            (0, "1 orders-1"),
            (1, "shop.Inventory/Reserve on inventory-1: 0"),
            (2, "1 inventory-2"),
            (2, "wait"),
            (2, "2 inventory-1"),
            (1, "shop.Payments/Charge on payments-1: 9"),
            (1, "shop.Inventory/Release on inventory-1: 0"),
        ];
        assert_eq!(tree(&chart), expected.map(|(depth, words)| (depth, words.to_owned())));
        assert!(chart.is_tree && chart.left_out == 0);
        // On one axis: a child lies within the attempt that made it.
        let attempt = &chart.lanes[1];
        assert!(chart.lanes[2..].iter().all(|lane| lane.from >= attempt.from && lane.to <= attempt.to));
        // One attempt is the call: its parts lie on its lane.
        assert!(chart.lanes[6].bars.iter().any(|bar| bar.part == Part::Segment(Segment::Wait)));

        let reserve = chart.lanes[2].key();
        let folded = Chart::new(flow, &model.flows, &|key| key == reserve, Time::ZERO);
        assert_eq!((folded.lanes.len(), folded.lanes[2].open), (5, Some(false)));
        let shut = Chart::new(flow, &model.flows, &|key| key == (root, 1), Time::ZERO);
        assert_eq!(tree(&shut).len(), 2);
    }
}
