//! What an instance of `shop.Orders` asks of others: articles of `shop.Inventory`, money of `shop.Payments`.
//!
//! Through an ordinary client, over the world's own registry, on behalf of the call that it serves: in its trace, and in
//! what is left of its time. So one call shows as a tree across services.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use callscope_wire::policy::{Policy, Retry};
use callscope_wire::{Code, FlowId, Status, Time, Value};
use serde_json::json;

use super::order_book::Item;
use crate::client::{CallOptions, Client, ClientOptions};
use crate::clock;
use crate::observer::{BreakerView, FlowIds, Observer, Snapshot};
use crate::server::Cx;
use crate::tap::Tap;

/// The way out of one instance.
pub(super) struct Errands {
    /// Set once the registry's address is known.
    client: OnceLock<(Client, String)>,
    flows: FlowIds,
}

/// What instances see of discovery and breakers is their own business; their calls are told.
struct FlowsOnly(Arc<dyn Observer>);

impl Observer for FlowsOnly {
    fn flow(&self, flow: FlowId, at: Time, event: callscope_wire::capture::FlowEvent) {
        self.0.flow(flow, at, event);
    }

    fn message(&self, flow: FlowId, at: Time, sent: bool, message: &bytes::Bytes) {
        self.0.message(flow, at, sent, message);
    }

    fn breaker(&self, _: Time, _: BreakerView) {}
    fn discovered(&self, _: Time, _: Snapshot) {}
}

impl Errands {
    pub(super) fn new(flows: FlowIds) -> Arc<Self> {
        Arc::new(Self { client: OnceLock::new(), flows })
    }

    /// Names the registry. Only the first time counts.
    pub(super) fn open(&self, instance: &str, registry: String, tap: Tap, observer: &Arc<dyn Observer>) {
        self.client.get_or_init(|| {
            let client = Client::new(ClientOptions {
                tap,
                observer: Arc::new(FlowsOnly(Arc::clone(observer))),
                own_registry: Some(registry.clone()),
                caller: Some(instance.to_owned()),
                ..ClientOptions::default()
            });
            (client, registry)
        });
    }

    /// `HOST:PORT` of the registry.
    pub(super) fn registry(&self) -> Result<&str, Status> {
        self.way().map(|(_, registry)| registry.as_str())
    }

    fn way(&self) -> Result<&(Client, String), Status> {
        self.client.get().ok_or_else(|| Status::new(Code::UNAVAILABLE, "this instance is still starting"))
    }

    /// Sets the articles of an order aside; the reservation's id.
    pub(super) async fn reserve(&self, cx: &Cx, items: &[Item]) -> Result<String, Status> {
        let lines: Vec<Value> = items.iter().map(|item| json!({ "sku": item.sku, "qty": item.qty })).collect();
        let retry = Retry {
            max_attempts: 3,
            initial_backoff: Duration::from_millis(2),
            max_backoff: Duration::from_millis(10),
            ..Retry::default()
        };
        let policy = Policy { retry: Some(retry), ..Policy::default() };
        let answer = self.ask(cx, "inventory", "shop.Inventory/Reserve", policy, json!({ "lines": lines })).await?;
        let id = answer.get("reservation_id").and_then(Value::as_str);
        id.map(ToOwned::to_owned).ok_or_else(|| Status::new(Code::INTERNAL, "inventory answered without a reservation"))
    }

    /// Gives a reservation back. That it cannot is no reason to hide why it had to.
    pub(super) async fn release(&self, cx: &Cx, reservation: &str) {
        let request = json!({ "reservation_id": reservation });
        if let Err(status) = self.ask(cx, "inventory", "shop.Inventory/Release", Policy::default(), request).await {
            tracing::debug!(reservation, %status, "a reservation could not be given back");
        }
    }

    /// Takes the money. Never twice: a charge that may have been made is not tried again.
    pub(super) async fn charge(&self, cx: &Cx, customer: &str, amount: i64, currency: &str) -> Result<(), Status> {
        let request = json!({ "customer_id": customer, "amount_minor": amount, "currency": currency });
        self.ask(cx, "payments", "shop.Payments/Charge", Policy::default(), request).await.map(drop)
    }

    async fn ask(&self, cx: &Cx, service: &str, method: &str, policy: Policy, request: Value) -> Result<Value, Status> {
        let (client, _) = self.way()?;
        let options = CallOptions {
            flow: self.flows.next(),
            target: format!("registry:///{service}"),
            method: method.to_owned(),
            deadline: cx.deadline.map(|deadline| deadline.since(clock::now())),
            trace: cx.trace.clone(),
            policy,
            ..CallOptions::default()
        };
        client.unary(options, &request).await.map_err(|status| {
            // What went wrong is passed on as it is; that the answer was another's is said.
            let message = format!("{service}: {}", status.message);
            Status { message, details: status.details, ..Status::new(status.code, "") }
        })
    }
}
