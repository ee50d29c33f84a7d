//! The four acts of a stream: Start, Send message, Done sending, Cancel. Always all four, in this order, with one
//! meaning each; only whether they can be used changes.
//!
//! ```text
//!            Start            Done sending
//!  idle ─────────────▶ open ───────────────▶ half-closed ──▶ idle
//!                       │  Send message*          │ (ends)
//!                       └────────── Cancel ───────┴────────▶ idle
//! ```

use egui::{Align, Layout, Ui};
use rust_i18n::t;

use super::empty::keys_of;
use super::subject::Subject;
use super::view::View;
use crate::command::{Act, Command};
use crate::model::tabs::Tab;
use crate::panel::Cx;
use crate::theme::{icon, size};
use crate::widget::button::{Button, icon_button};
use crate::widget::menu;
use crate::widget::pane::{self, Line};

/// Room that the four acts need with their icons.
const ICONS_FROM: f32 = 460.0;

/// Where a stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Idle,
    Open,
    HalfClosed,
    /// Cancel was asked for.
    Ending,
}

impl Phase {
    pub fn of(tab: &Tab) -> Self {
        match &tab.running {
            None => Self::Idle,
            Some(running) if running.cancelling => Self::Ending,
            // With one message to send, that was all there is to send.
            Some(running) if running.half_closed || !running.shape.client_streams() => Self::HalfClosed,
            Some(_) => Self::Open,
        }
    }
}

pub(super) fn ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &View, ready: bool) {
    let tab = subject.tab;
    let phase = Phase::of(tab);
    let next = next_message(subject);
    let shown = (next + 1).min(view.draft.messages.len().max(1));
    // All four stay in sight; where there is little room their icons go.
    let with_icons = ui.available_width() >= ICONS_FROM;
    pane::bar(ui, size::CALL_BAR, Line::Below, |ui| {
        ui.spacing_mut().item_spacing.x = size::GAP;
        let (start, send, done, cancel) =
            (t!("call.acts.start"), t!("call.acts.send"), t!("call.acts.done"), t!("call.acts.cancel"));
        let act = |words, glyph| if with_icons { Button::new(words).icon(glyph) } else { Button::new(words) };
        let can_start = phase == Phase::Idle && ready;
        let open = phase == Phase::Open;
        let mut button = act(&start, icon::PLAY).enabled(can_start);
        if phase == Phase::Idle {
            button = button.primary();
        }
        if button.show(ui).clicked() {
            cx.push(Command::Start(tab.id));
        }
        let mut button = act(&send, icon::PAPER_PLANE_TILT).enabled(open);
        if open {
            button = button.primary().wider(12.0);
        }
        let hint = t!("call.acts.send_hint", number = shown);
        if button.show(ui).on_hover_text(hint).clicked() {
            cx.push(Command::SendMessage(tab.id, next));
        }
        if act(&done, icon::ARROW_LINE_UP).enabled(open).show(ui).clicked() {
            cx.push(Command::DoneSending(tab.id));
        }
        let can_cancel = matches!(phase, Phase::Open | Phase::HalfClosed);
        if act(&cancel, icon::STOP).enabled(can_cancel).show(ui).clicked() {
            cx.push(Command::Cancel(tab.id));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.available_width() < 32.0 {
                return;
            }
            let more = icon_button(ui, icon::DOTS_THREE, size::ICON, &t!("call.acts.more"));
            menu::below(&more, |ui| {
                let (duplicate, save) = (keys_of(cx.model, Act::Duplicate), keys_of(cx.model, Act::Save));
                if menu::item(ui, Some(icon::COPY), &t!("call.bar.duplicate"), &duplicate, true).clicked() {
                    cx.push(Command::Act(Act::Duplicate));
                }
                if menu::item(ui, Some(icon::FLOPPY_DISK), &t!("call.bar.save"), &save, !tab.read_only).clicked() {
                    cx.push(Command::Save(tab.id));
                }
            });
        });
    });
}

/// The message that Send message sends: the next one in order, the last one again once all were sent.
pub(super) fn next_message(subject: &Subject<'_>) -> usize {
    subject.tab.running.as_ref().map_or(0, |running| running.sent)
}

#[cfg(test)]
mod tests {
    use super::Phase;
    use crate::model::tabs::{Running, Tab};
    use callscope_wire::{FlowId, Shape};

    #[test]
    fn a_stream_with_one_message_up_has_nothing_left_to_send() {
        let running = |shape, half_closed, cancelling| Tab {
            running: Some(Running { flow: FlowId(1), shape, sent: 0, half_closed, cancelling }),
            ..Tab::default()
        };
        assert_eq!(Phase::of(&Tab::default()), Phase::Idle);
        assert_eq!(Phase::of(&running(Shape::Bidi, false, false)), Phase::Open);
        assert_eq!(Phase::of(&running(Shape::Bidi, true, false)), Phase::HalfClosed);
        assert_eq!(Phase::of(&running(Shape::ServerStream, false, false)), Phase::HalfClosed);
        assert_eq!(Phase::of(&running(Shape::Bidi, false, true)), Phase::Ending);
    }
}
