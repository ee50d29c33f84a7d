//! Is the message in the editor valid: does it parse, does it fit its type, how large is it. Kept until the text, the
//! method or the schema is another one.

use std::ops::Range;
use std::sync::Arc;

use callscope_wire::schema::validate::Part;
use callscope_wire::schema::{Schema, TypeRef};
use callscope_wire::value::text::{self, SpanMap};
use callscope_wire::{Say as _, Words};
use poll_promise::Promise;

use super::form::read::Read;
use super::subject::Subject;

/// Texts above this are not checked while typing: parsing them would be felt.
const LIMIT: usize = 2_000_000;
/// Texts up to this are checked at once, in less than a frame; larger ones on a thread of their own.
const AT_ONCE: usize = 64 << 10;

#[derive(Default)]
pub(super) struct Check {
    /// What the verdict is about, or will be when the work is done.
    key: Option<Key>,
    working: Option<Promise<Judged>>,
    pub verdict: Verdict,
    /// The text as it was checked, taken apart, for the form to take: only of one that is JSON, or empty, and only
    /// where its type is known.
    pub read: Option<Read>,
    /// No form can be made of the message, whatever it says: its type is unknown or no record, or there is too much.
    pub formless: bool,
    /// Counts verdicts.
    pub revision: u64,
}

/// What was found out.
struct Judged {
    verdict: Verdict,
    read: Option<Read>,
}

/// What was checked.
#[derive(PartialEq, Eq)]
struct Key {
    text: u64,
    len: usize,
    method: String,
    schema: usize,
}

/// What there is to say of a message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing is written.
    #[default]
    Empty,
    /// It may be sent as it is.
    Valid {
        /// The type it fits; empty while the schema is unknown.
        of: String,
        /// Bytes as compact JSON.
        bytes: usize,
    },
    /// It is no JSON, or does not fit its type.
    Wrong(Vec<Mistake>),
    /// Too large to be checked while typing.
    Unchecked,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Where in the text.
    pub range: Range<usize>,
    /// What.
    pub message: Words,
    /// The rule of the schema that it breaks; empty for broken JSON.
    pub rule: Words,
    /// JSON pointer of the value that it is about.
    pub path: String,
    /// Which part of that; `None`: the text is no JSON.
    pub part: Option<Part>,
}

impl Check {
    /// Looks at `source` again if anything about it changed. What takes longer than a frame wakes the window when it
    /// is done, and the verdict stays that of the text before.
    pub fn update(&mut self, ctx: &egui::Context, source: &str, subject: &Subject<'_>) {
        if let Some(working) = self.working.take() {
            match working.try_take() {
                Ok(judged) => self.take(judged),
                Err(working) => self.working = Some(working),
            }
        }
        let schema = subject.tab.schema.as_ref();
        let key = Key {
            // What is not checked anyway need not be looked at in every frame.
            text: if source.len() > LIMIT { 0 } else { egui::util::hash(source) },
            len: source.len(),
            method: subject.tab.draft.method.clone(),
            schema: schema.map_or(0, |schema| Arc::as_ptr(schema) as usize),
        };
        // One at a time: what was typed meanwhile is looked at when that is done.
        if self.key.as_ref() == Some(&key) || self.working.is_some() {
            return;
        }
        self.key = Some(key);
        let type_of = schema.cloned().zip(subject.tab.method().map(|method| method.request.clone()));
        let source = source.to_owned();
        if source.len() <= AT_ONCE || source.len() > LIMIT {
            self.take(judge(source, type_of));
            return;
        }
        let ctx = ctx.clone();
        self.working = Some(Promise::spawn_thread("callscope-check", move || {
            let judged = judge(source, type_of);
            ctx.request_repaint();
            judged
        }));
    }

    fn take(&mut self, judged: Judged) {
        self.verdict = judged.verdict;
        self.read = judged.read;
        self.formless = self.read.is_none() && self.broken().is_none();
        self.revision += 1;
    }

    /// Another text begins: it is looked at even if it is the same.
    pub fn reload(&mut self) {
        self.key = None;
        self.working = None;
        self.read = None;
    }

    /// Things that are wrong.
    pub fn mistakes(&self) -> &[Mistake] {
        if let Verdict::Wrong(mistakes) = &self.verdict { mistakes } else { &[] }
    }

    /// What is wrong with the text as JSON.
    pub fn broken(&self) -> Option<&Mistake> {
        self.mistakes().iter().find(|mistake| mistake.part.is_none())
    }
}

fn judge(source: String, type_of: Option<(Arc<Schema>, TypeRef)>) -> Judged {
    if source.trim().is_empty() {
        let read = type_of.and_then(|(schema, of)| Read::new(source, schema, &of));
        return Judged { verdict: Verdict::Empty, read };
    }
    if source.len() > LIMIT {
        return Judged { verdict: Verdict::Unchecked, read: None };
    }
    let value = match text::parse(&source) {
        Ok(value) => value,
        Err(error) => {
            let mistake = Mistake {
                range: error.offset..error.offset + 1,
                message: error.say(),
                rule: Words::default(),
                path: String::new(),
                part: None,
            };
            return Judged { verdict: Verdict::Wrong(vec![mistake]), read: None };
        }
    };
    let bytes = value.to_string().len();
    let Some((schema, of)) = type_of else {
        return Judged { verdict: Verdict::Valid { of: String::new(), bytes }, read: None };
    };
    let problems = schema.validate(&value, &of);
    if problems.is_empty() {
        let verdict = Verdict::Valid { of: type_name(&of), bytes };
        return Judged { verdict, read: Read::new(source, schema, &of) };
    }
    let spans = SpanMap::of(&source);
    let mistakes = problems.into_iter().map(|problem| {
        // A field that should not be there is wrong by its name, any other by its value.
        let span = spans.name(&problem.path).filter(|_| problem.part == Part::Name);
        let span = span.or_else(|| spans.value(&problem.path)).unwrap_or_default();
        // Of an object that misses something, its first line will do.
        let end = source.get(span.range()).and_then(|text| text.find('\n')).map_or(span.end, |at| span.start + at);
        Mistake {
            range: span.start..end.max(span.start + 1),
            message: problem.message,
            rule: problem.rule,
            path: problem.path,
            part: Some(problem.part),
        }
    });
    let verdict = Verdict::Wrong(mistakes.collect());
    Judged { verdict, read: Read::new(source, schema, &of) }
}

/// `shop.PlaceRequest`, `list<Line>`.
pub(super) fn type_name(of: &TypeRef) -> String {
    if let TypeRef::Named(name) = of { name.clone() } else { of.bare() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Verdict, judge};
    use crate::panel::call::fixture;
    use callscope_wire::schema::TypeRef;

    fn check(source: &str) -> Verdict {
        let of = TypeRef::Named("shop.PlaceRequest".into());
        judge(source.to_owned(), Some((Arc::new(fixture::schema()), of))).verdict
    }

    #[test]
    fn a_message_is_valid_with_its_type_and_size() {
        let source = "{\n  \"customer_id\": \"c-1\",\n  \"items\": []\n}";
        assert_eq!(check(source), Verdict::Valid { of: "shop.PlaceRequest".into(), bytes: 32 });
        assert_eq!(check(" \n"), Verdict::Empty);
    }

    #[test]
    fn broken_json_is_named_by_line_and_column() {
        let Verdict::Wrong(mistakes) = check("{\n  \"customer_id\" \"c-1\"\n}") else { panic!("valid?") };
        assert!(mistakes[0].message.to_string().starts_with("line 2, column 17"), "{}", mistakes[0].message);
    }

    #[test]
    fn a_field_that_does_not_exist_is_underlined_by_its_name() {
        let source = "{ \"customer_id\": \"c-1\", \"itms\": [], \"items\": [] }";
        let Verdict::Wrong(mistakes) = check(source) else { panic!("valid?") };
        assert_eq!(&source[mistakes[0].range.clone()], "\"itms\"");
        assert!(mistakes[0].message.to_string().contains("itms"));
    }

    #[test]
    fn a_wrong_value_is_underlined_itself() {
        let source = "{ \"customer_id\": 5, \"items\": [{ \"sku\": \"A\", \"qty\": -1 }] }";
        let Verdict::Wrong(mistakes) = check(source) else { panic!("valid?") };
        assert_eq!(mistakes.len(), 2);
        assert_eq!(&source[mistakes[0].range.clone()], "5");
        assert_eq!(&source[mistakes[1].range.clone()], "-1");
        assert!(!mistakes[1].rule.is_empty());
    }
}
