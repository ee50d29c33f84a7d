//! Compression 1: an LZ4 block behind the length of what it holds, u32 and big-endian like all numbers of the protocol.

use super::UnpackError;
use crate::buf::Reader;

/// Bytes of the length in front.
const PREFIX: usize = 4;

/// A byte of LZ4 makes at most so many: a length byte of 255 in a match.
const MOST: usize = 255;

/// Behind the last match, and the least that a match copies.
const MIN_MATCH: usize = 4;

pub(super) fn pack(message: &[u8]) -> Vec<u8> {
    let mut packed = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    packed.extend_from_slice(&lz4_flex::block::compress(message));
    packed
}

pub(super) fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, UnpackError> {
    let short = UnpackError::Short { offset: packed.len() };
    let (prefix, block) = packed.split_first_chunk::<PREFIX>().ok_or(short)?;
    let said = u32::from_be_bytes(*prefix) as usize;
    if said > limit {
        return Err(UnpackError::TooLong { limit });
    }
    if said > block.len().saturating_mul(MOST) {
        let what = "a length that so few bytes cannot make";
        return Err(UnpackError::Broken { offset: 0, what });
    }
    let mut out = vec![0; said];
    match lz4_flex::block::decompress_into(block, &mut out) {
        Ok(found) if found == said => Ok(out),
        Ok(found) => Err(UnpackError::Length { said: said as u64, found }),
        Err(_) => Err(fault(block, said)),
    }
}

/// What is wrong with a block that could not be decompressed, and where: its sequences are walked without copying anything.
fn fault(block: &[u8], said: usize) -> UnpackError {
    let mut reader = Reader::new(block);
    let mut made = 0_usize;
    let broken = |offset: usize, what| UnpackError::Broken { offset: PREFIX + offset, what };
    loop {
        let at = reader.offset();
        let Ok(token) = reader.u8() else { break };
        let Some(literals) = length(&mut reader, token >> 4) else { break };
        if reader.take(literals).is_err() {
            break;
        }
        made = made.saturating_add(literals);
        if reader.is_empty() {
            return broken(at, "more bytes than it says");
        }
        let from = reader.offset();
        let Ok([low, high]) = reader.take(2).map(|two| [two.first(), two.last()]) else { break };
        let back = usize::from(low.copied().unwrap_or_default()) | usize::from(high.copied().unwrap_or_default()) << 8;
        if back == 0 || back > made {
            return broken(from, "a match that begins before the message");
        }
        let Some(copied) = length(&mut reader, token & 15) else { break };
        made = made.saturating_add(copied).saturating_add(MIN_MATCH);
        if made > said {
            return broken(at, "more bytes than it says");
        }
    }
    UnpackError::Short { offset: PREFIX + block.len() }
}

/// A length in a token's half byte and, if that is full, in the bytes behind it.
fn length(reader: &mut Reader<'_>, half: u8) -> Option<usize> {
    let mut length = usize::from(half);
    if half == 15 {
        loop {
            let more = reader.u8().ok()?;
            length = length.saturating_add(usize::from(more));
            if more != 255 {
                break;
            }
        }
    }
    Some(length)
}
