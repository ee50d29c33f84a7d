//! Whom a certificate is for: the subject out of its DER, as people write it.
//!
//! Only as much of X.509 is read as that takes; certificates come here after they were verified. Text that is no
//! certificate gives what could be read, never an error. Knows nothing of TLS.

/// Object identifiers of the parts of a name, and how they are written.
const PARTS: &[(&[u8], &str)] = &[
    (&[0x55, 0x04, 0x03], "CN"),
    (&[0x55, 0x04, 0x0a], "O"),
    (&[0x55, 0x04, 0x0b], "OU"),
    (&[0x55, 0x04, 0x07], "L"),
    (&[0x55, 0x04, 0x08], "ST"),
    (&[0x55, 0x04, 0x06], "C"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01], "UID"),
];

/// Tags of DER that matter here.
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT: u8 = 0x06;
const VERSION: u8 = 0xa0;

/// `CN=orders-client, O=Shop`, in the certificate's order; empty where there is no name that can be read.
pub(super) fn of(certificate: &[u8]) -> String {
    let Some(name) = subject(certificate) else { return String::new() };
    let mut parts = Vec::new();
    let mut rest = name;
    while let Some((SET, set, behind)) = next(rest) {
        rest = behind;
        let mut pairs = set;
        while let Some((SEQUENCE, pair, behind)) = next(pairs) {
            pairs = behind;
            let Some((OBJECT, id, value)) = next(pair) else { continue };
            let Some((_, text, _)) = next(value) else { continue };
            let Some((_, word)) = PARTS.iter().find(|(known, _)| *known == id) else { continue };
            parts.push(format!("{word}={}", String::from_utf8_lossy(text)));
        }
    }
    parts.join(", ")
}

/// The contents of the subject: certificate → what is signed → version?, serial, algorithm, issuer, validity, subject.
fn subject(certificate: &[u8]) -> Option<&[u8]> {
    let (_, certificate, _) = next(certificate)?;
    let (_, signed, _) = next(certificate)?;
    let (tag, _, behind) = next(signed)?;
    let mut rest = if tag == VERSION { behind } else { signed };
    for _serial_algorithm_issuer_validity in 0..4 {
        (_, _, rest) = next(rest)?;
    }
    next(rest).map(|(_, name, _)| name)
}

/// Tag, contents, and what is behind them. Lengths of more than four bytes no certificate has.
fn next(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (len, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        let (bytes, rest) = rest.split_at_checked(count).filter(|_| count <= 4)?;
        (bytes.iter().fold(0, |len, byte| len << 8 | usize::from(*byte)), rest)
    };
    let (contents, behind) = rest.split_at_checked(len)?;
    Some((*tag, contents, behind))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    #[test]
    fn the_name_is_read_as_people_write_it() {
        let mut params = CertificateParams::new(["client.test".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "orders-client");
        params.distinguished_name.push(DnType::OrganizationName, "商店");
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        assert_eq!(of(certificate.der()), "CN=orders-client, O=商店");
    }

    #[test]
    fn what_is_no_certificate_has_no_name() {
        for der in [&[][..], &[0x30], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30, 0x02, 0x30, 0x00], b"PEM?"] {
            assert_eq!(of(der), "");
        }
        proptest::proptest!(|(bytes: Vec<u8>)| { of(&bytes); });
    }
}
