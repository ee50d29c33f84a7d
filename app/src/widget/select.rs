//! A choice from a list that opens as a menu, with a filter from twelve entries on.

use egui::{
    Color32, EventFilter, Id, Key, Modifiers, Popup, Response, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2,
};

use super::field::Field;
use super::{edge, menu, text};
use crate::theme::{font, icon, size, tokens};

/// From this many entries the list has a filter.
const FILTER_FROM: usize = 12;
const ROWS_SHOWN: f32 = 10.0;

#[must_use = "call show()"]
pub struct Select<'a> {
    name: &'a str,
    entries: &'a [&'a str],
    filter_hint: &'a str,
    mono: bool,
    width: Option<f32>,
    frame: bool,
    shown: Option<&'a str>,
    ink: Option<Color32>,
    error: bool,
}

impl<'a> Select<'a> {
    /// `name` is for screen readers and tests.
    pub fn new(name: &'a str, entries: &'a [&'a str]) -> Self {
        Self {
            name,
            entries,
            filter_hint: "",
            mono: false,
            width: None,
            frame: true,
            shown: None,
            ink: None,
            error: false,
        }
    }

    /// Hint (and name) of the filter field of long lists.
    pub fn filter_hint(mut self, hint: &'a str) -> Self {
        self.filter_hint = hint;
        self
    }

    /// For values of a schema.
    pub fn mono(mut self) -> Self {
        self.mono = true;
        self
    }

    /// Without it the select is as wide as its widest entry.
    pub fn width(mut self, width: f32) -> Self {
        self.width = Some(width);
        self
    }

    /// Without its own box: a part of a joined field.
    pub fn frameless(mut self) -> Self {
        self.frame = false;
        self
    }

    /// What is shown while no entry is chosen: `selected` is beyond the last one.
    pub fn shown(mut self, text: &'a str) -> Self {
        self.shown = Some(text);
        self
    }

    /// The color of what is chosen.
    pub fn ink(mut self, color: Color32) -> Self {
        self.ink = Some(color);
        self
    }

    /// Wears the focus ring in the color of errors.
    pub fn error(mut self, error: bool) -> Self {
        self.error = error;
        self
    }

    /// `changed` on the response says that another entry was chosen: from the list, or by ↑ and ↓ while it is closed.
    pub fn show(self, ui: &mut Ui, selected: &mut usize) -> Response {
        let face = || if self.mono { font::code_small() } else { font::label_regular() };
        let width = self.width.unwrap_or_else(|| {
            let widest = self.entries.iter().map(|entry| text::width(ui.painter(), *entry, face())).fold(0.0, f32::max);
            (widest + 40.0).round()
        });
        let (rect, mut response) = ui.allocate_exact_size(vec2(width, size::CONTROL), Sense::click());
        let before = *selected;
        if response.has_focus() && !Popup::is_id_open(ui.ctx(), Popup::default_response_id(&response)) {
            self.step(ui, response.id, selected);
        }
        if *selected != before {
            response.mark_changed();
        }
        let current = self.entries.get(*selected).copied().or(self.shown).unwrap_or_default();
        let enabled = ui.is_enabled();
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::ComboBox, enabled, self.name);
            info.current_text_value = Some(current.to_owned());
            info
        });
        if ui.is_rect_visible(rect) {
            let t = tokens(ui);
            let painter = ui.painter();
            if self.frame {
                edge::frame(painter, rect, size::CONTROL_RADIUS, t.field, t.line2);
            }
            let color = if enabled { self.ink.unwrap_or(t.hi) } else { t.dis };
            let left = pos2(rect.left() + 10.0, rect.center().y);
            text::left_elided(painter, left, current, face(), color, width - 38.0);
            let tone = if response.hovered() { t.hi } else { t.low };
            let caret = pos2(rect.right() - 14.0, rect.center().y);
            text::glyph(painter, caret, icon::CARET_DOWN, font::icon(10.0), tone);
            if self.error {
                edge::ring(painter, rect, size::CONTROL_RADIUS, t.err, t);
            } else if response.has_focus() {
                edge::focus_ring(painter, rect, size::CONTROL_RADIUS, t);
            }
        }
        if let Some(chosen) = self.list(&response, width, *selected)
            && chosen != *selected
        {
            *selected = chosen;
            response.mark_changed();
        }
        response
    }

    fn step(&self, ui: &Ui, id: Id, selected: &mut usize) {
        ui.memory_mut(|memory| {
            memory.set_focus_lock_filter(id, EventFilter { vertical_arrows: true, ..EventFilter::default() });
        });
        let (up, down) = ui.input_mut(|input| {
            (
                input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp),
                input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown),
            )
        });
        let last = self.entries.len().saturating_sub(1);
        if up + down > 0 {
            *selected = if *selected > last { 0 } else { selected.saturating_add(down).saturating_sub(up).min(last) };
        }
    }

    fn list(&self, anchor: &Response, width: f32, selected: usize) -> Option<usize> {
        let mut chosen = None;
        if self.entries.len() < FILTER_FROM {
            menu::below(anchor, |ui| {
                ui.set_min_width(width - 8.0);
                for (index, entry) in self.entries.iter().enumerate() {
                    if self.entry(ui, entry, index == selected) {
                        chosen = Some(index);
                    }
                }
            });
            return chosen;
        }
        let filter_id = anchor.id.with("filter");
        menu::float_below(anchor, (width - 8.0).max(200.0), |ui| {
            chosen = self.filtered(ui, filter_id, selected);
            if chosen.is_some() {
                ui.close();
            }
        });
        if !Popup::is_id_open(&anchor.ctx, Popup::default_response_id(anchor)) {
            anchor.ctx.data_mut(|data| data.remove::<String>(filter_id));
        }
        chosen
    }

    fn filtered(&self, ui: &mut Ui, filter_id: Id, selected: usize) -> Option<usize> {
        let fresh = ui.data(|data| data.get_temp::<String>(filter_id));
        let focus = fresh.is_none();
        let mut filter = fresh.unwrap_or_default();
        let field = Field::new(self.filter_hint, &mut filter)
            .hint(self.filter_hint)
            .icon(icon::MAGNIFYING_GLASS)
            .id(filter_id)
            .show(ui);
        if focus {
            field.request_focus();
        }
        let enter = ui.input(|input| input.key_pressed(Key::Enter));
        ui.add_space(4.0);
        let wanted = filter.to_lowercase();
        let matching: Vec<usize> = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.to_lowercase().contains(&wanted))
            .map(|(index, _)| index)
            .collect();
        let mut chosen = matching.first().copied().filter(|_| enter && field.lost_focus());
        ScrollArea::vertical().max_height(ROWS_SHOWN * size::MENU_ROW).show(ui, |ui| {
            for index in matching {
                let Some(entry) = self.entries.get(index) else { continue };
                if self.entry(ui, entry, index == selected) {
                    chosen = Some(index);
                }
            }
        });
        ui.data_mut(|data| data.insert_temp(filter_id, filter));
        chosen
    }

    fn entry(&self, ui: &mut Ui, entry: &str, selected: bool) -> bool {
        let mut item = menu::Item::new(entry).checked(selected);
        if self.mono {
            item = item.mono();
        }
        item.show(ui).clicked()
    }
}
