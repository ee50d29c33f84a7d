//! The values of the policies: how each is written and read, and where it comes from. Pure.

use std::time::Duration;

use callscope_wire::policy::{Breaker, MOST_HOPS, Policy, Redirect, Retry, RetryBudget, duration_text};
use callscope_wire::{Code, Encoding};
use rust_i18n::t;

use crate::model::draft::Draft;
use crate::panel::call::figures::{percent, setting};
use crate::panel::call::subject::Subject;
use crate::panel::call::view::View;
use crate::store::Inherited;

/// The policies, a row each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Deadline,
    Redirect,
    Retry,
    RetryBudget,
    Breaker,
    Balance,
    Wire,
}

/// In the order in which a call meets them.
pub(super) const ROW_KINDS: [Kind; 7] =
    [Kind::Deadline, Kind::Redirect, Kind::Retry, Kind::RetryBudget, Kind::Breaker, Kind::Balance, Kind::Wire];

/// What a switched-on deadline starts with.
const FIRST_DEADLINE: Duration = Duration::from_secs(1);

/// One value of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Total,
    MaxHops,
    MaxAttempts,
    InitialBackoff,
    MaxBackoff,
    Multiplier,
    Codes,
    Percent,
    Floor,
    Ttl,
    Window,
    Minimum,
    OpensAt,
    WaitOpen,
    Permits,
    Balancing,
    Codec,
    Compression,
}

impl Kind {
    /// Whether it can be done without; the others are always one thing or the other.
    pub const fn has_switch(self) -> bool {
        !matches!(self, Self::Balance | Self::Wire)
    }

    /// As in files, but readable; never translated.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deadline => "Deadline",
            Self::Redirect => "Redirect",
            Self::Retry => "Retry",
            Self::RetryBudget => "Retry budget",
            Self::Breaker => "Breaker",
            Self::Balance => "Balance",
            Self::Wire => "Wire",
        }
    }

    pub fn meaning(self) -> std::borrow::Cow<'static, str> {
        match self {
            Self::Deadline => t!("call.policy.deadline_meaning"),
            Self::Redirect => t!("call.policy.redirect_meaning"),
            Self::Retry => t!("call.policy.retry_meaning"),
            Self::RetryBudget => t!("call.policy.budget_meaning"),
            Self::Breaker => t!("call.policy.breaker_meaning"),
            Self::Balance => t!("call.policy.balance_meaning"),
            Self::Wire => t!("call.policy.wire_meaning"),
        }
    }

    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Deadline => &[Field::Total],
            Self::Redirect => &[Field::MaxHops],
            Self::Retry => {
                &[Field::MaxAttempts, Field::InitialBackoff, Field::MaxBackoff, Field::Multiplier, Field::Codes]
            }
            Self::RetryBudget => &[Field::Percent, Field::Floor, Field::Ttl],
            Self::Breaker => &[Field::Window, Field::Minimum, Field::OpensAt, Field::WaitOpen, Field::Permits],
            Self::Balance => &[Field::Balancing],
            Self::Wire => &[Field::Codec, Field::Compression],
        }
    }
}

impl Field {
    /// Before its box.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::MaxHops => "max_hops",
            Self::MaxAttempts => "max_attempts",
            Self::InitialBackoff => "initial_backoff",
            Self::MaxBackoff => "max_backoff",
            Self::Multiplier => "multiplier",
            Self::Codes => "on",
            Self::Percent => "percent",
            Self::Floor => "floor",
            Self::Ttl => "ttl",
            Self::Window => "window",
            Self::Minimum => "minimum",
            Self::OpensAt => "opens at",
            Self::WaitOpen => "wait",
            Self::Permits => "permits",
            Self::Balancing => "pick",
            Self::Codec => "codec",
            Self::Compression => "compression",
        }
    }

    /// Its word in files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Total => "deadline",
            Self::MaxHops => "max_hops",
            Self::MaxAttempts => "max_attempts",
            Self::InitialBackoff => "initial_backoff",
            Self::MaxBackoff => "max_backoff",
            Self::Multiplier => "backoff_multiplier",
            Self::Codes => "retryable_status_codes",
            Self::Percent => "percent",
            Self::Floor => "min_per_second",
            Self::Ttl => "ttl",
            Self::Window => "sliding_window_size",
            Self::Minimum => "minimum_number_of_calls",
            Self::OpensAt => "failure_rate_threshold",
            Self::WaitOpen => "wait_duration_in_open_state",
            Self::Permits => "permitted_number_of_calls_in_half_open_state",
            Self::Balancing => "balance",
            Self::Codec => "codec",
            Self::Compression => "compression",
        }
    }

    pub const fn kind(self) -> Kind {
        match self {
            Self::Total => Kind::Deadline,
            Self::MaxHops => Kind::Redirect,
            Self::MaxAttempts | Self::InitialBackoff | Self::MaxBackoff | Self::Multiplier | Self::Codes => Kind::Retry,
            Self::Percent | Self::Floor | Self::Ttl => Kind::RetryBudget,
            Self::Window | Self::Minimum | Self::OpensAt | Self::WaitOpen | Self::Permits => Kind::Breaker,
            Self::Balancing => Kind::Balance,
            Self::Codec | Self::Compression => Kind::Wire,
        }
    }

    pub const fn width(self) -> f32 {
        match self {
            Self::Codes => 156.0,
            Self::Balancing => 132.0,
            Self::Codec | Self::Compression => 104.0,
            Self::Window => 80.0,
            Self::MaxHops
            | Self::MaxAttempts
            | Self::Minimum
            | Self::Permits
            | Self::Multiplier
            | Self::Percent
            | Self::OpensAt => 56.0,
            _ => 68.0,
        }
    }

    /// The value as it is written.
    pub fn written(self, deadline: Option<Duration>, policy: &Policy, encoding: Encoding) -> String {
        let retry = policy.retry.clone().unwrap_or_default();
        let budget = policy.retry_budget.clone().unwrap_or_default();
        let breaker = policy.breaker.clone().unwrap_or_default();
        match self {
            Self::Total => deadline.map_or_else(|| "–".to_owned(), setting),
            Self::MaxHops => policy.redirect.clone().unwrap_or_default().max_hops.to_string(),
            Self::MaxAttempts => retry.max_attempts.to_string(),
            Self::InitialBackoff => setting(retry.initial_backoff),
            Self::MaxBackoff => setting(retry.max_backoff),
            Self::Multiplier => number(retry.backoff_multiplier),
            Self::Codes => codes_words(&retry.retryable_status_codes),
            Self::Percent => format!("{} %", number(budget.percent)),
            Self::Floor => format!("{} /s", number(budget.min_per_second)),
            Self::Ttl => setting(budget.ttl),
            Self::Window => format!("{} calls", breaker.sliding_window_size),
            Self::Minimum => breaker.minimum_number_of_calls.to_string(),
            Self::OpensAt => format!("{} %", number(breaker.failure_rate_threshold)),
            Self::WaitOpen => setting(breaker.wait_duration_in_open_state),
            Self::Permits => breaker.permitted_number_of_calls_in_half_open_state.to_string(),
            Self::Balancing => policy.balance.unwrap_or_default().name().to_owned(),
            Self::Codec => encoding.codec.name().to_owned(),
            Self::Compression => encoding.compression.name().to_owned(),
        }
    }

    /// Reads a value as typed into `draft`, whose block is there already; says what is wrong with it.
    fn read(self, typed: &str, draft: &mut Draft) -> Result<(), String> {
        let retry = draft.policy.retry.get_or_insert_default();
        match self {
            Self::MaxAttempts => retry.max_attempts = whole(typed, 2, 5)? as u8,
            Self::InitialBackoff => retry.initial_backoff = pause(typed)?,
            Self::MaxBackoff => retry.max_backoff = pause(typed)?,
            Self::Multiplier => retry.backoff_multiplier = between(typed, 1.0, 10.0)?,
            _ => return self.read_other(typed, draft),
        }
        Ok(())
    }

    fn read_other(self, typed: &str, draft: &mut Draft) -> Result<(), String> {
        let budget = draft.policy.retry_budget.get_or_insert_default();
        let breaker = draft.policy.breaker.get_or_insert_default();
        match self {
            Self::Total => draft.deadline = Some(pause(typed)?),
            Self::MaxHops => {
                draft.policy.redirect.get_or_insert_default().max_hops = whole(typed, 1, u64::from(MOST_HOPS))? as u8;
            }
            Self::Percent => budget.percent = between(typed, 0.0, 1_000.0)?,
            Self::Floor => budget.min_per_second = between(typed, 0.0, 1_000_000.0)?,
            Self::Ttl => budget.ttl = pause(typed)?,
            Self::Window => breaker.sliding_window_size = whole(typed, 1, 100_000)? as u32,
            Self::Minimum => breaker.minimum_number_of_calls = whole(typed, 1, 100_000)? as u32,
            Self::OpensAt => breaker.failure_rate_threshold = between(typed, 0.1, 100.0)?,
            Self::WaitOpen => breaker.wait_duration_in_open_state = pause(typed)?,
            Self::Permits => breaker.permitted_number_of_calls_in_half_open_state = whole(typed, 1, 10_000)? as u32,
            // Picked from menus.
            _ => {}
        }
        Ok(())
    }
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { percent(value) }
}

/// `14 UNAVAILABLE`, or the numbers of several.
fn codes_words(codes: &[Code]) -> String {
    match codes {
        [] => "–".to_owned(),
        [code] => code.to_string(),
        codes => codes.iter().map(|code| code.0.to_string()).collect::<Vec<_>>().join(", "),
    }
}

/// The number of what is typed, without its unit.
fn bare(typed: &str) -> &str {
    typed.trim().trim_end_matches(|letter: char| !letter.is_ascii_digit() && letter != '.').trim_end()
}

fn whole(typed: &str, least: u64, most: u64) -> Result<u64, String> {
    let found = bare(typed).parse::<u64>().ok().filter(|found| (least..=most).contains(found));
    found.ok_or_else(|| t!("call.policy.whole", least = least, most = most).into_owned())
}

fn between(typed: &str, least: f64, most: f64) -> Result<f64, String> {
    let found = bare(typed).parse::<f64>().ok().filter(|found| (least..=most).contains(found));
    found.ok_or_else(|| t!("call.policy.between", least = least, most = most).into_owned())
}

fn pause(typed: &str) -> Result<Duration, String> {
    let duration = duration_text::parse(typed)?;
    if duration.is_zero() { Err(t!("call.bar.deadline_zero").into_owned()) } else { Ok(duration) }
}

/// Whether the policy is in force for this call.
pub(super) fn active(kind: Kind, subject: &Subject<'_>, draft: &Draft) -> bool {
    match kind {
        Kind::Deadline => draft.deadline.or(subject.tab.inherited.deadline).is_some(),
        // Followed unless somebody says otherwise.
        Kind::Redirect => subject.policy.redirect.as_ref().is_none_or(|redirect| redirect.follow),
        Kind::Retry => subject.policy.retry.is_some(),
        Kind::RetryBudget => subject.policy.retry_budget.is_some(),
        Kind::Breaker => subject.policy.breaker.is_some(),
        Kind::Balance | Kind::Wire => true,
    }
}

/// Whether the folders above have it.
pub(super) fn inherits(kind: Kind, inherited: &Inherited) -> bool {
    let policy = &inherited.policy;
    match kind {
        Kind::Deadline => inherited.deadline.is_some(),
        Kind::Redirect => policy.redirect.is_some(),
        Kind::Retry => policy.retry.is_some(),
        Kind::RetryBudget => policy.retry_budget.is_some(),
        Kind::Breaker => policy.breaker.is_some(),
        Kind::Balance => policy.balance.is_some(),
        Kind::Wire => inherited.codec.is_some() || inherited.compression.is_some(),
    }
}

/// Whether the call says something about it, if only "off".
pub(super) fn is_set_here(kind: Kind, draft: &Draft) -> bool {
    match kind {
        Kind::Deadline => draft.deadline.is_some(),
        Kind::Redirect => draft.policy.redirect.is_some(),
        Kind::Retry => draft.policy.retry.is_some() || draft.off.retry,
        Kind::RetryBudget => draft.policy.retry_budget.is_some() || draft.off.retry_budget,
        Kind::Breaker => draft.policy.breaker.is_some() || draft.off.breaker,
        Kind::Balance => draft.policy.balance.is_some(),
        Kind::Wire => draft.codec.is_some() || draft.compression.is_some(),
    }
}

/// Values that differ from what the call would inherit.
pub(super) fn here(kind: Kind, subject: &Subject<'_>, draft: &Draft) -> usize {
    kind.fields().iter().filter(|field| is_here(**field, subject, draft)).count()
}

pub(super) fn is_here(field: Field, subject: &Subject<'_>, draft: &Draft) -> bool {
    let kind = field.kind();
    if kind == Kind::Deadline {
        return draft.deadline.is_some();
    }
    match field {
        Field::Balancing => return draft.policy.balance.is_some(),
        Field::Codec => return draft.codec.is_some(),
        Field::Compression => return draft.compression.is_some(),
        _ => {}
    }
    let encoding = Encoding::default();
    let inherited = &subject.tab.inherited.policy;
    is_set_here(kind, draft)
        && active(kind, subject, draft)
        && field.written(None, &draft.policy, encoding) != field.written(None, inherited, encoding)
}

/// Values that the folders above set.
pub(super) fn inherited_count(inherited: &Inherited) -> usize {
    ROW_KINDS.iter().filter(|kind| inherits(**kind, inherited)).map(|kind| kind.fields().len()).sum()
}

/// Switches a policy on or off for this call.
pub(super) fn set_active(kind: Kind, on: bool, inherited: &Inherited, draft: &mut Draft) {
    let off = !on && inherits(kind, inherited);
    let own = on && !inherits(kind, inherited);
    match kind {
        Kind::Deadline => draft.deadline = on.then_some(FIRST_DEADLINE),
        Kind::Redirect => {
            let above = inherited.policy.redirect.clone().unwrap_or_default();
            let differs = above.follow != on;
            draft.policy.redirect = differs.then_some(Redirect { follow: on, ..above });
        }
        Kind::Retry => {
            draft.off.retry = off;
            draft.policy.retry = own.then(Retry::default);
        }
        Kind::RetryBudget => {
            draft.off.retry_budget = off;
            draft.policy.retry_budget = own.then(RetryBudget::default);
        }
        Kind::Breaker => {
            draft.off.breaker = off;
            draft.policy.breaker = own.then(Breaker::default);
        }
        Kind::Balance | Kind::Wire => {}
    }
}

/// Back to what is inherited.
pub(super) fn inherit(kind: Kind, draft: &mut Draft) {
    match kind {
        Kind::Deadline => draft.deadline = None,
        Kind::Redirect => draft.policy.redirect = None,
        Kind::Retry => {
            draft.off.retry = false;
            draft.policy.retry = None;
        }
        Kind::RetryBudget => {
            draft.off.retry_budget = false;
            draft.policy.retry_budget = None;
        }
        Kind::Breaker => {
            draft.off.breaker = false;
            draft.policy.breaker = None;
        }
        Kind::Balance => draft.policy.balance = None,
        Kind::Wire => {
            draft.codec = None;
            draft.compression = None;
        }
    }
}

/// Makes sure that the draft has the block of `kind`, filled with what was in force until now.
pub(super) fn own(kind: Kind, subject: &Subject<'_>, draft: &mut Draft) {
    let policy = &subject.policy;
    match kind {
        Kind::Redirect => {
            draft.policy.redirect.get_or_insert_with(|| policy.redirect.clone().unwrap_or_default());
        }
        Kind::Retry => {
            draft.policy.retry.get_or_insert_with(|| policy.retry.clone().unwrap_or_default());
        }
        Kind::RetryBudget => {
            draft.policy.retry_budget.get_or_insert_with(|| policy.retry_budget.clone().unwrap_or_default());
        }
        Kind::Breaker => {
            draft.policy.breaker.get_or_insert_with(|| policy.breaker.clone().unwrap_or_default());
        }
        Kind::Deadline | Kind::Balance | Kind::Wire => {}
    }
}

/// What is typed for a field into a copy of the draft: the draft then, or what is wrong.
pub(super) fn apply(field: Field, typed: &str, subject: &Subject<'_>, draft: &Draft) -> Result<Draft, String> {
    let mut edited = draft.clone();
    own(field.kind(), subject, &mut edited);
    let mut read = edited.clone();
    field.read(typed, &mut read)?;
    // Reading fills in blocks that it does not need; only the field's own one is meant.
    match field.kind() {
        Kind::Deadline => edited.deadline = read.deadline,
        Kind::Redirect => edited.policy.redirect = read.policy.redirect,
        Kind::Retry => edited.policy.retry = read.policy.retry,
        Kind::RetryBudget => edited.policy.retry_budget = read.policy.retry_budget,
        Kind::Breaker => edited.policy.breaker = read.policy.breaker,
        Kind::Balance | Kind::Wire => {}
    }
    Ok(edited)
}

/// What is wrong in a policy's fields as typed, with the name of the field.
pub(super) fn problem(kind: Kind, view: &View) -> Option<String> {
    kind.fields().iter().find_map(|field| {
        let typed = view.typed.get(&typed_key(*field))?;
        let problem = field.read(typed, &mut Draft::default()).err()?;
        Some(format!("{}: {problem}", field.label()))
    })
}

pub(super) fn typed_key(field: Field) -> String {
    format!("{}.{}", field.kind().name(), field.key())
}

#[cfg(test)]
mod tests {
    use super::{Field, Kind, ROW_KINDS, active, apply, here, inherit, is_set_here, set_active};
    use crate::model::Model;
    use crate::model::draft::Draft;
    use crate::panel::call::fixture;
    use crate::panel::call::subject::Subject;

    fn with(draft: Draft, test: impl FnOnce(&Subject<'_>)) {
        let mut model = Model::default();
        let tab = fixture::tab(&mut model, draft);
        test(&Subject::new(&model, tab, &mut None).unwrap());
    }

    #[test]
    fn one_value_set_here_keeps_the_inherited_rest() {
        with(Draft::default(), |subject| {
            let draft = apply(Field::MaxAttempts, "4", subject, &Draft::default()).unwrap();
            let retry = draft.policy.retry.clone().unwrap();
            assert_eq!(retry.max_attempts, 4);
            assert_eq!(retry.initial_backoff, fixture::defaults().retry.unwrap().initial_backoff);
            assert_eq!(draft.policy.breaker, None);
            with(draft.clone(), |subject| assert_eq!(here(Kind::Retry, subject, &draft), 1));
        });
    }

    #[test]
    fn a_wrong_value_says_what_would_be_right() {
        with(Draft::default(), |subject| {
            let wrong = |field, typed| apply(field, typed, subject, &Draft::default()).unwrap_err();
            assert_eq!(wrong(Field::MaxAttempts, "9"), "write a whole number from 2 to 5");
            assert!(wrong(Field::InitialBackoff, "50").contains("unit"));
            assert!(wrong(Field::OpensAt, "120 %").contains("100"));
            assert!(apply(Field::OpensAt, "60 %", subject, &Draft::default()).is_ok());
        });
    }

    #[test]
    fn what_messages_travel_in_is_set_here_or_inherited() {
        let mut draft = Draft { codec: Some(callscope_wire::Codec::Cbor), ..Draft::default() };
        with(draft.clone(), |subject| assert_eq!(here(Kind::Wire, subject, &draft), 1));
        assert!(is_set_here(Kind::Wire, &draft) && !Kind::Wire.has_switch());
        assert_eq!(Field::Codec.written(None, &draft.policy, draft.encoding()), "cbor");
        inherit(Kind::Wire, &mut draft);
        assert!(!is_set_here(Kind::Wire, &draft));
    }

    #[test]
    fn off_here_beats_what_is_inherited_and_inherit_undoes_it() {
        let mut draft = Draft::default();
        set_active(Kind::Breaker, false, &fixture::inherited(), &mut draft);
        assert!(draft.off.breaker);
        with(draft.clone(), |subject| assert!(!active(Kind::Breaker, subject, &draft)));
        inherit(Kind::Breaker, &mut draft);
        assert!(!is_set_here(Kind::Breaker, &draft));
        with(draft.clone(), |subject| assert!(active(Kind::Breaker, subject, &draft)));
    }

    #[test]
    fn redirects_are_followed_until_the_call_says_otherwise() {
        let mut draft = Draft::default();
        with(draft.clone(), |subject| assert!(active(Kind::Redirect, subject, &draft)));
        assert!(!is_set_here(Kind::Redirect, &draft));
        set_active(Kind::Redirect, false, &fixture::inherited(), &mut draft);
        with(draft.clone(), |subject| assert!(!active(Kind::Redirect, subject, &draft)));
        // On again is what it was.
        set_active(Kind::Redirect, true, &fixture::inherited(), &mut draft);
        assert_eq!(draft.policy.redirect, None);
        with(draft.clone(), |subject| {
            let edited = apply(Field::MaxHops, "2", subject, &draft).unwrap();
            assert_eq!(edited.policy.redirect.unwrap().max_hops, 2);
            assert_eq!(apply(Field::MaxHops, "6", subject, &draft).unwrap_err(), "write a whole number from 1 to 5");
        });
    }

    #[test]
    fn every_policy_has_fields_and_every_field_its_policy() {
        for kind in ROW_KINDS {
            assert!(kind.fields().iter().all(|field| field.kind() == kind));
        }
    }
}
