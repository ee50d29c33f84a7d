//! Items as a value, strictly: the first thing that is no message is named with its place.

use super::item::{Head, Item, Items};
use super::write::{as_number, as_text};
use super::{DecodeError, MAX_DEPTH};
use crate::Value;

/// Exactly one value.
pub(super) fn value<'a>(mut items: impl Items<'a>) -> Result<Value, DecodeError> {
    let head = untagged(&mut items)?;
    let value = whole(&mut items, head, 0)?;
    match items.left() {
        0 => Ok(value),
        left => Err(DecodeError::Rest { offset: items.offset(), left }),
    }
}

/// The next item that is one by itself: what a tag says of it is not asked.
fn untagged<'a>(items: &mut impl Items<'a>) -> Result<Head<'a>, DecodeError> {
    loop {
        let head = items.next()?;
        if !matches!(head.item, Item::Tag(_)) {
            return Ok(head);
        }
    }
}

/// An item with what it holds. Recursion is as deep as a message may be.
fn whole<'a>(items: &mut impl Items<'a>, head: Head<'a>, depth: usize) -> Result<Value, DecodeError> {
    let offset = head.span.start;
    let foreign = |what| Err(DecodeError::Foreign { offset, what });
    if matches!(head.item, Item::Array(_) | Item::Map(_)) && depth == MAX_DEPTH {
        return Err(DecodeError::Deep { offset });
    }
    Ok(match head.item {
        Item::Null => Value::Null,
        Item::Bool(value) => value.into(),
        Item::Unsigned(n) => n.into(),
        Item::Negative(n) => match i64::try_from(n) {
            Ok(n) => (!n).into(),
            Err(_) => return foreign("a number below -2^63"),
        },
        Item::Float(number) => as_number(number),
        Item::Text(text) => Value::String(utf8(text.to_vec(), head.span.end - text.len())?),
        Item::Bytes(bytes) => as_text(bytes),
        Item::Pieces { text } => {
            let (bytes, start) = (pieces(items, text)?, items.offset());
            if text { Value::String(utf8(bytes, start)?) } else { as_text(&bytes) }
        }
        Item::Array(len) => {
            // Nothing is set aside for what is only said to follow.
            let mut array = Vec::new();
            let mut missing = len;
            while let Some(head) = next_of(items, &mut missing)? {
                array.push(whole(items, head, depth + 1)?);
            }
            Value::Array(array)
        }
        Item::Map(len) => {
            let mut map = serde_json::Map::new();
            let mut missing = len;
            while let Some(key) = next_of(items, &mut missing)? {
                let name = match key.item {
                    Item::Text(text) => utf8(text.to_vec(), key.span.end - text.len())?,
                    Item::Pieces { text: true } => utf8(pieces(items, true)?, items.offset())?,
                    _ => return Err(DecodeError::Key { offset: key.span.start }),
                };
                let head = untagged(items)?;
                map.insert(name, whole(items, head, depth + 1)?);
            }
            Value::Object(map)
        }
        Item::End => return foreign("a break"),
        Item::Foreign(what, ..) => return foreign(what),
        // `untagged` leaves none.
        Item::Tag(_) => return foreign("a tag"),
    })
}

/// The next item of a container; `missing`: how many there are to come, if that is known.
fn next_of<'a>(items: &mut impl Items<'a>, missing: &mut Option<u64>) -> Result<Option<Head<'a>>, DecodeError> {
    match missing {
        Some(0) => Ok(None),
        Some(left) => {
            *left -= 1;
            untagged(items).map(Some)
        }
        None => untagged(items).map(|head| Some(head).filter(|head| head.item != Item::End)),
    }
}

fn pieces<'a>(items: &mut impl Items<'a>, text: bool) -> Result<Vec<u8>, DecodeError> {
    let mut whole = Vec::new();
    loop {
        let head = items.next()?;
        match head.item {
            Item::End => return Ok(whole),
            Item::Text(piece) if text => whole.extend_from_slice(piece),
            Item::Bytes(piece) if !text => whole.extend_from_slice(piece),
            _ => return Err(DecodeError::Foreign { offset: head.span.start, what: "a piece of another kind" }),
        }
    }
}

/// The bytes as text. `start`: where they lie.
fn utf8(bytes: Vec<u8>, start: usize) -> Result<String, DecodeError> {
    String::from_utf8(bytes).map_err(|error| DecodeError::Text { offset: start + error.utf8_error().valid_up_to() })
}
