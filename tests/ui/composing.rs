//! Input methods: what is composed is seen and is nobody's text; what is committed goes in once; keys are the input
//! method's while it composes.

use egui::{Event, ImeEvent, Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::hands::Window;

fn preedit(window: &mut Window, text: &str) {
    let active = text.chars().count();
    let event = ImeEvent::Preedit { text: text.to_owned(), active_range_chars: Some(active..active) };
    window.harness.event(Event::Ime(event));
    window.settle();
}

fn commit(window: &mut Window, text: &str) {
    window.harness.event(Event::Ime(ImeEvent::Commit(text.to_owned())));
    window.settle();
}

/// A call in front, its message in the editor.
fn with_call() -> Window {
    let mut window = Window::open(None, []);
    window.click("Place an order");
    window.wait_until("the message is filled in", |app| {
        let tab = app.model.tabs.active().expect("a tab is open");
        tab.draft.messages.first().is_some_and(|message| message.text.contains("unit_price"))
    });
    window
}

fn message(window: &Window) -> String {
    let tab = window.app().model.tabs.active().expect("a tab is open");
    tab.draft.messages.first().expect("it has a message").text.clone()
}

fn focus(window: &mut Window, label: &str) {
    window.harness.get_by_role_and_label(egui::accesskit::Role::TextInput, label).focus();
    window.settle();
}

/// What a field shows, compositions included.
fn shown(window: &Window, label: &str) -> String {
    let node = window
        .harness
        .query_all_by_label(label)
        .find(|node| node.accesskit_node().value().is_some())
        .expect("the field is on screen");
    node.accesskit_node().value().unwrap_or_default()
}

#[test]
fn the_editor_takes_a_commit_once_and_a_composition_never() {
    let mut window = with_call();
    window.harness.get_by_role_and_label(egui::accesskit::Role::MultilineTextInput, "Message").focus();
    window.settle();
    window.ctrl(Key::A);
    window.type_text("{ \"name\": \"");
    let before = message(&window);
    assert_eq!(before, "{ \"name\": \"");
    preedit(&mut window, "ni");
    preedit(&mut window, "ni hao");
    assert_eq!(message(&window), before, "the draft has no pinyin");
    assert!(shown(&window, "Message").contains("ni hao"), "it is seen all the same");

    // The Enter and the Esc of the input method are nobody else's.
    window.ctrl(Key::Enter);
    window.keys(Modifiers::NONE, Key::Enter);
    window.keys(Modifiers::NONE, Key::Escape);
    assert!(window.app().model.tabs.active().expect("a tab").flow.is_none(), "nothing was sent");
    assert_eq!(message(&window), before);

    commit(&mut window, "你好");
    assert_eq!(message(&window), "{ \"name\": \"你好");
    window.type_text("\" }");
    assert_eq!(message(&window), "{ \"name\": \"你好\" }");

    // A composition that is given up leaves nothing behind.
    preedit(&mut window, "shi jie");
    preedit(&mut window, "");
    assert_eq!(message(&window), "{ \"name\": \"你好\" }");
    assert_eq!(shown(&window, "Message"), "{ \"name\": \"你好\" }");

    // Undo goes back over what was committed, and never to letters of a composition.
    for _ in 0..12 {
        window.ctrl(Key::Z);
        assert!(!message(&window).contains("ni hao") && !message(&window).contains("shi jie"), "{}", message(&window));
    }
}

#[test]
fn the_address_is_where_it_was_until_the_commit() {
    let mut window = with_call();
    focus(&mut window, "Address");
    window.ctrl(Key::A);
    window.type_text("registry:///");
    preedit(&mut window, "ding dan");
    let target = |window: &Window| window.app().model.tabs.active().expect("a tab is open").draft.target.clone();
    assert_eq!(target(&window), "registry:///");
    window.keys(Modifiers::NONE, Key::Enter);
    assert!(window.app().model.tabs.active().expect("a tab").flow.is_none());
    commit(&mut window, "订单");
    assert_eq!(target(&window), "registry:///订单");
}

#[test]
fn the_palette_searches_for_what_was_committed() {
    let mut window = Window::open(None, []);
    window.ctrl(Key::K);
    preedit(&mut window, "zzzz");
    assert_eq!(shown(&window, "Search or run"), "zzzz");
    assert!(!window.says("Nothing fits"), "pinyin is no search");
    window.keys(Modifiers::NONE, Key::Escape);
    assert_eq!(shown(&window, "Search or run"), "zzzz", "Esc drops the composition, not the palette");
    preedit(&mut window, "");
    commit(&mut window, "你好");
    assert_eq!(shown(&window, "Search or run"), "你好");
}

#[test]
fn filters_filter_by_what_was_committed() {
    let mut window = Window::open(None, []);
    window.wait_for("orders");
    focus(&mut window, "Filter services");
    preedit(&mut window, "zz");
    assert!(!window.says("Nothing matches") && window.says("orders"));
    commit(&mut window, "订单");
    assert!(window.says("Nothing matches “订单”"));

    window.ctrl(Key::Num3);
    focus(&mut window, "Filter frames");
    preedit(&mut window, "(");
    assert!(!window.says("to compare is missing"), "what is composed is not parsed");
    commit(&mut window, "(");
    assert!(window.says("to compare is missing"));
}
