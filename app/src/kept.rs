//! What a window keeps between runs: layout, settings, open tabs with their drafts.
//!
//! One file, written whole or not at all: a process killed while it writes, or a full disk, leaves what was there
//! before. Written on a thread of its own, one after the other; the window never waits for the disk, except for the
//! last write at its end.

use std::path::PathBuf;
use std::thread::JoinHandle;

use callscope_wire::{Say as _, Words, say};
use serde::{Deserialize, Serialize};

use crate::model::settings::Settings;
use crate::store;

/// The state of a window. What an older or newer program wrote differently is left out, the rest is taken.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    /// As `Layout::to_text` writes it.
    pub layout: String,
    /// What the user chose.
    pub settings: Settings,
    /// As `App::tabs_to_text` writes it.
    pub tabs: String,
}

/// The file, and who writes it.
#[derive(Debug, Default)]
pub(crate) struct Keeper {
    path: Option<PathBuf>,
    writing: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Keeps at `path`; `None`: nowhere.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self { path, writing: None }
    }

    /// Whether there is somewhere to keep things, and nothing was kept there yet.
    pub fn is_first_run(&self) -> bool {
        self.path.as_ref().is_some_and(|path| !path.exists())
    }

    /// The program's own folder: where the state is kept, else the system's place for it.
    pub fn folder(&self) -> Option<PathBuf> {
        let beside = self.path.as_ref().and_then(|path| path.parent()).map(std::path::Path::to_owned);
        beside.or_else(|| Some(directories::ProjectDirs::from("", "", "callscope")?.data_dir().to_owned()))
    }

    /// What was kept last, if it can be read. A file that cannot is put aside, for whoever wants to mend it.
    pub fn load(&self) -> Result<Option<Kept>, Words> {
        let Some(path) = &self.path else { return Ok(None) };
        let Ok(text) = std::fs::read_to_string(path) else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| {
            let aside = path.with_extension("broken.json");
            let moved = std::fs::rename(path, &aside).is_ok();
            let place = if moved { aside } else { path.clone() };
            say!(
                "store.kept_unreadable",
                "%{file}: what was kept of the last run cannot be read: %{why}",
                file = place.display().to_string(),
                why = error.to_string()
            )
            .into()
        })
    }

    /// Writes the state behind whatever is being written. `failed` is told what went wrong.
    pub fn keep(&mut self, kept: &Kept, failed: impl Fn(Words) + Send + 'static) {
        let (Some(path), Ok(text)) = (self.path.clone(), serde_json::to_string(kept)) else { return };
        let before = self.writing.take();
        let write = move || {
            // One that panicked wrote nothing; this one writes more.
            if let Some(before) = before {
                before.join().ok();
            }
            if let Err(error) = store::replace(&path, &text) {
                failed(error.say());
            }
        };
        self.writing = std::thread::Builder::new().name("callscope-keep".to_owned()).spawn(write).ok();
    }
}

impl Drop for Keeper {
    /// Waits for the last write: it is the one that matters.
    fn drop(&mut self) {
        if let Some(writing) = self.writing.take() {
            writing.join().ok();
        }
    }
}
