//! Servers that do not behave: why no connection came about, in plain words, within a bounded time.

use std::sync::Arc;
use std::time::Duration;

use callscope_net::client::channel::{Channel, ConnectOptions, Identity};
use callscope_net::error::{ConnectError, Failure, Step};
use callscope_net::server::{ServerOptions, ServerTls};
use callscope_wire::{Blame, Code, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use crate::support::{head, message, unary, world, world_with};

/// A server that answers the first bytes with these, then hangs up, or says nothing more.
struct Stub {
    port: u16,
    _task: AbortOnDropHandle<()>,
}

#[derive(Clone, Copy, PartialEq)]
enum Then {
    HangUp,
    Stay,
}

async fn stub(answer: &'static [u8], then: Then) -> Stub {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut first = [0; 1024];
        assert!(stream.read(&mut first).await.unwrap() > 0);
        stream.write_all(answer).await.unwrap();
        if then == Then::Stay {
            std::future::pending::<()>().await;
        }
    };
    Stub { port, _task: AbortOnDropHandle::new(tokio::runtime::Handle::current().spawn(serving)) }
}

async fn failing(address: &str, options: &ConnectOptions) -> ConnectError {
    match Channel::connect(&address.parse().unwrap(), options).await {
        Ok(_) => panic!("{address} can be connected to"),
        Err(error) => error,
    }
}

fn impatient() -> ConnectOptions {
    let limits = Limits { handshake_timeout: Duration::from_millis(50), ..Limits::default() };
    ConnectOptions { limits, ..ConnectOptions::default() }
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("native://{}", listener.local_addr().unwrap());
    drop(listener);
    for address in [address.as_str(), "native+memory://nobody"] {
        let error = failing(address, &ConnectOptions::default()).await;
        assert_eq!((error.step, &error.failure), (Step::Connect, &Failure::Refused));
        assert_eq!(error.took.last().map(|(step, _)| *step), Some(Step::Connect));
        let status = error.status();
        assert_eq!((status.code, status.not_processed), (Code::UNAVAILABLE, true));
        assert_eq!(status.message, format!("connection refused (connecting to {address})"));
    }
}

#[tokio::test]
async fn the_name_means_nothing() {
    let error = failing("native://no such host.invalid:1".replace(' ', "-").as_str(), &ConnectOptions::default()).await;
    assert_eq!(error.step, Step::Resolve);
    assert_eq!(error.failure, Failure::NameNotFound { host: "no-such-host.invalid".to_owned() });
    assert_eq!(error.blame(), Blame::Us);
}

#[tokio::test]
async fn the_server_never_answers() {
    let stub = stub(b"", Then::Stay).await;
    let error = failing(&format!("native://127.0.0.1:{}", stub.port), &impatient()).await;
    assert_eq!(error.step, Step::Handshake);
    let Failure::Fault(fault) = &error.failure else { panic!("{error}") };
    assert_eq!((fault.code, fault.blame), (Code::HANDSHAKE_TIMEOUT, Blame::Between));
}

#[tokio::test]
async fn the_server_hangs_up() {
    let stub = stub(b"", Then::HangUp).await;
    let error = failing(&format!("native://127.0.0.1:{}", stub.port), &ConnectOptions::default()).await;
    assert_eq!((error.step, error.failure), (Step::Handshake, Failure::HungUp));
}

#[tokio::test]
async fn the_server_speaks_something_else() {
    for (answer, failure) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "the peer speaks HTTP/1, not native"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "the peer speaks SSH, not native"),
        (b"{\"error\": {}}", "the peer speaks JSON, not native"),
        (b"\x15\x03\x03\x00\x02\x02\x32", "the server speaks TLS; use native+tls://"),
        (b"\xde\xad\xbe\xef", "the peer speaks something else, not native: its first bytes are de ad be ef"),
    ] {
        let stub = stub(answer, Then::HangUp).await;
        let error = failing(&format!("native://127.0.0.1:{}", stub.port), &ConnectOptions::default()).await;
        assert!(error.failure.to_string().starts_with(failure), "{error}");
        assert_eq!(error.blame(), Blame::Us, "{error}");
    }
}

#[tokio::test]
async fn a_goodbye_instead_of_a_handshake_is_passed_on() {
    // GOAWAY, last stream 0, VERSION_MISMATCH, "9 only", without a preface.
    let stub = stub(b"\0\0\0\x0c\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x449 only", Then::HangUp).await;
    let error = failing(&format!("native://127.0.0.1:{}", stub.port), &ConnectOptions::default()).await;
    assert!(matches!(&error.failure, Failure::Fault(fault) if fault.code == Code::VERSION_MISMATCH), "{error}");
    assert!(error.to_string().contains("9 only"), "{error}");
}

#[tokio::test]
async fn tls_meets_plaintext() {
    let stub = stub(b"HTTP/1.1 400 Bad Request\r\n\r\n", Then::HangUp).await;
    let error = failing(&format!("native+tls://127.0.0.1:{}", stub.port), &ConnectOptions::default()).await;
    assert_eq!((error.step, error.failure), (Step::Tls, Failure::ServerIsPlaintext));
    let plaintext = world("127.0.0.1:0").await;
    let address = format!("native+tls://{}", plaintext.server.local_addr());
    assert_eq!(failing(&address, &ConnectOptions::default()).await.failure, Failure::HungUpOnTls);
}

#[tokio::test]
async fn certificates_are_checked_and_the_reason_told() {
    let tls = ServerTls::development().unwrap();
    let other = ServerTls::development().unwrap();
    let ca = tls.ca_pem().to_owned();
    let world = world_with(ServerOptions { tls: Some(tls), ..ServerOptions::default() }).await;
    let address = format!("native+tls://{}", world.server.local_addr());
    let trusting = |pem: &str, name: Option<&str>| {
        let mut options = ConnectOptions::default();
        options.tls.ca_pem = Some(pem.to_owned());
        options.tls.server_name = name.map(str::to_owned);
        options
    };
    for options in [ConnectOptions::default(), trusting(other.ca_pem(), None)] {
        let error = failing(&address, &options).await;
        assert_eq!((error.step, error.failure), (Step::Tls, Failure::CertificateUnknown));
    }
    let error = failing(&address, &trusting(&ca, Some("example.org"))).await;
    let words = error.failure.to_string();
    assert!(words.starts_with("the server's certificate is not for example.org but for "), "{words}");
    assert!(words.contains("localhost"), "{words}");

    let error = failing(&address, &trusting("no pem at all", None)).await;
    assert_eq!(error.failure, Failure::CertificateUnknown);
    let mut missing = ConnectOptions::default();
    missing.tls.ca = vec!["no-such-file.pem".into()];
    let error = failing(&address, &missing).await;
    assert_eq!(error.failure.to_string(), "there is no file no-such-file.pem");

    let report = Channel::connect(&address.parse().unwrap(), &trusting(&ca, Some("localhost"))).await.unwrap().1;
    assert!(report.tls.is_some());
}

#[tokio::test]
async fn one_port_speaks_everything() {
    let tls = ServerTls::development().unwrap();
    let mut options = ConnectOptions::default();
    options.tls.ca_pem = Some(tls.ca_pem().to_owned());
    let world = world_with(ServerOptions { tls: Some(tls), ..ServerOptions::default() }).await;
    for scheme in ["native", "native+tls", "plain", "plain+tls"] {
        let address = format!("{scheme}://{}", world.server.local_addr());
        let (channel, report) = Channel::connect(&address.parse().unwrap(), &options).await.unwrap();
        assert_eq!(report.tls.is_some(), scheme.ends_with("+tls"));
        let who = unary(&channel, "callscope.Introspection/WhoAmI", &serde_json::json!({})).await.unwrap();
        let said = |name: &str| who.get(name).and_then(callscope_wire::Value::as_str).map(str::to_owned);
        assert_eq!(said("dialect").as_deref(), scheme.split('+').next());
        assert_eq!(said("peer"), Some(report.local));
    }
}

/// A TLS server that wants a certificate of the client's, from this CA, and then answers as a native server.
async fn strict_server(client_ca: &rcgen::Certificate, tls: &Authority) -> Stub {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(client_ca.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let (cert, key) = tls.sign("localhost");
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![cert.der().clone()], key.serialize_der().try_into().unwrap())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(mut stream) = acceptor.accept(stream).await {
                stream.write_all(HELLO_AND_NOTHING).await.unwrap();
                let mut rest = Vec::new();
                let _end = stream.read_to_end(&mut rest).await;
            }
        }
    };
    Stub { port, _task: AbortOnDropHandle::new(tokio::runtime::Handle::current().spawn(serving)) }
}

/// A CA with its key.
struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    cert: rcgen::Certificate,
}

impl Authority {
    fn new() -> Self {
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        let cert = params.self_signed(&key).unwrap();
        Self { issuer: rcgen::Issuer::new(params, key), cert }
    }

    fn sign(&self, name: &str) -> (rcgen::Certificate, rcgen::KeyPair) {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }
}

#[tokio::test]
async fn a_server_may_want_a_certificate_of_ours() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let stub = strict_server(&clients.cert, &servers).await;
    let endpoint = format!("native+tls://127.0.0.1:{}", stub.port).parse().unwrap();
    let mut options = ConnectOptions::default();
    options.tls.ca_pem = Some(servers.cert.pem());
    options.tls.server_name = Some("localhost".to_owned());
    let error = Channel::connect(&endpoint, &options).await.unwrap_err();
    assert_eq!(error.failure, Failure::CertificateMissing, "{error}");

    let folder = tempfile::tempdir().unwrap();
    let [cert_file, key_file] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    let (cert, key) = clients.sign("us");
    std::fs::write(&cert_file, cert.pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    options.tls.identity = Some(Identity { cert: cert_file.clone(), key: key_file });
    let (_, report) = Channel::connect(&endpoint, &options).await.unwrap();
    assert!(report.tls.is_some());

    options.tls.identity = Some(Identity { key: cert_file.clone(), cert: cert_file });
    let error = Channel::connect(&endpoint, &options).await.unwrap_err();
    assert!(
        matches!(&error.failure, Failure::TlsOptions(what) if what.to_string().contains("no private key")),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_vanishes_ends_every_call_once() {
    let stub = stub(HELLO_AND_NOTHING, Then::HangUp).await;
    let address = format!("native://127.0.0.1:{}", stub.port);
    let (channel, _) = Channel::connect(&address.parse().unwrap(), &ConnectOptions::default()).await.unwrap();
    let calls: Vec<_> =
        (0..10).map(|_| channel.open(head("a.B/C"), Some(message(&serde_json::json!(1))), true)).collect();
    for call in calls {
        assert_eq!(crate::support::collect(call).await.1.code, Code::UNAVAILABLE);
    }
    assert_eq!(channel.in_flight(), 0);
}

/// A preface, and an empty HELLO: every number is the default, no checksums.
const HELLO_AND_NOTHING: &[u8] = b"\x89RPC\x01\x01\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0";
