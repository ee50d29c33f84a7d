//! What a call tab is about: the tab, its recorded call, the service behind its address, its effective policy.
//!
//! Gathered once a frame from the model, so that the parts of the tab agree.

use callscope_wire::Shape;
use callscope_wire::policy::{BreakerState, Policy};

use crate::model::Model;
use crate::model::flows::Record;
use crate::model::series::{BreakerNow, Point};
use crate::model::services::Service;
use crate::model::tabs::{Tab, TabId};

/// Finished calls that the live facts are about.
const RECENT: usize = 200;
/// Points looked at to find them.
const SEARCHED: usize = 20_000;

pub(super) struct Subject<'a> {
    pub model: &'a Model,
    pub tab: &'a Tab,
    /// The call on the response side.
    pub record: Option<&'a Record>,
    /// The service that the address names, if discovery knows it.
    pub service: Option<&'a Service>,
    /// What the next call follows.
    pub policy: Policy,
    pub shape: Shape,
}

impl<'a> Subject<'a> {
    pub fn new(model: &'a Model, tab: TabId) -> Option<Self> {
        let tab = model.tabs.get(tab)?;
        let flow = tab.flow.or_else(|| tab.running.as_ref().map(|running| running.flow));
        Some(Self {
            model,
            tab,
            record: flow.and_then(|flow| model.flows.get(flow)),
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
    pub fn breakers(&self) -> impl Iterator<Item = (&'a str, &'a BreakerNow)> {
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
    use super::{scheme, service_name};

    #[test]
    fn the_service_is_the_last_step_of_an_address() {
        assert_eq!(service_name("registry:///orders"), "orders");
        assert_eq!(service_name("registry://127.0.0.1:7000/orders@orders-2"), "orders");
        assert_eq!(service_name("native://127.0.0.1:7001"), "127.0.0.1:7001");
        assert_eq!(scheme("native+tls://h:1"), "native+tls");
        assert_eq!(scheme("h:1"), "");
    }
}
