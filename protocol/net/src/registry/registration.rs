//! Keeps an instance registered: register, renew every third of the lease, register anew when the
//! registry has forgotten us or was away.
//!
//! ```text
//!  connect ──▶ register ──▶ renew every ttl/3 ──▶ stop: deregister
//!     ▲           ▲            │ lease gone │ registry away
//!     │           └────────────┘            │
//!     └──────────── jittered pause ◀────────┘
//! ```
//!
//! [`Registration::stop`] says goodbye. Dropping it does not: as when a process dies, the lease runs out.

use std::pin::pin;
use std::time::Duration;

use callscope_wire::Instance;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::remote::{Remote, RemoteError};
use crate::address::HostPort;
use crate::client::channel::ConnectOptions;
use crate::resilience::retry::jittered;

/// For the goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// First pause before the registry is asked again; it doubles up to a third of the lease.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// What to register, and where.
#[derive(Clone, Debug)]
pub struct RegisterOptions {
    /// The registry.
    pub at: HostPort,
    /// What to register.
    pub instance: Instance,
    /// Length of the lease.
    pub ttl: Duration,
    /// How to connect to the registry.
    pub connect: ConnectOptions,
}

/// An instance that is kept registered by a task of its own.
#[derive(Debug)]
pub struct Registration {
    stop: CancellationToken,
    registered: watch::Receiver<bool>,
    task: AbortOnDropHandle<()>,
}

/// Waits for a registration. See [`Registration::watch`].
#[derive(Clone, Debug)]
pub struct Registered(watch::Receiver<bool>);

impl Registered {
    /// Waits until it is registered for the first time, or given up.
    pub async fn wait(mut self) {
        // An error means that the registration is gone.
        let _gone = self.0.wait_for(|registered| *registered).await;
    }
}

impl Registration {
    /// Registers as soon as the registry can be reached, and keeps it so. Needs a tokio runtime around it.
    pub fn start(options: RegisterOptions) -> Self {
        let stop = CancellationToken::new();
        let (told, registered) = watch::channel(false);
        let task = Handle::current().spawn(keep(options, stop.clone(), told));
        Self { stop, registered, task: AbortOnDropHandle::new(task) }
    }

    /// A handle to wait with, apart from the registration.
    pub fn watch(&self) -> Registered {
        Registered(self.registered.clone())
    }

    /// Deregisters, if the registry listens, and ends. Takes at most a second.
    pub async fn stop(self) {
        self.stop.cancel();
        // The task takes at most a second for its goodbye; a panic of it is not ours.
        let _ended = self.task.await;
    }
}

async fn keep(options: RegisterOptions, stop: CancellationToken, told: watch::Sender<bool>) {
    let mut failures = 0_u32;
    loop {
        let Err(error) = hold(&options, &stop, &told, &mut failures).await else { return };
        tracing::debug!(instance = options.instance.id, %error, "the registry cannot be reached");
        let most = options.ttl / 3;
        let pause = FIRST_PAUSE.saturating_mul(1 << failures.min(6)).min(most);
        failures = failures.saturating_add(1);
        tokio::select! {
            () = tokio::time::sleep(jittered(pause, fastrand::f64())) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Registers and renews until it is told to stop.
async fn hold(
    options: &RegisterOptions,
    stop: &CancellationToken,
    told: &watch::Sender<bool>,
    failures: &mut u32,
) -> Result<(), RemoteError> {
    let RegisterOptions { at, instance, ttl, connect } = options;
    // In the middle of connecting there is nothing to say goodbye to.
    let remote = tokio::select! {
        remote = Remote::connect(at, connect) => remote?,
        () = stop.cancelled() => return Ok(()),
    };
    loop {
        let mut registering = pin!(remote.register(instance, *ttl));
        let lease = tokio::select! {
            lease = &mut registering => lease?,
            () = stop.cancelled() => {
                // It may be registered by now, and would stay until its lease ends.
                let goodbye = async { remote.deregister(&registering.await?).await };
                let _goodbye = timeout(GOODBYE, goodbye).await;
                return Ok(());
            }
        };
        told.send_replace(true);
        *failures = 0;
        loop {
            let renewed = async {
                tokio::time::sleep(*ttl / 3).await;
                remote.keep_alive(&lease).await
            };
            let renewed = tokio::select! {
                renewed = renewed => renewed,
                () = stop.cancelled() => {
                    // If it does not listen, the lease runs out.
                    let _goodbye = timeout(GOODBYE, remote.deregister(&lease)).await;
                    return Ok(());
                }
            };
            match renewed {
                Ok(_) => {}
                Err(error) if error.is_lease_gone() => break,
                Err(error) => return Err(error),
            }
        }
    }
}
