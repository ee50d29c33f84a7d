//! Compression 2: one Zstandard frame (RFC 8878), without a dictionary.

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation as _, OutBuffer};
use zstd::zstd_safe;

use super::UnpackError;

/// How hard we try; a reader need not know. 3 is what `zstd` does by itself.
const LEVEL: i32 = 3;

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Logarithm of the largest window that a decoder is asked for: the 8 MiB that RFC 8878 wants all to support.
const WINDOW_LOG: u32 = 23;

/// What is set aside for a byte of input at first. It grows with what comes out.
const FIRST_GUESS: usize = 8;

pub(super) fn pack(message: &[u8]) -> Option<Vec<u8>> {
    // Fails only for want of memory.
    zstd::bulk::compress(message, LEVEL).ok()
}

pub(super) fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, UnpackError> {
    let broken = |offset, what| Err(UnpackError::Broken { offset, what });
    if !packed.starts_with(&MAGIC) {
        return broken(0, "no Zstandard frame");
    }
    let said = zstd_safe::get_frame_content_size(packed).ok().flatten();
    if said.is_some_and(|said| said > limit as u64) {
        return Err(UnpackError::TooLong { limit });
    }
    let no_memory = UnpackError::Broken { offset: 0, what: "no memory for a decoder" };
    let mut decoder = Decoder::new().map_err(|_| no_memory.clone())?;
    decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG)).map_err(|_| no_memory)?;
    let mut out = Vec::with_capacity(packed.len().saturating_mul(FIRST_GUESS).min(limit) + 1);
    let mut input = InBuffer::around(packed);
    loop {
        let before = out.len();
        let Ok(hint) = decoder.run(&mut input, &mut OutBuffer::around_pos(&mut out, before)) else {
            return broken(input.pos(), "a damaged frame, or a window above 8 MiB");
        };
        if out.len() > limit {
            return Err(UnpackError::TooLong { limit });
        }
        if hint == 0 {
            break;
        }
        if out.len() == out.capacity() {
            // One byte more than may be, to see it.
            let more = out.len().max(1024).min(limit + 1 - out.len());
            out.reserve_exact(more);
        } else if input.pos() == packed.len() && out.len() == before {
            return Err(UnpackError::Short { offset: packed.len() });
        }
    }
    match said {
        _ if input.pos() < packed.len() => broken(input.pos(), "more behind the end of the frame"),
        Some(said) if said != out.len() as u64 => Err(UnpackError::Length { said, found: out.len() }),
        _ => Ok(out),
    }
}
