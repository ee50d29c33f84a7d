//! How the messages of a call become bytes: a codec, and a compression on top. Names and numbers only;
//! `codec` and `compression` do the work.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a message is written as bytes. The numbers are those of the native protocol's HELLO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// One JSON text.
    #[default]
    Json,
    /// One `MessagePack` object.
    Msgpack,
    /// One CBOR data item (RFC 8949).
    Cbor,
}

/// How the bytes of a message are made fewer. The numbers are those of the native protocol's HELLO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// An LZ4 block behind its decompressed length.
    Lz4,
    /// One Zstandard frame (RFC 8878).
    Zstd,
}

/// What the messages of a call are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Encoding {
    /// Of all messages, both ways.
    pub codec: Codec,
    /// Of those messages that say so.
    pub compression: Compression,
}

impl Codec {
    /// All there are, the one that everybody speaks first.
    pub const ALL: [Self; 3] = [Self::Json, Self::Msgpack, Self::Cbor];

    /// Its number.
    pub const fn id(self) -> u8 {
        match self {
            Self::Json => 1,
            Self::Msgpack => 2,
            Self::Cbor => 3,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Msgpack => "msgpack",
            Self::Cbor => "cbor",
        }
    }

    /// The one with this number.
    pub fn by_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.id() == id)
    }

    /// The one with this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.name() == name)
    }
}

impl Compression {
    /// All there are, the one that everybody speaks first.
    pub const ALL: [Self; 3] = [Self::None, Self::Lz4, Self::Zstd];

    /// Its number.
    pub const fn id(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Lz4 => 1,
            Self::Zstd => 2,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The one with this number.
    pub fn by_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|compression| compression.id() == id)
    }

    /// The one with this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|compression| compression.name() == name)
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
