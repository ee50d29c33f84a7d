//! "Did you mean …": the name that was probably meant.

use crate::{Sentence, say};

/// The candidate nearest to `name` that differs in at most a third of its letters, case aside.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer names are compared by nobody: hostile ones would cost time.
    let wanted: Vec<char> = name.chars().take(64).flat_map(char::to_lowercase).collect();
    let allowed = (wanted.len() / 3).max(1);
    candidates
        .into_iter()
        .take(1_000)
        .map(|candidate| {
            let letters: Vec<char> = candidate.chars().take(64).flat_map(char::to_lowercase).collect();
            (distance(&wanted, &letters), candidate)
        })
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A phrase to append to "there is no …": `; did you mean "sku"?`, or nothing.
pub fn hint<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<Sentence> {
    closest(name, candidates).map(|found| say!("say.did_you_mean", "; did you mean \"%{name}\"?", name = found))
}

/// Letters to insert, remove or replace (Levenshtein), two rows at a time.
fn distance(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(to) {
            let best = (diagonal + usize::from(a != b)).min(*cell + 1).min(left + 1);
            diagonal = std::mem::replace(cell, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let names = ["sku", "quantity", "customer_id"];
        assert_eq!(closest("quantiy", names), Some("quantity"));
        assert_eq!(closest("SKU", names), Some("sku"));
        assert_eq!(closest("customerid", names), Some("customer_id"));
        assert_eq!(closest("price", names), None);
        assert_eq!(closest("", names), None);
        assert_eq!(distance(&['a', 'b', 'c'], &['b', 'c', 'd']), 2);
    }
}
