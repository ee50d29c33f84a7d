//! The built program, run as a user runs it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The program beside the tests: `target/debug/callscope`.
///
/// # Panics
/// When it was not built.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let folder = test.parent().and_then(Path::parent).expect("tests lie in target/<profile>/deps");
    let binary = folder.join(format!("callscope{}", std::env::consts::EXE_SUFFIX));
    assert!(binary.exists(), "{} is missing: run `cargo build` first", binary.display());
    binary
}

/// Runs the program to its end.
///
/// # Panics
/// When it cannot be run.
pub fn callscope(args: &[&str]) -> Output {
    Command::new(binary()).args(args).stdin(Stdio::null()).output().expect("the program runs")
}

/// Runs the program to its end, with this on its standard input.
///
/// # Panics
/// When it cannot be run.
pub fn callscope_with_input(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(binary())
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    child.stdin.take().expect("it has an input").write_all(input.as_bytes()).expect("it reads its input");
    child.wait_with_output().expect("it ends")
}

/// What it printed on standard output.
///
/// # Panics
/// When that is no UTF-8.
pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// What it printed on standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// `callscope serve` on a free port; ended when dropped.
pub struct Served {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub addr: String,
}

impl Served {
    /// Starts it and waits until it says that it listens.
    ///
    /// # Panics
    /// When it does not.
    pub fn start(args: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", args)
    }

    /// The same on a port that was used before.
    ///
    /// # Panics
    /// When it does not.
    pub fn start_at(listen: &str, args: &[&str]) -> Self {
        let mut command = Command::new(binary());
        command.args(["serve", "--listen", listen]).args(args);
        Self::of(command)
    }

    /// The same by another command, which sets limits first.
    ///
    /// # Panics
    /// When it does not.
    pub fn of(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let out = child.stdout.take().expect("it has an output");
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).expect("it says something");
        let addr = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("it said {line:?}")).to_owned();
        Self { child, addr }
    }

    /// An address of it: `native://127.0.0.1:PORT`.
    pub fn at(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.addr)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may be gone already; the wait then gives its status.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
