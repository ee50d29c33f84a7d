//! The frames of one stream over time: what we wrote above the line, what we read below it.

use callscope_wire::FrameId;
use egui::{Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::detail::Detail;
use crate::panel::Cx;
use crate::theme::{font, icon, mix, size};
use crate::widget::{edge, text};

/// With its title and axis.
pub(super) const HEIGHT: f32 = 124.0;
const TITLE: f32 = 32.0;
const AXIS: f32 = 24.0;
const BAR: f32 = 5.0;
/// A bar of one byte, and of a thousand and more.
const LEAST: f32 = 6.0;
const MOST: f32 = 24.0;

/// Draws the lane; gives the frame that was clicked.
pub(super) fn view(ui: &mut Ui, cx: &Cx<'_>, rect: Rect, detail: &Detail) -> Option<FrameId> {
    let t = cx.tokens;
    let (Some(first), Some(last)) = (detail.stream.first(), detail.stream.last()) else { return None };
    let span = last.at.since(first.at).as_secs_f64() * 1e3;
    let painter = ui.painter().clone();
    edge::hline(&painter, rect.x_range(), rect.top(), t.line);
    let y = rect.top() + TITLE / 2.0;
    let title = match detail.frame.stream {
        0 => t!("traffic.connection_frames", number = detail.frame.connection.0),
        stream => t!("traffic.stream_frames", number = stream),
    };
    let x = text::left(&painter, pos2(rect.left() + size::PANE_PADDING, y), title, font::card_title(), t.hi);
    let facts = t!("traffic.stream_facts", count = detail.stream.len(), time = format!("{span:.1}"));
    text::left(&painter, pos2(x + size::GAP, y), facts, font::small(), t.low);
    let mut right = rect.right() - size::PANE_PADDING;
    for (words, glyph, color) in
        [(t!("traffic.received_word"), icon::ARROW_DOWN, t.recv), (t!("traffic.sent_word"), icon::ARROW_UP, t.sent)]
    {
        right = text::right(&painter, pos2(right, y), words, font::small(), color) - 8.0;
        text::glyph(&painter, pos2(right, y), glyph, font::icon_bold(11.0), color);
        right -= 20.0;
    }

    let lane = Rect::from_min_max(
        pos2(rect.left() + size::PANE_PADDING + 4.0, rect.top() + TITLE),
        pos2(rect.right() - size::PANE_PADDING - 4.0, rect.bottom() - AXIS),
    );
    let middle = lane.center().y.round();
    edge::hline(&painter, lane.x_range(), middle, t.line2);
    let scale = if span > 0.0 { (lane.width() - BAR) / span as f32 } else { 0.0 };
    let x_of = |at: callscope_wire::Time| lane.left() + (at.since(first.at).as_secs_f64() * 1e3) as f32 * scale;

    let response = ui.interact(lane.expand2(vec2(4.0, 0.0)), ui.scope_id().with("lane"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &*t!("traffic.lane")));
    let pointer = response.hover_pos();
    let mut nearest: Option<(f32, FrameId)> = None;
    for frame in &detail.stream {
        let height = LEAST + (MOST - LEAST) * ((frame.bytes.max(1) as f32).log10() / 3.0).min(1.0);
        let x = x_of(frame.at).round();
        let bar = if frame.sent {
            Rect::from_min_max(pos2(x, middle - 1.0 - height), pos2(x + BAR, middle - 1.0))
        } else {
            Rect::from_min_max(pos2(x, middle + 2.0), pos2(x + BAR, middle + 2.0 + height))
        };
        let color = if frame.sent { t.sent } else { t.recv };
        let chosen = frame.id == detail.frame.id;
        painter.rect_filled(bar, size::BAR_RADIUS, if chosen { color } else { mix(t.island, color, 0.45) });
        if chosen {
            edge::vline(&painter, bar.center().x, lane.y_range(), t.accent);
            painter.rect_filled(bar, size::BAR_RADIUS, color);
        }
        if let Some(at) = pointer {
            let distance =
                (at.x - bar.center().x).abs() + if bar.y_range().expand(4.0).contains(at.y) { 0.0 } else { 6.0 };
            if distance < 14.0 && nearest.is_none_or(|(least, _)| distance < least) {
                nearest = Some((distance, frame.id));
            }
        }
    }
    // Round marks from zero on, at most seven.
    if span > 0.0 {
        let step = round_step(span / 6.0);
        let mut mark = 0.0;
        while mark <= span {
            let x = lane.left() + mark as f32 * scale;
            let words = if mark == 0.0 { "0 ms".to_owned() } else { trimmed(mark) };
            text::center(
                &painter,
                pos2(x.max(lane.left() + 10.0), rect.bottom() - AXIS / 2.0),
                words,
                font::micro(),
                t.low,
            );
            mark += step;
        }
    }
    let (_, id) = nearest?;
    if response.clicked() { Some(id) } else { None }
}

fn round_step(least: f64) -> f64 {
    let magnitude = 10.0_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|nice| nice * magnitude).find(|step| *step >= least).unwrap_or(least)
}

fn trimmed(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{round_step, trimmed};

    #[test]
    fn marks_are_round() {
        assert_eq!([0.013, 2.3, 40.0].map(|least| trimmed(round_step(least))), ["0.02", "5", "50"]);
        assert_eq!([0.04, 10.0, 2.5].map(trimmed), ["0.04", "10", "2.5"]);
    }
}
