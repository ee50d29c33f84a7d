//! `shop.Payments`: takes the money for an order, or does not. `shop.Orders` calls it last.
//!
//! Cards are good up to a limit, so that a failure deep below a call can be had at will; and one of ten takes its time.

use std::time::Duration;

use callscope_wire::schema::{Service, TypeDef, TypeRef};
use callscope_wire::{Code, Shape, Status, Value};
use serde::Deserialize;
use serde_json::json;

use crate::describe::{choice, field, method, named, record, service};
use crate::server::{Router, decode};

/// Cards are declined above it, minor units of any currency.
const LIMIT: i64 = 100_000;

#[derive(Deserialize)]
struct ChargeRequest {
    customer_id: String,
    amount_minor: i64,
    currency: String,
}

pub(super) fn add_to(router: &mut Router) {
    let (service, types) = declared();
    router.service(service, types);
    router.unary("shop.Payments/Charge", async |_, request| {
        let request: ChargeRequest = decode(request)?;
        tokio::time::sleep(latency(fastrand::f64(), fastrand::f64())).await;
        charge(&request)
    });
}

/// Mostly 4 to 9 ms; one of ten asks the bank again, and takes 60 to 140 ms. Chances are uniform in 0..1.
fn latency(which: f64, chance: f64) -> Duration {
    let millis = if which < 0.1 { 60.0 + 80.0 * chance } else { 4.0 + 5.0 * chance };
    Duration::from_secs_f64(millis / 1e3)
}

fn charge(request: &ChargeRequest) -> Result<Value, Status> {
    let ChargeRequest { customer_id, amount_minor, currency } = request;
    if *amount_minor < 0 {
        return Err(Status::new(
            Code::INVALID_ARGUMENT,
            format!("amount_minor is {amount_minor}, not below 0 is wanted"),
        ));
    }
    if *amount_minor > LIMIT {
        let details = vec![
            json!({ "reason": "DECLINED", "amount_minor": amount_minor, "limit_minor": LIMIT, "currency": currency }),
        ];
        let message =
            format!("the card of {customer_id} is declined: {currency} {} is above its limit", major(*amount_minor));
        return Err(Status { details, ..Status::new(Code::FAILED_PRECONDITION, message) });
    }
    let id = format!("p-{:08x}", fastrand::u32(..));
    Ok(json!({ "payment_id": id, "state": "CAPTURED", "amount_minor": amount_minor, "currency": currency }))
}

/// `1234.50`.
fn major(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

fn declared() -> (Service, Vec<TypeDef>) {
    let text = |name, docs, example: &str| field(name, TypeRef::String, docs, json!(example));
    let amount = |docs| field("amount_minor", TypeRef::Int64, docs, json!(8330));
    let service = service(
        "shop.Payments",
        "Takes the money for orders. One of ten charges takes its time.",
        vec![method(
            "Charge",
            Shape::Unary,
            "shop.ChargeRequest",
            "shop.Payment",
            "Takes money from a customer's card. FAILED_PRECONDITION (declined) above 1000.00 of any currency.",
        )],
    );
    let types = vec![
        record(
            "shop.ChargeRequest",
            "Who pays what.",
            vec![
                text("customer_id", "Whose card.", "c-48213"),
                amount("How much, in minor units of the currency."),
                text("currency", "Three capital letters.", "EUR"),
            ],
        ),
        record(
            "shop.Payment",
            "Money that was taken.",
            vec![
                text("payment_id", "Names it.", "p-1f3a90c2"),
                field("state", named("shop.PaymentState"), "What became of it.", json!("CAPTURED")),
                amount("How much, in minor units of the currency."),
                text("currency", "Three capital letters.", "EUR"),
            ],
        ),
        choice("shop.PaymentState", "What becomes of a payment.", &[("CAPTURED", "The money is here.")]),
    ];
    (service, types)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_good_up_to_its_limit() {
        let ask = |amount_minor| {
            charge(&ChargeRequest { customer_id: "c-1".to_owned(), amount_minor, currency: "EUR".to_owned() })
        };
        assert_eq!(ask(LIMIT).unwrap()["state"], "CAPTURED");
        let status = ask(LIMIT + 5).unwrap_err();
        assert_eq!(
            status.to_string(),
            "9 FAILED_PRECONDITION: the card of c-1 is declined: EUR 1000.05 is above its limit"
        );
        assert_eq!(status.details[0]["reason"], "DECLINED");
        assert_eq!(ask(-1).unwrap_err().code, Code::INVALID_ARGUMENT);
    }

    #[test]
    fn one_of_ten_takes_its_time() {
        assert!(latency(0.5, 1.0) < Duration::from_millis(10));
        assert!(latency(0.05, 0.0) >= Duration::from_millis(60));
    }
}
