//! Large answers and fast streams through the whole window, on the real engine.

use callscope::command::Command;
use callscope::model::draft::{Draft, PreparedMessage};
use callscope::model::messages::Keep;
use egui::Key;

use crate::hands::Window;

/// A tab with this call, its target described.
fn open(window: &mut Window, target: &str, method: &str, message: &str) {
    window.wait_until("the service is described", |app| {
        app.model.services.by_target(target).is_some_and(|service| service.schema.ready().is_some())
    });
    let draft = Draft {
        name: method.to_owned(),
        target: target.to_owned(),
        method: method.to_owned(),
        messages: vec![PreparedMessage { text: message.to_owned(), ..PreparedMessage::default() }],
        ..Draft::default()
    };
    window.harness.state_mut().push(Command::OpenDraft(Box::new(draft)));
    window.settle();
}

fn call(window: &mut Window) {
    window.ctrl(Key::Enter);
    window.wait_until("the call is over", |app| {
        let flow = app.model.tabs.active().and_then(|tab| tab.flow);
        flow.and_then(|flow| app.model.flows.get(flow)).is_some_and(|record| record.flow.status.is_some())
    });
    window.settle();
}

#[test]
fn an_answer_of_8_mb_opens_is_found_in_and_is_saved() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("answer.json");
    let mut window = Window::open(None, [file.clone()]);
    open(&mut window, "registry:///files", "demo.Files/Generate", "{\"size_mb\": 8}");
    call(&mut window);
    window.wait_for("records: ");
    let app = window.app();
    let record = app.model.tabs.active().and_then(|tab| tab.flow).and_then(|flow| app.model.flows.get(flow));
    let answer = record.and_then(|record| record.messages.back()).expect("an answer is kept").clone();
    assert!((8_000_000..8_001_000).contains(&answer.bytes.len()), "{}", answer.bytes.len());
    window.click("Find");
    window.harness.event(egui::Event::Text("r-00050000".to_owned()));
    window.settle();
    window.wait_for("1 of 1");
    window.wait_for("r-00050000");
    window.click("Save…");
    window.wait_until("it is written", |_| std::fs::metadata(&file).is_ok());
    assert!(std::fs::read(&file).expect("it is there") == answer.bytes, "as it came");
}

#[test]
fn an_answer_over_the_limit_says_whose_limit_and_comes_once_it_was_raised() {
    let mut window = Window::open(None, []);
    let mut settings = window.app().model.settings.clone();
    settings.max_message_mib = 1;
    window.harness.state_mut().push(Command::Settings(Box::new(settings)));
    window.settle();
    open(&mut window, "registry:///files", "demo.Files/Generate", "{\"size_mb\": 1.5}");
    call(&mut window);
    window.wait_for("passes the limit of 1048576, which the client set");
    window.click("Accept up to 2 MiB");
    window.wait_until("the setting is another one", |app| app.model.settings.max_message_mib == 2);
    call(&mut window);
    window.wait_for("records: ");
}

#[test]
fn a_stream_of_20000_messages_keeps_the_newest_and_counts_all() {
    let mut window = Window::open(None, []);
    let message = "{\"per_second\": 0, \"limit\": 20000}";
    open(&mut window, "registry:///ticker", "demo.Ticker/Watch", message);
    call(&mut window);
    let flow = window.app().model.tabs.active().and_then(|tab| tab.flow).expect("it was called");
    // The last messages come behind the word that it is over.
    window.wait_until("every message was counted or kept", |app| {
        app.model.flows.get(flow).is_some_and(|record| record.messages.dropped() == 10_001)
    });
    let record = window.app().model.flows.get(flow).expect("it is kept");
    assert_eq!((record.flow.received.messages, record.flow.sent.messages), (20_000, 1));
    assert_eq!(record.messages.len(), 10_000);
    assert!(record.messages.bytes() < 1 << 20);
    let last = record.messages.back().and_then(|message| message.value().ok()).expect("it is JSON");
    assert_eq!(last["sequence"], 20_000);

    let tab = window.app().model.tabs.active.expect("a tab");
    window.harness.state_mut().push(Command::Keep(tab, Keep::Count));
    window.settle();
    let kept = |window: &Window, flow| window.app().model.flows.get(flow).map(|record| record.messages.len());
    assert_eq!(kept(&window, flow), Some(1));
    call(&mut window);
    let flow = window.app().model.tabs.active().and_then(|tab| tab.flow).expect("it was called");
    assert_eq!(kept(&window, flow), Some(1), "the tab goes on counting only");
    window.wait_for("Received: 20,000");
}

#[test]
fn a_long_body_is_kept_beside_the_state_and_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("state.json");
    let text = format!("{{\"text\": \"{}\"}}", "long ".repeat(200_000));
    let mut window = Window::open_kept(&state);
    open(&mut window, "registry:///greeter", "demo.Greeter/Hello", &text);
    window.harness.state_mut().keep();
    drop(window);
    assert!(std::fs::metadata(&state).expect("it is kept").len() < 100_000);
    let again = Window::open_kept(&state);
    let kept = again.app().model.tabs.active().and_then(|tab| tab.draft.messages.first()).cloned();
    assert!(kept.is_some_and(|message| message.text == text), "the draft is there again");
    drop(again);

    // A body that nothing speaks of any more goes.
    let mut window = Window::open_kept(&state);
    window.harness.state_mut().push(Command::Act(callscope::command::Act::CloseTab));
    window.settle();
    window.harness.state_mut().keep();
    drop(window);
    let left = std::fs::read_dir(folder.path().join("bodies")).expect("the folder is there").count();
    assert_eq!(left, 0);
}
