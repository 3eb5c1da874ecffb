//! `graph`: draws a graph of the notebook or of a trained model, with the value and the gradient on each edge.

use crate::arguments::{GraphArguments, GraphFormat};
use crate::failure::{self, Failure};
use crate::output;
use crate::run_data::RunData;
use crate::text;
use retrograde::train::RunDir;
use retrograde::view::{self, EXAMPLES, Explanation, FileSignature, Style, Trace, Tracer};
use retrograde::{Error, Graph};
use std::process::ExitCode;

/// Draws the graph.
pub fn run(arguments: &GraphArguments) -> Result<ExitCode, Failure> {
    let (title, trace) = trace(arguments)?;
    let (text, signature) = match arguments.format {
        GraphFormat::Text => {
            let style = Style {
                width: arguments.width.unwrap_or_else(output::columns),
                color: arguments.output.is_none() && output::use_color(),
                ascii: arguments.ascii,
                fold: !arguments.unfold,
            };
            let explanation = Explanation::new(trace).styled(Style { color: false, ..style });
            let plain = explanation.to_string();
            let needed = plain.lines().map(|line| line.chars().count()).max().unwrap_or(0);
            if arguments.width.is_some_and(|width| needed > width) {
                failure::eprint_line(&format!(
                    "note: the graph needs {needed} columns, more than --width {}",
                    style.width
                ));
            }
            (format!("{title}\n\n{}", explanation.styled(style)), FileSignature::GraphText)
        }
        GraphFormat::Dot => (trace.dot(!arguments.unfold), FileSignature::GraphDot),
        GraphFormat::Svg => (trace.svg(!arguments.unfold)?, FileSignature::GraphSvg),
        GraphFormat::Html => (trace.html(&title)?, FileSignature::GraphPage),
        GraphFormat::Json => (trace.json(), FileSignature::GraphJson),
    };
    output::text_or_file(&text, signature, arguments.output.as_deref())?;
    Ok(ExitCode::SUCCESS)
}

/// The title and the trace of the graph.
fn trace(arguments: &GraphArguments) -> Result<(String, Trace), Failure> {
    let graph = Graph::new();
    if let Some(path) = &arguments.model {
        let net = RunDir::model(path)?;
        let RunData { data, loss, .. } = RunData::open(path, arguments.data.as_ref())?;
        let loss = view::loss_of(&graph, &net, data.test(), &loss)?;
        return Ok((format!("{}: {}", text::shown(path), view::LOSS_OF), Tracer::new(&loss).trace()?));
    }
    let name = arguments.name.as_deref().unwrap_or_default();
    let example = EXAMPLES.iter().find(|example| example.name == name).ok_or_else(|| {
        let names: Vec<&str> = EXAMPLES.iter().map(|example| example.name).collect();
        Failure::Usage(Error::invalid(
            "graph",
            format!("unknown value `{name}`"),
            format!("use one of {}", names.join(", ")),
        ))
    })?;
    Ok((example.summary.to_owned(), Tracer::new(&(example.record)(&graph)?).trace()?))
}
