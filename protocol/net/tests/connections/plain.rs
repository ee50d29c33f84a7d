//! The plain dialect as people write it by hand: a socket, an object, read to the end.

use std::time::Duration;

use callscope_net::address::Endpoint;
use callscope_net::transport::{ALL, BoxStream, TlsOptions, Transport};
use callscope_wire::Value;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{World, connect, memory, unary, world};

/// A bare stream to a server in memory.
pub async fn raw(world: &World) -> BoxStream {
    let endpoint: Endpoint = world.endpoint();
    let memory: &dyn Transport = *ALL.iter().find(|transport| transport.kind() == endpoint.transport).unwrap();
    memory.connect(&endpoint, &TlsOptions::default()).await.unwrap().stream
}

async fn read_all(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Value {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    serde_json::from_slice(&answer).unwrap()
}

#[tokio::test]
async fn one_object_in_one_object_out_and_the_end() {
    let world = world("127.0.0.1:0").await;
    for (call, answer) in [
        (r#"{"method": "add", "args": [1, 2], "kwargs": {}}"#, json!({ "result": 3 })),
        (r#" {"method": "test.Calc/Add", "kwargs": {"a": 1, "b": 2}}"#, json!({ "result": 3 })),
        (r#"{"method": "add", "args": [1], "kwargs": {"b": 2}}"#, json!({ "result": 3 })),
    ] {
        let mut stream = TcpStream::connect(world.server.local_addr()).await.unwrap();
        stream.write_all(call.as_bytes()).await.unwrap();
        assert_eq!(read_all(&mut stream).await, answer, "{call}");
    }
    let mut stream = TcpStream::connect(world.server.local_addr()).await.unwrap();
    stream.write_all(br#"{"method": "ad", "args": []}"#).await.unwrap();
    let answer = read_all(&mut stream).await;
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("named `ad`"), "{answer}");
}

#[tokio::test]
async fn a_line_feed_keeps_the_connection() {
    let world = world(memory()).await;
    let mut stream = raw(&world).await;
    for number in 0..3 {
        let call = format!("{{\"method\": \"add\", \"args\": [{number}, 1]}}\n");
        stream.write_all(call.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\n") {
            stream.read_buf(&mut answer).await.unwrap();
        }
        assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap(), json!({ "result": number + 1 }));
    }
}

#[tokio::test]
async fn our_own_client_speaks_it_too() {
    let world = world("127.0.0.1:0").await;
    let channel = connect(&format!("plain://{}", world.server.local_addr())).await;
    assert_eq!(unary(&channel, "test.Calc/Add", &json!({ "a": 4, "b": 5 })).await, Ok(json!(9)));
    let who = unary(&connect(&format!("plain://{}", world.server.local_addr())).await, "WhoAmI", &json!({})).await;
    assert_eq!(who.unwrap()["dialect"], "plain");
}

#[tokio::test(start_paused = true)]
async fn json_may_be_typed_slowly() {
    let world = world(memory()).await;
    let mut stream = raw(&world).await;
    for key in r#"{"method": "add", "args": [1, 2]}"#.as_bytes() {
        stream.write_all(&[*key]).await.unwrap();
        tokio::time::sleep(Duration::from_secs(20)).await;
    }
    assert_eq!(read_all(&mut stream).await, json!({ "result": 3 }));
}
