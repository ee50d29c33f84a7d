//! The Calls sidebar: the saved calls of the workspace as a tree of folders, with what became of each.
//!
//! It reads the model and pushes commands; the files themselves are `store`'s. What rows there are is decided in
//! [`rows`].

pub mod rows;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use egui::text::{CCursor, CCursorRange};
use egui::{DragAndDrop, Id, Key, Modifiers, Rect, Role, Sense, TextEdit, Ui, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use self::rows::{Folds, Row};
use super::tree::{TreeKey, TreeState, hold_arrows, slash_pressed};
use super::{Cx, outcome_mark};
use crate::command::{Act, Command};
use crate::model::shortcuts;
use crate::model::tabs::{Tab, TabId};
use crate::store::{EXTENSION, Outside};
use crate::theme::{font, icon, size, tokens};
use crate::widget::row::{Caret, Fact, Lead, RowOutput, TreeRow};
use crate::widget::{button, edge, field, menu, pane, text};
use crate::words::tell;

/// The sidebar's own state.
#[derive(Debug, Default)]
pub struct CallsPanel {
    filter: String,
    focus_filter: bool,
    folds: Folds,
    tree: TreeState,
    rows: Vec<Row>,
    ids: Vec<Id>,
    /// What `rows` were made from.
    made_from: Option<(u64, String)>,
    renaming: Option<Renaming>,
    /// The folder that a carried row would go to, as it was in the last frame.
    drop_on: Option<PathBuf>,
    /// The tab whose row was selected last because it came to the front.
    followed: Option<TabId>,
}

#[derive(Debug)]
struct Renaming {
    path: PathBuf,
    text: String,
    started: bool,
}

/// The row that is being carried.
#[derive(Clone, Debug, PartialEq)]
struct Carried {
    path: PathBuf,
    name: String,
}

/// What was done with a row.
enum Said {
    Open(PathBuf, bool),
    Toggle(Id),
    Rename(usize),
}

impl CallsPanel {
    /// Puts the cursor into the filter.
    pub fn focus_filter(&mut self) {
        self.focus_filter = true;
    }

    /// Opens the field over the selected row.
    pub fn rename_selected(&mut self) {
        if let Some(index) = self.ids.iter().position(|id| self.tree.selected == Some(*id)) {
            self.start_renaming(index);
        }
    }

    /// Makes the rows anew if something changed, and lets the selection follow the call in front.
    pub fn logic(&mut self, cx: &mut Cx<'_>) {
        let workspace = &cx.model.workspace;
        let current = self
            .made_from
            .as_ref()
            .is_some_and(|(revision, filter)| *revision == workspace.revision && *filter == self.filter);
        if !current {
            self.rows = rows::build(workspace, &self.filter, &self.folds);
            self.ids = self.rows.iter().map(|row| row.id).collect();
            self.made_from = Some((workspace.revision, self.filter.clone()));
        }
        let active = cx.model.tabs.active();
        if active.map(|tab| tab.id) != self.followed {
            self.followed = active.map(|tab| tab.id);
            let file = active.and_then(|tab| tab.file.as_deref());
            let row = file.and_then(|file| self.rows.iter().find(|row| workspace.is_entry(file, &row.path)));
            if let Some(row) = row {
                self.tree.selected = Some(row.id);
            }
        }
    }

    /// Paints the sidebar.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        ui.spacing_mut().item_spacing.y = 0.0;
        self.header_ui(ui, cx);
        if cx.model.workspace.entries.is_empty() {
            empty_ui(ui, cx);
            return;
        }
        self.filter_ui(ui);
        let (_, middle, bottom) = pane::cut(ui.available_rect_before_wrap(), 4.0, size::PANE_FOOTER);
        pane::inside(ui, middle, "calls tree", |ui| self.tree_ui(ui, cx));
        pane::bar_at(ui, bottom, pane::Line::Above, |ui| footer_ui(ui, cx));
    }

    fn header_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        pane::bar(ui, size::PANE_HEADER, pane::Line::None, |ui| {
            pane::title(ui, &t!("calls.title"));
            let keys = |act| shortcuts::effective(act, &cx.model.settings).map(|chord| chord.to_string());
            let has_root = cx.model.workspace.root.is_some();
            let mut said = Vec::new();
            pane::right(ui, |ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                let more = button::icon_button(ui, icon::DOTS_THREE, size::ICON, &t!("calls.more"));
                menu::below(&more, |ui| {
                    for (glyph, act, words) in [
                        (icon::FOLDER_OPEN, Act::OpenFolder, t!("act.open_folder")),
                        (icon::FILE, Act::OpenFile, t!("act.open_file")),
                        (icon::TRAY, Act::OpenSample, t!("act.open_sample")),
                    ] {
                        let keys = keys(act).unwrap_or_default();
                        if menu::item(ui, Some(glyph), &words, &keys, true).clicked() {
                            said.push(Command::Act(act));
                        }
                    }
                    menu::separator(ui);
                    if menu::item(ui, None, &t!("calls.collapse_all"), "", has_root).clicked() {
                        self.folds.close_all(&cx.model.workspace);
                        self.made_from = None;
                    }
                });
                if button::icon_button(ui, icon::PLUS, size::ICON, &t!("act.new_call")).clicked() {
                    said.push(Command::Act(Act::NewCall));
                }
                let folder = ui.add_enabled_ui(has_root, |ui| {
                    button::icon_button(ui, icon::FOLDER_PLUS, size::ICON, &t!("calls.new_folder"))
                });
                if folder.inner.clicked() {
                    said.push(Command::NewFolder(self.folder_of_selected()));
                }
            });
            cx.commands.extend(said);
        });
    }

    /// Where a new folder goes: into the selected one, or beside the selected call.
    fn folder_of_selected(&self) -> PathBuf {
        let row = self.rows.iter().find(|row| self.tree.selected == Some(row.id));
        let folder = row.and_then(|row| if row.open.is_some() { Some(row.path.as_path()) } else { row.path.parent() });
        folder.unwrap_or(Path::new("")).to_owned()
    }

    fn filter_ui(&mut self, ui: &mut Ui) {
        let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::CONTROL));
        let id = ui.make_persistent_id("calls filter");
        if slash_pressed(ui) || std::mem::take(&mut self.focus_filter) {
            ui.memory_mut(|memory| memory.request_focus(id));
        }
        let response = field::Field::new(&t!("calls.filter_name"), &mut self.filter)
            .hint(&t!("calls.filter"))
            .icon(icon::FUNNEL_SIMPLE)
            .keys("/")
            .clearable(&t!("calls.clear_filter"))
            .show_at(ui, rect.shrink2(vec2(8.0, 0.0)), id);
        if response.changed() {
            ui.ctx().request_repaint();
        }
        if response.has_focus() && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::ArrowDown)) {
            if let Some(id) = self.ids.first() {
                self.tree.go_to(ui, 0, *id);
            }
        } else if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
            self.filter.clear();
        }
    }

    fn tree_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if self.rows.is_empty() {
            pane::bar(ui, 32.0, pane::Line::None, |ui| {
                pane::note(ui, &t!("calls.nothing_found", what = self.filter.trim()));
                if button::link(ui, &t!("calls.clear_filter")).clicked() {
                    self.filter.clear();
                }
            });
            return;
        }
        let mut said = None;
        match self.tree.keys(ui, &self.ids) {
            Some(TreeKey::Rename(index)) => said = Some(Said::Rename(index)),
            Some(TreeKey::Delete(index)) => {
                if let Some(row) = self.rows.get(index) {
                    cx.push(Command::DeleteSaved(row.path.clone()));
                }
            }
            Some(TreeKey::Out(index)) => self.go_out(ui, index),
            None => {}
        }
        let rows = &self.rows;
        let selected = self.tree.selected;
        let renaming = &mut self.renaming;
        let mut clicked = None;
        let carried = DragAndDrop::payload::<Carried>(ui.ctx());
        let drop_on = self.drop_on.take().filter(|_| carried.is_some());
        let (mut next_drop, mut region) = (None, Rect::NOTHING);
        self.tree.rows(ui, "calls rows", rows.len(), |ui, index| {
            let Some(row) = rows.get(index) else { return };
            if drop_on.as_ref().is_some_and(|folder| row.path.starts_with(folder)) {
                ui.painter().rect_filled(ui.max_rect(), 0, cx.tokens.over(cx.tokens.accent, 0.10, 0.10));
                region = region.union(ui.max_rect());
            }
            let moving = carried.as_ref().is_some_and(|carried| carried.path == row.path);
            let here = drop_on.as_deref() == Some(&row.path);
            let look = Look { selected: selected == Some(row.id), moving, here };
            let out = row_ui(ui, cx, row, look);
            out.response.dnd_set_drag_payload(Carried { path: row.path.clone(), name: row.name.clone() });
            if let Some(carried) = &carried
                && out.response.contains_pointer()
            {
                next_drop = target_of(row, &carried.path);
            }
            if let Some(carried) = out.response.dnd_release_payload::<Carried>()
                && let Some(folder) = target_of(row, &carried.path)
            {
                cx.push(Command::MoveSaved(carried.path.clone(), folder));
            }
            if out.response.clicked() || out.response.secondary_clicked() {
                clicked = Some(row.id);
            }
            if let Some(new) = row_said(ui, cx, row, index, &out) {
                said = Some(new);
            }
            if renaming.as_ref().is_some_and(|renaming| renaming.path == row.path)
                && let Some(state) = renaming
                && rename_ui(ui, cx, row, state, &out)
            {
                *renaming = None;
                ui.memory_mut(|memory| memory.request_focus(row.id));
            }
        });
        if let Some(carried) = &carried {
            carry_ui(ui, cx, &carried.name, region);
        }
        if next_drop != drop_on {
            ui.ctx().request_repaint();
        }
        self.drop_on = next_drop;
        if clicked.is_some() {
            self.tree.selected = clicked;
        }
        match said {
            Some(Said::Open(path, preview)) => cx.push(Command::OpenSaved(path, preview)),
            Some(Said::Toggle(id)) => {
                self.folds.toggle(id);
                self.made_from = None;
            }
            Some(Said::Rename(index)) => self.start_renaming(index),
            None => return,
        }
        // The rows are made anew before the next frame.
        ui.ctx().request_repaint();
    }

    fn go_out(&mut self, ui: &Ui, index: usize) {
        let Some(row) = self.rows.get(index).filter(|row| row.open != Some(true)) else { return };
        let parent = self.rows.iter().take(index).rposition(|above| above.depth < row.depth);
        if let Some(parent) = parent
            && let Some(id) = self.ids.get(parent)
        {
            self.tree.go_to(ui, parent, *id);
        }
    }

    fn start_renaming(&mut self, index: usize) {
        if let Some(row) = self.rows.get(index) {
            self.renaming = Some(Renaming { path: row.path.clone(), text: row.name.clone(), started: false });
        }
    }
}

fn tab_of<'a>(cx: &Cx<'a>, path: &Path) -> Option<&'a Tab> {
    let model = cx.model;
    model.tabs.open.iter().find(|tab| tab.file.as_deref().is_some_and(|file| model.workspace.is_entry(file, path)))
}

/// The folder that a row stands for when something is let go over it; `None`: it is there already, or cannot go there.
fn target_of(row: &Row, carried: &Path) -> Option<PathBuf> {
    let folder = if row.open.is_some() { &*row.path } else { row.path.parent()? };
    let stays = carried.parent() == Some(folder) || folder.starts_with(carried);
    (!stays).then(|| folder.to_owned())
}

/// The carried row at the pointer, and the border of the folder that it would go to.
fn carry_ui(ui: &Ui, cx: &Cx<'_>, name: &str, region: Rect) {
    let t = cx.tokens;
    if region.is_positive() {
        let border = egui::Stroke::new(size::HAIRLINE, t.accent);
        let region = region.shrink2(vec2(4.0, 0.0));
        ui.painter().rect_stroke(region, size::ROW_RADIUS, border, egui::StrokeKind::Inside);
    }
    let Some(at) = ui.ctx().pointer_latest_pos() else { return };
    let painter = ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Tooltip, Id::unique("carried call")));
    let line = text::galley(&painter, name, font::body());
    let chip = Rect::from_min_size(at + vec2(8.0, 4.0), vec2(line.size().x + 44.0, 28.0));
    painter.add(ui.visuals().popup_shadow.as_shape(chip, size::CONTROL_RADIUS));
    edge::frame(&painter, chip, size::CONTROL_RADIUS, t.float, t.line2);
    let y = chip.center().y;
    text::glyph(&painter, pos2(chip.left() + 16.0, y), icon::PAPER_PLANE_TILT, font::icon(size::ICON), t.mid);
    text::galley_left(&painter, pos2(chip.left() + 32.0, y), line, t.hi);
}

/// How a row is shown besides what it says.
#[derive(Clone, Copy)]
struct Look {
    selected: bool,
    /// It is being carried.
    moving: bool,
    /// What is carried would go into it.
    here: bool,
}

fn row_ui(ui: &mut Ui, cx: &mut Cx<'_>, row: &Row, look: Look) -> RowOutput {
    let tab = tab_of(cx, &row.path);
    let (caret, lead) = match row.open {
        Some(true) => (Caret::Open, Lead::Icon(icon::FOLDER_OPEN)),
        Some(false) => (Caret::Closed, Lead::Icon(icon::FOLDER)),
        None => match tab.filter(|tab| tab.flow.is_some() || tab.running.is_some()) {
            Some(tab) => (Caret::None, Lead::Mark(outcome_mark(cx.model, tab))),
            None => (Caret::None, Lead::Icon(icon::PAPER_PLANE_TILT)),
        },
    };
    let here = t!("calls.move_here");
    let facts = [if look.here { Fact::colored(&here, cx.tokens.accent) } else { Fact::new(&row.fact) }];
    let changed = tab.is_some_and(|tab| tab.outside != Outside::Same);
    let warned = row.error.is_some() || changed;
    let mut line = TreeRow::new(row.id, &row.name)
        .depth(row.depth)
        .caret(caret)
        .lead(lead)
        .selected(look.selected)
        .dim(look.moving)
        .unsaved(tab.is_some_and(Tab::is_unsaved))
        .warned(warned);
    if !warned && (row.open.is_some() || !cx.narrow) {
        line = line.facts(&facts);
    }
    if row.error.is_some() {
        line = line.name_color(cx.tokens.low);
    }
    let mut out = line.show(ui);
    if out.response.has_focus() {
        hold_arrows(ui, out.response.id);
    }
    if row.open.is_none() {
        out.response = out.response.on_hover_ui(|ui| {
            ui.label(egui::RichText::new(row.path.to_string_lossy()).font(font::code_small()));
            if let Some(error) = &row.error {
                ui.label(egui::RichText::new(tell(error)).color(cx.tokens.err));
            } else if changed {
                ui.label(t!("calls.changed_outside"));
            }
        });
    }
    out
}

/// What a click or the menu asks for; what needs no state of the panel is pushed at once.
fn row_said(ui: &Ui, cx: &mut Cx<'_>, row: &Row, index: usize, out: &RowOutput) -> Option<Said> {
    let mut said = None;
    let open = |preview| Said::Open(row.path.clone(), preview);
    menu::context(&out.response, |ui| {
        if row.open.is_some() {
            if menu::item(ui, Some(icon::FOLDER_PLUS), &t!("calls.new_folder"), "", true).clicked() {
                cx.push(Command::NewFolder(row.path.clone()));
            }
        } else {
            if menu::item(ui, Some(icon::PAPER_PLANE_TILT), &t!("calls.open"), "Enter", true).clicked() {
                said = Some(open(false));
            }
            let sound = row.error.is_none();
            if menu::item(ui, Some(icon::COPY), &t!("calls.duplicate"), "", sound).clicked() {
                cx.push(Command::DuplicateSaved(row.path.clone()));
            }
        }
        // A name inside a file that cannot be read cannot be changed either.
        if menu::item(ui, Some(icon::PENCIL_SIMPLE), &t!("calls.rename"), "F2", row.error.is_none()).clicked() {
            said = Some(Said::Rename(index));
        }
        menu::separator(ui);
        if menu::item(ui, Some(icon::TRASH), &t!("calls.delete"), "Delete", true).clicked() {
            cx.push(Command::DeleteSaved(row.path.clone()));
        }
    });
    if out.caret_clicked || (out.response.clicked() && row.open.is_some()) {
        return Some(Said::Toggle(row.id));
    }
    if out.response.double_clicked() {
        return Some(open(false));
    }
    if out.response.clicked() {
        // Enter means it; one click only looks.
        let meant = ui.input(|input| input.key_pressed(Key::Enter));
        return Some(open(!meant));
    }
    said
}

/// The field over the row. Gives true when it is done with.
fn rename_ui(ui: &mut Ui, cx: &mut Cx<'_>, row: &Row, state: &mut Renaming, out: &RowOutput) -> bool {
    let id = row.id.with("rename");
    let place = Rect::from_min_max(pos2(out.name_left - 9.0, out.rect.top()), out.rect.max - vec2(4.0, 0.0));
    ui.painter().rect_filled(place, size::CONTROL_RADIUS, cx.tokens.field);
    let extension = if row.open.is_some() { "" } else { EXTENSION };
    let response = field::Field::new(&t!("calls.new_name"), &mut state.text)
        .font(font::body())
        .trailing(extension)
        .height(size::ROW)
        .show_at(ui, place, id);
    if !state.started {
        if ui.input(|input| input.pointer.any_click()) {
            // The click on the menu would take the focus in the same frame.
            ui.ctx().request_repaint();
            return false;
        }
        state.started = true;
        response.request_focus();
        let mut edit = TextEdit::load_state(ui.ctx(), id).unwrap_or_default();
        let all = CCursorRange::two(CCursor::new(0), CCursor::new(state.text.chars().count()));
        edit.cursor.set_char_range(Some(all));
        edit.store(ui.ctx(), id);
        return false;
    }
    if !response.lost_focus() {
        return false;
    }
    let name = state.text.trim();
    let escaped = ui.input(|input| input.key_pressed(Key::Escape));
    if !escaped && !name.is_empty() && name != row.name {
        cx.push(Command::RenameSaved(row.path.clone(), name.to_owned()));
    }
    true
}

fn footer_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let unsaved = cx.model.tabs.open.iter().filter(|tab| tab.is_unsaved()).count();
    let all: usize = cx.model.workspace.entries.iter().map(crate::model::workspace::Entry::count).sum();
    let words = match unsaved {
        0 => t!("calls.all_saved", all = all),
        1 => t!("calls.one_unsaved", all = all),
        _ => t!("calls.unsaved", n = unsaved, all = all),
    };
    pane::note(ui, &words);
}

/// No workspace, or one without a call: what this pane is for, and how to begin.
fn empty_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let t = tokens(ui);
    let keys = shortcuts::effective(Act::Save, &cx.model.settings).map(|chord| chord.to_string()).unwrap_or_default();
    let first = if cx.model.workspace.root.is_some() { t!("calls.none_here") } else { t!("calls.none") };
    pane::bar(ui, 28.0, pane::Line::None, |ui| text::line(ui, &first, font::label_regular(), t.hi, 20.0));
    pane::bar(ui, 28.0, pane::Line::None, |ui| {
        text::line(ui, &t!("calls.none_save", keys = keys), font::label_regular(), t.mid, 20.0);
    });
    ui.add_space(8.0);
    for (index, (glyph, act, title)) in [
        (icon::TRAY, Act::OpenSample, t!("act.open_sample")),
        (icon::FOLDER_OPEN, Act::OpenFolder, t!("calls.open_folder")),
    ]
    .into_iter()
    .enumerate()
    {
        let (_, rect) = ui.allocate_space(vec2(ui.available_width(), 36.0));
        let card = Rect::from_min_size(rect.min + vec2(8.0, 0.0), vec2(rect.width() - 16.0, 32.0));
        let response = ui.interact(card, ui.make_persistent_id(index), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, title.as_ref()));
        let (fill, border, ink) = match (index, response.hovered()) {
            (0, _) => (t.select, t.chosen_line(), t.accent),
            (_, true) => (t.raised_hover(), t.line, t.mid),
            (_, false) => (t.raised, t.line, t.mid),
        };
        edge::frame(ui.painter(), card, size::CONTROL_RADIUS, fill, border);
        if response.has_focus() {
            edge::focus_ring(ui.painter(), card, size::CONTROL_RADIUS, t);
        }
        let y = card.center().y;
        text::glyph(ui.painter(), pos2(card.left() + 18.0, y), glyph, font::icon(size::ICON), ink);
        text::left(ui.painter(), pos2(card.left() + 36.0, y), title, font::label_regular(), t.hi);
        if response.clicked() {
            cx.push(Command::Act(act));
        }
    }
}
