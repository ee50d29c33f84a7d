//! The selected frame taken apart: its fields as rows, their bytes as colored spans. No painting.

use std::collections::HashSet;

use callscope_wire::capture::Frame;
use callscope_wire::inspect::{Diagnostic, Dissection, Node};
use callscope_wire::{FrameId, Span, dialect};
use egui::Color32;

use crate::theme::Tokens;
use crate::widget::hex::HexSpan;

/// More fields than this are not colored in the bytes: each costs a look per frame painted.
const SPANS: usize = 20_000;
/// The series of a frame's header.
const HEADER: usize = 5;

/// A row of the tree.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FieldRow {
    /// Indices from the top.
    pub path: Vec<usize>,
    /// Its names from the top, joined: stays the same from frame to frame.
    pub key: String,
    /// Fields inside are shown, hidden, or there are none.
    pub open: Option<bool>,
    /// Its color.
    pub series: usize,
    /// A diagnostic lies in it, and in none of its fields that are shown.
    pub odd: bool,
}

impl FieldRow {
    /// How deep it lies.
    pub fn depth(&self) -> usize {
        self.path.len().saturating_sub(1)
    }
}

/// A frame taken apart.
#[derive(Debug)]
pub(super) struct Detail {
    /// The frame; its bytes stay even when the store lets it go.
    pub frame: Frame,
    /// What the dialect says of it.
    pub dissection: Dissection,
    /// The rows that are shown.
    pub rows: Vec<FieldRow>,
    /// The selected field.
    pub selected: Option<Vec<usize>>,
    /// Frames of the same stream.
    pub stream: Vec<StreamFrame>,
    /// The store's next id when `stream` was gathered.
    pub stream_until: FrameId,
}

/// A frame of the same stream, for the lane.
#[derive(Clone, Copy, Debug)]
pub(super) struct StreamFrame {
    /// Its id.
    pub id: FrameId,
    /// When.
    pub at: callscope_wire::Time,
    /// We wrote it.
    pub sent: bool,
    /// Its length.
    pub bytes: usize,
}

impl Detail {
    /// Takes a frame apart.
    pub fn new(frame: Frame, folded: &HashSet<String>) -> Self {
        let dissection = match frame.dialect.and_then(dialect::by_name) {
            Some(dialect) => dialect.dissect_in(frame.toward(), &frame.bytes, frame.encoding),
            None => Dissection::default(),
        };
        let mut detail = Self {
            frame,
            dissection,
            rows: Vec::new(),
            selected: None,
            stream: Vec::new(),
            stream_until: FrameId::default(),
        };
        detail.flatten(folded);
        detail
    }

    /// The field at a path.
    pub fn node(&self, path: &[usize]) -> Option<&Node> {
        let (first, rest) = path.split_first()?;
        let mut node = self.dissection.tree.get(*first)?;
        for index in rest {
            node = node.children.get(*index)?;
        }
        Some(node)
    }

    /// The selected field.
    pub fn selected_node(&self) -> Option<&Node> {
        self.node(self.selected.as_deref()?)
    }

    /// The selected field's names from the top: `message.items[0].sku`.
    pub fn selected_path(&self) -> String {
        let mut names = String::new();
        let mut parent = "";
        let path = self.selected.as_deref().unwrap_or_default();
        for end in 1..=path.len() {
            let Some(node) = path.get(..end).and_then(|path| self.node(path)) else { break };
            // An element may say its list's name again: `lines[0]` in `lines`.
            let name = node.name.strip_prefix(parent).filter(|rest| rest.starts_with('[')).unwrap_or(&node.name);
            if !names.is_empty() && !name.starts_with('[') {
                names.push('.');
            }
            names.push_str(name);
            parent = &node.name;
        }
        names
    }

    /// The row of the selected field.
    pub fn selected_row(&self) -> Option<u64> {
        let path = self.selected.as_ref()?;
        self.rows.iter().position(|row| row.path == *path).map(|row| row as u64)
    }

    /// Selects the innermost field that has this byte, and unfolds what hides it. False when no field has it.
    pub fn select_at(&mut self, offset: usize, folded: &mut HashSet<String>) -> bool {
        let path = Node::path_at(&self.dissection.tree, offset);
        if path.is_empty() {
            self.selected = None;
            return false;
        }
        let mut key = String::new();
        for end in 1..path.len() {
            let Some(node) = path.get(..end).and_then(|path| self.node(path)) else { break };
            push_key(&mut key, &node.name);
            folded.remove(&key);
        }
        self.selected = Some(path);
        self.flatten(folded);
        true
    }

    /// Makes the rows anew: `folded` has the keys of fields that are shut.
    pub fn flatten(&mut self, folded: &HashSet<String>) {
        let mut rows = Vec::new();
        let mut unit = 0;
        let several = self.dissection.tree.len() > 1;
        for (index, node) in self.dissection.tree.iter().enumerate() {
            let header = index == 0 && several && !node.children.is_empty();
            let walk = &mut Walk { rows: &mut rows, folded, odd: &self.dissection.diagnostics, unit: &mut unit };
            walk.node(node, &mut vec![index], "", if header { Some(HEADER) } else { None });
        }
        self.rows = rows;
    }

    /// Every innermost field's bytes in its color, and the selected field's.
    pub fn spans(&self, t: &Tokens) -> Vec<HexSpan> {
        let mut spans = Vec::new();
        let mut unit = 0;
        let several = self.dissection.tree.len() > 1;
        for (index, node) in self.dissection.tree.iter().enumerate() {
            let header = index == 0 && several && !node.children.is_empty();
            leaves(node, if header { Some(HEADER) } else { None }, 0, &mut unit, &mut |span, series| {
                if !span.is_empty() && spans.len() < SPANS {
                    let color = t.series(series);
                    spans.push(HexSpan { range: span.range(), color, selected: false, header: series == HEADER });
                }
            });
        }
        for diagnostic in &self.dissection.diagnostics {
            if !diagnostic.span.is_empty() && diagnostic.span.len() < self.frame.bytes.len() {
                spans.push(HexSpan { range: diagnostic.span.range(), color: t.err, selected: false, header: false });
            }
        }
        if let Some(node) = self.selected_node().filter(|node| !node.span.is_empty()) {
            spans.push(HexSpan {
                range: node.span.range(),
                color: self.selected_color(t),
                selected: true,
                header: false,
            });
        }
        spans
    }

    /// The color of the selected field.
    pub fn selected_color(&self, t: &Tokens) -> Color32 {
        let series = self.selected.as_ref().and_then(|path| self.rows.iter().find(|row| row.path == *path));
        series.map_or(t.accent, |row| t.series(row.series))
    }
}

/// Series 0–4 in turn; the sixth is the header's.
fn next_series(unit: &mut usize) -> usize {
    let series = *unit % HEADER;
    *unit += 1;
    series
}

/// A field of its own color: what lies in a headline, or outermost without being one.
fn is_unit(depth: usize, node: &Node) -> bool {
    depth == 1 || (depth == 0 && node.children.is_empty())
}

fn leaves(node: &Node, color: Option<usize>, depth: usize, unit: &mut usize, out: &mut dyn FnMut(Span, usize)) {
    let color = color.or_else(|| is_unit(depth, node).then(|| next_series(unit)));
    if node.children.is_empty() {
        out(node.span, color.unwrap_or_default());
    }
    for child in &node.children {
        leaves(child, color, depth + 1, unit, out);
    }
}

fn push_key(key: &mut String, name: &str) {
    key.push('/');
    key.push_str(name);
}

struct Walk<'a> {
    rows: &'a mut Vec<FieldRow>,
    folded: &'a HashSet<String>,
    odd: &'a [Diagnostic],
    unit: &'a mut usize,
}

impl Walk<'_> {
    fn node(&mut self, node: &Node, path: &mut Vec<usize>, parent: &str, color: Option<usize>) {
        let depth = path.len() - 1;
        let color = color.or_else(|| is_unit(depth, node).then(|| next_series(self.unit)));
        let mut key = parent.to_owned();
        push_key(&mut key, &node.name);
        let open = !self.folded.contains(&key);
        let has = |node: &Node| self.odd.iter().any(|odd| node.span.contains(odd.span) && !node.span.is_empty());
        let odd = has(node) && !(open && node.children.iter().any(has));
        let hidden_units = !open && color.is_none();
        self.rows.push(FieldRow {
            path: path.clone(),
            key: key.clone(),
            open: (!node.children.is_empty()).then_some(open),
            series: color.unwrap_or_default(),
            odd,
        });
        if !open {
            // Colors of what follows do not change by folding.
            if hidden_units {
                *self.unit += node.children.len();
            }
            return;
        }
        for (index, child) in node.children.iter().enumerate() {
            path.push(index);
            self.node(child, path, &key, color);
            path.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use callscope_wire::inspect::NodeKind;

    fn leaf(name: &str, start: usize, end: usize) -> Node {
        Node::leaf(name, "1", NodeKind::Number, "u8", Span::new(start, end))
    }

    fn detail() -> Detail {
        let items = Node::group("items", "", Span::new(7, 10), vec![leaf("items[0]", 7, 8), leaf("items[1]", 9, 10)]);
        let tree = vec![
            Node::group("native DATA", "4 B", Span::new(0, 4), vec![leaf("len", 0, 2), leaf("type", 2, 4)]),
            Node::group("message", "6 B", Span::new(4, 10), vec![leaf("id", 4, 6), items]),
        ];
        let odd = vec![Diagnostic { span: Span::new(9, 10), message: "odd".into() }];
        let mut detail = Detail {
            frame: super::super::tests::frame(b"0123456789"),
            dissection: Dissection { summary: String::new(), tree, diagnostics: odd },
            rows: Vec::new(),
            selected: None,
            stream: Vec::new(),
            stream_until: FrameId::default(),
        };
        detail.flatten(&HashSet::new());
        detail
    }

    #[test]
    fn a_byte_finds_its_field_through_folded_ones() {
        let mut detail = detail();
        let mut folded = HashSet::from(["/message".to_owned(), "/message/items".to_owned()]);
        detail.flatten(&folded);
        assert_eq!(detail.rows.len(), 4, "header, its two fields, and the folded message");
        assert!(detail.select_at(9, &mut folded));
        assert_eq!(detail.selected.as_deref(), Some(&[1, 1, 1][..]));
        assert_eq!(detail.selected_path(), "message.items[1]");
        assert_eq!(detail.selected_row(), Some(7));
        assert!(folded.is_empty());
        assert!(!detail.select_at(8, &mut folded) || detail.selected.as_deref() == Some(&[1, 1][..]));
        assert!(!detail.select_at(99, &mut folded));
    }

    #[test]
    fn colors_are_those_of_the_outer_fields_in_tree_and_bytes() {
        let mut detail = detail();
        let series: Vec<usize> = detail.rows.iter().map(|row| row.series).collect();
        assert_eq!(series, [5, 5, 5, 0, 0, 1, 1, 1]);
        let t = &crate::theme::DARK;
        let spans = detail.spans(t);
        let of = |range: std::ops::Range<usize>| spans.iter().find(|span| span.range == range).unwrap().color;
        assert_eq!(of(4..6), t.series(0));
        assert_eq!(of(7..8), t.series(1));
        assert!(spans.iter().any(|span| span.header && span.range == (0..2)));
        assert_eq!(spans.last().unwrap().color, t.err, "what is odd is red");
        detail.flatten(&HashSet::from(["/message/items".to_owned()]));
        assert_eq!(detail.rows.last().unwrap().series, 1);
        assert!(detail.rows.last().unwrap().odd, "a folded field tells of what is odd in it");
    }
}
