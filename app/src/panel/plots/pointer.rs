//! The cursor through all plots, what it reads, and the call behind the nearest point.

use callscope_wire::FlowId;
use egui::{EventFilter, Id, Key, Modifiers, Order, Painter, Pos2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use egui_plot::PlotPoint;
use rust_i18n::t;

use super::data::{Bucket, Hit, Names, Plotted, Window, failed};
use super::draw::Placed;
use super::words;
use crate::command::Command;
use crate::model::series::Point;
use crate::panel::{Cx, severity_mark};
use crate::theme::{Tokens, font, size};
use crate::widget::{edge, mark, text};

/// How far from a point the pointer may be.
const REACH: f32 = 9.0;
const WIDTH: f32 = 216.0;
const ROW: f32 = 20.0;

/// What the pointer remembers.
#[derive(Debug, Default)]
pub(super) struct Pointer {
    /// The cursor of the arrow keys: which step, counted from the right end.
    keyed: Option<usize>,
    /// Inside of the latency plot, as drawn last.
    #[cfg(test)]
    pub(super) latency: Option<egui_plot::PlotTransform>,
}

/// One line of the readout.
enum Sign {
    Stripe(egui::Color32),
    Series(usize),
    Mark(mark::Mark),
}

/// Handles pointer and keys over the plots and draws what they point at.
#[expect(clippy::too_many_arguments, reason = "all of it is what was drawn; a struct would only be taken apart again")]
pub(super) fn view(
    ui: &Ui,
    cx: &mut Cx<'_>,
    plotted: &Plotted,
    names: &Names,
    window: Window,
    placed: &[Placed],
    area: Rect,
    pointer: &mut Pointer,
) {
    let Some(place) = placed.first() else { return };
    #[cfg(test)]
    {
        pointer.latency = Some(place.latency);
    }
    let frame = *place.latency.frame();
    let sensitive = Rect::from_min_max(pos2(frame.left(), place.top), pos2(frame.right(), place.bottom));
    let id = ui.scope_id().with("plots pointer");
    let response = ui.interact(sensitive, id, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &*t!("plots.area")));
    if response.clicked() {
        response.request_focus();
    }
    let at = response.hover_pos().filter(|_| response.hovered());
    if at.is_some() {
        pointer.keyed = None;
    }
    let keyed_enter = keys(ui, &response, id, plotted, pointer);
    if response.has_focus() {
        edge::focus_ring(ui.painter(), sensitive.shrink(1.0), size::BAR_RADIUS, cx.tokens);
    }

    let hit = at.and_then(|at| nearest(plotted, place, at));
    if let (Some(hit), Some(at)) = (hit, at) {
        let Some(point) = cx.model.series.point(hit.number).cloned() else { return };
        let recorded = cx.model.flows.get(point.flow).is_some();
        call_float(ui, cx, place, hit, &point, recorded, at, area);
        if response.clicked() && recorded {
            cx.push(Command::ShowFlow(point.flow));
        }
        return;
    }
    let by_key = pointer.keyed.and_then(|steps| plotted.buckets.iter().rev().nth(steps));
    let x = match (at, by_key) {
        (Some(at), _) => place.latency.value_from_position(at).x,
        (None, Some(bucket)) => bucket.x,
        (None, None) => return,
    };
    let Some(bucket) = bucket_at(plotted, x, window) else { return };
    let on_screen = place.latency.position_from_point_x(x);
    cursor(ui.painter(), on_screen, place, cx.tokens);
    let head = words::before(x);
    let y = at.map_or(place.top + 8.0, |at| at.y);
    bucket_float(ui, cx.tokens, names, bucket, window, &head, pos2(on_screen, y), area);
    if keyed_enter && let Some(flow) = slowest(cx, plotted, bucket, window) {
        cx.push(Command::ShowFlow(flow));
    }
}

/// ← and → move the cursor by a step, Enter opens the slowest call of it. True for Enter.
fn keys(ui: &Ui, response: &egui::Response, id: Id, plotted: &Plotted, pointer: &mut Pointer) -> bool {
    if !response.has_focus() {
        return false;
    }
    ui.memory_mut(|memory| {
        memory.set_focus_lock_filter(id, EventFilter { horizontal_arrows: true, ..EventFilter::default() });
    });
    let last = plotted.buckets.len().saturating_sub(1);
    ui.input_mut(|input| {
        let left = input.count_and_consume_key(Modifiers::NONE, Key::ArrowLeft);
        let right = input.count_and_consume_key(Modifiers::NONE, Key::ArrowRight);
        if left + right > 0 {
            let from = pointer.keyed.unwrap_or(0);
            pointer.keyed = Some((from + left).saturating_sub(right).min(last));
        }
        pointer.keyed.is_some() && input.consume_key(Modifiers::NONE, Key::Enter)
    })
}

fn slowest(cx: &Cx<'_>, plotted: &Plotted, bucket: &Bucket, window: Window) -> Option<FlowId> {
    let half = f64::from(window.step()) / 2.0;
    plotted
        .hits
        .iter()
        .filter(|hit| (hit.x - bucket.x).abs() <= half)
        .filter_map(|hit| cx.model.series.point(hit.number))
        .filter(|point| cx.model.flows.get(point.flow).is_some())
        .max_by_key(|point| point.latency)
        .map(|point| point.flow)
}

fn bucket_at(plotted: &Plotted, x: f64, window: Window) -> Option<&Bucket> {
    let half = f64::from(window.step()) / 2.0;
    plotted
        .buckets
        .iter()
        .min_by(|a, b| (a.x - x).abs().total_cmp(&(b.x - x).abs()))
        .filter(|bucket| (bucket.x - x).abs() <= half * 2.0)
}

/// The call whose point is nearest, if the pointer is on it.
fn nearest(plotted: &Plotted, place: &Placed, at: Pos2) -> Option<Hit> {
    if !place.latency.frame().contains(at) {
        return None;
    }
    // Sorted by time: only those in reach are measured.
    let x = |dx: f32| place.latency.value_from_position(at + vec2(dx, 0.0)).x;
    let (from, to) = (x(-REACH), x(REACH));
    let first = plotted.hits.partition_point(|hit| hit.x < from);
    plotted
        .hits
        .iter()
        .skip(first)
        .take_while(|hit| hit.x <= to)
        .map(|hit| (place.latency.position_from_point(&PlotPoint::new(hit.x, hit.y)).distance(at), hit))
        .filter(|(distance, _)| *distance <= REACH)
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, hit)| *hit)
}

fn cursor(painter: &Painter, x: f32, place: &Placed, t: &Tokens) {
    edge::vline(painter, x, egui::Rangef::new(place.top, place.bottom), t.accent);
}

#[expect(clippy::too_many_arguments, reason = "see `view`")]
fn call_float(ui: &Ui, cx: &Cx<'_>, place: &Placed, hit: Hit, point: &Point, recorded: bool, at: Pos2, area: Rect) {
    let t = cx.tokens;
    let center = place.latency.position_from_point(&PlotPoint::new(hit.x, hit.y));
    cursor(ui.painter(), center.x, place, t);
    ui.painter().circle_stroke(center, 5.5, egui::Stroke::new(1.5, t.accent));
    let mut rows =
        vec![(Sign::Mark(severity_mark(point.code.severity())), point.code.to_string(), words::latency(point.latency))];
    let color = if failed(point.code) { t.err } else { t.line2 };
    if !point.instance.is_empty() {
        rows.push((Sign::Stripe(color), t!("plots.instance").into_owned(), point.instance.to_string()));
    }
    rows.push((Sign::Stripe(color), t!("plots.attempts").into_owned(), point.attempts.to_string()));
    let foot = if recorded { t!("plots.click_opens") } else { t!("plots.not_recorded") };
    float(ui, t, &point.method, &words::before(hit.x), &rows, Some(&foot), at, area);
}

#[expect(clippy::too_many_arguments, reason = "see `view`")]
fn bucket_float(ui: &Ui, t: &Tokens, names: &Names, bucket: &Bucket, window: Window, head: &str, at: Pos2, area: Rect) {
    let mut rows = Vec::new();
    if let Some([p50, _, p99]) = bucket.quantiles {
        rows.push((Sign::Stripe(t.cap), "p99".to_owned(), format!("{} ms", words::millis(p99))));
        rows.push((Sign::Stripe(t.hi), "p50".to_owned(), format!("{} ms", words::millis(p50))));
    }
    let step = f64::from(window.step());
    let rate = format!("{} /s", words::rate(f64::from(bucket.calls) / step));
    rows.push((Sign::Stripe(t.line2), t!("plots.calls").into_owned(), rate));
    let retried = bucket.recovered + bucket.gave_up;
    if retried > 0 {
        let value = t!("plots.per_step", count = retried, step = window.step()).into_owned();
        rows.push((Sign::Stripe(t.series(2)), t!("plots.retries").into_owned(), value));
    }
    for (series, (calls, failures)) in &bucket.instances {
        if *failures > 0 {
            let name = names.iter().nth(*series).unwrap_or_default().to_owned();
            let value = t!("plots.of_failed", count = failures, total = calls).into_owned();
            rows.push((Sign::Series(*series), name, value));
        }
    }
    float(ui, t, head, "", &rows, None, at, area);
}

/// A card on the floating ground beside `at`, kept inside `area`.
#[expect(clippy::too_many_arguments, reason = "see `view`")]
fn float(
    ui: &Ui,
    t: &Tokens,
    head: &str,
    head_right: &str,
    rows: &[(Sign, String, String)],
    foot: Option<&str>,
    at: Pos2,
    area: Rect,
) {
    let height = 28.0 + ROW * rows.len() as f32 + if foot.is_some() { 22.0 } else { 0.0 } + 8.0;
    let mut left = at.x + 12.0;
    if left + WIDTH > area.right() - 4.0 {
        left = (at.x - 12.0 - WIDTH).max(area.left() + 4.0);
    }
    let top = (at.y + 12.0).min(area.bottom() - height - 4.0).max(area.top() + 4.0);
    let rect = Rect::from_min_size(pos2(left, top).round(), vec2(WIDTH, height));
    let layer = egui::LayerId::new(Order::Tooltip, ui.scope_id().with("plots float"));
    let painter = Painter::new(ui.ctx().clone(), layer, ui.ctx().content_rect());
    let shadow = egui::Shadow { offset: [0, 6], blur: 20, spread: 0, color: t.shadow };
    painter.add(shadow.as_shape(rect, size::CONTROL_RADIUS));
    edge::frame(&painter, rect, size::CONTROL_RADIUS, t.float, t.line2);
    let y = rect.top() + 16.0;
    let end = text::right(&painter, pos2(rect.right() - 12.0, y), head_right, font::code_tiny(), t.low);
    text::left_elided(&painter, pos2(rect.left() + 12.0, y), head, font::code_tiny(), t.mid, end - rect.left() - 20.0);
    let mut y = rect.top() + 28.0 + ROW / 2.0;
    for (sign, name, value) in rows {
        let center = pos2(rect.left() + 14.0, y);
        match sign {
            Sign::Stripe(color) => {
                painter.rect_filled(Rect::from_center_size(center, vec2(3.0, 12.0)), 1, *color);
            }
            Sign::Series(series) => mark::series(&painter, center, 3.5, *series, t),
            Sign::Mark(kind) => mark::paint(&painter, center, mark::SIZE, *kind, t),
        }
        let end = text::right(&painter, pos2(rect.right() - 12.0, y), value, font::card_title(), t.hi);
        let start = pos2(rect.left() + 24.0, y);
        text::left_elided(&painter, start, name, font::label_regular(), t.mid, end - start.x - 8.0);
        y += ROW;
    }
    if let Some(foot) = foot {
        edge::hline(&painter, rect.x_range().shrink(1.0), y - ROW / 2.0 + 3.0, t.line);
        text::left(&painter, pos2(rect.left() + 12.0, y + 5.0), foot, font::small(), t.low);
    }
}
