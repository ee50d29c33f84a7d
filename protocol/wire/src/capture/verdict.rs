//! One plain sentence about a call: why it failed, or what saved it.
//!
//! Pure words over a [`Flow`]: the window and the command line show the same sentence. It says who
//! did what and what was done about it, and leaves numbers that stand beside it alone.

use std::time::Duration;

use super::flow::{Attempt, Flow};
use crate::status::Severity;
use crate::{Code, Sentence, Status, Words, say};

/// The sentence; empty while the call runs and when there is nothing to say.
pub fn verdict(flow: &Flow) -> Words {
    let Some(status) = &flow.status else { return Words::default() };
    let tried: Vec<&Attempt> = flow.attempts.iter().filter(|attempt| !attempt.instance.is_empty()).collect();
    let sentence = match (status.code.severity(), tried.split_last()) {
        (Severity::Ok, Some((last, earlier @ [_, ..]))) => saved(last, earlier),
        (Severity::Ok, _) => return Words::default(),
        (Severity::Cancelled, last) => cancelled(flow, last.map(|(last, _)| *last)),
        (_, None) => not_sent(flow, status),
        (Severity::Redirect, Some((last, _))) => say!(
            "verdict.redirect",
            "%{who} sends the call on to %{where}, and it did not go there: %{why}",
            who = &last.instance,
            where = match &status.redirect {
                Some(address) => Words::from(address),
                None => say!("verdict.another_address", "another address").into(),
            },
            why = match &flow.redirect_refused {
                Some(why) => why.clone(),
                None => say!("verdict.not_followed", "redirects are not followed").into(),
            }
        ),
        (_, Some((last, earlier))) => failed(flow, status, last, earlier),
    };
    say!("verdict.sentence", "%{what}.", what = sentence).opening().into()
}

/// A retry helped, or another instance had what was asked for.
fn saved(last: &Attempt, earlier: &[&Attempt]) -> Sentence {
    let (sent_on, failed): (Vec<&Attempt>, Vec<&Attempt>) =
        earlier.iter().copied().partition(|attempt| code(attempt) == Some(Code::REDIRECT));
    match (sent_on.last(), failed.as_slice()) {
        (Some(sender), []) => say!(
            "verdict.sent_on",
            "%{from} sent this call on to %{who}, which answered it",
            from = &sender.instance,
            who = &last.instance
        ),
        (Some(sender), failed) => say!(
            "verdict.sent_on_and",
            "%{from} sent this call on; %{rest}",
            from = &sender.instance,
            rest = retried(last, failed)
        ),
        (None, failed) => retried(last, failed),
    }
}

fn retried(last: &Attempt, earlier: &[&Attempt]) -> Sentence {
    let place = if earlier.iter().any(|attempt| attempt.instance == last.instance) {
        say!("verdict.on_again", "on %{who} again", who = &last.instance)
    } else {
        say!("verdict.on", "on %{who}", who = &last.instance)
    };
    match earlier {
        [one] => say!(
            "verdict.one_retry",
            "%{what}; one retry %{where} was enough",
            what = what_happened(one),
            where = place
        ),
        [.., newest] if alike(earlier) => say!(
            "verdict.alike_retries",
            "%{what}, %{count} times in a row; retry %{count} %{where} was enough",
            what = what_happened(newest),
            count = earlier.len(),
            where = place
        ),
        several => say!(
            "verdict.several_retries",
            "%{count} attempts failed (%{attempts}); the next one, %{where}, was enough",
            count = number(several.len()),
            attempts = listed(several),
            where = place
        ),
    }
}

fn failed(flow: &Flow, status: &Status, last: &Attempt, earlier: &[&Attempt]) -> Sentence {
    let what = if status.code == Code::DEADLINE_EXCEEDED {
        deadline(flow, last)
    } else {
        let cause = what_happened_with(last, last.status.as_ref().unwrap_or(status));
        match bare(&status.message) {
            // What happened already says it.
            message if message.is_empty() || cause.to_string().contains(message) => cause,
            _ => say!("verdict.because", "%{what}: %{why}", what = cause, why = why(status)),
        }
    };
    if status.code.severity() == Severity::Caller {
        return match status.code {
            Code::UNIMPLEMENTED if !status.not_processed => {
                say!("verdict.no_method", "%{what}; the method is not there", what = what)
            }
            Code::UNAUTHENTICATED | Code::PERMISSION_DENIED => {
                say!("verdict.credentials", "%{what}; the caller has to show other credentials", what = what)
            }
            _ => say!("verdict.request", "%{what}; the request has to change, so it was not tried again", what = what),
        };
    }
    let what = match earlier {
        [] => what,
        [one] if code(one) == Some(Code::REDIRECT) => {
            say!("verdict.was_sent", "%{what}; %{from} had sent this call there", what = what, from = &one.instance)
        }
        [one] => say!("verdict.before_it", "%{what}; before it, %{before}", what = what, before = what_happened(one)),
        several => say!(
            "verdict.several_before",
            "%{what}; %{count} attempts before it failed, too",
            what = what,
            count = number(several.len())
        ),
    };
    match &flow.retry_refused {
        None => what,
        Some(why) => say!("verdict.not_again", "%{what}; not tried again: %{why}", what = what, why = why.clone()),
    }
}

/// Nothing was ever handed to an instance: the status knows why.
fn not_sent(flow: &Flow, status: &Status) -> Sentence {
    let why = match bare(&status.message) {
        "" => say!("verdict.ended", "%{method} ended with %{code}", method = &flow.method, code = status.code.name())
            .into(),
        _ => why(status),
    };
    match status.code {
        // The clause is the sentence.
        Code::DEADLINE_EXCEEDED | Code::INVALID_ARGUMENT => say!("verdict.only", "%{why}", why = why),
        _ => say!("verdict.not_sent", "nothing was sent: %{why}", why = why),
    }
}

fn cancelled(flow: &Flow, last: Option<&Attempt>) -> Sentence {
    let after = flow.ended.map(|ended| people(ended.since(flow.started))).unwrap_or_default();
    match last {
        None => say!("verdict.cancelled_unsent", "cancelled after %{after}, before anything was sent", after = after),
        Some(last) if flow.received.messages > 0 => say!(
            "verdict.cancelled_stream",
            "cancelled after %{after} and %{messages} of %{who}",
            after = after,
            messages = messages(flow.received.messages),
            who = &last.instance
        ),
        Some(last) => say!(
            "verdict.cancelled",
            "cancelled after %{after}; %{who} had not answered yet",
            after = after,
            who = &last.instance
        ),
    }
}

fn deadline(flow: &Flow, last: &Attempt) -> Sentence {
    let who = &last.instance;
    let Some(whole) = flow.deadline.map(people) else { return out_of_time(who) };
    if flow.attempts.last().is_some_and(|attempt| attempt.instance.is_empty()) {
        say!(
            "verdict.late_pausing",
            "the deadline of %{deadline} passed in the pause before the next attempt",
            deadline = whole
        )
    } else if last.wire.is_none() {
        say!(
            "verdict.late_connecting",
            "the deadline of %{deadline} passed before %{who} was connected",
            deadline = whole,
            who = who
        )
    } else if flow.received.messages > 0 {
        say!(
            "verdict.late_streaming",
            "the deadline of %{deadline} passed after %{messages} of %{who}",
            deadline = whole,
            messages = messages(flow.received.messages),
            who = who
        )
    } else {
        say!(
            "verdict.late_waiting",
            "the deadline of %{deadline} passed while %{who} was working on it",
            deadline = whole,
            who = who
        )
    }
}

fn out_of_time(who: &str) -> Sentence {
    say!("verdict.out_of_time", "%{who} ran out of time", who = who)
}

/// A message within a sentence: its own full stop would be in the way.
fn bare(message: &str) -> &str {
    message.trim().trim_end_matches('.')
}

fn why(status: &Status) -> Words {
    match status.words() {
        Words::Plain(message) => Words::from(bare(&message)),
        said @ Words::Said(_) => said,
    }
}

/// Whether all failed with one code on one instance.
fn alike(attempts: &[&Attempt]) -> bool {
    attempts.windows(2).all(|pair| match pair {
        [a, b] => a.instance == b.instance && code(a) == code(b),
        _ => true,
    })
}

fn what_happened(attempt: &Attempt) -> Sentence {
    match &attempt.status {
        Some(status) => what_happened_with(attempt, status),
        None => say!("verdict.no_answer", "%{who} did not answer", who = &attempt.instance),
    }
}

/// `orders-3 answered UNAVAILABLE`, or what it did instead of answering.
fn what_happened_with(attempt: &Attempt, status: &Status) -> Sentence {
    let who = &attempt.instance;
    if attempt.wire.is_none() && status.code == Code::UNAVAILABLE {
        return match bare(&status.message) {
            "" => say!("verdict.not_connected", "%{who} could not be connected", who = who),
            _ => say!("verdict.not_reached", "%{who} could not be reached: %{why}", who = who, why = why(status)),
        };
    }
    match status.code {
        Code::UNAVAILABLE if status.not_processed => {
            say!("verdict.went_away", "%{who} went away before it took the call", who = who)
        }
        _ if status.cut_off => say!("verdict.broke", "the connection to %{who} broke", who = who),
        Code::DEADLINE_EXCEEDED => out_of_time(who),
        Code::OVERLOADED | Code::REFUSED if status.not_processed => {
            say!("verdict.refused", "%{who} refused the call (%{code})", who = who, code = status.code.name())
        }
        code if code.name() == "CODE" => {
            say!("verdict.answered_code", "%{who} answered code %{code}", who = who, code = code.0)
        }
        code => say!("verdict.answered", "%{who} answered %{code}", who = who, code = code.name()),
    }
}

/// `orders-4 UNAVAILABLE, orders-3 without an answer`.
fn listed(attempts: &[&Attempt]) -> Words {
    let short = |attempt: &&Attempt| match code(attempt) {
        Some(code) => {
            say!("verdict.short", "%{who} %{code}", who = &attempt.instance, code = code.name())
        }
        None => say!("verdict.short_unanswered", "%{who} without an answer", who = &attempt.instance),
    };
    let mut attempts = attempts.iter();
    let first = attempts.next().map(short);
    attempts.fold(first.into(), |list: Words, attempt| {
        say!("verdict.list", "%{list}, %{next}", list = list, next = short(attempt)).into()
    })
}

fn code(attempt: &Attempt) -> Option<Code> {
    attempt.status.as_ref().map(|status| status.code)
}

fn messages(count: u64) -> Sentence {
    if count == 1 {
        say!("verdict.one_message", "one message")
    } else {
        say!("verdict.messages", "%{count} messages", count = count)
    }
}

fn number(count: usize) -> Words {
    match count {
        2 => say!("verdict.two", "two").into(),
        3 => say!("verdict.three", "three").into(),
        4 => say!("verdict.four", "four").into(),
        count => count.into(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::event::FlowEvent;
    use crate::{ConnectionId, FlowId, Shape, Time};

    fn verdict(flow: &Flow) -> String {
        super::verdict(flow).to_string()
    }

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
        twice.retry_refused = Some("the retry budget is used up".into());
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
            FlowEvent::Backoff { attempt: 2, delay: Duration::from_secs(1), reason: Words::default() },
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
