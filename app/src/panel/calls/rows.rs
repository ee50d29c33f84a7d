//! The rows of the tree of saved calls, made when the workspace or the filter changed.

use std::collections::HashSet;
use std::path::PathBuf;

use callscope_wire::Words;
use egui::Id;

use crate::model::workspace::{Entry, Workspace};

/// Up to this many calls the outermost folders begin open: a small workspace is seen whole.
const SMALL: usize = 200;

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// From the path.
    pub id: Id,
    /// Folders above it.
    pub depth: usize,
    /// Below the root.
    pub path: PathBuf,
    /// What it shows.
    pub name: String,
    /// At the right: the method, or how many calls there are in the folder.
    pub fact: String,
    /// Open, for folders.
    pub open: Option<bool>,
    /// Why it cannot be opened.
    pub error: Option<Words>,
}

/// Which folders are not as they are at first.
#[derive(Debug, Default)]
pub struct Folds(HashSet<Id>);

impl Folds {
    /// Opens or closes a folder.
    pub fn toggle(&mut self, id: Id) {
        if !self.0.remove(&id) {
            self.0.insert(id);
        }
    }

    /// Closes every folder.
    pub fn close_all(&mut self, workspace: &Workspace) {
        self.0.clear();
        if is_small(workspace) {
            self.0.extend(workspace.entries.iter().map(id_of));
        }
    }

    fn open(&self, id: Id, at_first: bool) -> bool {
        self.0.contains(&id) != at_first
    }
}

/// The rows that the filter leaves. Folders around what it finds are shown open.
pub fn build(workspace: &Workspace, filter: &str, folds: &Folds) -> Vec<Row> {
    let needle = filter.trim().to_lowercase();
    let mut rows = Vec::new();
    let at_first = is_small(workspace);
    for entry in &workspace.entries {
        add(&mut rows, entry, 0, &needle, folds, at_first);
    }
    rows
}

fn is_small(workspace: &Workspace) -> bool {
    workspace.entries.iter().map(Entry::count).sum::<usize>() <= SMALL
}

fn id_of(entry: &Entry) -> Id {
    Id::unique(("calls", entry.path()))
}

fn add(rows: &mut Vec<Row>, entry: &Entry, depth: usize, needle: &str, folds: &Folds, at_first: bool) {
    let id = id_of(entry);
    let blank = Row {
        id,
        depth,
        path: entry.path().to_owned(),
        name: entry.name().to_owned(),
        fact: String::new(),
        open: None,
        error: None,
    };
    match entry {
        Entry::Call { name, method, error, .. } => {
            if found(name, needle) || found(method, needle) {
                let fact = method.rsplit('/').next().unwrap_or(method).to_owned();
                rows.push(Row { fact, error: error.clone(), ..blank });
            }
        }
        Entry::Folder { entries, .. } => {
            // A folder that was found shows all that is in it.
            let own = found(entry.name(), needle);
            let needle = if own { "" } else { needle };
            let open = !needle.is_empty() || folds.open(id, depth == 0 && at_first);
            let start = rows.len();
            rows.push(Row { fact: entry.count().to_string(), open: Some(open), ..blank });
            if open {
                for entry in entries {
                    add(rows, entry, depth + 1, needle, folds, at_first);
                }
            }
            if !own && rows.len() == start + 1 {
                rows.truncate(start);
            }
        }
    }
}

fn found(text: &str, needle: &str) -> bool {
    needle.is_empty() || text.to_lowercase().contains(needle)
}
