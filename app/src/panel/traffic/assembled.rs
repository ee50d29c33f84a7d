//! The message that the selected frame has a part of: put together, read, and the value of it that is chosen. No painting.
//!
//! ```text
//!  store ── pieces of the frame's message ──▶ joined and read ──▶ pointer ◀──▶ span in the message ◀──▶ frames
//!             (under its lock, no copying)     (large: a thread)    (large: a thread)
//! ```

use std::sync::Arc;

use callscope_wire::capture::message::{Message, Pieces};
use callscope_wire::capture::{Frame, Store};
use callscope_wire::inspect::content::Content;
use callscope_wire::inspect::locate::Place;
use callscope_wire::{FrameId, Span, Value};
use egui::Context;
use poll_promise::Promise;

use crate::model::link::{MessagePlace, ValuePlace};
use crate::widget::hex::HexState;
use crate::widget::json::tree::TreeState;

/// Larger messages are read and searched on a thread of their own: it would be felt.
const LARGE: usize = 512 << 10;

/// A message that would become longer is not decompressed: who sends that is up to no good.
const MOST: usize = 512 << 20;

/// A message put together.
pub(super) struct Assembled {
    /// Its frames and bytes.
    pub message: Arc<Message>,
    /// What it says; `Err` tells why that cannot be known.
    pub content: Result<Arc<Content>, String>,
    /// The call's message that it is.
    pub owner: Option<MessagePlace>,
    /// The chosen value.
    pub chosen: Option<Chosen>,
    /// The tree of its values.
    pub tree: TreeState,
    /// Its bytes.
    pub hex: HexState,
    /// Changes with the message.
    pub version: u64,
}

/// A value of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    /// JSON pointer.
    pub pointer: String,
    /// Its bytes in what [`Content`] has; `None` where they cannot be told.
    pub place: Option<Place>,
    /// Brings the frame with its first byte to the front.
    leads: bool,
}

/// What a thread found.
enum Found {
    Read(Box<Assembled>),
    Value(Chosen),
    Nothing,
}

/// The message of the selected frame, and what is being worked out about it.
#[derive(Default)]
pub(super) struct Desk {
    here: Option<Box<Assembled>>,
    work: Option<Promise<Found>>,
    /// The frame whose message it is.
    frame: Option<FrameId>,
    /// How far frames were looked at for more parts of it.
    until: FrameId,
    /// To be chosen as soon as the message is here.
    waiting: Option<String>,
    /// The frame that the value chosen last leads to.
    leads_to: Option<FrameId>,
    versions: u64,
}

impl Assembled {
    fn read(message: Message, version: u64) -> Self {
        let content = Content::read(message.encoding.codec, message.compression(), &message.bytes, MOST);
        let content = content.map(Arc::new).map_err(|error| error.to_string());
        let message = Arc::new(message);
        let (tree, hex) = (TreeState::default(), HexState::default());
        Self { message, content, owner: None, chosen: None, tree, hex, version }
    }

    /// Its value.
    pub fn value(&self) -> Option<&Arc<Value>> {
        self.content.as_ref().ok()?.value.as_ref()?.as_ref().ok()
    }

    /// The bytes of a value in the message as it is on the wire: the chosen value's own, or all of a compressed message.
    pub fn chosen_on_wire(&self) -> Option<Span> {
        let place = self.chosen.as_ref()?.place?;
        Some(if self.message.compressed { Span::new(0, self.message.bytes.len()) } else { place.named })
    }

    /// The chosen value's bytes in a frame.
    pub fn chosen_in(&self, frame: FrameId) -> Option<Span> {
        let span = self.chosen_on_wire()?;
        self.message.in_frames(span).find(|(id, _)| *id == frame).map(|(_, span)| span)
    }

    /// Innermost values of a frame's part of a longer message, in the frame's bytes, with their colors' places.
    pub fn leaves_in(&self, frame: FrameId) -> Vec<(Span, usize)> {
        let part = self.message.part(frame).filter(|_| self.message.parts.len() > 1 && !self.message.compressed);
        let (Some(part), Ok(content)) = (part, &self.content) else { return Vec::new() };
        let here = part.in_message();
        let first = content.leaves.partition_point(|(span, _)| span.end <= here.start);
        let leaves = content.leaves.get(first..).unwrap_or_default();
        let inside = leaves.iter().take_while(|(span, _)| span.start < here.end);
        let clipped =
            inside.map(|(span, place)| (Span::new(span.start.max(here.start), span.end.min(here.end)), *place));
        clipped.map(|(span, place)| (span.shifted_back(part.at).shifted(part.in_frame.start), place)).collect()
    }

    /// Where the chosen value is, for others to follow.
    pub fn link(&self) -> Option<ValuePlace> {
        let chosen = self.chosen.as_ref()?;
        let offset = chosen.place.map(|place| place.value.start);
        Some(ValuePlace { message: self.owner?, pointer: chosen.pointer.clone(), offset })
    }
}

impl Desk {
    /// The message, once it is read.
    pub fn here(&self) -> Option<&Assembled> {
        self.here.as_deref()
    }

    /// Likewise, to change what is selected in it.
    pub fn here_mut(&mut self) -> Option<&mut Assembled> {
        self.here.as_deref_mut()
    }

    /// Whether something is still worked out.
    pub fn is_busy(&self) -> bool {
        self.work.is_some()
    }

    /// Another frame is selected, or more frames came. Takes what threads found; gives the frame that a value leads to.
    pub fn update(&mut self, ctx: &Context, store: &Store, frame: Option<&Frame>) -> Option<FrameId> {
        self.take_found();
        let id = frame.map(|frame| frame.id);
        let same_message = |here: &Assembled| id.is_some_and(|id| here.message.part(id).is_some());
        if self.frame != id {
            self.frame = id;
            if !self.here().is_some_and(same_message) {
                self.here = None;
                self.work = None;
                self.gather(ctx, store, frame);
            }
        } else if self.grew(store, frame) {
            let chosen = self.here().and_then(|here| here.chosen.as_ref()).map(|chosen| chosen.pointer.clone());
            self.waiting = self.waiting.take().or(chosen);
            self.gather(ctx, store, frame);
        }
        if self.work.is_none()
            && self.here.is_some()
            && let Some(pointer) = self.waiting.take()
        {
            self.choose(ctx, pointer, true);
        }
        self.leads_to.take()
    }

    /// Chooses a value by its pointer, now or as soon as the message is read. `leads`: its first frame comes to the front.
    pub fn choose(&mut self, ctx: &Context, pointer: String, leads: bool) {
        if self.here.is_none() {
            self.waiting = Some(pointer);
            return;
        }
        let Some(content) = self.content() else { return };
        self.work(ctx, content.bytes.len(), move || {
            let place = content.find(&pointer);
            Found::Value(Chosen { pointer, place, leads })
        });
    }

    /// Chooses the value that has a byte of the content.
    pub fn choose_at(&mut self, ctx: &Context, offset: usize) {
        let Some(content) = self.content() else { return };
        self.work(ctx, content.bytes.len(), move || match content.pointer_at(offset) {
            Some(pointer) => {
                let place = content.find(&pointer);
                Found::Value(Chosen { pointer, place, leads: false })
            }
            None => Found::Nothing,
        });
    }

    /// A value of the message that another frame's selection brings.
    pub fn await_value(&mut self, pointer: String) {
        self.waiting = Some(pointer);
    }

    /// No value is chosen.
    pub fn clear_choice(&mut self) {
        self.waiting = None;
        if let Some(here) = &mut self.here {
            here.chosen = None;
        }
    }

    /// What values are looked for in. Without its beginning nobody knows what a message says.
    fn content(&self) -> Option<Arc<Content>> {
        let here = self.here().filter(|here| here.message.begins)?;
        here.content.as_ref().ok().cloned()
    }

    /// Parts of an unfinished message came since the last look.
    fn grew(&mut self, store: &Store, frame: Option<&Frame>) -> bool {
        let (from, next) = (self.until.max(store.first_id()), store.next_id());
        self.until = next;
        let (Some(here), Some(frame)) = (self.here(), frame) else { return false };
        !here.message.ends
            && store.since(from).any(|other| {
                other.message.is_some_and(|part| !part.begins)
                    && other.connection == frame.connection
                    && other.stream == frame.stream
                    && other.sent == frame.sent
            })
    }

    fn gather(&mut self, ctx: &Context, store: &Store, frame: Option<&Frame>) {
        self.until = store.next_id();
        let Some(pieces) = frame.and_then(|frame| store.pieces_of(frame.id)) else {
            self.waiting = None;
            return;
        };
        self.versions += 1;
        let version = self.versions;
        let read = move |pieces: Pieces| Found::Read(Box::new(Assembled::read(pieces.join(), version)));
        self.work(ctx, pieces.len(), move || read(pieces));
    }

    fn work(&mut self, ctx: &Context, size: usize, work: impl FnOnce() -> Found + Send + 'static) {
        self.work = Some(if size <= LARGE {
            Promise::from_ready(work())
        } else {
            let ctx = ctx.clone();
            Promise::spawn_thread("callscope-message", move || {
                let found = work();
                ctx.request_repaint();
                found
            })
        });
        self.take_found();
    }

    fn take_found(&mut self) {
        let Some(work) = self.work.take() else { return };
        match work.try_take() {
            Err(still) => self.work = Some(still),
            Ok(Found::Read(read)) => self.here = Some(read),
            Ok(Found::Nothing) => self.clear_choice(),
            Ok(Found::Value(chosen)) => {
                let Some(here) = self.here.as_deref_mut() else { return };
                here.tree.select(Some(&chosen.pointer));
                if let Some(place) = chosen.place {
                    here.hex.select(Some(place.named.range()));
                }
                let leads = chosen.leads;
                here.chosen = Some(chosen);
                if leads && let Some(span) = here.chosen_on_wire() {
                    self.leads_to = here.message.in_frames(span).next().map(|(frame, _)| frame);
                }
            }
        }
    }
}
