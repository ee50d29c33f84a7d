//! What links an answer and its bytes: a value of a message of a call, told to whoever shows it.
//!
//! ```text
//!  answer's tree ──▶ ValuePlace ──▶ frame_of ──▶ frames, bytes
//!        ▲                                          │
//!        └────── ValuePlace ◀────── message_of ◀────┘
//! ```

use callscope_wire::capture::{Frame, MessageKey, Store};
use callscope_wire::dialect::Toward;
use callscope_wire::engine::Side;
use callscope_wire::{ConnectionId, FlowId, FrameId};

use super::Model;
use super::flows::Record;

/// A message of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessagePlace {
    /// The call.
    pub flow: FlowId,
    /// We sent it.
    pub sent: bool,
    /// Its place among those that went the same way, from 0.
    pub number: u64,
}

/// A value in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuePlace {
    /// The message.
    pub message: MessagePlace,
    /// JSON pointer; empty for the whole message.
    pub pointer: String,
    /// Where its bytes begin in the message, if that is known already: of a large message it saves a walk.
    pub offset: Option<usize>,
}

/// Where a value was chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChosenIn {
    /// In the tree of a message.
    #[default]
    Answer,
    /// Among frames and bytes.
    Bytes,
}

/// The value that was chosen last.
#[derive(Debug, Default)]
pub struct Link {
    /// Which one.
    pub place: Option<ValuePlace>,
    /// Where.
    pub chosen_in: ChosenIn,
    /// Somebody asked to be shown the other side, not only to have it follow.
    pub asked: bool,
    /// Counts choices.
    pub revision: u64,
}

impl Link {
    /// A value was chosen.
    pub fn choose(&mut self, place: ValuePlace, chosen_in: ChosenIn, asked: bool) {
        let revision = self.revision + 1;
        *self = Self { place: Some(place), chosen_in, asked, revision };
    }
}

impl Record {
    /// Which message of the call is in this row of those that are kept.
    pub fn message_place(&self, row: usize) -> Option<MessagePlace> {
        let sent = self.messages.get(row)?.sent;
        let later = self.messages.range(row..).filter(|message| message.sent == sent).count() as u64;
        let all = if sent { self.flow.sent.messages } else { self.flow.received.messages };
        Some(MessagePlace { flow: self.flow.id, sent, number: all.checked_sub(later)? })
    }

    /// The row of a message, if it is kept.
    pub fn message_row(&self, sent: bool, number: u64) -> Option<usize> {
        let all = if sent { self.flow.sent.messages } else { self.flow.received.messages };
        let later = usize::try_from(all.checked_sub(number)?.checked_sub(1)?).ok()?;
        let rows = self.messages.iter().enumerate().rev().filter(|(_, message)| message.sent == sent);
        rows.map(|(row, _)| row).nth(later)
    }
}

/// A frame that has a part of this message, if it is still recorded.
pub fn frame_of(model: &Model, place: &MessagePlace) -> Option<FrameId> {
    let record = model.flows.get(place.flow)?;
    let on_wire = || record.flow.attempts.iter().filter(|attempt| attempt.wire.is_some());
    // Of several attempts the one that was answered; what others sent was the same.
    let answered = on_wire().find(|attempt| attempt.status.as_ref().is_some_and(|status| status.code.is_ok()));
    let (connection, stream) = answered.or_else(|| on_wire().next_back())?.wire?;
    let number = u32::try_from(place.number).ok()?;
    let row = record.message_row(place.sent, place.number);
    let near = row.and_then(|row| record.messages.get(row)).map_or(record.flow.started, |message| message.at);
    model.traffic.store().find_message(&MessageKey { connection, stream, sent: place.sent, number }, near)
}

/// The message of a call that a frame has a part of.
pub fn message_of(model: &Model, frame: &Frame) -> Option<MessagePlace> {
    let number = frame.message?.number?;
    let flow = flow_of(model, frame)?;
    Some(MessagePlace { flow, sent: frame.toward() == Toward::Server, number: number.into() })
}

/// The call that a frame belongs to, seen from either end of its connection.
pub fn flow_of(model: &Model, frame: &Frame) -> Option<FlowId> {
    if frame.stream == 0 {
        return None;
    }
    let connection = match frame.side {
        Side::Client => frame.connection,
        Side::Server => client_end(&model.traffic.store(), frame.connection)?,
    };
    let newest_first = model.flows.iter().rev();
    newest_first
        .map(|(id, record)| (id, &record.flow))
        .find(|(_, flow)| flow.owns(connection, frame.stream))
        .map(|(id, _)| id)
}

/// Our own client's end of a server's connection. Ports are used again: of several the one made at about the same time.
fn client_end(store: &Store, server: ConnectionId) -> Option<ConnectionId> {
    let there = store.connection(server)?;
    let other_end = |connection: &callscope_wire::capture::store::Connection| {
        let facts = &connection.facts;
        facts.side == Side::Client && facts.local == there.facts.peer && facts.peer == there.facts.local
    };
    let ends = store.connections().filter(|(_, connection)| other_end(connection));
    ends.min_by_key(|(_, connection)| connection.opened.0.abs_diff(there.opened.0)).map(|(id, _)| id)
}
