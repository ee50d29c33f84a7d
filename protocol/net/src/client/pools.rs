//! Pools of connections by what a call brings to TLS: connections made under one certificate are no other call's.
//!
//! And beside each the pool for strangers: those that a redirect names and nobody vouches for are connected without the
//! certificate, and under their own names.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use callscope_wire::Limits;
use tokio::runtime::Handle;

use super::pool::Pool;
use crate::client::channel::ConnectOptions;
use crate::resilience::redirect::Passage;
use crate::transport::TlsOptions;

/// Kinds of TLS beside the client's own; beyond it the one that was asked for longest ago goes, with its connections.
const MOST_KINDS: usize = 16;

/// All connections of one client.
pub(crate) struct Pools {
    runtime: Handle,
    tls: TlsOptions,
    own: Ways,
    others: Mutex<Others>,
}

struct Others {
    /// What new pools connect with, but for TLS.
    options: ConnectOptions,
    by_tls: HashMap<TlsOptions, (Ways, u64)>,
    asked: u64,
}

/// The pools of one kind of TLS.
#[derive(Clone)]
pub(crate) struct Ways {
    pub(crate) known: Arc<Pool>,
    strangers: Arc<Pool>,
    /// Whether connections show a certificate of ours.
    pub(crate) has_certificate: bool,
}

impl Pools {
    pub(crate) fn new(runtime: Handle, options: ConnectOptions) -> Self {
        let own = Ways::new(&runtime, &options);
        let others = Others { options: options.clone(), by_tls: HashMap::new(), asked: 0 };
        Self { runtime, tls: options.tls, own, others: Mutex::new(others) }
    }

    /// As [`Pool::set_limits`], for all of them.
    pub(crate) fn set_limits(&self, limits: &Limits) {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.options.limits = limits.clone();
        for ways in others.by_tls.values().map(|(ways, _)| ways).chain([&self.own]) {
            ways.known.set_limits(limits.clone());
            ways.strangers.set_limits(limits.clone());
        }
    }

    /// The pools for a call; `None`: the client's own.
    pub(crate) fn get(&self, tls: Option<&TlsOptions>) -> Ways {
        let Some(tls) = tls.filter(|tls| **tls != self.tls) else { return self.own.clone() };
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.asked += 1;
        let asked = others.asked;
        if let Some((ways, last)) = others.by_tls.get_mut(tls) {
            *last = asked;
            return ways.clone();
        }
        if others.by_tls.len() >= MOST_KINDS {
            let oldest = others.by_tls.iter().min_by_key(|(_, (_, last))| *last).map(|(tls, _)| tls.clone());
            oldest.and_then(|oldest| others.by_tls.remove(&oldest));
        }
        let ways = Ways::new(&self.runtime, &ConnectOptions { tls: tls.clone(), ..others.options.clone() });
        others.by_tls.insert(tls.clone(), (ways.clone(), asked));
        ways
    }
}

impl Ways {
    fn new(runtime: &Handle, options: &ConnectOptions) -> Self {
        let known = Pool::new(runtime.clone(), options.clone());
        let has_certificate = options.tls.identity.is_some();
        let strangers = if !has_certificate && options.tls.server_name.is_none() {
            Arc::clone(&known)
        } else {
            let tls = TlsOptions { identity: None, server_name: None, ..options.tls.clone() };
            Pool::new(runtime.clone(), ConnectOptions { tls, ..options.clone() })
        };
        Self { known, strangers, has_certificate }
    }

    pub(crate) const fn pool(&self, passage: Passage) -> &Arc<Pool> {
        match passage {
            Passage::Known => &self.known,
            Passage::Stranger => &self.strangers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_call_brings_to_tls_decides_its_connections_and_few_kinds_are_kept() {
        let pools = Pools::new(Handle::current(), ConnectOptions::default());
        let named = |name: usize| TlsOptions { server_name: Some(format!("n{name}")), ..TlsOptions::default() };
        let own = pools.get(None);
        assert!(Arc::ptr_eq(&own.known, &pools.get(Some(&TlsOptions::default())).known));
        let first = pools.get(Some(&named(0)));
        assert!(!Arc::ptr_eq(&own.known, &first.known) && !Arc::ptr_eq(&first.known, &first.strangers));
        for name in 1..=MOST_KINDS {
            assert!(Arc::ptr_eq(&pools.get(Some(&named(name))).known, &pools.get(Some(&named(name))).known));
        }
        assert_eq!(pools.others.lock().unwrap().by_tls.len(), MOST_KINDS);
        assert!(!Arc::ptr_eq(&first.known, &pools.get(Some(&named(0))).known), "it was asked for longest ago");
    }
}
