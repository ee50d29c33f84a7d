//! The registry across processes: whoever dies without a word is gone when its lease ends, and whoever watches is told.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use callscope_net::client::channel::ConnectOptions;
use callscope_net::registry::{RegisterOptions, Registration};
use callscope_tests::program::{Served, binary, callscope, stderr, stdout};
use callscope_wire::Instance;
use serde_json::{Value, json};

/// Says to a test process that it is to register an instance instead: `HOST:PORT`, then the instance as JSON.
const REGISTER_AT: &str = "CALLSCOPE_TEST_REGISTER_AT";
const INSTANCE: &str = "CALLSCOPE_TEST_INSTANCE";

const TTL: Duration = Duration::from_millis(800);

/// Nothing here takes so long on the slowest machine; who waits longer hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Another process that keeps an instance registered. Killed when dropped.
struct Registrant {
    child: Child,
    /// Open as long as it runs: its harness has something to say at the end.
    _out: BufReader<ChildStdout>,
}

impl Registrant {
    /// Returns when it is registered.
    fn start(registry: &str, service: &str, id: &str, address: &str) -> Self {
        let instance = json!({ "id": id, "service": service, "address": address });
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "registry::in_another_process", "--ignored", "--nocapture"])
            .env(REGISTER_AT, registry)
            .env(INSTANCE, instance.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let registered = out.by_ref().lines().map_while(Result::ok).any(|line| line.contains("registered"));
        assert!(registered, "it ended before it was registered");
        Self { child, _out: out }
    }

    /// `kill -9`.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to say goodbye.
    fn leave(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Registrant {
    fn drop(&mut self) {
        // It may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// No test: what a registrant's process runs. Ends when its input does.
#[test]
#[ignore = "a part of the other tests, for a process of its own"]
fn in_another_process() {
    let (Ok(at), Ok(instance)) = (std::env::var(REGISTER_AT), std::env::var(INSTANCE)) else { return };
    let instance: Instance = serde_json::from_str(&instance).unwrap();
    let options = RegisterOptions { at: at.parse().unwrap(), instance, ttl: TTL, connect: ConnectOptions::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let registration = runtime.block_on(async {
        let registration = Registration::start(options);
        registration.watch().wait().await;
        registration
    });
    println!("registered");
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    runtime.block_on(registration.stop());
}

/// `callscope call … callscope.Registry/Watch`, message by message.
struct Watch {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Watch {
    fn start(server: &Served, request: &Value) -> Self {
        let mut child = Command::new(binary())
            .args(["call", &server.at("native"), "callscope.Registry/Watch", "-d", &request.to_string(), "-o", "jsonl"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// The next message as `kind reason id`.
    fn told(&mut self) -> String {
        let message = self.next();
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        format!("{} {} {}", text(&message["kind"]), text(&message["reason"]), text(&message["instance"]["id"]))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn is_listed(server: &Served, service: &str) -> bool {
    let listed = callscope(&["list", &server.at("registry")]);
    assert!(listed.status.success(), "{}", stderr(&listed));
    stdout(&listed).lines().any(|line| line == service)
}

fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_process_that_is_killed_disappears_when_its_lease_ends() {
    let server = Served::start(&["--steady"]);
    let mut watch = Watch::start(&server, &json!({ "service": "probe", "renewals": true }));
    let snapshot = watch.next();
    assert_eq!((&snapshot["kind"], &snapshot["instances"]), (&json!("snapshot"), &json!([])));

    let probe = Registrant::start(&server.addr, "probe", "probe-1", "native://127.0.0.1:1");
    assert_eq!(watch.told(), "put registered probe-1");
    // Four thirds of its lease: it lives because it renews.
    for _ in 0..4 {
        assert_eq!(watch.told(), "put renewed probe-1");
    }
    assert!(is_listed(&server, "probe"));

    let killed = Instant::now();
    probe.kill();
    // A renewal may have been on its way.
    let mut last = watch.told();
    while last == "put renewed probe-1" {
        last = watch.told();
    }
    assert_eq!(last, "delete expired probe-1");
    assert!(killed.elapsed() < PATIENCE);
    assert!(!is_listed(&server, "probe"));
    assert!(is_listed(&server, "orders"), "the others stay");
}

#[test]
fn calls_find_another_process_through_the_registry_and_say_so_when_it_is_gone() {
    let (registry, worker) = (Served::start(&["--steady"]), Served::start(&["--steady"]));
    let target = format!("{}/adder", registry.at("registry"));
    let add = |deadline| {
        callscope(&["call", &target, "demo.Calculator/Add", "-d", r#"{"a": 1, "b": 2}"#, "--deadline", deadline])
    };
    let before = add("10s");
    assert_eq!(before.status.code(), Some(3));
    assert!(stderr(&before).contains("no instance of `adder` is registered"), "{}", stderr(&before));

    let registrant = Registrant::start(&registry.addr, "adder", "adder-1", &worker.at("native"));
    let during = add("10s");
    assert!(during.status.success(), "{}", stderr(&during));
    assert!(stdout(&during).contains('3'), "{}", stdout(&during));

    // The worker dies, its lease does not yet: the instance is there, and refuses.
    drop(worker);
    let refused = add("10s");
    assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("connection refused"), "{}", stderr(&refused));

    registrant.kill();
    eventually("its lease ends", || !is_listed(&registry, "adder"));
    let after = add("10s");
    assert_eq!(after.status.code(), Some(3));
    assert!(stderr(&after).contains("NO_ENDPOINT"), "{}", stderr(&after));
}

#[test]
fn a_watcher_is_told_of_everyone_who_comes_and_goes() {
    let server = Served::start(&["--steady"]);
    let mut watch = Watch::start(&server, &json!({ "service": "crowd" }));
    let mut revision = watch.next()["revision"].as_u64().unwrap();

    let mut crowd: Vec<_> = (0..6)
        .map(|number| Registrant::start(&server.addr, "crowd", &format!("crowd-{number}"), "native://127.0.0.1:1"))
        .collect();
    // Three leave with a word, two without; one stays. And one comes again under its old name.
    let stays = crowd.pop();
    for (number, registrant) in crowd.into_iter().enumerate() {
        if number % 2 == 0 { registrant.leave() } else { registrant.kill() }
    }
    let again = Registrant::start(&server.addr, "crowd", "crowd-0", "native://127.0.0.1:2");

    let mut picture = BTreeMap::new();
    let mut reasons = BTreeMap::<String, u32>::new();
    while reasons.values().sum::<u32>() < 12 {
        let message = watch.next();
        let next = message["revision"].as_u64().unwrap();
        assert!(next > revision, "{message} behind {revision}");
        revision = next;
        let instance = &message["instance"];
        let id = instance["id"].as_str().unwrap().to_owned();
        let reason = message["reason"].as_str().unwrap().to_owned();
        match message["kind"].as_str().unwrap() {
            "put" => drop(picture.insert(id, instance["address"].as_str().unwrap().to_owned())),
            "delete" => assert!(picture.remove(&id).is_some(), "{id} went and had not come"),
            other => panic!("{other}"),
        }
        *reasons.entry(reason).or_default() += 1;
    }
    let expected = [("deregistered", 3), ("expired", 2), ("registered", 7)];
    assert_eq!(reasons, expected.map(|(reason, count)| (reason.to_owned(), count)).into());
    let expected = [("crowd-0", "native://127.0.0.1:2"), ("crowd-5", "native://127.0.0.1:1")];
    assert_eq!(picture, expected.map(|(id, address)| (id.to_owned(), address.to_owned())).into());

    let listed = callscope(&["call", &server.at("native"), "callscope.Registry/List", "-d", r#"{"service": "crowd"}"#]);
    let listed: Value = serde_json::from_str(&stdout(&listed)).unwrap();
    assert_eq!(listed["instances"].as_array().unwrap().len(), 2, "{listed}");
    drop((stays, again));
}

#[test]
fn whoever_was_registered_comes_back_when_the_registry_does() {
    let first = Served::start(&["--steady"]);
    let addr = first.addr.clone();
    let registrant = Registrant::start(&addr, "loyal", "loyal-1", "native://127.0.0.1:1");
    assert!(is_listed(&first, "loyal"));
    drop(first);
    let second = Served::start_at(&addr, &["--steady"]);
    eventually("it registers anew", || is_listed(&second, "loyal"));
    registrant.leave();
    assert!(!is_listed(&second, "loyal"));
}

#[test]
fn what_is_no_instance_and_no_lease_is_refused_in_plain_words() {
    let server = Served::start(&["--steady"]);
    let at = server.at("native");
    for (method, message, code, words) in [
        (
            "Register",
            json!({ "id": "", "service": "x", "address": "native://h:1", "ttl_ms": 1000 }),
            "INVALID_ARGUMENT",
            "id",
        ),
        (
            "Register",
            json!({ "id": "a/b", "service": "x", "address": "native://h:1", "ttl_ms": 1000 }),
            "INVALID_ARGUMENT",
            "id",
        ),
        (
            "Register",
            json!({ "id": "a", "service": "x", "address": "", "ttl_ms": 1000 }),
            "INVALID_ARGUMENT",
            "address",
        ),
        (
            "Register",
            json!({ "id": "a", "service": "x", "address": "native://h:1", "ttl_ms": 99 }),
            "INVALID_ARGUMENT",
            "ttl",
        ),
        ("Register", json!({ "id": "a", "service": "x", "address": "native://h:1" }), "INVALID_ARGUMENT", "ttl"),
        ("KeepAlive", json!({ "lease_id": "nobody-1" }), "NOT_FOUND", "lease"),
        ("Deregister", json!({ "lease_id": "nobody-1" }), "NOT_FOUND", "lease"),
    ] {
        let name = format!("callscope.Registry/{method}");
        let output = callscope(&["call", &at, &name, "-d", &message.to_string()]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{message}: {said}");
        assert!(said.contains(code) && said.contains(words), "{message}: {said}");
    }
}
