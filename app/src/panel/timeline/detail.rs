//! The messages of a call that somebody else made: what an instance asked another, beside the waterfall.
//!
//! The call of the tab has its own panes for them. Texts are made when another call is selected, not per frame.

use egui::{Rect, Ui, pos2};
use rust_i18n::t;

use callscope_wire::FlowId;

use crate::model::flows::{Message, Record};
use crate::panel::Cx;
use crate::panel::call::figures;
use crate::theme::{font, icon, size};
use crate::widget::json::text::{TextState, text_view};
use crate::widget::{edge, pane, text};

/// Nobody reads more than this beside a waterfall; the whole of it is in Traffic.
const LONGEST: usize = 64 << 10;

/// What the detail remembers between frames.
#[derive(Default)]
pub(super) struct Detail {
    /// The call and how many messages it had.
    of: Option<(FlowId, usize)>,
    sides: [Side; 2],
    version: u64,
}

#[derive(Default)]
struct Side {
    text: String,
    state: TextState,
}

impl Detail {
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx, record: &Record, rect: Rect) {
        let t = cx.tokens;
        self.follow(record);
        edge::vline(ui.painter(), rect.left(), rect.y_range(), t.line);
        let (head, rest, _) = pane::cut(rect, size::TABLE_HEADER, 0.0);
        pane::bar_at(ui, head, pane::Line::Below, |ui| {
            let method = record.flow.method.rsplit('.').next().unwrap_or_default();
            text::line(ui, method, font::card_title(), t.hi, 20.0);
            if let Some(status) = record.flow.status.as_ref().filter(|status| !status.code.is_ok()) {
                let color = figures::mark_of(status.code).color(t);
                text::line(ui, &status.to_string(), font::small(), color, 20.0);
            }
        });
        let middle = rest.center().y.round();
        let halves = [rest.with_max_y(middle), rest.with_min_y(middle)];
        let looks =
            [(icon::ARROW_UP, t.sent, t!("timeline.sent")), (icon::ARROW_DOWN, t.recv, t!("timeline.received"))];
        for ((side, half), (glyph, color, name)) in self.sides.iter_mut().zip(halves).zip(looks) {
            let arrow = pos2(half.left() + 14.0, half.top() + 14.0);
            text::glyph(ui.painter(), arrow, glyph, font::icon_bold(size::ICON_SMALL), color);
            let id = ui.make_persistent_id(("message", name.as_ref()));
            pane::inside(ui, half, &name, |ui| {
                text_view(ui, id, &name, &side.text, self.version, &mut side.state);
            });
        }
    }

    fn follow(&mut self, record: &Record) {
        let now = Some((record.flow.id, record.messages.len()));
        if self.of == now {
            return;
        }
        self.of = now;
        self.version += 1;
        for (side, sent) in self.sides.iter_mut().zip([true, false]) {
            let last = record.messages.iter().rev().find(|message| message.sent == sent);
            side.text = last.map_or_else(|| t!("timeline.no_message").into_owned(), pretty);
        }
    }
}

fn pretty(message: &Message) -> String {
    if message.bytes.len() <= LONGEST
        && let Ok(value) = message.value()
        && let Ok(text) = serde_json::to_string_pretty(value.as_ref())
    {
        return text;
    }
    let shown = message.bytes.get(..LONGEST).unwrap_or(&message.bytes);
    String::from_utf8_lossy(shown).into_owned()
}
