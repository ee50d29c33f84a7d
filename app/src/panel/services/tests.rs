//! The sidebar as a person meets it: found by name, clicked, typed into, and looked at in both themes.

use std::sync::Arc;

use callscope_wire::instance::Lease;
use callscope_wire::schema::{Method, Schema, Service as Set, TypeRef};
use callscope_wire::{Health, Instance, Shape, Time};
use egui::{Key, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::super::Cx;
use super::ServicesPanel;
use crate::command::Command;
use crate::model::Model;
use crate::model::services::{SchemaState, Source, SourceKind, SourceState};
use crate::raster;
use crate::theme;
use crate::widget::pane;

struct State {
    panel: ServicesPanel,
    model: Model,
    commands: Vec<Command>,
    narrow: bool,
}

fn instance(service: &str, number: u64, health: Health, weight: u32, left_ms: u64) -> Instance {
    Instance {
        id: format!("{service}-{number}"),
        service: service.to_owned(),
        address: format!("native://10.0.3.{}:7001", 10 + number),
        health,
        weight,
        tags: vec!["eu".to_owned()],
        metadata: [("version".to_owned(), "1.2".to_owned())].into(),
        lease: Some(Lease { ttl_ms: 30_000, left_ms }),
    }
}

fn schema() -> Arc<Schema> {
    let method = |name: &str, shape| Method {
        name: name.to_owned(),
        shape,
        request: TypeRef::Named("shop.PlaceRequest".to_owned()),
        response: TypeRef::Named("shop.Order".to_owned()),
        docs: "Places an order.".to_owned(),
        idempotent: false,
    };
    let methods = vec![
        method("Place", Shape::Unary),
        method("Watch", Shape::ServerStream),
        method("Import", Shape::ClientStream),
        method("Chat", Shape::Bidi),
        method("Notify", Shape::OneWay),
    ];
    let set = Set { name: "shop.Orders".to_owned(), docs: String::new(), methods };
    Arc::new(Schema { services: vec![set], types: Vec::new() })
}

fn source(address: &str, kind: SourceKind, state: SourceState) -> Source {
    Source { address: address.to_owned(), kind, state, services: Vec::new() }
}

fn world() -> Model {
    let mut model = Model { now: Time::from_millis(60_000), ..Model::default() };
    let embedded = "registry://127.0.0.1:7000";
    model.services.sources = vec![
        source(embedded, SourceKind::Embedded, SourceState::Connecting),
        source("registry://10.0.0.5:7000", SourceKind::Registry, SourceState::Lost("connection refused".into())),
        source("native://10.0.9.1:7001", SourceKind::Direct, SourceState::Connecting),
    ];
    let orders = vec![
        instance("orders", 1, Health::Healthy, 100, 24_000),
        instance("orders", 2, Health::Healthy, 100, 17_000),
        instance("orders", 3, Health::Degraded, 50, 11_000),
        instance("orders", 4, Health::Down, 10, 2_000),
    ];
    let now = model.now;
    let services = &mut model.services;
    services.apply(
        Time::from_millis(1_000),
        embedded,
        "greeter",
        "registry:///greeter",
        vec![instance("greeter", 1, Health::Healthy, 100, 20_000)],
    );
    services.apply(
        Time::from_millis(2_000),
        embedded,
        "payments",
        "registry:///payments",
        vec![instance("payments", 1, Health::Down, 100, 20_000)],
    );
    services.apply(now, embedded, "orders", "registry:///orders", orders);
    for source in &mut services.sources {
        for known in &mut source.services {
            known.schema = match known.name.as_str() {
                "orders" => SchemaState::Ready(schema()),
                "payments" => SchemaState::Failed("connection refused".into()),
                _ => SchemaState::Unknown,
            };
        }
    }
    model
}

fn harness(model: Model, theme: Theme, narrow: bool) -> Harness<'static, State> {
    let width = if narrow { 216.0 } else { 292.0 };
    let state = State { panel: ServicesPanel::default(), model, commands: Vec::new(), narrow };
    Harness::builder()
        .with_size([width, 620.0])
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

fn sidebar(model: Model) -> Harness<'static, State> {
    harness(model, Theme::Dark, false)
}

fn look(harness: &mut Harness<'static, State>, name: &str) {
    let Some(folder) = std::env::var_os("CALLSCOPE_GALLERY") else { return };
    let path = std::path::PathBuf::from(folder).join(format!("{name}.png"));
    raster::save(&harness.render().unwrap(), &path).unwrap();
}

#[test]
fn one_click_on_a_method_opens_a_call() {
    let mut harness = sidebar(world());
    harness.run();
    assert!(harness.query_by_label("Place").is_none(), "services begin folded");
    harness.get_by_label("orders").click();
    harness.run();
    harness.get_by_label("Place").click();
    harness.run();
    let opened =
        Command::OpenMethod { target: "registry:///orders".to_owned(), method: "shop.Orders/Place".to_owned() };
    assert_eq!(harness.state().commands, [opened]);
}

#[test]
fn opening_a_service_asks_for_its_methods_once() {
    let mut harness = sidebar(world());
    harness.get_by_label("greeter").click();
    harness.run();
    harness.state_mut().model.services.revision += 1;
    harness.run();
    assert_eq!(harness.state().commands, [Command::RefreshSchema("registry:///greeter".to_owned())]);
    harness.get_by_label("Asking for its methods…");
}

#[test]
fn a_schema_that_failed_says_why_and_can_be_retried() {
    let mut harness = sidebar(world());
    harness.get_by_label("payments").click();
    harness.run();
    harness.get_by_label("No methods: connection refused").click();
    harness.run();
    assert_eq!(harness.state().commands, [Command::RefreshSchema("registry:///payments".to_owned())]);
}

#[test]
fn the_filter_finds_instances_methods_and_addresses() {
    let mut harness = sidebar(world());
    harness.run();
    harness.key_press(Key::Slash);
    harness.run();
    harness.get_by_label("Filter services").type_text("10.0.3.13");
    harness.run();
    harness.get_by_label("orders-3");
    assert!(harness.query_by_label("orders-1").is_none() && harness.query_by_label("greeter").is_none());
    harness.get_by_label("Clear the filter").click();
    harness.run();
    harness.get_by_label("Filter services").type_text("impo");
    harness.run();
    harness.get_by_label("Import");
    assert!(harness.query_by_label("orders-1").is_none() && harness.query_by_label("Place").is_none());
    harness.get_by_label("Filter services").type_text("nonsense");
    harness.run();
    harness.get_by_label("Nothing matches “impononsense”.");
}

#[test]
fn the_tree_is_walked_by_keyboard() {
    let mut harness = sidebar(world());
    harness.run();
    harness.key_press(Key::Slash);
    harness.run();
    // Source, greeter, orders: unfold, down past four instances and the set to the first method.
    for key in [Key::ArrowDown, Key::ArrowDown, Key::ArrowDown, Key::ArrowRight] {
        harness.key_press(key);
        harness.run();
    }
    harness.get_by_label("orders-1");
    for _ in 0..6 {
        harness.key_press(Key::ArrowDown);
        harness.run();
    }
    harness.key_press(Key::Enter);
    harness.run();
    assert!(
        matches!(&harness.state().commands[..], [Command::OpenMethod { method, .. }] if method == "shop.Orders/Place")
    );
    // Out to the set, fold it.
    for key in [Key::ArrowLeft, Key::ArrowLeft] {
        harness.key_press(key);
        harness.run();
    }
    assert!(harness.query_by_label("Place").is_none());
}

#[test]
fn a_source_is_added_in_place_and_checked_first() {
    let mut harness = sidebar(world());
    harness.get_by_label("Add a source").click();
    harness.run();
    harness.get_by_label("Address of the source").type_text("http://x:80");
    harness.key_press(Key::Enter);
    harness.run();
    harness.get_by_label("“http” is not one of registry, native, native+tls, plain.");
    look(&mut harness, "services-add");
    harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
    harness.run();
    harness.get_by_label("Address of the source").type_text("127.0.0.1:7001");
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().commands, [Command::AddSource("native://127.0.0.1:7001".to_owned())]);
    assert!(harness.query_by_label("Address of the source").is_none());
}

#[test]
fn an_instance_can_be_called_by_its_id() {
    let mut harness = sidebar(world());
    harness.get_by_label("orders").click();
    harness.run();
    harness.get_by_label("orders-2").click_secondary();
    harness.run();
    harness.get_by_label("Call this instance").click();
    harness.run();
    let opened = Command::OpenMethod {
        target: "registry:///orders@orders-2".to_owned(),
        method: "shop.Orders/Place".to_owned(),
    };
    assert_eq!(harness.state().commands, [opened]);
}

#[test]
fn states_are_said_in_words() {
    let mut harness = sidebar(world());
    harness.run();
    harness.get_by_label("Not reachable: connection refused");
    harness.get_by_label("Connecting…");
    harness.get_by_label("Recent changes").click();
    harness.run();
    look(&mut harness, "services-history");
    let mut harness = sidebar(Model::default());
    harness.run();
    harness.get_by_label("Registry").click();
    harness.run();
    look(&mut harness, "services-none");
    harness.get_by_label("Address of the source");
}

#[test]
fn ten_thousand_instances_show_a_screenful() {
    let mut model = world();
    let many = (0..10_000).map(|number| instance("orders", number, Health::Healthy, 100, 20_000)).collect();
    model.services.apply(model.now, "registry://127.0.0.1:7000", "orders", "registry:///orders", many);
    let mut harness = sidebar(model);
    harness.get_by_label("orders").click();
    harness.run();
    assert!(harness.state().panel.rows.len() > 10_000);
    let shown = harness.query_all_by_label_contains("orders-").count();
    assert!((10..60).contains(&shown), "{shown}");
    harness.key_press(Key::End);
    harness.run();
    harness.get_by_label("Connecting…");
}

#[test]
fn nothing_changes_nothing_is_painted() {
    let mut harness = sidebar(world());
    harness.get_by_label("orders").click();
    harness.run();
    harness.remove_cursor();
    harness.run();
    harness.step();
    let output = harness.output();
    let delay = output.viewport_output.values().map(|viewport| viewport.repaint_delay).min();
    assert_eq!(delay, Some(std::time::Duration::MAX));
}

#[test]
fn both_themes_and_narrow() {
    for (theme, word) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        for narrow in [false, true] {
            let mut harness = harness(world(), theme, narrow);
            harness.get_by_label("orders").click();
            harness.run();
            harness.get_by_label("payments").click();
            harness.run();
            harness.get_by_label("Place").click();
            harness.run();
            look(&mut harness, &format!("services-{word}{}", if narrow { "-narrow" } else { "" }));
        }
    }
}
