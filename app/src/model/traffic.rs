//! Frames off the tap, shared with the capture thread that fills the store.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callscope_wire::capture::Store;
use callscope_wire::{FlowId, FrameId};

/// Bytes of frames kept unless the settings say otherwise.
pub const DEFAULT_LIMIT: usize = 256 << 20;

/// The recorded frames and what the panel is asked to show of them.
pub struct Traffic {
    store: Arc<Mutex<Store>>,
    /// Whether taps are recorded.
    pub recording: bool,
    /// The call that the list is narrowed to, and a counter that tells the panel of a new wish.
    pub follow: Option<FlowId>,
    /// The frame to be shown, as of the last wish.
    pub selected: Option<FrameId>,
    /// Counts wishes to follow a call or to show a frame.
    pub follow_revision: u64,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            store: Arc::new(Mutex::new(Store::new(DEFAULT_LIMIT))),
            recording: true,
            follow: None,
            selected: None,
            follow_revision: 0,
        }
    }
}

impl Traffic {
    /// The store, locked for reading a screenful. The capture thread holds the lock only to append a batch.
    pub fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A handle for the capture thread.
    pub fn share(&self) -> Arc<Mutex<Store>> {
        Arc::clone(&self.store)
    }
}
