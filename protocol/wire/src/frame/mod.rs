//! How bytes are cut: frames and fields as they lie on the wire, without what they mean to a call.
//!
//! Knows lengths, flags and checksums; must not know engines, calls in progress or windows.

pub mod native;
pub mod tlv;
