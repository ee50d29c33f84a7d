//! Where a call goes, as people write it: `native://127.0.0.1:7001`, `registry:///orders`.
//!
//! Knows the names of dialects and transports from their tables, and nothing else of them.

use std::fmt;
use std::str::FromStr;

use callscope_wire::{Say, Words, dialect, say};

use crate::transport;

/// The target of a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// One listener.
    Direct(Endpoint),
    /// Whatever a registry lists under a service.
    Registry {
        /// The registry; `None`: this process's own world.
        at: Option<HostPort>,
        /// The service as the registry names it.
        service: String,
        /// Only this instance (`…/orders@orders-2`).
        instance: Option<String>,
    },
}

/// One listener: what it speaks, what carries it, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Name of the dialect.
    pub dialect: &'static str,
    /// What carries it.
    pub transport: TransportKind,
    /// Host name or address without brackets; for memory the listener's name.
    pub host: String,
    /// Port; 0 for memory.
    pub port: u16,
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// Host name or address without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// What carries a dialect's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransportKind {
    /// TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// A pipe inside this process.
    Memory,
}

/// Text that is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.say())]
pub struct AddressError {
    /// As it was given.
    pub text: String,
    /// Byte offset at which it goes wrong.
    pub offset: usize,
    /// What is wrong, and what to write instead.
    pub what: Words,
}

impl Say for AddressError {
    fn say(&self) -> Words {
        say!(
            "address.wrong",
            "`%{text}` is no address: %{what} (character %{place})",
            text = &self.text,
            what = self.what.clone(),
            place = self.offset + 1
        )
        .into()
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let at = |offset: usize, what: Words| AddressError { text: text.to_owned(), offset, what };
        let Some((scheme, rest)) = text.split_once("://") else {
            // What `serve` prints and everybody pastes.
            let HostPort { host, port } = host_port(text).map_err(|(offset, what)| {
                let form = say!(
                    "address.form",
                    "%{what}; write it as native://HOST:PORT or registry://HOST:PORT/SERVICE",
                    what = what
                );
                at(offset, form.into())
            })?;
            return Ok(Self::Direct(Endpoint { dialect: "native", transport: TransportKind::Tcp, host, port }));
        };
        let start = scheme.len() + "://".len();
        if scheme == "registry" {
            return registry(rest).map_err(|(offset, what)| at(start + offset, what));
        }
        let (dialect, suffix) = match scheme.split_once('+') {
            // `memory://name` is what tests write.
            None if scheme == "memory" => ("native", "memory"),
            None => (scheme, ""),
            Some(parts) => parts,
        };
        let Some(dialect) = dialect::by_name(dialect) else {
            let known: Vec<_> = dialect::ALL.iter().map(|dialect| dialect.name()).collect();
            let what = say!(
                "address.no_dialect",
                "`%{name}` is no dialect; write registry or one of %{known}",
                name = dialect,
                known = known.join(", ")
            );
            return Err(at(0, what.into()));
        };
        let Some(transport) = transport::ALL.iter().find(|transport| transport.suffix() == suffix) else {
            let known: Vec<_> =
                transport::ALL.iter().map(|transport| transport.suffix()).filter(|suffix| !suffix.is_empty()).collect();
            let offset = dialect.name().len() + 1;
            let what = say!(
                "address.no_transport",
                "`%{name}` is no transport; write one of %{known}",
                name = suffix,
                known = known.join(", ")
            );
            return Err(at(offset, what.into()));
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if let Some(slash) = rest.find('/') {
            let what = say!("address.path", "a direct address has no path; the method is named separately");
            return Err(at(start + slash, what.into()));
        }
        let transport = transport.kind();
        let HostPort { host, port } = if transport == TransportKind::Memory {
            if rest.is_empty() {
                return Err(at(start, say!("address.no_listener", "the name of the listener is missing").into()));
            }
            HostPort { host: rest.to_owned(), port: 0 }
        } else {
            host_port(rest).map_err(|(offset, what)| at(start + offset, what))?
        };
        Ok(Self::Direct(Endpoint { dialect: dialect.name(), transport, host, port }))
    }
}

impl Address {
    /// Whether calls there can carry a trace context. What instances of a registry speak is not known beforehand:
    /// those that cannot get their requests without one.
    pub fn carries_trace(&self) -> bool {
        match self {
            Self::Direct(endpoint) => endpoint.carries_trace(),
            Self::Registry { .. } => true,
        }
    }
}

impl Endpoint {
    /// Whether requests there have a place for a trace context.
    pub fn carries_trace(&self) -> bool {
        dialect::by_name(self.dialect).is_some_and(dialect::Dialect::carries_trace)
    }
}

impl FromStr for Endpoint {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.parse()? {
            Address::Direct(endpoint) => Ok(endpoint),
            Address::Registry { .. } => Err(AddressError {
                text: text.to_owned(),
                offset: 0,
                what: say!(
                    "address.one_listener",
                    "an address of one listener is wanted here, such as native://127.0.0.1:7001"
                )
                .into(),
            }),
        }
    }
}

impl FromStr for HostPort {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        host_port(text).map_err(|(offset, what)| AddressError { text: text.to_owned(), offset, what })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct(endpoint) => endpoint.fmt(f),
            Self::Registry { at, service, instance } => {
                f.write_str("registry://")?;
                if let Some(at) = at {
                    at.fmt(f)?;
                }
                write!(f, "/{service}")?;
                instance.as_ref().map_or(Ok(()), |instance| write!(f, "@{instance}"))
            }
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.dialect)?;
        match self.transport {
            TransportKind::Memory => write!(f, "+memory://{}", self.host),
            TransportKind::Tls => write!(f, "+tls://{}", Pair(&self.host, self.port)),
            TransportKind::Tcp => write!(f, "://{}", Pair(&self.host, self.port)),
        }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Pair(&self.host, self.port).fmt(f)
    }
}

impl TransportKind {
    /// As in recordings and events: `tcp`, `tls`, `memory`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Memory => "memory",
        }
    }
}

/// A host and port, with the brackets that an IPv6 address needs.
struct Pair<'a>(&'a str, u16);

impl fmt::Display for Pair<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') { write!(f, "[{}]:{}", self.0, self.1) } else { write!(f, "{}:{}", self.0, self.1) }
    }
}

/// What went wrong, and where within the part that was given.
type Wrong = (usize, Words);

fn no_service() -> Words {
    say!("address.no_service", "the service is missing; write registry://HOST:PORT/SERVICE").into()
}

fn registry(rest: &str) -> Result<Address, Wrong> {
    let Some((authority, path)) = rest.split_once('/') else {
        return Err((rest.len(), no_service()));
    };
    let at = if authority.is_empty() { None } else { Some(host_port(authority)?) };
    let start = authority.len() + 1;
    let (service, instance) = match path.split_once('@') {
        None => (path, None),
        Some((service, instance)) => (service, Some(instance)),
    };
    if service.is_empty() {
        return Err((start, no_service()));
    }
    if let Some(slash) = path.find('/') {
        let what = say!("address.service_path", "a service has no `/` in its name; the method is named separately");
        return Err((start + slash, what.into()));
    }
    if instance.is_some_and(str::is_empty) {
        let what = say!("address.no_instance", "the instance's id is missing behind the `@`");
        return Err((start + path.len(), what.into()));
    }
    Ok(Address::Registry { at, service: service.to_owned(), instance: instance.map(str::to_owned) })
}

fn host_port(text: &str) -> Result<HostPort, Wrong> {
    let missing = |offset| (offset, say!("address.no_port", "the port is missing; write HOST:PORT").into());
    let (host, port) = if let Some(inner) = text.strip_prefix('[') {
        let Some((host, behind)) = inner.split_once(']') else {
            return Err((text.len(), say!("address.no_bracket", "the `]` behind an IPv6 address is missing").into()));
        };
        (host, behind.strip_prefix(':').ok_or_else(|| missing(text.len() - behind.len()))?)
    } else {
        let (host, port) = text.rsplit_once(':').ok_or_else(|| missing(text.len()))?;
        if host.contains(':') {
            let what =
                say!("address.brackets", "an IPv6 address stands in brackets; write [%{text}]:PORT", text = text);
            return Err((0, what.into()));
        }
        (host, port)
    };
    if host.is_empty() {
        return Err((0, say!("address.no_host", "the host is missing; write HOST:PORT").into()));
    }
    if let Some(offset) = host.find(|c: char| c.is_whitespace() || c.is_control()) {
        return Err((offset, say!("address.blank", "a host has no blanks in it").into()));
    }
    // What would make the address another one, or none, when it is written and read again.
    if let Some((offset, sign)) = host.char_indices().find(|(_, sign)| "/\\@#?<>[]{}|^`\"'".contains(*sign)) {
        return Err((
            offset,
            say!("address.host_sign", "a host has no `%{sign}` in it", sign = sign.to_string()).into(),
        ));
    }
    let offset = text.len() - port.len();
    match port.parse() {
        Ok(0) => Err((offset, say!("address.port_0", "nothing listens on port 0").into())),
        Ok(port) => Ok(HostPort { host: host.to_owned(), port }),
        Err(_) if port.is_empty() => Err(missing(offset)),
        Err(_) => {
            let what = say!("address.bad_port", "`%{port}` is no port; write a number from 1 to 65535", port = port);
            Err((offset, what.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_as_they_are_written() {
        for text in [
            "native://127.0.0.1:7001",
            "native+tls://example.org:443",
            "native+memory://world",
            "plain://[::1]:9",
            "plain+tls://h:1",
            "registry:///orders",
            "registry://127.0.0.1:7000/orders@orders-2",
        ] {
            assert_eq!(text.parse::<Address>().map(|address| address.to_string()).as_deref(), Ok(text));
        }
        assert_eq!("127.0.0.1:7001".parse::<Address>().unwrap().to_string(), "native://127.0.0.1:7001");
        assert_eq!("memory://x".parse::<Address>().unwrap().to_string(), "native+memory://x");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, offset, words) in [
            ("", 0, "port is missing"),
            ("localhost", 9, "port is missing"),
            ("nativ://h:1", 0, "no dialect"),
            ("native+tsl://h:1", 7, "no transport"),
            ("native://h", 10, "port is missing"),
            ("native://:80", 9, "host is missing"),
            ("native://h:0", 11, "port 0"),
            ("native://h:70000", 11, "1 to 65535"),
            ("native://::1:80", 9, "brackets"),
            ("native://[::1", 13, "`]`"),
            ("native://h:1/x", 12, "no path"),
            ("native+memory://", 16, "name of the listener"),
            ("registry://", 11, "service is missing"),
            ("registry:///", 12, "service is missing"),
            ("registry:///orders@", 19, "instance's id"),
            ("registry://h/orders", 12, "port is missing"),
            ("registry:///a/b", 13, "no `/`"),
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert_eq!(error.offset, offset, "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
