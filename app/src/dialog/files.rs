//! Asking for a file or a folder: by the system's dialog, by an environment variable, or from a list in tests.
//!
//! A question is a promise: the window goes on painting while the person looks around.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use poll_promise::Promise;
use rust_i18n::t;

/// The answer when it comes; `None`: the person thought better of it.
pub type Answer = Promise<Option<PathBuf>>;

/// Somebody to ask.
pub trait FileDialogs: Send {
    /// A call file to open.
    fn open_call(&self) -> Answer;
    /// A certificate or key in PEM.
    fn open_pem(&self) -> Answer;
    /// A workspace folder to open.
    fn open_folder(&self) -> Answer;
    /// Any file, for its bytes.
    fn open_any(&self) -> Answer;
    /// Where to save a call: the folder to begin in, and the suggested file name.
    fn save_call(&self, folder: Option<&Path>, suggested: &str) -> Answer;
    /// Where to write a message: the suggested file name.
    fn save_message(&self, suggested: &str) -> Answer;
}

/// The desktop's own dialogs, unless an environment variable answers in their place: that is how the real window is
/// driven on a machine without a desktop.
#[derive(Clone, Copy, Debug, Default)]
pub struct Native;

/// Answers every question to open something.
pub const OPEN_VARIABLE: &str = "CALLSCOPE_DIALOG_OPEN";
/// Answers every question where to save.
pub const SAVE_VARIABLE: &str = "CALLSCOPE_DIALOG_SAVE";

impl FileDialogs for Native {
    fn open_call(&self) -> Answer {
        or_ask(OPEN_VARIABLE, || {
            // Not `call.yaml`: some desktops match only what is behind the last dot.
            let dialog =
                rfd::FileDialog::new().set_title(t!("files.open_call")).add_filter(t!("files.calls"), &["yaml"]);
            dialog.pick_file()
        })
    }

    fn open_pem(&self) -> Answer {
        or_ask(OPEN_VARIABLE, || {
            let dialog = rfd::FileDialog::new().set_title(t!("files.open_pem"));
            dialog.add_filter(t!("files.pem"), &["pem", "crt", "cer", "key"]).pick_file()
        })
    }

    fn open_folder(&self) -> Answer {
        or_ask(OPEN_VARIABLE, || rfd::FileDialog::new().set_title(t!("files.open_folder")).pick_folder())
    }

    fn open_any(&self) -> Answer {
        or_ask(OPEN_VARIABLE, || rfd::FileDialog::new().set_title(t!("files.open_any")).pick_file())
    }

    fn save_call(&self, folder: Option<&Path>, suggested: &str) -> Answer {
        let (folder, suggested) = (folder.map(Path::to_owned), suggested.to_owned());
        or_ask(SAVE_VARIABLE, move || {
            let mut dialog = rfd::FileDialog::new()
                .set_title(t!("files.save_call"))
                .add_filter(t!("files.calls"), &["yaml"])
                .set_file_name(suggested);
            if let Some(folder) = folder {
                dialog = dialog.set_directory(folder);
            }
            dialog.save_file()
        })
    }

    fn save_message(&self, suggested: &str) -> Answer {
        let suggested = suggested.to_owned();
        or_ask(SAVE_VARIABLE, move || {
            rfd::FileDialog::new().set_title(t!("files.save_message")).set_file_name(suggested).save_file()
        })
    }
}

/// A dialog blocks its thread until it is answered, so it gets one of its own.
fn or_ask(variable: &str, ask: impl FnOnce() -> Option<PathBuf> + Send + 'static) -> Answer {
    match std::env::var_os(variable) {
        Some(path) => Promise::from_ready(Some(path.into())),
        None => Promise::spawn_thread("callscope-dialog", move || {
            // A desktop without portal and zenity makes the library panic or give nothing; either is "no answer".
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(ask)).unwrap_or_default()
        }),
    }
}

/// Answers prepared beforehand, in order; `None` once they are used up.
#[derive(Debug, Default)]
pub struct Scripted(Mutex<VecDeque<PathBuf>>);

impl Scripted {
    /// These answers.
    pub fn new(answers: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(Mutex::new(answers.into_iter().collect()))
    }

    fn next(&self) -> Answer {
        let mut answers = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Promise::from_ready(answers.pop_front())
    }
}

impl FileDialogs for Scripted {
    fn open_call(&self) -> Answer {
        self.next()
    }

    fn open_pem(&self) -> Answer {
        self.next()
    }

    fn open_folder(&self) -> Answer {
        self.next()
    }

    fn open_any(&self) -> Answer {
        self.next()
    }

    fn save_call(&self, _folder: Option<&Path>, _suggested: &str) -> Answer {
        self.next()
    }

    fn save_message(&self, _suggested: &str) -> Answer {
        self.next()
    }
}

#[cfg(test)]
mod tests {
    use super::{FileDialogs, Scripted};
    use std::path::PathBuf;

    #[test]
    fn scripted_answers_come_in_order_and_end() {
        let dialogs = Scripted::new([PathBuf::from("a"), PathBuf::from("b")]);
        assert_eq!(dialogs.open_call().block_and_take(), Some(PathBuf::from("a")));
        assert_eq!(dialogs.save_call(None, "x").block_and_take(), Some(PathBuf::from("b")));
        assert_eq!(dialogs.open_folder().block_and_take(), None);
    }
}
