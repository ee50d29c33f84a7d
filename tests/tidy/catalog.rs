//! The catalog of texts and the code agree: every text asked for is there, in both languages, and none is left over.

use std::collections::BTreeSet;

use callscope_tests::catalog::{catalog, places, quoted};

use crate::source::{code, report, rust};

/// Where sentences are made below the window, with `say!`, their English beside the code.
const SAYING: &[&str] = &["protocol/wire/src", "protocol/net/src", "app/src"];

/// A sentence as code makes it.
struct Sentence {
    at: String,
    key: String,
    english: String,
    args: BTreeSet<String>,
}

/// Every `say!("key", "English", name = …)`.
fn sentences() -> Vec<Sentence> {
    let mut sentences = Vec::new();
    for folder in SAYING {
        for source in rust(folder).into_iter().filter(|source| source.path != "protocol/wire/src/say.rs") {
            let text: String = code(&source.text).flat_map(|(_, line)| [line, "\n"]).collect();
            for (at, found) in text.match_indices("say!(") {
                let rest = text.get(at + found.len()..).unwrap_or_default().trim_start();
                // A list or a variable here is no sentence of ours.
                let Some((key, rest)) = quoted(rest) else { continue };
                let at = format!("{}: `{key}`", source.path);
                let rest = rest.trim_start().strip_prefix(',').unwrap_or_default().trim_start();
                let (english, rest) = quoted(rest).expect("the English of `say!` is a literal");
                sentences.push(Sentence { at, key, english, args: args(rest) });
            }
        }
    }
    assert!(!sentences.is_empty());
    sentences
}

/// Names of the arguments up to the parenthesis that closes the macro, and of a `.with("name", …)` chain behind it.
fn args(rest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(char) = rest.get(at..).and_then(|rest| rest.chars().next()) {
        let here = rest.get(at..).unwrap_or_default();
        if char == '"' {
            at += here.len() - quoted(here).map_or(0, |(_, behind)| behind.len());
            continue;
        }
        match char {
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => break,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                let name: String = here
                    .get(1..)
                    .unwrap_or_default()
                    .trim_start()
                    .chars()
                    .take_while(|c| *c != '=' && *c != ' ')
                    .collect();
                if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                    names.insert(name);
                }
            }
            _ => {}
        }
        at += char.len_utf8();
    }
    names
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
fn every_text_of_the_catalog_is_asked_for() {
    let sources: Vec<_> = SAYING.iter().flat_map(|folder| rust(folder)).collect();
    // Once into a set: a search through all code for each key would take a minute.
    let literals: BTreeSet<&str> = sources.iter().flat_map(|source| source.text.split('"')).collect();
    // Some keys are put together: `act.` and an id.
    let families: BTreeSet<&str> =
        literals.iter().filter_map(|text| text.split_once(".{")).map(|(family, _)| family).collect();
    let mut offenses = Vec::new();
    for (key, text) in catalog() {
        let composed = key.match_indices('.').any(|(at, _)| families.contains(&key[..at]));
        if !composed && !literals.contains(key.as_str()) {
            offenses.push(format!("{}: `{key}` is asked for nowhere", text.at));
        }
    }
    report("the catalog is not in step with the code", &offenses);
}

#[test]
fn what_is_said_below_the_window_is_in_the_catalog_word_for_word() {
    let catalog = catalog();
    let mut offenses = Vec::new();
    for Sentence { at, key, english, args } in sentences() {
        match catalog.get(&key) {
            None => offenses.push(format!("{at} is missing; its English is {english:?}")),
            Some(text) if text.english != english => {
                offenses.push(format!("{at} says {english:?}, {} says {:?}", text.at, text.english));
            }
            Some(_) => {}
        }
        // Those that name their arguments elsewhere are given them by `with`.
        if !args.is_empty() && args != places(&english) {
            offenses.push(format!("{at} has places {:?} and is given {args:?}", places(&english)));
        }
    }
    report("a sentence and the catalog differ", &offenses);
}

#[test]
fn every_text_is_in_both_languages_with_the_same_places() {
    let mut offenses = Vec::new();
    for (key, text) in catalog() {
        match &text.chinese {
            None => offenses.push(format!("{}: `{key}` has no Chinese: add `zh-CN: \"…\"`", text.at)),
            Some(chinese) if chinese.is_empty() || text.english.is_empty() => {
                offenses.push(format!("{}: `{key}` is empty", text.at));
            }
            Some(chinese) if places(chinese) != places(&text.english) => {
                offenses.push(format!("{}: `{key}` differs in {:?}", text.at, places(chinese)));
            }
            Some(_) => {}
        }
    }
    report("the languages of the catalog differ", &offenses);
}
