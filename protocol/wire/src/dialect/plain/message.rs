//! What requests and answers say, read and written. Values come from [`Values`](super::values::Values) or were
//! checked by [`check`]: they are JSON.

use bytes::Bytes;
use serde::de::IgnoredAny;

use crate::value::Value;
use crate::value::scan::{compact, items, members};
use crate::{Code, Status};

/// A request as its handler needs it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    /// An object, or an array of fields in their order.
    pub(super) message: Bytes,
}

/// What a server said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Result(Bytes),
    Error(Status),
}

/// Reads a request. Members that are not the dialect's are ignored; the error is the answer.
pub(super) fn read_request(value: &Bytes) -> Result<Request, Status> {
    let wrong = |message: String| Status::unprocessed(Code::INVALID_ARGUMENT, message);
    if !value.starts_with(b"{") {
        return Err(wrong("a request is an object: {\"method\": \"add\", \"args\": [1, 2]}".into()));
    }
    let mut method = None;
    let (mut args, mut kwargs) = (None, None);
    for (name, span) in members(value) {
        let part = value.slice(span.range());
        match &*name {
            "method" => method = Some(part),
            "args" => args = Some(part),
            "kwargs" => kwargs = Some(part),
            _ => {}
        }
    }
    let method = method.ok_or_else(|| wrong("the request has no \"method\"".into()))?;
    let method: String = serde_json::from_slice(&method)
        .map_err(|_| wrong(format!("\"method\" is a name in double quotes, not {}", kind(&method))))?;
    let args = args.filter(|args| args.as_ref() != b"null");
    if let Some(args) = args.as_ref().filter(|args| !args.starts_with(b"[")) {
        return Err(wrong(format!("\"args\" is an array, not {}", kind(args))));
    }
    let kwargs = kwargs.filter(|kwargs| kwargs.as_ref() != b"null");
    if let Some(kwargs) = kwargs.as_ref().filter(|kwargs| !kwargs.starts_with(b"{")) {
        return Err(wrong(format!("\"kwargs\" is an object, not {}", kind(kwargs))));
    }
    let args = args.filter(|args| items(args).next().is_some());
    let kwargs = kwargs.filter(|kwargs| members(kwargs).next().is_some());
    let message = match (args, kwargs) {
        (None, None) => Bytes::from_static(b"{}"),
        (Some(args), None) => args,
        (None, Some(kwargs)) => kwargs,
        (Some(args), Some(kwargs)) => both(&args, &kwargs),
    };
    Ok(Request { method, message })
}

/// Positional fields become members named by their place, in front of the named ones.
fn both(args: &[u8], kwargs: &[u8]) -> Bytes {
    let mut out = vec![b'{'];
    for (place, span) in items(args).enumerate() {
        out.extend_from_slice(format!("\"{place}\":").as_bytes());
        out.extend_from_slice(args.get(span.range()).unwrap_or_default());
        out.push(b',');
    }
    out.extend_from_slice(kwargs.get(1..).unwrap_or_default());
    out.into()
}

/// Writes a request. The error says why the message cannot be carried.
pub(super) fn write_request(method: &str, message: &[u8]) -> Result<Vec<u8>, Status> {
    let wrong = |message: String| Status::unprocessed(Code::INVALID_ARGUMENT, message);
    let message = check(message).map_err(|what| wrong(format!("the message is not JSON: {what}")))?;
    // A server written by hand may take `request["args"]` without asking, so both are always there.
    let (args, kwargs): (&[u8], &[u8]) = match message.first() {
        Some(b'[') => (&message, b"{}"),
        Some(b'{') => (b"[]", &message),
        _ if message.as_ref() == b"null" => (b"[]", b"{}"),
        _ => return Err(wrong(format!("the message is an object or an array, not {}", kind(&message)))),
    };
    let method = Value::from(method).to_string();
    Ok([b"{\"method\":", method.as_bytes(), b",\"args\":", args, b",\"kwargs\":", kwargs, b"}"].concat())
}

/// Reads an answer. The error says what is wrong with it.
pub(super) fn read_answer(value: &Bytes) -> Result<Answer, String> {
    if !value.starts_with(b"{") {
        return Err("an answer is an object, not an array".into());
    }
    let (mut result, mut error) = (None, None);
    for (name, span) in members(value) {
        match &*name {
            "result" => result = Some(value.slice(span.range())),
            "error" => error = Some(value.slice(span.range())),
            _ => {}
        }
    }
    match (result, error.filter(|error| error.as_ref() != b"null")) {
        (_, Some(error)) => Ok(Answer::Error(read_error(&error))),
        (Some(result), None) => Ok(Answer::Result(result)),
        (None, None) => Err("an answer has a \"result\" or an \"error\", this has neither".into()),
    }
}

/// An error as servers write it: a code by name or number and a message, or anything else as a message.
fn read_error(error: &[u8]) -> Status {
    let value: Value = match serde_json::from_slice(error) {
        Ok(value) => value,
        Err(error) => return Status::new(Code::UNKNOWN, format!("an error that cannot be read: {error}")),
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let Some(members) = value.as_object() else { return Status::new(Code::UNKNOWN, text(&value)) };
    let message = members.get("message").map(text).unwrap_or_default();
    let code = members.get("code").unwrap_or(&Value::Null);
    let known = match code {
        Value::String(name) => Code::by_name(name),
        Value::Number(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()).map(Code),
        _ => None,
    };
    match known.filter(|code| !code.is_ok()) {
        Some(code) => Status::new(code, message),
        None if code.is_null() => Status::new(Code::UNKNOWN, message),
        // Not one of ours: say it in the server's words.
        None if message.is_empty() => Status::new(Code::UNKNOWN, text(code)),
        None => Status::new(Code::UNKNOWN, format!("{}: {message}", text(code))),
    }
}

/// Writes an answer; no message is `null`. One that is no JSON becomes an error.
pub(super) fn write_result(message: &[u8]) -> Vec<u8> {
    match check(message) {
        Ok(message) => [b"{\"result\":", message.as_ref(), b"}"].concat(),
        Err(what) => write_error(&Status::new(Code::INTERNAL, format!("the handler's message is not JSON: {what}"))),
    }
}

/// Writes an error. What the dialect has no place for (details, trailers, …) is left out.
pub(super) fn write_error(status: &Status) -> Vec<u8> {
    let code = match status.code {
        code if Code::by_name(code.name()) == Some(code) => Value::from(code.name()),
        code => Value::from(code.0),
    };
    format!("{{\"error\":{{\"code\":{code},\"message\":{}}}}}", Value::from(status.message.as_str())).into_bytes()
}

/// A message as it may stand in a line: JSON, without line breaks; no bytes are `null`.
fn check(message: &[u8]) -> Result<std::borrow::Cow<'_, [u8]>, String> {
    let text = std::str::from_utf8(message).map_err(|error| error.to_string())?;
    if text.is_empty() {
        return Ok(b"null".into());
    }
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| error.to_string())?;
    // Inside of strings there are none; around the value any white space would do harm.
    let tidy = !message.iter().any(|byte| matches!(byte, b'\n' | b'\r')) && text.trim() == text;
    Ok(if tidy { message.into() } else { compact(message).into() })
}

/// What a value is, for a message about it.
pub(super) fn kind(value: &[u8]) -> &'static str {
    match value.first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "text",
        Some(b't' | b'f') => "a truth value",
        Some(b'n') => "null",
        _ => "a number",
    }
}
