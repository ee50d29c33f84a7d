//! Toasts at the bottom right: an icon, a sentence, an undo, a close button, and a line that runs out.

use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat};
use egui::{Align2, Area, Color32, Galley, Id, Order, Rect, Sense, Ui, pos2, vec2};

use super::{button, edge, text};
use crate::theme::{Tokens, font, icon, size, tokens};

const MOST: usize = 3;
const GAP: f32 = 8.0;
/// Lines of a toast before it ends in `…`.
const ROWS: usize = 4;
/// Above and below the lines, together.
const PADDING: f32 = 24.0;
/// Room of the icon, of the close button, and of the undo action.
const LEFT: f32 = 36.0;
const RIGHT: f32 = 36.0;
const UNDO: f32 = 60.0;

#[derive(Debug, Clone, Copy)]
pub struct Toast<'a> {
    pub id: u64,
    pub icon: char,
    pub text: &'a str,
    /// The word of the undo action, if there is one.
    pub undo: Option<&'a str>,
    /// How much of its time is left, 0 to 1.
    pub left: f32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Undo(u64),
    Close(u64),
}

/// Shows the last three of `toasts`, the newest lowest, in the bottom right corner of `inside`.
pub fn toasts(ctx: &egui::Context, inside: Rect, toasts: &[Toast<'_>], close_name: &str) -> Option<Action> {
    let mut action = None;
    let mut corner = inside.right_bottom() - vec2(16.0, 16.0);
    for toast in toasts.iter().rev().take(MOST) {
        let words = ctx.fonts_mut(|fonts| fonts.layout_job(words(toast)));
        let height = (words.size().y + PADDING).max(size::TOAST);
        let rect = Align2::RIGHT_BOTTOM.anchor_size(corner, vec2(size::TOAST_WIDTH, height));
        corner.y -= height + GAP;
        Area::new(Id::unique(("toast", toast.id))).order(Order::Foreground).fixed_pos(rect.min).show(ctx, |ui| {
            ui.allocate_rect(rect, Sense::hover());
            if let Some(done) = toast_ui(ui, rect, toast, words, close_name, tokens(ctx)) {
                action = Some(done);
            }
        });
    }
    action
}

/// The sentence, wrapped: one that says where in a file something is wrong is longer than a line.
fn words(toast: &Toast<'_>) -> LayoutJob {
    let format = TextFormat::simple(font::label_regular(), Color32::PLACEHOLDER);
    let mut job = LayoutJob::single_section(toast.text.to_owned(), format);
    let undo = if toast.undo.is_some() { UNDO } else { 0.0 };
    job.wrap.max_width = size::TOAST_WIDTH - LEFT - RIGHT - undo;
    job.wrap.max_rows = ROWS;
    job
}

fn toast_ui(
    ui: &mut Ui,
    rect: Rect,
    toast: &Toast<'_>,
    words: Arc<Galley>,
    close_name: &str,
    t: &Tokens,
) -> Option<Action> {
    let painter = ui.painter().clone();
    painter.add(ui.visuals().popup_shadow.as_shape(rect, size::ISLAND_RADIUS));
    edge::frame(&painter, rect, size::ISLAND_RADIUS, t.float, t.line2);
    let y = rect.center().y;
    let face = font::icon(size::ICON);
    text::glyph(&painter, pos2(rect.left() + 20.0, y), toast.icon, face, t.mid);

    let id = ui.make_persistent_id(toast.id);
    let mut action = None;
    let close_at = pos2(rect.right() - 18.0, y);
    let close = button::icon_button_at(ui, close_at, icon::X, size::ICON_TINY, close_name, id.with("close"));
    if close.clicked() {
        action = Some(Action::Close(toast.id));
    }
    let mut right = close_at.x - 14.0;
    if let Some(undo) = toast.undo {
        let verb = text::galley(&painter, undo, font::label());
        let place = Rect::from_min_max(pos2(right - verb.size().x - 16.0, y - 14.0), pos2(right, y + 14.0));
        let response = ui.interact(place, id.with("undo"), Sense::click());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), undo));
        if response.hovered() {
            painter.rect_filled(place, size::CONTROL_RADIUS, t.hover);
        }
        text::galley_left(&painter, pos2(place.left() + 8.0, y), verb, t.accent);
        if response.has_focus() {
            edge::focus_ring(&painter, place, size::CONTROL_RADIUS, t);
        }
        if response.clicked() {
            action = Some(Action::Undo(toast.id));
        }
        right = place.left();
    }
    let left = rect.left() + LEFT;
    let text_rect = Rect::from_min_max(pos2(left, rect.top()), pos2(right, rect.bottom()));
    let label = ui.interact(text_rect, id.with("text"), Sense::hover());
    label.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, toast.text));
    text::galley_left(&painter, pos2(left, y), words, t.hi);

    let width = (rect.width() - 16.0) * toast.left.clamp(0.0, 1.0);
    let line = Rect::from_min_size(pos2(rect.left() + 8.0, rect.bottom() - 3.0), vec2(width, 2.0));
    painter.rect_filled(line, 1, t.accent);
    action
}
