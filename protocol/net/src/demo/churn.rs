//! Instances that come and go, each on a schedule that its seed decides: away for 10–40 s, here for 20–60 s.
//!
//! Two of three times a guest says goodbye; the third time it just goes, and its lease runs out.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;

use super::{GUESTS, Inner, Kind};

/// A task for every guest.
pub(super) fn start(world: &Arc<Inner>) -> Vec<AbortOnDropHandle<()>> {
    GUESTS
        .iter()
        .zip(1..)
        .map(|(guest, number)| {
            let random = fastrand::Rng::with_seed(world.options.seed.wrapping_add(number));
            AbortOnDropHandle::new(Handle::current().spawn(visit(Arc::clone(world), guest, random)))
        })
        .collect()
}

async fn visit(world: Arc<Inner>, guest: &'static Kind, mut random: fastrand::Rng) {
    loop {
        tokio::time::sleep(Duration::from_millis(random.u64(10_000..40_000))).await;
        if let Err(error) = world.join(guest).await {
            tracing::warn!(guest = guest.id, %error, "a guest finds no place to listen");
            continue;
        }
        tokio::time::sleep(Duration::from_millis(random.u64(20_000..60_000))).await;
        let polite = random.u8(..3) > 0;
        // Somebody may have killed it meanwhile.
        let running = world.running().remove(guest.id);
        match running {
            Some(running) if polite => running.leave().await,
            gone => drop(gone),
        }
    }
}
