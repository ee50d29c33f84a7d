//! Bytes in the form: base64 in the JSON, and three ways to read and write them.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD};

/// How bytes are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Text,
    Hex,
    Base64,
}

/// Bytes above this are shown by their size only.
pub(super) const SHOWN: usize = 4_096;

/// With or without padding, as the check accepts them; and the same of the URL-safe alphabet.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The bytes of a base64 text.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    PLAIN.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The way that says most: text where it can be read, else hex.
pub(super) fn natural(bytes: &[u8]) -> Mode {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => Mode::Text,
        _ => Mode::Hex,
    }
}

/// `8a 41 0f`.
pub(super) fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}

/// Why a text is no hex.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HexError {
    /// This character is no digit.
    Digit(char),
    /// The last byte has one digit only.
    Half,
}

/// Reads hex as people write and paste it: with spaces, colons, commas and `0x`, or without.
pub(super) fn from_hex(text: &str) -> Result<Vec<u8>, HexError> {
    let mut bytes = Vec::new();
    for word in text.split(|letter: char| letter.is_whitespace() || matches!(letter, ':' | ',' | '-')) {
        let word = word.strip_prefix("0x").unwrap_or(word);
        if let Some(wrong) = word.chars().find(|letter| !letter.is_ascii_hexdigit()) {
            return Err(HexError::Digit(wrong));
        }
        if !word.len().is_multiple_of(2) {
            return Err(HexError::Half);
        }
        for pair in word.as_bytes().chunks(2) {
            let pair = std::str::from_utf8(pair).unwrap_or_default();
            bytes.push(u8::from_str_radix(pair, 16).unwrap_or_default());
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_as_it_is_pasted() {
        let bytes = vec![0x8a, 0x41, 0x0f, 0xc2];
        for text in ["8a 41 0f c2", "8A410FC2", "8a:41:0f:c2", "0x8a, 0x41, 0x0f, 0xc2", " 8a41 0fc2 "] {
            assert_eq!(from_hex(text), Ok(bytes.clone()), "{text}");
        }
        assert_eq!(hex(&bytes), "8a 41 0f c2");
        assert_eq!(from_hex("8a 4"), Err(HexError::Half));
        assert_eq!(from_hex("8a 4g"), Err(HexError::Digit('g')));
        assert_eq!(from_hex(""), Ok(Vec::new()));
    }

    #[test]
    fn base64_is_read_in_both_alphabets() {
        assert_eq!(decode("3q2+7w=="), decode("3q2-7w"));
        assert_eq!(decode("%"), None);
        assert_eq!(encode(&[0xde, 0xad, 0xbe, 0xef]), "3q2+7w==");
        assert_eq!(natural("上海".as_bytes()), Mode::Text);
        assert_eq!(natural(&[0x8a, 0x41]), Mode::Hex);
    }
}
