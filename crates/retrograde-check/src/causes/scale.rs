//! The gradient times a number: zero, the wrong sign, a constant factor.

use super::{Case, Diagnosis};
use crate::Cause;
use crate::message::text;
use crate::probe::Probe;
use crate::probed_block::{ProbedBlock, largest};
use retrograde_textbook::{Layer, Tensor};

/// G = 0 where T is not.
pub(super) fn detached(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    // Terms may cancel to 0 except for rounding; other small numbers are not 0.
    let is_zero = |probed: &ProbedBlock<'_>| largest(&probed.claimed) <= 1e-12 * largest(&probed.truth);
    case.smooth().all(|(_, probed)| is_zero(probed)).then(|| cut_off(case))?
}

fn cut_off(case: &Case<'_>) -> Option<Diagnosis> {
    let predicted = case.fit(|probed| Some(&probed.truth * 0.0))?;
    Some(Diagnosis::new(Cause::Detached, predicted).with("parameter", case.is_parameter()))
}

/// G = −T.
pub(super) fn sign(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let predicted = case.fit(|probed| Some(probed.truth.mapv(|truth| -truth)))?;
    Some(Diagnosis::new(Cause::Sign, predicted))
}

/// The factor at a probed block: its index, its value by least squares, and its uncertainty.
#[derive(Clone, Copy)]
struct Ratio {
    at: usize,
    value: f64,
    uncertainty: f64,
}

impl Ratio {
    fn of(at: usize, probed: &ProbedBlock<'_>) -> Option<Self> {
        let (mut gt, mut tt, mut off) = (0.0, 0.0, 0.0);
        for (claimed, truth, tolerance) in probed.elements(&probed.truth) {
            gt += claimed * truth;
            tt += truth * truth;
            off += tolerance * truth.abs();
        }
        (tt > 0.0).then(|| Ratio { at, value: gt / tt, uncertainty: off / tt })
    }

    fn is(&self, value: f64) -> bool {
        value.is_finite() && (self.value - value).abs() <= 1e-6 * value.abs() + 2.0 * self.uncertainty
    }
}

/// A smaller factor is rounding after cancellation.
const ROUNDED: f64 = 1e-8;

/// G = c · T, with a c that is the same at all inputs or a function of the sizes.
pub(super) fn factor(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    // A single element always has a ratio: the ratio at one probe must hold at another.
    let ratios: Vec<Ratio> = case.smooth().filter_map(|(at, probed)| Ratio::of(at, probed)).collect();
    let wrong = ratios.iter().filter(|ratio| case.probed_blocks[ratio.at].verdict.is_wrong());
    let &Ratio { at: shown, value, .. } = wrong.min_by(|a, b| a.uncertainty.total_cmp(&b.uncertainty))?;
    if value.abs() < ROUNDED {
        return cut_off(case);
    }
    let names = names(case, &ratios);
    let constant = ratios.iter().all(|ratio| ratio.is(value));
    if names.is_empty() && !constant {
        return None;
    }
    let of = |probed: &ProbedBlock<'_>| {
        let own = ratios.iter().find(|ratio| case.probed_blocks[ratio.at].probe_index == probed.probe_index);
        own.map(|ratio| if constant { value } else { ratio.value })
    };
    let predicted = case.fit(|probed| {
        let factor = of(probed).unwrap_or(0.0);
        Some(probed.truth.mapv(|truth| factor * truth))
    })?;
    let plain = format!("{value:.6}").trim_end_matches('0').trim_end_matches('.').to_owned();
    let name = names.first().cloned().unwrap_or(plain);
    let rows = samples(case, &case.probed_blocks[shown]);
    let parameter = case.is_parameter() || case.observations.samples().is_some();
    let in_columns = name.contains('m') && case.observations.samples_in_columns();
    let (cause, id) = match name.as_str() {
        "1/N" if case.is_parameter() && !is_loss(case) => (Cause::MeanForSum, "mean_for_sum"),
        "N" => (Cause::SumForMean, "sum_for_mean"),
        "1/N" => (Cause::Factor { value, name: name.clone() }, "factor-rows"),
        _ if in_columns => (Cause::Factor { value, name: name.clone() }, "factor-columns"),
        _ => (Cause::Factor { value, name: name.clone() }, "factor"),
    };
    let diagnosis = Diagnosis::new(cause, predicted)
        .with_text(id)
        .with("rows", rows)
        .with("times", format!("{value:.4}"))
        .with("negative", value < 0.0)
        .with("parameter", parameter)
        .with("inverse", inverse(&name));
    Some(match names.get(1..) {
        Some(others) if !others.is_empty() => diagnosis.remark(text!("factor-also", names = others)),
        _ => diagnosis,
    })
}

/// The inverse factor: `N` for `1/N`.
fn inverse(name: &str) -> String {
    let (sign, size) = name.strip_prefix('−').map_or(("", name), |size| ("−", size));
    match size.split_once('/') {
        Some(("1", of)) => format!("{sign}{}", of.trim_matches(['(', ')'])),
        Some((top, bottom)) => format!("{sign}{bottom}/{top}"),
        None if size == "1" => name.to_owned(),
        None => format!(
            "{sign}1/{}",
            if size.contains([' ', '·']) { format!("({size})") } else { size.to_owned() }
        ),
    }
}

/// G = c · (f − t) · T for a function f of one value: the gradient of a squared error of the given loss.
pub(super) fn of_square(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let value = |probed: &ProbedBlock<'_>| probed.probe.out.sum();
    if case.probed_blocks.iter().any(|probed| probed.probe.out.len() != 1) {
        return None;
    }
    let ratios: Vec<Ratio> = case.smooth().filter_map(|(at, probed)| Ratio::of(at, probed)).collect();
    // In ½ o², a doubled factor o is √(2 f).
    let root = |probed: &ProbedBlock<'_>| (2.0 * value(probed)).sqrt();
    if ratios.len() >= 3 && ratios.iter().all(|ratio| ratio.is(root(&case.probed_blocks[ratio.at]))) {
        let predicted = case.fit(|probed| Some(&probed.truth * root(probed)))?;
        return Some(
            Diagnosis::new(Cause::OfSquare { target: 0.0 }, predicted).with_text("of_square-output"),
        );
    }
    let mut sharp: Vec<&Ratio> = ratios.iter().collect();
    sharp.sort_by(|a, b| a.uncertainty.total_cmp(&b.uncertainty));
    let (first, second) = (*sharp.first()?, *sharp.get(1)?);
    let of = |ratio: &Ratio| value(&case.probed_blocks[ratio.at]);
    let slope = (second.value - first.value) / (of(second) - of(first));
    let target = of(first) - first.value / slope;
    let plain = |number: f64, wanted: f64| (number - wanted).abs() <= 1e-5;
    if ratios.len() < 3 || ![1.0, 2.0].iter().any(|wanted| plain(slope, *wanted)) {
        return None;
    }
    let (slope, target) =
        (slope.round(), if plain(target, target.round()) { target.round() } else { target });
    let predicted = case.fit(|probed| Some(&probed.truth * (slope * (value(probed) - target))))?;
    let less = if target == 0.0 { String::new() } else { format!(" − {}", super::formulas::plain(target)) };
    Some(Diagnosis::new(Cause::OfSquare { target }, predicted).with("less", less))
}

/// Named constants.
const CONSTANTS: [(f64, &str); 6] = [
    (std::f64::consts::LN_2, "ln 2"),
    (std::f64::consts::LN_10, "ln 10"),
    (std::f64::consts::PI, "π"),
    (std::f64::consts::E, "e"),
    (std::f64::consts::SQRT_2, "√2"),
    (180.0 / std::f64::consts::PI, "(180/π)"),
];

/// Whether the output is one number: the mean is then in the loss, and not in the sum over the samples.
fn is_loss(case: &Case<'_>) -> bool {
    case.probed_blocks.iter().all(|probed| probed.probe.out.len() == 1)
}

/// The number of samples at a probe: rows or columns.
fn samples(case: &Case<'_>, probed: &ProbedBlock<'_>) -> usize {
    let x = probed.probe.x.shape();
    let of_input = if case.observations.samples_in_columns() { x.last() } else { x.first() };
    case.observations.samples().or(of_input.copied()).unwrap_or(1)
}

/// The number of channels of the output that a block has elements for: one for each in a bias, the first or last axis of
/// weights.
fn channels(probed: &ProbedBlock<'_>) -> usize {
    let (own, out) = (probed.truth.shape(), probed.probe.out.shape());
    let filters = own.first().filter(|filters| own.len() > 1 && out.get(1) == Some(filters));
    let units = own.last().filter(|units| own.len() > 1 && out.last() == Some(units));
    filters.or(units).copied().unwrap_or(probed.truth.len()).max(1)
}

/// The names of the factor that hold at all probes.
fn names(case: &Case<'_>, ratios: &[Ratio]) -> Vec<String> {
    let columns = case.observations.samples_in_columns();
    let size = |probed: &ProbedBlock<'_>, which: usize| -> f64 {
        let (x, out) = (probed.probe.x.shape(), probed.probe.out.shape());
        let features = if columns { x.first() } else { x.last() };
        let number = match which {
            0 => Some(self::samples(case, probed)),
            1 => features.copied(),
            2 => if columns { out.first() } else { out.last() }.copied(),
            3 => Some(probed.probe.x.len()),
            4 => Some(probed.probe.out.len()),
            // A bias or filter of a channel is used at each position of each sample.
            _ => Some(probed.probe.out.len() / channels(probed)),
        };
        number.unwrap_or(1) as f64
    };
    let loss = case.labels.is_some();
    let mut dimensions = if columns && loss {
        vec!["m", "C", "C", "(m·C)", "(m·C)"]
    } else if columns {
        vec!["m", "n", "k", "(m·n)", "(m·k)"]
    } else {
        vec!["N", "D", "C", "(N·D)", "(N·C)"]
    };
    if case.is_parameter() {
        dimensions.extend(match case.probed_blocks[0].probe.out.ndim() {
            4 => Some("(N·H·W)"),
            3 => Some("(N·L)"),
            _ => None,
        });
    }
    let mut found = Vec::new();
    let offer = |found: &mut Vec<String>, name: String, value: &dyn Fn(&ProbedBlock<'_>) -> f64| {
        let fits = |ratio: &Ratio| ratio.is(value(&case.probed_blocks[ratio.at]));
        if ratios.iter().all(fits) {
            found.push(name);
        }
    };
    // If the number of samples is the same at all probes, its name precedes an equal constant.
    let fixed =
        case.smooth().all(|(_, probed)| samples(case, probed) == samples(case, &case.probed_blocks[0]));
    let has_samples =
        case.observations.samples().is_some() || case.probed_blocks[0].probe.x.ndim() > 1 && !is_loss(case);
    if fixed && has_samples && samples(case, &case.probed_blocks[0]) > 2 {
        offer(&mut found, "N".to_owned(), &|probed| samples(case, probed) as f64);
        offer(&mut found, "1/N".to_owned(), &|probed| 1.0 / samples(case, probed) as f64);
    }
    for (sign, minus) in [(1.0, ""), (-1.0, "−")] {
        for n in 2..=10 {
            let n = f64::from(n);
            offer(&mut found, format!("{minus}{n}"), &|_| sign * n);
            offer(&mut found, format!("{minus}1/{n}"), &|_| sign / n);
        }
    }
    // A size that is the same at all probes is a constant, covered above.
    for (which, name) in dimensions.iter().enumerate() {
        let varies =
            case.smooth().any(|(_, probed)| size(probed, which) != size(&case.probed_blocks[0], which));
        let is_known_size = !varies && which > 0 && which < 3 && size(&case.probed_blocks[0], which) <= 10.0;
        for (sign, minus) in [(1.0, ""), (-1.0, "−")] {
            if !is_known_size {
                let plain = name.trim_matches(['(', ')']);
                offer(&mut found, format!("{minus}{plain}"), &|probed| sign * size(probed, which));
                offer(&mut found, format!("{minus}1/{name}"), &|probed| sign / size(probed, which));
            }
            offer(&mut found, format!("{minus}√{name}"), &|probed| sign * size(probed, which).sqrt());
            offer(&mut found, format!("{minus}1/√{name}"), &|probed| sign / size(probed, which).sqrt());
            offer(&mut found, format!("{minus}{name}²"), &|probed| sign * size(probed, which).powi(2));
            offer(&mut found, format!("{minus}1/{name}²"), &|probed| sign / size(probed, which).powi(2));
        }
    }
    if found.is_empty() {
        let n = dimensions[0];
        for (of, name) in [(1, dimensions[1]), (2, dimensions[2])] {
            for (sign, minus) in [(1.0, ""), (-1.0, "−")] {
                offer(&mut found, format!("{minus}{n}/{name}"), &|probed| {
                    sign * size(probed, 0) / size(probed, of)
                });
                offer(&mut found, format!("{minus}{name}/{n}"), &|probed| {
                    sign * size(probed, of) / size(probed, 0)
                });
            }
        }
        offer(&mut found, format!("{n}/({n} − 1)"), &|probed| size(probed, 0) / (size(probed, 0) - 1.0));
        offer(&mut found, format!("({n} − 1)/{n}"), &|probed| (size(probed, 0) - 1.0) / size(probed, 0));
        for (value, name) in CONSTANTS {
            offer(&mut found, name.to_owned(), &|_| value);
            offer(&mut found, format!("1/{name}"), &|_| 1.0 / value);
        }
    }
    // A node with several uses counts some of them too often: 7/6. Short decimal numbers are printed as decimals.
    let fractions = (2..=12).flat_map(|d| (2..=12).map(move |n| (n, d)));
    for (n, d) in fractions.filter(|(n, d)| n * 1000 % d != 0) {
        if found.is_empty() {
            let value = f64::from(n) / f64::from(d);
            offer(&mut found, format!("{n}/{d}"), &|_| value);
            offer(&mut found, format!("−{n}/{d}"), &|_| -value);
        }
    }
    found.dedup();
    found.truncate(3);
    found
}

/// A factor beside another fault.
pub(crate) struct Besides {
    name: &'static str,
    of: fn(f64) -> f64,
}

/// The factors that occur beside other faults, by the number of rows.
pub(crate) const BESIDES: [Besides; 6] = [
    Besides { name: "−1", of: |_| -1.0 },
    Besides { name: "1/N", of: |n| 1.0 / n },
    Besides { name: "N", of: |n| n },
    Besides { name: "2", of: |_| 2.0 },
    Besides { name: "1/2", of: |_| 0.5 },
    Besides { name: "−1/N", of: |n| -1.0 / n },
];

impl Besides {
    /// The factor at a probe.
    pub fn of(&self, probe: &Probe) -> f64 {
        (self.of)(probe.x.shape().first().copied().unwrap_or(1) as f64)
    }

    /// Its message.
    pub(super) fn diagnosis(&self, case: &Case<'_>, predicted: Vec<Option<Tensor>>) -> Diagnosis {
        let name = self.name;
        let cause = match (name, case.is_parameter()) {
            ("−1", _) => Cause::Sign,
            ("1/N", true) => Cause::MeanForSum,
            ("N", _) => Cause::SumForMean,
            _ => {
                let value = case.probed_blocks.first().map_or(1.0, |probed| self.of(probed.probe));
                Cause::Factor { value, name: name.to_owned() }
            }
        };
        Diagnosis::new(cause, predicted)
            .with_text("besides-factor")
            .with("name", name)
            .with("inverse", inverse(name))
            .with("block", case.name())
    }
}
