//! What is wrong with an address as typed, in plain words. Says nothing about whether anybody listens there.

use callscope_wire::dialect;
use rust_i18n::t;

/// Transports as a scheme's suffix names them.
const TRANSPORTS: [&str; 2] = ["tls", "memory"];

/// `None`: it can be called. An empty address is no mistake yet.
pub(super) fn problem(target: &str) -> Option<String> {
    let target = target.trim();
    if target.is_empty() {
        return None;
    }
    let Some((scheme, rest)) = target.split_once("://") else {
        return host_port_problem(target).map(|_| t!("call.address.shape").into_owned());
    };
    if scheme == "registry" {
        let Some((at, service)) = rest.split_once('/') else {
            return Some(t!("call.address.no_service").into_owned());
        };
        if service.is_empty() || service.starts_with('@') {
            return Some(t!("call.address.no_service").into_owned());
        }
        return if at.is_empty() { None } else { host_port_problem(at) };
    }
    let (name, suffix) = scheme.split_once('+').unwrap_or((scheme, ""));
    if name != "memory" && dialect::by_name(name).is_none() {
        let known: Vec<&str> = dialect::ALL.iter().map(|dialect| dialect.name()).collect();
        return Some(t!("call.address.no_dialect", name = name, known = known.join(", ")).into_owned());
    }
    if !suffix.is_empty() && !TRANSPORTS.contains(&suffix) {
        return Some(t!("call.address.no_transport", name = suffix, known = TRANSPORTS.join(", ")).into_owned());
    }
    if name == "memory" || suffix == "memory" {
        return None;
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains('/') {
        return Some(t!("call.address.path").into_owned());
    }
    host_port_problem(rest)
}

fn host_port_problem(text: &str) -> Option<String> {
    let Some((host, port)) = text.rsplit_once(':') else {
        return Some(t!("call.address.no_port").into_owned());
    };
    if host.is_empty() {
        return Some(t!("call.address.no_host").into_owned());
    }
    let fine = port.parse::<u16>().is_ok_and(|port| port > 0);
    (!fine).then(|| t!("call.address.bad_port", port = port).into_owned())
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn a_wrong_address_is_named_by_what_is_wrong() {
        for fine in
            ["", "registry:///orders", "registry://127.0.0.1:7000/orders@orders-2", "127.0.0.1:7001", "[::1]:7001"]
        {
            assert_eq!(problem(fine), None, "{fine}");
        }
        for (wrong, words) in [
            ("registry:///", "service"),
            ("registry://host", "service"),
            ("carrier-pigeon://h:1", "carrier-pigeon"),
            ("orders", "HOST:PORT"),
        ] {
            let found = problem(wrong).unwrap_or_default();
            assert!(found.contains(words), "{wrong}: {found}");
        }
    }
}
