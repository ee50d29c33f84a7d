//! Codec 3: CBOR (RFC 8949). Written with definite lengths and the shortest heads; any well-formed item is read.

use super::DecodeError;
use super::item::{Bytes, Head, Item, Items};
use super::write::Write;
use crate::Span;

#[derive(Clone, Debug)]
pub(super) struct Reader<'a>(Bytes<'a>);

/// The argument of a head: a number, or none (what follows has no length).
type Argument = Option<u64>;

impl<'a> Reader<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(Bytes::new(bytes))
    }

    fn argument(&mut self, start: usize, byte: u8) -> Result<Argument, DecodeError> {
        match byte & 31 {
            small @ 0..=23 => Ok(Some(u64::from(small))),
            size @ 24..=27 => self.0.number(1 << (size - 24)).map(Some),
            31 => Ok(None),
            _ => Err(DecodeError::Unknown { offset: start, byte }),
        }
    }
}

impl<'a> Items<'a> for Reader<'a> {
    fn next(&mut self) -> Result<Head<'a>, DecodeError> {
        let start = self.0.offset();
        let byte = self.0.byte()?;
        let argument = self.argument(start, byte)?;
        let (item, form) = match (byte >> 5, argument) {
            (0, Some(n)) => (Item::Unsigned(n), "uint"),
            (1, Some(n)) => (Item::Negative(n), "nint"),
            (2, Some(len)) => (Item::Bytes(self.0.take(len)?), "bytes"),
            (2, None) => (Item::Pieces { text: false }, "bytes in pieces"),
            (3, Some(len)) => (Item::Text(self.0.take(len)?), "text"),
            (3, None) => (Item::Pieces { text: true }, "text in pieces"),
            (4, len) => (Item::Array(len), "array"),
            (5, len) => (Item::Map(len), "map"),
            (6, Some(tag)) => (Item::Tag(tag), "tag"),
            (7, None) => (Item::End, "break"),
            (7, Some(n)) => match byte & 31 {
                20 => (Item::Bool(false), "bool"),
                21 => (Item::Bool(true), "bool"),
                22 => (Item::Null, "null"),
                23 => (Item::Null, "undefined"),
                25 => (Item::Float(half(n as u16)), "float16"),
                26 => (Item::Float(f64::from(f32::from_bits(n as u32))), "float32"),
                27 => (Item::Float(f64::from_bits(n)), "float64"),
                // Two bytes for what one holds is not well-formed.
                24 if n < 32 => return Err(DecodeError::Unknown { offset: start, byte }),
                _ => (Item::Foreign("a simple value", n.cast_signed(), &[]), "simple"),
            },
            _ => return Err(DecodeError::Unknown { offset: start, byte }),
        };
        Ok(Head { item, span: Span::new(start, self.0.offset()), form })
    }

    fn offset(&self) -> usize {
        self.0.offset()
    }

    fn left(&self) -> usize {
        self.0.left()
    }

    fn skip_end(&mut self) -> bool {
        self.0.skip(0xff)
    }
}

/// A half-precision number (RFC 8949, appendix D).
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (fraction + 1024.0) * 2_f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { size } else { -size }
}

/// Appends CBOR.
#[derive(Debug, Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    fn head(&mut self, major: u8, argument: u64) {
        let first = major << 5;
        let (first, len) = match argument {
            0..=23 => (first | argument as u8, 0),
            24..=0xff => (first + 24, 1),
            0x100..=0xffff => (first + 25, 2),
            0x1_0000..=0xffff_ffff => (first + 26, 4),
            _ => (first + 27, 8),
        };
        self.0.push(first);
        self.0.extend_from_slice(argument.to_be_bytes().get(8 - len..).unwrap_or_default());
    }
}

impl Write for Writer {
    fn null(&mut self) {
        self.0.push(0xf6);
    }

    fn bool(&mut self, value: bool) {
        self.0.push(0xf4 | u8::from(value));
    }

    fn unsigned(&mut self, n: u64) {
        self.head(0, n);
    }

    fn negative(&mut self, n: u64) {
        self.head(1, n);
    }

    fn float(&mut self, value: f64) {
        self.0.push(0xfb);
        self.0.extend_from_slice(&value.to_bits().to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.head(3, text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.head(2, bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn array(&mut self, len: usize) {
        self.head(4, len as u64);
    }

    fn map(&mut self, len: usize) {
        self.head(5, len as u64);
    }

    fn finish(self) -> Vec<u8> {
        self.0
    }
}
