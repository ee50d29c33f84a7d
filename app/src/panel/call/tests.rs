//! The call tab as a person uses it: by the names of its controls.
//!
//! With `CALLSCOPE_GALLERY=folder` its states are also written there as PNG, to be looked at.

use std::path::PathBuf;

use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::view::RequestTab;
use super::{CallTabs, fixture};
use crate::command::Command;
use crate::model::Model;
use crate::model::draft::Draft;
use crate::model::link::ChosenIn;
use crate::model::tabs::TabId;
use crate::panel::Cx;
use crate::panel::timeline::Timeline;
use crate::raster;
use crate::theme::{self, size, tokens};
use crate::widget::{edge, pane};

/// A tab with its dock, and what was done in it.
pub(in crate::panel) struct Bench {
    pub model: Model,
    pub tab: TabId,
    pub calls: CallTabs,
    pub timeline: Timeline,
    pub commands: Vec<Command>,
    pub narrow: bool,
    /// Height of the timeline below the call; 0: none.
    pub dock: f32,
}

impl Bench {
    pub fn new(draft: Draft) -> Self {
        let mut model = fixture::world();
        let tab = fixture::tab(&mut model, draft);
        Self {
            model,
            tab,
            calls: CallTabs::default(),
            timeline: Timeline::default(),
            commands: Vec::new(),
            narrow: false,
            dock: 232.0,
        }
    }

    fn frame(&mut self, ui: &mut egui::Ui) {
        let t = tokens(ui);
        let all = ui.max_rect();
        ui.painter().rect_filled(all.expand(40.0), 0, t.base);
        let (_, call, dock) = pane::cut(all, 0.0, self.dock);
        let mut commands = Vec::new();
        let mut cx = Cx { model: &self.model, commands: &mut commands, tokens: t, narrow: self.narrow };
        pane::tab_island(ui.painter(), call, t);
        let (calls, tab) = (&mut self.calls, self.tab);
        pane::inside(ui, call, "call", |ui| calls.ui(ui, &mut cx, tab));
        if self.dock > 0.0 {
            let dock = dock.with_min_y(dock.top() + 4.0);
            pane::island(ui.painter(), dock, t);
            let (head, body, _) = pane::cut(dock, size::SUB_TABS, 0.0);
            edge::hline(ui.painter(), head.x_range(), head.bottom(), t.line);
            let timeline = &mut self.timeline;
            pane::inside(ui, head.shrink2(egui::vec2(12.0, 4.0)), "head", |ui| timeline.head_ui(ui, &mut cx));
            pane::inside(ui, body, "timeline", |ui| timeline.ui(ui, &mut cx));
        }
        for command in commands {
            // What the shell does with it; the rest is looked at by tests.
            if let Command::EditDraft(tab, draft) = &command
                && let Some(tab) = self.model.tabs.get_mut(*tab)
            {
                tab.draft = (**draft).clone();
            }
            self.commands.push(command);
        }
    }

    pub fn harness(self, theme: Theme, size: [f32; 2]) -> Harness<'static, Self> {
        let mut harness = Harness::builder()
            .with_size(size)
            .with_theme(theme)
            .with_render_cursor(false)
            .renderer(raster::Raster::default())
            .with_context_setup(move |ctx| {
                theme::install(ctx);
                ctx.set_theme(theme);
            })
            .build_ui_state(|ui, bench: &mut Self| bench.frame(ui), self);
        harness.run_steps(3);
        harness
    }
}

/// Writes what the harness shows, if somebody wants to look at it.
pub(in crate::panel) fn look(harness: &mut Harness<'_, Bench>, name: &str) {
    if let Some(folder) = std::env::var_os("CALLSCOPE_GALLERY") {
        let path = PathBuf::from(folder).join(format!("{name}.png"));
        raster::save(&harness.render().unwrap(), &path).unwrap();
    }
}

/// As in a window of 1440x900, in both themes, and narrow.
fn sheets(name: &str, make: impl Fn() -> Bench) {
    let wide = [1080.0, 800.0];
    look(&mut make().harness(Theme::Dark, wide), &format!("{name}-dark"));
    look(&mut make().harness(Theme::Light, wide), &format!("{name}-light"));
    let narrow = || Bench { narrow: true, dock: 172.0, ..make() };
    look(&mut narrow().harness(Theme::Dark, [744.0, 620.0]), &format!("{name}-narrow"));
    look(&mut Bench { dock: 0.0, ..narrow() }.harness(Theme::Dark, [480.0, 700.0]), &format!("{name}-stacked"));
}

fn answered() -> Bench {
    let mut bench = Bench::new(fixture::place_draft());
    fixture::answered(&mut bench.model, bench.tab);
    bench
}

fn streaming() -> Bench {
    let mut bench = Bench::new(fixture::chat_draft());
    fixture::streaming(&mut bench.model, bench.tab, 1_200);
    bench
}

fn dark(bench: Bench) -> Harness<'static, Bench> {
    bench.harness(Theme::Dark, [1080.0, 800.0])
}

pub(in crate::panel) fn drafted(harness: &Harness<'_, Bench>) -> Draft {
    let bench = harness.state();
    bench.model.tabs.get(bench.tab).unwrap().draft.clone()
}

#[test]
fn every_state_is_painted_in_both_themes_and_in_little_room() {
    sheets("call-new", || Bench::new(fixture::place_draft()));
    sheets("call-empty", || Bench::new(Draft::default()));
    sheets("call-answered", answered);
    sheets("call-failed", || {
        let mut bench = Bench::new(fixture::place_draft());
        fixture::failed(&mut bench.model, bench.tab);
        bench
    });
    sheets("call-stream", streaming);
    sheets("call-running", || {
        let mut bench = Bench::new(Draft { method: "shop.Orders/Watch".into(), ..fixture::place_draft() });
        fixture::streaming(&mut bench.model, bench.tab, 0);
        bench
    });
}

#[test]
fn other_sub_tabs_are_painted_too() {
    for (name, request, response) in
        [("policy", "Policy", "Message"), ("attempts", "Docs", "Attempts"), ("metadata", "Metadata", "Metadata")]
    {
        for theme in [Theme::Dark, Theme::Light] {
            let mut bench = answered();
            if name == "policy" {
                bench.dock = 0.0;
            }
            let mut harness = bench.harness(theme, [1240.0, 800.0]);
            if response != "Message" {
                let tab = harness
                    .get_all_by_role(Role::Tab)
                    .rfind(|node| node.accesskit_node().label().as_deref() == Some(response))
                    .unwrap();
                tab.click();
                harness.run_steps(2);
            }
            harness.get_all_by_role_and_label(Role::Tab, request).next().unwrap().click();
            harness.run_steps(3);
            let word = if theme == Theme::Dark { "dark" } else { "light" };
            look(&mut harness, &format!("call-{name}-{word}"));
        }
    }
}

#[test]
fn send_sends_and_its_menu_repeats() {
    let mut harness = dark(Bench::new(fixture::place_draft()));
    harness.get_by_role_and_label(Role::Button, "Send").click();
    harness.run_steps(2);
    let tab = harness.state().tab;
    assert_eq!(harness.state().commands, [Command::Send(tab)]);

    harness.get_by_label("More ways to send").click();
    harness.run_steps(3);
    look(&mut harness, "call-menu");
    harness.get_by_label("Repeat at this rate").click();
    harness.run_steps(2);
    assert_eq!(harness.state().commands.last(), Some(&Command::Repeat(tab, crate::model::tabs::REPEAT_RATE)));
}

#[test]
fn stop_is_there_only_for_what_runs() {
    let mut harness = dark(Bench::new(fixture::place_draft()));
    harness.get_by_label("Stop").click();
    harness.run_steps(2);
    assert_eq!(harness.state().commands, []);

    let mut bench = answered();
    let tab = bench.tab;
    bench.model.tabs.get_mut(tab).unwrap().repeat = Some(crate::model::tabs::Repeat { rate: 5.0, made: 12, failed: 1 });
    let mut harness = dark(bench);
    look(&mut harness, "call-repeating");
    harness.get_by_label("Stop").click();
    harness.run_steps(2);
    assert_eq!(harness.state().commands, [Command::StopRepeat(tab)]);
}

#[test]
fn what_is_typed_into_the_address_is_in_the_draft() {
    let mut harness = dark(Bench::new(fixture::place_draft()));
    harness.get_by_label("Address").focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.get_by_label("Address").type_text("carrier-pigeon://roof");
    harness.run_steps(3);
    assert_eq!(drafted(&harness).target, "carrier-pigeon://roof");
    look(&mut harness, "call-address-wrong");
    assert!(harness.query_by_label_contains("`carrier-pigeon` is no dialect").is_some());
    // Nothing can be sent there.
    harness.get_by_role_and_label(Role::Button, "Send").click();
    harness.run_steps(2);
    assert!(!harness.state().commands.iter().any(|command| matches!(command, Command::Send(_))));
}

#[test]
fn methods_are_offered_while_typing() {
    let mut harness = dark(Bench::new(Draft { method: String::new(), ..fixture::place_draft() }));
    harness.get_by_label("Method").focus();
    harness.run_steps(2);
    harness.get_by_label("Method").type_text("wat");
    harness.run_steps(3);
    look(&mut harness, "call-completing");
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    assert_eq!(drafted(&harness).method, "shop.Orders/Watch");
}

#[test]
fn a_method_of_the_list_can_be_clicked() {
    let mut harness = dark(Bench::new(Draft { method: String::new(), ..fixture::place_draft() }));
    harness.get_by_label("Method").click();
    harness.run_steps(3);
    harness.get_by_label("shop.Orders/Get").click();
    harness.run_steps(3);
    assert_eq!(drafted(&harness).method, "shop.Orders/Get");
}

#[test]
fn one_instance_can_be_picked_behind_the_count_of_healthy_ones() {
    let mut harness = dark(Bench::new(fixture::place_draft()));
    harness.get_by_label("3/4 healthy").click();
    harness.run_steps(3);
    harness.get_by_label("orders-2").click();
    harness.run_steps(3);
    assert_eq!(drafted(&harness).target, "registry:///orders@orders-2");
}

#[test]
fn a_deadline_is_typed_and_checked_in_place() {
    let mut harness = dark(Bench::new(fixture::place_draft()));
    harness.get_by_role_and_label(Role::ComboBox, "Deadline").click();
    harness.run_steps(3);
    let field = || -> _ { (Role::TextInput, "Deadline") };
    let (role, name) = field();
    harness.get_by_role_and_label(role, name).focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.get_by_role_and_label(role, name).type_text("800");
    harness.run_steps(3);
    look(&mut harness, "call-deadline");
    assert!(harness.query_by_label_contains("has no unit").is_some());
    assert_eq!(drafted(&harness).deadline, fixture::place_draft().deadline);
    harness.get_by_role_and_label(role, name).type_text("ms");
    harness.run_steps(3);
    assert_eq!(drafted(&harness).deadline, Some(std::time::Duration::from_millis(800)));
}

#[test]
fn a_mistake_in_the_message_is_named_and_found() {
    let mut draft = fixture::place_draft();
    draft.messages[0].text = draft.messages[0].text.replace("\"qty\": 2", "\"qyt\": 2");
    let mut harness = dark(Bench::new(draft));
    look(&mut harness, "call-mistake");
    let note = harness.get_by_label_contains("there is no field \"qyt\"");
    note.click();
    harness.run_steps(3);
    // The caret is where the mistake is.
    assert!(harness.query_by_label_contains("Ln 5").is_some());
}

#[test]
fn an_empty_message_is_filled_with_an_example() {
    let mut harness = dark(Bench::new(Draft { messages: Vec::new(), ..fixture::place_draft() }));
    harness.get_by_label("Fill with an example").click();
    harness.run_steps(2);
    let tab = harness.state().tab;
    assert_eq!(harness.state().commands, [Command::FillExample(tab, 0)]);
}

#[test]
fn metadata_rows_are_edited_added_and_removed() {
    let mut harness = dark(Bench::new(fixture::place_draft()));
    harness.get_by_label("Metadata 2 is sent").click();
    harness.run_steps(2);
    harness.get_by_label("Remove metadata 1").click();
    harness.run_steps(2);
    harness.get_by_label("+ add").click();
    harness.run_steps(2);
    harness.get_by_label("Name of metadata 3").focus();
    harness.run_steps(2);
    harness.get_by_label("Name of metadata 3").type_text("x-new");
    harness.run_steps(2);
    let rows: Vec<(bool, String)> = drafted(&harness).metadata.into_iter().map(|row| (row.enabled, row.name)).collect();
    assert_eq!(rows, [(false, "x-trace".into()), (true, "x-request-id".into()), (true, "x-new".into())]);
}

#[test]
fn a_stream_has_four_acts_with_one_meaning_each() {
    let names = ["Start", "Send message", "Done sending", "Cancel"];
    let click_all = |harness: &mut Harness<'_, Bench>| {
        for name in names {
            harness.get_by_role_and_label(Role::Button, name).click();
            harness.run_steps(2);
        }
        std::mem::take(&mut harness.state_mut().commands)
    };
    let mut idle = dark(Bench::new(fixture::chat_draft()));
    let tab = idle.state().tab;
    assert_eq!(click_all(&mut idle), [Command::Start(tab)]);
    assert!(idle.query_by_role_and_label(Role::Button, "Send").is_none(), "no button with two meanings");

    let mut open = dark(streaming());
    assert_eq!(click_all(&mut open), [Command::SendMessage(tab, 2), Command::DoneSending(tab), Command::Cancel(tab)]);

    let mut bench = streaming();
    bench.model.tabs.get_mut(tab).unwrap().running.as_mut().unwrap().half_closed = true;
    assert_eq!(click_all(&mut dark(bench)), [Command::Cancel(tab)]);
}

#[test]
fn prepared_messages_are_added_moved_and_removed() {
    let mut harness = dark(Bench::new(fixture::chat_draft()));
    harness.get_by_label("Add a message").click();
    harness.run_steps(2);
    assert_eq!(drafted(&harness).messages.len(), 6);
    harness.get_by_label("Move up").click();
    harness.run_steps(2);
    harness.get_by_label("Remove this message").click();
    harness.run_steps(2);
    assert_eq!(drafted(&harness).messages, fixture::chat_draft().messages);
}

#[test]
fn the_answer_is_a_tree_with_types_and_a_text() {
    let mut harness = dark(answered());
    assert!(harness.query_by_label("total_minor: 8330").is_some());
    let row = harness.get_by_label("total_minor: 8330").rect().center();
    harness.hover_at(row);
    harness.drag_at(row);
    harness.drop_at(row);
    harness.run_steps(3);
    assert!(harness.query_by_label("total_minor · int64 = 3").is_some());
    harness.get_by_label("Copy path").click();
    harness.run_steps(2);
    let commands = harness.state().commands.as_slice();
    let [Command::ChooseValue(chosen, ChosenIn::Answer), copied] = commands else { panic!("{commands:?}") };
    assert_eq!(chosen.pointer, "/total_minor", "its bytes are shown wherever they can be seen");
    assert_eq!(*copied, Command::Copy("total_minor".into()));
    harness.get_by_label("Text").click();
    harness.run_steps(3);
    look(&mut harness, "call-text");
    assert!(harness.query_by_label("total_minor: 8330").is_none());
}

#[test]
fn the_status_line_says_what_the_call_was() {
    let harness = dark(answered());
    for words in ["0 OK", "12.8 ms", "3.2 kB", "2/3", "orders-2", "CLOSED"] {
        assert!(harness.query_all_by_label(words).next().is_some(), "{words}");
    }
}

#[test]
fn a_failure_says_why_first() {
    let mut bench = Bench::new(fixture::place_draft());
    fixture::failed(&mut bench.model, bench.tab);
    let mut harness = dark(bench);
    assert!(harness.query_all_by_label_contains("connection refused by 127.0.0.1:7004").next().is_some());
    assert!(harness.query_by_label("reason: \"stock service is down\"").is_some());
    harness.get_all_by_label("Show in Traffic").next().unwrap().click();
    harness.run_steps(2);
    let flow = harness.state().model.tabs.active().unwrap().flow;
    assert_eq!(harness.state().commands, [Command::FollowFlow(flow)]);
}

#[test]
fn a_policy_is_switched_off_and_set_here() {
    let mut bench = answered();
    bench.dock = 0.0;
    let mut harness = bench.harness(Theme::Dark, [1240.0, 800.0]);
    harness.get_by_role_and_label(Role::Tab, "Policy").click();
    harness.run_steps(2);
    harness.get_by_role_and_label(Role::Switch, "Breaker").click();
    harness.run_steps(2);
    assert!(drafted(&harness).off.breaker);
    harness.get_by_label("max_attempts").focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.get_by_label("max_attempts").type_text("9");
    harness.run_steps(3);
    look(&mut harness, "call-policy-wrong");
    assert_eq!(drafted(&harness).policy.retry, None, "a wrong value changes nothing");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.get_by_label("max_attempts").type_text("5");
    harness.run_steps(3);
    assert_eq!(drafted(&harness).policy.retry.map(|retry| retry.max_attempts), Some(5));
}

#[test]
fn a_file_changed_outside_is_told_of_with_both_ways_out() {
    let mut bench = answered();
    let tab = bench.tab;
    bench.model.tabs.get_mut(tab).unwrap().outside = crate::store::Outside::Changed;
    let mut harness = dark(bench);
    look(&mut harness, "call-banner");
    harness.get_by_label("Take theirs").click();
    harness.run_steps(2);
    harness.get_by_label("Keep mine").click();
    harness.run_steps(2);
    assert_eq!(harness.state().commands, [Command::TakeTheirs(tab), Command::KeepMine(tab)]);
}

#[test]
fn what_was_changed_elsewhere_is_reloaded() {
    let mut harness = dark(Bench::new(fixture::place_draft()));
    let id = harness.state().tab;
    let tab = harness.state_mut().model.tabs.get_mut(id).unwrap();
    tab.draft.target = "registry:///payments".into();
    tab.revision += 1;
    harness.run_steps(2);
    assert_eq!(harness.state().calls.views[&id].draft.target, "registry:///payments");
    harness.state_mut().calls.forget(id);
    assert!(harness.state().calls.views.is_empty());
}

#[test]
fn a_call_that_is_over_paints_nothing_by_itself() {
    let mut harness = dark(answered());
    harness.run_steps(3);
    // `run` gives the number of frames until nobody asks for one any more.
    assert!(harness.run() <= 2);
    assert_eq!(harness.state().calls.views[&harness.state().tab].request_tab, RequestTab::Message);
}

/// Steps until the message was walked through.
fn walked(harness: &mut Harness<'_, Bench>) {
    for _ in 0..500 {
        harness.step();
        if harness.query_by_label("lines: 40,000 items").is_some() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the message is never walked through");
}

fn at_length() -> Bench {
    let mut bench = Bench::new(fixture::place_draft());
    fixture::answered_at_length(&mut bench.model, bench.tab);
    bench
}

#[test]
fn a_large_answer_is_a_tree_whose_rows_are_read_where_they_are_seen() {
    let mut harness = at_length().harness(Theme::Dark, [1080.0, 800.0]);
    walked(&mut harness);
    harness.get_by_label("lines: 40,000 items").click();
    harness.run_steps(2);
    harness.key_press(Key::ArrowLeft);
    harness.run_steps(2);
    harness.get_by_label_contains("trace_id: \"needle in a haystack").click();
    harness.run_steps(2);
    harness.get_by_label_contains("trace_id · string");
    harness.get_by_label("lines: […]  40,000 items").click();
    harness.run_steps(2);
    harness.key_press(Key::ArrowRight);
    harness.run_steps(2);
    harness.get_by_label("lines: 40,000 items");
    harness.key_press(Key::End);
    harness.run_steps(2);
    harness.key_press(Key::PageUp);
    harness.run_steps(2);
    harness.get_by_label_contains("39985: { sku: \"K7-39985\"");
    look(&mut harness, "large-tree-dark");
    harness.get_by_label("Copy path").click();
    harness.run_steps(2);
    assert!(
        matches!(harness.state().commands.last(), Some(Command::Copy(path)) if path.starts_with("lines[399")),
        "{:?}",
        harness.state().commands.last()
    );
}

#[test]
fn a_place_in_a_large_answer_is_found_in_the_tree_and_in_the_text() {
    let mut harness = at_length().harness(Theme::Light, [1080.0, 800.0]);
    walked(&mut harness);
    harness.get_by_label("Find").click();
    harness.run_steps(2);
    harness.get_by_label("Find in the message").type_text("k7-0123");
    for _ in 0..200 {
        harness.step();
        if harness.query_by_label("1 of 10").is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    harness.get_by_label("1 of 10");
    harness.run_steps(2);
    harness.get_by_label("sku: \"K7-01230\"");
    harness.get_by_label("Next place").click();
    harness.run_steps(3);
    harness.get_by_label("sku: \"K7-01231\"");
    look(&mut harness, "large-find-light");
    harness.get_by_label("Text").click();
    harness.run_steps(2);
    harness.get_by_label("Next place").click();
    harness.run_steps(3);
    harness.get_by_label("3 of 10");
    look(&mut harness, "large-text-light");
}

#[test]
fn what_a_call_brings_to_tls_is_typed_chosen_and_inherited() {
    use crate::model::tls::{Tls, TlsKey};
    let mut draft = fixture::place_draft();
    draft.target = "native+tls://orders.test:7443".into();
    draft.tls.cert = Some("certs/client.pem".into());
    let mut bench = Bench::new(draft);
    if let Some(tab) = bench.model.tabs.get_mut(bench.tab) {
        tab.inherited.tls = Tls { ca: Some("certs/ca.pem".into()), ..Tls::default() };
        tab.inherited.tls_from.insert(TlsKey::Ca, "shop/defaults.yaml".into());
    }
    let tab = bench.tab;
    let mut harness = bench.harness(Theme::Light, [1080.0, 800.0]);
    harness.get_by_label("Auth").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("used here: the address says +tls").is_some());
    assert!(harness.query_by_label("a client certificate needs its key").is_some());
    look(&mut harness, "auth-light");
    harness.get_by_label("Choose: Key").click();
    harness.run_steps(2);
    assert!(harness.state().commands.contains(&Command::ChooseTlsFile(tab, TlsKey::Key)));
    harness.get_by_role_and_label(Role::TextInput, "Server name").focus();
    harness.run_steps(2);
    harness.get_by_role_and_label(Role::TextInput, "Server name").type_text("orders.internal");
    harness.run_steps(3);
    let Some(Command::EditDraft(_, edited)) = harness.state().commands.last() else { panic!() };
    assert_eq!(edited.tls.get(TlsKey::ServerName), Some("orders.internal"));
    // Back to what is inherited: nothing, here.
    harness.get_by_label("Certificate: back to what is inherited").click();
    harness.run_steps(3);
    let Some(Command::EditDraft(_, edited)) = harness.state().commands.last() else { panic!() };
    assert_eq!(edited.tls.get(TlsKey::Cert), None);
    assert!(harness.query_by_label("Paths are relative to the workspace.").is_some());
    look(&mut harness, "auth-inherited");
}

#[test]
fn a_paste_too_large_to_edit_is_shown_and_can_be_cleared() {
    let mut harness = Bench::new(fixture::place_draft()).harness(Theme::Dark, [1080.0, 800.0]);
    if let Some(json) = harness.query_by_label("JSON") {
        json.click();
    }
    harness.run_steps(2);
    harness.get_by_role_and_label(Role::MultilineTextInput, "Message").focus();
    harness.run_steps(2);
    let pasted = format!("{{\"text\": \"{}\"}}\n", "long ".repeat(500_000));
    harness.event(egui::Event::Paste(pasted.clone()));
    harness.run_steps(3);
    let edited = |harness: &Harness<'_, Bench>| match harness.state().commands.last() {
        Some(Command::EditDraft(_, draft)) => draft.messages.first().map_or(0, |message| message.text.len()),
        other => panic!("{other:?}"),
    };
    assert!(edited(&harness) > pasted.len());
    harness.get_by_label("Clear").click();
    harness.run_steps(3);
    assert_eq!(edited(&harness), 0);
}
