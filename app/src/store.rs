//! Saved calls as files: reading, writing, and the folder that they lie in.
//!
//! ```text
//!  path ──read──▶ text ──yaml──▶ values ──call──▶ Draft
//!                  │                                │
//!                  └────────── document ◀───────────┘      only what changed is written anew
//!                                 │
//!                              atomic ──▶ path
//! ```
//!
//! Everything here waits for the disk: call it from a thread that may block, never from the window's. It knows paths
//! and the model's plain data; no window, no network. Start reading at [`load`] and [`save`].

mod atomic;
mod call;
mod defaults;
mod document;
mod error;
mod message;
mod sample;
mod workspace;
mod yaml;

#[cfg(test)]
mod tests;

pub use defaults::{Inherited, inherited};
pub use error::{StoreError, Work};
pub use sample::unpack as unpack_sample;
pub use workspace::{
    EXTENSION, Kept, Scan, delete, duplicate, file_name, move_to, new_folder, rename, restore, scan, stem,
};

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

use callscope_wire::policy::Policy;
use callscope_wire::say;

use crate::model::draft::Draft;

/// The format that is written. A newer one is only read.
pub const FORMAT: u64 = 1;

/// A call file beyond this is a mistake: nobody edits 16 MiB by hand.
const LIMIT: u64 = 16 << 20;

/// A call as read from its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// What it holds.
    pub draft: Draft,
    /// What it was when it was read; a save hands it back.
    pub stamp: Stamp,
    /// The format's version, when it is newer than [`FORMAT`]: the file is not to be written.
    pub newer: Option<u64>,
}

/// What a file was when it was read, to notice that somebody else wrote it since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
    hash: u64,
}

/// What a save may replace.
#[derive(Clone, Copy, Debug)]
pub enum Over<'a> {
    /// Nothing: the file must not exist yet.
    Nothing,
    /// The file as it was when it was read or last saved.
    Read(&'a Stamp),
    /// Whatever valid call lies there: "keep mine".
    Anything,
}

/// What became of a file since it was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outside {
    /// Nothing.
    #[default]
    Same,
    /// Somebody wrote it.
    Changed,
    /// Somebody took it away.
    Gone,
}

/// Reads a call.
pub fn load(path: &Path) -> Result<Loaded, StoreError> {
    let (text, stamp) = read(path)?;
    let call::Parsed { draft, newer, .. } = call::parse(path, &text)?;
    Ok(Loaded { draft, stamp, newer })
}

/// Writes a call: the old file or the new one, never half of either. Keys, comments and layout that the draft does not
/// touch stay as they are in the file. Gives the stamp for the next save.
///
/// A file that cannot be read as a call, or is of a newer format, is never replaced.
pub fn save(path: &Path, draft: &Draft, over: Over<'_>) -> Result<Stamp, StoreError> {
    let old = match read(path) {
        Ok((text, stamp)) => Some((text, stamp)),
        Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let text = match (&old, over) {
        (Some(_), Over::Nothing) => return Err(StoreError::Exists { path: path.to_owned() }),
        (Some((_, now)), Over::Read(stamp)) if now.hash != stamp.hash || now.len != stamp.len => {
            return Err(StoreError::Conflict { path: path.to_owned() });
        }
        (Some((text, _)), _) => call::update(path, text, draft)?,
        (None, _) => call::create(path, draft)?,
    };
    let clobber = if old.is_some() { atomic::Clobber::Replace } else { atomic::Clobber::Refuse };
    atomic::write(path, clobber, text.as_bytes())?;
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    Ok(Stamp { modified, ..Stamp::of(&text) })
}

/// Writes a file of the program's own, whole or not at all, its folder included.
pub fn replace(path: &Path, content: impl AsRef<[u8]>) -> Result<(), StoreError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(StoreError::io(Work::Create, folder))?;
    }
    let clobber = if path.exists() { atomic::Clobber::Replace } else { atomic::Clobber::Refuse };
    atomic::write(path, clobber, content.as_ref())
}

/// Reads a text of the program's own, however long.
pub fn read_text(path: &Path) -> Result<String, StoreError> {
    fs::read_to_string(path).map_err(|source| StoreError::Io { what: Work::Read, path: path.to_owned(), source })
}

/// Reads policies from a file that holds nothing else, written as the `policy` of a call.
pub fn read_policy(path: &Path) -> Result<Policy, StoreError> {
    let (text, _) = read(path)?;
    call::typed(path, &text)
}

/// Whether a file is still as it was read. Reads it only when its time or length is another.
pub fn outside(path: &Path, stamp: &Stamp) -> Outside {
    let Ok(metadata) = fs::metadata(path) else { return Outside::Gone };
    if metadata.len() == stamp.len && metadata.modified().ok() == stamp.modified {
        return Outside::Same;
    }
    match read(path) {
        Ok((_, now)) if now.hash == stamp.hash && now.len == stamp.len => Outside::Same,
        _ => Outside::Changed,
    }
}

impl Stamp {
    fn of(text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Self { modified: None, len: text.len() as u64, hash: hasher.finish() }
    }
}

fn read(path: &Path) -> Result<(String, Stamp), StoreError> {
    let failed = |source| StoreError::Io { what: Work::Read, path: path.to_owned(), source };
    let file = fs::File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LIMIT {
        return Err(StoreError::TooLarge { path: path.to_owned(), limit: LIMIT });
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let good = String::from_utf8_lossy(good);
        StoreError::Invalid {
            path: path.to_owned(),
            line: good.matches('\n').count() as u64 + 1,
            column: good.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1,
            message: say!("store.no_utf8", "the bytes here are no UTF-8").into(),
        }
    })?;
    let stamp = Stamp { modified: metadata.modified().ok(), ..Stamp::of(&text) };
    Ok((text, stamp))
}

/// Reads a call's text that may be anything, changes it, and sees that it says what it was changed to.
#[doc(hidden)]
pub fn try_text(path: &Path, text: &str) {
    let Ok(parsed) = call::parse(path, text) else { return };
    if parsed.newer.is_some() {
        return;
    }
    let mut changed = parsed.draft;
    changed.docs.push('x');
    changed.deadline = Some(std::time::Duration::from_millis(1500));
    if let Ok(text) = call::update(path, text, &changed) {
        let again = call::parse(path, &text).map(|parsed| parsed.draft).ok();
        assert!(again.as_ref() == Some(&changed), "{text:?} is not {changed:?}");
    }
}
