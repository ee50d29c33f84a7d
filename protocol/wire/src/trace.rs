//! W3C Trace Context: which call belongs to which, across services.
//!
//! ```text
//!  call (span) ─▶ attempt (span, goes over the wire) ─▶ handler ─▶ call (its parent: the attempt's span) ─▶ …
//! ```
//!
//! Ids come from outside: nothing here rolls dice. Texts are read and written as the recommendation says
//! (`traceparent` version 00; of later versions the part that is known).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Members of a `tracestate` at most (W3C Trace Context, 3.3.1.1).
const MAX_MEMBERS: usize = 32;

/// Characters of a `tracestate` that everybody has to pass on (3.3.1.5); a longer one is refused here.
const MAX_STATE: usize = 512;

/// One tree of calls. Never all zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TraceId(pub [u8; 16]);

/// One call, or one attempt of it. Never all zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SpanId(pub [u8; 8]);

/// What travels with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The tree.
    pub trace_id: TraceId,
    /// The sender's span.
    pub span_id: SpanId,
    /// Flags; bit 0 = sampled.
    pub flags: u8,
    /// `tracestate` as it came; empty: none.
    pub state: String,
}

/// Where a call stands in its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceSpan {
    /// The tree.
    pub trace_id: TraceId,
    /// The call itself.
    pub span_id: SpanId,
    /// The span that it was made from; `None`: it is the root.
    pub parent: Option<SpanId>,
}

/// Text that is no trace context, in plain words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// `traceparent` has another form.
    #[error("traceparent `{text}` is not 00-TRACE-SPAN-FLAGS: {what}")]
    Parent {
        /// As given.
        text: String,
        /// What is wrong.
        what: &'static str,
    },
    /// `tracestate` has another form.
    #[error("tracestate `{text}` is not a list of key=value: {what}")]
    State {
        /// As given.
        text: String,
        /// What is wrong.
        what: &'static str,
    },
}

impl TraceId {
    /// `None` for the id that means none.
    pub fn new(bytes: [u8; 16]) -> Option<Self> {
        (bytes != [0; 16]).then_some(Self(bytes))
    }
}

impl SpanId {
    /// `None` for the id that means none.
    pub fn new(bytes: [u8; 8]) -> Option<Self> {
        (bytes != [0; 8]).then_some(Self(bytes))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Trace {
    /// Out of `traceparent` and `tracestate` as headers have them; an empty `state`: there was none.
    pub fn parse(parent: &str, state: &str) -> Result<Self, TraceError> {
        let wrong = |what| TraceError::Parent { text: parent.to_owned(), what };
        let mut parts = parent.trim().split('-');
        let mut part = |what| parts.next().ok_or_else(|| wrong(what));
        let [version] = hex(part("it is empty")?).ok_or_else(|| wrong("the version is two lower-case hex digits"))?;
        if version == 0xff {
            return Err(wrong("version ff is forbidden"));
        }
        let trace = part("the trace id is missing")?;
        let trace = hex(trace).ok_or_else(|| wrong("the trace id is 32 lower-case hex digits"))?;
        let span = part("the span id is missing")?;
        let span = hex(span).ok_or_else(|| wrong("the span id is 16 lower-case hex digits"))?;
        let flags = part("the flags are missing")?;
        let [flags] = hex(flags).ok_or_else(|| wrong("the flags are two lower-case hex digits"))?;
        // Later versions may add parts behind these.
        if version == 0 && parts.next().is_some() {
            return Err(wrong("version 00 has four parts"));
        }
        Ok(Self {
            trace_id: TraceId::new(trace).ok_or_else(|| wrong("a trace id of zeros means none"))?,
            span_id: SpanId::new(span).ok_or_else(|| wrong("a span id of zeros means none"))?,
            flags,
            state: check_state(state)?,
        })
    }

    /// As a header has it.
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

/// Lower-case digits only, as the recommendation wants them.
fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

/// Whether it is a list of `key=value`; empty members are allowed and dropped.
fn check_state(state: &str) -> Result<String, TraceError> {
    let wrong = |what| TraceError::State { text: state.to_owned(), what };
    let members: Vec<&str> = state.split(',').map(str::trim).filter(|member| !member.is_empty()).collect();
    if members.len() > MAX_MEMBERS {
        return Err(wrong("it has more than 32 members"));
    }
    for (place, member) in members.iter().enumerate() {
        let (key, value) = member.split_once('=').ok_or_else(|| wrong("a member has no `=`"))?;
        if !is_key(key) {
            return Err(wrong("a key is lower-case letters, digits and _-*/, with at most one @"));
        }
        let printable = |byte: u8| (0x20..0x7f).contains(&byte) && byte != b'=';
        if value.is_empty() || value.len() > 256 || !value.bytes().all(printable) {
            return Err(wrong("a value is 1 to 256 printable ASCII characters without `,` and `=`"));
        }
        if members.iter().take(place).any(|other| other.split('=').next() == Some(key)) {
            return Err(wrong("a key is there twice"));
        }
    }
    let state = members.join(",");
    if state.len() > MAX_STATE { Err(wrong("it is longer than 512 characters")) } else { Ok(state) }
}

fn is_key(key: &str) -> bool {
    let starts = key.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit());
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/@".contains(&byte);
    starts && key.len() <= 256 && key.bytes().all(known) && key.matches('@').count() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_example_of_the_recommendation_comes_back_as_it_went() {
        let trace = Trace::parse(GIVEN, "congo=t61rcWkgMzE, rojo=00f067aa0ba902b7").unwrap();
        assert_eq!(trace.traceparent(), GIVEN);
        assert_eq!(trace.state, "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7");
        assert_eq!((trace.span_id.to_string().as_str(), trace.flags), ("00f067aa0ba902b7", 1));
        // A later version may say more.
        assert!(Trace::parse("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", "").is_ok());
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (parent, state, expected) in [
            ("", "", "the version is two"),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "", "version ff"),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "", "32 lower-case"),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", "", "a trace id of zeros"),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", "", "a span id of zeros"),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", "", "the flags are missing"),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x", "", "four parts"),
            (GIVEN, "nothing", "no `=`"),
            (GIVEN, "Upper=1", "a key is"),
            (GIVEN, "a=1,a=2", "twice"),
            (GIVEN, "a=ü", "a value is"),
            (GIVEN, &format!("a={0},b={0},c={0}", "x".repeat(200)), "longer than 512"),
        ] {
            let error = Trace::parse(parent, state).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        let many = (0..33).map(|n| format!("k{n}=1")).collect::<Vec<_>>().join(",");
        assert!(Trace::parse(GIVEN, &many).unwrap_err().to_string().contains("more than 32"));
    }
}
