//! A row of a tree: guides, caret, mark or icon, name, notes, right-aligned facts. One widget per row.

use egui::{
    Align2, Color32, EventFilter, Id, Key, Modifiers, Painter, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2,
};

use super::mark::{self, Mark};
use super::text;
use crate::theme::{Tokens, font, icon, mix, size, tokens};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caret {
    Open,
    Closed,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lead {
    None,
    Mark(Mark),
    Icon(char),
    /// A 3 pt stripe: the field of a span.
    Stripe(Color32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    Body,
    Medium,
    Mono,
}

/// Text at the right end, in the order from the right.
#[derive(Debug, Clone, Copy)]
pub struct Fact<'a> {
    pub text: &'a str,
    /// `None` is the quiet tone.
    pub color: Option<Color32>,
}

impl<'a> Fact<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, color: None }
    }

    pub fn colored(text: &'a str, color: Color32) -> Self {
        Self { text, color: Some(color) }
    }
}

#[derive(Debug, Clone, Copy)]
#[must_use = "call show()"]
pub struct TreeRow<'a> {
    id: Id,
    depth: usize,
    caret: Caret,
    lead: Lead,
    name: &'a str,
    face: Face,
    name_color: Option<Color32>,
    note: &'a str,
    note_mono: bool,
    facts: &'a [Fact<'a>],
    weight: Option<f32>,
    lease: Option<f32>,
    unsaved: bool,
    warned: bool,
    selected: bool,
    dim: bool,
    tight: bool,
}

/// What a row says back.
#[derive(Debug)]
pub struct RowOutput {
    pub response: Response,
    /// By pointer on the caret, or → and ← on the focused row: the tree should toggle this row.
    pub caret_clicked: bool,
    pub rect: Rect,
    /// Where the name begins: the place of a field for renaming.
    pub name_left: f32,
}

impl<'a> TreeRow<'a> {
    /// `id` must come from the data, not from the row's index.
    pub fn new(id: Id, name: &'a str) -> Self {
        Self {
            id,
            depth: 0,
            caret: Caret::None,
            lead: Lead::None,
            name,
            face: Face::Body,
            name_color: None,
            note: "",
            note_mono: false,
            facts: &[],
            weight: None,
            lease: None,
            unsaved: false,
            warned: false,
            selected: false,
            dim: false,
            tight: false,
        }
    }

    pub fn depth(mut self, depth: usize) -> Self {
        self.depth = depth;
        self
    }

    pub fn caret(mut self, caret: Caret) -> Self {
        self.caret = caret;
        self
    }

    pub fn lead(mut self, lead: Lead) -> Self {
        self.lead = lead;
        self
    }

    pub fn face(mut self, face: Face) -> Self {
        self.face = face;
        self
    }

    pub fn name_color(mut self, color: Color32) -> Self {
        self.name_color = Some(color);
        self
    }

    /// Quiet words right after the name.
    pub fn note(mut self, note: &'a str) -> Self {
        self.note = note;
        self
    }

    /// As [`Self::note`] in the mono of addresses.
    pub fn note_mono(mut self, note: &'a str) -> Self {
        self.note = note;
        self.note_mono = true;
        self
    }

    pub fn facts(mut self, facts: &'a [Fact<'a>]) -> Self {
        self.facts = facts;
        self
    }

    /// A bar of 24x4 left of the facts.
    pub fn weight(mut self, share: f32) -> Self {
        self.weight = Some(share);
        self
    }

    /// A ring left of the facts; in the last tenth ring and first fact turn to the color of errors.
    pub fn lease(mut self, share_left: f32) -> Self {
        self.lease = Some(share_left);
        self
    }

    /// A dot after the name.
    pub fn unsaved(mut self, unsaved: bool) -> Self {
        self.unsaved = unsaved;
        self
    }

    /// ▲ at the end: the file changed outside.
    pub fn warned(mut self, warned: bool) -> Self {
        self.warned = warned;
        self
    }

    pub fn selected(mut self, selected: bool) -> Self {
        self.selected = selected;
        self
    }

    /// Being carried elsewhere, or not usable now.
    pub fn dim(mut self, dim: bool) -> Self {
        self.dim = dim;
        self
    }

    /// Half a step to the left: for leaves whose siblings have no carets either.
    pub fn tight(mut self) -> Self {
        self.tight = true;
        self
    }

    fn lead_x(&self, left: f32) -> f32 {
        caret_x(left, self.depth) + if self.tight { 12.0 } else { 18.0 }
    }

    fn name_x(&self, left: f32) -> f32 {
        match self.lead {
            Lead::None => caret_x(left, self.depth) + 11.0,
            Lead::Mark(_) | Lead::Icon(_) => self.lead_x(left) + 12.0,
            Lead::Stripe(_) => self.lead_x(left) + 8.0,
        }
    }

    pub fn show(self, ui: &mut Ui) -> RowOutput {
        let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::ROW));
        let response = ui.interact(rect, self.id, Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::selected(Role::TreeItem, ui.is_enabled(), self.selected, self.name));
        let caret_rect = Align2::CENTER_CENTER
            .anchor_size(pos2(caret_x(rect.left(), self.depth), rect.center().y), vec2(20.0, 24.0));
        let on_caret = response.interact_pointer_pos().is_some_and(|at| caret_rect.contains(at));
        let caret_clicked =
            self.caret != Caret::None && ((response.clicked() && on_caret) || self.toggled_by_key(ui, &response));
        if response.clicked() {
            response.request_focus();
        }
        let name_left = self.name_x(rect.left());
        if ui.is_rect_visible(rect) {
            self.paint(ui.painter(), rect, &response, tokens(ui));
        }
        RowOutput { response, caret_clicked, rect, name_left }
    }

    fn toggled_by_key(&self, ui: &Ui, response: &Response) -> bool {
        if !response.has_focus() {
            return false;
        }
        ui.memory_mut(|memory| {
            let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
            memory.set_focus_lock_filter(response.id, filter);
        });
        let key = match self.caret {
            Caret::Closed => Key::ArrowRight,
            Caret::Open => Key::ArrowLeft,
            Caret::None => return false,
        };
        ui.input_mut(|input| input.consume_key(Modifiers::NONE, key))
    }

    fn paint(&self, painter: &Painter, rect: Rect, response: &Response, t: &Tokens) {
        ground(painter, rect, self.selected, response, t);
        let y = rect.center().y;
        guides(painter, rect, self.depth, t);
        paint_caret(painter, pos2(caret_x(rect.left(), self.depth), y), self.caret, t);
        let lead_center = pos2(self.lead_x(rect.left()), y);
        match self.lead {
            Lead::None => {}
            Lead::Mark(kind) => mark::paint(painter, lead_center, mark::SIZE, kind, t),
            Lead::Icon(glyph) => {
                let color = if self.dim {
                    t.dis
                } else if self.selected {
                    t.accent
                } else {
                    t.mid
                };
                text::glyph(painter, lead_center, glyph, font::icon(size::ICON), color);
            }
            Lead::Stripe(color) => {
                let stripe = Rect::from_center_size(lead_center, vec2(3.0, 12.0));
                painter.rect_filled(stripe, 1, color);
            }
        }
        let facts_left = self.paint_facts(painter, rect, t);
        self.paint_name(painter, rect, facts_left - 8.0, t);
    }

    fn paint_name(&self, painter: &Painter, rect: Rect, right: f32, t: &Tokens) {
        let y = rect.center().y;
        let left = self.name_x(rect.left());
        let face = match self.face {
            Face::Body => font::body(),
            Face::Medium => font::label(),
            Face::Mono => font::code_small(),
        };
        let color = if self.dim { t.dis } else { self.name_color.unwrap_or(t.hi) };
        let mut x = text::left_elided(painter, pos2(left, y), self.name, face, color, right - left);
        if self.unsaved {
            x += 9.0;
            painter.circle_filled(pos2(x, y), 3.0, t.mid);
            x += 3.0;
        }
        if !self.note.is_empty() {
            let (face, lift) =
                if self.note_mono { (font::code_tiny(), font::CODE_SMALL_LIFT) } else { (font::small(), 0.0) };
            let tone = if self.dim { t.dis } else { t.low };
            let at = pos2(x + 8.0, y + lift);
            text::left_elided(painter, at, self.note, face, tone, right - at.x);
        }
    }

    /// From the right: ▲, facts, ring, weight bar. Gives where they begin.
    fn paint_facts(&self, painter: &Painter, rect: Rect, t: &Tokens) -> f32 {
        let y = rect.center().y;
        let mut right = rect.right() - size::ROW_RIGHT;
        if self.warned {
            mark::paint(painter, pos2(right - 5.0, y), 10.0, Mark::Warn, t);
            right -= 18.0;
        }
        for (index, fact) in self.facts.iter().enumerate() {
            let quiet = if self.dim { t.dis } else { t.low };
            let color = match (index, self.lease) {
                (0, Some(left)) => mark::lease_color(left, fact.color.unwrap_or(quiet), t),
                _ => fact.color.unwrap_or(quiet),
            };
            let line = text::galley(painter, fact.text, font::small());
            // Seconds count down: a fixed column keeps ring and bar from jumping.
            let column = if index == 0 && self.lease.is_some() { 26.0 } else { 0.0 };
            let width = line.size().x.max(column);
            text::galley_right(painter, pos2(right, y), line, color);
            right -= width + 8.0;
        }
        if let Some(left) = self.lease {
            mark::lease(painter, pos2(right - 1.0, y), left, t);
            right -= 14.0;
        }
        if let Some(share) = self.weight {
            let bar = Rect::from_min_size(pos2(right - 24.0, y - 2.0), vec2(24.0, size::METER));
            painter.rect_filled(bar, size::BAR_RADIUS, t.line2);
            let used = bar.width() * share.clamp(0.0, 1.0);
            if used >= 1.0 {
                painter.rect_filled(
                    Rect::from_min_size(bar.min, vec2(used, bar.height())),
                    size::BAR_RADIUS,
                    mix(t.low, t.hi, 0.5),
                );
            }
            right -= 32.0;
        }
        right
    }
}

/// The ground of a row: selected, hovered, focused by keyboard.
pub fn ground(painter: &Painter, rect: Rect, selected: bool, response: &Response, t: &Tokens) {
    let sheet = rect.shrink2(vec2(4.0, 0.0));
    if selected {
        painter.rect_filled(sheet, size::ROW_RADIUS, t.select);
    } else if response.hovered() {
        painter.rect_filled(sheet, size::ROW_RADIUS, t.hover);
    }
    if response.has_focus() {
        painter.rect_stroke(
            sheet,
            size::ROW_RADIUS,
            egui::Stroke::new(size::HAIRLINE, t.accent),
            egui::StrokeKind::Inside,
        );
    }
}

/// 1 pt lines under the carets of the levels above.
pub fn guides(painter: &Painter, rect: Rect, depth: usize, t: &Tokens) {
    for level in 0..depth {
        let x = caret_x(rect.left(), level) - 0.5;
        super::edge::vline(painter, x, rect.y_range(), t.line);
    }
}

pub fn paint_caret(painter: &Painter, center: egui::Pos2, caret: Caret, t: &Tokens) {
    let glyph = match caret {
        Caret::Open => icon::CARET_DOWN,
        Caret::Closed => icon::CARET_RIGHT,
        Caret::None => return,
    };
    text::glyph(painter, center, glyph, font::icon(size::ICON_TINY), t.low);
}

/// The middle of the caret of a level.
pub fn caret_x(left: f32, depth: usize) -> f32 {
    left + size::ROW_LEFT + size::INDENT * depth as f32 + 7.0
}
