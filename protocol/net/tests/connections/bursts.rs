//! Many frames at once.

use std::time::Duration;

use callscope_net::server::ServerOptions;
use callscope_net::tap::Tap;
use callscope_wire::capture::{TapChunk, TapEvent};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::world_with;

fn frame(kind: u8, flags: u8, stream: u32, meta: &[u8], body: &[u8]) -> Vec<u8> {
    let len = ((meta.len() + body.len()) as u32).to_be_bytes();
    let meta_len = (meta.len() as u16).to_be_bytes();
    [&len, &[kind, flags][..], &meta_len, &stream.to_be_bytes(), &[0; 4], meta, body].concat()
}

/// A pass takes 512 events at most. With exactly so many there are none left in the one behind it, which read nothing and
/// had nothing to wait for: the connection slept for ever.
#[tokio::test]
async fn as_many_messages_as_one_turn_takes_do_not_put_a_connection_to_sleep() {
    const MSG: u8 = 0x40;
    let (tap, chunks) = Tap::new(64);
    let options = ServerOptions { tap, ..ServerOptions::default() };
    let mut world = world_with(options).await;
    let mut stream = TcpStream::connect(world.server.local_addr()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let hello = frame(0x01, 0, 0, b"", b"");
    let sleep = frame(0x10, MSG, 1, b"\x01\x0etest.Odd/Sleep", b"{}");
    stream.write_all(&[b"\x89RPC\x01\x01\0\0".to_vec(), hello, sleep].concat()).await.unwrap();
    assert_eq!(world.heard().await, "started");
    let mut heard = [0; 1024];
    let len = stream.read(&mut heard).await.unwrap();
    assert!(heard[..len].starts_with(b"\x89RPC"));

    // Nobody takes these, and nothing is answered.
    let burst = frame(0x11, MSG, 1, b"", b"1").repeat(512);
    stream.write_all(&burst).await.unwrap();
    let read = async {
        let is_burst = |chunk: TapChunk| matches!(chunk.what, TapEvent::Received(bytes) if bytes.len() == burst.len());
        while !chunks.try_iter().any(is_burst) {
            tokio::task::yield_now().await;
        }
        // The turn that follows.
        tokio::task::yield_now().await;
    };
    timeout(Duration::from_secs(10), read).await.unwrap();

    stream.write_all(&frame(0x13, 0, 1, b"", b"\0\x01")).await.unwrap();
    assert_eq!(timeout(Duration::from_secs(10), world.heard()).await.unwrap(), "dropped");
}
