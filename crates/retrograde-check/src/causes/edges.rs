//! The contribution of one output to one element as a short formula in the right contribution and the values at both ends.
//! It covers terms that are missing, doubled, divided by or of the wrong sign, in all contributions or in those of one
//! kind.

use ndarray::Array2;

use super::formulas::{self, Formula, Point, Sought};
use super::{Case, Diagnosis};
use crate::Cause;
use crate::loss_layer::labels_for;
use crate::numbers::flat;
use crate::probed_block::ProbedBlock;
use retrograde_textbook::{Layer, Tensor};

/// With fewer contributions, many formulas fit.
const LEAST: usize = 8;

/// A kind of contribution with its own formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    All,
    Own,
    Others,
    OfTheLabel,
    OfOtherLabels,
}

impl Kind {
    /// Whether it contains output i and element j.
    fn written(self) -> &'static str {
        match self {
            Kind::All => "",
            Kind::Own => " [i = j]",
            Kind::Others => " [i ≠ j]",
            Kind::OfTheLabel => " [t = 1]",
            Kind::OfOtherLabels => " [t = 0]",
        }
    }
}

/// The meaning of y, besides x, the element, and s, the right contribution.
const SECOND: [&str; 4] = ["out[i]", "out[j]", "x[i]", "t"];

/// The values at both ends of the contributions of a probed block.
struct Ends {
    own: Vec<f64>,
    x: Vec<f64>,
    out: Vec<f64>,
    labels: Option<Vec<f64>>,
    /// Whether input and output have the same shape.
    alike: bool,
}

impl Ends {
    fn new(case: &Case<'_>, probed: &ProbedBlock<'_>) -> Self {
        let probe = probed.probe;
        let of = |labels| labels_for(labels, probe.x.shape()).ok()?.to_rows(&probe.x).ok();
        let labels = case.labels.and_then(of).filter(|labels| labels.len() == probe.x.len());
        Ends {
            own: flat(&probe.values[case.block]),
            x: flat(&probe.x),
            out: flat(&probe.out),
            labels: labels.as_ref().map(flat),
            alike: case.block == 0 && probe.x.shape() == probe.out.shape(),
        }
    }

    fn kind(&self, output: usize, element: usize) -> Kind {
        match &self.labels {
            Some(t) if t.iter().all(|t| *t == 0.0 || *t == 1.0) => {
                if t[element] == 1.0 {
                    Kind::OfTheLabel
                } else {
                    Kind::OfOtherLabels
                }
            }
            None if self.alike => {
                if output == element {
                    Kind::Own
                } else {
                    Kind::Others
                }
            }
            _ => Kind::All,
        }
    }

    fn point(&self, second: usize, output: usize, element: usize, slope: f64) -> Point {
        let y = match second {
            0 => Some(self.out[output]),
            1 => self.out.get(element).copied().filter(|_| self.alike),
            2 => self.x.get(output).copied().filter(|_| self.alike),
            _ => self.labels.as_ref().map(|labels| labels[element]),
        };
        (self.own[element], y.unwrap_or(f64::NAN), slope)
    }
}

/// A formula of one kind of contribution, and the meaning of y.
struct Found {
    kind: Kind,
    second: usize,
    formula: Formula,
}

/// Each contribution is a function of the right one and of the values at its ends.
pub(super) fn formula(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let ends: Vec<(&ProbedBlock<'_>, Ends)> =
        case.smooth().map(|(_, probed)| (probed, Ends::new(case, probed))).collect();
    let mut found: Vec<Found> = Vec::new();
    for kind in [Kind::All, Kind::Own, Kind::Others, Kind::OfTheLabel, Kind::OfOtherLabels] {
        let mut sought: [Vec<Sought>; SECOND.len()] = Default::default();
        let (mut right, mut count) = (true, 0);
        for (probed, ends) in &ends {
            let (jacobian, code) = (probed.jacobian, probed.claimed_jacobians?);
            let scale = jacobian
                .center
                .iter()
                .chain(code)
                .fold(0.0_f64, |most, contribution| most.max(contribution.abs()));
            for ((output, column), &slope) in jacobian.center.indexed_iter() {
                let element = jacobian.columns[column];
                if slope == 0.0 || ends.kind(output, element) != kind {
                    continue;
                }
                let tolerance = 10.0 * jacobian.error[[output, column]] + 1e-8 * scale;
                let code = code[[output, column]];
                right &= (code - slope).abs() <= tolerance;
                count += 1;
                for (second, sought) in sought.iter_mut().enumerate() {
                    sought.push((ends.point(second, output, element, slope), code, tolerance));
                }
            }
        }
        if right {
            continue;
        }
        let search =
            |second: usize| Some(Found { kind, second, formula: formulas::search(&sought[second], true)? });
        if count < LEAST {
            return None;
        }
        found.push(multiple(kind, &sought[0]).or_else(|| (0..SECOND.len()).find_map(search))?);
    }
    let predicted = case.fit_shares(|probed, _| {
        let ends = Ends::new(case, probed);
        let mut contributions = probed.jacobian.center.clone();
        for ((output, column), contribution) in contributions.indexed_iter_mut() {
            let element = probed.jacobian.columns[column];
            let found = found.iter().find(|found| found.kind == ends.kind(output, element));
            if let Some(found) = found.filter(|_| *contribution != 0.0) {
                *contribution = found.formula.at(ends.point(found.second, output, element, *contribution));
            }
        }
        Some(contributions)
    })?;
    let code = found.iter().map(|Found { kind, second, formula }| {
        format!("{}{}", formula.with_names(case.name(), SECOND[*second]), kind.written())
    });
    Some(diagnosis(&code.collect::<Vec<_>>().join(", "), predicted))
}

/// The same multiple of the right contribution everywhere.
fn multiple(kind: Kind, sought: &[Sought]) -> Option<Found> {
    let (top, bottom) = sought.iter().fold((0.0, 0.0), |(top, bottom), ((_, _, slope), code, _)| {
        (top + code * slope, bottom + slope * slope)
    });
    let factor = top / bottom;
    let fits =
        sought.iter().all(|((_, _, slope), code, tolerance)| (factor * slope - code).abs() <= *tolerance);
    fits.then(|| Found { kind, second: 0, formula: Formula::multiple(factor) })
}

/// Each element gets a contribution from one output, which is not proportional to dout.
pub(super) fn of_dout(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let mut points: Vec<Sought> = Vec::new();
    for (_, probed) in case.smooth() {
        let own = flat(&probed.probe.values[case.block]);
        for (column, &element) in probed.jacobian.columns.iter().enumerate() {
            let (output, slope) = only(probed, column)?;
            let (claimed, d) = (probed.claimed.iter().nth(element)?, probed.d[output]);
            let tolerance = probed.tolerance.iter().nth(element)? / d.abs();
            points.push(((d, own[element], slope), claimed / d, tolerance));
        }
    }
    let formula = formulas::search(&points, true).filter(|_| points.len() >= LEAST)?;
    let predicted = case.fit(|probed| {
        let own = flat(&probed.probe.values[case.block]);
        let all = probed.jacobian.columns.iter().enumerate().map(|(column, &element)| {
            let (output, slope) = only(probed, column).unwrap_or((0, f64::NAN));
            probed.d[output] * formula.at((probed.d[output], own[element], slope))
        });
        Some(probed.jacobian.spread(all))
    })?;
    Some(diagnosis(&formula.with_names("dout", case.name()), predicted))
}

/// The only output that an element affects, and its slope.
fn only(probed: &ProbedBlock<'_>, column: usize) -> Option<(usize, f64)> {
    let slopes = probed.jacobian.center.column(column);
    let mut all = slopes.iter().enumerate().filter(|(_, slope)| **slope != 0.0);
    let first = all.next().map(|(output, slope)| (output, *slope));
    first.filter(|_| all.next().is_none())
}

fn diagnosis(code: &str, predicted: Vec<Option<Tensor>>) -> Diagnosis {
    Diagnosis::new(Cause::WrongSlope { code: code.into(), right: "".into() }, predicted)
        .with_text("wrong_slope-contribution")
}

/// backward writes into dout while it is still needed: later contributions use the overwritten values.
pub(super) fn written_into(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    let mut left = Vec::new();
    for probed in &case.probed_blocks {
        let mut d = probed.upstream();
        let called = crate::subject::with_values(layer, &probed.probe.values[1..], |layer| {
            layer.forward(&probed.probe.x)?;
            layer.backward_in_place(&mut d)
        });
        called.ok()?;
        left.push((probed.probe_index, flat(&d)));
    }
    // A single number is passed by value, so that backward may change its copy.
    let is_number = case.probed_blocks.iter().all(|probed| probed.d.len() == 1);
    if !is_number && case.probed_blocks.iter().zip(&left).all(|(probed, (_, left))| probed.d == *left) {
        return None;
    }
    let after = |probed: &ProbedBlock<'_>| {
        let (_, d) = left.iter().find(|(number, _)| *number == probed.probe_index)?;
        (d.len() == probed.d.len()).then(|| probed.jacobian.vjp(d))
    };
    let running = |probed: &ProbedBlock<'_>, _: &Array2<f64>| {
        probed.jacobian.is_whole().then_some(())?;
        let mut contributions = probed.jacobian.center.clone();
        for mut row in contributions.rows_mut() {
            let mut product = 1.0;
            for contribution in row.iter_mut().filter(|contribution| **contribution != 0.0) {
                product *= *contribution;
                *contribution = product;
            }
        }
        Some(contributions)
    };
    let of_a_number = |probed: &ProbedBlock<'_>| {
        probed.jacobian.is_whole().then_some(())?;
        let mut d = probed.d[0];
        Some(probed.truth.mapv(|truth| {
            d *= truth / probed.d[0];
            d
        }))
    };
    let predicted = if is_number { case.fit(of_a_number) } else { None };
    let predicted = predicted.or_else(|| case.fit(after)).or_else(|| case.fit_shares(running))?;
    let cause = Cause::WrittenInto { what: "dout".into() };
    Some(Diagnosis::new(cause, predicted).with_text("written_into-early"))
}
