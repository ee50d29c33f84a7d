//! What recording costs: the same calls with and without the tap of the window, which cuts frames and keeps them.
//!
//! Two loads. Paced: 50,000 calls a second, as many as a busy service makes; there nothing may be dropped. Saturated: as
//! many as there can be; there the tap drops what it has no room for rather than slow a call, and the share is told.
//! The time of the capture thread is counted apart: it is what recording takes, not what it does to the calls.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use callscope_net::client::channel::ConnectOptions;
use callscope_net::server::ServerOptions;
use callscope_net::tap::Tap;
use callscope_wire::capture::{Recorder, Store, TapChunk, TapEvent};
use tokio::task::JoinSet;

use crate::contender::Caller as _;
use crate::machine;
use crate::measure::{self, Measure};
use crate::native::{self, OverChannel};

/// Chunks that may wait, as in the window.
const CAPACITY: usize = 65_536;
/// Chunks taken at once, as in the window.
const BATCH: usize = 256;
/// Frames kept; more and the oldest go.
const FRAMES: usize = 1_000_000;
/// Calls a second, sent in batches of a millisecond.
const PACE: u64 = 50_000;

/// A recording thread and what it has seen.
struct Recording {
    thread: JoinHandle<()>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    thread: u32,
    bytes: u64,
    lost: u64,
    frames: usize,
}

pub async fn run(rounds: usize, each: Duration) {
    println!("{}\n", machine::describe());
    println!("| | calls/s | CPU per call without the capture thread | p50 | capture thread busy | dropped |");
    println!("|---|--:|--:|--:|--:|--:|");
    let without = native::channel(native::BYTES).await;
    let (tap, chunks) = Tap::new(CAPACITY);
    let recording = record(chunks);
    let server = native::serve(ServerOptions { tap: tap.clone(), ..ServerOptions::default() }).await;
    let options = ConnectOptions { limits: native::limits(), tap: tap.clone(), ..ConnectOptions::default() };
    let with = native::channel_to(server, native::BYTES, options).await;
    for paced in [true, false] {
        let mut rows: [Vec<Line>; 2] = [Vec::new(), Vec::new()];
        for _ in 0..rounds {
            for (row, (caller, recording)) in rows.iter_mut().zip([(&without, None), (&with, Some(&recording))]) {
                row.push(line(caller, recording, paced, each).await);
            }
        }
        for (row, name) in rows.iter().zip(["no tap", "both ends tapped"]) {
            let load = if paced { "paced" } else { "saturated, 64 in flight" };
            let of = |figure: fn(&Line) -> f64| {
                let mut all: Vec<f64> = row.iter().map(figure).collect();
                all.sort_by(f64::total_cmp);
                all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
            };
            println!(
                "| {load}, {name} | {:.0} | {:.2} µs | {:.0} µs | {:.0} % | {:.2} % |",
                of(|line| line.rate),
                of(|line| line.cpu) * 1e6,
                of(|line| line.p50) * 1e6,
                of(|line| line.busy) * 100.0,
                of(|line| line.dropped) * 100.0
            );
        }
        let cost = |figure: fn(&Line) -> f64| {
            let mut all: Vec<f64> = rows[0].iter().zip(&rows[1]).map(|(a, b)| figure(b) / figure(a) - 1.0).collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied().unwrap_or(f64::NAN) * 100.0
        };
        println!(
            "|   the tap adds | {:+.1} % | {:+.1} % | {:+.1} % | | |",
            cost(|l| l.rate),
            cost(|l| l.cpu),
            cost(|l| l.p50)
        );
    }
    drop((with, tap));
    drop(recording.thread);
}

/// One measurement.
struct Line {
    rate: f64,
    cpu: f64,
    p50: f64,
    busy: f64,
    dropped: f64,
}

async fn line(caller: &OverChannel, recording: Option<&Recording>, paced: bool, each: Duration) -> Line {
    let seen = || recording.map(|recording| *recording.seen.lock().expect("nobody panicked")).unwrap_or_default();
    let before = seen();
    let busy = |seen: Seen| if seen.thread == 0 { 0.0 } else { machine::thread_cpu(seen.thread) };
    let (begun, cpu, capture) = (Instant::now(), machine::cpu(), busy(before));
    let (calls, p50) = if paced {
        pace(caller.clone(), each).await
    } else {
        let measure = Measure::InFlight { calls: 64, len: 32 };
        let sample = measure::run(caller.clone(), measure, each).await.expect("it has calls");
        // Warmed up for a quarter, which counts for the CPU time, too.
        ((sample.figure * each.as_secs_f64() * 1.25) as u64, f64::NAN)
    };
    let took = begun.elapsed().as_secs_f64();
    let after = seen();
    let capture = busy(after) - capture;
    let (bytes, lost) = ((after.bytes - before.bytes) as f64, (after.lost - before.lost) as f64);
    Line {
        rate: calls as f64 / took,
        cpu: (machine::cpu() - cpu - capture) / calls as f64,
        p50,
        busy: capture / took,
        dropped: if bytes + lost > 0.0 { lost / (bytes + lost) } else { 0.0 },
    }
}

/// Makes [`PACE`] calls a second; how many there were and the median of their times.
async fn pace(caller: OverChannel, each: Duration) -> (u64, f64) {
    let pacing = async move {
        let payload = caller.payload(32);
        let mut tick = tokio::time::interval(Duration::from_millis(1));
        let begun = Instant::now();
        let (mut sent, mut took, mut tasks) = (0_u64, Vec::new(), JoinSet::new());
        while begun.elapsed() < each {
            tick.tick().await;
            // What a late tick has missed is made up for.
            let due = (begun.elapsed().as_secs_f64() * PACE as f64) as u64;
            for _ in sent..due {
                let (caller, payload) = (caller.clone(), payload.clone());
                tasks.spawn(async move {
                    let begun = Instant::now();
                    caller.echo(payload).await;
                    begun.elapsed()
                });
            }
            sent = sent.max(due);
            while let Some(done) = tasks.try_join_next() {
                took.push(done.expect("it ran to its end"));
            }
        }
        while let Some(done) = tasks.join_next().await {
            took.push(done.expect("it ran to its end"));
        }
        took.sort_unstable();
        (sent, took.get(took.len() / 2).map_or(f64::NAN, Duration::as_secs_f64))
    };
    tokio::runtime::Handle::current().spawn(pacing).await.expect("it ran to its end")
}

/// Does what the window's capture thread does.
fn record(chunks: Receiver<TapChunk>) -> Recording {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let shared = Arc::clone(&seen);
    let thread = std::thread::spawn(move || {
        let (mut recorder, mut store) = (Recorder::default(), Store::new(FRAMES));
        let mut now = Seen { thread: machine::thread(), ..Seen::default() };
        let count = |chunk: &TapChunk, now: &mut Seen| match &chunk.what {
            TapEvent::Sent(bytes) | TapEvent::Received(bytes) => now.bytes += bytes.len() as u64,
            TapEvent::Lost { bytes, .. } => now.lost += bytes,
            _ => {}
        };
        while let Ok(first) = chunks.recv() {
            count(&first, &mut now);
            let mut batch = recorder.cut(first);
            for chunk in chunks.try_iter().take(BATCH) {
                count(&chunk, &mut now);
                batch.extend(recorder.cut(chunk));
            }
            batch.append(&mut store, true);
            now.frames = store.len();
            *shared.lock().expect("nobody panicked") = now;
        }
    });
    Recording { thread, seen }
}
