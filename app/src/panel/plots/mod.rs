//! Latency, calls, retries and breakers over one time axis, drawn only from recorded events.
//!
//! ```text
//!  model.series ──▶ data (counts, sorts, thins; once per change, much of it in a thread) ──▶ draw, pointer
//!  breakers ──────▶ breaker, instances (the side)
//! ```
//!
//! It must not know how calls are made, nor ask for repaints while nothing new was recorded.

mod breaker;
mod data;
mod draw;
mod instances;
mod pointer;
#[cfg(test)]
mod tests;
mod words;

use std::time::Duration;

use callscope_wire::Time;
use callscope_wire::policy::BreakerState;
use egui::{Ui, vec2};
use poll_promise::Promise;
use rust_i18n::t;

use self::data::{Names, Plotted, Query, Window};
use super::Cx;
use crate::command::{ACTS, Act, Command, View as AppView};
use crate::model::Model;
use crate::model::series::Series;
use crate::theme::{font, icon, size};
use crate::widget::{button, edge, empty, mark, menu, pane, segmented, select, text};

/// Above so many calls in the window, plots are computed anew at most this often: sorting them takes a thread its time.
const PAUSES: [(usize, Duration); 2] =
    [(50_000, Duration::from_secs(1)), (data::SCATTER_LIMIT, Duration::from_millis(200))];

/// The plots view and the plots of the dock.
#[derive(Default)]
pub struct PlotsPanel {
    main: Subject,
    dock: Subject,
    /// This one lives in the dock, where only [`Self::dock_ui`] is asked for.
    docked: bool,
    /// The breaker that the user chose to see, by service and instance.
    breaker: Option<(String, String)>,
}

/// More points than this are not worked on in a frame.
const AT_ONCE: usize = 4_000;

/// While a thread works its result is looked for this often.
const LOOK: Duration = Duration::from_millis(8);

/// What a thread works out: what is drawn, the names that it met, and what it was asked.
type Work = Promise<(Option<Plotted>, Names, Stamp)>;

/// What a set of plots is of, and what was computed for it.
#[derive(Default)]
struct Subject {
    query: Query,
    /// A service was chosen, by the user or for being the first one.
    chosen: bool,
    names: Names,
    plotted: Option<Plotted>,
    computed: Option<Stamp>,
    /// At most one at a time.
    work: Option<Work>,
    /// There is something newer, to be computed after this time.
    due: Option<Duration>,
    pointer: pointer::Pointer,
}

#[derive(PartialEq)]
struct Stamp {
    revision: u64,
    query: Query,
    at: Time,
}

impl PlotsPanel {
    /// Computes what is new.
    pub fn logic(&mut self, cx: &mut Cx<'_>) {
        if self.docked {
            return;
        }
        let series = &cx.model.series;
        if !self.main.chosen
            && let Some(last) = series.points.back()
        {
            data::service_of(&last.target).clone_into(&mut self.main.query.service);
            self.main.chosen = true;
        }
        self.main.update(series, cx.now());
    }

    /// Shows this service (as a target names it) from now on.
    pub fn show_service(&mut self, target: &str) {
        data::service_of(target).clone_into(&mut self.main.query.service);
        self.main.chosen = true;
    }

    /// Service, instances, window, live or paused.
    pub fn toolbar_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let rect = ui.max_rect();
        pane::bar_at(ui, rect, pane::Line::None, |ui| {
            ui.spacing_mut().item_spacing.x = size::GAP;
            self.service_ui(ui, cx);
            self.instances_ui(ui, cx);
            pane::right(ui, |ui| {
                ui.spacing_mut().item_spacing.x = size::GAP;
                self.live_ui(ui, cx);
                let words: Vec<String> = Window::ALL.iter().map(|window| window_name(*window)).collect();
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let mut at = Window::ALL.iter().position(|window| *window == self.main.query.window).unwrap_or(0);
                if segmented::segmented(ui, &t!("plots.window"), &words, &mut at).changed()
                    && let Some(window) = Window::ALL.get(at)
                {
                    self.main.query.window = *window;
                }
            });
        });
    }

    fn service_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let all = t!("plots.all_services");
        let services = data::services(&cx.model.series);
        let mut entries: Vec<&str> = vec![&all];
        entries.extend(services.iter().map(String::as_str));
        let mut at = services.iter().position(|service| *service == self.main.query.service).map_or(0, |at| at + 1);
        let name = t!("plots.service");
        let hint = t!("plots.filter");
        let select =
            select::Select::new(&name, &entries).filter_hint(&hint).width(if cx.narrow { 140.0 } else { 180.0 });
        if select.show(ui, &mut at).changed() {
            self.main.query.service = at.checked_sub(1).and_then(|at| services.get(at)).cloned().unwrap_or_default();
            self.main.query.hidden.clear();
            self.main.names = Names::default();
            self.main.chosen = true;
        }
    }

    /// Which instances are drawn.
    fn instances_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let subject = &mut self.main;
        let total = subject.names.iter().count();
        if total == 0 {
            return;
        }
        let shown =
            subject.names.iter().filter(|name| !subject.query.hidden.iter().any(|hidden| hidden == name)).count();
        let words = if shown == total && total == 1 {
            t!("plots.instance_one")
        } else if shown == total {
            t!("plots.instances", count = total)
        } else {
            t!("plots.instances_of", count = shown, total = total)
        };
        let anchor = button::normal(ui, Some(icon::FUNNEL), &words, true);
        let t = cx.tokens;
        menu::float_below(&anchor, 220.0, |ui| {
            for (series, name) in subject.names.iter().enumerate() {
                let at = subject.query.hidden.iter().position(|hidden| hidden == name);
                let response = menu::Item::new(name).checked(at.is_none()).show(ui);
                let center = response.rect.right_center() - vec2(14.0, 0.0);
                mark::series(ui.painter(), center, 3.5, series, t);
                if response.clicked() {
                    match at {
                        Some(at) => {
                            subject.query.hidden.remove(at);
                        }
                        None => subject.query.hidden.push(name.to_owned()),
                    }
                }
            }
        });
    }

    fn live_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let paused = self.main.query.end.is_some();
        let words = if paused { t!("plots.paused") } else { t!("plots.live") };
        let glyph = if paused { icon::PLAY } else { icon::PAUSE };
        let line = text::galley(ui.painter(), words.clone(), font::card_title());
        let width = (10.0 + 8.0 + 8.0 + line.size().x + 8.0 + 14.0 + 10.0).round();
        let (rect, response) = ui.allocate_exact_size(vec2(width, size::CONTROL), egui::Sense::click());
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, !paused, &*words));
        let t = cx.tokens;
        let (fill, border, dot) =
            if paused { (t.raised, t.line2, t.low) } else { (t.tint(t.ok), t.over(t.ok, 0.45, 0.40), t.ok) };
        edge::frame(ui.painter(), rect, size::CONTROL_RADIUS, fill, border);
        let y = rect.center().y;
        ui.painter().circle_filled(egui::pos2(rect.left() + 14.0, y), 3.5, dot);
        text::galley_left(ui.painter(), egui::pos2(rect.left() + 26.0, y), line, t.hi);
        text::glyph(ui.painter(), egui::pos2(rect.right() - 17.0, y), glyph, font::icon(14.0), t.hi);
        if response.has_focus() {
            edge::focus_ring(ui.painter(), rect, size::CONTROL_RADIUS, t);
        }
        let tip = if paused { t!("plots.resume_tip") } else { t!("plots.pause_tip") };
        if response.on_hover_text(tip).clicked() {
            self.main.query.end = if paused { None } else { self.main.plotted.as_ref().map(|plotted| plotted.end) };
        }
    }

    /// The plots.
    pub fn main_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if nothing_recorded(cx.model) {
            empty_ui(ui, cx);
            return;
        }
        self.main.keep_fresh(ui);
        draw::view(ui, cx, &mut self.main, draw::Parts::All);
    }

    /// Breaker and instances beside the plots.
    pub fn side_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let shown = self.breaker_key(&cx.model.series);
            if let Some(chosen) = breaker::view(ui, cx, &self.main.query.service, shown.as_ref()) {
                self.breaker = Some(chosen);
            }
            let empty = Plotted::default();
            let plotted = self.main.plotted.as_ref().unwrap_or(&empty);
            instances::table(ui, cx, plotted, self.main.query.window);
            instances::changes(ui, cx, &self.main.query.service);
        });
    }

    /// The chosen breaker while it is in scope, else the one with most to say.
    fn breaker_key(&self, series: &Series) -> Option<(String, String)> {
        let service = &self.main.query.service;
        let in_scope = |key: &(String, String)| service.is_empty() || key.0 == *service;
        if let Some(chosen) = self.breaker.as_ref().filter(|key| in_scope(key) && series.breakers.contains_key(*key)) {
            return Some(chosen.clone());
        }
        let tracks = series.breakers.iter().filter(|(key, _)| in_scope(key));
        tracks
            .min_by_key(|(_, track)| {
                let calm = match track.now.state {
                    BreakerState::Open => 0,
                    BreakerState::HalfOpen => 1,
                    BreakerState::Closed => 2,
                };
                (calm, std::cmp::Reverse(track.now.opened))
            })
            .map(|(key, _)| key.clone())
    }

    /// Latency, calls and breakers of one target, side by side.
    pub fn dock_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, target: Option<&str>) {
        self.docked = true;
        if nothing_recorded(cx.model) {
            empty_ui(ui, cx);
            return;
        }
        let service = target.map(data::service_of).unwrap_or_default();
        if self.dock.query.service != service {
            self.dock = Subject::default();
            service.clone_into(&mut self.dock.query.service);
        }
        self.dock.update(&cx.model.series, cx.now());
        self.dock.keep_fresh(ui);
        draw::view(ui, cx, &mut self.dock, draw::Parts::Dock);
    }
}

impl Subject {
    fn update(&mut self, series: &Series, now: Time) {
        self.due = None;
        self.take_work();
        if let Some(stamp) = &self.computed
            && stamp.query == self.query
        {
            // What is paused does not change by what comes later.
            if stamp.revision == series.revision || self.query.end.is_some() {
                return;
            }
            let calls = self.plotted.as_ref().map_or(0, |plotted| plotted.calls);
            let pause = PAUSES.iter().find(|(many, _)| calls > *many).map_or(Duration::ZERO, |(_, pause)| *pause);
            if let Some(due) = pause.checked_sub(now.since(stamp.at)).filter(|due| !due.is_zero()) {
                self.due = Some(due);
                return;
            }
        }
        let stamp = Stamp { revision: series.revision, query: self.query.clone(), at: now };
        if data::points_in(series, &self.query) <= AT_ONCE {
            self.plotted = data::plot(series, &self.query, &mut self.names);
            self.computed = Some(stamp);
        } else if self.work.is_none() {
            let (series, mut names) = (series.clone(), self.names.clone());
            self.work = Some(Promise::spawn_thread("callscope-plots", move || {
                let plotted = data::plot(&series, &stamp.query, &mut names);
                (plotted, names, stamp)
            }));
        }
    }

    /// Takes what the thread has worked out, if it is what is still asked for.
    fn take_work(&mut self) {
        let Some(work) = self.work.take() else { return };
        match work.try_take() {
            Ok((plotted, names, stamp)) if stamp.query == self.query => {
                (self.plotted, self.names) = (plotted, names);
                self.computed = Some(stamp);
            }
            Ok(_) => {}
            Err(work) => self.work = Some(work),
        }
    }

    /// Comes back once for what was left for later.
    fn keep_fresh(&self, ui: &Ui) {
        if self.work.is_some() {
            ui.ctx().request_repaint_after(LOOK);
        }
        if let Some(due) = self.due {
            ui.ctx().request_repaint_after(due);
        }
    }
}

fn nothing_recorded(model: &Model) -> bool {
    model.series.points.is_empty() && model.series.breakers.is_empty()
}

fn empty_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let title = t!("plots.empty.card");
    let note = t!("plots.empty.card_note");
    let (headline, sentence) = (t!("plots.empty.headline"), t!("plots.empty.sentence"));
    let acts = [Act::Send, Act::ToggleRepeat];
    let shortcuts: Vec<(String, String)> = acts
        .iter()
        .filter_map(|act| ACTS.iter().find(|info| info.act == *act))
        .map(|info| {
            let keys = cx.model.settings.shortcuts.get(info.id).map_or(info.keys, String::as_str);
            (t!(format!("act.{}", info.id)).into_owned(), keys.to_owned())
        })
        .filter(|(_, keys)| !keys.is_empty())
        .collect();
    let shortcuts: Vec<(&str, &str)> = shortcuts.iter().map(|(name, keys)| (name.as_str(), keys.as_str())).collect();
    let shown = empty::Empty {
        headline: &headline,
        sentence: &sentence,
        cards: &[empty::Card { icon: icon::TREE_STRUCTURE, title: &title, note: &note }],
        shortcuts: &shortcuts,
        tip: "",
    };
    if shown.show(ui).is_some() {
        cx.push(Command::Show(AppView::Services));
    }
}

/// `5 m`, as on the control.
fn window_name(window: Window) -> String {
    match window {
        Window::Minute => t!("plots.window_1m"),
        Window::Five => t!("plots.window_5m"),
        Window::Quarter => t!("plots.window_15m"),
        Window::Hour => t!("plots.window_1h"),
    }
    .into_owned()
}
