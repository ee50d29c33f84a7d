//! The panes of the window, one file (or folder) each. They paint the model and push commands.
//!
//! A panel changes only its own state; everything else leaves as a [`Command`]. `logic` works
//! (filters, sorts, decodes), `ui` paints. No tokio and no `callscope-net` in here.

use callscope_wire::Time;

use crate::command::Command;
use crate::model::Model;
use crate::theme::Tokens;

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
