//! Recorded bytes for people: values cut apart and explained, leniently.
//!
//! White space between two values belongs to the frame of the second: the line feed that keeps a connection open is
//! seen there. What is no JSON is a frame of kind `?`, up to the next line feed.

use bytes::{Bytes, BytesMut};

use super::message::{Answer, read_answer, read_request};
use crate::dialect::Toward;
use crate::inspect::{Cut, Cutter, Diagnostic, Dissection, Node, NodeKind, Part, json};
use crate::value::extent::{Extent, Scanner};
use crate::value::scan::{is_space, members};
use crate::{Code, Limits, Span};

/// Bytes of one frame of kind `?`, or of white space.
const MAX_JUNK: usize = 64 << 10;

/// Characters of a summary.
const MAX_SUMMARY: usize = 160;

/// Cuts one direction.
pub(super) struct ValueCutter {
    toward: Toward,
    mode: Mode,
    /// Bytes of the frame that has begun, from chunks before.
    held: BytesMut,
    /// Values so far; `None` once bytes were lost, as nobody knows how many values were in them.
    streams: Option<u64>,
    /// Bytes were lost behind `held`.
    gap: bool,
    limits: Limits,
}

enum Mode {
    /// Between two values, or before the first.
    Space,
    /// So many bytes of a value were read.
    Value(Scanner, usize),
    /// No JSON: up to the next line feed.
    Junk,
}

impl ValueCutter {
    pub(super) fn new(toward: Toward) -> Self {
        let limits = Limits::default();
        Self { toward, mode: Mode::Space, held: BytesMut::new(), streams: Some(0), gap: false, limits }
    }

    /// Goes on at `at`, in a frame that begins at `begin`, as far as the mode lasts. Returns where it stopped, and
    /// whether the frame ends there.
    fn step(&mut self, bytes: &[u8], begin: usize, at: usize) -> (usize, bool) {
        let rest = bytes.get(at..).unwrap_or_default();
        let room = MAX_JUNK.saturating_sub(self.held.len() + at - begin);
        match &mut self.mode {
            Mode::Space => {
                let space = rest.iter().take(room).take_while(|byte| is_space(**byte)).count();
                if space < rest.len() && space < room {
                    self.mode = Mode::Value(Scanner::new(self.limits.max_depth), 0);
                    self.streams = self.streams.map(|streams| streams + 1);
                    return (at + space, false);
                }
                (at + space, space == room)
            }
            Mode::Value(scanner, len) => {
                let piece = rest.get(..self.limits.max_message - *len).unwrap_or(rest);
                match scanner.feed(piece) {
                    Extent::Ends(end) => (at + end, true),
                    Extent::More => {
                        *len += piece.len();
                        if *len == self.limits.max_message {
                            self.mode = Mode::Junk;
                        }
                        (at + piece.len(), false)
                    }
                    Extent::Broken(mistake) => {
                        let good = (mistake.offset as usize).saturating_sub(*len);
                        self.mode = Mode::Junk;
                        (at + good, false)
                    }
                }
            }
            Mode::Junk => {
                let junk = rest.get(..room).unwrap_or(rest);
                match junk.iter().position(|byte| *byte == b'\n') {
                    Some(line) => (at + line + 1, true),
                    None => (at + junk.len(), room <= junk.len()),
                }
            }
        }
    }

    fn frame(&mut self, bytes: Bytes) -> Cut {
        let stream = self.streams.unwrap_or(0);
        let cut = Cut { bytes, kind: "?", stream, method: None, code: None, odd: true, message: None, encoding: None };
        let space = cut.bytes.iter().take_while(|byte| is_space(**byte)).count();
        if space == cut.bytes.len() {
            return Cut { kind: "space", stream: 0, odd: false, ..cut };
        }
        if !matches!(self.mode, Mode::Value(..)) {
            // A line that is no JSON ends it. More of the same is one more piece of the same.
            if cut.bytes.ends_with(b"\n") {
                self.mode = Mode::Space;
            }
            return cut;
        }
        self.mode = Mode::Space;
        let value = cut.bytes.slice(space..);
        let message =
            message_span(self.toward, &value).map(|span| Part { span: span.shifted(space), ..Part::default() });
        let cut = Cut { message, ..cut };
        match self.toward {
            Toward::Server => match read_request(&value) {
                Ok(request) => Cut { kind: "request", method: Some(request.method), odd: false, ..cut },
                Err(_) => Cut { kind: "request", ..cut },
            },
            Toward::Client => match read_answer(&value) {
                Ok(Answer::Result(_)) => Cut { kind: "answer", code: Some(Code::OK), odd: false, ..cut },
                Ok(Answer::Error(status)) => Cut { kind: "error", code: Some(status.code), odd: false, ..cut },
                Err(_) => Cut { kind: "answer", ..cut },
            },
        }
    }

    /// What is left in front of lost bytes or of the end.
    fn flush(&mut self, out: &mut Vec<Cut>) {
        if self.held.is_empty() {
            return;
        }
        let bytes = self.held.split().freeze();
        let whole = bytes.iter().all(|byte| is_space(*byte));
        let kind = match (&self.mode, self.toward) {
            _ if whole => "space",
            (Mode::Value(..), Toward::Server) => "request",
            (Mode::Value(..), Toward::Client) => "answer",
            _ => "?",
        };
        let stream = if whole { 0 } else { self.streams.unwrap_or(0) };
        out.push(Cut { bytes, kind, stream, method: None, code: None, odd: !whole, message: None, encoding: None });
    }
}

impl Cutter for ValueCutter {
    fn feed(&mut self, bytes: Bytes, out: &mut Vec<Cut>) {
        if std::mem::take(&mut self.gap) {
            self.flush(out);
            self.streams = None;
            self.mode = Mode::Junk;
        }
        let mut begin = 0;
        let mut at = 0;
        while at < bytes.len() {
            let (next, ends) = self.step(&bytes, begin, at);
            at = next;
            if !ends {
                continue;
            }
            let piece = bytes.slice(begin..at);
            let frame = if self.held.is_empty() {
                piece
            } else {
                self.held.extend_from_slice(&piece);
                self.held.split().freeze()
            };
            out.push(self.frame(frame));
            begin = at;
        }
        self.held.extend_from_slice(bytes.get(begin..).unwrap_or_default());
    }

    fn finish(&mut self, out: &mut Vec<Cut>) {
        self.flush(out);
    }

    fn gap(&mut self, _lost: u64) {
        self.gap = true;
    }
}

/// Where in a request or an answer its message lies. A request with both `args` and `kwargs` has its message in two
/// places: the whole request then stands for it.
fn message_span(toward: Toward, value: &[u8]) -> Option<Span> {
    let (mut args, mut kwargs, mut result) = (None, None, None);
    for (name, span) in members(value) {
        match &*name {
            "args" => args = Some(span),
            "kwargs" => kwargs = Some(span),
            "result" => result = Some(span),
            _ => {}
        }
    }
    let filled = |span: &Span| value.get(span.range()).is_some_and(|bytes| !matches!(bytes, b"[]" | b"{}" | b"null"));
    match toward {
        Toward::Client => result,
        Toward::Server => match (args.filter(filled), kwargs.filter(filled)) {
            (Some(_), Some(_)) => Some(Span::new(0, value.len())),
            (args_filled, kwargs_filled) => args_filled.or(kwargs_filled).or(kwargs).or(args),
        },
    }
}

/// Explains one frame.
pub(super) fn dissect(toward: Toward, frame: &[u8]) -> Dissection {
    let space = frame.iter().take_while(|byte| is_space(**byte)).count();
    let value = Bytes::copy_from_slice(frame.get(space..).unwrap_or_default());
    let mut tree = Vec::new();
    if space > 0 {
        let text = String::from_utf8_lossy(frame.get(..space).unwrap_or_default());
        let text = text.escape_default().take(64).collect::<String>();
        tree.push(Node::leaf("separator", text, NodeKind::Raw, "white space", Span::new(0, space)));
    }
    if value.is_empty() {
        return Dissection { summary: "line feed or other white space".into(), tree, diagnostics: Vec::new() };
    }
    let (name, known): (_, &[&str]) = match toward {
        Toward::Server => ("request", &["method", "args", "kwargs"]),
        Toward::Client => ("answer", &["result", "error"]),
    };
    let (nodes, mut diagnostics) = json::nodes(name, &value, space);
    tree.extend(nodes);
    let whole = Span::new(space, frame.len());
    let summary = if diagnostics.is_empty() {
        for (name, span) in members(&value).filter(|(name, _)| !known.contains(&name.as_ref())).take(16) {
            let message = format!("\"{name}\" means nothing to the plain dialect");
            diagnostics.push(Diagnostic { span: span.shifted(space), message: message.into() });
        }
        match toward {
            Toward::Server => read_request(&value)
                .map(|request| match request.message.as_ref() {
                    b"{}" => request.method,
                    message => format!("{} {}", request.method, json::summary(message, MAX_SUMMARY)),
                })
                .map_err(|status| status.message),
            Toward::Client => read_answer(&value).map(|answer| match answer {
                Answer::Result(result) => json::summary(&result, MAX_SUMMARY),
                Answer::Error(status) if status.message.is_empty() => status.code.name().to_owned(),
                Answer::Error(status) => format!("{} · {}", status.code.name(), status.message),
            }),
        }
    } else {
        Ok(json::summary(&value, MAX_SUMMARY))
    };
    let summary = summary.unwrap_or_else(|message| {
        diagnostics.push(Diagnostic { span: whole, message: message.into() });
        json::summary(&value, MAX_SUMMARY)
    });
    Dissection { summary, tree, diagnostics }
}
