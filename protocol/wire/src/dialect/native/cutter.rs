//! Cuts one recorded direction of a native connection, leniently: what fits no frame comes out as `?`, never as an error.
//!
//! ```text
//!  Preface ──8 bytes, or a frame's first byte──▶ Frames ◀──a chunk that begins with a frame── Lost
//!                                                  └──────nonsense, or a gap past a boundary────▶┘
//! ```

use bytes::{Bytes, BytesMut};

use super::dissect::encoding_of;
use crate::dialect::Toward;
use crate::engine::CancelReason;
use crate::frame::native::{Flags, HEADER_LEN, Header, Kind, MAGIC, PREFACE_LEN};
use crate::frame::tlv::Tlvs;
use crate::inspect::{Cut, Cutter, Part};
use crate::{Code, Span};

/// A frame above this is nonsense rather than large: 16 MiB is the ceiling of `max_frame`, and metadata adds 64 KiB.
const LARGEST: usize = (16 << 20) + (64 << 10);
/// Bytes without a boundary come out in pieces of at most this.
const PIECE: usize = 4 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Preface,
    Frames,
    Lost,
}

pub(super) struct NativeCutter {
    toward: Toward,
    state: State,
    /// The start of something that is not whole yet.
    held: BytesMut,
    /// Bytes to pass over: the rest of a frame of which a part was lost.
    skip: u64,
    /// The start of a frame whose end was lost; comes out with what follows.
    broken: Option<Cut>,
}

impl NativeCutter {
    pub fn new(toward: Toward) -> Self {
        Self { toward, state: State::Preface, held: BytesMut::new(), skip: 0, broken: None }
    }

    /// Cuts what is whole at the front of `bytes`; what is left is not.
    fn cut(&mut self, bytes: &mut Bytes, out: &mut Vec<Cut>) {
        while let Some(first) = bytes.first() {
            match self.state {
                State::Preface if *first == 0 => self.state = State::Frames,
                State::Preface => {
                    if bytes.len() < PREFACE_LEN
                        && MAGIC.starts_with(bytes.get(..4.min(bytes.len())).unwrap_or_default())
                    {
                        return;
                    }
                    if bytes.starts_with(&MAGIC) {
                        out.push(plain_cut(bytes.split_to(PREFACE_LEN), "PREFACE", false));
                        self.state = State::Frames;
                    } else {
                        self.state = State::Lost;
                    }
                }
                State::Frames => {
                    let Some(header) = Header::decode(bytes) else { return };
                    if !plausible(&header) {
                        self.state = State::Lost;
                    } else if bytes.len() < header.frame_len() {
                        return;
                    } else {
                        out.push(describe(self.toward, &header, bytes.split_to(header.frame_len())));
                    }
                }
                State::Lost => {
                    if begins_frame(bytes) {
                        self.state = State::Frames;
                    } else {
                        while !bytes.is_empty() {
                            out.push(plain_cut(bytes.split_to(bytes.len().min(PIECE)), "?", true));
                        }
                    }
                }
            }
        }
    }
}

impl Cutter for NativeCutter {
    fn feed(&mut self, mut bytes: Bytes, out: &mut Vec<Cut>) {
        out.extend(self.broken.take());
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
        if skipped > 0 {
            self.skip -= skipped as u64;
            out.push(plain_cut(bytes.split_to(skipped), "?", true));
        }
        while !self.held.is_empty() {
            // A frame across chunks is copied once: only as much as it still needs is moved over.
            let missing = self.missing().min(bytes.len());
            if missing > 0 {
                self.held.extend_from_slice(&bytes.split_to(missing));
            } else if self.missing() > 0 {
                return;
            } else {
                let mut whole = self.held.split().freeze();
                self.cut(&mut whole, out);
                // Left only where no preface came and the bytes begin a frame that is longer.
                self.held.extend_from_slice(&whole);
            }
        }
        self.cut(&mut bytes, out);
        self.held.extend_from_slice(&bytes);
    }

    fn finish(&mut self, out: &mut Vec<Cut>) {
        out.extend(self.broken.take());
        out.extend(self.break_off());
    }

    fn gap(&mut self, lost: u64) {
        if lost <= self.skip {
            self.skip -= lost;
            return;
        }
        let known = self.state == State::Frames && self.held.len() >= HEADER_LEN;
        let missing = self.missing() as u64;
        self.broken = self.broken.take().or_else(|| self.break_off());
        if known && self.skip == 0 && lost <= missing {
            self.skip = missing - lost;
        } else {
            self.skip = 0;
            self.state = State::Lost;
        }
    }
}

impl NativeCutter {
    /// Bytes that `held` needs before it can be cut.
    fn missing(&self) -> usize {
        let whole = match self.state {
            State::Preface => PREFACE_LEN,
            State::Frames => match Header::decode(&self.held) {
                Some(header) if plausible(&header) => header.frame_len(),
                _ => HEADER_LEN,
            },
            State::Lost => 0,
        };
        whole.saturating_sub(self.held.len())
    }

    /// The frame of which only the start is there.
    fn break_off(&mut self) -> Option<Cut> {
        let bytes = (!self.held.is_empty()).then(|| self.held.split().freeze())?;
        Some(match Header::decode(&bytes) {
            Some(header) if self.state == State::Frames => {
                Cut { odd: true, code: None, message: None, ..describe(self.toward, &header, bytes) }
            }
            _ => plain_cut(bytes, "?", true),
        })
    }
}

fn plain_cut(bytes: Bytes, kind: &'static str, odd: bool) -> Cut {
    Cut { bytes, kind, stream: 0, method: None, code: None, odd, message: None, encoding: None }
}

fn plausible(header: &Header) -> bool {
    (header.kind.name().is_some() || header.flags.has(Flags::IGN))
        && header.body_len().is_some()
        && header.frame_len() <= LARGEST
}

/// Whether a frame begins here, for certain enough: its checksum is right, or it is whole and everything in its header fits its type.
fn begins_frame(bytes: &[u8]) -> bool {
    let Some(header) = Header::decode(bytes) else { return false };
    let Some(frame) = bytes.get(..header.frame_len()) else { return false };
    if !plausible(&header) {
        return false;
    }
    match checksum(&header, frame) {
        Some(check) => check == header.check,
        None => header.kind.name().is_some() && header.kind.is_call() == (header.stream % 2 == 1) && header.check == 0,
    }
}

/// The frame's checksum as it should be, if it carries one.
pub(super) fn checksum(header: &Header, frame: &[u8]) -> Option<u32> {
    header.flags.has(Flags::CK).then(|| {
        let head = crc32c::crc32c(frame.get(..12).unwrap_or_default());
        crc32c::crc32c_append(head, frame.get(HEADER_LEN..).unwrap_or_default())
    })
}

fn describe(toward: Toward, header: &Header, bytes: Bytes) -> Cut {
    let payload = bytes.get(HEADER_LEN..).unwrap_or_default();
    let (meta, body) = payload.split_at(usize::from(header.meta_len).min(payload.len()));
    let mut odd = checksum(header, &bytes).is_some_and(|check| check != header.check);
    let mut method = None;
    for tlv in Tlvs::new(meta) {
        match tlv {
            Ok(tlv) if header.kind == Kind::REQUEST && tlv.id == super::meta::id::METHOD => {
                odd |= std::str::from_utf8(tlv.value).is_err();
                method = Some(String::from_utf8_lossy(tlv.value).into_owned());
            }
            Ok(_) => {}
            Err(_) => odd = true,
        }
    }
    let number = |at: usize| Some(u16::from_be_bytes([*body.get(at)?, *body.get(at + 1)?]));
    let code = match header.kind {
        Kind::STATUS => number(0).map(Code),
        Kind::DATA if toward == Toward::Client && header.flags.has(Flags::END) => Some(Code::OK),
        Kind::CANCEL => number(0).map(|reason| CancelReason::from_number(reason).code()),
        Kind::GOAWAY => number(4).map(Code).filter(|code| !code.is_ok()),
        _ => None,
    };
    let kind = match header.kind {
        Kind::PING if header.flags.has(Flags::ACK) => "PONG",
        kind => kind.name().unwrap_or("EXTENSION"),
    };
    let encoding = (header.kind == Kind::REQUEST).then(|| encoding_of(meta));
    let carries = matches!(header.kind, Kind::REQUEST | Kind::DATA) && header.flags.has(Flags::MSG);
    let message = carries.then(|| Part {
        span: Span::new(HEADER_LEN + meta.len(), bytes.len()),
        more: header.flags.has(Flags::MORE),
        compressed: header.flags.has(Flags::COMP),
    });
    Cut { stream: u64::from(header.stream), kind, method, code, odd, message, encoding, bytes }
}
