//! A call being composed: what a tab edits and what a file holds.

use std::time::Duration;

use callscope_wire::policy::Policy;
use callscope_wire::{Codec, Compression, Encoding};
use serde::{Deserialize, Serialize};

use super::tls::Tls;

/// A call as it is composed. Equality is what "unsaved" means.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// Name in tabs and trees; file name without extension.
    pub name: String,
    /// Address: `registry:///orders`.
    pub target: String,
    /// `package.Service/Method`.
    pub method: String,
    /// Over all attempts; `None`: as long as it takes.
    pub deadline: Option<Duration>,
    /// What messages travel in; `None`: as the folders above say, else JSON.
    pub codec: Option<Codec>,
    /// How they are compressed; `None`: as the folders above say, else not.
    pub compression: Option<Compression>,
    /// Metadata rows, switched-off ones included.
    pub metadata: Vec<MetadataRow>,
    /// What it brings to TLS.
    pub tls: Tls,
    /// Messages in order: one for unary calls, any number for client streams.
    pub messages: Vec<PreparedMessage>,
    /// Policies set here; what is not set comes from the workspace's defaults.
    pub policy: Policy,
    /// Policies switched off here although the workspace's defaults have them.
    pub off: Off,
    /// Why this call exists.
    pub docs: String,
}

/// Which inherited policies a call does without: `retry: off` in its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Off {
    /// No retries.
    pub retry: bool,
    /// Retries without a bound on their extra load.
    pub retry_budget: bool,
    /// No breaker.
    pub breaker: bool,
}

impl Draft {
    /// What a call of this draft travels in, unless the workspace's defaults say it.
    pub fn encoding(&self) -> Encoding {
        Encoding { codec: self.codec.unwrap_or_default(), compression: self.compression.unwrap_or_default() }
    }

    /// The policies that a call of this draft follows, `defaults` being the workspace's.
    pub fn effective_policy(&self, defaults: &Policy) -> Policy {
        fn pick<T: Clone>(here: Option<&T>, off: bool, inherited: Option<&T>) -> Option<T> {
            if off { None } else { here.or(inherited).cloned() }
        }
        Policy {
            retry: pick(self.policy.retry.as_ref(), self.off.retry, defaults.retry.as_ref()),
            retry_budget: pick(
                self.policy.retry_budget.as_ref(),
                self.off.retry_budget,
                defaults.retry_budget.as_ref(),
            ),
            breaker: pick(self.policy.breaker.as_ref(), self.off.breaker, defaults.breaker.as_ref()),
            redirect: self.policy.redirect.clone().or_else(|| defaults.redirect.clone()),
            balance: self.policy.balance.or(defaults.balance),
        }
    }
}

/// One row of metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataRow {
    /// Sent or not.
    pub enabled: bool,
    /// Name.
    pub name: String,
    /// Value as typed.
    pub value: String,
}

/// One message to send.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PreparedMessage {
    /// JSON as typed: layout and mistakes are the user's and are kept.
    pub text: String,
    /// Sent by itself this long after the one before; `None`: by hand, or at once in a unary call.
    pub after: Option<Duration>,
}

#[cfg(test)]
mod tests {
    use super::{Draft, Off};
    use callscope_wire::policy::{Balance, Breaker, Policy, Retry};

    #[test]
    fn what_is_set_here_wins_and_what_is_off_is_off() {
        let defaults = Policy { retry: Some(Retry::default()), breaker: Some(Breaker::default()), ..Policy::default() };
        let mut draft = Draft::default();
        assert_eq!(draft.effective_policy(&defaults), defaults);

        draft.policy.retry = Some(Retry { max_attempts: 2, ..Retry::default() });
        draft.policy.balance = Some(Balance::RoundRobin);
        draft.off = Off { breaker: true, ..Off::default() };
        let effective = draft.effective_policy(&defaults);
        assert_eq!(effective.retry.map(|retry| retry.max_attempts), Some(2));
        assert_eq!(effective.breaker, None);
        assert_eq!(effective.balance, Some(Balance::RoundRobin));
    }
}
