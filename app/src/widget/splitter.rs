//! The boundary between two parts, to be dragged, or moved by the arrow keys while it has the focus.

use egui::{CursorIcon, EventFilter, Id, Key, Modifiers, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::theme::tokens;

/// How far the pointer may be from the line.
const REACH: f32 = 3.0;
/// What an arrow key moves it by.
const STEP: f32 = 16.0;

/// Which way the line goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// It is moved left and right.
    Vertical,
    /// It is moved up and down.
    Horizontal,
}

/// A splitter along the middle of `line`; gives how far it is to be moved, in points. Put it behind what it divides, or
/// that takes its pointer.
pub fn splitter(ui: &Ui, id: Id, line: Rect, along: Line, name: &str) -> f32 {
    let vertical = along == Line::Vertical;
    let middle = line.center();
    let grip = if vertical {
        Rect::from_x_y_ranges(middle.x - REACH..=middle.x + REACH, line.y_range())
    } else {
        Rect::from_x_y_ranges(line.x_range(), middle.y - REACH..=middle.y + REACH)
    };
    let response = ui.interact(grip, id, Sense::drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Splitter, ui.is_enabled(), name));
    let mut by = if vertical { response.drag_delta().x } else { response.drag_delta().y };
    if response.has_focus() {
        let (less, more) = if vertical { (Key::ArrowLeft, Key::ArrowRight) } else { (Key::ArrowUp, Key::ArrowDown) };
        ui.memory_mut(|memory| {
            let filter =
                EventFilter { horizontal_arrows: vertical, vertical_arrows: !vertical, ..EventFilter::default() };
            memory.set_focus_lock_filter(id, filter);
        });
        ui.input_mut(|input| {
            let mut pressed = |key| input.count_and_consume_key(Modifiers::NONE, key) as f32;
            by += STEP * (pressed(more) - pressed(less));
        });
    }
    if response.hovered() || response.dragged() || response.has_focus() {
        let shown = if vertical {
            Rect::from_min_size(pos2(middle.x.round() - 1.0, line.top()), vec2(2.0, line.height()))
        } else {
            Rect::from_min_size(pos2(line.left(), middle.y.round() - 1.0), vec2(line.width(), 2.0))
        };
        ui.painter().rect_filled(shown, 1, tokens(ui).accent);
    }
    if response.hovered() || response.dragged() {
        ui.ctx().set_cursor_icon(if vertical { CursorIcon::ResizeHorizontal } else { CursorIcon::ResizeVertical });
    }
    by
}
