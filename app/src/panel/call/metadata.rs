//! Metadata rows: those of the request to edit below those that it inherits, and those of the answer to read.

use callscope_wire::Metadata;
use egui::{Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::figures;
use super::subject::Subject;
use super::view::View;
use crate::command::Command;
use crate::model::draft::MetadataRow;
use crate::panel::Cx;
use crate::theme::{font, icon, size};
use crate::widget::field::Field;
use crate::widget::pane::{self, Line};
use crate::widget::{button, checkbox, edge, row, text};

/// Where names and values begin.
const NAME: f32 = 40.0;
const VALUE_SHARE: f32 = 0.36;
const VALUE_LEAST: f32 = 168.0;
/// Rows of the block below a message before it scrolls.
const MOST_ROWS: usize = 5;
const HEAD: f32 = 36.0;

/// Height of the foldable block below a message.
pub(super) fn block_height(subject: &Subject<'_>, view: &View) -> f32 {
    let rows = inherited(subject, view).count() + view.draft.metadata.len();
    if view.metadata_open && rows > 0 { HEAD + rows.min(MOST_ROWS) as f32 * size::ROW + 8.0 } else { HEAD }
}

/// Rows of the folders above that the call does not replace by its own of the same name.
pub(super) fn inherited<'a>(subject: &Subject<'a>, view: &View) -> impl Iterator<Item = &'a MetadataRow> {
    let own: Vec<String> = view.draft.metadata.iter().map(|row| row.name.to_ascii_lowercase()).collect();
    subject.tab.inherited.metadata.iter().filter(move |row| !own.contains(&row.name.to_ascii_lowercase()))
}

/// The foldable block below a message.
pub(super) fn block_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, view: &mut View) {
    let t = cx.tokens;
    let rect = ui.available_rect_before_wrap();
    edge::hline(ui.painter(), rect.x_range(), rect.top(), t.line);
    pane::bar(ui, HEAD, Line::None, |ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let title = t!("call.request.metadata");
        let words = text::galley(ui.painter(), title.as_ref(), font::card_title());
        let (place, response) = ui.allocate_exact_size(vec2(16.0 + words.size().x, 24.0), Sense::click());
        let open = view.metadata_open;
        response.widget_info(|| WidgetInfo::selected(Role::DisclosureTriangle, true, open, t!("call.metadata.fold")));
        let caret = if open { row::Caret::Open } else { row::Caret::Closed };
        row::paint_caret(ui.painter(), pos2(place.left() + 4.0, place.center().y), caret, t);
        text::galley_left(ui.painter(), pos2(place.left() + 16.0, place.center().y), words, t.hi);
        if response.has_focus() {
            edge::focus_ring(ui.painter(), place.expand2(vec2(4.0, 0.0)), size::ROW_RADIUS, t);
        }
        if response.clicked() {
            view.metadata_open = !open;
        }
        let above = inherited(subject, view).count();
        text::label(ui, (view.draft.metadata.len() + above).to_string(), font::small(), t.low);
        pane::right(ui, |ui| {
            add_ui(ui, view);
            if above > 0 && ui.available_width() > 120.0 {
                ui.add_space(8.0);
                text::label(ui, t!("call.metadata.inherited", count = above), font::small(), t.low);
            }
        });
    });
    if view.metadata_open {
        ScrollArea::vertical().id_salt("metadata block").show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            inherited_ui(ui, cx, subject, view);
            rows_ui(ui, cx, view);
        });
    }
}

/// The sub-tab of its own.
pub(super) fn tab_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, view: &mut View) {
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.add_space(8.0);
        inherited_ui(ui, cx, subject, view);
        rows_ui(ui, cx, view);
        pane::bar(ui, size::TABLE_HEADER, Line::None, |ui| add_ui(ui, view));
        if view.draft.metadata.is_empty() {
            pane::bar(ui, size::ROW, Line::None, |ui| pane::note(ui, &t!("call.metadata.none")));
        }
    });
}

fn add_ui(ui: &mut Ui, view: &mut View) {
    if button::link(ui, &t!("call.metadata.add")).clicked() {
        view.draft.metadata.push(MetadataRow { enabled: true, name: String::new(), value: String::new() });
        view.metadata_open = true;
        view.touched = true;
    }
}

/// Locked: they are changed in the file they come from.
fn inherited_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, view: &View) {
    let t = cx.tokens;
    for entry in inherited(subject, view) {
        let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::ROW));
        let left = rect.left() + size::PANE_PADDING;
        let place = rect.with_min_x(left).with_max_x(left + 16.0);
        let mut child = ui.new_child(UiBuilder::new().id_salt(("inherited", &entry.name)).max_rect(place));
        let name = t!("call.metadata.inherited_row", name = entry.name);
        if entry.enabled {
            checkbox::checkbox_locked(&mut child, &name);
        }
        let y = rect.center().y;
        let value_left = (rect.left() + (rect.width() * VALUE_SHARE).max(VALUE_LEAST)).round();
        let name_at = pos2(rect.left() + NAME, y);
        let painter = ui.painter();
        text::left_elided(painter, name_at, &entry.name, font::code_small(), t.mid, value_left - name_at.x - 8.0);
        let room = rect.right() - 36.0 - value_left;
        text::left_elided(painter, pos2(value_left, y), &entry.value, font::code_small(), t.mid, room);
        let lock = pos2(rect.right() - 22.0, y);
        text::glyph(painter, lock, icon::LOCK, font::icon(size::ICON_SMALL), t.low);
        let file = subject.tab.inherited.files.last().map(|file| file.display().to_string()).unwrap_or_default();
        ui.interact(rect.with_min_x(left + 20.0), child.make_persistent_id("from"), Sense::hover())
            .on_hover_text(t!("call.metadata.from", file = file));
    }
}

fn rows_ui(ui: &mut Ui, cx: &Cx, view: &mut View) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let mut removed = None;
    let mut touched = false;
    let generation = view.generation;
    for (index, entry) in view.draft.metadata.iter_mut().enumerate() {
        let number = index + 1;
        let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::ROW));
        let left = rect.left() + size::PANE_PADDING;
        let mut child = ui.new_child(
            UiBuilder::new()
                .id_salt(("metadata", generation, index))
                .max_rect(rect.with_min_x(left).with_max_x(left + 16.0)),
        );
        let name = t!("call.metadata.enabled", number = number);
        touched |= checkbox::checkbox(&mut child, &mut entry.enabled, &name).changed();
        let value_left = (rect.left() + (rect.width() * VALUE_SHARE).max(VALUE_LEAST)).round();
        let name_rect = rect.with_min_x(rect.left() + NAME).with_max_x(value_left - 8.0);
        let value_rect = rect.with_min_x(value_left).with_max_x(rect.right() - 36.0);
        for (place, words, text, hint) in [
            (name_rect, t!("call.metadata.name", number = number), &mut entry.name, t!("call.metadata.name_hint")),
            (value_rect, t!("call.metadata.value", number = number), &mut entry.value, t!("call.metadata.value_hint")),
        ] {
            let id = child.make_persistent_id(&words);
            let field = Field::new(&words, text).mono().hint(&hint).frameless();
            let response = field.show_at(&mut child, place, id);
            if response.has_focus() {
                edge::focus_ring(child.painter(), place.expand2(vec2(6.0, -1.0)), size::ROW_RADIUS, cx.tokens);
            }
            touched |= response.changed();
        }
        let close = t!("call.metadata.remove", number = number);
        let id = child.make_persistent_id("remove");
        let at = pos2(rect.right() - 22.0, rect.center().y);
        if button::icon_button_at(&child, at, icon::X, size::ICON_TINY, &close, id).clicked() {
            removed = Some(index);
        }
    }
    if let Some(index) = removed {
        view.draft.metadata.remove(index);
        view.generation += 1;
        touched = true;
    }
    view.touched |= touched;
}

/// Pairs to read; a click copies the value.
pub(super) fn read_ui(ui: &mut Ui, cx: &mut Cx, metadata: Option<&Metadata>, nothing: &str) {
    let Some(metadata) = metadata.filter(|metadata| !metadata.is_empty()) else {
        pane::bar(ui, size::PANE_HEADER, Line::None, |ui| pane::note(ui, nothing));
        return;
    };
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.add_space(8.0);
        for (index, (name, value)) in metadata.iter().enumerate() {
            let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::ROW));
            let words = figures::metadata_value(value);
            let response = ui.interact(rect, ui.make_persistent_id(("pair", index)), Sense::click());
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{name}: {words}")));
            row::ground(ui.painter(), rect, false, &response, cx.tokens);
            let y = rect.center().y;
            let value_left = (rect.left() + (rect.width() * VALUE_SHARE).max(VALUE_LEAST)).round();
            let name_at = pos2(rect.left() + size::PANE_PADDING, y);
            let room = value_left - name_at.x - 8.0;
            text::left_elided(ui.painter(), name_at, name, font::code_small(), cx.tokens.mid, room);
            let value_at = pos2(value_left, y);
            let room = rect.right() - value_left - size::ROW_RIGHT;
            text::left_elided(ui.painter(), value_at, words.as_str(), font::code_small(), cx.tokens.hi, room);
            if response.on_hover_text(t!("call.metadata.copy")).clicked() {
                cx.push(Command::Copy(words));
            }
        }
    });
}
