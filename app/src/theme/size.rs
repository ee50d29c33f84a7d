//! The measures: everything sits on 4 points, exceptions are strokes, radii, and the insides of chips and buttons.

// Heights.
pub const TOP_BAR: f32 = 40.0;
pub const ACTIVITY_BAR: f32 = 60.0;
pub const ACTIVITY_ITEM: f32 = 52.0;
pub const ACTIVITY_ICON: f32 = 20.0;
pub const TAB_STRIP: f32 = 32.0;
pub const CALL_BAR: f32 = 48.0;
pub const STATUS_LINE: f32 = 40.0;
pub const SUB_TABS: f32 = 36.0;
pub const PANE_HEADER: f32 = 40.0;
pub const TABLE_HEADER: f32 = 32.0;
pub const PANE_FOOTER: f32 = 28.0;
pub const PILL_FOOTER: f32 = 32.0;
pub const STATUS_BAR: f32 = 24.0;
pub const ROW: f32 = 24.0;
pub const CODE_ROW: f32 = 20.0;
pub const LANE: f32 = 28.0;
pub const BAR: f32 = 16.0;
pub const CONTROL: f32 = 28.0;
pub const CHIP: f32 = 20.0;
pub const KEY_CAP: f32 = 20.0;
pub const STATUS_CHIP: f32 = 24.0;
pub const BADGE: f32 = 16.0;
pub const BADGE_WIDTH: f32 = 48.0;
pub const FORM_ROW: f32 = 36.0;
pub const SETTING_ROW: f32 = 44.0;
pub const METER: f32 = 4.0;

// Widths.
pub const SIDEBAR: f32 = 292.0;
pub const SIDEBAR_MIN: f32 = 216.0;
pub const GUTTER: f32 = 40.0;
pub const INDENT: f32 = 16.0;
/// Below this window width, labels and secondary facts go.
pub const NARROW: f32 = 1100.0;
/// Below this width per half, request and response stack.
pub const STACK: f32 = 360.0;

// Dialogs and floats.
pub const PALETTE_WIDTH: f32 = 680.0;
pub const PALETTE_TOP: f32 = 96.0;
pub const PALETTE_ROW: f32 = 36.0;
pub const PALETTE_INPUT: f32 = 48.0;
pub const PALETTE_FILTERS: f32 = 44.0;
pub const DIALOG_WIDTH: f32 = 560.0;
pub const DIALOG_HEAD: f32 = 52.0;
pub const DIALOG_PADDING: f32 = 20.0;
pub const TOAST_WIDTH: f32 = 320.0;
pub const TOAST: f32 = 44.0;
pub const MENU_ROW: f32 = 28.0;

// Padding and gaps.
pub const PANE_PADDING: f32 = 12.0;
pub const ROW_LEFT: f32 = 8.0;
pub const ROW_RIGHT: f32 = 12.0;
pub const GAP: f32 = 8.0;
pub const ISLAND_GAP: f32 = 4.0;
pub const BUTTON_PADDING: f32 = 10.0;

// Radii.
pub const ISLAND_RADIUS: u8 = 8;
pub const CONTROL_RADIUS: u8 = 6;
pub const ROW_RADIUS: u8 = 4;
pub const BADGE_RADIUS: u8 = 3;
pub const BAR_RADIUS: u8 = 2;

// Strokes.
pub const HAIRLINE: f32 = 1.0;
pub const PLOT_LINE: f32 = 1.5;
pub const TAB_LINE: f32 = 2.0;
pub const CARET: f32 = 2.0;

// Icons.
pub const ICON_TINY: f32 = 11.0;
pub const ICON_SMALL: f32 = 13.0;
pub const ICON: f32 = 15.0;
pub const ICON_LARGE: f32 = 17.0;
