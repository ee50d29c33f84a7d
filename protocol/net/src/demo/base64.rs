//! Bytes in JSON: base64 with the standard alphabet and padding (RFC 4648), as canonical protobuf JSON has it.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes as text.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().zip([16, 8, 0]).fold(0_u32, |bits, (byte, shift)| bits | u32::from(*byte) << shift);
        for (place, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = ALPHABET.get((bits >> shift & 0x3f) as usize).copied().unwrap_or(b'=');
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// Text as bytes; the error says what is wrong with it. Padding may be missing.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, String> {
    let digits = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 3);
    let (mut bits, mut have) = (0_u32, 0);
    for (offset, digit) in digits.bytes().enumerate() {
        let Some(value) = ALPHABET.iter().position(|known| *known == digit) else {
            return Err(format!("the character at {offset} is no base64 digit"));
        };
        bits = bits << 6 | value as u32;
        have += 6;
        if have >= 8 {
            have -= 8;
            bytes.push((bits >> have) as u8);
            bits &= (1 << have) - 1;
        }
    }
    if have == 6 || bits != 0 { Err("the base64 text is cut off".to_owned()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The vectors of RFC 4648, section 10.
    #[test]
    fn the_vectors_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Ok(bytes.as_bytes()));
        }
        assert_eq!(decode("Zm8"), Ok(b"fo".to_vec()));
        assert!(decode("Z").is_err() && decode("Zh").is_err() && decode("Zm9-").is_err());
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(decode(&encode(&bytes)), Ok(bytes));
        }
    }
}
