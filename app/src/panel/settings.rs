//! The settings view: a list of sections at the left, the settings themselves beside it. Changes take effect at once.
//!
//! It paints `Model::settings` and pushes whole new settings; it keeps nothing of them itself.

mod shortcuts;
#[cfg(test)]
mod tests;

use egui::{Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use self::shortcuts::ShortcutTable;
use super::Cx;
use crate::command::{ACTS, Act, Command};
use crate::model::settings::{Language, Settings, Theme};
use crate::model::shortcuts::{effective, is_changed};
use crate::theme::{font, icon, size};
use crate::widget::select::Select;
use crate::widget::{button, chip, edge, field, pane, row, segmented, switch, text};

/// Where controls begin in a row.
const CONTROL_AT: f32 = 180.0;
const SECTION_ROW: f32 = 32.0;
const ZOOM_STEP: u16 = 10;
const ZOOM: std::ops::RangeInclusive<u16> = 50..=200;

/// The view's own state.
#[derive(Debug, Default)]
pub struct SettingsPanel {
    section: Section,
    shortcuts: ShortcutTable,
}

/// The sections; the first two are shown together, and the other three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Section {
    #[default]
    Appearance,
    Shortcuts,
    Recording,
    Sources,
    About,
}

impl Section {
    const ALL: [Self; 5] = [Self::Appearance, Self::Shortcuts, Self::Recording, Self::Sources, Self::About];

    fn title(self) -> std::borrow::Cow<'static, str> {
        match self {
            Self::Appearance => t!("settings.appearance"),
            Self::Shortcuts => t!("settings.shortcuts"),
            Self::Recording => t!("settings.recording"),
            Self::Sources => t!("settings.sources"),
            Self::About => t!("settings.about"),
        }
    }

    const fn icon(self) -> char {
        match self {
            Self::Appearance => icon::PALETTE,
            Self::Shortcuts => icon::KEYBOARD,
            Self::Recording => icon::ARROWS_DOWN_UP,
            Self::Sources => icon::TREE_STRUCTURE,
            Self::About => icon::INFO,
        }
    }

    fn fact(self, settings: &Settings) -> String {
        match self {
            Self::Appearance => String::new(),
            Self::Shortcuts => match ACTS.iter().filter(|info| is_changed(info, settings)).count() {
                0 => String::new(),
                changed => t!("settings.changed_count", n = changed).into_owned(),
            },
            Self::Recording => format!("{} MiB", settings.capture_mib),
            Self::Sources => settings.sources.len().to_string(),
            Self::About => env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

impl SettingsPanel {
    /// Whether keys are being recorded: the shell must not act on them then.
    pub fn recording(&self) -> bool {
        self.shortcuts.recording()
    }

    /// Paints the whole view.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let rect = ui.available_rect_before_wrap();
        let width = if cx.narrow { size::SIDEBAR_MIN } else { size::SIDEBAR };
        let (list, page) = rect.split_left_right_at_x(rect.left() + width);
        let page = Rect::from_min_max(page.min + vec2(size::ISLAND_GAP, 0.0), page.max);
        pane::island(ui.painter(), list, cx.tokens);
        pane::inside(ui, list.shrink(1.0), "sections", |ui| self.sections_ui(ui, cx));
        let below = |rect: Rect, height: f32| {
            let (top, rest) = rect.split_top_bottom_at_y((rect.top() + height).min(rect.bottom()));
            (top, Rect::from_min_max(pos2(rest.left(), (rest.top() + size::ISLAND_GAP).min(rest.bottom())), rest.max))
        };
        let rows = |count: usize| size::PANE_HEADER + count as f32 * size::SETTING_ROW + 8.0;
        match self.section {
            Section::Appearance | Section::Shortcuts => {
                let (top, rest) = below(page, rows(4));
                island(ui, cx, top, Section::Appearance, appearance_ui);
                pane::island(ui.painter(), rest, cx.tokens);
                pane::inside(ui, rest.shrink(1.0), "shortcuts", |ui| self.shortcuts.ui(ui, cx));
            }
            Section::Recording | Section::Sources | Section::About => {
                let (top, rest) = below(page, rows(3));
                island(ui, cx, top, Section::Recording, recording_ui);
                let (middle, rest) = below(rest, rows(cx.model.settings.sources.len().clamp(1, 12)));
                island(ui, cx, middle, Section::Sources, sources_ui);
                let (bottom, _) = below(rest, rows(3));
                island(ui, cx, bottom, Section::About, about_ui);
            }
        }
    }

    fn sections_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let t = cx.tokens;
        pane::bar(ui, size::PANE_HEADER, pane::Line::None, |ui| pane::title(ui, &t!("settings.title")));
        for section in Section::ALL {
            let (_, rect) = ui.allocate_space(vec2(ui.available_width(), SECTION_ROW));
            let title = section.title();
            let response = ui.interact(rect, ui.make_persistent_id(("section", section.icon())), Sense::click());
            let selected = self.section == section;
            response.widget_info(|| WidgetInfo::selected(Role::Tab, true, selected, title.as_ref()));
            if response.clicked() {
                self.section = section;
            }
            row::ground(ui.painter(), rect, selected, &response, t);
            let y = rect.center().y;
            let ink = if selected { t.accent } else { t.mid };
            text::glyph(ui.painter(), pos2(rect.left() + 24.0, y), section.icon(), font::icon(size::ICON), ink);
            let fact = pos2(rect.right() - size::ROW_RIGHT, y);
            let right = text::right(ui.painter(), fact, section.fact(&cx.model.settings), font::small(), t.low);
            let left = rect.left() + 44.0;
            text::left_elided(ui.painter(), pos2(left, y), title, font::body(), t.hi, right - 8.0 - left);
        }
        let rect = ui.max_rect();
        let footer = Rect::from_min_max(pos2(rect.left(), rect.bottom() - size::PANE_FOOTER), rect.max);
        pane::bar_at(ui, footer, pane::Line::Above, |ui| pane::note(ui, &t!("settings.at_once")));
    }
}

fn island(ui: &mut Ui, cx: &mut Cx<'_>, rect: Rect, section: Section, rows: impl FnOnce(&mut Ui, &mut Cx<'_>)) {
    pane::island(ui.painter(), rect, cx.tokens);
    let title = section.title();
    pane::inside(ui, rect.shrink(1.0), &title, |ui| {
        pane::header(ui, |ui| pane::title(ui, &title));
        ui.add_space(3.0);
        rows(ui, cx);
    });
}

/// A row of 44: its label, its control, and a note behind that.
fn setting_row(ui: &mut Ui, cx: &mut Cx<'_>, label: &str, note: &str, control: impl FnOnce(&mut Ui, &mut Cx<'_>)) {
    pane::bar(ui, size::SETTING_ROW, pane::Line::None, |ui| {
        let rect = ui.max_rect();
        text::left(ui.painter(), rect.left_center(), label, font::body(), cx.tokens.hi);
        let indent = if cx.narrow { 140.0 } else { CONTROL_AT - size::PANE_PADDING };
        ui.add_space(indent);
        control(ui, cx);
        if !note.is_empty() {
            ui.add_space(8.0);
            text::line(ui, note, font::label_regular(), cx.tokens.low, 20.0);
        }
    });
}

fn change(cx: &mut Cx<'_>, change: impl FnOnce(&mut Settings)) {
    let mut settings = cx.model.settings.clone();
    change(&mut settings);
    if settings != cx.model.settings {
        cx.push(Command::Settings(Box::new(settings)));
    }
}

fn appearance_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    const THEMES: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];
    let note = match (cx.model.settings.theme, ui.ctx().system_theme()) {
        (Theme::System, Some(egui::Theme::Dark)) => t!("settings.system_dark"),
        (Theme::System, Some(egui::Theme::Light)) => t!("settings.system_light"),
        _ => "".into(),
    };
    setting_row(ui, cx, &t!("settings.theme"), &note, |ui, cx| {
        let words = [t!("settings.theme_system"), t!("settings.theme_light"), t!("settings.theme_dark")];
        let words: Vec<&str> = words.iter().map(std::convert::AsRef::as_ref).collect();
        let mut chosen = THEMES.iter().position(|theme| *theme == cx.model.settings.theme).unwrap_or(0);
        if segmented::segmented(ui, &t!("settings.theme"), &words, &mut chosen).changed()
            && let Some(theme) = THEMES.get(chosen)
        {
            change(cx, |settings| settings.theme = *theme);
        }
    });
    setting_row(ui, cx, &t!("settings.language"), &t!("settings.language_note"), language_ui);
    setting_row(ui, cx, &t!("settings.zoom"), "", zoom_ui);
    let mut reduce = cx.model.settings.reduce_motion;
    setting_row(ui, cx, &t!("settings.reduce_motion"), &t!("settings.reduce_motion_note"), |ui, cx| {
        if switch::switch(ui, &mut reduce, &t!("settings.reduce_motion")).changed() {
            change(cx, |settings| settings.reduce_motion = reduce);
        }
    });
}

/// The languages call themselves by their own names, so that everyone finds theirs.
fn language_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let follow = t!("settings.language_system");
    let mut chosen = Language::ALL.iter().position(|language| *language == cx.model.settings.language).unwrap_or(0);
    let name = t!("settings.language");
    let names = [&*follow, "English", "简体中文"];
    if Select::new(&name, &names).width(200.0).show(ui, &mut chosen).changed()
        && let Some(language) = Language::ALL.get(chosen)
    {
        change(cx, |settings| settings.language = *language);
    }
}

/// − 100 % + as one joined field, then the keys that do the same.
fn zoom_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let t = cx.tokens;
    let zoom = cx.model.settings.zoom;
    let (_, rect) = ui.allocate_space(vec2(144.0, size::CONTROL));
    edge::frame(ui.painter(), rect, size::CONTROL_RADIUS, t.field, t.line2);
    for x in [rect.left() + 36.0, rect.right() - 36.0] {
        edge::vline(ui.painter(), x, rect.y_range().shrink(1.0), t.line2);
    }
    let id = ui.make_persistent_id("zoom");
    let at = |x: f32| pos2(x, rect.center().y);
    let out = button::icon_button_at(ui, at(rect.left() + 18.0), icon::MINUS, 13.0, &t!("act.zoom_out"), id.with(0));
    let into = button::icon_button_at(ui, at(rect.right() - 18.0), icon::PLUS, 13.0, &t!("act.zoom_in"), id.with(1));
    text::center(ui.painter(), rect.center(), format!("{zoom} %"), font::label(), t.hi);
    if out.clicked() {
        change(cx, |settings| settings.zoom = zoom.saturating_sub(ZOOM_STEP).max(*ZOOM.start()));
    }
    if into.clicked() {
        change(cx, |settings| settings.zoom = zoom.saturating_add(ZOOM_STEP).min(*ZOOM.end()));
    }
    if cx.narrow {
        return;
    }
    ui.add_space(8.0);
    for (act, words) in [
        (Act::ZoomIn, t!("settings.zoom_in")),
        (Act::ZoomOut, t!("settings.zoom_out")),
        (Act::ZoomReset, t!("settings.zoom_reset")),
    ] {
        if let Some(chord) = effective(act, &cx.model.settings) {
            chip::key_caps(ui, &chord.to_string());
            text::line(ui, &words, font::label_regular(), t.low, 20.0);
            ui.add_space(8.0);
        }
    }
}

fn recording_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    setting_row(ui, cx, &t!("settings.capture"), &t!("settings.capture_note"), |ui, cx| {
        let mut value = f64::from(cx.model.settings.capture_mib);
        let name = t!("settings.capture");
        let number = field::NumberField::new(&name, &mut value, 16.0..=8192.0).step(16.0).unit("MiB").width(128.0);
        if number.show(ui).changed() {
            change(cx, |settings| settings.capture_mib = value as u32);
        }
    });
    setting_row(ui, cx, &t!("settings.max_message"), &t!("settings.max_message_note"), |ui, cx| {
        let mut value = f64::from(cx.model.settings.max_message_mib);
        let name = t!("settings.max_message");
        let number = field::NumberField::new(&name, &mut value, 1.0..=2047.0).step(16.0).unit("MiB").width(128.0);
        if number.show(ui).changed() {
            change(cx, |settings| settings.max_message_mib = value as u32);
        }
    });
    let mut both = cx.model.settings.show_server_side;
    setting_row(ui, cx, &t!("settings.server_side"), &t!("settings.server_side_note"), |ui, cx| {
        if switch::switch(ui, &mut both, &t!("settings.server_side")).changed() {
            change(cx, |settings| settings.show_server_side = both);
        }
    });
}

fn sources_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.model.settings.sources.is_empty() {
        pane::bar(ui, size::SETTING_ROW, pane::Line::None, |ui| {
            text::line(ui, &t!("settings.no_sources"), font::label_regular(), cx.tokens.low, 20.0);
        });
        return;
    }
    egui::ScrollArea::vertical().id_salt("sources").auto_shrink(false).show(ui, |ui| {
        for address in &cx.model.settings.sources {
            pane::bar(ui, size::SETTING_ROW, pane::Line::None, |ui| {
                text::left(ui.painter(), ui.max_rect().left_center(), address, font::code_small(), cx.tokens.hi);
                pane::right(ui, |ui| {
                    let name = t!("settings.remove_source", address = address);
                    if button::icon_button(ui, icon::X, size::ICON_SMALL, &name).clicked() {
                        cx.commands.push(Command::RemoveSource(address.clone()));
                    }
                });
            });
        }
    });
}

fn about_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    for (label, value) in [
        (t!("settings.version"), format!("Callscope {}", env!("CARGO_PKG_VERSION"))),
        (t!("settings.license"), env!("CARGO_PKG_LICENSE").to_owned()),
        (t!("settings.fonts"), t!("settings.fonts_note").into_owned()),
    ] {
        setting_row(ui, cx, &label, "", |ui, cx| {
            text::line(ui, &value, font::label_regular(), cx.tokens.mid, 20.0);
        });
    }
}
