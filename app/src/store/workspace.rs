//! The folder of saved calls: what lies in it, and renaming, copying, deleting with a way back.

use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::{StoreError, Work, atomic, call, read};
use callscope_wire::Say as _;

use crate::model::workspace::Entry;

/// What a call file's name ends in.
pub const EXTENSION: &str = ".call.yaml";

/// Where deleted files wait for an undo, below the workspace's root.
const TRASH: &str = ".callscope/trash";
/// Folders below folders; a deeper tree is no tree of calls.
const DEPTH: usize = 16;
/// Entries listed; a home folder opened by mistake must not fill the memory.
const ENTRIES: usize = 50_000;

/// What a scan found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scan {
    /// Folders first, then calls by `seq` and name.
    pub entries: Vec<Entry>,
    /// There was more than can be listed.
    pub truncated: bool,
}

/// A deleted file or folder, for [`restore`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where it was, below the root.
    pub path: PathBuf,
    /// Where it is now.
    pub kept: PathBuf,
}

/// Lists the calls below `root`. Files that cannot be read are listed with the reason.
pub fn scan(root: &Path) -> Result<Scan, StoreError> {
    let mut left = ENTRIES;
    let entries = folder(root, Path::new(""), DEPTH, &mut left)?;
    Ok(Scan { entries, truncated: left == 0 })
}

fn folder(root: &Path, below: &Path, depth: usize, left: &mut usize) -> Result<Vec<Entry>, StoreError> {
    let full = root.join(below);
    let mut folders: Vec<(String, Entry)> = Vec::new();
    let mut calls: Vec<(i64, Entry)> = Vec::new();
    for item in fs::read_dir(&full).map_err(StoreError::io(Work::List, &full))? {
        let item = item.map_err(StoreError::io(Work::List, &full))?;
        let name = item.file_name();
        let Some(shown) = name.to_str() else { continue };
        // Hidden: our own trash, temp files of killed processes, `.git`.
        if shown.starts_with('.') || *left == 0 {
            continue;
        }
        let path = below.join(&name);
        // A link to a folder may lead back up.
        let kind = item.file_type().map_err(StoreError::io(Work::List, &full))?;
        if kind.is_dir() && depth > 0 {
            *left -= 1;
            // One folder that may not be read is no reason to show none.
            let entries = folder(root, &path, depth - 1, left).unwrap_or_default();
            folders.push((shown.to_lowercase(), Entry::Folder { path, entries }));
        } else if !kind.is_dir() && shown.ends_with(EXTENSION) {
            *left -= 1;
            calls.push(entry(root, path));
        }
    }
    folders.sort_by(|a, b| a.0.cmp(&b.0));
    calls.sort_by(|(a_seq, a), (b_seq, b)| a_seq.cmp(b_seq).then_with(|| a.name().cmp(b.name())));
    Ok(folders.into_iter().map(|(_, entry)| entry).chain(calls.into_iter().map(|(_, entry)| entry)).collect())
}

/// The row of a call file. Without `seq` it comes after those that have one.
fn entry(root: &Path, path: PathBuf) -> (i64, Entry) {
    let full = root.join(&path);
    match read(&full).and_then(|(text, _)| call::parse(&full, &text)) {
        Ok(call::Parsed { draft, seq, .. }) => {
            let entry = Entry::Call { name: draft.name, method: draft.method, path, error: None };
            (seq.unwrap_or(i64::MAX), entry)
        }
        Err(error) => {
            let error = Some(error.say());
            (i64::MAX, Entry::Call { name: stem(&path), method: String::new(), path, error })
        }
    }
}

/// Renames a call or a folder; a call's shown name changes with it. Gives the new path below the root.
pub fn rename(root: &Path, path: &Path, name: &str) -> Result<PathBuf, StoreError> {
    let full = below(root, path)?;
    let parent = path.parent().unwrap_or(Path::new(""));
    if full.is_dir() {
        let new = parent.join(folder_name(name));
        return relocate(root, path, &new);
    }
    let new = parent.join(file_name(name));
    let (text, _) = read(&full)?;
    if new != path && root.join(&new).symlink_metadata().is_ok() {
        return Err(StoreError::Exists { path: new });
    }
    // First the name inside, by an atomic write, then the file: killed in between, it is a call of the old place.
    let text = call::renamed(&full, &text, name)?;
    atomic::write(&full, atomic::Clobber::Replace, text.as_bytes())?;
    relocate(root, path, &new)
}

/// Moves a call or a folder into another folder (empty: the root). Gives the new path below the root.
pub fn move_to(root: &Path, path: &Path, folder: &Path) -> Result<PathBuf, StoreError> {
    let Some(name) = path.file_name() else { return Err(StoreError::Outside { path: path.to_owned() }) };
    relocate(root, path, &folder.join(name))
}

fn relocate(root: &Path, from: &Path, to: &Path) -> Result<PathBuf, StoreError> {
    let (source, target) = (below(root, from)?, below(root, to)?);
    if source == target {
        return Ok(to.to_owned());
    }
    // A change of upper and lower case alone meets itself on some file systems.
    let same_file = fs::canonicalize(&source).ok().is_some_and(|real| fs::canonicalize(&target).ok() == Some(real));
    if target.symlink_metadata().is_ok() && !same_file {
        return Err(StoreError::Exists { path: to.to_owned() });
    }
    fs::rename(&source, &target).map_err(StoreError::io(Work::Rename, &source))?;
    Ok(to.to_owned())
}

/// Copies a call beside itself as `name 2`. Gives the copy's path below the root.
pub fn duplicate(root: &Path, path: &Path) -> Result<PathBuf, StoreError> {
    let full = below(root, path)?;
    let (text, _) = read(&full)?;
    let call::Parsed { draft, .. } = call::parse(&full, &text)?;
    let parent = path.parent().unwrap_or(Path::new(""));
    let (base, first) = numbered(&draft.name);
    for number in first..first.saturating_add(10_000) {
        let name = format!("{base} {number}");
        let copy = parent.join(file_name(&name));
        let target = below(root, &copy)?;
        if target.symlink_metadata().is_ok() {
            continue;
        }
        let text = call::renamed(&full, &text, &name)?;
        atomic::write(&target, atomic::Clobber::Refuse, text.as_bytes())?;
        return Ok(copy);
    }
    Err(StoreError::Exists { path: path.to_owned() })
}

/// `Place order 2` counts on from 3.
fn numbered(name: &str) -> (&str, u32) {
    let counted = name.rsplit_once(' ').and_then(|(base, number)| Some((base, number.parse::<u32>().ok()?)));
    counted.map_or((name, 2), |(base, number)| (base, number.saturating_add(1)))
}

/// Moves a call or a folder out of sight, into a folder of the workspace that [`scan`] passes over.
pub fn delete(root: &Path, path: &Path) -> Result<Kept, StoreError> {
    let full = below(root, path)?;
    let Some(name) = path.file_name() else { return Err(StoreError::Outside { path: path.to_owned() }) };
    let trash = root.join(TRASH);
    fs::create_dir_all(&trash).map_err(StoreError::io(Work::Create, &trash))?;
    // Nobody wants deleted calls in a repository.
    let ignore = root.join(".callscope/.gitignore");
    if !ignore.exists() {
        atomic::write(&ignore, atomic::Clobber::Replace, b"*\n")?;
    }
    let slot = tempfile::Builder::new().prefix("").tempdir_in(&trash).map_err(StoreError::io(Work::Create, &trash))?;
    let kept = slot.path().join(name);
    fs::rename(&full, &kept).map_err(StoreError::io(Work::Delete, &full))?;
    // From here on it holds something: no cleaning up.
    let _kept_folder = slot.keep();
    Ok(Kept { path: path.to_owned(), kept })
}

/// Puts a deleted call or folder back. If its place is taken meanwhile, it stays where it is kept.
pub fn restore(root: &Path, kept: &Kept) -> Result<(), StoreError> {
    let target = below(root, &kept.path)?;
    if target.symlink_metadata().is_ok() {
        return Err(StoreError::Exists { path: kept.path.clone() });
    }
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).map_err(StoreError::io(Work::Create, parent))?;
    }
    fs::rename(&kept.kept, &target).map_err(StoreError::io(Work::Restore, &target))?;
    if let Some(slot) = kept.kept.parent() {
        // Only the empty slot goes; if it is not empty, it is not ours to clear.
        let _left = fs::remove_dir(slot);
    }
    Ok(())
}

/// Makes a folder below `parent` (empty: the root) under the first free name. Gives its path below the root.
pub fn new_folder(root: &Path, parent: &Path, name: &str) -> Result<PathBuf, StoreError> {
    let base = folder_name(name);
    for number in 1..10_000_u32 {
        let path = parent.join(if number == 1 { base.clone() } else { format!("{base} {number}") });
        let full = below(root, &path)?;
        match fs::create_dir(&full) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(StoreError::io(Work::Create, &full)(error)),
        }
    }
    Err(StoreError::Exists { path: parent.join(base) })
}

/// `Place order` as `place-order.call.yaml`: a name for any file system.
pub fn file_name(name: &str) -> String {
    let mut out = safe(name).to_lowercase().replace(' ', "-");
    if out.is_empty() {
        out.push_str("call");
    }
    out + EXTENSION
}

fn folder_name(name: &str) -> String {
    let out = safe(name);
    if out.is_empty() { "folder".to_owned() } else { out }
}

/// Without what some file system forbids, 80 bytes at most.
fn safe(name: &str) -> String {
    let forbidden = |c: char| c.is_control() || matches!(c, '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*');
    let cleaned: String = name.chars().map(|c| if forbidden(c) { ' ' } else { c }).collect();
    let mut out = String::new();
    for word in cleaned.split_whitespace() {
        let gap = usize::from(!out.is_empty());
        if out.len() + gap + word.len() > 80 {
            if out.is_empty() {
                out.extend(word.chars().take(20));
            }
            break;
        }
        if gap == 1 {
            out.push(' ');
        }
        out.push_str(word);
    }
    // Hidden files, and endings that Windows drops.
    let out = out.trim_matches(['.', ' ']).to_owned();
    let device = out.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = |prefix: &str| device.strip_prefix(prefix).is_some_and(|n| matches!(n.as_bytes(), [b'0'..=b'9']));
    let reserved = matches!(device.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt");
    if reserved { format!("{out}_") } else { out }
}

/// The name of a call file without its extension.
pub fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or(OsStr::new("")).to_string_lossy();
    name.strip_suffix(EXTENSION).unwrap_or(&name).to_owned()
}

/// `path` below `root`, refused if it could lead out of it.
pub(super) fn below(root: &Path, path: &Path) -> Result<PathBuf, StoreError> {
    let inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if inside { Ok(root.join(path)) } else { Err(StoreError::Outside { path: path.to_owned() }) }
}
