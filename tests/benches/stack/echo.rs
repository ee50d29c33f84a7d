//! The floor: calls with nothing around them. A frame is a length, a number and a payload; a caller leaves a one-shot
//! under its number and hands the frame to the one task that writes; one task reads and finds whose answer it is.
//!
//! Both sides write what has gathered at once and read as much as there is. The server answers in place.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::contender::{Caller, bytes};

/// Bytes read at once, and bytes gathered for one write.
const CHUNK: usize = 64 << 10;
/// Calls that may wait for the writer.
const WAITING: usize = 1024;

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Bytes>>>>;

#[derive(Clone)]
pub struct Echo(Arc<Connection>);

struct Connection {
    next: std::sync::atomic::AtomicU64,
    waiting: Waiting,
    frames: mpsc::Sender<(u64, Bytes)>,
}

pub async fn start() -> Echo {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    let runtime = Handle::current();
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).expect("TCP_NODELAY");
            Handle::current().spawn(serve(stream));
        }
    });
    let stream = TcpStream::connect(at).await.expect("a connection");
    stream.set_nodelay(true).expect("TCP_NODELAY");
    let (reading, writing) = stream.into_split();
    let waiting = Waiting::default();
    let (frames, queued) = mpsc::channel(WAITING);
    runtime.spawn(write(writing, queued));
    runtime.spawn(read(reading, Arc::clone(&waiting)));
    Echo(Arc::new(Connection { next: 0.into(), waiting, frames }))
}

impl Caller for Echo {
    type Payload = Bytes;

    fn payload(&self, len: usize) -> Bytes {
        bytes(len)
    }

    async fn echo(&self, payload: Bytes) -> usize {
        let number = self.0.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        self.0.waiting.lock().expect("nobody panicked").insert(number, answer);
        self.0.frames.send((number, payload)).await.expect("the connection stands");
        answered.await.expect("an answer").len()
    }
}

fn put(out: &mut BytesMut, number: u64, payload: &[u8]) {
    out.put_u32(payload.len() as u32);
    out.put_u64(number);
    out.put_slice(payload);
}

/// A frame, if all of it is here.
fn take(from: &mut BytesMut) -> Option<(u64, Bytes)> {
    let len = from.first_chunk::<4>().map(|len| u32::from_be_bytes(*len) as usize)?;
    if from.len() < 12 + len {
        from.reserve(12 + len - from.len());
        return None;
    }
    let mut frame = from.split_to(12 + len).freeze();
    frame.advance(4);
    let number = frame.get_u64();
    Some((number, frame))
}

async fn write(mut stream: OwnedWriteHalf, mut queued: mpsc::Receiver<(u64, Bytes)>) {
    let mut out = BytesMut::with_capacity(2 * CHUNK);
    while let Some((number, payload)) = queued.recv().await {
        put(&mut out, number, &payload);
        while out.len() < CHUNK
            && let Ok((number, payload)) = queued.try_recv()
        {
            put(&mut out, number, &payload);
        }
        stream.write_all(&out).await.expect("the connection stands");
        out.clear();
    }
}

async fn read(mut stream: OwnedReadHalf, waiting: Waiting) {
    let mut buffer = BytesMut::with_capacity(CHUNK);
    while stream.read_buf(&mut buffer).await.is_ok_and(|len| len > 0) {
        while let Some((number, payload)) = take(&mut buffer) {
            let answer = waiting.lock().expect("nobody panicked").remove(&number);
            // Whoever waited may be gone.
            let _gone = answer.map(|answer| answer.send(payload));
        }
        buffer.reserve(CHUNK / 4);
    }
}

async fn serve(mut stream: TcpStream) {
    let mut buffer = BytesMut::with_capacity(CHUNK);
    let mut out = BytesMut::with_capacity(2 * CHUNK);
    while stream.read_buf(&mut buffer).await.is_ok_and(|len| len > 0) {
        while let Some((number, payload)) = take(&mut buffer) {
            put(&mut out, number, &payload);
        }
        stream.write_all(&out).await.expect("the connection stands");
        out.clear();
        buffer.reserve(CHUNK / 4);
    }
}
