//! What happened, in words: one line each, newest last. It only reads.

use callscope_wire::Time;
use egui::{Align, Id, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::Cx;
use crate::model::log::Level;
use crate::theme::font;
use crate::widget::mark::{self, Mark};
use crate::widget::text;
use crate::widget::vtable::{Column, TableState, VTable, Width};
use crate::words::tell;

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
            let words = t!("log.empty");
            let rect = text::center(ui.painter(), center - vec2(0.0, 12.0), words.clone(), font::body(), t.mid);
            let label = ui.interact(rect, ui.scope_id().with("empty"), Sense::hover());
            label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &*words));
            text::center(ui.painter(), center + vec2(0.0, 12.0), t!("log.empty_why"), font::small(), t.low);
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
        let line_name = |row: u64| log.lines.get(row as usize).map(|line| tell(&line.text)).unwrap_or_default();
        VTable::new(Id::unique("log lines"), &name, &columns, log.lines.len() as u64)
            .header(0.0)
            .row_name(&line_name)
            .show(ui, &mut self.table, |row, index| {
                let Some(line) = log.lines.get(index as usize) else { return };
                let center = pos2(row.cell(0).left() + 6.0, row.rect.center().y);
                mark::paint(row.painter, center, mark::SIZE, level_mark(line.level), t);
                row.mono(1, clock(line.at), t.low);
                let color = if line.level == Level::Info { t.mid } else { t.hi };
                row.text(2, tell(&line.text), font::label_regular(), color);
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
    use egui::Theme;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::model::Model;
    use crate::raster;
    use crate::theme::{self, tokens};
    use crate::widget::pane;

    #[test]
    fn times_count_from_the_start() {
        assert_eq!(clock(Time::from_millis(83_456)), "0:01:23.456");
        assert_eq!(clock(Time::from_millis(7_200_000)), "2:00:00.000");
    }

    struct State {
        model: Model,
        panel: LogPanel,
    }

    fn harness(model: Model, theme: Theme) -> Harness<'static, State> {
        let app = |ui: &mut Ui, state: &mut State| {
            let tokens = tokens(ui);
            pane::island(ui.painter(), ui.max_rect(), tokens);
            let cx = &mut Cx { model: &state.model, commands: &mut Vec::new(), tokens, narrow: false };
            pane::inside(ui, ui.max_rect().shrink(1.0), "log", |ui| state.panel.ui(ui, cx));
        };
        let mut harness = Harness::builder()
            .with_size([900.0, 200.0])
            .with_theme(theme)
            .with_render_cursor(false)
            .renderer(raster::Raster::default())
            .with_context_setup(move |ctx| {
                theme::install(ctx);
                ctx.set_theme(theme);
            })
            .build_ui_state(app, State { model, panel: LogPanel::default() });
        harness.run_steps(3);
        harness
    }

    #[test]
    fn the_newest_line_is_in_view_until_someone_takes_hold_of_the_list() {
        for theme in [Theme::Dark, Theme::Light] {
            let mut model = Model::default();
            for n in 0..2_100_u64 {
                let level = [Level::Info, Level::Warn, Level::Error][n as usize % 3];
                model.log.push(Time::from_millis(n * 1_234), level, format!("registry.local: line {n}"));
            }
            let mut harness = harness(model, theme);
            harness.get_by_label("registry.local: line 2099");
            if let Some(folder) = std::env::var_os("CALLSCOPE_GALLERY") {
                let name = format!("log-{theme:?}.png").to_lowercase();
                raster::save(&harness.render().unwrap(), &std::path::Path::new(&folder).join(name)).unwrap();
            }
            harness.get_by_label("registry.local: line 2098").click();
            harness.run_steps(2);
            harness.state_mut().model.log.push(Time::ZERO, Level::Info, "one more");
            harness.run_steps(2);
            harness.get_by_label("registry.local: line 2098");
            assert!(harness.query_by_label("one more").is_none(), "what is being read stays where it is");
        }
    }

    #[test]
    fn an_empty_log_says_so() {
        let mut harness = harness(Model::default(), Theme::Light);
        harness.run();
        harness.get_by_label("Nothing to report");
    }
}
