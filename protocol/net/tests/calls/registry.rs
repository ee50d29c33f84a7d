//! The registry over the wire: leases, pushed changes, and what clients make of them.

use std::sync::Arc;
use std::time::Duration;

use callscope_net::client::CallOptions;
use callscope_net::client::channel::ConnectOptions;
use callscope_net::registry::{Reason, RegisterOptions, Registration, RegistryService, Remote, WatchEvent};
use callscope_net::server::{Router, Server, ServerOptions};
use callscope_wire::policy::Policy;
use callscope_wire::{Code, Instance, Metadata};
use serde_json::json;
use tokio::sync::Semaphore;

use super::support::{Lab, attempts, in_turn, instance};

async fn remote(lab: &Lab) -> Remote {
    Remote::connect(&lab.registry.parse().unwrap(), &ConnectOptions::default()).await.unwrap()
}

fn ids(instances: &[Instance]) -> Vec<&str> {
    instances.iter().map(|instance| instance.id.as_str()).collect()
}

#[tokio::test]
async fn its_methods_answer_as_they_are_documented() {
    let lab = Lab::new().await;
    let ask = async |method: &str, request: serde_json::Value| {
        let target = format!("native://{}", lab.registry);
        let method = format!("callscope.Registry/{method}");
        lab.client.unary(CallOptions { target, method, ..CallOptions::default() }, &request).await
    };
    let register = json!({ "id": "mine-1", "service": "mine", "address": "native://127.0.0.1:7001", "ttl_ms": 10_000 });
    let answer = ask("Register", register).await.unwrap();
    let lease = answer["lease_id"].as_str().unwrap();
    assert_eq!(answer["ttl_ms"], 10_000);
    assert_eq!(ask("KeepAlive", json!({ "lease_id": lease })).await, Ok(json!({ "ttl_ms": 10_000 })));
    let listed = ask("List", json!({ "service": "mine" })).await.unwrap();
    let found = &listed["instances"][0];
    assert_eq!((&found["id"], &found["health"], &found["weight"]), (&json!("mine-1"), &json!("healthy"), &json!(100)));
    assert_eq!(found["lease"]["ttl_ms"], 10_000);
    assert_eq!(ask("List", json!({ "service": "other" })).await.unwrap()["instances"], json!([]));
    assert_eq!(ask("Deregister", json!({ "lease_id": lease })).await, Ok(json!({})));
    assert_eq!(ask("KeepAlive", json!({ "lease_id": lease })).await.unwrap_err().code, Code::NOT_FOUND);
    let status =
        ask("Register", json!({ "id": "a b", "service": "s", "address": "x", "ttl_ms": 1000 })).await.unwrap_err();
    assert_eq!(status.code, Code::INVALID_ARGUMENT);
    assert!(status.message.starts_with("id is \"a b\""), "{status}");

    let schema = lab.client.describe(&format!("native://{}", lab.registry), &Metadata::new()).await.unwrap();
    let (_, watch) = schema.method("callscope.Registry/Watch").unwrap();
    assert!(watch.docs.starts_with("Everything there is"));
}

#[tokio::test]
async fn changes_are_pushed_to_who_watches() {
    let lab = Lab::new().await;
    let remote = remote(&lab).await;
    let mut watch = remote.watch(Some("orders"), false).unwrap();
    let WatchEvent::Snapshot { instances, revision } = watch.next().await.unwrap() else { panic!("no snapshot") };
    assert_eq!((instances.len(), revision), (0, 0));

    let lease = remote.register(&instance("orders-1", "native://h:1"), Duration::from_mins(1)).await.unwrap();
    let other = Instance { service: "other".to_owned(), ..instance("other-1", "native://h:2") };
    remote.register(&other, Duration::from_mins(1)).await.unwrap();
    remote.keep_alive(&lease).await.unwrap();
    remote.deregister(&lease).await.unwrap();
    remote.register(&instance("orders-2", "native://h:3"), Duration::from_millis(100)).await.unwrap();

    let WatchEvent::Put { reason, instance: put, .. } = watch.next().await.unwrap() else { panic!("no put") };
    assert_eq!((reason, put.id.as_str()), (Reason::Registered, "orders-1"));
    let WatchEvent::Delete { reason, instance: gone, .. } = watch.next().await.unwrap() else { panic!("no delete") };
    assert_eq!((reason, gone.id.as_str()), (Reason::Deregistered, "orders-1"));
    assert!(matches!(watch.next().await.unwrap(), WatchEvent::Put { .. }));
    let WatchEvent::Delete { reason, instance: gone, .. } = watch.next().await.unwrap() else { panic!("no delete") };
    assert_eq!((reason, gone.id.as_str()), (Reason::Expired, "orders-2"));
}

#[tokio::test]
async fn a_registry_that_shuts_down_says_so_and_waits_for_no_watcher() {
    let registry = RegistryService::new();
    let mut router = Router::new();
    registry.add_to(&mut router);
    let server = Server::bind(ServerOptions::default(), router).await.unwrap();
    let at = server.local_addr().parse().unwrap();
    let remote = Remote::connect(&at, &ConnectOptions::default()).await.unwrap();
    let mut watch = remote.watch(None, false).unwrap();
    assert!(matches!(watch.next().await.unwrap(), WatchEvent::Snapshot { .. }));

    drop(registry);
    let ended = watch.next().await.unwrap_err();
    assert_eq!(ended.to_string(), "14 UNAVAILABLE: the registry is shutting down");
    // Whoever waited for the watch would use up the hour.
    let shutdown = server.shutdown(Duration::from_hours(1));
    tokio::time::timeout(Duration::from_secs(30), shutdown).await.unwrap();
}

#[tokio::test]
async fn who_stops_while_it_is_being_registered_says_goodbye_all_the_same() {
    let (say, mut heard) = tokio::sync::mpsc::channel(4);
    let gate = Arc::new(Semaphore::new(0));
    let mut router = Router::new();
    let (said, opened) = (say.clone(), Arc::clone(&gate));
    router.unary("callscope.Registry/Register", move |_, _| {
        let (said, opened) = (said.clone(), Arc::clone(&opened));
        async move {
            said.send("register").await.unwrap();
            opened.acquire().await.unwrap().forget();
            Ok(json!({ "lease_id": "lease-1", "ttl_ms": 10_000 }))
        }
    });
    router.unary("callscope.Registry/Deregister", move |_, request| {
        let said = say.clone();
        async move {
            assert_eq!(request, json!({ "lease_id": "lease-1" }));
            said.send("deregister").await.unwrap();
            Ok(json!({}))
        }
    });
    let server = Server::bind(ServerOptions::default(), router).await.unwrap();
    let registration = Registration::start(RegisterOptions {
        at: server.local_addr().parse().unwrap(),
        instance: instance("orders-1", "native://h:1"),
        ttl: Duration::from_secs(10),
        connect: ConnectOptions::default(),
    });
    assert_eq!(heard.recv().await, Some("register"));
    let opening = async {
        tokio::task::yield_now().await;
        gate.add_permits(1);
    };
    tokio::join!(registration.stop(), opening);
    assert_eq!(heard.recv().await, Some("deregister"));
}

#[tokio::test]
async fn a_slow_watcher_is_told_everything_anew() {
    let lab = Lab::new().await;
    let remote = remote(&lab).await;
    let mut watch = remote.watch(None, false).unwrap();
    assert!(matches!(watch.next().await.unwrap(), WatchEvent::Snapshot { .. }));
    // More than the stream's window, the queue and the ring hold together, while nobody reads.
    let writer = self::remote(&lab).await;
    let large = |id: usize| {
        let mut instance = instance(&format!("orders-{}", id % 3), "native://h:1");
        instance.metadata.insert("number".to_owned(), id.to_string());
        instance.metadata.insert("bulk".to_owned(), "x".repeat(15_000));
        instance
    };
    for id in 0..600 {
        writer.register(&large(id), Duration::from_mins(1)).await.unwrap();
    }
    let (mut snapshots, mut last) = (0, 0);
    let mut numbers = [String::new(), String::new(), String::new()];
    let number_of = |instance: &Instance| instance.metadata["number"].clone();
    while last < 600 {
        match watch.next().await.unwrap() {
            WatchEvent::Snapshot { revision, instances } => {
                snapshots += 1;
                last = revision;
                numbers = [0, 1, 2].map(|n| number_of(&instances[n]));
            }
            WatchEvent::Put { revision, instance, .. } => {
                assert_eq!(revision, last + 1, "no event is missing in between");
                last = revision;
                let place: usize = instance.id["orders-".len()..].parse().unwrap();
                numbers[place] = number_of(&instance);
            }
            WatchEvent::Delete { .. } => panic!("nothing was deleted"),
        }
    }
    assert!(snapshots > 0, "it was never behind");
    assert_eq!(numbers, ["597", "598", "599"]);
}

#[tokio::test]
async fn a_killed_instance_is_gone_when_its_lease_ends() {
    let mut lab = Lab::new().await;
    lab.answers("orders-1", async |_| Ok(json!({}))).await;
    let mut router = Router::new();
    router.unary("t.T/Do", async |_, _| Ok(json!({})));
    let server = Server::bind(ServerOptions::default(), router).await.unwrap();
    let address = server.address();
    lab.register("orders-2", &address, Some(server), Duration::from_millis(300)).await;
    let watching = lab.client.watch("").unwrap();
    assert_eq!(watching.source(), format!("registry://{}", lab.registry));
    assert_eq!(lab.client.watches(), 1);
    let both = |instances: &[Instance]| ids(instances) == ["orders-1", "orders-2"];
    lab.seen.until(|told| told.snapshots.iter().find(|s| both(&s.instances)).map(drop)).await;
    // It lives longer than its lease, because it renews it.
    let renewed = |told: &super::support::Told| told.snapshots.iter().filter(|s| both(&s.instances)).count() > 4;
    lab.seen.until(|told| renewed(told).then_some(())).await;

    drop(lab.instances.remove("orders-2"));
    lab.seen.until(|told| (ids(&told.snapshots.last()?.instances) == ["orders-1"]).then_some(())).await;
    for _ in 0..4 {
        let (answer, flow) = lab.call(lab.options(in_turn())).await;
        assert!(answer.is_ok());
        assert_eq!(attempts(&flow), [("orders-1", "OK")]);
    }
    assert_eq!(lab.client.watches(), 1, "the service is not watched twice");
    drop(watching);
    assert_eq!(lab.client.watches(), 0);
}

#[tokio::test]
async fn an_instance_outlives_its_registry_and_so_does_the_picture() {
    let serve = async |listen: &str| {
        let service = RegistryService::new();
        let mut router = Router::new();
        service.add_to(&mut router);
        let options = ServerOptions { listen: listen.to_owned(), ..ServerOptions::default() };
        (Server::bind(options, router).await.unwrap(), service)
    };
    let mut lab = Lab::new().await;
    lab.answers("orders-1", async |_| Ok(json!({}))).await;
    let address = lab.client.known_instances("registry:///orders");
    assert_eq!(address, None, "nobody asked yet");

    let (server, service) = serve("127.0.0.1:0").await;
    let at = server.local_addr().to_owned();
    let registration = Registration::start(RegisterOptions {
        at: at.parse().unwrap(),
        instance: instance("far-1", "native://127.0.0.1:9"),
        ttl: Duration::from_millis(600),
        connect: ConnectOptions::default(),
    });
    registration.watch().wait().await;
    let _watching = lab.client.watch(&at).unwrap();
    lab.seen.until(|told| told.snapshots.iter().find(|s| ids(&s.instances) == ["far-1"]).map(drop)).await;

    drop((server, service));
    lab.seen.until(|told| told.sources.last().filter(|source| source.error.is_some()).map(drop)).await;
    let target = format!("registry://{at}/orders");
    assert_eq!(lab.client.known_instances(&target), Some(1), "the last good picture stays");

    let (_server, service) = serve(&at).await;
    // Both find it again by themselves, and the watcher is told the truth, whatever it is by then.
    lab.seen.until(|told| told.sources.last().filter(|source| source.error.is_none()).map(drop)).await;
    let only_far = |instances: &[Instance]| ids(instances) == ["far-1"];
    lab.seen.until(|told| only_far(&told.snapshots.last()?.instances).then_some(())).await;
    assert!(only_far(&service.instances()));
    registration.stop().await;
    assert!(service.instances().is_empty(), "it said goodbye");
}

#[tokio::test]
async fn a_service_that_nobody_watches_as_a_whole_is_watched_by_its_calls() {
    let mut lab = Lab::new().await;
    lab.answers("orders-1", async |_| Ok(json!({}))).await;
    let (answer, _) = lab.call(lab.options(Policy::default())).await;
    assert!(answer.is_ok());
    assert_eq!((lab.client.watches(), lab.client.known_instances("registry:///orders")), (1, Some(1)));
    lab.answers("orders-2", async |_| Ok(json!({}))).await;
    lab.seen.until(|told| told.snapshots.iter().find(|s| s.instances.len() == 2).map(drop)).await;
    assert_eq!(lab.client.known_instances("registry:///orders"), Some(2));
}
