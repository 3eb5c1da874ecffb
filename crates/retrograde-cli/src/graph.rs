//! `graph`: a graph of the notebook, with the value and the gradient on every edge.

use crate::arguments::GraphArguments;
use crate::failure::Failure;
use crate::output;
use retrograde::view::{EXAMPLES, Explanation, Style, Tracer};
use retrograde::{Error, Graph};
use std::process::ExitCode;

/// Draws the graph.
pub fn run(arguments: &GraphArguments) -> Result<ExitCode, Failure> {
    let example = EXAMPLES.iter().find(|example| example.name == arguments.name).ok_or_else(|| {
        let names: Vec<&str> = EXAMPLES.iter().map(|example| example.name).collect();
        Failure::Usage(Error::invalid(
            "a graph",
            format!("there is no `{}`", arguments.name),
            names.join(", "),
        ))
    })?;
    let style = Style {
        width: arguments.width.unwrap_or_else(output::columns),
        colour: output::colourful(),
        ascii: arguments.ascii,
        fold: !arguments.unfold,
    };
    let graph = Graph::new();
    let trace = Tracer::new(&(example.record)(&graph)?).trace()?;
    output::line(example.summary)?;
    output::line("")?;
    output::line(Explanation::new(trace).styled(style).to_string().trim_end())?;
    Ok(ExitCode::SUCCESS)
}
