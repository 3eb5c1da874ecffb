//! Causes that depend on earlier calls or on single contributions, with known mistakes.

use retrograde::Result;
use retrograde::check::{self, Cause};
use retrograde::textbook::{Layer, Tensor};

/// out = x² with a backward of `x`, `dout`, and its stored values.
struct Square {
    x: Tensor,
    before: Tensor,
    backward: fn(&mut Square, &Tensor) -> Tensor,
    /// What the last backward gave.
    dx: Tensor,
}

impl Layer for Square {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.before = std::mem::replace(&mut self.x, x.clone());
        Ok(x * x)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        if self.before.shape() != dout.shape() {
            self.before = Tensor::zeros(dout.raw_dim());
        }
        if self.dx.shape() != dout.shape() {
            self.dx = Tensor::zeros(dout.raw_dim());
        }
        self.dx = (self.backward)(self, dout);
        Ok(self.dx.clone())
    }
}

fn causes(layer: &mut dyn Layer) -> Result<Vec<Cause>> {
    let x = Tensor::from_shape_fn(vec![3, 4], |at| 0.3 * at[0] as f64 - 0.7 * at[1] as f64 + 0.2);
    Ok(check::layer(layer, &x)?.causes().cloned().collect())
}

#[test]
fn what_an_earlier_call_left_is_named() -> Result<()> {
    type Backward = fn(&mut Square, &Tensor) -> Tensor;
    let stale = |what: &str| Cause::Stale { what: what.into() };
    let cases: [(Backward, Cause); 4] = [
        (|it, dout| 2.0 * &it.before * dout, stale("x")),
        // In one of two places.
        (|it, dout| (&it.before + &it.x) * dout, stale("x")),
        (|it, dout| &it.dx + 2.0 * &it.x * dout, Cause::Accumulated),
        (|it, dout| &it.dx * 0.5 + &it.x * dout, stale("gradient")),
    ];
    for (number, (backward, cause)) in cases.into_iter().enumerate() {
        let empty = || Tensor::zeros(vec![0]);
        let mut layer = Square { x: empty(), before: empty(), backward, dx: empty() };
        assert_eq!(causes(&mut layer)?, [cause], "case {number}");
    }
    Ok(())
}

/// out = x − the mean of its row.
struct Center(fn(&Tensor) -> Tensor);

impl Layer for Center {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        Ok(x - &mean(x))
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        Ok((self.0)(dout))
    }
}

fn mean(x: &Tensor) -> Tensor {
    x.mean_axis(ndarray::Axis(1)).expect("rows have numbers").insert_axis(ndarray::Axis(1))
}

#[test]
fn contributions_of_one_kind_have_a_formula() -> Result<()> {
    type Backward = fn(&Tensor) -> Tensor;
    let cases: [(Backward, &str); 2] =
        [(|d| d + &mean(d), "−s [i ≠ j]"), (|d| d - &(mean(d) * 2.0), "2 · s [i ≠ j]")];
    for (backward, said) in cases {
        let found = causes(&mut Center(backward))?;
        assert!(found.iter().any(|cause| cause.to_string().contains(said)), "{said}: {found:?}");
    }
    Ok(())
}
