//! Buttons: one filled per view, normal, chosen, link, icon-only, and the split one of Send.
//!
//! They know their look, size and accessible name, not what they do.

use egui::{Align2, Color32, FontId, Painter, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::{edge, text};
use crate::theme::{Tokens, fade, font, icon, mix, size, tokens};

const ICON_SIZE: f32 = 14.0;
const ICON_GAP: f32 = 6.0;
const CARET_PART: f32 = 28.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Primary,
    Normal,
    Chosen,
}

/// A button with more than the four functions below offer.
#[derive(Debug, Clone, Copy)]
#[must_use = "call show()"]
pub struct Button<'a> {
    text: &'a str,
    icon: Option<char>,
    look: Look,
    enabled: bool,
    height: f32,
    extra_width: f32,
    keys: Option<&'a str>,
}

impl<'a> Button<'a> {
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            icon: None,
            look: Look::Normal,
            enabled: true,
            height: size::CONTROL,
            extra_width: 0.0,
            keys: None,
        }
    }

    pub fn primary(mut self) -> Self {
        self.look = Look::Primary;
        self
    }

    pub fn chosen(mut self, chosen: bool) -> Self {
        if chosen {
            self.look = Look::Chosen;
        }
        self
    }

    pub fn icon(mut self, icon: char) -> Self {
        self.icon = Some(icon);
        self
    }

    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// 24 for buttons inside rows and bars of 32.
    pub fn small(mut self) -> Self {
        self.height = 24.0;
        self
    }

    /// Points added to the natural width, shared by both sides.
    pub fn wider(mut self, extra: f32) -> Self {
        self.extra_width = extra;
        self
    }

    /// A shortcut in small letters after the text.
    pub fn keys(mut self, keys: &'a str) -> Self {
        self.keys = Some(keys);
        self
    }

    pub fn show(self, ui: &mut Ui) -> Response {
        let width = self.width(ui.painter());
        let enabled = self.enabled && ui.is_enabled();
        let (rect, response) = allocate(ui, width, self.height, enabled);
        name(&response, enabled, self.text);
        if ui.is_rect_visible(rect) {
            let t = tokens(ui);
            paint_box(ui, rect, &response, self.look, enabled, t);
            self.paint_content(ui.painter(), rect, enabled, t);
        }
        response
    }

    fn width(&self, painter: &Painter) -> f32 {
        let icon = self.icon.map_or(0.0, |_| ICON_SIZE + ICON_GAP);
        let keys = self.keys.map_or(0.0, |keys| ICON_GAP + 2.0 + text::width(painter, keys, font::micro()));
        let words = text::width(painter, self.text, self.font());
        (2.0 * size::BUTTON_PADDING + icon + words + keys + self.extra_width).round()
    }

    fn font(&self) -> FontId {
        match self.look {
            Look::Primary => font::card_title(),
            Look::Normal | Look::Chosen => font::label(),
        }
    }

    fn paint_content(&self, painter: &Painter, rect: Rect, enabled: bool, t: &Tokens) {
        let color = match (self.look, enabled) {
            (Look::Primary, true) => t.on_fill,
            (_, true) => t.hi,
            (_, false) => t.dis,
        };
        let mut x = rect.left() + size::BUTTON_PADDING + (self.extra_width / 2.0).round();
        let y = rect.center().y;
        if let Some(icon) = self.icon {
            let face = match self.look {
                Look::Primary => font::icon_fill(ICON_SIZE),
                // An outlined square would be a checkbox.
                Look::Normal | Look::Chosen if icon == icon::STOP => font::icon_fill(ICON_SIZE),
                Look::Normal | Look::Chosen => font::icon(ICON_SIZE),
            };
            let tone = if self.look == Look::Normal && enabled { t.mid } else { color };
            text::glyph(painter, pos2(x + ICON_SIZE / 2.0, y), icon, face, tone);
            x += ICON_SIZE + ICON_GAP;
        }
        x = text::left(painter, pos2(x, y), self.text, self.font(), color);
        if let Some(keys) = self.keys {
            let tone = match (self.look, enabled) {
                (_, false) => t.dis,
                (Look::Primary, true) => mix(t.fill, t.on_fill, 0.85),
                (Look::Normal | Look::Chosen, true) => t.low,
            };
            text::left(painter, pos2(x + ICON_GAP + 2.0, y), keys, font::micro(), tone);
        }
    }
}

/// The one filled button of a view.
pub fn primary(ui: &mut Ui, icon: Option<char>, text: &str, enabled: bool) -> Response {
    let button = Button::new(text).primary().enabled(enabled);
    with_icon(button, icon).show(ui)
}

pub fn normal(ui: &mut Ui, icon: Option<char>, text: &str, enabled: bool) -> Response {
    let button = Button::new(text).enabled(enabled);
    with_icon(button, icon).show(ui)
}

/// A button that is on, or the safe one among several.
pub fn chosen(ui: &mut Ui, icon: Option<char>, text: &str, enabled: bool) -> Response {
    let button = Button::new(text).chosen(true).enabled(enabled);
    with_icon(button, icon).show(ui)
}

fn with_icon(button: Button<'_>, icon: Option<char>) -> Button<'_> {
    match icon {
        Some(icon) => button.icon(icon),
        None => button,
    }
}

/// Accent text without a box.
pub fn link(ui: &mut Ui, text: &str) -> Response {
    link_sized(ui, text, font::small_medium())
}

pub fn link_sized(ui: &mut Ui, text: &str, font_id: FontId) -> Response {
    let line = text::galley(ui.painter(), text, font_id);
    let (rect, response) = ui.allocate_exact_size(vec2(line.size().x, 20.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Link, ui.is_enabled(), text));
    if ui.is_rect_visible(rect) {
        let t = tokens(ui);
        let color = if ui.is_enabled() { t.accent } else { t.dis };
        text::galley_left(ui.painter(), rect.left_center(), line, color);
        if response.hovered() {
            edge::hline(ui.painter(), rect.x_range(), rect.center().y + 7.0, color);
        }
        if response.has_focus() {
            edge::focus_ring(ui.painter(), rect.expand2(vec2(3.0, 0.0)), size::ROW_RADIUS, t);
        }
    }
    response
}

/// An icon with a name: its tooltip and what a screen reader says. `icon_size` 11 has a hit area of 20, 13 of 24,
/// larger ones of 28.
pub fn icon_button(ui: &mut Ui, icon: char, icon_size: f32, name: &str) -> Response {
    icon_toggle(ui, icon, icon_size, name, false)
}

/// An icon button that may be on.
pub fn icon_toggle(ui: &mut Ui, icon: char, icon_size: f32, name: &str, on: bool) -> Response {
    let side = hit_side(icon_size);
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::click());
    icon_at(ui, rect, response, icon, icon_size, name, on)
}

/// An icon button at a place of the caller's: inside a row or a field.
pub fn icon_button_at(ui: &Ui, center: egui::Pos2, icon: char, icon_size: f32, name: &str, id: egui::Id) -> Response {
    let rect = Align2::CENTER_CENTER.anchor_size(center, egui::Vec2::splat(hit_side(icon_size)));
    let response = ui.interact(rect, id, Sense::click());
    icon_at(ui, rect, response, icon, icon_size, name, false)
}

fn hit_side(icon_size: f32) -> f32 {
    if icon_size <= 11.0 {
        20.0
    } else if icon_size <= 13.0 {
        24.0
    } else {
        28.0
    }
}

fn icon_at(ui: &Ui, rect: Rect, response: Response, icon: char, icon_size: f32, name: &str, on: bool) -> Response {
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::selected(Role::Button, enabled, on, name));
    if ui.is_rect_visible(rect) {
        let t = tokens(ui);
        let painter = ui.painter();
        if on {
            painter.rect_filled(rect, size::CONTROL_RADIUS, t.select);
        } else if response.hovered() && enabled {
            painter.rect_filled(rect, size::CONTROL_RADIUS, t.hover);
        }
        let color = if !enabled {
            t.dis
        } else if on {
            t.accent
        } else if response.hovered() {
            t.hi
        } else {
            t.mid
        };
        text::glyph(painter, rect.center(), icon, font::icon(icon_size), color);
        if response.has_focus() {
            edge::focus_ring(painter, rect, size::CONTROL_RADIUS, t);
        }
    }
    response.on_hover_ui(|ui| {
        ui.label(name);
    })
}

/// Which part of a [`split_primary`] button was used.
#[derive(Debug)]
pub struct Split {
    pub main: Response,
    /// Anchor for the menu behind the caret.
    pub caret: Response,
}

/// The filled button with a caret 28 from its right end. `caret_name` names the caret for screen readers.
pub fn split_primary(
    ui: &mut Ui,
    icon: char,
    text: &str,
    keys: Option<&str>,
    enabled: bool,
    caret_name: &str,
) -> Split {
    let mut button = Button::new(text).primary().icon(icon).enabled(enabled);
    if let Some(keys) = keys {
        button = button.keys(keys);
    }
    let enabled = enabled && ui.is_enabled();
    let main_width = button.width(ui.painter());
    let (_, rect) = ui.allocate_space(vec2(main_width + CARET_PART, size::CONTROL));
    let main_rect = Rect::from_min_size(rect.min, vec2(main_width, rect.height()));
    let caret_rect = Rect::from_min_max(main_rect.right_top(), rect.max);
    let id = ui.make_persistent_id(("split", text));
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let main = ui.interact(main_rect, id, sense);
    let caret = ui.interact(caret_rect, id.with("caret"), sense);
    name(&main, enabled, text);
    name(&caret, enabled, caret_name);
    if ui.is_rect_visible(rect) {
        let t = tokens(ui);
        let painter = ui.painter();
        let radius = egui::CornerRadius::same(size::CONTROL_RADIUS);
        if enabled {
            painter.rect_filled(rect, radius, t.fill);
            let left_only = egui::CornerRadius { ne: 0, se: 0, ..radius };
            let right_only = egui::CornerRadius { nw: 0, sw: 0, ..radius };
            for (part, response, corners) in [(main_rect, &main, left_only), (caret_rect, &caret, right_only)] {
                if response.hovered() {
                    painter.rect_filled(part, corners, t.fill_hover());
                }
            }
            let rule = mix(t.fill, t.on_fill, 0.35);
            edge::vline(painter, caret_rect.left(), rect.y_range().shrink(6.0), rule);
        } else {
            edge::frame(painter, rect, radius, mix(t.island, t.raised, 0.5), t.line);
        }
        button.paint_content(painter, main_rect, enabled, t);
        let color = if enabled { t.on_fill } else { t.dis };
        text::glyph(painter, caret_rect.center(), icon::CARET_DOWN, font::icon_bold(size::ICON_TINY), color);
        for (part, response) in [(main_rect, &main), (caret_rect, &caret)] {
            if response.has_focus() {
                edge::focus_ring(painter, part, size::CONTROL_RADIUS, t);
            }
        }
    }
    Split { main, caret }
}

/// A square of 28 with a filled square in it.
pub fn stop_button(ui: &mut Ui, stop_name: &str, enabled: bool) -> Response {
    let enabled = enabled && ui.is_enabled();
    let (rect, response) = allocate(ui, size::CONTROL, size::CONTROL, enabled);
    name(&response, enabled, stop_name);
    if ui.is_rect_visible(rect) {
        let t = tokens(ui);
        paint_box(ui, rect, &response, Look::Normal, enabled, t);
        let square = Rect::from_center_size(rect.center(), vec2(10.0, 10.0));
        let color = if enabled { t.hi } else { t.dis };
        ui.painter().rect_filled(square, size::BAR_RADIUS, color);
    }
    response.on_hover_ui(|ui| {
        ui.label(stop_name);
    })
}

/// The filled pill "↓ 214 new" of a footer; outlined when another button of the view is filled.
pub fn pill(ui: &mut Ui, icon: char, text: &str, filled: bool) -> Response {
    let words = text::galley(ui.painter(), text, font::card_title());
    let width = 10.0 + 13.0 + 4.0 + words.size().x + 12.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width.round(), 24.0), Sense::click());
    name(&response, ui.is_enabled(), text);
    if ui.is_rect_visible(rect) {
        let t = tokens(ui);
        let painter = ui.painter();
        let (ground, border, ink) = match (filled, response.hovered()) {
            (true, false) => (t.fill, t.fill, t.on_fill),
            (true, true) => (t.fill_hover(), t.fill_hover(), t.on_fill),
            (false, _) => (t.select, t.accent, t.hi),
        };
        edge::frame(painter, rect, 12, ground, border);
        let y = rect.center().y;
        text::glyph(painter, pos2(rect.left() + 16.5, y), icon, font::icon_bold(13.0), ink);
        text::galley_left(painter, pos2(rect.left() + 27.0, y), words, ink);
        if response.has_focus() {
            edge::focus_ring(painter, rect, 12, t);
        }
    }
    response
}

fn allocate(ui: &mut Ui, width: f32, height: f32, enabled: bool) -> (Rect, Response) {
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    ui.allocate_exact_size(vec2(width, height), sense)
}

fn name(response: &Response, enabled: bool, name: &str) {
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
}

fn paint_box(ui: &Ui, rect: Rect, response: &Response, look: Look, enabled: bool, t: &Tokens) {
    let hovered = response.hovered();
    let (fill, border): (Color32, Color32) = match look {
        _ if !enabled => (mix(t.island, t.raised, 0.5), t.line),
        Look::Primary if hovered => (t.fill_hover(), t.fill_hover()),
        Look::Primary => (t.fill, t.fill),
        Look::Normal if hovered => (t.raised_hover(), mix(t.line2, t.low, 0.4)),
        Look::Normal => (t.raised, t.line2),
        Look::Chosen => (t.select, t.chosen_line()),
    };
    edge::frame(ui.painter(), rect, size::CONTROL_RADIUS, fill, border);
    if response.is_pointer_button_down_on() && enabled {
        ui.painter().rect_filled(rect, size::CONTROL_RADIUS, fade(t.hi, 0.06));
    }
    if response.has_focus() {
        edge::focus_ring(ui.painter(), rect, size::CONTROL_RADIUS, t);
    }
}
