//! The subject of a graph check. A check without elements to compare is an error.

use super::super::message::text;
use super::super::{Finding, Message, Severity, Verdict};
use super::GraphCheck;
use super::findings;
use super::values::Values;
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Kind, Leaf, Var, ancestors};

impl GraphCheck {
    /// Returns an error if there would be nothing to compare.
    pub(super) fn expect_something(&self, loss: &Var, blocks: &[Var]) -> Result<()> {
        let label = loss.node().label();
        let (problem, help) = if self.options.sample == Some(0) {
            (
                "the sample has 0 elements of each block".into(),
                "sample at least 1; by default as many are checked as fit the time limit",
            )
        } else if self.parameters.is_some() && blocks.is_empty() {
            (
                "the list of parameters is empty".into(),
                "pass at least one parameter or real input; `GraphCheck::new` takes all parameters of the loss",
            )
        } else if blocks.is_empty() {
            (
                format!("`{label}` depends on no parameter"),
                "record the variables by `Graph::parameter`, or pass real inputs to `parameters`",
            )
        } else if blocks.iter().all(|block| block.shape().elements() == 0) {
            ("the parameters are empty tensors".into(), "pass parameters with at least one element")
        } else {
            return Ok(());
        };
        Err(Error::invalid("a gradient check", format!("{problem}, so there is nothing to compare"), help))
    }

    /// The blocks of the check.
    pub(super) fn blocks(&self, loss: &Var) -> Result<Vec<Var>> {
        let graph = loss.graph();
        let nodes = ancestors(graph, &[loss.id()])?;
        let Some(parameters) = &self.parameters else {
            let own = nodes.iter().filter(|node| matches!(node.leaf(), Some(Leaf::Parameter(_))));
            return Ok(own.map(|node| graph.var(node.id)).collect());
        };
        for parameter in parameters {
            let node = parameter.clone().checked()?.node();
            let has_gradient =
                node.value_type.kind == Kind::Real && node.leaf().is_some_and(Leaf::has_gradient);
            let (problem, help) = if !parameter.graph().is(graph) {
                ("it belongs to another graph than the loss", "check parameters of one graph")
            } else if !has_gradient {
                ("it is neither a parameter nor a real input", "pass parameters and real inputs")
            } else if !nodes.iter().any(|other| other.id == node.id) {
                ("the loss does not depend on it", "pass parameters that the loss depends on")
            } else {
                continue;
            };
            return Err(Error::invalid(format!("`{}`", node.label()), problem, help));
        }
        Ok(parameters.clone())
    }
}

/// The finding if a parameter or the loss is not finite, so that there are no differences.
pub(super) fn not_finite(values: &Values, loss: &Var, blocks: &[Var], title: &str) -> Option<Finding> {
    let parts: Vec<(String, Message)> = blocks
        .iter()
        .filter_map(|block| Some((block.node().label(), counted(values.real(block.id())?.values())?)))
        .collect();
    let finding = |place: String, blocks: Vec<String>, sentence: Message| {
        Finding::new(Severity::Warning, Verdict::Inconclusive, place, blocks, sentence)
    };
    if !parts.is_empty() {
        let names: Vec<String> = parts.iter().map(|(label, _)| label.clone()).collect();
        let holding: Vec<Message> =
            parts.into_iter().map(|(label, held)| text!("not_finite-block", label, held)).collect();
        return Some(finding(names.join(", "), names, text!("not_finite-blocks", holding)));
    }
    let at = values.real(loss.id())?.values()[0];
    if at.is_finite() {
        return None;
    }
    // The first node with a value that is not finite. Infinities may be intended, as in a mask.
    let alike = |value: &f64| if at.is_nan() { value.is_nan() } else { value.is_infinite() };
    let first = values.nodes.iter().find_map(|node| {
        let real = values.real(node.id)?.values();
        real.iter().any(alike).then(|| Some((node, counted(real)?))).flatten()
    });
    let mut found = finding(
        format!("{}{title}", loss.node().label()),
        Vec::new(),
        text!(
            if title.is_empty() { "not_finite-loss" } else { "not_finite-gradient" },
            value = at.to_string()
        ),
    );
    if let Some((node, held)) = first {
        let place = match node.leaf() {
            Some(_) => Message::verbatim(format!("`{}`", node.label())),
            None => findings::described(node),
        };
        found.sentences.push(text!("not_finite-begins", place, held));
    }
    Some(found)
}

/// The number of values that are not finite, as a message; `None` if all are finite.
fn counted(values: &[f64]) -> Option<Message> {
    let nan = values.iter().filter(|value| value.is_nan()).count();
    let infinite = values.iter().filter(|value| value.is_infinite()).count();
    let id = match (nan, infinite) {
        (0, 0) => return None,
        (_, 0) => "not_finite-nan",
        (0, _) => "not_finite-infinite",
        _ => "not_finite-both",
    };
    Some(text!(id, nan, infinite, all = values.len()))
}
