//! Every decoder of these crates as a body for a fuzzer: bytes in, nothing out, a panic where something is wrong.
//!
//! Beyond "does not panic" a body checks what must hold for any bytes: what was read comes back when it is written and read
//! again, a split changes nothing, a tree's fields lie within the bytes, a limit is a limit. How to run them: `protocol/README.md`.
//!
//! Under the feature `testing`; no part of the program.

mod engine;
mod formats;
mod native;

/// One decoder.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Names its corpus: `tests/data/corpus/NAME`.
    pub name: &'static str,
    /// Must not panic, whatever it is given.
    pub run: fn(&[u8]),
}

/// The decoders of this crate.
pub const TARGETS: &[Target] = &[
    Target { name: "cbor", run: formats::cbor },
    Target { name: "compression_lz4", run: formats::lz4 },
    Target { name: "compression_zstd", run: formats::zstd },
    Target { name: "filter", run: formats::filter },
    Target { name: "json", run: formats::json },
    Target { name: "json_extent", run: formats::extent },
    Target { name: "msgpack", run: formats::msgpack },
    Target { name: "native_client", run: engine::native_client },
    Target { name: "native_cutter", run: native::cutter },
    Target { name: "native_dissect", run: native::dissect },
    Target { name: "native_frames", run: native::frames },
    Target { name: "native_hello", run: native::hello },
    Target { name: "native_metadata", run: native::metadata },
    Target { name: "native_server", run: engine::native_server },
    Target { name: "plain_client", run: engine::plain_client },
    Target { name: "plain_cutter", run: native::plain_cutter },
    Target { name: "plain_dissect", run: native::plain_dissect },
    Target { name: "plain_server", run: engine::plain_server },
    Target { name: "recording", run: native::recording },
    Target { name: "schema", run: formats::schema },
    Target { name: "sniff", run: native::sniff },
];

/// A first byte as a choice, and the rest.
fn choose(bytes: &[u8]) -> (u8, &[u8]) {
    bytes.split_first().map_or((0, bytes), |(choice, rest)| (*choice, rest))
}

/// The bytes in two pieces, or in pieces of a few bytes.
fn pieces(choice: u8, bytes: &[u8]) -> Vec<&[u8]> {
    match choice {
        0 => vec![bytes],
        1..=16 => bytes.chunks(usize::from(choice)).collect(),
        _ => {
            let (first, second) = bytes.split_at(bytes.len() * usize::from(choice) / 256);
            vec![first, second]
        }
    }
}
