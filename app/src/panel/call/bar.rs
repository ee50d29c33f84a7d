//! The call bar: dialect, address, method and deadline in one joined field; Stop and Send beside it.

use std::time::Duration;

use callscope_wire::dialect;
use callscope_wire::policy::{Balance, duration_text};
use egui::text::{LayoutJob, TextFormat};
use egui::{Align, Color32, FontId, Frame, Id, Layout, Rect, Response, Role, Sense, TextEdit, Ui, UiBuilder};
use egui::{WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::subject::{Subject, scheme};
use super::view::View;
use super::{CallTabs, address, complete, figures};
use crate::command::{Act, Command};
use crate::model::tabs::REPEAT_RATES;
use crate::panel::Cx;
use crate::panel::call::empty::keys_of;
use crate::theme::{Tokens, font, icon, size};
use crate::widget::field::{Field, NumberField};
use crate::widget::{button, chip, composing, edge, mark, menu, text};

/// What is wrong with the address stands in a line of this height below the field.
const PROBLEM: f32 = 24.0;
const INSIDE: f32 = 12.0;

/// Deadlines offered beside the field.
const DEADLINES: [&str; 5] = ["100ms", "500ms", "1s", "5s", "30s"];

/// Below this the deadline goes: the policy tab has it, too.
const TIGHT: f32 = 480.0;

pub(super) fn height(view: &View) -> f32 {
    if address::problem(&view.draft.target).is_some() { size::CALL_BAR + PROBLEM } else { size::CALL_BAR }
}

/// `split` is where the request ends: the method begins there if it can.
pub(super) fn ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View, rect: Rect, split: f32) {
    let t = cx.tokens;
    edge::hline(ui.painter(), rect.x_range(), rect.bottom() - 1.0, t.line);
    let row = Rect::from_min_size(
        pos2(rect.left() + size::PANE_PADDING, rect.top() + (size::CALL_BAR - size::CONTROL) / 2.0),
        vec2(rect.width() - 2.0 * size::PANE_PADDING, size::CONTROL),
    );
    let right = if subject.streams() { row.right() } else { buttons_ui(ui, cx, subject, view, row) - size::GAP };
    let joined = row.with_max_x(right);
    let problem = address::problem(&view.draft.target);
    edge::frame(ui.painter(), joined, size::CONTROL_RADIUS, t.field, t.line2);

    let address_left = dialect_ui(ui, cx, subject, view, joined);
    let method_left = method_left(ui, cx, subject, view, joined, address_left, split);
    for x in [address_left, method_left] {
        edge::vline(ui.painter(), x, joined.y_range().shrink(1.0), t.line2);
    }
    let address_rect = Rect::from_min_max(pos2(address_left, joined.top()), pos2(method_left, joined.bottom()));
    address_ui(ui, cx, subject, view, address_rect);
    if problem.is_some() {
        edge::ring(ui.painter(), address_rect, size::ROW_RADIUS, t.err, t);
    }
    let method_right = if tight(cx, joined) { joined.right() } else { deadline_ui(ui, cx, subject, view, joined) };
    let method_rect = Rect::from_min_max(pos2(method_left, joined.top()), pos2(method_right, joined.bottom()));
    method_ui(ui, cx, subject, view, method_rect);
    if let Some(problem) = problem {
        problem_ui(ui, &problem, pos2(address_left + INSIDE, rect.bottom() - 1.0 - PROBLEM / 2.0), rect.right(), t);
    }
}

/// Whether there is room for an address and a method only: a narrow window, or half of a wide one.
fn tight(cx: &Cx, joined: Rect) -> bool {
    cx.narrow || joined.width() < TIGHT
}

/// Where the request ends, unless the method needs more room and the address has it to give.
fn method_left(
    ui: &Ui,
    cx: &Cx,
    subject: &Subject<'_>,
    view: &View,
    joined: Rect,
    address_left: f32,
    split: f32,
) -> f32 {
    let painter = ui.painter();
    let needs = |words: &str| text::width(painter, words, font::code_small()) + 2.0 * INSIDE;
    let deadline = if tight(cx, joined) { 0.0 } else { deadline_width(painter, subject, view) };
    let least = (joined.width() * 0.25).max(120.0);
    let from = address_left + needs(&view.draft.target).max(least);
    let to = joined.right() - deadline - needs(&view.draft.method).max(least);
    split.min(to).max(from).min((joined.right() - least).max(address_left + least)).round()
}

fn deadline_words<'a>(subject: &Subject<'_>, view: &View) -> std::borrow::Cow<'a, str> {
    view.draft.deadline.or(subject.tab.inherited.deadline).map_or_else(
        || t!("call.bar.no_deadline"),
        |deadline| t!("call.bar.deadline_is", time = figures::setting(deadline)),
    )
}

fn deadline_width(painter: &egui::Painter, subject: &Subject<'_>, view: &View) -> f32 {
    (text::width(painter, deadline_words(subject, view), font::small()) + 38.0).round()
}

/// ✕ and what is wrong, in place.
fn problem_ui(ui: &Ui, problem: &str, at: egui::Pos2, right: f32, t: &Tokens) {
    mark::cross(ui.painter(), at + vec2(4.0, -3.0), 3.5, t.err, 1.5);
    let words_at = at + vec2(14.0, -3.0);
    text::left_elided(ui.painter(), words_at, problem, font::small_medium(), t.err, right - words_at.x - 12.0);
    let rect = Rect::from_min_max(at - vec2(0.0, 10.0), pos2(right, at.y + 8.0));
    let label = ui.interact(rect, ui.make_persistent_id("address problem"), Sense::hover());
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, problem));
}

/// Gives the x at which the address begins.
fn dialect_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, view: &mut View, joined: Rect) -> f32 {
    let t = cx.tokens;
    let current = scheme(&view.draft.target).to_owned();
    let through_registry = current == "registry";
    let words = if through_registry {
        let dialects: std::collections::BTreeSet<&str> = subject
            .service
            .iter()
            .flat_map(|service| &service.instances)
            .map(|listed| scheme(&listed.instance.address))
            .collect();
        match (dialects.len(), dialects.first()) {
            (1, Some(dialect)) => (*dialect).to_owned(),
            (0, _) | (_, None) => "registry".to_owned(),
            _ => t!("call.bar.mixed").into_owned(),
        }
    } else if current.is_empty() {
        "native".to_owned()
    } else {
        current.clone()
    };
    let y = joined.center().y;
    let line = text::galley(ui.painter(), words.as_str(), font::code_medium());
    let caret = if through_registry { 0.0 } else { 20.0 };
    let width = (9.0 + line.size().x + caret + 9.0).round();
    let place = Rect::from_min_size(joined.min, vec2(width, joined.height()));
    let color = if through_registry { t.mid } else { t.accent };
    text::galley_left(ui.painter(), pos2(place.left() + 9.0, y), line, color);
    let id = ui.make_persistent_id("dialect");
    if through_registry {
        let label = ui.interact(place, id, Sense::hover());
        label.widget_info(|| WidgetInfo::labeled(Role::Label, true, t!("call.bar.dialect_is", name = words)));
        label.on_hover_text(t!("call.bar.dialect_of_instances"));
        return place.right();
    }
    let select = ui.interact(place, id, Sense::click());
    select.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ComboBox, true, t!("call.bar.dialect"));
        info.current_text_value = Some(words.clone());
        info
    });
    let caret_at = pos2(place.right() - 14.0, y);
    text::glyph(ui.painter(), caret_at, icon::CARET_DOWN, font::icon(10.0), t.mid);
    if select.has_focus() {
        edge::focus_ring(ui.painter(), place, size::CONTROL_RADIUS, t);
    }
    menu::below(&select, |ui| {
        for name in
            dialect::ALL.iter().flat_map(|dialect| [dialect.name().to_owned(), format!("{}+tls", dialect.name())])
        {
            let chosen = name == words;
            if menu::Item::new(&name).mono().checked(chosen).show(ui).clicked() && !chosen {
                let rest = view.draft.target.split_once("://").map_or(view.draft.target.as_str(), |(_, rest)| rest);
                view.draft.target = format!("{name}://{rest}");
                view.touched = true;
            }
        }
    });
    place.right()
}

fn address_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, view: &mut View, rect: Rect) {
    let t = cx.tokens;
    let id = CallTabs::address_id(subject.tab.id);
    let inner = rect.shrink2(vec2(INSIDE, 0.0));
    let job = |text: &str| two_tones(text, '/', t);
    let hint = t!("call.bar.address_hint");
    let response = edit_at(ui, inner, id, &t!("call.bar.address"), &hint, &mut view.draft.target, job);
    if response.changed() {
        view.touched = true;
    }
    if response.has_focus() {
        edge::focus_ring(ui.painter(), rect, size::CONTROL_RADIUS, t);
    }
    if cx.narrow {
        return;
    }
    let Some(service) = subject.service else { return };
    let width = text::width(ui.painter(), view.draft.target.as_str(), font::code_small());
    let mut x = inner.left() + width + INSIDE;
    let (healthy, all) = service.healthy();
    let words = t!("call.bar.healthy", healthy = healthy, all = all);
    let chip_width = chip::chip_width(ui.painter(), &words);
    if x + chip_width > rect.right() - 8.0 {
        return;
    }
    let color = if healthy == all && all > 0 {
        t.ok
    } else if healthy > 0 {
        t.warn
    } else {
        t.err
    };
    let place = Rect::from_min_size(pos2(x, rect.center().y - size::CHIP / 2.0), vec2(chip_width, size::CHIP));
    instances_ui(ui, cx, subject, view, place, &words, color);
    x = place.right() + 10.0;
    if all > 0 && !view.draft.target.contains('@') {
        balance_ui(ui, cx, subject, view, pos2(x, rect.center().y), rect.right() - 8.0);
    }
}

/// The chip "3/4 healthy"; its menu picks one instance.
fn instances_ui(
    ui: &mut Ui,
    cx: &Cx,
    subject: &Subject<'_>,
    view: &mut View,
    place: Rect,
    words: &str,
    color: Color32,
) {
    let Some(service) = subject.service else { return };
    let response = ui.interact(place, ui.make_persistent_id("instances"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, words));
    chip::paint_chip(ui.painter(), place.left_center(), words, color, cx.tokens);
    if response.has_focus() {
        edge::focus_ring(ui.painter(), place, size::ROW_RADIUS, cx.tokens);
    }
    let (base, picked) = match view.draft.target.split_once('@') {
        Some((base, instance)) => (base.to_owned(), instance.to_owned()),
        None => (view.draft.target.clone(), String::new()),
    };
    let response = response.on_hover_text(t!("call.bar.pick_instance"));
    menu::below(&response, |ui| {
        let mut chosen = None;
        if menu::Item::new(&t!("call.bar.any_instance")).checked(picked.is_empty()).show(ui).clicked() {
            chosen = Some(base.clone());
        }
        for listed in &service.instances {
            let id = &listed.instance.id;
            let row = menu::Item::new(id).mono().checked(*id == picked).show(ui);
            let at = pos2(row.rect.right() - 12.0, row.rect.center().y);
            mark::paint(ui.painter(), at, mark::SIZE, figures::mark_of_health(listed.instance.health), cx.tokens);
            if row.clicked() {
                chosen = Some(format!("{base}@{id}"));
            }
        }
        if let Some(target) = chosen.filter(|target| *target != view.draft.target) {
            view.draft.target = target;
            view.touched = true;
        }
    });
}

/// How an instance is picked, as a quiet word with a menu.
fn balance_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, view: &mut View, at: egui::Pos2, right: f32) {
    let t = cx.tokens;
    let balance = subject.policy.balance.unwrap_or_default();
    let words = format!("{} · {}", balance.name(), balance_meaning(balance));
    let line = text::galley(ui.painter(), words.as_str(), font::small());
    let width = line.size().x + 18.0;
    if at.x + width > right {
        return;
    }
    let place = Rect::from_min_size(pos2(at.x, at.y - 10.0), vec2(width, 20.0));
    let response = ui.interact(place, ui.make_persistent_id("balance"), Sense::click());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ComboBox, true, t!("call.bar.balance"));
        info.current_text_value = Some(balance.name().to_owned());
        info
    });
    let color = if response.hovered() { t.hi } else { t.low };
    let end = text::galley_left(ui.painter(), pos2(at.x, at.y), line, color);
    text::glyph(ui.painter(), pos2(end + 10.0, at.y), icon::CARET_DOWN, font::icon(10.0), color);
    if response.has_focus() {
        edge::focus_ring(ui.painter(), place, size::ROW_RADIUS, t);
    }
    menu::below(&response, |ui| balance_items(ui, subject, view));
}

/// The ways to pick an instance, as entries of a menu; ✓ at the one in force.
pub(super) fn balance_items(ui: &mut Ui, subject: &Subject<'_>, view: &mut View) {
    let current = subject.policy.balance.unwrap_or_default();
    for balance in Balance::ALL {
        let words = format!("{} · {}", balance.name(), balance_meaning(*balance));
        if menu::Item::new(&words).checked(*balance == current).show(ui).clicked() && *balance != current {
            view.draft.policy.balance = Some(*balance);
            view.touched = true;
        }
    }
}

pub(super) fn balance_meaning(balance: Balance) -> std::borrow::Cow<'static, str> {
    match balance {
        Balance::RoundRobin => t!("call.balance.round_robin"),
        Balance::P2c => t!("call.balance.p2c"),
    }
}

fn method_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, view: &mut View, rect: Rect) {
    let t = cx.tokens;
    let id = ui.make_persistent_id("method");
    // Before the field sees the keys: arrows and Enter are the list's while it is open.
    let picked = complete::keys(ui, id, subject, view);
    let inner = rect.shrink2(vec2(INSIDE, 0.0));
    let job = |text: &str| two_tones(text, '/', t);
    let hint = t!("call.bar.method_hint");
    let response = edit_at(ui, inner, id, &t!("call.bar.method"), &hint, &mut view.draft.method, job);
    if response.changed() {
        view.touched = true;
        view.completing = Some(0);
    }
    if response.gained_focus() || response.clicked() {
        view.completing = Some(0);
    }
    if response.has_focus() {
        edge::focus_ring(ui.painter(), rect, size::CONTROL_RADIUS, t);
    }
    let picked = picked.or_else(|| complete::list_ui(ui, cx, &response, rect, subject, view));
    if let Some(method) = picked {
        view.draft.method = method;
        view.touched = true;
        view.completing = None;
    } else if !response.has_focus() {
        view.completing = None;
    }
}

/// Gives the x at which the method has to end.
fn deadline_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, view: &mut View, joined: Rect) -> f32 {
    let t = cx.tokens;
    let inherited = subject.tab.inherited.deadline;
    let words = deadline_words(subject, view);
    let line = text::galley(ui.painter(), words.as_ref(), font::small());
    let width = deadline_width(ui.painter(), subject, view);
    let place = Rect::from_min_max(pos2(joined.right() - width, joined.top()), joined.max);
    let response = ui.interact(place, ui.make_persistent_id("deadline"), Sense::click());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ComboBox, true, t!("call.bar.deadline"));
        info.current_text_value = Some(words.clone().into_owned());
        info
    });
    let color = if response.hovered() { t.hi } else { t.low };
    let end = text::galley_left(ui.painter(), pos2(place.left() + 8.0, place.center().y), line, color);
    text::glyph(ui.painter(), pos2(end + 12.0, place.center().y), icon::CARET_DOWN, font::icon(10.0), color);
    if response.has_focus() {
        edge::focus_ring(ui.painter(), place, size::CONTROL_RADIUS, t);
    }
    if response.clicked() {
        view.deadline = Some(view.draft.deadline.map(duration_text::format).unwrap_or_default());
    }
    menu::float_below(&response, 232.0, |ui| deadline_float(ui, cx, inherited, view));
    place.left()
}

fn deadline_float(ui: &mut Ui, cx: &Cx, inherited: Option<Duration>, view: &mut View) {
    let mut typed = view.deadline.clone().unwrap_or_default();
    let problem = deadline_problem(&typed);
    // Nothing typed is no deadline, or that of the folders above.
    let none = inherited.map_or_else(
        || t!("call.bar.no_deadline"),
        |deadline| t!("call.bar.deadline_inherited", time = figures::setting(deadline)),
    );
    let hint = none.clone();
    let name = t!("call.bar.deadline");
    let field = Field::new(&name, &mut typed).hint(&hint).mono().error(problem.is_some()).show(ui);
    if menu::takes_focus(ui) {
        field.request_focus();
    }
    if field.changed() {
        if typed.trim().is_empty() {
            set_deadline(view, None);
        } else if let Ok(deadline) = duration_text::parse(&typed)
            && deadline_problem(&typed).is_none()
        {
            set_deadline(view, Some(deadline));
        }
        view.deadline = Some(typed);
    }
    let words = problem.unwrap_or_else(|| t!("call.bar.deadline_note").into_owned());
    let color = if deadline_problem(view.deadline.as_deref().unwrap_or_default()).is_some() {
        cx.tokens.err
    } else {
        cx.tokens.low
    };
    ui.add_space(4.0);
    // A menu justifies its rows; a sentence is not to be stretched.
    ui.with_layout(Layout::top_down(Align::Min), |ui| text::label(ui, words, font::small(), color));
    menu::separator(ui);
    let mut chosen = None;
    for preset in DEADLINES {
        let Ok(deadline) = duration_text::parse(preset) else { continue };
        let words = figures::setting(deadline);
        if menu::Item::new(&words).checked(view.draft.deadline == Some(deadline)).show(ui).clicked() {
            chosen = Some(Some(deadline));
        }
    }
    if menu::Item::new(&none).checked(view.draft.deadline.is_none()).show(ui).clicked() {
        chosen = Some(None);
    }
    if let Some(deadline) = chosen {
        set_deadline(view, deadline);
        ui.close();
    }
}

fn set_deadline(view: &mut View, deadline: Option<Duration>) {
    if view.draft.deadline != deadline {
        view.draft.deadline = deadline;
        view.touched = true;
    }
}

/// What is wrong with a deadline as typed; nothing typed is no deadline.
pub(super) fn deadline_problem(typed: &str) -> Option<String> {
    if typed.trim().is_empty() {
        return None;
    }
    match duration_text::parse(typed) {
        Ok(deadline) if deadline.is_zero() => Some(t!("call.bar.deadline_zero").into_owned()),
        Ok(_) => None,
        Err(problem) => Some(problem),
    }
}

/// Stop and Send at the right end; gives the x at which they begin.
fn buttons_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View, row: Rect) -> f32 {
    let mut child =
        ui.new_child(UiBuilder::new().id_salt("buttons").max_rect(row).layout(Layout::right_to_left(Align::Center)));
    let ui = &mut child;
    ui.spacing_mut().item_spacing.x = size::GAP;
    let tab = subject.tab;
    let ready = !view.draft.target.trim().is_empty()
        && !view.draft.method.trim().is_empty()
        && address::problem(&view.draft.target).is_none();
    let keys = keys_of(cx.model, Act::Send).replace("Enter", "⏎").replace('+', " ");
    let keys = (!keys.is_empty() && row.width() >= 2.0 * size::STACK - 200.0).then_some(keys);
    let split = button::split_primary(
        ui,
        icon::PAPER_PLANE_TILT,
        &t!("call.bar.send"),
        keys.as_deref(),
        ready,
        &t!("call.bar.more"),
    );
    if split.main.clicked() {
        cx.push(Command::Send(tab.id));
    }
    menu::float_below(&split.caret, 240.0, |ui| send_menu(ui, cx, subject, view, ready));
    let running = tab.running.is_some();
    let stop = button::stop_button(ui, &t!("call.bar.stop"), running || tab.repeat.is_some());
    if stop.clicked() {
        if running {
            cx.push(Command::Cancel(tab.id));
        }
        if tab.repeat.is_some() {
            cx.push(Command::StopRepeat(tab.id));
        }
    }
    let mut left = stop.rect.left();
    if let Some(repeat) = &tab.repeat {
        let words = t!("call.bar.repeating", rate = rate_words(repeat.rate), made = chip::grouped(repeat.made));
        let badge = button::Button::new(&words).chosen(true).icon(icon::REPEAT).show(ui);
        let badge = badge.on_hover_text(t!("call.bar.repeat_failed", failed = chip::grouped(repeat.failed)));
        left = badge.rect.left();
        menu::float_below(&badge, 240.0, |ui| repeat_rows(ui, cx, subject, view));
    }
    left
}

/// `5`, `0.5`.
fn rate_words(rate: f64) -> String {
    if rate.fract() == 0.0 { format!("{rate:.0}") } else { format!("{rate:.1}") }
}

fn send_menu(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View, ready: bool) {
    let tab = subject.tab.id;
    let keys = |act| keys_of(cx.model, act);
    let (send_keys, duplicate_keys, save_keys) = (keys(Act::Send), keys(Act::Duplicate), keys(Act::Save));
    let send = menu::item(ui, Some(icon::PAPER_PLANE_TILT), &t!("call.bar.send"), &send_keys, ready);
    if send.clicked() {
        cx.push(Command::Send(tab));
        ui.close();
    }
    menu::separator(ui);
    repeat_rows(ui, cx, subject, view);
    menu::separator(ui);
    if menu::item(ui, Some(icon::COPY), &t!("call.bar.duplicate"), &duplicate_keys, true).clicked() {
        cx.push(Command::Act(Act::Duplicate));
        ui.close();
    }
    if menu::item(ui, Some(icon::FLOPPY_DISK), &t!("call.bar.save"), &save_keys, !subject.tab.read_only).clicked() {
        cx.push(Command::Save(tab));
        ui.close();
    }
}

/// The rate, and what starts and stops repeating at it.
fn repeat_rows(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View) {
    let tab = subject.tab;
    let repeating = tab.repeat.is_some();
    let (_, row) = ui.allocate_space(vec2(ui.available_width(), 36.0));
    let mut child = ui
        .new_child(UiBuilder::new().max_rect(row.shrink2(vec2(8.0, 0.0))).layout(Layout::left_to_right(Align::Center)));
    text::label(&mut child, t!("call.bar.rate"), font::label_regular(), cx.tokens.hi);
    child.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let name = t!("call.bar.rate_name");
        let field = NumberField::new(&name, &mut view.repeat_rate, REPEAT_RATES).unit("/s").width(96.0).show(ui);
        if field.changed() && repeating {
            cx.push(Command::Repeat(tab.id, view.repeat_rate));
        }
    });
    let start = menu::item(ui, Some(icon::REPEAT), &t!("call.bar.repeat"), "", !repeating);
    if start.clicked() {
        cx.push(Command::Repeat(tab.id, view.repeat_rate));
        ui.close();
    }
    if repeating && menu::item(ui, Some(icon::STOP), &t!("call.bar.stop_repeat"), "", true).clicked() {
        cx.push(Command::StopRepeat(tab.id));
        ui.close();
    }
}

/// Text up to the last `separator` supports, what follows is read.
fn two_tones(text: &str, separator: char, t: &Tokens) -> LayoutJob {
    let split = text.rfind(separator).map_or(0, |at| at + 1);
    let (lead, rest) = text.split_at(split);
    let mut job = LayoutJob::default();
    job.append(lead, 0.0, TextFormat::simple(font::code_small(), t.mid));
    job.append(rest, 0.0, TextFormat::simple(font::code_small(), t.hi));
    job
}

/// A frameless field at a place, its text colored by `job`.
fn edit_at(
    ui: &mut Ui,
    rect: Rect,
    id: Id,
    name: &str,
    hint: &str,
    text: &mut String,
    job: impl Fn(&str) -> LayoutJob,
) -> Response {
    let around = ui.interact(rect, id.with("around"), Sense::CLICK);
    if around.clicked() {
        ui.memory_mut(|memory| memory.request_focus(id));
    }
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center)));
    child.shrink_clip_rect(rect);
    // Nobody writes in it and it does not fit: what is read stands at its end. The field itself paints nothing then.
    let focused = ui.memory(|memory| memory.has_focus(id));
    let shown = (!focused).then(|| shortened(ui, text, rect.width())).flatten();
    let none = crate::theme::tokens(ui).none;
    let mut layouter = |ui: &Ui, buffer: &dyn egui::TextBuffer, _wrap: f32| {
        let mut job = job(buffer.as_str());
        if shown.is_some() {
            job.sections.iter_mut().for_each(|section| section.format.color = none);
        }
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    let low = crate::theme::tokens(ui).low;
    let face: FontId = font::code_small();
    let output = composing::edit(&mut child, id, text, |ui, text| {
        TextEdit::singleline(text)
            .id(id)
            .frame(Frame::NONE)
            .margin(0.0)
            .align(egui::Align2::LEFT_CENTER)
            .min_size(rect.size())
            .font(face.clone())
            .hint_text(egui::RichText::new(hint).font(face).color(low))
            .desired_width(rect.width())
            .layouter(&mut layouter)
            .show(ui)
    });
    if let Some(shown) = &shown {
        let line = child.painter().layout_job(job(shown));
        let low = crate::theme::tokens(&child).low;
        text::galley_left(child.painter(), rect.left_center(), line, low);
    }
    let response = output.response.response.accessible_name(name);
    if shown.is_some() { response.on_hover_text(text.as_str()) } else { response }
}

/// An address or a method that is too long for its place: `…Orders/Place`. Its last part is what one reads; that ends in
/// an ellipsis only when it does not fit by itself. `None`: all of it fits.
fn shortened(ui: &Ui, whole: &str, room: f32) -> Option<String> {
    let advance = text::width(ui.painter(), "0", font::code_small()).max(1.0);
    // Wider letters count as two; a letter too few is better than half of one.
    let width = |part: &str| part.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>();
    let most = (room / advance + 0.01).floor() as usize;
    if width(whole) <= most || most < 2 {
        return None;
    }
    let last = whole.rfind('/').map_or(0, |at| at + 1);
    let name = whole.get(last..).unwrap_or_default();
    if width(name) + 1 > most {
        let mut kept = String::new();
        for letter in name.chars() {
            if width(&kept) + width(letter.encode_utf8(&mut [0; 4])) + 1 > most {
                break;
            }
            kept.push(letter);
        }
        return Some(kept + "…");
    }
    let cut = whole.char_indices().map(|(at, _)| at).find(|at| whole.get(*at..).is_some_and(|end| width(end) < most));
    Some(format!("…{}", cut.and_then(|at| whole.get(at..)).unwrap_or(name)))
}
