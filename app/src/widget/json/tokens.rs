//! Cuts JSON into colored pieces. Tolerant: any text gives tokens that cover it without gap or overlap.
//!
//! `{{name}}` is a variable wherever it stands, alone or inside a string.

use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A string before a colon.
    Key,
    Str,
    Num,
    /// `true`, `null`, or a bare word.
    Lit,
    /// `{{name}}`; with the quotes when it is the whole string.
    Var,
    Punct,
    Space,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub range: Range<usize>,
}

/// All tokens of `source`, in order.
pub fn tokenize(source: &str) -> Vec<Token> {
    let mut cutter = Cutter {
        source,
        bytes: source.as_bytes(),
        at: 0,
        // Pretty-printed JSON has a token about every six bytes.
        tokens: Vec::with_capacity(source.len() / 6 + 8),
    };
    cutter.run();
    cutter.tokens
}

struct Cutter<'a> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
}

impl Cutter<'_> {
    fn run(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => {
                    self.take(Kind::Space, |byte| byte.is_ascii_whitespace());
                }
                b'"' => self.string(),
                b'{' if self.variable_end(self.at).is_some() => {
                    let end = self.variable_end(self.at).unwrap_or(self.at + 1);
                    self.push(Kind::Var, end);
                }
                b'{' | b'}' | b'[' | b']' | b',' | b':' => self.push(Kind::Punct, self.at + 1),
                b'-' | b'+' | b'.' | b'0'..=b'9' => {
                    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"-+.".contains(&byte);
                    self.take(Kind::Num, part);
                }
                _ => self.take(Kind::Lit, |byte| {
                    !byte.is_ascii_whitespace() && !matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"')
                }),
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn push(&mut self, kind: Kind, end: usize) {
        self.tokens.push(Token { kind, range: self.at..end });
        self.at = end;
    }

    /// The first byte whatever it is, then all that match. Cuts only at ASCII, so never inside a character.
    fn take(&mut self, kind: Kind, matches: impl Fn(u8) -> bool) {
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        let more = rest.iter().position(|byte| !matches(*byte)).unwrap_or(rest.len());
        self.push(kind, self.at + 1 + more);
    }

    /// A string ends at its quote, or at the end of the line when it is not closed yet.
    fn string(&mut self) {
        let start = self.at;
        let mut end = start + 1;
        while let Some(byte) = self.bytes.get(end) {
            match byte {
                b'\\' if self.bytes.get(end + 1).is_some_and(u8::is_ascii) => end += 2,
                b'"' => {
                    end += 1;
                    break;
                }
                b'\n' => break,
                _ => end += 1,
            }
        }
        let end = end.min(self.bytes.len());
        if self.is_key(end) {
            self.push(Kind::Key, end);
            return;
        }
        if self.variable_end(start + 1) == Some(end.saturating_sub(1)) {
            self.push(Kind::Var, end);
            return;
        }
        // Variables inside: the string around them keeps its color.
        let mut cursor = start;
        while cursor < end {
            let found = self.source.get(cursor..end).and_then(|rest| rest.find("{{")).map(|at| cursor + at);
            match found.and_then(|at| Some((at, self.variable_end(at)?))) {
                Some((at, variable_end)) if variable_end <= end => {
                    if at > self.at {
                        self.push(Kind::Str, at);
                    }
                    self.push(Kind::Var, variable_end);
                    cursor = variable_end;
                }
                _ => break,
            }
        }
        if self.at < end {
            self.push(Kind::Str, end);
        }
    }

    fn is_key(&self, end: usize) -> bool {
        let rest = self.bytes.get(end..).unwrap_or_default();
        rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
    }

    /// The end of `{{name}}` that begins at `start`.
    fn variable_end(&self, start: usize) -> Option<usize> {
        let rest = self.bytes.get(start..)?.strip_prefix(b"{{")?;
        let name = rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"_-.$ ".contains(byte)))?;
        (name > 0 && rest.get(name..name + 2) == Some(b"}}")).then_some(start + 2 + name + 2)
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, tokenize};

    fn kinds(source: &str) -> Vec<(Kind, &str)> {
        tokenize(source)
            .into_iter()
            .filter(|token| token.kind != Kind::Space)
            .map(|token| (token.kind, &source[token.range]))
            .collect()
    }

    #[test]
    fn keys_strings_numbers_and_words_differ() {
        assert_eq!(
            kinds(r#"{"a" : "b", "n": -1.5e3, "x": HIGH}"#),
            [
                (Kind::Punct, "{"),
                (Kind::Key, "\"a\""),
                (Kind::Punct, ":"),
                (Kind::Str, "\"b\""),
                (Kind::Punct, ","),
                (Kind::Key, "\"n\""),
                (Kind::Punct, ":"),
                (Kind::Num, "-1.5e3"),
                (Kind::Punct, ","),
                (Kind::Key, "\"x\""),
                (Kind::Punct, ":"),
                (Kind::Lit, "HIGH"),
                (Kind::Punct, "}"),
            ]
        );
    }

    #[test]
    fn variables_are_found_alone_whole_and_inside_strings() {
        assert_eq!(kinds(r#""{{uuid}}""#), [(Kind::Var, r#""{{uuid}}""#)]);
        assert_eq!(kinds("{{order}}"), [(Kind::Var, "{{order}}")]);
        assert_eq!(
            kinds(r#""Bearer {{token}}!""#),
            [(Kind::Str, "\"Bearer "), (Kind::Var, "{{token}}"), (Kind::Str, "!\""),]
        );
        assert_eq!(kinds("{{}}").len(), 4);
    }

    #[test]
    fn half_typed_strings_end_with_their_line() {
        assert_eq!(
            kinds("{\"a\": \"b\n}"),
            [(Kind::Punct, "{"), (Kind::Key, "\"a\""), (Kind::Punct, ":"), (Kind::Str, "\"b"), (Kind::Punct, "}"),]
        );
        assert_eq!(kinds(r#""a\"b"#), [(Kind::Str, r#""a\"b"#)]);
    }

    #[test]
    fn any_text_is_covered_without_gap_or_overlap() {
        let nasty = [
            "",
            "\\",
            "\"",
            "\"\\",
            "\"\\é",
            "{{",
            "{{é}}",
            "\"{{a}} {{b",
            "上海: {王}",
            "\u{0}\u{1F600}\"\u{1F600}",
            "[1,2,,}{]]",
            "\"a\\\n\"b",
        ];
        for source in nasty {
            let mut at = 0;
            for token in tokenize(source) {
                assert_eq!(token.range.start, at, "{source:?}");
                assert!(token.range.end > at, "{source:?}");
                assert!(source.is_char_boundary(token.range.end), "{source:?}");
                at = token.range.end;
            }
            assert_eq!(at, source.len(), "{source:?}");
        }
    }
}
