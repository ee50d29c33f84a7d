//! Connections by endpoint: one multiplexed channel each, made when first needed, replaced when dead.
//!
//! ```text
//!  Idle ── get ──▶ Connecting ── done ──▶ Ready ── closed, or takes no more calls ──▶ Idle
//!    ▲                 │ failed
//!    └── avoid until ──┘    everybody who waited gets the reason
//! ```
//!
//! Whoever comes while a connection is being made waits for that one. A failed endpoint is avoided for
//! gRPC's connection back-off as long as there is another; if there is none it is tried all the same,
//! because the person who presses Send wants to know how it is now.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use callscope_wire::{Limits, Time, say};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::address::Endpoint;
use crate::client::channel::{Channel, ConnectOptions, ConnectReport};
use crate::clock;
use crate::error::{ConnectError, Failure, Step};
use crate::resilience::retry::connect_backoff;

/// gRPC's minimum connect timeout; nobody waits longer for one endpoint.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Endpoints remembered; beyond this those that are of no use any more are forgotten. Instances come back under other ports.
const MOST_SLOTS: usize = 256;

/// Connections of one client.
pub(crate) struct Pool {
    runtime: Handle,
    options: Mutex<ConnectOptions>,
    slots: Mutex<HashMap<Endpoint, Slot>>,
    /// The latest of all `avoid_until`: nothing is avoided after it.
    avoids_until: AtomicU64,
}

#[derive(Default)]
struct Slot {
    state: State,
    /// Attempts to connect that failed in a row.
    failures: u32,
    avoid_until: Time,
}

#[derive(Default)]
enum State {
    #[default]
    Idle,
    Connecting {
        done: watch::Receiver<Option<Result<Connected, ConnectError>>>,
        _task: AbortOnDropHandle<()>,
    },
    Ready(Channel),
}

/// A connection, and how it was made if it was made for this call.
#[derive(Clone, Debug)]
pub(crate) struct Connected {
    pub(crate) channel: Channel,
    pub(crate) report: Option<ConnectReport>,
    /// When it was ready.
    pub(crate) at: Time,
}

impl Slot {
    /// Whether forgetting it would lose anything. One that only counts failures begins anew when it is asked for again.
    fn is_of_use(&self, now: Time) -> bool {
        match &self.state {
            State::Idle => now < self.avoid_until,
            State::Connecting { .. } => true,
            State::Ready(channel) => channel.is_usable(),
        }
    }
}

impl Pool {
    pub(crate) fn new(runtime: Handle, options: ConnectOptions) -> Arc<Self> {
        Arc::new(Self {
            runtime,
            options: Mutex::new(options),
            slots: Mutex::default(),
            avoids_until: AtomicU64::new(0),
        })
    }

    /// Changes what is accepted from now on. Connections that stand have agreed on something else: they end with the calls
    /// that run on them, and the next call makes another.
    pub(crate) fn set_limits(&self, limits: Limits) {
        {
            let mut options = self.options.lock().unwrap_or_else(PoisonError::into_inner);
            if options.limits == limits {
                return;
            }
            options.limits = limits;
        }
        for slot in self.slots().values_mut() {
            slot.state = match std::mem::take(&mut slot.state) {
                State::Ready(_) => State::Idle,
                other => other,
            };
        }
    }

    /// Whether there is anything to avoid; cheap, and mostly not.
    pub(crate) fn avoids_any(&self, now: Time) -> bool {
        now.0 < self.avoids_until.load(Ordering::Relaxed)
    }

    /// Whether connecting there failed a moment ago.
    pub(crate) fn avoids(&self, endpoint: &Endpoint, now: Time) -> bool {
        self.slots().get(endpoint).is_some_and(|slot| now < slot.avoid_until)
    }

    /// A connection that takes calls. Dropping the future leaves the connection in the making to others.
    pub(crate) async fn get(self: &Arc<Self>, endpoint: &Endpoint, instance: &str) -> Result<Connected, ConnectError> {
        let mut done = match self.ready_or_connecting(endpoint, instance) {
            Ok(channel) => return Ok(Connected { channel, report: None, at: clock::now() }),
            Err(done) => done,
        };
        match done.wait_for(Option::is_some).await.map(|result| result.clone()) {
            Ok(Some(result)) => result,
            // The pool was dropped under us, with its client.
            Ok(None) | Err(_) => Err(ConnectError {
                address: endpoint.to_string(),
                step: Step::Connect,
                took: Vec::new(),
                failure: Failure::Network(say!("connect.shutting_down", "the client is shutting down").into()),
            }),
        }
    }

    fn ready_or_connecting(
        self: &Arc<Self>,
        endpoint: &Endpoint,
        instance: &str,
    ) -> Result<Channel, watch::Receiver<Option<Result<Connected, ConnectError>>>> {
        let mut slots = self.slots();
        // Looked up first: cloning the key for every call would be most of the cost here.
        if let Some(slot) = slots.get(endpoint) {
            match &slot.state {
                State::Ready(channel) if channel.is_usable() => return Ok(channel.clone()),
                State::Connecting { done, .. } => return Err(done.clone()),
                State::Ready(_) | State::Idle => {}
            }
        }
        if slots.len() >= MOST_SLOTS {
            let now = clock::now();
            slots.retain(|_, slot| slot.is_of_use(now));
        }
        let (told, done) = watch::channel(None);
        let work = connect(Arc::downgrade(self), endpoint.clone(), self.options_for(instance), told);
        let task = AbortOnDropHandle::new(self.runtime.spawn(work));
        slots.entry(endpoint.clone()).or_default().state = State::Connecting { done: done.clone(), _task: task };
        Err(done)
    }

    fn options_for(&self, instance: &str) -> ConnectOptions {
        ConnectOptions {
            instance: Some(instance.to_owned()),
            ..self.options.lock().unwrap_or_else(PoisonError::into_inner).clone()
        }
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<Endpoint, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connected(&self, endpoint: &Endpoint, result: &Result<Connected, ConnectError>) {
        let mut slots = self.slots();
        let Some(slot) = slots.get_mut(endpoint) else { return };
        if let Ok(connected) = result {
            slot.failures = 0;
            slot.avoid_until = Time::ZERO;
            slot.state = State::Ready(connected.channel.clone());
        } else {
            slot.failures = slot.failures.saturating_add(1);
            slot.avoid_until = clock::now() + connect_backoff(slot.failures, fastrand::f64());
            slot.state = State::Idle;
            self.avoids_until.fetch_max(slot.avoid_until.0, Ordering::Relaxed);
        }
    }
}

/// The task of one connection in the making.
async fn connect(
    pool: Weak<Pool>,
    endpoint: Endpoint,
    options: ConnectOptions,
    told: watch::Sender<Option<Result<Connected, ConnectError>>>,
) {
    let result = match timeout(CONNECT_TIMEOUT, Channel::connect(&endpoint, &options)).await {
        Ok(Ok((channel, report))) => Ok(Connected { channel, report: Some(report), at: clock::now() }),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(ConnectError {
            address: endpoint.to_string(),
            step: Step::Connect,
            took: vec![(Step::Connect, CONNECT_TIMEOUT)],
            failure: Failure::TimedOut { after: CONNECT_TIMEOUT },
        }),
    };
    if let Some(pool) = pool.upgrade() {
        pool.connected(&endpoint, &result);
    }
    // Nobody may be waiting any more.
    told.send_replace(Some(result));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn endpoints_of_long_ago_are_forgotten() {
        let pool = Pool::new(Handle::current(), ConnectOptions::default());
        let endpoint = |number: usize| -> Endpoint { format!("native+memory://nobody-{number}").parse().unwrap() };
        for number in 0..MOST_SLOTS {
            let avoid_until = if number == 7 { Time(u64::MAX) } else { Time::ZERO };
            pool.slots().insert(endpoint(number), Slot { avoid_until, ..Slot::default() });
        }
        assert!(pool.get(&endpoint(MOST_SLOTS), "x").await.is_err(), "nobody listens there");
        assert_eq!(pool.slots().len(), 2);
        assert!(pool.avoids(&endpoint(7), clock::now()));
    }
}
