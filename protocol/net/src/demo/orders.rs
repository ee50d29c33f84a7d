//! `shop.Orders`: the service that the main journey calls, served by unequal instances that share their orders.
//!
//! *Steady* answers in a few milliseconds, *slow* in tens of them, *bursty* fails with UNAVAILABLE for
//! some seconds, again and again. Retry, breaker and balancing have something to do. Placing an order asks the
//! services behind it ([`Errands`]).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use callscope_wire::{Code, Status, Time, Value};
use serde::Deserialize;
use serde_json::json;

use super::bursts::Bursts;
use super::errands::Errands;
use super::moment::rfc3339;
use super::order_book::{Book, Item, Order, ShipTo, State};
use super::order_schema;
use crate::clock;
use crate::server::{Cx, Outbound, Router, decode};

/// How an instance behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Steady,
    Slow,
    Bursty,
}

/// The orders of all instances.
pub(super) type Orders = Arc<Mutex<Book>>;

/// One instance.
struct Desk {
    orders: Orders,
    errands: Arc<Errands>,
    manner: Manner,
    started: Time,
    bursts: Mutex<Bursts>,
}

impl Manner {
    /// How long it takes for an answer; `chance` is uniform in 0..1.
    fn latency(self, chance: f64) -> Duration {
        let millis = match self {
            Self::Steady => 2.0 + 4.0 * chance,
            // Mostly near the lower end, with a tail.
            Self::Slow => 25.0 + 60.0 * chance * chance * chance,
            Self::Bursty => 3.0 + 6.0 * chance,
        };
        Duration::from_secs_f64(millis / 1e3)
    }
}

pub(super) fn orders(seed: u64) -> Orders {
    Arc::new(Mutex::new(Book::new(seed, clock::now())))
}

pub(super) fn add_to(router: &mut Router, orders: &Orders, errands: &Arc<Errands>, manner: Manner, seed: u64) {
    let (service, types) = order_schema::declared();
    router.service(service, types);
    let desk = Arc::new(Desk {
        orders: Arc::clone(orders),
        errands: Arc::clone(errands),
        manner,
        started: clock::now(),
        bursts: Mutex::new(Bursts::new(seed)),
    });
    let at = Arc::clone(&desk);
    router.unary("shop.Orders/Place", move |cx, request| place(Arc::clone(&at), cx, request));
    let at = Arc::clone(&desk);
    router.unary("shop.Orders/Get", move |cx, request| get(Arc::clone(&at), cx, request));
    let at = desk;
    router
        .server_stream("shop.Orders/Watch", move |cx, request, outbound| watch(Arc::clone(&at), cx, request, outbound));
}

#[derive(Deserialize)]
struct PlaceRequest {
    customer_id: String,
    currency: String,
    items: Vec<Item>,
    #[serde(default)]
    ship_to: Option<ShipTo>,
    #[serde(default)]
    note: Option<String>,
}

#[derive(Deserialize)]
struct IdRequest {
    id: String,
}

impl Desk {
    fn orders(&self) -> MutexGuard<'_, Book> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes as long as this instance takes, and fails if it is unwell.
    async fn work(&self) -> Result<(), Status> {
        let unwell = {
            let mut bursts = self.bursts.lock().unwrap_or_else(PoisonError::into_inner);
            self.manner == Manner::Bursty && bursts.fails(clock::now().since(self.started), fastrand::f64())
        };
        let latency = self.manner.latency(fastrand::f64());
        // It fails faster than it works, as things do.
        tokio::time::sleep(if unwell { latency / 3 } else { latency }).await;
        if unwell {
            let details = vec![json!({ "dependency": "stock", "state": "connection pool exhausted" })];
            return Err(Status { details, ..Status::new(Code::UNAVAILABLE, "the stock database does not answer") });
        }
        Ok(())
    }
}

async fn place(desk: Arc<Desk>, cx: Cx, request: Value) -> Result<Value, Status> {
    let request: PlaceRequest = decode(request)?;
    let total = check(&request)?;
    desk.work().await?;
    let PlaceRequest { customer_id, currency, items, ship_to, note } = request;
    let reservation = desk.errands.reserve(&cx, &items).await?;
    if let Err(declined) = desk.errands.charge(&cx, &customer_id, total, &currency).await {
        desk.errands.release(&cx, &reservation).await;
        return Err(declined);
    }
    let placed = clock::now();
    let mut orders = desk.orders();
    let id = orders.fresh_id();
    let order = Order {
        id,
        currency,
        items,
        total,
        ship_to,
        note,
        served_by: served_by(&cx),
        placed,
        repeats: false,
        home: None,
    };
    let message = order.message(placed);
    orders.add(order);
    Ok(message)
}

async fn get(desk: Arc<Desk>, cx: Cx, request: Value) -> Result<Value, Status> {
    let IdRequest { id } = decode(request)?;
    desk.work().await?;
    let order = find(&desk, &cx, &id)?;
    Ok(Order { served_by: served_by(&cx), ..order }.message(clock::now()))
}

async fn watch(desk: Arc<Desk>, cx: Cx, request: Value, mut outbound: Outbound) -> Result<(), Status> {
    let IdRequest { id } = decode(request)?;
    desk.work().await?;
    let order = find(&desk, &cx, &id)?;
    let mut told: Option<State> = None;
    loop {
        let now = clock::now();
        let (state, next) = order.state(now);
        if told != Some(state) {
            told = Some(state);
            let at = rfc3339(clock::wall(now));
            outbound
                .send(json!({ "id": order.id, "state": state.name(), "at": at, "served_by": served_by(&cx) }))
                .await?;
        }
        match next {
            Some(next) => tokio::time::sleep_until(clock::instant(next)).await,
            None => return Ok(()),
        }
    }
}

/// An order, or a REDIRECT to the instance that keeps it.
fn find(desk: &Desk, cx: &Cx, id: &str) -> Result<Order, Status> {
    let order = desk.orders().get(id).cloned();
    let order = order.ok_or_else(|| Status::new(Code::NOT_FOUND, format!("there is no order `{id}`")))?;
    match order.home {
        Some(home) if cx.connection.instance.as_deref() != Some(home) => {
            let registry = desk.errands.registry()?;
            Err(Status::redirect(format!("registry://{registry}/orders@{home}"), format!("{home} keeps order `{id}`")))
        }
        _ => Ok(order),
    }
}

fn served_by(cx: &Cx) -> String {
    cx.connection.instance.clone().unwrap_or_else(|| cx.connection.local.clone())
}

/// What is wrong with an order, all of it at once; else its total.
fn check(request: &PlaceRequest) -> Result<i64, Status> {
    let mut wrong = Vec::new();
    let mut say = |field: String, expected: &str| wrong.push(json!({ "field": field, "expected": expected }));
    if request.customer_id.trim().is_empty() {
        say("customer_id".to_owned(), "a customer");
    }
    if request.currency.len() != 3 || !request.currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        say("currency".to_owned(), "three capital letters, such as EUR");
    }
    if request.items.is_empty() || request.items.len() > 100 {
        say("items".to_owned(), "1 to 100 items");
    }
    for (place, item) in request.items.iter().enumerate() {
        if item.sku.trim().is_empty() {
            say(format!("items[{place}].sku"), "an article");
        }
        if item.qty == 0 {
            say(format!("items[{place}].qty"), "at least 1");
        }
        if item.unit_price < 0 {
            say(format!("items[{place}].unit_price"), "not below 0");
        }
    }
    let total = request.items.iter().try_fold(0_i64, |sum, item| sum.checked_add(item.total()?));
    match (wrong.as_slice(), total) {
        ([], Some(total)) => Ok(total),
        ([], None) => Err(Status::new(Code::OUT_OF_RANGE, "the total does not fit into 64 bits")),
        ([first, ..], _) => {
            let more = if wrong.len() > 1 { format!(" (and {} more)", wrong.len() - 1) } else { String::new() };
            let text = |member: &str| first.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
            let message = format!("{} must be {}{more}", text("field"), text("expected"));
            Err(Status { details: wrong, ..Status::new(Code::INVALID_ARGUMENT, message) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(request: Value) -> Result<i64, Status> {
        check(&decode(request).unwrap())
    }

    #[test]
    fn the_total_is_that_of_the_items() {
        let items = json!([{ "sku": "A1-204", "qty": 2, "unit_price": 1890 }, { "sku": "K7-011", "qty": 1, "unit_price": 4550 }]);
        let total = checked(json!({ "customer_id": "c-48213", "currency": "EUR", "items": items, "note": null }));
        assert_eq!(total, Ok(8330));
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let items = json!([{ "sku": "", "qty": 0, "unit_price": 1 }]);
        let status = checked(json!({ "customer_id": "", "currency": "euro", "items": items })).unwrap_err();
        assert_eq!(status.message, "customer_id must be a customer (and 3 more)");
        let fields: Vec<_> = status.details.iter().map(|detail| detail["field"].as_str().unwrap()).collect();
        assert_eq!(fields, ["customer_id", "currency", "items[0].sku", "items[0].qty"]);
        let huge = json!([{ "sku": "A", "qty": 3, "unit_price": i64::MAX }]);
        let status = checked(json!({ "customer_id": "c", "currency": "EUR", "items": huge })).unwrap_err();
        assert_eq!(status.code, Code::OUT_OF_RANGE);
    }
}
