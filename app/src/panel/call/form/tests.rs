//! The form as a person uses it, and the text that comes of it.
//!
//! With `CALLSCOPE_GALLERY=folder` its states are also written there as PNG, to be looked at.

use std::sync::Arc;

use callscope_wire::Shape;
use callscope_wire::schema::{EnumValue, Field, Method, Rule, Schema, Service, TypeDef, TypeKind, TypeRef};
use callscope_wire::value::text;
use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use serde_json::{Value, json};

use crate::command::Command;
use crate::model::draft::{Draft, PreparedMessage};
use crate::model::settings::MessageView;
use crate::panel::call::fixture;
use crate::panel::call::tests::{Bench, drafted, look};

const MESSAGE: &str = r#"{
  "customer_id": "c-48213",
  "currency": "EUR",
  "items": [
    { "sku": "A1-204", "qty": 2, "unit_price": 1890 },
    { "sku": "K7-011", "qty": 1, "unit_price": 4550 }
  ],
  "ship_to": {
    "name": "王小明",
    "city": "上海",
    "express": true
  },
  "invoice": { "days": 30 },
  "labels": {
    "channel": "web",
    "request": "{{uuid}}"
  },
  "signature": "ikEPwncekLs="
}"#;

fn named(name: &str) -> TypeRef {
    TypeRef::Named(format!("shop.{name}"))
}

fn record(name: &str, fields: Vec<Field>) -> TypeDef {
    let fields = fields.into_iter().zip(1..).map(|(field, number)| Field { number, ..field }).collect();
    TypeDef { name: format!("shop.{name}"), docs: format!("A {name}."), kind: TypeKind::Record(fields) }
}

fn field(name: &str, type_ref: TypeRef) -> Field {
    Field { name: name.into(), type_ref, docs: format!("What {name} means."), ..Field::default() }
}

fn optional(name: &str, type_ref: TypeRef) -> Field {
    Field { optional: true, ..field(name, type_ref) }
}

fn choice(name: &str, values: &[&str]) -> TypeDef {
    let values = values.iter().zip(0..).map(|(name, number)| EnumValue {
        name: (*name).into(),
        number,
        docs: format!("About {name}."),
    });
    TypeDef { name: format!("shop.{name}"), docs: String::new(), kind: TypeKind::Enum(values.collect()) }
}

fn schema() -> Schema {
    let method = |name: &str, shape| Method {
        name: name.into(),
        shape,
        request: named("Place"),
        response: TypeRef::Any,
        docs: String::new(),
        idempotent: false,
    };
    let one_of = |field| Field { oneof: "payment".into(), ..field };
    Schema {
        services: vec![Service {
            name: "shop.Orders".into(),
            docs: String::new(),
            methods: vec![method("Place", Shape::Unary), method("Talk", Shape::Bidi)],
        }],
        types: vec![
            record(
                "Place",
                vec![
                    field("customer_id", TypeRef::String),
                    Field { default: Some(json!("EUR")), ..optional("currency", named("Currency")) },
                    field("items", TypeRef::List(Box::new(named("Item")))),
                    optional("ship_to", named("Address")),
                    one_of(field("card", TypeRef::String)),
                    one_of(field("invoice", named("Invoice"))),
                    one_of(field("wallet", TypeRef::String)),
                    optional("labels", TypeRef::Map(Box::new(TypeRef::String))),
                    optional("signature", TypeRef::Bytes),
                    optional("rush", TypeRef::Bool),
                    optional("level", TypeRef::Int32),
                    optional("total", TypeRef::Uint64),
                    optional("ratio", TypeRef::Double),
                    optional("tags", TypeRef::List(Box::new(TypeRef::String))),
                    optional("stock", TypeRef::Map(Box::new(named("Item")))),
                    optional("tree", named("Node")),
                    optional("zone", named("Zone")),
                    optional("extra", TypeRef::Any),
                ],
            ),
            record(
                "Item",
                vec![
                    Field { example: Some(json!("A1")), ..field("sku", TypeRef::String) },
                    Field { rule: Rule::between(1, 1000), ..field("qty", TypeRef::Uint32) },
                    optional("unit_price", TypeRef::Int64),
                ],
            ),
            record(
                "Address",
                vec![
                    field("name", TypeRef::String),
                    field("city", TypeRef::String),
                    optional("express", TypeRef::Bool),
                    optional("door_code", TypeRef::String),
                ],
            ),
            record("Invoice", vec![field("days", TypeRef::Uint32)]),
            record("Node", vec![field("label", TypeRef::String), optional("next", named("Node"))]),
            choice("Currency", &["EUR", "CNY", "USD", "GBP"]),
            choice("Zone", &["A0", "B1", "C2", "D3", "E4", "F5", "G6", "H7", "I8", "J9", "K10", "L11", "M12"]),
        ],
    }
}

fn draft(message: &str) -> Draft {
    Draft { messages: vec![PreparedMessage { text: message.into(), after: None }], ..fixture::place_draft() }
}

fn bench(draft: Draft, view: MessageView) -> Bench {
    let mut bench = Bench::new(draft);
    bench.dock = 0.0;
    bench.model.settings.message_view = view;
    let tab = bench.model.tabs.get_mut(bench.tab).unwrap();
    tab.schema = Some(Arc::new(schema()));
    bench
}

/// A form beside its JSON, with this message.
fn both(message: &str) -> Harness<'static, Bench> {
    let mut harness = bench(draft(message), MessageView::Both).harness(Theme::Dark, [1300.0, 1600.0]);
    harness.run_steps(2);
    harness
}

fn text_of(harness: &Harness<'_, Bench>) -> String {
    drafted(harness).messages[0].text.clone()
}

fn value_of(harness: &Harness<'_, Bench>) -> Value {
    text::parse(&text_of(harness)).unwrap()
}

fn click(harness: &mut Harness<'_, Bench>, name: &str) {
    harness.get_by_label(name).click();
    harness.run_steps(4);
}

/// Selects what is in a field and types something else.
fn retype(harness: &mut Harness<'_, Bench>, name: &str, typed: &str) {
    harness.get_by_label(name).focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.get_by_label(name).type_text(typed);
    harness.run_steps(4);
}

/// Both themes, and narrow, and in Chinese.
#[test]
fn every_kind_of_field_is_painted() {
    let wide = [1440.0, 900.0];
    look(&mut bench(draft(MESSAGE), MessageView::Both).harness(Theme::Dark, wide), "form-both-dark");
    look(&mut bench(draft(MESSAGE), MessageView::Both).harness(Theme::Light, wide), "form-both-light");
    let wrong = MESSAGE.replace("\"qty\": 2", "\"qty\": 0").replace("\"city\": \"上海\",\n", "");
    let mut harness = bench(draft(&wrong), MessageView::Both).harness(Theme::Light, wide);
    harness.get_by_label("items[0].qty").focus();
    harness.run_steps(3);
    look(&mut harness, "form-wrong-light");
    let everything = json!({
        "customer_id": "", "currency": "JPY", "items": [], "card": "1", "wallet": "2", "rush": "{{rush}}", "level": "x",
        "total": "18446744073709551615", "ratio": 1e-3, "tags": ["a", 5, null], "stock": {"A": {"sku": "s", "qty": 1}},
        "tree": {"label": "l", "next": {"label": "m"}}, "zone": 3, "extra": {"any": [1]}, "unknown": [true],
        "labels": 7, "ship_to": null
    });
    let mut harness =
        bench(draft(&text::pretty(&everything)), MessageView::Form).harness(Theme::Dark, [1440.0, 1400.0]);
    look(&mut harness, "form-everything-dark");
    look(&mut bench(draft(MESSAGE), MessageView::Form).harness(Theme::Light, [1080.0, 860.0]), "form-only-light");
    let mut narrow = bench(draft(&wrong), MessageView::Form);
    narrow.narrow = true;
    look(&mut narrow.harness(Theme::Dark, [744.0, 700.0]), "form-narrow-dark");
    let mut stacked = bench(draft(MESSAGE), MessageView::Both);
    stacked.narrow = true;
    look(&mut stacked.harness(Theme::Light, [480.0, 900.0]), "form-stacked-light");
    look(
        &mut bench(draft("{ \"customer_id\": "), MessageView::Both).harness(Theme::Dark, [1080.0, 600.0]),
        "form-broken",
    );
    look(&mut bench(draft(""), MessageView::Form).harness(Theme::Dark, [1080.0, 700.0]), "form-empty");
}

#[test]
fn a_field_that_is_typed_into_changes_its_own_bytes() {
    let mut harness = both(MESSAGE);
    retype(&mut harness, "ship_to.city", "北京 \"x\"");
    assert_eq!(text_of(&harness), MESSAGE.replace("上海", "北京 \\\"x\\\""));
    retype(&mut harness, "items[1].unit_price", "4e3");
    assert!(text_of(&harness).contains("\"unit_price\": 4e3 }"), "a number stays as it is spelled");
    retype(&mut harness, "items[0].sku", "{{sku}}");
    assert_eq!(value_of(&harness)["items"][0]["sku"], "{{sku}}");
    assert!(harness.query_by_label("Valid").is_some());
}

#[test]
fn what_is_no_number_is_named_in_place_and_counted() {
    let mut harness = both(MESSAGE);
    retype(&mut harness, "items[0].qty", "1x");
    assert_eq!(value_of(&harness)["items"][0]["qty"], "1x");
    assert!(harness.query_all_by_label_contains("a whole number is expected here").next().is_some());
    assert!(harness.query_by_label("1 problem: items[0].qty").is_some());
    retype(&mut harness, "items[0].qty", "1001");
    assert_eq!(value_of(&harness)["items"][0]["qty"], 1001);
    assert!(harness.query_all_by_label_contains("must be at most 1000").next().is_some());
    // The footer leads there.
    harness.get_by_label("customer_id").focus();
    harness.run_steps(2);
    click(&mut harness, "1 problem: items[0].qty");
    assert!(harness.get_by_label("items[0].qty").accesskit_node().is_focused());
    harness.key_press(Key::ArrowDown);
    harness.run_steps(4);
    assert_eq!(value_of(&harness)["items"][0]["qty"], 1000);
    assert!(harness.query_by_label("Valid").is_some());
}

#[test]
fn fields_are_set_and_unset_in_the_order_of_the_type() {
    let mut harness = both(MESSAGE);
    click(&mut harness, "Set ship_to.door_code");
    assert_eq!(text_of(&harness), MESSAGE.replace("true\n", "true,\n    \"door_code\": \"\"\n"));
    assert!(harness.get_by_label("ship_to.door_code").accesskit_node().is_focused(), "one types on");
    click(&mut harness, "Unset ship_to.door_code");
    assert_eq!(text_of(&harness), MESSAGE);
    click(&mut harness, "Unset currency");
    assert_eq!(text_of(&harness), MESSAGE.replace("\"currency\": \"EUR\",\n  ", ""));
    click(&mut harness, "Set currency");
    assert_eq!(text_of(&harness), MESSAGE);
    for (name, value) in [("rush", json!(false)), ("level", json!(0)), ("tags", json!([""])), ("zone", json!("A0"))] {
        click(&mut harness, &format!("Set {name}"));
        assert_eq!(value_of(&harness)[name], value);
    }
}

#[test]
fn checkboxes_and_enums_are_chosen_by_keys_and_pointer() {
    let mut harness = both(MESSAGE);
    click(&mut harness, "ship_to.express");
    assert_eq!(value_of(&harness)["ship_to"]["express"], false);
    harness.get_by_label("ship_to.express").focus();
    harness.run_steps(2);
    harness.key_press(Key::Space);
    harness.run_steps(4);
    assert_eq!(value_of(&harness)["ship_to"]["express"], true);
    harness.get_by_label("currency").focus();
    harness.run_steps(2);
    harness.key_press(Key::ArrowDown);
    harness.run_steps(4);
    assert_eq!(text_of(&harness), MESSAGE.replace("\"EUR\"", "\"CNY\""));
    click(&mut harness, "currency");
    click(&mut harness, "GBP");
    assert_eq!(value_of(&harness)["currency"], "GBP");
}

#[test]
fn of_a_group_one_field_is_set_and_undo_brings_the_other_back() {
    let mut harness = both(MESSAGE);
    click(&mut harness, "wallet");
    assert_eq!(text_of(&harness), MESSAGE.replace("\"invoice\": { \"days\": 30 }", "\"wallet\": \"\""));
    click(&mut harness, "none");
    assert_eq!(text_of(&harness), MESSAGE.replace("  \"invoice\": { \"days\": 30 },\n", ""));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(4);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(4);
    assert_eq!(text_of(&harness), MESSAGE);
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    harness.run_steps(4);
    assert_eq!(value_of(&harness)["wallet"], "");
}

#[test]
fn items_are_added_moved_and_removed() {
    let mut harness = both(MESSAGE);
    click(&mut harness, "Add item to items");
    let added = "4550 },\n    { \"sku\": \"A1\", \"qty\": 1 }";
    assert_eq!(text_of(&harness), MESSAGE.replace("4550 }", added));
    assert!(harness.get_by_label("items[2].sku").accesskit_node().is_focused());
    click(&mut harness, "Move items[2] up");
    click(&mut harness, "Remove items[0]");
    let skus: Vec<String> =
        value_of(&harness)["items"].as_array().unwrap().iter().map(|item| item["sku"].to_string()).collect();
    assert_eq!(skus, ["\"A1\"", "\"K7-011\""]);
    click(&mut harness, "Set items[0].unit_price");
    assert_eq!(value_of(&harness)["items"][0]["unit_price"], 0);
}

#[test]
fn an_item_is_carried_by_its_grip() {
    let message =
        MESSAGE.replace("\"unit_price\": 4550 }", "\"unit_price\": 4550 },\n    { \"sku\": \"Z9\", \"qty\": 9 }");
    let mut harness = both(&message);
    let row = |harness: &Harness<'_, Bench>, name: &str| harness.get_by_label(name).rect().center();
    // Left of the number and of the name of the first field.
    let grip = harness.get_by_label("items[0].sku").rect().left_center() - egui::vec2(80.0, 0.0);
    let below = egui::pos2(grip.x, row(&harness, "items[2].sku").y + 12.0);
    harness.hover_at(grip);
    harness.run_steps(1);
    harness.drag_at(grip);
    harness.run_steps(1);
    harness.hover_at(below);
    harness.run_steps(2);
    look(&mut harness, "form-carried");
    harness.drop_at(below);
    harness.run_steps(4);
    let skus: Vec<String> =
        value_of(&harness)["items"].as_array().unwrap().iter().map(|item| item["sku"].to_string()).collect();
    assert_eq!(skus, ["\"K7-011\"", "\"Z9\"", "\"A1-204\""]);
}

#[test]
fn entries_of_a_map_are_added_renamed_and_never_twice() {
    let mut harness = both(MESSAGE);
    retype(&mut harness, "labels.channel", "app");
    retype(&mut harness, "Key of labels.channel", "origin");
    assert_eq!(value_of(&harness)["labels"], json!({"origin": "app", "request": "{{uuid}}"}));
    let before = text_of(&harness);
    retype(&mut harness, "Key of labels.origin", "request");
    assert_eq!(text_of(&harness), before, "a key that is there already is not written");
    harness.get_by_label("Key of labels.origin").type_text("2");
    harness.run_steps(4);
    click(&mut harness, "Add entry to labels");
    click(&mut harness, "Remove labels.request");
    assert_eq!(value_of(&harness)["labels"], json!({"request2": "app", "key": ""}));
}

#[test]
fn bytes_are_written_in_four_ways() {
    let mut harness = bench(draft(MESSAGE), MessageView::Form).harness(Theme::Dark, [1900.0, 1200.0]);
    harness.run_steps(2);
    let signature = |harness: &Harness<'_, Bench>| value_of(harness)["signature"].clone();
    retype(&mut harness, "signature", "de ad be e");
    assert_eq!(signature(&harness), "ikEPwncekLs=", "half a byte is not written");
    harness.get_by_label("signature").type_text("f");
    harness.run_steps(4);
    assert_eq!(signature(&harness), "3q2+7w==");
    click(&mut harness, "Base64");
    retype(&mut harness, "signature", "aGk=");
    click(&mut harness, "Text");
    retype(&mut harness, "signature", "你好");
    assert_eq!(signature(&harness), "5L2g5aW9");
    click(&mut harness, "File");
    let tab = harness.state().tab;
    let load = Command::LoadBytes { tab, message: 0, pointer: "/signature".into() };
    assert_eq!(harness.state().commands.last(), Some(&load));
}

#[test]
fn json_that_is_typed_is_in_the_form_and_broken_json_makes_it_wait() {
    let mut harness = both("{ \"customer_id\": \"a\", \"items\": [] }");
    let editor = |harness: &mut Harness<'_, Bench>, typed: &str| {
        harness.get_by_role_and_label(Role::MultilineTextInput, "Message").focus();
        harness.run_steps(2);
        harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        harness.get_by_role_and_label(Role::MultilineTextInput, "Message").type_text(typed);
        harness.run_steps(4);
    };
    editor(&mut harness, "{\"customer_id\": \"b\", \"items\": [{\"sku\": \"S\", \"qty\": 3}], \"more\": [1, 2]}");
    assert_eq!(harness.get_by_label("items[0].sku").accesskit_node().value().as_deref(), Some("S"));
    assert_eq!(harness.get_by_label("more").accesskit_node().value().as_deref(), Some("[1, 2]"));
    editor(&mut harness, "{\"customer_id\": \"c\", ");
    assert!(harness.query_all_by_label_contains("The form waits: line 1, column").next().is_some());
    assert_eq!(harness.get_by_label("customer_id").accesskit_node().value().as_deref(), Some("b"));
    assert!(harness.get_by_label("customer_id").accesskit_node().is_disabled());
    assert_eq!(text_of(&harness), "{\"customer_id\": \"c\", ", "nothing typed is lost");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(4);
    assert_eq!(value_of(&harness)["more"], json!([1, 2]));
    retype(&mut harness, "more", "{\"a\": ");
    assert_eq!(value_of(&harness)["more"], json!([1, 2]), "no JSON yet");
    harness.get_by_label("more").type_text("1e3}");
    harness.run_steps(4);
    assert!(text_of(&harness).contains("\"more\": {\"a\": 1e3}"));
    click(&mut harness, "Unset more");
    assert_eq!(value_of(&harness).get("more"), None);
}

#[test]
fn tab_goes_from_field_to_field_and_the_json_follows() {
    let mut harness = both(MESSAGE);
    harness.get_by_label("items[0].sku").focus();
    harness.run_steps(2);
    harness.key_press(Key::Tab);
    harness.run_steps(3);
    assert!(harness.get_by_label("items[0].qty").accesskit_node().is_focused());
    let text = text_of(&harness);
    let tab = harness.state().tab;
    assert_eq!(harness.state().calls.marked(tab), text.find("2, \"unit_price\": 1890"));
    // The other way round: the caret in the JSON marks the row.
    assert!(harness.query_all_by_label("qty").next().is_none());
}

#[test]
fn an_empty_message_begins_with_its_first_field() {
    let mut harness = both("");
    click(&mut harness, "Set customer_id");
    assert_eq!(text_of(&harness), "{\n  \"customer_id\": \"\"\n}");
    click(&mut harness, "Set items");
    click(&mut harness, "Set tree");
    assert_eq!(value_of(&harness)["tree"], json!({"label": ""}), "a type that holds itself unfolds level by level");
    click(&mut harness, "Set tree.next");
    assert_eq!(value_of(&harness)["tree"]["next"], json!({"label": ""}));
}

#[test]
fn ten_thousand_items_are_a_few_rows_on_the_screen() {
    let items: Vec<String> =
        (0..10_000).map(|n| format!("    {{ \"sku\": \"S{n}\", \"qty\": {} }}", n % 1000 + 1)).collect();
    let message = format!("{{\n  \"customer_id\": \"c\",\n  \"items\": [\n{}\n  ]\n}}", items.join(",\n"));
    let mut harness = bench(draft(&message), MessageView::Form).harness(Theme::Dark, [1440.0, 900.0]);
    // The check has a thread of its own and wakes the window.
    let end = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while harness.query_by_label("items[0].sku").is_none() {
        assert!(std::time::Instant::now() < end);
        std::thread::yield_now();
        harness.step();
    }
    let shown = harness.query_all_by_label_contains("].sku").count();
    assert!(shown < 40, "{shown} rows");
    retype(&mut harness, "items[3].sku", "X");
    assert_eq!(text_of(&harness), message.replace("\"S3\"", "\"X\""));
    look(&mut harness, "form-10k");
}

#[test]
fn the_form_of_a_stream_is_of_the_selected_message() {
    let message = |text: &str| PreparedMessage { text: text.into(), after: None };
    let draft = Draft {
        method: "shop.Orders/Talk".into(),
        messages: vec![
            message("{ \"customer_id\": \"one\", \"items\": [] }"),
            message("{ \"customer_id\": \"two\", \"items\": [] }"),
        ],
        ..fixture::place_draft()
    };
    let mut harness = bench(draft, MessageView::Form).harness(Theme::Dark, [1440.0, 900.0]);
    harness.run_steps(2);
    look(&mut harness, "form-stream");
    harness.get_all_by_label_contains("Message 2:").next().unwrap().click();
    harness.run_steps(4);
    retype(&mut harness, "customer_id", "2nd");
    let texts: Vec<String> = drafted(&harness).messages.into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["{ \"customer_id\": \"one\", \"items\": [] }", "{ \"customer_id\": \"2nd\", \"items\": [] }"]);
}

#[test]
fn the_choice_is_the_tabs_own_and_what_new_tabs_begin_with() {
    let mut harness = bench(draft(MESSAGE), MessageView::Json).harness(Theme::Dark, [1440.0, 900.0]);
    assert!(harness.query_by_label("customer_id").is_none());
    click(&mut harness, "Form");
    assert!(harness.query_by_label("customer_id").is_some());
    let Some(Command::Settings(settings)) = harness.state().commands.last() else { panic!("not kept") };
    assert_eq!(settings.message_view, MessageView::Form);
}

#[test]
fn a_form_that_nobody_touches_paints_nothing_by_itself() {
    let mut harness = both(MESSAGE);
    harness.run_steps(3);
    assert!(harness.run() <= 2);
    harness.get_by_label("ship_to: 3 fields, 1 unset").focus();
    harness.run_steps(2);
    harness.key_press(Key::ArrowLeft);
    harness.run_steps(3);
    assert!(harness.query_by_label("ship_to.city").is_none(), "folded");
    assert!(harness.run() <= 2);
}

#[test]
fn formatting_changes_no_value_and_is_undone() {
    let written = "{\"customer_id\":\"a\",\"items\":[],\"ratio\":1e3}";
    let mut harness = bench(draft(written), MessageView::Json).harness(Theme::Dark, [1440.0, 900.0]);
    click(&mut harness, "Format");
    assert_eq!(text_of(&harness), "{\n  \"customer_id\": \"a\",\n  \"items\": [],\n  \"ratio\": 1e3\n}");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(4);
    assert_eq!(text_of(&harness), written);
}

#[test]
fn the_caret_in_the_json_marks_its_row() {
    let mut harness = both(MESSAGE);
    harness.get_by_role_and_label(Role::MultilineTextInput, "Message").focus();
    harness.run_steps(2);
    // From the end up to the line, behind its comma, and back into the value.
    for key in std::iter::repeat_n(Key::ArrowUp, 9).chain([Key::End, Key::ArrowLeft]) {
        harness.key_press(key);
        harness.run_steps(3);
    }
    look(&mut harness, "form-pointed");
    let tab = harness.state().tab;
    assert_eq!(harness.state().calls.pointed(tab).as_deref(), Some("/ship_to/city"));
}

#[test]
fn in_chinese() {
    rust_i18n::set_locale("zh-CN");
    look(&mut bench(draft(MESSAGE), MessageView::Both).harness(Theme::Light, [1440.0, 900.0]), "form-zh");
    rust_i18n::set_locale("en");
}

/// What is typed is patched into what was read; it must be what reading it again would give.
#[test]
fn a_patched_message_is_the_message() {
    use super::act::Act;
    use super::read::Read;
    let mut read = Read::new(MESSAGE.into(), Arc::new(schema()), &named("Place")).unwrap();
    let raws = ["\"\"", "12", "true", "null", "\"长一点的文字\""];
    for round in 0..60_u32 {
        let scalars: Vec<u32> = (0..read.outline.entries.len() as u32)
            .filter(|entry| read.children(*entry).next().is_none() && !read.raw(*entry).starts_with(['{', '[']))
            .collect();
        let entry = scalars[(round * 7) as usize % scalars.len()];
        let act = Act::Type { entry, raw: raws[round as usize % raws.len()].into() };
        let Some(change) = act.change(&read) else { continue };
        read.patch(entry, &change);
        let fresh = Read::new(read.source.clone(), Arc::clone(&read.schema), &named("Place")).unwrap();
        assert_eq!(read.outline, fresh.outline);
    }
}
