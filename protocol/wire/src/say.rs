//! Sentences for people, made here and said in any language: a stable key, an English template, and what goes into it.
//!
//! `Display` gives the English, so logs, tests and the command line need nothing else. Who has a catalog of other
//! languages renders with [`Sentence::render`], which asks for the template by key and falls back to the English.
//! Text that a peer sent is never a sentence: it stands in one as [`Words::Plain`], word for word.
//!
//! The English stands once, in [`say!`](crate::say!) where the sentence is made; the catalog repeats it beside its
//! translations, and a test holds the two together. This module must not know any catalog.

use std::borrow::Cow;
use std::fmt;

/// Makes a [`Sentence`]: a key, an English template with `%{name}` places, and what goes into each.
///
/// ```
/// let sentence = callscope_wire::say!("connect.name_not_found", "name not found: %{host}", host = "db-1");
/// assert_eq!(sentence.to_string(), "name not found: db-1");
/// ```
#[macro_export]
macro_rules! say {
    ($key:literal, $english:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::say::Sentence::new($key, $english)$(.with(stringify!($name), $value))*
    };
}

/// A sentence, or a clause of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    key: &'static str,
    english: &'static str,
    args: Vec<(&'static str, Words)>,
    opening: bool,
}

/// What stands in a sentence, or in its stead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// Text that is not ours to translate: names, numbers, what a peer or the system said.
    Plain(String),
    /// Said in the reader's language.
    Said(Box<Sentence>),
}

/// What can be said in the reader's language: the errors of these crates.
pub trait Say {
    /// The whole of it, sources included.
    fn say(&self) -> Words;
}

impl Sentence {
    /// Use [`say!`](crate::say!), which a test can find.
    pub const fn new(key: &'static str, english: &'static str) -> Self {
        Self { key, english, args: Vec::new(), opening: false }
    }

    /// Puts something into the place called `name`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Words>) -> Self {
        self.args.push((name, value.into()));
        self
    }

    /// Begins a sentence of its own: a first word of ours gets a capital, a name that stands there keeps its case.
    #[must_use]
    pub const fn opening(mut self) -> Self {
        self.opening = true;
        self
    }

    /// Its name in catalogs.
    pub const fn key(&self) -> &'static str {
        self.key
    }

    /// The sentence with the templates that `catalog` has; in English where it has none.
    pub fn render(&self, catalog: &dyn Fn(&str) -> Option<Cow<'static, str>>) -> String {
        let mut out = String::new();
        self.render_into(catalog, self.opening, &mut out);
        out
    }

    fn render_into(&self, catalog: &dyn Fn(&str) -> Option<Cow<'static, str>>, mut opening: bool, out: &mut String) {
        let template = catalog(self.key).unwrap_or(Cow::Borrowed(self.english));
        let mut rest: &str = &template;
        while let Some((before, behind)) = rest.split_once("%{") {
            push(before, &mut opening, out);
            let Some((name, behind)) = behind.split_once('}') else { return out.push_str(behind) };
            match self.args.iter().find(|(arg, _)| *arg == name) {
                Some((_, Words::Plain(text))) => {
                    opening &= text.is_empty();
                    out.push_str(text);
                }
                Some((_, Words::Said(inner))) => {
                    inner.render_into(catalog, opening || inner.opening, out);
                    opening = false;
                }
                // A translation asks for what nobody gave: shown, so that it is seen.
                None => {
                    out.push_str(name);
                    opening = false;
                }
            }
            rest = behind;
        }
        push(rest, &mut opening, out);
    }
}

/// Appends text of a template, with a capital where it begins a sentence.
fn push(text: &str, opening: &mut bool, out: &mut String) {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if *opening => {
            *opening = false;
            out.extend(first.to_uppercase());
            out.push_str(chars.as_str());
        }
        _ => out.push_str(text),
    }
}

impl Words {
    /// As [`Sentence::render`].
    pub fn render(&self, catalog: &dyn Fn(&str) -> Option<Cow<'static, str>>) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Said(sentence) => sentence.render(catalog),
        }
    }

    /// Whether there is nothing to say.
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Plain(text) if text.is_empty())
    }

    /// The key, where it is a sentence of ours.
    pub const fn key(&self) -> Option<&'static str> {
        match self {
            Self::Plain(_) => None,
            Self::Said(sentence) => Some(sentence.key),
        }
    }
}

impl Default for Words {
    fn default() -> Self {
        Self::Plain(String::new())
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&|_| None))
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(text),
            Self::Said(sentence) => sentence.fmt(f),
        }
    }
}

/// In English: what scripts and peers read is the same everywhere.
impl serde::Serialize for Words {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<Sentence> for Words {
    fn from(sentence: Sentence) -> Self {
        Self::Said(Box::new(sentence))
    }
}

impl From<String> for Words {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

impl<T: Into<Self>> From<Option<T>> for Words {
    fn from(words: Option<T>) -> Self {
        words.map(Into::into).unwrap_or_default()
    }
}

macro_rules! plain {
    ($($type:ty),*) => {$(
        impl From<$type> for Words {
            fn from(value: $type) -> Self {
                Self::Plain(value.to_string())
            }
        }
    )*};
}

plain!(&str, &String, &&str, Cow<'_, str>, char, u8, u16, u32, u64, usize, i32, i64, i128, f64, &serde_json::Number);

/// Compares the English, which is what tests write down.
impl PartialEq<str> for Words {
    fn eq(&self, other: &str) -> bool {
        match self {
            Self::Plain(text) => text == other,
            Self::Said(sentence) => **sentence == other,
        }
    }
}

impl PartialEq<&str> for Words {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl PartialEq<String> for Words {
    fn eq(&self, other: &String) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<&str> for Sentence {
    fn eq(&self, other: &&str) -> bool {
        let english = self.to_string();
        english == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chinese(key: &str) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match key {
            "test.failed" => "%{why}：%{who} 未应答",
            "test.refused" => "连接被拒绝",
            _ => return None,
        }))
    }

    #[test]
    fn english_needs_no_catalog_and_a_catalog_may_reorder() {
        let why = say!("test.refused", "connection refused");
        let sentence = say!("test.failed", "%{who} did not answer: %{why}", who = "orders-1", why = why);
        assert_eq!(sentence.to_string(), "orders-1 did not answer: connection refused");
        assert_eq!(sentence.render(&chinese), "连接被拒绝：orders-1 未应答");
    }

    #[test]
    fn what_the_catalog_lacks_is_said_in_english_and_plain_text_stays() {
        let unknown = say!("test.unknown", "%{count} attempts: %{text}", count = 2_u8, text = "test.refused");
        assert_eq!(unknown.render(&chinese), "2 attempts: test.refused");
        assert_eq!(Words::from("连接").render(&chinese), "连接");
        assert!(Words::default().is_empty() && Words::from(None::<Sentence>).is_empty());
    }

    #[test]
    fn only_words_of_ours_get_a_capital() {
        let cause = |who: &str| say!("test.broke", "the connection to %{who} broke", who = who);
        assert_eq!(say!("test.end", "%{what}.", what = cause("a")).opening().to_string(), "The connection to a broke.");
        assert_eq!(cause("a").to_string(), "the connection to a broke");
        let named = say!("test.answered", "%{who} answered", who = "orders-1").opening();
        assert_eq!(named.to_string(), "orders-1 answered");
    }

    #[test]
    fn places_in_what_is_put_in_are_not_filled() {
        let sentence = say!("test.echo", "%{text} %{who}", text = "%{who}", who = "%{text}");
        assert_eq!(sentence.to_string(), "%{who} %{text}");
    }
}
