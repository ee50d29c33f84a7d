//! Who may use whom, from one table; and what the crates may link.

use std::process::Command;

use crate::source::{Source, code, report, root, rust};

/// Modules of `wire` by layer: each may use those of its own layer and below. `testing` stands outside.
const WIRE: &[&[&str]] = &[
    &[
        "id", "time", "trace", "span", "limits", "error", "buf", "say", "status", "metadata", "value", "call",
        "policy", "instance", "encoding",
    ],
    &["schema", "frame", "codec", "compression"],
    &["engine"],
    // `Dialect` hands out cutters and dissections, so the two know each other; concrete dialects are below both.
    &["dialect", "inspect"],
    &["capture"],
];

/// A folder, and what its code must not mention.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    (
        "protocol/wire/src",
        &["tokio", "rustls", "std::net", "std::fs", "Instant::now", "SystemTime", "fastrand"],
        "wire is pure: no runtime, socket, file, clock or randomness",
    ),
    ("protocol/wire/src/capture", &["dialect::native", "dialect::plain"], "capture knows no concrete dialect"),
    ("protocol/wire/src/dialect/native", &["dialect::plain", "super::plain"], "dialects never use one another"),
    ("protocol/wire/src/dialect/plain", &["dialect::native", "super::native"], "dialects never use one another"),
    (
        "protocol/net/src/resilience",
        &["crate::transport", "crate::driver", "callscope_wire::dialect", "callscope_wire::engine"],
        "policies know outcomes, not dialects or transports",
    ),
    (
        "protocol/net/src/balance",
        &["crate::transport", "crate::driver", "callscope_wire::dialect", "callscope_wire::engine"],
        "balancers know addresses and outcomes, not dialects or transports",
    ),
    ("app/src/model", &["egui", "tokio"], "the model is plain data"),
    ("app/src/panel", &["tokio", "callscope_net"], "panels paint the model and push commands"),
    ("app/src/backend", &["egui"], "the backend is given a wake callback instead"),
    (
        "app/src/theme",
        &["callscope_wire", "callscope_net", "crate::model", "crate::command"],
        "the theme knows egui only",
    ),
    (
        "app/src/widget",
        &["callscope_net", "crate::model", "crate::command", "tokio"],
        "widgets know egui and the theme",
    ),
];

/// A word that only these files of a folder may use.
const ONLY_IN: &[(&str, &str, &[&str], &str)] = &[
    ("protocol/net/src", "Instant::now", &["protocol/net/src/clock.rs"], "only net::clock reads the clock"),
    ("protocol/net/src", "SystemTime::now", &["protocol/net/src/clock.rs"], "only net::clock reads the clock"),
    ("protocol/net/src", "TcpStream::connect", &["protocol/net/src/transport/"], "only net::transport opens sockets"),
    ("protocol/net/src", "TcpListener::bind", &["protocol/net/src/transport/"], "only net::transport opens sockets"),
    ("protocol/net/src", ".poll_transmit(", &["protocol/net/src/driver/"], "only net::driver drives engines"),
    ("app/src", "Color32::from_", &["app/src/theme/tokens.rs"], "colors come from theme::tokens"),
];

/// Code of a file without its tests: a test may look behind the curtain.
fn production(source: &Source) -> String {
    let text = &source.text;
    if source.path.ends_with("/tests.rs") || source.path.contains("/tests/") || source.path.ends_with("gallery.rs") {
        return String::new();
    }
    text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned()
}

#[test]
fn what_a_layer_must_not_know_it_does_not_mention() {
    let mut offenses = Vec::new();
    for (folder, words, why) in FORBIDDEN {
        for source in rust(folder) {
            for (line, text) in code(&production(&source)) {
                for word in *words {
                    if mentions(text, word) {
                        offenses.push(format!("{}:{line}: `{word}`: {why}", source.path));
                    }
                }
            }
        }
    }
    report("a layer knows what it must not", &offenses);
}

#[test]
fn some_things_are_done_in_one_place() {
    let mut offenses = Vec::new();
    for (folder, word, places, why) in ONLY_IN {
        for source in rust(folder) {
            if places.iter().any(|place| source.path.starts_with(place)) {
                continue;
            }
            for (line, text) in code(&production(&source)) {
                if mentions(text, word) {
                    offenses.push(format!("{}:{line}: `{word}`: {why}", source.path));
                }
            }
        }
    }
    report("something is done in two places", &offenses);
}

#[test]
fn wire_uses_nothing_above() {
    let layer = |module: &str| WIRE.iter().position(|layer| layer.contains(&module));
    let mut offenses = Vec::new();
    for source in rust("protocol/wire/src") {
        let below = source.path.trim_start_matches("protocol/wire/src/");
        let own = below.split(['/', '.']).next().unwrap_or_default();
        if matches!(own, "lib" | "testing" | "fuzzing") {
            continue;
        }
        let Some(own_layer) = layer(own) else {
            offenses.push(format!("{}: `{own}` is in no layer of the table", source.path));
            continue;
        };
        for (line, text) in code(&production(&source)) {
            for (_, rest) in
                text.match_indices("crate::").map(|(at, found)| (at, text.get(at + found.len()..).unwrap_or("")))
            {
                let used: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                if layer(&used).is_some_and(|used| used > own_layer) {
                    offenses.push(format!("{}:{line}: `{own}` uses `{used}` above it", source.path));
                }
            }
        }
    }
    report("a module uses one above it", &offenses);
}

#[test]
fn every_text_edit_keeps_compositions_to_itself() {
    let edits: Vec<Source> = rust("app/src")
        .into_iter()
        .filter(|source| {
            let text = production(source);
            text.contains("TextEdit::singleline(") || text.contains("TextEdit::multiline(")
        })
        .collect();
    assert!(!edits.is_empty());
    let offenses: Vec<String> = edits
        .into_iter()
        .filter(|source| !source.text.contains("composing::edit("))
        .map(|source| format!("{}: show it through `composing::edit`", source.path))
        .collect();
    report("a text edit takes letters of an input method for text", &offenses);
}

/// The word as a word: `egui` is not in `egui_x`-free names such as `regui`.
fn mentions(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

#[test]
fn wire_links_no_runtime_and_net_no_window() {
    for (package, forbidden) in [
        ("callscope-wire", &["tokio", "rustls", "egui", "rand", "fastrand", "mio", "socket2"][..]),
        ("callscope-net", &["egui", "eframe", "winit", "rfd", "clap"][..]),
    ] {
        let output = Command::new(env!("CARGO"))
            .args(["tree", "--offline", "--locked", "-e", "normal", "--prefix", "none", "-p", package])
            .current_dir(root())
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let tree = String::from_utf8_lossy(&output.stdout);
        let linked: Vec<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert!(linked.contains(&package));
        for name in forbidden {
            assert!(!linked.contains(name), "{package} links {name}");
        }
    }
}
