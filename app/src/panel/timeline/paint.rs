//! Paints the waterfall: grid, labels, bars, the deadline, message ticks, the legend.

use callscope_wire::Time;
use callscope_wire::capture::Segment;
use egui::{Align2, Color32, Painter, Pos2, Rect, Response, Stroke, pos2, vec2};
use rust_i18n::t;

use super::axis::Axis;
use super::lanes::{Bar, Chart, Lane, LaneKind, Part};
use super::ms;
use crate::model::flows::Record;
use crate::panel::call::figures;
use crate::theme::{Tokens, font, icon, mix, size};
use crate::widget::mark::{self, Mark};
use crate::widget::{edge, row, text};
use crate::words::tell;

/// Room for carets, where there are any.
const CARET: f32 = 12.0;
/// Ticks are about this far apart.
const TICK_GAP: f32 = 60.0;
/// Messages of one column that are looked at.
const FEW: usize = 64;
/// The parts in the order of the legend.
const LEGEND: [&[Part]; 8] = [
    &[Part::Segment(Segment::Resolve), Part::Segment(Segment::Pick)],
    &[Part::Segment(Segment::Connect)],
    &[Part::Segment(Segment::Tls)],
    &[Part::Segment(Segment::Handshake)],
    &[Part::Segment(Segment::Send)],
    &[Part::Segment(Segment::Wait)],
    &[Part::Segment(Segment::Receive)],
    &[Part::Backoff],
];

/// Where and in what colors it is painted.
pub(super) struct Painting<'a> {
    pub painter: Painter,
    pub tokens: &'a Tokens,
    pub axis: Axis,
    /// Messages are drawn into the bars.
    pub ticked: bool,
    /// There are carets: everything stands a step further to the right.
    pub is_tree: bool,
}

impl<'a> Painting<'a> {
    pub fn clipped(&self, clip: Rect) -> Painting<'a> {
        let painter = self.painter.with_clip_rect(self.painter.clip_rect().intersect(clip));
        Painting { painter, ..*self }
    }

    /// Ticks with their labels, and lines through the lanes.
    pub fn grid(&self, chart: &Chart, top: Rect, body: Rect) {
        let t = self.tokens;
        let flag = self.flag(chart, top).map(|(rect, _, _)| rect);
        for (at, label) in self.axis.ticks(TICK_GAP) {
            let x = self.axis.x(at);
            edge::vline(&self.painter, x, body.y_range(), t.line);
            let line = text::galley(&self.painter, label, font::micro());
            let place = Rect::from_center_size(pos2(x, top.center().y), line.size());
            let hidden = flag.is_some_and(|flag| flag.expand(6.0).intersects(place)) || place.right() > top.right();
            if !hidden {
                text::galley_left(&self.painter, place.left_center(), line, t.low);
            }
        }
    }

    /// Mark and name of a lane, at the left.
    pub fn label(&self, rect: Rect, lane: &Lane, selected: bool, response: &Response, narrow: bool) {
        let t = self.tokens;
        let labels = Rect::from_min_max(rect.min, pos2(self.axis.left - 12.0, rect.bottom()));
        if matches!(lane.kind, LaneKind::Attempt { .. } | LaneKind::Made { .. }) {
            row::ground(&self.painter, labels, selected, response, t);
        }
        let y = rect.center().y;
        let left = self.left(rect, lane);
        let name_at = pos2(left + 28.0, y);
        let mark_at = pos2(left + 15.0, y);
        for level in 1..=lane.depth {
            let x = self.left(rect, lane) + 3.0 - size::INDENT * f32::from(level);
            edge::vline(&self.painter, x.round(), rect.y_range(), t.line);
        }
        if let Some(open) = lane.open {
            let glyph = if open { icon::CARET_DOWN } else { icon::CARET_RIGHT };
            text::glyph(&self.painter, caret_at(rect, left), glyph, font::icon(size::ICON_TINY), t.low);
        }
        match &lane.kind {
            LaneKind::Call => {
                text::left(&self.painter, name_at, t!("timeline.call").as_ref(), font::label(), t.hi);
            }
            LaneKind::Backoff { .. } => {
                text::left(&self.painter, name_at, "back-off", font::label_regular(), t.low);
            }
            LaneKind::Attempt { number, instance, outcome, .. } => {
                let kind = outcome.as_ref().map_or(Mark::Running, |(code, _)| figures::mark_of(*code));
                mark::paint(&self.painter, mark_at, mark::SIZE, kind, t);
                if narrow {
                    let words = format!("{number} · {instance}");
                    let room = labels.right() - name_at.x - 4.0;
                    text::left_elided(&self.painter, name_at, words, font::label(), t.hi, room);
                    return;
                }
                let words = t!("timeline.attempt", number = number);
                let x = text::left(&self.painter, name_at, words.as_ref(), font::card_title(), t.hi) + 8.0;
                let room = labels.right() - x - 4.0;
                text::left_elided(&self.painter, pos2(x, y), instance, font::code_small(), t.mid, room);
            }
            LaneKind::Made { method, instance, outcome, .. } => {
                let kind = outcome.as_ref().map_or(Mark::Running, |(code, _)| figures::mark_of(*code));
                mark::paint(&self.painter, mark_at, mark::SIZE, kind, t);
                // The package is the same mostly, and the narrowest column here cannot hold it.
                let short = method.rsplit('.').next().unwrap_or(method);
                let room = labels.right() - name_at.x - 4.0;
                let x = text::left_elided(&self.painter, name_at, short, font::label(), t.hi, room) + 8.0;
                let room = labels.right() - x - 4.0;
                if room > 24.0 {
                    text::left_elided(&self.painter, pos2(x, y), instance, font::code_small(), t.mid, room);
                }
            }
        }
    }

    /// Where a lane's label begins.
    fn left(&self, rect: Rect, lane: &Lane) -> f32 {
        let step = if self.is_tree { CARET } else { 0.0 };
        rect.left() + step + size::INDENT * f32::from(lane.depth)
    }

    /// What folds a lane, if there is anything to fold.
    pub fn caret(&self, rect: Rect, lane: &Lane) -> Option<Rect> {
        lane.open.map(|_| Rect::from_center_size(caret_at(rect, self.left(rect, lane)), vec2(20.0, rect.height())))
    }

    /// The bars of a lane and what stands behind them.
    pub fn bars(&self, rect: Rect, lane: &Lane, chart: &Chart) {
        let t = self.tokens;
        let y = rect.center().y;
        let line = match lane.kind {
            LaneKind::Call => Some(chart.total),
            LaneKind::Made { several: true, .. } => Some(lane.to),
            _ => None,
        };
        if let Some(to) = line {
            let from = lane.bars.last().map_or(lane.from, |bar| bar.to);
            let (left, right) = (self.axis.x(from), self.axis.x(to));
            let line = Rect::from_min_max(pos2(left, y - 1.0), pos2(right, y + 1.0));
            self.painter.rect_filled(line, 0, t.line2);
            let end = Rect::from_center_size(pos2(right, y), vec2(2.0, 8.0));
            self.painter.rect_filled(end, 0, t.line2);
        }
        for bar in &lane.bars {
            self.bar(rect, *bar);
        }
        if let Some((code, message)) = lane.outcome() {
            let color = figures::mark_of(*code).color(t);
            let at = pos2(self.axis.x(lane.to) + 8.0, y);
            let room = rect.right() - at.x - 8.0;
            let mut end = text::left_elided(&self.painter, at, code.to_string(), font::small_medium(), color, room);
            if matches!(lane.kind, LaneKind::Made { .. }) {
                let took = figures::duration(ms(lane.to - lane.from));
                let room = (rect.right() - end - 16.0).max(0.0);
                end = text::left_elided(&self.painter, pos2(end + 8.0, y), took, font::small(), t.mid, room);
            }
            let rest = rect.right() - end - 16.0;
            if !code.is_ok() && rest > 40.0 {
                text::left_elided(&self.painter, pos2(end + 8.0, y), tell(message), font::small(), t.low, rest);
            }
        }
    }

    fn bar(&self, lane: Rect, bar: Bar) {
        let t = self.tokens;
        let left = self.axis.x(bar.from);
        let right = self.axis.x(bar.to).max(left + 2.0);
        let middle = lane.center().y;
        let rect = Rect::from_min_max(pos2(left, middle - size::BAR / 2.0), pos2(right, middle + size::BAR / 2.0));
        // A hair of the ground between neighbors.
        let rect = if rect.width() > 4.0 { rect.with_max_x(rect.right() - 1.0) } else { rect };
        let radius = size::BAR_RADIUS;
        let words = match bar.part {
            Part::Segment(segment) => {
                let (fill, border) = segment_look(segment, t);
                match border {
                    Some(border) => edge::frame(&self.painter, rect, radius, fill, border),
                    None => {
                        self.painter.rect_filled(rect, radius, fill);
                    }
                }
                let ink = if matches!(segment, Segment::Send | Segment::Receive) { t.island } else { t.hi };
                let name = bar.part.name();
                let long = format!("{name} {}", figures::duration(ms(bar.length())));
                // Where the server took its time, how long it took is the fact.
                let first = if segment == Segment::Wait { long.as_str() } else { name };
                self.fits(rect, &[first, name], ink)
            }
            Part::Open => {
                edge::frame(&self.painter, rect, radius, t.tint(t.accent), mix(t.line2, t.accent, 0.4));
                // Of a stream the ticks say more than the length, which stands in the foot.
                if self.ticked { None } else { self.fits(rect, &[figures::duration(ms(bar.length())).as_str()], t.hi) }
            }
            Part::Backoff => {
                mark::hatch(&self.painter, rect, mix(t.island, t.idle, 0.5));
                let border = Stroke::new(1.0, mix(t.island, t.idle, 0.4));
                for y in [rect.top(), rect.bottom() - 1.0] {
                    mark::dashed(&self.painter, pos2(rect.left(), y), pos2(rect.right(), y), border, 4.0, 3.0);
                }
                let length = figures::duration(ms(bar.length()));
                let line = text::galley(&self.painter, length, font::micro());
                if line.size().x + 8.0 <= rect.width() {
                    let ground = Rect::from_center_size(rect.center(), vec2(line.size().x + 8.0, rect.height()));
                    self.painter.rect_filled(ground, 0, t.island);
                    Some((line, t.mid))
                } else {
                    let at = pos2(rect.right() + 6.0, middle);
                    text::galley_left(&self.painter, at, line, t.mid);
                    None
                }
            }
        };
        if let Some((line, ink)) = words {
            let at = pos2((rect.center().x - line.size().x / 2.0).round(), middle);
            text::galley_left(&self.painter, at, line, ink);
        }
    }

    /// The first of `words` that fits into `rect` with a little air.
    fn fits(&self, rect: Rect, words: &[&str], ink: Color32) -> Option<(std::sync::Arc<egui::Galley>, Color32)> {
        words
            .iter()
            .map(|words| text::galley(&self.painter, *words, font::micro()))
            .find(|line| line.size().x + 8.0 <= rect.width())
            .map(|line| (line, ink))
    }

    /// One tick per message, at most one per point. A column of many looks at the first few of each: a million messages cost
    /// what the columns cost.
    pub fn messages(&self, rect: Rect, record: &Record, lane: &Lane) {
        if !self.ticked {
            return;
        }
        let t = self.tokens;
        let middle = rect.center().y;
        let started = record.flow.started;
        let x_of = |at: Time| self.axis.x(at.since(started).as_secs_f64() * 1e3).round();
        let half = size::BAR / 2.0;
        let mut next = record.messages.partition_point(|message| x_of(message.at) < self.axis.x(lane.from));
        while let Some(first) = record.messages.get(next) {
            let x = x_of(first.at);
            let behind = record.messages.len();
            let few =
                record.messages.range(next..behind.min(next + FEW)).take_while(|message| x_of(message.at) < x + 2.0);
            let (mut sent, mut received) = (false, false);
            for message in few {
                sent |= message.sent;
                received |= !message.sent;
            }
            // Sent ones stand in the upper half, received ones in the lower: never color alone.
            for (there, top, color) in [(sent, middle - half, t.sent), (received, middle, t.recv)] {
                if there {
                    self.painter.rect_filled(Rect::from_min_size(pos2(x, top), vec2(1.0, half)), 0, color);
                }
            }
            next = record.messages.partition_point(|message| x_of(message.at) < x + 2.0).max(next + 1);
        }
    }

    /// The deadline: a flag on the axis and a dashed line through the lanes.
    pub fn deadline(&self, chart: &Chart, top: Rect, body: Rect) {
        let t = self.tokens;
        let Some((flag, words, on_axis)) = self.flag(chart, top) else { return };
        self.painter.rect_filled(flag, size::BADGE_RADIUS, t.tint(t.cap));
        text::center(&self.painter, flag.center(), words, font::micro(), t.cap);
        if let (true, Some(deadline)) = (on_axis, chart.deadline) {
            let x = self.axis.x(deadline).round();
            let stroke = Stroke::new(1.5, t.cap);
            mark::dashed(&self.painter, pos2(x, flag.bottom()), pos2(x, body.bottom()), stroke, 4.0, 3.0);
        }
    }

    /// Place and words of the deadline's flag, and whether the deadline lies on the axis.
    fn flag(&self, chart: &Chart, top: Rect) -> Option<(Rect, String, bool)> {
        let deadline = chart.deadline?;
        let time = figures::setting(ms(deadline));
        let on_axis = deadline <= self.axis.span;
        let words =
            if on_axis { t!("timeline.deadline", time = time) } else { t!("timeline.deadline_beyond", time = time) };
        let width = text::width(&self.painter, words.as_ref(), font::micro()) + 12.0;
        let x = if on_axis { self.axis.x(deadline) } else { self.axis.right };
        let left = (x - width / 2.0).min(top.right() - width - 4.0).round();
        let rect = Align2::LEFT_CENTER.anchor_size(pos2(left, top.center().y), vec2(width.round(), 18.0));
        Some((rect, words.into_owned(), on_axis))
    }

    /// What was left of the deadline, between the end and the deadline's line.
    pub fn time_left(&self, rect: Rect, lane: &Lane, chart: &Chart) {
        let (Some(deadline), LaneKind::Attempt { outcome: Some((code, _)), .. }) = (chart.deadline, &lane.kind) else {
            return;
        };
        let left = deadline - chart.total;
        if chart.running || deadline > self.axis.span || left <= 0.0 || !code.is_ok() {
            return;
        }
        let words = t!("timeline.left", time = figures::duration(ms(left)));
        let line = text::galley(&self.painter, words.as_ref(), font::small());
        let from =
            self.axis.x(lane.to) + 8.0 + text::width(&self.painter, code.to_string(), font::small_medium()) + 20.0;
        let to = self.axis.x(deadline) - 6.0;
        if to - from < line.size().x + 40.0 {
            return;
        }
        let t = self.tokens;
        let y = rect.center().y;
        let middle = f32::midpoint(from, to);
        let half = line.size().x / 2.0 + 6.0;
        let stroke = Stroke::new(1.0, mix(t.line2, t.low, 0.3));
        mark::dashed(&self.painter, pos2(from, y), pos2(middle - half, y), stroke, 4.0, 3.0);
        mark::dashed(&self.painter, pos2(middle + half, y), pos2(to, y), stroke, 4.0, 3.0);
        text::galley_left(&self.painter, pos2(middle - line.size().x / 2.0, y), line, t.low);
    }

    /// The parts that occur, each with its look; gives the x of the right end.
    pub fn legend(&self, rect: Rect, chart: &Chart) -> f32 {
        let t = self.tokens;
        let y = rect.center().y;
        let mut x = self.axis.left;
        for parts in LEGEND {
            let names: Vec<&str> = parts
                .iter()
                .filter(|part| chart.lanes.iter().any(|lane| lane.bars.iter().any(|bar| bar.part == **part)))
                .map(|part| part.name())
                .collect();
            let (Some(part), false) = (parts.first(), names.is_empty()) else { continue };
            let swatch = Rect::from_center_size(pos2(x + 6.0, y), vec2(12.0, 8.0));
            match part {
                Part::Segment(segment) => {
                    let (fill, border) = segment_look(*segment, t);
                    let border = border.unwrap_or(fill);
                    edge::frame(&self.painter, swatch, size::BAR_RADIUS, fill, border);
                }
                Part::Backoff | Part::Open => mark::hatch(&self.painter, swatch, t.low),
            }
            x = text::left(&self.painter, pos2(x + 18.0, y), names.join(", "), font::small(), t.low) + 16.0;
        }
        x
    }
}

fn caret_at(rect: Rect, left: f32) -> Pos2 {
    pos2(left + 1.0, rect.center().y)
}

/// Fill and border of a part of an attempt; the light theme is a third paler where it is not solid.
fn segment_look(segment: Segment, t: &Tokens) -> (Color32, Option<Color32>) {
    let pale = |color, strength: f32| t.over(color, strength, strength * 2.0 / 3.0);
    match segment {
        Segment::Resolve | Segment::Pick => (pale(t.idle, 0.5), None),
        Segment::Connect => (pale(t.series(2), 0.5), None),
        Segment::Tls => (pale(t.series(2), 0.3), None),
        Segment::Handshake => (pale(t.series(2), 0.18), None),
        Segment::Send => (t.sent, None),
        Segment::Wait => (pale(t.idle, 0.1), Some(mix(t.line2, t.low, 0.25))),
        Segment::Receive => (t.recv, None),
    }
}
