//! Two calls beside each other, over the body of a tab: what differs, aligned row by row.
//!
//! ```text
//!  bar     how much differs · only differences · up, down · swap, copy, close
//!  heads   A: which call, how it went     B: likewise
//!  tree    answer, status, metadata, trailers, what was sent; values that differ on the accent
//! ```
//!
//! What differs was found elsewhere (`model/compare.rs`); here it is shown. Start reading at [`ui`].

mod pick;
mod rows;
mod spread;
mod tree;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use callscope_wire::value::diff::Counts;
use egui::{Align, Layout, Rect, Ui, UiBuilder, pos2};
use rust_i18n::t;

pub(super) use self::pick::menu_button;
use self::rows::{Folds, Row, Show};
use super::subject::Subject;
use super::view::View;
use super::{empty, figures};
use crate::command::{Act, Command};
use crate::model::compare::{Comparison, Facts, Part};
use crate::model::tabs::Tab;
use crate::panel::Cx;
use crate::theme::{font, icon, size};
use crate::widget::mark::{self, Mark};
use crate::widget::pane::{self, Line};
use crate::widget::scroll::Scroll;
use crate::widget::vtable::TableState;
use crate::widget::{button, checkbox, edge, empty::Empty, text};

/// Below this both sides share one column.
const TWO_COLUMNS: f32 = 560.0;
/// Room for words beside the acts of the bar.
const WORDS: f32 = 520.0;
const HEAD: f32 = 36.0;
const NOTE: f32 = 24.0;

/// What the view remembers.
#[derive(Default)]
pub(super) struct CompareView {
    only_differences: bool,
    folds: Folds,
    selected: Option<u64>,
    scroll: Scroll,
    /// The open rows, and of what.
    flat: Option<(usize, Arc<[Row]>)>,
    reveal: bool,
    /// Differences to go on by.
    step: isize,
    /// The table of instances.
    table: TableState,
}

impl CompareView {
    /// To the next difference, or the one before.
    pub fn step(&mut self, forward: bool) {
        self.step += if forward { 1 } else { -1 };
    }

    fn rows(&mut self, comparison: &Arc<Comparison>) -> Arc<[Row]> {
        // The same allocation is the same comparison while somebody holds it, and the tab does.
        let of = Arc::as_ptr(comparison) as usize;
        if let Some((known, rows)) = &self.flat
            && *known == of
        {
            return Arc::clone(rows);
        }
        let show = if self.only_differences { Show::Differences } else { Show::Everything };
        let rows: Arc<[Row]> = rows::flatten(comparison, &self.folds, show).into();
        self.flat = Some((of, Arc::clone(&rows)));
        rows
    }
}

/// Whether something lies over the call of this tab.
pub(super) fn covers(tab: &Tab) -> bool {
    tab.compare.is_some() || tab.spread.is_some()
}

pub(super) fn ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View) {
    if subject.tab.compare.is_none() {
        spread::ui(ui, cx, subject, &mut view.compare.table);
        return;
    }
    let found = subject.tab.compare.as_ref().and_then(|compare| compare.found.clone());
    let view = &mut view.compare;
    pane::header(ui, |ui| bar_ui(ui, cx, subject, view, found.as_deref()));
    let Some(found) = found else {
        nothing_ui(ui, cx, subject);
        return;
    };
    heads_ui(ui, cx, &found);
    for note in notes(&found) {
        pane::bar(ui, NOTE, Line::Below, |ui| {
            text::line(ui, &note, font::small(), cx.tokens.mid, 20.0);
        });
    }
    if found.counts.all() == 0 && view.only_differences {
        let (headline, sentence) = (t!("call.compare.equal"), t!("call.compare.equal_hint"));
        Empty { headline: &headline, sentence: &sentence, cards: &[], shortcuts: &[], tip: "" }.show(ui);
        return;
    }
    tree::ui(ui, cx, view, &found);
}

/// There is only one call yet, or one that is not over.
fn nothing_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>) {
    let compare = subject.tab.compare.as_ref();
    if compare.is_some_and(|compare| compare.asked.is_some()) {
        return;
    }
    let running = subject.tab.running.is_some();
    let (headline, sentence) = if running {
        (t!("call.compare.waiting"), t!("call.compare.waiting_hint"))
    } else if subject.tab.flow.is_none() {
        (t!("call.compare.no_call"), t!("call.compare.no_call_hint"))
    } else {
        (t!("call.compare.nothing"), t!("call.compare.nothing_hint"))
    };
    let words = [
        (t!("act.send"), empty::keys_of(cx.model, Act::Send)),
        (t!("act.send_to_instances"), empty::keys_of(cx.model, Act::SendToInstances)),
    ];
    let shortcuts: Vec<(&str, &str)> =
        words.iter().filter(|(_, keys)| !keys.is_empty()).map(|(what, keys)| (what.as_ref(), keys.as_str())).collect();
    Empty { headline: &headline, sentence: &sentence, cards: &[], shortcuts: &shortcuts, tip: "" }.show(ui);
}

fn bar_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut CompareView, found: Option<&Comparison>) {
    let tab = subject.tab.id;
    ui.spacing_mut().item_spacing.x = size::GAP;
    let wide = ui.available_width() >= WORDS;
    pane::right(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let back = if subject.tab.spread.is_some() { t!("call.compare.back") } else { t!("call.compare.close") };
        if button::icon_button(ui, icon::X, size::ICON_SMALL, &back).clicked() {
            cx.push(Command::CloseComparison(tab));
        }
        pick::menu_button(ui, cx, subject);
        if let Some(found) = found {
            if button::icon_button(ui, icon::COPY, size::ICON, &t!("call.compare.copy")).clicked() {
                cx.push(Command::Copy(as_text(found)));
            }
            if button::icon_button(ui, icon::SWAP, size::ICON, &t!("call.compare.swap")).clicked() {
                cx.push(Command::SwapSides(tab));
            }
            let some = found.counts.all() > 0;
            for (glyph, act, words) in [
                (icon::ARROW_DOWN, Act::NextDifference, t!("act.next_difference")),
                (icon::ARROW_UP, Act::PreviousDifference, t!("act.previous_difference")),
            ] {
                ui.add_enabled_ui(some, |ui| {
                    if button::icon_button(ui, glyph, size::ICON_SMALL, &words).clicked() {
                        cx.push(Command::Act(act));
                    }
                });
            }
            let only = t!("call.compare.only_differences");
            let before = view.only_differences;
            if wide {
                ui.add_space(4.0);
                checkbox::checkbox_with_text(ui, &mut view.only_differences, &only);
            } else {
                checkbox::checkbox(ui, &mut view.only_differences, &only);
            }
            if before != view.only_differences {
                view.flat = None;
                view.reveal = true;
            }
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let Some(found) = found else {
                pane::title(ui, &t!("call.compare.title"));
                return;
            };
            let kind = if found.counts.all() == 0 { Mark::Ok } else { Mark::Warn };
            let (_, place) = ui.allocate_space(egui::vec2(12.0, 20.0));
            mark::paint(ui.painter(), place.center(), mark::SIZE, kind, cx.tokens);
            text::line(ui, &summary(found), font::title(), cx.tokens.hi, 20.0);
        });
    });
}

/// "3 differ · 1 only left"; that answers are equal although something else is not.
fn summary(found: &Comparison) -> String {
    if found.counts.all() == 0 {
        return t!("call.compare.equal").into_owned();
    }
    let said = |part: Part| matches!(part, Part::Answer | Part::Status);
    let differs = found.sections.iter().any(|section| said(section.part) && section.diff.root.counts.all() > 0);
    let answered = found.sections.iter().any(|section| section.part == Part::Answer);
    if differs || !answered {
        return count_words(&found.counts);
    }
    t!("call.compare.equal_but", rest = count_words(&found.counts)).into_owned()
}

pub(super) fn count_words(counts: &Counts) -> String {
    let mut parts = Vec::new();
    match counts.changed {
        0 => {}
        1 => parts.push(t!("call.compare.one_changed").into_owned()),
        count => parts.push(t!("call.compare.changed", count = count).into_owned()),
    }
    for (count, words) in [
        (counts.left_only, t!("call.compare.left_only", count = counts.left_only)),
        (counts.right_only, t!("call.compare.right_only", count = counts.right_only)),
        (counts.moved, t!("call.compare.moved", count = counts.moved)),
    ] {
        if count > 0 {
            parts.push(words.into_owned());
        }
    }
    parts.join(" · ")
}

/// What the reader has to know about how it was compared.
fn notes(found: &Comparison) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(count) = found.sections.iter().map(|section| section.left_out).max().filter(|count| *count > 0) {
        notes.push(t!("call.compare.left_out", count = crate::widget::chip::grouped(count)).into_owned());
    }
    if found.sections.iter().any(|section| section.cut) {
        notes.push(t!("call.compare.cut").into_owned());
    }
    let sum =
        |of: fn(&callscope_wire::value::diff::Diff) -> u32| found.sections.iter().map(|s| of(&s.diff)).sum::<u32>();
    if sum(|diff| diff.rough) > 0 {
        notes.push(t!("call.compare.rough").into_owned());
    }
    if sum(|diff| diff.by_place) > 0 {
        notes.push(t!("call.compare.by_place").into_owned());
    }
    notes
}

/// One line per difference, to be pasted into a report.
fn as_text(found: &Comparison) -> String {
    let mut lines = vec![summary(found)];
    for section in &found.sections {
        for change in section.diff.changes() {
            let value = |whole: Option<&callscope_wire::Value>, at: Option<&String>| {
                at.and_then(|at| whole?.pointer(at)).map_or_else(|| "–".to_owned(), ToString::to_string)
            };
            let pointer = change.right.as_ref().or(change.left.as_ref());
            let path = pointer.map(|pointer| super::field_type::readable(pointer)).unwrap_or_default();
            let left = value(section.left.as_deref(), change.left.as_ref());
            let right = value(section.right.as_deref(), change.right.as_ref());
            lines.push(format!("{} {path}: {left} → {right}", part_name(section.part)));
        }
    }
    lines.join("\n")
}

pub(super) fn part_name(part: Part) -> std::borrow::Cow<'static, str> {
    match part {
        Part::Answer => t!("call.compare.answer"),
        Part::Status => t!("call.compare.status"),
        Part::Metadata => t!("call.response.metadata"),
        Part::Trailers => t!("call.response.trailers"),
        Part::Sent => t!("call.compare.sent"),
    }
}

/// Which calls these are, and how they went: side by side, or one below the other where there is no room.
fn heads_ui(ui: &mut Ui, cx: &Cx, found: &Comparison) {
    let beside = ui.available_width() >= TWO_COLUMNS;
    let height = if beside { HEAD } else { 2.0 * HEAD };
    let (_, rect) = ui.allocate_space(egui::vec2(ui.available_width(), height));
    edge::hline(ui.painter(), rect.x_range(), rect.bottom() - 1.0, cx.tokens.line);
    let (first, second) = if beside {
        let middle = rect.center().x.round();
        edge::vline(ui.painter(), middle, rect.y_range(), cx.tokens.line);
        (rect.with_max_x(middle), rect.with_min_x(middle))
    } else {
        rect.split_top_bottom_at_y(rect.top() + HEAD)
    };
    head_ui(ui, cx, first, "A", found.of.0.0, &found.left, &found.right);
    head_ui(ui, cx, second, "B", found.of.1.0, &found.right, &found.left);
}

fn head_ui(ui: &mut Ui, cx: &Cx, rect: Rect, letter: &str, number: u64, facts: &Facts, other: &Facts) {
    let t = cx.tokens;
    let inner = rect.shrink2(egui::vec2(size::PANE_PADDING, 0.0));
    let mut child =
        ui.new_child(UiBuilder::new().id_salt(letter).max_rect(inner).layout(Layout::left_to_right(Align::Center)));
    child.shrink_clip_rect(rect);
    let ui = &mut child;
    ui.spacing_mut().item_spacing.x = size::GAP;
    let (_, place) = ui.allocate_space(egui::vec2(20.0, 20.0));
    edge::frame(ui.painter(), place, size::ROW_RADIUS, t.raised, t.line2);
    text::center(ui.painter(), place.center(), letter, font::small_medium(), t.hi);
    let kind = figures::mark_of(facts.code);
    let mut shown = vec![(facts.code.to_string(), facts.code != other.code, Some(kind))];
    if !facts.instance.is_empty() {
        shown.push((facts.instance.clone(), facts.instance != other.instance, None));
    }
    shown.push((figures::duration(facts.took), false, None));
    shown.push((figures::bytes(facts.bytes), facts.bytes != other.bytes, None));
    if facts.messages > 1 || other.messages > 1 {
        let words = t!("call.compare.messages", count = crate::widget::chip::grouped(facts.messages));
        shown.push((words.into_owned(), facts.messages != other.messages, None));
    }
    if facts.attempts > 1 || other.attempts > 1 {
        let words = t!("call.compare.attempts", count = facts.attempts);
        shown.push((words.into_owned(), facts.attempts != other.attempts, None));
    }
    let earlier = other.started.since(facts.started);
    let when = if earlier.is_zero() {
        t!("call.compare.number", number = number)
    } else {
        t!("call.compare.number_earlier", number = number, time = figures::duration(earlier))
    };
    for (words, differs, kind) in shown {
        fact_ui(ui, cx, &words, differs, kind);
    }
    text::line(ui, &when, font::small(), t.low, 20.0);
}

/// One fact; on the accent when the other side has another.
fn fact_ui(ui: &mut Ui, cx: &Cx, words: &str, differs: bool, kind: Option<Mark>) {
    let t = cx.tokens;
    let line = text::galley(ui.painter(), words, font::label());
    let lead = if kind.is_some() { 16.0 } else { 0.0 };
    let padding = if differs { 6.0 } else { 0.0 };
    let width = line.size().x + lead + 2.0 * padding;
    if width > ui.available_width() {
        return;
    }
    let (rect, response) = ui.allocate_exact_size(egui::vec2(width, 20.0), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, words));
    if differs {
        ui.painter().rect_filled(rect, size::ROW_RADIUS, t.over(t.accent, 0.18, 0.18));
    }
    let mut x = rect.left() + padding;
    if let Some(kind) = kind {
        mark::paint(ui.painter(), pos2(x + 4.0, rect.center().y), mark::SIZE, kind, t);
        x += lead;
    }
    text::galley_left(ui.painter(), pos2(x, rect.center().y), line, t.hi);
}
