//! Shortcuts as data: texts such as `Ctrl+Shift+T`, which act has which, and which two want the same.
//!
//! It knows no toolkit: a key is its name. `Ctrl` stands for Cmd on macOS.

use std::fmt;
use std::str::FromStr;

use super::settings::Settings;
use crate::command::{ACTS, Act, ActInfo, Scope};

/// Keys pressed together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chord {
    /// Ctrl, or Cmd.
    pub ctrl: bool,
    /// Alt.
    pub alt: bool,
    /// Shift.
    pub shift: bool,
    /// The key that is no modifier, by its name: `K`, `Enter`, `F2`, `Comma`.
    pub key: String,
}

/// Why a text is no chord.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChordFault {
    /// Nothing, or nothing but modifiers.
    #[error("a shortcut needs a key besides Ctrl, Alt and Shift")]
    NoKey,
    /// Not a key's name.
    #[error("`{0}` is no key")]
    Key(String),
}

/// Keys of more than one letter, by the names that a person and the window's toolkit both know.
const NAMED: &[&str] = &[
    "Enter",
    "Escape",
    "Tab",
    "Space",
    "Backspace",
    "Delete",
    "Insert",
    "Home",
    "End",
    "PageUp",
    "PageDown",
    "Up",
    "Down",
    "Left",
    "Right",
    "Comma",
    "Period",
    "Minus",
    "Plus",
    "Equals",
    "Slash",
    "Backslash",
    "Semicolon",
    "Colon",
    "Quote",
    "Backtick",
    "OpenBracket",
    "CloseBracket",
    "Pipe",
    "Questionmark",
];

/// Keys that are written as what is on them. `Plus` is not: it would look like one more joint.
const SIGNS: &[(&str, &str)] = &[
    ("Comma", ","),
    ("Period", "."),
    ("Minus", "-"),
    ("Equals", "="),
    ("Slash", "/"),
    ("Backslash", "\\"),
    ("Semicolon", ";"),
    ("Quote", "'"),
    ("Backtick", "`"),
    ("OpenBracket", "["),
    ("CloseBracket", "]"),
    ("Escape", "Esc"),
    ("PageUp", "PgUp"),
    ("PageDown", "PgDn"),
];

impl FromStr for Chord {
    type Err = ChordFault;

    fn from_str(text: &str) -> Result<Self, ChordFault> {
        let mut chord = Self { ctrl: false, alt: false, shift: false, key: String::new() };
        for part in text.split('+').map(str::trim).filter(|part| !part.is_empty()) {
            match part.to_ascii_lowercase().as_str() {
                "ctrl" | "cmd" | "command" => chord.ctrl = true,
                "alt" | "option" => chord.alt = true,
                "shift" => chord.shift = true,
                _ if chord.key.is_empty() => chord.key = key_name(part)?,
                _ => return Err(ChordFault::Key(part.to_owned())),
            }
        }
        if chord.key.is_empty() { Err(ChordFault::NoKey) } else { Ok(chord) }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.ctrl, "Ctrl+"), (self.alt, "Alt+"), (self.shift, "Shift+")] {
            if held {
                out.write_str(name)?;
            }
        }
        let sign = SIGNS.iter().find(|(name, _)| *name == self.key).map_or(self.key.as_str(), |(_, sign)| sign);
        out.write_str(sign)
    }
}

fn key_name(text: &str) -> Result<String, ChordFault> {
    let mut letters = text.chars();
    if let (Some(letter), None) = (letters.next(), letters.next())
        && letter.is_ascii_alphanumeric()
    {
        return Ok(letter.to_ascii_uppercase().to_string());
    }
    let function = text.strip_prefix(['F', 'f']).and_then(|number| number.parse::<u8>().ok());
    if let Some(number) = function.filter(|number| (1..=35).contains(number)) {
        return Ok(format!("F{number}"));
    }
    if let Some((name, _)) = SIGNS.iter().find(|(_, sign)| sign.eq_ignore_ascii_case(text)) {
        return Ok((*name).to_owned());
    }
    let known = NAMED.iter().find(|name| name.eq_ignore_ascii_case(text));
    known.map(|name| (*name).to_owned()).ok_or_else(|| ChordFault::Key(text.to_owned()))
}

/// The row of the table for an act.
pub fn info(act: Act) -> Option<&'static ActInfo> {
    ACTS.iter().find(|info| info.act == act)
}

/// What invokes an act: the settings', else the default; `None`: nothing does.
pub fn effective(act: Act, settings: &Settings) -> Option<Chord> {
    let info = info(act)?;
    keys_of(info, settings).parse().ok()
}

/// Whether the settings say something else than the default.
pub fn is_changed(info: &ActInfo, settings: &Settings) -> bool {
    settings.shortcuts.contains_key(info.id)
}

fn keys_of<'a>(info: &'a ActInfo, settings: &'a Settings) -> &'a str {
    settings.shortcuts.get(info.id).map_or(info.keys, String::as_str)
}

/// The act that has this chord already and would be heard in the same place; not `act` itself.
pub fn clash(act: Act, chord: &Chord, settings: &Settings) -> Option<&'static ActInfo> {
    let own = info(act)?;
    ACTS.iter().find(|other| {
        other.act != act && meet(own.scope, other.scope) && effective(other.act, settings).as_ref() == Some(chord)
    })
}

/// Whether two scopes can hear the same press. A list and a pane that has the focus are never the same place.
fn meet(a: Scope, b: Scope) -> bool {
    a == b || !matches!((a, b), (Scope::List, Scope::Pane) | (Scope::Pane, Scope::List))
}

/// Settings in which `act` has this chord (`None`: nothing) and no other act of the same place has it.
pub fn bound(settings: &Settings, act: Act, chord: Option<&Chord>) -> Settings {
    let mut new = settings.clone();
    if let Some(chord) = chord
        && let Some(other) = clash(act, chord, settings)
    {
        set(&mut new, other, String::new());
    }
    if let Some(info) = info(act) {
        set(&mut new, info, chord.map(Chord::to_string).unwrap_or_default());
    }
    new
}

/// Settings in which `act` has its default again; whoever has it meanwhile gives it back.
pub fn reset(settings: &Settings, act: Act) -> Settings {
    let default = info(act).and_then(|info| info.keys.parse::<Chord>().ok());
    let mut new = bound(settings, act, default.as_ref());
    if let Some(info) = info(act) {
        new.shortcuts.remove(info.id);
    }
    new
}

fn set(settings: &mut Settings, info: &ActInfo, keys: String) {
    if keys.parse::<Chord>() == info.keys.parse::<Chord>() {
        settings.shortcuts.remove(info.id);
    } else {
        settings.shortcuts.insert(info.id.to_owned(), keys);
    }
}

#[cfg(test)]
mod tests {
    use super::{Chord, ChordFault, bound, clash, effective, is_changed, reset};
    use crate::command::{ACTS, Act};
    use crate::model::settings::Settings;

    #[test]
    fn every_default_is_a_chord_and_no_two_clash() {
        let settings = Settings::default();
        for info in ACTS {
            assert!(info.keys.is_empty() || info.keys.parse::<Chord>().is_ok(), "{}", info.id);
            if let Some(chord) = effective(info.act, &settings) {
                assert_eq!(chord.to_string().parse::<Chord>().as_ref(), Ok(&chord), "{}", info.id);
                assert!(clash(info.act, &chord, &settings).is_none(), "{}", info.id);
            }
            assert!(ACTS.iter().filter(|other| other.id == info.id).count() == 1, "{}", info.id);
        }
        let reload: Chord = "Ctrl+R".parse().unwrap();
        assert!(ACTS.iter().all(|info| effective(info.act, &settings).as_ref() != Some(&reload)));
    }

    #[test]
    fn texts_are_read_loosely_and_written_one_way() {
        for (typed, meant) in [
            ("shift + ctrl+t", "Ctrl+Shift+T"),
            ("cmd+f5", "Ctrl+F5"),
            ("alt+pageup", "Alt+PgUp"),
            ("7", "7"),
            ("ctrl+comma", "Ctrl+,"),
            ("Ctrl+\\", "Ctrl+\\"),
            ("escape", "Esc"),
        ] {
            assert_eq!(typed.parse::<Chord>().unwrap().to_string(), meant);
        }
        assert_eq!("Ctrl+".parse::<Chord>(), Err(ChordFault::NoKey));
        assert_eq!("Ctrl+Foo".parse::<Chord>(), Err(ChordFault::Key("Foo".into())));
        assert_eq!("A+B".parse::<Chord>(), Err(ChordFault::Key("B".into())));
    }

    #[test]
    fn taking_a_key_over_leaves_the_other_act_without() {
        let settings = Settings::default();
        let chord: Chord = "Ctrl+K".parse().unwrap();
        assert_eq!(clash(Act::Duplicate, &chord, &settings).unwrap().act, Act::Palette);
        let new = bound(&settings, Act::Duplicate, Some(&chord));
        assert_eq!(effective(Act::Duplicate, &new), Some(chord.clone()));
        assert_eq!(effective(Act::Palette, &new), None);
        assert!(ACTS.iter().filter(|info| is_changed(info, &new)).count() == 2);
        // Back to the default: the palette's key comes home, too.
        let back = reset(&new, Act::Palette);
        assert_eq!(effective(Act::Palette, &back), Some(chord));
        assert_eq!(effective(Act::Duplicate, &back), None);
        assert_eq!(reset(&back, Act::Duplicate), settings);
        // Binding the default by hand is no change.
        assert_eq!(bound(&settings, Act::Palette, Some(&"Ctrl+K".parse().unwrap())), settings);
    }
}
