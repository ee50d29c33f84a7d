//! Fields of one line: text with icon, hint, key cap and clear button; and numbers that step.

use std::ops::RangeInclusive;

use egui::text::LayoutJob;
use egui::{
    Align, EventFilter, FontId, Frame, Id, Key, Layout, Modifiers, Rect, Response, RichText, Sense, TextBuffer,
    TextEdit, Ui, UiBuilder, pos2, vec2,
};

use super::{button, chip, composing, edge, text};
use crate::theme::{font, icon, size, tokens};

/// A field of one line. Its name is what a screen reader says, and what tests find it by.
#[must_use = "call show()"]
pub struct Field<'a> {
    name: &'a str,
    text: &'a mut String,
    hint: &'a str,
    icon: Option<char>,
    keys: &'a str,
    clear_name: &'a str,
    trailing: &'a str,
    font: FontId,
    height: f32,
    width: Option<f32>,
    error: bool,
    frame: bool,
    id: Option<Id>,
    highlight: Option<&'a dyn Fn(&str) -> LayoutJob>,
    reserve: f32,
}

impl<'a> Field<'a> {
    pub fn new(name: &'a str, text: &'a mut String) -> Self {
        Self {
            name,
            text,
            hint: "",
            icon: None,
            keys: "",
            clear_name: "",
            trailing: "",
            font: font::label_regular(),
            height: size::CONTROL,
            width: None,
            error: false,
            frame: true,
            id: None,
            highlight: None,
            reserve: 0.0,
        }
    }

    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = hint;
        self
    }

    pub fn icon(mut self, icon: char) -> Self {
        self.icon = Some(icon);
        self
    }

    /// The shortcut that focuses this field, as key caps at its end while it is empty.
    pub fn keys(mut self, keys: &'a str) -> Self {
        self.keys = keys;
        self
    }

    /// Offers × with this name while there is text.
    pub fn clearable(mut self, clear_name: &'a str) -> Self {
        self.clear_name = clear_name;
        self
    }

    /// A quiet fact at the end: how many matched, a unit.
    pub fn trailing(mut self, trailing: &'a str) -> Self {
        self.trailing = trailing;
        self
    }

    pub fn mono(mut self) -> Self {
        self.font = font::code_small();
        self
    }

    pub fn font(mut self, font: FontId) -> Self {
        self.font = font;
        self
    }

    pub fn height(mut self, height: f32) -> Self {
        self.height = height;
        self
    }

    pub fn width(mut self, width: f32) -> Self {
        self.width = Some(width);
        self
    }

    /// Points at the end that the text leaves free, for what the caller paints there.
    pub fn reserve(mut self, points: f32) -> Self {
        self.reserve = points;
        self
    }

    /// Wears the focus ring in the color of errors.
    pub fn error(mut self, error: bool) -> Self {
        self.error = error;
        self
    }

    /// Without its own box: a part of a joined field.
    pub fn frameless(mut self) -> Self {
        self.frame = false;
        self
    }

    /// A fixed id, so that a command can focus the field.
    pub fn id(mut self, id: Id) -> Self {
        self.id = Some(id);
        self
    }

    /// Colors for the parts of the text: sections in the field's font.
    pub fn highlight(mut self, highlight: &'a dyn Fn(&str) -> LayoutJob) -> Self {
        self.highlight = Some(highlight);
        self
    }

    /// The response is that of the text edit: `changed`, `lost_focus`, `has_focus`.
    pub fn show(self, ui: &mut Ui) -> Response {
        let id = self.id.unwrap_or_else(|| ui.make_persistent_id(("field", self.name)));
        let width = self.width.unwrap_or_else(|| ui.available_width());
        let (_, rect) = ui.allocate_space(vec2(width, self.height));
        self.show_at(ui, rect, id)
    }

    /// At a place of the caller's, over a row or in a bar.
    pub fn show_at(self, ui: &mut Ui, rect: Rect, id: Id) -> Response {
        let t = tokens(ui);
        let focused = ui.memory(|memory| memory.has_focus(id));
        // Clicking beside the text focuses it; without FOCUSABLE this is no second Tab stop.
        let around = ui.interact(rect, id.with("around"), Sense::CLICK);
        if around.clicked() {
            ui.memory_mut(|memory| memory.request_focus(id));
        }
        let painter = ui.painter().clone();
        if self.frame {
            edge::frame(&painter, rect, size::CONTROL_RADIUS, t.field, t.line2);
        }
        let y = rect.center().y;
        let mut inner = rect.shrink2(vec2(if self.frame { 8.0 } else { 0.0 }, 0.0));
        if let Some(glyph) = self.icon {
            text::glyph(&painter, pos2(inner.left() + 7.0, y), glyph, font::icon(14.0), t.low);
            inner.min.x += 20.0;
        }
        let clear = !self.clear_name.is_empty() && !self.text.is_empty();
        if clear {
            inner.max.x -= 20.0;
        } else if !self.keys.is_empty() && !focused && self.text.is_empty() {
            let left = chip::paint_key_caps(&painter, pos2(rect.right() - 4.0, y), self.keys, t);
            inner.max.x = left - 4.0;
        }
        inner.max.x -= self.reserve;
        if !self.trailing.is_empty() {
            let end = pos2(inner.right(), y);
            inner.max.x = text::right(&painter, end, self.trailing, font::small(), t.low) - 8.0;
        }
        let mut child = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)));
        child.shrink_clip_rect(inner);
        let highlight = self.highlight;
        let mut colored = |ui: &Ui, text: &dyn TextBuffer, _: f32| {
            let job = highlight.map(|highlight| highlight(text.as_str())).unwrap_or_default();
            ui.fonts_mut(|fonts| fonts.layout_job(job))
        };
        let edit = composing::edit(&mut child, id, self.text, |ui, text| {
            let mut edit = TextEdit::singleline(text);
            if highlight.is_some() {
                edit = edit.layouter(&mut colored);
            }
            edit.id(id)
                .frame(Frame::NONE)
                .margin(0.0)
                .align(egui::Align2::LEFT_CENTER)
                .min_size(inner.size())
                .font(self.font.clone())
                .text_color(if ui.is_enabled() { t.hi } else { t.dis })
                .hint_text(RichText::new(self.hint).font(self.font).color(t.low))
                .desired_width(inner.width())
                .show(ui)
        });
        let mut response = edit.response.response.accessible_name(self.name);
        if clear {
            let center = pos2(rect.right() - 14.0, y);
            let close = button::icon_button_at(ui, center, icon::X, size::ICON_TINY, self.clear_name, id.with("clear"));
            if close.clicked() {
                self.text.clear();
                response.mark_changed();
                response.request_focus();
            }
        }
        if self.frame {
            if self.error {
                edge::ring(&painter, rect, size::CONTROL_RADIUS, t.err, t);
            } else if response.has_focus() {
                edge::focus_ring(&painter, rect, size::CONTROL_RADIUS, t);
            }
        }
        response
    }
}

/// Whether the field was left with Enter.
pub fn submitted(ui: &Ui, response: &Response) -> bool {
    response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
}

/// A number that is typed, or stepped by arrow keys, wheel and the carets at its end.
#[must_use = "call show()"]
pub struct NumberField<'a> {
    name: &'a str,
    value: &'a mut f64,
    range: RangeInclusive<f64>,
    step: f64,
    decimals: usize,
    unit: &'a str,
    width: f32,
}

impl<'a> NumberField<'a> {
    pub fn new(name: &'a str, value: &'a mut f64, range: RangeInclusive<f64>) -> Self {
        Self { name, value, range, step: 1.0, decimals: 0, unit: "", width: 96.0 }
    }

    pub fn step(mut self, step: f64) -> Self {
        self.step = step;
        self
    }

    pub fn decimals(mut self, decimals: usize) -> Self {
        self.decimals = decimals;
        self
    }

    pub fn unit(mut self, unit: &'a str) -> Self {
        self.unit = unit;
        self
    }

    pub fn width(mut self, width: f32) -> Self {
        self.width = width;
        self
    }

    /// `changed` on the response says that the value did. A text that is no number in range is shown in error
    /// and changes nothing.
    pub fn show(self, ui: &mut Ui) -> Response {
        let id = ui.make_persistent_id(("number", self.name));
        let (_, rect) = ui.allocate_space(vec2(self.width, size::CONTROL));
        let before = *self.value;
        let focused = ui.memory(|memory| memory.has_focus(id));
        let written = |value: f64| format!("{value:.*}", self.decimals);
        let mut typed =
            ui.data(|data| data.get_temp::<String>(id)).filter(|_| focused).unwrap_or_else(|| written(before));

        let mut steps = 0.0;
        if focused {
            ui.memory_mut(|memory| {
                let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
                memory.set_focus_lock_filter(id, filter);
            });
            // Taken before the text edit sees them: there they would only move the caret.
            steps = ui.input_mut(|input| {
                let up = input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp);
                let down = input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown);
                up as f64 - down as f64
            });
            if ui.rect_contains_pointer(rect) {
                let wheel = ui.input(|input| input.smooth_scroll_delta().y);
                if wheel.abs() > 0.5 {
                    steps += f64::from(wheel.signum());
                }
            }
        }
        let carets = Rect::from_min_max(pos2(rect.right() - 20.0, rect.top()), rect.max);
        let valid = typed.trim().parse::<f64>().is_ok_and(|number| self.range.contains(&number));
        let mut field_rect = rect;
        field_rect.max.x = rect.right();
        let field = Field::new(self.name, &mut typed).mono().trailing(self.unit).error(!valid);
        let mut response = {
            let mut inner = field_rect;
            inner.max.x -= 14.0;
            let t = tokens(ui);
            edge::frame(ui.painter(), rect, size::CONTROL_RADIUS, t.field, t.line2);
            let shrunk = inner.shrink2(vec2(8.0, 0.0));
            field.frameless().show_at(ui, shrunk, id)
        };
        // A Sense without focus: the field itself is the Tab stop, and the arrow keys do the same.
        let stepper = ui.interact(carets, id.with("carets"), Sense::CLICK);
        if stepper.clicked()
            && let Some(at) = stepper.interact_pointer_pos()
        {
            steps += if at.y < carets.center().y { 1.0 } else { -1.0 };
        }
        let t = tokens(ui);
        let tone = if stepper.hovered() { t.hi } else { t.low };
        text::glyph(ui.painter(), carets.center() - vec2(2.0, 0.0), icon::CARET_UP_DOWN, font::icon(12.0), tone);
        if response.changed()
            && let Ok(number) = typed.trim().parse::<f64>()
            && self.range.contains(&number)
        {
            *self.value = number;
        }
        if steps != 0.0 {
            *self.value = (*self.value + steps * self.step).clamp(*self.range.start(), *self.range.end());
            typed = written(*self.value);
        }
        if response.has_focus() {
            ui.data_mut(|data| data.insert_temp(id, typed));
        }
        if !valid {
            edge::ring(ui.painter(), rect, size::CONTROL_RADIUS, t.err, t);
        } else if response.has_focus() {
            edge::focus_ring(ui.painter(), rect, size::CONTROL_RADIUS, t);
        }
        #[expect(clippy::float_cmp, reason = "asks whether this frame stored something else")]
        if *self.value != before {
            response.mark_changed();
        }
        response
    }
}
