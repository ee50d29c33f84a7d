//! The values of a JSON text, as its tokens come.

use std::borrow::Cow;

use super::{Label, MAX_DEPTH, Seen};
use crate::Span;
use crate::value::scan::{Token, Tokens, unquote};

pub(super) struct Walk<'a> {
    text: &'a [u8],
    tokens: Tokens<'a>,
    /// Containers around, each with the place of its next item; `None`: an object.
    open: Vec<Option<usize>>,
    name: Option<Span>,
}

impl<'a> Walk<'a> {
    pub fn new(text: &'a [u8]) -> Self {
        Self { text, tokens: Tokens::new(text), open: Vec::new(), name: None }
    }
}

impl super::Walk for Walk<'_> {
    fn next(&mut self) -> Option<Seen> {
        loop {
            let (token, span) = self.tokens.next().filter(|_| self.open.len() <= MAX_DEPTH)?;
            match token {
                Token::Comma | Token::Colon => {}
                Token::ObjectEnd | Token::ArrayEnd => {
                    if self.open.pop().is_some() {
                        return Some(Seen::End(span));
                    }
                }
                Token::Text if self.open.last() == Some(&None) && self.name.is_none() => self.name = Some(span),
                _ => {
                    let name = self.name.take();
                    let label = match self.open.last_mut() {
                        None => Label::Top,
                        Some(Some(next)) => {
                            *next += 1;
                            Label::Index(*next - 1)
                        }
                        Some(None) => Label::Name(name.unwrap_or(Span::at(span.start, 0))),
                    };
                    let container = matches!(token, Token::ObjectStart | Token::ArrayStart);
                    if container {
                        self.open.push((token == Token::ArrayStart).then_some(0));
                    }
                    return Some(Seen::Value { label, name, span, container });
                }
            }
        }
    }

    fn pass_over(&mut self) -> usize {
        self.open.pop();
        self.tokens.skip_container()
    }

    fn name(&self, span: Span) -> Cow<'_, str> {
        unquote(self.text.get(span.range()).unwrap_or_default()).text
    }

    fn depth(&self) -> usize {
        self.open.len()
    }

    fn in_any_map(&self) -> bool {
        self.open.contains(&None)
    }
}
