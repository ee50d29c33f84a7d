//! What a connection sends: control frames first, then one frame of each stream in turn.
//!
//! A message is cut where `max_frame` or the credit at hand ends it. END, and an OK with its trailers, ride on the last part.

use bytes::{Bytes, BytesMut};

use super::connection::{Connection, Control};
use super::hello::Numbers;
use super::meta;
use super::stream::{Piece, Stream};
use crate::engine::flow::SendWindow;
use crate::engine::pending::Turn;
use crate::engine::{Event, Side};
use crate::frame::native::{FRAME_COST, Flags, Kind};
use crate::{Code, Encoding, Status, Time};

/// Parts are no larger than this even where larger frames are allowed, so that others get their turn.
const PART: usize = 64 << 10;

/// How much of a message may go now.
enum Room {
    /// So many bytes.
    Bytes(usize),
    /// Nothing: wait for this.
    Wait(Turn),
}

/// What one turn of a stream came to.
enum Outcome {
    /// So many bytes were sent; then the stream stands like this.
    Sent(usize, Turn),
    /// So many bytes were sent, and the stream is over.
    Last(usize),
    /// The call cannot be sent at all.
    Unsendable(Status),
}

impl Connection {
    /// See [`crate::engine::Engine::poll_transmit`].
    pub fn transmit(&mut self, now: Time, budget: usize, out: &mut Vec<Bytes>) -> usize {
        let mut sent = 0;
        while sent < budget {
            if let Some(control) = self.control.pop_front() {
                sent += self.send_control(control, out);
            } else if let Some(slot) = self.turns.take_turn() {
                sent += self.send_turn(now, slot, out);
            } else {
                break;
            }
        }
        self.encoder.flush(out);
        self.waiting_since = None;
        self.settle(now);
        self.note_drained();
        sent
    }

    fn send_control(&mut self, control: Control, out: &mut Vec<Bytes>) -> usize {
        if self.control.is_empty() {
            self.answers = 0;
        }
        let mut status_meta = None;
        let (kind, flags, stream, body) = match control {
            Control::Preface => {
                let preface = Self::preface();
                self.encoder.raw(&preface);
                return preface.len();
            }
            Control::Hello => (Kind::HELLO, Flags::NONE, 0, self.ours.encode().freeze()),
            Control::Ping(token) => (Kind::PING, Flags::NONE, 0, Bytes::copy_from_slice(&token)),
            Control::Pong(token) => (Kind::PING, Flags::ACK, 0, Bytes::copy_from_slice(&token)),
            Control::Window { stream, credit } => {
                (Kind::WINDOW, Flags::NONE, stream, Bytes::copy_from_slice(&credit.to_be_bytes()))
            }
            Control::Goaway { last, code, mut reason } => {
                reason.truncate(reason.floor_char_boundary(1024));
                let mut body = BytesMut::with_capacity(6 + reason.len());
                body.extend_from_slice(&last.to_be_bytes());
                body.extend_from_slice(&code.0.to_be_bytes());
                body.extend_from_slice(reason.as_bytes());
                (Kind::GOAWAY, Flags::NONE, 0, body.freeze())
            }
            Control::Cancel { stream, reason } => {
                (Kind::CANCEL, Flags::NONE, stream, Bytes::copy_from_slice(&reason.to_be_bytes()))
            }
            Control::Status { stream, status } => {
                let body = Bytes::copy_from_slice(&meta::status_body(&status));
                status_meta = Some(status);
                (Kind::STATUS, Flags::NONE, stream, body)
            }
        };
        let max_meta = self.numbers.max_metadata as usize;
        let put = |meta: &mut BytesMut| {
            if let Some(status) = &status_meta {
                meta::put_status(meta, status);
            }
        };
        // Our own statuses are short, so metadata never fails to fit here.
        self.encoder.frame(out, (kind, flags, stream), max_meta, put, &body).unwrap_or(0)
    }

    fn send_turn(&mut self, now: Time, slot: usize, out: &mut Vec<Bytes>) -> usize {
        let outcome = self.send_frame(now, slot, out);
        let max_queued =
            if self.streams.get(slot).is_some_and(|stream| stream.blocked) { self.max_queued() } else { 0 };
        let Some(stream) = self.streams.get_mut(slot) else { return 0 };
        match outcome {
            Outcome::Sent(sent, turn) => {
                self.turns.put_back(slot, &mut stream.turn, turn);
                if stream.blocked && stream.queued <= max_queued / 2 {
                    stream.blocked = false;
                    self.events.push_back(Event::Writable { call: stream.call });
                }
                sent
            }
            Outcome::Last(sent) => {
                stream.turn = Turn::Idle;
                if let Some((call, true)) = self.remove(slot) {
                    // A one-way call is over when it is sent.
                    self.events.push_back(Event::End { call, status: Box::new(Status::ok()) });
                }
                sent
            }
            Outcome::Unsendable(status) => {
                stream.turn = Turn::Idle;
                if let Some((call, _)) = self.remove(slot) {
                    self.events.push_back(Event::End { call, status: Box::new(status) });
                }
                0
            }
        }
    }

    /// Sends one frame of the stream, whose turn it is.
    fn send_frame(&mut self, now: Time, slot: usize, out: &mut Vec<Bytes>) -> Outcome {
        let Some(stream) = self.streams.get_mut(slot) else { return Outcome::Sent(0, Turn::Idle) };
        match stream.outbox.front() {
            None => Outcome::Sent(0, Turn::Idle),
            Some(Piece::Request { .. }) => self.send_request(now, slot, out),
            Some(Piece::Message(..)) => self.send_message(slot, out),
            Some(Piece::HalfClose) => {
                if let Some(wait) = short(stream, &self.send) {
                    return Outcome::Sent(0, wait);
                }
                stream.outbox.pop_front();
                spend(stream, &mut self.send, FRAME_COST);
                let head = (Kind::DATA, Flags::END, stream.id);
                let sent = self.encoder.frame(out, head, 0, |_| {}, &Bytes::new()).unwrap_or(0);
                Outcome::Sent(sent, Turn::Idle)
            }
            Some(Piece::Headers(_)) => self.send_headers(slot, out),
            Some(Piece::Finish(_)) => self.send_finish(slot, out),
        }
    }

    fn send_request(&mut self, now: Time, slot: usize, out: &mut Vec<Bytes>) -> Outcome {
        let Self { streams, send, encoder, numbers, agreed, highest, .. } = self;
        let Some(stream) = streams.get_mut(slot) else { return Outcome::Sent(0, Turn::Idle) };
        let end_follows = matches!(stream.outbox.get(1), Some(Piece::HalfClose));
        let Some(Piece::Request { head, message, packed, since }) = stream.outbox.front_mut() else {
            return Outcome::Sent(0, Turn::Idle);
        };
        let len = message.as_ref().map_or(0, Bytes::len);
        if head.encoding != Encoding::default() {
            // Before HELLO there is nothing but json.
            let Some(agreed) = agreed else { return Outcome::Sent(0, Turn::Connection) };
            if let Err(what) = agreed.encoding(head.encoding.codec.id(), head.encoding.compression.id()) {
                return Outcome::Unsendable(Status::unprocessed(Code::UNIMPLEMENTED, what));
            }
        }
        if head.one_way {
            // It must fit in this frame: find out whether it ever can, once the limits are known.
            let max = whole_frame(numbers);
            if len > max && agreed.is_some() {
                let what = format!(
                    "a one-way message of {len} bytes passes {max}, what one frame may hold here; send it as a unary call"
                );
                return Outcome::Unsendable(Status::unprocessed(Code::FRAME_TOO_LARGE, what));
            }
            if len > max || send.left() < len + FRAME_COST {
                return Outcome::Sent(0, Turn::Connection);
            }
        }
        let part = match room(len, &stream.send, send, numbers) {
            // Found above to fit, whatever size parts have otherwise.
            _ if head.one_way => len,
            Room::Bytes(part) => part,
            Room::Wait(turn) => return Outcome::Sent(0, turn),
        };
        let id = if *highest == 0 { 1 } else { *highest + 2 };
        let more = part < len;
        let end = end_follows && !more;
        let flags = Flags::NONE
            .with_if(end, Flags::END)
            .with_if(more, Flags::MORE)
            .with_if(message.is_some(), Flags::MSG)
            .with_if(*packed, Flags::COMP)
            .with_if(head.one_way, Flags::ONEWAY);
        let left = head.timeout.map(|timeout| timeout.saturating_sub(now.since(*since)));
        let put = |meta: &mut BytesMut| meta::put_request(meta, head, left);
        let mut rest = message.take().unwrap_or_default();
        let body = rest.split_to(part);
        let max_meta = numbers.max_metadata as usize;
        let sent = match encoder.frame(out, (Kind::REQUEST, flags, id), max_meta, put, &body) {
            Ok(sent) => sent,
            Err(len) => {
                let what = format!("metadata of {len} bytes passes the limit of {max_meta}");
                return Outcome::Unsendable(Status::unprocessed(Code::RESOURCE_EXHAUSTED, what));
            }
        };
        *highest = id;
        stream.id = id;
        let (one_way, packed) = (head.one_way, *packed);
        stream.outbox.pop_front();
        if more {
            stream.outbox.push_front(Piece::Message(rest, packed));
            stream.cut = part;
        } else if end {
            stream.outbox.pop_front();
        }
        spend(stream, send, part + FRAME_COST);
        stream.queued = stream.queued.saturating_sub(part);
        let turn = if stream.outbox.is_empty() { Turn::Idle } else { Turn::Ready };
        self.events.push_back(Event::Opened { call: stream.call, stream: u64::from(id) });
        if one_way {
            return Outcome::Last(sent);
        }
        self.by_number.insert(u64::from(id), slot);
        Outcome::Sent(sent, turn)
    }

    fn send_message(&mut self, slot: usize, out: &mut Vec<Bytes>) -> Outcome {
        let Self { streams, send, encoder, numbers, side, .. } = self;
        let Some(stream) = streams.get_mut(slot) else { return Outcome::Sent(0, Turn::Idle) };
        let Some(Piece::Message(message, packed)) = stream.outbox.front() else { return Outcome::Sent(0, Turn::Idle) };
        let len = message.len();
        let part = match room(len, &stream.send, send, numbers) {
            Room::Bytes(part) => part,
            Room::Wait(turn) => return Outcome::Sent(0, turn),
        };
        let more = part < len;
        let max_meta = numbers.max_metadata as usize;
        // What rides on the last part: a client's END, or a server's OK with its trailers.
        let mut end = false;
        let mut trailers = None;
        if !more {
            match stream.outbox.get(1) {
                Some(Piece::HalfClose) => end = true,
                Some(Piece::Finish(status)) if fits_data(status) => {
                    end = true;
                    trailers = Some(status);
                }
                _ => {}
            }
        }
        let packed = *packed;
        let flags = |end| Flags::MSG.with_if(more, Flags::MORE).with_if(end, Flags::END).with_if(packed, Flags::COMP);
        let body = message.slice(..part);
        let put = |meta: &mut BytesMut| {
            if let Some(status) = trailers {
                meta::put_pairs(meta, &status.trailers);
            }
        };
        let finishes = trailers.is_some();
        let (sent, ended) = match encoder.frame(out, (Kind::DATA, flags(end), stream.id), max_meta, put, &body) {
            Ok(sent) => (sent, end),
            // Trailers that do not fit are STATUS's problem.
            Err(_) => {
                (encoder.frame(out, (Kind::DATA, flags(false), stream.id), max_meta, |_| {}, &body).unwrap_or(0), false)
            }
        };
        stream.answered |= *side == Side::Server;
        spend(stream, send, part + FRAME_COST);
        stream.queued = stream.queued.saturating_sub(part);
        if more {
            stream.cut += part;
            if let Some(Piece::Message(message, _)) = stream.outbox.front_mut() {
                *message = message.slice(part..);
            }
            return Outcome::Sent(sent, Turn::Ready);
        }
        stream.cut = 0;
        stream.outbox.pop_front();
        if ended {
            stream.outbox.pop_front();
            if finishes {
                return Outcome::Last(sent);
            }
        }
        Outcome::Sent(sent, if stream.outbox.is_empty() { Turn::Idle } else { Turn::Ready })
    }

    fn send_headers(&mut self, slot: usize, out: &mut Vec<Bytes>) -> Outcome {
        let Self { streams, encoder, numbers, events, .. } = self;
        let Some(stream) = streams.get_mut(slot) else { return Outcome::Sent(0, Turn::Idle) };
        let Some(Piece::Headers(metadata)) = stream.outbox.pop_front() else { return Outcome::Sent(0, Turn::Idle) };
        let head = (Kind::HEADERS, Flags::NONE, stream.id);
        let put = |meta: &mut BytesMut| meta::put_pairs(meta, &metadata);
        let max_meta = numbers.max_metadata as usize;
        let sent = encoder.frame(out, head, max_meta, put, &Bytes::new()).unwrap_or_else(|len| {
            events.push_back(Event::Diagnostic(format!(
                "response metadata of {len} bytes on stream {} passes the limit of {max_meta} and was not sent",
                stream.id
            )));
            0
        });
        Outcome::Sent(sent, if stream.outbox.is_empty() { Turn::Idle } else { Turn::Ready })
    }

    fn send_finish(&mut self, slot: usize, out: &mut Vec<Bytes>) -> Outcome {
        let Self { streams, encoder, numbers, events, .. } = self;
        let Some(stream) = streams.get_mut(slot) else { return Outcome::Sent(0, Turn::Idle) };
        let Some(Piece::Finish(mut status)) = stream.outbox.pop_front() else { return Outcome::Sent(0, Turn::Idle) };
        let head = (Kind::STATUS, Flags::NONE, stream.id);
        let body = Bytes::copy_from_slice(&meta::status_body(&status));
        let max_meta = numbers.max_metadata as usize;
        let whole = encoder.frame(out, head, max_meta, |meta| meta::put_status(meta, &status), &body);
        let sent = whole.unwrap_or_else(|len| {
            events.push_back(Event::Diagnostic(format!(
                "status metadata of {len} bytes on stream {} passes the limit of {max_meta}: details and trailers were left out",
                stream.id
            )));
            status.message.truncate(status.message.floor_char_boundary(1024));
            let short = Status { message: status.message, pushback_ms: status.pushback_ms, ..Status::default() };
            encoder.frame(out, head, max_meta, |meta| meta::put_status(meta, &short), &body).unwrap_or(0)
        });
        Outcome::Last(sent)
    }
}

/// Whether DATA with END says everything about this end.
fn fits_data(status: &Status) -> bool {
    status.code.is_ok()
        && !status.not_processed
        && status.message.is_empty()
        && status.details.is_empty()
        && status.pushback_ms.is_none()
        && status.redirect.is_none()
}

/// The longest message that is allowed and that a frame and both windows can take whole.
fn whole_frame(numbers: &Numbers) -> usize {
    let window = numbers.stream_window.min(numbers.connection_window) as usize;
    (numbers.max_frame.min(numbers.max_message) as usize).min(window - FRAME_COST)
}

fn spend(stream: &mut Stream, connection: &mut SendWindow, cost: usize) {
    stream.send.spend(cost);
    connection.spend(cost);
}

/// What an empty frame has to wait for, if anything.
fn short(stream: &Stream, connection: &SendWindow) -> Option<Turn> {
    if connection.left() < FRAME_COST {
        Some(Turn::Connection)
    } else {
        (stream.send.left() < FRAME_COST).then_some(Turn::Stream)
    }
}

/// How much of `len` bytes may go in one frame. Waits rather than send crumbs: since a receiver may hold back half a window and no more, a quarter of one is
/// always to be had in the end.
fn room(len: usize, stream: &SendWindow, connection: &SendWindow, numbers: &Numbers) -> Room {
    let largest = PART.min(numbers.max_frame as usize).min(len);
    let fits = |window: &SendWindow| {
        let enough = largest.min(window.size() / 4);
        window.left().checked_sub(FRAME_COST).filter(|left| *left >= enough)
    };
    match (fits(connection), fits(stream)) {
        (None, _) => Room::Wait(Turn::Connection),
        (_, None) => Room::Wait(Turn::Stream),
        (Some(connection), Some(stream)) => Room::Bytes(largest.min(connection).min(stream)),
    }
}
