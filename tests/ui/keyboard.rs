//! Without a pointer: everything has a name, Tab comes to everything, and the main job is done by keys.

use std::collections::BTreeSet;

use callscope::command::{Command, View};
use egui::accesskit::{Action, Role};
use egui::{Key, Modifiers, Rect, Shape};
use egui_kittest::Node;
use egui_kittest::kittest::NodeT as _;

use crate::hands::Window;

const SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };
/// More controls than a window has.
const MOST: usize = 400;

/// What can be worked: its role, its name, where it is.
#[derive(Clone, Debug, PartialEq)]
struct Control {
    role: Role,
    name: String,
    rect: Rect,
    focused: bool,
}

fn name_of(node: &Node<'_>) -> String {
    let node = node.accesskit_node();
    node.label().or_else(|| node.value()).unwrap_or_default()
}

/// Everything that takes the focus or a click, as assistive programs see it.
fn controls(window: &Window) -> Vec<Control> {
    let mut found = Vec::new();
    let mut open = vec![window.harness.root()];
    while let Some(node) = open.pop() {
        let inner = node.accesskit_node();
        let works = |action| inner.data().supports_action(action);
        // What a scroll bar does, the keys of what it scrolls do.
        let bar = inner.role() == Role::ScrollBar;
        if (works(Action::Focus) || works(Action::Click)) && !bar && !inner.is_disabled() && !inner.is_hidden() {
            let (role, focused) = (inner.role(), inner.is_focused());
            found.push(Control { role, name: name_of(&node), rect: node.rect(), focused });
        }
        open.extend(node.children());
    }
    found
}

fn focused(window: &Window) -> Option<Control> {
    controls(window).into_iter().find(|control| control.focused)
}

/// The states that a person sees, one after the other, by commands.
fn states(window: &mut Window, mut look: impl FnMut(&mut Window, &str)) {
    window.wait_until("the services are there", |app| {
        app.model.services.by_target("registry:///orders").is_some_and(|service| service.schema.ready().is_some())
    });
    look(window, "nothing open");
    window.click("Place an order");
    window.wait_until("the example is there", |app| {
        app.model.tabs.active().is_some_and(|tab| tab.draft.messages.iter().any(|message| message.text.contains("sku")))
    });
    look(window, "a call that was not sent");
    window.ctrl(Key::Enter);
    window.wait_until("the call is over", |app| {
        let flow = app.model.tabs.active().and_then(|tab| tab.flow);
        flow.and_then(|flow| app.model.flows.get(flow)).is_some_and(|record| record.flow.ended.is_some())
    });
    window.settle();
    look(window, "an answer");
    window.keys(SHIFT, Key::A);
    window.wait_for("answered");
    look(window, "all instances");
    window.keys(Modifiers::NONE, Key::Escape);
    window.keys(Modifiers::NONE, Key::Escape);
    window.keys(SHIFT, Key::D);
    look(window, "two halves");
    for view in [View::Calls, View::Traffic, View::Plots, View::Settings] {
        window.harness.state_mut().push(Command::Show(view));
        window.settle();
        window.settle();
        look(window, &format!("{view:?}"));
    }
    window.ctrl(Key::K);
    look(window, "the palette");
    window.keys(Modifiers::NONE, Key::Escape);
}

#[test]
fn every_control_has_a_name_and_a_role() {
    let mut window = Window::open(None, []);
    let mut nameless = BTreeSet::new();
    states(&mut window, |window, state| {
        for control in controls(window) {
            let vague = matches!(control.role, Role::Unknown | Role::GenericContainer);
            if control.name.trim().is_empty() || vague {
                nameless.insert(format!("{state}: {:?} {:?} at {:?}", control.role, control.name, control.rect));
            }
        }
    });
    assert!(nameless.is_empty(), "without a name or a role:\n{}", nameless.into_iter().collect::<Vec<_>>().join("\n"));
}

/// Whether a shape, or one of those it is made of, passes.
fn any(shape: &Shape, test: &mut dyn FnMut(&Shape) -> bool) -> bool {
    match shape {
        Shape::Vec(shapes) => shapes.iter().any(|shape| any(shape, test)),
        shape => test(shape),
    }
}

/// Whether something in the accent's color is painted on or around a place.
fn is_marked(window: &Window, place: Rect) -> bool {
    let tokens = callscope::theme::tokens(&window.harness.ctx);
    let (accent, fill) = (tokens.accent, tokens.fill);
    let near = place.expand(6.0);
    let mut marked = |shape: &Shape| {
        let colored = match shape {
            Shape::Rect(rect) => [rect.stroke.color, rect.fill].iter().any(|color| *color == accent || *color == fill),
            Shape::LineSegment { stroke, .. } => stroke.color == accent,
            _ => false,
        };
        colored && shape.visual_bounding_rect().intersects(near)
    };
    window.harness.output().shapes.iter().any(|clipped| any(&clipped.shape, &mut marked))
}

#[test]
fn tab_comes_to_every_control_and_marks_where_it_is() {
    let mut window = Window::open(None, []);
    let mut missed = BTreeSet::new();
    let mut unmarked = BTreeSet::new();
    states(&mut window, |window, state| {
        if state == "the palette" {
            // Letters and arrows stay in its field, whatever is behind it; see its own tests.
            return;
        }
        let mut seen: Vec<Control> = Vec::new();
        for _ in 0..MOST {
            window.harness.key_press(Key::Tab);
            window.harness.run_steps(2);
            let Some(control) = focused(window) else { continue };
            if !is_marked(window, control.rect) {
                unmarked.insert(format!("{state}: {:?} {:?}", control.role, control.name));
            }
            let known =
                |seen: &&Control| seen.name == control.name && seen.rect.center().distance(control.rect.center()) < 1.0;
            // Around once; a trap would never come back to the first.
            if seen.first().is_some_and(|first| known(&first)) && seen.len() > 1 {
                break;
            }
            if !seen.iter().any(|other| known(&other)) {
                seen.push(control);
            }
        }
        assert!(seen.len() < MOST, "{state}: no way around");
        for control in controls(window) {
            let came = seen.iter().any(|other| other.name == control.name && other.role == control.role);
            // Rows of a table or a tree are walked by arrows, from the table.
            if !came && !matches!(control.role, Role::Row | Role::TreeItem | Role::ListItem | Role::Window) {
                missed.insert(format!("{state}: {:?} {:?}", control.role, control.name));
            }
        }
        window.keys(Modifiers::NONE, Key::Escape);
    });
    let list = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join("\n");
    assert!(
        missed.is_empty() && unmarked.is_empty(),
        "not reached:\n{}\n\nnot marked:\n{}",
        list(missed),
        list(unmarked)
    );
}

/// Presses Tab until this has the focus.
fn tab_to(window: &mut Window, label: &str) {
    let mut passed = Vec::new();
    for _ in 0..MOST {
        if let Some(control) = focused(window) {
            if control.name == label || control.name.starts_with(label) {
                return;
            }
            passed.push(control.name);
        }
        window.harness.key_press(Key::Tab);
        window.harness.run_steps(2);
    }
    assert_eq!(passed, Vec::<String>::new(), "Tab never comes to {label:?}");
}

#[test]
fn the_main_job_is_done_by_keys_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("by keys.call.yaml");
    let mut window = Window::open(Some(folder.path()), [file.clone()]);
    window.wait_until("the services are there", |app| {
        app.model.workspace.root.is_some()
            && app
                .model
                .services
                .by_target("registry:///orders")
                .is_some_and(|service| service.schema.ready().is_some())
    });

    // Find and compose.
    window.ctrl(Key::Num1);
    window.ctrl(Key::K);
    window.type_text("Orders/Place");
    window.keys(Modifiers::NONE, Key::Enter);
    window.wait_until("the example is there", |app| {
        app.model.tabs.active().is_some_and(|tab| tab.draft.messages.iter().any(|message| message.text.contains("sku")))
    });
    window.ctrl(Key::L);
    tab_to(&mut window, "Deadline");
    window.keys(Modifiers::NONE, Key::Enter);
    window.settle();
    window.type_text("5s");
    window.keys(Modifiers::NONE, Key::Escape);
    window.wait_until("the deadline is set", |app| {
        app.model.tabs.active().and_then(|tab| tab.draft.deadline) == Some(std::time::Duration::from_secs(5))
    });

    // Send, until an instance that works was met.
    for _ in 0..20 {
        let before = window.app().model.tabs.active().and_then(|tab| tab.flow);
        window.ctrl(Key::Enter);
        window.wait_until("the call is over", |app| {
            let flow = app.model.tabs.active().and_then(|tab| tab.flow);
            flow != before
                && flow.and_then(|flow| app.model.flows.get(flow)).is_some_and(|record| record.flow.ended.is_some())
        });
        let flow = window.app().model.tabs.active().and_then(|tab| tab.flow).expect("it was sent");
        let record = window.app().model.flows.get(flow).expect("it is kept");
        if record.flow.status.as_ref().is_some_and(|status| status.code.is_ok()) {
            break;
        }
    }

    // Read the answer by arrows.
    tab_to(&mut window, "Answer");
    window.keys(Modifiers::NONE, Key::Home);
    window.keys(Modifiers::NONE, Key::ArrowDown);

    // Its frames, fields and bytes.
    window.keys(SHIFT, Key::F);
    tab_to(&mut window, "Frames");
    window.keys(Modifiers::NONE, Key::End);
    tab_to(&mut window, "Fields of the frame");
    window.keys(Modifiers::NONE, Key::Home);
    window.keys(Modifiers::NONE, Key::ArrowDown);
    tab_to(&mut window, "Bytes");
    window.keys(Modifiers::NONE, Key::ArrowRight);

    // Plots, and back.
    window.ctrl(Key::Num4);
    tab_to(&mut window, "5 m");
    window.keys(Modifiers::NONE, Key::Enter);
    window.ctrl(Key::Num1);

    // Save, close, open again.
    window.ctrl(Key::S);
    window.wait_until("it is saved", |app| {
        app.model.tabs.active().is_some_and(|tab| tab.file.is_some() && !tab.is_unsaved())
    });
    window.ctrl(Key::W);
    assert!(window.app().model.tabs.open.is_empty());
    window.ctrl(Key::Num2);
    window.wait_for("by keys");
    tab_to(&mut window, "by keys");
    window.keys(Modifiers::NONE, Key::Enter);
    window.wait_until("it is open again", |app| {
        app.model.tabs.active().is_some_and(|tab| tab.file.as_ref() == Some(&file))
    });

    // The menu of a row, by the menu key; its first entry has the focus, and Escape gives it back.
    tab_to(&mut window, "by keys");
    window.keys(Modifiers::SHIFT, Key::F10);
    window.settle();
    let entry = focused(&window).expect("the menu took the focus");
    assert_eq!(entry.role, Role::MenuItem, "{entry:?}");
    window.keys(Modifiers::NONE, Key::Escape);
    window.settle();
    window.ctrl(Key::W);
    assert!(window.app().model.tabs.open.is_empty());
}
