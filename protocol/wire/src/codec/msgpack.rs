//! Codec 2: `MessagePack` (msgpack.org's `spec.md`). Numbers, lengths and counts take the shortest form that holds them.

use super::DecodeError;
use super::item::{Bytes, Head, Item, Items};
use super::write::Write;
use crate::Span;

#[derive(Clone, Debug)]
pub(super) struct Reader<'a>(Bytes<'a>);

impl<'a> Reader<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(Bytes::new(bytes))
    }

    fn float(&mut self, wide: bool) -> Result<Item<'a>, DecodeError> {
        Ok(Item::Float(if wide {
            f64::from_bits(self.0.number(8)?)
        } else {
            f64::from(f32::from_bits(self.0.number(4)? as u32))
        }))
    }

    /// A signed number of `len` bytes.
    fn signed(&mut self, len: u64) -> Result<Item<'a>, DecodeError> {
        let unused = 64 - 8 * len as u32;
        // Sign extension: the top bit of the number becomes the top bit of 64, and comes back down.
        let number = (self.0.number(len)? << unused).cast_signed() >> unused;
        Ok(if number < 0 { Item::Negative((!number).cast_unsigned()) } else { Item::Unsigned(number.cast_unsigned()) })
    }

    fn text(&mut self, len: u64) -> Result<Item<'a>, DecodeError> {
        Ok(Item::Text(self.0.take(len)?))
    }

    fn ext(&mut self, len: u64) -> Result<Item<'a>, DecodeError> {
        let kind = self.0.byte()?.cast_signed();
        Ok(Item::Foreign("an extension type", i64::from(kind), self.0.take(len)?))
    }

    /// A length of `len` bytes.
    fn len(&mut self, len: u64) -> Result<u64, DecodeError> {
        self.0.number(len)
    }
}

impl<'a> Items<'a> for Reader<'a> {
    fn next(&mut self) -> Result<Head<'a>, DecodeError> {
        let start = self.0.offset();
        let byte = self.0.byte()?;
        let low = |bits: u8| u64::from(byte & bits);
        let (item, form) = match byte {
            0x00..=0x7f => (Item::Unsigned(u64::from(byte)), "fixint"),
            0x80..=0x8f => (Item::Map(Some(low(15))), "fixmap"),
            0x90..=0x9f => (Item::Array(Some(low(15))), "fixarray"),
            0xa0..=0xbf => (self.text(low(31))?, "fixstr"),
            0xc0 => (Item::Null, "nil"),
            0xc1 => return Err(DecodeError::Unknown { offset: start, byte }),
            0xc2 => (Item::Bool(false), "bool"),
            0xc3 => (Item::Bool(true), "bool"),
            0xc4..=0xc6 => {
                let len = self.len(1 << (byte - 0xc4))?;
                (Item::Bytes(self.0.take(len)?), one_of(&["bin8", "bin16", "bin32"], byte - 0xc4))
            }
            0xc7..=0xc9 => {
                let len = self.len(1 << (byte - 0xc7))?;
                (self.ext(len)?, one_of(&["ext8", "ext16", "ext32"], byte - 0xc7))
            }
            0xca => (self.float(false)?, "float32"),
            0xcb => (self.float(true)?, "float64"),
            0xcc..=0xcf => {
                let number = self.0.number(1 << (byte - 0xcc))?;
                (Item::Unsigned(number), one_of(&["uint8", "uint16", "uint32", "uint64"], byte - 0xcc))
            }
            0xd0..=0xd3 => {
                let item = self.signed(1 << (byte - 0xd0))?;
                (item, one_of(&["int8", "int16", "int32", "int64"], byte - 0xd0))
            }
            0xd4..=0xd8 => (self.ext(1 << (byte - 0xd4))?, "fixext"),
            0xd9..=0xdb => {
                let len = self.len(1 << (byte - 0xd9))?;
                (self.text(len)?, one_of(&["str8", "str16", "str32"], byte - 0xd9))
            }
            0xdc => (Item::Array(Some(self.len(2)?)), "array16"),
            0xdd => (Item::Array(Some(self.len(4)?)), "array32"),
            0xde => (Item::Map(Some(self.len(2)?)), "map16"),
            0xdf => (Item::Map(Some(self.len(4)?)), "map32"),
            0xe0..=0xff => (Item::Negative(u64::from(!byte)), "fixint"),
        };
        Ok(Head { item, span: Span::new(start, self.0.offset()), form })
    }

    fn offset(&self) -> usize {
        self.0.offset()
    }

    fn left(&self) -> usize {
        self.0.left()
    }
}

fn one_of(forms: &[&'static str], index: u8) -> &'static str {
    forms.get(usize::from(index)).copied().unwrap_or_default()
}

/// Appends `MessagePack`.
#[derive(Debug, Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// A first byte and a number of 1, 2, 4 or 8 bytes behind it.
    fn put(&mut self, first: u8, number: u64, len: usize) {
        self.0.push(first);
        self.0.extend_from_slice(number.to_be_bytes().get(8 - len..).unwrap_or_default());
    }

    /// A length behind the first byte of its size. `short`: what holds it without one.
    fn put_len(&mut self, len: usize, short: (u8, usize), [one, two, four]: [Option<u8>; 3]) {
        let number = len as u64;
        match (one, two) {
            _ if len <= short.1 => self.0.push(short.0 | len as u8),
            (Some(first), _) if len <= 0xff => self.put(first, number, 1),
            (_, Some(first)) if len <= 0xffff => self.put(first, number, 2),
            // A message of 4 GiB is refused for its size before anybody reads this.
            _ => self.put(four.unwrap_or_default(), number, 4),
        }
    }
}

impl Write for Writer {
    fn null(&mut self) {
        self.0.push(0xc0);
    }

    fn bool(&mut self, value: bool) {
        self.0.push(0xc2 | u8::from(value));
    }

    fn unsigned(&mut self, n: u64) {
        match n {
            0..=0x7f => self.0.push(n as u8),
            0x80..=0xff => self.put(0xcc, n, 1),
            0x100..=0xffff => self.put(0xcd, n, 2),
            0x1_0000..=0xffff_ffff => self.put(0xce, n, 4),
            _ => self.put(0xcf, n, 8),
        }
    }

    fn negative(&mut self, n: u64) {
        // Two's complement of -1 - n.
        let bits = !n;
        match n {
            0..=0x1f => self.0.push(bits as u8),
            0x20..=0x7f => self.put(0xd0, bits, 1),
            0x80..=0x7fff => self.put(0xd1, bits, 2),
            0x8000..=0x7fff_ffff => self.put(0xd2, bits, 4),
            _ => self.put(0xd3, bits, 8),
        }
    }

    fn float(&mut self, value: f64) {
        self.put(0xcb, value.to_bits(), 8);
    }

    fn text(&mut self, text: &str) {
        self.put_len(text.len(), (0xa0, 31), [Some(0xd9), Some(0xda), Some(0xdb)]);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        // An empty one has a length, too.
        match bytes.len() {
            len @ 0..=0xff => self.put(0xc4, len as u64, 1),
            len @ 0x100..=0xffff => self.put(0xc5, len as u64, 2),
            len => self.put(0xc6, len as u64, 4),
        }
        self.0.extend_from_slice(bytes);
    }

    fn array(&mut self, len: usize) {
        self.put_len(len, (0x90, 15), [None, Some(0xdc), Some(0xdd)]);
    }

    fn map(&mut self, len: usize) {
        self.put_len(len, (0x80, 15), [None, Some(0xde), Some(0xdf)]);
    }

    fn finish(self) -> Vec<u8> {
        self.0
    }
}
