//! What the engine told, taken into the model.

use std::sync::Arc;

use callscope_net::observer::Snapshot;
use callscope_wire::capture::{Flow, FlowEvent};
use callscope_wire::schema::Schema;
use callscope_wire::{Code, FlowId, Health, Instance, Time, Words};

use crate::app::App;
use crate::model::messages::Keep;
use crate::model::services::{SchemaState, Source, SourceKind, SourceState};
use crate::model::tabs::TabId;

impl App {
    pub(crate) fn flow_event(&mut self, id: FlowId, at: Time, event: FlowEvent) {
        let ended = matches!(event, FlowEvent::Ended { .. });
        self.model.flows.apply(id, at, event);
        if !ended {
            return;
        }
        // What still comes is trimmed as the call is kept; the engine's side need not remember it.
        self.backend.notices().keep(id, Keep::default());
        let Some(record) = self.model.flows.get(id) else { return };
        // What instances ask of one another is part of a call's tree. In plots and health it would pass for the user's.
        if record.flow.caller.is_some() {
            return;
        }
        self.model.series.finished(&record.flow);
        let heard = heard(&record.flow);
        let failed = record.flow.status.as_ref().is_some_and(|status| !status.code.is_ok());
        if let Some(tab) = self.running.repeated.remove(&id)
            && let Some(repeat) = self.model.tabs.get_mut(tab).and_then(|tab| tab.repeat.as_mut())
        {
            repeat.failed += u64::from(failed);
        }
        for tab in &mut self.model.tabs.open {
            if tab.running.as_ref().is_some_and(|running| running.flow == id) {
                tab.running = None;
            }
        }
        if let Some((target, health)) = heard {
            self.direct_health(at, &target, health);
        }
    }

    /// Nobody pushes how an address without a registry is doing: the calls made to it tell.
    fn direct_health(&mut self, at: Time, target: &str, health: Health) {
        let direct = |source: &&Source| source.kind == SourceKind::Direct && source.address == target;
        let Some(source) = self.model.services.sources.iter().find(direct) else { return };
        let Some(service) = source.services.first() else { return };
        let mut instances: Vec<Instance> = service.instances.iter().map(|listed| listed.instance.clone()).collect();
        if instances.iter().all(|instance| instance.health == health) {
            return;
        }
        for instance in &mut instances {
            instance.health = health;
        }
        let (source, service) = (source.address.clone(), service.name.clone());
        self.discovered(at, Snapshot { source, service, instances });
    }

    pub(crate) fn repeated(&mut self, tab: TabId, flow: FlowId) {
        self.running.repeated.insert(flow, tab);
        if let Some(tab) = self.model.tabs.get_mut(tab) {
            tab.flow = Some(flow);
            if let Some(repeat) = &mut tab.repeat {
                repeat.made += 1;
            }
        }
    }

    pub(crate) fn discovered(&mut self, at: Time, snapshot: Snapshot) {
        let Some(source) = self.model.services.source_mut(&snapshot.source) else { return };
        let target = match source.kind {
            // The empty authority is this process's own registry.
            SourceKind::Embedded => format!("registry:///{}", snapshot.service),
            SourceKind::Registry => format!("{}/{}", source.address.trim_end_matches('/'), snapshot.service),
            SourceKind::Direct => source.address.clone(),
        };
        let unknown = source.services.iter().all(|service| service.name != snapshot.service);
        let Snapshot { source, service, instances } = snapshot;
        let any = !instances.is_empty();
        self.model.services.apply(at, &source, &service, &target, instances);
        let failed = self
            .model
            .services
            .by_target(&target)
            .is_some_and(|service| matches!(service.schema, SchemaState::Failed(_)));
        // A service that could not say what it offers is asked again when its instances change.
        if any && (unknown || failed) {
            self.describe(&target, failed);
        }
    }

    pub(crate) fn source_state(&mut self, address: &str, lost: Option<Words>) {
        if let Some(source) = self.model.services.source_mut(address) {
            source.state = lost.map_or(SourceState::Live, SourceState::Lost);
            self.model.services.revision += 1;
        }
    }

    pub(crate) fn schema(&mut self, target: &str, schema: Result<Arc<Schema>, Words>) {
        let known = self.model.services.sources.iter_mut().flat_map(|source| &mut source.services);
        if let Some(service) = known.into_iter().find(|service| service.target == target) {
            service.schema = match &schema {
                Ok(schema) => SchemaState::Ready(Arc::clone(schema)),
                Err(reason) => SchemaState::Failed(reason.clone()),
            };
            self.model.services.revision += 1;
        }
        if let Ok(schema) = schema {
            self.give_schema(target, &schema);
        }
    }

    /// The embedded world is up: it is the first source. Those added by hand follow.
    pub(crate) fn world(&mut self, address: String) {
        self.model.services.sources.insert(
            0,
            Source { address, kind: SourceKind::Embedded, state: SourceState::Connecting, services: Vec::new() },
        );
        self.model.services.revision += 1;
    }
}

/// What the end of a call says about the address that it was made to, if it says anything.
fn heard(flow: &Flow) -> Option<(String, Health)> {
    let status = flow.status.as_ref()?;
    let health = match status.code {
        // Ended by ourselves.
        Code::CANCELLED | Code::DEADLINE_EXCEEDED => return None,
        Code::UNAVAILABLE if status.not_processed => Health::Down,
        // Whatever it was, somebody was there to say it.
        _ if !flow.attempts.is_empty() => Health::Healthy,
        _ => return None,
    };
    Some((flow.target.trim_end_matches('/').to_owned(), health))
}
