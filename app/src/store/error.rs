//! What can go wrong with a file, in words a person can act on.

use std::io;
use std::path::{Path, PathBuf};

/// Why a file could not be read or written. The file is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It is no call, or not one of ours.
    #[error("{}, line {line}, column {column}: {message}", name(path))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// From 1, in characters.
        column: u64,
        /// What is wrong there.
        message: String,
    },
    /// A newer program wrote it.
    #[error("{} is of format {version}, newer than this program writes; save it under another name", name(path))]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u64,
    },
    /// Somebody else wrote it since it was read: keep mine, or take theirs.
    #[error("{} changed on disk since it was read", name(path))]
    Conflict {
        /// The file.
        path: PathBuf,
    },
    /// There is one already.
    #[error("{} exists already", name(path))]
    Exists {
        /// The file or folder.
        path: PathBuf,
    },
    /// The path leads out of the workspace.
    #[error("{} is not inside the workspace", path.display())]
    Outside {
        /// The path.
        path: PathBuf,
    },
    /// More than a call can need.
    #[error("{} is larger than {} MiB", name(path), limit >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes.
        limit: u64,
    },
    /// The system said no.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// A verb: `read`, `write`.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl StoreError {
    /// The whole chain in one line, for toasts and tooltips.
    pub fn sentence(&self) -> String {
        match self {
            Self::Io { source, .. } => format!("{self}: {source}"),
            other => other.to_string(),
        }
    }

    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}

fn name(path: &Path) -> std::borrow::Cow<'_, str> {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy()
}
