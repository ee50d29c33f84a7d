//! How tiles are shown: panes as islands, tabs as pieces of them.

use egui::{Align, Id, Layout, Rect, Response, Role, Sense, Stroke, Ui, Visuals, WidgetInfo, WidgetText, pos2, vec2};
use egui_tiles::{Behavior, ResizeState, SimplificationOptions, TabState, Tile, TileId, Tiles, UiResponse};
use rust_i18n::t;

use super::Panels;
use super::keys::{keys_of, title_of};
use super::layout::Pane;
use super::splits;
use crate::command::{Act, Command};
use crate::model::tabs::Tab;
use crate::panel::{Cx, outcome_mark};
use crate::theme::{font, icon, size};
use crate::widget::{button, edge, mark, menu, pane, text};

/// Width of the ring or mark before a tab's name.
const MARK: f32 = 20.0;
/// Radius of the dot of an unsaved tab.
const UNSAVED: f32 = 3.0;
/// The widest a tab gets.
const TAB_MAX: f32 = 220.0;
/// Padding of a tab, both sides together.
const TAB_PADDING: f32 = 24.0;
/// Between the tabs of the dock and what stands at the right end of their strip, and the least room that is worth using.
const HEAD_GAP: f32 = 16.0;
const HEAD_MIN: f32 = 200.0;

/// Borrows what the tiles of one view need for one frame.
pub(super) struct Tiled<'a, 'b> {
    pub panels: &'a mut Panels,
    pub cx: &'a mut Cx<'b>,
    /// Panes without tabs: the views of traffic and plots.
    pub bare: bool,
}

impl Behavior<Pane> for Tiled<'_, '_> {
    fn pane_ui(&mut self, ui: &mut Ui, _tile: TileId, pane: &mut Pane) -> UiResponse {
        let rect = ui.max_rect();
        if self.bare {
            pane::island(ui.painter(), rect, self.cx.tokens);
        } else {
            pane::tab_island(ui.painter(), rect, self.cx.tokens);
        }
        // Side by side, the call that is worked in is the one that keys and the dock are about.
        if let Pane::Call(tab) = *pane
            && self.cx.model.tabs.active != Some(tab)
            && ui.input(|input| input.pointer.any_pressed())
            && ui.rect_contains_pointer(rect)
        {
            self.cx.push(Command::ActivateTab(tab));
        }
        let inside = rect.shrink(1.0);
        pane::inside(ui, inside, "pane", |ui| self.panels.pane_ui(*pane, ui, self.cx));
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> WidgetText {
        self.title(*pane).into()
    }

    fn tab_ui(&mut self, tiles: &mut Tiles<Pane>, ui: &mut Ui, id: Id, tile: TileId, state: &TabState) -> Response {
        let t = self.cx.tokens;
        let found = tiles.get_pane(&tile).copied();
        let title = found.map_or_else(String::new, |pane| self.title(pane));
        let tab = found.and_then(|pane| if let Pane::Call(tab) = pane { self.cx.model.tabs.get(tab) } else { None });
        let status = tab.map(|tab| outcome_mark(self.cx.model, tab));
        let unsaved = tab.is_some_and(Tab::is_unsaved);

        let lead = if status.is_some() { MARK } else { 0.0 };
        let tail = if tab.is_some() { 24.0 } else { 0.0 };
        let galley = text::elided(ui.painter(), title.clone(), font::label(), TAB_MAX - lead - tail);
        let width = galley.size().x + TAB_PADDING + lead + tail;
        let (_, rect) = ui.allocate_space(vec2(width, ui.available_height()));
        let response = ui.interact(rect, id, Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::selected(Role::Tab, true, state.active, &title));
        if state.is_being_dragged || !ui.is_rect_visible(rect) {
            return self.on_tab_button(tiles, tile, response);
        }

        if state.active {
            let radius = egui::CornerRadius { nw: 8, ne: 8, sw: 0, se: 0 };
            // One point deeper than the strip: no line between the tab and its island.
            let body = Rect::from_min_max(rect.min, pos2(rect.right(), rect.bottom() + 1.0));
            ui.painter().rect_filled(body, radius, t.island);
            ui.painter().rect_stroke(body, radius, Stroke::new(1.0, t.line), egui::StrokeKind::Inside);
            let seam = Rect::from_min_max(
                pos2(rect.left() + 1.0, rect.bottom() - 1.0),
                pos2(rect.right() - 1.0, rect.bottom() + 2.0),
            );
            ui.painter().rect_filled(seam, 0.0, t.island);
        }
        if response.has_focus() {
            edge::focus_ring(ui.painter(), rect.shrink2(vec2(3.0, 4.0)), size::ROW_RADIUS, t);
        }
        let y = rect.center().y;
        let mut x = rect.left() + 12.0;
        if let Some(status) = status {
            mark::paint(ui.painter(), pos2(x + 4.0, y), mark::SIZE, status, t);
            x += MARK;
        }
        let color = if state.active || response.hovered() { t.hi } else { t.mid };
        let preview = tab.is_some_and(|tab| tab.preview);
        if preview {
            let mut job = egui::text::LayoutJob::default();
            let format =
                egui::TextFormat { font_id: font::label(), color, italics: true, ..egui::TextFormat::default() };
            job.append(&title, 0.0, format);
            text::elide(&mut job, TAB_MAX - lead - tail);
            let galley = ui.painter().layout_job(job);
            text::galley_left(ui.painter(), pos2(x, y), galley, color);
        } else {
            text::galley_left(ui.painter(), pos2(x, y), galley, color);
        }
        if let Some(tab) = tab {
            let close_at = pos2(rect.right() - 16.0, y);
            if unsaved && !response.hovered() {
                ui.painter().circle_filled(close_at, UNSAVED, t.mid);
            } else {
                let name = t!("shell.close_tab", name = title);
                if button::icon_button_at(ui, close_at, icon::X, size::ICON_TINY, &name, id.with("close")).clicked() {
                    self.cx.push(Command::CloseTab(tab.id));
                }
            }
            if response.clicked() {
                self.cx.push(Command::ActivateTab(tab.id));
            }
            if response.double_clicked() {
                self.cx.push(Command::KeepTab(tab.id));
            }
            if response.middle_clicked() {
                self.cx.push(Command::CloseTab(tab.id));
            }
            if response.secondary_clicked() {
                // What the menu does, it does to the tab in front.
                self.cx.push(Command::ActivateTab(tab.id));
            }
            menu::context(&response, |ui| tab_menu(ui, self.cx));
        }
        self.on_tab_button(tiles, tile, response)
    }

    fn tab_bar_trailing_ui(&mut self, tiles: &Tiles<Pane>, ui: &mut Ui, _tile: TileId, tabs: &egui_tiles::Tabs) {
        if holds_calls(tiles, tabs) {
            ui.add_space(4.0);
            if button::icon_button(ui, icon::PLUS, size::ICON, &t!("act.new_call")).clicked() {
                self.cx.push(Command::Act(Act::NewCall));
            }
        }
    }

    fn top_bar_right_ui(
        &mut self,
        tiles: &Tiles<Pane>,
        ui: &mut Ui,
        _tile: TileId,
        tabs: &egui_tiles::Tabs,
        _scroll: &mut f32,
    ) {
        if holds_calls(tiles, tabs) {
            return;
        }
        if button::icon_button(ui, icon::X, size::ICON_SMALL, &t!("shell.hide_dock")).clicked() {
            self.cx.push(Command::Act(Act::ToggleDock));
        }
        let front = tabs.active.and_then(|tile| tiles.get_pane(&tile));
        // A long sentence ends in an ellipsis and leaves the tabs alone; where little is left, the pane says it.
        let room = ui.available_width() - self.tabs_width(tiles, ui, tabs) - HEAD_GAP;
        if front == Some(&Pane::Timeline) && room >= HEAD_MIN {
            let layout = Layout::right_to_left(Align::Center);
            ui.allocate_ui_with_layout(vec2(room, ui.available_height()), layout, |ui| {
                self.panels.timeline.head_ui(ui, self.cx);
            });
        }
    }

    fn tab_bar_height(&self, _style: &egui::Style) -> f32 {
        size::TAB_STRIP
    }

    fn gap_width(&self, _style: &egui::Style) -> f32 {
        size::ISLAND_GAP
    }

    fn min_size(&self) -> f32 {
        splits::LEAST
    }

    fn is_container_resizable(&self, _tiles: &Tiles<Pane>, _tile: TileId) -> bool {
        // By boundaries of our own, see `splits`.
        false
    }

    fn is_tile_draggable(&self, tiles: &Tiles<Pane>, tile: TileId) -> bool {
        // Tabs are; a strip has no name to be found by, and splits are made from tabs.
        matches!(tiles.get(tile), Some(Tile::Pane(_)))
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions {
            all_panes_must_have_tabs: !self.bare,
            // The root stays vertical so that the first call finds its place above the dock.
            prune_single_child_containers: false,
            ..SimplificationOptions::default()
        }
    }

    fn resize_stroke(&self, _style: &egui::Style, _state: ResizeState) -> Stroke {
        Stroke::NONE
    }

    fn tab_bar_color(&self, _visuals: &Visuals) -> egui::Color32 {
        self.cx.tokens.base
    }

    fn tab_bar_hline_stroke(&self, _visuals: &Visuals) -> Stroke {
        Stroke::NONE
    }

    fn drag_preview_stroke(&self, _visuals: &Visuals) -> Stroke {
        Stroke::new(1.0, self.cx.tokens.accent)
    }

    fn drag_preview_color(&self, _visuals: &Visuals) -> egui::Color32 {
        self.cx.tokens.halo(self.cx.tokens.accent)
    }

    fn cycle_tabs_with_keyboard(&self) -> bool {
        // The shell's own acts do it, rebindable.
        false
    }
}

impl Tiled<'_, '_> {
    /// What the tabs of a strip without calls take, so that nothing else does.
    fn tabs_width(&self, tiles: &Tiles<Pane>, ui: &Ui, tabs: &egui_tiles::Tabs) -> f32 {
        let panes = tabs.children.iter().filter_map(|tile| tiles.get_pane(tile));
        panes.map(|pane| text::width(ui.painter(), self.title(*pane), font::label()) + TAB_PADDING).sum()
    }

    fn title(&self, pane: Pane) -> String {
        let key = match pane {
            Pane::Call(tab) => {
                let name = self.cx.model.tabs.get(tab).map_or("", |tab| tab.draft.name.as_str());
                return if name.is_empty() { t!("shell.unnamed").into_owned() } else { name.to_owned() };
            }
            Pane::Timeline => "shell.timeline",
            Pane::CallTraffic | Pane::TrafficList => "shell.traffic",
            Pane::CallPlots | Pane::Plots => "shell.plots",
            Pane::Log => "shell.log",
            Pane::TrafficTree => "shell.decoded",
            Pane::TrafficBytes => "shell.bytes",
            Pane::PlotsSide => "shell.breakers",
        };
        t!(key).into_owned()
    }
}

/// What can be done with a tab, in the window's own acts.
fn tab_menu(ui: &mut Ui, cx: &mut Cx<'_>) {
    let groups: [&[(Act, char)]; 3] = [
        &[(Act::SplitRight, icon::COLUMNS), (Act::SplitDown, icon::ROWS), (Act::MoveToNextHalf, icon::SWAP)],
        &[(Act::Duplicate, icon::COPY), (Act::Save, icon::FLOPPY_DISK)],
        &[(Act::CloseTab, icon::X)],
    ];
    for (index, acts) in groups.into_iter().enumerate() {
        if index > 0 {
            menu::separator(ui);
        }
        for (act, glyph) in acts {
            let (words, keys) = (title_of(*act), keys_of(cx.model, *act));
            if menu::item(ui, Some(*glyph), &words, &keys, true).clicked() {
                cx.push(Command::Act(*act));
            }
        }
    }
}

fn holds_calls(tiles: &Tiles<Pane>, tabs: &egui_tiles::Tabs) -> bool {
    tabs.children.iter().any(|child| matches!(tiles.get(*child), Some(Tile::Pane(Pane::Call(_)))))
}
