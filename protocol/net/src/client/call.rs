//! The handle of a call: messages in, messages out, and the end. And how long its task may wait.
//!
//! Both directions are bounded: a sender waits while the connection is blocked, and an answer that
//! nobody takes stops being read, so that the server's window fills up.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use callscope_wire::{Code, Metadata, Sentence, Status, say};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::clock;
use crate::resilience::Deadline;

/// Messages of the caller that may wait for the connection. Few: what waits here cannot be taken back.
const REQUESTS: usize = 4;

/// Answers that may wait for the caller. Enough that a fast stream needs no wake-up for each.
const REPLIES: usize = 64;

/// What comes back.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// Response metadata, ahead of the messages.
    Headers(Metadata),
    /// A message as encoded.
    Message(Bytes),
    /// The end. Nothing follows.
    End(Status),
}

/// The call is over: nothing can be sent any more. [`Call::next`] says how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the call is over")]
pub struct CallOver;

/// A running call. Dropping it cancels it, on the wire too, and gives breaker permits back.
#[derive(Debug)]
pub struct Call {
    /// `None` after `done_sending`.
    requests: Option<mpsc::Sender<Bytes>>,
    replies: mpsc::Receiver<Incoming>,
    cancel: CancellationToken,
    _task: AbortOnDropHandle<()>,
}

impl Call {
    /// Runs `work` in a task that the handle owns.
    pub(crate) fn start<F: Future<Output = ()> + Send + 'static>(
        runtime: &Handle,
        work: impl FnOnce(mpsc::Receiver<Bytes>, mpsc::Sender<Incoming>, CancellationToken) -> F,
    ) -> Self {
        let (requests, taken) = mpsc::channel(REQUESTS);
        let (given, replies) = mpsc::channel(REPLIES);
        let cancel = CancellationToken::new();
        let task = runtime.spawn(work(taken, given, cancel.clone()));
        Self { requests: Some(requests), replies, cancel, _task: AbortOnDropHandle::new(task) }
    }

    /// Sends a message; waits while the other side is not ready for it. Dropping the future sends nothing.
    pub async fn send(&self, message: Bytes) -> Result<(), CallOver> {
        let requests = self.requests.as_ref().ok_or(CallOver)?;
        requests.send(message).await.map_err(|_| CallOver)
    }

    /// Nothing more will be sent.
    pub fn done_sending(&mut self) {
        self.requests = None;
    }

    /// The sending half on its own, for whoever sends and receives at the same time. Dropping it half-closes.
    pub fn take_sender(&mut self) -> Option<CallSender> {
        self.requests.take().map(CallSender)
    }

    /// Gives up. It reaches the wire at once, and the call ends with CANCELLED.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// What comes next; `None` after the end. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Incoming> {
        self.replies.recv().await
    }
}

/// The sending half of a [`Call`]. Dropping it half-closes.
#[derive(Debug)]
pub struct CallSender(mpsc::Sender<Bytes>);

impl CallSender {
    /// As [`Call::send`].
    pub async fn send(&self, message: Bytes) -> Result<(), CallOver> {
        self.0.send(message).await.map_err(|_| CallOver)
    }
}

/// Why a wait ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interrupt {
    /// Somebody gave up.
    Cancelled,
    /// Time is over.
    Deadline,
}

/// What bounds every wait of a call.
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    pub(crate) cancel: CancellationToken,
    pub(crate) deadline: Deadline,
}

impl Patience {
    /// Waits for `future`, for the caller to give up, or for the deadline.
    pub(crate) async fn wait<T>(&self, future: impl Future<Output = T>) -> Result<T, Interrupt> {
        tokio::select! {
            biased;
            interrupt = self.over() => Err(interrupt),
            value = future => Ok(value),
        }
    }

    /// Resolves when the call must end, whatever it is doing.
    pub(crate) async fn over(&self) -> Interrupt {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Interrupt::Cancelled,
            () = sleep_until(self.deadline) => Interrupt::Deadline,
        }
    }

    /// Sleeps, unless the call must end before.
    pub(crate) async fn pause(&self, duration: Duration) -> Result<(), Interrupt> {
        if duration.is_zero() { Ok(()) } else { self.wait(tokio::time::sleep(duration)).await }
    }

    /// The status of a call that was interrupted while it was `doing` something.
    pub(crate) fn status(&self, interrupt: Interrupt, doing: Sentence) -> Status {
        match interrupt {
            // Somebody who gives up too late gives up because it was late.
            Interrupt::Cancelled if !self.deadline.passed(clock::now()) => {
                Status::new(Code::CANCELLED, say!("calling.cancelled", "cancelled while %{doing}", doing = doing))
            }
            Interrupt::Cancelled | Interrupt::Deadline => self.deadline.exceeded(doing),
        }
    }
}

async fn sleep_until(deadline: Deadline) {
    match deadline.at() {
        Some(at) => tokio::time::sleep_until(clock::instant(at)).await,
        None => std::future::pending().await,
    }
}
