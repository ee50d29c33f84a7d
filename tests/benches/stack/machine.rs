//! What it ran on, and how much CPU time it took. Linux only; elsewhere CPU time is not known.

use std::fs::read_to_string;

/// CPU seconds of this process so far, all threads, user and system.
pub fn cpu() -> f64 {
    ticks("/proc/self/stat").unwrap_or(f64::NAN)
}

/// CPU seconds of one thread of this process.
pub fn thread_cpu(thread: u32) -> f64 {
    ticks(&format!("/proc/self/task/{thread}/stat")).unwrap_or(f64::NAN)
}

/// The calling thread's number.
pub fn thread() -> u32 {
    let link = std::fs::read_link("/proc/thread-self").ok();
    link.and_then(|path| path.file_name()?.to_str()?.parse().ok()).unwrap_or_default()
}

/// The kernel counts in hundredths of a second.
fn ticks(path: &str) -> Option<f64> {
    let text = read_to_string(path).ok()?;
    // Behind the name, which may have any characters.
    let (_, rest) = text.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / 100.0)
}

/// For the line above a table.
pub fn describe() -> String {
    let cpu = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown CPU");
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?");
    format!("{}, {cores} cores, Linux {}, load {load}", model.trim_start_matches(['\t', ' ', ':']), kernel.trim())
}
