//! One call sent to every instance: who answered what, and whether it is the same.

use egui::Ui;
use rust_i18n::t;

use super::super::figures;
use super::super::subject::Subject;
use crate::command::Command;
use crate::model::compare::{self, Spread, SpreadRow};
use crate::model::flows::Record;
use crate::panel::Cx;
use crate::theme::{font, icon, size};
use crate::widget::mark::{self, Mark};
use crate::widget::pane::{self, Line};
use crate::widget::vtable::{Column, RowPainter, TableState, VTable};
use crate::widget::{button, text};

pub(super) fn ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, table: &mut TableState) {
    let Some(spread) = &subject.tab.spread else { return };
    pane::header(ui, |ui| bar_ui(ui, cx, subject, spread));
    let (_, body, foot) = pane::cut(ui.available_rect_before_wrap(), 0.0, size::PANE_FOOTER);
    pane::inside(ui, body, "instances", |ui| table_ui(ui, cx, subject, spread, table));
    pane::bar_at(ui, foot, Line::Above, |ui| {
        text::line(ui, &t!("call.spread.hint"), font::small(), cx.tokens.low, 20.0);
    });
}

fn bar_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, spread: &Spread) {
    let tab = subject.tab.id;
    pane::right(ui, |ui| {
        ui.spacing_mut().item_spacing.x = size::GAP;
        if button::icon_button(ui, icon::X, size::ICON_SMALL, &t!("call.compare.close")).clicked() {
            cx.push(Command::CloseComparison(tab));
        }
        if button::normal(ui, Some(icon::STACK), &t!("call.spread.again"), true).clicked() {
            cx.push(Command::SendToInstances(tab));
        }
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = size::GAP;
            text::line(ui, &summary(cx, spread), font::title(), cx.tokens.hi, 20.0);
            text::line(ui, &spread.method, font::small(), cx.tokens.low, 20.0);
        });
    });
}

/// "4 of 4 answered · 1 differs".
fn summary(cx: &Cx, spread: &Spread) -> String {
    let called = spread.rows.iter().filter(|row| row.flow.is_some()).count();
    let over = spread.rows.iter().filter(|row| record(cx, row).is_some_and(compare::is_over)).count();
    let differ = spread.found.differences.values().filter(|count| **count > 0).count();
    let answered = t!("call.spread.answered", over = over, called = called);
    if over < called {
        return answered.into_owned();
    }
    let words = match differ {
        0 if over > 1 => t!("call.spread.all_same"),
        0 => return answered.into_owned(),
        1 => t!("call.spread.one_differs"),
        _ => t!("call.spread.differ", count = differ),
    };
    format!("{answered} · {words}")
}

fn record<'a>(cx: &Cx<'a>, row: &SpreadRow) -> Option<&'a Record> {
    cx.model.flows.get(row.flow?)
}

fn table_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, spread: &Spread, table: &mut TableState) {
    let (instance, address, status, took, bytes, answer) = (
        t!("call.spread.instance"),
        t!("call.bar.address"),
        t!("call.compare.status"),
        t!("traffic.time"),
        t!("call.stream.bytes"),
        t!("call.compare.answer"),
    );
    let narrow = ui.available_width() < 640.0;
    let columns = if narrow {
        vec![
            Column::left("", 28.0),
            Column::flex(&instance, 80.0),
            Column::right(&took, 84.0),
            Column::left(&answer, 140.0),
        ]
    } else {
        vec![
            Column::left("", 28.0),
            Column::left(&instance, 140.0),
            Column::flex(&address, 120.0),
            Column::left(&status, 168.0),
            Column::right(&took, 84.0),
            Column::right(&bytes, 76.0),
            Column::left(&answer, 140.0),
        ]
    };
    let rows: Vec<Shown> = spread.rows.iter().map(|row| Shown::new(cx, spread, row)).collect();
    let name = |row: u64| rows.get(row as usize).map(Shown::spoken).unwrap_or_default();
    let id = ui.make_persistent_id("instances");
    let title = t!("call.spread.title");
    let output = VTable::new(id, &title, &columns, rows.len() as u64).header(28.0).row_name(&name).show(
        ui,
        table,
        |cells: &mut RowPainter<'_>, row| {
            let Some(shown) = rows.get(row as usize) else { return };
            let t = cells.tokens;
            mark::paint(cells.painter, cells.cell(0).center(), mark::SIZE, shown.mark, t);
            let tone = if shown.differs { t.hi } else { t.low };
            cells.mono(1, shown.instance.clone(), t.hi);
            let (took, answer) = if narrow { (2, 3) } else { (4, 6) };
            if !narrow {
                cells.mono(2, shown.address.clone(), t.low);
                cells.text(3, shown.status.clone(), font::label(), shown.mark.color(t));
                cells.mono(5, shown.bytes.clone(), t.low);
            }
            cells.mono(took, shown.took.clone(), t.mid);
            if shown.differs {
                let cell = cells.cell(answer);
                let width = text::width(cells.painter, shown.answer.as_str(), font::label()) + 12.0;
                let ground = egui::Rect::from_min_size(
                    egui::pos2(cell.left() - 6.0, cell.center().y - size::CHIP / 2.0),
                    egui::vec2(width, size::CHIP),
                );
                cells.painter.rect_filled(ground, size::ROW_RADIUS, t.over(t.accent, 0.18, 0.18));
            }
            cells.text(answer, shown.answer.clone(), font::label(), tone);
        },
    );
    let clicked = output.response.clicked().then(|| table.selected()).flatten();
    let Some(row) = output.activated.or(clicked) else { return };
    let flow = spread.rows.get(row as usize).and_then(|row| row.flow);
    let over = flow.and_then(|flow| cx.model.flows.get(flow)).is_some_and(compare::is_over);
    if let (Some(flow), Some(reference), true) = (flow, spread.found.reference, over)
        && flow != reference
    {
        cx.push(Command::Compare { tab: subject.tab.id, left: Some(reference), right: Some(flow) });
    }
}

/// A row's words.
struct Shown {
    mark: Mark,
    instance: String,
    address: String,
    status: String,
    took: String,
    bytes: String,
    answer: String,
    differs: bool,
}

impl Shown {
    fn new(cx: &Cx, spread: &Spread, row: &SpreadRow) -> Self {
        let mut shown = Self {
            mark: figures::mark_of_health(row.health),
            instance: row.instance.clone(),
            address: row.address.clone(),
            status: t!("call.spread.not_called").into_owned(),
            took: String::new(),
            bytes: String::new(),
            answer: String::new(),
            differs: false,
        };
        let Some(flow) = row.flow else { return shown };
        let Some(record) = record(cx, row) else {
            shown.mark = Mark::Running;
            shown.status = t!("call.status.running").into_owned();
            return shown;
        };
        shown.took = figures::duration(record.flow.duration(cx.now()));
        let Some(status) = &record.flow.status else {
            shown.mark = Mark::Running;
            shown.status = t!("call.status.running").into_owned();
            return shown;
        };
        shown.mark = figures::mark_of(status.code);
        shown.status = status.code.to_string();
        shown.bytes = figures::bytes(record.flow.received.bytes);
        let differences = spread.found.differences.get(&flow).copied();
        shown.differs = differences.is_some_and(|count| count > 0);
        shown.answer = match differences {
            _ if spread.found.reference == Some(flow) => t!("call.spread.reference").into_owned(),
            None => String::new(),
            Some(0) => t!("call.compare.same").into_owned(),
            Some(1) => t!("call.compare.one_changed").into_owned(),
            Some(count) => t!("call.compare.changed", count = count).into_owned(),
        };
        shown
    }

    fn spoken(&self) -> String {
        let parts = [&self.instance, &self.status, &self.took, &self.answer];
        parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}
