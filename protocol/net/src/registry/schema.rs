//! What the registry looks like to introspection: docs, types, examples.

use callscope_wire::schema::{Field, Method, Service, TypeDef, TypeRef};
use callscope_wire::{Shape, Value};
use serde_json::json;

use super::SERVICE;
use crate::describe::{self, choice, field, idempotent, list, named, optional, record};

/// The service and its types.
pub(super) fn service() -> (Service, Vec<TypeDef>) {
    let docs = "Who serves what. An instance lives as long as its lease is renewed; watchers are told of every change.";
    (describe::service(SERVICE, docs, methods()), types())
}

fn methods() -> Vec<Method> {
    vec![
        unary(
            "Register",
            "RegisterRequest",
            "RegisterResponse",
            "Adds an instance, or replaces the one with the same service and id, whose lease then ends. Renew the \
             lease every third of its length.",
        ),
        idempotent(unary(
            "KeepAlive",
            "LeaseRequest",
            "KeepAliveResponse",
            "A sign of life: the lease starts anew. NOT_FOUND when it has ended: register again.",
        )),
        unary("Deregister", "LeaseRequest", "Nothing", "Says goodbye: the instance is gone at once."),
        idempotent(unary(
            "List",
            "ListRequest",
            "ListResponse",
            "The instances of a service, or all of them, with what is left of their leases.",
        )),
        idempotent(describe::method(
            "Watch",
            Shape::ServerStream,
            "callscope.WatchRequest",
            "callscope.WatchEvent",
            "Everything there is, then every change. A watcher that is too slow is told everything anew.",
        )),
    ]
}

fn unary(name: &str, request: &str, response: &str, docs: &str) -> Method {
    describe::method(name, Shape::Unary, &format!("callscope.{request}"), &format!("callscope.{response}"), docs)
}

fn types() -> Vec<TypeDef> {
    let lease_id = || field("lease_id", TypeRef::String, "Names the lease from now on.", json!("5f3a9c21-7"));
    let ttl = |docs| field("ttl_ms", TypeRef::Uint64, docs, json!(10_000));
    let revision = || field("revision", TypeRef::Uint64, "Counts changes.", json!(17));
    let service = || optional("service", TypeRef::String, "Only this service.", json!("orders"));
    let mut registered = identity();
    registered.push(optional(
        "lease",
        named("callscope.Lease"),
        "Its lease.",
        json!({ "ttl_ms": 10_000, "left_ms": 7_400 }),
    ));
    let mut register = identity();
    register.push(ttl("How long it lives without a sign of life, 100 to 86400000."));
    vec![
        record("callscope.Instance", "An address that serves a service.", registered),
        record(
            "callscope.Lease",
            "How long a registration lives without a sign of life.",
            vec![
                ttl("From renewal to end."),
                field("left_ms", TypeRef::Uint64, "From the moment of the message to the end.", json!(7_400)),
            ],
        ),
        choice(
            "callscope.Health",
            "What an instance says of itself.",
            &[
                ("healthy", "Takes calls."),
                ("degraded", "Takes calls, not gladly."),
                ("down", "Takes none."),
                ("unknown", "Nothing is known."),
            ],
        ),
        record("callscope.RegisterRequest", "An instance, and how long it lives.", register),
        record("callscope.RegisterResponse", "The lease.", vec![lease_id(), ttl("As asked for.")]),
        record("callscope.LeaseRequest", "Names a lease.", vec![lease_id()]),
        record(
            "callscope.KeepAliveResponse",
            "The lease, renewed.",
            vec![ttl("It ends this many milliseconds from now.")],
        ),
        record("callscope.ListRequest", "What to list.", vec![service()]),
        record(
            "callscope.ListResponse",
            "What is registered.",
            vec![
                field("instances", list("callscope.Instance"), "In the order of service and id.", json!([])),
                revision(),
            ],
        ),
        record(
            "callscope.WatchRequest",
            "What to watch.",
            vec![service(), optional("renewals", TypeRef::Bool, "Also tell of renewed leases.", json!(false))],
        ),
        record(
            "callscope.WatchEvent",
            "A snapshot has instances; put and delete have a reason and an instance.",
            vec![
                field("kind", named("callscope.WatchKind"), "What the message is.", json!("put")),
                revision(),
                optional("instances", list("callscope.Instance"), "Everything there is.", Value::Null),
                optional("reason", named("callscope.WatchReason"), "Why.", json!("registered")),
                optional("instance", named("callscope.Instance"), "As it is now, or as it was last.", Value::Null),
            ],
        ),
        choice(
            "callscope.WatchKind",
            "What a message of Watch is.",
            &[
                ("snapshot", "Everything there is."),
                ("put", "An instance came, changed, or showed a sign of life."),
                ("delete", "An instance is gone."),
            ],
        ),
        choice(
            "callscope.WatchReason",
            "Why an instance came or went.",
            &[
                ("registered", "It registered."),
                ("renewed", "It showed a sign of life."),
                ("deregistered", "It said goodbye."),
                ("expired", "Its lease ended without a sign of life."),
            ],
        ),
        record("callscope.Nothing", "No fields.", Vec::new()),
    ]
}

fn identity() -> Vec<Field> {
    let strings = |wrap: fn(Box<TypeRef>) -> TypeRef| wrap(Box::new(TypeRef::String));
    vec![
        field("id", TypeRef::String, "Unique within its service; chosen by whoever registers it.", json!("mine-1")),
        field("service", TypeRef::String, "The service it serves.", json!("mine")),
        field("address", TypeRef::String, "Where it listens.", json!("native://127.0.0.1:7001")),
        optional("health", named("callscope.Health"), "What it says of itself.", json!("healthy")),
        optional("weight", TypeRef::Uint32, "Share of calls relative to the others; 100 is normal.", json!(100)),
        optional("tags", strings(TypeRef::List), "Free words.", json!([])),
        optional("metadata", strings(TypeRef::Map), "Free pairs.", json!({})),
    ]
}
