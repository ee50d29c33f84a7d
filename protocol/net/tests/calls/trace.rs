//! Trace context from end to end, and the tree of calls that the shop makes of one order.

use std::sync::{Arc, Mutex};

use callscope_net::client::{CallOptions, Client, ClientOptions, TraceIds};
use callscope_net::demo::{World, WorldOptions};
use callscope_net::observer::{FlowIds, Observer};
use callscope_net::server::{Router, Server, ServerOptions};
use callscope_wire::capture::Flow;
use callscope_wire::policy::{Policy, Retry};
use callscope_wire::{Code, FlowId, Trace, Value};
use serde_json::json;

use super::support::{Lab, Seen, attempts, unavailable, with_retry};

const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// What handlers were called with.
type Traces = Arc<Mutex<Vec<Option<Trace>>>>;

fn remember(router: &mut Router, traces: &Traces, fail_first: bool) {
    let traces = Arc::clone(traces);
    router.unary("t.T/Do", move |cx, _| {
        let mut seen = traces.lock().unwrap();
        let first = seen.is_empty();
        seen.push(cx.trace);
        async move { if first && fail_first { Err(unavailable()) } else { Ok(json!({})) } }
    });
}

#[tokio::test]
async fn every_attempt_is_a_span_of_its_own_in_the_trace_of_its_call() {
    let traces = Traces::default();
    let mut lab = Lab::new().await;
    for id in ["orders-1", "orders-2"] {
        lab.instance(id, |router| remember(router, &traces, true)).await;
    }
    let (answer, flow) = lab.call(lab.options(with_retry())).await;
    assert_eq!(answer, Ok(json!({})));
    assert_eq!(attempts(&flow).len(), 2);
    let call = flow.trace.unwrap();
    let handled: Vec<Trace> = traces.lock().unwrap().iter().cloned().map(Option::unwrap).collect();
    let spans: Vec<_> = flow.attempts.iter().map(|attempt| attempt.span.unwrap()).collect();
    assert_eq!(handled.iter().map(|trace| trace.span_id).collect::<Vec<_>>(), spans);
    assert!(handled.iter().all(|trace| trace.trace_id == call.trace_id && trace.flags == 1));
    assert!(spans[0] != spans[1] && !spans.contains(&call.span_id));
    assert_eq!((call.parent, flow.caller), (None, None));
}

#[tokio::test]
async fn the_users_traceparent_wins_and_one_that_is_none_sends_nothing() {
    let traces = Traces::default();
    let mut lab = Lab::new().await;
    lab.instance("orders-1", |router| remember(router, &traces, false)).await;
    let metadata = [("traceparent", GIVEN), ("tracestate", "congo=t61rcWkgMzE"), ("tenant", "acme")];
    let options = CallOptions { metadata: metadata.into_iter().collect(), ..lab.options(Policy::default()) };
    let (_, flow) = lab.call(options).await;
    let handled = traces.lock().unwrap()[0].clone().unwrap();
    assert_eq!(handled.trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!((handled.state.as_str(), handled.flags), ("congo=t61rcWkgMzE", 1));
    assert_eq!(flow.trace.unwrap().parent.unwrap().to_string(), "00f067aa0ba902b7");

    let metadata = [("traceparent", "00-UPPER-1-01")].into_iter().collect();
    let (answer, flow) = lab.call(CallOptions { metadata, ..lab.options(Policy::default()) }).await;
    let status = answer.unwrap_err();
    assert_eq!(status.code, Code::INVALID_ARGUMENT);
    assert!(status.message.contains("the trace id is 32 lower-case hex digits"), "{status}");
    assert_eq!((flow.attempts.len(), traces.lock().unwrap().len()), (0, 1));
}

#[tokio::test]
async fn ids_can_be_foreseen_and_plain_has_no_place_for_them() {
    let traces = Traces::default();
    let mut router = Router::new();
    remember(&mut router, &traces, false);
    let server = Server::bind(ServerOptions::default(), router).await.unwrap();
    let seen = Seen::new();
    let call = async |flow, target: String| {
        let observer = Arc::clone(&seen) as Arc<dyn Observer>;
        let client =
            Client::new(ClientOptions { observer, trace_ids: TraceIds::seeded(3), ..ClientOptions::default() });
        let flow = FlowId(flow);
        let options = CallOptions { flow, target, method: "t.T/Do".to_owned(), ..CallOptions::default() };
        client.unary(options, &json!({})).await.unwrap();
        seen.ended(flow).await
    };
    let (one, two) = (call(1, server.address()).await, call(2, server.address()).await);
    assert!(one.trace.is_some() && one.trace == two.trace);
    let plain = call(3, format!("plain://{}", server.local_addr())).await;
    assert_eq!((plain.trace, plain.attempts[0].span), (None, None));
    assert_eq!(traces.lock().unwrap()[2], None);
}

struct Shop {
    world: World,
    client: Client,
    seen: Arc<Seen>,
    flows: FlowIds,
}

async fn shop() -> Shop {
    let (seen, flows) = (Seen::new(), FlowIds::default());
    let observer = Arc::clone(&seen) as Arc<dyn Observer>;
    let options =
        WorldOptions { churn: false, observer: Arc::clone(&observer), flows: flows.clone(), ..WorldOptions::default() };
    let world = World::start(options).await.unwrap();
    let own_registry = Some(world.registry_addr());
    let client = Client::new(ClientOptions { observer, own_registry, ..ClientOptions::default() });
    Shop { world, client, seen, flows }
}

impl Shop {
    /// Places an order of one article, and tells its call and those that it made, in order.
    async fn place(&self, unit_price: i64, qty: u32) -> (Flow, Vec<Flow>) {
        let retry = Retry { max_attempts: 5, ..Retry::default() };
        let flow = self.flows.next();
        let options = CallOptions {
            flow,
            target: "registry:///orders@orders-1".to_owned(),
            method: "shop.Orders/Place".to_owned(),
            policy: Policy { retry: Some(retry), ..Policy::default() },
            deadline: Some(std::time::Duration::from_secs(30)),
            ..CallOptions::default()
        };
        let items = json!([{ "sku": "A1-204", "qty": qty, "unit_price": unit_price }]);
        let request: Value = json!({ "customer_id": "c-1", "currency": "EUR", "items": items });
        let _answer = self.client.unary(options, &request).await;
        let root = self.seen.ended(flow).await;
        let mut ids: Vec<FlowId> = self.seen.told().events.iter().map(|(id, ..)| *id).filter(|id| *id > flow).collect();
        ids.sort();
        ids.dedup();
        (root, ids.into_iter().map(|id| self.seen.flow(id)).collect())
    }
}

fn outcomes(flows: &[Flow]) -> Vec<(&str, &str, u16)> {
    let code = |flow: &Flow| flow.status.as_ref().unwrap().code.0;
    flows.iter().map(|flow| (flow.target.as_str(), flow.method.as_str(), code(flow))).collect()
}

#[tokio::test]
async fn one_order_is_a_tree_across_services() {
    let shop = shop().await;
    assert!(shop.seen.told().events.is_empty(), "the world makes no calls by itself");
    let (root, children) = shop.place(1890, 2).await;
    assert_eq!(root.status.as_ref().unwrap().code, Code::OK);
    assert_eq!(
        outcomes(&children),
        [("registry:///inventory", "shop.Inventory/Reserve", 0), ("registry:///payments", "shop.Payments/Charge", 0),]
    );
    for child in &children {
        assert!(root.made(child) && !child.made(&root));
        assert_eq!(child.caller.as_deref(), Some("orders-1"));
        assert_eq!(child.trace.unwrap().parent, root.attempts.last().unwrap().span);
        // In what is left of its caller's time.
        assert!(child.deadline.unwrap() < root.deadline.unwrap());
        assert!(child.started >= root.started && child.ended.unwrap() <= root.ended.unwrap());
    }
    assert_eq!((children[0].sent.messages, children[0].received.messages), (1, 1));
    // Only calls are told: breakers and registries of instances are their own business.
    assert!(shop.seen.told().breakers.is_empty());
    shop.world.stop().await;
}

#[tokio::test]
async fn a_failure_deep_in_the_tree_is_the_callers_too() {
    let shop = shop().await;
    let (root, children) = shop.place(60_000, 2).await;
    let status = root.status.as_ref().unwrap();
    assert_eq!(
        status.to_string(),
        "9 FAILED_PRECONDITION: payments: the card of c-1 is declined: EUR 1200.00 is above its limit"
    );
    assert_eq!(status.details[0]["reason"], "DECLINED");
    assert_eq!(
        outcomes(&children),
        [
            ("registry:///inventory", "shop.Inventory/Reserve", 0),
            ("registry:///payments", "shop.Payments/Charge", 9),
            ("registry:///inventory", "shop.Inventory/Release", 0),
        ]
    );
    let (root, children) = shop.place(1, 501).await;
    assert_eq!(root.status.unwrap().details[0]["reason"], "OUT_OF_STOCK");
    assert_eq!(outcomes(&children), [("registry:///inventory", "shop.Inventory/Reserve", 9)]);
}
