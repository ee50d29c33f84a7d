//! Text to compare with, compiled: `*` stands for anything, letters may or may not have to be of the same case.

/// What a text is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// What stands between the stars; one part if there is none.
    parts: Vec<Box<[u8]>>,
    extent: Extent,
    case: Case,
}

/// How much of the text the pattern describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// Some of it.
    Within,
}

/// Whether `a` is `A` (in ASCII).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Same,
    Any,
}

impl Pattern {
    pub(super) fn new(text: &str, extent: Extent, case: Case) -> Self {
        Self { parts: text.split('*').map(|part| part.as_bytes().into()).collect(), extent, case }
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let mut rest = text.as_bytes();
        let (first, last, between) = match (self.extent, self.parts.as_slice()) {
            (Extent::Whole, [only]) => return rest.len() == only.len() && self.equal(rest, only),
            (Extent::Whole, [first, between @ .., last]) => (first, last, between),
            (_, parts) => return self.in_order(rest, parts),
        };
        let Some(behind) = rest.split_at_checked(first.len()).filter(|(head, _)| self.equal(head, first)) else {
            return false;
        };
        rest = behind.1;
        let Some(split) = rest.len().checked_sub(last.len()) else { return false };
        let (middle, tail) = rest.split_at(split);
        self.equal(tail, last) && self.in_order(middle, between)
    }

    /// Whether all parts are there, one behind the other.
    fn in_order(&self, mut rest: &[u8], parts: &[Box<[u8]>]) -> bool {
        parts.iter().all(|part| match self.find(rest, part) {
            Some(end) => {
                rest = rest.get(end..).unwrap_or_default();
                true
            }
            None => false,
        })
    }

    /// Where the first occurrence ends.
    fn find(&self, text: &[u8], part: &[u8]) -> Option<usize> {
        if part.is_empty() {
            return Some(0);
        }
        let start = text.windows(part.len()).position(|window| self.equal(window, part))?;
        Some(start + part.len())
    }

    /// Both of the same length.
    fn equal(&self, text: &[u8], part: &[u8]) -> bool {
        match self.case {
            Case::Same => text == part,
            Case::Any => text.eq_ignore_ascii_case(part),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        let whole = |pattern: &str, text: &str| Pattern::new(pattern, Extent::Whole, Case::Same).matches(text);
        assert!(whole("shop.Orders/*", "shop.Orders/Place"));
        assert!(whole("*/Place", "shop.Orders/Place"));
        assert!(whole("s*.*/P*e", "shop.Orders/Place"));
        assert!(whole("*", ""));
        assert!(!whole("ab*ba", "aba"), "ends do not overlap");
        assert!(!whole("a*b*b", "ab"));
        assert!(!whole("shop", "shop.Orders/Place"));
        assert!(!whole("Shop*", "shop.Orders/Place"));
        let within = |pattern: &str, text: &str| Pattern::new(pattern, Extent::Within, Case::Any).matches(text);
        assert!(within("orders/pl", "shop.Orders/Place"));
        assert!(within("SHOP*place", "shop.Orders/Place"));
        assert!(!within("place*shop", "shop.Orders/Place"));
        assert!(within("王", "小王明"));
    }
}
