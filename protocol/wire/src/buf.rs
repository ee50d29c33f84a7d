//! A checked reader over received bytes: no indexing, no arithmetic that can wrap.

use crate::span::Span;

/// Why a read failed: it wanted more bytes than there are, or found a number out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Fewer bytes are left than the value needs.
    #[error("needs {needed} more bytes at offset {offset}, has {left}")]
    Short {
        /// Where the value starts.
        offset: usize,
        /// Bytes it needs.
        needed: usize,
        /// Bytes there are.
        left: usize,
    },
    /// A variable-length number has more than ten bytes, or more than 64 bits.
    #[error("a varint at offset {offset} has more than 64 bits")]
    Varint {
        /// Where the number starts.
        offset: usize,
    },
}

/// Reads big-endian numbers and slices, and knows its offset.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Offset of the next byte.
    pub const fn offset(&self) -> usize {
        self.at
    }

    /// Bytes not read yet.
    pub fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        self.left() == 0
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], ReadError> {
        let short = ReadError::Short { offset: self.at, needed: n, left: self.left() };
        let end = self.at.checked_add(n).ok_or(short)?;
        let slice = self.bytes.get(self.at..end).ok_or(short)?;
        self.at = end;
        Ok(slice)
    }

    /// The next `n` bytes and where they lie.
    pub fn take_spanned(&mut self, n: usize) -> Result<(&'a [u8], Span), ReadError> {
        let start = self.at;
        let slice = self.take(n)?;
        Ok((slice, Span::new(start, self.at)))
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        let slice = self.bytes.get(self.at..).unwrap_or_default();
        self.at = self.bytes.len();
        slice
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, ReadError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes, big-endian.
    pub fn u16(&mut self) -> Result<u16, ReadError> {
        self.array().map(u16::from_be_bytes)
    }

    /// Four bytes, big-endian.
    pub fn u32(&mut self) -> Result<u32, ReadError> {
        self.array().map(u32::from_be_bytes)
    }

    /// Eight bytes, big-endian.
    pub fn u64(&mut self) -> Result<u64, ReadError> {
        self.array().map(u64::from_be_bytes)
    }

    /// A LEB128 number: seven bits a byte, low group first.
    pub fn varint(&mut self) -> Result<u64, ReadError> {
        let offset = self.at;
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(ReadError::Varint { offset });
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(ReadError::Varint { offset })
    }
}

/// Appends a LEB128 number.
pub fn put_varint(out: &mut impl bytes::BufMut, mut value: u64) {
    while value >= 0x80 {
        out.put_u8((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_round_trip_and_reject_what_is_too_long() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            assert_eq!(Reader::new(&out).varint(), Ok(value));
        }
        assert_eq!(Reader::new(&[0xff; 11]).varint(), Err(ReadError::Varint { offset: 0 }));
        assert!(matches!(Reader::new(&[0x80]).varint(), Err(ReadError::Short { .. })));
    }
}
