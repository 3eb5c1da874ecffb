//! A function of each element that is smooth everywhere, and whose slope in backward is wrong at one point: it is made of
//! parts that have a kink there, each taken with a slope of its own.

use super::formulas::plain;
use super::{Case, Diagnosis, slope};
use crate::check::Cause;
use crate::check::message::text;
use crate::textbook::Layer;

/// The slope is another number at one value of x, and right at all others.
pub(super) fn slope_at(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let all = slope::all(case)?;
    let is_right = |element: &&slope::Element| (element.code - element.point.2).abs() <= element.tolerance;
    // Random inputs are not at this point: that they are right is what makes it one.
    let first = all.iter().find(|element| !is_right(element))?;
    let (at, right, code) = (first.point.0, first.point.2, first.code);
    let predicted = slope::fit(case, |(x, _, slope), _| if x == at { code } else { slope })?;
    let [point, right, code] = [at, right, code].map(name);
    Some(
        Diagnosis::new(Cause::WrongSlope { code: code.clone().into(), right: text!("slope-at_x", slope = right.clone(), point = point.clone()) }, predicted)
            .saying(format!("dx is right but at x = {point}: there the function has the slope {right} on both sides, and backward takes {code}. Parts that have a kink there, such as |x| and max(x, 0), have none together."))
            .formulas(format!("dx = dout · {code} at x = {point}"), format!("dx = dout · {right} at x = {point}"))
            .help(format!("write the slope of the whole as one formula, or set it to {right} where x == {point}"))
            .would("inputs that are there by construction, such as the zeros of a first layer without weights, get a wrong gradient at each step"),
    )
}

/// A number as a short fraction where it is one.
fn name(value: f64) -> String {
    let fraction = (2..=12).find_map(|d| {
        let top = value * f64::from(d);
        let is_whole = (top - top.round()).abs() <= 1e-8 && (value - value.round()).abs() > 1e-8;
        is_whole.then(|| format!("{}/{d}", plain(top.round())))
    });
    fraction.unwrap_or_else(|| plain(value))
}
