//! The policy sub-tab: a row per policy with its switch and its fields in the file's words, beside what it does now.
//!
//! ```text
//!  workspace's defaults ─▶ this call          fields ── typed text ─▶ Draft.policy
//!                                             live   ── recorded events only
//! ```

mod fields;
mod live;
mod values;

use egui::{Rect, Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use self::values::{Kind, ROW_KINDS};
use super::subject::Subject;
use super::view::View;
use crate::panel::Cx;
use crate::theme::{font, icon, size};
use crate::widget::pane::{self, Line};
use crate::widget::{button, edge, mark, switch, text};

const LIVE: f32 = 432.0;
const LIVE_NARROW: f32 = 300.0;
const LEFT: f32 = 56.0;
const TITLE: f32 = 44.0;
const FIELDS: f32 = 36.0;
const PATH: f32 = 60.0;

/// Values that the call sets itself.
pub(super) fn values_here(subject: &Subject<'_>, view: &View) -> usize {
    ROW_KINDS.iter().map(|kind| values::here(*kind, subject, &view.draft)).sum()
}

pub(super) fn ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View) {
    let (_, body, foot) = pane::cut(ui.available_rect_before_wrap(), 0.0, size::PANE_FOOTER);
    let live = if body.width() >= 960.0 {
        LIVE
    } else if body.width() >= 720.0 {
        LIVE_NARROW
    } else {
        0.0
    };
    pane::inside(ui, body, "policies", |ui| {
        if body.height() >= 420.0 {
            path_ui(ui, cx, subject, view);
        }
        head_ui(ui, cx, subject, live);
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for kind in ROW_KINDS {
                row_ui(ui, cx, subject, view, kind, live);
            }
        });
    });
    pane::bar_at(ui, foot, Line::Above, |ui| foot_ui(ui, cx, subject, view));
}

/// The boxes from the workspace's defaults to this call.
fn path_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, view: &View) {
    let t = cx.tokens;
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), PATH));
    let inherited = &subject.tab.inherited;
    let call = if view.draft.name.is_empty() { t!("call.policy.this_call") } else { view.draft.name.as_str().into() };
    let mut boxes = Vec::new();
    for (index, file) in inherited.files.iter().enumerate() {
        let folder = file.parent().and_then(|folder| folder.file_name());
        let name = folder.map_or_else(|| "defaults.yaml".into(), |name| name.to_string_lossy());
        let (glyph, what) = if index == 0 {
            (icon::STACK, t!("call.policy.workspace"))
        } else {
            (icon::FOLDER, t!("call.policy.folder"))
        };
        // What each file adds is not kept apart; with one file the sum is its own.
        let count = (inherited.files.len() == 1).then(|| values::inherited_count(inherited));
        boxes.push((glyph, name, what, count, false));
    }
    boxes.push((icon::PAPER_PLANE_TILT, call, t!("call.policy.call"), Some(values_here(subject, view)), true));
    let painter = ui.painter().clone();
    let y = rect.center().y;
    let mut x = rect.left() + size::PANE_PADDING;
    for (index, (glyph, name, what, count, chosen)) in boxes.into_iter().enumerate() {
        if index > 0 {
            text::glyph(&painter, pos2(x + 14.0, y), icon::ARROW_RIGHT, font::icon(size::ICON_SMALL), t.low);
            x += 28.0;
        }
        let words = count.map_or_else(String::new, |count| match count {
            1 => t!("call.policy.one_value").into_owned(),
            _ => t!("call.policy.values", count = count).into_owned(),
        });
        let count_width = text::width(&painter, words.as_str(), font::small());
        let name_width = text::width(&painter, name.as_ref(), font::card_title()).min(160.0);
        let width = (40.0 + name_width.max(48.0) + 24.0 + count_width + 12.0).round();
        let place = Rect::from_min_size(pos2(x, y - 22.0), vec2(width, 44.0));
        let (fill, border) = if chosen { (t.select, t.accent) } else { (t.raised, t.line2) };
        edge::frame(&painter, place, size::CONTROL_RADIUS, fill, border);
        let tone = if chosen { t.accent } else { t.mid };
        text::glyph(&painter, pos2(place.left() + 20.0, y), glyph, font::icon(size::ICON_LARGE), tone);
        let name_at = pos2(place.left() + 40.0, y - 8.0);
        text::left_elided(&painter, name_at, name.as_ref(), font::card_title(), t.hi, 160.0);
        text::left(&painter, pos2(name_at.x, y + 9.0), what.as_ref(), font::small(), t.low);
        text::right(&painter, pos2(place.right() - 12.0, y), words, font::small(), t.mid);
        x = place.right();
    }
    let room = rect.right() - x - 28.0;
    let words = if inherited.files.is_empty() { t!("call.policy.no_defaults") } else { t!("call.policy.wins") };
    text::left_elided(&painter, pos2(x + 16.0, y), words, font::label_regular(), t.mid, room);
    edge::hline(&painter, rect.x_range(), rect.bottom() - 1.0, t.line);
}

fn head_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, live: f32) {
    let t = cx.tokens;
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::TABLE_HEADER));
    let painter = ui.painter();
    let y = rect.center().y;
    edge::hline(painter, rect.x_range(), rect.bottom() - 1.0, t.line);
    text::left(painter, pos2(rect.left() + LEFT, y), t!("call.policy.policy"), font::small(), t.low);
    let right = rect.right() - live;
    text::right(painter, pos2(right - 16.0, y), t!("call.policy.from"), font::small(), t.low);
    if live > 0.0 {
        edge::vline(painter, right, rect.y_range(), t.line);
        text::left(painter, pos2(right + 16.0, y), t!("call.policy.live"), font::small(), t.low);
        text::right(painter, pos2(rect.right() - 16.0, y), subject.service_name(), font::small(), t.low);
    }
}

fn row_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View, kind: Kind, live: f32) {
    let t = cx.tokens;
    let inherited = &subject.tab.inherited;
    let width = ui.available_width() - live;
    let lines = fields::lines(ui.painter(), kind, width - LEFT - 16.0);
    let problem = values::problem(kind, view);
    let instances = kind == Kind::Breaker && live > 0.0 && subject.breakers().next().is_some();
    let height = TITLE
        + FIELDS * lines.len() as f32
        + if problem.is_some() { 24.0 } else { 0.0 }
        + if instances { FIELDS } else { 0.0 }
        + 8.0;
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), height));
    edge::hline(ui.painter(), rect.x_range(), rect.bottom() - 1.0, t.line);
    let left = rect.with_max_x(rect.right() - live);
    let mut child = ui.new_child(UiBuilder::new().id_salt(kind.name()).max_rect(left));
    let ui_left = &mut child;
    let y = rect.top() + TITLE / 2.0 + 2.0;
    let active = values::active(kind, subject, &view.draft);

    if kind.has_switch() {
        let place = Rect::from_min_size(pos2(rect.left() + 14.0, y - 8.0), vec2(28.0, 16.0));
        let mut holder = ui_left.new_child(UiBuilder::new().id_salt("switch").max_rect(place));
        let mut on = active;
        // A folder's deadline can be replaced here, not taken away.
        let fixed = kind == Kind::Deadline && subject.tab.inherited.deadline.is_some();
        if fixed {
            holder.disable();
        }
        if switch::switch(&mut holder, &mut on, kind.name()).changed() {
            values::set_active(kind, on, inherited, &mut view.draft);
            view.forget_typed(kind.name());
            view.touched = true;
        }
    }
    let painter = ui_left.painter().clone();
    let from_left = from_ui(ui_left, cx, subject, view, kind, pos2(left.right() - 16.0, y));
    let tone = if active { t.hi } else { t.low };
    let x = text::left(&painter, pos2(rect.left() + LEFT, y), kind.name(), font::card_title(), tone) + 10.0;
    let meaning = kind.meaning();
    text::left_elided(&painter, pos2(x, y), meaning, font::label_regular(), t.low, from_left - x - 12.0);

    let mut top = rect.top() + TITLE;
    for line in &lines {
        for (field, x) in line {
            let at = pos2(rect.left() + LEFT + x, top + FIELDS / 2.0);
            fields::field_ui(ui_left, cx, subject, view, *field, at, active);
        }
        top += FIELDS;
    }
    if let Some(problem) = problem {
        let at = pos2(rect.left() + LEFT + 4.0, top + 10.0);
        mark::cross(&painter, at, 3.5, t.err, 1.5);
        let words_at = at + vec2(12.0, 0.0);
        text::left_elided(&painter, words_at, problem, font::small_medium(), t.err, left.right() - words_at.x - 16.0);
        top += 24.0;
    }
    if instances {
        live::instances_ui(ui_left, cx, subject, view, pos2(rect.left() + LEFT, top + FIELDS / 2.0));
    }
    if live > 0.0 {
        edge::vline(ui.painter(), left.right(), rect.y_range(), t.line);
        let place = Rect::from_min_max(pos2(left.right() + 16.0, rect.top()), pos2(rect.right() - 16.0, rect.bottom()));
        live::ui(ui, cx, subject, view, kind, place);
    }
}

/// Where the values come from; a click on "set here" goes back to what is inherited. Gives its left end.
fn from_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, view: &mut View, kind: Kind, end: egui::Pos2) -> f32 {
    let t = cx.tokens;
    let here = values::here(kind, subject, &view.draft);
    let total = kind.fields().len();
    let painter = ui.painter().clone();
    if here == 0 && !values::is_set_here(kind, &view.draft) {
        let inherits = values::inherits(kind, &subject.tab.inherited);
        let folder = subject.tab.inherited.files.last().and_then(|file| file.parent()?.file_name());
        let words = match folder.filter(|_| inherits) {
            Some(folder) => folder.to_string_lossy(),
            None if inherits => t!("call.policy.workspace"),
            None => t!("call.policy.default"),
        };
        let x = text::right(&painter, end, words.as_ref(), font::small(), t.low);
        if inherits {
            text::glyph(&painter, pos2(x - 11.0, end.y), icon::STACK, font::icon(size::ICON_SMALL), t.low);
        }
        return x - 22.0;
    }
    let words =
        if here == 0 { t!("call.policy.set_here") } else { t!("call.policy.here", count = here, total = total) };
    let line = text::galley(&painter, words.as_ref(), font::small_medium());
    let place = Rect::from_min_max(pos2(end.x - line.size().x - 20.0, end.y - 10.0), pos2(end.x, end.y + 10.0));
    let response = ui.interact(place, ui.make_persistent_id("set here"), Sense::click());
    let name = t!("call.policy.inherit", policy = kind.name());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name.as_ref()));
    text::glyph(&painter, pos2(place.left() + 7.0, end.y), icon::PENCIL_SIMPLE, font::icon(size::ICON_SMALL), t.accent);
    text::galley_right(&painter, end, line, t.accent);
    if response.has_focus() {
        edge::focus_ring(&painter, place.expand2(vec2(3.0, 0.0)), size::ROW_RADIUS, t);
    }
    if response.on_hover_text(name.as_ref()).clicked() {
        values::inherit(kind, &mut view.draft);
        view.forget_typed(kind.name());
        view.touched = true;
    }
    place.left()
}

fn foot_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, view: &mut View) {
    let t = cx.tokens;
    ui.spacing_mut().item_spacing.x = size::GAP;
    let here = values_here(subject, view);
    let wrong = ROW_KINDS.iter().find_map(|kind| values::problem(*kind, view));
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        let remove = if here == 1 { t!("call.policy.remove_one") } else { t!("call.policy.remove", count = here) };
        if here > 0 && button::link(ui, &remove).clicked() {
            for kind in ROW_KINDS {
                values::inherit(kind, &mut view.draft);
            }
            view.typed.clear();
            view.touched = true;
        }
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            let (at, _) = ui.allocate_exact_size(vec2(14.0, 20.0), Sense::hover());
            if let Some(wrong) = wrong {
                mark::cross(ui.painter(), at.center(), 3.5, t.err, 1.5);
                text::line(ui, &wrong, font::small_medium(), t.err, 20.0);
                return;
            }
            text::glyph(ui.painter(), at.center(), icon::CHECK, font::icon_bold(13.0), t.ok);
            text::label(ui, t!("call.policy.applies"), font::small_medium(), t.hi);
            text::line(ui, &t!("call.policy.order"), font::small(), t.low, 20.0);
        });
    });
}
