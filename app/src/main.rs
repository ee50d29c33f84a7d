//! `callscope`: a window without a subcommand, the same engine headless with one.

use std::process::ExitCode;

fn main() -> ExitCode {
    callscope::cli::main()
}
