//! The benchmark of the diagnosis, by hand.

mod behaviour;
mod data;
mod programs;

use clap::{Args, Parser, Subcommand};
use data::Digits;
use programs::{Program, Source, programs};
use retrograde::Result;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Runs the public programs of training failures, and healthy ones, and diagnoses them.
///
///     doctor run                       what each program does, against what was posted
///     doctor run --only so-31880720    one program, or all whose names begin so
#[derive(Parser)]
#[command(name = "doctor", version, verbatim_doc_comment, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What each program does when it runs.
    Run(Selection),
}

#[derive(Args)]
struct Selection {
    /// Only programs whose names begin with this.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// How many seeds each runs with.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// A folder with the four files of MNIST; otherwise the 5,000 embedded digits.
    #[arg(long, value_name = "FOLDER")]
    mnist: Option<PathBuf>,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Run(selection) => run(&selection),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(selection: &Selection) -> Result<()> {
    let source = Source { digits: Digits::read(selection.mnist.as_deref())? };
    println!(
        "id\tdata\tsteps\tfirst loss\tlast loss\tbroke\ttrain loss\tscore\tconstant\theld out\tseconds\tposted"
    );
    for program in programs()? {
        if selection.only.as_ref().is_none_or(|only| program.facts.id.starts_with(only)) {
            show(&program, &source, selection.seeds)?;
        }
    }
    Ok(())
}

fn show(program: &Program, source: &Source, seeds: u64) -> Result<()> {
    for seed in 0..seeds {
        let start = Instant::now();
        let training = program.training(source, seed)?;
        let behaviour = behaviour::run(&training)?;
        let broke = behaviour.broke.map_or("-".into(), |step| step.to_string());
        let held_out = behaviour.held_out.map_or("-".into(), |answers| format!("{:.3}", answers.score));
        println!(
            "{}\t{}\t{}\t{:.5}\t{:.5}\t{broke}\t{:.5}\t{:.4}\t{:.4}\t{held_out}\t{:.1}\t{}",
            program.facts.id,
            program.facts.data.name(&source.digits),
            training.steps,
            behaviour.losses[0],
            behaviour.losses[1],
            behaviour.train.loss,
            behaviour.train.score,
            behaviour.train.constant,
            start.elapsed().as_secs_f64(),
            if seed == 0 { program.facts.symptom.as_str() } else { "" },
        );
    }
    Ok(())
}
