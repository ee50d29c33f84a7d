//! Services, methods and types as text: what an IDL would say, in one notation for all sources.

use std::fmt;

use crate::schema::closest::hint;
use crate::schema::{Field, Method, Schema, Service, TypeDef, TypeKind, TypeRef};
use crate::{Shape, Words};

/// Types spelled out beside what was asked for.
const MAX_TYPES: usize = 100;

/// A name that the schema does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no service, method or type \"{symbol}\"{hint}")]
pub struct UnknownSymbol {
    /// As asked for.
    pub symbol: String,
    /// `; did you mean "shop.Orders"?`, or nothing.
    pub hint: Words,
}

/// A method in one line: `Place(PlaceRequest) → Order`, `Watch(GetRequest) → stream OrderEvent`.
pub fn signature(method: &Method) -> String {
    let up = if method.shape.client_streams() { "stream " } else { "" };
    let request = method.request.bare();
    if method.shape == Shape::OneWay {
        return format!("{}({up}{request})", method.name);
    }
    let down = if method.shape.server_streams() { "stream " } else { "" };
    format!("{}({up}{request}) → {down}{}", method.name, method.response.bare())
}

impl Schema {
    /// A service, a method (with the types it uses) or a type (likewise), by the name that `list` prints.
    pub fn describe(&self, symbol: &str) -> Result<String, UnknownSymbol> {
        let mut out = String::new();
        if let Some(service) = self.service(symbol) {
            put_service(&mut out, service);
        } else if let Some((service, method)) = self.method(symbol) {
            put_docs(&mut out, "", &method.docs);
            line(&mut out, &format!("{}/{}", service.name, signature(method)));
            self.put_types(&mut out, &[&method.request, &method.response]);
        } else if let Some(def) = self.type_def(symbol) {
            self.put_types(&mut out, &[&TypeRef::Named(def.name.clone())]);
        } else {
            return Err(self.unknown(symbol));
        }
        Ok(out)
    }

    /// These types and all that they use, each once, in the order of their first use.
    fn put_types(&self, out: &mut String, of: &[&TypeRef]) {
        let mut names: Vec<&str> = Vec::new();
        for type_ref in of {
            note_name(&mut names, type_ref);
        }
        let mut next = 0;
        while let Some(name) = names.get(next).copied() {
            next += 1;
            let Some(def) = self.type_def(name) else { continue };
            if !out.is_empty() {
                out.push('\n');
            }
            put_type(out, def);
            if let TypeKind::Record(fields) = &def.kind {
                for field in fields.iter().filter(|_| next < MAX_TYPES) {
                    note_name(&mut names, &field.type_ref);
                }
            }
        }
    }

    fn unknown(&self, symbol: &str) -> UnknownSymbol {
        let full: Vec<String> = self
            .services
            .iter()
            .flat_map(|service| service.methods.iter().map(move |method| format!("{}/{}", service.name, method.name)))
            .collect();
        let services = self.services.iter().map(|service| service.name.as_str());
        let types = self.types.iter().map(|def| def.name.as_str());
        let hint = hint(symbol, services.chain(types).chain(full.iter().map(String::as_str)));
        UnknownSymbol { symbol: symbol.to_owned(), hint: hint.into() }
    }
}

/// As in the notation: `uint32`, `list<shop.Line>`.
impl fmt::Display for TypeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(item) => write!(f, "list<{item}>"),
            Self::Map(item) => write!(f, "map<string, {item}>"),
            Self::Named(name) => f.write_str(name),
            scalar => f.write_str(scalar.scalar()),
        }
    }
}

impl TypeRef {
    /// Its name without packages, for one line: `list<Line>`.
    pub fn bare(&self) -> String {
        match self {
            Self::List(item) => format!("list<{}>", item.bare()),
            Self::Map(item) => format!("map<string, {}>", item.bare()),
            Self::Named(name) => name.rsplit('.').next().unwrap_or(name).to_owned(),
            scalar => scalar.scalar().to_owned(),
        }
    }

    const fn scalar(&self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Bool => "bool",
            Self::Int32 => "int32",
            Self::Uint32 => "uint32",
            Self::Int64 => "int64",
            Self::Uint64 => "uint64",
            Self::Float => "float",
            Self::Double => "double",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Named(_) => "named",
        }
    }
}

fn put_service(out: &mut String, service: &Service) {
    put_docs(out, "", &service.docs);
    line(out, &format!("service {} {{", service.name));
    for (index, method) in service.methods.iter().enumerate() {
        // A method with docs stands apart from the one before it.
        if index > 0 && !method.docs.is_empty() {
            out.push('\n');
        }
        put_docs(out, "  ", &method.docs);
        line(out, &format!("  {}", signature(method)));
    }
    out.push_str("}\n");
}

fn put_type(out: &mut String, def: &TypeDef) {
    put_docs(out, "", &def.docs);
    match &def.kind {
        TypeKind::Record(fields) => {
            line(out, &format!("record {} {{", def.name));
            let mut group = "";
            for field in fields {
                if group != field.oneof {
                    if !group.is_empty() {
                        line(out, "  }");
                    }
                    group = &field.oneof;
                    if !group.is_empty() {
                        line(out, &format!("  oneof {group} {{"));
                    }
                }
                put_field(out, if group.is_empty() { "  " } else { "    " }, field);
            }
            if !group.is_empty() {
                line(out, "  }");
            }
        }
        TypeKind::Enum(values) => {
            line(out, &format!("enum {} {{", def.name));
            for value in values {
                put_docs(out, "  ", &value.docs);
                line(out, &format!("  {} = {}", value.name, value.number));
            }
        }
    }
    out.push_str("}\n");
}

fn put_field(out: &mut String, indent: &str, field: &Field) {
    put_docs(out, indent, &field.docs);
    let optional = if field.optional { "?" } else { "" };
    let default = field.default.as_ref().map(|default| format!(", default {default}")).unwrap_or_default();
    let rule = match field.rule.written(&field.name) {
        rule if rule.is_empty() => rule,
        rule => format!(", {rule}"),
    };
    line(out, &format!("{indent}{}{optional}: {} = {}{default}{rule}", field.name, field.type_ref, field.number));
}

fn put_docs(out: &mut String, indent: &str, docs: &str) {
    for text in docs.lines() {
        line(out, &format!("{indent}// {text}"));
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn note_name<'a>(names: &mut Vec<&'a str>, type_ref: &'a TypeRef) {
    match type_ref {
        TypeRef::List(item) | TypeRef::Map(item) => note_name(names, item),
        TypeRef::Named(name) if !names.contains(&name.as_str()) => names.push(name),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::sample::shop;

    #[test]
    fn signatures_show_which_side_streams() {
        let schema = shop();
        let lines: Vec<_> = schema.services[0].methods.iter().map(signature).collect();
        assert_eq!(
            lines,
            [
                "Place(PlaceRequest) → Order",
                "Get(GetRequest) → Order",
                "Watch(GetRequest) → stream Order",
                "Import(stream PlaceRequest) → Order",
                "Talk(stream PlaceRequest) → stream Order",
                "Forget(GetRequest)",
            ]
        );
    }

    #[test]
    fn a_service_reads_like_its_idl() {
        insta::assert_snapshot!(shop().describe("shop.Orders").unwrap(), @r"
        // Orders of the shop.
        service shop.Orders {
          // Places an order.
          // Answers once it is stored.
          Place(PlaceRequest) → Order
          Get(GetRequest) → Order
          Watch(GetRequest) → stream Order
          Import(stream PlaceRequest) → Order
          Talk(stream PlaceRequest) → stream Order
          Forget(GetRequest)
        }
        ");
    }

    #[test]
    fn a_method_comes_with_the_types_it_uses() {
        insta::assert_snapshot!(shop().describe("shop.Orders/Place").unwrap(), @r"
        // Places an order.
        // Answers once it is stored.
        shop.Orders/Place(PlaceRequest) → Order

        // What to order.
        record shop.PlaceRequest {
          // Article.
          sku: string = 1
          qty: uint32 = 2
          priority: shop.Priority = 3
          lines: list<shop.Line> = 4
          labels: map<string, string> = 5
          note?: string = 6
          signature?: bytes = 7
          total?: int64 = 8
        }

        // An order as stored.
        record shop.Order {
          id: string = 1
          request: shop.PlaceRequest = 2
          // The order that replaced it.
          next?: shop.Order = 3
        }

        enum shop.Priority {
          PRIORITY_UNSPECIFIED = 0
          NORMAL = 1
          URGENT = 2
        }

        record shop.Line {
          sku: string = 1
          price: double = 2
        }
        ");
        assert_eq!(shop().describe("place"), shop().describe("shop.Orders/Place"));
    }

    #[test]
    fn groups_rules_and_defaults_are_spelled_out() {
        insta::assert_snapshot!(shop().describe("shop.Payment").unwrap(), @r#"
        record shop.Payment {
          // In minor units.
          amount: uint64 = 1, 1 ≤ amount ≤ 1000000
          currency?: string = 2, default "EUR", 3 ≤ #currency ≤ 3
          oneof method {
            card: string = 3
            invoice: shop.Invoice = 4
          }
          note?: string = 5
        }

        record shop.Invoice {
          days: uint32 = 1
        }
        "#);
    }

    #[test]
    fn an_unknown_name_gets_a_suggestion() {
        let error = shop().describe("shop.Order/Place").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no service, method or type \"shop.Order/Place\"; did you mean \"shop.Orders/Place\"?"
        );
        assert!(shop().describe("shop.Priority").unwrap().contains("URGENT = 2"));
    }
}
