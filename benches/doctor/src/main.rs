//! The benchmark of the diagnosis, by hand.

mod behaviour;
mod data;
mod healthy;
mod programs;
mod rules;

use clap::{Args, Parser, Subcommand};
use data::Digits;
use healthy::{SEEDS, healthy};
use programs::{Program, Source, programs};
use retrograde::Result;
use retrograde::diagnose::Training;
use rules::{Tool, Watched};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Runs the public programs of training failures, and healthy ones, and diagnoses them.
///
///     doctor run                       what each program does, against what was posted
///     doctor run --only so-31880720    one program, or all whose names begin so
///     doctor healthy --seeds 6         whether each healthy training does learn
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
    /// Whether each healthy training does learn.
    Healthy(Selection),
    /// What the rules of others say of each program and of each healthy run.
    Rules(Selection),
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
        Command::Healthy(selection) => run_healthy(&selection),
        Command::Rules(selection) => show_rules(&selection),
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

fn run_healthy(selection: &Selection) -> Result<()> {
    let source = Source { digits: Digits::read(selection.mnist.as_deref())? };
    println!(
        "id\tpart\tseed\tsteps\tfirst loss\tlast loss\ttrain loss\tskill\tleast\theld out\tseconds\tlooks"
    );
    let (mut runs, mut failed) = (0, 0);
    for program in healthy() {
        if selection.only.as_ref().is_some_and(|only| !program.id.starts_with(only)) {
            continue;
        }
        for seed in 0..selection.seeds.min(SEEDS) {
            let start = Instant::now();
            let training = program.training(&source, seed)?;
            let behaviour = behaviour::run(&training)?;
            let skill = behaviour.train.skill();
            let learns = skill >= program.least;
            runs += 1;
            failed += u32::from(!learns);
            println!(
                "{}\t{}\t{seed}\t{}\t{:.5}\t{:.5}\t{:.5}\t{skill:.3}\t{}\t{}\t{:.1}\t{}",
                program.id,
                program.part.name(),
                training.steps,
                behaviour.losses[0],
                behaviour.losses[1],
                behaviour.train.loss,
                if learns { program.least.to_string() } else { format!("BELOW {}", program.least) },
                behaviour.held_out.map_or("-".into(), |answers| format!("{:.3}", answers.skill())),
                start.elapsed().as_secs_f64(),
                program.looks,
            );
        }
    }
    println!("{runs} runs, {failed} below their least skill");
    Ok(())
}

fn show_rules(selection: &Selection) -> Result<()> {
    let source = Source { digits: Digits::read(selection.mnist.as_deref())? };
    let is_chosen = |id: &str| selection.only.as_ref().is_none_or(|only| id.starts_with(only));
    let show = |id: &str, training: &Training| -> Result<()> {
        let run = Watched::record(training)?;
        for tool in Tool::ALL {
            let said: Vec<String> = tool
                .warnings(&run)
                .into_iter()
                .map(|warning| format!("{} ({})", warning.cause, warning.says))
                .collect();
            println!("{id}\t{}\t{}\t{}", training.seed, tool.name(), said.join("; "));
        }
        Ok(())
    };
    for program in programs()?.iter().filter(|program| is_chosen(&program.facts.id)) {
        for seed in 0..selection.seeds {
            show(&program.facts.id, &program.training(&source, seed)?)?;
        }
    }
    for program in healthy().iter().filter(|program| is_chosen(program.id)) {
        for seed in 0..selection.seeds {
            show(program.id, &program.training(&source, seed)?)?;
        }
    }
    Ok(())
}
