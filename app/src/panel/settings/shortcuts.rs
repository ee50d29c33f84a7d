//! The table of shortcuts, and recording new ones in place.

use egui::{Event, EventFilter, Id, Key, Modifiers, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::super::Cx;
use crate::command::{ACTS, Act, ActInfo, Command, Scope};
use crate::model::settings::Settings;
use crate::model::shortcuts::{self, Chord};
use crate::theme::{font, icon, size};
use crate::widget::mark::{self, Mark};
use crate::widget::{button, chip, edge, field, pane, text};

const ROW: f32 = 36.0;
const RECORDING_ROW: f32 = 72.0;
/// Columns as shares of the width: keys, where, source.
const COLUMNS: [f32; 3] = [0.33, 0.645, 0.79];

/// The table's own state.
#[derive(Debug, Default)]
pub(super) struct ShortcutTable {
    filter: String,
    recording: Option<Recording>,
}

#[derive(Debug)]
struct Recording {
    act: Act,
    pressed: Pressed,
    started: bool,
}

/// What was pressed since the recording began.
#[derive(Clone, Debug, PartialEq)]
enum Pressed {
    Nothing,
    /// Backspace: no keys at all.
    None,
    /// A letter by itself would never reach a text field again.
    Bare,
    Chord(Chord),
}

impl ShortcutTable {
    pub(super) fn recording(&self) -> bool {
        self.recording.is_some()
    }

    pub(super) fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        self.header_ui(ui, cx);
        let t = cx.tokens;
        let columns = Columns::of(ui.available_rect_before_wrap());
        pane::table_header(ui, |ui| {
            let y = ui.max_rect().center().y;
            for (x, words) in [
                (columns.name, t!("settings.column_command")),
                (columns.keys, t!("settings.column_keys")),
                (columns.place, t!("settings.column_where")),
                (columns.source, t!("settings.column_source")),
            ] {
                text::left(ui.painter(), pos2(x, y), words, font::small(), t.low);
            }
        });
        ScrollArea::vertical().id_salt("shortcut rows").auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let needle = self.filter.trim().to_lowercase();
            for info in ACTS {
                let keys = keys_of(info, &cx.model.settings);
                let title = t!(format!("act.{}", info.id)).into_owned();
                let found = title.to_lowercase().contains(&needle) || keys.to_lowercase().contains(&needle);
                let recording = self.recording.as_ref().is_some_and(|recording| recording.act == info.act);
                if found || recording {
                    self.row_ui(ui, cx, info, &title, &keys, &columns);
                }
            }
        });
    }

    fn header_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let changed = ACTS.iter().filter(|info| shortcuts::is_changed(info, &cx.model.settings)).count();
        pane::bar(ui, 48.0, pane::Line::Below, |ui| {
            pane::title(ui, &t!("settings.shortcuts"));
            ui.add_space(8.0);
            if !cx.narrow {
                let words = match changed {
                    0 => t!("settings.shortcut_count", n = ACTS.len()),
                    changed => t!("settings.shortcut_changed", n = ACTS.len(), changed = changed),
                };
                text::line(ui, &words, font::label_regular(), cx.tokens.low, 20.0);
            }
            pane::right(ui, |ui| {
                if button::normal(ui, None, &t!("settings.reset_all"), changed > 0).clicked() {
                    let settings =
                        Settings { shortcuts: std::collections::BTreeMap::new(), ..cx.model.settings.clone() };
                    cx.push(Command::Settings(Box::new(settings)));
                    self.recording = None;
                }
                field::Field::new(&t!("settings.find_shortcut"), &mut self.filter)
                    .hint(&t!("settings.find_shortcut_hint"))
                    .icon(icon::MAGNIFYING_GLASS)
                    .clearable(&t!("settings.clear_filter"))
                    .width(240.0_f32.min(ui.available_width()))
                    .show(ui);
            });
        });
    }

    fn row_ui(
        &mut self,
        ui: &mut Ui,
        cx: &mut Cx<'_>,
        info: &'static ActInfo,
        title: &str,
        keys: &str,
        columns: &Columns,
    ) {
        let t = cx.tokens;
        let recording = self.recording.as_ref().is_some_and(|recording| recording.act == info.act);
        let height = if recording { RECORDING_ROW } else { ROW };
        let (_, rect) = ui.allocate_space(vec2(ui.available_width(), height));
        let id = Id::unique(("shortcut", info.id));
        let response = ui.interact(rect, id, Sense::click());
        response.widget_info(|| WidgetInfo::selected(Role::Row, true, recording, title));
        let line = Rect::from_min_size(rect.min, vec2(rect.width(), ROW));
        let y = line.center().y;
        let painter = ui.painter().clone();
        if recording {
            painter.rect_filled(rect.shrink2(vec2(4.0, 2.0)), size::ROW_RADIUS, t.select);
        } else {
            if response.hovered() {
                painter.rect_filled(rect.shrink2(vec2(4.0, 0.0)), size::ROW_RADIUS, t.hover);
            }
            edge::hline(&painter, rect.x_range().shrink(size::PANE_PADDING), rect.bottom() - 1.0, t.line);
        }
        if response.has_focus() && !recording {
            edge::focus_ring(&painter, rect.shrink2(vec2(4.0, 2.0)), size::ROW_RADIUS, t);
        }
        let room = columns.keys - 12.0 - columns.name;
        text::left_elided(&painter, pos2(columns.name, y), title, font::body(), t.hi, room);
        text::left(&painter, pos2(columns.place, y), place_of(info.scope), font::label_regular(), t.mid);
        let changed = shortcuts::is_changed(info, &cx.model.settings);
        if recording {
            self.recording_ui(ui, cx, info, keys, columns, rect);
            return;
        }
        if keys.is_empty() {
            text::left(&painter, pos2(columns.keys, y), t!("settings.no_keys"), font::label_regular(), t.low);
        } else {
            let width = chip::key_caps_width(&painter, keys);
            chip::paint_key_caps(&painter, pos2(columns.keys + width, y), keys, t);
        }
        let mut x = columns.source;
        if changed {
            painter.circle_filled(pos2(x + 3.0, y), 3.0, t.accent);
            x += 12.0;
        }
        let (words, ink) = if changed { (t!("settings.changed"), t.hi) } else { (t!("settings.default"), t.mid) };
        text::left(&painter, pos2(x, y), words, font::label_regular(), ink);
        let at = pos2(rect.right() - 24.0, y);
        if changed {
            let name = t!("settings.reset", what = title);
            if button::icon_button_at(ui, at, icon::ARROW_U_UP_LEFT, 13.0, &name, id.with("reset")).clicked() {
                cx.push(Command::Settings(Box::new(shortcuts::reset(&cx.model.settings, info.act))));
                return;
            }
        } else {
            text::glyph(&painter, at, icon::PENCIL_SIMPLE, font::icon(13.0), t.mid);
        }
        if response.clicked() {
            self.recording = Some(Recording { act: info.act, pressed: Pressed::Nothing, started: false });
            ui.ctx().request_repaint();
        }
    }

    fn recording_ui(
        &mut self,
        ui: &mut Ui,
        cx: &mut Cx<'_>,
        info: &ActInfo,
        keys: &str,
        columns: &Columns,
        rect: Rect,
    ) {
        let Some(recording) = &mut self.recording else { return };
        let t = cx.tokens;
        let painter = ui.painter().clone();
        let y = rect.top() + ROW / 2.0;
        let id = Id::unique("shortcut recorder");
        let place = Rect::from_min_max(pos2(columns.keys - 4.0, y - 14.0), pos2(columns.place - 24.0, y + 14.0));
        let response = ui.interact(place, id, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, t!("settings.new_keys")));
        if !ui.input(|input| input.pointer.any_click()) && !recording.started {
            recording.started = true;
            // The row has grown, perhaps below the edge.
            ui.scroll_to_rect(rect, None);
            ui.memory_mut(|memory| memory.request_focus(id));
        } else if !recording.started {
            ui.ctx().request_repaint();
        }
        let all = EventFilter { tab: true, horizontal_arrows: true, vertical_arrows: true, escape: true };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, all));
        // A click anywhere else gives up, as leaving a field does.
        if recording.started && !ui.memory(|memory| memory.has_focus(id)) {
            self.recording = None;
            ui.ctx().request_repaint();
            return;
        }
        let said = take_keys(ui, &mut recording.pressed);
        edge::frame(&painter, place, size::CONTROL_RADIUS, t.field, t.line2);
        edge::focus_ring(&painter, place, size::CONTROL_RADIUS, t);
        let mut x = place.left() + 4.0;
        if let Pressed::Chord(chord) = &recording.pressed {
            let caps = chord.to_string();
            let width = chip::key_caps_width(&painter, &caps);
            chip::paint_key_caps(&painter, pos2(x + width, y), &caps, t);
            x += width + 4.0;
        }
        painter.rect_filled(Rect::from_min_size(pos2(x + 2.0, y - 8.0), vec2(size::CARET, 16.0)), 0, t.accent);
        let hint = text::galley(&painter, t!("settings.press_keys"), font::label_regular());
        if place.right() - 8.0 - hint.size().x > x + 12.0 {
            text::galley_right(&painter, pos2(place.right() - 8.0, y), hint, t.low);
        }
        text::left(&painter, pos2(columns.source, y), t!("settings.recording_now"), font::label_regular(), t.accent);
        let how = text::galley(&painter, t!("settings.how_to_end"), font::label_regular());
        if rect.right() - 16.0 - how.size().x > columns.source + 72.0 {
            text::galley_right(&painter, pos2(rect.right() - 16.0, y), how, t.mid);
        }
        let below = pos2(columns.keys, rect.bottom() - 20.0);
        let taken = second_line(ui, cx, recording, info, keys, below);
        match said {
            _ if taken => {}
            Said::Confirm if matches!(recording.pressed, Pressed::Chord(_) | Pressed::None) => {}
            Said::Cancel => {
                self.recording = None;
                ui.ctx().request_repaint();
                return;
            }
            _ => return,
        }
        let chord = if let Pressed::Chord(chord) = &recording.pressed { Some(chord) } else { None };
        cx.push(Command::Settings(Box::new(shortcuts::bound(&cx.model.settings, info.act, chord))));
        self.recording = None;
    }
}

/// Who has these keys, and what they were. Gives true when they are taken over by the link.
fn second_line(ui: &mut Ui, cx: &Cx<'_>, recording: &Recording, info: &ActInfo, was: &str, at: egui::Pos2) -> bool {
    let t = cx.tokens;
    let painter = ui.painter().clone();
    let mut x = at.x;
    let mut taken = false;
    let warn = |x: f32, words: &str| {
        mark::paint(&painter, pos2(x + 5.0, at.y), 10.0, Mark::Warn, t);
        text::left(&painter, pos2(x + 16.0, at.y), words, font::label_regular(), t.warn) + 12.0
    };
    match &recording.pressed {
        Pressed::Bare => x = warn(x, &t!("settings.bare_key")),
        Pressed::None => {
            let words = t!("settings.will_be_none");
            x = text::left(&painter, pos2(x, at.y), words, font::label_regular(), t.mid) + 12.0;
        }
        Pressed::Nothing => {}
        Pressed::Chord(chord) => {
            if let Some(other) = shortcuts::clash(info.act, chord, &cx.model.settings) {
                let title = t!(format!("act.{}", other.id));
                x = warn(x, &t!("settings.clash", keys = chord, other = title));
                let place = Rect::from_min_size(pos2(x, at.y - 10.0), vec2(0.0, 20.0));
                let mut child = ui.new_child(egui::UiBuilder::new().max_rect(place));
                // Pressing, not clicking: a click would first take the focus from the recorder.
                let link = button::link_sized(&mut child, &t!("settings.take_over"), font::label_regular());
                taken = link.clicked() || link.is_pointer_button_down_on();
                x = link.rect.right() + 12.0;
            }
        }
    }
    let was = if was.is_empty() { t!("settings.was_none") } else { t!("settings.was", keys = was) };
    text::left(&painter, pos2(x, at.y), was, font::label_regular(), t.low);
    taken
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    Confirm,
    Cancel,
}

/// Takes every key out of the input: while recording they mean themselves.
fn take_keys(ui: &Ui, pressed: &mut Pressed) -> Said {
    let mut said = Said::Nothing;
    ui.input_mut(|input| {
        input.events.retain(|event| {
            let Event::Key { key, pressed: down, modifiers, .. } = event else {
                return !matches!(event, Event::Text(_) | Event::Copy | Event::Cut | Event::Paste(_));
            };
            if *down {
                match (*key, modifiers.is_none()) {
                    (Key::Enter, true) => said = Said::Confirm,
                    (Key::Escape, true) => said = Said::Cancel,
                    (Key::Backspace | Key::Delete, true) => *pressed = Pressed::None,
                    (key, _) => *pressed = chord_of(key, *modifiers).map_or(Pressed::Bare, Pressed::Chord),
                }
            }
            false
        });
    });
    said
}

/// `None`: keys that a person needs for typing.
fn chord_of(key: Key, modifiers: Modifiers) -> Option<Chord> {
    let chord =
        Chord { ctrl: modifiers.command, alt: modifiers.alt, shift: modifiers.shift, key: key.name().to_owned() };
    // Once through the text, so that only what settings can hold is taken.
    let chord: Chord = chord.to_string().parse().ok()?;
    let function = chord.key.len() > 1 && chord.key.starts_with('F');
    (chord.ctrl || chord.alt || function).then_some(chord)
}

fn keys_of(info: &ActInfo, settings: &Settings) -> String {
    shortcuts::effective(info.act, settings).map(|chord| chord.to_string()).unwrap_or_default()
}

fn place_of(scope: Scope) -> std::borrow::Cow<'static, str> {
    match scope {
        Scope::Global => t!("settings.where_global"),
        Scope::Call => t!("settings.where_call"),
        Scope::List => t!("settings.where_list"),
        Scope::Pane => t!("settings.where_pane"),
    }
}

struct Columns {
    name: f32,
    keys: f32,
    place: f32,
    source: f32,
}

impl Columns {
    fn of(rect: Rect) -> Self {
        let [keys, place, source] = COLUMNS.map(|share| (rect.left() + rect.width() * share).round());
        Self { name: rect.left() + size::PANE_PADDING, keys, place, source }
    }
}
