//! Codecs against the libraries that everybody uses, and against bytes that nobody should send.

use hex_literal::hex;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::schema::{Field, Schema, TypeDef, TypeKind, TypeRef};

fn decoded(codec: Codec, bytes: &[u8]) -> String {
    match codec.decode(bytes) {
        Ok(value) => value.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_message_in_msgpack_is_as_its_specification_has_it() {
    let value = json!({"sku": "A1", "qty": 2, "tags": ["x", null, true], "price": -1.5, "left": -33});
    let bytes = hex!(
        "85 a3736b75 a24131 a3717479 02 a474616773 93 a178 c0 c3 a57072696365 cb bff8000000000000 a46c656674 d0 df"
    );
    assert_eq!(Codec::Msgpack.encode(&value, Typed::UNKNOWN), bytes);
    assert_eq!(Codec::Msgpack.decode(&bytes).unwrap(), value);
}

#[test]
fn a_message_in_cbor_is_as_its_specification_has_it() {
    let value = json!({"sku": "A1", "qty": 2, "tags": ["x", null, true], "price": -1.5, "left": -33});
    let bytes = hex!(
        "a5 63736b75 624131 63717479 02 6474616773 83 6178 f6 f5 657072696365 fb bff8000000000000 646c656674 38 20"
    );
    assert_eq!(Codec::Cbor.encode(&value, Typed::UNKNOWN), bytes);
    assert_eq!(Codec::Cbor.decode(&bytes).unwrap(), value);
}

/// The examples of RFC 8949, appendix A, as far as they are values of messages.
#[test]
fn the_examples_of_the_cbor_specification_are_read() {
    for (bytes, value) in [
        (&hex!("1bffffffffffffffff")[..], "18446744073709551615"),
        (&hex!("3863"), "-100"),
        (&hex!("3b7fffffffffffffff"), "-9223372036854775808"),
        (&hex!("3bffffffffffffffff"), "a number below -2^63 at offset 0 is no value of a message"),
        (&hex!("f93c00"), "1.0"),
        (&hex!("f97bff"), "65504.0"),
        (&hex!("f90001"), "5.960464477539063e-8"),
        (&hex!("f9c400"), "-4.0"),
        (&hex!("fa47c35000"), "100000.0"),
        (&hex!("f97c00"), "\"Infinity\""),
        (&hex!("f97e00"), "\"NaN\""),
        (&hex!("f9fc00"), "\"-Infinity\""),
        (&hex!("f7"), "null"),
        (&hex!("c074323031332d30332d32315432303a30343a30305a"), "\"2013-03-21T20:04:00Z\""),
        (&hex!("4401020304"), "\"AQIDBA==\""),
        (&hex!("5f42010243030405ff"), "\"AQIDBAU=\""),
        (&hex!("7f657374726561646d696e67ff"), "\"streaming\""),
        (&hex!("9f018202039f0405ffff"), "[1,[2,3],[4,5]]"),
        (&hex!("bf61610161629f0203ffff"), "{\"a\":1,\"b\":[2,3]}"),
        (&hex!("826161bf61626163ff"), "[\"a\",{\"b\":\"c\"}]"),
        (&hex!("f0"), "a simple value at offset 0 is no value of a message"),
        (&hex!("f818"), "the byte 0xf8 at offset 0 begins nothing"),
        (&hex!("a201020304"), "a key at offset 1 is no text"),
    ] {
        assert_eq!(decoded(Codec::Cbor, bytes), value, "{bytes:02x?}");
    }
}

#[test]
fn what_is_no_message_is_named_with_its_place() {
    for (codec, bytes, message) in [
        (Codec::Msgpack, &hex!("82a16101")[..], "needs 1 more bytes at offset 4, has 0"),
        (Codec::Msgpack, &hex!("c6ffffffff00"), "needs 4294967295 more bytes at offset 5, has 1"),
        (Codec::Msgpack, &hex!("ddffffffffc0"), "needs 1 more bytes at offset 6, has 0"),
        (Codec::Msgpack, &hex!("81c1"), "the byte 0xc1 at offset 1 begins nothing"),
        (Codec::Msgpack, &hex!("81a1ff00"), "the text at offset 2 is not utf-8"),
        (Codec::Msgpack, &hex!("810100"), "a key at offset 1 is no text"),
        (Codec::Msgpack, &hex!("d6ff00000000"), "an extension type at offset 0 is no value of a message"),
        (Codec::Msgpack, &hex!("80c0"), "1 bytes follow the message at offset 1"),
        (Codec::Msgpack, b"", "needs 1 more bytes at offset 0, has 0"),
        (Codec::Cbor, &hex!("9bffffffffffffffff00"), "needs 1 more bytes at offset 10, has 0"),
        (Codec::Cbor, &hex!("5bffffffffffffffff"), "needs 18446744073709551615 more bytes at offset 9, has 0"),
        (Codec::Cbor, &hex!("1c"), "the byte 0x1c at offset 0 begins nothing"),
        (Codec::Cbor, &hex!("ff"), "a break at offset 0 is no value of a message"),
        (Codec::Cbor, &hex!("8201ff"), "a break at offset 2 is no value of a message"),
        (Codec::Cbor, &hex!("5f6161ff"), "a piece of another kind at offset 1 is no value of a message"),
        (Codec::Cbor, &hex!("62c328"), "the text at offset 1 is not utf-8"),
    ] {
        assert_eq!(decoded(codec, bytes), message, "{bytes:02x?}");
    }
}

#[test]
fn the_last_of_two_equal_keys_counts() {
    assert_eq!(decoded(Codec::Msgpack, &hex!("82 a161 01 a161 02")), "{\"a\":2}");
    assert_eq!(decoded(Codec::Cbor, &hex!("a2 6161 01 6161 02")), "{\"a\":2}");
    assert_eq!(decoded(Codec::Json, b"{\"a\":1,\"a\":2}"), "{\"a\":2}");
}

/// Wider than need be, as some libraries write them.
#[test]
fn any_form_of_a_number_is_read() {
    for bytes in [
        &hex!("07")[..],
        &hex!("cc07"),
        &hex!("cd0007"),
        &hex!("ce00000007"),
        &hex!("cf0000000000000007"),
        &hex!("d007"),
        &hex!("d30000000000000007"),
        &hex!("d200000007"),
        &hex!("d10007"),
    ] {
        assert_eq!(decoded(Codec::Msgpack, bytes), "7", "{bytes:02x?}");
    }
    for bytes in [&hex!("d3fffffffffffffff9")[..], &hex!("d2fffffff9"), &hex!("d1fff9"), &hex!("d0f9"), &hex!("f9")] {
        assert_eq!(decoded(Codec::Msgpack, bytes), "-7", "{bytes:02x?}");
    }
    assert_eq!(decoded(Codec::Msgpack, &hex!("ca3fc00000")), "1.5");
    for bytes in [&hex!("07")[..], &hex!("1807"), &hex!("190007"), &hex!("1a00000007"), &hex!("1b0000000000000007")] {
        assert_eq!(decoded(Codec::Cbor, bytes), "7", "{bytes:02x?}");
    }
    assert_eq!(decoded(Codec::Cbor, &hex!("fa3fc00000")), "1.5");
    assert_eq!(decoded(Codec::Cbor, &hex!("7a00000001 61")), "\"a\"");
}

#[test]
fn the_deepest_message_is_as_deep_as_in_json() {
    for (codec, open, nothing) in [(Codec::Msgpack, 0x91, 0xc0), (Codec::Cbor, 0x81, 0xf6)] {
        let deep = |levels: usize| [vec![open; levels], vec![nothing]].concat();
        assert!(codec.decode(&deep(MAX_DEPTH)).is_ok());
        let error = codec.decode(&deep(100_000)).unwrap_err().to_string();
        assert_eq!(error, "nested deeper than 127 levels at offset 127");
    }
    assert!(Codec::Json.decode(format!("{}{}", "[".repeat(127), "]".repeat(127)).as_bytes()).is_ok());
    assert!(Codec::Json.decode(format!("{}{}", "[".repeat(128), "]".repeat(128)).as_bytes()).is_err());
}

#[test]
fn what_the_schema_calls_bytes_is_bytes_on_the_wire() {
    let field = |name: &str, type_ref| Field { name: name.into(), type_ref, ..Field::default() };
    let named = || TypeRef::Named("a.Chunk".into());
    let fields = vec![
        field("data", TypeRef::Bytes),
        field("name", TypeRef::String),
        field("more", TypeRef::List(Box::new(named()))),
        field("by_name", TypeRef::Map(Box::new(TypeRef::Bytes))),
    ];
    let def = TypeDef { name: "a.Chunk".into(), docs: String::new(), kind: TypeKind::Record(fields) };
    let schema = Schema { types: vec![def], ..Schema::default() };
    let value = json!({"data": "AP8=", "name": "AP8=", "more": [{"data": "-_8"}], "by_name": {"k": "no base64!"}});
    let chunk = named();
    let typed = Typed::new(&schema, &chunk);
    let bytes = Codec::Msgpack.encode(&value, typed);
    assert_eq!(
        bytes,
        hex!(
            "84 a464617461 c402 00ff a46e616d65 a44150383d a46d6f7265 91 81 a464617461 c402 fbff"
            "a762795f6e616d65 81 a16b aa 6e6f2062617365363421"
        )
    );
    let back = json!({"data": "AP8=", "name": "AP8=", "more": [{"data": "+/8="}], "by_name": {"k": "no base64!"}});
    assert_eq!(Codec::Msgpack.decode(&bytes).unwrap(), back);
    assert_eq!(Codec::Cbor.decode(&Codec::Cbor.encode(&value, typed)).unwrap(), back);
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-300_i64..300).prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no such number", |n| n.is_finite()).prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        "a{250,260}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 60, 20, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..20).prop_map(Value::from),
            proptest::collection::btree_map(".{0,10}", inner, 0..20)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// As the CBOR library writes it: for it nothing is a list without items.
fn nulls_as_lists(value: Value) -> Value {
    match value {
        Value::Null => Value::Array(Vec::new()),
        Value::Array(items) => items.into_iter().map(nulls_as_lists).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, nulls_as_lists(value))).collect(),
        other => other,
    }
}

proptest! {
    #[test]
    fn msgpack_agrees_with_its_library(value in values()) {
        let ours = Codec::Msgpack.encode(&value, Typed::UNKNOWN);
        prop_assert_eq!(&ours, &rmp_serde::to_vec(&value).unwrap());
        prop_assert_eq!(&Codec::Msgpack.decode(&ours).unwrap(), &value);
        prop_assert_eq!(&rmp_serde::from_slice::<Value>(&ours).unwrap(), &value);
    }

    #[test]
    fn cbor_agrees_with_its_library(value in values()) {
        let ours = Codec::Cbor.encode(&value, Typed::UNKNOWN);
        let theirs = cbor4ii::serde::to_vec(Vec::new(), &value).unwrap();
        prop_assert_eq!(Codec::Cbor.decode(&theirs).unwrap(), nulls_as_lists(value.clone()));
        prop_assert_eq!(&Codec::Cbor.decode(&ours).unwrap(), &value);
        prop_assert_eq!(&cbor4ii::serde::from_slice::<Value>(&ours).unwrap(), &value);
    }

    /// Never a panic, and never a value where the library sees none.
    #[test]
    fn arbitrary_bytes_are_read_as_the_libraries_read_them(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(ours) = Codec::Msgpack.decode(&bytes)
            && let Ok(theirs) = rmp_serde::from_slice::<Value>(&bytes)
        {
            prop_assert_eq!(ours, theirs);
        }
        let _read = Codec::Cbor.decode(&bytes);
        for codec in [Codec::Msgpack, Codec::Cbor] {
            let mut items = codec.items(&bytes).unwrap();
            while items.next().is_ok() {}
        }
    }
}
