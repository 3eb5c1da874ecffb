//! A layer of your own: wrong at first, found out, mended.
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
    mended: bool,
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
        let share = &dscaled * x;
        // One scale serves all rows: its gradients add up. The mean looks right, and is too small by the number of rows.
        let sum = share.sum_axis(ndarray::Axis(0));
        self.dscale = Some(if self.mended { sum } else { sum / x.shape()[0] as f64 });
        Ok(dscaled * &self.scale)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        vec![Parameter::new("scale", &mut self.scale, &self.dscale)]
    }
}

fn main() -> Result<()> {
    let x = Tensor::from_shape_fn(vec![4, 3], |at| (at[0] * 3 + at[1]) as f64 / 6.0 - 1.0);
    let scale = Tensor::from_elem(vec![3], 0.8);
    let mut layer = ScaledTanh { scale, dscale: None, memory: None, mended: false };

    let report = check::layer(&mut layer, &x)?;
    println!("At first:\n\n{report}");
    assert_eq!(report.causes().next(), Some(&Cause::MeanForSum));

    layer.mended = true;
    let report = check::layer(&mut layer, &x)?;
    println!("Mended:\n\n{report}");
    assert_eq!(report.verdict, Verdict::Right);
    Ok(())
}
