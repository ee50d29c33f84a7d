//! The native protocol, spoken by a client in Python that was written from `protocol/README.md` alone.

use std::path::Path;
use std::process::Command;

use callscope_tests::program::Served;

#[test]
fn a_client_written_from_the_text_alone_runs_every_shape() {
    let server = Served::start(&["--steady"]);
    let (host, port) = server.addr.rsplit_once(':').unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/native_client.py");
    let output = Command::new("python3").arg(script).args([host, port]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    assert!(out.contains("checks passed"), "{out}");
}
