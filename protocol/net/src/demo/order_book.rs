//! Orders in memory: bounded, oldest out first, each with a life that time alone moves on.
//!
//! ```text
//!  ACCEPTED ──2 s──▶ PACKED ──3 s──▶ SHIPPED ──4 s──▶ DELIVERED
//! ```
//!
//! Pure: time is an argument.

use std::collections::VecDeque;
use std::time::Duration;

use callscope_wire::{Time, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::inventory::warehouse_of;
use super::moment::rfc3339;
use crate::clock;

/// Whoever repeats a call for hours must not fill the memory.
const MOST_ORDERS: usize = 1000;

/// A standing order is delivered, and two seconds later it begins anew, so that watching it is never dull.
const LIFE: Duration = Duration::from_secs(11);

/// From placing to delivery, for people.
const ETA: Duration = Duration::from_hours(48);

/// The orders.
#[derive(Debug)]
pub(super) struct Book {
    random: fastrand::Rng,
    orders: VecDeque<Order>,
    /// Those that are always there.
    standing: [Order; 2],
}

/// One order.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) currency: String,
    pub(super) items: Vec<Item>,
    /// In minor units.
    pub(super) total: i64,
    pub(super) ship_to: Option<ShipTo>,
    pub(super) note: Option<String>,
    pub(super) served_by: String,
    pub(super) placed: Time,
    /// Begins anew after its delivery.
    pub(super) repeats: bool,
    /// The only instance that keeps it; `None`: all know it.
    pub(super) home: Option<&'static str>,
}

/// One line of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) sku: String,
    pub(super) qty: u32,
    /// In minor units.
    pub(super) unit_price: i64,
}

/// Where to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ShipTo {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) city: String,
    #[serde(default)]
    pub(super) express: bool,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Accepted,
    Packed,
    Shipped,
    Delivered,
}

/// States by the age at which they begin.
const LIFE_OF_AN_ORDER: [(Duration, State); 4] = [
    (Duration::ZERO, State::Accepted),
    (Duration::from_secs(2), State::Packed),
    (Duration::from_secs(5), State::Shipped),
    (Duration::from_secs(9), State::Delivered),
];

impl State {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "ACCEPTED",
            Self::Packed => "PACKED",
            Self::Shipped => "SHIPPED",
            Self::Delivered => "DELIVERED",
        }
    }
}

impl Book {
    /// Holds the standing orders `o-1001`, so that there is one to get and to watch, and `o-2002`, which one instance
    /// keeps: the others send calls about it on.
    pub(super) fn new(seed: u64, now: Time) -> Self {
        let items = vec![Item { sku: "T3-450".to_owned(), qty: 2, unit_price: 1290 }];
        let standing = Order {
            id: "o-1001".to_owned(),
            currency: "EUR".to_owned(),
            total: 2580,
            items,
            ship_to: Some(ShipTo { name: "李雷".to_owned(), city: "杭州".to_owned(), express: false }),
            note: Some("a standing order: it begins anew after every delivery".to_owned()),
            served_by: String::new(),
            placed: now,
            repeats: true,
            home: None,
        };
        let kept_elsewhere = Order {
            id: "o-2002".to_owned(),
            note: Some("of another region: kept by one instance, the others send calls about it there".to_owned()),
            home: Some("orders-2"),
            ..standing.clone()
        };
        let standing = [standing, kept_elsewhere];
        Self { random: fastrand::Rng::with_seed(seed), orders: VecDeque::new(), standing }
    }

    /// An id that no order here has.
    pub(super) fn fresh_id(&mut self) -> String {
        loop {
            let id = format!("o-{:06x}", self.random.u32(0..1 << 24));
            if self.get(&id).is_none() {
                return id;
            }
        }
    }

    pub(super) fn add(&mut self, order: Order) {
        if self.orders.len() >= MOST_ORDERS {
            self.orders.pop_front();
        }
        self.orders.push_back(order);
    }

    pub(super) fn get(&self, id: &str) -> Option<&Order> {
        // Newest first: whoever asks has mostly just placed it.
        self.orders.iter().rev().chain(&self.standing).find(|order| order.id == id)
    }
}

impl Order {
    /// How far it is, and when that changes.
    pub(super) fn state(&self, now: Time) -> (State, Option<Time>) {
        let mut begun = self.placed;
        if self.repeats {
            let lives = now.since(begun).as_nanos() / LIFE.as_nanos();
            begun = begun + LIFE.saturating_mul(u32::try_from(lives).unwrap_or(u32::MAX));
        }
        let age = now.since(begun);
        let reached = LIFE_OF_AN_ORDER.iter().rev().find(|(from, _)| age >= *from);
        let next = LIFE_OF_AN_ORDER.iter().find(|(from, _)| age < *from);
        (reached.map_or(State::Accepted, |(_, state)| *state), next.map(|(from, _)| begun + *from))
    }

    /// As its methods answer.
    pub(super) fn message(&self, now: Time) -> Value {
        let lines: Vec<_> = self.items.iter().map(Item::line).collect();
        let eta = rfc3339(clock::wall(self.placed) + ETA);
        json!({
            "id": self.id,
            "state": self.state(now).0.name(),
            "total_minor": self.total,
            "currency": self.currency,
            "lines": lines,
            "ship_to": self.ship_to.as_ref().map(|to| {
                json!({ "name": to.name, "city": to.city, "express": to.express, "eta": eta })
            }),
            "note": self.note,
            "served_by": self.served_by,
            "placed_at": rfc3339(clock::wall(self.placed)),
        })
    }
}

impl Item {
    /// `None`: more than 64 bits.
    pub(super) fn total(&self) -> Option<i64> {
        self.unit_price.checked_mul(i64::from(self.qty))
    }

    fn line(&self) -> Value {
        json!({
            "sku": self.sku,
            "qty": self.qty,
            "unit_price": self.unit_price,
            "line_total": self.total(),
            "reserved_at": warehouse_of(&self.sku),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(order: &Order, seconds: &[u64]) -> Vec<(&'static str, Option<u64>)> {
        seconds
            .iter()
            .map(|second| {
                let (state, next) = order.state(Time::from_millis(second * 1000));
                (state.name(), next.map(|next| next.0 / 1_000_000_000))
            })
            .collect()
    }

    #[test]
    fn time_moves_an_order_on() {
        let book = Book::new(1, Time::from_millis(1000));
        let standing = book.get("o-1001").unwrap();
        let once = Order { repeats: false, ..standing.clone() };
        assert_eq!(
            states(&once, &[1, 3, 5, 6, 10, 99]),
            [
                ("ACCEPTED", Some(3)),
                ("PACKED", Some(6)),
                ("PACKED", Some(6)),
                ("SHIPPED", Some(10)),
                ("DELIVERED", None),
                ("DELIVERED", None),
            ]
        );
        assert_eq!(
            states(standing, &[11, 12, 14, 111]),
            [("DELIVERED", None), ("ACCEPTED", Some(14)), ("PACKED", Some(17)), ("ACCEPTED", Some(113)),]
        );
    }

    #[test]
    fn old_orders_make_room() {
        let mut book = Book::new(1, Time::ZERO);
        let standing = book.get("o-1001").unwrap().clone();
        let ids: Vec<_> = (0..MOST_ORDERS + 5)
            .map(|_| {
                let id = book.fresh_id();
                book.add(Order { id: id.clone(), ..standing.clone() });
                id
            })
            .collect();
        assert!(book.get(&ids[4]).is_none() && book.get(&ids[5]).is_some());
        assert!(book.get("o-1001").is_some());
    }
}
