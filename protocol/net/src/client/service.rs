//! What a client remembers of a service: breakers, load and turns of its instances, and its budget.
//!
//! Picking happens here, under one lock and without waiting: among the instances that are not down,
//! those whose breaker permits; of these, those that this call has not tried and that are not in
//! their connection back-off; of these, the balancer's choice. Time and randomness come in as arguments.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callscope_wire::policy::{Balance, BreakerState, Policy};
use callscope_wire::{Health, Instance, Sentence, Status, Time, say};

use crate::balance::{self, Balancer, Candidate};
use crate::clock;
use crate::observer::{BreakerView, Observer};
use crate::resilience::breaker::{Evidence, evidence};
use crate::resilience::retry::Reach;
use crate::resilience::{Budget, BudgetView, CircuitBreaker, Permit};

/// Instances come and go under new names; beyond this many the breakers of those gone are forgotten.
const MOST_BREAKERS: usize = 1024;

/// Services remembered; beyond this those that nobody calls now and whose breakers say nothing are forgotten: whoever types
/// addresses for hours must not fill the memory.
const MOST_SERVICES: usize = 256;

/// Every service that was called, by the key of its target.
pub(crate) struct Services {
    observer: Arc<dyn Observer>,
    by_key: Mutex<HashMap<String, Arc<ServiceState>>>,
}

/// One service as this client knows it.
pub(crate) struct ServiceState {
    name: String,
    observer: Arc<dyn Observer>,
    parts: Mutex<Parts>,
}

#[derive(Default)]
struct Parts {
    breakers: HashMap<String, CircuitBreaker>,
    in_flight: HashMap<String, usize>,
    balancers: HashMap<Balance, Box<dyn Balancer>>,
    budget: Option<Budget>,
}

/// What a call asks for.
pub(crate) struct Pick<'a> {
    pub(crate) instances: &'a [Instance],
    /// Only this one (`@instance`).
    pub(crate) only: Option<&'a str>,
    /// Tried by this call already.
    pub(crate) tried: &'a [String],
    /// Connecting there failed a moment ago.
    pub(crate) avoid: &'a dyn Fn(&Instance) -> bool,
    pub(crate) policy: &'a Policy,
}

/// What it gets.
pub(crate) enum Picked {
    /// This instance.
    Instance(Box<Lease>),
    /// The breakers of all instances are open, until this time at the earliest.
    AllOpen { instances: usize, until: Option<Time> },
    /// There is none, and why, in plain words.
    None(Sentence),
}

/// The right to send one attempt to an instance. Dropping it says nothing about the instance and
/// gives the breaker's permit back.
pub(crate) struct Lease {
    service: Arc<ServiceState>,
    pub(crate) instance: Instance,
    /// State of the breaker at the pick.
    pub(crate) breaker: Option<BreakerState>,
    /// Instances of the pick that this call had not tried and that were not picked.
    pub(crate) untried: usize,
    permit: Option<Permit>,
}

impl Services {
    pub(crate) fn new(observer: Arc<dyn Observer>) -> Self {
        Self { observer, by_key: Mutex::default() }
    }

    pub(crate) fn get(&self, key: &str, name: &str) -> Arc<ServiceState> {
        let mut by_key = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = by_key.get(key) {
            return Arc::clone(known);
        }
        let state = Arc::new(ServiceState {
            name: name.to_owned(),
            observer: Arc::clone(&self.observer),
            parts: Mutex::default(),
        });
        if by_key.len() >= MOST_SERVICES {
            by_key.retain(|_, state| Arc::strong_count(state) > 1 || state.has_open_breaker());
        }
        by_key.insert(key.to_owned(), Arc::clone(&state));
        state
    }

    pub(crate) fn breakers(&self) -> Vec<BreakerView> {
        let services: Vec<_> =
            self.by_key.lock().unwrap_or_else(PoisonError::into_inner).values().map(Arc::clone).collect();
        let mut views: Vec<_> = services
            .iter()
            .flat_map(|service| {
                let parts = service.parts();
                parts.breakers.iter().map(|(id, breaker)| breaker.view(&service.name, id)).collect::<Vec<_>>()
            })
            .collect();
        views.sort_by(|a, b| (&a.service, &a.instance).cmp(&(&b.service, &b.instance)));
        views
    }
}

impl ServiceState {
    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether forgetting it would let calls through to an instance that is known to be ill.
    fn has_open_breaker(&self) -> bool {
        self.parts().breakers.values().any(|breaker| breaker.state() != BreakerState::Closed)
    }

    /// Picks an instance for an attempt.
    pub(crate) fn pick(self: &Arc<Self>, now: Time, ask: &Pick<'_>, random: [f64; 2]) -> Picked {
        let mut up = Vec::with_capacity(ask.instances.len());
        up.extend(ask.instances.iter().filter(|instance| instance.health != Health::Down));
        if let Some(only) = ask.only {
            up.retain(|instance| instance.id == only);
        }
        if up.is_empty() {
            return Picked::None(self.why_none(ask));
        }
        let mut parts = self.parts();
        let closed = parts.permitted(now, ask, &mut up);
        let picked = if up.is_empty() {
            let opens = closed.iter().filter_map(|id| parts.breakers.get(*id)?.until());
            Picked::AllOpen { instances: closed.len(), until: opens.min() }
        } else {
            prefer(&mut up, |instance| !ask.tried.contains(&instance.id));
            let untried = up.iter().filter(|instance| !ask.tried.contains(&instance.id)).count();
            prefer(&mut up, |instance| !(ask.avoid)(instance));
            match parts.choose(now, ask.policy, &up, random) {
                Some((instance, breaker, permit)) => Picked::Instance(Box::new(Lease {
                    service: Arc::clone(self),
                    untried: untried - usize::from(!ask.tried.contains(&instance.id)),
                    instance,
                    breaker,
                    permit,
                })),
                None => Picked::AllOpen { instances: up.len(), until: None },
            }
        };
        let changed: Vec<_> = closed.iter().map(|id| (*id).to_owned()).collect();
        let views = self.views(&parts, changed.iter().map(String::as_str));
        let half_opened = match &picked {
            Picked::Instance(lease) if lease.breaker == Some(BreakerState::HalfOpen) => {
                self.views(&parts, std::iter::once(lease.instance.id.as_str()))
            }
            _ => Vec::new(),
        };
        drop(parts);
        for view in views.into_iter().chain(half_opened) {
            self.observer.breaker(now, view);
        }
        picked
    }

    /// A call was made (not a retry); it pays into the budget.
    pub(crate) fn deposit(&self, now: Time, policy: &Policy) {
        if let Some(settings) = &policy.retry_budget {
            self.parts().budget(settings).deposit(now);
        }
    }

    /// Whether the budget allows a retry; without a budget everything is allowed.
    pub(crate) fn withdraw(&self, now: Time, policy: &Policy) -> bool {
        policy.retry_budget.as_ref().is_none_or(|settings| self.parts().budget(settings).withdraw(now))
    }

    pub(crate) fn budget_view(&self, now: Time) -> Option<BudgetView> {
        self.parts().budget.as_mut().map(|budget| budget.view(now))
    }

    fn why_none(&self, ask: &Pick<'_>) -> Sentence {
        let service = &self.name;
        match (ask.instances.len(), ask.only) {
            (0, _) => say!("pick.none", "no instance of `%{service}` is registered", service = service),
            (n, Some(only)) => match ask.instances.iter().find(|instance| instance.id == only) {
                Some(_) => say!("pick.down", "`%{only}` of `%{service}` is down", only = only, service = service),
                None => say!(
                    "pick.not_among",
                    "`%{service}` has %{count} instances, and none of them is `%{only}`",
                    service = service,
                    count = n,
                    only = only
                ),
            },
            (1, None) => say!("pick.only_down", "the only instance of `%{service}` is down", service = service),
            (n, None) => {
                say!("pick.all_down", "all %{count} instances of `%{service}` are down", count = n, service = service)
            }
        }
    }

    fn views<'a>(&self, parts: &Parts, ids: impl Iterator<Item = &'a str>) -> Vec<BreakerView> {
        ids.filter_map(|id| Some(parts.breakers.get(id)?.view(&self.name, id))).collect()
    }
}

impl Parts {
    /// Leaves the instances whose breaker permits in `up`, and returns the ids of the others, counted as rejected.
    fn permitted<'a>(&mut self, now: Time, ask: &Pick<'_>, up: &mut Vec<&'a Instance>) -> Vec<&'a str> {
        let Some(settings) = &ask.policy.breaker else { return Vec::new() };
        if self.breakers.len() > MOST_BREAKERS {
            self.breakers.retain(|id, _| ask.instances.iter().any(|instance| instance.id == *id));
        }
        let mut rejected = Vec::new();
        up.retain(|instance| {
            let Some(breaker) = self.breakers.get_mut(&instance.id) else { return true };
            breaker.configure(settings);
            let permits = breaker.permits(now);
            if !permits {
                breaker.count_rejected();
                rejected.push(instance.id.as_str());
            }
            permits
        });
        rejected
    }

    /// The balancer's choice, its breaker's state and permit; counts it as in flight.
    fn choose(
        &mut self,
        now: Time,
        policy: &Policy,
        up: &[&Instance],
        random: [f64; 2],
    ) -> Option<(Instance, Option<BreakerState>, Option<Permit>)> {
        let candidates: Vec<_> = up
            .iter()
            .map(|instance| Candidate {
                id: &instance.id,
                // Half the calls of a healthy one.
                weight: if instance.health == Health::Degraded { instance.weight.div_ceil(2) } else { instance.weight },
                in_flight: self.in_flight.get(&instance.id).copied().unwrap_or(0),
            })
            .collect();
        let balance = policy.balance.unwrap_or_default();
        let balancer = self.balancers.entry(balance).or_insert_with(|| balance::make(balance));
        let picked = *up.get(balancer.pick(&candidates, random)?)?;
        let (state, permit) = match &policy.breaker {
            None => (None, None),
            Some(settings) => {
                let breaker = self
                    .breakers
                    .entry(picked.id.clone())
                    .or_insert_with(|| CircuitBreaker::new(settings.clone(), now));
                let permit = breaker.acquire(now)?;
                (Some(breaker.state()), Some(permit))
            }
        };
        *self.in_flight.entry(picked.id.clone()).or_default() += 1;
        Some((picked.clone(), state, permit))
    }

    fn budget(&mut self, settings: &callscope_wire::policy::RetryBudget) -> &mut Budget {
        let budget = self.budget.get_or_insert_with(|| Budget::new(settings.clone()));
        budget.configure(settings);
        budget
    }
}

impl Lease {
    /// The attempt is over: its breaker counts what that says about the instance.
    pub(crate) fn finish(mut self, now: Time, status: &Status, reach: Reach) {
        let Some(permit) = self.permit.take() else { return };
        let view = {
            let mut parts = self.service.parts();
            let Some(breaker) = parts.breakers.get_mut(&self.instance.id) else { return };
            match evidence(status, reach) {
                Evidence::Ignored => breaker.release(permit),
                counted => breaker.record(now, permit, counted == Evidence::Failure, || status.to_string()),
            }
            breaker.view(&self.service.name, &self.instance.id)
        };
        self.service.observer.breaker(now, view);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut parts = self.service.parts();
        if let Some(count) = parts.in_flight.get_mut(&self.instance.id) {
            *count -= 1;
            if *count == 0 {
                parts.in_flight.remove(&self.instance.id);
            }
        }
        let Some(permit) = self.permit.take() else { return };
        let Some(breaker) = parts.breakers.get_mut(&self.instance.id) else { return };
        breaker.release(permit);
        let view = breaker.view(&self.service.name, &self.instance.id);
        drop(parts);
        self.service.observer.breaker(clock::now(), view);
    }
}

/// Keeps those that are `wanted`, unless none is.
fn prefer(instances: &mut Vec<&Instance>, wanted: impl Fn(&Instance) -> bool) {
    if instances.iter().any(|instance| wanted(instance)) {
        instances.retain(|instance| wanted(instance));
    }
}

#[cfg(test)]
mod tests {
    use callscope_wire::Code;
    use callscope_wire::policy::Breaker;

    use super::*;
    use crate::observer::Quiet;

    fn instances(names: &str) -> Vec<Instance> {
        names
            .split_whitespace()
            .map(|id| {
                serde_json::from_value(serde_json::json!({ "id": id, "service": "orders", "address": "native://h:1" }))
                    .unwrap()
            })
            .collect()
    }

    fn policy() -> Policy {
        let breaker = Breaker { sliding_window_size: 2, minimum_number_of_calls: 2, ..Breaker::default() };
        Policy { breaker: Some(breaker), balance: Some(Balance::RoundRobin), ..Policy::default() }
    }

    fn state() -> Arc<ServiceState> {
        Services::new(Arc::new(Quiet)).get("registry://h:1/orders", "orders")
    }

    struct Asks {
        instances: Vec<Instance>,
        tried: Vec<String>,
        avoided: &'static str,
        only: Option<&'static str>,
    }

    fn pick(state: &Arc<ServiceState>, asks: &Asks) -> Result<Box<Lease>, String> {
        let policy = policy();
        let ask = Pick {
            instances: &asks.instances,
            only: asks.only,
            tried: &asks.tried,
            avoid: &|instance| instance.id == asks.avoided,
            policy: &policy,
        };
        match state.pick(Time::ZERO, &ask, [0.5, 0.5]) {
            Picked::Instance(lease) => Ok(lease),
            Picked::AllOpen { instances, .. } => Err(format!("{instances} open")),
            Picked::None(why) => Err(why.to_string()),
        }
    }

    fn asks(names: &str) -> Asks {
        Asks { instances: instances(names), tried: Vec::new(), avoided: "", only: None }
    }

    #[test]
    fn a_retry_prefers_what_was_not_tried_and_what_can_be_connected() {
        let state = state();
        let tried = Asks { tried: vec!["a".to_owned(), "b".to_owned()], ..asks("a b c") };
        let lease = pick(&state, &tried).unwrap();
        assert_eq!((lease.instance.id.as_str(), lease.untried), ("c", 0));
        let refused = Asks { avoided: "c", tried: vec!["a".to_owned()], ..asks("a b c") };
        assert_eq!(pick(&state, &refused).unwrap().instance.id, "b");
        let last_resort = Asks { tried: vec!["a".to_owned()], ..asks("a") };
        assert_eq!(pick(&state, &last_resort).unwrap().instance.id, "a");
        let only = Asks { only: Some("b"), ..asks("a b c") };
        assert_eq!(pick(&state, &only).unwrap().instance.id, "b");
    }

    #[test]
    fn health_and_weight_are_the_share_of_calls() {
        let state = state();
        let mut shares = asks("a b c d");
        shares.instances[0].weight = 4;
        shares.instances[1].weight = 4;
        shares.instances[1].health = Health::Degraded;
        shares.instances[2].health = Health::Down;
        shares.instances[3].weight = 0;
        let mut picked = std::collections::BTreeMap::new();
        for _ in 0..60 {
            *picked.entry(pick(&state, &shares).unwrap().instance.id.clone()).or_insert(0) += 1;
        }
        assert_eq!(picked, [("a".to_owned(), 40), ("b".to_owned(), 20)].into());
        shares.instances.drain(..3);
        assert_eq!(pick(&state, &shares).unwrap().instance.id, "d", "only if there is no other");
    }

    #[test]
    fn an_open_breaker_takes_its_instance_out() {
        let state = state();
        let failed = Status::new(Code::UNAVAILABLE, "no");
        let only_a = asks("a");
        for _ in 0..2 {
            pick(&state, &only_a).unwrap().finish(Time::ZERO, &failed, Reach::Sent);
        }
        assert_eq!(pick(&state, &only_a).err().unwrap(), "1 open");
        for _ in 0..3 {
            assert_eq!(pick(&state, &asks("a b")).unwrap().instance.id, "b");
        }
        let view = state.parts().breakers["a"].view("orders", "a");
        assert_eq!((view.rejected, view.last_failure.unwrap().1.as_str()), (4, "14 UNAVAILABLE: no"));
    }

    #[test]
    fn services_that_nobody_calls_are_forgotten_unless_an_instance_is_known_to_be_ill() {
        let services = Services::new(Arc::new(Quiet));
        let ill = services.get("ill", "ill");
        let failed = Status::new(Code::UNAVAILABLE, "no");
        for _ in 0..2 {
            pick(&ill, &asks("a")).unwrap().finish(Time::ZERO, &failed, Reach::Sent);
        }
        drop(ill);
        let called = services.get("called", "called");
        for number in 0..2 * MOST_SERVICES {
            services.get(&number.to_string(), "idle");
        }
        let known = services.by_key.lock().unwrap();
        assert!(known.len() <= MOST_SERVICES && known.contains_key("ill"));
        assert!(Arc::ptr_eq(&known["called"], &called));
    }

    #[test]
    fn an_attempt_that_is_dropped_leaves_no_trace() {
        let state = state();
        let lease = pick(&state, &asks("a")).unwrap();
        assert_eq!(state.parts().in_flight["a"], 1);
        drop(lease);
        let parts = state.parts();
        assert!(parts.in_flight.is_empty());
        assert!(parts.breakers["a"].view("orders", "a").window.is_empty());
    }

    #[test]
    fn nothing_to_pick_says_why() {
        let state = state();
        let mut down = asks("a");
        down.instances[0].health = Health::Down;
        for (ask, why) in [
            (asks(""), "no instance of `orders` is registered"),
            (down, "the only instance of `orders` is down"),
            (Asks { only: Some("x"), ..asks("a b") }, "`orders` has 2 instances, and none of them is `x`"),
        ] {
            assert_eq!(pick(&state, &ask).err().unwrap(), why);
        }
    }
}
