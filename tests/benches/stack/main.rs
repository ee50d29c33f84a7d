//! The native stack beside its peers: one process, loopback TCP, two worker threads, all of them in one run.
//!
//! ```sh
//! cargo bench -p callscope-tests --features peers --bench stack            # about five minutes
//! cargo bench -p callscope-tests --features peers --bench stack -- --quick # a look, half a minute
//! cargo bench -p callscope-tests --features bench --bench stack -- --only native
//! ```
//!
//! Not a criterion bench: that measures one thing after the other, and a machine that is busier during the second
//! half would decide who wins. Here everybody takes turns, round by round (A B C, A B C), and what is compared
//! are medians over rounds of figures taken side by side. Each contender is set up as its own documentation says,
//! with buffers and stream limits wide enough for 512 calls at once.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints what it found, and stops where it cannot go on"
)]

use std::time::Duration;

mod contender;
mod echo;
#[cfg(feature = "peers")]
mod jsonrpsee;
mod machine;
mod measure;
mod native;
mod table;
mod tap;
#[cfg(feature = "peers")]
mod tarpc;
#[cfg(feature = "peers")]
mod tonic;

use contender::{Contender, Row};
use measure::{ALL, Sample};

/// How long and how often.
struct Plan {
    rounds: usize,
    each: Duration,
    only: Option<String>,
    tap: bool,
}

fn main() {
    let plan = plan();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async move {
        if plan.tap {
            tap::run(plan.rounds, plan.each).await;
            return;
        }
        let mut rows: Vec<Box<dyn Row>> = vec![
            Box::new(Contender::new("bare multiplexed echo", echo::start().await)),
            Box::new(Contender::new("native, a channel, bytes", native::channel(native::BYTES).await)),
            Box::new(Contender::new("native, a channel, JSON values", native::channel(native::VALUES).await)),
            Box::new(Contender::new("native, the whole client, bytes", native::client().await)),
        ];
        #[cfg(feature = "peers")]
        rows.extend([
            Box::new(Contender::new("tarpc, bincode", tarpc::start().await)) as Box<dyn Row>,
            Box::new(Contender::new("tonic, prost", tonic::start().await)),
            Box::new(Contender::new("jsonrpsee, WebSocket", jsonrpsee::start().await)),
        ]);
        if let Some(only) = &plan.only {
            rows.retain(|row| row.name().contains(only.as_str()));
        }
        let samples = rounds(&rows, &plan).await;
        let names: Vec<_> = rows.iter().map(|row| row.name()).collect();
        println!("{}", machine::describe());
        println!("{} rounds of {:?} each, medians\n", plan.rounds, plan.each);
        println!("{}", table::figures(&names, &samples));
        println!("{}", table::cpu(&names, &samples));
        println!("{}", table::ratios(&names, &samples));
    });
}

/// Samples by round, measure and row.
async fn rounds(rows: &[Box<dyn Row>], plan: &Plan) -> Vec<Vec<Vec<Option<Sample>>>> {
    let mut samples = Vec::new();
    for round in 0..plan.rounds {
        let mut of_round = Vec::new();
        for measure in ALL {
            let mut of_measure = Vec::new();
            // Who is first after whom changes from round to round, too.
            for place in 0..rows.len() {
                let at = (place + round) % rows.len();
                let Some(row) = rows.get(at) else { continue };
                of_measure.push((at, row.run(measure, plan.each).await));
            }
            of_measure.sort_by_key(|(at, _)| *at);
            of_round.push(of_measure.into_iter().map(|(_, sample)| sample).collect());
        }
        samples.push(of_round);
        eprintln!("round {} of {}", round + 1, plan.rounds);
    }
    samples
}

fn plan() -> Plan {
    let mut plan = Plan { rounds: 7, each: Duration::from_millis(700), only: None, tap: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => (plan.rounds, plan.each) = (3, Duration::from_millis(200)),
            "--rounds" => plan.rounds = arguments.next().and_then(|n| n.parse().ok()).expect("a number of rounds"),
            "--only" => plan.only = arguments.next(),
            "--tap" => plan.tap = true,
            // What cargo passes to every bench.
            _ => {}
        }
    }
    plan
}
