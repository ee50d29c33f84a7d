//! Which frames to show: `method == "shop.Orders/*" && (status != OK || bytes > 100)`.
//!
//! ```text
//!  filter  = any of the fields compared, words, `&&`, `||`, `!`, `( )`; two side by side mean `&&`
//!  compare = field (== | != | < | <= | > | >= | ~) value        ~ contains; * stands for anything
//!  word    = text that method, kind or dialect contains, in large or small letters
//! ```
//!
//! `data ~ "K7-011"` and `data ~ 0x4b37` search the bytes of the frames as they are on the wire.
//!
//! A frame that has no value for a field (a `DATA` has no status) passes no comparison with it, not even `!=`:
//! `status != OK` shows failures, `!(status == OK)` everything but successes.
//!
//! Patterns are compiled once, so that a filter runs over a million frames while somebody types.

use super::{ConnectionFacts, Frame};
use crate::engine::Side;
use crate::{Code, Say, Words, say};
use memchr::memmem;
use pattern::Pattern;

mod parse;
mod pattern;

/// A filter, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(Expr);

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.say())]
pub struct FilterError {
    /// Byte offset in the text.
    pub offset: usize,
    /// What is wrong and what to write instead.
    pub message: Words,
}

impl Say for FilterError {
    fn say(&self) -> Words {
        let (what, place) = (self.message.clone(), self.offset + 1);
        say!("filter.at", "%{what} (at character %{place})", what = what, place = place).into()
    }
}

impl Filter {
    /// Reads a filter. An empty text lets everything pass.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse::filter(text).map(Self)
    }

    /// Whether a frame passes. `connection`: what is known of its connection; not needed unless
    /// [`Self::needs_connection`].
    pub fn matches(&self, frame: &Frame, connection: Option<&ConnectionFacts>) -> bool {
        self.0.matches(frame, connection)
    }

    /// Whether it looks at the frame's connection, so that it has to be looked up.
    pub fn needs_connection(&self) -> bool {
        self.0.needs_connection()
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Expr {
    /// All of them; none: everything passes.
    All(Vec<Expr>),
    /// At least one of them.
    Any(Vec<Expr>),
    Not(Box<Expr>),
    /// Method, kind or dialect contains it.
    Word(Pattern),
    Text(TextField, Equal, Pattern),
    Number(NumberField, Compare, u64),
    Sent(bool),
    Side(Side),
    /// The frame's bytes contain these.
    Data(Needle),
}

/// Bytes to look for, prepared.
#[derive(Clone, Debug)]
struct Needle(Box<memmem::Finder<'static>>);

impl Needle {
    fn new(bytes: &[u8]) -> Self {
        Self(Box::new(memmem::Finder::new(bytes).into_owned()))
    }
}

impl PartialEq for Needle {
    fn eq(&self, other: &Self) -> bool {
        self.0.needle() == other.0.needle()
    }
}

/// A field whose value is text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextField {
    Method,
    Kind,
    Dialect,
    Instance,
}

/// A field whose value is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NumberField {
    Status,
    Bytes,
    Stream,
    Connection,
}

/// Whether text is to be as the pattern says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Equal {
    Yes,
    No,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compare {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Expr {
    /// Recursion is as deep as the parser lets a text nest.
    fn matches(&self, frame: &Frame, connection: Option<&ConnectionFacts>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(frame, connection)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(frame, connection)),
            Self::Not(part) => !part.matches(frame, connection),
            Self::Word(word) => {
                word.matches(frame.kind)
                    || frame.method.as_deref().is_some_and(|method| word.matches(method))
                    || frame.dialect.is_some_and(|dialect| word.matches(dialect))
            }
            Self::Text(field, equal, pattern) => {
                let value = match field {
                    TextField::Method => frame.method.as_deref(),
                    TextField::Kind => Some(frame.kind),
                    TextField::Dialect => frame.dialect,
                    TextField::Instance => connection.and_then(|facts| facts.instance.as_deref()),
                };
                value.is_some_and(|value| pattern.matches(value) == (*equal == Equal::Yes))
            }
            Self::Number(field, compare, wanted) => {
                let value = match field {
                    NumberField::Status => frame.code.map(|Code(code)| code.into()),
                    NumberField::Bytes => Some(frame.bytes.len() as u64),
                    NumberField::Stream => Some(frame.stream),
                    NumberField::Connection => Some(frame.connection.0),
                };
                value.is_some_and(|value| match compare {
                    Compare::Equal => value == *wanted,
                    Compare::Unequal => value != *wanted,
                    Compare::Less => value < *wanted,
                    Compare::AtMost => value <= *wanted,
                    Compare::More => value > *wanted,
                    Compare::AtLeast => value >= *wanted,
                })
            }
            Self::Sent(sent) => frame.sent == *sent,
            Self::Side(side) => frame.side == *side,
            Self::Data(needle) => needle.0.find(&frame.bytes).is_some(),
        }
    }

    fn needs_connection(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::needs_connection),
            Self::Not(part) => part.needs_connection(),
            Self::Text(field, ..) => *field == TextField::Instance,
            Self::Word(_) | Self::Number(..) | Self::Sent(_) | Self::Side(_) | Self::Data(_) => false,
        }
    }
}

#[cfg(test)]
mod tests;
