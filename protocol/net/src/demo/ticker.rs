//! `demo.Ticker`: a stream that never ends by itself, so that cancelling has something to do; as fast as one likes, so that
//! whoever shows it has something to do, too.

use std::time::Duration;

use bytes::Bytes;
use callscope_wire::schema::{Service, TypeDef, TypeRef};
use callscope_wire::{Code, Shape, Status, Value};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use super::moment::rfc3339;
use crate::clock;
use crate::describe::{field, idempotent, method, optional, record, service};
use crate::server::{Outbound, Router, decode};

/// Faster is a load test, slower looks broken.
const SHORTEST_MS: u64 = 1;
const LONGEST_MS: u64 = 60_000;
/// Beyond this a rate is as fast as it can.
const MOST_PER_SECOND: u64 = 1_000_000;
/// Ticks of a high rate are sent in bursts this far apart: timers are no finer.
const BURST: Duration = Duration::from_millis(1);
/// What a client that is slow may miss before ticks are left out.
const LATE: Duration = Duration::from_millis(100);

pub(super) fn add_to(router: &mut Router) {
    let (service, types) = declared();
    router.service(service, types);
    router.server_stream("demo.Ticker/Watch", |_, request, outbound| watch(request, outbound));
}

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    interval_ms: Option<u64>,
    #[serde(default)]
    limit: Option<u64>,
    #[serde(default)]
    per_second: Option<u64>,
}

async fn watch(request: Value, mut outbound: Outbound) -> Result<(), Status> {
    let Request { interval_ms, limit, per_second } = decode(request)?;
    let limit = limit.unwrap_or(u64::MAX);
    match (per_second, interval_ms) {
        (Some(_), Some(_)) => {
            return Err(Status::new(Code::INVALID_ARGUMENT, "give interval_ms or per_second, not both"));
        }
        (Some(0), None) => {
            for sequence in 1..=limit {
                outbound.send_json(tick(sequence)).await?;
            }
            return Ok(());
        }
        (Some(rate), None) if rate > MOST_PER_SECOND => {
            let message =
                format!("per_second is {rate}, but it must be at most {MOST_PER_SECOND}; 0 is as fast as it can");
            return Err(Status::new(Code::INVALID_ARGUMENT, message));
        }
        (Some(rate), None) => return at_rate(rate, limit, outbound).await,
        (None, _) => {}
    }
    let pause = interval_ms.unwrap_or(1000);
    if !(SHORTEST_MS..=LONGEST_MS).contains(&pause) {
        let message = format!("interval_ms is {pause}, but it must be {SHORTEST_MS} to {LONGEST_MS}");
        return Err(Status::new(Code::INVALID_ARGUMENT, message));
    }
    let mut ticks = interval(Duration::from_millis(pause));
    // A client that is slow gets fewer ticks, not a burst of old ones.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    for sequence in 1..=limit {
        ticks.tick().await;
        outbound.send_json(tick(sequence)).await?;
    }
    Ok(())
}

/// So many ticks a second, in bursts. A client that is slow gets fewer.
async fn at_rate(rate: u64, limit: u64, mut outbound: Outbound) -> Result<(), Status> {
    let mut bursts = interval(BURST);
    let mut due = 0.0_f64;
    let mut last = clock::now();
    let mut sequence = 0;
    while sequence < limit {
        bursts.tick().await;
        let now = clock::now();
        due = (due + now.since(last).as_secs_f64() * rate as f64).min(LATE.as_secs_f64() * rate as f64 + 1.0);
        last = now;
        while due >= 1.0 && sequence < limit {
            due -= 1.0;
            sequence += 1;
            outbound.send_json(tick(sequence)).await?;
        }
    }
    Ok(())
}

fn tick(sequence: u64) -> Bytes {
    let time = rfc3339(clock::wall(clock::now()));
    Bytes::from(format!(r#"{{"sequence":{sequence},"time":"{time}"}}"#))
}

fn declared() -> (Service, Vec<TypeDef>) {
    let service = service(
        "demo.Ticker",
        "Tells the time, over and over.",
        vec![idempotent(method(
            "Watch",
            Shape::ServerStream,
            "demo.WatchRequest",
            "demo.Tick",
            "A tick at every interval, for ever, or as many as the limit says. Cancel it when you have seen enough.",
        ))],
    );
    let types = vec![
        record(
            "demo.WatchRequest",
            "How often, and how many.",
            vec![
                optional("interval_ms", TypeRef::Uint64, "1 to 60000; without it 1000.", json!(500)),
                optional(
                    "per_second",
                    TypeRef::Uint64,
                    "In place of interval_ms: up to 1000000 ticks a second; 0 is as fast as it can.",
                    Value::Null,
                ),
                optional("limit", TypeRef::Uint64, "Ticks before the stream ends; without it never.", Value::Null),
            ],
        ),
        record(
            "demo.Tick",
            "One tick.",
            vec![
                field("sequence", TypeRef::Uint64, "Counted from 1.", json!(1)),
                field("time", TypeRef::String, "When, RFC 3339 in UTC.", json!("2026-11-22T14:31:07.204Z")),
            ],
        ),
    ];
    (service, types)
}
