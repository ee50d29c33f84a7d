//! The normative page of the protocols: no sentence without a test.
//!
//! `page.txt` says which tests hold which sentence. Here: every sentence and every row of a table on the page has its line,
//! every line its sentence, and every test that is named exists.

use std::collections::BTreeSet;

use crate::source::{files, report, root};

/// Where the page begins in its file.
const BEGINS: &str = "# Native protocol, version 1";

#[test]
fn the_page_has_no_sentence_without_a_test() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).expect("part of the repository");
    let page = read("protocol/README.md");
    let sentences = sentences(page.split_once(BEGINS).expect("the page is there").1);
    let index = read("tests/tidy/page.txt");
    let lines = index.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines: Vec<(&str, &str)> = lines.map(|line| line.split_once(" => ").expect("a line has an arrow")).collect();
    let tests = tests();
    let mut offenses = Vec::new();
    for sentence in &sentences {
        if !lines.iter().any(|(words, _)| sentence.starts_with(words)) {
            offenses.push(format!("no test is named for: {sentence}"));
        }
    }
    for (words, names) in lines {
        if !sentences.iter().any(|sentence| sentence.starts_with(words)) {
            offenses.push(format!("not on the page: {words}"));
        }
        for name in names.split_whitespace().filter(|name| *name != "-" && !tests.contains(*name)) {
            offenses.push(format!("there is no test {name} (for: {words})"));
        }
    }
    report("the page and its tests differ", &offenses);
}

/// Names of all tests: functions behind `#[test]` and its like in Rust, behind `@check` in Python.
fn tests() -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for source in ["protocol", "tests"].iter().flat_map(|folder| files(folder, &[".rs", ".py"])) {
        let mut expected = false;
        for line in source.text.lines().map(str::trim) {
            expected |= line == "#[test]" || line.starts_with("#[tokio::test") || line == "@check";
            let named = line.strip_prefix("fn ").or(line.strip_prefix("async fn ")).or(line.strip_prefix("def "));
            if let (true, Some((name, _))) = (expected, named.and_then(|line| line.split_once('('))) {
                out.insert(name.to_owned());
                expected = false;
            }
        }
    }
    out
}

/// The sentences and rows of a page, without its marks and examples.
fn sentences(page: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut paragraph = String::new();
    let (mut code, mut header) = (false, true);
    for line in page.lines().chain([""]) {
        let line = line.trim();
        let fence = line.starts_with("```");
        if fence {
            code = !code;
        }
        let row = line.starts_with('|');
        let item = line.starts_with("* ");
        if fence || code || row || item || line.is_empty() || line.starts_with('#') {
            split(&plain(&paragraph), &mut out);
            paragraph.clear();
        }
        if code || fence || line.starts_with('#') {
            continue;
        }
        if row {
            let rule = line.bytes().all(|byte| b"|-: ".contains(&byte));
            if !rule && !header {
                out.push(plain(line));
            }
            header = false;
            continue;
        }
        header = true;
        paragraph.push_str(line.trim_start_matches("* "));
        paragraph.push(' ');
    }
    out
}

/// Without marks: emphasis, code, links, leads in bold, borders of tables.
fn plain(text: &str) -> String {
    let mut text = text.to_owned();
    while let (Some(open), true) = (text.find("]("), text.contains('[')) {
        let Some(close) = text[open..].find(')') else { break };
        text.replace_range(open..=open + close, "");
        if let Some(start) = text[..open].rfind('[') {
            text.remove(start);
        }
    }
    if let Some(rest) = text.strip_prefix("**")
        && let Some((lead, rest)) = rest.split_once(".**")
        && !lead.contains("**")
    {
        text = rest.to_owned();
    }
    let text: String = text.chars().filter(|char| !"*`".contains(*char)).collect();
    let cells: Vec<&str> =
        text.trim().trim_matches('|').split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect();
    cells.join(" | ")
}

/// A sentence ends at a full stop with a capital, a number or a bracket behind it.
fn split(paragraph: &str, out: &mut Vec<String>) {
    let mut rest = paragraph;
    while !rest.is_empty() {
        let end = rest.match_indices(". ").map(|(at, _)| at + 1).find(|at| {
            rest[*at..].trim_start().starts_with(|char: char| char.is_uppercase() || char.is_numeric() || char == '(')
        });
        let (sentence, behind) = rest.split_at(end.unwrap_or(rest.len()));
        out.push(sentence.trim().to_owned());
        rest = behind.trim_start();
    }
}
