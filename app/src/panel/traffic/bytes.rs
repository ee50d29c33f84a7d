//! The bytes of the selected frame, as hex or text; below them the selected field and the frame's stream.

use egui::{Id, Rect, ScrollArea, Ui, pos2, vec2};
use rust_i18n::t;

use super::{TrafficPanel, card, lane, size_words, tree};
use crate::panel::Cx;
use crate::theme::{font, size};
use crate::widget::hex::Hex;
use crate::widget::{pane, segmented, text};

/// Text shown of a frame; the rest is in the bytes.
const TEXT: usize = 64 << 10;
/// Narrower panes have eight bytes to a row.
const SIXTEEN: f32 = 522.0;
const COLUMN_NUMBERS: f32 = 24.0;

impl TrafficPanel {
    /// Hex or text, card, lane and footer.
    pub fn bytes_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let t = cx.tokens;
        let Some(detail) = &self.detail else {
            tree::nothing_selected(ui, cx, &t!("traffic.bytes"));
            return;
        };
        let frame = detail.frame.clone();
        let (top, middle, bottom) = pane::cut(ui.max_rect(), size::TABLE_HEADER, size::PANE_FOOTER);
        pane::bar_at(ui, top, pane::Line::Below, |ui| {
            ui.spacing_mut().item_spacing.x = size::GAP;
            pane::title(ui, &t!("traffic.bytes"));
            let words = size_words(frame.bytes.len() as u64);
            pane::note(
                ui,
                &if frame.sent { t!("traffic.sent", size = words) } else { t!("traffic.received", size = words) },
            );
            pane::right(ui, |ui| {
                let mut at = usize::from(self.as_text);
                let names = (t!("traffic.hex"), t!("traffic.text"));
                segmented::segmented_small(ui, &t!("traffic.show_as"), &[&names.0, &names.1], &mut at);
                self.as_text = at == 1;
            });
        });

        // From the bottom: the lane if there is room, then the card; the bytes get the rest and keep three rows.
        let with_lane = middle.height() >= 420.0 && detail.stream.len() > 1;
        let lane_height = if with_lane { lane::HEIGHT } else { 0.0 };
        let room = middle.height() - lane_height;
        let readings = detail.selected_node().map(|node| {
            let bytes = frame.bytes.get(node.span.range()).unwrap_or_default();
            card::readings(node, &detail.selected_path(), bytes)
        });
        let wanted = readings.as_ref().map_or(0.0, |rows| card::height(rows.len()) + 16.0);
        let card_height = if room - wanted >= 100.0 { wanted } else { 0.0 };
        let per_row = if middle.width() >= SIXTEEN { 16 } else { 8 };
        let content = COLUMN_NUMBERS + size::CODE_ROW * frame.bytes.len().div_ceil(per_row) as f32 + 8.0;
        let hex_height = if self.as_text { room - card_height } else { content.min(room - card_height) };
        let hex = Rect::from_min_size(middle.min, vec2(middle.width(), hex_height.max(0.0)));

        pane::inside(ui, hex, "hex", |ui| if self.as_text { self.text_ui(ui, cx) } else { self.hex_ui(ui, cx) });
        if card_height > 0.0
            && let Some(detail) = &self.detail
            && let Some(node) = detail.selected_node()
            && let Some(rows) = &readings
        {
            let place = Rect::from_min_max(
                pos2(middle.left() + size::PANE_PADDING, hex.bottom() + 8.0),
                pos2(middle.right() - size::PANE_PADDING, hex.bottom() + card_height - 8.0),
            );
            let bytes = frame.bytes.get(node.span.range()).unwrap_or_default();
            card::view(ui, cx, place, node, detail.selected_color(t), rows, bytes);
        }
        if with_lane && let Some(detail) = &self.detail {
            let place = Rect::from_min_max(pos2(middle.left(), middle.bottom() - lane::HEIGHT), middle.max);
            if let Some(other) = lane::view(ui, cx, place, detail) {
                self.select(cx, other);
            }
        }
        self.bytes_footer(ui, cx, bottom, &frame);
    }

    fn hex_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let Some(detail) = &self.detail else { return };
        let spans = detail.spans(cx.tokens);
        let id = Id::unique(("frame bytes", self.docked.is_some()));
        let name = t!("traffic.frame_bytes");
        let output = Hex::new(id, &name, &detail.frame.bytes, &spans).show(ui, &mut self.hex);
        if let Some(byte) = output.clicked {
            self.select_byte(byte);
        } else if output.selection_changed
            && output.response.has_focus()
            && let Some(range) = self.hex.selection()
        {
            // By keys: the field under the cursor. What is dragged over several stays as it is.
            self.select_byte(range.start);
        }
    }

    fn text_ui(&self, ui: &mut Ui, cx: &Cx<'_>) {
        let Some(detail) = &self.detail else { return };
        let bytes = &detail.frame.bytes;
        let shown = bytes.get(..TEXT).unwrap_or(bytes);
        let words = String::from_utf8_lossy(shown).replace(|c: char| c.is_control() && c != '\n', "·");
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            egui::Frame::new().inner_margin(size::PANE_PADDING).show(ui, |ui| {
                let words = egui::RichText::new(words).font(font::code_small()).color(cx.tokens.hi);
                ui.add(egui::Label::new(words).selectable(true).wrap());
                if bytes.len() > TEXT {
                    pane::note(ui, &t!("traffic.text_cut", size = size_words(TEXT as u64)));
                }
            });
        });
    }

    fn bytes_footer(&self, ui: &mut Ui, cx: &Cx<'_>, rect: Rect, frame: &callscope_wire::capture::Frame) {
        let t = cx.tokens;
        pane::bar_at(ui, rect, pane::Line::Above, |ui| {
            let selected = self.hex.selection().map_or(0, |range| range.len());
            let field =
                self.detail.as_ref().and_then(|detail| detail.selected_node()).map_or(0, |node| node.span.len());
            let count = selected.max(field);
            if count > 0 && !self.as_text {
                let words = if count == 1 { t!("traffic.selected_one") } else { t!("traffic.selected", count = count) };
                text::label(ui, words, font::small(), t.mid);
            }
            pane::right(ui, |ui| {
                let words = {
                    let store = cx.model.traffic.store();
                    store.connection(frame.connection).map(|connection| {
                        let facts = &connection.facts;
                        let secret = if facts.transport == "tls" { t!("traffic.decrypted") } else { "".into() };
                        (format!("{} → {}", facts.local, facts.peer), secret.into_owned())
                    })
                };
                if let Some((ends, secret)) = words {
                    if ui.available_width() > 200.0 {
                        pane::note(ui, &ends);
                    }
                    if !secret.is_empty() {
                        pane::note(ui, &secret);
                    }
                }
            });
        });
    }
}
