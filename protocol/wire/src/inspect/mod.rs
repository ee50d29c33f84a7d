//! Recorded bytes explained for people: frames cut, fields with the bytes they came from.
//!
//! Lenient where live traffic is strict: nothing here fails. What is odd becomes a [`Diagnostic`].
//!
//! ```text
//!  chunk ──▶ Cutter ──▶ Cut (kind, stream, length)      once, when recorded
//!  frame ──▶ dissect ──▶ Dissection (summary, tree)     again, whenever someone looks
//!  message ─▶ message::open ──▶ its tree, decompressed
//! ```

pub mod binary;
pub mod content;
pub mod json;
pub mod locate;
pub mod message;

use bytes::Bytes;

use crate::{Code, Encoding, Span, Words};

/// A frame cut out of one direction of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The frame's bytes, without copying where they lay in one chunk.
    pub bytes: Bytes,
    /// Kind in the dialect's own words, upper case: `REQUEST`, `DATA`, `answer`.
    pub kind: &'static str,
    /// The call's number on the wire; 0 = the connection's own business.
    pub stream: u64,
    /// Method, on a frame that opens a call.
    pub method: Option<String>,
    /// Outcome, on a frame that ends a call.
    pub code: Option<Code>,
    /// Part of this frame could not be understood.
    pub odd: bool,
    /// What of it is a message, or a part of one.
    pub message: Option<Part>,
    /// What the messages of its call are in, on a frame that opens one.
    pub encoding: Option<Encoding>,
}

/// Which bytes of a frame are a message, or a part of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Its bytes in the frame.
    pub span: Span,
    /// The message goes on in a later frame of its stream.
    pub more: bool,
    /// It is compressed as a whole: no part of it can be read alone.
    pub compressed: bool,
}

/// Cuts one direction of one connection into frames. Bytes that fit no frame come out as a frame of kind `?`.
pub trait Cutter: Send {
    /// More bytes of this direction, in order.
    fn feed(&mut self, bytes: Bytes, out: &mut Vec<Cut>);

    /// No more bytes: what is left comes out, marked odd if it is not whole.
    fn finish(&mut self, out: &mut Vec<Cut>);

    /// Bytes were lost here: skip to the next boundary if it is known, else wait for one.
    fn gap(&mut self, lost: u64);
}

/// One frame explained.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dissection {
    /// One line for a list: `Place · attempt 2`, `Order`, `+65,535`.
    pub summary: String,
    /// Fields, outermost first.
    pub tree: Vec<Node>,
    /// What is odd, where.
    pub diagnostics: Vec<Diagnostic>,
}

/// One field and what is inside it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Field name: `stream_id`, `items[0]`.
    pub name: String,
    /// Its value as text; empty for a group.
    pub value: String,
    /// How the value reads, for its color.
    pub kind: NodeKind,
    /// Type or unit in small letters: `u32`, `varint`, `string`.
    pub note: String,
    /// Its bytes in the frame.
    pub span: Span,
    /// Fields inside.
    pub children: Vec<Node>,
}

/// How a value reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// A headline with fields inside: a frame header, a message.
    #[default]
    Group,
    /// A number.
    Number,
    /// Text.
    Text,
    /// `true`, `false`, `null`, a name out of a fixed list, flags.
    Literal,
    /// Bytes.
    Raw,
}

/// Something odd in a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where.
    pub span: Span,
    /// What was expected and what was found.
    pub message: Words,
}

impl Node {
    /// A leaf.
    pub fn leaf(
        name: impl Into<String>,
        value: impl Into<String>,
        kind: NodeKind,
        note: impl Into<String>,
        span: Span,
    ) -> Self {
        Self { name: name.into(), value: value.into(), kind, note: note.into(), span, children: Vec::new() }
    }

    /// A headline over fields.
    pub fn group(name: impl Into<String>, note: impl Into<String>, span: Span, children: Vec<Self>) -> Self {
        Self { name: name.into(), note: note.into(), span, children, ..Self::default() }
    }

    /// The innermost field that has the byte at `offset`, as indices from the top.
    pub fn path_at(nodes: &[Self], offset: usize) -> Vec<usize> {
        let mut path = Vec::new();
        let mut level = nodes;
        while let Some((index, node)) = level.iter().enumerate().find(|(_, node)| node.span.has(offset)) {
            path.push(index);
            level = &node.children;
        }
        path
    }
}
