//! A server with methods of every shape, and short ways to call them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use callscope_net::address::{Address, Endpoint};
use callscope_net::client::channel::{Channel, ConnectOptions, Exchange, ExchangeEvent};
use callscope_net::server::{Router, Server, ServerOptions, ServerTls, decode};
use callscope_wire::schema::{Field, Method, Service, TypeDef, TypeKind, TypeRef};
use callscope_wire::{CallHead, Code, Metadata, Shape, Status, Value};
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};

/// A server and what its handlers do.
pub struct World {
    pub server: Server,
    pub watch: Watch,
    /// What handlers say of themselves: `started`, `dropped`, `noted …`.
    pub said: mpsc::Receiver<String>,
}

/// What tests see and steer of handlers.
#[derive(Clone)]
pub struct Watch {
    say: mpsc::Sender<String>,
    /// Bytes that `Flood` has sent.
    pub flooded: Arc<AtomicU64>,
    /// A permit lets one `Gate` pass.
    pub gate: Arc<Semaphore>,
}

#[derive(serde::Deserialize)]
struct Pair {
    a: i64,
    b: i64,
}

/// Says that the handler's future was dropped.
struct Mourner(Watch);

impl Drop for Mourner {
    fn drop(&mut self) {
        self.0.say("dropped");
    }
}

impl Watch {
    fn say(&self, what: impl Into<String>) {
        // A test that listens to nothing does not mind.
        let _unheard = self.say.try_send(what.into());
    }
}

/// A name in memory that no other test has.
pub fn memory() -> String {
    static LAST: AtomicUsize = AtomicUsize::new(0);
    format!("memory://test-{}", LAST.fetch_add(1, Ordering::Relaxed))
}

/// A server on that address with everything else as usual.
pub async fn world(listen: impl Into<String>) -> World {
    world_with(ServerOptions { listen: listen.into(), ..ServerOptions::default() }).await
}

pub async fn world_with(options: ServerOptions) -> World {
    let (say, said) = mpsc::channel(1024);
    let watch = Watch { say, flooded: Arc::default(), gate: Arc::new(Semaphore::new(0)) };
    let server = Server::bind(options, router(&watch)).await.unwrap();
    World { server, watch, said }
}

impl World {
    pub fn endpoint(&self) -> Endpoint {
        self.server.address().parse().unwrap()
    }

    pub async fn channel(&self) -> Channel {
        connect(&self.server.address()).await
    }

    pub async fn heard(&mut self) -> String {
        self.said.recv().await.unwrap()
    }
}

pub async fn connect(address: &str) -> Channel {
    let Address::Direct(endpoint) = address.parse().unwrap() else { panic!("{address} is no endpoint") };
    Channel::connect(&endpoint, &ConnectOptions::default()).await.unwrap().0
}

/// Every transport, and a server behind it: listen address, options, how to connect.
pub async fn everywhere() -> Vec<(World, Endpoint, ConnectOptions)> {
    let mut all = Vec::new();
    for listen in [memory(), "127.0.0.1:0".to_owned()] {
        let world = world(listen).await;
        let endpoint = world.endpoint();
        all.push((world, endpoint, ConnectOptions::default()));
    }
    let tls = ServerTls::development().unwrap();
    let mut connect = ConnectOptions::default();
    connect.tls.ca_pem = Some(tls.ca_pem().to_owned());
    let world = world_with(ServerOptions { tls: Some(tls), ..ServerOptions::default() }).await;
    let endpoint = format!("native+tls://{}", world.server.local_addr()).parse().unwrap();
    all.push((world, endpoint, connect));
    all
}

pub fn head(method: &str) -> CallHead {
    CallHead { method: method.to_owned(), ..CallHead::default() }
}

pub fn message(value: &Value) -> Bytes {
    Bytes::from(serde_json::to_vec(value).unwrap())
}

pub fn open(channel: &Channel, method: &str, value: &Value) -> Exchange {
    channel.open(head(method), Some(message(value)), true)
}

pub async fn unary(channel: &Channel, method: &str, value: &Value) -> Result<Value, Status> {
    let (messages, status) = collect(open(channel, method, value)).await;
    match <[Value; 1]>::try_from(messages) {
        Ok([answer]) if status.code.is_ok() => Ok(answer),
        _ => Err(status),
    }
}

/// Everything that comes back.
pub async fn collect(mut exchange: Exchange) -> (Vec<Value>, Status) {
    let mut messages = Vec::new();
    loop {
        match exchange.next().await.1 {
            ExchangeEvent::Message(message) => messages.push(serde_json::from_slice(&message).unwrap()),
            ExchangeEvent::End(status) => return (messages, status),
            ExchangeEvent::Opened { .. } | ExchangeEvent::Written | ExchangeEvent::Headers(_) => {}
        }
    }
}

/// Lets everybody do what they can. Only with virtual time, which stands still until all of them wait.
pub async fn settled() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

fn router(watch: &Watch) -> Router {
    let int =
        |number: u32, name: &str| Field { name: name.to_owned(), number, type_ref: TypeRef::Int64, ..Field::default() };
    let pair = TypeDef {
        name: "test.Pair".to_owned(),
        docs: "Two numbers.".to_owned(),
        kind: TypeKind::Record(vec![int(1, "a"), int(2, "b")]),
    };
    let add = Method {
        name: "Add".to_owned(),
        shape: Shape::Unary,
        request: TypeRef::Named("test.Pair".to_owned()),
        response: TypeRef::Int64,
        docs: "Adds.".to_owned(),
        idempotent: true,
    };
    let calc = Service { name: "test.Calc".to_owned(), docs: "Counts.".to_owned(), methods: vec![add] };

    let mut router = Router::new();
    router.service(calc, [pair]);
    router.unary("test.Calc/Add", async |cx, message| {
        let Pair { a, b } = decode(message)?;
        cx.set_headers([("seen", "yes")].into_iter().collect());
        cx.set_trailers(cx.metadata.iter().collect::<Metadata>());
        Ok(json!(a + b))
    });
    router.server_stream("test.Calc/Count", async |_, message, mut out| {
        for number in 0..message.get("to").and_then(Value::as_u64).unwrap_or_default() {
            out.send(json!(number)).await?;
        }
        Ok(())
    });
    router.client_stream("test.Calc/Sum", async |_, mut inbound| {
        let mut sum = 0;
        while let Some(number) = inbound.next().await? {
            sum += number.as_i64().unwrap_or_default();
        }
        Ok(json!(sum))
    });
    router.bidi("test.Calc/Double", async |_, mut inbound, mut out| {
        while let Some(number) = inbound.next().await? {
            out.send(json!(number.as_i64().unwrap_or_default() * 2)).await?;
        }
        Ok(())
    });
    let noted = watch.clone();
    router.one_way("test.Calc/Note", move |_, message| {
        let watch = noted.clone();
        async move {
            // Not at once: its connection may be gone before.
            tokio::task::yield_now().await;
            watch.say(format!("noted {message}"));
            Ok(())
        }
    });
    let sleeping = watch.clone();
    router.unary("test.Odd/Sleep", move |_, _| {
        let watch = sleeping.clone();
        async move {
            watch.say("started");
            let _mourner = Mourner(watch);
            std::future::pending().await
        }
    });
    let gated = watch.clone();
    router.unary("test.Odd/Gate", move |_, message| {
        let watch = gated.clone();
        async move {
            watch.say("started");
            let permit = watch.gate.acquire().await.map_err(|error| Status::new(Code::ABORTED, error.to_string()))?;
            permit.forget();
            Ok(message)
        }
    });
    let flooding = watch.clone();
    router.server_stream("test.Odd/Flood", move |_, message, mut out| {
        let watch = flooding.clone();
        async move {
            watch.say("started");
            let _mourner = Mourner(watch.clone());
            let size = message.get("size").and_then(Value::as_u64).unwrap_or(32 << 10) as usize;
            let text = "x".repeat(size);
            loop {
                out.send(json!(text)).await?;
                watch.flooded.fetch_add(size as u64, Ordering::Relaxed);
            }
        }
    });
    router.unary("test.Odd/Panic", async |_, _| panic!("on purpose"));
    router.unary("test.Odd/Fail", async |cx, _| {
        cx.set_trailers([("reason", "told")].into_iter().collect());
        Err(Status { pushback_ms: Some(7), ..Status::new(Code::NOT_FOUND, "no such order") })
    });
    router.unary("test.Odd/Echo", async |_, message| Ok(message));
    router
}
