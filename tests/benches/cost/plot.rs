//! The table as a picture: a panel for memory and one for time, both axes logarithmic, a line for each series.

use std::fmt::Write as _;

use crate::{Cost, size, time};

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 300.0;
const MARGIN: f64 = 64.0;
/// Told apart by people who see no red, too; dashes tell them apart in print.
const LINES: [(&str, &str); 5] =
    [("#0072b2", ""), ("#56b4e9", "6 3"), ("#d55e00", ""), ("#009e73", ""), ("#cc79a7", "2 3")];

pub fn draw(costs: &[Cost]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for cost in costs {
        if !names.contains(&cost.what.as_str()) {
            names.push(&cost.what);
        }
    }
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        2.0 * WIDTH,
        HEIGHT + 60.0
    );
    panel(&mut out, 0.0, "memory for each", costs, &names, |cost| cost.bytes_each, size);
    panel(&mut out, WIDTH, "time for each", costs, &names, |cost| cost.seconds_each, time);
    for (index, name) in names.iter().enumerate() {
        let (color, dash) = LINES.get(index).copied().unwrap_or(("black", ""));
        let x = 20.0 + index as f64 * (2.0 * WIDTH - 40.0) / names.len() as f64;
        let y = HEIGHT + 40.0;
        let _infallible = write!(
            out,
            "<line x1=\"{x}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\" stroke=\"{color}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"/>\
             <text x=\"{}\" y=\"{}\">{name}</text>\n",
            x + 22.0,
            x + 28.0,
            y + 4.0
        );
    }
    out.push_str("</svg>\n");
    out
}

/// One panel, its left edge at `left`.
fn panel(
    out: &mut String,
    left: f64,
    title: &str,
    costs: &[Cost],
    names: &[&str],
    value: fn(&Cost) -> f64,
    words: fn(f64) -> String,
) {
    let shown: Vec<f64> = costs.iter().map(value).filter(|value| *value > 0.0).map(f64::log10).collect();
    let low = shown.iter().copied().fold(f64::MAX, f64::min).floor();
    let high = shown.iter().copied().fold(f64::MIN, f64::max).ceil();
    let at_x = |count: f64| left + MARGIN + count.log10() / 6.0 * (WIDTH - MARGIN - 20.0);
    let at_y = |value: f64| HEIGHT - 20.0 - (value.log10() - low) / (high - low) * (HEIGHT - 70.0);
    let _infallible = write!(out, "<text x=\"{}\" y=\"24\" font-weight=\"bold\">{title}</text>\n", left + MARGIN);
    for decade in low as i32..=high as i32 {
        let (value, y) = (10_f64.powi(decade), at_y(10_f64.powi(decade)));
        let _infallible = write!(
            out,
            "<line x1=\"{}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\" stroke=\"#dddddd\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n",
            left + MARGIN,
            left + WIDTH - 20.0,
            left + MARGIN - 6.0,
            y + 4.0,
            words(value)
        );
    }
    for decade in 0..=6 {
        let x = at_x(10_f64.powi(decade));
        let count = ["1", "10", "100", "1k", "10k", "100k", "1M"].get(decade as usize).copied().unwrap_or_default();
        let _infallible = write!(out, "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{count}</text>\n", HEIGHT);
    }
    for (index, name) in names.iter().enumerate() {
        let (color, dash) = LINES.get(index).copied().unwrap_or(("black", ""));
        let of_series = costs.iter().filter(|cost| cost.what == *name && value(cost) > 0.0);
        let points: Vec<(f64, f64)> = of_series.map(|cost| (at_x(cost.count as f64), at_y(value(cost)))).collect();
        let line: String = points.iter().map(|(x, y)| format!("{x:.1},{y:.1} ")).collect();
        let _infallible = write!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"/>\n",
            line.trim_end()
        );
        for (x, y) in points {
            let _infallible = write!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{color}\"/>\n");
        }
    }
}
