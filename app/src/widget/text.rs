//! Painting single lines of text by their vertical middle, whole or elided.
//!
//! Both fonts have their capitals in the middle of the row box, so everything in a row shares one y.

use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, FontId, Galley, Painter, Pos2, Rect, Response, RichText, Ui, pos2, vec2};

/// One line, laid out without a color: the same galley serves every color.
pub fn galley(painter: &Painter, text: impl Into<String>, font: FontId) -> Arc<Galley> {
    painter.layout_no_wrap(text.into(), font, Color32::PLACEHOLDER)
}

/// One line of at most `max_width`, ending in `…` when it does not fit.
pub fn elided(painter: &Painter, text: impl Into<String>, font: FontId, max_width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::single_section(text.into(), TextFormat::simple(font, Color32::PLACEHOLDER));
    elide(&mut job, max_width);
    painter.layout_job(job)
}

/// Makes a job of several sections one line of at most `max_width`.
pub fn elide(job: &mut LayoutJob, max_width: f32) {
    job.wrap.max_width = max_width.max(0.0);
    job.wrap.max_rows = 1;
    job.wrap.break_anywhere = true;
    job.break_on_newline = false;
}

pub fn width(painter: &Painter, text: impl Into<String>, font: FontId) -> f32 {
    galley(painter, text, font).size().x
}

/// Paints `galley` with its left middle at `pos` and gives the x of its right end.
pub fn galley_left(painter: &Painter, pos: Pos2, galley: Arc<Galley>, color: Color32) -> f32 {
    let size = galley.size();
    painter.galley(pos2(pos.x, pos.y - size.y / 2.0), galley, color);
    pos.x + size.x
}

/// Paints `galley` with its right middle at `pos` and gives the x of its left end.
pub fn galley_right(painter: &Painter, pos: Pos2, galley: Arc<Galley>, color: Color32) -> f32 {
    let size = galley.size();
    painter.galley(pos2(pos.x - size.x, pos.y - size.y / 2.0), galley, color);
    pos.x - size.x
}

/// Paints from the left middle `pos`; gives the x of the right end.
pub fn left(painter: &Painter, pos: Pos2, text: impl Into<String>, font: FontId, color: Color32) -> f32 {
    let line = galley(painter, text, font);
    galley_left(painter, pos, line, color)
}

/// Paints up to the right middle `pos`; gives the x of the left end.
pub fn right(painter: &Painter, pos: Pos2, text: impl Into<String>, font: FontId, color: Color32) -> f32 {
    let line = galley(painter, text, font);
    galley_right(painter, pos, line, color)
}

pub fn center(painter: &Painter, pos: Pos2, text: impl Into<String>, font: FontId, color: Color32) -> Rect {
    let line = galley(painter, text, font);
    let rect = Rect::from_center_size(pos, line.size());
    painter.galley(rect.min, line, color);
    rect
}

/// As [`left`], ending in `…` at `max_width`.
pub fn left_elided(
    painter: &Painter,
    pos: Pos2,
    text: impl Into<String>,
    font: FontId,
    color: Color32,
    max_width: f32,
) -> f32 {
    if max_width < 4.0 {
        return pos.x;
    }
    let line = elided(painter, text, font, max_width);
    galley_left(painter, pos, line, color)
}

/// A glyph of an icon face, centered.
pub fn glyph(painter: &Painter, center_pos: Pos2, icon: char, font: FontId, color: Color32) {
    center(painter, center_pos, icon, font, color);
}

/// A label that does nothing but be read.
pub fn label(ui: &mut Ui, text: impl Into<String>, font: FontId, color: Color32) -> Response {
    ui.label(RichText::new(text.into()).font(font).color(color))
}

/// A label of one row of exactly `height`, elided at the available width; its name is the whole text.
pub fn line(ui: &mut Ui, text: &str, font: FontId, color: Color32, height: f32) -> Response {
    let shown = elided(ui.painter(), text, font, ui.available_width());
    let (rect, response) = ui.allocate_exact_size(vec2(shown.size().x, height), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, text));
    galley_left(ui.painter(), rect.left_center(), shown, color);
    response
}
