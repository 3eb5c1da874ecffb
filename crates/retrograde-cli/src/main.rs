//! The command line of Retrograde: a thin face of the library.
//!
//! It parses what was typed, calls the library and prints what it answers. There is no mathematics here, and no
//! operation is named: what can be listed is read from the library's own lists.
//!
//! Exit codes: 0 good, 1 failed, 2 wrong usage, 130 interrupted; of `check`, 1 is a wrong gradient and 2 any error.

mod arguments;
mod check;
mod data;
mod explain;
mod failure;
mod graph;
mod image;
mod json;
mod operations;
mod output;
mod picture;
mod predict;
mod text;
mod train;

use arguments::{CommandLine, Given, Task};
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};
use std::process::ExitCode;

fn main() -> ExitCode {
    let parsed = CommandLine::command()
        .try_get_matches()
        .and_then(|matches| Ok((CommandLine::from_arg_matches(&matches)?, matches)));
    let (line, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return complain(&error),
    };
    let Some(task) = line.task else {
        // A terminal that is gone needs no help.
        let _ = CommandLine::command().print_help();
        return ExitCode::SUCCESS;
    };
    let (json, failed) = (task.json(), task.failed());
    let result = match task {
        Task::Train(arguments) => train::run(&arguments, &Given::new(matches.subcommand_matches("train"))),
        Task::Predict(arguments) => predict::run(&arguments),
        Task::Graph(arguments) => graph::run(&arguments),
        Task::Explain(arguments) => explain::run(&arguments),
        Task::Check(arguments) => check::run(&arguments),
        Task::Data { task } => data::run(&task),
        Task::Operations => operations::run(),
    };
    result.unwrap_or_else(|failure| failure.report(json, failed))
}

/// What clap has to say: the help that was asked for, or what is wrong with what was typed.
fn complain(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => {
            // Programs read the output of `--json`: they are told too, though nothing was parsed.
            if std::env::args_os().any(|argument| argument == "--json") {
                let message = error.to_string();
                let _ = json::Line::Error { message: message.trim().trim_start_matches("error: ") }.print();
            }
            ExitCode::from(failure::WRONG_USAGE)
        }
    }
}
