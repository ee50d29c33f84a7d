//! The bar over the three panes: recording, followed call, filter, what is hidden, clear.

use egui::{Id, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::TrafficPanel;
use super::filter::highlight;
use crate::command::Command;
use crate::panel::Cx;
use crate::theme::{font, icon, size};
use crate::widget::chip::grouped;
use crate::widget::field::Field;
use crate::widget::{button, edge, pane, text};
use crate::words::tell;

impl TrafficPanel {
    /// Fills the bar.
    pub fn toolbar_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let rect = ui.max_rect();
        pane::bar_at(ui, rect, pane::Line::None, |ui| {
            ui.spacing_mut().item_spacing.x = size::GAP;
            recording_ui(ui, cx);
            follow_ui(ui, cx);
            pane::right(ui, |ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                if button::icon_button(ui, icon::TRASH, size::ICON_LARGE, &t!("traffic.clear")).clicked() {
                    cx.push(Command::ClearTraffic);
                }
                let on = cx.model.settings.show_server_side;
                let name = t!("traffic.server_side");
                if button::icon_toggle(ui, icon::ARROWS_LEFT_RIGHT, size::ICON_LARGE, &name, on).clicked() {
                    let mut settings = cx.model.settings.clone();
                    settings.show_server_side = !on;
                    cx.push(Command::Settings(Box::new(settings)));
                }
                ui.add_space(4.0);
                self.filter_ui(ui, cx);
            });
        });
    }

    fn filter_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let t = cx.tokens;
        let id = Id::unique("traffic filter");
        let (listed, total) = (self.index.rows().len() as u64, self.index.total() as u64);
        let trailing = if self.index.is_narrowed() {
            t!("traffic.n_of_m", count = grouped(listed), total = grouped(total)).into_owned()
        } else {
            String::new()
        };
        let name = t!("traffic.filter");
        let hint = t!("traffic.filter_hint");
        let clear = t!("traffic.filter_clear");
        let error = self.filter.error.clone();
        let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::CONTROL));
        let colors = |text: &str| highlight(text, t);
        let response = Field::new(&name, &mut self.filter.text)
            .mono()
            .highlight(&colors)
            .icon(icon::FUNNEL)
            .hint(&hint)
            .clearable(&clear)
            .trailing(&trailing)
            .error(error.is_some())
            .show_at(ui, rect, id);
        if std::mem::take(&mut self.filter.wants_focus) {
            response.request_focus();
        }
        if response.changed() {
            self.filter.parse();
        }
        if let Some((offset, message)) = error {
            // Under the place where it went wrong.
            let start = rect.left() + 28.0;
            let before: String = self.filter.text.chars().take(offset).collect();
            let x = start + text::width(ui.painter(), before, font::code_small());
            let wave = Rect::from_min_size(pos2(x.min(rect.right() - 60.0), rect.bottom() - 5.0), vec2(9.0, 2.0));
            ui.painter().rect_filled(wave, 1, t.err);
            if response.has_focus() {
                error_float(ui, cx, &tell(&message), offset, pos2(wave.left() - 10.0, rect.bottom() + 6.0));
            }
        }
    }
}

/// What is wrong with the filter, below it.
fn error_float(ui: &Ui, cx: &Cx<'_>, message: &str, offset: usize, at: egui::Pos2) {
    let t = cx.tokens;
    let layer = egui::LayerId::new(egui::Order::Foreground, Id::unique("traffic filter error"));
    let painter = egui::Painter::new(ui.ctx().clone(), layer, ui.ctx().content_rect());
    let words = t!("traffic.filter_error", message = message, at = offset + 1);
    let line = text::elided(&painter, words.clone(), font::small_medium(), 420.0);
    let rect = Rect::from_min_size(at, vec2(line.size().x + 24.0, 28.0));
    let shadow = egui::Shadow { offset: [0, 6], blur: 20, spread: 0, color: t.shadow };
    painter.add(shadow.as_shape(rect, size::CONTROL_RADIUS));
    edge::frame(&painter, rect, size::CONTROL_RADIUS, t.float, t.err);
    text::galley_left(&painter, rect.left_center() + vec2(12.0, 0.0), line, t.err);
    let node = ui.interact(rect, Id::unique("traffic filter error label"), Sense::hover());
    node.widget_info(|| WidgetInfo::labeled(Role::Label, true, &*words));
}

fn recording_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let t = cx.tokens;
    let on = cx.model.traffic.recording;
    let words = if on { t!("traffic.recording") } else { t!("traffic.not_recording") };
    let line = text::galley(ui.painter(), words.clone(), font::card_title());
    // Wide enough for both words, so that nothing moves.
    let width = (12.0 + 8.0 + 8.0 + line.size().x.max(62.0) + 12.0).round();
    let (rect, response) = ui.allocate_exact_size(vec2(width, size::CONTROL), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, on, &*words));
    let (fill, border, dot) =
        if on { (t.tint(t.err), t.over(t.err, 0.45, 0.40), t.err) } else { (t.raised, t.line2, t.low) };
    edge::frame(ui.painter(), rect, size::CONTROL_RADIUS, fill, border);
    let y = rect.center().y;
    let center = pos2(rect.left() + 16.0, y);
    if on {
        ui.painter().circle_filled(center, 4.0, dot);
    } else {
        ui.painter().circle_stroke(center, 3.5, egui::Stroke::new(1.5, dot));
    }
    text::galley_left(ui.painter(), pos2(rect.left() + 28.0, y), line, t.hi);
    if response.has_focus() {
        edge::focus_ring(ui.painter(), rect, size::CONTROL_RADIUS, t);
    }
    let tip = if on { t!("traffic.stop_recording") } else { t!("traffic.start_recording") };
    if response.on_hover_text(tip).clicked() {
        cx.push(Command::Record(!on));
    }
}

/// Which call the list is narrowed to, and × to end it.
fn follow_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(flow) = cx.model.traffic.follow else { return };
    let t = cx.tokens;
    let method = cx.model.flows.get(flow).map(|record| record.flow.method.clone()).unwrap_or_default();
    let short = method.rsplit('/').next().unwrap_or_default();
    let words = t!("traffic.following", method = short, flow = flow.0);
    let line = text::elided(ui.painter(), words.clone(), font::label(), if cx.narrow { 110.0 } else { 200.0 });
    let width = (10.0 + 16.0 + line.size().x + 28.0).round();
    let (rect, response) = ui.allocate_exact_size(vec2(width, size::CONTROL), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &*words));
    edge::frame(ui.painter(), rect, size::CONTROL_RADIUS, t.select, t.chosen_line());
    let y = rect.center().y;
    text::glyph(ui.painter(), pos2(rect.left() + 15.0, y), icon::CROSSHAIR, font::icon(13.0), t.accent);
    text::galley_left(ui.painter(), pos2(rect.left() + 26.0, y), line, t.hi);
    let center = pos2(rect.right() - 14.0, y);
    let name = t!("traffic.unfollow");
    if button::icon_button_at(ui, center, icon::X, size::ICON_TINY, &name, response.id.with("unfollow")).clicked() {
        cx.push(Command::FollowFlow(None));
    }
}
