//! Decoders of this crate as bodies for a fuzzer, as in `callscope_wire::fuzzing`.

use std::path::Path;

use crate::store;

/// A call file, or a folder's defaults: one that is read can be changed, and says then what it was changed to.
pub fn call_file(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    store::try_text(Path::new("/nowhere/at/all.call.yaml"), &text);
}
