//! The bars around the panes: top, activity, status.

use egui::{Align, Layout, Rect, Role, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use crate::command::{Act, Command, View};
use crate::model::services::SourceState;
use crate::panel::Cx;
use crate::theme::{font, icon, size};
use crate::widget::mark::{self, Mark};
use crate::widget::{button, chip, edge, menu, text};

use callscope_wire::policy::BreakerState;

/// Width of the search field in the middle of the top bar.
const SEARCH: f32 = 440.0;

/// Logo, workspace, search, what runs, settings.
pub(super) fn top_bar(ui: &mut Ui, cx: &mut Cx<'_>, view: View, search_keys: &str) {
    let t = cx.tokens;
    let rect = ui.max_rect();
    logo(ui, pos2(rect.left() + 30.0, rect.center().y), t.accent);

    let left = Rect::from_min_max(pos2(rect.left() + 60.0, rect.top()), pos2(rect.center().x - 120.0, rect.bottom()));
    let mut child = ui.new_child(UiBuilder::new().max_rect(left).layout(Layout::left_to_right(Align::Center)));
    workspace_menu(&mut child, cx);

    let narrow = if cx.narrow { 320.0 } else { SEARCH };
    let search = Rect::from_center_size(rect.center(), vec2(narrow, size::CONTROL));
    let response = ui.interact(search, ui.scope_id().with("search"), Sense::click());
    let hint = t!("shell.search");
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &*hint));
    let line = if response.hovered() || response.has_focus() { t.low } else { t.line2 };
    edge::frame(ui.painter(), search, size::CONTROL_RADIUS, t.field, line);
    text::glyph(
        ui.painter(),
        search.left_center() + vec2(16.0, 0.0),
        icon::MAGNIFYING_GLASS,
        font::icon(size::ICON),
        t.low,
    );
    text::left(ui.painter(), search.left_center() + vec2(32.0, 0.0), &*hint, font::body(), t.low);
    if !search_keys.is_empty() {
        chip::paint_key_caps(ui.painter(), search.right_center() - vec2(6.0, 0.0), search_keys, t);
    }
    if response.has_focus() {
        edge::focus_ring(ui.painter(), search, size::CONTROL_RADIUS, t);
    }
    if response.clicked() {
        cx.push(Command::Act(Act::Palette));
    }

    let right = Rect::from_min_max(pos2(search.right() + 12.0, rect.top()), pos2(rect.right() - 8.0, rect.bottom()));
    let mut child = ui.new_child(UiBuilder::new().max_rect(right).layout(Layout::right_to_left(Align::Center)));
    let gear = button::icon_toggle(
        &mut child,
        icon::GEAR_SIX,
        size::ICON_LARGE,
        &t!("act.show_settings"),
        view == View::Settings,
    );
    if gear.clicked() {
        cx.push(Command::Show(if view == View::Settings { View::Services } else { View::Settings }));
    }
    let running = cx.model.flows.running;
    if running > 0 {
        child.add_space(8.0);
        text::label(&mut child, t!("shell.running", count = running), font::label(), t.hi);
        let (_, spot) = child.allocate_space(vec2(16.0, 16.0));
        mark::paint(child.painter(), spot.center(), 10.0, Mark::Running, t);
    }
}

fn logo(ui: &Ui, center: egui::Pos2, color: egui::Color32) {
    let stroke = egui::Stroke::new(1.75, color);
    ui.painter().circle_stroke(center, 10.0, stroke);
    let trace = [(-6.0, 0.0), (-3.0, 0.0), (-1.0, -4.0), (1.5, 4.0), (3.0, 0.0), (6.0, 0.0)];
    ui.painter().line(trace.iter().map(|&(x, y)| center + vec2(x, y)).collect(), stroke);
}

fn workspace_menu(ui: &mut Ui, cx: &mut Cx<'_>) {
    let t = cx.tokens;
    let name = cx
        .model
        .workspace
        .root
        .as_ref()
        .and_then(|root| root.file_name())
        .map_or_else(|| t!("shell.no_workspace").into_owned(), |name| name.to_string_lossy().into_owned());
    let galley = text::elided(ui.painter(), name.clone(), font::title(), 200.0);
    let (_, rect) = ui.allocate_space(vec2(galley.size().x + 32.0, size::CONTROL));
    let response = ui.interact(rect, ui.scope_id().with("workspace"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, t!("shell.workspace", name = name)));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, size::CONTROL_RADIUS, t.hover);
    }
    if response.has_focus() {
        edge::focus_ring(ui.painter(), rect, size::CONTROL_RADIUS, t);
    }
    let end = text::galley_left(ui.painter(), rect.left_center() + vec2(6.0, 0.0), galley, t.hi);
    text::glyph(ui.painter(), pos2(end + 12.0, rect.center().y), icon::CARET_DOWN, font::icon(size::ICON_TINY), t.low);
    menu::below(&response, |ui| {
        for (act, glyph) in
            [(Act::OpenFolder, icon::FOLDER_OPEN), (Act::OpenFile, icon::FILE_TEXT), (Act::OpenSample, icon::PLAY)]
        {
            let info = crate::command::ACTS.iter().find(|info| info.act == act);
            let (id, keys) = info.map_or(("", ""), |info| (info.id, info.keys));
            if menu::item(ui, Some(glyph), &t!(format!("act.{id}")), keys, true).clicked() {
                cx.push(Command::Act(act));
            }
        }
    });
}

/// The views, one item each.
pub(super) fn activity_bar(ui: &mut Ui, cx: &mut Cx<'_>, view: View, sidebar: bool) {
    let items = [
        (View::Services, icon::TREE_STRUCTURE, "shell.services"),
        (View::Calls, icon::PAPER_PLANE_TILT, "shell.calls"),
        (View::Traffic, icon::ARROWS_DOWN_UP, "shell.traffic"),
        (View::Plots, icon::CHART_SCATTER, "shell.plots"),
    ];
    let t = cx.tokens;
    let rect = ui.max_rect();
    let height = if cx.narrow { 40.0 } else { size::ACTIVITY_ITEM };
    for (index, (item, glyph, key)) in items.into_iter().enumerate() {
        let top = rect.top() + index as f32 * (height + if cx.narrow { 0.0 } else { -4.0 });
        let spot = Rect::from_min_size(pos2(rect.left() + 4.0, top), vec2(rect.width() - 8.0, height - 4.0));
        let response = ui.interact(spot, ui.scope_id().with(key), Sense::click());
        let active = view == item;
        let name = t!(key);
        response.widget_info(|| WidgetInfo::selected(Role::Tab, true, active, &*name));
        if active {
            ui.painter().rect_filled(
                spot,
                size::ISLAND_RADIUS,
                if t.dark { t.select } else { t.over(t.accent, 0.14, 0.14) },
            );
        } else if response.hovered() {
            ui.painter().rect_filled(spot, size::ISLAND_RADIUS, t.hover);
        }
        if response.has_focus() {
            edge::focus_ring(ui.painter(), spot, size::ISLAND_RADIUS, t);
        }
        let color = if active { t.accent } else { t.mid };
        let face = if active { font::icon_fill(size::ACTIVITY_ICON) } else { font::icon(size::ACTIVITY_ICON) };
        if cx.narrow {
            text::glyph(ui.painter(), spot.center(), glyph, face, color);
        } else {
            text::glyph(ui.painter(), spot.center() - vec2(0.0, 8.0), glyph, face, color);
            let color = if active { t.hi } else { t.mid };
            text::center(ui.painter(), spot.center() + vec2(0.0, 12.0), &*name, font::micro(), color);
        }
        let response = if cx.narrow { response.on_hover_text(&*name) } else { response };
        if response.clicked() {
            // A second click on what is in front folds the sidebar away, as editors do.
            let folds = active && matches!(item, View::Services | View::Calls);
            cx.push(if folds || (!sidebar && active) { Command::Act(Act::ToggleSidebar) } else { Command::Show(item) });
        }
    }
}

/// Sources, recording, breakers; calls and zoom.
pub(super) fn status_bar(ui: &mut Ui, cx: &mut Cx<'_>) {
    let t = cx.tokens;
    let rect = ui.max_rect();
    let y = rect.center().y;
    let painter = ui.painter().clone();
    let mut x = rect.left() + 12.0;

    let sources = &cx.model.services.sources;
    let lost = sources.iter().filter(|source| matches!(source.state, SourceState::Lost(_))).count();
    let status = match (sources.is_empty(), lost) {
        (true, _) => Mark::Idle,
        (false, 0) => Mark::Ok,
        (false, _) => Mark::Warn,
    };
    mark::paint(&painter, pos2(x + 4.0, y), 6.0, status, t);
    x = text::left(&painter, pos2(x + 14.0, y), t!("shell.sources", count = sources.len()), font::small(), t.mid);
    let watched: usize = sources.iter().map(|source| source.services.len()).sum();
    x = text::left(&painter, pos2(x + 8.0, y), t!("shell.services_count", count = watched), font::small(), t.low);

    x += 20.0;
    let (frames, bytes, dropped, lost) = {
        let store = cx.model.traffic.store();
        (store.len() as u64, store.bytes(), store.dropped(), store.lost_bytes())
    };
    let (status, word) =
        if cx.model.traffic.recording { (Mark::Err, "shell.recording") } else { (Mark::Idle, "shell.not_recording") };
    if cx.model.traffic.recording {
        mark::dot(&painter, pos2(x + 4.0, y), status.color(t));
    } else {
        mark::paint(&painter, pos2(x + 4.0, y), 6.0, status, t);
    }
    x = text::left(&painter, pos2(x + 14.0, y), t!(word), font::small(), t.mid);
    let mib = format!("{:.1}", bytes as f64 / f64::from(1 << 20));
    let counted = t!("shell.frames", count = chip::grouped(frames), mib = mib);
    x = text::left(&painter, pos2(x + 8.0, y), counted, font::small(), t.low);
    if dropped > 0 {
        x = text::left(
            &painter,
            pos2(x + 8.0, y),
            t!("shell.dropped", count = chip::grouped(dropped)),
            font::small(),
            t.low,
        );
    }
    if lost > 0 {
        x = text::left(
            &painter,
            pos2(x + 8.0, y),
            t!("shell.lost", count = chip::grouped(lost)),
            font::small(),
            t.warn,
        );
    }

    // Of instances that are there: those of departed ones stay in the plots.
    let services = || cx.model.services.sources.iter().flat_map(|source| &source.services);
    let listed = |instance: &str| services().flat_map(|s| &s.instances).any(|known| known.instance.id == instance);
    let breakers: Vec<BreakerState> = cx
        .model
        .series
        .breakers
        .values()
        .filter(|track| listed(&track.now.instance))
        .map(|track| track.now.state)
        .collect();
    if !breakers.is_empty() && !cx.narrow {
        x = text::left(&painter, pos2(x + 24.0, y), t!("shell.breakers"), font::small(), t.low);
        for (state, shape) in
            [(BreakerState::Closed, Mark::Ok), (BreakerState::HalfOpen, Mark::Half), (BreakerState::Open, Mark::Err)]
        {
            let count = breakers.iter().filter(|now| **now == state).count();
            if count > 0 {
                mark::paint(&painter, pos2(x + 14.0, y), 6.0, shape, t);
                x = text::left(&painter, pos2(x + 22.0, y), count.to_string(), font::small(), t.mid);
            }
        }
    }

    let mut right = rect.right() - 12.0;
    right = text::right(&painter, pos2(right, y), format!("{} %", cx.model.settings.zoom), font::small(), t.mid);
    let calls = t!("shell.calls_made", count = chip::grouped(cx.model.flows.len() as u64));
    text::right(&painter, pos2(right - 16.0, y), calls, font::small(), t.low);
}
