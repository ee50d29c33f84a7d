//! What is measured: something that makes calls, however it does.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;

use crate::measure::{self, Measure, Sample};

/// Makes calls. Clones share the connection.
pub trait Caller: Clone + Send + Sync + 'static {
    /// What is sent, prepared outside of the measurement.
    type Payload: Clone + Send + Sync + 'static;

    /// A payload of that many bytes.
    fn payload(&self, len: usize) -> Self::Payload;

    /// There and back; gives the length of what came back.
    fn echo(&self, payload: Self::Payload) -> impl Future<Output = usize> + Send;

    /// A server stream of that many messages of 32 bytes; gives how many came. `None`: it has no streams.
    fn stream(&self, messages: u64) -> impl Future<Output = Option<u64>> + Send {
        let _ = messages;
        async { None }
    }
}

/// One row of the table.
pub struct Contender<C> {
    name: &'static str,
    caller: C,
}

/// A row, whoever it is.
pub trait Row {
    /// For the table.
    fn name(&self) -> &'static str;
    /// Measures; `None`: it has no such thing.
    fn run(&self, measure: Measure, each: Duration) -> Pin<Box<dyn Future<Output = Option<Sample>> + '_>>;
}

impl<C: Caller> Contender<C> {
    pub const fn new(name: &'static str, caller: C) -> Self {
        Self { name, caller }
    }
}

impl<C: Caller> Row for Contender<C> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&self, measure: Measure, each: Duration) -> Pin<Box<dyn Future<Output = Option<Sample>> + '_>> {
        Box::pin(measure::run(self.caller.clone(), measure, each))
    }
}

/// Bytes that are text, too, for those that can send nothing else.
pub fn text(len: usize) -> String {
    "0123456789abcdef".chars().cycle().take(len).collect()
}

pub fn bytes(len: usize) -> Bytes {
    Bytes::from(text(len))
}
