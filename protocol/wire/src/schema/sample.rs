//! The schema that this folder's tests read.

use serde_json::json;

use crate::Shape;
use crate::schema::{EnumValue, Field, Method, Rule, Schema, Service, TypeDef, TypeKind, TypeRef};

pub(super) fn shop() -> Schema {
    let named = |name: &str| TypeRef::Named(format!("shop.{name}"));
    let field =
        |name: &str, number: u32, type_ref: TypeRef| Field { name: name.into(), number, type_ref, ..Field::default() };
    let record = |name: &str, docs: &str, fields: Vec<Field>| TypeDef {
        name: format!("shop.{name}"),
        docs: docs.into(),
        kind: TypeKind::Record(fields),
    };
    let method = |name: &str, shape, request: &str, response: &str, docs: &str| Method {
        name: name.into(),
        shape,
        request: named(request),
        response: named(response),
        docs: docs.into(),
        idempotent: name == "Get",
    };
    let value = |name: &str, number| EnumValue { name: name.into(), number, docs: String::new() };
    Schema {
        services: vec![Service {
            name: "shop.Orders".into(),
            docs: "Orders of the shop.".into(),
            methods: vec![
                method("Place", Shape::Unary, "PlaceRequest", "Order", "Places an order.\nAnswers once it is stored."),
                method("Get", Shape::Unary, "GetRequest", "Order", ""),
                method("Watch", Shape::ServerStream, "GetRequest", "Order", ""),
                method("Import", Shape::ClientStream, "PlaceRequest", "Order", ""),
                method("Talk", Shape::Bidi, "PlaceRequest", "Order", ""),
                method("Forget", Shape::OneWay, "GetRequest", "Order", ""),
            ],
        }],
        types: vec![
            record(
                "PlaceRequest",
                "What to order.",
                vec![
                    Field { example: Some(json!("A1")), docs: "Article.".into(), ..field("sku", 1, TypeRef::String) },
                    field("qty", 2, TypeRef::Uint32),
                    field("priority", 3, named("Priority")),
                    field("lines", 4, TypeRef::List(Box::new(named("Line")))),
                    field("labels", 5, TypeRef::Map(Box::new(TypeRef::String))),
                    Field { optional: true, ..field("note", 6, TypeRef::String) },
                    Field { optional: true, ..field("signature", 7, TypeRef::Bytes) },
                    Field { optional: true, ..field("total", 8, TypeRef::Int64) },
                ],
            ),
            record(
                "Line",
                "",
                vec![
                    Field { example: Some(json!("A1")), ..field("sku", 1, TypeRef::String) },
                    field("price", 2, TypeRef::Double),
                ],
            ),
            record("GetRequest", "", vec![field("id", 1, TypeRef::String)]),
            record(
                "Order",
                "An order as stored.",
                vec![
                    field("id", 1, TypeRef::String),
                    field("request", 2, named("PlaceRequest")),
                    Field {
                        optional: true,
                        docs: "The order that replaced it.".into(),
                        ..field("next", 3, named("Order"))
                    },
                ],
            ),
            record(
                "Payment",
                "",
                vec![
                    Field {
                        docs: "In minor units.".into(),
                        rule: Rule::between(1, 1_000_000),
                        ..field("amount", 1, TypeRef::Uint64)
                    },
                    Field {
                        optional: true,
                        default: Some(json!("EUR")),
                        rule: Rule::length(3, 3),
                        ..field("currency", 2, TypeRef::String)
                    },
                    Field { oneof: "method".into(), ..field("card", 3, TypeRef::String) },
                    Field {
                        oneof: "method".into(),
                        example: Some(json!({"days": 30})),
                        ..field("invoice", 4, named("Invoice"))
                    },
                    Field { optional: true, ..field("note", 5, TypeRef::String) },
                ],
            ),
            record("Invoice", "", vec![field("days", 1, TypeRef::Uint32)]),
            TypeDef {
                name: "shop.Priority".into(),
                docs: String::new(),
                kind: TypeKind::Enum(vec![value("PRIORITY_UNSPECIFIED", 0), value("NORMAL", 1), value("URGENT", 2)]),
            },
        ],
    }
}
