//! The command line: the same engine without a window. One file per subcommand.
//!
//! Messages of the answer go to stdout, everything for people to stderr. Exit status: 0 fine · 1 the call ended
//! with a status other than OK · 2 the arguments or a file are wrong · 3 no connection could be made or it broke ·
//! 130 cancelled.

mod call;
mod completions;
mod connect;
mod describe;
mod list;
mod print;
mod serve;
mod tree;
mod window;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The desktop debugger for RPC. Without a subcommand it opens the window.
#[derive(Debug, Parser)]
#[command(name = "callscope", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    /// Workspace folder, or a saved call, to open in the window
    workspace: Option<PathBuf>,

    #[command(subcommand)]
    command: Option<Sub>,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// Make a call and print its answer
    Call(call::Arguments),
    /// List services, or the methods of one
    List(list::Arguments),
    /// Show a service, method or type as its IDL would write it
    Describe(describe::Arguments),
    /// Serve the demo services and a registry
    Serve(serve::Arguments),
    /// Print the completion script of a shell
    Completions(completions::Arguments),
}

/// Why a subcommand did not go well, as an exit status. What there is to say was said on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// The call ended with a status other than OK.
    Status = 1,
    /// The arguments, a file or a schema are wrong.
    Input = 2,
    /// No connection could be made, or it broke.
    Connection = 3,
    /// Ctrl+C.
    Cancelled = 130,
}

type Outcome = Result<(), Failure>;

/// Runs the program.
pub fn main() -> ExitCode {
    start_log();
    let outcome = match Arguments::parse() {
        Arguments { command: None, workspace } => window::open(workspace),
        Arguments { command: Some(command), .. } => match command {
            Sub::Call(arguments) => block_on(call::run(arguments)),
            Sub::List(arguments) => block_on(list::run(arguments)),
            Sub::Describe(arguments) => block_on(describe::run(arguments)),
            Sub::Serve(arguments) => block_on(serve::run(arguments)),
            Sub::Completions(arguments) => completions::run(&arguments),
        },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ExitCode::from(failure as u8),
    }
}

fn block_on(work: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => {
            print::error(&format!("no runtime could be started: {error}"));
            Err(Failure::Connection)
        }
    }
}

/// `RUST_LOG` decides; silent without it.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_make_sense_and_every_subcommand_shows_an_example() {
        let mut command = super::Arguments::command();
        command.clone().debug_assert();
        for sub in command.get_subcommands_mut().filter(|sub| sub.get_name() != "help") {
            let help = sub.render_long_help().to_string();
            assert!(help.contains("callscope "), "{} shows no example:\n{help}", sub.get_name());
        }
    }
}
