//! What can go wrong between a caller and a connection, with the step, the blame and plain words.
//!
//! What goes wrong on a connection that stands is a `Fault` of its engine; what goes wrong with a call is a `Status`.

use std::fmt;
use std::time::Duration;

use callscope_wire::{Blame, Code, Fault, Say, Sentence, Status, Words, say};

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

impl Step {
    fn said(self) -> Sentence {
        match self {
            Self::Resolve => say!("connect.step_resolve", "resolving the name"),
            Self::Connect => say!("connect.step_connect", "connecting"),
            Self::Tls => say!("connect.step_tls", "the TLS handshake"),
            Self::Handshake => say!("connect.step_handshake", "the handshake"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.said().fmt(f)
    }
}

/// No connection could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.say())]
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
#[error("{}", self.say())]
#[non_exhaustive]
pub enum Failure {
    /// The name service does not know the host.
    NameNotFound {
        /// As given.
        host: String,
    },
    /// Nobody listens there.
    Refused,
    /// Nothing came back in time.
    TimedOut {
        /// How long it waited.
        after: Duration,
    },
    /// The network said no, in its own words.
    Network(Words),
    /// The options for TLS cannot be used: a file is missing or is not what it should be.
    TlsOptions(Words),
    /// Nobody we trust signed the server's certificate.
    CertificateUnknown,
    /// The certificate is for other names.
    CertificateWrongName {
        /// The name we asked for.
        wanted: String,
        /// The names it has, where they are known.
        found: Vec<String>,
    },
    /// The certificate's time is over, or has not come.
    CertificateExpired(Lapse),
    /// The server wants a certificate of ours, or does not like the one it got.
    CertificateRefused(String),
    /// The server wants a certificate of ours, and we have none for it.
    CertificateMissing,
    /// We sent TLS, the server answered something else, or hung up.
    ServerIsPlaintext,
    /// We sent TLS, the server hung up without a word, as listeners do that do not know it.
    HungUpOnTls,
    /// We sent plaintext, the server answered TLS.
    ServerIsTls(&'static str),
    /// TLS failed otherwise, in its own words.
    Tls(Words),
    /// The peer is another protocol's server.
    OtherProtocol {
        /// What we speak.
        dialect: &'static str,
        /// The first bytes it sent, at most sixteen.
        first: Vec<u8>,
    },
    /// The peer hung up before the handshake was done.
    HungUp,
    /// The dialect's engine gave up.
    Fault(Fault),
}

/// On which side of its time a certificate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lapse {
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
}

impl Say for ConnectError {
    fn say(&self) -> Words {
        say!(
            "connect.failed",
            "%{failure} (%{step} to %{address})",
            failure = self.failure.say(),
            step = self.step.said(),
            address = &self.address
        )
        .into()
    }
}

impl Say for Failure {
    fn say(&self) -> Words {
        match self {
            Self::NameNotFound { host } => say!("connect.name_not_found", "name not found: %{host}", host = host),
            Self::Refused => say!("connect.refused", "connection refused"),
            Self::TimedOut { after } => {
                say!("connect.timed_out", "timed out after %{ms} ms", ms = after.as_millis().to_string())
            }
            Self::Network(words) | Self::TlsOptions(words) | Self::Tls(words) => return words.clone(),
            Self::CertificateUnknown => say!(
                "connect.certificate_unknown",
                "the server's certificate is signed by nobody we trust; name its CA"
            ),
            Self::CertificateWrongName { wanted, found } if found.is_empty() => {
                say!("connect.wrong_name", "the server's certificate is not for %{wanted}", wanted = wanted)
            }
            Self::CertificateWrongName { wanted, found } => say!(
                "connect.wrong_name_but",
                "the server's certificate is not for %{wanted} but for %{found}",
                wanted = wanted,
                found = found.join(", ")
            ),
            Self::CertificateExpired(Lapse::Expired) => {
                say!("connect.certificate_expired", "the server's certificate is expired")
            }
            Self::CertificateExpired(Lapse::NotYetValid) => {
                say!("connect.certificate_early", "the server's certificate is not valid yet")
            }
            Self::CertificateRefused(why) => {
                say!("connect.certificate_refused", "the server does not accept our certificate: %{why}", why = why)
            }
            Self::CertificateMissing => {
                say!("connect.certificate_missing", "the server wants a client certificate, and none was given")
            }
            Self::ServerIsPlaintext => {
                say!("connect.server_is_plaintext", "the server does not speak TLS here; use an address without +tls")
            }
            Self::HungUpOnTls => say!(
                "connect.hung_up_on_tls",
                "the server hung up on TLS; it may speak plaintext here (an address without +tls)"
            ),
            Self::ServerIsTls(dialect) => {
                say!("connect.server_is_tls", "the server speaks TLS; use %{dialect}+tls://", dialect = *dialect)
            }
            Self::OtherProtocol { dialect, first } => say!(
                "connect.other_protocol",
                "the peer speaks %{found}, not %{dialect}: its first bytes are %{bytes}",
                found = match guess(first) {
                    Some(name) => Words::from(name),
                    None => say!("connect.something_else", "something else").into(),
                },
                dialect = *dialect,
                bytes = hex(first)
            ),
            Self::HungUp => say!("connect.hung_up", "the peer closed the connection during the handshake"),
            Self::Fault(fault) => return fault.say(),
        }
        .into()
    }
}

impl ConnectError {
    /// Who has to change something.
    pub fn blame(&self) -> Blame {
        match &self.failure {
            Failure::NameNotFound { .. }
            | Failure::TlsOptions(_)
            | Failure::CertificateUnknown
            | Failure::CertificateRefused(_)
            | Failure::CertificateMissing
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
        Status::unprocessed(Code::UNAVAILABLE, self.say())
    }
}

/// A message cannot be sent: the call is over. How it ended comes out of `Exchange::next`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the call is over")]
pub struct SendError;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// Which protocol answers like this.
fn guess(first: &[u8]) -> Option<&'static str> {
    Some(match first {
        [0x89, b'R', b'P', b'C', ..] => "native",
        [b'H', b'T', b'T', b'P', ..] => "HTTP/1",
        [0, 0, _, 4, ..] => "HTTP/2",
        [b'S', b'S', b'H', b'-', ..] => "SSH",
        [b'{' | b'[', ..] => "JSON",
        [0x15 | 0x16, 3, ..] => "TLS",
        _ => return None,
    })
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
