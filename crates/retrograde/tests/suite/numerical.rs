//! The accuracy of differences, and of their error estimates.

use proptest::prelude::*;
use retrograde::check::numerical::{Character, Differences, Slope, sample};
use std::collections::BTreeSet;

const DOUBLE: fn() -> Differences = Differences::double;

/// Smooth functions with their derivatives, and their domains.
type Smooth = (&'static str, fn(f64) -> f64, fn(f64) -> f64, std::ops::Range<f64>);
const SMOOTH: [Smooth; 10] = [
    ("exp", f64::exp, f64::exp, -5.0..5.0),
    ("ln", f64::ln, |x| 1.0 / x, 1e-3..1e3),
    ("tanh", f64::tanh, |x| 1.0 - x.tanh().powi(2), -5.0..5.0),
    ("sin", f64::sin, f64::cos, -10.0..10.0),
    ("sqrt", f64::sqrt, |x| 0.5 / x.sqrt(), 1e-2..1e4),
    ("square", |x| x * x, |x| 2.0 * x, -1e6..1e6),
    ("line", |x| 3.0 * x - 7.0, |_| 3.0, -1e3..1e3),
    ("inverse", |x| 1.0 / x, |x| -1.0 / (x * x), 0.02..50.0),
    ("softplus", |x| x.exp().ln_1p(), |x| 1.0 / (1.0 + (-x).exp()), -20.0..20.0),
    ("wave", |x| (7.0 * x).sin(), |x| 7.0 * (7.0 * x).cos(), -3.0..3.0),
];

/// The required accuracy of slopes: relative, and by the rounding of the values at steps of 1e-3.
fn near(slope: &Slope, expected: f64, value: f64) -> bool {
    (slope.value - expected).abs() <= 1e-9 * expected.abs() + 1e-11 * value.abs()
}

/// exp(x) and a bend at a distance from 1e-6 to 1 of either side.
fn bent_nearby(distance: f64, side: bool, bend: f64) {
    let at = if side { 10.0_f64.powf(distance) } else { -10.0_f64.powf(distance) };
    let f = |x: f64| x.exp() + bend * (x - at).max(0.0);
    let expected = if at > 0.0 { 1.0 } else { 1.0 + bend };
    // Where exp(x) and the bend cancel, the rounding is that of the two.
    let slope = DOUBLE().slope_within(f, 0.0, f(0.0), 1.0 + bend.abs(), None);
    assert!(slope.is_smooth(), "{distance}, {side}, {bend}: {slope:?}");
    let error = (slope.value - expected).abs();
    assert!(error <= slope.uncertainty.min(1e-6), "{distance}, {side}, {bend}: {slope:?}, not {expected}");
}

#[test]
fn limits_that_agree_by_chance_are_no_kink() {
    bent_nearby(-5.782_779_228_482_648, false, -0.577_726_549_994_147_3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn smooth_slopes_are_right_to_nine_digits_and_their_uncertainty_holds(which in 0..SMOOTH.len(), part in 0.0..1.0_f64) {
        let (name, f, derivative, range) = &SMOOTH[which];
        let x = range.start + part * (range.end - range.start);
        let (slope, expected) = (DOUBLE().slope(f, x), derivative(x));
        prop_assert!(slope.is_smooth(), "{name} at {x}: {slope:?}");
        prop_assert!(near(&slope, expected, f(x)), "{name} at {x}: {slope:?}, not {expected}");
        prop_assert!((slope.value - expected).abs() <= slope.uncertainty, "{name} at {x}: {slope:?}, not {expected}");
        // An expected derivative changes neither accuracy nor detection: two steps confirm a right one, more refute a wrong
        // one.
        let confirmed = DOUBLE().slope_against(f, x, f(x), Some(expected));
        prop_assert!((confirmed.value - expected).abs() <= confirmed.uncertainty);
        let wrong = expected * (1.0 + 1e-6) + 1e-6 * f(x).abs();
        let refuted = DOUBLE().slope_against(f, x, f(x), Some(wrong));
        prop_assert!(near(&refuted, expected, f(x)), "{name} at {x}: {refuted:?} for the wrong {wrong}");
    }

    #[test]
    fn a_kink_nearby_does_not_reach_the_slope(distance in -6.0..0.0_f64, side in any::<bool>(), bend in -3.0..3.0_f64) {
        prop_assume!(bend.abs() > 1e-2);
        bent_nearby(distance, side, bend);
    }

    #[test]
    fn at_a_kink_both_slopes_are_reported(x in -3.0..3.0_f64, bend in -3.0..3.0_f64) {
        prop_assume!(bend.abs() > 1e-2);
        let f = |y: f64| y.sin() + bend * (y - x).max(0.0);
        let slope = DOUBLE().slope(f, x);
        let Character::Kink { left, right } = slope.character else {
            panic!("{slope:?}");
        };
        prop_assert!((left - x.cos()).abs() <= 1e-7 && (right - x.cos() - bend).abs() <= 1e-7, "{slope:?}");
        prop_assert!((slope.value - f64::midpoint(left, right)).abs() < 1e-12);
    }

    #[test]
    fn functions_of_f32_are_measured_as_far_as_they_can_be(x in -3.0..3.0_f32) {
        let f = |y: f64| f64::from((y as f32).tanh() + 0.5 * (y as f32));
        let expected = 1.5 - f64::from(x).tanh().powi(2);
        let slope = Differences::single().slope(f, f64::from(x));
        prop_assert!(slope.is_smooth(), "{slope:?}");
        prop_assert!((slope.value - expected).abs() <= slope.uncertainty.min(1e-3), "{slope:?}, not {expected}");
    }

    #[test]
    fn a_sample_is_a_set_of_the_size_asked_for(of in 0..200_usize, count in 0..200_usize, seed: u64) {
        let drawn = sample(of, count, seed);
        prop_assert_eq!(drawn.len(), count.min(of));
        prop_assert!(drawn.is_sorted() && drawn.iter().all(|&element| element < of));
        prop_assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), drawn.len());
        prop_assert_eq!(drawn, sample(of, count, seed));
    }
}

#[test]
fn what_has_no_slope_is_named() {
    let character = |f: fn(f64) -> f64, x: f64| DOUBLE().slope(f, x).character;
    assert_eq!(character(|x| if x > 1.0 { 2.0 } else { 1.0 }, 1.0), Character::Jump);
    assert_eq!(character(|x| x + f64::from(x >= 0.0), 0.0), Character::Jump);
    assert_eq!(character(f64::ln, -1.0), Character::Undefined);
    assert_eq!(character(f64::ln, 0.0), Character::Undefined);
    assert_eq!(character(f64::sqrt, 0.0), Character::Undefined);
    assert_eq!(character(|_| f64::NAN, 0.0), Character::Undefined);
    assert_eq!(character(|x| x, f64::NAN), Character::Undefined);
    assert_eq!(character(|x| x, f64::INFINITY), Character::Undefined);
    // A cusp has infinite slopes, a wild function none that steps could agree on.
    assert!(matches!(character(|x| x.abs().sqrt(), 0.0), Character::Unresolved | Character::Jump));
    let mut turn = 0_u32;
    let noise = move |x: f64| {
        turn = turn.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        x + f64::from(turn) / f64::from(u32::MAX)
    };
    assert!(!DOUBLE().slope(noise, 0.0).is_smooth());
    assert_eq!(DOUBLE().slope(f64::abs, 0.0).character, Character::Kink { left: -1.0, right: 1.0 });
    assert_eq!(DOUBLE().slope(|_| 5.0, 1.0).value, 0.0);
}

#[test]
fn confirmation_does_not_overlook_a_kink() {
    // A centered difference gives the mean of both sides, which neither side has.
    let slope = DOUBLE().slope_against(f64::abs, 0.0, 0.0, Some(0.0));
    assert_eq!(slope.character, Character::Kink { left: -1.0, right: 1.0 });
}

#[test]
fn gradients_and_jacobians_of_many_numbers() {
    let at = [0.5, -1.0, 2.0];
    let f = |x: &[f64]| x[0] * x[1] + (x[1] * x[2]).sin();
    let cosine = (-2.0_f64).cos();
    let expected = [-1.0, 0.5 + 2.0 * cosine, -cosine];
    let gradient = DOUBLE().gradient(f, &at);
    for (slope, expected) in gradient.iter().zip(expected) {
        assert!(near(slope, expected, 1.0), "{slope:?}, not {expected}");
    }
    let part = DOUBLE().gradient_of(f, &at, [2, 0]);
    assert_eq!(part, [gradient[2], gradient[0]]);
    let along = DOUBLE().along(f, &at, &[1.0, 2.0, 3.0]);
    assert!(near(&along, expected[0] + 2.0 * expected[1] + 3.0 * expected[2], 1.0), "{along:?}");

    let jacobian = DOUBLE().jacobian(|x| vec![x[0] * x[1], x[2].max(0.0), f(x)], &at);
    assert_eq!((jacobian.outputs(), jacobian.elements()), (3, [0, 1, 2].as_slice()));
    assert!(near(&jacobian.column(1)[0], 0.5, 1.0));
    let pulled = jacobian.pull_back(&[1.0, 10.0, 100.0]);
    for ((value, uncertainty), expected) in
        pulled.iter().zip([-1.0 + 100.0 * expected[0], 0.5 + 100.0 * expected[1], 10.0 + 100.0 * expected[2]])
    {
        assert!((value - expected).abs() <= uncertainty.min(1e-7), "{value} ± {uncertainty}, not {expected}");
    }
}

#[test]
fn the_curve_has_a_valley_between_rounding_and_the_formula() {
    let curve = DOUBLE().curve(f64::exp, 1.0);
    let error = |point: &retrograde::check::numerical::CurvePoint| (point.centered - 1.0_f64.exp()).abs();
    let best = curve.iter().map(error).fold(f64::INFINITY, f64::min);
    assert!(curve.is_sorted_by(|a, b| a.step > b.step));
    assert!(best < 1e-10 && error(&curve[0]) > 1e-2 && error(&curve[curve.len() - 1]) > 1e-5);
    // At a kink the sides stay apart at all steps.
    let kink = DOUBLE().curve(f64::abs, 0.0);
    assert!(kink.iter().all(|point| (point.left, point.centered, point.right) == (-1.0, 0.0, 1.0)));
}
