//! `shop.Inventory`: what is in stock and where. `shop.Orders` calls it for every order.
//!
//! One instance is steady, one now and then too busy to answer, so that a retry is seen below somebody else's call.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use callscope_wire::schema::{Service, TypeDef, TypeRef};
use callscope_wire::{Code, Shape, Status, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::describe::{field, idempotent, list, method, record, service};
use crate::server::{Router, decode};

/// Of every article; more cannot be reserved at once.
const IN_STOCK: u32 = 500;

/// Whoever repeats a call for hours must not fill the memory.
const MOST_RESERVATIONS: usize = 1000;

/// How an instance behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Steady,
    /// One of twelve is turned away.
    Busy,
}

/// The reservations of one instance, oldest first.
#[derive(Debug, Default)]
struct Reservations {
    last: u32,
    held: VecDeque<String>,
}

/// One line to reserve.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Line {
    sku: String,
    qty: u32,
}

#[derive(Deserialize)]
struct ReserveRequest {
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct ReleaseRequest {
    reservation_id: String,
}

#[derive(Deserialize)]
struct StockRequest {
    sku: String,
}

/// The warehouse is decided by the article, so that the same order looks the same.
pub(super) fn warehouse_of(sku: &str) -> &'static str {
    match sku.bytes().map(usize::from).sum::<usize>() % 3 {
        0 => "wh-shanghai-2",
        1 => "wh-rotterdam-1",
        _ => "wh-leipzig-1",
    }
}

pub(super) fn add_to(router: &mut Router, manner: Manner) {
    let (service, types) = declared();
    router.service(service, types);
    let reservations = Arc::new(Mutex::new(Reservations::default()));
    let held = Arc::clone(&reservations);
    router.unary("shop.Inventory/Reserve", move |_, request| reserve(Arc::clone(&held), manner, request));
    let held = reservations;
    router.unary("shop.Inventory/Release", move |_, request| release(Arc::clone(&held), request));
    router.unary("shop.Inventory/Stock", async |_, request| {
        let StockRequest { sku } = decode(request)?;
        work(1.0).await;
        Ok(json!({ "sku": sku, "available": IN_STOCK, "warehouse": warehouse_of(&sku) }))
    });
}

/// Takes `millis` to three times as long.
async fn work(millis: f64) {
    tokio::time::sleep(Duration::from_secs_f64((millis + 2.0 * millis * fastrand::f64()) / 1e3)).await;
}

async fn reserve(held: Arc<Mutex<Reservations>>, manner: Manner, request: Value) -> Result<Value, Status> {
    let ReserveRequest { lines } = decode(request)?;
    work(1.0).await;
    if manner == Manner::Busy && fastrand::u8(..12) == 0 {
        return Err(Status::new(Code::UNAVAILABLE, "the stock of this warehouse is being counted"));
    }
    if let Some(line) = lines.iter().find(|line| line.qty > IN_STOCK) {
        let Line { sku, qty } = line;
        let details = vec![json!({ "reason": "OUT_OF_STOCK", "sku": sku, "wanted": qty, "available": IN_STOCK })];
        let message = format!("{qty} of {sku} are wanted, and {IN_STOCK} are in stock");
        return Err(Status { details, ..Status::new(Code::FAILED_PRECONDITION, message) });
    }
    let id = held.lock().unwrap_or_else(PoisonError::into_inner).hold();
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| json!({ "sku": line.sku, "qty": line.qty, "warehouse": warehouse_of(&line.sku) }))
        .collect();
    Ok(json!({ "reservation_id": id, "lines": lines }))
}

async fn release(held: Arc<Mutex<Reservations>>, request: Value) -> Result<Value, Status> {
    let ReleaseRequest { reservation_id } = decode(request)?;
    work(0.5).await;
    let released = held.lock().unwrap_or_else(PoisonError::into_inner).release(&reservation_id);
    Ok(json!({ "reservation_id": reservation_id, "released": released }))
}

impl Reservations {
    fn hold(&mut self) -> String {
        if self.held.len() >= MOST_RESERVATIONS {
            self.held.pop_front();
        }
        self.last = self.last.wrapping_add(1);
        let id = format!("r-{:06}", self.last);
        self.held.push_back(id.clone());
        id
    }

    fn release(&mut self, id: &str) -> bool {
        let before = self.held.len();
        self.held.retain(|held| held != id);
        self.held.len() < before
    }
}

fn declared() -> (Service, Vec<TypeDef>) {
    let text = |name, docs, example: &str| field(name, TypeRef::String, docs, json!(example));
    let count = |name, docs, example: u32| field(name, TypeRef::Uint32, docs, json!(example));
    let service = service(
        "shop.Inventory",
        "What is in stock, and where. Orders reserve here before they are paid.",
        vec![
            method(
                "Reserve",
                Shape::Unary,
                "shop.ReserveRequest",
                "shop.Reservation",
                "Sets articles aside. FAILED_PRECONDITION when more than 500 of one are wanted.",
            ),
            idempotent(method(
                "Release",
                Shape::Unary,
                "shop.ReleaseRequest",
                "shop.Released",
                "Gives back what was set aside. Twice does no harm.",
            )),
            idempotent(method(
                "Stock",
                Shape::Unary,
                "shop.StockRequest",
                "shop.Stock",
                "How many of an article there are.",
            )),
        ],
    );
    let types = vec![
        record(
            "shop.ReserveRequest",
            "What to set aside.",
            vec![field("lines", list("shop.ReserveLine"), "Article by article.", Value::Null)],
        ),
        record(
            "shop.ReserveLine",
            "One article.",
            vec![text("sku", "The article.", "A1-204"), count("qty", "How many, at most 500.", 2)],
        ),
        record(
            "shop.Reservation",
            "What was set aside.",
            vec![
                text("reservation_id", "Names it.", "r-000001"),
                field("lines", list("shop.ReservedLine"), "Where each article is.", Value::Null),
            ],
        ),
        record(
            "shop.ReservedLine",
            "One article, set aside.",
            vec![
                text("sku", "The article.", "A1-204"),
                count("qty", "How many.", 2),
                text("warehouse", "Where they are.", "wh-shanghai-2"),
            ],
        ),
        record(
            "shop.ReleaseRequest",
            "What to give back.",
            vec![text("reservation_id", "As Reserve answered.", "r-000001")],
        ),
        record(
            "shop.Released",
            "What was given back.",
            vec![
                text("reservation_id", "As asked for.", "r-000001"),
                field("released", TypeRef::Bool, "Whether this instance held it.", json!(true)),
            ],
        ),
        record("shop.StockRequest", "Which article.", vec![text("sku", "The article.", "A1-204")]),
        record(
            "shop.Stock",
            "How many there are.",
            vec![
                text("sku", "The article.", "A1-204"),
                count("available", "That many.", IN_STOCK),
                text("warehouse", "There.", "wh-shanghai-2"),
            ],
        ),
    ];
    (service, types)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_released_once_and_old_reservations_make_room() {
        let mut reservations = Reservations::default();
        let first = reservations.hold();
        assert!(reservations.release(&first) && !reservations.release(&first));
        let first = reservations.hold();
        for _ in 0..MOST_RESERVATIONS {
            reservations.hold();
        }
        assert_eq!(reservations.held.len(), MOST_RESERVATIONS);
        assert!(!reservations.release(&first));
    }

    #[tokio::test]
    async fn more_than_there_is_cannot_be_reserved() {
        let held = Arc::default();
        let ask = |qty: u32| {
            let request = json!({ "lines": [{ "sku": "A1-204", "qty": qty }] });
            reserve(Arc::clone(&held), Manner::Steady, request)
        };
        assert_eq!(ask(500).await.unwrap()["lines"][0]["warehouse"], warehouse_of("A1-204"));
        let status = ask(501).await.unwrap_err();
        assert_eq!((status.code, &status.details[0]["reason"]), (Code::FAILED_PRECONDITION, &json!("OUT_OF_STOCK")));
    }
}
