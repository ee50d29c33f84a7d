//! The catalog of texts as it lies in the repository, for tests that hold the window and the code to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A text of the catalog.
pub struct Text {
    /// File and line.
    pub at: String,
    pub english: String,
    pub chinese: Option<String>,
}

/// The catalog by key. One line for each text, so that its languages are seen beside one another.
pub fn catalog() -> BTreeMap<String, Text> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/locales");
    let mut texts = BTreeMap::new();
    for file in std::fs::read_dir(folder).expect("the catalog is there").flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(file.path()).expect("it can be read");
        for (index, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with(['#', '_']) {
                continue;
            }
            let at = format!("assets/locales/{name}:{}", index + 1);
            let Some((key, rest)) = line.split_once(": { en: ") else {
                panic!("{at}: not `key: {{ en: \"…\", zh-CN: \"…\" }}`");
            };
            let Some((english, rest)) = quoted(rest) else { panic!("{at}: no English in quotes") };
            let chinese = rest.strip_prefix(", zh-CN: ").and_then(quoted).map(|(chinese, _)| chinese);
            let text = Text { at: at.clone(), english, chinese };
            assert!(texts.insert(key.to_owned(), text).is_none(), "{at}: `{key}` stands twice in the catalog");
        }
    }
    assert!(!texts.is_empty());
    texts
}

/// A string literal at the start of `text`, without its quotes and escapes, and what follows.
pub fn quoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.strip_prefix('"')?.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((out, text.get(at + 2..)?)),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                other => out.push(other),
            },
            other => out.push(other),
        }
    }
    None
}

/// Names of the places in a template.
pub fn places(template: &str) -> BTreeSet<String> {
    template.split("%{").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

/// Whether `text` is this template with something in its places. A template of places alone is no text of ours.
pub fn is_said(template: &str, text: &str) -> bool {
    let mut pieces = template
        .split("%{")
        .enumerate()
        .map(|(index, piece)| if index == 0 { piece } else { piece.split_once('}').map_or("", |(_, behind)| behind) });
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut last = "";
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
        last = piece;
    }
    let words = template.len() - places(template).iter().map(|place| place.len() + 3).sum::<usize>();
    words > 3 && (rest.is_empty() || (template.contains("%{") && last.is_empty()))
}
