//! JSON as a tree with byte spans, and as one line for a list. Lenient: never an error.

use std::borrow::Cow;

use crate::inspect::{Diagnostic, Node, NodeKind};
use crate::value::outline::{Bounds, Entry, Kind, Label, Outline};
use crate::value::scan::{Token, Tokens, unquote};
use crate::{Limits, Span};

/// Nodes made of one message. A tree of more is not read; its rest is one raw node.
const MAX_NODES: usize = 20_000;

/// Characters of one value in a tree row.
const MAX_VALUE: usize = 2_000;

/// A JSON text as nodes; the top one is called `name` (a message's type, or `message`), and spans
/// count from `base`. Notes are types: `object`, `array`, `string`, `number`, `bool`, `null`.
///
/// A member's span has its name and its value. Values nested deeper than [`Limits::max_depth`] are one raw node.
pub fn nodes(name: &str, bytes: &[u8], base: usize) -> (Vec<Node>, Vec<Diagnostic>) {
    if bytes.is_empty() {
        return (vec![Node::leaf(name, "", NodeKind::Raw, "empty", Span::at(base, 0))], Vec::new());
    }
    let bounds = Bounds { depth: Limits::default().max_depth, entries: MAX_NODES };
    let outline = Outline::of(bytes, bounds);
    let tree = Tree { bytes, base, outline: &outline };
    let nodes = outline.children(None).map(|index| tree.node(index, name)).collect();
    let diagnostics = outline
        .problems
        .iter()
        .map(|problem| Diagnostic { span: problem.span.shifted(base), message: problem.message.clone() })
        .collect();
    (nodes, diagnostics)
}

/// A JSON text in one line of at most `max` characters, elided with `…`.
pub fn summary(bytes: &[u8], max: usize) -> String {
    let mut line = String::new();
    let mut room = max;
    for (token, span) in Tokens::new(bytes) {
        let text = String::from_utf8_lossy(head(bytes.get(span.range()).unwrap_or_default(), room));
        let space = matches!(token, Token::Comma | Token::Colon);
        // A control character in an open string would break the line.
        for char in text.chars().map(|char| if char.is_control() { ' ' } else { char }).chain(space.then_some(' ')) {
            if room == 0 {
                line.pop();
                line.push('…');
                return line;
            }
            line.push(char);
            room -= 1;
        }
    }
    line
}

struct Tree<'a> {
    bytes: &'a [u8],
    base: usize,
    outline: &'a Outline,
}

impl Tree<'_> {
    /// Recursion is as deep as the outline, which is bounded.
    fn node(&self, index: usize, name: &str) -> Node {
        let Some(entry) = self.outline.entries.get(index) else { return Node::default() };
        let span = entry.full_span().shifted(self.base);
        let note = match entry.kind {
            Kind::Object => "object",
            Kind::Array => "array",
            Kind::Text => "string",
            Kind::Number => "number",
            Kind::Bool => "bool",
            Kind::Null => "null",
            Kind::Raw => "raw",
        };
        if matches!(entry.kind, Kind::Object | Kind::Array) {
            let child = |index: usize| {
                let child_name = match self.outline.entries.get(index).map(|entry| &entry.label) {
                    Some(Label::Name(name)) => name.clone(),
                    Some(Label::Index(index)) => format!("{name}[{index}]"),
                    Some(Label::Top) | None => String::new(),
                };
                self.node(index, &child_name)
            };
            return Node::group(name, note, span, self.outline.children(Some(index)).map(child).collect());
        }
        let kind = match entry.kind {
            Kind::Text => NodeKind::Text,
            Kind::Number => NodeKind::Number,
            Kind::Bool | Kind::Null => NodeKind::Literal,
            _ => NodeKind::Raw,
        };
        Node::leaf(name, self.value(entry), kind, note, span)
    }

    /// The value as a row shows it: escapes that hide readable text resolved, control characters not.
    fn value(&self, entry: &Entry) -> String {
        let raw = self.bytes.get(entry.span.range()).unwrap_or_default();
        // An escape takes at most six bytes for a character.
        let shown = head(raw, MAX_VALUE * 2);
        let elided = if shown.len() < raw.len() { "…" } else { "" };
        if entry.kind != Kind::Text {
            return format!("{}{elided}", String::from_utf8_lossy(shown));
        }
        shown_text(&unquote(shown).text, elided)
    }
}

/// A text as a row shows it.
pub(super) fn quoted(text: &[u8]) -> String {
    let shown = elided(text);
    shown_text(&shown, if shown.len() < text.len() { "…" } else { "" })
}

/// As much of a text as a row shows.
pub(super) fn elided(text: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(head(text, MAX_VALUE / 4))
}

/// In quotes, escapes that hide readable text resolved, control characters not.
fn shown_text(text: &str, elided: &str) -> String {
    let mut out = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            char if char.is_control() => {
                let escape = format!("\\u{:04x}", u32::from(char));
                out.push_str(&escape);
            }
            char => out.push(char),
        }
    }
    out.push_str(elided);
    out.push('"');
    out
}

/// Enough bytes for one character more than `max`, and not one character cut in two.
fn head(bytes: &[u8], max: usize) -> &[u8] {
    let mut end = max.saturating_mul(4).saturating_add(4).min(bytes.len());
    while end > 0 && bytes.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
        end -= 1;
    }
    bytes.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn draw(nodes: &[Node], depth: usize, out: &mut String) {
        for node in nodes {
            let indent = "  ".repeat(depth);
            writeln!(out, "{indent}{} {} {} {}..{}", node.name, node.value, node.note, node.span.start, node.span.end)
                .unwrap();
            draw(&node.children, depth + 1, out);
        }
    }

    fn drawn(text: &str, base: usize) -> String {
        let (nodes, diagnostics) = nodes("Order", text.as_bytes(), base);
        let mut out = String::new();
        draw(&nodes, 0, &mut out);
        for diagnostic in diagnostics {
            writeln!(out, "! {}..{} {}", diagnostic.span.start, diagnostic.span.end, diagnostic.message).unwrap();
        }
        out
    }

    #[test]
    fn a_message_becomes_a_tree_with_spans() {
        let text = r#"{"id":"o-1","lines":[{"qty":2}],"name":"\u738b\n","paid":true,"note":null}"#;
        insta::assert_snapshot!(drawn(text, 16), @r#"
        Order  object 16..90
          id "o-1" string 17..27
          lines  array 28..47
            lines[0]  object 37..46
              qty 2 number 38..45
          name "王\n" string 48..65
          paid true bool 66..77
          note null null 78..89
        "#);
    }

    #[test]
    fn broken_text_keeps_what_can_be_read() {
        insta::assert_snapshot!(drawn(r#"{"id": 7, "lines": [1, oops"#, 0), @r#"
        Order  object 0..27
          id 7 number 1..8
          lines  array 10..27
            lines[0] 1 number 20..21
            lines[1] oops raw 23..27
        ! 23..27 `oops` is no JSON value; text is written in double quotes: "oops"
        ! 19..20 this `[` is never closed: add `]`
        "#);
    }

    #[test]
    fn ten_thousand_levels_are_one_raw_node_and_a_diagnostic() {
        let text = "[".repeat(10_000);
        let (nodes, diagnostics) = nodes("message", text.as_bytes(), 0);
        let mut level = &nodes;
        let mut depth = 0;
        while let Some(node) = level.first() {
            level = &node.children;
            depth += 1;
        }
        assert_eq!(depth, 129);
        assert_eq!(diagnostics[0].message, "nested deeper than 128 levels: not taken apart");
        assert_eq!(diagnostics[0].span, Span::new(128, 10_000));
    }

    #[test]
    fn a_summary_is_one_line() {
        assert_eq!(summary(b"{\n \"sku\" : \"A1\",\n \"qty\":2 }", 60), r#"{"sku": "A1", "qty": 2}"#);
        assert_eq!(summary("{\"name\":\"王小明王小明\"}".as_bytes(), 12), "{\"name\": \"王…");
        assert_eq!(summary(b"[1,2,3]", 7), "[1, 2,…");
        assert_eq!(summary(b"[1,23]", 7), "[1, 23]");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            nodes("message", &bytes, 0);
            summary(&bytes, 10);
        }

        #[test]
        fn nearly_json_never_panics_and_children_lie_within(text in r#"[\[\]{}:,"\\a1-9tu \n.]{0,60}"#) {
            let (nodes, _) = nodes("message", text.as_bytes(), 0);
            let mut todo: Vec<&Node> = nodes.iter().collect();
            while let Some(node) = todo.pop() {
                prop_assert!(node.span.end <= text.len());
                for child in &node.children {
                    prop_assert!(node.span.contains(child.span), "{node:?}");
                    todo.push(child);
                }
            }
        }
    }
}
