//! The settings changed by mouse and keyboard, and looked at in both themes.

use std::path::PathBuf;

use egui::{Key, Modifiers, Rect, Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::super::Cx;
use super::SettingsPanel;
use crate::command::{Act, Command};
use crate::model::Model;
use crate::model::settings::{Settings, Theme};
use crate::model::shortcuts::effective;
use crate::raster;
use crate::theme;
use crate::widget::pane;

struct State {
    panel: SettingsPanel,
    model: Model,
    others: Vec<Command>,
    narrow: bool,
}

/// Settings that are changed are in force in the next frame, as in the window.
fn harness(settings: Settings, theme: egui::Theme, size: [f32; 2]) -> Harness<'static, State> {
    let model = Model { settings, ..Model::default() };
    let state = State { panel: SettingsPanel::default(), model, others: Vec::new(), narrow: size[0] < 1000.0 };
    Harness::builder()
        .with_size(size)
        .with_theme(theme)
        .with_render_cursor(false)
        .renderer(raster::Raster::default())
        .with_context_setup(move |ctx| {
            theme::install(ctx);
            ctx.set_theme(theme);
        })
        .build_ui_state(
            |ui, state: &mut State| {
                let tokens = theme::tokens(ui);
                let rect = ui.ctx().content_rect();
                ui.painter().rect_filled(rect, 0, tokens.base);
                let mut commands = Vec::new();
                let mut cx = Cx { model: &state.model, commands: &mut commands, tokens, narrow: state.narrow };
                let rect = Rect::from_min_max(rect.min, rect.max - vec2(4.0, 4.0));
                pane::inside(ui, rect, "settings", |ui| state.panel.ui(ui, &mut cx));
                for command in commands {
                    match command {
                        Command::Settings(settings) => state.model.settings = *settings,
                        other => state.others.push(other),
                    }
                    ui.ctx().request_repaint();
                }
            },
            state,
        )
}

fn view() -> Harness<'static, State> {
    let mut harness = harness(Settings::default(), egui::Theme::Dark, [1100.0, 860.0]);
    harness.run();
    harness
}

fn settings(harness: &Harness<'static, State>) -> Settings {
    harness.state().model.settings.clone()
}

fn look(harness: &mut Harness<'static, State>, name: &str) {
    let Some(folder) = std::env::var_os("CALLSCOPE_GALLERY") else { return };
    let path = PathBuf::from(folder).join(format!("{name}.png"));
    raster::save(&harness.render().unwrap(), &path).unwrap();
}

#[test]
fn appearance_changes_at_once() {
    let mut harness = view();
    harness.get_by_label("Light").click();
    harness.run();
    assert_eq!(settings(&harness).theme, Theme::Light);
    for _ in 0..12 {
        harness.get_by_role_and_label(Role::Button, "Zoom in").click();
        harness.run();
    }
    assert_eq!(settings(&harness).zoom, 200);
    harness.get_by_role_and_label(Role::Button, "Zoom out").click();
    harness.run();
    assert_eq!(settings(&harness).zoom, 190);
    harness.get_by_label("Reduce motion").click();
    harness.run();
    assert!(settings(&harness).reduce_motion);
}

#[test]
fn a_shortcut_is_recorded_and_reset() {
    let mut harness = view();
    harness.get_by_label("Duplicate call").click();
    harness.run();
    assert!(harness.state().panel.recording());
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::U);
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(effective(Act::Duplicate, &settings(&harness)).unwrap().to_string(), "Ctrl+Shift+U");
    assert!(!harness.state().panel.recording());
    harness.get_by_label("Reset “Duplicate call”").click();
    harness.run();
    assert_eq!(settings(&harness), Settings::default());
}

#[test]
fn a_clash_is_named_and_can_be_taken_over() {
    let mut harness = view();
    harness.get_by_label("Duplicate call").click();
    harness.run();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.run();
    look(&mut harness, "settings-clash");
    harness.get_by_label("Use it here and clear it there").click();
    harness.run();
    let now = settings(&harness);
    assert_eq!(effective(Act::Duplicate, &now).unwrap().to_string(), "Ctrl+K");
    assert_eq!(effective(Act::Palette, &now), None);
    assert!(!harness.state().panel.recording());
    harness.get_by_label("Reset all").click();
    harness.run();
    assert_eq!(settings(&harness), Settings::default());
}

#[test]
fn letters_are_refused_backspace_clears_and_escape_gives_up() {
    let mut harness = view();
    harness.get_by_label("Save").click();
    harness.run();
    harness.key_press(Key::X);
    harness.key_press(Key::Enter);
    harness.run();
    assert!(harness.state().panel.recording());
    harness.key_press(Key::Escape);
    harness.run();
    assert!(!harness.state().panel.recording());
    assert_eq!(settings(&harness), Settings::default());
    harness.get_by_label("Save").click();
    harness.run();
    harness.key_press(Key::Backspace);
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(effective(Act::Save, &settings(&harness)), None);
}

#[test]
fn shortcuts_are_found_by_command_and_by_keys() {
    let mut harness = view();
    harness.get_by_label("Find a shortcut").focus();
    harness.run();
    harness.get_by_label("Find a shortcut").type_text("ctrl+shift");
    harness.run();
    harness.get_by_label("Reopen closed tab");
    assert!(harness.query_by_label("Save").is_none());
}

#[test]
fn recording_and_sources() {
    let some = Settings { sources: vec!["native://127.0.0.1:7001".into()], ..Settings::default() };
    let mut harness = harness(some, egui::Theme::Light, [1100.0, 860.0]);
    harness.run();
    harness.get_by_role_and_label(Role::Tab, "Recording").click();
    harness.run();
    look(&mut harness, "settings-recording");
    harness.get_by_label("Show server side").click();
    harness.run();
    assert!(settings(&harness).show_server_side);
    harness.get_by_label("Remove native://127.0.0.1:7001").click();
    harness.run();
    assert_eq!(harness.state().others, [Command::RemoveSource("native://127.0.0.1:7001".into())]);
    harness.get_by_label(concat!("Callscope ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn both_themes_and_narrow() {
    for (theme, word) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        for size in [[1376.0, 836.0], [940.0, 636.0]] {
            let mut changed = Settings::default();
            changed.shortcuts.insert("toggle_dock".into(), "Ctrl+Backtick".into());
            let mut harness = harness(changed, theme, size);
            harness.run();
            harness.get_by_role_and_label(Role::Tab, "Shortcuts").click();
            harness.run();
            look(&mut harness, &format!("settings-{word}{}", if size[0] < 1000.0 { "-narrow" } else { "" }));
        }
    }
}
