//! The client's side: opens calls, and makes sure that each ends exactly once.

use bytes::Bytes;

use super::connection::{Connection, Control, MAX_STREAM, Stage};
use super::meta;
use super::receive::{Received, Taken, protocol_error, wrong_size};
use super::stream::{Piece, Stream};
use crate::engine::stream::TooMuch;
use crate::engine::{Accepted, CancelReason, Closed, Engine, Event, Input, Side};
use crate::frame::native::{Flags, Frame, Kind};
use crate::{CallHead, CallId, Code, Fault, Limits, Say, Status, Time, say};

pub(super) struct Client {
    connection: Connection,
}

impl Client {
    pub fn new(limits: Limits, secure: bool, agent: &str, now: Time) -> Self {
        Self { connection: Connection::new(Side::Client, limits, secure, agent, now) }
    }

    fn end(&mut self, call: CallId, status: Status) {
        self.connection.events.push_back(Event::End { call, status: Box::new(status) });
    }

    /// Ends the call in this slot here; nothing is said to the server.
    fn end_slot(&mut self, slot: usize, status: Status) {
        if let Some((call, _)) = self.connection.remove(slot) {
            self.end(call, status);
        }
    }

    /// Ends the call here and tells the server to stop, if it has heard of it.
    fn give_up(&mut self, slot: usize, reason: CancelReason, mut status: Status) {
        match self.connection.streams.get(slot).map(|stream| stream.id) {
            Some(0) => status.not_processed = true,
            Some(stream) => self.connection.control.push_back(Control::Cancel { stream, reason: reason.number() }),
            None => {}
        }
        self.end_slot(slot, status);
    }

    fn call(&mut self, now: Time, call: CallId, head: Box<CallHead>, message: Option<Bytes>, end: bool) -> Accepted {
        let connection = &mut self.connection;
        let max_message = connection.numbers.max_message as usize;
        let len = message.as_ref().map_or(0, Bytes::len);
        if !connection.takes_calls() {
            let (code, what) = if connection.stage == Stage::Over || connection.goodbye || connection.farewell.is_some()
            {
                (Code::UNAVAILABLE, "the connection takes no more calls".to_owned())
            } else {
                (Code::REFUSED, format!("{} calls are open, which is the limit", connection.streams.len()))
            };
            self.end(call, Status::unprocessed(code, what));
            return Accepted::Open;
        }
        if len > max_message {
            let status = connection.too_long(TooMuch::Message { len, limit: max_message });
            self.end(call, Status { not_processed: true, ..status });
            return Accepted::Open;
        }
        let mut stream = connection.stream(call, 0);
        stream.one_way = head.one_way;
        stream.compression = head.encoding.compression;
        let (message, packed) = match message.map(|message| stream.pack(message)) {
            Some((message, packed)) => (Some(message), packed),
            None => (None, false),
        };
        // A one-way call is one frame, whatever its caller says.
        stream.done = end || head.one_way;
        let done = stream.done;
        let slot = connection.streams.insert(stream);
        connection.by_call.insert(call.0, slot);
        connection.push(slot, Piece::Request { head, message, packed, since: now });
        if done {
            connection.push(slot, Piece::HalfClose);
        }
        connection.accepted(slot)
    }

    fn message(&mut self, call: CallId, message: Bytes, end: bool) -> Accepted {
        // A call that has just ended may still get messages from an owner that does not know yet.
        let Some(slot) = self.connection.slot(call) else { return Accepted::Open };
        let Some(stream) = self.connection.streams.get_mut(slot) else { return Accepted::Open };
        if stream.done {
            let what = format!("a message for call {call} behind its end was dropped");
            self.connection.events.push_back(Event::Diagnostic(what));
            return Accepted::Open;
        }
        let max = self.connection.numbers.max_message as usize;
        if message.len() > max {
            let status = self.connection.too_long(TooMuch::Message { len: message.len(), limit: max });
            self.give_up(slot, CancelReason::User, status);
            return Accepted::Open;
        }
        stream.done = end;
        let (message, packed) = stream.pack(message);
        self.connection.push(slot, Piece::Message(message, packed));
        if end {
            self.connection.push(slot, Piece::HalfClose);
        }
        self.connection.accepted(slot)
    }

    fn half_close(&mut self, call: CallId) {
        if let Some(slot) = self.connection.slot(call)
            && let Some(stream) = self.connection.streams.get_mut(slot)
            && !stream.done
        {
            stream.done = true;
            self.connection.push(slot, Piece::HalfClose);
        }
    }

    fn cancel(&mut self, call: CallId, reason: CancelReason) {
        let Some(slot) = self.connection.slot(call) else { return };
        let what = match reason {
            CancelReason::Deadline => "the deadline passed",
            CancelReason::User => "cancelled",
            CancelReason::Superseded => "another attempt won",
            CancelReason::GoingAway => "the client is going away",
        };
        let status = Status::new(reason.code(), what);
        self.give_up(slot, reason, status);
    }

    fn bytes(&mut self, now: Time, bytes: Bytes) -> Result<(), Fault> {
        self.connection.splitter.feed(bytes);
        while let Some(received) = self.connection.receive(now)? {
            match received {
                Received::Call(frame) => self.call_frame(frame)?,
                Received::Goodbye => self.goodbye()?,
            }
        }
        Ok(())
    }

    fn call_frame(&mut self, frame: Frame) -> Result<(), Fault> {
        if matches!(frame.header.kind, Kind::REQUEST | Kind::CANCEL) {
            return Err(self.connection.not_from_here(&frame));
        }
        match frame.header.kind {
            Kind::STATUS if frame.body().len() < 3 => return Err(wrong_size(&frame, "at least 3")),
            Kind::HEADERS if !frame.body().is_empty() => return Err(wrong_size(&frame, "0")),
            _ => {}
        }
        self.connection.check_opened(&frame)?;
        let slot = self.connection.by_number.get(&u64::from(frame.header.stream)).copied();
        if frame.header.kind == Kind::DATA {
            self.connection.admit(&frame)?;
            let Some(slot) = slot else {
                self.connection.discard(&frame);
                return Ok(());
            };
            return self.data(slot, frame);
        }
        let Some(slot) = slot else { return Ok(()) };
        if frame.header.kind == Kind::STATUS { self.status(slot, &frame) } else { self.headers(slot, &frame) }
    }

    fn data(&mut self, slot: usize, frame: Frame) -> Result<(), Fault> {
        let Some(stream) = self.connection.streams.get_mut(slot) else { return Ok(()) };
        let call = stream.call;
        stream.answered = true;
        let end = frame.has(Flags::END);
        // No credit goes back to a stream whose sender has ended it.
        stream.peer_done = end;
        let trailers = if end { Some(meta::read_pairs(frame.meta())) } else { None };
        let trailers = trailers.transpose().map_err(|error| protocol_error(&frame, error.to_string()))?;
        match self.connection.take_in(slot, frame)? {
            Taken::Nothing => {}
            Taken::Message(message, false) => self.connection.events.push_back(Event::Message { call, message }),
            Taken::Message(message, true) => self.connection.events.push_back(Event::Packed { call, message }),
            Taken::TooMuch(error) => {
                let status = self.connection.too_long(error);
                self.give_up(slot, CancelReason::User, status);
                return Ok(());
            }
        }
        if let Some(trailers) = trailers {
            self.end_slot(slot, Status { trailers, ..Status::ok() });
        }
        Ok(())
    }

    fn status(&mut self, slot: usize, frame: &Frame) -> Result<(), Fault> {
        let Some([high, low, flags]) = frame.body().first_chunk::<3>() else { return Ok(()) };
        let code = Code(u16::from_be_bytes([*high, *low]));
        let status = meta::read_status(frame.meta(), code, *flags);
        let status = status.map_err(|error| protocol_error(frame, error.to_string()))?;
        self.end_slot(slot, status);
        Ok(())
    }

    fn headers(&mut self, slot: usize, frame: &Frame) -> Result<(), Fault> {
        let Some(stream) = self.connection.streams.get_mut(slot) else { return Ok(()) };
        if stream.headers || stream.answered {
            return Err(protocol_error(frame, "HEADERS twice, or behind DATA".into()));
        }
        stream.headers = true;
        let call = stream.call;
        let metadata = meta::read_pairs(frame.meta()).map_err(|error| protocol_error(frame, error.to_string()))?;
        self.connection.events.push_back(Event::Headers { call, metadata });
        Ok(())
    }

    /// The server said goodbye: what it did not take ends as not processed. If something was wrong, so does everything else.
    fn goodbye(&mut self) -> Result<(), Fault> {
        let Some(farewell) = self.connection.farewell.clone() else { return Ok(()) };
        let graceful = farewell.code.is_ok();
        let code = if graceful { Code::UNAVAILABLE } else { farewell.code };
        let what = say!("native.going_away", "the server is going away: %{reason}", reason = &farewell.reason);
        let not_taken: Vec<usize> = (self.connection.streams.iter())
            .filter(|(_, stream)| stream.id == 0 || stream.id > farewell.last)
            .map(|(slot, _)| slot)
            .collect();
        for slot in not_taken {
            self.end_slot(slot, Status { not_processed: true, ..Status::cut_off(code, what.clone()) });
        }
        if graceful {
            return Ok(());
        }
        let what =
            say!("native.closed", "the server closed the connection: %{reason}", reason = &farewell.reason).into();
        let blame = if farewell.code == Code::HANDSHAKE_TIMEOUT { crate::Blame::Between } else { crate::Blame::Us };
        Err(Fault { blame, code, offset: self.connection.splitter.offset(), what })
    }

    fn eof(&mut self) -> Result<(), Fault> {
        if let Some(fault) = self.connection.untimely_end() {
            return Err(fault);
        }
        self.connection.close_clean();
        Ok(())
    }

    /// Ends all calls with the fault, and the connection with a goodbye where the server may still hear it.
    fn die(&mut self, fault: &Fault) {
        let streams: Vec<Stream> = self.connection.streams.drain().collect();
        for stream in streams {
            let status = Status { not_processed: stream.id == 0, ..Status::cut_off(fault.code, fault.say()) };
            self.end(stream.call, status);
        }
        let heard = fault.blame == crate::Blame::Peer || fault.code == Code::HANDSHAKE_TIMEOUT;
        self.connection.die(fault, heard && self.connection.farewell.is_none());
    }
}

impl Connection {
    /// Client: whether a call may be opened now.
    fn takes_calls(&self) -> bool {
        self.stage != Stage::Over
            && !self.goodbye
            && self.farewell.is_none()
            && self.streams.len() < self.numbers.max_streams as usize
            // Those that wait have no number yet.
            && (self.highest as usize).saturating_add(2 * (self.streams.len() + 1)) < MAX_STREAM as usize
    }
}

impl Engine for Client {
    fn introduce(&mut self, instance: &str) {
        self.connection.introduce(instance);
    }

    fn input(&mut self, now: Time, input: Input) -> Result<Accepted, Fault> {
        let over = self.connection.stage == Stage::Over;
        let mut accepted = Accepted::Open;
        let done = match input {
            Input::Call { call, head, message, end } => {
                accepted = self.call(now, call, head, message, end);
                Ok(())
            }
            _ if over => Ok(()),
            Input::Bytes(bytes) => self.bytes(now, bytes),
            Input::Eof => self.eof(),
            Input::Message { call, message, end } => {
                accepted = self.message(call, message, end);
                Ok(())
            }
            Input::HalfClose { call } => {
                self.half_close(call);
                Ok(())
            }
            Input::Cancel { call, reason } => {
                self.cancel(call, reason);
                Ok(())
            }
            Input::Consumed { call, bytes } => {
                if let Some(slot) = self.connection.slot(call) {
                    self.connection.consumed(slot, bytes);
                }
                Ok(())
            }
            Input::Headers { call, .. } | Input::Finish { call, .. } => {
                let what = format!("call {call} was answered by its own client; dropped");
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

    fn ready_for_call(&self) -> bool {
        self.connection.takes_calls()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[test]
    fn a_connection_whose_numbers_are_used_up_takes_no_more_calls() {
        let mut client = Client::new(Limits::default(), true, "", Time::ZERO);
        client.connection.highest = MAX_STREAM - 4;
        assert!(client.ready_for_call());
        let head = || Box::new(CallHead { method: "a.B/C".into(), ..CallHead::default() });
        let call = |call| Input::Call { call: CallId(call), head: head(), message: None, end: true };
        client.input(Time::ZERO, call(1)).map(|_| ()).unwrap();
        assert!(!client.ready_for_call(), "the next number is the last");
        client.poll_transmit(Time::ZERO, 1 << 20, &mut Vec::new());
        assert_eq!(client.poll_event(), Some(Event::Opened { call: CallId(1), stream: u64::from(MAX_STREAM - 2) }));
        client.input(Time::ZERO, call(2)).map(|_| ()).unwrap();
        let Some(Event::End { status, .. }) = client.poll_event() else { panic!("it was taken") };
        assert!(status.not_processed, "another connection may have it");
    }
}
