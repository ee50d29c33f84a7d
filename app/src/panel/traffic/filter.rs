//! The text of the filter, and the last one of them that made sense.

use callscope_wire::capture::filter::Filter;
use callscope_wire::capture::{Frame, Store};

/// What is typed, and what is in force.
#[derive(Debug, Default)]
pub(super) struct FilterText {
    /// As typed.
    pub text: String,
    /// What is wrong with it: where (characters from the start), and what.
    pub error: Option<(usize, String)>,
    /// Somebody asked for the cursor.
    pub wants_focus: bool,
    /// The last text that was a filter, which goes on working while the next is typed.
    good: String,
    compiled: Option<Filter>,
}

impl FilterText {
    /// The text has changed.
    pub fn parse(&mut self) {
        match Filter::parse(&self.text) {
            Ok(filter) => {
                self.text.trim().clone_into(&mut self.good);
                self.compiled = Some(filter).filter(|_| !self.good.is_empty());
                self.error = None;
            }
            Err(error) => {
                let characters = self.text.get(..error.offset).map_or(0, |before| before.chars().count());
                self.error = Some((characters, error.message));
            }
        }
    }

    /// Lets everything pass again.
    pub fn clear(&mut self) {
        self.text.clear();
        self.parse();
    }

    /// The text in force, to tell one filter from another.
    pub fn rule(&self) -> String {
        self.good.clone()
    }

    /// Whether it holds anything back.
    pub fn is_active(&self) -> bool {
        self.compiled.is_some()
    }

    /// Whether a frame passes.
    pub fn keeps(&self, store: &Store, frame: &Frame) -> bool {
        let Some(filter) = &self.compiled else { return true };
        let connection = if filter.needs_connection() { store.connection(frame.connection) } else { None };
        filter.matches(frame, connection.map(|connection| &connection.facts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_typed_filter_leaves_the_last_one_in_force() {
        let mut filter = FilterText::default();
        "kind == DATA".clone_into(&mut filter.text);
        filter.parse();
        assert!(filter.is_active() && filter.error.is_none());
        "kind == DATA && 你 ==".clone_into(&mut filter.text);
        filter.parse();
        assert_eq!(filter.rule(), "kind == DATA");
        let (at, message) = filter.error.clone().unwrap();
        assert!(at <= filter.text.chars().count(), "{at}: {message}");
        filter.clear();
        assert!(!filter.is_active() && filter.error.is_none());
    }
}
