//! The place of a call among others (W3C Trace Context): taken from whoever asks for it, or begun here.
//!
//! A call is a span, and each attempt is a span below it. The attempt's span goes over the wire, and what its handler
//! calls names it as the parent: client and server share it, so that a recording shows which attempt made which call.
//! Knows no connection; ids come out of [`TraceIds`].

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use callscope_wire::trace::TraceError;
use callscope_wire::{Metadata, SpanId, Trace, TraceId, TraceSpan};

use super::CallOptions;
use crate::address::Address;

/// Names of the recommendation's headers.
const PARENT: &str = "traceparent";
const STATE: &str = "tracestate";

/// Recorded: here somebody always looks.
const SAMPLED: u8 = 1;

/// Where trace and span ids come from. Clones draw from one source.
#[derive(Clone, Default)]
pub struct TraceIds(Option<Arc<Mutex<fastrand::Rng>>>);

/// A call that has its place.
#[derive(Debug)]
pub(crate) struct Rooted {
    pub(crate) span: TraceSpan,
    flags: u8,
    state: String,
}

impl TraceIds {
    /// The same ids for the same seed, in the order in which they are asked for.
    pub fn seeded(seed: u64) -> Self {
        Self(Some(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed)))))
    }

    fn trace_id(&self) -> TraceId {
        // Zeros mean none; that they are drawn twice nobody will live to see.
        TraceId::new(self.bytes()).unwrap_or(TraceId([1; 16]))
    }

    fn span_id(&self) -> SpanId {
        SpanId::new(self.bytes()).unwrap_or(SpanId([1; 8]))
    }

    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            Some(source) => source.lock().unwrap_or_else(PoisonError::into_inner).fill(&mut bytes),
            None => fastrand::fill(&mut bytes),
        }
        bytes
    }
}

impl fmt::Debug for TraceIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "TraceIds(seeded)" } else { "TraceIds(random)" })
    }
}

impl Rooted {
    /// What an attempt takes along.
    pub(crate) fn attempt(&self, ids: &TraceIds) -> Trace {
        Trace { trace_id: self.span.trace_id, span_id: ids.span_id(), flags: self.flags, state: self.state.clone() }
    }
}

/// Gives a call its place. What the user wrote into the metadata wins over the call on whose behalf it is made, and is
/// taken out there: it travels in its own place, under our span. `None`: where the call goes there is no room for it.
pub(crate) fn root(
    ids: &TraceIds,
    options: &mut CallOptions,
    address: Option<&Address>,
) -> Result<Option<Rooted>, TraceError> {
    if address.is_some_and(|address| !address.carries_trace()) {
        return Ok(None);
    }
    let parent = match given(&options.metadata)? {
        Some(given) => {
            let others = |(name, _): &(&str, &[u8])| !is_trace(name);
            options.metadata = options.metadata.iter().filter(others).collect();
            Some(given)
        }
        None => options.trace.take(),
    };
    let (trace_id, flags) = parent.as_ref().map_or_else(|| (ids.trace_id(), SAMPLED), |up| (up.trace_id, up.flags));
    let span = TraceSpan { trace_id, span_id: ids.span_id(), parent: parent.as_ref().map(|up| up.span_id) };
    Ok(Some(Rooted { span, flags, state: parent.map(|up| up.state).unwrap_or_default() }))
}

fn is_trace(name: &str) -> bool {
    name.eq_ignore_ascii_case(PARENT) || name.eq_ignore_ascii_case(STATE)
}

/// What the user wrote. Several `tracestate`s are one list; more than one `traceparent` is none.
fn given(metadata: &Metadata) -> Result<Option<Trace>, TraceError> {
    if !metadata.iter().any(|(name, _)| is_trace(name)) {
        return Ok(None);
    }
    let values = |wanted: &str| {
        let named = metadata.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        named.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect::<Vec<_>>()
    };
    let state = values(STATE).join(",");
    match values(PARENT).as_slice() {
        [one] => Trace::parse(one, &state).map(Some),
        [] => Err(TraceError::State { text: state, what: "without a traceparent it says nothing" }),
        several => Err(TraceError::Parent { text: several.join("`, `"), what: "there must be one of it" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

    fn rooted(options: &mut CallOptions, target: &str) -> Result<Option<Rooted>, TraceError> {
        root(&TraceIds::seeded(7), options, target.parse().ok().as_ref())
    }

    fn metadata(pairs: &[(&str, &str)]) -> CallOptions {
        CallOptions { metadata: pairs.iter().copied().collect(), ..CallOptions::default() }
    }

    #[test]
    fn a_call_of_nobody_begins_a_trace_and_its_attempts_are_spans_below_it() {
        let ids = TraceIds::seeded(7);
        let rooted = root(&ids, &mut CallOptions::default(), "native://h:1".parse().ok().as_ref()).unwrap().unwrap();
        let (one, two) = (rooted.attempt(&ids), rooted.attempt(&ids));
        assert_eq!((rooted.span.parent, one.flags, one.trace_id), (None, 1, rooted.span.trace_id));
        assert!(one.span_id != two.span_id && one.span_id != rooted.span.span_id);
        assert_eq!(rooted.span.trace_id, TraceIds::seeded(7).trace_id());
    }

    #[test]
    fn what_the_user_wrote_wins_and_leaves_the_metadata() {
        let mut options = metadata(&[("a", "1"), ("TraceParent", GIVEN), ("tracestate", "x=1"), ("tracestate", "y=2")]);
        options.trace = Trace::parse("00-11111111111111111111111111111111-2222222222222222-01", "").ok();
        let rooted = rooted(&mut options, "registry:///orders").unwrap().unwrap();
        assert_eq!(rooted.span.trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(rooted.span.parent.unwrap().to_string(), "00f067aa0ba902b7");
        let attempt = rooted.attempt(&TraceIds::default());
        assert_eq!((attempt.flags, attempt.state.as_str()), (0, "x=1,y=2"));
        assert_eq!(options.metadata.iter().collect::<Vec<_>>(), [("a", b"1".as_slice())]);
    }

    #[test]
    fn what_is_no_trace_context_is_said_and_plain_has_none() {
        let error = |pairs: &[(&str, &str)]| rooted(&mut metadata(pairs), "native://h:1").unwrap_err().to_string();
        assert!(error(&[("traceparent", "00-x")]).contains("32 lower-case"));
        assert!(error(&[("traceparent", GIVEN), ("traceparent", GIVEN)]).contains("one of it"));
        assert!(error(&[("tracestate", "a=1")]).contains("without a traceparent"));
        let mut options = metadata(&[("traceparent", GIVEN)]);
        assert!(rooted(&mut options, "plain://h:1").unwrap().is_none());
        assert_eq!(options.metadata.len(), 1);
    }
}
