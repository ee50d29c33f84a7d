//! Shortcuts: what the user pressed, as acts.

use egui::{Event, InputState, Key, KeyboardShortcut, Modifiers, Ui};
use rust_i18n::t;

use crate::command::{ACTS, Act, Command, Scope};
use crate::model::Model;
use crate::model::shortcuts::{self, Chord};
use crate::panel::Cx;

/// The keys of an act as text, for key caps; empty if it has none.
pub(super) fn keys_of(model: &Model, act: Act) -> String {
    shortcuts::effective(act, &model.settings).map(|chord| chord.to_string()).unwrap_or_default()
}

/// The words for an act.
pub(super) fn title_of(act: Act) -> String {
    let id = ACTS.iter().find(|info| info.act == act).map_or("", |info| info.id);
    t!(format!("act.{id}")).into_owned()
}

/// Takes the shortcuts that were pressed out of the input, so that no text field sees them.
pub(super) fn dispatch(ui: &Ui, cx: &mut Cx<'_>) {
    let call_in_front = cx.model.tabs.active.is_some();
    for info in ACTS {
        // Lists and panes read their own keys while they have the focus.
        if matches!(info.scope, Scope::List | Scope::Pane) || (info.scope == Scope::Call && !call_in_front) {
            continue;
        }
        // Escape closes what is open first: menus, dialogs, the focus of a field.
        if info.act == Act::Cancel
            && (egui::Popup::is_any_open(ui.ctx()) || ui.memory(|memory| memory.focused().is_some()))
        {
            continue;
        }
        let Some(chord) = shortcuts::effective(info.act, &cx.model.settings) else { continue };
        let Some(shortcut) = to_egui(&chord) else { continue };
        if ui.input_mut(|input| take(input, shortcut)) {
            cx.push(Command::Act(info.act));
        }
    }
}

/// Takes a shortcut out of the input. All its modifiers and no others: egui's own way lets Ctrl+S answer to Ctrl+Shift+S.
fn take(input: &mut InputState, shortcut: KeyboardShortcut) -> bool {
    let before = input.events.len();
    input.events.retain(|event| match event {
        Event::Key { key, modifiers, pressed: true, .. } => {
            *key != shortcut.logical_key || !modifiers.matches_exact(shortcut.modifiers)
        }
        _ => true,
    });
    input.events.len() < before
}

fn to_egui(chord: &Chord) -> Option<KeyboardShortcut> {
    let mut modifiers = Modifiers::NONE;
    if chord.ctrl {
        modifiers |= Modifiers::COMMAND;
    }
    if chord.shift {
        modifiers |= Modifiers::SHIFT;
    }
    if chord.alt {
        modifiers |= Modifiers::ALT;
    }
    Some(KeyboardShortcut::new(modifiers, Key::from_name(&chord.key)?))
}
