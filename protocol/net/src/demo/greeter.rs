//! `demo.Greeter`: one unary method, several languages, Chinese among them.

use callscope_wire::schema::{Service, TypeDef, TypeRef};
use callscope_wire::{Code, Shape, Status, Value};
use serde::Deserialize;
use serde_json::json;

use crate::describe::{field, idempotent, method, optional, record, service};
use crate::server::{Router, decode};

/// Language, and the greeting with `{}` for the name.
const GREETINGS: &[(&str, &str)] = &[
    ("en", "Hello, {}!"),
    ("zh", "你好，{}！"),
    ("de", "Guten Tag, {}!"),
    ("es", "¡Hola, {}!"),
    ("fr", "Bonjour, {} !"),
    ("it", "Ciao, {}!"),
    ("pt", "Olá, {}!"),
    ("sv", "Hej, {}!"),
];

/// A name that is longer is a mistake, and would be sent back.
const LONGEST_NAME: usize = 200;

pub(super) fn add_to(router: &mut Router) {
    let (service, types) = declared();
    router.service(service, types);
    router.unary("demo.Greeter/Hello", async |_, request| hello(request));
}

#[derive(Deserialize)]
struct Request {
    name: String,
    #[serde(default)]
    language: Option<String>,
}

fn hello(request: Value) -> Result<Value, Status> {
    let Request { name, language } = decode(request)?;
    let name = name.trim();
    let wrong = |field: &str, message: String| Status {
        details: vec![json!({ "field": field })],
        ..Status::new(Code::INVALID_ARGUMENT, message)
    };
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(wrong("name", format!("name must have 1 to {LONGEST_NAME} characters")));
    }
    let language = language.as_deref().filter(|language| !language.is_empty()).unwrap_or("en");
    // `zh-CN` is `zh` to us.
    let short = language.split(['-', '_']).next().unwrap_or(language).to_lowercase();
    let Some((language, greeting)) = GREETINGS.iter().find(|(known, _)| *known == short) else {
        let known = GREETINGS.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
        return Err(wrong("language", format!("`{language}` is not spoken here; there are {known}")));
    };
    Ok(json!({ "greeting": greeting.replace("{}", name), "language": language }))
}

fn declared() -> (Service, Vec<TypeDef>) {
    let service = service(
        "demo.Greeter",
        "Says hello in several languages.",
        vec![idempotent(method(
            "Hello",
            Shape::Unary,
            "demo.HelloRequest",
            "demo.HelloResponse",
            "Greets somebody. INVALID_ARGUMENT names the languages that are spoken here.",
        ))],
    );
    let types = vec![
        record(
            "demo.HelloRequest",
            "Whom to greet, and how.",
            vec![
                field("name", TypeRef::String, "Whom to greet.", json!("Ada")),
                optional("language", TypeRef::String, "en, zh, de, es, fr, it, pt or sv; without it en.", json!("en")),
            ],
        ),
        record(
            "demo.HelloResponse",
            "The greeting.",
            vec![
                field("greeting", TypeRef::String, "In the language asked for.", json!("Hello, Ada!")),
                field("language", TypeRef::String, "The language it is in.", json!("en")),
            ],
        ),
    ];
    (service, types)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_greeted_in_their_language() {
        let greet = |name: &str, language: Value| hello(json!({ "name": name, "language": language }));
        assert_eq!(greet("Ada", Value::Null).unwrap(), json!({ "greeting": "Hello, Ada!", "language": "en" }));
        assert_eq!(greet("世界", json!("zh-CN")).unwrap()["greeting"], "你好，世界！");
        assert_eq!(greet(" ", json!("en")).unwrap_err().details[0]["field"], "name");
        let status = greet("Ada", json!("tlh")).unwrap_err();
        assert_eq!(status.message, "`tlh` is not spoken here; there are en, zh, de, es, fr, it, pt, sv");
    }
}
