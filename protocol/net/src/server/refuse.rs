//! The last words to a client whose first bytes are no dialect's, in the form that it can most likely read.
//!
//! ```text
//!  GET / HTTP/1.1        an HTTP answer
//!  {"jsonrpc": …, SSH-   a line of JSON, as the plain dialect has it
//!  anything else         a native GOAWAY
//! ```

use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use callscope_wire::Fault;
use callscope_wire::dialect;
use callscope_wire::frame::native::{Flags, Header, Kind};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::tap::ConnectionTap;
use crate::transport::BoxStream;

/// To write it, and as long again for the client to read it: closing with bytes unread would reset it away.
const GOODBYE: Duration = Duration::from_secs(1);

/// How HTTP requests begin, those of HTTP/2 included.
const HTTP: &[&[u8]] =
    &[b"GET ", b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"CONNECT ", b"PRI "];

/// Says what is wrong and closes our direction. Dropping the future closes without a word.
pub(super) async fn refuse(stream: &mut BoxStream, tap: &mut ConnectionTap, first: &[u8], fault: &Fault) {
    let words = words(first, fault);
    let writing = async {
        stream.write_all(&words).await?;
        stream.shutdown().await
    };
    // Who no longer listens needs no words.
    if !matches!(timeout(GOODBYE, writing).await, Ok(Ok(()))) {
        return;
    }
    tap.sent(&words);
    let reading = async {
        let mut rest = BytesMut::with_capacity(4 << 10);
        while stream.read_buf(&mut rest).await.is_ok_and(|len| len > 0) {
            rest.clear();
        }
    };
    if timeout(GOODBYE, reading).await.is_err() {
        tracing::trace!(connection = tap.id().0, "the peer does not close");
    }
}

fn words(first: &[u8], fault: &Fault) -> Bytes {
    if HTTP.iter().any(|method| first.starts_with(method)) {
        let spoken = dialect::ALL.iter().map(|dialect| dialect.name()).collect::<Vec<_>>().join(", ");
        let body = format!("no HTTP is spoken here but: {spoken}; {fault}\n");
        let head = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n";
        return format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into();
    }
    if first.first().is_some_and(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
        let error = json!({ "error": { "code": fault.code.name(), "message": fault.to_string() } });
        return format!("{error}\n").into();
    }
    goaway(fault)
}

fn goaway(fault: &Fault) -> Bytes {
    let reason = fault.to_string();
    let header = Header {
        len: 6 + reason.len() as u32,
        kind: Kind::GOAWAY,
        flags: Flags::NONE,
        meta_len: 0,
        stream: 0,
        check: 0,
    };
    let mut out = BytesMut::new();
    out.put_slice(&header.encode_unchecked());
    out.put_u32(header.check);
    // No stream was accepted.
    out.put_u32(0);
    out.put_u16(fault.code.0);
    out.put_slice(reason.as_bytes());
    out.freeze()
}
