//! What a frame of the window costs: logic, layout and tessellation, as egui's own backend has them done, without the rasterizer.
//!
//! ```sh
//! cargo bench -p callscope-tests --features bench --bench window
//! ```
//!
//! Budgets are percentiles of frames in a row (what a hand on the wheel feels), which criterion does not give: hence a harness of
//! its own. `tests/benches/window/start` measures what needs the real window: first frame, idle CPU, memory, size.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints what it found, and stops where it cannot go on"
)]

use std::time::{Duration, Instant};

use callscope::app::{App, Options};
use callscope::backend::BackendOptions;
use callscope::command::{Command, View};
use callscope::dialog::files::Scripted;
use callscope::model::draft::{Draft, PreparedMessage};
use callscope_wire::frame::native::grouped;
use egui::{Event, MouseWheelUnit, Pos2, RawInput, Rect, TouchPhase, Vec2, pos2, vec2};

mod filled;

const SIZE: Vec2 = vec2(1440.0, 900.0);
/// Frames of one scenario.
const FRAMES: usize = 600;
/// A live feed repaints no more often.
const FEED: Duration = Duration::from_millis(33);

/// The window's state, run by hand.
struct Window {
    ctx: egui::Context,
    app: App,
    frame: eframe::Frame,
    started: Instant,
}

impl Window {
    fn open(world: bool) -> Self {
        let ctx = egui::Context::default();
        let options = Options {
            backend: BackendOptions { world, churn: false },
            open: None,
            state: None,
            dialogs: Box::new(Scripted::new([])),
            locale: None,
        };
        let app = App::new(&ctx, options).expect("the engine starts");
        let mut window = Self { ctx, app, frame: eframe::Frame::_new_kittest(), started: Instant::now() };
        window.settle();
        window
    }

    /// One frame; what it took up to the triangles.
    fn paint(&mut self, events: Vec<Event>) -> Duration {
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, SIZE)),
            time: Some(self.started.elapsed().as_secs_f64()),
            events,
            focused: true,
            ..RawInput::default()
        };
        let begun = Instant::now();
        let output = self.ctx.run_ui(input, |ui| {
            eframe::App::logic(&mut self.app, ui.ctx(), &mut self.frame);
            eframe::App::ui(&mut self.app, ui, &mut self.frame);
        });
        let triangles = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        let took = begun.elapsed();
        assert!(!triangles.is_empty());
        // Nobody uploads textures here.
        drop(output.textures_delta);
        took
    }

    fn settle(&mut self) {
        for _ in 0..5 {
            self.paint(Vec::new());
        }
    }

    fn push(&mut self, command: Command) {
        self.app.push(command);
        self.settle();
    }

    /// Paints until the condition holds.
    fn until(&mut self, what: &str, holds: impl Fn(&App) -> bool) {
        let end = Instant::now() + Duration::from_mins(1);
        while !holds(&self.app) {
            assert!(Instant::now() < end, "not within a minute: {what}");
            std::thread::sleep(Duration::from_millis(10));
            self.paint(Vec::new());
        }
    }
}

fn main() {
    println!(
        "ui + tessellation of one frame, 1440x900\n\n| | median | p99 | longest | budget |\n|---|--:|--:|--:|--:|"
    );
    traffic();
    plots();
    stream();
    tree();
}

/// Lists under a hand on the wheel. How long they are must not matter; the budget is for 100,000 rows.
fn traffic() {
    for rows in [1_000, 10_000, 100_000, 1_000_000] {
        let mut window = Window::open(false);
        filled::traffic(&window.app.model.traffic.share(), rows);
        window.push(Command::Show(View::Traffic));
        let times = (0..FRAMES).map(|frame| {
            let points = if frame % 100 < 50 { 400.0 } else { -380.0 };
            window.paint(wheel(pos2(500.0, 400.0), points))
        });
        report(&format!("traffic, {} rows, scrolled", grouped(rows as u64)), times.collect(), "4 ms");
    }
}

/// Plots of 60,000 calls within a minute, a new one with every frame.
fn plots() {
    let mut window = Window::open(false);
    filled::calls(&mut window.app.model.series, 0..60_000);
    window.push(Command::Show(View::Plots));
    let times = (0..FRAMES as u64).map(|frame| {
        filled::calls(&mut window.app.model.series, 60_000 + frame..60_001 + frame);
        window.paint(Vec::new())
    });
    report("plots, 60,000 calls, one more each frame", times.collect(), "8 ms");
}

/// A call's answers at 10,000 a second.
fn stream() {
    let mut window = Window::open(true);
    window.until("the world is there", |app| {
        let services = app.model.services.sources.iter().flat_map(|source| &source.services);
        let mut known = services.filter(|service| service.name == "ticker");
        known.any(|service| service.schema.ready().is_some())
    });
    let message = PreparedMessage { text: r#"{"per_second": 10000}"#.to_owned(), ..PreparedMessage::default() };
    window.push(Command::OpenDraft(Box::new(Draft {
        target: "registry:///ticker".to_owned(),
        method: "demo.Ticker/Watch".to_owned(),
        messages: vec![message],
        ..Draft::default()
    })));
    let tab = window.app.model.tabs.active.expect("a tab");
    window.until("the call can be made", |app| {
        app.model.tabs.active().is_some_and(|tab| tab.shape() == callscope_wire::Shape::ServerStream)
    });
    window.push(Command::Start(tab));
    window.until("answers come", |app| app.model.flows.running == 1);
    // Long enough that what is bounded has reached its bounds.
    let times = (0..FRAMES / 2).map(|_| {
        std::thread::sleep(FEED);
        window.paint(Vec::new())
    });
    report("a call's answers, 10,000 messages/s", times.collect(), "8 ms");
    window.push(Command::Cancel(tab));
}

/// An answer of 1 MB as a tree, scrolled.
fn tree() {
    let mut window = Window::open(true);
    window.until("the world is there", |app| {
        let services = app.model.services.sources.iter().flat_map(|source| &source.services);
        let mut known = services.filter(|service| service.name == "greeter");
        known.any(|service| service.schema.ready().is_some())
    });
    let server = filled::big_answer();
    window.push(Command::OpenDraft(Box::new(Draft {
        target: server.address(),
        method: "bench.Big/Get".to_owned(),
        messages: vec![PreparedMessage { text: "{}".to_owned(), ..PreparedMessage::default() }],
        ..Draft::default()
    })));
    let tab = window.app.model.tabs.active.expect("a tab");
    window.until("the call can be made", |app| app.model.tabs.active().is_some());
    window.push(Command::Send(tab));
    window.until("the answer is there", |app| app.model.flows.running == 0 && app.model.flows.len() == 1);
    window.settle();
    let times = (0..FRAMES)
        .map(|frame| window.paint(wheel(pos2(1100.0, 350.0), if frame % 100 < 50 { -300.0 } else { 290.0 })));
    report("an answer of 1 MB as a tree, scrolled", times.collect(), "8 ms");
}

fn wheel(at: Pos2, points: f32) -> Vec<Event> {
    let delta = vec2(0.0, points);
    vec![
        Event::PointerMoved(at),
        Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            delta,
            phase: TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
            modifiers: egui::Modifiers::NONE,
        },
    ]
}

fn report(what: &str, mut times: Vec<Duration>, budget: &str) {
    times.sort_unstable();
    let at = |share: f64| {
        times.get(((times.len() - 1) as f64 * share) as usize).map_or(f64::NAN, |it| it.as_secs_f64() * 1e3)
    };
    println!("| {what} | {:.2} ms | {:.2} ms | {:.2} ms | {budget} |", at(0.5), at(0.99), at(1.0));
}
