//! TLS over TCP by rustls: the client's trust and its errors in plain words, the server's development certificate.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use callscope_wire::say;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{WantsServerCert, WebPkiClientVerifier};
use rustls::{AlertDescription, CertificateError, ClientConfig, ConfigBuilder, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{BoxStream, Connected, Steps, Transport, failure, subject, tcp};
use crate::address::{Endpoint, TransportKind};
use crate::error::{ConnectError, Failure, Lapse, Step};

/// From the first byte of TLS to the last of its handshake, on both sides.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// Whom a client trusts, and who it says it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TlsOptions {
    /// Files of CA certificates in PEM. With none here and in `ca_pem`: the system's.
    pub ca: Vec<PathBuf>,
    /// CA certificates in PEM themselves.
    pub ca_pem: Option<String>,
    /// Our certificate chain and its private key, files in PEM, for servers that want one.
    pub identity: Option<Identity>,
    /// The name that the certificate must be for; the host of the address otherwise.
    pub server_name: Option<String>,
}

/// A certificate of ours.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Certificate chain, PEM.
    pub cert: PathBuf,
    /// Private key, PEM.
    pub key: PathBuf,
}

#[derive(Debug)]
pub(super) struct Tls;

impl Transport for Tls {
    fn kind(&self) -> TransportKind {
        TransportKind::Tls
    }

    fn suffix(&self) -> &'static str {
        "tls"
    }

    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        options: &'a TlsOptions,
    ) -> BoxFuture<'a, Result<Connected, ConnectError>> {
        async move {
            let steps = Steps::start(endpoint);
            // Options that cannot work are told before anybody is bothered.
            let (name, config) = match (name(endpoint, options), prepared(options).await) {
                (Ok(name), Ok(config)) => (name, config),
                (Err(failure), _) | (_, Err(failure)) => return Err(steps.failed(Step::Tls, failure)),
            };
            let (stream, mut steps) = tcp::dial(steps).await?;
            let (local, peer) = tcp::ends(&stream);
            match timeout(HANDSHAKE_TIMEOUT, TlsConnector::from(Arc::new(config)).connect(name, stream)).await {
                Ok(Ok(stream)) => {
                    steps.done(Step::Tls);
                    Ok(Connected { stream: Box::new(stream), local, peer, took: steps.took })
                }
                Ok(Err(error)) => {
                    let wanted = options.server_name.as_ref().unwrap_or(&endpoint.host);
                    let failure = match inside(&error) {
                        Some(found) => explain(found, wanted),
                        None => match failure(&error) {
                            Failure::HungUp => Failure::HungUpOnTls,
                            other => other,
                        },
                    };
                    Err(steps.failed(Step::Tls, failure))
                }
                Err(_) => Err(steps.failed(Step::Tls, Failure::TimedOut { after: HANDSHAKE_TIMEOUT })),
            }
        }
        .boxed()
    }
}

fn name(endpoint: &Endpoint, options: &TlsOptions) -> Result<ServerName<'static>, Failure> {
    let name = options.server_name.as_ref().unwrap_or(&endpoint.host);
    ServerName::try_from(name.clone()).map_err(|_| {
        let what = say!("tls.server_name", "`%{name}` cannot be the name of a server in a certificate", name = name);
        Failure::TlsOptions(what.into())
    })
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(ring::default_provider())))
}

/// Certificates come from files, the system's from many: not on a thread that serves connections.
async fn prepared(options: &TlsOptions) -> Result<ClientConfig, Failure> {
    let options = options.clone();
    let prepared = tokio::task::spawn_blocking(move || client_config(&options)).await;
    // An error is a panic of the thread, or the runtime's end.
    prepared.map_err(|error| Failure::TlsOptions(error.to_string().into()))?
}

fn client_config(options: &TlsOptions) -> Result<ClientConfig, Failure> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::Tls(error.to_string().into()))?
        .with_root_certificates(roots(options)?);
    let Some(Identity { cert, key }) = &options.identity else { return Ok(builder.with_no_client_auth()) };
    let chain = certificates(cert)?;
    let private = private_key(key)?;
    builder.with_client_auth_cert(chain, private).map_err(|error| no_fit(cert, key, &error))
}

fn roots(options: &TlsOptions) -> Result<Arc<RootCertStore>, Failure> {
    if options.ca.is_empty() && options.ca_pem.is_none() {
        return Ok(system_roots());
    }
    let mut found = Vec::new();
    for file in &options.ca {
        found.extend(certificates(file)?);
    }
    if let Some(pem) = &options.ca_pem {
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            found.push(certificate.map_err(|error| {
                Failure::TlsOptions(say!("tls.ca_no_pem", "the CA is no PEM: %{why}", why = error.to_string()).into())
            })?);
        }
    }
    let mut roots = RootCertStore::empty();
    for certificate in found {
        roots.add(certificate).map_err(|error| {
            let what = say!("tls.ca_unusable", "a CA certificate cannot be used: %{why}", why = error.to_string());
            Failure::TlsOptions(what.into())
        })?;
    }
    Ok(Arc::new(roots))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let found = read(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&found).collect();
    let name = file.display().to_string();
    match found {
        Ok(found) if found.is_empty() => {
            let what = say!("tls.no_certificate", "%{file} holds no certificate in PEM", file = name);
            Err(Failure::TlsOptions(what.into()))
        }
        Ok(found) => Ok(found),
        Err(error) => {
            let what =
                say!("tls.no_pem", "%{file} is no certificate in PEM: %{why}", file = name, why = error.to_string());
            Err(Failure::TlsOptions(what.into()))
        }
    }
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, Failure> {
    PrivateKeyDer::from_pem_slice(&read(file)?).map_err(|error| {
        let (file, why) = (file.display().to_string(), error.to_string());
        let what = say!("tls.no_key", "%{file} is no private key in PEM: %{why}", file = file, why = why);
        Failure::TlsOptions(what.into())
    })
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| {
        let name = file.display().to_string();
        let what = match error.kind() {
            std::io::ErrorKind::NotFound => say!("tls.not_found", "there is no file %{file}", file = name),
            _ => say!("tls.unreadable", "%{file} cannot be read: %{why}", file = name, why = error.to_string()),
        };
        Failure::TlsOptions(what.into())
    })
}

fn no_fit(certificate: &Path, key: &Path, error: &rustls::Error) -> Failure {
    let certificate = certificate.display().to_string();
    let key = key.display().to_string();
    let what = match error {
        rustls::Error::InconsistentKeys(_) => {
            say!("tls.mismatch", "%{key} is not the key of %{certificate}", key = key, certificate = certificate)
        }
        other => say!(
            "tls.no_fit",
            "%{key} does not fit %{certificate}: %{why}",
            key = key,
            certificate = certificate,
            why = other.to_string()
        ),
    };
    Failure::TlsOptions(what.into())
}

/// Read once: there are hundreds of them.
fn system_roots() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    Arc::clone(ROOTS.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::debug!(%error, "a system certificate cannot be read");
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        Arc::new(roots)
    }))
}

/// The error of TLS in an error of its stream.
pub(super) fn inside(error: &std::io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// What a failed handshake means.
pub(super) fn explain(found: &rustls::Error, wanted: &str) -> Failure {
    match found {
        rustls::Error::InvalidMessage(_) => Failure::ServerIsPlaintext,
        rustls::Error::InvalidCertificate(why) => match why {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Failure::CertificateUnknown,
            CertificateError::NotValidForName => {
                Failure::CertificateWrongName { wanted: wanted.to_owned(), found: Vec::new() }
            }
            CertificateError::NotValidForNameContext { presented, .. } => {
                Failure::CertificateWrongName { wanted: wanted.to_owned(), found: presented.clone() }
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                Failure::CertificateExpired(Lapse::Expired)
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Failure::CertificateExpired(Lapse::NotYetValid)
            }
            other => Failure::Tls(
                say!("tls.not_valid", "the server's certificate is not valid: %{why}", why = other.to_string()).into(),
            ),
        },
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => Failure::CertificateMissing,
        rustls::Error::AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            // A CA of the same name with another key.
            | AlertDescription::DecryptError
            | AlertDescription::AccessDenied),
        ) => Failure::CertificateRefused(format!("{alert:?}")),
        other => Failure::Tls(other.to_string().into()),
    }
}

/// What a listener needs to speak TLS.
#[derive(Clone)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    ca_pem: String,
}

/// Whether clients have to show a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertificates {
    /// Those without one are turned away.
    Required,
    /// Those without one are served, too.
    Optional,
}

/// Whom a listener asks for a certificate.
#[derive(Clone, Debug)]
pub struct ClientCa {
    /// Who signs clients' certificates: a file in PEM.
    pub ca: PathBuf,
    /// Whether they must have one.
    pub wanted: ClientCertificates,
}

/// A server's certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsSetupError {
    /// Making it failed.
    #[error("the development certificate could not be made")]
    Certificate(#[from] rcgen::Error),
    /// It cannot be used.
    #[error("the certificate cannot be used")]
    Config(#[from] rustls::Error),
    /// A file is missing or is not what it should be.
    #[error("{0}")]
    File(Failure),
    /// Certificates of clients cannot be checked against it.
    #[error("the clients' CA cannot be used")]
    ClientCa(#[from] rustls::server::VerifierBuilderError),
}

impl ServerTls {
    /// A certificate for `localhost`, `127.0.0.1` and `::1`, signed by a CA that exists only in this value.
    /// Clients that are given [`ServerTls::ca_pem`] trust it.
    pub fn development() -> Result<Self, TlsSetupError> {
        Self::development_for(None)
    }

    /// The same, for clients that show certificates of theirs.
    pub fn development_for(clients: Option<&ClientCa>) -> Result<Self, TlsSetupError> {
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        ca.distinguished_name.push(DnType::CommonName, "Callscope development CA");
        let ca_key = KeyPair::generate()?;
        let ca_pem = ca.self_signed(&ca_key)?.pem();
        let mut leaf = CertificateParams::new(["localhost", "127.0.0.1", "::1"].map(str::to_owned))?;
        leaf.distinguished_name.push(DnType::CommonName, "Callscope development server");
        let leaf_key = KeyPair::generate()?;
        let leaf = leaf.signed_by(&leaf_key, &Issuer::new(ca, ca_key))?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
        let config = server_config(clients)?.with_single_cert(vec![leaf.der().clone()], key)?;
        Ok(Self { config: Arc::new(config), ca_pem })
    }

    /// A certificate of the caller's: chain and key, files in PEM.
    pub fn from_files(identity: &Identity, clients: Option<&ClientCa>) -> Result<Self, TlsSetupError> {
        let Identity { cert, key } = identity;
        let chain = certificates(cert).map_err(TlsSetupError::File)?;
        let private = private_key(key).map_err(TlsSetupError::File)?;
        let config = server_config(clients)?
            .with_single_cert(chain, private)
            .map_err(|error| TlsSetupError::File(no_fit(cert, key, &error)))?;
        Ok(Self { config: Arc::new(config), ca_pem: String::new() })
    }

    /// The certificate of its own CA, for clients to trust; empty where the certificate was the caller's.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// TLS on a stream that came in, and whom the client's certificate is for, if it showed one.
    pub(crate) async fn accept<S: super::Stream + 'static>(
        &self,
        stream: S,
    ) -> std::io::Result<(BoxStream, Option<String>)> {
        let accepting = TlsAcceptor::from(Arc::clone(&self.config)).accept(stream);
        let stream = timeout(HANDSHAKE_TIMEOUT, accepting).await.map_err(|_| std::io::ErrorKind::TimedOut)??;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let subject = shown.map(|certificate| subject::of(certificate.as_ref()));
        Ok((Box::new(stream), subject))
    }
}

/// What both kinds of server certificates have in common.
fn server_config(clients: Option<&ClientCa>) -> Result<ConfigBuilder<ServerConfig, WantsServerCert>, TlsSetupError> {
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let Some(ClientCa { ca, wanted }) = clients else { return Ok(builder.with_no_client_auth()) };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca).map_err(TlsSetupError::File)? {
        roots.add(certificate)?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
    let verifier = match wanted {
        ClientCertificates::Required => verifier,
        ClientCertificates::Optional => verifier.allow_unauthenticated(),
    };
    Ok(builder.with_client_cert_verifier(verifier.build()?))
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").finish_non_exhaustive()
    }
}
