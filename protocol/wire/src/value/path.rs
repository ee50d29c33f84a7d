//! Where a value is inside another: JSON pointers (RFC 6901).

use std::borrow::Cow;

/// The pointer of a member: `/lines` + `sku` → `/lines/sku`.
pub fn member(pointer: &str, name: &str) -> String {
    let mut member = pointer.to_owned();
    push_member(&mut member, name);
    member
}

/// The pointer of an item: `/lines` + 0 → `/lines/0`.
pub fn item(pointer: &str, index: usize) -> String {
    let mut item = pointer.to_owned();
    push_item(&mut item, index);
    item
}

/// Makes a pointer that of a member.
pub fn push_member(pointer: &mut String, name: &str) {
    pointer.push('/');
    if name.contains(['~', '/']) {
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
    } else {
        pointer.push_str(name);
    }
}

/// Makes a pointer that of an item.
pub fn push_item(pointer: &mut String, index: usize) {
    pointer.push('/');
    pointer.push_str(&index.to_string());
}

/// The steps of a pointer from the top: `/lines/0/a~1b` → `lines`, `0`, `a/b`. None for the whole value.
pub fn steps(pointer: &str) -> impl Iterator<Item = Cow<'_, str>> {
    pointer
        .split('/')
        .skip(1)
        .map(|step| if step.contains('~') { step.replace("~1", "/").replace("~0", "~").into() } else { step.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;

    #[test]
    fn pointers_are_those_of_the_rfc() {
        let value: Value = serde_json::from_str(r#"{"a/b": [{"m~n": 7}]}"#).unwrap();
        let pointer = member(&item(&member("", "a/b"), 0), "m~n");
        assert_eq!(pointer, "/a~1b/0/m~0n");
        assert_eq!(value.pointer(&pointer), Some(&Value::from(7)));
        assert_eq!(steps(&pointer).collect::<Vec<_>>(), ["a/b", "0", "m~n"]);
        assert_eq!(steps("").count(), 0);
    }
}
