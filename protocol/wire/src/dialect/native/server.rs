//! The server's side: takes calls within its limits, and makes sure that each is answered at most once.

use bytes::Bytes;

use super::connection::{Connection, Control, MAX_STREAM, Stage};
use super::meta::{self, RequestMeta};
use super::receive::{Received, Taken, protocol_error, wrong_size};
use super::stream::Piece;
use crate::engine::keepalive::Rate;
use crate::engine::stream::TooMuch;
use crate::engine::{Accepted, CancelReason, Closed, Engine, Event, Input, Side};
use crate::frame::native::{Flags, Frame, Kind};
use crate::{CallId, Code, Fault, Limits, Metadata, Status, Time, say};

pub(super) struct Server {
    connection: Connection,
    cancels: Rate,
}

impl Server {
    pub fn new(limits: Limits, secure: bool, agent: &str, now: Time) -> Self {
        Self { connection: Connection::new(Side::Server, limits, secure, agent, now), cancels: Rate::default() }
    }

    fn bytes(&mut self, now: Time, bytes: Bytes) -> Result<(), Fault> {
        self.connection.splitter.feed(bytes);
        while let Some(received) = self.connection.receive(now)? {
            match received {
                Received::Call(frame) => self.call_frame(now, frame)?,
                Received::Goodbye => self.goodbye()?,
            }
        }
        Ok(())
    }

    fn call_frame(&mut self, now: Time, frame: Frame) -> Result<(), Fault> {
        match frame.header.kind {
            Kind::REQUEST => self.request(frame),
            Kind::DATA => self.data(frame),
            Kind::CANCEL => self.cancel(now, &frame),
            _ => Err(self.connection.not_from_here(&frame)),
        }
    }

    fn request(&mut self, frame: Frame) -> Result<(), Fault> {
        let number = frame.header.stream;
        if number.is_multiple_of(2) || number > MAX_STREAM || number <= self.connection.highest {
            let highest = self.connection.highest;
            let what = format!("REQUEST on stream {number} behind {highest}: numbers are odd and rise up to 2^31-1");
            return Err(protocol_error(&frame, what));
        }
        if frame.has(Flags::ONEWAY) && !frame.has(Flags::END) {
            return Err(protocol_error(&frame, "REQUEST with ONEWAY and without END".into()));
        }
        self.connection.admit(&frame)?;
        self.connection.highest = number;
        if self.connection.goodbye_said.is_some() {
            // Above the stream that we named as the last: the client knows that it is not processed.
            self.connection.discard(&frame);
            return Ok(());
        }
        match self.judge(&frame) {
            Ok(request) => self.open(number, request, frame),
            Err(status) => {
                self.connection.discard(&frame);
                self.refuse(number, frame.has(Flags::ONEWAY), status, frame.at)
            }
        }
    }

    /// A call that no handler will see. To a one-way call nothing is ever said.
    fn refuse(&mut self, number: u32, one_way: bool, status: Status, at: u64) -> Result<(), Fault> {
        if one_way {
            let what = format!("a one-way call on stream {number} was dropped: {status}");
            self.connection.events.push_back(Event::Diagnostic(what));
            return Ok(());
        }
        let size = 64 + status.message.len();
        self.connection.answer(Control::Status { stream: number, status: Box::new(status) }, size, at)
    }

    /// Whether a call is taken; else how it ends, not processed.
    fn judge(&self, frame: &Frame) -> Result<RequestMeta, Status> {
        let refuse = |code, what: String| Err(Status::unprocessed(code, what));
        let mut request = match meta::read_request(frame.meta()) {
            Ok(request) => request,
            Err(error) => return refuse(Code::INVALID_ARGUMENT, format!("{error} (frame at offset {})", frame.at)),
        };
        // A call frame is looked at only once HELLO is here.
        if let Some(agreed) = &self.connection.agreed {
            match agreed.encoding(request.codec, request.compression) {
                Ok(encoding) => request.head.encoding = encoding,
                Err(what) => return refuse(Code::UNIMPLEMENTED, what),
            }
        }
        let open = self.connection.streams.len();
        if open >= self.connection.numbers.max_streams as usize {
            return refuse(Code::REFUSED, format!("{open} calls are open, which is the limit"));
        }
        Ok(request)
    }

    fn open(&mut self, number: u32, request: RequestMeta, frame: Frame) -> Result<(), Fault> {
        let connection = &mut self.connection;
        let call = CallId(u64::from(number));
        let end = frame.has(Flags::END);
        let mut stream = connection.stream(call, number);
        stream.one_way = frame.has(Flags::ONEWAY);
        stream.peer_done = end;
        let mut head = Box::new(request.head);
        head.one_way = stream.one_way;
        stream.compression = head.encoding.compression;
        let slot = connection.streams.insert(stream);
        connection.by_number.insert(u64::from(number), slot);
        let at = frame.at;
        let taken = connection.take_in(slot, frame)?;
        let (message, packed) = match taken {
            Taken::Nothing => (None, false),
            Taken::Message(message, packed) => (Some(message), packed),
            Taken::TooMuch(error) => {
                connection.remove(slot);
                let status = Status { not_processed: true, ..connection.too_long(error) };
                return self.refuse(number, head.one_way, status, at);
            }
        };
        connection.events.push_back(Event::Request { call, stream: call.0, head, message, packed, end });
        Ok(())
    }

    fn data(&mut self, frame: Frame) -> Result<(), Fault> {
        self.connection.check_opened(&frame)?;
        self.connection.admit(&frame)?;
        let number = u64::from(frame.header.stream);
        let running = self.connection.by_number.get(&number).copied().and_then(|slot| {
            let stream = self.connection.streams.get_mut(slot)?;
            (!stream.forgotten && !stream.one_way).then_some((slot, stream))
        });
        let Some((slot, stream)) = running else {
            self.connection.discard(&frame);
            return Ok(());
        };
        if stream.peer_done {
            return Err(protocol_error(&frame, format!("DATA on stream {number} behind its END")));
        }
        let call = stream.call;
        let end = frame.has(Flags::END);
        stream.peer_done = end;
        match self.connection.take_in(slot, frame)? {
            Taken::Nothing => {}
            Taken::Message(message, false) => self.connection.events.push_back(Event::Message { call, message }),
            Taken::Message(message, true) => self.connection.events.push_back(Event::Packed { call, message }),
            Taken::TooMuch(error) => {
                let status = self.connection.too_long(error);
                self.break_off(slot, status);
                return Ok(());
            }
        }
        if end {
            self.connection.events.push_back(Event::HalfClosed { call });
        }
        Ok(())
    }

    fn cancel(&mut self, now: Time, frame: &Frame) -> Result<(), Fault> {
        let Ok(reason) = <[u8; 2]>::try_from(frame.body()) else { return Err(wrong_size(frame, "2")) };
        self.connection.check_opened(frame)?;
        let allowed = self.connection.numbers.max_streams.saturating_mul(2);
        if self.cancels.count(now) > allowed {
            let what = format!("more than {allowed} calls cancelled within a second");
            return Err(Fault::peer(Code::ENHANCE_YOUR_CALM, frame.at, what));
        }
        if let Some(&slot) = self.connection.by_number.get(&u64::from(frame.header.stream)) {
            self.forget(slot, CancelReason::from_number(u16::from_be_bytes(reason)));
        }
        Ok(())
    }

    /// The client no longer waits for this call. The stream stays until its handler has ended, too.
    fn forget(&mut self, slot: usize, reason: CancelReason) {
        let Some(stream) = self.connection.streams.get_mut(slot) else { return };
        if stream.forgotten || stream.one_way {
            return;
        }
        if stream.done {
            // The handler is done; what it said is dropped.
            self.connection.remove(slot);
            return;
        }
        stream.forgotten = true;
        stream.clear_outbox();
        self.connection.turns.remove(slot, stream.turn);
        stream.turn = crate::engine::pending::Turn::Idle;
        stream.inbox.discard(&mut self.connection.intake);
        let call = stream.call;
        self.connection.events.push_back(Event::Cancelled { call, reason });
    }

    /// Ends a call whose client or handler asked for too much, whatever its handler says.
    fn break_off(&mut self, slot: usize, status: Status) {
        let Some(stream) = self.connection.streams.get(slot) else { return };
        let number = stream.id;
        let what = format!("call on stream {number} was ended: {status}");
        self.connection.events.push_back(Event::Diagnostic(what));
        self.connection.control.push_back(Control::Status { stream: number, status: Box::new(status) });
        self.forget(slot, CancelReason::GoingAway);
    }

    fn message(&mut self, call: CallId, message: Bytes) -> Accepted {
        let Some(slot) = self.connection.slot(call) else { return Accepted::Open };
        let Some(stream) = self.connection.streams.get(slot) else { return Accepted::Open };
        if stream.forgotten || stream.one_way || stream.done {
            return Accepted::Open;
        }
        let max = self.connection.numbers.max_message as usize;
        if message.len() > max {
            let status = self.connection.too_long(TooMuch::Message { len: message.len(), limit: max });
            self.break_off(slot, status);
            return Accepted::Open;
        }
        let (message, packed) = stream.pack(message);
        self.connection.push(slot, Piece::Message(message, packed));
        self.connection.accepted(slot)
    }

    fn headers(&mut self, call: CallId, metadata: Metadata) {
        let Some(slot) = self.connection.slot(call) else { return };
        let Some(stream) = self.connection.streams.get_mut(slot) else { return };
        if stream.forgotten || stream.one_way || stream.done {
            return;
        }
        let late = stream.answered || stream.headers || !stream.outbox.is_empty();
        if late {
            let what = format!("response metadata of call {call} came twice or behind a message; dropped");
            self.connection.events.push_back(Event::Diagnostic(what));
            return;
        }
        stream.headers = true;
        self.connection.push(slot, Piece::Headers(metadata));
    }

    fn finish(&mut self, call: CallId, status: Box<Status>) {
        let Some(slot) = self.connection.slot(call) else { return };
        let Some(stream) = self.connection.streams.get_mut(slot) else { return };
        if stream.forgotten || stream.one_way {
            self.connection.remove(slot);
        } else if !stream.done {
            stream.done = true;
            self.connection.push(slot, Piece::Finish(status));
        }
    }

    /// The client opens no more calls. If something was wrong it has left already.
    fn goodbye(&mut self) -> Result<(), Fault> {
        match &self.connection.farewell {
            Some(farewell) if !farewell.code.is_ok() => {
                let what = say!(
                    "native.client_closed",
                    "the client closed the connection: %{reason}",
                    reason = &farewell.reason
                )
                .into();
                let offset = self.connection.splitter.offset();
                Err(Fault { blame: crate::Blame::Us, code: farewell.code, offset, what })
            }
            _ => Ok(()),
        }
    }

    fn eof(&mut self) -> Result<(), Fault> {
        if let Some(fault) = self.connection.untimely_end() {
            return Err(fault);
        }
        self.connection.close_clean();
        Ok(())
    }

    /// Cancels all handlers, and ends the connection with a goodbye where the client may still hear it.
    fn die(&mut self, fault: &Fault) {
        for stream in self.connection.streams.drain() {
            if !stream.forgotten && !stream.done && !stream.one_way {
                let reason = CancelReason::GoingAway;
                self.connection.events.push_back(Event::Cancelled { call: stream.call, reason });
            }
        }
        let heard = fault.blame == crate::Blame::Peer || fault.code == Code::HANDSHAKE_TIMEOUT;
        self.connection.die(fault, heard && self.connection.farewell.is_none());
    }
}

impl Engine for Server {
    fn introduce(&mut self, instance: &str) {
        self.connection.introduce(instance);
    }

    fn input(&mut self, now: Time, input: Input) -> Result<Accepted, Fault> {
        if self.connection.stage == Stage::Over {
            return Ok(Accepted::Open);
        }
        let mut accepted = Accepted::Open;
        let done = match input {
            Input::Bytes(bytes) => self.bytes(now, bytes),
            Input::Eof => self.eof(),
            Input::Message { call, message, .. } => {
                accepted = self.message(call, message);
                Ok(())
            }
            Input::Headers { call, metadata } => {
                self.headers(call, metadata);
                Ok(())
            }
            Input::Finish { call, status } => {
                self.finish(call, status);
                Ok(())
            }
            Input::Consumed { call, bytes } => {
                if let Some(slot) = self.connection.slot(call) {
                    self.connection.consumed(slot, bytes);
                }
                Ok(())
            }
            Input::Call { call, .. } | Input::HalfClose { call } | Input::Cancel { call, .. } => {
                let what = format!("a server cannot act as the client of call {call}; dropped");
                self.connection.events.push_back(Event::Diagnostic(what));
                Ok(())
            }
            Input::Ping => {
                self.connection.ping(now);
                Ok(())
            }
            Input::Shutdown => {
                self.connection.say_goodbye();
                Ok(())
            }
            Input::Timer => self.connection.tick(now),
        };
        if let Err(fault) = done {
            self.die(&fault);
            return Err(fault);
        }
        self.connection.settle(now);
        Ok(accepted)
    }

    fn poll_transmit(&mut self, now: Time, budget: usize, out: &mut Vec<Bytes>) -> usize {
        self.connection.transmit(now, budget, out)
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.connection.events.pop_front()
    }

    fn wake_at(&self) -> Option<Time> {
        self.connection.wake_at()
    }

    fn closed(&self) -> Option<&Closed> {
        self.connection.closed()
    }

    /// A server opens no calls.
    fn ready_for_call(&self) -> bool {
        false
    }
}
