//! The layout of a JSON text made regular: two columns a level, one member or item a line. Every value stays as it is
//! spelled.

use crate::value::scan::{Token, Tokens};

/// Columns of one level.
const UNIT: &str = "  ";

/// The same values, laid out anew. Meant for text that is known to be JSON.
pub fn indented(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut depth = 0_usize;
    // A container that was just opened and may be empty.
    let mut opened = false;
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        for _ in 0..depth {
            out.push_str(UNIT);
        }
    };
    for (token, span) in Tokens::new(text.as_bytes()) {
        let ends = matches!(token, Token::ObjectEnd | Token::ArrayEnd);
        if ends {
            depth = depth.saturating_sub(1);
        }
        // A first child, or the end behind a last one; not the end of what is empty.
        if opened != ends {
            line(&mut out, depth);
        }
        out.push_str(text.get(span.range()).unwrap_or_default());
        opened = matches!(token, Token::ObjectStart | Token::ArrayStart);
        match token {
            Token::ObjectStart | Token::ArrayStart => depth += 1,
            Token::Comma => line(&mut out, depth),
            Token::Colon => out.push(' '),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::text::{parse, pretty};

    #[test]
    fn values_stay_as_they_are_spelled() {
        let text = "{\"a\":1e3,\"b\" : [ ] ,\"c\":[{\"d\":\"\\u4f60 { , \"},-0.50],\"e\":{}}";
        let laid_out = "{\n  \"a\": 1e3,\n  \"b\": [],\n  \"c\": [\n    {\n      \"d\": \"\\u4f60 { , \"\n    },\n    -0.50\n  ],\n  \"e\": {}\n}";
        assert_eq!(indented(text), laid_out);
        assert_eq!(indented(laid_out), laid_out);
        assert_eq!(indented(" 7 "), "7");
    }

    proptest! {
        #[test]
        fn agrees_with_the_printer(text in r#"[\[\]{}:,"a1 \n]{0,40}"#) {
            if let Ok(value) = parse(&text) {
                let read = parse(&indented(&text));
                prop_assert_eq!(read.as_ref(), Ok(&value));
                prop_assert_eq!(indented(&pretty(&value)), pretty(&value));
            }
        }
    }
}
