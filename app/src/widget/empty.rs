//! The empty state of a pane: a scope trace, a headline, what to do first, and the shortcuts worth knowing.

use egui::{Painter, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::{chip, edge, text};
use crate::theme::{Tokens, font, size, tokens};

const WIDTH: f32 = 560.0;
const TRACE: f32 = 88.0;
const CARD: f32 = 88.0;
const SHORTCUT_ROW: f32 = 36.0;

#[derive(Debug, Clone, Copy)]
pub struct Card<'a> {
    pub icon: char,
    pub title: &'a str,
    pub note: &'a str,
}

#[derive(Debug, Clone, Copy)]
pub struct Empty<'a> {
    pub headline: &'a str,
    pub sentence: &'a str,
    /// The first one is the recommended one.
    pub cards: &'a [Card<'a>],
    /// What a shortcut does, and its keys.
    pub shortcuts: &'a [(&'a str, &'a str)],
    pub tip: &'a str,
}

impl Empty<'_> {
    /// Fills the available space and gives the index of the clicked card. Parts that do not fit in height are left
    /// out from the bottom, the cards last.
    pub fn show(&self, ui: &mut Ui) -> Option<usize> {
        let t = tokens(ui);
        let space = ui.available_rect_before_wrap();
        let width = WIDTH.min(space.width() - 32.0).max(160.0);
        let plan = Plan::new(self, space.height());
        let top = (space.center().y - plan.height / 2.0 - space.height() * 0.05).max(space.top() + 8.0).round();
        let left = (space.center().x - width / 2.0).round();
        let mut y = top;
        let row = |y: f32, height: f32| Rect::from_min_size(pos2(left, y), vec2(width, height));
        let painter = ui.painter().clone();
        if plan.trace {
            trace(&painter, row(y, TRACE), t);
            y += TRACE + 24.0;
        }
        self.words(ui, &painter, row(y, 28.0), self.headline, true, t);
        y += 28.0;
        self.words(ui, &painter, row(y, 24.0), self.sentence, false, t);
        y += 24.0 + 20.0;
        let mut clicked = None;
        if !self.cards.is_empty() {
            let gap = 12.0;
            let count = self.cards.len() as f32;
            let card_width = ((width - gap * (count - 1.0)) / count).floor();
            for (index, card) in self.cards.iter().enumerate() {
                let rect =
                    Rect::from_min_size(pos2(left + index as f32 * (card_width + gap), y), vec2(card_width, CARD));
                if card_ui(ui, rect, card, index == 0, t) {
                    clicked = Some(index);
                }
            }
            y += CARD + 32.0;
        }
        if plan.shortcuts {
            for (index, (what, keys)) in self.shortcuts.iter().enumerate() {
                let rect = row(y, SHORTCUT_ROW);
                if index > 0 {
                    edge::hline(&painter, rect.x_range(), rect.top(), t.line);
                }
                let at = rect.left_center() + vec2(4.0, 0.0);
                text::left(&painter, at, *what, font::body(), t.mid);
                let end = rect.right_center() - vec2(4.0, 0.0);
                chip::paint_key_caps(&painter, end, keys, t);
                y += SHORTCUT_ROW;
            }
            y += 12.0;
        }
        if plan.tip && !self.tip.is_empty() {
            self.words_small(&painter, row(y, 24.0), t);
        }
        clicked
    }

    fn words(&self, ui: &Ui, painter: &Painter, rect: Rect, words: &str, display: bool, t: &Tokens) {
        let (face, color) = if display { (font::display(), t.hi) } else { (font::body(), t.mid) };
        let line = text::elided(painter, words, face, rect.width());
        let at = rect.center() - vec2(line.size().x / 2.0, 0.0);
        text::galley_left(painter, at, line, color);
        let label = ui.interact(rect, ui.make_persistent_id((words, self.headline)), Sense::hover());
        label.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    }

    fn words_small(&self, painter: &Painter, rect: Rect, t: &Tokens) {
        let line = text::elided(painter, self.tip, font::small(), rect.width());
        let at = rect.center() - vec2(line.size().x / 2.0, 0.0);
        text::galley_left(painter, at, line, t.low);
    }
}

/// What of the empty state fits into a height.
struct Plan {
    height: f32,
    trace: bool,
    shortcuts: bool,
    tip: bool,
}

impl Plan {
    fn new(empty: &Empty<'_>, room: f32) -> Self {
        let cards = if empty.cards.is_empty() { 0.0 } else { CARD + 32.0 };
        let mut height = 72.0 + cards;
        let mut fits = |part: f32| {
            let enough = part > 0.0 && height + part <= room - 16.0;
            if enough {
                height += part;
            }
            enough
        };
        let rows = empty.shortcuts.len() as f32;
        let trace = fits(TRACE + 24.0);
        let shortcuts = rows > 0.0 && fits(rows * SHORTCUT_ROW + 12.0);
        let tip = fits(24.0);
        Self { height, trace, shortcuts, tip }
    }
}

fn card_ui(ui: &Ui, rect: Rect, card: &Card<'_>, first: bool, t: &Tokens) -> bool {
    let id = ui.make_persistent_id(("card", card.title));
    let response = ui.interact(rect, id, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), card.title));
    let painter = ui.painter();
    let (fill, border) = match (first, response.hovered()) {
        (true, _) => (t.select, t.chosen_line()),
        (false, true) => (t.raised_hover(), t.line2),
        (false, false) => (t.raised, t.line2),
    };
    edge::frame(painter, rect, size::ISLAND_RADIUS, fill, border);
    let left = rect.left() + 16.0;
    let tone = if first { t.accent } else { t.mid };
    let icon_at = pos2(left + 8.0, rect.top() + 24.0);
    text::glyph(painter, icon_at, card.icon, font::icon(size::ICON_LARGE), tone);
    let room = rect.width() - 28.0;
    let title_at = pos2(left, rect.top() + 50.0);
    text::left_elided(painter, title_at, card.title, font::body(), t.hi, room);
    let note_at = pos2(left, rect.top() + 70.0);
    let quiet = if first { t.mid } else { t.low };
    text::left_elided(painter, note_at, card.note, font::small(), quiet, room);
    if response.has_focus() {
        edge::focus_ring(painter, rect, size::ISLAND_RADIUS, t);
    }
    response.clicked()
}

/// A wavelet on a scope's grid.
fn trace(painter: &Painter, rect: Rect, t: &Tokens) {
    for y in [rect.top() + 4.0, rect.center().y, rect.bottom() - 4.0] {
        edge::hline(painter, rect.x_range(), y, t.line);
    }
    let cells = (rect.width() / 40.0).round().max(1.0);
    for cell in 0..=(cells as usize) {
        let x = rect.left() + rect.width() * cell as f32 / cells;
        edge::vline(painter, x.min(rect.right() - 1.0), rect.y_range(), t.line);
    }
    let points: Vec<Pos2> = (0..=280)
        .map(|step| {
            let share = step as f32 / 280.0;
            // A carrier under a bell, a little right of the middle.
            let u = (share - 0.52) * 14.0;
            let level = (u * 1.55).sin() * (-u * u / 5.0).exp();
            pos2(rect.left() + rect.width() * share, rect.center().y - level * rect.height() * 0.40)
        })
        .collect();
    painter.add(Shape::line(points, Stroke::new(2.0, t.accent)));
}
