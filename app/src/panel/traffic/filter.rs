//! The text of the filter, and the last one of them that made sense.

use callscope_wire::Words;
use callscope_wire::capture::filter::Filter;
use callscope_wire::capture::{Frame, Store};
use egui::Color32;
use egui::text::{LayoutJob, TextFormat};

use crate::theme::{Tokens, font};

/// What is typed, and what is in force.
#[derive(Debug, Default)]
pub(super) struct FilterText {
    /// As typed.
    pub text: String,
    /// What is wrong with it: where (characters from the start), and what.
    pub error: Option<(usize, Words)>,
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

/// A filter in colors. It reads only as much as that takes: whether it makes sense is the parser's to say.
pub(super) fn highlight(text: &str, t: &Tokens) -> LayoutJob {
    let mut job = LayoutJob::default();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (len, color) = token(rest, first, t);
        let (part, after) = rest.split_at_checked(len.max(first.len_utf8())).unwrap_or((rest, ""));
        job.append(part, 0.0, TextFormat::simple(font::code_small(), color));
        rest = after;
    }
    if text.is_empty() {
        // So that an empty field is as high as a full one.
        job.append("", 0.0, TextFormat::simple(font::code_small(), t.hi));
    }
    job
}

/// Length and color of the token that `rest` begins with.
fn token(rest: &str, first: char, t: &Tokens) -> (usize, Color32) {
    let until = |end: &dyn Fn(char) -> bool| rest.find(end).unwrap_or(rest.len());
    if first == '"' {
        let inside = rest.get(1..).unwrap_or_default();
        return (inside.find('"').map_or(rest.len(), |end| end + 2), t.str);
    }
    let in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '*' | '-');
    if !in_word(first) {
        return (until(&in_word).min(rest.find('"').unwrap_or(rest.len())), t.punct);
    }
    let len = until(&|c| !in_word(c));
    let word = rest.get(..len).unwrap_or_default();
    let compared = rest.get(len..).unwrap_or_default().trim_start().starts_with(['=', '!', '<', '>', '~']);
    let color = if compared {
        t.key
    } else if first.is_ascii_digit() {
        t.num
    } else if word.chars().all(|c| c.is_ascii_uppercase() || c == '_') {
        t.lit
    } else {
        t.str
    };
    (len, color)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::DARK;

    #[test]
    fn every_part_of_a_filter_has_its_color() {
        let text = "method == \"shop.Orders/*\" && (status != OK || bytes > 100) 你好 \"open";
        let job = highlight(text, &DARK);
        assert_eq!(job.text, text);
        let of = |part: &str| {
            let at = text.find(part).unwrap();
            job.sections
                .iter()
                .find(|section| section.byte_range.start.0 <= at && at < section.byte_range.end.0)
                .unwrap()
                .format
                .color
        };
        assert_eq!([of("method"), of("status"), of("bytes")], [DARK.key; 3]);
        assert_eq!([of("\"shop"), of("你好"), of("\"open")], [DARK.str; 3]);
        assert_eq!((of("OK"), of("100"), of("&&")), (DARK.lit, DARK.num, DARK.punct));
        assert_eq!(highlight("", &DARK).text, "");
    }

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
