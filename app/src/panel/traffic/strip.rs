//! The frames of a message side by side, as long as their parts are: where one ends and the next begins.

use callscope_wire::FrameId;
use egui::{EventFilter, Id, Key, Modifiers, Rect, Role, Sense, Ui, WidgetInfo, pos2};
use rust_i18n::t;

use super::assembled::Assembled;
use super::size_words;
use crate::theme::{Tokens, font, mix, size};
use crate::widget::chip::grouped;
use crate::widget::{edge, text};

/// With the room around it.
pub(super) const HEIGHT: f32 = 28.0;
const BAR: f32 = 16.0;

/// Draws it; gives the frame that was clicked, or gone to by ← →.
pub(super) fn view(
    ui: &mut Ui,
    id: Id,
    rect: Rect,
    here: &Assembled,
    current: FrameId,
    t: &'static Tokens,
) -> Option<FrameId> {
    let parts = &here.message.parts;
    let total = here.message.bytes.len().max(1) as f32;
    let track = Rect::from_center_size(rect.center(), egui::vec2(rect.width() - 2.0 * size::PANE_PADDING, BAR));
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let sent = here.message.parts.iter().position(|part| part.frame == current);
    let response = ui.interact(track, id, Sense::click());
    let number = sent.map_or(0, |index| index + 1);
    response.widget_info(|| {
        let words = t!("link.part_of", number = number, count = parts.len(), frame = grouped(current.0));
        WidgetInfo::labeled(Role::Slider, true, &*words)
    });
    painter.rect_filled(track, size::BADGE_RADIUS, t.field);
    let x_of = |at: usize| track.left() + track.width() * at as f32 / total;
    let pointer = ui.input(|input| input.pointer.hover_pos()).filter(|_| response.contains_pointer());
    let mut under = None;
    for part in parts {
        let span = part.in_message();
        let bar = Rect::from_x_y_ranges(
            x_of(span.start)..=(x_of(span.end) - 1.0).max(x_of(span.start) + 0.5),
            track.y_range(),
        );
        let holds = here.chosen_in(part.frame).is_some();
        let chosen = part.frame == current;
        let hovered = pointer.is_some_and(|at| bar.x_range().expand(0.5).contains(at.x));
        let tone = match (chosen, holds || hovered) {
            (true, _) => mix(t.island, t.accent, 0.55),
            (false, true) => mix(t.island, t.accent, 0.30),
            (false, false) => t.line2,
        };
        painter.rect_filled(bar, size::BAR_RADIUS, tone);
        let words = format!("#{}", grouped(part.frame.0));
        let line = text::galley(&painter, words, font::micro());
        if line.size().x + 8.0 <= bar.width() {
            let at = pos2(bar.center().x - line.size().x / 2.0, bar.center().y);
            text::galley_left(&painter, at, line, if chosen || holds { t.hi } else { t.mid });
        }
        if hovered {
            under = Some((part.frame, span));
        }
    }
    if let Some(span) = here.chosen_on_wire().filter(|_| !here.message.compressed) {
        let x = x_of(span.start).round();
        edge::vline(&painter, x, track.expand(3.0).y_range(), t.hi);
    }
    if response.has_focus() {
        edge::focus_ring(&painter, track, size::BADGE_RADIUS, t);
        ui.memory_mut(|memory| {
            let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
            memory.set_focus_lock_filter(id, filter);
        });
        let by = ui.input_mut(|input| {
            let mut pressed = |key| isize::from(input.consume_key(Modifiers::NONE, key));
            pressed(Key::ArrowRight) - pressed(Key::ArrowLeft)
        });
        let to = sent.and_then(|index| index.checked_add_signed(by)).and_then(|index| parts.get(index));
        if by != 0 {
            return to.map(|part| part.frame);
        }
    }
    let clicked = response.clicked();
    if let Some((frame, span)) = under {
        let range = t!(
            "traffic.bytes_range",
            from = grouped(span.start as u64),
            to = grouped(span.end.saturating_sub(1) as u64)
        );
        let words = format!(
            "{} · {range} · {}",
            t!("traffic.frame_number", frame = grouped(frame.0)),
            size_words(span.len() as u64)
        );
        response.on_hover_text_at_pointer(words);
        return clicked.then_some(frame);
    }
    None
}
