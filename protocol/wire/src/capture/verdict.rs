//! One plain sentence about a call: why it failed, or what saved it.

use super::Flow;

/// The sentence; empty when there is nothing to say.
pub fn verdict(flow: &Flow) -> String {
    flow.status.as_ref().filter(|status| !status.code.is_ok()).map(|status| status.message.clone()).unwrap_or_default()
}
