//! What `shop.Orders` looks like to introspection: docs, types, examples.

use callscope_wire::schema::{Service, TypeDef, TypeRef};
use callscope_wire::{Shape, Value};
use serde_json::json;

use crate::describe::{choice, field, idempotent, list, method, named, optional, record, service};

/// The service and its types.
pub(super) fn declared() -> (Service, Vec<TypeDef>) {
    let service = service(
        "shop.Orders",
        "A shop's orders. Three unequal instances serve it: one steady, one slow, one that fails in bursts.",
        vec![
            method(
                "Place",
                Shape::Unary,
                "shop.PlaceRequest",
                "shop.Order",
                "Places an order: reserves it at shop.Inventory, has it paid by shop.Payments. INVALID_ARGUMENT lists every \
                 field that is wrong; FAILED_PRECONDITION: not in stock, or declined.",
            ),
            idempotent(method(
                "Get",
                Shape::Unary,
                "shop.OrderId",
                "shop.Order",
                "An order as it is now. Order o-2002 is kept by orders-2: the others answer REDIRECT.",
            )),
            idempotent(method(
                "Watch",
                Shape::ServerStream,
                "shop.OrderId",
                "shop.OrderEvent",
                "One message for every change of the order's state, until it is delivered.",
            )),
        ],
    );
    (service, types())
}

fn types() -> Vec<TypeDef> {
    let text = |name, docs, example: &str| field(name, TypeRef::String, docs, json!(example));
    let price = |name, docs, example: i64| field(name, TypeRef::Int64, docs, json!(example));
    let item = || {
        vec![
            text("sku", "The article.", "A1-204"),
            field("qty", TypeRef::Uint32, "How many, at least 1.", json!(2)),
            price("unit_price", "Of one, in minor units of the currency.", 1890),
        ]
    };
    let mut line = item();
    line.push(price("line_total", "unit_price × qty.", 3780));
    line.push(text("reserved_at", "The warehouse that has it.", "wh-shanghai-2"));
    let address = || {
        vec![
            text("name", "Who receives it.", "王小明"),
            text("city", "Where.", "上海"),
            optional("express", TypeRef::Bool, "Sooner, for more.", json!(true)),
        ]
    };
    let mut shipping = address();
    shipping.push(text("eta", "When it should arrive, RFC 3339.", "2026-11-24T09:30:00.000Z"));
    vec![
        record(
            "shop.PlaceRequest",
            "What is ordered, and where it goes.",
            vec![
                text("customer_id", "Who orders.", "c-48213"),
                text("currency", "Three capital letters.", "EUR"),
                field(
                    "items",
                    list("shop.Item"),
                    "1 to 100.",
                    json!([
                        { "sku": "A1-204", "qty": 2, "unit_price": 1890 },
                        { "sku": "K7-011", "qty": 1, "unit_price": 4550 },
                    ]),
                ),
                optional(
                    "ship_to",
                    named("shop.ShipTo"),
                    "Where it goes.",
                    json!({ "name": "王小明", "city": "上海", "express": true }),
                ),
                optional("note", TypeRef::String, "For the packers.", Value::Null),
            ],
        ),
        record("shop.Item", "One line of an order.", item()),
        record("shop.ShipTo", "Where an order goes.", address()),
        record("shop.OrderId", "Names an order.", vec![text("id", "As Place answered.", "o-1001")]),
        record(
            "shop.Order",
            "An order.",
            vec![
                text("id", "Names it.", "o-7f3c91"),
                field("state", named("shop.State"), "How far it is.", json!("ACCEPTED")),
                price("total_minor", "Of all lines, in minor units of the currency.", 8330),
                text("currency", "Three capital letters.", "EUR"),
                field("lines", list("shop.Line"), "What was ordered, and where it is.", Value::Null),
                optional("ship_to", named("shop.Shipping"), "Where it goes, and when it gets there.", Value::Null),
                optional("note", TypeRef::String, "For the packers.", Value::Null),
                text("served_by", "The instance that answered.", "orders-1"),
                text("placed_at", "When, RFC 3339.", "2026-11-22T14:31:07.204Z"),
            ],
        ),
        record("shop.Line", "One line of an order, reserved.", line),
        record("shop.Shipping", "Where an order goes, and when it gets there.", shipping),
        record(
            "shop.OrderEvent",
            "A change of state.",
            vec![
                text("id", "The order.", "o-1001"),
                field("state", named("shop.State"), "How far it is now.", json!("PACKED")),
                text("at", "When this was told, RFC 3339.", "2026-11-22T14:31:07.204Z"),
                text("served_by", "The instance that tells.", "orders-1"),
            ],
        ),
        choice(
            "shop.State",
            "How far an order is.",
            &[
                ("ACCEPTED", "It is in the books."),
                ("PACKED", "It waits for the carrier."),
                ("SHIPPED", "It is on its way."),
                ("DELIVERED", "It is there."),
            ],
        ),
    ]
}
