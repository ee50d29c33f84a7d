//! The type scale: one function per style, each a whole number of points.
//!
//! Weights are families, because egui has no weight of its own. The faces are installed by [`crate::theme::install`].

use std::sync::LazyLock;

use egui::{FontFamily, FontId};

pub const MEDIUM: &str = "medium";
pub const SEMIBOLD: &str = "semibold";
pub const MONO: &str = "mono";
pub const MONO_MEDIUM: &str = "mono-medium";
pub const ICONS: &str = "icons";
pub const ICONS_FILL: &str = "icons-fill";
pub const ICONS_BOLD: &str = "icons-bold";

/// Mono 11 beside Inter 12 sits one pixel low; add this to its y.
pub const CODE_SMALL_LIFT: f32 = -0.6;

// A named family is an `Arc<str>`; making one per text would allocate thousands of times per frame.
static MEDIUM_FAMILY: LazyLock<FontFamily> = LazyLock::new(|| FontFamily::Name(MEDIUM.into()));
static SEMIBOLD_FAMILY: LazyLock<FontFamily> = LazyLock::new(|| FontFamily::Name(SEMIBOLD.into()));
static MONO_FAMILY: LazyLock<FontFamily> = LazyLock::new(|| FontFamily::Name(MONO.into()));
static MONO_MEDIUM_FAMILY: LazyLock<FontFamily> = LazyLock::new(|| FontFamily::Name(MONO_MEDIUM.into()));
static ICONS_FAMILY: LazyLock<FontFamily> = LazyLock::new(|| FontFamily::Name(ICONS.into()));
static ICONS_FILL_FAMILY: LazyLock<FontFamily> = LazyLock::new(|| FontFamily::Name(ICONS_FILL.into()));
static ICONS_BOLD_FAMILY: LazyLock<FontFamily> = LazyLock::new(|| FontFamily::Name(ICONS_BOLD.into()));

/// Empty states and headline numbers.
pub fn display() -> FontId {
    FontId::new(22.0, FontFamily::Proportional)
}

/// Pane titles.
pub fn title() -> FontId {
    FontId::new(13.0, SEMIBOLD_FAMILY.clone())
}

/// Titles of cards and sections, status names, the primary button.
pub fn card_title() -> FontId {
    FontId::new(12.0, SEMIBOLD_FAMILY.clone())
}

/// Tree names, palette, dialogs.
pub fn body() -> FontId {
    FontId::new(13.0, FontFamily::Proportional)
}

/// Tabs, buttons, values.
pub fn label() -> FontId {
    FontId::new(12.0, MEDIUM_FAMILY.clone())
}

/// Table text, keys of key–value lines.
pub fn label_regular() -> FontId {
    FontId::new(12.0, FontFamily::Proportional)
}

/// Types, counts, status bar, footers.
pub fn small() -> FontId {
    FontId::new(11.0, FontFamily::Proportional)
}

/// The strong word of a small line: links in footers, the axis value under the cursor.
pub fn small_medium() -> FontId {
    FontId::new(11.0, MEDIUM_FAMILY.clone())
}

/// Activity labels, axis ticks, bar labels; never sentences.
pub fn micro() -> FontId {
    FontId::new(10.0, MEDIUM_FAMILY.clone())
}

/// The editor.
pub fn code() -> FontId {
    FontId::new(13.0, MONO_FAMILY.clone())
}

/// Trees, tables, hex.
pub fn code_small() -> FontId {
    FontId::new(12.0, MONO_FAMILY.clone())
}

/// Line numbers, addresses.
pub fn code_tiny() -> FontId {
    FontId::new(11.0, MONO_FAMILY.clone())
}

/// Dialect badges.
pub fn badge() -> FontId {
    FontId::new(10.0, MONO_MEDIUM_FAMILY.clone())
}

/// The strong word in code: the namespace chip of the call bar.
pub fn code_medium() -> FontId {
    FontId::new(12.0, MONO_MEDIUM_FAMILY.clone())
}

pub fn icon(size: f32) -> FontId {
    FontId::new(size, ICONS_FAMILY.clone())
}

pub fn icon_fill(size: f32) -> FontId {
    FontId::new(size, ICONS_FILL_FAMILY.clone())
}

pub fn icon_bold(size: f32) -> FontId {
    FontId::new(size, ICONS_BOLD_FAMILY.clone())
}
