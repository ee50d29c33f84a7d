//! The sample workspace: the calls of `assets/demo`, carried in the program.

use std::fs;
use std::path::Path;

use super::{StoreError, Work, atomic};

macro_rules! files {
    ($($path:literal)*) => { &[$(($path, include_str!(concat!("../../../assets/demo/", $path)))),*] };
}

const FILES: &[(&str, &str)] = files![
    "defaults.yaml"
    "calculator/add.call.yaml"
    "calculator/divide-by-zero.call.yaml"
    "calculator/primes.call.yaml"
    "calculator/sum.call.yaml"
    "chat/talk.call.yaml"
    "files/download.call.yaml"
    "greeter/hello.call.yaml"
    "greeter/ni-hao.call.yaml"
    "orders/get-order.call.yaml"
    "orders/place-order.call.yaml"
    "orders/watch-orders.call.yaml"
    "ticker/watch.call.yaml"
];

/// Writes the sample workspace to `folder`, unless that is there already: what somebody changed in it stays.
pub fn unpack(folder: &Path) -> Result<(), StoreError> {
    if folder.exists() {
        return Ok(());
    }
    for (path, text) in FILES {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(StoreError::io(Work::Create, parent))?;
        }
        atomic::write(&path, atomic::Clobber::Refuse, text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
pub(super) const ALL: &[(&str, &str)] = FILES;
