//! Text tabs inside a pane: an accent line under the active one, counts beside the names, the rest behind `…`.

use egui::{Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::{edge, menu, text};
use crate::theme::{Tokens, font, icon, size, tokens};

/// Space between two names.
const GAP: f32 = 20.0;
const MORE: f32 = 28.0;

#[derive(Debug, Clone, Default)]
#[must_use = "a tab is shown by subtabs()"]
pub struct SubTab<'a> {
    pub name: &'a str,
    /// Quiet, after the name.
    pub count: String,
    /// After ✗, in the color of errors.
    pub failures: String,
    /// A dot: something was set here.
    pub dot: bool,
}

impl<'a> SubTab<'a> {
    pub fn new(name: &'a str) -> Self {
        Self { name, ..Self::default() }
    }

    pub fn count(mut self, count: impl ToString) -> Self {
        self.count = count.to_string();
        self
    }

    pub fn failures(mut self, failures: impl ToString) -> Self {
        self.failures = failures.to_string();
        self
    }

    pub fn dot(mut self, dot: bool) -> Self {
        self.dot = dot;
        self
    }
}

#[derive(Debug)]
pub struct SubTabsOutput {
    pub changed: bool,
    /// What the tabs left of the bar, for buttons or a sentence at the right.
    pub rest: Rect,
}

/// A bar of 36 with a hairline below. `reserve` points at the right are never taken by tabs; `more_name` names the
/// `…` that holds those which do not fit.
pub fn subtabs(ui: &mut Ui, tabs: &[SubTab<'_>], selected: &mut usize, reserve: f32, more_name: &str) -> SubTabsOutput {
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::SUB_TABS));
    let t = tokens(ui);
    edge::hline(ui.painter(), rect.x_range(), rect.bottom() - 1.0, t.line);
    let left = rect.left() + size::PANE_PADDING;
    let limit = rect.right() - size::PANE_PADDING - reserve;
    let widths: Vec<f32> = tabs.iter().map(|tab| tab_width(ui, tab)).collect();
    let shown = how_many_fit(&widths, limit - left, *selected);
    let mut changed = false;
    let mut x = left;
    let mut hidden = Vec::new();
    for (index, (tab, width)) in tabs.iter().zip(&widths).enumerate() {
        if !shown.contains(&index) {
            hidden.push(index);
            continue;
        }
        let place = Rect::from_min_size(pos2(x, rect.top()), vec2(*width, rect.height()));
        x += width + GAP;
        if tab_ui(ui, tab, place, *selected == index, t) && *selected != index {
            *selected = index;
            changed = true;
        }
    }
    if !hidden.is_empty() {
        let place = Rect::from_min_size(pos2(x - 8.0, rect.top() + 4.0), vec2(MORE, 28.0));
        x += MORE;
        let id = ui.make_persistent_id("more sub-tabs");
        let more = ui.interact(place, id, Sense::click());
        more.widget_info(|| WidgetInfo::labeled(Role::Button, true, more_name));
        let color = if more.hovered() { t.hi } else { t.low };
        let face = font::icon(size::ICON);
        text::glyph(ui.painter(), place.center(), icon::DOTS_THREE, face, color);
        if more.has_focus() {
            edge::focus_ring(ui.painter(), place, size::CONTROL_RADIUS, t);
        }
        menu::below(&more, |ui| {
            for index in hidden {
                let Some(tab) = tabs.get(index) else { continue };
                if menu::Item::new(tab.name).show(ui).clicked() {
                    *selected = index;
                    changed = true;
                }
            }
        });
    }
    let rest = Rect::from_min_max(
        pos2(x.min(rect.right()), rect.top()),
        pos2(rect.right() - size::PANE_PADDING, rect.bottom() - 1.0),
    );
    SubTabsOutput { changed, rest }
}

/// The tabs from the left that fit, always with the selected one.
fn how_many_fit(widths: &[f32], room: f32, selected: usize) -> Vec<usize> {
    let all: f32 = widths.iter().sum::<f32>() + GAP * widths.len().saturating_sub(1) as f32;
    if all <= room {
        return (0..widths.len()).collect();
    }
    let room = room - MORE;
    let mut used = widths.get(selected).copied().unwrap_or(0.0) + GAP;
    let mut shown = vec![selected];
    for (index, width) in widths.iter().enumerate() {
        if index == selected {
            continue;
        }
        if used + width > room {
            break;
        }
        used += width + GAP;
        shown.push(index);
    }
    shown.sort_unstable();
    shown
}

fn tab_width(ui: &Ui, tab: &SubTab<'_>) -> f32 {
    let painter = ui.painter();
    let mut width = text::width(painter, tab.name, font::label());
    if !tab.count.is_empty() {
        width += 6.0 + text::width(painter, tab.count.as_str(), font::small());
    }
    if !tab.failures.is_empty() {
        width += 16.0 + text::width(painter, tab.failures.as_str(), font::small_medium());
    }
    if tab.dot {
        width += 9.0;
    }
    width.round()
}

fn tab_ui(ui: &Ui, tab: &SubTab<'_>, place: Rect, active: bool, t: &Tokens) -> bool {
    let hit = place.expand2(vec2(GAP / 2.0 - 1.0, 0.0));
    let id = ui.make_persistent_id(("sub-tab", tab.name));
    let response = ui.interact(hit, id, Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Tab, ui.is_enabled(), active, tab.name));
    let painter = ui.painter();
    let y = place.center().y;
    let color = if active || response.hovered() { t.hi } else { t.mid };
    let mut x = text::left(painter, pos2(place.left(), y), tab.name, font::label(), color);
    if !tab.count.is_empty() {
        let count = tab.count.as_str();
        x = text::left(painter, pos2(x + 6.0, y), count, font::small(), t.low);
    }
    if !tab.failures.is_empty() {
        super::mark::cross(painter, pos2(x + 10.0, y), 2.75, t.err, 1.25);
        let failures = tab.failures.as_str();
        x = text::left(painter, pos2(x + 16.0, y), failures, font::small_medium(), t.err);
    }
    if tab.dot {
        painter.circle_filled(pos2(x + 7.0, y), 2.0, t.mid);
    }
    if active {
        let line = Rect::from_min_max(pos2(place.left(), place.bottom() - size::TAB_LINE), place.right_bottom());
        painter.rect_filled(line, 0, t.accent);
    }
    if response.has_focus() {
        let ring = hit.shrink2(vec2(3.0, 6.0));
        edge::focus_ring(painter, ring, size::ROW_RADIUS, t);
    }
    response.clicked()
}

#[cfg(test)]
mod tests {
    use super::how_many_fit;

    #[test]
    fn tabs_that_fit_are_all_shown() {
        assert_eq!(how_many_fit(&[50.0, 50.0, 50.0], 190.0, 0), [0, 1, 2]);
    }

    #[test]
    fn the_selected_tab_stays_when_others_go() {
        assert_eq!(how_many_fit(&[50.0, 50.0, 50.0, 50.0], 180.0, 3), [0, 3]);
        assert_eq!(how_many_fit(&[50.0, 50.0, 50.0], 20.0, 1), [1]);
    }
}
