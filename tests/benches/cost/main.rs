//! What more of something costs: connections, streams over time, instances in discovery, rows of recorded traffic.
//!
//! ```sh
//! cargo bench -p callscope-tests --features bench --bench cost   # about two minutes
//! ```
//!
//! Prints a table, and writes it to `tests/out/cost.csv` and as a plot to `assets/plots/cost.svg`. Memory is what the process
//! holds resident beyond what it held before; each series runs in a process of its own, so that none inherits the memory that
//! another gave back to the allocator only. What should be flat or a straight line is seen to be.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints what it found, and stops where it cannot go on"
)]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

mod connections;
mod discovery;
mod plot;
mod rows;
mod streams;

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Cost {
    /// What there is more and more of.
    pub what: String,
    /// How many.
    pub count: usize,
    /// Resident bytes for each, beyond what there was before.
    pub bytes_each: f64,
    /// Seconds for each.
    pub seconds_each: f64,
}

/// The series, each with the counts that it goes through. Memory that was used once is there already for what comes
/// next, so each count is measured in a fresh process.
const SERIES: &[(&str, &[usize])] = &[
    ("connection", &[1, 10, 100, 1_000, 5_000]),
    ("connection in memory", &[1, 10, 100, 1_000, 10_000]),
    ("stream over time", &[1, 10, 100, 1_000, 10_000, 100_000]),
    ("instance in discovery", &[1, 10, 100, 1_000, 10_000]),
    ("row of traffic", &[1_000, 10_000, 100_000, 1_000_000]),
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--one") {
        let (series, count) = (arguments.get(at + 1).expect("a series"), arguments.get(at + 2).expect("a count"));
        one(series, count.parse().expect("a number"));
        return;
    }
    let program = std::env::current_exe().expect("this program");
    let mut costs = Vec::new();
    println!("| | how many | memory for each | time for each |\n|---|--:|--:|--:|");
    for (series, counts) in SERIES {
        for count in *counts {
            let output = Command::new(&program).args(["--one", series, &count.to_string()]).output().expect("it runs");
            assert!(output.status.success(), "{series} {count}: {}", String::from_utf8_lossy(&output.stderr));
            for line in String::from_utf8_lossy(&output.stdout).lines() {
                if let Some(cost) = read(line) {
                    println!(
                        "| {} | {} | {} | {} |",
                        cost.what,
                        cost.count,
                        size(cost.bytes_each),
                        time(cost.seconds_each)
                    );
                    costs.push(cost);
                }
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let csv: String = costs.iter().map(write).collect();
    for (path, text) in [("out/cost.csv", csv), ("../assets/plots/cost.svg", plot::draw(&costs))] {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder to write to");
        std::fs::write(&path, text).expect("a file to write to");
        println!("wrote {}", path.display());
    }
}

/// Measures one count of one series, and tells it as a line.
fn one(series: &str, count: usize) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let cost = match series {
        "connection" => runtime.block_on(connections::run("127.0.0.1:0", count)),
        "connection in memory" => runtime.block_on(connections::run("memory://cost", count)),
        "stream over time" => runtime.block_on(streams::run(count)),
        "instance in discovery" => runtime.block_on(discovery::run(count)),
        _ => rows::run(count),
    };
    print!("{}", write(&Cost { what: series.to_owned(), ..cost }));
}

fn write(cost: &Cost) -> String {
    format!("{};{};{};{}\n", cost.what, cost.count, cost.bytes_each, cost.seconds_each)
}

fn read(line: &str) -> Option<Cost> {
    let mut parts = line.split(';');
    Some(Cost {
        what: parts.next()?.to_owned(),
        count: parts.next()?.parse().ok()?,
        bytes_each: parts.next()?.parse().ok()?,
        seconds_each: parts.next()?.parse().ok()?,
    })
}

/// Resident bytes of this process.
pub fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok()).map_or(f64::NAN, |pages| pages * 4096.0)
}

/// From before some work to after it, for each of `count`.
pub struct Before {
    resident: f64,
    since: Instant,
}

impl Before {
    pub fn now() -> Self {
        Self { resident: resident(), since: Instant::now() }
    }

    pub fn cost(&self, count: usize) -> Cost {
        Cost {
            what: String::new(),
            count,
            seconds_each: self.since.elapsed().as_secs_f64() / count as f64,
            bytes_each: (resident() - self.resident).max(0.0) / count as f64,
        }
    }
}

fn size(bytes: f64) -> String {
    if bytes >= 1e6 {
        format!("{:.1} MB", bytes / 1e6)
    } else if bytes >= 1e3 {
        format!("{:.1} kB", bytes / 1e3)
    } else {
        format!("{bytes:.0} B")
    }
}

fn time(seconds: f64) -> String {
    if seconds >= 1e-3 { format!("{:.2} ms", seconds * 1e3) } else { format!("{:.2} µs", seconds * 1e6) }
}
