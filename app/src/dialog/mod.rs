//! What opens over the window: the palette, and the system's dialogs for files.

pub mod files;
pub mod fuzzy;
pub mod palette;
