//! One breaker: its state machine drawn, its window, and what it did.

use callscope_wire::policy::BreakerState;
use egui::{Color32, Painter, Pos2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::draw::tick_down;
use super::words;
use crate::panel::Cx;
use crate::theme::{Tokens, fade, font, icon, mix, size};
use crate::widget::mark::{self, Mark};
use crate::widget::{button, edge, menu, meter, pane, text};
use callscope_wire::policy::BreakerView;

const NODE: egui::Vec2 = vec2(104.0, 40.0);
const MACHINE: f32 = 196.0;
const FACT: f32 = 24.0;
/// Narrower panes show only the active state.
const WHOLE: f32 = 296.0;
const COMPACT: f32 = 100.0;

/// The mark of a state.
pub(super) const fn state_mark(state: BreakerState) -> Mark {
    match state {
        BreakerState::Closed => Mark::Ok,
        BreakerState::HalfOpen => Mark::Half,
        BreakerState::Open => Mark::Err,
    }
}

/// Draws the breaker with this key; gives another one that the user picked.
pub(super) fn view(
    ui: &mut Ui,
    cx: &Cx<'_>,
    service: &str,
    shown: Option<&(String, String)>,
) -> Option<(String, String)> {
    let mut picked = None;
    let found = shown.and_then(|key| Some((key, cx.model.series.breakers.get(key)?)));
    pane::header(ui, |ui| {
        ui.spacing_mut().item_spacing.x = size::GAP;
        pane::title(ui, &t!("plots.breaker"));
        if let Some((key, _)) = found {
            let room = (ui.available_width() - 28.0).max(20.0);
            let line = text::elided(ui.painter(), key.1.clone(), font::code_small(), room);
            let (rect, response) = ui.allocate_exact_size(vec2(line.size().x, 20.0), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &key.1));
            text::galley_left(ui.painter(), rect.left_center(), line, cx.tokens.mid);
        }
        if found.is_some() {
            pane::right(ui, |ui| picked = picker(ui, cx, service, shown));
        }
    });
    if let Some((_, track)) = found {
        machine_and_facts(ui, cx, &track.now);
    } else {
        let t = cx.tokens;
        let (_, rect) = ui.allocate_space(vec2(ui.available_width(), 72.0));
        let at = rect.left_top() + vec2(size::PANE_PADDING, 24.0);
        text::left_elided(ui.painter(), at, t!("plots.no_breaker"), font::label(), t.mid, rect.width() - 24.0);
        let at = at + vec2(0.0, 22.0);
        text::left_elided(ui.painter(), at, t!("plots.no_breaker_why"), font::small(), t.low, rect.width() - 24.0);
        edge_line(ui, t);
    }
    picked
}

fn picker(ui: &mut Ui, cx: &Cx<'_>, service: &str, shown: Option<&(String, String)>) -> Option<(String, String)> {
    let mut picked = None;
    let anchor = button::icon_button(ui, icon::CARET_UP_DOWN, size::ICON, &t!("plots.pick_breaker"));
    menu::below(&anchor, |ui| {
        for (key, track) in &cx.model.series.breakers {
            if !service.is_empty() && key.0 != service {
                continue;
            }
            let response = menu::Item::new(&key.1).checked(Some(key) == shown).show(ui);
            let center = response.rect.right_center() - vec2(14.0, 0.0);
            mark::paint(ui.painter(), center, mark::SIZE, state_mark(track.now.state), cx.tokens);
            if response.clicked() {
                picked = Some(key.clone());
            }
        }
    });
    picked
}

fn machine_and_facts(ui: &mut Ui, cx: &Cx<'_>, now: &BreakerView) {
    let t = cx.tokens;
    let width = ui.available_width();
    let whole = width >= WHOLE;
    let (_, rect) = ui.allocate_space(vec2(width, if whole { MACHINE } else { COMPACT }));
    let response = ui.interact(rect, ui.scope_id().with("breaker machine"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, now.state.name()));
    if whole {
        machine(ui, cx, now, rect.shrink2(vec2(size::PANE_PADDING, 20.0)), t);
    } else {
        compact(ui, cx, now, rect.shrink2(vec2(size::PANE_PADDING, 16.0)), t);
    }
    window_ui(ui, now, t);
    edge_line(ui, t);
    facts(ui, cx, now, t);
    edge_line(ui, t);
}

/// Where three nodes have no room: the active one, and what leads out of it.
fn compact(ui: &Ui, cx: &Cx<'_>, now: &BreakerView, rect: Rect, t: &Tokens) {
    let node = Rect::from_min_size(rect.min, vec2((rect.width() - 48.0).min(NODE.x + 24.0), NODE.y));
    node_ui(ui.painter(), node, now.state, true, t);
    let words = match now.state {
        BreakerState::Closed => t!("plots.opens_of", rate = words::percent(now.threshold), count = now.window_size),
        BreakerState::Open => t!("plots.half_open_after", wait = after_words(now)),
        BreakerState::HalfOpen => t!("plots.closes_after", count = now.permits),
    };
    let at = pos2(rect.left(), node.bottom() + 18.0);
    text::left_elided(ui.painter(), at, words, font::small(), t.low, rect.width());
    if now.state == BreakerState::Open {
        countdown(ui, cx, now, pos2(rect.right() - 19.0, node.center().y), t);
    }
}

fn after_words(now: &BreakerView) -> String {
    match now.until {
        Some(until) => t!("plots.after", wait = words::wait(until.since(now.since))).into_owned(),
        None => t!("plots.after_wait").into_owned(),
    }
}

fn edge_line(ui: &mut Ui, t: &Tokens) {
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), 1.0));
    edge::hline(ui.painter(), rect.x_range(), rect.top(), t.line);
}

fn machine(ui: &Ui, cx: &Cx<'_>, now: &BreakerView, rect: Rect, t: &Tokens) {
    let painter = ui.painter();
    let closed = Rect::from_min_size(rect.min, NODE);
    let open = Rect::from_min_size(pos2(rect.right() - NODE.x, rect.top()), NODE);
    let half_width = NODE.x + 16.0;
    let half = Rect::from_min_size(
        pos2((rect.center().x - half_width / 2.0 + 6.0).round(), rect.top() + 116.0),
        vec2(half_width, NODE.y),
    );
    let edge_color = |active: bool| if active { t.accent } else { t.line2 };
    let word_color = |active: bool| if active { t.accent } else { t.low };

    // CLOSED → OPEN
    let active = now.state == BreakerState::Closed;
    path(painter, &[closed.right_center(), open.left_center()], edge_color(active));
    let middle = pos2(f32::midpoint(closed.right(), open.left()), closed.center().y);
    let threshold = format!("≥ {} %", words::percent(now.threshold));
    text::center(painter, middle - vec2(0.0, 10.0), threshold, font::micro(), if active { t.accent } else { t.mid });
    let of = t!("plots.of_calls", count = now.window_size);
    text::center(painter, middle + vec2(0.0, 11.0), of, font::micro(), t.low);

    // OPEN → HALF_OPEN
    let active = now.state == BreakerState::Open;
    let x = open.left() + 34.0;
    path(
        painter,
        &[pos2(x, open.bottom()), pos2(x, half.top() + 12.0), pos2(half.right(), half.top() + 12.0)],
        edge_color(active),
    );
    let after = if active { after_words(now) } else { t!("plots.after_wait").into_owned() };
    let at = pos2(x - 8.0, f32::midpoint(open.bottom(), half.top()) + 4.0);
    text::right(painter, at, after, font::micro(), word_color(active));

    // HALF_OPEN → CLOSED and back to OPEN
    let active = now.state == BreakerState::HalfOpen;
    let x = closed.center().x;
    path(painter, &[half.left_center(), pos2(x, half.center().y), pos2(x, closed.bottom())], edge_color(active));
    let permits = now.permits;
    let good = if permits > 0 { t!("plots.probes_ok", count = permits) } else { t!("plots.all_ok") };
    text::center(painter, pos2(x, half.center().y + 14.0), good, font::micro(), word_color(active));
    let x = open.right() - 34.0;
    let y = half.bottom() - 12.0;
    path(painter, &[pos2(half.right(), y), pos2(x, y), pos2(x, open.bottom())], edge_color(active));
    let at = pos2(x + 4.0, y + 14.0);
    text::center(painter, at, format!("≥ {} %", words::percent(now.threshold)), font::micro(), word_color(active));

    for (node, state) in [(closed, BreakerState::Closed), (open, BreakerState::Open), (half, BreakerState::HalfOpen)] {
        node_ui(painter, node, state, now.state == state, t);
    }
    if now.state == BreakerState::Open {
        let center =
            pos2(f32::midpoint(closed.right(), open.left()) - 6.0, f32::midpoint(open.bottom(), half.top()) + 4.0);
        countdown(ui, cx, now, center, t);
    }
}

fn countdown(ui: &Ui, cx: &Cx<'_>, now: &BreakerView, center: Pos2, t: &Tokens) {
    let Some(until) = now.until else { return };
    let left = until.since(cx.now());
    let whole = until.since(now.since).as_secs_f32().max(0.001);
    mark::ring(ui.painter(), center, 17.0, left.as_secs_f32() / whole, t.err, t.line2);
    text::center(ui.painter(), center, format!("{}", left.as_secs_f64().ceil()), font::card_title(), t.hi);
    if ui.clip_rect().contains(center) {
        tick_down(ui, left);
    }
}

fn node_ui(painter: &Painter, rect: Rect, state: BreakerState, active: bool, t: &Tokens) {
    let kind = state_mark(state);
    let color = kind.color(t);
    if active {
        painter.rect_stroke(
            rect,
            size::ISLAND_RADIUS,
            egui::Stroke::new(3.0, fade(color, 0.25)),
            egui::StrokeKind::Outside,
        );
        edge::frame(painter, rect, size::ISLAND_RADIUS, t.tint(color), color);
    } else {
        edge::frame(painter, rect, size::ISLAND_RADIUS, t.raised, t.line2);
    }
    let name = text::galley(painter, state.name(), font::small_medium());
    let left = rect.center().x - name.size().x / 2.0 - 8.0;
    mark::paint(painter, pos2(left + 4.0, rect.center().y), mark::SIZE, kind, t);
    let tone = if active { mix(color, t.hi, if t.dark { 0.2 } else { 0.0 }) } else { t.mid };
    text::galley_left(painter, pos2(left + 16.0, rect.center().y), name, tone);
}

/// Straight legs on whole points, and an arrow head at the end.
fn path(painter: &Painter, points: &[Pos2], color: Color32) {
    for pair in points.windows(2) {
        let [from, to] = pair else { continue };
        if (from.y - to.y).abs() < 0.5 {
            edge::hline(painter, egui::Rangef::new(from.x.min(to.x), from.x.max(to.x)), from.y, color);
        } else {
            edge::vline(painter, from.x, egui::Rangef::new(from.y.min(to.y), from.y.max(to.y)), color);
        }
    }
    if let [.., before, tip] = points {
        let along = (*tip - *before).normalized();
        let across = vec2(-along.y, along.x);
        let tip = pos2(tip.x.round() + 0.5, tip.y.round() + 0.5);
        painter.add(egui::Shape::convex_polygon(
            vec![tip, tip - 7.0 * along + 3.5 * across, tip - 7.0 * along - 3.5 * across],
            color,
            egui::Stroke::NONE,
        ));
    }
}

/// The outcomes that the rate is made of, as cells, and the rate against the threshold.
fn window_ui(ui: &mut Ui, now: &BreakerView, t: &Tokens) {
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), 92.0));
    let painter = ui.painter();
    let inner = rect.shrink2(vec2(size::PANE_PADDING, 0.0));
    let failed = now.window.iter().filter(|failed| **failed).count();
    let y = rect.top() + 12.0;
    let title = t!("plots.last_calls", count = now.window.len());
    text::left(painter, pos2(inner.left(), y), title, font::card_title(), t.hi);
    let (words, color) = match now.failure_rate {
        Some(rate) => {
            let over = rate >= now.threshold;
            (t!("plots.failed_rate", count = failed, rate = words::percent(rate)), if over { t.err } else { t.mid })
        }
        None => (t!("plots.failed_few", count = failed), t.low),
    };
    text::right(painter, pos2(inner.right(), y), words, font::small_medium(), color);

    // Newest at the right. Narrow panes have narrower cells; what does not fit even so is the oldest.
    let size = now.window_size.max(1) as usize;
    let pitch = (inner.width() / size as f32).floor().clamp(8.0, 16.0);
    let fit = (inner.width() / pitch).floor().max(1.0) as usize;
    let skipped = now.window.len().saturating_sub(fit);
    let width = if pitch < 12.0 { pitch - 2.0 } else { pitch - 4.0 };
    for slot in 0..size.min(fit) {
        let left = inner.left() + pitch * slot as f32;
        let cell = Rect::from_min_size(pos2(left, rect.top() + 28.0), vec2(width, 16.0));
        match now.window.get(skipped + slot) {
            Some(true) => {
                painter.rect_filled(cell, 3, t.err);
                let radius = (width / 2.0 - 1.5).min(3.0);
                mark::cross(painter, cell.center(), radius, if t.dark { t.base } else { t.island }, 1.5);
            }
            Some(false) => {
                painter.rect_filled(cell, 3, t.over(t.ok, 0.35, 0.30));
            }
            None => {
                edge::frame(painter, cell, 3, t.field, t.line2);
            }
        }
    }
    let bar = Rect::from_min_size(pos2(inner.left(), rect.top() + 54.0), vec2(inner.width(), 12.0));
    let rate = now.failure_rate.unwrap_or(0.0) as f32 / 100.0;
    let limit = now.threshold as f32 / 100.0;
    meter::meter(painter, bar, rate, if rate >= limit { t.err } else { t.mid }, Some(limit), t);
    let x = (bar.left() + bar.width() * limit).clamp(bar.left() + 40.0, bar.right() - 40.0);
    let words = t!("plots.opens_at", rate = words::percent(now.threshold));
    text::center(painter, pos2(x, bar.bottom() + 9.0), words, font::micro(), t.low);
}

fn facts(ui: &mut Ui, cx: &Cx<'_>, now: &BreakerView, t: &Tokens) {
    let mut rows = vec![
        (t!("plots.rejected"), now.rejected.to_string(), t.hi),
        (t!("plots.opened"), t!("plots.times", count = now.opened).into_owned(), t.hi),
    ];
    if now.state == BreakerState::HalfOpen {
        let (left, of) = (now.permits_left, now.permits);
        rows.push((t!("plots.probes"), t!("plots.probes_left", count = left, total = of).into_owned(), t.hi));
    }
    match &now.last_failure {
        Some((at, what)) => {
            let ago = words::wait(cx.now().since(*at));
            rows.push((t!("plots.last_failure"), t!("plots.ago", what = what, time = ago).into_owned(), t.hi));
        }
        None => rows.push((t!("plots.last_failure"), t!("plots.none").into_owned(), t.low)),
    }
    let height = FACT * rows.len() as f32 + 16.0;
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), height));
    let painter = ui.painter();
    let mut y = rect.top() + 8.0 + FACT / 2.0;
    for (name, value, color) in rows {
        let end = text::left(painter, pos2(rect.left() + size::PANE_PADDING, y), name, font::label_regular(), t.low);
        let room = rect.right() - size::PANE_PADDING - end - 12.0;
        let line = text::elided(painter, value, font::label(), room);
        text::galley_right(painter, pos2(rect.right() - size::PANE_PADDING, y), line, color);
        y += FACT;
    }
}
