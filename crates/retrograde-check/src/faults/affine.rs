//! Affine layers with a wrong backward.

use ndarray::{Array1, Array2, Axis, Ix2, s};

use super::{Fault, Make};
use retrograde_base::{Error, Result};
use retrograde_textbook::{Layer, Parameter, Tensor, remembered};

/// An affine layer with one mistake: x · w + b.
struct Affine {
    w: Array2<f64>,
    b: Array1<f64>,
    /// The weights at the construction of the layer.
    copy: Array2<f64>,
    mistake: Mistake,
    x: Option<Array2<f64>>,
    previous_x: Option<Array2<f64>>,
    previous_dout: Option<Array2<f64>>,
    dw: Tensor,
    db: Tensor,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mistake {
    WeightSign,
    InputSign,
    WeightTransposed,
    WeightNotTransposed,
    WeightMean,
    WeightSumOfRowsTwice,
    BiasMean,
    BiasNotSummed,
    BiasWrongAxis,
    BiasDetached,
    WeightDetached,
    InputDetached,
    StaleInput,
    StaleWeight,
    StaleDout,
    Accumulates,
    LastRowOnly,
    FirstRowLeftOut,
    WeightReversed,
    LastColumnLeftOut,
    Decay,
    DoutAbsolute,
    DoutIgnored,
    FactorN,
}

impl Affine {
    fn boxed(w: Array2<f64>, b: Array1<f64>, mistake: Mistake) -> Box<dyn Layer> {
        let (dw, db) = (Tensor::zeros(vec![w.nrows(), w.ncols()]), Tensor::zeros(vec![b.len()]));
        let (copy, x) = (w.clone(), None);
        Box::new(Affine { w, b, copy, mistake, x, previous_x: None, previous_dout: None, dw, db })
    }
}

fn matrix(x: &Tensor) -> Result<Array2<f64>> {
    let view = x.view().into_dimensionality::<Ix2>();
    view.map(|view| view.to_owned())
        .map_err(|_| Error::invalid("Affine", format!("x has shape {:?}", x.shape()), "pass a matrix"))
}

impl Layer for Affine {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let x = matrix(x)?;
        if x.ncols() != self.w.nrows() {
            let problem = format!("x has {} columns, w {} rows", x.ncols(), self.w.nrows());
            return Err(Error::invalid("Affine, forward", problem, "pass rows as long as w has rows"));
        }
        let out = x.dot(&self.w) + &self.b;
        self.previous_x = self.x.replace(x);
        Ok(out.into_dyn())
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        use Mistake as M;
        let mut dout = matrix(dout)?;
        let mut x = remembered(self.x.as_ref(), "Affine")?.clone();
        let (rows, mistake) = (x.nrows() as f64, self.mistake);
        if mistake == M::StaleInput
            && let Some(previous) = self.previous_x.clone().filter(|previous| previous.dim() == x.dim())
        {
            x = previous;
        }
        let given = dout.clone();
        match mistake {
            M::DoutAbsolute => dout.mapv_inplace(f64::abs),
            M::DoutIgnored => dout.fill(1.0),
            M::StaleDout => {
                if let Some(previous) =
                    self.previous_dout.clone().filter(|previous| previous.dim() == dout.dim())
                {
                    dout = previous;
                }
            }
            _ => {}
        }
        self.previous_dout = Some(given);
        let w = if mistake == M::StaleWeight { &self.copy } else { &self.w };
        let mut dx = dout.dot(&w.t());
        let mut dw = x.t().dot(&dout);
        let mut db = dout.sum_axis(Axis(0)).into_dyn();
        match mistake {
            M::WeightSign => dw.mapv_inplace(|dw| -dw),
            M::InputSign => dx.mapv_inplace(|dx| -dx),
            M::WeightTransposed => dw = dw.t().to_owned(),
            M::WeightNotTransposed if w.is_square() => dx = dout.dot(w),
            M::WeightMean => dw /= rows,
            M::WeightSumOfRowsTwice => dw *= 2.0,
            M::BiasMean => db /= rows,
            M::BiasNotSummed => db = dout.clone().into_dyn(),
            M::BiasWrongAxis => db = dout.sum_axis(Axis(1)).into_dyn(),
            M::BiasDetached => db.fill(0.0),
            M::WeightDetached => dw.fill(0.0),
            M::InputDetached => dx.fill(0.0),
            M::LastRowOnly => dw = x.slice(s![-1.., ..]).t().dot(&dout.slice(s![-1.., ..])),
            M::FirstRowLeftOut => db = dout.slice(s![1.., ..]).sum_axis(Axis(0)).into_dyn(),
            M::WeightReversed => dw = dw.slice(s![.., ..;-1]).to_owned(),
            M::LastColumnLeftOut => dw.slice_mut(s![.., -1]).fill(0.0),
            M::Decay => dw += &(&self.w * 0.01),
            M::FactorN => dw *= rows,
            _ => {}
        }
        if mistake == M::Accumulates {
            self.dw += &dw;
            self.db += &db;
        } else {
            (self.dw, self.db) = (dw.into_dyn(), db);
        }
        Ok(dx.into_dyn())
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let (dw, db) = (Some(self.dw.view()), Some(self.db.view()));
        vec![
            Parameter { name: "w", value: self.w.view_mut().into_dyn(), gradient: dw },
            Parameter { name: "b", value: self.b.view_mut().into_dyn(), gradient: db },
        ]
    }
}

macro_rules! faults {
    ($($name:literal, $cause:literal, $mistake:ident;)*) => {
        /// Faults of affine layers.
        pub(super) const ALL: &[Fault] = &[$(Fault {
            name: $name,
            cause: $cause,
            make: Make::Affine(|w, b| Affine::boxed(w, b, Mistake::$mistake)),
        }),*];
    };
}

faults! {
    "affine-dw-sign", "wrong sign", WeightSign;
    "affine-dx-sign", "wrong sign", InputSign;
    "affine-dw-transposed", "transposed", WeightTransposed;
    "affine-dx-not-transposed", "transposed", WeightNotTransposed;
    "affine-dw-mean", "mean for sum", WeightMean;
    "affine-dw-times-n", "sum for mean", FactorN;
    "affine-dw-twice", "factor 2", WeightSumOfRowsTwice;
    "affine-db-mean", "mean for sum", BiasMean;
    "affine-db-not-summed", "sum over the rows missing", BiasNotSummed;
    "affine-db-wrong-axis", "summed over axes", BiasWrongAxis;
    "affine-db-detached", "zero", BiasDetached;
    "affine-dw-detached", "zero", WeightDetached;
    "affine-dx-detached", "zero", InputDetached;
    "affine-stale-x", "stale x", StaleInput;
    "affine-stale-w", "stale w", StaleWeight;
    "affine-stale-dout", "stale dout", StaleDout;
    "affine-accumulates", "added to the last", Accumulates;
    "affine-last-row", "only the contributions of", LastRowOnly;
    "affine-first-row-left-out", "only the contributions of", FirstRowLeftOut;
    "affine-dw-reversed", "rearranged", WeightReversed;
    "affine-last-column", "cut off", LastColumnLeftOut;
    "affine-decay", "weight decay 0.01 too much in the gradient", Decay;
    "affine-dout-absolute", "dout changed", DoutAbsolute;
    "affine-dout-ignored", "dout ignored", DoutIgnored;
}
