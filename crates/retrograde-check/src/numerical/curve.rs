//! The difference quotients over a range of step sizes.

use super::differences::scale;

/// The difference quotients at one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// The step h.
    pub step: f64,
    /// (f(x + h) − f(x − h)) / 2h.
    pub centered: f64,
    /// (f(x) − f(x − h)) / h.
    pub left: f64,
    /// (f(x + h) − f(x)) / h.
    pub right: f64,
}

/// From half of the number's magnitude (or of 1) down to the step that rounding absorbs, each a quarter of the last.
pub(super) fn curve(mut f: impl FnMut(f64) -> f64, at: f64) -> Vec<CurvePoint> {
    let scale = scale(at);
    let middle = f(at);
    let point = |level: i32| {
        let step = scale * 0.5_f64.powi(1 + 2 * level);
        let (left_at, right_at) = (at - step, at + step);
        if left_at >= at || right_at <= at {
            return None;
        }
        let (left, right) = (f(left_at), f(right_at));
        Some(CurvePoint {
            step,
            centered: (right - left) / (right_at - left_at),
            left: (middle - left) / (at - left_at),
            right: (right - middle) / (right_at - at),
        })
    };
    (0..24).map_while(point).collect()
}
