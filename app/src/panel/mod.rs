//! The panes of the window, one file (or folder) each. They paint the model and push commands.
//!
//! A panel changes only its own state; everything else leaves as a [`Command`]. `logic` works
//! (filters, sorts, decodes), `ui` paints. No tokio and no `callscope-net` in here.

pub mod call;
pub mod calls;
pub mod log;
pub mod plots;
pub mod services;
pub mod settings;
pub mod timeline;
pub mod traffic;
mod tree;

use callscope_wire::Time;
use callscope_wire::status::Severity;

use crate::command::Command;
use crate::model::Model;
use crate::model::tabs::Tab;
use crate::theme::Tokens;
use crate::widget::mark::Mark;

/// What a panel gets to see and say in one frame.
pub struct Cx<'a> {
    /// What there is to show.
    pub model: &'a Model,
    /// What the user did; carried out after the frame.
    pub commands: &'a mut Vec<Command>,
    /// Colors of the current theme.
    pub tokens: &'static Tokens,
    /// The window is narrower than 1100 points: leave out what `narrow` leaves out.
    pub narrow: bool,
}

impl Cx<'_> {
    /// The user did something.
    pub fn push(&mut self, command: Command) {
        self.commands.push(command);
    }

    /// Time of this frame.
    pub const fn now(&self) -> Time {
        self.model.now
    }
}

/// The mark of a status.
pub const fn severity_mark(severity: Severity) -> Mark {
    match severity {
        Severity::Ok => Mark::Ok,
        Severity::Cancelled => Mark::Idle,
        Severity::Caller => Mark::Warn,
        Severity::Capacity => Mark::Cap,
        Severity::Failure => Mark::Err,
        Severity::Redirect => Mark::Info,
    }
}

/// The mark of a tab: what runs in it, or how its last call ended.
pub fn outcome_mark(model: &Model, tab: &Tab) -> Mark {
    if tab.running.is_some() || tab.repeat.is_some() {
        return Mark::Running;
    }
    let status = tab.flow.and_then(|flow| model.flows.get(flow)).and_then(|record| record.flow.status.as_ref());
    status.map_or(Mark::Idle, |status| severity_mark(status.code.severity()))
}
