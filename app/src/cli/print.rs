//! Output: answers to stdout, words for people to stderr, colors only on a terminal.

use std::io::Write;

use callscope_wire::status::Severity;
use callscope_wire::{Code, Status, Value};

use super::Failure;

/// A line of an answer. A closed pipe is the reader's way to say "enough".
pub(super) fn out(text: &str) {
    let mut stdout = anstream::stdout().lock();
    if writeln!(stdout, "{text}").and_then(|()| stdout.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Bytes of an answer as they are.
pub(super) fn raw(bytes: &[u8]) {
    let mut stdout = std::io::stdout().lock();
    if stdout.write_all(bytes).and_then(|()| stdout.flush()).is_err() {
        std::process::exit(0);
    }
}

/// A line for people. Nobody is left to tell when stderr is gone.
pub(super) fn note(text: &str) {
    drop(writeln!(anstream::stderr(), "{text}"));
}

/// What went wrong.
pub(super) fn error(text: &str) {
    note(&format!("\x1b[31merror\x1b[0m: {text}"));
}

/// An error and what is behind it, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

/// What is wrong with the arguments or a file.
pub(super) fn input(text: &str) -> Failure {
    error(text);
    Failure::Input
}

/// Why a question to a server was not answered, and who is to blame.
pub(super) fn unanswered(status: &Status) -> Failure {
    error(&status.to_string());
    // Codes from 64 on are the connection's own end; the others below came from a server.
    let by_connection = matches!(status.code, Code::UNAVAILABLE | Code::NO_ENDPOINT) || status.code.0 >= 64;
    if status.cut_off || by_connection { Failure::Connection } else { Failure::Status }
}

/// A value, indented.
pub(super) fn pretty(value: &Value) -> String {
    callscope_wire::value::text::pretty(value)
}

/// A status in its color.
pub(super) fn status(status: &Status) -> String {
    let color = match status.code.severity() {
        Severity::Ok => "32",
        Severity::Cancelled => "90",
        Severity::Caller => "33",
        Severity::Capacity => "38;5;208",
        Severity::Failure => "31",
        Severity::Redirect => "34",
    };
    let mark = match status.code.severity() {
        Severity::Ok => "✓",
        Severity::Cancelled => "○",
        _ => "✗",
    };
    let message = if status.message.is_empty() { String::new() } else { format!(" {}", status.message) };
    format!("\x1b[{color}m{mark} {}\x1b[0m{message}", status.code)
}

/// A time with its unit.
pub(super) fn ms(duration: std::time::Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}
