//! What a connection makes of received bytes: preface, HELLO, PING, WINDOW and GOAWAY are settled here, and what every message frame
//! must keep to is checked. Frames of calls go on to `client.rs` and `server.rs`.

use bytes::Bytes;

use super::connection::{Connection, Control, Farewell, Stage};
use super::hello::{Agreed, Hello, VERSION};
use super::meta;
use crate::engine::flow::ReceiveWindow;
use crate::engine::pending::Turn;
use crate::engine::stream::TooMuch;
use crate::engine::{Event, Side};
use crate::frame::native::{Flags, Frame, Kind, MAGIC};
use crate::{Code, Compression, Fault, Time};

/// Bytes of frames that the peer can make us queue (answers to pings, refused calls) before it must read some.
const MAX_ANSWERS: usize = 256 << 10;

/// What the peer sent that the connection cannot settle by itself.
pub(super) enum Received {
    /// A frame of a call.
    Call(Frame),
    /// A goodbye: `farewell` says what.
    Goodbye,
}

/// What became of a message frame.
pub(super) enum Taken {
    /// A part, or no message at all.
    Nothing,
    /// A whole message, and whether it is compressed.
    Message(Bytes, bool),
    /// The call must end of it.
    TooMuch(TooMuch),
}

impl Connection {
    /// The next thing that needs the side's own opinion. Everything else is settled here.
    pub fn receive(&mut self, now: Time) -> Result<Option<Received>, Fault> {
        loop {
            match self.stage {
                Stage::Over => return Ok(None),
                Stage::Preface => {
                    if !self.receive_preface()? {
                        return Ok(None);
                    }
                }
                Stage::Hello | Stage::Open => {
                    let Some(frame) = self.splitter.next_frame(self.numbers.bounds())? else { return Ok(None) };
                    if let Some(received) = self.receive_frame(now, frame)? {
                        return Ok(Some(received));
                    }
                }
            }
        }
    }

    fn receive_preface(&mut self) -> Result<bool, Fault> {
        let Some(first) = self.splitter.peek() else { return Ok(false) };
        if first == 0 && self.side == Side::Client {
            // A frame without a preface: the server will tell why in a GOAWAY.
            self.stage = Stage::Hello;
            return Ok(true);
        }
        let unknown = |found: &[u8]| {
            let found = found.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
            Fault::peer(Code::PROTOCOL_ERROR, 0, format!("expected the preface 89 52 50 43, found {found}"))
        };
        if first != MAGIC[0] {
            return Err(unknown(&self.splitter.peek_some()));
        }
        let Some(preface) = self.splitter.next_preface() else { return Ok(false) };
        if !preface.starts_with(&MAGIC) {
            return Err(unknown(&preface));
        }
        let [.., min, max, _, _] = preface;
        let fits = match self.side {
            Side::Client => min == VERSION && max == VERSION,
            Side::Server => (min..=max).contains(&VERSION),
        };
        if !fits {
            let what = match self.side {
                Side::Client => format!("the server chose version {min}, this client speaks version {VERSION}"),
                Side::Server => format!("this server speaks version {VERSION}, the client {min} to {max}"),
            };
            return Err(Fault::peer(Code::VERSION_MISMATCH, MAGIC.len() as u64, what));
        }
        if self.side == Side::Server {
            self.control.push_back(Control::Preface);
        }
        self.stage = Stage::Hello;
        Ok(true)
    }

    fn receive_frame(&mut self, now: Time, frame: Frame) -> Result<Option<Received>, Fault> {
        let kind = frame.header.kind;
        if self.stage == Stage::Hello && !matches!(kind, Kind::HELLO | Kind::GOAWAY) {
            return Err(protocol_error(&frame, format!("expected HELLO, found {}", describe(kind))));
        }
        if self.agreed.as_ref().is_some_and(|agreed| agreed.checksums) && !frame.has(Flags::CK) {
            return Err(protocol_error(&frame, format!("{} without the checksum that was agreed", describe(kind))));
        }
        let Some(name) = kind.name() else {
            if frame.has(Flags::IGN) {
                return Ok(None);
            }
            return Err(protocol_error(&frame, format!("{} without IGN", describe(kind))));
        };
        let on_call = frame.header.stream != 0;
        if kind != Kind::WINDOW && kind.is_call() != on_call {
            return Err(protocol_error(&frame, format!("{name} on stream {}", frame.header.stream)));
        }
        // A REQUEST's ends its call alone.
        if kind != Kind::REQUEST {
            meta::check_all(frame.meta()).map_err(|error| protocol_error(&frame, format!("{name}: {error}")))?;
        }
        match kind {
            Kind::HELLO => self.receive_hello(&frame).map(|()| None),
            Kind::PING => self.receive_ping(now, &frame).map(|()| None),
            Kind::WINDOW => self.receive_window(&frame).map(|()| None),
            Kind::GOAWAY => self.receive_goaway(&frame).map(Some),
            Kind::AUTH => Err(protocol_error(&frame, "AUTH, but no mechanism was agreed".into())),
            _ => Ok(Some(Received::Call(frame))),
        }
    }

    fn receive_hello(&mut self, frame: &Frame) -> Result<(), Fault> {
        if self.stage == Stage::Open {
            return Err(protocol_error(frame, "a second HELLO".into()));
        }
        if frame.at == 0 {
            // Only a GOAWAY may come without one.
            return Err(protocol_error(frame, "expected the preface 89 52 50 43, found HELLO".into()));
        }
        let theirs = Hello::decode(frame.body()).map_err(|error| protocol_error(frame, error.to_string()))?;
        let agreed = Agreed::new(&self.ours, &theirs);
        if agreed.checksums && !frame.has(Flags::CK) {
            return Err(protocol_error(frame, "HELLO offers checksums and carries none".into()));
        }
        let numbers = agreed.numbers;
        self.numbers = numbers;
        self.encoder.checksums = agreed.checksums;
        self.send.grow(numbers.connection_window);
        self.intake.window = ReceiveWindow::new(numbers.connection_window, self.limits.max_reassembly);
        self.intake.max_message = numbers.max_message as usize;
        for (_, stream) in self.streams.iter_mut() {
            stream.send.grow(numbers.stream_window);
            stream.inbox.window = ReceiveWindow::new(numbers.stream_window, 0);
        }
        self.wake_all();
        self.events.push_back(Event::Ready(agreed.for_owner(&theirs)));
        self.agreed = Some(agreed);
        if self.side == Side::Server {
            self.control.push_back(Control::Hello);
        }
        self.stage = Stage::Open;
        self.handshake_by = None;
        Ok(())
    }

    fn receive_ping(&mut self, now: Time, frame: &Frame) -> Result<(), Fault> {
        let Ok(bytes) = <[u8; 8]>::try_from(frame.body()) else { return Err(wrong_size(frame, "8")) };
        if frame.has(Flags::ACK) {
            if let Some(rtt) = self.keepalive.answered(now, bytes) {
                self.events.push_back(Event::Pong { rtt });
            }
            return Ok(());
        }
        if !self.strikes.ping(now) {
            let what = "a second PING less than 10 s after the one before it";
            return Err(Fault::peer(Code::ENHANCE_YOUR_CALM, frame.at, what));
        }
        self.answer(Control::Pong(bytes), 24, frame.at)
    }

    /// Queues an answer that the peer brought about, within bounds.
    pub fn answer(&mut self, control: Control, size: usize, at: u64) -> Result<(), Fault> {
        self.answers += size;
        if self.answers > MAX_ANSWERS {
            let what = format!("more than {MAX_ANSWERS} bytes of answers wait, and the peer reads none");
            return Err(Fault::peer(Code::ENHANCE_YOUR_CALM, at, what));
        }
        self.control.push_back(control);
        Ok(())
    }

    fn receive_window(&mut self, frame: &Frame) -> Result<(), Fault> {
        let Ok(bytes) = <[u8; 4]>::try_from(frame.body()) else { return Err(wrong_size(frame, "4")) };
        let credit = u32::from_be_bytes(bytes);
        let stream = frame.header.stream;
        let refused =
            |error| Fault::peer(Code::FLOW_CONTROL_ERROR, frame.at, format!("WINDOW on stream {stream}: {error}"));
        if stream == 0 {
            self.send.credit(credit).map_err(refused)?;
            self.wake_all();
            return Ok(());
        }
        self.check_opened(frame)?;
        if let Some(&slot) = self.by_number.get(&u64::from(stream))
            && let Some(stream) = self.streams.get_mut(slot)
        {
            stream.send.credit(credit).map_err(refused)?;
            if stream.turn == Turn::Stream {
                self.turns.wake(slot, &mut stream.turn);
            }
        }
        Ok(())
    }

    fn receive_goaway(&mut self, frame: &Frame) -> Result<Received, Fault> {
        let body = frame.body();
        let (Some(last), Some(code)) = (body.first_chunk::<4>(), body.get(4..6)) else {
            return Err(wrong_size(frame, "at least 6"));
        };
        let code = code.iter().fold(0, |code, byte| code << 8 | u16::from(*byte));
        let mut last = u32::from_be_bytes(*last);
        if let Some(earlier) = &self.farewell {
            last = last.min(earlier.last);
        }
        let reason = String::from_utf8_lossy(body.get(6..).unwrap_or_default()).into_owned();
        self.farewell = Some(Farewell { last, code: Code(code), reason: reason.clone() });
        self.events.push_back(Event::GoAway { code: Code(code), reason });
        Ok(Received::Goodbye)
    }

    /// Refuses a frame on a number that no REQUEST ever had.
    pub fn check_opened(&self, frame: &Frame) -> Result<(), Fault> {
        let stream = frame.header.stream;
        if stream.is_multiple_of(2) || stream > self.highest {
            let what = format!("{} on stream {stream}, which was never opened", describe(frame.header.kind));
            return Err(protocol_error(frame, what));
        }
        Ok(())
    }

    /// What a REQUEST or DATA must keep to whatever its stream, and what it spends of the connection's window.
    pub fn admit(&mut self, frame: &Frame) -> Result<(), Fault> {
        let wrong = |what: &str| Err(protocol_error(frame, format!("{} {what}", describe(frame.header.kind))));
        if frame.has(Flags::COMP) && !self.agreed.as_ref().is_some_and(Agreed::compresses) {
            return wrong("with COMP, but no compression was agreed");
        }
        if frame.has(Flags::MORE.with(Flags::END)) {
            return wrong("with both MORE and END");
        }
        if !frame.has(Flags::MSG) {
            if frame.has(Flags::MORE) {
                return wrong("with MORE and without MSG");
            }
            if !frame.body().is_empty() {
                return wrong("with a body and without MSG");
            }
        }
        self.intake.window.spend(frame.cost()).map_err(|error| overspent(frame, "the connection", error))
    }

    /// A frame of a stream that is over: nothing but its credit is left to do.
    pub fn discard(&mut self, frame: &Frame) {
        self.intake.window.release(frame.cost());
    }

    /// Takes in an admitted frame of the stream in this slot.
    pub fn take_in(&mut self, slot: usize, frame: Frame) -> Result<Taken, Fault> {
        let cost = frame.cost();
        let Some(stream) = self.streams.get_mut(slot) else { return Ok(Taken::Nothing) };
        stream.inbox.window.spend(cost).map_err(|error| overspent(&frame, "the stream", error))?;
        if !frame.has(Flags::MSG) {
            if stream.inbox.in_parts() {
                return Err(protocol_error(&frame, "DATA without MSG inside a message in parts".into()));
            }
            stream.inbox.window.release(cost);
            self.intake.window.release(cost);
            return Ok(Taken::Nothing);
        }
        let (more, packed) = (frame.has(Flags::MORE), frame.has(Flags::COMP));
        if packed && stream.compression == Compression::None {
            return Err(protocol_error(&frame, "COMP on a call whose REQUEST names no compression".into()));
        }
        if stream.inbox.in_parts() && packed != stream.packed {
            return Err(protocol_error(&frame, "a part with another COMP than the first part of its message".into()));
        }
        stream.packed = packed;
        Ok(match stream.inbox.take_in(frame.into_body(), more, cost, &mut self.intake) {
            Ok(None) => {
                self.give_credit(slot);
                Taken::Nothing
            }
            Ok(Some(message)) => Taken::Message(message, packed),
            Err(error) => {
                self.intake.window.release(cost);
                Taken::TooMuch(error)
            }
        })
    }

    /// The application has taken bytes of messages.
    pub fn consumed(&mut self, slot: usize, bytes: usize) {
        if let Some(stream) = self.streams.get_mut(slot) {
            stream.inbox.consumed(bytes, &mut self.intake);
            self.give_credit(slot);
        }
    }

    /// Sends the stream's credit if enough has gathered.
    fn give_credit(&mut self, slot: usize) {
        if let Some(stream) = self.streams.get_mut(slot)
            && !stream.peer_done
            && let Some(credit) = stream.inbox.window.credit()
        {
            self.control.push_back(Control::Window { stream: stream.id, credit });
        }
    }

    /// What a frame of the wrong side or shape is answered with.
    pub fn not_from_here(&self, frame: &Frame) -> Fault {
        let from = if self.side == Side::Client { "server" } else { "client" };
        protocol_error(frame, format!("a {from} sends no {}", describe(frame.header.kind)))
    }
}

/// A type's name, or its number.
pub(super) fn describe(kind: Kind) -> String {
    kind.name().map_or_else(|| format!("a frame of unknown type 0x{:02x}", kind.0), str::to_owned)
}

pub(super) fn protocol_error(frame: &Frame, what: String) -> Fault {
    Fault::peer(Code::PROTOCOL_ERROR, frame.at, what)
}

pub(super) fn wrong_size(frame: &Frame, expected: &str) -> Fault {
    let what =
        format!("{} with a body of {} bytes instead of {expected}", describe(frame.header.kind), frame.body().len());
    protocol_error(frame, what)
}

fn overspent(frame: &Frame, whose: &str, error: impl std::fmt::Display) -> Fault {
    let what = format!("{} on stream {}: of {whose}, {error}", describe(frame.header.kind), frame.header.stream);
    Fault::peer(Code::FLOW_CONTROL_ERROR, frame.at, what)
}
