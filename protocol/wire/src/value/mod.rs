//! Messages as values. Order of members is kept; what JSON would lose (64-bit numbers, bytes)
//! travels as canonical protobuf JSON does: as strings.

pub mod beginning;
pub mod diff;
pub mod edit;
pub mod extent;
pub mod indent;
pub mod landmarks;
pub mod merge;
pub mod outline;
pub mod path;
pub mod scan;
pub mod text;
pub mod variable;

/// A message, decoded. `serde_json`'s, with members in the order in which they came.
pub use serde_json::Value;
