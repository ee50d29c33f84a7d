//! One call's state on one connection, either side.

use std::collections::VecDeque;

use bytes::Bytes;

use super::hello::Numbers;
use crate::call::CallHead;
use crate::engine::flow::{ReceiveWindow, SendWindow};
use crate::engine::pending::Turn;
use crate::engine::stream::Inbox;
use crate::{CallId, Compression, Metadata, Status, Time};

/// Something to send, in order.
#[derive(Debug)]
pub(super) enum Piece {
    /// Client: opens the call. The stream has no number until its first part leaves, so that numbers rise on the wire.
    Request { head: Box<CallHead>, message: Option<Bytes>, packed: bool, since: Time },
    /// A message, or what is left of it; whether it is compressed.
    Message(Bytes, bool),
    /// Client: END. Joins the message in front of it.
    HalfClose,
    /// Server: early response metadata.
    Headers(Metadata),
    /// Server: the end. Joins the message in front of it where DATA can carry it.
    Finish(Box<Status>),
}

/// ```text
///  client  (queued) ─REQUEST─▶ open ─END─▶ half closed ─STATUS, DATA+END, CANCEL─▶ gone
///  server            open ─END─▶ half closed ─Finish─▶ finished ─(queue sent)─▶ gone
///                     └──CANCEL──▶ cancelled ─Finish─▶ gone
/// ```
#[derive(Debug)]
pub(super) struct Stream {
    /// The owner's name of it.
    pub call: CallId,
    /// Its number on the wire; 0 while the client has not sent it.
    pub id: u32,
    /// What is to be sent.
    pub outbox: VecDeque<Piece>,
    /// Message bytes in the outbox.
    pub queued: usize,
    /// Bytes of the first message in the outbox that were sent in earlier parts.
    pub cut: usize,
    /// The owner was told to wait.
    pub blocked: bool,
    /// Whether it waits for its turn.
    pub turn: Turn,
    /// Credit to send.
    pub send: SendWindow,
    /// What is received.
    pub inbox: Inbox,
    /// The owner will send nothing more: END or STATUS is in the outbox or gone.
    pub done: bool,
    /// The peer will send nothing more.
    pub peer_done: bool,
    /// HEADERS were sent or received.
    pub headers: bool,
    /// The server's first DATA was sent or received.
    pub answered: bool,
    /// Server: the client has forgotten it; it counts against the stream limit until the handler ends.
    pub forgotten: bool,
    /// Nothing comes back.
    pub one_way: bool,
    /// Of messages that are worth it, both ways.
    pub compression: Compression,
    /// The message that has begun to come in is compressed.
    pub packed: bool,
}

/// The queues of a stream: their memory is used again by the next one.
#[derive(Debug, Default)]
pub(super) struct Queues {
    pub outbox: VecDeque<Piece>,
    pub untaken: VecDeque<(usize, usize)>,
}

impl Queues {
    /// Of a stream that is over; `None`: they have grown to a size that few need.
    pub fn of(stream: Stream) -> Option<Self> {
        const USUAL: usize = 16;
        let mut queues = Self { outbox: stream.outbox, untaken: stream.inbox.into_queue() };
        queues.outbox.clear();
        (queues.outbox.capacity() <= USUAL && queues.untaken.capacity() <= USUAL).then_some(queues)
    }
}

impl Stream {
    pub fn new(call: CallId, id: u32, numbers: &Numbers, Queues { outbox, untaken }: Queues) -> Self {
        Self {
            call,
            id,
            outbox,
            queued: 0,
            cut: 0,
            blocked: false,
            turn: Turn::Idle,
            send: SendWindow::new(numbers.stream_window),
            inbox: Inbox::with_queue(ReceiveWindow::new(numbers.stream_window, 0), untaken),
            done: false,
            peer_done: false,
            headers: false,
            answered: false,
            forgotten: false,
            one_way: false,
            compression: Compression::None,
            packed: false,
        }
    }

    /// The message as it is sent, and whether it is compressed.
    pub fn pack(&self, message: Bytes) -> (Bytes, bool) {
        match self.compression.pack(&message) {
            Some(packed) => (packed, true),
            None => (message, false),
        }
    }

    /// Drops what was to be sent.
    pub fn clear_outbox(&mut self) {
        self.outbox.clear();
        self.queued = 0;
        self.cut = 0;
    }
}
