//! The waterfall by the names of its lanes.

use callscope_wire::FlowId;
use callscope_wire::capture::Flow;
use egui::Theme;
use egui_kittest::kittest::Queryable as _;

use crate::command::Command;
use crate::panel::call::fixture;
use crate::panel::call::tests::Bench;

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
