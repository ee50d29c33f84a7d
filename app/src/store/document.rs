//! Changing a few keys of a YAML file and leaving every other byte of it alone: comments, layout, unknown keys.
//!
//! The file is cut at the keys of its outermost mapping. What has a new value is written anew, the rest is copied. The
//! result is read again, and where it does not say what it should (anchors, odd layouts), the whole file is written anew.

use serde_json::{Map, Value};

use super::yaml;

/// The order of keys in new files, and of keys added to old ones.
const ORDER: &[&str] = &[
    "callscope",
    "name",
    "seq",
    "target",
    "method",
    "deadline",
    "metadata",
    "tls",
    "messages",
    "policy",
    "expect",
    "docs",
];

/// The text of a file whose values were `old` and shall be `new`. `None`: it cannot be written so that it reads back.
pub(super) fn update(text: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> Option<String> {
    let text = text.replace("\r\n", "\n");
    let new = ordered(new);
    patched(&text, old, &new).filter(|text| says(text, &new)).or_else(|| create(&new))
}

/// The text of a new file.
pub(super) fn create(map: &Map<String, Value>) -> Option<String> {
    let map = ordered(map);
    let text = yaml::document(&map);
    if says(&text, &map) {
        return Some(text);
    }
    // YAML's other half: JSON is YAML, too, and nobody's quoting rules are wrong in it.
    let text = serde_json::to_string_pretty(&map).ok()? + "\n";
    says(&text, &map).then_some(text)
}

fn says(text: &str, map: &Map<String, Value>) -> bool {
    yaml::parse::<Map<String, Value>>(text).is_ok_and(|read| read == *map)
}

/// Known keys that are new take their place in [`ORDER`]; all others stay where they are.
fn ordered(map: &Map<String, Value>) -> Map<String, Value> {
    let rank = |key: &str| ORDER.iter().position(|known| *known == key);
    let mut keys: Vec<&String> = Vec::new();
    for key in map.keys() {
        let place = rank(key).and_then(|own| {
            let later = keys.iter().position(|other| rank(other).is_some_and(|other| other > own));
            // A file in an order of its own keeps it.
            let sorted = keys.iter().filter_map(|key| rank(key)).is_sorted();
            later.filter(|_| sorted)
        });
        keys.insert(place.unwrap_or(keys.len()), key);
    }
    keys.into_iter().filter_map(|key| map.get(key).map(|value| (key.clone(), value.clone()))).collect()
}

struct Block<'a> {
    /// Comments and blank lines before the key.
    lead: &'a str,
    /// From the key to the next block's lead.
    body: &'a str,
}

fn patched(text: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> Option<String> {
    let blocks = split(text, old)?;
    let mut out = String::with_capacity(text.len());
    for (key, value) in new {
        let block = blocks.iter().find(|(name, _)| name == key).map(|(_, block)| block);
        if let Some(block) = block {
            out.push_str(block.lead);
        }
        match block {
            Some(block) if old.get(key) == Some(value) => {
                out.push_str(block.body);
                if !block.body.ends_with('\n') {
                    out.push('\n');
                }
            }
            _ => out.push_str(&yaml::entry(key, value)),
        }
    }
    // What follows the last key: closing comments.
    let used: usize = blocks.iter().map(|(_, block)| block.lead.len() + block.body.len()).sum();
    out.push_str(text.get(used..).unwrap_or_default());
    Some(out)
}

/// The blocks by key, if the text is a block mapping of exactly the keys of `map`, in that order.
fn split<'a>(text: &'a str, map: &Map<String, Value>) -> Option<Vec<(String, Block<'a>)>> {
    let mut keys = map.keys();
    let mut blocks: Vec<(String, Block<'a>)> = Vec::new();
    let mut lead_from = 0;
    let mut body_from = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let first = line.chars().next().unwrap_or('\n');
        let outer_comment = first == '#';
        let continues = matches!(first, ' ' | '\t' | '-' | '}' | ']' | '\n');
        if outer_comment || (continues && body_from.is_none()) {
            // A comment at the margin belongs to what follows it.
            if outer_comment && let Some((key, from)) = body_from.take() {
                blocks.push((key, Block { lead: text.get(lead_from..from)?, body: text.get(from..start)? }));
                lead_from = start;
            }
            continue;
        }
        if continues {
            continue;
        }
        let key = keys.next()?;
        let name = line.split(':').next()?.trim();
        if name.trim_matches(['"', '\'']) != key {
            return None;
        }
        if let Some((key, from)) = body_from.take() {
            blocks.push((key, Block { lead: text.get(lead_from..from)?, body: text.get(from..start)? }));
            lead_from = start;
        }
        body_from = Some((key.clone(), start));
    }
    if let Some((key, from)) = body_from {
        blocks.push((key, Block { lead: text.get(lead_from..from)?, body: text.get(from..)? }));
    }
    keys.next().is_none().then_some(blocks)
}

#[cfg(test)]
mod tests {
    use super::update;
    use crate::store::yaml;
    use serde_json::{Map, Value, json};

    fn change(text: &str, key: &str, value: Option<Value>) -> String {
        let old: Map<String, Value> = yaml::parse(text).unwrap();
        let mut new = old.clone();
        match value {
            Some(value) => drop(new.insert(key.to_owned(), value)),
            None => drop(new.shift_remove(key)),
        }
        update(text, &old, &new).unwrap()
    }

    const FILE: &str = "# Who reads this?\ncallscope: 1\n\n# the name\nname: 'Quoted name' # why not\nx-owner: { team: shop }\nmessages:\n- json: {a:   1}\n# the end\n";

    #[test]
    fn only_what_changed_is_written_anew() {
        let text = change(FILE, "name", Some(json!("New")));
        assert_eq!(text, FILE.replace("name: 'Quoted name' # why not", "name: New"));
        let text = change(FILE, "deadline", Some(json!("800ms")));
        assert_eq!(text, FILE.replace("messages:", "deadline: 800ms\nmessages:"));
        let text = change(FILE, "x-owner", None);
        assert_eq!(text, FILE.replace("x-owner: { team: shop }\n", ""));
    }

    #[test]
    fn odd_layouts_are_written_whole_and_lose_no_value() {
        assert_eq!(change("{ callscope: 1, name: a }", "name", Some(json!("b"))), "callscope: 1\nname: b\n");
        let anchors = "callscope: 1\nname: &n a\ndocs: *n\n";
        assert_eq!(change(anchors, "name", Some(json!("b"))), "callscope: 1\nname: b\ndocs: a\n");
        assert_eq!(change("callscope: 1\r\nname: a\r\n", "name", Some(json!("b"))), "callscope: 1\nname: b\n");
        assert_eq!(change("callscope: 1\nname: a", "docs", Some(json!("b"))), "callscope: 1\nname: a\ndocs: b\n");
    }
}
