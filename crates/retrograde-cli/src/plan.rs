//! `plan`: what the compiler made of a graph.

use crate::arguments::{PlanArguments, PlanFormat};
use crate::failure::Failure;
use crate::output;
use crate::run_data::RunData;
use retrograde::optim::Sgd;
use retrograde::train::{RunDir, Trainer};
use retrograde::view::EXAMPLES;
use retrograde::{Error, Graph, Planner};
use std::process::ExitCode;

/// Prints the plan.
pub fn run(arguments: &PlanArguments) -> Result<ExitCode, Failure> {
    let most = std::thread::available_parallelism().map_or(1, usize::from).max(64);
    if arguments.threads == 0 || arguments.threads > most {
        let problem = format!("`{}` is out of range", arguments.threads);
        return Err(Failure::Usage(Error::invalid("--threads", problem, format!("use 1 to {most}"))));
    }
    let ir = planner(arguments)?.threads(arguments.threads).ir::<f32>(arguments.after)?;
    let text = match arguments.format {
        PlanFormat::Text => ir.to_string(),
        PlanFormat::Dot => ir.dot(),
    };
    output::line(text.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

fn planner(arguments: &PlanArguments) -> Result<Planner, Failure> {
    if let Some(path) = &arguments.model {
        let net = RunDir::model(path)?;
        let RunData { data, config, .. } = RunData::open(path, None)?;
        let trainer = match config {
            Some(config) => config.trainer()?,
            None => Trainer::new(Sgd::new(0.1)).batch(100),
        };
        return Ok(trainer.planner(&net, &data)?);
    }
    let name = arguments.name.as_deref().unwrap_or_default();
    let unknown = || {
        let names: Vec<&str> = EXAMPLES.iter().map(|example| example.name).collect();
        let problem = format!("unknown value `{name}`");
        Failure::Usage(Error::invalid("graph", problem, format!("use one of {}", names.join(", "))))
    };
    let example = EXAMPLES.iter().find(|example| example.name == name).ok_or_else(unknown)?;
    Ok(Planner::of_gradients(&(example.record)(&Graph::new())?)?)
}
