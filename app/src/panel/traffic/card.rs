//! The card under the bytes: the selected field, its bytes read in other ways, and copying it.

use std::fmt::Write as _;

use bytes::Bytes;
use callscope_wire::inspect::{Node, NodeKind};
use egui::{Rect, Ui, pos2, vec2};
use rust_i18n::t;

use super::message::back_words;
use super::size_words;
use crate::command::Command;
use crate::model::link::ValuePlace;
use crate::panel::Cx;
use crate::theme::{Tokens, font, size};
use crate::widget::{button, edge, menu, pane, text};

const HEAD: f32 = 36.0;
const ROW: f32 = 24.0;
/// Bytes shown as hex in the card.
const RAW: usize = 12;

/// What the card tells: a name, what the bytes are read that way, and a remark.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reading {
    name: String,
    value: String,
    remark: String,
    kind: NodeKind,
}

/// A field, and what there is to tell of it.
#[derive(Clone, Debug)]
pub(super) struct Card {
    /// The field; its span is where it lies in what is shown.
    pub node: Node,
    /// See [`readings`].
    pub rows: Vec<Reading>,
    /// Its bytes.
    pub bytes: Bytes,
    /// Its color in tree and bytes.
    pub color: egui::Color32,
    /// The value of an answer that it is.
    pub back: Option<ValuePlace>,
}

/// Something else to tell.
pub(super) fn fact(name: &str, value: String, remark: String) -> Reading {
    Reading { name: name.to_owned(), value, remark, kind: NodeKind::Raw }
}

/// All readings of a field.
pub(super) fn readings(node: &Node, path: &str, bytes: &[u8]) -> Vec<Reading> {
    let row = |name: &str, value: String, remark: String, kind| Reading { name: name.to_owned(), value, remark, kind };
    let mut rows = vec![row("raw", shortened(bytes), String::new(), NodeKind::Number)];
    if !node.value.is_empty() {
        rows.push(row("value", node.value.clone(), node.note.clone(), node.kind));
    }
    for (name, value) in numbers(bytes) {
        // What the field says of itself needs no second row.
        if value != node.value.replace(',', "") {
            rows.push(row(name, value, String::new(), NodeKind::Raw));
        }
    }
    if let Ok(words) = std::str::from_utf8(bytes)
        && !words.is_empty()
        && words.chars().all(|c| !c.is_control() || c == '\n' || c == '\t')
        && node.kind != NodeKind::Text
    {
        let first: String = words.chars().take(64).collect();
        let remark = t!("traffic.characters", count = words.chars().count()).into_owned();
        rows.push(row("text", format!("{first:?}"), remark, NodeKind::Raw));
    }
    rows.push(row("path", path.to_owned(), String::new(), NodeKind::Literal));
    rows
}

/// Bytes as numbers of their width; the network's order first, the other where it differs.
fn numbers(bytes: &[u8]) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    match *bytes {
        [byte] => {
            out.push(("u8", byte.to_string()));
            if byte > 0x7f {
                out.push(("i8", byte.cast_signed().to_string()));
            }
            out.push(("bits", format!("{byte:08b}")));
        }
        [a, b] => {
            let (big, little) = (u16::from_be_bytes([a, b]), u16::from_le_bytes([a, b]));
            out.push(("u16", big.to_string()));
            if big > 0x7fff {
                out.push(("i16", big.cast_signed().to_string()));
            }
            out.push(("u16 le", little.to_string()));
        }
        [a, b, c, d] => {
            let (big, little) = (u32::from_be_bytes([a, b, c, d]), u32::from_le_bytes([a, b, c, d]));
            out.push(("u32", big.to_string()));
            if big > 0x7fff_ffff {
                out.push(("i32", big.cast_signed().to_string()));
            }
            out.push(("u32 le", little.to_string()));
            out.push(("f32", f32::from_bits(big).to_string()));
        }
        _ => {}
    }
    if let Ok(eight) = bytes.try_into() {
        let (big, little) = (u64::from_be_bytes(eight), u64::from_le_bytes(eight));
        out.push(("u64", big.to_string()));
        if big > u64::MAX / 2 {
            out.push(("i64", big.cast_signed().to_string()));
        }
        out.push(("u64 le", little.to_string()));
        out.push(("f64", f64::from_bits(big).to_string()));
    }
    out
}

/// Height of a card with so many readings.
pub(super) fn height(rows: usize) -> f32 {
    HEAD + ROW * rows as f32 + 12.0
}

/// Paints the card into `rect`; readings that do not fit are left out.
pub(super) fn view(ui: &mut Ui, cx: &mut Cx<'_>, rect: Rect, card: &Card) {
    let t = cx.tokens;
    pane::card(ui.painter(), rect, t);
    let y = rect.top() + HEAD / 2.0;
    let stripe = Rect::from_center_size(pos2(rect.left() + 13.5, y), vec2(3.0, 12.0));
    ui.painter().rect_filled(stripe, 1, card.color);
    let mut right = rect.right() - 12.0;
    let copy = t!("traffic.copy_as");
    let anchor = head_link(ui, &mut right, y, &copy);
    menu::below(&anchor, |ui| copy_menu(ui, cx, card));
    if let Some(back) = &card.back {
        let words = back_words(cx, Some(back));
        if head_link(ui, &mut right, y, &words).clicked() {
            cx.push(Command::ShowInAnswer(Box::new(back.clone())));
        }
    }
    let node = &card.node;
    let x = text::left_elided(
        ui.painter(),
        pos2(rect.left() + 22.0, y),
        &node.name,
        font::code_small(),
        t.hi,
        (right - rect.left() - 30.0).min(240.0),
    );
    let size = size_words(card.bytes.len() as u64);
    let place = match node.span.len() {
        0 | 1 => t!("traffic.byte_at", at = node.span.start, size = size),
        _ => t!("traffic.bytes_span", from = node.span.start, to = node.span.end - 1, size = size),
    };
    text::left_elided(ui.painter(), pos2(x + 10.0, y), place, font::small(), t.low, right - x - 10.0);
    edge::hline(ui.painter(), rect.x_range().shrink(1.0), rect.top() + HEAD, t.line);
    let mut y = rect.top() + HEAD + 6.0 + ROW / 2.0;
    for row in &card.rows {
        if y + ROW / 2.0 > rect.bottom() {
            break;
        }
        reading_row(ui, rect, y, row, t);
        y += ROW;
    }
}

/// A link at the right end of the head; the next one goes to the left of it.
fn head_link(ui: &mut Ui, right: &mut f32, y: f32, words: &str) -> egui::Response {
    let width = text::width(ui.painter(), words, font::small_medium());
    let spot = Rect::from_min_size(pos2(*right - width, y - 10.0), vec2(width, 20.0));
    *right -= width + 16.0;
    let mut child = ui.new_child(egui::UiBuilder::new().id_salt(("card", words)).max_rect(spot));
    button::link(&mut child, words)
}

fn reading_row(ui: &Ui, rect: Rect, y: f32, row: &Reading, t: &Tokens) {
    let painter = ui.painter();
    text::left(painter, pos2(rect.left() + 12.0, y), row.name.as_str(), font::label_regular(), t.low);
    let color = match row.kind {
        NodeKind::Number => t.num,
        NodeKind::Text => t.str,
        NodeKind::Literal => t.key,
        NodeKind::Group | NodeKind::Raw => t.mid,
    };
    let left = rect.left() + 84.0;
    let remark = text::galley(painter, row.remark.as_str(), font::small());
    let room = rect.right() - size::PANE_PADDING - left;
    let x = text::left_elided(painter, pos2(left, y), row.value.as_str(), font::code_small(), color, room);
    if x + 12.0 + remark.size().x <= rect.right() - size::PANE_PADDING {
        text::galley_left(
            painter,
            pos2((x + 12.0).max(left + 96.0).min(rect.right() - size::PANE_PADDING - remark.size().x), y),
            remark,
            t.low,
        );
    }
}

fn copy_menu(ui: &mut Ui, cx: &mut Cx<'_>, card: &Card) {
    let bytes = &card.bytes;
    let path = card.rows.iter().find(|row| row.name == "path").map(|row| row.value.clone()).unwrap_or_default();
    let entries = [
        (t!("traffic.copy_hex"), hex(bytes)),
        (t!("traffic.copy_text"), String::from_utf8_lossy(bytes).into_owned()),
        (t!("traffic.copy_base64"), base64(bytes)),
        (t!("traffic.copy_value"), card.node.value.clone()),
        (t!("traffic.copy_path"), path),
    ];
    for (name, value) in entries {
        if menu::item(ui, None, &name, "", !value.is_empty()).clicked() {
            cx.push(Command::Copy(value));
        }
    }
}

/// `0a 08 6f`.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 3);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        // Writing to a string cannot fail.
        _ = write!(out, "{byte:02x}");
    }
    out
}

fn shortened(bytes: &[u8]) -> String {
    match bytes.get(..RAW) {
        Some(first) if bytes.len() > RAW => format!("{} …", hex(first)),
        _ => hex(bytes),
    }
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = DIGITS.get((bits >> (18 - 6 * place) & 63) as usize).copied().unwrap_or(b'=');
            out.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use callscope_wire::Span;

    #[test]
    fn base64_as_in_the_rfc() {
        let of = |text: &str| base64(text.as_bytes());
        assert_eq!(["", "f", "fo", "foo", "foob"].map(of), ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }

    #[test]
    fn a_field_is_read_in_other_ways_but_not_twice_the_same() {
        let node = Node::leaf("len", "4,660", NodeKind::Number, "u32", Span::new(0, 4));
        let rows = readings(&node, "native DATA.len", &[0, 0, 0x12, 0x34]);
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["raw", "value", "u32 le", "f32", "path"]);
        let node = Node::leaf("code", "14", NodeKind::Number, "u16", Span::new(0, 2));
        let rows = readings(&node, "code", &[0xff, 0xfe]);
        assert!(rows.iter().any(|row| row.name == "i16" && row.value == "-2"));
        let node = Node::leaf("sku", "\"A1\"", NodeKind::Text, "string", Span::new(0, 2));
        assert!(readings(&node, "sku", b"A1").iter().all(|row| row.name != "text"));
    }
}
