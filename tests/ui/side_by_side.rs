//! Two calls beside each other: split halves, answers compared, one call to every instance.

use callscope::app::App;
use callscope::model::compare::Comparison;
use egui::{Key, Modifiers};

use crate::hands::Window;

const SPLIT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };

fn open_method(window: &mut Window, typed: &str, method: &str) {
    window.ctrl(Key::K);
    window.type_text(typed);
    window.keys(Modifiers::NONE, Key::Enter);
    window.wait_until("the message is filled in", |app| {
        let tab = app.model.tabs.active();
        tab.is_some_and(|tab| tab.draft.method == method && tab.schema.is_some())
    });
}

fn ready(window: &mut Window, target: &str) {
    window.wait_until("the services are there", |app| {
        app.model.services.by_target(target).is_some_and(|service| service.schema.ready().is_some())
    });
}

fn over(app: &App) -> bool {
    let flow = app.model.tabs.active().and_then(|tab| tab.flow);
    flow.and_then(|flow| app.model.flows.get(flow)).is_some_and(|record| record.flow.ended.is_some())
}

fn send(window: &mut Window) {
    let before = window.app().model.tabs.active().and_then(|tab| tab.flow);
    window.ctrl(Key::Enter);
    window
        .wait_until("the call is over", |app| over(app) && app.model.tabs.active().and_then(|tab| tab.flow) != before);
}

fn set_message(window: &mut Window, text: &str) {
    let tab = window.app().model.tabs.active().expect("a tab is open");
    let (id, mut draft) = (tab.id, tab.draft.clone());
    draft.messages = vec![callscope::model::draft::PreparedMessage { text: text.to_owned(), after: None }];
    window.harness.state_mut().push(callscope::command::Command::EditDraft(id, Box::new(draft)));
    window.settle();
}

fn comparison(app: &App) -> Option<&Comparison> {
    app.model.tabs.active()?.compare.as_ref()?.found.as_deref()
}

#[test]
fn two_calls_stand_side_by_side_and_are_sent_at_once() {
    let mut window = Window::open(None, []);
    ready(&mut window, "registry:///calculator");
    open_method(&mut window, "Calculator/Add", "demo.Calculator/Add");
    set_message(&mut window, r#"{"a": 2, "b": 3}"#);
    // It stands alone: the other half is a copy of it.
    window.keys(SPLIT, Key::D);
    assert_eq!(window.app().layout.active_tabs().len(), 2, "{}", window.names());
    set_message(&mut window, r#"{"a": 2, "b": 4}"#);
    window.keys(SPLIT, Key::Enter);
    window.wait_until("both were answered", |app| {
        app.model.tabs.open.len() == 2
            && app.model.tabs.open.iter().all(|tab| {
                let flow = tab.flow.and_then(|flow| app.model.flows.get(flow));
                flow.is_some_and(|record| record.flow.status.as_ref().is_some_and(|status| status.code.is_ok()))
            })
    });

    // By the palette, as it has no keys of its own.
    window.ctrl(Key::K);
    window.type_text(">Compare with the other half");
    window.keys(Modifiers::NONE, Key::Enter);
    window.wait_until("the halves are compared", |app| comparison(app).is_some());
    let found = comparison(window.app()).expect("it is compared");
    assert!(found.counts.changed >= 2, "what was sent and what came back: {:?}", found.counts);
    window.wait_for("→ 6");

    // Back to one half.
    window.keys(Modifiers::NONE, Key::Escape);
    window.wait_until("the comparison is closed", |app| comparison(app).is_none());
    window.keys(SPLIT, Key::M);
    assert_eq!(window.app().layout.active_tabs().len(), 1);
    window.keys(SPLIT, Key::M);
    window.wait_for("There is no other half");
}

#[test]
fn an_answer_is_compared_with_the_one_before_it() {
    let mut window = Window::open(None, []);
    ready(&mut window, "registry:///calculator");
    open_method(&mut window, "Calculator/Add", "demo.Calculator/Add");
    window.keys(SPLIT, Key::K);
    window.wait_for("Nothing to compare yet");
    set_message(&mut window, r#"{"a": 2, "b": 3}"#);
    send(&mut window);
    window.wait_for("There is one answer so far");
    set_message(&mut window, r#"{"a": 2, "b": 5}"#);
    send(&mut window);
    window.wait_until("they are compared", |app| comparison(app).is_some());
    window.settle();
    window.wait_for("b: 3 → 5");

    // From difference to difference by keys, around the end.
    window.keys(Modifiers::NONE, Key::F7);
    window.keys(Modifiers::NONE, Key::F7);
    window.keys(Modifiers::SHIFT, Key::F7);
    window.click("Only differences");
    window.wait_for("1 equal");
    window.click("Swap the sides");
    window.wait_for("b: 5 → 3");

    // The same call once more: equal to the one before it.
    window.keys(SPLIT, Key::K);
    send(&mut window);
    window.wait_until("the last two are compared", |app| {
        let flow = app.model.tabs.active().and_then(|tab| tab.flow);
        comparison(app).is_some_and(|found| Some(found.of.1) == flow)
    });
    assert!(comparison(window.app()).is_some_and(|found| found.sections[0].diff.is_same()));
    window.keys(Modifiers::NONE, Key::Escape);
    window.keys(Modifiers::NONE, Key::Escape);
    window.wait_until("the call is back", |app| comparison(app).is_none());

    // Any earlier one, from the menu of the answer.
    window.click("Compare with…");
    window.wait_for("Earlier calls of this method");
    window.click("ago");
    window.wait_until("an earlier one is compared", |app| comparison(app).is_some());
}

#[test]
fn one_call_goes_to_every_instance() {
    let mut window = Window::open(None, []);
    ready(&mut window, "registry:///orders");
    window.click("Place an order");
    window.wait_until("the example is there", |app| {
        app.model.tabs.active().is_some_and(|tab| tab.draft.messages.iter().any(|message| message.text.contains("sku")))
    });
    window.keys(SPLIT, Key::A);
    let called = |app: &App| {
        let spread = app.model.tabs.active().and_then(|tab| tab.spread.clone())?;
        let flows: Vec<_> = spread.rows.iter().filter_map(|row| Some((row.instance.clone(), row.flow?))).collect();
        Some((spread, flows))
    };
    window.wait_until("all have answered and are compared", |app| {
        let Some((spread, flows)) = called(app) else { return false };
        let over = flows.iter().all(|(_, flow)| app.model.flows.get(*flow).is_some_and(|r| r.flow.ended.is_some()));
        over && !flows.is_empty()
            && spread.found.reference.is_some()
            && spread.found.differences.len() + 1 == flows.len()
    });
    let (spread, flows) = called(window.app()).expect("they were called");
    assert!(flows.len() >= 2, "{spread:?}");
    for (instance, flow) in &flows {
        let record = window.app().model.flows.get(*flow).expect("it is kept");
        let met: Vec<&str> = record.flow.attempts.iter().map(|attempt| attempt.instance.as_str()).collect();
        assert!(met.iter().all(|met| met == instance), "{instance}: {met:?}");
    }
    // Orders have an id of their own: each answer differs from the reference.
    let (other, count) = spread.found.differences.iter().next().map(|(flow, count)| (*flow, *count)).expect("another");
    assert!(count > 0);
    let row = flows.iter().find(|(_, flow)| *flow == other).map(|(instance, _)| instance.clone()).expect("its row");
    window.click(&format!("{row}, "));
    window.wait_until("it is compared", |app| comparison(app).is_some_and(|found| found.of.1 == other));
    window.click("Back to the instances");
    window.wait_for("answered");
    window.click("Close the comparison");
    assert!(window.app().model.tabs.active().is_some_and(|tab| tab.spread.is_none()));
}
