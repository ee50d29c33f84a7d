//! Which handler answers which method, and the schema that says so to clients.
//!
//! Messages are JSON values here; dialects carry them. Knows no connection.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use callscope_wire::codec::{DecodeError, Typed};
use callscope_wire::schema::{Method, Schema, Service, TypeDef, TypeKind, TypeRef};
use callscope_wire::{Code, Codec, Shape, Status, Value};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::call::{Cx, Inbound, Outbound};

/// Handlers by method, and the schema of their services.
///
/// ```
/// use callscope_net::server::Router;
/// use serde_json::json;
///
/// let mut router = Router::new();
/// router.unary("demo.Echo/Say", async |_cx, message| Ok(json!({ "said": message })));
/// assert!(router.schema().method("demo.Echo/Say").is_some());
/// ```
#[derive(Default)]
pub struct Router {
    schema: Schema,
    handlers: HashMap<String, Handler>,
}

/// One message may be the answer's last (a unary answer is), sent together with the status.
pub(super) type Answer = Result<Option<Reply>, Status>;

/// A message of an answer.
pub(super) enum Reply {
    /// To be encoded.
    Value(Value),
    /// Encoded by the handler.
    Bytes(Bytes),
}

type Handler = Arc<dyn Fn(Cx, Inbound, Outbound) -> BoxFuture<'static, Answer> + Send + Sync>;

impl Router {
    /// Answers nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares a service with its methods and types. Handlers are added by the methods' full names; a declared method
    /// without one is `UNIMPLEMENTED`.
    pub fn service(&mut self, service: Service, types: impl IntoIterator<Item = TypeDef>) -> &mut Self {
        self.schema.merge(Schema { services: vec![service], types: types.into_iter().collect() });
        self
    }

    /// What the services look like.
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// One message in, one out.
    pub fn unary<F, Fut>(&mut self, method: &str, handler: F) -> &mut Self
    where
        F: Fn(Cx, Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Value, Status>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.add(method, Shape::Unary, move |cx, mut inbound, _| {
            let handler = Arc::clone(&handler);
            async move { handler(cx, inbound.one().await?).await.map(|answer| Some(Reply::Value(answer))) }.boxed()
        })
    }

    /// As [`Router::unary`], with both messages as they lie on the wire: for handlers that pass them on, keep them, or decode
    /// them into types of their own.
    pub fn unary_bytes<F, Fut>(&mut self, method: &str, handler: F) -> &mut Self
    where
        F: Fn(Cx, Bytes) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Bytes, Status>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.add(method, Shape::Unary, move |cx, mut inbound, _| {
            let handler = Arc::clone(&handler);
            async move { handler(cx, inbound.one_bytes().await?).await.map(|answer| Some(Reply::Bytes(answer))) }
                .boxed()
        })
    }

    /// One message in, one out, which is JSON text already.
    pub fn unary_json<F, Fut>(&mut self, method: &str, handler: F) -> &mut Self
    where
        F: Fn(Cx, Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Bytes, Status>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.add(method, Shape::Unary, move |cx, mut inbound, mut outbound| {
            let handler = Arc::clone(&handler);
            async move {
                let answer = handler(cx, inbound.one().await?).await?;
                outbound.send_json(answer).await.map(|()| None)
            }
            .boxed()
        })
    }

    /// One message in, any number out.
    pub fn server_stream<F, Fut>(&mut self, method: &str, handler: F) -> &mut Self
    where
        F: Fn(Cx, Value, Outbound) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Status>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.add(method, Shape::ServerStream, move |cx, mut inbound, outbound| {
            let handler = Arc::clone(&handler);
            async move { handler(cx, inbound.one().await?, outbound).await.map(|()| None) }.boxed()
        })
    }

    /// As [`Router::server_stream`], with the request as it lies on the wire; answers go by [`Outbound::send_bytes`].
    pub fn server_stream_bytes<F, Fut>(&mut self, method: &str, handler: F) -> &mut Self
    where
        F: Fn(Cx, Bytes, Outbound) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Status>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.add(method, Shape::ServerStream, move |cx, mut inbound, outbound| {
            let handler = Arc::clone(&handler);
            async move { handler(cx, inbound.one_bytes().await?, outbound).await.map(|()| None) }.boxed()
        })
    }

    /// Any number in, one message out.
    pub fn client_stream<F, Fut>(&mut self, method: &str, handler: F) -> &mut Self
    where
        F: Fn(Cx, Inbound) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Value, Status>> + Send + 'static,
    {
        self.add(method, Shape::ClientStream, move |cx, inbound, _| {
            let work = handler(cx, inbound);
            async move { work.await.map(|answer| Some(Reply::Value(answer))) }.boxed()
        })
    }

    /// Any number both ways.
    pub fn bidi<F, Fut>(&mut self, method: &str, handler: F) -> &mut Self
    where
        F: Fn(Cx, Inbound, Outbound) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Status>> + Send + 'static,
    {
        self.add(method, Shape::Bidi, move |cx, inbound, outbound| {
            let work = handler(cx, inbound, outbound);
            async move { work.await.map(|()| None) }.boxed()
        })
    }

    /// One message in, nothing out: what it returns, nobody sees.
    pub fn one_way<F, Fut>(&mut self, method: &str, handler: F) -> &mut Self
    where
        F: Fn(Cx, Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Status>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.add(method, Shape::OneWay, move |cx, mut inbound, _| {
            let handler = Arc::clone(&handler);
            async move { handler(cx, inbound.one().await?).await.map(|()| None) }.boxed()
        })
    }

    fn add(
        &mut self,
        method: &str,
        shape: Shape,
        handler: impl Fn(Cx, Inbound, Outbound) -> BoxFuture<'static, Answer> + Send + Sync + 'static,
    ) -> &mut Self {
        let (service, name) = method.rsplit_once('/').unwrap_or(("", method));
        if self.schema.service(service).is_none() {
            self.schema.services.push(Service { name: service.to_owned(), ..Service::default() });
        }
        if let Some(service) = self.schema.services.iter_mut().find(|known| known.name == service) {
            match service.methods.iter_mut().find(|known| known.name == name) {
                // The handler is what happens, whatever was declared.
                Some(declared) => declared.shape = shape,
                None => service.methods.push(Method {
                    name: name.to_owned(),
                    shape,
                    request: TypeRef::Any,
                    response: TypeRef::Any,
                    docs: String::new(),
                    idempotent: false,
                }),
            }
        }
        self.handlers.insert(method.to_owned(), Arc::new(handler));
        self
    }

    /// Nothing is added any more.
    pub(super) fn finish(self) -> Routes {
        let Self { schema, mut handlers } = self;
        let schema = Arc::new(schema);
        let mut routes = HashMap::new();
        for service in &schema.services {
            for method in &service.methods {
                let full = full_name(service, method);
                if let Some(handler) = handlers.remove(&full) {
                    let types = Arc::new(Types {
                        schema: Arc::clone(&schema),
                        request: method.request.clone(),
                        response: method.response.clone(),
                        only_field: only_field(&schema, &method.response),
                    });
                    routes.insert(full.clone(), Route { method: full, types, handler });
                }
            }
        }
        Routes { schema, routes }
    }
}

/// A router in use.
pub(super) struct Routes {
    schema: Arc<Schema>,
    routes: HashMap<String, Route>,
}

/// A method that has a handler.
pub(super) struct Route {
    pub(super) method: String,
    pub(super) types: Arc<Types>,
    pub(super) handler: Handler,
}

impl Routes {
    /// The route of `package.Service/Method`, or of the one method with a bare name.
    pub(super) fn find(&self, name: &str) -> Result<&Route, Status> {
        if let Some(route) = self.routes.get(name) {
            return Ok(route);
        }
        let bare = self.schema.method(name).map(|(service, method)| full_name(service, method));
        bare.and_then(|full| self.routes.get(&full)).ok_or_else(|| Status::new(Code::UNIMPLEMENTED, self.missing(name)))
    }

    /// Why there is no such method, and what there is.
    fn missing(&self, name: &str) -> String {
        let names = |names: &mut dyn Iterator<Item = &str>| names.collect::<Vec<_>>().join(", ");
        let services = || names(&mut self.schema.services.iter().map(|service| service.name.as_str()));
        let Some((service, method)) = name.rsplit_once('/') else {
            return format!("no method, or more than one, is named `{name}`; services here: {}", services());
        };
        match self.schema.service(service) {
            Some(found) => {
                let methods = names(&mut found.methods.iter().map(|method| method.name.as_str()));
                format!("`{service}` has no method `{method}`; it has {methods}")
            }
            None => format!("no service `{service}` here; there are {}", services()),
        }
    }
}

/// What is known of the messages of a method.
pub(super) struct Types {
    schema: Arc<Schema>,
    request: TypeRef,
    response: TypeRef,
    /// Name of the response's field, where it is a record with one.
    only_field: Option<String>,
}

impl Types {
    /// A request as a value. What is given by position gets the names of the request's fields.
    pub(super) fn decode(&self, codec: Codec, message: &[u8]) -> Result<Value, Status> {
        let wrong = |what: String| Status::new(Code::INVALID_ARGUMENT, what);
        let value = codec.decode(message).map_err(|error| wrong(no_message(codec, &error)))?;
        self.schema.by_name(value, &self.request).map_err(|error| wrong(error.to_string()))
    }

    /// An answer as bytes: what the schema calls bytes is bytes, where the codec has them.
    pub(super) fn encode(&self, codec: Codec, answer: &Value) -> Bytes {
        codec.encode(answer, Typed::new(&self.schema, &self.response)).into()
    }

    /// An answer as people write it who write by hand: the value of a record's only field stands for the record.
    pub(super) fn bare(&self, answer: Value) -> Value {
        match (&self.only_field, answer) {
            (Some(name), Value::Object(mut members)) if members.len() == 1 => {
                members.swap_remove(name).unwrap_or(Value::Object(members))
            }
            (_, answer) => answer,
        }
    }
}

/// What the reader found, in words that need no knowledge of how it works.
fn no_message(codec: Codec, error: &DecodeError) -> String {
    match error {
        DecodeError::Json(error) => no_json(error),
        DecodeError::Deep { .. } => format!("the message is nested too deep: {error}"),
        error => format!("the message is no {codec}: {error}"),
    }
}

fn no_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.strip_prefix("recursion limit exceeded ") {
        Some(place) => format!("the message is nested too deep: more than 127 levels {place}"),
        None => format!("the message is no JSON: {text}"),
    }
}

fn only_field(schema: &Schema, response: &TypeRef) -> Option<String> {
    let TypeRef::Named(name) = response else { return None };
    match &schema.type_def(name)?.kind {
        TypeKind::Record(fields) => match fields.as_slice() {
            [field] => Some(field.name.clone()),
            _ => None,
        },
        TypeKind::Enum(_) => None,
    }
}

fn full_name(service: &Service, method: &Method) -> String {
    if service.name.is_empty() { method.name.clone() } else { format!("{}/{}", service.name, method.name) }
}
