//! The request side: its sub-tabs, and what each shows.

use egui::{Align, Layout, Ui, UiBuilder};
use rust_i18n::t;

use super::acts;
use super::subject::Subject;
use super::view::{RequestTab, View};
use super::{address, auth, docs, message, metadata, policy};
use crate::panel::Cx;
use crate::widget::pane;
use crate::widget::subtabs::{SubTab, subtabs};

pub(super) fn ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View) {
    let source = view.draft.messages.get(view.selected).map_or("", |message| message.text.as_str());
    view.check.update(ui.ctx(), source, subject);
    tabs_ui(ui, cx, subject, view);
    if subject.streams() && view.request_tab != RequestTab::Policy {
        let ready = !view.draft.target.trim().is_empty()
            && !view.draft.method.trim().is_empty()
            && address::problem(&view.draft.target).is_none();
        acts::ui(ui, cx, subject, view, ready);
    }
    let rest = ui.available_rect_before_wrap();
    pane::inside(ui, rest, "request body", |ui| match view.request_tab {
        RequestTab::Message => message::ui(ui, cx, subject, view),
        RequestTab::Metadata => metadata::tab_ui(ui, cx, subject, view),
        RequestTab::Auth => auth::ui(ui, cx, subject, view),
        RequestTab::Policy => policy::ui(ui, cx, subject, view),
        RequestTab::Docs => docs::ui(ui, cx, subject, view),
    });
}

fn tabs_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View) {
    let many = subject.shape.client_streams();
    let message = if many { t!("call.request.messages") } else { t!("call.request.message") };
    let (metadata, policy, docs) = (t!("call.request.metadata"), t!("call.request.policy"), t!("call.request.docs"));
    let auth_name = t!("call.request.auth");
    let count = |count: usize| if count == 0 { String::new() } else { count.to_string() };
    let mistakes = view.check.mistakes().len();
    let own = view.draft.metadata.iter().filter(|row| row.enabled && !row.name.is_empty()).count();
    let sent = own + metadata::inherited(subject, view).filter(|row| row.enabled).count();
    let set_here = policy::values_here(subject, view);
    let tabs = [
        SubTab::new(&message)
            .count(if many { view.draft.messages.len().to_string() } else { String::new() })
            .failures(count(mistakes)),
        SubTab::new(&metadata).count(count(sent)),
        SubTab::new(&auth_name).dot(auth::values_here(view) > 0),
        SubTab::new(&policy).dot(set_here > 0),
        SubTab::new(&docs),
    ];
    let mut selected = RequestTab::ALL.iter().position(|tab| *tab == view.request_tab).unwrap_or_default();
    let on_message = view.request_tab == RequestTab::Message;
    let reserve = if on_message { message::switch_width(ui) } else { 0.0 };
    let output = subtabs(ui, &tabs, &mut selected, reserve, &t!("call.more_tabs"));
    view.request_tab = RequestTab::ALL.get(selected).copied().unwrap_or_default();
    if on_message {
        let layout = Layout::right_to_left(Align::Center);
        let mut child = ui.new_child(UiBuilder::new().max_rect(output.rest).layout(layout));
        message::switch_ui(&mut child, cx, view);
    }
}
