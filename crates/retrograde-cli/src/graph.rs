//! `graph`: a graph of the notebook or of a trained model, with the value and the gradient on every edge.

use crate::arguments::{GraphArguments, GraphFormat};
use crate::failure::Failure;
use crate::output;
use retrograde::train::RunFolder;
use retrograde::view::{self, EXAMPLES, Explanation, Style, Trace, Tracer};
use retrograde::{Error, Graph};
use std::process::ExitCode;

/// Draws the graph.
pub fn run(arguments: &GraphArguments) -> Result<ExitCode, Failure> {
    let (title, trace) = trace(arguments)?;
    let text = match arguments.format {
        GraphFormat::Text => {
            let style = Style {
                width: arguments.width.unwrap_or_else(output::columns),
                colour: arguments.output.is_none() && output::colourful(),
                ascii: arguments.ascii,
                fold: !arguments.unfold,
            };
            format!("{title}\n\n{}", Explanation::new(trace).styled(style))
        }
        GraphFormat::Dot => trace.dot(!arguments.unfold),
        GraphFormat::Svg => trace.svg(!arguments.unfold)?,
        GraphFormat::Html => trace.html(&title)?,
        GraphFormat::Json => trace.json(),
    };
    output::text_or_file(&text, arguments.output.as_deref())?;
    Ok(ExitCode::SUCCESS)
}

/// The graph that was asked for, and what it shows.
fn trace(arguments: &GraphArguments) -> Result<(String, Trace), Failure> {
    let graph = Graph::new();
    if let Some(path) = &arguments.model {
        let net = RunFolder::model(path)?;
        let (_, digits) = arguments.data.open()?;
        let loss = view::loss_of(&graph, &net, digits.test())?;
        return Ok((format!("{}: {}", path.display(), view::LOSS_OF), Tracer::new(&loss).trace()?));
    }
    let name = arguments.name.as_deref().unwrap_or_default();
    let example = EXAMPLES.iter().find(|example| example.name == name).ok_or_else(|| {
        let names: Vec<&str> = EXAMPLES.iter().map(|example| example.name).collect();
        Failure::Usage(Error::invalid("a graph", format!("there is no `{name}`"), names.join(", ")))
    })?;
    Ok((example.summary.to_owned(), Tracer::new(&(example.record)(&graph)?).trace()?))
}
