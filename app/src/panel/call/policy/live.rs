//! What the policies do now, from recorded calls and breaker events only.

use callscope_wire::policy::BreakerState;
use egui::{Color32, Painter, Pos2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use rust_i18n::t;

use super::values::Kind;
use callscope_wire::policy::BreakerView;

use crate::model::series::Point;
use crate::panel::Cx;
use crate::panel::call::figures;
use crate::panel::call::subject::Subject;
use crate::panel::call::view::View;
use crate::theme::{Tokens, font, mix, size};
use crate::widget::chip::grouped;
use crate::widget::mark::{self, Mark};
use crate::widget::{edge, meter, row, text};
use crate::words::tell;

/// From one cell of a breaker's window to the next.
const PITCH: f32 = 20.0;
const CELL: f32 = 16.0;
/// Cells that are drawn one by one; of a larger window the newest.
const MOST_CELLS: usize = 20;

/// The facts of one policy: a line with its value, a meter or cells, a small line.
struct Facts<'a> {
    painter: Painter,
    tokens: &'a Tokens,
    rect: Rect,
}

pub(super) fn ui(ui: &Ui, cx: &Cx, subject: &Subject<'_>, view: &View, kind: Kind, rect: Rect) {
    let facts = Facts { painter: ui.painter().with_clip_rect(rect.intersect(ui.clip_rect())), tokens: cx.tokens, rect };
    let said = match kind {
        Kind::Deadline => facts.deadline(cx, subject),
        Kind::Redirect => facts.redirect(subject),
        Kind::Retry => facts.retry(subject),
        Kind::RetryBudget => facts.budget(subject),
        Kind::Breaker => facts.breaker(cx, subject, view),
        Kind::Balance => facts.balance(subject),
        Kind::Wire => facts.wire(subject),
    };
    let label = ui.interact(rect, ui.make_persistent_id(("live", kind.name())), Sense::hover());
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &said));
}

impl Facts<'_> {
    /// What the last call's messages came to.
    fn wire(&self, subject: &Subject<'_>) -> String {
        let Some(record) = subject.record else { return self.nothing() };
        let flow = &record.flow;
        let words = |count: callscope_wire::capture::Count| {
            let [messages, bytes] = [count.messages, count.bytes].map(grouped);
            match count.messages {
                1 => t!("call.policy.one_message_bytes", bytes = bytes).into_owned(),
                _ => t!("call.policy.message_bytes", messages = messages, bytes = bytes).into_owned(),
            }
        };
        let (sent, received) = (words(flow.sent), words(flow.received));
        self.left(0.0, &t!("call.policy.sent"));
        self.right(0.0, &sent);
        self.left(20.0, &t!("call.policy.received"));
        self.right(20.0, &received);
        format!("{} {sent}, {} {received}", t!("call.policy.sent"), t!("call.policy.received"))
    }

    fn y(&self, line: f32) -> f32 {
        self.rect.top() + 24.0 + line
    }

    fn left(&self, line: f32, words: &str) {
        text::left(&self.painter, pos2(self.rect.left(), self.y(line)), words, font::label_regular(), self.tokens.low);
    }

    fn right(&self, line: f32, words: &str) {
        text::right(&self.painter, pos2(self.rect.right(), self.y(line)), words, font::label(), self.tokens.hi);
    }

    fn small(&self, line: f32, left: &str, right: &str) {
        let t = self.tokens;
        let y = self.y(line);
        let room =
            text::right(&self.painter, pos2(self.rect.right(), y), right, font::small(), t.low) - self.rect.left();
        text::left_elided(&self.painter, pos2(self.rect.left(), y), left, font::small(), t.low, room - 8.0);
    }

    fn meter(&self, line: f32, share: f32, color: Color32, threshold: Option<f32>) {
        let rect = Rect::from_center_size(pos2(self.rect.center().x, self.y(line)), vec2(self.rect.width(), 12.0));
        meter::meter(&self.painter, rect, share, color, threshold, self.tokens);
    }

    fn nothing(&self) -> String {
        let words = t!("call.policy.no_calls");
        self.left(0.0, &words);
        words.into_owned()
    }

    fn deadline(&self, cx: &Cx, subject: &Subject<'_>) -> String {
        let t = self.tokens;
        let Some(record) = subject.record else { return self.nothing() };
        let used = record.flow.duration(cx.now());
        let mut words = figures::duration(used);
        if let Some(deadline) = record.flow.deadline {
            let share = (used.as_secs_f64() / deadline.as_secs_f64().max(1e-9)) as f32;
            words = t!("call.policy.of", used = words, all = figures::setting(deadline)).into_owned();
            self.meter(24.0, share, if share >= 1.0 { t.err } else { t.cap }, None);
        }
        self.left(0.0, &t!("call.policy.last_call"));
        self.right(0.0, &words);
        let recent = subject.recent();
        if recent.len() > 1 {
            let mut lengths: Vec<_> = recent.iter().map(|point| point.latency).collect();
            let at = (lengths.len() * 99).div_ceil(100).saturating_sub(1);
            let (_, p99, _) = lengths.select_nth_unstable(at);
            let out = recent.iter().filter(|point| point.code == callscope_wire::Code::DEADLINE_EXCEEDED).count();
            let p99 = figures::duration(*p99);
            let small = t!("call.policy.p99", count = recent.len(), time = p99, out = out);
            self.small(44.0, &small, "");
            words = format!("{words}; {small}");
        }
        words
    }

    /// Where the last call was sent on.
    fn redirect(&self, subject: &Subject<'_>) -> String {
        let Some(record) = subject.record else { return self.nothing() };
        self.left(0.0, &t!("call.policy.last_call"));
        let hops: Vec<&str> = record
            .flow
            .attempts
            .iter()
            .filter_map(|attempt| attempt.redirected.as_ref().map(|(_, to)| to.as_str()))
            .collect();
        let words = match (hops.as_slice(), &record.flow.redirect_refused) {
            ([], None) => t!("call.policy.not_sent_on").into_owned(),
            (hops, _) => t!("call.policy.sent_on", count = hops.len()).into_owned(),
        };
        self.right(0.0, &words);
        let small = match &record.flow.redirect_refused {
            Some(why) => tell(why),
            None => hops.join(" → "),
        };
        self.small(24.0, &small, "");
        format!("{words}; {small}")
    }

    fn retry(&self, subject: &Subject<'_>) -> String {
        let t = self.tokens;
        let Some(record) = subject.record else { return self.nothing() };
        let y = self.y(0.0);
        let mut x = self.rect.left();
        let mut said = Vec::new();
        for attempt in &record.flow.attempts {
            if attempt.backoff.is_some() {
                let hatch = Rect::from_min_size(pos2(x, y - 3.0), vec2(28.0, 7.0));
                mark::hatch(&self.painter, hatch, mix(t.island, t.idle, 0.6));
                x += 40.0;
            }
            let kind = attempt.status.as_ref().map_or(Mark::Running, |status| figures::mark_of(status.code));
            mark::paint(&self.painter, pos2(x + 4.0, y), mark::SIZE, kind, t);
            let number = attempt.number.to_string();
            x = text::left(&self.painter, pos2(x + 16.0, y), number.as_str(), font::label(), t.hi) + 8.0;
            x = text::left(&self.painter, pos2(x, y), &attempt.instance, font::code_small(), t.mid) + 16.0;
            said.push(format!("{number} {}", attempt.instance));
        }
        let recent = subject.recent();
        if !recent.is_empty() {
            let small = tries(&recent);
            let line = last_calls(recent.len());
            self.small(36.0, &line, &small);
            said.push(small);
        }
        said.join(", ")
    }

    /// What retries really added, beside what they may add.
    fn budget(&self, subject: &Subject<'_>) -> String {
        let t = self.tokens;
        let recent = subject.recent();
        if recent.is_empty() {
            return self.nothing();
        }
        let retries: usize = recent.iter().map(|point| usize::from(point.attempts).saturating_sub(1)).sum();
        let percent = retries as f64 / recent.len() as f64 * 100.0;
        let may = subject.policy.retry_budget.as_ref().map(|budget| budget.percent);
        let words = t!("call.policy.added", percent = figures::percent(percent));
        self.left(0.0, &t!("call.policy.retries_added"));
        self.right(0.0, &words);
        // The scale ends at twice what is allowed, so that the tick stands in the middle.
        let scale = may.unwrap_or(50.0).max(1.0) * 2.0;
        let over = may.is_some_and(|may| percent > may);
        let color = if over { t.cap } else { t.ok };
        self.meter(24.0, (percent / scale) as f32, color, may.map(|may| (may / scale) as f32));
        let small = match retries {
            0 => t!("call.policy.no_retries"),
            1 => t!("call.policy.one_retry"),
            _ => t!("call.policy.retries", retries = retries),
        };
        let small = format!("{small} · {}", last_calls(recent.len()));
        let allowed = may.map_or_else(String::new, |may| t!("call.policy.allowed", percent = may).into_owned());
        self.small(44.0, &small, &allowed);
        format!("{words}; {small}")
    }

    fn breaker(&self, cx: &Cx, subject: &Subject<'_>, view: &View) -> String {
        let t = self.tokens;
        let Some((instance, now)) = shown(subject, view) else { return self.nothing() };
        let y = self.y(0.0);
        let kind = figures::mark_of_breaker(now.state);
        mark::paint(&self.painter, pos2(self.rect.left() + 4.0, y), mark::SIZE, kind, t);
        let state_at = pos2(self.rect.left() + 16.0, y);
        let x = text::left(&self.painter, state_at, now.state.name(), font::card_title(), kind.color(t)) + 8.0;
        text::left(&self.painter, pos2(x, y), instance, font::code_small(), t.mid);
        let right = match now.state {
            BreakerState::HalfOpen => {
                t!("call.policy.permits_left", left = now.permits_left, all = now.permits).into_owned()
            }
            BreakerState::Open => now.until.map_or_else(String::new, |until| {
                // Whole seconds: the countdown needs no more, and nothing is painted for less.
                let left = until.since(cx.now()).as_secs();
                t!("call.policy.open_for", time = format!("{left} s")).into_owned()
            }),
            BreakerState::Closed => String::new(),
        };
        self.right(0.0, &right);
        self.cells(now, 28.0);
        let failed = now.window.iter().filter(|failed| **failed).count();
        let threshold = (now.threshold / 100.0) as f32;
        let share = failed as f32 / now.window.len().max(1) as f32;
        let color = if now.state == BreakerState::Open || share >= threshold { t.err } else { t.ok };
        self.meter(48.0, share, color, Some(threshold));
        let mut small = t!("call.policy.failed", failed = failed, count = now.window.len()).into_owned();
        if let Some(rate) = now.failure_rate {
            small = format!("{small} · {} %", figures::percent(rate));
        }
        self.small(68.0, &small, &t!("call.policy.opens_at", percent = now.threshold));
        if now.state == BreakerState::Open {
            self.painter.ctx().request_repaint_after_secs(1.0);
        }
        format!("{instance} {}, {small}", now.state.name())
    }

    /// The window, newest last: ✕ in failures, outlines where it is not full yet.
    fn cells(&self, now: &BreakerView, line: f32) {
        let t = self.tokens;
        let room = ((self.rect.width() + PITCH - CELL) / PITCH).floor() as usize;
        let most = MOST_CELLS.min(room).min(now.window_size.max(1) as usize);
        let newest = now.window.get(now.window.len().saturating_sub(most)..).unwrap_or_default();
        for index in 0..most {
            let left = self.rect.left() + PITCH * index as f32;
            let cell = Rect::from_min_size(pos2(left, self.y(line) - CELL / 2.0), vec2(CELL, CELL));
            match newest.get(index) {
                Some(true) => {
                    self.painter.rect_filled(cell, size::BADGE_RADIUS, t.over(t.err, 0.65, 0.65));
                    mark::cross(&self.painter, cell.center(), 3.0, t.island, 1.25);
                }
                Some(false) => {
                    self.painter.rect_filled(cell, size::BADGE_RADIUS, t.over(t.ok, 0.35, 0.35));
                }
                None => edge::frame(&self.painter, cell, size::BADGE_RADIUS, t.island, t.line2),
            }
        }
    }

    fn balance(&self, subject: &Subject<'_>) -> String {
        let recent = subject.recent();
        if recent.is_empty() {
            return self.nothing();
        }
        let mut counts = std::collections::BTreeMap::<&str, usize>::new();
        for point in recent.iter().filter(|point| !point.instance.is_empty()) {
            *counts.entry(&point.instance).or_default() += 1;
        }
        self.left(0.0, &last_calls(recent.len()));
        let words: Vec<String> = counts.iter().map(|(instance, count)| format!("{instance} {count}")).collect();
        let words = words.join(" · ");
        self.small(28.0, &words, "");
        words
    }
}

/// What the facts are about.
fn last_calls(count: usize) -> std::borrow::Cow<'static, str> {
    if count == 1 { t!("call.policy.last_one") } else { t!("call.policy.last_calls", count = count) }
}

/// How many calls needed how many tries.
fn tries(points: &[&Point]) -> String {
    let count = |wanted: u8| points.iter().filter(|point| point.code.is_ok() && point.attempts == wanted).count();
    let gave_up = points.iter().filter(|point| !point.code.is_ok()).count();
    let parts = [
        (count(1), t!("call.policy.first_try")),
        (count(2), t!("call.policy.second")),
        (count(3), t!("call.policy.third")),
        (gave_up, t!("call.policy.gave_up")),
    ];
    let parts: Vec<String> =
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")).collect();
    parts.join(" · ")
}

/// The instance that was picked, else the one in the worst state, else the one with most failures.
fn shown<'a>(subject: &Subject<'a>, view: &View) -> Option<(&'a str, &'a BreakerView)> {
    let picked = view.breaker.as_deref().and_then(|wanted| subject.breakers().find(|(id, _)| *id == wanted));
    picked.or_else(|| {
        subject.breakers().max_by_key(|(_, now)| {
            let badness = match now.state {
                BreakerState::Closed => 0,
                BreakerState::HalfOpen => 1,
                BreakerState::Open => 2,
            };
            (badness, now.window.iter().filter(|failed| **failed).count())
        })
    })
}

/// The breakers of the service, to pick the one that is shown.
pub(super) fn instances_ui(ui: &Ui, cx: &Cx, subject: &Subject<'_>, view: &mut View, at: Pos2) {
    let t = cx.tokens;
    let current = shown(subject, view).map(|(id, _)| id);
    let mut x = at.x;
    for (instance, now) in subject.breakers() {
        let kind = figures::mark_of_breaker(now.state);
        let line = text::galley(ui.painter(), instance, font::code_small());
        let place = Rect::from_min_size(pos2(x - 6.0, at.y - 12.0), vec2(line.size().x + 28.0, 24.0));
        let response = ui.interact(place, ui.make_persistent_id(("breaker", instance)), Sense::click());
        let selected = current == Some(instance);
        let name = format!("{instance} {}", now.state.name());
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, selected, &name));
        row::ground(ui.painter(), place.expand2(vec2(4.0, 0.0)), selected, &response, t);
        mark::paint(ui.painter(), pos2(x + 4.0, at.y), mark::SIZE, kind, t);
        text::galley_left(ui.painter(), pos2(x + 16.0, at.y), line, if selected { t.hi } else { t.mid });
        if response.clicked() {
            view.breaker = Some(instance.to_owned());
        }
        x = place.right() + 12.0;
    }
}
