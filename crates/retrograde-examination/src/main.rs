//! The examination of the gradient check, by hand: draws cases, runs the check, prints a table and the failures.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::process::ExitCode;

use clap::Parser;
use retrograde_examination::adapter;
use retrograde_examination::case::Precision;
use retrograde_examination::examine::{self, Failure, Settings, Tally};
use retrograde_examination::layers::{Base, LAYERS, LOSSES};

/// Examines the gradient check with generated code, right and wrong.
///
/// Right code must never be called wrong; faulty code must be detected, in its layer, with its true cause. The ground truth of
/// a case is decided before the check runs, in double-double arithmetic. Each failure is printed with its source, the report of
/// the check, and the command that repeats it.
///
///     examination                            1,000 right and 300 faulty cases with a fresh seed
///     examination --right 0 --faulty 2000 --only lstm_cell
///     examination --case 12345               the right case of this seed, with the report
///     examination --fault 12345              the faulty one
#[derive(Parser)]
#[command(name = "examination", version, verbatim_doc_comment, max_term_width = 100)]
struct Arguments {
    /// How many right cases to examine.
    #[arg(long, default_value_t = 1000)]
    right: usize,
    /// How many faulty cases to examine.
    #[arg(long, default_value_t = 300)]
    faulty: usize,
    /// The seed of all draws; printed, and fresh unless given.
    #[arg(long)]
    seed: Option<u64>,
    /// Only cases that begin with this base layer (a name of `layers/`, such as `affine`), or only `layer`, `loss` or
    /// `network`.
    #[arg(long, value_parser = only)]
    only: Option<String>,
    /// Only cases whose code computes in this precision: `f64`, `f32` or `bf16`.
    #[arg(long, value_parser = precision)]
    precision: Option<Precision>,
    /// Repeat the right case of this seed and print it with its report.
    #[arg(long)]
    case: Option<u64>,
    /// Repeat the faulty case of this seed and print it with its report.
    #[arg(long)]
    fault: Option<u64>,
    /// How many threads; the numbers are the same with any.
    #[arg(long, default_value_t = 1, value_parser = at_least_one)]
    threads: usize,
    /// How many failures of each kind to print, the smallest first.
    #[arg(long, default_value_t = 3)]
    show: usize,
    /// Print the causes that the check named, and how often each was true.
    #[arg(long)]
    causes: bool,
}

/// Parses the name of a base layer or of a subject.
fn only(name: &str) -> Result<String, String> {
    let subjects = ["layer", "loss", "network"];
    if Base::named(name).is_some() || subjects.iter().any(|subject| subject.eq_ignore_ascii_case(name)) {
        return Ok(name.to_owned());
    }
    let layers: Vec<&str> = LAYERS.iter().chain(LOSSES).map(|base| base.file).collect();
    Err(format!("unknown layer\n  help: use one of {}, {}", subjects.join(", "), layers.join(", ")))
}

fn precision(name: &str) -> Result<Precision, String> {
    match name {
        "f64" => Ok(Precision::F64),
        "f32" => Ok(Precision::F32),
        "bf16" => Ok(Precision::Bf16),
        _ => Err("unknown precision\n  help: use one of f64, f32, bf16".to_owned()),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| "the number of threads must be at least 1".to_owned())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !adapter::runs_the_check() {
            print(panic);
        }
    }));
    if arguments.case.is_some() || arguments.fault.is_some() {
        return repeat(&arguments);
    }
    let seed = arguments.seed.unwrap_or_else(|| RandomState::new().build_hasher().finish());
    println!("seed {seed}");
    let settings = Settings {
        right: arguments.right,
        faulty: arguments.faulty,
        seed,
        only: arguments.only,
        precision: arguments.precision,
        threads: arguments.threads,
    };
    let start = std::time::Instant::now();
    let tally = examine::examine(&settings, &|done, total| {
        eprintln!("{done} of {total} cases after {} s", start.elapsed().as_secs());
    });
    show(&tally, arguments.show, settings.only.as_deref());
    if arguments.causes {
        println!("\nNamed causes:\n{}", tally.named_causes());
    }
    println!("\n{tally}");
    let called_wrong = tally.of("right called wrong") + tally.of("right failed");
    if called_wrong > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Repeats one case and prints it with its report.
fn repeat(arguments: &Arguments) -> ExitCode {
    let mut tally = Tally::default();
    let only = arguments.only.as_deref();
    let examined = match (arguments.case, arguments.fault) {
        (Some(seed), _) => examine::right(seed, only, &mut tally),
        (None, Some(seed)) => examine::faulty(seed, only, &mut tally),
        (None, None) => false,
    };
    if tally.failed.is_empty() {
        println!("{}", tally.last);
    }
    show(&tally, usize::MAX, only);
    if !examined {
        println!("The case of this seed is excluded: {:?}", tally.excluded);
    }
    if tally.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn show(tally: &Tally, most: usize, only: Option<&str>) {
    let mut shown = std::collections::BTreeMap::<Failure, usize>::new();
    for failed in &tally.failed {
        let count = shown.entry(failed.failure).or_default();
        *count += 1;
        if *count > most {
            continue;
        }
        let is_right = [Failure::RightCalledWrong, Failure::RightInconclusive, Failure::RightFailed]
            .contains(&failed.failure);
        let flag = if is_right { "--case" } else { "--fault" };
        let only = only.map_or(String::new(), |only| format!(" --only {only}"));
        println!("\n════ {:?}: examination {flag} {}{only}\n\n{}", failed.failure, failed.seed, failed.text);
    }
}
