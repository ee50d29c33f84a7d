//! From a value of an answer to its bytes and back, through fragments that a real engine made.

use callscope::command::View;
use callscope::model::link::MessagePlace;
use callscope_wire::Codec;
use callscope_wire::inspect::locate;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::hands::Window;

/// Calls `demo.Files/Generate` for an answer of this many megabytes, by keyboard.
fn generate(window: &mut Window, size_mb: f64) {
    window.wait_until("the demo service is known", |app| {
        let services = app.model.services.sources.iter().flat_map(|source| &source.services);
        services
            .filter_map(|service| service.schema.ready())
            .any(|schema| schema.method("demo.Files/Generate").is_some())
    });
    window.ctrl(Key::K);
    window.type_text("@Files/Generate");
    window.keys(Modifiers::NONE, Key::Enter);
    window.wait_until("the method is open", |app| {
        app.model.tabs.active().is_some_and(|tab| tab.draft.method == "demo.Files/Generate")
    });
    let tab = window.app().model.tabs.active().expect("it is open");
    let (id, mut draft) = (tab.id, tab.draft.clone());
    draft.messages.first_mut().expect("a unary call has a message").text = format!("{{\"size_mb\": {size_mb}}}");
    window.harness.state_mut().push(callscope::command::Command::EditDraft(id, Box::new(draft)));
    window.settle();
    window.ctrl(Key::Enter);
    window.wait_until("the answer is here", |app| {
        let flow = app.model.tabs.active().and_then(|tab| tab.flow);
        flow.and_then(|flow| app.model.flows.get(flow)).is_some_and(|record| record.flow.ended.is_some())
    });
    window.settle();
}

fn value_of(window: &Window, label: &str) -> String {
    window.harness.get_by_label(label).accesskit_node().value().unwrap_or_default()
}

#[test]
fn the_last_value_of_an_answer_in_many_frames_leads_to_its_bytes_and_back() {
    let mut window = Window::open(None, []);
    generate(&mut window, 0.25);
    let app = window.app();
    let flow = app.model.tabs.active().and_then(|tab| tab.flow).expect("it was called");
    let record = app.model.flows.get(flow).expect("it is kept");
    let answer = record.messages.iter().find(|message| !message.sent).expect("an answer came");
    let value: serde_json::Value = serde_json::from_slice(&answer.bytes).expect("it is JSON");
    // The last value, by keyboard: the list opened, to its end, up to something that has nothing inside, Enter.
    window.click("Answer");
    for key in [Key::End, Key::ArrowRight, Key::End] {
        window.keys(Modifiers::NONE, key);
    }
    let chosen = |window: &Window| {
        let place = window.app().model.link.place.as_ref().expect("a value is chosen");
        place.pointer.clone()
    };
    while value.pointer(&chosen(&window)).is_none_or(|part| part.is_array() || part.is_object()) {
        window.keys(Modifiers::NONE, Key::ArrowUp);
    }
    let pointer = chosen(&window);
    let last = value["records"].as_array().expect("records").len() - 1;
    assert!(pointer.starts_with(&format!("/records/{last}/")), "{pointer}");
    let name = pointer.rsplit('/').next().unwrap_or_default().to_owned();
    let part = value.pointer(&pointer).expect("it is there").to_string();
    window.keys(Modifiers::NONE, Key::Enter);
    window.wait_until("the traffic is shown", |app| app.layout.view == View::Traffic);
    window.settle();
    let place = locate::find(Codec::Json, &answer_bytes(&window, flow), &pointer).expect("it has bytes");
    let bytes = answer_bytes(&window, flow).slice(place.named.range());
    assert!(bytes.ends_with(part.as_bytes()));
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(value_of(&window, "Bytes of the frame"), hex.join(" "));
    let app = window.app();
    let frame = app.model.traffic.selected.expect("a frame is shown");
    assert_eq!(
        app.model.link.place.as_ref().map(|place| place.message),
        Some(MessagePlace { flow, sent: false, number: 0 })
    );
    let parts = app.model.traffic.store().pieces_of(frame).expect("it is part of a message").join();
    assert!(parts.parts.len() >= 4 && parts.is_whole(), "{} parts", parts.parts.len());
    assert_eq!(parts.bytes, answer_bytes(&window, flow));

    // And back: the same call's tab, the same value.
    window.harness.state_mut().model.tabs.active = None;
    window.click("Show in answer");
    window.wait_until("the call is shown", |app| app.layout.view != View::Traffic);
    window.wait_for(&format!("{name}: {part}"));
    assert_eq!(window.app().model.tabs.active().and_then(|tab| tab.flow), Some(flow));

    // A frame is found in the palette by what it is.
    window.ctrl(Key::K);
    window.type_text("#request generate");
    window.keys(Modifiers::NONE, Key::Enter);
    window.wait_until("the frame is shown", |app| app.layout.view == View::Traffic);
    let app = window.app();
    let shown = app.model.traffic.selected.and_then(|frame| app.model.traffic.store().get(frame).cloned());
    assert_eq!(shown.map(|frame| frame.kind), Some("REQUEST"));
}

fn answer_bytes(window: &Window, flow: callscope_wire::FlowId) -> bytes::Bytes {
    let record = window.app().model.flows.get(flow).expect("it is kept");
    record.messages.iter().find(|message| !message.sent).expect("an answer came").bytes.clone()
}
