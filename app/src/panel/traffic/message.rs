//! The message view: the whole message that the selected frame has a part of, as values and as bytes.

use callscope_wire::Value;
use callscope_wire::inspect::{Node, NodeKind};
use callscope_wire::value::path;
use egui::{Color32, Id, Rect, Ui, pos2};
use rust_i18n::t;

use super::assembled::Assembled;
use super::{BytesView, TrafficPanel, card, size_words, strip};
use crate::command::Command;
use crate::model::link::ValuePlace;
use crate::panel::Cx;
use crate::panel::call::field_type::readable;
use crate::theme::{Tokens, font, icon, size};
use crate::widget::chip::grouped;
use crate::widget::hex::{Hex, HexSpan};
use crate::widget::json::tree::{Labels, Tree};
use crate::widget::mark::{self, Mark};
use crate::widget::{menu, pane, text};

/// Colors of outermost members, in turn; the sixth is the frame header's.
const COLORS: usize = 5;
/// Characters of a value in the card.
const VALUE: usize = 200;

impl TrafficPanel {
    /// The values of the message.
    pub(super) fn message_tree_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let t = cx.tokens;
        let Some(here) = self.desk.here() else { return };
        let (top, middle, bottom) = pane::cut(ui.max_rect(), size::TABLE_HEADER, size::PANE_FOOTER);
        pane::bar_at(ui, top, pane::Line::Below, |ui| {
            ui.spacing_mut().item_spacing.x = size::GAP;
            pane::title(ui, &t!("traffic.decoded"));
            let frames = frame_count(here.message.parts.len());
            let note = format!("{} · {frames}", t!("link.message"));
            text::line(ui, &note, font::small(), t.low, 20.0);
        });
        pane::inside(ui, middle, "values", |ui| self.values_ui(ui, cx));
        let Some(here) = self.desk.here() else { return };
        pane::bar_at(ui, bottom, pane::Line::Above, |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            wholeness_ui(ui, here, t);
        });
    }

    fn values_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let t = cx.tokens;
        let id = Id::unique(("message values", self.docked.is_some()));
        let back = self.desk.here().and_then(Assembled::link);
        let Some(here) = self.desk.here_mut() else { return };
        let Some(value) = here.value().cloned() else {
            let words = match &here.content {
                Err(why) => why.clone(),
                Ok(content) => match &content.value {
                    Some(value) => value.as_ref().err().cloned().unwrap_or_default(),
                    None => t!("link.too_large").into_owned(),
                },
            };
            let place = ui.max_rect().shrink(size::PANE_PADDING);
            pane::inside(ui, place, "no values", |ui| {
                text::label(ui, t!("link.no_values"), font::label(), t.mid);
                ui.add_space(4.0);
                text::label(ui, words, font::small(), t.low);
            });
            return;
        };
        let fields = |count: usize| match count {
            1 => t!("traffic.field_inside").into_owned(),
            _ => t!("traffic.fields_inside", count = count).into_owned(),
        };
        let items = |count: usize| match count {
            1 => t!("traffic.item_inside").into_owned(),
            _ => t!("traffic.items_inside", count = count).into_owned(),
        };
        let stripe = |pointer: &str| color(outermost(&value, pointer), t);
        let name = t!("link.values");
        let labels = Labels { fields: &fields, items: &items };
        let output = Tree::new(id, &name, &value, here.version, labels).stripe(&stripe).show(ui, &mut here.tree);
        let selected = here.tree.selected().map(str::to_owned);
        let part = selected.as_deref().and_then(|pointer| value.pointer(pointer)).cloned();
        if output.selection_changed
            && let Some(pointer) = &selected
        {
            self.choose_value(ui.ctx(), pointer.clone());
        }
        if output.activated.is_some()
            && let Some(back) = &back
        {
            cx.push(Command::ShowInAnswer(Box::new(back.clone())));
        }
        menu::context(&output.response, |ui| {
            let Some(pointer) = &selected else { return };
            if menu::item(ui, Some(icon::COPY), &t!("call.answer.copy_value"), "", part.is_some()).clicked()
                && let Some(part) = &part
            {
                let words = part.as_str().map_or_else(|| callscope_wire::value::text::pretty(part), str::to_owned);
                cx.push(Command::Copy(words));
            }
            if menu::item(ui, None, &t!("call.answer.copy_path"), "", true).clicked() {
                cx.push(Command::Copy(readable(pointer)));
            }
            menu::separator(ui);
            back_item(ui, cx, back.as_ref());
        });
    }

    /// The bytes of the message, with its frames above and the chosen value below.
    pub(super) fn message_bytes_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, middle: Rect) {
        let t = cx.tokens;
        let Some(here) = self.desk.here() else { return };
        let docked = self.docked.is_some();
        let current = self.selected.unwrap_or_default();
        let (frames, below, _) = pane::cut(middle, strip::HEIGHT, 0.0);
        let go_to = strip::view(ui, Id::unique(("message frames", docked)), frames, here, current, t);
        let card = self.chosen_card(cx);
        let wanted = card.as_ref().map_or(0.0, |card| card::height(card.rows.len()) + 16.0);
        let card_height = if below.height() - wanted >= 100.0 { wanted } else { 0.0 };
        let (_, hex, place) = pane::cut(below, 0.0, card_height);
        if self.as_text {
            pane::inside(ui, hex, "message text", |ui| self.text_ui(ui, cx));
        } else {
            pane::inside(ui, hex, "message hex", |ui| self.message_hex_ui(ui, t));
        }
        if card_height > 0.0
            && let Some(card) = card
        {
            let place = Rect::from_min_max(
                pos2(place.left() + size::PANE_PADDING, place.top() + 8.0),
                pos2(place.right() - size::PANE_PADDING, place.bottom() - 8.0),
            );
            card::view(ui, cx, place, &card);
        }
        if let Some(frame) = go_to {
            self.select(cx, frame);
        }
    }

    fn message_hex_ui(&mut self, ui: &mut Ui, t: &'static Tokens) {
        let decompressed = self.shown_view() == BytesView::Decompressed;
        let docked = self.docked.is_some();
        let Some(here) = self.desk.here_mut() else { return };
        let content = here.content.as_ref().ok().cloned();
        // A compressed message as it was sent has no fields: its bytes mean something only all together.
        let wire = here.message.compressed && !decompressed;
        let bytes = match &content {
            Some(content) if !wire => content.bytes.clone(),
            None if decompressed => return,
            _ => here.message.bytes.clone(),
        };
        let mut spans: Vec<HexSpan> = Vec::new();
        if let Some(content) = content.filter(|_| !wire) {
            spans.extend(content.leaves.iter().map(|(span, place)| HexSpan {
                range: span.range(),
                color: color(*place, t),
                selected: false,
                header: false,
            }));
            if let Some(place) = here.chosen.as_ref().and_then(|chosen| chosen.place) {
                let color = chosen_color(here, t);
                spans.push(HexSpan { range: place.named.range(), color, selected: true, header: false });
            }
        }
        let marks: Vec<usize> =
            if decompressed { Vec::new() } else { here.message.parts.iter().skip(1).map(|part| part.at).collect() };
        let id = Id::unique(("message bytes", docked));
        let name = t!("link.message_bytes");
        let mut state = std::mem::take(&mut here.hex);
        let output = Hex::new(id, &name, &bytes, &spans).marks(&marks).show(ui, &mut state);
        here.hex = state;
        let at = output.clicked.or_else(|| {
            let by_keys = output.selection_changed && output.response.has_focus();
            here.hex.selection().filter(|_| by_keys).map(|range| range.start)
        });
        if let Some(offset) = at.filter(|_| !wire) {
            self.choose_byte(ui.ctx(), offset);
        }
    }

    /// What the card tells of the chosen value.
    pub(super) fn chosen_card(&self, cx: &Cx<'_>) -> Option<card::Card> {
        let here = self.desk.here()?;
        let chosen = here.chosen.as_ref()?;
        let place = chosen.place?;
        let content = here.content.as_ref().ok()?;
        let value = content.value_at(&place);
        let node = node_of(value.as_ref(), &chosen.pointer, place.named);
        let bytes =
            content.bytes.slice(place.named.start.min(content.bytes.len())..place.named.end.min(content.bytes.len()));
        let value_bytes = content.bytes.get(place.value.range()).unwrap_or_default();
        let mut rows = card::readings(&node, &readable(&chosen.pointer), value_bytes);
        let at = rows.len().saturating_sub(1);
        rows.insert(at, card::fact(&t!("link.in_frames"), frames_of(here), String::new()));
        let color = chosen_color(here, cx.tokens);
        Some(card::Card { node, rows, bytes, color, back: here.link() })
    }
}

/// The entry that leads back to the call.
pub(super) fn back_item(ui: &mut Ui, cx: &mut Cx<'_>, back: Option<&ValuePlace>) {
    let words = back_words(cx, back);
    if menu::item(ui, Some(icon::ARROW_BEND_UP_RIGHT), &words, "", back.is_some()).clicked()
        && let Some(back) = back
    {
        cx.push(Command::ShowInAnswer(Box::new(back.clone())));
    }
}

/// What a unary call sent is not among its messages; its call is all that can be shown.
pub(super) fn back_words(cx: &Cx<'_>, back: Option<&ValuePlace>) -> String {
    let streams = back
        .and_then(|back| cx.model.flows.get(back.message.flow))
        .is_some_and(|record| record.flow.shape.client_streams() || record.flow.shape.server_streams());
    let sent = back.is_some_and(|back| back.message.sent);
    if sent && !streams { t!("traffic.show_call").into_owned() } else { t!("link.show_in_answer").into_owned() }
}

fn wholeness_ui(ui: &mut Ui, here: &Assembled, t: &Tokens) {
    let center = pos2(ui.cursor().left() + 6.0, ui.max_rect().center().y);
    ui.add_space(16.0);
    let words = match (here.message.begins, here.message.ends) {
        (true, true) => {
            text::glyph(ui.painter(), center, icon::CHECK, font::icon_bold(13.0), t.ok);
            let words = t!("link.whole", size = size_words(here.message.bytes.len() as u64));
            text::label(ui, words, font::small(), t.mid);
            return;
        }
        (true, false) => t!("link.no_end"),
        (false, true) => t!("link.no_beginning"),
        (false, false) => t!("link.only_middle"),
    };
    mark::paint(ui.painter(), center, mark::SIZE, Mark::Warn, t);
    text::line(ui, &words, font::small(), t.warn, 20.0);
}

fn frame_count(count: usize) -> String {
    if count == 1 { t!("link.one_frame").into_owned() } else { t!("link.frames", count = count).into_owned() }
}

/// `#1,204`, or from which to which.
fn frames_of(here: &Assembled) -> String {
    let Some(span) = here.chosen_on_wire() else { return String::new() };
    let frames: Vec<_> = here.message.in_frames(span).map(|(frame, _)| frame).collect();
    match frames.as_slice() {
        [] => String::new(),
        [one] => format!("#{}", grouped(one.0)),
        [first, .., last] => {
            format!("#{} … #{} · {}", grouped(first.0), grouped(last.0), frame_count(frames.len()))
        }
    }
}

fn chosen_color(here: &Assembled, t: &Tokens) -> Color32 {
    let pointer = here.chosen.as_ref().map_or("", |chosen| chosen.pointer.as_str());
    here.value()
        .map_or(t.accent, |value| if pointer.is_empty() { t.accent } else { color(outermost(value, pointer), t) })
}

pub(super) fn color(place: usize, t: &Tokens) -> Color32 {
    t.series(place % COLORS)
}

/// The place of the outermost member or item that a pointer leads through.
fn outermost(value: &Value, pointer: &str) -> usize {
    let Some(step) = path::steps(pointer).next() else { return 0 };
    match value {
        Value::Object(members) => members.keys().position(|name| *name == step).unwrap_or_default(),
        _ => step.parse().unwrap_or_default(),
    }
}

/// The value as the card wants it.
fn node_of(value: Option<&Value>, pointer: &str, span: callscope_wire::Span) -> Node {
    let name =
        path::steps(pointer).last().map_or_else(|| t!("link.message").into_owned(), std::borrow::Cow::into_owned);
    let (kind, note) = match value {
        // Too large to be read by itself, as only what holds others is.
        None => (NodeKind::Group, ""),
        Some(Value::Object(_)) => (NodeKind::Group, "object"),
        Some(Value::Array(_)) => (NodeKind::Group, "array"),
        Some(Value::String(_)) => (NodeKind::Text, "string"),
        Some(Value::Number(_)) => (NodeKind::Number, "number"),
        Some(Value::Bool(_)) => (NodeKind::Literal, "bool"),
        Some(Value::Null) => (NodeKind::Literal, "null"),
    };
    let shown = match value {
        None | Some(Value::Object(_) | Value::Array(_)) => String::new(),
        Some(Value::String(text)) => Value::from(text.chars().take(VALUE).collect::<String>()).to_string(),
        Some(other) => other.to_string(),
    };
    Node::leaf(name, shown, kind, note, span)
}
