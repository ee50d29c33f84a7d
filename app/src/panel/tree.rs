//! What the trees of the sidebars share: a virtual list of rows of 24, moved through by keyboard.
//!
//! It knows rows by index and id, not what they show.

use std::ops::Range;

use egui::{EventFilter, Id, Key, Modifiers, Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};

use crate::theme::size;

/// Where the keyboard is, and what is to be seen next.
#[derive(Debug, Default)]
pub struct TreeState {
    /// The row that was clicked or moved to last.
    pub selected: Option<Id>,
    scroll_to: Option<usize>,
}

/// What the keyboard asks of the focused row; Enter is a click, and fold and unfold are the row's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeKey {
    /// ← on a row that cannot be folded: its parent is wanted.
    Out(usize),
    /// F2 on this row.
    Rename(usize),
    /// Delete on this row.
    Delete(usize),
}

impl TreeState {
    /// Moves focus and selection to the row, and brings it into view.
    pub fn go_to(&mut self, ui: &Ui, index: usize, id: Id) {
        self.selected = Some(id);
        self.scroll_to = Some(index);
        ui.memory_mut(|memory| memory.request_focus(id));
    }

    /// Takes ↑ ↓, Home and End, and paging keys when a row has the focus, and gives what else was pressed.
    pub fn keys(&mut self, ui: &Ui, ids: &[Id]) -> Option<TreeKey> {
        let focused = ui.memory(egui::Memory::focused)?;
        let at = ids.iter().position(|id| *id == focused)?;
        let page = (ui.available_height() / size::ROW).max(1.0) as usize;
        let last = ids.len().saturating_sub(1);
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let to = if pressed(Key::ArrowUp) {
            Some(at.saturating_sub(1))
        } else if pressed(Key::ArrowDown) {
            Some((at + 1).min(last))
        } else if pressed(Key::Home) {
            Some(0)
        } else if pressed(Key::End) {
            Some(last)
        } else if pressed(Key::PageUp) {
            Some(at.saturating_sub(page))
        } else if pressed(Key::PageDown) {
            Some((at + page).min(last))
        } else {
            None
        };
        if let Some((to, id)) = to.and_then(|to| Some((to, *ids.get(to)?))) {
            self.go_to(ui, to, id);
            return None;
        }
        if pressed(Key::F2) {
            return Some(TreeKey::Rename(at));
        }
        if pressed(Key::Delete) {
            return Some(TreeKey::Delete(at));
        }
        ui.input(|input| input.key_pressed(Key::ArrowLeft)).then_some(TreeKey::Out(at))
    }

    /// Shows the rows that are in view, each in a ui of its own place.
    pub fn rows(&mut self, ui: &mut Ui, salt: &str, count: usize, mut row: impl FnMut(&mut Ui, usize)) {
        let scroll_to = self.scroll_to.take();
        ScrollArea::vertical().id_salt(salt).auto_shrink(false).show_viewport(ui, |ui, viewport| {
            let height = count as f32 * size::ROW;
            ui.set_height(height.max(ui.available_height()));
            ui.set_width(ui.available_width());
            let origin = ui.max_rect().min;
            let place = |index: usize| {
                let top = pos2(origin.x, origin.y + index as f32 * size::ROW);
                Rect::from_min_size(top, vec2(viewport.width(), size::ROW))
            };
            if let Some(index) = scroll_to {
                ui.scroll_to_rect_animation(place(index), None, egui::style::ScrollAnimation::none());
            }
            for index in in_view(viewport.min.y, viewport.max.y, count) {
                let mut child = ui.new_child(UiBuilder::new().id_salt(index).max_rect(place(index)));
                row(&mut child, index);
            }
        });
    }
}

/// Keeps ↑ ↓ ← → of a focused row from moving egui's own focus.
pub fn hold_arrows(ui: &Ui, id: Id) {
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
}

/// Whether `/` was pressed while nobody types: the filter wants the focus.
pub fn slash_pressed(ui: &Ui) -> bool {
    if ui.ctx().text_edit_focused() {
        return false;
    }
    ui.input_mut(|input| {
        let pressed = input.consume_key(Modifiers::NONE, Key::Slash);
        if pressed {
            // Else it would be the first letter of the filter.
            input.events.retain(|event| !matches!(event, egui::Event::Text(text) if text == "/"));
        }
        pressed
    })
}

fn in_view(top: f32, bottom: f32, count: usize) -> Range<usize> {
    let first = (top / size::ROW).floor().max(0.0) as usize;
    let last = (bottom / size::ROW).ceil().max(0.0) as usize;
    first.min(count)..last.min(count)
}

#[cfg(test)]
mod tests {
    use super::in_view;

    #[test]
    fn only_rows_in_view_are_shown() {
        assert_eq!(in_view(0.0, 240.0, 10_000), 0..10);
        assert_eq!(in_view(2_400_012.0, 2_400_060.0, 100_003), 100_000..100_003);
        assert_eq!(in_view(-30.0, 10.0, 0), 0..0);
    }
}
