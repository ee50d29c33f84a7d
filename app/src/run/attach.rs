//! Bytes of a message from a file: asked for, read on another thread, put into the text where the field is.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callscope_wire::value::edit::quoted;
use callscope_wire::value::text::SpanMap;
use rust_i18n::t;

use super::files::Done;
use crate::app::App;
use crate::model::tabs::TabId;

/// What a message holds of a file. In base64 a third more, which the editor still takes, as does a server's usual limit.
const LARGEST: u64 = 1 << 20;

/// Where the bytes go.
pub(crate) struct Target {
    pub tab: TabId,
    /// Index of the message.
    pub message: usize,
    /// JSON pointer of the value.
    pub pointer: String,
}

impl App {
    /// Asks for a file and reads it.
    pub(super) fn load_bytes(&mut self, ctx: &egui::Context, target: Target) {
        let ask = self.running.dialogs.open_any();
        self.work(ctx, move || {
            let Some(path) = ask.block_and_take() else { return Done::ToOpen(None) };
            Done::Attached { target, result: read(&path) }
        });
    }

    /// Puts what was read into the message, unless the value has gone meanwhile.
    pub(super) fn attached(&mut self, target: &Target, result: Result<Vec<u8>, String>) {
        let bytes = match result {
            Ok(bytes) => bytes,
            Err(why) => {
                self.model.toasts.error(self.model.now, why);
                return;
            }
        };
        let Some(tab) = self.model.tabs.get_mut(target.tab) else { return };
        let message = tab.draft.messages.get_mut(target.message);
        let place = message.and_then(|message| {
            let span = SpanMap::of(&message.text).value(&target.pointer)?;
            Some((message, span))
        });
        let Some((message, span)) = place else {
            self.model.toasts.error(self.model.now, t!("run.attach_gone"));
            return;
        };
        message.text.replace_range(span.range(), &quoted(&STANDARD.encode(bytes)));
        tab.revision += 1;
        tab.preview = false;
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| {
        t!("run.attach_failed", name = path.display().to_string(), why = error.to_string()).into_owned()
    };
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that is too large, whatever its length says.
    File::open(path).map_err(failed)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(t!("run.attach_large", name = path.display().to_string(), most = "1 MiB").into_owned());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, read};

    #[test]
    fn a_file_is_read_up_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        std::fs::write(&path, vec![7; LARGEST as usize]).unwrap();
        assert_eq!(read(&path).unwrap().len() as u64, LARGEST);
        std::fs::write(&path, vec![7; LARGEST as usize + 1]).unwrap();
        assert!(read(&path).unwrap_err().contains("1 MiB"));
        assert!(read(&folder.path().join("none")).unwrap_err().contains("none"));
    }
}
