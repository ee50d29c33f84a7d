//! The window's state and its frame: take notices, paint, carry out commands.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::backend::{Backend, BackendOptions, Notice, Wake};
use crate::command::{Command, View};
use crate::dialog::files::{FileDialogs, Native};
use crate::dialog::palette::Palette;
use crate::kept::{Bodies, Keeper, Kept};
use crate::model::Model;
use crate::model::log::Level;
use crate::panel::Cx;
use crate::run::Running;
use crate::shell::{Layout, Panels, window_ui};
use crate::theme::{self, size};
use crate::widget::composing::Composing;

/// A live feed repaints at most this often.
const FEED: Duration = Duration::from_millis(33);
/// Drafts are never lost, not even when the process is killed: at most this much typing is.
const KEEP: Duration = Duration::from_secs(5);
/// A paint this much later is certainly behind it.
const KEEP_LATER: Duration = Duration::from_millis(100);

/// How a window is opened.
pub struct Options {
    /// Engine options.
    pub backend: BackendOptions,
    /// Open this workspace folder or call file.
    pub open: Option<std::path::PathBuf>,
    /// The file in which layout, settings and drafts are kept between runs; `None`: nowhere.
    pub state: Option<std::path::PathBuf>,
    /// How files are asked for.
    pub dialogs: Box<dyn FileDialogs>,
    /// The locale that the system asks for, for who has not chosen a language.
    pub locale: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            backend: BackendOptions { world: true, churn: true },
            open: None,
            state: None,
            dialogs: Box::new(Native),
            locale: None,
        }
    }
}

/// The window.
pub struct App {
    /// What there is to show.
    pub model: Model,
    /// Where it is shown.
    pub layout: Layout,
    pub(crate) panels: Panels,
    pub(crate) palette: Palette,
    pub(crate) backend: Backend,
    pub(crate) running: Running,
    commands: Vec<Command>,
    pub(crate) keeper: Keeper,
    pub(crate) locale: Option<String>,
    /// When the last state was kept, and whether something was done since.
    kept_at: Instant,
    unkept: bool,
    /// Paints since the start; what "nothing changes, nothing is painted" is tested by.
    pub frames: u64,
}

impl App {
    /// Starts the engine and takes up where the last run left off.
    ///
    /// # Errors
    /// When no thread or runtime can be started.
    pub fn new(ctx: &egui::Context, options: Options) -> std::io::Result<Self> {
        theme::install(ctx);
        ctx.add_plugin(Composing::default());
        let mut model = Model::default();
        let keeper = Keeper::new(options.state);
        let first_run = keeper.is_first_run();
        let kept = keeper.load();
        let unreadable = kept.as_ref().err().cloned();
        let kept = kept.ok().flatten().unwrap_or_default();
        model.settings = kept.settings;
        let wake: Wake = {
            let ctx = ctx.clone();
            Arc::new(move || ctx.request_repaint_after(FEED))
        };
        let backend = Backend::start(&options.backend, model.traffic.share(), wake)?;
        let mut app = Self {
            model,
            layout: Layout::from_text(&kept.layout).unwrap_or_default(),
            panels: Panels::default(),
            palette: Palette::default(),
            backend,
            running: Running::new(options.dialogs),
            commands: Vec::new(),
            keeper,
            locale: options.locale,
            kept_at: Instant::now(),
            unkept: false,
            frames: 0,
        };
        app.model.now = app.backend.now();
        app.apply_settings(ctx);
        if let Some(why) = unreadable {
            app.model.log.push(app.model.now, Level::Error, why.clone());
            app.model.toasts.error(app.model.now, why);
        }
        app.restore_tabs(&kept.tabs);
        app.open_at_start(ctx, options.open, first_run);
        Ok(app)
    }

    /// Has a command carried out with the next frame, as if a panel had pushed it.
    pub fn push(&mut self, command: Command) {
        self.commands.push(command);
    }

    /// Writes down what the next run takes up.
    pub fn keep(&mut self) {
        let mut bodies = Bodies::default();
        let kept = Kept {
            layout: self.layout.to_text().unwrap_or_default(),
            settings: self.model.settings.clone(),
            tabs: self.tabs_to_text(&mut bodies).unwrap_or_default(),
        };
        let notices = self.backend.notices();
        self.keeper.keep(&kept, bodies, move |why| notices.push(Notice::Log(Level::Error, why)));
        self.kept_at = Instant::now();
        self.unkept = false;
    }

    /// Calls in flight and everything that happened, taken into the model.
    fn take_notices(&mut self) {
        for notice in self.backend.take() {
            self.take(notice);
        }
    }

    fn take(&mut self, notice: Notice) {
        let now = self.model.now;
        match notice {
            Notice::Flow(flow, at, event) => self.flow_event(flow, at, event),
            Notice::Counted(flow, counted) => self.model.flows.counted(flow, counted),
            Notice::Messages(flow, messages) => self.model.flows.take(flow, messages),
            Notice::Breaker(at, view) => self.model.series.breaker(at, *view),
            Notice::Discovered(at, snapshot) => self.discovered(at, snapshot),
            Notice::Source { address, lost } => self.source_state(&address, lost),
            Notice::Schema { target, schema } => self.schema(&target, schema),
            Notice::Repeated { tab, flow } => self.repeated(tab, flow),
            Notice::World(address) => self.world(address),
            Notice::Frames => {}
            Notice::Log(level, text) => self.model.log.push(now, level, text),
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.model.now = self.backend.now();
        self.take_notices();
        self.finish_promises(ctx);
        self.compare_due(ctx);
        if let Some(wait) = self.send_due() {
            ctx.request_repaint_after(wait);
        }
        self.model.toasts.expire(self.model.now);
        self.take_dropped_files(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.frames += 1;
        let ctx = ui.ctx().clone();
        let mut commands = std::mem::take(&mut self.commands);
        {
            let narrow = ctx.content_rect().width() < size::NARROW;
            let mut cx = Cx { model: &self.model, commands: &mut commands, tokens: theme::tokens(&ctx), narrow };
            window_ui(ui, &mut self.panels, &mut self.layout, self.palette.is_open(), &mut cx);
            self.palette.ui(ui, &mut cx);
        }
        self.unkept |= !commands.is_empty() || ctx.input(|input| input.pointer.any_released());
        if !commands.is_empty() {
            for command in commands.drain(..) {
                self.run(&ctx, command);
            }
            // What was done is seen in the next frame, at once.
            ctx.request_repaint();
        }
        self.commands = commands;
        if self.unkept {
            // Keeping happens behind a paint, and an idle window has none: ask for the one that it needs.
            let wait = (KEEP + KEEP_LATER).saturating_sub(self.kept_at.elapsed());
            if wait.is_zero() {
                // It follows now, or there is nowhere to keep anything.
                self.unkept = false;
            } else {
                ctx.request_repaint_after(wait);
            }
        }
        self.sync_layout();
        let services = self.layout.sidebar && self.layout.view == View::Services;
        self.backend.show_leases(services && self.panels.services.shows_leases());
    }

    fn save(&mut self, _storage: &mut dyn eframe::Storage) {
        // Not in eframe's own file: that one is cut to nothing before it is written anew.
        self.keep();
    }

    fn auto_save_interval(&self) -> Duration {
        KEEP
    }

    fn persist_egui_memory(&self) -> bool {
        // Scroll offsets and menus of another day help nobody; what matters is kept above.
        false
    }
}
