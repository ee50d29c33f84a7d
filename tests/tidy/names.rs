//! Names and sizes of files, and what must not be written anywhere.

use crate::source::{files, report, rust};

/// Names that say nothing. A thing without a better name is not one thing.
const EMPTY_NAMES: &[&str] =
    &["utils", "util", "helpers", "common", "misc", "types", "manager", "impl", "core", "base"];
/// Lines at which a file is to be split.
const LINES: usize = 800;

#[test]
fn files_have_names_that_say_something() {
    let mut offenses = Vec::new();
    for folder in ["app", "protocol", "tests"] {
        for source in rust(folder) {
            for part in source.path.trim_end_matches(".rs").split('/') {
                if EMPTY_NAMES.contains(&part) {
                    offenses.push(source.path.clone());
                }
            }
            let parts: Vec<&str> = source.path.trim_end_matches(".rs").split('/').collect();
            if parts.windows(2).any(|pair| pair.first() == pair.last()) {
                offenses.push(format!("{} stutters", source.path));
            }
        }
    }
    report("a file's name says nothing", &offenses);
}

#[test]
fn files_stay_readable() {
    let mut offenses = Vec::new();
    for folder in ["app", "protocol", "tests"] {
        for source in rust(folder) {
            let lines = source.text.lines().count();
            if lines > LINES {
                offenses.push(format!("{}: {lines} lines", source.path));
            }
        }
    }
    report(&format!("a file has more than {LINES} lines"), &offenses);
}

#[test]
fn every_module_says_what_it_is() {
    let mut offenses = Vec::new();
    for folder in ["app/src", "protocol/wire/src", "protocol/net/src", "tests/support"] {
        for source in rust(folder) {
            let first = source.text.lines().find(|line| !line.starts_with("#![") && !line.trim().is_empty());
            if !first.is_some_and(|line| line.starts_with("//!")) && !source.path.ends_with("/tests.rs") {
                offenses.push(source.path);
            }
        }
    }
    report("a module has no opening sentence", &offenses);
}

#[test]
fn nothing_is_left_for_later() {
    // Split, so that this file does not find itself.
    let words =
        [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("FIX", "ME"), concat!("coming ", "soon")];
    let mut offenses = Vec::new();
    for folder in ["app", "protocol", "tests", "assets"] {
        for source in files(folder, &[".rs", ".md", ".yml", ".yaml", ".py"]) {
            for (index, line) in source.text.lines().enumerate() {
                if words.iter().any(|word| line.contains(word)) {
                    offenses.push(format!("{}:{}: {}", source.path, index + 1, line.trim()));
                }
            }
        }
    }
    report("something was left for later", &offenses);
}
