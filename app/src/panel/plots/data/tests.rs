//! Points in, numbers out.

use super::*;
use callscope_wire::capture::{Flow, FlowEvent};
use callscope_wire::policy::BreakerView;
use callscope_wire::{FlowId, Shape, Status};
use std::time::Duration;

/// One call: instance, when it ended (ms), how long it took (ms), code, attempts.
fn call(series: &mut Series, instance: &str, at: u64, took: u64, code: Code, attempts: u8) {
    let mut flow = Flow::new(FlowId(at));
    let started = FlowEvent::Started {
        target: "registry:///orders".to_owned(),
        method: "shop.Orders/Place".to_owned(),
        shape: Shape::Unary,
        deadline: None,
        trace: None,
        caller: None,
    };
    flow.apply(Time::from_millis(at - took), started);
    for attempt in 1..=attempts {
        let event = FlowEvent::AttemptStarted {
            attempt,
            instance: instance.to_owned(),
            address: String::new(),
            breaker: None,
            span: None,
        };
        flow.apply(Time::from_millis(at - took), event);
    }
    flow.apply(Time::from_millis(at), FlowEvent::Ended { status: Status::new(code, "") });
    series.finished(&flow);
}

fn orders() -> Query {
    Query { service: "orders".to_owned(), window: Window::Minute, ..Query::default() }
}

#[test]
fn a_target_names_its_service() {
    for (target, service) in [
        ("registry:///orders", "orders"),
        ("registry://127.0.0.1:7000/orders@orders-1", "orders"),
        ("native://127.0.0.1:9", "127.0.0.1:9"),
        ("thrift://h:1?protocol=json", "h:1"),
    ] {
        assert_eq!(service_of(target), service);
    }
}

#[test]
fn quantiles_are_exact_and_gaps_break_lines() {
    let mut series = Series::default();
    for n in 1..=100 {
        call(&mut series, "orders-1", 100_000 + n, n, Code::OK, 1);
    }
    call(&mut series, "orders-1", 110_500, 7, Code::OK, 1);
    let plotted = plot(&series, &orders(), &mut Names::default()).unwrap();
    let full = plotted.buckets.iter().find(|bucket| bucket.calls == 100).unwrap();
    assert_eq!(full.quantiles, Some([50.0, 90.0, 99.0]));
    assert_eq!(plotted.quantiles[0].len(), 1, "ten seconds without a call are a gap, and one call makes no line");
    assert_eq!(plotted.last, Some([7.0, 7.0, 7.0]));
    assert_eq!(plotted.calls, 101);
    assert_eq!(plotted.rows[0].name, "orders-1");
    assert!((plotted.rows[0].rate - 101.0 / 10.499).abs() < 0.01, "{}", plotted.rows[0].rate);
}

#[test]
fn retries_and_failures_are_told_apart_by_instance() {
    let mut series = Series::default();
    call(&mut series, "orders-1", 50_100, 10, Code::OK, 2);
    call(&mut series, "orders-2", 50_200, 20, Code::UNAVAILABLE, 4);
    call(&mut series, "", 50_300, 0, Code::CIRCUIT_OPEN, 0);
    call(&mut series, "orders-2", 50_900, 30, Code::CANCELLED, 1);
    let plotted = plot(&series, &orders(), &mut Names::default()).unwrap();
    let bucket = plotted.buckets.iter().find(|bucket| bucket.calls > 0).unwrap();
    assert_eq!((bucket.calls, bucket.recovered, bucket.gave_up), (4, 1, 1));
    assert_eq!(bucket.instances[&1], (5, 1), "four attempts of one call, and one of another");
    assert_eq!(bucket.quantiles, Some([10.0, 20.0, 20.0]), "neither what was never sent nor what was canceled counts");
    assert_eq!(plotted.failures.len(), 2);
    assert_eq!(plotted.rows.iter().map(|row| row.errors).collect::<Vec<_>>(), [0.0, 20.0]);
    let hidden = Query { hidden: vec!["orders-2".to_owned()], ..orders() };
    assert_eq!(plot(&series, &hidden, &mut Names::default()).unwrap().rows.len(), 1);
    let other = Query { service: "payments".to_owned(), ..orders() };
    assert_eq!(plot(&series, &other, &mut Names::default()).unwrap().calls, 0);
}

#[test]
fn an_attempt_that_was_tried_again_elsewhere_counts_for_its_instance() {
    let mut series = Series::default();
    let mut flow = Flow::new(FlowId(1));
    let at = Time::from_millis;
    for (attempt, instance, code) in [(1, "orders-3", Code::UNAVAILABLE), (2, "orders-1", Code::OK)] {
        let instance = instance.to_owned();
        flow.apply(
            at(50_000),
            FlowEvent::AttemptStarted { attempt, instance, address: String::new(), breaker: None, span: None },
        );
        flow.apply(at(50_010), FlowEvent::AttemptEnded { attempt, status: Status::new(code, "") });
    }
    flow.target = "registry:///orders".to_owned();
    flow.apply(at(50_020), FlowEvent::Ended { status: Status::ok() });
    series.finished(&flow);
    let plotted = plot(&series, &orders(), &mut Names::default()).unwrap();
    let errors: Vec<_> = plotted.rows.iter().map(|row| (row.name.as_str(), row.errors, row.p50.is_some())).collect();
    assert_eq!(errors, [("orders-1", 0.0, true), ("orders-3", 100.0, false)]);
    assert_eq!(plotted.calls, 1, "one call, one point");
}

#[test]
fn a_breaker_is_a_band_from_its_first_word_on() {
    let mut series = Series::default();
    let now = |state| BreakerView {
        service: "orders".to_owned(),
        instance: "orders-3".to_owned(),
        state,
        ..BreakerView::default()
    };
    for (at, state) in [(80_000, BreakerState::Closed), (90_000, BreakerState::Open), (95_000, BreakerState::HalfOpen)]
    {
        series.breaker(Time::from_millis(at), now(state));
    }
    call(&mut series, "orders-3", 100_000, 5, Code::OK, 1);
    let plotted = plot(&series, &orders(), &mut Names::default()).unwrap();
    assert_eq!(
        plotted.bands[0].spans,
        [(-20.0, -10.0, BreakerState::Closed), (-10.0, -5.0, BreakerState::Open), (-5.0, 0.0, BreakerState::HalfOpen)]
    );
}

#[test]
fn colors_stay_with_their_instances_and_many_points_are_thinned() {
    let mut series = Series::default();
    let mut names = Names::default();
    call(&mut series, "orders-2", 60_000, 5, Code::OK, 1);
    plot(&series, &orders(), &mut names).unwrap();
    for n in 0..50_000_u64 {
        let instance = if n % 2 == 0 { "orders-1" } else { "orders-2" };
        call(&mut series, instance, 60_000 + n, 1 + n * 7919 % 300, Code::OK, 1);
    }
    let plotted = plot(&series, &orders(), &mut names).unwrap();
    assert_eq!(names.iter().collect::<Vec<_>>(), ["orders-2", "orders-1"]);
    assert_eq!(plotted.calls, 50_001);
    assert!(plotted.hits.len() <= SCATTER_LIMIT, "{}", plotted.hits.len());
    assert!(plotted.hits.len() > SCATTER_LIMIT / 3, "{}", plotted.hits.len());
}

#[test]
fn a_fixed_end_shows_nothing_newer() {
    let mut series = Series::default();
    call(&mut series, "orders-1", 50_000, 5, Code::OK, 1);
    call(&mut series, "orders-1", 70_000, 5, Code::OK, 1);
    let paused = Query { end: Some(Time::from_millis(60_000)), ..orders() };
    let plotted = plot(&series, &paused, &mut Names::default()).unwrap();
    assert_eq!((plotted.calls, plotted.end), (1, Time::from_millis(60_000)));
    assert!(plot(&Series::default(), &orders(), &mut Names::default()).is_none());
    assert_eq!(Duration::from_mins(1), Duration::from_secs(u64::from(Window::Minute.seconds())));
}
