//! A call tab: compose on the left, read on the right, one bar above both.
//!
//! ```text
//!  CallTabs ── View per tab ─┬─ bar       dialect, address, method, deadline, Send
//!                            ├─ request   message(s) as form or JSON, metadata, policy, docs
//!                            └─ response  status line, messages, metadata, trailers, attempts
//! ```
//!
//! A view edits a working copy of the tab's draft and pushes it as one command per frame in which something
//! changed. It must not know how a call is made. Start reading at [`view`].

mod acts;
mod address;
mod answer;
mod attempts;
mod auth;
mod banner;
mod bar;
mod check;
mod compare;
mod complete;
mod counting;
mod docs;
mod empty;
pub(in crate::panel) mod field_type;
pub(crate) mod figures;
mod form;
mod history;
mod large;
mod link;
mod message;
mod metadata;
mod policy;
mod prepared;
mod request;
mod response;
mod status;
mod stream;
pub(in crate::panel) mod subject;
mod summary;
mod view;

#[cfg(test)]
pub(in crate::panel) mod fixture;
#[cfg(test)]
pub(in crate::panel) mod tests;

use std::collections::BTreeMap;

use egui::{Id, Rect, Ui, pos2};
use rust_i18n::t;

use self::subject::Subject;
use self::view::{RequestTab, View};
use crate::command::Command;
use crate::model::tabs::TabId;
use crate::panel::Cx;
use crate::theme::size;
use crate::widget::splitter::{Line, splitter};
use crate::widget::{edge, pane};

/// Share of the width (or height) that the request keeps however far the split is dragged.
const LEAST_SHARE: f32 = 0.25;

/// The views of all open calls.
#[derive(Default)]
pub struct CallTabs {
    views: BTreeMap<TabId, View>,
}

impl CallTabs {
    /// The address field of a tab, to be focused by a command.
    pub fn address_id(tab: TabId) -> Id {
        Id::unique(("call address", tab))
    }

    /// The byte of the message whose line is marked in the editor of a tab.
    #[cfg(test)]
    pub fn marked(&self, tab: TabId) -> Option<usize> {
        self.views.get(&tab)?.editor.marked()
    }

    /// The value whose row is marked in the form of a tab.
    #[cfg(test)]
    pub fn pointed(&self, tab: TabId) -> Option<String> {
        self.views.get(&tab)?.form.pointed()
    }

    /// The tab is closed; what its view remembered goes.
    pub fn forget(&mut self, tab: TabId) {
        self.views.remove(&tab);
    }

    /// Selects the next difference of what the tab compares, or the one before.
    pub fn step_difference(&mut self, tab: TabId, forward: bool) {
        if let Some(view) = self.views.get_mut(&tab) {
            view.compare.step(forward);
        }
    }

    /// Fills the available space with the call of `tab`.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx, tab: TabId) {
        let view = self.views.entry(tab).or_default();
        let Some(subject) = Subject::new(cx.model, tab, &mut view.settled) else { return };
        view.sync(&subject);
        if let Some(wait) = subject.unsettled {
            ui.ctx().request_repaint_after(wait);
        }
        let rect = ui.available_rect_before_wrap();
        ui.push_id(("call tab", tab), |ui| view_ui(ui, cx, &subject, view, rect));
        if let Some(draft) = view.take_edited() {
            cx.push(Command::EditDraft(tab, Box::new(draft)));
        }
    }
}

fn view_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View, rect: Rect) {
    let (banner, rect, _) = pane::cut(rect, banner::height(subject), 0.0);
    banner::ui(ui, cx, subject, banner);
    let (bar_rect, body, _) = pane::cut(rect, bar::height(view), 0.0);
    if compare::covers(subject.tab) {
        bar::ui(ui, cx, subject, view, bar_rect, body.center().x);
        pane::inside(ui, body, "comparison", |ui| compare::ui(ui, cx, subject, view));
        return;
    }
    if view.request_tab == RequestTab::Policy {
        // Policies need the width; the answer is one click on another tab away.
        bar::ui(ui, cx, subject, view, bar_rect, body.center().x);
        pane::inside(ui, body, "request", |ui| request::ui(ui, cx, subject, view));
        return;
    }
    let beside = message::beside(cx, view);
    if rect.width() < 2.0 * size::STACK {
        bar::ui(ui, cx, subject, view, bar_rect, body.center().x);
        let y = (body.top() + body.height() * view.stack_share).round();
        edge::hline(ui.painter(), body.x_range(), y, cx.tokens.line);
        let upper = Rect::from_min_max(body.min, pos2(body.right(), y));
        let lower = Rect::from_min_max(pos2(body.left(), y + 1.0), body.max);
        pane::inside(ui, upper, "request", |ui| request::ui(ui, cx, subject, view));
        pane::inside(ui, lower, "response", |ui| right_ui(ui, cx, subject, view, beside));
        let line = Rect::from_x_y_ranges(body.x_range(), y..=y);
        let id = ui.make_persistent_id("stack split");
        let by = splitter(ui, id, line, Line::Horizontal, &t!("shell.splitter"));
        view.stack_share = (view.stack_share + by / body.height().max(1.0)).clamp(LEAST_SHARE, 1.0 - LEAST_SHARE);
        return;
    }
    let least = size::STACK.min(body.width() / 2.0);
    let x = (body.left() + body.width() * view.split_share).clamp(body.left() + least, body.right() - least).round();
    bar::ui(ui, cx, subject, view, bar_rect, x);
    let left = Rect::from_min_max(body.min, pos2(x, body.bottom()));
    let right = Rect::from_min_max(pos2(x + 1.0, body.top()), body.max);
    pane::inside(ui, left, "request", |ui| request::ui(ui, cx, subject, view));
    pane::inside(ui, right, "response", |ui| right_ui(ui, cx, subject, view, beside));
    edge::vline(ui.painter(), x, body.y_range(), cx.tokens.line);
    let line = Rect::from_x_y_ranges(x..=x, body.y_range());
    let by = splitter(ui, ui.make_persistent_id("split"), line, Line::Vertical, &t!("shell.splitter"));
    if by != 0.0 {
        // From where it is seen, which a narrow half may have bounded.
        let at = (x + by - body.left()) / body.width().max(1.0);
        view.split_share = at.clamp(LEAST_SHARE, 1.0 - LEAST_SHARE);
    }
}

/// The answer; beside a form, its JSON or the answer.
fn right_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View, beside: bool) {
    if beside {
        message::beside_head_ui(ui, subject, view);
        if !view.answer_in_front {
            return message::json_ui(ui, cx, view);
        }
    }
    response::ui(ui, cx, subject, view);
}
