//! The Auth sub-tab: who the call trusts over TLS, and whom it says it is.
//!
//! Values are the workspace's paths and names; what is not set here comes from the folders above, and says from where.
//! Files are read by the engine when it connects, which says what is wrong with them.

use egui::{Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::subject::{Subject, scheme};
use super::view::View;
use crate::command::Command;
use crate::model::tls::TlsKey;
use crate::panel::Cx;
use crate::theme::{font, icon, size};
use crate::widget::field::Field;
use crate::widget::{button, edge, mark, text};

const LABEL: f32 = 20.0;
const FIELD: f32 = 156.0;
const FROM: f32 = 132.0;
const BUTTON: f32 = 28.0;
const NOTE: f32 = 44.0;

/// Values that the call sets itself.
pub(super) fn values_here(view: &View) -> usize {
    TlsKey::ALL.iter().filter(|key| view.draft.tls.get(**key).is_some()).count()
}

pub(super) fn ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View) {
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        head_ui(ui, cx, subject);
        for key in TlsKey::ALL {
            row_ui(ui, cx, subject, view, key);
        }
        note_ui(ui, cx, &problem(subject, view));
    });
}

/// What it is, and whether the address uses it.
fn head_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>) {
    let t = cx.tokens;
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), NOTE));
    let y = rect.center().y;
    let x = text::left(ui.painter(), pos2(rect.left() + LABEL, y), "TLS", font::card_title(), t.hi) + 10.0;
    let scheme = scheme(&subject.tab.draft.target);
    let words = match scheme {
        "registry" => t!("call.auth.by_registry"),
        scheme if scheme.ends_with("+tls") => t!("call.auth.used"),
        _ => t!("call.auth.unused"),
    };
    text::left_elided(ui.painter(), pos2(x, y), words.as_ref(), font::label_regular(), t.low, rect.right() - x - 12.0);
    let label = ui.interact(rect, ui.make_persistent_id("tls"), Sense::hover());
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, words.as_ref()));
}

fn row_ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, view: &mut View, key: TlsKey) {
    let t = cx.tokens;
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::FORM_ROW));
    let mut child = ui.new_child(UiBuilder::new().id_salt((key.name(), view.generation)).max_rect(rect));
    let y = rect.center().y;
    text::left(child.painter(), pos2(rect.left() + LABEL, y), key.name(), font::code_small(), t.key);
    let inherited = &subject.tab.inherited;
    let above = inherited.tls.get(key);
    let from = if cx.narrow { 0.0 } else { FROM };
    let picked = if key.is_file() { BUTTON + size::GAP } else { 0.0 };
    let right = rect.right() - size::PANE_PADDING - from - picked;
    let place = egui::Rect::from_x_y_ranges(
        rect.left() + FIELD..=right.max(rect.left() + FIELD + 60.0),
        y - size::CONTROL / 2.0..=y + size::CONTROL / 2.0,
    );
    let mut typed = view.draft.tls.get(key).unwrap_or_default().to_owned();
    let words = label(key);
    // What is inherited, and nothing where nothing is: an example would pass for a value.
    let hint = above.unwrap_or_default().to_owned();
    edge::frame(child.painter(), place, size::CONTROL_RADIUS, t.field, t.line2);
    let id = child.make_persistent_id("value");
    let inner = place.shrink2(vec2(9.0, 0.0));
    let response = Field::new(&words, &mut typed).mono().hint(&hint).frameless().show_at(&mut child, inner, id);
    if response.has_focus() {
        edge::focus_ring(child.painter(), place, size::CONTROL_RADIUS, t);
    }
    if response.changed() {
        view.draft.tls.set(key, Some(typed).filter(|typed| !typed.trim().is_empty()));
        view.touched = true;
    }
    if key.is_file() {
        let at = pos2(place.right() + size::GAP + BUTTON / 2.0, y);
        let name = t!("call.auth.choose", what = words);
        let id = child.make_persistent_id("choose");
        if button::icon_button_at(&child, at, icon::FOLDER, size::ICON_SMALL, &name, id).clicked() {
            cx.push(Command::ChooseTlsFile(subject.tab.id, key));
        }
    }
    if from > 0.0 {
        let end = pos2(rect.right() - size::PANE_PADDING, y);
        from_ui(&mut child, cx, subject, view, key, end);
    }
}

/// Where the value comes from; a click on "set here" goes back to what is inherited.
fn from_ui(ui: &mut Ui, cx: &Cx, subject: &Subject<'_>, view: &mut View, key: TlsKey, end: egui::Pos2) {
    let t = cx.tokens;
    if view.draft.tls.get(key).is_none() {
        let file = subject.tab.inherited.tls_from.get(&key);
        let folder = file.and_then(|file| file.parent()?.file_name()).map(|name| name.to_string_lossy());
        let words = match (&folder, file) {
            (Some(folder), _) => folder.clone(),
            (None, Some(_)) => t!("call.policy.workspace"),
            (None, None) => t!("call.auth.not_set"),
        };
        text::right(ui.painter(), end, words.as_ref(), font::small(), t.low);
        return;
    }
    let words = t!("call.policy.set_here");
    let line = text::galley(ui.painter(), words.as_ref(), font::small_medium());
    let place = egui::Rect::from_min_max(pos2(end.x - line.size().x - 20.0, end.y - 10.0), pos2(end.x, end.y + 10.0));
    let response = ui.interact(place, ui.make_persistent_id("set here"), Sense::click());
    let name = t!("call.auth.inherit", what = label(key));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name.as_ref()));
    let glyph = pos2(place.left() + 7.0, end.y);
    text::glyph(ui.painter(), glyph, icon::PENCIL_SIMPLE, font::icon(size::ICON_SMALL), t.accent);
    text::galley_right(ui.painter(), end, line, t.accent);
    if response.has_focus() {
        edge::focus_ring(ui.painter(), place.expand2(vec2(3.0, 0.0)), size::ROW_RADIUS, t);
    }
    if response.on_hover_text(name.as_ref()).clicked() {
        view.draft.tls.set(key, None);
        view.generation += 1;
        view.touched = true;
    }
}

/// What is wrong with the values together, else what they mean.
fn problem(subject: &Subject<'_>, view: &View) -> Result<String, String> {
    let all = view.draft.tls.over(&subject.tab.inherited.tls);
    match (all.get(TlsKey::Cert), all.get(TlsKey::Key), all.get(TlsKey::Ca)) {
        (Some(_), None, _) => Err(t!("call.auth.no_key").into_owned()),
        (None, Some(_), _) => Err(t!("call.auth.no_cert").into_owned()),
        (_, _, None) => Ok(t!("call.auth.system_cas").into_owned()),
        _ => Ok(t!("call.auth.relative").into_owned()),
    }
}

fn note_ui(ui: &mut Ui, cx: &Cx, problem: &Result<String, String>) {
    let t = cx.tokens;
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::FORM_ROW));
    let at = pos2(rect.left() + LABEL, rect.center().y);
    let (words, room) = match problem {
        Ok(words) => (words, rect.right() - at.x - 12.0),
        Err(words) => {
            mark::cross(ui.painter(), at + vec2(4.0, 0.0), 3.5, t.err, 1.5);
            (words, rect.right() - at.x - 28.0)
        }
    };
    let (at, font, color) = match problem {
        Ok(_) => (at, font::small(), t.low),
        Err(_) => (at + vec2(16.0, 0.0), font::small_medium(), t.err),
    };
    text::left_elided(ui.painter(), at, words, font, color, room);
    let label = ui.interact(rect, ui.make_persistent_id("tls note"), Sense::hover());
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    label.on_hover_text(words);
}

fn label(key: TlsKey) -> std::borrow::Cow<'static, str> {
    match key {
        TlsKey::Ca => t!("call.auth.ca"),
        TlsKey::Cert => t!("call.auth.cert"),
        TlsKey::Key => t!("call.auth.key"),
        TlsKey::ServerName => t!("call.auth.server_name"),
    }
}
