//! Composing: what an input method is putting together stands on the screen, and is nobody's text yet.
//!
//! egui's text edit writes a composition into its text and takes it out again when it ends. Whoever reads that text
//! (a draft, a filter, what is checked while typing) would take letters of pinyin for what was meant. So while one
//! composes, the edit works on a copy: [`edit`]. Keys belong to the input method then: [`Composing`].

use egui::{Context, Event, Id, ImeEvent, Plugin, RawInput, TextEdit, Ui};

/// Notes whether somebody composes, and keeps keys from meaning anything else meanwhile: the Enter that takes a
/// candidate sends no call, the Esc that drops it cancels none.
#[derive(Debug, Default)]
pub struct Composing {
    active: bool,
}

impl Plugin for Composing {
    fn debug_name(&self) -> &'static str {
        "composing"
    }

    fn input_hook(&mut self, ctx: &Context, input: &mut RawInput) {
        // A key that comes with the end of a composition is the one that ended it.
        let mut any = self.active;
        for event in &input.events {
            match event {
                Event::Ime(ImeEvent::Preedit { text, .. }) => self.active = !text.is_empty(),
                Event::Ime(ImeEvent::Commit(_)) => self.active = false,
                _ => {}
            }
            any |= self.active;
        }
        if any {
            input.events.retain(|event| !matches!(event, Event::Key { pressed: true, .. }));
        }
        ctx.data_mut(|data| data.insert_temp(flag(), self.active));
    }
}

/// Shows the text edit with this id, by `show`. Its text is without what is being composed; a commit goes in once.
pub fn edit<R>(ui: &mut Ui, id: Id, text: &mut String, show: impl FnOnce(&mut Ui, &mut String) -> R) -> R {
    let copy = id.with("composing");
    let focused = ui.memory(|memory| memory.has_focus(id));
    let active = focused && ui.data(|data| data.get_temp(flag())).unwrap_or(false);
    let kept = ui.data_mut(|data| data.remove_temp::<String>(copy)).filter(|_| focused);
    if !active && kept.is_none() {
        return show(ui, text);
    }
    let undoer = TextEdit::load_state(ui, id).map(|state| state.undoer());
    let mut composed = kept.unwrap_or_else(|| text.clone());
    let shown = show(ui, &mut composed);
    if active {
        // Undo goes back to before the composition, never into it.
        if let (Some(undoer), Some(mut state)) = (undoer, TextEdit::load_state(ui, id)) {
            state.set_undoer(undoer);
            state.store(ui, id);
        }
        ui.data_mut(|data| data.insert_temp(copy, composed));
    } else {
        *text = composed;
    }
    shown
}

fn flag() -> Id {
    Id::unique("somebody composes")
}
