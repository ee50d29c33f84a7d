//! The plots as a person meets them. With `CALLSCOPE_GALLERY=folder` they are also drawn there as PNG.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use callscope_wire::capture::{Flow, FlowEvent};
use callscope_wire::policy::BreakerState;
use callscope_wire::{Code, FlowId, Shape, Status, Time};
use egui::{Key, Rect, Theme, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use egui_plot::PlotPoint;

use super::{Cx, PlotsPanel};
use crate::command::Command;
use crate::model::Model;
use crate::raster;
use crate::theme::{self, size, tokens};
use crate::widget::pane;
use callscope_wire::policy::BreakerView;

struct State {
    model: Model,
    panel: PlotsPanel,
    commands: Vec<Command>,
    dock: bool,
}

impl State {
    fn new(model: Model) -> Self {
        Self { model, panel: PlotsPanel::default(), commands: Vec::new(), dock: false }
    }
}

fn app(ui: &mut egui::Ui, state: &mut State) {
    let t = tokens(ui);
    let rect = ui.max_rect();
    ui.painter().rect_filled(rect.expand(40.0), 0, t.base);
    let cx =
        &mut Cx { model: &state.model, commands: &mut state.commands, tokens: t, narrow: rect.width() < size::NARROW };
    let at = |min: egui::Pos2, max: egui::Pos2| Rect::from_min_max(min, max);
    if state.dock {
        pane::island(ui.painter(), rect, t);
        pane::inside(ui, rect.shrink(1.0), "dock", |ui| state.panel.dock_ui(ui, cx, Some("registry:///orders")));
        return;
    }
    state.panel.logic(cx);
    let bar = at(rect.min, pos2(rect.right(), rect.top() + 44.0));
    let share = if rect.width() < size::NARROW { 0.25 } else { 0.252 };
    let split = (rect.right() - rect.width() * share).round();
    let main = at(pos2(rect.left(), rect.top() + 48.0), pos2(split, rect.bottom()));
    let side = at(pos2(split + 4.0, rect.top() + 48.0), rect.max);
    for part in [bar, main, side] {
        pane::island(ui.painter(), part, t);
    }
    pane::inside(ui, bar.shrink(1.0), "bar", |ui| state.panel.toolbar_ui(ui, cx));
    pane::inside(ui, main.shrink(1.0), "main", |ui| state.panel.main_ui(ui, cx));
    pane::inside(ui, side.shrink(1.0), "side", |ui| state.panel.side_ui(ui, cx));
}

fn harness(state: State, theme: Theme, size: [f32; 2]) -> Harness<'static, State> {
    let mut harness = Harness::builder()
        .with_size(size)
        .with_theme(theme)
        .with_render_cursor(false)
        .renderer(raster::Raster::default())
        .with_context_setup(move |ctx| {
            theme::install(ctx);
            ctx.set_theme(theme);
        })
        .build_ui_state(app, state);
    harness.run_steps(3);
    harness
}

fn picture(harness: &mut Harness<'_, State>, name: &str, theme: Theme) {
    if let Some(folder) = std::env::var_os("CALLSCOPE_GALLERY") {
        let word = if theme == Theme::Dark { "dark" } else { "light" };
        let path = PathBuf::from(folder).join(format!("{name}-{word}.png"));
        raster::save(&harness.render().unwrap(), &path).unwrap();
    }
}

/// A repeatable source of chance.
struct Dice(u64);

impl Dice {
    /// In `0..1`.
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as f64) / f64::from(1_u32 << 31)
    }
}

fn call(model: &mut Model, instance: &str, ended: Time, millis: f64, code: Code, attempts: u8) {
    let id = model.flows.next_id();
    let took = Duration::from_secs_f64(millis / 1e3);
    let started = Time(ended.0.saturating_sub(took.as_nanos() as u64));
    let mut flow = Flow::new(id);
    let mut apply = |at: Time, event: FlowEvent| {
        flow.apply(at, event.clone());
        model.flows.apply(id, at, event);
    };
    apply(
        started,
        FlowEvent::Started {
            target: "registry:///orders".to_owned(),
            method: "shop.Orders/Place".to_owned(),
            shape: Shape::Unary,
            deadline: None,
            trace: None,
            caller: None,
        },
    );
    for attempt in 1..=attempts {
        let instance = instance.to_owned();
        apply(
            started,
            FlowEvent::AttemptStarted { attempt, instance, address: String::new(), breaker: None, span: None },
        );
    }
    apply(ended, FlowEvent::Ended { status: Status::new(code, "") });
    model.series.finished(&flow);
}

fn breaker(model: &mut Model, instance: &str, at: Time, state: BreakerState) {
    let open = state == BreakerState::Open;
    let window: Vec<bool> = (0..20).map(|n| open && n * 7 % 5 < 3).collect();
    let failed = window.iter().filter(|failed| **failed).count() as f64;
    let now = BreakerView {
        service: "orders".to_owned(),
        instance: instance.to_owned(),
        state,
        since: at,
        until: open.then(|| at + Duration::from_secs(40)),
        window,
        window_size: 20,
        failure_rate: Some(failed * 5.0),
        threshold: 50.0,
        permits_left: 2,
        permits: 3,
        rejected: 318,
        opened: 3,
        last_failure: Some((at, "14 UNAVAILABLE".to_owned())),
    };
    model.series.breaker(at, now);
}

/// Five minutes of orders: four instances, of which the fourth fails in bursts and has its breaker opened.
fn orders(calls: u64) -> Model {
    let mut model = Model::default();
    let mut dice = Dice(7);
    let end = 600.0;
    let seconds = |seconds: f64| Time((seconds * 1e9) as u64);
    for (n, instance) in ["orders-1", "orders-2", "orders-3", "orders-4"].into_iter().enumerate() {
        breaker(&mut model, instance, seconds(end - 302.0 + n as f64), BreakerState::Closed);
    }
    let changes = [
        ("orders-3", 240.0, BreakerState::Open),
        ("orders-3", 200.0, BreakerState::HalfOpen),
        ("orders-3", 188.0, BreakerState::Closed),
        ("orders-4", 140.0, BreakerState::Open),
        ("orders-4", 100.0, BreakerState::HalfOpen),
        ("orders-4", 92.0, BreakerState::Open),
        ("orders-4", 52.0, BreakerState::HalfOpen),
        ("orders-4", 40.0, BreakerState::Closed),
        ("orders-4", 22.0, BreakerState::Open),
    ];
    for (instance, ago, state) in changes {
        breaker(&mut model, instance, seconds(end - ago), state);
    }
    for n in 0..calls {
        let ago = 300.0 * (1.0 - n as f64 / calls as f64);
        let which = (dice.roll() * 4.0) as usize;
        let burst = (140.0..176.0).contains(&ago) || (22.0..36.0).contains(&ago);
        let open = (ago < 140.0 && ago > 52.0) || ago < 22.0;
        let which = if which == 3 && open { 1 } else { which };
        let (name, base, spread) =
            [("orders-1", 8.0, 1.2), ("orders-2", 12.0, 1.3), ("orders-3", 18.0, 1.5), ("orders-4", 13.0, 1.4)][which];
        let sum: f64 = (0..4).map(|_| dice.roll()).sum::<f64>() - 2.0;
        let mut millis: f64 = base * f64::powf(spread, sum * 1.8);
        let mut code = Code::OK;
        let mut attempts = 1;
        if dice.roll() < 0.01 {
            millis *= 6.0;
        }
        if burst && which == 3 {
            millis = 60.0 * f64::powf(1.8, sum * 1.8);
            attempts = 2;
            if dice.roll() < 0.5 {
                code = Code::UNAVAILABLE;
            }
        }
        call(&mut model, name, seconds(end - ago), millis, code, attempts);
    }
    model.now = seconds(end);
    model
}

#[test]
fn a_busy_service_in_both_themes_and_narrow() {
    for theme in [Theme::Dark, Theme::Light] {
        let mut full = harness(State::new(orders(3_000)), theme, [1376.0, 830.0]);
        assert!(full.query_by_label("Latency").is_none(), "plots are one picture, not a heap of labels");
        full.get_by_label("OPEN");
        full.get_by_label_contains("orders-4 ");
        full.hover_at(pos2(560.0, 140.0));
        full.run_steps(2);
        picture(&mut full, "plots", theme);
        let mut narrow = harness(State::new(orders(600)), theme, [936.0, 630.0]);
        picture(&mut narrow, "plots-narrow", theme);
        let mut dock = harness(State { dock: true, ..State::new(orders(600)) }, theme, [1040.0, 230.0]);
        picture(&mut dock, "plots-dock", theme);
    }
}

#[test]
fn without_calls_it_says_what_to_do() {
    for theme in [Theme::Dark, Theme::Light] {
        let mut harness = harness(State::new(Model::default()), theme, [1376.0, 830.0]);
        harness.get_by_label("No calls yet");
        picture(&mut harness, "plots-empty", theme);
        harness.get_by_label("Choose a method").click();
        harness.run();
        assert_eq!(harness.state().commands, [Command::Show(crate::command::View::Services)]);
    }
}

#[test]
fn a_click_on_a_point_opens_its_call() {
    let mut model = Model::default();
    for (n, millis) in [5.0, 50.0, 12.0].into_iter().enumerate() {
        call(&mut model, "orders-1", Time::from_millis(400_000 + n as u64 * 20_000), millis, Code::OK, 1);
    }
    model.now = Time::from_millis(440_000);
    let mut harness = harness(State::new(model), Theme::Dark, [1376.0, 830.0]);
    let transform = harness.state().panel.main.pointer.latency.unwrap();
    let at = transform.position_from_point(&PlotPoint::new(-20.0, 50.0_f64.log10()));
    harness.hover_at(at);
    harness.run_steps(2);
    picture(&mut harness, "plots-point", Theme::Dark);
    harness.drag_at(at);
    harness.drop_at(at);
    harness.run_steps(2);
    assert_eq!(harness.state().commands, [Command::ShowFlow(FlowId(2))]);
}

#[test]
fn the_arrow_keys_read_step_by_step_and_enter_opens_the_slowest() {
    let mut model = Model::default();
    for (at, millis) in [(401_000, 5.0), (402_000, 80.0), (403_000, 7.0), (440_000, 9.0)] {
        call(&mut model, "orders-1", Time::from_millis(at), millis, Code::OK, 1);
    }
    let mut harness = harness(State::new(model), Theme::Dark, [1376.0, 830.0]);
    harness.state_mut().panel.main.query.window = super::data::Window::Five;
    harness.get_by_label("Plots").focus();
    harness.run_steps(2);
    // The last step is that of 440 s; eight steps of 5 s earlier lies 400 s.
    for _ in 0..8 {
        harness.key_press(Key::ArrowLeft);
    }
    harness.run_steps(10);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(harness.state().commands, [Command::ShowFlow(FlowId(2))]);
}

#[test]
fn paused_plots_hold_still_and_idle_ones_do_not_repaint() {
    let mut model = orders(300);
    // Nothing counts down.
    breaker(&mut model, "orders-4", Time::from_millis(599_500), BreakerState::Closed);
    let mut harness = harness(State::new(model), Theme::Dark, [1376.0, 830.0]);
    assert!(harness.try_run().is_ok(), "nothing runs, so nothing asks to be painted again");
    let end = harness.state().panel.main.plotted.as_ref().unwrap().end;
    harness.get_by_label("Live").click();
    harness.run();
    call(&mut harness.state_mut().model, "orders-1", Time::from_millis(610_000), 5.0, Code::OK, 1);
    harness.run_steps(2);
    assert_eq!(harness.state().panel.main.plotted.as_ref().unwrap().end, end);
    harness.get_by_label("Paused").click();
    harness.run_steps(3);
    assert_eq!(harness.state().panel.main.plotted.as_ref().unwrap().end, Time::from_millis(610_000));
}

#[test]
fn another_window_and_fewer_instances() {
    let mut harness = harness(State::new(orders(1_000)), Theme::Dark, [1376.0, 830.0]);
    harness.get_by_label("1 m").click();
    harness.run_steps(2);
    let calls = harness.state().panel.main.plotted.as_ref().unwrap().calls;
    assert!((190..=201).contains(&calls), "{calls}");
    harness.get_by_label("4 instances").click();
    harness.run_steps(2);
    harness.get_by_label("orders-2").click();
    harness.run_steps(2);
    harness.get_by_label("3 of 4 instances");
    assert!(harness.state().panel.main.plotted.as_ref().unwrap().calls < calls);
}

/// Prints what a frame costs; the goal is 4 ms in a release build.
#[test]
fn cost_of_four_thousand_points() {
    for calls in [4_000, 60_000] {
        let mut harness = harness(State::new(orders(calls)), Theme::Dark, [1376.0, 830.0]);
        let begun = Instant::now();
        harness.run_steps(20);
        println!("{calls} calls: {:?} a frame with tessellation left out", begun.elapsed() / 20);
        let state = harness.state_mut();
        let begun = Instant::now();
        state.panel.main.computed = None;
        state.panel.main.update(&state.model.series, state.model.now);
        println!("{calls} calls: {:?} to compute", begun.elapsed());
    }
}

#[test]
fn many_points_are_worked_on_beside_the_window() {
    let mut harness = harness(State::new(orders(30_000)), Theme::Dark, [1376.0, 830.0]);
    let wait = |harness: &mut Harness<'_, State>| {
        let end = Instant::now() + Duration::from_mins(1);
        while harness.state().panel.main.work.is_some() || harness.state().panel.main.computed.is_none() {
            assert!(Instant::now() < end, "the thread does not come back");
            std::thread::yield_now();
            harness.step();
        }
    };
    wait(&mut harness);
    let calls = |harness: &Harness<'_, State>| harness.state().panel.main.plotted.as_ref().unwrap().calls;
    let all = calls(&harness);
    assert!(all > 4_000, "{all} calls would have been counted at once");
    // Another question while it works: what it brings back is not what is asked for any more.
    let state = harness.state_mut();
    state.panel.main.computed = None;
    state.panel.main.update(&state.model.series, state.model.now);
    assert!(state.panel.main.work.is_some());
    state.panel.main.query.hidden.push("orders-2".to_owned());
    state.panel.main.update(&state.model.series, state.model.now);
    wait(&mut harness);
    assert!(calls(&harness) < all, "an instance less");
}
