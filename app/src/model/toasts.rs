//! Short messages at the lower right: at most three, each with at most one way back.

use std::time::Duration;

use callscope_wire::{Time, Words};

use crate::command::Command;

/// How long one stays.
pub const LIFE: Duration = Duration::from_secs(8);
/// How many there are at once.
const MOST: usize = 3;

/// What is shown now, oldest first.
#[derive(Debug, Default)]
pub struct Toasts {
    /// The toasts.
    pub shown: Vec<Toast>,
    last: u64,
}

/// One short message.
#[derive(Debug)]
pub struct Toast {
    /// Its id.
    pub id: u64,
    /// One sentence.
    pub text: Words,
    /// Something went wrong.
    pub error: bool,
    /// What Undo does.
    pub undo: Option<Box<Command>>,
    /// When it came.
    pub at: Time,
}

impl Toasts {
    /// Says something.
    pub fn say(&mut self, at: Time, text: impl Into<Words>) {
        self.push(at, text.into(), false, None);
    }

    /// Says what went wrong.
    pub fn error(&mut self, at: Time, text: impl Into<Words>) {
        self.push(at, text.into(), true, None);
    }

    /// Says what was done, and offers to undo it.
    pub fn undoable(&mut self, at: Time, text: impl Into<Words>, undo: Command) {
        self.push(at, text.into(), false, Some(Box::new(undo)));
    }

    /// Lets those go whose time is over.
    pub fn expire(&mut self, now: Time) {
        self.shown.retain(|toast| now.since(toast.at) < LIFE);
    }

    fn push(&mut self, at: Time, text: Words, error: bool, undo: Option<Box<Command>>) {
        self.last += 1;
        self.shown.push(Toast { id: self.last, text, error, undo, at });
        if self.shown.len() > MOST {
            self.shown.remove(0);
        }
    }
}
