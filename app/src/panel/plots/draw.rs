//! The plots themselves: four over one time axis, or two side by side in the dock.

use callscope_wire::policy::BreakerState;
use egui::{Align, Layout, Painter, Rect, Ui, UiBuilder, Vec2, pos2, vec2};
use egui_plot::{
    AxisHints, Bar, BarChart, GridInput, GridMark, Line, MarkerShape, Plot, PlotBounds, PlotTransform, PlotUi, Points,
};
use rust_i18n::t;

use super::data::{Band, Plotted, Window};
use super::{Subject, pointer, window_name, words};
use crate::model::Model;
use crate::panel::Cx;
use crate::theme::{Tokens, fade, font, mix, size};
use crate::widget::{edge, mark, text};

/// Width of the y axis: the same in every plot, so that their times align.
const AXIS: f32 = 72.0;
const HEADER: f32 = 30.0;
const TIME_AXIS: f32 = 26.0;
/// At the right of the plots, for the last values.
const VALUES: f32 = 64.0;
/// Its lowest label is clipped without it.
const BELOW: f32 = 8.0;
const BAND_ROW: f32 = 20.0;
const BANDS_SHOWN: usize = 8;

/// Room after the end of the axis, as a share of it: a point of now is whole.
const AFTER: f64 = 0.005;

/// Which plots are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parts {
    /// All four, one above the other.
    All,
    /// Latency, and calls over breakers beside it.
    Dock,
}

/// Where things are, for the pointer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    /// The inside of the latency plot.
    pub latency: PlotTransform,
    /// The cursor runs from here to there.
    pub top: f32,
    pub bottom: f32,
}

/// Draws a subject into the whole of `ui`.
pub(super) fn view(ui: &mut Ui, cx: &mut Cx<'_>, subject: &mut Subject, parts: Parts) {
    let rect = ui.max_rect();
    let Some(plotted) = &subject.plotted else { return };
    let window = subject.query.window;
    let narrow = rect.width() < 560.0;
    let placed = match parts {
        Parts::All => column(ui, cx, plotted, window, rect, subject.query.end.is_some()),
        Parts::Dock if narrow => column(ui, cx, plotted, window, rect, false),
        Parts::Dock => {
            let (left, right) = rect.split_left_right_at_fraction(0.58);
            edge::vline(ui.painter(), right.left(), rect.y_range(), cx.tokens.line);
            let first = latency_only(ui, cx, plotted, window, left);
            let second = calls_and_bands(ui, cx, plotted, window, right);
            first.into_iter().chain(second).collect()
        }
    };
    let names = &subject.names;
    pointer::view(ui, cx, plotted, names, window, &placed, rect, &mut subject.pointer);
}

fn column(ui: &mut Ui, cx: &Cx<'_>, plotted: &Plotted, window: Window, rect: Rect, paused: bool) -> Vec<Placed> {
    let t = cx.tokens;
    let bands = plotted.bands.len().min(BANDS_SHOWN);
    let bands_height = if bands == 0 { 0.0 } else { HEADER + BAND_ROW * bands as f32 + BELOW };
    let rest = (rect.height() - bands_height - TIME_AXIS).max(0.0);
    // What has no room is left out: retries first, then calls, then the bands.
    let (with_retries, with_calls) = (rest >= 400.0, rest >= 240.0);
    let shares = match (with_calls, with_retries) {
        (true, true) => [0.53, 0.27, 0.20],
        (true, false) => [0.62, 0.38, 0.0],
        (false, _) => [1.0, 0.0, 0.0],
    };
    let mut y = rect.top();
    let mut next = |height: f32| {
        let part = Rect::from_min_max(pos2(rect.left(), y.round()), pos2(rect.right(), (y + height).round()));
        y += height;
        part
    };
    let [first, second, third] = shares.map(|share| next(rest * share));
    let latency = latency_plot(ui, cx, plotted, window, first);
    if with_calls {
        edge::hline(ui.painter(), rect.x_range(), second.top(), t.line);
        calls_plot(ui, cx, plotted, window, second);
    }
    if with_retries {
        edge::hline(ui.painter(), rect.x_range(), third.top(), t.line);
        retries_plot(ui, cx, plotted, window, third);
    }
    let band_rect = next(bands_height);
    if bands > 0 {
        edge::hline(ui.painter(), rect.x_range(), band_rect.top(), t.line);
        bands_ui(ui, cx, plotted, &latency, band_rect);
    }
    let axis = Rect::from_min_max(pos2(rect.left(), rect.bottom() - TIME_AXIS), rect.max);
    time_axis(ui.painter(), &latency, axis, window, paused, t);
    vec![Placed { latency, top: first.top() + HEADER, bottom: axis.top() }]
}

fn latency_only(ui: &mut Ui, cx: &Cx<'_>, plotted: &Plotted, window: Window, rect: Rect) -> Vec<Placed> {
    let body = rect.with_max_y(rect.bottom() - TIME_AXIS);
    let latency = latency_plot(ui, cx, plotted, window, body);
    let axis = rect.with_min_y(body.bottom());
    time_axis(ui.painter(), &latency, axis, window, false, cx.tokens);
    vec![Placed { latency, top: rect.top() + HEADER, bottom: axis.top() }]
}

fn calls_and_bands(ui: &mut Ui, cx: &Cx<'_>, plotted: &Plotted, window: Window, rect: Rect) -> Vec<Placed> {
    let bands = plotted.bands.len().min(BANDS_SHOWN);
    let wanted = if bands == 0 { 0.0 } else { HEADER + BAND_ROW * bands as f32 + BELOW };
    let room = rect.height() - TIME_AXIS;
    // The bands go before the rates when both do not fit.
    let band_height = if room - wanted >= 64.0 { wanted } else { 0.0 };
    let calls = rect.with_max_y(rect.top() + room - band_height);
    let transform = calls_plot(ui, cx, plotted, window, calls);
    if band_height > 0.0 {
        let band_rect = Rect::from_min_size(calls.left_bottom(), vec2(rect.width(), band_height));
        edge::hline(ui.painter(), rect.x_range(), band_rect.top(), cx.tokens.line);
        bands_ui(ui, cx, plotted, &transform, band_rect);
    }
    let axis = rect.with_min_y(rect.bottom() - TIME_AXIS);
    time_axis(ui.painter(), &transform, axis, window, false, cx.tokens);
    Vec::new()
}

/// Title and note of a plot; gives the x where they end.
fn header(ui: &Ui, rect: Rect, title: &str, note: &str, t: &Tokens) -> f32 {
    let y = rect.top() + HEADER / 2.0;
    let x = text::left(ui.painter(), pos2(rect.left() + size::PANE_PADDING, y), title, font::card_title(), t.hi);
    let at = pos2(x + size::GAP, y);
    text::left_elided(ui.painter(), at, note, font::small(), t.low, rect.right() - VALUES - at.x)
}

fn base<'a>(name: &'static str, rect: Rect, window: Window, t: &Tokens) -> Plot<'a> {
    let grid = f64::from(window.grid());
    let length = f64::from(window.seconds());
    Plot::new(name)
        .width(rect.width())
        .height(rect.height())
        .sense(egui::Sense::hover())
        .show_background(false)
        .show_axes([false, true])
        .grid_color(t.line)
        .grid_fade(0.0)
        .set_margin_fraction(Vec2::ZERO)
        .show_x(false)
        .show_y(false)
        .cursor_color(t.none)
        .label_formatter(|_| None)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_drag(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .x_grid_spacer(move |_: GridInput| {
            (0..=10).map(|step| GridMark { value: f64::from(step) * grid - length, step_size: length }).collect()
        })
}

fn y_axis<'a>(format: impl Fn(f64) -> String + 'a, t: &Tokens) -> Vec<AxisHints<'a>> {
    let axis = AxisHints::new_y()
        .formatter(move |mark, _| format(mark.value))
        .min_thickness(AXIS)
        .tick_label_color(t.low)
        .tick_label_font(font::small());
    vec![axis]
}

fn show<'a>(
    ui: &mut Ui,
    name: &str,
    plot: Plot<'a>,
    rect: Rect,
    window: Window,
    y: (f64, f64),
    items: impl FnOnce(&mut PlotUi<'a>) + 'a,
) -> PlotTransform {
    let builder = UiBuilder::new().id_salt(name).max_rect(rect).layout(Layout::top_down(Align::Min));
    let mut child = ui.new_child(builder);
    let length = f64::from(window.seconds());
    let bounds = PlotBounds::from_min_max([-length, y.0], [length * AFTER, y.1]);
    let response = plot.show(&mut child, move |plot| {
        plot.set_plot_bounds(bounds);
        items(plot);
    });
    response.transform
}

fn plot_rect(rect: Rect) -> Rect {
    Rect::from_min_max(
        pos2(rect.left() + 4.0, rect.top() + HEADER),
        pos2(rect.right() - VALUES, (rect.bottom() - BELOW).max(rect.top() + HEADER + 1.0)),
    )
}

fn latency_plot(ui: &mut Ui, cx: &Cx<'_>, plotted: &Plotted, window: Window, rect: Rect) -> PlotTransform {
    let t = cx.tokens;
    header(ui, rect, &t!("plots.latency"), &t!("plots.latency_note"), t);
    let (low, high) = plotted.latency;
    let inside = plot_rect(rect);
    let plot = base("latency", inside, window, t)
        .y_grid_spacer(move |_| decades(low, high))
        .custom_y_axes(y_axis(decade_name, t));
    // A few calls are to be seen and hit, thousands are a texture.
    let grown = match plotted.calls {
        0..100 => 1.8,
        100..400 => 1.35,
        _ => 1.0,
    };
    let transform = show(ui, "latency", plot, inside, window, (low, high), move |plot| {
        for (series, points) in plotted.scatter.iter().enumerate() {
            if points.is_empty() {
                continue;
            }
            let unanswered = series + 1 == plotted.scatter.len();
            let (color, shape, radius) =
                if unanswered { (t.idle, MarkerShape::Circle, 1.75) } else { marker(series, t) };
            let name = format!("points {series}");
            plot.points(
                Points::new(name, points.as_slice())
                    .shape(shape)
                    .radius(radius * grown)
                    .color(fade(color, 0.6))
                    .allow_hover(false),
            );
        }
        let crosses = Points::new("failures", plotted.failures.as_slice());
        plot.points(crosses.shape(MarkerShape::Cross).radius(3.0 * grown).color(t.err).allow_hover(false));
        let styles = [(t.hi, 1.75), (t.mid, size::PLOT_LINE), (t.cap, size::PLOT_LINE)];
        // p99 first, so that p50 lies on top.
        for (which, (stretches, (color, width))) in plotted.quantiles.iter().zip(styles).enumerate().rev() {
            for (part, stretch) in stretches.iter().enumerate() {
                let name = format!("quantile {which} {part}");
                plot.line(Line::new(name, stretch.as_slice()).color(color).width(width).allow_hover(false));
            }
        }
    });
    if let Some([p50, p90, p99]) = plotted.last {
        let frame = *transform.frame();
        let wanted = [("p99", p99, t.cap, false), ("p90", p90, t.mid, false), ("p50", p50, t.hi, true)];
        let heights = wanted.map(|(_, value, ..)| transform.position_from_point_y(value.log10()));
        let placed = spread(&heights, frame, 15.0);
        for ((name, value, color, strong), y) in wanted.into_iter().zip(placed) {
            let at = pos2(frame.right() + 6.0, y);
            let face = if strong { font::card_title() } else { font::small_medium() };
            text::left(ui.painter(), at, format!("{name} {}", words::millis(value)), face, color);
        }
    } else if plotted.calls == 0 {
        let words = t!("plots.nothing_here", window = window_name(window));
        text::center(ui.painter(), transform.frame().center(), words, font::body(), t.low);
    }
    transform
}

fn calls_plot(ui: &mut Ui, cx: &Cx<'_>, plotted: &Plotted, window: Window, rect: Rect) -> PlotTransform {
    let t = cx.tokens;
    header(ui, rect, &t!("plots.calls"), &t!("plots.calls_note"), t);
    let highest = plotted.rates.iter().flat_map(|(_, line)| line).map(|point| point.y).fold(0.0, f64::max);
    let top = (highest * 1.15).max(1.0);
    let inside = plot_rect(rect);
    let plot = base("calls", inside, window, t)
        .y_grid_spacer(move |_| steps(top, inside.height()))
        .custom_y_axes(y_axis(tick, t));
    let transform = show(ui, "calls", plot, inside, window, (0.0, top), |plot| {
        for (series, line) in &plotted.rates {
            let name = format!("rate {series}");
            let line = Line::new(name, line.as_slice()).color(t.series(*series)).width(size::PLOT_LINE);
            plot.line(line.allow_hover(false));
        }
    });
    let frame = *transform.frame();
    let mut last: Vec<(usize, f64)> =
        plotted.rates.iter().filter_map(|(series, line)| Some((*series, line.last()?.y))).collect();
    last.sort_by(|a, b| b.1.total_cmp(&a.1));
    // The slowest are left out where there is no room for all.
    last.truncate((frame.height() / 14.0).floor().max(1.0) as usize);
    let heights: Vec<f32> = last.iter().map(|(_, value)| transform.position_from_point_y(*value)).collect();
    for ((series, value), y) in last.iter().zip(spread(&heights, frame, 14.0)) {
        mark::series(ui.painter(), pos2(frame.right() + 12.0, y), 3.5, *series, t);
        text::left(ui.painter(), pos2(frame.right() + 21.0, y), words::rate(*value), font::small(), t.mid);
    }
    transform
}

fn retries_plot(ui: &mut Ui, cx: &Cx<'_>, plotted: &Plotted, window: Window, rect: Rect) -> PlotTransform {
    let t = cx.tokens;
    let per = t!("plots.retries_note", step = step_name(window));
    let mut x = header(ui, rect, &t!("plots.retries"), &per, t) + 24.0;
    let y = rect.top() + HEADER / 2.0;
    for (color, words) in [(recovered_color(t), t!("plots.recovered")), (t.err, t!("plots.gave_up"))] {
        let square = Rect::from_center_size(pos2(x + 4.0, y), vec2(8.0, 8.0));
        ui.painter().rect_filled(square, 1, color);
        x = text::left(ui.painter(), pos2(x + 14.0, y), words, font::small(), t.mid) + 14.0;
    }
    let highest = plotted.buckets.iter().map(|bucket| bucket.recovered + bucket.gave_up).max().unwrap_or(0);
    let top = (f64::from(highest) * 1.15).max(2.0);
    let inside = plot_rect(rect);
    let plot = base("retries", inside, window, t)
        .y_grid_spacer(move |_| whole_steps(top, inside.height()))
        .custom_y_axes(y_axis(tick, t));
    let width = f64::from(window.step()) * 0.72;
    let bar = move |x: f64, height: u32, below: u32, color| {
        Bar::new(x, f64::from(height)).base_offset(f64::from(below)).width(width).fill(color).stroke(egui::Stroke::NONE)
    };
    let retried = || plotted.buckets.iter().filter(|bucket| bucket.recovered + bucket.gave_up > 0);
    let recovered: Vec<Bar> = retried().map(|bucket| bar(bucket.x, bucket.recovered, 0, recovered_color(t))).collect();
    let gave_up: Vec<Bar> = retried().map(|bucket| bar(bucket.x, bucket.gave_up, bucket.recovered, t.err)).collect();
    let transform = show(ui, "retries", plot, inside, window, (0.0, top), |plot| {
        plot.bar_chart(BarChart::new("recovered", recovered).allow_hover(false));
        plot.bar_chart(BarChart::new("gave up", gave_up).allow_hover(false));
    });
    if highest == 0 {
        let center = transform.frame().center();
        text::center(ui.painter(), center, t!("plots.no_retries"), font::small(), t.low);
    }
    transform
}

fn bands_ui(ui: &Ui, cx: &Cx<'_>, plotted: &Plotted, transform: &PlotTransform, rect: Rect) {
    let t = cx.tokens;
    let more = plotted.bands.len().saturating_sub(BANDS_SHOWN);
    let note = if more == 0 { t!("plots.breakers_note") } else { t!("plots.breakers_more", count = more) };
    header(ui, rect, &t!("plots.breakers"), &note, t);
    for (row, band) in plotted.bands.iter().take(BANDS_SHOWN).enumerate() {
        let y = (rect.top() + HEADER + BAND_ROW * (row as f32 + 0.5)).round();
        let left = rect.left() + 16.0;
        mark::series(ui.painter(), pos2(left, y), 3.5, band.series, t);
        let room = transform.frame().left() - left - 14.0;
        text::left_elided(ui.painter(), pos2(left + 10.0, y), &band.key.1, font::small(), t.mid, room);
        band_ui(ui.painter(), band, transform, y, t);
        state_now(ui, cx.model, band, pos2(rect.right() - 8.0, y), t);
    }
}

fn band_ui(painter: &Painter, band: &Band, transform: &PlotTransform, y: f32, t: &Tokens) {
    for (from, to, state) in &band.spans {
        let x = |seconds: f64| transform.position_from_point_x(seconds).round();
        let (from, to) = (x(*from), x(*to));
        let bar =
            |height: f32| Rect::from_min_max(pos2(from, y - height / 2.0), pos2(to.max(from + 1.0), y + height / 2.0));
        match state {
            BreakerState::Closed => {
                painter.rect_filled(bar(4.0), 0, t.over(t.ok, 0.55, 0.50));
            }
            BreakerState::Open => {
                let bar = bar(16.0);
                let fill = mix(t.island, t.err, 0.86);
                painter.rect_filled(bar, size::BAR_RADIUS, fill);
                let name = text::galley(painter, state.name(), font::micro());
                if bar.width() > name.size().x + 8.0 {
                    let at = bar.center() - vec2(name.size().x / 2.0, 0.0);
                    text::galley_left(painter, at, name, if t.dark { t.base } else { t.island });
                }
            }
            BreakerState::HalfOpen => {
                let bar = bar(16.0);
                edge::frame(painter, bar, size::BAR_RADIUS, t.tint(t.warn), t.over(t.warn, 0.5, 0.5));
                mark::hatch(painter, bar.shrink(1.0), t.over(t.warn, 0.8, 0.7));
            }
        }
    }
}

/// At the right end of a band: its state in a word, or the seconds it stays open.
fn state_now(ui: &Ui, model: &Model, band: &Band, right: egui::Pos2, t: &Tokens) {
    let Some(track) = model.series.breakers.get(&band.key) else { return };
    let painter = ui.painter();
    match track.now.state {
        BreakerState::Closed => {
            text::right(painter, right, track.now.state.name(), font::micro(), t.low);
        }
        BreakerState::HalfOpen => {
            text::right(painter, right, "HALF", font::micro(), t.warn);
        }
        BreakerState::Open => {
            let left = track.now.until.map(|until| until.since(model.now)).unwrap_or_default();
            let words = if left.is_zero() { "OPEN".to_owned() } else { format!("{} s", left.as_secs_f64().ceil()) };
            text::right(painter, right, words, font::small_medium(), t.err);
            tick_down(ui, left);
        }
    }
}

/// Comes back when the seconds of a countdown change, and not once it is over.
pub(super) fn tick_down(ui: &Ui, left: std::time::Duration) {
    if !left.is_zero() {
        let part = left.as_secs_f64().fract();
        ui.ctx().request_repaint_after_secs(if part < 0.02 { 1.0 } else { part as f32 + 0.01 });
    }
}

fn time_axis(painter: &Painter, transform: &PlotTransform, rect: Rect, window: Window, paused: bool, t: &Tokens) {
    let frame = transform.frame();
    edge::hline(painter, frame.x_range(), rect.top(), t.line);
    let grid = f64::from(window.grid());
    // Every other label where they would touch.
    let every = if frame.width() < 520.0 { 2 } else { 1 };
    for step in (0..=10).step_by(every) {
        let seconds = -f64::from(step) * grid;
        let last = if paused { t!("plots.paused_end") } else { t!("plots.now") };
        let words = if step == 0 { last.into_owned() } else { words::before(seconds) };
        let at = pos2(transform.position_from_point_x(seconds), rect.center().y);
        text::center(painter, at, words, font::small(), t.low);
    }
}

fn marker(series: usize, t: &Tokens) -> (egui::Color32, MarkerShape, f32) {
    let (shape, radius) = match series % t.series.len() {
        0 => (MarkerShape::Circle, 1.75),
        1 => (MarkerShape::Diamond, 2.25),
        2 => (MarkerShape::Up, 2.25),
        3 => (MarkerShape::Square, 2.0),
        4 => (MarkerShape::Down, 2.25),
        _ => (MarkerShape::Plus, 2.25),
    };
    (t.series(series), shape, radius)
}

fn recovered_color(t: &Tokens) -> egui::Color32 {
    t.over(t.series(2), 0.8, 0.85)
}

/// Decades and their thirds while there is room for both.
fn decades(low: f64, high: f64) -> Vec<GridMark> {
    let thirds = high - low < 3.2;
    let mut marks = Vec::new();
    for decade in (low.floor() as i32)..=(high.ceil() as i32) {
        let mut add = |value: f64| {
            if value >= low && value <= high {
                marks.push(GridMark { value, step_size: 1.0 });
            }
        };
        add(f64::from(decade));
        if thirds {
            add(f64::from(decade) + 3.0_f64.log10());
        }
    }
    marks
}

fn decade_name(log: f64) -> String {
    let value = 10.0_f64.powf(log);
    if value < 0.95 {
        let digits = (-log.floor()) as usize;
        format!("{value:.digits$}")
    } else {
        format!("{value:.0}")
    }
}

/// Round steps, about one per 40 points, and at least one above zero.
fn steps(top: f64, height: f32) -> Vec<GridMark> {
    marks(top, height, &[1.0, 2.0, 2.5, 5.0, 10.0], 0.0)
}

/// As [`steps`], of things that are counted.
fn whole_steps(top: f64, height: f32) -> Vec<GridMark> {
    marks(top, height, &[1.0, 2.0, 5.0, 10.0], 1.0)
}

fn marks(top: f64, height: f32, nice: &[f64], least: f64) -> Vec<GridMark> {
    let wanted = f64::from((height / 40.0).round().clamp(1.0, 6.0));
    let raw = (top / wanted).max(least);
    let magnitude = 10.0_f64.powf(raw.log10().floor());
    let fitting = || nice.iter().map(|nice| nice * magnitude).filter(|step| *step <= top);
    let step = fitting().find(|step| *step >= raw).or_else(|| fitting().next_back()).unwrap_or(raw);
    let count = (top / step).floor() as usize;
    (0..=count).map(|index| GridMark { value: index as f64 * step, step_size: top }).collect()
}

fn tick(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn step_name(window: Window) -> String {
    match window.step() {
        60 => t!("plots.step_minute").into_owned(),
        seconds => t!("plots.step_seconds", count = seconds).into_owned(),
    }
}

/// Moves labels (from the top) apart so that they are `gap` apart and within the frame.
fn spread(heights: &[f32], frame: Rect, gap: f32) -> Vec<f32> {
    let mut placed: Vec<f32> = heights.iter().map(|y| y.clamp(frame.top() + 6.0, frame.bottom() - 6.0)).collect();
    let mut least = f32::MIN;
    for y in &mut placed {
        *y = y.max(least);
        least = *y + gap;
    }
    let mut most = frame.bottom() - 4.0;
    for y in placed.iter_mut().rev() {
        *y = y.min(most);
        most = *y - gap;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_has_round_numbers() {
        let values = |marks: Vec<GridMark>| marks.into_iter().map(|mark| tick(mark.value)).collect::<Vec<_>>();
        assert_eq!(values(steps(230.0, 130.0)), ["0", "100", "200"]);
        assert_eq!(values(steps(1.0, 90.0)), ["0", "0.5", "1"]);
        assert_eq!(values(whole_steps(4.6, 46.0)), ["0", "2", "4"]);
        assert_eq!(values(whole_steps(2.0, 120.0)), ["0", "1", "2"]);
        let names: Vec<String> = decades(0.9, 2.6).into_iter().map(|mark| decade_name(mark.value)).collect();
        assert_eq!(names, ["10", "30", "100", "300"], "{names:?}");
        assert_eq!(decade_name(-1.0), "0.1");
        assert_eq!(decade_name(3.0_f64.log10() - 2.0), "0.03");
    }

    #[test]
    fn labels_keep_their_distance() {
        let frame = Rect::from_min_max(pos2(0.0, 0.0), pos2(10.0, 100.0));
        assert_eq!(spread(&[50.0, 52.0, 90.0], frame, 15.0), [50.0, 65.0, 90.0]);
        assert_eq!(spread(&[95.0, 96.0], frame, 15.0), [81.0, 96.0]);
    }
}
