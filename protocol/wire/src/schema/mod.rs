//! What services look like: services, methods, types. IDL compilers and introspection fill it;
//! forms, validation, examples and `describe` read it. Its JSON form is what introspection sends.
//!
//! ```text
//!  Schema ── Service ── Method ── request, response: TypeRef ──▶ TypeDef ── Field: TypeRef …
//! ```

pub mod closest;
pub mod example;
pub mod places;
pub mod print;
pub mod rule;
#[cfg(test)]
mod sample;
pub mod validate;

use serde::{Deserialize, Serialize};

pub use self::rule::Rule;
use crate::{Shape, Value};

/// Services and the types they use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// Services in the order of their source.
    #[serde(default)]
    pub services: Vec<Service>,
    /// Types by full name, in the order of their source.
    #[serde(default)]
    pub types: Vec<TypeDef>,
}

impl Schema {
    /// The service with this full name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// The method named `package.Service/Method`, or a bare `Method` that only one service has.
    pub fn method(&self, name: &str) -> Option<(&Service, &Method)> {
        let all =
            || self.services.iter().flat_map(|service| service.methods.iter().map(move |method| (service, method)));
        if let Some((service, method)) = name.rsplit_once('/') {
            return all().find(|(s, m)| s.name == service && m.name == method);
        }
        let mut found = all().filter(|(_, m)| m.name.eq_ignore_ascii_case(name));
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// The type with this full name.
    pub fn type_def(&self, name: &str) -> Option<&TypeDef> {
        self.types.iter().find(|def| def.name == name)
    }

    /// Adds what `other` has and this does not.
    pub fn merge(&mut self, other: Self) {
        for service in other.services {
            if self.service(&service.name).is_none() {
                self.services.push(service);
            }
        }
        for def in other.types {
            if self.type_def(&def.name).is_none() {
                self.types.push(def);
            }
        }
    }
}

/// A named set of methods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Full name: `shop.Orders`.
    pub name: String,
    /// What it is for, one paragraph.
    #[serde(default)]
    pub docs: String,
    /// Methods in the order of their source.
    #[serde(default)]
    pub methods: Vec<Method>,
}

/// One method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Method {
    /// Bare name: `Place`.
    pub name: String,
    /// How many messages go each way.
    pub shape: Shape,
    /// Type of each message of the request.
    pub request: TypeRef,
    /// Type of each message of the response.
    pub response: TypeRef,
    /// What it does, one paragraph.
    #[serde(default)]
    pub docs: String,
    /// May be sent twice without harm.
    #[serde(default)]
    pub idempotent: bool,
}

/// A type where it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypeRef {
    /// Any value.
    #[default]
    Any,
    /// `true` or `false`.
    Bool,
    /// 32 bits, signed.
    Int32,
    /// 32 bits, unsigned.
    Uint32,
    /// 64 bits, signed; a number, or a string where a number would lose digits.
    Int64,
    /// 64 bits, unsigned; likewise.
    Uint64,
    /// 32-bit floating point.
    Float,
    /// 64-bit floating point.
    Double,
    /// Text.
    String,
    /// Bytes, base64 in JSON.
    Bytes,
    /// Any number of them.
    List(Box<TypeRef>),
    /// By text key.
    Map(Box<TypeRef>),
    /// A `TypeDef` by full name.
    Named(String),
}

/// A type with a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TypeDef {
    /// Full name: `shop.Order`.
    pub name: String,
    /// What it is, one paragraph.
    #[serde(default)]
    pub docs: String,
    /// What it is made of.
    pub kind: TypeKind,
}

/// What a named type is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypeKind {
    /// Fields by name.
    Record(Vec<Field>),
    /// One of these names.
    Enum(Vec<EnumValue>),
}

/// One field of a record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Name in JSON.
    pub name: String,
    /// Number, where the source has numbers; else its place counted from 1.
    #[serde(default)]
    pub number: u32,
    /// Its type.
    #[serde(rename = "type")]
    pub type_ref: TypeRef,
    /// May be left out.
    #[serde(default)]
    pub optional: bool,
    /// What it means, one sentence.
    #[serde(default)]
    pub docs: String,
    /// What an example message has here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Value>,
    /// What the receiver takes while it is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The group it belongs to, of which at most one field is set; empty: none. Fields of a group may be left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub oneof: String,
    /// What its value must keep to beyond its type.
    #[serde(default, skip_serializing_if = "Rule::is_empty")]
    pub rule: Rule,
}

impl Field {
    /// Whether a message without it is complete.
    pub fn may_be_left_out(&self) -> bool {
        self.optional || !self.oneof.is_empty()
    }
}

/// One value of an enum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnumValue {
    /// Name in JSON.
    pub name: String,
    /// Number on the wire of binary dialects.
    #[serde(default)]
    pub number: i32,
    /// What it means.
    #[serde(default)]
    pub docs: String,
}
