//! One plain sentence about a call: why it failed, or what saved it.
//!
//! Pure words over a [`Flow`]: the window and the command line show the same sentence. It says who
//! did what and what was done about it, and leaves numbers that stand beside it alone.

use std::time::Duration;

use super::flow::{Attempt, Flow};
use crate::status::Severity;
use crate::{Code, Status};

/// The sentence; empty while the call runs and when there is nothing to say.
pub fn verdict(flow: &Flow) -> String {
    let Some(status) = &flow.status else { return String::new() };
    let tried: Vec<&Attempt> = flow.attempts.iter().filter(|attempt| !attempt.instance.is_empty()).collect();
    let sentence = match (status.code.severity(), tried.split_last()) {
        (Severity::Ok, Some((last, earlier @ [_, ..]))) => saved(last, earlier),
        (Severity::Ok, _) => return String::new(),
        (Severity::Cancelled, last) => cancelled(flow, last.map(|(last, _)| *last)),
        (_, None) => not_sent(flow, status),
        (Severity::Redirect, Some((last, _))) => format!(
            "{} sends the call on to {}, and redirects are not followed",
            last.instance,
            status.redirect.as_deref().unwrap_or("another address")
        ),
        (_, Some((last, earlier))) => failed(flow, status, last, earlier),
    };
    finish(sentence)
}

/// A retry helped.
fn saved(last: &Attempt, earlier: &[&Attempt]) -> String {
    let again = if earlier.iter().any(|attempt| attempt.instance == last.instance) { " again" } else { "" };
    let where_ = format!("on {}{again}", last.instance);
    match earlier {
        [one] => format!("{}; one retry {where_} was enough", what_happened(one)),
        [.., newest] if alike(earlier) => {
            format!(
                "{}, {} times in a row; retry {} {where_} was enough",
                what_happened(newest),
                earlier.len(),
                earlier.len()
            )
        }
        several => format!(
            "{} attempts failed ({}); the next one, {where_}, was enough",
            number(several.len()),
            several.iter().map(|attempt| short(attempt)).collect::<Vec<_>>().join(", ")
        ),
    }
}

fn failed(flow: &Flow, status: &Status, last: &Attempt, earlier: &[&Attempt]) -> String {
    let mut sentence = if status.code == Code::DEADLINE_EXCEEDED {
        deadline(flow, last)
    } else {
        let cause = what_happened_with(last, last.status.as_ref().unwrap_or(status));
        match status.message.trim().trim_end_matches('.') {
            // What happened already says it.
            message if message.is_empty() || cause.contains(message) => cause,
            message => format!("{cause}: {message}"),
        }
    };
    if status.code.severity() == Severity::Caller {
        sentence.push_str(match status.code {
            Code::UNIMPLEMENTED => "; the method is not there",
            Code::UNAUTHENTICATED | Code::PERMISSION_DENIED => "; the caller has to show other credentials",
            _ => "; the request has to change, so it was not tried again",
        });
        return sentence;
    }
    let before = match earlier {
        [] => String::new(),
        [one] => format!("; before it, {}", what_happened(one)),
        several => format!("; {} attempts before it failed, too", number(several.len()).to_lowercase()),
    };
    let refused = flow.retry_refused.as_ref().map(|why| format!("; not tried again: {why}")).unwrap_or_default();
    sentence + &before + &refused
}

/// Nothing was ever handed to an instance: the status knows why.
fn not_sent(flow: &Flow, status: &Status) -> String {
    let why = match status.message.trim().trim_end_matches('.') {
        "" => format!("{} ended with {}", flow.method, status.code.name()),
        message => message.to_owned(),
    };
    match status.code {
        Code::DEADLINE_EXCEEDED | Code::INVALID_ARGUMENT => why,
        _ => format!("nothing was sent: {why}"),
    }
}

fn cancelled(flow: &Flow, last: Option<&Attempt>) -> String {
    let after = flow.ended.map(|ended| people(ended.since(flow.started))).unwrap_or_default();
    match last {
        None => format!("cancelled after {after}, before anything was sent"),
        Some(last) if flow.received.messages > 0 => {
            format!("cancelled after {after} and {} of {}", messages(flow.received.messages), last.instance)
        }
        Some(last) => format!("cancelled after {after}; {} had not answered yet", last.instance),
    }
}

fn deadline(flow: &Flow, last: &Attempt) -> String {
    let whole = flow.deadline.map(people).unwrap_or_default();
    let waiting_for_retry = flow.attempts.last().is_some_and(|attempt| attempt.instance.is_empty());
    let doing = if waiting_for_retry {
        "in the pause before the next attempt".to_owned()
    } else if last.wire.is_none() {
        format!("before {} was connected", last.instance)
    } else if flow.received.messages > 0 {
        format!("after {} of {}", messages(flow.received.messages), last.instance)
    } else {
        format!("while {} was working on it", last.instance)
    };
    match whole.as_str() {
        "" => format!("{} ran out of time", last.instance),
        whole => format!("the deadline of {whole} passed {doing}"),
    }
}

/// Whether all failed with one code on one instance.
fn alike(attempts: &[&Attempt]) -> bool {
    attempts.windows(2).all(|pair| match pair {
        [a, b] => a.instance == b.instance && code(a) == code(b),
        _ => true,
    })
}

fn what_happened(attempt: &Attempt) -> String {
    match &attempt.status {
        Some(status) => what_happened_with(attempt, status),
        None => format!("{} did not answer", attempt.instance),
    }
}

/// `orders-3 answered UNAVAILABLE`, or what it did instead of answering.
fn what_happened_with(attempt: &Attempt, status: &Status) -> String {
    let who = &attempt.instance;
    let message = status.message.trim().trim_end_matches('.');
    if attempt.wire.is_none() && status.code == Code::UNAVAILABLE {
        return match message {
            "" => format!("{who} could not be connected"),
            message => format!("{who} could not be reached: {message}"),
        };
    }
    match status.code {
        Code::UNAVAILABLE if status.not_processed => format!("{who} went away before it took the call"),
        _ if status.cut_off => format!("the connection to {who} broke"),
        Code::DEADLINE_EXCEEDED => format!("{who} ran out of time"),
        Code::OVERLOADED | Code::REFUSED if status.not_processed => {
            format!("{who} refused the call ({})", status.code.name())
        }
        code if code.name() == "CODE" => format!("{who} answered code {}", code.0),
        code => format!("{who} answered {}", code.name()),
    }
}

fn short(attempt: &Attempt) -> String {
    format!("{} {}", attempt.instance, code(attempt).map_or("without an answer", Code::name))
}

fn code(attempt: &Attempt) -> Option<Code> {
    attempt.status.as_ref().map(|status| status.code)
}

fn messages(count: u64) -> String {
    if count == 1 { "one message".to_owned() } else { format!("{count} messages") }
}

fn number(count: usize) -> String {
    match count {
        1 => "One".to_owned(),
        2 => "Two".to_owned(),
        3 => "Three".to_owned(),
        4 => "Four".to_owned(),
        count => count.to_string(),
    }
}

/// A time as people say it: `812 µs`, `12.8 ms`, `1.2 s`.
fn people(duration: Duration) -> String {
    let micros = duration.as_micros();
    let short = |value: f64, unit: &str| {
        let text = format!("{value:.1}");
        format!("{} {unit}", text.strip_suffix(".0").unwrap_or(&text))
    };
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => short(duration.as_secs_f64() * 1e3, "ms"),
        _ => short(duration.as_secs_f64(), "s"),
    }
}

/// Instance ids keep their case: only a first word that is ours becomes a capital.
fn finish(sentence: String) -> String {
    let ours = ["nothing ", "cancelled ", "the "].iter().any(|word| sentence.starts_with(word));
    let mut characters = sentence.chars();
    let first = match characters.next() {
        Some(first) if ours => first.to_uppercase().to_string(),
        Some(first) => first.to_string(),
        None => return sentence,
    };
    let rest = characters.as_str().trim_end_matches('.');
    format!("{first}{rest}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::event::FlowEvent;
    use crate::{ConnectionId, FlowId, Shape, Time};

    /// Attempts as `(instance, on the wire, status)`, then the call's end.
    fn flow(attempts: &[(&str, bool, Status)], end: Status) -> Flow {
        let mut flow = Flow::new(FlowId(1));
        let at = Time::from_millis;
        flow.apply(
            at(0),
            FlowEvent::Started {
                target: "registry:///orders".to_owned(),
                method: "shop.Orders/Place".to_owned(),
                shape: Shape::Unary,
                deadline: Some(Duration::from_millis(800)),
                trace: None,
                caller: None,
            },
        );
        for (n, (instance, wire, status)) in attempts.iter().enumerate() {
            let attempt = n as u8 + 1;
            flow.apply(
                at(1),
                FlowEvent::AttemptStarted {
                    attempt,
                    instance: (*instance).to_owned(),
                    address: String::new(),
                    breaker: None,
                    span: None,
                },
            );
            if *wire {
                flow.apply(at(2), FlowEvent::Wire { attempt, connection: ConnectionId(1), stream: 1 });
            }
            flow.apply(at(3), FlowEvent::AttemptEnded { attempt, status: status.clone() });
        }
        flow.apply(at(1200), FlowEvent::Ended { status: end });
        flow
    }

    fn unavailable(message: &str) -> Status {
        Status::new(Code::UNAVAILABLE, message)
    }

    #[test]
    fn a_retry_that_helped_is_praised() {
        let bad = unavailable("the stock database does not answer");
        let ok = Status::ok;
        assert_eq!(verdict(&flow(&[("orders-1", true, ok())], ok())), "");
        assert_eq!(
            verdict(&flow(&[("orders-3", true, bad.clone()), ("orders-1", true, ok())], ok())),
            "orders-3 answered UNAVAILABLE; one retry on orders-1 was enough."
        );
        let twice = [("orders-3", true, bad.clone()), ("orders-3", true, bad.clone()), ("orders-3", true, ok())];
        assert_eq!(
            verdict(&flow(&twice, ok())),
            "orders-3 answered UNAVAILABLE, 2 times in a row; retry 2 on orders-3 again was enough."
        );
        let refused = Status::unprocessed(Code::UNAVAILABLE, "connection refused (connecting to native://127.0.0.1:9)");
        assert_eq!(
            verdict(&flow(&[("orders-4", false, refused), ("orders-3", true, bad), ("orders-1", true, ok())], ok())),
            "Two attempts failed (orders-4 UNAVAILABLE, orders-3 UNAVAILABLE); the next one, on orders-1, was enough."
        );
    }

    #[test]
    fn a_failure_says_who_and_what_was_done() {
        let bad = unavailable("the stock database does not answer.");
        let mut twice = flow(&[("orders-2", true, bad.clone()), ("orders-3", true, bad.clone())], bad.clone());
        assert_eq!(
            verdict(&twice),
            "orders-3 answered UNAVAILABLE: the stock database does not answer; before it, orders-2 answered UNAVAILABLE."
        );
        twice.retry_refused = Some("the retry budget is used up".to_owned());
        assert!(verdict(&twice).ends_with("; not tried again: the retry budget is used up."));

        let refused = Status::unprocessed(Code::UNAVAILABLE, "connection refused (connecting to native://127.0.0.1:9)");
        assert_eq!(
            verdict(&flow(&[("127.0.0.1:9", false, refused.clone())], refused)),
            "127.0.0.1:9 could not be reached: connection refused (connecting to native://127.0.0.1:9)."
        );

        let wrong = Status::new(Code::INVALID_ARGUMENT, "division by zero");
        assert_eq!(
            verdict(&flow(&[("calculator-1", true, wrong.clone())], wrong)),
            "calculator-1 answered INVALID_ARGUMENT: division by zero; the request has to change, so it was not tried again."
        );
    }

    #[test]
    fn time_and_people_end_calls_too() {
        let late = Status::new(Code::DEADLINE_EXCEEDED, "");
        assert_eq!(
            verdict(&flow(&[("orders-2", true, late.clone())], late.clone())),
            "The deadline of 800 ms passed while orders-2 was working on it."
        );
        assert_eq!(
            verdict(&flow(&[("orders-2", false, late.clone())], late.clone())),
            "The deadline of 800 ms passed before orders-2 was connected."
        );
        let mut pause = flow(&[("orders-3", true, unavailable(""))], late);
        pause.apply(
            Time::from_millis(5),
            FlowEvent::Backoff { attempt: 2, delay: Duration::from_secs(1), reason: String::new() },
        );
        assert_eq!(verdict(&pause), "The deadline of 800 ms passed in the pause before the next attempt.");

        let stopped = Status::new(Code::CANCELLED, "");
        let mut ticks = flow(&[("ticker-1", true, stopped.clone())], stopped);
        assert_eq!(verdict(&ticks), "Cancelled after 1.2 s; ticker-1 had not answered yet.");
        ticks.apply(Time::from_millis(4), FlowEvent::Received { bytes: 9 });
        assert_eq!(verdict(&ticks), "Cancelled after 1.2 s and one message of ticker-1.");
    }

    #[test]
    fn what_was_never_sent_says_so() {
        let open = Status::new(Code::CIRCUIT_OPEN, "the breakers of all 3 instances are open");
        assert_eq!(verdict(&flow(&[], open)), "Nothing was sent: the breakers of all 3 instances are open.");
        let none = Status::new(Code::NO_ENDPOINT, "no instance of `orders` is registered at 127.0.0.1:7000");
        assert_eq!(
            verdict(&flow(&[], none)),
            "Nothing was sent: no instance of `orders` is registered at 127.0.0.1:7000."
        );
    }

    #[test]
    fn a_running_call_has_no_verdict() {
        assert_eq!(verdict(&Flow::new(FlowId(1))), "");
    }
}
