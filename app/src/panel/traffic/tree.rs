//! The fields of the selected frame, each with the color of its bytes.

use callscope_wire::inspect::{Node, NodeKind};
use egui::{Align, EventFilter, Id, Key, Modifiers, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::assembled::Assembled;
use super::detail::{Detail, FieldRow};
use super::message::back_item;
use super::{BytesView, TrafficPanel};
use crate::command::Command;
use crate::panel::Cx;
use crate::theme::{Tokens, font, icon, size};
use crate::widget::chip::grouped;
use crate::widget::mark::{self, Mark};
use crate::widget::row::{self, Caret};
use crate::widget::vtable::{Column, RowPainter, VTable, Width};
use crate::widget::{edge, menu, pane, text};
use crate::words::tell;

/// Diagnostics listed over the footer.
const ODD_SHOWN: usize = 4;

impl TrafficPanel {
    /// Fields, what is odd, and a footer.
    pub fn tree_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if self.shown_view() != BytesView::Frame {
            self.message_tree_ui(ui, cx);
            return;
        }
        let t = cx.tokens;
        let Some(detail) = &self.detail else {
            nothing_selected(ui, cx, &t!("traffic.decoded"));
            return;
        };
        let odd = detail.dissection.diagnostics.len().min(ODD_SHOWN);
        let bottom = size::PANE_FOOTER + if odd > 0 { size::ROW * odd as f32 + 8.0 } else { 0.0 };
        let (top, middle, bottom) = pane::cut(ui.max_rect(), size::TABLE_HEADER, bottom);
        pane::bar_at(ui, top, pane::Line::Below, |ui| {
            ui.spacing_mut().item_spacing.x = size::GAP;
            pane::title(ui, &t!("traffic.decoded"));
            let instance = {
                let store = cx.model.traffic.store();
                store.connection(detail.frame.connection).map(|connection| {
                    connection.facts.instance.clone().unwrap_or_else(|| connection.facts.peer.clone())
                })
            };
            let frame = t!("traffic.frame_number", frame = grouped(detail.frame.id.0));
            let note = instance.map_or_else(|| frame.to_string(), |instance| format!("{frame} · {instance}"));
            text::line(ui, &note, font::small(), t.low, 20.0);
        });
        pane::inside(ui, middle, "fields", |ui| self.fields_ui(ui, cx));
        self.tree_footer(ui, bottom, t);
    }

    fn fields_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let t = cx.tokens;
        let Some(detail) = &self.detail else { return };
        if detail.rows.is_empty() {
            let known = detail.frame.dialect.is_some();
            let words = if known { t!("traffic.no_fields") } else { t!("traffic.no_dialect") };
            let at = ui.max_rect().left_top() + vec2(size::PANE_PADDING, 20.0);
            text::left_elided(ui.painter(), at, words, font::small(), t.low, ui.max_rect().width() - 24.0);
            return;
        }
        let id = Id::unique(("frame fields", self.docked.is_some()));
        let focused = ui.memory(|memory| memory.has_focus(id));
        let mut toggle = if focused { self.fold_keys(ui) } else { None };
        let back = self.desk.here().and_then(Assembled::link);
        let Some(detail) = &self.detail else { return };
        let columns = [Column { name: "", width: Width::Flex(60.0), align: Align::Min }];
        let rows = &detail.rows;
        let row_name = |number: u64| {
            let node = rows.get(number as usize).and_then(|row| detail.node(&row.path));
            node.map(|node| format!("{} {}", node.name, node.value).trim().to_owned()).unwrap_or_default()
        };
        let name = t!("traffic.fields");
        let output = VTable::new(id, &name, &columns, rows.len() as u64).header(0.0).row_name(&row_name).show(
            ui,
            &mut self.fields,
            |painter, number| {
                if let Some(row) = rows.get(number as usize)
                    && let Some(node) = detail.node(&row.path)
                {
                    paint_field(painter, row, node, t);
                }
            },
        );
        if output.response.has_focus() {
            ui.memory_mut(|memory| {
                let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
                memory.set_focus_lock_filter(id, filter);
            });
        }
        let clicked = self.fields.selected().and_then(|row| rows.get(row as usize)).cloned();
        if let Some(row) = &clicked
            && row.open.is_some()
            && output.response.clicked()
            && let Some(at) = output.response.interact_pointer_pos()
        {
            let caret = row::caret_x(ui.max_rect().left(), row.depth());
            if (at.x - caret).abs() <= 10.0 || output.activated.is_some() {
                toggle = Some(row.key.clone());
            }
        }
        if output.activated.is_some() && toggle.is_none() {
            toggle = clicked.as_ref().filter(|row| row.open.is_some()).map(|row| row.key.clone());
            if toggle.is_none()
                && let Some(back) = &back
            {
                cx.push(Command::ShowInAnswer(Box::new(back.clone())));
            }
        }
        let path = clicked.as_ref().map(|_| detail.selected_path()).filter(|path| !path.is_empty());
        menu::context(&output.response, |ui| {
            if menu::item(ui, Some(icon::COPY), &t!("call.answer.copy_path"), "", path.is_some()).clicked()
                && let Some(path) = &path
            {
                cx.push(Command::Copy(path.clone()));
            }
            menu::separator(ui);
            back_item(ui, cx, back.as_ref());
        });
        if output.selection_changed {
            self.select_field(clicked.map(|row| row.path), true);
            self.choose_in_frame(ui.ctx(), None);
        }
        if let Some(key) = toggle {
            if !self.folded.remove(&key) {
                self.folded.insert(key);
            }
            if let Some(detail) = &mut self.detail {
                detail.flatten(&self.folded);
                // A field inside the folded one is hidden now; its headline stands for it.
                while let Some(path) = &mut detail.selected
                    && path.len() > 1
                    && !detail.rows.iter().any(|row| row.path == *path)
                {
                    path.pop();
                }
                let row = detail.selected_row();
                self.fields.select(row);
            }
        }
    }

    /// → unfolds, ← folds or goes out to the headline.
    fn fold_keys(&mut self, ui: &Ui) -> Option<String> {
        let detail = self.detail.as_ref()?;
        let row = detail.rows.get(self.fields.selected()? as usize)?;
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let (left, right) = (pressed(Key::ArrowLeft), pressed(Key::ArrowRight));
        match row.open {
            Some(true) if left => return Some(row.key.clone()),
            Some(false) if right => return Some(row.key.clone()),
            _ => {}
        }
        if left && row.path.len() > 1 {
            let mut path = row.path.clone();
            path.pop();
            self.select_field(Some(path), true);
        }
        None
    }

    fn tree_footer(&mut self, ui: &mut Ui, rect: Rect, t: &Tokens) {
        let Some(detail) = &self.detail else { return };
        let diagnostics = &detail.dissection.diagnostics;
        let mut go_to = None;
        if !diagnostics.is_empty() {
            edge::hline(ui.painter(), rect.x_range(), rect.top(), t.line);
        }
        for (index, diagnostic) in diagnostics.iter().take(ODD_SHOWN).enumerate() {
            let top = rect.top() + 4.0 + size::ROW * index as f32;
            let line = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), size::ROW));
            let words = tell(&diagnostic.message);
            let response = ui.interact(line, ui.scope_id().with(("odd", index)), Sense::click());
            response.widget_info(|| WidgetInfo::labeled(Role::Link, true, &words));
            if response.hovered() || response.has_focus() {
                ui.painter().rect_filled(line.shrink2(vec2(4.0, 0.0)), size::ROW_RADIUS, t.hover);
            }
            mark::paint(ui.painter(), pos2(line.left() + 18.0, line.center().y), mark::SIZE, Mark::Err, t);
            let span = diagnostic.span;
            let place = t!("traffic.bytes_range", from = span.start, to = span.end.saturating_sub(1).max(span.start));
            let end = pos2(line.right() - size::PANE_PADDING, line.center().y);
            let end = text::right(ui.painter(), end, place, font::small(), t.low);
            let at = pos2(line.left() + 30.0, line.center().y);
            text::left_elided(ui.painter(), at, words, font::small_medium(), t.err, end - at.x - 8.0);
            if response.clicked() {
                go_to = Some(span);
            }
        }
        let foot = Rect::from_min_max(pos2(rect.left(), rect.bottom() - size::PANE_FOOTER), rect.max);
        pane::bar_at(ui, foot, pane::Line::Above, |ui| footer_words(ui, detail, t));
        if let Some(span) = go_to {
            self.select_byte(span.start);
            self.hex.select(Some(span.range()).filter(|range| !range.is_empty()));
        }
    }
}

fn footer_words(ui: &mut Ui, detail: &Detail, t: &Tokens) {
    ui.spacing_mut().item_spacing.x = 6.0;
    let odd = detail.dissection.diagnostics.len();
    let center = pos2(ui.cursor().left() + 6.0, ui.max_rect().center().y);
    ui.add_space(16.0);
    if detail.frame.dialect.is_none() {
        mark::paint(ui.painter(), center, mark::SIZE, Mark::Idle, t);
        pane::note(ui, &t!("traffic.not_decoded"));
    } else if odd == 0 {
        text::glyph(ui.painter(), center, icon::CHECK, font::icon_bold(13.0), t.ok);
        text::label(ui, t!("traffic.no_unknown"), font::small(), t.mid);
    } else {
        mark::paint(ui.painter(), center, mark::SIZE, Mark::Err, t);
        let words = if odd == 1 { t!("traffic.odd_one") } else { t!("traffic.odd", count = odd) };
        text::label(ui, words, font::small(), t.err);
    }
}

fn paint_field(painter: &RowPainter<'_>, row: &FieldRow, node: &Node, t: &Tokens) {
    let rect = painter.rect;
    let y = rect.center().y;
    let depth = row.depth();
    row::guides(painter.painter, rect, depth, t);
    let caret = match row.open {
        Some(true) => Caret::Open,
        Some(false) => Caret::Closed,
        None => Caret::None,
    };
    let caret_x = row::caret_x(rect.left(), depth);
    row::paint_caret(painter.painter, pos2(caret_x, y), caret, t);
    let end = rect.right() - size::ROW_RIGHT;
    let note = text::elided(painter.painter, node.note.as_str(), font::small(), rect.width() * 0.4);
    let note_width = note.size().x;
    text::galley_right(painter.painter, pos2(end, y), note, t.low);
    let room_end = end - note_width - 8.0;

    let headline = depth == 0 && row.open.is_some();
    let mut x = caret_x + 12.0;
    if row.open.is_none() {
        let stripe = Rect::from_center_size(pos2(caret_x + 6.0, y), vec2(3.0, 12.0));
        painter.painter.rect_filled(stripe, 1, t.series(row.series));
        x = caret_x + 16.0;
    }
    if row.odd {
        mark::paint(painter.painter, pos2(x + 4.0, y), mark::SIZE, Mark::Err, t);
        x += 14.0;
    }
    let (face, color) = if headline { (font::card_title(), t.hi) } else { (font::code_small(), t.key) };
    let color = if row.odd { t.err } else { color };
    x = text::left_elided(painter.painter, pos2(x, y), node.name.as_str(), face, color, room_end - x);
    x += 10.0;
    if node.value.is_empty() {
        if row.open.is_some() && !headline {
            let list = node.children.first().is_some_and(|child| child.name.ends_with(']'));
            let words = match (list, node.children.len()) {
                (true, 1) => t!("traffic.item_inside"),
                (true, count) => t!("traffic.items_inside", count = count),
                (false, 1) => t!("traffic.field_inside"),
                (false, count) => t!("traffic.fields_inside", count = count),
            };
            text::left_elided(painter.painter, pos2(x, y), words, font::small(), t.low, room_end - x);
        }
        return;
    }
    let color = match node.kind {
        NodeKind::Number => t.num,
        NodeKind::Text => t.str,
        NodeKind::Literal => t.lit,
        NodeKind::Group | NodeKind::Raw => t.mid,
    };
    text::left_elided(painter.painter, pos2(x, y), node.value.as_str(), font::code_small(), color, room_end - x);
}

/// Title and hint of a pane without a frame.
pub(super) fn nothing_selected(ui: &mut Ui, cx: &Cx<'_>, title: &str) {
    let (top, middle, _) = pane::cut(ui.max_rect(), size::TABLE_HEADER, 0.0);
    pane::bar_at(ui, top, pane::Line::Below, |ui| pane::title(ui, title));
    if !cx.model.traffic.store().is_empty() {
        text::center(ui.painter(), middle.center(), t!("traffic.select_a_frame"), font::small(), cx.tokens.low);
    }
}
