//! A JSON text of any size, to be walked through without a value of it: where its large values are, and every so many
//! bytes which of its parts begins there.
//!
//! ```text
//!  [ {…} {…} {…} {…} {…} {…} {…} {…} ]      a value below the stride: read again when it is looked at
//!  ▲         ▲           ▲                  a large one: its end, its number of parts,
//!  node      mark: 2     mark: 5            and a mark at least a stride behind the one before
//! ```
//!
//! Made in one pass over the bytes; takes a few bytes per [`STRIDE`]. Whatever is asked then reads a few strides at most.
//! Lenient: what it says of a text that is broken further on holds up to there.

use crate::Span;
use crate::value::outline::Kind;
use crate::value::scan::is_space;

mod pretty;
#[cfg(test)]
mod tests;

pub use pretty::Line;

/// Bytes between marks; a smaller value has none.
pub const STRIDE: usize = 4 << 10;

/// Levels of containers; what is deeper is not walked through.
const MAX_DEPTH: usize = 512;

/// How often the one who waits is asked.
const ASK_EVERY: usize = 1 << 20;

/// The large values of a text.
#[derive(Clone, Debug, Default)]
pub struct Landmarks {
    /// By start: each value of at least a stride, or whose end was not seen.
    nodes: Vec<Node>,
    /// Of the text as it is laid out to be read.
    lines: Vec<LineMark>,
    line_count: u64,
    /// Of the one value.
    root: Option<(u32, u32)>,
    problem: Option<Problem>,
    /// Bytes that were looked at.
    seen: usize,
}

#[derive(Clone, Debug)]
struct Node {
    start: u32,
    end: u32,
    parts: u32,
    marks: Vec<Mark>,
}

/// Part number `part` of the container begins here, with its name.
#[derive(Clone, Copy, Debug)]
struct Mark {
    part: u32,
    at: u32,
}

/// The part that begins here stands on this line, so many levels in.
#[derive(Clone, Copy, Debug)]
struct LineMark {
    line: u64,
    at: u32,
    depth: u16,
}

/// Where and why walking through a text ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Byte offset.
    pub at: usize,
    /// What is wrong there.
    pub what: Broken,
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It is over in the middle of a value.
    Ends,
    /// Something stands where nothing may.
    Unexpected,
    /// More levels than anybody nests.
    TooDeep,
}

/// A value and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Bytes of its name with quotes, in an object.
    pub name: Option<Span>,
    /// Its bytes.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// A container whose end was not seen yet.
struct Open {
    node: usize,
    parts: u32,
    last_mark: usize,
    object: bool,
    /// A name comes next, not a value.
    names: bool,
}

impl Landmarks {
    /// Walks through all of it. `go_on` is told every mebibyte how many bytes are done, and may say no.
    pub fn of(bytes: &[u8], go_on: impl FnMut(usize) -> bool) -> Self {
        let mut survey = Survey { bytes, at: 0, marks: Self::default(), open: Vec::new(), last_line: 0 };
        survey.run(go_on);
        survey.marks
    }

    /// Bytes that were looked at: all, unless somebody said no.
    pub const fn seen(&self) -> usize {
        self.seen
    }

    /// What is wrong with the text, if anything is.
    pub const fn problem(&self) -> Option<Problem> {
        self.problem
    }

    /// Bytes of memory that it takes.
    pub fn memory(&self) -> usize {
        let marks: usize = self.nodes.iter().map(|node| node.marks.capacity() * size_of::<Mark>()).sum();
        marks + self.nodes.capacity() * size_of::<Node>() + self.lines.capacity() * size_of::<LineMark>()
    }

    /// The one value of the text.
    pub fn root(&self, bytes: &[u8]) -> Option<Part> {
        let (start, end) = self.root?;
        let span = Span::new(start as usize, end as usize);
        Some(Part { name: None, span, kind: kind_at(bytes, span.start) })
    }

    /// How many parts a container has.
    pub fn count(&self, bytes: &[u8], of: &Part) -> usize {
        match self.node(of.span.start) {
            Some(node) => node.parts as usize,
            None => self.parts(bytes, of, 0).count(),
        }
    }

    /// The parts of a container from this one on.
    pub fn parts<'a>(&'a self, bytes: &'a [u8], of: &Part, from: usize) -> Parts<'a> {
        let object = of.kind == Kind::Object;
        if !matches!(of.kind, Kind::Object | Kind::Array) {
            return Parts { marks: self, bytes, object, next: None, end: 0 };
        }
        let first = skip_space(bytes, of.span.start + 1);
        let mut parts = Parts { marks: self, bytes, object, next: Some(first), end: of.span.end };
        let mut skip = from;
        if let Some(node) = self.node(of.span.start) {
            let before = node.marks.partition_point(|mark| mark.part as usize <= from);
            if let Some(mark) = before.checked_sub(1).and_then(|at| node.marks.get(at)) {
                parts.next = Some(mark.at as usize);
                skip = from - mark.part as usize;
            }
        }
        for _ in 0..skip {
            if parts.next().is_none() {
                break;
            }
        }
        parts
    }

    /// The way to the innermost value at an offset: part numbers from the top, and the values that they lead to.
    pub fn path_to(&self, bytes: &[u8], offset: usize) -> Vec<(usize, Part)> {
        let mut path = Vec::new();
        let Some(mut at) = self.root(bytes) else { return path };
        while matches!(at.kind, Kind::Object | Kind::Array) {
            let from = self.node(at.span.start).map_or(0, |node| {
                let before = node.marks.partition_point(|mark| mark.at as usize <= offset);
                before.checked_sub(1).and_then(|at| node.marks.get(at)).map_or(0, |mark| mark.part as usize)
            });
            let found = self.parts(bytes, &at, from).enumerate().find(|(_, part)| part.span.end > offset);
            let Some((number, part)) = found.filter(|(_, part)| part.full_span().start <= offset) else { break };
            path.push((from + number, part));
            at = part;
        }
        path
    }

    fn node(&self, start: usize) -> Option<&Node> {
        let at = self.nodes.binary_search_by_key(&start, |node| node.start as usize).ok()?;
        self.nodes.get(at)
    }

    /// Where the value that begins here ends.
    fn end_of(&self, bytes: &[u8], start: usize) -> usize {
        if let Some(node) = self.node(start) {
            return node.end as usize;
        }
        match bytes.get(start) {
            Some(b'"') => text_end(bytes, start).0,
            Some(b'{' | b'[') => {
                let (mut depth, mut at) = (0_usize, start);
                while let Some(byte) = bytes.get(at) {
                    match byte {
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth -= 1,
                        b'"' => {
                            at = text_end(bytes, at).0;
                            continue;
                        }
                        _ => {}
                    }
                    at += 1;
                    if depth == 0 {
                        break;
                    }
                }
                at
            }
            _ => word_end(bytes, start),
        }
    }
}

impl Part {
    /// Its bytes, with its name.
    pub fn full_span(&self) -> Span {
        Span::new(self.name.map_or(self.span.start, |name| name.start), self.span.end)
    }
}

/// See [`Landmarks::parts`].
pub struct Parts<'a> {
    marks: &'a Landmarks,
    bytes: &'a [u8],
    object: bool,
    /// Where the next part begins.
    next: Option<usize>,
    /// Of the container.
    end: usize,
}

impl Iterator for Parts<'_> {
    type Item = Part;

    fn next(&mut self) -> Option<Part> {
        let mut at = self.next.take().filter(|at| *at < self.end)?;
        let mut name = None;
        if self.object && self.bytes.get(at) == Some(&b'"') {
            let end = text_end(self.bytes, at).0;
            name = Some(Span::new(at, end));
            at = skip_space(self.bytes, end);
            if self.bytes.get(at) == Some(&b':') {
                at = skip_space(self.bytes, at + 1);
            }
        }
        if matches!(self.bytes.get(at), None | Some(b'}' | b']' | b',' | b':')) {
            return None;
        }
        let end = self.marks.end_of(self.bytes, at);
        let behind = skip_space(self.bytes, end);
        if self.bytes.get(behind) == Some(&b',') {
            self.next = Some(skip_space(self.bytes, behind + 1));
        }
        Some(Part { name, span: Span::new(at, end), kind: kind_at(self.bytes, at) })
    }
}

/// The one pass.
struct Survey<'a> {
    bytes: &'a [u8],
    at: usize,
    marks: Landmarks,
    open: Vec<Open>,
    /// Where the last line mark is.
    last_line: usize,
}

impl Survey<'_> {
    fn run(&mut self, mut go_on: impl FnMut(usize) -> bool) {
        let mut asked = 0;
        // One part that was begun ends the value at the top.
        let mut wants_value = true;
        loop {
            self.at = skip_space(self.bytes, self.at);
            if self.at - asked >= ASK_EVERY {
                asked = self.at;
                if !go_on(self.at) {
                    return self.seal(None);
                }
            }
            let Some(&byte) = self.bytes.get(self.at) else { break };
            if self.open.is_empty() && !wants_value {
                return self.seal(Some(Broken::Unexpected));
            }
            match byte {
                b'{' | b'[' => {
                    if !std::mem::take(&mut wants_value) {
                        return self.seal(Some(Broken::Unexpected));
                    }
                    if self.open.len() >= MAX_DEPTH {
                        return self.seal(Some(Broken::TooDeep));
                    }
                    self.begin_part();
                    let node = self.marks.nodes.len();
                    let start = self.at as u32;
                    self.marks.nodes.push(Node { start, end: start, parts: 0, marks: Vec::new() });
                    let object = byte == b'{';
                    self.open.push(Open { node, parts: 0, last_mark: self.at, object, names: object });
                    wants_value = !object;
                    self.at += 1;
                }
                b'}' | b']' => {
                    if !self.close(byte == b'}') {
                        return self.seal(Some(Broken::Unexpected));
                    }
                    wants_value = false;
                }
                b',' => {
                    let Some(top) = self.open.last_mut() else { return self.seal(Some(Broken::Unexpected)) };
                    if wants_value || top.names || top.parts == 0 {
                        return self.seal(Some(Broken::Unexpected));
                    }
                    top.names = top.object;
                    wants_value = !top.object;
                    self.at += 1;
                }
                b'"' if self.open.last().is_some_and(|top| top.names) => {
                    self.begin_part();
                    let (end, whole) = text_end(self.bytes, self.at);
                    let behind = skip_space(self.bytes, end);
                    if !whole || behind >= self.bytes.len() {
                        self.at = self.bytes.len();
                        break;
                    }
                    if self.bytes.get(behind) != Some(&b':') {
                        self.at = behind;
                        return self.seal(Some(Broken::Unexpected));
                    }
                    if let Some(top) = self.open.last_mut() {
                        top.names = false;
                    }
                    wants_value = true;
                    self.at = behind + 1;
                }
                b':' => return self.seal(Some(Broken::Unexpected)),
                _ => {
                    if !std::mem::take(&mut wants_value) {
                        return self.seal(Some(Broken::Unexpected));
                    }
                    self.begin_part();
                    let start = self.at;
                    let (end, whole) =
                        if byte == b'"' { text_end(self.bytes, start) } else { (word_end(self.bytes, start), true) };
                    if end - start >= STRIDE {
                        let node = Node { start: start as u32, end: end as u32, parts: 0, marks: Vec::new() };
                        self.marks.nodes.push(node);
                    }
                    self.at = end;
                    if let Some((_, root_end)) = self.marks.root.as_mut().filter(|_| self.open.is_empty()) {
                        *root_end = end as u32;
                    }
                    if !whole {
                        break;
                    }
                }
            }
        }
        let complete = self.open.is_empty() && !wants_value && self.marks.root.is_some();
        self.seal(if complete { None } else { Some(Broken::Ends) });
    }

    /// A value, or a name, begins where we are: one more part of the container, and one more line.
    fn begin_part(&mut self) {
        let at = self.at;
        let depth = self.open.len();
        let Some(top) = self.open.last_mut() else {
            self.marks.root = Some((at as u32, at as u32));
            self.marks.line_count = 1;
            return;
        };
        if top.object && !top.names {
            // Its name has begun it.
            return;
        }
        if at - top.last_mark >= STRIDE {
            top.last_mark = at;
            if let Some(node) = self.marks.nodes.get_mut(top.node) {
                node.marks.push(Mark { part: top.parts, at: at as u32 });
            }
        }
        top.parts += 1;
        let line = self.marks.line_count;
        self.marks.line_count += 1;
        if at - self.last_line >= STRIDE {
            self.last_line = at;
            self.marks.lines.push(LineMark { line, at: at as u32, depth: depth as u16 });
        }
    }

    fn close(&mut self, object: bool) -> bool {
        let Some(top) = self.open.last() else { return false };
        // Behind a comma or a name something is missing.
        if top.object != object || (top.object && top.names && top.parts > 0) {
            return false;
        }
        let Some(top) = self.open.pop() else { return false };
        self.at += 1;
        let end = self.at;
        if top.parts > 0 {
            self.marks.line_count += 1;
        }
        let small = self.marks.nodes.get_mut(top.node).is_some_and(|node| {
            node.end = end as u32;
            node.parts = top.parts;
            end - (node.start as usize) < STRIDE
        });
        if small {
            // Nothing inside it is larger: it is the last.
            self.marks.nodes.truncate(top.node);
        }
        if self.open.is_empty()
            && let Some((_, root_end)) = &mut self.marks.root
        {
            *root_end = end as u32;
        }
        true
    }

    /// Ends all that is open where we are.
    fn seal(&mut self, what: Option<Broken>) {
        self.at = self.at.min(self.bytes.len());
        let end = self.at as u32;
        self.marks.seen = self.at;
        self.marks.problem = what.map(|what| Problem { at: self.at, what });
        if self.open.is_empty() {
            return;
        }
        for open in self.open.drain(..) {
            if let Some(node) = self.marks.nodes.get_mut(open.node) {
                node.end = end;
                node.parts = open.parts;
            }
            self.marks.line_count += 1;
        }
        if let Some((_, root_end)) = &mut self.marks.root {
            *root_end = end;
        }
    }
}

fn kind_at(bytes: &[u8], at: usize) -> Kind {
    match bytes.get(at) {
        Some(b'{') => Kind::Object,
        Some(b'[') => Kind::Array,
        Some(b'"') => Kind::Text,
        Some(b'-' | b'0'..=b'9') => Kind::Number,
        Some(b't' | b'f') => Kind::Bool,
        Some(b'n') => Kind::Null,
        _ => Kind::Raw,
    }
}

fn skip_space(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !is_space(*byte)).unwrap_or(rest.len())
}

/// Behind the closing quote, and whether there is one.
fn text_end(bytes: &[u8], start: usize) -> (usize, bool) {
    let mut at = start + 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))) {
        at += found;
        if bytes.get(at) == Some(&b'"') {
            return (at + 1, true);
        }
        at += 2;
    }
    (bytes.len(), false)
}

fn word_end(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start + 1..).unwrap_or_default();
    let end =
        rest.iter().position(|byte| is_space(*byte) || matches!(byte, b'{' | b'}' | b'[' | b']' | b':' | b',' | b'"'));
    start + 1 + end.unwrap_or(rest.len())
}
