//! Tabs: opened, closed, brought back.

use std::sync::Arc;

use callscope_wire::FlowId;
use callscope_wire::schema::Schema;
use serde::{Deserialize, Serialize};

use super::calls;
use crate::app::App;
use crate::backend::Job;
use crate::command::View;
use crate::kept::Bodies;
use crate::model::draft::{Draft, PreparedMessage};
use crate::model::log::Level;
use crate::model::services::SchemaState;
use crate::model::tabs::{Tab, TabId};
use crate::panel::call::CallTabs;
use crate::shell::layout::Side;

/// Closed tabs that can be brought back.
const CLOSED: usize = 20;

/// A tab as it is kept between runs: what the user made, not what ran.
#[derive(Serialize, Deserialize)]
struct Kept {
    id: TabId,
    draft: Draft,
    #[serde(default)]
    preview: bool,
    #[serde(default)]
    file: Option<std::path::PathBuf>,
    #[serde(default)]
    saved: Option<Draft>,
    #[serde(default)]
    read_only: bool,
}

#[derive(Serialize, Deserialize)]
struct KeptTabs {
    active: Option<TabId>,
    last: u64,
    open: Vec<Kept>,
}

impl App {
    /// Open tabs as text, to be kept.
    pub(crate) fn tabs_to_text(&self, bodies: &mut Bodies) -> Option<String> {
        let mut light = |draft: &Draft| {
            let mut draft = draft.clone();
            draft.messages.iter_mut().for_each(|message| bodies.set_aside(&mut message.text));
            draft
        };
        let tabs = &self.model.tabs;
        let open = tabs.open.iter().map(|tab| Kept {
            id: tab.id,
            draft: light(&tab.draft),
            preview: tab.preview,
            file: tab.file.clone(),
            saved: tab.saved.as_ref().map(&mut light),
            read_only: tab.read_only,
        });
        serde_json::to_string(&KeptTabs { active: tabs.active, last: tabs.last, open: open.collect() }).ok()
    }

    /// Brings the tabs of the last run back.
    pub(crate) fn restore_tabs(&mut self, text: &str) {
        let Ok(mut kept) = serde_json::from_str::<KeptTabs>(text) else { return };
        for tab in &mut kept.open {
            for message in
                tab.draft.messages.iter_mut().chain(tab.saved.iter_mut().flat_map(|saved| &mut saved.messages))
            {
                if let Err(why) = self.keeper.bring_back(&mut message.text) {
                    self.model.log.push(self.model.now, Level::Error, why);
                }
            }
        }
        self.model.tabs.last = kept.last;
        self.model.tabs.active = kept.active;
        self.model.tabs.open = kept
            .open
            .into_iter()
            .map(|kept| Tab {
                id: kept.id,
                draft: kept.draft,
                preview: kept.preview,
                file: kept.file,
                saved: kept.saved,
                read_only: kept.read_only,
                ..Tab::default()
            })
            .collect();
    }

    /// Makes tiles and tabs agree: a tile for every tab, the tab in front of its tiles the active one.
    pub(crate) fn sync_layout(&mut self) {
        let open: Vec<TabId> = self.model.tabs.open.iter().map(|tab| tab.id).collect();
        if self.layout.sync_tabs(&open)
            && let Some(active) = self.model.tabs.active
        {
            self.layout.activate(active);
        }
        self.layout.lift_splits();
        // A drag or the tiles themselves may have put another tab in front.
        let front = self.layout.active_tabs();
        if self.model.tabs.active.is_none_or(|active| !front.contains(&active)) {
            self.model.tabs.active = front.first().copied();
        }
        self.model.tabs.front = front;
    }

    pub(super) fn open_tab(&mut self, mut tab: Tab) -> TabId {
        if tab.file.is_none() {
            tab.inherited = self.model.workspace.inherited.clone();
        }
        if !matches!(self.layout.view, View::Services | View::Calls) {
            self.show(View::Services);
        }
        let target = tab.draft.target.clone();
        let id = self.model.tabs.open(tab);
        let open: Vec<TabId> = self.model.tabs.open.iter().map(|tab| tab.id).collect();
        self.layout.sync_tabs(&open);
        self.layout.activate(id);
        if !target.is_empty() {
            self.describe(&target, false);
        }
        id
    }

    pub(super) fn new_call(&mut self, ctx: &egui::Context) {
        let draft =
            Draft { messages: vec![PreparedMessage { text: "{}".to_owned(), after: None }], ..Draft::default() };
        let id = self.open_tab(Tab { draft, ..Tab::default() });
        ctx.memory_mut(|memory| memory.request_focus(CallTabs::address_id(id)));
    }

    pub(super) fn open_draft(&mut self, draft: Draft) {
        self.open_tab(Tab { draft, ..Tab::default() });
    }

    /// One click on a method: the preview tab shows it, if there is one; else a new preview tab does.
    pub(super) fn open_method(&mut self, target: &str, method: &str) {
        let same = |tab: &&Tab| tab.draft.target == target && tab.draft.method == method && tab.file.is_none();
        if let Some(id) = self.model.tabs.open.iter().find(same).map(|tab| tab.id) {
            self.activate(id);
            return;
        }
        let schema = self.model.services.by_target(target).and_then(|service| service.schema.ready().cloned());
        let draft = fresh(target, method, schema.as_deref());
        if let Some(tab) = self.model.tabs.open.iter_mut().find(|tab| tab.preview && tab.running.is_none()) {
            let id = tab.id;
            let (revision, inherited) = (tab.revision + 1, self.model.workspace.inherited.clone());
            *tab = Tab { id, draft, preview: true, schema, revision, inherited, ..Tab::default() };
            self.describe(target, false);
            self.activate(id);
            return;
        }
        self.open_tab(Tab { draft, preview: true, schema, ..Tab::default() });
    }

    pub(super) fn activate(&mut self, id: TabId) {
        if self.model.tabs.get(id).is_none() {
            return;
        }
        self.model.tabs.active = Some(id);
        if !matches!(self.layout.view, View::Services | View::Calls) {
            self.show(View::Services);
        }
        self.layout.activate(id);
    }

    pub(super) fn close_tab(&mut self, id: TabId) {
        self.cancel(id);
        self.stop_repeat(id);
        let tabs = &mut self.model.tabs;
        let Some(index) = tabs.open.iter().position(|tab| tab.id == id) else { return };
        let tab = tabs.open.remove(index);
        self.panels.call_tabs.forget(id);
        // Nothing is asked and nothing is lost: reopening brings the draft back as it was.
        let spread = tab.spread.clone();
        tabs.closed.push(Tab { running: None, repeat: None, compare: None, spread: None, ..tab });
        if tabs.closed.len() > CLOSED {
            tabs.closed.remove(0);
        }
        if tabs.active == Some(id) {
            tabs.active = tabs.open.get(index.saturating_sub(1)).or_else(|| tabs.open.first()).map(|tab| tab.id);
        }
        let active = tabs.active;
        if let Some(spread) = spread {
            self.cancel_spread(&spread);
        }
        self.sync_layout();
        if let Some(active) = active {
            self.activate(active);
        }
    }

    pub(super) fn reopen_tab(&mut self) {
        if let Some(tab) = self.model.tabs.closed.pop() {
            self.open_tab(tab);
        }
    }

    pub(super) fn cycle_tab(&mut self, by: isize) {
        let order = self.layout.tab_order();
        let Some(active) = self.model.tabs.active else { return };
        let Some(index) = order.iter().position(|tab| *tab == active) else { return };
        let len = isize::try_from(order.len()).unwrap_or(1);
        let next = (isize::try_from(index).unwrap_or(0) + by).rem_euclid(len);
        if let Some(id) = usize::try_from(next).ok().and_then(|next| order.get(next)) {
            self.activate(*id);
        }
    }

    pub(super) fn duplicate_tab(&mut self) {
        if let Some(tab) = self.model.tabs.active() {
            let (draft, schema) = (tab.draft.clone(), tab.schema.clone());
            self.open_tab(Tab { draft, schema, ..Tab::default() });
        }
    }

    /// Puts the active tab beside the others, or a copy of it when it has no neighbor to stand beside.
    pub(super) fn split_tab(&mut self, side: Side) {
        let Some(active) = self.model.tabs.active else { return };
        let moved = if self.layout.has_neighbors(active) {
            active
        } else {
            self.duplicate_tab();
            let Some(copy) = self.model.tabs.active else { return };
            copy
        };
        self.layout.split(moved, side);
        self.activate(moved);
    }

    pub(super) fn move_to_next_half(&mut self) {
        let Some(active) = self.model.tabs.active else { return };
        if self.layout.move_to_next_half(active) {
            self.activate(active);
        } else {
            self.model.toasts.say(self.model.now, rust_i18n::t!("run.one_half"));
        }
    }

    /// One after the other within a moment: as near to "at once" as two hands cannot be.
    pub(super) fn send_all_halves(&mut self) {
        for tab in self.layout.active_tabs() {
            self.send_or_start(tab);
        }
    }

    /// The tab's own editors changed the draft.
    pub(super) fn edit_draft(&mut self, id: TabId, draft: Draft) {
        let Some(tab) = self.model.tabs.get_mut(id) else { return };
        let retargeted = tab.draft.target != draft.target;
        tab.draft = draft;
        tab.preview = false;
        if retargeted {
            tab.schema = None;
            let target = tab.draft.target.clone();
            self.describe(&target, false);
        }
    }

    pub(super) fn fill_example(&mut self, id: TabId, index: usize) {
        let Some(tab) = self.model.tabs.get_mut(id) else { return };
        let Some(text) = tab.schema.as_deref().and_then(|schema| example(schema, &tab.draft.method)) else { return };
        if let Some(message) = tab.draft.messages.get_mut(index) {
            message.text = text;
        } else {
            tab.draft.messages.push(PreparedMessage { text, after: None });
        }
        tab.revision += 1;
    }

    /// Shows a recorded call where it was made, or in a new tab with what it sent.
    pub(super) fn show_flow(&mut self, flow: FlowId) {
        if let Some(id) = self.model.tabs.by_flow(flow).map(|tab| tab.id) {
            self.activate(id);
            return;
        }
        let Some(record) = self.model.flows.get(flow) else { return };
        let same = |tab: &&mut Tab| tab.draft.target == record.flow.target && tab.draft.method == record.flow.method;
        if let Some(tab) = self.model.tabs.open.iter_mut().find(same) {
            tab.flow = Some(flow);
            let id = tab.id;
            self.activate(id);
            return;
        }
        let schema =
            self.model.services.by_target(&record.flow.target).and_then(|service| service.schema.ready().cloned());
        let mut draft = fresh(&record.flow.target, &record.flow.method, schema.as_deref());
        let sent = record.messages.iter().filter(|message| message.sent);
        let texts: Vec<PreparedMessage> = sent
            .filter_map(|message| message.value().ok())
            .map(|value| PreparedMessage { text: callscope_wire::value::text::pretty(value), after: None })
            .collect();
        if !texts.is_empty() {
            draft.messages = texts;
        }
        self.open_tab(Tab { draft, schema, flow: Some(flow), preview: true, ..Tab::default() });
    }

    /// Asks what a target offers, unless that is known or under way.
    pub(crate) fn describe(&mut self, target: &str, again: bool) {
        let base = target.split('@').next().unwrap_or(target).to_owned();
        let known = self.model.services.sources.iter_mut().flat_map(|source| &mut source.services);
        if let Some(service) = known.into_iter().find(|service| service.target == base) {
            match &service.schema {
                SchemaState::Ready(schema) if !again => {
                    let schema = Arc::clone(schema);
                    self.give_schema(&base, &schema);
                    return;
                }
                SchemaState::Loading if !again => return,
                _ => service.schema = SchemaState::Loading,
            }
            self.model.services.revision += 1;
        }
        // Who is asked over TLS wants to see what the call would show.
        let same = |tab: &&Tab| tab.draft.target.split('@').next() == Some(base.as_str());
        let tab = self.model.tabs.open.iter().find(same);
        let tls = tab.and_then(|tab| calls::tls_of(tab, &self.tls_base(tab)).ok().flatten());
        if self.backend.send(Job::Describe { target: base, tls }).is_err() {
            self.busy();
        }
    }

    /// Tabs that call this target learn what it offers; those that nobody touched get their example.
    pub(crate) fn give_schema(&mut self, target: &str, schema: &Arc<Schema>) {
        for tab in &mut self.model.tabs.open {
            let base = tab.draft.target.split('@').next().unwrap_or_default();
            if base != target || tab.schema.as_ref().is_some_and(|known| **known == **schema) {
                continue;
            }
            tab.schema = Some(Arc::clone(schema));
            if tab.preview && tab.draft.messages.iter().all(|message| message.text.trim() == "{}") {
                tab.draft = fresh(&tab.draft.target, &tab.draft.method, Some(schema));
                tab.revision += 1;
            }
        }
    }

    pub(super) fn busy(&mut self) {
        let text = rust_i18n::t!("run.busy");
        self.model.toasts.error(self.model.now, text);
    }
}

/// A new call of a method, its message filled in from the schema.
fn fresh(target: &str, method: &str, schema: Option<&Schema>) -> Draft {
    let name = method.rsplit('/').next().unwrap_or(method).to_owned();
    let text = schema.and_then(|schema| example(schema, method)).unwrap_or_else(|| "{}".to_owned());
    Draft {
        name,
        target: target.to_owned(),
        method: method.to_owned(),
        messages: vec![PreparedMessage { text, after: None }],
        ..Draft::default()
    }
}

fn example(schema: &Schema, method: &str) -> Option<String> {
    let (_, method) = schema.method(method)?;
    Some(callscope_wire::value::text::pretty(&schema.example(&method.request)))
}
