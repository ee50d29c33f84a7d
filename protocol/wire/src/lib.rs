//! RPC on the wire, without a wire: bytes in, meaning out, and back.
//!
//! Nothing here opens a socket, reads a clock, touches a file or rolls dice. Time comes in as a
//! [`Time`] argument and bytes as slices, so everything can be tested with byte strings, fuzzed,
//! and run on a recording as well as on a live connection.
//!
//! ```text
//!  capture · inspect ──▶ dialect ──▶ engine ──▶ frame, schema,   ──▶ value, metadata, status, call
//!                                               codec, compression   policy, instance, encoding
//!                                                                      └──▶ id, time, trace, span, limits, error, buf, say
//! ```
//!
//! An arrow reads "may use"; the tidy tests hold the crate to it. Dialects never use one another,
//! and `capture` never knows a concrete dialect. Start reading at [`engine`], the contract that
//! every dialect fulfils, then `dialect::native`, the reference.

pub mod buf;
pub mod error;
pub mod id;
pub mod limits;
pub mod say;
pub mod span;
pub mod time;
pub mod trace;

pub mod call;
pub mod encoding;
pub mod instance;
pub mod metadata;
pub mod policy;
pub mod status;
pub mod value;

pub mod codec;
pub mod compression;
pub mod frame;
pub mod schema;

pub mod engine;

pub mod dialect;

pub mod capture;
pub mod inspect;

#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "testing")]
pub mod testing;

pub use call::{CallHead, Shape};
pub use encoding::{Codec, Compression, Encoding};
pub use error::{Blame, Fault};
pub use id::{CallId, ConnectionId, FlowId, FrameId};
pub use instance::{Health, Instance};
pub use limits::Limits;
pub use metadata::Metadata;
pub use say::{Say, Sentence, Words};
pub use span::Span;
pub use status::{Code, Status};
pub use time::Time;
pub use trace::{SpanId, Trace, TraceId, TraceSpan};
pub use value::Value;
