//! The sidebar as a person meets it, and looked at in both themes.

use std::path::{Path, PathBuf};

use egui::{Key, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::super::Cx;
use super::CallsPanel;
use crate::command::{Act, Command};
use crate::model::Model;
use crate::model::draft::Draft;
use crate::model::tabs::Tab;
use crate::model::workspace::Entry;
use crate::raster;
use crate::store::Outside;
use crate::theme;
use crate::widget::pane;

struct State {
    panel: CallsPanel,
    model: Model,
    commands: Vec<Command>,
    narrow: bool,
}

fn call(path: &str, name: &str, method: &str) -> Entry {
    Entry::Call { path: path.into(), name: name.into(), method: format!("shop.Orders/{method}"), error: None }
}

fn world() -> Model {
    let mut model = Model::default();
    model.workspace.root = Some(PathBuf::from("/home/ada/shop"));
    let returns = Entry::Folder {
        path: "checkout/returns".into(),
        entries: vec![call("checkout/returns/recall.call.yaml", "Recall stock", "Recall")],
    };
    model.workspace.entries = vec![
        Entry::Folder {
            path: "checkout".into(),
            entries: vec![
                returns,
                call("checkout/place-order.call.yaml", "Place order", "Place"),
                call("checkout/watch.call.yaml", "Watch orders", "Watch"),
                Entry::Call {
                    path: "checkout/broken.call.yaml".into(),
                    name: "broken".into(),
                    method: String::new(),
                    error: Some("broken.call.yaml, line 4, column 11: `weeks` is no unit of time".into()),
                },
            ],
        },
        call("ni-hao.call.yaml", "你好", "Hello"),
    ];
    model.workspace.revision = 1;
    let tab = |file: &str, name: &str| Tab {
        draft: Draft { name: name.into(), ..Draft::default() },
        saved: Some(Draft { name: name.into(), ..Draft::default() }),
        file: Some(Path::new("/home/ada/shop").join(file)),
        ..Tab::default()
    };
    let mut watch = tab("checkout/watch.call.yaml", "Watch orders");
    watch.outside = Outside::Changed;
    model.tabs.open(watch);
    let mut place = tab("checkout/place-order.call.yaml", "Place order");
    place.draft.docs = "changed".into();
    model.tabs.open(place);
    model
}

fn harness(model: Model, theme: Theme, narrow: bool) -> Harness<'static, State> {
    let width = if narrow { 216.0 } else { 292.0 };
    let state = State { panel: CallsPanel::default(), model, commands: Vec::new(), narrow };
    Harness::builder()
        .with_size([width, 420.0])
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
                pane::island(ui.painter(), rect, tokens);
                let mut cx = Cx { model: &state.model, commands: &mut state.commands, tokens, narrow: state.narrow };
                state.panel.logic(&mut cx);
                pane::inside(ui, rect, "sidebar", |ui| state.panel.ui(ui, &mut cx));
            },
            state,
        )
}

fn sidebar() -> Harness<'static, State> {
    let mut harness = harness(world(), Theme::Dark, false);
    harness.run();
    harness
}

fn look(harness: &mut Harness<'static, State>, name: &str) {
    let Some(folder) = std::env::var_os("CALLSCOPE_GALLERY") else { return };
    let path = PathBuf::from(folder).join(format!("{name}.png"));
    raster::save(&harness.render().unwrap(), &path).unwrap();
}

#[test]
fn one_click_looks_and_two_clicks_or_enter_open() {
    let mut harness = sidebar();
    harness.get_by_label("Watch orders").click();
    harness.run();
    let opened = |preview| Command::OpenSaved("checkout/watch.call.yaml".into(), preview);
    assert_eq!(harness.state().commands, [opened(true)]);
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().commands, [opened(true), opened(false)]);
}

#[test]
fn renaming_happens_in_the_row() {
    let mut harness = sidebar();
    harness.get_by_label("Watch orders").click();
    harness.run();
    harness.state_mut().commands.clear();
    harness.key_press(Key::F2);
    harness.run();
    look(&mut harness, "calls-rename");
    harness.get_by_label("New name").type_text("Observe");
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().commands, [Command::RenameSaved("checkout/watch.call.yaml".into(), "Observe".into())]);
    assert!(harness.query_by_label("New name").is_none());
    // Esc keeps the name.
    harness.key_press(Key::F2);
    harness.run();
    harness.get_by_label("New name").type_text("No");
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(harness.state().commands.len(), 1);
}

#[test]
fn the_menu_duplicates_deletes_and_makes_folders() {
    let mut harness = sidebar();
    for (row, item) in [("你好", "Duplicate"), ("你好", "Delete"), ("checkout", "New folder")] {
        harness.get_by_label(row).click_secondary();
        harness.run();
        harness.query_all_by_label(item).last().unwrap().click();
        harness.run();
    }
    let path = PathBuf::from("ni-hao.call.yaml");
    assert_eq!(
        harness.state().commands,
        [Command::DuplicateSaved(path.clone()), Command::DeleteSaved(path), Command::NewFolder("checkout".into()),]
    );
    harness.get_by_label("Place order").click_secondary();
    harness.run();
    harness.get_by_label("Rename").click();
    harness.run();
    harness.get_by_label("New name").type_text("x");
    harness.key_press(Key::Enter);
    harness.run();
    let last = harness.state().commands.last().cloned();
    assert_eq!(last, Some(Command::RenameSaved("checkout/place-order.call.yaml".into(), "x".into())));
}

#[test]
fn a_row_is_carried_into_a_folder() {
    let mut harness = sidebar();
    let at = |harness: &Harness<'static, State>, label: &str| harness.get_by_label(label).rect().center();
    let (from, folder, sibling) = (at(&harness, "你好"), at(&harness, "returns"), at(&harness, "Place order"));
    harness.drag_at(from);
    harness.run();
    for to in [from - egui::vec2(0.0, 12.0), sibling, folder] {
        harness.hover_at(to);
        harness.run();
    }
    look(&mut harness, "calls-carry");
    harness.get_by_label("returns");
    harness.drop_at(folder);
    harness.run();
    let moved = Command::MoveSaved("ni-hao.call.yaml".into(), "checkout/returns".into());
    assert_eq!(harness.state().commands, [moved]);
    // Let go over its own folder it stays, and a folder does not go into itself.
    for (from, to) in [("Watch orders", "Place order"), ("checkout", "Place order"), ("checkout", "returns")] {
        let (from, to) = (at(&harness, from), at(&harness, to));
        harness.drag_at(from);
        harness.run();
        harness.hover_at(from + egui::vec2(12.0, 12.0));
        harness.run();
        harness.drop_at(to);
        harness.run();
    }
    assert_eq!(harness.state().commands.len(), 1);
}

#[test]
fn keyboard_walks_folds_and_deletes() {
    let mut harness = sidebar();
    harness.key_press(Key::Slash);
    harness.run();
    // The folder, its folder, into it.
    for key in [Key::ArrowDown, Key::ArrowDown, Key::ArrowRight, Key::ArrowDown] {
        harness.key_press(key);
        harness.run();
    }
    harness.get_by_label("Recall stock");
    harness.key_press(Key::Delete);
    harness.run();
    assert_eq!(harness.state().commands, [Command::DeleteSaved("checkout/returns/recall.call.yaml".into())]);
    for key in [Key::ArrowLeft, Key::ArrowLeft] {
        harness.key_press(key);
        harness.run();
    }
    assert!(harness.query_by_label("Recall stock").is_none());
}

#[test]
fn the_filter_finds_names_methods_and_folders() {
    let mut harness = sidebar();
    harness.key_press(Key::Slash);
    harness.run();
    harness.get_by_label("Filter calls").type_text("recall");
    harness.run();
    harness.get_by_label("Recall stock");
    assert!(harness.query_by_label("Place order").is_none());
    harness.get_by_label("Filter calls").type_text("zzz");
    harness.run();
    harness.get_by_label("Nothing matches “recallzzz”.");
}

#[test]
fn an_empty_sidebar_says_how_to_begin() {
    let mut harness = harness(Model::default(), Theme::Light, false);
    harness.run();
    look(&mut harness, "calls-none");
    harness.get_by_label("Open the sample workspace").click();
    harness.run();
    harness.get_by_label("Open a folder…").click();
    harness.run();
    assert_eq!(harness.state().commands, [Command::Act(Act::OpenSample), Command::Act(Act::OpenFolder)]);
}

#[test]
fn both_themes_and_narrow() {
    for (theme, word) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        for narrow in [false, true] {
            let mut harness = harness(world(), theme, narrow);
            harness.run();
            harness.get_by_label("1 call unsaved, 5 in all");
            look(&mut harness, &format!("calls-{word}{}", if narrow { "-narrow" } else { "" }));
        }
    }
}
