//! The decoders of all crates as bodies for a fuzzer, and the corpus that each is run on.

use std::path::{Path, PathBuf};

use callscope_wire::fuzzing::{TARGETS, Target};

/// Every decoder there is.
pub fn targets() -> Vec<Target> {
    let others = [
        Target { name: "address", run: callscope_net::fuzzing::address },
        Target { name: "call_file", run: callscope::fuzzing::call_file },
    ];
    TARGETS.iter().copied().chain(others).collect()
}

/// Where the corpora are: a folder for each target.
pub fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/corpus")
}

/// The inputs of one target, by name.
pub fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(corpora().join(target)).into_iter().flatten().flatten();
    let mut inputs: Vec<_> = entries
        .filter_map(|entry| Some((entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).ok()?)))
        .collect();
    inputs.sort();
    inputs
}

/// Runs the target of this name.
pub fn run(name: &str, bytes: &[u8]) {
    if let Some(target) = targets().into_iter().find(|target| target.name == name) {
        (target.run)(bytes);
    }
}
