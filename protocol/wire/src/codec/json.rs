//! Codec 1: JSON, as `serde_json` has it.

use super::DecodeError;
use crate::Value;

pub(super) fn encode(value: &Value) -> Vec<u8> {
    // A value has text keys and finite numbers, and memory does not fail to be written.
    serde_json::to_vec(value).unwrap_or_default()
}

pub(super) fn decode(bytes: &[u8]) -> Result<Value, DecodeError> {
    Ok(serde_json::from_slice(bytes)?)
}
