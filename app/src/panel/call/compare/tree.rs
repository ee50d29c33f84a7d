//! The aligned rows: the left value, what kind of difference it is, the right value. One widget for all of them.

use std::sync::Arc;

use callscope_wire::Value;
use callscope_wire::value::diff::{At, Kind, different_part};
use egui::text::{LayoutJob, TextFormat};
use egui::{EventFilter, Id, Key, Modifiers, Painter, Rangef, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::rows::{self, Row, What};
use super::{CompareView, TWO_COLUMNS, count_words, part_name};
use crate::model::compare::Comparison;
use crate::panel::Cx;
use crate::theme::{Tokens, font, icon, size};
use crate::widget::row::{self, Caret};
use crate::widget::scroll::{Extent, Scroll};
use crate::widget::{chip, edge, json, text};

/// Room of the sign between the two sides.
const SIGN: f32 = 28.0;
/// Keys that walk the rows and fold them.
const KEYS: [Key; 10] = [
    Key::ArrowDown,
    Key::ArrowUp,
    Key::ArrowRight,
    Key::ArrowLeft,
    Key::PageDown,
    Key::PageUp,
    Key::Home,
    Key::End,
    Key::Enter,
    Key::Space,
];
/// Longer texts are cut before they are shaped.
const LONGEST: usize = 400;

pub(super) fn ui(ui: &mut Ui, cx: &Cx, view: &mut CompareView, found: &Arc<Comparison>) {
    let (_, rect) = ui.allocate_space(ui.available_size());
    let t = cx.tokens;
    let mut rows = view.rows(found);
    let mut extent = Extent { rows: rows.len() as u64, row_height: size::ROW, view: rect };
    let id = ui.make_persistent_id("comparison");
    let response = ui.interact(rect, id, Sense::click());
    let name = t!("call.compare.tree");
    response.widget_info(|| WidgetInfo::labeled(Role::Tree, ui.is_enabled(), name.as_ref()));
    let step = std::mem::take(&mut view.step);
    if step != 0 {
        view.walk(&rows, step);
        response.request_focus();
    }
    if std::mem::take(&mut view.reveal)
        && let Some(at) = view.selected_row(&rows)
    {
        view.scroll.reveal(at as u64, &extent);
    }
    view.scroll.bar(ui, id.with("bar"), &extent, &[]);
    view.scroll.wheel(ui, &extent);
    view.scroll.clamp(&extent);
    if response.clicked() {
        response.request_focus();
        if let Some(at) = response.interact_pointer_pos()
            && let Some(row) = view.scroll.row_at(at.y, &extent).and_then(|index| rows.get(index as usize))
        {
            let on_caret = (at.x - row::caret_x(rect.left(), row.depth)).abs() <= 10.0;
            if row.open.is_some() && (on_caret || matches!(row.what, What::Equal(_) | What::Part(_))) {
                view.toggle(row);
            } else {
                view.selected = Some(row.key);
            }
        }
    }
    if response.double_clicked()
        && let Some(row) = view.selected_row(&rows).and_then(|at| rows.get(at))
    {
        view.toggle(row);
    }
    if response.has_focus() {
        view.keys(ui, id, &rows, &extent);
    }
    if view.flat.is_none() {
        rows = view.rows(found);
        extent.rows = rows.len() as u64;
        view.scroll.clamp(&extent);
    }
    let hovered = ui
        .input(|input| input.pointer.hover_pos())
        .filter(|_| response.contains_pointer())
        .and_then(|at| view.scroll.row_at(at.y, &extent));
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let columns = Columns::new(rect);
    if let Some(middle) = columns.sign {
        edge::vline(&painter, middle, rect.y_range(), t.line);
    }
    for index in view.scroll.visible(&extent) {
        let Some(row) = rows.get(index as usize) else { continue };
        let at = view.scroll.rect_of(index, &extent);
        let selected = view.selected == Some(row.key);
        let ground = at.shrink2(vec2(4.0, 0.0));
        if selected {
            painter.rect_filled(ground, size::ROW_RADIUS, t.select);
        } else if hovered == Some(index) {
            painter.rect_filled(ground, size::ROW_RADIUS, t.hover);
        }
        let values = rows::values(&found.sections, &rows, index as usize);
        paint(&painter, at, row, values, &columns, t);
        let node = ui.interact(at.intersect(rect), id.with(("row", row.key, index)), Sense::hover());
        node.widget_info(|| WidgetInfo::selected(Role::TreeItem, true, selected, spoken(row, values)));
    }
    if response.has_focus() {
        crate::widget::vtable::focus_line(&painter, rect, t);
    }
}

/// Where the two sides are: beside each other, or one behind the other in one column.
struct Columns {
    left: Rangef,
    right: Rangef,
    /// The middle of the sign's column, if there is one.
    sign: Option<f32>,
}

impl Columns {
    fn new(rect: Rect) -> Self {
        if rect.width() < TWO_COLUMNS {
            return Self { left: rect.x_range(), right: rect.x_range(), sign: None };
        }
        let middle = rect.center().x.round();
        Self {
            left: Rangef::new(rect.left(), middle - SIGN / 2.0),
            right: Rangef::new(middle + SIGN / 2.0, rect.right()),
            sign: Some(middle),
        }
    }
}

impl CompareView {
    fn toggle(&mut self, row: &Row) {
        self.folds.toggle(row);
        self.flat = None;
    }

    fn selected_row(&self, rows: &[Row]) -> Option<usize> {
        let selected = self.selected?;
        rows.iter().position(|row| row.key == selected)
    }

    /// Goes on by so many differences; behind the last one comes the first again.
    fn walk(&mut self, rows: &[Row], step: isize) {
        let stops: Vec<usize> = rows.iter().enumerate().filter(|(_, row)| row.differs()).map(|(at, _)| at).collect();
        let Some(last) = stops.len().checked_sub(1) else { return };
        let here = self.selected_row(rows);
        let first = match (here, step > 0) {
            (None, true) => 0,
            (None, false) => last,
            (Some(here), true) => stops.iter().position(|at| *at > here).unwrap_or(0),
            (Some(here), false) => stops.iter().rposition(|at| *at < here).unwrap_or(last),
        };
        let more = step - step.signum();
        let at = (first.cast_signed() + more).rem_euclid(stops.len().cast_signed()).cast_unsigned();
        self.selected = stops.get(at).and_then(|at| rows.get(*at)).map(|row| row.key);
        self.reveal = true;
    }

    fn keys(&mut self, ui: &Ui, id: Id, rows: &[Row], extent: &Extent) {
        ui.memory_mut(|memory| {
            let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
            memory.set_focus_lock_filter(id, filter);
        });
        let (down, up) = ui.input_mut(|input| {
            (input.consume_key(Modifiers::ALT, Key::ArrowDown), input.consume_key(Modifiers::ALT, Key::ArrowUp))
        });
        if down || up {
            self.walk(rows, if down { 1 } else { -1 });
            self.reveal = false;
            if let Some(at) = self.selected_row(rows) {
                self.scroll.reveal(at as u64, extent);
            }
        }
        let pressed: Vec<Key> =
            ui.input_mut(|input| KEYS.into_iter().filter(|key| input.consume_key(Modifiers::NONE, *key)).collect());
        let Some(last) = rows.len().checked_sub(1) else { return };
        let page = Scroll::page(extent) as usize;
        for key in pressed {
            let current = self.selected_row(rows);
            let at = current.unwrap_or_default();
            let Some(row) = rows.get(at) else { return };
            let to = match key {
                Key::ArrowDown => current.map_or(0, |at| at + 1),
                Key::ArrowUp => at.saturating_sub(1),
                Key::PageDown => at + page,
                Key::PageUp => at.saturating_sub(page),
                Key::Home => 0,
                Key::End => last,
                Key::ArrowRight if row.open == Some(true) => at + 1,
                Key::ArrowRight if row.open == Some(false) => return self.toggle(row),
                Key::ArrowLeft if row.open == Some(true) => return self.toggle(row),
                Key::ArrowLeft => row.parent.map_or(at, |parent| parent as usize),
                Key::Enter | Key::Space if row.open.is_some() => return self.toggle(row),
                _ => at,
            }
            .min(last);
            self.selected = rows.get(to).map(|row| row.key);
            self.scroll.reveal(to as u64, extent);
        }
    }
}

type Both<'a> = (Option<&'a Value>, Option<&'a Value>);

/// What a screen reader says: `qty: 2, right 5, differs`.
fn spoken(row: &Row, values: Both<'_>) -> String {
    let short = |value: Option<&Value>| value.map_or_else(|| "–".to_owned(), json::short);
    match &row.what {
        What::Part(part) => match row.counts.all() {
            0 => format!("{}: {}", part_name(*part), t!("call.compare.same")),
            _ => format!("{}: {}", part_name(*part), count_words(&row.counts)),
        },
        What::Equal(count) => t!("call.compare.equal_rows", count = chip::grouped(*count as u64)).into_owned(),
        What::Value(at, kind) => {
            let name = match at {
                At::Whole => String::new(),
                At::Member(name) => format!("{name}: "),
                At::Item(left, right) => format!("{}: ", right.or(*left).unwrap_or_default()),
            };
            let moved = if row.moved { format!(", {}", t!("call.compare.moved_row")) } else { String::new() };
            match kind {
                Kind::Same => format!("{name}{}{moved}", short(values.0)),
                Kind::Inside => format!("{name}{}{moved}", count_words(&row.counts)),
                Kind::Written | Kind::Changed => format!("{name}{} → {}{moved}", short(values.0), short(values.1)),
                Kind::LeftOnly => format!("{name}{}, {}", short(values.0), t!("call.compare.only_here_left")),
                Kind::RightOnly => format!("{name}{}, {}", short(values.1), t!("call.compare.only_here_right")),
            }
        }
    }
}

fn paint(painter: &Painter, rect: Rect, row: &Row, values: Both<'_>, columns: &Columns, t: &Tokens) {
    let y = rect.center().y;
    row::guides(painter, rect, row.depth, t);
    if columns.sign.is_some() {
        row::guides(painter, rect.with_min_x(columns.right.min), row.depth, t);
    }
    let caret = row.open.map_or(Caret::None, |open| if open { Caret::Open } else { Caret::Closed });
    row::paint_caret(painter, pos2(row::caret_x(rect.left(), row.depth), y), caret, t);
    let indent = row::caret_x(0.0, row.depth) + 11.0;
    let left = Rangef::new(columns.left.min + indent, columns.left.max - 8.0);
    let right = Rangef::new(columns.right.min + indent, columns.right.max - size::ROW_RIGHT);
    match &row.what {
        What::Part(part) => {
            let end = text::left(painter, pos2(left.min, y), part_name(*part), font::title(), t.hi);
            let words =
                if row.counts.all() == 0 { t!("call.compare.same").into_owned() } else { count_words(&row.counts) };
            text::left_elided(painter, pos2(end + 8.0, y), words, font::small(), t.low, rect.right() - end - 20.0);
        }
        What::Equal(count) => {
            let words = t!("call.compare.equal_rows", count = chip::grouped(*count as u64));
            text::left_elided(painter, pos2(left.min, y), words, font::small(), t.low, left.span());
        }
        What::Value(at, kind) => {
            let (left_name, right_name) = match at {
                At::Whole => (String::new(), String::new()),
                At::Member(name) => (name.to_string(), name.to_string()),
                At::Item(left, right) => {
                    let index = |at: Option<u32>| at.map(|at| at.to_string()).unwrap_or_default();
                    (index(*left), index(*right))
                }
            };
            let one = Side { painter, y, row, kind: *kind, t };
            if let Some(middle) = columns.sign {
                one.paint(left, &left_name, values.0, values.1);
                one.paint(right, &right_name, values.1, values.0);
                one.sign(middle);
            } else {
                one.paint_in_one_column(left, (&left_name, &right_name), values);
            }
        }
    }
}

/// What both sides of a row share.
struct Side<'a> {
    painter: &'a Painter,
    y: f32,
    row: &'a Row,
    kind: Kind,
    t: &'a Tokens,
}

impl Side<'_> {
    fn paint(&self, x: Rangef, name: &str, value: Option<&Value>, other: Option<&Value>) {
        let Some(value) = value else { return };
        let at = self.name(x, name);
        self.value(Rangef::new(at, x.max), value, other);
    }

    /// Gives where the value begins.
    fn name(&self, x: Rangef, name: &str) -> f32 {
        if name.is_empty() {
            return x.min;
        }
        let room = (x.span() * 0.6).max(40.0);
        text::left_elided(self.painter, pos2(x.min, self.y), name, font::code_small(), self.t.key, room) + 12.0
    }

    fn differs(&self) -> bool {
        !matches!(self.kind, Kind::Same | Kind::Inside | Kind::Written)
    }

    /// Gives its right end.
    fn value(&self, x: Rangef, value: &Value, other: Option<&Value>) -> f32 {
        let t = self.t;
        if x.span() < 8.0 {
            return x.min;
        }
        if self.row.open == Some(true) {
            let words = match value {
                Value::Object(members) => t!("call.answer.fields", count = members.len()),
                Value::Array(items) => t!("call.answer.items", count = items.len()),
                _ => return x.min,
            };
            return text::left_elided(self.painter, pos2(x.min, self.y), words, font::small(), t.low, x.span());
        }
        let color = match value {
            Value::String(_) => t.str,
            Value::Number(_) => t.num,
            Value::Bool(_) | Value::Null => t.lit,
            Value::Array(_) | Value::Object(_) => t.low,
        };
        let differs = self.differs();
        let padding = if differs { 5.0 } else { 0.0 };
        let mut job = LayoutJob::default();
        let format = TextFormat::simple(font::code_small(), color);
        match (value, other, differs) {
            (Value::String(one), Some(Value::String(two)), true) => append_part(&mut job, one, two, &format, t),
            _ => job.append(&json::short(value), 0.0, format),
        }
        text::elide(&mut job, x.span() - 2.0 * padding);
        let line = self.painter.layout_job(job);
        if differs {
            let ground = Rect::from_min_size(
                pos2(x.min, self.y - size::CHIP / 2.0),
                vec2(line.size().x + 2.0 * padding, size::CHIP),
            );
            self.painter.rect_filled(ground, size::ROW_RADIUS, t.over(t.accent, 0.18, 0.18));
        }
        text::galley_left(self.painter, pos2(x.min + padding, self.y), line, color) + padding
    }

    /// Shape beside color: ≠ differs, − and + on one side only, ↕ moved, ≈ written differently.
    fn sign(&self, middle: f32) {
        let (words, color) = match (self.kind, self.row.moved) {
            (Kind::Changed, _) => ("≠", self.t.accent),
            (Kind::LeftOnly, _) => ("−", self.t.accent),
            (Kind::RightOnly, _) => ("+", self.t.accent),
            (_, true) => ("↕", self.t.accent),
            (Kind::Written, _) => ("≈", self.t.low),
            (Kind::Same | Kind::Inside, false) => return,
        };
        // The line is a point wide.
        let at = pos2(middle + 0.5, self.y);
        let ground = Rect::from_center_size(at, vec2(16.0, 16.0));
        self.painter.rect_filled(ground, size::ROW_RADIUS, self.t.island);
        text::center(self.painter, at, words, font::code_small(), color);
    }

    /// `qty 2 → 5`.
    fn paint_in_one_column(&self, x: Rangef, names: (&str, &str), values: Both<'_>) {
        let name = if names.1.is_empty() { names.0 } else { names.1 };
        let mut at = self.name(x, name);
        if self.row.moved && names.0 != names.1 {
            at = text::left(self.painter, pos2(at, self.y), "↕", font::code_small(), self.t.accent) + 8.0;
        }
        let arrow = || font::icon(size::ICON_TINY);
        match (self.kind, values) {
            (Kind::Changed | Kind::Written, (Some(left), Some(right))) => {
                let room = (x.max - at - 24.0).max(0.0);
                // The first leaves the second at least half, unless that needs less.
                let end = self.value(Rangef::new(at, at + room / 2.0), left, Some(right));
                text::glyph(self.painter, pos2(end + 12.0, self.y), icon::ARROW_RIGHT, arrow(), self.t.low);
                self.value(Rangef::new(end + 24.0, x.max), right, Some(left));
            }
            (kind, (Some(value), None) | (None, Some(value))) => {
                let sign = if kind == Kind::LeftOnly { "−" } else { "+" };
                at = text::left(self.painter, pos2(at, self.y), sign, font::code_small(), self.t.accent) + 8.0;
                self.value(Rangef::new(at, x.max), value, None);
            }
            (_, (Some(value), Some(_))) => {
                self.value(Rangef::new(at, x.max), value, None);
            }
            (_, (None, None)) => {}
        }
    }
}

/// A text with what differs in it underlined; its beginning left out when it would push that out of sight.
fn append_part(job: &mut LayoutJob, one: &str, two: &str, format: &TextFormat, t: &Tokens) {
    let (part, _) = different_part(one, two);
    let mut start = 0;
    if part.start > 24 {
        start = one.floor_char_boundary(part.start - 16);
    }
    let piece = |range: std::ops::Range<usize>| {
        let text = one.get(range).unwrap_or_default();
        let cut = text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
        let quoted = Value::from(text.get(..cut).unwrap_or_default()).to_string();
        quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
    };
    let underlined = TextFormat { underline: Stroke::new(1.0, t.accent), ..format.clone() };
    job.append(if start > 0 { "…" } else { "\"" }, 0.0, format.clone());
    job.append(&piece(start..part.start), 0.0, format.clone());
    if !part.is_empty() && part.len() < one.len() {
        job.append(&piece(part.clone()), 0.0, underlined);
    } else {
        job.append(&piece(part.clone()), 0.0, format.clone());
    }
    job.append(&piece(part.end..one.len()), 0.0, format.clone());
    job.append("\"", 0.0, format.clone());
}
