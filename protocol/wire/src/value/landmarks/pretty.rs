//! A text laid out to be read, two spaces a level, from any line on: without the text of all the lines before it.

use super::{Landmarks, STRIDE, skip_space, text_end};
use crate::Span;
use crate::value::outline::Kind;

/// Bytes of a value that a line shows; nobody reads further to the right.
const LONGEST: usize = 4 << 10;

/// One line of the text as it is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it says, indented; cut where it is very long.
    pub text: String,
    /// The bytes that it shows.
    pub span: Span,
}

impl Landmarks {
    /// Lines of the whole text, laid out.
    pub const fn line_count(&self) -> u64 {
        self.line_count
    }

    /// So many lines, from this one on.
    pub fn lines(&self, bytes: &[u8], from: u64, count: usize) -> Vec<Line> {
        let (mut layout, mut line) = self.start(bytes, |mark_line, _| mark_line <= from);
        let mut lines = Vec::new();
        while lines.len() < count
            && let Some(next) = layout.next_line()
        {
            if line >= from {
                lines.push(next);
            }
            line += 1;
        }
        lines
    }

    /// The line on which these bytes are.
    pub fn line_of(&self, bytes: &[u8], offset: usize) -> u64 {
        let (mut layout, mut line) = self.start(bytes, |_, at| at <= offset);
        while let Some(next) = layout.next_line() {
            // A line ends where the next one begins: what is between them is its own.
            if layout.at > offset || next.span.end > offset {
                break;
            }
            line += 1;
        }
        line.min(self.line_count.saturating_sub(1))
    }

    /// A layout from the last mark that is not too late, and its line.
    fn start<'a>(&'a self, bytes: &'a [u8], not_late: impl Fn(u64, usize) -> bool) -> (Layout<'a>, u64) {
        let bytes = bytes.get(..self.seen).unwrap_or(bytes);
        let before = self.lines.partition_point(|mark| not_late(mark.line, mark.at as usize));
        match before.checked_sub(1).and_then(|at| self.lines.get(at)) {
            Some(mark) => {
                (Layout { marks: self, bytes, at: mark.at as usize, depth: usize::from(mark.depth) }, mark.line)
            }
            None => (Layout { marks: self, bytes, at: skip_space(bytes, 0), depth: 0 }, 0),
        }
    }
}

struct Layout<'a> {
    marks: &'a Landmarks,
    bytes: &'a [u8],
    /// Where the next line begins: at a part, or at a closing bracket.
    at: usize,
    depth: usize,
}

impl Layout<'_> {
    fn next_line(&mut self) -> Option<Line> {
        let start = self.at;
        let first = *self.bytes.get(start)?;
        if matches!(first, b'}' | b']') {
            self.depth = self.depth.saturating_sub(1);
        }
        let mut text = "  ".repeat(self.depth);
        let mut at = start;
        if matches!(first, b'}' | b']') {
            text.push(char::from(first));
            at += 1;
        } else {
            if first == b'"' {
                let (end, _) = text_end_of(self.marks, self.bytes, at);
                let behind = skip_space(self.bytes, end);
                if self.bytes.get(behind) == Some(&b':') {
                    self.push(&mut text, at, end);
                    text.push_str(": ");
                    at = skip_space(self.bytes, behind + 1);
                }
            }
            let kind = super::kind_at(self.bytes, at);
            if matches!(kind, Kind::Object | Kind::Array) {
                let (open, close) = if kind == Kind::Object { ('{', '}') } else { ('[', ']') };
                text.push(open);
                at = skip_space(self.bytes, at + 1);
                if self.bytes.get(at) != Some(&(close as u8)) {
                    self.depth += 1;
                    self.at = at;
                    return Some(Line { text, span: Span::new(start, at) });
                }
                text.push(close);
                at += 1;
            } else {
                let end = self.marks.end_of(self.bytes, at);
                self.push(&mut text, at, end);
                at = end;
            }
        }
        let end = at;
        at = skip_space(self.bytes, at);
        if self.bytes.get(at) == Some(&b',') {
            text.push(',');
            at = skip_space(self.bytes, at + 1);
        } else if !matches!(self.bytes.get(at), Some(b'}' | b']')) {
            // The end, or something that does not belong here.
            at = self.bytes.len();
        }
        self.at = at;
        Some(Line { text, span: Span::new(start, end) })
    }

    fn push(&self, text: &mut String, start: usize, end: usize) {
        let cut = end.min(start + LONGEST);
        text.push_str(&String::from_utf8_lossy(self.bytes.get(start..cut).unwrap_or_default()));
        if cut < end {
            text.truncate(text.trim_end_matches('\u{fffd}').len());
            text.push('…');
        }
    }
}

/// Where a text ends that may be a name or a large value.
fn text_end_of(marks: &Landmarks, bytes: &[u8], start: usize) -> (usize, bool) {
    match marks.node(start) {
        Some(node) if (node.end - node.start) as usize >= STRIDE => (node.end as usize, true),
        _ => text_end(bytes, start),
    }
}
