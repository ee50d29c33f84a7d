//! A document tab on the ground: mark of the last outcome, name, and × or the dot of unsaved changes.
//!
//! The active one is a piece of the island below it: same fill, no line between.

use egui::{Align2, CornerRadius, Id, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::mark::{self, Mark};
use super::{button, edge, text};
use crate::theme::{font, icon, size, tokens};

const PADDING: f32 = 12.0;
const MARK: f32 = 18.0;
const CLOSE: f32 = 24.0;
/// Longer names are elided.
const WIDEST_NAME: f32 = 200.0;

#[derive(Debug, Clone, Copy)]
#[must_use = "call show_at()"]
pub struct Tab<'a> {
    name: &'a str,
    mark: Option<Mark>,
    active: bool,
    unsaved: bool,
    preview: bool,
    close_name: &'a str,
}

#[derive(Debug)]
pub struct TabOutput {
    pub response: Response,
    /// By × or the middle button.
    pub close: bool,
}

impl<'a> Tab<'a> {
    pub fn new(name: &'a str, active: bool) -> Self {
        Self { name, mark: None, active, unsaved: false, preview: false, close_name: "" }
    }

    pub fn mark(mut self, mark: Option<Mark>) -> Self {
        self.mark = mark;
        self
    }

    /// A dot in the place of ×, until the pointer is over the tab.
    pub fn unsaved(mut self, unsaved: bool) -> Self {
        self.unsaved = unsaved;
        self
    }

    /// Not kept yet: in italics.
    pub fn preview(mut self, preview: bool) -> Self {
        self.preview = preview;
        self
    }

    /// Makes the tab closable; the name of ×.
    pub fn closable(mut self, close_name: &'a str) -> Self {
        self.close_name = close_name;
        self
    }

    pub fn width(&self, ui: &Ui) -> f32 {
        let name = text::width(ui.painter(), self.name, font::label()).min(WIDEST_NAME);
        let mark = self.mark.map_or(0.0, |_| MARK);
        let close = if self.closes() || self.unsaved { CLOSE } else { 0.0 };
        (2.0 * PADDING + mark + name + close).round()
    }

    /// Height is that of `rect`: the tab strip.
    pub fn show_at(self, ui: &Ui, rect: Rect, id: Id) -> TabOutput {
        let t = tokens(ui);
        let response = ui.interact(rect, id, Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::selected(Role::Tab, ui.is_enabled(), self.active, self.name));
        let painter = ui.painter();
        if self.active {
            let radius = CornerRadius { nw: size::ISLAND_RADIUS, ne: size::ISLAND_RADIUS, sw: 0, se: 0 };
            // One point lower than the strip, over the line of the island.
            let sheet = Rect::from_min_max(rect.min, pos2(rect.right(), rect.bottom() + 1.0));
            let above = painter.with_clip_rect(sheet.intersect(painter.clip_rect()));
            edge::frame(&above, sheet.with_max_y(sheet.bottom() + 8.0), radius, t.island, t.line);
        }
        let y = rect.center().y;
        let mut left = rect.left() + PADDING;
        if let Some(kind) = self.mark {
            mark::paint(painter, pos2(left + 4.0, y), mark::SIZE, kind, t);
            left += MARK;
        }
        let closing = self.closes() && (!self.unsaved || response.contains_pointer());
        let room = rect.right() - PADDING - left - if self.closes() || self.unsaved { CLOSE } else { 0.0 };
        let color = if self.active || response.hovered() { t.hi } else { t.mid };
        let mut job = egui::text::LayoutJob::single_section(
            self.name.to_owned(),
            egui::TextFormat { italics: self.preview, ..egui::TextFormat::simple(font::label(), color) },
        );
        text::elide(&mut job, room + 1.0);
        text::galley_left(painter, pos2(left, y), painter.layout_job(job), color);
        let corner = pos2(rect.right() - PADDING - 4.0, y);
        let mut close = response.middle_clicked() && self.closes();
        if closing {
            let cross = button::icon_button_at(ui, corner, icon::X, size::ICON_TINY, self.close_name, id.with("close"));
            close |= cross.clicked();
        } else if self.unsaved {
            painter.circle_filled(corner, 3.5, t.mid);
        }
        if response.has_focus() {
            let ring = Align2::CENTER_CENTER.anchor_size(rect.center(), rect.size() - vec2(6.0, 8.0));
            edge::focus_ring(painter, ring, size::ROW_RADIUS, t);
        }
        TabOutput { response, close }
    }

    fn closes(&self) -> bool {
        !self.close_name.is_empty()
    }
}
