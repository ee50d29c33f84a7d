//! Lists of `id u8, length varint, value`: the native protocol's metadata and HELLO.
//!
//! Knows where values lie, not what the ids mean.

use bytes::BufMut;

use crate::Span;
use crate::buf::{ReadError, Reader, put_varint};

/// One entry and where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// What it is.
    pub id: u8,
    /// Its value.
    pub value: &'a [u8],
    /// All of it: id, length, value.
    pub span: Span,
    /// The value alone.
    pub value_span: Span,
}

/// Reads entries one by one. After an error there is nothing more: the boundary is lost.
#[derive(Clone, Debug)]
pub struct Tlvs<'a> {
    reader: Reader<'a>,
    broken: bool,
}

impl<'a> Tlvs<'a> {
    /// Starts at the first entry.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { reader: Reader::new(bytes), broken: false }
    }

    /// Offset of the next entry.
    pub const fn offset(&self) -> usize {
        self.reader.offset()
    }

    fn read(&mut self) -> Result<Tlv<'a>, ReadError> {
        let start = self.reader.offset();
        let id = self.reader.u8()?;
        let len = self.reader.varint()?;
        let (value, value_span) = self.reader.take_spanned(usize::try_from(len).unwrap_or(usize::MAX))?;
        Ok(Tlv { id, value, span: Span::new(start, value_span.end), value_span })
    }
}

impl<'a> Iterator for Tlvs<'a> {
    type Item = Result<Tlv<'a>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken || self.reader.is_empty() {
            return None;
        }
        let read = self.read();
        self.broken = read.is_err();
        Some(read)
    }
}

/// Appends an entry.
pub fn put(out: &mut impl BufMut, id: u8, value: &[u8]) {
    out.put_u8(id);
    put_varint(out, value.len() as u64);
    out.put_slice(value);
}

/// Appends an entry whose value is a varint.
pub fn put_number(out: &mut impl BufMut, id: u8, value: u64) {
    let mut bytes = [0_u8; 10];
    let mut rest = bytes.as_mut_slice();
    put_varint(&mut rest, value);
    let left = rest.len();
    let used = bytes.len() - left;
    put(out, id, bytes.get(..used).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    #[test]
    fn entries_come_with_their_places() {
        let bytes = hex!("01 02 6869 00 00 03 03 80ea30");
        let read: Vec<_> = Tlvs::new(&bytes).map(Result::unwrap).collect();
        assert_eq!(
            read.iter().map(|tlv| (tlv.id, tlv.value)).collect::<Vec<_>>(),
            [(1, b"hi".as_slice()), (0, b"".as_slice()), (3, hex!("80ea30").as_slice()),]
        );
        assert_eq!(read[0].span, Span::new(0, 4));
        assert_eq!(read[2].value_span, Span::new(8, 11));

        let mut out = Vec::new();
        put(&mut out, 1, b"hi");
        put(&mut out, 0, b"");
        put_number(&mut out, 3, 800_000);
        assert_eq!(out, bytes);
    }

    #[test]
    fn a_length_beyond_the_end_ends_the_list() {
        let mut tlvs = Tlvs::new(&hex!("01 02 6869 02 ffffffff0f 00"));
        assert!(tlvs.next().unwrap().is_ok());
        assert!(matches!(tlvs.next(), Some(Err(ReadError::Short { offset: 10, needed: 0xffff_ffff, left: 1 }))));
        assert_eq!(tlvs.next(), None);
    }
}
