//! From a value to its bytes and back, over a message that takes several frames.

use super::*;
use crate::model::link::{self, ChosenIn, MessagePlace, ValuePlace};
use crate::panel::traffic::BytesView;

/// An answer of 300 kB: six frames.
fn catalog() -> String {
    let items: Vec<_> = (0..3_000)
        .map(|n| serde_json::json!({"sku": format!("K7-{n:05}"), "name": format!("商品 {n}"), "qty": n, "tags": ["a", "b"], "note": "x".repeat(30)}))
        .collect();
    serde_json::json!({"total": items.len(), "items": items, "served_by": "catalog-1"}).to_string()
}

fn listing(calls_between: u64) -> (Model, FlowId) {
    let mut model = orders(2);
    let mut wire = Wire::new(&model, "native", 40, "catalog-1", Time::from_millis(2_000));
    let flow = wire.call(&mut model, "shop.Catalog/List", r#"{"all":true}"#, Ok(&catalog()));
    for _ in 0..calls_between {
        place(&mut wire, &mut model, false);
    }
    model.now = wire.now;
    (model, flow)
}

fn value(flow: FlowId, sent: bool, pointer: &str) -> ValuePlace {
    ValuePlace { message: MessagePlace { flow, sent, number: 0 }, pointer: pointer.to_owned(), offset: None }
}

/// Without the hint where it lies.
fn unplaced(place: &ValuePlace) -> ValuePlace {
    ValuePlace { offset: None, ..place.clone() }
}

/// As `run` carries it out.
fn ask(harness: &mut Harness<'_, State>, place: ValuePlace) {
    let model = &mut harness.state_mut().model;
    model.traffic.selected = link::frame_of(model, &place.message);
    model.traffic.follow_revision += 1;
    model.link.choose(place, ChosenIn::Answer, true);
    harness.run_steps(4);
}

fn selected_frame(harness: &Harness<'_, State>) -> Frame {
    harness.state().panel.detail.as_ref().unwrap().frame.clone()
}

fn hex_of(bytes: &str) -> String {
    crate::panel::traffic::card::hex(bytes.as_bytes())
}

fn selected_bytes(harness: &Harness<'_, State>, view: &str) -> String {
    harness.get_by_label(view).accesskit_node().value().unwrap()
}

#[test]
fn the_last_value_of_a_long_answer_selects_its_frame_and_bytes() {
    for theme in [Theme::Dark, Theme::Light] {
        let (model, flow) = listing(3);
        let mut wide = harness(State::new(model), theme, [1376.0, 830.0]);
        ask(&mut wide, value(flow, false, "/served_by"));
        let last = selected_frame(&wide);
        assert_eq!((last.kind, last.message.unwrap().ends), ("DATA", true));
        assert_eq!(selected_bytes(&wide, "Bytes of the frame"), hex_of(r#""served_by":"catalog-1""#));
        wide.get_by_label("Show in answer");
        picture(&mut wide, "link-frame", theme);
        // A value in the middle, of which both are seen.
        ask(&mut wide, value(flow, false, "/items/1700/sku"));
        let middle = selected_frame(&wide);
        assert!(middle.id < last.id && !middle.message.unwrap().ends, "{}", middle.id);
        assert_eq!(selected_bytes(&wide, "Bytes of the frame"), hex_of(r#""sku":"K7-01700""#));
        wide.get_by_label("Message").click();
        wide.run_steps(3);
        assert_eq!(selected_bytes(&wide, "Bytes of the message"), hex_of(r#""sku":"K7-01700""#));
        wide.get_by_label("sku: \"K7-01700\"");
        picture(&mut wide, "link-message", theme);
        wide.get_by_label("Show in answer").click();
        wide.run_steps(2);
        let [Command::ShowInAnswer(back)] = wide.state().commands.as_slice() else {
            panic!("{:?}", wide.state().commands)
        };
        assert_eq!(unplaced(back), value(flow, false, "/items/1700/sku"));
        assert_eq!(back.offset, catalog().find("\"K7-01700\""));
    }
}

#[test]
fn it_fits_where_there_is_little_room() {
    let (model, flow) = listing(0);
    let mut narrow = harness(State::new(model), Theme::Dark, [936.0, 630.0]);
    ask(&mut narrow, value(flow, false, "/items/3/name"));
    picture(&mut narrow, "link-narrow-frame", Theme::Dark);
    narrow.get_by_label("Message").click();
    narrow.run_steps(3);
    picture(&mut narrow, "link-narrow", Theme::Dark);
    assert_eq!(narrow.state().panel.shown_view(), BytesView::Message);
}

#[test]
fn a_byte_says_which_value_of_which_call_it_is() {
    let (model, flow) = listing(1);
    let mut harness = wide(model);
    ask(&mut harness, value(flow, false, "/total"));
    let first = selected_frame(&harness);
    // Some value in the same frame, by its bytes.
    let offset = first.bytes.windows(8).position(|eight| eight == b"K7-00042").unwrap();
    let ctx = harness.ctx.clone();
    harness.state_mut().panel.select_byte(offset);
    harness.state_mut().panel.choose_in_frame(&ctx, Some(offset));
    harness.run_steps(2);
    let here = harness.state().panel.desk.here().unwrap();
    assert_eq!(here.link().as_ref().map(unplaced), Some(value(flow, false, "/items/42/sku")));
    // The header is no value of anything.
    harness.state_mut().panel.select_byte(3);
    harness.state_mut().panel.choose_in_frame(&ctx, Some(3));
    harness.run_steps(2);
    assert_eq!(harness.state().panel.desk.here().unwrap().link(), None);
    // Keys in the message's bytes: the next value to the right.
    harness.get_by_label("Message").click();
    harness.run_steps(2);
    harness.state_mut().panel.choose_byte(&ctx, 0);
    harness.run_steps(2);
    harness.get_by_label("Bytes of the message").focus();
    harness.run_steps(2);
    harness.key_press(Key::ArrowRight);
    harness.run_steps(3);
    let here = harness.state().panel.desk.here().unwrap();
    assert!(here.link().is_some_and(|link| link.message.flow == flow), "{:?}", here.chosen);
}

#[test]
fn the_servers_side_of_a_call_leads_to_the_same_answer() {
    let (mut model, flow) = listing(0);
    model.settings.show_server_side = true;
    let there = {
        let store = model.traffic.store();
        let mut servers = store.since(FrameId(0)).filter(|frame| frame.side == Side::Server && frame.kind == "DATA");
        servers.next_back().unwrap().id
    };
    let mut harness = wide(model);
    harness.state_mut().model.traffic.selected = Some(there);
    harness.state_mut().model.traffic.follow_revision += 1;
    harness.run_steps(3);
    let here = harness.state().panel.desk.here().unwrap();
    assert_eq!(here.owner, Some(MessagePlace { flow, sent: false, number: 0 }));
    assert_eq!(here.message.parts.len(), catalog().len().div_ceil(64 << 10));
}

#[test]
fn the_dock_follows_the_answer_and_tells_it_back() {
    let (mut model, flow) = listing(2);
    model.link.choose(value(flow, false, "/items/2999/qty"), ChosenIn::Answer, false);
    let mut dock =
        harness(State { in_dock: true, dock: Some(flow), ..State::new(model) }, Theme::Dark, [1040.0, 330.0]);
    dock.run_steps(3);
    assert_eq!(selected_bytes(&dock, "Bytes of the frame"), hex_of(r#""qty":2999"#));
    picture(&mut dock, "link-dock", Theme::Dark);
    dock.get_by_label("Message").click();
    dock.run_steps(3);
    dock.get_by_label("qty: 2999").click();
    dock.get_by_label("sku: \"K7-02999\"").click();
    dock.run_steps(4);
    let told = dock.state().commands.iter().any(|command| match command {
        Command::ChooseValue(place, ChosenIn::Bytes) => unplaced(place) == value(flow, false, "/items/2999/sku"),
        _ => false,
    });
    assert!(told, "{:?}", dock.state().commands);
}

#[test]
fn what_is_gone_of_a_message_is_said() {
    let (model, flow) = listing(0);
    // Room for about half of the answer.
    model.traffic.store().set_limit(200_000);
    let mut harness = wide(model);
    let place = value(flow, false, "/served_by");
    ask(&mut harness, place.clone());
    harness.get_by_label("Message").click();
    harness.run_steps(3);
    harness.get_by_label("Its beginning is not recorded");
    picture(&mut harness, "link-gone", Theme::Dark);
    let ctx = harness.ctx.clone();
    harness.state_mut().panel.choose_byte(&ctx, 40);
    harness.run_steps(2);
    assert_eq!(harness.state().panel.desk.here().unwrap().chosen, None, "nobody knows what is around it");
    harness.state().model.traffic.store().clear();
    assert_eq!(link::frame_of(&harness.state().model, &place.message), None);
}
