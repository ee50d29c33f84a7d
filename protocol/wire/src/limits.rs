//! What one side of a connection accepts, each limit with its reason.

use std::time::Duration;

/// Limits of one side of a connection, enforced on receive. The defaults are the native
/// protocol's (`protocol/README.md`, "Limits").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Body bytes of one frame. 64 KiB keeps a big message from holding up the small ones behind it.
    pub max_frame: usize,
    /// Bytes of one message, decompressed too. 4 MiB is gRPC's default, which people expect.
    pub max_message: usize,
    /// Bytes of the metadata of one frame.
    pub max_metadata: usize,
    /// Streams open at once on one connection.
    pub max_streams: u32,
    /// Flow-control window of one stream, bytes.
    pub stream_window: u32,
    /// Flow-control window of the connection, bytes.
    pub connection_window: u32,
    /// Bytes of incomplete messages held for one connection, over all its streams; at least `max_message`, or no message of
    /// that size can come in parts.
    pub max_reassembly: usize,
    /// Bytes queued for one call before `item` answers `Blocked`.
    pub max_queued: usize,
    /// From the first byte to a finished handshake.
    pub handshake_timeout: Duration,
    /// A peer that takes none of our bytes for this long is dropped.
    pub stalled_timeout: Duration,
    /// Depth of nested values. Deeper ones are refused before they can exhaust the stack.
    pub max_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frame: 64 << 10,
            max_message: 4 << 20,
            max_metadata: 16 << 10,
            max_streams: 1024,
            stream_window: 1 << 20,
            connection_window: 4 << 20,
            max_reassembly: 16 << 20,
            max_queued: 256 << 10,
            handshake_timeout: Duration::from_secs(5),
            stalled_timeout: Duration::from_secs(20),
            max_depth: 128,
        }
    }
}

impl Limits {
    /// The same, with messages up to this many bytes. One that large must also fit while it is incomplete.
    #[must_use]
    pub fn with_max_message(self, bytes: usize) -> Self {
        Self { max_message: bytes, max_reassembly: self.max_reassembly.max(bytes), ..self }
    }
}
