//! Traffic as a person meets it, over frames that real engines made. With `CALLSCOPE_GALLERY=folder` the panes are
//! also drawn there as PNG.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use callscope_wire::call::CallHead;
use callscope_wire::capture::recorder::Recorder;
use callscope_wire::capture::{ConnectionFacts, FlowEvent, Frame, Store, TapChunk, TapEvent};
use callscope_wire::dialect;
use callscope_wire::engine::{Engine, Event, Input, Side};
use callscope_wire::{CallId, Code, ConnectionId, FlowId, FrameId, Limits, Shape, Status, Time};
use egui::{Key, Rect, Theme, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

mod link;

use super::{Cx, TrafficPanel};
use crate::command::Command;
use crate::model::Model;
use crate::raster;
use crate::theme::{self, size, tokens};
use crate::widget::pane;

/// A frame with nothing but bytes.
pub(super) fn frame(bytes: &'static [u8]) -> Frame {
    Frame {
        id: FrameId(0),
        at: Time::ZERO,
        connection: ConnectionId(1),
        stream: 1,
        sent: true,
        side: Side::Client,
        dialect: None,
        kind: "?",
        method: None,
        code: None,
        odd: false,
        encoding: callscope_wire::Encoding::default(),
        message: None,
        bytes: Bytes::from_static(bytes),
    }
}

/// Tells the store of a connection, through a recorder as in life.
pub(super) fn open(store: &mut Store, id: u64, side: Side, local: &str, peer: &str) {
    let (local, peer) = (local.to_owned(), peer.to_owned());
    let facts = ConnectionFacts { side, local, peer, transport: "tcp", dialect: None, instance: None };
    let chunk = TapChunk { connection: ConnectionId(id), at: Time::ZERO, what: TapEvent::Opened(facts) };
    Recorder::default().cut(chunk).append(store, true);
}

fn give(engine: &mut dyn Engine, now: Time, input: Input) {
    assert!(engine.input(now, input).is_ok());
}

/// A client and a server of one dialect, tapped on both ends.
struct Wire {
    client: Box<dyn Engine>,
    server: Box<dyn Engine>,
    recorder: Recorder,
    /// Connection of the client's tap; the server's is the next one.
    connection: u64,
    calls: u64,
    now: Time,
}

impl Wire {
    fn new(model: &Model, dialect: &'static str, connection: u64, instance: &str, now: Time) -> Self {
        let found = dialect::by_name(dialect).unwrap();
        let limits = Limits::default();
        let mut wire = Self {
            client: found.client(limits.clone(), false, now),
            server: found.server(limits, false, now),
            recorder: Recorder::default(),
            connection,
            calls: 0,
            now,
        };
        let (local, peer) = (format!("127.0.0.1:{}", 51_000 + connection), "127.0.0.1:40117".to_owned());
        let facts = |side, local: &str, peer: &str, dialect, instance: Option<&str>| ConnectionFacts {
            side,
            local: local.to_owned(),
            peer: peer.to_owned(),
            transport: "tcp",
            dialect,
            instance: instance.map(str::to_owned),
        };
        let client = facts(Side::Client, &local, &peer, Some(dialect), Some(instance));
        wire.tap(model, connection, TapEvent::Opened(client));
        wire.tap(model, connection + 1, TapEvent::Opened(facts(Side::Server, &peer, &local, None, None)));
        wire
    }

    fn tap(&mut self, model: &Model, connection: u64, what: TapEvent) {
        let chunk = TapChunk { connection: ConnectionId(connection), at: self.now, what };
        self.recorder.cut(chunk).append(&mut model.traffic.store(), true);
    }

    fn wait(&mut self, micros: u64) {
        self.now = self.now + Duration::from_micros(micros);
    }

    /// Moves bytes until nothing moves; gives what both engines say.
    fn run(&mut self, model: &Model) -> (Vec<Event>, Vec<Event>) {
        let (mut at_client, mut at_server) = (Vec::new(), Vec::new());
        loop {
            let mut moved = 0;
            for from_client in [true, false] {
                let engine = if from_client { &mut self.client } else { &mut self.server };
                let mut out = Vec::new();
                moved += engine.poll_transmit(self.now, 1 << 20, &mut out);
                let bytes = Bytes::from(out.concat());
                if !bytes.is_empty() {
                    let (sender, receiver) = if from_client { (0, 1) } else { (1, 0) };
                    let base = self.connection;
                    self.tap(model, base + sender, TapEvent::Sent(bytes.clone()));
                    self.tap(model, base + receiver, TapEvent::Received(bytes.clone()));
                    let engine = if from_client { &mut self.server } else { &mut self.client };
                    give(engine.as_mut(), self.now, Input::Bytes(bytes));
                }
                at_client.extend(std::iter::from_fn(|| self.client.poll_event()));
                at_server.extend(std::iter::from_fn(|| self.server.poll_event()));
            }
            if moved == 0 {
                return (at_client, at_server);
            }
        }
    }

    /// A unary call with its answer, as a flow of the model.
    fn call(&mut self, model: &mut Model, method: &str, request: &str, answer: Result<&str, Status>) -> FlowId {
        self.calls += 1;
        let call = CallId(self.calls);
        let flow = model.flows.next_id();
        let target = "registry:///orders".to_owned();
        let started = FlowEvent::Started {
            target,
            method: method.to_owned(),
            shape: Shape::Unary,
            deadline: None,
            trace: None,
            caller: None,
        };
        model.flows.apply(flow, self.now, started);
        let instance = "orders-2".to_owned();
        let picked =
            FlowEvent::AttemptStarted { attempt: 1, instance, address: String::new(), breaker: None, span: None };
        model.flows.apply(flow, self.now, picked);
        let head = Box::new(CallHead { method: method.to_owned(), ..CallHead::default() });
        let message = Some(Bytes::copy_from_slice(request.as_bytes()));
        give(self.client.as_mut(), self.now, Input::Call { call, head, message, end: true });
        let (at_client, at_server) = self.run(model);
        for event in at_client {
            if let Event::Opened { stream, .. } = event {
                let connection = ConnectionId(self.connection);
                model.flows.apply(flow, self.now, FlowEvent::Wire { attempt: 1, connection, stream });
            }
        }
        self.wait(2_140);
        let asked = at_server.into_iter().find_map(|event| match event {
            Event::Request { call, .. } => Some(call),
            _ => None,
        });
        let call = asked.unwrap();
        let status = match answer {
            Ok(answer) => {
                let message = Bytes::copy_from_slice(answer.as_bytes());
                give(self.server.as_mut(), self.now, Input::Message { call, message, end: false });
                Status::ok()
            }
            Err(status) => status,
        };
        give(self.server.as_mut(), self.now, Input::Finish { call, status: Box::new(status.clone()) });
        self.run(model);
        model.flows.apply(flow, self.now, FlowEvent::Ended { status });
        self.wait(700);
        flow
    }
}

const ORDER: &str = r#"{"id":"o-7f3c91","state":"ACCEPTED","total_minor":8330,"currency":"EUR","lines":[{"sku":"A1-204","qty":2,"reserved_at":"wh-shanghai-2"},{"sku":"K7-011","qty":1}],"ship_to":{"name":"王小明","city":"上海","express":true},"served_by":"orders-2"}"#;

fn place(wire: &mut Wire, model: &mut Model, fails: bool) -> FlowId {
    let request = r#"{"sku":"A1-204","qty":2,"note":null}"#;
    let answer =
        if fails { Err(Status::new(Code::UNAVAILABLE, "the stock database does not answer")) } else { Ok(ORDER) };
    wire.call(model, "shop.Orders/Place", request, answer)
}

/// A model with so many calls, every fifth of which fails.
fn orders(calls: u64) -> Model {
    let mut model = Model::default();
    let mut wire = Wire::new(&model, "native", 1, "orders-2", Time::from_millis(1_000));
    let (mut plain, mut last) = (0, Time::from_millis(1_000));
    for n in 0..calls {
        place(&mut wire, &mut model, n % 5 == 4);
        if n % 6 == 3 {
            plain += 1;
            let mut other = Wire::new(&model, "plain", 100 + 2 * plain, "calculator-1", wire.now);
            other.call(&mut model, "add", "[1,2]", Ok("3"));
            wire.now = other.now;
        }
        last = wire.now;
    }
    model.now = last;
    model
}

struct State {
    model: Model,
    panel: TrafficPanel,
    commands: Vec<Command>,
    /// Shown in the dock, and for this call.
    in_dock: bool,
    dock: Option<FlowId>,
}

impl State {
    fn new(model: Model) -> Self {
        Self { model, panel: TrafficPanel::default(), commands: Vec::new(), in_dock: false, dock: None }
    }
}

fn app(ui: &mut egui::Ui, state: &mut State) {
    let t = tokens(ui);
    let rect = ui.max_rect();
    ui.painter().rect_filled(rect.expand(40.0), 0, t.base);
    let cx =
        &mut Cx { model: &state.model, commands: &mut state.commands, tokens: t, narrow: rect.width() < size::NARROW };
    if state.in_dock {
        pane::island(ui.painter(), rect, t);
        state.panel.dock_logic(ui.ctx(), cx, state.dock);
        pane::inside(ui, rect.shrink(1.0), "dock", |ui| state.panel.dock_ui(ui, cx, state.dock));
        return;
    }
    state.panel.logic(ui.ctx(), cx);
    let x = |share: f32| (rect.left() + rect.width() * share).round();
    let part =
        |from: f32, to: f32| Rect::from_min_max(pos2(x(from), rect.top() + 48.0), pos2(x(to) - 4.0, rect.bottom()));
    let bar = Rect::from_min_max(rect.min, pos2(rect.right() - 4.0, rect.top() + 44.0));
    let (list, tree, bytes) = (part(0.0, 0.365), part(0.365, 0.61), part(0.61, 1.0));
    for island in [bar, list, tree, bytes] {
        pane::island(ui.painter(), island, t);
    }
    pane::inside(ui, bar.shrink(1.0), "bar", |ui| state.panel.toolbar_ui(ui, cx));
    pane::inside(ui, list.shrink(1.0), "list", |ui| state.panel.list_ui(ui, cx));
    pane::inside(ui, tree.shrink(1.0), "tree", |ui| state.panel.tree_ui(ui, cx));
    pane::inside(ui, bytes.shrink(1.0), "bytes", |ui| state.panel.bytes_ui(ui, cx));
}

fn harness(state: State, theme: Theme, size: [f32; 2]) -> Harness<'static, State> {
    let mut harness = Harness::builder()
        .with_size(size)
        .with_theme(theme)
        .with_render_cursor(false)
        .renderer(raster::Raster::default())
        .with_context_setup(move |ctx| {
            theme::install(ctx);
            ctx.set_theme(theme);
        })
        .build_ui_state(app, state);
    harness.run_steps(3);
    harness
}

fn wide(model: Model) -> Harness<'static, State> {
    harness(State::new(model), Theme::Dark, [1376.0, 830.0])
}

fn picture(harness: &mut Harness<'_, State>, name: &str, theme: Theme) {
    if let Some(folder) = std::env::var_os("CALLSCOPE_GALLERY") {
        let word = if theme == Theme::Dark { "dark" } else { "light" };
        let path = PathBuf::from(folder).join(format!("{name}-{word}.png"));
        raster::save(&harness.render().unwrap(), &path).unwrap();
    }
}

/// Clicks the first row in view of this kind, and lets it settle.
fn click_row(harness: &mut Harness<'_, State>, kind: &str) {
    let state = harness.state();
    let names: Vec<String> = {
        let store = state.model.traffic.store();
        let frames = state.panel.index.rows().iter().filter_map(|id| store.get(*id));
        frames.filter(|frame| frame.kind == kind).map(|frame| format!("{} {kind}", frame.id)).collect()
    };
    let seen = names.iter().find_map(|name| harness.query_by_label(name));
    seen.unwrap().click();
    harness.run_steps(3);
}

fn listed(harness: &Harness<'_, State>) -> Vec<&'static str> {
    let state = harness.state();
    let store = state.model.traffic.store();
    state.panel.index.rows().iter().filter_map(|id| store.get(*id)).map(|frame| frame.kind).collect()
}

fn type_filter(harness: &mut Harness<'_, State>, text: &str) {
    harness.get_by_label("Filter frames").focus();
    harness.run_steps(2);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
    harness.get_by_label("Filter frames").type_text(text);
    harness.run_steps(4);
}

#[test]
fn frames_of_real_calls_in_both_themes_and_narrow() {
    for theme in [Theme::Dark, Theme::Light] {
        let mut full = harness(State::new(orders(24)), theme, [1376.0, 830.0]);
        full.state_mut().panel.table.follow(false);
        full.state_mut().panel.table.select(Some(0));
        full.run_steps(2);
        click_row(&mut full, "DATA");
        full.get_by_label("qty 2").click();
        full.run_steps(3);
        place(
            &mut Wire::new(&full.state().model, "native", 900, "orders-1", Time::from_millis(1_100)),
            &mut full.state_mut().model,
            true,
        );
        full.run_steps(2);
        picture(&mut full, "traffic", theme);
        let mut narrow = harness(State::new(orders(24)), theme, [936.0, 630.0]);
        click_row(&mut narrow, "STATUS");
        picture(&mut narrow, "traffic-narrow", theme);
        let model = orders(4);
        let flow = model.flows.iter().next().map(|(id, _)| id);
        let mut dock = harness(State { in_dock: true, dock: flow, ..State::new(model) }, theme, [1040.0, 230.0]);
        dock.get_by_label("Show in Traffic");
        picture(&mut dock, "traffic-dock", theme);
        let mut empty = harness(State::new(Model::default()), theme, [1376.0, 830.0]);
        empty.get_by_label("Send a call, its frames appear here.");
        picture(&mut empty, "traffic-empty", theme);
    }
}

#[test]
fn a_byte_selects_its_field_and_a_field_its_bytes() {
    let mut harness = wide(orders(2));
    click_row(&mut harness, "DATA");
    harness.get_by_label("currency \"EUR\"").click();
    harness.run_steps(3);
    let bytes = harness.get_by_label("Bytes of the frame").accesskit_node().value().unwrap();
    assert!(bytes.ends_with("22 45 55 52 22") || bytes == "45 55 52", "{bytes}");
    // And back: the byte under the pointer is that of another field.
    let detail = harness.state().panel.detail.as_ref().unwrap();
    let offset = detail.frame.bytes.windows(4).position(|four| four == b"8330").unwrap();
    harness.state_mut().panel.select_byte(offset);
    harness.run_steps(2);
    let detail = harness.state().panel.detail.as_ref().unwrap();
    assert_eq!(detail.selected_node().unwrap().name, "total_minor");
    assert_eq!(detail.selected_path(), "message.total_minor");
}

#[test]
fn a_click_on_a_byte_selects_the_innermost_field() {
    let mut harness = wide(orders(2));
    click_row(&mut harness, "DATA");
    let grid = harness.get_by_label("Bytes of the frame").rect();
    // Third cell of the first row: a byte of the header's length.
    harness.drag_at(pos2(grid.left() + 12.0 + 4.0 * 7.2 + 14.0 + 50.0, grid.top() + 10.0));
    harness.drop_at(pos2(grid.left() + 12.0 + 4.0 * 7.2 + 14.0 + 50.0, grid.top() + 10.0));
    harness.run_steps(3);
    let detail = harness.state().panel.detail.as_ref().unwrap();
    assert_eq!(detail.selected_node().unwrap().name, "len");
    harness.get_by_label("4 bytes selected");
}

#[test]
fn following_a_call_leaves_only_its_frames() {
    let model = orders(6);
    let all = model.traffic.store().len();
    let (flow, _) = model.flows.iter().nth(1).unwrap();
    let mut harness = wide(model);
    assert!(listed(&harness).len() < all, "our server's side of our own calls is left out");
    harness.state_mut().model.traffic.follow = Some(flow);
    harness.state_mut().model.traffic.follow_revision += 1;
    harness.run_steps(2);
    assert_eq!(listed(&harness), ["REQUEST", "DATA"]);
    harness.get_by_label_contains("Only Place");
    harness.get_by_label("Show all calls again").click();
    harness.run_steps(2);
    assert_eq!(harness.state().commands, [Command::FollowFlow(None)]);
    harness.state_mut().model.settings.show_server_side = true;
    harness.state_mut().model.traffic.follow = None;
    harness.run_steps(2);
    assert_eq!(listed(&harness).len(), all);
}

#[test]
fn the_list_sticks_to_the_end_until_someone_scrolls() {
    let mut harness = wide(orders(30));
    let mut wire = Wire::new(&harness.state().model, "native", 700, "orders-1", Time::from_millis(9_000));
    place(&mut wire, &mut harness.state_mut().model, false);
    harness.run_steps(2);
    assert!(harness.state().panel.table.is_following());
    assert!(harness.query_by_label_contains(" new").is_none());
    harness.hover_at(pos2(200.0, 400.0));
    harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Line,
        delta: egui::vec2(0.0, 5.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: egui::Modifiers::NONE,
    });
    harness.run_steps(8);
    assert!(!harness.state().panel.table.is_following());
    let before = listed(&harness).len();
    place(&mut wire, &mut harness.state_mut().model, false);
    harness.run_steps(2);
    let came = listed(&harness).len() - before;
    assert!(came >= 2, "{came}");
    harness.get_by_label(&format!("{came} new")).click();
    harness.run_steps(2);
    assert!(harness.state().panel.table.is_following());
}

#[test]
fn a_filter_narrows_and_a_wrong_one_says_where() {
    let mut harness = wide(orders(10));
    type_filter(&mut harness, "kind == STATUS && status != OK");
    assert_eq!(listed(&harness), ["STATUS", "STATUS"]);
    type_filter(&mut harness, "kind == STATUS && status != ");
    harness.get_by_label_contains("(character ");
    assert_eq!(listed(&harness).len(), 2, "the last good filter goes on");
    picture(&mut harness, "traffic-filter", Theme::Dark);
    type_filter(&mut harness, "method == nowhere");
    harness.get_by_label("Show all frames").click();
    harness.run_steps(3);
    assert!(listed(&harness).len() > 20);
}

#[test]
fn what_is_odd_is_shown_and_counted() {
    let model = orders(1);
    let mut broken = {
        let store = model.traffic.store();
        let data = store.since(FrameId(0)).find(|frame| frame.kind == "DATA").unwrap();
        data.clone()
    };
    let mut bytes = broken.bytes.to_vec();
    bytes[20] ^= 0xff;
    broken.bytes = Bytes::from(bytes);
    broken.odd = true;
    let id = model.traffic.store().push(broken);
    let mut harness = wide(model);
    harness.state_mut().model.traffic.selected = Some(id);
    harness.state_mut().model.traffic.follow_revision += 1;
    harness.run_steps(3);
    let odd = harness.state().panel.detail.as_ref().unwrap().dissection.diagnostics.clone();
    assert!(!odd.is_empty());
    harness.get_by_label(&odd[0].message.to_string()).click();
    harness.run_steps(3);
    picture(&mut harness, "traffic-odd", Theme::Dark);
    let detail = harness.state().panel.detail.as_ref().unwrap();
    assert!(detail.selected_node().unwrap().span.has(odd[0].span.start));
}

#[test]
fn what_had_to_go_is_counted_and_the_selection_stays() {
    let mut model = orders(3);
    model.traffic.store().set_limit(60_000);
    let mut harness = wide(std::mem::take(&mut model));
    click_row(&mut harness, "DATA");
    let chosen = harness.state().panel.selected.unwrap();
    let mut wire = Wire::new(&harness.state().model, "native", 700, "orders-1", Time::from_millis(9_000));
    for _ in 0..60 {
        place(&mut wire, &mut harness.state_mut().model, false);
    }
    harness.run_steps(2);
    assert!(harness.state().model.traffic.store().get(chosen).is_none(), "the store let it go");
    harness.get_by_label_contains("older dropped");
    assert_eq!(harness.state().panel.detail.as_ref().unwrap().frame.id, chosen, "what was being read stays");
    harness.state().model.traffic.store().clear();
    harness.run_steps(2);
    assert!(listed(&harness).is_empty());
}

#[test]
fn copying_and_recording_leave_as_commands() {
    let mut harness = wide(orders(1));
    click_row(&mut harness, "DATA");
    harness.get_by_label("currency \"EUR\"").click();
    harness.run_steps(2);
    harness.get_by_label("Copy as…").click();
    harness.run_steps(3);
    harness.get_by_label("Path").click();
    harness.run_steps(2);
    harness.get_by_label("Recording").click();
    harness.run_steps(2);
    harness.get_by_label("Clear recorded frames").click();
    harness.run_steps(2);
    let path = Command::Copy("message.currency".to_owned());
    assert_eq!(harness.state().commands, [path, Command::Record(false), Command::ClearTraffic]);
}

/// Prints what a frame costs with 100,000 frames; the goal is 4 ms in a release build.
#[test]
fn cost_of_a_hundred_thousand_frames() {
    let mut model = orders(20);
    let template: Vec<Frame> = model.traffic.store().since(FrameId(0)).cloned().collect();
    {
        let mut store = model.traffic.store();
        *store = Store::new(1 << 30);
        for n in 0..100_000_usize {
            store.push(template[n % template.len()].clone());
        }
    }
    model.settings.show_server_side = true;
    let begun = Instant::now();
    let mut harness = wide(model);
    println!("first frames with 100,000 frames: {:?}", begun.elapsed());
    let begun = Instant::now();
    harness.run_steps(20);
    println!("{:?} a frame", begun.elapsed() / 20);
    let begun = Instant::now();
    type_filter(&mut harness, "status != OK");
    println!("{:?} to type a filter over all of them", begun.elapsed());
    assert_eq!(harness.state().panel.index.total(), 100_000);
}
