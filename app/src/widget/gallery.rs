//! Every widget on one sheet, in both themes: proof that they lay out, have names, and paint only known glyphs.
//!
//! With `CALLSCOPE_GALLERY=folder` the sheets are also written there as PNG, to be looked at.

use std::path::PathBuf;

use egui::{Color32, Id, Rect, Theme, Ui, pos2, vec2};
use egui_kittest::Harness;

use super::mark::Mark;
use super::row::{Caret, Fact, Lead, TreeRow};
use super::subtabs::SubTab;
use super::{
    button, checkbox, chip, edge, empty, field, mark, menu, meter, pane, segmented, select, subtabs, switch, tab, text,
    toast,
};
use crate::raster;
use crate::theme::{self, font, icon, size, tokens};

fn sheets(name: &str, size: [f32; 2], sheet: impl Fn(&mut Ui) + Clone + 'static) {
    for theme in [Theme::Dark, Theme::Light] {
        let sheet = sheet.clone();
        let mut harness = Harness::builder()
            .with_size(size)
            .with_theme(theme)
            .with_render_cursor(false)
            .renderer(raster::Raster::default())
            .with_context_setup(move |ctx| {
                theme::install(ctx);
                ctx.set_theme(theme);
            })
            .build_ui(move |ui| {
                let ground = tokens(ui).base;
                ui.painter().rect_filled(ui.max_rect().expand(40.0), 0, ground);
                sheet(ui);
            });
        harness.run_steps(3);
        if let Some(folder) = std::env::var_os("CALLSCOPE_GALLERY") {
            let word = if theme == Theme::Dark { "dark" } else { "light" };
            let path = PathBuf::from(folder).join(format!("{name}-{word}.png"));
            raster::save(&harness.render().unwrap(), &path).unwrap();
        }
    }
}

fn island(ui: &mut Ui, rect: Rect, salt: &str, add: impl FnOnce(&mut Ui)) {
    pane::island(ui.painter(), rect, tokens(ui));
    pane::inside(ui, rect, salt, add);
}

#[test]
fn controls() {
    sheets("controls", [720.0, 660.0], |ui| {
        let t = tokens(ui);
        let rect = Rect::from_min_size(pos2(4.0, 36.0), vec2(712.0, 620.0));
        pane::tab_island(ui.painter(), rect, t);
        let mut x = rect.left();
        let documents = [
            tab::Tab::new("Place order", true).mark(Some(Mark::Ok)).unsaved(true),
            tab::Tab::new("Watch orders", false).mark(Some(Mark::Idle)).preview(true).closable("Close Watch orders"),
            tab::Tab::new("Import stock", false).unsaved(true),
        ];
        for (index, document) in documents.into_iter().enumerate() {
            let place = Rect::from_min_size(pos2(x, 4.0), vec2(document.width(ui), size::TAB_STRIP));
            x = place.right();
            document.show_at(ui, place, Id::unique(("document", index)));
        }
        pane::inside(ui, rect, "controls", |ui| {
            pane::header(ui, |ui| {
                pane::title(ui, "Controls");
                pane::note(ui, "everything small");
                pane::right(ui, |ui| {
                    button::icon_button(ui, icon::DOTS_THREE, size::ICON, "More");
                    button::icon_button(ui, icon::PLUS, size::ICON, "Add");
                    button::icon_toggle(ui, icon::PAUSE, size::ICON, "Pause", true);
                });
            });
            let mut tab = 0;
            let tabs = [
                SubTab::new("Message"),
                SubTab::new("Metadata").count(3),
                SubTab::new("Policy").dot(true),
                SubTab::new("Expect").failures("1 of 4"),
            ];
            subtabs::subtabs(ui, &tabs, &mut tab, 0.0, "More tabs");
            ui.spacing_mut().item_spacing.y = 8.0;
            egui::Frame::new().inner_margin(12.0).show(ui, |ui| {
                ui.horizontal(|ui| {
                    button::stop_button(ui, "Stop", true);
                    button::split_primary(
                        ui,
                        icon::PAPER_PLANE_TILT,
                        "Send",
                        Some("Ctrl ⏎"),
                        true,
                        "More ways to send",
                    );
                    button::normal(ui, Some(icon::COPY), "Copy as…", true);
                    button::normal(ui, None, "Disabled", false);
                    button::chosen(ui, None, "Merge both", true);
                    button::link(ui, "Show in Traffic");
                    button::pill(ui, icon::DOWNLOAD_SIMPLE, "214 new", true);
                    button::pill(ui, icon::DOWNLOAD_SIMPLE, "15 new", false);
                });
                ui.horizontal(|ui| {
                    let mut one = "registry:///orders".to_owned();
                    field::Field::new("Address", &mut one)
                        .mono()
                        .clearable("Clear")
                        .trailing("8,412 of 1,204,118")
                        .width(320.0)
                        .show(ui);
                    let mut two = String::new();
                    field::Field::new("Filter", &mut two)
                        .hint("Filter")
                        .icon(icon::FUNNEL)
                        .keys("/")
                        .width(180.0)
                        .show(ui);
                    let mut rate = 20.0;
                    field::NumberField::new("Rate", &mut rate, 1.0..=200.0).unit("/s").show(ui);
                });
                ui.horizontal(|ui| {
                    let mut wrong = "12 parsecs".to_owned();
                    field::Field::new("Deadline", &mut wrong).error(true).width(120.0).show(ui);
                    let mut at = 1;
                    select::Select::new("Policy", &["none", "retry thrice", "hedge"]).show(ui, &mut at);
                    let mut word = 1;
                    segmented::segmented(ui, "View", &["Form", "JSON", "Raw"], &mut word);
                    segmented::segmented_small(ui, "Bytes", &["Hex", "Text"], &mut 0);
                });
                ui.horizontal(|ui| {
                    checkbox::checkbox_with_text(ui, &mut true, "Keep alive");
                    checkbox::checkbox_with_text(ui, &mut false, "Reflect");
                    checkbox::checkbox_locked(ui, "Inherited");
                    switch::switch(ui, &mut true, "Retry active");
                    switch::switch(ui, &mut false, "Hedge active");
                    chip::key_caps(ui, "Ctrl+Shift+K");
                    chip::chip(ui, "3/4 healthy", t.warn);
                    chip::count(ui, 1_204_118);
                });
                ui.horizontal(|ui| {
                    chip::status_chip(ui, Mark::Ok, "0 OK");
                    chip::status_chip(ui, Mark::Err, "14 UNAVAILABLE");
                    chip::status_chip(ui, Mark::Cap, "4 DEADLINE_EXCEEDED");
                    chip::status_chip(ui, Mark::Warn, "3 INVALID_ARGUMENT");
                    chip::status_chip(ui, Mark::Idle, "1 CANCELLED");
                    chip::status_chip(ui, Mark::Running, "Streaming");
                });
                marks(ui);
                ui.set_max_width(300.0);
                egui::Frame::popup(ui.style()).show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    ui.set_width(220.0);
                    ui.with_layout(egui::Layout::top_down_justified(egui::Align::Min), |ui| {
                        menu::heading(ui, "This call");
                        menu::item(ui, Some(icon::PAPER_PLANE_TILT), "Send", "Ctrl+Enter", true);
                        menu::Item::new("Stick to end").checked(true).show(ui);
                        menu::separator(ui);
                        menu::Item::new("Delete for good").icon(icon::TRASH).danger().show(ui);
                    });
                });
            });
        });
        toast::toasts(
            ui.ctx(),
            rect,
            &[
                toast::Toast {
                    id: 1,
                    icon: icon::TRASH,
                    text: "12 frames removed from view",
                    undo: Some("Undo"),
                    left: 0.6,
                },
                toast::Toast {
                    id: 2,
                    icon: icon::COPY,
                    text: "Copied as a command line that is far too long to be shown",
                    undo: None,
                    left: 0.9,
                },
            ],
            "Close",
        );
    });
}

fn marks(ui: &mut Ui) {
    let (_, rect) = ui.allocate_space(vec2(680.0, 56.0));
    let t = tokens(ui);
    let painter = ui.painter().clone();
    let all = [Mark::Ok, Mark::Warn, Mark::Cap, Mark::Err, Mark::Idle, Mark::Half, Mark::Running, Mark::Info];
    for (index, kind) in all.into_iter().enumerate() {
        let x = rect.left() + 10.0 + 24.0 * index as f32;
        mark::paint(&painter, pos2(x, rect.top() + 10.0), mark::SIZE, kind, t);
    }
    for index in 0..6 {
        let x = rect.left() + 220.0 + 24.0 * index as f32;
        mark::series(&painter, pos2(x, rect.top() + 10.0), 4.0, index, t);
    }
    mark::ring(&painter, pos2(rect.left() + 390.0, rect.top() + 16.0), 14.0, 0.45, t.err, t.line2);
    mark::lease(&painter, pos2(rect.left() + 424.0, rect.top() + 10.0), 0.6, t);
    mark::lease(&painter, pos2(rect.left() + 444.0, rect.top() + 10.0), 0.05, t);
    let hatched = Rect::from_min_size(rect.left_top() + vec2(470.0, 2.0), vec2(80.0, size::BAR));
    mark::hatch(&painter, hatched, t.low);
    mark::dashed(
        &painter,
        rect.left_top() + vec2(570.0, 10.0),
        rect.left_top() + vec2(670.0, 10.0),
        egui::Stroke::new(1.0, t.low),
        4.0,
        3.0,
    );
    for (index, (name, color)) in [("native", 2), ("grpc", 0), ("json", 1)].into_iter().enumerate() {
        let at = rect.left_top() + vec2(4.0 + 56.0 * index as f32, 38.0);
        chip::badge(&painter, at, name, t.series(color), t);
    }
    let bar = Rect::from_min_size(rect.left_top() + vec2(200.0, 32.0), vec2(160.0, 12.0));
    meter::meter(&painter, bar, 0.6, t.err, Some(0.5), t);
    text::left(&painter, rect.left_top() + vec2(400.0, 42.0), "王小明 你好，世界", font::body(), t.hi);
    edge::vline(&painter, rect.right() - 1.0, rect.y_range(), t.line);
}

struct Line {
    depth: usize,
    caret: Caret,
    lead: Lead,
    name: &'static str,
    note: &'static str,
    fact: &'static str,
    color: Option<Color32>,
}

#[test]
fn tree() {
    sheets("tree", [300.0, 420.0], |ui| {
        let t = tokens(ui);
        let rect = Rect::from_min_size(pos2(4.0, 4.0), vec2(292.0, 412.0));
        island(ui, rect, "tree", |ui| {
            pane::bar(ui, size::PANE_HEADER, pane::Line::None, |ui| {
                pane::title(ui, "Services");
            });
            let line =
                |depth, caret, lead, name, note, fact, color| Line { depth, caret, lead, name, note, fact, color };
            let lines = [
                line(0, Caret::Open, Lead::Icon(icon::DATABASE), "registry", "embedded", "", None),
                line(1, Caret::Open, Lead::Mark(Mark::Half), "orders", "", "3/4", Some(t.warn)),
                line(2, Caret::Open, Lead::None, "shop.Orders", "", "", None),
                line(3, Caret::None, Lead::Icon(icon::ARROWS_LEFT_RIGHT), "Place", "", "unary", None),
                line(3, Caret::None, Lead::Icon(icon::ARROWS_LEFT_RIGHT), "Watch", "", "server stream", None),
                line(1, Caret::Closed, Lead::Mark(Mark::Err), "payments", "", "1/2", Some(t.err)),
                line(0, Caret::Closed, Lead::Icon(icon::GLOBE), "dns+srv", "_rpc._tcp.shop.test", "", None),
            ];
            for (index, line) in lines.iter().enumerate() {
                let facts = [Fact { text: line.fact, color: line.color }];
                TreeRow::new(Id::unique(("row", index)), line.name)
                    .depth(line.depth)
                    .caret(line.caret)
                    .lead(line.lead)
                    .face(if line.depth >= 2 { super::row::Face::Mono } else { super::row::Face::Body })
                    .note(line.note)
                    .facts(&facts)
                    .selected(line.name == "Place")
                    .show(ui);
                if line.name == "orders" {
                    for (name, mark, weight, lease, seconds) in [
                        ("orders-1", Mark::Ok, 1.0, 0.8, "24 s"),
                        ("orders-3", Mark::Warn, 0.5, 0.4, "11 s"),
                        ("orders-4", Mark::Err, 0.0, 0.05, "2 s"),
                    ] {
                        TreeRow::new(Id::unique(name), name)
                            .depth(2)
                            .tight()
                            .lead(Lead::Mark(mark))
                            .note_mono("10.0.3.14")
                            .facts(&[Fact::new(seconds)])
                            .weight(weight)
                            .lease(lease)
                            .show(ui);
                    }
                }
            }
            TreeRow::new(Id::unique("unsaved"), "Place order, unsaved and with a name too long")
                .lead(Lead::Mark(Mark::Warn))
                .facts(&[Fact::new("Place")])
                .unsaved(true)
                .warned(true)
                .show(ui);
        });
    });
}

#[test]
fn empty_state() {
    sheets("empty", [900.0, 640.0], |ui| {
        let rect = Rect::from_min_size(pos2(4.0, 4.0), vec2(892.0, 632.0));
        island(ui, rect, "empty", |ui| {
            empty::Empty {
                headline: "Start with a first call",
                sentence: "An address is enough; every frame and every retry is kept.",
                cards: &[
                    empty::Card { icon: icon::PAPER_PLANE_TILT, title: "New call", note: "native, plain" },
                    empty::Card { icon: icon::PLAY, title: "Demo world", note: "eight services, with faults" },
                    empty::Card { icon: icon::DOWNLOAD_SIMPLE, title: "Open", note: "a folder of calls" },
                ],
                shortcuts: &[("Send", "Ctrl+Enter"), ("Search or run", "Ctrl+K")],
                tip: "Files may be dropped here.",
            }
            .show(ui);
        });
    });
}

#[test]
fn table_and_bytes() {
    use super::vtable::{Column, TableState, VTable};
    use super::{hex, scroll};
    sheets("table", [1040.0, 560.0], |ui| {
        let t = tokens(ui);
        let left = Rect::from_min_size(pos2(4.0, 4.0), vec2(500.0, 552.0));
        island(ui, left, "table", |ui| {
            let columns = [
                Column::right("#", 76.0),
                Column::right("Time", 68.0),
                Column::left("", 24.0),
                Column::left("Wire", 60.0),
                Column::flex("Summary", 80.0),
                Column::left("", 44.0),
                Column::right("Bytes", 60.0),
            ];
            let mut state = TableState::default();
            state.select(Some(999_990));
            let ticks = [0.1, 0.4, 0.45, 0.9].map(|at| scroll::Tick { at, color: t.err });
            let related = |row: u64| row.is_multiple_of(5);
            let name = |row: u64| format!("frame {row}");
            VTable::new(Id::unique("frames"), "Frames", &columns, 1_000_000)
                .ticks(&ticks)
                .related(&related)
                .row_name(&name)
                .show(ui, &mut state, |one, row| {
                    one.mono(0, chip::grouped(row), t.low);
                    one.mono(1, format!("{}.280", row % 700), t.mid);
                    let (glyph, color) =
                        if row % 3 == 0 { (icon::ARROW_UP, t.sent) } else { (icon::ARROW_DOWN, t.recv) };
                    text::glyph(one.painter, one.cell(2).center(), glyph, font::icon_bold(12.0), color);
                    chip::badge(one.painter, one.cell(3).left_center(), "native", t.series(2), t);
                    one.kind_and_summary(4, "CALL", "Place an order, attempt 2, and what else there is");
                    if row % 4 == 0 {
                        let at = one.cell(5).left_center() + vec2(6.0, 0.0);
                        mark::paint(one.painter, at, mark::SIZE, Mark::Err, t);
                        text::left(one.painter, at + vec2(10.0, 0.0), "14", font::label_regular(), t.err);
                    }
                    one.mono(6, chip::grouped(row % 4000), t.low);
                });
        });
        let right = Rect::from_min_size(pos2(508.0, 4.0), vec2(528.0, 552.0));
        island(ui, right, "bytes", |ui| {
            pane::table_header(ui, |ui| {
                pane::title(ui, "Bytes");
                pane::note(ui, "140 B received");
            });
            let bytes: Vec<u8> = (0..140u32).map(|at| (at * at % 251) as u8 * u8::from(at > 4)).collect();
            let span =
                |range, index, selected| hex::HexSpan { range, color: t.series(index), selected, header: index == 5 };
            let spans = [
                span(0..9, 5, false),
                span(9..23, 0, false),
                span(23..26, 1, false),
                span(26..29, 2, true),
                span(29..34, 3, false),
                span(34..90, 4, false),
                span(90..120, 0, false),
                span(120..140, 2, false),
            ];
            let mut state = hex::HexState::default();
            state.select(Some(64..70));
            hex::Hex::new(Id::unique("bytes"), "Bytes", &bytes, &spans).show(ui, &mut state);
        });
    });
}

#[test]
fn json() {
    use super::json::{editor, text as json_text, tree};
    sheets("json", [1240.0, 480.0], |ui| {
        let message = "{\n  \"customer_id\": \"c-48213\",\n  \"items\": [\n    { \"sku\": \"A1-204\", \"qty\": 2, \
            \"unit_price\": 1890 },\n    { \"sku\": \"K7-011\", \"qty\": 1 }\n  ],\n  \"ship_to\": {\n    \
            \"name\": \"王小明\",\n    \"express\": tru\n  },\n  \"key\": \"{{uuid}}\",\n  \"auth\": \
            \"Bearer {{token}}\",\n  \"note\": null\n}";
        let left = Rect::from_min_size(pos2(4.0, 4.0), vec2(420.0, 472.0));
        let mut source = message.to_owned();
        let mut state = editor::EditorState::default();
        state.go_to(100..100);
        let wrong = source.find("tru").map(|at| at..at + 3).unwrap();
        island(ui, left, "editor", |ui| {
            editor::Editor::new(Id::unique("editor"), "Message", &mut source)
                .errors(std::slice::from_ref(&wrong))
                .show(ui, &mut state);
        });
        let value = serde_json::json!({
            "order": {
                "id": "o-7f3c91", "state": true, "total_minor": 8330,
                "lines": [{"sku": "A1-204", "qty": 2}, {"sku": "K7-011", "qty": 1, "note": null}],
                "ship_to": {"name": "王小明", "city": "上海"},
            },
            "pricing": {},
            "trace_id": "9b1de7c04af2",
        });
        let middle = Rect::from_min_size(pos2(428.0, 4.0), vec2(400.0, 472.0));
        island(ui, middle, "tree", |ui| {
            let mut state = tree::TreeState::default();
            state.select(Some("/order/total_minor"));
            let labels =
                tree::Labels { fields: &|count| format!("{count} fields"), items: &|count| format!("{count} items") };
            let fact = |pointer: &str| Some(format!("string = {}", pointer.len()));
            tree::Tree::new(Id::unique("answer"), "Answer", &value, 1, labels).fact(&fact).show(ui, &mut state);
        });
        let right = Rect::from_min_size(pos2(832.0, 4.0), vec2(404.0, 472.0));
        island(ui, right, "text", |ui| {
            let text = format!("{value:#}");
            let mut state = json_text::TextState::default();
            json_text::text_view(ui, Id::unique("text"), "Answer as text", &text, 1, &mut state);
        });
    });
}
