//! Saved calls on disk, as the Calls sidebar lists them.

use std::path::{Path, PathBuf};

use callscope_wire::Words;

use crate::store::Inherited;

/// The open workspace: a folder, or none yet.
#[derive(Debug, Default)]
pub struct Workspace {
    /// The folder; `None`: nothing opened or saved yet.
    pub root: Option<PathBuf>,
    /// What lies in it, folders first, then by `seq` and name.
    pub entries: Vec<Entry>,
    /// What calls directly below the root inherit; calls that were never saved do, too.
    pub inherited: Inherited,
    /// Counts every change.
    pub revision: u64,
}

/// A folder or a saved call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A folder.
    Folder {
        /// Path below the root.
        path: PathBuf,
        /// What lies in it.
        entries: Vec<Entry>,
    },
    /// A `*.call.yaml` file.
    Call {
        /// Path below the root.
        path: PathBuf,
        /// Its name.
        name: String,
        /// Its method, for the right side of the row.
        method: String,
        /// Why it cannot be opened, with line and column; `None`: it can.
        error: Option<Words>,
    },
}

impl Workspace {
    /// Whether this file of a tab is the entry with this path: tabs may hold it with or without the root.
    pub fn is_entry(&self, file: &Path, path: &Path) -> bool {
        file == path || self.root.as_ref().is_some_and(|root| file.strip_prefix(root).is_ok_and(|below| below == path))
    }

    /// Every saved call, in the order of the tree.
    pub fn calls(&self) -> Vec<&Entry> {
        fn collect<'a>(entries: &'a [Entry], out: &mut Vec<&'a Entry>) {
            for entry in entries {
                match entry {
                    Entry::Folder { entries, .. } => collect(entries, out),
                    Entry::Call { .. } => out.push(entry),
                }
            }
        }
        let mut out = Vec::new();
        collect(&self.entries, &mut out);
        out
    }
}

impl Entry {
    /// Path below the root.
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder { path, .. } | Self::Call { path, .. } => path,
        }
    }

    /// What the tree shows.
    pub fn name(&self) -> &str {
        match self {
            Self::Folder { path, .. } => path.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default(),
            Self::Call { name, .. } => name,
        }
    }

    /// Calls in it, at any depth; 1 for a call.
    pub fn count(&self) -> usize {
        match self {
            Self::Folder { entries, .. } => entries.iter().map(Self::count).sum(),
            Self::Call { .. } => 1,
        }
    }
}
