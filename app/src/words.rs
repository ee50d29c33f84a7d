//! Sentences made below the window, told in its language. It knows the catalog, and nothing of the window.

use callscope_wire::Words;

/// A sentence in the language that is set now. Call it where it is shown: who keeps the text keeps the language.
pub fn tell(words: &Words) -> String {
    words.render(&|key| crate::_rust_i18n_try_translate(&rust_i18n::locale(), key))
}
