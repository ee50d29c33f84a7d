//! Frames that are recorded: cut out of tapped bytes, and kept.

use bytes::Bytes;
use callscope_wire::capture::{ConnectionFacts, Recorder, Store, TapChunk, TapEvent};
use callscope_wire::engine::{Event, Input, Side};
use callscope_wire::{CallHead, CallId, ConnectionId, Limits, Status, Time, dialect};

use crate::{Before, Cost};

/// As much as a session may take.
const LIMIT: usize = 4 << 30;

pub fn run(count: usize) -> Cost {
    let calls = traffic(1000);
    let mut recorder = Recorder::default();
    let mut store = Store::new(LIMIT);
    let before = Before::now();
    let mut connection = 0;
    // The same calls over and over, each time on a new connection, since numbers only rise.
    while store.len() < count {
        connection += 1;
        let mut tap = |what| {
            let chunk = TapChunk { connection: ConnectionId(connection), at: Time::ZERO, what };
            recorder.cut(chunk).append(&mut store, true);
            store.len() < count
        };
        tap(TapEvent::Opened(facts()));
        for (sent, received) in &calls {
            // As a tap does: nobody shares what is recorded.
            tap(TapEvent::Sent(Bytes::copy_from_slice(sent)));
            if !tap(TapEvent::Received(Bytes::copy_from_slice(received))) {
                break;
            }
        }
        tap(TapEvent::Closed(String::new()));
    }
    before.cost(store.len())
}

fn facts() -> ConnectionFacts {
    ConnectionFacts {
        side: Side::Client,
        local: "127.0.0.1:51000".to_owned(),
        peer: "127.0.0.1:40117".to_owned(),
        transport: "tcp",
        dialect: Some("native"),
        instance: Some("orders-1".to_owned()),
    }
}

/// What a client and a server say to one another during so many calls of 32 bytes, by call.
fn traffic(calls: u64) -> Vec<(Bytes, Bytes)> {
    let native = dialect::by_name("native").expect("it is there");
    let mut client = native.client(Limits::default(), false, Time::ZERO);
    let mut server = native.server(Limits::default(), false, Time::ZERO);
    let mut said = Vec::new();
    for call in 0..calls {
        let head = Box::new(CallHead { method: "shop.Orders/Place".to_owned(), ..CallHead::default() });
        let message = Some(Bytes::from_static(&[b'7'; 32]));
        let _open = client.input(Time::ZERO, Input::Call { call: CallId(call + 1), head, message, end: true });
        let (mut up, mut down) = (Vec::new(), Vec::new());
        loop {
            let (mut a, mut b) = (Vec::new(), Vec::new());
            let moved =
                client.poll_transmit(Time::ZERO, 1 << 20, &mut a) + server.poll_transmit(Time::ZERO, 1 << 20, &mut b);
            if moved == 0 {
                break;
            }
            for (from, to, all) in [(a, &mut server, &mut up), (b, &mut client, &mut down)] {
                let bytes = Bytes::from(from.concat());
                all.extend_from_slice(&bytes);
                let _open = to.input(Time::ZERO, Input::Bytes(bytes)).expect("it is right");
            }
            while let Some(event) = server.poll_event() {
                if let Event::Request { call, message, .. } = event {
                    let message = message.expect("it came with the call");
                    let _open = server.input(Time::ZERO, Input::Message { call, message, end: false });
                    let _open = server.input(Time::ZERO, Input::Finish { call, status: Box::new(Status::ok()) });
                }
            }
            while client.poll_event().is_some() {}
        }
        said.push((up.into(), down.into()));
    }
    said
}
