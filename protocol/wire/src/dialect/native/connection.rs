//! What both sides of a native connection share: handshake, the connection's own frames, windows, goodbye, time.
//!
//! ```text
//!  Preface ──preface──▶ Hello ──HELLO──▶ Open ──goodbye, all calls over──▶ Over
//!     └────────────────────┴──── fault, end of stream ────┴──────────────────┘
//! ```
//!
//! `client.rs` and `server.rs` add what a call frame means to them; `transmit.rs` makes the bytes. Must not know sockets or tasks.

use std::collections::VecDeque;

use bytes::Bytes;

use super::hello::{Agreed, Hello, Numbers, VERSION};
use super::stream::{Piece, Stream};
use crate::engine::flow::{ReceiveWindow, SendWindow};
use crate::engine::keepalive::{Keepalive, Strikes};
use crate::engine::pending::{Turn, Turns};
use crate::engine::stream::{Index, Intake, Table, TooMuch};
use crate::engine::{Accepted, Closed, Event, Side};
use crate::frame::native::{Encoder, Flags, Frame, Kind, MAGIC, PREFACE_LEN, Splitter};
use crate::{Blame, CallId, Code, Fault, Limits, Status, Time};

/// Bytes of frames that the peer can make us queue (answers to pings, refused calls) before it must read some.
const MAX_ANSWERS: usize = 256 << 10;
/// The highest number of a call.
pub(super) const MAX_STREAM: u32 = i32::MAX as u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The peer's preface is not here.
    Preface,
    /// Its HELLO is not here.
    Hello,
    /// Calls.
    Open,
    /// Nothing more is taken in; what is queued may still be drained.
    Over,
}

/// A frame that goes ahead of all calls' data.
#[derive(Debug)]
pub(super) enum Control {
    Preface,
    Hello,
    Ping([u8; 8]),
    Pong([u8; 8]),
    Window { stream: u32, credit: u32 },
    Goaway { last: u32, code: Code, reason: String },
    Cancel { stream: u32, reason: u16 },
    Status { stream: u32, status: Box<Status> },
}

/// What the peer sent that the connection cannot settle by itself.
pub(super) enum Received {
    /// A frame of a call.
    Call(Frame),
    /// A goodbye: `farewell` says what.
    Goodbye,
}

/// The peer's goodbye.
#[derive(Clone, Debug)]
pub(super) struct Farewell {
    /// Client: calls above it were not processed.
    pub last: u32,
    pub code: Code,
    pub reason: String,
}

/// What became of a message frame.
pub(super) enum Taken {
    /// A part, or no message at all.
    Nothing,
    /// A whole message.
    Message(Bytes),
    /// The call must end of it.
    TooMuch(TooMuch),
}

pub(super) struct Connection {
    pub side: Side,
    pub limits: Limits,
    pub stage: Stage,
    ours: Hello,
    /// What binds both; before the handshake is done, what every peer accepts.
    pub numbers: Numbers,
    pub agreed: Option<Agreed>,
    pub splitter: Splitter,
    pub encoder: Encoder,
    pub control: VecDeque<Control>,
    /// Bytes in `control` that answer the peer.
    pub answers: usize,
    pub events: VecDeque<Event>,
    pub send: SendWindow,
    pub intake: Intake,
    pub streams: Table<Stream>,
    pub by_number: Index,
    /// Client: slots by the owner's name. A server names a call by its number.
    pub by_call: Index,
    pub turns: Turns,
    /// The highest number used on the wire.
    pub highest: u32,
    /// We said goodbye.
    pub goodbye: bool,
    pub farewell: Option<Farewell>,
    keepalive: Keepalive,
    strikes: Strikes,
    handshake_by: Option<Time>,
    /// Something has waited to be sent since then without anyone asking for it.
    pub waiting_since: Option<Time>,
    fault: Option<Fault>,
    closed: Option<Closed>,
}

impl Connection {
    pub fn new(side: Side, limits: Limits, secure: bool, agent: &str, now: Time) -> Self {
        let ours = Hello::ours(&limits, secure, agent);
        let numbers = Numbers { max_message: ours.numbers.max_message, ..Numbers::FLOOR };
        let mut connection = Self {
            side,
            stage: Stage::Preface,
            numbers,
            agreed: None,
            splitter: Splitter::default(),
            encoder: Encoder::default(),
            control: VecDeque::new(),
            answers: 0,
            events: VecDeque::new(),
            send: SendWindow::new(numbers.connection_window),
            intake: Intake {
                window: ReceiveWindow::new(numbers.connection_window, limits.max_reassembly),
                held: 0,
                max_message: numbers.max_message as usize,
                max_held: limits.max_reassembly,
            },
            streams: Table::default(),
            by_number: Index::default(),
            by_call: Index::default(),
            turns: Turns::default(),
            highest: 0,
            goodbye: false,
            farewell: None,
            keepalive: Keepalive::new(limits.stalled_timeout),
            strikes: Strikes::default(),
            handshake_by: Some(now + limits.handshake_timeout),
            waiting_since: None,
            fault: None,
            closed: None,
            limits,
            ours,
        };
        if side == Side::Client {
            connection.encoder.checksums = connection.ours.features & super::hello::CHECKSUMS != 0;
            connection.control.extend([Control::Preface, Control::Hello]);
            connection.waiting_since = Some(now);
        }
        connection
    }

    pub fn introduce(&mut self, instance: &str) {
        self.ours.instance = Some(instance.to_owned());
    }

    pub const fn ours(&self) -> &Hello {
        &self.ours
    }

    // ---- receiving

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
        if stream % 2 == 0 || stream > self.highest {
            let what = format!("{} on stream {stream}, which was never opened", describe(frame.header.kind));
            return Err(protocol_error(frame, what));
        }
        Ok(())
    }

    /// What a REQUEST or DATA must keep to whatever its stream, and what it spends of the connection's window.
    pub fn admit(&mut self, frame: &Frame) -> Result<(), Fault> {
        let name = describe(frame.header.kind);
        let wrong = |what: &str| Err(protocol_error(frame, format!("{name} {what}")));
        if frame.has(Flags::COMP) {
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
        let more = frame.has(Flags::MORE);
        Ok(match stream.inbox.take_in(frame.into_body(), more, cost, &mut self.intake) {
            Ok(None) => {
                self.give_credit(slot);
                Taken::Nothing
            }
            Ok(Some(message)) => Taken::Message(message),
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

    // ---- sending

    /// The slot of a call that is not over.
    pub fn slot(&self, call: CallId) -> Option<usize> {
        match self.side {
            Side::Client => self.by_call.get(&call.0).copied(),
            Side::Server => self.by_number.get(&call.0).copied(),
        }
    }

    /// Queues a piece of the stream in this slot.
    pub fn push(&mut self, slot: usize, piece: Piece) {
        if let Some(stream) = self.streams.get_mut(slot) {
            if let Piece::Message(message) | Piece::Request { message: Some(message), .. } = &piece {
                stream.queued += message.len();
            }
            stream.outbox.push_back(piece);
            self.turns.offer(slot, &mut stream.turn);
        }
    }

    /// Whether the owner should wait with more of this call.
    pub fn accepted(&mut self, slot: usize) -> Accepted {
        match self.streams.get_mut(slot) {
            Some(stream) if stream.queued > self.limits.max_queued => {
                stream.blocked = true;
                Accepted::Blocked
            }
            _ => Accepted::Open,
        }
    }

    /// The connection has credit, or larger limits: whoever waited for that may try again.
    fn wake_all(&mut self) {
        for slot in self.turns.take_waiting() {
            if let Some(stream) = self.streams.get_mut(slot) {
                stream.turn = Turn::Idle;
                self.turns.offer(slot, &mut stream.turn);
            }
        }
        // The handshake may have given streams more credit, too.
        if self.agreed.is_none() {
            for (slot, stream) in self.streams.iter_mut() {
                if stream.turn == Turn::Stream {
                    self.turns.wake(slot, &mut stream.turn);
                }
            }
        }
    }

    /// Forgets a stream; what it held of the connection goes back.
    pub fn remove(&mut self, slot: usize) -> Option<Stream> {
        let mut stream = self.streams.remove(slot)?;
        stream.inbox.discard(&mut self.intake);
        self.turns.remove(slot, stream.turn);
        self.by_number.remove(&u64::from(stream.id));
        self.by_call.remove(&stream.call.0);
        Some(stream)
    }

    pub fn has_to_send(&self) -> bool {
        !self.control.is_empty() || !self.turns.is_empty()
    }

    // ---- time

    pub fn ping(&mut self, now: Time) {
        self.keepalive.want();
        self.send_ping(now);
    }

    fn send_ping(&mut self, now: Time) {
        if self.stage == Stage::Open
            && let Some(token) = self.keepalive.due(now)
        {
            self.control.push_back(Control::Ping(token));
        }
    }

    pub fn tick(&mut self, now: Time) -> Result<(), Fault> {
        let at = self.splitter.offset();
        let late = |code, what: String| Err(Fault { blame: Blame::Between, code, offset: at, what });
        if self.handshake_by.is_some_and(|by| now >= by) {
            let missing = if self.stage == Stage::Preface { "preface" } else { "HELLO" };
            let what = format!("no {missing} within {:?}", self.limits.handshake_timeout);
            return late(Code::HANDSHAKE_TIMEOUT, what);
        }
        if self.waiting_since.is_some_and(|since| now >= since + self.limits.stalled_timeout) {
            return late(Code::UNAVAILABLE, format!("the peer took no bytes for {:?}", self.limits.stalled_timeout));
        }
        if self.keepalive.is_dead(now) {
            let what = format!("the peer did not answer a ping within {:?}", self.limits.stalled_timeout);
            return late(Code::UNAVAILABLE, what);
        }
        self.send_ping(now);
        Ok(())
    }

    pub fn wake_at(&self) -> Option<Time> {
        if self.stage == Stage::Over {
            return None;
        }
        let stalled = self.waiting_since.map(|since| since + self.limits.stalled_timeout);
        let ping = if self.stage == Stage::Open { self.keepalive.wake_at() } else { None };
        [self.handshake_by, stalled, ping].into_iter().flatten().min()
    }

    // ---- the end

    /// Ends every input: credit that gathered goes out, the stall clock starts, a finished goodbye closes.
    pub fn settle(&mut self, now: Time) {
        if self.stage == Stage::Over {
            return;
        }
        if let Some(credit) = self.intake.window.credit() {
            self.control.push_back(Control::Window { stream: 0, credit });
        }
        if !self.has_to_send() {
            self.waiting_since = None;
        } else if self.waiting_since.is_none() {
            self.waiting_since = Some(now);
        }
        let parting = self.goodbye || self.farewell.is_some();
        if parting && self.control.is_empty() && self.streams.iter().all(|(_, stream)| stream.forgotten) {
            self.stage = Stage::Over;
            self.closed = Some(Closed::Clean);
        }
    }

    /// The peer's end of stream, seen by a connection that has nothing open and had its handshake, or was saying goodbye.
    pub fn close_clean(&mut self) {
        self.stage = Stage::Over;
        self.control.clear();
        self.closed = Some(Closed::Clean);
    }

    /// Why an end of stream is too early, if it is.
    pub fn untimely_end(&self) -> Option<Fault> {
        let open = self.streams.iter().filter(|(_, stream)| !stream.forgotten).count();
        let left = self.splitter.left();
        let what = if left > 0 {
            format!("the connection ended {left} bytes into a frame")
        } else if self.stage != Stage::Open && self.farewell.is_none() {
            "the connection ended before its handshake was done".to_owned()
        } else if open > 0 {
            format!("the connection ended with {open} calls open")
        } else {
            return None;
        };
        let offset = self.splitter.offset() + left as u64;
        Some(Fault { blame: Blame::Between, code: Code::UNAVAILABLE, offset, what })
    }

    /// Dies of a fault: forgets all streams, queues a goodbye where the peer may still hear it.
    pub fn die(&mut self, fault: &Fault, goodbye: bool) {
        self.stage = Stage::Over;
        self.turns = Turns::default();
        self.by_number.clear();
        self.by_call.clear();
        self.streams = Table::default();
        // What the peer needs to understand a goodbye stays: our preface and HELLO.
        self.control.retain(|control| matches!(control, Control::Preface | Control::Hello));
        if goodbye {
            let last = if self.side == Side::Server { self.highest } else { 0 };
            self.control.push_back(Control::Goaway { last, code: fault.code, reason: fault.to_string() });
        } else {
            self.control.clear();
        }
        self.fault = Some(fault.clone());
        self.note_drained();
    }

    /// A dead connection is closed once its goodbye was drained.
    pub fn note_drained(&mut self) {
        if self.control.is_empty()
            && let Some(fault) = self.fault.take()
        {
            self.closed = Some(Closed::Fault(fault));
        }
    }

    pub const fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// Says goodbye once; calls that run go on.
    pub fn say_goodbye(&mut self) {
        if !self.goodbye && self.stage != Stage::Over {
            self.goodbye = true;
            let last = if self.side == Side::Server { self.highest } else { 0 };
            self.control.push_back(Control::Goaway { last, code: Code::OK, reason: "shutting down".into() });
        }
    }

    /// What a frame of the wrong side or shape is answered with.
    pub fn not_from_here(&self, frame: &Frame) -> Fault {
        let from = if self.side == Side::Client { "server" } else { "client" };
        protocol_error(frame, format!("a {from} sends no {}", describe(frame.header.kind)))
    }

    /// Bytes of our preface.
    pub const fn preface() -> [u8; PREFACE_LEN] {
        let [a, b, c, d] = MAGIC;
        [a, b, c, d, VERSION, VERSION, 0, 0]
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
