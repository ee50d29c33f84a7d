//! Models made by hand for tests of the call tab and the timeline.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use callscope_wire::capture::{FlowEvent, Segment};
use callscope_wire::policy::{Balance, Breaker, BreakerState, Policy, Retry, RetryBudget};
use callscope_wire::schema::{Field, Method, Schema, Service, TypeDef, TypeKind, TypeRef};
use callscope_wire::{Code, FlowId, Health, Instance, Metadata, Shape, Status, Time};
use serde_json::json;

use crate::model::Model;
use crate::model::draft::{Draft, MetadataRow, PreparedMessage};
use crate::model::flows::Message;
use callscope_wire::policy::BreakerView;

use crate::model::series::Point;
use crate::model::services::{SchemaState, Source, SourceKind, SourceState};
use crate::model::tabs::{Running, Tab, TabId};
use crate::store::Inherited;

pub(in crate::panel) const TARGET: &str = "registry:///orders";

fn field(name: &str, number: u32, type_ref: TypeRef) -> Field {
    Field { name: name.into(), number, type_ref, ..Field::default() }
}

fn optional(name: &str, number: u32, type_ref: TypeRef) -> Field {
    Field { optional: true, ..field(name, number, type_ref) }
}

fn record(name: &str, fields: Vec<Field>) -> TypeDef {
    TypeDef { name: name.into(), docs: String::new(), kind: TypeKind::Record(fields) }
}

fn method(name: &str, shape: Shape, request: &str, response: &str, docs: &str) -> Method {
    Method {
        name: name.into(),
        shape,
        request: TypeRef::Named(request.into()),
        response: TypeRef::Named(response.into()),
        docs: docs.into(),
        idempotent: false,
    }
}

pub(in crate::panel) fn schema() -> Schema {
    let line = || TypeRef::List(Box::new(TypeRef::Named("shop.Line".into())));
    Schema {
        services: vec![Service {
            name: "shop.Orders".into(),
            docs: "Takes orders and says where they are.".into(),
            methods: vec![
                method(
                    "Place",
                    Shape::Unary,
                    "shop.PlaceRequest",
                    "shop.Order",
                    "Places an order and reserves its items.",
                ),
                method("Get", Shape::Unary, "shop.GetRequest", "shop.Order", "One order by its id."),
                method("Watch", Shape::ServerStream, "shop.GetRequest", "shop.Event", "Every change of an order."),
                method("Chat", Shape::Bidi, "shop.ChatMessage", "shop.Event", "Talk about an order."),
            ],
        }],
        types: vec![
            record(
                "shop.PlaceRequest",
                vec![
                    field("customer_id", 1, TypeRef::String),
                    optional("currency", 2, TypeRef::String),
                    field("items", 3, line()),
                    optional("ship_to", 4, TypeRef::Named("shop.Address".into())),
                    optional("idempotency_key", 5, TypeRef::String),
                    optional("note", 6, TypeRef::String),
                ],
            ),
            record(
                "shop.Line",
                vec![
                    field("sku", 1, TypeRef::String),
                    field("qty", 2, TypeRef::Uint32),
                    optional("unit_price", 3, TypeRef::Int64),
                ],
            ),
            record(
                "shop.Address",
                vec![
                    field("name", 1, TypeRef::String),
                    field("city", 2, TypeRef::String),
                    optional("express", 3, TypeRef::Bool),
                ],
            ),
            record(
                "shop.Order",
                vec![
                    field("id", 1, TypeRef::String),
                    field("state", 2, TypeRef::String),
                    field("total_minor", 3, TypeRef::Int64),
                    field("lines", 4, line()),
                    field("ship_to", 5, TypeRef::Named("shop.Address".into())),
                    field("trace_id", 6, TypeRef::String),
                ],
            ),
            record("shop.GetRequest", vec![field("id", 1, TypeRef::String)]),
            record("shop.ChatMessage", vec![field("text", 1, TypeRef::String), optional("order", 2, TypeRef::String)]),
            record(
                "shop.Event",
                vec![field("kind", 1, TypeRef::String), optional("place", 2, TypeRef::Named("shop.Address".into()))],
            ),
        ],
    }
}

pub(in crate::panel) const PLACE: &str = r#"{
  "customer_id": "c-48213",
  "currency": "EUR",
  "items": [
    { "sku": "A1-204", "qty": 2, "unit_price": 1890 },
    { "sku": "K7-011", "qty": 1, "unit_price": 4550 }
  ],
  "ship_to": {
    "name": "王小明",
    "city": "上海",
    "express": true
  },
  "idempotency_key": "{{uuid}}",
  "note": null
}"#;

pub(in crate::panel) fn defaults() -> Policy {
    Policy {
        retry: Some(Retry { max_attempts: 3, initial_backoff: Duration::from_millis(50), ..Retry::default() }),
        retry_budget: Some(RetryBudget::default()),
        breaker: Some(Breaker {
            sliding_window_size: 20,
            minimum_number_of_calls: 10,
            wait_duration_in_open_state: Duration::from_secs(5),
            permitted_number_of_calls_in_half_open_state: 3,
            ..Breaker::default()
        }),
        balance: Some(Balance::P2c),
        redirect: None,
    }
}

/// What the folder above has for calls.
pub(in crate::panel) fn inherited() -> Inherited {
    let tenant = MetadataRow { enabled: true, name: "x-tenant".into(), value: "emea-7".into() };
    Inherited {
        metadata: vec![tenant],
        policy: defaults(),
        files: vec!["shop/defaults.yaml".into()],
        ..Inherited::default()
    }
}

pub(in crate::panel) fn place_draft() -> Draft {
    let row = |name: &str, value: &str| MetadataRow { enabled: true, name: name.into(), value: value.into() };
    Draft {
        name: "Place order".into(),
        target: TARGET.into(),
        method: "shop.Orders/Place".into(),
        deadline: Some(Duration::from_millis(20)),
        metadata: vec![row("authorization", "Bearer s3cret"), row("x-trace", "on"), row("x-request-id", "r-1")],
        messages: vec![PreparedMessage { text: PLACE.into(), after: None }],
        ..Draft::default()
    }
}

/// Opens a tab with this draft in front.
pub(in crate::panel) fn tab(model: &mut Model, draft: Draft) -> TabId {
    model.tabs.open(Tab { draft, schema: Some(Arc::new(schema())), inherited: inherited(), ..Tab::default() })
}

/// A model with the service, its breakers and some history.
pub(in crate::panel) fn world() -> Model {
    let mut model = Model { now: Time::from_millis(60_000), ..Model::default() };
    model.workspace.root = Some("shop".into());
    let source = "registry://127.0.0.1:7000";
    model.services.sources.push(Source {
        address: source.into(),
        kind: SourceKind::Embedded,
        state: SourceState::Live,
        services: Vec::new(),
    });
    let instance = |number: u8, health| Instance {
        id: format!("orders-{number}"),
        service: "orders".into(),
        address: format!("native://127.0.0.1:700{number}"),
        health,
        weight: 100,
        tags: Vec::new(),
        metadata: std::collections::BTreeMap::new(),
        lease: None,
    };
    let instances = vec![
        instance(1, Health::Healthy),
        instance(2, Health::Healthy),
        instance(3, Health::Degraded),
        instance(4, Health::Down),
    ];
    model.services.apply(model.now, source, "orders", TARGET, instances);
    if let Some(service) = model.services.sources[0].services.first_mut() {
        service.schema = SchemaState::Ready(Arc::new(schema()));
    }
    for number in 1..=4_u8 {
        let open = number == 4;
        let window: Vec<bool> = (0..20).map(|call| open && call % 5 != 0 && call > 2).collect();
        let failed = window.iter().filter(|failed| **failed).count();
        let now = BreakerView {
            service: "orders".to_owned(),
            instance: format!("orders-{number}"),
            state: if open { BreakerState::HalfOpen } else { BreakerState::Closed },
            since: Time::from_millis(50_000),
            window_size: 20,
            failure_rate: Some(failed as f64 * 5.0),
            window,
            threshold: 50.0,
            permits_left: 1,
            permits: 3,
            ..BreakerView::default()
        };
        model.series.breaker(model.now, now);
    }
    for call in 0..40_u64 {
        model.series.points.push_back(Point {
            flow: FlowId(1_000 + call),
            at: Time::from_millis(20_000 + call * 100),
            latency: Duration::from_micros(900 + call * 137),
            code: if call % 13 == 12 { Code::UNAVAILABLE } else { Code::OK },
            target: TARGET.into(),
            method: "shop.Orders/Place".into(),
            instance: format!("orders-{}", call % 3 + 1).into(),
            attempts: if call % 6 == 5 { 2 } else { 1 },
            earlier: Box::default(),
        });
    }
    model
}

fn at(ms: f64) -> Time {
    Time(1_000_000_000 + (ms * 1e6).round() as u64)
}

/// The call of the pictures: one attempt that failed, a wait, one that did not.
pub(in crate::panel) fn retried_events() -> Vec<(Time, FlowEvent)> {
    let ms = |ms: f64| Duration::from_nanos((ms * 1e6).round() as u64);
    let segment = |attempt, segment, from: f64, to: f64| {
        (at(to), FlowEvent::Segment { attempt, segment, took: ms((to - from) * 1.0) })
    };
    let mut metadata = Metadata::new();
    metadata.push("server", "orders-2");
    metadata.push("x-region", "上海");
    let mut trailers = Metadata::new();
    trailers.push("x-cost", "0.4");
    let started = FlowEvent::Started {
        target: TARGET.into(),
        method: "shop.Orders/Place".into(),
        shape: Shape::Unary,
        deadline: Some(Duration::from_millis(20)),
        trace: None,
        caller: None,
    };
    let attempt = |attempt, instance: &str, port: u16, breaker| FlowEvent::AttemptStarted {
        attempt,
        instance: instance.into(),
        address: format!("native://127.0.0.1:{port}"),
        breaker: Some(breaker),
        span: None,
    };
    vec![
        (at(0.0), started),
        (at(0.7), FlowEvent::Resolved { instances: 4, took: ms(0.7) }),
        (at(1.0), attempt(1, "orders-4", 7004, BreakerState::HalfOpen)),
        segment(1, Segment::Pick, 0.7, 1.0),
        segment(1, Segment::Connect, 1.0, 2.7),
        segment(1, Segment::Tls, 2.7, 4.5),
        segment(1, Segment::Send, 4.5, 4.9),
        (at(4.9), FlowEvent::Sent { bytes: 214 }),
        segment(1, Segment::Wait, 4.9, 6.3),
        (
            at(6.3),
            FlowEvent::AttemptEnded { attempt: 1, status: Status::new(Code::UNAVAILABLE, "GOAWAY after 1.4 ms") },
        ),
        (at(6.3), FlowEvent::Backoff { attempt: 2, delay: ms(2.1), reason: "UNAVAILABLE is retried".into() }),
        (at(8.4), attempt(2, "orders-2", 7002, BreakerState::Closed)),
        segment(2, Segment::Pick, 8.4, 8.6),
        segment(2, Segment::Send, 8.6, 9.2),
        segment(2, Segment::Wait, 9.2, 12.2),
        (at(12.2), FlowEvent::Headers { metadata }),
        (at(12.4), FlowEvent::Received { bytes: 3_210 }),
        segment(2, Segment::Receive, 12.2, 12.8),
        (at(12.8), FlowEvent::AttemptEnded { attempt: 2, status: Status::ok() }),
        (at(12.8), FlowEvent::Ended { status: Status { trailers, ..Status::ok() } }),
    ]
}

fn message(at: Time, sent: bool, value: serde_json::Value) -> Message {
    Message::new(at, sent, Bytes::from(value.to_string()))
}

/// Records the call of the pictures and shows it in `tab`.
pub(in crate::panel) fn answered(model: &mut Model, tab: TabId) -> FlowId {
    let flow = model.flows.next_id();
    for (at, event) in retried_events() {
        model.flows.apply(flow, at, event);
    }
    model.flows.message(flow, message(at(4.9), true, serde_json::from_str(PLACE).unwrap()));
    let answer = json!({
        "id": "o-7f3c91", "state": "ACCEPTED", "total_minor": 8330,
        "lines": [
            { "sku": "A1-204", "qty": 2, "unit_price": 1890 },
            { "sku": "K7-011", "qty": 1, "unit_price": 4550 }
        ],
        "ship_to": { "name": "王小明", "city": "上海", "express": true },
        "trace_id": "9b1de7c04af2",
    });
    model.flows.message(flow, message(at(12.4), false, answer));
    if let Some(tab) = model.tabs.get_mut(tab) {
        tab.flow = Some(flow);
    }
    flow
}

/// The same call with an answer that is too large to be decoded.
pub(in crate::panel) fn answered_at_length(model: &mut Model, tab: TabId) -> FlowId {
    let flow = answered(model, tab);
    let lines: Vec<_> = (0..40_000)
        .map(|n| json!({ "sku": format!("K7-{n:05}"), "qty": n % 9 + 1, "unit_price": 4550, "note": "上海\n" }))
        .collect();
    let answer = json!({
        "id": "o-7f3c91", "state": "ACCEPTED", "total_minor": 8330, "lines": lines,
        "ship_to": { "name": "王小明", "city": "上海", "express": true },
        "trace_id": "needle in a haystack ".repeat(9_000),
    });
    model.flows.message(flow, message(at(12.5), false, answer));
    flow
}

/// A call that failed three times and says why.
pub(in crate::panel) fn failed(model: &mut Model, tab: TabId) -> FlowId {
    let flow = model.flows.next_id();
    let status = Status {
        details: vec![json!({ "reason": "stock service is down", "since": "14:02:11", "shard": 3 })],
        not_processed: true,
        ..Status::new(Code::UNAVAILABLE, "connection refused by 127.0.0.1:7004")
    };
    for (time, event) in retried_events().into_iter().take(12) {
        model.flows.apply(flow, time, event);
    }
    model.flows.apply(flow, at(9.1), FlowEvent::AttemptEnded { attempt: 2, status: status.clone() });
    model.flows.apply(
        flow,
        at(9.2),
        FlowEvent::RetryRefused { reason: "the retry budget is used up: 20 % of the calls, 10 per second".into() },
    );
    model.flows.apply(flow, at(9.3), FlowEvent::Ended { status });
    if let Some(tab) = model.tabs.get_mut(tab) {
        tab.flow = Some(flow);
    }
    flow
}

/// An open stream with this many messages received.
pub(in crate::panel) fn streaming(model: &mut Model, tab: TabId, count: u64) -> FlowId {
    let flow = model.flows.next_id();
    let method = model.tabs.get(tab).map(|tab| tab.draft.method.clone()).unwrap_or_default();
    let shape = model.tabs.get(tab).map_or(Shape::Bidi, Tab::shape);
    let started =
        FlowEvent::Started { target: TARGET.into(), method, shape, deadline: None, trace: None, caller: None };
    model.flows.apply(flow, at(0.0), started);
    let attempt = FlowEvent::AttemptStarted {
        attempt: 1,
        instance: "orders-2".into(),
        address: "native://127.0.0.1:7002".into(),
        breaker: Some(BreakerState::Closed),
        span: None,
    };
    model.flows.apply(flow, at(0.4), attempt);
    for (number, text) in ["join", "你好，我的订单呢？"].into_iter().enumerate() {
        let when = at(4.0 + number as f64 * 12_000.0);
        model.flows.apply(flow, when, FlowEvent::Sent { bytes: 40 });
        model.flows.message(flow, message(when, true, json!({ "text": text })));
    }
    for number in 0..count {
        let late = if number % 40 == 39 { 180.0 } else { 0.0 };
        let when = at(20.0 + number as f64 * 10.0 + late);
        let value = json!({ "kind": "POSITION", "place": { "name": format!("km {number}"), "city": "鹿特丹" } });
        model.flows.apply(flow, when, FlowEvent::Received { bytes: value.to_string().len() });
        model.flows.message(flow, message(when, false, value));
    }
    model.now = at(20.0 + count as f64 * 10.0 + 2_000.0);
    if let Some(tab) = model.tabs.get_mut(tab) {
        tab.flow = Some(flow);
        tab.running = Some(Running { flow, shape, sent: 2, half_closed: false, cancelling: false });
    }
    flow
}

/// A bidirectional call with five prepared messages.
pub(in crate::panel) fn chat_draft() -> Draft {
    let message = |text: &str, after| PreparedMessage { text: text.into(), after };
    Draft {
        name: "Support chat".into(),
        target: TARGET.into(),
        method: "shop.Orders/Chat".into(),
        messages: vec![
            message("{ \"text\": \"join\" }", None),
            message("{ \"text\": \"你好，我的订单呢？\" }", None),
            message("{\n  \"text\": \"When does it arrive?\",\n  \"order\": \"o-7f3c91\"\n}", None),
            message("{ \"text\": \"typing\" }", Some(Duration::from_millis(250))),
            message("{ \"text\": \"bye\" }", None),
        ],
        ..Draft::default()
    }
}
