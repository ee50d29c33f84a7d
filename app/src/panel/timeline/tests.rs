//! The waterfall by the names of its lanes.

use std::time::Duration;

use bytes::Bytes;
use callscope_wire::capture::{Flow, FlowEvent, Segment};
use callscope_wire::trace::TraceSpan;
use callscope_wire::{Code, FlowId, Shape, SpanId, Status, Time, TraceId};
use egui::{Key, Theme};
use egui_kittest::kittest::Queryable as _;

use crate::command::Command;
use crate::model::Model;
use crate::model::flows::Message;
use crate::model::tabs::TabId;
use crate::panel::call::fixture;
use crate::panel::call::tests::{Bench, look};

/// The call of the pictures.
pub(super) fn retried() -> Flow {
    let mut flow = Flow::new(FlowId(1));
    for (at, event) in fixture::retried_events() {
        flow.apply(at, event);
    }
    flow
}

#[test]
fn every_attempt_and_wait_has_a_lane_and_the_total_is_said() {
    let mut bench = Bench::new(fixture::place_draft());
    fixture::answered(&mut bench.model, bench.tab);
    let harness = bench.harness(Theme::Dark, [1080.0, 800.0]);
    for lane in [
        "Whole call, 12.8 ms",
        "Attempt 1 on orders-4: 14 UNAVAILABLE, 5.3 ms",
        "Back-off, 2.1 ms",
        "Attempt 2 on orders-2: 0 OK, 4.4 ms",
        "total 12.8 ms",
    ] {
        assert!(harness.query_by_label(lane).is_some(), "{lane}");
    }
}

#[test]
fn a_clicked_attempt_says_where_it_went() {
    let mut bench = Bench::new(fixture::place_draft());
    let flow = fixture::answered(&mut bench.model, bench.tab);
    let mut harness = bench.harness(Theme::Dark, [1080.0, 800.0]);
    harness.get_by_label_contains("Attempt 1 on orders-4").click();
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("native://127.0.0.1:7004").is_some());
    // The answer's footer has such a link, too; the timeline's is the last.
    harness.get_all_by_label("Show in Traffic").last().unwrap().click();
    harness.run_steps(2);
    assert_eq!(harness.state().commands, [Command::FollowFlow(Some(flow))]);
}

#[test]
fn a_tab_without_a_call_says_what_to_do() {
    let harness = Bench::new(fixture::place_draft()).harness(Theme::Light, [1080.0, 800.0]);
    assert!(harness.query_by_label_contains("see where its time goes").is_some());
}

/// A call as `declined` makes it: from, to, the span that it was made from.
struct Made<'a> {
    method: &'a str,
    caller: Option<&'a str>,
    parent: Option<u8>,
    /// Instance, from, to, how it ended; its span is the flow's id times ten and the attempt's number.
    attempts: &'a [(&'a str, f64, f64, Status)],
}

fn at(ms: f64) -> Time {
    Time(1_000_000_000 + (ms * 1e6) as u64)
}

fn span(number: u8) -> SpanId {
    SpanId([number; 8])
}

fn record(model: &mut Model, made: &Made<'_>) -> FlowId {
    let flow = model.flows.next_id();
    let own = flow.0 as u8 * 10;
    let (begun, ended) = (made.attempts[0].1, made.attempts[made.attempts.len() - 1].2);
    let trace = TraceSpan { trace_id: TraceId([7; 16]), span_id: span(own), parent: made.parent.map(span) };
    let mut apply = |time, event| model.flows.apply(flow, at(time), event);
    apply(
        begun,
        FlowEvent::Started {
            target: fixture::TARGET.into(),
            method: made.method.into(),
            shape: Shape::Unary,
            deadline: Some(Duration::from_millis(800)),
            trace: Some(trace),
            caller: made.caller.map(Into::into),
        },
    );
    for ((instance, from, to, status), attempt) in made.attempts.iter().zip(1..) {
        let (instance, address) = ((*instance).to_owned(), "native://127.0.0.1:7001".to_owned());
        let started =
            FlowEvent::AttemptStarted { attempt, instance, address, breaker: None, span: Some(span(own + attempt)) };
        if attempt > 1 {
            let delay = Duration::from_micros(400);
            apply(from - 0.4, FlowEvent::Backoff { attempt, delay, reason: "UNAVAILABLE is worth another try".into() });
        }
        apply(*from, started);
        let sent = Duration::from_micros(200);
        apply(from + 0.2, FlowEvent::Segment { attempt, segment: Segment::Send, took: sent });
        let took = Duration::from_secs_f64((to - from - 0.2) / 1e3);
        apply(*to, FlowEvent::Segment { attempt, segment: Segment::Wait, took });
        apply(*to, FlowEvent::AttemptEnded { attempt, status: status.clone() });
    }
    let status = made.attempts.last().unwrap().3.clone();
    apply(ended, FlowEvent::Ended { status });
    flow
}

/// A call of `orders-1`.
fn made<'a>(method: &'a str, parent: Option<u8>, attempts: &'a [(&'a str, f64, f64, Status)]) -> Made<'a> {
    Made { method, caller: Some("orders-1"), parent, attempts }
}

/// An order whose payment is declined: three calls below the one that somebody made, one of them with a retry.
pub(super) fn declined(model: &mut Model, tab: TabId) -> FlowId {
    let declined =
        Status::new(Code::FAILED_PRECONDITION, "the card of c-48213 is declined: EUR 1200.00 is above its limit");
    let busy = Status::new(Code::UNAVAILABLE, "the stock of this warehouse is being counted");
    let root = record(
        model,
        &Made {
            method: "shop.Orders/Place",
            caller: None,
            parent: None,
            attempts: &[("orders-1", 1.0, 24.0, declined.clone())],
        },
    );
    let parent = Some(root.0 as u8 * 10 + 1);
    let reserve = [("inventory-2", 4.0, 6.0, busy), ("inventory-1", 7.0, 9.2, Status::ok())];
    record(model, &made("shop.Inventory/Reserve", parent, &reserve));
    let charge = record(model, &made("shop.Payments/Charge", parent, &[("payments-1", 9.4, 20.0, declined)]));
    let request = Bytes::from_static(br#"{"customer_id":"c-48213","amount_minor":120000,"currency":"EUR"}"#);
    model.flows.message(charge, Message::new(at(9.4), true, request));
    record(model, &made("shop.Inventory/Release", parent, &[("inventory-1", 20.3, 22.0, Status::ok())]));
    if let Some(tab) = model.tabs.get_mut(tab) {
        tab.flow = Some(root);
    }
    root
}

fn shop() -> Bench {
    let mut bench = Bench { dock: 360.0, ..Bench::new(fixture::place_draft()) };
    declined(&mut bench.model, bench.tab);
    bench
}

const CHARGE: &str = "shop.Payments/Charge on payments-1, called by orders-1: 9 FAILED_PRECONDITION, 10.6 ms";

#[test]
fn calls_across_services_stand_below_the_attempt_that_made_them() {
    let mut harness = shop().harness(Theme::Dark, [1380.0, 860.0]);
    for lane in [
        "Attempt 1 on orders-1: 9 FAILED_PRECONDITION, 23.0 ms",
        "shop.Inventory/Reserve on inventory-1, called by orders-1: 0 OK, 5.2 ms",
        "Attempt 1 on inventory-2: 14 UNAVAILABLE, 2.0 ms",
        CHARGE,
    ] {
        assert!(harness.query_by_label(lane).is_some(), "{lane}");
    }
    look(&mut harness, "tree-dark");
    // Folded by key, the three calls go.
    harness.get_by_label_contains("Attempt 1 on orders-1").focus();
    harness.run_steps(2);
    harness.key_press(Key::ArrowLeft);
    harness.run_steps(2);
    assert!(harness.query_by_label(CHARGE).is_none());
    harness.key_press(Key::ArrowRight);
    harness.run_steps(2);
    assert!(harness.query_by_label(CHARGE).is_some());
}

#[test]
fn a_call_that_is_selected_shows_its_messages_and_leads_to_its_frames() {
    let mut harness = shop().harness(Theme::Light, [1380.0, 860.0]);
    harness.get_by_label(CHARGE).click();
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("called by orders-1 · native://127.0.0.1:7001").is_some());
    assert!(harness.query_by_label("Sent").is_some() && harness.query_by_label("Received").is_some());
    look(&mut harness, "tree-light");
    harness.get_all_by_label("Show in Traffic").last().unwrap().click();
    harness.run_steps(2);
    let follow = harness.state().commands.last().cloned();
    assert_eq!(follow, Some(Command::FollowFlow(Some(FlowId(3)))));
}

#[test]
fn the_tree_has_room_in_a_narrow_pane() {
    let bench = Bench { narrow: true, dock: 240.0, ..shop() };
    let mut harness = bench.harness(Theme::Dark, [744.0, 620.0]);
    look(&mut harness, "tree-narrow");
    assert!(harness.query_by_label(CHARGE).is_some());
}
