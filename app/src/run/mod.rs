//! Carries commands out: the only place that changes the model because of what a person did.

mod attach;
pub(crate) mod calls;
pub(crate) mod compare;
mod files;
mod link;
mod notices;
mod tabs;

use std::collections::HashMap;

use callscope_wire::FlowId;

use crate::app::App;
use crate::backend::Job;
use crate::command::{Act, Command, View};
use crate::dialog::files::FileDialogs;
use crate::model::settings::{Settings, Theme};
use crate::model::tabs::TabId;
use crate::panel::call::CallTabs;
use crate::shell::layout::Side;
use crate::{theme, words};

/// What is under way and belongs to no panel.
pub(crate) struct Running {
    /// Calls that repetition made and that are not over, and whose they are.
    pub(crate) repeated: HashMap<FlowId, TabId>,
    /// Prepared messages that are sent by themselves, and when.
    pub(crate) timed: Vec<calls::Timed>,
    /// File work and dialogs under way.
    pub(crate) promises: Vec<files::Pending>,
    /// How files are asked for.
    pub(crate) dialogs: Box<dyn FileDialogs>,
    /// The window had the focus in the last frame.
    pub(crate) focused: bool,
}

impl Running {
    pub(crate) fn new(dialogs: Box<dyn FileDialogs>) -> Self {
        Self { repeated: HashMap::new(), timed: Vec::new(), promises: Vec::new(), dialogs, focused: true }
    }
}

impl App {
    /// Carries one command out.
    pub(crate) fn run(&mut self, ctx: &egui::Context, command: Command) {
        match command {
            Command::Act(act) => self.act(ctx, act),
            Command::Show(view) => self.show(view),
            Command::Copy(text) => ctx.copy_text(text),

            Command::OpenMethod { target, method } => self.open_method(&target, &method),
            Command::OpenDraft(draft) => self.open_draft(*draft),
            Command::ActivateTab(tab) => self.activate(tab),
            Command::CloseTab(tab) => self.close_tab(tab),
            Command::KeepTab(tab) => {
                if let Some(tab) = self.model.tabs.get_mut(tab) {
                    tab.preview = false;
                }
            }
            Command::EditDraft(tab, draft) => self.edit_draft(tab, *draft),
            Command::ChooseTlsFile(tab, key) => self.ask_for_tls_file(ctx, tab, key),
            Command::FillExample(tab, index) => self.fill_example(tab, index),
            Command::LoadBytes { tab, message, pointer } => {
                self.load_bytes(ctx, attach::Target { tab, message, pointer });
            }

            Command::Send(tab) => self.send(tab),
            Command::Start(tab) => self.start(tab),
            Command::SendMessage(tab, index) => self.send_message(tab, index),
            Command::DoneSending(tab) => self.done_sending(tab),
            Command::Cancel(tab) => self.cancel(tab),
            Command::Repeat(tab, rate) => self.repeat(tab, rate),
            Command::StopRepeat(tab) => self.stop_repeat(tab),

            Command::Compare { tab, left, right } => self.compare(tab, left, right),
            Command::SwapSides(tab) => self.swap_sides(tab),
            Command::CloseComparison(tab) => {
                self.close_comparison(tab);
            }
            Command::SendToInstances(tab) => self.send_to_instances(tab),

            Command::Keep(tab, keep) => self.keep_messages(tab, keep),
            Command::ShowFlow(flow) => self.show_flow(flow),
            Command::FollowFlow(flow) => self.follow(flow),
            Command::ShowFrame(frame) => {
                self.model.traffic.selected = Some(frame);
                self.model.traffic.follow_revision += 1;
                self.show(View::Traffic);
            }
            Command::ChooseValue(place, chosen_in) => self.model.link.choose(*place, chosen_in, false),
            Command::ShowInTraffic(place) => self.show_in_traffic(*place),
            Command::ShowInAnswer(place) => self.show_in_answer(*place),
            Command::Record(on) => {
                self.model.traffic.recording = on;
                self.backend.record(on);
            }
            Command::ClearTraffic => self.model.traffic.store().clear(),

            Command::AddSource(address) => self.add_source(address),
            Command::RemoveSource(address) => self.remove_source(&address),
            Command::RefreshSchema(target) => self.describe(&target, true),

            Command::Settings(settings) => self.change_settings(ctx, *settings),
            Command::DismissToast(id) => self.model.toasts.shown.retain(|toast| toast.id != id),
            Command::UndoToast(id) => self.undo(ctx, id),

            files => self.run_files(ctx, files),
        }
    }

    fn act(&mut self, ctx: &egui::Context, act: Act) {
        let tab = self.model.tabs.active;
        match act {
            Act::Send => {
                if let Some(tab) = tab {
                    self.send_or_start(tab);
                }
            }
            Act::Cancel => {
                if let Some(tab) = tab {
                    let busy =
                        self.model.tabs.get(tab).is_some_and(|tab| tab.running.is_some() || tab.repeat.is_some());
                    self.cancel(tab);
                    self.stop_repeat(tab);
                    if !busy {
                        self.close_comparison(tab);
                    }
                }
            }
            Act::Palette => self.palette.open_with(""),
            Act::QuickOpen => self.palette.open_with("/"),
            Act::Save | Act::SaveAs => {
                if let Some(tab) = tab {
                    self.save_tab(ctx, tab, act == Act::SaveAs);
                }
            }
            Act::NewCall => self.new_call(ctx),
            Act::OpenFile => self.ask_for_file(ctx),
            Act::OpenFolder => self.ask_for_folder(ctx),
            Act::OpenSample => self.open_sample(ctx),
            Act::CloseTab => {
                if let Some(tab) = tab {
                    self.close_tab(tab);
                }
            }
            Act::ReopenTab => self.reopen_tab(),
            Act::NextTab => self.cycle_tab(1),
            Act::PreviousTab => self.cycle_tab(-1),
            Act::Duplicate => self.duplicate_tab(),
            Act::SplitRight => self.split_tab(Side::Right),
            Act::SplitDown => self.split_tab(Side::Below),
            Act::MoveToNextHalf => self.move_to_next_half(),
            Act::SendAllHalves => self.send_all_halves(),
            Act::ComparePrevious => {
                if let Some(tab) = tab {
                    self.compare(tab, None, None);
                }
            }
            Act::CompareHalves => self.compare_halves(),
            Act::SendToInstances => {
                if let Some(tab) = tab {
                    self.send_to_instances(tab);
                }
            }
            Act::NextDifference | Act::PreviousDifference => {
                if let Some(tab) = tab {
                    self.panels.call_tabs.step_difference(tab, act == Act::NextDifference);
                }
            }
            Act::Rename => self.panels.calls.rename_selected(),
            Act::FocusAddress => {
                if let Some(tab) = tab {
                    ctx.memory_mut(|memory| memory.request_focus(CallTabs::address_id(tab)));
                }
            }
            Act::Find => self.find(),
            Act::ToggleSidebar => self.layout.sidebar = !self.layout.sidebar,
            Act::ToggleDock => self.layout.set_dock(!self.layout.dock),
            Act::ShowServices => self.show(View::Services),
            Act::ShowCalls => self.show(View::Calls),
            Act::ShowTraffic => self.show(View::Traffic),
            Act::ShowPlots => self.show(View::Plots),
            Act::ShowSettings => self.show(View::Settings),
            Act::FollowCall => {
                let flow = self.model.tabs.active().and_then(|tab| tab.flow);
                if flow.is_some() {
                    self.follow(flow);
                }
            }
            Act::ToggleRepeat => self.toggle_repeat(),
            Act::ToggleRecording => self.run(ctx, Command::Record(!self.model.traffic.recording)),
            Act::ClearTraffic => self.run(ctx, Command::ClearTraffic),
            Act::ResetLayout => {
                let view = self.layout.view;
                self.layout = crate::shell::Layout::default();
                self.layout.view = view;
            }
            Act::NextTheme | Act::NextLanguage | Act::ZoomIn | Act::ZoomOut | Act::ZoomReset => {
                self.appearance(ctx, act);
            }
        }
    }

    /// Brings a view to the front; a sidebar that was folded away comes back with its view.
    pub(crate) fn show(&mut self, view: View) {
        self.layout.view = view;
        if matches!(view, View::Services | View::Calls) {
            self.layout.sidebar = true;
        }
    }

    fn find(&mut self) {
        match self.layout.view {
            View::Services => self.panels.services.focus_filter(),
            View::Calls => self.panels.calls.focus_filter(),
            View::Traffic => self.panels.traffic.focus_filter(),
            View::Plots | View::Settings => {}
        }
    }

    fn appearance(&mut self, ctx: &egui::Context, act: Act) {
        let mut settings = self.model.settings.clone();
        match act {
            Act::NextTheme => {
                settings.theme = match settings.theme {
                    Theme::System => Theme::Light,
                    Theme::Light => Theme::Dark,
                    Theme::Dark => Theme::System,
                }
            }
            Act::NextLanguage => settings.language = words::other(),
            Act::ZoomIn => settings.zoom = (settings.zoom + 10).min(200),
            Act::ZoomOut => settings.zoom = settings.zoom.saturating_sub(10).max(50),
            _ => settings.zoom = 100,
        }
        self.change_settings(ctx, settings);
    }

    fn change_settings(&mut self, ctx: &egui::Context, settings: Settings) {
        self.model.settings = settings;
        self.apply_settings(ctx);
    }

    /// Makes egui and the store what the settings say.
    pub(crate) fn apply_settings(&mut self, ctx: &egui::Context) {
        let settings = &self.model.settings;
        if words::speak(settings.language, self.locale.as_deref()) {
            // Panels that keep rows of texts make them anew.
            self.model.services.revision += 1;
            self.model.workspace.revision += 1;
        }
        ctx.set_theme(match settings.theme {
            Theme::System => egui::ThemePreference::System,
            Theme::Light => egui::ThemePreference::Light,
            Theme::Dark => egui::ThemePreference::Dark,
        });
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        ctx.set_zoom_factor(f32::from(settings.zoom) / 100.0);
        theme::set_reduce_motion(ctx, settings.reduce_motion);
        let limit = (settings.capture_mib.max(1) as usize) << 20;
        self.model.traffic.store().set_limit(limit);
        if self.backend.send(Job::Limits(Box::new(self.model.settings.limits()))).is_err() {
            self.busy();
        }
    }

    fn undo(&mut self, ctx: &egui::Context, id: u64) {
        let Some(index) = self.model.toasts.shown.iter().position(|toast| toast.id == id) else { return };
        let toast = self.model.toasts.shown.remove(index);
        if let Some(command) = toast.undo {
            self.run(ctx, *command);
        }
    }
}
