//! What happened, in words: warnings and errors that are nobody's answer. Bounded.

use std::collections::VecDeque;

use callscope_wire::{Time, Words};

/// Lines kept.
const LINES: usize = 2_000;

/// The lines, newest last.
#[derive(Debug, Default)]
pub struct Log {
    /// The lines.
    pub lines: VecDeque<Line>,
    /// Counts every line ever.
    pub revision: u64,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Line {
    /// When.
    pub at: Time,
    /// How bad.
    pub level: Level,
    /// One sentence.
    pub text: Words,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Good to know.
    Info,
    /// Recovered.
    Warn,
    /// Lost something or gave up.
    Error,
}

impl Log {
    /// Adds a line.
    pub fn push(&mut self, at: Time, level: Level, text: impl Into<Words>) {
        self.lines.push_back(Line { at, level, text: text.into() });
        if self.lines.len() > LINES {
            self.lines.pop_front();
        }
        self.revision += 1;
    }
}
