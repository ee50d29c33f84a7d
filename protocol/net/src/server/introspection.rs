//! The service that every server has: what it offers, and who the two sides are to one another.

use callscope_wire::schema::{Field, Method, Schema, Service, TypeDef, TypeKind, TypeRef};
use callscope_wire::{Shape, Status};
use serde_json::json;

use super::router::Router;

/// Its name.
pub const SERVICE: &str = "callscope.Introspection";

/// Adds it to a router that is otherwise complete: `Describe` answers with what is there now.
pub(super) fn add_to(router: &mut Router) {
    let Schema { services, types } = schema();
    for service in services {
        router.service(service, types.clone());
    }
    let described = serde_json::to_value(router.schema())
        .map_err(|error| Status::new(callscope_wire::Code::INTERNAL, format!("the schema is no JSON: {error}")));
    router.unary("callscope.Introspection/Describe", move |_, _| std::future::ready(described.clone()));
    router.unary("callscope.Introspection/WhoAmI", async |cx, _| {
        let connection = &cx.connection;
        Ok(json!({
            "peer": connection.peer,
            "local": connection.local,
            "instance": connection.instance,
            "agent": connection.agent,
            "dialect": connection.dialect,
            "transport": connection.transport,
            "certificate": connection.certificate,
        }))
    });
}

/// What it looks like itself.
fn schema() -> Schema {
    let method = |name: &str, request: &str, response: TypeRef, docs: &str| Method {
        name: name.to_owned(),
        shape: Shape::Unary,
        request: TypeRef::Named(request.to_owned()),
        response,
        docs: docs.to_owned(),
        idempotent: true,
    };
    let field = |number: u32, name: &str, optional: bool, docs: &str| Field {
        name: name.to_owned(),
        number,
        type_ref: TypeRef::String,
        optional,
        docs: docs.to_owned(),
        ..Field::default()
    };
    let record = |name: &str, docs: &str, fields: Vec<Field>| TypeDef {
        name: name.to_owned(),
        docs: docs.to_owned(),
        kind: TypeKind::Record(fields),
    };
    Schema {
        services: vec![Service {
            name: SERVICE.to_owned(),
            docs: "What this server offers, and who the two sides of a connection are to one another.".to_owned(),
            methods: vec![
                method(
                    "Describe",
                    "callscope.Nothing",
                    TypeRef::Any,
                    "The schema of every service here: services, methods, types, docs.",
                ),
                method(
                    "WhoAmI",
                    "callscope.Nothing",
                    TypeRef::Named("callscope.Identity".to_owned()),
                    "The address that the server sees you at, the one that it serves you on, and who it is.",
                ),
            ],
        }],
        types: vec![
            record("callscope.Nothing", "No fields.", Vec::new()),
            record(
                "callscope.Identity",
                "The two ends of the connection that the question came in on.",
                vec![
                    field(1, "peer", false, "The client's address as the server sees it."),
                    field(2, "local", false, "The server's address on this connection."),
                    field(3, "instance", true, "The server's instance id, if it has one."),
                    field(4, "agent", false, "The server's software."),
                    field(5, "dialect", false, "What is spoken on this connection."),
                    field(6, "transport", false, "What carries it: tcp, tls, memory."),
                    field(7, "certificate", true, "Whom the client's certificate is for, if it showed one."),
                ],
            ),
        ],
    }
}
