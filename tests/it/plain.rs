//! The plain dialect, as twenty lines of Python write it.

use std::process::Command;

use callscope_tests::program::Served;

/// One JSON object, no terminator, no half-close, read to the end.
const TWENTY_LINES: &str = r#"
import json, socket, sys

host, port = sys.argv[1].rsplit(":", 1)
with socket.create_connection((host, int(port)), timeout=10) as connection:
    connection.sendall(json.dumps({"method": "add", "args": [1, 2]}).encode())
    answer = b""
    while chunk := connection.recv(4096):
        answer += chunk
print(json.loads(answer)["result"])
"#;

#[test]
fn twenty_lines_of_python_add_one_and_two() {
    let server = Served::start(&[]);
    let output = Command::new("python3").args(["-c", TWENTY_LINES, &server.addr]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "3\n", "{}", String::from_utf8_lossy(&output.stderr));
}
