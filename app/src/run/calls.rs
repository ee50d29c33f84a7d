//! Calls: sent, started, fed, cancelled, repeated.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use callscope_net::transport::{Identity, TlsOptions};
use callscope_wire::value::landmarks::Landmarks;
use callscope_wire::value::scan;
use callscope_wire::{FlowId, Metadata, Say as _, Shape, Time, Words};
use rust_i18n::t;

use crate::app::App;
use crate::backend::{CallSpec, Job};
use crate::command::{Command, View};
use crate::model::messages::{Keep, LARGE};
use crate::model::services::{Source, SourceKind, SourceState};
use crate::model::tabs::{REPEAT_RATE, REPEAT_RATES, Repeat, Running, Tab, TabId};
use crate::model::tls::{Tls, TlsKey};
use crate::words::tell;

/// A prepared message that sends itself.
pub(crate) struct Timed {
    tab: TabId,
    flow: FlowId,
    index: usize,
    due: Time,
}

impl App {
    /// What Ctrl+Enter means now: Send, Start, or Send message.
    pub(super) fn send_or_start(&mut self, id: TabId) {
        let Some(tab) = self.model.tabs.get(id) else { return };
        match (&tab.running, tab.shape()) {
            (Some(running), shape) if shape.client_streams() && !running.half_closed => {
                let next = running.sent;
                self.send_message(id, next);
            }
            // One call at a time in a tab; what runs is left alone.
            (Some(_), _) => {}
            (None, Shape::Unary | Shape::OneWay) => self.send(id),
            (None, _) => self.start(id),
        }
    }

    pub(super) fn send(&mut self, id: TabId) {
        self.begin(id);
    }

    pub(super) fn start(&mut self, id: TabId) {
        self.begin(id);
    }

    fn begin(&mut self, id: TabId) {
        let Some(tab) = self.model.tabs.get(id) else { return };
        if tab.running.is_some() {
            return;
        }
        let spec = match spec(tab, &self.tls_base(tab)) {
            Ok(spec) => spec,
            Err(why) => {
                self.model.toasts.error(self.model.now, why);
                return;
            }
        };
        let flow = self.backend.next_flow();
        let keep = tab.keep;
        self.model.flows.keep(flow, keep);
        self.backend.notices().keep(flow, keep);
        let shape = spec.shape;
        let half_closed = spec.end;
        if self.backend.send(Job::Call { flow, spec: Box::new(spec) }).is_err() {
            self.busy();
            return;
        }
        if let Some(tab) = self.model.tabs.get_mut(id) {
            tab.preview = false;
            tab.flow = Some(flow);
            let sent = usize::from(half_closed);
            tab.running = Some(Running { flow, shape, sent, half_closed, cancelling: false });
        }
        self.schedule_next(id);
    }

    /// Notes when the next prepared message of a stream is due, if it sends itself.
    fn schedule_next(&mut self, id: TabId) {
        let Some(tab) = self.model.tabs.get(id) else { return };
        let Some(running) = tab.running.as_ref().filter(|running| !running.half_closed) else { return };
        let Some(after) = tab.draft.messages.get(running.sent).and_then(|message| message.after) else { return };
        let due = self.model.now + after;
        self.running.timed.push(Timed { tab: id, flow: running.flow, index: running.sent, due });
    }

    /// Sends the prepared messages that are due, and returns how long until the next one is.
    pub(crate) fn send_due(&mut self) -> Option<Duration> {
        let now = self.model.now;
        let (due, later): (Vec<Timed>, Vec<Timed>) = self.running.timed.drain(..).partition(|timed| timed.due <= now);
        self.running.timed = later;
        for timed in due {
            // Its stream may be over, or somebody was faster by hand.
            let running = self.model.tabs.get(timed.tab).and_then(|tab| tab.running.as_ref());
            if running.is_some_and(|running| running.flow == timed.flow && running.sent == timed.index) {
                self.send_message(timed.tab, timed.index);
            }
        }
        self.running.timed.iter().map(|timed| timed.due.since(now)).min()
    }

    pub(super) fn send_message(&mut self, id: TabId, index: usize) {
        let Some(tab) = self.model.tabs.get_mut(id) else { return };
        let Some(running) = tab.running.as_mut().filter(|running| !running.half_closed) else { return };
        // Behind the last prepared message the last one is sent again: that is what a chat wants.
        let Some(message) = tab.draft.messages.get(index).or_else(|| tab.draft.messages.last()) else { return };
        let bytes = match encode(&message.text) {
            Ok(bytes) => bytes,
            Err(why) => {
                self.model.toasts.error(self.model.now, why);
                return;
            }
        };
        running.sent = (index + 1).min(tab.draft.messages.len());
        let job = Job::Message { flow: running.flow, bytes };
        if self.backend.send(job).is_err() {
            self.busy();
            return;
        }
        self.schedule_next(id);
    }

    pub(super) fn done_sending(&mut self, id: TabId) {
        let Some(running) = self.model.tabs.get_mut(id).and_then(|tab| tab.running.as_mut()) else { return };
        if running.half_closed {
            return;
        }
        running.half_closed = true;
        let job = Job::HalfClose(running.flow);
        if self.backend.send(job).is_err() {
            self.busy();
        }
    }

    pub(super) fn cancel(&mut self, id: TabId) {
        let Some(running) = self.model.tabs.get_mut(id).and_then(|tab| tab.running.as_mut()) else { return };
        if running.cancelling {
            return;
        }
        running.cancelling = true;
        let job = Job::Cancel(running.flow);
        if self.backend.send(job).is_err() {
            self.busy();
        }
    }

    pub(super) fn toggle_repeat(&mut self) {
        let Some(tab) = self.model.tabs.active() else { return };
        let id = tab.id;
        if tab.repeat.is_some() { self.stop_repeat(id) } else { self.repeat(id, REPEAT_RATE) }
    }

    pub(super) fn repeat(&mut self, id: TabId, rate: f64) {
        let rate = rate.clamp(*REPEAT_RATES.start(), *REPEAT_RATES.end());
        let Some(tab) = self.model.tabs.get(id) else { return };
        let spec = match spec(tab, &self.tls_base(tab)) {
            Ok(spec) if spec.end && !spec.shape.server_streams() => spec,
            Ok(_) => {
                self.model.toasts.error(self.model.now, t!("run.repeat_stream"));
                return;
            }
            Err(why) => {
                self.model.toasts.error(self.model.now, why);
                return;
            }
        };
        if self.backend.send(Job::Repeat { tab: id, spec: Box::new(spec), rate }).is_err() {
            self.busy();
            return;
        }
        if let Some(tab) = self.model.tabs.get_mut(id) {
            tab.preview = false;
            let (made, failed) = tab.repeat.as_ref().map_or((0, 0), |repeat| (repeat.made, repeat.failed));
            tab.repeat = Some(Repeat { rate, made, failed });
        }
    }

    pub(super) fn stop_repeat(&mut self, id: TabId) {
        let Some(tab) = self.model.tabs.get_mut(id) else { return };
        if tab.repeat.take().is_some() && self.backend.send(Job::StopRepeat(id)).is_err() {
            self.busy();
        }
    }

    /// Takes effect at once, on the engine's side, too.
    pub(super) fn keep_messages(&mut self, id: TabId, keep: Keep) {
        let Some(tab) = self.model.tabs.get_mut(id) else { return };
        tab.keep = keep;
        if let Some(flow) = tab.flow {
            self.model.flows.keep(flow, keep);
            if tab.running.as_ref().is_some_and(|running| running.flow == flow) {
                self.backend.notices().keep(flow, keep);
            }
        }
    }

    /// Narrows the traffic to a call and shows it.
    pub(super) fn follow(&mut self, flow: Option<FlowId>) {
        self.model.traffic.follow = flow;
        self.model.traffic.follow_revision += 1;
        if flow.is_some() {
            self.show(View::Traffic);
        }
    }

    pub(super) fn add_source(&mut self, address: String) {
        let address = address.trim().trim_end_matches('/').to_owned();
        if self.model.services.sources.iter().any(|source| source.address == address) {
            self.model.toasts.say(self.model.now, t!("run.source_known", address = address));
            return;
        }
        let kind = if address.starts_with("registry://") { SourceKind::Registry } else { SourceKind::Direct };
        if self.backend.send(Job::AddSource(address.clone())).is_err() {
            self.busy();
            return;
        }
        if !self.model.settings.sources.contains(&address) {
            self.model.settings.sources.push(address.clone());
        }
        self.model.services.sources.push(Source {
            address,
            kind,
            state: SourceState::Connecting,
            services: Vec::new(),
        });
        self.model.services.revision += 1;
    }

    pub(super) fn remove_source(&mut self, address: &str) {
        self.model.services.sources.retain(|source| source.address != address);
        self.model.settings.sources.retain(|known| known != address);
        self.model.services.revision += 1;
        if self.backend.send(Job::RemoveSource(address.to_owned())).is_err() {
            self.busy();
            return;
        }
        let text = t!("run.source_removed", address = address);
        self.model.toasts.undoable(self.model.now, text, Command::AddSource(address.to_owned()));
    }
}

/// What to send for a tab, with what it inherits, or why nothing can be sent, in plain words. `base`: what paths are
/// seen from.
pub(super) fn spec(tab: &Tab, base: &Path) -> Result<CallSpec, Words> {
    let draft = tab.inherited.effective(&tab.draft);
    if draft.target.trim().is_empty() {
        return Err(t!("run.no_address").into());
    }
    if draft.method.trim().is_empty() {
        return Err(t!("run.no_method").into());
    }
    let shape = tab.shape();
    let first = if shape.client_streams() { &[][..] } else { draft.messages.get(..1).unwrap_or_default() };
    let messages = first.iter().map(|message| encode(&message.text)).collect::<Result<Vec<Bytes>, Words>>()?;
    let metadata: Metadata = draft
        .metadata
        .iter()
        .filter(|row| row.enabled && !row.name.trim().is_empty())
        .map(|row| (row.name.trim().to_owned(), row.value.clone().into_bytes()))
        .collect();
    Ok(CallSpec {
        target: draft.target.trim().to_owned(),
        method: draft.method.trim().to_owned(),
        shape,
        metadata,
        deadline: draft.deadline,
        encoding: draft.encoding(),
        policy: draft.policy,
        tls: tls(&draft.tls, base)?,
        messages,
        end: !shape.client_streams(),
    })
}

/// What a tab's call brings to TLS, with what it inherits.
pub(super) fn tls_of(tab: &Tab, base: &Path) -> Result<Option<TlsOptions>, Words> {
    tls(&tab.draft.tls.over(&tab.inherited.tls), base)
}

/// What the engine needs for TLS; `None`: nothing is set.
fn tls(values: &Tls, base: &Path) -> Result<Option<TlsOptions>, Words> {
    if values.is_empty() {
        return Ok(None);
    }
    let identity = match (values.file(TlsKey::Cert, base), values.file(TlsKey::Key, base)) {
        (Some(cert), Some(key)) => Some(Identity { cert, key }),
        (None, None) => None,
        (Some(_), None) => return Err(t!("call.auth.no_key").into()),
        (None, Some(_)) => return Err(t!("call.auth.no_cert").into()),
    };
    let ca = values.file(TlsKey::Ca, base).into_iter().collect();
    let server_name = values.get(TlsKey::ServerName).map(|name| name.trim().to_owned());
    Ok(Some(TlsOptions { ca, identity, server_name, ..TlsOptions::default() }))
}

/// JSON as typed → as sent: one line, or why it is no JSON and where.
fn encode(text: &str) -> Result<Bytes, Words> {
    if text.len() > LARGE {
        return encode_large(text);
    }
    let value = callscope_wire::value::text::parse(text)
        .map_err(|error| Words::from(t!("run.not_json", why = tell(&error.say()))))?;
    Ok(Bytes::from(value.to_string()))
}

/// The same for a text that cannot be decoded without being felt: where its brackets and commas are wrong is found all the
/// same, what else may be wrong the other side will say.
fn encode_large(text: &str) -> Result<Bytes, Words> {
    let marks = Landmarks::of(text.as_bytes(), |_| true);
    if let Some(problem) = marks.problem() {
        return Err(Words::from(t!("large.not_json", at = problem.at)));
    }
    Ok(Bytes::from(scan::compact(text.as_bytes())))
}
