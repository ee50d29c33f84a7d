//! Two calls beside each other: what was compared and what differs; and one call sent to every instance.
//!
//! [`compare`] is the work: not for the window's thread, an answer may be large.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use callscope_wire::value::beginning::beginning;
use callscope_wire::value::diff::{Bounds, Counts, Diff, fingerprint};
use callscope_wire::{Code, FlowId, Health, Metadata, Shape, Time, Value};
use serde_json::{Map, json};

use super::flows::{Message, Record};
use super::messages::Undecoded;

/// Messages of a stream that are compared: the last ones.
const MESSAGES: usize = 2_000;
/// Bytes of all of them.
const BYTES: usize = 16 << 20;
/// Of a message larger than that, so many values are compared.
const VALUES: usize = 200_000;

/// What a tab compares.
#[derive(Clone, Debug, Default)]
pub struct Compare {
    /// The call on the left; `None`: the one before the right one, as soon as there is one.
    pub left: Option<FlowId>,
    /// The call on the right; `None`: whichever the tab shows.
    pub right: Option<FlowId>,
    /// The right one is shown at the left.
    pub swapped: bool,
    /// The last comparison that is done.
    pub found: Option<Arc<Comparison>>,
    /// The one that is under way.
    pub asked: Option<(FlowId, FlowId)>,
}

/// Two calls, compared.
#[derive(Debug)]
pub struct Comparison {
    /// Which ones.
    pub of: (FlowId, FlowId),
    /// How the left one went.
    pub left: Facts,
    /// How the right one went.
    pub right: Facts,
    /// Their parts.
    pub sections: Vec<Section>,
    /// Differences of all parts.
    pub counts: Counts,
}

/// How a call went, in short.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// When it began.
    pub started: Time,
    /// How long it took.
    pub took: Duration,
    /// How it ended.
    pub code: Code,
    /// Message bytes received.
    pub bytes: u64,
    /// Messages received.
    pub messages: u64,
    /// The instance of the last attempt.
    pub instance: String,
    /// Attempts made.
    pub attempts: usize,
}

/// A part of two calls.
#[derive(Debug)]
pub struct Section {
    /// Which part.
    pub part: Part,
    /// What the left one has.
    pub left: Option<Arc<Value>>,
    /// What the right one has.
    pub right: Option<Arc<Value>>,
    /// What differs.
    pub diff: Diff,
    /// Messages of the longer stream that came before those that are compared.
    pub left_out: u64,
    /// A message is so large that only its beginning is compared.
    pub cut: bool,
}

/// Parts of a call, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The message, or the messages, that came back.
    Answer,
    /// What the status says, when one of the two is not OK.
    Status,
    /// Response metadata.
    Metadata,
    /// Trailers.
    Trailers,
    /// What was sent.
    Sent,
}

/// Whether a call can be compared: it is over.
pub fn is_over(record: &Record) -> bool {
    record.flow.ended.is_some()
}

/// Compares two calls that are over.
pub fn compare(left: &Record, right: &Record) -> Comparison {
    let mut sections = Vec::new();
    let mut section = |part, left: Taken, right: Taken| {
        if let Some(diff) = Diff::between(left.value.as_deref(), right.value.as_deref(), Bounds::default()) {
            let (left_out, cut) = (left.left_out.max(right.left_out), left.cut || right.cut);
            sections.push(Section { part, left: left.value, right: right.value, diff, left_out, cut });
        }
    };
    section(Part::Answer, messages(left, false), messages(right, false));
    if !code(left).is_ok() || !code(right).is_ok() {
        section(Part::Status, Taken::small(status(left)), Taken::small(status(right)));
    }
    let headers = |record: &Record| Taken::small(record.flow.headers.as_ref().and_then(metadata));
    section(Part::Metadata, headers(left), headers(right));
    let trailers =
        |record: &Record| Taken::small(record.flow.status.as_ref().and_then(|status| metadata(&status.trailers)));
    section(Part::Trailers, trailers(left), trailers(right));
    section(Part::Sent, messages(left, true), messages(right, true));
    let mut counts = Counts::default();
    for section in &sections {
        counts.add(&section.diff.root.counts);
    }
    Comparison { of: (left.flow.id, right.flow.id), left: facts(left), right: facts(right), sections, counts }
}

/// What is compared of one side.
#[derive(Default)]
struct Taken {
    value: Option<Arc<Value>>,
    left_out: u64,
    cut: bool,
}

impl Taken {
    fn small(value: Option<Arc<Value>>) -> Self {
        Self { value, ..Self::default() }
    }
}

/// The message of a unary call; all of a stream as one list.
fn messages(record: &Record, sent: bool) -> Taken {
    let all = || record.messages.iter().filter(|message| message.sent == sent);
    let many = match record.flow.shape {
        Shape::Unary | Shape::OneWay => false,
        Shape::ServerStream => !sent,
        Shape::ClientStream => sent,
        Shape::Bidi => true,
    };
    let mut taken = Taken::default();
    if !many {
        taken.value = all().next_back().map(|message| value(message, &mut taken.cut));
        return taken;
    }
    let (mut items, mut bytes) = (Vec::new(), 0);
    for message in all().rev().take(MESSAGES) {
        bytes += message.bytes.len();
        if bytes > BYTES && !items.is_empty() {
            break;
        }
        items.push(Value::clone(&value(message, &mut taken.cut)));
    }
    items.reverse();
    taken.left_out =
        all().count().saturating_sub(items.len()) as u64 + if sent { 0 } else { record.messages.dropped() };
    taken.value = Some(Arc::new(Value::Array(items)));
    taken
}

/// What could not be decoded is compared by its bytes.
fn value(message: &Message, cut: &mut bool) -> Arc<Value> {
    match message.value() {
        Ok(value) => Arc::clone(value),
        Err(Undecoded::Broken(_)) => Arc::new(Value::from(hex(&message.bytes))),
        Err(Undecoded::Large) if message.bytes.len() > BYTES => {
            let (value, whole) = beginning(&message.bytes, VALUES);
            *cut |= !whole;
            Arc::new(value)
        }
        Err(Undecoded::Large) => Arc::new(message.decode().unwrap_or_else(|why| {
            // Bytes of this many as hex would help nobody.
            *cut = true;
            Value::from(why)
        })),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

fn code(record: &Record) -> Code {
    record.flow.status.as_ref().map(|status| status.code).unwrap_or_default()
}

fn status(record: &Record) -> Option<Arc<Value>> {
    let status = record.flow.status.as_ref()?;
    let mut said = Map::new();
    said.insert("code".to_owned(), json!(status.code.to_string()));
    if !status.message.is_empty() {
        said.insert("message".to_owned(), json!(status.message));
    }
    if !status.details.is_empty() {
        said.insert("details".to_owned(), json!(status.details));
    }
    Some(Arc::new(Value::Object(said)))
}

/// Names that come more than once hold a list. Names compare without case.
fn metadata(metadata: &Metadata) -> Option<Arc<Value>> {
    let mut said: Map<String, Value> = Map::new();
    for (name, bytes) in metadata.iter() {
        let value = Value::from(std::str::from_utf8(bytes).map_or_else(|_| hex(bytes), str::to_owned));
        match said.get_mut(&name.to_ascii_lowercase()) {
            Some(Value::Array(values)) => values.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
            None => drop(said.insert(name.to_ascii_lowercase(), value)),
        }
    }
    (!said.is_empty()).then(|| Arc::new(Value::Object(said)))
}

/// How a call went.
pub fn facts(record: &Record) -> Facts {
    let flow = &record.flow;
    let last = flow.attempts.iter().rev().find(|attempt| !attempt.instance.is_empty());
    Facts {
        started: flow.started,
        took: flow.ended.map_or(Duration::ZERO, |ended| ended.since(flow.started)),
        code: code(record),
        bytes: flow.received.bytes,
        messages: flow.received.messages,
        instance: last.map(|attempt| attempt.instance.clone()).unwrap_or_default(),
        attempts: flow.attempts.len(),
    }
}

/// One call, sent once to every instance that is up.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    /// The address without an instance.
    pub target: String,
    /// The method.
    pub method: String,
    /// Where it went, and where not.
    pub rows: Vec<SpreadRow>,
    /// What the answers are like, as far as they are compared.
    pub found: Arc<Answers>,
    /// So many calls were over when that was asked for.
    pub asked: usize,
}

/// One instance.
#[derive(Clone, Debug)]
pub struct SpreadRow {
    /// Its id.
    pub instance: String,
    /// Its address.
    pub address: String,
    /// How it was.
    pub health: Health,
    /// The call to it; `None`: it was down and not called.
    pub flow: Option<FlowId>,
}

/// How the answers of all instances compare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// The call that the others are compared with: one whose answer most instances gave.
    pub reference: Option<FlowId>,
    /// Differences of the others from it. Their answers and statuses count, not their metadata.
    pub differences: BTreeMap<FlowId, u32>,
}

/// Compares the calls of a spread that are over.
pub fn answers(records: &[Record]) -> Answers {
    let print = |record: &Record| {
        let answer = messages(record, false).value.map(|value| fingerprint(&value));
        (code(record), answer)
    };
    let prints: Vec<_> = records.iter().map(print).collect();
    // OK before anything else; then what most say; then the first.
    let rank = |at: usize| {
        let same = prints.get(at).map_or(0, |one| prints.iter().filter(|other| *other == one).count());
        let ok = prints.get(at).is_some_and(|(code, _)| code.is_ok());
        (ok, same, std::cmp::Reverse(at))
    };
    let Some(reference) = (0..records.len()).max_by_key(|at| rank(*at)).and_then(|at| records.get(at)) else {
        return Answers::default();
    };
    let differences = records.iter().filter(|record| record.flow.id != reference.flow.id).map(|record| {
        let comparison = compare(reference, record);
        let said = comparison.sections.iter().filter(|section| matches!(section.part, Part::Answer | Part::Status));
        (record.flow.id, said.map(|section| section.diff.root.counts.all()).sum())
    });
    Answers { reference: Some(reference.flow.id), differences: differences.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use callscope_wire::Status;
    use callscope_wire::capture::FlowEvent;

    use crate::model::flows::Flows;

    fn record(id: u64, shape: Shape, answers: &[Value], code: Code) -> Record {
        let texts: Vec<String> = answers.iter().map(Value::to_string).collect();
        record_of(id, shape, texts, code)
    }

    fn record_of(id: u64, shape: Shape, answers: Vec<String>, code: Code) -> Record {
        let mut flows = Flows::default();
        let (target, method) = ("registry:///orders".to_owned(), "shop.Orders/Place".to_owned());
        flows.apply(
            FlowId(id),
            Time(0),
            FlowEvent::Started { target, method, shape, deadline: None, caller: None, trace: None },
        );
        for text in answers {
            flows.message(FlowId(id), Message::new(Time(0), false, Bytes::from(text)));
        }
        let mut trailers = Metadata::new();
        trailers.push("X-Cost", if id == 1 { "1" } else { "2" });
        let status = Status { trailers, ..Status::new(code, "") };
        flows.apply(FlowId(id), Time(1_000), FlowEvent::Ended { status });
        flows.get(FlowId(id)).unwrap().clone()
    }

    #[test]
    fn answers_trailers_and_status_are_compared() {
        let left = record(1, Shape::Unary, &[json!({"total": 1, "id": "a"})], Code::OK);
        let right = record(2, Shape::Unary, &[json!({"total": 2, "id": "a"})], Code::OK);
        let found = compare(&left, &right);
        let parts: Vec<(Part, u32)> =
            found.sections.iter().map(|section| (section.part, section.diff.root.counts.all())).collect();
        assert_eq!(parts, [(Part::Answer, 1), (Part::Trailers, 1)]);

        let failed = record(3, Shape::Unary, &[], Code::UNAVAILABLE);
        let found = compare(&left, &failed);
        let parts: Vec<Part> = found.sections.iter().map(|section| section.part).collect();
        assert_eq!(parts, [Part::Answer, Part::Status, Part::Trailers]);
        assert_eq!(found.sections[0].diff.root.counts.left_only, 1, "it has no answer");
    }

    #[test]
    fn messages_of_streams_are_aligned() {
        let say = |texts: &[&str]| texts.iter().map(|text| json!({"text": text})).collect::<Vec<_>>();
        let left = record(1, Shape::ServerStream, &say(&["a", "b", "c"]), Code::OK);
        let right = record(1, Shape::ServerStream, &say(&["a", "c", "d"]), Code::OK);
        let found = compare(&left, &right);
        let counts = found.sections[0].diff.root.counts;
        assert_eq!((counts.left_only, counts.right_only, counts.changed), (1, 1, 0));
    }

    #[test]
    fn of_a_very_large_answer_the_beginning_is_compared() {
        let large = |last: &str| {
            let text = format!("[{}{last}]", "1000000,".repeat(2_200_000));
            record_of(1, Shape::Unary, vec![text], Code::OK)
        };
        let found = compare(&large("1"), &large("2"));
        assert!(found.sections[0].cut && found.counts.all() == 0);
    }

    #[test]
    fn what_most_instances_say_is_what_the_others_differ_from() {
        let one = |id, total: u32| record(id, Shape::Unary, &[json!({"total": total})], Code::OK);
        let failed = record(1, Shape::Unary, &[], Code::UNAVAILABLE);
        let found = answers(&[failed, one(2, 8), one(3, 7), one(4, 7)]);
        assert_eq!(found.reference, Some(FlowId(3)));
        let of = |id| found.differences.get(&FlowId(id)).copied();
        assert_eq!((of(2), of(3), of(4)), (Some(1), None, Some(0)));
        assert!(of(1).is_some_and(|count| count > 0));
        assert_eq!(answers(&[]), Answers::default());
    }
}
