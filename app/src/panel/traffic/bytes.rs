//! The bytes of the selected frame, as hex or text; below them the selected field and the frame's stream.

use callscope_wire::Span;
use callscope_wire::capture::Frame;
use egui::{Id, Rect, ScrollArea, Ui, pos2, vec2};
use rust_i18n::t;

use super::assembled::Assembled;
use super::{BytesView, TrafficPanel, card, lane, message, size_words, tree};
use crate::panel::Cx;
use crate::theme::{font, size};
use crate::widget::hex::{Hex, HexSpan};
use crate::widget::{pane, segmented, text};

/// Text shown of a frame; the rest is in the bytes.
const TEXT: usize = 64 << 10;
/// Narrower panes have eight bytes to a row.
const SIXTEEN: f32 = 522.0;
const COLUMN_NUMBERS: f32 = 24.0;

impl TrafficPanel {
    /// Hex or text, card, lane and footer.
    pub fn bytes_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(detail) = &self.detail else {
            tree::nothing_selected(ui, cx, &t!("traffic.bytes"));
            return;
        };
        let frame = detail.frame.clone();
        let (top, middle, bottom) = pane::cut(ui.max_rect(), size::TABLE_HEADER, size::PANE_FOOTER);
        pane::bar_at(ui, top, pane::Line::Below, |ui| self.bytes_header(ui, &frame));
        if self.shown_view() == BytesView::Frame {
            self.frame_ui(ui, cx, middle);
        } else {
            self.message_bytes_ui(ui, cx, middle);
        }
        self.bytes_footer(ui, cx, bottom, &frame);
    }

    fn bytes_header(&mut self, ui: &mut Ui, frame: &Frame) {
        ui.spacing_mut().item_spacing.x = size::GAP;
        let formats = (t!("traffic.hex"), t!("traffic.text"));
        let (of_frame, of_message, plain) = (t!("link.view_frame"), t!("link.view_message"), t!("link.view_plain"));
        let words: &[&str] = match self.desk.here() {
            None => &[],
            Some(here) if here.message.compressed => &[&of_frame, &of_message, &plain],
            Some(_) => &[&of_frame, &of_message],
        };
        let views = [BytesView::Frame, BytesView::Message, BytesView::Decompressed];
        // The title says nothing that the rest does not say, so it goes first where there is no room.
        let width = |words: &[&str]| -> f32 {
            words.iter().map(|word| text::width(ui.painter(), *word, font::label()) + 20.0).sum::<f32>() + 4.0
        };
        let controls = width(&[&formats.0, &formats.1]) + if words.is_empty() { 0.0 } else { width(words) + size::GAP };
        let room = ui.available_width() - controls - 48.0;
        if room > 0.0 {
            pane::title(ui, &t!("traffic.bytes"));
        }
        let shown = match self.shown_view() {
            BytesView::Frame => frame.bytes.len(),
            BytesView::Message => self.desk.here().map_or(0, |here| here.message.bytes.len()),
            BytesView::Decompressed => self.content().map_or(0, |content| content.bytes.len()),
        };
        let size = size_words(shown as u64);
        let note = if frame.sent { t!("traffic.sent", size = size) } else { t!("traffic.received", size = size) };
        if room > 20.0 + text::width(ui.painter(), note.as_ref(), font::small()) {
            pane::note(ui, &note);
        }
        pane::right(ui, |ui| {
            ui.spacing_mut().item_spacing.x = size::GAP;
            let mut at = usize::from(self.as_text);
            segmented::segmented_small(ui, &t!("traffic.show_as"), &[&formats.0, &formats.1], &mut at);
            self.as_text = at == 1;
            if !words.is_empty() {
                let mut at = views.iter().position(|view| *view == self.shown_view()).unwrap_or_default();
                if segmented::segmented_small(ui, &t!("link.view"), words, &mut at).changed() {
                    self.view = views.get(at).copied().unwrap_or_default();
                }
            }
        });
    }

    /// The selected frame's bytes, the card of its selected field, the lane of its stream.
    fn frame_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, middle: Rect) {
        let Some(detail) = &self.detail else { return };
        let frame = detail.frame.clone();
        // From the bottom: the lane if there is room, then the card; the bytes get the rest and keep three rows.
        let with_lane = middle.height() >= 420.0 && detail.stream.len() > 1;
        let lane_height = if with_lane { lane::HEIGHT } else { 0.0 };
        let room = middle.height() - lane_height;
        let card = self.field_card(cx);
        let wanted = card.as_ref().map_or(0.0, |card| card::height(card.rows.len()) + 16.0);
        let card_height = if room - wanted >= 100.0 { wanted } else { 0.0 };
        let per_row = if middle.width() >= SIXTEEN { 16 } else { 8 };
        let content = COLUMN_NUMBERS + size::CODE_ROW * frame.bytes.len().div_ceil(per_row) as f32 + 8.0;
        let hex_height = if self.as_text { room - card_height } else { content.min(room - card_height) };
        let hex = Rect::from_min_size(middle.min, vec2(middle.width(), hex_height.max(0.0)));

        pane::inside(ui, hex, "hex", |ui| if self.as_text { self.text_ui(ui, cx) } else { self.hex_ui(ui, cx) });
        if let Some(card) = card.filter(|_| card_height > 0.0) {
            let place = Rect::from_min_max(
                pos2(middle.left() + size::PANE_PADDING, hex.bottom() + 8.0),
                pos2(middle.right() - size::PANE_PADDING, hex.bottom() + card_height - 8.0),
            );
            card::view(ui, cx, place, &card);
        }
        if with_lane && let Some(detail) = &self.detail {
            let place = Rect::from_min_max(pos2(middle.left(), middle.bottom() - lane::HEIGHT), middle.max);
            if let Some(other) = lane::view(ui, cx, place, detail) {
                self.desk.clear_choice();
                self.select(cx, other);
            }
        }
    }

    /// What the card tells of the selected field; of a part of a message, the value of it that is chosen.
    fn field_card(&self, cx: &Cx<'_>) -> Option<card::Card> {
        let detail = self.detail.as_ref()?;
        let node = detail.selected_node()?.clone();
        let here = self.desk.here().filter(|here| here.chosen_in(detail.frame.id).is_some());
        if let Some(here) = here
            && !here.message.compressed
            && here.message.parts.len() > 1
            && let Some(mut card) = self.chosen_card(cx)
        {
            // Where in the frame, not in the message: that is what is shown above.
            card.node.span = here.chosen_in(detail.frame.id).unwrap_or_default();
            return Some(card);
        }
        let bytes = detail
            .frame
            .bytes
            .slice(node.span.start.min(detail.frame.bytes.len())..node.span.end.min(detail.frame.bytes.len()));
        let rows = card::readings(&node, &detail.selected_path(), &bytes);
        let back = here.and_then(Assembled::link);
        Some(card::Card { rows, bytes, color: detail.selected_color(cx.tokens), back, node })
    }

    fn hex_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let Some(detail) = &self.detail else { return };
        let mut spans = detail.spans(cx.tokens);
        // Of a part of a message the frame knows no fields; the message does.
        if let Some(here) = self.desk.here() {
            let leaves = here.leaves_in(detail.frame.id);
            let part = here.message.part(detail.frame.id).filter(|_| !leaves.is_empty());
            spans.retain(|span| part.is_none_or(|part| span.range != part.in_frame.range() || span.selected));
            spans.extend(leaves.into_iter().map(|(span, place)| HexSpan {
                range: span.range(),
                color: message::color(place, cx.tokens),
                selected: false,
                header: false,
            }));
            // Selected ones stay the last, over their neighbors.
            spans.sort_by_key(|span| span.selected);
        }
        if let Some(span) = self.desk.here().and_then(|here| here.chosen_in(detail.frame.id))
            && detail.selected_node().is_none_or(|node| node.span != span && node.span.contains(span))
        {
            spans.retain(|other| !other.selected);
            spans.push(HexSpan { range: span.range(), color: cx.tokens.accent, selected: true, header: false });
        }
        let id = Id::unique(("frame bytes", self.docked.is_some()));
        let name = t!("traffic.frame_bytes");
        let output = Hex::new(id, &name, &detail.frame.bytes, &spans).show(ui, &mut self.hex);
        let by_keys = output.selection_changed && output.response.has_focus();
        // By keys: the field under the cursor. What is dragged over several stays as it is.
        let at = output.clicked.or_else(|| self.hex.selection().filter(|_| by_keys).map(|range| range.start));
        if let Some(byte) = at {
            self.select_byte(byte);
            self.choose_in_frame(ui.ctx(), Some(byte));
        }
    }

    pub(super) fn text_ui(&self, ui: &mut Ui, cx: &Cx<'_>) {
        let bytes = match self.shown_view() {
            BytesView::Decompressed => self.content().map(|content| content.bytes.clone()),
            BytesView::Message => self.desk.here().map(|here| here.message.bytes.clone()),
            BytesView::Frame => self.detail.as_ref().map(|detail| detail.frame.bytes.clone()),
        };
        let bytes = bytes.unwrap_or_default();
        let shown = bytes.get(..TEXT).unwrap_or(&bytes);
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

    fn bytes_footer(&self, ui: &mut Ui, cx: &Cx<'_>, rect: Rect, frame: &Frame) {
        let t = cx.tokens;
        pane::bar_at(ui, rect, pane::Line::Above, |ui| {
            let count = if self.shown_view() == BytesView::Frame {
                let selected = self.hex.selection().map_or(0, |range| range.len());
                let detail = self.detail.as_ref();
                let chosen = detail.and_then(|detail| self.desk.here()?.chosen_in(detail.frame.id));
                let field = detail.and_then(|detail| detail.selected_node()).map(|node| node.span);
                selected.max(chosen.or(field).map_or(0, Span::len))
            } else {
                let selected = self.desk.here().and_then(|here| here.hex.selection());
                selected.map_or(0, |range| range.len())
            };
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
