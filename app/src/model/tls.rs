//! What a call brings to TLS: whom it trusts, and who it says it is. Paths as they are written: relative to the workspace.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Values of one call or folder; `None`: from the folder above.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// CA certificates in PEM; without: the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// Our certificate chain in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<String>,
    /// Its private key in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The name that the server's certificate must be for; without: the host of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
}

/// One of its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsKey {
    /// [`Tls::ca`].
    Ca,
    /// [`Tls::cert`].
    Cert,
    /// [`Tls::key`].
    Key,
    /// [`Tls::server_name`].
    ServerName,
}

impl TlsKey {
    /// In the order of forms.
    pub const ALL: [Self; 4] = [Self::Ca, Self::Cert, Self::Key, Self::ServerName];

    /// The word in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::Cert => "cert",
            Self::Key => "key",
            Self::ServerName => "server_name",
        }
    }

    /// Whether it is the path of a file.
    pub const fn is_file(self) -> bool {
        !matches!(self, Self::ServerName)
    }
}

impl Tls {
    /// The value, if it is set here.
    pub fn get(&self, key: TlsKey) -> Option<&str> {
        match key {
            TlsKey::Ca => self.ca.as_deref(),
            TlsKey::Cert => self.cert.as_deref(),
            TlsKey::Key => self.key.as_deref(),
            TlsKey::ServerName => self.server_name.as_deref(),
        }
    }

    /// Sets it, or leaves it to the folder above.
    pub fn set(&mut self, key: TlsKey, value: Option<String>) {
        let place = match key {
            TlsKey::Ca => &mut self.ca,
            TlsKey::Cert => &mut self.cert,
            TlsKey::Key => &mut self.key,
            TlsKey::ServerName => &mut self.server_name,
        };
        *place = value;
    }

    /// These values, and those of `far` that are not set here.
    #[must_use]
    pub fn over(&self, far: &Self) -> Self {
        let mut all = far.clone();
        for key in TlsKey::ALL {
            if let Some(value) = self.get(key) {
                all.set(key, Some(value.to_owned()));
            }
        }
        all
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The file of a value, seen from `base`.
    pub fn file(&self, key: TlsKey, base: &Path) -> Option<PathBuf> {
        self.get(key).map(|written| base.join(written.trim()))
    }

    /// How `file` is written: relative to `base` where it lies below it.
    pub fn written(file: &Path, base: &Path) -> String {
        file.strip_prefix(base).unwrap_or(file).to_string_lossy().replace('\\', "/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_values_win_and_paths_are_the_workspaces() {
        let far = Tls { ca: Some("ca.pem".to_owned()), server_name: Some("a".to_owned()), ..Tls::default() };
        let near = Tls { server_name: Some("b".to_owned()), cert: Some("/abs/c.pem".to_owned()), ..Tls::default() };
        let all = near.over(&far);
        assert_eq!((all.get(TlsKey::Ca), all.get(TlsKey::ServerName)), (Some("ca.pem"), Some("b")));
        let base = Path::new("/shop");
        assert_eq!(all.file(TlsKey::Ca, base), Some("/shop/ca.pem".into()));
        assert_eq!(all.file(TlsKey::Cert, base), Some("/abs/c.pem".into()));
        assert_eq!(Tls::written(Path::new("/shop/certs/ca.pem"), base), "certs/ca.pem");
        assert_eq!(Tls::written(Path::new("/etc/ca.pem"), base), "/etc/ca.pem");
        assert!(Tls::default().is_empty());
    }
}
