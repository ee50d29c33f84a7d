//! One attempt on one connection: messages out, answers in, both at the same time, each step told.
//!
//! Nothing is read that the caller has no room for, so a slow caller fills the server's window and
//! not our memory. Knows no policy: how far the request came and what came back is all it says.

use std::pin::pin;

use bytes::Bytes;
use callscope_wire::capture::{FlowEvent, Segment};
use callscope_wire::codec::Typed;
use callscope_wire::engine::CancelReason;
use callscope_wire::{CallHead, Code, Codec, Status, Time, say};
use tokio::sync::mpsc;

use super::channel::{Both, Channel, Exchange, ExchangeEvent};
use super::{Incoming, Interrupt, Patience, Reporter};
use crate::clock;
use crate::resilience::retry::{REPLAY_BUFFER, Reach};

/// How an attempt ended.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) status: Status,
    pub(crate) reach: Reach,
    /// A frame of the answer arrived.
    pub(crate) answered: bool,
    /// The call must end, whatever the policy says.
    pub(crate) interrupted: bool,
}

/// The caller's messages, kept for sending again until the call is committed.
#[derive(Debug)]
pub(crate) struct Outbox {
    requests: mpsc::Receiver<Bytes>,
    /// The request is one message: the first is the last.
    one: bool,
    /// Nothing more comes from the caller.
    done: bool,
    /// What was sent so far; empty once it cannot be sent again.
    kept: Vec<Bytes>,
    kept_bytes: usize,
    keeps: bool,
    /// Place in `kept` of what this attempt sends next.
    next: usize,
}

/// What an attempt needs.
pub(crate) struct Attempt<'a> {
    pub(crate) number: u8,
    pub(crate) instance: &'a str,
    pub(crate) channel: &'a Channel,
    pub(crate) outbox: &'a mut Outbox,
    pub(crate) replies: &'a mpsc::Sender<Incoming>,
    pub(crate) patience: &'a Patience,
    pub(crate) reporter: &'a mut Reporter,
}

impl Outbox {
    pub(crate) const fn new(requests: mpsc::Receiver<Bytes>, one: bool) -> Self {
        Self { requests, one, done: false, kept: Vec::new(), kept_bytes: 0, keeps: true, next: 0 }
    }

    /// Waits until the first message is there, or it is clear that there is none. Dropping the future loses nothing.
    pub(crate) async fn fill(&mut self) {
        if self.kept.is_empty() && !self.done {
            match self.requests.recv().await {
                // A single message is kept whatever its size: it is not copied, and nothing follows it.
                Some(message) => {
                    self.kept_bytes = message.len();
                    self.kept.push(message);
                    self.close_if_one();
                }
                None => self.done = true,
            }
        }
    }

    /// Starts from the beginning, for the next attempt.
    pub(crate) fn rewind(&mut self) {
        self.next = 0;
    }

    /// Whether everything that was sent could be sent again.
    pub(crate) const fn is_replayable(&self) -> bool {
        self.keeps && self.kept_bytes <= REPLAY_BUFFER
    }

    /// It will not be sent again.
    fn commit(&mut self) {
        self.keeps = false;
        self.kept.drain(..self.next.min(self.kept.len()));
        self.next = 0;
    }

    /// A message that is here already.
    fn at_hand(&mut self) -> Option<Bytes> {
        let message = self.kept.get(self.next)?.clone();
        self.next += 1;
        if !self.keeps {
            self.commit();
        }
        Some(message)
    }

    /// The next message; `None`: that was all. Dropping the future loses nothing.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(message) = self.at_hand() {
            return Some(message);
        }
        if self.done {
            return None;
        }
        let Some(message) = self.requests.recv().await else {
            self.done = true;
            return None;
        };
        self.close_if_one();
        if self.keeps {
            self.kept_bytes = self.kept_bytes.saturating_add(message.len());
            if self.kept_bytes <= REPLAY_BUFFER {
                self.kept.push(message.clone());
                self.next = self.kept.len();
            } else {
                self.commit();
            }
        }
        Some(message)
    }

    /// Whether nothing follows what was taken so far, as far as is known by now.
    fn is_over(&self) -> bool {
        let nothing_kept = self.next >= self.kept.len();
        nothing_kept && (self.done || (self.requests.is_closed() && self.requests.is_empty()))
    }

    fn close_if_one(&mut self) {
        if self.one {
            self.done = true;
            self.requests.close();
        }
    }
}

/// Ends an attempt for something that only this side can see. Another would end likewise.
fn broken_off(exchange: Exchange, status: Status, progress: &Progress) -> Ending {
    exchange.cancel(CancelReason::User);
    Ending { status, reach: Reach::Sent, answered: progress.answered, interrupted: true }
}

/// The caller's message in the call's codec. JSON goes as it is, whatever it is: what is wrong with it the server shall say.
fn from_json(codec: Codec, message: &Bytes) -> Result<Bytes, Status> {
    if codec == Codec::Json {
        return Ok(message.clone());
    }
    match Codec::Json.decode(message) {
        Ok(value) => Ok(codec.encode(&value, Typed::UNKNOWN).into()),
        Err(error) => {
            let (codec, error) = (codec.name(), error.to_string());
            let what = say!(
                "encoding.no_json",
                "the message cannot be written as %{codec}, since it is no JSON: %{error}",
                codec = codec,
                error = error
            );
            Err(Status::new(Code::INVALID_ARGUMENT, what))
        }
    }
}

/// The server's message as the caller takes it.
fn to_json(codec: Codec, message: Bytes) -> Result<Bytes, Status> {
    if codec == Codec::Json {
        return Ok(message);
    }
    match codec.decode(&message) {
        Ok(value) => Ok(Codec::Json.encode(&value, Typed::UNKNOWN).into()),
        Err(error) => {
            let (codec, error) = (codec.name(), error.to_string());
            let what = say!(
                "encoding.unreadable",
                "the answer cannot be read as %{codec}: %{error}",
                codec = codec,
                error = error
            );
            Err(Status::new(Code::INTERNAL, what))
        }
    }
}

/// What an attempt has seen so far.
struct Progress {
    handed: Time,
    written: Option<Time>,
    first_frame: Option<Time>,
    answered: bool,
}

impl Attempt<'_> {
    /// Runs it to its end. Dropping the future cancels it, on the wire too. `told`: messages that
    /// the observer was told of by this and earlier attempts; sending one again is not news.
    pub(crate) async fn run(mut self, head: CallHead, told: &mut usize) -> Ending {
        let mut sent = 0;
        let codec = head.encoding.codec;
        let mut encode = |reporter: &mut Reporter, message: Bytes| {
            let encoded = from_json(codec, &message)?;
            sent += 1;
            if sent > *told {
                *told = sent;
                reporter.sent(clock::now(), &message, encoded.len());
            }
            Ok(encoded)
        };
        let first = match self.outbox.at_hand().map(|first| encode(self.reporter, first)).transpose() {
            Ok(first) => first,
            Err(status) => return Ending { status, reach: Reach::NotConnected, answered: false, interrupted: true },
        };
        let mut sending = !self.outbox.is_over();
        let mut progress = Progress { handed: clock::now(), written: None, first_frame: None, answered: false };
        let mut exchange = self.channel.open(head, first, !sending);
        let mut both = Both::default();
        let mut room = None;
        let patience = self.patience;
        let mut over = pin!(patience.over());
        loop {
            // Without room nothing is heard, but what the caller sends still goes out.
            both.listen = room.is_some();
            let (may_take, busy) = (sending && both.message.is_none(), both.listen || both.message.is_some());
            let event = tokio::select! {
                biased;
                interrupt = &mut over => return self.interrupted(exchange, interrupt, &progress),
                free = self.replies.reserve(), if room.is_none() => {
                    match free {
                        Ok(free) => room = Some(free),
                        // The handle is gone; its task is about to be.
                        Err(_) => return self.interrupted(exchange, Interrupt::Cancelled, &progress),
                    }
                    continue;
                }
                event = exchange.advance(&mut both), if busy => match event {
                    Some(event) => event,
                    None => continue,
                },
                message = self.outbox.next(), if may_take => {
                    if let Some(message) = message {
                        match encode(self.reporter, message) {
                            Ok(message) => both.message = Some(message),
                            Err(status) => return broken_off(exchange, status, &progress),
                        }
                        both.end = self.outbox.is_over();
                        sending = !both.end;
                    } else {
                        sending = false;
                        exchange.half_close();
                    }
                    continue;
                }
            };
            let (at, event) = event;
            let incoming = match event {
                ExchangeEvent::Opened { stream } => {
                    let connection = self.channel.connection();
                    self.reporter.tell(at, FlowEvent::Wire { attempt: self.number, connection, stream });
                    continue;
                }
                ExchangeEvent::Written => {
                    progress.written = Some(at);
                    self.segment(at, Segment::Send, progress.handed);
                    continue;
                }
                ExchangeEvent::Headers(metadata) => {
                    self.answered(at, &mut progress);
                    self.reporter.tell(at, FlowEvent::Headers { metadata: metadata.clone() });
                    Incoming::Headers(metadata)
                }
                ExchangeEvent::Message(message) => {
                    self.answered(at, &mut progress);
                    let bytes = message.len();
                    match to_json(codec, message) {
                        Ok(message) => {
                            self.reporter.received(at, &message, bytes);
                            Incoming::Message(message)
                        }
                        Err(status) => return broken_off(exchange, status, &progress),
                    }
                }
                ExchangeEvent::End(status) => return self.ended(at, status, progress),
            };
            if let Some(room) = room.take() {
                room.send(incoming);
            }
        }
    }

    /// A frame of the answer is here: nothing will be sent again.
    fn answered(&mut self, at: Time, progress: &mut Progress) {
        if !progress.answered {
            progress.answered = true;
            self.outbox.commit();
            self.first_frame(at, progress);
        }
    }

    fn first_frame(&mut self, at: Time, progress: &mut Progress) {
        if progress.first_frame.is_none() {
            progress.first_frame = Some(at);
            if let Some(written) = progress.written {
                self.segment(at, Segment::Wait, written);
            }
        }
    }

    fn ended(&mut self, at: Time, status: Status, mut progress: Progress) -> Ending {
        let never_left = progress.written.is_none() && status.not_processed;
        if let Some(first) = progress.first_frame {
            self.segment(at, Segment::Receive, first);
        } else if !never_left {
            self.first_frame(at, &mut progress);
        }
        let reach = if never_left { Reach::NeverLeft } else { Reach::Sent };
        Ending { status, reach, answered: progress.answered, interrupted: false }
    }

    fn interrupted(&mut self, exchange: Exchange, interrupt: Interrupt, progress: &Progress) -> Ending {
        let at = clock::now();
        exchange.cancel(match interrupt {
            Interrupt::Cancelled => CancelReason::User,
            Interrupt::Deadline => CancelReason::Deadline,
        });
        let doing = match (progress.written, progress.first_frame) {
            (_, Some(first)) => {
                self.segment(at, Segment::Receive, first);
                say!("calling.was_answering", "%{who} was answering", who = self.instance)
            }
            (Some(written), None) => {
                self.segment(at, Segment::Wait, written);
                say!("calling.waiting_for", "waiting for %{who}", who = self.instance)
            }
            (None, None) => {
                self.segment(at, Segment::Send, progress.handed);
                say!("calling.sending_to", "sending to %{who}", who = self.instance)
            }
        };
        let status = self.patience.status(interrupt, doing);
        Ending { status, reach: Reach::Sent, answered: progress.answered, interrupted: true }
    }

    /// A part of the attempt's time that ends at `at`. Empty ones are not worth a row.
    fn segment(&mut self, at: Time, segment: Segment, from: Time) {
        let took = at.since(from);
        if !took.is_zero() {
            self.reporter.tell(at, FlowEvent::Segment { attempt: self.number, segment, took });
        }
    }
}
