//! Masks, and what is not the same twice.

use std::cell::{Cell, RefCell};

use ndarray::Axis;
use retrograde::Result;
use retrograde::check::{self, Report, Verdict};
use retrograde::textbook::{Layer, Parameter, Tensor, remembered};

use crate::check::support::{Expect, each, matrix, numbers, tensor, text};

/// A layer around which the wrapper of A23 is put: y = x · w + b.
struct FullyConnected {
    w: Tensor,
    b: Tensor,
    gradients: Option<(Tensor, Tensor)>,
    x: Option<Tensor>,
}

impl Layer for FullyConnected {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.x = Some(x.clone());
        Ok(matrix(x).dot(&matrix(&self.w)).into_dyn() + &self.b)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let (x, dout) = (matrix(remembered(self.x.as_ref(), "FullyConnected")?), matrix(dout));
        self.gradients = Some((x.t().dot(&dout).into_dyn(), dout.sum_axis(Axis(0)).into_dyn()));
        Ok(dout.dot(&matrix(&self.w).t()).into_dyn())
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let (dw, db) = self.gradients.as_ref().map(|(dw, db)| (dw, db)).unzip();
        vec![Parameter::new("w", &mut self.w, dw), Parameter::new("b", &mut self.b, db)]
    }
}

/// A23, github ddbourgin/numpy-ml issue 94: s · base(mask · x), s = 1/(1 − p). The mask is one for all rows.
struct Dropout {
    base: FullyConnected,
    mask: Tensor,
    scale: f64,
    masked: bool,
    in_place: bool,
}

impl Layer for Dropout {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        Ok(self.base.forward(&(x * &self.mask))? * self.scale)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let dx = self.base.backward(&(dout * self.scale))?;
        Ok(if self.masked { dx * &self.mask } else { dx })
    }

    fn backward_in_place(&mut self, dout: &mut Tensor) -> Result<Tensor> {
        if !self.in_place {
            return self.backward(dout);
        }
        *dout *= self.scale;
        let dx = self.base.backward(dout)?;
        Ok(if self.masked { dx * &self.mask } else { dx })
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.base.parameters()
    }
}

impl Dropout {
    fn new(w: Tensor, mask: &[f64], scale: f64, masked: bool, in_place: bool) -> Self {
        let b = numbers(&[w.shape()[1]], 70);
        let base = FullyConnected { w, b, gradients: None, x: None };
        Dropout { base, mask: tensor(&[mask.len()], mask), scale, masked, in_place }
    }
}

#[test]
fn a23_mask_missing_and_upstream_overwritten() -> Result<()> {
    let (x, w, mut dout) =
        (tensor(&[1, 2], &[1.0, 2.0]), tensor(&[2, 1], &[2.0, 3.0]), tensor(&[1, 1], &[1.0]));
    let mut published = Dropout::new(w, &[1.0, 0.0], 2.0, false, true);
    published.forward(&x)?;
    assert_eq!(published.backward_in_place(&mut dout)?, tensor(&[1, 2], &[4.0, 6.0]), "[4, 0] is right");
    assert_eq!(published.parameter("w")?.gradient, Some(tensor(&[2, 1], &[2.0, 0.0]).view()));
    assert_eq!(dout, tensor(&[1, 1], &[2.0]));

    let layers: [(Tensor, Tensor, &[f64], f64); 2] = [
        (x, tensor(&[2, 1], &[2.0, 3.0]), &[1.0, 0.0], 2.0),
        (numbers(&[4, 3], 5), numbers(&[3, 2], 50), &[1.0, 0.0, 1.0], 1.25),
    ];
    for (x, w, mask, scale) in layers {
        let check =
            |masked, in_place| check::layer(&mut Dropout::new(w.clone(), mask, scale, masked, in_place), &x);
        // That dout is written into is said, but is no wrong gradient of this layer.
        let written = &["dout written into"];
        Expect::wrong("x", &["mask missing"]).also_true("x", written).says(written).of(&check(false, true)?);
        Expect::wrong("x", &["mask missing"]).of(&check(false, false)?);
        Expect::right().of(&check(true, false)?);
    }
    Ok(())
}

/// Bits without a pattern.
fn scrambled(count: u64) -> u64 {
    (count + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23).wrapping_mul(0xd1b5_4a32_d192_ed03)
}

/// B7, github CharlesShang/DCNv2 issue 13: a scatter-add whose order, and so its rounding, differs from call to call.
fn atomics(size: f64) -> Result<Report> {
    let calls = Cell::new(0);
    check::vjp(
        &[("x", numbers(&[3, 4], 14))],
        |p| Ok(vec![p[0].mapv(f64::sin)]),
        |p, g| {
            let exact = each(&p[0], &g[0], |x, g| g * x.cos());
            Ok(vec![Some(exact.mapv(|dx| {
                calls.set(calls.get() + 1);
                let noise = scrambled(calls.get()) as f64 / u64::MAX as f64 - 0.5;
                dx * (1.0 + size * noise)
            }))])
        },
    )
}

#[test]
fn b7_a_backward_that_rounds_differently_each_time_is_not_wrong() -> Result<()> {
    // As f32 rounds sums, and as f64 does.
    for size in [3e-7, 1e-15] {
        let report = atomics(size)?;
        Expect::verdict(&[Verdict::Right, Verdict::Rounding, Verdict::NotDeterministic]).of(&report);
    }
    let text = text(&atomics(3e-7)?);
    let named = ["not deterministic", "second backward gives other numbers", "differs from call to call"];
    assert!(named.iter().any(|name| text.contains(name)), "{text}");
    Expect::right().of(&atomics(0.0)?);
    Ok(())
}

#[test]
fn b7_a_simulator_that_keeps_its_state_between_calls() -> Result<()> {
    let check = |reset: bool| {
        let state = Cell::new(0.0);
        check::vjp(
            &[("x", numbers(&[3], 14))],
            |p| {
                let before = if reset { 0.0 } else { state.get() };
                let y = p[0].mapv(|x| (x + before).tanh());
                state.set(before + 0.1);
                Ok(vec![y])
            },
            |p, g| {
                let before = state.get() - 0.1;
                Ok(vec![Some(each(&p[0], &g[0], |x, g| g * (1.0 - (x + before).tanh().powi(2))))])
            },
        )
    };
    Expect::verdict(&[Verdict::NotDeterministic]).of(&check(false)?);
    Expect::right().of(&check(true)?);
    Ok(())
}

/// B21, community.deeplearning.ai 4239: dropout in a pair of functions, its mask drawn by each forward, or held.
fn dropout(held: bool) -> Result<Report> {
    let draws = Cell::new(0);
    let cache = RefCell::new(Tensor::zeros(vec![0]));
    let draw = |x: &Tensor| {
        x.mapv(|_| {
            draws.set(draws.get() + 1);
            if scrambled(draws.get()) >> 63 == 1 { 2.0 } else { 0.0 }
        })
    };
    let kept = tensor(&[3, 4], &[2.0, 0.0, 2.0, 2.0, 0.0, 2.0, 0.0, 2.0, 2.0, 2.0, 0.0, 0.0]);
    check::vjp(
        &[("x", numbers(&[3, 4], 26)), ("w", numbers(&[4, 2], 55))],
        |p| {
            let mask = if held { kept.clone() } else { draw(&p[0]) };
            let y = matrix(&(&p[0] * &mask)).dot(&matrix(&p[1]));
            cache.replace(mask);
            Ok(vec![y.into_dyn()])
        },
        |p, g| {
            let (mask, g) = (cache.borrow(), matrix(&g[0]));
            let dx = g.dot(&matrix(&p[1]).t()).into_dyn() * &*mask;
            Ok(vec![Some(dx), Some(matrix(&(&p[0] * &*mask)).t().dot(&g).into_dyn())])
        },
    )
}

#[test]
fn b21_a_mask_drawn_by_each_forward() -> Result<()> {
    Expect::verdict(&[Verdict::NotDeterministic])
        .says(&["mask", "random", "draw", "two values"])
        .of(&dropout(false)?);
    Expect::right().of(&dropout(true)?);
    Ok(())
}
