//! From a value to its bytes and back: which view comes to the front, and what to say when there is nothing to show.

use rust_i18n::t;

use crate::app::App;
use crate::command::View;
use crate::model::link::{self, ChosenIn, ValuePlace};

impl App {
    /// Shows the frames of a value, if any of them is still recorded.
    pub(super) fn show_in_traffic(&mut self, place: ValuePlace) {
        let Some(frame) = link::frame_of(&self.model, &place.message) else {
            let why =
                if self.model.traffic.recording { t!("link.frames_gone") } else { t!("link.frames_not_recorded") };
            self.model.toasts.error(self.model.now, why);
            return;
        };
        let traffic = &mut self.model.traffic;
        if traffic.follow.is_some_and(|followed| followed != place.message.flow) {
            // Narrowed to another call, the list would leave these frames out.
            traffic.follow = None;
        }
        traffic.selected = Some(frame);
        traffic.follow_revision += 1;
        self.model.link.choose(place, ChosenIn::Answer, true);
        self.show(View::Traffic);
    }

    /// Shows a value in its call's tab.
    pub(super) fn show_in_answer(&mut self, place: ValuePlace) {
        self.show_flow(place.message.flow);
        self.model.link.choose(place, ChosenIn::Bytes, true);
    }
}
