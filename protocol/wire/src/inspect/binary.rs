//! A message of a binary codec as a tree with byte spans. Lenient: never an error.

use super::json::{elided, quoted};
use crate::codec::{Head, Item, Items};
use crate::inspect::{Diagnostic, Node, NodeKind};
use crate::{Span, Words};

/// Nodes made of one message. A tree of more is not read; its rest is one raw node.
const MAX_NODES: usize = 20_000;

/// Levels that are taken apart.
const MAX_DEPTH: usize = 128;

/// Bytes of one value in a tree row.
const MAX_RAW: usize = 16;

/// A message as nodes; the top one is called `name`, and spans count from `base`. Notes are the codec's own words for how an item
/// is written. A member's span has its key and its value.
pub fn nodes<'a>(name: &str, items: Box<dyn Items<'a> + 'a>, base: usize) -> (Vec<Node>, Vec<Diagnostic>) {
    if items.left() == 0 {
        return (vec![Node::leaf(name, "", NodeKind::Raw, "empty", Span::at(base, 0))], Vec::new());
    }
    let mut tree = Tree { items, base, left: MAX_NODES, over: false, end: None, diagnostics: Vec::new() };
    let mut nodes = vec![tree.value(name, None, 0)];
    if !tree.over && tree.items.left() > 0 {
        let message = format!("{} bytes follow the message", tree.items.left());
        nodes.extend(tree.rest(message));
    }
    (nodes, tree.diagnostics)
}

struct Tree<'a> {
    items: Box<dyn Items<'a> + 'a>,
    base: usize,
    /// Nodes that may still be made.
    left: usize,
    /// Nothing more is read.
    over: bool,
    /// Where what was not read any more ends: so do all that it is in.
    end: Option<usize>,
    diagnostics: Vec<Diagnostic>,
}

/// What a container calls what it holds.
enum Place<'a> {
    Item(&'a str, u64),
    Member,
}

impl<'a> Tree<'a> {
    /// The next item, behind the tags that say what it means; `None`: there is nothing more to read, and why has been said.
    fn next(&mut self, notes: &mut Vec<String>) -> Option<Head<'a>> {
        loop {
            match self.items.next() {
                Ok(Head { item: Item::Tag(tag), .. }) if notes.len() < 8 => notes.push(format!("tag {tag}")),
                Ok(Head { item: Item::Tag(_), .. }) => {}
                Ok(head) => return Some(head),
                Err(error) => {
                    let span = Span::at(self.base + self.items.offset(), 0);
                    self.odd(span, error.to_string());
                    self.over = true;
                    return None;
                }
            }
        }
    }

    fn odd(&mut self, span: Span, message: impl Into<Words>) {
        self.diagnostics.push(Diagnostic { span, message: message.into() });
    }

    /// What is left as one raw node, and why.
    fn rest(&mut self, why: impl Into<Words>) -> Option<Node> {
        self.over = true;
        let span = Span::at(self.items.offset(), self.items.left());
        self.end = Some(span.end);
        let span = span.shifted(self.base);
        self.odd(span, why);
        let note = format!("{} B", span.len());
        (!span.is_empty()).then(|| Node::leaf("rest", "", NodeKind::Raw, note, span))
    }

    /// One value with what it holds. `start`: where its key begins, if it has one. Recursion ends at [`MAX_DEPTH`].
    fn value(&mut self, name: &str, start: Option<usize>, depth: usize) -> Node {
        self.left = self.left.saturating_sub(1);
        let start = start.unwrap_or_else(|| self.items.offset());
        let mut notes = Vec::new();
        let Some(head) = self.next(&mut notes) else {
            return Node::leaf(name, "", NodeKind::Raw, "missing", self.span(start));
        };
        notes.push(head.form.to_owned());
        let leaf = |value: String, kind| (value, kind, Vec::new());
        let (value, kind, children) = match head.item {
            Item::Null => leaf("null".to_owned(), NodeKind::Literal),
            Item::Bool(value) => leaf(value.to_string(), NodeKind::Literal),
            Item::Unsigned(n) => leaf(n.to_string(), NodeKind::Number),
            Item::Negative(n) => leaf((-1 - i128::from(n)).to_string(), NodeKind::Number),
            Item::Float(number) => leaf(number.to_string(), NodeKind::Number),
            Item::Text(text) => {
                if let Err(error) = std::str::from_utf8(text) {
                    let at = head.span.end - text.len() + error.valid_up_to();
                    self.odd(Span::at(self.base + at, 1), "not utf-8");
                }
                leaf(quoted(text), NodeKind::Text)
            }
            Item::Bytes(bytes) => {
                notes.push(format!("{} B", bytes.len()));
                leaf(hex(bytes), NodeKind::Raw)
            }
            Item::Foreign(_, number, bytes) => {
                notes.push(number.to_string());
                leaf(hex(bytes), NodeKind::Raw)
            }
            Item::End => {
                self.odd(head.span.shifted(self.base), "a break where a value is expected");
                leaf(String::new(), NodeKind::Raw)
            }
            Item::Array(len) => (String::new(), NodeKind::Group, self.inside(name, len, false, depth)),
            Item::Map(len) => (String::new(), NodeKind::Group, self.inside(name, len, true, depth)),
            Item::Pieces { .. } => (String::new(), NodeKind::Group, self.inside(name, None, false, depth)),
            // Taken above.
            Item::Tag(_) => leaf(String::new(), NodeKind::Raw),
        };
        Node { name: name.to_owned(), value, kind, note: notes.join(", "), span: self.span(start), children }
    }

    /// From `start` to the next item.
    fn span(&self, start: usize) -> Span {
        Span::new(start, self.end.unwrap_or(self.items.offset())).shifted(self.base)
    }

    /// What a container holds. `len`: how many items, or pairs, if that is known.
    fn inside(&mut self, name: &str, len: Option<u64>, map: bool, depth: usize) -> Vec<Node> {
        let mut children = Vec::new();
        let mut index = 0;
        while !self.over && len.is_none_or(|len| index < len) {
            if len.is_none() && self.items.skip_end() {
                break;
            }
            if depth + 1 > MAX_DEPTH {
                children.extend(self.rest(format!("nested deeper than {MAX_DEPTH} levels: not taken apart")));
            } else if self.left == 0 {
                children.extend(self.rest(format!("more than {MAX_NODES} values: the rest is not taken apart")));
            } else {
                let place = if map { Place::Member } else { Place::Item(name, index) };
                children.extend(self.child(&place, depth));
            }
            index += 1;
        }
        children
    }

    fn child(&mut self, place: &Place<'_>, depth: usize) -> Option<Node> {
        match place {
            Place::Item(name, index) => Some(self.value(&format!("{name}[{index}]"), None, depth + 1)),
            Place::Member => {
                let start = self.items.offset();
                let key = self.key(depth)?;
                if self.over {
                    return Some(Node::leaf(key, "", NodeKind::Raw, "its value is missing", self.span(start)));
                }
                Some(self.value(&key, Some(start), depth + 1))
            }
        }
    }

    /// A member's key, as the name of its node.
    fn key(&mut self, depth: usize) -> Option<String> {
        let start = self.items.offset();
        let head = self.next(&mut Vec::new())?;
        let odd = match head.item {
            Item::Text(text) => {
                let shown = elided(text);
                return Some(if shown.len() < text.len() { format!("{shown}…") } else { shown.into_owned() });
            }
            Item::Unsigned(n) => n.to_string(),
            Item::Negative(n) => (-1 - i128::from(n)).to_string(),
            Item::Array(len) => {
                self.inside("key", len, false, depth + 1);
                "key".to_owned()
            }
            Item::Map(len) => {
                self.inside("key", len, true, depth + 1);
                "key".to_owned()
            }
            Item::Pieces { .. } => {
                self.inside("key", None, false, depth + 1);
                "key".to_owned()
            }
            _ => head.form.to_owned(),
        };
        let span = self.span(start);
        if !matches!(head.item, Item::Pieces { text: true }) {
            self.odd(span, "a key that is no text");
        }
        Some(odd)
    }
}

fn hex(bytes: &[u8]) -> String {
    let shown = bytes.iter().take(MAX_RAW).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    if bytes.len() > MAX_RAW { format!("{shown} …") } else { shown }
}
