//! What the user chose; kept between runs.

use std::collections::BTreeMap;

use callscope_wire::Limits;
use serde::{Deserialize, Serialize};

/// Everything in the settings view. Unknown keys of a newer version are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Light, dark, or as the system has it.
    pub theme: Theme,
    /// What the window speaks.
    pub language: Language,
    /// Zoom, percent; 100 = one point per logical pixel.
    pub zoom: u16,
    /// Running rings and countdowns step once a second.
    pub reduce_motion: bool,
    /// Shortcuts that differ from the defaults: command id → keys as text (`Ctrl+Shift+T`), empty = none.
    pub shortcuts: BTreeMap<String, String>,
    /// Frames kept in memory, MiB.
    pub capture_mib: u32,
    /// The largest message that is accepted, MiB.
    pub max_message_mib: u32,
    /// Traffic lists our server's side of own calls too.
    pub show_server_side: bool,
    /// Addresses added by hand as sources.
    pub sources: Vec<String>,
    /// How the message of a call is written: what was chosen last is what new tabs begin with.
    pub message_view: MessageView,
    /// The workspace folder that was open.
    pub workspace: Option<std::path::PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            language: Language::System,
            zoom: 100,
            reduce_motion: false,
            shortcuts: BTreeMap::new(),
            capture_mib: 256,
            max_message_mib: 64,
            show_server_side: false,
            sources: Vec::new(),
            message_view: MessageView::default(),
            workspace: None,
        }
    }
}

impl Settings {
    /// What a connection accepts.
    pub fn limits(&self) -> Limits {
        Limits::default().with_max_message((self.max_message_mib as usize) << 20)
    }
}

/// As a form, as JSON, or as both side by side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageView {
    /// Fields made from the schema.
    Form,
    /// The text.
    #[default]
    Json,
    /// The form beside its text.
    Both,
}

/// What the window speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// As the system does, where there is a translation.
    #[default]
    System,
    /// English.
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// In the order of the settings view.
    pub const ALL: [Self; 3] = [Self::System, Self::English, Self::Chinese];
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}
