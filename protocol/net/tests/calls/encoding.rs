//! Codecs and compressions through the whole client: JSON in, JSON out, whatever travels.

use bytes::Bytes;
use callscope_net::client::{CallOptions, Client, ClientOptions, Incoming};
use callscope_net::server::{Router, Server, ServerOptions};
use callscope_wire::{Code, Codec, Compression, Encoding, Shape, Status, Value};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::support::{Lab, with_retry};

fn all() -> impl Iterator<Item = Encoding> {
    Codec::ALL
        .into_iter()
        .flat_map(|codec| Compression::ALL.into_iter().map(move |compression| Encoding { codec, compression }))
}

/// A message of this many lines.
fn order(lines: usize) -> Value {
    let lines: Vec<Value> = (0..lines).map(|n| json!({"sku": format!("A{n}"), "qty": n, "at": -0.5})).collect();
    json!({ "id": "王", "lines": lines, "big": u64::MAX, "note": null })
}

#[tokio::test]
async fn every_call_is_answered_in_its_own_encoding() {
    let mut lab = Lab::new().await;
    lab.answers("orders-1", async |message| Ok(json!({ "echo": message }))).await;
    for encoding in all() {
        for lines in [0, 200] {
            let options = CallOptions { encoding, ..lab.options(with_retry()) };
            let id = options.flow;
            let answer = lab.client.unary(options, &order(lines)).await.unwrap();
            assert_eq!(answer, json!({ "echo": order(lines) }), "{encoding:?}");
            // What is counted is what the codec made of it.
            let sent = lab.seen.flow(id).sent.bytes;
            let json = order(lines).to_string().len() as u64;
            assert_eq!(sent == json, encoding.codec == Codec::Json, "{encoding:?}: {sent} of {json}");
            assert!(sent <= json);
        }
    }
}

/// A server on a free port whose one method echoes everything it is sent.
async fn echo() -> (Server, String) {
    let mut router = Router::new();
    router.bidi("demo.Echo/Talk", async |_, mut inbound, mut outbound| {
        while let Some(message) = inbound.next().await? {
            outbound.send(message).await?;
        }
        Ok(())
    });
    let server = Server::bind(ServerOptions::default(), router).await.unwrap();
    let target = server.address();
    (server, target)
}

fn talk(target: &str, encoding: Encoding) -> CallOptions {
    CallOptions {
        target: target.to_owned(),
        method: "demo.Echo/Talk".into(),
        shape: Shape::Bidi,
        encoding,
        ..CallOptions::default()
    }
}

#[tokio::test]
async fn streams_keep_their_order_and_their_messages_whatever_is_compressed() {
    let (_server, target) = echo().await;
    let client = Client::new(ClientOptions::default());
    for encoding in all() {
        let mut call = client.start(talk(&target, encoding));
        let mut answers = Vec::new();
        for lines in [0, 300, 1, 2000, 3] {
            call.send(Bytes::from(order(lines).to_string())).await.unwrap();
            let Some(Incoming::Message(message)) = call.next().await else { panic!("{encoding:?}") };
            answers.push(serde_json::from_slice::<Value>(&message).unwrap());
        }
        call.done_sending();
        assert_eq!(call.next().await, Some(Incoming::End(Status::ok())));
        assert_eq!(answers, [0, 300, 1, 2000, 3].map(order), "{encoding:?}");
    }
}

#[tokio::test]
async fn a_message_above_the_limit_decompressed_is_refused_though_it_is_small_on_the_wire() {
    let (_server, target) = echo().await;
    let client = Client::new(ClientOptions::default());
    for compression in [Compression::Lz4, Compression::Zstd] {
        let mut call = client.start(talk(&target, Encoding { codec: Codec::Json, compression }));
        call.send(Bytes::from(format!("\"{}\"", " ".repeat(5 << 20)))).await.unwrap();
        let Some(Incoming::End(status)) = call.next().await else { panic!() };
        assert_eq!(status.code, Code::RESOURCE_EXHAUSTED);
    }
}

#[tokio::test]
async fn what_is_no_json_cannot_be_sent_in_another_codec_and_goes_as_it_is_in_json() {
    let (_server, target) = echo().await;
    let client = Client::new(ClientOptions::default());
    let broken = || Bytes::from_static(b"{\"a\": }");
    let mut call = client.start(talk(&target, Encoding { codec: Codec::Cbor, ..Encoding::default() }));
    call.send(broken()).await.unwrap();
    let Some(Incoming::End(status)) = call.next().await else { panic!() };
    let expected = "the message cannot be written as cbor, since it is no JSON: expected value at line 1 column 7";
    assert_eq!((status.code, status.message.as_str()), (Code::INVALID_ARGUMENT, expected));

    let mut call = client.start(talk(&target, Encoding::default()));
    call.send(broken()).await.unwrap();
    let Some(Incoming::End(status)) = call.next().await else { panic!() };
    assert_eq!(status.message, "the message is no JSON: expected value at line 1 column 7");
}

#[tokio::test]
async fn a_wish_that_the_server_does_not_share_is_said_and_not_replaced() {
    let (server, _) = echo().await;
    let client = Client::new(ClientOptions::default());
    let target = format!("plain://{}", server.local_addr());
    for (encoding, what) in [
        (
            Encoding { codec: Codec::Msgpack, ..Encoding::default() },
            "the server does not speak msgpack; the two of you share json",
        ),
        (
            Encoding { compression: Compression::Zstd, ..Encoding::default() },
            "the server does not speak zstd; the two of you share none",
        ),
    ] {
        let options = CallOptions { shape: Shape::Unary, ..talk(&target, encoding) };
        let status = client.unary(options, &json!({})).await.unwrap_err();
        assert_eq!((status.code, status.message.as_str()), (Code::UNIMPLEMENTED, what));
    }
}

/// A server that answers every call with this frame, and tells what frames of calls came behind the REQUEST.
async fn answering(frame: &'static [u8]) -> (String, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("native://{}", listener.local_addr().unwrap());
    let task = tokio::runtime::Handle::current().spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // A HELLO without checksums that speaks everything.
        let hello = b"\x89RPC\x01\x01\0\0\0\0\0\x0a\x01\0\0\0\0\0\0\0\0\0\0\0\x07\x03\x01\x02\x03\x08\x03\0\x01\x02";
        stream.write_all(hello).await.unwrap();
        let mut came = vec![0; 8];
        stream.read_exact(&mut came).await.unwrap();
        let mut kinds = Vec::new();
        loop {
            let mut header = [0; 16];
            if stream.read_exact(&mut header).await.is_err() {
                return kinds;
            }
            let len = u32::from_be_bytes(header[..4].try_into().unwrap());
            stream.read_exact(&mut vec![0; len as usize]).await.unwrap();
            match header[4] {
                0x10 => stream.write_all(frame).await.unwrap(),
                kind if kind > 0x10 => kinds.push(kind),
                _ => {}
            }
        }
    });
    (target, task)
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_ends_the_call_here() {
    let lz4 = Encoding { compression: Compression::Lz4, ..Encoding::default() };
    let zstd = Encoding { compression: Compression::Zstd, ..Encoding::default() };
    let msgpack = Encoding { codec: Codec::Msgpack, ..Encoding::default() };
    let cases: [(_, &'static [u8], _, _); 4] = [
        (
            msgpack,
            b"\0\0\0\x02\x11\x40\0\0\0\0\0\x01\0\0\0\0\x81\xc1",
            Code::INTERNAL,
            "the answer cannot be read as msgpack: the byte 0xc1 at offset 1 begins nothing",
        ),
        (
            lz4,
            b"\0\0\0\x09\x11\x44\0\0\0\0\0\x01\0\0\0\0\0\0\0\x20\x10a\x05\0\0",
            Code::INTERNAL,
            "a message cannot be decompressed (lz4): a match that begins before the message at offset 6",
        ),
        (
            lz4,
            b"\0\0\0\x06\x11\x44\0\0\0\0\0\x01\0\0\0\0\xff\xff\xff\xff\x10a",
            Code::RESOURCE_EXHAUSTED,
            "a message cannot be decompressed (lz4): it is longer than 4194304 bytes decompressed",
        ),
        (
            zstd,
            b"\0\0\0\x03\x11\x44\0\0\0\0\0\x01\0\0\0\0abc",
            Code::INTERNAL,
            "a message cannot be decompressed (zstd): no Zstandard frame at offset 0",
        ),
    ];
    for (encoding, frame, code, what) in cases {
        let (target, came) = answering(frame).await;
        let client = Client::new(ClientOptions::default());
        let mut call = client.start(talk(&target, encoding));
        call.send(Bytes::from_static(b"{}")).await.unwrap();
        let Some(Incoming::End(status)) = call.next().await else { panic!("{what}") };
        assert_eq!((status.code, status.message.as_str()), (code, what));
        drop((call, client));
        let came = came.await.unwrap();
        assert!(came.contains(&0x13), "the server is told to stop: {came:02x?}");
    }
}
