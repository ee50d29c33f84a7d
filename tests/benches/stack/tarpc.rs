//! tarpc over TCP with bincode: a service trait, a task for each request, as its documentation shows.

// The attribute's own code.
#![expect(clippy::used_underscore_binding, reason = "what `tarpc::service` expands to")]

use bytes::Bytes;
use futures_util::StreamExt as _;
use tarpc::context::Context;
use tarpc::serde_transport;
use tarpc::server::{self, BaseChannel, Channel as _};
use tarpc::tokio_serde::formats::Bincode;
use tarpc::tokio_util::codec::LengthDelimitedCodec;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

use crate::contender::{Caller, bytes};

/// Calls at once; its defaults would make 512 of them wait for one another.
const CALLS: usize = 1024;

#[tarpc::service]
pub trait Echo {
    async fn echo(payload: Bytes) -> Bytes;
}

#[derive(Clone)]
struct Answers;

impl Echo for Answers {
    async fn echo(self, _: Context, payload: Bytes) -> Bytes {
        payload
    }
}

#[derive(Clone)]
pub struct Tarpc(EchoClient);

pub async fn start() -> Tarpc {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    Handle::current().spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).expect("TCP_NODELAY");
            let framed = LengthDelimitedCodec::builder().new_framed(stream);
            let transport = serde_transport::new(framed, Bincode::default());
            let channel = BaseChannel::new(server::Config { pending_response_buffer: CALLS }, transport);
            Handle::current().spawn(channel.execute(Answers.serve()).for_each(async |answer| {
                Handle::current().spawn(answer);
            }));
        }
    });
    let stream = TcpStream::connect(at).await.expect("a connection");
    stream.set_nodelay(true).expect("TCP_NODELAY");
    let framed = LengthDelimitedCodec::builder().new_framed(stream);
    let mut config = tarpc::client::Config::default();
    config.pending_request_buffer = CALLS;
    config.max_in_flight_requests = CALLS;
    Tarpc(EchoClient::new(config, serde_transport::new(framed, Bincode::default())).spawn())
}

impl Caller for Tarpc {
    type Payload = Bytes;

    fn payload(&self, len: usize) -> Bytes {
        bytes(len)
    }

    async fn echo(&self, payload: Bytes) -> usize {
        self.0.echo(tarpc::context::current(), payload).await.expect("an answer").len()
    }
}
