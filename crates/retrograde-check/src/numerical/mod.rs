//! Slopes by differences that can be trusted: the witness against which every derivative is checked.
//!
//! A centered difference (f(x + h) − f(x − h)) / 2h has two errors: what the formula leaves out shrinks with the step,
//! as h²·f‴/6, and what rounding leaves grows as it shrinks, as ε·|f|/h. No one step is right for every number, and a
//! step that crosses the kink of a rectifier measures something else altogether. So [`Differences`] climbs down a *ladder* of
//! steps, each half of the one before, and looks at all of them together:
//!
//! * Where the function is smooth, neighboring steps are extrapolated to step zero (Richardson 1911; Ridders 1982), and
//!   the distance between two extrapolations says how far off they may be. That is nearly always so at the second or
//!   third step, with ten digits or more.
//! * Where the two sides disagree, the ladder is climbed until the steps no longer reach the kink. Where they never do,
//!   the number lies *at* a [kink](Character::Kink), and the slopes of both sides are measured instead.
//! * Where nothing settles, it says so. A [`Slope`] carries its [uncertainty](Slope::uncertainty), so that rounding is
//!   never taken for a fault.
//!
//! Everything here works on plain functions of `f64`: the layers of a recorded graph, one written by hand, or anything.

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
