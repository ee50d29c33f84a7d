//! The window in both languages: everything is said in the one that is set, and fits where it stands.

use std::collections::BTreeSet;

use callscope_tests::catalog::{Text, catalog, is_said, places};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use crate::hands::Window;

/// A window and the words it should use.
struct Reader {
    window: Window,
    catalog: std::collections::BTreeMap<String, Text>,
    chinese: bool,
    misfits: BTreeSet<String>,
}

const WIDE: [f32; 2] = [1440.0, 900.0];
const NARROW: [f32; 2] = [1000.0, 700.0];

impl Reader {
    fn open(locale: &str, size: [f32; 2], workspace: &std::path::Path) -> Self {
        callscope::store::unpack_sample(workspace).expect("it is unpacked");
        let mut window = Window::open_in(locale, size, Some(workspace));
        window.wait_until("the workspace is open", |app| app.model.workspace.root.is_some());
        window.wait_until("the shop is there", |app| {
            app.model.services.by_target("registry:///orders").is_some_and(|service| service.schema.ready().is_some())
        });
        let chinese = locale.starts_with("zh");
        Self { window, catalog: catalog(), chinese, misfits: BTreeSet::new() }
    }

    fn text(&self, key: &str) -> String {
        let text = self.catalog.get(key).expect(key);
        if self.chinese { text.chinese.clone().unwrap_or_default() } else { text.english.clone() }
    }

    fn click(&mut self, key: &str) {
        let text = self.text(key);
        self.window.click(&text);
    }

    /// Notes texts of ours that are cut: with an ellipsis where nothing but our words stands in them, or at an edge.
    fn look(&mut self, place: &str) {
        self.window.settle();
        for (shape, clip) in self.window.painted() {
            let text = shape.galley.text();
            let rect = shape.galley.rect.translate(shape.pos.to_vec2());
            if text.is_empty() || !clip.intersects(rect) {
                continue;
            }
            let said = |entry: &&(String, String)| is_said(&entry.1, text);
            let ours: Vec<(String, String)> = self.catalog.keys().map(|key| (key.clone(), self.text(key))).collect();
            let Some((key, template)) = ours.iter().find(said) else { continue };
            let cut = rect.right() > clip.right() + 1.5 || rect.left() < clip.left() - 1.5;
            let shortened = shape.galley.elided && places(template).is_empty();
            if cut || shortened {
                let how = if cut { "is cut off" } else { "ends in an ellipsis" };
                self.misfits.insert(format!("{place}: `{key}` {how}: {text}"));
            }
        }
    }

    /// Through everything that a new user sees in the first minutes.
    fn walk(&mut self) {
        self.look("start");
        self.window.keys(Modifiers::COMMAND, Key::Num2);
        self.look("calls");
        self.window.keys(Modifiers::COMMAND, Key::Num1);
        self.click("shell.empty_orders");
        self.window.wait_until("the message is filled in", |app| {
            let tab = app.model.tabs.active().expect("a tab is open");
            tab.draft.messages.first().is_some_and(|message| message.text.contains("unit_price"))
        });
        self.look("a call to be sent");
        self.window.ctrl(Key::Enter);
        self.window.wait_until("the call is over", |app| {
            let flow = app.model.tabs.active().and_then(|tab| tab.flow);
            flow.and_then(|flow| app.model.flows.get(flow)).is_some_and(|record| record.flow.status.is_some())
        });
        self.look("a call that is over");
        for key in ["call.response.trailers", "call.response.attempts", "call.request.policy", "call.request.docs"] {
            // What finds no room among the sub-tabs is in the menu at their end.
            if self.window.harness.query_all_by_label_contains(&self.text(key)).next().is_none() {
                self.click("call.more_tabs");
            }
            self.click(key);
            self.look(key);
        }
        self.window.keys(Modifiers::COMMAND, Key::Num3);
        self.look("traffic");
        self.window.keys(Modifiers::COMMAND, Key::Num4);
        self.look("plots");
        self.window.ctrl(Key::Comma);
        self.look("settings");
        self.click("settings.sources");
        self.look("more settings");
        self.window.ctrl(Key::K);
        self.look("palette");
        self.window.keys(Modifiers::NONE, Key::Escape);
    }
}

#[test]
fn every_text_fits_in_both_languages_and_sizes() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut misfits = BTreeSet::new();
    for (locale, size) in [("en", WIDE), ("zh_CN.UTF-8", WIDE), ("en", NARROW), ("zh_CN.UTF-8", NARROW)] {
        let mut reader = Reader::open(locale, size, &folder.path().join("sample"));
        reader.walk();
        let [width, height] = size;
        misfits.extend(reader.misfits.into_iter().map(|misfit| format!("{locale} {width}x{height} {misfit}")));
    }
    assert!(misfits.is_empty(), "texts that do not fit:\n{}", misfits.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_switch_is_seen_at_once_everywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut reader = Reader::open("en", WIDE, &folder.path().join("sample"));
    reader.walk();
    reader.window.ctrl(Key::K);
    reader.window.type_text(">language");
    reader.window.keys(Modifiers::NONE, Key::Enter);
    reader.chinese = true;
    let mut left = BTreeSet::new();
    for view in [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Comma] {
        reader.window.ctrl(view);
        reader.window.settle();
        let shown: BTreeSet<String> =
            reader.window.painted().iter().map(|(shape, _)| shape.galley.text().to_owned()).collect();
        for (key, text) in &reader.catalog {
            let other = text.chinese.as_deref().unwrap_or_default() != text.english;
            // What others say in the same word is theirs: names, values, status lines.
            let letters = text.english.chars().filter(|char| char.is_alphabetic()).count();
            if other && letters > 3 && shown.contains(&text.english) {
                left.insert(format!("{view:?}: `{key}` {:?}", text.english));
            }
        }
    }
    assert!(left.is_empty(), "still English:\n{}", left.into_iter().collect::<Vec<_>>().join("\n"));
}
