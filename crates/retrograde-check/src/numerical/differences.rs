//! Differences of functions of one number and of many.

use super::curve::{CurvePoint, curve};
use super::jacobian::{Jacobian, columns};
use super::ladder::{Ladder, MOST, Slope};
use retrograde_base::Result;

/// The settings of differences: for functions computed in `f64`, or in `f32`.
///
/// ```
/// use retrograde::check::numerical::{Character, Differences};
///
/// let differences = Differences::double();
/// let slopes = differences.gradient(|x| x[0].exp() * x[1].max(0.0), &[1.0, 2.0]);
/// assert!((slopes[0].value - 2.0 * 1.0_f64.exp()).abs() < 1e-10);
/// // At the kink of max(x, 0), both slopes are reported:
/// let kink = differences.slope(|x| x.max(0.0), 0.0);
/// assert_eq!(kink.character, Character::Kink { left: 0.0, right: 1.0 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Differences {
    /// The first step, relative to a number's magnitude or to 1, whichever is larger.
    first: f64,
    /// The relative rounding of a value of the function.
    roundoff: f64,
    single: bool,
}

impl Default for Differences {
    fn default() -> Self {
        Self::double()
    }
}

impl Differences {
    /// For a function computed in `f64`: ten digits of most slopes. The error of a value is up to two units in the last
    /// place.
    pub fn double() -> Self {
        Differences { first: 1.0 / 256.0, roundoff: 2.0 * f64::EPSILON, single: false }
    }

    /// For a function computed in `f32`, with larger steps: three digits of most slopes. All points are representable in
    /// `f32`.
    pub fn single() -> Self {
        Differences { first: 1.0 / 16.0, roundoff: 2.0 * f64::from(f32::EPSILON), single: true }
    }

    /// For a function with this relative error of its values: the first steps are larger if it is large.
    pub(crate) fn rounded_to(roundoff: f64) -> Self {
        let first = match roundoff {
            coarse if coarse > 1e-3 => 1.0 / 2.0,
            single if single > 1e-12 => 1.0 / 8.0,
            _ => 1.0 / 256.0,
        };
        Differences { first, roundoff: roundoff.max(2.0 * f64::EPSILON), single: false }
    }

    /// The slope of `f` at a point.
    pub fn slope(&self, f: impl FnMut(f64) -> f64, at: f64) -> Slope {
        let mut f = f;
        let middle = f(self.point(at));
        self.slope_against(f, at, middle, None)
    }

    /// The slope of `f` at a point where its value is `middle`. `expected`, if given, is the derivative to compare with: if
    /// the first two steps confirm it to eight digits, no further step is taken.
    pub fn slope_against(
        &self,
        f: impl FnMut(f64) -> f64,
        at: f64,
        middle: f64,
        expected: Option<f64>,
    ) -> Slope {
        self.slope_within(f, at, middle, 0.0, expected)
    }

    /// The slope of a function whose rounding is that of a value of this magnitude, although its values are smaller: a
    /// difference of two large numbers, a sum with cancellation.
    pub fn slope_within(
        &self,
        f: impl FnMut(f64) -> f64,
        at: f64,
        middle: f64,
        magnitude: f64,
        expected: Option<f64>,
    ) -> Slope {
        self.slope_above(f, at, middle, self.roundoff * magnitude, expected)
    }

    /// The slope of a function with an absolute error of `floor` in each value.
    pub(crate) fn slope_above(
        &self,
        mut f: impl FnMut(f64) -> f64,
        at: f64,
        middle: f64,
        floor: f64,
        expected: Option<f64>,
    ) -> Slope {
        let mut ladder = self.ladder(middle, at).with_floor(floor);
        for (step, left, right) in self.steps(at) {
            ladder.push(step, f(left), f(right));
            if let Some(slope) = ladder.settled(expected) {
                return slope;
            }
        }
        ladder.conclude()
    }

    /// The gradient of a function of many numbers, one element after the other.
    pub fn gradient(&self, f: impl FnMut(&[f64]) -> f64, at: &[f64]) -> Vec<Slope> {
        self.gradient_of(f, at, 0..at.len())
    }

    /// The slopes for some elements, such as a [`sample`](super::sample) of them.
    ///
    /// # Panics
    /// If an element is not below the length of `at`.
    pub fn gradient_of(
        &self,
        mut f: impl FnMut(&[f64]) -> f64,
        at: &[f64],
        elements: impl IntoIterator<Item = usize>,
    ) -> Vec<Slope> {
        let mut x = self.points(at);
        let middle = f(&x);
        let mut slopes = Vec::new();
        for element in elements {
            let original = x[element];
            let moved = |to: f64| {
                x[element] = to;
                f(&x)
            };
            slopes.push(self.slope_against(moved, original, middle, None));
            x[element] = original;
        }
        slopes
    }

    /// The slope along a direction: the derivative of f(at + t·direction) by t, at 0. It takes a few evaluations for any
    /// number of elements.
    ///
    /// # Panics
    /// If the direction does not have the length of `at`.
    pub fn along(&self, mut f: impl FnMut(&[f64]) -> f64, at: &[f64], direction: &[f64]) -> Slope {
        assert_eq!(at.len(), direction.len(), "a direction has a part for each number");
        let mut x = at.to_vec();
        self.slope(
            |t| {
                x.iter_mut().zip(at).zip(direction).for_each(|((x, at), along)| *x = at + t * along);
                f(&x)
            },
            0.0,
        )
    }

    /// All partial derivatives of a function of many numbers with many values.
    pub fn jacobian(&self, f: impl FnMut(&[f64]) -> Vec<f64>, at: &[f64]) -> Jacobian {
        self.jacobian_of(f, at, 0..at.len())
    }

    /// The partial derivatives by some elements.
    ///
    /// # Panics
    /// If an element is not below the length of `at`, or if the number of values of `f` changes.
    pub fn jacobian_of(
        &self,
        f: impl FnMut(&[f64]) -> Vec<f64>,
        at: &[f64],
        elements: impl IntoIterator<Item = usize>,
    ) -> Jacobian {
        columns(self, f, at, elements.into_iter().collect())
    }

    /// The difference quotients at many steps, without selection or extrapolation: rounding dominates at small steps and
    /// the truncation error at large ones; a kink shows as a gap between the sides.
    pub fn curve(&self, f: impl FnMut(f64) -> f64, at: f64) -> Vec<CurvePoint> {
        curve(f, self.point(at))
    }

    /// The slopes of all values of a function of one number, from one ladder each, with common steps. `None` if the number
    /// of values changes.
    pub(crate) fn of_values(
        &self,
        mut ladders: Vec<Ladder>,
        at: f64,
        mut f: impl FnMut(f64) -> Result<Vec<f64>>,
    ) -> Result<Option<Vec<Slope>>> {
        let mut settled: Vec<Option<Slope>> = vec![None; ladders.len()];
        for (step, left, right) in self.steps(at) {
            let (left, right) = (f(left)?, f(right)?);
            if left.len() != ladders.len() || right.len() != ladders.len() {
                return Ok(None);
            }
            for (output, ladder) in ladders.iter_mut().enumerate() {
                if settled[output].is_none() {
                    ladder.push(step, left[output], right[output]);
                    settled[output] = ladder.settled(None);
                }
            }
            if settled.iter().all(Option::is_some) {
                break;
            }
        }
        let conclude = |(slope, ladder): (Option<Slope>, &Ladder)| slope.unwrap_or_else(|| ladder.conclude());
        Ok(Some(settled.into_iter().zip(&ladders).map(conclude).collect()))
    }

    pub(crate) fn ladder(&self, middle: f64, at: f64) -> Ladder {
        Ladder::new(middle, self.roundoff, scale(at))
    }

    /// The steps at a point: half the distance of two points, and the points.
    fn steps(&self, at: f64) -> impl Iterator<Item = (f64, f64, f64)> + use<> {
        let (this, at) = (*self, self.point(at));
        (0..MOST).map_while(move |level| {
            let step = this.first * scale(at) * 0.5_f64.powi(level as i32);
            let (left, right) = (this.point(at - step), this.point(at + step));
            // The distance after rounding.
            (left < at && at < right).then(|| ((right - left) / 2.0, left, right))
        })
    }

    /// The number in the precision of the function.
    pub(super) fn point(&self, x: f64) -> f64 {
        if self.single { f64::from(x as f32) } else { x }
    }

    pub(super) fn points(&self, x: &[f64]) -> Vec<f64> {
        x.iter().map(|&x| self.point(x)).collect()
    }
}

/// The magnitude of a number, or 1, as a power of two, so that halves of it are exact.
pub(super) fn scale(at: f64) -> f64 {
    at.abs().clamp(1.0, f64::MAX / 4.0).log2().floor().exp2()
}
