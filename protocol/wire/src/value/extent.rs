//! Where a JSON value ends, told byte by byte as they arrive, and strictly: the first byte that cannot
//! be JSON is an error at once, not when the rest has come.
//!
//! ```text
//!             ┌──────────────── , ─────────────────┐
//!             ▼                                    │
//!  { ──▶ NameOrEnd ──▶ Text ──▶ Colon ──▶ Value ──▶ Separator ──▶ } ──▶ (popped: Separator, or the end)
//!  [ ──▶ ValueOrEnd ─────────────────────▶ Value ──▶ Separator ──▶ ]
//! ```
//!
//! Memory is one bit a level, and depth is bounded.

use crate::value::scan::is_space;

/// What the bytes so far amount to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The value goes on.
    More,
    /// It ends behind this many bytes of what was given last.
    Ends(usize),
    /// It is no JSON.
    Broken(Mistake),
}

/// Why bytes are no JSON value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Mistake {
    /// Offset from the value's first byte.
    pub offset: u64,
    /// What was expected and what was found.
    pub what: String,
}

/// Finds the end of one object or array.
#[derive(Clone, Debug)]
pub struct Scanner {
    state: State,
    /// Open containers, innermost last; `true`: an object.
    open: Vec<bool>,
    max_depth: usize,
    offset: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Value,
    ValueOrEnd,
    Name,
    NameOrEnd,
    Colon,
    Separator,
    /// In a string: of a name, or of a value.
    Text {
        name: bool,
    },
    /// Behind a backslash.
    Escape {
        name: bool,
    },
    /// So many digits behind `\u` are missing.
    Hex {
        name: bool,
        missing: u8,
    },
    Number(Part),
    /// In `true`, `false`, `null`: the letters that are missing.
    Word(&'static [u8]),
}

/// What was last read of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    Letter,
    Sign,
    Exponent,
}

impl Scanner {
    /// Before the value's first byte.
    pub const fn new(max_depth: usize) -> Self {
        Self { state: State::Start, open: Vec::new(), max_depth, offset: 0 }
    }

    /// Whether nothing was read yet.
    pub const fn is_fresh(&self) -> bool {
        self.offset == 0
    }

    /// Reads on. After `Ends` and `Broken` a new scanner is needed.
    pub fn feed(&mut self, bytes: &[u8]) -> Extent {
        let mut at = 0;
        while let Some(byte) = bytes.get(at).copied() {
            if let State::Text { .. } = self.state {
                let plain = bytes.get(at..).unwrap_or_default().iter().take_while(|byte| is_plain(**byte)).count();
                if plain > 0 {
                    at += plain;
                    self.offset += plain as u64;
                    continue;
                }
            }
            match self.step(byte) {
                Ok(Step::Taken) => {
                    at += 1;
                    self.offset += 1;
                    if self.open.is_empty() {
                        return Extent::Ends(at);
                    }
                }
                // A number ends before the byte behind it.
                Ok(Step::Again) => {}
                Err(what) => return Extent::Broken(Mistake { offset: self.offset, what }),
            }
        }
        Extent::More
    }

    fn step(&mut self, byte: u8) -> Result<Step, String> {
        self.state = match self.state {
            State::Text { name } => match byte {
                b'"' if name => State::Colon,
                b'"' => State::Separator,
                b'\\' => State::Escape { name },
                _ => {
                    return Err(format!(
                        "a string holds the control character {byte:#04x}; it is written `\\u{byte:04x}`"
                    ));
                }
            },
            State::Escape { name } => match byte {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => State::Text { name },
                b'u' => State::Hex { name, missing: 4 },
                _ => return Err(expected("an escape such as `\\n` or `\\\\`", byte)),
            },
            State::Hex { name, missing } => match byte {
                _ if !byte.is_ascii_hexdigit() => return Err(expected("four hexadecimal digits behind `\\u`", byte)),
                _ if missing > 1 => State::Hex { name, missing: missing - 1 },
                _ => State::Text { name },
            },
            State::Word(rest) => match rest.split_first() {
                Some((letter, [])) if *letter == byte => State::Separator,
                Some((letter, rest)) if *letter == byte => State::Word(rest),
                _ => return Err(expected("`true`, `false` or `null`", byte)),
            },
            State::Number(part) => match number(part, byte) {
                Some(part) => State::Number(part),
                None if matches!(part, Part::Zero | Part::Whole | Part::Fraction | Part::Exponent) => {
                    self.state = State::Separator;
                    return Ok(Step::Again);
                }
                None => return Err(expected("a digit", byte)),
            },
            // Before a value there is none of it yet: white space there is the caller's.
            State::Start if is_space(byte) => return Err(expected("`{`", byte)),
            state if is_space(byte) => state,
            State::Start => match byte {
                b'{' | b'[' => self.enter(byte)?,
                _ => return Err(expected("`{`", byte)),
            },
            State::ValueOrEnd if byte == b']' => self.leave(),
            State::Value | State::ValueOrEnd => match byte {
                b'{' | b'[' => self.enter(byte)?,
                b'"' => State::Text { name: false },
                b'-' => State::Number(Part::Minus),
                b'0' => State::Number(Part::Zero),
                b'1'..=b'9' => State::Number(Part::Whole),
                b't' => State::Word(b"rue"),
                b'f' => State::Word(b"alse"),
                b'n' => State::Word(b"ull"),
                _ => return Err(expected("a value", byte)),
            },
            State::NameOrEnd if byte == b'}' => self.leave(),
            State::Name | State::NameOrEnd => match byte {
                b'"' => State::Text { name: true },
                _ => return Err(expected("a name in double quotes", byte)),
            },
            State::Colon => match byte {
                b':' => State::Value,
                _ => return Err(expected("`:`", byte)),
            },
            State::Separator => match (byte, self.open.last()) {
                (b',', Some(true)) => State::Name,
                (b',', _) => State::Value,
                (b'}', Some(true)) | (b']', Some(false)) => self.leave(),
                (_, Some(true)) => return Err(expected("`,` or `}`", byte)),
                _ => return Err(expected("`,` or `]`", byte)),
            },
        };
        Ok(Step::Taken)
    }

    fn enter(&mut self, byte: u8) -> Result<State, String> {
        if self.open.len() >= self.max_depth {
            return Err(format!("JSON nested deeper than {} levels", self.max_depth));
        }
        let object = byte == b'{';
        self.open.push(object);
        Ok(if object { State::NameOrEnd } else { State::ValueOrEnd })
    }

    fn leave(&mut self) -> State {
        self.open.pop();
        State::Separator
    }
}

enum Step {
    /// The byte belongs to the value.
    Taken,
    /// It was only looked at.
    Again,
}

/// Goes on with a string without a look at the state.
const fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

fn number(part: Part, byte: u8) -> Option<Part> {
    Some(match (part, byte) {
        (Part::Minus, b'0') => Part::Zero,
        (Part::Minus, b'1'..=b'9') | (Part::Whole, b'0'..=b'9') => Part::Whole,
        (Part::Zero | Part::Whole, b'.') => Part::Point,
        (Part::Point | Part::Fraction, b'0'..=b'9') => Part::Fraction,
        (Part::Zero | Part::Whole | Part::Fraction, b'e' | b'E') => Part::Letter,
        (Part::Letter, b'+' | b'-') => Part::Sign,
        (Part::Letter | Part::Sign | Part::Exponent, b'0'..=b'9') => Part::Exponent,
        _ => return None,
    })
}

fn expected(what: &str, found: u8) -> String {
    match found {
        b'\n' => format!("expected {what}, found the end of the line"),
        b'!'..=b'~' => format!("expected {what}, found `{}`", char::from(found)),
        _ => format!("expected {what}, found the byte {found:#04x}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scan(text: &[u8]) -> Extent {
        Scanner::new(128).feed(text)
    }

    #[test]
    fn the_end_is_found_and_nothing_behind_it_is_read() {
        assert_eq!(scan(b"{}"), Extent::Ends(2));
        assert_eq!(scan(br#"{"a}": [1, -0.5e+7, "\"}\u00e9", true, null, {"b": []}]} {"next""#), Extent::Ends(56));
        assert_eq!(scan(b"[[]"), Extent::More);
        assert_eq!(scan(b"[1,2]x"), Extent::Ends(5));
        assert_eq!([scan(b"[1e"), scan(b"[1."), scan(b"[1.5e")], [Extent::More, Extent::More, Extent::More]);
    }

    #[test]
    fn the_first_wrong_byte_is_named() {
        let wrong = |text: &[u8]| match scan(text) {
            Extent::Broken(mistake) => format!("{} {mistake}", mistake.offset),
            other => format!("{other:?}"),
        };
        let cases: [(&[u8], &str); 10] = [
            (b"{method: 1}", "1 expected a name in double quotes, found `m`"),
            (b"{\"a\": 1,}", "8 expected a name in double quotes, found `}`"),
            (b"{\"a\"=1}", "4 expected `:`, found `=`"),
            (b"[01]", "2 expected `,` or `]`, found `1`"),
            (b"[1.]", "3 expected a digit, found `]`"),
            (b"[tru]", "4 expected `true`, `false` or `null`, found `]`"),
            (b"[\"a\nb\"]", "3 a string holds the control character 0x0a; it is written `\\u000a`"),
            (b"[\"\\x\"]", "3 expected an escape such as `\\n` or `\\\\`, found `x`"),
            (b"\x89RPC", "0 expected `{`, found the byte 0x89"),
            (b"{]", "1 expected a name in double quotes, found `]`"),
        ];
        for (text, message) in cases {
            assert_eq!(wrong(text), message);
        }
    }

    #[test]
    fn ten_thousand_levels_end_at_the_limit() {
        let text = "[".repeat(10_000);
        let mistake = Mistake { offset: 128, what: "JSON nested deeper than 128 levels".into() };
        assert_eq!(scan(text.as_bytes()), Extent::Broken(mistake));
    }

    proptest! {
        /// Whatever the splits, and exactly where the parser says.
        #[test]
        fn agrees_with_the_parser_at_any_split(text in r#"[\[{][\[\]{}:,"\\a1-9tu \n.e]{0,40}"#, cut in 0_usize..40) {
            let whole = scan(text.as_bytes());
            let cut = cut.min(text.len());
            let mut scanner = Scanner::new(128);
            let split = match scanner.feed(&text.as_bytes()[..cut]) {
                Extent::More => match scanner.feed(&text.as_bytes()[cut..]) {
                    Extent::Ends(end) => Extent::Ends(cut + end),
                    other => other,
                },
                other => other,
            };
            prop_assert_eq!(&whole, &split);
            let mut values = serde_json::Deserializer::from_str(&text).into_iter::<serde::de::IgnoredAny>();
            match values.next() {
                Some(Ok(_)) => prop_assert_eq!(whole, Extent::Ends(values.byte_offset())),
                // At an escape that breaks off the parser does not look.
                Some(Err(error)) if error.is_eof() && text.rfind("\\u").is_some_and(|at| text.len() - at < 6) => {}
                Some(Err(error)) if error.is_eof() => prop_assert_eq!(whole, Extent::More),
                // Of a number that breaks off the parser says that it is wrong, not that it goes on.
                Some(Err(_)) if text.ends_with(['.', 'e']) && whole == Extent::More => {}
                _ => prop_assert!(matches!(whole, Extent::Broken(_)), "{whole:?}"),
            }
        }
    }
}
