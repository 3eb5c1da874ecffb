//! Checks each node of a graph in isolation, with its values in the graph.

use super::super::{Finding, LayerReport, Verdict};
use super::node::{self, InputCheck, NodeLoss};
use super::values::{Values, dependent};
use super::{GraphCheck, as_layer, findings};
use retrograde_base::error::Result;
use retrograde_core::graph::{Node, NodeId, Var};
use std::collections::HashSet;
use std::sync::Arc;

/// The results of the node checks.
#[derive(Default)]
pub(super) struct NodeChecks {
    pub(super) layers: Vec<LayerReport>,
    pub(super) findings: Vec<Finding>,
    pub(super) first_wrong: Option<Arc<Node>>,
    /// Whether a node is at a kink.
    pub(super) kinks: bool,
    /// Whether a node is wrong only in its choice at a kink.
    pub(super) wrong_at_kinks: bool,
}

impl NodeChecks {
    /// The smallest relative mistake of a wrong node.
    pub(super) fn least_mistake(&self) -> f64 {
        let blocks = self.layers.iter().flat_map(|node| &node.blocks);
        let wrong = blocks.filter(|block| block.verdict.is_wrong());
        wrong.map(|block| block.largest).filter(|mistake| *mistake > 0.0).fold(f64::INFINITY, f64::min)
    }
}

impl GraphCheck {
    /// Checks the nodes that are not `known` already.
    pub(super) fn check_nodes(
        &self,
        values: &Values,
        loss: &Var,
        blocks: &[Var],
        known: &HashSet<NodeId>,
    ) -> Result<NodeChecks> {
        let is_block: HashSet<NodeId> = blocks.iter().map(Var::id).collect();
        let differentiable = dependent(&values.nodes, |node| is_block.contains(&node.id));
        let differentiable: HashSet<NodeId> = values
            .nodes
            .iter()
            .zip(differentiable)
            .filter(|(_, depends)| *depends)
            .map(|(node, _)| node.id)
            .collect();
        let mut node_checks = NodeChecks::default();
        for node in values.nodes.iter().filter(|node| !known.contains(&node.id)) {
            let wanted = node::wanted(loss.graph(), node, |input| differentiable.contains(&input.id));
            if let Some(wanted) = wanted {
                self.node(values, loss, node, &wanted, &mut node_checks)?;
            }
        }
        Ok(node_checks)
    }

    fn node(
        &self,
        values: &Values,
        loss: &Var,
        node: &Arc<Node>,
        wanted: &[bool],
        node_checks: &mut NodeChecks,
    ) -> Result<()> {
        let graph = loss.graph();
        let mut report = LayerReport {
            name: node.label(),
            kind: node.operation().map_or("", |operation| operation.name()).into(),
            output: node.value_type.shape.to_vec(),
            verdict: Verdict::Wrong,
            blocks: Vec::new(),
        };
        let (first_wrong, mut only_at_kinks) = (node_checks.first_wrong.clone(), false);
        match NodeLoss::new(values, graph, node, wanted, self.options) {
            Ok(local) => {
                let checks = local.check(!self.options.directions)?;
                report.verdict = Verdict::of_all(checks.iter().map(|check| check.verdict));
                let mut wrong = checks.iter().filter(|check| check.verdict.is_wrong()).peekable();
                only_at_kinks = wrong.peek().is_some() && wrong.all(InputCheck::is_wrong_at_ties);
                node_checks.findings.extend(findings::wrong_ties(node, &checks, first_wrong.as_deref()));
                for check in &checks {
                    report.blocks.push(check.comparison());
                    if check.is_wrong_at_ties() {
                        continue;
                    }
                    let mut finding = findings::of_input(node, check, first_wrong.as_deref());
                    if let Some(finding) = finding.as_mut().filter(|finding| finding.verdict.is_wrong())
                        && let Some(cause) = as_layer::cause(values, graph, node, check.position)
                    {
                        findings::explain(finding, cause);
                    }
                    node_checks.findings.extend(finding);
                }
            }
            Err(error) => {
                node_checks.findings.push(findings::not_recorded(node, &error, first_wrong.as_deref()));
            }
        }
        node_checks.kinks |= report.blocks.iter().any(|block| block.verdict == Verdict::Kink);
        if report.verdict.is_wrong() {
            node_checks.wrong_at_kinks =
                only_at_kinks && (first_wrong.is_none() || node_checks.wrong_at_kinks);
            node_checks.first_wrong.get_or_insert_with(|| Arc::clone(node));
        }
        node_checks.layers.push(report);
        Ok(())
    }
}
