//! The benchmark of the diagnosis, by hand.

#![allow(
    clippy::unnecessary_wraps,
    reason = "all functions that make a training have one type, and most can fail"
)]

mod behaviour;
mod corrections;
mod data;
mod healthy;
mod interval;
mod programs;
mod rules;
mod score;

use clap::{Args, Parser, Subcommand};
use corrections::{corrected, corrections};
use data::Digits;
use healthy::{Part, SEEDS, healthy};
use programs::{Facts, Program, Source, programs};
use retrograde::Result;
use retrograde::diagnose::{Options, Training, Verdict, diagnose};
use rules::{Tool, Watched};
use score::{Answer, Tally};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Runs the public programs of training failures, and healthy ones, and diagnoses them.
///
///     doctor run                       what each program does, against what was posted
///     doctor run --only so-31880720    one program, or all whose names begin so
///     doctor score                     the diagnosis and the rules of others beside it, with exact intervals
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
    /// The diagnosis and the rules of others on all runs, counted.
    Score(ScoreSelection),
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

#[derive(Args)]
struct ScoreSelection {
    #[command(flatten)]
    selection: Selection,
    /// The seconds that a diagnosis may take.
    #[arg(long, default_value_t = 30)]
    budget: u64,
    /// Only the programs, or only the healthy runs, of which so many seeds (at most 6) are taken.
    #[arg(long, value_name = "programs|healthy")]
    part: Option<String>,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Run(selection) => run(&selection),
        Command::Healthy(selection) => run_healthy(&selection),
        Command::Rules(selection) => show_rules(&selection),
        Command::Score(selection) => count(&selection),
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
        "id\tgroup\tdata\tsteps\tfirst loss\tlast loss\tbroke\ttrain loss\tscore\tconstant\theld out\tseconds\tposted"
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
            "{}\t{}\t{}\t{}\t{:.5}\t{:.5}\t{broke}\t{:.5}\t{:.4}\t{:.4}\t{held_out}\t{:.1}\t{}",
            program.facts.id,
            program.facts.group,
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

/// What each tool says of a training: the diagnosis first.
fn answers(training: &Training, budget: Duration) -> Result<[Answer; 3]> {
    let diagnosis = diagnose(training, &Options { budget, ..Options::default() })?;
    let mut causes: Vec<String> = diagnosis.cause.iter().map(|cause| cause.name().to_owned()).collect();
    if diagnosis.verdict == Verdict::NoSignal {
        causes.push("data.no_signal".into());
    }
    let own = Answer {
        alarm: diagnosis.verdict == Verdict::Fault,
        causes,
        repaired: diagnosis.repair.is_some(),
        seconds: diagnosis.seconds,
    };
    let start = Instant::now();
    let run = Watched::record(training)?;
    let seconds = start.elapsed().as_secs_f64();
    let others = Tool::ALL.map(|tool| {
        let warnings = tool.warnings(&run);
        let causes: Vec<String> = warnings.iter().map(|warning| warning.cause.to_owned()).collect();
        Answer { alarm: !causes.is_empty(), causes, repaired: false, seconds }
    });
    let [umlaut, deep_diagnosis] = others;
    Ok([own, umlaut, deep_diagnosis])
}

fn count(arguments: &ScoreSelection) -> Result<()> {
    let selection = &arguments.selection;
    let source = Source { digits: Digits::read(selection.mnist.as_deref())? };
    let budget = Duration::from_secs(arguments.budget);
    let is_chosen = |id: &str| selection.only.as_ref().is_none_or(|only| id.starts_with(only));
    let has_part = |part: &str| arguments.part.as_ref().is_none_or(|only| only == part);
    let mut tallies =
        [Tally::new("diagnosis"), Tally::new(Tool::ALL[0].name()), Tally::new(Tool::ALL[1].name())];
    let show = |id: &str, training: &Training| -> Result<[Answer; 3]> {
        let answers = answers(training, budget)?;
        let said: Vec<String> = answers.iter().map(|answer| answer.causes.join(" ")).collect();
        println!("{id}\t{}\t{:.1} s\t{}", training.seed, answers[0].seconds, said.join("\t"));
        Ok(answers)
    };
    let programs = programs()?;
    for program in programs.iter().filter(|program| has_part("programs") && is_chosen(&program.facts.id)) {
        for seed in 0..selection.seeds {
            let answers = show(&program.facts.id, &program.training(&source, seed)?)?;
            for (tally, answer) in tallies.iter_mut().zip(answers) {
                tally.programs.entry(program.facts.id.clone()).or_default().push(answer);
            }
        }
    }
    for program in healthy().iter().filter(|program| has_part("healthy") && is_chosen(program.id)) {
        for seed in 0..selection.seeds.min(SEEDS) {
            let answers = show(program.id, &program.training(&source, seed)?)?;
            for (tally, answer) in tallies.iter_mut().zip(answers) {
                tally.healthy[usize::from(program.part == Part::Calibration)]
                    .push((program.id.to_owned(), answer));
            }
        }
    }
    let given: Vec<Facts> = programs.iter().map(|program| program.facts.clone()).collect();
    let corrections = corrections()?;
    let corrected: Vec<Facts> = given.iter().map(|facts| corrected(facts, &corrections)).collect();
    for tally in &tallies {
        println!("\n{}", tally.name);
        println!(
            " by the file as given\n{} by the file as corrected\n{}",
            tally.lines(&given),
            tally.lines(&corrected)
        );
        print!("{}", tally.alarms());
    }
    Ok(())
}
