//! `demo.Files/Generate`: one answer as large as one likes, to see what becomes of it on the way and in the window.
//!
//! Written as text at once: as a value it would be several times its size.

use std::fmt::Write as _;

use bytes::Bytes;
use callscope_wire::schema::{Method, TypeDef, TypeRef};
use callscope_wire::{Code, Shape, Status, Value};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::describe::{choice, field, idempotent, list, method as declare, named, optional, record};
use crate::server::decode;

/// Half a gigabyte: enough for every limit that somebody wants to try.
const LARGEST_MB: f64 = 512.0;
/// Answers in the making at once, so that nobody fills the memory by asking for many.
static MAKERS: Semaphore = Semaphore::const_new(2);

#[derive(Deserialize)]
struct Request {
    size_mb: f64,
    #[serde(default)]
    kind: Kind,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Kind {
    #[default]
    Records,
    Numbers,
    Text,
}

pub(super) async fn generate(request: Value) -> Result<Bytes, Status> {
    let Request { size_mb, kind } = decode(request)?;
    if !(size_mb > 0.0 && size_mb <= LARGEST_MB) {
        let message = format!("size_mb is {size_mb}, but it must be more than 0 and at most {LARGEST_MB}");
        return Err(Status::new(Code::INVALID_ARGUMENT, message));
    }
    let _permit = MAKERS.acquire().await.map_err(|_| Status::new(Code::UNAVAILABLE, "the world is ending"))?;
    let size = (size_mb * 1e6) as usize;
    tokio::task::spawn_blocking(move || write(kind, size))
        .await
        .map_err(|error| Status::new(Code::INTERNAL, format!("it could not be made: {error}")))
}

/// The same every time, about so many bytes.
fn write(kind: Kind, size: usize) -> Bytes {
    const TEXT: &str = "The quick brown fox jumps over the lazy dog; 敏捷的棕色狐狸跳过了懒狗。";
    const CITIES: [&str; 6] = ["Rotterdam", "上海", "Nairobi", "São Paulo", "Reykjavík", "Pune"];
    let mut out = String::with_capacity(size + 1024);
    let mut random = fastrand::Rng::with_seed(0x6269_6721);
    match kind {
        Kind::Records => {
            out.push_str(r#"{"records":["#);
            for number in 0.. {
                if number > 0 {
                    out.push(',');
                }
                let (price, city) = (random.u32(1..100_000), CITIES.get(number % CITIES.len()).unwrap_or(&""));
                let (stock, express) = (random.u16(..), random.bool());
                // Writing to text cannot fail.
                let _written = write!(
                    out,
                    r#"{{"id":"r-{number:08}","price_minor":{price},"stock":{stock},"express":{express},"ship_to":{{"city":"{city}","zone":{}}},"tags":["demo","bulk"],"note":null}}"#,
                    number % 97
                );
                if out.len() >= size {
                    break;
                }
            }
            out.push_str("]}");
        }
        Kind::Numbers => {
            out.push_str(r#"{"numbers":[0"#);
            while out.len() < size {
                let _written = write!(out, ",{}", random.i32(-1_000_000..1_000_000));
            }
            out.push_str("]}");
        }
        Kind::Text => {
            out.push_str(r#"{"text":""#);
            while out.len() < size {
                out.push_str(TEXT);
                out.push_str("\\n");
            }
            out.push_str("\"}");
        }
    }
    Bytes::from(out)
}

pub(super) fn method() -> Method {
    idempotent(declare(
        "Generate",
        Shape::Unary,
        "demo.GenerateRequest",
        "demo.Generated",
        "One answer of about this size, the same every time. Larger than what both sides accept it ends with RESOURCE_EXHAUSTED.",
    ))
}

pub(super) fn types() -> Vec<TypeDef> {
    vec![
        record(
            "demo.GenerateRequest",
            "How large an answer, and of what.",
            vec![
                field("size_mb", TypeRef::Double, "Megabytes; more than 0, at most 512.", json!(1)),
                optional("kind", named("demo.GenerateKind"), "Without it records.", json!("RECORDS")),
            ],
        ),
        choice(
            "demo.GenerateKind",
            "What the answer is made of.",
            &[
                ("RECORDS", "Many small records."),
                ("NUMBERS", "One list of very many numbers."),
                ("TEXT", "One long text."),
            ],
        ),
        record(
            "demo.Generated",
            "As large as was asked for; one of its fields is set.",
            vec![
                optional("records", list("demo.GeneratedRecord"), "Many small records.", Value::Null),
                optional("numbers", TypeRef::List(Box::new(TypeRef::Int32)), "Very many numbers.", Value::Null),
                optional("text", TypeRef::String, "One long text.", Value::Null),
            ],
        ),
        record(
            "demo.GeneratedRecord",
            "A record like any other.",
            vec![
                field("id", TypeRef::String, "Counted from 0.", json!("r-00000000")),
                field("price_minor", TypeRef::Uint32, "In cents.", json!(1890)),
                field("stock", TypeRef::Uint32, "How many there are.", json!(12)),
                field("express", TypeRef::Bool, "Comes tomorrow.", json!(true)),
                field("ship_to", named("demo.GeneratedPlace"), "Where to.", Value::Null),
                field("tags", TypeRef::List(Box::new(TypeRef::String)), "Words.", Value::Null),
                optional("note", TypeRef::String, "Nothing.", Value::Null),
            ],
        ),
        record(
            "demo.GeneratedPlace",
            "A place.",
            vec![
                field("city", TypeRef::String, "Its name.", json!("Rotterdam")),
                field("zone", TypeRef::Uint32, "Of delivery.", json!(7)),
            ],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_json_of_about_its_size() {
        for kind in [Kind::Records, Kind::Numbers, Kind::Text] {
            let made = write(kind, 100_000);
            assert!((100_000..100_400).contains(&made.len()), "{}", made.len());
            let value: Value = serde_json::from_slice(&made).unwrap();
            assert_eq!(value.as_object().map(serde_json::Map::len), Some(1));
        }
    }
}
