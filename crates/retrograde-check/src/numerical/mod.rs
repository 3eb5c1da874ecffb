//! Numerical differentiation with error estimates: the reference for every derivative.
//!
//! A centered difference (f(x + h) − f(x − h)) / 2h has two errors: truncation, h²·f‴/6, which shrinks with the step, and
//! rounding, ε·|f|/h, which grows. No single step is right for every number, and a step across the kink of a rectifier
//! measures no derivative. So [`Differences`] uses a *ladder* of steps, each half of the one before, and compares them:
//!
//! * Where the function is smooth, neighboring steps are extrapolated to step zero (Richardson 1911; Ridders 1982), and the
//!   distance between two extrapolations estimates the error. Usually two or three steps give ten digits or more.
//! * Where the two sides disagree, steps shrink until they no longer cross the kink. If they always do, the number lies
//!   *at* a [kink](Character::Kink), and the slopes of both sides are measured instead.
//! * Where the steps do not converge, the slope is [unresolved](Character::Unresolved). A [`Slope`] has its
//!   [uncertainty](Slope::uncertainty), so that rounding is not mistaken for a fault.
//!
//! All functions here take plain functions of `f64`.

mod curve;
mod differences;
mod jacobian;
mod ladder;
mod noise;
mod sample;

pub use curve::CurvePoint;
pub use differences::Differences;
pub use jacobian::Jacobian;
pub(crate) use ladder::Ladder;
pub use ladder::{Character, Slope};
pub(crate) use noise::noise;
pub use sample::sample;
