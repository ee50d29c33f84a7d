//! A window to work with: the real app on the real engine, found by accessible names, without a display.

use std::path::Path;
use std::time::{Duration, Instant};

use callscope::app::{App, Options};
use callscope::backend::BackendOptions;
use callscope::dialog::files::Scripted;
use egui::epaint::{Shape, TextShape};
use egui::{Key, Modifiers, Rect};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

/// The longest that anything in a test may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A window of 1440x900 points.
pub struct Window {
    pub harness: Harness<'static, App>,
}

impl Window {
    /// Opens a window on an embedded world whose instances stay. `answers` are given to file dialogs, in order.
    pub fn open(workspace: Option<&Path>, answers: impl IntoIterator<Item = std::path::PathBuf>) -> Self {
        Self::start(workspace, answers, None)
    }

    /// Opens a window that keeps its state in this file, and takes up what is there.
    pub fn open_kept(state: &Path) -> Self {
        Self::start(None, [], Some(state))
    }

    /// Opens a window of this size that speaks as the system's locale asks for.
    pub fn open_in(locale: &str, size: [f32; 2], workspace: Option<&Path>) -> Self {
        let options = Options {
            backend: BackendOptions { world: true, churn: false },
            open: workspace.map(Path::to_owned),
            state: None,
            dialogs: Box::new(Scripted::new([])),
            locale: Some(locale.to_owned()),
        };
        Self::build(options, size)
    }

    fn start(
        workspace: Option<&Path>,
        answers: impl IntoIterator<Item = std::path::PathBuf>,
        state: Option<&Path>,
    ) -> Self {
        let options = Options {
            backend: BackendOptions { world: true, churn: false },
            open: workspace.map(Path::to_owned),
            state: state.map(Path::to_owned),
            dialogs: Box::new(Scripted::new(answers)),
            ..Options::default()
        };
        Self::build(options, [1440.0, 900.0])
    }

    fn build(options: Options, size: [f32; 2]) -> Self {
        let harness = Harness::builder()
            .with_size(size)
            // What runs repaints; `wait_until` steps instead of waiting for the end of that.
            .with_max_steps(4)
            .build_eframe(|cx| App::new(&cx.egui_ctx, options).expect("the engine starts"));
        Self { harness }
    }

    /// Steps until the condition holds.
    pub fn wait_until(&mut self, what: &str, mut holds: impl FnMut(&App) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds(self.harness.state()) {
            assert!(Instant::now() < end, "not within {PATIENCE:?}: {what}");
            std::thread::sleep(Duration::from_millis(10));
            self.harness.step();
        }
    }

    /// Steps until something with this accessible name is on screen.
    pub fn wait_for(&mut self, label: &str) {
        let end = Instant::now() + PATIENCE;
        while self.harness.query_all_by_label_contains(label).next().is_none() {
            assert!(Instant::now() < end, "not on screen within {PATIENCE:?}: {label}");
            std::thread::sleep(Duration::from_millis(10));
            self.harness.step();
        }
    }

    /// Clicks the first thing with this accessible name.
    pub fn click(&mut self, label: &str) {
        self.wait_for(label);
        let end = Instant::now() + PATIENCE;
        loop {
            let exact = self.harness.query_all_by_label(label).next();
            if let Some(node) = exact.or_else(|| self.harness.query_all_by_label_contains(label).next()) {
                node.click();
                break;
            }
            assert!(Instant::now() < end, "it went away: {label}");
            self.harness.step();
        }
        self.settle();
    }

    /// Presses keys together.
    pub fn keys(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.settle();
    }

    /// Presses Ctrl (Cmd on macOS) and a key.
    pub fn ctrl(&mut self, key: Key) {
        self.keys(Modifiers::COMMAND, key);
    }

    /// Types into what has the focus.
    pub fn type_text(&mut self, text: &str) {
        self.harness.event(egui::Event::Text(text.to_owned()));
        self.settle();
    }

    /// Lets what was done be seen.
    pub fn settle(&mut self) {
        self.harness.run_steps(4);
    }

    /// Every text that is painted, and the place that it is cut to.
    pub fn painted(&self) -> Vec<(TextShape, Rect)> {
        fn collect(shape: &Shape, clip: Rect, out: &mut Vec<(TextShape, Rect)>) {
            match shape {
                Shape::Text(text) => out.push((text.clone(), clip)),
                Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, clip, out)),
                _ => {}
            }
        }
        let mut out = Vec::new();
        for clipped in &self.harness.output().shapes {
            collect(&clipped.shape, clipped.clip_rect, &mut out);
        }
        out
    }

    /// Whether something painted has this in it.
    pub fn says(&self, words: &str) -> bool {
        self.painted().iter().any(|(shape, _)| shape.galley.text().contains(words))
    }

    /// The window's state.
    pub fn app(&self) -> &App {
        self.harness.state()
    }

    /// Everything on screen that has a name, for messages.
    pub fn names(&self) -> String {
        let mut names = Vec::new();
        let mut open = vec![self.harness.root()];
        while let Some(node) = open.pop() {
            if let Some(label) = node.accesskit_node().label() {
                names.push(label);
            }
            open.extend(node.children());
        }
        names.join(" | ")
    }
}
