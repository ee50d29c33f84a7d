//! The palette by keyboard and by mouse, and looked at.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use callscope_wire::capture::Frame;
use callscope_wire::engine::Side;
use callscope_wire::schema::{Method, Schema, Service as Set, TypeRef};
use callscope_wire::{ConnectionId, Encoding, FrameId, Shape, Time};
use egui::{Key, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::Palette;
use crate::command::{Act, Command};
use crate::model::Model;
use crate::model::services::{SchemaState, Source, SourceKind, SourceState};
use crate::model::tabs::Tab;
use crate::model::workspace::Entry;
use crate::panel::Cx;
use crate::raster;
use crate::theme;

struct State {
    palette: Palette,
    model: Model,
    commands: Vec<Command>,
    behind: String,
}

fn model() -> Model {
    let mut model = Model::default();
    let address = "registry://127.0.0.1:7000";
    model.services.sources.push(Source {
        address: address.into(),
        kind: SourceKind::Embedded,
        state: SourceState::Live,
        services: Vec::new(),
    });
    model.services.apply(Time::ZERO, address, "inventory", "registry:///inventory", Vec::new());
    let method = |name: &str, shape| Method {
        name: name.into(),
        shape,
        request: TypeRef::Any,
        response: TypeRef::Any,
        docs: String::new(),
        idempotent: false,
    };
    let methods = vec![method("Recall", Shape::Unary), method("List", Shape::ServerStream)];
    let schema =
        Schema { services: vec![Set { name: "shop.Inventory".into(), docs: String::new(), methods }], types: vec![] };
    model.services.sources[0].services[0].schema = SchemaState::Ready(Arc::new(schema));
    let call = |path: &str, name: &str| Entry::Call {
        path: path.into(),
        name: name.into(),
        method: "shop.Inventory/Recall".into(),
        error: None,
    };
    model.workspace.entries = vec![
        Entry::Folder {
            path: "checkout".into(),
            entries: vec![Entry::Folder {
                path: "checkout/returns".into(),
                entries: vec![call("checkout/returns/recall-stock.call.yaml", "Recall stock")],
            }],
        },
        call("find-all.call.yaml", "Catalog: find all"),
    ];
    let mut tab = Tab::default();
    tab.draft.name = "Place order".into();
    model.tabs.open(tab);
    model
}

fn harness(query: &str, theme: Theme) -> Harness<'static, State> {
    let mut palette = Palette::default();
    palette.open_with(query);
    let state = State { palette, model: model(), commands: Vec::new(), behind: String::new() };
    Harness::builder()
        .with_size([1100.0, 720.0])
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
                ui.painter().rect_filled(ui.ctx().content_rect(), 0, tokens.island);
                ui.text_edit_singleline(&mut state.behind).on_hover_text("behind");
                let mut cx = Cx { model: &state.model, commands: &mut state.commands, tokens, narrow: false };
                state.palette.ui(ui, &mut cx);
            },
            state,
        )
}

fn look(harness: &mut Harness<'static, State>, name: &str) {
    let Some(folder) = std::env::var_os("CALLSCOPE_GALLERY") else { return };
    let path = PathBuf::from(folder).join(format!("{name}.png"));
    raster::save(&harness.render().unwrap(), &path).unwrap();
}

fn first_rows(harness: &Harness<'static, State>) -> Vec<String> {
    harness.state().palette.found.hits.iter().take(4).map(|hit| hit.name.clone()).collect()
}

#[test]
fn typing_ranks_over_all_kinds_and_enter_runs() {
    for (theme, word) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        let mut harness = harness("", theme);
        harness.run();
        harness.get_by_label("Search or run").type_text("call");
        harness.run();
        assert_eq!(first_rows(&harness)[..3], ["New call", "Open a call file…", "Duplicate call"]);
        harness.get_by_label("Recall stock");
        harness.get_by_label("shop.Inventory/Recall");
        for _ in 0..2 {
            harness.key_press(Key::ArrowDown);
            harness.run();
        }
        look(&mut harness, &format!("palette-{word}"));
        harness.key_press(Key::Enter);
        harness.run();
        assert_eq!(harness.state().commands, [Command::Act(Act::Duplicate)]);
        assert!(!harness.state().palette.is_open());
    }
}

#[test]
fn signs_and_tab_choose_the_kind() {
    let mut harness = harness("/", Theme::Dark);
    harness.run();
    assert_eq!(first_rows(&harness), ["Recall stock", "Catalog: find all"]);
    harness.key_press(Key::Tab);
    harness.run();
    assert_eq!(harness.state().palette.query, "@");
    harness.get_by_label("Search or run").type_text("list");
    harness.run();
    assert_eq!(harness.state().palette.query, "@list");
    harness.get_by_label("shop.Inventory/List").click();
    harness.run();
    let opened = Command::OpenMethod { target: "registry:///inventory".into(), method: "shop.Inventory/List".into() };
    assert_eq!(harness.state().commands, [opened]);
}

fn frame(kind: &'static str, method: &str, sent: bool) -> Frame {
    Frame {
        id: FrameId(0),
        at: Time::ZERO,
        connection: ConnectionId(1),
        stream: 1,
        sent,
        side: Side::Client,
        dialect: Some("native"),
        kind,
        method: Some(method.into()),
        code: None,
        odd: false,
        message: None,
        encoding: Encoding::default(),
        bytes: Bytes::new(),
    }
}

#[test]
fn a_frame_is_found_by_its_number_its_kind_and_its_method() {
    let mut harness = harness("#", Theme::Dark);
    {
        let mut store = harness.state().model.traffic.store();
        for n in 0..1_300 {
            let method = if n == 700 { "shop.Orders/Place" } else { "shop.Inventory/List" };
            store.push(frame("REQUEST", method, true));
            store.push(frame("DATA", method, false));
        }
    }
    harness.get_by_label("Search or run").type_text("d");
    harness.run();
    harness.get_by_label("Search or run").type_text("ata place");
    harness.run();
    assert_eq!(first_rows(&harness), ["1,402 DATA Place"]);
    look(&mut harness, "palette-frames");
    for _ in 0..10 {
        harness.key_press(Key::Backspace);
        harness.run();
    }
    harness.get_by_label("Search or run").type_text("140");
    harness.run();
    let rows = first_rows(&harness);
    assert_eq!(
        rows[..2],
        ["140 DATA List", "1,409 REQUEST List"],
        "the whole number first, then the newest that begin so"
    );
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().commands, [Command::ShowFrame(FrameId(140))]);
}

#[test]
fn a_saved_call_opens_by_its_path() {
    let mut harness = harness("", Theme::Dark);
    harness.run();
    harness.get_by_label("Saved calls").click();
    harness.run();
    harness.get_by_label("Search or run").type_text("cfa");
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().commands, [Command::OpenSaved("find-all.call.yaml".into(), false)]);
}

#[test]
fn escape_closes_and_gives_the_focus_back() {
    let mut harness = harness("", Theme::Dark);
    harness.state_mut().palette = Palette::default();
    harness.run();
    harness.get_by_label("behind").focus();
    harness.run();
    harness.state_mut().palette.open_with("");
    harness.run();
    harness.get_by_label("Search or run").type_text("zzz");
    harness.run();
    look(&mut harness, "palette-nothing");
    harness.key_press(Key::Enter);
    harness.run();
    assert!(harness.state().palette.is_open(), "nothing fits, nothing runs");
    harness.key_press(Key::Escape);
    harness.run();
    assert!(!harness.state().palette.is_open() && harness.state().commands.is_empty());
    harness.get_by_label("behind").type_text("x");
    harness.run();
    assert_eq!(harness.state().behind, "x");
}

#[test]
fn acts_on_a_call_need_a_call() {
    let mut harness = harness(">send", Theme::Dark);
    harness.run();
    harness.get_by_label("Send current call");
    harness.state_mut().model.tabs.active = None;
    harness.run();
    harness.key_press(Key::ArrowDown);
    harness.run();
    assert!(harness.query_by_label("Send current call").is_none());
}
