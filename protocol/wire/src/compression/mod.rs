//! Messages as fewer bytes and back: one file per compression.
//!
//! Nothing is allocated because the other side says so: what comes out is bounded by the limit, and what is set aside for it by
//! what came in. Must not know what the bytes mean. Start reading at [`Compression::unpack`].

use bytes::Bytes;

pub use crate::encoding::Compression;

mod lz4;
mod zstd;

/// Shorter messages are not worth it: a frame's header costs as much as is saved.
pub const WORTHWHILE: usize = 1 << 10;

/// Why compressed bytes are no message. Offsets count from the compressed message's first byte.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// It is, or says it is, longer than a message may be.
    #[error("it is longer than {limit} bytes decompressed")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// It was not made by this compression, or was damaged.
    #[error("{what} at offset {offset}")]
    Broken {
        /// Where it was noticed.
        offset: usize,
        /// What was expected or found.
        what: &'static str,
    },
    /// Its end is missing.
    #[error("it breaks off at offset {offset}")]
    Short {
        /// Where it ends.
        offset: usize,
    },
    /// It makes another length than it says.
    #[error("it says that it is {said} bytes long, and is {found}")]
    Length {
        /// What it says.
        said: u64,
        /// What came out.
        found: usize,
    },
}

impl Compression {
    /// The message compressed, if that is worth it: not for a short one, and not if it does not become shorter.
    pub fn pack(self, message: &[u8]) -> Option<Bytes> {
        if message.len() < WORTHWHILE {
            return None;
        }
        let packed = match self {
            Self::None => return None,
            Self::Lz4 => lz4::pack(message),
            Self::Zstd => zstd::pack(message)?,
        };
        (packed.len() < message.len()).then(|| packed.into())
    }

    /// The message that was compressed, if it has at most `limit` bytes.
    pub fn unpack(self, packed: &[u8], limit: usize) -> Result<Bytes, UnpackError> {
        match self {
            Self::None => Err(UnpackError::Broken { offset: 0, what: "a compressed message without a compression" }),
            Self::Lz4 => lz4::unpack(packed, limit).map(Bytes::from),
            Self::Zstd => zstd::unpack(packed, limit).map(Bytes::from),
        }
    }
}

#[cfg(test)]
mod tests;
