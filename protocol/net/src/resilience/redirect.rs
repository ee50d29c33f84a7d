//! Redirect: whether a call that was sent on goes there, and what it may take along.
//!
//! ```text
//!  REDIRECT ──▶ committed? ──▶ hops left? ──▶ an address? ──▶ Follow(address)
//!                                                                │ an instance of it is picked
//!                                                                ▼
//!                              been there? ──▶ weaker than before? ──▶ Passage { credentials or not }
//! ```
//!
//! A hop counts neither as a retry nor for the budget: the server asked for it. It counts for the deadline. Pure: knows
//! addresses and outcomes, and nothing here waits.

use std::sync::Arc;

use callscope_wire::policy::Redirect;
use callscope_wire::say::Say as _;
use callscope_wire::{Instance, Metadata, Status, Words, say};

use super::retry::REPLAY_BUFFER;
use crate::address::{Address, AddressError, Endpoint, HostPort, TransportKind};

/// Metadata that shows who the caller is. Whoever is not known by the address that was called does not get it.
pub const CREDENTIALS: &[&str] = &["authorization", "proxy-authorization", "cookie", "x-api-key"];

/// Where a call was sent on to so far.
#[derive(Debug)]
pub struct Redirects {
    settings: Redirect,
    /// Addresses of those that sent it on, oldest first.
    senders: Vec<String>,
}

/// A REDIRECT, as far as following it is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// Its status.
    pub status: &'a Status,
    /// Address of the instance that answered so.
    pub from: &'a str,
    /// A frame of the answer arrived: what was seen cannot be taken back.
    pub answered: bool,
    /// The whole request is still here to be sent again.
    pub replayable: bool,
    /// The registry that the call came through.
    pub registry: Option<&'a HostPort>,
}

/// What a call may take along to where it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// Everything: the address that was called stands for this instance, too.
    Known,
    /// No credentials: nobody said that it may have them.
    Stranger,
}

impl Redirects {
    /// Before the first attempt.
    pub const fn new(settings: Redirect) -> Self {
        Self { settings, senders: Vec::new() }
    }

    /// Where to go, or why not.
    pub fn decide(&mut self, sent: Sent<'_>) -> Result<Address, Words> {
        let to = sent.status.redirect.as_deref().ok_or_else(|| say!("redirect.nowhere", "it does not say where to"))?;
        if !self.settings.follow {
            return Err(say!("redirect.off", "this call's policy does not follow redirects").into());
        }
        if sent.answered {
            return Err(say!("redirect.committed", "the answer had begun, so the call stays with this instance").into());
        }
        if !sent.replayable {
            return Err(say!(
                "redirect.too_large",
                "the request is larger than the replay buffer of %{bytes} bytes",
                bytes = REPLAY_BUFFER
            )
            .into());
        }
        let most = self.settings.most_hops();
        if self.senders.len() >= usize::from(most) {
            return Err(say!("redirect.too_often", "it was sent on %{count} times already", count = most).into());
        }
        let address = match to.parse().map_err(|error: AddressError| error.say())? {
            // Another process's own world is not ours: what has no registry means the one that the call came through.
            Address::Registry { at: None, service, instance } => {
                let at = sent.registry.ok_or_else(|| {
                    say!("redirect.no_registry", "it names a service, and the call came through no registry")
                })?;
                Address::Registry { at: Some(at.clone()), service, instance }
            }
            address => address,
        };
        self.senders.push(sent.from.to_owned());
        Ok(address)
    }

    /// Whether the call may go to an instance that was picked for it, and with what. `known`: the instances that the
    /// address that was called stands for.
    pub fn enter(&self, instance: &Instance, known: impl FnOnce() -> Arc<[Instance]>) -> Result<Passage, Words> {
        if self.senders.is_empty() {
            return Ok(Passage::Known);
        }
        if self.senders.contains(&instance.address) {
            return Err(say!(
                "redirect.circle",
                "it goes round in circles: %{who} has sent it on already",
                who = &instance.id
            )
            .into());
        }
        let carried_by = |address: &str| address.parse().ok().map(|endpoint: Endpoint| endpoint.transport);
        let was_secure = self.senders.iter().any(|sender| carried_by(sender) == Some(TransportKind::Tls));
        if was_secure && carried_by(&instance.address) == Some(TransportKind::Tcp) {
            return Err(
                say!("redirect.out_of_tls", "it leads out of TLS, to %{where}", where = &instance.address).into()
            );
        }
        let is_known = known().iter().any(|known| known.address == instance.address);
        Ok(if is_known { Passage::Known } else { Passage::Stranger })
    }
}

impl Passage {
    /// Leaves the credentials out where they must not go; the names of those that were there.
    pub fn strip(self, metadata: &Metadata) -> (Metadata, Vec<String>) {
        let secret = |name: &str| CREDENTIALS.iter().any(|credential| credential.eq_ignore_ascii_case(name));
        let withheld: Vec<String> = match self {
            Self::Known => Vec::new(),
            Self::Stranger => {
                metadata.iter().filter(|(name, _)| secret(name)).map(|(name, _)| name.to_owned()).collect()
            }
        };
        if withheld.is_empty() {
            return (metadata.clone(), withheld);
        }
        (metadata.iter().filter(|(name, _)| !secret(name)).collect(), withheld)
    }
}

#[cfg(test)]
mod tests {
    use callscope_wire::Code;

    use super::*;

    fn to(address: &str) -> Status {
        Status::redirect(address, "moved")
    }

    fn instance(id: &str, address: &str) -> Instance {
        serde_json::from_value(serde_json::json!({ "id": id, "service": "orders", "address": address })).unwrap()
    }

    fn sent<'a>(status: &'a Status, from: &'a str) -> Sent<'a> {
        Sent { status, from, answered: false, replayable: true, registry: None }
    }

    fn enter(redirects: &Redirects, address: &str, known: &[Instance]) -> Result<Passage, Words> {
        redirects.enter(&instance("x-1", address), || Arc::from(known))
    }

    #[test]
    fn it_goes_where_it_is_sent_as_often_as_the_policy_says() {
        let mut redirects = Redirects::new(Redirect { max_hops: 2, ..Redirect::default() });
        let status = to("native://b:1");
        assert_eq!(redirects.decide(sent(&status, "native://a:1")), Ok("native://b:1".parse().unwrap()));
        assert!(redirects.decide(sent(&status, "native://c:1")).is_ok());
        assert_eq!(redirects.decide(sent(&status, "native://d:1")).unwrap_err(), "it was sent on 2 times already");
        let endless = Redirect { max_hops: 200, ..Redirect::default() };
        assert_eq!(endless.most_hops(), 5);
    }

    #[test]
    fn what_is_not_followed_says_why() {
        let status = to("native://b:1");
        let refused = |sent: Sent<'_>| Redirects::new(Redirect::default()).decide(sent).unwrap_err().to_string();
        let ask = sent(&status, "native://a:1");
        assert!(refused(Sent { answered: true, ..ask }).starts_with("the answer had begun"));
        assert!(refused(Sent { replayable: false, ..ask }).contains("replay buffer"));
        assert!(refused(sent(&to("nowhere"), "native://a:1")).contains("is no address"));
        assert!(refused(sent(&Status::new(Code::REDIRECT, ""), "native://a:1")).contains("where to"));
        assert!(refused(sent(&to("registry:///orders"), "native://a:1")).contains("no registry"));
        let mut never = Redirects::new(Redirect { follow: false, ..Redirect::default() });
        assert_eq!(never.decide(ask).unwrap_err(), "this call's policy does not follow redirects");
    }

    #[test]
    fn a_service_without_a_registry_is_one_of_the_registry_that_was_asked() {
        let at: HostPort = "h:7000".parse().unwrap();
        let status = to("registry:///orders@orders-2");
        let mut redirects = Redirects::new(Redirect::default());
        let followed = redirects.decide(Sent { registry: Some(&at), ..sent(&status, "native://a:1") });
        assert_eq!(followed, Ok("registry://h:7000/orders@orders-2".parse().unwrap()));
    }

    #[test]
    fn circles_and_steps_out_of_tls_end_it() {
        let mut redirects = Redirects::new(Redirect::default());
        assert_eq!(
            enter(&redirects, "native://a:1", &[]),
            Ok(Passage::Known),
            "the first attempt goes where it was sent"
        );
        redirects.decide(sent(&to("native://b:1"), "native+tls://a:1")).unwrap();
        assert_eq!(enter(&redirects, "native://b:1", &[]).unwrap_err(), "it leads out of TLS, to native://b:1");
        assert!(enter(&redirects, "native+tls://a:1", &[]).unwrap_err().to_string().contains("circles"));
        assert_eq!(enter(&redirects, "native+tls://b:1", &[]), Ok(Passage::Stranger));
    }

    #[test]
    fn credentials_go_to_whom_the_address_stands_for_and_to_nobody_else() {
        let mut redirects = Redirects::new(Redirect::default());
        redirects.decide(sent(&to("native://b:1"), "native://a:1")).unwrap();
        let known = [instance("a", "native://a:1"), instance("b", "native://b:1")];
        assert_eq!(enter(&redirects, "native://b:1", &known), Ok(Passage::Known));
        // Another port is another listener.
        assert_eq!(enter(&redirects, "native://a:2", &known), Ok(Passage::Stranger));
        let metadata: Metadata =
            [("Authorization", "Bearer x"), ("tenant", "acme"), ("cookie", "c")].into_iter().collect();
        let (rest, withheld) = Passage::Stranger.strip(&metadata);
        assert_eq!(withheld, ["Authorization", "cookie"]);
        assert_eq!(rest.iter().collect::<Vec<_>>(), [("tenant", b"acme".as_slice())]);
        assert_eq!(Passage::Known.strip(&metadata), (metadata, Vec::new()));
    }
}
