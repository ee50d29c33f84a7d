//! What the view of one call tab remembers between frames.

use std::collections::BTreeMap;

use callscope_wire::FlowId;

use super::check::Check;
use super::compare::CompareView;
use super::form::Form;
use super::history::History;
use super::large::Viewer;
use super::link;
use super::subject::Subject;
use crate::model::draft::{Draft, PreparedMessage};
use crate::model::settings::MessageView;
use crate::model::tabs::REPEAT_RATE;
use crate::widget::json::editor::EditorState;
use crate::widget::json::text::TextState;
use crate::widget::json::tree::TreeState;
use crate::widget::vtable::TableState;

/// Sub-tabs of the request, in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RequestTab {
    #[default]
    Message,
    Metadata,
    Auth,
    Policy,
    Docs,
}

impl RequestTab {
    pub const ALL: [Self; 5] = [Self::Message, Self::Metadata, Self::Auth, Self::Policy, Self::Docs];
}

/// Sub-tabs of the response, in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ResponseTab {
    #[default]
    Message,
    Metadata,
    Trailers,
    Attempts,
}

impl ResponseTab {
    pub const ALL: [Self; 4] = [Self::Message, Self::Metadata, Self::Trailers, Self::Attempts];
}

/// One tab's view.
pub(super) struct View {
    /// Working copy of the tab's draft.
    pub draft: Draft,
    /// Something in it was changed in this frame.
    pub touched: bool,
    /// The tab's revision and draft that the copy is of.
    revision: Option<u64>,
    base: Draft,
    /// The call that was shown last.
    pub settled: Option<FlowId>,
    /// Counts reloads and removals: part of the ids of fields, so that none keeps another one's caret.
    pub generation: u64,

    pub request_tab: RequestTab,
    pub response_tab: ResponseTab,
    pub split_share: f32,
    pub stack_share: f32,
    pub metadata_open: bool,

    /// The prepared message in the editor.
    pub selected: usize,
    /// Messages sent when this view looked last: the editor follows to the next one.
    sent: usize,
    /// Its editor.
    pub editor: EditorState,
    pub check: Check,
    /// Form, JSON or both; `None`: as the settings say.
    pub written_as: Option<MessageView>,
    pub form: Form,
    /// Beside the form stands the answer, not the JSON.
    pub answer_in_front: bool,
    pub history: History,
    /// The message that the history is of.
    history_of: (usize, usize, String, String),
    /// The same for a message that is too large for the editor.
    pub large: TextState,

    /// The deadline as typed while its float is open.
    pub deadline: Option<String>,
    /// The list of methods is open, and the marked row of it.
    pub completing: Option<usize>,
    pub repeat_rate: f64,
    /// Durations and pauses as typed, by field, while they do not parse or have the focus.
    pub typed: BTreeMap<String, String>,
    /// The instance whose breaker the policy tab shows.
    pub breaker: Option<String>,

    /// The call that the fields below are about, and its method.
    flow: Option<FlowId>,
    method: Option<String>,
    pub tree: TreeState,
    pub as_text: bool,
    pub text: TextState,
    /// The message as text, and of which one.
    pub pretty: Option<(u64, String)>,
    /// The message that is shown, where it is too large to be decoded.
    pub(super) viewer: Option<Viewer>,
    pub table: TableState,
    /// Messages of the call that were dropped when the table was shown last.
    pub dropped: u64,
    pub stream_share: f32,
    pub compare: CompareView,
    pub attempt: Option<u8>,
    /// The last choice of a value that was heard of.
    pub link: u64,
    /// Where in a large message a value was chosen, until that is walked through.
    pub go_to: Option<usize>,
}

impl Default for View {
    fn default() -> Self {
        Self {
            draft: Draft::default(),
            touched: false,
            revision: None,
            base: Draft::default(),
            settled: None,
            generation: 0,
            request_tab: RequestTab::default(),
            response_tab: ResponseTab::default(),
            split_share: 0.5,
            stack_share: 0.5,
            metadata_open: true,
            selected: 0,
            sent: 0,
            editor: EditorState::default(),
            check: Check::default(),
            written_as: None,
            form: Form::default(),
            answer_in_front: false,
            history: History::default(),
            history_of: Default::default(),
            large: TextState::default(),
            deadline: None,
            completing: None,
            repeat_rate: REPEAT_RATE,
            typed: BTreeMap::new(),
            breaker: None,
            flow: None,
            method: None,
            tree: TreeState::default(),
            as_text: false,
            text: TextState::default(),
            pretty: None,
            viewer: None,
            table: TableState::following(),
            dropped: 0,
            stream_share: 0.55,
            compare: CompareView::default(),
            attempt: None,
            link: 0,
            go_to: None,
        }
    }
}

impl View {
    /// Takes in what changed outside of this view.
    pub fn sync(&mut self, subject: &Subject<'_>) {
        let tab = subject.tab;
        // An undone change comes back without a new revision.
        if self.revision != Some(tab.revision) || self.base != tab.draft {
            self.revision = Some(tab.revision);
            self.base = tab.draft.clone();
            self.generation += 1;
            self.draft = tab.draft.clone();
            if self.draft.messages.is_empty() {
                // Something to write into; see `edited`.
                self.draft.messages.push(PreparedMessage::default());
            }
            self.typed.clear();
            self.deadline = None;
            self.editor = EditorState::default();
            self.form.reload();
            self.check.reload();
        }
        let sent = tab.running.as_ref().map_or(0, |running| running.sent);
        if sent > self.sent && sent < self.draft.messages.len() {
            self.select(sent);
        }
        self.sent = sent;
        self.selected = self.selected.min(self.draft.messages.len().saturating_sub(1));
        let flow = subject.record.map(|record| record.flow.id);
        if self.flow != flow {
            self.flow = flow;
            // Who has just sent wants to see what comes.
            self.answer_in_front = flow.is_some();
            self.table = TableState::following();
            self.dropped = 0;
            self.attempt = None;
            // What was folded and selected in one answer of a method is so in the next.
            let method = subject.record.map(|record| record.flow.method.clone());
            if self.method != method {
                self.method = method;
                self.tree = TreeState::default();
            }
        }
        link::hear(self, subject);
    }

    /// The draft if it was edited in this frame, without the empty message that only the editor needed.
    pub fn take_edited(&mut self) -> Option<Draft> {
        if !std::mem::take(&mut self.touched) {
            return None;
        }
        let mut draft = self.draft.clone();
        if draft.messages == [PreparedMessage::default()] {
            draft.messages.clear();
        }
        self.base = draft.clone();
        Some(draft)
    }

    /// What was typed into the fields of a policy and did not parse is given up.
    pub fn forget_typed(&mut self, policy: &str) {
        self.typed.retain(|key, _| key.split('.').next() != Some(policy));
    }

    /// Shows another prepared message.
    pub fn select(&mut self, index: usize) {
        if self.selected != index {
            self.selected = index;
            self.reload_editor();
        }
    }

    /// The text in the editor is another one now.
    pub fn reload_editor(&mut self) {
        self.generation += 1;
        self.editor = EditorState::default();
        self.form.reload();
        self.check.reload();
    }

    /// How the message is written.
    pub fn written_as(&self, settings: MessageView) -> MessageView {
        self.written_as.unwrap_or(settings)
    }

    /// Takes the message into its history; `now` is in seconds.
    pub fn note_history(&mut self, now: f64) {
        let of = (self.selected, self.draft.messages.len(), self.draft.method.clone(), self.draft.target.clone());
        let Some(message) = self.draft.messages.get(self.selected) else { return };
        if self.history_of == of {
            self.history.note(&message.text, now);
        } else {
            self.history_of = of;
            self.history.reset(&message.text);
        }
    }
}
