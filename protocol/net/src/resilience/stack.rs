//! A call from asking to its end: deadline ▶ redirect ▶ retry + budget ▶ balance and breaker ▶ channel.
//!
//! ```text
//!  resolve ─▶ pick ─▶ connect ─▶ attempt ─▶ over ──────────────▶ end
//!              ▲                              │ failed
//!              │      pause ◀── budget ◀── decide
//!              ├────────┘                     │ sent on
//!              ├──── another route ◀──────────┤
//!                                             │ refused
//!                                             └────────────────▶ end, with the last attempt's status
//! ```
//!
//! The one file here that waits. It asks the pure policies what to do and does it; every step is told
//! to the observer when it happens. Dropping the future cancels the call, on the wire too.

use std::sync::Arc;

use bytes::Bytes;
use callscope_wire::capture::{FlowEvent, Segment};
use callscope_wire::policy::duration_text;
use callscope_wire::{CallHead, Code, Instance, Say, Sentence, Status, Time, Trace, Words, say};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Deadline;
use super::redirect::{Passage, Redirects, Sent};
use super::retry::{Decision, Outcome, Reach, RetryState};
use crate::address::{Address, Endpoint, TransportKind};
use crate::client::channel::ConnectReport;
use crate::client::{
    Attempt, CallOptions, Connected, Ending, Incoming, Outbox, Patience, Pick, Picked, Reporter, Rooted, ServiceState,
    Shared, Target, Ways, root,
};
use crate::clock;
use crate::error::{ConnectError, Step};

/// Runs one call. Everything that comes back goes to `replies`, the end last.
pub(crate) async fn run(
    shared: Arc<Shared>,
    mut options: CallOptions,
    requests: mpsc::Receiver<Bytes>,
    replies: mpsc::Sender<Incoming>,
    cancel: CancellationToken,
) {
    let now = clock::now();
    let deadline = Deadline::starting(now, options.deadline);
    let address = options.target.parse::<Address>();
    let rooted = root(&shared.trace_ids, &mut options, address.as_ref().ok());
    let trace = rooted.as_ref().ok().and_then(|rooted| rooted.as_ref().map(|rooted| rooted.span));
    let mut reporter = Reporter::new(Arc::clone(&shared.observer), options.flow, deadline);
    reporter.tell(
        now,
        FlowEvent::Started {
            target: options.target.clone(),
            method: options.method.clone(),
            shape: options.shape,
            deadline: options.deadline,
            trace,
            caller: shared.caller.clone(),
        },
    );
    let outbox = Outbox::new(requests, !options.shape.client_streams());
    let patience = Patience { cancel, deadline };
    let ways = shared.pools.get(options.tls.as_ref());
    let mut stack = Stack { ways, shared, options, outbox, replies, patience, reporter, rooted: None, told_sent: 0 };
    let status = match (address, rooted) {
        (Err(error), _) => Status::new(Code::INVALID_ARGUMENT, error.to_string()),
        (_, Err(error)) => Status::new(Code::INVALID_ARGUMENT, error.to_string()),
        (Ok(address), Ok(rooted)) => {
            stack.rooted = rooted;
            stack.call(&address).await
        }
    };
    stack.reporter.end(&status);
    // Whoever dropped the handle does not want to know.
    let _gone = stack.replies.send(Incoming::End(status)).await;
}

/// Where the next attempt may go.
struct Route {
    target: Target,
    instances: Arc<[Instance]>,
    service: Arc<ServiceState>,
}

struct Stack {
    shared: Arc<Shared>,
    options: CallOptions,
    outbox: Outbox,
    replies: mpsc::Sender<Incoming>,
    patience: Patience,
    reporter: Reporter,
    /// Its connections, by what it brings to TLS.
    ways: Ways,
    /// Its place among other calls, if what is spoken has room for that.
    rooted: Option<Rooted>,
    /// Messages that the observer was told of; sending one again is not news.
    told_sent: usize,
}

impl Stack {
    async fn call(&mut self, address: &Address) -> Status {
        let mut route = match self.route(address, None).await {
            Ok(route) => route,
            Err(status) => return status,
        };
        // Whom the address that was called stands for: redirects may not name others as friends.
        let origin = route.target.clone();
        let mut redirects = Redirects::new(self.options.policy.redirect.clone().unwrap_or_default());
        if !self.options.shape.client_streams()
            && let Err(interrupt) = self.patience.wait(self.outbox.fill()).await
        {
            let doing = say!("calling.waiting_to_send", "waiting for the message to send");
            return self.patience.status(interrupt, doing);
        }
        let shared = Arc::clone(&self.shared);
        route.service.deposit(clock::now(), &self.options.policy);
        let mut retry = RetryState::new(self.options.policy.retry.clone());
        let mut tried: Vec<String> = Vec::new();
        let mut last: Option<Status> = None;
        let mut number: u8 = 0;
        loop {
            number = number.saturating_add(1);
            let begun = clock::now();
            let pool = Arc::clone(&self.ways.known);
            let avoids_any = pool.avoids_any(begun);
            let picked = route.service.pick(
                begun,
                &Pick {
                    instances: &route.instances,
                    only: route.target.only.as_deref(),
                    tried: &tried,
                    avoid: &|instance| {
                        avoids_any && instance.address.parse().is_ok_and(|endpoint| pool.avoids(&endpoint, begun))
                    },
                    policy: &self.options.policy,
                },
                [fastrand::f64(), fastrand::f64()],
            );
            let lease = match not_picked(picked, begun) {
                Ok(lease) => lease,
                Err(status) => return self.refuse(last, status),
            };
            let known = || shared.resolver.known(&origin).unwrap_or_default();
            let passage = match redirects.enter(&lease.instance, known) {
                Ok(passage) => passage,
                Err(reason) => return self.stays(last, reason),
            };
            let trace = self.trace_for(&lease.instance);
            self.reporter.tell(
                begun,
                FlowEvent::AttemptStarted {
                    attempt: number,
                    instance: lease.instance.id.clone(),
                    address: lease.instance.address.clone(),
                    breaker: lease.breaker,
                    span: trace.as_ref().map(|trace| trace.span_id),
                },
            );
            self.segment(number, Segment::Pick, begun, clock::now());
            let ending = self.attempt(number, &lease.instance, retry.previous_attempts(), trace, passage).await;
            let at = clock::now();
            self.reporter.tell(at, FlowEvent::AttemptEnded { attempt: number, status: ending.status.clone() });
            let (untried, id, address) = (lease.untried, lease.instance.id.clone(), lease.instance.address.clone());
            lease.finish(at, &ending.status, ending.reach);
            let status = ending.status;
            if status.code.is_ok() || ending.interrupted {
                return status;
            }
            // What was not even taken to a connection is all still here, however large.
            let replayable = ending.reach == Reach::NotConnected || self.outbox.is_replayable();
            if status.code == Code::REDIRECT {
                let sent = Sent {
                    status: &status,
                    from: &address,
                    answered: ending.answered,
                    replayable,
                    registry: route.target.registry(),
                };
                let address = match redirects.decide(sent) {
                    Ok(address) => address,
                    Err(reason) => return self.stays(Some(status), reason),
                };
                let (attempt, to) = (number.saturating_add(1), address.to_string());
                self.reporter.tell(clock::now(), FlowEvent::Redirected { attempt, from: id.clone(), to });
                route = match self.route(&address, Some(attempt)).await {
                    Ok(route) => route,
                    Err(ended) if matches!(ended.code, Code::CANCELLED | Code::DEADLINE_EXCEEDED) => return ended,
                    Err(unknown) => return self.stays(Some(status), unknown.words()),
                };
                self.outbox.rewind();
                tried.push(id);
                last = Some(status);
                continue;
            }
            let decision = retry.decide(
                Outcome {
                    status: &status,
                    reach: ending.reach,
                    answered: ending.answered,
                    replayable,
                    one_message: !self.options.shape.client_streams(),
                    untried,
                },
                fastrand::f64(),
            );
            let (delay, counted, reason) = match decision {
                Decision::Again { delay, counted, reason } => (delay, counted, reason),
                Decision::Stop { refused } => {
                    if let Some(reason) = refused {
                        self.reporter.tell(clock::now(), FlowEvent::RetryRefused { reason: reason.into() });
                    }
                    return status;
                }
            };
            if let Some(reason) = self.why_not(number, delay, counted, &route.service) {
                self.reporter.tell(clock::now(), FlowEvent::RetryRefused { reason: reason.into() });
                return status;
            }
            let next = number.saturating_add(1);
            self.reporter.tell(clock::now(), FlowEvent::Backoff { attempt: next, delay, reason: reason.into() });
            if let Err(interrupt) = self.patience.pause(delay).await {
                let doing = say!(
                    "calling.pausing",
                    "waiting to try again after %{who} answered %{code}",
                    who = id,
                    code = status.code.name()
                );
                return self.patience.status(interrupt, doing);
            }
            self.outbox.rewind();
            tried.push(id);
            last = Some(status);
            // What discovery has heard meanwhile counts.
            if let Some(known) = self.shared.resolver.known(&route.target) {
                route.instances = known;
            }
        }
    }

    /// Where an address leads. `hop`: the attempt that a redirect sends there.
    async fn route(&mut self, address: &Address, hop: Option<u8>) -> Result<Route, Status> {
        let target =
            self.shared.resolver.target(address).map_err(|error| Status::new(Code::INVALID_ARGUMENT, error.say()))?;
        let instances = self.resolve(&target, hop).await?;
        let service = self.shared.services.get(&target.key, &target.service);
        Ok(Route { target, instances, service })
    }

    async fn resolve(&mut self, target: &Target, hop: Option<u8>) -> Result<Arc<[Instance]>, Status> {
        let begun = clock::now();
        let shared = Arc::clone(&self.shared);
        match self.patience.wait(shared.resolver.resolve(target)).await {
            Ok(Ok(instances)) => {
                let at = clock::now();
                match hop {
                    None => {
                        self.reporter
                            .tell(at, FlowEvent::Resolved { instances: instances.len(), took: at.since(begun) });
                    }
                    Some(attempt) => self.segment(attempt, Segment::Resolve, begun, at),
                }
                Ok(instances)
            }
            Ok(Err(status)) => Err(status),
            Err(interrupt) => {
                let doing = say!("calling.resolving", "resolving %{target}", target = &self.options.target);
                Err(self.patience.status(interrupt, doing))
            }
        }
    }

    /// Why a retry that the policy wants cannot be made. Takes the budget's token if it can.
    fn why_not(
        &self,
        number: u8,
        delay: std::time::Duration,
        counted: bool,
        service: &ServiceState,
    ) -> Option<Sentence> {
        let now = clock::now();
        if number == u8::MAX {
            return Some(say!("retry.255_times", "it was sent 255 times"));
        }
        // Waiting for a deadline that is sure to pass would only replace the reason by "too late".
        if !self.patience.deadline.outlasts(now, delay) {
            return Some(say!("retry.too_late", "a pause of %{pause} would pass the deadline", pause = rounded(delay)));
        }
        if counted && !service.withdraw(now, &self.options.policy) {
            let percent = self.options.policy.retry_budget.as_ref().map_or(0.0, |budget| budget.percent);
            return Some(say!(
                "retry.budget",
                "the retry budget is used up: retries may add %{percent} % to the load",
                percent = percent
            ));
        }
        None
    }

    /// No instance for an attempt: the first time that is the call's end; later the last attempt's status stays.
    fn refuse(&mut self, last: Option<Status>, status: Status) -> Status {
        let Some(last) = last else { return status };
        self.reporter.tell(clock::now(), FlowEvent::RetryRefused { reason: status.words() });
        last
    }

    /// What travels with an attempt: the call's trace under a span of its own.
    fn trace_for(&self, instance: &Instance) -> Option<Trace> {
        let endpoint: Endpoint = instance.address.parse().ok()?;
        let rooted = self.rooted.as_ref().filter(|_| endpoint.carries_trace())?;
        Some(rooted.attempt(&self.shared.trace_ids))
    }

    /// The call was sent on and does not go there: it ends with the REDIRECT.
    fn stays(&mut self, last: Option<Status>, reason: Words) -> Status {
        self.reporter.tell(clock::now(), FlowEvent::RedirectRefused { reason });
        last.unwrap_or_else(|| Status::new(Code::REDIRECT, ""))
    }

    /// Connects if need be, and makes one attempt.
    async fn attempt(
        &mut self,
        number: u8,
        instance: &Instance,
        previous: u8,
        trace: Option<Trace>,
        passage: Passage,
    ) -> Ending {
        let endpoint = match instance.address.parse::<Endpoint>() {
            Ok(endpoint) => endpoint,
            Err(error) => {
                let status = Status::unprocessed(Code::UNAVAILABLE, error.say());
                return Ending { status, reach: Reach::NotConnected, answered: false, interrupted: false };
            }
        };
        let begun = clock::now();
        let (metadata, mut withheld) = passage.strip(&self.options.metadata);
        let ways = self.ways.clone();
        if passage == Passage::Stranger && ways.has_certificate && endpoint.transport == TransportKind::Tls {
            withheld.push("client certificate".to_owned());
        }
        if !withheld.is_empty() {
            self.reporter.tell(begun, FlowEvent::Withheld { attempt: number, names: withheld });
        }
        let channel = match self.patience.wait(ways.pool(passage).get(&endpoint, &instance.id)).await {
            Ok(Ok(Connected { channel, report, at })) => {
                if let Some(report) = report {
                    self.connect_segments(number, begun, at, &laps(&report));
                }
                channel
            }
            Ok(Err(error)) => {
                self.connect_segments(number, begun, clock::now(), &failed_laps(&error));
                return Ending {
                    status: error.status(),
                    reach: Reach::NotConnected,
                    answered: false,
                    interrupted: false,
                };
            }
            Err(interrupt) => {
                self.segment(number, Segment::Connect, begun, clock::now());
                let doing = say!("calling.connecting_to", "connecting to %{who}", who = &instance.id);
                let status = self.patience.status(interrupt, doing);
                return Ending { status, reach: Reach::NotConnected, answered: false, interrupted: true };
            }
        };
        if let Some(why) = channel.refuses(self.options.encoding) {
            // Trying it elsewhere would hide what was asked about: whether this server can.
            let status = Status::unprocessed(Code::UNIMPLEMENTED, why);
            return Ending { status, reach: Reach::Sent, answered: false, interrupted: true };
        }
        let head = CallHead {
            encoding: self.options.encoding,
            method: self.options.method.clone(),
            metadata,
            timeout: self.patience.deadline.left(clock::now()),
            attempt: previous,
            one_way: self.options.shape == callscope_wire::Shape::OneWay,
            trace,
        };
        let attempt = Attempt {
            number,
            instance: &instance.id,
            channel: &channel,
            outbox: &mut self.outbox,
            replies: &self.replies,
            patience: &self.patience,
            reporter: &mut self.reporter,
        };
        attempt.run(head, &mut self.told_sent).await
    }

    /// The parts of connecting, which ended at `end`. A call that joined a connection in the making
    /// waited for a part of it only.
    fn connect_segments(&mut self, number: u8, begun: Time, end: Time, laps: &[(Segment, std::time::Duration)]) {
        let mut to = end;
        let mut parts = Vec::with_capacity(laps.len());
        for (segment, took) in laps.iter().rev() {
            let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
            let from = Time(to.0.saturating_sub(nanos));
            parts.push((*segment, from, to));
            to = from;
        }
        for (segment, from, to) in parts.into_iter().rev() {
            self.segment(number, segment, from.max(begun), to);
        }
    }

    fn segment(&mut self, attempt: u8, segment: Segment, from: Time, to: Time) {
        if to > from {
            self.reporter.tell(to, FlowEvent::Segment { attempt, segment, took: to.since(from) });
        }
    }
}

/// What making a connection took, in order. Looking up a host name is part of connecting.
fn laps(report: &ConnectReport) -> Vec<(Segment, std::time::Duration)> {
    let connect = report.resolve.unwrap_or_default() + report.connect;
    let mut laps = vec![(Segment::Connect, connect)];
    laps.extend(report.tls.map(|took| (Segment::Tls, took)));
    laps.push((Segment::Handshake, report.handshake));
    laps
}

fn failed_laps(error: &ConnectError) -> Vec<(Segment, std::time::Duration)> {
    let segment = |step| match step {
        Step::Resolve | Step::Connect => Segment::Connect,
        Step::Tls => Segment::Tls,
        Step::Handshake => Segment::Handshake,
    };
    error.took.iter().map(|(step, took)| (segment(*step), *took)).collect()
}

fn not_picked(picked: Picked, now: Time) -> Result<Box<crate::client::Lease>, Status> {
    match picked {
        Picked::Instance(lease) => Ok(lease),
        Picked::None(why) => Err(Status::unprocessed(Code::NO_ENDPOINT, why)),
        Picked::AllOpen { instances, until } => {
            let who = match instances {
                1 => say!("pick.breaker_open", "the breaker of the only instance is open"),
                n => say!("pick.breakers_open", "the breakers of all %{count} instances are open", count = n),
            };
            let what = match until {
                Some(until) => say!(
                    "pick.open_for",
                    "%{who}; the next call may pass in %{time}",
                    who = who,
                    time = rounded(until.since(now))
                ),
                // Half open, and all permits are out.
                None => say!("pick.half_open", "%{who}; those let through have not come back yet", who = who),
            };
            Err(Status::unprocessed(Code::CIRCUIT_OPEN, what))
        }
    }
}

/// Whole milliseconds, as people write them.
fn rounded(duration: std::time::Duration) -> String {
    duration_text::format(std::time::Duration::from_millis(duration.as_millis() as u64))
}
