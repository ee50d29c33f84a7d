//! `demo.Calculator`: one method of each shape that ends by itself, and an error worth reading.

use callscope_wire::schema::{Service, TypeDef, TypeRef};
use callscope_wire::{Code, Shape, Status, Value};
use serde::Deserialize;
use serde_json::{Number, json};

use crate::describe::{field, idempotent, method, record, service};
use crate::server::{Inbound, Outbound, Router, decode};

/// Above this a stream of primes is a load test.
const LARGEST_LIMIT: u64 = 10_000_000;

/// Primes between two chances for others to run.
const BATCH: usize = 64;

pub(super) fn add_to(router: &mut Router) {
    let (service, types) = declared();
    router.service(service, types);
    router.unary("demo.Calculator/Add", async |_, request| {
        let Pair { a, b } = decode(request)?;
        Ok(json!({ "sum": add(&a, &b) }))
    });
    router.unary("demo.Calculator/Divide", async |_, request| divide(request));
    router.server_stream("demo.Calculator/Primes", |_, request, outbound| primes(request, outbound));
    router.client_stream("demo.Calculator/Sum", |_, inbound| sum(inbound));
}

#[derive(Deserialize)]
struct Pair {
    a: Number,
    b: Number,
}

#[derive(Deserialize)]
struct Division {
    dividend: f64,
    divisor: f64,
}

#[derive(Deserialize)]
struct Limit {
    limit: u64,
}

#[derive(Deserialize)]
struct Summand {
    value: Number,
}

fn divide(request: Value) -> Result<Value, Status> {
    let Division { dividend, divisor } = decode(request)?;
    if divisor == 0.0 {
        let details = vec![json!({ "field": "divisor", "found": 0, "expected": "any number but 0" })];
        let message = format!("division by zero: {dividend} cannot be divided by 0");
        return Err(Status { details, ..Status::new(Code::INVALID_ARGUMENT, message) });
    }
    Ok(json!({ "quotient": number(dividend / divisor) }))
}

async fn primes(request: Value, mut outbound: Outbound) -> Result<(), Status> {
    let Limit { limit } = decode(request)?;
    if limit > LARGEST_LIMIT {
        let message = format!("limit is {limit}, but it must not be above {LARGEST_LIMIT}");
        return Err(Status::new(Code::INVALID_ARGUMENT, message));
    }
    let mut found = 0;
    for candidate in (2..=limit).filter(|candidate| is_prime(*candidate)) {
        outbound.send(json!({ "prime": candidate })).await?;
        found += 1;
        if found % BATCH == 0 {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

async fn sum(mut inbound: Inbound) -> Result<Value, Status> {
    let mut sum = Number::from(0);
    let mut count = 0_u64;
    while let Some(message) = inbound.next().await? {
        let Summand { value } = decode(message)?;
        sum = add(&sum, &value);
        count += 1;
    }
    Ok(json!({ "sum": sum, "count": count }))
}

/// Whole numbers stay whole as long as they fit; so 1 and 2 are 3, not 3.0.
fn add(a: &Number, b: &Number) -> Number {
    let whole = a.as_i64().zip(b.as_i64()).and_then(|(a, b)| a.checked_add(b));
    match whole {
        Some(sum) => sum.into(),
        None => number(a.as_f64().unwrap_or(0.0) + b.as_f64().unwrap_or(0.0)),
    }
}

/// JSON has no infinity: what is too large becomes the largest number there is.
fn number(value: f64) -> Number {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return Number::from(value as i64);
    }
    Number::from_f64(value.clamp(f64::MIN, f64::MAX)).unwrap_or_else(|| Number::from(0))
}

fn is_prime(n: u64) -> bool {
    n >= 2 && (2..=n.isqrt()).all(|d| !n.is_multiple_of(d))
}

fn declared() -> (Service, Vec<TypeDef>) {
    let number = |name, docs, example: Value| field(name, TypeRef::Double, docs, example);
    let service = service(
        "demo.Calculator",
        "Arithmetic: the smallest service that has something to say.",
        vec![
            idempotent(method("Add", Shape::Unary, "demo.AddRequest", "demo.AddResponse", "Adds two numbers.")),
            idempotent(method(
                "Divide",
                Shape::Unary,
                "demo.DivideRequest",
                "demo.DivideResponse",
                "Divides. INVALID_ARGUMENT with details when the divisor is 0.",
            )),
            idempotent(method(
                "Primes",
                Shape::ServerStream,
                "demo.PrimesRequest",
                "demo.Prime",
                "One message for each prime number up to the limit.",
            )),
            method(
                "Sum",
                Shape::ClientStream,
                "demo.Summand",
                "demo.SumResponse",
                "Adds up everything that is sent. The answer comes after Done sending.",
            ),
        ],
    );
    let types = vec![
        record(
            "demo.AddRequest",
            "Two numbers.",
            vec![number("a", "The first summand.", json!(1)), number("b", "The second summand.", json!(2))],
        ),
        record("demo.AddResponse", "Their sum.", vec![number("sum", "a + b.", json!(3))]),
        record(
            "demo.DivideRequest",
            "Two numbers.",
            vec![number("dividend", "What is divided.", json!(22)), number("divisor", "By what; not 0.", json!(7))],
        ),
        record(
            "demo.DivideResponse",
            "Their quotient.",
            vec![number("quotient", "dividend / divisor.", json!(3.142_857_142_857_143))],
        ),
        record(
            "demo.PrimesRequest",
            "How far to look.",
            vec![field("limit", TypeRef::Uint64, "The last number to look at, at most 10000000.", json!(200))],
        ),
        record("demo.Prime", "One prime number.", vec![field("prime", TypeRef::Uint64, "It.", json!(2))]),
        record("demo.Summand", "One number of the sum.", vec![number("value", "It.", json!(20))]),
        record(
            "demo.SumResponse",
            "The sum.",
            vec![
                number("sum", "Of all values.", json!(4321)),
                field("count", TypeRef::Uint64, "How many there were.", json!(4)),
            ],
        ),
    ];
    (service, types)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_stay_whole() {
        let add = |a: Value, b: Value| {
            let Pair { a, b } = decode(json!({ "a": a, "b": b })).unwrap();
            super::add(&a, &b).to_string()
        };
        assert_eq!(add(json!(1), json!(2)), "3");
        assert_eq!(add(json!(0.5), json!(0.25)), "0.75");
        assert_eq!(add(json!(i64::MAX), json!(1)), "9.223372036854776e+18");
        assert_eq!(add(json!(1e308), json!(1e308)), "1.7976931348623157e+308");
    }

    #[test]
    fn dividing_by_zero_says_which_field_is_wrong() {
        assert_eq!(divide(json!({ "dividend": 7, "divisor": 2 })).unwrap(), json!({ "quotient": 3.5 }));
        let status = divide(json!({ "dividend": 1, "divisor": 0 })).unwrap_err();
        assert_eq!(status.to_string(), "3 INVALID_ARGUMENT: division by zero: 1 cannot be divided by 0");
        assert_eq!(status.details[0]["field"], "divisor");
    }
}
