//! Causal self-attention with projections, `[N, T, E]`: mistakes in the scale and in the mask.

use ndarray::{Array2, Axis, Ix3};

use super::shaped::Shaped;
use super::{Fault, Make};
use retrograde_base::Result;
use retrograde_textbook::{Layer, Parameter, Tensor, remembered, softmax};

/// The steps and the width of the sequences.
const SEQUENCES: Shaped = Shaped::new(&[4, 3]);
/// The width of the query and of the key, and of the value.
const WIDTHS: [usize; 3] = [2, 2, 3];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mistake {
    ScaleMissing,
    MaskForgotten,
    MaskTransposed,
    MaskAfterSoftmax,
    SoftmaxDiagonal,
}

/// out = P · v with q = x · wq, k = x · wk, v = x · wv and P = softmax(q · kᵀ / √D) over the steps up to each.
struct Attention {
    mistake: Mistake,
    weights: [Tensor; 3],
    gradients: [Option<Tensor>; 3],
    x: Option<Tensor>,
}

fn attention(mistake: Mistake) -> Box<dyn Layer> {
    let weight = |at: usize| {
        Tensor::from_shape_fn(vec![3, WIDTHS[at]], |i| {
            (0.4 + 1.3 * at as f64 + 1.7 * i[0] as f64 + 2.9 * i[1] as f64).sin()
        })
    };
    Box::new(Attention { mistake, weights: [0, 1, 2].map(weight), gradients: [None, None, None], x: None })
}

/// Zeros for the steps after each, or before it.
fn masked(values: &Array2<f64>, transposed: bool, other: f64) -> Array2<f64> {
    let mut values = values.clone();
    for ((query, key), value) in values.indexed_iter_mut() {
        if (!transposed && key > query) || (transposed && key < query) {
            *value = other;
        }
    }
    values
}

fn rows_of_softmax(scores: Array2<f64>) -> Array2<f64> {
    softmax(&scores.into_dyn()).into_dimensionality().expect("two axes")
}

impl Attention {
    /// q, k and v of a sequence.
    fn projected(&self, x: &Array2<f64>) -> [Array2<f64>; 3] {
        self.weights.each_ref().map(|w| {
            let w = w.view().into_dimensionality().expect("two axes");
            x.dot::<ndarray::ArrayView2<'_, f64>>(&w)
        })
    }

    fn scores([q, k, _]: &[Array2<f64>; 3]) -> Array2<f64> {
        q.dot(&k.t()) / (q.ncols() as f64).sqrt()
    }

    /// P before a mask after the softmax, and behind it.
    fn forward_weights(&self, scores: &Array2<f64>) -> [Array2<f64>; 2] {
        if self.mistake == Mistake::MaskAfterSoftmax {
            let p = rows_of_softmax(scores.clone());
            return [p.clone(), masked(&p, false, 0.0)];
        }
        let p = rows_of_softmax(masked(scores, false, f64::NEG_INFINITY));
        [p.clone(), p]
    }
}

/// The sequences of a batch.
fn sequences(x: &Tensor) -> Result<Vec<Array2<f64>>> {
    let x = x.view().into_dimensionality::<Ix3>().map_err(|_| {
        let problem = format!("x has shape {:?}", x.shape());
        retrograde_base::Error::invalid("Attention", problem, "pass sequences [N, T, E]")
    })?;
    Ok(x.outer_iter().map(|one| one.to_owned()).collect())
}

fn joined(all: &[Array2<f64>]) -> Tensor {
    let views: Vec<_> = all.iter().map(|one| one.view()).collect();
    ndarray::stack(Axis(0), &views).expect("equal shapes").into_dyn()
}

impl Layer for Attention {
    fn name(&self) -> &'static str {
        "Attention"
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let one = |x: &Array2<f64>| {
            let all = self.projected(x);
            let [_, seen] = self.forward_weights(&Attention::scores(&all));
            seen.dot(&all[2])
        };
        let out: Vec<Array2<f64>> = sequences(x)?.iter().map(one).collect();
        self.x = Some(x.clone());
        Ok(joined(&out))
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let x = remembered(self.x.as_ref(), "backward")?.clone();
        let mut sums = self.weights.each_ref().map(|w| w * 0.0);
        let mut dx = Vec::new();
        for (x, dout) in sequences(&x)?.iter().zip(sequences(dout)?) {
            let all @ [q, k, v] = &self.projected(x);
            let scores = Attention::scores(all);
            let [p, seen] = match self.mistake {
                Mistake::MaskForgotten => [(); 2].map(|()| rows_of_softmax(scores.clone())),
                _ => self.forward_weights(&scores),
            };
            // Of a mask after the softmax, dp is not masked: the mistake.
            let dp = dout.dot(&v.t());
            let sum = (&p * &dp).sum_axis(Axis(1)).insert_axis(Axis(1));
            let mut ds = match self.mistake {
                Mistake::SoftmaxDiagonal => &p * &(1.0 - &p) * &dp,
                _ => &p * &(dp - sum),
            };
            if self.mistake == Mistake::MaskTransposed {
                ds = masked(&ds, true, 0.0);
            }
            if self.mistake != Mistake::ScaleMissing {
                ds /= (q.ncols() as f64).sqrt();
            }
            let d = [ds.dot(k), ds.t().dot(q), seen.t().dot(&dout)];
            let mut own = x * 0.0;
            for ((d, w), sum) in d.iter().zip(&self.weights).zip(&mut sums) {
                *sum += &x.t().dot(d).into_dyn();
                let w: ndarray::ArrayView2<'_, f64> = w.view().into_dimensionality().expect("two axes");
                own = own + d.dot(&w.t());
            }
            dx.push(own);
        }
        self.gradients = sums.map(Some);
        Ok(joined(&dx))
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let named = ["wq", "wk", "wv"].into_iter().zip(&mut self.weights).zip(&self.gradients);
        named.map(|((name, value), gradient)| Parameter::new(name, value, gradient)).collect()
    }
}

macro_rules! faults {
    ($($name:literal, $cause:literal, $mistake:ident;)*) => {
        /// Faults of attention.
        pub(super) const ALL: &[Fault] = &[$(Fault {
            name: $name,
            cause: $cause,
            make: Make::Shaped(SEQUENCES, || attention(Mistake::$mistake)),
        }),*];
    };
}

faults! {
    "attention-scale-missing", "attention backward is dq = dS · k", ScaleMissing;
    "attention-mask-forgotten",
        "attention backward is dq = s · dS · k, dk = s · dSᵀ · q, dv = Pᵀ · dout, dS = P · (dP − Σ dP · P), P = softmax(S)",
        MaskForgotten;
    "attention-mask-transposed",
        "attention backward is dq = s · dS · k, dk = s · dSᵀ · q, dv = Pᵀ · dout, dS = P · (dP − Σ dP · P) · maskᵀ",
        MaskTransposed;
    "attention-mask-after-softmax",
        "attention backward is dq = s · dS · k, dk = s · dSᵀ · q, dv = Pᵀ · dout, dS = P · (dP − Σ dP · P), P = mask · softmax(S), dP = dout · vᵀ",
        MaskAfterSoftmax;
    "attention-softmax-diagonal",
        "attention backward is dq = s · dS · k, dk = s · dSᵀ · q, dv = Pᵀ · dout, dS = P · (1 − P) · dP",
        SoftmaxDiagonal;
}
