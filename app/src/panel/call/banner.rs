//! The card over a call whose file is not what it was: changed or taken away outside, or of a newer format.

use egui::{Align, Layout, Rect, Role, Sense, Ui, UiBuilder, WidgetInfo, pos2};
use rust_i18n::t;

use super::subject::Subject;
use crate::command::{Act, Command};
use crate::panel::Cx;
use crate::store::Outside;
use crate::theme::{font, size};
use crate::widget::mark::{self, Mark};
use crate::widget::{button, edge, text};

const CARD: f32 = 40.0;
const MARGIN: f32 = 8.0;

/// What the card tells of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum News {
    Changed,
    Gone,
    Newer,
}

fn news(subject: &Subject<'_>) -> Option<News> {
    match subject.tab.outside {
        Outside::Changed => Some(News::Changed),
        Outside::Gone => Some(News::Gone),
        Outside::Same => subject.tab.read_only.then_some(News::Newer),
    }
}

pub(super) fn height(subject: &Subject<'_>) -> f32 {
    if news(subject).is_some() { CARD + 2.0 * MARGIN } else { 0.0 }
}

pub(super) fn ui(ui: &mut Ui, cx: &mut Cx, subject: &Subject<'_>, rect: Rect) {
    let Some(news) = news(subject) else { return };
    let t = cx.tokens;
    let tab = subject.tab.id;
    let card = rect.shrink(MARGIN);
    let color = if news == News::Newer { t.idle } else { t.warn };
    edge::frame(ui.painter(), card, size::ISLAND_RADIUS, t.over(color, 0.06, 0.06), t.over(color, 0.28, 0.28));
    let (kind, title, note) = match news {
        News::Changed => (Mark::Warn, t!("call.banner.changed"), t!("call.banner.changed_note")),
        News::Gone => (Mark::Warn, t!("call.banner.gone"), t!("call.banner.gone_note")),
        News::Newer => (Mark::Idle, t!("call.banner.newer"), t!("call.banner.newer_note")),
    };
    let mut child = ui.new_child(
        UiBuilder::new().max_rect(card.shrink2(egui::vec2(6.0, 0.0))).layout(Layout::right_to_left(Align::Center)),
    );
    child.spacing_mut().item_spacing.x = size::GAP;
    match news {
        News::Changed => {
            // Taking theirs can be undone, and loses nothing of anybody's.
            if button::chosen(&mut child, None, &t!("call.banner.theirs"), true).clicked() {
                cx.push(Command::TakeTheirs(tab));
            }
            if button::normal(&mut child, None, &t!("call.banner.mine"), true).clicked() {
                cx.push(Command::KeepMine(tab));
            }
        }
        News::Gone => {
            if button::chosen(&mut child, None, &t!("call.banner.write"), true).clicked() {
                cx.push(Command::KeepMine(tab));
            }
        }
        News::Newer => {
            if button::normal(&mut child, None, &t!("call.banner.save_as"), true).clicked() {
                cx.push(Command::Act(Act::SaveAs));
            }
        }
    }
    let y = card.center().y;
    let right = child.min_rect().left() - 12.0;
    mark::paint(ui.painter(), pos2(card.left() + 16.0, y), 10.0, kind, t);
    let left = card.left() + 32.0;
    let x =
        text::left_elided(ui.painter(), pos2(left, y), title.as_ref(), font::card_title(), t.hi, right - left) + 8.0;
    text::left_elided(ui.painter(), pos2(x, y), note.as_ref(), font::label_regular(), t.mid, right - x);
    let place = Rect::from_min_max(pos2(left, card.top()), pos2(right.max(left), card.bottom()));
    let label = ui.interact(place, ui.make_persistent_id("banner"), Sense::hover());
    label.widget_info(|| WidgetInfo::labeled(Role::Alert, true, format!("{title} {note}")));
}
