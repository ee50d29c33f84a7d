//! The beginning of a message on one line: what a row of a stream says of it.
//!
//! Reads no more than it shows, so that a row of a large message costs what any other does.

use callscope_wire::value::scan::{Token, Tokens, unquote};

/// Characters of a message in its row.
const SUMMARY: usize = 160;
/// Bytes that are looked at.
const LOOKED_AT: usize = 4 << 10;

/// Members as `name value`, texts in quotes, until there is enough. What is no JSON is shown as it is.
pub(super) fn of(message: &[u8]) -> String {
    let seen = message.get(..LOOKED_AT).unwrap_or(message);
    let mut tokens = Tokens::new(seen);
    let mut out = String::new();
    match tokens.next() {
        Some((Token::ObjectStart, _)) => members(seen, tokens, &mut out),
        Some((token, span)) => {
            let bytes = seen.get(span.range()).unwrap_or_default();
            short(&mut out, token, bytes, &mut tokens);
        }
        None => {}
    }
    if out.len() > SUMMARY {
        out.truncate(out.floor_char_boundary(SUMMARY));
        out.push('…');
    }
    out
}

fn members(seen: &[u8], mut tokens: Tokens<'_>, out: &mut String) {
    // The name of the only member says nothing that its row does not.
    let mut only = None;
    let mut count = 0;
    while let Some((token, name)) = tokens.next() {
        if token != Token::Text {
            if token == Token::Comma {
                continue;
            }
            break;
        }
        let colon = tokens.next().is_some_and(|(token, _)| token == Token::Colon);
        let Some((token, span)) = tokens.next().filter(|_| colon) else { break };
        let name = unquote(seen.get(name.range()).unwrap_or_default()).text;
        let mut value = String::new();
        short(&mut value, token, seen.get(span.range()).unwrap_or_default(), &mut tokens);
        count += 1;
        if count > 1 {
            out.push_str(" · ");
        }
        out.push_str(&name);
        out.push(' ');
        out.push_str(&value);
        only = (count == 1).then_some(value);
        if out.len() > SUMMARY {
            break;
        }
    }
    if let Some(value) = only {
        *out = value;
    } else if count == 0 {
        out.push_str("{}");
    }
}

/// A value, or how much is in it.
fn short(out: &mut String, token: Token, bytes: &[u8], tokens: &mut Tokens<'_>) {
    match token {
        Token::Text | Token::OpenText => {
            // Far more than there is room for, and still not all of a large text.
            let start = bytes.get(..4 * SUMMARY).unwrap_or(bytes);
            let text = unquote(start).text;
            let cut = text.char_indices().nth(SUMMARY).map_or(text.len(), |(at, _)| at);
            out.push('“');
            out.push_str(text.get(..cut).unwrap_or_default().trim_end_matches('\u{fffd}'));
            out.push('”');
        }
        Token::ObjectStart | Token::ArrayStart => {
            let count = parts(tokens).map_or_else(|| "…".to_owned(), |count| count.to_string());
            let (open, close) = if token == Token::ObjectStart { ('{', '}') } else { ('[', ']') };
            out.push(open);
            out.push_str(&count);
            out.push(close);
        }
        _ => out.push_str(&String::from_utf8_lossy(bytes.get(..SUMMARY).unwrap_or(bytes))),
    }
}

/// Values in the container that was just opened, and goes on behind it. `None`: its end is not in what is looked at.
fn parts(tokens: &mut Tokens<'_>) -> Option<usize> {
    let (mut depth, mut count, mut any) = (1_usize, 0, false);
    for (token, _) in tokens.by_ref() {
        match token {
            Token::ObjectEnd | Token::ArrayEnd => {
                depth -= 1;
                if depth == 0 {
                    return Some(count + usize::from(any));
                }
            }
            Token::Comma if depth == 1 => count += 1,
            Token::ObjectStart | Token::ArrayStart => {
                any = true;
                depth += 1;
            }
            _ => any = true,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::of;

    fn summary(text: &str) -> String {
        of(text.as_bytes())
    }

    #[test]
    fn a_message_is_summed_up_in_a_line() {
        assert_eq!(summary(r#"{"text": "你\u597d"}"#), "“你好”");
        assert_eq!(summary(r#"{"n": 7, "of": [1, 2], "in": {"a": [1]}, "no": []}"#), "n 7 · of [2] · in {1} · no [0]");
        assert_eq!(summary("[1, 2]"), "[2]");
        assert_eq!(summary("-1.50"), "-1.50");
        assert_eq!(summary("{}"), "{}");
        assert_eq!(summary("no JSON"), "no");
    }

    #[test]
    fn a_large_message_is_summed_up_by_its_beginning() {
        assert!(summary(&format!(r#"{{"text": "{}", "more": 1}}"#, "x".repeat(1_000))).chars().count() < 170);
        assert_eq!(summary(&format!(r#"{{"n": 7, "items": [{}1]}}"#, "1,".repeat(1_000_000))), "n 7 · items […]");
        let cut = summary(&format!(r#"{{"a": "{}"}}"#, "上".repeat(1_000_000)));
        assert!(cut.starts_with("“上上") && !cut.contains('\u{fffd}'), "{cut}");
    }
}
