//! How a row of the tree looks, what its tooltip and its menu say.

use std::time::Duration;

use callscope_wire::schema::{Method, TypeRef};
use callscope_wire::{Health, Shape};
use egui::{Color32, Painter, Pos2, Response, RichText, Shape as Paint, Stroke, Ui, pos2, vec2};
use rust_i18n::t;

use super::super::Cx;
use super::super::tree::hold_arrows;
use super::rows::{At, Row};
use crate::command::Command;
use crate::model::Model;
use crate::model::services::{Listed, SchemaState, Service, Source, SourceKind, SourceState};
use crate::theme::{Tokens, font, icon};
use crate::widget::mark::Mark;
use crate::widget::menu;
use crate::widget::row::{Caret, Face, Fact, Lead, TreeRow, caret_x};
use crate::words::tell;

/// What was done with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Nothing,
    /// Clicked, not on the caret.
    Clicked,
    /// Fold or unfold.
    Toggle,
}

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, row: &Row, selected: bool) -> Said {
    let model = cx.model;
    let sources = &model.services.sources;
    let (At::Source(source)
    | At::SourceState(source)
    | At::Service(source, _)
    | At::Instance(source, ..)
    | At::SchemaState(source, _)
    | At::Set(source, ..)
    | At::Method(source, ..)) = row.at;
    let Some(source) = sources.get(source) else { return Said::Nothing };
    let service = |index: usize| source.services.get(index);
    let caret = match row.open {
        Some(true) => Caret::Open,
        Some(false) => Caret::Closed,
        None => Caret::None,
    };
    let blank = |name| TreeRow::new(row.id, name).depth(row.depth).caret(caret).selected(selected);
    match row.at {
        At::Source(_) => source_row(ui, cx, source, blank),
        At::SourceState(_) => source_state(ui, cx, row, source),
        At::Service(_, index) => service(index).map_or(Said::Nothing, |known| service_row(ui, cx, known, blank)),
        At::Instance(_, index, place) => {
            let found = service(index).and_then(|known| Some((known, known.instances.get(place)?)));
            found.map_or(Said::Nothing, |(known, listed)| instance_row(ui, cx, known, listed, blank))
        }
        At::SchemaState(_, index) => service(index).map_or(Said::Nothing, |known| schema_state(ui, cx, row, known)),
        At::Set(_, index, set) => {
            let schema = service(index).and_then(|known| known.schema.ready());
            let Some(set) = schema.and_then(|schema| schema.services.get(set)) else { return Said::Nothing };
            let out = blank(&set.name).face(Face::Mono).name_color(cx.tokens.mid).show(ui);
            held(ui, &out.response);
            let said = said(out.caret_clicked, &out.response);
            if !set.docs.is_empty() {
                out.response.on_hover_text(&set.docs);
            }
            said
        }
        At::Method(_, index, set, place) => {
            let Some(known) = service(index) else { return Said::Nothing };
            let set = known.schema.ready().and_then(|schema| schema.services.get(set));
            let Some((set, method)) = set.and_then(|set| Some((set, set.methods.get(place)?))) else {
                return Said::Nothing;
            };
            method_row(ui, cx, known, &format!("{}/{}", set.name, method.name), method, selected, blank)
        }
    }
}

/// Target and full name of the method that a row shows.
pub(super) fn method_of(model: &Model, at: At) -> Option<(String, String)> {
    let At::Method(source, service, set, method) = at else { return None };
    let service = model.services.sources.get(source)?.services.get(service)?;
    let set = service.schema.ready()?.services.get(set)?;
    Some((service.target.clone(), format!("{}/{}", set.name, set.methods.get(method)?.name)))
}

pub(super) fn health_mark(health: Health) -> Mark {
    match health {
        Health::Healthy => Mark::Ok,
        Health::Degraded => Mark::Warn,
        Health::Down => Mark::Err,
        Health::Unknown => Mark::Idle,
    }
}

fn said(caret_clicked: bool, response: &Response) -> Said {
    if caret_clicked {
        Said::Toggle
    } else if response.clicked() {
        Said::Clicked
    } else {
        Said::Nothing
    }
}

fn held(ui: &Ui, response: &Response) {
    if response.has_focus() {
        hold_arrows(ui, response.id);
    }
}

fn source_row<'a>(ui: &mut Ui, cx: &mut Cx<'_>, source: &'a Source, blank: impl Fn(&'a str) -> TreeRow<'a>) -> Said {
    let (scheme, rest) = source.address.split_once("://").unwrap_or(("", &source.address));
    let embedded = t!("services.embedded");
    let (glyph, name, note) = match source.kind {
        SourceKind::Embedded => (icon::DATABASE, "registry", embedded.as_ref()),
        SourceKind::Registry => (icon::GLOBE, "registry", rest),
        SourceKind::Direct => (icon::PLUGS_CONNECTED, scheme, rest),
    };
    let lost = t!("services.lost");
    let facts = if matches!(source.state, SourceState::Lost(_)) {
        vec![Fact::colored(&lost, cx.tokens.err)]
    } else {
        Vec::new()
    };
    let out = blank(name).face(Face::Body).lead(Lead::Icon(glyph)).note(note).facts(&facts).show(ui);
    held(ui, &out.response);
    menu::context(&out.response, |ui| {
        copy_item(ui, cx, &t!("services.copy_address"), &source.address);
        if menu::item(ui, Some(icon::ARROW_COUNTER_CLOCKWISE), &t!("services.ask_again"), "", true).clicked() {
            let targets = source.services.iter().map(|known| Command::RefreshSchema(known.target.clone()));
            cx.commands.extend(targets);
        }
        if source.kind != SourceKind::Embedded
            && menu::item(ui, Some(icon::X), &t!("services.remove_source"), "", true).clicked()
        {
            cx.push(Command::RemoveSource(source.address.clone()));
        }
    });
    let said = said(out.caret_clicked, &out.response);
    out.response.on_hover_ui(|ui| {
        ui.label(RichText::new(&source.address).font(font::code_small()));
        if let SourceState::Lost(reason) = &source.state {
            ui.label(RichText::new(tell(reason)).color(cx.tokens.err));
        }
    });
    said
}

/// Connecting, lost and why, or simply nothing there.
fn source_state(ui: &mut Ui, cx: &mut Cx<'_>, row: &Row, source: &Source) -> Said {
    let (lead, words, color) = match &source.state {
        SourceState::Connecting => (Lead::None, t!("services.connecting"), cx.tokens.low),
        SourceState::Lost(reason) if source.services.is_empty() => {
            (Lead::Mark(Mark::Err), t!("services.lost_why", reason = tell(reason)), cx.tokens.err)
        }
        SourceState::Lost(reason) => {
            (Lead::Mark(Mark::Err), t!("services.lost_keeps", reason = tell(reason)), cx.tokens.err)
        }
        SourceState::Live => (Lead::None, t!("services.empty_source"), cx.tokens.low),
    };
    let name = TreeRow::new(row.id, &words).depth(row.depth).lead(lead).name_color(color);
    let out = name.show(ui);
    held(ui, &out.response);
    out.response.on_hover_text(words.as_ref());
    Said::Nothing
}

fn service_row<'a>(ui: &mut Ui, cx: &mut Cx<'_>, known: &'a Service, blank: impl Fn(&'a str) -> TreeRow<'a>) -> Said {
    let (healthy, all) = known.healthy();
    let degraded = known.instances.iter().any(|listed| listed.instance.health != Health::Healthy);
    let unknown = known.instances.iter().all(|listed| listed.instance.health == Health::Unknown);
    let sign = match (healthy, all) {
        _ if unknown => Mark::Idle,
        (0, _) => Mark::Err,
        (healthy, all) if healthy < all => Mark::Half,
        _ if degraded => Mark::Warn,
        _ => Mark::Ok,
    };
    let count = if unknown { "?".to_owned() } else { format!("{healthy}/{all}") };
    let fact = match sign {
        Mark::Ok | Mark::Idle => Fact::new(&count),
        other => Fact::colored(&count, other.color(cx.tokens)),
    };
    let facts = [fact];
    let out = blank(&known.name).lead(Lead::Mark(sign)).facts(&facts).show(ui);
    held(ui, &out.response);
    menu::context(&out.response, |ui| {
        copy_item(ui, cx, &t!("services.copy_address"), &known.target);
        ask_item(ui, cx, known);
    });
    let said = said(out.caret_clicked, &out.response);
    out.response.on_hover_ui(|ui| {
        ui.label(RichText::new(&known.target).font(font::code_small()));
        ui.label(t!("services.healthy_of", healthy = healthy, all = all));
    });
    said
}

fn instance_row<'a>(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    known: &'a Service,
    listed: &'a Listed,
    blank: impl Fn(&'a str) -> TreeRow<'a>,
) -> Said {
    let instance = &listed.instance;
    let lease = listed.lease_left(cx.now());
    let seconds = lease.map(|(_, seconds)| format!("{} s", seconds.ceil())).unwrap_or_default();
    let facts = [Fact::new(&seconds)];
    let mut row = blank(&instance.id).lead(Lead::Mark(health_mark(instance.health)));
    if let Some((share, _)) = lease {
        row = row.lease(share).facts(&facts);
    }
    if !cx.narrow {
        row = row.note_mono(short_address(&instance.address)).weight(instance.weight as f32 / 100.0);
    }
    let out = row.show(ui);
    held(ui, &out.response);
    if lease.is_some() && out.response.hovered() {
        ui.ctx().request_repaint_after(Duration::from_secs(1));
    }
    menu::context(&out.response, |ui| {
        if menu::item(ui, Some(icon::PAPER_PLANE_TILT), &t!("services.call_this"), "", true).clicked() {
            cx.push(Command::OpenMethod {
                target: format!("{}@{}", known.target, instance.id),
                method: method_to_call(cx.model, known),
            });
        }
        copy_item(ui, cx, &t!("services.copy_address"), &instance.address);
        copy_item(ui, cx, &t!("services.copy_target"), &format!("{}@{}", known.target, instance.id));
        ask_item(ui, cx, known);
    });
    let said = said(out.caret_clicked, &out.response);
    out.response.on_hover_ui(|ui| instance_tip(ui, cx, listed));
    said
}

/// Without the scheme, and on this machine without the host: the port is what tells instances apart.
fn short_address(address: &str) -> &str {
    let place = address.split_once("://").map_or(address, |(_, place)| place);
    let port = ["127.0.0.1", "localhost", "[::1]"].iter().find_map(|host| place.strip_prefix(host));
    port.filter(|port| port.starts_with(':')).unwrap_or(place)
}

fn instance_tip(ui: &mut Ui, cx: &Cx<'_>, listed: &Listed) {
    let instance = &listed.instance;
    ui.label(RichText::new(&instance.address).font(font::code_small()));
    let health = match instance.health {
        Health::Healthy => t!("services.healthy"),
        Health::Degraded => t!("services.degraded"),
        Health::Down => t!("services.down"),
        Health::Unknown => t!("services.unknown"),
    };
    ui.label(t!("services.health_weight", health = health, weight = instance.weight));
    if let Some((_, seconds)) = listed.lease_left(cx.now()) {
        ui.label(t!("services.lease_left", n = seconds.ceil()));
    }
    if !instance.tags.is_empty() {
        ui.label(t!("services.tags", tags = instance.tags.join(", ")));
    }
    for (name, value) in &instance.metadata {
        ui.label(RichText::new(format!("{name}: {value}")).font(font::code_tiny()));
    }
}

/// The method of the call in front, if that is of the same service; else the first one.
fn method_to_call(model: &Model, known: &Service) -> String {
    let own = |target: &str| target.split('@').next() == Some(known.target.as_str());
    let active = model.tabs.active().filter(|tab| own(&tab.draft.target)).map(|tab| tab.draft.method.clone());
    let first = || {
        let set = known.schema.ready()?.services.first()?;
        Some(format!("{}/{}", set.name, set.methods.first()?.name))
    };
    active.or_else(first).unwrap_or_default()
}

fn schema_state(ui: &mut Ui, cx: &mut Cx<'_>, row: &Row, known: &Service) -> Said {
    let (lead, words) = match &known.schema {
        SchemaState::Failed(reason) => (Lead::Mark(Mark::Err), t!("services.schema_failed", reason = tell(reason))),
        _ => (Lead::None, t!("services.schema_loading")),
    };
    let failed = matches!(known.schema, SchemaState::Failed(_));
    let retry = t!("services.retry");
    let facts = [Fact::colored(&retry, cx.tokens.accent)];
    let color = if failed { cx.tokens.err } else { cx.tokens.low };
    let mut line = TreeRow::new(row.id, &words).depth(row.depth).lead(lead).name_color(color);
    if failed {
        line = line.facts(&facts);
    }
    let out = line.show(ui);
    held(ui, &out.response);
    if failed && out.response.clicked() {
        cx.push(Command::RefreshSchema(known.target.clone()));
    }
    out.response.on_hover_text(words.as_ref());
    Said::Nothing
}

fn method_row<'a>(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    known: &Service,
    full_name: &str,
    method: &'a Method,
    selected: bool,
    blank: impl Fn(&'a str) -> TreeRow<'a>,
) -> Said {
    let words = shape_words(method.shape);
    let facts = [Fact::new(&words)];
    // The lead keeps the icon's place; the arrows are painted over it.
    let mut row = blank(&method.name).face(Face::Mono).lead(Lead::Icon(' '));
    if !cx.narrow {
        row = row.facts(&facts);
    }
    let out = row.show(ui);
    held(ui, &out.response);
    if ui.is_rect_visible(out.rect) {
        let center = pos2(caret_x(out.rect.left(), 3) + 18.0, out.rect.center().y);
        let color = if selected { cx.tokens.accent } else { cx.tokens.mid };
        method_arrows(ui.painter(), center, method.shape, color);
    }
    menu::context(&out.response, |ui| {
        if menu::item(ui, Some(icon::PAPER_PLANE_TILT), &t!("services.open_method"), "", true).clicked() {
            cx.push(Command::OpenMethod { target: known.target.clone(), method: full_name.to_owned() });
        }
        copy_item(ui, cx, &t!("services.copy_name"), full_name);
    });
    let said = said(out.caret_clicked, &out.response);
    out.response.on_hover_ui(|ui| method_tip(ui, full_name, method, cx.tokens));
    said
}

fn method_tip(ui: &mut Ui, full_name: &str, method: &Method, t: &Tokens) {
    ui.label(RichText::new(full_name).font(font::code_small()).color(t.hi));
    let stream = |streams: bool| if streams { "stream " } else { "" };
    let up = format!("({}{})", stream(method.shape.client_streams()), type_name(&method.request));
    let down = format!("{}{}", stream(method.shape.server_streams()), type_name(&method.response));
    let line = if method.shape == Shape::OneWay { up } else { format!("{up} → {down}") };
    ui.label(RichText::new(line).font(font::code_tiny()).color(t.mid));
    if !method.docs.is_empty() {
        ui.label(&method.docs);
    }
}

fn type_name(type_ref: &TypeRef) -> String {
    match type_ref {
        TypeRef::Any => "any".to_owned(),
        TypeRef::Bool => "bool".to_owned(),
        TypeRef::Int32 => "int32".to_owned(),
        TypeRef::Uint32 => "uint32".to_owned(),
        TypeRef::Int64 => "int64".to_owned(),
        TypeRef::Uint64 => "uint64".to_owned(),
        TypeRef::Float => "float".to_owned(),
        TypeRef::Double => "double".to_owned(),
        TypeRef::String => "string".to_owned(),
        TypeRef::Bytes => "bytes".to_owned(),
        TypeRef::List(inner) => format!("list of {}", type_name(inner)),
        TypeRef::Map(inner) => format!("map of {}", type_name(inner)),
        TypeRef::Named(name) => name.rsplit('.').next().unwrap_or(name).to_owned(),
    }
}

pub(super) fn shape_words(shape: Shape) -> std::borrow::Cow<'static, str> {
    match shape {
        Shape::Unary => t!("services.unary"),
        Shape::ServerStream => t!("services.server_stream"),
        Shape::ClientStream => t!("services.client_stream"),
        Shape::Bidi => t!("services.bidi"),
        Shape::OneWay => t!("services.one_way"),
    }
}

/// Two arrows, one each way; a side that streams has a doubled head. One way only has one arrow.
pub fn method_arrows(painter: &Painter, center: Pos2, shape: Shape, color: Color32) {
    const HALF: f32 = 5.5;
    const HEAD: f32 = 2.5;
    let stroke = Stroke::new(1.0, color);
    let arrow = |y: f32, direction: f32, doubled: bool| {
        let tip = pos2(center.x + direction * HALF, y);
        painter.add(Paint::line_segment([pos2(center.x - direction * HALF, y), tip], stroke));
        let heads: &[f32] = if doubled { &[0.0, 3.0] } else { &[0.0] };
        for back in heads {
            let point = tip - vec2(direction * back, 0.0);
            for side in [-HEAD, HEAD] {
                painter.add(Paint::line_segment([point, point + vec2(-direction * HEAD, side)], stroke));
            }
        }
    };
    if shape == Shape::OneWay {
        arrow(center.y.round() - 0.5, 1.0, false);
        return;
    }
    arrow(center.y.round() - 2.5, 1.0, shape.client_streams());
    arrow(center.y.round() + 2.5, -1.0, shape.server_streams());
}

fn copy_item(ui: &mut Ui, cx: &mut Cx<'_>, words: &str, what: &str) {
    if menu::item(ui, Some(icon::COPY), words, "", true).clicked() {
        cx.push(Command::Copy(what.to_owned()));
    }
}

fn ask_item(ui: &mut Ui, cx: &mut Cx<'_>, known: &Service) {
    if menu::item(ui, Some(icon::ARROW_COUNTER_CLOCKWISE), &t!("services.ask_again"), "", true).clicked() {
        cx.push(Command::RefreshSchema(known.target.clone()));
    }
}
