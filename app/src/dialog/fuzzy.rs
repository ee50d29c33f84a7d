//! How well a few typed letters fit a name, and which of its letters they are.
//!
//! The letters must come in order, anywhere. Letters in a row, at the start of words and near the front are worth more.

/// What a letter is worth by itself.
const LETTER: i32 = 10;
/// On top for one right behind the last one.
const IN_A_ROW: i32 = 8;
/// On top for the first letter of a word.
const WORD_START: i32 = 7;
/// Off for each letter passed over between two, at most [`MOST_GAP`].
const GAP: i32 = 1;
/// A long way costs no more than this.
const MOST_GAP: i32 = 12;
/// Longer names are looked at up to here: a name this long is found by its front.
const MOST_LETTERS: usize = 160;

/// A name that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// More is better.
    pub score: i32,
    /// The letters that were typed, as places in the name's `chars`, rising.
    pub letters: Vec<usize>,
}

/// How `typed` fits `name`; `None`: not at all. Case and spaces typed do not matter.
pub fn fit(typed: &str, name: &str) -> Option<Fit> {
    let typed: Vec<char> = typed.chars().filter(|c| !c.is_whitespace()).map(lower).collect();
    let original: Vec<char> = name.chars().take(MOST_LETTERS).collect();
    let letters: Vec<char> = original.iter().copied().map(lower).collect();
    if typed.is_empty() {
        return Some(Fit { score: 0, letters: Vec::new() });
    }
    if !is_subsequence(&typed, &letters) {
        return None;
    }
    // One row per typed letter: the best score that ends with it at each place, and where the letter before was.
    let mut rows: Vec<Vec<Option<(i32, usize)>>> = Vec::with_capacity(typed.len());
    for (nth, wanted) in typed.iter().enumerate() {
        let before = rows.last();
        let mut row = vec![None; letters.len()];
        let mut best: Option<(i32, usize)> = None;
        for (at, letter) in letters.iter().enumerate() {
            // `best`: the best way to have come before `at - 1`, by what it is worth from here.
            if let (Some(before), Some(two_back)) = (before, at.checked_sub(2))
                && let Some((score, _)) = before.get(two_back).copied().flatten()
                && best.is_none_or(|(best, place)| score > best - gap(at, place))
            {
                best = Some((score, two_back));
            }
            if letter != wanted {
                continue;
            }
            let own = LETTER + if starts_word(&original, at) { WORD_START } else { 0 };
            let came = if nth == 0 {
                Some((-gap(at, 0) / 2, at))
            } else {
                let next_to = at
                    .checked_sub(1)
                    .and_then(|at| before?.get(at).copied().flatten().map(|(s, _)| (s + IN_A_ROW, at)));
                let far = best.map(|(score, place)| (score - gap(at, place + 1), place));
                next_to.into_iter().chain(far).max_by_key(|(score, _)| *score)
            };
            if let (Some((score, from)), Some(cell)) = (came, row.get_mut(at)) {
                *cell = Some((score + own, from));
            }
        }
        rows.push(row);
    }
    let last = rows.last()?;
    let ends = last.iter().enumerate().filter_map(|(at, cell)| cell.map(|(score, _)| (score, at)));
    let (score, mut at) = ends.max_by_key(|(score, at)| (*score, std::cmp::Reverse(*at)))?;
    let mut places = Vec::with_capacity(typed.len());
    for row in rows.iter().rev() {
        places.push(at);
        at = row.get(at).copied().flatten()?.1;
    }
    places.reverse();
    // Of two names that fit alike the shorter one is meant.
    Some(Fit { score: score - i32::try_from(letters.len() / 4).unwrap_or(0), letters: places })
}

fn gap(at: usize, from: usize) -> i32 {
    i32::try_from(at.saturating_sub(from)).map_or(MOST_GAP, |passed| (passed * GAP).min(MOST_GAP))
}

fn lower(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

fn is_subsequence(typed: &[char], letters: &[char]) -> bool {
    let mut rest = letters.iter();
    typed.iter().all(|wanted| rest.any(|letter| letter == wanted))
}

fn starts_word(letters: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| letters.get(at));
    let here = letters.get(at);
    match (before, here) {
        (None, _) => true,
        (Some(before), Some(here)) => {
            (!before.is_alphanumeric() && here.is_alphanumeric()) || (before.is_lowercase() && here.is_uppercase())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::fit;

    fn marked(typed: &str, name: &str) -> String {
        let fit = fit(typed, name).unwrap();
        name.chars()
            .enumerate()
            .map(|(at, c)| if fit.letters.contains(&at) { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
            .collect()
    }

    #[test]
    fn letters_are_found_where_a_person_would() {
        assert_eq!(marked("call", "New call"), "new CALL");
        assert_eq!(marked("call", "Recall stock"), "reCALL stock");
        assert_eq!(marked("po", "place order"), "Place Order");
        assert_eq!(marked("ordpl", "shop.orders/place"), "shop.ORDers/PLace");
        assert_eq!(marked("下单", "演示 下单"), "演示 下单");
        assert_eq!(fit("xyz", "Place order"), None);
        assert_eq!(fit("oo", "order"), None);
        assert_eq!(fit("", "anything").unwrap().letters.len(), 0);
        assert_eq!(fit("a b", "ab").unwrap().letters, [0, 1]);
    }

    #[test]
    fn better_fits_come_first() {
        let mut names = [
            "Cancel running repeat, all",
            "Recall stock",
            "Catalog: find all",
            "New call",
            "Call",
            "shop.Inventory/Recall",
        ];
        names.sort_by_key(|name| std::cmp::Reverse(fit("call", name).map_or(i32::MIN, |fit| fit.score)));
        assert_eq!(names[..2], ["Call", "New call"]);
        assert!(fit("save", "Save").unwrap().score > fit("save", "Save as…").unwrap().score);
    }

    #[test]
    fn long_names_cost_no_more_than_their_front() {
        let long = "a".repeat(100_000);
        assert_eq!(fit(&"a".repeat(40), &long).unwrap().letters.len(), 40);
        assert_eq!(fit("b", &long), None);
    }
}
