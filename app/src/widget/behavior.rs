//! The widgets as they are used: by mouse, by keyboard, by name.

use egui::accesskit::Role;
use egui::{Id, Key, Modifiers, Ui, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use serde_json::json;

use super::json::{editor, tree};
use super::vtable::{Column, TableState, VTable};
use super::{button, field, hex, menu, select, subtabs};
use crate::theme;

fn harness<'a, State: 'a>(state: State, ui: impl FnMut(&mut Ui, &mut State) + 'a) -> Harness<'a, State> {
    Harness::builder()
        .with_size(vec2(600.0, 400.0))
        .with_max_steps(16)
        .with_context_setup(theme::install)
        .build_ui_state(ui, state)
}

const COLUMNS: [Column<'static>; 1] =
    [Column { name: "Summary", width: super::vtable::Width::Flex(80.0), align: egui::Align::Min }];

struct Frames {
    rows: u64,
    table: TableState,
    activated: Option<u64>,
}

fn frames<'a>(rows: u64) -> Harness<'a, Frames> {
    let state = Frames { rows, table: TableState::following(), activated: None };
    harness(state, |ui, state| {
        let name = |row: u64| format!("frame {row}");
        let out = VTable::new(Id::unique("frames"), "Frames", &COLUMNS, state.rows).row_name(&name).show(
            ui,
            &mut state.table,
            |one, row| {
                one.mono(0, format!("frame {row}"), one.tokens.hi);
            },
        );
        state.activated = out.activated.or(state.activated);
    })
}

#[test]
fn a_table_follows_its_tail_until_a_row_is_clicked_and_again_after_end() {
    let mut frames = frames(10_000_000);
    frames.run();
    frames.get_by_label("frame 9999999");
    frames.state_mut().rows += 5;
    frames.run();
    frames.get_by_label("frame 10000004").click();
    frames.run();
    assert_eq!(frames.state().table.selected(), Some(10_000_004));
    assert!(!frames.state().table.is_following());
    frames.state_mut().rows += 214;
    frames.run();
    assert_eq!(frames.state().table.unseen(frames.state().rows), 214);
    assert!(frames.query_by_label("frame 10000218").is_none());
    frames.key_press(Key::End);
    frames.run();
    assert!(frames.state().table.is_following());
    frames.get_by_label("frame 10000218");
}

#[test]
fn a_table_is_walked_by_keys() {
    let mut frames = frames(1000);
    frames.get_by_role_and_label(Role::Grid, "Frames").focus();
    frames.run();
    frames.key_press(Key::Home);
    frames.run();
    assert_eq!(frames.state().table.selected(), Some(0));
    for _ in 0..3 {
        frames.key_press(Key::ArrowDown);
        frames.run();
    }
    assert_eq!(frames.state().table.selected(), Some(3));
    frames.get_by_label("frame 3");
    frames.key_press(Key::PageDown);
    frames.run();
    assert!(frames.state().table.selected() > Some(10));
    frames.key_press(Key::ArrowUp);
    frames.key_press(Key::Enter);
    frames.run();
    assert_eq!(frames.state().activated, frames.state().table.selected());
}

#[test]
fn rows_that_are_evicted_leave_the_selection_on_its_record() {
    let mut frames = frames(1000);
    frames.run();
    frames.state_mut().table.select(Some(700));
    frames.run();
    frames.state_mut().rows -= 100;
    frames.state_mut().table.shift(100);
    frames.run();
    assert_eq!(frames.state().table.selected(), Some(600));
    frames.get_by_label("frame 600");
}

#[test]
fn bytes_are_selected_by_dragging_and_by_keys() {
    let bytes: Vec<u8> = (0..=255).collect();
    let mut view = harness(hex::HexState::default(), move |ui, state| {
        hex::Hex::new(Id::unique("bytes"), "Bytes", &bytes, &[]).show(ui, state);
    });
    let grid = view.get_by_role_and_label(Role::Grid, "Bytes").rect();
    // Into the first row, at cells 2 and 5: offset column 4 digits, cells of 20.
    let cell = |column: f32| pos2(grid.left() + 12.0 + 4.0 * 7.2 + 14.0 + column * 20.0 + 10.0, grid.top() + 10.0);
    view.drag_at(cell(2.0));
    view.run();
    view.hover_at(cell(5.0));
    view.run();
    view.drop_at(cell(5.0));
    view.run();
    assert_eq!(view.state().selection(), Some(2..6));
    view.key_press(Key::ArrowDown);
    view.run();
    assert_eq!(view.state().selection(), Some(21..22));
    view.key_press_modifiers(Modifiers::SHIFT, Key::ArrowRight);
    view.run();
    assert_eq!(view.state().selection(), Some(21..23));
    view.key_press(Key::End);
    view.run();
    assert_eq!(view.state().selection(), Some(255..256));
}

#[test]
fn a_tree_folds_by_caret_and_keys_and_is_found_by_name() {
    let value = json!({"order": {"id": "o-7", "lines": [{"sku": "A1"}]}, "trace": 1});
    let mut view = harness(tree::TreeState::default(), move |ui, state| {
        let labels =
            tree::Labels { fields: &|count| format!("{count} fields"), items: &|count| format!("{count} items") };
        tree::Tree::new(Id::unique("answer"), "Answer", &value, 1, labels).show(ui, state);
    });
    view.run();
    view.get_by_label("id: \"o-7\"").click();
    view.run();
    assert_eq!(view.state().selected(), Some("/order/id"));
    view.key_press(Key::ArrowLeft);
    view.run();
    assert_eq!(view.state().selected(), Some("/order"));
    view.key_press(Key::ArrowLeft);
    view.run();
    assert!(view.query_by_label("id: \"o-7\"").is_none());
    view.state_mut().select(Some("/order/lines/0/sku"));
    view.run();
    view.get_by_label("sku: \"A1\"");
}

#[test]
fn the_editor_keeps_the_indentation_and_says_where_the_caret_is() {
    struct Message {
        text: String,
        editor: editor::EditorState,
        place: (usize, usize),
    }
    let state = Message { text: "{".to_owned(), editor: editor::EditorState::default(), place: (0, 0) };
    let mut view = harness(state, |ui, state| {
        let out = editor::Editor::new(Id::unique("message"), "Message", &mut state.text).show(ui, &mut state.editor);
        state.place = (out.line, out.column);
    });
    view.state_mut().editor.go_to(1..1);
    view.run();
    view.key_press(Key::Enter);
    view.run();
    view.get_by_label("Message").type_text("\"a\": 1,");
    view.run();
    view.key_press(Key::Enter);
    view.run();
    view.get_by_label("Message").type_text("\"b\": 上");
    view.run();
    assert_eq!(view.state().text, "{\n  \"a\": 1,\n  \"b\": 上");
    assert_eq!(view.state().place, (3, 9));
}

#[test]
fn a_field_is_cleared_and_a_number_is_stepped_and_checked() {
    let mut view = harness(("abc".to_owned(), 20.0), |ui, (text, rate)| {
        field::Field::new("Filter", text).clearable("Clear filter").show(ui);
        field::NumberField::new("Rate", rate, 1.0..=200.0).show(ui);
    });
    view.get_by_label("Clear filter").click();
    view.run();
    assert_eq!(view.state().0, "");
    assert!(view.query_by_label("Clear filter").is_none());
    view.get_by_label("Rate").focus();
    view.run();
    view.key_press(Key::ArrowUp);
    view.run();
    assert!((view.state().1 - 21.0).abs() < 1e-9);
    view.key_press_modifiers(Modifiers::COMMAND, Key::A);
    view.get_by_label("Rate").type_text("999");
    view.run();
    assert!((view.state().1 - 21.0).abs() < 1e-9, "out of range changes nothing");
    view.key_press_modifiers(Modifiers::COMMAND, Key::A);
    view.get_by_label("Rate").type_text("150");
    view.run();
    assert!((view.state().1 - 150.0).abs() < 1e-9);
}

#[test]
fn a_long_select_is_filtered_by_typing() {
    let names: Vec<String> = (0..30).map(|at| format!("service-{at}")).collect();
    let mut view = harness(0, move |ui, selected| {
        let entries: Vec<&str> = names.iter().map(String::as_str).collect();
        select::Select::new("Service", &entries).filter_hint("Find a service").show(ui, selected);
    });
    view.get_by_label("Service").click();
    view.run();
    view.get_by_label("Find a service").type_text("27");
    view.run();
    assert!(view.query_by_label("service-3").is_none());
    view.get_by_label("service-27").click();
    view.run();
    assert_eq!(*view.state(), 27);
    assert!(view.query_by_label("service-27").is_none(), "the list is closed");
}

#[test]
fn tabs_without_room_are_behind_the_dots() {
    let mut view = harness(0, |ui, selected| {
        ui.set_max_width(160.0);
        let tabs = ["Message", "Metadata", "Trailers", "Attempts"].map(subtabs::SubTab::new);
        subtabs::subtabs(ui, &tabs, selected, 0.0, "More tabs");
    });
    view.run();
    assert!(view.query_by_label("Attempts").is_none());
    view.get_by_label("More tabs").click();
    view.run();
    view.get_by_label("Attempts").click();
    view.run();
    assert_eq!(*view.state(), 3);
    view.get_by_role_and_label(Role::Tab, "Attempts");
}

#[test]
fn a_menu_opens_below_its_button_and_closes_after_a_choice() {
    let mut view = harness(0, |ui, chosen| {
        let split = button::split_primary(ui, theme::icon::PLAY, "Send", None, true, "More ways");
        menu::below(&split.caret, |ui| {
            if menu::item(ui, None, "Send at a rate", "", true).clicked() {
                *chosen += 1;
            }
            menu::item(ui, None, "Not now", "", false);
        });
        if split.main.clicked() {
            *chosen += 10;
        }
    });
    view.get_by_label("More ways").click();
    view.run();
    assert!(view.get_by_label("Not now").accesskit_node().is_disabled());
    view.get_by_label("Send at a rate").click();
    view.run();
    assert_eq!(*view.state(), 1);
    assert!(view.query_by_label("Send at a rate").is_none());
    view.get_by_label("Send").click();
    view.run();
    assert_eq!(*view.state(), 11);
}

#[test]
fn a_button_is_pressed_by_the_keyboard() {
    let mut view = harness(0, |ui, count| {
        if button::primary(ui, None, "Start", true).clicked() {
            *count += 1;
        }
        button::normal(ui, None, "Cancel", false);
    });
    view.get_by_label("Start").focus();
    view.run();
    view.key_press(Key::Space);
    view.run();
    assert_eq!(*view.state(), 1);
}
