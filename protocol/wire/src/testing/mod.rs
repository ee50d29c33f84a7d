//! Engines tested without sockets: [`Play`] runs a playbook of inputs, bytes and events on one engine and tries every split of what
//! it receives; [`Pair`] joins two engines in virtual time, with latency and any chunking.
//!
//! For tests of every crate above: these functions panic where an expectation fails.

mod pair;
mod play;

pub use pair::{End, Moment, Pair, Watch};
pub use play::Play;

use bytes::Bytes;

use crate::inspect::{Cut, Cutter};

/// Calls `check` with the bytes split at every point, and once byte by byte.
pub fn any_split(bytes: &[u8], mut check: impl FnMut(&[&[u8]])) {
    for at in 0..=bytes.len() {
        let (first, second) = bytes.split_at(at);
        check(&[first, second]);
    }
    check(&bytes.chunks(1).collect::<Vec<_>>());
}

/// What a cutter makes of these chunks of one direction.
pub fn cut(mut cutter: Box<dyn Cutter>, chunks: &[&[u8]]) -> Vec<Cut> {
    let mut out = Vec::new();
    for chunk in chunks {
        cutter.feed(Bytes::copy_from_slice(chunk), &mut out);
    }
    cutter.finish(&mut out);
    out
}
