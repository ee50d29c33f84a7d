//! The palette: one field that finds commands, saved calls and methods, ranked together.
//!
//! It reads the model, keeps what was typed, and leaves as commands. What fits how well is [`super::fuzzy`]'s.

mod find;
mod frames;
#[cfg(test)]
mod tests;

use egui::text::{LayoutJob, TextFormat};
use egui::{
    Area, Event, EventFilter, Id, Key, Modifiers, Order, Rect, Role, ScrollArea, Sense, Stroke, Ui, UiBuilder,
    WidgetInfo, pos2, vec2,
};
use rust_i18n::t;

use self::find::{Found, Hit, Kind, What};
use crate::command::{Act, Command};
use crate::panel::Cx;
use crate::panel::services::method_arrows;
use crate::theme::{font, icon, mix, size};
use crate::widget::chip::grouped;
use crate::widget::{button, chip, edge, field, mark, pane, text};

/// Rows seen without scrolling.
const ROWS_SEEN: f32 = 11.0;
const FOOTER: f32 = 36.0;

/// The palette, open or not.
#[derive(Debug, Default)]
pub struct Palette {
    open: bool,
    query: String,
    selected: usize,
    found: Found,
    /// What `found` was made from.
    made_from: Option<(String, u64, u64, Option<crate::model::tabs::TabId>)>,
    /// Who had the focus before.
    before: Option<Id>,
    focused: bool,
    scroll: bool,
}

impl Palette {
    /// Opens it with a text typed already: `/` for saved calls only.
    pub fn open_with(&mut self, query: &str) {
        *self = Self { open: true, query: query.to_owned(), ..Self::default() };
    }

    /// Whether it lies over the window.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Paints it over everything, if it is open.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if !self.open {
            return;
        }
        let ctx = ui.ctx().clone();
        let field = Id::unique("palette field");
        if !self.focused {
            self.before = ctx.memory(egui::Memory::focused);
        }
        self.refresh(cx);
        let done = self.keys(ui, cx, field);
        let window = ctx.content_rect();
        let area = Area::new(Id::unique("palette")).order(Order::Foreground).fixed_pos(window.min).constrain(false);
        let closed = area.show(&ctx, |ui| {
            let scrim = ui.allocate_rect(window, Sense::CLICK);
            ui.painter().rect_filled(window, 0, cx.tokens.scrim);
            let rect = self.place(window);
            // Over the scrim, so that a click between two rows does not close it.
            let sheet = ui.interact(rect, Id::unique("palette sheet"), Sense::CLICK);
            sheet.widget_info(|| egui::WidgetInfo::labeled(Role::Dialog, true, t!("act.palette")));
            ui.painter().add(ui.visuals().popup_shadow.as_shape(rect, size::ISLAND_RADIUS));
            edge::frame(ui.painter(), rect, size::ISLAND_RADIUS, cx.tokens.float, cx.tokens.line2);
            let chosen = self.sheet_ui(ui, cx, rect, field);
            chosen || scrim.clicked()
        });
        // At first, and again when a click beside the field took it away: while it is open, letters go here.
        if ctx.memory(egui::Memory::focused) != Some(field) {
            self.focused = true;
            ctx.memory_mut(|memory| memory.request_focus(field));
            ctx.request_repaint();
        }
        if done || closed.inner {
            self.close(&ctx);
        }
    }

    fn close(&mut self, ctx: &egui::Context) {
        self.open = false;
        ctx.memory_mut(|memory| match self.before {
            Some(before) => memory.request_focus(before),
            None => memory.stop_text_input(),
        });
        ctx.request_repaint();
    }

    fn refresh(&mut self, cx: &Cx<'_>) {
        let model = cx.model;
        let now = (self.query.clone(), model.services.revision, model.workspace.revision, model.tabs.active);
        if self.made_from.as_ref() == Some(&now) {
            return;
        }
        self.found = find::find(model, &self.query);
        self.selected = self.selected.min(self.found.hits.len().saturating_sub(1));
        self.made_from = Some(now);
    }

    /// Keys that the field must not see. Gives true when the palette is done.
    fn keys(&mut self, ui: &Ui, cx: &mut Cx<'_>, field: Id) -> bool {
        let composing = ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Ime(_))));
        let pressed = |key| !composing && ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let last = self.found.hits.len().saturating_sub(1);
        let before = self.selected;
        if pressed(Key::Escape) {
            return true;
        }
        if pressed(Key::Enter) {
            return self.run(self.selected, cx);
        }
        if pressed(Key::Tab) {
            self.set_kind(ui, find::kind_of(&self.query).0.next(), field);
        } else if pressed(Key::ArrowDown) {
            self.selected = if self.selected >= last { 0 } else { self.selected + 1 };
        } else if pressed(Key::ArrowUp) {
            self.selected = self.selected.checked_sub(1).unwrap_or(last);
        } else if pressed(Key::PageDown) {
            self.selected = (self.selected + ROWS_SEEN as usize).min(last);
        } else if pressed(Key::PageUp) {
            self.selected = self.selected.saturating_sub(ROWS_SEEN as usize);
        }
        self.scroll |= self.selected != before;
        false
    }

    fn set_kind(&mut self, ui: &Ui, kind: Kind, field: Id) {
        let rest = find::kind_of(&self.query).1.to_owned();
        self.query = format!("{}{rest}", kind.sign());
        self.selected = 0;
        self.scroll = true;
        move_cursor(ui, field, egui::text::CCursor::new(self.query.chars().count()));
    }

    fn run(&mut self, index: usize, cx: &mut Cx<'_>) -> bool {
        let Some(hit) = self.found.hits.get(index) else { return false };
        cx.push(hit.what.command());
        true
    }

    fn place(&self, window: Rect) -> Rect {
        let rows = (self.found.hits.len() as f32).clamp(1.0, ROWS_SEEN);
        let fixed = size::PALETTE_INPUT + size::PALETTE_FILTERS + FOOTER + 8.0;
        let width = size::PALETTE_WIDTH.min(window.width() - 32.0);
        let top = size::PALETTE_TOP.min((window.height() / 8.0).round());
        let height = (fixed + rows * size::PALETTE_ROW).min(window.height() - top - 16.0);
        let left = (window.center().x - width / 2.0).round();
        Rect::from_min_size(pos2(left, window.top() + top), vec2(width, height))
    }

    /// Gives true when a row was clicked.
    fn sheet_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, rect: Rect, field: Id) -> bool {
        let t = cx.tokens;
        let (input, rest) = rect.split_top_bottom_at_y(rect.top() + size::PALETTE_INPUT);
        let (filters, rest) = rest.split_top_bottom_at_y(rest.top() + size::PALETTE_FILTERS);
        let (list, footer) = rest.split_top_bottom_at_y(rest.bottom() - FOOTER);
        edge::hline(ui.painter(), input.x_range(), input.bottom() - 1.0, t.line);
        self.input_ui(ui, cx, input, field);
        pane::inside(ui, filters, "palette kinds", |ui| self.kinds_ui(ui, cx, field));
        let mut run = None;
        pane::inside(ui, list.shrink2(vec2(0.0, 4.0)), "palette list", |ui| run = self.list_ui(ui, cx));
        edge::hline(ui.painter(), footer.x_range(), footer.top(), t.line);
        let assign = pane::inside(ui, footer, "palette footer", |ui| footer_ui(ui, self.found.hits.get(self.selected)));
        if assign {
            cx.push(Command::Act(Act::ShowSettings));
        }
        run.is_some_and(|index| self.run(index, cx)) || assign
    }

    fn input_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, rect: Rect, id: Id) {
        let t = cx.tokens;
        let y = rect.center().y;
        text::glyph(
            ui.painter(),
            pos2(rect.left() + 24.0, y),
            icon::MAGNIFYING_GLASS,
            font::icon(size::ICON_LARGE),
            t.accent,
        );
        let escape = chip::paint_key_caps(ui.painter(), pos2(rect.right() - 12.0, y), "Esc", t);
        let count = t!("palette.count", n = grouped(self.found.matched as u64), all = grouped(self.found.total as u64));
        let right = text::right(ui.painter(), pos2(escape - 12.0, y), count, font::small(), t.low);
        let place = Rect::from_min_max(pos2(rect.left() + 44.0, rect.top()), pos2(right - 12.0, rect.bottom()));
        let response = field::Field::new(&t!("palette.field"), &mut self.query)
            .hint(&t!("palette.hint"))
            .font(font::body())
            .frameless()
            .show_at(ui, place, id);
        if response.changed() {
            self.selected = 0;
            self.scroll = true;
            ui.ctx().request_repaint();
        }
        let all = EventFilter { tab: true, horizontal_arrows: true, vertical_arrows: true, escape: true };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, all));
    }

    fn kinds_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, field: Id) {
        let rect = ui.max_rect();
        let chosen = find::kind_of(&self.query).0;
        let mut x = rect.left() + 12.0;
        for kind in Kind::ALL {
            let (sign, words) = (kind.sign(), kind.words());
            let count = grouped(self.found.count(kind) as u64);
            let job = |face, words: &str| text::galley(ui.painter(), words, face);
            let (sign, words, count) =
                (job(font::code_medium(), sign), job(font::label(), &words), job(font::small(), &count));
            let gap = if kind == Kind::All { 0.0 } else { 8.0 };
            let width = 20.0 + sign.size().x + gap + words.size().x + 6.0 + count.size().x;
            let place = Rect::from_min_size(pos2(x, rect.center().y - 12.0), vec2(width.round(), 24.0));
            x = place.right() + 4.0;
            let response = ui.interact(place, Id::unique(("palette kind", kind.sign())), Sense::CLICK);
            response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, kind == chosen, kind.words()));
            let t = cx.tokens;
            if kind == chosen {
                edge::frame(ui.painter(), place, size::CONTROL_RADIUS, t.select, mix(t.select, t.accent, 0.75));
            } else if response.hovered() {
                ui.painter().rect_filled(place, size::CONTROL_RADIUS, t.hover);
            }
            let y = place.center().y;
            let ink = if kind == chosen { t.hi } else { t.mid };
            let after = text::galley_left(ui.painter(), pos2(place.left() + 10.0, y), sign, t.accent);
            let after = text::galley_left(ui.painter(), pos2(after + gap, y), words, ink);
            text::galley_left(ui.painter(), pos2(after + 6.0, y), count, t.low);
            if response.clicked() {
                self.set_kind(ui, kind, field);
                ui.ctx().request_repaint();
            }
        }
    }

    fn list_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) -> Option<usize> {
        if self.found.hits.is_empty() {
            let at = ui.max_rect().left_top() + vec2(24.0, 18.0);
            let words = t!("palette.nothing");
            text::left(ui.painter(), at, words, font::body(), cx.tokens.low);
            return None;
        }
        let mut clicked = None;
        let scroll = std::mem::take(&mut self.scroll);
        ScrollArea::vertical().id_salt("palette rows").auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (index, hit) in self.found.hits.iter().enumerate() {
                let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::PALETTE_ROW));
                let response = ui.interact(rect, Id::unique(("palette row", hit.what.key())), Sense::CLICK);
                response.widget_info(|| {
                    WidgetInfo::selected(Role::ListBoxOption, true, index == self.selected, hit.name.as_str())
                });
                if index == self.selected && scroll {
                    ui.scroll_to_rect_animation(rect, None, egui::style::ScrollAnimation::none());
                }
                if ui.is_rect_visible(rect) {
                    let mut child = ui.new_child(UiBuilder::new().id_salt(index).max_rect(rect));
                    row_ui(&mut child, cx, rect, hit, index == self.selected, response.hovered());
                }
                if response.clicked() {
                    clicked = Some(index);
                }
            }
        });
        clicked
    }
}

fn row_ui(ui: &mut Ui, cx: &Cx<'_>, rect: Rect, hit: &Hit, selected: bool, hovered: bool) {
    let (painter, t) = (ui.painter(), cx.tokens);
    let sheet = rect.shrink2(vec2(4.0, 0.0));
    if selected {
        painter.rect_filled(sheet, size::ROW_RADIUS, t.select);
    } else if hovered {
        painter.rect_filled(sheet, size::ROW_RADIUS, t.hover);
    }
    let y = rect.center().y;
    let lead = pos2(rect.left() + 24.0, y);
    match &hit.what {
        What::Act(act) => {
            let ink = if selected { t.accent } else { t.mid };
            text::glyph(painter, lead, find::icon_of(*act), font::icon(size::ICON), ink);
        }
        What::Call(_) => match hit.mark {
            Some(sign) => mark::paint(painter, lead, mark::SIZE, sign, t),
            None => text::glyph(painter, lead, icon::PAPER_PLANE_TILT, font::icon(size::ICON), t.mid),
        },
        What::Method { shape, .. } => method_arrows(painter, lead, *shape, t.mid),
        What::Frame { sent, .. } => {
            let (glyph, ink) = if *sent { (icon::ARROW_UP, t.sent) } else { (icon::ARROW_DOWN, t.recv) };
            text::glyph(painter, lead, glyph, font::icon_bold(12.0), ink);
        }
    }
    let end = rect.right() - 12.0;
    if !hit.keys.is_empty() {
        chip::paint_key_caps(painter, pos2(end, y), &hit.keys, t);
    }
    let kind = text::right(painter, pos2(rect.right() - 116.0, y), hit.what.kind().word(), font::small(), t.low);
    let mono = matches!(hit.what, What::Method { .. } | What::Frame { .. });
    let mut job = marked(hit, mono, cx);
    let left = rect.left() + 44.0;
    text::elide(&mut job, kind - 12.0 - left);
    let after = text::galley_left(painter, pos2(left, y), painter.layout_job(job), t.hi);
    let room = kind - 12.0 - (after + 12.0);
    text::left_elided(painter, pos2(after + 12.0, y), hit.context.as_str(), font::small(), t.low, room);
}

/// The name with its typed letters marked: by weight, color and a line.
fn marked(hit: &Hit, mono: bool, cx: &Cx<'_>) -> LayoutJob {
    let t = cx.tokens;
    let (plain, strong) = if mono { (font::code_small(), font::code_medium()) } else { (font::body(), font::title()) };
    let mut job = LayoutJob::default();
    for (at, letter) in hit.name.chars().enumerate() {
        let typed = hit.letters.binary_search(&at).is_ok();
        let format = if typed {
            let underline = Stroke::new(1.0, t.accent);
            TextFormat { underline, ..TextFormat::simple(strong.clone(), t.accent) }
        } else {
            TextFormat::simple(plain.clone(), t.hi)
        };
        job.append(letter.encode_utf8(&mut [0; 4]), 0.0, format);
    }
    job
}

/// Gives true when the shortcut of the selected command shall be changed.
fn footer_ui(ui: &mut Ui, selected: Option<&Hit>) -> bool {
    let mut assign = false;
    let rect = ui.max_rect();
    pane::bar_at(ui, rect, pane::Line::None, |ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for (keys, words) in [
            (&["↑", "↓"][..], t!("palette.move")),
            (&["↵"][..], t!("palette.run")),
            (&["Tab"][..], t!("palette.next_kind")),
        ] {
            for key in keys {
                chip::key_caps(ui, key);
            }
            pane::note(ui, &words);
            ui.add_space(14.0);
        }
        if selected.is_some_and(|hit| matches!(hit.what, What::Act(_))) {
            pane::right(ui, |ui| assign = button::link(ui, &t!("palette.assign")).clicked());
        }
    });
    assign
}

fn move_cursor(ui: &Ui, id: Id, to: egui::text::CCursor) {
    if let Some(mut state) = egui::TextEdit::load_state(ui.ctx(), id) {
        state.cursor.set_char_range(Some(egui::text::CCursorRange::one(to)));
        state.store(ui.ctx(), id);
    }
}
