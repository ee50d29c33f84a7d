//! What a message says: its value, and which of its bytes are which value, both ways.
//!
//! Made off the UI thread for a large message: reading it takes as long as decoding. Lenient: bytes that are no message
//! are still there to be looked at, with the reason why they are none.

use std::sync::Arc;

use bytes::Bytes;

use super::locate::{self, Place};
use crate::codec::Codec;
use crate::compression::{Compression, UnpackError};
use crate::{Span, Value};

/// Innermost values whose bytes are listed; the rest of a larger message is found one by one.
const MAX_LEAVES: usize = 20_000;

/// A value above this is not read by itself.
const MAX_VALUE: usize = 64 << 10;

/// A message above this is not decoded as a whole: as values it is ten times its size.
const MAX_DECODED: usize = 16 << 20;

/// A message, read.
#[derive(Clone, Debug)]
pub struct Content {
    /// The bytes that spans count in: decompressed.
    pub bytes: Bytes,
    /// How they are written.
    pub codec: Codec,
    /// What they say; `None` for a message that is too large to be decoded as a whole; `Err` says why they say nothing.
    pub value: Option<Result<Arc<Value>, String>>,
    /// The first innermost values in order, each with the place of the outermost member or item that it is in.
    pub leaves: Vec<(Span, usize)>,
}

impl Content {
    /// Reads a message as it came. `compression`: that of its call if it is compressed, else `None`; `limit`: what it
    /// may grow to.
    ///
    /// # Errors
    /// It cannot be decompressed.
    pub fn read(codec: Codec, compression: Compression, bytes: &Bytes, limit: usize) -> Result<Self, UnpackError> {
        let bytes = match compression {
            Compression::None => bytes.clone(),
            compression => compression.unpack(bytes, limit)?,
        };
        let value =
            (bytes.len() <= MAX_DECODED).then(|| codec.decode(&bytes).map(Arc::new).map_err(|error| error.to_string()));
        let leaves = locate::leaves(codec, &bytes, MAX_LEAVES);
        Ok(Self { bytes, codec, value, leaves })
    }

    /// Bytes of the value at a JSON pointer.
    pub fn find(&self, pointer: &str) -> Option<Place> {
        locate::find(self.codec, &self.bytes, pointer)
    }

    /// The value at a place, if it can be read by itself and is not too large for that.
    pub fn value_at(&self, place: &Place) -> Option<Value> {
        let bytes = self.bytes.get(place.value.range()).filter(|bytes| bytes.len() <= MAX_VALUE)?;
        self.codec.decode(bytes).ok()
    }

    /// JSON pointer of the innermost value that has this byte.
    pub fn pointer_at(&self, offset: usize) -> Option<String> {
        locate::pointer_at(self.codec, &self.bytes, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Typed;

    fn plain(bytes: &'static [u8]) -> Content {
        Content::read(Codec::Json, Compression::None, &Bytes::from_static(bytes), 0).unwrap()
    }

    #[test]
    fn a_message_is_read_as_far_as_it_goes() {
        let whole = plain(br#"{"id":7,"of":["a"]}"#);
        assert_eq!(whole.value.as_ref().and_then(|value| value.as_ref().ok()?["id"].as_u64()), Some(7));
        assert_eq!(whole.pointer_at(whole.find("/of/0").unwrap().value.start).as_deref(), Some("/of/0"));
        let part = plain(br#"{"id":7,"of":["a"#);
        assert!(matches!(part.value, Some(Err(_))));
        assert_eq!(part.find("/id").map(|place| place.value), Some(Span::new(6, 7)));
        assert_eq!(part.leaves.len(), 3);
    }

    #[test]
    fn every_codec_in_every_compression() {
        let value =
            serde_json::json!({"items": (0..500).map(|n| format!("item {n}")).collect::<Vec<_>>(), "end": true});
        for codec in Codec::ALL {
            let plain = Bytes::from(codec.encode(&value, Typed::UNKNOWN));
            for compression in Compression::ALL {
                let packed = compression.pack(&plain).unwrap_or_else(|| plain.clone());
                let content = Content::read(codec, compression, &packed, 1 << 20).unwrap();
                assert_eq!(content.value, Some(Ok(Arc::new(value.clone()))), "{codec} {compression}");
                let place = content.find("/items/499").unwrap();
                assert_eq!(codec.decode(&content.bytes[place.value.range()]).unwrap(), "item 499");
                assert_eq!(content.value_at(&place), Some(Value::from("item 499")));
                assert_eq!(content.pointer_at(place.value.start).as_deref(), Some("/items/499"));
            }
        }
        let broken = Bytes::from_static(b"no lz4 at all");
        assert!(Content::read(Codec::Json, Compression::Lz4, &broken, 1 << 20).is_err());
    }
}
