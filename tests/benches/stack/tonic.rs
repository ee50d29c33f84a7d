//! tonic over HTTP/2 without TLS. Client and service are what its code generator would write, by hand: no protoc needed.

use std::convert::Infallible;
use std::future::ready;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, iter};
use prost::Message;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::http::{Request as HttpRequest, Response as HttpResponse};
use tonic::codegen::{BoxFuture, Service};
use tonic::server::{NamedService, ServerStreamingService, UnaryService};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::contender::{Caller, bytes};

/// Streams at once; hyper's default would hold 512 calls at 200.
const CALLS: u32 = 1024;
/// As ours, so that large messages do not wait for credit.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;

#[derive(Clone, PartialEq, Message)]
pub struct Payload {
    #[prost(bytes = "bytes", tag = "1")]
    payload: Bytes,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub struct Wanted {
    #[prost(uint64, tag = "1")]
    messages: u64,
}

#[derive(Clone)]
struct Answers;

impl NamedService for Answers {
    const NAME: &'static str = "bench.Echo";
}

struct Echo;

impl UnaryService<Payload> for Echo {
    type Response = Payload;
    type Future = std::future::Ready<Result<Response<Payload>, Status>>;

    fn call(&mut self, request: Request<Payload>) -> Self::Future {
        ready(Ok(Response::new(request.into_inner())))
    }
}

struct Messages;

impl ServerStreamingService<Wanted> for Messages {
    type Response = Payload;
    type ResponseStream = BoxStream<'static, Result<Payload, Status>>;
    type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Wanted>) -> Self::Future {
        let messages = usize::try_from(request.into_inner().messages).unwrap_or(usize::MAX);
        let stream = iter(std::iter::repeat_n(Payload { payload: bytes(32) }, messages).map(Ok)).boxed();
        ready(Ok(Response::new(stream)))
    }
}

impl Service<HttpRequest<Body>> for Answers {
    type Response = HttpResponse<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<Body>) -> Self::Future {
        Box::pin(async move {
            Ok(if request.uri().path() == "/bench.Echo/Stream" {
                tonic::server::Grpc::new(ProstCodec::default()).server_streaming(Messages, request).await
            } else {
                tonic::server::Grpc::new(ProstCodec::default()).unary(Echo, request).await
            })
        })
    }
}

#[derive(Clone)]
pub struct Tonic(Grpc<Channel>);

pub async fn start() -> Tonic {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    drop(listener);
    let server = Server::builder()
        .max_concurrent_streams(CALLS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .tcp_nodelay(true)
        .add_service(Answers);
    Handle::current().spawn(server.serve(at));
    let endpoint = Endpoint::from_shared(format!("http://{at}"))
        .expect("an address")
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    let mut tries = 0;
    let channel = loop {
        match endpoint.connect().await {
            Ok(channel) => break channel,
            Err(error) if tries > 100 => panic!("{error}"),
            Err(_) => tries += 1,
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    Tonic(Grpc::new(channel))
}

impl Caller for Tonic {
    type Payload = Bytes;

    fn payload(&self, len: usize) -> Bytes {
        bytes(len)
    }

    async fn echo(&self, payload: Bytes) -> usize {
        let mut grpc = self.0.clone();
        grpc.ready().await.expect("the connection stands");
        let codec = ProstCodec::<Payload, Payload>::default();
        let path = PathAndQuery::from_static("/bench.Echo/Echo");
        let answer = grpc.unary(Request::new(Payload { payload }), path, codec).await.expect("an answer");
        answer.into_inner().payload.len()
    }

    async fn stream(&self, messages: u64) -> Option<u64> {
        let mut grpc = self.0.clone();
        grpc.ready().await.expect("the connection stands");
        let codec = ProstCodec::<Wanted, Payload>::default();
        let path = PathAndQuery::from_static("/bench.Echo/Stream");
        let answer = grpc.server_streaming(Request::new(Wanted { messages }), path, codec).await.expect("an answer");
        let mut stream = answer.into_inner();
        let mut came = 0;
        while let Some(message) = stream.message().await.expect("a message") {
            came += u64::from(!message.payload.is_empty());
        }
        Some(came)
    }
}
