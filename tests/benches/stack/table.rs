//! The samples as tables of Markdown: figures, and ratios of figures that were taken side by side.

use std::fmt::Write as _;

use crate::measure::{ALL, Measure, Sample};

/// Samples by round, measure and row.
type Samples = [Vec<Vec<Option<Sample>>>];

pub fn figures(names: &[&str], samples: &Samples) -> String {
    let mut out = String::from(
        "| | sequential p50 | calls/s, 64 in flight | 512 in flight | CPU per call (512) | 64 KiB ×8 | 1 MiB | stream msgs/s |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for (row, name) in names.iter().enumerate() {
        let _infallible = write!(out, "| {name} ");
        for (at, measure) in ALL.iter().enumerate() {
            let figure = median(samples, |round| sample(round, at, row).map(|sample| sample.figure));
            let cpu = median(samples, |round| sample(round, at, row).map(|sample| sample.cpu));
            let _infallible = write!(out, "| {} ", figure.map_or_else(|| "–".to_owned(), |it| words(*measure, it)));
            if at == 2 {
                let _infallible = write!(out, "| {:.2} µs ", cpu.unwrap_or(f64::NAN) * 1e6);
            }
        }
        out.push_str("|\n");
    }
    out
}

/// CPU time of the whole process, both sides, for each call or message: what a busy machine disturbs least.
pub fn cpu(names: &[&str], samples: &Samples) -> String {
    let mut out = String::from(
        "| CPU for each | sequential | 64 in flight | 512 in flight | 64 KiB ×8 | 1 MiB | stream message |\n|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for (row, name) in names.iter().enumerate() {
        let _infallible = write!(out, "| {name} ");
        for at in 0..ALL.len() {
            let cpu = median(samples, |round| sample(round, at, row).map(|sample| sample.cpu));
            let _infallible =
                write!(out, "| {} ", cpu.map_or_else(|| "–".to_owned(), |it| format!("{:.2} µs", it * 1e6)));
        }
        out.push_str("|\n");
    }
    out
}

/// How many times the calls of others (of sequential calls: how many times their time).
pub fn ratios(names: &[&str], samples: &Samples) -> String {
    let mut out = String::from(
        "| | to | p50 | 64 in flight | 512 in flight | 64 KiB ×8 | 1 MiB | stream |\n|---|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for (row, name) in names.iter().enumerate().filter(|(_, name)| name.starts_with("native")) {
        for (other, to) in names.iter().enumerate().filter(|(other, to)| *other != row && !to.starts_with("native")) {
            let _infallible = write!(out, "| {name} | {to} ");
            for at in 0..ALL.len() {
                let ratio =
                    median(samples, |round| Some(sample(round, at, row)?.figure / sample(round, at, other)?.figure));
                let _infallible = write!(out, "| {} ", ratio.map_or_else(|| "–".to_owned(), |it| format!("{it:.2} ×")));
            }
            out.push_str("|\n");
        }
    }
    out
}

fn sample(round: &[Vec<Option<Sample>>], measure: usize, row: usize) -> Option<Sample> {
    round.get(measure)?.get(row).copied().flatten()
}

fn median(samples: &Samples, of: impl Fn(&[Vec<Option<Sample>>]) -> Option<f64>) -> Option<f64> {
    let mut all: Vec<f64> = samples.iter().filter_map(|round| of(round)).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}

fn words(measure: Measure, figure: f64) -> String {
    match measure {
        Measure::Sequential => format!("{:.1} µs", figure * 1e6),
        Measure::InFlight { len, .. } if len >= 64 << 10 => format!("{} MB/s", grouped(figure * len as f64 / 1e6)),
        Measure::InFlight { .. } | Measure::Stream => grouped(figure),
    }
}

fn grouped(figure: f64) -> String {
    callscope_wire::frame::native::grouped(if figure >= 10_000.0 {
        (figure / 1000.0).round() as u64 * 1000
    } else {
        figure as u64
    })
}
