//! What can go wrong with a file, in words a person can act on.

use std::io;
use std::path::{Path, PathBuf};

use callscope_wire::{Say, Words, say};

/// Why a file could not be read or written. The file is as it was before.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.say())]
#[non_exhaustive]
pub enum StoreError {
    /// It is no call, or not one of ours.
    Invalid {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// From 1, in characters.
        column: u64,
        /// What is wrong there.
        message: Words,
    },
    /// A newer program wrote it.
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u64,
    },
    /// Somebody else wrote it since it was read: keep mine, or take theirs.
    Conflict {
        /// The file.
        path: PathBuf,
    },
    /// There is one already.
    Exists {
        /// The file or folder.
        path: PathBuf,
    },
    /// The path leads out of the workspace.
    Outside {
        /// The path.
        path: PathBuf,
    },
    /// More than a call can need.
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes.
        limit: u64,
    },
    /// The system said no.
    Io {
        /// What was wanted.
        what: Work,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// What can be wanted of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Its text.
    Read,
    /// Another text in it.
    Write,
    /// To be there.
    Create,
    /// What is in it.
    List,
    /// Another name.
    Rename,
    /// To be gone.
    Delete,
    /// To be back.
    Restore,
}

/// The system's reason stands in the sentence, so toasts and tooltips need nothing else.
impl Say for StoreError {
    fn say(&self) -> Words {
        match self {
            Self::Invalid { path, line, column, message } => say!(
                "store.invalid",
                "%{file}, line %{line}, column %{column}: %{what}",
                file = name(path),
                line = *line,
                column = *column,
                what = message.clone()
            ),
            Self::Newer { path, version } => say!(
                "store.newer",
                "%{file} is of format %{version}, newer than this program writes; save it under another name",
                file = name(path),
                version = *version
            ),
            Self::Conflict { path } => {
                say!("store.conflict", "%{file} changed on disk since it was read", file = name(path))
            }
            Self::Exists { path } => say!("store.exists", "%{file} exists already", file = name(path)),
            Self::Outside { path } => {
                say!("store.outside", "%{path} is not inside the workspace", path = path.display().to_string())
            }
            Self::TooLarge { path, limit } => {
                say!("store.too_large", "%{file} is larger than %{mib} MiB", file = name(path), mib = limit >> 20)
            }
            Self::Io { what, path, source } => {
                let sentence = match what {
                    Work::Read => say!("store.cannot_read", "cannot read %{path}: %{why}"),
                    Work::Write => say!("store.cannot_write", "cannot write %{path}: %{why}"),
                    Work::Create => say!("store.cannot_create", "cannot create %{path}: %{why}"),
                    Work::List => say!("store.cannot_list", "cannot list %{path}: %{why}"),
                    Work::Rename => say!("store.cannot_rename", "cannot rename %{path}: %{why}"),
                    Work::Delete => say!("store.cannot_delete", "cannot delete %{path}: %{why}"),
                    Work::Restore => say!("store.cannot_restore", "cannot restore %{path}: %{why}"),
                };
                sentence.with("path", path.display().to_string()).with("why", source.to_string())
            }
        }
        .into()
    }
}

impl StoreError {
    pub(super) fn io(what: Work, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}

fn name(path: &Path) -> std::borrow::Cow<'_, str> {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy()
}
