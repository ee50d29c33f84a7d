//! Engines whose peer is the fuzzer. They answer whatever asks for an answer, so that bytes get deep into them.

use bytes::Bytes;

use super::{choose, pieces};
use crate::dialect::{Dialect, native, plain};
use crate::engine::{Engine, Event, Input, Side};
use crate::frame::native::MAGIC;
use crate::{CallHead, CallId, Codec, Compression, Encoding, Limits, Status, Time};

/// Preface and a HELLO that offers all codecs and compressions and no checksums, so that mutations get past both.
const HELLO: &[u8] = &[
    0x89, b'R', b'P', b'C', 1, 1, 0, 0, // preface
    0, 0, 0, 10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // header
    7, 3, 1, 2, 3, 8, 3, 0, 1, 2, // codecs, compressions
];

pub(super) fn native_server(bytes: &[u8]) {
    run(&native::Native, Side::Server, bytes);
}

pub(super) fn native_client(bytes: &[u8]) {
    run(&native::Native, Side::Client, bytes);
}

pub(super) fn plain_server(bytes: &[u8]) {
    run(&plain::Plain, Side::Server, bytes);
}

pub(super) fn plain_client(bytes: &[u8]) {
    run(&plain::Plain, Side::Client, bytes);
}

/// An engine and what its owner knows.
struct Life {
    engine: Box<dyn Engine>,
    side: Side,
    now: Time,
    /// Calls that a client has open: each must end once.
    open: usize,
    answers: usize,
    out: Vec<Bytes>,
}

fn run(dialect: &dyn Dialect, side: Side, bytes: &[u8]) {
    let (choice, stream) = choose(bytes);
    let now = Time::from_millis(1000);
    let limits = Limits { max_message: 64 << 10, max_frame: 16 << 10, ..Limits::default() };
    let engine = match side {
        Side::Client => dialect.client(limits, true, now),
        Side::Server => dialect.server(limits, true, now),
    };
    let mut life = Life { engine, side, now, open: 0, answers: 0, out: Vec::new() };
    if side == Side::Client {
        life.call(1, Encoding::default());
        life.call(2, Encoding { codec: Codec::Cbor, compression: Compression::Zstd });
    }
    let handshaken = stream.starts_with(&MAGIC) || dialect.name() != "native" || choice & 1 == 0;
    let hello = if handshaken { &[][..] } else { HELLO };
    let fed = std::iter::once(hello).chain(pieces(choice, stream));
    for piece in fed {
        if !life.input(Input::Bytes(Bytes::copy_from_slice(piece))) {
            break;
        }
    }
    life.input(Input::Timer);
    life.input(Input::Eof);
    life.listen();
    // Nothing that came in may leave a call behind, unless the connection lives on: then its owner hangs up.
    if side == Side::Client && life.engine.closed().is_some() {
        assert_eq!(life.open, 0, "a connection that is over has no calls");
    }
}

impl Life {
    fn call(&mut self, call: u64, encoding: Encoding) {
        let head = Box::new(CallHead { method: "a.B/C".into(), encoding, ..CallHead::default() });
        let message = Some(Bytes::from_static(b"{\"a\":1}"));
        self.open += 1;
        self.input(Input::Call { call: CallId(call), head, message, end: call == 1 });
    }

    /// Whether it may go on.
    fn input(&mut self, input: Input) -> bool {
        let fine = self.engine.input(self.now, input).is_ok();
        self.listen();
        fine
    }

    fn listen(&mut self) {
        loop {
            let mut idle = true;
            while let Some(event) = self.engine.poll_event() {
                idle = false;
                self.event(event);
            }
            // What is sent does not matter; that it ends does.
            idle &= self.engine.poll_transmit(self.now, 1 << 16, &mut self.out) == 0;
            self.out.clear();
            if idle {
                return;
            }
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Request { call, message, end, .. } => {
                self.answers += 1;
                if let Some(message) = message {
                    self.tell(Input::Consumed { call, bytes: message.len() });
                }
                if end && self.answers < 100 {
                    self.tell(Input::Message { call, message: Bytes::from(vec![b' '; 2000]), end: false });
                    self.tell(Input::Finish { call, status: Box::new(Status::ok()) });
                }
            }
            Event::Message { call, message } | Event::Packed { call, message } => {
                self.tell(Input::Consumed { call, bytes: message.len() });
            }
            Event::HalfClosed { call } | Event::Cancelled { call, .. } => {
                self.tell(Input::Finish { call, status: Box::new(Status::ok()) });
            }
            Event::End { .. } => {
                assert!(self.side == Side::Client && self.open > 0, "a call ended twice");
                self.open -= 1;
            }
            _ => {}
        }
    }

    /// An engine that has died takes nothing more, which is no news here.
    fn tell(&mut self, input: Input) {
        drop(self.engine.input(self.now, input));
    }
}
