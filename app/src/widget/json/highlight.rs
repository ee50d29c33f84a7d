//! From tokens to a layout job in the colors of the syntax.

use std::ops::Range;

use egui::text::{ByteIndex, LayoutJob, LayoutSection};
use egui::{Color32, FontId, TextFormat};

use super::tokens::{Kind, tokenize};
use crate::theme::{Tokens, size};

pub(super) fn color(kind: Kind, t: &Tokens) -> Color32 {
    match kind {
        Kind::Key => t.key,
        Kind::Str => t.str,
        Kind::Num => t.num,
        Kind::Lit => t.lit,
        Kind::Var => t.var,
        Kind::Punct | Kind::Space => t.punct,
    }
}

/// `source` in colors, in rows of 20.
pub(super) fn job(source: &str, font: &FontId, t: &Tokens) -> LayoutJob {
    if source.is_empty() {
        // Without a section an empty text would have no row, and the caret no height.
        return plain(source, font, t.punct);
    }
    let mut job = LayoutJob { text: source.to_owned(), keep_trailing_whitespace: true, ..LayoutJob::default() };
    let mut sections: Vec<(Kind, Range<usize>)> = Vec::new();
    for token in tokenize(source) {
        match sections.last_mut() {
            // Space takes the color before it: half the sections are half the work.
            Some((_, range)) if token.kind == Kind::Space => range.end = token.range.end,
            Some((kind, range)) if *kind == token.kind => range.end = token.range.end,
            _ => sections.push((token.kind, token.range)),
        }
    }
    job.sections = sections
        .into_iter()
        .map(|(kind, range)| LayoutSection {
            leading_space: 0.0,
            byte_range: ByteIndex(range.start)..ByteIndex(range.end),
            format: format(font, color(kind, t)),
        })
        .collect();
    job
}

/// `source` in one color: what is too large to be cut on each keystroke.
pub(super) fn plain(source: &str, font: &FontId, color: Color32) -> LayoutJob {
    let mut job = LayoutJob::single_section(source.to_owned(), format(font, color));
    job.keep_trailing_whitespace = true;
    job
}

fn format(font: &FontId, color: Color32) -> TextFormat {
    TextFormat {
        line_height: Some(size::CODE_ROW),
        valign: egui::Align::Center,
        ..TextFormat::simple(font.clone(), color)
    }
}
