//! Is the message in the editor valid: does it parse, does it fit its type, how large is it. Kept until the text, the
//! method or the schema is another one.

use std::ops::Range;
use std::sync::Arc;

use callscope_wire::schema::validate::Part;
use callscope_wire::schema::{Schema, TypeRef};
use callscope_wire::value::text::{self, SpanMap};
use callscope_wire::{Say as _, Words};

use super::subject::Subject;

/// Texts above this are not checked while typing: parsing them would be felt.
const LIMIT: usize = 2_000_000;

#[derive(Default)]
pub(super) struct Check {
    key: Option<Key>,
    pub verdict: Verdict,
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
}

impl Check {
    /// Looks at `source` again if anything about it changed.
    pub fn update(&mut self, source: &str, subject: &Subject<'_>) {
        let schema = subject.tab.schema.as_ref();
        let key = Key {
            text: egui::util::hash(source),
            len: source.len(),
            method: subject.tab.draft.method.clone(),
            schema: schema.map_or(0, |schema| Arc::as_ptr(schema) as usize),
        };
        if self.key.as_ref() == Some(&key) {
            return;
        }
        self.key = Some(key);
        self.verdict = judge(source, schema.map(Arc::as_ref), subject.tab.method().map(|method| &method.request));
    }

    /// Things that are wrong.
    pub fn mistakes(&self) -> &[Mistake] {
        if let Verdict::Wrong(mistakes) = &self.verdict { mistakes } else { &[] }
    }
}

fn judge(source: &str, schema: Option<&Schema>, of: Option<&TypeRef>) -> Verdict {
    if source.trim().is_empty() {
        return Verdict::Empty;
    }
    if source.len() > LIMIT {
        return Verdict::Unchecked;
    }
    let value = match text::parse(source) {
        Ok(value) => value,
        Err(error) => {
            let message = error.say();
            return Verdict::Wrong(vec![Mistake {
                range: error.offset..error.offset + 1,
                message,
                rule: Words::default(),
            }]);
        }
    };
    let bytes = value.to_string().len();
    let (Some(schema), Some(of)) = (schema, of) else { return Verdict::Valid { of: String::new(), bytes } };
    let problems = schema.validate(&value, of);
    if problems.is_empty() {
        return Verdict::Valid { of: type_name(of), bytes };
    }
    let spans = SpanMap::of(source);
    let mistakes = problems.into_iter().map(|problem| {
        // A field that does not exist is wrong by its name, any other by its value.
        let span = spans.name(&problem.path).filter(|_| problem.part == Part::Name);
        let span = span.or_else(|| spans.value(&problem.path)).unwrap_or_default();
        // Of an object that misses something, its first line will do.
        let end = source.get(span.range()).and_then(|text| text.find('\n')).map_or(span.end, |at| span.start + at);
        Mistake { range: span.start..end.max(span.start + 1), message: problem.message, rule: problem.rule }
    });
    Verdict::Wrong(mistakes.collect())
}

/// `shop.PlaceRequest`, `list<Line>`.
pub(super) fn type_name(of: &TypeRef) -> String {
    if let TypeRef::Named(name) = of { name.clone() } else { of.bare() }
}

#[cfg(test)]
mod tests {
    use super::{Verdict, judge};
    use crate::panel::call::fixture;
    use callscope_wire::schema::TypeRef;

    fn check(source: &str) -> Verdict {
        let schema = fixture::schema();
        judge(source, Some(&schema), Some(&TypeRef::Named("shop.PlaceRequest".into())))
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
