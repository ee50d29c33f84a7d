//! What the inspector makes of recorded bytes.

use super::*;
use crate::Span;
use crate::inspect::Cut;

fn cut_whole(toward: Toward, pieces: &[&[u8]]) -> Vec<Cut> {
    let mut cutter = Plain.cutter(toward);
    let mut cuts = Vec::new();
    for piece in pieces {
        cutter.feed(Bytes::copy_from_slice(piece), &mut cuts);
    }
    cutter.finish(&mut cuts);
    cuts
}

fn lines(cuts: &[Cut]) -> Vec<String> {
    let line = |cut: &Cut| {
        let text = String::from_utf8_lossy(&cut.bytes).into_owned();
        let method = cut.method.as_deref().unwrap_or("-");
        let code = cut.code.map_or("-", Code::name);
        format!("{} {} {method} {code}{} {text:?}", cut.kind, cut.stream, if cut.odd { " odd" } else { "" })
    };
    cuts.iter().map(line).collect()
}

#[test]
fn both_directions_are_cut_into_values() {
    let up = b"{\"method\":\"add\"}\n{\"method\":\"sub\"}{\"args\":1}\n oops {\n{\"method\":\"mul\"}\n{\"met";
    insta::assert_snapshot!(lines(&cut_whole(Toward::Server, &[up])).join("\n"), @r#"
    request 1 add - "{\"method\":\"add\"}"
    request 2 sub - "\n{\"method\":\"sub\"}"
    request 3 - - odd "{\"args\":1}"
    ? 4 - - odd "\n oops {\n"
    request 5 mul - "{\"method\":\"mul\"}"
    request 6 - - odd "\n{\"met"
    "#);
    let down = b"{\"result\":3}\n{\"error\":{\"code\":\"NOT_FOUND\"}}\n{}\n";
    insta::assert_snapshot!(lines(&cut_whole(Toward::Client, &[down])).join("\n"), @r#"
    answer 1 - OK "{\"result\":3}"
    error 2 - NOT_FOUND "\n{\"error\":{\"code\":\"NOT_FOUND\"}}"
    answer 3 - - odd "\n{}"
    space 0 - - "\n"
    "#);
}

#[test]
fn after_lost_bytes_numbers_are_unknown() {
    let mut cutter = Plain.cutter(Toward::Server);
    let mut cuts = Vec::new();
    cutter.feed(bytes("{\"method\":\"a\"}\n{\"meth"), &mut cuts);
    cutter.gap(10);
    cutter.feed(bytes("rest\"}\n{\"method\":\"b\"}"), &mut cuts);
    insta::assert_snapshot!(lines(&cuts).join("\n"), @r#"
    request 1 a - "{\"method\":\"a\"}"
    request 2 - - odd "\n{\"meth"
    ? 0 - - odd "rest\"}\n"
    request 0 b - "{\"method\":\"b\"}"
    "#);
}

#[test]
fn frames_are_explained() {
    let request = Plain.dissect(Toward::Server, b"\n{\"method\":\"add\",\"args\":[1, 2],\"id\":7}");
    assert_eq!(request.summary, "add [1, 2]");
    assert_eq!(request.tree[0].name, "separator");
    assert_eq!(request.tree[1].children[0].value, "\"add\"");
    assert_eq!(request.tree[1].children[0].span, Span::new(2, 16));
    assert_eq!(request.diagnostics.len(), 1);
    assert_eq!(request.diagnostics[0].message, "\"id\" means nothing to the plain dialect");
    assert_eq!(&b"\n{\"method\":\"add\",\"args\":[1, 2],\"id\":7}"[request.diagnostics[0].span.range()], b"7");

    assert_eq!(Plain.dissect(Toward::Server, b"{\"method\":\"ping\",\"kwargs\":{}}").summary, "ping");
    assert_eq!(Plain.dissect(Toward::Client, b"{\"result\":{\"a\":1}}").summary, "{\"a\": 1}");
    let error = b"{\"error\":{\"code\":5,\"message\":\"no such order\"}}";
    assert_eq!(Plain.dissect(Toward::Client, error).summary, "NOT_FOUND · no such order");

    let wrong = Plain.dissect(Toward::Client, b"{}");
    assert_eq!(wrong.diagnostics[0].message, "an answer has a \"result\" or an \"error\", this has neither");
    assert_eq!(Plain.dissect(Toward::Server, b"oops\n").tree[0].note, "raw");
}

proptest! {
    #[test]
    fn any_split_gives_the_same_frames(
        calls in proptest::collection::vec(request(), 1..5),
        cuts in proptest::collection::vec(any::<usize>(), 0..6),
    ) {
        let text = calls.concat();
        let whole = cut_whole(Toward::Server, &[text.as_bytes()]);
        let total: Vec<u8> = whole.iter().flat_map(|cut| cut.bytes.to_vec()).collect();
        prop_assert_eq!(&total, text.as_bytes(), "every byte is in a frame");
        prop_assert_eq!(lines(&cut_whole(Toward::Server, &pieces(text.as_bytes(), &cuts))), lines(&whole));
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_none_is_missing(
        junk in proptest::collection::vec(any::<u8>(), 0..200),
        nearly in r#"[\[\]{}:,"\\a1-9tu \n.]{0,60}"#,
    ) {
        for text in [junk.as_slice(), nearly.as_bytes()] {
            for toward in [Toward::Server, Toward::Client] {
                Plain.dissect(toward, text);
                let total: Vec<u8> = cut_whole(toward, &[text]).iter().flat_map(|cut| cut.bytes.to_vec()).collect();
                prop_assert_eq!(&total[..], text);
            }
        }
    }
}
