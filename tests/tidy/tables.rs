//! Folders whose files have to stand in a table: a file that nobody registered is dead.

use crate::source::{report, root, rust};

/// A folder, the file with its table, and files of the folder that are no rows.
const TABLES: &[(&str, &str, &[&str])] = &[
    ("protocol/wire/src/dialect", "protocol/wire/src/dialect/mod.rs", &[]),
    ("protocol/net/src/transport", "protocol/net/src/transport/mod.rs", &["rewind", "subject"]),
    ("protocol/net/src/discovery", "protocol/net/src/discovery/mod.rs", &["picture", "watcher"]),
    ("protocol/net/src/balance", "protocol/net/src/balance/mod.rs", &[]),
];

#[test]
fn every_file_of_such_a_folder_stands_in_its_table() {
    let mut offenses = Vec::new();
    for (folder, table, others) in TABLES {
        let text = std::fs::read_to_string(root().join(table)).unwrap_or_default();
        let rows = text.split("ALL").skip(1).collect::<String>();
        let mut names: Vec<String> = rust(folder)
            .iter()
            .map(|source| source.path.trim_start_matches(folder).trim_start_matches('/').to_owned())
            .map(|below| below.split(['/', '.']).next().unwrap_or_default().to_owned())
            .filter(|name| name != "mod" && name != "tests" && !others.contains(&name.as_str()))
            .collect();
        names.sort();
        names.dedup();
        assert!(!names.is_empty(), "{folder} has no row to check");
        for name in names {
            if !rows.contains(&format!("{name}::")) {
                offenses.push(format!("{folder}/{name} is missing from ALL in {table}"));
            }
        }
    }
    report("a file is missing from its table", &offenses);
}

#[test]
fn every_act_has_its_words_and_every_default_key_is_taken_once() {
    let mut keys = std::collections::BTreeMap::new();
    for info in callscope::command::ACTS {
        let key = format!("act.{}", info.id);
        assert!(callscope_has_text(&key), "`{key}` has no text");
        if !info.keys.is_empty()
            && let Some(other) = keys.insert(info.keys, info.id)
        {
            panic!("{} is taken by `{other}` and `{}`", info.keys, info.id);
        }
    }
}

fn callscope_has_text(key: &str) -> bool {
    let folder = root().join("assets/locales");
    std::fs::read_dir(folder)
        .expect("assets/locales is there")
        .flatten()
        .any(|entry| std::fs::read_to_string(entry.path()).unwrap_or_default().contains(&format!("{key}:")))
}
