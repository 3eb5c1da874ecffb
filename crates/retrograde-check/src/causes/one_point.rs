//! An elementwise function that is smooth everywhere, with a wrong slope at one point: its parts have kinks there, and each
//! is taken with its own slope.

use super::formulas::plain;
use super::{Case, Diagnosis, slope};
use crate::Cause;
use crate::message::text;
use retrograde_textbook::Layer;

/// The slope is another number at one value of x, and right at all others.
pub(super) fn slope_at(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let all = slope::all(case)?;
    let is_right =
        |element: &&slope::ElementSlope| (element.code - element.point.2).abs() <= element.tolerance;
    // Random inputs do not hit this point; they must be right.
    let first = all.iter().find(|element| !is_right(element))?;
    let (at, right, code) = (first.point.0, first.point.2, first.code);
    let predicted = slope::fit(case, |(x, _, slope), _| if x == at { code } else { slope })?;
    let [point, right, code] = [at, right, code].map(name);
    let at_point = |slope: String| text!("slope-at_x", slope, point = point.clone());
    let cause = Cause::WrongSlope { code: code.clone().into(), right: at_point(right.clone()) };
    let found = Diagnosis::new(cause, predicted).with_text("wrong_slope-at_one_point");
    Some(found.with("point", point).with("slope", right))
}

/// A number as a short fraction, if it is one.
fn name(value: f64) -> String {
    let fraction = (2..=12).find_map(|d| {
        let top = value * f64::from(d);
        let is_whole = (top - top.round()).abs() <= 1e-8 && (value - value.round()).abs() > 1e-8;
        is_whole.then(|| format!("{}/{d}", plain(top.round())))
    });
    fraction.unwrap_or_else(|| plain(value))
}
