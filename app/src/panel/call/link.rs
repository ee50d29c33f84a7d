//! The link between a value of a message and its bytes, as seen from the message's side.

use super::response;
use super::subject::Subject;
use super::view::{RequestTab, ResponseTab, View};
use crate::command::Command;
use crate::model::flows::Message;
use crate::model::link::{ChosenIn, ValuePlace};
use crate::panel::Cx;

/// Where a value of a message of the shown call is.
pub(super) fn place_of(subject: &Subject<'_>, message: &Message, pointer: &str) -> Option<ValuePlace> {
    let record = subject.record?;
    let row = record.messages.iter().rposition(|other| std::ptr::eq(other, message))?;
    Some(ValuePlace { message: record.message_place(row)?, pointer: pointer.to_owned(), offset: None })
}

/// A value was chosen in the tree: whoever shows its bytes follows.
pub(super) fn tell(cx: &mut Cx, subject: &Subject<'_>, message: &Message, pointer: &str) {
    if let Some(place) = place_of(subject, message, pointer) {
        cx.push(Command::ChooseValue(Box::new(place), ChosenIn::Answer));
    }
}

/// Its frames are asked for.
pub(super) fn show_in_traffic(cx: &mut Cx, subject: &Subject<'_>, message: &Message, pointer: &str) {
    if let Some(place) = place_of(subject, message, pointer) {
        cx.push(Command::ShowInTraffic(Box::new(place)));
    }
}

/// A value of the shown call was chosen among the bytes: it becomes the selected one.
pub(super) fn hear(view: &mut View, subject: &Subject<'_>) {
    let link = &subject.model.link;
    let Some(place) = link.place.as_ref().filter(|_| view.link != link.revision) else { return };
    let shown = subject.record.filter(|record| record.flow.id == place.message.flow);
    // A call that has just begun is shown a moment later: the wish waits for it.
    if shown.is_none() && subject.tab.flow == Some(place.message.flow) {
        return;
    }
    view.link = link.revision;
    let Some(record) = shown.filter(|_| link.chosen_in == ChosenIn::Bytes) else { return };
    if link.asked {
        view.response_tab = ResponseTab::Message;
        view.as_text = false;
        // The policies take the whole width.
        if view.request_tab == RequestTab::Policy {
            view.request_tab = RequestTab::Message;
        }
    }
    if response::is_stream(record.flow.shape) {
        let Some(row) = record.message_row(place.message.sent, place.message.number) else { return };
        view.table.select(Some(row as u64));
    } else if place.message.sent {
        return;
    }
    view.go_to = place.offset;
    view.tree.select((!place.pointer.is_empty()).then_some(place.pointer.as_str()));
}
