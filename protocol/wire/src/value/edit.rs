//! Small changes to a JSON text, made so that nothing else of it changes: layout, order, spelling of numbers and
//! unknown members stay as somebody typed them. What is added looks like what is around it.
//!
//! A change is made against a text and its [`Outline`]; the text must be JSON without problems. It is one
//! replacement of bytes, so it can be undone as one.

use crate::Span;
use crate::value::Value;
use crate::value::outline::{Entry, Kind, Outline};

/// Replaces the bytes of `span` by `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What goes; empty where something is only added.
    pub span: Span,
    /// What comes.
    pub text: String,
}

impl Change {
    /// Carries it out. `false`: its bytes are not those of a text like this one, which stays as it is.
    pub fn apply(&self, text: &mut String) -> bool {
        let fits = text.get(self.span.range()).is_some();
        if fits {
            text.replace_range(self.span.range(), &self.text);
        }
        fits
    }
}

/// A text and its values, by their index in the outline.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    text: &'a str,
    outline: &'a Outline,
}

/// How new values are laid out.
struct Style {
    /// All on one line.
    inline: bool,
    /// `{ "a": 1 }` instead of `{"a": 1}` on one line.
    padded: bool,
    /// Between a name and its value.
    colon: String,
    newline: &'static str,
    /// Of one level.
    unit: String,
    /// Of the line on which the value begins.
    indent: String,
}

impl<'a> Source<'a> {
    /// `outline` must be that of `text`.
    pub const fn new(text: &'a str, outline: &'a Outline) -> Self {
        Self { text, outline }
    }

    /// Another text for the same value: a number as it was typed, a string in quotes.
    pub fn set(&self, entry: usize, raw: &str) -> Option<Change> {
        Some(Change { span: self.entry(entry)?.span, text: raw.to_owned() })
    }

    /// Another value in the same place.
    pub fn replace(&self, parent: Option<usize>, entry: usize, value: &Value) -> Option<Change> {
        let style = self.style_in_place(parent, entry)?;
        let mut text = String::new();
        style.write(&mut text, value, &style.indent);
        Some(Change { span: self.entry(entry)?.span, text })
    }

    /// Another member in the place of one: its name and its value.
    pub fn exchange(&self, object: usize, member: usize, name: &str, value: &Value) -> Option<Change> {
        let style = self.style_in_place(Some(object), member)?;
        let text = style.member(name, value);
        Some(Change { span: self.entry(member)?.full_span(), text })
    }

    /// Another name for a member.
    pub fn rename(&self, member: usize, name: &str) -> Option<Change> {
        Some(Change { span: self.entry(member)?.name?, text: quoted(name) })
    }

    /// A value goes, with its name, its comma and the white space before it.
    pub fn remove(&self, parent: usize, entry: usize) -> Option<Change> {
        let gone = self.entry(entry)?.full_span();
        let (before, after) = self.neighbors(parent, entry);
        let span = match (before.and_then(|index| self.entry(index)), after.and_then(|index| self.entry(index))) {
            (Some(before), _) => Span::new(before.span.end, gone.end),
            (None, Some(after)) => Span::new(gone.start, after.full_span().start),
            (None, None) => {
                let container = self.entry(parent)?.span;
                Span::new(container.start + 1, container.end.checked_sub(1)?)
            }
        };
        Some(Change { span, text: String::new() })
    }

    /// A new member behind the member `after`; `None`: the first one.
    pub fn insert_member(&self, object: usize, after: Option<usize>, name: &str, value: &Value) -> Option<Change> {
        let (style, gap) = self.style_of_new(object)?;
        let text = style.member(name, value);
        self.insert(object, after, text, &style, &gap)
    }

    /// A new item behind the item `after`; `None`: the first one.
    pub fn insert_item(&self, array: usize, after: Option<usize>, value: &Value) -> Option<Change> {
        let (mut style, gap) = self.style_of_new(array)?;
        // One item a line, and each of them on one line: so is the new one.
        let example = after.or_else(|| self.outline.children(Some(array)).next());
        if let Some(example) = example.and_then(|index| self.entry(index)) {
            let written = self.text.get(example.span.range())?;
            if example.kind == Kind::Object && written.len() > 2 && !written.contains('\n') {
                style.inline = true;
                style.padded = written.starts_with("{ ");
            }
        }
        let mut text = String::new();
        style.write(&mut text, value, &style.indent);
        self.insert(array, after, text, &style, &gap)
    }

    /// The item at the place `from` goes to the place `to`; those between make room. White space between them stays.
    pub fn move_item(&self, array: usize, from: usize, to: usize) -> Option<Change> {
        let spans: Vec<Span> = self
            .outline
            .children(Some(array))
            .filter_map(|index| self.entry(index))
            .map(Entry::full_span)
            .skip(from.min(to))
            .take(from.abs_diff(to) + 1)
            .collect();
        let (first, last) = (spans.first()?, spans.last()?);
        if spans.len() != from.abs_diff(to) + 1 || from == to {
            return None;
        }
        let mut order = spans.clone();
        if from < to {
            order.rotate_left(1);
        } else {
            order.rotate_right(1);
        }
        let mut text = String::with_capacity(last.end - first.start);
        for (place, span) in order.iter().enumerate() {
            text.push_str(self.text.get(span.range())?);
            if let (Some(here), Some(next)) = (spans.get(place), spans.get(place + 1)) {
                text.push_str(self.text.get(here.end..next.start)?);
            }
        }
        Some(Change { span: Span::new(first.start, last.end), text })
    }

    fn insert(&self, container: usize, after: Option<usize>, new: String, style: &Style, gap: &Gap) -> Option<Change> {
        let span = self.entry(container)?.span;
        let first = self.outline.children(Some(container)).next();
        Some(match (after.and_then(|index| self.entry(index)), first.and_then(|index| self.entry(index))) {
            (Some(after), _) => Change { span: Span::at(after.span.end, 0), text: format!(",{}{new}", gap.between) },
            (None, Some(first)) => {
                Change { span: Span::at(first.full_span().start, 0), text: format!("{new},{}", gap.between) }
            }
            (None, None) => {
                let inside = Span::new(span.start + 1, span.end.checked_sub(1)?);
                let object = self.entry(container)?.kind == Kind::Object;
                let text = match (style.inline, object && style.padded) {
                    (true, true) => format!(" {new} "),
                    (true, false) => new,
                    (false, _) => {
                        let outer = style.indent.strip_suffix(style.unit.as_str()).unwrap_or_default();
                        format!("{0}{1}{new}{0}{outer}", style.newline, style.indent)
                    }
                };
                Change { span: inside, text }
            }
        })
    }

    /// How a new child of a container is laid out, and what comes between it and its neighbor.
    fn style_of_new(&self, container: usize) -> Option<(Style, Gap)> {
        let mut style = self.style();
        let mut children = self.outline.children(Some(container)).filter_map(|index| self.entry(index));
        let open = self.entry(container)?.span.start;
        let Some(first) = children.next() else {
            // Empty: on one line only where its own container is.
            let parent = self.parent(container);
            style.inline = parent.is_some_and(|parent| !self.gap_before(parent, container).contains('\n'));
            style.padded = parent.is_none_or(|parent| self.is_padded(parent)) && style.colon.ends_with(' ');
            style.indent = format!("{}{}", self.line_indent(open), style.unit);
            return Some((style, Gap { between: String::new() }));
        };
        if let Some(name) = first.name {
            self.text.get(name.end..first.span.start)?.clone_into(&mut style.colon);
        }
        let lead = self.text.get(open + 1..first.full_span().start)?;
        let between = match children.next() {
            Some(second) => behind_comma(self.text.get(first.span.end..second.full_span().start)?).to_owned(),
            None if lead.contains('\n') => lead.to_owned(),
            None if style.colon.ends_with(' ') => " ".to_owned(),
            None => String::new(),
        };
        style.inline = !between.contains('\n');
        style.padded = self.is_padded(container);
        style.indent = match between.rsplit_once('\n') {
            Some((_, indent)) => indent.to_owned(),
            None => self.line_indent(open),
        };
        Some((style, Gap { between }))
    }

    /// How a value that takes the place of another one is laid out.
    fn style_in_place(&self, parent: Option<usize>, entry: usize) -> Option<Style> {
        let mut style = self.style();
        let Some(parent) = parent else { return Some(style) };
        let one_line = !self.gap_before(parent, entry).contains('\n');
        style.inline = one_line;
        style.padded = self.is_padded(parent);
        style.indent = self.line_indent(self.entry(entry)?.full_span().start);
        let entry = self.entry(entry)?;
        if let Some(name) = entry.name {
            self.text.get(name.end..entry.span.start)?.clone_into(&mut style.colon);
        }
        Some(style)
    }

    /// That of the whole text.
    fn style(&self) -> Style {
        let spaced = self.outline.entries.iter().find_map(|entry| {
            let name = entry.name?;
            self.text.get(name.end..entry.span.start)
        });
        let unit = self.text.lines().skip(1).find_map(|line| {
            let indent = leading_space(line);
            (!indent.is_empty() && indent.len() < line.len()).then_some(indent)
        });
        Style {
            inline: false,
            padded: true,
            colon: spaced.filter(|colon| !colon.contains('\n')).unwrap_or(": ").to_owned(),
            newline: if self.text.contains("\r\n") { "\r\n" } else { "\n" },
            unit: unit.unwrap_or("  ").to_owned(),
            indent: String::new(),
        }
    }

    fn is_padded(&self, container: usize) -> bool {
        let Some(span) = self.entry(container).map(|entry| entry.span) else { return true };
        let text = self.text.get(span.range()).unwrap_or_default();
        match self.entry(container).map(|entry| entry.kind) {
            Some(Kind::Object) if text.len() > 2 => text.starts_with("{ ") || text.starts_with("{\n"),
            // A list says nothing of that; ask what it is in.
            _ => self.parent(container).is_none_or(|parent| self.is_padded(parent)),
        }
    }

    /// White space between a child and the bracket or comma before it.
    fn gap_before(&self, parent: usize, child: usize) -> &'a str {
        let Some(start) = self.entry(child).map(|entry| entry.full_span().start) else { return "" };
        let before = match self.neighbors(parent, child).0.and_then(|index| self.entry(index)) {
            Some(before) => before.span.end,
            None => self.entry(parent).map_or(start, |parent| parent.span.start + 1),
        };
        behind_comma(self.text.get(before..start).unwrap_or_default())
    }

    /// The white space at the beginning of the line that a byte is on.
    fn line_indent(&self, at: usize) -> String {
        let before = self.text.get(..at).unwrap_or_default();
        let line = self.text.get(before.rfind('\n').map_or(0, |at| at + 1)..).unwrap_or_default();
        leading_space(line.lines().next().unwrap_or_default()).to_owned()
    }

    fn neighbors(&self, parent: usize, child: usize) -> (Option<usize>, Option<usize>) {
        let mut before = None;
        let mut children = self.outline.children(Some(parent));
        while let Some(index) = children.next() {
            if index == child {
                return (before, children.next());
            }
            before = Some(index);
        }
        (None, None)
    }

    /// The container of a value.
    pub fn parent(&self, entry: usize) -> Option<usize> {
        let holds = |(_, outer): &(usize, &Entry)| outer.end > entry;
        self.outline.entries.get(..entry)?.iter().enumerate().rev().find(holds).map(|(index, _)| index)
    }

    fn entry(&self, index: usize) -> Option<&'a Entry> {
        self.outline.entries.get(index)
    }
}

/// What stands between two children, the comma aside.
struct Gap {
    between: String,
}

impl Style {
    fn member(&self, name: &str, value: &Value) -> String {
        let mut text = format!("{}{}", quoted(name), self.colon);
        self.write(&mut text, value, &self.indent);
        text
    }

    fn write(&self, out: &mut String, value: &Value, indent: &str) {
        match value {
            Value::Object(members) => {
                let children = members.iter().map(|(name, value)| (Some(name.as_str()), value));
                self.container(out, ('{', '}'), children, indent);
            }
            Value::Array(items) => self.container(out, ('[', ']'), items.iter().map(|value| (None, value)), indent),
            scalar => out.push_str(&scalar.to_string()),
        }
    }

    fn container<'v>(
        &self,
        out: &mut String,
        (open, close): (char, char),
        children: impl ExactSizeIterator<Item = (Option<&'v str>, &'v Value)>,
        indent: &str,
    ) {
        out.push(open);
        let (empty, deeper) = (children.len() == 0, format!("{indent}{}", self.unit));
        let pad = self.inline && self.padded && open == '{' && !empty;
        for (place, (name, value)) in children.enumerate() {
            if place > 0 {
                out.push(',');
            }
            if !self.inline {
                out.push_str(self.newline);
                out.push_str(&deeper);
            } else if pad || (place > 0 && self.colon.ends_with(' ')) {
                out.push(' ');
            }
            if let Some(name) = name {
                out.push_str(&quoted(name));
                out.push_str(&self.colon);
            }
            self.write(out, value, &deeper);
        }
        if !self.inline && !empty {
            out.push_str(self.newline);
            out.push_str(indent);
        } else if pad {
            out.push(' ');
        }
        out.push(close);
    }
}

/// A text as JSON has it.
pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The JSON number that somebody typed, as typed; `None` where JSON has no such number or would lose some of it.
pub fn number(typed: &str) -> Option<&str> {
    let whole = typed.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let kept = !whole || typed.parse::<i64>().is_ok() || typed.parse::<u64>().is_ok();
    let parsed = serde_json::from_str::<Value>(typed).is_ok_and(|value| value.is_number());
    (kept && parsed && typed.trim() == typed).then_some(typed)
}

fn behind_comma(between: &str) -> &str {
    between.split_once(',').map_or(between, |(_, behind)| behind)
}

fn leading_space(line: &str) -> &str {
    let text = line.trim_start_matches([' ', '\t']);
    line.get(..line.len() - text.len()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
