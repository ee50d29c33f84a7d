//! `callscope call`: a call, its messages as they arrive, and how it went.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use callscope_net::client::{CallOptions, CallSender, Incoming};
use callscope_net::observer::{BreakerView, FlowIds, Observer, Quiet, Snapshot};
use callscope_wire::capture::{Attempt, Flow, FlowEvent, Segment, verdict};
use callscope_wire::policy::{Policy, duration_text};
use callscope_wire::{Code, Codec, Compression, Encoding, FlowId, Metadata, Shape, Status, Time, Value};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::connect::{self, Connection};
use super::tree::tree;
use super::{Failure, Outcome, print};

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    callscope call native://127.0.0.1:7000 demo.Calculator/Add -d '{\"a\": 1, \"b\": 2}'\n  \
    callscope call registry://127.0.0.1:7000/orders shop.Orders/Place -d @order.json --deadline 800ms -v\n  \
    seq 3 | callscope call native://127.0.0.1:7000 demo.Calculator/Sum -d -")]
pub(super) struct Arguments {
    /// Where: native://HOST:PORT, native+tls://HOST:PORT, plain://HOST:PORT, registry://HOST:PORT/service
    address: String,

    /// package.Service/Method
    method: String,

    /// A message as JSON, @FILE, or - for JSON values from stdin; one each for streams, in order
    #[arg(short = 'd', long = "data", value_name = "JSON|@FILE|-")]
    data: Vec<String>,

    /// Over all attempts: 800ms, 2s, 1m
    #[arg(long, value_name = "TIME", value_parser = duration_text::parse)]
    deadline: Option<Duration>,

    /// Retry, breaker and balance from this file, as in a saved call's `policy`
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// What messages travel in; what is given and printed is JSON all the same
    #[arg(long, value_name = "json|msgpack|cbor", default_value_t, value_parser = codec())]
    codec: Codec,

    /// How messages of a kilobyte and more travel
    #[arg(long, value_name = "none|lz4|zstd", default_value_t, value_parser = compression())]
    compression: Compression,

    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,

    /// Say what happened: attempts, waits, metadata
    #[arg(short, long)]
    verbose: bool,

    #[command(flatten)]
    connection: Connection,
}

fn codec() -> impl TypedValueParser<Value = Codec> {
    PossibleValuesParser::new(Codec::ALL.map(Codec::name)).map(|name| Codec::by_name(&name).unwrap_or_default())
}

fn compression() -> impl TypedValueParser<Value = Compression> {
    let names = PossibleValuesParser::new(Compression::ALL.map(Compression::name));
    names.map(|name| Compression::by_name(&name).unwrap_or_default())
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Messages indented, as they arrive
    #[default]
    Pretty,
    /// One object at the end
    Json,
    /// One message per line as it arrives, the summary last
    Jsonl,
    /// Messages as JSON text as it came, nothing else
    Raw,
}

/// Listens to the one call, and to what it causes in this process's own world.
struct Recording {
    id: FlowId,
    flows: Mutex<BTreeMap<FlowId, Flow>>,
    verbose: bool,
}

impl Observer for Recording {
    fn flow(&self, id: FlowId, at: Time, event: FlowEvent) {
        if self.verbose && id == self.id {
            narrate(&event);
        }
        let mut flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        flows.entry(id).or_insert_with(|| Flow::new(id)).apply(at, event);
    }

    fn breaker(&self, _: Time, _: BreakerView) {}
    fn discovered(&self, _: Time, _: Snapshot) {}
}

/// What happened, for people.
fn narrate(event: &FlowEvent) {
    let text = match event {
        FlowEvent::Resolved { instances, took } => format!("resolved to {instances} instances in {}", print::ms(*took)),
        FlowEvent::AttemptStarted { attempt, instance, address, breaker, .. } => {
            let breaker = breaker.map(|state| format!(", breaker {}", state.name())).unwrap_or_default();
            format!("attempt {attempt} on {instance} ({address}){breaker}")
        }
        FlowEvent::Segment { segment, took, .. } => format!("  {} {}", segment.name(), print::ms(*took)),
        FlowEvent::AttemptEnded { attempt, status } => format!("attempt {attempt}: {}", print::status(status)),
        FlowEvent::Backoff { delay, reason, .. } => format!("waiting {}: {reason}", print::ms(*delay)),
        FlowEvent::Redirected { from, to, .. } => format!("{from} sent this call on to {to}"),
        FlowEvent::Withheld { names, .. } => format!("  not taken along: {}", names.join(", ")),
        FlowEvent::RedirectRefused { reason } => format!("not followed: {reason}"),
        FlowEvent::RetryRefused { reason } => format!("no retry: {reason}"),
        FlowEvent::Headers { metadata } => format!("headers: {}", serde_json::Value::Object(pairs(metadata))),
        _ => return,
    };
    print::note(&format!("\x1b[90m{text}\x1b[0m"));
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    connect::check(&arguments.address)?;
    let metadata = arguments.connection.metadata()?;
    let policy = arguments.policy.as_deref().map(read_policy).transpose()?.unwrap_or_default();
    let messages = read_messages(&arguments.data)?;
    let flows = FlowIds::default();
    let id = flows.next();
    let recording = Arc::new(Recording { id, flows: Mutex::default(), verbose: arguments.verbose });
    let observer = Arc::clone(&recording) as Arc<dyn Observer>;
    let world = connect::own_world(&arguments.address, Arc::clone(&observer), flows).await?;
    let client = arguments.connection.client(observer, world.as_ref())?;

    // Asked over a connection of its own, so that the call's timeline shows what a first call costs. A server that
    // cannot say what it offers is called as if the method were unary.
    // Nor is it waited for longer than the call itself would be.
    let client_of_its_own = arguments.connection.client(Arc::new(Quiet), world.as_ref())?;
    let described = client_of_its_own.describe(&arguments.address, &metadata);
    let described = tokio::time::timeout(arguments.deadline.unwrap_or(Duration::MAX), described).await;
    let shape = match described {
        Ok(Ok(schema)) => match schema.method(&arguments.method) {
            Some((_, method)) => method.shape,
            None => Shape::Unary,
        },
        Ok(Err(_)) | Err(_) => Shape::Unary,
    };
    if !shape.client_streams() && messages.len() > 1 {
        let count = messages.len();
        return Err(print::input(&format!("{} takes one message, {count} were given", arguments.method)));
    }
    let messages =
        if messages.is_empty() && !shape.client_streams() { vec![Bytes::from_static(b"{}")] } else { messages };

    let mut call = client.start(CallOptions {
        flow: id,
        target: arguments.address.clone(),
        method: arguments.method.clone(),
        shape,
        metadata,
        deadline: arguments.deadline,
        policy,
        encoding: Encoding { codec: arguments.codec, compression: arguments.compression },
        tls: None,
        trace: None,
    });
    let sender = call.take_sender();
    let sending = send_all(sender, messages);
    tokio::pin!(sending);
    let mut sent = false;
    let mut interrupted = false;
    let mut received = Vec::new();
    let status = loop {
        tokio::select! {
            () = &mut sending, if !sent => sent = true,
            signal = tokio::signal::ctrl_c(), if !interrupted => {
                interrupted = true;
                if signal.is_ok() {
                    call.cancel();
                }
            }
            incoming = call.next() => match incoming {
                Some(Incoming::Message(bytes)) => show(arguments.output, bytes, &mut received)?,
                Some(Incoming::Headers(_)) => {}
                Some(Incoming::End(status)) => break status,
                None => break Status::new(Code::INTERNAL, "the call ended without a status"),
            },
        }
    };
    let mut others = recording.flows.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let flow = others.remove(&id).unwrap_or_default();
    finish(&arguments, &flow, &status, received);
    if arguments.verbose
        && let Some(tree) = tree(&flow, &others)
    {
        print::note(&tree);
    }
    if interrupted {
        return Err(Failure::Cancelled);
    }
    match status.code.is_ok() {
        true => Ok(()),
        false if never_answered(&flow, &status) => Err(Failure::Connection),
        false => Err(Failure::Status),
    }
}

async fn send_all(sender: Option<CallSender>, messages: Vec<Bytes>) {
    let Some(sender) = sender else { return };
    for message in messages {
        // The call is over: its end says why.
        if sender.send(message).await.is_err() {
            return;
        }
    }
}

/// No server gave this status: there was no instance, no connection, or it broke.
fn never_answered(flow: &Flow, status: &Status) -> bool {
    if status.cut_off {
        return true;
    }
    let answered = |attempt: &Attempt| {
        attempt.segments.iter().any(|(segment, ..)| matches!(segment, Segment::Wait | Segment::Receive))
    };
    // Codes from 64 on are the connection's own end.
    let by_connection = matches!(status.code, Code::UNAVAILABLE | Code::NO_ENDPOINT) || status.code.0 >= 64;
    by_connection && !flow.attempts.last().is_some_and(answered)
}

fn show(output: Output, bytes: Bytes, received: &mut Vec<Value>) -> Result<(), Failure> {
    if output == Output::Raw {
        print::raw(&bytes);
        return Ok(());
    }
    let value: Value = match serde_json::from_slice(&bytes) {
        Ok(value) => value,
        Err(error) => {
            print::error(&format!("the server sent a message that is not JSON: {error}"));
            return Err(Failure::Status);
        }
    };
    match output {
        Output::Pretty => print::out(&print::pretty(&value)),
        Output::Jsonl => print::out(&value.to_string()),
        Output::Json => received.push(value),
        Output::Raw => {}
    }
    Ok(())
}

fn finish(arguments: &Arguments, flow: &Flow, status: &Status, received: Vec<Value>) {
    match arguments.output {
        Output::Json | Output::Jsonl => {
            let mut summary = summary(flow, status);
            if arguments.output == Output::Json
                && let Value::Object(object) = &mut summary
            {
                object.insert("messages".to_owned(), Value::Array(received));
                print::out(&print::pretty(&summary));
            } else {
                print::out(&summary.to_string());
            }
        }
        Output::Pretty | Output::Raw => {
            if arguments.verbose && !status.trailers.is_empty() {
                print::note(&format!("\x1b[90mtrailers: {}\x1b[0m", Value::Object(pairs(&status.trailers))));
            }
            let took = print::ms(flow.duration(flow.ended.unwrap_or_default()));
            let last = flow.attempts.last().map_or("", |attempt| attempt.instance.as_str());
            let attempts = flow.attempts.len();
            let attempts = if attempts > 1 { format!(" · attempt {attempts}") } else { String::new() };
            print::note(&format!("{} · {took}{attempts} · {last}", print::status(status)));
            let sentence = verdict(flow);
            if !sentence.is_empty() {
                print::note(&sentence.to_string());
            }
        }
    }
}

/// The object that scripts read; its members are part of the interface.
fn summary(flow: &Flow, status: &Status) -> Value {
    let start = flow.started;
    let attempts: Vec<Value> = flow
        .attempts
        .iter()
        .map(|attempt| {
            let status = attempt.status.as_ref();
            json!({
                "instance": attempt.instance,
                "address": attempt.address,
                "status": status.map_or("", |status| status.code.name()),
                "start_us": micros(attempt.started.since(start)),
                "duration_us": micros(attempt.ended.unwrap_or(attempt.started).since(attempt.started)),
                "reason": status.map_or("", |status| status.message.as_str()),
                "redirect": status.and_then(|status| status.redirect.as_deref()),
            })
        })
        .collect();
    let mut timeline = Vec::new();
    if let Some(took) = flow.resolve {
        timeline.push(json!({ "attempt": 0, "segment": "resolve", "start_us": 0, "duration_us": micros(took) }));
    }
    for attempt in &flow.attempts {
        for (segment, from, to) in &attempt.segments {
            timeline.push(json!({
                "attempt": attempt.number,
                "segment": segment.name(),
                "start_us": micros(from.since(start)),
                "duration_us": micros(to.since(*from)),
            }));
        }
    }
    json!({
        "status": {
            "code": status.code.0,
            "name": status.code.name(),
            "message": status.message,
            "details": status.details,
        },
        "messages": [],
        "metadata": flow.headers.as_ref().map(pairs).unwrap_or_default(),
        "trailers": pairs(&status.trailers),
        "attempts": attempts,
        "timeline": timeline,
        "duration_us": micros(flow.duration(flow.ended.unwrap_or(start))),
        "bytes_sent": flow.sent.bytes,
        "bytes_received": flow.received.bytes,
        "trace_id": flow.trace.map(|trace| trace.trace_id.to_string()),
        "verdict": verdict(flow).to_string(),
    })
}

/// Lists of strings by name; binary values as base64.
fn pairs(metadata: &Metadata) -> serde_json::Map<String, Value> {
    let mut object = serde_json::Map::new();
    for (name, value) in metadata.iter() {
        let text = std::str::from_utf8(value).map_or_else(|_| BASE64_STANDARD.encode(value), ToOwned::to_owned);
        if let Value::Array(values) = object.entry(name).or_insert_with(|| json!([])) {
            values.push(Value::String(text));
        }
    }
    object
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn read_policy(path: &Path) -> Result<Policy, Failure> {
    crate::store::read_policy(path).map_err(|error| print::input(&error.to_string()))
}

/// `-d` values as messages: JSON, `@FILE`, or any number of values from stdin.
fn read_messages(data: &[String]) -> Result<Vec<Bytes>, Failure> {
    let mut messages = Vec::new();
    for item in data {
        let (text, from) = if item == "-" {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|error| print::input(&format!("stdin: {error}")))?;
            (text, "stdin")
        } else if let Some(path) = item.strip_prefix('@') {
            (std::fs::read_to_string(path).map_err(|error| print::input(&format!("{path}: {error}")))?, path)
        } else {
            (item.clone(), "-d")
        };
        let values: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(&text).into_iter().collect();
        let values = values.map_err(|error| print::input(&format!("{from} is not JSON: {error}")))?;
        if item != "-" && values.len() != 1 {
            return Err(print::input(&format!("{from} holds {} JSON values; one message is one value", values.len())));
        }
        messages.extend(values.iter().map(|value| Bytes::from(value.to_string())));
    }
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use super::read_messages;

    #[test]
    fn messages_are_checked_before_anything_is_sent() {
        let given = |text: &str| read_messages(&[text.to_owned()]);
        assert_eq!(given("{\"a\": 1}").unwrap(), ["{\"a\":1}"]);
        assert!(given("{\"a\": }").is_err());
        assert!(given("1 2").is_err(), "two values are two messages");
        assert!(given("@/nowhere/at/all.json").is_err());
    }
}
