//! The island a pane lies on, and the bars inside it: header, footer, hairlines.

use egui::{Align, CornerRadius, Layout, Painter, Rect, Response, Ui, UiBuilder, pos2, vec2};

use super::{edge, text};
use crate::theme::{Tokens, font, size, tokens};

/// Where a bar has its hairline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Above,
    Below,
    None,
}

/// A rounded sheet on the ground.
pub fn island(painter: &Painter, rect: Rect, t: &Tokens) {
    edge::frame(painter, rect, size::ISLAND_RADIUS, t.island, t.line);
}

/// The island of a tab: the corner under the strip is square, because the active tab is a piece of it.
pub fn tab_island(painter: &Painter, rect: Rect, t: &Tokens) {
    let radius = CornerRadius { nw: 0, ..CornerRadius::same(size::ISLAND_RADIUS) };
    edge::frame(painter, rect, radius, t.island, t.line);
}

/// A card inside a pane.
pub fn card(painter: &Painter, rect: Rect, t: &Tokens) {
    edge::frame(painter, rect, size::ISLAND_RADIUS, t.raised, t.line);
}

/// A bar over the whole width, its contents from the left with the padding of a pane.
pub fn bar<R>(ui: &mut Ui, height: f32, line: Line, add_contents: impl FnOnce(&mut Ui) -> R) -> R {
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), height));
    bar_at(ui, rect, line, add_contents)
}

/// As [`bar`], at a place of the caller's.
pub fn bar_at<R>(ui: &mut Ui, rect: Rect, line: Line, add_contents: impl FnOnce(&mut Ui) -> R) -> R {
    let t = tokens(ui);
    match line {
        Line::Above => edge::hline(ui.painter(), rect.x_range(), rect.top(), t.line),
        Line::Below => edge::hline(ui.painter(), rect.x_range(), rect.bottom() - 1.0, t.line),
        Line::None => {}
    }
    let inner = rect.shrink2(vec2(size::PANE_PADDING, 0.0));
    let mut child = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)));
    child.shrink_clip_rect(rect);
    add_contents(&mut child)
}

/// Header of 40 with a hairline below.
pub fn header<R>(ui: &mut Ui, add_contents: impl FnOnce(&mut Ui) -> R) -> R {
    bar(ui, size::PANE_HEADER, Line::Below, add_contents)
}

/// Header of 32, over tables.
pub fn table_header<R>(ui: &mut Ui, add_contents: impl FnOnce(&mut Ui) -> R) -> R {
    bar(ui, size::TABLE_HEADER, Line::Below, add_contents)
}

/// The title of a pane.
pub fn title(ui: &mut Ui, words: &str) -> Response {
    text::label(ui, words, font::title(), tokens(ui).hi)
}

/// What supports the title.
pub fn note(ui: &mut Ui, words: &str) -> Response {
    text::label(ui, words, font::small(), tokens(ui).low)
}

/// What is left of a bar, filled from the right.
pub fn right<R>(ui: &mut Ui, add_contents: impl FnOnce(&mut Ui) -> R) -> R {
    ui.with_layout(Layout::right_to_left(Align::Center), add_contents).inner
}

/// The three parts of a pane: a top of `top`, a bottom of `bottom`, and what is between. Never negative.
pub fn cut(rect: Rect, top: f32, bottom: f32) -> (Rect, Rect, Rect) {
    let first = (rect.top() + top).min(rect.bottom());
    let second = (rect.bottom() - bottom).max(first);
    (
        Rect::from_min_max(rect.min, pos2(rect.right(), first)),
        Rect::from_min_max(pos2(rect.left(), first), pos2(rect.right(), second)),
        Rect::from_min_max(pos2(rect.left(), second), rect.max),
    )
}

/// A child ui at `rect`, clipped to it, laid out from the top without gaps.
pub fn inside<R>(ui: &mut Ui, rect: Rect, salt: &str, add_contents: impl FnOnce(&mut Ui) -> R) -> R {
    let mut child = ui.new_child(UiBuilder::new().id_salt(salt).max_rect(rect).layout(Layout::top_down(Align::Min)));
    child.shrink_clip_rect(rect);
    child.spacing_mut().item_spacing.y = 0.0;
    add_contents(&mut child)
}

#[cfg(test)]
mod tests {
    use super::cut;
    use egui::{Rect, pos2};

    #[test]
    fn a_pane_too_low_for_its_bars_keeps_the_top_one() {
        let rect = Rect::from_min_max(pos2(0.0, 0.0), pos2(100.0, 50.0));
        let (top, middle, bottom) = cut(rect, 40.0, 28.0);
        assert_eq!((top.height(), middle.height(), bottom.height()), (40.0, 0.0, 10.0));
    }
}
