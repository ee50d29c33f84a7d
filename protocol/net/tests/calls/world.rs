//! The demo world from end to end: every method, on native and where it is unary on plain, and by its schema.

use std::sync::Arc;

use bytes::Bytes;
use callscope_net::client::{CallOptions, Client, ClientOptions, Incoming};
use callscope_net::demo::{World, WorldOptions};
use callscope_net::observer::Observer;
use callscope_net::server::ServerTls;
use callscope_net::transport::TlsOptions;
use callscope_wire::capture::Segment;
use callscope_wire::policy::{Policy, Retry};
use callscope_wire::schema::TypeKind;
use callscope_wire::{Code, FlowId, Metadata, Shape, Status, Value};
use serde_json::json;

use super::support::Seen;

struct Visit {
    world: World,
    client: Client,
    seen: Arc<Seen>,
}

async fn visit() -> Visit {
    let world = World::start(WorldOptions { churn: false, ..WorldOptions::default() }).await.unwrap();
    let seen = Seen::new();
    let client = Client::new(ClientOptions {
        observer: Arc::clone(&seen) as Arc<dyn Observer>,
        own_registry: Some(world.registry_addr()),
        ..ClientOptions::default()
    });
    Visit { world, client, seen }
}

impl Visit {
    async fn unary(&self, target: &str, method: &str, request: Value) -> Result<Value, Status> {
        // One instance of orders is unwell now and then; that is for retry to cover.
        let retry = Retry { max_attempts: 5, ..Retry::default() };
        let policy = Policy { retry: Some(retry), ..Policy::default() };
        let options =
            CallOptions { target: target.to_owned(), method: method.to_owned(), policy, ..CallOptions::default() };
        self.client.unary(options, &request).await
    }

    async fn stream(&self, service: &str, method: &str, shape: Shape, requests: Vec<Value>) -> (Vec<Value>, Status) {
        let mut call = self.client.start(CallOptions {
            target: format!("registry:///{service}"),
            method: method.to_owned(),
            shape,
            ..CallOptions::default()
        });
        for request in requests {
            call.send(Bytes::from(serde_json::to_vec(&request).unwrap())).await.unwrap();
        }
        call.done_sending();
        let mut messages = Vec::new();
        loop {
            match call.next().await.unwrap() {
                Incoming::Headers(_) => {}
                Incoming::Message(message) => messages.push(serde_json::from_slice(&message).unwrap()),
                Incoming::End(status) => return (messages, status),
            }
        }
    }
}

#[tokio::test]
async fn the_calculator_calculates() {
    let visit = visit().await;
    let calculator = "registry:///calculator";
    assert_eq!(
        visit.unary(calculator, "demo.Calculator/Add", json!({ "a": 1, "b": 2 })).await,
        Ok(json!({ "sum": 3 }))
    );
    let divide = visit.unary(calculator, "demo.Calculator/Divide", json!({ "dividend": 1, "divisor": 0 })).await;
    let status = divide.unwrap_err();
    assert_eq!((status.code, status.details[0]["field"].as_str()), (Code::INVALID_ARGUMENT, Some("divisor")));
    let missing = visit.unary(calculator, "demo.Calculator/Add", json!({ "a": 1 })).await.unwrap_err();
    assert!(missing.message.contains('b'), "{missing}");

    let primes =
        visit.stream("calculator", "demo.Calculator/Primes", Shape::ServerStream, vec![json!({ "limit": 2000 })]);
    let (primes, status) = primes.await;
    assert_eq!((primes.len(), &primes[302], status.code), (303, &json!({ "prime": 1999 }), Code::OK));

    let summands = [1, 20, 300, 4000].map(|value| json!({ "value": value })).to_vec();
    let (sum, _) = visit.stream("calculator", "demo.Calculator/Sum", Shape::ClientStream, summands).await;
    assert_eq!(sum, [json!({ "sum": 4321, "count": 4 })]);
    visit.world.stop().await;
}

#[tokio::test]
async fn people_and_time_talk_back() {
    let visit = visit().await;
    let request = json!({ "name": "世界", "language": "zh" });
    let greeting = visit.unary("registry:///greeter", "demo.Greeter/Hello", request).await.unwrap();
    assert_eq!(greeting["greeting"], "你好，世界！");

    let said = vec![json!({ "from": "ada", "text": "Hello" }), json!({ "from": "ada", "text": "你好" })];
    let (answers, status) = visit.stream("chat", "demo.Chat/Talk", Shape::Bidi, said).await;
    let texts: Vec<_> = answers.iter().map(|answer| answer["text"].as_str().unwrap()).collect();
    assert_eq!(
        texts,
        ["Hello, ada! I am Mira. Say something, and I answer.", "你好，ada！今天想聊什么？", "再见！你说了 2 句话。"]
    );
    assert_eq!(status.code, Code::OK);

    let request = vec![json!({ "interval_ms": 1, "limit": 3 })];
    let (ticks, status) = visit.stream("ticker", "demo.Ticker/Watch", Shape::ServerStream, request).await;
    let sequence: Vec<_> = ticks.iter().map(|tick| tick["sequence"].as_u64().unwrap()).collect();
    assert_eq!((sequence, status.code), (vec![1, 2, 3], Code::OK));
}

#[tokio::test]
async fn files_come_and_go_whole() {
    let visit = visit().await;
    let list = visit.unary("registry:///files", "demo.Files/List", json!({})).await.unwrap();
    assert_eq!(list["files"][0]["name"], "readme.txt");
    for file in list["files"].as_array().unwrap() {
        let request = vec![json!({ "name": file["name"], "chunk_bytes": 100_000 })];
        let (chunks, status) = visit.stream("files", "demo.Files/Download", Shape::ServerStream, request).await;
        assert_eq!(status.code, Code::OK);
        assert_eq!(chunks.last().unwrap()["last"], true);
        // What was downloaded is what can be uploaded: offset, data and checksum fit.
        let (answer, status) = visit.stream("files", "demo.Files/Upload", Shape::ClientStream, chunks).await;
        assert_eq!(status.code, Code::OK, "{status}");
        assert_eq!((&answer[0]["bytes"], &answer[0]["crc32c"]), (&file["size"], &file["crc32c"]));
    }
    let damaged = vec![json!({ "data": "Q2FsbHNjb3Bl", "crc32c": 1 })];
    let (_, status) = visit.stream("files", "demo.Files/Upload", Shape::ClientStream, damaged).await;
    assert_eq!(status.code, Code::DATA_LOSS);
    assert!(status.message.starts_with("chunk 1 was damaged"), "{status}");
    let (_, status) =
        visit.stream("files", "demo.Files/Download", Shape::ServerStream, vec![json!({ "name": "x" })]).await;
    assert_eq!(status.code, Code::NOT_FOUND);
}

#[tokio::test]
async fn orders_are_placed_read_and_watched() {
    let visit = visit().await;
    let items = json!([
        { "sku": "A1-204", "qty": 2, "unit_price": 1890 },
        { "sku": "K7-011", "qty": 1, "unit_price": 4550 },
    ]);
    let request = json!({
        "customer_id": "c-48213", "currency": "EUR", "items": items,
        "ship_to": { "name": "王小明", "city": "上海", "express": true }, "note": null,
    });
    let order = visit.unary("registry:///orders", "shop.Orders/Place", request).await.unwrap();
    assert_eq!((&order["total_minor"], &order["state"]), (&json!(8330), &json!("ACCEPTED")));
    assert_eq!(order["ship_to"]["city"], "上海");
    assert!(order["served_by"].as_str().unwrap().starts_with("orders-"));
    // Whoever placed it, everybody knows it.
    for instance in ["orders-1", "orders-2"] {
        let target = format!("registry:///orders@{instance}");
        let found = visit.unary(&target, "shop.Orders/Get", json!({ "id": order["id"] })).await.unwrap();
        assert_eq!((&found["id"], &found["served_by"]), (&order["id"], &json!(instance)));
    }
    let status = visit.unary("registry:///orders", "shop.Orders/Get", json!({ "id": "o-0" })).await.unwrap_err();
    assert_eq!(status.code, Code::NOT_FOUND);

    let mut watch = visit.client.start(CallOptions {
        flow: FlowId(7),
        target: "registry:///orders@orders-1".to_owned(),
        method: "shop.Orders/Watch".to_owned(),
        shape: Shape::ServerStream,
        ..CallOptions::default()
    });
    watch.send(Bytes::from_static(b"{\"id\":\"o-1001\"}")).await.unwrap();
    let Some(Incoming::Message(first)) = watch.next().await else { panic!("no event") };
    let first: Value = serde_json::from_slice(&first).unwrap();
    assert_eq!((&first["id"], &first["served_by"]), (&json!("o-1001"), &json!("orders-1")));
    drop(watch);
    assert_eq!(visit.seen.ended(FlowId(7)).await.status.unwrap().code, Code::CANCELLED);
}

#[tokio::test]
async fn every_instance_says_what_it_serves_and_its_examples_work() {
    let visit = visit().await;
    let mut services: Vec<_> = visit.world.instances().iter().map(|instance| instance.service.clone()).collect();
    services.dedup();
    assert_eq!(
        services,
        ["calculator", "chat", "everything", "files", "greeter", "inventory", "orders", "payments", "ticker"]
    );
    for instance in visit.world.instances() {
        let schema = visit.client.describe(&instance.address, &Metadata::new()).await.unwrap();
        for service in &schema.services {
            assert!(!service.docs.is_empty(), "{} has no docs", service.name);
            for method in &service.methods {
                assert!(!method.docs.is_empty(), "{}/{} has no docs", service.name, method.name);
            }
        }
        for def in &schema.types {
            let TypeKind::Record(fields) = &def.kind else { continue };
            let numbers: Vec<_> = fields.iter().map(|field| field.number).collect();
            assert_eq!(numbers, (1..=fields.len() as u32).collect::<Vec<_>>(), "{}", def.name);
            assert!(fields.iter().all(|field| !field.docs.is_empty()), "{}", def.name);
        }
        let unary = schema.services.iter().flat_map(|service| {
            service.methods.iter().filter(|method| method.shape == Shape::Unary).map(move |method| (service, method))
        });
        for (service, method) in unary.filter(|(service, _)| !service.name.starts_with("callscope.")) {
            let example = schema.example(&method.request);
            let name = format!("{}/{}", service.name, method.name);
            let answer = visit.unary(&format!("registry:///{}", instance.service), &name, example.clone()).await;
            assert!(answer.is_ok(), "{name} {example}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn one_port_speaks_plain_and_has_everything() {
    let visit = visit().await;
    let plain = format!("plain://{}", visit.world.registry_addr());
    assert_eq!(visit.unary(&plain, "add", json!([1, 2])).await, Ok(json!(3)));
    assert_eq!(visit.unary(&plain, "demo.Calculator/Add", json!({ "a": 0.5, "b": 1 })).await, Ok(json!(1.5)));
    let hello = visit.unary(&plain, "hello", json!({ "name": "Ada" })).await;
    assert_eq!(hello, Ok(json!({ "greeting": "Hello, Ada!", "language": "en" })));
    let status = visit.unary(&plain, "divide", json!([1, 0])).await.unwrap_err();
    assert_eq!(status.code, Code::INVALID_ARGUMENT);
    let order = visit.unary(&plain, "shop.Orders/Get", json!({ "id": "o-1001" })).await.unwrap();
    assert_eq!(order["served_by"], "world");
    let native = format!("native://{}", visit.world.registry_addr());
    let schema = visit.client.describe(&native, &Metadata::new()).await.unwrap();
    for service in ["callscope.Registry", "callscope.Introspection", "demo.Chat", "shop.Orders"] {
        assert!(schema.service(service).is_some(), "{service}");
    }
}

#[tokio::test]
async fn an_instance_that_is_killed_breaks_its_calls_and_leaves_the_list() {
    let visit = visit().await;
    let mut ticks = visit.client.start(CallOptions {
        target: "registry:///ticker".to_owned(),
        method: "demo.Ticker/Watch".to_owned(),
        shape: Shape::ServerStream,
        metadata: Metadata::new(),
        ..CallOptions::default()
    });
    ticks.send(Bytes::from_static(b"{\"interval_ms\":1}")).await.unwrap();
    assert!(matches!(ticks.next().await, Some(Incoming::Message(_))));
    assert!(visit.world.kill("ticker-1") && !visit.world.kill("ticker-1"));
    let status = loop {
        if let Incoming::End(status) = ticks.next().await.unwrap() {
            break status;
        }
    };
    assert_eq!(status.code, Code::UNAVAILABLE);
    // Until the lease ends it is still listed: that is what a lease means.
    assert!(visit.world.instances().iter().any(|instance| instance.id == "ticker-1"));
}

#[tokio::test]
async fn the_front_speaks_tls_to_who_trusts_it() {
    let tls = ServerTls::development().unwrap();
    let ca_pem = Some(tls.ca_pem().to_owned());
    let options = WorldOptions { churn: false, tls: Some(tls), ..WorldOptions::default() };
    let world = World::start(options).await.unwrap();
    let target = format!("native+tls://{}", world.registry_addr());
    let seen = Seen::new();
    let call = async |flow, tls| {
        let observer = Arc::clone(&seen) as Arc<dyn Observer>;
        let client = Client::new(ClientOptions { observer, tls, ..ClientOptions::default() });
        let method = "demo.Calculator/Add".to_owned();
        let options = CallOptions { flow: FlowId(flow), target: target.clone(), method, ..CallOptions::default() };
        client.unary(options, &json!({ "a": 1, "b": 2 })).await
    };
    let trusting = TlsOptions { ca_pem, ..TlsOptions::default() };
    assert_eq!(call(1, trusting).await, Ok(json!({ "sum": 3 })));
    let flow = seen.flow(FlowId(1));
    assert!(flow.attempts[0].segments.iter().any(|(segment, _, _)| *segment == Segment::Tls));
    let status = call(2, TlsOptions::default()).await.unwrap_err();
    assert!(status.message.contains("signed by nobody we trust"), "{status}");
}
