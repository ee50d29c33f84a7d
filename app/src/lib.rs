//! Callscope's window and command line over one engine.
//!
//! ```text
//!  panel, dialog ──▶ model ◀── run ◀── command          UI thread: paints, never waits
//!                      ▲        │ Job
//!               notice │        ▼
//!                    backend (poll-promise, bounded channels, wakes the window)
//! ```
//!
//! `app/README.md` walks through a frame and says how to add a panel or a command.

rust_i18n::i18n!("../assets/locales", fallback = "en");

pub mod app;
pub mod backend;
pub mod cli;
pub mod command;
pub mod dialog;
#[doc(hidden)]
pub mod fuzzing;
mod kept;
pub mod model;
pub mod panel;
#[cfg(test)]
#[path = "../../tests/support/raster.rs"]
pub(crate) mod raster;
mod run;
pub mod shell;
pub mod store;
pub mod theme;
pub mod widget;
pub mod words;
