//! Beside the plots: every instance in numbers, and what breakers did, newest first.

use callscope_wire::Time;
use callscope_wire::policy::BreakerState;
use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::breaker::state_mark;
use super::data::{Plotted, Window};
use super::{window_name, words};
use crate::panel::Cx;
use crate::theme::{Tokens, font, size};
use crate::widget::{button, edge, mark, pane, text};

const ROW: f32 = 28.0;
/// Narrower panes have no rate and no median.
const FEW_COLUMNS: f32 = 280.0;
const CHANGES_SHOWN: usize = 8;

/// Rate, median, tail and errors of every instance over the window.
pub(super) fn table(ui: &mut Ui, cx: &Cx<'_>, plotted: &Plotted, window: Window) {
    let t = cx.tokens;
    pane::header(ui, |ui| {
        pane::title(ui, &t!("plots.table"));
        pane::right(ui, |ui| pane::note(ui, &t!("plots.table_note", window = window_name(window))));
    });
    if plotted.rows.is_empty() {
        line(ui, &t!("plots.table_empty"), t);
        return;
    }
    let (_, head) = ui.allocate_space(vec2(ui.available_width(), ROW));
    // Where four columns leave no room for names, two do.
    let few = head.width() < FEW_COLUMNS;
    let names = [t!("plots.rate"), "p50".into(), "p99".into(), t!("plots.errors")];
    for (right, name) in columns(head).into_iter().zip(names).skip(if few { 2 } else { 0 }) {
        text::right(ui.painter(), pos2(right, head.center().y + 2.0), name, font::small(), t.low);
    }
    for (index, row) in plotted.rows.iter().enumerate() {
        let (_, rect) = ui.allocate_space(vec2(ui.available_width(), ROW));
        let node = ui.interact(rect, ui.scope_id().with(("instance", &row.name)), Sense::hover());
        let errors = format!("{} %", words::percent(row.errors));
        node.widget_info(|| WidgetInfo::labeled(Role::Row, true, format!("{} {errors}", row.name)));
        if index > 0 {
            edge::hline(ui.painter(), rect.x_range().shrink(size::PANE_PADDING), rect.top(), t.line);
        }
        let painter = ui.painter();
        let y = rect.center().y;
        mark::series(painter, pos2(rect.left() + 17.0, y), 4.0, row.series, t);
        let [rate, p50, p99, error] = columns(rect);
        let room = if few { p99 - 36.0 } else { rate - 44.0 } - rect.left() - 30.0;
        text::left_elided(painter, pos2(rect.left() + 30.0, y), &row.name, font::label(), t.hi, room);
        let millis = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), words::millis);
        let mono = font::label_regular;
        if !few {
            text::right(painter, pos2(rate, y), words::rate(row.rate), mono(), t.hi);
            text::right(painter, pos2(p50, y), millis(row.p50), mono(), t.hi);
        }
        text::right(painter, pos2(p99, y), millis(row.p99), mono(), t.hi);
        let color = match row.errors {
            none if none < 0.05 => t.hi,
            few if few < 5.0 => t.warn,
            _ => t.err,
        };
        text::right(painter, pos2(error, y), errors, mono(), color);
    }
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), 8.0));
    edge::hline(ui.painter(), rect.x_range(), rect.bottom() - 1.0, t.line);
}

/// Right ends of the four columns of numbers.
fn columns(rect: Rect) -> [f32; 4] {
    let right = rect.right() - size::PANE_PADDING;
    [right - 152.0, right - 98.0, right - 46.0, right]
}

/// What breakers of the service did, newest first.
pub(super) fn changes(ui: &mut Ui, cx: &Cx<'_>, service: &str) {
    let t = cx.tokens;
    let mut changes: Vec<(Time, &str, BreakerState)> = Vec::new();
    for ((owner, instance), track) in &cx.model.series.breakers {
        if service.is_empty() || owner == service {
            // The first word of a breaker is that it is there, which is no change.
            changes.extend(track.changes.iter().skip(1).map(|(at, state)| (*at, instance.as_str(), *state)));
        }
    }
    changes.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
    let all_id = ui.scope_id().with("all changes");
    let all = ui.data(|data| data.get_temp::<bool>(all_id)).unwrap_or(false);
    let (_, head) = ui.allocate_space(vec2(ui.available_width(), 36.0));
    let head = head.shrink2(vec2(size::PANE_PADDING, 0.0));
    text::left(ui.painter(), head.left_center(), t!("plots.changes"), font::card_title(), t.hi);
    if changes.is_empty() {
        line(ui, &t!("plots.changes_empty"), t);
        return;
    }
    if changes.len() > CHANGES_SHOWN {
        let words = if all { t!("plots.changes_fewer") } else { t!("plots.changes_all", count = changes.len()) };
        let width = text::width(ui.painter(), words.clone(), font::small_medium());
        let place = Align2::RIGHT_CENTER.anchor_size(head.right_center(), vec2(width, size::ROW));
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(place));
        if button::link(&mut child, &words).clicked() {
            ui.data_mut(|data| data.insert_temp(all_id, !all));
        }
    }
    let shown = if all { changes.len() } else { CHANGES_SHOWN };
    for (at, instance, state) in changes.into_iter().take(shown) {
        let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::ROW));
        let painter = ui.painter();
        let y = rect.center().y;
        let ago = words::before(cx.now().since(at).as_secs_f64());
        text::left(painter, pos2(rect.left() + size::PANE_PADDING, y), ago, font::small(), t.low);
        let name = pos2(rect.left() + 64.0, y);
        // The state needs 112, the name gets the rest; in wide panes the arrows stand in one column.
        let room = rect.right() - name.x - 112.0;
        let end = text::left_elided(painter, name, instance, font::small(), t.mid, room);
        let arrow = end.max((rect.left() + 130.0).min(rect.right() - 112.0));
        text::left(painter, pos2(arrow + 4.0, y), "→", font::small(), t.low);
        let x = arrow + 26.0;
        let kind = state_mark(state);
        mark::paint(painter, pos2(x, y), mark::SIZE, kind, t);
        text::left(painter, pos2(x + 12.0, y), state.name(), font::small_medium(), kind.color(t));
    }
    ui.add_space(8.0);
}

fn line(ui: &mut Ui, words: &str, t: &Tokens) {
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), ROW));
    let at = pos2(rect.left() + size::PANE_PADDING, rect.center().y);
    text::left_elided(ui.painter(), at, words, font::small(), t.low, rect.width() - 32.0);
}
