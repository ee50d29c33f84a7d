//! A peer made of a blocking socket and frames written by hand. Knows `protocol/README.md` and nothing of the crates:
//! what it must be able to send no engine of ours would.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

pub const PREFACE: [u8; 8] = [0x89, b'R', b'P', b'C', 1, 1, 0, 0];

pub const HELLO: u8 = 0x01;
pub const PING: u8 = 0x03;
pub const GOAWAY: u8 = 0x04;
pub const WINDOW: u8 = 0x05;
pub const REQUEST: u8 = 0x10;
pub const DATA: u8 = 0x11;
pub const STATUS: u8 = 0x12;
pub const CANCEL: u8 = 0x13;

pub const END: u8 = 0x01;
pub const MORE: u8 = 0x02;
pub const CK: u8 = 0x08;
pub const ACK: u8 = 0x10;
pub const IGN: u8 = 0x20;
pub const MSG: u8 = 0x40;
pub const ONEWAY: u8 = 0x80;

/// Longer than any timeout of the protocol: a peer that is silent for so long hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A frame without a checksum.
pub fn frame(kind: u8, flags: u8, stream: u32, meta: &[u8], body: &[u8]) -> Vec<u8> {
    let mut bytes = header((meta.len() + body.len()) as u32, kind, flags, meta.len() as u16, stream);
    bytes.extend_from_slice(meta);
    bytes.extend_from_slice(body);
    bytes
}

/// A header that announces whatever one likes.
pub fn header(len: u32, kind: u8, flags: u8, meta_len: u16, stream: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16);
    bytes.extend_from_slice(&len.to_be_bytes());
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&meta_len.to_be_bytes());
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes
}

/// Metadata that names a method.
pub fn method(name: &[u8]) -> Vec<u8> {
    [&[1, name.len() as u8], name].concat()
}

/// A whole unary request.
pub fn request(stream: u32, name: &str, message: &[u8]) -> Vec<u8> {
    frame(REQUEST, END | MSG, stream, &method(name.as_bytes()), message)
}

/// A frame that was received.
#[derive(Debug)]
pub struct Frame {
    pub kind: u8,
    pub stream: u32,
    pub meta: Vec<u8>,
    pub body: Vec<u8>,
}

impl Frame {
    /// A GOAWAY's code and reason.
    pub fn goaway(&self) -> (u16, String) {
        assert_eq!(self.kind, GOAWAY, "not a GOAWAY: {self:02x?}");
        (u16::from_be_bytes([self.body[4], self.body[5]]), String::from_utf8(self.body[6..].to_vec()).unwrap())
    }

    /// A STATUS's code, whether it is not processed, and its metadata as text, which holds the message.
    pub fn status(&self) -> (u16, bool, String) {
        assert_eq!(self.kind, STATUS, "not a STATUS: {self:02x?}");
        let meta = String::from_utf8_lossy(&self.meta).into_owned();
        (u16::from_be_bytes([self.body[0], self.body[1]]), self.body[2] & 1 == 1, meta)
    }
}

/// One end of a connection.
pub struct Raw {
    pub stream: TcpStream,
    /// The highest number used.
    pub last: u32,
}

impl Raw {
    pub fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream, last: 0 }
    }

    /// A connection on which nothing was said.
    pub fn connect(addr: &str) -> Self {
        Self::new(TcpStream::connect(addr).unwrap())
    }

    /// A client past its handshake, without checksums.
    pub fn greeted(addr: &str) -> Self {
        let mut raw = Self::connect(addr);
        raw.send(&PREFACE);
        raw.send(&frame(HELLO, 0, 0, &[], &[]));
        raw.skip_preface();
        assert_eq!(raw.frame().unwrap().kind, HELLO);
        raw
    }

    pub fn skip_preface(&mut self) {
        let mut preface = [0; 8];
        self.stream.read_exact(&mut preface).unwrap();
        assert_eq!(preface[..4], PREFACE[..4]);
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Sends what may be cut short by the peer's end of the connection.
    pub fn send_if_it_lasts(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// The next frame; `None`: the peer has closed the connection, in the middle of nothing.
    pub fn frame(&mut self) -> Option<Frame> {
        let mut header = [0; 16];
        let mut len = 0;
        while len < header.len() {
            match self.stream.read(&mut header[len..]) {
                Ok(0) if len == 0 => return None,
                Ok(0) => panic!("the end after {len} bytes of a header"),
                Ok(read) => len += read,
                Err(error) => panic!("{error} after {len} bytes of a header"),
            }
        }
        let u32_at = |at: usize| u32::from_be_bytes(header[at..at + 4].try_into().unwrap());
        let mut meta = vec![0; u32_at(0) as usize];
        self.stream.read_exact(&mut meta).unwrap();
        let body = meta.split_off(u16::from_be_bytes([header[6], header[7]]).into());
        Some(Frame { kind: header[4], stream: u32_at(8), meta, body })
    }

    /// The next frame of this kind; what comes before it does not matter.
    pub fn frame_of(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.frame().unwrap_or_else(|| panic!("the end instead of a frame of kind {kind:#04x}"));
            if frame.kind == kind {
                return frame;
            }
            assert_ne!(frame.kind, GOAWAY, "{:?}", frame.goaway());
        }
    }

    /// The goodbye that the peer says behind whatever else, and that nothing comes behind it.
    pub fn goodbye(&mut self) -> (u16, String) {
        loop {
            let frame = self.frame().expect("a goodbye, not just the end");
            if frame.kind == GOAWAY {
                assert!(self.frame().is_none(), "something comes behind the goodbye");
                return frame.goaway();
            }
        }
    }

    /// Everything until the peer closes its direction.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).unwrap();
        rest
    }

    /// A call of `demo.Calculator/Add` on a connection that does nothing else.
    pub fn add(&mut self, a: u32, b: u32) {
        self.last = if self.last == 0 { 1 } else { self.last + 2 };
        let message = format!("{{\"a\":{a},\"b\":{b}}}");
        self.send(&request(self.last, "demo.Calculator/Add", message.as_bytes()));
        let answer = self.frame_of(DATA);
        let expected = format!("{{\"sum\":{}}}", a + b);
        assert_eq!((answer.stream, String::from_utf8_lossy(&answer.body)), (self.last, expected.as_str().into()));
    }
}
