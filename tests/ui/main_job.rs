//! The main job: find a service, call it, read its bytes, repeat it, save it, open it again.

use std::path::Path;

use callscope_wire::policy::BreakerState::{self, Closed, HalfOpen, Open};
use egui::{Key, Modifiers};

use crate::hands::Window;

fn place_order(window: &mut Window) {
    window.click("Place an order");
    window.wait_until("the message is filled in from the schema", |app| {
        let tab = app.model.tabs.active().expect("a tab is open");
        tab.draft.messages.first().is_some_and(|message| message.text.contains("unit_price"))
    });
}

/// A window on the sample workspace, services in the sidebar.
fn open_sample(root: &Path) -> Window {
    callscope::store::unpack_sample(root).expect("it is unpacked");
    let mut window = Window::open(Some(root), []);
    window.wait_until("the workspace is open", |app| app.model.workspace.inherited.policy.breaker.is_some());
    window.keys(Modifiers::COMMAND, Key::Num1);
    window
}

fn last_status(window: &Window) -> Option<&'static str> {
    let app = window.app();
    let flow = app.model.tabs.active()?.flow?;
    Some(app.model.flows.get(flow)?.flow.status.as_ref()?.code.name())
}

#[test]
fn find_call_and_read() {
    // The sample workspace's policies retry: one of the three instances fails in bursts.
    let sample = tempfile::tempdir().expect("a folder");
    let mut window = open_sample(&sample.path().join("sample"));
    place_order(&mut window);
    window.ctrl(Key::Enter);
    window.wait_until("the call is over", |app| {
        let flow = app.model.tabs.active().and_then(|tab| tab.flow);
        flow.and_then(|flow| app.model.flows.get(flow)).is_some_and(|record| record.flow.status.is_some())
    });
    assert_eq!(last_status(&window), Some("OK"), "{}", window.names());
    let app = window.app();
    let flow = app.model.tabs.active().and_then(|tab| tab.flow).expect("it was called");
    let record = app.model.flows.get(flow).expect("it is kept");
    let answer = record.messages.iter().find(|message| !message.sent).expect("an answer came");
    let answer = answer.value().expect("it is JSON");
    assert_eq!(answer["total_minor"], 8330);

    // Its frames are those on the wire: a REQUEST up, a DATA down, both of this call.
    window.keys(Modifiers::COMMAND | Modifiers::SHIFT, Key::F);
    window.wait_for("REQUEST");
    let app = window.app();
    let record = app.model.flows.get(flow).expect("it is kept");
    let kinds: Vec<&str> = {
        let store = app.model.traffic.store();
        let own = store.since(store.first_id()).filter(|frame| record.flow.owns(frame.connection, frame.stream));
        own.map(|frame| frame.kind).collect()
    };
    assert_eq!(kinds.first(), Some(&"REQUEST"));
    assert_eq!(kinds.last(), Some(&"DATA"));
}

#[test]
fn streams_have_four_acts() {
    let mut window = Window::open(None, []);
    window.wait_until("the chat is there", |app| {
        app.model.services.by_target("registry:///chat").is_some_and(|service| service.schema.ready().is_some())
    });
    window.ctrl(Key::K);
    window.type_text("Chat/Talk");
    window.keys(Modifiers::NONE, Key::Enter);
    window.wait_for("Done sending");
    window.click("Start");
    window.wait_until("the stream is open", |app| app.model.tabs.active().is_some_and(|tab| tab.running.is_some()));
    window.click("Send message");
    window.wait_until("it is answered", |app| {
        let flow = app.model.tabs.active().and_then(|tab| tab.flow);
        flow.and_then(|flow| app.model.flows.get(flow)).is_some_and(|record| record.flow.received.messages > 0)
    });
    window.click("Done sending");
    window.wait_until("the call is over", |app| app.model.tabs.active().is_some_and(|tab| tab.running.is_none()));
    assert_eq!(last_status(&window), Some("OK"));
}

#[test]
fn repeated_calls_open_and_close_a_breaker() {
    let sample = tempfile::tempdir().expect("a folder");
    let mut window = open_sample(&sample.path().join("sample"));
    place_order(&mut window);
    window.keys(Modifiers::COMMAND | Modifiers::SHIFT, Key::R);
    let passed = |app: &callscope::app::App, wanted: &[BreakerState]| {
        app.model.series.breakers.values().any(|track| {
            let states: Vec<BreakerState> = track.changes.iter().map(|(_, state)| *state).collect();
            states.windows(wanted.len()).any(|states| states == wanted)
        })
    };
    window.wait_until("a breaker opens", |app| passed(app, &[Closed, Open]));
    window.wait_until("and closes again", |app| passed(app, &[Open, HalfOpen, Closed]));
    window.keys(Modifiers::COMMAND, Key::Num4);
    window.wait_for("HALF_OPEN");
    window.keys(Modifiers::COMMAND, Key::Num1);
    window.keys(Modifiers::COMMAND | Modifiers::SHIFT, Key::R);
    window.wait_until("it stops", |app| app.model.flows.running == 0);
    let retried = window.app().model.series.points.iter().filter(|point| point.attempts > 1).count();
    assert!(retried > 0, "an instance that fails in bursts makes retries");
}

#[test]
fn calls_are_saved_opened_and_deleted_with_a_way_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("my order.call.yaml");
    let mut window = Window::open(Some(folder.path()), [file.clone()]);
    window.wait_until("the workspace is open", |app| app.model.workspace.root.is_some());
    window.keys(Modifiers::COMMAND, Key::Num1);
    place_order(&mut window);
    window.ctrl(Key::S);
    window.wait_until("it is saved", |app| {
        app.model.tabs.active().is_some_and(|tab| tab.file.is_some() && !tab.is_unsaved())
    });
    let text = std::fs::read_to_string(&file).expect("the file is there");
    assert!(text.contains("method: shop.Orders/Place") && text.contains("A1-204"), "{text}");

    window.ctrl(Key::W);
    assert!(window.app().model.tabs.open.is_empty());
    window.keys(Modifiers::COMMAND, Key::Num2);
    window.click("my order");
    window.wait_until("it is open again", |app| {
        app.model.tabs.active().is_some_and(|tab| tab.draft.method == "shop.Orders/Place")
    });

    // Somebody else changes the file: it is not overwritten silently.
    std::fs::write(&file, text.replace("A1-204", "B2-000")).expect("it can be written");
    let tab = window.app().model.tabs.active.expect("a tab");
    let mut draft = window.app().model.tabs.get(tab).expect("it is open").draft.clone();
    draft.docs = "mine".to_owned();
    window.harness.state_mut().push(callscope::command::Command::EditDraft(tab, Box::new(draft)));
    window.settle();
    window.ctrl(Key::S);
    window.wait_for("Take theirs");
    assert!(std::fs::read_to_string(&file).expect("it is there").contains("B2-000"));
    window.click("Keep mine");
    window.wait_until("mine is written", |_| {
        std::fs::read_to_string(&file).is_ok_and(|text| text.contains("docs: mine"))
    });

    window.harness.state_mut().push(callscope::command::Command::DeleteSaved("my order.call.yaml".into()));
    window.wait_until("it is gone", |_| !file.exists());
    window.click("Undo");
    window.wait_until("it is back", |_| file.exists());
}

#[test]
fn a_file_that_is_broken_says_where_and_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("broken.call.yaml");
    let broken = "callscope: 1\nname: Broken\ntarget: [unclosed\n";
    std::fs::write(&file, broken).expect("it can be written");
    let mut window = Window::open(Some(folder.path()), []);
    window.wait_until("the workspace is open", |app| app.model.workspace.root.is_some());
    window.harness.state_mut().push(callscope::command::Command::OpenSaved("broken.call.yaml".into(), false));
    window.wait_until("the error is told", |app| !app.model.log.lines.is_empty());
    let told = window.app().model.log.lines.back().map(|line| line.text.to_string()).unwrap_or_default();
    assert!(told.contains("broken.call.yaml") && told.contains("line"), "{told}");
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), broken);
}

#[test]
fn prepared_messages_send_themselves() {
    use callscope::command::Command;
    use callscope::model::draft::{Draft, PreparedMessage};

    let mut window = Window::open(None, []);
    window.wait_until("the chat is there", |app| {
        app.model.services.by_target("registry:///chat").is_some_and(|service| service.schema.ready().is_some())
    });
    let message = |text: &str, after_ms: Option<u64>| PreparedMessage {
        text: format!("{{\"from\": \"me\", \"text\": \"{text}\"}}"),
        after: after_ms.map(std::time::Duration::from_millis),
    };
    let draft = Draft {
        name: "Talk".to_owned(),
        target: "registry:///chat".to_owned(),
        method: "demo.Chat/Talk".to_owned(),
        messages: vec![message("one", None), message("two", Some(50)), message("three", Some(50))],
        ..Draft::default()
    };
    window.harness.state_mut().push(Command::OpenDraft(Box::new(draft)));
    window.settle();
    window.click("Start");
    window.wait_until("the stream is open", |app| app.model.tabs.active().is_some_and(|tab| tab.running.is_some()));
    window.click("Send message");
    window.wait_until("all three were sent", |app| {
        let flow = app.model.tabs.active().and_then(|tab| tab.flow);
        flow.and_then(|flow| app.model.flows.get(flow)).is_some_and(|record| record.flow.sent.messages == 3)
    });
    window.click("Cancel");
    window.wait_until("it is cancelled", |app| app.model.tabs.active().is_some_and(|tab| tab.running.is_none()));
    assert_eq!(last_status(&window), Some("CANCELLED"));
}

#[test]
fn drafts_layout_and_settings_are_there_again_after_a_restart() {
    use callscope::command::{Act, Command};

    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("callscope").join("state.json");
    let mut window = Window::open_kept(&state);
    place_order(&mut window);
    let tab = window.app().model.tabs.active.expect("a tab");
    let mut draft = window.app().model.tabs.get(tab).expect("it is open").draft.clone();
    draft.docs = "typed and never saved".to_owned();
    window.harness.state_mut().push(Command::EditDraft(tab, Box::new(draft.clone())));
    window.harness.state_mut().push(Command::Act(Act::ToggleDock));
    window.harness.state_mut().push(Command::Act(Act::ZoomIn));
    window.settle();
    window.harness.state_mut().keep();
    drop(window);

    let again = Window::open_kept(&state);
    let app = again.app();
    assert_eq!(app.model.tabs.active().map(|tab| &tab.draft), Some(&draft));
    assert!(!app.layout.dock, "the dock stays hidden");
    assert_eq!(app.model.settings.zoom, 110);
    drop(again);

    // A file that cannot be read is put aside, told of, and never overwritten.
    std::fs::write(&state, "{ half a").expect("it can be written");
    let after = Window::open_kept(&state);
    let told = after.app().model.log.lines.front().map(|line| line.text.to_string()).unwrap_or_default();
    assert!(told.contains("broken.json") && told.contains("line 1"), "{told}");
    let aside = state.with_extension("broken.json");
    assert_eq!(std::fs::read_to_string(aside).expect("it is there"), "{ half a");
}
