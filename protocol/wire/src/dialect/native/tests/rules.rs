//! Rules of the page that one side alone can show, each as a property over all its cases. What a sender must keep to is the
//! referee's matter; single cases with their words are in the other files.

use proptest::prelude::*;

use super::*;

/// The frames that a fresh server with a call open on 1, one half-closed on 3 and one over on 5 answers to `bytes`, its
/// events and its fault.
fn server_on(bytes: &[u8]) -> (Vec<String>, Vec<Event>, Option<Fault>) {
    let mut server = Lone::new(Side::Server, Limits::default());
    server.feed(&raw(Kind::REQUEST, Flags::NONE, 1, &method(b"a.B/C"), b"")).unwrap();
    server.feed(&request(3, b"1")).unwrap();
    server.feed(&request(5, b"1")).unwrap();
    server.input(finish(5, Status::ok()));
    server.sent();
    server.events();
    let fault = server.feed(bytes).err();
    (frames(&server.sent()), server.events(), fault)
}

/// The same for a client that has called on 1 and 3, with 5 over.
fn client_on(bytes: &[u8]) -> (Vec<String>, Vec<Event>, Option<Fault>) {
    let mut client = Lone::new(Side::Client, Limits::default());
    for call in 1..=3 {
        client.input(streaming(call));
    }
    client.sent();
    client.feed(&raw(Kind::STATUS, Flags::NONE, 5, b"", &[0, 0, 0])).unwrap();
    client.events();
    let fault = client.feed(bytes).err();
    (frames(&client.sent()), client.events(), fault)
}

fn code_of(fault: Option<&Fault>) -> Option<Code> {
    fault.map(|fault| fault.code)
}

const KNOWN: [Kind; 10] = [
    Kind::HELLO,
    Kind::AUTH,
    Kind::PING,
    Kind::GOAWAY,
    Kind::WINDOW,
    Kind::REQUEST,
    Kind::DATA,
    Kind::STATUS,
    Kind::CANCEL,
    Kind::HEADERS,
];

proptest! {
    #[test]
    fn the_version_is_one_that_both_speak(min in 0..4_u8, max in 0..4_u8, flags in any::<u16>()) {
        let mut server = Lone::raw(Side::Server, Limits::default());
        let preface = [&MAGIC[..], &[min, max], &flags.to_be_bytes()].concat();
        let outcome = server.feed(&preface);
        if min <= 1 && 1 <= max {
            prop_assert!(outcome.is_ok());
            prop_assert_eq!(server.sent(), PREFACE.to_vec(), "the chosen version in both places, whatever the flags");
        } else {
            prop_assert_eq!(outcome.unwrap_err().code, Code::VERSION_MISMATCH);
            let sent = server.sent();
            prop_assert_eq!(frames(&sent), ["GOAWAY - 0"]);
            prop_assert_eq!(sent[0], 0, "no preface in front");
            prop_assert_eq!(&sent[20..22], &68_u16.to_be_bytes());
        }
    }

    #[test]
    fn what_is_no_preface_is_another_protocol(start in any::<[u8; 8]>(), side in prop::sample::select(vec![Side::Client, Side::Server])) {
        prop_assume!(start[..4] != MAGIC);
        // A client that hears a frame instead of a preface reads it: its server may speak no version of ours.
        prop_assume!(side == Side::Server || start[0] != 0);
        let mut lone = Lone::raw(side, Limits::default());
        let fault = lone.feed(&start).unwrap_err();
        prop_assert_eq!((fault.code, fault.offset), (Code::PROTOCOL_ERROR, 0));
    }

    #[test]
    fn lengths_are_judged_by_the_header_alone(
        max_frame in 16_384_usize..200_000,
        max_metadata in 16_384_usize..65_535,
        len in prop_oneof![0..300_000_u32, any::<u32>()],
        meta_len in any::<u16>(),
        kind in any::<u8>(),
        flags in any::<u8>(),
        stream in any::<u32>(),
    ) {
        let limits = Limits { max_frame, max_metadata, ..Limits::default() };
        let mut server = Lone::raw(Side::Server, limits.clone());
        let mut hello = Vec::new();
        tlv::put(&mut hello, 1, &(max_frame as u32).to_be_bytes());
        tlv::put(&mut hello, 3, &(max_metadata as u32).to_be_bytes());
        server.feed(&[PREFACE.to_vec(), raw(Kind::HELLO, Flags::NONE, 0, b"", &hello)].concat()).unwrap();
        server.sent();
        let [a, b] = meta_len.to_be_bytes();
        let header = [&len.to_be_bytes()[..], &[kind, flags, a, b], &stream.to_be_bytes(), &[0; 4]].concat();
        let outcome = server.feed(&header).err().map(|fault| fault.code);
        if u32::from(meta_len) > len {
            prop_assert_eq!(outcome, Some(Code::PROTOCOL_ERROR));
        } else if len - u32::from(meta_len) > max_frame as u32 || usize::from(meta_len) > max_metadata {
            prop_assert_eq!(outcome, Some(Code::FRAME_TOO_LARGE));
        } else if len > 0 {
            prop_assert_eq!(outcome, None, "the rest is waited for");
        }
    }

    #[test]
    fn calls_are_numbered_odd_and_rising(numbers in prop::collection::vec(prop_oneof![1..40_u32, any::<u32>()], 1..12)) {
        let mut server = Lone::new(Side::Server, Limits::default());
        let mut highest = 0;
        for number in numbers {
            let outcome = server.feed(&request(number, b"1")).err().map(|fault| fault.code);
            if number == 0 || number % 2 == 0 || number <= highest || number >= 1 << 31 {
                prop_assert_eq!(outcome, Some(Code::PROTOCOL_ERROR));
                return Ok(());
            }
            prop_assert_eq!(outcome, None);
            highest = number;
        }
    }

    #[test]
    fn a_checksum_covers_every_byte(at in any::<prop::sample::Index>(), bit in 0..8_u8, body in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut pair = ready(&Limits::default());
        pair.client(unary(1, body));
        pair.run();
        pair.server(message(1, "an answer"));
        pair.transmit(Side::Server, 1);
        let damaged = pair.damage(Side::Client, |bytes| {
            // Lengths are judged before the checksum: they say where it is.
            let places: Vec<usize> = (4..6).chain(8..bytes.len()).collect();
            bytes[places[at.index(places.len())]] ^= 1 << bit;
        });
        prop_assert!(damaged);
        pair.run();
        // Without CK, which may be the bit, the frame breaks another rule.
        let code = pair.client.fault.clone().map(|fault| fault.code);
        prop_assert!(matches!(code, Some(Code::CHECKSUM_MISMATCH | Code::PROTOCOL_ERROR)), "{code:?}");
        prop_assert_eq!(endings(&pair.client.take_events()).len(), 1);
    }

    #[test]
    fn without_the_flag_nobody_looks_at_the_checksum(check in any::<u32>()) {
        let mut server = Lone::new(Side::Server, Limits::default());
        let mut frame = request(1, b"1");
        frame[12..16].copy_from_slice(&check.to_be_bytes());
        prop_assert!(server.feed(&frame).is_ok());
        prop_assert_eq!(server.events().len(), 1);
    }

    #[test]
    fn flags_without_a_meaning_change_nothing(at in 0..9_usize, flags in any::<u8>()) {
        let (side, kind, stream, body): (_, _, _, &[u8]) = [
            (Side::Server, Kind::PING, 0, &[7; 8][..]),
            (Side::Server, Kind::WINDOW, 3, &[0, 0, 0, 1]),
            (Side::Server, Kind::CANCEL, 1, &[0, 2]),
            (Side::Server, Kind::GOAWAY, 0, &[0; 6]),
            (Side::Server, Kind::DATA, 1, b""),
            (Side::Client, Kind::STATUS, 1, &[0, 5, 1]),
            (Side::Client, Kind::HEADERS, 1, b""),
            (Side::Client, Kind::GOAWAY, 0, &[0, 0, 0, 1, 0, 0]),
            (Side::Client, Kind::PING, 0, &[9; 8]),
        ][at];
        let meaning = match kind {
            Kind::PING => Flags::CK.with(Flags::ACK),
            Kind::DATA => Flags::CK.with(Flags::END).with(Flags::MORE).with(Flags::COMP).with(Flags::MSG),
            _ => Flags::CK,
        };
        let meaningless = Flags(flags & !meaning.0);
        // DATA needs something to say.
        let base = if kind == Kind::DATA { Flags::END } else { Flags::NONE };
        let run = if side == Side::Server { server_on } else { client_on };
        let (with, without) = (raw(kind, base.with(meaningless), stream, b"", body), raw(kind, base, stream, b"", body));
        let (frames, events, fault) = run(&with);
        let expected = run(&without);
        prop_assert_eq!((frames, events, code_of(fault.as_ref())), (expected.0, expected.1, code_of(expected.2.as_ref())));
    }

    #[test]
    fn unknown_types_are_skipped_if_they_say_so(
        kind in any::<u8>(), flags in any::<u8>(), stream in any::<u32>(), body in prop::collection::vec(any::<u8>(), 0..40), client: bool,
    ) {
        prop_assume!(!KNOWN.contains(&Kind(kind)));
        let flags = Flags(flags & !Flags::CK.0);
        let run = if client { client_on } else { server_on };
        let (frames, events, fault) = run(&raw(Kind(kind), flags, stream, b"", &body));
        if flags.has(Flags::IGN) {
            prop_assert_eq!((frames, events, fault), (vec![], vec![], None));
        } else {
            prop_assert_eq!(code_of(fault.as_ref()), Some(Code::PROTOCOL_ERROR));
            prop_assert_eq!(frames, ["GOAWAY - 0"]);
        }
    }

    #[test]
    fn every_type_has_its_stream_its_side_and_its_size(at in 0..KNOWN.len(), stream in 0..8_u32, len in 0..12_usize, client: bool) {
        let kind = KNOWN[at];
        let (of_call, from_client, from_server) = match kind {
            Kind::HELLO | Kind::AUTH | Kind::PING | Kind::GOAWAY => (Some(false), true, true),
            Kind::WINDOW => (None, true, true),
            Kind::REQUEST | Kind::CANCEL => (Some(true), true, false),
            Kind::DATA => (Some(true), true, true),
            _ => (Some(true), false, true),
        };
        let sized = match kind {
            Kind::PING => len == 8,
            Kind::WINDOW => len == 4,
            Kind::CANCEL => len == 2,
            Kind::STATUS => len >= 3,
            Kind::GOAWAY => len >= 6,
            Kind::HEADERS => len == 0,
            _ => true,
        };
        let sent_here = if client { from_server } else { from_client };
        let body = vec![0; len];
        let flags = if matches!(kind, Kind::REQUEST | Kind::DATA) { Flags::MSG } else { Flags::NONE };
        let meta = if kind == Kind::REQUEST { method(b"a.B/C") } else { Vec::new() };
        let run = if client { client_on } else { server_on };
        let (_, _, fault) = run(&raw(kind, flags, stream, &meta, &body));
        let right = sent_here && sized && of_call.is_none_or(|of_call| of_call == (stream != 0));
        if !right || matches!(kind, Kind::HELLO | Kind::AUTH) {
            prop_assert_eq!(code_of(fault.as_ref()), Some(Code::PROTOCOL_ERROR));
        } else {
            // What else can be wrong: a call that was never opened, a number that does not rise, credit that is too much.
            let opened = stream % 2 == 1 && stream <= 5;
            let expected = match kind {
                Kind::REQUEST => (stream != 7).then_some(Code::PROTOCOL_ERROR),
                Kind::WINDOW if stream == 0 => Some(Code::FLOW_CONTROL_ERROR),
                Kind::WINDOW if !opened => Some(Code::PROTOCOL_ERROR),
                Kind::WINDOW => (stream != 5).then_some(Code::FLOW_CONTROL_ERROR),
                Kind::DATA if stream == 3 && !client => Some(Code::PROTOCOL_ERROR),
                Kind::DATA | Kind::CANCEL | Kind::STATUS | Kind::HEADERS => (!opened).then_some(Code::PROTOCOL_ERROR),
                _ => None,
            };
            prop_assert_eq!(code_of(fault.as_ref()), expected);
        }
    }

    #[test]
    fn of_several_wrongs_the_first_is_told(checksum: bool, kind: bool, stream: bool, meta: bool, body: bool) {
        let kind = if kind { Kind(0x66) } else { Kind::CANCEL };
        let metadata: &[u8] = if meta { &[1, 9] } else { b"" };
        let mut frame = raw(kind, Flags::NONE, u32::from(!stream), metadata, if body { b"123" } else { &[0, 1] });
        if checksum {
            frame[5] |= Flags::CK.0;
            frame[12..16].copy_from_slice(&[1; 4]);
        }
        let (_, _, fault) = server_on(&frame);
        let what = fault.map(|fault| fault.what).unwrap_or_default();
        let expected = match (checksum, kind, stream, meta, body) {
            (true, ..) => "frame with checksum",
            (_, Kind(0x66), ..) => "unknown type",
            (_, _, true, ..) => "CANCEL on stream 0",
            (_, _, _, true, _) => "metadata breaks off",
            (.., true) => "body of 3 bytes",
            _ => "",
        };
        prop_assert!(what.to_string().contains(expected) && what.is_empty() == expected.is_empty(), "{what} / {expected}");
    }

    #[test]
    fn a_message_arrives_whole_however_it_is_cut(
        message in prop::collection::vec(any::<u8>(), 0..200),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        between in prop::collection::vec(any::<bool>(), 8),
        end: bool,
    ) {
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(message.len() + 1)).collect();
        at.extend([0, message.len()]);
        at.sort_unstable();
        let parts: Vec<&[u8]> = at.windows(2).map(|range| &message[range[0]..range[1]]).collect();
        let mut server = Lone::new(Side::Server, Limits::default());
        let mut next = 3;
        for (number, part) in parts.iter().enumerate() {
            let last = number + 1 == parts.len();
            let flags = Flags::MSG.with_if(!last, Flags::MORE).with_if(last && end, Flags::END);
            let frame = if number == 0 {
                raw(Kind::REQUEST, flags, 1, &method(b"a.B/C"), part)
            } else {
                raw(Kind::DATA, flags, 1, b"", part)
            };
            server.feed(&frame).unwrap();
            // Frames of other calls, and of the connection, go between the parts.
            if between[number] {
                server.feed(&request(next, b"1")).unwrap();
                server.feed(&raw(Kind(0x21), Flags::IGN, 0, b"", b"?")).unwrap();
                next += 2;
            }
        }
        let arrived: Vec<Bytes> = (server.events().into_iter())
            .filter_map(|event| match event {
                Event::Request { stream: 1, message, .. } => message,
                Event::Message { call: CallId(1), message } => Some(message),
                _ => None,
            })
            .collect();
        prop_assert_eq!(arrived, [Bytes::from(message)]);
    }

    #[test]
    fn calls_above_the_last_accepted_one_are_not_processed(last in 0..14_u32, later in prop::option::of(0..14_u32)) {
        let mut client = Lone::new(Side::Client, Limits::default());
        for call in 1..=6 {
            client.input(unary(call, "1"));
        }
        client.sent();
        let goaway = |last: u32| raw(Kind::GOAWAY, Flags::NONE, 0, b"", &[&last.to_be_bytes()[..], &[0, 0]].concat());
        client.feed(&goaway(last)).unwrap();
        let lowest = later.map_or(last, |later| later.min(last));
        if let Some(later) = later {
            client.feed(&goaway(later)).unwrap();
        }
        let mut ended = endings(&client.events());
        ended.sort_unstable();
        // Call n is on stream 2n - 1.
        let expected: Vec<_> = (1..=6_u64).filter(|call| 2 * call - 1 > u64::from(lowest)).map(|call| (call, Code::UNAVAILABLE, true)).collect();
        prop_assert_eq!(ended, expected);
        for call in (1..=6_u32).filter(|call| 2 * call - 1 <= lowest) {
            client.feed(&raw(Kind::STATUS, Flags::NONE, 2 * call - 1, b"", &[0, 0, 0])).unwrap();
            prop_assert_eq!(endings(&client.events()), [(u64::from(call), Code::OK, false)]);
        }
    }

    #[test]
    fn pings_that_come_too_soon_are_strikes(gaps in prop::collection::vec(0..20_000_u64, 1..12)) {
        let mut server = Lone::new(Side::Server, Limits::default());
        let mut strikes = 0;
        for (number, gap) in gaps.into_iter().enumerate() {
            server.now = server.now + Duration::from_millis(gap);
            strikes = if number > 0 && gap < 10_000 { strikes + 1 } else { 0 };
            let token = [number as u8; 8];
            let outcome = server.feed(&raw(Kind::PING, Flags::NONE, 0, b"", &token)).err();
            if strikes == 2 {
                prop_assert_eq!(code_of(outcome.as_ref()), Some(Code::ENHANCE_YOUR_CALM));
                return Ok(());
            }
            prop_assert_eq!(outcome, None);
            let answer = cut(&server.sent());
            prop_assert_eq!(answer.len(), 1, "a first strike is answered all the same");
            prop_assert_eq!((answer[0].header.flags, answer[0].body()), (Flags::ACK, &token[..]));
        }
    }

    #[test]
    fn a_handshake_that_breaks_off_anywhere_is_given_up(at in 1..31_usize) {
        let whole = [PREFACE.to_vec(), raw(Kind::HELLO, Flags::NONE, 0, b"", &[11, 5, b'h', b'e', b'l', b'l', b'o'])].concat();
        prop_assert_eq!(whole.len(), 31);
        let mut server = Lone::raw(Side::Server, Limits::default());
        let since = server.now;
        server.feed(&whole[..at]).unwrap();
        server.sent();
        let fault = server.fire().unwrap_err();
        prop_assert_eq!((fault.code, server.now.since(since)), (Code::HANDSHAKE_TIMEOUT, Duration::from_secs(5)));
        prop_assert_eq!(frames(&server.sent()), ["GOAWAY - 0"]);
    }

    #[test]
    fn a_code_that_nobody_named_comes_through(code in any::<u16>(), not_processed: bool) {
        let mut client = Lone::new(Side::Client, Limits::default());
        client.input(unary(1, "1"));
        client.sent();
        let [a, b] = code.to_be_bytes();
        client.feed(&raw(Kind::STATUS, Flags::NONE, 1, b"", &[a, b, u8::from(not_processed)])).unwrap();
        prop_assert_eq!(endings(&client.events()), [(1, Code(code), not_processed)], "the bit is independent of the code");
    }

    #[test]
    fn metadata_reads_the_same_among_strangers(
        ids in prop::collection::vec(any::<u8>(), 0..5),
        noise in prop::collection::vec(any::<u8>(), 0..30),
        at in any::<prop::sample::Index>(),
        timeout in any::<u64>(),
    ) {
        let mut varint = Vec::new();
        let mut rest = timeout;
        while rest >= 0x80 {
            varint.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        varint.push(rest as u8);
        let mut entries = vec![(1, b"wrong".to_vec()), (1, b"a.B/C".to_vec()), (3, vec![0]), (3, varint), (255, b"\x01kv1".to_vec()), (255, b"\x01kv2".to_vec())];
        // Ids that nobody knows, anywhere: they change nothing.
        for id in ids.into_iter().filter(|id| (17..255).contains(id)) {
            entries.insert(at.index(entries.len() + 1), (id, noise.clone()));
        }
        let mut meta = Vec::new();
        for (id, value) in entries {
            tlv::put(&mut meta, id, &value);
        }
        let mut server = Lone::new(Side::Server, Limits::default());
        server.feed(&raw(Kind::REQUEST, Flags::MSG.with(Flags::END), 1, &meta, b"1")).unwrap();
        let [Event::Request { head, .. }] = array(server.events()) else { panic!() };
        prop_assert_eq!(&head.method, "a.B/C", "the last counts");
        prop_assert_eq!(head.timeout, Some(Duration::from_micros(timeout)));
        let pairs: Metadata = [("k", "v1"), ("k", "v2")].into_iter().collect();
        prop_assert_eq!(&head.metadata, &pairs);
    }

    #[test]
    fn every_entry_of_metadata_has_its_form(id: u8, value in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..30),
        prop::collection::vec(32..127_u8, 0..30),
        Just(vec![0; 25]),
    ]) {
        let varint = || value.iter().position(|byte| *byte < 0x80).is_some_and(|last| {
            last + 1 == value.len() && (last < 9 || (last == 9 && value[9] <= 1))
        });
        let text = || std::str::from_utf8(&value).is_ok();
        let right = match id {
            1 | 2 | 5 | 12 | 14 => text(),
            3 => varint(),
            4 => value.len() == 25,
            6 | 7 | 9 | 16 => value.len() == 1,
            11 => value.len() == 4,
            15 => value.len() == 8,
            255 => value.first().is_some_and(|len| {
                // Longer keys than these values are have lengths of two bytes.
                (1..0x80).contains(len) && value.get(1..=usize::from(*len)).is_some_and(|key| std::str::from_utf8(key).is_ok())
            }),
            _ => true,
        };
        let mut meta = method(b"a.B/C");
        tlv::put(&mut meta, id, &value);
        let mut server = Lone::new(Side::Server, Limits::default());
        server.feed(&raw(Kind::REQUEST, Flags::MSG.with(Flags::END), 1, &meta, b"1")).unwrap();
        let sent = cut(&server.sent());
        let code = sent.first().map(|frame| (u16::from(frame.body()[1]), frame.body()[2]));
        match id {
            _ if !right => prop_assert_eq!(code, Some((3, 1)), "INVALID_ARGUMENT, not processed"),
            // A codec or a compression that was not agreed.
            6 if value != [1] => prop_assert_eq!(code, Some((12, 1))),
            16 if value != [0] => prop_assert_eq!(code, Some((12, 1))),
            _ => prop_assert_eq!((code, server.events().len()), (None, 1)),
        }
        // Anywhere else it is the end of the connection.
        let (_, _, fault) = client_on(&raw(Kind::STATUS, Flags::NONE, 1, &meta[method(b"a.B/C").len()..], &[0; 3]));
        prop_assert_eq!(code_of(fault.as_ref()), (!right).then_some(Code::PROTOCOL_ERROR));
    }

    #[test]
    fn every_entry_of_hello_has_its_form(id: u8, value in prop::collection::vec(any::<u8>(), 0..8), rest in 0..3_usize) {
        let right = match id {
            1..=6 | 10 => value.len() == 4,
            11 | 12 => std::str::from_utf8(&value).is_ok(),
            _ => true,
        };
        let mut hello = Vec::new();
        tlv::put(&mut hello, id, &value);
        // A length that ends behind the body.
        hello.extend([&[][..], &[200, 9], &[200, 0x80]][rest]);
        let mut server = Lone::raw(Side::Server, Limits::default());
        let outcome = server.feed(&[PREFACE.to_vec(), raw(Kind::HELLO, Flags::NONE, 0, b"", &hello)].concat());
        if right && rest == 0 {
            prop_assert!(outcome.is_ok(), "{outcome:?}");
            let [Event::Ready(agreement)] = array(server.events()) else { panic!() };
            if id == 4 {
                let wanted = u32::from_be_bytes(value.try_into().unwrap());
                prop_assert_eq!(agreement.max_streams, wanted.clamp(16, 1024), "between the floor and ours");
            }
        } else {
            prop_assert_eq!(outcome.unwrap_err().code, Code::PROTOCOL_ERROR);
        }
    }
}
