//! Calls of every shape between a client and a server.

use super::*;

#[test]
fn a_unary_call_is_two_frames() {
    let mut pair = ready(&Limits::default());
    pair.client.sent.clear();
    pair.server.sent.clear();
    let metadata: Metadata = [("tenant", "acme")].into_iter().collect();
    let head = CallHead {
        method: "demo.Echo/Say".into(),
        metadata: metadata.clone(),
        timeout: Some(Duration::from_millis(800)),
        attempt: 1,
        ..CallHead::default()
    };
    let call = CallId(9);
    let message = Some(Bytes::from_static(b"{}"));
    pair.client(Input::Call { call, head: Box::new(head.clone()), message: message.clone(), end: true });
    pair.run();
    assert_eq!(pair.client.take_events(), [Event::Opened { call, stream: 1 }]);
    let there = CallId(1);
    assert_eq!(
        pair.server.take_events(),
        [Event::Request { call: there, stream: 1, head: Box::new(head), message, end: true }]
    );
    pair.server(Input::Message { call: there, message: "[1]".into(), end: false });
    pair.server(finish(1, Status { trailers: metadata.clone(), ..Status::ok() }));
    pair.run();
    assert_eq!(
        pair.client.take_events(),
        [received(9, "[1]"), ended(9, Status { trailers: metadata, ..Status::ok() })]
    );
    assert_eq!(pair.server.take_events(), []);
    assert_eq!(frames(&pair.client.sent), ["REQUEST END|CK|MSG 1"]);
    assert_eq!(frames(&pair.server.sent), ["DATA END|CK|MSG 1"]);
}
