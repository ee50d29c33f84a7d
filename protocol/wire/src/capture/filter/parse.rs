//! Text → filter. Words are cut by `winnow`; the grammar is small enough to be read here as it is.

use winnow::Parser as _;
use winnow::ascii::multispace0;
use winnow::combinator::{alt, delimited, preceded, repeat};
use winnow::stream::LocatingSlice;
use winnow::token::{any, rest, take_while};

use super::pattern::{Case, Extent, Pattern};
use super::{Compare, Equal, Expr, FilterError, Needle, NumberField, TextField};
use crate::engine::Side;
use crate::schema::closest::hint;
use crate::{Code, Sentence, Span, say};

/// Parentheses and `!` within one another.
const MAX_DEPTH: usize = 64;

/// What can be compared.
#[derive(Clone, Copy)]
enum Field {
    Text(TextField),
    Number(NumberField),
    Direction,
    Side,
    Data,
}

const FIELDS: &[(&str, Field)] = &[
    ("method", Field::Text(TextField::Method)),
    ("kind", Field::Text(TextField::Kind)),
    ("dialect", Field::Text(TextField::Dialect)),
    ("status", Field::Number(NumberField::Status)),
    ("bytes", Field::Number(NumberField::Bytes)),
    ("stream", Field::Number(NumberField::Stream)),
    ("connection", Field::Number(NumberField::Connection)),
    ("direction", Field::Direction),
    ("side", Field::Side),
    ("instance", Field::Text(TextField::Instance)),
    ("data", Field::Data),
];

pub(super) fn filter(text: &str) -> Result<Expr, FilterError> {
    let tokens = lex(text);
    let mut parser = Parser { tokens: &tokens, at: 0, end: text.trim_end().len(), depth: 0 };
    if tokens.is_empty() {
        return Ok(Expr::All(Vec::new()));
    }
    let expr = parser.any()?;
    match parser.peek() {
        None => Ok(expr),
        Some((_, span)) => Err(wrong(span, say!("filter.closes_nothing", "this `)` closes nothing: remove it"))),
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'a> {
    And,
    Or,
    Not,
    Open,
    Close,
    Compare(Compare),
    Contains,
    Word(&'a str),
    Quoted(&'a str),
    /// Anything that begins nothing.
    Stray(char),
    /// A quote without a second one.
    Unclosed,
}

/// Cannot fail: what is no token is a stray one.
fn lex(text: &str) -> Vec<(Token<'_>, Span)> {
    let spanned = token.with_span().map(|(token, range)| (token, Span::from(range)));
    let mut tokens = repeat(0.., delimited(multispace0, spanned, multispace0));
    tokens.parse(LocatingSlice::new(text)).unwrap_or_default()
}

fn token<'a>(input: &mut LocatingSlice<&'a str>) -> winnow::Result<Token<'a>> {
    let compare = alt((
        "==".value(Compare::Equal),
        "!=".value(Compare::Unequal),
        "<=".value(Compare::AtMost),
        ">=".value(Compare::AtLeast),
        "<".value(Compare::Less),
        ">".value(Compare::More),
    ));
    let join = alt(("&&".value(Token::And), "||".value(Token::Or), "!".value(Token::Not)));
    let bracket = alt(("(".value(Token::Open), ")".value(Token::Close)));
    alt((
        compare.map(Token::Compare),
        "~".value(Token::Contains),
        join,
        bracket,
        delimited('"', take_while(0.., |char| char != '"'), '"').map(Token::Quoted),
        preceded('"', rest).value(Token::Unclosed),
        take_while(1.., |char: char| !char.is_whitespace() && !"()!=<>~&|\"".contains(char)).map(Token::Word),
        any.map(Token::Stray),
    ))
    .parse_next(input)
}

struct Parser<'a> {
    tokens: &'a [(Token<'a>, Span)],
    at: usize,
    /// Where a text that ends too early ends.
    end: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Result<Expr, FilterError> {
        let mut parts = vec![self.all()?];
        while self.take(Token::Or) {
            parts.push(self.all()?);
        }
        Ok(only(parts).unwrap_or_else(Expr::Any))
    }

    fn all(&mut self) -> Result<Expr, FilterError> {
        let mut parts = vec![self.one()?];
        loop {
            let both = self.take(Token::And);
            // Without `&&` another word goes on, and whatever ends this ends it.
            if !both && matches!(self.peek(), None | Some((Token::Or | Token::Close, _))) {
                return Ok(only(parts).unwrap_or_else(Expr::All));
            }
            parts.push(self.one()?);
        }
    }

    fn one(&mut self) -> Result<Expr, FilterError> {
        let Some((token, span)) = self.next() else {
            return Err(
                self.at_end(say!("filter.missing_example", "something to compare is missing, such as `status != OK`"))
            );
        };
        match token {
            Token::Not => {
                self.deeper(span)?;
                let inner = self.one()?;
                self.depth -= 1;
                Ok(Expr::Not(Box::new(inner)))
            }
            Token::Open => {
                self.deeper(span)?;
                let inner = self.any()?;
                self.depth -= 1;
                if self.take(Token::Close) {
                    Ok(inner)
                } else {
                    Err(wrong(span, say!("filter.never_closed", "this `(` is never closed: add `)`")))
                }
            }
            Token::Quoted(text) => Ok(Expr::Word(Pattern::new(text, Extent::Within, Case::Any))),
            Token::Word(word) => match self.peek() {
                Some((Token::Compare(_) | Token::Contains, _)) => self.comparison(word, span),
                _ => Ok(Expr::Word(Pattern::new(word, Extent::Within, Case::Any))),
            },
            token => Err(unexpected(token, span)),
        }
    }

    fn comparison(&mut self, name: &str, name_span: Span) -> Result<Expr, FilterError> {
        let Some((_, field)) = FIELDS.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)) else {
            let names: Vec<_> = FIELDS.iter().map(|(name, _)| *name).collect();
            let message = say!(
                "filter.no_field",
                "there is no field \"%{name}\"%{hint}; fields are %{fields}",
                name = name,
                hint = hint(name, names.iter().copied()),
                fields = names.join(", ")
            );
            return Err(wrong(name_span, message));
        };
        let Some((operator, operator_span)) = self.next() else {
            return Err(self.at_end(say!("filter.no_comparison", "a comparison is missing")));
        };
        let (value, value_span) = match self.next() {
            Some((Token::Word(value) | Token::Quoted(value), span)) => (value, span),
            Some((token @ (Token::Unclosed | Token::Stray(_)), span)) => return Err(unexpected(token, span)),
            Some((_, span)) => {
                let what = say!("filter.value_before", "a value for %{name} is missing before this", name = name);
                return Err(wrong(span, what));
            }
            None => {
                return Err(self.at_end(say!("filter.no_value", "a value for %{name} is missing", name = name)));
            }
        };
        let equal = match operator {
            Token::Compare(Compare::Equal) => Some(Equal::Yes),
            Token::Compare(Compare::Unequal) => Some(Equal::No),
            _ => None,
        };
        match (*field, operator, equal) {
            (Field::Number(field), Token::Compare(compare), _) => {
                Ok(Expr::Number(field, compare, number(field, name, value, value_span)?))
            }
            (Field::Number(_), ..) => {
                let what = say!(
                    "filter.is_number",
                    "%{name} is a number: compare it with ==, !=, <, <=, > or >=",
                    name = name
                );
                Err(wrong(operator_span, what))
            }
            (Field::Text(field), Token::Contains, _) => {
                Ok(Expr::Text(field, Equal::Yes, Pattern::new(value, Extent::Within, Case::Any)))
            }
            (Field::Text(field), _, Some(equal)) => {
                // Names are the services' own, kinds and dialects are ours.
                let ours = matches!(field, TextField::Kind | TextField::Dialect);
                let case = if ours { Case::Any } else { Case::Same };
                Ok(Expr::Text(field, equal, Pattern::new(value, Extent::Whole, case)))
            }
            (Field::Text(_), ..) => {
                let what =
                    say!("filter.is_text", "%{name} is text: compare it with ==, != or ~ (contains)", name = name);
                Err(wrong(operator_span, what))
            }
            (Field::Direction, _, Some(equal)) => {
                let sent = either(name, value, value_span, ["sent", "received"])?;
                Ok(Expr::Sent(sent == (equal == Equal::Yes)))
            }
            (Field::Side, _, Some(equal)) => {
                let client = either(name, value, value_span, ["client", "server"])?;
                Ok(Expr::Side(if client == (equal == Equal::Yes) { Side::Client } else { Side::Server }))
            }
            (Field::Data, Token::Contains, _) => Ok(Expr::Data(needle(value, value_span)?)),
            (Field::Data, ..) => {
                let what = say!("filter.is_data", "%{name} is bytes: search them with ~ (contains)", name = name);
                Err(wrong(operator_span, what))
            }
            (Field::Direction | Field::Side, ..) => {
                let what = say!("filter.is_one_of_two", "%{name} is one of two: compare it with == or !=", name = name);
                Err(wrong(operator_span, what))
            }
        }
    }

    fn peek(&self) -> Option<(Token<'a>, Span)> {
        self.tokens.get(self.at).copied()
    }

    fn next(&mut self) -> Option<(Token<'a>, Span)> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    fn take(&mut self, wanted: Token<'_>) -> bool {
        let found = self.peek().is_some_and(|(token, _)| token == wanted);
        self.at += usize::from(found);
        found
    }

    fn deeper(&mut self, span: Span) -> Result<(), FilterError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let what = say!("filter.too_deep", "more than %{most} parentheses within one another", most = MAX_DEPTH);
            return Err(wrong(span, what));
        }
        Ok(())
    }

    fn at_end(&self, message: Sentence) -> FilterError {
        wrong(Span::at(self.end, 0), message)
    }
}

/// A list of one is what is in it.
fn only(mut parts: Vec<Expr>) -> Result<Expr, Vec<Expr>> {
    match parts.pop() {
        Some(last) if parts.is_empty() => Ok(last),
        Some(last) => {
            parts.push(last);
            Err(parts)
        }
        None => Err(parts),
    }
}

/// Bytes to look for: text, or `0x` and hex digits, with spaces between bytes if they are in quotes.
fn needle(value: &str, span: Span) -> Result<Needle, FilterError> {
    let Some(digits) = value.strip_prefix("0x") else { return Ok(Needle::new(value.as_bytes())) };
    let digits: Vec<u8> = digits.bytes().filter(|digit| *digit != b' ').collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(|pair| byte(pair).filter(|_| pair.len() == 2)).collect();
    match bytes {
        Some(bytes) if !bytes.is_empty() => Ok(Needle::new(&bytes)),
        _ => Err(wrong(span, say!("filter.no_hex", "behind 0x come pairs of hex digits, such as 0x0a1f"))),
    }
}

fn number(field: NumberField, name: &str, value: &str, span: Span) -> Result<u64, FilterError> {
    if let Ok(number) = value.replace('_', "").parse() {
        return Ok(number);
    }
    if field != NumberField::Status {
        let what = say!(
            "filter.no_number",
            "%{name} is compared with a whole number, not \"%{value}\"",
            name = name,
            value = value
        );
        return Err(wrong(span, what));
    }
    if let Some(code) = Code::ALL.iter().find(|code| code.name().eq_ignore_ascii_case(value)) {
        return Ok(code.0.into());
    }
    let hint = hint(value, Code::ALL.iter().map(|code| code.name()));
    let message = say!(
        "filter.no_status",
        "there is no status \"%{value}\"%{hint}; a status is a name such as UNAVAILABLE, or a number",
        value = value,
        hint = hint
    );
    Err(wrong(span, message))
}

/// Whether it is the first of two.
fn either(name: &str, value: &str, span: Span, [first, second]: [&str; 2]) -> Result<bool, FilterError> {
    match value {
        value if value.eq_ignore_ascii_case(first) => Ok(true),
        value if value.eq_ignore_ascii_case(second) => Ok(false),
        _ => {
            let what = say!(
                "filter.either",
                "%{name} is %{first} or %{second}, not \"%{value}\"",
                name = name,
                first = first,
                second = second,
                value = value
            );
            Err(wrong(span, what))
        }
    }
}

fn unexpected(token: Token<'_>, span: Span) -> FilterError {
    let what = match token {
        Token::Unclosed => say!("filter.open_quote", "this quote is never closed: add `\"`"),
        Token::Stray('=') => say!("filter.one_equals", "`=` alone compares nothing: write `==`"),
        Token::Stray('&') => say!("filter.one_and", "`&` alone joins nothing: write `&&`"),
        Token::Stray('|') => say!("filter.one_or", "`|` alone joins nothing: write `||`"),
        Token::Stray(char) => say!("filter.stray", "`%{char}` means nothing here: remove it", char = char),
        Token::Close => say!("filter.missing_close", "something to compare is missing before this `)`"),
        Token::And | Token::Or => say!("filter.missing", "something to compare is missing before this"),
        Token::Compare(_) | Token::Contains => {
            say!("filter.field_missing", "the field to compare is missing before this")
        }
        Token::Not | Token::Open | Token::Word(_) | Token::Quoted(_) => {
            say!("filter.something_else", "something else is expected here")
        }
    };
    wrong(span, what)
}

fn wrong(span: Span, message: Sentence) -> FilterError {
    FilterError { offset: span.start, message: message.into() }
}
