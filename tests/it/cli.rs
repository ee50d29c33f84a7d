//! The command line, as scripts use it.

use callscope_tests::program::{Served, callscope, callscope_with_input, stderr, stdout};
use serde_json::{Value, json};

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn an_address_is_all_it_takes_to_list_describe_and_call() {
    let server = Served::start(&[]);
    for scheme in ["native", "plain"] {
        let at = server.at(scheme);
        let listed = callscope(&["list", &at]);
        assert!(listed.status.success(), "{}", stderr(&listed));
        let names = stdout(&listed);
        for service in
            ["demo.Calculator", "demo.Greeter", "shop.Orders", "callscope.Introspection", "callscope.Registry"]
        {
            assert!(names.lines().any(|line| line == service), "{service} is missing: {names}");
        }
        let methods = stdout(&callscope(&["list", &at, "demo.Calculator"]));
        assert!(methods.contains("Primes(") && methods.contains("→ stream"), "{methods}");
        let described = stdout(&callscope(&["describe", &at, "demo.Calculator/Divide"]));
        assert!(described.contains("dividend") && described.contains("// example"), "{described}");
        let called = callscope(&["call", &at, "demo.Calculator/Add", "-d", r#"{"a": 1, "b": 2}"#]);
        assert!(called.status.success(), "{}", stderr(&called));
        // Plain answers with the bare value of an only field.
        let expected = if scheme == "plain" { json!(3) } else { json!({ "sum": 3 }) };
        assert_eq!(json_of(&stdout(&called)), expected);
    }
}

#[test]
fn streams_go_both_ways() {
    let server = Served::start(&[]);
    let at = server.at("native");
    let primes = callscope(&["call", &at, "demo.Calculator/Primes", "-d", r#"{"limit": 20}"#, "-o", "jsonl"]);
    let lines: Vec<Value> = stdout(&primes).lines().map(json_of).collect();
    let (summary, messages) = lines.split_last().unwrap();
    let primes: Vec<i64> = messages.iter().filter_map(|message| message["prime"].as_i64()).collect();
    assert_eq!(primes, [2, 3, 5, 7, 11, 13, 17, 19]);
    assert_eq!(summary["status"]["name"], "OK");

    let values = "{\"value\": 1}\n{\"value\": 2}\n{\"value\": 4}\n";
    let sum = callscope_with_input(&["call", &at, "demo.Calculator/Sum", "-d", "-"], values);
    assert_eq!(json_of(&stdout(&sum)), json!({"sum": 7, "count": 3}), "{}", stderr(&sum));

    let talk = callscope(&["call", &at, "demo.Chat/Talk", "-d", r#"{"from": "me", "text": "你好"}"#, "-o", "jsonl"]);
    assert!(talk.status.success(), "{}", stderr(&talk));
    assert!(stdout(&talk).lines().count() >= 2, "{}", stdout(&talk));
}

#[test]
fn the_exit_status_says_who_is_to_blame() {
    let server = Served::start(&[]);
    let at = server.at("native");
    let divide = callscope(&["call", &at, "demo.Calculator/Divide", "-d", r#"{"dividend": 1, "divisor": 0}"#]);
    assert_eq!(divide.status.code(), Some(1));
    assert!(stderr(&divide).contains("INVALID_ARGUMENT"), "{}", stderr(&divide));

    let unknown = callscope(&["call", &at, "demo.Calculator/Nothing", "-d", "{}"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(stderr(&unknown).contains("UNIMPLEMENTED"), "{}", stderr(&unknown));

    let wrong = callscope(&["call", &at, "demo.Calculator/Add", "-d", "{\"a\": "]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("not JSON"), "{}", stderr(&wrong));

    let address = callscope(&["call", "nonsense", "demo.Calculator/Add"]);
    assert_eq!(address.status.code(), Some(2), "{}", stderr(&address));

    // A port on which nobody listens any more.
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("native://{}", listener.local_addr().unwrap())
    };
    let refused = callscope(&["call", &gone, "demo.Calculator/Add", "-d", "{}"]);
    assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("refused"), "{}", stderr(&refused));
}

#[test]
fn json_output_has_stable_members() {
    let server = Served::start(&[]);
    let at = server.at("native");
    let output =
        callscope(&["call", &at, "demo.Greeter/Hello", "-d", r#"{"name": "王小明", "language": "zh"}"#, "-o", "json"]);
    let object = json_of(&stdout(&output));
    assert_eq!(object["status"], json!({"code": 0, "name": "OK", "message": "", "details": []}));
    assert!(object["messages"][0]["greeting"].as_str().unwrap().contains("王小明"));
    assert_eq!(object["attempts"][0]["status"], "OK");
    for member in ["metadata", "trailers", "timeline", "duration_us", "bytes_sent", "bytes_received", "verdict"] {
        assert!(object.get(member).is_some(), "{member} is missing: {object}");
    }
    let segments: Vec<&str> =
        object["timeline"].as_array().unwrap().iter().filter_map(|part| part["segment"].as_str()).collect();
    for segment in ["connect", "handshake", "send", "wait"] {
        assert!(segments.contains(&segment), "{segment} is missing: {segments:?}");
    }
}

#[test]
fn a_deadline_ends_a_call_that_takes_too_long() {
    let server = Served::start(&[]);
    let at = server.at("native");
    let args = ["call", &at, "demo.Ticker/Watch", "-d", r#"{"interval_ms": 20}"#, "--deadline", "150ms", "-o", "jsonl"];
    let output = callscope(&args);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    let summary = json_of(text.lines().last().unwrap());
    assert_eq!(summary["status"]["name"], "DEADLINE_EXCEEDED");
    assert!(text.lines().count() > 1, "ticks came before it: {text}");
}

#[test]
fn ctrl_c_cancels_the_call_and_says_so() {
    let server = Served::start(&[]);
    let mut child = std::process::Command::new(callscope_tests::program::binary())
        .args(["call", &server.at("native"), "demo.Ticker/Watch", "-d", r#"{"interval_ms": 10}"#, "-o", "jsonl"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The first tick: the call runs.
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    let interrupted = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut out, &mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(json_of(rest.lines().last().unwrap())["status"]["name"], "CANCELLED");
}

#[test]
fn a_service_is_found_through_the_registry() {
    let server = Served::start(&[]);
    let registry = server.at("registry");
    let names = stdout(&callscope(&["list", &registry]));
    assert!(names.lines().any(|line| line == "orders"), "{names}");
    let place =
        r#"{"customer_id": "c-1", "currency": "EUR", "items": [{"sku": "A1-204", "qty": 2, "unit_price": 1890}]}"#;
    let output = callscope(&["call", &format!("{registry}/orders"), "shop.Orders/Place", "-d", place, "-o", "json"]);
    assert!(output.status.success(), "{}", stdout(&output));
    let object = json_of(&stdout(&output));
    assert_eq!(object["messages"][0]["total_minor"], json!(3780), "{object}");
    let missing = callscope(&["call", &format!("{registry}/nobody"), "shop.Orders/Place", "-d", place]);
    assert_eq!(missing.status.code(), Some(3));
    assert!(stderr(&missing).contains("NO_ENDPOINT"), "{}", stderr(&missing));
}

#[test]
fn tls_is_trusted_by_its_ca_and_by_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    let ca = ca.to_str().unwrap();
    let server = Served::start(&["--tls-ca", ca]);
    let at = server.at("native+tls");
    let add = r#"{"a": 20, "b": 22}"#;
    let trusted = callscope(&["call", &at, "demo.Calculator/Add", "-d", add, "--ca", ca]);
    assert!(trusted.status.success(), "{}", stderr(&trusted));
    assert_eq!(json_of(&stdout(&trusted))["sum"], json!(42));
    let stranger = callscope(&["call", &at, "demo.Calculator/Add", "-d", add]);
    assert_eq!(stranger.status.code(), Some(3));
    assert!(stderr(&stranger).contains("certificate"), "{}", stderr(&stranger));
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = callscope(&["completions", shell]);
        assert!(output.status.success());
        assert!(stdout(&output).contains("callscope"), "{shell}");
    }
}

#[test]
fn a_call_within_the_own_world_shows_its_tree() {
    let order = r#"{"customer_id": "c-1", "currency": "EUR", "items": [{"sku": "A1", "qty": 2, "unit_price": 60000}]}"#;
    let target = "registry:///orders@orders-1";
    let output = callscope(&["call", target, "shop.Orders/Place", "-d", order, "-v"]);
    assert_eq!(output.status.code(), Some(1), "the card is declined: {}", stderr(&output));
    let told = stderr(&output);
    let tree: Vec<&str> = told.lines().skip_while(|line| !line.starts_with("shop.Orders/Place")).collect();
    // `inventory-2` turns one of twelve away: then its two attempts have lines of their own.
    let told: Vec<&str> = tree.iter().copied().filter(|line| !line.contains("attempt")).collect();
    let expected = [
        ("shop.Orders/Place  9 FAILED_PRECONDITION  ", " ms"),
        ("├─ shop.Inventory/Reserve on inventory-", " ms"),
        ("├─ shop.Payments/Charge on payments-1  9 FAILED_PRECONDITION  ", " ms"),
        ("└─ shop.Inventory/Release on inventory-", " ms"),
    ];
    assert_eq!(told.len(), expected.len(), "{tree:#?}");
    for (line, (start, end)) in told.iter().zip(expected) {
        assert!(line.starts_with(start) && line.ends_with(end), "{line}");
    }
    // Of a server in another process nothing is known but its answer.
    let server = Served::start(&[]);
    let elsewhere = callscope(&["call", &server.at("native"), "shop.Orders/Place", "-d", order, "-v", "-o", "json"]);
    assert!(!stderr(&elsewhere).contains("Payments/Charge on"), "{}", stderr(&elsewhere));
    assert_eq!(json_of(&stdout(&elsewhere))["trace_id"].as_str().map(str::len), Some(32));
}
