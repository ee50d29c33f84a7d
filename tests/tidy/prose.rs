//! READMEs and texts: what they name is there, what the code asks for exists.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{code, files, report, root, rust};

#[test]
fn paths_that_readmes_name_exist() {
    let mut offenses = Vec::new();
    for readme in files("", &["README.md"]) {
        let folder = readme.path.trim_end_matches("README.md");
        for quoted in readme.text.split('`').skip(1).step_by(2) {
            let is_path = quoted.contains('/')
                // `<name>` stands for any.
                && !quoted.contains(|c: char| c.is_whitespace() || c == '<' || c == '{')
                && quoted.ends_with(|c: char| c == '/' || c.is_ascii_alphanumeric())
                && ["app/", "protocol/", "tests/", "assets/", ".ci/"].iter().any(|start| quoted.starts_with(start));
            if is_path && !root().join(quoted).exists() && !root().join(folder).join(quoted).exists() {
                offenses.push(format!("{}: `{quoted}` does not exist", readme.path));
            }
        }
    }
    report("a README names what is not there", &offenses);
}

/// Keys of the catalog with their English texts.
fn catalog() -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    for source in files("assets/locales", &[".yml"]) {
        let mut open: Option<String> = None;
        for line in source.text.lines() {
            if !line.starts_with([' ', '#', '_'])
                && let Some((key, rest)) = line.split_once(':')
            {
                assert!(keys.insert(key.to_owned(), rest.to_owned()).is_none(), "`{key}` stands twice in the catalog");
                open = Some(key.to_owned());
            } else if let Some(key) = &open
                && line.trim_start().starts_with("en:")
            {
                keys.insert(key.clone(), line.to_owned());
            }
        }
    }
    keys
}

/// Texts that the code asks for by a literal key.
fn asked() -> BTreeSet<(String, String)> {
    let mut asked = BTreeSet::new();
    for source in rust("app/src") {
        for (line, text) in code(&source.text) {
            for (at, found) in text.match_indices("t!(\"") {
                let rest = text.get(at + found.len()..).unwrap_or_default();
                let key = rest.split('"').next().unwrap_or_default().to_owned();
                let before = text.get(..at).and_then(|before| before.chars().next_back());
                if !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
                    asked.insert((key, format!("{}:{line}", source.path)));
                }
            }
        }
    }
    assert!(!asked.is_empty());
    asked
}

#[test]
fn every_text_that_the_code_asks_for_is_in_the_catalog() {
    let catalog = catalog();
    let missing: Vec<String> = asked()
        .into_iter()
        .filter(|(key, _)| !catalog.contains_key(key))
        .map(|(key, at)| format!("{at}: `{key}`"))
        .collect();
    report("a text is missing from assets/locales", &missing);
}

#[test]
fn every_text_of_the_catalog_has_english_and_is_asked_for() {
    let code: String = rust("app/src").iter().map(|source| source.text.as_str()).collect();
    let mut offenses = Vec::new();
    for (key, text) in catalog() {
        if !text.contains("en:") {
            offenses.push(format!("`{key}` has no English text"));
        }
        // Some keys are put together: `act.` and an id.
        let (family, _) = key.split_once('.').unwrap_or((&key, ""));
        let composed = code.contains(&format!("\"{family}.{{"))
            || code.contains(&format!("\"{}.{{", key.rsplit_once('.').map_or("", |(start, _)| start)));
        if !composed && !code.contains(&format!("\"{key}\"")) {
            offenses.push(format!("`{key}` is asked for nowhere"));
        }
    }
    report("the catalog is not in step with the code", &offenses);
}
