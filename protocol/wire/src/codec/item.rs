//! What binary codecs have in common: a message is a sequence of items, containers before what they hold.

use super::DecodeError;
use crate::Span;

/// One item, without what it holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Item<'a> {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number from 0 on.
    Unsigned(u64),
    /// `-1 - n`, so that each codec's lowest number has its place.
    Negative(u64),
    /// Any other number, however wide it was.
    Float(f64),
    /// Text; whether it is utf-8 is for the reader to say.
    Text(&'a [u8]),
    /// Bytes.
    Bytes(&'a [u8]),
    /// So many items follow; `None`: up to an [`End`](Self::End).
    Array(Option<u64>),
    /// So many pairs of key and value follow; `None`: up to an [`End`](Self::End).
    Map(Option<u64>),
    /// Pieces follow, [`Bytes`](Self::Bytes) or [`Text`](Self::Text), up to an [`End`](Self::End).
    Pieces {
        /// Of a text; else of bytes.
        text: bool,
    },
    /// The end of what has no length.
    End,
    /// What the item behind it means, which we do not ask.
    Tag(u64),
    /// A value that only its codec knows: its name, its number, its bytes.
    Foreign(&'static str, i64, &'a [u8]),
}

/// An item, where it lies and how it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Head<'a> {
    /// What it is.
    pub item: Item<'a>,
    /// Its bytes; of a container those before what it holds.
    pub span: Span,
    /// The codec's own name of the form: `fixmap`, `uint16`.
    pub form: &'static str,
}

/// Reads items one by one, and trusts no length: nothing is given that is not there.
pub trait Items<'a> {
    /// The next item. After an error there is nothing more to read.
    fn next(&mut self) -> Result<Head<'a>, DecodeError>;

    /// Offset of the next item.
    fn offset(&self) -> usize;

    /// Bytes not read yet.
    fn left(&self) -> usize;

    /// Passes over an [`Item::End`] if that is next, and says whether it was.
    fn skip_end(&mut self) -> bool {
        false
    }
}

/// Takes bytes off the front of a message.
#[derive(Clone, Debug)]
pub(super) struct Bytes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub const fn offset(&self) -> usize {
        self.at
    }

    pub fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    /// The next `n` bytes, if they are all there.
    pub fn take(&mut self, n: u64) -> Result<&'a [u8], DecodeError> {
        let (offset, left) = (self.at, self.left());
        let end = usize::try_from(n).ok().and_then(|n| self.at.checked_add(n));
        match end.and_then(|end| Some((end, self.bytes.get(self.at..end)?))) {
            Some((end, taken)) => {
                self.at = end;
                Ok(taken)
            }
            None => Err(DecodeError::Short { offset, needed: n, left }),
        }
    }

    /// The next `N` bytes, at most eight, as a number.
    pub fn number(&mut self, len: u64) -> Result<u64, DecodeError> {
        Ok(self.take(len)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Passes over a byte if it is the next.
    pub fn skip(&mut self, byte: u8) -> bool {
        let is_next = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(is_next);
        is_next
    }

    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        let byte = self.bytes.get(self.at).copied();
        let byte = byte.ok_or(DecodeError::Short { offset: self.at, needed: 1, left: 0 })?;
        self.at += 1;
        Ok(byte)
    }
}
