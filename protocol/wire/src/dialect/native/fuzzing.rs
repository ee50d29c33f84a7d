//! What only this folder can decode, for `crate::fuzzing`.

use bytes::BytesMut;

use super::hello::{Agreed, Hello};
use super::meta;
use crate::{Code, Limits};

/// A HELLO's body: what is read comes back, and both sides agree on the same.
pub fn hello(bytes: &[u8]) {
    let Ok(theirs) = Hello::decode(bytes) else { return };
    assert_eq!(Hello::decode(&theirs.encode()).as_ref(), Ok(&theirs));
    let ours = Hello::ours(&Limits::default(), false, "");
    assert_eq!(Agreed::new(&ours, &theirs), Agreed::new(&theirs, &ours));
}

/// Metadata, read as each frame's: what is read comes back.
pub fn metadata(bytes: &[u8]) {
    let fine = meta::check_all(bytes).is_ok();
    let request = meta::read_request(bytes);
    assert!(fine || request.is_err(), "what cannot be read is no request's");
    if let Ok(request) = request {
        let mut written = BytesMut::new();
        meta::put_request(&mut written, &request.head, request.head.timeout);
        let again = meta::read_request(&written).map(|request| request.head);
        assert_eq!(again.as_ref(), Ok(&request.head));
    }
    if let Ok(status) = meta::read_status(bytes, Code::OK, 0) {
        let mut written = BytesMut::new();
        meta::put_status(&mut written, &status);
        assert_eq!(meta::read_status(&written, Code::OK, 0).as_ref(), Ok(&status));
    }
    drop(meta::read_pairs(bytes));
}
