//! The form in the real window: a message with a field of every kind, edited, sent, and given back.

use callscope::command::Command;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use crate::hands::Window;

/// Opens the method whose message has a field of every kind, its form beside its JSON.
fn everything(answers: impl IntoIterator<Item = std::path::PathBuf>) -> Window {
    let mut window = Window::open(None, answers);
    let target = "registry:///everything".to_owned();
    window.wait_until("the service is there", |app| {
        app.model.services.by_target("registry:///everything").is_some_and(|service| service.schema.ready().is_some())
    });
    let method = "demo.Everything/Echo".to_owned();
    window.harness.state_mut().push(Command::OpenMethod { target, method });
    window.settle();
    window.click("Both");
    window.wait_for("Set nickname");
    window
}

fn message(window: &Window) -> String {
    window.app().model.tabs.active().expect("a tab is open").draft.messages.first().expect("a message").text.clone()
}

#[test]
fn what_the_form_says_is_what_is_sent() {
    let mut window = everything([]);
    window.harness.get_by_label("name").focus();
    window.settle();
    window.ctrl(Key::A);
    window.type_text("格蕾丝");
    window.click("Set nickname");
    window.type_text("Amazing");
    let written = message(&window);
    assert!(written.starts_with("{\n  \"name\": \"格蕾丝\",\n  \"nickname\": \"Amazing\",\n"), "{written}");
    window.keys(Modifiers::COMMAND, Key::Enter);
    window.wait_until("it is answered", |app| {
        let flow = app.model.tabs.active().and_then(|tab| tab.flow);
        flow.and_then(|flow| app.model.flows.get(flow)).is_some_and(|record| record.flow.status.is_some())
    });
    let app = window.app();
    let flow = app.model.tabs.active().and_then(|tab| tab.flow).expect("it was called");
    let status = app.model.flows.get(flow).and_then(|record| record.flow.status.clone()).expect("it is over");
    assert_eq!(status.code.name(), "OK", "{}", status.message);
}

#[test]
fn bytes_come_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("signature.bin");
    std::fs::write(&file, [0xde, 0xad, 0xbe, 0xef]).expect("it is written");
    let mut window = everything([file]);
    let before = message(&window);
    window.click("How signature is written");
    window.click("File");
    window.wait_until("the file is in the message", |app| {
        app.model
            .tabs
            .active()
            .is_some_and(|tab| tab.draft.messages.iter().any(|message| message.text.contains("3q2+7w==")))
    });
    assert_eq!(message(&window), before.replace("ikEPwncekLs=", "3q2+7w=="));
    window.settle();
    window.keys(Modifiers::COMMAND, Key::Z);
    assert_eq!(message(&window), before, "a file is undone like anything else");
}
