//! JSON taken apart leniently: every value with its bytes, and what is wrong with the text.
//!
//! One parser for the two who look at text that may be broken: the inspector and the editor. It
//! is not recursive and keeps no values, so neither depth nor size can hurt it; [`Bounds`] say where
//! it stops taking apart.

use crate::value::scan::{Token, Tokens, unquote};
use crate::{Sentence, Span, Words, say};

/// Problems kept; the rest of a text that is this broken is not JSON anyway.
const MAX_PROBLEMS: usize = 64;

/// Where taking apart stops.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Levels of containers; what is deeper becomes one [`Kind::Raw`].
    pub depth: usize,
    /// Values; the rest of the text becomes one [`Kind::Raw`].
    pub entries: usize,
}

/// A text's values in order, containers before what they hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// Values. Usually the first is the whole; a text with two values has two at the top.
    pub entries: Vec<Entry>,
    /// What is wrong, in the order in which it was noticed.
    pub problems: Vec<Problem>,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What its container calls it.
    pub label: Label,
    /// What it is.
    pub kind: Kind,
    /// Its bytes, without its name.
    pub span: Span,
    /// Bytes of its name, where it has one.
    pub name: Option<Span>,
    /// Index one past the last entry inside it.
    pub end: usize,
}

/// What a container calls a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    /// It is in no container.
    Top,
    /// Member of an object.
    Name(String),
    /// Item of an array.
    Index(usize),
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// Text in quotes.
    Text,
    /// A number.
    Number,
    /// `true`, `false`.
    Bool,
    /// `null`.
    Null,
    /// No JSON, or not taken apart.
    Raw,
}

/// Something that is not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where; empty at the end of the text.
    pub span: Span,
    /// What is wrong and what to write instead.
    pub message: Words,
}

impl Entry {
    /// Its bytes, with its name.
    pub fn full_span(&self) -> Span {
        Span::new(self.name.map_or(self.span.start, |name| name.start), self.span.end)
    }
}

impl Outline {
    /// Takes a text apart.
    pub fn of(bytes: &[u8], bounds: Bounds) -> Self {
        let mut builder = Builder {
            bytes,
            bounds,
            tokens: Tokens::new(bytes),
            outline: Self::default(),
            open: Vec::new(),
            stopped: false,
        };
        while !builder.stopped
            && let Some((token, span)) = builder.tokens.next()
        {
            builder.take(token, span);
        }
        builder.finish();
        builder.outline
    }

    /// A scalar was replaced by another one of `len` bytes: what lies behind it moves, what lies around it grows.
    pub fn resize(&mut self, entry: usize, len: usize, kind: Kind) {
        let Some(old) = self.entries.get_mut(entry).map(|entry| {
            entry.kind = kind;
            entry.span
        }) else {
            return;
        };
        let moved = |at: &mut usize| {
            if *at >= old.end {
                *at = *at - old.len() + len;
            }
        };
        for (index, other) in self.entries.iter_mut().enumerate() {
            // An empty span does not occur, so what begins at the end of the old value lies behind it.
            if index != entry {
                moved(&mut other.span.start);
            }
            moved(&mut other.span.end);
            if let Some(name) = &mut other.name
                && index != entry
            {
                moved(&mut name.start);
                moved(&mut name.end);
            }
        }
    }

    /// Indices of the values directly inside an entry; with `None`, of those at the top.
    pub fn children(&self, of: Option<usize>) -> impl Iterator<Item = usize> {
        let (mut next, end) = match of {
            None => (0, self.entries.len()),
            Some(index) => (index + 1, self.entries.get(index).map_or(0, |entry| entry.end)),
        };
        std::iter::from_fn(move || {
            let current = next;
            (current < end).then(|| {
                next = self.entries.get(current).map_or(end, |entry| entry.end.max(current + 1));
                current
            })
        })
    }
}

/// A container whose end was not seen yet.
struct Open {
    entry: usize,
    object: bool,
    expect: Expect,
    /// Of the member whose value is next.
    name: Option<(String, Span)>,
    items: usize,
    /// The comma behind which something is expected.
    comma: Span,
}

/// What should come next in a container.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// An item (or a member's name), or the end: nothing was there yet.
    First,
    /// An item (or a member's name): there was a comma.
    Item,
    /// The colon behind a name.
    Colon,
    /// The value behind a colon.
    Value,
    /// A comma or the end.
    Separator,
}

struct Builder<'a> {
    bytes: &'a [u8],
    bounds: Bounds,
    tokens: Tokens<'a>,
    outline: Outline,
    open: Vec<Open>,
    stopped: bool,
}

impl Builder<'_> {
    fn take(&mut self, token: Token, span: Span) {
        let Some(top) = self.open.last_mut() else { return self.take_at_top(token, span) };
        let (object, expect) = (top.object, top.expect);
        match token {
            Token::ObjectEnd | Token::ArrayEnd => self.take_end(token == Token::ObjectEnd, span),
            Token::Comma => {
                top.expect = Expect::Item;
                top.comma = span;
                let missing = match expect {
                    Expect::Separator => return,
                    Expect::First | Expect::Item => {
                        say!("json.value_before_comma", "a value is missing before this comma")
                    }
                    Expect::Colon => {
                        say!("json.colon_before_comma", "a colon and a value are missing before this comma")
                    }
                    Expect::Value => {
                        say!("json.colon_comma", "a value is missing between the colon and this comma")
                    }
                };
                self.problem(span, missing);
            }
            Token::Colon if object => {
                top.expect = Expect::Value;
                let message = match expect {
                    Expect::Colon => return,
                    Expect::Value => say!("json.second_colon", "one colon is enough: remove this one"),
                    _ => say!("json.name_before_colon", "a name in double quotes is missing before this colon"),
                };
                self.problem(span, message);
            }
            Token::Colon => {
                let what =
                    say!("json.colon_in_array", "items of an array have no names: remove the colon, or use `{}`");
                self.problem(span, what);
            }
            _ if object && matches!(expect, Expect::First | Expect::Item) => self.take_name(token, span),
            _ => {
                match expect {
                    Expect::Colon => {
                        self.problem(span, say!("json.colon_missing", "a colon is missing before this value"));
                    }
                    Expect::Separator => {
                        self.problem(span, say!("json.comma_missing", "a comma is missing before this"));
                        if object {
                            return self.take_name(token, span);
                        }
                    }
                    Expect::First | Expect::Item | Expect::Value => {}
                }
                self.take_value(token, span);
            }
        }
    }

    fn take_at_top(&mut self, token: Token, span: Span) {
        if !token.begins_value() {
            let found = self.text(span);
            return self.problem(
                span,
                say!("json.belongs_to_nothing", "`%{found}` belongs to nothing: remove it", found = found),
            );
        }
        if !self.outline.entries.is_empty() {
            self.problem(span, say!("json.second_value", "one value is expected; this is a second one"));
        }
        self.take_value(token, span);
    }

    fn take_name(&mut self, token: Token, span: Span) {
        let name = match token {
            Token::Text | Token::OpenText => self.read_text(token, span),
            Token::Word | Token::Number => {
                let word = self.text(span).trim_matches('\'').to_owned();
                if word.starts_with("//") || word.starts_with("/*") {
                    return self.problem(span, say!("json.comment", "JSON has no comments: remove this"));
                }
                let what = say!("json.name_quotes", "a name is written in double quotes: \"%{name}\"", name = &word);
                self.problem(span, what);
                word
            }
            _ => {
                let what = say!("json.name_missing", "a value in an object needs a name and a colon before it");
                self.problem(span, what);
                return self.take_value(token, span);
            }
        };
        if let Some(top) = self.open.last_mut() {
            top.name = Some((name, span));
            top.expect = Expect::Colon;
        }
    }

    fn take_value(&mut self, token: Token, span: Span) {
        if self.outline.entries.len() >= self.bounds.entries {
            return self.stop(span.start);
        }
        let kind = match token {
            Token::ObjectStart | Token::ArrayStart if self.open.len() >= self.bounds.depth => {
                let span = Span::new(span.start, self.tokens.skip_container());
                let levels = self.bounds.depth;
                self.problem(span, too_deep(levels));
                self.push(Kind::Raw, span);
                return;
            }
            Token::ObjectStart | Token::ArrayStart => {
                let object = token == Token::ObjectStart;
                let entry = self.push(if object { Kind::Object } else { Kind::Array }, span);
                let comma = Span::default();
                self.open.push(Open { entry, object, expect: Expect::First, name: None, items: 0, comma });
                return;
            }
            Token::Text | Token::OpenText => {
                self.read_text(token, span);
                Kind::Text
            }
            Token::Number => match number_problem(self.text(span).as_ref()) {
                None => Kind::Number,
                Some(message) => {
                    self.problem(span, message);
                    Kind::Raw
                }
            },
            _ => match self.text(span).as_ref() {
                "true" | "false" => Kind::Bool,
                "null" => Kind::Null,
                word => {
                    let message = word_problem(word);
                    self.problem(span, message);
                    Kind::Raw
                }
            },
        };
        self.push(kind, span);
    }

    fn take_end(&mut self, object: bool, span: Span) {
        let found = if object { '}' } else { ']' };
        let Some(matching) = self.open.iter().rposition(|open| open.object == object) else {
            return self
                .problem(span, say!("json.closes_nothing", "`%{found}` closes nothing: remove it", found = found));
        };
        while self.open.len() > matching + 1 {
            let Some(inner) = self.open.pop() else { break };
            let expected = if inner.object { '}' } else { ']' };
            let what = say!(
                "json.expected_before",
                "`%{expected}` is expected before this `%{found}`",
                expected = expected,
                found = found
            );
            self.problem(span, what);
            self.seal(inner.entry, span.start);
        }
        let Some(top) = self.open.pop() else { return };
        match top.expect {
            Expect::Item => {
                self.problem(top.comma, say!("json.last_comma", "nothing follows this comma: remove it"));
            }
            Expect::Colon => self.problem(
                span,
                say!("json.colon_before", "a colon and a value are missing before this `%{found}`", found = found),
            ),
            Expect::Value => self
                .problem(span, say!("json.value_before", "a value is missing before this `%{found}`", found = found)),
            Expect::First | Expect::Separator => {}
        }
        self.seal(top.entry, span.end);
    }

    fn finish(&mut self) {
        let end = Span::at(self.bytes.len(), 0);
        if !self.stopped {
            match self.open.last() {
                Some(Open { expect: Expect::Value, .. }) => {
                    self.problem(end, say!("json.value_after_colon", "a value is missing after the colon"));
                }
                Some(top) => {
                    let (open, close) = if top.object { ('{', '}') } else { ('[', ']') };
                    let start = self.outline.entries.get(top.entry).map_or(0, |entry| entry.span.start);
                    let what = say!(
                        "json.never_closed",
                        "this `%{open}` is never closed: add `%{close}`",
                        open = open,
                        close = close
                    );
                    self.problem(Span::at(start, 1), what);
                }
                None if self.outline.entries.is_empty() => {
                    self.problem(end, say!("json.no_value", "there is no value"));
                }
                None => {}
            }
        }
        while let Some(open) = self.open.pop() {
            self.seal(open.entry, end.end);
        }
    }

    /// The bounds are reached: the rest is one raw value.
    fn stop(&mut self, at: usize) {
        let rest = Span::new(at, self.bytes.len());
        let most = self.bounds.entries;
        self.problem(rest, say!("json.too_many", "more than %{most} values: the rest is not taken apart", most = most));
        self.push(Kind::Raw, rest);
        self.stopped = true;
    }

    fn push(&mut self, kind: Kind, span: Span) -> usize {
        let index = self.outline.entries.len();
        let mut name_span = None;
        let label = match self.open.last_mut() {
            None => Label::Top,
            Some(top) => {
                top.expect = Expect::Separator;
                top.items += 1;
                if top.object {
                    let (name, span) = top.name.take().unzip();
                    name_span = span;
                    Label::Name(name.unwrap_or_default())
                } else {
                    Label::Index(top.items - 1)
                }
            }
        };
        self.outline.entries.push(Entry { label, kind, span, name: name_span, end: index + 1 });
        index
    }

    /// A container's end is known.
    fn seal(&mut self, entry: usize, end: usize) {
        let last = self.outline.entries.len();
        if let Some(entry) = self.outline.entries.get_mut(entry) {
            entry.span.end = end;
            entry.end = last;
        }
    }

    fn read_text(&mut self, token: Token, span: Span) -> String {
        let read = unquote(self.bytes.get(span.range()).unwrap_or_default());
        let text = read.text.into_owned();
        if token == Token::OpenText {
            self.problem(span, say!("json.open_string", "this string has no closing quote"));
        } else if let Some((at, message)) = read.problem {
            self.problem(Span::at(span.start + at, 1), message);
        }
        text
    }

    fn text(&self, span: Span) -> String {
        let mut text = String::from_utf8_lossy(self.bytes.get(span.range()).unwrap_or_default()).into_owned();
        // A megabyte without white space is no word; messages quote what is here.
        if text.len() > 400 {
            text = text.chars().take(60).chain(['…']).collect();
        }
        text
    }

    fn problem(&mut self, span: Span, message: impl Into<Words>) {
        if self.outline.problems.len() < MAX_PROBLEMS {
            self.outline.problems.push(Problem { span, message: message.into() });
        }
    }
}

fn too_deep(levels: usize) -> Sentence {
    say!("json.too_deep", "nested deeper than %{levels} levels: not taken apart", levels = levels)
}

fn word_problem(word: &str) -> Sentence {
    let small = |word| say!("json.small_letters", "`%{word}` is written in small letters", word = word);
    match word {
        "True" | "TRUE" => small("true"),
        "False" | "FALSE" => small("false"),
        "None" | "nil" | "NULL" | "Null" | "undefined" => {
            say!("json.null", "`%{word}` is written `null`", word = word)
        }
        "NaN" | "Infinity" => {
            say!("json.no_such_number", "JSON has no `%{word}`: write it as a string, \"%{word}\"", word = word)
        }
        _ if word.starts_with("//") || word.starts_with("/*") || word.starts_with('#') => {
            say!("json.comment", "JSON has no comments: remove this")
        }
        _ => say!(
            "json.no_value_word",
            "`%{word}` is no JSON value; text is written in double quotes: \"%{bare}\"",
            word = word,
            bare = word.trim_matches('\'')
        ),
    }
}

/// What keeps a word that begins like a number from being one.
fn number_problem(text: &str) -> Option<Sentence> {
    if is_number(text.as_bytes()) {
        return None;
    }
    let digits = text.trim_start_matches(['-', '+']);
    let hint = if text.starts_with('+') {
        say!("json.number_plus", "a number has no plus sign")
    } else if digits.starts_with('.') || digits.ends_with('.') || digits.contains(".e") || digits.contains(".E") {
        say!("json.number_point", "a digit stands on both sides of the point")
    } else if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        say!("json.number_zero", "a number does not begin with 0")
    } else if digits.starts_with("0x") || digits.starts_with("0X") {
        say!("json.number_hex", "JSON has no hexadecimal numbers")
    } else if digits == "Infinity" {
        say!("json.number_infinity", "JSON has no infinity: write it as a string")
    } else {
        say!("json.number_text", "text is written in double quotes")
    };
    Some(say!("json.no_number", "`%{text}` is no number: %{hint}", text = text, hint = hint))
}

/// JSON's grammar: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
fn is_number(text: &[u8]) -> bool {
    fn digits(text: &[u8]) -> (usize, &[u8]) {
        let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (count, text.get(count..).unwrap_or_default())
    }
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let (count, mut rest) = digits(text);
    if count == 0 || (count > 1 && text.starts_with(b"0")) {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        let (count, behind) = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = behind;
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let exponent = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        let (count, behind) = digits(exponent);
        if count == 0 {
            return false;
        }
        rest = behind;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { depth: 128, entries: 10_000 };

    fn first_problem(text: &str) -> (usize, String) {
        let outline = Outline::of(text.as_bytes(), BOUNDS);
        let problem = outline.problems.first().expect(text);
        (problem.span.start, problem.message.to_string())
    }

    #[test]
    fn every_mistake_says_what_to_write_instead() {
        let cases = [
            ("", 0, "there is no value"),
            ("{\"a\": 1,}", 7, "nothing follows this comma: remove it"),
            ("{\"a\" 1}", 5, "a colon is missing before this value"),
            ("{\"a\": }", 6, "a value is missing before this `}`"),
            ("{\"a\": ", 6, "a value is missing after the colon"),
            ("{\"a\": 1 \"b\": 2}", 8, "a comma is missing before this"),
            ("{a: 1}", 1, "a name is written in double quotes: \"a\""),
            ("{'a': 1}", 1, "a name is written in double quotes: \"a\""),
            ("[1, 2", 0, "this `[` is never closed: add `]`"),
            ("[1}", 2, "`}` closes nothing: remove it"),
            ("{\"a\": [1}", 8, "`]` is expected before this `}`"),
            ("[1,,2]", 3, "a value is missing before this comma"),
            ("[True]", 1, "`true` is written in small letters"),
            ("[None]", 1, "`None` is written `null`"),
            ("[NaN]", 1, "JSON has no `NaN`: write it as a string, \"NaN\""),
            ("['x']", 1, "`'x'` is no JSON value; text is written in double quotes: \"x\""),
            ("[01]", 1, "`01` is no number: a number does not begin with 0"),
            ("[.5]", 1, "`.5` is no number: a digit stands on both sides of the point"),
            ("[+5]", 1, "`+5` is no number: a number has no plus sign"),
            ("{} {}", 3, "one value is expected; this is a second one"),
            ("{\"a\": \"b\n}", 6, "this string has no closing quote"),
            ("{ // why\n}", 2, "JSON has no comments: remove this"),
            ("[1: 2]", 2, "items of an array have no names: remove the colon, or use `{}`"),
        ];
        for (text, at, message) in cases {
            assert_eq!(first_problem(text), (at, message.to_owned()), "{text}");
        }
    }

    #[test]
    fn values_keep_their_bytes_and_places() {
        let text = r#"{"a": [10, {"b": null}], "c": "x"}"#;
        let outline = Outline::of(text.as_bytes(), BOUNDS);
        assert_eq!(outline.problems, []);
        let all: Vec<_> = outline.entries.iter().map(|e| (e.kind, &text[e.full_span().range()], e.end)).collect();
        assert_eq!(
            all,
            [
                (Kind::Object, text, 6),
                (Kind::Array, r#""a": [10, {"b": null}]"#, 5),
                (Kind::Number, "10", 3),
                (Kind::Object, r#"{"b": null}"#, 5),
                (Kind::Null, r#""b": null"#, 5),
                (Kind::Text, r#""c": "x""#, 6),
            ]
        );
        assert_eq!(outline.children(Some(0)).collect::<Vec<_>>(), [1, 5]);
        assert_eq!(outline.children(Some(1)).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(outline.children(None).collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        let outline = Outline::of(deep.as_bytes(), BOUNDS);
        assert_eq!(outline.entries.len(), 129);
        assert_eq!(outline.entries[128].span, Span::new(128, 20_000 - 128));
        assert_eq!(outline.problems[0].message, "nested deeper than 128 levels: not taken apart");

        let wide = format!("[{}1]", "1,".repeat(50));
        let outline = Outline::of(wide.as_bytes(), Bounds { depth: 128, entries: 10 });
        assert_eq!(outline.entries.len(), 11);
        assert_eq!(outline.entries[10].kind, Kind::Raw);
        assert_eq!(outline.entries[10].span.end, wide.len());
        assert_eq!(outline.entries[0].span, Span::new(0, wide.len()));
    }
}
