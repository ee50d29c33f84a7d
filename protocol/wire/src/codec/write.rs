//! A value in items, whatever the codec.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::Typed;
use crate::Value;

/// Appends items, each in the shortest form that holds it.
pub(super) trait Write: Default {
    fn null(&mut self);
    fn bool(&mut self, value: bool);
    fn unsigned(&mut self, n: u64);
    /// `-1 - n`.
    fn negative(&mut self, n: u64);
    fn float(&mut self, value: f64);
    fn text(&mut self, text: &str);
    fn bytes(&mut self, bytes: &[u8]);
    fn array(&mut self, len: usize);
    fn map(&mut self, len: usize);
    fn finish(self) -> Vec<u8>;
}

/// The value as bytes.
pub(super) fn value<W: Write>(value: &Value, typed: Typed<'_>) -> Vec<u8> {
    let mut out = W::default();
    put(&mut out, value, typed);
    out.finish()
}

fn put(out: &mut impl Write, value: &Value, typed: Typed<'_>) {
    match value {
        Value::Null => out.null(),
        Value::Bool(value) => out.bool(*value),
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(n), _, _) => out.unsigned(n),
            (None, Some(n), _) => out.negative((!n).cast_unsigned()),
            (None, None, n) => out.float(n.unwrap_or_default()),
        },
        Value::String(text) => match as_bytes(text, typed) {
            Some(bytes) => out.bytes(&bytes),
            None => out.text(text),
        },
        Value::Array(items) => {
            out.array(items.len());
            let typed = typed.item();
            for item in items {
                put(out, item, typed);
            }
        }
        Value::Object(members) => {
            out.map(members.len());
            let fields = typed.fields();
            for (name, member) in members {
                out.text(name);
                put(out, member, fields.member(name));
            }
        }
    }
}

/// Base64 with or without padding, as people write it.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// What the text stands for, where it stands for bytes. A text that is no base64 goes as it is: who reads it can say what is wrong.
fn as_bytes(text: &str, typed: Typed<'_>) -> Option<Vec<u8>> {
    if !typed.is_bytes() {
        return None;
    }
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

/// Bytes as a value has them.
pub(super) fn as_text(bytes: &[u8]) -> Value {
    Value::String(STANDARD.encode(bytes))
}

/// A number as a value has it; JSON has no such numbers as these three.
pub(super) fn as_number(number: f64) -> Value {
    match serde_json::Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => "NaN".into(),
        None if number > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}
