//! `check`: gradients against finite differences.

use crate::arguments::{CheckArguments, TWO_LAYER};
use crate::failure::Failure;
use crate::json::JsonEvent;
use crate::output;
use crate::run_data::RunData;
use retrograde::check::{self, Cause, Message, Report};
use retrograde::data::{Dataset, Samples};
use retrograde::nn::{Mlp, Model, Precision};
use retrograde::train::{Loss, RunDir};
use retrograde::view::{self, FileSignature};
use retrograde::{Error, Result, faults};
use std::path::Path;
use std::process::ExitCode;

/// The hidden units of the two-layer network.
const HIDDEN: usize = 50;

/// The standard deviation of the notebook's weights.
const DEVIATION: f64 = 0.01;

/// The layer widths of the small network for all faults; they fit `faults::example`.
const SMALL: [usize; 3] = [6, 5, 5];

/// Runs the check, prints its report, and fails if a gradient is wrong.
pub fn run(arguments: &CheckArguments) -> Result<ExitCode, Failure> {
    if arguments.all_faults {
        return all_faults(arguments);
    }
    let is_run = arguments.fault.is_none() && arguments.model != Path::new(TWO_LAYER);
    let (samples, loss) = if is_run {
        let RunData { data, loss, .. } = RunData::open(&arguments.model, None)?;
        (first_rows(&data, arguments.rows).map_err(Failure::Usage)?, loss)
    } else {
        (first_rows(&Dataset::embedded()?, arguments.rows).map_err(Failure::Usage)?, Loss::default())
    };
    for (path, signature) in
        [(&arguments.html, FileSignature::CheckPage), (&arguments.markdown, FileSignature::CheckMarkdown)]
    {
        if let Some(path) = path {
            view::must_be_writable(path)?;
            output::expect_replaceable(path, signature)?;
        }
    }
    let report = match &arguments.fault {
        Some(name) => check_fault(name, &samples, arguments.seed)?,
        None => check_model(arguments, &samples, &loss)?,
    };
    let printed = if arguments.json {
        JsonEvent::Check { report: &report }.print()
    } else {
        output::line(report.text(arguments.language()).trim_end())
    };
    match printed {
        // A closed standard output does not change the exit code.
        Ok(()) | Err(Failure::OutputClosed) => {}
        Err(failure) => return Err(failure),
    }
    if let Some(path) = &arguments.html {
        report.save_html(path)?;
    }
    if let Some(path) = &arguments.markdown {
        report.save_markdown(path, arguments.language())?;
    }
    Ok(if report.verdict.is_wrong() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The first training rows.
fn first_rows(data: &Dataset, rows: usize) -> Result<Samples> {
    let all = data.train().len();
    if rows == 0 || rows > all {
        return Err(Error::invalid(
            "number of rows",
            format!("{rows} is out of range"),
            format!("give 1 to {all}"),
        ));
    }
    data.train().select(&(0..rows as u32).collect::<Vec<u32>>())?.in_memory()
}

/// Checks a network of the library.
fn check_model(arguments: &CheckArguments, samples: &Samples, loss: &Loss) -> Result<Report> {
    let net: Box<dyn Model> = if arguments.model == Path::new(TWO_LAYER) {
        Box::new(Mlp::new([samples.row_len(), HIDDEN, samples.outputs()]).seed(arguments.seed).build()?)
    } else {
        RunDir::model(&arguments.model)?
    };
    let mut check = check::model_with_loss(&net, samples, loss)?.seed(arguments.seed);
    if let Some(count) = arguments.sample {
        check = check.sample(count);
    }
    if arguments.second_order {
        check = check.second_order();
    }
    if arguments.precision == Precision::F32 {
        check = check.in_single_precision();
    }
    if arguments.directions {
        check = check.in_random_directions();
    }
    let subject = Message::on_rows(&net.description(), samples.len());
    Ok(Report { subject, ..check.run()? })
}

/// Checks the handwritten two-layer network with a bug.
fn check_fault(name: &str, digits: &Samples, seed: u64) -> Result<Report> {
    let fault = faults::find(name).ok_or_else(|| {
        Error::invalid("fault", format!("unknown value `{name}`"), "`check --all-faults` lists all faults")
    })?;
    let (x, labels) = check::rows(digits)?;
    let mut network = fault.network_with(digits.row_len(), HIDDEN, digits.outputs(), DEVIATION, seed)?;
    let report = check::network(&mut network, &x, &labels)?;
    Ok(Report { subject: fault.subject(), ..report })
}

/// Checks a small network with each bug.
fn all_faults(arguments: &CheckArguments) -> Result<ExitCode, Failure> {
    let ([inputs, hidden, outputs], language) = (SMALL, arguments.language());
    let (x, labels) = faults::example(arguments.rows.max(1));
    let width = faults::all().map(|fault| fault.name.len()).max().unwrap_or(0);
    let (mut recognised, mut tried) = (0, 0);
    for fault in faults::all() {
        let mut network = fault.network(inputs, hidden, outputs, arguments.seed)?;
        let report = check::network(&mut network, &x, &labels)?;
        let layer = report.layers.get(fault.position()).map_or("", |layer| layer.name.as_str());
        let named = report.first_wrong().map(|layer| layer.name.as_str());
        let causes: Vec<Message> = report.causes().map(Cause::title).collect();
        let right = fault.is_recognized(&report, layer);
        tried += 1;
        recognised += usize::from(right);
        if arguments.json {
            let (name, summary) = (fault.name, &fault.summary());
            JsonEvent::Fault { name, summary, layer, named, causes, recognised: right }.print()?;
        } else {
            let mark = if right { '✓' } else { '?' };
            let [no_layer, no_cause] = faults::no_fault_named_texts();
            let cause = causes.first().unwrap_or(&no_cause).text(language);
            let named = named.map_or_else(|| no_layer.text(language), ToOwned::to_owned);
            output::line(format_args!("{mark} {:width$}  {named}: {cause}", fault.name))?;
        }
    }
    if !arguments.json {
        output::line(format_args!("\n{}", faults::recognized(recognised, tried).text(language)))?;
    }
    Ok(ExitCode::SUCCESS)
}
