//! The variance over axes, a composition: the mean of the squared deviations from the mean.
//!
//! The mean is subtracted first, so that nothing cancels where the mean is large (the two-pass algorithm: Chan et al.,
//! 1983).

use super::axis::Axes;
use crate::graph::Var;

impl Var {
    /// The variance over the given axes, which are removed: the sum of the squared deviations from the mean, divided by
    /// n − `correction` for n elements. A correction of 0 is the variance of a population, 1 that of a sample (Bessel). NaN or
    /// infinite if the correction is n or more, as in NumPy.
    ///
    /// ```
    /// let x = retrograde::Graph::new().constant([[1.0, 2.0, 6.0], [0.0, 0.0, 3.0]]);
    /// assert_eq!(x.var([1], 0.0).value()?.values(), [14.0 / 3.0, 2.0]);
    /// assert_eq!(x.var([1], 1.0).value()?.values(), [7.0, 3.0]);
    /// # Ok::<(), retrograde::Error>(())
    /// ```
    #[track_caller]
    pub fn var(&self, axes: impl Into<Axes>, correction: f64) -> Var {
        let (axes, shape) = (axes.into(), self.shape_or_scalar());
        let count: f64 =
            axes.of(shape.rank()).iter().map(|&axis| shape.get(axis).map_or(1.0, |&n| n as f64)).product();
        let deviation = self - self.mean_keepdims(axes.clone()).broadcast(shape);
        deviation.powf(2.0).sum(axes) / (count - correction).max(0.0)
    }

    /// The variance of all elements, a scalar; as [`var`](Self::var).
    #[track_caller]
    pub fn var_all(&self, correction: f64) -> Var {
        let axes: Vec<usize> = (0..self.shape_or_scalar().rank()).collect();
        self.var(axes, correction)
    }

    /// As [`var`](Self::var), but the given axes stay, with the length 1.
    #[track_caller]
    pub fn var_keepdims(&self, axes: impl Into<Axes>, correction: f64) -> Var {
        let axes = axes.into();
        self.var(axes.clone(), correction).with_axes_kept(&axes, &self.shape_or_scalar())
    }
}
