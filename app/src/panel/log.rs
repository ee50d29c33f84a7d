//! What happened, in words: one line each, newest last. It only reads.

use callscope_wire::Time;
use egui::{Align, Id, Ui, pos2};
use rust_i18n::t;

use super::Cx;
use crate::model::log::Level;
use crate::theme::font;
use crate::widget::mark::{self, Mark};
use crate::widget::text;
use crate::widget::vtable::{Column, TableState, VTable, Width};

/// The log of the dock.
pub struct LogPanel {
    table: TableState,
    /// Lines there were ever when painted last, and lines here then.
    seen: (u64, usize),
}

impl Default for LogPanel {
    fn default() -> Self {
        Self { table: TableState::following(), seen: (0, 0) }
    }
}

impl LogPanel {
    /// The lines, stuck to the end until someone scrolls.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let log = &cx.model.log;
        let t = cx.tokens;
        if log.lines.is_empty() {
            let center = ui.max_rect().center();
            text::center(ui.painter(), center - egui::vec2(0.0, 12.0), t!("log.empty"), font::body(), t.mid);
            text::center(ui.painter(), center + egui::vec2(0.0, 12.0), t!("log.empty_why"), font::small(), t.low);
            return;
        }
        // Lines that fell off the front: what is seen stays where it is.
        let (revision, length) = self.seen;
        let came = log.revision.saturating_sub(revision);
        let gone = (length as u64 + came).saturating_sub(log.lines.len() as u64);
        if revision > 0 && gone > 0 {
            self.table.shift(gone);
        }
        self.seen = (log.revision, log.lines.len());

        let columns = [
            Column { name: "", width: Width::Fixed(28.0), align: Align::Min },
            Column { name: "", width: Width::Fixed(96.0), align: Align::Max },
            Column { name: "", width: Width::Flex(120.0), align: Align::Min },
        ];
        let name = t!("log.list");
        let line_name = |row: u64| log.lines.get(row as usize).map(|line| line.text.clone()).unwrap_or_default();
        VTable::new(Id::unique("log lines"), &name, &columns, log.lines.len() as u64)
            .header(0.0)
            .row_name(&line_name)
            .show(ui, &mut self.table, |row, index| {
                let Some(line) = log.lines.get(index as usize) else { return };
                let center = pos2(row.cell(0).left() + 6.0, row.rect.center().y);
                mark::paint(row.painter, center, mark::SIZE, level_mark(line.level), t);
                row.mono(1, clock(line.at), t.low);
                let color = if line.level == Level::Info { t.mid } else { t.hi };
                row.text(2, line.text.as_str(), font::label_regular(), color);
            });
    }
}

const fn level_mark(level: Level) -> Mark {
    match level {
        Level::Info => Mark::Idle,
        Level::Warn => Mark::Warn,
        Level::Error => Mark::Err,
    }
}

/// Time since the program began: `0:01:23.456`.
fn clock(at: Time) -> String {
    let millis = at.0 / 1_000_000;
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    format!("{}:{:02}:{:02}.{millis:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_from_the_start() {
        assert_eq!(clock(Time::from_millis(83_456)), "0:01:23.456");
        assert_eq!(clock(Time::from_millis(7_200_000)), "2:00:00.000");
    }
}
