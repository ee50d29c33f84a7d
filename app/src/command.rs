//! Everything that can be done, as data. Panels push commands; `run` carries them out.
//!
//! An [`Act`] is what a person can invoke without an argument: one table feeds menus, shortcuts
//! and the palette. A [`Command`] is an act, or something with arguments that only a panel can say.

use std::path::PathBuf;

use callscope_wire::{FlowId, FrameId};

use crate::model::draft::Draft;
use crate::model::link::{ChosenIn, ValuePlace};
use crate::model::messages::Keep;
use crate::model::settings::Settings;
use crate::model::tabs::TabId;
use crate::model::tls::TlsKey;

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// What a person invoked by shortcut, palette or menu.
    Act(Act),

    /// Bring this view to the front.
    Show(View),

    /// One click on a method: open it in a preview tab, its message filled in from the schema.
    OpenMethod {
        /// `registry:///orders`.
        target: String,
        /// `shop.Orders/Place`.
        method: String,
    },
    /// Open a tab with this draft.
    OpenDraft(Box<Draft>),
    /// Bring a tab to the front.
    ActivateTab(TabId),
    /// Close a tab; reopening brings it back as it was.
    CloseTab(TabId),
    /// The tab is no preview any more.
    KeepTab(TabId),
    /// The user changed the draft in its own editors.
    EditDraft(TabId, Box<Draft>),
    /// Asks for the file of one of a call's TLS values.
    ChooseTlsFile(TabId, TlsKey),
    /// Replace the message (by index) by an example made from the schema.
    FillExample(TabId, usize),
    /// Fill a value of a message, which is bytes, from a file that the user picks.
    LoadBytes {
        /// The tab.
        tab: TabId,
        /// Index of the message.
        message: usize,
        /// JSON pointer of the value.
        pointer: String,
    },

    /// Send a unary or one-way call.
    Send(TabId),
    /// Open a stream.
    Start(TabId),
    /// Send a prepared message of an open stream.
    SendMessage(TabId, usize),
    /// Half-close.
    DoneSending(TabId),
    /// Cancel what runs in the tab; reaches the wire.
    Cancel(TabId),
    /// Send the tab's call this often per second (1–200) until stopped; changes the rate of a running one.
    Repeat(TabId, f64),
    /// Stop repeating.
    StopRepeat(TabId),

    /// Put two calls beside each other in a tab; without a left one the last one before the right one, without a right
    /// one whichever the tab shows.
    Compare {
        /// In this tab.
        tab: TabId,
        /// The left one.
        left: Option<FlowId>,
        /// The right one.
        right: Option<FlowId>,
    },
    /// Left and right change places.
    SwapSides(TabId),
    /// Back to the table of instances, or to the call.
    CloseComparison(TabId),
    /// Send the tab's call once to every instance that is up.
    SendToInstances(TabId),

    /// Keep more or fewer messages of what the tab shows and calls from now on.
    Keep(TabId, Keep),
    /// Show a recorded call on the response side of its tab (opened if need be).
    ShowFlow(FlowId),
    /// Narrow the traffic list to this call and show it; `None`: all again.
    FollowFlow(Option<FlowId>),
    /// Show a frame in the traffic view.
    ShowFrame(FrameId),
    /// A value was chosen; what is on screen of its other side follows.
    ChooseValue(Box<ValuePlace>, ChosenIn),
    /// Show the frames and bytes of a value in the traffic view.
    ShowInTraffic(Box<ValuePlace>),
    /// Show a value on the response side of its call.
    ShowInAnswer(Box<ValuePlace>),
    /// Start or stop recording.
    Record(bool),
    /// Forget all recorded frames.
    ClearTraffic,

    /// Add a source: `registry://h:p` or any direct address.
    AddSource(String),
    /// Remove a source.
    RemoveSource(String),
    /// Ask again what a target offers.
    RefreshSchema(String),

    /// Open a saved call (path below the workspace's root) in a tab; `true`: only a preview.
    OpenSaved(PathBuf, bool),
    /// Open a call file or a workspace folder from anywhere (dropped, chosen).
    OpenPath(PathBuf),
    /// Save the tab; asks for a place if it has none.
    Save(TabId),
    /// Write a message of a call (counted from 0) to a file, as it came; asks where.
    SaveMessage(FlowId, u64),
    /// The file of a tab was changed by somebody else: write this tab's draft over it.
    KeepMine(TabId),
    /// Likewise: take what lies in the file, and let the tab's draft go (undoable).
    TakeTheirs(TabId),
    /// Rename a saved call or folder: old path, new bare name.
    RenameSaved(PathBuf, String),
    /// Move a saved call or folder into this folder; empty: the root.
    MoveSaved(PathBuf, PathBuf),
    /// Copy a saved call beside itself.
    DuplicateSaved(PathBuf),
    /// Delete a saved call or folder; undoable.
    DeleteSaved(PathBuf),
    /// Undo of a delete: put the file back.
    RestoreSaved {
        /// Path below the root.
        path: PathBuf,
        /// Where it was kept.
        kept: PathBuf,
    },
    /// New folder below this one.
    NewFolder(PathBuf),

    /// The settings changed.
    Settings(Box<Settings>),
    /// Close a toast.
    DismissToast(u64),
    /// Undo what a toast tells of.
    UndoToast(u64),
    /// Put text on the clipboard.
    Copy(String),
}

/// The views of the activity bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum View {
    /// Services in the sidebar, calls beside it.
    #[default]
    Services,
    /// Saved calls in the sidebar, calls beside it.
    Calls,
    /// Frames: list, tree, bytes.
    Traffic,
    /// Plots.
    Plots,
    /// Settings.
    Settings,
}

/// What a person can invoke from anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Send, Start or Send message, whichever the active tab would do now.
    Send,
    /// Cancel what runs in the active tab.
    Cancel,
    /// Search or run.
    Palette,
    /// Search saved calls.
    QuickOpen,
    /// Save the active tab.
    Save,
    /// Save the active tab under another name.
    SaveAs,
    /// A new empty call.
    NewCall,
    /// Open a file.
    OpenFile,
    /// Open a workspace folder.
    OpenFolder,
    /// Open the sample workspace.
    OpenSample,
    /// Close the active tab.
    CloseTab,
    /// Reopen the last closed tab.
    ReopenTab,
    /// Next tab.
    NextTab,
    /// Previous tab.
    PreviousTab,
    /// Copy the active call into a new tab.
    Duplicate,
    /// The active tab, or a copy of it when it is alone, to the right of the others.
    SplitRight,
    /// Likewise, below them.
    SplitDown,
    /// The active tab to the next half.
    MoveToNextHalf,
    /// Send the calls of all halves at once.
    SendAllHalves,
    /// The active tab's answer beside the one before it.
    ComparePrevious,
    /// The active tab's answer beside that of the other half.
    CompareHalves,
    /// Send the active call once to every instance, and compare the answers.
    SendToInstances,
    /// The next difference.
    NextDifference,
    /// The one before.
    PreviousDifference,
    /// Rename what is selected in the sidebar.
    Rename,
    /// Cursor into the address field.
    FocusAddress,
    /// Cursor into the filter of the pane.
    Find,
    /// Show or hide the sidebar.
    ToggleSidebar,
    /// Show or hide the bottom dock.
    ToggleDock,
    /// Show the services.
    ShowServices,
    /// Show the saved calls.
    ShowCalls,
    /// Show the traffic.
    ShowTraffic,
    /// Show the plots.
    ShowPlots,
    /// Show the settings.
    ShowSettings,
    /// Follow the active tab's call in the traffic.
    FollowCall,
    /// Start or stop repeating the active call.
    ToggleRepeat,
    /// Start or stop recording traffic.
    ToggleRecording,
    /// Forget all recorded frames.
    ClearTraffic,
    /// Panes back to where they were at first.
    ResetLayout,
    /// Light, dark, system in turn.
    NextTheme,
    /// English or Chinese, the other one.
    NextLanguage,
    /// Bigger.
    ZoomIn,
    /// Smaller.
    ZoomOut,
    /// 100 %.
    ZoomReset,
}

/// Where a shortcut works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everywhere.
    Global,
    /// With a call in front.
    Call,
    /// In lists and trees.
    List,
    /// In the pane that has the focus.
    Pane,
}

/// One row of the table of acts.
#[derive(Clone, Copy, Debug)]
pub struct ActInfo {
    /// The act.
    pub act: Act,
    /// Stable id, in settings; its title is the text `act.<id>`.
    pub id: &'static str,
    /// Default keys, `Ctrl` standing for Cmd on macOS; empty: none.
    pub keys: &'static str,
    /// Where it works.
    pub scope: Scope,
}

const fn row(act: Act, id: &'static str, keys: &'static str, scope: Scope) -> ActInfo {
    ActInfo { act, id, keys, scope }
}

/// Every act, in the order of the shortcut table.
pub const ACTS: &[ActInfo] = &[
    row(Act::Send, "send", "Ctrl+Enter", Scope::Call),
    row(Act::Cancel, "cancel", "Escape", Scope::Call),
    row(Act::Palette, "palette", "Ctrl+K", Scope::Global),
    row(Act::QuickOpen, "quick_open", "Ctrl+P", Scope::Global),
    row(Act::Save, "save", "Ctrl+S", Scope::Call),
    row(Act::SaveAs, "save_as", "Ctrl+Shift+S", Scope::Call),
    row(Act::NewCall, "new_call", "Ctrl+N", Scope::Global),
    row(Act::OpenFile, "open_file", "Ctrl+O", Scope::Global),
    row(Act::OpenFolder, "open_folder", "", Scope::Global),
    row(Act::OpenSample, "open_sample", "", Scope::Global),
    row(Act::CloseTab, "close_tab", "Ctrl+W", Scope::Global),
    row(Act::ReopenTab, "reopen_tab", "Ctrl+Shift+T", Scope::Global),
    row(Act::NextTab, "next_tab", "Ctrl+Tab", Scope::Global),
    row(Act::PreviousTab, "previous_tab", "Ctrl+Shift+Tab", Scope::Global),
    row(Act::Duplicate, "duplicate", "Ctrl+D", Scope::Call),
    row(Act::SplitRight, "split_right", "Ctrl+Shift+D", Scope::Call),
    row(Act::SplitDown, "split_down", "Ctrl+Shift+B", Scope::Call),
    row(Act::MoveToNextHalf, "move_to_next_half", "Ctrl+Shift+M", Scope::Call),
    row(Act::SendAllHalves, "send_all_halves", "Ctrl+Shift+Enter", Scope::Call),
    row(Act::ComparePrevious, "compare_previous", "Ctrl+Shift+K", Scope::Call),
    row(Act::CompareHalves, "compare_halves", "", Scope::Call),
    row(Act::SendToInstances, "send_to_instances", "Ctrl+Shift+A", Scope::Call),
    row(Act::NextDifference, "next_difference", "F7", Scope::Call),
    row(Act::PreviousDifference, "previous_difference", "Shift+F7", Scope::Call),
    row(Act::Rename, "rename", "F2", Scope::List),
    row(Act::FocusAddress, "focus_address", "Ctrl+L", Scope::Call),
    row(Act::Find, "find", "Ctrl+F", Scope::Pane),
    row(Act::ToggleSidebar, "toggle_sidebar", "Ctrl+Backslash", Scope::Global),
    row(Act::ToggleDock, "toggle_dock", "Ctrl+J", Scope::Global),
    row(Act::ShowServices, "show_services", "Ctrl+1", Scope::Global),
    row(Act::ShowCalls, "show_calls", "Ctrl+2", Scope::Global),
    row(Act::ShowTraffic, "show_traffic", "Ctrl+3", Scope::Global),
    row(Act::ShowPlots, "show_plots", "Ctrl+4", Scope::Global),
    row(Act::ShowSettings, "show_settings", "Ctrl+Comma", Scope::Global),
    row(Act::FollowCall, "follow_call", "Ctrl+Shift+F", Scope::Call),
    row(Act::ToggleRepeat, "toggle_repeat", "Ctrl+Shift+R", Scope::Call),
    row(Act::ToggleRecording, "toggle_recording", "", Scope::Global),
    row(Act::ClearTraffic, "clear_traffic", "", Scope::Global),
    row(Act::ResetLayout, "reset_layout", "", Scope::Global),
    row(Act::NextTheme, "next_theme", "", Scope::Global),
    row(Act::NextLanguage, "next_language", "", Scope::Global),
    row(Act::ZoomIn, "zoom_in", "Ctrl+Equals", Scope::Global),
    row(Act::ZoomOut, "zoom_out", "Ctrl+Minus", Scope::Global),
    row(Act::ZoomReset, "zoom_reset", "Ctrl+0", Scope::Global),
];
