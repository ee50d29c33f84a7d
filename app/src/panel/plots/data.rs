//! What the plots draw, computed from recorded points: pure, no painting.
//!
//! Everything is relative to the right end of the time axis: `x` is seconds, zero or negative.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use callscope_wire::policy::BreakerState;
use callscope_wire::status::Severity;
use callscope_wire::{Code, Time};
use egui_plot::PlotPoint;

use crate::model::series::{Point, Series};

/// More visible points than this are thinned: nobody sees more, and each costs its vertices every frame.
pub const SCATTER_LIMIT: usize = 4_000;
/// Columns and rows per decade of the raster that thins the scatter: about a cell for a pixel and a half.
const CELLS_X: f64 = 600.0;
const CELLS_PER_DECADE: f64 = 60.0;
/// A bucket that has only just begun would show a rate made of chance.
const BEGUN: f64 = 0.3;

/// A lone bucket with fewer calls than this gets no line.
const ALONE: u32 = 5;

/// How much time is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Window {
    /// One minute: what a first look at calls that have just begun needs.
    #[default]
    Minute,
    /// Five minutes.
    Five,
    /// Fifteen minutes.
    Quarter,
    /// An hour.
    Hour,
}

impl Window {
    /// All, in the order of the control.
    pub const ALL: [Self; 4] = [Self::Minute, Self::Five, Self::Quarter, Self::Hour];

    /// Its length in seconds.
    pub const fn seconds(self) -> u32 {
        match self {
            Self::Minute => 60,
            Self::Five => 300,
            Self::Quarter => 900,
            Self::Hour => 3_600,
        }
    }

    /// A sixtieth of it: what percentiles, rates and retries are counted over.
    pub const fn step(self) -> u32 {
        self.seconds() / 60
    }

    /// Seconds between lines of the grid.
    pub const fn grid(self) -> u32 {
        self.seconds() / 10
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Only this service; empty: all.
    pub service: String,
    /// Instances that are not shown.
    pub hidden: Vec<String>,
    /// How much time.
    pub window: Window,
    /// The right end of the axis; `None`: the last event.
    pub end: Option<Time>,
}

/// Instances in the order in which they were first seen, so that colors and markers stay theirs.
#[derive(Clone, Debug, Default)]
pub struct Names {
    order: Vec<Arc<str>>,
}

impl Names {
    /// The series of an instance.
    pub fn index(&self, instance: &str) -> Option<usize> {
        self.order.iter().position(|name| **name == *instance)
    }

    /// As [`Self::index`]; points share their names, so that mostly pointers are compared.
    fn index_of(&self, instance: &Arc<str>) -> Option<usize> {
        self.order.iter().position(|name| Arc::ptr_eq(name, instance)).or_else(|| self.index(instance))
    }

    /// All, in the order of their series.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(|name| &**name)
    }

    /// Instances seen together for the first time are taken in the order of their names.
    fn learn(&mut self, mut seen: Vec<Arc<str>>) {
        seen.sort();
        self.order.extend(seen);
    }
}

/// A call in the scatter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Seconds before the end.
    pub x: f64,
    /// Logarithm of its milliseconds.
    pub y: f64,
    /// Its number in the series.
    pub number: u64,
}

/// One step of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bucket {
    /// Middle of it, seconds before the end.
    pub x: f64,
    /// p50, p90, p99 in milliseconds; `None` without a call that was answered.
    pub quantiles: Option<[f64; 3]>,
    /// Finished calls.
    pub calls: u32,
    /// Calls that needed more than one attempt and ended well.
    pub recovered: u32,
    /// Calls that needed more than one attempt and failed.
    pub gave_up: u32,
    /// By series of the instance: attempts that it got, and failed.
    pub instances: BTreeMap<usize, (u32, u32)>,
}

/// An instance over the whole window. Attempts that were tried again elsewhere count, too: the breaker counts them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Its series.
    pub series: usize,
    /// Its name.
    pub name: String,
    /// Calls per second.
    pub rate: f64,
    /// Median, milliseconds.
    pub p50: Option<f64>,
    /// 99th percentile, milliseconds.
    pub p99: Option<f64>,
    /// Failures, percent.
    pub errors: f64,
}

/// A breaker's states over the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// The instance's series.
    pub series: usize,
    /// Its service and name: the key in the series.
    pub key: (String, String),
    /// From, to (seconds before the end), state.
    pub spans: Vec<(f64, f64, BreakerState)>,
}

/// Everything that is drawn.
#[derive(Clone, Debug, Default)]
pub struct Plotted {
    /// The right end of the axis.
    pub end: Time,
    /// Calls that ended well, by series.
    pub scatter: Vec<Vec<PlotPoint>>,
    /// Calls that failed.
    pub failures: Vec<PlotPoint>,
    /// The same calls, for the pointer.
    pub hits: Vec<Hit>,
    /// Calls in the window before thinning.
    pub calls: usize,
    /// Range of the logarithm of milliseconds.
    pub latency: (f64, f64),
    /// p50, p90, p99: stretches without a gap.
    pub quantiles: [Vec<Vec<PlotPoint>>; 3],
    /// Their last values in milliseconds.
    pub last: Option<[f64; 3]>,
    /// Calls per second by series, with the last value.
    pub rates: Vec<(usize, Vec<PlotPoint>)>,
    /// Steps of time, oldest first.
    pub buckets: Vec<Bucket>,
    /// Instances with calls in the window.
    pub rows: Vec<Row>,
    /// Breakers.
    pub bands: Vec<Band>,
}

/// The service that a target names: the last part of its path, or its whole authority.
pub fn service_of(target: &str) -> &str {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let name = rest.rsplit('/').find(|part| !part.is_empty()).unwrap_or(rest);
    name.split('@').next().unwrap_or(name)
}

/// Whether a code counts as a failure in the plots. Somebody who gives up on purpose fails nobody.
pub const fn failed(code: Code) -> bool {
    !matches!(code.severity(), Severity::Ok | Severity::Cancelled | Severity::Redirect)
}

/// Services that there is something to draw of.
pub fn services(series: &Series) -> Vec<String> {
    let mut services: Vec<String> = series.targets.iter().map(|target| service_of(target).to_owned()).collect();
    services.extend(series.breakers.keys().map(|(service, _)| service.clone()));
    services.sort();
    services.dedup();
    services
}

/// The time of the last event.
pub fn last_event(series: &Series) -> Option<Time> {
    let point = series.points.back().map(|point| point.at);
    let change = series.breakers.values().filter_map(|track| track.changes.last().map(|(at, _)| *at)).max();
    point.max(change)
}

/// How many points [`plot`] would look at.
pub fn points_in(series: &Series, query: &Query) -> usize {
    let Some(end) = query.end.or_else(|| last_event(series)) else { return 0 };
    let first = Work::new(end, query.window).start_of_first();
    series.points.len() - series.points.partition_point(|point| point.at < first)
}

/// Computes what is drawn. `None`: nothing was ever recorded.
pub fn plot(series: &Series, query: &Query, names: &mut Names) -> Option<Plotted> {
    let end = query.end.or_else(|| last_event(series))?;
    let mut work = Work::new(end, query.window);
    let mut scope = Scope { query, targets: Vec::new() };
    let first_bucket = work.start_of_first();
    let points: Vec<(u64, &Point)> =
        series.since(first_bucket).filter(|(_, point)| point.at <= end && scope.has(point)).collect();
    learn(series, query, &points, names);
    for (number, point) in points {
        if query.hidden.iter().any(|hidden| **hidden == *point.instance) {
            continue;
        }
        work.take(number, point, names);
    }
    let mut plotted = work.finish(names);
    plotted.bands = bands(series, query, names, end);
    Some(plotted)
}

fn learn(series: &Series, query: &Query, points: &[(u64, &Point)], names: &mut Names) {
    let mut fresh: Vec<Arc<str>> = Vec::new();
    let mut note = |name: &Arc<str>| {
        if !name.is_empty() && names.index_of(name).is_none() && !fresh.contains(name) {
            fresh.push(Arc::clone(name));
        }
    };
    for (_, point) in points {
        note(&point.instance);
        for (instance, _) in &point.earlier {
            note(instance);
        }
    }
    for (service, instance) in series.breakers.keys() {
        if query.service.is_empty() || *service == query.service {
            note(&Arc::from(instance.as_str()));
        }
    }
    names.learn(fresh);
}

/// Remembers of each target whether it belongs to the service.
struct Scope<'a> {
    query: &'a Query,
    targets: Vec<(Arc<str>, bool)>,
}

impl Scope<'_> {
    fn has(&mut self, point: &Point) -> bool {
        if self.query.service.is_empty() {
            return true;
        }
        if let Some((_, belongs)) = self.targets.iter().find(|(target, _)| Arc::ptr_eq(target, &point.target)) {
            return *belongs;
        }
        let belongs = service_of(&point.target) == self.query.service;
        self.targets.push((Arc::clone(&point.target), belongs));
        belongs
    }
}

/// The tables that one pass over the points fills.
struct Work {
    end: Time,
    window: f64,
    step: f64,
    /// Number of the first bucket since the epoch: buckets do not move when the end does.
    first: u64,
    buckets: Vec<Bucket>,
    /// Milliseconds of answered calls, by bucket and by series.
    by_bucket: Vec<Vec<f64>>,
    by_series: BTreeMap<usize, Vec<f64>>,
    totals: BTreeMap<usize, (u32, u32)>,
    good: Vec<(usize, Hit)>,
    bad: Vec<Hit>,
    /// The oldest call in the window, seconds before the end.
    oldest: f64,
}

impl Work {
    fn new(end: Time, window: Window) -> Self {
        let step = u64::from(window.step()) * 1_000_000_000;
        let from = end.0.saturating_sub(u64::from(window.seconds()) * 1_000_000_000);
        let first = from / step;
        let count = (end.0 / step - first + 1) as usize;
        let seconds = f64::from(window.step());
        let buckets = (0..count)
            .map(|index| {
                let begin = (first + index as u64) as f64 * seconds - end.as_secs_f64();
                // The middle of what has passed of the last one.
                let until = (begin + seconds).min(0.0);
                Bucket { x: f64::midpoint(begin, until), ..Bucket::default() }
            })
            .collect();
        Self {
            end,
            window: f64::from(window.seconds()),
            step: seconds,
            first,
            buckets,
            by_bucket: vec![Vec::new(); count],
            by_series: BTreeMap::new(),
            totals: BTreeMap::new(),
            good: Vec::new(),
            bad: Vec::new(),
            oldest: 0.0,
        }
    }

    fn start_of_first(&self) -> Time {
        Time(self.first * self.step as u64 * 1_000_000_000)
    }

    fn take(&mut self, number: u64, point: &Point, names: &Names) {
        let x = -self.end.since(point.at).as_secs_f64();
        let millis = (point.latency.as_secs_f64() * 1e3).max(1e-3);
        let bad = failed(point.code);
        let series = names.index_of(&point.instance);
        let index = (point.at.0 / (self.step as u64 * 1_000_000_000)).saturating_sub(self.first) as usize;
        if let Some(bucket) = self.buckets.get_mut(index) {
            bucket.calls += 1;
            match (point.attempts > 1, bad) {
                (true, false) => bucket.recovered += 1,
                (true, true) => bucket.gave_up += 1,
                (false, _) => {}
            }
            for (series, bad) in attempts(point, series, bad, names) {
                let counts = bucket.instances.entry(series).or_default();
                counts.0 += 1;
                counts.1 += u32::from(bad);
            }
        }
        // No instance answered a call that never left; and how long until somebody gave up says nothing of the server.
        let answered = series.is_some() && point.code.severity() != Severity::Cancelled;
        if answered && let Some(values) = self.by_bucket.get_mut(index) {
            values.push(millis);
        }
        // The first bucket reaches out of the window, so that its numbers do not change while it leaves.
        if x < -self.window {
            return;
        }
        self.oldest = self.oldest.min(x);
        for (series, bad) in attempts(point, series, bad, names) {
            let total = self.totals.entry(series).or_default();
            total.0 += 1;
            total.1 += u32::from(bad);
        }
        if answered && let Some(series) = series {
            self.by_series.entry(series).or_default().push(millis);
        }
        let hit = Hit { x, y: millis.log10(), number };
        if bad {
            self.bad.push(hit);
        } else {
            self.good.push((series.unwrap_or(usize::MAX), hit));
        }
    }

    fn finish(mut self, names: &Names) -> Plotted {
        for (bucket, values) in self.buckets.iter_mut().zip(&mut self.by_bucket) {
            values.sort_unstable_by(f64::total_cmp);
            bucket.quantiles = quantiles(values);
        }
        let latency = self.latency_range();
        let calls = self.good.len() + self.bad.len();
        if calls > SCATTER_LIMIT {
            self.thin();
        }
        let mut plotted = Plotted { end: self.end, calls, latency, ..Plotted::default() };
        plotted.scatter = vec![Vec::new(); names.order.len() + 1];
        for (series, hit) in &self.good {
            // The last list is of calls that no instance answered.
            let list = (*series).min(names.order.len());
            if let Some(points) = plotted.scatter.get_mut(list) {
                points.push(PlotPoint::new(hit.x, hit.y.clamp(latency.0, latency.1)));
            }
        }
        plotted.failures =
            self.bad.iter().map(|hit| PlotPoint::new(hit.x, hit.y.clamp(latency.0, latency.1))).collect();
        plotted.hits = self.good.iter().map(|(_, hit)| *hit).chain(self.bad.iter().copied()).collect();
        for hit in &mut plotted.hits {
            hit.y = hit.y.clamp(latency.0, latency.1);
        }
        plotted.hits.sort_unstable_by(|a, b| a.x.total_cmp(&b.x));
        plotted.quantiles = lines(&self.buckets, self.step);
        plotted.last = self.buckets.iter().rev().find_map(|bucket| bucket.quantiles);
        plotted.rates = rates(&self.buckets, self.step);
        plotted.rows = self.rows(names);
        plotted.buckets = self.buckets;
        plotted
    }

    /// Whole quarters of a decade, at least one decade, over the calls that an instance answered.
    fn latency_range(&self) -> (f64, f64) {
        let values = self.by_series.values().flatten();
        let (low, high) =
            values.fold((f64::MAX, f64::MIN), |(low, high), millis| (low.min(*millis), high.max(*millis)));
        if low > high {
            return (0.0, 2.0);
        }
        let low = ((low.log10() * 4.0).floor() / 4.0) - 0.1;
        let high = ((high.log10() * 4.0).ceil() / 4.0) + 0.1;
        (low, high.max(low + 1.2))
    }

    /// One point per cell of a raster; if even that is too much, every n-th. Failures go last.
    fn thin(&mut self) {
        let window = self.window;
        let cell = |hit: &Hit| {
            let column = ((hit.x + window) / window * CELLS_X) as i32;
            (column, (hit.y * CELLS_PER_DECADE) as i32)
        };
        let mut taken = HashSet::new();
        self.bad.retain(|hit| taken.insert((usize::MAX, cell(hit))));
        every_nth(&mut self.bad, SCATTER_LIMIT / 2);
        let mut taken = HashSet::new();
        self.good.retain(|(series, hit)| taken.insert((*series, cell(hit))));
        every_nth(&mut self.good, SCATTER_LIMIT - self.bad.len());
    }

    fn rows(&mut self, names: &Names) -> Vec<Row> {
        // While the recording is younger than the window, the rate is that of its own length.
        let seconds = (-self.oldest).clamp(self.step, self.window);
        let mut rows = Vec::new();
        for (series, (calls, failures)) in &self.totals {
            let values = self.by_series.entry(*series).or_default();
            values.sort_unstable_by(f64::total_cmp);
            let found = quantiles(values);
            rows.push(Row {
                series: *series,
                name: names.order.get(*series).map(ToString::to_string).unwrap_or_default(),
                rate: f64::from(*calls) / seconds,
                p50: found.map(|[p50, ..]| p50),
                p99: found.map(|[_, _, p99]| p99),
                errors: f64::from(*failures) * 100.0 / f64::from((*calls).max(1)),
            });
        }
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        rows
    }
}

/// Who got an attempt of the call, and failed: the last one with the call's own outcome.
fn attempts<'a>(
    point: &'a Point,
    series: Option<usize>,
    bad: bool,
    names: &'a Names,
) -> impl Iterator<Item = (usize, bool)> + 'a {
    let earlier = point.earlier.iter().filter_map(|(instance, failed)| Some((names.index_of(instance)?, *failed)));
    earlier.chain(series.map(|series| (series, bad)))
}

fn every_nth<T>(items: &mut Vec<T>, limit: usize) {
    let stride = items.len().div_ceil(limit.max(1));
    if stride > 1 {
        let mut index = 0;
        items.retain(|_| {
            index += 1;
            (index - 1) % stride == 0
        });
    }
}

/// Nearest rank, exact: p50, p90, p99 of sorted values.
fn quantiles(sorted: &[f64]) -> Option<[f64; 3]> {
    let rank = |share: f64| {
        let rank = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied()
    };
    Some([rank(0.50)?, rank(0.90)?, rank(0.99)?])
}

/// Lines through the buckets, broken where a bucket has no answer. A bucket alone becomes a short dash, if it has
/// calls enough for a percentile to say more than its points do.
fn lines(buckets: &[Bucket], step: f64) -> [Vec<Vec<PlotPoint>>; 3] {
    [0, 1, 2].map(|which: usize| {
        let mut stretches: Vec<Vec<PlotPoint>> = Vec::new();
        // Calls of the buckets of each stretch.
        let mut weights: Vec<u32> = Vec::new();
        let mut open = false;
        for bucket in buckets {
            let value = bucket.quantiles.and_then(|values| values.get(which).copied());
            let Some(millis) = value else {
                open = false;
                continue;
            };
            let point = PlotPoint::new(bucket.x, millis.log10());
            match (stretches.last_mut(), weights.last_mut()) {
                (Some(stretch), Some(weight)) if open => {
                    stretch.push(point);
                    *weight += bucket.calls;
                }
                _ => {
                    stretches.push(vec![point]);
                    weights.push(bucket.calls);
                }
            }
            open = true;
        }
        let mut weights = weights.into_iter();
        stretches.retain(|stretch| weights.next().is_some_and(|calls| stretch.len() > 1 || calls >= ALONE));
        for stretch in &mut stretches {
            if let [only] = stretch.as_slice() {
                let only = *only;
                let at = |x: f64| PlotPoint::new(x.min(0.0), only.y);
                *stretch = vec![at(only.x - step / 2.0), at(only.x + step / 2.0)];
            }
        }
        stretches
    })
}

fn rates(buckets: &[Bucket], step: f64) -> Vec<(usize, Vec<PlotPoint>)> {
    let mut series: Vec<usize> = buckets.iter().flat_map(|bucket| bucket.instances.keys().copied()).collect();
    series.sort_unstable();
    series.dedup();
    let Some(first) = buckets.iter().position(|bucket| bucket.calls > 0) else { return Vec::new() };
    series
        .into_iter()
        .map(|series| {
            let mut line = Vec::new();
            for (index, bucket) in buckets.iter().enumerate().skip(first) {
                // The last bucket lasts until the end of the axis, and its middle says how long that is.
                let passed = if index + 1 == buckets.len() { (-bucket.x * 2.0).min(step) } else { step };
                if passed < step * BEGUN && index > first {
                    break;
                }
                let calls = bucket.instances.get(&series).map_or(0, |(calls, _)| *calls);
                line.push(PlotPoint::new(bucket.x, f64::from(calls) / passed.max(step * BEGUN)));
            }
            if let [only] = line.as_slice() {
                let only = *only;
                line = vec![
                    PlotPoint::new(only.x - step / 2.0, only.y),
                    PlotPoint::new((only.x + step / 2.0).min(0.0), only.y),
                ];
            }
            (series, line)
        })
        .collect()
}

fn bands(series: &Series, query: &Query, names: &Names, end: Time) -> Vec<Band> {
    let window = f64::from(query.window.seconds());
    let seconds = |at: Time| if at >= end { 0.0 } else { -end.since(at).as_secs_f64() };
    let mut bands: Vec<Band> = series
        .breakers
        .iter()
        .filter(|((service, instance), _)| {
            (query.service.is_empty() || *service == query.service) && !query.hidden.contains(instance)
        })
        .filter_map(|(key, track)| {
            let number = names.index(&key.1)?;
            let mut spans = Vec::new();
            let ends = track.changes.iter().skip(1).map(|(at, _)| *at).chain([end]);
            for ((from, state), to) in track.changes.iter().zip(ends) {
                let (from, to) = (seconds(*from).max(-window), seconds(to));
                if to > -window && *state != BreakerState::Closed || to > from {
                    spans.push((from, to, *state));
                }
            }
            spans.retain(|(_, to, _)| *to >= -window);
            Some(Band { series: number, key: key.clone(), spans })
        })
        .collect();
    bands.sort_by(|a, b| a.key.1.cmp(&b.key.1));
    bands
}

#[cfg(test)]
mod tests;
