//! Decoders of this crate as bodies for a fuzzer, as in `callscope_wire::fuzzing`.

use crate::address::{Address, Endpoint};

/// Addresses as people write them: one that is read is written so that it is read again as the same.
pub fn address(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match text.parse::<Address>() {
        Ok(address) => assert_eq!(address.to_string().parse().ok(), Some(address)),
        Err(error) => drop(error.to_string()),
    }
    if let Ok(endpoint) = text.parse::<Endpoint>() {
        assert_eq!(endpoint.to_string().parse().ok(), Some(endpoint));
    }
}
