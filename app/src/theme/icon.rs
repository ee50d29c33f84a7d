//! The icons the window may use: one constant per glyph of the shipped Phosphor subset.
//!
//! The names are Phosphor's own, so an icon found on phosphoricons.com is found here. All three weights
//! (`Icons-Regular.ttf`, `Icons-Fill.ttf`, `Icons-Bold.ttf` in `assets/fonts`) share these codepoints; which
//! weight is drawn is the choice of the font family. This file knows nothing of egui.
//!
//! It is also what the subset is made from: add a constant and its row in [`ALL`], then run
//! `assets/fonts/subset.py icons`.

// Activity bar.
pub const TREE_STRUCTURE: char = '\u{e67c}';
pub const PAPER_PLANE_TILT: char = '\u{e398}';
pub const ARROWS_DOWN_UP: char = '\u{e098}';
pub const CHART_SCATTER: char = '\u{eaac}';
pub const GAUGE: char = '\u{e628}';
pub const MASK_HAPPY: char = '\u{e9f4}';
pub const CLOCK_COUNTER_CLOCKWISE: char = '\u{e1a0}';

// Finding, filtering, menus.
pub const MAGNIFYING_GLASS: char = '\u{e30c}';
pub const FUNNEL: char = '\u{e266}';
pub const FUNNEL_SIMPLE: char = '\u{e268}';
pub const PLUS: char = '\u{e3d4}';
pub const MINUS: char = '\u{e32a}';
pub const X: char = '\u{e4f6}';
pub const DOTS_THREE: char = '\u{e1fe}';
pub const DOTS_SIX_VERTICAL: char = '\u{eae2}';
pub const CARET_DOWN: char = '\u{e136}';
pub const CARET_RIGHT: char = '\u{e13a}';
pub const CARET_UP: char = '\u{e13c}';
pub const CARET_LEFT: char = '\u{e138}';
pub const CARET_UP_DOWN: char = '\u{e140}';
pub const CHECK: char = '\u{e182}';
pub const GEAR: char = '\u{e270}';
pub const GEAR_SIX: char = '\u{e272}';
pub const BELL: char = '\u{e0ce}';

// Running, waiting.
pub const STOP: char = '\u{e46c}';
pub const PLAY: char = '\u{e3d0}';
pub const PAUSE: char = '\u{e39e}';
pub const RECORD: char = '\u{e3ee}';
pub const REPEAT: char = '\u{e3f6}';
pub const TIMER: char = '\u{e492}';
pub const CLOCK: char = '\u{e19a}';
pub const LIGHTNING: char = '\u{e2de}';
pub const PULSE: char = '\u{e000}';
pub const WAVE_SINE: char = '\u{ea9a}';
pub const CROSSHAIR: char = '\u{e1d6}';

// Sources, instances, hosts.
pub const DATABASE: char = '\u{e1de}';
pub const GLOBE: char = '\u{e288}';
pub const STACK: char = '\u{e466}';
pub const HARD_DRIVES: char = '\u{e2a0}';
pub const CPU: char = '\u{e610}';
pub const WIFI_HIGH: char = '\u{e4ea}';
pub const PLUGS: char = '\u{eb56}';
pub const PLUGS_CONNECTED: char = '\u{eb5a}';
pub const LOCK: char = '\u{e2fa}';
pub const LOCK_OPEN: char = '\u{e306}';
pub const KEY: char = '\u{e2d6}';
pub const SIGNATURE: char = '\u{ebac}';

// Files and folders.
pub const FILE: char = '\u{e230}';
pub const FILE_TEXT: char = '\u{e23a}';
pub const FOLDER: char = '\u{e24a}';
pub const FOLDER_OPEN: char = '\u{e256}';
pub const FOLDER_PLUS: char = '\u{e258}';
pub const FLOPPY_DISK: char = '\u{e248}';
pub const TRAY: char = '\u{e4aa}';
pub const EXPORT: char = '\u{eaf0}';
pub const DOWNLOAD_SIMPLE: char = '\u{e20c}';
pub const UPLOAD_SIMPLE: char = '\u{e4c0}';
pub const TRASH: char = '\u{e4a6}';
pub const PENCIL_SIMPLE: char = '\u{e3b4}';
pub const COPY: char = '\u{e1ca}';
pub const LINK: char = '\u{e2e2}';
pub const BROOM: char = '\u{ec54}';

// Arrows.
pub const ARROW_UP: char = '\u{e08e}';
pub const ARROW_DOWN: char = '\u{e03e}';
pub const ARROW_LEFT: char = '\u{e058}';
pub const ARROW_RIGHT: char = '\u{e06c}';
pub const ARROWS_LEFT_RIGHT: char = '\u{e0a0}';
pub const ARROW_BEND_UP_RIGHT: char = '\u{e026}';
pub const ARROW_LINE_UP: char = '\u{e066}';
pub const ARROW_LINE_DOWN: char = '\u{e05c}';
pub const ARROW_COUNTER_CLOCKWISE: char = '\u{e038}';
pub const ARROW_U_UP_LEFT: char = '\u{e08a}';
pub const ARROWS_OUT_LINE_HORIZONTAL: char = '\u{e534}';
pub const CORNERS_OUT: char = '\u{e1d0}';
pub const SWAP: char = '\u{e83c}';

// Notices.
pub const INFO: char = '\u{e2ce}';
pub const WARNING: char = '\u{e4e0}';
pub const WARNING_CIRCLE: char = '\u{e4e2}';
pub const CHECK_CIRCLE: char = '\u{e184}';
pub const X_CIRCLE: char = '\u{e4f8}';
pub const PROHIBIT: char = '\u{e3de}';
pub const QUESTION: char = '\u{e3e8}';

// Views and settings.
pub const LIST: char = '\u{e2f0}';
pub const LIST_BULLETS: char = '\u{e2f2}';
pub const TREE_VIEW: char = '\u{ee48}';
pub const EYE: char = '\u{e220}';
pub const PUSH_PIN: char = '\u{e3e2}';
pub const SIDEBAR: char = '\u{eab6}';
pub const SIDEBAR_SIMPLE: char = '\u{ec24}';
pub const ROWS: char = '\u{e5a2}';
pub const COLUMNS: char = '\u{e546}';
pub const KEYBOARD: char = '\u{e2d8}';
pub const PALETTE: char = '\u{e6c8}';
pub const TEXT_AA: char = '\u{e6ee}';
pub const TRANSLATE: char = '\u{e4a2}';
pub const SUN: char = '\u{e472}';
pub const MOON: char = '\u{e330}';
pub const DESKTOP: char = '\u{e560}';
pub const HASH: char = '\u{e2a2}';
pub const AT: char = '\u{e0ac}';
pub const TERMINAL: char = '\u{e47e}';
pub const GIT_BRANCH: char = '\u{e278}';
pub const GIT_DIFF: char = '\u{e27c}';

/// Every icon with its Phosphor name, in the order above.
pub const ALL: &[(&str, char)] = &[
    ("tree-structure", TREE_STRUCTURE),
    ("paper-plane-tilt", PAPER_PLANE_TILT),
    ("arrows-down-up", ARROWS_DOWN_UP),
    ("chart-scatter", CHART_SCATTER),
    ("gauge", GAUGE),
    ("mask-happy", MASK_HAPPY),
    ("clock-counter-clockwise", CLOCK_COUNTER_CLOCKWISE),
    ("magnifying-glass", MAGNIFYING_GLASS),
    ("funnel", FUNNEL),
    ("funnel-simple", FUNNEL_SIMPLE),
    ("plus", PLUS),
    ("minus", MINUS),
    ("x", X),
    ("dots-three", DOTS_THREE),
    ("dots-six-vertical", DOTS_SIX_VERTICAL),
    ("caret-down", CARET_DOWN),
    ("caret-right", CARET_RIGHT),
    ("caret-up", CARET_UP),
    ("caret-left", CARET_LEFT),
    ("caret-up-down", CARET_UP_DOWN),
    ("check", CHECK),
    ("gear", GEAR),
    ("gear-six", GEAR_SIX),
    ("bell", BELL),
    ("stop", STOP),
    ("play", PLAY),
    ("pause", PAUSE),
    ("record", RECORD),
    ("repeat", REPEAT),
    ("timer", TIMER),
    ("clock", CLOCK),
    ("lightning", LIGHTNING),
    ("pulse", PULSE),
    ("wave-sine", WAVE_SINE),
    ("crosshair", CROSSHAIR),
    ("database", DATABASE),
    ("globe", GLOBE),
    ("stack", STACK),
    ("hard-drives", HARD_DRIVES),
    ("cpu", CPU),
    ("wifi-high", WIFI_HIGH),
    ("plugs", PLUGS),
    ("plugs-connected", PLUGS_CONNECTED),
    ("lock", LOCK),
    ("lock-open", LOCK_OPEN),
    ("key", KEY),
    ("signature", SIGNATURE),
    ("file", FILE),
    ("file-text", FILE_TEXT),
    ("folder", FOLDER),
    ("folder-open", FOLDER_OPEN),
    ("folder-plus", FOLDER_PLUS),
    ("floppy-disk", FLOPPY_DISK),
    ("tray", TRAY),
    ("export", EXPORT),
    ("download-simple", DOWNLOAD_SIMPLE),
    ("upload-simple", UPLOAD_SIMPLE),
    ("trash", TRASH),
    ("pencil-simple", PENCIL_SIMPLE),
    ("copy", COPY),
    ("link", LINK),
    ("broom", BROOM),
    ("arrow-up", ARROW_UP),
    ("arrow-down", ARROW_DOWN),
    ("arrow-left", ARROW_LEFT),
    ("arrow-right", ARROW_RIGHT),
    ("arrows-left-right", ARROWS_LEFT_RIGHT),
    ("arrow-bend-up-right", ARROW_BEND_UP_RIGHT),
    ("arrow-line-up", ARROW_LINE_UP),
    ("arrow-line-down", ARROW_LINE_DOWN),
    ("arrow-counter-clockwise", ARROW_COUNTER_CLOCKWISE),
    ("arrow-u-up-left", ARROW_U_UP_LEFT),
    ("arrows-out-line-horizontal", ARROWS_OUT_LINE_HORIZONTAL),
    ("corners-out", CORNERS_OUT),
    ("swap", SWAP),
    ("info", INFO),
    ("warning", WARNING),
    ("warning-circle", WARNING_CIRCLE),
    ("check-circle", CHECK_CIRCLE),
    ("x-circle", X_CIRCLE),
    ("prohibit", PROHIBIT),
    ("question", QUESTION),
    ("list", LIST),
    ("list-bullets", LIST_BULLETS),
    ("tree-view", TREE_VIEW),
    ("eye", EYE),
    ("push-pin", PUSH_PIN),
    ("sidebar", SIDEBAR),
    ("sidebar-simple", SIDEBAR_SIMPLE),
    ("rows", ROWS),
    ("columns", COLUMNS),
    ("keyboard", KEYBOARD),
    ("palette", PALETTE),
    ("text-aa", TEXT_AA),
    ("translate", TRANSLATE),
    ("sun", SUN),
    ("moon", MOON),
    ("desktop", DESKTOP),
    ("hash", HASH),
    ("at", AT),
    ("terminal", TERMINAL),
    ("git-branch", GIT_BRANCH),
    ("git-diff", GIT_DIFF),
];
