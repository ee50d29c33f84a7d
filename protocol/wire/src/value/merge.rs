//! Two people's changes of one value, put together: what only one of them changed is taken, where both did, one wins.
//!
//! ```text
//!  base ─┬─ mine   ─┐
//!        └─ theirs ─┴─▶ value, and a row for everything that is not as it was
//! ```
//!
//! Members are merged one by one. Lists are merged item by item while all three have as many; else a list is one value.

use super::path;
use crate::Value;

/// Whose value is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Winner {
    /// The one of this side.
    Mine,
    /// The one of the other side.
    Theirs,
}

/// One value that is not as it was on at least one side.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Where it is.
    pub pointer: String,
    /// What it was; `None`: it was not there.
    pub base: Option<Value>,
    /// What it is here.
    pub mine: Option<Value>,
    /// What it is there.
    pub theirs: Option<Value>,
    /// Both sides changed it, and not to the same.
    pub conflict: bool,
    /// Whose value is taken. Of a change that both made, either.
    pub winner: Winner,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The value; `None`: the winner has none.
    pub value: Option<Value>,
    /// What is not as it was, in the order of the members.
    pub rows: Vec<Row>,
}

/// Puts two changes of `base` together. `choose` may overrule who wins at a pointer; where it says nothing, whoever
/// changed the value wins, and where both did, `mine`.
pub fn merge(base: &Value, mine: &Value, theirs: &Value, choose: &dyn Fn(&str) -> Option<Winner>) -> Merged {
    let mut rows = Vec::new();
    let value = at("", Some(base), Some(mine), Some(theirs), choose, &mut rows);
    Merged { value, rows }
}

/// Recursion is as deep as the values are.
fn at(
    pointer: &str,
    base: Option<&Value>,
    mine: Option<&Value>,
    theirs: Option<&Value>,
    choose: &dyn Fn(&str) -> Option<Winner>,
    rows: &mut Vec<Row>,
) -> Option<Value> {
    if base == mine && base == theirs {
        return base.cloned();
    }
    match (base, mine, theirs) {
        (Some(Value::Object(base)), Some(Value::Object(mine)), Some(Value::Object(theirs))) => {
            // In the order of this side; what only the others have comes last.
            let others = base.keys().chain(theirs.keys()).filter(|name| !mine.contains_key(*name));
            let mut names: Vec<&String> = mine.keys().chain(others).collect();
            let mut seen = std::collections::HashSet::new();
            names.retain(|name| seen.insert(*name));
            let member = |name: &String| {
                let pointer = path::member(pointer, name);
                let value = at(&pointer, base.get(name), mine.get(name), theirs.get(name), choose, rows)?;
                Some((name.clone(), value))
            };
            Some(Value::Object(names.into_iter().filter_map(member).collect()))
        }
        (Some(Value::Array(base)), Some(Value::Array(mine)), Some(Value::Array(theirs)))
            if base.len() == mine.len() && base.len() == theirs.len() =>
        {
            let items = base.iter().zip(mine).zip(theirs).enumerate();
            let item = |(index, ((base, mine), theirs))| {
                at(&path::item(pointer, index), Some(base), Some(mine), Some(theirs), choose, rows)
            };
            Some(Value::Array(items.filter_map(item).collect()))
        }
        _ => {
            let conflict = base != mine && base != theirs && mine != theirs;
            let whoever_changed = if base == mine { Winner::Theirs } else { Winner::Mine };
            let winner = choose(pointer).unwrap_or(whoever_changed);
            rows.push(Row {
                pointer: pointer.to_owned(),
                base: base.cloned(),
                mine: mine.cloned(),
                theirs: theirs.cloned(),
                conflict,
                winner,
            });
            if winner == Winner::Mine { mine.cloned() } else { theirs.cloned() }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn nobody(_: &str) -> Option<Winner> {
        None
    }

    #[test]
    fn what_one_side_changed_is_taken_and_where_both_did_mine_wins() {
        let base = json!({"deadline": "20ms", "items": [{"qty": 1}], "tenant": "emea-7", "docs": "a", "old": 1});
        let mine = json!({"deadline": "20ms", "items": [{"qty": 2}], "tenant": "emea-8", "docs": "b", "new": true});
        let theirs = json!({"deadline": "800ms", "items": [{"qty": 1}], "tenant": "apac-2", "docs": "b", "old": 1});
        let merged = merge(&base, &mine, &theirs, &nobody);
        assert_eq!(
            merged.value,
            Some(json!({"deadline": "800ms", "items": [{"qty": 2}], "tenant": "emea-8", "docs": "b", "new": true}))
        );
        let rows: Vec<(&str, Winner, bool)> =
            merged.rows.iter().map(|row| (row.pointer.as_str(), row.winner, row.conflict)).collect();
        assert_eq!(
            rows,
            [
                ("/deadline", Winner::Theirs, false),
                ("/items/0/qty", Winner::Mine, false),
                ("/tenant", Winner::Mine, true),
                ("/docs", Winner::Mine, false),
                ("/new", Winner::Mine, false),
                ("/old", Winner::Mine, false),
            ]
        );
        let choose = |pointer: &str| (pointer == "/tenant" || pointer == "/old").then_some(Winner::Theirs);
        let merged = merge(&base, &mine, &theirs, &choose).value.unwrap();
        assert_eq!((&merged["tenant"], &merged["old"]), (&json!("apac-2"), &json!(1)));
    }

    #[test]
    fn a_list_that_became_longer_is_one_value() {
        let merged = merge(&json!({"l": [1, 2]}), &json!({"l": [1, 2, 3]}), &json!({"l": [9, 2]}), &nobody);
        assert_eq!(merged.value, Some(json!({"l": [1, 2, 3]})));
        assert!(merged.rows.len() == 1 && merged.rows[0].conflict);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), (0_i64..3).prop_map(Value::from), "[ab]?".prop_map(Value::from)];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec(("[abc]", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn nobody_loses_anything(base in values(), mine in values(), theirs in values()) {
            prop_assert_eq!(merge(&base, &base, &theirs, &nobody).value, Some(theirs.clone()));
            prop_assert_eq!(merge(&base, &mine, &base, &nobody).value, Some(mine.clone()));
            prop_assert_eq!(merge(&base, &mine, &mine, &nobody).value, Some(mine.clone()));
            // Whoever is chosen everywhere has all of it.
            prop_assert_eq!(merge(&base, &mine, &theirs, &|_| Some(Winner::Mine)).value, Some(mine.clone()));
            prop_assert_eq!(merge(&base, &mine, &theirs, &|_| Some(Winner::Theirs)).value, Some(theirs.clone()));
        }
    }
}
