//! Saved calls on disk, as the Calls sidebar lists them.

use std::path::PathBuf;

use callscope_wire::policy::Policy;

/// The open workspace: a folder, or none yet.
#[derive(Debug, Default)]
pub struct Workspace {
    /// The folder; `None`: nothing opened or saved yet.
    pub root: Option<PathBuf>,
    /// What lies in it, folders first, then by `seq` and name.
    pub entries: Vec<Entry>,
    /// What calls inherit where they set nothing: the policy of the root's `defaults.yaml`.
    pub policy: Policy,
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
        error: Option<String>,
    },
}
