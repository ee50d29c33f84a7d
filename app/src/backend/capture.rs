//! The thread that turns tapped bytes into frames, so that neither calls nor the window wait for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};

use callscope_wire::capture::{Recorder, Store, TapChunk};

use super::notice::{Notice, Notices};

/// Chunks taken at once, so that the store is locked once for many.
const BATCH: usize = 256;

/// Starts the thread. It ends when the last tap is gone.
pub(super) fn start(
    tapped: Receiver<TapChunk>,
    store: Arc<Mutex<Store>>,
    notices: Notices,
    recording: Arc<AtomicBool>,
) -> std::io::Result<()> {
    std::thread::Builder::new().name("callscope-capture".to_owned()).spawn(move || {
        let mut recorder = Recorder::default();
        while let Ok(first) = tapped.recv() {
            let mut batch = recorder.cut(first);
            for chunk in tapped.try_iter().take(BATCH) {
                batch.extend(recorder.cut(chunk));
            }
            // While nothing is recorded frames are still cut: a connection that lives on is understood later.
            let kept = recording.load(Ordering::Relaxed);
            let anything = batch.append(&mut store.lock().unwrap_or_else(PoisonError::into_inner), kept);
            if anything {
                notices.push(Notice::Frames);
            }
        }
    })?;
    Ok(())
}
