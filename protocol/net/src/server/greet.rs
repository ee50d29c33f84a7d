//! The first bytes of a connection that came in: TLS or not, and which dialect. They are kept for the engine.
//!
//! ```text
//!  idle, 60 s ── first byte ──▶ 0x16? TLS inside, then idle again ──▶ sniff, 5 s (JSON, which people type: 60 s a byte)
//! ```

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use callscope_wire::dialect::{self, Dialect};
use callscope_wire::{Blame, Code, Fault};
use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::address::TransportKind;
use crate::clock;
use crate::transport::{Accepted, BoxStream, Rewind, ServerTls};

/// A connection may stay this long without a byte, and JSON between two of them.
const IDLE: Duration = Duration::from_mins(1);

/// From the first byte to a dialect.
const RECOGNIZED: Duration = Duration::from_secs(5);

/// First byte of a TLS record that carries a handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// Who was recognized, or why nobody was, and what was read so far (in plaintext).
pub(super) struct Greeted {
    pub(super) stream: BoxStream,
    pub(super) transport: TransportKind,
    /// Whom the client's certificate is for.
    pub(super) certificate: Option<String>,
    pub(super) first: BytesMut,
    pub(super) dialect: Result<&'static dyn Dialect, Stranger>,
}

/// Who is not served.
pub(super) enum Stranger {
    /// Nobody is there to be told why, or nobody who could read it. An empty reason: it left as it came.
    Silent(String),
    /// To be told.
    Wrong(Fault),
}

/// Reads until it is clear. `draining`: who has said nothing yet may go.
pub(super) async fn greet(
    accepted: Accepted,
    tls: Option<&ServerTls>,
    max_first: usize,
    draining: &CancellationToken,
) -> io::Result<Greeted> {
    let Accepted { mut stream, mut transport, .. } = accepted;
    let mut certificate = None;
    let mut first = BytesMut::new();
    let idle = from_now(IDLE);
    if let Err(reason) = first_bytes(&mut stream, &mut first, idle, draining).await {
        return Ok(Greeted { stream, transport, certificate, first, dialect: Err(Stranger::Silent(reason)) });
    }
    if first.first() == Some(&TLS_HANDSHAKE) {
        let Some(tls) = tls else {
            let reason = "the client speaks TLS, but this server has no certificate".to_owned();
            return Ok(Greeted { stream, transport, certificate, first, dialect: Err(Stranger::Silent(reason)) });
        };
        (stream, certificate) = tls.accept(Rewind::new(first, stream)).await?;
        transport = TransportKind::Tls;
        first = BytesMut::new();
        let idle = from_now(IDLE);
        if let Err(reason) = first_bytes(&mut stream, &mut first, idle, draining).await {
            return Ok(Greeted { stream, transport, certificate, first, dialect: Err(Stranger::Silent(reason)) });
        }
    }
    let dialect = recognize(&mut stream, &mut first, max_first).await;
    Ok(Greeted { stream, transport, certificate, first, dialect })
}

/// An empty reason: it left as it came.
async fn first_bytes(
    stream: &mut BoxStream,
    first: &mut BytesMut,
    until: Instant,
    draining: &CancellationToken,
) -> Result<(), String> {
    tokio::select! {
        biased;
        read = timeout_at(until, stream.read_buf(first)) => match read {
            Ok(Ok(0)) => Err(String::new()),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("nothing was said for {} s", IDLE.as_secs())),
        },
        () = draining.cancelled() => Err("the server is shutting down".to_owned()),
    }
}

async fn recognize(
    stream: &mut BoxStream,
    first: &mut BytesMut,
    max_first: usize,
) -> Result<&'static dyn Dialect, Stranger> {
    let limit = from_now(RECOGNIZED);
    loop {
        let offset = first.len() as u64;
        let wrong =
            |code, what: &str| Err(Stranger::Wrong(Fault { blame: Blame::Peer, code, offset, what: what.into() }));
        match dialect::sniff(first) {
            Ok(Some(dialect)) => return Ok(dialect),
            Err(unknown) => {
                return Err(Stranger::Wrong(Fault::peer(Code::PROTOCOL_ERROR, 0, unknown.to_string())));
            }
            Ok(None) if first.len() > max_first => {
                return wrong(Code::PROTOCOL_ERROR, "no dialect is recognized in the first bytes");
            }
            Ok(None) => {}
        }
        let until = if is_typed(first) { from_now(IDLE) } else { limit };
        match timeout_at(until, stream.read_buf(first)).await {
            Ok(Ok(0)) => return wrong(Code::PROTOCOL_ERROR, "the connection ended before its dialect was clear"),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(Stranger::Silent(error.to_string())),
            Err(_) => return wrong(Code::HANDSHAKE_TIMEOUT, "its dialect was not clear in time"),
        }
    }
}

fn from_now(wait: Duration) -> Instant {
    clock::instant(clock::now() + wait)
}

/// Whether it is the beginning of JSON, perhaps under somebody's fingers.
fn is_typed(first: &[u8]) -> bool {
    matches!(first.trim_ascii_start().first(), None | Some(b'{' | b'['))
}
