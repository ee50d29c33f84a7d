//! `callscope`: a window without a subcommand, the same engine headless with one.

use std::process::ExitCode;

#[cfg(feature = "shell")]
fn main() -> ExitCode {
    callscope::cli::main()
}

#[cfg(not(feature = "shell"))]
fn main() -> ExitCode {
    ExitCode::SUCCESS
}
