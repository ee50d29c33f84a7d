//! A JSON text of any size, read-only, as a tree or as text: it is never decoded, and what is painted is read from its
//! bytes where it is seen.
//!
//! Knows landmarks and bytes; whose message it is and what its fields mean comes from the caller.

mod rows;
mod text;
mod tree;

use callscope_wire::value::landmarks::Landmarks;

pub use text::LargeText;
pub use tree::{LargeTree, LargeTreeOutput};

/// The bytes and what is known of them by now.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub marks: &'a Landmarks,
    pub bytes: &'a [u8],
    /// Another one when more is known, or when it is another text.
    pub revision: u64,
}
