//! Messages as bytes and back: one file per codec, all of them for the same values.
//!
//! ```text
//!  Value ── typed (schema) ──▶ write ──▶ bytes          strict, one pass
//!  bytes ── items ──▶ read ──▶ Value                    strict: the first byte that is wrong is named
//!            └──▶ inspect                               lenient: every item with its bytes
//! ```
//!
//! What JSON cannot hold travels as canonical protobuf JSON has it: bytes are base64 text as a [`Value`], and a byte
//! string on the wire of a binary codec, where the [`Typed`] says that they are bytes. Must not know frames.
//! Start reading at [`Codec::decode`].

use crate::Value;
pub use crate::encoding::Codec;

mod cbor;
mod item;
mod json;
mod msgpack;
mod read;
mod typed;
mod write;

pub use item::{Head, Item, Items};
pub use typed::Typed;

/// Levels of arrays and maps that a message may have.
pub const MAX_DEPTH: usize = 127;

/// Why bytes are no message. Offsets count from the message's first byte.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// No JSON.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// It breaks off.
    #[error("needs {needed} more bytes at offset {offset}, has {left}")]
    Short {
        /// Where the item goes on.
        offset: usize,
        /// Bytes it needs.
        needed: u64,
        /// Bytes there are.
        left: usize,
    },
    /// A byte that begins nothing.
    #[error("the byte {byte:#04x} at offset {offset} begins nothing")]
    Unknown {
        /// Where.
        offset: usize,
        /// Which.
        byte: u8,
    },
    /// A text is not utf-8.
    #[error("the text at offset {offset} is not utf-8")]
    Text {
        /// The first byte that is not.
        offset: usize,
    },
    /// A map's key is no text.
    #[error("a key at offset {offset} is no text")]
    Key {
        /// Where it begins.
        offset: usize,
    },
    /// Something that no value of a message can be.
    #[error("{what} at offset {offset} is no value of a message")]
    Foreign {
        /// Where it begins.
        offset: usize,
        /// What it is.
        what: &'static str,
    },
    /// Too deep.
    #[error("nested deeper than {MAX_DEPTH} levels at offset {offset}")]
    Deep {
        /// Where the first level too many begins.
        offset: usize,
    },
    /// More than one value.
    #[error("{left} bytes follow the message at offset {offset}")]
    Rest {
        /// Where the message ends.
        offset: usize,
        /// Bytes behind it.
        left: usize,
    },
}

impl Codec {
    /// The message as bytes. `typed` says which texts stand for bytes; [`Typed::UNKNOWN`] where nobody knows.
    pub fn encode(self, value: &Value, typed: Typed<'_>) -> Vec<u8> {
        match self {
            Self::Json => json::encode(value),
            Self::Msgpack => write::value::<msgpack::Writer>(value, typed),
            Self::Cbor => write::value::<cbor::Writer>(value, typed),
        }
    }

    /// The bytes as a message: exactly one value.
    pub fn decode(self, bytes: &[u8]) -> Result<Value, DecodeError> {
        match self {
            Self::Json => json::decode(bytes),
            Self::Msgpack => read::value(msgpack::Reader::new(bytes)),
            Self::Cbor => read::value(cbor::Reader::new(bytes)),
        }
    }

    /// The items of a binary codec, one by one, for whoever wants to see them; `None`: it is text.
    pub fn items<'a>(self, bytes: &'a [u8]) -> Option<Box<dyn Items<'a> + 'a>> {
        match self {
            Self::Json => None,
            Self::Msgpack => Some(Box::new(msgpack::Reader::new(bytes))),
            Self::Cbor => Some(Box::new(cbor::Reader::new(bytes))),
        }
    }
}

#[cfg(test)]
mod tests;
