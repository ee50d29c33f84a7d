//! Menus on the floating ground: rows of 28 with an icon, a text and a shortcut.

use egui::{
    Id, Key, Modifiers, Popup, PopupCloseBehavior, Pos2, Response, Role, Sense, SetOpenCommand, Ui, WidgetInfo, pos2,
    vec2,
};

use super::{chip, edge, text};
use crate::theme::{font, icon, size, tokens};

const LEFT: f32 = 8.0;
const ICON_COLUMN: f32 = 22.0;
/// What is higher than that is a list, not a row or a button.
const LIST: f32 = 60.0;

/// Opens below `anchor` when that was clicked, and fills itself with `add_items`.
pub fn below(anchor: &Response, add_items: impl FnOnce(&mut Ui)) {
    focus_follows(anchor, anchor.clicked() && anchor.interact_pointer_pos().is_none());
    Popup::menu(anchor).gap(4.0).show(|ui| {
        ui.set_min_width(160.0);
        ui.spacing_mut().item_spacing.y = 0.0;
        add_items(ui);
    });
}

/// Opens at the pointer when `anchor` was clicked with the other button, and at what has the focus when the menu key or
/// Shift+F10 was pressed on it.
pub fn context(anchor: &Response, add_items: impl FnOnce(&mut Ui)) {
    let place = anchor.id.with("menu opened by key");
    let by_key = anchor.has_focus()
        && anchor.ctx.input_mut(|input| {
            input.consume_key(Modifiers::NONE, Key::Menu) || input.consume_key(Modifiers::SHIFT, Key::F10)
        });
    if by_key {
        // In a whole list nobody would look for it below the list.
        let rect = anchor.rect;
        let at = if rect.height() > LIST { rect.center() } else { rect.left_bottom() + vec2(LEFT, 0.0) };
        anchor.ctx.data_mut(|data| data.insert_temp(place, at));
    } else if anchor.secondary_clicked() {
        anchor.ctx.data_mut(|data| data.remove::<Pos2>(place));
    }
    focus_follows(anchor, by_key);
    let mut popup = Popup::context_menu(anchor);
    if let Some(at) = anchor.ctx.data(|data| data.get_temp::<Pos2>(place)) {
        popup = popup.at_position(at);
    }
    if by_key {
        popup = popup.open_memory(Some(SetOpenCommand::Bool(true)));
    }
    popup.show(|ui| {
        ui.set_min_width(160.0);
        ui.spacing_mut().item_spacing.y = 0.0;
        add_items(ui);
    });
}

/// A menu that was opened by a key takes the focus to its first entry, and gives it back when it closes.
fn focus_follows(anchor: &Response, opened_by_key: bool) {
    let ctx = &anchor.ctx;
    let owned = anchor.id.with("menu has the focus");
    if opened_by_key {
        ctx.data_mut(|data| {
            data.insert_temp(wish(), true);
            data.insert_temp(owned, 0_u64);
        });
        return;
    }
    if ctx.data(|data| data.get_temp::<u64>(owned)).is_some()
        && !Popup::is_id_open(ctx, Popup::default_response_id(anchor))
    {
        ctx.data_mut(|data| data.remove::<u64>(owned));
        if ctx.memory(|memory| memory.focused().is_none()) {
            anchor.request_focus();
        }
    }
}

/// Whether what is painted now is the first thing of a menu or float that was opened by a key: it takes the focus then.
pub fn takes_focus(ui: &Ui) -> bool {
    ui.data_mut(|data| data.remove_temp::<bool>(wish())).is_some()
}

/// Where it is noted that the next entry that is painted takes the focus.
fn wish() -> Id {
    Id::unique("menu wants the focus")
}

/// A float below `anchor` that stays open while it is used: filters, forms.
pub fn float_below(anchor: &Response, width: f32, add_contents: impl FnOnce(&mut Ui)) {
    focus_follows(anchor, anchor.clicked() && anchor.interact_pointer_pos().is_none());
    Popup::menu(anchor).gap(4.0).width(width).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        ui.set_width(width);
        ui.spacing_mut().item_spacing.y = 0.0;
        add_contents(ui);
    });
}

/// One entry of a menu.
#[derive(Debug, Clone, Copy)]
#[must_use = "call show()"]
pub struct Item<'a> {
    text: &'a str,
    icon: Option<char>,
    keys: &'a str,
    enabled: bool,
    checked: Option<bool>,
    danger: bool,
    mono: bool,
}

impl<'a> Item<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, icon: None, keys: "", enabled: true, checked: None, danger: false, mono: false }
    }

    pub fn icon(mut self, icon: char) -> Self {
        self.icon = Some(icon);
        self
    }

    /// The shortcut shown at the right; empty for none.
    pub fn keys(mut self, keys: &'a str) -> Self {
        self.keys = keys;
        self
    }

    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Makes room for a ✓ before the text, shown when `checked`.
    pub fn checked(mut self, checked: bool) -> Self {
        self.checked = Some(checked);
        self
    }

    /// For what cannot be undone, and only that.
    pub fn danger(mut self) -> Self {
        self.danger = true;
        self
    }

    pub fn mono(mut self) -> Self {
        self.mono = true;
        self
    }

    pub fn show(self, ui: &mut Ui) -> Response {
        let face = if self.mono { font::code_small() } else { font::label_regular() };
        let words = text::galley(ui.painter(), self.text, face);
        let keys = if self.keys.is_empty() { 0.0 } else { chip::key_caps_width(ui.painter(), self.keys) + 24.0 };
        let lead = if self.icon.is_some() || self.checked.is_some() { ICON_COLUMN } else { 0.0 };
        let natural = LEFT + lead + words.size().x + keys + LEFT;
        let enabled = self.enabled && ui.is_enabled();
        let sense = if enabled { Sense::click() } else { Sense::hover() };
        let (rect, response) = ui.allocate_at_least(vec2(natural.ceil(), size::MENU_ROW), sense);
        if enabled && takes_focus(ui) {
            response.request_focus();
        }
        response.widget_info(|| match self.checked {
            Some(checked) => WidgetInfo::selected(Role::MenuItem, enabled, checked, self.text),
            None => WidgetInfo::labeled(Role::MenuItem, enabled, self.text),
        });
        if ui.is_rect_visible(rect) {
            let t = tokens(ui);
            let painter = ui.painter();
            if enabled && (response.hovered() || response.has_focus()) {
                painter.rect_filled(rect, size::ROW_RADIUS, t.select);
            }
            let y = rect.center().y;
            let color = match (enabled, self.danger) {
                (false, _) => t.dis,
                (true, true) => t.err,
                (true, false) => t.hi,
            };
            let lead_center = pos2(rect.left() + LEFT + 7.0, y);
            if self.checked == Some(true) {
                text::glyph(painter, lead_center, icon::CHECK, font::icon_bold(13.0), t.accent);
            } else if let Some(glyph) = self.icon {
                let tone = if enabled && !self.danger { t.mid } else { color };
                text::glyph(painter, lead_center, glyph, font::icon(15.0), tone);
            }
            text::galley_left(painter, pos2(rect.left() + LEFT + lead, y), words, color);
            if !self.keys.is_empty() {
                chip::paint_key_caps(painter, pos2(rect.right() - LEFT, y), self.keys, t);
            }
        }
        response
    }
}

/// A plain entry.
pub fn item(ui: &mut Ui, icon: Option<char>, text: &str, keys: &str, enabled: bool) -> Response {
    let mut item = Item::new(text).keys(keys).enabled(enabled);
    item.icon = icon;
    item.show(ui)
}

pub fn separator(ui: &mut Ui) {
    let (rect, _) = ui.allocate_at_least(vec2(8.0, 9.0), Sense::hover());
    let t = tokens(ui);
    edge::hline(ui.painter(), rect.x_range(), rect.center().y, t.line2);
}

/// A small heading inside a menu.
pub fn heading(ui: &mut Ui, words: &str) {
    let line = text::galley(ui.painter(), words, font::small());
    let (rect, response) = ui.allocate_at_least(vec2(line.size().x + 2.0 * LEFT, 24.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    let t = tokens(ui);
    text::galley_left(ui.painter(), rect.left_center() + vec2(LEFT, 0.0), line, t.low);
}
