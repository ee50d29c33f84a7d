//! `demo.Ticker`: a stream that never ends by itself, so that cancelling has something to do.

use std::time::Duration;

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
}

async fn watch(request: Value, mut outbound: Outbound) -> Result<(), Status> {
    let Request { interval_ms, limit } = decode(request)?;
    let pause = interval_ms.unwrap_or(1000);
    if !(SHORTEST_MS..=LONGEST_MS).contains(&pause) {
        let message = format!("interval_ms is {pause}, but it must be {SHORTEST_MS} to {LONGEST_MS}");
        return Err(Status::new(Code::INVALID_ARGUMENT, message));
    }
    let mut ticks = interval(Duration::from_millis(pause));
    // A client that is slow gets fewer ticks, not a burst of old ones.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    for sequence in 1..=limit.unwrap_or(u64::MAX) {
        ticks.tick().await;
        outbound.send(json!({ "sequence": sequence, "time": rfc3339(clock::wall(clock::now())) })).await?;
    }
    Ok(())
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
