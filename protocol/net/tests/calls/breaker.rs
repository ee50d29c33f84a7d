//! A breaker on real calls: it opens, keeps its instance out, and finds out when it is well again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use callscope_net::clock;
use callscope_wire::capture::verdict::verdict;
use callscope_wire::policy::BreakerState::{self, Closed, HalfOpen, Open};
use callscope_wire::policy::{Breaker, Policy};
use callscope_wire::{Code, Status};
use serde_json::json;

use super::support::{Lab, attempts, in_turn, unavailable, with_retry};

fn policy() -> Policy {
    let breaker = Breaker {
        sliding_window_size: 4,
        minimum_number_of_calls: 4,
        failure_rate_threshold: 50.0,
        wait_duration_in_open_state: Duration::from_millis(50),
        permitted_number_of_calls_in_half_open_state: 2,
    };
    Policy { breaker: Some(breaker), ..in_turn() }
}

/// A lab with `orders-1`, which fails as long as the switch is on.
async fn lab() -> (Lab, Arc<AtomicBool>) {
    let mut lab = Lab::new().await;
    let unwell = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&unwell);
    lab.answers("orders-1", move |_| {
        let fails = switch.load(Ordering::Relaxed);
        async move { if fails { Err(unavailable()) } else { Ok(json!({})) } }
    })
    .await;
    (lab, unwell)
}

async fn code(lab: &Lab, policy: Policy) -> Code {
    lab.call(lab.options(policy)).await.0.err().map_or(Code::OK, |status| status.code)
}

/// Waits until an open breaker lets a call through again.
async fn wait_is_over(lab: &Lab) {
    let until = lab.client.breakers()[0].until.unwrap();
    tokio::time::sleep_until(clock::instant(until)).await;
}

#[tokio::test]
async fn it_opens_half_opens_and_closes() {
    let (lab, unwell) = lab().await;
    for _ in 0..4 {
        assert_eq!(code(&lab, policy()).await, Code::UNAVAILABLE);
    }
    let (answer, flow) = lab.call(lab.options(policy())).await;
    let Status { code: found, message, not_processed, .. } = answer.unwrap_err();
    assert_eq!((found, not_processed), (Code::CIRCUIT_OPEN, true));
    assert!(message.starts_with("the breaker of the only instance is open; the next call may pass in "), "{message}");
    assert!(verdict(&flow).to_string().starts_with("Nothing was sent: the breaker"));
    assert!(flow.attempts.is_empty());
    let view = lab.client.breakers().remove(0);
    assert_eq!((view.service.as_str(), view.instance.as_str()), ("orders", "orders-1"));
    assert_eq!((view.state, view.opened, view.rejected), (BreakerState::Open, 1, 1));
    assert_eq!(view.last_failure.unwrap().1, "14 UNAVAILABLE: the database is away");

    // Still unwell: both probes fail, and it opens again.
    wait_is_over(&lab).await;
    assert_eq!(code(&lab, policy()).await, Code::UNAVAILABLE);
    assert_eq!(code(&lab, policy()).await, Code::UNAVAILABLE);
    assert_eq!(lab.client.breakers()[0].state, BreakerState::Open);

    unwell.store(false, Ordering::Relaxed);
    wait_is_over(&lab).await;
    let (answer, flow) = lab.call(lab.options(policy())).await;
    assert!(answer.is_ok());
    assert_eq!(flow.attempts[0].breaker, Some(BreakerState::HalfOpen));
    assert_eq!(code(&lab, policy()).await, Code::OK);
    assert_eq!(lab.seen.states("orders-1"), [Closed, Open, HalfOpen, Open, HalfOpen, Closed]);
    let view = lab.client.breakers().remove(0);
    assert_eq!((view.window.len(), view.opened), (0, 2), "it starts with a fresh window");
}

#[tokio::test]
async fn while_it_is_open_the_others_do_the_work() {
    let (mut lab, _unwell) = lab().await;
    lab.answers("orders-2", async |_| Ok(json!({}))).await;
    let policy = Policy { retry: with_retry().retry, ..policy() };
    let slow = Breaker { wait_duration_in_open_state: Duration::from_mins(10), ..policy.breaker.clone().unwrap() };
    let policy = Policy { breaker: Some(slow), ..policy };
    while lab.seen.states("orders-1").last() != Some(&BreakerState::Open) {
        let (answer, flow) = lab.call(lab.options(policy.clone())).await;
        assert!(answer.is_ok(), "a retry saves it: {flow:?}");
    }
    let before = lab.client.breakers()[0].rejected;
    for _ in 0..5 {
        let (answer, flow) = lab.call(lab.options(policy.clone())).await;
        assert!(answer.is_ok());
        assert_eq!(attempts(&flow), [("orders-2", "OK")]);
        assert_eq!(flow.attempts[0].breaker, Some(BreakerState::Closed));
    }
    assert_eq!(lab.client.breakers()[0].rejected - before, 5);
}

#[tokio::test]
async fn a_call_that_is_given_up_gives_its_permit_back() {
    let (mut lab, unwell) = lab().await;
    for _ in 0..4 {
        assert_eq!(code(&lab, policy()).await, Code::UNAVAILABLE);
    }
    wait_is_over(&lab).await;
    unwell.store(false, Ordering::Relaxed);
    // From now on it hangs, so that a probe can be given up in the middle.
    let (server, registration) = lab.instances.remove("orders-1").unwrap();
    registration.stop().await;
    drop(server);
    lab.answers("orders-1", async |_| std::future::pending().await).await;
    let options = lab.options(policy());
    let id = options.flow;
    let mut call = lab.client.start(options);
    call.send("{}".into()).await.unwrap();
    call.done_sending();
    lab.seen.until(|told| told.breakers.iter().find(|view| view.permits_left == 1).map(drop)).await;
    drop(call);
    let flow = lab.seen.ended(id).await;
    assert_eq!(flow.status.unwrap().code, Code::CANCELLED);
    lab.seen.until(|told| told.breakers.last().filter(|view| view.permits_left == 2).map(drop)).await;
}
