//! The window around the panels: bars, sidebar, tiles, toasts. Knows where things are, not what they show.
//!
//! ```text
//!  ┌ top bar ────────────────────────────────┐
//!  │ activity │ sidebar │ tiles of the view  │
//!  └ status bar ─────────────────────────────┘
//! ```

mod bars;
mod keys;
pub mod layout;
mod splits;
mod tiles;

pub use layout::{Layout, Pane};

use egui::{CentralPanel, Frame, Panel, Rect, Ui, UiBuilder, vec2};
use rust_i18n::t;

use crate::command::{Act, Command, View};
use crate::panel::Cx;
use crate::panel::call::CallTabs;
use crate::panel::calls::CallsPanel;
use crate::panel::log::LogPanel;
use crate::panel::plots::PlotsPanel;
use crate::panel::services::ServicesPanel;
use crate::panel::settings::SettingsPanel;
use crate::panel::timeline::Timeline;
use crate::panel::traffic::TrafficPanel;
use crate::theme::{icon, size};
use crate::widget::splitter::{Line, splitter};
use crate::widget::{empty, pane, toast};
use crate::words::tell;

/// Every panel with its own state. The views and the dock have one traffic and one plots panel each, so that
/// what is selected in one does not move the other.
#[derive(Default)]
pub struct Panels {
    /// Sidebar: services.
    pub services: ServicesPanel,
    /// Sidebar: saved calls.
    pub calls: CallsPanel,
    /// The call tabs.
    pub call_tabs: CallTabs,
    /// Dock: waterfall.
    pub timeline: Timeline,
    /// View: traffic.
    pub traffic: TrafficPanel,
    /// Dock: traffic of the active call.
    pub call_traffic: TrafficPanel,
    /// View: plots.
    pub plots: PlotsPanel,
    /// Dock: plots of the active call's service.
    pub call_plots: PlotsPanel,
    /// Dock: log.
    pub log: LogPanel,
    /// View: settings.
    pub settings: SettingsPanel,
}

impl Panels {
    fn pane_ui(&mut self, pane: Pane, ui: &mut Ui, cx: &mut Cx<'_>) {
        match pane {
            Pane::Call(tab) => self.call_tabs.ui(ui, cx, tab),
            Pane::Timeline => self.timeline.ui(ui, cx),
            Pane::CallTraffic => {
                let flow = cx.model.tabs.active().and_then(|tab| tab.flow);
                self.call_traffic.dock_ui(ui, cx, flow);
            }
            Pane::CallPlots => {
                let target = cx.model.tabs.active().map(|tab| tab.draft.target.clone());
                self.call_plots.dock_ui(ui, cx, target.as_deref());
            }
            Pane::Log => self.log.ui(ui, cx),
            Pane::TrafficList => self.traffic.list_ui(ui, cx),
            Pane::TrafficTree => self.traffic.tree_ui(ui, cx),
            Pane::TrafficBytes => self.traffic.bytes_ui(ui, cx),
            Pane::Plots => self.plots.main_ui(ui, cx),
            Pane::PlotsSide => self.plots.side_ui(ui, cx),
        }
    }
}

/// Paints the whole window. The layout changes by what is dragged; everything else leaves as commands.
pub fn window_ui(ui: &mut Ui, panels: &mut Panels, layout: &mut Layout, palette_open: bool, cx: &mut Cx<'_>) {
    let t = cx.tokens;
    let ground = Frame::new().fill(t.base);
    let view = layout.view;

    // Keys that are recorded for a new shortcut mean themselves; under an open palette nothing happens.
    if !palette_open && (view != View::Settings || !panels.settings.recording()) {
        keys::dispatch(ui, cx);
    }

    let palette_keys = keys::keys_of(cx.model, Act::Palette);
    Panel::top("top").exact_size(size::TOP_BAR).frame(ground).show_separator_line(false).show(ui, |ui| {
        bars::top_bar(ui, cx, view, &palette_keys);
    });
    Panel::bottom("status").exact_size(size::STATUS_BAR).frame(ground).show_separator_line(false).show(ui, |ui| {
        bars::status_bar(ui, cx);
    });
    let width = if cx.narrow { 48.0 } else { size::ACTIVITY_BAR };
    Panel::left("activity").exact_size(width).resizable(false).frame(ground).show_separator_line(false).show(
        ui,
        |ui| {
            bars::activity_bar(ui, cx, view, layout.sidebar);
        },
    );

    let has_sidebar = layout.sidebar && matches!(view, View::Services | View::Calls);
    let mut sidebar_edge = None;
    if has_sidebar {
        let panel = Panel::left("sidebar").exact_size(layout.sidebar_width(cx.narrow)).resizable(false);
        let shown = panel.frame(ground).show_separator_line(false).show(ui, |ui| {
            let rect = ui.max_rect();
            let island = Rect::from_min_max(rect.min, rect.max - vec2(size::ISLAND_GAP, 0.0));
            pane::island(ui.painter(), island, t);
            pane::inside(ui, island.shrink(1.0), "sidebar", |ui| {
                if view == View::Calls {
                    panels.calls.logic(cx);
                    panels.calls.ui(ui, cx);
                } else {
                    panels.services.logic(cx);
                    panels.services.ui(ui, cx);
                }
            });
            ui.expand_to_include_rect(rect);
        });
        let rect = shown.response.rect;
        sidebar_edge = Some(Rect::from_x_y_ranges(rect.right() - size::ISLAND_GAP..=rect.right(), rect.y_range()));
    }

    CentralPanel::default().frame(ground).show(ui, |ui| {
        let rect = ui.max_rect();
        let rect = Rect::from_min_max(rect.min, rect.max - vec2(size::ISLAND_GAP, 0.0));
        match view {
            View::Services | View::Calls => calls_ui(ui, rect, panels, layout, cx),
            View::Traffic => {
                panels.traffic.logic(ui.ctx(), cx);
                let below = toolbar(ui, rect, cx, |ui, cx| panels.traffic.toolbar_ui(ui, cx));
                tiles_ui(ui, below, &mut layout.traffic, panels, cx, true);
            }
            View::Plots => {
                panels.plots.logic(cx);
                let below = toolbar(ui, rect, cx, |ui, cx| panels.plots.toolbar_ui(ui, cx));
                tiles_ui(ui, below, &mut layout.plots, panels, cx, true);
            }
            View::Settings => pane::inside(ui, rect, "settings", |ui| panels.settings.ui(ui, cx)),
        }
    });
    // Behind what it divides, so that the pointer finds it.
    if let Some(edge) = sidebar_edge {
        let name = t!("shell.sidebar_splitter");
        let by = splitter(ui, ui.make_persistent_id("sidebar splitter"), edge, Line::Vertical, &name);
        layout.widen_sidebar(cx.narrow, by);
    }
    toasts_ui(ui, cx);
}

fn calls_ui(ui: &mut Ui, rect: Rect, panels: &mut Panels, layout: &mut Layout, cx: &mut Cx<'_>) {
    if cx.model.tabs.open.is_empty() {
        pane::island(ui.painter(), rect, cx.tokens);
        pane::inside(ui, rect.shrink(1.0), "empty", |ui| empty_ui(ui, cx));
        return;
    }
    if layout.dock {
        let flow = cx.model.tabs.active().and_then(|tab| tab.flow);
        panels.call_traffic.dock_logic(ui.ctx(), cx, flow);
        panels.call_plots.logic(cx);
    }
    tiles_ui(ui, rect, &mut layout.calls, panels, cx, false);
}

/// The island over the tiles of a view, and what is left below it.
fn toolbar(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>, add: impl FnOnce(&mut Ui, &mut Cx<'_>)) -> Rect {
    let (bar, below) = rect.split_top_bottom_at_y(rect.top() + size::CALL_BAR);
    let bar = Rect::from_min_max(bar.min, bar.max - vec2(0.0, size::ISLAND_GAP));
    pane::island(ui.painter(), bar, cx.tokens);
    pane::inside(ui, bar.shrink(1.0), "toolbar", |ui| add(ui, cx));
    below
}

fn tiles_ui(
    ui: &mut Ui,
    rect: Rect,
    tree: &mut egui_tiles::Tree<Pane>,
    panels: &mut Panels,
    cx: &mut Cx<'_>,
    bare: bool,
) {
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect));
    let mut behavior = tiles::Tiled { panels, cx, bare };
    tree.ui(&mut behavior, &mut child);
    splits::ui(&child, tree);
}

fn empty_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let orders = cx.model.services.by_target("registry:///orders").is_some();
    let (new, new_note) = (t!("shell.empty_new"), t!("shell.empty_new_note"));
    let (order, order_note) = (t!("shell.empty_orders"), t!("shell.empty_orders_note"));
    let (sample, sample_note) = (t!("shell.empty_sample"), t!("shell.empty_sample_note"));
    let mut cards = vec![empty::Card { icon: icon::PAPER_PLANE_TILT, title: &new, note: &new_note }];
    if orders {
        cards.insert(0, empty::Card { icon: icon::PLAY, title: &order, note: &order_note });
    }
    cards.push(empty::Card { icon: icon::FOLDER_OPEN, title: &sample, note: &sample_note });
    let acts = [Act::Send, Act::Palette, Act::NewCall, Act::ToggleDock];
    let words: Vec<(String, String)> =
        acts.iter().map(|act| (keys::title_of(*act), keys::keys_of(cx.model, *act))).collect();
    let shortcuts: Vec<(&str, &str)> = words.iter().map(|(what, keys)| (what.as_str(), keys.as_str())).collect();
    let view = empty::Empty {
        headline: &t!("shell.empty_headline"),
        sentence: &t!("shell.empty_sentence"),
        cards: &cards,
        shortcuts: &shortcuts,
        tip: &t!("shell.empty_tip"),
    };
    let Some(index) = view.show(ui) else { return };
    // Without the orders service its card is missing, and the others move up.
    match index + usize::from(!orders) {
        0 => cx.push(Command::OpenMethod {
            target: "registry:///orders".to_owned(),
            method: "shop.Orders/Place".to_owned(),
        }),
        1 => cx.push(Command::Act(Act::NewCall)),
        _ => cx.push(Command::Act(Act::OpenSample)),
    }
}

fn toasts_ui(ui: &Ui, cx: &mut Cx<'_>) {
    let now = cx.now();
    let undo = t!("shell.undo");
    let toasts = &cx.model.toasts.shown;
    let texts: Vec<String> = toasts.iter().map(|toast| tell(&toast.text)).collect();
    let shown: Vec<toast::Toast<'_>> = toasts
        .iter()
        .zip(&texts)
        .map(|(toast, text)| toast::Toast {
            id: toast.id,
            icon: if toast.error { icon::WARNING } else { icon::INFO },
            text,
            undo: toast.undo.as_ref().map(|_| &*undo),
            left: 1.0 - now.since(toast.at).as_secs_f32() / crate::model::toasts::LIFE.as_secs_f32(),
        })
        .collect();
    if shown.is_empty() {
        return;
    }
    // The line runs out in ten steps a second while something is shown.
    ui.ctx().request_repaint_after(std::time::Duration::from_millis(100));
    let inside = ui.ctx().content_rect();
    let inside = Rect::from_min_max(inside.min, inside.max - vec2(0.0, 48.0));
    match toast::toasts(ui.ctx(), inside, &shown, &t!("shell.close_toast")) {
        Some(toast::Action::Undo(id)) => cx.push(Command::UndoToast(id)),
        Some(toast::Action::Close(id)) => cx.push(Command::DismissToast(id)),
        None => {}
    }
}
