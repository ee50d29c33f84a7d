//! The engines without sockets: what a call costs before a socket is asked, and what recording one does.
//!
//! ```sh
//! cargo bench -p callscope-tests --features bench --bench engine
//! ```

#![expect(clippy::expect_used, reason = "a bench stops where it cannot go on")]

use bytes::Bytes;
use callscope_wire::capture::{ConnectionFacts, Recorder, TapChunk, TapEvent};
use callscope_wire::engine::{Engine, Event, Input, Side};
use callscope_wire::{CallHead, CallId, ConnectionId, Limits, Status, Time, dialect};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// A client and a server of the native dialect, their bytes carried by hand.
struct Wire {
    client: Box<dyn Engine>,
    server: Box<dyn Engine>,
    calls: u64,
    out: Vec<Bytes>,
    /// Everything that the client sent since this was emptied.
    sent: Vec<u8>,
}

impl Wire {
    fn new() -> Self {
        let native = dialect::by_name("native").expect("it is there");
        let limits = Limits { max_message: 8 << 20, ..Limits::default() };
        let mut wire = Self {
            client: native.client(limits.clone(), false, Time::ZERO),
            server: native.server(limits, false, Time::ZERO),
            calls: 0,
            out: Vec::new(),
            sent: Vec::new(),
        };
        wire.run();
        wire
    }

    /// A call there and back.
    fn call(&mut self, message: &Bytes) {
        self.calls += 1;
        let call = CallId(self.calls);
        let head = Box::new(CallHead { method: "shop.Orders/Place".to_owned(), ..CallHead::default() });
        let opened = Input::Call { call, head, message: Some(message.clone()), end: true };
        let _open = self.client.input(Time::ZERO, opened).expect("it is taken");
        let back = self.run();
        assert_eq!(back, message.len());
    }

    /// Carries bytes until none is left; the length of what came back.
    fn run(&mut self) -> usize {
        let mut back = 0;
        loop {
            let mut moved = self.client.poll_transmit(Time::ZERO, 1 << 20, &mut self.out);
            for bytes in self.out.drain(..) {
                self.sent.extend_from_slice(&bytes);
                let _open = self.server.input(Time::ZERO, Input::Bytes(bytes)).expect("it is right");
            }
            while let Some(event) = self.server.poll_event() {
                let (call, message) = match event {
                    Event::Request { call, message: Some(message), .. } | Event::Message { call, message } => {
                        (call, message)
                    }
                    _ => continue,
                };
                let _open = self.server.input(Time::ZERO, Input::Message { call, message, end: false });
                let status = Box::new(Status::ok());
                let _open = self.server.input(Time::ZERO, Input::Finish { call, status });
            }
            moved += self.server.poll_transmit(Time::ZERO, 1 << 20, &mut self.out);
            for bytes in self.out.drain(..) {
                let _open = self.client.input(Time::ZERO, Input::Bytes(bytes)).expect("it is right");
            }
            while let Some(event) = self.client.poll_event() {
                if let Event::Message { message, .. } = event {
                    back = message.len();
                }
            }
            if moved == 0 {
                return back;
            }
        }
    }
}

fn calls(criterion: &mut Criterion) {
    for (name, len) in [("32 bytes", 32_usize), ("64 KiB", 64 << 10), ("1 MiB", 1 << 20)] {
        let mut group = criterion.benchmark_group("a call through both engines");
        group.throughput(Throughput::Bytes(len as u64));
        let (mut wire, message) = (Wire::new(), Bytes::from(vec![7; len]));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                wire.sent.clear();
                wire.call(&message);
            });
        });
    }
}

fn recording(criterion: &mut Criterion) {
    let mut wire = Wire::new();
    let frames = 1000;
    for _ in 0..frames {
        wire.call(&Bytes::from_static(&[7; 32]));
    }
    let chunk = Bytes::from(wire.sent);
    let mut group = criterion.benchmark_group("recording");
    group.throughput(Throughput::Elements(frames));
    group.bench_function("1,000 frames of one chunk", |bencher| {
        let mut connection = 0;
        let mut recorder = Recorder::default();
        bencher.iter(|| {
            connection += 1;
            let mut tap = |what| recorder.cut(TapChunk { connection: ConnectionId(connection), at: Time::ZERO, what });
            tap(TapEvent::Opened(ConnectionFacts {
                side: Side::Client,
                local: "127.0.0.1:51000".to_owned(),
                peer: "127.0.0.1:40117".to_owned(),
                transport: "tcp",
                dialect: Some("native"),
                instance: None,
            }));
            let batch = tap(TapEvent::Sent(chunk.clone()));
            tap(TapEvent::Closed(String::new()));
            batch
        });
    });
}

criterion_group!(engine, calls, recording);
criterion_main!(engine);
