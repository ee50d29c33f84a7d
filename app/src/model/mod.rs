//! What the window knows: plain data, no egui, no tokio. Panels read it, `run` changes it.
//!
//! ```text
//!  Model ─┬─ services   what discovery found, and what changed
//!         ├─ tabs       open calls: drafts, what runs in each
//!         ├─ flows      calls as recorded, their messages
//!         ├─ traffic    frames off the tap (shared with the capture thread)
//!         ├─ link       the value that answer and bytes both show
//!         ├─ series     points and states over time, for the plots
//!         ├─ workspace  saved calls on disk
//!         └─ settings, toasts, log
//! ```

pub mod compare;
pub mod document;
pub mod draft;
pub mod flows;
pub mod link;
pub mod log;
pub mod messages;
mod points;
pub mod series;
pub mod services;
pub mod settings;
pub mod shortcuts;
pub mod tabs;
pub mod tls;
pub mod toasts;
pub mod traffic;
pub mod workspace;

use callscope_wire::Time;

/// Everything the window shows.
#[derive(Default)]
pub struct Model {
    /// The time of this frame; panels never ask the clock.
    pub now: Time,
    /// What discovery found.
    pub services: services::Services,
    /// Open calls.
    pub tabs: tabs::Tabs,
    /// Calls as recorded.
    pub flows: flows::Flows,
    /// Frames off the tap.
    pub traffic: traffic::Traffic,
    /// The value that was chosen last, in an answer or in bytes.
    pub link: link::Link,
    /// Points over time.
    pub series: series::Series,
    /// Saved calls.
    pub workspace: workspace::Workspace,
    /// What the user chose.
    pub settings: settings::Settings,
    /// Short messages at the lower right.
    pub toasts: toasts::Toasts,
    /// What happened, in words.
    pub log: log::Log,
}
