//! What an answer can be compared with: the one before it, the other half's, any earlier one, all instances'.

use callscope_wire::capture::Flow;
use egui::{Align, Layout, ScrollArea, Ui, pos2};
use rust_i18n::t;

use super::super::empty::keys_of;
use super::super::figures;
use super::super::subject::Subject;
use crate::command::{Act, Command};
use crate::model::compare;
use crate::panel::Cx;
use crate::theme::{icon, size};
use crate::widget::mark;
use crate::widget::{button, menu};

/// Earlier calls that are offered.
const EARLIER: usize = 50;
/// Height of their list.
const LIST: f32 = 8.0 * size::MENU_ROW;

/// The button with the menu.
pub(in crate::panel::call) fn menu_button(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>) {
    let button = button::icon_button(ui, icon::GIT_DIFF, size::ICON, &t!("call.compare.with"));
    menu::below(&button, |ui| items_ui(ui, cx, subject));
}

fn items_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>) {
    let tab = subject.tab;
    let keys = |act| keys_of(cx.model, act);
    let (previous, halves, spread) = (keys(Act::ComparePrevious), keys(Act::CompareHalves), keys(Act::SendToInstances));
    if menu::item(ui, Some(icon::CLOCK_COUNTER_CLOCKWISE), &t!("act.compare_previous"), &previous, true).clicked() {
        cx.push(Command::Compare { tab: tab.id, left: None, right: None });
    }
    let other = cx.model.tabs.front.iter().find(|other| **other != tab.id).and_then(|other| cx.model.tabs.get(*other));
    let other = other.and_then(|other| other.flow);
    if menu::item(ui, Some(icon::COLUMNS), &t!("act.compare_halves"), &halves, other.is_some()).clicked() {
        cx.push(Command::Compare { tab: tab.id, left: other, right: None });
    }
    let unary = !subject.streams() && subject.service.is_some();
    if menu::item(ui, Some(icon::STACK), &t!("act.send_to_instances"), &spread, unary).clicked() {
        cx.push(Command::SendToInstances(tab.id));
    }
    let now = cx.now();
    let earlier: Vec<&Flow> = cx
        .model
        .flows
        .iter()
        .rev()
        .filter(|(id, record)| tab.flow != Some(*id) && compare::is_over(record))
        .map(|(_, record)| &record.flow)
        .filter(|flow| flow.caller.is_none() && flow.method == tab.draft.method)
        .take(EARLIER)
        .collect();
    if earlier.is_empty() {
        return;
    }
    menu::separator(ui);
    menu::heading(ui, &t!("call.compare.earlier"));
    let mut chosen = None;
    ScrollArea::vertical().max_height(LIST).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.with_layout(Layout::top_down_justified(Align::Min), |ui| {
            for flow in earlier {
                let instance =
                    flow.attempts.iter().rev().map(|attempt| attempt.instance.as_str()).find(|id| !id.is_empty());
                let took = figures::duration(flow.duration(now));
                let code = flow.status.as_ref().map(|status| status.code).unwrap_or_default();
                let words = t!(
                    "call.compare.earlier_row",
                    number = flow.id.0,
                    code = code,
                    took = took,
                    instance = instance.unwrap_or("–"),
                    ago = figures::duration(now.since(flow.started))
                );
                let row = menu::Item::new(&words).checked(false).show(ui);
                let at = pos2(row.rect.left() + 15.0, row.rect.center().y);
                mark::paint(ui.painter(), at, mark::SIZE, figures::mark_of(code), cx.tokens);
                if row.clicked() {
                    chosen = Some(flow.id);
                }
            }
        });
    });
    if let Some(flow) = chosen {
        cx.push(Command::Compare { tab: tab.id, left: Some(flow), right: None });
    }
}
