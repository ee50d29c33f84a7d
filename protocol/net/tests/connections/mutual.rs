//! TLS with certificates on both sides: who is let in, what handlers see, and what is said when it does not work.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use callscope_net::client::{CallOptions, Client, ClientOptions};
use callscope_net::server::{ClientCa, ClientCertificates, Router, Server, ServerOptions, ServerTls};
use callscope_net::transport::{Identity, TlsOptions};
use callscope_wire::{Code, Status, Value};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use serde_json::json;
use tempfile::TempDir;

/// Files of a CA and of what it signed.
struct Papers {
    folder: TempDir,
    ca: Issuer<'static, KeyPair>,
}

impl Papers {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "test CA");
        let key = KeyPair::generate().unwrap();
        std::fs::write(folder.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { folder, ca: Issuer::new(params, key) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Signs a certificate for `name`, as files `name.pem` and `name.key`.
    fn sign(&self, name: &str, hosts: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params =
            CertificateParams::new(hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let identity = Identity { cert: self.path(&format!("{name}.pem")), key: self.path(&format!("{name}.key")) };
        std::fs::write(&identity.cert, params.signed_by(&key, &self.ca).unwrap().pem()).unwrap();
        std::fs::write(&identity.key, key.serialize_pem()).unwrap();
        identity
    }

    /// A server that asks clients for certificates of this CA.
    async fn serve(&self, wanted: ClientCertificates) -> Server {
        let identity = self.sign("server", &["localhost", "127.0.0.1"], |_| {});
        serve(&identity, Some(&ClientCa { ca: self.path("ca.pem"), wanted })).await
    }

    fn trusting(&self, identity: Option<Identity>) -> TlsOptions {
        TlsOptions { ca: vec![self.path("ca.pem")], identity, ..TlsOptions::default() }
    }
}

async fn serve(identity: &Identity, clients: Option<&ClientCa>) -> Server {
    let tls = Some(ServerTls::from_files(identity, clients).unwrap());
    Server::bind(ServerOptions { tls, ..ServerOptions::default() }, Router::new()).await.unwrap()
}

/// Who the server says we are, with what this call brings to TLS.
async fn who(scheme: &str, server: &Server, tls: TlsOptions) -> Result<Value, Status> {
    let options = CallOptions {
        target: format!("{scheme}://{}", server.local_addr()),
        method: "callscope.Introspection/WhoAmI".to_owned(),
        tls: Some(tls),
        ..CallOptions::default()
    };
    Client::new(ClientOptions::default()).unary(options, &json!({})).await
}

async fn why(server: &Server, tls: TlsOptions) -> String {
    let status = who("native+tls", server, tls).await.unwrap_err();
    assert_eq!((status.code, status.not_processed), (Code::UNAVAILABLE, true), "{status}");
    status.message
}

#[tokio::test]
async fn handlers_see_whom_the_clients_certificate_is_for() {
    let papers = Papers::new();
    let client = papers.sign("orders-client", &[], |params| {
        params.distinguished_name.push(DnType::OrganizationName, "Shop");
    });
    let server = papers.serve(ClientCertificates::Required).await;
    let seen = who("native+tls", &server, papers.trusting(Some(client))).await.unwrap();
    assert_eq!((&seen["certificate"], &seen["transport"]), (&json!("CN=orders-client, O=Shop"), &json!("tls")));

    let optional = papers.serve(ClientCertificates::Optional).await;
    let seen = who("native+tls", &optional, papers.trusting(None)).await.unwrap();
    assert_eq!(seen["certificate"], Value::Null);
}

#[tokio::test]
async fn who_is_not_let_in_is_told_why() {
    let (papers, others) = (Papers::new(), Papers::new());
    let server = papers.serve(ClientCertificates::Required).await;
    let missing = why(&server, papers.trusting(None)).await;
    assert!(missing.starts_with("the server wants a client certificate, and none was given"), "{missing}");
    let foreign = why(&server, papers.trusting(Some(others.sign("stranger", &[], |_| {})))).await;
    assert!(foreign.starts_with("the server does not accept our certificate"), "{foreign}");
    let expired = papers.sign("late", &[], |params| params.not_after = date_time_ymd(2001, 1, 1));
    let expired = why(&server, papers.trusting(Some(expired))).await;
    assert!(expired.starts_with("the server does not accept our certificate"), "{expired}");
}

#[tokio::test]
async fn what_is_wrong_with_the_servers_certificate_is_said() {
    let papers = Papers::new();
    let server = papers.serve(ClientCertificates::Optional).await;
    let nobody = why(&server, Papers::new().trusting(None)).await;
    assert!(nobody.starts_with("the server's certificate is signed by nobody we trust"), "{nobody}");
    let named = TlsOptions { server_name: Some("orders.test".to_owned()), ..papers.trusting(None) };
    let wrong_name = why(&server, named).await;
    assert!(wrong_name.starts_with("the server's certificate is not for orders.test"), "{wrong_name}");
    let old = papers.sign("old", &["127.0.0.1"], |params| params.not_after = date_time_ymd(2001, 1, 1));
    let expired = why(&serve(&old, None).await, papers.trusting(None)).await;
    assert!(expired.starts_with("the server's certificate is expired"), "{expired}");
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named_before_anybody_is_bothered() {
    let papers = Papers::new();
    let server = papers.serve(ClientCertificates::Optional).await;
    let (one, two) = (papers.sign("one", &[], |_| {}), papers.sign("two", &[], |_| {}));
    let nothing = papers.path("nothing.pem");
    std::fs::write(&nothing, "not a certificate").unwrap();
    let told = async |tls: TlsOptions, words: &str, file: &Path| {
        let why = why(&server, tls).await;
        assert!(why.contains(words) && why.contains(&file.display().to_string()), "{why}");
    };
    let gone = papers.path("gone.pem");
    told(TlsOptions { ca: vec![gone.clone()], ..TlsOptions::default() }, "there is no file", &gone).await;
    told(TlsOptions { ca: vec![nothing.clone()], ..TlsOptions::default() }, "no certificate in PEM", &nothing).await;
    let no_key = Identity { key: nothing.clone(), ..one.clone() };
    told(papers.trusting(Some(no_key)), "is no private key in PEM", &nothing).await;
    let mixed = Identity { cert: one.cert, key: two.key.clone() };
    told(papers.trusting(Some(mixed.clone())), "is not the key of", &two.key).await;
    let setup = ServerTls::from_files(&mixed, None).unwrap_err();
    assert!(setup.to_string().contains("is not the key of"), "{setup}");
}

#[tokio::test]
async fn tls_and_plaintext_tell_each_other_apart() {
    let papers = Papers::new();
    let plain = Server::bind(ServerOptions::default(), Router::new()).await.unwrap();
    let told = why(&plain, papers.trusting(None)).await;
    assert!(told.contains("TLS"), "{told}");
    // A listener for both takes either.
    let both = papers.serve(ClientCertificates::Optional).await;
    assert_eq!(who("native", &both, TlsOptions::default()).await.unwrap()["transport"], "tcp");
}

/// Python's `ssl` is OpenSSL: another implementation of both TLS and certificates.
const FOREIGN: &str = r#"
import json, socket, ssl, sys
folder, port = sys.argv[1], int(sys.argv[2])
context = ssl.create_default_context(cafile=folder + "/ca.pem")
context.load_cert_chain(folder + "/openssl-client.pem", folder + "/openssl-client.key")
with socket.create_connection(("127.0.0.1", port)) as raw:
    with context.wrap_socket(raw, server_hostname="localhost") as stream:
        stream.sendall(json.dumps({"method": "WhoAmI", "args": []}).encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            answer += stream.recv(65536)
        print(json.loads(answer)["result"]["certificate"])
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_by_openssl_is_let_in_with_its_certificate() {
    let papers = Papers::new();
    papers.sign("openssl-client", &[], |_| {});
    let server = papers.serve(ClientCertificates::Required).await;
    let port = server.local_addr().rsplit(':').next().unwrap().to_owned();
    let folder = papers.folder.path().to_owned();
    let output = tokio::task::spawn_blocking(move || {
        let mut python = Command::new("python3");
        python.args(["-c", FOREIGN]).arg(folder).arg(port).stdin(Stdio::null()).output().unwrap()
    });
    let output = output.await.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "CN=openssl-client", "{output:?}");
}
