//! Undo of the message: one history for its text, whoever changed it, editor or form.

/// Changes that can be undone.
const STEPS: usize = 500;
/// Bytes of all of them together; the oldest go first.
const BYTES: usize = 16 << 20;
/// Letters typed closer together than this, in seconds, are undone together.
const PAUSE: f64 = 1.0;

/// What changed in a text: `before` at byte `at` became `after`.
#[derive(Clone, Debug, PartialEq)]
struct Step {
    at: usize,
    before: String,
    after: String,
    when: f64,
}

/// The text as it was seen last, and how it came about.
#[derive(Debug, Default)]
pub(super) struct History {
    text: String,
    undo: Vec<Step>,
    redo: Vec<Step>,
}

impl History {
    /// Another text begins; nothing of the old one can be brought back.
    pub fn reset(&mut self, text: &str) {
        *self = Self { text: text.to_owned(), ..Self::default() };
    }

    /// Looks at the text. What changed since the last look becomes a step; `now` is in seconds.
    pub fn note(&mut self, text: &str, now: f64) {
        if self.text == text {
            return;
        }
        let step = difference(&self.text, text, now);
        text.clone_into(&mut self.text);
        self.redo.clear();
        match self.undo.last_mut() {
            Some(last) if continues(last, &step) => {
                last.after.push_str(&step.after);
                last.when = now;
            }
            Some(last) if erases_on(last, &step) => {
                last.before.insert_str(0, &step.before);
                last.at = step.at;
                last.when = now;
            }
            _ => self.undo.push(step),
        }
        let mut bytes: usize = self.undo.iter().map(|step| step.before.len() + step.after.len()).sum();
        while self.undo.len() > STEPS || (bytes > BYTES && self.undo.len() > 1) {
            let gone = self.undo.remove(0);
            bytes -= gone.before.len() + gone.after.len();
        }
    }

    /// Takes the last change back in `text`, which must be the one seen last; gives the bytes that came back.
    pub fn undo(&mut self, text: &mut String) -> Option<std::ops::Range<usize>> {
        let step = self.undo.pop()?;
        let range = replace(text, step.at, &step.after, &step.before)?;
        self.text.clone_from(text);
        self.redo.push(step);
        Some(range)
    }

    /// Does again what was undone last.
    pub fn redo(&mut self, text: &mut String) -> Option<std::ops::Range<usize>> {
        let step = self.redo.pop()?;
        let range = replace(text, step.at, &step.before, &step.after)?;
        self.text.clone_from(text);
        self.undo.push(step);
        Some(range)
    }
}

fn replace(text: &mut String, at: usize, old: &str, new: &str) -> Option<std::ops::Range<usize>> {
    (text.get(at..at + old.len())? == old).then(|| {
        text.replace_range(at..at + old.len(), new);
        at..at + new.len()
    })
}

/// One replacement that makes `new` of `old`, as small as it can be.
fn difference(old: &str, new: &str, when: f64) -> Step {
    let same = |a: &u8, b: &u8| a == b;
    let mut start = old.bytes().zip(new.bytes()).take_while(|(a, b)| same(a, b)).count();
    while !(old.is_char_boundary(start) && new.is_char_boundary(start)) {
        start -= 1;
    }
    let (rest_old, rest_new) = (old.get(start..).unwrap_or_default(), new.get(start..).unwrap_or_default());
    let mut end = rest_old.bytes().rev().zip(rest_new.bytes().rev()).take_while(|(a, b)| same(a, b)).count();
    while !(rest_old.is_char_boundary(rest_old.len() - end) && rest_new.is_char_boundary(rest_new.len() - end)) {
        end -= 1;
    }
    Step {
        at: start,
        before: rest_old.get(..rest_old.len() - end).unwrap_or_default().to_owned(),
        after: rest_new.get(..rest_new.len() - end).unwrap_or_default().to_owned(),
        when,
    }
}

/// Whether a step is the next letter of the same word.
fn continues(last: &Step, step: &Step) -> bool {
    let letter = step.before.is_empty() && step.after.chars().count() == 1 && step.after.trim() == step.after;
    letter && step.at == last.at + last.after.len() && step.when - last.when < PAUSE && !last.after.is_empty()
}

/// Whether a step takes the letter before the one that was taken last.
fn erases_on(last: &Step, step: &Step) -> bool {
    let letter = step.after.is_empty() && step.before.chars().count() == 1;
    letter && last.after.is_empty() && step.at + step.before.len() == last.at && step.when - last.when < PAUSE
}

#[cfg(test)]
mod tests {
    use super::History;

    #[test]
    fn words_are_undone_whole_and_done_again() {
        let mut history = History::default();
        let mut text = String::from("{}");
        history.reset(&text);
        for (now, typed) in [(0.0, "{a}"), (0.1, "{ab}"), (0.2, "{ab }"), (5.0, "{ab c}")] {
            typed.clone_into(&mut text);
            history.note(&text, now);
        }
        assert_eq!(history.undo(&mut text), Some(4..4));
        assert_eq!(text, "{ab }");
        history.undo(&mut text);
        history.undo(&mut text);
        assert_eq!(history.undo(&mut text), None);
        assert_eq!(text, "{}");
        assert_eq!(history.redo(&mut text), Some(1..3));
        assert_eq!(text, "{ab}");
        // Something new: what was undone is gone.
        text.push('!');
        history.note(&text, 9.0);
        assert_eq!(history.redo(&mut text), None);
    }

    #[test]
    fn letters_erased_in_a_row_come_back_together() {
        let mut history = History::default();
        let mut text = String::from("\"abc\"");
        history.reset(&text);
        for (now, left) in [(0.0, "\"ab\""), (0.1, "\"a\""), (0.2, "\"\"")] {
            left.clone_into(&mut text);
            history.note(&text, now);
        }
        history.undo(&mut text);
        assert_eq!(text, "\"abc\"");
    }

    #[test]
    fn characters_are_never_cut() {
        let mut history = History::default();
        history.reset("\"上海\"");
        let mut text = String::from("\"下海\"");
        history.note(&text, 0.0);
        history.undo(&mut text);
        assert_eq!(text, "\"上海\"");
    }
}
