//! Open calls: which tabs there are, what each edits, what runs in each.

use std::path::PathBuf;
use std::sync::Arc;

use callscope_wire::schema::{Method, Schema};
use callscope_wire::{FlowId, Shape};

use super::compare::{Compare, Spread};
use super::draft::Draft;
use super::messages::Keep;
use crate::store::{Inherited, Outside, Stamp};

/// One tab; never reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct TabId(pub u64);

/// The open tabs.
#[derive(Debug, Default)]
pub struct Tabs {
    /// In the order in which they were opened; the layout orders them on screen.
    pub open: Vec<Tab>,
    /// The one in front.
    pub active: Option<TabId>,
    /// Those that can be seen: the one in front of every half.
    pub front: Vec<TabId>,
    /// Closed ones, newest last, for "reopen".
    pub closed: Vec<Tab>,
    /// The last id given out.
    pub last: u64,
}

/// One open call.
#[derive(Clone, Debug, Default)]
pub struct Tab {
    /// Its id.
    pub id: TabId,
    /// What is composed.
    pub draft: Draft,
    /// Counts changes of the draft that did not come from the tab's own editors; they reload their text then.
    pub revision: u64,
    /// Opened by one click and not touched since: the next one takes its place. Shown in italics.
    pub preview: bool,
    /// File it was opened from or saved to.
    pub file: Option<PathBuf>,
    /// The draft as it lies in the file; `None`: never saved.
    pub saved: Option<Draft>,
    /// The file is of a newer format, or could not be read whole: never written.
    pub read_only: bool,
    /// What the file was when it was read or written last, to notice what others do to it.
    pub stamp: Option<Stamp>,
    /// Somebody else wrote the file, or took it away, since then.
    pub outside: Outside,
    /// What the call gets from the `defaults.yaml` of the folders above it.
    pub inherited: Inherited,
    /// What the target offers, once it is known.
    pub schema: Option<Arc<Schema>>,
    /// The call shown on the response side: the last one, or the one picked in a plot.
    pub flow: Option<FlowId>,
    /// The stream or call that runs now.
    pub running: Option<Running>,
    /// Repetition, while it runs.
    pub repeat: Option<Repeat>,
    /// Two calls beside each other, over the call itself.
    pub compare: Option<Compare>,
    /// The call sent to every instance, and what they answered.
    pub spread: Option<Spread>,
    /// How many messages of its streams are kept.
    pub keep: Keep,
}

/// What runs in a tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The call.
    pub flow: FlowId,
    /// How many messages go each way.
    pub shape: Shape,
    /// Prepared messages sent so far; the next to send is this index.
    pub sent: usize,
    /// Nothing more will be sent.
    pub half_closed: bool,
    /// Cancel was asked for and has not ended it yet.
    pub cancelling: bool,
}

/// Calls per second when nobody said how many.
pub const REPEAT_RATE: f64 = 10.0;
/// The gentle range of it.
pub const REPEAT_RATES: std::ops::RangeInclusive<f64> = 1.0..=200.0;

/// A call sent again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// Calls per second, 1–200.
    pub rate: f64,
    /// Calls made so far.
    pub made: u64,
    /// Of these, those that did not end OK.
    pub failed: u64,
}

impl Tab {
    /// Whether there is something that the file does not have. A tab nobody touched has nothing to lose.
    pub fn is_unsaved(&self) -> bool {
        match &self.saved {
            Some(saved) => *saved != self.draft,
            None => !self.preview,
        }
    }

    /// The method that the draft names, if the schema knows it.
    pub fn method(&self) -> Option<&Method> {
        self.schema.as_ref()?.method(&self.draft.method).map(|(_, method)| method)
    }

    /// Shape of the call: from the schema; unary while nothing is known.
    pub fn shape(&self) -> Shape {
        self.method().map_or(Shape::Unary, |method| method.shape)
    }
}

impl Tabs {
    /// The tab with this id.
    pub fn get(&self, id: TabId) -> Option<&Tab> {
        self.open.iter().find(|tab| tab.id == id)
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, id: TabId) -> Option<&mut Tab> {
        self.open.iter_mut().find(|tab| tab.id == id)
    }

    /// The tab in front.
    pub fn active(&self) -> Option<&Tab> {
        self.active.and_then(|id| self.get(id))
    }

    /// Opens a tab in front and returns its id.
    pub fn open(&mut self, mut tab: Tab) -> TabId {
        self.last += 1;
        tab.id = TabId(self.last);
        self.active = Some(tab.id);
        self.open.push(tab);
        TabId(self.last)
    }

    /// The tab in which this flow runs or ran last.
    pub fn by_flow(&self, flow: FlowId) -> Option<&Tab> {
        self.open.iter().find(|tab| {
            let running = tab.running.as_ref().is_some_and(|running| running.flow == flow);
            let spread = tab.spread.as_ref().is_some_and(|spread| spread.rows.iter().any(|row| row.flow == Some(flow)));
            tab.flow == Some(flow) || running || spread
        })
    }
}
