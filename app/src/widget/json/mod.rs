//! JSON on the screen: an editor, a foldable tree, and a read-only view of large texts.
//!
//! [`tokens`] cuts text for coloring; it never fails, because half-typed JSON is the usual case. What a text means,
//! and whether it fits a schema, is decided elsewhere and comes back as byte ranges.

pub mod editor;
mod flat;
mod highlight;
pub mod large;
pub mod text;
pub mod tokens;
pub mod tree;

pub use tree::short;
