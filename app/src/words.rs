//! The window's language: which one it is, and sentences made below the window told in it. It knows the catalog, and
//! nothing of the window.

use callscope_wire::Words;

use crate::model::settings::Language;

const ENGLISH: &str = "en";
const CHINESE: &str = "zh-CN";

/// A sentence in the language that is set now. Call it where it is shown: who keeps the text keeps the language.
pub fn tell(words: &Words) -> String {
    words.render(&|key| crate::_rust_i18n_try_translate(&rust_i18n::locale(), key))
}

/// Speaks from now on as the settings say; `system`: the locale that the system asks for, such as `zh_CN.UTF-8`.
/// Says whether that is another language than before.
pub fn speak(language: Language, system: Option<&str>) -> bool {
    let locale = match language {
        Language::English => ENGLISH,
        Language::Chinese => CHINESE,
        Language::System => of_system(system),
    };
    if *rust_i18n::locale() == *locale {
        return false;
    }
    rust_i18n::set_locale(locale);
    true
}

/// The language that is not spoken now.
pub fn other() -> Language {
    if *rust_i18n::locale() == *CHINESE { Language::English } else { Language::Chinese }
}

/// The locale that the system asks for.
pub fn system() -> Option<String> {
    sys_locale::get_locale()
}

/// The language of ours that is nearest to the system's: every Chinese reader reads simplified better than English.
fn of_system(locale: Option<&str>) -> &'static str {
    let chinese = locale.is_some_and(|locale| locale.split(['-', '_', '.']).next() == Some("zh"));
    if chinese { CHINESE } else { ENGLISH }
}

#[cfg(test)]
mod tests {
    use callscope_wire::say;

    use super::*;

    #[test]
    fn the_system_decides_until_somebody_chooses() {
        for chinese in ["zh-CN", "zh_CN.UTF-8", "zh-Hans-SG", "zh"] {
            assert_eq!(of_system(Some(chinese)), CHINESE, "{chinese}");
        }
        for other in [None, Some("C"), Some("en-GB"), Some("zha"), Some("POSIX")] {
            assert_eq!(of_system(other), ENGLISH, "{other:?}");
        }
    }

    #[test]
    fn sentences_from_below_are_told_in_the_language_that_is_set() {
        let refused: Words = say!("connect.refused", "connection refused").into();
        assert!(speak(Language::Chinese, None) && !speak(Language::System, Some("zh-CN")));
        assert_eq!(tell(&refused), "连接被拒绝");
        assert_eq!(tell(&"what a peer said".into()), "what a peer said");
        assert!(speak(Language::English, Some("zh-CN")));
        assert_eq!(tell(&refused), "connection refused");
    }
}
