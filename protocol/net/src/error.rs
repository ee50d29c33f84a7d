//! What can go wrong between a caller and a connection, with the step, the blame and plain words.
//!
//! What goes wrong on a connection that stands is a `Fault` of its engine; what goes wrong with a call is a `Status`.

use std::fmt;
use std::time::Duration;

use callscope_wire::{Blame, Code, Fault, Status};

/// A part of making a connection, in the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Host name → addresses.
    Resolve,
    /// Transport connection.
    Connect,
    /// TLS handshake.
    Tls,
    /// The dialect's handshake.
    Handshake,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "resolving the name",
            Self::Connect => "connecting",
            Self::Tls => "the TLS handshake",
            Self::Handshake => "the handshake",
        })
    }
}

/// No connection could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{failure} ({step} to {address})")]
pub struct ConnectError {
    /// The endpoint as an address.
    pub address: String,
    /// The step that failed.
    pub step: Step,
    /// How long each step took, the failed one last.
    pub took: Vec<(Step, Duration)>,
    /// Why.
    pub failure: Failure,
}

/// Why a connection could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The name service does not know the host.
    #[error("name not found: {host}")]
    NameNotFound {
        /// As given.
        host: String,
    },
    /// Nobody listens there.
    #[error("connection refused")]
    Refused,
    /// Nothing came back in time.
    #[error("timed out after {} ms", after.as_millis())]
    TimedOut {
        /// How long it waited.
        after: Duration,
    },
    /// The network said no, in its own words.
    #[error("{0}")]
    Network(String),
    /// The options for TLS cannot be used: a file is missing or is not what it should be.
    #[error("{0}")]
    TlsOptions(String),
    /// Nobody we trust signed the server's certificate.
    #[error("the server's certificate is signed by nobody we trust; name its CA")]
    CertificateUnknown,
    /// The certificate is for other names.
    #[error("the server's certificate is not for {wanted}{}", for_names(found))]
    CertificateWrongName {
        /// The name we asked for.
        wanted: String,
        /// The names it has, where they are known.
        found: Vec<String>,
    },
    /// The certificate's time is over, or has not come.
    #[error("the server's certificate is {0}")]
    CertificateExpired(&'static str),
    /// The server wants a certificate of ours, or does not like the one it got.
    #[error("the server does not accept our certificate: {0}")]
    CertificateRefused(String),
    /// We sent TLS, the server answered something else, or hung up.
    #[error("the server does not speak TLS here; use an address without +tls")]
    ServerIsPlaintext,
    /// We sent TLS, the server hung up without a word, as listeners do that do not know it.
    #[error("the server hung up on TLS; it may speak plaintext here (an address without +tls)")]
    HungUpOnTls,
    /// We sent plaintext, the server answered TLS.
    #[error("the server speaks TLS; use {0}+tls://")]
    ServerIsTls(&'static str),
    /// TLS failed otherwise, in its own words.
    #[error("{0}")]
    Tls(String),
    /// The peer is another protocol's server.
    #[error("the peer speaks {}, not {dialect}: its first bytes are {}", guess(first), hex(first))]
    OtherProtocol {
        /// What we speak.
        dialect: &'static str,
        /// The first bytes it sent, at most sixteen.
        first: Vec<u8>,
    },
    /// The peer hung up before the handshake was done.
    #[error("the peer closed the connection during the handshake")]
    HungUp,
    /// The dialect's engine gave up.
    #[error("{0}")]
    Fault(Fault),
}

impl ConnectError {
    /// Who has to change something.
    pub fn blame(&self) -> Blame {
        match &self.failure {
            Failure::NameNotFound { .. }
            | Failure::TlsOptions(_)
            | Failure::CertificateUnknown
            | Failure::CertificateRefused(_)
            | Failure::ServerIsPlaintext
            | Failure::ServerIsTls(_)
            | Failure::OtherProtocol { .. } => Blame::Us,
            Failure::TimedOut { .. } | Failure::Network(_) => Blame::Between,
            Failure::Refused
            | Failure::CertificateWrongName { .. }
            | Failure::CertificateExpired(_)
            | Failure::Tls(_)
            | Failure::HungUp
            | Failure::HungUpOnTls => Blame::Peer,
            Failure::Fault(fault) => fault.blame,
        }
    }

    /// The end of a call that needed this connection. No handler saw it.
    pub fn status(&self) -> Status {
        Status::unprocessed(Code::UNAVAILABLE, self.to_string())
    }
}

/// A message cannot be sent: the call is over. How it ended comes out of `Exchange::next`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the call is over")]
pub struct SendError;

fn for_names(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(" but for {}", names.join(", ")) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// Which protocol answers like this.
fn guess(first: &[u8]) -> &'static str {
    match first {
        [0x89, b'R', b'P', b'C', ..] => "native",
        [b'H', b'T', b'T', b'P', ..] => "HTTP/1",
        [0, 0, _, 4, ..] => "HTTP/2",
        [b'S', b'S', b'H', b'-', ..] => "SSH",
        [b'{' | b'[', ..] => "JSON",
        [0x15 | 0x16, 3, ..] => "TLS",
        _ => "something else",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_where_and_whose_fault() {
        let error = ConnectError {
            address: "native://127.0.0.1:1".to_owned(),
            step: Step::Connect,
            took: vec![(Step::Connect, Duration::from_micros(90))],
            failure: Failure::Refused,
        };
        assert_eq!(error.to_string(), "connection refused (connecting to native://127.0.0.1:1)");
        assert_eq!(error.blame(), Blame::Peer);
        assert_eq!(error.status().code, Code::UNAVAILABLE);
        assert!(error.status().not_processed);

        let failure = Failure::OtherProtocol { dialect: "native", first: b"HTTP/1.1".to_vec() };
        assert_eq!(
            failure.to_string(),
            "the peer speaks HTTP/1, not native: its first bytes are 48 54 54 50 2f 31 2e 31"
        );
    }
}
