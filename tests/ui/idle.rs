//! Idle means idle: nothing changes, nothing is painted.

use std::time::{Duration, Instant};

use crate::hands::Window;

/// Watches for this long: several renewals of every lease of the embedded world.
const WATCHED: Duration = Duration::from_secs(12);

/// Until then animations have run out, and the one paint came behind which the state is kept, every five seconds at most.
const SETTLED: Duration = Duration::from_secs(6);

/// Steps the window only when it asks to be painted, as a desktop does, and counts how often that was.
fn paints(window: &mut Window, during: Duration) -> u64 {
    let before = window.app().frames;
    let end = Instant::now() + during;
    while Instant::now() < end {
        if window.harness.ctx.has_requested_repaint() {
            window.harness.step();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    window.app().frames - before
}

#[test]
fn nothing_changes_nothing_is_painted() {
    let mut window = Window::open(None, []);
    window.wait_until("every service said what it offers", |app| {
        let services = app.model.services.sources.iter().flat_map(|source| &source.services);
        let known: Vec<bool> = services.map(|service| service.schema.ready().is_some()).collect();
        known.len() >= 6 && known.iter().all(|known| *known)
    });
    window.settle();
    paints(&mut window, SETTLED);
    let painted = paints(&mut window, WATCHED);
    assert_eq!(painted, 0, "an idle window was painted {painted} times in {WATCHED:?}");
}

#[test]
fn a_call_wakes_the_window_and_it_goes_back_to_sleep() {
    let mut window = Window::open(None, []);
    window.click("Place an order");
    window.wait_until("the example is there", |app| {
        app.model.tabs.active().is_some_and(|tab| tab.draft.messages.iter().any(|message| message.text.contains("sku")))
    });
    let calls = window.app().model.flows.len();
    window.ctrl(egui::Key::Enter);
    window.wait_until("the call is over", |app| app.model.flows.len() > calls && app.model.flows.running == 0);
    paints(&mut window, SETTLED);
    let painted = paints(&mut window, Duration::from_secs(4));
    assert_eq!(painted, 0, "painted {painted} times after the call was over");
}
