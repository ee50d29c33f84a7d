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

/// A text above this is kept in a file of its own, written once: the state itself is written every few seconds.
const LONG: usize = 256 << 10;
/// What stands in the state for such a text. Nobody can type the first character.
const ELSEWHERE: &str = "\u{0}callscope-body:";
/// Their folder beside the state.
const FOLDER: &str = "bodies";

/// Long texts that are kept beside the state.
#[derive(Debug, Default)]
pub(crate) struct Bodies(Vec<(String, String)>);

impl Bodies {
    /// Takes a long text out and leaves word of where it is.
    pub fn set_aside(&mut self, text: &mut String) {
        if text.len() > LONG {
            let name = format!("{:016x}-{}", egui::util::hash(text.as_str()), text.len());
            let body = std::mem::replace(text, format!("{ELSEWHERE}{name}"));
            self.0.push((name, body));
        }
    }
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

    /// Brings back a text that was set aside; one whose file is gone is empty, and told of.
    pub fn bring_back(&self, text: &mut String) -> Result<(), Words> {
        let Some(name) = text.strip_prefix(ELSEWHERE) else { return Ok(()) };
        let place = self.bodies_folder().unwrap_or_default().join(name);
        let read = store::read_text(&place);
        text.clear();
        text.push_str(read.as_deref().unwrap_or_default());
        read.map(|_| ()).map_err(|error| error.say())
    }

    fn bodies_folder(&self) -> Option<PathBuf> {
        Some(self.path.as_ref()?.parent()?.join(FOLDER))
    }

    /// Writes the state behind whatever is being written, long texts first. `failed` is told what went wrong.
    pub fn keep(&mut self, kept: &Kept, bodies: Bodies, failed: impl Fn(Words) + Send + 'static) {
        let (Some(path), Ok(text)) = (self.path.clone(), serde_json::to_string(kept)) else { return };
        let before = self.writing.take();
        let folder = self.bodies_folder();
        let write = move || {
            // One that panicked wrote nothing; this one writes more.
            if let Some(before) = before {
                before.join().ok();
            }
            let folder = folder.unwrap_or_default();
            for (name, body) in &bodies.0 {
                let place = folder.join(name);
                if !place.exists()
                    && let Err(error) = store::replace(&place, body)
                {
                    failed(error.say());
                }
            }
            let written = store::replace(&path, &text);
            if written.is_ok() {
                // Nothing in the state speaks of the others any more.
                for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                    let used = bodies.0.iter().any(|(name, _)| entry.file_name() == name.as_str());
                    if !used {
                        std::fs::remove_file(entry.path()).ok();
                    }
                }
            }
            if let Err(error) = written {
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
