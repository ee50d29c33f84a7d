//! The values of a message of a binary codec, as its items come.

use std::borrow::Cow;

use super::{Label, MAX_DEPTH, Seen};
use crate::Span;
use crate::codec::{Codec, Item, Items};

pub(super) struct Walk<'a> {
    codec: Codec,
    bytes: &'a [u8],
    items: Box<dyn Items<'a> + 'a>,
    open: Vec<Level>,
    /// The one value that a message is has begun.
    begun: bool,
    /// Something could not be read.
    broken: bool,
}

/// A container that is open.
struct Level {
    map: bool,
    /// Items or pairs that follow; `None`: up to an end.
    left: Option<u64>,
    index: usize,
}

/// An item with the tags before it and the pieces behind it.
enum Read {
    Scalar(Span),
    Container { span: Span, map: bool, len: Option<u64> },
    End(Span),
}

impl<'a> Walk<'a> {
    pub fn new(codec: Codec, bytes: &'a [u8], items: Box<dyn Items<'a> + 'a>) -> Self {
        Self { codec, bytes, items, open: Vec::new(), begun: false, broken: false }
    }

    fn read(&mut self) -> Option<Read> {
        let start = self.items.offset();
        loop {
            let head = self.items.next().ok()?;
            let span = Span::new(start, head.span.end);
            return Some(match head.item {
                Item::Tag(_) => continue,
                Item::End => Read::End(head.span),
                Item::Array(len) => Read::Container { span, map: false, len },
                Item::Map(len) => Read::Container { span, map: true, len },
                Item::Pieces { .. } => loop {
                    let piece = self.items.next().ok()?;
                    if piece.item == Item::End {
                        break Read::Scalar(Span::new(start, piece.span.end));
                    }
                },
                _ => Read::Scalar(span),
            });
        }
    }

    fn end(&mut self, span: Span) -> Option<Seen> {
        self.open.pop()?;
        Some(Seen::End(span))
    }
}

impl super::Walk for Walk<'_> {
    fn next(&mut self) -> Option<Seen> {
        let seen = if self.broken { None } else { self.seen() };
        self.broken = seen.is_none();
        seen
    }

    fn pass_over(&mut self) -> usize {
        let inside = self.open.len();
        while self.open.len() >= inside && self.next().is_some() {}
        self.items.offset()
    }

    fn name(&self, span: Span) -> Cow<'_, str> {
        let value = self.codec.decode(self.bytes.get(span.range()).unwrap_or_default());
        value.ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default().into()
    }

    fn depth(&self) -> usize {
        self.open.len()
    }

    fn in_any_map(&self) -> bool {
        self.open.iter().any(|level| level.map)
    }
}

impl Walk<'_> {
    fn seen(&mut self) -> Option<Seen> {
        let at = self.items.offset();
        let mut name = None;
        match self.open.last_mut() {
            None if std::mem::replace(&mut self.begun, true) => return None,
            None => {}
            Some(Level { left: Some(0), .. }) => return self.end(Span::at(at, 0)),
            Some(level) => {
                level.left = level.left.map(|left| left - 1);
                level.index += 1;
                if level.map {
                    match self.read()? {
                        Read::Scalar(span) => name = Some(span),
                        Read::End(span) => return self.end(span),
                        // Containers are no names.
                        Read::Container { .. } => return None,
                    }
                }
            }
        }
        let read = self.read()?;
        let label = match (name, self.open.last()) {
            (Some(name), _) => Label::Name(name),
            (None, Some(level)) => Label::Index(level.index - 1),
            (None, None) => Label::Top,
        };
        match read {
            Read::End(span) => self.end(span),
            Read::Scalar(span) => Some(Seen::Value { label, name, span, container: false }),
            Read::Container { span, map, len } => {
                self.open.push(Level { map, left: len, index: 0 });
                (self.open.len() <= MAX_DEPTH).then_some(Seen::Value { label, name, span, container: true })
            }
        }
    }
}
