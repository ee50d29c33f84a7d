//! Redirect from end to end: hops, circles, credentials, the deadline, and what the demo world sends on.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use callscope_net::client::{CallOptions, Client, ClientOptions, Incoming};
use callscope_net::demo::{World, WorldOptions};
use callscope_net::observer::Observer;
use callscope_net::server::{Router, Server, ServerOptions};
use callscope_wire::capture::{Flow, verdict};
use callscope_wire::policy::{Policy, Redirect};
use callscope_wire::{Code, FlowId, Shape, Status, Value};
use serde_json::json;

use super::support::{Lab, Seen, attempts, in_turn};

/// Sends every call on to `to`.
fn sends_on(router: &mut Router, to: &str) {
    let to = to.to_owned();
    router.unary("t.T/Do", move |_, _| {
        let status = Status::redirect(&to, "moved");
        async { Err(status) }
    });
}

/// Metadata of the calls that arrived.
type Arrived = Arc<Mutex<Vec<Vec<String>>>>;

/// Answers with its name, and remembers what metadata came.
fn answers(router: &mut Router, name: &'static str, arrived: &Arrived) {
    let arrived = Arc::clone(arrived);
    router.unary("t.T/Do", move |cx, request| {
        let names = cx.metadata.iter().map(|(name, _)| name.to_owned()).collect();
        arrived.lock().unwrap().push(names);
        async move { Ok(json!({ "by": name, "request": request })) }
    });
}

async fn serve(fill: impl FnOnce(&mut Router)) -> Server {
    let mut router = Router::new();
    fill(&mut router);
    Server::bind(ServerOptions::default(), router).await.unwrap()
}

/// `orders-1` sends on to `to`, and the call says who it is.
async fn call(lab: &Lab, policy: Policy) -> (Result<Value, Status>, Flow) {
    let metadata = [("authorization", "Bearer x"), ("tenant", "acme")].into_iter().collect();
    let target = "registry:///orders@orders-1".to_owned();
    lab.call(CallOptions { metadata, target, ..lab.options(policy) }).await
}

#[tokio::test]
async fn a_call_goes_where_it_is_sent_with_its_message_and_each_hop_is_an_attempt() {
    let mut lab = Lab::new().await;
    let arrived = Arrived::default();
    lab.instance("orders-1", |router| sends_on(router, "registry:///orders@orders-2")).await;
    lab.instance("orders-2", |router| answers(router, "two", &arrived)).await;
    let (answer, flow) = call(&lab, in_turn()).await;
    assert_eq!(answer.unwrap(), json!({ "by": "two", "request": {} }));
    assert_eq!(attempts(&flow), [("orders-1", "REDIRECT"), ("orders-2", "OK")]);
    let to = format!("registry://{}/orders@orders-2", lab.registry);
    assert_eq!(flow.attempts[1].redirected, Some(("orders-1".to_owned(), to)));
    assert_eq!(verdict(&flow).to_string(), "orders-1 sent this call on to orders-2, which answered it.");
    // Within the service that was called everybody may know who calls.
    assert!(flow.attempts[1].withheld.is_empty());
    assert_eq!(*arrived.lock().unwrap(), [["authorization", "tenant"]]);
}

#[tokio::test]
async fn strangers_get_no_credentials() {
    let arrived = Arrived::default();
    let stranger = serve(|router| answers(router, "stranger", &arrived)).await;
    let mut lab = Lab::new().await;
    let to = stranger.address();
    lab.instance("orders-1", |router| sends_on(router, &to)).await;
    let (answer, flow) = call(&lab, in_turn()).await;
    assert_eq!(answer.unwrap()["by"], "stranger");
    assert_eq!(flow.attempts[1].withheld, ["authorization"]);
    assert_eq!(*arrived.lock().unwrap(), [["tenant"]]);
}

#[tokio::test]
async fn circles_end_with_the_redirect_and_say_so() {
    let mut lab = Lab::new().await;
    lab.instance("orders-1", |router| sends_on(router, "registry:///orders@orders-2")).await;
    lab.instance("orders-2", |router| sends_on(router, "registry:///orders@orders-1")).await;
    let (answer, flow) = call(&lab, in_turn()).await;
    assert_eq!(answer.unwrap_err().code, Code::REDIRECT);
    assert_eq!(attempts(&flow)[..2], [("orders-1", "REDIRECT"), ("orders-2", "REDIRECT")]);
    let refused = flow.redirect_refused.as_ref().unwrap().to_string();
    assert_eq!(refused, "it goes round in circles: orders-1 has sent it on already");
    let said = verdict(&flow).to_string();
    assert!(said.contains("orders-2 sends the call on to registry:///orders@orders-1"), "{said}");
}

#[tokio::test]
async fn the_policy_may_forbid_it_and_bounds_the_hops() {
    let mut lab = Lab::new().await;
    for n in 1..=7 {
        let to = format!("registry:///orders@orders-{}", n + 1);
        lab.instance(&format!("orders-{n}"), |router| sends_on(router, &to)).await;
    }
    let never = Policy { redirect: Some(Redirect { follow: false, ..Redirect::default() }), ..in_turn() };
    let (answer, flow) = call(&lab, never).await;
    assert_eq!(
        (answer.unwrap_err().redirect.as_deref(), flow.attempts.len()),
        (Some("registry:///orders@orders-2"), 1)
    );
    let (answer, flow) = call(&lab, in_turn()).await;
    assert_eq!((answer.unwrap_err().code, flow.attempts.len()), (Code::REDIRECT, 6), "the first, and five hops");
    assert_eq!(flow.redirect_refused.unwrap().to_string(), "it was sent on 5 times already");
    let once = Policy { redirect: Some(Redirect { max_hops: 1, ..Redirect::default() }), ..in_turn() };
    assert_eq!(call(&lab, once).await.1.attempts.len(), 2);
}

#[tokio::test]
async fn an_answer_that_had_begun_commits_the_call() {
    let server = serve(|router| {
        router.server_stream("t.T/Stream", async |_, _, mut outbound| {
            outbound.send(json!(1)).await?;
            Err(Status::redirect("native://127.0.0.1:1", "too late"))
        });
    })
    .await;
    let seen = Seen::new();
    let observer = Arc::clone(&seen) as Arc<dyn Observer>;
    let client = Client::new(ClientOptions { observer, ..ClientOptions::default() });
    let mut call = client.start(CallOptions {
        flow: FlowId(1),
        target: server.address(),
        method: "t.T/Stream".to_owned(),
        shape: Shape::ServerStream,
        ..CallOptions::default()
    });
    call.send(Bytes::from_static(b"{}")).await.unwrap();
    while !matches!(call.next().await, Some(Incoming::End(_)) | None) {}
    let flow = seen.ended(FlowId(1)).await;
    assert_eq!(flow.status.unwrap().code, Code::REDIRECT);
    assert!(flow.redirect_refused.unwrap().to_string().starts_with("the answer had begun"));
}

#[tokio::test]
async fn the_deadline_covers_all_hops() {
    let slow = serve(|router| {
        router.unary("t.T/Do", async |_, _| std::future::pending().await);
    })
    .await;
    let mut lab = Lab::new().await;
    let to = slow.address();
    lab.instance("orders-1", |router| sends_on(router, &to)).await;
    let deadline = Some(Duration::from_millis(300));
    let (answer, flow) = lab.call(CallOptions { deadline, ..lab.options(in_turn()) }).await;
    assert_eq!(answer.unwrap_err().code, Code::DEADLINE_EXCEEDED);
    assert_eq!(attempts(&flow)[0], ("orders-1", "REDIRECT"));
}

#[tokio::test]
async fn an_order_of_another_region_is_had_from_the_instance_that_keeps_it() {
    let world = World::start(WorldOptions { churn: false, ..WorldOptions::default() }).await.unwrap();
    let seen = Seen::new();
    let client = Client::new(ClientOptions {
        observer: Arc::clone(&seen) as Arc<dyn Observer>,
        own_registry: Some(world.registry_addr()),
        ..ClientOptions::default()
    });
    // Through the registry, and straight to the front, which keeps nothing itself.
    for (flow, target) in
        [(1, "registry:///orders@orders-1".to_owned()), (2, format!("native://{}", world.registry_addr()))]
    {
        let method = "shop.Orders/Get".to_owned();
        let options = CallOptions { flow: FlowId(flow), target, method, ..CallOptions::default() };
        let order = client.unary(options, &json!({ "id": "o-2002" })).await.unwrap();
        assert_eq!(order["served_by"], "orders-2");
        let flow = seen.ended(FlowId(flow)).await;
        assert_eq!(flow.attempts.last().unwrap().instance, "orders-2");
    }
}
