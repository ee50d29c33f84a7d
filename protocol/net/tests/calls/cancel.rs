//! Giving up reaches the wire and the handler, whoever does it and when.

use std::time::Duration;

use bytes::Bytes;
use callscope_net::client::{CallOptions, CallOver, Incoming};
use callscope_net::server::Router;
use callscope_wire::capture::verdict::verdict;
use callscope_wire::policy::Policy;
use callscope_wire::{Code, Shape};
use serde_json::json;
use tokio::sync::mpsc;

use super::support::{Lab, with_retry};

/// Tells when its handler began, and when it was dropped.
struct Guard(mpsc::Sender<&'static str>);

impl Guard {
    fn new(told: &mpsc::Sender<&'static str>) -> Self {
        told.try_send("began").unwrap();
        Self(told.clone())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _nobody_listens = self.0.try_send("dropped");
    }
}

/// A lab whose only method never answers, and what its handler tells.
async fn lab() -> (Lab, mpsc::Receiver<&'static str>) {
    let (told, heard) = mpsc::channel(16);
    let mut lab = Lab::new().await;
    lab.answers("orders-1", move |_| {
        let guard = Guard::new(&told);
        async move {
            let _guard = guard;
            std::future::pending().await
        }
    })
    .await;
    (lab, heard)
}

#[tokio::test]
async fn dropping_the_handle_drops_the_handler() {
    let (lab, mut heard) = lab().await;
    let options = lab.options(with_retry());
    let id = options.flow;
    let call = lab.client.start(options);
    call.send(Bytes::from_static(b"{}")).await.unwrap();
    assert_eq!(heard.recv().await, Some("began"));
    drop(call);
    assert_eq!(heard.recv().await, Some("dropped"));
    let flow = lab.seen.ended(id).await;
    assert_eq!(flow.status.as_ref().unwrap().code, Code::CANCELLED);
    assert_eq!(flow.attempts.len(), 1);
    assert_eq!(lab.seen.ends(id), 1);
}

#[tokio::test]
async fn cancelling_says_so_and_ends_the_handler() {
    let (lab, mut heard) = lab().await;
    let options = lab.options(with_retry());
    let id = options.flow;
    let mut call = lab.client.start(options);
    call.send(Bytes::from_static(b"{}")).await.unwrap();
    assert_eq!(heard.recv().await, Some("began"));
    call.cancel();
    let Some(Incoming::End(status)) = call.next().await else { panic!("no end") };
    assert_eq!(status.to_string(), "1 CANCELLED: cancelled while waiting for orders-1");
    assert_eq!(call.next().await, None);
    assert_eq!(heard.recv().await, Some("dropped"));
    assert!(verdict(&lab.seen.flow(id)).to_string().ends_with("orders-1 had not answered yet."));
}

#[tokio::test]
async fn the_deadline_ends_the_handler_and_the_call() {
    let (lab, mut heard) = lab().await;
    let options = CallOptions { deadline: Some(Duration::from_millis(50)), ..lab.options(with_retry()) };
    let (answer, flow) = lab.call(options).await;
    let status = answer.unwrap_err();
    assert_eq!(status.code, Code::DEADLINE_EXCEEDED);
    assert_eq!(heard.recv().await, Some("began"));
    assert_eq!(heard.recv().await, Some("dropped"));
    assert_eq!(verdict(&flow), "The deadline of 50 ms passed while orders-1 was working on it.");
}

#[tokio::test]
async fn an_endless_stream_is_cancelled_in_the_middle() {
    let (told, mut heard) = mpsc::channel(16);
    let mut lab = Lab::new().await;
    lab.instance("orders-1", |router: &mut Router| {
        router.server_stream("t.T/Do", move |_, _, mut outbound| {
            let guard = Guard::new(&told);
            async move {
                let _guard = guard;
                loop {
                    outbound.send(json!({ "tick": true })).await?;
                    tokio::task::yield_now().await;
                }
            }
        });
    })
    .await;
    let options = CallOptions { shape: Shape::ServerStream, ..lab.options(Policy::default()) };
    let id = options.flow;
    let mut call = lab.client.start(options);
    call.send(Bytes::from_static(b"{}")).await.unwrap();
    for _ in 0..500 {
        assert!(matches!(call.next().await, Some(Incoming::Message(_))));
    }
    call.cancel();
    while let Some(incoming) = call.next().await {
        if let Incoming::End(status) = incoming {
            assert_eq!(status.code, Code::CANCELLED);
        }
    }
    assert_eq!((heard.recv().await, heard.recv().await), (Some("began"), Some("dropped")));
    assert!(lab.seen.flow(id).received.messages >= 500);
    assert_eq!(call.send(Bytes::from_static(b"{}")).await, Err(CallOver));
}

/// Both sides' windows are far smaller than what goes through, and each side only reads after it has written.
#[tokio::test]
async fn a_bidirectional_call_does_not_stall_on_its_own_answers() {
    const MESSAGES: usize = 64;
    let mut lab = Lab::new().await;
    lab.instance("orders-1", |router| {
        router.bidi("t.T/Do", async |_, mut inbound, mut outbound| {
            while let Some(message) = inbound.next().await? {
                outbound.send(message).await?;
            }
            Ok(())
        });
    })
    .await;
    let message = Bytes::from(serde_json::to_vec(&json!({ "data": "x".repeat(200_000) })).unwrap());
    let options = CallOptions { shape: Shape::Bidi, ..lab.options(Policy::default()) };
    let mut call = lab.client.start(options);
    let mut received = 0;
    for _ in 0..MESSAGES {
        // An answer is taken only when there is nothing left to send into.
        loop {
            tokio::select! {
                biased;
                sent = call.send(message.clone()) => {
                    sent.unwrap();
                    break;
                }
                () = std::future::ready(()) => {
                    match call.next().await {
                        Some(Incoming::Message(echo)) => assert_eq!(echo, message),
                        other => panic!("{other:?}"),
                    }
                    received += 1;
                }
            }
        }
    }
    call.done_sending();
    while let Some(incoming) = call.next().await {
        match incoming {
            Incoming::Message(echo) => {
                assert_eq!(echo, message);
                received += 1;
            }
            Incoming::End(status) => assert_eq!(status.code, Code::OK),
            Incoming::Headers(_) => {}
        }
    }
    assert_eq!(received, MESSAGES);
}

#[tokio::test]
async fn a_call_that_never_gets_its_message_can_be_given_up() {
    let (lab, _heard) = lab().await;
    let options = CallOptions { deadline: Some(Duration::from_millis(20)), ..lab.options(Policy::default()) };
    let id = options.flow;
    let mut call = lab.client.start(options);
    let Some(Incoming::End(status)) = call.next().await else { panic!("no end") };
    assert_eq!(status.message, "the deadline of 20ms passed while waiting for the message to send");
    assert_eq!(lab.seen.ends(id), 1);
    assert!(lab.seen.flow(id).attempts.is_empty());
}

#[tokio::test]
async fn a_one_way_call_ends_when_it_is_sent() {
    let (told, mut heard) = mpsc::channel(1);
    let mut lab = Lab::new().await;
    lab.instance("orders-1", |router| {
        router.one_way("t.T/Do", move |_, message| {
            let told = told.clone();
            async move {
                told.send(message).await.unwrap();
                Ok(())
            }
        });
    })
    .await;
    let options = CallOptions { shape: Shape::OneWay, ..lab.options(with_retry()) };
    let id = options.flow;
    let mut call = lab.client.start(options);
    call.send(Bytes::from_static(b"{\"n\":1}")).await.unwrap();
    let Some(Incoming::End(status)) = call.next().await else { panic!("no end") };
    assert_eq!(status.code, Code::OK);
    assert_eq!(heard.recv().await, Some(json!({ "n": 1 })));
    let flow = lab.seen.flow(id);
    assert_eq!((flow.attempts.len(), flow.sent.messages, flow.received.messages), (1, 1, 0));
}
