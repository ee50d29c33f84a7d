//! What the registry looks like to introspection: docs, types, examples.

use callscope_wire::schema::{EnumValue, Field, Method, Service, TypeDef, TypeKind, TypeRef};
use callscope_wire::{Shape, Value};
use serde_json::json;

use super::SERVICE;

/// The service and its types.
pub(super) fn service() -> (Service, Vec<TypeDef>) {
    let service = Service {
        name: SERVICE.to_owned(),
        docs: "Who serves what. An instance lives as long as its lease is renewed; watchers are told of every change."
            .to_owned(),
        methods: vec![
            method(
                "Register",
                Shape::Unary,
                "RegisterRequest",
                "RegisterResponse",
                false,
                "Adds an instance, or replaces the one with the same service and id, whose lease then ends. \
                 Renew the lease every third of its length.",
            ),
            method(
                "KeepAlive",
                Shape::Unary,
                "LeaseRequest",
                "KeepAliveResponse",
                true,
                "A sign of life: the lease starts anew. NOT_FOUND when it has ended: register again.",
            ),
            method(
                "Deregister",
                Shape::Unary,
                "LeaseRequest",
                "Nothing",
                false,
                "Says goodbye: the instance is gone at once.",
            ),
            method(
                "List",
                Shape::Unary,
                "ListRequest",
                "ListResponse",
                true,
                "The instances of a service, or all of them, with what is left of their leases.",
            ),
            method(
                "Watch",
                Shape::ServerStream,
                "WatchRequest",
                "WatchEvent",
                true,
                "Everything there is, then every change. A watcher that is too slow is told everything anew.",
            ),
        ],
    };
    (service, types())
}

fn types() -> Vec<TypeDef> {
    let instance = named("Instance");
    let instances = || TypeRef::List(Box::new(named("Instance")));
    let identity = || {
        vec![
            field("id", TypeRef::String, "Unique within its service; chosen by whoever registers it.", json!("mine-1")),
            field("service", TypeRef::String, "The service it serves.", json!("mine")),
            field("address", TypeRef::String, "Where it listens.", json!("native://127.0.0.1:7001")),
            optional("health", named("Health"), "What it says of itself.", json!("healthy")),
            optional("weight", TypeRef::Uint32, "Share of calls relative to the others; 100 is normal.", json!(100)),
            optional("tags", TypeRef::List(Box::new(TypeRef::String)), "Free words.", json!([])),
            optional("metadata", TypeRef::Map(Box::new(TypeRef::String)), "Free pairs.", json!({})),
        ]
    };
    let mut registered = identity();
    registered.push(optional("lease", named("Lease"), "Its lease.", json!({ "ttl_ms": 10_000, "left_ms": 7_400 })));
    let mut register = identity();
    register.push(field(
        "ttl_ms",
        TypeRef::Uint64,
        "How long it lives without a sign of life, 100 to 86400000.",
        json!(10_000),
    ));
    let revision = || field("revision", TypeRef::Uint64, "Counts changes.", json!(17));
    let service = || optional("service", TypeRef::String, "Only this service.", json!("orders"));
    vec![
        record("Instance", "An address that serves a service.", registered),
        record(
            "Lease",
            "How long a registration lives without a sign of life.",
            vec![
                field("ttl_ms", TypeRef::Uint64, "From renewal to end.", json!(10_000)),
                field("left_ms", TypeRef::Uint64, "From the moment of the message to the end.", json!(7_400)),
            ],
        ),
        choice("Health", "What an instance says of itself.", &["healthy", "degraded", "down", "unknown"]),
        record("RegisterRequest", "An instance, and how long it lives.", register),
        record(
            "RegisterResponse",
            "The lease.",
            vec![
                field("lease_id", TypeRef::String, "Names the lease from now on.", json!("5f3a9c21-7")),
                field("ttl_ms", TypeRef::Uint64, "As asked for.", json!(10_000)),
            ],
        ),
        record(
            "LeaseRequest",
            "Names a lease.",
            vec![field("lease_id", TypeRef::String, "As Register gave it.", json!("5f3a9c21-7"))],
        ),
        record(
            "KeepAliveResponse",
            "The lease, renewed.",
            vec![field("ttl_ms", TypeRef::Uint64, "It ends this many milliseconds from now.", json!(10_000))],
        ),
        record("ListRequest", "What to list.", vec![service()]),
        record(
            "ListResponse",
            "What is registered.",
            vec![field("instances", instances(), "In the order of service and id.", json!([])), revision()],
        ),
        record(
            "WatchRequest",
            "What to watch.",
            vec![service(), optional("renewals", TypeRef::Bool, "Also tell of renewed leases.", json!(false))],
        ),
        record(
            "WatchEvent",
            "A snapshot has instances; put and delete have a reason and an instance.",
            vec![
                field("kind", named("WatchKind"), "What the message is.", json!("put")),
                revision(),
                optional("instances", instances(), "Everything there is.", Value::Null),
                optional("reason", named("WatchReason"), "Why.", json!("registered")),
                optional("instance", instance, "As it is now, or as it was last.", Value::Null),
            ],
        ),
        choice("WatchKind", "What a message of Watch is.", &["snapshot", "put", "delete"]),
        choice("WatchReason", "Why an instance came or went.", &["registered", "renewed", "deregistered", "expired"]),
        record("Nothing", "No fields.", Vec::new()),
    ]
}

fn named(name: &str) -> TypeRef {
    TypeRef::Named(format!("callscope.{name}"))
}

fn method(name: &str, shape: Shape, request: &str, response: &str, idempotent: bool, docs: &str) -> Method {
    Method {
        name: name.to_owned(),
        shape,
        request: named(request),
        response: named(response),
        docs: docs.to_owned(),
        idempotent,
    }
}

fn record(name: &str, docs: &str, fields: Vec<Field>) -> TypeDef {
    let numbered = fields.into_iter().zip(1..).map(|(field, number)| Field { number, ..field }).collect();
    TypeDef { name: format!("callscope.{name}"), docs: docs.to_owned(), kind: TypeKind::Record(numbered) }
}

fn choice(name: &str, docs: &str, values: &[&str]) -> TypeDef {
    let values = values
        .iter()
        .zip(0..)
        .map(|(name, number)| EnumValue { name: (*name).to_owned(), number, docs: String::new() })
        .collect();
    TypeDef { name: format!("callscope.{name}"), docs: docs.to_owned(), kind: TypeKind::Enum(values) }
}

fn field(name: &str, type_ref: TypeRef, docs: &str, example: Value) -> Field {
    let example = Some(example).filter(|example| !example.is_null());
    Field { name: name.to_owned(), type_ref, docs: docs.to_owned(), example, ..Field::default() }
}

fn optional(name: &str, type_ref: TypeRef, docs: &str, example: Value) -> Field {
    Field { optional: true, ..field(name, type_ref, docs, example) }
}
