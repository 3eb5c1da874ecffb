//! The gradient times a number: nothing, the wrong sign, a constant factor.

use super::{Case, Diagnosis};
use crate::check::Cause;
use crate::check::probe::Probe;
use crate::check::view::View;
use crate::textbook::{Layer, Tensor};

/// G = 0 where the truth is not.
pub(super) fn detached(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let predicted = case.fit(|view| Some(view.truth.mapv(|truth| truth * 0.0)))?;
    let name = case.gradient();
    let who = if case.is_parameter() {
        "the parameter stays as it was drawn"
    } else {
        "no layer before this one learns"
    };
    Some(
        Diagnosis::new(Cause::Detached, predicted)
            .saying(format!("{name} is exactly 0, so the path back through `{}` is cut off.", case.name()))
            .formulas(format!("{name} = 0"), format!("{name} = dout · ∂out/∂{}", case.name()))
            .help(format!("compute {name} from dout in backward, and hand it on"))
            .would(format!("{who}; the loss may still fall, by what the other layers do")),
    )
}

/// G = −T.
pub(super) fn sign(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let predicted = case.fit(|view| Some(view.truth.mapv(|truth| -truth)))?;
    let name = case.gradient();
    Some(
        Diagnosis::new(Cause::Sign, predicted)
            .saying(format!("{name} has the right size everywhere and the wrong sign everywhere."))
            .formulas(
                format!("{name} = −(dout · ∂out/∂{})", case.name()),
                format!("{name} = dout · ∂out/∂{}", case.name()),
            )
            .help(format!("{name} = −{name}"))
            .would("descent climbs: the loss rises from the first step on"),
    )
}

/// The factor of a view: where it is, its value by least squares, and how far off that may be.
#[derive(Clone, Copy)]
struct Ratio {
    at: usize,
    value: f64,
    uncertainty: f64,
}

impl Ratio {
    fn of(at: usize, view: &View<'_>) -> Option<Self> {
        let (mut gt, mut tt, mut off) = (0.0, 0.0, 0.0);
        for (claimed, truth, tolerance) in view.elements(&view.truth) {
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

/// G = c · T, with a c that is the same at all inputs or a function of the sizes.
pub(super) fn factor(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    // A single number has a ratio always: the ratio of one view must hold in another.
    let ratios: Vec<Ratio> = case.smooth().filter_map(|(at, view)| Ratio::of(at, view)).collect();
    let wrong = ratios.iter().filter(|ratio| case.views[ratio.at].verdict.is_wrong());
    let &Ratio { at: shown, value, .. } = wrong.min_by(|a, b| a.uncertainty.total_cmp(&b.uncertainty))?;
    let names = names(case, &ratios);
    let constant = ratios.iter().all(|ratio| ratio.is(value));
    if names.is_empty() && !constant {
        return None;
    }
    let of = |view: &View<'_>| {
        let own = ratios.iter().find(|ratio| case.views[ratio.at].number == view.number);
        own.map(|ratio| if constant { value } else { ratio.value })
    };
    let predicted = case.fit(|view| {
        let factor = of(view).unwrap_or(0.0);
        Some(view.truth.mapv(|truth| factor * truth))
    })?;
    let plain = format!("{value:.6}").trim_end_matches('0').trim_end_matches('.').to_owned();
    let name = if names.is_empty() { plain } else { names.join(" or ") };
    let rows = case.views[shown].probe.x.shape().first().copied().unwrap_or(1);
    let gradient = case.gradient();
    let where_m = if name.contains('m') && case.answers.samples_in_columns() {
        ", m = the number of columns: each is a sample"
    } else {
        ""
    };
    let (cause, why, help) = match name.as_str() {
        "1/N" if case.is_parameter() => (
            Cause::MeanForSum,
            format!(
                "{gradient} is the mean over the {rows} rows where the sum belongs: the same {} serves every row, and where one value goes several ways its gradients add up",
                case.name()
            ),
            format!("{gradient} = sum over the rows, np.sum(…, axis=0), not np.mean"),
        ),
        "N" => (
            Cause::SumForMean,
            format!(
                "{gradient} is {rows} times too large, once for each row: the mean over the rows divides by N, and the gradient does not"
            ),
            format!("{gradient} = {gradient} / N, with N = x.shape[0]"),
        ),
        "1/N" => (
            Cause::Factor { value, name: name.clone() },
            format!(
                "{gradient} is {rows} times too small: it is divided by the number of rows once too often"
            ),
            "divide by N once: in the loss, or here, not in both".to_owned(),
        ),
        _ => (
            Cause::Factor { value, name: name.clone() },
            format!("{gradient} is {name} times what it should be, everywhere{where_m}"),
            format!("{gradient} = {gradient} / ({name})"),
        ),
    };
    Some(
        Diagnosis::new(cause, predicted)
            .saying(format!("{why}."))
            .formulas(
                format!("{gradient} = {name} · (dout · ∂out/∂{})", case.name()),
                format!("{gradient} = dout · ∂out/∂{}", case.name()),
            )
            .help(help)
            .would(if value < 0.0 {
                "descent climbs, with steps of another length".to_owned()
            } else {
                format!(
                    "steps of {value:.4} times the length: as if the learning rate were another one{}",
                    if case.is_parameter() {
                        " for this parameter"
                    } else {
                        " for this layer's input and all before it"
                    }
                )
            }),
    )
}

/// G = c · (f − t) · T for a function f of one value: the gradient of a squared error of what was given for the loss.
pub(super) fn of_square(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let value = |view: &View<'_>| view.probe.out.sum();
    if case.views.iter().any(|view| view.probe.out.len() != 1) {
        return None;
    }
    let ratios: Vec<Ratio> = case.smooth().filter_map(|(at, view)| Ratio::of(at, view)).collect();
    // Of ½ o², a factor o that stands twice is √(2 f).
    let root = |view: &View<'_>| (2.0 * value(view)).sqrt();
    if ratios.len() >= 3 && ratios.iter().all(|ratio| ratio.is(root(&case.views[ratio.at]))) {
        let predicted = case.fit(|view| Some(&view.truth * root(view)))?;
        let gradient = case.gradient();
        return Some(
            Diagnosis::new(Cause::OfSquare { target: 0.0 }, predicted)
                .saying(format!("{gradient} is multiplied by the output, of which the loss is half the square, once more than it should be."))
                .formulas(format!("{gradient} = o · (o · ∂o/∂{})", case.name()), format!("{gradient} = o · ∂o/∂{}", case.name()))
                .help(format!("leave one of the factors o out of {gradient}"))
                .would("steps that fade as the output does, or grow with it"),
        );
    }
    let mut sharp: Vec<&Ratio> = ratios.iter().collect();
    sharp.sort_by(|a, b| a.uncertainty.total_cmp(&b.uncertainty));
    let (first, second) = (*sharp.first()?, *sharp.get(1)?);
    let of = |ratio: &Ratio| value(&case.views[ratio.at]);
    let slope = (second.value - first.value) / (of(second) - of(first));
    let target = of(first) - first.value / slope;
    let plain = |number: f64, wanted: f64| (number - wanted).abs() <= 1e-5;
    if ratios.len() < 3 || ![1.0, 2.0].iter().any(|wanted| plain(slope, *wanted)) {
        return None;
    }
    let (slope, target) =
        (slope.round(), if plain(target, target.round()) { target.round() } else { target });
    let predicted = case.fit(|view| Some(&view.truth * (slope * (value(view) - target))))?;
    let gradient = case.gradient();
    let less = if target == 0.0 { String::new() } else { format!(" − {}", super::formulas::plain(target)) };
    Some(
        Diagnosis::new(Cause::OfSquare { target }, predicted)
            .saying(format!("{gradient} is the gradient of what was given for the loss, times that value itself{less}: it is the gradient of its square, and what is differentiated is not."))
            .formulas(format!("{gradient} = (f{less}) · ∂f/∂{}", case.name()), format!("{gradient} = ∂f/∂{}", case.name()))
            .help("give the loss that the gradient was derived from, such as ½(f − t)², not the output")
            .would("nothing, if the loss that is trained on is the one that the gradient was derived from"),
    )
}

/// Numbers with a name.
const CONSTANTS: [(f64, &str); 6] = [
    (std::f64::consts::LN_2, "ln 2"),
    (std::f64::consts::LN_10, "ln 10"),
    (std::f64::consts::PI, "π"),
    (std::f64::consts::E, "e"),
    (std::f64::consts::SQRT_2, "√2"),
    (180.0 / std::f64::consts::PI, "(180/π)"),
];

/// The names of the factor that hold in all views.
fn names(case: &Case<'_>, ratios: &[Ratio]) -> Vec<String> {
    let columns = case.answers.samples_in_columns();
    let size = |view: &View<'_>, which: usize| -> f64 {
        let (x, out) = (view.probe.x.shape(), view.probe.out.shape());
        let (samples, features) = if columns { (x.last(), x.first()) } else { (x.first(), x.last()) };
        let number = match which {
            0 => samples.copied(),
            1 => features.copied(),
            2 => if columns { out.first() } else { out.last() }.copied(),
            3 => Some(view.probe.x.len()),
            _ => Some(view.probe.out.len()),
        };
        number.unwrap_or(1) as f64
    };
    let loss = case.labels.is_some();
    let dimensions = if columns && loss {
        ["m", "C", "C", "(m·C)", "(m·C)"]
    } else if columns {
        ["m", "n", "k", "(m·n)", "(m·k)"]
    } else {
        ["N", "D", "C", "(N·D)", "(N·C)"]
    };
    let mut found = Vec::new();
    let offer = |found: &mut Vec<String>, name: String, value: &dyn Fn(&View<'_>) -> f64| {
        let fits = |ratio: &Ratio| ratio.is(value(&case.views[ratio.at]));
        if ratios.iter().all(fits) {
            found.push(name);
        }
    };
    for (sign, minus) in [(1.0, ""), (-1.0, "−")] {
        for n in 2..=10 {
            let n = f64::from(n);
            offer(&mut found, format!("{minus}{n}"), &|_| sign * n);
            offer(&mut found, format!("{minus}1/{n}"), &|_| sign / n);
        }
    }
    // A size that is the same at all probes is a constant, and told above.
    for (which, name) in dimensions.iter().enumerate() {
        let varies = case.smooth().any(|(_, view)| size(view, which) != size(&case.views[0], which));
        let told = !varies && which > 0 && which < 3 && size(&case.views[0], which) <= 10.0;
        for (sign, minus) in [(1.0, ""), (-1.0, "−")] {
            if !told {
                let plain = name.trim_matches(['(', ')']);
                offer(&mut found, format!("{minus}{plain}"), &|view| sign * size(view, which));
                offer(&mut found, format!("{minus}1/{name}"), &|view| sign / size(view, which));
            }
            offer(&mut found, format!("{minus}√{name}"), &|view| sign * size(view, which).sqrt());
            offer(&mut found, format!("{minus}1/√{name}"), &|view| sign / size(view, which).sqrt());
            offer(&mut found, format!("{minus}{name}²"), &|view| sign * size(view, which).powi(2));
            offer(&mut found, format!("{minus}1/{name}²"), &|view| sign / size(view, which).powi(2));
        }
    }
    if found.is_empty() {
        let n = dimensions[0];
        for (of, name) in [(1, dimensions[1]), (2, dimensions[2])] {
            for (sign, minus) in [(1.0, ""), (-1.0, "−")] {
                offer(&mut found, format!("{minus}{n}/{name}"), &|view| {
                    sign * size(view, 0) / size(view, of)
                });
                offer(&mut found, format!("{minus}{name}/{n}"), &|view| {
                    sign * size(view, of) / size(view, 0)
                });
            }
        }
        offer(&mut found, format!("{n}/({n} − 1)"), &|view| size(view, 0) / (size(view, 0) - 1.0));
        offer(&mut found, format!("({n} − 1)/{n}"), &|view| (size(view, 0) - 1.0) / size(view, 0));
        for (value, name) in CONSTANTS {
            offer(&mut found, name.to_owned(), &|_| value);
            offer(&mut found, format!("1/{name}"), &|_| 1.0 / value);
        }
    }
    // A node of several uses counts some of them too often: 7/6. What is short as a decimal number is written as one.
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
pub(in crate::check) struct Besides {
    name: &'static str,
    of: fn(f64) -> f64,
}

/// The factors that come beside other faults, of the number of rows.
pub(in crate::check) const BESIDES: [Besides; 6] = [
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

    /// What is to be said of it.
    pub(super) fn diagnosis(&self, case: &Case<'_>, predicted: Vec<Option<Tensor>>) -> Diagnosis {
        let (gradient, name) = (case.gradient(), self.name);
        let cause = match (name, case.is_parameter()) {
            ("−1", _) => Cause::Sign,
            ("1/N", true) => Cause::MeanForSum,
            ("N", _) => Cause::SumForMean,
            _ => {
                let value = case.views.first().map_or(1.0, |view| self.of(view.probe));
                Cause::Factor { value, name: name.to_owned() }
            }
        };
        Diagnosis::new(cause, predicted)
            .saying(format!(
                "Besides, {gradient} is {name} times what it would be with that fault alone: there are two."
            ))
            .formulas(format!("{gradient} = {name} · …"), format!("{gradient} = …"))
            .help(format!("{gradient} = {gradient} / ({name})"))
            .would("either fault alone would be enough to spoil the training")
    }
}
