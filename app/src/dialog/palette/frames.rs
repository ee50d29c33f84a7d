//! Frames in the palette: by number, kind and method, the newest first. No painting in here.

use std::collections::HashMap;
use std::sync::Arc;

use callscope_wire::FrameId;
use callscope_wire::capture::Frame;

use super::super::fuzzy::{self, Fit};
use super::find::{Hit, What};
use crate::model::Model;
use crate::panel::severity_mark;
use crate::widget::chip::grouped;

/// Frames looked at by their words; who knows a number finds any.
const SEARCHED: usize = 200_000;
/// A number that was typed whole comes before everything else.
const BY_NUMBER: i32 = 10_000;

/// What fits.
pub(super) struct Frames {
    /// At most as many as asked for, the newest first.
    pub hits: Vec<Hit>,
    /// How many there are that fit.
    pub matched: usize,
    /// How many there are.
    pub total: usize,
}

/// Frames that fit all words of a text; words of digits are the beginning of a number.
pub(super) fn find(model: &Model, typed: &str, most: usize) -> Frames {
    let (numbers, words): (Vec<&str>, Vec<&str>) = typed
        .split_whitespace()
        .map(|word| word.trim_start_matches('#'))
        .partition(|word| !word.is_empty() && word.chars().all(|letter| letter.is_ascii_digit() || letter == ','));
    let number = numbers.first().map(|number| number.replace(',', ""));
    let words = words.join(" ");
    let store = model.traffic.store();
    let mut found = Frames { hits: Vec::new(), matched: 0, total: store.len() };
    // There are few different words among many frames: each is looked at once.
    let mut fits: HashMap<(&str, Option<Arc<str>>), Option<Fit>> = HashMap::new();
    let whole = number.as_deref().and_then(|number| store.get(FrameId(number.parse().ok()?)));
    let newest = store.since(store.first_id()).rev().take(SEARCHED);
    for frame in whole.into_iter().chain(newest.filter(|frame| whole.is_none_or(|whole| whole.id != frame.id))) {
        let fit =
            fits.entry((frame.kind, frame.method.clone())).or_insert_with(|| fuzzy::fit(&words, &words_of(frame)));
        let (Some(fit), true) =
            (fit, number.as_deref().is_none_or(|number| frame.id.0.to_string().starts_with(number)))
        else {
            continue;
        };
        found.matched += 1;
        if found.hits.len() < most {
            let exact = whole.is_some_and(|whole| whole.id == frame.id);
            found.hits.push(hit(frame, number.as_deref(), fit, if exact { BY_NUMBER } else { 0 }));
        }
    }
    found
}

fn words_of(frame: &Frame) -> String {
    let method = frame.method.as_deref().unwrap_or_default();
    format!("{} {}", frame.kind, method.rsplit('/').next().unwrap_or_default()).trim_end().to_owned()
}

fn hit(frame: &Frame, number: Option<&str>, fit: &Fit, extra: i32) -> Hit {
    let shown = grouped(frame.id.0);
    let digits = shown.char_indices().filter(|(_, letter)| *letter != ',').map(|(at, _)| at);
    let mut letters: Vec<usize> = digits.take(number.map_or(0, str::len)).collect();
    letters.extend(fit.letters.iter().map(|letter| shown.len() + 1 + letter));
    let service = frame.method.as_deref().and_then(|method| method.rsplit_once('/')).map_or("", |(service, _)| service);
    Hit {
        what: What::Frame { id: frame.id, sent: frame.sent },
        name: format!("{shown} {}", words_of(frame)),
        context: format!("{service} {}", frame.dialect.unwrap_or_default()).trim().to_owned(),
        keys: String::new(),
        mark: frame.code.map(|code| severity_mark(code.severity())),
        letters,
        score: fit.score + extra,
    }
}
