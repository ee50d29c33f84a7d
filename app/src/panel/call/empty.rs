//! What the response side says before the first call, and the keys of acts.

use egui::Ui;
use rust_i18n::t;

use super::subject::Subject;
use crate::command::{ACTS, Act};
use crate::model::Model;
use crate::panel::Cx;
use crate::widget::empty::Empty;

/// The keys of an act as the user has them; empty for none.
pub(super) fn keys_of(model: &Model, act: Act) -> String {
    let Some(info) = ACTS.iter().find(|info| info.act == act) else { return String::new() };
    model.settings.shortcuts.get(info.id).cloned().unwrap_or_else(|| info.keys.to_owned())
}

/// What to do first, and the four shortcuts worth knowing.
pub(super) fn ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>) {
    let draft = &subject.tab.draft;
    let (headline, sentence) = if draft.target.trim().is_empty() {
        (t!("call.empty.no_address"), t!("call.empty.no_address_hint"))
    } else if draft.method.trim().is_empty() {
        (t!("call.empty.no_method"), t!("call.empty.no_method_hint"))
    } else if subject.streams() {
        (t!("call.empty.stream"), t!("call.empty.stream_hint"))
    } else {
        (t!("call.empty.unary"), t!("call.empty.unary_hint"))
    };
    let acts = [
        (Act::Send, t!("act.send")),
        (Act::FocusAddress, t!("act.focus_address")),
        (Act::Save, t!("act.save")),
        (Act::Palette, t!("act.palette")),
    ];
    let keys: Vec<String> = acts.iter().map(|(act, _)| keys_of(cx.model, *act)).collect();
    let shortcuts: Vec<(&str, &str)> = acts
        .iter()
        .zip(&keys)
        .filter(|(_, keys)| !keys.is_empty())
        .map(|((_, words), keys)| (&**words, keys.as_str()))
        .collect();
    Empty { headline: &headline, sentence: &sentence, cards: &[], shortcuts: &shortcuts, tip: "" }.show(ui);
}
