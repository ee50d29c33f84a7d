//! The plain dialect: one JSON object up, one down. The smallest RPC there is, kept because people
//! write it by hand. Its normative text is in `protocol/README.md`, "The plain dialect".
//!
//! ```text
//!  {"method": "add", "args": [1, 2], "kwargs": {}}          ──▶
//!                                                           ◀──   {"result":3}   and the end of the connection
//!  {"method": "add", "args": [1, 2]} ⏎                      ──▶
//!                                                           ◀──   {"result":3} ⏎ and the connection stays
//! ```
//!
//! It carries one message each way and nothing else: no metadata, no deadline, no cancellation (a client that
//! gives up closes the connection), no streams (a method that streams is answered UNIMPLEMENTED), no one-way calls.
//! A call's stream is its place on the connection, counted from 1; answers come in the order of their calls.
//!
//! Messages at the engine's edge are JSON. What a client is given as an object becomes `kwargs`, an array `args`.
//! What a server's owner is given is an object of fields by name, or an array of fields in their declared order; if a
//! call has both, an object in which positional ones have their place as a name: `{"0":1,"unit":"EUR"}`. The engine
//! knows no schema: whoever routes the call maps places to fields ([`Schema::by_name`](crate::schema::Schema::by_name)).

use crate::dialect::{Dialect, Sniff, Toward};
use crate::engine::{Carrier, Engine};
use crate::inspect::{Cutter, Dissection};
use crate::value::extent::{Extent, Scanner};
use crate::value::scan::{Token, Tokens, is_space, unquote};
use crate::{Limits, Time};

mod client;
mod cut;
mod message;
mod server;
mod values;

#[cfg(test)]
mod tests;

pub use client::{Client, Keep};
pub use server::Server;

/// Bytes within which JSON must show that it is another dialect's. Long messages are not held back for longer.
const MAX_SNIFF: usize = 64 << 10;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl Dialect for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn carriers(&self) -> &'static [Carrier] {
        &[Carrier::Stream]
    }

    fn sniff(&self, first: &[u8]) -> Sniff {
        let value = first.get(first.iter().take_while(|byte| is_space(**byte)).count()..).unwrap_or_default();
        match value.first() {
            Some(b'{' | b'[') => {}
            Some(_) => return Sniff::No,
            None => return Sniff::More,
        }
        if is_json_rpc(value) || is_thrift(value) {
            return Sniff::No;
        }
        match Scanner::new(Limits::default().max_depth).feed(value) {
            Extent::More if first.len() < MAX_SNIFF => Sniff::More,
            // Broken JSON is nobody else's, and the engine says what is wrong with it.
            Extent::More | Extent::Ends(_) | Extent::Broken(_) => Sniff::Yes,
        }
    }

    fn client(&self, limits: Limits, _secure: bool, _now: Time) -> Box<dyn Engine> {
        Box::new(Client::new(limits, Keep::Open))
    }

    fn server(&self, limits: Limits, _secure: bool, _now: Time) -> Box<dyn Engine> {
        Box::new(Server::new(limits))
    }

    fn cutter(&self, toward: Toward) -> Box<dyn Cutter> {
        Box::new(cut::ValueCutter::new(toward))
    }

    fn dissect(&self, toward: Toward, frame: &[u8]) -> Dissection {
        cut::dissect(toward, frame)
    }
}

/// JSON-RPC: an object with a member `jsonrpc`, or a batch, an array of objects.
fn is_json_rpc(value: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut name = None;
    for (index, (token, span)) in Tokens::new(value).enumerate() {
        match token {
            Token::ObjectStart if index == 1 && value.starts_with(b"[") => return true,
            Token::ObjectStart | Token::ArrayStart => depth += 1,
            Token::ObjectEnd | Token::ArrayEnd => depth = depth.saturating_sub(1),
            Token::Colon if depth == 1 && name.is_some_and(|token| unquote(token).text == "jsonrpc") => return true,
            _ => {}
        }
        if depth == 0 {
            return false;
        }
        name = (token == Token::Text).then(|| value.get(span.range()).unwrap_or_default());
    }
    false
}

/// Thrift's JSON protocol opens every message with its version: `[1,`.
fn is_thrift(value: &[u8]) -> bool {
    let mut tokens = Tokens::new(value).map(|(token, span)| (token, value.get(span.range()).unwrap_or_default()));
    tokens.next() == Some((Token::ArrayStart, b"["))
        && tokens.next() == Some((Token::Number, b"1"))
        && tokens.next() == Some((Token::Comma, b","))
}
