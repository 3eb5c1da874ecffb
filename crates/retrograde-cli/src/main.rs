//! The command line of Retrograde: a thin front end of the library.
//!
//! It parses arguments, calls the library and prints results. It computes nothing and names no operation: lists come from
//! the library.
//!
//! Exit codes: 0 success, 1 failure, 2 usage error, 130 interrupted. For `check`: 1 wrong gradient, 2 any error; for
//! `diagnose`: 1 fault, 2 any error.

mod arguments;
mod check;
mod data;
mod diagnose;
mod explain;
mod export;
mod failure;
mod generate;
mod graph;
mod image;
mod json;
mod operations;
mod output;
mod picture;
mod plan;
mod predict;
mod run_data;
mod text;
mod train;

use arguments::{Command, CommandLine, ExplicitOptions};
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};
use std::process::ExitCode;

fn main() -> ExitCode {
    let parsed = CommandLine::command()
        .try_get_matches()
        .and_then(|matches| Ok((CommandLine::from_arg_matches(&matches)?, matches)));
    let (line, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return report_parse_error(&error),
    };
    let Some(command) = line.command else {
        // Output errors are ignored.
        let _ = CommandLine::command().print_help();
        return ExitCode::SUCCESS;
    };
    let (json, failure_code) = (command.json(), command.failure_code());
    let result = match command {
        Command::Train(arguments) => {
            train::run(&arguments, &ExplicitOptions::new(matches.subcommand_matches("train")))
        }
        Command::Predict(arguments) => predict::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Graph(arguments) => graph::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Diagnose(arguments) => {
            diagnose::run(&arguments, &ExplicitOptions::new(matches.subcommand_matches("diagnose")))
        }
        Command::Data { command } => data::run(&command),
        Command::Operations => operations::run(),
    };
    result.unwrap_or_else(|failure| failure.report(json, failure_code))
}

/// Prints the help or the usage error of clap.
fn report_parse_error(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => {
            // With `--json`, the error is also printed as JSON.
            if std::env::args_os().any(|argument| argument == "--json") {
                let message = error.to_string();
                let _ =
                    json::JsonEvent::Error { message: message.trim().trim_start_matches("error: ") }.print();
            }
            ExitCode::from(failure::USAGE_ERROR)
        }
    }
}
