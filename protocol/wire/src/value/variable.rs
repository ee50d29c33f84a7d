//! Variables in texts: `{{name}}`.

/// Whether a text is one variable and nothing else.
pub fn is_variable(text: &str) -> bool {
    let name = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    name.is_some_and(|name| {
        let named = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.$ ".contains(&byte);
        !name.trim().is_empty() && name.bytes().all(named)
    })
}

#[cfg(test)]
mod tests {
    use super::is_variable;

    #[test]
    fn a_variable_is_the_whole_text() {
        for text in ["{{uuid}}", "{{ base.url }}", "{{$now}}"] {
            assert!(is_variable(text), "{text}");
        }
        for text in ["", "{{}}", "{{ }}", "{{a}} ", "Bearer {{token}}", "{{a}}{{b}}", "{a}"] {
            assert!(!is_variable(text), "{text}");
        }
    }
}
