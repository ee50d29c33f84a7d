//! Round trips, bombs and damage.

use hex_literal::hex;
use proptest::prelude::*;

use super::*;

const BOTH: [Compression; 2] = [Compression::Lz4, Compression::Zstd];

fn text(len: usize) -> Vec<u8> {
    br#"{"sku":"A1","qty":2},"#.iter().copied().cycle().take(len).collect()
}

#[test]
fn only_what_becomes_shorter_is_compressed() {
    for compression in BOTH {
        assert_eq!(compression.pack(&text(WORTHWHILE - 1)), None);
        let packed = compression.pack(&text(WORTHWHILE)).unwrap();
        assert!(packed.len() < 100, "{}", packed.len());
        assert_eq!(compression.unpack(&packed, WORTHWHILE).unwrap(), text(WORTHWHILE));
        let mut noise = vec![0_u32; 500];
        noise.iter_mut().zip(1_u32..).for_each(|(word, n)| *word = n.wrapping_mul(n).wrapping_mul(0x9e37_79b9));
        let noise: Vec<u8> = noise.iter().flat_map(|word| crc32c::crc32c(&word.to_be_bytes()).to_be_bytes()).collect();
        assert_eq!(compression.pack(&noise), None);
    }
    assert_eq!(Compression::None.pack(&text(10_000)), None);
}

#[test]
fn a_bomb_ends_at_the_limit() {
    for compression in BOTH {
        let packed = compression.pack(&vec![b' '; 32 << 20]).unwrap();
        assert!(packed.len() < 200_000);
        for limit in [0, 1000, (32 << 20) - 1] {
            assert_eq!(compression.unpack(&packed, limit), Err(UnpackError::TooLong { limit }));
        }
        assert_eq!(compression.unpack(&packed, 32 << 20).unwrap().len(), 32 << 20);
    }
}

#[test]
fn what_is_said_is_not_believed() {
    // 4 GiB - 1 in nine bytes; 4 MiB in nine bytes, which a message may have.
    let lz4 = |packed: &[u8]| Compression::Lz4.unpack(packed, 4 << 20).unwrap_err().to_string();
    assert_eq!(lz4(&hex!("ffffffff 10 61 0000 00")), "it is longer than 4194304 bytes decompressed");
    assert_eq!(lz4(&hex!("00400000 10 61 0000 00")), "a length that so few bytes cannot make at offset 0");
    assert_eq!(lz4(&hex!("0000")), "it breaks off at offset 2");
    assert_eq!(lz4(&hex!("00000002 10 61")), "it says that it is 2 bytes long, and is 1");
    assert_eq!(lz4(&hex!("00000001 20 61 62")), "more bytes than it says at offset 4");
    assert_eq!(lz4(&hex!("00000010 10 61 0200 50 00 0000")), "a match that begins before the message at offset 6");
    assert_eq!(lz4(&hex!("00000010 f0 ff")), "it breaks off at offset 6");
    // A frame that says that its window is 2 GiB, and nothing of its content's length.
    let zstd = |packed: &[u8]| Compression::Zstd.unpack(packed, 4 << 20).unwrap_err().to_string();
    assert_eq!(zstd(&hex!("28b52ffd 00 a8 010000")), "a damaged frame, or a window above 8 MiB at offset 0");
    assert_eq!(zstd(b"{\"a\":1}"), "no Zstandard frame at offset 0");
    assert_eq!(zstd(&hex!("28b52ffd 04 00")), "it breaks off at offset 6");
}

#[test]
fn a_zstd_frame_that_does_not_say_its_length_is_read_too() {
    let mut packed = Vec::new();
    let mut encoder = zstd_of(&mut packed);
    std::io::Write::write_all(&mut encoder, &text(3 << 20)).unwrap();
    encoder.finish().unwrap();
    assert_eq!(Compression::Zstd.unpack(&packed, 3 << 20).unwrap(), text(3 << 20));
    let limit = (3 << 20) - 1;
    assert_eq!(Compression::Zstd.unpack(&packed, limit), Err(UnpackError::TooLong { limit }));
    let behind = [packed.clone(), packed.clone()].concat();
    let error = Compression::Zstd.unpack(&behind, 8 << 20).unwrap_err();
    assert_eq!(error, UnpackError::Broken { offset: packed.len(), what: "more behind the end of the frame" });
}

fn zstd_of(out: &mut Vec<u8>) -> ::zstd::stream::write::Encoder<'static, &mut Vec<u8>> {
    ::zstd::stream::write::Encoder::new(out, 3).unwrap()
}

proptest! {
    #[test]
    fn what_was_packed_is_unpacked(seed in proptest::collection::vec(any::<u8>(), 1..200), len in 1024_usize..20_000) {
        let message: Vec<u8> = seed.iter().copied().cycle().take(len).collect();
        for compression in BOTH {
            if let Some(packed) = compression.pack(&message) {
                prop_assert_eq!(compression.unpack(&packed, len).unwrap(), message.clone());
                prop_assert_eq!(compression.unpack(&packed, len - 1), Err(UnpackError::TooLong { limit: len - 1 }));
            }
        }
    }

    /// Never a panic, never more than the limit, and a block cut short never a message.
    #[test]
    fn damage_is_noticed_or_harmless(at in 0_usize..120, byte: u8, cut in 0_usize..120) {
        for compression in BOTH {
            let packed = compression.pack(&text(2000)).unwrap();
            let mut damaged = packed.to_vec();
            let index = at % damaged.len();
            damaged[index] ^= byte;
            if let Ok(message) = compression.unpack(&damaged, 4000) {
                prop_assert!(message.len() <= 4000);
            }
            let short = &packed[..cut % packed.len()];
            prop_assert!(compression.unpack(short, 4000).is_err());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        for compression in BOTH {
            let _read = compression.unpack(&bytes, 1 << 20);
            let behind_magic = [&hex!("28b52ffd")[..], &bytes].concat();
            let _read = compression.unpack(&behind_magic, 1 << 20);
        }
    }
}
