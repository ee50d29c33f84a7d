//! The controls of single values: text, number, checkbox, enum, bytes, and any JSON.

use callscope_wire::schema::{TypeKind, TypeRef};
use callscope_wire::value::edit::quoted;
use callscope_wire::value::outline::Kind;
use callscope_wire::value::text as json;
use egui::text::{LayoutJob, LayoutSection, TextFormat};
use egui::{Color32, EventFilter, Key, Modifiers, Rect, Response, Sense, Ui, pos2, vec2};
use rust_i18n::t;

use super::act::{Act, stepped, typed_as};
use super::bytes::{self, HexError, Mode};
use super::control_id;
use super::read::{Read, TypeAt, def_index};
use super::row_ui::{Draw, inside};
use super::rows::{Row, What, scalar};
use crate::panel::call::figures;
use crate::theme::{Tokens, font, icon, size};
use crate::widget::checkbox::checkbox;
use crate::widget::field::Field;
use crate::widget::segmented::segmented;
use crate::widget::select::Select;
use crate::widget::text;

/// Texts above this many bytes are not for a field of one line.
const LONG: usize = 20_000;
/// Room of the carets of a number.
const STEPPER: f32 = 16.0;
/// Below this width the ways to read bytes are a select.
const SEGMENTS: f32 = 420.0;

/// What shows a value of a line.
pub(super) fn what(read: &Read, at: TypeAt, entry: u32) -> What {
    let Some(of) = at.type_ref(&read.schema) else { return What::Raw };
    let def = if let TypeRef::Named(name) = of { def_index(&read.schema, name) } else { None };
    scalar(read, of, def, read.kind(entry).unwrap_or(Kind::Raw))
}

impl Draw<'_> {
    /// The control of a value that is there. `small`: a field of a line.
    pub fn control_ui(&mut self, ui: &mut Ui, row: &Row, rect: Rect, line: Rect, wrong: bool, small: bool) {
        let Some(entry) = row.entry else { return };
        let long = self.read.raw(entry).len() > LONG;
        match row.what {
            What::Flag => self.flag_ui(ui, row, entry, rect, line, small),
            What::Choice(def) => self.choice_ui(ui, row, entry, def, rect, line, wrong, small),
            What::Bytes => self.bytes_ui(ui, row, entry, rect, line, wrong),
            What::Field if !long => self.field_ui(ui, row, entry, rect, line, wrong),
            What::Raw | What::Unknown if !long => self.raw_ui(ui, row, entry, rect, line, wrong),
            _ => {
                let size = figures::bytes(self.read.raw(entry).len() as u64);
                let words = t!("call.form.long", size = size);
                self.quiet(ui, rect, &words);
            }
        }
    }

    fn quiet(&self, ui: &Ui, rect: Rect, words: &str) {
        let at = pos2(rect.left() + 8.0, rect.center().y);
        text::left_elided(ui.painter(), at, words, font::small(), self.t.low, rect.width() - 12.0);
    }

    fn flag_ui(&mut self, ui: &mut Ui, row: &Row, entry: u32, rect: Rect, line: Rect, small: bool) {
        let mut on = self.read.raw(entry) == "true";
        let name = self.path(row);
        let response = inside(ui, rect, |ui, _| ui.push_id(row.id, |ui| checkbox(ui, &mut on, &name)).inner);
        self.take_focus(row, &response);
        self.note_focus(row, &response, line, ui);
        if !small {
            let at = pos2(rect.left() + 24.0, rect.center().y);
            text::left(ui.painter(), at, on.to_string(), font::code_small(), self.t.lit);
        }
        if response.changed() {
            self.acts.push(Act::Type { entry, raw: on.to_string() });
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what a control is, where it is and how it stands")]
    fn choice_ui(
        &mut self,
        ui: &mut Ui,
        row: &Row,
        entry: u32,
        def: u32,
        rect: Rect,
        line: Rect,
        wrong: bool,
        small: bool,
    ) {
        let Some(TypeKind::Enum(values)) = self.read.schema.types.get(def as usize).map(|def| &def.kind) else {
            return;
        };
        let names: Vec<&str> = values.iter().map(|value| value.name.as_str()).collect();
        let shown = self.read.shown(entry);
        let by_number = self.read.kind(entry) == Some(Kind::Number);
        let is = |value: &callscope_wire::schema::EnumValue| {
            if by_number { value.number.to_string() == shown } else { value.name == shown }
        };
        let before = values.iter().position(is).unwrap_or(values.len());
        let mut selected = before;
        let widest = names.iter().map(|name| text::width(ui.painter(), *name, font::code_small())).fold(88.0, f32::max);
        let width = if small { rect.width() } else { (widest + 48.0).min(rect.width()).round() };
        let (name, hint) = (self.path(row), t!("call.form.filter"));
        let ink = if before == values.len() { self.t.var } else { self.t.lit };
        let select =
            Select::new(&name, &names).mono().filter_hint(&hint).width(width).shown(&shown).ink(ink).error(wrong);
        let response = inside(ui, rect, |ui, _| ui.push_id(row.id, |ui| select.show(ui, &mut selected)).inner);
        self.take_focus(row, &response);
        self.note_focus(row, &response, line, ui);
        if !small && let Some(value) = values.get(selected) {
            let at = pos2(rect.left() + width + 12.0, rect.center().y);
            let words = t!("call.form.number_of", number = value.number, count = values.len());
            text::left_elided(ui.painter(), at, words, font::small(), self.t.low, rect.right() - at.x);
        }
        if let Some(value) = values.get(selected).filter(|_| selected != before) {
            self.acts.push(Act::Type { entry, raw: quoted(&value.name) });
        }
    }

    fn field_ui(&mut self, ui: &mut Ui, row: &Row, entry: u32, rect: Rect, line: Rect, wrong: bool) {
        let Some(of) = row.at.type_ref(&self.read.schema) else { return };
        let shown = self.read.shown(entry).into_owned();
        let number = !matches!(of, TypeRef::String | TypeRef::Bool | TypeRef::Bytes);
        // A number needs no wide field; its carets should be near it.
        let rect = if number && row.place == super::rows::Place::Member {
            rect.with_max_x(rect.right().min(rect.left() + 240.0))
        } else {
            rect
        };
        let mut typed = shown.clone();
        let ink = if number { self.t.num } else { self.t.str };
        let id = control_id(ui, row.id, "value");
        if number {
            step(ui, id, of, &mut typed);
        }
        let response = self.text_field(ui, row, rect, line, &mut typed, ink, wrong, if number { STEPPER } else { 0.0 });
        if number {
            self.stepper_ui(ui, id, of, rect, &mut typed);
        }
        if response.changed() || typed != shown {
            let was = self.read.kind(entry).map(|kind| (kind, shown.as_str()));
            self.acts.push(Act::Type { entry, raw: typed_as(of, &typed, was) });
        }
    }

    fn stepper_ui(&self, ui: &Ui, id: egui::Id, of: &TypeRef, rect: Rect, typed: &mut String) {
        let carets = Rect::from_min_max(pos2(rect.right() - 20.0, rect.top()), rect.max);
        // No focus of its own: the field is the Tab stop, and the arrow keys do the same.
        let response = ui.interact(carets, id.with("carets"), Sense::CLICK);
        let tone = if response.hovered() { self.t.hi } else { self.t.low };
        let at = carets.center() - vec2(2.0, 0.0);
        text::glyph(ui.painter(), at, icon::CARET_UP_DOWN, font::icon(12.0), tone);
        if response.clicked()
            && let Some(at) = response.interact_pointer_pos()
            && let Some(next) = stepped(of, typed, if at.y < carets.center().y { 1 } else { -1 })
        {
            *typed = next;
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what a control is, where it is and how it stands")]
    fn text_field(
        &mut self,
        ui: &mut Ui,
        row: &Row,
        rect: Rect,
        line: Rect,
        typed: &mut String,
        ink: Color32,
        wrong: bool,
        reserve: f32,
    ) -> Response {
        let (t, name) = (self.t, self.path(row));
        let enabled = ui.is_enabled();
        let id = control_id(ui, row.id, "value");
        let colored = |source: &str| job(source, if enabled { ink } else { t.dis }, t);
        let field = Field::new(&name, typed).mono().error(wrong).reserve(reserve).highlight(&colored);
        let response = inside(ui, rect, |ui, rect| field.show_at(ui, rect, id));
        self.take_focus(row, &response);
        self.note_focus(row, &response, line, ui);
        response
    }

    /// Any JSON on one line. What is none yet is kept in the field and written when it is.
    fn raw_ui(&mut self, ui: &mut Ui, row: &Row, entry: u32, rect: Rect, line: Rect, wrong: bool) {
        let now = one_line(self.read.raw(entry));
        let kept = self.state.typed.get(&row.id).cloned();
        let broken = kept.is_some();
        let mut typed = kept.unwrap_or_else(|| now.clone());
        let ink = self.t.hi;
        let response = self.text_field(ui, row, rect, line, &mut typed, ink, wrong || broken, 0.0);
        if broken {
            response.clone().on_hover_text(t!("call.form.no_json"));
        }
        if !response.changed() {
            return;
        }
        match json::parse(&typed) {
            Ok(_) => {
                self.state.typed.remove(&row.id);
                self.acts.push(Act::Raw { entry, raw: typed });
            }
            Err(_) => {
                self.state.typed.insert(row.id, typed);
            }
        }
    }

    fn bytes_ui(&mut self, ui: &mut Ui, row: &Row, entry: u32, rect: Rect, line: Rect, wrong: bool) {
        let shown = self.read.shown(entry).into_owned();
        let decoded = bytes::decode(&shown);
        let natural = decoded.as_deref().map_or(Mode::Base64, bytes::natural);
        let mut mode = *self.state.modes.entry(row.id).or_insert(natural);
        // What is not UTF-8 cannot be shown as text, and what is no base64 only as it is.
        let readable = decoded.as_ref().is_some_and(|bytes| std::str::from_utf8(bytes).is_ok());
        if decoded.is_none() || (mode == Mode::Text && !readable) {
            mode = if decoded.is_none() { Mode::Base64 } else { Mode::Hex };
        }
        let taken = self.mode_ui(ui, row, entry, mode, rect);
        let rect = rect.with_min_x(rect.left() + taken + size::GAP);
        let len = decoded.as_ref().map_or(0, Vec::len);
        if len > bytes::SHOWN || (decoded.is_none() && shown.len() > 2 * bytes::SHOWN) {
            self.quiet(ui, rect, &figures::bytes(len as u64));
            return;
        }
        let plain = match (mode, &decoded) {
            (Mode::Text, Some(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            (Mode::Hex, Some(bytes)) => bytes::hex(bytes),
            _ => shown,
        };
        // What was typed holds as long as it means what is in the text, or nothing yet.
        let holds = |typed: &String| bytes::from_hex(typed).map_or(true, |typed| decoded.as_ref() == Some(&typed));
        let kept = self.state.typed.get(&row.id).filter(|typed| mode == Mode::Hex && holds(typed)).cloned();
        let half = kept.as_deref().and_then(|typed| bytes::from_hex(typed).err());
        let mut typed = kept.unwrap_or(plain);
        let ink = if mode == Mode::Text { self.t.str } else { self.t.num };
        let size = figures::bytes(len as u64);
        let room = text::width(ui.painter(), size.as_str(), font::small()) + 8.0;
        let response = self.text_field(ui, row, rect, line, &mut typed, ink, wrong || half.is_some(), room);
        let end = pos2(rect.right() - 8.0, rect.center().y);
        text::right(ui.painter(), end, size, font::small(), self.t.low);
        if let Some(error) = half {
            response.clone().on_hover_text(match error {
                HexError::Digit(letter) => t!("call.form.hex_digit", digit = letter),
                HexError::Half => t!("call.form.hex_half"),
            });
        }
        if !response.changed() {
            return;
        }
        let raw = match mode {
            Mode::Text => Some(bytes::encode(typed.as_bytes())),
            Mode::Base64 => Some(typed.clone()),
            Mode::Hex => bytes::from_hex(&typed).ok().map(|bytes| bytes::encode(&bytes)),
        };
        if mode == Mode::Hex {
            // As typed, so that a space that was just typed is not taken away again.
            self.state.typed.insert(row.id, typed);
        }
        if let Some(raw) = raw {
            self.acts.push(Act::Type { entry, raw: quoted(&raw) });
        }
    }

    /// How bytes are read and written; gives the width that it takes.
    fn mode_ui(&mut self, ui: &mut Ui, row: &Row, entry: u32, mode: Mode, rect: Rect) -> f32 {
        let words = [t!("call.form.as_text"), "Hex".into(), "Base64".into(), t!("call.form.from_file")];
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        let modes = [Mode::Text, Mode::Hex, Mode::Base64];
        let before = modes.iter().position(|other| *other == mode).unwrap_or_default();
        let mut selected = before;
        let name = t!("call.form.mode", path = self.path(row));
        let response = inside(ui, rect, |ui, rect| {
            ui.push_id((row.id, "mode"), |ui| {
                if rect.width() >= SEGMENTS {
                    segmented(ui, &name, &words, &mut selected)
                } else {
                    Select::new(&name, &words).width(88.0).show(ui, &mut selected)
                }
            })
            .inner
        });
        if selected != before {
            match modes.get(selected) {
                Some(mode) => {
                    self.state.modes.insert(row.id, *mode);
                    self.state.typed.remove(&row.id);
                }
                None => *self.load = Some(entry),
            }
        }
        response.rect.width()
    }
}

/// ↑ and ↓ in the focused field.
fn step(ui: &Ui, id: egui::Id, of: &TypeRef, typed: &mut String) {
    if !ui.memory(|memory| memory.has_focus(id)) || !ui.is_enabled() {
        return;
    }
    ui.memory_mut(|memory| {
        let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
        memory.set_focus_lock_filter(id, filter);
    });
    // Taken before the text edit sees them: there they would only move the caret.
    let (up, down) = ui.input_mut(|input| {
        (
            input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp),
            input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown),
        )
    });
    if up != down
        && let Some(next) = stepped(of, typed, if up > down { 1 } else { -1 })
    {
        *typed = next;
    }
}

/// One line of text in a color, its variables in theirs.
fn job(source: &str, ink: Color32, t: &Tokens) -> LayoutJob {
    let format = |color, ground| TextFormat { background: ground, ..TextFormat::simple(font::code_small(), color) };
    let mut job = LayoutJob { text: source.to_owned(), break_on_newline: false, ..LayoutJob::default() };
    let mut put = |range: std::ops::Range<usize>, format: TextFormat| {
        let byte_range = egui::text::ByteIndex(range.start)..egui::text::ByteIndex(range.end);
        job.sections.push(LayoutSection { leading_space: 0.0, byte_range, format });
    };
    let mut at = 0;
    while let Some(start) = source.get(at..).and_then(|rest| rest.find("{{")).map(|found| at + found) {
        let Some(end) = source.get(start..).and_then(|rest| rest.find("}}")).map(|found| start + found + 2) else {
            break;
        };
        if start > at {
            put(at..start, format(ink, t.none));
        }
        put(start..end, format(t.var, t.over(t.var, 0.14, 0.08)));
        at = end;
    }
    // An empty text needs a section, too: without one the caret has no height.
    if at < source.len() || source.is_empty() {
        put(at..source.len(), format(ink, t.none));
    }
    job
}

/// JSON on one line: white space between values becomes one space.
fn one_line(raw: &str) -> String {
    if !raw.contains('\n') {
        return raw.to_owned();
    }
    raw.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}
