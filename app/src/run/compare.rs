//! Calls compared: chosen here, compared on a thread of their own, shown when they are over.

use std::sync::Arc;

use callscope_wire::{FlowId, Health, Shape};
use rust_i18n::t;

use super::files::Done;
use crate::app::App;
use crate::backend::Job;
use crate::model::Model;
use crate::model::compare::{self, Answers, Compare, Comparison, Spread, SpreadRow};
use crate::model::flows::Record;
use crate::model::tabs::{Tab, TabId};

impl App {
    /// Puts two calls beside each other in a tab.
    pub(super) fn compare(&mut self, id: TabId, left: Option<FlowId>, right: Option<FlowId>) {
        if let Some(tab) = self.model.tabs.get_mut(id) {
            // A call that the tab shows anyway goes on being the one that it shows.
            let right = right.filter(|right| tab.flow != Some(*right));
            tab.compare = Some(Compare { left, right, ..Compare::default() });
        }
        self.activate(id);
    }

    /// The call that the other half shows, on the left of the active tab's own.
    pub(super) fn compare_halves(&mut self) {
        let Some(active) = self.model.tabs.active else { return };
        let other = self.model.tabs.front.iter().copied().find(|tab| *tab != active);
        let flow = other.and_then(|other| self.model.tabs.get(other)).and_then(|tab| tab.flow);
        match flow {
            Some(flow) => self.compare(active, Some(flow), None),
            None => self.model.toasts.say(self.model.now, t!("run.no_other_half")),
        }
    }

    pub(super) fn swap_sides(&mut self, id: TabId) {
        if let Some(compare) = self.model.tabs.get_mut(id).and_then(|tab| tab.compare.as_mut()) {
            compare.swapped = !compare.swapped;
            compare.found = None;
        }
    }

    /// Closes what lies over the call; `false`: there was nothing.
    pub(super) fn close_comparison(&mut self, id: TabId) -> bool {
        let Some(tab) = self.model.tabs.get_mut(id) else { return false };
        if tab.compare.take().is_some() {
            return true;
        }
        let Some(spread) = tab.spread.take() else { return false };
        self.cancel_spread(&spread);
        true
    }

    /// Sends the tab's call once to every instance that is up.
    pub(super) fn send_to_instances(&mut self, id: TabId) {
        let Some(tab) = self.model.tabs.get(id) else { return };
        let target = tab.draft.target.split('@').next().unwrap_or_default().trim().to_owned();
        let rows = match self.model.services.by_target(&target) {
            Some(service) if !service.instances.is_empty() => service.instances.iter().map(|listed| SpreadRow {
                instance: listed.instance.id.clone(),
                address: listed.instance.address.clone(),
                health: listed.instance.health,
                flow: None,
            }),
            _ => {
                self.model.toasts.error(self.model.now, t!("run.no_instances"));
                return;
            }
        };
        let mut rows: Vec<SpreadRow> = rows.collect();
        let spec = match super::calls::spec(tab, &self.tls_base(tab)) {
            Ok(spec) if matches!(spec.shape, Shape::Unary) => spec,
            Ok(_) => {
                self.model.toasts.error(self.model.now, t!("run.spread_stream"));
                return;
            }
            Err(why) => {
                self.model.toasts.error(self.model.now, why);
                return;
            }
        };
        if let Some(before) = self.model.tabs.get_mut(id).and_then(|tab| tab.spread.take()) {
            self.cancel_spread(&before);
        }
        let method = spec.method.clone();
        for row in rows.iter_mut().filter(|row| row.health != Health::Down) {
            let flow = self.backend.next_flow();
            let mut spec = spec.clone();
            // An address of its own is an instance already.
            if target.starts_with("registry://") {
                spec.target = format!("{target}@{}", row.instance);
            }
            if self.backend.send(Job::Call { flow, spec: Box::new(spec) }).is_err() {
                self.busy();
                break;
            }
            row.flow = Some(flow);
        }
        if let Some(tab) = self.model.tabs.get_mut(id) {
            tab.preview = false;
            tab.compare = None;
            tab.spread = Some(Spread { target, method, rows, ..Spread::default() });
        }
    }

    pub(super) fn cancel_spread(&mut self, spread: &Spread) {
        for flow in spread.rows.iter().filter_map(|row| row.flow) {
            let runs = self.model.flows.get(flow).is_some_and(|record| !compare::is_over(record));
            if runs && self.backend.send(Job::Cancel(flow)).is_err() {
                self.busy();
                return;
            }
        }
    }

    /// Has compared what is over and was not compared yet. Nothing to do costs a look at each tab.
    pub(crate) fn compare_due(&mut self, ctx: &egui::Context) {
        let mut due: Vec<(TabId, Record, Record)> = Vec::new();
        let mut spread_due: Vec<(TabId, Vec<Record>)> = Vec::new();
        for tab in &self.model.tabs.open {
            if let Some((left, right)) = wanted(&self.model, tab) {
                due.push((tab.id, left.clone(), right.clone()));
            }
            if let Some(spread) = &tab.spread {
                let over: Vec<&Record> = spread
                    .rows
                    .iter()
                    .filter_map(|row| self.model.flows.get(row.flow?))
                    .filter(|record| compare::is_over(record))
                    .collect();
                if over.len() > spread.asked {
                    spread_due.push((tab.id, over.into_iter().cloned().collect()));
                }
            }
        }
        for (id, left, right) in due {
            if let Some(compare) = self.model.tabs.get_mut(id).and_then(|tab| tab.compare.as_mut()) {
                compare.asked = Some((left.flow.id, right.flow.id));
            }
            self.work(ctx, move || Done::Compared(id, Arc::new(compare::compare(&left, &right))));
        }
        for (id, records) in spread_due {
            if let Some(spread) = self.model.tabs.get_mut(id).and_then(|tab| tab.spread.as_mut()) {
                spread.asked = records.len();
            }
            let first = records.first().map(|record| record.flow.id);
            self.work(ctx, move || Done::Answers(id, first, Arc::new(compare::answers(&records))));
        }
    }

    pub(super) fn compared(&mut self, id: TabId, found: Arc<Comparison>) {
        let Some(compare) = self.model.tabs.get_mut(id).and_then(|tab| tab.compare.as_mut()) else { return };
        // Somebody may have asked for another one meanwhile.
        if compare.asked == Some(found.of) {
            compare.asked = None;
            compare.found = Some(found);
        }
    }

    pub(super) fn answers(&mut self, id: TabId, first: Option<FlowId>, found: Arc<Answers>) {
        let Some(spread) = self.model.tabs.get_mut(id).and_then(|tab| tab.spread.as_mut()) else { return };
        // Of this spread, and not of the one before it.
        if spread.rows.iter().any(|row| row.flow.is_some() && row.flow == first) {
            spread.found = found;
        }
    }
}

/// The two calls that a tab compares now, left and right; `None`: not both are there and over.
pub(crate) fn sides<'a>(model: &'a Model, tab: &Tab) -> Option<(&'a Record, &'a Record)> {
    let compare = tab.compare.as_ref()?;
    let over = |flow: FlowId| model.flows.get(flow).filter(|record| compare::is_over(record));
    let right = over(compare.right.or(tab.flow)?)?;
    let left = match compare.left {
        Some(left) => over(left)?,
        None => before(model, right)?,
    };
    Some(if compare.swapped { (right, left) } else { (left, right) })
}

/// The same, unless that is done or under way.
fn wanted<'a>(model: &'a Model, tab: &Tab) -> Option<(&'a Record, &'a Record)> {
    let (left, right) = sides(model, tab)?;
    let key = (left.flow.id, right.flow.id);
    let compare = tab.compare.as_ref()?;
    let known = compare.asked == Some(key) || compare.found.as_ref().is_some_and(|found| found.of == key);
    (!known).then_some((left, right))
}

/// The last call before this one that is the same: address and method.
fn before<'a>(model: &'a Model, record: &Record) -> Option<&'a Record> {
    let same = |other: &&Record| {
        let (a, b) = (&other.flow, &record.flow);
        a.id != b.id && a.caller.is_none() && a.started <= b.started && a.method == b.method && a.target == b.target
    };
    model.flows.iter().rev().map(|(_, other)| other).filter(|other| compare::is_over(other)).find(same)
}
