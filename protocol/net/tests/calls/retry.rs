//! What is tried again, where, and why not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use callscope_net::client::CallOptions;
use callscope_wire::capture::{FlowEvent, Segment, verdict::verdict};
use callscope_wire::policy::{Policy, Retry, RetryBudget};
use callscope_wire::{Code, Shape, Status};
use serde_json::json;

use super::support::{Lab, attempts, closed_port, in_turn, unavailable, with_retry};

#[tokio::test]
async fn a_retry_goes_to_another_instance() {
    let mut lab = Lab::new().await;
    lab.answers("orders-1", async |_| Err(unavailable())).await;
    lab.answers("orders-2", async |_| Ok(json!({ "fine": true }))).await;
    let (answer, flow) = lab.call(lab.options(with_retry())).await;
    assert_eq!(answer, Ok(json!({ "fine": true })));
    assert_eq!(attempts(&flow), [("orders-1", "UNAVAILABLE"), ("orders-2", "OK")]);
    assert_eq!(verdict(&flow), "orders-1 answered UNAVAILABLE; one retry on orders-2 was enough.");
    assert_eq!(flow.instances, 2);
    assert!(flow.resolve.is_some());
    let [first, second] = &flow.attempts[..] else { panic!("{flow:?}") };
    assert_eq!(second.backoff.as_ref().unwrap().1, "UNAVAILABLE is worth another try");
    assert_ne!(first.wire, second.wire);
    assert!(first.wire.is_some() && second.wire.is_some());
    for attempt in &flow.attempts {
        let names: Vec<_> = attempt.segments.iter().map(|(segment, _, _)| *segment).collect();
        let wanted = [Segment::Connect, Segment::Handshake, Segment::Send, Segment::Wait];
        let of_interest: Vec<_> = names.iter().filter(|segment| wanted.contains(segment)).copied().collect();
        assert_eq!(of_interest, wanted);
        for (segment, from, to) in &attempt.segments {
            assert!(from <= to && *from >= attempt.started && *to <= attempt.ended.unwrap(), "{segment:?}");
        }
    }
    assert_eq!((flow.sent.messages, flow.received.messages), (1, 1), "a message that is sent again is not news");
}

#[tokio::test]
async fn attempts_run_out_and_the_last_status_stays() {
    let mut lab = Lab::new().await;
    lab.answers("orders-1", async |_| Err(unavailable())).await;
    lab.answers("orders-2", async |_| Err(Status::new(Code::UNAVAILABLE, "second"))).await;
    let (answer, flow) = lab.call(lab.options(with_retry())).await;
    assert_eq!(answer.unwrap_err().code, Code::UNAVAILABLE);
    assert_eq!(attempts(&flow).len(), 3);
    assert_eq!(flow.retry_refused.unwrap(), "all 3 attempts are used up");
}

#[tokio::test]
async fn without_a_policy_nothing_that_a_handler_saw_is_tried_again() {
    let mut lab = Lab::new().await;
    lab.answers("orders-1", async |_| Err(unavailable())).await;
    lab.answers("orders-2", async |_| Ok(json!({}))).await;
    let (answer, flow) = lab.call(lab.options(in_turn())).await;
    assert_eq!(answer.unwrap_err(), unavailable());
    assert_eq!((attempts(&flow).len(), &flow.retry_refused), (1, &None));
}

#[tokio::test]
async fn what_was_not_processed_is_sent_again_once_for_free() {
    let mut lab = Lab::new().await;
    lab.answers("orders-1", async |_| Err(not_now())).await;
    lab.answers("orders-2", async |_| Ok(json!({}))).await;
    let (answer, flow) = lab.call(lab.options(in_turn())).await;
    assert!(answer.is_ok());
    assert_eq!(attempts(&flow), [("orders-1", "UNAVAILABLE"), ("orders-2", "OK")]);

    let mut lab = Lab::new().await;
    lab.answers("orders-1", async |_| Err(not_now())).await;
    let (answer, flow) = lab.call(lab.options(in_turn())).await;
    assert!(answer.unwrap_err().not_processed);
    assert_eq!(attempts(&flow).len(), 2, "once, and no more");
}

fn not_now() -> Status {
    Status::unprocessed(Code::UNAVAILABLE, "not now")
}

#[tokio::test]
async fn a_closed_port_is_passed_over_without_a_policy() {
    let mut lab = Lab::new().await;
    let closed = closed_port().await;
    lab.register("orders-1", &closed, None, Duration::from_mins(1)).await;
    lab.answers("orders-2", async |_| Ok(json!({}))).await;
    let (answer, flow) = lab.call(lab.options(in_turn())).await;
    assert!(answer.is_ok());
    assert_eq!(attempts(&flow), [("orders-1", "UNAVAILABLE"), ("orders-2", "OK")]);
    assert!(flow.attempts[0].segments.iter().any(|(segment, _, _)| *segment == Segment::Connect));
    assert!(flow.attempts[0].wire.is_none());

    // Its turn would come again, but connecting failed a moment ago.
    for _ in 0..4 {
        let (answer, flow) = lab.call(lab.options(in_turn())).await;
        assert!(answer.is_ok());
        assert_eq!(attempts(&flow), [("orders-2", "OK")]);
    }
}

#[tokio::test]
async fn a_direct_call_to_a_closed_port_says_so() {
    let lab = Lab::new().await;
    let target = closed_port().await;
    let (answer, flow) = lab.call(CallOptions { target: target.clone(), ..lab.options(Policy::default()) }).await;
    let status = answer.unwrap_err();
    assert_eq!((status.code, status.not_processed), (Code::UNAVAILABLE, true));
    let name = target.trim_start_matches("native://");
    assert_eq!(verdict(&flow), format!("{name} could not be reached: connection refused (connecting to {target})."));
}

#[tokio::test]
async fn the_server_may_ask_for_a_pause_or_for_none_at_all() {
    let mut lab = Lab::new().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    lab.answers("orders-1", move |_| {
        let pushback_ms = Some(if count.fetch_add(1, Ordering::Relaxed) == 0 { 3 } else { -1 });
        async move { Err(Status { pushback_ms, ..unavailable() }) }
    })
    .await;
    let (_, flow) = lab.call(lab.options(with_retry())).await;
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    let (pause, reason) = flow.attempts[1].backoff.as_ref().unwrap();
    assert_eq!((*pause, reason.to_string().as_str()), (Duration::from_millis(3), "the server asked to wait 3 ms"));
    assert_eq!(flow.retry_refused.unwrap(), "the server asked not to be called again");
}

#[tokio::test]
async fn the_budget_bounds_the_retries() {
    let mut lab = Lab::new().await;
    lab.answers("orders-1", async |_| Err(unavailable())).await;
    let budget = RetryBudget { percent: 50.0, min_per_second: 0.0, ttl: Duration::from_mins(1) };
    let policy = Policy { retry_budget: Some(budget), ..with_retry() };
    let (_, first) = lab.call(lab.options(policy.clone())).await;
    let (answer, second) = lab.call(lab.options(policy.clone())).await;
    assert_eq!(answer.unwrap_err(), unavailable(), "the status stays that of the last attempt");
    // Two calls pay for one retry.
    assert_eq!((first.attempts.len(), second.attempts.len()), (1, 2));
    let refused = "the retry budget is used up: retries may add 50 % to the load";
    assert_eq!(first.retry_refused.unwrap(), refused);
    let view = lab.client.budget("registry:///orders").unwrap();
    assert_eq!((view.left, view.reserve), (0, 0));
}

#[tokio::test]
async fn an_answer_that_began_is_not_asked_for_again() {
    let mut lab = Lab::new().await;
    lab.instance("orders-1", |router| {
        router.server_stream("t.T/Do", async |_, _, mut outbound| {
            outbound.send(json!(1)).await?;
            Err(unavailable())
        });
    })
    .await;
    let options = CallOptions { shape: Shape::ServerStream, ..lab.options(with_retry()) };
    let (answer, flow) = lab.call(options).await;
    assert_eq!(answer.unwrap_err(), unavailable());
    assert_eq!(attempts(&flow), [("orders-1", "UNAVAILABLE")]);
    assert!(flow.retry_refused.unwrap().to_string().contains("committed"));
}

#[tokio::test]
async fn the_deadline_covers_the_pauses_too() {
    let mut lab = Lab::new().await;
    lab.answers("orders-1", async |_| Err(unavailable())).await;
    let retry =
        Retry { initial_backoff: Duration::from_secs(30), max_backoff: Duration::from_secs(30), ..Retry::default() };
    let options = CallOptions {
        deadline: Some(Duration::from_secs(10)),
        ..lab.options(Policy { retry: Some(retry), ..in_turn() })
    };
    let (answer, flow) = lab.call(options).await;
    assert_eq!(answer.unwrap_err(), unavailable(), "why it failed is worth more than that it was late");
    assert!(flow.retry_refused.unwrap().to_string().ends_with("would pass the deadline"));
}

#[tokio::test]
async fn each_attempt_is_told_what_is_left_of_the_deadline() {
    let mut lab = Lab::new().await;
    lab.instance("orders-1", |router| {
        router.unary("t.T/Do", async |cx, _| {
            let left = cx.deadline.unwrap() - callscope_net::clock::now();
            if cx.attempt == 0 {
                Err(unavailable())
            } else {
                Ok(json!({ "attempt": cx.attempt, "left": left.as_millis() as u64 }))
            }
        });
    })
    .await;
    let options = CallOptions { deadline: Some(Duration::from_secs(20)), ..lab.options(with_retry()) };
    let (answer, _) = lab.call(options).await;
    let answer = answer.unwrap();
    assert_eq!(answer["attempt"], 1);
    assert!(answer["left"].as_u64().unwrap() < 20_000);
}

#[tokio::test]
async fn nobody_there_is_no_endpoint() {
    let lab = Lab::new().await;
    let (answer, flow) = lab.call(lab.options(with_retry())).await;
    assert_eq!(answer.unwrap_err().code, Code::NO_ENDPOINT);
    assert_eq!(verdict(&flow), "Nothing was sent: no instance of `orders` is registered.");
    assert!(flow.attempts.is_empty());

    let options = CallOptions { target: "registry:///".to_owned(), ..lab.options(with_retry()) };
    let (answer, flow) = lab.call(options).await;
    assert_eq!(answer.unwrap_err().code, Code::INVALID_ARGUMENT);
    assert!(verdict(&flow).to_string().contains("the service is missing"), "{}", verdict(&flow));

    let away = closed_port().await.replace("native://", "registry://");
    let options = CallOptions { target: format!("{away}/orders"), ..lab.options(with_retry()) };
    let status = lab.call(options).await.0.unwrap_err();
    assert!(status.message.ends_with("cannot be asked: connection refused"), "{status}");
}

#[tokio::test]
async fn one_instance_can_be_picked_by_name() {
    let mut lab = Lab::new().await;
    for id in ["orders-1", "orders-2", "orders-3"] {
        lab.answers(id, async |_| Ok(json!({}))).await;
    }
    for _ in 0..4 {
        let target = "registry:///orders@orders-2".to_owned();
        let (_, flow) = lab.call(CallOptions { target, ..lab.options(in_turn()) }).await;
        assert_eq!(attempts(&flow), [("orders-2", "OK")]);
    }
    let refused = lab.seen.told().events.iter().any(|(_, _, event)| matches!(event, FlowEvent::RetryRefused { .. }));
    assert!(!refused);
}
