//! What stands between a call and its answer: deadline, redirect, retry with its budget, breaker.
//!
//! ```text
//!  deadline ▶ redirect ▶ retry + budget ▶ balance, among the instances whose breaker permits ▶ channel
//! ```
//!
//! Each policy is a pure state machine `fn(now, outcome) -> decision` whose state can be looked at;
//! only [`stack`] waits. Nothing here knows a dialect or a transport. Settings are
//! `callscope_wire::policy`. To add a policy: write its file, add its row to [`ALL`] in stack order,
//! and follow it in [`stack`].

pub mod breaker;
pub mod budget;
pub mod deadline;
pub mod redirect;
pub mod retry;

pub mod stack;

pub use breaker::{CircuitBreaker, Permit};
pub use budget::{Budget, BudgetView};
pub use deadline::Deadline;
pub use redirect::Redirects;
pub use retry::RetryState;

/// A policy, for forms and help.
#[derive(Debug)]
pub struct PolicyKind {
    /// Name of its file, and of its row.
    pub name: &'static str,
    /// Its key in a saved call.
    pub key: &'static str,
    /// What it does, a few words behind its name.
    pub docs: &'static str,
    /// Its settings, by the names they have in a saved call.
    pub fields: &'static [PolicyField],
}

/// A setting of a policy.
#[derive(Debug)]
pub struct PolicyField {
    /// Its key in a saved call.
    pub key: &'static str,
    /// What it means, one sentence.
    pub docs: &'static str,
    /// How it is written.
    pub unit: Unit,
}

/// How a setting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// On or off.
    Switch,
    /// A whole number.
    Count,
    /// A number.
    Number,
    /// A number, 100 = all.
    Percent,
    /// A number per second.
    PerSecond,
    /// `800ms`.
    Duration,
    /// Names of status codes.
    Codes,
}

const fn field(key: &'static str, unit: Unit, docs: &'static str) -> PolicyField {
    PolicyField { key, docs, unit }
}

/// Every policy, the outermost first.
pub const ALL: &[PolicyKind] = &[
    PolicyKind {
        name: "deadline",
        key: "deadline",
        docs: "over all attempts and back-off",
        fields: &[field("deadline", Unit::Duration, "The call ends after this long, whatever it is doing.")],
    },
    PolicyKind {
        name: "redirect",
        key: "redirect",
        docs: "the same call where the server says; credentials stay with whom the address stands for",
        fields: &[
            field("follow", Unit::Switch, "Whether it is followed at all."),
            field("max_hops", Unit::Count, "How often in a row; at most 5."),
        ],
    },
    PolicyKind {
        name: "retry",
        key: "retry",
        docs: "until the first answer frame; replay buffer 256 KiB",
        fields: &[
            field("max_attempts", Unit::Count, "The first one included; at most 5."),
            field("initial_backoff", Unit::Duration, "Wait before the first retry."),
            field("max_backoff", Unit::Duration, "Never wait longer than this."),
            field("backoff_multiplier", Unit::Number, "Growth of the wait from one retry to the next."),
            field("retryable_status_codes", Unit::Codes, "What is worth another try."),
        ],
    },
    PolicyKind {
        name: "budget",
        key: "retry_budget",
        docs: "bounds the load that retries add",
        fields: &[
            field("percent", Unit::Percent, "Retries may add this share to the load."),
            field("min_per_second", Unit::PerSecond, "Always allowed."),
            field("ttl", Unit::Duration, "How long a call counts for the share."),
        ],
    },
    PolicyKind {
        name: "breaker",
        key: "breaker",
        docs: "per service and instance",
        fields: &[
            field("sliding_window_size", Unit::Count, "Outcomes in the window."),
            field("minimum_number_of_calls", Unit::Count, "No rate is computed below this many."),
            field("failure_rate_threshold", Unit::Percent, "At or above this share of failures it opens."),
            field("wait_duration_in_open_state", Unit::Duration, "How long it stays open."),
            field(
                "permitted_number_of_calls_in_half_open_state",
                Unit::Count,
                "Calls let through to see whether the instance is well again.",
            ),
        ],
    },
];

#[cfg(test)]
mod tests {
    use callscope_wire::policy::{Breaker, Redirect, Retry, RetryBudget};
    use serde_json::json;

    use super::ALL;

    /// The table and the settings cannot drift apart.
    #[test]
    fn the_table_names_every_setting() {
        let keys = |value: serde_json::Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
        for (name, expected) in [
            ("redirect", keys(json!(Redirect::default()))),
            ("retry", keys(json!(Retry::default()))),
            ("budget", keys(json!(RetryBudget::default()))),
            ("breaker", keys(json!(Breaker::default()))),
        ] {
            let row = ALL.iter().find(|row| row.name == name).unwrap();
            assert_eq!(row.fields.iter().map(|field| field.key).collect::<Vec<_>>(), expected);
        }
    }
}
