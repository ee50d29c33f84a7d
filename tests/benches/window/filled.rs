//! Models with much in them.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use callscope::model::series::Series;
use callscope_net::server::{Router, Server, ServerOptions};
use callscope_wire::capture::{ConnectionFacts, Flow, FlowEvent, Recorder, Store, TapChunk, TapEvent};
use callscope_wire::engine::Side;
use callscope_wire::{Code, ConnectionId, FlowId, Shape, Status, Time};
use serde_json::json;
use tokio::runtime::Runtime;

/// Records frames as a tap would see them.
pub fn traffic(store: &Arc<Mutex<Store>>, rows: usize) {
    let mut recorder = Recorder::default();
    let mut store = store.lock().expect("nobody panicked");
    // A million small frames do not fit into what is kept unless the settings say otherwise.
    store.set_limit(2 << 30);
    let facts = ConnectionFacts {
        side: Side::Client,
        local: "127.0.0.1:51000".to_owned(),
        peer: "127.0.0.1:40117".to_owned(),
        transport: "tcp",
        dialect: Some("plain"),
        instance: Some("orders-1".to_owned()),
    };
    let mut tap = |at, what| {
        recorder.cut(TapChunk { connection: ConnectionId(1), at, what }).append(&mut store, true);
        store.len() < rows
    };
    tap(Time::ZERO, TapEvent::Opened(facts));
    let mut call = 0_u64;
    loop {
        call += 1;
        let at = Time::from_millis(call);
        let request = json!({ "method": "shop.Orders/Place", "args": [{ "sku": "A1", "qty": call }] });
        let answer = json!({ "result": { "id": format!("order-{call}"), "total": call * 3 } });
        if !tap(at, TapEvent::Sent(Bytes::from(format!("{request}\n"))))
            || !tap(at, TapEvent::Received(Bytes::from(format!("{answer}\n"))))
        {
            break;
        }
    }
}

/// Calls that ended, a thousand a second.
pub fn calls(series: &mut Series, numbers: Range<u64>) {
    for number in numbers {
        let end = Time::from_millis(100_000 + number);
        let took = Duration::from_micros(300 + number * 7919 % 40_000);
        let mut flow = Flow::new(FlowId(number + 1));
        let started = Time(end.0 - took.as_nanos() as u64);
        let instance = format!("orders-{}", number % 4 + 1);
        let events = [
            FlowEvent::Started {
                target: "registry:///orders".to_owned(),
                method: "shop.Orders/Place".to_owned(),
                shape: Shape::Unary,
                deadline: None,
                trace: None,
                caller: None,
            },
            FlowEvent::AttemptStarted { attempt: 1, instance, address: String::new(), breaker: None, span: None },
        ];
        for event in events {
            flow.apply(started, event);
        }
        let code = if number % 50 == 0 { Code::UNAVAILABLE } else { Code::OK };
        flow.apply(end, FlowEvent::Ended { status: Status::new(code, "") });
        series.finished(&flow);
    }
}

/// A server whose one answer is about a megabyte.
pub struct Big {
    server: Server,
    _runtime: Runtime,
}

impl Big {
    pub fn address(&self) -> String {
        self.server.address()
    }
}

pub fn big_answer() -> Big {
    let runtime = Runtime::new().expect("a runtime");
    let items: Vec<_> = (0..9_000)
        .map(|n| json!({ "id": n, "sku": format!("A{n}"), "tags": ["new", "red"], "price": n * 7, "note": "as ordered, paid and sent" }))
        .collect();
    let answer = json!({ "items": items });
    let server = runtime.block_on(async {
        let mut router = Router::new();
        router.unary("bench.Big/Get", move |_, _| std::future::ready(Ok(answer.clone())));
        Server::bind(ServerOptions::default(), router).await.expect("a port")
    });
    Big { server, _runtime: runtime }
}
