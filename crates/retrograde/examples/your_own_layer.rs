//! A user's layer: first with a bug, then diagnosed and fixed.
//!
//! `cargo run -p retrograde --example your_own_layer`

use retrograde::Result;
use retrograde::check::{self, Cause, Verdict};
use retrograde::textbook::{Layer, Parameter, Tensor, remembered};

/// out = tanh(scale · x), with one scale for each column.
struct ScaledTanh {
    scale: Tensor,
    dscale: Option<Tensor>,
    memory: Option<(Tensor, Tensor)>,
    fixed: bool,
}

impl Layer for ScaledTanh {
    // x: [N, D] → [N, D]
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let out = (x * &self.scale).mapv(f64::tanh);
        self.memory = Some((x.clone(), out.clone()));
        Ok(out)
    }

    // dout: [N, D] → dx: [N, D]
    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let (x, out) = remembered(self.memory.as_ref(), "ScaledTanh")?;
        let dscaled = dout * &out.mapv(|out| 1.0 - out * out);
        let contributions = &dscaled * x;
        // The scale is used in every row: its gradient is the sum of the contributions, not the mean.
        let sum = contributions.sum_axis(ndarray::Axis(0));
        self.dscale = Some(if self.fixed { sum } else { sum / x.shape()[0] as f64 });
        Ok(dscaled * &self.scale)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        vec![Parameter::new("scale", &mut self.scale, &self.dscale)]
    }
}

fn main() -> Result<()> {
    let x = Tensor::from_shape_fn(vec![4, 3], |at| (at[0] * 3 + at[1]) as f64 / 6.0 - 1.0);
    let scale = Tensor::from_elem(vec![3], 0.8);
    let mut layer = ScaledTanh { scale, dscale: None, memory: None, fixed: false };

    let report = check::layer(&mut layer, &x)?;
    println!("With the bug:\n\n{report}");
    assert_eq!(report.causes().next(), Some(&Cause::MeanForSum));

    layer.fixed = true;
    let report = check::layer(&mut layer, &x)?;
    println!("Fixed:\n\n{report}");
    assert_eq!(report.verdict, Verdict::Right);
    Ok(())
}
