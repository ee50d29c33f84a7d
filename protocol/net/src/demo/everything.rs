//! `demo.Everything`: a message with a field of every kind, given back as it came. What a form, a codec or a test can
//! meet, it meets here.

use std::sync::LazyLock;

use callscope_wire::schema::{Rule, Schema, Service, TypeDef, TypeRef};
use callscope_wire::{Code, Shape, Status, Value};
use serde_json::{Number, json};

use crate::describe::{choice, field, idempotent, list, method, named, one_of, optional, record, ruled, service};
use crate::server::{Inbound, Outbound, Router};

/// The type of all its messages.
const MESSAGE: &str = "demo.Thing";

/// What messages are checked against.
static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema { services: Vec::new(), types: declared().1 });

pub(super) fn add_to(router: &mut Router) {
    let (service, types) = declared();
    router.service(service, types);
    router.unary("demo.Everything/Echo", |_, request| std::future::ready(checked(request)));
    router.bidi("demo.Everything/EchoEach", |_, inbound, outbound| echo_each(inbound, outbound));
}

async fn echo_each(mut inbound: Inbound, mut outbound: Outbound) -> Result<(), Status> {
    while let Some(message) = inbound.next().await? {
        outbound.send(checked(message)?).await?;
    }
    Ok(())
}

/// The same message, or every field that is wrong.
fn checked(message: Value) -> Result<Value, Status> {
    let problems = SCHEMA.validate(&message, &named(MESSAGE));
    let Some(first) = problems.first() else { return Ok(message) };
    let sentence = format!("{}: {}", if first.path.is_empty() { "/" } else { &first.path }, first.message);
    let detail = |problem: &callscope_wire::schema::validate::Problem| json!({ "field": problem.path, "problem": problem.message, "rule": problem.rule });
    Err(Status { details: problems.iter().map(detail).collect(), ..Status::new(Code::INVALID_ARGUMENT, sentence) })
}

fn declared() -> (Service, Vec<TypeDef>) {
    let service = service(
        "demo.Everything",
        "A field of every kind that a schema can have.",
        vec![
            idempotent(method(
                "Echo",
                Shape::Unary,
                MESSAGE,
                MESSAGE,
                "Gives the message back. INVALID_ARGUMENT lists every field that its type or rule does not allow.",
            )),
            method("EchoEach", Shape::Bidi, MESSAGE, MESSAGE, "Gives every message back as it comes."),
        ],
    );
    (service, types())
}

fn types() -> Vec<TypeDef> {
    vec![
        thing(),
        record(
            "demo.Address",
            "Where something goes.",
            vec![
                ruled(field("name", TypeRef::String, "Who receives it.", json!("王小明")), Rule::length(1, 80)),
                field("city", TypeRef::String, "Where.", json!("上海")),
                optional("express", TypeRef::Bool, "Sooner, for more.", json!(true)),
                optional("door_code", TypeRef::String, "For the carrier only.", Value::Null),
            ],
        ),
        record(
            "demo.Item",
            "One line of an order.",
            vec![
                field("sku", TypeRef::String, "The article.", json!("A1-204")),
                ruled(field("qty", TypeRef::Uint32, "How many pieces.", json!(2)), Rule::between(1, 1000)),
                field("unit_price", TypeRef::Int64, "Of one, in minor units of the currency.", json!(1890)),
            ],
        ),
        record(
            "demo.Card",
            "A card to be charged.",
            vec![
                ruled(
                    field("number", TypeRef::String, "Digits only.", json!("4111111111111111")),
                    Rule::length(12, 19),
                ),
                field("holder", TypeRef::String, "As embossed.", json!("ADA LOVELACE")),
            ],
        ),
        record(
            "demo.Invoice",
            "To be paid later.",
            vec![ruled(
                field("days", TypeRef::Uint32, "Days until due; 0 means on delivery.", json!(30)),
                Rule::between(0, 90),
            )],
        ),
        record(
            "demo.Node",
            "A tree: a type that holds itself.",
            vec![
                field("label", TypeRef::String, "What it says.", json!("root")),
                optional("children", list("demo.Node"), "The level below.", Value::Null),
            ],
        ),
        choice(
            "demo.Currency",
            "What prices are in.",
            &[
                ("EUR", "Euro."),
                ("CNY", "Yuan renminbi."),
                ("USD", "United States dollar."),
                ("GBP", "Pound sterling."),
            ],
        ),
        choice(
            "demo.Zone",
            "Long enough to want a filter.",
            &[
                ("AMSTERDAM", ""),
                ("BEIJING", ""),
                ("BERLIN", ""),
                ("CHICAGO", ""),
                ("DUBAI", ""),
                ("HONG_KONG", ""),
                ("LISBON", ""),
                ("LONDON", ""),
                ("NAIROBI", ""),
                ("NEW_YORK", ""),
                ("PARIS", ""),
                ("SAO_PAULO", ""),
                ("SHANGHAI", ""),
                ("SINGAPORE", ""),
                ("SYDNEY", ""),
                ("TOKYO", ""),
            ],
        ),
    ]
}

fn thing() -> TypeDef {
    let text = |name, docs, example: &str| field(name, TypeRef::String, docs, json!(example));
    let mut fields = vec![
        ruled(text("name", "What it is called.", "Ada"), Rule::length(1, 40)),
        optional("nickname", TypeRef::String, "Unset is not the same as empty.", Value::Null),
        field("enabled", TypeRef::Bool, "On or off.", json!(true)),
        ruled(field("level", TypeRef::Int32, "May be negative.", json!(-3)), Rule::between(-100, 100)),
        field("count", TypeRef::Uint32, "Never negative.", json!(2)),
        field(
            "balance",
            TypeRef::Int64,
            "64 bits: in double quotes where a number would lose digits.",
            json!("9007199254740993"),
        ),
        optional("total", TypeRef::Uint64, "64 bits without a sign.", Value::Null),
        ruled(
            field("ratio", TypeRef::Float, "32-bit floating point.", json!(0.25)),
            Rule { least: Some(0.into()), most: Number::from_f64(1.0), ..Rule::default() },
        ),
        field("price", TypeRef::Double, "64-bit floating point; 1e3 is a number, too.", json!(1e-3)),
        field("currency", named("demo.Currency"), "What the price is in.", json!("EUR")),
        optional("zone", named("demo.Zone"), "Where its clock stands.", json!("SHANGHAI")),
    ];
    if let Some(currency) = fields.iter_mut().find(|field| field.name == "currency") {
        currency.optional = true;
        currency.default = Some(json!("EUR"));
    }
    fields.extend([
        ruled(
            optional("signature", TypeRef::Bytes, "Bytes; base64 in JSON.", json!("ikEPwncekLs=")),
            Rule::length(0, 65_536),
        ),
        field(
            "items",
            list("demo.Item"),
            "What belongs to it.",
            json!([
                { "sku": "A1-204", "qty": 2, "unit_price": 1890 },
                { "sku": "K7-011", "qty": 1, "unit_price": 4550 },
            ]),
        ),
        ruled(
            optional("tags", TypeRef::List(Box::new(TypeRef::String)), "Words to find it by.", json!(["new", "红色"])),
            Rule { max_length: Some(8), ..Rule::default() },
        ),
        optional("ship_to", named("demo.Address"), "Where it goes.", json!({ "name": "王小明", "city": "上海" })),
    ]);
    fields.extend(one_of(
        "payment",
        [
            field("card", named("demo.Card"), "Charged at once.", Value::Null),
            field("invoice", named("demo.Invoice"), "Paid later.", json!({ "days": 30 })),
            field("wallet", TypeRef::String, "The wallet's id.", Value::Null),
        ],
    ));
    fields.extend([
        field(
            "labels",
            TypeRef::Map(Box::new(TypeRef::String)),
            "Any words by any keys.",
            json!({ "channel": "web", "request": "{{uuid}}" }),
        ),
        optional("stock", TypeRef::Map(Box::new(named("demo.Item"))), "Messages by key.", Value::Null),
        optional("tree", named("demo.Node"), "A type that holds itself.", Value::Null),
        optional("extra", TypeRef::Any, "Anything that JSON can say.", Value::Null),
    ]);
    record(MESSAGE, "A field of every kind.", fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_example_comes_back_and_mistakes_are_listed() {
        let example = SCHEMA.example(&named(MESSAGE));
        assert_eq!(checked(example.clone()), Ok(example.clone()));
        let mut wrong = example;
        wrong["items"][0]["qty"] = json!(0);
        wrong["ratio"] = json!(2);
        let status = checked(wrong).unwrap_err();
        assert_eq!(status.code, Code::INVALID_ARGUMENT);
        assert_eq!(status.message, "/ratio: must be at most 1.0");
        assert_eq!(status.details[1]["rule"], "1 ≤ qty ≤ 1000");
    }
}
