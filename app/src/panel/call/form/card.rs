//! What the schema says of the field that has the focus: docs, rule, default.

use callscope_wire::schema::{TypeKind, TypeRef};
use egui::{Rect, Ui, pos2, vec2};
use rust_i18n::t;

use super::Focus;
use super::read::Read;
use crate::panel::Cx;
use crate::theme::{font, size};
use crate::widget::{button, pane, text};

/// Its height, margins included.
pub(in crate::panel::call) const HEIGHT: f32 = 124.0;

/// Fills `rect`; whether the schema should be shown.
pub(super) fn ui(ui: &mut Ui, cx: &Cx, read: &Read, focus: Option<Focus>, rect: Rect) -> bool {
    let t = cx.tokens;
    let rect = rect.shrink2(vec2(size::PANE_PADDING, size::GAP));
    pane::card(ui.painter(), rect, t);
    let inner = rect.shrink2(vec2(size::PANE_PADDING, 10.0));
    let schema = &read.schema;
    let field = focus.and_then(|focus| focus.at.field(schema));
    let def = schema.types.get(focus.filter(|_| field.is_some()).map_or(read.def, |focus| focus.at.def) as usize);
    let type_name = def.map(|def| def.name.as_str()).unwrap_or_default();
    let mut link = false;
    let y = inner.top() + 10.0;
    let mut child = ui.new_child(
        egui::UiBuilder::new()
            .max_rect(Rect::from_min_max(inner.min, pos2(inner.right(), inner.top() + 20.0)))
            .layout(egui::Layout::right_to_left(egui::Align::Center)),
    );
    if button::link(&mut child, &t!("call.form.open_schema")).clicked() {
        link = true;
    }
    let right = child.min_rect().left() - size::GAP;
    let painter = ui.painter();
    let mut lines: Vec<(String, String)> = Vec::new();
    let (title, fact, docs) = match (focus, field) {
        (Some(focus), Some(field)) => {
            let rule = field.rule.written(&field.name);
            if !rule.is_empty() {
                lines.push((t!("call.form.rule").into_owned(), rule));
            }
            if let Some(default) = &field.default {
                lines.push((t!("call.form.default").into_owned(), default.to_string()));
            }
            if let Some((value, docs)) = chosen(read, focus) {
                lines.push((value, docs));
            }
            let fact = format!("{} = {}", field.type_ref.bare(), field.number);
            (field.name.as_str(), t!("call.form.in_type", fact = fact, of = type_name).into_owned(), &*field.docs)
        }
        _ => (type_name, String::new(), def.map(|def| def.docs.as_str()).unwrap_or_default()),
    };
    let x = text::left_elided(painter, pos2(inner.left(), y), title, font::code_small(), t.key, right - inner.left());
    text::left_elided(painter, pos2(x + 12.0, y), fact, font::small(), t.low, right - x - 12.0);
    let mut top = inner.top() + 28.0;
    if !docs.is_empty() {
        let galley = painter.layout(docs.to_owned(), font::label_regular(), t.mid, inner.width());
        let shown = painter.with_clip_rect(Rect::from_min_max(pos2(inner.left(), top), inner.max));
        let height = galley.size().y;
        shown.galley(pos2(inner.left(), top), galley, t.mid);
        top += height + 6.0;
    }
    for (name, value) in lines {
        if top + 16.0 > inner.bottom() + 4.0 {
            break;
        }
        let y = top + 8.0;
        let column =
            text::left(painter, pos2(inner.left(), y), name, font::small(), t.low).max(inner.left() + 52.0) + 12.0;
        text::left_elided(painter, pos2(column, y), value, font::label_regular(), t.hi, inner.right() - column);
        top += 20.0;
    }
    link
}

/// The enum value that is chosen, and what it means.
fn chosen(read: &Read, focus: Focus) -> Option<(String, String)> {
    let TypeRef::Named(name) = focus.at.type_ref(&read.schema)? else { return None };
    let TypeKind::Enum(values) = &read.schema.type_def(name)?.kind else { return None };
    let shown = read.shown(focus.entry?);
    let value = values.iter().find(|value| value.name == shown || value.number.to_string() == shown)?;
    (!value.docs.is_empty()).then(|| (value.name.clone(), value.docs.clone()))
}
