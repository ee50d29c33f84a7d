//! `callscope completions`: the completion script of a shell.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Outcome, print};

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  callscope completions bash > ~/.local/share/bash-completion/completions/callscope")]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

#[expect(clippy::unnecessary_wraps, reason = "the same shape as the other subcommands")]
pub(super) fn run(arguments: &Arguments) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "callscope", &mut script);
    print::raw(&script);
    Ok(())
}
