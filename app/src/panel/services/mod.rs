//! The Services sidebar: sources, their services, the instances and methods of each, and what changed.
//!
//! ```text
//!  header   title, +, …            add a source in place
//!  filter   `/`
//!  tree     source ─ service ─┬─ instances   mark, id, address, weight, lease
//!                             └─ sets of methods ─ methods
//!  footer   the latest change; opens the history
//! ```
//!
//! It reads the model and pushes commands. Start reading at [`ServicesPanel::ui`]; what rows there are is decided in
//! [`rows`], how one looks in `row_ui`.

mod row_ui;
pub mod rows;
mod source;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use callscope_wire::{Health, Time};
use egui::{Id, Key, Modifiers, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use self::rows::{At, Folds, Row};
use self::source::AddSource;
use super::Cx;
use super::tree::{TreeKey, TreeState, slash_pressed};
use crate::command::Command;
use crate::model::services::{Change, ChangeKind, SchemaState};
use crate::theme::{font, icon, size};
use crate::widget::mark::{self, Mark};
use crate::widget::{button, edge, field, menu, pane, text};

pub use row_ui::method_arrows;

/// Changes shown above the latest one when the footer is open.
const HISTORY_SHOWN: usize = 8;

/// The sidebar's own state.
#[derive(Debug, Default)]
pub struct ServicesPanel {
    filter: String,
    focus_filter: bool,
    adding: Option<AddSource>,
    folds: Folds,
    tree: TreeState,
    history_open: bool,
    rows: Vec<Row>,
    ids: Vec<Id>,
    /// What `rows` were made from.
    made_from: Option<(u64, String)>,
    /// Targets whose methods were asked for because their service was opened.
    asked: HashSet<String>,
}

impl ServicesPanel {
    /// Puts the cursor into the filter.
    pub fn focus_filter(&mut self) {
        self.focus_filter = true;
    }

    /// Whether instances with their leases are among the rows.
    pub fn shows_leases(&self) -> bool {
        self.rows.iter().any(|row| matches!(row.at, At::Instance(..)))
    }

    /// Opens the field for a new source.
    pub fn add_source(&mut self) {
        self.adding = Some(AddSource::default());
    }

    /// Makes the rows anew if something changed, and asks for the methods of opened services.
    pub fn logic(&mut self, cx: &mut Cx<'_>) {
        let services = &cx.model.services;
        let current = self
            .made_from
            .as_ref()
            .is_some_and(|(revision, filter)| *revision == services.revision && *filter == self.filter);
        if !current {
            self.rows = rows::build(services, &self.filter, &self.folds);
            self.ids = self.rows.iter().map(|row| row.id).collect();
            self.made_from = Some((services.revision, self.filter.clone()));
        }
        for row in &self.rows {
            if let At::SchemaState(source, service) = row.at
                && let Some(service) = services.sources.get(source).and_then(|source| source.services.get(service))
                && matches!(service.schema, SchemaState::Unknown)
                && self.asked.insert(service.target.clone())
            {
                cx.commands.push(Command::RefreshSchema(service.target.clone()));
            }
        }
    }

    /// Paints the sidebar.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        ui.spacing_mut().item_spacing.y = 0.0;
        self.header_ui(ui, cx);
        self.filter_ui(ui);
        let history = cx.model.services.history.len();
        let more = history.saturating_sub(1).min(HISTORY_SHOWN);
        let opened = if self.history_open && more > 0 { more as f32 * size::ROW + 8.0 } else { 0.0 };
        let footer = if history == 0 { 0.0 } else { size::PANE_FOOTER + opened };
        let (_, middle, bottom) = pane::cut(ui.available_rect_before_wrap(), 4.0, footer);
        pane::inside(ui, middle, "services tree", |ui| self.tree_ui(ui, cx));
        if history > 0 {
            pane::inside(ui, bottom, "services changes", |ui| self.changes_ui(ui, cx));
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        pane::bar(ui, size::PANE_HEADER, pane::Line::None, |ui| {
            pane::title(ui, &t!("services.title"));
            pane::right(ui, |ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                let more = button::icon_button(ui, icon::DOTS_THREE, size::ICON, &t!("services.more"));
                menu::below(&more, |ui| {
                    if menu::item(ui, None, &t!("services.collapse_all"), "", true).clicked() {
                        self.folds.reset();
                        self.made_from = None;
                    }
                    if menu::item(ui, None, &t!("services.ask_all"), "", true).clicked() {
                        let sources = &cx.model.services.sources;
                        let targets = sources.iter().flat_map(|source| &source.services).map(|known| &known.target);
                        cx.commands.extend(targets.map(|target| Command::RefreshSchema(target.clone())));
                    }
                });
                if button::icon_button(ui, icon::PLUS, size::ICON, &t!("services.add")).clicked() {
                    self.adding = if self.adding.is_some() { None } else { Some(AddSource::default()) };
                }
            });
        });
        if let Some(adding) = &mut self.adding
            && adding.ui(ui, cx)
        {
            self.adding = None;
        }
    }

    fn filter_ui(&mut self, ui: &mut Ui) {
        let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::CONTROL));
        let id = ui.make_persistent_id("services filter");
        if slash_pressed(ui) || std::mem::take(&mut self.focus_filter) {
            ui.memory_mut(|memory| memory.request_focus(id));
        }
        let response = field::Field::new(&t!("services.filter_name"), &mut self.filter)
            .hint(&t!("services.filter"))
            .icon(icon::FUNNEL_SIMPLE)
            .keys("/")
            .clearable(&t!("services.clear_filter"))
            .show_at(ui, rect.shrink2(vec2(8.0, 0.0)), id);
        if response.has_focus() && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::ArrowDown)) {
            if let Some(id) = self.ids.first() {
                self.tree.go_to(ui, 0, *id);
            }
        } else if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
            self.filter.clear();
        }
    }

    fn tree_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if cx.model.services.sources.is_empty() {
            if let Some(start) = source::none_ui(ui) {
                self.adding = Some(start);
            }
            return;
        }
        if self.rows.is_empty() && !self.filter.trim().is_empty() {
            pane::bar(ui, 32.0, pane::Line::None, |ui| {
                pane::note(ui, &t!("services.nothing_found", what = self.filter.trim()));
                if button::link(ui, &t!("services.clear_filter")).clicked() {
                    self.filter.clear();
                }
            });
            return;
        }
        if let Some(TreeKey::Out(index)) = self.tree.keys(ui, &self.ids) {
            let depth = self.rows.get(index).map_or(0, |row| row.depth);
            let foldable = self.rows.get(index).is_some_and(|row| row.open == Some(true));
            let parent = self.rows.iter().take(index).rposition(|row| row.depth < depth);
            if let (false, Some(parent)) = (foldable, parent)
                && let Some(id) = self.ids.get(parent)
            {
                self.tree.go_to(ui, parent, *id);
            }
        }
        let rows = &self.rows;
        let selected = self.tree.selected;
        let mut clicked = None;
        self.tree.rows(ui, "services rows", rows.len(), |ui, index| {
            let Some(row) = rows.get(index) else { return };
            match row_ui::show(ui, cx, row, selected == Some(row.id)) {
                row_ui::Said::Nothing => {}
                said => clicked = Some((index, said)),
            }
        });
        if let Some((index, said)) = clicked {
            self.tree.selected = self.ids.get(index).copied();
            // The rows are made anew before the next frame.
            ui.ctx().request_repaint();
            match said {
                row_ui::Said::Toggle => self.toggle(index),
                _ => self.activate(index, cx),
            }
        }
    }

    fn toggle(&mut self, index: usize) {
        if let Some(row) = self.rows.get(index).filter(|row| row.open.is_some()) {
            self.folds.toggle(row.id);
            self.made_from = None;
        }
    }

    /// A click on the row, or Enter: opens a method, folds what can be folded.
    fn activate(&mut self, index: usize, cx: &mut Cx<'_>) {
        let Some(row) = self.rows.get(index) else { return };
        if let At::Method(..) = row.at
            && let Some((target, method)) = row_ui::method_of(cx.model, row.at)
        {
            cx.push(Command::OpenMethod { target, method });
        } else {
            self.toggle(index);
        }
    }

    fn changes_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let rect = ui.available_rect_before_wrap();
        edge::hline(ui.painter(), rect.x_range(), rect.top(), cx.tokens.line);
        let history = &cx.model.services.history;
        let footer = Rect::from_min_max(pos2(rect.left(), rect.bottom() - size::PANE_FOOTER), rect.max);
        if self.history_open {
            let mut y = rect.top() + 4.0;
            for change in history.iter().rev().skip(1).take(HISTORY_SHOWN).rev() {
                let place = Rect::from_min_size(pos2(rect.left(), y), vec2(rect.width(), size::ROW));
                change_ui(ui, place, &said(change), mark_of(change.what), &ago(cx.now(), change.at), cx);
                y += size::ROW;
            }
            edge::hline(ui.painter(), rect.x_range(), footer.top(), cx.tokens.line);
        }
        let response = ui.interact(footer, ui.make_persistent_id("latest change"), Sense::click());
        response.widget_info(|| {
            WidgetInfo::selected(Role::Button, ui.is_enabled(), self.history_open, t!("services.recent_changes"))
        });
        if response.clicked() {
            self.history_open = !self.history_open;
        }
        if response.has_focus() {
            edge::focus_ring(ui.painter(), footer.shrink2(vec2(4.0, 2.0)), size::ROW_RADIUS, cx.tokens);
        }
        if response.hovered() || response.has_focus() {
            ui.painter().rect_filled(footer.shrink2(vec2(4.0, 2.0)), size::ROW_RADIUS, cx.tokens.hover);
            // "3 s ago" is right while somebody looks at it.
            ui.ctx().request_repaint_after(std::time::Duration::from_secs(1));
        }
        let expiring = if self.history_open { None } else { expiring(cx) };
        match (expiring, history.back()) {
            (Some((instance, seconds)), _) => {
                let words = t!("services.lease_expires", instance = instance);
                change_ui(ui, footer, &words, Mark::Err, &format!("{seconds:.0} s"), cx);
            }
            (None, Some(change)) => {
                change_ui(ui, footer, &said(change), mark_of(change.what), &ago(cx.now(), change.at), cx);
            }
            (None, None) => {}
        }
    }
}

/// The instance that goes next unless it renews its lease, and in how many seconds: only in the last tenth.
fn expiring<'a>(cx: &Cx<'a>) -> Option<(&'a str, f32)> {
    let model = cx.model;
    let instances =
        model.services.sources.iter().flat_map(|source| &source.services).flat_map(|known| &known.instances);
    instances
        .filter_map(|listed| {
            let (share, seconds) = listed.lease_left(model.now)?;
            (share < 0.1).then_some((listed.instance.id.as_str(), seconds))
        })
        .min_by(|a, b| a.1.total_cmp(&b.1))
}

fn change_ui(ui: &Ui, rect: Rect, words: &str, sign: Mark, when: &str, cx: &Cx<'_>) {
    let (painter, t) = (ui.painter(), cx.tokens);
    let y = rect.center().y;
    mark::paint(painter, pos2(rect.left() + 16.0, y), mark::SIZE, sign, t);
    let right = text::right(painter, pos2(rect.right() - size::ROW_RIGHT, y), when, font::small(), t.low);
    let left = rect.left() + 28.0;
    text::left_elided(painter, pos2(left, y), words, font::small(), t.mid, right - 8.0 - left);
}

fn said(change: &Change) -> String {
    let instance = change.instance.as_str();
    match change.what {
        ChangeKind::Joined => t!("services.joined", instance = instance),
        ChangeKind::Left => t!("services.left", instance = instance),
        ChangeKind::Altered => t!("services.altered", instance = instance),
        ChangeKind::Health(Health::Healthy) => t!("services.became_healthy", instance = instance),
        ChangeKind::Health(Health::Degraded) => t!("services.became_degraded", instance = instance),
        ChangeKind::Health(Health::Down) => t!("services.became_down", instance = instance),
        ChangeKind::Health(Health::Unknown) => t!("services.became_unknown", instance = instance),
    }
    .into_owned()
}

fn mark_of(what: ChangeKind) -> Mark {
    match what {
        ChangeKind::Joined => Mark::Ok,
        ChangeKind::Left => Mark::Idle,
        ChangeKind::Altered => Mark::Info,
        ChangeKind::Health(health) => row_ui::health_mark(health),
    }
}

fn ago(now: Time, then: Time) -> String {
    let seconds = now.since(then).as_secs();
    match seconds {
        0 => t!("services.just_now").into_owned(),
        1..=59 => t!("services.seconds_ago", n = seconds).into_owned(),
        60..=3599 => t!("services.minutes_ago", n = seconds / 60).into_owned(),
        _ => t!("services.hours_ago", n = seconds / 3600).into_owned(),
    }
}
