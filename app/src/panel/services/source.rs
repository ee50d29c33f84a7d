//! Adding a source: a field in place, checked before it is asked for; and what to say while there is none.

use egui::{Key, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::super::Cx;
use crate::command::Command;
use crate::model::services::{AddressFault, check_source};
use crate::theme::{font, icon, size, tokens};
use crate::widget::{edge, field, pane, text};

/// The field for a new source while it is open.
#[derive(Debug, Default)]
pub struct AddSource {
    text: String,
    fault: Option<String>,
    focused: bool,
}

impl AddSource {
    fn with(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// Gives true when it is done with, one way or the other.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let (_, rect) = ui.allocate_space(vec2(ui.available_width(), 32.0));
        let id = ui.make_persistent_id("new source");
        // The click that opened this field would take the focus from it in the same frame.
        if !self.focused && ui.input(|input| input.pointer.any_click()) {
            ui.ctx().request_repaint();
        } else if !self.focused {
            self.focused = true;
            ui.memory_mut(|memory| memory.request_focus(id));
        }
        let place = Rect::from_min_size(rect.min + vec2(8.0, 0.0), vec2(rect.width() - 16.0, size::CONTROL));
        let response = field::Field::new(&t!("services.address_name"), &mut self.text)
            .hint(&t!("services.address_hint"))
            .mono()
            .error(self.fault.is_some())
            .show_at(ui, place, id);
        if response.changed() {
            self.fault = None;
        }
        if let Some(fault) = &self.fault {
            let (_, line) = ui.allocate_space(vec2(ui.available_width(), 20.0));
            let response = ui.interact(line, id.with("fault"), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, fault.as_str()));
            let at = pos2(line.left() + size::PANE_PADDING, line.center().y);
            text::left_elided(ui.painter(), at, fault.as_str(), font::small(), cx.tokens.err, line.width() - 20.0);
            response.on_hover_text(fault);
        }
        ui.add_space(4.0);
        if field::submitted(ui, &response) {
            let known: Vec<&str> = cx.model.services.sources.iter().map(|source| source.address.as_str()).collect();
            match check_source(&self.text, &known) {
                Ok(address) => {
                    cx.push(Command::AddSource(address));
                    return true;
                }
                Err(fault) => {
                    self.fault = Some(words(&fault));
                    ui.ctx().request_repaint();
                    self.focused = false;
                }
            }
        }
        response.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape))
    }
}

fn words(fault: &AddressFault) -> String {
    match fault {
        AddressFault::Empty => t!("services.address_empty"),
        AddressFault::Scheme(scheme) => t!("services.address_scheme", scheme = scheme),
        AddressFault::Host => t!("services.address_host"),
        AddressFault::Port => t!("services.address_port"),
        AddressFault::Known => t!("services.address_known"),
    }
    .into_owned()
}

/// No source at all: what this pane is for, and two ways to begin.
pub fn none_ui(ui: &mut Ui) -> Option<AddSource> {
    let t = tokens(ui);
    let mut chosen = None;
    pane::bar(ui, 28.0, pane::Line::None, |ui| text::line(ui, &t!("services.none"), font::label_regular(), t.hi, 20.0));
    pane::bar(ui, 28.0, pane::Line::None, |ui| {
        text::line(ui, &t!("services.none_first"), font::label_regular(), t.mid, 20.0);
    });
    ui.add_space(8.0);
    let cards = [
        (icon::GLOBE, t!("services.card_registry"), t!("services.card_registry_note"), "registry://"),
        (icon::PLUGS, t!("services.card_address"), t!("services.card_address_note"), "native://"),
    ];
    for (glyph, title, note, start) in cards {
        let (_, rect) = ui.allocate_space(vec2(ui.available_width(), 36.0));
        let card = Rect::from_min_size(rect.min + vec2(8.0, 0.0), vec2(rect.width() - 16.0, 32.0));
        let response = ui.interact(card, ui.make_persistent_id(start), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, title.as_ref()));
        let fill = if response.hovered() { t.raised_hover() } else { t.raised };
        edge::frame(ui.painter(), card, size::CONTROL_RADIUS, fill, t.line);
        if response.has_focus() {
            edge::focus_ring(ui.painter(), card, size::CONTROL_RADIUS, t);
        }
        let y = card.center().y;
        text::glyph(ui.painter(), pos2(card.left() + 18.0, y), glyph, font::icon(size::ICON), t.mid);
        text::left(ui.painter(), pos2(card.left() + 36.0, y), title, font::label_regular(), t.hi);
        text::right(ui.painter(), pos2(card.right() - 12.0, y), note, font::small(), t.low);
        if response.clicked() {
            chosen = Some(AddSource::with(start));
        }
    }
    chosen
}
