//! JSON cut into tokens, each with its bytes. Never fails: whatever is not JSON is a word or an
//! open string, and whoever reads the tokens says what is wrong with it.

use std::borrow::Cow;

use crate::{Sentence, Span, say};

/// What a token is, by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// `{`
    ObjectStart,
    /// `}`
    ObjectEnd,
    /// `[`
    ArrayStart,
    /// `]`
    ArrayEnd,
    /// `:`
    Colon,
    /// `,`
    Comma,
    /// From quote to quote.
    Text,
    /// From a quote to the end of the line, or of the input: the closing quote is missing.
    OpenText,
    /// Begins like a number; need not be one.
    Number,
    /// Anything else up to white space or punctuation: `true`, `None`, `'a'`, `//`.
    Word,
}

impl Token {
    /// Whether a value begins here.
    pub const fn begins_value(self) -> bool {
        !matches!(self, Self::ObjectEnd | Self::ArrayEnd | Self::Colon | Self::Comma)
    }
}

/// The tokens of a text, in order.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    /// Starts at the first byte.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Goes on behind the bracket that matches the one that was just read; the end of the input closes all.
    pub fn skip_container(&mut self) -> usize {
        let mut depth = 1_usize;
        for (token, span) in self.by_ref() {
            match token {
                Token::ObjectStart | Token::ArrayStart => depth += 1,
                Token::ObjectEnd | Token::ArrayEnd => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return span.end;
            }
        }
        self.bytes.len()
    }

    fn text_end(&self, start: usize) -> (Token, usize) {
        let mut at = start + 1;
        while let Some(byte) = self.bytes.get(at) {
            match byte {
                b'"' => return (Token::Text, at + 1),
                b'\n' => return (Token::OpenText, at),
                // An escaped line break would hide where the string really ends.
                b'\\' if self.bytes.get(at + 1) != Some(&b'\n') => at += 2,
                _ => at += 1,
            }
        }
        (Token::OpenText, self.bytes.len())
    }

    fn word_end(&self, start: usize) -> usize {
        let rest = self.bytes.get(start..).unwrap_or_default();
        rest.iter()
            .position(|byte| is_space(*byte) || b"{}[]:,\"".contains(byte))
            .map_or(self.bytes.len(), |n| start + n)
    }
}

impl Iterator for Tokens<'_> {
    type Item = (Token, Span);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..)?;
        let start = self.at + rest.iter().position(|byte| !is_space(*byte))?;
        let (token, end) = match self.bytes.get(start)? {
            b'{' => (Token::ObjectStart, start + 1),
            b'}' => (Token::ObjectEnd, start + 1),
            b'[' => (Token::ArrayStart, start + 1),
            b']' => (Token::ArrayEnd, start + 1),
            b':' => (Token::Colon, start + 1),
            b',' => (Token::Comma, start + 1),
            b'"' => self.text_end(start),
            b'0'..=b'9' | b'-' | b'+' | b'.' => (Token::Number, self.word_end(start)),
            _ => (Token::Word, self.word_end(start)),
        };
        self.at = end;
        Some((token, Span::new(start, end)))
    }
}

/// The members of a top-level object without looking inside them: name, bytes of the value.
///
/// Meant for text that is known to be JSON; on anything else it stops early.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    bytes: &'a [u8],
    /// `None`: it is no object, or its end was reached.
    tokens: Option<Tokens<'a>>,
}

/// See [`Members`].
pub fn members(bytes: &[u8]) -> Members<'_> {
    let mut tokens = Tokens::new(bytes);
    let object = tokens.next().is_some_and(|(token, _)| token == Token::ObjectStart);
    Members { bytes, tokens: object.then_some(tokens) }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, Span);

    fn next(&mut self) -> Option<Self::Item> {
        let tokens = self.tokens.as_mut()?;
        let mut following = tokens.by_ref().skip_while(|(token, _)| *token == Token::Comma);
        let Some((Token::Text, name)) = following.next() else {
            self.tokens = None;
            return None;
        };
        let value = match (tokens.next(), tokens.next()) {
            (Some((Token::Colon, _)), Some((Token::ObjectStart | Token::ArrayStart, start))) => {
                Span::new(start.start, tokens.skip_container())
            }
            (Some((Token::Colon, _)), Some((token, span))) if token.begins_value() => span,
            _ => {
                self.tokens = None;
                return None;
            }
        };
        Some((unquote(self.bytes.get(name.range()).unwrap_or_default()).text, value))
    }
}

/// Bytes of the items of a top-level array, without looking inside them.
///
/// Meant for text that is known to be JSON; on anything else it stops early.
pub fn items(bytes: &[u8]) -> impl Iterator<Item = Span> {
    let mut tokens = Tokens::new(bytes);
    let mut inside = tokens.next().is_some_and(|(token, _)| token == Token::ArrayStart);
    std::iter::from_fn(move || {
        let item = tokens.by_ref().find(|(token, _)| *token != Token::Comma).filter(|(token, _)| token.begins_value());
        inside &= item.is_some();
        let (token, span) = item.filter(|_| inside)?;
        Some(match token {
            Token::ObjectStart | Token::ArrayStart => Span::new(span.start, tokens.skip_container()),
            _ => span,
        })
    })
}

/// A string token read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unquoted<'a> {
    /// What it says; U+FFFD where it says nothing.
    pub text: Cow<'a, str>,
    /// The first thing that is wrong with it, and where in the token.
    pub problem: Option<(usize, Sentence)>,
}

/// Reads a string token, quotes included (a missing closing quote is not this function's business).
pub fn unquote(token: &[u8]) -> Unquoted<'_> {
    let inner = token.strip_prefix(b"\"").unwrap_or(token);
    let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
    let text = match std::str::from_utf8(inner) {
        Ok(text) => Cow::Borrowed(text),
        Err(error) => {
            let problem = Some((1 + error.valid_up_to(), say!("json.not_utf8", "this is not UTF-8")));
            return Unquoted { text: unescape(&String::from_utf8_lossy(inner)).0.into(), problem };
        }
    };
    if !text.bytes().any(|byte| byte == b'\\' || byte < 0x20) {
        return Unquoted { text, problem: None };
    }
    let (text, problem) = unescape(&text);
    Unquoted { text: text.into(), problem: problem.map(|(at, what)| (1 + at, what)) }
}

/// Resolves escapes. Offsets are those of the text that was given.
fn unescape(text: &str) -> (String, Option<(usize, Sentence)>) {
    let mut out = String::with_capacity(text.len());
    let mut problem = None;
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        if char != '\\' {
            if char < '\u{20}' {
                problem.get_or_insert_with(|| (at, control_character(char)));
            }
            out.push(char);
            continue;
        }
        match chars.next().map(|(_, escape)| escape) {
            Some(escape @ ('"' | '\\' | '/')) => out.push(escape),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('u') => {
                let (char, taken) = unicode_escape(chars.as_str());
                if char.is_none() {
                    problem.get_or_insert_with(|| {
                        let what =
                            say!("json.unicode_escape", "`\\u` needs four hexadecimal digits that name a character");
                        (at, what)
                    });
                }
                out.push(char.unwrap_or(char::REPLACEMENT_CHARACTER));
                for _ in 0..taken {
                    chars.next();
                }
            }
            other => {
                let escape = other.map(String::from).unwrap_or_default();
                problem.get_or_insert_with(|| {
                    let what = say!(
                        "json.no_escape",
                        "`\\%{escape}` is no escape; a backslash is written `\\\\`",
                        escape = &escape
                    );
                    (at, what)
                });
                out.push_str(&escape);
            }
        }
    }
    (out, problem)
}

fn control_character(char: char) -> Sentence {
    match char {
        '\t' => say!("json.tab", "a tab in a string is written `\\t`"),
        '\r' => say!("json.line_break", "a line break in a string is written `\\r`"),
        _ => say!(
            "json.control_character",
            "a control character in a string is written `\\u%{code}`",
            code = format!("{:04x}", u32::from(char))
        ),
    }
}

/// The character behind `\u`, and how many characters of `rest` it takes.
fn unicode_escape(rest: &str) -> (Option<char>, usize) {
    let Some(first) = hex4(rest) else { return (None, 0) };
    if let Some(char) = char::from_u32(first) {
        return (Some(char), 4);
    }
    let second = rest.get(4..).and_then(|rest| rest.strip_prefix("\\u")).and_then(hex4);
    match second {
        Some(low @ 0xdc00..=0xdfff) if first < 0xdc00 => {
            (char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00)), 10)
        }
        _ => (None, 4),
    }
}

fn hex4(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    // `from_str_radix` would take a sign.
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// JSON's white space.
pub const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The same value without white space between its tokens. Meant for text that is known to be JSON.
pub fn compact(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for (_, span) in Tokens::new(bytes) {
        out.extend_from_slice(bytes.get(span.range()).unwrap_or_default());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_without_looking_inside_them() {
        let text = br#" {"method":"add", "args":[1,{"args":"]"}],"k\u0065y" : "a,b" , "last":-1.5}"#;
        let found: Vec<_> = members(text)
            .map(|(name, span)| (name.into_owned(), String::from_utf8_lossy(&text[span.range()]).into_owned()))
            .collect();
        let expected = [("method", "\"add\""), ("args", "[1,{\"args\":\"]\"}]"), ("key", "\"a,b\""), ("last", "-1.5")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(members(b"[1]").count(), 0);
        let text = br#"[1, [2,3], {"a":[]}, "x,y"] 7"#;
        let found: Vec<_> = items(text).map(|span| String::from_utf8_lossy(&text[span.range()]).into_owned()).collect();
        assert_eq!(found, ["1", "[2,3]", "{\"a\":[]}", "\"x,y\""]);
        assert_eq!(items(b"{}").count() + items(b"[]").count(), 0);
        assert_eq!(members(b"{}").count(), 0);
    }

    #[test]
    fn strings_are_read_and_what_is_wrong_is_named() {
        assert_eq!(unquote(br#""plain \u738b \ud83d\ude00 \n""#).text, "plain 王 😀 \n");
        let problem = |token: &[u8]| unquote(token).problem.map(|(at, what)| (at, what.to_string()));
        assert_eq!(problem(br#""\u738b""#), None);
        assert_eq!(problem(b"\"ab\xff\""), Some((3, "this is not UTF-8".to_owned())));
        assert_eq!(problem(br#""a\x""#), Some((2, "`\\x` is no escape; a backslash is written `\\\\`".to_owned())));
        assert!(problem(br#""\ud800 alone""#).is_some());
        assert!(problem(b"\"a\tb\"").is_some());
    }

    #[test]
    fn compacting_keeps_strings() {
        assert_eq!(compact(b"{ \"a b\" : [ 1 ,\n 2 ] }\n"), b"{\"a b\":[1,2]}");
    }
}
