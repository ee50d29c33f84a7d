//! The measures: each runs for a while on a warm connection and counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::contender::Caller;
use crate::machine;

/// A payload of calls that are small.
const SMALL: usize = 32;
/// Messages of one stream.
const STREAM: u64 = 200_000;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// One call after the other: half take no longer.
    Sequential,
    /// So many calls at once, of so many bytes.
    InFlight { calls: usize, len: usize },
    /// Messages of a server stream.
    Stream,
}

/// In the order of the table.
pub const ALL: [Measure; 6] = [
    Measure::Sequential,
    Measure::InFlight { calls: 64, len: SMALL },
    Measure::InFlight { calls: 512, len: SMALL },
    Measure::InFlight { calls: 8, len: 64 << 10 },
    Measure::InFlight { calls: 1, len: 1 << 20 },
    Measure::Stream,
];

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Calls or messages a second; of [`Measure::Sequential`] the median call in seconds.
    pub figure: f64,
    /// CPU seconds of the whole process, for each call or message.
    pub cpu: f64,
}

pub async fn run<C: Caller>(caller: C, measure: Measure, each: Duration) -> Option<Sample> {
    // A task of the runtime's own: what blocks on it is not one of its workers.
    let work = async move {
        match measure {
            Measure::Sequential => Some(sequential(&caller, each).await),
            Measure::InFlight { calls, len } => {
                in_flight(&caller, calls, len, each / 4).await;
                Some(in_flight(&caller, calls, len, each).await)
            }
            Measure::Stream => stream(&caller, each).await,
        }
    };
    tokio::runtime::Handle::current().spawn(work).await.expect("it ran to its end")
}

async fn sequential<C: Caller>(caller: &C, each: Duration) -> Sample {
    let payload = caller.payload(SMALL);
    let mut took = Vec::with_capacity(100_000);
    let (begun, cpu) = (Instant::now(), machine::cpu());
    while begun.elapsed() < each {
        let sent = Instant::now();
        caller.echo(payload.clone()).await;
        took.push(sent.elapsed());
    }
    let cpu = (machine::cpu() - cpu) / took.len() as f64;
    took.sort_unstable();
    let median = took.get(took.len() / 2).copied().unwrap_or_default();
    Sample { figure: median.as_secs_f64(), cpu }
}

async fn in_flight<C: Caller>(caller: &C, calls: usize, len: usize, each: Duration) -> Sample {
    let stop = Arc::new(AtomicBool::new(false));
    let payload = caller.payload(len);
    let mut tasks = JoinSet::new();
    let (begun, cpu) = (Instant::now(), machine::cpu());
    for _ in 0..calls {
        let (caller, payload, stop) = (caller.clone(), payload.clone(), Arc::clone(&stop));
        tasks.spawn(async move {
            let mut count = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                let back = caller.echo(payload.clone()).await;
                assert!(back >= len, "{back} bytes came back of {len}");
                count += 1;
            }
            count
        });
    }
    tokio::time::sleep(each).await;
    stop.store(true, Ordering::Relaxed);
    let mut count = 0;
    while let Some(task) = tasks.join_next().await {
        count += task.expect("it ran to its end");
    }
    let took = begun.elapsed().as_secs_f64();
    Sample { figure: count as f64 / took, cpu: (machine::cpu() - cpu) / count as f64 }
}

async fn stream<C: Caller>(caller: &C, each: Duration) -> Option<Sample> {
    caller.stream(STREAM / 10).await?;
    let (begun, cpu, mut count) = (Instant::now(), machine::cpu(), 0);
    while begun.elapsed() < each {
        let came = caller.stream(STREAM).await?;
        assert_eq!(came, STREAM);
        count += came;
    }
    let took = begun.elapsed().as_secs_f64();
    Some(Sample { figure: count as f64 / took, cpu: (machine::cpu() - cpu) / count as f64 })
}
