//! A flow: one call as recorded.

use std::time::Duration;

use crate::capture::event::{FlowEvent, Segment};
use crate::policy::BreakerState;
use crate::{ConnectionId, FlowId, Metadata, Shape, SpanId, Status, Time, TraceSpan, Words};

/// One call as recorded: what was asked, every attempt, how it ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flow {
    /// Its id.
    pub id: FlowId,
    /// When the user asked.
    pub started: Time,
    /// When it was over.
    pub ended: Option<Time>,
    /// The address as given.
    pub target: String,
    /// `package.Service/Method`.
    pub method: String,
    /// How many messages go each way.
    pub shape: Shape,
    /// Over all attempts.
    pub deadline: Option<Duration>,
    /// Where it stands among other calls.
    pub trace: Option<TraceSpan>,
    /// The instance whose handler made the call; `None`: the user did.
    pub caller: Option<String>,
    /// How long resolving took, once it was done.
    pub resolve: Option<Duration>,
    /// Instances that the address resolved to.
    pub instances: usize,
    /// Attempts in order.
    pub attempts: Vec<Attempt>,
    /// Why a wanted retry was not made.
    pub retry_refused: Option<Words>,
    /// Why the call did not go where it was sent.
    pub redirect_refused: Option<Words>,
    /// Response metadata.
    pub headers: Option<Metadata>,
    /// Messages and bytes that left.
    pub sent: Count,
    /// Messages and bytes that arrived.
    pub received: Count,
    /// How it ended.
    pub status: Option<Status>,
}

/// Messages and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Messages.
    pub messages: u64,
    /// Bytes as encoded.
    pub bytes: u64,
}

/// One try on one instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempt {
    /// Counted from 1.
    pub number: u8,
    /// Instance id.
    pub instance: String,
    /// Its address.
    pub address: String,
    /// State of its breaker at the pick.
    pub breaker: Option<BreakerState>,
    /// When it began.
    pub started: Time,
    /// When it was over.
    pub ended: Option<Time>,
    /// Back-off that came before it, and why.
    pub backoff: Option<(Duration, Words)>,
    /// Who sent the call on to it, and to which address.
    pub redirected: Option<(String, String)>,
    /// What shows who the caller is and was left out.
    pub withheld: Vec<String>,
    /// Parts of its time: which, from, to.
    pub segments: Vec<(Segment, Time, Time)>,
    /// Its span, which calls that its handler made name as their parent.
    pub span: Option<SpanId>,
    /// Where its frames are.
    pub wire: Option<(ConnectionId, u64)>,
    /// How it ended.
    pub status: Option<Status>,
}

impl Flow {
    /// A flow nothing has happened to yet.
    pub fn new(id: FlowId) -> Self {
        Self { id, ..Self::default() }
    }

    /// Takes in what happened at `at`. Events of attempts that were never announced are ignored.
    pub fn apply(&mut self, at: Time, event: FlowEvent) {
        match event {
            FlowEvent::Started { target, method, shape, deadline, trace, caller } => {
                self.started = at;
                self.target = target;
                self.method = method;
                self.shape = shape;
                self.deadline = deadline;
                self.trace = trace;
                self.caller = caller;
            }
            FlowEvent::Resolved { instances, took } => {
                self.instances = instances;
                self.resolve = Some(took);
            }
            FlowEvent::AttemptStarted { attempt, instance, address, breaker, span } => {
                // A back-off or a redirect announced the attempt before it had an instance.
                match self.attempt_mut(attempt) {
                    Some(found) => {
                        found.instance = instance;
                        found.address = address;
                        found.breaker = breaker;
                        found.started = at;
                        found.span = span;
                    }
                    None => self.attempts.push(Attempt {
                        number: attempt,
                        instance,
                        address,
                        breaker,
                        started: at,
                        span,
                        ..Attempt::default()
                    }),
                }
            }
            FlowEvent::Segment { attempt, segment, took } => {
                if let Some(found) = self.attempt_mut(attempt) {
                    let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
                    found.segments.push((segment, Time(at.0.saturating_sub(nanos)), at));
                }
            }
            FlowEvent::Wire { attempt, connection, stream } => {
                if let Some(found) = self.attempt_mut(attempt) {
                    found.wire = Some((connection, stream));
                }
            }
            FlowEvent::Sent { bytes } => self.sent += Count::one(bytes),
            FlowEvent::Received { bytes } => self.received += Count::one(bytes),
            FlowEvent::Headers { metadata } => self.headers = Some(metadata),
            FlowEvent::AttemptEnded { attempt, status } => {
                if let Some(found) = self.attempt_mut(attempt) {
                    found.ended = Some(at);
                    found.status = Some(status);
                }
            }
            FlowEvent::Backoff { attempt, delay, reason } => self.attempts.push(Attempt {
                number: attempt,
                started: at + delay,
                backoff: Some((delay, reason)),
                ..Attempt::default()
            }),
            FlowEvent::Redirected { attempt, from, to } => self.attempts.push(Attempt {
                number: attempt,
                started: at,
                redirected: Some((from, to)),
                ..Attempt::default()
            }),
            FlowEvent::Withheld { attempt, names } => {
                if let Some(found) = self.attempt_mut(attempt) {
                    found.withheld = names;
                }
            }
            FlowEvent::RedirectRefused { reason } => self.redirect_refused = Some(reason),
            FlowEvent::RetryRefused { reason } => self.retry_refused = Some(reason),
            FlowEvent::Ended { status } => {
                self.ended = Some(at);
                self.status = Some(status);
            }
        }
    }

    /// From asking to the end, or to `now` while it runs.
    pub fn duration(&self, now: Time) -> Duration {
        self.ended.unwrap_or(now).since(self.started)
    }

    /// Whether a frame of this connection and stream belongs to the call.
    pub fn owns(&self, connection: ConnectionId, stream: u64) -> bool {
        self.attempts.iter().any(|attempt| attempt.wire == Some((connection, stream)))
    }

    /// Whether one of its attempts made `other`, directly.
    pub fn made(&self, other: &Self) -> bool {
        let (Some(own), Some(others)) = (&self.trace, &other.trace) else { return false };
        let by = |attempt: &Attempt| attempt.span.is_some() && attempt.span == others.parent;
        own.trace_id == others.trace_id && self.attempts.iter().any(by)
    }

    fn attempt_mut(&mut self, number: u8) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|attempt| attempt.number == number)
    }
}

impl Count {
    /// One message.
    pub const fn one(bytes: usize) -> Self {
        Self { messages: 1, bytes: bytes as u64 }
    }
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.messages += other.messages;
        self.bytes += other.bytes;
    }
}
