//! What a call tab is about: the tab, its recorded call, the service behind its address, its effective policy.
//!
//! Gathered once a frame from the model, so that the parts of the tab agree.

use std::time::Duration;

use callscope_wire::policy::{BreakerState, Policy};
use callscope_wire::{FlowId, Shape};

use crate::model::Model;
use crate::model::flows::Record;
use callscope_wire::policy::BreakerView;

use crate::model::series::Point;
use crate::model::services::Service;
use crate::model::tabs::{Tab, TabId};

/// Finished calls that the live facts are about.
const RECENT: usize = 200;
/// Progress is shown for what takes longer.
const SETTLE: Duration = Duration::from_millis(100);
/// Points looked at to find them.
const SEARCHED: usize = 20_000;

pub(super) struct Subject<'a> {
    pub model: &'a Model,
    pub tab: &'a Tab,
    /// The call on the response side.
    pub record: Option<&'a Record>,
    /// A call has just begun and the one before it is still shown: look again after this long.
    pub unsettled: Option<Duration>,
    /// The service that the address names, if discovery knows it.
    pub service: Option<&'a Service>,
    /// What the next call follows.
    pub policy: Policy,
    pub shape: Shape,
}

impl<'a> Subject<'a> {
    /// `settled` is the call that was shown last; see [`shown_call`].
    pub fn new(model: &'a Model, tab: TabId, settled: &mut Option<FlowId>) -> Option<Self> {
        let tab = model.tabs.get(tab)?;
        let (record, unsettled) = shown_call(model, tab, settled);
        Some(Self {
            model,
            tab,
            record,
            unsettled,
            service: model.services.by_target(&tab.draft.target),
            policy: tab.draft.effective_policy(&tab.inherited.policy),
            shape: tab.running.as_ref().map_or_else(|| tab.shape(), |running| running.shape),
        })
    }

    /// More than one message in some direction: the four acts instead of Send.
    pub fn streams(&self) -> bool {
        self.shape.client_streams() || self.shape.server_streams()
    }

    /// The service as breakers name it: the last step of the address.
    pub fn service_name(&self) -> &'a str {
        service_name(&self.tab.draft.target)
    }

    /// Breakers of the service, by instance.
    pub fn breakers(&self) -> impl Iterator<Item = (&'a str, &'a BreakerView)> {
        let name = self.service_name();
        self.model
            .series
            .breakers
            .iter()
            .filter(move |((service, _), _)| service == name)
            .map(|((_, instance), track)| (instance.as_str(), &track.now))
    }

    /// The breaker of an instance as it is now.
    pub fn breaker_of(&self, instance: &str) -> Option<BreakerState> {
        self.breakers().find(|(id, _)| *id == instance).map(|(_, now)| now.state)
    }

    /// The last finished calls of this address and method, newest first.
    pub fn recent(&self) -> Vec<&'a Point> {
        let draft = &self.tab.draft;
        self.model
            .series
            .points
            .iter()
            .rev()
            .take(SEARCHED)
            .filter(|point| *point.target == draft.target && *point.method == draft.method)
            .take(RECENT)
            .collect()
    }
}

/// The call that a tab shows. Most calls are over before anybody could read "running": for the first moments of a call
/// the one before it stays, and the time is given after which to look again.
pub(in crate::panel) fn shown_call<'a>(
    model: &'a Model,
    tab: &Tab,
    settled: &mut Option<FlowId>,
) -> (Option<&'a Record>, Option<Duration>) {
    let Some(flow) = tab.flow.or_else(|| tab.running.as_ref().map(|running| running.flow)) else {
        *settled = None;
        return (None, None);
    };
    let record = model.flows.get(flow);
    let age = record.map_or(Duration::ZERO, |record| record.flow.duration(model.now));
    let young = record.is_none_or(|record| record.flow.ended.is_none()) && age < SETTLE;
    let before = settled.filter(|before| *before != flow).and_then(|before| model.flows.get(before));
    match before {
        Some(before) if young && before.flow.ended.is_some() => (Some(before), Some(SETTLE.saturating_sub(age))),
        _ => {
            *settled = record.map(|record| record.flow.id);
            (record, None)
        }
    }
}

/// `orders` out of `registry:///orders@orders-1`, `127.0.0.1:7001` out of `native://127.0.0.1:7001`.
pub(super) fn service_name(target: &str) -> &str {
    let base = target.split(['@', '?', '#']).next().unwrap_or(target);
    base.rsplit('/').next().unwrap_or(base)
}

/// Scheme of an address, without `://`.
pub(super) fn scheme(target: &str) -> &str {
    target.split_once("://").map_or("", |(scheme, _)| scheme)
}

#[cfg(test)]
mod tests {
    use super::{scheme, service_name, shown_call};
    use crate::model::Model;
    use crate::panel::call::fixture;
    use callscope_wire::capture::FlowEvent;
    use callscope_wire::{FlowId, Shape, Time};

    #[test]
    fn a_call_that_is_over_at_once_takes_the_place_of_the_one_before_without_a_flicker() {
        let mut model = fixture::world();
        let id = fixture::tab(&mut model, fixture::place_draft());
        let first = fixture::answered(&mut model, id);
        let mut settled = None;
        let shown = |model: &Model, settled: &mut Option<FlowId>| {
            let (record, wait) = shown_call(model, model.tabs.get(id).unwrap(), settled);
            (record.map(|record| record.flow.id), wait.is_some())
        };
        assert_eq!(shown(&model, &mut settled), (Some(first), false));

        // Asked for, and nothing heard of it yet.
        let second = model.flows.next_id();
        model.tabs.get_mut(id).unwrap().flow = Some(second);
        assert_eq!(shown(&model, &mut settled), (Some(first), true));
        let started = FlowEvent::Started {
            target: fixture::TARGET.into(),
            method: "shop.Orders/Place".into(),
            shape: Shape::Unary,
            deadline: None,
            trace: None,
            caller: None,
        };
        model.now = Time::from_millis(90_000);
        model.flows.apply(second, Time::from_millis(90_000), started);
        assert_eq!(shown(&model, &mut settled), (Some(first), true));
        model.now = Time::from_millis(90_150);
        assert_eq!(shown(&model, &mut settled), (Some(second), false), "it takes its time");
    }

    #[test]
    fn the_service_is_the_last_step_of_an_address() {
        assert_eq!(service_name("registry:///orders"), "orders");
        assert_eq!(service_name("registry://127.0.0.1:7000/orders@orders-2"), "orders");
        assert_eq!(service_name("native://127.0.0.1:7001"), "127.0.0.1:7001");
        assert_eq!(scheme("native+tls://h:1"), "native+tls");
        assert_eq!(scheme("h:1"), "");
    }
}
