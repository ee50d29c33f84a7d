//! HELLO: what one side says of itself, and what the two agree on (`protocol/README.md`, "Handshake").

use bytes::BytesMut;

use crate::buf::ReadError;
use crate::engine::Agreement;
use crate::frame::native::Bounds;
use crate::frame::tlv::{self, Tlvs};
use crate::limits::Limits;
use crate::{Codec, Compression, Encoding};

/// The only version there is.
pub(super) const VERSION: u8 = 1;
/// Feature bit 0: frames carry checksums.
pub(super) const CHECKSUMS: u32 = 1;

/// HELLO's ids.
pub(super) mod id {
    pub const MAX_FRAME: u8 = 1;
    pub const MAX_MESSAGE: u8 = 2;
    pub const MAX_METADATA: u8 = 3;
    pub const MAX_STREAMS: u8 = 4;
    pub const STREAM_WINDOW: u8 = 5;
    pub const CONNECTION_WINDOW: u8 = 6;
    pub const CODECS: u8 = 7;
    pub const COMPRESSIONS: u8 = 8;
    pub const AUTH: u8 = 9;
    pub const FEATURES: u8 = 10;
    pub const AGENT: u8 = 11;
    pub const INSTANCE: u8 = 12;

    /// The name in the text.
    pub const fn name(id: u8) -> Option<&'static str> {
        Some(match id {
            MAX_FRAME => "max_frame",
            MAX_MESSAGE => "max_message",
            MAX_METADATA => "max_metadata",
            MAX_STREAMS => "max_streams",
            STREAM_WINDOW => "stream_window",
            CONNECTION_WINDOW => "connection_window",
            CODECS => "codecs",
            COMPRESSIONS => "compressions",
            AUTH => "auth",
            FEATURES => "features",
            AGENT => "agent",
            INSTANCE => "instance",
            _ => return None,
        })
    }
}

/// The six numbers of HELLO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub max_frame: u32,
    pub max_message: u32,
    pub max_metadata: u32,
    pub max_streams: u32,
    pub stream_window: u32,
    pub connection_window: u32,
}

impl Numbers {
    /// What a HELLO that says nothing means.
    const DEFAULT: Self = Self {
        max_frame: 64 << 10,
        max_message: 4 << 20,
        max_metadata: 16 << 10,
        max_streams: 1024,
        stream_window: 1 << 20,
        connection_window: 4 << 20,
    };
    /// What every side accepts; also what a client keeps to before the server's HELLO (`max_message` apart).
    pub const FLOOR: Self = Self {
        max_frame: 16 << 10,
        max_message: 16 << 10,
        max_metadata: 16 << 10,
        max_streams: 16,
        stream_window: 64 << 10,
        connection_window: 64 << 10,
    };
    const CEILING: Self = Self {
        max_frame: 16 << 20,
        max_message: i32::MAX as u32,
        max_metadata: u16::MAX as u32,
        max_streams: i32::MAX as u32,
        stream_window: 64 << 20,
        connection_window: 64 << 20,
    };

    fn zip(self, other: Self, pick: impl Fn(u32, u32) -> u32) -> Self {
        Self {
            max_frame: pick(self.max_frame, other.max_frame),
            max_message: pick(self.max_message, other.max_message),
            max_metadata: pick(self.max_metadata, other.max_metadata),
            max_streams: pick(self.max_streams, other.max_streams),
            stream_window: pick(self.stream_window, other.stream_window),
            connection_window: pick(self.connection_window, other.connection_window),
        }
    }

    fn clamped(self) -> Self {
        self.zip(Self::FLOOR, u32::max).zip(Self::CEILING, u32::min)
    }

    /// The largest frame.
    pub const fn bounds(&self) -> Bounds {
        Bounds { body: self.max_frame as usize, meta: self.max_metadata as usize }
    }
}

/// What one side says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hello {
    pub numbers: Numbers,
    pub codecs: Vec<u8>,
    pub compressions: Vec<u8>,
    pub auth: Vec<u8>,
    pub features: u32,
    pub agent: String,
    pub instance: Option<String>,
}

impl Default for Hello {
    /// What an empty HELLO means.
    fn default() -> Self {
        Self {
            numbers: Numbers::DEFAULT,
            codecs: vec![Codec::Json.id()],
            compressions: vec![Compression::None.id()],
            auth: Vec::new(),
            features: 0,
            agent: String::new(),
            instance: None,
        }
    }
}

/// Why a HELLO cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HelloError {
    #[error("HELLO breaks off: {0}")]
    Tlv(#[from] ReadError),
    #[error("HELLO's {name} has {len} bytes instead of 4")]
    Number { name: &'static str, len: usize },
    #[error("HELLO's {name} is not utf-8")]
    Text { name: &'static str },
}

impl Hello {
    /// What we say.
    pub fn ours(limits: &Limits, secure: bool, agent: &str) -> Self {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let numbers = Numbers {
            max_frame: number(limits.max_frame),
            max_message: number(limits.max_message),
            max_metadata: number(limits.max_metadata),
            max_streams: limits.max_streams,
            stream_window: limits.stream_window,
            connection_window: limits.connection_window,
        };
        let features = if secure { 0 } else { CHECKSUMS };
        Self {
            numbers: numbers.clamped(),
            codecs: Codec::ALL.map(Codec::id).to_vec(),
            compressions: Compression::ALL.map(Compression::id).to_vec(),
            features,
            agent: agent.to_owned(),
            ..Self::default()
        }
    }

    /// As HELLO's body.
    pub fn encode(&self) -> BytesMut {
        let mut out = BytesMut::new();
        let Numbers { max_frame, max_message, max_metadata, max_streams, stream_window, connection_window } =
            self.numbers;
        let numbers = [
            (id::MAX_FRAME, max_frame),
            (id::MAX_MESSAGE, max_message),
            (id::MAX_METADATA, max_metadata),
            (id::MAX_STREAMS, max_streams),
            (id::STREAM_WINDOW, stream_window),
            (id::CONNECTION_WINDOW, connection_window),
        ];
        for (id, number) in numbers {
            tlv::put(&mut out, id, &number.to_be_bytes());
        }
        tlv::put(&mut out, id::CODECS, &self.codecs);
        tlv::put(&mut out, id::COMPRESSIONS, &self.compressions);
        tlv::put(&mut out, id::AUTH, &self.auth);
        tlv::put(&mut out, id::FEATURES, &self.features.to_be_bytes());
        tlv::put(&mut out, id::AGENT, self.agent.as_bytes());
        if let Some(instance) = &self.instance {
            tlv::put(&mut out, id::INSTANCE, instance.as_bytes());
        }
        out
    }

    /// Out of HELLO's body.
    pub fn decode(body: &[u8]) -> Result<Self, HelloError> {
        let mut hello = Self::default();
        for tlv in Tlvs::new(body) {
            let tlv = tlv?;
            let name = id::name(tlv.id).unwrap_or("entry");
            let number = || {
                let bytes = <[u8; 4]>::try_from(tlv.value);
                bytes.map(u32::from_be_bytes).map_err(|_| HelloError::Number { name, len: tlv.value.len() })
            };
            let text = || {
                let text = std::str::from_utf8(tlv.value);
                text.map(str::to_owned).map_err(|_| HelloError::Text { name })
            };
            match tlv.id {
                id::MAX_FRAME => hello.numbers.max_frame = number()?,
                id::MAX_MESSAGE => hello.numbers.max_message = number()?,
                id::MAX_METADATA => hello.numbers.max_metadata = number()?,
                id::MAX_STREAMS => hello.numbers.max_streams = number()?,
                id::STREAM_WINDOW => hello.numbers.stream_window = number()?,
                id::CONNECTION_WINDOW => hello.numbers.connection_window = number()?,
                id::CODECS => hello.codecs = tlv.value.to_vec(),
                id::COMPRESSIONS => hello.compressions = tlv.value.to_vec(),
                id::AUTH => hello.auth = tlv.value.to_vec(),
                id::FEATURES => hello.features = number()?,
                id::AGENT => hello.agent = text()?,
                id::INSTANCE => hello.instance = Some(text()?),
                _ => {}
            }
        }
        Ok(hello)
    }
}

/// What the two agree on; both sides compute the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Agreed {
    pub numbers: Numbers,
    pub codecs: Vec<Codec>,
    pub compressions: Vec<Compression>,
    pub checksums: bool,
}

impl Agreed {
    pub fn new(ours: &Hello, theirs: &Hello) -> Self {
        let numbers = ours.numbers.clamped().zip(theirs.numbers.clamped(), u32::min);
        // What everybody speaks is agreed whether it was said or not.
        let both = |ours: &[u8], theirs: &[u8], id: u8| ours.contains(&id) && theirs.contains(&id);
        let codec = |codec: &Codec| *codec == Codec::Json || both(&ours.codecs, &theirs.codecs, codec.id());
        let compression =
            |one: &Compression| *one == Compression::None || both(&ours.compressions, &theirs.compressions, one.id());
        Self {
            numbers,
            codecs: Codec::ALL.into_iter().filter(codec).collect(),
            compressions: Compression::ALL.into_iter().filter(compression).collect(),
            checksums: ours.features & theirs.features & CHECKSUMS != 0,
        }
    }

    /// What a REQUEST names, if it was agreed; else what was not.
    pub fn encoding(&self, codec: u8, compression: u8) -> Result<Encoding, String> {
        let not = |what: &str, id: u8, name: Option<&str>, agreed: String| match name {
            Some(name) => Err(format!("{what} {id} ({name}) was not agreed, only {agreed}")),
            None => Err(format!("{what} {id} was not agreed, only {agreed}")),
        };
        let names = |names: &mut dyn Iterator<Item = &'static str>| names.collect::<Vec<_>>().join(", ");
        let Some(codec) = self.codecs.iter().find(|agreed| agreed.id() == codec) else {
            let agreed = names(&mut self.codecs.iter().map(|codec| codec.name()));
            return not("codec", codec, Codec::by_id(codec).map(Codec::name), agreed);
        };
        let Some(compression) = self.compressions.iter().find(|agreed| agreed.id() == compression) else {
            let agreed = names(&mut self.compressions.iter().map(|compression| compression.name()));
            return not("compression", compression, Compression::by_id(compression).map(Compression::name), agreed);
        };
        Ok(Encoding { codec: *codec, compression: *compression })
    }

    /// Whether anything but no compression was agreed.
    pub fn compresses(&self) -> bool {
        self.compressions.len() > 1
    }

    /// For the owner of the engine.
    pub fn for_owner(&self, theirs: &Hello) -> Agreement {
        Agreement {
            version: VERSION.to_string(),
            agent: theirs.agent.clone(),
            instance: theirs.instance.clone(),
            max_streams: self.numbers.max_streams,
            max_message: self.numbers.max_message as usize,
            codecs: self.codecs.clone(),
            compressions: self.compressions.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_smaller_ones_between_floor_and_ceiling() {
        let limits = Limits { max_frame: 1, max_streams: 20, stream_window: u32::MAX, ..Limits::default() };
        let ours = Hello::ours(&limits, false, "a");
        let mut theirs = Hello::decode(&Hello::ours(&Limits::default(), false, "b").encode()).unwrap();
        theirs.numbers.stream_window = u32::MAX;
        theirs.numbers.max_message = 0;
        let agreed = Agreed::new(&ours, &theirs);
        assert_eq!(agreed, Agreed::new(&theirs, &ours));
        assert_eq!(
            agreed.numbers,
            Numbers {
                max_frame: 16 << 10,
                max_message: 16 << 10,
                max_metadata: 16 << 10,
                max_streams: 20,
                stream_window: 64 << 20,
                connection_window: 4 << 20,
            }
        );
        assert!(agreed.checksums);
    }

    #[test]
    fn an_empty_hello_has_the_defaults_and_unknown_ids_are_skipped() {
        assert_eq!(Hello::decode(&[]), Ok(Hello::default()));
        assert_eq!(Hello::decode(&[200, 1, 0, 11, 1, b'x']).unwrap().agent, "x");
        let error = Hello::decode(&[1, 2, 0, 0]).unwrap_err();
        assert_eq!(error.to_string(), "HELLO's max_frame has 2 bytes instead of 4");
        assert!(matches!(Hello::decode(&[11, 9, 0]), Err(HelloError::Tlv(_))));
    }
}
