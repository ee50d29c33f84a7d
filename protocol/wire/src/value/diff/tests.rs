use proptest::prelude::*;
use serde_json::json;

use super::*;

fn diff(left: &Value, right: &Value) -> Diff {
    Diff::of(left, right, Bounds::default())
}

/// The differences in the words of the tests: `/a 1 → 2`, `/b 1 →`, `→ /c 1`.
fn words(left: &Value, right: &Value) -> Vec<String> {
    let show = |value: &Value, pointer: &Option<String>| {
        pointer.as_ref().map_or(String::new(), |at| format!("{at} {}", value.pointer(at).unwrap()))
    };
    let diff = diff(left, right);
    let one = |change: &Change<'_>| {
        let sign = match (change.pair.moved, change.pair.kind) {
            (true, _) => "⇢",
            (_, Kind::Written) => "≈",
            _ => "→",
        };
        format!("{} {sign} {}", show(left, &change.left), show(right, &change.right)).trim().to_owned()
    };
    diff.changes().iter().map(one).collect()
}

/// What the right side is, from the left side and what the diff says is only on the right.
fn apply(pair: &Pair, left: Option<&Value>, right: Option<&Value>) -> Option<Value> {
    match pair.kind {
        Kind::Same => left.cloned(),
        Kind::LeftOnly => None,
        Kind::Changed | Kind::Written | Kind::RightOnly => right.cloned(),
        Kind::Inside => {
            let mut members = serde_json::Map::new();
            let mut items = Vec::new();
            for part in &pair.parts {
                match &part.at {
                    At::Member(name) => {
                        let of = |value: Option<&Value>| value?.get(&**name).cloned();
                        let (left, right) = (of(left), of(right));
                        if let Some(value) = apply(part, left.as_ref(), right.as_ref()) {
                            members.insert(name.to_string(), value);
                        }
                    }
                    At::Item(i, j) => {
                        let of = |value: Option<&Value>, at: Option<u32>| value?.get(at? as usize).cloned();
                        let (left, right) = (of(left, *i), of(right, *j));
                        if let Some(value) = apply(part, left.as_ref(), right.as_ref()) {
                            items.push((j.unwrap(), value));
                        }
                    }
                    At::Whole => unreachable!("only the root is whole"),
                }
            }
            items.sort_by_key(|(at, _)| *at);
            Some(match left? {
                Value::Array(_) => Value::Array(items.into_iter().map(|(_, value)| value).collect()),
                _ => Value::Object(members),
            })
        }
    }
}

fn indices(pair: &Pair, left: &mut Vec<u32>, right: &mut Vec<u32>) {
    for part in &pair.parts {
        if let At::Item(i, j) = part.at {
            left.extend(i);
            right.extend(j);
        }
    }
}

#[test]
fn members_are_paired_by_name_and_their_order_says_nothing() {
    let left = json!({"id": 7, "state": "NEW", "note": null, "ship_to": {"city": "上海", "zip": "1"}});
    let right = json!({"state": "PAID", "id": 7, "paid": true, "ship_to": {"zip": "1", "city": "北京"}});
    assert_eq!(
        words(&left, &right),
        [
            "/state \"NEW\" → /state \"PAID\"",
            "/note null →",
            "→ /paid true",
            "/ship_to/city \"上海\" → /ship_to/city \"北京\""
        ]
    );
    let same = json!({"ship_to": {"zip": "1", "city": "上海"}, "state": "NEW", "note": null, "id": 7});
    assert!(diff(&left, &same).is_same());
    assert_eq!(diff(&left, &same).root.kind, Kind::Same);
}

#[test]
fn a_number_written_differently_is_no_difference_but_said() {
    let (left, right) = (json!({"n": 1, "m": 2.5}), json!({"n": 1.0, "m": 2.5}));
    assert_eq!(words(&left, &right), ["/n 1 ≈ /n 1.0"]);
    assert!(diff(&left, &right).is_same());
    // What a double cannot tell apart is not taken for the same.
    let (left, right) = (json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992.0));
    assert!(!diff(&left, &right).is_same());
    assert!(!diff(&json!("1"), &json!(1)).is_same());
    assert!(diff(&json!(0.0), &json!(-0.0)).is_same());
}

#[test]
fn records_with_an_id_are_the_same_wherever_they_stand() {
    let line = |sku: &str, qty: u32| json!({"sku": sku, "qty": qty});
    let left = json!([line("A", 1), line("B", 2), line("C", 3), line("D", 4)]);
    let right = json!([line("C", 3), line("A", 1), line("B", 5), line("E", 6), line("D", 4)]);
    assert_eq!(
        words(&left, &right),
        [
            "/2 {\"sku\":\"C\",\"qty\":3} ⇢ /0 {\"sku\":\"C\",\"qty\":3}",
            "/1/qty 2 → /2/qty 5",
            "→ /3 {\"sku\":\"E\",\"qty\":6}"
        ]
    );
    // One item whose id is another is that item, changed.
    assert_eq!(words(&json!([{"id": "a", "n": 1}]), &json!([{"id": "b", "n": 1}])), ["/0/id \"a\" → /0/id \"b\""]);
}

#[test]
fn items_without_an_id_are_aligned_by_what_they_say() {
    assert_eq!(words(&json!([1, 2, 3, 4]), &json!([1, 3, 4, 5])), ["/1 2 →", "→ /3 5"]);
    assert_eq!(words(&json!(["a", "b", "c"]), &json!(["a", "x", "c"])), ["/1 \"b\" → /1 \"x\""]);
    assert_eq!(words(&json!(["a", "b", "c"]), &json!(["c", "a", "b"])), ["/2 \"c\" ⇢ /0 \"c\""]);
    assert_eq!(words(&json!([0, 0, 1, 0]), &json!([0, 1, 0])), ["/1 0 →"]);
    let (left, right) = (json!([{"q": 1, "w": 2}, [1]]), json!([{"q": 2, "w": 2}, {"other": 1}]));
    assert_eq!(words(&left, &right), ["/0/q 1 → /0/q 2", "/1 [1] →", "→ /1 {\"other\":1}"]);
}

#[test]
fn what_is_too_large_or_too_different_is_compared_more_roughly_and_says_so() {
    let many = |shift: u64| Value::from((0..3_000).map(|at| (at * 7919 + shift) % 13).collect::<Vec<u64>>());
    let rough = diff(&many(0), &many(5));
    assert_eq!(rough.by_place, 1);
    assert_eq!(apply(&rough.root, Some(&many(0)), Some(&many(5))), Some(many(5)));

    let rows = |last: u32| {
        Value::from((0..100).map(|n| json!({"n": [n, if n == 99 { last } else { 0 }]})).collect::<Vec<_>>())
    };
    let bounded = Diff::of(&rows(0), &rows(1), Bounds { pairs: 50 });
    assert!(bounded.rough > 0 && !bounded.is_same());
    assert_eq!(apply(&bounded.root, Some(&rows(0)), Some(&rows(1))), Some(rows(1)));
    assert!(Diff::of(&rows(0), &rows(0), Bounds { pairs: 50 }).is_same());
}

#[test]
fn texts_differ_in_a_part_and_never_inside_a_character() {
    assert_eq!(different_part("orders-1 ok", "orders-22 ok"), (7..8, 7..9));
    assert_eq!(different_part("上海", "上北海"), (3..3, 3..6));
    assert_eq!(different_part("aa", "aaa"), (2..2, 2..3));
    assert_eq!(different_part("é", "è"), (0..2, 0..2));
    assert_eq!(different_part("", "x"), (0..0, 0..1));
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        (-3_i64..3).prop_map(|n| Value::from(n as f64)),
        Just(json!(0.5)),
        "[ab上]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec(("[ab/~]{1,2}|id", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Two values that have much in common: items are taken out, put in, exchanged.
fn neighbors() -> impl Strategy<Value = (Value, Value)> {
    (prop::collection::vec(values(), 0..12), prop::collection::vec((0_u8..4, 0_usize..12, values()), 0..5)).prop_map(
        |(items, edits)| {
            let mut other = items.clone();
            for (edit, at, value) in edits {
                let at = at.min(other.len());
                match edit {
                    0 => other.insert(at, value),
                    1 if at < other.len() => other[at] = value,
                    2 if at < other.len() => drop(other.remove(at)),
                    3 if at < other.len() => {
                        let item = other.remove(at);
                        other.insert(0, item);
                    }
                    _ => {}
                }
            }
            (Value::from(items), Value::from(other))
        },
    )
}

/// What differs and how, in no order; the sides exchanged if wanted.
fn sides(diff: &Diff, exchanged: bool) -> Vec<String> {
    let mut all: Vec<String> = diff
        .changes()
        .into_iter()
        .map(|Change { left, right, pair }| {
            let (left, right) = if exchanged { (right, left) } else { (left, right) };
            let only = matches!(pair.kind, Kind::LeftOnly | Kind::RightOnly);
            let kind = if only { "only".to_owned() } else { format!("{:?}", pair.kind) };
            format!("{left:?} {right:?} {kind} {}", pair.moved)
        })
        .collect();
    all.sort();
    all
}

fn check(left: &Value, right: &Value) -> Result<(), TestCaseError> {
    let there = diff(left, right);
    prop_assert_eq!(apply(&there.root, Some(left), Some(right)), Some(right.clone()));
    prop_assert_eq!(there.is_same(), fingerprint(left) == fingerprint(right));
    let back = diff(right, left);
    prop_assert_eq!(apply(&back.root, Some(right), Some(left)), Some(left.clone()));
    prop_assert_eq!(sides(&there, false), sides(&back, true));
    let listed = there.changes();
    for change in &listed {
        prop_assert!(change.left.as_ref().is_none_or(|at| left.pointer(at).is_some()), "{:?}", change);
        prop_assert!(change.right.as_ref().is_none_or(|at| right.pointer(at).is_some()), "{:?}", change);
    }
    let kinds = listed.iter().filter(|change| change.pair.kind != Kind::Inside || change.pair.moved).count() as u32;
    let also_moved = listed
        .iter()
        .filter(|change| change.pair.moved && change.pair.kind != Kind::Inside && change.pair.kind != Kind::Same)
        .count() as u32;
    prop_assert_eq!(kinds + also_moved, there.root.counts.all() + there.root.counts.written);
    // Every item stands in the diff exactly once.
    if let (Value::Array(left), Value::Array(right), Kind::Inside) = (left, right, there.root.kind) {
        let (mut i, mut j) = (Vec::new(), Vec::new());
        indices(&there.root, &mut i, &mut j);
        i.sort_unstable();
        j.sort_unstable();
        prop_assert!(i.iter().copied().eq(0..left.len() as u32) && j.iter().copied().eq(0..right.len() as u32));
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_diff_applied_gives_the_other_side(left in values(), right in values()) {
        check(&left, &right)?;
    }

    #[test]
    fn and_so_it_does_for_values_that_have_much_in_common((left, right) in neighbors()) {
        check(&left, &right)?;
    }

    #[test]
    fn a_value_does_not_differ_from_itself(value in values()) {
        let diff = diff(&value, &value);
        prop_assert!(diff.is_same() && diff.changes().is_empty() && diff.root.kind == Kind::Same);
    }

    #[test]
    fn different_parts_put_back_together_are_the_texts(left in "[aé上]{0,6}", right in "[aé上]{0,6}") {
        let (a, b) = different_part(&left, &right);
        prop_assert_eq!(&left[..a.start], &right[..b.start]);
        prop_assert_eq!(&left[a.end..], &right[b.end..]);
        prop_assert_eq!(left == right, a.is_empty() && b.is_empty());
    }
}
