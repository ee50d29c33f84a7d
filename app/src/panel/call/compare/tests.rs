//! Comparisons as they look and as they are walked by keys.

use std::sync::Arc;

use bytes::Bytes;
use callscope_wire::capture::FlowEvent;
use callscope_wire::{Code, FlowId, Health, Metadata, Shape, Status, Time, Value};
use egui::{Key, Theme};
use egui_kittest::kittest::Queryable as _;
use serde_json::json;

use crate::command::Command;
use crate::model::compare::{self, Compare, Spread, SpreadRow};
use crate::model::flows::Message;
use crate::panel::call::fixture;
use crate::panel::call::tests::{Bench, look};

fn order(total: u32, city: &str, lines: Value) -> Value {
    json!({
        "id": "o-7f3c91", "state": "ACCEPTED", "total_minor": total, "lines": lines,
        "ship_to": { "name": "王小明", "city": city, "express": true },
        "note": "left at the door of the neighbor, second floor",
    })
}

fn line(sku: &str, qty: u32) -> Value {
    json!({ "sku": sku, "qty": qty, "unit_price": 1890 })
}

/// A unary call that is over.
fn call(bench: &mut Bench, at: u64, instance: &str, answer: Result<Value, Code>) -> FlowId {
    let flows = &mut bench.model.flows;
    let flow = flows.next_id();
    let time = |ms: u64| Time::from_millis(at + ms);
    let (target, method) = (fixture::TARGET.to_owned(), "shop.Orders/Place".to_owned());
    flows.apply(
        flow,
        time(0),
        FlowEvent::Started { target, method, shape: Shape::Unary, deadline: None, caller: None, trace: None },
    );
    let started = FlowEvent::AttemptStarted {
        attempt: 1,
        instance: instance.to_owned(),
        address: "native://127.0.0.1:7001".to_owned(),
        breaker: None,
        span: None,
    };
    flows.apply(flow, time(1), started);
    let mut message = |sent, value: Value| {
        flows.message(flow, Message::new(time(2), sent, Bytes::from(value.to_string())));
    };
    message(true, serde_json::from_str(fixture::PLACE).unwrap());
    let mut trailers = Metadata::new();
    trailers.push("x-cost", if instance == "orders-1" { "0.4" } else { "0.7" });
    let code = match answer {
        Ok(value) => {
            message(false, value);
            Code::OK
        }
        Err(code) => code,
    };
    let why = if code.is_ok() { "" } else { "stock service is down" };
    let status = Status { trailers, ..Status::new(code, why) };
    bench.model.flows.apply(flow, time(9), FlowEvent::Ended { status });
    flow
}

fn comparing(left: Result<Value, Code>, right: Result<Value, Code>) -> Bench {
    let mut bench = Bench::new(fixture::place_draft());
    bench.dock = 0.0;
    let left = call(&mut bench, 1_000, "orders-1", left);
    let right = call(&mut bench, 4_200, "orders-2", right);
    let get = |flow| bench.model.flows.get(flow).unwrap();
    let found = compare::compare(get(left), get(right));
    let tab = bench.model.tabs.get_mut(bench.tab).unwrap();
    tab.flow = Some(right);
    tab.compare = Some(Compare { left: Some(left), found: Some(Arc::new(found)), ..Compare::default() });
    bench
}

fn differing() -> Bench {
    let mut left = order(8330, "上海", json!([line("A1-204", 2), line("K7-011", 1), line("B3-100", 1)]));
    let mut right = order(8331, "北京", json!([line("B3-100", 1), line("A1-204", 2), line("K7-011", 4)]));
    left["old"] = json!({ "reason": "none" });
    right["note"] = json!("left at the door of the neighbor, third floor");
    right["eta"] = json!("2026-11-24");
    comparing(Ok(left), Ok(right))
}

fn same() -> Bench {
    let answer = || order(8330, "上海", json!([line("A1-204", 2)]));
    comparing(Ok(answer()), Ok(answer()))
}

fn spread() -> Bench {
    let mut bench = Bench::new(fixture::place_draft());
    bench.dock = 0.0;
    let answer = |total| Ok(order(total, "上海", json!([line("A1-204", 2)])));
    let flows = [
        call(&mut bench, 1_000, "orders-1", answer(8330)),
        call(&mut bench, 1_000, "orders-2", answer(8331)),
        call(&mut bench, 1_000, "orders-3", Err(Code::UNAVAILABLE)),
    ];
    let records: Vec<_> = flows.iter().map(|flow| bench.model.flows.get(*flow).unwrap().clone()).collect();
    let row = |number: usize| SpreadRow {
        instance: format!("orders-{number}"),
        address: format!("native://127.0.0.1:700{number}"),
        health: if number == 4 { Health::Down } else { Health::Healthy },
        flow: flows.get(number - 1).copied(),
    };
    let tab = bench.model.tabs.get_mut(bench.tab).unwrap();
    tab.spread = Some(Spread {
        target: fixture::TARGET.to_owned(),
        method: "shop.Orders/Place".to_owned(),
        rows: (1..=4).map(row).collect(),
        found: Arc::new(compare::answers(&records)),
        asked: 3,
    });
    bench
}

#[test]
fn every_state_is_painted_in_both_themes_and_in_little_room() {
    type Make = fn() -> Bench;
    let states: [(&str, Make); 5] = [
        ("compare", differing),
        ("compare-same", same),
        ("compare-failed", || comparing(Ok(order(1, "上海", json!([]))), Err(Code::UNAVAILABLE))),
        ("compare-instances", spread),
        ("compare-nothing", || {
            let mut bench = Bench::new(fixture::place_draft());
            bench.model.tabs.get_mut(bench.tab).unwrap().compare = Some(Compare::default());
            bench
        }),
    ];
    for (name, make) in states {
        look(&mut make().harness(Theme::Dark, [1080.0, 700.0]), &format!("{name}-dark"));
        look(&mut make().harness(Theme::Light, [1080.0, 700.0]), &format!("{name}-light"));
        let narrow = Bench { narrow: true, ..make() };
        look(&mut narrow.harness(Theme::Dark, [500.0, 620.0]), &format!("{name}-narrow"));
    }
}

#[test]
fn differences_are_walked_by_keys_and_folded() {
    let mut bench = differing().harness(Theme::Dark, [1080.0, 800.0]);
    bench.get_by_label("total_minor: 8330 → 8331");
    bench.get_by_label_contains("city: \"上海\" → \"北京\"");
    bench.get_by_label_contains("0: {");
    bench.get_by_label("5 differ · 1 only left · 1 only right · 1 moved");
    let step = |bench: &mut egui_kittest::Harness<'_, Bench>, forward| {
        let tab = bench.state().tab;
        bench.state_mut().calls.step_difference(tab, forward);
        bench.run_steps(2);
    };
    step(&mut bench, true);
    let selected = |bench: &egui_kittest::Harness<'_, Bench>, label: &str| {
        use egui_kittest::kittest::NodeT as _;
        bench.get_by_label(label).accesskit_node().toggled() == Some(egui::accesskit::Toggled::True)
    };
    assert!(selected(&bench, "total_minor: 8330 → 8331"));
    step(&mut bench, false);
    assert!(selected(&bench, "x-cost: \"0.4\" → \"0.7\""), "around the end");
    bench.key_press(Key::Home);
    bench.run_steps(2);
    bench.key_press(Key::ArrowLeft);
    bench.run_steps(2);
    assert!(bench.query_by_label("total_minor: 8330 → 8331").is_none(), "folded");

    bench.get_by_label("Only differences").click();
    bench.run_steps(2);
    bench.key_press(Key::ArrowRight);
    bench.run_steps(2);
    bench.get_by_label("Copy the differences").click();
    bench.run_steps(2);
    let copied = bench.state().commands.iter().find_map(|command| match command {
        Command::Copy(text) => Some(text.clone()),
        _ => None,
    });
    let copied = copied.unwrap();
    assert!(copied.contains("Answer total_minor: 8330 → 8331"), "{copied}");
    assert!(copied.contains("Trailers x-cost: \"0.4\" → \"0.7\""), "{copied}");
}

#[test]
fn equal_answers_say_so_and_instances_that_differ_are_put_side_by_side() {
    let bench = same().harness(Theme::Dark, [1080.0, 700.0]);
    bench.get_by_label("The answers are equal; elsewhere 1 differs");

    let mut bench = spread().harness(Theme::Dark, [1080.0, 700.0]);
    bench.get_by_label("3 of 3 answered · 2 differ");
    bench.get_by_label_contains("orders-4, down, not called");
    bench.get_by_label_contains("orders-2, 0 OK").click();
    bench.run_steps(2);
    let (tab, reference) = (bench.state().tab, FlowId(1));
    let wanted = Command::Compare { tab, left: Some(reference), right: Some(FlowId(2)) };
    assert!(bench.state().commands.contains(&wanted), "{:?}", bench.state().commands);
}
